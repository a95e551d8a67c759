/* SPDX-License-Identifier: Apache-2.0 */
/* pay.c: invoices, the way to who takes the money, and their reports. */
#include "base/clock.h"
#include "case/payment.h"
#include "web/services.h"
#include "web/web_private.h"

#define LIST_MAX 100

static const char *state_words(enum invoice_state state)
{
    switch (state) {
    case INVOICE_OPEN: return N_("To be paid");
    case INVOICE_PAID: return N_("Paid");
    case INVOICE_REFUND: return N_("Is given back");
    default: return N_("Not owed any more");
    }
}

static struct str sum(const struct page *p, int64_t amount)
{
    return page_money(p, money_text(amount, p->arena));
}

static struct str title_of(const struct page *p, const struct invoice *i)
{
    return i->fee ? page_texts(p, &i->fee->name) : T(p, "A fee");
}

static void get_list(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct invoice *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    if (!invoices_of(p->web->beside, web_db(request), subject_pid(p), LIST_MAX, p->arena, &list, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Fees and payments"), STR("/me"), NULL, 0);
    if (n == 0)
        page_note(p, "info", T(p, "There is nothing to pay."));
    if (n != 0)
        MARKUP(p, "<ul class=\"ways\">");
    for (size_t i = 0; i < n; i++)
        MARKUP(p, "<li><a href=\"/me/pay/{}\">{}: {}</a><p>{}. {}</p></li>", str_of(list[i].id),
               title_of(p, &list[i]), sum(p, list[i].amount), page_text(p, state_words(list[i].state)),
               list[i].service ? page_texts(p, &list[i].service->name) : STR(""));
    if (n != 0)
        MARKUP(p, "</ul>");
    page_end(p);
}

/* The fee and what the provider takes for itself, apart. */
static void write_providers(struct page *p, const struct invoice *i)
{
    size_t n;
    const struct provider *list = providers_of(p->web->beside, &n);
    MARKUP(p, "<h2>{}</h2>", T(p, "Where to pay"));
    for (size_t k = 0; k < n; k++) {
        MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi></h3>", str_of(list[k].name));
        facts_start(p);
        fact(p, T(p, "Fee"), sum(p, i->amount));
        fact(p, T(p, "Its own commission"), sum(p, list[k].commission));
        fact(p, T(p, "Together"), sum(p, i->amount + list[k].commission));
        facts_end(p);
        if (list[k].url[0] != '\0')
            MARKUP(p, "<p><a class=\"button\" href=\"/me/pay/{}/{}\">{}</a></p>", str_of(i->id),
                   str_of(list[k].id), TF(p, "Pay: {}", str_of(list[k].name)));
        MARKUP(p, "</div>");
    }
    MARKUP(p, "<p>{}</p>", TF(p, "At a counter, a bank or a terminal say this number: {}", str_of(i->id)));
}

static void write_fee(struct page *p, const struct invoice *i)
{
    facts_start(p);
    fact(p, T(p, "Service"), i->service ? page_texts(p, &i->service->name) : STR(""));
    fact(p, T(p, "Amount"), sum(p, i->amount));
    fact(p, T(p, "Number of the invoice"), str_of(i->id));
    fact(p, T(p, "Case"), i->number);
    fact(p, T(p, "Made"), page_time(p, i->made));
    if (i->settled != 0)
        fact(p, T(p, "Paid on"), page_time(p, i->settled));
    if (i->fee != NULL) {
        const struct words w = page_words(p);
        fact(p, T(p, "By which law"), basis_words(&w, &i->fee->basis));
        fact(p, T(p, "When it is given back"), page_texts(p, &i->fee->refund));
        if (!i->fee->verified)
            fact(p, T(p, "Note"), T(p, "Unverified sample: no lawyer has compared this fee with the act."));
    }
    facts_end(p);
}

static void get_invoice(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct invoice i;
    struct err err;
    page_init(p, request, response);
    if (!invoice_read(p->web->beside, web_db(request), subject_pid(p), http_part(request, 0), p->arena, &i,
                      &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, title_of(p, &i), STR("/me/pay"), NULL, 0);
    page_note(p, i.state == INVOICE_OPEN ? "info" : "good", page_text(p, state_words(i.state)));
    write_fee(p, &i);
    if (i.state == INVOICE_OPEN)
        write_providers(p, &i);
    if (i.state == INVOICE_OPEN && p->web->demo)
        form_button(p, str_of(arena_printf(p->arena, "/me/pay/%s", i.id)), "/me/pay/{invoice}",
                    T(p, "Pretend to pay: this is a demonstration"), NULL);
    if (i.state == INVOICE_PAID && i.number.n == 0 && i.service != NULL)
        MARKUP(p, "<p><a class=\"button\" href=\"/me/apply/{}\">{}</a></p>", i.service->id,
               T(p, "Go on with the application"));
    page_end(p);
}

static void get_provider(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct invoice i;
    struct err err;
    size_t n;
    page_init(p, request, response);
    if (!invoice_read(p->web->beside, web_db(request), subject_pid(p), http_part(request, 0), p->arena, &i,
                      &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    const struct provider *list = providers_of(p->web->beside, &n);
    for (size_t k = 0; k < n; k++)
        if (str_is(http_part(request, 1), list[k].id) && list[k].url[0] != '\0' && i.state == INVOICE_OPEN) {
            http_redirect(response, 303, arena_printf(p->arena, "%s%s", list[k].url, i.id));
            return;
        }
    http_problem(request, response, 404, "not-found", "%s", "");
}

/* In a demonstration alone: nobody's money. */
static void post_pretend(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    uint64_t position;
    page_init(p, request, response);
    if (!p->web->demo || !p->visitor->caller.demo) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    if (!payment_pretend(p->web->beside, web_db(request), subject_pid(p), http_part(request, 0), clock_now(),
                         p->arena, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/pay/%.*s", STR_ARG(http_part(request, 0))));
    if (position != 0)
        http_hold(response, position);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/pay",
     .handler = get_list,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Fees and payments"},
    {.method = HTTP_GET,
     .path = "/me/pay/{invoice}",
     .handler = get_invoice,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "An invoice"},
    {.method = HTTP_POST,
     .path = "/me/pay/{invoice}",
     .handler = post_pretend,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Pretend to pay, in a demonstration"},
    {.method = HTTP_GET,
     .path = "/me/pay/{invoice}/{provider}",
     .handler = get_provider,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "To the provider's own page"},
};
const struct web_table web_pay = {routes, ARRAY_LEN(routes)};
