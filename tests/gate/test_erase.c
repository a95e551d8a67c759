/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file and erasure: what is proven offline, what is gone, what fsck accepts; killed in between. */
#include "fixture.h"
#include "ledger/fsck.h"
#include "ledger/public.h"

#include <sys/wait.h>

static uint64_t own_look(const uint8_t *pid, const char *registry)
{
    struct gate_request request = {.capacity = STR("self"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("self-access"),
                                   .registry = str_of(registry),
                                   .pid = pid};
    return look(&request).leaf;
}

static struct str trace_of(const uint8_t *pid)
{
    struct buf out;
    buf_in(&out, &arena, (size_t)8 << 20);
    must_ok(gate_trace(gate, database, pid, &arena, &out, &err));
    return buf_view(&out);
}

static struct verify_verdict *verdict_of(struct str trace, struct arena *work)
{
    struct verify_verdict *verdict = arena_new(work, struct verify_verdict);
    struct note_vkey vkey;
    ledger_vkey(ledger, &vkey);
    verify_trace(trace, &vkey, 1, work, verdict);
    return verdict;
}

static const struct verify_check *check_of(const struct verify_verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->n; i++)
        if (strcmp(verdict->checks[i].id, id) == 0)
            return &verdict->checks[i];
    return NULL;
}

static void assert_proven(struct str trace)
{
    struct verify_verdict *verdict = verdict_of(trace, &arena);
    for (size_t i = 0; i < verdict->n; i++)
        if (verdict->checks[i].status == VERIFY_FAILED)
            fail_msg("%s: %s", verdict->checks[i].id, verdict->checks[i].words);
    assert_true(verdict->proven);
}

static void assert_fsck(uint64_t findings, uint64_t erased)
{
    struct gate_checker *checker;
    struct ledger_fsck report;
    close_all();
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    must_ok(ledger_fsck(&ledger_config, gate_check_opening, gate_check_erased, checker, NULL, &arena, &report,
                        &err));
    gate_checker_finish(checker, &report);
    gate_checker_free(checker);
    for (size_t i = 0; i < report.findings && findings == 0; i++)
        print_message("%s: %s\n", report.first[i].place, report.first[i].text);
    assert_int_equal(report.findings, findings);
    assert_int_equal(report.erased, erased);
    open_all();
}

static const struct office *auditors(void)
{
    return office("ombudsman", "audit");
}

static void erase(const uint8_t *pid, uint64_t leaf)
{
    must_ok(gate_erase_entry(gate, database, pid, leaf, STR("Court of Almaty, 2026-11-20, article 25"),
                             auditors(), STR("OMB-1"), &err));
}

/* --- the trace file --- */

static void a_trace_file_proves_itself_and_no_byte_of_it_may_change(void **state)
{
    for (int i = 0; i < 3; i++) {
        (void)own_look(anna, "clinic-attachment");
        (void)own_look(boris, "clinic-attachment");
    }
    (void)own_look(anna, "vehicles");
    uint64_t gone = own_look(anna, "vehicles");
    erase(anna, gone);
    struct str trace = trace_of(anna);
    assert_proven(trace);
    assert_non_null(check_of(verdict_of(trace, &arena), "erased"));
    char *changed = arena_copy(&arena, trace.p, trace.n);
    struct arena work;
    arena_init(&work, 1 << 18, (size_t)1 << 26);
    for (size_t i = 0; i < trace.n; i += i < 400 || trace.n - i < 2500 ? 7 : 97) {
        changed[i] ^= 1;
        if (verdict_of((struct str){changed, trace.n}, &work)->proven)
            fail_msg("byte %zu was changed and all is proven: %.60s", i, changed + i);
        changed[i] ^= 1;
        arena_reset(&work);
    }
    arena_done(&work);
}

/* The built program says so, on a file: with the right key, with another, and with a byte changed. */
static void the_program_verifies_the_file(void **state)
{
    char path[128], command[4096];
    struct note_vkey vkey;
    struct buf key;
    const char *aina = getenv("AINA");
    if (aina == NULL)
        fail_msg("AINA must name the built program");
    (void)own_look(anna, "clinic-attachment");
    erase(anna, own_look(anna, "population"));
    struct str trace = trace_of(anna);
    ledger_vkey(ledger, &vkey);
    buf_in(&key, &arena, 4096);
    note_vkey_text(&key, &vkey);
    snprintf(path, sizeof path, "%s/trace.json", folder);
    for (int changed = 0; changed < 2; changed++) {
        char *bytes = arena_copy(&arena, trace.p, trace.n);
        bytes[trace.n / 2] ^= (char)changed;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, trace.n, file), trace.n);
        fclose(file);
        snprintf(command, sizeof command, "'%s' verify --key '%.*s' '%s' >%s/out", aina, (int)key.n, key.p,
                 path, folder);
        int code = system(command);
        assert_true(WIFEXITED(code));
        assert_int_equal(WEXITSTATUS(code), changed);
    }
}

/* An entry left out, an erasure that nobody ordered, an order for another entry: none is accepted. */
static void what_is_left_out_or_erased_without_order_is_refused(void **state)
{
    (void)own_look(anna, "clinic-attachment");
    uint64_t gone = own_look(anna, "clinic-attachment");
    erase(anna, gone);
    struct str trace = trace_of(anna);
    assert_proven(trace);
    char *text = arena_copy(&arena, trace.p, trace.n);
    char *count = strstr(text, "\"count\":3");
    assert_non_null(count);
    count[8] = '2';
    assert_false(verdict_of((struct str){text, trace.n}, &arena)->proven);
    count[8] = '3';
    char *erased = strstr(text, "\"erased\":[");
    assert_non_null(erased);
    size_t kept = (size_t)(erased - text) + strlen("\"erased\":[");
    memcpy(text + kept, "]}", 2); /* the erased entry is not told */
    struct verify_verdict *verdict = verdict_of((struct str){text, kept + 2}, &arena);
    assert_false(verdict->proven);
    assert_int_equal(check_of(verdict, "numbers")->status, VERIFY_FAILED);
}

/* --- erasure --- */

static void an_erased_entry_is_gone_stays_counted_and_says_why(void **state)
{
    uint64_t kept = own_look(anna, "clinic-attachment"), gone = own_look(anna, "clinic-attachment"), other;
    struct gate_entry *entries, entry;
    struct str receipt;
    other = own_look(boris, "clinic-attachment");
    erase(anna, gone);
    assert_int_equal(entries_of(anna, true, &entries), 3);
    assert_true(str_is(entries[0].kind, "erasure") && str_is(entries[0].actor, "OMB-1"));
    assert_true(str_is(entries[0].basis, "Court of Almaty, 2026-11-20, article 25"));
    assert_true(entries[1].leaf == gone && entries[1].erased && entries[1].json.n == 0);
    assert_true(entries[2].leaf == kept && !entries[2].erased);
    must_ok(gate_entry(gate, database, anna, gone, &arena, &entry, &err));
    assert_true(entry.erased);
    assert_false(gate_receipt_person(gate, database, anna, gone, &arena, &receipt, &err));
    struct {
        const uint8_t *pid;
        uint64_t leaf;
        struct str article;
        enum err_code code;
    } refused[] = {
        {anna, gone, STR("article 25"), ERR_CONFLICT},
        {anna, other, STR("article 25"), ERR_NOT_FOUND},
        {anna, 100000, STR("article 25"), ERR_NOT_FOUND},
        {anna, entries[0].leaf, STR("article 25"), ERR_INVALID},
        {anna, kept, STR(" "), ERR_USAGE},
    };
    uint64_t size = ledger_size(ledger);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(gate_erase_entry(gate, database, refused[i].pid, refused[i].leaf, refused[i].article,
                                      auditors(), STR("OMB-1"), &err));
        assert_int_equal(err.code, refused[i].code);
    }
    assert_int_equal(ledger_size(ledger), size);
    assert_fsck(0, 1);
}

static void fsck_accepts_exactly_what_was_ordered(void **state)
{
    uint64_t a = own_look(anna, "clinic-attachment"), b = own_look(anna, "clinic-attachment"),
             later = own_look(boris, "clinic-attachment");
    erase(anna, a);
    must_ok(ledger_erase(ledger, b, later, &err)); /* by somebody who wrote no entry */
    assert_fsck(1, 2);
}

static void append_public(const char *kind, uint32_t version)
{
    static const uint8_t no_salt[SALT_SIZE];
    struct ledger_want want = {.type = LEAF_PUBLIC};
    struct ledger_ticket ticket;
    must_ok(ledger_reserve(ledger, &want, 1, &ticket, &err));
    struct ledger_slot *slot = &ticket.slot[0];
    uint64_t leaf = slot->leaf;
    leaf_public_label(slot->label, str_of(kind), STR("x"), version);
    leaf_commit(slot->commit, no_salt, STR("content"));
    slot->body = (const uint8_t *)"content";
    slot->body_n = 7;
    ledger_submit(ledger, &ticket);
    must_ok(ledger_wait(ledger, leaf + 1, &err));
}

static void a_public_record_that_stands_twice_is_found(void **state)
{
    append_public("register", 0);
    append_public("register", 1);
    append_public("programme", 0);
    assert_fsck(0, 0);
    append_public("register", 0);
    assert_fsck(1, 0);
}

static void a_public_record_too_large_for_the_log_is_refused(void **state)
{
    static char content[LEDGER_BODY_MAX + 1];
    uint64_t size = ledger_size(ledger);
    memset(content, 'x', sizeof content);
    assert_false(gate_public_record(gate, database, STR("register"), STR("x"),
                                    (struct str){content, sizeof content}, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(ledger_size(ledger), size);
    must_ok(gate_public_record(gate, database, STR("register"), STR("x"),
                               (struct str){content, LEDGER_BODY_MAX}, &err));
    assert_fsck(0, 0);
}

static void records_are_erased_with_an_entry(void **state)
{
    const struct registry *clinic = jurisdiction_registry(j, STR("clinic-attachment"));
    struct gate_request request = {.capacity = STR("self"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("self-access"),
                                   .registry = STR("clinic-attachment"),
                                   .pid = anna};
    struct gate_entry *entries;
    load_clinic(anna, "pollen");
    load_clinic(boris, "dust");
    assert_int_equal(look(&request).records_n, 1);
    must_ok(
        gate_erase_records(gate, database, anna, clinic, STR("article 25"), auditors(), STR("OMB-1"), &err));
    assert_int_equal(look(&request).records_n, 0);
    request.pid = boris;
    assert_int_equal(look(&request).records_n, 1);
    assert_int_equal(entries_of(anna, true, &entries), 3);
    assert_true(str_is(entries[1].kind, "record-erasure") &&
                str_is(entries[1].registry, "clinic-attachment"));
    struct vault_report report;
    must_ok(vault_check(vault, database, NULL, &report, &err));
    assert_int_equal(report.findings, 0);
}

/* --- killed between order and deed, and in the middle of the deed --- */

static void a_kill_leaves_an_erasure_that_is_finished(void **state)
{
    static const char *const points[] = {"released:1", "erase-half:1"};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        uint64_t leaf = own_look(anna, "clinic-attachment");
        char number[32];
        int status;
        struct gate_entry entry;
        snprintf(number, sizeof number, "%llu", (unsigned long long)leaf);
        close_all();
        pid_t child = fork();
        if (child == 0) {
            setenv("AINA_KILL_AT", points[i], 1);
            execl("/proc/self/exe", "test_gate_erase", folder, url ? url : "", number, (char *)NULL);
            _exit(9);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        open_all();
        must_ok(gate_entry(gate, database, anna, leaf, &arena, &entry, &err));
        assert_true(entry.erased);
        assert_fsck(0, i + 1);
        assert_proven(trace_of(anna));
    }
}

/* What the test kills: erases one entry. */
static int child_main(char **argv)
{
    snprintf(folder, sizeof folder, "%s", argv[1]);
    url = argv[2][0] ? argv[2] : NULL;
    keys_start();
    open_folder("kz");
    struct ledger_report report;
    if (!ledger_open(&ledger, &ledger_config, &report, &err))
        return 3;
    gate_config.ledger = ledger;
    if (!gate_open(&gate, &gate_config, database, &err) ||
        !gate_erase_entry(gate, database, anna, strtoull(argv[3], NULL, 10), STR("article 25"), auditors(),
                          STR("OMB-1"), &err))
        return 4;
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH(a_trace_file_proves_itself_and_no_byte_of_it_may_change),
        WITH(the_program_verifies_the_file),
        WITH(what_is_left_out_or_erased_without_order_is_refused),
        WITH(an_erased_entry_is_gone_stays_counted_and_says_why),
        WITH(fsck_accepts_exactly_what_was_ordered),
        WITH(a_public_record_that_stands_twice_is_found),
        WITH(a_public_record_too_large_for_the_log_is_refused),
        WITH(records_are_erased_with_an_entry),
        WITH(a_kill_leaves_an_erasure_that_is_finished),
    };
    return argc == 4 ? child_main(argv) : run_on_both(tests, ARRAY_LEN(tests));
}
