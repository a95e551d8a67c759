/* SPDX-License-Identifier: Apache-2.0 */
/* A new epoch of a sector's pseudonyms: begins with a shard, moves records in steps that may stop anywhere,
 * hides nobody meanwhile, and leaves older lists as they were. */
#include "fixture.h"

#include "gate/gate_private.h"
#include "gate/rekey.h"
#include "ledger/public.h"
#include "tlog/verify.h"

#define MANY 150 /* more than two batches */

static void person(unsigned i, uint8_t pid[PID_SIZE])
{
    memset(pid, 0, PID_SIZE);
    pid[0] = 9;
    put_u32be(pid + 4, i);
}

static void load_record(const uint8_t *pid, const char *record, const char *allergies)
{
    const struct registry *registry = jurisdiction_registry(j, STR("clinic-attachment"));
    struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
    values[registry_field(registry, STR("clinic"))] = STR("Clinic No. 5");
    values[registry_field(registry, STR("allergies"))] = str_of(allergies);
    struct gate_load load = {.registry = registry, .record = str_of(record), .values = values};
    memcpy(load.pid, pid, PID_SIZE);
    must_ok(gate_load(gate, database, &load, 1, &err));
}

static void load_many(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        load_record(pid, "1", "none");
    }
}

static const struct sector *health(void)
{
    return sector_of(gate, jurisdiction_agency(j, STR("health")));
}

/* What the person sees of themselves: how many records. */
static size_t records_of(const uint8_t *pid)
{
    struct gate_request request = {.capacity = STR("self"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("own-look"),
                                   .registry = STR("clinic-attachment"),
                                   .pid = pid};
    for (size_t i = 0; i < j->purposes_n; i++)
        if (j->purposes[i].self &&
            str_eq(request.purpose, STR("own-look"))) /* the first: all but what is kept apart */
            request.purpose = j->purposes[i].id;
    struct gate_answer answer = look(&request);
    assert_string_equal(gate_reason_code(answer.reason), "admitted");
    return answer.records_n;
}

static bool step(void)
{
    bool more;
    must_ok(rekey_step(gate, database, &more, &err));
    return more;
}

static void order_now(void)
{
    must_ok(gate_rekey(gate, database, STR("health"), true, &err));
}

static uint64_t left(void)
{
    struct gate_sector *sectors;
    size_t n;
    must_ok(gate_sectors(gate, database, &arena, &sectors, &n, &err));
    for (size_t i = 0; i < n; i++)
        if (str_is(sectors[i].name, "health"))
            return sectors[i].left;
    fail();
    return 0;
}

static void run(void)
{
    while (step())
        ;
    assert_int_equal(left(), 0);
    assert_false(health()->moving);
}

static void nothing_found(void)
{
    struct vault_report report;
    must_ok(vault_check(vault, database, NULL, &report, &err));
    if (report.findings != 0)
        fail_msg("%s: %s", report.first[0].place, report.first[0].text);
}

/* All values of the columns that name a person, a record or a row. */
static struct str names(const char *sql)
{
    struct buf all;
    struct db_stmt *stmt = db_sql(database, sql, &err);
    enum db_result row;
    assert_non_null(stmt);
    buf_in(&all, &arena, 1 << 20);
    while ((row = db_step(stmt, &err)) == DB_ROW)
        for (int column = 0; column < 3; column++)
            buf_str(&all, db_bytes(stmt, column));
    assert_int_equal(row, DB_DONE);
    return buf_view(&all);
}

static void an_older_copy_joins_with_nothing(void **state)
{
    static const char subjects[] = "SELECT tag, wrapped, psn FROM vault_subject",
                      records[] = "SELECT id, subject, name FROM vault_record";
    load_clinic(anna, "penicillin");
    load_record(anna, "1b", "nuts");
    load_many();
    nothing_found();
    struct str before[] = {names(subjects), names(records)};
    order_now();
    run();
    nothing_found();
    struct str after[] = {names(subjects), names(records)};
    for (int t = 0; t < 2; t++) {
        assert_int_equal(before[t].n, after[t].n);
        assert_true(before[t].n != 0);
        for (size_t i = 0; i + 16 <= before[t].n; i += 16)
            assert_null(memmem(after[t].p, after[t].n, before[t].p + i, 16));
    }
    assert_int_equal(records_of(anna), 2);
    struct gate_answer answer;
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("health")), STR("K-1"),
                           STR("treatment"), anna, today - 1, today + 1, &err));
    struct gate_request request = doctor(anna, "K-1");
    answer = look(&request);
    size_t f = registry_field(answer.registry, STR("allergies")), seen = 0;
    for (size_t i = 0; i < answer.records_n; i++)
        seen += str_is(answer.records[i].value[f], "penicillin") + str_is(answer.records[i].value[f], "nuts");
    assert_int_equal(seen, 2);
}

static void lists_stay_readable_and_whole(void **state)
{
    struct gate_entry *entries;
    struct buf trace;
    struct note_vkey vkey;
    uint32_t shard = ledger_shard(ledger);
    load_clinic(anna, "penicillin");
    for (int i = 0; i < 3; i++)
        assert_int_equal(records_of(anna), 1);
    order_now();
    run();
    assert_int_equal(ledger_shard(ledger), shard + SHARD_PARTS_STEP);
    for (int i = 0; i < 2; i++)
        assert_int_equal(records_of(anna), 1);
    assert_int_equal(entries_of(anna, true, &entries), 5);
    assert_int_equal(entries[0].shard, shard + SHARD_PARTS_STEP);
    assert_int_equal(entries[0].number, 1); /* a shard's lists begin at 0 */
    assert_int_equal(entries[4].shard, shard);

    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    buf_in(&trace, &arena, 1 << 22);
    must_ok(gate_trace(gate, database, anna, &arena, &trace, &err));
    ledger_vkey(ledger, &vkey);
    struct verify_verdict *verdict = arena_new(&arena, struct verify_verdict);
    verify_trace(buf_view(&trace), &vkey, 1, &arena, verdict);
    assert_true(verdict->proven);
}

static void looks_find_everybody_meanwhile(void **state)
{
    load_many();
    order_now();
    assert_true(step()); /* the shard, and the first batch */
    assert_true(left() > 0 && left() < MANY);
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        assert_int_equal(records_of(pid), 1);
    }
    uint8_t nobody[PID_SIZE] = {77};
    assert_int_equal(records_of(nobody), 0);
    for (unsigned i = 0; i < MANY; i += 10) { /* a second record, whether moved yet or not */
        uint8_t pid[PID_SIZE];
        person(i, pid);
        load_record(pid, "2", "dust");
        assert_int_equal(records_of(pid), 2);
    }
    nothing_found();
    run();
    nothing_found();
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        assert_int_equal(records_of(pid), i % 10 ? 1 : 2);
    }
}

static void erased_meanwhile_is_erased(void **state)
{
    const struct registry *registry = jurisdiction_registry(j, STR("clinic-attachment"));
    load_many();
    order_now();
    assert_true(step());
    for (unsigned i = 0; i < MANY; i += 7) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        must_ok(gate_erase_records(gate, database, pid, registry, STR("article 9"),
                                   office("health", "clinic-5"), STR("MED-0417"), &err));
        assert_int_equal(records_of(pid), 0);
    }
    run();
    nothing_found();
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        assert_int_equal(records_of(pid), i % 7 == 0 ? 0 : 1);
    }
}

static void reopen(void)
{
    close_all();
    open_all();
}

static void a_run_goes_on_where_it_stopped(void **state)
{
    uint32_t shard = ledger_shard(ledger);
    uint64_t was = MANY;
    load_many();
    order_now();
    reopen(); /* ordered, not begun */
    assert_int_equal(ledger_shard(ledger), shard);
    bool more = true;
    while (more) {
        more = step();
        reopen();
        assert_int_equal(ledger_shard(ledger), shard + SHARD_PARTS_STEP);
        assert_true(left() < was || left() == 0);
        was = left();
        nothing_found();
    }
    run();
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t pid[PID_SIZE];
        person(i, pid);
        assert_int_equal(records_of(pid), 1);
    }
    struct db_stmt *stmt = db_sql(database, "SELECT version FROM gate_record WHERE id = 'psn.health'", &err);
    bool found;
    assert_non_null(stmt);
    must_ok(db_one(stmt, &found, &err));
    assert_true(found);
    assert_int_equal(db_i64(stmt, 0), 0); /* told once */
    db_end(stmt);
}

/* The row says with which shard the epoch begins, and the program ended before anything of the shard was. */
static void a_crash_before_the_shard_began(void **state)
{
    uint32_t shard = ledger_shard(ledger);
    char sql[128];
    load_many();
    order_now();
    snprintf(sql, sizeof sql, "UPDATE gate_epoch SET shard = %u", shard + SHARD_PARTS_STEP);
    must_ok(db_exec(database, sql, &err));
    reopen();
    assert_int_equal(ledger_shard(ledger), shard + SHARD_PARTS_STEP);
    run();
    nothing_found();
}

static void an_epoch_may_wait_for_the_quarter(void **state)
{
    uint32_t shard = ledger_shard(ledger);
    load_many();
    must_ok(gate_rekey(gate, database, STR("health"), false, &err));
    assert_false(step());
    assert_int_equal(ledger_shard(ledger), shard);
    clock_set_offset(95 * CLOCK_DAY);
    must_ok(shard_turn(gate, database, clock_now(), &err));
    uint8_t pid[PID_SIZE];
    person(3, pid);
    assert_int_equal(records_of(pid), 1);
    assert_int_equal(ledger_shard(ledger), shard + 1);
    assert_int_equal(left(), MANY);
    run();
    nothing_found();
    clock_set_offset(0);
}

static void what_may_not_be_ordered(void **state)
{
    assert_false(gate_rekey(gate, database, STR("nowhere"), false, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        order_now();
        assert_false(gate_rekey(gate, database, STR("health"), true, &err));
        assert_int_equal(err.code, ERR_CONFLICT);
        run();
    }
    assert_false(gate_rekey(gate, database, STR("health"), true, &err)); /* ended early twice */
    assert_int_equal(err.code, ERR_CONFLICT);
    must_ok(gate_rekey(gate, database, STR("health"), false, &err));
}

static void other_sectors_stay(void **state)
{
    const struct sector *police = sector_of(gate, jurisdiction_agency(j, STR("police")));
    assert_ptr_not_equal(police, health());
    order_now();
    run();
    assert_int_equal(health()->epochs_n, 2);
    assert_int_equal(police->epochs_n, 1);
}

/* Whoever has the roots of before computes every epoch made of them, and none of the new. */
static void new_roots_make_what_the_old_cannot(void **state)
{
    enum { FEW = 10 };
    uint8_t pid[PID_SIZE], key[KEY_SIZE], share[PSN_HOLDERS][KEY_SIZE], root[PSN_ROOT_SIZE];
    unsigned generation;
    bool now;
    for (unsigned i = 0; i < FEW; i++) {
        person(i, pid);
        load_record(pid, "1", "none");
    }
    must_ok(gate_roots_next(gate, database, &generation, &err));
    assert_int_equal(generation, 2);
    reopen(); /* cut off between: the same roots again */
    must_ok(gate_roots_next(gate, database, &generation, &err));
    assert_int_equal(generation, 2);
    must_ok(gate_roots_take(gate, database, generation, &now, &err));
    assert_true(now);
    assert_false(gate_roots_next(gate, database, &generation, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    (void)step();
    reopen();
    run();
    nothing_found();
    for (size_t i = 0; i + 1 < gate->sectors_n; i++) {
        const struct sector *sector = &gate->sector[i];
        char name[65];
        assert_int_equal(sector->epochs_n, 2);
        snprintf(name, sizeof name, "%.*s", STR_ARG(sector->name));
        for (int of = 1; of <= 2; of++) { /* of the old roots, and of the new */
            for (int h = 0; h < PSN_HOLDERS; h++) {
                const char *file = arena_printf(&arena, of == 1 ? "psn-%d" : "psn-%d-2", h + 1);
                must_ok(key_file_read_sealed(arena_printf(&arena, "%s/%s.key", gate->keys_folder, file),
                                             gate->master, file, root, &err));
                psn_share(share[h], root, name, 2);
            }
            psn_product(key, share[0], share[1]);
            assert_int_equal(memcmp(key, sector->epoch[1].key, KEY_SIZE) == 0, of == 2);
        }
    }
    for (unsigned i = 0; i < FEW; i++) {
        person(i, pid);
        assert_int_equal(records_of(pid), 1);
    }
    order_now(); /* a later epoch of one sector is made of the newest roots */
    run();
    reopen();
    struct db_stmt *stmt = db_sql(database, "SELECT root FROM gate_epoch WHERE epoch = 3", &err);
    bool found;
    assert_non_null(stmt);
    must_ok(db_one(stmt, &found, &err));
    assert_true(found && db_i64(stmt, 0) == 2);
    db_end(stmt);
    must_ok(gate_roots_next(gate, database, &generation, &err));
    must_ok(gate_roots_take(gate, database, generation, &now, &err));
    assert_int_equal(generation, 3);
    assert_false(now); /* the quarter's shard was ended early twice: with the next one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_older_copy_joins_with_nothing), WITH(new_roots_make_what_the_old_cannot),
        WITH(lists_stay_readable_and_whole),    WITH(looks_find_everybody_meanwhile),
        WITH(erased_meanwhile_is_erased),       WITH(a_run_goes_on_where_it_stopped),
        WITH(a_crash_before_the_shard_began),   WITH(an_epoch_may_wait_for_the_quarter),
        WITH(what_may_not_be_ordered),          WITH(other_sectors_stay),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
