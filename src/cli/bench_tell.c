/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

void bench_times_add(struct bench_times *times, int64_t micro)
{
    if (times->n == times->cap) {
        times->cap = times->cap ? times->cap * 2 : 65536;
        times->micro = realloc(times->micro, times->cap * sizeof *times->micro);
        must(times->micro != NULL);
    }
    times->micro[times->n++] = (uint32_t)MIN_OF(micro, (int64_t)UINT32_MAX);
}

void bench_times_done(struct bench_times *times)
{
    free(times->micro);
    *times = (struct bench_times){0};
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile(const uint32_t *sorted, size_t n, double part)
{
    return n == 0 ? 0 : sorted[(size_t)((double)(n - 1) * part)] / 1000.0;
}

struct bench_row bench_row_of(const char *name, double ops_s, uint32_t *micro, size_t n, const char *note)
{
    qsort(micro, n, sizeof *micro, by_size);
    return (struct bench_row){name, ops_s, percentile(micro, n, 0.5), percentile(micro, n, 0.99), note};
}

static void tell_json(const struct bench_row *row, const double *value, const char *unit)
{
    struct buf out;
    struct json json;
    buf_init(&out, 16384);
    json_start(&json, &out);
    json_open_object(&json);
    json_key_text(&json, "name", str_of(row->name));
    json_key(&json, "ops_s");
    json_f64(&json, row->ops_s);
    json_key(&json, "p50_ms");
    json_f64(&json, row->p50_ms);
    json_key(&json, "p99_ms");
    json_f64(&json, row->p99_ms);
    if (value != NULL) {
        json_key(&json, "value");
        json_f64(&json, *value);
        json_key_text(&json, "unit", str_of(unit));
    }
    json_key_text(&json, "note", str_of(row->note));
    json_end(&json);
    printf("%.*s\n", (int)out.n, out.p);
    buf_done(&out);
}

void bench_tell(const struct bench_teller *teller, const struct bench_row *row)
{
    if (teller->json)
        tell_json(row, NULL, NULL);
    else
        printf("%-24s %12.0f/s  p50 %7.3f ms  p99 %7.3f ms  %s\n", row->name, row->ops_s, row->p50_ms,
               row->p99_ms, row->note);
    fflush(stdout);
}

void bench_tell_value(const struct bench_teller *teller, const char *name, double value, const char *unit,
                      const char *note)
{
    if (teller->json)
        tell_json(&(struct bench_row){.name = name, .note = note}, &value, unit);
    else
        printf("%-24s %12.2f %-38s%s\n", name, value, unit, note);
    fflush(stdout);
}

double bench_probe(const struct bench_teller *teller, const char *row)
{
    enum { WRITES = 400 };
    static uint8_t block[4096];
    static uint32_t micro[WRITES];
    char path[4200], note[100];
    snprintf(path, sizeof path, "%s/probe", teller->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0;
    for (int i = 0; good && i < WRITES; i++)
        good = pwrite(fd, block, sizeof block, (off_t)i * 4096) == 4096;
    good = good && fsync(fd) == 0;
    int64_t begin = clock_steady();
    for (int i = 0; good && i < WRITES; i++) {
        int64_t start = clock_steady();
        good = pwrite(fd, block, sizeof block, (off_t)i * 4096) == 4096 && fdatasync(fd) == 0;
        micro[i] = (uint32_t)(clock_steady() - start);
    }
    if (!good) {
        perror(path);
        exit(1);
    }
    double ops_s = WRITES / bench_seconds_since(begin);
    close(fd);
    unlink(path);
    snprintf(note, sizeof note, "4 KiB pwrite + fdatasync, before %s", row);
    struct bench_row told = bench_row_of("fdatasync-probe", ops_s, micro, WRITES, note);
    bench_tell(teller, &told);
    return told.p50_ms;
}

double bench_seconds_since(int64_t start)
{
    return (double)(clock_steady() - start) / (double)CLOCK_SECOND;
}

void bench_die(const char *what, const struct err *err)
{
    fprintf(stderr, "aina bench: %s: %s: %s\n", what, err->place, err->text);
    exit(1);
}
