/* SPDX-License-Identifier: Apache-2.0 */
/* cms_private.h: CMS SignedData (RFC 5652), read whole and judged one signer at a time. The same reader
 * serves signed documents and time-stamp tokens. */
#ifndef SIGNATURE_CMS_PRIVATE_H
#define SIGNATURE_CMS_PRIVATE_H

#include "signature/certificate_private.h"

#define CMS_CERTIFICATES_MAX 32
#define CMS_LISTS_MAX 8
#define CMS_SIGNERS_MAX 8
#define CMS_ATTRIBUTES_MAX 32

struct cms_signer {
    struct der issuer, serial, key_id; /* whose certificate: issuer and serial, or key id */
    struct der digest_algorithm, signature_algorithm;
    struct der attributes; /* the signed ones, with their [0] header; empty: none */
    struct der signature;
    struct der content_type, message_digest; /* from the signed attributes */
    bool has_time;
    int64_t time;                 /* what the signer's clock said */
    struct der bound_certificate; /* ESSCertID or ESSCertIDv2; empty: not bound */
    bool bound_v2;
    struct der stamp; /* time-stamp token among the unsigned attributes; empty: none */
};

struct cms {
    struct der content_type, content;
    bool has_content;
    size_t certificates_n, lists_n, signers_n;
    struct certificate certificates[CMS_CERTIFICATES_MAX]; /* those that can be read */
    struct der lists[CMS_LISTS_MAX];                       /* revocation lists that came along */
    struct cms_signer signer[CMS_SIGNERS_MAX];
};

/* A file as people have it: DER, BER, PEM or base64. */
MUST_USE bool cms_unwrap(struct arena *arena, struct str file, struct der *ret_der, struct refusal *refusal);

/* `bytes` is DER (der_from_ber). */
MUST_USE bool cms_parse(struct arena *arena, struct der bytes, struct cms *ret_cms, struct refusal *refusal);

/* The signer's certificate among those that came along. */
MUST_USE bool cms_certificate(const struct cms *cms, const struct cms_signer *signer,
                              const struct certificate **ret_certificate, struct refusal *refusal);

/* The three things that a SignerInfo says: these bytes are the content; this certificate is bound; this key
 * signed. Each on its own, so that a verdict can tell which one failed. */
MUST_USE bool cms_content_holds(const struct trust *trust, const struct cms *cms,
                                const struct cms_signer *signer, struct der content, struct arena *arena,
                                struct refusal *refusal);
MUST_USE bool cms_binding_holds(const struct trust *trust, const struct cms_signer *signer,
                                const struct certificate *certificate, struct arena *arena,
                                struct refusal *refusal);
MUST_USE bool cms_signature_holds(const struct trust *trust, const struct cms_signer *signer,
                                  const struct certificate *certificate, struct arena *arena,
                                  struct refusal *refusal);

#define OID_DATA STR("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
#define OID_TIME_STAMP_INFO STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04")

#endif
