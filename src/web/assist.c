/* SPDX-License-Identifier: Apache-2.0 */
/* assist.c: at the counter. A clerk acts for the person in front of them: for one person, in one service, for
 * a quarter of an hour, after the person's document was seen or a code on their phone was read out. Nobody is
 * searched for: the number is typed. The person sees both ends of it in their list, can ask why, and can end
 * it from their own page; their phone is told. */
#include "people/mandate.h"

#include "base/clock.h"
#include "people/factor.h"
#include "people/number.h"
#include "people/told.h"
#include "web/login.h"
#include "web/web_private.h"

#define FIELDS 4
#define BY_DOCUMENT "document"
#define BY_PHONE "phone"

static const char no_such_person[] = N_("Nobody has this number. Your asking stands in your agency's list.");
static const char not_a_number[] = N_("This is not a number of a person; check it for a slip of the finger.");

bool web_assists(const struct visitor *v)
{
    return v->caller.acting && v->caller.kind == CALLER_OFFICIAL &&
           str_is(v->caller.capacity, capacity_facts[CAPACITY_COUNTER].code);
}

enum channel web_channel(const struct visitor *v)
{
    return web_assists(v) ? BY_COUNTER : BY_WEB;
}

/* Services that may be filed at a counter,. */
static size_t services_of(const struct page *p, struct form_option *options)
{
    size_t n = 0;
    options[n++] = (struct form_option){STR(""), T(p, "Choose one.")};
    for (size_t i = 0; i < p->j->services_n; i++)
        if (p->j->services[i].channels >> BY_COUNTER & 1)
            options[n++] = (struct form_option){p->j->services[i].id, page_texts(p, &p->j->services[i].name)};
    return n;
}

static void fields_of(struct page *p, struct form_field fields[FIELDS])
{
    struct form_option *services = arena_array(p->arena, struct form_option, p->j->services_n + 2);
    struct form_option *ways = arena_array(p->arena, struct form_option, 2);
    size_t n = services_of(p, services);
    ways[0] = (struct form_option){STR(BY_DOCUMENT), T(p, "I saw their identity document")};
    ways[1] = (struct form_option){STR(BY_PHONE), T(p, "They read out a code that their phone gets now")};
    fields[0] = (struct form_field){.name = "number",
                                    .label = page_texts(p, &p->j->person_number_name),
                                    .hint = T(p, "Of the person in front of you, from their document."),
                                    .value = form_value(p->request, "number"),
                                    .max = 40,
                                    .inputmode = "numeric"};
    fields[1] = (struct form_field){.kind = FORM_SELECT,
                                    .name = "service",
                                    .label = T(p, "In which service"),
                                    .value = form_value(p->request, "service"),
                                    .options = services,
                                    .options_n = n};
    fields[2] = (struct form_field){.kind = FORM_RADIOS,
                                    .name = "presence",
                                    .label = T(p, "How do you know that it is them?"),
                                    .value = form_value(p->request, "presence"),
                                    .options = ways,
                                    .options_n = 2};
    fields[3] = (struct form_field){.name = "document",
                                    .label = T(p, "Last four characters of the document's number"),
                                    .hint = T(p, "Only if you saw the document. The person is shown them."),
                                    .value = form_value(p->request, "document"),
                                    .max = 4,
                                    .optional = true};
}

static const struct service *service_asked(const struct page *p)
{
    const struct service *s = jurisdiction_service(p->j, form_value(p->request, "service"));
    return s != NULL && (s->channels >> BY_COUNTER & 1) ? s : NULL;
}

#define GROUND_DOCUMENT "document ****"
#define GROUND_PHONE "code on the phone"

struct str assist_presence(const struct page *p, struct str ground)
{
    struct str document = STR(GROUND_DOCUMENT);
    return str_starts(ground, document)
               ? TF(p, "the document was seen; its number ends in {}", str_from(ground, document.n))
           : str_is(ground, GROUND_PHONE) ? T(p, "a code on the person's own phone was read out")
                                          : ground;
}

struct str assist_document(const struct page *p, struct str last_four)
{
    return str_of(arena_printf(p->arena, GROUND_DOCUMENT "%.*s", STR_ARG(last_four)));
}

struct str assist_reason(const struct page *p, struct str reason)
{
    struct str rest = reason, service;
    const struct service *s = str_next(&rest, ';', &service) ? jurisdiction_service(p->j, service) : NULL;
    if (s == NULL)
        return reason;
    return rest.n != 0 ? TF(p, "{}; {}", page_texts(p, &s->name), assist_presence(p, str_trim(rest)))
                       : page_texts(p, &s->name);
}

/* --- the page --- */

static void write_now(struct page *p)
{
    const struct caller *c = &p->visitor->caller;
    const struct service *s = jurisdiction_service(p->j, c->scope);
    struct mandate m;
    bool holds;
    struct err err;
    const struct account account = account_of(c);
    uint64_t position;
    page_open(p, T(p, "At the counter"), STR("/desk"), NULL, 0);
    if (!mandate_of(p->web->api.people, web_db(p->request), &account, c->mandate, clock_now(), p->arena, &m,
                    &holds, &position, &err))
        holds = false;
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "You act for the person in front of you. Each page says so above, and each act says so in "
                "their list."));
    facts_start(p);
    fact(p, T(p, "Service"), s ? page_texts(p, &s->name) : c->scope);
    if (holds) {
        fact(p, T(p, "Ends by itself"), page_time(p, m.until));
        fact(p, T(p, "How you know that it is them"), assist_presence(p, m.ground));
    }
    facts_end(p);
    MARKUP(p, "<p><a class=\"button\" href=\"/services/{}\">{}</a></p>", c->scope, T(p, "To the service"));
    form_button(p, STR("/desk/assist/end"), "/desk/assist/end", T(p, "We are done"), NULL);
    page_end(p);
}

static void write_begin(struct page *p, struct form_field fields[FIELDS])
{
    page_open(p, T(p, "At the counter"), STR("/desk"), fields, FIELDS);
    if (p->visitor->caller.mandate_ended)
        page_note(p, "info", T(p, "The quarter of an hour is over, or the person ended it."));
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "For one person, in one service, for a quarter of an hour. The person sees it in their list, "
                "and a message goes to their phone."));
    form_start(p, STR("/desk/assist"), "/desk/assist");
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Begin"));
    MARKUP(p, "<h2>{}</h2><p>{}</p><p><a href=\"/desk/enrol\">{}</a></p>",
           T(p, "They want to use their own phone"),
           T(p,
             "With a code from you they make a passkey, and need no counter next time. So does whoever lost "
             "their phone."),
           T(p, "A code for a passkey"));
    page_end(p);
}

static void get_assist(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    page_init(p, request, response);
    fields_of(p, fields);
    if (web_assists(p->visitor))
        write_now(p);
    else
        write_begin(p, fields);
}

/* --- beginning --- */

bool asked_for_nobody(struct http_request *request, struct http_response *response, struct str capacity,
                      struct str purpose, struct err *err)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct gate_answer answer;
    const struct gate_request look = {.office = v->office,
                                      .actor = v->caller.official.staff_code,
                                      .capacity = capacity,
                                      .mandate = STR(""),
                                      .levels = v->caller.levels,
                                      .purpose = purpose,
                                      .registry = STR(""),
                                      .case_no = STR(""),
                                      .order = STR(""),
                                      .reason = STR("")};
    if (!gate_look(web->api.gate, web_db(request), &look, http_arena(request), &answer, err))
        return false;
    http_hold(response, answer.position);
    return true;
}

struct beginning {
    struct web *web;
    const struct visitor *visitor;
    struct mandate mandate;
    struct told told;
    struct arena *arena;
};

static struct told told_of(const struct visitor *v, const struct mandate *m, struct str outcome)
{
    return (struct told){.kind = KIND_ASSIST,
                         .person = m->subject,
                         .office = v->office,
                         .actor = v->caller.official.staff_code,
                         .capacity = str_of(capacity_facts[CAPACITY_COUNTER].code),
                         .mandate = str_of(m->id),
                         .levels = v->caller.levels,
                         .outcome = outcome};
}

static bool begin(struct db *db, void *arg, struct err *err)
{
    struct beginning *b = arg;
    if (!mandate_give(b->web->api.people, db, &b->mandate, clock_now(), err))
        return false;
    b->told = told_of(b->visitor, &b->mandate, STR("begun"));
    b->told.reason =
        str_of(arena_printf(b->arena, "%.*s; %.*s", STR_ARG(b->mandate.scope), STR_ARG(b->mandate.ground)));
    return true;
}

/* A message without content: who else reads the phone learns nothing. */
static bool tell_phone(struct http_request *request, const struct account *person, struct err *err)
{
    struct web *web = web_of(request);
    struct str words =
        words_in(web->api.jurisdiction, web_visitor(request)->language,
                 N_("Aina: somebody at a counter acts for you now. If you are not there, go to "
                    "your page and end it."));
    return notice_send(web->api.people, web_db(request), web->messages, person, words, clock_now(), err);
}

static void begin_for(struct http_request *request, struct http_response *response,
                      const struct account *person, const struct service *s, struct str ground)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct caller next = v->caller;
    int64_t now = clock_now();
    uint64_t position;
    struct err err;
    struct beginning b = {.web = web,
                          .visitor = v,
                          .arena = http_arena(request),
                          .mandate = {.capacity = CAPACITY_COUNTER,
                                      .source = SOURCE_PRESENCE,
                                      .ground = ground,
                                      .actor = account_of(&v->caller),
                                      .subject = person->person,
                                      .scope = s->id,
                                      .from = now,
                                      .until = now + MANDATE_ASSIST}};
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, begin, &b, &b.told, &position,
                 &err) ||
        !tell_phone(request, person, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    next.acting = true;
    next.mandate = str_dup(http_arena(request), str_of(b.mandate.id));
    if (!web_renew(request, response, &next))
        return;
    http_redirect(response, 303, "/desk/assist");
    if (position != 0)
        http_hold(response, position);
}

/* --- a code on the person's phone --- */

static void code_page(struct page *p, const char *wrong)
{
    struct form_field code = {.name = "code",
                              .label = T(p, "The six digits that the person reads out"),
                              .error = wrong ? page_text(p, wrong) : STR(""),
                              .max = 10,
                              .inputmode = "numeric"};
    page_open(p, T(p, "At the counter"), STR("/desk/assist"), &code, 1);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "If this person has a phone with us, a code is on its way to it. Where none comes, go back and "
             "look at their document."));
    form_start(p, STR("/desk/assist/code"), "/desk/assist/code");
    form_field(p, &code);
    MARKUP(p,
           "<input type=\"hidden\" name=\"number\" value=\"{}\"><input type=\"hidden\" name=\"service\" "
           "value=\"{}\">",
           form_value(p->request, "number"), form_value(p->request, "service"));
    form_end(p, N_("Begin"));
    page_end(p);
}

static void send_code(struct http_request *request, struct http_response *response,
                      const struct account *person)
{
    struct page page, *p = &page;
    struct webauthn_site site;
    uint8_t browser[32];
    int64_t wait;
    struct err err;
    page_init(p, request, response);
    login_site(request, &site);
    login_browser(request, response, browser);
    struct str words =
        T(p, "Aina: a code for the clerk at the counter where you are now. If you are at none, "
             "tell it to nobody.");
    if (!sms_send(p->web->api.people, web_db(request), p->web->messages, person, browser, words, site.rp_id,
                  clock_now(), &wait, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    code_page(p, wait ? N_("Too many messages were asked for. Wait a little.") : NULL);
}

/* Of the person's number as it was typed; false: no number, and the field says so. */
static bool number_typed(struct page *p, char normal[32])
{
    const struct number_scheme *scheme = number_scheme_find(p->j->person_scheme);
    return scheme != NULL && number_normalise(form_value(p->request, "number"), normal) &&
           scheme->check(str_of(normal), false) == NUMBER_OK;
}

bool assist_document_valid(struct str document)
{
    for (size_t i = 0; i < document.n; i++)
        if (!((document.p[i] >= '0' && document.p[i] <= '9') ||
              (document.p[i] >= 'A' && document.p[i] <= 'Z')))
            return false;
    return document.n == 4;
}

static bool begin_wrong(struct page *p, struct form_field fields[FIELDS], char normal[32])
{
    bool seen = str_is(fields[2].value, BY_DOCUMENT);
    if (!number_typed(p, normal))
        fields[0].error = page_text(p, not_a_number);
    if (service_asked(p) == NULL)
        fields[1].error = T(p, "Choose one.");
    if (!seen && !str_is(fields[2].value, BY_PHONE))
        fields[2].error = T(p, "Choose one.");
    if (seen && !assist_document_valid(fields[3].value))
        fields[3].error = T(p, "Write the last four letters or digits, as they stand in the document.");
    return form_wrong(fields, FIELDS);
}

static void post_assist(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct account person;
    char normal[32];
    bool real = true;
    struct err err;
    page_init(p, request, response);
    fields_of(p, fields);
    if (web_assists(p->visitor)) {
        http_problem(request, response, 409, "conflict", "%s",
                     N_("You act for somebody already. End that first."));
        return;
    }
    if (!begin_wrong(p, fields, normal)) {
        if (!factor_account(p->web->api.people, web_db(request), p->j->person_scheme, str_of(normal), &person,
                            &real, &err) ||
            (!real &&
             !asked_for_nobody(request, response, str_of(capacity_facts[CAPACITY_COUNTER].code),
                               p->visitor->office->purposes_n ? p->visitor->office->purposes[0]->id : STR(""),
                               &err))) {
            http_problem_err(request, response, &err);
            return;
        }
        if (real && str_is(fields[2].value, BY_PHONE)) {
            send_code(request, response, &person);
            return;
        }
        if (real) {
            begin_for(request, response, &person, service_asked(p), assist_document(p, fields[3].value));
            return;
        }
        fields[0].error = page_text(p, no_such_person);
    }
    http_status(response, 422);
    write_begin(p, fields);
}

static void post_code(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct factor_result result;
    char normal[32];
    uint8_t browser[32];
    struct err err;
    page_init(p, request, response);
    login_browser(request, response, browser);
    const struct service *s = service_asked(p);
    if (!number_typed(p, normal) || s == NULL || web_assists(p->visitor)) {
        http_problem(request, response, 422, "invalid", "%s", not_a_number);
        return;
    }
    const struct factor_attempt attempt = {.factor = FACTOR_SMS,
                                           .scheme = p->j->person_scheme,
                                           .number = str_of(normal),
                                           .typed = form_value(request, "code"),
                                           .address = http_client(request),
                                           .browser = browser};
    if (!factor_log_in(p->web->api.people, web_db(request), &attempt, clock_now(), &result, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (result.right) {
        begin_for(request, response, &result.account, s, STR(GROUND_PHONE));
        return;
    }
    http_status(response, result.wait != 0 ? 429 : 403);
    code_page(p, result.wait != 0 ? N_("Too many tries. Wait a little; each wrong try makes the wait longer.")
                                  : N_("These are not the digits of the last message."));
}

/* --- ending --- */

struct ending {
    struct web *web;
    const struct visitor *visitor;
    struct mandate mandate;
    struct told told;
    struct arena *arena;
};

static bool end(struct db *db, void *arg, struct err *err)
{
    struct ending *e = arg;
    const struct account account = account_of(&e->visitor->caller);
    bool changed;
    if (!mandate_revoke_in(e->web->api.people, db, &account, e->visitor->caller.mandate, clock_now(),
                           e->arena, &e->mandate, &changed, err))
        return false;
    e->told = told_of(e->visitor, &e->mandate, STR("ended"));
    e->told.reason = e->mandate.scope;
    e->told.nothing = !changed;
    return true;
}

static void post_end(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct ending e = {.web = web, .visitor = v, .arena = http_arena(request)};
    struct caller next = v->caller;
    uint64_t position = 0;
    struct err err;
    if (web_assists(v) &&
        !told_tx(web->api.gate, web_db(request), web->api.jurisdiction, end, &e, &e.told, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    next.acting = false;
    if (!web_renew(request, response, &next))
        return;
    http_redirect(response, 303, "/desk/assist");
    if (position != 0)
        http_hold(response, position);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/assist",
     .handler = get_assist,
     .access = WEB_COUNTER,
     .summary = "At the counter"},
    {.method = HTTP_POST,
     .path = "/desk/assist",
     .handler = post_assist,
     .access = WEB_COUNTER,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Act for the person in front of one"},
    {.method = HTTP_POST,
     .path = "/desk/assist/code",
     .handler = post_code,
     .access = WEB_COUNTER,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "The code that the person reads out"},
    {.method = HTTP_POST,
     .path = "/desk/assist/end",
     .handler = post_end,
     .access = WEB_COUNTER,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Act for them no more"},
};
const struct web_table web_assist = {routes, ARRAY_LEN(routes)};
