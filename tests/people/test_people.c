/* SPDX-License-Identifier: Apache-2.0 */
#include "people/mandate.h"
#include "people/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "crypto/keys.h"

static const char *url;
static struct db *database;
static struct people *people;
static struct arena arena;
static struct err err;

static void must_ok(bool done)
{
    if (!done)
        fail_msg("%s: %s", err.place, err.text);
}

static int start(void **state)
{
    static const uint8_t master[KEY_SIZE] = {9};
    must_ok(db_open(&database, url, &err));
    must_ok(db_exec(database,
                    "DROP TABLE IF EXISTS people_root; DROP TABLE IF EXISTS people_official;"
                    "DROP TABLE IF EXISTS people_caller; DROP TABLE IF EXISTS people_leave; DROP TABLE IF "
                    "EXISTS people_proposal;"
                    "DROP TABLE IF EXISTS people_key; DROP TABLE IF EXISTS people_used; DROP TABLE IF EXISTS "
                    "people_factor;"
                    "DROP TABLE IF EXISTS people_limit; DROP TABLE IF EXISTS people_mandate; DROP TABLE IF "
                    "EXISTS migration",
                    &err));
    must_ok(people_migrate(database, &err));
    must_ok(people_migrate(database, &err)); /* a second time changes nothing */
    people = people_new(master);
    arena_init(&arena, 4096, 1 << 20);
    return 0;
}

static int stop(void **state)
{
    arena_done(&arena);
    people_free(people);
    db_close(database);
    clock_set_offset(0);
    return 0;
}

static void a_number_leads_to_one_person(void **state)
{
    struct person a, b;
    struct str scheme, number;
    bool found;
    must_ok(people_register(people, database, STR("kz-iin"), STR("900101390459"), &a, &err));
    assert_false(people_register(people, database, STR("kz-iin"), STR("900101390459"), &b, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    must_ok(people_find(people, database, STR("kz-iin"), STR("900101390459"), &found, &b, &err));
    assert_true(found);
    assert_memory_equal(a.pid, b.pid, PID_SIZE);
    must_ok(people_find(people, database, STR("kz-bin"), STR("900101390459"), &found, &b, &err));
    assert_false(found); /* the scheme is part of the number */
    must_ok(people_number(people, database, &a, &arena, &scheme, &number, &err));
    assert_true(str_is(scheme, "kz-iin") && str_is(number, "900101390459"));
}

static bool register_and_fail(struct db *db, void *arg, struct err *e)
{
    struct person person;
    bool found;
    return people_register(people, db, STR("kz-iin"), STR("850101300018"), &person, e) &&
           people_find(people, db, STR("kz-iin"), STR("850101300018"), &found, &person, e) &&
           err_set(e, ERR_USAGE, "test", found ? "undone" : "never done");
}

/* The memory of persons met lately knows nothing that the register does not. */
static void a_registration_undone_is_forgotten(void **state)
{
    struct person a, b;
    bool found;
    assert_false(db_tx(database, register_and_fail, NULL, &err));
    assert_string_equal(err.text, "undone");
    must_ok(people_find(people, database, STR("kz-iin"), STR("850101300018"), &found, &a, &err));
    assert_false(found);
    must_ok(people_register(people, database, STR("kz-iin"), STR("850101300018"), &a, &err));
    for (int i = 0; i < 2; i++) { /* by the row, then from memory */
        must_ok(people_find(people, database, STR("kz-iin"), STR("850101300018"), &found, &b, &err));
        assert_true(found);
        assert_memory_equal(a.pid, b.pid, PID_SIZE);
    }
}

static void a_session_ends(void **state)
{
    char secret[PEOPLE_SECRET_SIZE], token[PEOPLE_FORM_TOKEN_SIZE];
    struct caller in = {.kind = CALLER_PERSON,
                        .person = {{1, 2}},
                        .language = STR("kk"),
                        .levels = STR("ial0.aal0"),
                        .demo = true},
                  out;
    must_ok(people_caller_add(people, database, &in, false, 3600 * CLOCK_SECOND, secret, &err));
    must_ok(people_caller(people, database, str_of(secret), false, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_PERSON);
    assert_memory_equal(out.person.pid, in.person.pid, PID_SIZE);
    assert_true(str_is(out.language, "kk") && out.demo);
    people_form_token(people, &out, "look", token);
    assert_true(people_form_token_ok(people, &out, "look", str_of(token)));
    assert_false(people_form_token_ok(people, &out, "other", str_of(token)));
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out,
                          &err)); /* a session is no token */
    assert_int_equal(out.kind, CALLER_NOBODY);
    clock_set_offset(31 * 60 * CLOCK_SECOND); /* idle too long */
    must_ok(people_caller(people, database, str_of(secret), false, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY);
    clock_set_offset(0);
    must_ok(people_caller_end(people, database, str_of(secret), &err));
    must_ok(people_caller(people, database, str_of(secret), false, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY);
}

/* It does not wait for use, as a session does, and its life is not made longer by being used. */
static void a_token_ends_with_its_life(void **state)
{
    char secret[PEOPLE_SECRET_SIZE];
    struct caller in = {.kind = CALLER_PERSON,
                        .person = {{3, 4}},
                        .language = STR("ru"),
                        .levels = STR("token")},
                  out;
    must_ok(people_caller_add(people, database, &in, true, 30 * CLOCK_DAY, secret, &err));
    must_ok(people_caller(people, database, str_of(secret), false, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY); /* a token is no session */
    clock_set_offset(30 * CLOCK_DAY - 60 * CLOCK_SECOND);
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_PERSON);
    clock_set_offset(30 * CLOCK_DAY + CLOCK_SECOND);
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY);
    clock_set_offset(0);
}

/* East of UTC the day ends earlier: at 20:00 UTC it is one o'clock of the next day there. */
static void an_office_ends_at_midnight_there(void **state)
{
    int32_t day = (int32_t)(clock_now() / CLOCK_DAY);
    struct official o = {STR("MED-3"), STR("health"), STR("clinic-5"), day - 5, day};
    struct caller in = {.kind = CALLER_OFFICIAL, .official = o, .levels = STR("token")}, out;
    char secret[PEOPLE_SECRET_SIZE];
    clock_set_offset((int64_t)day * CLOCK_DAY + 20 * 3600 * CLOCK_SECOND - clock_now());
    must_ok(people_official_add(database, &o, &err));
    must_ok(people_caller_add(people, database, &in, true, 30 * CLOCK_DAY, secret, &err));
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_true(str_is(out.official.office, "clinic-5"));
    people_set_zone(people, 300);
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY);
    people_set_zone(people, 0);
    clock_set_offset(0);
}

static void an_ended_office_ends_its_token(void **state)
{
    int32_t today = (int32_t)(clock_now() / CLOCK_DAY);
    struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), today - 5, today};
    struct caller in = {.kind = CALLER_OFFICIAL, .official = o, .levels = STR("token")}, out;
    char secret[PEOPLE_SECRET_SIZE];
    must_ok(people_official_add(database, &o, &err));
    must_ok(people_caller_add(people, database, &in, true, 30 * CLOCK_DAY, secret, &err));
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_OFFICIAL);
    assert_true(str_is(out.official.office, "clinic-5"));
    clock_set_offset(CLOCK_DAY);
    must_ok(people_caller(people, database, str_of(secret), true, &arena, &out, &err));
    assert_int_equal(out.kind, CALLER_NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_leads_to_one_person, start, stop),
        cmocka_unit_test_setup_teardown(a_registration_undone_is_forgotten, start, stop),
        cmocka_unit_test_setup_teardown(a_session_ends, start, stop),
        cmocka_unit_test_setup_teardown(a_token_ends_with_its_life, start, stop),
        cmocka_unit_test_setup_teardown(an_ended_office_ends_its_token, start, stop),
        cmocka_unit_test_setup_teardown(an_office_ends_at_midnight_there, start, stop),
    };
    char folder[] = "/tmp/aina-people-XXXXXX", path[256];
    keys_start();
    if (mkdtemp(folder) == NULL)
        return 1;
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
