/* SPDX-License-Identifier: Apache-2.0 */
/* rekey.c: aina rekey: a new epoch of a sector's pseudonyms, and how far it is. */
#include "gate/rekey.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/instance.h"

#define USAGE "rekey DIR [SECTOR [--now]]"
#define LOOK_EVERY_MS 500

static const struct gate_sector *sector_in(const struct gate_sector *sectors, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(sectors[i].name, name))
            return &sectors[i];
    return NULL;
}

static bool show(struct instance *in, struct err *err)
{
    struct gate_sector *sectors;
    size_t n;
    if (!gate_sectors(in->gate, in->db, &in->arena, &sectors, &n, err))
        return false;
    printf("%-24s %5s %8s %12s %12s\n", "sector", "epoch", "since", "people", "to be moved");
    for (size_t i = 0; i < n; i++)
        printf("%-24.*s %5u %8u %12llu %12llu%s\n", STR_ARG(sectors[i].name), sectors[i].epoch,
               sectors[i].shard, (unsigned long long)sectors[i].all, (unsigned long long)sectors[i].left,
               sectors[i].ordered ? "  another epoch begins with the next shard" : "");
    return true;
}

/* The gate's thread does the work, here or in the server; this only tells how far it is. */
static bool wait_for(struct instance *in, struct str name, struct err *err)
{
    int64_t start = clock_steady();
    uint64_t all = 0;
    for (;;) {
        struct arena arena;
        struct gate_sector *sectors;
        size_t n;
        arena_init(&arena, 16384, (size_t)1 << 24);
        if (!gate_sectors(in->gate, in->db, &arena, &sectors, &n, err)) {
            arena_done(&arena);
            return false;
        }
        const struct gate_sector *s = sector_in(sectors, n, name);
        double seconds = (double)(clock_steady() - start) / CLOCK_SECOND;
        bool done = s == NULL || (!s->ordered && s->left == 0);
        all = s != NULL ? s->all : 0;
        if (!done)
            printf("%8.1f s  %llu of %llu moved\n", seconds,
                   (unsigned long long)(s->ordered ? 0 : all - s->left), (unsigned long long)all);
        arena_done(&arena);
        if (done) {
            printf("%8.1f s  done: %llu people's records stand in the new epoch (%.0f a second)\n", seconds,
                   (unsigned long long)all, seconds > 0 ? (double)all / seconds : 0);
            return true;
        }
        fflush(stdout);
        nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
    }
}

int command_rekey(struct args *args)
{
    bool now = args_flag(args, "--now");
    if (!args_are(args, 1, 2, USAGE))
        return EXIT_USAGE;
    struct str sector = args->argc == 2 ? str_of(args->argv[1]) : (struct str){0};
    if (now && sector.n == 0) {
        fprintf(stderr, "aina: --now needs a sector; usage: aina %s\n", USAGE);
        return EXIT_USAGE;
    }
    struct instance in;
    struct err err;
    if (!instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    bool ok = sector.n != 0 ? gate_rekey(in.gate, in.db, sector, now, &err) : show(&in, &err);
    if (ok && now)
        ok = wait_for(&in, sector, &err);
    else if (ok && sector.n != 0)
        printf("Ordered: the sector's next epoch begins with the next quarter. Records are moved then, while "
               "the "
               "server runs.\n");
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
