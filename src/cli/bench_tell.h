/* SPDX-License-Identifier: Apache-2.0 */
/* bench_tell.h: rows of a bench, for people or as JSON, one object a line: name, ops_s, p50_ms, p99_ms, note.
 * Rows that are no rates (memory, sizes) have ops_s 0 and say `value` and `unit`. */
#ifndef CLI_BENCH_TELL_H
#define CLI_BENCH_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct bench_teller {
    const char *folder; /* the probe's: on the disk that is measured */
    bool json;
};

/* Times of single operations, in microseconds; grows on the heap. */
struct bench_times {
    uint32_t *micro;
    size_t n, cap;
};
void bench_times_add(struct bench_times *times, int64_t micro);
void bench_times_done(struct bench_times *times);

struct bench_row {
    const char *name;
    double ops_s, p50_ms, p99_ms;
    const char *note;
};
/* Sorts the times. */
struct bench_row bench_row_of(const char *name, double ops_s, uint32_t *micro, size_t n, const char *note);

void bench_tell(const struct bench_teller *teller, const struct bench_row *row);
void bench_tell_value(const struct bench_teller *teller, const char *name, double value, const char *unit,
                      const char *note);

/* What one 4 KiB write and fdatasync costs here and now: a row of its own, before `row`. Ends the program
 * when the folder cannot be written. Returns its p50 in milliseconds. */
double bench_probe(const struct bench_teller *teller, const char *row);

double bench_seconds_since(int64_t start); /* by clock_steady */
NORETURN void bench_die(const char *what, const struct err *err);

#endif
