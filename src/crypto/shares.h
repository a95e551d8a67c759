/* SPDX-License-Identifier: Apache-2.0 */
/* shares.h: a key split among people (Shamir over GF(2^8), libgfshare): any SHARES_NEEDED of SHARES_MADE give
 * it back, fewer tell nothing about it.
 *
 * A share on paper is 35 bytes in 14 groups of 4 and a check group: needed and own number in one byte, two
 * bytes that name the set, 32 bytes of share. Shares of different sets are never joined.
 */
#ifndef CRYPTO_SHARES_H
#define CRYPTO_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "crypto/seal.h"

#define SHARES_MADE 5
#define SHARES_NEEDED 3
#define SHARE_PAPER_SIZE 80
#define SHARE_SET_SIZE 5 /* four letters and NUL */

struct share {
    uint8_t needed, number; /* number 1..SHARES_MADE */
    uint8_t set[2];
    uint8_t bytes[KEY_SIZE];
};

/* A new random set. Every way to choose SHARES_NEEDED of them has been tried when it returns. */
void shares_split(const uint8_t key[KEY_SIZE], struct share shares[SHARES_MADE]);

/* Different shares of one set. That the key is the right one only what it opens can tell. */
MUST_USE bool shares_join(const struct share *shares, size_t n, uint8_t key[KEY_SIZE], struct err *err);

void share_to_paper(char out[SHARE_PAPER_SIZE], const struct share *share);
MUST_USE bool share_from_paper(struct share *ret_share, struct str text, struct err *err);
void share_set_name(char out[SHARE_SET_SIZE], const struct share *share); /* hex */

/* Whether typed letters are as many as a share has, and not as many as a whole key. */
bool paper_is_share(struct str text);

#endif
