/* SPDX-License-Identifier: Apache-2.0 */
/* es256.h: ECDSA over P-256 with SHA-256 (ES256 of RFC 7518 and RFC 9053) through OpenSSL: what phones,
 * browsers and the readers of paper codes all verify. A signature is r ‖ s, 64 bytes; a public key x ‖ y. */
#ifndef CRYPTO_ES256_H
#define CRYPTO_ES256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define ES256_SECRET_SIZE 32
#define ES256_PUBLIC_SIZE 64
#define ES256_SIZE 64

struct es256_key; /* owned by whoever made it; may be used by several threads at a time */

void es256_draw(uint8_t ret_secret[ES256_SECRET_SIZE]);
/* NULL: not a secret of this curve. */
struct es256_key *es256_key_new(const uint8_t secret[ES256_SECRET_SIZE]);
void es256_key_free(struct es256_key *key);
void es256_public(const struct es256_key *key, uint8_t out[ES256_PUBLIC_SIZE]);
/* A key that lives elsewhere (token.h) and may fail to sign. `arg` outlives it. */
typedef bool es256_fn(void *arg, uint8_t out[ES256_SIZE], const void *message, size_t n, struct err *err);
struct es256_key *es256_key_elsewhere(const uint8_t public_key[ES256_PUBLIC_SIZE], es256_fn *fn, void *arg);
/* `es256_sign` is for keys made from a secret, which cannot fail. */
void es256_sign(const struct es256_key *key, uint8_t out[ES256_SIZE], const void *message, size_t n);
MUST_USE bool es256_try(const struct es256_key *key, uint8_t out[ES256_SIZE], const void *message, size_t n,
                        struct err *err);
/* False also for a point that is not on the curve. */
MUST_USE bool es256_verify(const uint8_t public_key[ES256_PUBLIC_SIZE], const uint8_t signature[ES256_SIZE],
                           const void *message, size_t n);

/* A certificate of the key by itself (X.509, DER), valid between two times in seconds. `name` is its common
 * name, at most 64 bytes. */
MUST_USE bool es256_certificate(const struct es256_key *key, struct str name, int64_t from, int64_t until,
                                struct buf *out, struct err *err);
/* The public key in a certificate; false when it holds none of this curve. */
MUST_USE bool es256_of_certificate(struct str der, uint8_t ret_public[ES256_PUBLIC_SIZE]);

#endif
