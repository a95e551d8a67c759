/* SPDX-License-Identifier: Apache-2.0 */
/* calendar.h: working days of the place, and how sure its holidays are. */
#ifndef JURISDICTION_CALENDAR_H
#define JURISDICTION_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct jurisdiction;

struct holiday {
    int32_t day;
    bool working; /* a week-end day made a working day by transfer */
};

/* How sure the holidays of a year are: nobody knows (no list), computed ahead, or decreed. */
enum calendar_state { CALENDAR_UNKNOWN, CALENDAR_PROVISIONAL, CALENDAR_DECREED };

struct calendar_year {
    int year;
    enum calendar_state state;
};

/* Over all that terms are counted by: zone, days of rest, holidays and how sure they are, office hours. */
void jurisdiction_calendar_hash(const struct jurisdiction *j, uint8_t hash[32]);
enum calendar_state jurisdiction_calendar(const struct jurisdiction *j, int year);
bool jurisdiction_working_day(const struct jurisdiction *j, int32_t day);
int32_t jurisdiction_add_working_days(const struct jurisdiction *j, int32_t day, unsigned working_days);

#endif
