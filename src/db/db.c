/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "db/db_private.h"

#define RETRIES 8

bool db_open(struct db **ret_db, const char *url, struct err *err)
{
    struct str text = str_of(url);
    if (str_starts(text, STR("sqlite:")) && text.n > 7)
        return sqlite_open(ret_db, url + 7, err);
    if (str_starts(text, STR("postgresql://")) || str_starts(text, STR("postgres://")))
        return postgres_open(ret_db, url, err);
    return err_set(err, ERR_USAGE, "database URL", "must be sqlite:PATH or postgresql://...");
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
        if (db->statement[i] != NULL)
            db->engine->free(db->statement[i]);
    db->engine->close(db);
}

bool db_is_postgres(const struct db *db)
{
    return db->engine->postgres;
}

bool db_exec(struct db *db, const char *sql, struct err *err)
{
    return db->engine->exec(db, sql, err);
}

struct db_stmt *db_sql(struct db *db, const char *sql, struct err *err)
{
    size_t at = (uintptr_t)sql / 8 * UINT64_C(0x9E3779B97F4A7C15) >> (64 - DB_STATEMENTS_BITS);
    for (; db->statement[at] != NULL; at = (at + 1) % DB_STATEMENTS_MAX) {
        if (db->statement[at]->sql == sql) {
            db->engine->clear(db->statement[at]);
            return db->statement[at];
        }
    }
    must(db->statements_n <
         DB_STATEMENTS_MAX / 2); /* SQL texts are constants of the program: a handful a room */
    struct db_stmt *stmt = db->engine->prepare(db, sql, err);
    if (stmt == NULL)
        return NULL;
    stmt->db = db;
    stmt->sql = sql;
    db->statement[at] = stmt;
    db->statements_n++;
    return stmt;
}

void db_bind_i64(struct db_stmt *stmt, int parameter, int64_t value)
{
    stmt->db->engine->bind_i64(stmt, parameter, value);
}

void db_bind_text(struct db_stmt *stmt, int parameter, struct str value)
{
    stmt->db->engine->bind_slice(stmt, parameter, value.p, value.n, true);
}

void db_bind_bytes(struct db_stmt *stmt, int parameter, const void *bytes, size_t n)
{
    stmt->db->engine->bind_slice(stmt, parameter, bytes, n, false);
}

enum db_result db_step(struct db_stmt *stmt, struct err *err)
{
    enum db_result result = stmt->db->engine->step(stmt, err);
    if (result != DB_ROW)
        stmt->db->engine->clear(stmt);
    return result;
}

void db_end(struct db_stmt *stmt)
{
    stmt->db->engine->clear(stmt);
}

int64_t db_i64(struct db_stmt *stmt, int column)
{
    return stmt->db->engine->i64(stmt, column);
}

struct str db_text(struct db_stmt *stmt, int column)
{
    return stmt->db->engine->slice(stmt, column);
}

struct str db_bytes(struct db_stmt *stmt, int column)
{
    return stmt->db->engine->slice(stmt, column);
}

bool db_is_null(struct db_stmt *stmt, int column)
{
    return stmt->db->engine->is_null(stmt, column);
}

bool db_run(struct db_stmt *stmt, int64_t *ret_changed, struct err *err)
{
    enum db_result result = stmt->db->engine->step(stmt, err);
    if (result == DB_DONE && ret_changed != NULL)
        *ret_changed = stmt->db->engine->changed(stmt);
    stmt->db->engine->clear(stmt);
    must(result != DB_ROW);
    return result == DB_DONE;
}

bool db_one(struct db_stmt *stmt, bool *ret_found, struct err *err)
{
    enum db_result result = db_step(stmt, err);
    if (result == DB_ERROR)
        return false;
    *ret_found = result == DB_ROW;
    return true;
}

static bool try_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    if (!db_exec(db, db->engine->begin, err))
        return false;
    db->in_tx = true;
    bool ok = fn(db, arg, err) && db_exec(db, "COMMIT", err);
    db->in_tx = false;
    if (ok)
        return true;
    struct err second; /* the first error is the one to tell */
    bool undone UNUSED = db_exec(db, "ROLLBACK", &second);
    return false;
}

bool db_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    if (db->in_tx)
        return fn(db, arg, err);
    for (int attempt = 0;; attempt++) {
        if (try_tx(db, fn, arg, err))
            return true;
        if (err->code != ERR_BUSY || attempt == RETRIES)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 1000000L << attempt}, NULL);
    }
}

bool db_in_tx(const struct db *db)
{
    return db->in_tx;
}

void db_snapshot(struct db *db)
{
    must(!db->in_tx);
    if (db->engine->snapshot != NULL)
        db->engine->snapshot(db, true);
}

void db_snapshot_end(struct db *db)
{
    if (db->engine->snapshot != NULL)
        db->engine->snapshot(db, false);
}

bool db_insert_many(struct db *db, const char *table, const char *column_names,
                    const struct db_column *columns, size_t columns_n, size_t n, const char *on_conflict,
                    struct err *err)
{
    must(columns_n > 0 && columns_n <= DB_PARAMETERS_MAX);
    return n == 0 ||
           db->engine->insert_many(db, table, column_names, columns, columns_n, n, on_conflict, err);
}

/* --- migrations --- */

struct migrating {
    const char *room;
    const struct db_migration *migrations;
    size_t n;
};

static bool migrate(struct db *db, void *arg, struct err *err)
{
    static const char read[] = "SELECT number FROM migration WHERE room = $1";
    static const char write[] =
        "INSERT INTO migration (room, number, applied) VALUES ($1, $2, $3) "
        "ON CONFLICT (room) DO UPDATE SET number = excluded.number, applied = excluded.applied";
    const struct migrating *m = arg;
    struct db_stmt *stmt = db_sql(db, read, err);
    if (stmt == NULL)
        return false;
    bool found;
    db_bind_text(stmt, 1, str_of(m->room));
    if (!db_one(stmt, &found, err))
        return false;
    int64_t have = found ? db_i64(stmt, 0) : 0;
    db_end(stmt);
    int64_t newest = m->n ? m->migrations[m->n - 1].number : 0;
    if (have > newest)
        return err_set(
            err, ERR_CONFLICT, m->room,
            "the database is of a newer program (schema %lld, this one knows %lld); use that program",
            (long long)have, (long long)newest);
    for (size_t i = 0; i < m->n; i++)
        if (m->migrations[i].number > have && !db_exec(db, m->migrations[i].sql, err))
            return err_at(err, "migration %s %d", m->room, m->migrations[i].number);
    if (have == newest)
        return true;
    if ((stmt = db_sql(db, write, err)) == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(m->room));
    db_bind_i64(stmt, 2, newest);
    db_bind_i64(stmt, 3, clock_now());
    return db_run(stmt, NULL, err);
}

bool db_migrate(struct db *db, const char *room, const struct db_migration *migrations, size_t n,
                struct err *err)
{
    struct migrating m = {room, migrations, n};
    return db_exec(db,
                   "CREATE TABLE IF NOT EXISTS migration (room text PRIMARY KEY, number bigint NOT NULL, "
                   "applied bigint NOT NULL)",
                   err) &&
           db_tx(db, migrate, &m, err);
}

bool db_backup(struct db *db, const char *path, struct err *err)
{
    return db->engine->backup(db, path, err);
}

bool db_scrub(struct db *db, struct err *err)
{
    return db->engine->scrub(db, err);
}

void db_keep_pages(struct db *db, size_t kib)
{
    if (db->engine->keep_pages != NULL)
        db->engine->keep_pages(db, kib);
}

void db_import(struct db *db)
{
    if (db->engine->import != NULL)
        db->engine->import(db);
}

bool db_check(struct db *db, struct err *err)
{
    return db->engine->check(db, err);
}
