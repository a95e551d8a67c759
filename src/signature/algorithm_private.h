/* SPDX-License-Identifier: Apache-2.0 */
/* algorithm_private.h: hashes, public keys and signatures by method, whatever a country calls them. */
#ifndef SIGNATURE_ALGORITHM_PRIVATE_H
#define SIGNATURE_ALGORITHM_PRIVATE_H

#include "signature/der_private.h"
#include "signature/refusal.h"
#include "signature/trust.h"

size_t hash_size(enum hash_method hash);
void hash_bytes(enum hash_method hash, const void *bytes, size_t n, uint8_t out[HASH_OUT_MAX]);

/* The row for an OID; a refused or unknown one is refused in words. `trust` may be NULL: built-in names
 * alone. */
MUST_USE bool algorithm_find(const struct trust *trust, struct der oid, struct arena *arena,
                             const struct algorithm **ret_algorithm, struct refusal *refusal);

/* An AlgorithmIdentifier at the front of `*rest`. */
MUST_USE bool algorithm_take(const struct trust *trust, struct der *rest, struct arena *arena,
                             const struct algorithm **ret_algorithm, struct refusal *refusal);

/* What may stand under a signature: key method, hash and encoding, from the signature's algorithm, which may
 * be a key's name alone, with the hash named beside it (CMS). */
struct signing {
    enum key_method key;
    enum hash_method hash;
    bool big_endian, s_first;
};
MUST_USE bool signing_of(const struct algorithm *signature, const struct algorithm *digest,
                         struct signing *ret_signing, struct refusal *refusal);

struct public_key {
    enum key_method method;
    bool big_endian;
    void *evp;   /* EVP_PKEY of RSA and ECDSA */
    void *point; /* struct ecc_point of GOST */
};
MUST_USE bool public_key_open(const struct trust *trust, struct der spki, struct arena *arena,
                              struct public_key *ret_key, struct refusal *refusal);
void public_key_close(struct public_key *key);

MUST_USE bool signature_check(const struct public_key *key, const struct signing *signing, struct der message,
                              struct der signature, struct refusal *refusal);

/* gost.c */
MUST_USE bool gost_key_open(enum key_method method, struct der bits, bool big_endian, void **ret_point);
void gost_key_close(void *point);
MUST_USE bool gost_check(const void *point, enum key_method method, const uint8_t *digest,
                         struct der signature, bool big_endian, bool s_first);

#endif
