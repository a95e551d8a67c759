/* SPDX-License-Identifier: Apache-2.0 */
/* draft.h: an application on its way: what a person has answered so far, kept until it is sent or thrown
 * away, so that it goes on on any device.
 *
 * One row a person and service, found by a keyed tag and sealed as a whole: in the clear stand only a version
 * and the moment of the last change. Answers are kept by the id of their field. When the service has changed
 * since, those that still fit its fields are kept and the others are asked again; `changed` says so once.
 *
 * Two devices: draft_put changes the named answers alone, on whatever is stored by then, so neither undoes
 * the other. Sent twice: case_file_draft (case.h) takes the row away in the transaction that files; whoever
 * comes second gets ERR_CONFLICT. What nobody touched for DRAFT_DAYS is forgotten.
 */
#ifndef CASE_DRAFT_H
#define CASE_DRAFT_H

#include "case/case.h"

#define DRAFT_DAYS 180

struct draft {
    struct answer *answers; /* by field of the service as it is now */
    int64_t version;        /* of the row; 0: not stored */
    int64_t begun;          /* moment */
    int32_t looked;         /* day on which the registries were read; 0: not yet */
    bool changed;           /* what is stored was answered under another version of the service */
    struct str unasked;     /* id of a registry that could not be read; empty: none */
};

MUST_USE bool draft_migrate(struct db *db, struct err *err); /* cases_migrate does it */

/* Found or not is no error; not found gives an empty draft. */
MUST_USE bool draft_read(struct cases *cases, struct db *db, const struct service *service,
                         const uint8_t pid[PID_SIZE], struct arena *arena, struct draft *ret_draft,
                         bool *ret_found, struct err *err);
/* A new one, or over the one there was when it was read. ERR_CONFLICT: it was changed since. */
MUST_USE bool draft_write(struct cases *cases, struct db *db, const struct service *service,
                          const uint8_t pid[PID_SIZE], const struct draft *draft, int64_t now,
                          struct arena *arena, struct err *err);
/* These fields' answers (by field) into the stored draft; *ret_draft is what it is then. ERR_NOT_FOUND: there
 * is none (any more). */
MUST_USE bool draft_put(struct cases *cases, struct db *db, const struct service *service,
                        const uint8_t pid[PID_SIZE], const size_t *fields, size_t fields_n,
                        const struct answer *answers, int64_t now, struct arena *arena,
                        struct draft *ret_draft, struct err *err);
/* A second time changes nothing. */
MUST_USE bool draft_drop(struct cases *cases, struct db *db, const struct service *service,
                         const uint8_t pid[PID_SIZE], struct err *err);
/* Inside the caller's transaction. ERR_CONFLICT: another version is stored, or none. */
MUST_USE bool draft_end(struct cases *cases, struct db *db, const struct service *service,
                        const uint8_t pid[PID_SIZE], int64_t version, struct err *err);
/* Files the draft as case_file does, and ends it in the same transaction. ERR_CONFLICT: it was sent already.
 * `signature`: of the application, where its file asks for one (case.h); NULL: none. */
MUST_USE bool draft_file(struct cases *cases, struct db *db, const struct service *service,
                         const struct case_actor *applicant, enum channel channel, const struct draft *draft,
                         const struct case_signature *signature, int64_t now, struct arena *arena,
                         char ret_number[CASE_NO_SIZE], uint64_t *ret_position, struct err *err);

/* A person's drafts, changed last first; services that the folder has no more are left out. */
struct draft_listed {
    const struct service *service;
    int64_t begun, seen;
};
MUST_USE bool draft_list(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                         struct draft_listed **ret_list, size_t *ret_n, struct err *err);

#endif
