/* SPDX-License-Identifier: Apache-2.0 */
/* The vault on both engines: what is written opens, what is changed is found, and nothing is readable in the
 * files. */
#define AINA_ROOM_GATE
#include "vault/open.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "crypto/keys.h"

static char folder[] = "/tmp/aina-vault-XXXXXX";
static const char *url;
static struct db *database;
static struct vault *vault;
static const uint8_t master[KEY_SIZE] = {7};
static const uint8_t anna[PSN_SIZE] = {1}, boris[PSN_SIZE] = {2}, carla[PSN_SIZE] = {3};

static void must_ok(bool done, const struct err *err)
{
    if (!done)
        fail_msg("%s: %s", err->place, err->text);
}

static void put(const uint8_t *psn, uint32_t expected, const char *name, const char *plate)
{
    struct err err;
    struct vault_value values[] = {
        {STR("name"), str_of(name)}, {STR("plate"), str_of(plate)}, {STR("phone"), STR("+77015550142")}};
    struct vault_write w = {.registry = STR("cars"),
                            .record = STR("first"),
                            .expected = expected,
                            .values = values,
                            .values_n = 3};
    memcpy(w.psn, psn, PSN_SIZE);
    must_ok(vault_put(vault, database, &w, false, &err), &err);
}

static int start(void **state)
{
    struct err err;
    struct vault_registry registry = {.id = STR("cars"),
                                      .holder = STR("police"),
                                      .keys = 2,
                                      .fields_n = 3,
                                      .field = {STR("name"), STR("plate"), STR("phone")}};
    must_ok(db_open(&database, url, &err), &err);
    must_ok(db_exec(database,
                    "DROP TABLE IF EXISTS vault_subject; DROP TABLE IF EXISTS vault_record; DROP TABLE IF "
                    "EXISTS vault_key;"
                    "DROP TABLE IF EXISTS vault_sum; DROP TABLE IF EXISTS migration",
                    &err),
            &err);
    must_ok(vault_migrate(database, &err), &err);
    must_ok(vault_new(&vault, master, &registry, 1, &err), &err);
    put(anna, 0, "Aigerim Serikova", "123ABC02");
    put(boris, 0, "Aigerim Serikova", "777KZT01");
    put(anna, 1, "Aigerim Akhmetova", "123ABC02");
    return 0;
}

static int stop(void **state)
{
    vault_free(vault);
    db_close(database);
    return 0;
}

static uint64_t findings(void)
{
    struct err err;
    struct vault_report report;
    must_ok(vault_check(vault, database, NULL, &report, &err), &err);
    return report.findings;
}

static void opens_only_what_is_asked_for(void **state)
{
    struct arena arena;
    struct err err;
    struct vault_record *records;
    size_t n;
    arena_init(&arena, 4096, 1 << 20);
    must_ok(vault_open(vault, database, STR("cars"), anna, (struct str[]){STR("name")}, 1, &arena, &records,
                       &n, &err),
            &err);
    assert_int_equal(n, 1);
    assert_int_equal(records[0].version, 2);
    assert_int_equal(records[0].values_n, 1);
    assert_true(str_is(records[0].values[0].value, "Aigerim Akhmetova"));
    assert_true(str_is(records[0].record, "first"));
    uint8_t found[4][PSN_SIZE];
    must_ok(vault_find(vault, database, STR("cars"), STR("plate"), STR("777KZT01"), found, 4, &n, &err),
            &err);
    assert_int_equal(n, 1);
    assert_memory_equal(found[0], boris, PSN_SIZE);
    must_ok(
        vault_find(vault, database, STR("cars"), STR("name"), STR("Aigerim Serikova"), found, 4, &n, &err),
        &err);
    assert_int_equal(n, 0); /* not a declared key */
    arena_done(&arena);
    assert_int_equal(findings(), 0);
}

static void an_older_version_is_a_conflict(void **state)
{
    struct err err;
    struct vault_write w = {.registry = STR("cars"), .record = STR("first"), .expected = 1};
    memcpy(w.psn, anna, PSN_SIZE);
    assert_false(vault_put(vault, database, &w, false, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(findings(), 0);
}

static void every_change_of_a_row_is_found(void **state)
{
    static const char *const harm[] = {
        "UPDATE vault_record SET version = version + 7 WHERE newest = 1",
        "UPDATE vault_record SET newest = 1 - newest WHERE version = 1",
        "UPDATE vault_record SET sealed = (SELECT sealed FROM vault_record WHERE version = 2) WHERE version "
        "= 1",
        "UPDATE vault_subject SET wrapped = (SELECT wrapped FROM vault_subject ORDER BY tag LIMIT 1)",
        "UPDATE vault_key SET record = (SELECT record FROM vault_key ORDER BY id LIMIT 1)",
        "DELETE FROM vault_key WHERE id = (SELECT id FROM vault_key ORDER BY id LIMIT 1)",
        "UPDATE vault_record SET name = substr(name, 1, 0) WHERE version = 2",
        "UPDATE vault_record SET sealed = substr(sealed, 1, 0) WHERE version = 2",
        "UPDATE vault_record SET sealed = substr(sealed, 1, 20) WHERE version = 2",
        "UPDATE vault_subject SET psn = substr(psn, 1, 0)",
        "UPDATE vault_record SET mac = substr(mac, 1, 0) WHERE version = 2",
        "DELETE FROM vault_record WHERE version = 1",
        "DELETE FROM vault_record WHERE version = 2",
        "UPDATE vault_sum SET sum = mac",
        "DELETE FROM vault_sum",
    };
    for (size_t i = 0; i < ARRAY_LEN(harm); i++) {
        struct err err;
        must_ok(db_exec(database, "BEGIN", &err), &err);
        must_ok(db_exec(database, harm[i], &err), &err);
        if (findings() == 0)
            fail_msg("not found: %s", harm[i]);
        must_ok(db_exec(database, "ROLLBACK", &err), &err);
    }
    assert_int_equal(findings(), 0);
}

static void an_older_state_of_rows_is_found(void **state)
{
    struct err err;
    must_ok(
        db_exec(
            database,
            "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM vault_record WHERE version = 2",
            &err),
        &err);
    put(anna, 2, "Aigerim Newname", "123ABC02");
    assert_int_equal(findings(), 0);
    must_ok(
        db_exec(
            database,
            "BEGIN; DELETE FROM vault_record WHERE version >= 2; INSERT INTO vault_record SELECT * FROM kept",
            &err),
        &err);
    assert_true(findings() != 0); /* each row is whole, but of an older time */
    must_ok(db_exec(database, "ROLLBACK; DROP TABLE kept", &err), &err);
}

/* None is left out in silence, however many there are. */
static void opens_all_of_many(void **state)
{
    enum { MANY = 100 };
    struct arena arena;
    struct err err;
    struct vault_record *records;
    size_t n;
    arena_init(&arena, 4096, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        int length = snprintf(name, sizeof name, "car-%d", i);
        struct vault_value value = {STR("name"), {name, (size_t)length}};
        struct vault_write write = {
            .registry = STR("cars"), .record = {name, (size_t)length}, .values = &value, .values_n = 1};
        memcpy(write.psn, carla, PSN_SIZE);
        must_ok(vault_put_many(vault, database, &write, 1, &err), &err);
    }
    must_ok(vault_open(vault, database, STR("cars"), carla, (struct str[]){STR("name")}, 1, &arena, &records,
                       &n, &err),
            &err);
    assert_int_equal(n, MANY);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(records[i].values_n, 1);
        assert_true(str_eq(records[i].record, records[i].values[0].value));
    }
    arena_done(&arena);
}

static void an_erased_subject_is_gone(void **state)
{
    struct err err;
    struct arena arena;
    struct vault_record *records;
    size_t n;
    arena_init(&arena, 4096, 1 << 20);
    must_ok(vault_erase_subject(vault, database, STR("cars"), anna, &err), &err);
    must_ok(vault_open(vault, database, STR("cars"), anna, (struct str[]){STR("name")}, 1, &arena, &records,
                       &n, &err),
            &err);
    assert_int_equal(n, 0);
    assert_int_equal(findings(), 0);
    arena_done(&arena);
}

static void search_file(const char *path, const uint8_t *needle, size_t n, const char *what)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return; /* no WAL */
    static uint8_t bytes[8 << 20];
    size_t got = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (memmem(bytes, got, needle, n) != NULL)
        fail_msg("%s holds %s", path, what);
}

static void nothing_is_readable_in_the_files(void **state)
{
    static const char *const secrets[] = {"Aigerim", "Serikova", "123ABC02", "77015550142"};
    if (db_is_postgres(database))
        return; /* its files belong to another user; the bytes sent to it are the same */
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        struct str s = str_of(secrets[i]);
        uint8_t wide[64];
        char text[128];
        for (int suffix = 0; suffix < 3; suffix++) {
            char path[256];
            snprintf(path, sizeof path, "%s/state.db%s", folder,
                     (const char *[]){"", "-wal", "-shm"}[suffix]);
            search_file(path, (const uint8_t *)s.p, s.n, "UTF-8");
            for (int big = 0; big < 2; big++) {
                for (size_t k = 0; k < s.n; k++) {
                    wide[2 * k + (size_t)big] = (uint8_t)s.p[k];
                    wide[2 * k + 1 - (size_t)big] = 0;
                }
                search_file(path, wide, 2 * s.n, "UTF-16");
            }
            hex_encode(text, s.p, s.n);
            search_file(path, (const uint8_t *)text, 2 * s.n, "hex");
            for (size_t shift = 0; shift < 3;
                 shift++) { /* base64 at each alignment, without its uncertain ends */
                size_t n = base64_encode(text, s.p + shift, (s.n - shift) / 3 * 3);
                search_file(path, (const uint8_t *)text, n, "base64");
            }
        }
    }
}

static void equal_records_give_unequal_bytes(void **state)
{
    struct err err;
    bool found;
    struct db_stmt *stmt = db_sql(
        database,
        "SELECT count(*) FROM vault_record a JOIN vault_record b ON a.sealed = b.sealed AND a.id <> b.id",
        &err);
    must_ok(db_one(stmt, &found, &err), &err);
    assert_int_equal(db_i64(stmt, 0), 0);
    db_end(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_only_what_is_asked_for, start, stop),
        cmocka_unit_test_setup_teardown(opens_all_of_many, start, stop),
        cmocka_unit_test_setup_teardown(an_older_version_is_a_conflict, start, stop),
        cmocka_unit_test_setup_teardown(every_change_of_a_row_is_found, start, stop),
        cmocka_unit_test_setup_teardown(an_older_state_of_rows_is_found, start, stop),
        cmocka_unit_test_setup_teardown(an_erased_subject_is_gone, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_readable_in_the_files, start, stop),
        cmocka_unit_test_setup_teardown(equal_records_give_unequal_bytes, start, stop),
    };
    keys_start();
    if (mkdtemp(folder) == NULL)
        return 1;
    char path[256];
    snprintf(path, sizeof path, "sqlite:%s/state.db", folder);
    url = path;
    int failed = cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
    url = getenv("AINA_TEST_PG");
    if (url != NULL)
        failed += cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
    else
        printf("SKIPPED: PostgreSQL half (AINA_TEST_PG is not set; script/test sets it)\n");
    snprintf(path, sizeof path, "rm -rf '%s'", folder);
    return system(path) + failed;
}
