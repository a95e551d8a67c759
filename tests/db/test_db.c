/* SPDX-License-Identifier: Apache-2.0 */
#include "engines.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "db/db_private.h"
#include "db/keeper.h"

static const char make_t[] = "CREATE TABLE t (id bigint PRIMARY KEY, name text, body bytea)";
static const char put_t[] = "INSERT INTO t (body, id, name) VALUES ($3, $1, $2)";
static const char get_t[] = "SELECT name, body, id FROM t WHERE id = $1";

static bool put(struct db *db, int64_t id, struct str name, struct str body, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, put_t, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, id);
    db_bind_text(stmt, 2, name);
    db_bind_bytes(stmt, 3, body.p, body.n);
    return db_run(stmt, NULL, err);
}

static int64_t one_number(struct fresh *f, const char *sql)
{
    bool found;
    struct db_stmt *stmt = db_sql(f->db, sql, &f->err);
    assert_non_null(stmt);
    done(f, db_one(stmt, &found, &f->err));
    assert_true(found);
    int64_t value = db_i64(stmt, 0);
    db_end(stmt);
    return value;
}

static void test_values(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    /* The order of first appearance is $3 $1 $2: a parameter is its number, on both engines. */
    done(f, put(f->db, INT64_MIN, STR("Айгүл 𐍈"), STR("\0\1\xff\0"), &f->err));
    done(f, put(f->db, INT64_MAX, (struct str){NULL, 0}, STR(""), &f->err));
    struct db_stmt *stmt = db_sql(f->db, get_t, &f->err);
    bool found;
    db_bind_i64(stmt, 1, INT64_MIN);
    done(f, db_one(stmt, &found, &f->err));
    assert_true(found);
    assert_true(str_eq(db_text(stmt, 0), STR("Айгүл 𐍈")));
    assert_true(str_eq(db_bytes(stmt, 1), STR("\0\1\xff\0")));
    assert_true(db_i64(stmt, 2) == INT64_MIN);
    assert_ptr_equal(db_sql(f->db, get_t, &f->err), stmt);
    db_bind_i64(stmt, 1, INT64_MAX);
    done(f, db_one(stmt, &found, &f->err));
    assert_true(found && db_is_null(stmt, 0) && !db_is_null(stmt, 1));
    assert_int_equal(db_text(stmt, 0).n, 0);
    assert_int_equal(db_bytes(stmt, 1).n, 0);
    db_end(stmt);
    stmt = db_sql(f->db, get_t, &f->err); /* parameters are null again */
    done(f, db_one(stmt, &found, &f->err));
    assert_false(found);
    fresh_free(f);
}

static void test_errors(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, put(f->db, 1, STR("secret-name"), STR(""), &f->err));
    fails(f, ERR_CONFLICT, put(f->db, 1, STR("secret-name"), STR(""), &f->err));
    assert_null(strstr(f->err.text, "secret-name"));
    assert_null(db_sql(f->db, "SELECT nothing FROM nowhere", &f->err));
    assert_int_equal(f->err.code, ERR_IO);
    static const char update[] = "UPDATE t SET name = $1 WHERE id < $2";
    struct db_stmt *stmt = db_sql(f->db, update, &f->err);
    db_bind_text(stmt, 1, STR("x"));
    db_bind_i64(stmt, 2, 5);
    int64_t changed = -1;
    done(f, db_run(stmt, &changed, &f->err));
    assert_int_equal(changed, 1);
    static const char returning[] = "INSERT INTO t (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id";
    bool found;
    for (int64_t id = 1; id <= 2; id++) {
        stmt = db_sql(f->db, returning, &f->err);
        db_bind_i64(stmt, 1, id);
        done(f, db_one(stmt, &found, &f->err));
        assert_true(found == (id == 2));
        if (found)
            assert_int_equal(db_i64(stmt, 0), 2);
        db_end(stmt);
    }
    fresh_free(f);
}

static bool put_then_fail(struct db *db, void *arg, struct err *err)
{
    int *calls = arg;
    if (!put(db, 7, STR("x"), STR(""), err))
        return false;
    if (++*calls == 1)
        return err_set(err, ERR_BUSY, "test", "try again");
    return *calls == 2 || err_set(err, ERR_INVALID, "test", "refused");
}

static void test_tx(void **state)
{
    static const char count[] = "SELECT count(*) FROM t";
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    int calls = 0;
    done(f, db_tx(f->db, put_then_fail, &calls, &f->err)); /* rolled back, retried, committed */
    assert_int_equal(calls, 2);
    assert_int_equal(one_number(f, count), 1);
    done(f, db_exec(f->db, "DELETE FROM t", &f->err));
    fails(f, ERR_INVALID, db_tx(f->db, put_then_fail, &calls, &f->err));
    assert_int_equal(calls, 3);
    assert_int_equal(one_number(f, count), 0);
    fresh_free(f);
}

static bool swallow(struct db *db, void *arg, struct err *err)
{
    struct err ignored;
    bool first = put(db, 1, STR("a"), STR(""), &ignored), second = put(db, 1, STR("b"), STR(""), &ignored);
    return first && !second;
}

/* An engine that gives up a transaction at its first failed statement must not report it as committed. */
static void test_swallowed_error(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    bool committed = db_tx(f->db, swallow, NULL, &f->err);
    static const char count[] = "SELECT count(*) FROM t";
    assert_int_equal(one_number(f, count), committed ? 1 : 0);
    fresh_free(f);
}

#define THREADS 4
#define ROUNDS 25

static bool add_one(struct db *db, void *arg, struct err *err)
{
    static const char read[] = "SELECT id FROM counter", write[] = "UPDATE counter SET id = $1";
    struct db_stmt *stmt = db_sql(db, read, err);
    bool found;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    int64_t value = db_i64(stmt, 0);
    db_end(stmt);
    if ((stmt = db_sql(db, write, err)) == NULL)
        return false;
    db_bind_i64(stmt, 1, value + 1);
    return db_run(stmt, NULL, err);
}

static void *count_up(void *arg)
{
    struct db *db;
    struct err err;
    uintptr_t successes = 0;
    if (!db_open(&db, arg, &err))
        return NULL;
    for (int i = 0; i < ROUNDS; i++) {
        while (!db_tx(db, add_one, NULL, &err))
            if (err.code != ERR_BUSY)
                return NULL;
        successes++;
    }
    db_close(db);
    return (void *)successes;
}

static void test_concurrent_tx(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, "CREATE TABLE counter (id bigint); INSERT INTO counter VALUES (0)", &f->err));
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, count_up, f->url), 0);
    for (int i = 0; i < THREADS; i++) {
        void *successes;
        pthread_join(thread[i], &successes);
        assert_int_equal((uintptr_t)successes, ROUNDS);
    }
    static const char read[] = "SELECT id FROM counter";
    assert_int_equal(one_number(f, read), THREADS * ROUNDS);
    fresh_free(f);
}

#define MANY 5000

/* Reads of a snapshot see one state on SQLite; a write ends it, takes no lock along, and is seen. */
static void test_snapshot(void **state)
{
    static const char count[] = "SELECT count(*) FROM t", put[] = "INSERT INTO t (id) VALUES ($1)";
    struct fresh *f = fresh_new();
    struct db *other;
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, db_open(&other, f->url, &f->err));

    db_snapshot(f->db);
    assert_int_equal(one_number(f, count), 0);
    done(f, db_exec(other, "INSERT INTO t (id) VALUES (1)", &f->err));
    assert_int_equal(one_number(f, count), on_postgres ? 1 : 0);
    db_snapshot_end(f->db);
    assert_int_equal(one_number(f, count), 1);
    db_snapshot_end(f->db);

    db_snapshot(f->db);
    assert_int_equal(one_number(f, count), 1);
    done(f, db_exec(other, "INSERT INTO t (id) VALUES (2)", &f->err)); /* the snapshot is an old one now */
    struct db_stmt *stmt = db_sql(f->db, put, &f->err);
    assert_non_null(stmt);
    db_bind_i64(stmt, 1, 3);
    done(f, db_run(stmt, NULL, &f->err));
    assert_int_equal(one_number(f, count), 3);
    done(f, db_exec(other, "INSERT INTO t (id) VALUES (4)", &f->err));
    assert_int_equal(one_number(f, count), 4);

    int calls = 1;
    db_snapshot(f->db);
    assert_int_equal(one_number(f, count), 4);
    done(f, db_tx(f->db, put_then_fail, &calls, &f->err));
    assert_int_equal(one_number(f, count), 5);
    db_snapshot_end(f->db);
    db_close(other);
    fresh_free(f);
}

static void test_insert_many(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    static int64_t id[MANY];
    static struct str name[MANY], body[MANY];
    for (int i = 0; i < MANY; i++) {
        id[i] = i - 100;
        name[i] = i % 3 ? STR("аты \"{,}\"") : (struct str){NULL, 0};
        body[i] = i % 2 ? STR("\0x") : STR("");
    }
    const struct db_column columns[] = {
        {DB_I64, .i64 = id}, {DB_TEXT, .slice = name}, {DB_BYTES, .slice = body}};
    done(f, db_insert_many(f->db, "t", "id, name, body", columns, 3, MANY, "", &f->err));
    static const char count[] = "SELECT count(*) FROM t", names[] = "SELECT count(name) FROM t",
                      bodies[] = "SELECT sum(length(body)) FROM t WHERE body IS NOT NULL",
                      sum[] = "SELECT min(id) FROM t";
    assert_int_equal(one_number(f, count), MANY);
    assert_int_equal(one_number(f, names), MANY - (MANY + 2) / 3);
    assert_int_equal(one_number(f, bodies), MANY / 2 * 2);
    assert_int_equal(one_number(f, sum), -100);
    id[0] = 100000; /* new, but the others are not: nothing of the batch stays */
    fails(f, ERR_CONFLICT, db_insert_many(f->db, "t", "id, name, body", columns, 3, MANY, "", &f->err));
    assert_int_equal(one_number(f, count), MANY);
    done(f,
         db_insert_many(f->db, "t", "id, name, body", columns, 3, MANY, "ON CONFLICT DO NOTHING", &f->err));
    assert_int_equal(one_number(f, count), MANY + 1);
    done(f, db_insert_many(f->db, "t", "id, name, body", columns, 3, 0, "", &f->err));
    fresh_free(f);
}

static void test_migrate(void **state)
{
    struct fresh *f = fresh_new();
    static const struct db_migration steps[] = {
        {1, "CREATE TABLE m (a bigint); INSERT INTO m VALUES (1)"},
        {2, "ALTER TABLE m ADD COLUMN b bigint; UPDATE m SET b = a + 1"},
        {3, "CREATE TABLE half (a bigint); INSERT INTO nowhere VALUES (1)"},
    };
    static const char read[] = "SELECT CAST(sum(b) AS bigint) FROM m", half[] = "SELECT count(*) FROM half";
    done(f, db_migrate(f->db, "test", steps, 1, &f->err));
    done(f, db_migrate(f->db, "test", steps, 2, &f->err));
    done(f, db_migrate(f->db, "test", steps, 2, &f->err));
    done(f, db_migrate(f->db, "other", steps, 0, &f->err));
    assert_false(db_migrate(f->db, "test", steps, 3, &f->err));
    assert_non_null(strstr(f->err.place, "test 3"));
    assert_null(db_sql(f->db, half, &f->err)); /* rolled back whole */
    fails(f, ERR_CONFLICT, db_migrate(f->db, "test", steps, 1, &f->err));
    assert_int_equal(one_number(f, read), 2);
    fresh_free(f);
}

static void test_backup_and_check(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, put(f->db, 1, STR("kept"), STR(""), &f->err));
    done(f, db_check(f->db, &f->err));
    char path[128], url[160];
    snprintf(path, sizeof path, "%s/copy", f->dir);
    if (on_postgres) {
        fails(f, ERR_UNSUPPORTED, db_backup(f->db, path, &f->err));
        assert_non_null(strstr(f->err.text, "pg_dump"));
        fresh_free(f);
        return;
    }
    done(f, db_backup(f->db, path, &f->err));
    struct stat stat_of;
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_false(db_backup(f->db, path, &f->err)); /* never over an existing file */
    assert_int_equal(stat(f->url + 7, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    snprintf(url, sizeof url, "sqlite:%s", path);
    struct db *copy;
    done(f, db_open(&copy, url, &f->err));
    bool found;
    struct db_stmt *stmt = db_sql(copy, get_t, &f->err);
    db_bind_i64(stmt, 1, 1);
    done(f, db_one(stmt, &found, &f->err));
    assert_true(found && str_is(db_text(stmt, 0), "kept"));
    db_close(copy);
    FILE *file = fopen(path, "r+b"); /* a damaged header page */
    assert_non_null(file);
    fseek(file, 100, SEEK_SET);
    for (int i = 0; i < 400; i++)
        fputc(0xA5, file);
    fclose(file);
    bool ok = db_open(&copy, url, &f->err);
    if (ok) {
        fails(f, ERR_CORRUPT, db_check(copy, &f->err));
        db_close(copy);
    }
    fresh_free(f);
}

/* Deleted text is in no file of the database any more. */
static void test_scrub(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, put(f->db, 1, STR("to-be-forgotten"), STR(""), &f->err));
    done(f, db_exec(f->db, "DELETE FROM t", &f->err));
    done(f, db_scrub(f->db, &f->err));
    if (!on_postgres) {
        char command[160];
        snprintf(command, sizeof command, "! grep -rqa to-be-forgotten '%s'", f->dir);
        assert_int_equal(system(command), 0);
    }
    fresh_free(f);
}

/* The server ends our connection: what runs fails, what follows works. */
static void test_lost_connection(void **state)
{
    struct fresh *f = fresh_new();
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, put(f->db, 1, STR("a"), STR(""), &f->err));
    if (on_postgres) {
        struct db *other;
        done(f, db_open(&other, f->url, &f->err));
        char sql[256];
        snprintf(
            sql, sizeof sql,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s' AND pid <> "
            "pg_backend_pid()",
            f->schema);
        done(f, db_exec(other, sql, &f->err));
        db_close(other);
        fails(f, ERR_AWAY, put(f->db, 2, STR("b"), STR(""), &f->err));
    }
    done(f, put(f->db, 3, STR("c"), STR(""), &f->err));
    int calls = 1;
    done(f, db_tx(f->db, put_then_fail, &calls, &f->err));
    fresh_free(f);
}

static void test_urls(void **state)
{
    static const char *const bad[] = {"",
                                      "sqlite:",
                                      "mysql://x",
                                      "postgresql://u:pa@ss@host/db",
                                      "postgresql://u:5/ss@host/db",
                                      "postgresql://u:p@h/d?nosuch=1"};
    struct err err;
    struct db *db;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(db_open(&db, bad[i], &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_null(strstr(err.text, "ss@host"));
    }
    assert_true(postgres_url_ok("postgresql://u:p%40ss@[::1]:5432,b:1/db?sslmode=require", &err));
    assert_false(db_open(&db, "sqlite:/nowhere/at/all", &err));
    assert_int_equal(err.code, ERR_IO);
    assert_false(db_open(&db, "postgresql://u:hidden-word@/db?host=/nowhere", &err));
    assert_int_equal(err.code, ERR_IO);
    assert_null(strstr(err.text, "hidden-word"));
}

/* Another program writes and leaves while several connections of ours are open: they see what it wrote, and
 * keep their write-ahead log. */
static void test_another_program(void **state)
{
    struct fresh *f = fresh_new();
    struct db *second;
    char command[512];
    if (on_postgres) {
        fresh_free(f);
        return;
    }
    done(f, db_exec(f->db, make_t, &f->err));
    done(f, db_open(&second, f->url, &f->err));
    assert_int_equal(one_number(f, "SELECT count(*) FROM t"), 0);
    snprintf(command, sizeof command,
             "python3 -c \"import sqlite3; c = sqlite3.connect('%s/state.db'); "
             "c.execute('INSERT INTO t (id) VALUES (7)'); c.commit(); c.close()\"",
             f->dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(one_number(f, "SELECT count(*) FROM t"), 1);
    snprintf(command, sizeof command, "%s/state.db-wal", f->dir);
    assert_int_equal(access(command, F_OK), 0);
    db_close(second);
    fresh_free(f);
}

static void test_settings(void **state)
{
    struct fresh *f = fresh_new();
    if (!on_postgres) {
        static const char synchronous[] = "PRAGMA synchronous", wiped[] = "PRAGMA secure_delete",
                          keys[] = "PRAGMA foreign_keys", cache[] = "PRAGMA cache_size",
                          mode[] = "PRAGMA journal_mode";
        assert_int_equal(one_number(f, synchronous), 2);
        assert_int_equal(one_number(f, wiped), 1);
        assert_int_equal(one_number(f, keys), 1);
        assert_int_equal(one_number(f, cache), -256);
        db_keep_pages(f->db, 1536);
        assert_int_equal(one_number(f, cache), -1536);
        struct db_stmt *stmt = db_sql(f->db, mode, &f->err);
        bool found;
        done(f, db_one(stmt, &found, &f->err));
        assert_true(str_is(db_text(stmt, 0), "wal"));
        db_end(stmt);
    }
    fresh_free(f);
}

/* --- together --- */

#define TOGETHER 6
#define EACH 40

struct member {
    pthread_t thread;
    struct db_group *group;
    const char *url;
    int at, done, refused;
    int64_t id;
    struct err err;
};

/* Every fifth writes and fails. */
static bool put_mine(struct db *db, void *arg, struct err *err)
{
    struct member *m = arg;
    return put(db, m->id, STR("x"), STR("y"), err) &&
           (m->id % 5 != 0 || err_set(err, ERR_INVALID, "job", "was not meant to be"));
}

/* Every seventh job writes the row before once more. */
static void *work_together(void *arg)
{
    struct member *m = arg;
    struct db *db;
    if (!db_open(&db, m->url, &m->err))
        return NULL;
    for (int i = 0; i < EACH; i++) {
        bool again = i % 7 == 6;
        m->id = 1 + m->at * EACH + i - again;
        bool ok = db_group_tx(m->group, db, put_mine, m, &m->err);
        enum err_code wanted = m->id % 5 == 0 ? ERR_INVALID : ERR_CONFLICT;
        if (ok != (m->id % 5 != 0 && !again) || (!ok && m->err.code != wanted))
            break;
        m->done += ok;
        m->refused += !ok;
    }
    db_close(db);
    return NULL;
}

static void test_many_commit_as_one(void **state)
{
    struct fresh *f = fresh_new();
    struct member members[TOGETHER] = {0};
    struct db_group *group = db_group_new();
    int64_t written = 0;
    done(f, db_exec(f->db, make_t, &f->err));
    for (int i = 0; i < TOGETHER; i++) {
        members[i] = (struct member){.group = group, .url = f->url, .at = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, work_together, &members[i]), 0);
    }
    for (int i = 0; i < TOGETHER; i++) {
        pthread_join(members[i].thread, NULL);
        if (members[i].done + members[i].refused != EACH)
            fail_msg("%s: %s", members[i].err.place, members[i].err.text);
        written += members[i].done;
    }
    assert_int_equal(one_number(f, "SELECT count(*) FROM t"), written); /* what failed left nothing */
    db_group_free(group);
    fresh_free(f);
}

static bool put_two(struct db *db, void *arg, struct err *err)
{
    struct member first = {.id = 1}, second = {.id = *(int64_t *)arg};
    return db_tx(db, put_mine, &first, err) && db_tx(db, put_mine, &second, err);
}

static void test_one_inside_another(void **state)
{
    struct fresh *f = fresh_new();
    int64_t bad = 5, good = 2;
    done(f, db_exec(f->db, make_t, &f->err));
    fails(f, ERR_INVALID, db_tx(f->db, put_two, &bad, &f->err));
    assert_int_equal(one_number(f, "SELECT count(*) FROM t"), 0);
    done(f, db_tx(f->db, put_two, &good, &f->err));
    static const char all[] = "SELECT count(*) FROM t WHERE id < 3";
    assert_int_equal(one_number(f, all), 2);
    fresh_free(f);
}

/* Work that others leave for the keeper, and what it made of it. */
struct kept {
    pthread_mutex_t lock;
    pthread_cond_t told;
    int left, turns, done;
};

static bool take_one(void *room, struct db *db, bool *ret_more, struct err *err)
{
    struct kept *k = room;
    pthread_mutex_lock(&k->lock);
    struct member one = {.id = k->done + 1};
    bool some = k->left > 0, ok = !some || db_tx(db, put_mine, &one, err);
    k->turns++;
    k->done += some;
    k->left -= some;
    *ret_more = k->left > 0;
    pthread_cond_broadcast(&k->told);
    pthread_mutex_unlock(&k->lock);
    return ok;
}

static void wait_until(struct kept *k, const int *what, int is)
{
    pthread_mutex_lock(&k->lock);
    while (*what < is)
        pthread_cond_wait(&k->told, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

static void test_keeper(void **state)
{
    struct fresh *f = fresh_new();
    struct kept kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
    struct db_keeper *keeper;
    done(f, db_exec(f->db, make_t, &f->err));
    fails(f, ERR_USAGE, db_keeper_start(&keeper, "mysql:x", 1000, take_one, &kept, &f->err));
    done(f, db_keeper_start(&keeper, f->url, 3600 * 1000, take_one, &kept, &f->err));
    wait_until(&kept, &kept.turns, 1); /* at once; the next would be in an hour */
    pthread_mutex_lock(&kept.lock);
    kept.left = 3;
    pthread_mutex_unlock(&kept.lock);
    db_keeper_wake(keeper);
    wait_until(&kept, &kept.done, 3); /* one waking, three turns: there was more to do */
    pthread_mutex_lock(&kept.lock);
    kept.left = 1;
    pthread_mutex_unlock(&kept.lock);
    db_keeper_stop(keeper); /* after a last turn */
    assert_int_equal(kept.done, 4);
    assert_int_equal(one_number(f, "SELECT count(*) FROM t"), 4);
    db_keeper_stop(NULL);
    fresh_free(f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_values),
    cmocka_unit_test(test_errors),
    cmocka_unit_test(test_tx),
    cmocka_unit_test(test_swallowed_error),
    cmocka_unit_test(test_concurrent_tx),
    cmocka_unit_test(test_snapshot),
    cmocka_unit_test(test_insert_many),
    cmocka_unit_test(test_migrate),
    cmocka_unit_test(test_backup_and_check),
    cmocka_unit_test(test_scrub),
    cmocka_unit_test(test_lost_connection),
    cmocka_unit_test(test_urls),
    cmocka_unit_test(test_another_program),
    cmocka_unit_test(test_settings),
    cmocka_unit_test(test_many_commit_as_one),
    cmocka_unit_test(test_one_inside_another),
    cmocka_unit_test(test_keeper),
};
ENGINES_MAIN(tests)
