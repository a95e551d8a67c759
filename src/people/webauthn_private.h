/* SPDX-License-Identifier: Apache-2.0 */
/* webauthn_private.h: what the two files of webauthn.h share. */
#ifndef PEOPLE_WEBAUTHN_PRIVATE_H
#define PEOPLE_WEBAUTHN_PRIVATE_H

#include "people/webauthn.h"

struct webauthn_auth {
    const uint8_t *rp_hash;
    uint8_t flags;
    uint32_t count;
    struct webauthn_key key;
};

struct webauthn_attestation {
    struct str format, auth_data, statement; /* the statement as CBOR */
    uint64_t statement_members;
};

/* A packed statement: its signature, and with `models` the certificate's chain and the model it names. */
enum webauthn_refusal webauthn_packed(const struct webauthn_site *site, const struct webauthn_models *models,
                                      const struct webauthn_attestation *attestation,
                                      const uint8_t client_hash[HASH_SIZE], struct webauthn_key *key);

#endif
