/* SPDX-License-Identifier: Apache-2.0 */
/* What time does to cases: terms from the journal, lateness, escalation, waiting times, stages, and turns in
 * a queue.
 */
#include "engine.h"

/* Returned for a paper on the second day, completed on the tenth: the clock of seven working days runs again
 * in full. */
static void deadlines_come_from_the_journal(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct str number = file_family(anna, "3");
    size_t decision = service_timer(s, STR("decision")), papers = service_timer(s, STR("papers"));
    struct deadline d;
    struct case_file c = read_case(number);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(9))); /* Monday 2 to Wednesday 11 February */
    assert_false(case_deadline(j, &c, papers, &arena, &d));
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate of the youngest child."}};
    struct case_input missing = with_answers(s, lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, 2));
    c = read_case(number);
    assert_int_equal(c.status, RETURNED);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_true(d.paused);
    assert_true(case_deadline(j, &c, papers, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(32)));
    must_ok(act(number, &self, "resubmit", &nothing, 10));
    c = read_case(number);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(21))); /* Thursday 12 to Monday 23 February */
    assert_false(deadline_passed(&d, day(21)));
    assert_true(deadline_passed(&d, day(22)));
}

/* The term ends with Wednesday, day(9): at any later turn, once, after a new start too. */
static void lateness_publishes_itself(void **state)
{
    struct gate_entry *entries;
    struct str number = file_family(anna, "3");
    assert_int_equal(turn(8), 0);
    assert_int_equal(read_case(number).late, 0);
    assert_int_equal(turn(10), 1);
    struct case_file c = read_case(number);
    assert_int_equal(c.late, day(10));
    assert_int_equal(c.status, FILED); /* silence decides nothing */
    assert_int_equal(entries_of(anna, false, &entries), 2);
    assert_true(str_is(entries[0].kind, "step") && str_is(entries[0].capacity, "timer") &&
                str_is(entries[0].outcome, "@ended/decision") && str_eq(entries[0].case_no, number));
    assert_int_equal(turn(10), 0);
    cases_free(cases);
    cases = cases_new(gate, j, master);
    assert_int_equal(turn(60), 0);
    assert_int_equal(check_all().findings, 0);
    /* Decided afterwards: it was late, and stays so. */
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    must_ok(act(number, &clerk, "grant-by-hand", &nothing, 61));
    c = read_case(number);
    assert_true(c.late == day(10) && c.decided == day(61) && c.due < day(10));
    assert_int_equal(check_all().findings, 0);
}

/* A step after the term, before the clock looked: late all the same. */
static void a_late_decision_is_late_without_the_clock(void **state)
{
    struct str number = file_family(anna, "3"), in_time = file_family(boris, "3");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    must_ok(act(in_time, &clerk, "grant-by-hand", &nothing, 9));
    must_ok(act(number, &clerk, "grant-by-hand", &nothing, 20));
    assert_int_equal(read_case(number).late, day(20));
    assert_int_equal(read_case(in_time).late, 0);
    assert_int_equal(turn(30), 0);
}

/* Papers did not come within 30 days: back on the desk of the office that the file names, and nobody's. */
static void escalation_moves_the_desk(void **state)
{
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            care = official("akimat", "social", "AKI-1");
    struct case_file c;
    uint64_t position;
    struct str number = file_family(anna, "3");
    must_ok(
        case_give(cases, database, number, &clerk, STR("LAB-1"), false, 1, day(0), &arena, &position, &err));
    assert_true(str_is(read_case(number).official, "LAB-1"));
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate."}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, 1));
    assert_int_equal(turn(30), 0);
    assert_int_equal(turn(40), 1);
    c = read_case(number);
    assert_true(str_is(c.events[c.events_n - 1].action, "@ended/papers") &&
                str_is(c.events[c.events_n - 1].to, "labour/benefits"));
    assert_int_equal(c.official.n, 0);
    assert_int_equal(turn(80), 0);
    /* To another agency's desk: as if the file named that one. */
    struct service moved = *c.service;
    c.service = &moved;
    c.desk = STR("akimat/social");
    size_t withdraw = service_action(&moved, STR("return"));
    c.status = FILED, c.flags = 0;
    assert_false(case_may(cases, &c, &clerk, withdraw, &missing, day(81), &arena, &err));
    must_ok(case_may(cases, &c, &care, withdraw, &missing, day(81), &arena, &err));
    assert_true(case_reads(&c, care.office) && !case_reads(&c, clerk.office));
}

/* A public queue: by turn; a place that is offered and not taken lapses, the turn stays. */
static void a_queue_has_turns_and_offers_lapse(void **state)
{
    const struct service *s = service("edu.kindergarten-queue");
    const struct case_actor clerk = official("education", "kindergartens", "EDU-1");
    const char *const given[][2] = {
        {"child", "460926562913"}, {"birth-date", "2024-03-01"}, {"area", "Almaly"}};
    const char *const place[][2] = {{"place-offered", "Kindergarten No. 7"}};
    char number[3][CASE_NO_SIZE];
    struct case_file c;
    struct case_after from = {0};
    struct case_lines lines;
    int64_t at;
    for (int i = 0; i < 3; i++) {
        const uint8_t pid[PID_SIZE] = {(uint8_t)(20 + i)};
        struct answer *answers = answers_for(s, given, 3);
        uint64_t position;
        answers[service_field(s, STR("priority"))].given = true;
        must_ok(case_file(cases, database, s, pid, BY_SMS, answers, day(i), STR(""), &arena, number[i],
                          &position, &err));
        c = read_case(str_of(number[i]));
        assert_int_equal(c.status, DECIDED_YES);
        must_ok(case_position(cases, database, &c, &at, &err));
        assert_int_equal(at, i + 1);
    }
    must_ok(case_waiting(cases, database, s, &from, 2, &arena, &lines, &err));
    assert_true(lines.n == 2 && lines.more);
    assert_string_equal(lines.list[0].number, number[0]);
    assert_int_equal(queue_of(clerk.office, STR(""), NULL, 10).n, 0); /* nothing to decide */
    struct case_input offer = with_answers(s, place, 1);
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 5));
    assert_int_equal(turn(8), 0);
    assert_int_equal(turn(20), 1);
    c = read_case(str_of(number[0]));
    assert_true(str_is(c.events[c.events_n - 1].action, "offer-lapses") &&
                c.events[c.events_n - 1].hand == HAND_TIMER);
    assert_int_equal(turn(40), 0);
    must_ok(case_position(cases, database, &c, &at, &err));
    assert_int_equal(at, 1);
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 41)); /* and again */
    assert_int_equal(turn(60), 1);
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = (const uint8_t[PID_SIZE]){20}};
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 61));
    must_ok(act(str_of(number[0]), &self, "accept", &nothing, 62));
    c = read_case(str_of(number[1]));
    must_ok(case_position(cases, database, &c, &at, &err));
    assert_int_equal(at, 1);
    assert_int_equal(check_all().findings, 0);
}

/* One broken case does not stop the clock for the others. */
static void a_broken_case_is_set_aside(void **state)
{
    struct str number = file_family(anna, "3");
    must_ok(db_exec(database, "UPDATE case_row SET answers = person", &err));
    struct str other = file_family(boris, "3");
    assert_int_equal(turn(10), 1);
    assert_true(read_case(other).late != 0);
    assert_int_equal(turn(10), 0);
    struct case_file c;
    assert_false(case_read(cases, database, number, &arena, &c, &err));
}

/* A marriage is not dissolved before its month is over, whoever tries; then it may be. */
static void a_waiting_time_is_waited(void **state)
{
    const struct service *s = service("civil.divorce");
    const struct case_actor clerk = official("justice", "civil-registry", "JUS-1");
    struct case_event filed = {.time = day(0), .action = STR("file"), .status = FILED};
    struct case_file c = {.service = s,
                          .status = FILED,
                          .filed = day(0),
                          .version = 1,
                          .desk = STR("justice/civil-registry"),
                          .events = &filed,
                          .events_n = 1,
                          .answers = answers_for(s, NULL, 0)};
    memcpy(c.pid, anna, PID_SIZE);
    size_t grant = service_action(s, STR("grant"));
    int64_t over =
        local_midnight(j, date_days((struct date){2026, 3, 3})); /* from 2 February: 2 March is the last */
    unsigned needs;
    assert_false(case_may_begin(cases, &c, &clerk, grant, &nothing, day(1), &arena, &needs, &err));
    assert_non_null(strstr(err.text, "waiting time"));
    assert_false(case_may_begin(cases, &c, &clerk, grant, &nothing, over - 1, &arena, &needs, &err));
    must_ok(case_may_begin(cases, &c, &clerk, grant, &nothing, over, &arena, &needs, &err));
}

static int32_t working_days_after(int32_t from, int n)
{
    while (n > 0)
        n -= jurisdiction_working_day(j, ++from);
    return from;
}

/* A plot of land: 28 working days for the first stage, 22 from when the second began, 50 for the whole. */
static void stages_run_one_after_the_other(void **state)
{
    const struct service *s = service("land.plot-settlement");
    size_t flag = 0, first = service_timer(s, STR("first-stage")),
           second = service_timer(s, STR("second-stage-term")), whole = service_timer(s, STR("decision"));
    while (!str_is(s->flags[flag].id, "second-stage"))
        flag++;
    struct case_event events[] = {
        {.time = day(0), .action = STR("file"), .status = FILED},
        {.time = day(21), .action = STR("consent-to-plot"), .status = FILED, .flags = 1u << flag}};
    struct case_file c = {.service = s,
                          .status = FILED,
                          .filed = day(0),
                          .version = 1,
                          .events = events,
                          .events_n = 1,
                          .answers = answers_for(s, NULL, 0)};
    struct deadline d;
    assert_true(case_deadline(j, &c, first, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(0)), 28));
    assert_false(case_deadline(j, &c, second, &arena, &d));
    c.events_n = 2;
    c.flags = 1u << flag;
    assert_true(case_deadline(j, &c, second, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(21)), 22));
    assert_true(case_deadline(j, &c, whole, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(0)), 50));
}

/* Rule 4: every service of both folders has a way without internet, and it takes no longer by law than the
 * web's. */
static void nobody_is_left_out(void **state)
{
    for (size_t i = 0; i < j->services_n; i++) {
        const struct service *s = &j->services[i];
        assert_true(s->channels & SERVICE_OFFLINE);
        const struct service_timer *t = &s->timers[service_timer(s, STR("decision"))];
        struct deadline web, offline;
        bool verified;
        deadline_count(j, t, timer_term(s, t, BY_WEB, NULL, &arena, &verified), day(0), NULL, 0, &web);
        for (unsigned c = 0; c < CHANNELS_N; c++) {
            if ((SERVICE_OFFLINE & s->channels) >> c & 1) {
                deadline_count(j, t, timer_term(s, t, (enum channel)c, NULL, &arena, &verified), day(0), NULL,
                               0, &offline);
                assert_true(offline.due <= web.due);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(deadlines_come_from_the_journal),
        CASE(lateness_publishes_itself),
        CASE(a_late_decision_is_late_without_the_clock),
        CASE(escalation_moves_the_desk),
        CASE(a_queue_has_turns_and_offers_lapse),
        CASE(a_broken_case_is_set_aside),
        CASE(a_waiting_time_is_waited),
        CASE(stages_run_one_after_the_other),
        CASE(nobody_is_left_out),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
