/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_long.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/say.h"
#include "cli/bench_ask.h"
#include "crypto/keys.h"

#define BYTES (UINT64_C(12) << 30)
#define ENTRIES UINT64_C(10000000)
#define BULK 10000
#define BODY (256 + SEAL_OVERHEAD)
#define SECONDS 5
#define ROUNDS 5

bool bench_long_fits(const char *folder, struct err *err)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return err_errno(err, folder, "cannot be asked for its room");
    return (uint64_t)disk.f_bavail * disk.f_frsize >= BYTES ||
           err_set(err, ERR_IO, folder, "--large needs 12 GB free on this disk");
}

static bool fill(const struct bench_place *place, struct err *err)
{
    struct ledger_ready *ready = calloc(BULK, sizeof *ready);
    uint8_t *bodies = malloc((size_t)BULK * BODY);
    struct instance in;
    must(ready != NULL && bodies != NULL);
    bool ok = instance_open(&in, place->folder, true, err);
    random_bytes(bodies, (size_t)BULK * BODY);
    while (ok && ledger_size(in.ledger) + BULK <= ENTRIES - place->persons) {
        for (size_t i = 0; i < BULK; i++) {
            ready[i] =
                (struct ledger_ready){.leaf.type = LEAF_PERSONAL, .body = bodies + i * BODY, .body_n = BODY};
            random_bytes(ready[i].leaf.label, sizeof ready[i].leaf.label);
            random_bytes(ready[i].leaf.commit, sizeof ready[i].leaf.commit);
        }
        ok = ledger_append_many(in.ledger, ready, BULK, err);
        say_progress("entries", ledger_size(in.ledger), ENTRIES);
    }
    if (in.ledger != NULL)
        instance_close(&in);
    free(ready);
    free(bodies);
    return ok;
}

static bool copy(struct bench_place *place, const struct bench_place *from, const char *what, struct err *err)
{
    char folder[4200];
    snprintf(folder, sizeof folder, "%s-%s", from->folder, what);
    return bench_place_copy(place, from, folder, err);
}

bool bench_long_make(struct bench_long *longer, const struct bench_place *from, struct err *err)
{
    return copy(&longer->brief, from, "brief", err) && copy(&longer->longer, from, "long", err) &&
           fill(&longer->longer, err);
}

static bool look(const struct bench_place *place, size_t persons, bool once, struct bench_times *times,
                 double *ret_ops_s, struct err *err)
{
    struct bench_asking asking = {
        .place = place, .n = persons, .once = once, .seconds = once ? 0 : (double)SECONDS};
    if (!bench_ask(&asking, times, err))
        return false;
    *ret_ops_s = asking.ops_s;
    return true;
}

static int by_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void tell(const struct bench_teller *teller, double ops_s[2][ROUNDS], struct bench_times times[2])
{
    static const char *const names[2] = {"aina-looks-at-1e5", "aina-looks-at-1e7"};
    double cost[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        cost[i] = ops_s[0][i] / ops_s[1][i];
    qsort(cost, ROUNDS, sizeof *cost, by_double);
    for (int which = 0; which < 2; which++) {
        char note[200];
        qsort(ops_s[which], ROUNDS, sizeof(double), by_double);
        snprintf(note, sizeof note,
                 "median of %d rounds in turn, times of all; a look at 10^7 entries costs %.2f of one at "
                 "10^5 (median of the rounds')",
                 ROUNDS, cost[ROUNDS / 2]);
        struct bench_row row =
            bench_row_of(names[which], ops_s[which][ROUNDS / 2], times[which].micro, times[which].n, note);
        bench_tell(teller, &row);
    }
}

bool bench_long_run(struct bench_long *longer, const struct bench_teller *teller, size_t persons,
                    struct err *err)
{
    struct bench_place *const place[2] = {&longer->brief, &longer->longer};
    struct bench_times times[2] = {0}, unused = {0};
    double ops_s[2][ROUNDS], first;
    bool ok = true;
    for (int which = 0; ok && which < 2; which++)
        ok = bench_place_serve(place[which], err) && look(place[which], persons, true, &unused, &first, err);
    for (int round = 0; ok && round < ROUNDS; round++) {
        for (int which = 0; ok && which < 2; which++) {
            bench_probe(teller, which == 0 ? "aina-looks-at-1e5" : "aina-looks-at-1e7");
            ok = look(place[which], persons, false, &times[which], &ops_s[which][round], err);
        }
    }
    if (ok)
        tell(teller, ops_s, times);
    bench_times_done(&times[0]);
    bench_times_done(&times[1]);
    bench_times_done(&unused);
    return ok;
}

void bench_long_done(struct bench_long *longer)
{
    bench_place_done(&longer->brief);
    bench_place_done(&longer->longer);
}
