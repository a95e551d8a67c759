/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a look on real parts: folder, vault, ledger, database. Rules 1, 3 and 7 of the design, tried by
 * who has no right. */
#include "fixture.h"
#include "ledger/fsck.h"
#include "ledger/public.h"

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

    struct gate_answer none;
    request.reason = STR("seen\x01");
    assert_false(gate_look(gate, database, &request, &arena, &none, &err));
    assert_string_equal(err.place, "reason");

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
        {"", anna, "treatment", "clinic-attachment", false, true, "the patient is unconscious \xEF\xBF\xBF",
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
    must_ok(verify_entry_form(entries[0].json, &err)); /* though the reason had what I-JSON forbids */
    assert_int_equal(entries_of(boris, false, &entries), 1);
    assert_true(str_is(entries[0].reason, "case-other-person"));
}

static void a_field_beyond_the_purpose_refuses_the_look(void **state)
{
    struct gate_request request = {.office = office("police", "traffic"),
                                   .actor = STR("POL-1"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
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
                                   .levels = STR("ial3.aal3.phr"),
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
                                   .levels = STR("ial3.aal3.phr"),
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
                                   .levels = STR("ial3.aal3.phr"),
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
                                   .levels = STR("ial3.aal3.phr"),
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
                                   .levels = STR("ial3.aal3.phr"),
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
    return run_on_both(tests, ARRAY_LEN(tests));
}
