/* SPDX-License-Identifier: Apache-2.0 */
#include "case/deadline.h"

#include "base/clock.h"

#define MINUTE (60 * CLOCK_SECOND)

static int32_t next_working_day(const struct jurisdiction *j, int32_t day)
{
    return jurisdiction_add_working_days(j, day, 1);
}

static int32_t plus_months(int32_t day, unsigned months)
{
    struct date date = date_of_days(day);
    unsigned month = (unsigned)date.month - 1 + months;
    date.year += (int)(month / 12);
    date.month = (int)(month % 12) + 1;
    while (!date_valid(date))
        date.day--;
    return date_days(date);
}

/* The moment from which the office counts, and the day before the first counted one. */
struct beginning {
    int64_t accepted;
    int32_t base;
    int64_t opening; /* for terms that run by the clock */
};

static struct beginning begin(const struct jurisdiction *j, enum timer_start start, int64_t time)
{
    int32_t day = local_day(j, time);
    unsigned minute = local_minute(j, time);
    struct beginning out = {time, day, time};
    if (start == START_AT_ONCE)
        return out;
    bool shut = !jurisdiction_working_day(j, day) || (j->office_to != 0 && minute >= j->office_to);
    if (start == START_NEXT_WORKING_DAY && shut) {
        day = next_working_day(j, day);
        out.accepted = local_moment(j, day, j->office_from);
    }
    int32_t first = start == START_NEXT_WORKING_DAY ? next_working_day(j, day) : day + 1;
    out.base = first - 1;
    out.opening = local_moment(j, first, j->office_from);
    return out;
}

static bool runs_by_clock(struct term term)
{
    return term.unit == TERM_MINUTES || term.unit == TERM_HOURS;
}

static int64_t clock_length(struct term term)
{
    return (int64_t)term.amount * (term.unit == TERM_HOURS ? 60 : 1) * MINUTE;
}

/* The last day of `term` when `base` is the day before its first. */
static int32_t last_day(const struct jurisdiction *j, int32_t base, struct term term)
{
    switch (term.unit) {
    case TERM_WORKING_DAYS: return jurisdiction_add_working_days(j, base, term.amount);
    case TERM_MONTHS: return plus_months(base, term.amount);
    case TERM_YEARS: return plus_months(base, term.amount * 12);
    default: return base + (int32_t)term.amount;
    }
}

/* Days of the term's kind after `base` and before `day`. */
static unsigned days_used(const struct jurisdiction *j, int32_t base, int32_t day, enum term_unit unit)
{
    unsigned used = 0;
    for (int32_t d = base + 1; d < day; d++)
        used += unit != TERM_WORKING_DAYS || jurisdiction_working_day(j, d);
    return used;
}

static enum calendar_state surest(const struct jurisdiction *j, int32_t from, int32_t to)
{
    enum calendar_state out = CALENDAR_DECREED;
    for (int year = date_of_days(from).year; year <= date_of_days(to).year; year++)
        out = MIN_OF(out, jurisdiction_calendar(j, year));
    return out;
}

static void count_by_clock(const struct jurisdiction *j, const struct service_timer *timer, int64_t start,
                           const struct pause *pauses, size_t n, struct deadline *d)
{
    int64_t length = clock_length(d->term), due = start + length;
    for (size_t i = 0; i < n && pauses[i].from < due; i++) {
        int64_t left = timer->again ? length : MIN_OF(due - pauses[i].from, length);
        if (pauses[i].until == 0) {
            d->paused = true;
            d->left = (unsigned)(left / MINUTE);
            return;
        }
        due = pauses[i].until + left;
    }
    d->due = due;
    d->day = local_day(j, due);
}

/* Months and years are turned into their days once a pause has broken into them. */
static struct term broken_term(const struct jurisdiction *j, int32_t base, struct term term)
{
    if (term.unit == TERM_WORKING_DAYS || term.unit == TERM_CALENDAR_DAYS)
        return term;
    return (struct term){(unsigned)(last_day(j, base, term) - base), TERM_CALENDAR_DAYS};
}

static void count_days(const struct jurisdiction *j, const struct service_timer *timer, int32_t base,
                       const struct pause *pauses, size_t n, struct deadline *d)
{
    struct term term = d->term;
    int32_t day = last_day(j, base, term);
    for (size_t i = 0; i < n && local_day(j, pauses[i].from) <= day; i++) {
        struct term broken = broken_term(j, base, term);
        unsigned used = days_used(j, base, local_day(j, pauses[i].from), broken.unit);
        unsigned left = used < broken.amount ? broken.amount - used : 1;
        if (pauses[i].until == 0) {
            d->paused = true;
            d->left = timer->again ? d->term.amount : left;
            return;
        }
        base = local_day(j, pauses[i].until);
        term = timer->again ? d->term : (struct term){left, broken.unit};
        day = last_day(j, base, term);
    }
    if (timer->ends_on_working_day && !jurisdiction_working_day(j, day))
        day = next_working_day(j, day);
    d->day = day;
}

static int32_t before(const struct jurisdiction *j, int32_t day, struct term term)
{
    if (term.unit == TERM_CALENDAR_DAYS)
        return day - (int32_t)term.amount;
    for (unsigned left = term.amount; left != 0;)
        left -= jurisdiction_working_day(j, --day);
    return day;
}

void deadline_count(const struct jurisdiction *j, const struct service_timer *timer, struct term term,
                    int64_t start, const struct pause *pauses, size_t pauses_n, struct deadline *ret)
{
    struct beginning b = begin(j, timer->start, start);
    *ret = (struct deadline){.term = term, .accepted = b.accepted, .by_clock = runs_by_clock(term)};
    if (ret->by_clock) {
        count_by_clock(j, timer, b.opening, pauses, pauses_n, ret);
    } else {
        count_days(j, timer, b.base, pauses, pauses_n, ret);
        if (!ret->paused)
            ret->due = local_midnight(j, ret->day + 1);
        if (!ret->paused && timer->start == START_AT_ONCE && pauses_n == 0 && !timer->ends_on_working_day) {
            ret->due = local_moment(j, ret->day, local_minute(j, start)) + start % MINUTE;
            ret->by_clock = true;
        }
    }
    if (ret->paused)
        ret->day = 0;
    else if (timer->hand_over.amount != 0)
        ret->hand_over = before(j, ret->day, timer->hand_over);
    ret->calendar = surest(j, local_day(j, start), ret->paused ? local_day(j, start) : ret->day);
}

bool deadline_passed(const struct deadline *deadline, int64_t now)
{
    return deadline->due != 0 && now >= deadline->due;
}

struct term timer_term(const struct service *s, const struct service_timer *timer, enum channel channel,
                       const struct rule_value *values, struct arena *arena, bool *ret_verified)
{
    for (size_t i = 0; values != NULL && i < timer->cases_n; i++) {
        struct rule_value holds = rule_eval(timer->cases[i].condition, values, arena);
        if (holds.known && holds.yes) {
            *ret_verified = timer->cases[i].verified;
            return timer->cases[i].term;
        }
    }
    *ret_verified = timer->verified;
    return channel < CHANNELS_N && timer->by_channel[channel].amount != 0 ? timer->by_channel[channel]
                                                                          : timer->term;
}

/* --- seasons --- */

bool service_open_on(const struct service *s, int32_t day)
{
    struct date date = date_of_days(day);
    unsigned now = (unsigned)(date.month * 100 + date.day);
    if (!s->has_window)
        return true;
    if (s->opens <= s->closes)
        return now >= s->opens && now <= s->closes;
    return now >= s->opens || now <= s->closes; /* over the new year */
}

int32_t service_next_opening(const struct service *s, int32_t day)
{
    for (int i = 0; i < 367 && !service_open_on(s, day); i++)
        day++;
    return day;
}
