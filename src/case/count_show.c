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

static void hide_parts(struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->part[i] != 0)
            b->part[i] = COUNT_HIDDEN;
}

/* Four quarters of a block as everybody sees them. */
struct seen {
    size_t small;            /* quarters of which nothing is seen */
    size_t touched;          /* quarters whose total is seen and some parts are not */
    int64_t unseen;          /* sum of the small quarters' totals */
    unsigned hidden;         /* parts that are hidden in some quarter */
    bool same;               /* in each such quarter the same parts */
    int64_t rest[PARTS_MAX]; /* what is hidden of each part, over the quarters */
};

static struct seen see_quarters(const struct block quarter[4])
{
    struct seen seen = {.same = true};
    for (size_t q = 0; q < 4; q++) {
        struct block shown = protect(quarter[q]);
        unsigned hidden = 0;
        for (size_t i = 0; i < shown.n; i++)
            if (shown.part[i] == COUNT_HIDDEN) {
                hidden |= 1u << i;
                seen.rest[i] += quarter[q].part[i];
            }
        if (shown.total == COUNT_HIDDEN)
            seen.small++, seen.unseen += quarter[q].total;
        else if (hidden != 0)
            seen.touched++;
        seen.same &= hidden == 0 || seen.hidden == 0 || seen.hidden == hidden;
        seen.hidden |= hidden;
    }
    return seen;
}

/* The hidden parts of the quarters make a rectangle. Its rows' sums are known; with the year's parts its
 * columns' sums are too. What can be computed then are unions of rows and unions of columns, so that it is
 * enough to protect the columns as one protects a quarter, and to have two rows. */
static void show_rectangle(const struct seen *seen, struct block *year)
{
    struct block rest = {.n = year->n};
    for (size_t i = 0; i < year->n; i++)
        if (seen->hidden >> i & 1)
            rest.total += rest.part[i] = seen->rest[i];
    bool one_row = seen->touched + seen->small < 2;
    rest = protect(rest);
    for (size_t i = 0; i < year->n; i++)
        if ((seen->hidden >> i & 1) != 0 && (one_row || rest.part[i] == COUNT_HIDDEN))
            year->part[i] = COUNT_HIDDEN;
}

static struct block protect_year(const struct block quarter[4])
{
    struct block year = {.n = quarter[0].n};
    struct seen seen = see_quarters(quarter);
    for (size_t q = 0; q < 4; q++) {
        year.total += quarter[q].total;
        for (size_t i = 0; i < year.n; i++)
            year.part[i] += quarter[q].part[i];
    }
    if (seen.small != 0 && (seen.small < 2 || seen.unseen < COUNT_SMALL)) {
        year.total = COUNT_HIDDEN;
        for (size_t i = 0; i < year.n; i++)
            year.part[i] = COUNT_HIDDEN;
    } else if (seen.same) {
        show_rectangle(&seen, &year);
    } else {
        hide_parts(&year);
    }
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

#define STEP_MAX 10 /* percent */

static void add(int64_t *to, int64_t n)
{
    *to += n != COUNT_HIDDEN ? n : 0;
}

static void add_small(struct count_shares *s, size_t i, int64_t *to, int64_t n)
{
    add(to, n);
    s->some_hidden[i] |= n == COUNT_HIDDEN;
}

void count_sum(struct count_tally *sum, struct count_shares *shares, const struct count_tally *t,
               const struct count_figures *f)
{
    shares->period = f->period;
    shares->services += f->filed > 0 || f->decided > 0;
    add(&shares->filed, f->filed);
    add(&shares->decided, f->decided);
    add_small(shares, 0, &shares->returned, f->returned);
    add_small(shares, 1, &shares->withdrawn, f->withdrawn);
    add_small(shares, 2, &shares->annulled, f->annulled);
    add_small(shares, 3, &shares->overturned, f->overturned);
    for (size_t c = 0; c < CHANNELS_N && f->filed != COUNT_HIDDEN; c++)
        sum->by_channel[c] += t->by_channel[c];
    if (f->decided != COUNT_HIDDEN) {
        sum->refused += t->refused;
        sum->late += t->late;
        sum->overturned += t->overturned;
    }
    if (f->returned != COUNT_HIDDEN)
        sum->unlawful += t->unlawful;
}

/* Percent such that one step of this many people is COUNT_SMALL or more; 0: even the widest is not. */
static int step_of(int64_t whole)
{
    static const int steps[] = {1, 2, 5, STEP_MAX};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (whole * steps[i] >= COUNT_SMALL * 100)
            return steps[i];
    return 0;
}

static int share_of(int64_t part, int64_t whole, int step)
{
    if (step == 0)
        return COUNT_HIDDEN;
    return (int)((part * 100 * 2 + whole * step) / (whole * step * 2)) * step;
}

/* As few were refused as what is published leaves open: a step chosen by more would tell more. */
static int64_t refused_at_least(const struct count_shares *s)
{
    return s->refused == COUNT_HIDDEN ? 0 : MAX_OF(2 * s->refused - s->decided_step, 0) * s->decided / 200;
}

void count_share(const struct count_tally *sum, struct count_shares *s)
{
    int64_t *small[] = {&s->returned, &s->withdrawn, &s->annulled, &s->overturned};
    s->filed_step = step_of(s->filed);
    s->decided_step = step_of(s->decided);
    s->returned_step = step_of(s->returned);
    for (size_t c = 0; c < CHANNELS_N; c++)
        s->by_channel[c] = share_of(sum->by_channel[c], s->filed, s->filed_step);
    s->refused = share_of(sum->refused, s->decided, s->decided_step);
    s->late = share_of(sum->late, s->decided, s->decided_step);
    s->unlawful = share_of(sum->unlawful, s->returned, s->returned_step);
    s->refused_step = step_of(refused_at_least(s));
    s->overturned_share =
        share_of(MIN_OF(sum->overturned, sum->refused), MAX_OF(sum->refused, 1), s->refused_step);
    for (size_t i = 0; i < ARRAY_LEN(small); i++)
        if (*small[i] == 0 && s->some_hidden[i])
            *small[i] = COUNT_HIDDEN;
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
