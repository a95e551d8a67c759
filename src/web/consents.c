/* SPDX-License-Identifier: Apache-2.0 */
/* consents.c: what a person allows agencies to look at, for how long; given and taken back here. */
#include "gate/consent.h"

#include "base/clock.h"
#include "web/entry.h"
#include "web/web_private.h"

static const uint8_t *pid_of(const struct page *p)
{
    return p->visitor->caller.person.pid;
}

/* Which fields of which registries the purpose opens. */
static void write_opens(struct page *p, const struct purpose *purpose)
{
    for (size_t r = 0; r < p->j->registries_n; r++) {
        const struct registry *registry = &p->j->registries[r];
        const struct lookup *lookup = registry_lookup(registry, purpose);
        struct buf out;
        buf_in(&out, p->arena, 8192);
        for (size_t f = 0; lookup != NULL && f < registry->fields_n; f++) {
            if ((lookup->fields >> f & 1) == 0)
                continue;
            buf_text(&out, out.n ? ", " : "");
            buf_str(&out, page_texts(p, &registry->fields[f].name));
        }
        if (lookup != NULL)
            fact(p, page_texts(p, &registry->name), buf_view(&out));
    }
}

static void write_hidden(struct page *p, const struct gate_consent *c)
{
    form_field(p, &(struct form_field){.kind = FORM_HIDDEN, .name = "agency", .value = c->agency->id});
    form_field(p, &(struct form_field){.kind = FORM_HIDDEN, .name = "purpose", .value = c->purpose->id});
}

static void write_give(struct page *p, const struct gate_consent *c)
{
    struct form_option *options = arena_array(p->arena, struct form_option, 3);
    options[0] = (struct form_option){STR("30"), TF(p, "for {} days", STR("30"))};
    options[1] = (struct form_option){STR("90"), TF(p, "for {} days", STR("90"))};
    options[2] = (struct form_option){STR("365"), TF(p, "for {} days", STR("365"))};
    form_start(p, STR("/me/consents/give"), "/me/consents/give");
    write_hidden(p, c);
    form_field(p, &(struct form_field){.kind = FORM_SELECT,
                                       .name = "days",
                                       .id = arena_printf(p->arena, "days-%.*s-%.*s", STR_ARG(c->agency->id),
                                                          STR_ARG(c->purpose->id)),
                                       .label = T(p, "How long"),
                                       .value = STR("30"),
                                       .options = options,
                                       .options_n = 3});
    form_end(p, N_("Give this consent"));
}

static void write_end(struct page *p, const struct gate_consent *c)
{
    form_start(p, STR("/me/consents/end"), "/me/consents/end");
    write_hidden(p, c);
    form_end_as(p, FORM_SECOND, N_("Take it back"));
}

static void write_consent(struct page *p, const struct gate_consent *c)
{
    MARKUP(p, "<section class=\"card {}\"><h2>{}</h2><p>{}</p>", c->until != 0 ? STR("good") : STR(""),
           page_texts(p, &c->purpose->name),
           TF(p, "Your list names each such look: “{}”.", page_texts(p, &c->purpose->plain)));
    facts_start(p);
    fact(p, T(p, "State"),
         c->until != 0 ? TF(p, "Given until {}", page_day(p, c->until)) : T(p, "Not given"));
    fact(p, T(p, "Agency"), page_texts(p, &c->agency->name));
    write_opens(p, c->purpose);
    fact(p, T(p, "Legal basis"), purpose_basis(p, c->purpose));
    facts_end(p);
    if (c->until != 0)
        write_end(p, c);
    else
        write_give(p, c);
    MARKUP(p, "<p class=\"small\"><a href=\"{}\">{}</a></p></section>",
           page_path(p, "/me/looks", "agency", c->agency->id, "purpose", c->purpose->id, NULL),
           T(p, "Looks that were made by it"));
}

static void get_consents(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_consent *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    if (!gate_consents(p->web->api.gate, web_db(request), pid_of(p), local_today(p->j), p->arena, &list, &n,
                       &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "My consents"), STR("/me"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "These looks need your consent. Without it they are refused; taken back, they are refused "
                "from that "
                "moment. Each change stands in your list."));
    for (size_t i = 0; i < n; i++)
        write_consent(p, &list[i]);
    if (n == 0)
        page_note(p, "info", T(p, "No agency asks for a consent."));
    page_end(p);
}

/* The form was sent twice: it is given, and its entry is written. */
static bool is_given_until(struct http_request *request, int32_t until, bool *ret_given, struct err *err)
{
    struct web *web = web_of(request);
    struct str agency = form_value(request, "agency"), purpose = form_value(request, "purpose");
    struct gate_consent *list;
    size_t n;
    *ret_given = false;
    if (!gate_consents(web->api.gate, web_db(request), web_visitor(request)->caller.person.pid,
                       local_today(web->api.jurisdiction), http_arena(request), &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        *ret_given |= list[i].until == until && str_eq(list[i].agency->id, agency) &&
                      str_eq(list[i].purpose->id, purpose);
    return true;
}

/* `days` 0: taken back. */
static void answer_change(struct http_request *request, struct http_response *response, int32_t days)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    int32_t today = local_today(web->api.jurisdiction);
    uint64_t position = 0;
    bool given = false;
    struct err err;
    bool ok = days == 0 || is_given_until(request, today + days, &given, &err);
    if (!ok ||
        (!given && !gate_consent_change(web->api.gate, web_db(request), v->caller.person.pid,
                                        form_value(request, "agency"), form_value(request, "purpose"),
                                        days ? today + days : 0, today, v->caller.levels, &position, &err))) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, "/me/consents");
    if (position != 0)
        http_hold(response, position);
}

static void post_give(struct http_request *request, struct http_response *response)
{
    uint64_t days;
    if (!text_u64(form_value(request, "days"), &days) || days == 0 || days > CONSENT_DAYS_MAX)
        http_problem(request, response, 422, "invalid", "%s", N_("Choose how long the consent shall hold."));
    else
        answer_change(request, response, (int32_t)days);
}

static void post_end(struct http_request *request, struct http_response *response)
{
    answer_change(request, response, 0);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/consents",
     .handler = get_consents,
     .access = WEB_PERSON,
     .summary = "My consents"},
    {.method = HTTP_POST,
     .path = "/me/consents/give",
     .handler = post_give,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Give a consent"},
    {.method = HTTP_POST,
     .path = "/me/consents/end",
     .handler = post_end,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Take a consent back"},
};
const struct web_table web_consents = {routes, ARRAY_LEN(routes)};
