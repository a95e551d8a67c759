/* SPDX-License-Identifier: Apache-2.0 */
/* webauthn.h: checking what a browser brings from an authenticator: Web Authentication level 2, sections 6.1,
 * 6.5, 7.1 and 7.2. Pure: no state, no clock, nothing kept; passkey.h is the state.
 *
 * clientDataJSON is read by a JSON parser (never compared with a template), authenticator data and the
 * attestation object by a cursor that believes no length; signatures are libfido2's work. Keys: ES256, EdDSA
 * (Ed25519), RS256 (2048 bits). Attestation: "none", or "packed". A key of an official must come with a
 * packed certificate of an allowed model (webauthn_models); a citizen's with none.
 *
 * Each refusal has its own word, for the log; people are told one sentence for all of them.
 */
#ifndef PEOPLE_WEBAUTHN_H
#define PEOPLE_WEBAUTHN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "crypto/hash.h"

#define WEBAUTHN_CLIENT_DATA_MAX 4096
#define WEBAUTHN_ATTESTATION_MAX 16384
#define WEBAUTHN_AUTH_DATA_MAX 4096
#define WEBAUTHN_ID_MAX 1023
#define WEBAUTHN_KEY_MAX 259
#define WEBAUTHN_AAGUID_SIZE 16
#define WEBAUTHN_CHALLENGE_MAX 64

enum webauthn_algorithm { WEBAUTHN_ES256 = -7, WEBAUTHN_EDDSA = -8, WEBAUTHN_RS256 = -257 };

/* Code for logs, and what it means. */
#define WEBAUTHN_REFUSALS(X)                                                                                 \
    X(WEBAUTHN_OK, "ok", "accepted")                                                                         \
    X(WEBAUTHN_CLIENT_DATA, "client-data", "the client data are not one well-formed JSON object")            \
    X(WEBAUTHN_TYPE, "type", "the client data are of the other ceremony")                                    \
    X(WEBAUTHN_CHALLENGE, "challenge", "the challenge is not the one that was given")                        \
    X(WEBAUTHN_ORIGIN, "origin", "the page that asked is not ours")                                          \
    X(WEBAUTHN_CROSS_ORIGIN, "cross-origin", "the page that asked stood inside another site's")              \
    X(WEBAUTHN_AUTH_DATA, "auth-data", "the authenticator data are malformed")                               \
    X(WEBAUTHN_RP, "rp", "the key was asked on behalf of another site")                                      \
    X(WEBAUTHN_NOT_PRESENT, "not-present", "nobody touched the authenticator")                               \
    X(WEBAUTHN_NOT_VERIFIED, "not-verified", "the authenticator did not verify its user")                    \
    X(WEBAUTHN_BACKUP_FLAGS, "backup-flags", "a key that may not be copied says that it was, or changed")    \
    X(WEBAUTHN_ATTESTATION, "attestation", "the attestation object is malformed")                            \
    X(WEBAUTHN_ATTESTATION_FORMAT, "attestation-format", "the attestation is neither none nor packed")       \
    X(WEBAUTHN_ATTESTATION_SIGNATURE, "attestation-signature", "the attestation's signature is wrong")       \
    X(WEBAUTHN_ATTESTATION_MISSING, "attestation-missing", "the authenticator does not say what it is")      \
    X(WEBAUTHN_MODEL, "model", "this model of authenticator is not on the list")                             \
    X(WEBAUTHN_SYNCED, "synced", "the key may be copied to other devices")                                   \
    X(WEBAUTHN_ALGORITHM, "algorithm", "the key's algorithm was not asked for")                              \
    X(WEBAUTHN_KEY, "key", "the public key is malformed or not on its curve")                                \
    X(WEBAUTHN_SIGNATURE, "signature", "the signature is wrong")

enum webauthn_refusal {
#define X(id, code, words) id,
    WEBAUTHN_REFUSALS(X)
#undef X
        WEBAUTHN_REFUSALS_N
};

const char *webauthn_refusal_code(enum webauthn_refusal refusal);

/* Where we are: the domain, and the origins that its pages may have ("https://aina.example"). */
struct webauthn_site {
    struct str rp_id;
    const struct str *origins;
    size_t origins_n;
};

/* The allowed models of officials' authenticators: a folder with one file a model, AAGUID.pem (36 characters,
 * lower case), holding the certificates that its attestations must chain to. */
struct webauthn_models;
MUST_USE bool webauthn_models_load(struct webauthn_models **ret_models, const char *folder, struct err *err);
void webauthn_models_free(struct webauthn_models *models);

struct webauthn_policy {
    bool device_bound;                    /* refuse keys that may be copied */
    const struct webauthn_models *models; /* NULL: any; else an attestation of one of these */
};

struct webauthn_key {
    enum webauthn_algorithm algorithm;
    uint8_t id[WEBAUTHN_ID_MAX], bytes[WEBAUTHN_KEY_MAX], aaguid[WEBAUTHN_AAGUID_SIZE];
    uint16_t id_n, bytes_n;
    bool backup_eligible; /* a synced passkey */
    bool attested;        /* its model was proven */
};

/* What the browser sent, decoded from base64url. */
struct webauthn_registration {
    struct str client_data, attestation;
};
struct webauthn_assertion {
    struct str client_data, auth_data, signature;
};

/* The challenge that client data carry, before anything else about them is believed. */
MUST_USE bool webauthn_challenge_of(struct str client_data, uint8_t challenge[WEBAUTHN_CHALLENGE_MAX],
                                    size_t *ret_n);

MUST_USE enum webauthn_refusal webauthn_register(const struct webauthn_site *site,
                                                 const struct webauthn_policy *policy, struct str challenge,
                                                 const struct webauthn_registration *registration,
                                                 struct webauthn_key *ret_key, uint32_t *ret_count,
                                                 bool *ret_backed_up);
MUST_USE enum webauthn_refusal webauthn_assert(const struct webauthn_site *site,
                                               const struct webauthn_key *key, struct str challenge,
                                               const struct webauthn_assertion *assertion,
                                               uint32_t *ret_count, bool *ret_backed_up);

#endif
