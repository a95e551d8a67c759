/* SPDX-License-Identifier: Apache-2.0 */
/* booked.c: a person moves a booked time; an office sees its day. */
#include "base/clock.h"
#include "case/booking.h"
#include "web/web_private.h"

#define SLOTS_MAX 300
#define DAY_MAX 500

/* A day of the query; today when there is none or it is no day. */
static int32_t day_asked(const struct page *p)
{
    struct str text;
    struct date date;
    if (http_query(p->request, "day", &text) == 1 && date_parse(text, &date))
        return date_days(date);
    return local_day(p->j, clock_now());
}

static struct str day_text(const struct page *p, int32_t day)
{
    struct date d = date_of_days(day);
    return str_of(arena_printf(p->arena, "%04d-%02d-%02d", d.year, d.month, d.day));
}

static struct str hour_of(const char *slot)
{
    return str_of(slot + 11);
}

/* The person's own case with its booking; false: answered. */
static bool read_own(struct page *p, struct case_file *c, struct booking *booking)
{
    struct err err;
    bool found = false;
    bool ok =
        case_read(p->web->cases, web_db(p->request), http_part(p->request, 0), p->arena, c, &err) &&
        (memcmp(c->pid, p->visitor->caller.person.pid, PID_SIZE) == 0 ||
         err_set(&err, ERR_NOT_FOUND, "case", "there is no case of this number")) &&
        booking_of(p->web->beside, web_db(p->request), str_of(c->number), p->arena, &found, booking, &err) &&
        (found || err_set(&err, ERR_NOT_FOUND, "case", "nothing is booked in this case"));
    if (!ok)
        http_problem_err(p->request, p->response, &err);
    return ok;
}

/* Free times of one day as radios; the days before and after it that have any as links. */
static void write_slots(struct page *p, const struct booking *booking, const struct slot *slots, size_t n,
                        struct str error)
{
    struct form_option *options = arena_array(p->arena, struct form_option, n + 1);
    size_t options_n = 0;
    int32_t day = n != 0 ? local_day(p->j, slots[0].start) : 0, next = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t of = local_day(p->j, slots[i].start);
        if (of == day)
            options[options_n++] = (struct form_option){str_of(slots[i].text), hour_of(slots[i].text)};
        else if (next == 0)
            next = of;
    }
    struct form_field field = {.kind = FORM_RADIOS,
                               .name = "slot",
                               .label = TF(p, "Free times on {}", page_day(p, day)),
                               .error = error,
                               .options = options,
                               .options_n = options_n};
    const char *path = arena_printf(p->arena, "/me/booked/%s", booking->number);
    if (n == 0) {
        page_note(p, "info", T(p, "There is no free time from this day on."));
    } else {
        form_start(p, str_of(path), "/me/booked/{number}");
        form_field(p, &field);
        form_end(p, N_("Move the booking"));
    }
    if (next != 0)
        MARKUP(p, "<p><a href=\"{}\">{}</a></p>", page_path(p, path, "day", day_text(p, next), NULL),
               TF(p, "Free times on {}", page_day(p, next)));
    if (day > local_day(p->j, clock_now()))
        MARKUP(p, "<p><a href=\"{}\">{}</a></p>", page_path(p, path, NULL), T(p, "From the first free time"));
}

static void show(struct page *p, struct str error)
{
    struct case_file c;
    struct booking booking;
    struct slot *slots;
    size_t n;
    struct err err;
    if (!read_own(p, &c, &booking))
        return;
    size_t field = service_field(c.service, booking.field);
    if (field == NONE || !slots_free(p->web->beside, web_db(p->request), c.service, field, day_asked(p),
                                     clock_now(), SLOTS_MAX, p->arena, &slots, &n, &err)) {
        http_problem(p->request, p->response, 404, "not-found", "%s", "");
        return;
    }
    struct form_field wrong = {.name = "slot", .error = error};
    page_open(p, T(p, "Booked time"), str_of(arena_printf(p->arena, "/me/cases/%s", c.number)), &wrong, 1);
    facts_start(p);
    fact(p, T(p, "Service"), page_texts(p, &c.service->name));
    fact(p, T(p, "Booked"), page_time(p, booking.start));
    fact(p, T(p, "Office"), page_texts(p, &c.service->provider->name));
    facts_end(p);
    if (booking.start > clock_now())
        write_slots(p, &booking, slots, n, error);
    page_end(p);
}

static void get_booked(struct http_request *request, struct http_response *response)
{
    struct page page;
    page_init(&page, request, response);
    show(&page, STR(""));
}

static void post_booked(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    uint64_t position;
    page_init(p, request, response);
    struct str slot = form_value(request, "slot");
    if (slot.n == 0) {
        http_status(response, 422);
        show(p, T(p, "Choose one of the times."));
        return;
    }
    if (booking_move(p->web->beside, web_db(request), http_part(request, 0), p->visitor->caller.person.pid,
                     p->visitor->caller.levels, slot, clock_now(), p->arena, &position, &err)) {
        http_redirect(response, 303,
                      arena_printf(p->arena, "/me/booked/%.*s", STR_ARG(http_part(request, 0))));
        http_hold(response, position);
    } else if (err.code == ERR_CONFLICT || err.code == ERR_INVALID) {
        http_status(response, err.code == ERR_CONFLICT ? 409 : 422);
        show(p, T(p, "This time is not free any more. Choose another."));
    } else {
        http_problem_err(request, response, &err);
    }
}

/* --- an office's day --- */

static void get_day(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct booking *list;
    struct table table;
    size_t n;
    struct err err;
    page_init(p, request, response);
    int32_t day = day_asked(p);
    if (!bookings_of_office(p->web->beside, web_db(request), p->visitor->office, day, DAY_MAX, p->arena,
                            &list, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, TF(p, "Booked on {}", page_day(p, day)), STR("/desk"), NULL, 0);
    const struct str heads[] = {T(p, "Time"), T(p, "Service"), T(p, "Case")};
    if (n != 0) {
        table_start(&table, p, page_texts(p, &p->visitor->office->name), heads, ARRAY_LEN(heads));
        for (size_t i = 0; i < n; i++) {
            const struct service *s = jurisdiction_service(p->j, list[i].service);
            table_row(&table);
            table_cell(&table, hour_of(list[i].text));
            table_cell(&table, s != NULL ? page_texts(p, &s->name) : list[i].service);
            table_cell(&table, str_of(list[i].number));
        }
        table_end(&table);
    } else {
        page_note(p, "info", T(p, "Nothing is booked on this day."));
    }
    MARKUP(p, "<nav class=\"pages\" aria-label=\"{}\"><a href=\"{}\">{}</a><a href=\"{}\">{}</a></nav>",
           T(p, "Pages"), page_path(p, "/desk/day", "day", day_text(p, day - 1), NULL),
           T(p, "The day before"), page_path(p, "/desk/day", "day", day_text(p, day + 1), NULL),
           T(p, "The day after"));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/booked/{number}",
     .handler = get_booked,
     .access = WEB_PERSON,
     .summary = "A booked time"},
    {.method = HTTP_POST,
     .path = "/me/booked/{number}",
     .handler = post_booked,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Move a booked time"},
    {.method = HTTP_GET,
     .path = "/desk/day",
     .handler = get_day,
     .access = WEB_OFFICIAL | WEB_CASES,
     .summary = "What is booked today"},
};
const struct web_table web_booked = {routes, ARRAY_LEN(routes)};
