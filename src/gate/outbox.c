/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.c: acts with state (TRUST.md section 6). The row of the outbox is written in the transaction that
 * changes the state; the act is appended after the commit; the row goes when the act is durable. Whoever
 * finds the row first appends it, once: `delivered` remembers what is in the log while its row still stands,
 * and at start the ledger is searched from the size that the row remembers. */
#include <stdlib.h>
#include <time.h>

#include "base/say.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

#define EVER (INT64_MAX / 4)

static void bound_to(const uint8_t id[LEDGER_ID_SIZE], uint64_t size, uint8_t ad[LEDGER_ID_SIZE + 8])
{
    memcpy(ad, id, LEDGER_ID_SIZE);
    put_u64be(ad + LEDGER_ID_SIZE, size);
}

bool outbox_put(struct gate *gate, struct db *db, const struct act *act, char ret_id[ACT_ID_SIZE],
                struct err *err)
{
    static const char sql[] = "INSERT INTO gate_outbox (id, size, sealed) VALUES ($1, $2, $3)";
    uint8_t id[LEDGER_ID_SIZE], ad[LEDGER_ID_SIZE + 8];
    char text[ACT_ID_SIZE];
    struct arena arena;
    struct buf plain;
    if (!act_fits(act, err))
        return false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    look_id(text);
    must(look_id_parse(str_of(text), id));
    uint64_t size = ledger_size(gate->ledger);
    arena_init(&arena, 4 * ACT_BYTES_MAX, 1 << 20);
    buf_in(&plain, &arena, ACT_BYTES_MAX);
    act_write(&plain, act);
    must(!buf_overflowed(&plain));
    uint8_t *sealed = arena_take(&arena, plain.n + SEAL_OVERHEAD, 1);
    bound_to(id, size, ad);
    seal(sealed, gate->outbox_key, plain.p, plain.n, ad, sizeof ad);
    db_bind_bytes(stmt, 1, id, sizeof id);
    db_bind_i64(stmt, 2, (int64_t)size);
    db_bind_bytes(stmt, 3, sealed, plain.n + SEAL_OVERHEAD);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    if (ok)
        memcpy(ret_id, text, sizeof text);
    return ok;
}

bool gate_act_prepare(struct gate *gate, struct db *db, const struct gate_act *act, char ret_id[ACT_ID_SIZE],
                      struct err *err)
{
    struct arena arena;
    struct act made;
    arena_init(&arena, 4096, 1 << 20);
    bool ok = act_of(gate, act, &arena, &made, err) && outbox_put(gate, db, &made, ret_id, err);
    arena_done(&arena);
    return ok;
}

struct row {
    uint8_t id[LEDGER_ID_SIZE];
    uint64_t size;
    struct act act;
};

/* Opens the row that `stmt` stands at: id, size, sealed. The act's texts live in the arena. */
static bool row_open(struct gate *gate, struct db_stmt *stmt, struct arena *arena, struct row *ret_row,
                     struct err *err)
{
    struct str id = db_bytes(stmt, 0), sealed = db_bytes(stmt, 2);
    uint8_t ad[LEDGER_ID_SIZE + 8];
    struct row row = {.size = (uint64_t)db_i64(stmt, 1)};
    if (id.n != LEDGER_ID_SIZE || sealed.n < SEAL_OVERHEAD || sealed.n > ACT_BYTES_MAX + SEAL_OVERHEAD)
        return act_changed(err);
    memcpy(row.id, id.p, LEDGER_ID_SIZE);
    bound_to(row.id, row.size, ad);
    char *plain = arena_take(arena, sealed.n, 1);
    if (!seal_open(plain, gate->outbox_key, (const uint8_t *)sealed.p, sealed.n, ad, sizeof ad))
        return act_changed(err);
    *ret_row = row;
    return act_parse((struct str){plain, sealed.n - SEAL_OVERHEAD}, &ret_row->act, err);
}

static bool row_read(struct gate *gate, struct db *db, const uint8_t id[LEDGER_ID_SIZE], struct arena *arena,
                     bool *ret_found, struct row *ret_row, struct err *err)
{
    static const char sql[] = "SELECT id, size, sealed FROM gate_outbox WHERE id = $1";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, id, LEDGER_ID_SIZE);
    if (!db_one(stmt, ret_found, err))
        return false;
    bool ok = !*ret_found || row_open(gate, stmt, arena, ret_row, err);
    db_end(stmt);
    return ok;
}

static bool row_delete(struct db *db, const uint8_t id[LEDGER_ID_SIZE], struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM gate_outbox WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, id, LEDGER_ID_SIZE);
    return db_run(stmt, NULL, err);
}

static struct delivered *delivered_find(struct gate *gate, const uint8_t id[LEDGER_ID_SIZE])
{
    for (size_t i = 0; i < gate->delivered_n; i++)
        if (memcmp(gate->delivered[i].id, id, LEDGER_ID_SIZE) == 0)
            return &gate->delivered[i];
    return NULL;
}

static void delivered_add(struct gate *gate, const uint8_t id[LEDGER_ID_SIZE], uint64_t leaf)
{
    if (gate->delivered_n == gate->delivered_cap) {
        gate->delivered_cap = gate->delivered_cap ? 2 * gate->delivered_cap : 64;
        gate->delivered = realloc(gate->delivered, gate->delivered_cap * sizeof *gate->delivered);
        must(gate->delivered != NULL);
    }
    struct delivered *d = &gate->delivered[gate->delivered_n++];
    memcpy(d->id, id, LEDGER_ID_SIZE);
    d->leaf = leaf;
}

/* (outbox_lock) */
static bool deliver(struct gate *gate, struct db *db, const char text[ACT_ID_SIZE],
                    const uint8_t id[LEDGER_ID_SIZE], struct arena *arena, uint64_t *ret_leaf,
                    struct err *err)
{
    const struct delivered *before = delivered_find(gate, id);
    struct row row;
    bool found;
    if (before != NULL) {
        *ret_leaf = before->leaf;
        return true;
    }
    if (!row_read(gate, db, id, arena, &found, &row, err))
        return false;
    if (!found) /* its row has gone: it is in the log, or never was an act */
        return find_by_id(gate, id, EVER, &found, ret_leaf, err) &&
               (found || err_set(err, ERR_NOT_FOUND, "act", "there is no act %s", text));
    if (!act_append(gate, db, text, &row.act, ret_leaf, err))
        return false;
    delivered_add(gate, id, *ret_leaf);
    return true;
}

#define POLL_MS 50
#define TAKEN_MS 15000

/* Another process serves: it takes the row, and deletes it when the act is durable and done. */
static bool wait_taken(struct gate *gate, struct db *db, const uint8_t id[LEDGER_ID_SIZE],
                       struct arena *arena, uint64_t *ret_leaf, struct err *err)
{
    bool stands = true;
    struct row row;
    for (int waited = 0; waited < TAKEN_MS; waited += POLL_MS) {
        if (!row_read(gate, db, id, arena, &stands, &row, err))
            return false;
        if (!stands)
            break;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    *ret_leaf = UINT64_MAX - 1; /* known to that process */
    return !stands ||
           err_set(err, ERR_BUSY, "outbox",
                   "the running server has not taken the act within %d s; it stands in the outbox and "
                   "is done when the server can, at the latest at its next start",
                   TAKEN_MS / 1000);
}

bool gate_act_deliver(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE], uint64_t *ret_position,
                      struct err *err)
{
    uint8_t bytes[LEDGER_ID_SIZE];
    struct arena arena;
    struct err ignored;
    uint64_t leaf;
    if (!look_id_parse(str_of(id), bytes))
        return err_set(err, ERR_USAGE, "act", "is not the id of an act");
    arena_init(&arena, ACT_BYTES_MAX, 1 << 24);
    bool ok;
    if (gate->beside) {
        ok = wait_taken(gate, db, bytes, &arena, &leaf, err);
    } else {
        pthread_mutex_lock(&gate->outbox_lock);
        ok = deliver(gate, db, id, bytes, &arena, &leaf, err);
        pthread_mutex_unlock(&gate->outbox_lock);
    }
    arena_done(&arena);
    if (!ok)
        return false;
    /* Without the gate's thread: rows that stay are found in the log by their ids at the next sweep or start.
     */
    if (gate->keeper == NULL && !gate->beside && !outbox_sweep(gate, db, &ignored))
        say_err(SAY_WARN, &ignored);
    *ret_position = leaf + 1;
    return true;
}

bool gate_act_settle(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE], uint64_t *ret_position,
                     struct err *err)
{
    uint8_t bytes[LEDGER_ID_SIZE];
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM gate_outbox WHERE id = $1", err);
    bool waits;
    if (!look_id_parse(str_of(id), bytes))
        return err_set(err, ERR_USAGE, "act", "is not the id of an act");
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, bytes, sizeof bytes);
    if (!db_one(stmt, &waits, err))
        return false;
    *ret_position = 0;
    if (!waits)
        return true;
    db_end(stmt);
    return gate_act_deliver(gate, db, id, ret_position, err);
}

/* --- when it is durable --- */

struct finish {
    struct gate *gate;
    struct delivered *list;
    size_t n;
};

static bool delete_rows(struct db *db, void *arg, struct err *err)
{
    struct finish *finish = arg;
    for (size_t i = 0; i < finish->n; i++)
        if (!row_delete(db, finish->list[i].id, err))
            return false;
    return true;
}

static bool finish_rows(struct finish *finish, struct db *db, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < finish->n; i++) {
        struct row row;
        bool found;
        if (!row_read(finish->gate, db, finish->list[i].id, arena, &found, &row, err) ||
            (found && !erase_after(finish->gate, db, &row.act, finish->list[i].leaf, err)))
            return false;
    }
    return finish->n == 0 || db_tx(db, delete_rows, finish, err);
}

static void forget(struct gate *gate, const struct finish *finish)
{
    pthread_mutex_lock(&gate->outbox_lock);
    for (size_t i = 0; i < finish->n; i++) {
        struct delivered *d = delivered_find(gate, finish->list[i].id);
        if (d != NULL)
            *d = gate->delivered[--gate->delivered_n];
    }
    pthread_mutex_unlock(&gate->outbox_lock);
}

bool outbox_sweep(struct gate *gate, struct db *db, struct err *err)
{
    struct finish finish = {.gate = gate};
    struct arena arena;
    uint64_t durable = ledger_durable(gate->ledger);
    arena_init(&arena, ACT_BYTES_MAX, (size_t)1 << 30);
    pthread_mutex_lock(&gate->outbox_lock);
    finish.list = arena_array(&arena, struct delivered, gate->delivered_n + 1);
    for (size_t i = 0; i < gate->delivered_n; i++)
        if (gate->delivered[i].leaf < durable)
            finish.list[finish.n++] = gate->delivered[i];
    pthread_mutex_unlock(&gate->outbox_lock);
    bool ok = finish_rows(&finish, db, &arena, err);
    if (ok)
        forget(gate, &finish);
    arena_done(&arena);
    return ok;
}

static bool rows_read(struct gate *gate, struct db *db, struct arena *arena, struct row **ret_rows,
                      size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT id, size, sealed FROM gate_outbox ORDER BY id";
    struct db_stmt *stmt = db_sql(db, sql, err);
    size_t n = 0, cap = 0;
    struct row *rows = NULL;
    enum db_result result;
    if (stmt == NULL)
        return false;
    while ((result = db_step(stmt, err)) == DB_ROW) {
        if (n == cap) {
            struct row *more = arena_array(arena, struct row, cap ? 2 * cap : 64);
            if (n != 0)
                memcpy(more, rows, n * sizeof *rows);
            rows = more;
            cap = cap ? 2 * cap : 64;
        }
        if (!row_open(gate, stmt, arena, &rows[n++], err)) {
            db_end(stmt);
            return false;
        }
    }
    *ret_rows = rows;
    *ret_n = n;
    return result == DB_DONE;
}

bool outbox_collect(struct gate *gate, struct db *db, struct err *err)
{
    struct arena arena;
    struct row *rows;
    size_t n;
    arena_init(&arena, 4096, (size_t)1 << 30);
    bool ok = rows_read(gate, db, &arena, &rows, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        char text[ACT_ID_SIZE];
        uint64_t leaf;
        look_id_text(rows[i].id, text);
        pthread_mutex_lock(&gate->outbox_lock);
        ok = deliver(gate, db, text, rows[i].id, &arena, &leaf, err);
        pthread_mutex_unlock(&gate->outbox_lock);
        if (!ok && err->code == ERR_NOT_FOUND) /* delivered and swept meanwhile */
            ok = true;
    }
    ok = ok && outbox_sweep(gate, db, err);
    arena_done(&arena);
    return ok;
}

bool outbox_replay(struct gate *gate, struct db *db, struct err *err)
{
    struct arena arena;
    struct row *rows;
    size_t n;
    arena_init(&arena, 65536, (size_t)1 << 30);
    bool ok = rows_read(gate, db, &arena, &rows, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        bool found;
        uint64_t leaf;
        char text[ACT_ID_SIZE];
        look_id_text(rows[i].id, text);
        ok = ledger_find_id(gate->ledger, rows[i].id, rows[i].size, &found, &leaf, err) &&
             (found || act_append(gate, db, text, &rows[i].act, &leaf, err));
        if (ok)
            delivered_add(gate, rows[i].id, leaf);
    }
    ok = ok && ledger_wait(gate->ledger, ledger_size(gate->ledger), err) && outbox_sweep(gate, db, err);
    arena_done(&arena);
    return ok;
}

bool outbox_ids(struct gate *gate, struct db *db, void (*fn)(void *arg, const uint8_t id[LEDGER_ID_SIZE]),
                void *arg, uint64_t *ret_n, struct err *err)
{
    struct arena arena;
    struct row *rows;
    size_t n = 0;
    arena_init(&arena, 65536, (size_t)1 << 30);
    bool ok = rows_read(gate, db, &arena, &rows, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        fn(arg, rows[i].id);
    arena_done(&arena);
    *ret_n = n;
    return ok;
}
