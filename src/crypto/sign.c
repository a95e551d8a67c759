/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/err.h"

struct sign_key {
    EVP_PKEY *pair;
    EVP_MD_CTX *context; /* kept, so that a signature allocates nothing of its own */
    sign_fn *elsewhere;  /* then `pair` holds the public key alone */
    void *arg;
};

struct sign_key *sign_key_new(const uint8_t seed[SIGN_SEED_SIZE])
{
    struct sign_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    key->pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_SIZE);
    key->context = EVP_MD_CTX_new();
    must(key->pair != NULL && key->context != NULL);
    return key;
}

struct sign_key *sign_key_elsewhere(const uint8_t public_key[SIGN_PUBLIC_SIZE], sign_fn *fn, void *arg)
{
    struct sign_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    key->pair = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC_SIZE);
    must(key->pair != NULL);
    key->elsewhere = fn;
    key->arg = arg;
    return key;
}

void sign_key_free(struct sign_key *key)
{
    if (key == NULL)
        return;
    EVP_MD_CTX_free(key->context); /* NULL is let through */
    EVP_PKEY_free(key->pair);
    free(key);
}

void sign_public(const struct sign_key *key, uint8_t out[SIGN_PUBLIC_SIZE])
{
    size_t n = SIGN_PUBLIC_SIZE;
    must(EVP_PKEY_get_raw_public_key(key->pair, out, &n) == 1 && n == SIGN_PUBLIC_SIZE);
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
    size_t out_n = SIGNATURE_SIZE;
    must(EVP_MD_CTX_reset(key->context) == 1);
    must(EVP_DigestSignInit(key->context, NULL, NULL, NULL, key->pair) == 1);
    must(EVP_DigestSign(key->context, out, &out_n, message, n) == 1 && out_n == SIGNATURE_SIZE);
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
