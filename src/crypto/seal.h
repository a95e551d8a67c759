/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h: authenticated encryption, XChaCha20-Poly1305 (libsodium).
 *
 * A sealed value is nonce[24] ‖ ciphertext ‖ tag[16]: SEAL_OVERHEAD bytes longer than its plain text. The
 * nonce is random. Associated data say where the value belongs, so that a value moved elsewhere does not
 * open.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define KEY_SIZE 32
#define SEAL_OVERHEAD 40

/* `out` has room for n + SEAL_OVERHEAD bytes and may not overlap `plain`. */
void seal(uint8_t *out, const uint8_t key[KEY_SIZE], const void *plain, size_t n, const void *ad,
          size_t ad_n);

/* `out` has room for n - SEAL_OVERHEAD bytes. False: wrong key, other place, or changed bytes; out then
 * holds zeros. */
MUST_USE bool seal_open(void *out, const uint8_t key[KEY_SIZE], const uint8_t *sealed, size_t n,
                        const void *ad, size_t ad_n);

/* The same with a nonce that the caller makes unique under the key; the value is ciphertext ‖ tag[16]. */
#define SEAL_TAG 16
#define SEAL_NONCE 24
void seal_with(uint8_t *out, const uint8_t key[KEY_SIZE], const uint8_t nonce[SEAL_NONCE], const void *plain,
               size_t n, const void *ad, size_t ad_n);
MUST_USE bool seal_open_with(void *out, const uint8_t key[KEY_SIZE], const uint8_t nonce[SEAL_NONCE],
                             const uint8_t *sealed, size_t n, const void *ad, size_t ad_n);

/* The same values as seal_with's, without associated data, for many nonces that begin alike: what the first
 * 16 bytes and the key give (HChaCha20) is computed once. */
#define SEAL_SERIES 16
void seal_series(uint8_t series[KEY_SIZE], const uint8_t key[KEY_SIZE], const uint8_t start[SEAL_SERIES]);
void seal_in_series(uint8_t *out, const uint8_t series[KEY_SIZE], uint64_t nonce_end, const void *plain,
                    size_t n);
MUST_USE bool seal_open_in_series(void *out, const uint8_t series[KEY_SIZE], uint64_t nonce_end,
                                  const uint8_t *sealed, size_t n);

#endif
