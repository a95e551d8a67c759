/* SPDX-License-Identifier: Apache-2.0 */
/* operate.c: the operator's commands on an instance: init. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/instance.h"

int command_init(struct args *args)
{
    static const char usage[] =
        "init DIR --jurisdiction FOLDER [--db URL] [--origin NAME] [--segment-mib N] [--log-key URI] [--yes]";
    struct instance_new o = {.confirm = !args_flag(args, "--yes")};
    o.jurisdiction_folder = args_value(args, "--jurisdiction");
    o.db_url = args_value(args, "--db");
    o.origin = args_value(args, "--origin");
    o.log_key = args_value(args, "--log-key");
    const char *segment = args_value(args, "--segment-mib");
    uint64_t mib = 64;
    if (o.origin == NULL)
        o.origin = "aina.example/log";
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (o.jurisdiction_folder == NULL) {
        fprintf(stderr, "aina: --jurisdiction is missing; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (segment != NULL && (!text_u64(str_of(segment), &mib) || mib < 2 || mib > 1024)) {
        fprintf(stderr, "aina: --segment-mib takes a number from 2 to 1024; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    o.segment_bytes = (size_t)mib << 20;
    o.folder = args->argv[0];
    struct err err;
    if (!instance_create(&o, &err))
        return cli_fail(&err);
    printf("Made %s.\n", o.folder);
    return EXIT_DONE;
}
