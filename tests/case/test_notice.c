/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told: in the step's transaction, in every language, on a phone no more than may stand
 * there, sent once wherever the program stops; timers that end; numbers that fail. */
#include "case/notice.h"
#include "with_folders.h"

static size_t told(const uint8_t *pid, const char *language, struct notice **list)
{
    size_t n;
    must_ok(notices_of(beside, database, pid, STR(""), 50, str_of(language), &arena, list, &n, &err));
    return n;
}

static uint64_t unread(const uint8_t *pid)
{
    uint64_t n;
    must_ok(notices_unread(beside, database, pid, &n, &err));
    return n;
}

static void each_step_is_told_to_the_person_in_their_language(void **state)
{
    struct notice *list;
    struct str number = file_family(aliya, "4"); /* filed, then granted by the machine at once */
    assert_int_equal(told(aliya, "en", &list), 2);
    assert_true(str_eq(list[0].number, number) && str_is(list[0].service, "soc.large-family"));
    assert_non_null(strstr(str_c(&arena, list[0].text), "granted"));
    assert_non_null(strstr(str_c(&arena, list[1].text), "received"));
    assert_non_null(strstr(str_c(&arena, list[1].text), "11.02.2026"));
    assert_int_equal(told(aliya, "kk", &list), 2);
    assert_non_null(strstr(str_c(&arena, list[0].text), "оң шешім"));
    struct notice *none;
    assert_int_equal(told(berik, "en", &none), 0);
    assert_int_equal(unread(aliya), 2);
    must_ok(notices_seen(beside, database, aliya, str_of(list[1].id), day(0), &err));
    assert_int_equal(unread(aliya), 1);
    must_ok(notices_seen(beside, database, aliya, str_of(list[0].id), day(0), &err));
    assert_int_equal(unread(aliya), 0);
    assert_int_equal(told(aliya, "ru", &list), 2);
    assert_false(list[0].unread || list[1].unread);
}

static void what_was_not_done_is_not_told(void **state)
{
    struct notice *list;
    struct str number = file_family(aliya, "3");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    assert_false(act(number, &clerk, "refuse", &nothing, day(1)));
    assert_int_equal(told(aliya, "en", &list), 1);
}

static void a_phone_is_told_no_more_than_it_may_and_once(void **state)
{
    struct str text, name;
    struct notice *list;
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    give_phone(aliya, "+77010000001");
    must_ok(contact_language(beside, database, aliya, STR("en"), &err));
    assert_false(contact_language(beside, database, aliya, STR("xx"), &err));
    struct str number = file_family(aliya, "3");
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 0); /* not before the tick */
    must_ok(turn(day(0)));
    assert_int_equal(files_in(messages, ".json", &name, &text), 1);
    assert_non_null(strstr(str_c(&arena, text), "+77010000001"));
    assert_non_null(strstr(str_c(&arena, text), number.p));
    must_ok(turn(day(0)));
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 1);
    empty_folder(messages);
    const char *const lacks[][2] = {{"what-is-missing", "The youngest child’s birth certificate"}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, day(1)));
    must_ok(turn(day(1)));
    assert_int_equal(files_in(messages, ".json", NULL, &text), 1);
    assert_null(strstr(str_c(&arena, text), "certificate")); /* stays on the screen */
    assert_int_equal(told(aliya, "en", &list), 2);
    assert_non_null(strstr(str_c(&arena, list[0].text), "certificate"));
    file_family(berik, "3"); /* no number: nothing leaves */
    must_ok(turn(day(1)));
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 1);
}

static void who_came_to_a_counter_without_a_phone_gets_a_letter(void **state)
{
    const char *const given[][2] = {{"children", "3"}, {"account", "KZ75125KZT2069100100"}};
    const struct service *s = service("soc.large-family");
    const struct office *mine = office("labour", "benefits");
    char number[CASE_NO_SIZE];
    struct letter *letters;
    uint64_t position;
    size_t n;
    must_ok(case_file(cases, database, s, aliya, BY_WEB, answers_for(s, given, 2), day(0), STR("demo"),
                      &arena, number, &position, &err)); /* has a page, and looks */
    must_ok(turn(day(0)));
    must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 0);
    struct str at_counter = file_family(berik, "3");
    for (int i = 0; i < 2; i++) {
        must_ok(turn(day(0)));
        must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
        assert_int_equal(n, 1);
        assert_true(str_eq(letters[0].number, at_counter) && str_is(letters[0].what, "filed"));
    }
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 0);
}

static int64_t phone_state(const char *sql)
{
    bool found;
    struct db_stmt *stmt = db_sql(database, sql, &err);
    must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
    int64_t out = db_i64(stmt, 0);
    db_end(stmt);
    return out;
}

/* Every place where the program may stop between the commit and the sent message. */
static void sent_once_wherever_it_stops(void **state)
{
    struct str name;
    char path[400], hidden[400];
    give_phone(aliya, "+77010000001");
    for (int stops = 0; stops < 4; stops++) {
        struct str number UNUSED = file_family(aliya, "3");
        const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
        must_ok(turn(day(0)));
        assert_int_equal(files_in(messages, ".json", &name, NULL), 1);
        snprintf(path, sizeof path, "%s/%.*s", messages, STR_ARG(name));
        snprintf(hidden, sizeof hidden, "%s/.%.*s.part", messages, (int)name.n - 5, name.p);
        if (stops == 0 || stops == 1) /* the hidden file was written; the row had not said so, or had */
            assert_int_equal(rename(path, hidden), 0);
        else if (stops == 2) /* it has its name, and was sent */
            assert_int_equal(unlink(path), 0);
        must_ok(db_exec(database,
                        stops == 0 ? "UPDATE case_notice SET phone = 0 WHERE phone = 2"
                                   : "UPDATE case_notice SET phone = 1 WHERE phone = 2",
                        &err));
        must_ok(turn(day(0)));
        assert_int_equal(files_in(messages, ".json", NULL, NULL), stops == 2 ? 0 : 1);
        assert_int_equal(files_in(messages, ".part", NULL, NULL), 0);
        assert_int_equal(phone_state("SELECT CAST(min(phone) AS bigint) FROM case_notice"), 2);
        empty_folder(messages);
        must_ok(act(number, &self, "withdraw", &nothing, day(0)));
        must_ok(turn(day(0)));
        empty_folder(messages);
    }
}

static void a_number_that_fails_makes_a_letter(void **state)
{
    struct str name;
    struct notice *list;
    struct letter *letters;
    struct contact contact;
    size_t n;
    char path[400], failed[400];
    const struct office *mine = office("labour", "benefits"), *other = office("health", "clinic-5");
    give_phone(aliya, "+77010000001");
    struct str number = file_family(aliya, "3");
    must_ok(turn(day(0)));
    assert_int_equal(files_in(messages, ".json", &name, NULL), 1);
    snprintf(path, sizeof path, "%s/%.*s", messages, STR_ARG(name));
    snprintf(failed, sizeof failed, "%s/%.*s.failed", messages, (int)name.n - 5, name.p);
    assert_int_equal(rename(path, failed), 0);
    must_ok(turn(day(1)));
    assert_int_equal(files_in(messages, ".failed", NULL, NULL), 0);
    must_ok(contact_of(beside, database, aliya, &arena, &contact, &err));
    assert_true(contact.unreachable == day(1));
    assert_int_equal(told(aliya, "en", &list), 2);
    assert_non_null(strstr(str_c(&arena, list[0].text), "letter follows"));
    must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 1);
    assert_true(str_eq(letters[0].number, number) && str_is(letters[0].what, "filed"));
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    const char *const lacks[][2] = {{"what-is-missing", "A paper"}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, day(1)));
    must_ok(turn(day(1)));
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 0); /* not to that phone any more */
    must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 2);
    assert_false(letter_sent(beside, database, other, str_of(letters[0].id), &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    must_ok(letter_sent(beside, database, mine, str_of(letters[0].id), &err));
    assert_false(letter_sent(beside, database, mine, str_of(letters[0].id), &err));
    must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 1);
    must_ok(letters_due(beside, database, other, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 0);
    /* Another number was confirmed: the next message goes there, and no letter is needed for it. */
    must_ok(contact_reached(beside, database, aliya, &err));
    must_ok(contact_of(beside, database, aliya, &arena, &contact, &err));
    assert_int_equal(contact.unreachable, 0);
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    must_ok(act(number, &self, "withdraw", &nothing, day(2)));
    file_family(aliya, "3");
    must_ok(turn(day(2)));
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 1);
    must_ok(letters_due(beside, database, mine, clock_now(), 10, &arena, &letters, &n, &err));
    assert_int_equal(n, 1);
}

static void lateness_is_told_once(void **state)
{
    struct notice *list;
    struct str number = file_family(aliya, "3"); /* seven working days: Wednesday 11 February */
    must_ok(turn(day(9)));
    assert_int_equal(told(aliya, "en", &list), 1);
    must_ok(turn(day(10)));
    assert_int_equal(told(aliya, "en", &list), 2);
    assert_true(str_eq(list[0].number, number));
    assert_non_null(strstr(str_c(&arena, list[0].text), "has passed"));
    must_ok(turn(day(11)));
    assert_int_equal(told(aliya, "en", &list), 2);
    file_family(berik, "4"); /* granted at once: never late */
    must_ok(turn(day(30)));
    assert_int_equal(told(berik, "en", &list), 2);
}

static void one_case_that_cannot_be_read_stops_no_other(void **state)
{
    struct notice *list;
    struct str broken = file_family(berik, "3");
    file_family(aliya, "3");
    struct db_stmt *stmt = db_sql(database, "UPDATE case_row SET version = 9 WHERE case_no = $1", &err);
    db_bind_text(stmt, 1, broken);
    must_ok(db_run(stmt, NULL, &err));
    must_ok(turn(day(10)));
    assert_int_equal(told(aliya, "en", &list), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(each_step_is_told_to_the_person_in_their_language),
        CASE_TEST(what_was_not_done_is_not_told),
        CASE_TEST(a_phone_is_told_no_more_than_it_may_and_once),
        CASE_TEST(who_came_to_a_counter_without_a_phone_gets_a_letter),
        CASE_TEST(sent_once_wherever_it_stops),
        CASE_TEST(a_number_that_fails_makes_a_letter),
        CASE_TEST(lateness_is_told_once),
        CASE_TEST(one_case_that_cannot_be_read_stops_no_other),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
