/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_signatures.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "cli/bench_tell.h"
#include "cli/cli.h"
#include "jurisdiction/jurisdiction.h"
#include "signature/signature.h"

#define THREADS_MAX 64
#define FILES_MAX 64
#define FILE_MAX ((size_t)8 << 20)

struct worker {
    pthread_t thread;
    const struct trust *trust;
    const struct evidence *evidence;
    int64_t until, start;
    struct bench_times times;
    bool all_proven;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct arena arena;
    arena_init(&arena, (size_t)256 << 10, FILE_MAX * 4);
    struct signature_verdict *v = malloc(sizeof *v);
    must(v != NULL);
    w->all_proven = true;
    while (clock_steady() < w->until) {
        struct signature_question question = {.at = clock_now()};
        int64_t start = clock_steady();
        signature_verify(w->trust, w->evidence, &question, &arena, v);
        bench_times_add(&w->times, clock_steady() - start);
        w->all_proven &= v->proven;
        arena_reset(&arena);
    }
    free(v);
    arena_done(&arena);
    return NULL;
}

/* One row: `threads` verify the same evidence until the time is over. */
static void measure(const struct bench_teller *teller, const struct trust *trust, const char *name,
                    const struct evidence *e, int threads, bool quick)
{
    struct worker workers[THREADS_MAX] = {0};
    struct bench_times all = {0};
    char row[200];
    int64_t start = clock_steady();
    for (int i = 0; i < threads; i++) {
        workers[i] =
            (struct worker){.trust = trust, .evidence = e, .until = start + (quick ? 1 : 5) * CLOCK_SECOND};
        must(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        for (size_t k = 0; k < workers[i].times.n; k++)
            bench_times_add(&all, workers[i].times.micro[k]);
        bench_times_done(&workers[i].times);
        struct err err;
        if (!workers[i].all_proven) {
            err_set(&err, ERR_INVALID, name, "is not proven; a bench of refusals says nothing");
            bench_die("bench signatures", &err);
        }
    }
    snprintf(row, sizeof row, "signature %s, %d thread%s", name, threads, threads == 1 ? "" : "s");
    struct bench_row r = bench_row_of(row, (double)all.n / bench_seconds_since(start), all.micro, all.n,
                                      "whole verdicts: document, signature, chain, roles, status");
    bench_tell(teller, &r);
    bench_times_done(&all);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t evidence_files(const char *folder, struct arena *arena, const char *names[FILES_MAX])
{
    DIR *dir = opendir(folder);
    size_t n = 0;
    for (struct dirent *entry; dir != NULL && n < FILES_MAX && (entry = readdir(dir)) != NULL;)
        if (str_ends(str_of(entry->d_name), STR(".evidence")))
            names[n++] = arena_copy(arena, entry->d_name, strlen(entry->d_name));
    if (dir != NULL)
        closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static bool bench_files(const struct bench_teller *teller, const struct trust *trust, bool quick,
                        struct arena *arena, struct err *err)
{
    const char *names[FILES_MAX];
    size_t n = evidence_files(teller->folder, arena, names);
    int cores = MIN_OF(get_nprocs(), THREADS_MAX);
    if (n == 0)
        return err_set(err, ERR_NOT_FOUND, teller->folder, "holds no file named *.evidence");
    for (size_t i = 0; i < n; i++) {
        struct str file;
        struct evidence e;
        const char *path = arena_printf(arena, "%s/%s", teller->folder, names[i]);
        if (!cli_read_file(path, FILE_MAX, arena, &file, err))
            return false;
        if (!evidence_read(file, arena, &e, err))
            return err_at(err, "%s", path);
        measure(teller, trust, names[i], &e, 1, quick);
        if (cores > 1)
            measure(teller, trust, names[i], &e, cores, quick);
    }
    return true;
}

int bench_signatures_main(const char *folder, bool json, bool quick)
{
    struct bench_teller teller = {.folder = folder, .json = json};
    struct arena arena;
    struct trust *trust = NULL;
    struct findings findings;
    struct err err;
    arena_init(&arena, 65536, (size_t)256 << 20);
    bool ok = trust_load(arena_printf(&arena, "%s/trust", folder), &arena, &trust, &findings, &err);
    if (ok && trust == NULL)
        ok = err_set(&err, ERR_INVALID, folder, "its trust folder has errors; aina verify lists them");
    ok = ok && bench_files(&teller, trust, quick, &arena, &err);
    int code = ok ? EXIT_DONE : cli_fail(&err);
    if (trust != NULL)
        trust_done(trust);
    arena_done(&arena);
    return code;
}
