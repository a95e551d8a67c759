/* SPDX-License-Identifier: Apache-2.0 */
/* refusal.h: every reason for which a signature, a certificate, a time-stamp or a status is not accepted: one
 * table, from which verdicts, their words and the tests come. Each way to fail has its own. */
#ifndef SIGNATURE_REFUSAL_H
#define SIGNATURE_REFUSAL_H

#include <stdbool.h>

#include "base/compiler.h"

#define REFUSAL_TABLE(X)                                                                                     \
    X(REFUSED_NOT, "none", "")                                                                               \
    /* the file */                                                                                           \
    X(REFUSED_TOO_LARGE, "too-large", "The file is larger than a signed document may be.")                   \
    X(REFUSED_FORM, "form", "The file is not a signature of the form CMS SignedData.")                       \
    X(REFUSED_NO_SIGNER, "no-signer", "The file holds no signature.")                                        \
    X(REFUSED_MANY_SIGNERS, "many-signers", "The file holds more signatures than are checked at once.")      \
    X(REFUSED_BARE, "bare-signature",                                                                        \
      "The signature has no signed attributes, so it could be moved to another document.")                   \
    X(REFUSED_ATTRIBUTE, "attribute", "A signed attribute is missing, stands twice or is malformed.")        \
    X(REFUSED_CONTENT_TYPE, "content-type", "The signed kind of content is another than the file's.")        \
    X(REFUSED_CONTENT_MISSING, "content-missing",                                                            \
      "The signature stands apart from its document, and the document was not given.")                       \
    X(REFUSED_CONTENT_OTHER, "content-other", "The document given is not the one inside the signed file.")   \
    X(REFUSED_CONTENT_CHANGED, "content-changed", "The document is not the one that was signed.")            \
    /* algorithms and keys */                                                                                \
    X(REFUSED_ALGORITHM_UNKNOWN, "algorithm-unknown",                                                        \
      "An algorithm is used that this program does not know.")                                               \
    X(REFUSED_ALGORITHM, "algorithm-refused", "An algorithm is used that is no longer accepted.")            \
    X(REFUSED_ALGORITHM_MIXED, "algorithm-mixed", "The algorithms of key, hash and signature do not fit.")   \
    X(REFUSED_KEY, "key", "The public key is malformed.")                                                    \
    X(REFUSED_KEY_WEAK, "key-weak", "The public key is too short to be trusted.")                            \
    X(REFUSED_SIGNATURE, "signature-wrong", "The signature was not made with the certificate's key.")        \
    /* the certificate and its chain */                                                                      \
    X(REFUSED_CERTIFICATE_MISSING, "certificate-missing", "The signer's certificate is not in the file.")    \
    X(REFUSED_CERTIFICATE_OTHER, "certificate-other",                                                        \
      "The certificate in the file is another than the one that the signer bound to the signature.")         \
    X(REFUSED_CERTIFICATE, "certificate-form", "A certificate is malformed.")                                \
    X(REFUSED_CRITICAL, "certificate-critical",                                                              \
      "A certificate has a critical restriction that this program does not know.")                           \
    X(REFUSED_ISSUER_UNKNOWN, "issuer-unknown",                                                              \
      "The certificate was issued by nobody whom the trust folder names.")                                   \
    X(REFUSED_ISSUER_FORGED, "issuer-forged",                                                                \
      "The certificate names an authority of the trust folder, which did not sign it.")                      \
    X(REFUSED_ISSUER_NO_CA, "issuer-not-authority", "The certificate was issued by one who may not issue.")  \
    X(REFUSED_ISSUER_TIME, "issuer-validity", "The authority's certificate was not valid at that time.")     \
    X(REFUSED_EXPIRED, "expired", "The certificate had expired at that time.")                               \
    X(REFUSED_NOT_YET, "not-yet-valid", "The certificate was not yet valid at that time.")                   \
    X(REFUSED_SIGNING_TIME, "signing-time", "The signer's clock says a time that cannot be.")                \
    /* what the key may do, and whose it is */                                                               \
    X(REFUSED_KEY_USAGE, "key-usage", "The key may not be used for this.")                                   \
    X(REFUSED_EXTENDED_USAGE, "extended-key-usage", "The certificate was issued for another use.")           \
    X(REFUSED_POLICY, "policy", "The certificate was issued under a policy that is not accepted here.")      \
    X(REFUSED_ROLE, "role", "The certificate does not carry the role that is asked for.")                    \
    X(REFUSED_NUMBER_MISSING, "number-missing", "The certificate carries no person's number.")               \
    X(REFUSED_NUMBER_TWICE, "number-twice", "The certificate carries two numbers of one kind.")              \
    X(REFUSED_NUMBER, "number-wrong", "A number in the certificate is not a possible number.")               \
    X(REFUSED_OTHER_PERSON, "other-person", "The certificate is another person's.")                          \
    X(REFUSED_OTHER_ORGANISATION, "other-organisation", "The certificate is not of this organisation.")      \
    /* time-stamps */                                                                                        \
    X(REFUSED_STAMP_FORM, "stamp-form", "The time-stamp is malformed.")                                      \
    X(REFUSED_STAMP_NOT_GRANTED, "stamp-not-granted", "The time-stamping service did not grant a stamp.")    \
    X(REFUSED_STAMP_OTHER, "stamp-other", "The time-stamp was made for other bytes.")                        \
    X(REFUSED_STAMP_SIGNATURE, "stamp-signature", "The time-stamp's own signature does not hold.")           \
    X(REFUSED_STAMP_SIGNER, "stamp-signer", "The time-stamp was made by nobody who may make time-stamps.")   \
    X(REFUSED_STAMP_POLICY, "stamp-policy", "The time-stamp was made under a policy that is not accepted.")  \
    X(REFUSED_STAMP_FUTURE, "stamp-future", "The time-stamp lies after the time of the check.")              \
    X(REFUSED_STAMP_MISSING, "stamp-missing",                                                                \
      "There is no time-stamp, and this authority's rules ask for one.")                                     \
    /* status */                                                                                             \
    X(REFUSED_STATUS_FORM, "status-form", "An answer about the certificate's status is malformed.")          \
    X(REFUSED_STATUS_NO_ANSWER, "status-no-answer", "The status service answered that it cannot answer.")    \
    X(REFUSED_STATUS_OTHER, "status-other", "The answer is about another certificate.")                      \
    X(REFUSED_STATUS_SIGNATURE, "status-signature", "The answer's own signature does not hold.")             \
    X(REFUSED_STATUS_SIGNER, "status-signer", "The answer was signed by one who may not answer.")            \
    X(REFUSED_STATUS_LATE, "status-late", "The answer does not cover the time of the signature.")            \
    X(REFUSED_STATUS_FUTURE, "status-future", "The answer lies after the time of the check.")                \
    X(REFUSED_STATUS_NONCE, "status-nonce", "The answer is not to the question that was asked.")             \
    X(REFUSED_STATUS_UNKNOWN, "status-unknown",                                                              \
      "The authority says that it does not know this certificate.")                                          \
    X(REFUSED_STATUS_MISSING, "status-missing",                                                              \
      "Nothing shows whether the certificate was revoked, and this authority's rules ask for it.")           \
    X(REFUSED_LIST_KIND, "list-kind",                                                                        \
      "The revocation list is partial and cannot show that nothing is revoked.")                             \
    X(REFUSED_REVOKED, "revoked", "The certificate was revoked before the signature was made.")              \
    X(REFUSED_ON_HOLD, "on-hold", "The certificate was suspended at that time.")

enum refusal_id {
#define X(id, name, words) id,
    REFUSAL_TABLE(X)
#undef X
        REFUSALS_N
};

struct refusal {
    enum refusal_id id;
    char detail[240]; /* what was found and what was expected; may be empty */
};

/* Writes the refusal and returns false, so that a function can `return refuse(...)`. */
bool refuse(struct refusal *ret, enum refusal_id id, const char *format, ...) PRINTF_LIKE(3, 4);
/* Without a detail. */
bool refuse_plain(struct refusal *ret, enum refusal_id id);

const char *refusal_name(enum refusal_id id);
const char *refusal_words(enum refusal_id id);

#endif
