/* SPDX-License-Identifier: Apache-2.0 */
/* words.h: why a look was refused, and what an entry may be about: codes and words. */
#ifndef GATE_WORDS_H
#define GATE_WORDS_H

#include "base/text.h"

/* Why a look was refused: the code stands in the entry, the words in po/. */
#define GATE_REASONS(X)                                                                                      \
    X(GATE_ADMITTED, "admitted", "")                                                                         \
    X(GATE_PURPOSE_UNKNOWN, "purpose-unknown", "This purpose is not on the list.")                           \
    X(GATE_OFFICE_MAY_NOT, "office-may-not", "This office may not look for this purpose.")                   \
    X(GATE_REGISTRY_UNKNOWN, "registry-unknown", "There is no such registry.")                               \
    X(GATE_PURPOSE_SEES_NOTHING, "purpose-sees-nothing", "This purpose does not open this registry.")        \
    X(GATE_FIELD_NOT_ADMITTED, "field-not-admitted",                                                         \
      "A field was asked for that this purpose does not see.")                                               \
    X(GATE_CASE_MISSING, "case-missing", "This purpose needs a case number.")                                \
    X(GATE_CASE_UNKNOWN, "case-unknown", "There is no such case at this agency.")                            \
    X(GATE_CASE_OTHER_PERSON, "case-other-person", "The case is about another person.")                      \
    X(GATE_CASE_OTHER_PURPOSE, "case-other-purpose", "The case was opened for another purpose.")             \
    X(GATE_CASE_CLOSED, "case-closed", "The case is closed or not yet open.")                                \
    X(GATE_CONSENT_MISSING, "consent-missing", "This purpose needs the person's consent.")                   \
    X(GATE_ORDER_MISSING, "order-missing", "This purpose needs a court order for this person.")              \
    X(GATE_ORDER_EXPIRED, "order-expired", "The court order is not valid today.")                            \
    X(GATE_ORDER_OTHER_PERSON, "order-other-person", "The court order is about another person.")             \
    X(GATE_QUOTA, "quota", "The daily number of persons for this office is used up.")                        \
    X(GATE_REASON_SHORT, "reason-short", "An emergency look needs a reason of at least 20 characters.")      \
    X(GATE_NO_BREAK_GLASS, "no-break-glass", "This purpose has no emergency look.")                          \
    X(GATE_NOT_SELF, "not-self", "This purpose is for the person's own look.")                               \
    X(GATE_LEVEL_LOW, "level-low", "Log in more strongly: this purpose needs a surer log-in.")               \
    X(GATE_PERSON_UNKNOWN, "person-unknown", "No person has this number.")                                   \
    X(GATE_SECTOR_UNKNOWN, "sector-unknown", "There is no such sector.")                                     \
    X(GATE_JOIN_NOT_ADMITTED, "join-not-admitted", "This purpose does not join these two sectors.")          \
    X(GATE_SECTOR_NOT_OWN, "sector-not-own", "An office joins only with the sector of its own agency.")      \
    X(GATE_PSEUDONYM_UNKNOWN, "pseudonym-unknown", "No person has this pseudonym in this sector.")           \
    X(GATE_PSEUDONYM_OLD, "pseudonym-old",                                                                   \
      "The pseudonym is of an earlier epoch: renew it in its own sector first.")

enum gate_reason {
#define X(id, code, words) id,
    GATE_REASONS(X)
#undef X
        GATE_REASONS_N
};

const char *gate_reason_code(enum gate_reason reason);
const char *gate_reason_words(enum gate_reason reason); /* a msgid of po/ */

/* What an entry may be about: the code stands in the entry, the words in po/. */
#define GATE_KINDS(X)                                                                                        \
    X(KIND_LOOK, "look", "A look at data")                                                                   \
    X(KIND_EMERGENCY_LOOK, "emergency-look", "An emergency look at data")                                    \
    X(KIND_QUESTION, "question", "A question about a look")                                                  \
    X(KIND_ANSWER, "answer", "An answer to a question")                                                      \
    X(KIND_REVIEW, "review", "The review of an emergency look")                                              \
    X(KIND_ENTRY_READ, "entry-read", "Somebody else read an entry")                                          \
    X(KIND_ERASURE, "erasure", "The erasure of an entry")                                                    \
    X(KIND_RECORD_ERASURE, "record-erasure", "The erasure of records")                                       \
    X(KIND_ORDER, "order", "A court order")                                                                  \
    X(KIND_FILING, "filing", "An application filed")                                                         \
    X(KIND_STEP, "step", "A step in a case")                                                                 \
    X(KIND_DECISION, "decision", "A decision in a case")                                                     \
    X(KIND_CASE_READ, "case-read", "An official opened your case")                                           \
    X(KIND_DOCUMENT, "document", "A document issued or revoked")                                             \
    X(KIND_CONSENT, "consent", "A consent given or taken back")                                              \
    X(KIND_MANDATE, "mandate", "A mandate given or taken back")                                              \
    X(KIND_LOG_IN, "log-in", "A way to log in added, taken away or used for recovery")                       \
    X(KIND_ASSIST, "assist", "A counter clerk acting for you")                                               \
    X(KIND_RECORD, "record", "A record about you was written")                                               \
    X(KIND_OFFER, "offer", "A service offered to you")                                                       \
    X(KIND_OFFICE, "office", "An office proposed, given, changed or ended")                                  \
    X(KIND_TRANSLATION, "translation", "Your data at two agencies were joined")                              \
    X(KIND_OWN_CASE, "own-case", "A case that an office opened about you")

enum gate_kind {
#define X(id, code, words) id,
    GATE_KINDS(X)
#undef X
        GATE_KINDS_N
};

const char *gate_kind_code(enum gate_kind kind);
const char *gate_kind_words(struct str code); /* a msgid of po/; NULL: no such kind */

#endif
