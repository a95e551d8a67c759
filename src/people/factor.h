/* SPDX-License-Identifier: Apache-2.0 */
/* factor.h: ways in besides passkeys: codes given once (by letter, at a counter, printed for recovery), codes
 * of an authenticator app (TOTP, RFC 6238), codes by short message. None of them resists phishing.
 *
 * One-time codes are 50 random bits, ten of Crockford's letters and digits, "K7M2P-0Q9XD"; reading forgives
 * case, O for 0, I and L for 1, spaces and hyphens. They are stored as keyed hashes and used once. A code
 * opens an account only together with its number.
 *
 * factor_log_in does the same work, statement for statement, for a number that nobody has as for a wrong
 * code. Delays grow by account and network, so a stranger's failures do not stop the owner elsewhere; after
 * LIMIT_FAILURES_MAX of an account, codes are no way in until a passkey or a counter's code clears it.
 */
#ifndef PEOPLE_FACTOR_H
#define PEOPLE_FACTOR_H

#include "people/people.h"

/* --- codes given once --- */

enum code_kind {
    CODE_LETTER = 1,   /* to the registered address: 30 days, ial 1 */
    CODE_COUNTER = 2,  /* given after the document was seen: 1 day, ial 3 */
    CODE_RECOVERY = 3, /* one of ten printed: no end, ial of the session that made them */
    CODE_OFFICIAL = 4  /* enrolment of an official: 1 day */
};
#define CODE_SIZE 12 /* "K7M2P-0Q9XD" and NUL */
#define CODE_RECOVERY_N 10

/* A new code. Older ones of the same kind end; of recovery, all ten are made anew (`out` has ten rows). */
MUST_USE bool code_issue(struct people *people, struct db *db, const struct account *account,
                         enum code_kind kind, unsigned ial, int64_t now, char (*out)[CODE_SIZE],
                         struct err *err);
MUST_USE bool code_left(struct people *people, struct db *db, const struct account *account,
                        enum code_kind kind, int64_t now, uint64_t *ret_n, struct err *err);
/* "k7m2p 0q9xd" → "K7M2P0Q9XD"; false: not ten letters and digits of ours. */
bool code_normalise(struct str typed, char out[CODE_SIZE]);

/* --- authenticator apps --- */

#define TOTP_URI_SIZE 512
/* Draws a secret, to be confirmed by its first code; a confirmed one stays until then. The URI is for a QR
 * code, the text for typing. */
MUST_USE bool totp_start(struct people *people, struct db *db, const struct account *account, unsigned ial,
                         struct str issuer, struct str name, int64_t now, char ret_uri[TOTP_URI_SIZE],
                         char ret_secret[40], struct err *err);
MUST_USE bool totp_confirm(struct people *people, struct db *db, const struct account *account,
                           struct str typed, int64_t now, bool *ret_right, struct err *err);
MUST_USE bool totp_has(struct people *people, struct db *db, const struct account *account, bool *ret_has,
                       struct err *err);
MUST_USE bool totp_remove(struct people *people, struct db *db, const struct account *account,
                          struct err *err);

/* --- short messages --- */

/* Sends a six-digit code that this browser may use for five minutes and five tries. The text names the act
 * and ends with the line that binds it to `host` ("@aina.example #123456"). An account without a number: the
 * same work, no message. *ret_wait: too many were sent; come back then. */
MUST_USE bool sms_send(struct people *people, struct db *db, const char *folder,
                       const struct account *account, const uint8_t browser[32], struct str words,
                       struct str host, int64_t now, int64_t *ret_wait, struct err *err);
/* The number for messages: given by a session, confirmed by a code sent to it. */
MUST_USE bool phone_start(struct people *people, struct db *db, const char *folder,
                          const struct account *account, unsigned ial, struct str phone,
                          const uint8_t browser[32], struct str words, struct str host, int64_t now,
                          int64_t *ret_wait, struct err *err);
MUST_USE bool phone_confirm(struct people *people, struct db *db, const struct account *account,
                            const uint8_t browser[32], struct str typed, int64_t now, bool *ret_right,
                            struct err *err);
MUST_USE bool phone_remove(struct people *people, struct db *db, const struct account *account,
                           struct err *err);
MUST_USE bool phone_of(struct people *people, struct db *db, const struct account *account,
                       struct arena *arena, struct str *ret_phone, struct err *err);
/* A notice to the account's own phone; nothing where there is none, or where ten went out in a day. */
MUST_USE bool notice_send(struct people *people, struct db *db, const char *folder,
                          const struct account *account, struct str words, int64_t now, struct err *err);
/* "+7 701 000-00-00" → "+77010000000": a plus and 8 to 15 digits. */
bool phone_normalise(struct str typed, char out[20]);

/* --- logging in by one of them --- */

enum factor { FACTOR_CODE, FACTOR_TOTP, FACTOR_SMS };

struct factor_attempt {
    enum factor factor;
    struct str scheme, number; /* normalised, valid in its scheme; of an official: scheme "staff" */
    struct str typed;
    struct str address;     /* the client's */
    const uint8_t *browser; /* of FACTOR_SMS */
};
struct factor_result {
    bool right;
    int64_t wait; /* not right: it was not even tried; come back then */
    bool closed;  /* codes are no way in any more */
    struct account account;
    struct levels levels;
    bool enrols;    /* by an enrolment code: to be followed by enrolling a passkey */
    bool recovered; /* by a printed code: what is enrolled now is weak for a day */
};
MUST_USE bool factor_log_in(struct people *people, struct db *db, const struct factor_attempt *attempt,
                            int64_t now, struct factor_result *ret_result, struct err *err);
/* After a log-in by passkey: failures of codes are forgotten. */
MUST_USE bool factor_clear(struct people *people, struct db *db, const struct account *account,
                           struct err *err);

/* For log-in by number: the person, or a decoy that nobody has. */
MUST_USE bool factor_account(struct people *people, struct db *db, struct str scheme, struct str number,
                             struct account *ret_account, bool *ret_real, struct err *err);

#endif
