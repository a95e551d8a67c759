/* SPDX-License-Identifier: Apache-2.0 */
/* operate.c: the operator's commands on an instance: init, fsck, bench. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "crypto/keys.h"

int command_init(struct args *args)
{
    static const char usage[] = "init DIR --jurisdiction FOLDER [--db URL] [--origin NAME] [--yes]";
    struct instance_new o = {.confirm = !args_flag(args, "--yes")};
    o.jurisdiction_folder = args_value(args, "--jurisdiction");
    o.db_url = args_value(args, "--db");
    o.origin = args_value(args, "--origin");
    if (o.origin == NULL)
        o.origin = "aina.example/log";
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (o.jurisdiction_folder == NULL) {
        fprintf(stderr, "aina: --jurisdiction is missing; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    o.folder = args->argv[0];
    struct err err;
    if (!instance_create(&o, &err))
        return cli_fail(&err);
    printf("Made %s.\n", o.folder);
    return EXIT_DONE;
}

/* --- aina fsck --- */

static void tell_progress(uint64_t done, uint64_t total)
{
    say_progress("entries", done, total);
}

static bool none_erased(void *arg, uint64_t leaf)
{
    return false; /* erasure is not offered yet: an empty body is a finding */
}

static void fsck_text(struct buf *out, const struct ledger_fsck *log, const struct vault_report *vault)
{
    buf_printf(out, "log: %llu entries in %llu batches, %llu openings checked, %llu findings, %.2f s\n",
               (unsigned long long)log->entries, (unsigned long long)log->batches,
               (unsigned long long)log->openings, (unsigned long long)log->findings, log->seconds);
    for (size_t i = 0; i < MIN_OF(log->findings, (uint64_t)ARRAY_LEN(log->first)); i++)
        buf_printf(out, "  %s: %s\n", log->first[i].place, log->first[i].text);
    buf_printf(out, "vault: %llu subjects, %llu record versions, %llu values, %llu findings\n",
               (unsigned long long)vault->subjects, (unsigned long long)vault->records,
               (unsigned long long)vault->values, (unsigned long long)vault->findings);
    for (size_t i = 0; i < MIN_OF(vault->findings, (uint64_t)ARRAY_LEN(vault->first)); i++)
        buf_printf(out, "  %s: %s\n", vault->first[i].place, vault->first[i].text);
}

static void fsck_json(struct buf *out, const struct ledger_fsck *log, const struct vault_report *vault)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "entries", log->entries);
    json_key_u64(&j, "openings", log->openings);
    json_key_u64(&j, "records", vault->records);
    json_key(&j, "findings");
    json_open_array(&j);
    for (size_t i = 0; i < MIN_OF(log->findings, (uint64_t)ARRAY_LEN(log->first)); i++)
        json_text(&j, str_of(log->first[i].text));
    for (size_t i = 0; i < MIN_OF(vault->findings, (uint64_t)ARRAY_LEN(vault->first)); i++)
        json_text(&j, str_of(vault->first[i].text));
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}

int command_fsck(struct args *args)
{
    bool as_json = args_flag(args, "--json");
    if (!args_are(args, 1, 1, "fsck DIR [--json]"))
        return EXIT_USAGE;
    struct instance in;
    struct err err;
    struct gate_checker *checker = NULL;
    struct ledger_fsck log = {0};
    struct vault_report vault = {0};
    say_quiet(as_json);
    if (!instance_open(&in, args->argv[0], false, &err))
        return cli_fail(&err);
    bool ran = gate_checker_open(&checker, &in.gate_config, &err) &&
               ledger_fsck(&in.ledger_config, gate_check_opening, none_erased, checker, tell_progress,
                           &in.arena, &log, &err) &&
               db_check(in.db, &err) && vault_check(in.vault, in.db, &vault, &err);
    if (ran) {
        struct buf out;
        buf_init(&out, 1 << 20);
        (as_json ? fsck_json : fsck_text)(&out, &log, &vault);
        cli_print(&out);
        buf_done(&out);
    }
    if (checker != NULL)
        gate_checker_free(checker);
    instance_close(&in);
    return !ran ? cli_fail(&err) : log.findings + vault.findings == 0 ? EXIT_DONE : EXIT_REFUSED;
}
