/* SPDX-License-Identifier: Apache-2.0 */
/* gost_tool.c: the test authority's GOST hand: keys, signatures and hashes with nettle, a line in, a line
 * out.
 *
 *     key BITS             →  PRIVATE X Y       big-endian hex
 *     sign BITS PRIVATE M  →  R S               over Streebog-BITS of the bytes M (hex, "-" for none)
 *     hash BITS M          →  DIGEST
 */
#include <gmp.h>
#include <nettle/ecc-curve.h>
#include <nettle/gostdsa.h>
#include <nettle/streebog.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void random_fill(void *context, size_t n, uint8_t *out)
{
    (void)context;
    if (getrandom(out, n, 0) != (ssize_t)n)
        abort();
}

static const struct ecc_curve *curve_of(int bits)
{
    return bits == 512 ? nettle_get_gost_gc512a() : nettle_get_gost_gc256b();
}

static size_t hash_hex(int bits, const char *hex, uint8_t digest[64])
{
    size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *bytes = malloc(n + 1);
    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            abort();
        bytes[i] = (uint8_t)byte;
    }
    if (bits == 512) {
        struct streebog512_ctx state;
        streebog512_init(&state);
        streebog512_update(&state, n, bytes);
        streebog512_digest(&state, 64, digest);
    } else {
        struct streebog256_ctx state;
        streebog256_init(&state);
        streebog256_update(&state, n, bytes);
        streebog256_digest(&state, 32, digest);
    }
    free(bytes);
    return bits == 512 ? 64 : 32;
}

static void make_key(int bits)
{
    struct ecc_scalar secret;
    struct ecc_point point;
    mpz_t d, x, y;
    ecc_scalar_init(&secret, curve_of(bits));
    ecc_point_init(&point, curve_of(bits));
    gostdsa_generate_keypair(&point, &secret, NULL, random_fill);
    mpz_inits(d, x, y, NULL);
    ecc_scalar_get(&secret, d);
    ecc_point_get(&point, x, y);
    gmp_printf("%0*Zx %0*Zx %0*Zx\n", bits / 4, d, bits / 4, x, bits / 4, y);
    mpz_clears(d, x, y, NULL);
    ecc_scalar_clear(&secret);
    ecc_point_clear(&point);
}

static void make_signature(int bits, const char *private_hex, const char *message)
{
    struct ecc_scalar secret;
    struct dsa_signature pair;
    uint8_t digest[64];
    size_t n = hash_hex(bits, message, digest);
    mpz_t d;
    mpz_init_set_str(d, private_hex, 16);
    ecc_scalar_init(&secret, curve_of(bits));
    if (!ecc_scalar_set(&secret, d))
        abort();
    dsa_signature_init(&pair);
    gostdsa_sign(&secret, NULL, random_fill, n, digest, &pair);
    gmp_printf("%0*Zx %0*Zx\n", bits / 4, pair.r, bits / 4, pair.s);
    dsa_signature_clear(&pair);
    ecc_scalar_clear(&secret);
    mpz_clear(d);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, stdin) > 0) {
        const char *what = strtok(line, " \n"), *size = strtok(NULL, " \n");
        if (what == NULL || size == NULL)
            return 1;
        int bits = atoi(size);
        if (strcmp(what, "key") == 0) {
            make_key(bits);
        } else if (strcmp(what, "sign") == 0) {
            const char *secret = strtok(NULL, " \n"), *message = strtok(NULL, " \n");
            make_signature(bits, secret, message);
        } else {
            uint8_t digest[64];
            size_t n = hash_hex(bits, strtok(NULL, " \n"), digest);
            for (size_t i = 0; i < n; i++)
                printf("%02x", digest[i]);
            printf("\n");
        }
        fflush(stdout);
    }
    free(line);
    return 0;
}
