/* SPDX-License-Identifier: Apache-2.0 */
/* mandates.c: for whom one acts, who acts for one, giving and taking back. */
#include "people/mandate.h"

#include "base/clock.h"
#include "jurisdiction/service.h"
#include "people/factor.h"
#include "people/number.h"
#include "people/told.h"
#include "web/kept.h"
#include "web/login.h"
#include "web/web_private.h"

struct str person_mask(const struct page *p, const struct person *person, struct str unknown)
{
    struct str scheme, number;
    char mask[64];
    struct err err;
    if (!people_number(p->web->api.people, web_db(p->request), person, p->arena, &scheme, &number, &err))
        return unknown;
    number_mask(number, mask);
    return str_dup(p->arena, str_of(mask));
}

/* The number of who acts for me, or of whom I act for. One that nobody has: as it was typed. */
static struct str other_of(const struct page *p, const struct mandate *m, bool i_act)
{
    if (!i_act && m->actor.kind != CALLER_PERSON)
        return m->actor.staff_code;
    return person_mask(p, i_act ? &m->subject : &m->actor.person, m->ground);
}

struct str mandate_scope_words(const struct page *p, struct str scope)
{
    struct buf out;
    struct str id;
    if (str_is(scope, "*"))
        return T(p, "in all matters");
    buf_in(&out, p->arena, 16384);
    while (str_next(&scope, ' ', &id)) {
        const struct service *s = jurisdiction_service(p->j, id);
        buf_text(&out, out.n ? ", " : "");
        buf_str(&out, s ? page_texts(p, &s->name) : id);
    }
    return TF(p, "in these matters: {}", buf_view(&out));
}

size_t mandate_matters(const struct page *p, const struct form_option **ret_options)
{
    struct form_option *options = arena_array(p->arena, struct form_option, p->j->services_n + 2);
    size_t n = 0;
    options[n++] = (struct form_option){STR(""), T(p, "Choose one.")};
    options[n++] = (struct form_option){STR("*"), T(p, "In all matters")};
    for (size_t i = 0; i < p->j->services_n; i++)
        options[n++] = (struct form_option){p->j->services[i].id, page_texts(p, &p->j->services[i].name)};
    *ret_options = options;
    return n;
}

/* Why it acts no more, to whoever acted by it. */
static struct str why_words(const struct page *p, enum mandate_why why)
{
    switch (why) {
    case WHY_TAKEN_BACK: return T(p, "It was taken back or given back.");
    case WHY_REGISTER:
        return T(p, "The register does not say any more that you may act for them. If that is a mistake, who "
                    "keeps the register puts it right.");
    case WHY_OFFICE: return T(p, "An office recorded its end.");
    case WHY_OVER: break;
    }
    return T(p, "Its time is over, or the child has come of age.");
}

/* A birthday on 29 February is kept on 1 March in other years, as years_on counts. */
static int32_t majority_day(const struct page *p, int32_t born)
{
    struct date b = date_of_days(born);
    b.year += (int)p->j->majority;
    if (b.month == 2 && b.day == 29)
        b.month = 3, b.day = 1;
    int32_t day = date_days(b);
    return years_on(born, day - 1) >= (int)p->j->majority ? day - 1 : day;
}

struct str mandate_until(const struct page *p, const struct mandate *m)
{
    if (m->until != 0)
        return m->capacity == CAPACITY_COUNTER ? page_time(p, m->until)
                                               : page_day(p, local_day(p->j, m->until - 1));
    if (capacity_facts[m->capacity].ends_at_majority && m->born != 0)
        return TF(p, "the day of full age, {}", page_day(p, majority_day(p, m->born)));
    return T(p, "without an end");
}

static struct str state_of(const struct page *p, const struct mandate *m, int64_t now)
{
    if (m->revoked != 0)
        return TF(p, "ended {}", page_time(p, m->revoked));
    if (now < m->from)
        return TF(p, "from {}", page_time(p, m->from));
    if (!mandate_holds(p->web->api.people, m, now))
        return T(p, "is over");
    struct str until = mandate_until(p, m);
    return m->until != 0 || m->born != 0 ? TF(p, "until {}", until) : until;
}

/* What it rests on. */
static struct str ground_of(const struct page *p, const struct mandate *m)
{
    const struct registry *registry = jurisdiction_registry(p->j, m->registry);
    const struct agency *agency = jurisdiction_agency(p->j, m->agency);
    if (registry != NULL)
        return TF(p, "{}, which is asked again each time", page_texts(p, &registry->name));
    if (agency != NULL)
        return TF(p, "{}: act {}", page_texts(p, &agency->name), m->ground);
    switch (m->source) {
    case SOURCE_SIGNED: return T(p, "given here, after logging in");
    case SOURCE_PRESENCE: return assist_presence(p, m->ground);
    case SOURCE_REGISTRY:
    case SOURCE_COURT:
    case SOURCE_LICENCE:
    case SOURCE_NOTARY: break;
    }
    return m->ground;
}

static void write_mandate(struct page *p, const struct mandate *m, bool i_act)
{
    int64_t now = clock_now();
    bool holds = mandate_holds(p->web->api.people, m, now),
         ended = m->revoked != 0 || (m->until && now >= m->until);
    struct str who = other_of(p, m, i_act);
    struct form_field id = {.name = "mandate", .value = str_of(m->id)};
    MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi> <span class=\"tag\">{}</span></h3><p>{}; {}</p>", who,
           page_text(p, capacity_facts[m->capacity].words), mandate_scope_words(p, m->scope),
           state_of(p, m, now));
    facts_start(p);
    fact(p, T(p, "Rests on"), ground_of(p, m));
    if (m->revoked != 0 && m->why != WHY_TAKEN_BACK)
        fact(p, T(p, "Why it ended"), why_words(p, m->why));
    facts_end(p);
    bool now_acting = p->visitor->caller.acting && str_eq(p->visitor->caller.mandate, str_of(m->id));
    if (i_act && holds && !now_acting && p->visitor->caller.kind == CALLER_PERSON)
        form_button(p, STR("/me/act"), "/me/act", TF(p, "Act for {}", who), &id);
    bool is_signed;
    struct err err;
    if (signing_evidence_has(p->web->api.people, web_db(p->request),
                             str_of(arena_printf(p->arena, "mandate %s", m->id)), &is_signed, &err) &&
        is_signed)
        MARKUP(p, "<p><a href=\"/me/mandates/{}/evidence\">{}</a></p>", str_of(m->id),
               T(p, "The signature that it rests on"));
    if (!ended)
        form_button_as(p, FORM_SECOND, STR("/me/mandates/end"), "/me/mandates/end",
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

bool mandate_giver(const struct page *p, struct account *ret_giver)
{
    const struct caller *c = &p->visitor->caller;
    *ret_giver = account_of(c);
    if (!c->acting)
        return true;
    ret_giver->person = c->subject;
    return str_is(c->capacity, capacity_facts[CAPACITY_HEAD].code);
}

void mandate_fields(struct page *p, struct form_field fields[MANDATE_FIELDS])
{
    fields[0] = (struct form_field){.name = "number",
                                    .label = page_texts(p, &p->j->person_number_name),
                                    .hint = p->visitor->caller.acting
                                                ? T(p, "Of the person who is to act for the organisation.")
                                                : T(p, "Of the person who is to act for you."),
                                    .value = form_value(p->request, "number"),
                                    .max = 40,
                                    .inputmode = "numeric"};
    fields[1] = (struct form_field){.kind = FORM_SELECT,
                                    .name = "scope",
                                    .label = T(p, "In which matters"),
                                    .hint = T(p, "For several services, give several mandates."),
                                    .value = form_value(p->request, "scope")};
    fields[1].options_n = mandate_matters(p, &fields[1].options);
    fields[2] = (struct form_field){.name = "until",
                                    .label = T(p, "Until"),
                                    .hint = T(p, "At most three years from now, as in 30.06.2027"),
                                    .value = form_value(p->request, "until"),
                                    .max = 10};
}

static void write_give(struct page *p, struct form_field *fields)
{
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Give a mandate"),
           p->visitor->caller.acting
               ? T(p, "Whatever is done by it stands in the organisation's list. You take it back here with "
                      "one press.")
               : T(p, "Whatever is done by it stands in your list of looks. You take it back here with one "
                      "press. Kept apart registries and your list itself stay yours alone."));
    form_start(p, STR("/me/mandates"), "/me/mandates");
    for (size_t i = 0; i < MANDATE_FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Give the mandate"));
    MARKUP(p, "<p><a href=\"/me/mandates/signed\">{}</a></p>", T(p, "Give a mandate with your signature"));
}

static bool has_relation(const struct page *p, enum capacity capacity)
{
    const struct registry *registry;
    return jurisdiction_relation(p->j, str_of(capacity_facts[capacity].code), &registry) != NULL;
}

static void write_held(struct page *p, const struct mandate *held, size_t n)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "You act for"));
    write_list(p, held, n, true);
    if (p->visitor->caller.acting) /* one asks for oneself */
        return;
    MARKUP(p, "<ul class=\"ways\">");
    if (has_relation(p, CAPACITY_PARENT) || has_relation(p, CAPACITY_GUARDIAN))
        MARKUP(p, "<li><a href=\"/me/child\">{}</a></li>", T(p, "Act for my child"));
    MARKUP(p, "<li><a href=\"/me/organisation\">{}</a></li></ul>", T(p, "Act for an organisation"));
}

static void write_page(struct http_request *request, struct http_response *response,
                       struct form_field *fields)
{
    struct page page, *p = &page;
    struct mandate *held, *given;
    struct account giver;
    size_t held_n, given_n;
    struct err err;
    page_init(p, request, response);
    const struct caller *c = &p->visitor->caller;
    const struct account account = account_of(c);
    bool gives = mandate_giver(p, &giver);
    if (!gives)
        giver = account;
    if (!mandate_list(p->web->api.people, web_db(request), &account, true, p->arena, &held, &held_n, &err) ||
        !mandate_list(p->web->api.people, web_db(request), &giver, false, p->arena, &given, &given_n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Acting for others"), STR("/me"), fields, MANDATE_FIELDS);
    if (c->mandate_ended) {
        page_note(p, "bad", T(p, "The mandate you acted by has ended. You act for yourself again."));
        MARKUP(p, "<p>{}</p>", why_words(p, c->mandate_why));
        form_button(p, STR("/me/act/end"), "/me/act/end", T(p, "Go on for myself"), NULL);
    }
    if (c->acting)
        form_button(p, STR("/me/act/end"), "/me/act/end", T(p, "Act for myself again"), NULL);
    write_held(p, held, held_n);
    MARKUP(p, "<h2>{}</h2>",
           gives && c->acting ? T(p, "Who acts for the organisation") : T(p, "Who acts for you"));
    write_list(p, given, given_n, false);
    if (gives)
        write_give(p, fields);
    page_end(p);
}

static void get_mandates(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[MANDATE_FIELDS];
    page_init(&page, request, response);
    mandate_fields(&page, fields);
    write_page(request, response, fields);
}

/* State and entry are one: the mandate and what the log will say of it are one transaction. */
struct act {
    struct web *web;
    const struct caller *caller;
    struct account account; /* who ends it */
    struct mandate mandate;
    struct str id; /* to be taken back; empty: given */
    struct arena *arena;
    struct told told;
};

bool mandate_stands(struct people *people, struct db *db, const struct mandate *m, struct arena *arena,
                    bool *ret_stands, struct err *err)
{
    const struct account giver = {.kind = CALLER_PERSON, .person = m->subject};
    struct mandate *list;
    size_t n;
    *ret_stands = false;
    if (!mandate_list(people, db, &giver, false, arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        *ret_stands |= list[i].capacity == m->capacity && list[i].until == m->until &&
                       str_eq(list[i].scope, m->scope) && str_eq(list[i].ground, m->ground) &&
                       str_eq(list[i].agency, m->agency) &&
                       memcmp(list[i].actor.person.pid, m->actor.person.pid, PID_SIZE) == 0 &&
                       mandate_holds(people, &list[i], clock_now());
    return true;
}

static bool change(struct db *db, void *arg, struct err *err)
{
    struct act *a = arg;
    bool given = a->id.n == 0, changed = true, same = false;
    if (given && !mandate_stands(a->web->api.people, db, &a->mandate, a->arena, &same, err))
        return false;
    if (same)
        changed = false;
    else if (given ? !mandate_give(a->web->api.people, db, &a->mandate, clock_now(), err)
                   : !mandate_revoke_in(a->web->api.people, db, &a->account, a->id, clock_now(), a->arena,
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
bool mandate_typed(struct page *p, struct form_field fields[MANDATE_FIELDS], const struct account *giver,
                   struct mandate *m, struct str *ret_number, struct err *err)
{
    struct date date = {0};
    char normal[32], mask[64];
    bool real;
    (void)form_person_number(p, &fields[0], normal);
    if (!date_typed(fields[2].value, &date))
        fields[2].error = T(p, "Write the day as in 30.06.2027.");
    if (!str_is(fields[1].value, "*") && jurisdiction_service(p->j, fields[1].value) == NULL)
        fields[1].error = T(p, "Choose one.");
    *m = (struct mandate){.capacity = p->visitor->caller.acting ? CAPACITY_EMPLOYEE : CAPACITY_ATTORNEY,
                          .source = SOURCE_SIGNED,
                          .subject = giver->person,
                          .scope = fields[1].value,
                          .from = clock_now()};
    if (form_wrong(fields, MANDATE_FIELDS))
        return true;
    number_mask(str_of(normal), mask);
    m->ground = str_dup(p->arena, str_of(mask));
    m->until = local_midnight(p->j, date_days(date) + 1);
    *ret_number = str_dup(p->arena, str_of(normal));
    if (p->j->mandates.n == 0)
        return err_set(err, ERR_UNSUPPORTED, "mandates",
                       "the jurisdiction folder names no agency that keeps them");
    if (!factor_account(p->web->api.people, web_db(p->request), p->j->person_scheme, *ret_number, &m->actor,
                        &real, err))
        return false;
    if (mandate_terms(p->web->api.people, m, clock_now(), err))
        return true;
    if (str_is(str_of(err->place), "actor"))
        fields[0].error = T(p, "Nobody needs a mandate for their own matters.");
    else
        fields[2].error = T(p, "The day is past, or more than three years away.");
    return true;
}

bool mandate_no_giver(const struct page *p, struct account *ret_giver)
{
    if (mandate_giver(p, ret_giver))
        return false;
    http_problem(p->request, p->response, 403, "acting-for-another", "%s",
                 N_("You act for another person, and a mandate is not given on. Stop acting for them "
                    "first."));
    return true;
}

static void post_mandate(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[MANDATE_FIELDS];
    struct account giver;
    struct str number;
    struct err err;
    page_init(p, request, response);
    mandate_fields(p, fields);
    if (mandate_no_giver(p, &giver))
        return;
    struct act act = {.web = web_of(request), .caller = &p->visitor->caller, .arena = p->arena};
    bool ok = mandate_typed(p, fields, &giver, &act.mandate, &number, &err);
    if (ok && form_wrong(fields, MANDATE_FIELDS)) {
        http_status(response, 422);
        write_page(request, response, fields);
    } else if (ok && change_and_tell(request, response, &act, &err)) {
        http_redirect(response, 303, "/me/mandates");
    } else {
        http_problem_err(request, response, &err);
    }
}

/* The giver's or the receiver's, or the organisation's that one heads. */
static void post_mandate_end(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    page_init(p, request, response);
    const struct account own = account_of(&p->visitor->caller);
    struct act act = {.web = web_of(request),
                      .caller = &p->visitor->caller,
                      .account = own,
                      .id = form_value(request, "mandate"),
                      .arena = p->arena};
    if (act.id.n == 0)
        act.id = STR("-");
    bool ok = change_and_tell(request, response, &act, &err);
    if (!ok && err.code == ERR_NOT_FOUND && p->visitor->caller.acting && mandate_giver(p, &act.account))
        ok = change_and_tell(request, response, &act, &err);
    if (ok)
        http_redirect(response, 303, "/me/mandates");
    else
        http_problem_err(request, response, &err);
}

/* --- over in mid-session --- */

/* What was typed for the other is theirs again as soon as one acts for them again (kept.h). */
static void write_typed(struct page *p)
{
    struct str token;
    if (!kept_possible(p->request, &token))
        return;
    MARKUP(
        p, "<h2>{}</h2><p>{}</p><p><a href=\"{}\" target=\"_blank\">{}</a></p>",
        T(p, "What you typed is kept"),
        T(p,
          "Leave this page open. If you may act for the same person again, begin that in a new window, come "
          "back here and go on."),
        p->visitor->caller.kind == CALLER_PERSON ? STR("/me/mandates") : STR("/desk/assist"),
        T(p, "Act for them again, in a new window"));
    kept_form(p, token, N_("I act for them again: go on"));
}

void mandate_over_page(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct caller *c = &p->visitor->caller;
    bool changes = http_method(request) == HTTP_POST;
    http_status(response, 403);
    page_open(p, T(p, "The mandate has ended"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p>", why_words(p, c->mandate_why),
           changes ? T(p, "What you sent was not done: it would have been done in your own name.")
                   : T(p, "You act for yourself again. Nothing was lost."));
    if (c->kind == CALLER_PERSON)
        form_button(p, STR("/me/act/end"), "/me/act/end", T(p, "Go on for myself"), NULL);
    else
        MARKUP(p, "<p><a class=\"button\" href=\"/desk/assist\">{}</a></p>", T(p, "At the counter"));
    MARKUP(p, "<p><a href=\"/me/mandates\">{}</a></p>", T(p, "Acting for others"));
    write_typed(p);
    page_end(p);
}

/* --- acting --- */

/* Who gave a mandate hears of each use of it; a child or an organisation reads of it in its list. */
static bool tell_subject(struct http_request *request, const struct mandate *m, struct err *err)
{
    struct web *web = web_of(request);
    const struct account subject = {.kind = CALLER_PERSON, .person = m->subject};
    if (m->capacity != CAPACITY_ATTORNEY && m->capacity != CAPACITY_COURT)
        return true;
    struct str words =
        words_in(web->api.jurisdiction, web_visitor(request)->language,
                 N_("Aina: somebody acts for you by a mandate now. Your page says who; there you "
                    "end it."));
    return notice_send(web->api.people, web_db(request), web->messages, &subject, words, clock_now(), err);
}

static void post_act(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct caller next = web_visitor(request)->caller;
    const struct account account = account_of(&next);
    struct mandate m;
    bool holds;
    uint64_t position;
    struct err err;
    if (!mandate_of(web->api.people, web_db(request), &account, form_value(request, "mandate"), clock_now(),
                    http_arena(request), &m, &holds, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    if (!holds && m.why == WHY_REGISTER) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("The register does not say any more that you may act for them. If that is a mistake, "
                        "who keeps the register puts it right."));
        return;
    }
    if (!holds) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("This mandate does not let you act: it has ended, has not begun, or is not yours."));
        return;
    }
    if (!tell_subject(request, &m, &err)) {
        http_problem_err(request, response, &err);
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
     .access = WEB_PERSON | WEB_FOR_OTHERS | WEB_ENDED,
     .summary = "Acting for others"},
    {.method = HTTP_POST,
     .path = "/me/mandates",
     .handler = post_mandate,
     .access = WEB_PERSON | WEB_PASSKEY | WEB_FOR_OTHERS,
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
     .access = WEB_PERSON | WEB_FOR_OTHERS | WEB_ENDED,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Act for oneself again"},
};
const struct web_table web_mandates = {routes, ARRAY_LEN(routes)};
