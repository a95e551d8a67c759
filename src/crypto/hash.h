/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h: SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), streaming and one-shot, on OpenSSL's low-level
 * calls: one-shot EVP costs three times as much for the 65 bytes of a tree node. HMAC keys are expanded once.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#define HASH_SIZE 32

struct sha256 {
    SHA256_CTX state;
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t n);
void sha256_end(struct sha256 *hash, uint8_t out[HASH_SIZE]);
void sha256(uint8_t out[HASH_SIZE], const void *bytes, size_t n);

struct hmac_key {
    struct sha256 inner, outer; /* states after the padded key */
};

struct hmac {
    struct sha256 inner, outer;
};

void hmac_key_set(struct hmac_key *key, const void *bytes, size_t n);
void hmac_start(struct hmac *mac, const struct hmac_key *key);
void hmac_add(struct hmac *mac, const void *bytes, size_t n);
void hmac_end(struct hmac *mac, uint8_t out[HASH_SIZE]);
void hmac_sha256(uint8_t out[HASH_SIZE], const struct hmac_key *key, const void *bytes, size_t n);

#endif
