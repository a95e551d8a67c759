/* SPDX-License-Identifier: Apache-2.0 */
/* signing.h: a person signs one text on our pages with a key of a certificate authority: to make a passkey,
 * to act as the head of an organisation, or for an act that law wants signed.
 *
 * A request to sign is a row that lives twenty minutes: the exact text (which names this site, the act, the
 * time and the request's own code), the browser that asked, and whose signature is expected. The answer is a
 * CMS file; it comes from a program on the same computer, from an app on a phone, or as a file. It is judged
 * by the trust folder's rules (signature/signature.h), at once: what is missing (time-stamp, status) is asked
 * for, and what the folder says about what cannot be had decides. A text is signed once and used once; the
 * evidence is kept and can be judged again without us.
 *
 * A key of an authority does not resist phishing: a page that lies can pass our text on. So it opens no page
 * day by day; it lets a passkey be made, and where the account has one already, the new one is weak for a
 * day.
 *
 * An official is known here by a staff code; whose number the certificate must carry is what staff_key.h
 * keeps. The role must then be one that the trust folder calls an official's (`official: yes`).
 */
#ifndef PEOPLE_SIGNING_H
#define PEOPLE_SIGNING_H

#include "people/mandate.h"
#include "signature/fetch.h"
#include "signature/signature.h"

#define SIGNING_LIFE (20 * 60 * CLOCK_SECOND)
#define SIGNING_TEXT_MAX 32768
#define SIGNING_FILE_MAX ((size_t)256 << 10) /* of an answer as it is sent */
#define SIGNING_ID_SIZE MANDATE_ID_SIZE
#define SIGNING_OFFICIAL STR("official") /* a role with `official: yes` */

enum signing_purpose { SIGNING_ENROL = 1, SIGNING_HEAD, SIGNING_ACT, SIGNING_STAFF };

/* SIGNING_UNSURE: it may hold, but what the folder asks for could not be had yet; the same file may be judged
 * again. */
enum signing_state { SIGNING_WAITS = 1, SIGNING_UNSURE, SIGNING_HOLDS, SIGNING_SPENT };

/* Why an answer is refused, beside refusal.h: code, words (msgids of po/). */
#define SIGNING_REFUSALS(X)                                                                                  \
    X(SIGNING_REFUSED_SEVERAL, "several", "The file holds several signatures. Only yours is asked for.")     \
    X(SIGNING_REFUSED_TEST, "test-authority",                                                                \
      "The certificate is of a test authority, which gives keys to anybody. It is good for trying only.")    \
    X(SIGNING_REFUSED_STAFF, "staff-key",                                                                    \
      "Your signing key is not entered for your office yet. Enter it on the page My signing key; an "        \
      "administrator of your agency then confirms it.")                                                      \
    X(SIGNING_REFUSED_UNSURE, "unsure",                                                                      \
      "The authority could not be asked whether the certificate still holds, or the time-stamp could not "   \
      "be had. "                                                                                             \
      "Its rules here ask for both. Nothing is lost: try again in a few minutes.")

struct signing {
    char id[SIGNING_ID_SIZE]; /* in addresses; no secret by itself: pages ask for the browser's cookie too */
    char token[SIGNING_ID_SIZE]; /* the phone's bearer */
    enum signing_purpose purpose;
    uint8_t browser[32];    /* SHA-256 of a cookie that only this browser has */
    struct account account; /* whose signature; CALLER_NOBODY: whoever's it is (before logging in) */
    struct str text;        /* the bytes to be signed */
    struct str title;       /* of the act, in the reader's language */
    struct str back;        /* where the page leads when it is signed; a path of our own */
    struct str matter;      /* what the signature is for, in the caller's own words: "case NUMBER ACTION" */
    struct str wants_organisation; /* number that the certificate must carry; empty: any */
    struct str wants_capacity;     /* that a role of the certificate must claim, or SIGNING_OFFICIAL; or "" */
    int64_t made, ends;
    enum signing_state state;
    struct str refusal; /* code of the last answer's; empty: none yet */
    struct str detail;  /* what was found; English */
    /* of a signature that holds: */
    struct str name, scheme, number, organisation_scheme, organisation, capacity, authority;
    unsigned ial;
    int64_t signed_at;
    struct str evidence; /* signature/evidence.h, with the text inside; also when unsure */
    int64_t version;
};

/* Whose signatures count here, and how they are asked about. */
struct signing_judge {
    const struct trust *trust;
    bool tests; /* a demonstration: test authorities are taken */
    const struct fetch_via *via;
    const char *cache; /* folder for revocation lists; NULL: none */
};

MUST_USE bool signing_migrate(struct db *db, struct err *err);

/* Draws id, token and times; the caller then writes the text with the id in it and keeps it. */
void signing_draw(struct signing *signing, int64_t now);
MUST_USE bool signing_keep(struct people *people, struct db *db, const struct signing *signing,
                           struct err *err);
/* Found or not is no error; what has ended is not found. Texts in the arena. */
MUST_USE bool signing_get(struct people *people, struct db *db, struct str id, int64_t now,
                          struct arena *arena, struct signing *ret_signing, bool *ret_found, struct err *err);

/* Judges an answer (CMS in DER, PEM or base64; empty: the one kept, again) and writes the request's new
 * state. A refusal is no error: it stands in `refusal`. ERR_CONFLICT: it was signed already, or answered
 * twice at one moment. */
MUST_USE bool signing_answer(struct people *people, struct db *db, const struct signing_judge *judge,
                             struct signing *signing, struct str file, int64_t now, struct arena *arena,
                             struct err *err);
/* Inside the caller's transaction: a signature that holds is used, once. ERR_CONFLICT when it was. */
MUST_USE bool signing_spend(struct people *people, struct db *db, struct signing *signing, struct err *err);

/* The words of a refusal's code, a msgid; NULL: no such code. */
const char *signing_words(struct str code);

/* --- evidence that is kept --- */

/* Under a name that the caller makes unique ("mandate ID", "case NUMBER 3"), for whoever signed; inside the
 * caller's transaction. */
MUST_USE bool signing_evidence_keep(struct people *people, struct db *db, struct str name,
                                    const struct account *owner, const struct signing *signing, int64_t now,
                                    struct err *err);
MUST_USE bool signing_evidence(struct people *people, struct db *db, struct str name, struct arena *arena,
                               bool *ret_found, struct str *ret_evidence, struct err *err);
MUST_USE bool signing_evidence_has(struct people *people, struct db *db, struct str name, bool *ret_has,
                                   struct err *err);

/* What an account signed, newest first; `tag` names one of them in addresses. */
#define SIGNING_TAG_SIZE 65 /* hex */
struct signing_kept {
    char tag[SIGNING_TAG_SIZE];
    struct str name, title; /* in the arena */
    int64_t made;
};
MUST_USE bool signing_evidence_list(struct people *people, struct db *db, const struct account *owner,
                                    size_t limit, struct arena *arena, struct signing_kept **ret_list,
                                    size_t *ret_n, struct err *err);
/* One of them; not found when it is another account's. */
MUST_USE bool signing_evidence_own(struct people *people, struct db *db, const struct account *owner,
                                   struct str tag, struct arena *arena, bool *ret_found,
                                   struct signing_kept *ret_kept, struct str *ret_evidence, struct err *err);
/* "signature, SHA-256 of its evidence: HEX": for the entry in the log, which so dates the evidence, long
 * after its time-stamp's key may be broken. */
struct str signing_evidence_words(struct str evidence, struct arena *arena);

#endif
