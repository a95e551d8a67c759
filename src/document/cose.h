/* SPDX-License-Identifier: Apache-2.0 */
/* cose.h: COSE_Sign1 (RFC 9052) with ES256, as paper codes and status lists use it: the algorithm and the
 * key's name stand in the protected header, nothing in the other. */
#ifndef DOCUMENT_COSE_H
#define DOCUMENT_COSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/es256.h"

#define KID_SIZE 8
#define KID_TEXT_SIZE 12 /* base64url and NUL: as JSON names a key */

/* First bytes of SHA-256 of the signer's certificate (DER), as in HCERT. */
void kid_of(uint8_t ret_kid[KID_SIZE], struct str certificate);
void kid_text(char out[KID_TEXT_SIZE], const uint8_t kid[KID_SIZE]);

struct cose {
    uint8_t kid[KID_SIZE];
    struct str payload;
    struct str to_be_signed; /* Sig_structure */
    uint8_t signature[ES256_SIZE];
};

/* `type` goes into header 16; empty: none. */
/* False only where the key lives elsewhere and does not sign. */
MUST_USE bool cose_sign1(const struct es256_key *key, const uint8_t kid[KID_SIZE], struct str type,
                         struct str payload, struct arena *arena, struct buf *out, struct err *err);
/* Without a type. Only the one deterministic form. */
MUST_USE bool cose_read(struct str bytes, struct arena *arena, struct cose *ret_cose, struct err *err);

#endif
