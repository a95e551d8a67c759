/* SPDX-License-Identifier: Apache-2.0 */
/* offer.h: services offered unasked (docs/services.md: proactive).
 *
 * An offer is raised in the transaction of what triggers it: a record written for a person (gate/write.h), or
 * a case granted to them. It is an entry in the person's list at the provider ("A service offered to you")
 * and a message, on a phone or by letter (notice.h); the provider itself learns nothing of it before the
 * person applies. Whoever accepts begins an application like anybody's, with what is known already; whoever
 * declines is not asked again for that event. An answer is an entry too, and stands nowhere else: no case,
 * queue or count knows of it. An offer that nobody answers ends by itself.
 *
 * The event: the case; a record of many; of a person's one record, what the offer's condition looks at (four
 * children, then five). Whoever has begun a service of which one can have one case at a time, or has such a
 * case, is not offered it.
 *
 * Rows are sealed and found by keyed tags, like all that stands beside cases; in the clear stand moments and
 * whether an answer was given.
 */
#ifndef CASE_OFFER_H
#define CASE_OFFER_H

#include "case/beside.h"

#define OFFER_ID_SIZE 27
#define OFFER_BY_LETTER "letter" /* outcome of an entry: the office that raised it has read it to send it */

enum offer_state { OFFER_OPEN, OFFER_ACCEPTED, OFFER_DECLINED, OFFER_EXPIRED };

struct offer {
    char id[OFFER_ID_SIZE];
    const struct service *service;
    enum offer_state state;
    int64_t made, until, answered;   /* answered 0: not */
    const struct registry *registry; /* of the record that raised it; NULL: a case did */
    struct str record;               /* its name among the person's records */
    struct str case_no;              /* of the case that raised it; empty: a record did */
    struct str act;                  /* of its entry: a page that shows the offer waits for it */
};

/* Newest first; those of services that the folder has no more are left out. */
MUST_USE bool offers_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], int64_t now,
                        size_t limit, struct arena *arena, struct offer **ret_list, size_t *ret_n,
                        struct err *err);
MUST_USE bool offers_open(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], int64_t now,
                          uint64_t *ret_n, struct err *err);
/* ERR_NOT_FOUND: this person was offered no such thing. */
MUST_USE bool offer_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                         int64_t now, struct arena *arena, struct offer *ret_offer, struct err *err);
/* Once: ERR_CONFLICT when it was answered, ERR_NOT_ALLOWED when its time is over. */
MUST_USE bool offer_answer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                           bool accept, struct str levels, int64_t now, struct arena *arena,
                           uint64_t *ret_position, struct err *err);

#endif
