/* SPDX-License-Identifier: Apache-2.0 */
/* payment_row.c: invoices as they stand in the database, and whether they are whole. */
#include <stdio.h>

#include "case/beside_check_private.h"
#include "case/payment_private.h"

#define ROWS_MAX 256

struct str fee_name(const struct service *s, const struct service_fee *fee, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(fee->id)));
}

/* --- the sealed part --- */

/* pid ‖ lp(service) ‖ lp(fee) ‖ amount u64 ‖ state u8 ‖ settled u64 ‖ lp(case) ‖ lp(ref) ‖ lp(act); rows of
 * before end with the amount, or before it */
static struct str seal_row(const struct beside *b, const struct invoice_row *row, struct arena *arena)
{
    struct buf plain;
    buf_in(&plain, arena, 4096);
    buf_add(&plain, row->pid, PID_SIZE);
    buf_lp(&plain, row->service.p, row->service.n);
    buf_lp(&plain, row->fee.p, row->fee.n);
    buf_u64be(&plain, (uint64_t)row->i.amount);
    buf_byte(&plain, (uint8_t)row->i.state);
    buf_u64be(&plain, (uint64_t)row->i.settled);
    buf_lp(&plain, row->i.number.p, row->i.number.n);
    buf_lp(&plain, row->ref.p, row->ref.n);
    buf_lp(&plain, row->act.p, row->act.n);
    must(!buf_overflowed(&plain));
    return beside_seal(b, "invoice", str_of(row->i.id), buf_view(&plain), arena);
}

static bool next_u64(struct str *rest, int64_t *ret)
{
    if (rest->n < 8)
        return false;
    *ret = (int64_t)get_u64be((const uint8_t *)rest->p);
    *rest = str_from(*rest, 8);
    return true;
}

/* What follows the amount is what stands in the clear. */
static bool state_is_sealed(struct str rest, struct invoice_row *row)
{
    struct str number, ref;
    int64_t settled;
    if (rest.n == 0 || (uint8_t)rest.p[0] != row->i.state)
        return false;
    rest = str_from(rest, 1);
    return next_u64(&rest, &settled) && settled == row->i.settled && lp_next(&rest, &number) &&
           str_eq(number, row->i.number) && lp_next(&rest, &ref) && str_eq(ref, row->ref) &&
           lp_next(&rest, &row->act) && rest.n == 0;
}

static bool open_sealed(const struct beside *b, struct invoice_row *row, struct arena *arena, struct err *err)
{
    struct str plain, rest;
    int64_t amount = row->i.amount;
    if (!beside_unseal(b, "invoice", str_of(row->i.id), row->sealed, arena, &plain, err))
        return false;
    rest = str_from(plain, PID_SIZE);
    bool ok = plain.n >= PID_SIZE && lp_next(&rest, &row->service) && lp_next(&rest, &row->fee) &&
              (rest.n == 0 || next_u64(&rest, &amount)) && amount == row->i.amount;
    row->old = rest.n == 0;
    if (!ok || (!row->old && !state_is_sealed(rest, row)))
        return err_set(err, ERR_CORRUPT, "invoice", "an invoice is not what was written");
    memcpy(row->pid, plain.p, PID_SIZE);
    row->i.service = jurisdiction_service(b->j, row->service);
    for (size_t i = 0; row->i.service != NULL && i < row->i.service->fees_n; i++)
        if (str_eq(row->i.service->fees[i].id, row->fee))
            row->i.fee = &row->i.service->fees[i];
    return true;
}

/* --- reading --- */

#define SELECT "SELECT id, case_no, amount, state, made, settled, ref, sealed FROM case_invoice "

/* Rows that a statement gives, at most so many; opened when it is over. */
static bool rows_of(struct beside *b, struct db_stmt *stmt, size_t limit, struct arena *arena,
                    struct invoice_row **ret_rows, size_t *ret_n, struct err *err)
{
    struct invoice_row *rows = arena_array(arena, struct invoice_row, limit + 1);
    size_t n = 0;
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < limit) {
        struct invoice_row *row = &rows[n++];
        row->i = (struct invoice){.number = str_dup(arena, db_text(stmt, 1)),
                                  .amount = db_i64(stmt, 2),
                                  .state = (enum invoice_state)db_i64(stmt, 3),
                                  .made = db_i64(stmt, 4),
                                  .settled = db_i64(stmt, 5)};
        snprintf(row->i.id, sizeof row->i.id, "%.*s", STR_ARG(db_text(stmt, 0)));
        row->ref = str_dup(arena, db_text(stmt, 6));
        row->sealed = str_dup(arena, db_bytes(stmt, 7));
    }
    if (result == DB_ROW)
        db_end(stmt);
    for (size_t i = 0; i < n && result != DB_ERROR; i++)
        if (!open_sealed(b, &rows[i], arena, err))
            return false;
    *ret_rows = rows;
    *ret_n = n;
    return result != DB_ERROR;
}

bool invoice_find(struct beside *b, struct db *db, struct str id, struct arena *arena,
                  struct invoice_row *ret_row, bool *ret_found, struct err *err)
{
    struct invoice_row *rows;
    size_t n;
    struct db_stmt *stmt = db_sql(db, SELECT "WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    if (!rows_of(b, stmt, 1, arena, &rows, &n, err))
        return false;
    *ret_found = n == 1;
    if (n == 1)
        *ret_row = rows[0];
    return true;
}

bool invoices_of_payer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str name,
                       size_t limit, struct arena *arena, struct invoice_row **ret_rows, size_t *ret_n,
                       struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt =
        db_sql(db, SELECT "WHERE payer = $1 AND ($2 = '' OR fee = $2) ORDER BY id DESC LIMIT $3", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, name);
    db_bind_i64(stmt, 3, (int64_t)limit);
    return rows_of(b, stmt, limit, arena, ret_rows, ret_n, err);
}

bool invoices_of_case(struct beside *b, struct db *db, struct str number, struct arena *arena,
                      struct invoice_row **ret_rows, size_t *ret_n, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, SELECT "WHERE case_no = $1 AND case_no <> '' ORDER BY id", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    return rows_of(b, stmt, ROWS_MAX, arena, ret_rows, ret_n, err);
}

/* --- writing --- */

bool invoice_insert(struct beside *b, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
                    const struct service_fee *fee, struct str number, int64_t amount, int64_t now,
                    struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_invoice (id, payer, fee, case_no, amount, state, spooled, "
                              "made, settled, ref, sealed)"
                              " VALUES ($1, $2, $3, $4, $5, 0, 0, $6, 0, '', $7)";
    struct invoice_row row = {.i = {.number = number, .amount = amount}, .service = s->id, .fee = fee->id};
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_id(now, row.i.id);
    memcpy(row.pid, pid, PID_SIZE);
    beside_tag(b, "person", pid_text(pid), tag);
    struct str sealed = seal_row(b, &row, arena);
    db_bind_text(stmt, 1, str_of(row.i.id));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, fee_name(s, fee, arena));
    db_bind_text(stmt, 4, number);
    db_bind_i64(stmt, 5, amount);
    db_bind_i64(stmt, 6, now);
    db_bind_bytes(stmt, 7, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

bool invoice_put(struct beside *b, struct db *db, const struct invoice_row *row, struct arena *arena,
                 bool *ret_changed, struct err *err)
{
    static const char sql[] = "UPDATE case_invoice SET case_no = $1, state = $2, settled = $3, ref = $4,"
                              " spooled = $5, sealed = $6 WHERE id = $7 AND sealed = $8";
    int64_t changed;
    struct str sealed = seal_row(b, row, arena);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, row->i.number);
    db_bind_i64(stmt, 2, row->i.state);
    db_bind_i64(stmt, 3, row->i.settled);
    db_bind_text(stmt, 4, row->ref);
    db_bind_i64(stmt, 5, row->i.state != INVOICE_REFUND); /* what is paid or void has not to leave */
    db_bind_bytes(stmt, 6, sealed.p, sealed.n);
    db_bind_text(stmt, 7, str_of(row->i.id));
    db_bind_bytes(stmt, 8, row->sealed.p, row->sealed.n);
    if (!db_run(stmt, &changed, err))
        return false;
    *ret_changed = changed == 1;
    return true;
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

static bool check_of_case(struct row_check *c, const struct invoice_row *row, struct str fee_name_there,
                          struct err *err)
{
    struct case_file of;
    bool there;
    if (!row_of_case(c, row->i.number, &of, &there, err))
        return false;
    if (!there)
        return true;
    const struct service_fee *fee = NULL;
    for (size_t i = 0; i < of.service->fees_n; i++)
        if (str_eq(fee_name_there, fee_name(of.service, &of.service->fees[i], c->arena)))
            fee = &of.service->fees[i];
    if (fee == NULL || memcmp(of.pid, row->pid, PID_SIZE) != 0)
        row_wrong(c, "it belongs to another case than it was made for");
    else if (!state_fits(&of, fee, row->i.state))
        row_wrong(c, "its state is not what the case says");
    return true;
}

static bool was_returned(const struct case_file *c)
{
    for (size_t i = 0; i < c->events_n; i++)
        if (c->events[i].status == RETURNED)
            return true;
    return false;
}

/* A fee that was due with the filing has its invoice; answers changed after a return change no invoice. */
bool payment_missing(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                     const char **ret_wrong, struct err *err)
{
    struct beside *b = arg;
    struct invoice_row *rows = NULL;
    struct fee_due *fees;
    struct err why;
    size_t n = 0;
    if (c->service->fees_n == 0 || was_returned(c))
        return true;
    const struct rule_value *values =
        journey_values(b->j, c->service, local_day(b->j, c->filed), c->channel, c->answers, arena);
    if (!invoices_of_case(b, db, str_of(c->number), arena, &rows, &n, &why) ||
        !fees_due(b, db, c->service, c->pid, c, values, arena, &fees, &why)) {
        if (why.code != ERR_CORRUPT) /* that is found with the row */
            *err = why;
        return why.code == ERR_CORRUPT;
    }
    for (size_t f = 0; f < c->service->fees_n; f++) {
        bool there = fees[f].amount == 0 || fees[f].fee->before_filing;
        for (size_t k = 0; k < n && !there; k++)
            there = str_eq(rows[k].fee, fees[f].fee->id);
        if (!there)
            *ret_wrong = "the invoice of its fee is not there any more";
    }
    return true;
}

/* What was paid, or has to be given back, is an entry. */
static void check_act(struct row_check *c, const struct invoice_row *row)
{
    bool moved = row->i.state == INVOICE_PAID || row->i.state == INVOICE_REFUND;
    if (row->old || row->i.service == NULL)
        return;
    if (row->act.n != 0)
        row_act(c, row->act);
    else if (moved)
        row_wrong(c, "it was paid, and names no entry of the log");
}

/* 0 id, 1 payer, 2 fee, 3 case, 4 amount, 5 state, 6 spooled, 7 made, 8 settled, 9 ref, 10 sealed */
bool check_invoice(struct row_check *c, const struct check_row *row, struct err *err)
{
    struct invoice_row invoice;
    struct err why;
    bool found;
    if (!invoice_find(c->b, c->db, row->at[0].text, c->arena, &invoice, &found, &why))
        return row_failed(c, &why, err);
    if (!found) /* taken away meanwhile */
        return true;
    int64_t state = row->at[5].number, made = row->at[7].number, settled = row->at[8].number;
    bool paid = state == INVOICE_PAID || state == INVOICE_REFUND;
    struct str name =
        invoice.i.fee != NULL ? fee_name(invoice.i.service, invoice.i.fee, c->arena) : row->at[2].text;
    if (!row_tagged(c, "person", pid_text(invoice.pid), row->at[1].text) || !str_eq(name, row->at[2].text))
        row_wrong(c, "it stands with another payer or fee than it was made for");
    if (!row_made(row->at[0].text.p, made) || state < INVOICE_OPEN || state > INVOICE_VOID ||
        row->at[4].number < 0 || (row->at[6].number & ~INT64_C(1)) != 0)
        row_wrong(c, "its moment, sum or state is not what was written");
    if (paid != (row->at[9].text.n != 0) || paid != (settled >= made && settled != 0))
        row_wrong(c, "its state and its payment disagree");
    check_act(c, &invoice);
    return row_of_person(c, invoice.pid, err) &&
           (invoice.i.number.n == 0 || check_of_case(c, &invoice, row->at[2].text, err));
}
