/* SPDX-License-Identifier: Apache-2.0 */
/* payment.h: fees, and the port through which they are paid.
 *
 * What is due follows from the service's rules: an amount, or the exemption with its words. A fee due before
 * filing bars the filing until as much was paid by this person for this fee; one due before the result bars
 * the granting, and its invoice comes with the filing. Amounts are hundredths of the folder's money. Where
 * the amount is not known from the answers, nothing is barred: the office tells it.
 *
 * The port is a folder. `out/ID.json` is an invoice, {"v":1,"kind":"invoice","id","amount","currency",
 * "service","fee","provider","made"}; nothing of the person. `out/ID.refund.json` is an order to give back.
 * Files are written whole and renamed; whoever takes them away pays or offers them, and may meet one again
 * after a crash: the id says that it is the same. `providers/NAME.conf` (mode 0600) is one who may report
 * payments: lines "name = ...", "key = ed25519:BASE64" or "key = hmac-sha256:HEX", "commission = 100.00" and
 * "url = https://...", the page of the provider to which the invoice's id is added.
 *
 * A provider reports with {"invoice","amount","ref"} and a signature in base64 over
 *     "aina-payment-v1" LF provider LF body
 * The same report twice is the same payment. Money for an invoice that nobody owes any more is given back.
 */
#ifndef CASE_PAYMENT_H
#define CASE_PAYMENT_H

#include "case/beside.h"

enum invoice_state { INVOICE_OPEN, INVOICE_PAID, INVOICE_REFUND, INVOICE_VOID };
#define INVOICE_ID_SIZE 27

/* Outcomes of the entries (kind "step") in the payer's list; `reason` is the sum. */
#define FEE_PAID "fee-paid"
#define FEE_RETURNED "fee-returned" /* nobody owed it when it came */

struct fee_due {
    const struct service_fee *fee;
    bool known, exempt;
    int64_t amount, paid;          /* 0 when exempt */
    char invoice[INVOICE_ID_SIZE]; /* open; empty: none */
};
/* The service's fees under these answers; `c` NULL: before filing, with what was paid and is not used yet. */
MUST_USE bool fees_due(struct beside *b, struct db *db, const struct service *service,
                       const uint8_t pid[PID_SIZE], const struct case_file *c,
                       const struct rule_value *values, struct arena *arena, struct fee_due **ret_fees,
                       struct err *err);
/* Invoices for what is still owed before filing. */
MUST_USE bool invoices_before_filing(struct beside *b, struct db *db, const struct service *service,
                                     const uint8_t pid[PID_SIZE], const struct rule_value *values,
                                     int64_t now, struct arena *arena, struct err *err);

struct invoice {
    char id[INVOICE_ID_SIZE];
    const struct service_fee *fee; /* NULL: the folder has it no more */
    const struct service *service;
    struct str number; /* of the case; empty: not filed yet */
    int64_t amount, made, settled;
    enum invoice_state state;
};
MUST_USE bool invoices_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], size_t limit,
                          struct arena *arena, struct invoice **ret_list, size_t *ret_n, struct err *err);
/* ERR_NOT_FOUND also when it is another person's. */
MUST_USE bool invoice_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                           struct arena *arena, struct invoice *ret_invoice, struct err *err);

struct provider {
    char id[65], name[128], url[256];
    int64_t commission;
    bool hmac;
    uint8_t key[32];
};
/* Reads the folder's providers: a file that is wrong is an error that names its line. */
MUST_USE bool providers_load(struct beside *b, struct err *err);
const struct provider *providers_of(const struct beside *b, size_t *ret_n);

/* A provider's report. ERR_NOT_FOUND: no such provider or invoice; ERR_NOT_AUTHENTICATED: wrong signature;
 * ERR_INVALID: malformed, or another amount; ERR_CONFLICT: paid before by another payment. *ret_position 0:
 * nothing to wait for. */
MUST_USE bool payment_report(struct beside *b, struct db *db, struct str provider, struct str body,
                             struct str signature, int64_t now, struct arena *arena, uint64_t *ret_position,
                             struct err *err);
/* A demonstration's button: as if a provider had reported. */
MUST_USE bool payment_pretend(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                              int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err);

/* "12600.00" */
struct str money_text(int64_t amount, struct arena *arena);

#endif
