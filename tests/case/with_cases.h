/* SPDX-License-Identifier: Apache-2.0 */
/* with_cases.h: the gate's fixture with cases, people and the folders through which messages and invoices
 * leave; for the tests of what stands beside a case. */
#ifndef TESTS_CASE_WITH_CASES_H
#define TESTS_CASE_WITH_CASES_H

#include "../gate/fixture.h"
#include "case/beside.h"
#include "people/number.h"

static struct cases *cases;
static struct beside *beside;
static struct people *people;
static char messages[128], payments[128];
static const int64_t morning = INT64_C(1770008400) * CLOCK_SECOND; /* 2026-02-02 10:00 in Astana, a Monday */
static const struct case_input nothing = {.signatures = -1, .position = -1};
static uint8_t aliya[PID_SIZE], berik[PID_SIZE];
static char aliya_number[32];
static char berik_number[32];

static UNUSED void open_cases(void)
{
    const struct beside_ports ports = {.messages = messages, .payments = payments};
    cases = cases_new(gate, j, master);
    beside = beside_new(cases, people, j, master);
    beside_set_ports(beside, &ports);
}

static UNUSED void close_cases(void)
{
    beside_free(beside);
    cases_free(cases);
}

/* The clock: what it does to cases, and what leaves. */
static UNUSED bool turn(int64_t now)
{
    size_t done;
    return cases_turn(cases, database, now, 64, &done, &err) && beside_turn(beside, database, now, &err);
}

/* Another valid number of the scheme. */
static UNUSED void other_number(const char *than, char out[32])
{
    const struct number_scheme *scheme = number_scheme_find(j->person_scheme);
    unsigned long long n = strtoull(than, NULL, 10);
    do
        snprintf(out, 32, "%0*llu", (int)scheme->length, ++n);
    while (scheme->check(str_of(out), false) != NUMBER_OK);
}

static UNUSED int begin_in(const char *jurisdiction)
{
    int failed = start_in(jurisdiction);
    struct person person;
    snprintf(messages, sizeof messages, "%s/messages", folder);
    snprintf(payments, sizeof payments, "%s/payments", folder);
    must_ok(people_migrate(database, &err) && cases_migrate(database, &err) &&
            beside_migrate(database, &err));
    people = people_new(master);
    snprintf(aliya_number, sizeof aliya_number, "%s", number_scheme_find(j->person_scheme)->example);
    other_number(aliya_number, berik_number);
    must_ok(people_register(people, database, j->person_scheme, str_of(aliya_number), &person, &err));
    memcpy(aliya, person.pid, PID_SIZE);
    must_ok(people_register(people, database, j->person_scheme, str_of(berik_number), &person, &err));
    memcpy(berik, person.pid, PID_SIZE);
    open_cases();
    return failed;
}

static UNUSED int begin(void **state)
{
    return begin_in("kz");
}

static UNUSED int end(void **state)
{
    close_cases();
    people_free(people);
    return stop(state);
}

static UNUSED int64_t day(int n)
{
    return morning + (int64_t)n * CLOCK_DAY;
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

static UNUSED bool file_case(const struct service *s, const uint8_t *pid, const struct answer *answers,
                             int64_t now, struct str *ret_number)
{
    char *number = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    if (!case_file(cases, database, s, pid, BY_COUNTER, answers, now, STR("demo"), &arena, number, &position,
                   &err))
        return false;
    *ret_number = str_of(number);
    return ledger_wait(ledger, position, &err);
}

static UNUSED struct str file_family(const uint8_t *pid, const char *children)
{
    const char *const given[][2] = {{"children", children}, {"account", "KZ75125KZT2069100100"}};
    const struct service *s = service("soc.large-family");
    struct str number = {0};
    must_ok(file_case(s, pid, answers_for(s, given, 2), day(0), &number));
    return number;
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
                       const struct case_input *input, int64_t now)
{
    uint64_t position;
    return case_act(cases, database, number, actor, str_of(action), input, now, &arena, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static UNUSED struct case_input with_answers(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct case_input input = nothing;
    input.answers = answers_for(s, given, n);
    return input;
}

#define CASE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
