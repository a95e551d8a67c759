/* SPDX-License-Identifier: Apache-2.0 */
/* factor_private.h: the rows of all factors, and how each kind tries. */
#ifndef PEOPLE_FACTOR_PRIVATE_H
#define PEOPLE_FACTOR_PRIVATE_H

#include "people/factor.h"
#include "people/people_private.h"

/* Values of people_factor.kind; those below FACTOR_ROW_TOTP are code_kind. */
enum {
    FACTOR_ROW_TOTP = 10,
    FACTOR_ROW_TOTP_NEW,
    FACTOR_ROW_PHONE,
    FACTOR_ROW_PHONE_NEW,
    FACTOR_ROW_SMS,
    FACTOR_ROW_STOP /* of recovery.h; as many as there were messages */
};

struct factor_row {
    uint8_t tag[HASH_SIZE], owner[HASH_SIZE];
    int kind;
    int64_t ends; /* 0: none */
    struct str plain;
};

/* One row a (owner, kind): its tag is made of both. */
void factor_row_of(const struct people *people, const struct account *account, int kind,
                   struct factor_row *row);
MUST_USE bool factor_put(struct people *people, struct db *db, const struct factor_row *row,
                         struct arena *arena, struct err *err);
/* By tag. `ret_sealed` may be NULL. Found or not is no error; an ended row is not found. */
MUST_USE bool factor_get(struct people *people, struct db *db, struct factor_row *row, int64_t now,
                         struct arena *arena, bool *ret_found, struct str *ret_sealed, struct err *err);
/* Only if the row is still as it was read. */
MUST_USE bool factor_swap(struct people *people, struct db *db, const struct factor_row *row, struct str old,
                          struct arena *arena, bool *ret_done, struct err *err);
MUST_USE bool factor_drop(struct people *people, struct db *db, const struct account *account, int kind,
                          struct err *err);

void code_draw(char out[CODE_SIZE]);

/* What stands in an app's row, and a code that was typed: right, for a later step than the last accepted one?
 * The same work whatever the row is. */
#define TOTP_SECRET_SIZE 20
#define TOTP_ROW (TOTP_SECRET_SIZE + 1 + 8) /* secret ‖ ial ‖ last accepted step u64 */
MUST_USE bool totp_fits(struct str row, struct str typed, int64_t now, uint64_t *ret_step);
void totp_secret_text(char out[33], const uint8_t secret[TOTP_SECRET_SIZE]); /* base32 */

MUST_USE bool totp_try(struct people *people, struct db *db, const struct account *account, int kind,
                       struct str typed, int64_t now, bool *ret_right, unsigned *ret_ial, struct err *err);
MUST_USE bool sms_try(struct people *people, struct db *db, const struct account *account,
                      const uint8_t browser[32], struct str typed, int64_t now, bool *ret_right,
                      unsigned *ret_ial, struct err *err);
MUST_USE bool code_try(struct people *people, struct db *db, const struct account *account, struct str typed,
                       int64_t now, bool *ret_right, enum code_kind *ret_kind, unsigned *ret_ial,
                       struct err *err);

#endif
