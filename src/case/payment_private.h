/* SPDX-License-Identifier: Apache-2.0 */
/* payment_private.h: between invoices (payment.c) and the port (payment_port.c). */
#ifndef CASE_PAYMENT_PRIVATE_H
#define CASE_PAYMENT_PRIVATE_H

#include "case/beside_private.h"
#include "case/payment.h"

/* The payment `ref` ("provider:theirs") of this sum (below zero: whatever is due) has come. */
MUST_USE bool payment_settle(struct beside *b, struct db *db, struct str id, struct str ref, int64_t amount,
                             int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err);

#endif
