/* SPDX-License-Identifier: Apache-2.0 */
/* payment.c: what is due, invoices, and what was reported of them. */
#include "case/payment.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/beside_check_private.h"
#include "case/notice.h"
#include "case/payment_private.h"

struct str money_text(int64_t amount, struct arena *arena)
{
    return str_of(arena_printf(arena, "%lld.%02lld", (long long)(amount / 100), (long long)(amount % 100)));
}

static struct str fee_name(const struct service *s, const struct service_fee *fee, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(fee->id)));
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
                         struct str number, struct fee_due *due, struct err *err)
{
    static const char sql[] = "SELECT id, amount, state FROM case_invoice WHERE payer = $1 AND fee = $2"
                              " AND case_no = $3 AND state < 2 ORDER BY id";
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, name);
    db_bind_text(stmt, 3, number);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW) {
        if (db_i64(stmt, 2) == INVOICE_PAID)
            due->paid += db_i64(stmt, 1);
        else
            snprintf(due->invoice, sizeof due->invoice, "%.*s", STR_ARG(db_text(stmt, 0)));
    }
    return result == DB_DONE;
}

bool fees_due(struct beside *b, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
              const struct case_file *c, const struct rule_value *values, struct arena *arena,
              struct fee_due **ret_fees, struct err *err)
{
    struct fee_due *fees = arena_array(arena, struct fee_due, s->fees_n + 1);
    for (size_t i = 0; i < s->fees_n; i++) {
        due_by_rule(&s->fees[i], values, arena, &fees[i]);
        if (!add_invoices(b, db, pid, fee_name(s, &s->fees[i], arena), c ? str_of(c->number) : STR(""),
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

/* pid ‖ lp(service) ‖ lp(fee) ‖ amount u64 (rows of before have none) */
static bool insert(struct beside *b, struct db *db, const struct service *s, const uint8_t *pid,
                   const struct service_fee *fee, struct str number, int64_t amount, int64_t now,
                   struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_invoice (id, payer, fee, case_no, amount, state, spooled, "
                              "made, settled, ref, sealed)"
                              " VALUES ($1, $2, $3, $4, $5, 0, 0, $6, 0, '', $7)";
    uint8_t tag[HASH_SIZE];
    char id[INVOICE_ID_SIZE];
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_id(now, id);
    beside_tag(b, "person", pid_text(pid), tag);
    buf_in(&plain, arena, 1024);
    buf_add(&plain, pid, PID_SIZE);
    buf_lp(&plain, s->id.p, s->id.n);
    buf_lp(&plain, fee->id.p, fee->id.n);
    buf_u64be(&plain, (uint64_t)amount);
    struct str sealed = beside_seal(b, "invoice", str_of(id), buf_view(&plain), arena);
    db_bind_text(stmt, 1, str_of(id));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, fee_name(s, fee, arena));
    db_bind_text(stmt, 4, number);
    db_bind_i64(stmt, 5, amount);
    db_bind_i64(stmt, 6, now);
    db_bind_bytes(stmt, 7, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

/* Open invoices for this fee that are not of a case, when another sum is owed now. */
static bool void_open(struct beside *b, struct db *db, const uint8_t *pid, struct str name, int64_t but,
                      struct err *err)
{
    static const char sql[] =
        "UPDATE case_invoice SET state = 3, spooled = 1 WHERE payer = $1 AND fee = $2 AND case_no = ''"
        " AND state = 0 AND amount <> $3";
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, name);
    db_bind_i64(stmt, 3, but);
    return db_run(stmt, NULL, err);
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
        if (!add_invoices(a->b, db, a->pid, name, STR(""), &due, err))
            return false;
        int64_t owed = MAX_OF(due.amount - due.paid, (int64_t)0);
        due.invoice[0] = '\0';
        if (!void_open(a->b, db, a->pid, name, owed, err) ||
            !add_invoices(a->b, db, a->pid, name, STR(""), &due, err))
            return false;
        if (owed != 0 && due.invoice[0] == '\0' &&
            !insert(a->b, db, a->s, a->pid, &a->s->fees[i], STR(""), owed, a->now, a->arena, err))
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

/* Opens a row: id, case_no, amount, state, made, settled, sealed. */
static bool read_invoice(struct beside *b, struct db_stmt *row, struct arena *arena, struct invoice *out,
                         uint8_t pid[PID_SIZE], struct err *err)
{
    struct str plain, service, fee, sealed = str_dup(arena, db_bytes(row, 6));
    *out = (struct invoice){.number = str_dup(arena, db_text(row, 1)),
                            .amount = db_i64(row, 2),
                            .state = (enum invoice_state)db_i64(row, 3),
                            .made = db_i64(row, 4),
                            .settled = db_i64(row, 5)};
    snprintf(out->id, sizeof out->id, "%.*s", STR_ARG(db_text(row, 0)));
    if (!beside_unseal(b, "invoice", str_of(out->id), sealed, arena, &plain, err))
        return false;
    struct str rest = str_from(plain, PID_SIZE);
    if (plain.n < PID_SIZE || !lp_next(&rest, &service) || !lp_next(&rest, &fee) ||
        (rest.n != 0 && (rest.n != 8 || get_u64be((const uint8_t *)rest.p) != (uint64_t)out->amount)))
        return err_set(err, ERR_CORRUPT, "invoice", "an invoice is not what was written");
    memcpy(pid, plain.p, PID_SIZE);
    out->service = jurisdiction_service(b->j, service);
    for (size_t i = 0; out->service != NULL && i < out->service->fees_n; i++)
        if (str_eq(out->service->fees[i].id, fee))
            out->fee = &out->service->fees[i];
    return true;
}

#define INVOICE_COLUMNS "SELECT id, case_no, amount, state, made, settled, sealed FROM case_invoice "

bool invoices_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], size_t limit,
                 struct arena *arena, struct invoice **ret_list, size_t *ret_n, struct err *err)
{
    uint8_t tag[HASH_SIZE], whose[PID_SIZE];
    struct invoice *list = arena_array(arena, struct invoice, limit + 1);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, INVOICE_COLUMNS "WHERE payer = $1 ORDER BY id DESC LIMIT $2", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, (int64_t)limit);
    enum db_result result;
    bool ok = true;
    while ((result = db_step(stmt, err)) == DB_ROW && ok && n < limit)
        ok = read_invoice(b, stmt, arena, &list[n++], whose, err);
    if (result == DB_ROW)
        db_end(stmt);
    *ret_list = list;
    *ret_n = n;
    return ok && result != DB_ERROR;
}

static bool find(struct beside *b, struct db *db, struct str id, struct arena *arena, struct invoice *out,
                 uint8_t pid[PID_SIZE], struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, INVOICE_COLUMNS "WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "invoice", "There is no such invoice.");
    bool ok = read_invoice(b, stmt, arena, out, pid, err);
    db_end(stmt);
    return ok;
}

bool invoice_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                  struct arena *arena, struct invoice *ret, struct err *err)
{
    uint8_t whose[PID_SIZE];
    struct invoice invoice;
    if (!find(b, db, id, arena, &invoice, whose, err))
        return false;
    if (memcmp(whose, pid, PID_SIZE) != 0)
        return err_set(err, ERR_NOT_FOUND, "invoice", "There is no such invoice.");
    *ret = invoice;
    return true;
}

/* --- steps --- */

static bool bind_to_case(struct beside *b, struct db *db, const struct case_file *c,
                         const struct service_fee *fee, struct arena *arena, struct err *err)
{
    static const char sql[] =
        "UPDATE case_invoice SET case_no = $1 WHERE payer = $2 AND fee = $3 AND state = 1"
        " AND case_no = ''";
    uint8_t tag[HASH_SIZE];
    struct fee_due due;
    struct str name = fee_name(c->service, fee, arena);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(c->pid), tag);
    db_bind_text(stmt, 1, str_of(c->number));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, name);
    if (!db_run(stmt, NULL, err))
        return false;
    due_by_rule(fee, values_of(b, c, arena), arena, &due);
    if (b->ports.payments == NULL)
        return true;
    if (!add_invoices(b, db, c->pid, name, str_of(c->number), &due, err))
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
            if (!insert(b, db, c->service, c->pid, fee, str_of(c->number), due.amount, c->filed, arena, err))
                return false;
        }
    }
    return !asked || notice_put(b, db, c, NOTICE_PAY, (struct notice_for){c->pid, NULL}, STR(""), STR(""),
                                c->filed, arena, err);
}

static bool set_state(struct db *db, const char *sql, struct str number, struct str fee, int64_t *ret_changed,
                      struct err *err)
{
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    db_bind_text(stmt, 2, fee);
    return db_run(stmt, ret_changed, err);
}

/* What is open is owed no more; what was paid goes back where the rule says so: the order is spooled anew. */
static bool with_end(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                     struct err *err)
{
    static const char open[] =
        "UPDATE case_invoice SET state = 3, spooled = 1 WHERE case_no = $1 AND fee = $2 AND state = 0",
                      back[] =
                          "UPDATE case_invoice SET state = 2, spooled = 0 WHERE case_no = $1 AND fee = $2"
                          " AND state = 1";
    int64_t changed, refunds = 0;
    for (size_t i = 0; i < c->service->fees_n; i++) {
        const struct service_fee *fee = &c->service->fees[i];
        struct str name = fee_name(c->service, fee, arena);
        if (!set_state(db, open, str_of(c->number), name, &changed, err))
            return false;
        if ((fee->refund_on >> c->status & 1) == 0)
            continue;
        if (!set_state(db, back, str_of(c->number), name, &changed, err))
            return false;
        refunds += changed;
    }
    return refunds == 0 || notice_put(b, db, c, NOTICE_REFUND, (struct notice_for){c->pid, NULL}, STR(""),
                                      STR(""), c->events[c->events_n - 1].time, arena, err);
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
    struct invoice invoice;
    char act[ACT_ID_SIZE]; /* empty: none */
};

static bool same_ref(struct db *db, struct str id, struct str ref, bool *ret_same, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT ref FROM case_invoice WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_same = found && str_eq(db_text(stmt, 0), ref);
    if (found)
        db_end(stmt);
    return true;
}

static bool tell_case(struct paying *p, struct db *db, struct err *err)
{
    struct case_file c;
    if (!case_read(p->b->cases, db, p->invoice.number, p->arena, &c, err))
        return false;
    const struct gate_act act = {.kind = gate_kind_code(KIND_STEP),
                                 .holder = c.service->provider->agency,
                                 .pid = c.pid,
                                 .capacity = STR("self"),
                                 .case_no = p->invoice.number,
                                 .outcome = STR("fee-paid"),
                                 .reason = money_text(p->invoice.amount, p->arena)};
    return gate_act_prepare(p->b->cases->gate, db, &act, p->act, err) &&
           notice_put(p->b, db, &c, NOTICE_PAID, (struct notice_for){c.pid, NULL}, STR(""), STR(""), p->now,
                      p->arena, err);
}

static bool do_pay(struct db *db, void *arg, struct err *err)
{
    static const char sql[] = "UPDATE case_invoice SET state = $1, settled = $2, ref = $3, spooled = $4"
                              " WHERE id = $5 AND state = $6";
    struct paying *p = arg;
    uint8_t pid[PID_SIZE];
    bool same;
    int64_t changed;
    p->act[0] = '\0';
    if (!find(p->b, db, p->id, p->arena, &p->invoice, pid, err))
        return false;
    if (p->amount >= 0 && p->amount != p->invoice.amount)
        return err_set(err, ERR_INVALID, "amount", "The invoice is over %s.",
                       money_text(p->invoice.amount, p->arena).p);
    enum invoice_state state = p->invoice.state;
    if (state == INVOICE_PAID || state == INVOICE_REFUND) {
        if (!same_ref(db, p->id, p->ref, &same, err))
            return false;
        return same || err_set(err, ERR_CONFLICT, "invoice",
                               "It was paid before by another payment: give this one back.");
    }
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, state == INVOICE_OPEN ? INVOICE_PAID : INVOICE_REFUND);
    db_bind_i64(stmt, 2, p->now);
    db_bind_text(stmt, 3, p->ref);
    db_bind_i64(stmt, 4, state == INVOICE_OPEN ? 1 : 0); /* money for nothing: an order to give it back */
    db_bind_text(stmt, 5, p->id);
    db_bind_i64(stmt, 6, state);
    if (!db_run(stmt, &changed, err))
        return false;
    if (changed != 1)
        return err_set(err, ERR_BUSY, "invoice", "The invoice has just changed: report it again.");
    return state != INVOICE_OPEN || p->invoice.number.n == 0 || tell_case(p, db, err);
}

bool payment_settle(struct beside *b, struct db *db, struct str id, struct str ref, int64_t amount,
                    int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    struct paying p = {b, id, ref, amount, now, arena, {{0}}, ""};
    *ret_position = 0;
    if (!db_tx(db, do_pay, &p, err))
        return false;
    if (p.act[0] == '\0')
        return true;
    /* What waited for the money goes on; what fails now is done by the clock. */
    return gate_act_deliver(b->cases->gate, db, p.act, ret_position, err) &&
           machine_steps(b->cases, db, p.invoice.number, &none, now, arena, ret_position, err);
}

bool payment_pretend(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id, int64_t now,
                     struct arena *arena, uint64_t *ret_position, struct err *err)
{
    struct invoice invoice;
    return invoice_read(b, db, pid, id, arena, &invoice, err) &&
           payment_settle(b, db, id, str_of(arena_printf(arena, "demo:%s", invoice.id)), -1, now, arena,
                          ret_position, err);
}

/* --- checking (aina fsck) --- */

static bool ended_without(const struct case_file *c)
{
    return status_is_final(c->status) && c->status != DECIDED_YES;
}

static bool was_ended(const struct case_file *c)
{
    for (size_t i = 0; i < c->events_n; i++)
        if (status_is_final(c->events[i].status) && c->events[i].status != DECIDED_YES)
            return true;
    return false;
}

/* What its state can be in this case; `fee`: of the case's own version of the service. */
static bool state_fits(const struct case_file *c, const struct service_fee *fee, enum invoice_state state)
{
    switch (state) {
    case INVOICE_OPEN: return !ended_without(c);
    case INVOICE_PAID: return !ended_without(c) || (fee->refund_on >> c->status & 1) == 0;
    default: return was_ended(c); /* and perhaps overturned since */
    }
}

static bool check_of_case(struct row_check *c, const struct invoice *invoice, const uint8_t *pid,
                          struct str fee_name_there, struct err *err)
{
    struct case_file of;
    bool there;
    if (!row_of_case(c, invoice->number, &of, &there, err))
        return false;
    if (!there)
        return true;
    const struct service_fee *fee = NULL;
    for (size_t i = 0; i < of.service->fees_n; i++)
        if (str_eq(fee_name_there, fee_name(of.service, &of.service->fees[i], c->arena)))
            fee = &of.service->fees[i];
    if (fee == NULL || memcmp(of.pid, pid, PID_SIZE) != 0)
        row_wrong(c, "it belongs to another case than it was made for");
    else if (!state_fits(&of, fee, invoice->state))
        row_wrong(c, "its state is not what the case says");
    return true;
}

/* 0 id, 1 payer, 2 fee, 3 case, 4 amount, 5 state, 6 spooled, 7 made, 8 settled, 9 ref, 10 sealed */
bool check_invoice(struct row_check *c, const struct check_row *row, struct err *err)
{
    struct invoice invoice;
    struct err why;
    uint8_t pid[PID_SIZE];
    if (!find(c->b, c->db, row->at[0].text, c->arena, &invoice, pid, &why))
        return row_failed(c, &why, err);
    int64_t state = row->at[5].number, made = row->at[7].number, settled = row->at[8].number;
    bool paid = state == INVOICE_PAID || state == INVOICE_REFUND;
    struct str name =
        invoice.fee != NULL ? fee_name(invoice.service, invoice.fee, c->arena) : row->at[2].text;
    if (!row_tagged(c, "person", pid_text(pid), row->at[1].text) || !str_eq(name, row->at[2].text))
        row_wrong(c, "it stands with another payer or fee than it was made for");
    if (!row_made(row->at[0].text.p, made) || state < INVOICE_OPEN || state > INVOICE_VOID ||
        row->at[4].number < 0 || (row->at[6].number & ~INT64_C(1)) != 0)
        row_wrong(c, "its moment, sum or state is not what was written");
    if (paid != (row->at[9].text.n != 0) || paid != (settled >= made && settled != 0))
        row_wrong(c, "its state and its payment disagree");
    return row_of_person(c, pid, err) &&
           (invoice.number.n == 0 || check_of_case(c, &invoice, pid, row->at[2].text, err));
}
