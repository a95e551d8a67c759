/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: time of day, steady time, and calendar dates.
 *
 * A time is int64 microseconds since 1970-01-01T00:00:00Z. A date is an int32 count of days since 1970-01-01
 * (proleptic Gregorian). Zones are fixed offsets in minutes, given by the jurisdiction; the process's own
 * time zone and locale are never used. Tests may move the clock through clock_set_offset().
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

#define CLOCK_SECOND INT64_C(1000000)
#define CLOCK_DAY (INT64_C(86400) * CLOCK_SECOND)

int64_t clock_now(void);    /* time of day, plus the offset below */
int64_t clock_steady(void); /* microseconds that never go back; only differences mean something */
void clock_set_offset(int64_t microseconds);

struct date {
    int year, month, day; /* month 1-12, day 1-31 */
};

int32_t date_days(struct date date);
struct date date_of_days(int32_t days);
bool date_valid(struct date date);
int date_weekday(int32_t days); /* 1 Monday ... 7 Sunday */
struct date date_of_time(int64_t time, int offset_minutes);
MUST_USE bool date_parse(struct str text, struct date *ret_date); /* YYYY-MM-DD */
/* The same, or day, month, year as people write them: 5.3.2026, 05/03/2026. */
MUST_USE bool date_typed(struct str text, struct date *ret_date);

#define TIME_TEXT_SIZE 32
void time_iso(int64_t time, char out[TIME_TEXT_SIZE]); /* YYYY-MM-DDThh:mm:ssZ, truncated to the second */
MUST_USE bool time_parse(struct str text, int64_t *ret_time); /* YYYY-MM-DDThh:mm:ssZ */

#endif
