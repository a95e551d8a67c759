/* SPDX-License-Identifier: Apache-2.0 */
/* offers.c: services that a person is offered unasked: what, why, by which record or case; accepted, which
 * begins an application, or declined, which does nothing else. */
#include "case/offer.h"

#include "base/clock.h"
#include "web/services.h"
#include "web/web_private.h"

#define LIST_MAX 100

static const uint8_t *pid_of(const struct page *p)
{
    return p->visitor->caller.person.pid;
}

static struct str state_words(const struct page *p, const struct offer *o)
{
    switch (o->state) {
    case OFFER_OPEN: return TF(p, "You can answer until {}", page_time(p, o->until));
    case OFFER_ACCEPTED: return TF(p, "You accepted it on {}", page_time(p, o->answered));
    case OFFER_DECLINED: return TF(p, "You declined it on {}", page_time(p, o->answered));
    case OFFER_EXPIRED: break;
    }
    return TF(p, "It ended on {}, unanswered", page_time(p, o->until));
}

static struct str offer_path(const struct page *p, const struct offer *o, const char *rest)
{
    return str_of(arena_printf(p->arena, "/me/offers/%s%s", o->id, rest));
}

static void get_list(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct offer *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    if (!offers_of(p->web->beside, web_db(request), pid_of(p), clock_now(), LIST_MAX, p->arena, &list, &n,
                   &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    struct sheet sheet;
    page_sheet(p, &sheet);
    sheet.title = T(p, "Offered to me");
    sheet.back = STR("/me");
    sheet_text(
        &sheet, "lead",
        T(p, "What the state knows of you sometimes means that something is due to you. You need not answer: "
             "declining does no harm, and nobody counts it."));
    if (n == 0)
        sheet_note(&sheet, "info", T(p, "Nothing is offered to you now."));
    for (size_t i = 0; i < n; i++)
        sheet_link(&sheet, page_texts(p, &list[i].service->name), offer_path(p, &list[i], ""),
                   state_words(p, &list[i]));
    page_draw(p, &sheet);
}

/* The offer of the address. False: answered. */
static bool read_offer_asked(struct page *p, struct http_request *request, struct http_response *response,
                             struct offer *ret)
{
    struct err err;
    page_init(p, request, response);
    if (offer_read(p->web->beside, web_db(request), pid_of(p), http_part(request, 0), clock_now(), p->arena,
                   ret, &err))
        return true;
    if (err.code == ERR_NOT_FOUND)
        http_problem(request, response, 404, "not-found", "%s", "");
    else
        http_problem_err(request, response, &err);
    return false;
}

/* What raised it, and where in the person's own list that stands. */
static void tell_cause(struct page *p, struct sheet *s, const struct offer *o)
{
    sheet_fact(s, T(p, "What happened"), page_texts(p, &o->service->proactive_trigger));
    if (o->registry != NULL)
        sheet_fact(s, T(p, "By this record"),
                   TF(p, "{}, kept by: {}", page_texts(p, &o->registry->name),
                      page_texts(p, &o->registry->holder->name)));
    else
        sheet_fact(s, T(p, "By this case"), o->case_no);
    sheet_fact(s, T(p, "Offered on"), page_time(p, o->made));
    sheet_fact(s, T(p, "By"), page_texts(p, &o->service->provider->name));
    sheet_text(s, "small",
               T(p, "The office above does not know of this offer: it learns of you only when you apply."));
}

static void lead_on(struct page *p, struct sheet *s, const struct offer *o)
{
    if (o->registry != NULL)
        sheet_link(s, T(p, "Who wrote the record, in my list"),
                   page_path(p, "/me/looks", "agency", o->registry->holder->id, NULL), STR(""));
    else if (o->case_no.n != 0)
        sheet_link(s, TF(p, "To the case {}", o->case_no),
                   words_of(&s->w, "/me/cases/%.*s", STR_ARG(o->case_no)), STR(""));
    sheet_link(s, T(p, "What it costs, how long it takes, the law"),
               words_of(&s->w, "/services/%.*s", STR_ARG(o->service->id)), STR(""));
}

static void ask_for_answer(struct page *p, struct sheet *s, const struct offer *o)
{
    sheet_text(
        s, NULL,
        T(p,
          "If you accept, an application begins with what is known already. You see everything before it is "
          "sent, and can stop at any page."));
    sheet_form(s, SHEET_POST, offer_path(p, o, "/accept"), "/me/offers/{id}/accept");
    sheet_button(s, T(p, "Accept and begin"));
    sheet_text(
        s, NULL,
        T(p,
          "If you decline, you are not asked again because of this. You can still apply whenever you like."));
    sheet_form(s, SHEET_POST, offer_path(p, o, "/decline"), "/me/offers/{id}/decline");
    sheet_button_second(s, T(p, "Decline"));
}

static void draw_offer(struct page *p, const struct offer *o)
{
    struct sheet sheet, *s = &sheet;
    page_sheet(p, s);
    s->title = page_texts(p, &o->service->name);
    s->back = STR("/me/offers");
    sheet_note(s, o->state == OFFER_OPEN ? "good" : "info", state_words(p, o));
    sheet_text(s, "lead", page_texts(p, &o->service->summary));
    sheet_heading(s, T(p, "Why you"));
    sheet_text(s, NULL, page_texts(p, &o->service->proactive_why));
    tell_cause(p, s, o);
    lead_on(p, s, o);
    if (o->state == OFFER_OPEN)
        ask_for_answer(p, s, o);
    page_draw(p, s);
}

static void get_one(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct offer o;
    uint64_t position;
    struct err err;
    if (!read_offer_asked(p, request, response, &o))
        return;
    /* The page waits for the entry that tells of the offer. */
    if (!gate_act_settle(p->web->api.gate, web_db(request), str_c(p->arena, o.act), &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    draw_offer(p, &o);
    if (position != 0)
        http_hold(response, position);
}

/* Pressed twice, or gone back to: the application is there already. */
static void post_accept(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct offer o;
    uint64_t read = 0, position = 0;
    struct err err;
    if (!read_offer_asked(p, request, response, &o))
        return;
    if (o.state == OFFER_OPEN && service_way_of(p, o.service) != BEGIN_NOW) {
        http_problem(
            request, response, 403, "not-allowed", "%s",
            N_("This service cannot be begun here: it is not open, not for you, or your mandate does "
               "not cover it."));
        return;
    }
    if (o.state == OFFER_OPEN && !draft_begin_offered(p, &o, &read))
        return;
    if (o.state != OFFER_ACCEPTED &&
        !offer_answer(p->web->beside, web_db(request), pid_of(p), http_part(request, 0), true,
                      p->visitor->caller.levels, clock_now(), p->arena, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/apply/%.*s", STR_ARG(o.service->id)));
    if (MAX_OF(read, position) != 0)
        http_hold(response, MAX_OF(read, position));
}

static void post_decline(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct offer o;
    uint64_t position = 0;
    struct err err;
    if (!read_offer_asked(p, request, response, &o))
        return;
    if (o.state != OFFER_DECLINED &&
        !offer_answer(p->web->beside, web_db(request), pid_of(p), http_part(request, 0), false,
                      p->visitor->caller.levels, clock_now(), p->arena, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/offers/%s", o.id));
    if (position != 0)
        http_hold(response, position);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/offers",
     .handler = get_list,
     .access = WEB_PERSON,
     .summary = "Offered to me"},
    {.method = HTTP_GET,
     .path = "/me/offers/{id}",
     .handler = get_one,
     .access = WEB_PERSON,
     .summary = "A service offered to me"},
    {.method = HTTP_POST,
     .path = "/me/offers/{id}/accept",
     .handler = post_accept,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Accept an offer"},
    {.method = HTTP_POST,
     .path = "/me/offers/{id}/decline",
     .handler = post_decline,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Decline an offer"},
};
const struct web_table web_offers = {routes, ARRAY_LEN(routes)};
