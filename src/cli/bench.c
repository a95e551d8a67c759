/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c: the words of `aina bench`. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/bench_cases.h"
#include "cli/bench_ledger.h"
#include "cli/bench_looks.h"
#include "cli/bench_signatures.h"
#include "cli/cli.h"

#define PEER_OPTIONS_MAX 32

/* A bench writes and removes: never in an instance. */
static bool folder_is_for_it(const char *folder, struct err *err)
{
    static const char *const parts[] = {"aina.conf", "entries-000000"};
    char path[PATH_MAX];
    if (access(folder, W_OK | X_OK) != 0)
        return err_errno(err, folder, "cannot be written to; name a folder that is there");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(path, sizeof path, "%.4000s/%s", folder, parts[i]);
        if (access(path, F_OK) == 0)
            return err_set(err, ERR_CONFLICT, folder,
                           "is an instance or its log; a bench takes a folder of its own, best an empty one");
    }
    return true;
}

int command_bench(struct args *args)
{
    static const char usage[] =
        "bench ledger|looks|signatures|cases FOLDER [--large] [--quick] [--json] [--jurisdiction FOLDER] "
        "[--peer NAME=VALUE]...";
    const char *peer[PEER_OPTIONS_MAX + 1] = {NULL}, *option;
    const char *jurisdiction = args_value(args, "--jurisdiction");
    struct bench_looks looks = {.jurisdiction = jurisdiction ? jurisdiction : "jurisdictions/kz",
                                .json = args_flag(args, "--json"),
                                .quick = args_flag(args, "--quick"),
                                .large = args_flag(args, "--large"),
                                .peer_options = peer};
    for (size_t n = 0; n < PEER_OPTIONS_MAX && (option = args_value(args, "--peer")) != NULL; n++)
        peer[n] = option;
    if (!args_are(args, 2, 2, usage))
        return EXIT_USAGE;
    struct str which = str_of(args->argv[0]);
    if (!str_is(which, "ledger") && !str_is(which, "looks") && !str_is(which, "signatures") &&
        !str_is(which, "cases")) {
        fprintf(stderr, "aina: there is no bench '%s'; usage: aina %s\n", args->argv[0], usage);
        return EXIT_USAGE;
    }
    struct err err;
    looks.folder = args->argv[1];
    if (!folder_is_for_it(looks.folder, &err))
        return cli_fail(&err);
    if (str_is(which, "cases"))
        return bench_cases_main(looks.folder, looks.jurisdiction, looks.json, looks.quick);
    if (str_is(which, "signatures"))
        return bench_signatures_main(looks.folder, looks.json, looks.quick);
    return str_is(which, "looks") ? bench_looks_main(&looks)
                                  : bench_ledger_main(looks.folder, looks.json, looks.large);
}
