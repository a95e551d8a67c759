/* SPDX-License-Identifier: Apache-2.0 */
/* issue.h: documents issued by cases: numbered, signed, kept, revoked, replaced.
 *
 * A step of a case that issues (service_document.actions) makes the document in the same transaction: the
 * row, its place in a status list, the entry in the log of the person (kind "document"). So none is lost and
 * none is issued twice. One document says the same in every language of the folder, each with a code of its
 * own (document/paper.h); what it says is sealed under a key of its own, and whose it is stands in no column.
 * A document of a case made void is revoked with it; one that the same case issues anew takes the place of
 * the old, which is revoked.
 *
 * Keys: keys/document-N.key, sealed under the master key; certificates in the state and, as public records of
 * kind "key", id "document-N", in the log, so that a change of key is seen. The newest signs; what older ones
 * signed stays valid.
 *
 * Status lists: /status/N, bits at random places, signed anew when something was revoked and each hour.
 *
 * In the clear, in table document_row: number, list and idx (place in the status lists), issued, expires
 * (seconds; 0: no end), revoked (seconds; 0: no), and a keyed tag of the case. aina fsck compares them with
 * what is sealed.
 *
 * Threads: every call may be made from any thread; each brings its own database connection.
 */
#ifndef ISSUE_ISSUE_H
#define ISSUE_ISSUE_H

#include "case/case.h"
#include "document/status_list.h"
#include "people/people.h"

#define DOCUMENT_NO_SIZE 17 /* "D-K7Q2-M9XT-4D3B" and NUL */
#define DOCUMENT_REASON_MIN 20

struct documents;

/* The key in a file that holds no sealed key but says where it lives (crypto/token.h). *ret_key NULL: it is a
 * sealed file after all. */
typedef bool documents_elsewhere_fn(void *arg, const char *path, struct es256_key **ret_key, struct err *err);

struct documents_config {
    documents_elsewhere_fn *elsewhere; /* NULL: all keys are sealed files */
    void *arg;
    const char *keys_folder;
    const uint8_t *master; /* seals the files; may change between calls that make or read a key */
    const uint8_t *state;  /* seals the rows */
    const char *site;      /* "https://aina.example"; NULL: https:// and the host of the origin */
    const char *origin;    /* of the log; what stands before its first slash is the issuer */
    struct gate *gate;     /* NULL: nothing is issued or revoked; for reading */
    bool beside;           /* as the gate's: another process serves. No key is read and nothing is signed */
    struct cases *cases;
    struct people *people;
    const struct jurisdiction *j;
};

MUST_USE bool documents_migrate(struct db *db, struct err *err);
/* Makes the first key, logs the keys' records, and has every step of a case looked at. `db` is used during
 * the call only; what the config names must outlive it. */
MUST_USE bool documents_open(struct documents **ret, const struct documents_config *config, struct db *db,
                             struct err *err);
void documents_free(struct documents *documents);
/* The number of the next key: a file that lies there already holds it, or says where it is. */
MUST_USE bool documents_next_key(struct documents *documents, struct db *db, size_t *ret_number,
                                 struct err *err);
/* A new signing key; the old one's time ends now. */
MUST_USE bool documents_rekey(struct documents *documents, struct db *db, struct err *err);

struct document {
    char number[DOCUMENT_NO_SIZE], case_no[CASE_NO_SIZE];
    uint8_t pid[PID_SIZE];
    struct str kind, service, document; /* "id.address/notice" and its two parts */
    const struct agency *agency;        /* NULL: not in the folder any more */
    int64_t issued, expires, revoked;   /* seconds; expires and revoked 0: not */
    struct str reason, replaced_by;     /* of what was revoked; empty: none */
    bool revocable, qr;
    uint64_t list, index;
    struct str title[JURISDICTION_LANGUAGES_MAX], words[JURISDICTION_LANGUAGES_MAX],
        code[JURISDICTION_LANGUAGES_MAX]; /* code empty: it has none */
    char act[ACT_ID_SIZE];                /* of its entry */
};

/* ERR_NOT_FOUND: no such number. Whose it is the caller compares. */
MUST_USE bool document_read(struct documents *documents, struct db *db, struct str number,
                            struct arena *arena, struct document *ret_document, struct err *err);
/* A person's own, newest first. */
MUST_USE bool documents_of_person(struct documents *documents, struct db *db, const uint8_t pid[PID_SIZE],
                                  struct arena *arena, struct document **ret_list, size_t *ret_n,
                                  struct err *err);
/* Of a case, oldest first. */
MUST_USE bool documents_of_case(struct documents *documents, struct db *db, struct str case_no,
                                struct arena *arena, struct document **ret_list, size_t *ret_n,
                                struct err *err);
/* What the reply that shows it must wait for: 0 when its entry is durable. */
MUST_USE bool document_hold(struct documents *documents, struct db *db, const struct document *document,
                            uint64_t *ret_position, struct err *err);

/* With a reason of at least 20 characters, by an official. ERR_CONFLICT: revoked already; ERR_NOT_ALLOWED:
 * its service says that it cannot be. */
struct revocation {
    const struct office *office;
    struct str staff, reason, levels;
};
MUST_USE bool document_revoke(struct documents *documents, struct db *db, struct str number,
                              const struct revocation *revocation, struct arena *arena,
                              uint64_t *ret_position, struct err *err);

/* --- what everybody may read --- */

const char *documents_site(const struct documents *documents);
/* /.well-known/aina-documents.json */
MUST_USE bool documents_issuers(struct documents *documents, struct db *db, struct arena *arena,
                                struct issuers *ret_issuers, struct err *err);
/* A status list as JWT or CWT; ERR_NOT_FOUND: there is none of that number. */
MUST_USE bool documents_status(struct documents *documents, struct db *db, uint64_t list, bool cwt,
                               int64_t now, struct arena *arena, struct str *ret_bytes, struct err *err);

/* For aina fsck: every row opens, its columns are as sealed, its codes hold; the first findings in words. */
struct documents_report {
    uint64_t documents, revoked, findings;
    struct err first[16];
};
MUST_USE bool documents_check(struct documents *documents, struct db *db, struct documents_report *ret_report,
                              struct err *err);

#endif
