/* SPDX-License-Identifier: Apache-2.0 */
/* mandates.c: for whom one acts, who acts for one, giving and taking back. */
#include "people/mandate.h"

#include "base/clock.h"
#include "people/factor.h"
#include "people/number.h"
#include "people/told.h"
#include "web/login.h"
#include "web/web_private.h"

/* The number of who acts for me, or of whom I act for, as far as one needs it to be sure. */
static struct str other_of(const struct page *p, const struct mandate *m, bool i_act)
{
    struct str scheme, number;
    char mask[64];
    struct err err;
    if (!i_act && m->actor.kind != CALLER_PERSON)
        return m->actor.staff_code;
    const struct person *other = i_act ? &m->subject : &m->actor.person;
    if (!people_number(p->web->api.people, web_db(p->request), other, p->arena, &scheme, &number, &err))
        return m->ground; /* a number that nobody has: as it was typed */
    number_mask(number, mask);
    return str_dup(p->arena, str_of(mask));
}

static struct str state_of(const struct page *p, const struct mandate *m, int64_t now)
{
    if (m->revoked != 0)
        return TF(p, "ended {}", page_time(p, m->revoked));
    if (now < m->from)
        return TF(p, "from {}", page_time(p, m->from));
    if (!mandate_holds(p->web->api.people, m, now))
        return T(p, "is over");
    return m->until ? TF(p, "until {}", page_time(p, m->until)) : T(p, "without an end");
}

static void write_mandate(struct page *p, const struct mandate *m, bool i_act)
{
    int64_t now = clock_now();
    bool holds = mandate_holds(p->web->api.people, m, now),
         ended = m->revoked != 0 || (m->until && now >= m->until);
    struct str who = other_of(p, m, i_act);
    struct form_field id = {.name = "mandate", .value = str_of(m->id)};
    MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi> <span class=\"tag\">{}</span></h3><p>{}; {}</p>", who,
           page_text(p, capacity_facts[m->capacity].words),
           str_is(m->scope, "*") ? T(p, "in all matters") : TF(p, "in these matters: {}", m->scope),
           state_of(p, m, now));
    if (i_act && holds && p->visitor->caller.kind == CALLER_PERSON)
        form_button(p, STR("/me/act"), "/me/act", TF(p, "Act for {}", who), &id);
    bool is_signed;
    struct err err;
    if (signing_evidence_has(p->web->api.people, web_db(p->request),
                             str_of(arena_printf(p->arena, "mandate %s", m->id)), &is_signed, &err) &&
        is_signed)
        MARKUP(p, "<p><a href=\"/me/mandates/{}/evidence\">{}</a></p>", str_of(m->id),
               T(p, "The signature that it rests on"));
    if (!ended)
        form_button(p, STR("/me/mandates/end"), "/me/mandates/end",
                    i_act ? TF(p, "Give back: {}", who) : TF(p, "Take back from {}", who), &id);
    MARKUP(p, "</div>");
}

static void write_list(struct page *p, const struct mandate *list, size_t n, bool i_act)
{
    for (size_t i = 0; i < n; i++)
        write_mandate(p, &list[i], i_act);
    if (n == 0)
        page_note(p, "info", i_act ? T(p, "You act for nobody.") : T(p, "Nobody acts for you."));
}

#define GIVE_FIELDS 3
static void give_fields(struct page *p, struct form_field fields[GIVE_FIELDS])
{
    fields[0] = (struct form_field){.name = "number",
                                    .label = page_texts(p, &p->j->person_number_name),
                                    .hint = T(p, "Of the person who is to act for you."),
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

static void write_page(struct http_request *request, struct http_response *response,
                       struct form_field *fields)
{
    struct page page, *p = &page;
    struct mandate *held, *given;
    size_t held_n, given_n;
    struct err err;
    page_init(p, request, response);
    const struct account account = account_of(&p->visitor->caller);
    if (!mandate_list(p->web->api.people, web_db(request), &account, true, p->arena, &held, &held_n, &err) ||
        !mandate_list(p->web->api.people, web_db(request), &account, false, p->arena, &given, &given_n,
                      &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Acting for others"), STR("/me"), fields, GIVE_FIELDS);
    if (p->visitor->caller.mandate_ended)
        page_note(p, "bad", T(p, "The mandate you acted by has ended. You act for yourself again."));
    if (p->visitor->caller.acting)
        form_button(p, STR("/me/act/end"), "/me/act/end", T(p, "Act for myself again"), NULL);
    if (p->visitor->caller.acting && str_is(p->visitor->caller.capacity, capacity_facts[CAPACITY_HEAD].code))
        MARKUP(p, "<p><a href=\"/me/organisation/mandates\">{}</a></p>",
               T(p, "Who acts for the organisation"));
    MARKUP(p, "<h2>{}</h2>", T(p, "You act for"));
    write_list(p, held, held_n, true);
    MARKUP(p, "<p><a href=\"/me/organisation\">{}</a></p>", T(p, "Act for an organisation"));
    MARKUP(p, "<h2>{}</h2>", T(p, "Who acts for you"));
    write_list(p, given, given_n, false);
    MARKUP(
        p, "<h2>{}</h2><p>{}</p>", T(p, "Give a mandate"),
        T(p,
          "Whatever is done by it stands in your list of looks. You take it back here with one press. Kept "
          "apart registries and your list itself stay yours alone."));
    form_start(p, STR("/me/mandates"), "/me/mandates");
    for (size_t i = 0; i < GIVE_FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Give the mandate"));
    MARKUP(p, "<p><a href=\"/me/mandates/signed\">{}</a></p>", T(p, "Give a mandate with your signature"));
    page_end(p);
}

static void get_mandates(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[GIVE_FIELDS];
    page_init(&page, request, response);
    give_fields(&page, fields);
    write_page(request, response, fields);
}

/* State and entry are one: the mandate and what the log will say of it are one transaction. */
struct act {
    struct web *web;
    const struct caller *caller;
    struct mandate mandate;
    struct str id; /* to be taken back; empty: given */
    struct arena *arena;
    struct told told;
};

static bool change(struct db *db, void *arg, struct err *err)
{
    struct act *a = arg;
    const struct account account = account_of(a->caller);
    bool given = a->id.n == 0, changed = true;
    if (given ? !mandate_give(a->web->api.people, db, &a->mandate, clock_now(), err)
              : !mandate_revoke_in(a->web->api.people, db, &account, a->id, clock_now(), a->arena,
                                   &a->mandate, &changed, err))
        return false;
    const struct mandate *m = &a->mandate;
    a->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = a->caller->levels,
                            .outcome = given ? STR("given") : STR("taken-back"),
                            .reason = m->ground,
                            .nothing = !changed};
    return true;
}

static bool change_and_tell(struct http_request *request, struct http_response *response, struct act *a,
                            struct err *err)
{
    uint64_t position;
    if (!told_tx(a->web->api.gate, web_db(request), a->web->api.jurisdiction, change, a, &a->told, &position,
                 err))
        return false;
    if (position != 0)
        http_hold(response, position);
    return true;
}

/* A number that nobody has is taken like any other, so that this page tells nobody who is registered. */
static void post_mandate(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[GIVE_FIELDS];
    struct date date = {0};
    char normal[32], mask[64];
    bool real;
    struct err err;
    page_init(p, request, response);
    give_fields(p, fields);
    const struct number_scheme *scheme = number_scheme_find(p->j->person_scheme);
    if (scheme == NULL || !number_normalise(fields[0].value, normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        fields[0].error = T(p, "This is not a number of a person; check it for a slip of the finger.");
    if (!date_parse(fields[2].value, &date))
        fields[2].error = T(p, "Write the day as in 2027-06-30.");
    struct mandate m = {.capacity = CAPACITY_ATTORNEY,
                        .source = SOURCE_SIGNED,
                        .subject = p->visitor->caller.person,
                        .scope = fields[1].value,
                        .from = clock_now()};
    if (!form_wrong(fields, GIVE_FIELDS)) {
        number_mask(str_of(normal), mask);
        m.ground = str_of(mask);
        m.until = local_midnight(p->j, date_days(date) + 1);
        bool ok = factor_account(p->web->api.people, web_db(request), p->j->person_scheme, str_of(normal),
                                 &m.actor, &real, &err);
        struct act act = {
            .web = web_of(request), .caller = &p->visitor->caller, .mandate = m, .arena = p->arena};
        if (ok && p->j->mandates.n == 0)
            ok = err_set(&err, ERR_UNSUPPORTED, "mandates",
                         "the jurisdiction folder names no agency that keeps them");
        ok = ok && change_and_tell(request, response, &act, &err);
        if (ok) {
            http_redirect(response, 303, "/me/mandates");
            return;
        }
        if (err.code != ERR_INVALID) {
            http_problem_err(request, response, &err);
            return;
        }
        if (str_is(str_of(err.place), "scope"))
            fields[1].error = T(p, "Write names of services with a space between, or * for all.");
        else if (str_is(str_of(err.place), "actor"))
            fields[0].error = T(p, "Nobody needs a mandate for their own matters.");
        else
            fields[2].error = T(p, "The day is past, or more than three years away.");
    }
    http_status(response, 422);
    write_page(request, response, fields);
}

static void post_mandate_end(struct http_request *request, struct http_response *response)
{
    struct act act = {.web = web_of(request),
                      .caller = &web_visitor(request)->caller,
                      .id = form_value(request, "mandate"),
                      .arena = http_arena(request)};
    struct err err;
    if (act.id.n == 0)
        act.id = STR("-");
    if (change_and_tell(request, response, &act, &err))
        http_redirect(response, 303, "/me/mandates");
    else
        http_problem_err(request, response, &err);
}

/* --- acting --- */

static void post_act(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct caller next = web_visitor(request)->caller;
    const struct account account = account_of(&next);
    struct mandate m;
    bool holds;
    struct err err;
    if (!mandate_of(web->api.people, web_db(request), &account, form_value(request, "mandate"), clock_now(),
                    http_arena(request), &m, &holds, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!holds) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("This mandate does not let you act: it has ended, has not begun, or is not yours."));
        return;
    }
    next.acting = true;
    next.mandate = str_of(m.id);
    if (web_renew(request, response, &next))
        http_redirect(response, 303, "/me");
}

static void post_act_end(struct http_request *request, struct http_response *response)
{
    struct caller next = web_visitor(request)->caller;
    next.acting = false;
    if (web_renew(request, response, &next))
        http_redirect(response, 303, "/me");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/mandates",
     .handler = get_mandates,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Acting for others"},
    {.method = HTTP_POST,
     .path = "/me/mandates",
     .handler = post_mandate,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Give a mandate"},
    {.method = HTTP_POST,
     .path = "/me/mandates/end",
     .handler = post_mandate_end,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Take a mandate back"},
    {.method = HTTP_POST,
     .path = "/me/act",
     .handler = post_act,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Act for another"},
    {.method = HTTP_POST,
     .path = "/me/act/end",
     .handler = post_act_end,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Act for oneself again"},
};
const struct web_table web_mandates = {routes, ARRAY_LEN(routes)};
