/* SPDX-License-Identifier: Apache-2.0 */
/* The daily number of persons after a restart: learnt from what was kept and from the entries after it, or
 * from the entries alone where the row is missing, of another day, changed, or ahead of the log. */
#include "fixture.h"

#include "gate/gate_private.h"

static uint8_t who[PID_SIZE];

static const uint8_t *person(uint32_t i)
{
    put_u32be(who, i + 1);
    return who;
}

/* A police officer needs no case; the office's quota is what counts. */
static enum gate_reason stop_driver(uint32_t i)
{
    struct gate_request request = {.office = office("police", "traffic"),
                                   .actor = STR("POL-1"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("traffic-control"),
                                   .registry = STR("vehicles"),
                                   .pid = person(i)};
    struct gate_answer answer;
    must_ok(gate_look(gate, database, &request, &arena, &answer, &err));
    must_ok(ledger_wait(ledger, answer.position, &err));
    return answer.reason;
}

/* Few persons a day, so that the test is quick. */
static uint32_t small_quota(void)
{
    struct office *traffic = (struct office *)(uintptr_t)office("police", "traffic");
    return traffic->quota = 6;
}

static uint32_t use_up(uint32_t from, uint32_t n)
{
    for (uint32_t i = from; i < from + n; i++)
        assert_string_equal(gate_reason_code(stop_driver(i)), "admitted");
    return from + n;
}

static void keep_now(void)
{
    gate->quota_every = 1;
    must_ok(quota_keep(gate, database, &err));
}

static int64_t kept_rows(void)
{
    struct db_stmt *stmt = db_sql(database, "SELECT count(*) FROM gate_quota", &err);
    bool found;
    assert_non_null(stmt);
    must_ok(db_one(stmt, &found, &err));
    int64_t n = db_i64(stmt, 0);
    db_end(stmt);
    return n;
}

static void restart(void)
{
    close_all();
    open_all();
}

/* The last of the day's persons is admitted, the next is not, and one seen before still is. */
static void assert_used(uint32_t used, uint32_t quota)
{
    assert_int_equal(used, quota);
    assert_int_equal(stop_driver(quota + 7), GATE_QUOTA);
    assert_int_equal(stop_driver(0), GATE_ADMITTED);
    assert_int_equal(stop_driver(quota - 1), GATE_ADMITTED);
}

static void kept_and_what_came_after(void **state)
{
    uint32_t quota = small_quota(), used = use_up(0, quota / 2);
    assert_int_equal(kept_rows(), 0);
    must_ok(quota_keep(gate, database, &err)); /* too little for it */
    assert_int_equal(kept_rows(), 0);
    keep_now();
    assert_int_equal(kept_rows(), 1);
    used = use_up(used, 2);
    keep_now();
    assert_int_equal(kept_rows(), 1);
    used = use_up(used, quota - used);
    restart();
    assert_in_range(gate->quota.kept, 1, ledger_durable(ledger) - 1);
    assert_used(used, quota);
}

/* What stands in the row is used: entries before its leaf are not opened again. */
static void only_what_came_after_is_opened(void **state)
{
    uint32_t quota = small_quota();
    use_up(0, 3);
    keep_now();
    uint64_t leaf = gate->quota.kept - 1; /* the third look: erased, it could not be learnt from the log */
    must_ok(gate_erase_entry(gate, database, person(2), leaf, STR("article 1"), office("police", "review"),
                             STR("POL-9"), &err));
    restart();
    use_up(3, quota - 3);
    assert_used(quota, quota);
}

static void without_a_right_row_the_log_is_read(void **state)
{
    static const char *const spoil[] = {
        "DELETE FROM gate_quota",
        "UPDATE gate_quota SET day = day - 1",
        "UPDATE gate_quota SET leaf = leaf - 1",
        "UPDATE gate_quota SET leaf = leaf + 1000",
        "UPDATE gate_quota SET sealed = (SELECT tag FROM gate_subject LIMIT 1)",
    };
    uint32_t quota = small_quota(), used = use_up(0, quota);
    for (size_t i = 0; i < ARRAY_LEN(spoil); i++) {
        gate->quota.kept = 0;
        keep_now();
        must_ok(db_exec(database, spoil[i], &err));
        restart();
        assert_int_equal(gate->quota.kept, 0);
        assert_used(used, quota);
    }
}

/* Two threads meet at midnight, or the clock is set back a little: the new day's count is not begun anew. */
static void a_day_that_began_is_not_begun_again(void **state)
{
    struct quota quota = {0};
    uint8_t handle[LEDGER_HANDLE_SIZE] = {0};
    quota_start(&quota, 100);
    assert_true(quota_take(&quota, STR("POL-1"), handle, 1, 100));
    handle[0] = 1;
    assert_false(quota_take(&quota, STR("POL-1"), handle, 1, 100));
    assert_true(quota_take(&quota, STR("POL-1"), handle, 1, 101));
    handle[0] = 2;
    assert_false(quota_take(&quota, STR("POL-1"), handle, 1, 100));
    assert_false(quota_take(&quota, STR("POL-1"), handle, 1, 101));
    assert_int_equal(quota.day, 101);
    quota_free(&quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(kept_and_what_came_after),
        WITH(only_what_came_after_is_opened),
        WITH(without_a_right_row_the_log_is_read),
        WITH(a_day_that_began_is_not_begun_again),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
