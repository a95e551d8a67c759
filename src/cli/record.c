/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: one record of a register, entered or replaced by command: what a small holder has instead of an
 * import, and how a record that is wrong is put right. The person reads in their list that the operator did.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "gate/write.h"
#include "people/number.h"
#include "people/told.h"

/* Fields that are not named are absent from now on. */
static bool values_of(const struct registry *registry, char **words, int n, struct str *values,
                      struct err *err)
{
    for (int i = 0; i < n; i++) {
        struct str rest = str_of(words[i]), id;
        int at = str_next(&rest, '=', &id) ? registry_field(registry, id) : -1;
        if (strchr(words[i], '=') == NULL)
            return err_set(err, ERR_USAGE, "FIELD=VALUE", "'%.100s' has no '='", words[i]);
        if (at < 0)
            return err_set(err, ERR_INVALID, "FIELD=VALUE",
                           "'%.*s' is not a field of '%.*s'; its fields stand in the folder's registries/",
                           (int)MIN_OF(id.n, (size_t)100), id.p, STR_ARG(registry->id));
        if (values[at].p != NULL)
            return err_set(err, ERR_USAGE, "FIELD=VALUE", "'%.*s' stands there twice", STR_ARG(id));
        values[at] = rest;
    }
    return true;
}

int command_record(struct args *args)
{
    static const char usage[] = "record DIR REGISTRY NUMBER [--record ID] FIELD=VALUE...";
    const char *record = args_value(args, "--record");
    struct instance in;
    struct person subject;
    struct err err;
    if (!args_are(args, 4, 67, usage))
        return EXIT_USAGE;
    if (!instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    const struct registry *registry = jurisdiction_registry(in.jurisdiction, str_of(args->argv[1]));
    struct str values[64] = {{0}};
    struct gate_writing writing = {.registry = registry,
                                   .actor = TOLD_OPERATOR,
                                   .levels = STR(""),
                                   .values = values,
                                   .by_operator = true,
                                   .record = record ? str_of(record) : STR("1")};
    struct gate_written written;
    uint64_t position;
    bool ok = registry != NULL || err_set(&err, ERR_INVALID, "REGISTRY", "the folder has no such register");
    ok = ok && registry != NULL &&
         cli_person(&in, args->argv[2], registry->organisations, "number", &subject, &err) &&
         values_of(registry, args->argv + 3, args->argc - 3, values, &err);
    if (ok) {
        writing.pid = subject.pid;
        ok = gate_write(in.gate, in.db, &writing, &in.arena, &written, &position, &err) &&
             (in.gate_config.beside || ledger_wait(in.ledger, position, &err));
    }
    if (ok)
        printf("Written: version %u of record %.*s; an entry in the person's list says so.\n",
               written.version, STR_ARG(written.record));
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
