/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/err.h"
#include "crypto/keys.h"

/* libsodium signs in less than half of OpenSSL's time, and each batch of the log waits for a signature. */
struct sign_key {
    uint8_t *secret; /* crypto_sign_SECRETKEYBYTES, guarded; NULL: it lives elsewhere */
    uint8_t public_key[SIGN_PUBLIC_SIZE];
    sign_fn *elsewhere;
    void *arg;
};

struct sign_key *sign_key_new(const uint8_t seed[SIGN_SEED_SIZE])
{
    struct sign_key *key = calloc(1, sizeof *key);
    must(key != NULL && sodium_init() >= 0);
    key->secret = secret_new(crypto_sign_SECRETKEYBYTES);
    must(crypto_sign_seed_keypair(key->public_key, key->secret, seed) == 0);
    return key;
}

struct sign_key *sign_key_elsewhere(const uint8_t public_key[SIGN_PUBLIC_SIZE], sign_fn *fn, void *arg)
{
    struct sign_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    memcpy(key->public_key, public_key, SIGN_PUBLIC_SIZE);
    key->elsewhere = fn;
    key->arg = arg;
    return key;
}

void sign_key_free(struct sign_key *key)
{
    if (key == NULL)
        return;
    if (key->secret != NULL)
        secret_free(key->secret);
    free(key);
}

void sign_public(const struct sign_key *key, uint8_t out[SIGN_PUBLIC_SIZE])
{
    memcpy(out, key->public_key, SIGN_PUBLIC_SIZE);
}

bool sign_try(struct sign_key *key, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n,
              struct err *err)
{
    if (key->elsewhere != NULL)
        return key->elsewhere(key->arg, out, message, n, err);
    sign(key, out, message, n);
    return true;
}

void sign(struct sign_key *key, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n)
{
    must(key->elsewhere == NULL);
    must(crypto_sign_detached(out, NULL, message, n, key->secret) == 0);
}

bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_SIZE], const uint8_t signature[SIGNATURE_SIZE],
                 const void *message, size_t n)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(key != NULL && context != NULL);
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
    bool good = EVP_DigestVerify(context, signature, SIGNATURE_SIZE, message, n) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!good)
        ERR_clear_error(); /* a bad signature is an answer here, no error for later callers to find */
    return good;
}
