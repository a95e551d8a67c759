/* SPDX-License-Identifier: Apache-2.0 */
/* bench_child.h: programs that the bench starts, and ends with itself. */
#ifndef CLI_BENCH_CHILD_H
#define CLI_BENCH_CHILD_H

#include <sys/types.h>

#include "base/err.h"

struct bench_child {
    const char *user; /* NULL: who runs the bench */
    const char *log;  /* where its standard error goes; added to */
    int end_signal;   /* ends it, also when the bench dies */
    int out;          /* set when it is started: reads its standard output; closed by bench_child_wait() */
    pid_t pid;
};

/* Starts a program with the given words; the first is its path. */
MUST_USE bool bench_child_start(struct bench_child *child, const char *const *words, struct err *err);
/* Waits for its end; false when it failed, with the last line of its log. */
MUST_USE bool bench_child_wait(struct bench_child *child, struct err *err);
/* The three in one, for programs that run to their end. */
MUST_USE bool bench_child_run(const char *user, const char *log, const char *const *words, struct err *err);
/* Ends it by its signal and waits. Harmless on one that never started. */
void bench_child_end(struct bench_child *child);

#endif
