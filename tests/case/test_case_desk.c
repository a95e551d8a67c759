/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a case is: desks and their queues, who has it, who reads it and looks for it, and a person's own.
 */
#include "engine.h"

static void queues_are_ordered_by_deadline(void **state)
{
    struct case_load load;
    struct case_lines lines, rest;
    struct str late = file_family(anna, "3"), paused = file_family(boris, "3");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate."}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    file_family((const uint8_t[PID_SIZE]){3}, "4"); /* granted: not in the queue */
    must_ok(act(paused, &clerk, "return", &missing, 1));
    lines = queue_of(clerk.office, STR(""), NULL, 10);
    assert_int_equal(lines.n, 2);
    assert_false(lines.more);
    assert_string_equal(lines.list[0].number, late.p);
    assert_true(lines.list[0].due != 0 && lines.list[1].due == 0);
    lines = queue_of(clerk.office, STR(""), NULL, 1);
    assert_true(lines.n == 1 && lines.more);
    rest = queue_of(clerk.office, STR(""), &lines.list[0], 1);
    assert_true(rest.n == 1 && !rest.more);
    assert_string_equal(rest.list[0].number, paused.p);
    assert_int_equal(queue_of(clerk.office, STR(""), &rest.list[0], 1).n, 0);
    assert_int_equal(queue_of(office("health", "clinic-5"), STR(""), NULL, 10).n, 0);
    assert_int_equal(queue_of(clerk.office, STR("LAB-1"), NULL, 10).n, 0);
    assert_int_equal(queue_of(clerk.office, STR("-"), NULL, 10).n, 2);
    must_ok(case_load(cases, database, clerk.office, day(5), &load, &err));
    assert_true(load.open == 2 && load.late == 0 && load.nobody == 2);
    must_ok(case_load(cases, database, clerk.office, day(30), &load, &err));
    assert_int_equal(load.late, 1); /* the other is paused */
}

static void a_person_finds_the_own_cases(void **state)
{
    struct case_mine *list;
    size_t n;
    struct str one = file_family(anna, "4"), two = file_family(anna, "3");
    file_family(boris, "3");
    must_ok(case_of_person(cases, database, anna, &arena, &list, &n, &err));
    assert_int_equal(n, 2);
    bool turned = memcmp(list[0].number, one.p, CASE_NO_SIZE) != 0; /* of one day: in any order */
    assert_memory_equal(list[turned].number, one.p, CASE_NO_SIZE);
    assert_memory_equal(list[!turned].number, two.p, CASE_NO_SIZE);
    must_ok(case_of_person(cases, database, (const uint8_t[PID_SIZE]){9}, &arena, &list, &n, &err));
    assert_int_equal(n, 0);
}

/* Two officials: taken, given on, and who comes second is told so. */
static void who_has_a_case(void **state)
{
    const struct case_actor one = official("labour", "benefits", "LAB-1"),
                            two = official("labour", "benefits", "LAB-2"),
                            other = official("health", "clinic-5", "MED-1");
    struct str number = file_family(anna, "3");
    uint64_t position;
    const struct {
        const struct case_actor *actor;
        const char *to;
        bool head, works;
        int64_t seen;
    } tries[] = {{&other, "MED-1", false, false, 1}, {&one, "LAB-2", false, false, 1},
                 {&one, "", false, false, 1},        {&one, "LAB-1", false, true, 1},
                 {&two, "LAB-2", false, false, 1},   {&two, "LAB-2", false, false, 2},
                 {&one, "LAB-1", false, false, 2},   {&one, "LAB-2", false, true, 2},
                 {&one, "LAB-1", false, false, 3},   {&one, "LAB-1", true, true, 3}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++)
        if (case_give(cases, database, number, tries[i].actor, str_of(tries[i].to), tries[i].head,
                      tries[i].seen, day(1), &arena, &position, &err) != tries[i].works)
            fail_msg("try %zu: %s", i, err.text);
    struct case_actor stands_in = two; /* for LAB-1, who is on leave */
    stands_in.stands_for = STR("LAB-1");
    assert_int_equal(read_case(number).version, 4);
    must_ok(case_give(cases, database, number, &stands_in, STR("LAB-2"), false, 4, day(1), &arena, &position,
                      &err));
    assert_false(
        case_give(cases, database, number, &one, STR("LAB-1"), false, 5, day(1), &arena, &position, &err));
    must_ok(
        case_give(cases, database, number, &two, STR("LAB-1"), false, 5, day(1), &arena, &position, &err));
    assert_int_equal(read_case(number).version, 6);
    struct case_input late = nothing;
    late.seen = 3;
    assert_false(act(number, &one, "grant-by-hand", &late, 2));
    assert_true(err.code == ERR_CONFLICT && strcmp(err.place, "seen") == 0);
    const int64_t weeks[] = {day(0), day(7), day(14), day(21)};
    struct case_share *shares;
    size_t n;
    file_family(boris, "3");
    must_ok(case_team(cases, database, one.office, day(1), weeks, &arena, &shares, &n, &err));
    assert_int_equal(n, 2);
    assert_true(shares[0].official.n == 0 && shares[0].open == 1);
    assert_true(str_is(shares[1].official, "LAB-1") && shares[1].open == 1 && shares[1].due[1] == 1);
    late.seen = 6;
    must_ok(act(number, &one, "grant-by-hand", &late, 2));
    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 7);
    assert_true(str_is(entries[1].outcome, CASE_TAKE) && str_is(entries[1].reason, "LAB-1"));
}

/* An official's reading is an entry, and so is the reading that was refused. */
static void reading_a_case_is_an_entry(void **state)
{
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            other = official("health", "clinic-5", "MED-1");
    struct str number = file_family(anna, "3");
    struct case_file c;
    struct gate_entry *entries;
    bool refused;
    uint64_t position;
    must_ok(case_open(cases, database, number, &clerk, &arena, &c, &refused, &position, &err));
    assert_false(refused);
    assert_int_equal(c.events_n, 1);
    must_ok(ledger_wait(ledger, position, &err));
    must_ok(case_open(cases, database, number, &other, &arena, &c, &refused, &position, &err));
    assert_true(refused && c.events_n == 0 && c.answers == NULL);
    must_ok(ledger_wait(ledger, position, &err));
    assert_int_equal(entries_of(anna, false, &entries), 3);
    assert_true(str_is(entries[0].kind, "case-read") && str_is(entries[0].outcome, "refused") &&
                str_is(entries[0].reason, "office-may-not") && str_is(entries[0].actor, "MED-1"));
    assert_true(str_is(entries[1].outcome, "admitted") && str_is(entries[1].purpose, "benefit-claim") &&
                str_eq(entries[1].case_no, number));
    assert_false(
        case_open(cases, database, STR("0000-0000-0000"), &clerk, &arena, &c, &refused, &position, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* The office may look while the case runs, not when it is decided, and again while an appeal waits. */
static void looks_go_with_the_work_on_a_case(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            second = official("labour", "benefits", "LAB-2"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct case_input offer = hearing_on(s, "2026-02-10", "Three children are on record."),
                      objection = field_of(s, "objection", "The fourth child was born last week."),
                      full = reasoned("The register shows three children, not four.", "not-meeting-rules"),
                      words = field_of(s, "appeal-words", "The register is late: there are four."),
                      stands = full;
    char *number_text = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    int n = (int)(local_today(j) - local_day(j, day(0))) - 7; /* so that the last step is not tomorrow's */
    stands.answers = field_of(s, "appeal-answer", "The register is right on that day.").answers;
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, family("3"), day(n), STR("demo"), &arena,
                      number_text, &position, &err));
    struct str number = str_of(number_text);
    struct gate_request request = {.office = clerk.office,
                                   .actor = STR("LAB-1"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("benefit-claim"),
                                   .registry = STR("civil-status"),
                                   .case_no = number,
                                   .pid = anna};
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    request.pid = boris;
    assert_int_equal(look(&request).reason, GATE_CASE_OTHER_PERSON);
    request.pid = anna;
    must_ok(act(number, &clerk, "offer-hearing", &offer, n + 1));
    must_ok(act(number, &self, "answer-in-writing", &objection, n + 2));
    must_ok(act(number, &clerk, "refuse", &full, n + 3));
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    must_ok(act(number, &self, "appeal", &words, n + 4));
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    must_ok(act(number, &second, "uphold", &stands, n + 5));
    assert_int_equal(read_case(number).status, DECIDED_NO);
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, family("3"), day(n + 6), STR("demo"), &arena,
                      number_text, &position, &err));
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    must_ok(act(str_of(number_text), &self, "withdraw", &nothing, n + 6));
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(queues_are_ordered_by_deadline), CASE(a_person_finds_the_own_cases),     CASE(who_has_a_case),
        CASE(reading_a_case_is_an_entry),     CASE(looks_go_with_the_work_on_a_case),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
