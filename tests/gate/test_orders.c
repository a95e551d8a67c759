/* SPDX-License-Identifier: Apache-2.0 */
/* Court orders: no sealed look without the supervisor's seed and proof; shown on the fixed day; totals. */
#include "fixture.h"

#include <fcntl.h>

#include "gate/gate_private.h"
#include "gate/rekey.h"
#include "ledger/public.h"

static struct gate_supervisor *supervisor;
static char key_path[128];

#define PASSPHRASE STR("a long passphrase")

static int start_supervised(void **state)
{
    int code = start(state);
    snprintf(key_path, sizeof key_path, "%s/supervisor.key", folder);
    must_ok(gate_supervisor_create(key_path, PASSPHRASE, &err));
    must_ok(gate_supervisor_open(&supervisor, key_path, PASSPHRASE, &err));
    return code;
}

static int stop_supervised(void **state)
{
    gate_supervisor_free(supervisor);
    clock_set_offset(0);
    return stop(state);
}

static struct gate_order an_order(const char *id)
{
    struct gate_order order = {.id = str_of(id),
                               .agency = jurisdiction_agency(j, STR("prosecutor")),
                               .purpose = jurisdiction_purpose(j, STR("investigation")),
                               .from = today,
                               .until = today + 30,
                               .opens = today + 200,
                               .basis = STR("Almaty city court, 2026-11-20, article 245")};
    memcpy(order.pid, anna, PID_SIZE);
    return order;
}

static void grant(const struct gate_order *order)
{
    must_ok(gate_order_grant(gate, database, supervisor, order, &err));
}

static struct gate_request by_order(const uint8_t *pid, const char *id)
{
    return (struct gate_request){.office = office("prosecutor", "investigation"),
                                 .actor = STR("PRO-1"),
                                 .capacity = STR("official"),
                                 .levels = STR("ial3.aal3.phr"),
                                 .purpose = STR("investigation"),
                                 .registry = STR("vehicles"),
                                 .order = str_of(id),
                                 .pid = pid};
}

static void day(int32_t days)
{
    clock_set_offset(days * CLOCK_DAY);
}

static void a_look_by_order_is_sealed_until_its_day(void **state)
{
    struct gate_order order = an_order("k-7.2026");
    struct gate_request request = by_order(anna, "k-7.2026"), other = by_order(boris, "k-7.2026");
    struct gate_entry *entries, entry;
    struct str receipt;
    struct buf trace;
    struct note_vkey vkey;
    assert_int_equal(look(&request).reason, GATE_ORDER_MISSING);
    grant(&order);
    struct gate_answer answer = look(&request);
    assert_int_equal(answer.reason, GATE_ADMITTED);
    assert_int_equal(answer.number, 0);
    assert_int_equal(look(&other).reason, GATE_ORDER_OTHER_PERSON);
    request.registry = STR("population"); /* another holder: a list of its own */
    assert_int_equal(look(&request).number, 0);
    assert_int_equal(look(&request).number, 1);

    assert_int_equal(entries_of(anna, true, &entries), 1); /* the refused one */
    assert_false(gate_entry(gate, database, anna, answer.leaf, &arena, &entry, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(gate_receipt_person(gate, database, anna, answer.leaf, &arena, &receipt, &err));
    day(31);
    assert_int_equal(look(&request).reason, GATE_ORDER_EXPIRED);
    day(199);
    assert_int_equal(entries_of(anna, true, &entries), 2);
    day(200);
    assert_int_equal(entries_of(anna, true, &entries), 5);
    must_ok(gate_entry(gate, database, anna, answer.leaf, &arena, &entry, &err));
    assert_true(str_is(entry.stream, "sealed") && str_is(entry.case_no, "k-7.2026") &&
                str_is(entry.basis, "Almaty city court, 2026-11-20, article 245"));
    must_ok(gate_receipt_person(gate, database, anna, answer.leaf, &arena, &receipt, &err));
    buf_in(&trace, &arena, (size_t)4 << 20);
    must_ok(gate_trace(gate, database, anna, &arena, &trace, &err));
    struct verify_verdict *verdict = arena_new(&arena, struct verify_verdict);
    ledger_vkey(ledger, &vkey);
    verify_trace(buf_view(&trace), &vkey, 1, &arena, verdict);
    assert_true(verdict->proven);
    assert_non_null(strstr(arena_copy(&arena, trace.p, trace.n), "\"stream\":\"sealed\",\"count\":2"));
}

/* After a restart, and in the next quarter, for which the supervisor gave seeds as well. */
static void an_order_outlives_a_restart_and_a_quarter(void **state)
{
    struct gate_order order = an_order("k-8");
    struct gate_request request = by_order(anna, "k-8");
    order.until = today + 100;
    grant(&order);
    assert_int_equal(look(&request).number, 0);
    close_all();
    open_all();
    assert_int_equal(look(&request).number, 1);
    uint32_t shard = ledger_shard(ledger);
    day(92);
    struct gate_answer answer;
    must_ok(gate_look(gate, database, &request, &arena, &answer, &err)); /* and the new shard's record */
    assert_int_equal(answer.reason, GATE_ADMITTED);
    assert_int_equal(answer.shard, shard + 1);
    assert_int_equal(answer.number, 0);
}

/* A new epoch of the holder's pseudonyms, begun by ending the shard: the order's seeds still stand. */
static void an_order_outlives_a_new_epoch(void **state)
{
    struct gate_order order = an_order("k-10");
    struct gate_request request = by_order(anna, "k-10");
    uint32_t shard = ledger_shard(ledger);
    bool more = true;
    grant(&order);
    assert_int_equal(look(&request).number, 0);
    must_ok(
        gate_rekey(gate, database, jurisdiction_registry(j, STR("vehicles"))->holder->sector, true, &err));
    while (more)
        must_ok(rekey_step(gate, database, &more, &err));
    struct gate_answer answer = look(&request);
    assert_int_equal(answer.reason, GATE_ADMITTED);
    assert_int_equal(answer.shard, shard + SHARD_PARTS_STEP);
    assert_int_equal(answer.number, 0);
}

/* What stands in the state is not believed without its proof, and the key not without the log. */
static void no_sealed_look_without_seed_and_proof(void **state)
{
    static const char *const changes[] = {
        "UPDATE gate_order_seed SET sealed = (SELECT sealed FROM gate_order_seed AS other WHERE other.tag <> "
        "gate_order_seed.tag LIMIT 1)",
        "DELETE FROM gate_order_seed",
        "DELETE FROM gate_record WHERE kind = 'key'",
        "UPDATE gate_order SET sealed = (SELECT sealed FROM gate_subject LIMIT 1)",
        "UPDATE gate_order SET tag = sealed",
    };
    struct gate_order order = an_order("k-9");
    struct gate_request request = by_order(anna, "k-9"), own = {.capacity = STR("self"),
                                                                .purpose = STR("self-access"),
                                                                .registry = STR("vehicles"),
                                                                .pid = anna};
    (void)look(&own);
    grant(&order);
    close_all();
    must_ok(db_exec(
        database,
        "CREATE TABLE kept_seed AS SELECT * FROM gate_order_seed; CREATE TABLE kept_order AS SELECT * "
        "FROM gate_order; CREATE TABLE kept_record AS SELECT * FROM gate_record",
        &err));
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct gate_answer answer;
        open_all(); /* nothing of it in memory */
        must_ok(db_exec(database, changes[i], &err));
        uint64_t size = ledger_size(ledger);
        bool decided = gate_look(gate, database, &request, &arena, &answer, &err);
        if (i == ARRAY_LEN(changes) - 1) { /* no such order any more: a refusal, logged */
            assert_true(decided && answer.reason == GATE_ORDER_MISSING);
        } else {
            assert_false(decided);
            assert_int_equal(err.code, i == 1 ? ERR_INVALID : ERR_CORRUPT);
            assert_int_equal(ledger_size(ledger), size);
        }
        close_all();
        must_ok(db_exec(database,
                        "DELETE FROM gate_order_seed; INSERT INTO gate_order_seed SELECT * FROM kept_seed; "
                        "DELETE FROM gate_order; INSERT INTO gate_order SELECT * FROM kept_order; "
                        "DELETE FROM gate_record; INSERT INTO gate_record SELECT * FROM kept_record",
                        &err));
    }
    open_all();
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
}

static void orders_that_may_not_be_are_refused(void **state)
{
    struct gate_order good = an_order("k-1"), order;
    uint64_t size = ledger_size(ledger);
#define BAD(change, wanted)                                                                                  \
    order = good;                                                                                            \
    change;                                                                                                  \
    assert_false(gate_order_grant(gate, database, supervisor, &order, &err));                                \
    assert_int_equal(err.code, wanted)
    BAD(order.id = STR("K 1"), ERR_USAGE);
    BAD(order.id = STR(""), ERR_USAGE);
    BAD(order.basis = STR(" "), ERR_USAGE);
    BAD(order.purpose = jurisdiction_purpose(j, STR("treatment")), ERR_INVALID);
    BAD(order.agency = jurisdiction_agency(j, STR("police")), ERR_INVALID);
    BAD(order.until = today - 1, ERR_INVALID);
    BAD(order.until = today + 400, ERR_INVALID);
    BAD(order.opens = order.until, ERR_INVALID);
    BAD(order.opens = order.until + (int32_t)order.purpose->delay_days + 1, ERR_INVALID);
    assert_int_equal(ledger_size(ledger), size);
    grant(&good);
    BAD(order.basis = STR("another court"), ERR_CONFLICT);
}

static bool signed_by(struct str note_text, const struct note_vkey *vkey)
{
    struct note note;
    struct err ignored;
    return note_parse(note_text, &note, &ignored) && note_verify(&note, vkey, 1, &ignored);
}

/* The public key stands in the log as a record, from which anyone takes it. */
static struct str key_content;

static bool find_key(void *arg, const struct ledger_entry *entry)
{
    static const char role[] = "{\"role\":\"supervisor\"";
    if (entry->leaf.type == LEAF_PUBLIC && entry->body_n > sizeof role &&
        memcmp(entry->body, role, sizeof role - 1) == 0)
        key_content = (struct str){arena_copy(&arena, entry->body, entry->body_n), entry->body_n};
    return true;
}

static void the_supervisors_list_is_whole_and_its_totals_are_signed(void **state)
{
    struct gate_entry *orders;
    struct note_vkey vkey;
    struct buf out;
    size_t n;
    struct date now =
        date_of_days((int32_t)((clock_now() + j->utc_offset_minutes * 60 * CLOCK_SECOND) / CLOCK_DAY));
    for (unsigned i = 0; i < 12; i++) {
        struct gate_order order = an_order(arena_printf(&arena, "k-%u", i));
        grant(&order);
        buf_in(&out, &arena, 65536);
        must_ok(gate_orders_month(gate, database, supervisor, now.year, now.month, &out, &err));
        const char *text = arena_copy(&arena, out.p, out.n);
        assert_int_equal(strstr(text, "orders <10\n") != NULL, i < 9);
        assert_int_equal(strstr(text, "orders 12\n") != NULL, i == 11);
    }
    must_ok(gate_orders(gate, &arena, &orders, &n, &err));
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++)
        assert_true(orders[i].number == 11 - i && str_is(orders[i].kind, "order") &&
                    str_is(orders[i].stream, "agency") && str_is(orders[i].holder, "supervisor"));
    must_ok(ledger_scan(ledger, 0, UINT64_MAX, find_key, NULL, &err));
    assert_non_null(key_content.p);
    char *sign = strstr(arena_copy(&arena, key_content.p, key_content.n), "\"sign\":\"") + 8;
    *strchr(sign, '"') = '\0';
    must_ok(note_vkey_parse(str_of(sign), &vkey, &err));
    assert_true(signed_by(buf_view(&out), &vkey));
    out.p[20] ^= 1;
    assert_false(signed_by(buf_view(&out), &vkey));
    assert_false(gate_orders_month(gate, database, supervisor, now.year + 1, 1, &out, &err));
}

static void the_key_file_needs_its_passphrase(void **state)
{
    struct gate_supervisor *other;
    char byte = 'x';
    assert_false(gate_supervisor_create(key_path, PASSPHRASE, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(gate_supervisor_open(&other, key_path, STR("a long passphrasE"), &err));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(gate_supervisor_create("/nowhere/key", PASSPHRASE, &err));
    assert_false(gate_supervisor_create(key_path, STR("short"), &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(chmod(key_path, 0644), 0);
    assert_false(gate_supervisor_open(&other, key_path, PASSPHRASE, &err));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_int_equal(chmod(key_path, 0600), 0);
    int fd = open(key_path, O_WRONLY);
    assert_int_equal(pwrite(fd, &byte, 1, 60), 1);
    close(fd);
    assert_false(gate_supervisor_open(&other, key_path, PASSPHRASE, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

int main(void)
{
#define ORDER(test) cmocka_unit_test_setup_teardown(test, start_supervised, stop_supervised)
    const struct CMUnitTest tests[] = {
        ORDER(a_look_by_order_is_sealed_until_its_day),
        ORDER(an_order_outlives_a_restart_and_a_quarter),
        ORDER(an_order_outlives_a_new_epoch),
        ORDER(no_sealed_look_without_seed_and_proof),
        ORDER(orders_that_may_not_be_are_refused),
        ORDER(the_supervisors_list_is_whole_and_its_totals_are_signed),
        ORDER(the_key_file_needs_its_passphrase),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
