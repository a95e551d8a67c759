/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.h: when a term ends, by the working calendar of the jurisdiction, with its pauses.
 *
 * How it is counted:
 *  - A case that comes after office hours or on a day of rest is accepted when the next working day opens.
 *  - next-working-day: the first counted day is the working day after the day of acceptance. next-day: the
 * day after the event. at-once: from the moment itself; a term of days then ends at the same time of day.
 *  - Working days, calendar days, months and years end with their last day: `due` is the midnight that ends
 * it, the first moment that is too late. A month ends on the day of the same number, or on the last of a
 * shorter month. `ends: next-working-day` moves an end that falls on a day of rest.
 *  - Minutes and hours run by the clock, from the moment or from the opening of the first counted day.
 *  - A pause takes its own day and the day of resumption out of the count. Afterwards what was left runs on,
 * or the whole term again. A year whose holidays are provisional or unknown makes the answer so: `calendar`
 * says how sure it is. Everything is computed from the journal; nothing is stored. Times are microseconds of
 * clock.h.
 */
#ifndef CASE_DEADLINE_H
#define CASE_DEADLINE_H

#include "jurisdiction/service.h"

struct pause {
    int64_t from, until; /* until 0: still paused */
};

struct deadline {
    struct term term;
    bool verified;    /* of the term that was chosen */
    int64_t accepted; /* when the office took it as come */
    int64_t due;      /* the first moment that is too late; 0 while paused */
    int32_t day;      /* the last day, local; the day `due` falls on for terms that run by the clock */
    bool by_clock;    /* `due` is a moment within `day`, not its end */
    bool paused;
    unsigned left;     /* while paused: days that remain; minutes for terms that run by the clock */
    int32_t hand_over; /* the last day on which the office must hand over; 0: no such day */
    enum calendar_state calendar;
};

/* The term that holds: the first of the timer's cases whose condition is known to hold, else the channel's,
 * else the timer's own. `values` by symbol, evaluated; NULL: circumstances unknown. */
struct term timer_term(const struct service *s, const struct service_timer *timer, enum channel channel,
                       const struct rule_value *values, struct arena *arena, bool *ret_verified);

/* Counts from `start`. The pauses are in order and do not overlap. */
void deadline_count(const struct jurisdiction *j, const struct service_timer *timer, struct term term,
                    int64_t start, const struct pause *pauses, size_t pauses_n,
                    struct deadline *ret_deadline);
bool deadline_passed(const struct deadline *deadline, int64_t now);

/* The season in which a service can be filed. */
bool service_open_on(const struct service *s, int32_t day);
int32_t service_next_opening(const struct service *s, int32_t day); /* `day` itself when open */

#endif
