/* SPDX-License-Identifier: Apache-2.0 */
/* services.c: services for everybody: found by what happens in life or by a few letters, and read. */
#include "web/services.h"

#include "base/clock.h"
#include "case/count.h"
#include "people/mandate.h"
#include "web/login.h"
#include "web/web_private.h"

const uint8_t *subject_pid(const struct page *p)
{
    return p->visitor->caller.subject.pid;
}

int32_t page_today(const struct page *p)
{
    return local_day(p->j, clock_now());
}

bool service_covered(const struct page *p, const struct service *s)
{
    const struct caller *c = &p->visitor->caller;
    return !c->acting || scope_covers(c->scope, s->id);
}

/* People log in as people; an organisation is acted for. */
bool subject_is_organisation(const struct page *p)
{
    struct str scheme = {0}, number;
    struct err err;
    const struct caller *c = &p->visitor->caller;
    return c->acting &&
           people_number(p->web->api.people, web_db(p->request), &c->subject, p->arena, &scheme, &number,
                         &err) &&
           str_eq(scheme, p->j->organisation_scheme);
}

enum service_way service_way_of(const struct page *p, const struct service *s)
{
    if ((s->channels >> web_channel(p->visitor) & 1) == 0 || !service_open_on(s, page_today(p)) ||
        page_today(p) < s->valid_from)
        return BEGIN_ELSEWHERE;
    if ((p->visitor->access & WEB_PERSON) == 0)
        return BEGIN_LOG_IN;
    if (!(subject_is_organisation(p) ? s->organisations : s->persons))
        return BEGIN_NOT_YOURS;
    return service_covered(p, s) ? BEGIN_NOW : BEGIN_NOT_COVERED;
}

static bool way_with_draft(struct page *p, const struct service *s, enum service_way *ret, struct err *err)
{
    struct draft draft;
    bool found;
    *ret = service_way_of(p, s);
    if (*ret != BEGIN_NOW)
        return true;
    if (!draft_read(p->web->cases, web_db(p->request), s, subject_pid(p), p->arena, &draft, &found, err))
        return false;
    if (found)
        *ret = BEGIN_GO_ON;
    return true;
}

/* How long it really took, from the cases themselves; empty: none yet, or too few to be shown. */
static bool took(struct page *p, const struct service *s, struct str *ret, struct err *err)
{
    struct count_figures figures;
    bool found;
    *ret = STR("");
    if (!count_last_quarter(p->j, web_db(p->request), s->id, clock_now(), p->arena, &figures, &found, err))
        return false;
    if (!found || figures.median == COUNT_HIDDEN || figures.p90 == COUNT_HIDDEN)
        return true;
    *ret = TF(p, "last quarter half of the cases within {} days, nine of ten within {}",
              page_number(p, (uint64_t)figures.median), page_number(p, (uint64_t)figures.p90));
    return true;
}

/* --- pages --- */

static void get_services(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct sheet sheet;
    struct str query = {0}, all = {0};
    http_query(request, "q", &query);
    http_query(request, "all", &all);
    query = str_trim(query);
    if (query.n > 200) {
        http_problem(request, response, 400, "usage", "A few letters are enough.");
        return;
    }
    page_init(p, request, response);
    page_sheet(p, &sheet);
    services_page(&sheet, query, all.n != 0);
    page_draw(p, &sheet);
}

static const struct service *service_asked(struct http_request *request, struct http_response *response)
{
    const struct service *s = jurisdiction_service(web_of(request)->api.jurisdiction, http_part(request, 0));
    if (s == NULL)
        http_problem(request, response, 404, "not-found", "%s", "");
    return s;
}

static void get_service(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct service_view view;
    struct sheet sheet;
    struct err err;
    const struct service *s = service_asked(request, response);
    if (s == NULL)
        return;
    page_init(p, request, response);
    view.day = page_today(p);
    if (!way_with_draft(p, s, &view.way, &err) || !took(p, s, &view.took, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_sheet(p, &sheet);
    service_page(&sheet, s, &view);
    page_draw(p, &sheet);
}

static void post_start(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    uint64_t position;
    const struct service *s = service_asked(request, response);
    if (s == NULL)
        return;
    page_init(p, request, response);
    if (service_way_of(p, s) != BEGIN_NOW) {
        http_problem(
            request, response, 403, "not-allowed", "%s",
            N_("This service cannot be begun here: it is not open, not for you, or your mandate does "
               "not cover it."));
        return;
    }
    if (!login_reaches(request, response, s->minimum) || !draft_begin(p, s, &position))
        return;
    http_redirect(response, 303, arena_printf(p->arena, "/me/apply/%.*s", STR_ARG(s->id)));
    if (position != 0)
        http_hold(response, position);
}

/* --- life events --- */

static const struct life_event *event_asked(struct http_request *request, struct http_response *response)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    for (size_t i = 0; i < j->life_events_n; i++)
        if (str_eq(j->life_events[i].id, http_part(request, 0)))
            return &j->life_events[i];
    http_problem(request, response, 404, "not-found", "%s", "");
    return NULL;
}

static void get_life(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    const struct service **services;
    struct sheet sheet;
    struct err err;
    const struct life_event *event = event_asked(request, response);
    if (event == NULL)
        return;
    page_init(p, request, response);
    size_t n = life_services(p->j, event, p->arena, &services);
    enum service_way *ways = arena_array(p->arena, enum service_way, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!way_with_draft(p, services[i], &ways[i], &err)) {
            http_problem_err(request, response, &err);
            return;
        }
    page_sheet(p, &sheet);
    life_page(&sheet, event, services, ways, n);
    page_draw(p, &sheet);
}

/* All at once; the first one's questions come first. */
static void post_life(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    const struct service **services, *first = NULL;
    uint64_t position, highest = 0;
    const struct life_event *event = event_asked(request, response);
    if (event == NULL)
        return;
    page_init(p, request, response);
    size_t n = life_services(p->j, event, p->arena, &services);
    for (size_t i = 0; i < n; i++) {
        if (service_way_of(p, services[i]) != BEGIN_NOW)
            continue;
        if (!draft_begin(p, services[i], &position))
            return;
        highest = MAX_OF(highest, position);
        first = first ? first : services[i];
    }
    http_redirect(response, 303,
                  first ? arena_printf(p->arena, "/me/apply/%.*s", STR_ARG(first->id))
                        : arena_printf(p->arena, "/life/%.*s", STR_ARG(event->id)));
    if (highest != 0)
        http_hold(response, highest);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/services",
     .handler = get_services,
     .access = WEB_ANYONE,
     .summary = "Find a service"},
    {.method = HTTP_GET,
     .path = "/services/{service}",
     .handler = get_service,
     .access = WEB_ANYONE,
     .summary = "A service in five lines"},
    {.method = HTTP_POST,
     .path = "/services/{service}/start",
     .handler = post_start,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Begin, or go on"},
    {.method = HTTP_GET,
     .path = "/life/{event}",
     .handler = get_life,
     .access = WEB_ANYONE,
     .summary = "Services that belong together"},
    {.method = HTTP_POST,
     .path = "/life/{event}/start",
     .handler = post_life,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Begin all of them"},
};
const struct web_table web_services = {routes, ARRAY_LEN(routes)};
