/* SPDX-License-Identifier: Apache-2.0 */
/* A holiday that is decreed while cases run: their last day moves, once, with an entry, however often the
 * program is stopped on the way. */
#include "case/case_private.h"
#include "case/check.h"
#include "with_cases.h"

/* The working days after the filing become days of rest. */
static void decree_holidays(int32_t from, int n)
{
    struct jurisdiction *mutable = j;
    struct holiday *more = arena_array(&arena, struct holiday, mutable->holidays_n + (size_t)n);
    size_t at = 0, k = 0;
    for (int added = 0; k < mutable->holidays_n || added < n;)
        if (added < n && (k == mutable->holidays_n || mutable->holidays[k].day > from + added))
            more[at++] = (struct holiday){from + added++, false};
        else
            more[at++] = mutable->holidays[k++];
    mutable->holidays = more;
    mutable->holidays_n = at;
}

static struct str file_benefit(const uint8_t *pid)
{
    const struct service *s = service("soc.special-benefit");
    const char *const given[][2] = {
        {"birth-date", "1970-01-01"}, {"work-history", ""}, {"account", "KZ75125KZT2069100100"}};
    struct str number = {0};
    must_ok(file_case(s, pid, answers_for(s, given, 3), day(0), &number));
    return number;
}

static int recount_all(int64_t now)
{
    bool more = true;
    int pages = 0;
    for (; more; pages++)
        must_ok(cases_recount(cases, database, now, &more, &err));
    return pages;
}

static int64_t due_of(struct str number)
{
    return read_case(number).due;
}

static void again(void)
{
    close_cases();
    open_cases();
}

static void nothing_changes_without_a_change(void **state)
{
    struct str number = file_benefit(aliya);
    int64_t due = due_of(number);
    uint64_t size = ledger_size(ledger);
    recount_all(day(0) + 1);
    again();
    recount_all(day(1));
    assert_int_equal(due_of(number), due);
    assert_int_equal(read_case(number).version, 1);
    assert_int_equal(ledger_size(ledger), size);
}

static void a_decreed_day_of_rest_moves_what_is_open(void **state)
{
    struct str number = file_benefit(aliya);
    int64_t due = due_of(number);
    recount_all(day(0) + 1);
    int32_t monday = local_day(j, day(0));
    decree_holidays(monday + 1, 2); /* Tuesday and Wednesday */
    again();
    uint64_t size = ledger_size(ledger);
    recount_all(day(1));
    struct case_file c = read_case(number);
    assert_true(c.due >= due + 2 * CLOCK_DAY);
    assert_int_equal(c.version, 2);
    const struct case_event *e = &c.events[1];
    assert_true(str_is(e->action, CASE_CALENDAR) && e->hand == HAND_TIMER && e->to.n == 10);
    assert_int_equal(e->status, FILED);
    assert_int_equal(ledger_size(ledger), size + 1);
    again(); /* and not a second time */
    recount_all(day(2));
    assert_int_equal(read_case(number).version, 2);
    /* The clock goes by the new day, and fsck finds row and journal in agreement. */
    must_ok(turn(due + 1));
    assert_int_equal(read_case(number).late, 0);
    must_ok(turn(c.due + 1));
    assert_true(read_case(number).late != 0);
}

static void what_is_decided_stays_as_it_was(void **state)
{
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya, .levels = STR("demo")};
    struct str number = file_benefit(aliya);
    must_ok(act(number, &self, "withdraw", &nothing, day(0) + 1));
    recount_all(day(0) + 2);
    struct case_file before = read_case(number);
    decree_holidays(local_day(j, day(0)) + 1, 2);
    again();
    recount_all(day(1));
    struct case_file c = read_case(number);
    assert_int_equal(c.version, before.version);
    assert_int_equal(c.due, before.due);
}

static void a_recount_that_was_stopped_goes_on(void **state)
{
    enum { N = 70 };
    struct str numbers[N];
    struct person person;
    char number[32];
    bool more;
    snprintf(number, sizeof number, "%s", berik_number);
    for (int i = 0; i < N; i++) {
        other_number(number, number);
        must_ok(people_register(people, database, j->person_scheme, str_of(number), &person, &err));
        numbers[i] = file_benefit(person.pid);
    }
    recount_all(day(0) + 1);
    decree_holidays(local_day(j, day(0)) + 1, 2);
    again();
    must_ok(cases_recount(cases, database, day(1), &more, &err)); /* one page, then it stops */
    assert_true(more);
    int counted = 0;
    for (int i = 0; i < N; i++)
        counted += read_case(numbers[i]).version == 2;
    assert_int_equal(counted, 64);
    again();
    recount_all(day(1));
    for (int i = 0; i < N; i++)
        assert_int_equal(read_case(numbers[i]).version, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(nothing_changes_without_a_change),
        CASE_TEST(a_decreed_day_of_rest_moves_what_is_open),
        CASE_TEST(what_is_decided_stays_as_it_was),
        CASE_TEST(a_recount_that_was_stopped_goes_on),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
