/* SPDX-License-Identifier: Apache-2.0 */
/* psn.h: sector pseudonyms, AINA-PSN-V1.
 *
 *     H2G(m)    = ristretto255_map(expand_message_xmd(SHA-512, m, DST, 64))
 *     k_{i,s,e} = HMAC-SHA-512(root_i, "aina/psn/1|" ‖ sector ‖ "|" ‖ epoch) mod L
 *     P_{s,e}   = k_1 · k_2 · H2G(pid)
 *
 * While both shares stand in one process, one multiplication by their product is enough (TRUST.md section 4).
 * The functions are written by share, so that a second, independent holder can later keep one of them.
 */
#ifndef CRYPTO_PSN_H
#define CRYPTO_PSN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

#define PID_SIZE 16
#define PSN_SIZE 32
#define PSN_ROOT_SIZE 32

/* The share of one key holder for a sector and epoch; and the product of two shares. */
void psn_share(uint8_t share[32], const uint8_t root[PSN_ROOT_SIZE], const char *sector, unsigned epoch);
void psn_product(uint8_t key[32], const uint8_t share_1[32], const uint8_t share_2[32]);
void psn_inverse(uint8_t inverse[32], const uint8_t share[32]);
/* to · from^-1: by it a pseudonym of one epoch or sector becomes one of another. Of shares, or of products.
 */
void psn_step(uint8_t step[32], const uint8_t from[32], const uint8_t to[32]);

void psn_hash_to_group(uint8_t point[32], const uint8_t pid[PID_SIZE]);

/* key · point. False: the point is not valid, or the result is the identity. Also translation and re-keying.
 */
MUST_USE bool psn_multiply(uint8_t out[PSN_SIZE], const uint8_t key[32], const uint8_t point[32]);

/* The same with the second holder apart, who sees nothing but a random point: the first blinds what it made
 * with its own step and asks; the second answers with its step; the first takes the blind away. */
MUST_USE bool psn_ask(uint8_t asked[PSN_SIZE], const uint8_t blind[32], const uint8_t step_1[32],
                      const uint8_t point[PSN_SIZE]);
MUST_USE bool psn_answer(uint8_t answer[PSN_SIZE], const uint8_t step_2[32], const uint8_t asked[PSN_SIZE]);
MUST_USE bool psn_take(uint8_t psn[PSN_SIZE], const uint8_t blind[32], const uint8_t answer[PSN_SIZE]);

/* base32 (RFC 4648, lower case, no padding): 52 characters and NUL. */
#define PSN_TEXT_SIZE 53
void psn_text(char out[PSN_TEXT_SIZE], const uint8_t psn[PSN_SIZE]);
/* False: not what psn_text writes of a pseudonym. */
MUST_USE bool psn_parse(uint8_t psn[PSN_SIZE], struct str text);

#endif
