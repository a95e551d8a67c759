/* SPDX-License-Identifier: Apache-2.0 */
/* sign_mandate.c: mandates that rest on a signature: a person's to an attorney, and an organisation's to an
 * employee, which its head signs while acting for it: with a key that the authority gave to its head. */
#include <stdio.h>

#include "base/clock.h"
#include "people/factor.h"
#include "people/mandate.h"
#include "people/number.h"
#include "people/told.h"
#include "web/sign.h"
#include "web/web_private.h"

#define OWN "/me/mandates/signed"
#define OF_ORGANISATION "/me/organisation/mandates"
#define FIELDS 3

/* Whether the visitor acts as the head of an organisation, by a mandate that holds now. */
static bool is_head(const struct visitor *v)
{
    return v->caller.kind == CALLER_PERSON && v->caller.acting &&
           str_is(v->caller.capacity, capacity_facts[CAPACITY_HEAD].code);
}

static void refuse_no_head(struct http_request *request, struct http_response *response)
{
    http_problem(request, response, 403, "not-allowed", "%s",
                 N_("Only who acts as the head of an organisation gives mandates for it. Act for it first."));
}

static void fields_of(struct page *p, bool organisation, struct form_field fields[FIELDS])
{
    fields[0] =
        (struct form_field){.name = "number",
                            .label = page_texts(p, &p->j->person_number_name),
                            .hint = organisation ? T(p, "Of the person who is to act for the organisation.")
                                                 : T(p, "Of the person who is to act for you."),
                            .value = form_value(p->request, "number"),
                            .max = 40,
                            .inputmode = "numeric"};
    fields[1] =
        (struct form_field){.name = "scope",
                            .label = T(p, "In which matters"),
                            .hint = T(p, "Names of services as they stand in their addresses, with a space "
                                         "between; * for all."),
                            .value = form_value(p->request, "scope"),
                            .max = 500};
    fields[2] = (struct form_field){.name = "until",
                                    .label = T(p, "Until"),
                                    .hint = T(p, "Year-month-day, at most three years from now: 2027-06-30"),
                                    .value = form_value(p->request, "until"),
                                    .max = 10};
}

static void write_form(struct page *p, const char *path, struct form_field *fields)
{
    if (!sign_possible(p->web)) {
        page_note(p, "info",
                  T(p, "No certificate authority is set up here whose signatures could be checked."));
        return;
    }
    form_start(p, str_of(path), path);
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Write the text"));
}

static void write_own(struct page *p, struct form_field *fields)
{
    page_open(p, T(p, "Give a mandate with your signature"), STR("/me/mandates"), fields, FIELDS);
    MARKUP(
        p, "<p class=\"lead\">{}</p><p>{}</p>",
        T(p, "You sign the mandate with your signing key: whoever doubts it can check it without us."),
        T(p,
          "Whatever is done by it stands in your list of looks. You take it back here with one press. Kept "
          "apart registries and your list itself stay yours alone."));
    write_form(p, OWN, fields);
    page_end(p);
}

static void write_given(struct page *p, const struct mandate *m)
{
    struct str scheme, number, who = m->ground;
    struct form_field id = {.name = "mandate", .value = str_of(m->id)};
    char mask[64];
    bool has;
    struct err err;
    if (people_number(p->web->api.people, web_db(p->request), &m->actor.person, p->arena, &scheme, &number,
                      &err)) {
        number_mask(number, mask);
        who = str_dup(p->arena, str_of(mask));
    }
    MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi> <span class=\"tag\">{}</span></h3><p>{}; {}</p>", who,
           page_text(p, capacity_facts[m->capacity].words),
           str_is(m->scope, "*") ? T(p, "in all matters") : TF(p, "in these matters: {}", m->scope),
           m->until ? TF(p, "until {}", page_time(p, m->until)) : T(p, "without an end"));
    if (signing_evidence_has(p->web->api.people, web_db(p->request),
                             str_of(arena_printf(p->arena, "mandate %s", m->id)), &has, &err) &&
        has)
        MARKUP(p, "<p><a href=\"/me/mandates/{}/evidence\">{}</a></p>", str_of(m->id),
               T(p, "The signature that it rests on"));
    if (m->capacity != CAPACITY_HEAD)
        form_button(p, STR(OF_ORGANISATION "/end"), OF_ORGANISATION "/end", TF(p, "Take back from {}", who),
                    &id);
    MARKUP(p, "</div>");
}

static void write_organisation(struct page *p, struct form_field *fields)
{
    const struct account organisation = {.kind = CALLER_PERSON, .person = p->visitor->caller.subject};
    struct mandate *list;
    size_t n;
    struct err err;
    if (!mandate_list(p->web->api.people, web_db(p->request), &organisation, false, p->arena, &list, &n,
                      &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    page_open(p, T(p, "Who acts for the organisation"), STR("/me"), fields, FIELDS);
    for (size_t i = 0; i < n; i++)
        if (mandate_holds(p->web->api.people, &list[i], clock_now()))
            write_given(p, &list[i]);
    MARKUP(
        p, "<h2>{}</h2><p>{}</p>", T(p, "Give an employee a mandate"),
        T(p,
          "You sign it with the key that was given to you as the organisation’s head. It ends with the day "
          "that you name, or when you take it back."));
    write_form(p, OF_ORGANISATION, fields);
    page_end(p);
}

static void show(struct page *p, bool organisation, struct form_field *fields)
{
    if (organisation)
        write_organisation(p, fields);
    else
        write_own(p, fields);
}

static void get_own(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[FIELDS];
    page_init(&page, request, response);
    fields_of(&page, false, fields);
    show(&page, false, fields);
}

static void get_organisation(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[FIELDS];
    page_init(&page, request, response);
    fields_of(&page, true, fields);
    if (is_head(page.visitor))
        show(&page, true, fields);
    else
        refuse_no_head(request, response);
}

/* --- giving --- */

struct giving {
    struct web *web;
    const struct caller *caller;
    struct mandate mandate;
    struct signing *signing;
    struct str words; /* of the entry */
    struct told told;
};

static bool give(struct db *db, void *arg, struct err *err)
{
    struct giving *g = arg;
    struct people *people = g->web->api.people;
    struct signing once = *g->signing; /* the transaction may be tried again */
    struct mandate *m = &g->mandate;
    char name[64];
    if (!signing_spend(people, db, &once, err) || !mandate_give(people, db, m, clock_now(), err))
        return false;
    snprintf(name, sizeof name, "mandate %s", m->id);
    g->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = g->caller->levels,
                            .outcome = STR("given"),
                            .reason = g->words};
    return signing_evidence_keep(people, db, str_of(name), &g->signing->account, g->signing, clock_now(),
                                 err);
}

/* What is typed, as a mandate; what is wrong stands in the fields. */
static bool typed(struct page *p, bool organisation, struct form_field fields[FIELDS], struct mandate *m,
                  struct str *ret_number, struct err *err)
{
    const struct number_scheme *scheme = number_scheme_find(p->j->person_scheme);
    struct date date = {0};
    char normal[32], mask[64];
    bool real, ok = true;
    if (scheme == NULL || !number_normalise(fields[0].value, normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        fields[0].error = T(p, "This is not a number of a person; check it for a slip of the finger.");
    if (!date_parse(fields[2].value, &date))
        fields[2].error = T(p, "Write the day as in 2027-06-30.");
    *m = (struct mandate){.capacity = organisation ? CAPACITY_EMPLOYEE : CAPACITY_ATTORNEY,
                          .source = SOURCE_SIGNED,
                          .subject = organisation ? p->visitor->caller.subject : p->visitor->caller.person,
                          .scope = fields[1].value,
                          .from = clock_now()};
    if (form_wrong(fields, FIELDS))
        return true;
    number_mask(str_of(normal), mask);
    *ret_number = str_dup(p->arena, str_of(normal));
    m->ground = str_dup(p->arena, str_of(mask));
    m->until = local_midnight(p->j, date_days(date) + 1);
    ok = factor_account(p->web->api.people, web_db(p->request), p->j->person_scheme, *ret_number, &m->actor,
                        &real, err);
    if (ok && p->j->mandates.n == 0)
        ok = err_set(err, ERR_UNSUPPORTED, "mandates",
                     "the jurisdiction folder names no agency that keeps them");
    if (!ok || mandate_terms(p->web->api.people, m, clock_now(), err))
        return ok;
    if (str_is(str_of(err->place), "scope"))
        fields[1].error = T(p, "Write names of services with a space between, or * for all.");
    else if (str_is(str_of(err->place), "actor"))
        fields[0].error = T(p, "Nobody needs a mandate for their own matters.");
    else
        fields[2].error = T(p, "The day is past, or more than three years away.");
    return true;
}

/* The organisation's number, which the head's certificate must carry. */
static bool wanted(struct page *p, const struct mandate *m, struct str number, struct sign_want *ret,
                   struct err *err)
{
    bool organisation = m->capacity == CAPACITY_EMPLOYEE;
    struct str scheme, of = STR("");
    struct str until = page_day(p, local_day(p->j, m->until - 1));
    struct str matters =
        str_is(m->scope, "*") ? T(p, "in all matters") : TF(p, "in these matters: {}", m->scope);
    if (organisation &&
        !people_number(p->web->api.people, web_db(p->request), &m->subject, p->arena, &scheme, &of, err))
        return false;
    *ret = (struct sign_want){
        .title = organisation ? T(p, "A mandate of the organisation") : T(p, "A mandate"),
        .words =
            organisation
                ? TF(p,
                     "As the head of the organisation {} I let the person with the number {} act for it on "
                     "this site, {}, until {}. It can be taken back at any time.",
                     of, number, matters, until)
                : TF(p,
                     "I let the person with the number {} act for me on this site, {}, until {}. I can take "
                     "it back at any time.",
                     number, matters, until),
        .matter = organisation ? STR("mandate employee") : STR("mandate attorney"),
        .organisation = of,
        .capacity = organisation ? str_of(capacity_facts[CAPACITY_HEAD].code) : STR("")};
    return true;
}

static void post(struct http_request *request, struct http_response *response, bool organisation)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct signing signed_by;
    struct sign_want want;
    struct str number = STR("");
    struct giving g = {
        .web = web_of(request), .caller = &web_visitor(request)->caller, .signing = &signed_by};
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    fields_of(p, organisation, fields);
    bool ok = typed(p, organisation, fields, &g.mandate, &number, &err);
    if (ok && form_wrong(fields, FIELDS)) {
        http_status(response, 422);
        show(p, organisation, fields);
        return;
    }
    ok = ok && wanted(p, &g.mandate, number, &want, &err);
    if (ok && !sign_here(request, response, &want, &signed_by))
        return;
    if (ok)
        g.words = str_of(arena_printf(p->arena, "%.*s (%.*s)", STR_ARG(g.mandate.ground),
                                      STR_ARG(signing_evidence_words(signed_by.evidence, p->arena))));
    if (!ok || !told_tx(p->web->api.gate, web_db(request), p->j, give, &g, &g.told, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    http_redirect(response, 303, organisation ? OF_ORGANISATION : "/me/mandates");
}

static void post_own(struct http_request *request, struct http_response *response)
{
    post(request, response, false);
}

static void post_organisation(struct http_request *request, struct http_response *response)
{
    if (is_head(web_visitor(request)))
        post(request, response, true);
    else
        refuse_no_head(request, response);
}

/* --- taking back, for the organisation --- */

struct taking {
    struct web *web;
    const struct caller *caller;
    struct str id;
    struct arena *arena;
    struct mandate mandate;
    struct told told;
};

static bool take_back(struct db *db, void *arg, struct err *err)
{
    struct taking *t = arg;
    const struct account organisation = {.kind = CALLER_PERSON, .person = t->caller->subject};
    struct mandate *m = &t->mandate;
    bool changed;
    if (!mandate_revoke_in(t->web->api.people, db, &organisation, t->id, clock_now(), t->arena, m, &changed,
                           err))
        return false;
    t->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = t->caller->levels,
                            .outcome = STR("taken-back"),
                            .reason = m->ground,
                            .nothing = !changed};
    return m->capacity == CAPACITY_EMPLOYEE ||
           err_set(err, ERR_NOT_FOUND, "mandate", "is not one that the organisation gave");
}

static void post_end(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct taking t = {.web = web,
                       .caller = &web_visitor(request)->caller,
                       .id = form_value(request, "mandate"),
                       .arena = http_arena(request)};
    uint64_t position;
    struct err err;
    if (!is_head(web_visitor(request))) {
        refuse_no_head(request, response);
        return;
    }
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, take_back, &t, &t.told, &position,
                 &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    http_redirect(response, 303, OF_ORGANISATION);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = OWN,
     .handler = get_own,
     .access = WEB_PERSON,
     .summary = "Give a mandate with a signature"},
    {.method = HTTP_POST,
     .path = OWN,
     .handler = post_own,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Write the mandate to be signed"},
    {.method = HTTP_GET,
     .path = OF_ORGANISATION,
     .handler = get_organisation,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Who acts for the organisation"},
    {.method = HTTP_POST,
     .path = OF_ORGANISATION,
     .handler = post_organisation,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Write an employee’s mandate to be signed"},
    {.method = HTTP_POST,
     .path = OF_ORGANISATION "/end",
     .handler = post_end,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Take an employee’s mandate back"},
};
const struct web_table web_sign_mandate = {routes, ARRAY_LEN(routes)};
