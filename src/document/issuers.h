/* SPDX-License-Identifier: Apache-2.0 */
/* issuers.h: whose signatures count, for what: the list that an operator publishes under
 * /.well-known/aina-documents.json, and that a checker keeps. A JSON Web Key Set (RFC 7517) with members of
 * our own:
 *
 *     {"v":1,"kind":"aina-documents","issuer":"log.example.kz",
 *      "keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"...","x":"...","y":"...",
 *               "x5c":["base64
 * DER"],"from":1790000000,"until":1850000000,"documents":["id.address/notice"]}],
 *      "status":["https://aina.example/status/1"]}
 *
 * `from` and `until` (seconds; until may be absent) bound when a document may have been issued under the key,
 * not when it may be checked. `documents`: the kinds it may sign; absent: none but the status lists. Two keys
 * of one kid are tried both. `status`: the status lists there are now, to be fetched ahead; readers need not
 * look. The kid must be that of the certificate, and the certificate's key x and y.
 */
#ifndef DOCUMENT_ISSUERS_H
#define DOCUMENT_ISSUERS_H

#include "base/json.h"
#include "document/paper.h"

struct issuer_key {
    uint8_t kid[KID_SIZE];
    uint8_t public_key[ES256_PUBLIC_SIZE];
    struct str certificate; /* DER */
    int64_t from, until;    /* until 0: still in use */
    const struct str *kinds;
    size_t kinds_n;
};

struct issuers {
    struct str issuer; /* as papers name it */
    const struct issuer_key *keys;
    size_t n;
    const struct str *status; /* written, not read */
    size_t status_n;
};

void issuers_write(const struct issuers *issuers, struct buf *out);
MUST_USE bool issuers_read(struct str json, struct arena *arena, struct issuers *ret_issuers,
                           struct err *err);
bool issuer_may(const struct issuer_key *key, struct str kind);

#endif
