/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "db/db_private.h"

struct sqlite {
    struct db db;
    sqlite3 *handle;
    sqlite3_stmt *begin, *commit; /* of a snapshot; made when first needed */
    enum { SNAPSHOT_NONE, SNAPSHOT_WANTED, SNAPSHOT_OPEN } snapshot;
};

struct sqlite_stmt {
    struct db_stmt stmt;
    sqlite3_stmt *handle;
    bool reads;                           /* writes nothing */
    int parameter[DB_PARAMETERS_MAX + 1]; /* "$1" is a name to SQLite, numbered by first appearance */
};

static sqlite3 *handle_of(struct db *db)
{
    return ((struct sqlite *)db)->handle;
}

static struct sqlite_stmt *of(struct db_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

static bool failed(struct db *db, struct err *err)
{
    int code = sqlite3_extended_errcode(handle_of(db));
    bool unique = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
    bool busy = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
    bool corrupt = (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
    return err_set(err,
                   unique    ? ERR_CONFLICT
                   : busy    ? ERR_BUSY
                   : corrupt ? ERR_CORRUPT
                             : ERR_IO,
                   "database", "%s", sqlite3_errmsg(handle_of(db)));
}

/* --- snapshots: a transaction that the first read begins and the first write, or the end, ends --- */

static void run_kept(struct db *db, sqlite3_stmt **stmt, const char *sql)
{
    if (*stmt == NULL)
        must(sqlite3_prepare_v3(handle_of(db), sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) == SQLITE_OK);
    sqlite3_step(*stmt); /* neither touches a file: what is wrong with it the reads will say */
    sqlite3_reset(*stmt);
}

static void sqlite_snapshot(struct db *db, bool on)
{
    struct sqlite *s = (struct sqlite *)db;
    if (!on && s->snapshot == SNAPSHOT_OPEN)
        run_kept(db, &s->commit, "COMMIT");
    s->snapshot = on ? SNAPSHOT_WANTED : SNAPSHOT_NONE;
}

static void snapshot_open(struct db *db)
{
    struct sqlite *s = (struct sqlite *)db;
    run_kept(db, &s->begin, "BEGIN");
    s->snapshot = SNAPSHOT_OPEN;
}

static void sqlite_close(struct db *db)
{
    sqlite3_finalize(((struct sqlite *)db)->begin);
    sqlite3_finalize(((struct sqlite *)db)->commit);
    sqlite3_close(handle_of(db));
    free(db);
}

static bool sqlite_exec(struct db *db, const char *sql, struct err *err)
{
    sqlite_snapshot(db, false);
    return sqlite3_exec(handle_of(db), sql, NULL, NULL, NULL) == SQLITE_OK || failed(db, err);
}

static struct db_stmt *sqlite_prepare(struct db *db, const char *sql, struct err *err)
{
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v3(handle_of(db), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK) {
        failed(db, err);
        return NULL;
    }
    struct sqlite_stmt *stmt = calloc(1, sizeof *stmt);
    must(stmt != NULL);
    stmt->handle = handle;
    stmt->reads = sqlite3_stmt_readonly(handle) != 0;
    for (int i = 1; i <= DB_PARAMETERS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i);
        stmt->parameter[i] = sqlite3_bind_parameter_index(handle, name);
    }
    return &stmt->stmt;
}

static void sqlite_free(struct db_stmt *stmt)
{
    sqlite3_finalize(of(stmt)->handle);
    free(stmt);
}

static void sqlite_clear(struct db_stmt *stmt)
{
    sqlite3_reset(of(stmt)->handle);
    sqlite3_clear_bindings(of(stmt)->handle);
}

static void sqlite_bind_i64(struct db_stmt *stmt, int parameter, int64_t value)
{
    must(sqlite3_bind_int64(of(stmt)->handle, of(stmt)->parameter[parameter], value) == SQLITE_OK);
}

static void sqlite_bind_slice(struct db_stmt *stmt, int parameter, const void *bytes, size_t n, bool text)
{
    sqlite3_stmt *handle = of(stmt)->handle;
    int at = of(stmt)->parameter[parameter], code;
    if (bytes == NULL)
        code = sqlite3_bind_null(handle, at);
    else if (text)
        code = sqlite3_bind_text64(handle, at, bytes, n, SQLITE_STATIC, SQLITE_UTF8);
    else
        code = sqlite3_bind_blob64(handle, at, bytes, n, SQLITE_STATIC);
    must(code == SQLITE_OK);
}

static enum db_result sqlite_step(struct db_stmt *stmt, struct err *err)
{
    struct sqlite *s = (struct sqlite *)stmt->db;
    if (s->snapshot != SNAPSHOT_NONE && !of(stmt)->reads)
        sqlite_snapshot(stmt->db, false);
    else if (s->snapshot == SNAPSHOT_WANTED)
        snapshot_open(stmt->db);
    int code = sqlite3_step(of(stmt)->handle);
    if (code == SQLITE_ROW)
        return DB_ROW;
    if (code == SQLITE_DONE)
        return DB_DONE;
    failed(stmt->db, err);
    return DB_ERROR;
}

static int64_t sqlite_changed(struct db_stmt *stmt)
{
    return sqlite3_changes64(handle_of(stmt->db));
}

static int64_t sqlite_i64(struct db_stmt *stmt, int column)
{
    return sqlite3_column_int64(of(stmt)->handle, column);
}

static struct str sqlite_slice(struct db_stmt *stmt, int column)
{
    const char *p = sqlite3_column_blob(of(stmt)->handle, column);
    return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(of(stmt)->handle, column)};
}

static bool sqlite_is_null(struct db_stmt *stmt, int column)
{
    return sqlite3_column_type(of(stmt)->handle, column) == SQLITE_NULL;
}

static bool insert_rows(struct db *db, sqlite3_stmt *handle, const struct db_column *columns,
                        size_t columns_n, size_t n, struct err *err)
{
    for (size_t row = 0; row < n; row++) {
        for (size_t c = 0; c < columns_n; c++) {
            const struct db_column *column = &columns[c];
            int at = (int)c + 1;
            if (column->type == DB_I64)
                sqlite3_bind_int64(handle, at, column->i64[row]);
            else if (column->slice[row].p == NULL)
                sqlite3_bind_null(handle, at);
            else if (column->type == DB_TEXT)
                sqlite3_bind_text64(handle, at, column->slice[row].p, column->slice[row].n, SQLITE_STATIC,
                                    SQLITE_UTF8);
            else
                sqlite3_bind_blob64(handle, at, column->slice[row].p, column->slice[row].n, SQLITE_STATIC);
        }
        if (sqlite3_step(handle) != SQLITE_DONE)
            return failed(db, err);
        sqlite3_reset(handle);
    }
    return true;
}

static bool sqlite_insert_many(struct db *db, const char *table, const char *names,
                               const struct db_column *columns, size_t columns_n, size_t n,
                               const char *on_conflict, struct err *err)
{
    struct buf sql;
    sqlite_snapshot(db, false);
    buf_init(&sql, 4096);
    buf_printf(&sql, "INSERT INTO %s (%s) VALUES (", table, names);
    for (size_t c = 0; c < columns_n; c++)
        buf_printf(&sql, "%s?%zu", c ? "," : "", c + 1);
    buf_printf(&sql, ") %s", on_conflict);
    must(!buf_overflowed(&sql));
    sqlite3_stmt *handle;
    int code = sqlite3_prepare_v2(handle_of(db), sql.p, (int)sql.n, &handle, NULL);
    buf_done(&sql);
    if (code != SQLITE_OK)
        return failed(db, err);
    bool own_tx = !db->in_tx;
    bool ok = (!own_tx || sqlite_exec(db, "BEGIN IMMEDIATE", err)) &&
              insert_rows(db, handle, columns, columns_n, n, err);
    sqlite3_finalize(handle);
    if (own_tx && ok)
        ok = sqlite_exec(db, "COMMIT", err);
    if (own_tx && !ok)
        sqlite3_exec(handle_of(db), "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* Makes the file before SQLite does, for SQLite's own would be open to others; its -wal and -shm follow it.
 */
/* A file that is there already is not opened here: closing it would drop every lock that this process's other
 * connections hold on it (fcntl locks), and the next program to leave would take away their write-ahead log.
 */
static bool make_private(const char *path, bool must_be_new, struct err *err)
{
    if (path[0] == ':') /* :memory: */
        return true;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST && !must_be_new && access(path, R_OK | W_OK) == 0)
        return true;
    if (fd < 0)
        return err_errno(err, path, "the database file cannot be made or opened for writing");
    close(fd);
    return true;
}

static bool sqlite_backup(struct db *db, const char *path, struct err *err)
{
    sqlite_snapshot(db, false);
    if (!make_private(path, true, err))
        return false;
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v2(handle_of(db), "VACUUM INTO ?1", -1, &handle, NULL) != SQLITE_OK)
        return failed(db, err);
    sqlite3_bind_text(handle, 1, path, -1, SQLITE_STATIC);
    bool ok = sqlite3_step(handle) == SQLITE_DONE || failed(db, err);
    sqlite3_finalize(handle);
    if (ok)
        return true;
    unlink(path); /* half a copy is worse than none */
    return err_at(err, "%s", path);
}

static bool sqlite_scrub(struct db *db, struct err *err)
{
    sqlite_snapshot(db, false);
    int code = sqlite3_wal_checkpoint_v2(handle_of(db), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK || code == SQLITE_BUSY || failed(db, err);
}

static void sqlite_keep_pages(struct db *db, size_t kib)
{
    char sql[64];
    struct err unused;
    snprintf(sql, sizeof sql, "PRAGMA cache_size=-%zu", kib);
    (void)!sqlite_exec(db, sql, &unused); /* only the speed depends on it */
}

static void sqlite_import(struct db *db)
{
    struct err unused;
    sqlite_keep_pages(db, 256 * 1024);
    (void)!sqlite_exec(db, "PRAGMA wal_autocheckpoint=16384", &unused);
}

static bool sqlite_check(struct db *db, struct err *err)
{
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v2(handle_of(db), "PRAGMA integrity_check(1)", -1, &handle, NULL) != SQLITE_OK)
        return failed(db, err);
    bool ok = sqlite3_step(handle) == SQLITE_ROW || failed(db, err);
    const char *said = ok ? (const char *)sqlite3_column_text(handle, 0) : NULL;
    if (ok && (said == NULL || !str_is(str_of(said), "ok")))
        ok = err_set(err, ERR_CORRUPT, "database", "%s", said ? said : "integrity_check said nothing");
    sqlite3_finalize(handle);
    return ok;
}

static const struct db_engine engine = {
    .close = sqlite_close,
    .exec = sqlite_exec,
    .prepare = sqlite_prepare,
    .free = sqlite_free,
    .clear = sqlite_clear,
    .bind_i64 = sqlite_bind_i64,
    .bind_slice = sqlite_bind_slice,
    .step = sqlite_step,
    .changed = sqlite_changed,
    .i64 = sqlite_i64,
    .slice = sqlite_slice,
    .is_null = sqlite_is_null,
    .snapshot = sqlite_snapshot,
    .import = sqlite_import,
    .keep_pages = sqlite_keep_pages,
    .insert_many = sqlite_insert_many,
    .backup = sqlite_backup,
    .scrub = sqlite_scrub,
    .check = sqlite_check,
    .begin = "BEGIN IMMEDIATE",
};

/* Statistics of memory cost a lock of the whole process for each piece. A library that used SQLite before us
 * has them: then they stay. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool sqlite_open(struct db **ret_db, const char *path, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    if (!make_private(path, false, err))
        return false;
    struct sqlite *s = calloc(1, sizeof *s);
    must(s != NULL);
    s->db.engine = &engine;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &s->handle, flags, NULL) != SQLITE_OK) {
        err_set(err, ERR_IO, path, "cannot open the database: %s", sqlite3_errmsg(s->handle));
        sqlite_close(&s->db);
        return false;
    }
    sqlite3_busy_timeout(s->handle, 5000);
    /* FULL: a commit is on the disk when it returns. */
    if (!sqlite_exec(&s->db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA "
                     "foreign_keys=ON;"
                     "PRAGMA cache_size=-256; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
                     err)) {
        err_at(err, "%s", path);
        sqlite_close(&s->db);
        return false;
    }
    *ret_db = &s->db;
    return true;
}
