/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters go out and columns come back in PostgreSQL's binary form: int8 as u64be, text and bytea as they
 * are. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "db/db_private.h"

#define OID_BYTEA 17
#define OID_INT8 20
#define OID_TEXT 25
#define OID_INT8_ARRAY 1016
#define OID_TEXT_ARRAY 1009
#define OID_BYTEA_ARRAY 1001

struct postgres {
    struct db db;
    PGconn *connection;
    unsigned names;     /* prepared so far */
    unsigned connected; /* times the connection was made anew: statements prepared before are gone */
};

struct postgres_stmt {
    struct db_stmt stmt;
    char name[16];
    unsigned connected; /* of the connection, when it was prepared */
    int parameters_n;
    char integer[DB_PARAMETERS_MAX][8];
    const char *value[DB_PARAMETERS_MAX];
    int length[DB_PARAMETERS_MAX];
    int format[DB_PARAMETERS_MAX]; /* all 1: binary */
    PGresult *result;
    int row, rows;
};

static PGconn *connection_of(struct db *db)
{
    return ((struct postgres *)db)->connection;
}

static struct postgres_stmt *of(struct db_stmt *stmt)
{
    return (struct postgres_stmt *)stmt;
}

/* The connection is gone, or the server is going down or coming up (class 57P). What was sent may have been
 * done or not; so it is not tried again here, and whoever asked is told to. */
static bool is_away(struct db *db, const char *state)
{
    return PQstatus(connection_of(db)) != CONNECTION_OK || (state != NULL && strncmp(state, "57P", 3) == 0);
}

static bool failed(struct db *db, PGresult *result, struct err *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *said =
        result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage(connection_of(db));
    enum err_code code = is_away(db, state) ? ERR_AWAY : ERR_IO;
    if (state != NULL && strcmp(state, "23505") == 0)
        code = ERR_CONFLICT;
    else if (state != NULL && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0))
        code = ERR_BUSY;
    err_set(err, code, "database", "%s", said ? said : "no answer");
    PQclear(result);
    return false;
}

static void postgres_close(struct db *db)
{
    PQfinish(connection_of(db));
    free(db);
}

static bool set_up(PGconn *connection)
{
    PGresult *result = PQexec(connection, "SET synchronous_commit = on; SET client_encoding = 'UTF8'");
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return ok;
}

/* A server that restarted is met again; inside a transaction the loss is the transaction's failure. */
static void reconnect_if_lost(struct db *db)
{
    struct postgres *p = (struct postgres *)db;
    if (db->in_tx || PQstatus(p->connection) == CONNECTION_OK)
        return;
    PQreset(p->connection);
    p->connected++;
    set_up(p->connection); /* a connection that is still bad tells so when it is used */
}

static bool postgres_exec(struct db *db, const char *sql, struct err *err)
{
    reconnect_if_lost(db);
    PGresult *result = PQexec(connection_of(db), sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return failed(db, result, err);
    bool undone = strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0;
    PQclear(result);
    return !undone ||
           err_set(err, ERR_IO, "database", "the transaction was rolled back, for a statement in it failed");
}

/* The highest $N in the text. */
static int count_parameters(const char *sql)
{
    int most = 0;
    for (const char *at = sql; (at = strchr(at, '$')) != NULL; at++)
        most = MAX_OF(most, (int)strtol(at + 1, NULL, 10));
    return most;
}

static bool prepare(struct postgres *p, struct postgres_stmt *stmt, const char *sql, struct err *err)
{
    PGresult *result = PQprepare(p->connection, stmt->name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return failed(&p->db, result, err);
    PQclear(result);
    stmt->connected = p->connected;
    return true;
}

static struct db_stmt *postgres_prepare(struct db *db, const char *sql, struct err *err)
{
    struct postgres *p = (struct postgres *)db;
    reconnect_if_lost(db);
    struct postgres_stmt *stmt = calloc(1, sizeof *stmt);
    must(stmt != NULL);
    snprintf(stmt->name, sizeof stmt->name, "s%u", p->names++);
    stmt->parameters_n = count_parameters(sql);
    must(stmt->parameters_n <= DB_PARAMETERS_MAX);
    for (int i = 0; i < DB_PARAMETERS_MAX; i++)
        stmt->format[i] = 1;
    if (!prepare(p, stmt, sql, err)) {
        free(stmt);
        return NULL;
    }
    return &stmt->stmt;
}

static void postgres_free(struct db_stmt *stmt)
{
    PQclear(of(stmt)->result);
    free(stmt);
}

static void postgres_clear(struct db_stmt *stmt)
{
    struct postgres_stmt *s = of(stmt);
    PQclear(s->result);
    s->result = NULL;
    memset(s->value, 0, sizeof s->value);
}

static void postgres_bind_i64(struct db_stmt *stmt, int parameter, int64_t value)
{
    struct postgres_stmt *s = of(stmt);
    must(parameter >= 1 && parameter <= s->parameters_n);
    put_u64be((uint8_t *)s->integer[parameter - 1], (uint64_t)value);
    s->value[parameter - 1] = s->integer[parameter - 1];
    s->length[parameter - 1] = 8;
}

static void postgres_bind_slice(struct db_stmt *stmt, int parameter, const void *bytes, size_t n, bool text)
{
    struct postgres_stmt *s = of(stmt);
    must(parameter >= 1 && parameter <= s->parameters_n);
    s->value[parameter - 1] = bytes;
    s->length[parameter - 1] = (int)n;
}

static enum db_result postgres_step(struct db_stmt *stmt, struct err *err)
{
    struct postgres_stmt *s = of(stmt);
    if (s->result == NULL) {
        reconnect_if_lost(stmt->db);
        struct postgres *p = (struct postgres *)stmt->db;
        if (s->connected != p->connected && !prepare(p, s, stmt->sql, err))
            return DB_ERROR;
        PGresult *result = PQexecPrepared(connection_of(stmt->db), s->name, s->parameters_n, s->value,
                                          s->length, s->format, 1);
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            failed(stmt->db, result, err);
            return DB_ERROR;
        }
        s->result = result;
        s->row = -1;
        s->rows = PQntuples(result);
    }
    return ++s->row < s->rows ? DB_ROW : DB_DONE;
}

static int64_t postgres_changed(struct db_stmt *stmt)
{
    return strtoll(PQcmdTuples(of(stmt)->result), NULL, 10);
}

static struct str postgres_slice(struct db_stmt *stmt, int column)
{
    struct postgres_stmt *s = of(stmt);
    return (struct str){PQgetvalue(s->result, s->row, column),
                        (size_t)PQgetlength(s->result, s->row, column)};
}

static int64_t postgres_i64(struct db_stmt *stmt, int column)
{
    struct str value = postgres_slice(stmt, column);
    must(value.n == 8 || value.n == 4 || value.n == 0); /* int8, int4, null */
    if (value.n == 4)
        return (int32_t)get_u32be((const uint8_t *)value.p);
    return value.n ? (int64_t)get_u64be((const uint8_t *)value.p) : 0;
}

static bool postgres_is_null(struct db_stmt *stmt, int column)
{
    return PQgetisnull(of(stmt)->result, of(stmt)->row, column) == 1;
}

/* A one-dimensional binary array: dimensions, has-null, element type, length, lower bound, then each with its
 * length. */
static void array_of(struct buf *out, const struct db_column *column, size_t n)
{
    static const unsigned oid[] = {[DB_I64] = OID_INT8, [DB_TEXT] = OID_TEXT, [DB_BYTES] = OID_BYTEA};
    buf_u32be(out, 1);
    buf_u32be(out, 1);
    buf_u32be(out, oid[column->type]);
    buf_u32be(out, (uint32_t)n);
    buf_u32be(out, 1);
    for (size_t i = 0; i < n; i++) {
        if (column->type == DB_I64) {
            buf_u32be(out, 8);
            buf_u64be(out, (uint64_t)column->i64[i]);
        } else if (column->slice[i].p == NULL) {
            buf_u32be(out, UINT32_MAX);
        } else {
            buf_u32be(out, (uint32_t)column->slice[i].n);
            buf_str(out, column->slice[i]);
        }
    }
}

static bool postgres_insert_many(struct db *db, const char *table, const char *names,
                                 const struct db_column *columns, size_t columns_n, size_t n,
                                 const char *on_conflict, struct err *err)
{
    reconnect_if_lost(db);
    static const unsigned array_oid[] = {
        [DB_I64] = OID_INT8_ARRAY, [DB_TEXT] = OID_TEXT_ARRAY, [DB_BYTES] = OID_BYTEA_ARRAY};
    struct buf sql, array[DB_PARAMETERS_MAX];
    Oid type[DB_PARAMETERS_MAX];
    const char *value[DB_PARAMETERS_MAX];
    int length[DB_PARAMETERS_MAX], format[DB_PARAMETERS_MAX];
    buf_init(&sql, 4096);
    buf_printf(&sql, "INSERT INTO %s (%s) SELECT * FROM unnest(", table, names);
    bool fits = true;
    for (size_t c = 0; c < columns_n; c++) {
        buf_printf(&sql, "%s$%zu", c ? "," : "", c + 1);
        buf_init(&array[c], (size_t)1 << 29);
        array_of(&array[c], &columns[c], n);
        fits &= !buf_overflowed(&array[c]);
        type[c] = array_oid[columns[c].type];
        value[c] = array[c].p;
        length[c] = (int)array[c].n;
        format[c] = 1;
    }
    buf_printf(&sql, ") %s", on_conflict);
    buf_byte(&sql, 0);
    PGresult *result =
        fits ? PQexecParams(connection_of(db), sql.p, (int)columns_n, type, value, length, format, 1) : NULL;
    bool ok = fits && PQresultStatus(result) == PGRES_COMMAND_OK;
    if (ok)
        PQclear(result);
    else if (fits)
        failed(db, result, err);
    else
        err_set(err, ERR_TOO_LARGE, table, "the batch is above 512 MB; insert fewer rows at once");
    for (size_t c = 0; c < columns_n; c++)
        buf_done(&array[c]);
    buf_done(&sql);
    return ok;
}

static bool postgres_backup(struct db *db, const char *path, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, path,
                   "the state is in PostgreSQL: run pg_dump --format=custom --file=%s with its URL", path);
}

static bool postgres_scrub(struct db *db, struct err *err)
{
    return true; /* the server's vacuum does it */
}

static bool postgres_check(struct db *db, struct err *err)
{
    static const char tables[] =
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()";
    PGresult *result = PQexec(connection_of(db), tables);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return failed(db, result, err);
    bool ok = true;
    for (int i = 0; ok && i < PQntuples(result); i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT count(t.*::text) FROM %s t",
                 PQgetvalue(result, i, 0)); /* reads every value */
        ok = postgres_exec(db, sql, err);
    }
    PQclear(result);
    return ok;
}

static const struct db_engine engine = {
    .close = postgres_close,
    .exec = postgres_exec,
    .prepare = postgres_prepare,
    .free = postgres_free,
    .clear = postgres_clear,
    .bind_i64 = postgres_bind_i64,
    .bind_slice = postgres_bind_slice,
    .step = postgres_step,
    .changed = postgres_changed,
    .i64 = postgres_i64,
    .slice = postgres_slice,
    .is_null = postgres_is_null,
    .insert_many = postgres_insert_many,
    .backup = postgres_backup,
    .scrub = postgres_scrub,
    .check = postgres_check,
    .begin = "BEGIN ISOLATION LEVEL SERIALIZABLE",
    .postgres = true,
};

static void drop_notice(void *arg, const char *message)
{
}

bool postgres_url_ok(const char *url, struct err *err)
{
    static const char *const shown[] = {"host", "hostaddr", "port", "dbname", "user"};
    bool ok = true;
    PQconninfoOption *options = PQconninfoParse(url, NULL); /* its error text would repeat the URL */
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        for (size_t i = 0; o->val != NULL && i < ARRAY_LEN(shown); i++)
            if (strcmp(o->keyword, shown[i]) == 0 &&
                strpbrk(o->val, shown[i][0] == 'h' ? "@" : "@:") != NULL) /* an IPv6 host has colons */
                ok = false;
    ok = ok && options != NULL;
    PQconninfoFree(options);
    return ok ||
           err_set(err, ERR_USAGE, "database URL",
                   "is not postgresql://user:password@host:port/name; write @ : / ? %% in the password as "
                   "%%40 %%3A %%2F %%3F %%25");
}

bool postgres_open(struct db **ret_db, const char *url, struct err *err)
{
    if (!postgres_url_ok(url, err))
        return false;
    struct postgres *p = calloc(1, sizeof *p);
    must(p != NULL);
    p->db.engine = &engine;
    p->connection = PQconnectdb(url);
    if (PQstatus(p->connection) != CONNECTION_OK) {
        err_set(err, ERR_IO, "database", "cannot connect: %s", PQerrorMessage(p->connection));
        postgres_close(&p->db);
        return false;
    }
    PQsetNoticeProcessor(p->connection, drop_notice, NULL);
    if (!set_up(p->connection)) {
        failed(&p->db, NULL, err);
        postgres_close(&p->db);
        return false;
    }
    *ret_db = &p->db;
    return true;
}
