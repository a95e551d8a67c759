/* SPDX-License-Identifier: Apache-2.0 */
/* Booked times: free ones by the working calendar, never one seat for two, moved and given back. */
#include <pthread.h>

#include "case/booking.h"
#include "case/notice.h"
#include "with_cases.h"

static struct slot *slots(int32_t from, size_t limit, size_t *n)
{
    const struct service *s = service("med.appointment");
    struct slot *list;
    size_t field = NONE;
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].type == ANSWER_SLOT)
            field = f;
    must_ok(slots_free(beside, database, s, field, from, day(0), limit, &arena, &list, n, &err));
    return list;
}

static struct answer *at(const char *text)
{
    const struct service *s = service("med.appointment");
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    for (size_t f = 0; f < s->fields_n; f++) {
        if (s->fields[f].type == ANSWER_SLOT)
            answers[f] = (struct answer){true, false, str_of(text)};
        else if (s->fields[f].page != NONE)
            answers[f] =
                (struct answer){true, false, s->fields[f].options_n ? s->fields[f].options[0].id : STR("x")};
    }
    return answers;
}

static bool book(const uint8_t *pid, const char *text, struct str *number)
{
    return file_case(service("med.appointment"), pid, at(text), day(0), number);
}

static void slots_stand_on_the_working_calendar(void **state)
{
    size_t n;
    const struct slot *list = slots(0, 500, &n);
    assert_true(n > 20);
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].start > day(0) && (i == 0 || list[i].start > list[i - 1].start));
        assert_true(jurisdiction_working_day(j, local_day(j, list[i].start)));
        assert_true(list[i].free >= 1);
    }
    assert_true(list[n - 1].start < day(120)); /* no further ahead than the service says */
}

static void a_seat_is_taken_once_and_given_back(void **state)
{
    struct str first, second;
    struct booking booking;
    bool found;
    size_t n, before;
    const struct slot *list = slots(0, 500, &before);
    struct slot one = list[3];
    for (unsigned i = 1; i < one.free; i++) /* all seats but the last */
        must_ok(book((const uint8_t[PID_SIZE]){(uint8_t)(40 + i)}, one.text, &first));
    must_ok(book(aliya, one.text, &first));
    assert_false(book(berik, one.text, &second));
    assert_int_equal(err.code, ERR_CONFLICT);
    list = slots(0, 500, &n);
    for (size_t i = 0; i < n; i++)
        assert_true(list[i].start != one.start);
    must_ok(booking_of(beside, database, first, &arena, &found, &booking, &err));
    assert_true(found && booking.start == one.start && strcmp(booking.text, one.text) == 0);
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    must_ok(act(first, &self, "withdraw", &nothing, day(0)));
    must_ok(booking_of(beside, database, first, &arena, &found, &booking, &err));
    assert_false(found);
    must_ok(book(berik, one.text, &second));
}

static void what_cannot_be_booked(void **state)
{
    struct str number;
    assert_false(book(aliya, "2026-02-02 09:00", &number)); /* an hour ago */
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(book(aliya, "2031-02-03 09:00", &number));
    assert_false(book(aliya, "2026-02-07 09:00", &number)); /* a Saturday: not of the grid */
    assert_false(book(aliya, "2026-02-03 09:01", &number));
}

static void moved_by_the_person_alone(void **state)
{
    size_t n;
    struct str number;
    struct booking booking, *list;
    struct notice *notices;
    struct gate_entry *entries;
    bool found;
    uint64_t position;
    const struct slot *free = slots(0, 20, &n);
    must_ok(book(aliya, free[0].text, &number));
    assert_false(booking_move(beside, database, number, berik, STR("demo"), str_of(free[5].text), day(0),
                              &arena, &position, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(booking_move(beside, database, number, aliya, STR("demo"), STR("2026-02-07 09:00"), day(0),
                              &arena, &position, &err));
    must_ok(booking_of(beside, database, number, &arena, &found, &booking, &err));
    assert_true(found && booking.start == free[0].start); /* neither half of a move stays alone */
    must_ok(booking_move(beside, database, number, aliya, STR("demo"), str_of(free[5].text), day(0), &arena,
                         &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    must_ok(booking_of(beside, database, number, &arena, &found, &booking, &err));
    assert_true(found && booking.start == free[5].start);
    struct case_file c = read_case(number);
    assert_true(str_is(c.answers[service_field(c.service, booking.field)].text, free[5].text));
    assert_true(entries_of(aliya, false, &entries) >= 2 && str_is(entries[0].outcome, "move-booking"));
    must_ok(notices_of(beside, database, aliya, STR(""), 1, STR("en"), &arena, &notices, &n, &err));
    assert_non_null(strstr(str_c(&arena, notices[0].text), free[5].text));
    const struct office *provider = c.service->provider;
    must_ok(bookings_of_office(beside, database, provider, local_day(j, free[5].start), 50, &arena, &list, &n,
                               &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].number, number.p);
    must_ok(bookings_of_office(beside, database, office("labour", "benefits"), local_day(j, free[5].start),
                               50, &arena, &list, &n, &err));
    assert_int_equal(n, 0);
    assert_false(booking_move(beside, database, number, aliya, STR("demo"), str_of(free[6].text),
                              free[5].start + 1, &arena, &position, &err)); /* it has passed */
}

/* Two clients at once, each with a connection of its own, for every seat of a morning. */
struct client {
    pthread_t thread;
    struct db *db;
    const struct slot *slots;
    size_t n, got;
    uint8_t pid[PID_SIZE];
    struct arena arena;
};

static void *take_all(void *arg)
{
    struct client *me = arg;
    for (size_t i = 0; i < me->n; i++) {
        char number[CASE_NO_SIZE];
        uint64_t position;
        struct err mine;
        struct answer *answers = arena_array(&me->arena, struct answer, 32);
        const struct service *s = jurisdiction_service(j, STR("med.appointment"));
        for (size_t f = 0; f < s->fields_n; f++)
            if (s->fields[f].page != NONE)
                answers[f] = (struct answer){true, false,
                                             s->fields[f].type == ANSWER_SLOT ? str_of(me->slots[i].text)
                                             : s->fields[f].options_n         ? s->fields[f].options[0].id
                                                                              : STR("x")};
        me->pid[1]++;
        while (!case_file(cases, me->db, s, me->pid, BY_COUNTER, answers, day(0), STR("demo"), &me->arena,
                          number, &position, &mine)) {
            if (mine.code == ERR_CONFLICT)
                break;
            if (mine.code != ERR_BUSY)
                must_failed(mine.text, mine.place, 0);
        }
        me->got += mine.code != ERR_CONFLICT || number[0] != '\0';
        number[0] = '\0';
        mine.code = ERR_NONE;
    }
    return NULL;
}

static void two_at_once_get_no_seat_twice(void **state)
{
    struct client clients[2] = {0};
    char sqlite[256];
    size_t n;
    struct slot *list = slots(0, 6, &n);
    int64_t seats = 0;
    for (size_t i = 0; i < n; i++)
        seats += list[i].free;
    snprintf(sqlite, sizeof sqlite, "sqlite:%s/state.db", folder);
    for (size_t c = 0; c < 2; c++) {
        clients[c].slots = list, clients[c].n = n, clients[c].pid[0] = (uint8_t)(90 + c);
        arena_init(&clients[c].arena, 65536, (size_t)64 << 20);
        must_ok(db_open(&clients[c].db, url ? url : sqlite, &err));
        assert_int_equal(pthread_create(&clients[c].thread, NULL, take_all, &clients[c]), 0);
    }
    for (size_t c = 0; c < 2; c++) {
        pthread_join(clients[c].thread, NULL);
        db_close(clients[c].db);
        arena_done(&clients[c].arena);
    }
    bool found;
    struct db_stmt *stmt =
        db_sql(database, "SELECT count(*), (SELECT count(*) FROM case_row) FROM case_slot", &err);
    must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
    int64_t taken = db_i64(stmt, 0), filed = db_i64(stmt, 1);
    db_end(stmt);
    assert_int_equal(taken, MIN_OF(seats, (int64_t)(2 * n)));
    assert_int_equal(filed, taken); /* whoever got no seat has no case */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(slots_stand_on_the_working_calendar),
        CASE_TEST(a_seat_is_taken_once_and_given_back),
        CASE_TEST(what_cannot_be_booked),
        CASE_TEST(moved_by_the_person_alone),
        CASE_TEST(two_at_once_get_no_seat_twice),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
