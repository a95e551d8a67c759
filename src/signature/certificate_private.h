/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_private.h: X.509 certificates (RFC 5280) as slices of their bytes, and chains of them to the
 * anchors of a trust folder. Names are compared by their bytes; what a certificate says is read by object
 * identifier, never from a printed name. */
#ifndef SIGNATURE_CERTIFICATE_PRIVATE_H
#define SIGNATURE_CERTIFICATE_PRIVATE_H

#include "signature/algorithm_private.h"

#define KEY_USAGE_SIGN 0x8000u       /* digitalSignature */
#define KEY_USAGE_COMMITMENT 0x4000u /* nonRepudiation */
#define KEY_USAGE_ENCIPHER 0x2000u   /* keyEncipherment */
#define KEY_USAGE_CERTIFICATES 0x0400u
#define KEY_USAGE_LISTS 0x0200u

struct certificate {
    struct der whole, tbs, serial, issuer, subject, spki, algorithm, signature;
    int64_t not_before, not_after;
    bool ca, has_path_length, has_usage, has_extended, extended_critical;
    unsigned path_length, usage;
    struct der extended, policies; /* contents of their SEQUENCEs; empty when absent */
    struct der key_id, issuer_key_id;

    /* of a trust folder's certificates alone */
    const struct trust_authority *authority;
    bool anchor;
    const struct certificate *issued_by; /* checked; an anchor's own self */
    struct public_key key;
};

/* The slices point into `bytes`, which hold one certificate and nothing after it. */
MUST_USE bool certificate_parse(struct der bytes, struct certificate *ret_certificate,
                                struct refusal *refusal);

bool certificate_has_extended(const struct certificate *c, struct der oid);
bool certificate_has_policy(const struct certificate *c, struct der oid);

/* Walks the subject's attributes. `*at` starts as the subject's content. False at the end. */
struct attribute {
    struct der oid, value;
    uint8_t tag; /* kind of string */
};
struct subject_walk {
    struct der names, set;
};
void subject_start(const struct certificate *c, struct subject_walk *walk);
MUST_USE bool subject_next(struct subject_walk *walk, struct attribute *ret_attribute);
/* An attribute's text in UTF-8; {NULL,0} when it is none. */
struct str attribute_text(const struct attribute *a, struct arena *arena);

/* True when `issuer`'s key signed `c`. */
MUST_USE bool certificate_signed_by(const struct trust *trust, const struct certificate *c,
                                    const struct public_key *issuer, struct arena *arena,
                                    struct refusal *refusal);

#define CHAIN_MAX 8
struct chain {
    size_t n;
    const struct certificate *link[CHAIN_MAX]; /* 0: the one asked about; last: the anchor */
    const struct trust_authority *authority;
};

/* Finds a chain from `leaf` to an anchor, valid as a whole at `at`; `extra` are certificates that came along
 * and are not trusted by themselves. A budget of signature checks bounds the work. */
MUST_USE bool chain_build(const struct trust *trust, const struct certificate *leaf,
                          const struct certificate *extra, size_t extra_n, int64_t at, struct arena *arena,
                          struct chain *ret_chain, struct refusal *refusal);

/* PEM to DER: the next block of this label. False: no more. An unreadable block has n = 0. */
bool pem_next(struct arena *arena, struct str *rest, const char *label, struct der *ret_der);

const char *time_words(struct arena *arena, int64_t time);

#endif
