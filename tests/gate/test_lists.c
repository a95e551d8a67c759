/* SPDX-License-Identifier: Apache-2.0 */
/* The person's list: paging over several holders, a long list, and entries that are shown later. */
#include "fixture.h"

/* A look that leaves an entry at the holder of `registry`, and is not waited for. */
static uint64_t quick_look(const uint8_t *pid, const char *registry)
{
    struct gate_request request = {.capacity = STR("self"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("self-access"),
                                   .registry = str_of(registry),
                                   .pid = pid};
    struct gate_answer answer;
    struct arena work;
    arena_init(&work, 16384, 1 << 20);
    while (!gate_look(gate, database, &request, &work, &answer, &err)) {
        assert_int_equal(err.code, ERR_BUSY);
        must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    }
    assert_int_equal(answer.reason, GATE_ADMITTED);
    arena_done(&work);
    return answer.leaf;
}

static void pages_meet_without_gap_and_merge_holders(void **state)
{
    static const char *const registry[] = {"clinic-attachment", "vehicles", "population"};
    enum { N = 83 };
    uint64_t leaf[N], before = 0;
    for (unsigned i = 0; i < N; i++) {
        (void)quick_look(boris, "vehicles");
        leaf[i] = quick_look(anna, registry[i * i % 7 % 3]);
    }
    for (size_t limit = 1; limit < 100; limit += 9) {
        size_t seen = 0, n;
        struct gate_entry *page;
        before = 0;
        do {
            struct gate_filter filter = {.limit = limit, .before = before, .protected_too = true};
            uint64_t total, hidden;
            must_ok(gate_entries(gate, database, anna, &filter, &arena, &page, &n, &total, &hidden, &err));
            assert_int_equal(total, N);
            for (size_t i = 0; i < n; i++, seen++) {
                assert_int_equal(page[i].leaf, leaf[N - 1 - seen]);
            }
            before = n ? page[n - 1].leaf : 0;
        } while (n == limit);
        assert_int_equal(seen, N);
    }
    struct gate_filter filter = {.limit = 100, .holder = STR("health"), .protected_too = true};
    struct gate_entry *page;
    uint64_t total, hidden;
    size_t n;
    must_ok(gate_entries(gate, database, anna, &filter, &arena, &page, &n, &total, &hidden, &err));
    assert_true(n > 0 && n < N && total == N);
    for (size_t i = 0; i < n; i++)
        assert_true(str_is(page[i].holder, "health"));
    filter = (struct gate_filter){.limit = 100, .outcome = STR("refused"), .protected_too = true};
    must_ok(gate_entries(gate, database, anna, &filter, &arena, &page, &n, &total, &hidden, &err));
    assert_int_equal(n, 0);
}

/* A page of a long list costs what a page of a short one costs: counted in reads of the clock on the wall,
 * with a margin of a hundred for a busy machine. */
static void a_page_of_a_long_list_takes_milliseconds(void **state)
{
    enum { N = 20000 };
    uint64_t middle = 0, total, hidden;
    size_t n;
    if (url != NULL)
        return; /* the list's cost is not the database's */
    for (unsigned i = 0; i < N; i++) {
        uint64_t leaf = quick_look(anna, i % 2 ? "vehicles" : "population");
        if (i == N / 2)
            middle = leaf;
    }
    for (int far = 0; far < 2; far++) {
        struct gate_filter filter = {.limit = 20, .before = far ? middle : 0, .protected_too = true};
        struct gate_entry *page;
        int64_t best = INT64_MAX;
        for (int turn = 0; turn < 5; turn++) {
            int64_t start = clock_steady();
            must_ok(gate_entries(gate, database, anna, &filter, &arena, &page, &n, &total, &hidden, &err));
            best = MIN_OF(best, clock_steady() - start);
        }
        assert_int_equal(n, 20);
        assert_int_equal(total, N);
        print_message("a page of 20 of %d entries, %s: %lld microseconds\n", N, far ? "far back" : "newest",
                      (long long)best);
        assert_true(best < 20000);
    }
}

/* --- shown later --- */

static void delayed_entries_are_shown_from_their_day_with_receipts(void **state)
{
    const struct agency *notaries = jurisdiction_agency(j, STR("justice"));
    const struct office *notary = NULL;
    const struct purpose *purpose = jurisdiction_purpose(j, STR("notarial-act"));
    struct gate_entry *entries, entry;
    struct str receipt;
    for (size_t o = 0; notaries != NULL && o < notaries->offices_n; o++)
        if (office_may(&notaries->offices[o], purpose))
            notary = &notaries->offices[o];
    assert_non_null(notary);
    must_ok(gate_case_open(gate, database, notaries, STR("N-1"), purpose->id, anna, today, today, &err));
    struct gate_request request = {.office = notary,
                                   .actor = STR("NOT-1"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = purpose->id,
                                   .registry = STR("real-estate"),
                                   .case_no = STR("N-1"),
                                   .pid = anna};
    struct gate_answer answer = look(&request);
    assert_int_equal(answer.reason, GATE_ADMITTED);
    for (int32_t day = 0; day <= (int32_t)purpose->delay_days; day += (int32_t)purpose->delay_days - 1) {
        clock_set_offset(day * CLOCK_DAY);
        assert_int_equal(entries_of(anna, true, &entries), 0);
        assert_false(gate_entry(gate, database, anna, answer.leaf, &arena, &entry, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_false(gate_receipt_person(gate, database, anna, answer.leaf, &arena, &receipt, &err));
    }
    clock_set_offset((int64_t)purpose->delay_days * CLOCK_DAY);
    assert_int_equal(entries_of(anna, true, &entries), 1);
    assert_true(entries[0].leaf == answer.leaf && str_is(entries[0].stream, "delayed"));
    must_ok(gate_receipt_person(gate, database, anna, answer.leaf, &arena, &receipt, &err));
    assert_int_equal(entries_of(boris, true, &entries), 0);
    must_ok(db_exec(database, "UPDATE gate_list SET item = person", &err));
    struct gate_filter filter = {.limit = 10};
    uint64_t total, hidden;
    size_t n;
    assert_false(gate_entries(gate, database, anna, &filter, &arena, &entries, &n, &total, &hidden, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    clock_set_offset(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(pages_meet_without_gap_and_merge_holders),
        WITH(a_page_of_a_long_list_takes_milliseconds),
        WITH(delayed_entries_are_shown_from_their_day_with_receipts),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
