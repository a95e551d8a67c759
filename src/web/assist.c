/* SPDX-License-Identifier: Apache-2.0 */
/* assist.c: at the counter. A clerk acts for the person in front of them: for one person, in one service, for
 * a quarter of an hour, after the person's document was seen or a code on their phone was read out. Nobody is
 * searched for: the number is typed. The person sees both ends of it in their list, can ask why, and can end
 * it from their own page; their phone is told. */
#include "people/mandate.h"

#include "base/clock.h"
#include "people/told.h"
#include "web/login.h"
#include "web/presence.h"
#include "web/web_private.h"

#define FIELDS 4

/* The code's page brings back which service. */
static const struct presence_form code_form = {.title = N_("At the counter"),
                                               .back = "/desk/assist",
                                               .action = "/desk/assist/code",
                                               .button = N_("Begin"),
                                               .kept = {"service"}};

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
    size_t n = services_of(p, services);
    fields[0] = presence_number(p);
    fields[1] = (struct form_field){.kind = FORM_SELECT,
                                    .name = "service",
                                    .label = T(p, "In which service"),
                                    .value = form_value(p->request, "service"),
                                    .options = services,
                                    .options_n = n};
    fields[2] = presence_way(p);
    fields[3] = presence_document(p);
}

static const struct service *service_asked(const struct page *p)
{
    const struct service *s = jurisdiction_service(p->j, form_value(p->request, "service"));
    return s != NULL && (s->channels >> BY_COUNTER & 1) ? s : NULL;
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
    form_button_as(p, FORM_SECOND, STR("/desk/assist/end"), "/desk/assist/end", T(p, "We are done"), NULL);
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

static const char phone_words[] =
    N_("Aina: somebody at a counter acts for you now. If you are not there, go to "
       "your page and end it.");

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
        !presence_tell_phone(request, person, phone_words, &err)) {
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

static bool begin_wrong(struct page *p, struct form_field fields[FIELDS], char normal[32])
{
    presence_check(p, &fields[0], &fields[2], &fields[3], normal);
    if (service_asked(p) == NULL)
        fields[1].error = T(p, "Choose one.");
    return form_wrong(fields, FIELDS);
}

static struct str nobody_purpose(const struct visitor *v)
{
    return v->office->purposes_n ? v->office->purposes[0]->id : STR("");
}

static void post_assist(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct present person;
    char normal[32];
    page_init(p, request, response);
    fields_of(p, fields);
    if (!presence_free(request, response))
        return;
    if (!begin_wrong(p, fields, normal)) {
        enum presence shown =
            presence_ask(p, &code_form, normal, str_of(capacity_facts[CAPACITY_COUNTER].code),
                         nobody_purpose(p->visitor), &fields[0], &person);
        if (shown == PRESENCE_SHOWN)
            begin_for(request, response, &person.account, service_asked(p), person.ground);
        if (shown != PRESENCE_NOBODY)
            return;
    }
    http_status(response, 422);
    write_begin(p, fields);
}

static void post_code(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct present person;
    page_init(p, request, response);
    const struct service *s = service_asked(p);
    if (s == NULL || web_assists(p->visitor))
        presence_not_a_number(p);
    else if (presence_code(p, &code_form, &person))
        begin_for(request, response, &person.account, s, person.ground);
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
