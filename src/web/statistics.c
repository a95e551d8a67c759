/* SPDX-License-Identifier: Apache-2.0 */
/* statistics.c: what became of cases, for everybody: counted from the cases (case/count.h), never reported.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "case/count.h"
#include "web/web_private.h"

#define PERIODS_MAX 20 /* quarters and years on offer, newest first */

/* --- words --- */

static struct str period_words(const struct page *p, struct count_period period)
{
    struct str year = str_of(arena_printf(p->arena, "%d", period.year));
    if (period.quarter == 0)
        return TF(p, "The whole of {}", year);
    return TF(p, "{}, quarter {}", year, page_number(p, (uint64_t)period.quarter));
}

static struct str number_words(const struct page *p, int64_t n)
{
    return n == COUNT_HIDDEN ? T(p, "not shown") : page_number(p, (uint64_t)n);
}

/* "12 (24 %)"; never a share of what is hidden. */
static struct str share_words(const struct page *p, int64_t part, int64_t whole)
{
    if (part == COUNT_HIDDEN || whole == COUNT_HIDDEN || whole == 0 || part == 0)
        return number_words(p, part);
    return str_of(arena_printf(p->arena, "%.*s (%lld %%)", STR_ARG(page_number(p, (uint64_t)part)),
                               (long long)((part * 100 + whole / 2) / whole)));
}

/* "12 of 50 (24 %)": with its denominator. */
static struct str part_words(const struct page *p, int64_t part, int64_t whole)
{
    if (part == COUNT_HIDDEN || whole == COUNT_HIDDEN || whole == 0)
        return number_words(p, part);
    return TF(p, "{} of {} ({} %)", page_number(p, (uint64_t)part), page_number(p, (uint64_t)whole),
              page_number(p, (uint64_t)((part * 100 + whole / 2) / whole)));
}

/* In a table a hidden figure is a dash; the page says so above it. */
static struct str cell_words(const struct page *p, int64_t part, int64_t whole)
{
    return part == COUNT_HIDDEN ? STR("–") : share_words(p, part, whole);
}

static struct str days_words(const struct page *p, int64_t days)
{
    if (days == COUNT_HIDDEN)
        return T(p, "not shown");
    if (days == 0)
        return T(p, "the same day");
    if (days == COUNT_DAYS - 1)
        return T(p, "more than a year");
    return TF(p, "days: {}", page_number(p, (uint64_t)days));
}

static struct str channel_words(const struct page *p, enum channel channel)
{
    static const char *const words[CHANNELS_N] = {
        [BY_WEB] = N_("On the web"),       [BY_SMS] = N_("By short message"),
        [BY_USSD] = N_("By keypad menu"),  [BY_VOICE] = N_("By telephone"),
        [BY_COUNTER] = N_("At a counter"), [BY_POINT] = N_("At a village point"),
        [BY_PAPER] = N_("On paper"),
    };
    return T(p, words[channel]);
}

static struct str service_name(const struct page *p, struct str id)
{
    const struct service *s = jurisdiction_service(p->j, id);
    return s != NULL ? page_texts(p, &s->name) : id;
}

static struct str office_name(const struct page *p, const struct count_figures *f)
{
    const struct agency *agency = jurisdiction_agency(p->j, f->agency);
    const struct office *office = agency ? jurisdiction_office(agency, f->office) : NULL;
    if (office == NULL)
        return str_of(arena_printf(p->arena, "%.*s/%.*s", STR_ARG(f->agency), STR_ARG(f->office)));
    return str_of(arena_printf(p->arena, "%.*s, %.*s", STR_ARG(page_texts(p, &agency->name)),
                               STR_ARG(page_texts(p, &office->name))));
}

/* Half within, nine of ten within. */
static struct str both_days(const struct page *p, const struct count_figures *f)
{
    if (f->median == COUNT_HIDDEN)
        return STR("–");
    return TF(p, "{} and {}", page_number(p, (uint64_t)f->median), page_number(p, (uint64_t)f->p90));
}

static void write_cells(struct table *table, const struct page *p, const struct count_figures *f)
{
    table_cell(table, cell_words(p, f->filed, 0));
    table_cell(table, cell_words(p, f->decided, 0));
    table_cell(table, cell_words(p, f->refused, f->decided));
    table_cell(table, cell_words(p, f->late, f->decided));
    table_cell(table, both_days(p, f));
}

/* --- periods on offer --- */

struct periods {
    struct count_period list[PERIODS_MAX];
    size_t n;
};

static int32_t today_of(const struct jurisdiction *j)
{
    return local_day(j, clock_now());
}

/* Quarters that are over, back to the first with a case, each year's last one after the year. */
static bool read_periods(const struct jurisdiction *j, struct db *db, struct periods *ret, struct err *err)
{
    struct count_period first, q = count_before(count_period_of(today_of(j)));
    *ret = (struct periods){0};
    if (!count_first(db, &first, err))
        return false;
    for (; first.year != 0 && ret->n + 2 <= PERIODS_MAX; q = count_before(q)) {
        if (q.year < first.year || (q.year == first.year && q.quarter < first.quarter))
            break;
        if (q.quarter == 4)
            ret->list[ret->n++] = (struct count_period){q.year, 0};
        ret->list[ret->n++] = q;
    }
    return true;
}

/* The period asked for; without one the last quarter. False: answered with what is wrong. */
static bool asked_period(struct http_request *request, struct http_response *response,
                         const struct jurisdiction *j, struct count_period *ret)
{
    struct str text = {0};
    http_query(request, "period", &text);
    *ret = count_before(count_period_of(today_of(j)));
    if (text.n == 0 || count_period_parse(text, ret))
        return true;
    http_problem(request, response, 400, "usage", "period is a quarter, 2026-Q3, or a year, 2025.");
    return false;
}

static void write_periods(struct page *p, const struct periods *periods, struct count_period chosen)
{
    struct form_option options[PERIODS_MAX];
    char *text = arena_take(p->arena, COUNT_PERIOD_SIZE, 1);
    count_period_text(chosen, text);
    for (size_t i = 0; i < periods->n; i++) {
        char *value = arena_take(p->arena, COUNT_PERIOD_SIZE, 1);
        count_period_text(periods->list[i], value);
        options[i] = (struct form_option){str_of(value), period_words(p, periods->list[i])};
    }
    filter_start(p, "/services/statistics");
    form_field(p, &(struct form_field){FORM_SELECT, "period", T(p, "Period"), .value = str_of(text),
                                       .options = options, .options_n = periods->n});
    filter_end(p);
}

/* --- all services --- */

static void write_channels(struct page *p, const struct count_figures *f)
{
    facts_start(p);
    for (unsigned c = 0; c < CHANNELS_N; c++)
        if (f->by_channel[c] != 0)
            fact(p, channel_words(p, (enum channel)c), part_words(p, f->by_channel[c], f->filed));
    facts_end(p);
}

/* "about 12 %": in steps of which each is ten people or more. */
static struct str about(const struct page *p, int percent, int step)
{
    if (percent == COUNT_HIDDEN)
        return T(p, "not shown");
    if (percent == 0)
        return TF(p, "less than {} %", page_number(p, (uint64_t)step));
    return TF(p, "about {} %", page_number(p, (uint64_t)percent));
}

static void write_total(struct page *p, const struct count_shares *t)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "All services together"));
    facts_start(p);
    fact(p, T(p, "Services with figures"), page_number(p, t->services));
    fact(p, T(p, "Filed"), page_number(p, (uint64_t)t->filed));
    fact(p, T(p, "Decided"), page_number(p, (uint64_t)t->decided));
    fact(p, T(p, "of them refused"), about(p, t->refused, t->decided_step));
    fact(p, T(p, "of them late"), about(p, t->late, t->decided_step));
    fact(p, T(p, "Refused, then granted after all"),
         t->overturned_share != COUNT_HIDDEN
             ? TF(p, "{} of those refused", about(p, t->overturned_share, t->refused_step))
             : number_words(p, t->overturned));
    fact(p, T(p, "Withdrawn by the person"), number_words(p, t->withdrawn));
    fact(p, T(p, "Returned to the person"), number_words(p, t->returned));
    fact(p, T(p, "of them asking for what a registry holds"), about(p, t->unlawful, t->returned_step));
    facts_end(p);
    MARKUP(p, "<h3>{}</h3>", T(p, "How people filed"));
    facts_start(p);
    for (unsigned c = 0; c < CHANNELS_N; c++)
        fact(p, channel_words(p, (enum channel)c), about(p, t->by_channel[c], t->filed_step));
    facts_end(p);
}

static int by_filed(const void *a, const void *b)
{
    const struct count_figures *x = a, *y = b;
    if (x->filed != y->filed)
        return x->filed < y->filed ? 1 : -1;
    int order = str_cmp(x->service, y->service);
    return order ? order : str_cmp(x->office, y->office);
}

static bool has_something(const struct count_figures *f)
{
    return f->filed > 0 || f->decided > 0;
}

static void write_row(struct table *table, struct page *p, const struct count_figures *f)
{
    table_row(table);
    table_cell_start(table);
    MARKUP(p, "<a href=\"/services/statistics/{}\">{}</a><br>{}", f->service, service_name(p, f->service),
           office_name(p, f));
    table_cell_end(table);
    write_cells(table, p, f);
}

static void write_services(struct page *p, struct count_figures *figures, size_t n, struct str caption)
{
    struct table table;
    struct str heads[] = {T(p, "Service and office"),
                          T(p, "Filed"),
                          T(p, "Decided"),
                          T(p, "Refused"),
                          T(p, "Late"),
                          T(p, "Days for half, and for nine of ten")};
    size_t small = 0;
    qsort(figures, n, sizeof *figures, by_filed);
    MARKUP(p, "<p>{}</p>",
           T(p, "A dash: not shown, because a group of fewer than ten people could be told."));
    table_start(&table, p, caption, heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < n; i++) {
        if (has_something(&figures[i]))
            write_row(&table, p, &figures[i]);
        else
            small++;
    }
    table_end(&table);
    if (small == 0)
        return;
    MARKUP(p, "<p>{}</p><ul>", T(p, "Fewer than ten cases, so nothing is shown:"));
    for (size_t i = 0; i < n; i++)
        if (!has_something(&figures[i]))
            MARKUP(p, "<li><a href=\"/services/statistics/{}\">{}</a></li>", figures[i].service,
                   service_name(p, figures[i].service));
    MARKUP(p, "</ul>");
}

static void write_method(struct page *p, struct str csv)
{
    MARKUP(p, "<h2>{}</h2><ul><li>{}</li><li>{}</li><li>{}</li><li>{}</li></ul>", T(p, "How this is counted"),
           T(p, "Every figure is counted from the steps of the cases themselves. No office reports or types "
                "one in, and a check recounts them all."),
           T(p, "A group of one to nine people is not shown, nor a figure from which it could be computed by "
                "subtracting. “Not shown” therefore does not always mean a small number. Shares of all "
                "services are told in steps of ten people or more."),
           T(p,
             "Only quarters that are over are shown. Late: decided after the day by which the law wanted it. "
             "The days run from filing to the decision, with week-ends and with the time in which the "
             "office waited for papers: what the person waited."),
           T(p, "The share of returns that asked for what a registry holds is what officials may not do: ask "
                "people for a paper that the state has."));
    MARKUP(p, "<p><a href=\"{}\">{}</a>. {}</p>", csv, T(p, "All figures as a file (CSV)"),
           T(p, "Open data, with the number of cases that each share is of; an empty cell is not shown."));
}

static void get_statistics(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct count_figures *figures;
    struct count_shares shares;
    struct count_period period;
    struct periods periods;
    struct err err;
    size_t n;
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    if (!asked_period(request, response, j, &period))
        return;
    page_init(p, request, response);
    if (!read_periods(j, web_db(request), &periods, &err) ||
        !count_read(j, web_db(request), period, STR(""), clock_now(), p->arena, &figures, &n, &shares,
                    &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "How public services work"), STR("/services"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "What became of applications, how long they really took, and what was asked of people against "
             "the rules."));
    if (periods.n != 0)
        write_periods(p, &periods, period);
    if (n == 0) {
        page_note(p, "info", T(p, "There are no figures for this period."));
    } else {
        write_total(p, &shares);
        MARKUP(p, "<h2>{}</h2>", T(p, "Service by service"));
        write_services(p, figures, n, period_words(p, period));
    }
    write_method(p, STR("/services/statistics.csv"));
    page_end(p);
}

/* --- one service --- */

static void write_period_row(struct table *table, const struct page *p, const struct count_figures *f)
{
    table_row(table);
    table_cell(table, period_words(p, f->period));
    write_cells(table, p, f);
}

static void write_latest(struct page *p, const struct count_figures *f)
{
    MARKUP(p, "<h2>{}</h2>", period_words(p, f->period));
    if (!has_something(f)) {
        page_note(p, "info", T(p, "Fewer than ten cases, so nothing is shown."));
        return;
    }
    facts_start(p);
    fact(p, T(p, "Half were decided within"), days_words(p, f->median));
    fact(p, T(p, "Nine of ten were decided within"), days_words(p, f->p90));
    fact(p, T(p, "Filed"), number_words(p, f->filed));
    fact(p, T(p, "Granted"), part_words(p, f->granted, f->decided));
    fact(p, T(p, "Refused"), part_words(p, f->refused, f->decided));
    fact(p, T(p, "Decided late"), part_words(p, f->late, f->decided));
    fact(p, T(p, "Refused, then granted after all"), number_words(p, f->overturned));
    fact(p, T(p, "Withdrawn by the person"), number_words(p, f->withdrawn));
    fact(p, T(p, "Returned to the person"), number_words(p, f->returned));
    fact(p, T(p, "of them asking for what a registry holds"), part_words(p, f->unlawful, f->returned));
    facts_end(p);
    MARKUP(p, "<h3>{}</h3>", T(p, "How people filed"));
    write_channels(p, f);
}

/* Of one service in all periods: one row a period and office. */
static bool read_all(const struct jurisdiction *j, struct db *db, const struct periods *periods,
                     struct str service, struct arena *arena, struct count_figures *ret, size_t max,
                     size_t *ret_n, struct err *err)
{
    *ret_n = 0;
    for (size_t i = 0; i < periods->n; i++) {
        struct count_figures *figures;
        size_t n;
        if (!count_read(j, db, periods->list[i], service, clock_now(), arena, &figures, &n, NULL, err))
            return false;
        for (size_t k = 0; k < n && *ret_n < max; k++)
            ret[(*ret_n)++] = figures[k];
    }
    return true;
}

#define ROWS_MAX (PERIODS_MAX * 4)

static void get_service_statistics(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct periods periods;
    struct table table;
    struct err err;
    size_t n;
    page_init(p, request, response);
    const struct service *s = jurisdiction_service(p->j, http_part(request, 0));
    if (s == NULL) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    struct count_figures *figures = arena_array(p->arena, struct count_figures, ROWS_MAX);
    if (!read_periods(p->j, web_db(request), &periods, &err) ||
        !read_all(p->j, web_db(request), &periods, s->id, p->arena, figures, ROWS_MAX, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, TF(p, "How it went: {}", page_texts(p, &s->name)), STR("/services/statistics"), NULL, 0);
    if (n == 0) {
        page_note(p, "info",
                  T(p, "There are no figures yet: figures stand here after the first quarter in "
                       "which somebody filed."));
    } else {
        size_t latest = 0;
        while (latest + 1 < n && figures[latest].period.quarter == 0)
            latest++;
        MARKUP(p, "<p>{}</p>", office_name(p, &figures[latest]));
        write_latest(p, &figures[latest]);
        struct str heads[] = {T(p, "Period"),  T(p, "Filed"), T(p, "Decided"),
                              T(p, "Refused"), T(p, "Late"),  T(p, "Days for half, and for nine of ten")};
        MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Quarter by quarter"),
               T(p, "A dash: not shown, because a group of fewer than ten people could be told."));
        table_start(&table, p, T(p, "Newest first"), heads, ARRAY_LEN(heads));
        for (size_t i = 0; i < n; i++)
            write_period_row(&table, p, &figures[i]);
        table_end(&table);
    }
    write_method(p, page_path(p, "/services/statistics.csv", "service", s->id, NULL));
    page_end(p);
}

/* --- open data --- */

static void get_csv(struct http_request *request, struct http_response *response)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    struct arena *arena = http_arena(request);
    struct str service = {"", 0};
    struct periods periods;
    struct err err;
    http_query(request, "service", &service);
    if (service.n != 0 && jurisdiction_service(j, service) == NULL) {
        http_problem(request, response, 400, "usage", "service is an id of the list of services.");
        return;
    }
    if (!read_periods(j, web_db(request), &periods, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_type(response, "text/csv; charset=utf-8");
    http_add_header(response, "Content-Disposition", "attachment; filename=\"services.csv\"");
    count_csv_head(http_out(response));
    for (size_t i = 0; i < periods.n; i++) {
        struct count_figures *figures;
        size_t n;
        if (!count_read(j, web_db(request), periods.list[i], service, clock_now(), arena, &figures, &n, NULL,
                        &err)) {
            http_problem_err(request, response, &err);
            return;
        }
        for (size_t k = 0; k < n; k++)
            count_csv_line(&figures[k], http_out(response));
    }
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/services/statistics",
     .handler = get_statistics,
     .access = WEB_ANYONE,
     .summary = "How public services work"},
    {.method = HTTP_GET,
     .path = "/services/statistics.csv",
     .handler = get_csv,
     .access = WEB_ANYONE,
     .summary = "The same as open data"},
    {.method = HTTP_GET,
     .path = "/services/statistics/{id}",
     .handler = get_service_statistics,
     .access = WEB_ANYONE,
     .summary = "How one service works"},
};
const struct web_table web_statistics = {routes, ARRAY_LEN(routes)};
