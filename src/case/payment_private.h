/* SPDX-License-Identifier: Apache-2.0 */
/* payment_private.h: between invoices (payment.c), their rows (payment_row.c) and the port (payment_port.c).
 */
#ifndef CASE_PAYMENT_PRIVATE_H
#define CASE_PAYMENT_PRIVATE_H

#include "case/beside_private.h"
#include "case/payment.h"

/* The payment `ref` ("provider:theirs") of this sum (below zero: whatever is due) has come. */
MUST_USE bool payment_settle(struct beside *b, struct db *db, struct str id, struct str ref, int64_t amount,
                             int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err);

struct str fee_name(const struct service *s, const struct service_fee *fee, struct arena *arena);

/* A row. All that matters of it stands in its sealed part, made anew with each change; in the clear stands
 * what finds it, and a row in which the two differ is not believed. */
struct invoice_row {
    struct invoice i;
    uint8_t pid[PID_SIZE];
    struct str service, fee; /* ids */
    struct str ref;          /* of the payment; empty: not paid */
    struct str act;          /* of the entry about what was paid or is given back; empty: none */
    struct str sealed;       /* as it was read */
    bool old;                /* its sealed part says nothing of its state: written before it did */
};
MUST_USE bool invoice_insert(struct beside *b, struct db *db, const struct service *s,
                             const uint8_t pid[PID_SIZE], const struct service_fee *fee, struct str number,
                             int64_t amount, int64_t now, struct arena *arena, struct err *err);
/* `*ret_found` false: no such row. */
MUST_USE bool invoice_find(struct beside *b, struct db *db, struct str id, struct arena *arena,
                           struct invoice_row *ret_row, bool *ret_found, struct err *err);
/* Of this payer, newest first; `name` (fee_name) empty: of all fees. */
MUST_USE bool invoices_of_payer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str name,
                                size_t limit, struct arena *arena, struct invoice_row **ret_rows,
                                size_t *ret_n, struct err *err);
MUST_USE bool invoices_of_case(struct beside *b, struct db *db, struct str number, struct arena *arena,
                               struct invoice_row **ret_rows, size_t *ret_n, struct err *err);
/* The row as it is now (paid, void, or to be given back, which is spooled), over the one that was read.
 * `*ret_changed` false: somebody else was first. */
MUST_USE bool invoice_put(struct beside *b, struct db *db, const struct invoice_row *row, struct arena *arena,
                          bool *ret_changed, struct err *err);

#endif
