/* SPDX-License-Identifier: Apache-2.0 */
/* count_show.c: which figures may be published; count.h says by which method and why. */
#include <stdio.h>

#include "base/clock.h"
#include "case/count.h"

/* --- periods --- */

struct count_period count_period_of(int32_t day)
{
    struct date date = date_of_days(day);
    return (struct count_period){date.year, (date.month - 1) / 3 + 1};
}

struct count_period count_before(struct count_period quarter)
{
    return quarter.quarter > 1 ? (struct count_period){quarter.year, quarter.quarter - 1}
                               : (struct count_period){quarter.year - 1, 4};
}

bool count_period_over(struct count_period period, int32_t day)
{
    struct count_period now = count_period_of(day);
    int last = period.quarter ? period.quarter : 4;
    return period.year < now.year || (period.year == now.year && last < now.quarter);
}

bool count_period_parse(struct str text, struct count_period *ret)
{
    uint64_t year, quarter = 0;
    if (text.n != 4 && text.n != 7)
        return false;
    if (!text_u64((struct str){text.p, 4}, &year) || year < COUNT_FIRST_YEAR)
        return false;
    if (text.n == 7 && (text.p[4] != '-' || text.p[5] != 'Q' || !text_u64(str_from(text, 6), &quarter) ||
                        quarter < 1 || quarter > 4))
        return false;
    *ret = (struct count_period){(int)year, (int)quarter};
    return true;
}

void count_period_text(struct count_period period, char out[COUNT_PERIOD_SIZE])
{
    if (period.quarter)
        snprintf(out, COUNT_PERIOD_SIZE, "%d-Q%d", period.year, period.quarter);
    else
        snprintf(out, COUNT_PERIOD_SIZE, "%d", period.year);
}

/* --- one block: a total and its parts --- */

#define PARTS_MAX CHANNELS_N

struct block {
    int64_t total, part[PARTS_MAX];
    size_t n;
};

static bool is_small(int64_t n)
{
    return n > 0 && n < COUNT_SMALL;
}

static bool is_safe(const struct block *b, const bool hidden[PARTS_MAX])
{
    int64_t sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (hidden[i])
            sum += b->part[i], n++;
    return n == 0 || (n > 1 && sum >= COUNT_SMALL);
}

static void hide_smallest(const struct block *b, bool hidden[PARTS_MAX])
{
    size_t at = b->n;
    for (size_t i = 0; i < b->n; i++)
        if (!hidden[i] && b->part[i] != 0 && (at == b->n || b->part[i] < b->part[at]))
            at = i;
    must(at < b->n); /* all parts together are the total, which is not small */
    hidden[at] = true;
}

static struct block protect(struct block b)
{
    bool hidden[PARTS_MAX] = {false};
    if (is_small(b.total)) {
        b.total = COUNT_HIDDEN;
        for (size_t i = 0; i < b.n; i++)
            b.part[i] = COUNT_HIDDEN;
        return b;
    }
    for (size_t i = 0; i < b.n; i++)
        hidden[i] = is_small(b.part[i]);
    while (!is_safe(&b, hidden))
        hide_smallest(&b, hidden);
    for (size_t i = 0; i < b.n; i++)
        if (hidden[i])
            b.part[i] = COUNT_HIDDEN;
    return b;
}

static bool is_whole(const struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->part[i] == COUNT_HIDDEN)
            return false;
    return b->total != COUNT_HIDDEN;
}

/* Nothing in it can be subtracted from anything. */
static bool shows_nothing(const struct block *b)
{
    return b->total == COUNT_HIDDEN || b->total == 0;
}

static struct block protect_year(const struct block quarter[4])
{
    struct block year = {.n = quarter[0].n};
    bool whole = true, nothing = true;
    for (size_t q = 0; q < 4; q++) {
        struct block shown = protect(quarter[q]);
        whole &= is_whole(&shown);
        nothing &= shows_nothing(&shown);
        year.total += quarter[q].total;
        for (size_t i = 0; i < year.n; i++)
            year.part[i] += quarter[q].part[i];
    }
    if (whole || nothing)
        return protect(year);
    year.total = COUNT_HIDDEN;
    for (size_t i = 0; i < year.n; i++)
        year.part[i] = COUNT_HIDDEN;
    return year;
}

/* --- the blocks of a tally --- */

enum { FILED_BLOCK, OUTCOME, TERM, RETURNS, WITHDRAWALS, ANNULMENTS, OVERTURNS, BLOCKS };

static void blocks_of(const struct count_tally *t, struct block out[BLOCKS])
{
    int64_t decided = t->granted + t->refused;
    out[FILED_BLOCK] = (struct block){.n = CHANNELS_N};
    for (size_t i = 0; i < CHANNELS_N; i++) {
        out[FILED_BLOCK].part[i] = t->by_channel[i];
        out[FILED_BLOCK].total += t->by_channel[i];
    }
    out[OUTCOME] = (struct block){decided, {t->granted, t->refused}, 2};
    out[TERM] = (struct block){decided, {t->late, decided - t->late}, 2};
    out[RETURNS] = (struct block){t->returned, {t->unlawful, t->returned - t->unlawful}, 2};
    out[WITHDRAWALS] = (struct block){.total = t->withdrawn};
    out[ANNULMENTS] = (struct block){.total = t->annulled};
    out[OVERTURNS] = (struct block){.total = t->overturned};
}

static void show(const struct block b[BLOCKS], struct count_figures *f)
{
    f->filed = b[FILED_BLOCK].total;
    memcpy(f->by_channel, b[FILED_BLOCK].part, sizeof f->by_channel);
    f->decided = b[OUTCOME].total != COUNT_HIDDEN ? b[OUTCOME].total : b[TERM].total;
    f->granted = b[OUTCOME].part[0];
    f->refused = b[OUTCOME].part[1];
    f->late = b[TERM].part[0];
    f->in_time = b[TERM].part[1];
    f->returned = b[RETURNS].total;
    f->unlawful = b[RETURNS].part[0];
    f->other_returned = b[RETURNS].part[1];
    f->withdrawn = b[WITHDRAWALS].total;
    f->annulled = b[ANNULMENTS].total;
    f->overturned = b[OVERTURNS].total;
}

/* The smallest number of days within which this share of the decided was decided. */
static int64_t percentile(const int64_t days[COUNT_DAYS], int64_t decided, unsigned percent)
{
    int64_t below = 0, wanted = (decided * percent + 99) / 100;
    for (int64_t d = 0; d < COUNT_DAYS; d++)
        if ((below += days[d]) >= wanted)
            return d;
    return COUNT_DAYS - 1;
}

static void show_days(const int64_t days[COUNT_DAYS], struct count_figures *f)
{
    bool shown = f->decided >= COUNT_SMALL;
    f->median = shown ? percentile(days, f->decided, 50) : COUNT_HIDDEN;
    f->p90 = shown ? percentile(days, f->decided, 90) : COUNT_HIDDEN;
}

void count_publish_quarter(const struct count_tally *tally, struct count_figures *ret)
{
    struct block blocks[BLOCKS];
    blocks_of(tally, blocks);
    for (size_t b = 0; b < BLOCKS; b++)
        blocks[b] = protect(blocks[b]);
    *ret = (struct count_figures){.service = tally->service,
                                  .agency = tally->agency,
                                  .office = tally->office,
                                  .period = tally->quarter};
    show(blocks, ret);
    show_days(tally->days, ret);
}

void count_publish_year(const struct count_tally quarters[4], struct count_figures *ret)
{
    struct block of[4][BLOCKS], blocks[BLOCKS];
    int64_t days[COUNT_DAYS] = {0};
    for (size_t q = 0; q < 4; q++) {
        blocks_of(&quarters[q], of[q]);
        for (size_t d = 0; d < COUNT_DAYS; d++)
            days[d] += quarters[q].days[d];
    }
    for (size_t b = 0; b < BLOCKS; b++)
        blocks[b] = protect_year((const struct block[4]){of[0][b], of[1][b], of[2][b], of[3][b]});
    *ret = (struct count_figures){.service = quarters[0].service,
                                  .agency = quarters[0].agency,
                                  .office = quarters[0].office,
                                  .period = {quarters[0].quarter.year, 0}};
    show(blocks, ret);
    show_days(days, ret);
}

/* --- over services --- */

static void add(int64_t *to, int64_t n)
{
    *to += n != COUNT_HIDDEN ? n : 0;
}

static bool filed_whole(const struct count_figures *f)
{
    bool whole = f->filed != COUNT_HIDDEN;
    for (size_t c = 0; c < CHANNELS_N; c++)
        whole &= f->by_channel[c] != COUNT_HIDDEN;
    return whole;
}

struct count_figures count_total(const struct count_figures *figures, size_t n)
{
    struct count_figures t = {.median = COUNT_HIDDEN, .p90 = COUNT_HIDDEN};
    for (size_t i = 0; i < n; i++) {
        const struct count_figures *f = &figures[i];
        t.period = f->period;
        if (filed_whole(f)) {
            t.filed_services++;
            t.filed += f->filed;
            for (size_t c = 0; c < CHANNELS_N; c++)
                t.by_channel[c] += f->by_channel[c];
        }
        if (f->granted != COUNT_HIDDEN) { /* the two parts are hidden together */
            t.outcome_services++;
            t.granted += f->granted;
            t.refused += f->refused;
        }
        if (f->late != COUNT_HIDDEN) {
            t.term_services++;
            t.late += f->late;
            t.in_time += f->in_time;
        }
        if (f->unlawful != COUNT_HIDDEN) {
            t.returned_services++;
            t.unlawful += f->unlawful;
            t.other_returned += f->other_returned;
        }
        add(&t.withdrawn, f->withdrawn);
        add(&t.annulled, f->annulled);
        add(&t.overturned, f->overturned);
    }
    t.decided = t.granted + t.refused;
    t.returned = t.unlawful + t.other_returned;
    return t;
}

/* --- open data --- */

void count_csv_head(struct buf *out)
{
    buf_text(out, "period,service,agency,office,filed");
    for (unsigned c = 0; c < CHANNELS_N; c++)
        buf_printf(out, ",filed_%s", channel_name((enum channel)c));
    buf_text(out, ",decided,granted,refused,late,in_time,overturned,withdrawn,annulled,returned,"
                  "returned_asking_for_what_a_registry_holds,returned_otherwise,median_days,p90_days\r\n");
}

static void csv_number(struct buf *out, int64_t n)
{
    buf_byte(out, ',');
    if (n != COUNT_HIDDEN)
        buf_u64(out, (uint64_t)n);
}

void count_csv_line(const struct count_figures *f, struct buf *out)
{
    const int64_t numbers[] = {f->decided,        f->granted,   f->refused,  f->late,     f->in_time,
                               f->overturned,     f->withdrawn, f->annulled, f->returned, f->unlawful,
                               f->other_returned, f->median,    f->p90};
    char period[COUNT_PERIOD_SIZE];
    count_period_text(f->period, period);
    buf_printf(out, "%s,%.*s,%.*s,%.*s", period, STR_ARG(f->service), STR_ARG(f->agency), STR_ARG(f->office));
    csv_number(out, f->filed);
    for (size_t c = 0; c < CHANNELS_N; c++)
        csv_number(out, f->by_channel[c]);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        csv_number(out, numbers[i]);
    buf_text(out, "\r\n");
}
