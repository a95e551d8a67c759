/* SPDX-License-Identifier: Apache-2.0 */
/* booking.h: times of a service's slot fields. A seat of a slot is one row with a unique key, taken in the
 * transaction of the filing: of two who ask for the last seat one gets it, and the other is told to choose
 * again (ERR_CONFLICT, the field as place). A case that is withdrawn, void or refused gives its seat back.
 *
 * Slots stand on the working calendar of the jurisdiction, within the term `ahead` of the service, and not in
 * the past. A slot's text is that of the answer: "2026-12-01 09:15", local time.
 */
#ifndef CASE_BOOKING_H
#define CASE_BOOKING_H

#include "case/beside.h"

#define SLOT_TEXT_SIZE 17
#define BOOKING_MOVED "move-booking" /* outcome of the entry; `reason` is the new time */

struct slot {
    char text[SLOT_TEXT_SIZE];
    int64_t start;
    unsigned free;
};
/* Free slots from this day on, in order, at most `limit`. */
MUST_USE bool slots_free(struct beside *b, struct db *db, const struct service *service, size_t field,
                         int32_t from, int64_t now, size_t limit, struct arena *arena, struct slot **ret_list,
                         size_t *ret_n, struct err *err);

struct booking {
    char number[CASE_NO_SIZE], text[SLOT_TEXT_SIZE];
    struct str service, field; /* ids */
    int64_t start;
};
MUST_USE bool booking_of(struct beside *b, struct db *db, struct str number, struct arena *arena,
                         bool *ret_found, struct booking *ret_booking, struct err *err);
/* An office's day, by time. Nothing of persons: the case says more, through its own entry. */
MUST_USE bool bookings_of_office(struct beside *b, struct db *db, const struct office *office, int32_t day,
                                 size_t limit, struct arena *arena, struct booking **ret_list, size_t *ret_n,
                                 struct err *err);

/* The applicant moves the booking: the old seat is given back and the new one taken, or neither. An entry in
 * their list, and a notice. ERR_CONFLICT: somebody else has it, or the booked time has passed. To cancel is
 * to withdraw the case. */
MUST_USE bool booking_move(struct beside *b, struct db *db, struct str number, const uint8_t pid[PID_SIZE],
                           struct str levels, struct str slot, int64_t now, struct arena *arena,
                           uint64_t *ret_position, struct err *err);

#endif
