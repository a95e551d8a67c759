/* SPDX-License-Identifier: Apache-2.0 */
/* passkey.h: passkeys as state: whose they are, challenges, counters. Checking of bytes: webauthn.h.
 *
 * A challenge is not stored when it is given: it carries its own end (5 minutes) and a code over that, the
 * ceremony, the browser and, for enrolling, the account; so strangers' visits to the log-in page write
 * nothing. It is remembered when it is used, and is used once. A key's row is sealed and bound to its id and
 * its account.
 *
 * Counters: authenticators that do not count send 0 for ever. Where a counter does not grow, the key may have
 * been copied: an official is refused; a citizen is let in at a lower level and told (a synced passkey may do
 * it rightly). The number of the person need not be typed: the key says whose it is; if it is typed, it must
 * fit.
 */
#ifndef PEOPLE_PASSKEY_H
#define PEOPLE_PASSKEY_H

#include "people/people.h"
#include "people/webauthn.h"

#define PASSKEY_CHALLENGE_SIZE 48
#define PASSKEY_CHALLENGE_LIFE (5 * 60 * CLOCK_SECOND)
#define PASSKEY_HANDLE_SIZE 32
#define PASSKEY_MAX 16 /* of one account */

enum passkey_use { PASSKEY_ENROL = 1, PASSKEY_LOG_IN = 2 };

/* `browser`: SHA-256 of a cookie that only this browser has. `account` NULL for logging in. */
void passkey_challenge(struct people *people, enum passkey_use use, const uint8_t browser[32],
                       const struct account *account, int64_t now, uint8_t out[PASSKEY_CHALLENGE_SIZE]);
/* WebAuthn's user.id: keyed, so that it tells nobody who the account is. */
void passkey_handle(struct people *people, const struct account *account, uint8_t out[PASSKEY_HANDLE_SIZE]);

/* Refusals are not errors: *ret_refusal is NULL when accepted, else a word: those of webauthn.h, or
 * challenge-old, challenge-used, key-unknown, key-known, key-many, other-account, counter. */
struct passkey_enrolment {
    const struct webauthn_site *site;
    const struct webauthn_policy *policy;
    const uint8_t *browser;
    struct account account;
    unsigned ial;     /* how sure the enrolling session was of the person */
    int64_t ready;    /* until then the key logs in at aal 1 only; 0: at once. After a recovery by a printed
                         code:    a day, in which the other ways in can take it away */
    struct str label; /* what the person calls it */
    struct webauthn_registration registration;
};
MUST_USE bool passkey_enrol(struct people *people, struct db *db, const struct passkey_enrolment *enrolment,
                            int64_t now, const char **ret_refusal, struct err *err);

/* A session begun in the transaction that spends the challenge: one write for a log-in. */
struct passkey_session {
    struct str language, device;
    int64_t life_person, life_official; /* microseconds */
    char secret[PEOPLE_SECRET_SIZE];    /* given back */
};
struct passkey_log_in {
    struct passkey_session *session; /* NULL: none is wanted */
    const struct webauthn_site *site;
    const uint8_t *browser;
    const struct account *account; /* NULL: whoever the key's is */
    struct str id, handle;         /* of the credential; its user handle, may be empty */
    struct webauthn_assertion assertion;
};
struct passkey_result {
    struct account account; /* text in the arena */
    struct levels levels;
    bool counter_stuck; /* may have been copied: tell the person */
};
MUST_USE bool passkey_log_in(struct people *people, struct db *db, const struct passkey_log_in *log_in,
                             int64_t now, struct arena *arena, struct passkey_result *ret_result,
                             const char **ret_refusal, struct err *err);

struct passkey_listed {
    uint8_t tag[32];
    struct str id, label; /* in the arena */
    int64_t made, seen, ready;
    bool synced;
};
MUST_USE bool passkey_list(struct people *people, struct db *db, const struct account *account,
                           struct arena *arena, struct passkey_listed **ret_list, size_t *ret_n,
                           struct err *err);
MUST_USE bool passkey_count(struct people *people, struct db *db, const struct account *account,
                            uint64_t *ret_n, struct err *err);
/* ERR_NOT_FOUND when it is not the account's. */
MUST_USE bool passkey_remove(struct people *people, struct db *db, const struct account *account,
                             const uint8_t tag[32], struct err *err);

#endif
