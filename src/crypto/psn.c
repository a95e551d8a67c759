/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/psn.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define WIDE 64

void psn_share(uint8_t share[32], const uint8_t root[PSN_ROOT_SIZE], const char *sector, unsigned epoch)
{
    uint8_t wide[WIDE];
    char number[16];
    int n = snprintf(number, sizeof number, "|%u", epoch);
    crypto_auth_hmacsha512_state mac;
    crypto_auth_hmacsha512_init(&mac, root, PSN_ROOT_SIZE);
    crypto_auth_hmacsha512_update(&mac, (const uint8_t *)"aina/psn/1|", 11);
    crypto_auth_hmacsha512_update(&mac, (const uint8_t *)sector, strlen(sector));
    crypto_auth_hmacsha512_update(&mac, (const uint8_t *)number, (size_t)n);
    crypto_auth_hmacsha512_final(&mac, wide);
    crypto_core_ristretto255_scalar_reduce(share, wide);
    sodium_memzero(wide, sizeof wide);
    sodium_memzero(&mac, sizeof mac);
}

void psn_product(uint8_t key[32], const uint8_t share_1[32], const uint8_t share_2[32])
{
    crypto_core_ristretto255_scalar_mul(key, share_1, share_2);
}

void psn_step(uint8_t step[32], const uint8_t from[32], const uint8_t to[32])
{
    uint8_t inverse[32];
    psn_inverse(inverse, from);
    psn_product(step, to, inverse);
    sodium_memzero(inverse, sizeof inverse);
}

bool psn_ask(uint8_t asked[PSN_SIZE], const uint8_t blind[32], const uint8_t step_1[32],
             const uint8_t point[PSN_SIZE])
{
    return psn_multiply(asked, step_1, point) && psn_multiply(asked, blind, asked);
}

bool psn_answer(uint8_t answer[PSN_SIZE], const uint8_t step_2[32], const uint8_t asked[PSN_SIZE])
{
    return psn_multiply(answer, step_2, asked);
}

bool psn_take(uint8_t psn[PSN_SIZE], const uint8_t blind[32], const uint8_t answer[PSN_SIZE])
{
    uint8_t inverse[32];
    psn_inverse(inverse, blind);
    bool ok = psn_multiply(psn, inverse, answer);
    sodium_memzero(inverse, sizeof inverse);
    return ok;
}

void psn_inverse(uint8_t inverse[32], const uint8_t share[32])
{
    must(crypto_core_ristretto255_scalar_invert(inverse, share) == 0);
}

/* expand_message_xmd of RFC 9380 section 5.3.1 with SHA-512 and 64 bytes out: one block, so b_0 and b_1. */
void psn_hash_to_group(uint8_t point[32], const uint8_t pid[PID_SIZE])
{
    static const char dst[] = "AINA-PSN-V1-ristretto255_XMD:SHA-512_R255MAP_RO_";
    static const uint8_t zeros[128], length[] = {0, WIDE, 0}, first = 1, dst_n = sizeof dst - 1;
    uint8_t b[WIDE];
    crypto_hash_sha512_state hash;
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, zeros, sizeof zeros);
    crypto_hash_sha512_update(&hash, pid, PID_SIZE);
    crypto_hash_sha512_update(&hash, length, sizeof length);
    crypto_hash_sha512_update(&hash, (const uint8_t *)dst, dst_n);
    crypto_hash_sha512_update(&hash, &dst_n, 1);
    crypto_hash_sha512_final(&hash, b);

    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, b, sizeof b);
    crypto_hash_sha512_update(&hash, &first, 1);
    crypto_hash_sha512_update(&hash, (const uint8_t *)dst, dst_n);
    crypto_hash_sha512_update(&hash, &dst_n, 1);
    crypto_hash_sha512_final(&hash, b);
    crypto_core_ristretto255_from_hash(point, b);
}

bool psn_multiply(uint8_t out[PSN_SIZE], const uint8_t key[32], const uint8_t point[32])
{
    uint8_t product[PSN_SIZE];
    if (crypto_scalarmult_ristretto255(product, key, point) != 0)
        return false;
    memcpy(out, product, PSN_SIZE);
    return true;
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

void psn_text(char out[PSN_TEXT_SIZE], const uint8_t psn[PSN_SIZE])
{
    unsigned held = 0, bits = 0;
    char *at = out;
    for (size_t i = 0; i < PSN_SIZE; i++) {
        held = (held << 8 | psn[i]) & 0xFFFF;
        for (bits += 8; bits >= 5; bits -= 5)
            *at++ = letters[held >> (bits - 5) & 31];
    }
    *at++ = letters[held << (5 - bits) & 31];
    *at = '\0';
}

bool psn_parse(uint8_t psn[PSN_SIZE], struct str text)
{
    uint8_t bytes[PSN_SIZE];
    unsigned held = 0, bits = 0;
    size_t n = 0;
    if (text.n != PSN_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *letter = text.p[i] != '\0' ? strchr(letters, text.p[i]) : NULL;
        if (letter == NULL)
            return false;
        held = (held << 5 | (unsigned)(letter - letters)) & 0xFFFF;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[n++] = (uint8_t)(held >> bits);
        }
    }
    if ((held & ((1u << bits) - 1)) != 0 || crypto_core_ristretto255_is_valid_point(bytes) != 1 ||
        sodium_is_zero(bytes, sizeof bytes))
        return false;
    memcpy(psn, bytes, PSN_SIZE);
    return true;
}
