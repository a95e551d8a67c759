/* SPDX-License-Identifier: Apache-2.0 */
/* status_private.h: whether a certificate was revoked at a time, from OCSP answers (RFC 6960) and revocation
 * lists (RFC 5280), as pure functions over bytes. Who may answer: the issuer, one to whom it gave
 * OCSP-signing, or, where the folder says so, such a one under the same authority. */
#ifndef SIGNATURE_STATUS_PRIVATE_H
#define SIGNATURE_STATUS_PRIVATE_H

#include "signature/certificate_private.h"

struct status_question {
    const struct trust *trust;
    const struct certificate *certificate, *issuer;
    const struct trust_authority *authority;
    int64_t at;  /* the signature's time */
    int64_t now; /* the check's time: no answer may lie after it */
};

struct status_answer {
    bool revoked_later; /* revoked, but only after `at` */
    int64_t revoked, made;
};

/* True: the certificate was not revoked at `at`. REFUSED_REVOKED and REFUSED_ON_HOLD are answers too; every
 * other refusal means that these bytes say nothing. */
MUST_USE bool ocsp_check(const struct status_question *q, struct der response, struct arena *arena,
                         struct status_answer *ret_answer, struct refusal *refusal);
MUST_USE bool list_check(const struct status_question *q, struct der list, struct arena *arena,
                         struct status_answer *ret_answer, struct refusal *refusal);

/* A question for one certificate with a nonce of 16 bytes, in DER; and whether an answer carries it. */
struct buf;
void ocsp_request(struct buf *out, struct arena *arena, const struct certificate *certificate,
                  const struct certificate *issuer, const uint8_t nonce[16]);
bool ocsp_nonce_is(struct der response, const uint8_t nonce[16]);

#endif
