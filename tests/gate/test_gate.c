/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a look on real parts: folder, vault, ledger, database. Rules 1, 3 and 7 of the design, tried by
 * who has no right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate.h"
#include "tlog/verify.h"

static const char *url;
static char folder[64];
static const uint8_t master[KEY_SIZE] = {3};
static const uint8_t anna[PID_SIZE] = {1}, boris[PID_SIZE] = {2};

static struct arena arena;
static struct err err;
static struct jurisdiction *j;
static struct vault *vault;
static struct db *database;
static struct ledger *ledger;
static struct gate *gate;
static struct ledger_config ledger_config;
static struct gate_config gate_config;
static int32_t today;

static void must_ok(bool done)
{
    if (!done)
        fail_msg("%s: %s", err.place, err.text);
}

static void load_folder(const char *name)
{
    struct findings findings;
    char path[4096];
    snprintf(path, sizeof path, "%s/jurisdictions/%s", getenv("AINA_ROOT"), name);
    must_ok(jurisdiction_load(path, &arena, &j, &findings, &err));
    assert_non_null(j);
}

static void make_vault(void)
{
    struct vault_registry *r = arena_array(&arena, struct vault_registry, j->registries_n);
    for (size_t i = 0; i < j->registries_n; i++) {
        r[i] = (struct vault_registry){.id = j->registries[i].id,
                                       .holder = j->registries[i].holder->id,
                                       .fields_n = j->registries[i].fields_n};
        for (size_t f = 0; f < r[i].fields_n; f++)
            r[i].field[f] = j->registries[i].fields[f].id;
    }
    must_ok(vault_new(&vault, master, r, j->registries_n, &err));
}

static void open_all(void)
{
    struct ledger_report report;
    must_ok(ledger_open(&ledger, &ledger_config, &report, &err));
    gate_config.ledger = ledger;
    must_ok(gate_open(&gate, &gate_config, database, &err));
}

static void close_all(void)
{
    gate_close(gate);
    ledger_close(ledger);
    gate = NULL;
}

static int start_in(const char *jurisdiction)
{
    static char keys[128], log[128];
    strcpy(folder, "/tmp/aina-gate-XXXXXX");
    arena_init(&arena, 65536, (size_t)64 << 20);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(keys, sizeof keys, "%s/keys", folder);
    snprintf(log, sizeof log, "%s/ledger", folder);
    mkdir(keys, 0700);
    today = (int32_t)(clock_now() / CLOCK_DAY);
    load_folder(jurisdiction);
    make_vault();
    char sqlite[256];
    snprintf(sqlite, sizeof sqlite, "sqlite:%s/state.db", folder);
    must_ok(db_open(&database, url ? url : sqlite, &err));
    must_ok(db_exec(
        database,
        "DROP TABLE IF EXISTS gate_subject; DROP TABLE IF EXISTS gate_case; DROP TABLE IF EXISTS "
        "gate_consent;"
        "DROP TABLE IF EXISTS gate_record; DROP TABLE IF EXISTS vault_subject; DROP TABLE IF EXISTS "
        "vault_record;"
        "DROP TABLE IF EXISTS vault_key; DROP TABLE IF EXISTS vault_sum; DROP TABLE IF EXISTS migration",
        &err));
    must_ok(vault_migrate(database, &err) && gate_migrate(database, &err));
    ledger_config = (struct ledger_config){.folder = log,
                                           .origin = STR("test.example/log"),
                                           .sign_seed = {5},
                                           .header_key = {6},
                                           .segment_bytes = (size_t)2 << 20};
    gate_config = (struct gate_config){.keys_folder = keys, .jurisdiction = j, .vault = vault};
    memcpy(gate_config.master, master, sizeof master);
    must_ok(gate_create_keys(keys, master, &err));
    must_ok(ledger_create(&ledger_config, &err));
    open_all();
    return 0;
}

static int start(void **state)
{
    return start_in("kz");
}

static int stop(void **state)
{
    char command[128];
    close_all();
    db_close(database);
    vault_free(vault);
    jurisdiction_free(j);
    arena_done(&arena);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const struct office *office(const char *agency, const char *id)
{
    const struct agency *a = jurisdiction_agency(j, str_of(agency));
    const struct office *o = a ? jurisdiction_office(a, str_of(id)) : NULL;
    assert_non_null(o);
    return o;
}

static void load_clinic(const uint8_t *pid, const char *allergies)
{
    const struct registry *registry = jurisdiction_registry(j, STR("clinic-attachment"));
    struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
    values[registry_field(registry, STR("clinic"))] = STR("Clinic No. 5");
    values[registry_field(registry, STR("allergies"))] = str_of(allergies);
    struct gate_load load = {.registry = registry, .record = STR("1"), .values = values};
    memcpy(load.pid, pid, PID_SIZE);
    must_ok(gate_load(gate, database, &load, 1, &err));
}

static struct gate_request doctor(const uint8_t *pid, const char *case_no)
{
    return (struct gate_request){
        .office = office("health", "clinic-5"),
        .actor = STR("MED-0417"),
        .capacity = STR("official"),
        .levels = STR("demo"),
        .purpose = STR("treatment"),
        .registry = STR("clinic-attachment"),
        .case_no = str_of(case_no),
        .pid = pid,
    };
}

static struct gate_answer look(const struct gate_request *request)
{
    struct gate_answer answer;
    uint64_t before = ledger_size(ledger);
    must_ok(gate_look(gate, database, request, &arena, &answer, &err));
    assert_int_equal(ledger_size(ledger), before + 1); /* admitted or refused: one entry */
    assert_int_equal(answer.position, before + 1);
    must_ok(ledger_wait(ledger, answer.position, &err));
    if (answer.reason != GATE_ADMITTED) {
        assert_int_equal(answer.records_n, 0);
        assert_int_equal(answer.fields, 0);
    }
    return answer;
}

static size_t entries_of(const uint8_t *pid, bool protected_too, struct gate_entry **entries)
{
    struct gate_filter filter = {.limit = 100, .protected_too = protected_too};
    uint64_t total, hidden;
    size_t n;
    must_ok(gate_entries(gate, database, pid, &filter, &arena, entries, &n, &total, &hidden, &err));
    return n;
}

static void a_look_shows_the_admitted_fields_and_leaves_an_entry(void **state)
{
    load_clinic(anna, "pollen");
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("health")), STR("T-1"),
                           STR("treatment"), anna, today - 1, today + 1, &err));
    struct gate_request request = doctor(anna, "T-1");
    struct gate_answer answer = look(&request);
    const struct registry *registry = jurisdiction_registry(j, STR("clinic-attachment"));
    assert_int_equal(answer.reason, GATE_ADMITTED);
    assert_int_equal(answer.records_n, 1);
    assert_true(str_is(answer.records[0].value[registry_field(registry, STR("allergies"))], "pollen"));

    request.fields = (struct str[]){STR("clinic")};
    request.fields_n = 1;
    answer = look(&request);
    assert_null(answer.records[0].value[registry_field(registry, STR("allergies"))].p);
    assert_int_equal(answer.number, 1);

    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 2);
    assert_true(str_is(entries[0].actor, "MED-0417") && str_is(entries[0].outcome, "admitted") &&
                str_is(entries[0].case_no, "T-1"));
    assert_int_equal(entries[0].fields_n, 1);
    assert_int_equal(entries_of(boris, false, &entries), 0);
}

static void who_has_no_right_is_refused_in_words_and_logged(void **state)
{
    const struct agency *health = jurisdiction_agency(j, STR("health"));
    load_clinic(anna, "pollen");
    must_ok(gate_case_open(gate, database, health, STR("T-1"), STR("treatment"), anna, today - 1, today + 1,
                           &err));
    must_ok(gate_case_open(gate, database, health, STR("T-2"), STR("treatment"), anna, today - 9, today - 1,
                           &err));
    must_ok(gate_case_open(gate, database, health, STR("T-3"), STR("appointment"), anna, today - 1, today + 1,
                           &err));
    must_ok(gate_case_open(gate, database, health, STR("T-4"), STR("treatment"), anna, today - 1, today + 1,
                           &err));
    must_ok(gate_case_close(gate, database, health, STR("T-4"), &err));
    struct {
        const char *case_no;
        const uint8_t *pid;
        const char *purpose, *registry;
        bool police, break_glass;
        const char *why;
        enum gate_reason reason;
    } rows[] = {
        {"T-1", anna, "treatment", "clinic-attachment", true, false, "", GATE_OFFICE_MAY_NOT},
        {"", anna, "treatment", "clinic-attachment", false, false, "", GATE_CASE_MISSING},
        {"T-9", anna, "treatment", "clinic-attachment", false, false, "", GATE_CASE_UNKNOWN},
        {"T-1", boris, "treatment", "clinic-attachment", false, false, "", GATE_CASE_OTHER_PERSON},
        {"T-2", anna, "treatment", "clinic-attachment", false, false, "", GATE_CASE_CLOSED},
        {"T-3", anna, "treatment", "clinic-attachment", false, false, "", GATE_CASE_OTHER_PURPOSE},
        {"T-4", anna, "treatment", "clinic-attachment", false, false, "", GATE_CASE_CLOSED},
        {"T-1", anna, "treatment", "vehicles", false, false, "", GATE_PURPOSE_SEES_NOTHING},
        {"T-1", anna, "treatment", "nothing", false, false, "", GATE_REGISTRY_UNKNOWN},
        {"T-1", anna, "curiosity", "clinic-attachment", false, false, "", GATE_PURPOSE_UNKNOWN},
        {"T-1", anna, "self-access", "clinic-attachment", false, false, "", GATE_NOT_SELF},
        {"T-1", NULL, "treatment", "clinic-attachment", false, false, "", GATE_PERSON_UNKNOWN},
        {"", anna, "treatment", "clinic-attachment", false, true, "urgent", GATE_REASON_SHORT},
        {"", anna, "appointment", "clinic-attachment", false, true, "the patient is unconscious",
         GATE_NO_BREAK_GLASS},
        {"", anna, "treatment", "clinic-attachment", false, true, "the patient is unconscious",
         GATE_ADMITTED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gate_request request = doctor(rows[i].pid, rows[i].case_no);
        request.purpose = str_of(rows[i].purpose);
        request.registry = str_of(rows[i].registry);
        request.break_glass = rows[i].break_glass;
        request.reason = str_of(rows[i].why);
        if (rows[i].police)
            request.office = office("police", "traffic");
        assert_string_equal(gate_reason_code(look(&request).reason), gate_reason_code(rows[i].reason));
    }
    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 13);
    assert_true(str_is(entries[0].kind, "emergency-look"));
    assert_int_equal(entries_of(boris, false, &entries), 1);
    assert_true(str_is(entries[0].reason, "case-other-person"));
}

static void a_field_beyond_the_purpose_refuses_the_look(void **state)
{
    struct gate_request request = {.office = office("police", "traffic"),
                                   .actor = STR("POL-1"),
                                   .capacity = STR("official"),
                                   .purpose = STR("traffic-control"),
                                   .registry = STR("driving-licences"),
                                   .pid = anna,
                                   .fields = (struct str[]){STR("categories"), STR("medical-limits")},
                                   .fields_n = 2};
    assert_int_equal(look(&request).reason, GATE_FIELD_NOT_ADMITTED);
}

static void the_quota_counts_persons_and_survives_a_restart(void **state)
{
    struct gate_request request = {.office = office("police", "traffic"),
                                   .actor = STR("POL-1"),
                                   .capacity = STR("official"),
                                   .purpose = STR("traffic-control"),
                                   .registry = STR("vehicles")};
    uint8_t pid[PID_SIZE] = {9};
    request.pid = pid;
    for (unsigned i = 0; i < request.office->quota; i++) {
        put_u32be(pid + 4, i);
        assert_int_equal(look(&request).reason, GATE_ADMITTED);
    }
    assert_int_equal(look(&request).reason, GATE_ADMITTED); /* the same person again */
    put_u32be(pid + 4, 100000);
    assert_int_equal(look(&request).reason, GATE_QUOTA);
    close_all();
    open_all();
    assert_int_equal(look(&request).reason, GATE_QUOTA);
    request.actor = STR("POL-2");
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
}

static void a_receipt_proves_itself_offline_and_is_its_owners(void **state)
{
    struct gate_request request = {.capacity = STR("self"),
                                   .purpose = STR("self-access"),
                                   .registry = STR("clinic-attachment"),
                                   .pid = anna};
    struct gate_answer answer = look(&request);
    struct str receipt;
    struct note_vkey vkey;
    struct verify_verdict *verdict = arena_new(&arena, struct verify_verdict);
    assert_int_equal(answer.reason, GATE_ADMITTED);
    must_ok(gate_receipt_person(gate, database, anna, answer.leaf, &arena, &receipt, &err));
    ledger_vkey(ledger, &vkey);
    verify_receipt(receipt, &vkey, 1, &arena, verdict);
    assert_true(verdict->proven);
    char *changed = arena_copy(&arena, receipt.p, receipt.n);
    for (size_t i = 0; i < receipt.n; i += 7) {
        changed[i] ^= 1;
        verify_receipt((struct str){changed, receipt.n}, &vkey, 1, &arena, verdict);
        assert_false(verdict->proven);
        changed[i] ^= 1;
    }
    assert_false(gate_receipt_person(gate, database, boris, answer.leaf, &arena, &receipt, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(gate_receipt_official(gate, database, STR("MED-0417"), answer.leaf, &arena, &receipt, &err));
    assert_false(gate_receipt_person(gate, database, anna, 0, &arena, &receipt, &err)); /* a public record */
}

static void protected_looks_are_hidden_from_the_household(void **state)
{
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("health")), STR("P-1"),
                           STR("psychiatric-treatment"), anna, today, today, &err));
    struct gate_request request = {.office = office("health", "mental-health"),
                                   .actor = STR("PSY-1"),
                                   .capacity = STR("official"),
                                   .purpose = STR("psychiatric-treatment"),
                                   .registry = STR("psychiatric-care"),
                                   .case_no = STR("P-1"),
                                   .pid = anna};
    struct gate_entry *entries;
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    assert_int_equal(entries_of(anna, false, &entries), 0);
    assert_int_equal(entries_of(anna, true, &entries), 1);
}

/* Rule 3: what stands in two agencies' tables about one person has no value in common. */
static void two_agencies_tables_do_not_join(void **state)
{
    static const char *const columns[][2] = {
        {"person", "gate_case"},
        {"tag", "vault_subject"},
        {"wrapped", "vault_subject"},
        {"name", "vault_record"},
    };
    const struct registry *vehicles = jurisdiction_registry(j, STR("vehicles"));
    struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
    values[0] = STR("123ABC02");
    struct gate_load load = {.registry = vehicles, .record = STR("1"), .values = values};
    memcpy(load.pid, anna, PID_SIZE);
    load_clinic(anna, "pollen");
    must_ok(gate_load(gate, database, &load, 1, &err));
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("health")), STR("X"), STR("treatment"),
                           anna, today, today, &err));
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("police")), STR("X"), STR("accident"),
                           anna, today, today, &err));
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        char *sql = arena_printf(&arena, "SELECT count(*) - count(DISTINCT %s), count(*) FROM %s",
                                 columns[i][0], columns[i][1]);
        struct db_stmt *stmt = db_sql(database, sql, &err);
        bool found;
        must_ok(stmt != NULL && db_one(stmt, &found, &err));
        assert_int_equal(db_i64(stmt, 0), 0);
        assert_int_equal(db_i64(stmt, 1), 2);
        db_end(stmt);
    }
}

/* Rule 1: when the log has stopped, nothing more is decided or shown. */
static void without_a_log_there_are_no_data(void **state)
{
    struct gate_answer answer;
    load_clinic(anna, "pollen");
    struct gate_request request = {.capacity = STR("self"),
                                   .purpose = STR("self-access"),
                                   .registry = STR("clinic-attachment"),
                                   .pid = anna};
    struct ledger_ticket ticket;
    struct ledger_want want = {.type = LEAF_PERSONAL};
    must_ok(ledger_reserve(ledger, &want, 1, &ticket,
                           &err)); /* numbered, not handed over: the log waits for it */
    must_ok(gate_look(gate, database, &request, &arena, &answer, &err));
    assert_true(ledger_durable(ledger) < answer.position);
    usleep(50000);
    assert_true(ledger_durable(ledger) < answer.position); /* so the answer still may not leave */
    memset(ticket.slot[0].label, 1, 32);
    ledger_submit(ledger, &ticket);
    must_ok(ledger_wait(ledger, answer.position, &err));
}

/* Rule 7: another folder, another country; no word of it in the program. */
static int start_town(void **state)
{
    return start_in("ainabulak");
}

static void a_fictional_town_works_the_same(void **state)
{
    struct gate_request request = {.office = office("library", "desk"),
                                   .actor = STR("LIB-1"),
                                   .capacity = STR("official"),
                                   .purpose = STR("lending"),
                                   .registry = STR("residents"),
                                   .pid = anna};
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    request.registry = STR("gardens");
    assert_int_equal(look(&request).reason, GATE_PURPOSE_SEES_NOTHING);
    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 2);
}

static void the_whole_log_checks(void **state)
{
    struct gate_checker *checker;
    struct ledger_fsck report;
    a_look_shows_the_admitted_fields_and_leaves_an_entry(state);
    close_all();
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    must_ok(ledger_fsck(&ledger_config, gate_check_opening, NULL, checker, NULL, &arena, &report, &err));
    gate_checker_free(checker);
    for (size_t i = 0; i < report.findings && i < ARRAY_LEN(report.first); i++)
        print_message("%s: %s\n", report.first[i].place, report.first[i].text);
    assert_int_equal(report.findings, 0);
    assert_true(report.openings >= 2);
    open_all();
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH(a_look_shows_the_admitted_fields_and_leaves_an_entry),
        WITH(who_has_no_right_is_refused_in_words_and_logged),
        WITH(a_field_beyond_the_purpose_refuses_the_look),
        WITH(the_quota_counts_persons_and_survives_a_restart),
        WITH(a_receipt_proves_itself_offline_and_is_its_owners),
        WITH(protected_looks_are_hidden_from_the_household),
        WITH(two_agencies_tables_do_not_join),
        WITH(without_a_log_there_are_no_data),
        WITH(the_whole_log_checks),
        cmocka_unit_test_setup_teardown(a_fictional_town_works_the_same, start_town, stop),
    };
    keys_start();
    int failed = cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
    url = getenv("AINA_TEST_PG");
    if (url != NULL)
        failed += cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
    else
        printf("SKIPPED: PostgreSQL half (AINA_TEST_PG is not set; script/test sets it)\n");
    return failed;
}
