/* SPDX-License-Identifier: Apache-2.0 */
/* payment.c: what is due, invoices, and what was reported of them. */
#include "case/payment.h"

#include <stdio.h>

#include "base/clock.h"
#include "case/notice.h"
#include "case/payment_private.h"

#define INVOICES_MAX 256

struct str money_text(int64_t amount, struct arena *arena)
{
    return str_of(arena_printf(arena, "%lld.%02lld", (long long)(amount / 100), (long long)(amount % 100)));
}

/* --- what is due --- */

static void due_by_rule(const struct service_fee *fee, const struct rule_value *values, struct arena *arena,
                        struct fee_due *due)
{
    struct rule_value exempt = fee->exempt_if ? rule_eval(fee->exempt_if, values, arena) : rule_yes_no(false),
                      amount = rule_eval(fee->amount, values, arena);
    *due = (struct fee_due){.fee = fee, .exempt = exempt.known && exempt.yes};
    due->known = due->exempt || amount.known;
    if (due->known && !due->exempt && amount.number > 0)
        due->amount = (amount.number + RULE_ONE / 200) / (RULE_ONE / 100);
}

/* Paid and still standing; `number` empty: not used for a case yet. */
static bool add_invoices(struct beside *b, struct db *db, const uint8_t *pid, struct str name,
                         struct str number, struct arena *arena, struct fee_due *due, struct err *err)
{
    struct invoice_row *rows;
    size_t n;
    if (!invoices_of_payer(b, db, pid, name, INVOICES_MAX, arena, &rows, &n, err))
        return false;
    for (size_t k = n; k-- > 0;) {
        const struct invoice *i = &rows[k].i;
        if (!str_eq(i->number, number))
            continue;
        if (i->state == INVOICE_PAID)
            due->paid += i->amount;
        else if (i->state == INVOICE_OPEN)
            memcpy(due->invoice, i->id, sizeof due->invoice);
    }
    return true;
}

bool fees_due(struct beside *b, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
              const struct case_file *c, const struct rule_value *values, struct arena *arena,
              struct fee_due **ret_fees, struct err *err)
{
    struct fee_due *fees = arena_array(arena, struct fee_due, s->fees_n + 1);
    for (size_t i = 0; i < s->fees_n; i++) {
        due_by_rule(&s->fees[i], values, arena, &fees[i]);
        if (!add_invoices(b, db, pid, fee_name(s, &s->fees[i], arena), c ? str_of(c->number) : STR(""), arena,
                          &fees[i], err))
            return false;
    }
    *ret_fees = fees;
    return true;
}

static struct rule_value *values_of(const struct beside *b, const struct case_file *c, struct arena *arena)
{
    return journey_values(b->j, c->service, local_day(b->j, c->filed), c->channel, c->answers, arena);
}

bool payment_facts(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                   struct case_input *input, struct err *err)
{
    struct fee_due *fees;
    bool filing = c->version == 0, all = true;
    if (c->service->fees_n == 0 || b->ports.payments == NULL) {
        input->paid |= c->service->fees_n == 0;
        return true;
    }
    if (!fees_due(b, db, c->service, c->pid, filing ? NULL : c, values_of(b, c, arena), arena, &fees, err))
        return false;
    for (size_t i = 0; i < c->service->fees_n; i++) {
        bool owed = fees[i].paid < fees[i].amount;
        all &= !owed && fees[i].known;
        input->owes_filing |= filing && owed && fees[i].fee->before_filing;
        input->owes_result |= !filing && owed && !fees[i].fee->before_filing;
    }
    input->paid |= all;
    return true;
}

/* --- invoices --- */

/* Open invoices for this fee that are not of a case, when another sum is owed now. */
static bool void_open(struct beside *b, struct db *db, const uint8_t *pid, struct str name, int64_t but,
                      struct arena *arena, struct err *err)
{
    struct invoice_row *rows;
    size_t n;
    bool changed; /* or paid at this moment: then it is no more than that */
    if (!invoices_of_payer(b, db, pid, name, INVOICES_MAX, arena, &rows, &n, err))
        return false;
    for (size_t k = 0; k < n; k++) {
        struct invoice *i = &rows[k].i;
        if (i->number.n != 0 || i->state != INVOICE_OPEN || i->amount == but)
            continue;
        i->state = INVOICE_VOID;
        if (!invoice_put(b, db, &rows[k], arena, &changed, err))
            return false;
    }
    return true;
}

struct asking {
    struct beside *b;
    const struct service *s;
    const uint8_t *pid;
    const struct rule_value *values;
    int64_t now;
    struct arena *arena;
};

static bool ask_before_filing(struct db *db, void *arg, struct err *err)
{
    const struct asking *a = arg;
    for (size_t i = 0; i < a->s->fees_n; i++) {
        struct fee_due due;
        struct str name = fee_name(a->s, &a->s->fees[i], a->arena);
        due_by_rule(&a->s->fees[i], a->values, a->arena, &due);
        if (!a->s->fees[i].before_filing)
            continue;
        if (!add_invoices(a->b, db, a->pid, name, STR(""), a->arena, &due, err))
            return false;
        int64_t owed = MAX_OF(due.amount - due.paid, (int64_t)0);
        due.invoice[0] = '\0';
        if (!void_open(a->b, db, a->pid, name, owed, a->arena, err) ||
            !add_invoices(a->b, db, a->pid, name, STR(""), a->arena, &due, err))
            return false;
        if (owed != 0 && due.invoice[0] == '\0' &&
            !invoice_insert(a->b, db, a->s, a->pid, &a->s->fees[i], STR(""), owed, a->now, a->arena, err))
            return false;
    }
    return true;
}

bool invoices_before_filing(struct beside *b, struct db *db, const struct service *s,
                            const uint8_t pid[PID_SIZE], const struct rule_value *values, int64_t now,
                            struct arena *arena, struct err *err)
{
    struct asking asking = {b, s, pid, values, now, arena};
    return db_tx(db, ask_before_filing, &asking, err);
}

bool invoices_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], size_t limit,
                 struct arena *arena, struct invoice **ret_list, size_t *ret_n, struct err *err)
{
    struct invoice_row *rows;
    struct invoice *list = arena_array(arena, struct invoice, limit + 1);
    if (!invoices_of_payer(b, db, pid, STR(""), limit, arena, &rows, ret_n, err))
        return false;
    for (size_t k = 0; k < *ret_n; k++)
        list[k] = rows[k].i;
    *ret_list = list;
    return true;
}

static bool find(struct beside *b, struct db *db, struct str id, struct arena *arena,
                 struct invoice_row *ret_row, struct err *err)
{
    bool found;
    if (!invoice_find(b, db, id, arena, ret_row, &found, err))
        return false;
    return found || err_set(err, ERR_NOT_FOUND, "invoice", "There is no such invoice.");
}

bool invoice_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                  struct arena *arena, struct invoice *ret, struct err *err)
{
    struct invoice_row row;
    if (!find(b, db, id, arena, &row, err))
        return false;
    if (memcmp(row.pid, pid, PID_SIZE) != 0)
        return err_set(err, ERR_NOT_FOUND, "invoice", "There is no such invoice.");
    *ret = row.i;
    return true;
}

/* --- steps --- */

static bool bind_to_case(struct beside *b, struct db *db, const struct case_file *c,
                         const struct service_fee *fee, struct arena *arena, struct err *err)
{
    struct fee_due due;
    struct invoice_row *rows;
    size_t n;
    bool changed; /* or used for another application: then it is missing below */
    struct str name = fee_name(c->service, fee, arena);
    if (!invoices_of_payer(b, db, c->pid, name, INVOICES_MAX, arena, &rows, &n, err))
        return false;
    for (size_t k = 0; k < n; k++) {
        if (rows[k].i.number.n != 0 || rows[k].i.state != INVOICE_PAID)
            continue;
        rows[k].i.number = str_of(c->number);
        if (!invoice_put(b, db, &rows[k], arena, &changed, err))
            return false;
    }
    due_by_rule(fee, values_of(b, c, arena), arena, &due);
    if (b->ports.payments == NULL)
        return true;
    if (!add_invoices(b, db, c->pid, name, str_of(c->number), arena, &due, err))
        return false;
    return due.paid >= due.amount ||
           err_set(err, ERR_CONFLICT, "fee",
                   "The fee that you paid has just been used for another application.");
}

static bool with_filing(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                        struct err *err)
{
    bool asked = false;
    for (size_t i = 0; i < c->service->fees_n; i++) {
        const struct service_fee *fee = &c->service->fees[i];
        struct fee_due due;
        due_by_rule(fee, values_of(b, c, arena), arena, &due);
        if (fee->before_filing) {
            if (!bind_to_case(b, db, c, fee, arena, err))
                return false;
        } else if (due.amount != 0) {
            asked = true;
            if (!invoice_insert(b, db, c->service, c->pid, fee, str_of(c->number), due.amount, c->filed,
                                arena, err))
                return false;
        }
    }
    return !asked || notice_put(b, db, c, NOTICE_PAY, (struct notice_for){c->pid, NULL}, STR(""), STR(""),
                                c->filed, arena, err);
}

static const struct service_fee *fee_of(const struct service *s, struct str id)
{
    for (size_t i = 0; i < s->fees_n; i++)
        if (str_eq(s->fees[i].id, id))
            return &s->fees[i];
    return NULL;
}

/* What is open is owed no more; what was paid goes back where the rule says so: the order is spooled anew. */
static bool with_end(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                     struct err *err)
{
    const struct case_event *last = &c->events[c->events_n - 1];
    struct invoice_row *rows;
    size_t n;
    bool refunds = false, changed;
    if (!invoices_of_case(b, db, str_of(c->number), arena, &rows, &n, err))
        return false;
    for (size_t k = 0; k < n; k++) {
        const struct service_fee *fee = fee_of(c->service, rows[k].fee);
        bool open = rows[k].i.state == INVOICE_OPEN,
             back = rows[k].i.state == INVOICE_PAID && fee != NULL && (fee->refund_on >> c->status & 1) != 0;
        if (!open && !back)
            continue;
        rows[k].i.state = open ? INVOICE_VOID : INVOICE_REFUND;
        rows[k].act = last->act;
        if (!invoice_put(b, db, &rows[k], arena, &changed, err))
            return false;
        if (!changed)
            return err_set(err, ERR_BUSY, "invoice", "A payment has just come: do this once more.");
        refunds |= back;
    }
    return !refunds || notice_put(b, db, c, NOTICE_REFUND, (struct notice_for){c->pid, NULL}, STR(""),
                                  STR(""), last->time, arena, err);
}

bool payment_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                  struct err *err)
{
    if (c->service->fees_n == 0)
        return true;
    if (c->version == 1)
        return with_filing(b, db, c, arena, err);
    bool ends = status_is_final(c->status) && c->status != DECIDED_YES && c->status != status_before(c);
    return !ends || with_end(b, db, c, arena, err);
}

/* --- paid --- */

struct paying {
    struct beside *b;
    struct str id, ref; /* ref: "provider:theirs" */
    int64_t amount;     /* below zero: whatever it is */
    int64_t now;
    struct arena *arena;
    struct invoice_row row;
    char act[ACT_ID_SIZE]; /* empty: none */
};

/* The entry in the payer's list: the money has come, or goes back because nobody owed it. */
static bool tell_log(struct paying *p, struct db *db, bool back, struct err *err)
{
    const struct service *s = p->row.i.service;
    const struct gate_act act = {.kind = gate_kind_code(KIND_STEP),
                                 .holder = s->provider->agency,
                                 .pid = p->row.pid,
                                 .capacity = STR("self"),
                                 .case_no = p->row.i.number,
                                 .outcome = back ? STR(FEE_RETURNED) : STR(FEE_PAID),
                                 .reason = money_text(p->row.i.amount, p->arena)};
    return gate_act_prepare(p->b->cases->gate, db, &act, p->act, err);
}

static bool tell_case(const struct paying *p, struct db *db, struct err *err)
{
    struct case_file c;
    return case_read(p->b->cases, db, p->row.i.number, p->arena, &c, err) &&
           notice_put(p->b, db, &c, NOTICE_PAID, (struct notice_for){c.pid, NULL}, STR(""), STR(""), p->now,
                      p->arena, err);
}

static bool do_pay(struct db *db, void *arg, struct err *err)
{
    struct paying *p = arg;
    struct invoice *i = &p->row.i;
    bool changed;
    p->act[0] = '\0';
    if (!find(p->b, db, p->id, p->arena, &p->row, err))
        return false;
    if (p->amount >= 0 && p->amount != i->amount)
        return err_set(err, ERR_INVALID, "amount", "The invoice is over %s.",
                       money_text(i->amount, p->arena).p);
    if (i->state == INVOICE_PAID || i->state == INVOICE_REFUND)
        return str_eq(p->row.ref, p->ref) ||
               err_set(err, ERR_CONFLICT, "invoice",
                       "It was paid before by another payment: give this one back.");
    bool back = i->state == INVOICE_VOID; /* money for nothing: an order to give it back */
    if (i->service != NULL && !tell_log(p, db, back, err))
        return false;
    i->state = back ? INVOICE_REFUND : INVOICE_PAID;
    i->settled = p->now;
    p->row.ref = p->ref;
    p->row.act = str_of(p->act);
    if (!invoice_put(p->b, db, &p->row, p->arena, &changed, err))
        return false;
    if (!changed)
        return err_set(err, ERR_BUSY, "invoice", "The invoice has just changed: report it again.");
    return back || i->number.n == 0 || tell_case(p, db, err);
}

bool payment_settle(struct beside *b, struct db *db, struct str id, struct str ref, int64_t amount,
                    int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    struct paying p = {.b = b, .id = id, .ref = ref, .amount = amount, .now = now, .arena = arena};
    *ret_position = 0;
    if (!db_tx(db, do_pay, &p, err))
        return false;
    if (p.act[0] == '\0')
        return true;
    /* What waited for the money goes on; what fails now is done by the clock. */
    return gate_act_deliver(b->cases->gate, db, p.act, ret_position, err) &&
           (p.row.i.number.n == 0 || p.row.i.state != INVOICE_PAID ||
            machine_steps(b->cases, db, p.row.i.number, &none, now, arena, ret_position, err));
}

bool payment_pretend(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id, int64_t now,
                     struct arena *arena, uint64_t *ret_position, struct err *err)
{
    struct invoice invoice;
    return invoice_read(b, db, pid, id, arena, &invoice, err) &&
           payment_settle(b, db, id, str_of(arena_printf(arena, "demo:%s", invoice.id)), -1, now, arena,
                          ret_position, err);
}
