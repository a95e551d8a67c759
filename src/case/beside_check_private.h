/* SPDX-License-Identifier: Apache-2.0 */
/* beside_check_private.h: between the walks (beside_check.c) and those who know what a row of theirs must be.
 */
#ifndef CASE_BESIDE_CHECK_PRIVATE_H
#define CASE_BESIDE_CHECK_PRIVATE_H

#include "case/beside_check.h"
#include "case/beside_private.h"

struct row_check {
    struct beside *b;
    struct db *db;
    struct beside_report *report;
    const char *table, *row; /* where, for what is found */
    struct arena *arena;     /* of this row */
    struct case_check *acts; /* NULL: entries are not compared */
};
struct check_value {
    struct str text;
    int64_t number;
};
struct check_row {
    struct check_value at[12]; /* by column of the walk's select */
};

void row_wrong(struct row_check *c, const char *text);
void row_act(struct row_check *c, struct str act); /* it names this entry */
/* A reading failed: a finding, unless the database does not answer (then false). */
MUST_USE bool row_failed(struct row_check *c, const struct err *why, struct err *err);
MUST_USE bool row_of_case(struct row_check *c, struct str number, struct case_file *ret_case, bool *ret_there,
                          struct err *err);
MUST_USE bool row_of_person(struct row_check *c, const uint8_t pid[PID_SIZE], struct err *err);
/* A seat, co-signers and invoices of a case that are not there. */
case_check_fn booking_missing, signer_missing, payment_missing;
bool row_made(const char *id, int64_t made); /* the moment in the id is this one */
bool row_tagged(const struct row_check *c, const char *what, struct str of, struct str tag);

/* False only when the database does not answer. */
MUST_USE bool check_offer(struct row_check *c, const struct check_row *row, struct err *err);
/* The notice's offer is there, and this person's; its letter is one of an office that can have raised it. */
MUST_USE bool check_offered(struct row_check *c, struct str offer, const uint8_t pid[PID_SIZE],
                            struct str letters, bool goes_by_letter, struct err *err);
MUST_USE bool check_notice(struct row_check *c, const struct check_row *row, struct err *err);
MUST_USE bool check_signers(struct row_check *c, const struct check_row *row, struct err *err);
MUST_USE bool check_invoice(struct row_check *c, const struct check_row *row, struct err *err);
MUST_USE bool check_slots(struct row_check *c, const struct check_row *row, struct err *err);
MUST_USE bool check_file(struct row_check *c, const struct check_row *row, struct err *err);
MUST_USE bool check_loose_parts(struct beside *b, struct db *db, struct beside_report *report,
                                struct err *err);

/* draft.c: each draft opens; whose they are is seen by their tags. */
struct draft_owner {
    uint8_t tag[HASH_SIZE], person[HASH_SIZE];
    struct str service;
};
MUST_USE bool drafts_check(struct beside *b, struct db *db, struct beside_report *report, struct arena *arena,
                           struct draft_owner **ret_list, size_t *ret_n, struct err *err);
/* The tag of a person's draft of this service; empty: of all of them. */
void draft_tag_of(const struct cases *cases, struct str service, const uint8_t pid[PID_SIZE],
                  uint8_t tag[HASH_SIZE]);

#endif
