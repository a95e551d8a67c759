/* SPDX-License-Identifier: Apache-2.0 */
/* What happens beside the looks while the gate serves: seeds written behind, the cache, the quarter's change.
 */
#include "fixture.h"

#include <pthread.h>

#include "base/buf.h"
#include "ledger/fsck.h"
#include "ledger/public.h"

static uint64_t metric(const char *name)
{
    struct buf out;
    buf_in(&out, &arena, 1 << 16);
    gate_metrics(gate, &out);
    ledger_metrics(ledger, &out);
    buf_byte(&out, 0);
    for (const char *at = out.p; (at = strstr(at, name)) != NULL; at++)
        if (at == out.p || at[-1] == '\n')
            return strtoull(at + strlen(name), NULL, 10);
    fail_msg("there is no metric %s", name);
    return 0;
}

static struct gate_request own(const uint8_t *pid)
{
    return (struct gate_request){.capacity = STR("self"),
                                 .levels = STR("ial3.aal3.phr"),
                                 .purpose = STR("self-access"),
                                 .registry = STR("clinic-attachment"),
                                 .pid = pid};
}

static uint64_t subjects(void)
{
    struct db_stmt *stmt = db_sql(database, "SELECT count(*) FROM gate_subject", &err);
    bool found;
    must_ok(stmt != NULL && db_one(stmt, &found, &err));
    uint64_t n = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return n;
}

static void with_thread(void)
{
    static char path[256];
    close_all();
    snprintf(path, sizeof path, "sqlite:%s/state.db", folder);
    gate_config.db_url = url ? url : path;
    open_all();
}

static int stop_thread(void **state)
{
    int code = stop(state);
    gate_config.db_url = NULL;
    gate_config.cache_bytes = 0;
    clock_set_offset(0);
    return code;
}

static void a_person_seen_before_costs_no_curve_arithmetic(void **state)
{
    enum { PERSONS = 300 };
    uint8_t pid[PID_SIZE] = {7};
    struct gate_request request = own(pid);
    gate_config.cache_bytes = 16384; /* holds about fifty: most persons come from their rows */
    with_thread();
    for (int turn = 0; turn < 3; turn++) {
        uint64_t before = metric("aina_subjects_computed_total ");
        for (uint32_t i = 0; i < PERSONS; i++) {
            put_u32be(pid + 4, i);
            (void)look(&request);
        }
        assert_int_equal(metric("aina_subjects_computed_total ") - before, turn == 0 ? PERSONS : 0);
        for (int wait = 0; wait < 1200 && subjects() < PERSONS; wait++)
            usleep(50000); /* written behind */
        assert_int_equal(subjects(), PERSONS);
        if (turn == 1) { /* and after a restart from the rows alone */
            close_all();
            open_all();
        }
    }
    struct gate_entry *entries;
    assert_int_equal(entries_of(pid, true, &entries), 3);
}

static void a_lost_row_is_computed_again_to_the_same(void **state)
{
    struct gate_request request = own(anna);
    struct str receipt;
    with_thread();
    struct gate_answer first = look(&request);
    close_all(); /* writes what is left */
    assert_int_equal(subjects(), 1);
    must_ok(db_exec(database, "DELETE FROM gate_subject", &err));
    open_all();
    uint64_t before = metric("aina_subjects_computed_total ");
    struct gate_answer second = look(&request);
    assert_int_equal(metric("aina_subjects_computed_total ") - before, 1);
    assert_int_equal(second.number, first.number + 1);
    must_ok(gate_receipt_person(gate, database, anna, first.leaf, &arena, &receipt, &err));
    must_ok(gate_receipt_person(gate, database, anna, second.leaf, &arena, &receipt, &err));
}

/* --- the quarter's change --- */

static int64_t next_quarter(void)
{
    struct date date = date_of_time(clock_now(), 0);
    date.month = (date.month - 1) / 3 * 3 + 4;
    date.day = 1;
    if (date.month > 12) {
        date.month -= 12;
        date.year++;
    }
    return date_days(date) * CLOCK_DAY;
}

#define LOOKS 60 /* of each, on either side */

struct looker {
    uint8_t pid[PID_SIZE];
    unsigned lower, upper; /* looks in the old shard and in the new one */
    uint32_t first_shard;
};

static void *keep_looking(void *arg)
{
    struct looker *looker = arg;
    struct gate_request request = own(looker->pid);
    struct db *db;
    struct err e;
    char path[256];
    snprintf(path, sizeof path, "sqlite:%s/state.db", folder);
    must(db_open(&db, url ? url : path, &e));
    while (looker->upper < LOOKS) {
        struct arena work;
        struct gate_answer answer;
        arena_init(&work, 16384, 1 << 20);
        must(gate_look(gate, db, &request, &work, &answer, &e));
        unsigned *n = answer.shard == looker->first_shard ? &looker->lower : &looker->upper;
        must(answer.number == *n); /* without a gap in the old shard, and again from 0 in the new */
        must(answer.shard == looker->first_shard || answer.shard == looker->first_shard + 1);
        must(answer.shard != looker->first_shard || looker->upper == 0);
        __atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
        arena_done(&work);
        usleep(500);
    }
    db_close(db);
    return NULL;
}

static void the_quarter_changes_while_looks_run(void **state)
{
    static struct looker looker[4];
    pthread_t thread[ARRAY_LEN(looker)];
    with_thread();
    uint32_t shard = ledger_shard(ledger);
    int64_t left = next_quarter() - clock_now();
    for (size_t i = 0; i < ARRAY_LEN(looker); i++) {
        looker[i] = (struct looker){.pid = {40, (uint8_t)i}, .first_shard = shard};
        assert_int_equal(pthread_create(&thread[i], NULL, keep_looking, &looker[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(looker); i++)
        while (__atomic_load_n(&looker[i].lower, __ATOMIC_RELAXED) < LOOKS)
            usleep(1000);
    clock_set_offset(left + CLOCK_SECOND);
    for (size_t i = 0; i < ARRAY_LEN(looker); i++) {
        pthread_join(thread[i], NULL);
        assert_true(looker[i].lower >= LOOKS && looker[i].upper == LOOKS);
    }
    assert_int_equal(ledger_shard(ledger), shard + 1);
    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    struct gate_entry *entries;
    struct gate_filter filter = {.limit = 4000, .protected_too = true};
    uint64_t total, hidden;
    size_t n;
    must_ok(
        gate_entries(gate, database, looker[0].pid, &filter, &arena, &entries, &n, &total, &hidden, &err));
    assert_int_equal(n, looker[0].lower + LOOKS);
    assert_int_equal(total, n);
    for (size_t i = 0; i < n; i += 60) {
        struct str receipt;
        struct note_vkey vkey;
        struct verify_verdict *verdict = arena_new(&arena, struct verify_verdict);
        must_ok(gate_receipt_person(gate, database, looker[0].pid, entries[i].leaf, &arena, &receipt, &err));
        ledger_vkey(ledger, &vkey);
        verify_receipt(receipt, &vkey, 1, &arena, verdict);
        assert_true(verdict->proven);
    }
    close_all();
    struct gate_checker *checker;
    struct ledger_fsck report;
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    must_ok(ledger_fsck(&ledger_config, gate_check_opening, NULL, checker, NULL, &arena, &report, &err));
    gate_checker_free(checker);
    assert_int_equal(report.findings, 0);
    open_all();
    assert_int_equal(ledger_shard(ledger), shard + 1);
}

static unsigned shard_records;

static bool count_records(void *arg, const struct ledger_entry *entry)
{
    uint8_t label[32];
    char id[16];
    snprintf(id, sizeof id, "%u", *(uint32_t *)arg);
    leaf_public_label(label, STR("shard"), str_of(id), 0);
    shard_records += memcmp(label, entry->leaf.label, 32) == 0;
    return true;
}

/* A crash after the record and before the key has its name: the record is not written a second time. */
static void a_shard_that_began_halfway_begins_once(void **state)
{
    uint32_t shard = ledger_shard(ledger);
    char key[256], fresh[256];
    struct gate_request request = own(anna);
    struct gate_answer before = look(&request);
    close_all();
    snprintf(key, sizeof key, "%s/keys/shard-%u-vrf.key", folder, shard);
    snprintf(fresh, sizeof fresh, "%s/keys/shard-%u-vrf.key.new", folder, shard);
    assert_int_equal(rename(key, fresh), 0);
    open_all();
    assert_int_equal(access(key, F_OK), 0);
    shard_records = 0;
    must_ok(ledger_scan(ledger, 0, UINT64_MAX, count_records, &shard, &err));
    assert_int_equal(shard_records, 1);
    assert_int_equal(look(&request).number, before.number + 1);
}

int main(void)
{
#define SERVING(test) cmocka_unit_test_setup_teardown(test, start, stop_thread)
    const struct CMUnitTest tests[] = {
        SERVING(a_person_seen_before_costs_no_curve_arithmetic),
        SERVING(a_lost_row_is_computed_again_to_the_same),
        SERVING(the_quarter_changes_while_looks_run),
        SERVING(a_shard_that_began_halfway_begins_once),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
