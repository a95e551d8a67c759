/* SPDX-License-Identifier: Apache-2.0 */
/* db.h: one thin SQL surface over SQLite and PostgreSQL.
 *
 * URLs: "sqlite:PATH" (WAL, synchronous=FULL, secure_delete) or "postgresql://..." (libpq). The SQL is the
 * common subset of both, written once: $1.. parameters; bigint, text, bytea columns; INSERT .. ON CONFLICT;
 * RETURNING; sums CAST to bigint; no serial, no now(), no literals of bytes, no row locks (optimistic
 * versions instead). Ids and times are made by the program.
 *
 * A `struct db` is one connection and belongs to one thread at a time. Statements are prepared once for a
 * connection: db_sql() finds them by the address of the SQL text, which must be a constant string. Errors:
 * ERR_CONFLICT for a violated unique key, ERR_BUSY for what a retry may mend (db_tx retries those), else
 * ERR_IO. A lost connection to PostgreSQL is made anew by the next statement that stands outside a
 * transaction. Files that SQLite makes have mode 0600.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct db;
struct db_stmt; /* lives as long as its connection */

MUST_USE bool db_open(struct db **ret_db, const char *url, struct err *err);
void db_close(struct db *db);
bool db_is_postgres(const struct db *db);

/* Statements without parameters or rows, several separated by ';'. For schema work. */
MUST_USE bool db_exec(struct db *db, const char *sql, struct err *err);

/* Ready to bind: reset, all parameters null. NULL with err set when the SQL does not prepare. */
struct db_stmt *db_sql(struct db *db, const char *sql, struct err *err);
void db_bind_i64(struct db_stmt *stmt, int parameter, int64_t value); /* parameters count from 1 */
void db_bind_text(struct db_stmt *stmt, int parameter,
                  struct str value); /* bytes must live until db_step ends the rows */
void db_bind_bytes(struct db_stmt *stmt, int parameter, const void *bytes, size_t n);

enum db_result { DB_ERROR, DB_ROW, DB_DONE };
enum db_result db_step(struct db_stmt *stmt,
                       struct err *err);              /* after DB_DONE or DB_ERROR the statement is reset */
void db_end(struct db_stmt *stmt);                    /* rows left unread */
int64_t db_i64(struct db_stmt *stmt, int column);     /* columns count from 0; null reads as 0 or empty */
struct str db_text(struct db_stmt *stmt, int column); /* valid until the next step */
struct str db_bytes(struct db_stmt *stmt, int column);
bool db_is_null(struct db_stmt *stmt, int column);

/* For statements that give no rows; `ret_changed` (may be NULL) is the number of rows touched. */
MUST_USE bool db_run(struct db_stmt *stmt, int64_t *ret_changed, struct err *err);
/* One row or none: *ret_found says which; the row is read with db_i64.. and ended with db_end. */
MUST_USE bool db_one(struct db_stmt *stmt, bool *ret_found, struct err *err);

/* A transaction: begins (for writing), calls fn, commits if it returned true, else rolls back. Serialisation
 * failures and busy databases are retried up to 8 times with growing pauses: fn must be repeatable. Inside
 * another transaction of this connection it is a part of that one: where it fails, the outer one must fail
 * too. */
typedef bool db_tx_fn(struct db *db, void *arg, struct err *err);
MUST_USE bool db_tx(struct db *db, db_tx_fn *fn, void *arg, struct err *err);
bool db_in_tx(const struct db *db); /* what is read now may be taken back */

/* The same, but together with what other threads do at this moment through this group: one commit, and one
 * sync of the disk, for all of them. fn may run in another thread on that one's connection, while its own
 * waits; where it fails, only what it wrote is taken back. For short work that many do at once. */
struct db_group;
struct db_group *db_group_new(void) RETURNS_NONNULL;
void db_group_free(struct db_group *group);
MUST_USE bool db_group_tx(struct db_group *group, struct db *db, db_tx_fn *fn, void *arg, struct err *err);

/* The reads between the two see one state of the database, and SQLite takes its locks once for all of them
 * (PostgreSQL has a state a statement, and nothing to save). For the reads of one request, milliseconds: a
 * longer one keeps the write-ahead log from being emptied. The first write ends it before it runs, so that
 * later reads see what it wrote. Does not nest. */
void db_snapshot(struct db *db);
void db_snapshot_end(struct db *db); /* harmless without one */

/* A batch of inserts by columns: SQLite runs the row statement n times; PostgreSQL sends one statement with
 * arrays. */
enum db_type { DB_I64, DB_TEXT, DB_BYTES };
struct db_column {
    enum db_type type;
    const int64_t *i64;      /* n values, for DB_I64 */
    const struct str *slice; /* n values, for the others; p NULL is null */
};
MUST_USE bool db_insert_many(struct db *db, const char *table, const char *column_names,
                             const struct db_column *columns, size_t columns_n, size_t n,
                             const char *on_conflict /* "" or "ON CONFLICT DO NOTHING" */, struct err *err);

/* Migrations of one room, numbered from 1, each run once in a transaction and remembered in table
 * `migration`. A database that knows a newer number than the program is refused. */
struct db_migration {
    int number;
    const char *sql;
};
MUST_USE bool db_migrate(struct db *db, const char *room, const struct db_migration *migrations, size_t n,
                         struct err *err);

/* A consistent copy into `path` (SQLite: VACUUM INTO; PostgreSQL: refused with the pg_dump command to use).
 */
MUST_USE bool db_backup(struct db *db, const char *path, struct err *err);
/* After an erasure: takes deleted bytes out of the files at once, as far as the engine can. SQLite zeroes
 * them in the database (secure_delete) and empties the write-ahead log, unless another connection is reading
 * an older state; PostgreSQL overwrites them in its own time. */
MUST_USE bool db_scrub(struct db *db, struct err *err);
/* How much of the database this connection may keep in memory: 256 KiB unless said. PostgreSQL has its own
 * settings. */
void db_keep_pages(struct db *db, size_t kib);
/* This connection imports many rows: it keeps 256 MiB of pages and empties the write-ahead log less often. */
void db_import(struct db *db);
/* The engine's own check (integrity_check, or a read of every table). */
MUST_USE bool db_check(struct db *db, struct err *err);

#endif
