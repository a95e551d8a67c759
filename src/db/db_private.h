/* SPDX-License-Identifier: Apache-2.0 */
/* db_private.h: what an engine gives. db.c holds what both share: the statement table, transactions,
 * migrations. */
#ifndef DB_DB_PRIVATE_H
#define DB_DB_PRIVATE_H

#include "db/db.h"

struct db_engine {
    void (*close)(struct db *db);
    bool (*exec)(struct db *db, const char *sql, struct err *err);
    struct db_stmt *(*prepare)(struct db *db, const char *sql,
                               struct err *err); /* its `sql` and `db` are set by the caller */
    void (*free)(struct db_stmt *stmt);
    void (*clear)(struct db_stmt *stmt); /* ends rows, all parameters null */
    void (*bind_i64)(struct db_stmt *stmt, int parameter, int64_t value);
    void (*bind_slice)(struct db_stmt *stmt, int parameter, const void *bytes, size_t n, bool text);
    enum db_result (*step)(struct db_stmt *stmt, struct err *err);
    int64_t (*changed)(struct db_stmt *stmt);
    int64_t (*i64)(struct db_stmt *stmt, int column);
    struct str (*slice)(struct db_stmt *stmt, int column);
    bool (*is_null)(struct db_stmt *stmt, int column);
    void (*snapshot)(struct db *db, bool on);      /* NULL: nothing to do */
    void (*import)(struct db *db);                 /* the same */
    void (*keep_pages)(struct db *db, size_t kib); /* the same */
    bool (*insert_many)(struct db *db, const char *table, const char *names, const struct db_column *columns,
                        size_t columns_n, size_t n, const char *on_conflict, struct err *err);
    bool (*backup)(struct db *db, const char *path, struct err *err);
    bool (*scrub)(struct db *db, struct err *err);
    bool (*check)(struct db *db, struct err *err);
    const char *begin;
    bool postgres;
};

#define DB_STATEMENTS_BITS 11
#define DB_STATEMENTS_MAX (1 << DB_STATEMENTS_BITS)
#define DB_PARAMETERS_MAX 32

struct db_stmt {
    struct db *db;
    const char *sql;
};

/* Engines embed it as their first member. */
struct db {
    const struct db_engine *engine;
    bool in_tx;
    size_t statements_n;
    struct db_stmt *statement[DB_STATEMENTS_MAX]; /* open addressing by the address of the SQL text */
};

bool sqlite_open(struct db **ret_db, const char *path, struct err *err);
/* Refuses a URL of which libpq, when it fails, would show a part of the password as host, port or name. */
bool postgres_url_ok(const char *url, struct err *err);
bool postgres_open(struct db **ret_db, const char *url, struct err *err);

#endif
