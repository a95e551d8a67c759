/* SPDX-License-Identifier: Apache-2.0 */
/* One of each thing that stands beside cases, whole; then one bit after the other of what stands in the rows:
 * each is found, and where. */
#include "case/attachment.h"
#include "case/beside_check.h"
#include "case/booking.h"
#include "case/draft.h"
#include "case/notice.h"
#include "case/payment.h"
#include "case/scan.h"
#include "case/signer.h"
#include "with_folders.h"

static struct beside_report check(void)
{
    struct beside_report report = {0};
    must_ok(beside_check(beside, database, NULL, &report, &err));
    return report;
}

static void whole(void)
{
    struct beside_report report = check();
    for (size_t i = 0; i < MIN_OF(report.findings, (uint64_t)16); i++)
        print_message("%s: %s\n", report.first[i].place, report.first[i].text);
    assert_int_equal(report.findings, 0);
}

static void run(const char *sql)
{
    must_ok(db_exec(database, sql, &err));
}

/* Cases, what stands beside them, and the log: as aina fsck does. */
static void heard_in_outbox(void *arg, const uint8_t id[LEDGER_ID_SIZE])
{
    case_check_entry(arg, id);
}

static bool heard_in_log(void *arg, const struct ledger_entry *entry)
{
    case_check_entry(arg, entry->id);
    return true;
}

static struct beside_report check_everything(bool with_log, struct case_report *ret_cases)
{
    struct beside_report report = {0};
    struct case_check *all;
    struct gate_checker *checker;
    uint64_t waiting;
    *ret_cases = (struct case_report){0};
    must_ok(case_check_start(&all, cases, database, ret_cases, &err));
    must_ok(beside_check(beside, database, all, &report, &err));
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    if (with_log) {
        must_ok(gate_checker_outbox(checker, database, heard_in_outbox, all, &waiting, &err));
        must_ok(ledger_scan(ledger, 0, ledger_durable(ledger), heard_in_log, all, &err));
    }
    case_check_end(all, ret_cases);
    gate_checker_free(checker);
    return report;
}

/* What is done to rows here is found as `place`, and then undone. */
static void is_missed(const char *change, const char *place)
{
    struct case_report of_cases;
    run("BEGIN");
    run(change);
    struct beside_report report = check_everything(true, &of_cases);
    if (of_cases.findings + report.findings == 0)
        fail_msg("%s: nothing found", change);
    const char *found = of_cases.findings != 0 ? of_cases.first[0].place : report.first[0].place;
    if (strncmp(found, place, strlen(place)) != 0)
        fail_msg("%s: found in %s, not in %s", change, found, place);
    run("ROLLBACK");
    report = check_everything(true, &of_cases);
    assert_int_equal(of_cases.findings + report.findings, 0);
}

/* The change is found in a row of this table; undone, all is whole again. */
static void found_in(const char *table, const char *change, const char *undo)
{
    run(change);
    struct beside_report report = check();
    if (report.findings == 0 || strncmp(report.first[0].place, table, strlen(table)) != 0)
        fail_msg("%s: %llu findings, first in %s", change, (unsigned long long)report.findings,
                 report.first[0].place);
    run(undo);
    whole();
}

/* One bit of a column of bytes, of the first row that has any: first byte, middle, last. */
static void flip(const char *table, const char *column)
{
    char select[256], update[256];
    snprintf(select, sizeof select, "SELECT %s FROM %s WHERE %s IS NOT NULL ORDER BY %s LIMIT 1", column,
             table, column, column);
    snprintf(update, sizeof update, "UPDATE %s SET %s = $1 WHERE %s = $2", table, column, column);
    const char *where = strcmp(table, "case_attachment_part") == 0 ? "case_attachment" : table;
    const char *read = str_dup(&arena, str_of(select)).p, *write = str_dup(&arena, str_of(update)).p;
    for (int at = 0; at < 3; at++) {
        bool found;
        struct db_stmt *stmt = db_sql(database, read, &err);
        must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
        struct str was = str_dup(&arena, db_bytes(stmt, 0)), is = str_dup(&arena, was);
        db_end(stmt);
        ((char *)is.p)[at == 0 ? 0 : at == 1 ? is.n / 2 : is.n - 1] ^= 1;
        for (int undo = 0; undo < 2; undo++) {
            stmt = db_sql(database, write, &err);
            must_ok(stmt != NULL);
            db_bind_bytes(stmt, 1, undo ? was.p : is.p, is.n);
            db_bind_bytes(stmt, 2, undo ? is.p : was.p, is.n);
            must_ok(db_run(stmt, NULL, &err));
            struct beside_report report = check();
            if (!undo && (report.findings == 0 || strncmp(report.first[0].place, where, strlen(where)) != 0))
                fail_msg("a bit of %s.%s: %llu findings, first in '%s'", table, column,
                         (unsigned long long)report.findings, report.first[0].place);
        }
        whole();
    }
}

/* --- one of each --- */

static struct str marry(void)
{
    const struct service *s = service("civil.marriage");
    struct slot *slots;
    struct str number = {0};
    size_t n, wedding = service_field(s, STR("wedding"));
    must_ok(slots_free(beside, database, s, wedding, 0, day(0), 1, &arena, &slots, &n, &err) && n == 1);
    const char *const given[][2] = {
        {"partner", berik_number}, {"family-name", "keep"}, {"wedding", slots[0].text}};
    struct answer *answers = answers_for(s, given, 3);
    struct rule_value *values = journey_values(j, s, local_day(j, day(0)), BY_COUNTER, answers, &arena);
    struct invoice *invoices;
    uint64_t position;
    must_ok(invoices_before_filing(beside, database, s, aliya, values, day(0), &arena, &err) &&
            invoices_of(beside, database, aliya, 10, &arena, &invoices, &n, &err) && n == 1 &&
            payment_pretend(beside, database, aliya, str_of(invoices[0].id), day(0) + 1, &arena, &position,
                            &err));
    must_ok(file_case(s, aliya, answers, day(0) + 2, &number));
    must_ok(cosigning_answer(beside, database, berik, number, true, STR(""), NULL, STR("demo"), day(0) + 3,
                             &arena, &position, &err) &&
            ledger_wait(ledger, position, &err));
    return number;
}

static void give_file(void)
{
    const struct service *s = service("soc.special-benefit");
    char *bytes = arena_take(&arena, 300000, 1);
    struct str answer, number = {0};
    memset(bytes, 'x', 300000);
    memcpy(bytes, "%PDF-1.7\n", 9);
    memcpy(bytes + 299994, "%%EOF\n", 6);
    must_ok(attachment_put(beside, database, s, service_field(s, STR("work-history")), aliya, STR("a.pdf"),
                           (struct str){bytes, 300000}, day(0), &arena, &answer, &err));
    const char *const given[][2] = {{"birth-date", "1970-01-01"},
                                    {"work-history", str_c(&arena, answer)},
                                    {"account", "KZ75125KZT2069100100"}};
    must_ok(file_case(s, aliya, answers_for(s, given, 3), day(0), &number));
}

static void begin_draft(void)
{
    const struct service *s = service("soc.large-family");
    struct draft draft = {.answers = arena_array(&arena, struct answer, s->fields_n + 1), .begun = day(0)};
    must_ok(draft_write(cases, database, s, berik, &draft, day(0), &arena, &err));
}

static void one_bit_of_each_is_found(void **state)
{
    (void)marry();
    give_file();
    begin_draft();
    must_ok(contact_language(beside, database, aliya, j->languages[0], &err));
    struct beside_report report = check();
    assert_true(report.notices > 2 && report.signers == 1 && report.invoices == 1 && report.files == 1 &&
                report.slots == 1 && report.drafts == 1);
    whole();
    static const char *const bytes[][2] = {{"case_notice", "sealed"},    {"case_notice", "recipient"},
                                           {"case_notice", "letters"},   {"case_signer", "sealed"},
                                           {"case_signer", "signer"},    {"case_invoice", "sealed"},
                                           {"case_invoice", "payer"},    {"case_attachment", "sealed"},
                                           {"case_attachment", "owner"}, {"case_attachment_part", "sealed"},
                                           {"case_draft", "sealed"},     {"case_draft", "person"},
                                           {"case_draft", "tag"},        {"case_contact", "recipient"}};
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
        flip(bytes[i][0], bytes[i][1]);
}

static void what_stands_in_the_clear_is_what_was_written(void **state)
{
    (void)marry();
    give_file();
    begin_draft();
    must_ok(contact_language(beside, database, aliya, j->languages[0], &err));
    whole();
    static const char *const changes[][3] = {
        {"case_notice", "UPDATE case_notice SET made = made + 1", "UPDATE case_notice SET made = made - 1"},
        {"case_notice", "UPDATE case_notice SET seen = 1", "UPDATE case_notice SET seen = 0"},
        {"case_signer", "UPDATE case_signer SET state = 2", "UPDATE case_signer SET state = 1"},
        {"case_signer", "UPDATE case_signer SET state = 0", "UPDATE case_signer SET state = 1"},
        {"case_signer", "UPDATE case_signer SET since = since + 1",
         "UPDATE case_signer SET since = since - 1"},
        {"case_invoice", "UPDATE case_invoice SET amount = amount + 1",
         "UPDATE case_invoice SET amount = amount - 1"},
        {"case_invoice", "UPDATE case_invoice SET state = 0", "UPDATE case_invoice SET state = 1"},
        {"case_invoice", "UPDATE case_invoice SET state = 2", "UPDATE case_invoice SET state = 1"},
        {"case_invoice", "UPDATE case_invoice SET state = 3", "UPDATE case_invoice SET state = 1"},
        {"case_invoice", "UPDATE case_invoice SET made = made + 1",
         "UPDATE case_invoice SET made = made - 1"},
        {"case_invoice", "UPDATE case_invoice SET fee = fee || 'x'",
         "UPDATE case_invoice SET fee = substr(fee, 1, length(fee) - 1)"},
        {"case_invoice", "UPDATE case_invoice SET case_no = 'AAAA-BBBB-CCCC'",
         "UPDATE case_invoice SET case_no = (SELECT case_no FROM case_row WHERE service = 'civil.marriage')"},
        {"case_slot", "UPDATE case_slot SET start = start + 60000000",
         "UPDATE case_slot SET start = start - 60000000"},
        {"case_slot", "UPDATE case_slot SET seat = seat + 4096", "UPDATE case_slot SET seat = seat - 4096"},
        {"case_slot", "UPDATE case_slot SET office = office || 'x'",
         "UPDATE case_slot SET office = substr(office, 1, length(office) - 1)"},
        {"case_slot", "UPDATE case_slot SET case_no = 'AAAA-BBBB-CCCC'",
         "UPDATE case_slot SET case_no = (SELECT case_no FROM case_row WHERE service = 'civil.marriage')"},
        {"case_attachment", "UPDATE case_attachment SET size = size - 1",
         "UPDATE case_attachment SET size = size + 1"},
        {"case_attachment", "UPDATE case_attachment SET made = made + 1",
         "UPDATE case_attachment SET made = made - 1"},
        {"case_attachment", "UPDATE case_attachment SET scan = 2", "UPDATE case_attachment SET scan = 0"},
        {"case_attachment", "UPDATE case_attachment SET scanned = 9",
         "UPDATE case_attachment SET scanned = 0"},
        {"case_attachment", "UPDATE case_attachment SET case_no = 'AAAA-BBBB-CCCC'",
         "UPDATE case_attachment SET case_no = (SELECT case_no FROM case_row WHERE service = "
         "'soc.special-benefit')"},
        {"case_attachment",
         "UPDATE case_attachment SET case_no = (SELECT case_no FROM case_row WHERE service = "
         "'civil.marriage')",
         "UPDATE case_attachment SET case_no = (SELECT case_no FROM case_row WHERE service = "
         "'soc.special-benefit')"},
        {"case_attachment", "UPDATE case_attachment_part SET n = n + 7 WHERE n = 2",
         "UPDATE case_attachment_part SET n = 2 WHERE n = 9"},
        {"case_attachment", "UPDATE case_attachment_part SET made = made + 1 WHERE n = 1",
         "UPDATE case_attachment_part SET made = made - 1 WHERE n = 1"},
        {"case_draft", "UPDATE case_draft SET version = version + 1",
         "UPDATE case_draft SET version = version - 1"},
        {"case_contact", "UPDATE case_contact SET language = 'xx'",
         "UPDATE case_contact SET language = 'kk'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        found_in(changes[i][0], changes[i][1], changes[i][2]);
}

/* Rows that were taken away leave nothing to look at: their case misses them. */
static void what_was_taken_away_is_missed(void **state)
{
    struct str number = marry();
    is_missed("DELETE FROM case_slot", number.p);
    is_missed("DELETE FROM case_signer", number.p);
    is_missed("DELETE FROM case_signer WHERE state = 1", number.p);
    struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    must_ok(act(number, &self, "withdraw", &nothing, day(0) + 5)); /* a seat given back is not missed */
    struct case_report of_cases;
    struct beside_report report = check_everything(true, &of_cases);
    assert_int_equal(of_cases.findings + report.findings, 0);
    assert_int_equal(report.slots, 0);
    char kept[256];
    snprintf(kept, sizeof kept,
             "INSERT INTO case_slot (place, start, seat, case_no, agency, office) VALUES "
             "('civil.marriage/wedding', 1, 0, '%s', 'justice', 'civil-registry')",
             number.p);
    is_missed(kept, number.p);
}

static int begin_in_town(void **state)
{
    return begin_in("ainabulak");
}

static void a_fee_before_the_result_keeps_its_invoice(void **state)
{
    const struct service *s = service("garden-plot");
    const char *const given[][2] = {{"part", "upper"}};
    struct answer *answers = answers_for(s, given, 1);
    struct str number;
    answers[service_field(s, STR("plot"))] = (struct answer){false, true, STR("")};
    must_ok(file_case(s, aliya, answers, day(0), &number));
    is_missed("DELETE FROM case_invoice", number.p);
}

/* Paid for no case yet: neither turned round, nor used again, nor its entry left out. */
static void a_payment_is_what_its_entry_says(void **state)
{
    const struct service *s = service("civil.marriage");
    struct rule_value *values = journey_values(j, s, local_day(j, day(0)), BY_COUNTER,
                                               arena_array(&arena, struct answer, s->fields_n + 1), &arena);
    struct invoice *invoices;
    struct case_report of_cases;
    struct gate_entry *entries;
    uint64_t position;
    size_t n;
    must_ok(invoices_before_filing(beside, database, s, aliya, values, day(0), &arena, &err) &&
            invoices_of(beside, database, aliya, 10, &arena, &invoices, &n, &err) && n == 1 &&
            payment_pretend(beside, database, aliya, str_of(invoices[0].id), day(0) + 1, &arena, &position,
                            &err) &&
            ledger_wait(ledger, position, &err));
    assert_int_equal(entries_of(aliya, false, &entries), 1);
    assert_true(str_is(entries[0].outcome, FEE_PAID) && entries[0].case_no.n == 0 &&
                str_eq(entries[0].reason, money_text(invoices[0].amount, &arena)));
    struct beside_report report = check_everything(false, &of_cases);
    assert_true(report.findings == 0 && of_cases.findings == 1); /* a log that knows nothing of it */
    assert_true(strncmp(of_cases.first[0].place, "case_invoice ", 13) == 0);
    static const char *const changes[] = {
        "UPDATE case_invoice SET state = 2", "UPDATE case_invoice SET state = 0, settled = 0, ref = ''",
        "UPDATE case_invoice SET settled = settled + 1", "UPDATE case_invoice SET ref = 'demo:other'"};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        is_missed(changes[i], "case_invoice");
    (void)marry(); /* the payment is used now */
    is_missed("UPDATE case_invoice SET case_no = ''", "case_invoice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(one_bit_of_each_is_found),
        CASE_TEST(what_stands_in_the_clear_is_what_was_written),
        CASE_TEST(what_was_taken_away_is_missed),
        cmocka_unit_test_setup_teardown(a_fee_before_the_result_keeps_its_invoice, begin_in_town, end),
        CASE_TEST(a_payment_is_what_its_entry_says),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
