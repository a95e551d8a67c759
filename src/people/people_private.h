/* SPDX-License-Identifier: Apache-2.0 */
/* people_private.h: keys, and what the files of this room share. */
#ifndef PEOPLE_PEOPLE_PRIVATE_H
#define PEOPLE_PEOPLE_PRIVATE_H

#include "base/buf.h"
#include "crypto/cache.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "people/mandate.h"

struct people {
    uint8_t seal_key[KEY_SIZE];
    struct hmac_key index, form, challenge, account;
    struct people_ages ages;
    struct cache *numbers; /* pids by the number's tag: rows of the root register never change */
    struct gate *gate;     /* where registers are asked; may be NULL */
    const struct jurisdiction *j;
    struct db_group *log_ins; /* that are committed together */
    int zone_minutes;
};

/* A keyed name of an account, one for each use: who reads two tables cannot join them by it. */
void account_tag(const struct people *people, const struct account *account, const char *use,
                 uint8_t tag[HASH_SIZE]);

/* A row's text, bound to `ad`; the plain one is wiped. */
void people_seal(const struct people *people, struct buf *plain, struct str ad, struct arena *arena,
                 struct str *ret_sealed);
MUST_USE bool people_unseal(const struct people *people, struct str sealed, struct str ad, const char *table,
                            struct arena *arena, struct str *ret_plain, struct err *err);

/* For people/check.c: the row opens, is in its place, and its columns are what it says. */
MUST_USE bool root_row_right(const struct people *people, struct db_stmt *row, struct arena *arena,
                             struct err *err); /* columns tag, sealed, pid */
MUST_USE bool mandate_row_right(const struct people *people, struct db_stmt *row, struct arena *arena,
                                struct err *err); /* columns id, subject, actor, sealed, revoked */
MUST_USE bool passkey_row_right(const struct people *people, struct db_stmt *row, struct arena *arena,
                                struct err *err); /* columns tag, owner, sealed */

int32_t people_day(const struct people *people, int64_t time); /* the day there */

/* The root register by its row. people_find answers sooner for persons met lately: not for whoever must not
 * learn by the clock who is registered. */
void number_tag(const struct people *people, struct str scheme, struct str number, uint8_t tag[HASH_SIZE]);
MUST_USE bool root_find(const struct people *people, struct db *db, const uint8_t tag[HASH_SIZE],
                        bool *ret_found, uint8_t pid[PID_SIZE], struct err *err);
/* The work of opening a row where there is none, so that nobody learns that from the time it takes. */
void people_decoy_open(const struct people *people);

/* Off the front of what a row holds; false when it is cut short. */
bool take_bytes(struct str *rest, size_t n, struct str *ret_part);
bool take_u64(struct str *rest, uint64_t *ret_value);
bool take_byte(struct str *rest, uint8_t *ret_value);

/* Kind, then pid or staff code. */
void put_account(struct buf *out, const struct account *account);
bool take_account(struct str *rest, struct account *ret_account); /* its text points into the row */

void people_random_id(char out[MANDATE_ID_SIZE]); /* 130 random bits in Crockford's base32 */

static inline struct str bytes_of(const uint8_t *bytes, size_t n)
{
    return (struct str){(const char *)bytes, n};
}

#endif
