/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h: token buckets and growing delays, in the state, so that every node counts alike.
 *
 * A bucket holds `burst` tokens and gets one back every `each` microseconds. Failures are counted by what
 * failed (an account from a network; an account as a whole): the next try waits 1 s, 2 s, 4 s ... up to an
 * hour, and after LIMIT_FAILURES_MAX without a success codes are no way in any more: a passkey or a counter
 * is. Strangers can thus slow an account's codes down, never its passkeys.
 */
#ifndef PEOPLE_LIMIT_H
#define PEOPLE_LIMIT_H

#include "people/people.h"

#define LIMIT_FAILURES_MAX 100
#define LIMIT_DELAY_MAX (3600 * CLOCK_SECOND)

struct limit_rule {
    const char *name;
    unsigned burst;
    int64_t each;
};
extern const struct limit_rule limit_network, limit_account, limit_phone_soon, limit_phone_day, limit_notice,
    limit_signing, limit_enrol, limit_stop;

/* *ret_wait 0: taken; else come back after so many microseconds. */
MUST_USE bool limit_take(struct people *people, struct db *db, const struct limit_rule *rule, struct str who,
                         int64_t now, int64_t *ret_wait, struct err *err);

/* What stands against a try: how long to wait, and failures so far. */
MUST_USE bool limit_failures(struct people *people, struct db *db, const char *what, struct str who,
                             int64_t now, int64_t *ret_wait, int64_t *ret_failures, struct err *err);
MUST_USE bool limit_failed(struct people *people, struct db *db, const char *what, struct str who,
                           int64_t now, struct err *err);
MUST_USE bool limit_clear(struct people *people, struct db *db, const char *what, struct str who,
                          struct err *err);

/* The network of a numeric address: IPv4 /24, IPv6 /48; other text as it is. */
#define LIMIT_NETWORK_SIZE 64
void limit_network_of(struct str address, char out[LIMIT_NETWORK_SIZE]);

#endif
