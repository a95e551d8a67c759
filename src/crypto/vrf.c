/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/vrf.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

#define POINT 32
#define SCALAR 32
#define CHALLENGE 16
#define WIDE 64

/* Domain separators of c2sp.org/vrf-r255. */
enum { DOMAIN_CHALLENGE = 0x02, DOMAIN_OUTPUT = 0x03, DOMAIN_NONCE = 0x81, DOMAIN_ENCODE = 0x82 };

static void hash_start(crypto_hash_sha512_state *hash, uint8_t domain)
{
    static const uint8_t suite[] = "\xff"
                                   "c2sp.org/vrf-r255";
    crypto_hash_sha512_init(hash);
    crypto_hash_sha512_update(hash, suite, sizeof suite - 1);
    crypto_hash_sha512_update(hash, &domain, 1);
}

static void encode_to_curve(uint8_t point[POINT], const uint8_t public_key[VRF_PUBLIC_SIZE],
                            const void *alpha, size_t n)
{
    uint8_t wide[WIDE];
    crypto_hash_sha512_state hash;
    hash_start(&hash, DOMAIN_ENCODE);
    crypto_hash_sha512_update(&hash, public_key, VRF_PUBLIC_SIZE);
    crypto_hash_sha512_update(&hash, alpha, n);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ristretto255_from_hash(point, wide);
}

static void challenge(uint8_t c[CHALLENGE], const uint8_t *const points[5])
{
    uint8_t wide[WIDE];
    crypto_hash_sha512_state hash;
    hash_start(&hash, DOMAIN_CHALLENGE);
    for (size_t i = 0; i < 5; i++)
        crypto_hash_sha512_update(&hash, points[i], POINT);
    crypto_hash_sha512_update(&hash, (const uint8_t[]){0}, 1);
    crypto_hash_sha512_final(&hash, wide);
    memcpy(c, wide, CHALLENGE);
}

static void gamma_to_output(uint8_t beta[VRF_OUTPUT_SIZE], const uint8_t gamma[POINT])
{
    crypto_hash_sha512_state hash;
    hash_start(&hash, DOMAIN_OUTPUT);
    crypto_hash_sha512_update(&hash, gamma, POINT);
    crypto_hash_sha512_update(&hash, (const uint8_t[]){0}, 1);
    crypto_hash_sha512_final(&hash, beta);
}

static void nonce(uint8_t k[SCALAR], const uint8_t secret[VRF_SECRET_SIZE], const uint8_t h[POINT])
{
    uint8_t wide[WIDE];
    crypto_hash_sha512_state hash;
    hash_start(&hash, DOMAIN_NONCE);
    crypto_hash_sha512_update(&hash, secret, VRF_SECRET_SIZE);
    crypto_hash_sha512_update(&hash, h, POINT);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ristretto255_scalar_reduce(k, wide);
    sodium_memzero(wide, sizeof wide);
    sodium_memzero(&hash, sizeof hash);
}

void vrf_secret_new(uint8_t secret[VRF_SECRET_SIZE])
{
    crypto_core_ristretto255_scalar_random(secret);
}

void vrf_public(uint8_t public_key[VRF_PUBLIC_SIZE], const uint8_t secret[VRF_SECRET_SIZE])
{
    must(crypto_scalarmult_ristretto255_base(public_key, secret) == 0);
}

bool vrf_output(uint8_t beta[VRF_OUTPUT_SIZE], const uint8_t secret[VRF_SECRET_SIZE],
                const uint8_t public_key[VRF_PUBLIC_SIZE], const void *alpha, size_t n)
{
    uint8_t h[POINT], gamma[POINT];
    encode_to_curve(h, public_key, alpha, n);
    if (crypto_scalarmult_ristretto255(gamma, secret, h) != 0)
        return false;
    gamma_to_output(beta, gamma);
    return true;
}

bool vrf_prove(uint8_t proof[VRF_PROOF_SIZE], const uint8_t secret[VRF_SECRET_SIZE],
               const uint8_t public_key[VRF_PUBLIC_SIZE], const void *alpha, size_t n)
{
    uint8_t h[POINT], gamma[POINT], u[POINT], v[POINT], k[SCALAR], c[SCALAR] = {0}, s[SCALAR];
    encode_to_curve(h, public_key, alpha, n);
    nonce(k, secret, h);
    bool done = crypto_scalarmult_ristretto255(gamma, secret, h) == 0 &&
                crypto_scalarmult_ristretto255_base(u, k) == 0 &&
                crypto_scalarmult_ristretto255(v, k, h) == 0;
    if (done) {
        challenge(c, (const uint8_t *const[]){public_key, h, gamma, u, v});
        crypto_core_ristretto255_scalar_mul(s, c, secret);
        crypto_core_ristretto255_scalar_add(s, s, k);
        memcpy(proof, gamma, POINT);
        memcpy(proof + POINT, c, CHALLENGE);
        memcpy(proof + POINT + CHALLENGE, s, SCALAR);
    }
    sodium_memzero(k, sizeof k);
    return done;
}

/* Only the least form of a scalar is valid, so that a proof cannot be written in two ways. */
static bool scalar_canonical(const uint8_t s[SCALAR])
{
    uint8_t wide[WIDE] = {0}, reduced[SCALAR];
    memcpy(wide, s, SCALAR);
    crypto_core_ristretto255_scalar_reduce(reduced, wide);
    return memcmp(reduced, s, SCALAR) == 0;
}

/* out = s·base - c·point; `base` NULL is the generator. */
static bool commitment(uint8_t out[POINT], const uint8_t s[SCALAR], const uint8_t *base,
                       const uint8_t c[SCALAR], const uint8_t point[POINT])
{
    uint8_t left[POINT], right[POINT];
    return (base != NULL ? crypto_scalarmult_ristretto255(left, s, base)
                         : crypto_scalarmult_ristretto255_base(left, s)) == 0 &&
           crypto_scalarmult_ristretto255(right, c, point) == 0 &&
           crypto_core_ristretto255_sub(out, left, right) == 0;
}

bool vrf_verify(uint8_t beta[VRF_OUTPUT_SIZE], const uint8_t public_key[VRF_PUBLIC_SIZE],
                const uint8_t proof[VRF_PROOF_SIZE], const void *alpha, size_t n)
{
    const uint8_t *gamma = proof, *s = proof + POINT + CHALLENGE;
    uint8_t h[POINT], u[POINT], v[POINT], c[SCALAR] = {0}, expected[CHALLENGE];
    memcpy(c, proof + POINT, CHALLENGE);
    encode_to_curve(h, public_key, alpha, n);
    /* Multiplication refuses bytes that are no point, and the identity as public key or gamma. */
    if (!scalar_canonical(s) || !commitment(u, s, NULL, c, public_key) || !commitment(v, s, h, c, gamma))
        return false;
    challenge(expected, (const uint8_t *const[]){public_key, h, gamma, u, v});
    if (sodium_memcmp(expected, c, CHALLENGE) != 0)
        return false;
    gamma_to_output(beta, gamma);
    return true;
}
