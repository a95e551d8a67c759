/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h: is this code a document of an issuer that one trusts, is it still valid, was it revoked? From
 * bytes alone: no network, no clock, no state. The verdict is a list of checks, each with what it proves in
 * words; the first that fails ends it. What was not checked is said: without a status list, nobody knows
 * whether the document was revoked; and no code proves who holds the paper.
 */
#ifndef DOCUMENT_VERIFY_H
#define DOCUMENT_VERIFY_H

#include "base/verdict.h"
#include "document/status_list.h"

#define DOCUMENT_CLOCK_SLACK 300 /* seconds that two clocks may differ */

/* Id, and what it means in words; pages translate the words (po/). */
#define DOCUMENT_CHECKS(X)                                                                                   \
    X(DOCUMENT_FORM_OK, "form", "The code is whole.")                                                        \
    X(DOCUMENT_FORM_BAD, "form", "This is not the code of a document, or it was changed or cut short.")      \
    X(DOCUMENT_KEY_NONE, "key", "Without the list of issuers nobody can say who signed it.")                 \
    X(DOCUMENT_KEY_UNKNOWN, "key",                                                                           \
      "No issuer on your list has the key that it names: it is forged, or your list is old.")                \
    X(DOCUMENT_SIGNATURE_OK, "signature",                                                                    \
      "It was signed by an issuer on the list, and nothing in it was changed since.")                        \
    X(DOCUMENT_SIGNATURE_BAD, "signature", "The signature does not hold: it is forged, or was changed.")     \
    X(DOCUMENT_ISSUER_BAD, "issuer", "It names another issuer than the one whose key signed it.")            \
    X(DOCUMENT_KIND_OK, "kind", "This issuer may issue documents of this kind.")                             \
    X(DOCUMENT_KIND_BAD, "kind", "This issuer may not issue documents of this kind.")                        \
    X(DOCUMENT_ISSUED_OK, "issued", "It was issued while the key was in use.")                               \
    X(DOCUMENT_ISSUED_LATER, "issued", "It says that it was issued at a time that has not come yet.")        \
    X(DOCUMENT_ISSUED_BAD, "issued", "It says that it was issued when the key was not in use.")              \
    X(DOCUMENT_NO_END, "expires", "It does not expire.")                                                     \
    X(DOCUMENT_NOT_EXPIRED, "expires", "It has not expired.")                                                \
    X(DOCUMENT_EXPIRED, "expires", "It has expired.")                                                        \
    X(DOCUMENT_STATUS_NONE, "status", "Whether it was revoked was not checked: there is no status list.")    \
    X(DOCUMENT_STATUS_NEVER, "status", "Documents of this kind are never revoked.")                          \
    X(DOCUMENT_STATUS_BAD, "status-list",                                                                    \
      "The status list is not signed by an issuer on the list, or was changed.")                             \
    X(DOCUMENT_STATUS_OTHER, "status-list", "The status list is not the one that the document names.")       \
    X(DOCUMENT_STATUS_SHORT, "status-list", "The status list does not reach this document.")                 \
    X(DOCUMENT_STATUS_LATER, "status-list", "The status list was made at a time that has not come yet.")     \
    X(DOCUMENT_REVOKED, "status", "It was revoked: it is not valid any more.")                               \
    X(DOCUMENT_SUSPENDED, "status", "It is suspended: it is not valid now.")                                 \
    X(DOCUMENT_STATUS_OLD, "status-list",                                                                    \
      "It was not revoked when the status list was made, but the list is older than a day: get a new one.")  \
    X(DOCUMENT_STATUS_OK, "status", "It was not revoked: the status list is of the last 24 hours.")          \
    X(DOCUMENT_HOLDER, "holder",                                                                             \
      "Whose hands it is in is not proven: compare the name with an identity document.")

enum document_check {
#define X(id, code, words) id,
    DOCUMENT_CHECKS(X)
#undef X
        DOCUMENT_CHECKS_N
};

#define DOCUMENT_VERDICT_MAX 8

struct document_verdict {
    bool genuine; /* signed by an issuer on the list who may */
    bool valid;   /* and not expired, nor revoked by a fresh status list */
    size_t n;
    struct verify_check checks[DOCUMENT_VERDICT_MAX];
    enum document_check said[DOCUMENT_VERDICT_MAX];
    struct paper paper;  /* what it says, when genuine */
    int64_t status_made; /* of the status list that was used; 0: none */
};

struct document_question {
    struct str code;
    const struct issuers *issuers; /* NULL: none */
    struct str status_list;        /* JWT; empty: none */
    int64_t now;                   /* seconds */
};

void document_verify(const struct document_question *question, struct arena *arena,
                     struct document_verdict *ret_verdict);
const char *document_check_words(enum document_check check);
const char *document_check_name(enum document_check check); /* "SIGNATURE_OK": one of DOCUMENT_CHECKS */

#endif
