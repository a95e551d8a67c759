/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h: Ed25519 signatures (RFC 8032): made by libsodium, verified by OpenSSL. A signing key is made from a
 * 32-byte seed; signatures are deterministic, so signing the same checkpoint twice gives the same bytes. */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SIGN_SEED_SIZE 32
#define SIGN_PUBLIC_SIZE 32
#define SIGNATURE_SIZE 64

struct sign_key; /* owned by whoever made it; one thread at a time */

struct sign_key *sign_key_new(const uint8_t seed[SIGN_SEED_SIZE]) RETURNS_NONNULL;
/* A key that lives elsewhere (token.h) and may fail to sign. `arg` outlives it. */
typedef bool sign_fn(void *arg, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n, struct err *err);
struct sign_key *sign_key_elsewhere(const uint8_t public_key[SIGN_PUBLIC_SIZE], sign_fn *fn,
                                    void *arg) RETURNS_NONNULL;
void sign_key_free(struct sign_key *key);
void sign_public(const struct sign_key *key, uint8_t out[SIGN_PUBLIC_SIZE]);
/* `sign` is for keys made from a seed, which cannot fail. */
void sign(struct sign_key *key, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n);
MUST_USE bool sign_try(struct sign_key *key, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n,
                       struct err *err);
MUST_USE bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_SIZE], const uint8_t signature[SIGNATURE_SIZE],
                          const void *message, size_t n);

#endif
