/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fsck.h"

#include "base/json.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/mark.h"
#include "ledger/fsck.h"

static void tell_progress(uint64_t done, uint64_t total)
{
    say_progress("entries", done, total);
}

static void tell_records(uint64_t done, uint64_t total)
{
    say_progress("records", done, total);
}

static void tell_people(uint64_t done, uint64_t total)
{
    say_progress("people", done, total);
}

/* The gate's checker, and the cases' that hears of each entry too. */
struct checkers {
    struct gate_checker *gate;
    struct case_check *cases; /* NULL: no state to compare with */
};

static bool check_opening(void *arg, const struct ledger_entry *entry, struct err *err)
{
    struct checkers *checkers = arg;
    if (checkers->cases != NULL)
        case_check_entry(checkers->cases, entry->id);
    return gate_check_opening(checkers->gate, entry, err);
}

static bool check_erased(void *arg, const struct ledger_entry *entry)
{
    struct checkers *checkers = arg;
    if (checkers->cases != NULL)
        case_check_entry(checkers->cases, entry->id);
    return gate_check_erased(checkers->gate, entry);
}

static void check_waiting(void *arg, const uint8_t id[LEDGER_ID_SIZE])
{
    case_check_entry(arg, id);
}

static bool check_rows(struct instance *in, struct db *db, struct checkers *checkers, struct fsck *fsck,
                       struct err *err)
{
    return vault_check(in->vault, db, tell_records, &fsck->vault, err) &&
           people_check(in->people, db, tell_people, &fsck->people, err) &&
           case_check_start(&checkers->cases, in->cases, db, &fsck->cases, err) &&
           documents_check(in->documents, db, &fsck->documents, err) &&
           beside_check(in->beside, db, checkers->cases, &fsck->beside, err) &&
           gate_checker_outbox(checkers->gate, db, check_waiting, checkers->cases, &fsck->waiting, err);
}

/* In one snapshot: a server may be writing meanwhile. Before the log, which then holds all that it says. */
static bool check_state(struct instance *in, struct db *db, struct checkers *checkers, struct fsck *fsck,
                        struct err *err)
{
    struct err ignored;
    if (!db_check(db, err) ||
        !db_exec(db, db_is_postgres(db) ? "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" : "BEGIN", err))
        return false;
    fsck->vault_checked = check_rows(in, db, checkers, fsck, err);
    return db_exec(db, "ROLLBACK", fsck->vault_checked ? err : &ignored) && fsck->vault_checked;
}

bool fsck_run(struct instance *in, const char *ledger_folder, struct db *db, struct fsck *ret_fsck,
              struct err *err)
{
    struct checkers checkers = {0};
    struct fsck fsck = {0};
    struct ledger_config config = in->ledger_config;
    config.folder = ledger_folder;
    if (!gate_checker_open(&checkers.gate, &in->gate_config, err))
        return false;
    bool ran = (db == NULL || check_state(in, db, &checkers, &fsck, err)) &&
               ledger_fsck(&config, check_opening, check_erased, &checkers, tell_progress, &in->arena,
                           &fsck.log, err);
    if (ran) {
        gate_checker_finish(checkers.gate, &fsck.log);
        fsck.destroyed = gate_checker_destroyed(checkers.gate);
    }
    if (checkers.cases != NULL)
        case_check_end(checkers.cases, ran ? &fsck.cases : NULL);
    gate_checker_free(checkers.gate);
    if (ran)
        *ret_fsck = fsck;
    return ran;
}

uint64_t fsck_findings(const struct fsck *fsck)
{
    return (fsck->mark.code != ERR_NONE) + fsck->log.findings + fsck->vault.findings + fsck->cases.findings +
           fsck->documents.findings + fsck->beside.findings + fsck->people.findings;
}

static void first_text(struct buf *out, const struct err *first, size_t cap, uint64_t n)
{
    for (size_t i = 0; i < MIN_OF(n, (uint64_t)cap); i++)
        buf_printf(out, "  %s: %s\n", first[i].place, first[i].text);
    if (n > cap)
        buf_printf(out, "  and %llu more\n", (unsigned long long)(n - cap));
}

void fsck_text(struct buf *out, const struct fsck *fsck)
{
    const struct ledger_fsck *log = &fsck->log;
    const struct vault_report *vault = &fsck->vault;
    buf_printf(
        out,
        "log: %llu entries in %llu batches, %llu openings checked, %llu erased, %llu findings, %.2f s%s\n",
        (unsigned long long)log->entries, (unsigned long long)log->batches, (unsigned long long)log->openings,
        (unsigned long long)log->erased, (unsigned long long)log->findings, log->seconds,
        log->live ? "; a server is writing: checked up to its last whole batch" : "");
    if (fsck->destroyed != 0)
        buf_printf(
            out,
            "  %llu entries are of shards whose keys were destroyed after retention: counted, and read "
            "by nobody\n",
            (unsigned long long)fsck->destroyed);
    first_text(out, log->first, ARRAY_LEN(log->first), log->findings);
    first_text(out, &fsck->mark, 1, fsck->mark.code != ERR_NONE);
    if (!fsck->vault_checked)
        return;
    buf_printf(out, "vault: %llu subjects, %llu record versions, %llu values, %llu findings\n",
               (unsigned long long)vault->subjects, (unsigned long long)vault->records,
               (unsigned long long)vault->values, (unsigned long long)vault->findings);
    first_text(out, vault->first, ARRAY_LEN(vault->first), vault->findings);
    const struct people_report *people = &fsck->people;
    buf_printf(out, "people: %llu, %llu mandates, %llu passkeys, %llu findings\n",
               (unsigned long long)people->people, (unsigned long long)people->mandates,
               (unsigned long long)people->keys, (unsigned long long)people->findings);
    first_text(out, people->first, ARRAY_LEN(people->first), people->findings);
    buf_printf(out,
               "cases: %llu, %llu steps, each with its entry, %llu findings; %llu acts stand in the outbox\n",
               (unsigned long long)fsck->cases.cases, (unsigned long long)fsck->cases.steps,
               (unsigned long long)fsck->cases.findings, (unsigned long long)fsck->waiting);
    first_text(out, fsck->cases.first, ARRAY_LEN(fsck->cases.first), fsck->cases.findings);
    buf_printf(out, "documents: %llu, %llu revoked, each as sealed and signed, %llu findings\n",
               (unsigned long long)fsck->documents.documents, (unsigned long long)fsck->documents.revoked,
               (unsigned long long)fsck->documents.findings);
    first_text(out, fsck->documents.first, ARRAY_LEN(fsck->documents.first), fsck->documents.findings);
    const struct beside_report *beside = &fsck->beside;
    buf_printf(
        out,
        "beside cases: %llu messages, %llu co-signers, %llu invoices, %llu files, %llu booked times, %llu "
        "drafts, %llu findings\n",
        (unsigned long long)beside->notices, (unsigned long long)beside->signers,
        (unsigned long long)beside->invoices, (unsigned long long)beside->files,
        (unsigned long long)beside->slots, (unsigned long long)beside->drafts,
        (unsigned long long)beside->findings);
    first_text(out, beside->first, ARRAY_LEN(beside->first), beside->findings);
    if (vault->findings + people->findings + fsck->cases.findings + fsck->documents.findings +
            beside->findings !=
        0)
        buf_text(out, "  What mends it: the state from a copy (restore it beside this instance, and "
                      "compare), or the record "
                      "again from its holder.\n");
}

static void first_json(struct json *j, const struct err *first, size_t cap, uint64_t n)
{
    for (size_t i = 0; i < MIN_OF(n, (uint64_t)cap); i++) {
        json_open_object(j);
        json_key_text(j, "place", str_of(first[i].place));
        json_key_text(j, "text", str_of(first[i].text));
        json_end(j);
    }
}

static void fsck_json(struct buf *out, const struct fsck *fsck)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "entries", fsck->log.entries);
    json_key_u64(&j, "openings", fsck->log.openings);
    json_key_u64(&j, "erased", fsck->log.erased);
    json_key_u64(&j, "destroyed", fsck->destroyed);
    json_key_u64(&j, "records", fsck->vault.records);
    json_key_u64(&j, "people", fsck->people.people);
    json_key_u64(&j, "cases", fsck->cases.cases);
    json_key_u64(&j, "documents", fsck->documents.documents);
    json_key_u64(&j, "messages", fsck->beside.notices);
    json_key_u64(&j, "files", fsck->beside.files);
    json_key_u64(&j, "invoices", fsck->beside.invoices);
    json_key_u64(&j, "waiting", fsck->waiting);
    json_key_bool(&j, "live", fsck->log.live);
    json_key_u64(&j, "findings_total", fsck_findings(fsck));
    json_key(&j, "findings");
    json_open_array(&j);
    first_json(&j, fsck->log.first, ARRAY_LEN(fsck->log.first), fsck->log.findings);
    first_json(&j, &fsck->mark, 1, fsck->mark.code != ERR_NONE);
    first_json(&j, fsck->vault.first, ARRAY_LEN(fsck->vault.first), fsck->vault.findings);
    first_json(&j, fsck->people.first, ARRAY_LEN(fsck->people.first), fsck->people.findings);
    first_json(&j, fsck->cases.first, ARRAY_LEN(fsck->cases.first), fsck->cases.findings);
    first_json(&j, fsck->documents.first, ARRAY_LEN(fsck->documents.first), fsck->documents.findings);
    first_json(&j, fsck->beside.first, ARRAY_LEN(fsck->beside.first), fsck->beside.findings);
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}

/* What is known of the log outside its folder. That the file is damaged, or that state and file do not agree,
 * is found, and the rest is read all the same. */
static bool check_mark(struct instance *in, struct err *ret_found, struct err *err)
{
    struct mark mark;
    *ret_found = (struct err){0};
    if (mark_read(in, &mark, err)) {
        in->ledger_config.at_least = mark.size;
        return true;
    }
    if (err->code != ERR_CORRUPT && err->code != ERR_CONFLICT)
        return false;
    *ret_found = *err;
    return true;
}

int command_fsck(struct args *args)
{
    bool as_json = args_flag(args, "--json");
    if (!args_are(args, 1, 1, "fsck DIR [--json]"))
        return EXIT_USAGE;
    struct instance in;
    struct err err;
    struct err mark;
    struct fsck fsck;
    say_quiet(as_json);
    if (!instance_open(&in, args->argv[0], false, &err))
        return cli_fail(&err);
    bool ran = check_mark(&in, &mark, &err) && fsck_run(&in, in.ledger_config.folder, in.db, &fsck, &err);
    if (ran) {
        struct buf out;
        fsck.mark = mark;
        buf_init(&out, 1 << 20);
        (as_json ? fsck_json : fsck_text)(&out, &fsck);
        cli_print(&out);
        buf_done(&out);
    }
    instance_close(&in);
    return !ran ? cli_fail(&err) : fsck_findings(&fsck) == 0 ? EXIT_DONE : EXIT_REFUSED;
}
