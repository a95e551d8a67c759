/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a file by what the scanner says: filed or not, and when it says nothing or what it cannot
 * know. The scanner's own words come from a list; clamd itself is asked in tests/web/scan.py. */
#include "case/attachment.h"
#include "case/draft.h"
#include "case/lists.h"
#include "case/notice.h"
#include "with_folders.h"

/* --- a scanner that says what is written down --- */

static struct {
    bool there, blind; /* blind: finds nothing in the EICAR file either */
    const char *says;  /* of other files; NULL: it ends in the middle */
    struct buf got;
    int files, eicar;
} scanner;

static bool start_file(void *arg)
{
    buf_clear(&scanner.got);
    return scanner.there;
}

static bool give_file(void *arg, struct str bytes)
{
    buf_str(&scanner.got, bytes);
    return scanner.says != NULL || bytes.n < 100;
}

static bool end_file(void *arg, char reply[SCAN_REPLY_SIZE])
{
    static const char eicar[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
                                "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    bool probe = str_is(buf_view(&scanner.got), eicar);
    scanner.eicar += probe;
    scanner.files += !probe;
    snprintf(reply, SCAN_REPLY_SIZE, "%s",
             !probe          ? scanner.says
             : scanner.blind ? "stream: OK"
                             : "stream: Eicar-Test FOUND");
    return true;
}

static void stop_file(void *arg)
{
}

static const struct scan_port port = {start_file, give_file, end_file, stop_file, NULL};

static int begin_scanned(void **state)
{
    int failed = begin(state);
    const struct beside_ports ports = {.messages = messages, .payments = payments, .scanner = &port};
    beside_set_ports(beside, &ports);
    scanner.there = true;
    scanner.blind = false;
    scanner.says = "stream: OK";
    scanner.files = scanner.eicar = 0;
    buf_init(&scanner.got, ATTACHMENT_MAX);
    return failed;
}

static int end_scanned(void **state)
{
    buf_done(&scanner.got);
    return end(state);
}

/* --- files --- */

static const struct service *benefit(void)
{
    return service("soc.special-benefit");
}

static size_t field(void)
{
    return service_field(benefit(), STR("work-history"));
}

static struct str give_pdf(size_t size, int64_t now)
{
    char *bytes = arena_take(&arena, size, 1);
    struct str answer = {0};
    memset(bytes, 'x', size);
    memcpy(bytes, "%PDF-1.7\n", 9);
    memcpy(bytes + size - 6, "%%EOF\n", 6);
    must_ok(attachment_put(beside, database, benefit(), field(), aliya, STR("proof.pdf"),
                           (struct str){bytes, size}, now, &arena, &answer, &err));
    return answer;
}

static struct attachment of(struct str answer)
{
    struct str id, name;
    struct attachment a;
    assert_true(attachment_answer(answer, &id, &name));
    must_ok(attachment_read(beside, database, id, &arena, &a, &err));
    return a;
}

static struct str file_with(struct str answer)
{
    const char *const given[][2] = {{"birth-date", "1970-01-01"},
                                    {"work-history", str_c(&arena, answer)},
                                    {"account", "KZ75125KZT2069100100"}};
    struct answer *answers = answers_for(benefit(), given, 3);
    struct str number = {0};
    must_ok(file_case(benefit(), aliya, answers, day(0), &number));
    return number;
}

static int64_t parts(void)
{
    bool found;
    struct db_stmt *stmt = db_sql(database, "SELECT count(*) FROM case_attachment_part", &err);
    must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
    int64_t n = db_i64(stmt, 0);
    db_end(stmt);
    return n;
}

/* --- tests --- */

static void an_answer_is_a_verdict_or_none(void **state)
{
    static const struct {
        const char *said;
        enum scan_state state;
        const char *found;
    } answers[] = {{"stream: OK", SCAN_CLEAN, ""},
                   {"stream: Win.Test.EICAR_HDB-1 FOUND", SCAN_INFECTED, "Win.Test.EICAR_HDB-1"},
                   {"stream: a\x01"
                    "b c\xff FOUND",
                    SCAN_INFECTED, "a?b?c?"},
                   {"stream:  FOUND", SCAN_FAILED, ""},
                   {"stream: FOUND", SCAN_FAILED, ""},
                   {"stream: ok", SCAN_FAILED, ""},
                   {"stream: OK ", SCAN_FAILED, ""},
                   {"OK", SCAN_FAILED, ""},
                   {"", SCAN_FAILED, ""},
                   {"INSTREAM size limit exceeded. ERROR", SCAN_FAILED, ""},
                   {"stream: Can't open file ERROR", SCAN_FAILED, ""}};
    char found[SCAN_FOUND_SIZE], longest[SCAN_REPLY_SIZE] = "stream: ";
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(scan_reply(str_of(answers[i].said), found), answers[i].state);
        assert_string_equal(found, answers[i].found);
    }
    memset(longest + 8, 'v', 200);
    memcpy(longest + 208, " FOUND", 7);
    assert_int_equal(scan_reply(str_of(longest), found), SCAN_INFECTED);
    assert_int_equal(strlen(found), SCAN_FOUND_SIZE - 1);
}

static void a_clean_file_is_given_whole_and_once(void **state)
{
    struct str answer = give_pdf(700001, day(0));
    assert_int_equal(of(answer).scan, SCAN_NONE);
    must_ok(scans_turn(beside, database, day(0) + 1, &err));
    struct attachment a = of(answer);
    assert_int_equal(a.scan, SCAN_CLEAN);
    assert_int_equal(a.scanned, day(0) + 1);
    assert_int_equal(scanner.got.n, 700001);
    must_ok(scans_turn(beside, database, day(3), &err));
    assert_int_equal(scanner.files, 1);
    assert_int_equal(scanner.eicar, 1);
    /* What stands in the clear is not believed. */
    must_ok(db_exec(database, "UPDATE case_attachment SET scan = 3", &err));
    struct str id, name;
    assert_true(attachment_answer(answer, &id, &name));
    assert_false(attachment_read(beside, database, id, &arena, &a, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
}

static void of_an_infected_one_nothing_is_kept(void **state)
{
    struct draft draft = {.answers = arena_array(&arena, struct answer, benefit()->fields_n + 1),
                          .begun = day(0)};
    struct str answer = give_pdf(300000, day(0)), number = {0};
    struct buf out;
    bool found;
    draft.answers[field()] = (struct answer){.given = true, .text = answer};
    must_ok(draft_write(cases, database, benefit(), aliya, &draft, day(0), &arena, &err));
    scanner.says = "stream: Some.Virus FOUND";
    uint64_t before = ledger_size(ledger);
    must_ok(scans_turn(beside, database, day(0), &err));
    assert_int_equal(parts(), 0);
    struct attachment a = of(answer);
    assert_int_equal(a.scan, SCAN_INFECTED);
    assert_true(str_is(a.found, "Some.Virus"));
    assert_int_equal(ledger_size(ledger), before + 1);
    buf_init(&out, 1 << 20);
    assert_false(attachment_whole(&a, &out));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    buf_done(&out);
    must_ok(draft_read(cases, database, benefit(), aliya, &arena, &draft, &found, &err));
    assert_true(found && draft.answers[field()].text.n == 0);
    const char *const given[][2] = {{"birth-date", "1970-01-01"},
                                    {"work-history", str_c(&arena, answer)},
                                    {"account", "KZ75125KZT2069100100"}};
    assert_false(file_case(benefit(), aliya, answers_for(benefit(), given, 3), day(0), &number));
    assert_string_equal(err.place, "file");
}

static const struct office *another_office(void)
{
    for (size_t i = 0; i < j->services_n; i++)
        if (j->services[i].provider != benefit()->provider)
            return j->services[i].provider;
    fail();
    return NULL;
}

static void office_is_done_once(const struct notice *told)
{
    const struct office *own = benefit()->provider, *other = another_office();
    struct notice *list;
    uint64_t before, after;
    size_t n;
    assert_true(told->unread);
    must_ok(notices_of_office(beside, database, other, STR(""), 10, STR("en"), &arena, &list, &n, &err));
    assert_int_equal(n, 0);
    must_ok(notices_office_unread(beside, database, own, &arena, &before, &err));
    assert_false(notice_done(beside, database, other, str_of(told->id), day(1), &arena, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    for (int twice = 0; twice < 2; twice++)
        must_ok(notice_done(beside, database, own, str_of(told->id), day(1), &arena, &err));
    must_ok(notices_office_unread(beside, database, own, &arena, &after, &err));
    assert_int_equal(after, before - 1);
    must_ok(notices_of_office(beside, database, own, STR(""), 10, STR("en"), &arena, &list, &n, &err));
    assert_false(list[0].unread);
}

static void a_filed_one_tells_the_person_and_the_office(void **state)
{
    struct str number = file_with(give_pdf(1000, day(0)));
    struct notice *list;
    size_t n;
    scanner.says = "stream: Some.Virus FOUND";
    must_ok(scans_turn(beside, database, day(0), &err));
    assert_int_equal(parts(), 0);
    must_ok(notices_of(beside, database, aliya, STR(""), 10, STR("en"), &arena, &list, &n, &err));
    assert_true(n > 0 && str_is(list[0].what, "infected") && str_eq(list[0].number, number));
    assert_non_null(memmem(list[0].text.p, list[0].text.n, "Some.Virus", 10));
    must_ok(notices_of_office(beside, database, benefit()->provider, STR(""), 10, STR("en"), &arena, &list,
                              &n, &err));
    assert_true(n > 0 && str_is(list[0].what, "infected") && str_eq(list[0].number, number));
    office_is_done_once(&list[0]);
    struct case_file c = read_case(number);
    assert_int_equal(c.status, FILED); /* its day counts */
}

static void without_a_verdict_it_is_tried_again(void **state)
{
    struct str answer = give_pdf(1000, day(0));
    static const char *const says[] = {"INSTREAM size limit exceeded. ERROR", "", NULL};
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        scanner.says = says[i];
        must_ok(scans_turn(beside, database, day((int)i), &err)); /* of the file alone: no complaint */
        assert_int_equal(of(answer).scan, SCAN_FAILED);
        must_ok(scans_turn(beside, database, day((int)i) + 1, &err)); /* not at once */
    }
    scanner.says = "stream: OK";
    scanner.there = false;
    assert_false(scans_turn(beside, database, day(5), &err)); /* absent: the operator is told */
    assert_int_equal(err.code, ERR_AWAY);
    scanner.there = true;
    scanner.blind = true;
    scanner.files = 0;
    assert_false(scans_turn(beside, database, day(6), &err)); /* it lies: nothing is asked of it */
    assert_int_equal(err.code, ERR_AWAY);
    assert_int_equal(scanner.files, 0);
    assert_int_equal(of(answer).scan, SCAN_FAILED);
    scanner.blind = false;
    must_ok(scans_turn(beside, database, day(7), &err));
    assert_int_equal(of(answer).scan, SCAN_CLEAN);
}

static void a_broken_file_does_not_stop_the_others(void **state)
{
    struct str broken = give_pdf(1000, day(0)), whole = give_pdf(1000, day(0) + 1);
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE case_attachment_part SET n = 1 WHERE id = '%.26s'", broken.p);
    must_ok(db_exec(database, sql, &err)); /* its bytes are missing: what is given is not it */
    scanner.says = "stream: OK";
    assert_false(scans_turn(beside, database, day(0) + 2, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_int_equal(of(broken).scan, SCAN_FAILED);
    assert_int_equal(of(whole).scan, SCAN_CLEAN);
}

int main(void)
{
#define SCAN_TEST(test) cmocka_unit_test_setup_teardown(test, begin_scanned, end_scanned)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_a_verdict_or_none),
        SCAN_TEST(a_clean_file_is_given_whole_and_once),
        SCAN_TEST(of_an_infected_one_nothing_is_kept),
        SCAN_TEST(a_filed_one_tells_the_person_and_the_office),
        SCAN_TEST(without_a_verdict_it_is_tried_again),
        SCAN_TEST(a_broken_file_does_not_stop_the_others),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
