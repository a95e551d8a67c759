/* SPDX-License-Identifier: Apache-2.0 */
/* engines.h: every test of state runs on both engines. A test gets a fresh, empty database of its own: a file
 * in a temporary folder, or a schema of the server at AINA_TEST_PG (see tests/postgres.sh). */
#ifndef TESTS_DB_ENGINES_H
#define TESTS_DB_ENGINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/keys.h"
#include "db/db.h"

static bool on_postgres; /* the engine of the group that runs */

struct fresh {
    char dir[64];
    char schema[32];
    char url[1024];
    struct db *db; /* a first connection */
    struct err err;
    struct arena arena;
};

/* `done`, or the error's text and a failed test. */
#define done(fresh, call)                                                                                    \
    do {                                                                                                     \
        if (!(call)) {                                                                                       \
            print_error("%s: %s: %s\n", #call, (fresh)->err.place, (fresh)->err.text);                       \
            fail();                                                                                          \
        }                                                                                                    \
    } while (0)
#define fails(fresh, wanted, call)                                                                           \
    do {                                                                                                     \
        assert_false(call);                                                                                  \
        assert_string_equal(err_name((fresh)->err.code), err_name(wanted));                                  \
    } while (0)

static inline struct fresh *fresh_new(void)
{
    struct fresh *f = calloc(1, sizeof *f);
    assert_non_null(f);
    arena_init(&f->arena, 1 << 16, (size_t)1 << 30);
    snprintf(f->dir, sizeof f->dir, "/tmp/aina-test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    if (on_postgres) {
        const char *server = getenv("AINA_TEST_PG");
        char random[8], hex[17], sql[64];
        random_bytes(random, sizeof random);
        hex_encode(hex, random, sizeof random);
        snprintf(f->schema, sizeof f->schema, "t_%s", hex);
        snprintf(sql, sizeof sql, "CREATE SCHEMA %s", f->schema);
        struct db *db;
        done(f, db_open(&db, server, &f->err));
        done(f, db_exec(db, sql, &f->err));
        db_close(db);
        snprintf(f->url, sizeof f->url, "%s%capplication_name=%s&options=-csearch_path%%3D%s", server,
                 strchr(server, '?') ? '&' : '?', f->schema, f->schema);
    } else {
        snprintf(f->url, sizeof f->url, "sqlite:%s/state.db", f->dir);
    }
    done(f, db_open(&f->db, f->url, &f->err));
    return f;
}

static inline void fresh_free(struct fresh *f)
{
    if (on_postgres) {
        char sql[64];
        snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", f->schema);
        done(f, db_exec(f->db, sql, &f->err));
    }
    db_close(f->db);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    assert_int_equal(system(command), 0);
    arena_done(&f->arena);
    free(f);
}

/* Runs the group on SQLite, then on PostgreSQL. */
#define ENGINES_MAIN(tests)                                                                                  \
    int main(void)                                                                                           \
    {                                                                                                        \
        keys_start();                                                                                        \
        int failed = cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);                               \
        if (getenv("AINA_TEST_PG") == NULL) {                                                                \
            puts("SKIPPED: the PostgreSQL half; run it with tests/postgres.sh run ...");                     \
            return failed;                                                                                   \
        }                                                                                                    \
        on_postgres = true;                                                                                  \
        return failed + cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);                        \
    }

#endif
