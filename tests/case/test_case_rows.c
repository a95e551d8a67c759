/* SPDX-License-Identifier: Apache-2.0 */
/* Cases in the database: sealed, by the version they were filed under, and found by fsck where they were
 * changed.
 */
#include "engine.h"

static void fsck_names_what_is_wrong(void **state)
{
    static const struct {
        const char *change, *place;
    } changes[] = {{"UPDATE case_row SET late = 1", NULL},
                   {"UPDATE case_row SET refused = 1", NULL},
                   {"UPDATE case_row SET official = 'X-1'", NULL},
                   {"UPDATE case_row SET desk = 'health/clinic-5'", NULL},
                   {"UPDATE case_row SET open = 0", NULL},
                   {"UPDATE case_row SET wake = 0", NULL},
                   {"UPDATE case_row SET filed = filed + 1", NULL},
                   {"UPDATE case_row SET service = 'soc.disability'", NULL},
                   {"DELETE FROM case_row", NULL},
                   {"DELETE FROM case_person", "case_person"},
                   {"DELETE FROM case_event WHERE n = 0", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const uint8_t pid[PID_SIZE] = {(uint8_t)(10 + i)};
        struct str number = file_family(pid, "3");
        struct case_report report = check_all();
        assert_true(report.findings == 0 && report.cases == 1 && report.steps == 1);
        must_ok(db_exec(database, changes[i].change, &err));
        report = check_all();
        if (report.findings == 0 ||
            strcmp(report.first[0].place, changes[i].place ? changes[i].place : number.p) != 0)
            fail_msg("%s: %s", changes[i].change, report.findings ? report.first[0].place : "nothing found");
        must_ok(db_exec(database,
                        "DELETE FROM case_row; DELETE FROM case_event; DELETE FROM case_person; "
                        "DELETE FROM case_flight; DELETE FROM case_count",
                        &err));
    }
}

/* A step whose entry the log never got: a checker that hears of no entry finds it. */
static void a_step_without_entry_is_found(void **state)
{
    struct case_report report = {0};
    struct case_check *check;
    struct str number = file_family(anna, "4");
    must_ok(case_check_start(&check, cases, database, &report, &err));
    assert_int_equal(report.findings, 0);
    case_check_end(check, &report);
    assert_int_equal(report.findings, 2);
    assert_string_equal(report.first[0].place, number.p);
}

/* The law changes; the case is decided by what it was filed under. */
static void a_case_keeps_its_version(void **state)
{
    struct str number = file_family(anna, "4"), open = file_family(boris, "3");
    char command[8192];
    snprintf(
        command, sizeof command,
        "cp -r '%s/jurisdictions/kz' '%s/kz' && cd '%s/kz/services' && sed -i 's/^version: 1/version: 2/;"
        "s/children >= 4/children >= 3/; s/given: {children: 3}/given: {children: 2}/' soc.large-family.yaml",
        getenv("AINA_ROOT"), folder, folder);
    assert_int_equal(system(command), 0);
    char path[200];
    struct findings findings;
    struct jurisdiction *changed;
    snprintf(path, sizeof path, "%s/kz", folder);
    must_ok(jurisdiction_load(path, &arena, &changed, &findings, &err));
    assert_non_null(changed);
    struct cases *later = cases_new(gate, changed, master);
    struct case_file c;
    must_ok(case_read(later, database, number, &arena, &c, &err));
    assert_int_equal(c.service->version, 1);
    assert_int_equal(jurisdiction_service(changed, STR("soc.large-family"))->version, 2);
    must_ok(case_read(later, database, open, &arena, &c, &err));
    const struct case_actor machine = {.hand = HAND_MACHINE};
    assert_false(case_may(later, &c, &machine, service_action(c.service, STR("grant")), &nothing, day(1),
                          &arena, &err));
    c.service =
        jurisdiction_service(changed, STR("soc.large-family")); /* under the new one it would be granted */
    must_ok(case_may(later, &c, &machine, service_action(c.service, STR("grant")), &nothing, day(1), &arena,
                     &err));
    cases_free(later);
    jurisdiction_free(changed);
}

/* Each version is read once, memory is bounded, and what somebody reads lives as long as they do. */
static void versions_are_remembered_in_bounded_memory(void **state)
{
    const struct service *now = service("soc.large-family");
    const char *whole = str_c(&arena, now->bytes), *at = strstr(whole, "\nversion: 1\n");
    struct definitions *all = definitions_new();
    struct arena reader, held;
    struct findings findings;
    uint8_t first[HASH_SIZE] = {0}, second[HASH_SIZE] = {0};
    size_t bytes, n = 0;
    assert_non_null(at);
    arena_init(&reader, 65536, 1 << 25);
    arena_init(&held, 4096, 1 << 20);
    const struct service *kept = NULL;
    for (unsigned i = 0; i < 200; i++) {
        struct str file = str_of(
            arena_printf(&reader, "%.*s\nversion: %u\n%s", (int)(at - whole), whole, 100 + i, at + 12));
        const struct service *s = service_from_snapshot(j, file, now->procedure->bytes, &reader, &findings);
        assert_non_null(s);
        const struct service *read =
            definition_read(all, j, s->hash, file, now->procedure->bytes, i == 0 ? &held : &reader);
        assert_non_null(read);
        assert_int_equal(read->version, 100 + i);
        assert_ptr_equal(definition_find(all, s->hash, &reader), read);
        if (i < 2)
            memcpy(i == 0 ? first : second, s->hash, HASH_SIZE);
        kept = i == 0 ? read : kept;
        n = definitions_kept(all, &bytes);
        assert_in_range(n, 1, 128);
        assert_in_range(bytes, 1, 6 << 20);
        arena_reset(&reader);
    }
    assert_true(n < 200);
    assert_null(definition_find(all, second, &reader));
    assert_ptr_equal(definition_find(all, first, &reader), kept); /* it is being read */
    assert_null(definition_read(all, j, first, STR("id: x\n"), now->procedure->bytes, &reader));
    arena_done(&reader);
    definitions_free(all);
    assert_int_equal(kept->version, 100);
    arena_done(&held);
}

static void what_is_changed_in_the_database_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE case_row SET status = 3",     "UPDATE case_row SET flags = 2",
        "DELETE FROM case_event WHERE n = 0", "UPDATE case_event SET n = 7 WHERE n = 1",
        "UPDATE case_row SET version = 3",    "UPDATE case_row SET answers = person"};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct case_file c;
        const uint8_t pid[PID_SIZE] = {(uint8_t)(10 + i)};
        struct str number = file_family(pid, "3");
        const struct case_actor self = {.hand = HAND_APPLICANT, .pid = pid};
        must_ok(act(number, &self, "withdraw", &nothing, 1));
        must_ok(db_exec(database, changes[i], &err));
        assert_false(case_read(cases, database, number, &arena, &c, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        must_ok(db_exec(database, "DELETE FROM case_row; DELETE FROM case_event", &err));
    }
}

static void answers_are_sealed(void **state)
{
    bool found_row;
    file_family(anna, "3");
    struct db_stmt *stmt = db_sql(database, "SELECT answers, person FROM case_row", &err);
    assert_non_null(stmt);
    must_ok(db_one(stmt, &found_row, &err));
    assert_null(memmem(db_bytes(stmt, 0).p, db_bytes(stmt, 0).n, "KZ75125KZT2069100100", 20));
    assert_null(memmem(db_bytes(stmt, 1).p, db_bytes(stmt, 1).n, anna, PID_SIZE));
    db_end(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fsck_names_what_is_wrong),
        CASE(a_step_without_entry_is_found),
        CASE(a_case_keeps_its_version),
        CASE(versions_are_remembered_in_bounded_memory),
        CASE(what_is_changed_in_the_database_is_found),
        CASE(answers_are_sealed),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
