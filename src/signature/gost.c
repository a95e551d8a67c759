/* SPDX-License-Identifier: Apache-2.0 */
/* gost.c: GOST R 34.10-2012 (the same mathematics as GOST 34.10-2015) with nettle, in either encoding. */
#include <nettle/ecc-curve.h>
#include <nettle/gostdsa.h>
#include <stdlib.h>

#include "base/err.h"
#include "signature/algorithm_private.h"

static size_t half_size(enum key_method method)
{
    return method == KEY_GOST_512_A ? 64 : 32;
}

static void number_of(mpz_t out, const uint8_t *bytes, size_t n, bool big_endian)
{
    mpz_import(out, n, big_endian ? 1 : -1, 1, 0, 0, bytes);
}

/* The key's BIT STRING holds an OCTET STRING with X then Y. */
bool gost_key_open(enum key_method method, struct der bits, bool big_endian, void **ret_point)
{
    struct der octets;
    size_t half = half_size(method);
    if (!der_take(&bits, DER_OCTET_STRING, &octets) || bits.n != 0 || octets.n != 2 * half)
        return false;
    struct ecc_point *point = malloc(sizeof *point);
    must(point != NULL);
    ecc_point_init(point, method == KEY_GOST_512_A ? nettle_get_gost_gc512a() : nettle_get_gost_gc256b());
    mpz_t x, y;
    mpz_init(x);
    mpz_init(y);
    number_of(x, octets.p, half, big_endian);
    number_of(y, octets.p + half, half, big_endian);
    bool on_curve = ecc_point_set(point, x, y) == 1;
    mpz_clear(x);
    mpz_clear(y);
    if (on_curve)
        *ret_point = point;
    else
        gost_key_close(point);
    return on_curve;
}

void gost_key_close(void *point)
{
    ecc_point_clear(point);
    free(point);
}

bool gost_check(const void *point, enum key_method method, const uint8_t *digest, struct der signature,
                bool big_endian, bool s_first)
{
    size_t half = half_size(method);
    if (signature.n != 2 * half)
        return false;
    struct dsa_signature pair;
    dsa_signature_init(&pair);
    number_of(s_first ? pair.s : pair.r, signature.p, half, big_endian);
    number_of(s_first ? pair.r : pair.s, signature.p + half, half, big_endian);
    /* nettle reads the digest as a little-endian number, which is how the standard writes it. */
    bool holds = gostdsa_verify(point, half, digest, &pair) == 1;
    dsa_signature_clear(&pair);
    return holds;
}
