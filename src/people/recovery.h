/* SPDX-License-Identifier: Apache-2.0 */
/* recovery.h: coming back in after a loss, and the day in which that can be stopped.
 *
 * Whoever comes in by a printed code, or by any other code or a signature while the account has passkeys, may
 * be somebody else. For a day, what came of it only reads: the session, and keys made in it. Everything that
 * the account is reached by is told, and from any other log-in, or by a code that came with the message, it
 * is stopped with one press. Such a code says by itself whose it is, so that no number is typed; it opens
 * nothing, and is kept as a keyed hash.
 */
#ifndef PEOPLE_RECOVERY_H
#define PEOPLE_RECOVERY_H

#include "people/factor.h"

#define RECOVERY_COOLING CLOCK_DAY

/* From now on it can be stopped; a code for that, for the message. Inside the caller's transaction. */
MUST_USE bool recovery_begin(struct people *people, struct db *db, const struct account *account, int64_t now,
                             char ret_stop[CODE_SIZE], struct err *err);
/* Until when there is something to stop; 0: there is nothing. */
MUST_USE bool recovery_open(struct people *people, struct db *db, const struct account *account, int64_t now,
                            int64_t *ret_until, struct err *err);
/* Whose recovery a code stops; its text in the arena. Not found is no error. */
MUST_USE bool recovery_of_code(struct people *people, struct db *db, struct str typed, int64_t now,
                               struct arena *arena, bool *ret_found, struct account *ret_account,
                               struct err *err);
/* Ends keys in their first day, every session and token but `keep` (SHA-256 of its secret; NULL: none), and
 * all codes on paper. Other keys, the app and the phone stay. Inside the caller's transaction. */
MUST_USE bool recovery_stop(struct people *people, struct db *db, const struct account *account,
                            const uint8_t keep[32], int64_t now, struct err *err);

/* Does this session only read? By its way, or by a key in its first day. */
bool recovery_only_reads(const struct caller *caller);

#endif
