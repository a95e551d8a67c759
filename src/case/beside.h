/* SPDX-License-Identifier: Apache-2.0 */
/* beside.h: what stands beside cases and moves with their steps, in the same transaction: notices (notice.h),
 * co-signers (signer.h), fees (payment.h), files given with a form (attachment.h, scan.h), booked times
 * (booking.h).
 *
 * beside_new() registers with the cases; from then on every step is told, bars what it must bar, and what a
 * step gives up is given back. Commands that load or check have no ports: then no message leaves for a phone
 * and no fee bars anything.
 *
 * Rows are sealed under a key of their own and found by keyed tags, so that these tables join with no others.
 *
 * Threads: every call may be made from any thread with its own connection; beside_turn() from one thread at a
 * time, which is the keeper's where one is started.
 */
#ifndef CASE_BESIDE_H
#define CASE_BESIDE_H

#include "case/case.h"
#include "people/people.h"

struct beside;
struct scan_port;

struct beside_ports {                /* ways out of a program that serves; the texts must outlive it */
    const char *messages;            /* folder of short messages: people/message.h */
    const char *payments;            /* folder of invoices and providers: payment.h */
    const struct scan_port *scanner; /* scan.h; NULL: files are not scanned */
};

MUST_USE bool beside_migrate(struct db *db, struct err *err);
/* `cases`, `people` and the jurisdiction must outlive it. */
struct beside *beside_new(struct cases *cases, struct people *people, const struct jurisdiction *j,
                          const uint8_t master[KEY_SIZE]) RETURNS_NONNULL;
/* By a program that serves, before the first request. */
void beside_set_ports(struct beside *beside, const struct beside_ports *ports);
void beside_free(struct beside *beside);

/* What has to leave or has come: short messages, invoices; what has been left lying is swept away. Whatever
 * fails is tried again at the next turn; the error is for the operator. */
MUST_USE bool beside_turn(struct beside *beside, struct db *db, int64_t now, struct err *err);
/* A thread with a connection of its own that does so every second; and another one that looks through files
 * (scan.h) where there is a scanner. */
MUST_USE bool beside_keeper_start(struct beside *beside, const char *db_url, struct err *err);
void beside_keeper_stop(struct beside *beside);

#endif
