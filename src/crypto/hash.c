/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

#define BLOCK 64

void sha256_start(struct sha256 *hash)
{
    must(SHA256_Init(&hash->state) == 1);
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t n)
{
    if (n != 0)
        must(SHA256_Update(&hash->state, bytes, n) == 1);
}

void sha256_end(struct sha256 *hash, uint8_t out[HASH_SIZE])
{
    must(SHA256_Final(out, &hash->state) == 1);
}

void sha256(uint8_t out[HASH_SIZE], const void *bytes, size_t n)
{
    struct sha256 hash;
    sha256_start(&hash);
    sha256_add(&hash, bytes, n);
    sha256_end(&hash, out);
}

static void padded_key(struct sha256 *hash, const uint8_t key[BLOCK], uint8_t pad)
{
    uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    sha256_start(hash);
    sha256_add(hash, block, BLOCK);
    sodium_memzero(block, sizeof block);
}

void hmac_key_set(struct hmac_key *key, const void *bytes, size_t n)
{
    uint8_t block[BLOCK] = {0};
    if (n > BLOCK)
        sha256(block, bytes, n);
    else if (n != 0)
        memcpy(block, bytes, n);
    padded_key(&key->inner, block, 0x36);
    padded_key(&key->outer, block, 0x5c);
    sodium_memzero(block, sizeof block);
}

void hmac_start(struct hmac *mac, const struct hmac_key *key)
{
    mac->inner = key->inner;
    mac->outer = key->outer;
}

void hmac_add(struct hmac *mac, const void *bytes, size_t n)
{
    sha256_add(&mac->inner, bytes, n);
}

void hmac_end(struct hmac *mac, uint8_t out[HASH_SIZE])
{
    uint8_t inner[HASH_SIZE];
    sha256_end(&mac->inner, inner);
    sha256_add(&mac->outer, inner, sizeof inner);
    sha256_end(&mac->outer, out);
}

void hmac_sha256(uint8_t out[HASH_SIZE], const struct hmac_key *key, const void *bytes, size_t n)
{
    struct hmac mac;
    hmac_start(&mac, key);
    hmac_add(&mac, bytes, n);
    hmac_end(&mac, out);
}
