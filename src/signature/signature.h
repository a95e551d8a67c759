/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h: is this a signature, of this document, by whom, in what role, and did it hold when it was
 * made? From bytes alone: no network, no clock, no state.
 *
 * The verdict is a list of checks like a receipt's (base/verdict.h): per signer, in order, document,
 * signature, time, certificate and chain, use, role, numbers, status. A signer's first failed check ends that
 * signer's list; nothing after it is claimed. Failed checks carry the ids of refusal.h.
 *
 * The time of a signature is its time-stamp's, when the file or the evidence has one that holds; else the
 * time that the asker names. What the signer's own clock said is never trusted; it must only be possible.
 */
#ifndef SIGNATURE_SIGNATURE_H
#define SIGNATURE_SIGNATURE_H

#include "base/verdict.h"
#include "signature/evidence.h"
#include "signature/trust.h"

#define SIGNATURE_CHECKS_MAX_ALL 128
#define SIGNATURE_SIGNERS_MAX 8
#define SIGNATURE_ROLES_MAX 16
#define SIGNATURE_FILE_MAX ((size_t)64 << 20)

struct signature_question {
    struct str content;                    /* of a detached signature; {NULL,0}: none given */
    int64_t at;                            /* "now", or the time for which the question is asked */
    struct str use;                        /* "sign" when empty */
    struct str person, organisation, role; /* expected; empty: any */
    /* Whether a number is possible under its scheme; NULL: not looked at. Test authorities are not asked. */
    bool (*number_possible)(struct str scheme, struct str number);
};

/* A certificate of the chain, for people to read. */
struct signature_link {
    struct str subject; /* the common name */
    const char *serial; /* hex */
    int64_t from, until;
};
#define SIGNATURE_CHAIN_MAX 8

/* What the certificate says of the signer; empty when it does not. */
struct signature_signer {
    bool holds;
    struct str name; /* for people to read; never compared */
    struct str person_scheme, person, organisation_scheme, organisation;
    const struct trust_authority *authority;
    const struct trust_role *roles[SIGNATURE_ROLES_MAX];
    size_t roles_n;
    int64_t time; /* of the signature, as the checks took it */
    bool stamped;
    const char *stamped_by;
    struct signature_link chain[SIGNATURE_CHAIN_MAX]; /* 0: the signer's; last: the anchor */
    size_t chain_n;
    int64_t status_at;     /* when the authority said that it holds; 0: it did not */
    bool status_list;      /* by its revocation list, else by an OCSP answer */
    int64_t revoked_later; /* after the signature; 0: not that is known */
};

struct signature_verdict {
    bool proven; /* every signer holds and nothing that the folder asks for is missing */
    size_t n;
    struct verify_check checks[SIGNATURE_CHECKS_MAX_ALL];
    size_t signers_n;
    struct signature_signer signer[SIGNATURE_SIGNERS_MAX];
    struct str content; /* the signed bytes, when one was found and holds */
};

/* `evidence` has at least the signature; its content, if any, must be the question's. */
void signature_verify(const struct trust *trust, const struct evidence *evidence,
                      const struct signature_question *question, struct arena *arena,
                      struct signature_verdict *ret_verdict);

/* What must be asked for to complete evidence: the bytes to be stamped, and an OCSP question with its nonce,
 * of the first signer. False when the file itself cannot be read, or its chain leads nowhere. */
struct signature_needs {
    const struct trust_authority *authority;
    struct str stamp_bytes;  /* the signature value; over it goes the time-stamp */
    bool has_stamp;          /* one is in the file already */
    struct str ocsp_request; /* DER */
    uint8_t nonce[16];
};
MUST_USE bool signature_needs(const struct trust *trust, struct str file, int64_t at, struct arena *arena,
                              struct signature_needs *ret_needs, struct err *err);
/* Whether an OCSP answer carries the nonce of its question. */
bool signature_ocsp_fresh(struct str response, const uint8_t nonce[16]);
/* A time-stamp question for `bytes` (SHA-256) with a nonce; and the token of the answer to it. */
void signature_stamp_request(struct buf *out, struct str bytes, const uint8_t nonce[8]);
MUST_USE bool signature_stamp_token(struct str response, const uint8_t nonce[8], struct arena *arena,
                                    struct str *ret_token, struct err *err);

#endif
