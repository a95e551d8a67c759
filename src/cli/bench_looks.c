/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_looks.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "cli/bench_ask.h"
#include "cli/bench_long.h"
#include "cli/bench_place.h"
#include "cli/bench_postgres.h"
#include "cli/cli.h"

#define ROUNDS 3

static const struct size {
    size_t seen, fresh; /* persons; the fresh ones in each round */
    double seconds;     /* of a row in a round */
    uint64_t entries;   /* before memory is measured */
} full = {100000, 10000, 5, 1000000}, quick = {600, 100, 0.3, 2000};

struct bench {
    struct bench_teller teller;
    struct size size;
    struct bench_place place;
    struct bench_postgres *postgres; /* NULL: not installed */
    char instance_folder[4096], peer_folder[4096];
    double busy;  /* the machine's load average before: what else it was doing */
    size_t fresh; /* the next person who was never looked at */
    struct bench_long longer;
};

/* --- the rows --- */

static bool run_seen(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    struct bench_asking asking = {
        .place = &bench->place, .n = bench->size.seen, .seconds = bench->size.seconds};
    bool ok = bench_ask(&asking, times, err);
    *ret_ops_s = asking.ops_s;
    return ok;
}

/* Beside the row before, so that what the machine does else is the same. */
static bool run_mandate(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    struct bench_asking asking = {
        .place = &bench->place, .n = bench->size.seen, .seconds = bench->size.seconds, .by_mandate = true};
    bool ok = bench_ask(&asking, times, err);
    *ret_ops_s = asking.ops_s;
    return ok;
}

static bool run_fresh(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    struct bench_asking asking = {
        .place = &bench->place, .first = bench->fresh, .n = bench->size.fresh, .once = true};
    bench->fresh += bench->size.fresh;
    bool ok = bench_ask(&asking, times, err);
    *ret_ops_s = asking.ops_s;
    return ok;
}

static bool run_pages(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    return bench_read_pages(&bench->place, bench->size.seconds, times, ret_ops_s, err);
}

static bool run_audit(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    return bench_postgres_run(bench->postgres, BENCH_AUDIT, bench->size.seconds, times, ret_ops_s, err);
}

static bool run_chain(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err)
{
    return bench_postgres_run(bench->postgres, BENCH_CHAIN, bench->size.seconds, times, ret_ops_s, err);
}

enum { ROW_SEEN, ROW_MANDATE, ROW_FRESH, ROW_AUDIT, ROW_CHAIN, ROW_PAGES, ROWS };

static const struct row {
    const char *name, *what;
    bool (*run)(struct bench *bench, struct bench_times *times, double *ret_ops_s, struct err *err);
    bool peer;
} rows[ROWS] = {
    [ROW_SEEN] = {"aina-looks", "64 clients over HTTP, persons seen before", run_seen, false},
    [ROW_MANDATE] = {"aina-looks-mandate", "the same, by a mandate that is read again at each look",
                     run_mandate, false},
    [ROW_FRESH] = {"aina-looks-new", "64 clients over HTTP, each person for the first time", run_fresh,
                   false},
    [ROW_AUDIT] = {"postgres-audit", "record read, audit row durable before the answer", run_audit, true},
    [ROW_CHAIN] = {"postgres-chain", "the same, rows hash-chained", run_chain, true},
    [ROW_PAGES] = {"aina-cabinet", "64 clients, the page of one's own entries, 20 rows, logged in, gzip",
                   run_pages, false},
};

struct outcome {
    struct bench_row round[ROUNDS];
};

static bool run_rounds(struct bench *bench, struct outcome outcome[ROWS], struct err *err)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            struct bench_times times = {0};
            double ops_s;
            if (rows[i].peer && bench->postgres == NULL)
                continue;
            bench_probe(&bench->teller, rows[i].name);
            if (!rows[i].run(bench, &times, &ops_s, err)) {
                bench_times_done(&times);
                return false;
            }
            outcome[i].round[round] = bench_row_of(rows[i].name, ops_s, times.micro, times.n, "");
            bench_times_done(&times);
        }
    }
    return true;
}

static int by_speed(const void *a, const void *b)
{
    const struct bench_row *x = a, *y = b;
    return (x->ops_s > y->ops_s) - (x->ops_s < y->ops_s);
}

static int by_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many times the peer, round by round: what else the machine did meanwhile met both. */
static double ratio(const struct outcome *of, const struct outcome *to)
{
    double ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        ratios[i] = to->round[i].ops_s > 0 ? of->round[i].ops_s / to->round[i].ops_s : 0;
    qsort(ratios, ROUNDS, sizeof *ratios, by_double);
    return ratios[ROUNDS / 2];
}

static void tell_rows(const struct bench *bench, struct outcome outcome[ROWS])
{
    double audit = 0, chain = 0, mandate = ratio(&outcome[ROW_MANDATE], &outcome[ROW_SEEN]);
    if (bench->postgres != NULL) {
        audit = ratio(&outcome[ROW_SEEN], &outcome[ROW_AUDIT]);
        chain = ratio(&outcome[ROW_SEEN], &outcome[ROW_CHAIN]);
    }
    for (size_t i = 0; i < ROWS; i++) {
        struct bench_row *round = outcome[i].round;
        struct buf note;
        if (rows[i].peer && bench->postgres == NULL)
            continue;
        buf_init(&note, 8192);
        buf_printf(&note, "%s; rounds %.0f, %.0f, %.0f", rows[i].what, round[0].ops_s, round[1].ops_s,
                   round[2].ops_s);
        if (i == ROW_SEEN && bench->postgres != NULL)
            buf_printf(
                &note,
                "; %.2f x postgres-chain, %.2f x postgres-audit (medians of the rounds'); load average "
                "before the bench %.1f",
                chain, audit, bench->busy);
        if (i == ROW_MANDATE)
            buf_printf(&note, "; %.2f x aina-looks (median of the rounds')", mandate);
        if (bench->teller.json)
            buf_printf(&note, "; %s",
                       rows[i].peer ? bench_postgres_settings(bench->postgres) : bench->place.settings);
        buf_byte(&note, '\0');
        qsort(round, ROUNDS, sizeof *round, by_speed);
        round[ROUNDS / 2].note = note.p;
        bench_tell(&bench->teller, &round[ROUNDS / 2]);
        buf_done(&note);
    }
}

/* --- size --- */

static bool tell_memory(struct bench *bench, struct err *err)
{
    struct bench_asking asking = {
        .place = &bench->place, .n = bench->size.seen, .until = bench->size.entries};
    struct bench_times times = {0};
    bool ok = bench_ask(&asking, &times, err);
    bench_times_done(&times);
    if (!ok)
        return false;
    struct bench_memory memory = bench_place_memory(&bench->place);
    char note[200];
    snprintf(note, sizeof note,
             "resident, %zu persons, %llu entries, %d connections; %.1f MB of it anonymous",
             bench->place.persons, (unsigned long long)asking.entries, BENCH_CLIENTS, memory.anonymous_mb);
    bench_tell_value(&bench->teller, "aina-memory", memory.resident_mb, "MB", note);
    return true;
}

/* Up to the end of what is loaded: what is left of the file when it is stripped. */
static bool tell_program(const struct bench *bench, struct err *err)
{
    const char *path = bench->place.program;
    FILE *file = fopen(path, "re");
    Elf64_Ehdr head;
    uint64_t end = 0;
    bool ok = file != NULL && fread(&head, sizeof head, 1, file) == 1 &&
              fseek(file, (long)head.e_phoff, SEEK_SET) == 0;
    for (int i = 0; ok && i < head.e_phnum; i++) {
        Elf64_Phdr part;
        ok = fread(&part, sizeof part, 1, file) == 1;
        end = ok ? MAX_OF(end, part.p_offset + part.p_filesz) : end;
    }
    if (file != NULL)
        fclose(file);
    if (!ok)
        return err_errno(err, path, "cannot be read");
    bench_tell_value(&bench->teller, "aina-program", (double)end / 1e6, "MB",
                     "the program file without symbols for debugging");
    return true;
}

/* --- all of it --- */

static bool start_peer(struct bench *bench, const struct bench_looks *options, struct err *err)
{
    if (!bench_postgres_installed()) {
        fprintf(stderr, "aina bench: PostgreSQL is not installed (apt-get install postgresql): its rows are "
                        "left out\n");
        return true;
    }
    struct bench_postgres_config config = {
        .folder = bench->peer_folder, .quick = options->quick, .options = options->peer_options};
    return bench_postgres_start(&bench->postgres, &config, err);
}

static bool make_ready(struct bench *bench, const struct bench_looks *options, struct err *err)
{
    bench->place.persons = bench->size.seen + ROUNDS * bench->size.fresh;
    bench->place.jurisdiction = options->jurisdiction;
    bench->fresh = bench->size.seen;
    if ((options->large && !bench_long_fits(options->folder, err)) || !start_peer(bench, options, err))
        return false;
    say(SAY_INFO, "making an instance of %zu persons", bench->place.persons);
    if (!bench_place_make(&bench->place, err) ||
        (options->large && !bench_long_make(&bench->longer, &bench->place, err)) ||
        (bench->postgres != NULL &&
         !bench_postgres_load(bench->postgres, bench->size.seen, bench->place.record_bytes, err)) ||
        !bench_place_serve(&bench->place, err))
        return false;
    struct bench_asking asking = {.place = &bench->place, .n = bench->size.seen, .once = true};
    struct bench_times times = {0};
    say(SAY_INFO, "looking at each of %zu persons once", bench->size.seen);
    bool ok = bench_ask(&asking, &times, err);
    bench_times_done(&times);
    return ok;
}

static void tell_settings(const struct bench *bench)
{
    if (bench->teller.json)
        return; /* they stand in the notes */
    printf("Aina: %s\n", bench->place.settings);
    if (bench->postgres != NULL)
        printf("Peer: %s; rows as large as Aina's\n", bench_postgres_settings(bench->postgres));
}

static bool run_all(struct bench *bench, const struct bench_looks *options, struct err *err)
{
    struct outcome outcome[ROWS] = {0};
    if (!make_ready(bench, options, err))
        return false;
    tell_settings(bench);
    if (!run_rounds(bench, outcome, err))
        return false;
    tell_rows(bench, outcome);
    if (!tell_memory(bench, err) || !tell_program(bench, err))
        return false;
    bench_place_stop(&bench->place);
    return !options->large || bench_long_run(&bench->longer, &bench->teller, bench->size.seen, err);
}

int bench_looks_main(const struct bench_looks *options)
{
    struct bench bench = {.teller = {options->folder, options->json}, .size = options->quick ? quick : full};
    struct err err;
    snprintf(bench.instance_folder, sizeof bench.instance_folder, "%s/instance", options->folder);
    snprintf(bench.peer_folder, sizeof bench.peer_folder, "%s/postgres", options->folder);
    bench.place.folder = bench.instance_folder;
    (void)!getloadavg(&bench.busy, 1);
    bool ok = run_all(&bench, options, &err);
    bench_long_done(&bench.longer);
    bench_place_done(&bench.place);
    bench_postgres_stop(bench.postgres);
    return ok ? EXIT_DONE : cli_fail(&err);
}
