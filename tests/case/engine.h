/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h: cases alone on the gate's fixture, with nothing beside them; for the tests of the engine. */
#ifndef TESTS_CASE_ENGINE_H
#define TESTS_CASE_ENGINE_H

#include "../gate/fixture.h"
#include "case/case_private.h"
#include "case/check.h"
#include "case/lists.h"

static struct cases *cases;

static UNUSED const int64_t morning =
    INT64_C(1738558800) * CLOCK_SECOND; /* 2025-02-03 10:00 in Astana, a Monday */

static UNUSED int begin(void **state)
{
    int failed = start(state);
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static UNUSED int begin_in_town(void **state)
{
    int failed = start_in("ainabulak");
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static UNUSED int end(void **state)
{
    cases_free(cases);
    return stop(state);
}

/* A year after the first days of the folder's services. */
static UNUSED int64_t day(int n)
{
    return morning + (int64_t)(364 + n) * CLOCK_DAY; /* day(0): Monday 2 February 2026 */
}

static UNUSED const struct service *service(const char *id)
{
    const struct service *s = jurisdiction_service(j, str_of(id));
    assert_non_null(s);
    return s;
}

static UNUSED struct answer *answers_for(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t f = service_field(s, str_of(given[i][0]));
        assert_int_not_equal(f, NONE);
        answers[f] = (struct answer){true, s->fields[f].registry != NULL, str_of(given[i][1])};
    }
    return answers;
}

static UNUSED struct answer *family(const char *children)
{
    const char *const given[][2] = {{"children", children}, {"account", "KZ75125KZT2069100100"}};
    return answers_for(service("soc.large-family"), given, 2);
}

static const struct case_input nothing = {.signatures = -1, .position = -1};

static UNUSED struct str file_family(const uint8_t *pid, const char *children)
{
    char *number = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    must_ok(case_file(cases, database, service("soc.large-family"), pid, BY_COUNTER, family(children), day(0),
                      STR("demo"), &arena, number, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    return str_of(number);
}

static UNUSED struct case_file read_case(struct str number)
{
    struct case_file c;
    must_ok(case_read(cases, database, number, &arena, &c, &err));
    return c;
}

static UNUSED struct case_actor official(const char *agency, const char *id, const char *staff)
{
    return (struct case_actor){
        .hand = HAND_OFFICIAL, .office = office(agency, id), .staff = str_of(staff), .levels = STR("demo")};
}

static UNUSED bool act(struct str number, const struct case_actor *actor, const char *action,
                       const struct case_input *input, int n)
{
    uint64_t position;
    return case_act(cases, database, number, actor, str_of(action), input, day(n), &arena, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static UNUSED struct case_input with_answers(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct case_input input = nothing;
    input.answers = answers_for(s, given, n);
    return input;
}

static UNUSED struct case_input hearing_on(const struct service *s, const char *date, const char *reasons)
{
    const char *const given[][2] = {{"hearing-day", date}, {"draft-reasons", reasons}};
    return with_answers(s, given, 2);
}

static UNUSED struct case_input field_of(const struct service *s, const char *field, const char *text)
{
    const char *const given[][2] = {{field, text}};
    return with_answers(s, given, 1);
}

static UNUSED struct case_input reasoned(const char *reason, const char *ground)
{
    struct case_input input = nothing;
    input.reason = str_of(reason);
    input.ground = str_of(ground);
    input.article = STR("article 1 of the sample");
    return input;
}

static UNUSED size_t turn(int n)
{
    size_t done;
    must_ok(cases_turn(cases, database, day(n), 100, &done, &err));
    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    return done;
}

static UNUSED struct case_lines queue_of(const struct office *o, struct str who, const struct case_line *last,
                                         size_t limit)
{
    struct case_lines lines;
    struct case_after after = {0};
    if (last != NULL) {
        after.key = last->due;
        memcpy(after.number, last->number, CASE_NO_SIZE);
    }
    must_ok(case_queue(cases, database, o, who, &after, limit, &arena, &lines, &err));
    return lines;
}

static struct gate_checker *checker;

static UNUSED void seen_in_outbox(void *arg, const uint8_t id[LEDGER_ID_SIZE])
{
    case_check_entry(arg, id);
}

static UNUSED bool seen_in_log(void *arg, const struct ledger_entry *entry)
{
    case_check_entry(arg, entry->id);
    return true;
}

static UNUSED struct case_report check_all(void)
{
    struct case_report report = {0};
    struct case_check *check;
    uint64_t waiting;
    must_ok(case_check_start(&check, cases, database, &report, &err));
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    must_ok(gate_checker_outbox(checker, database, seen_in_outbox, check, &waiting, &err));
    must_ok(ledger_scan(ledger, 0, ledger_durable(ledger), seen_in_log, check, &err));
    case_check_end(check, &report);
    gate_checker_free(checker);
    return report;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
