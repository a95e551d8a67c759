/* SPDX-License-Identifier: Apache-2.0 */
/* bench_looks.h: looks over HTTP, durable, beside PostgreSQL that does as much: `aina bench looks`.
 *
 *     aina-looks       64 clients; persons seen before, drawn at random
 *     aina-looks-new   the same, each person for the first time
 *     postgres-audit   16 connections, no HTTP: a record read, its audit row durable before the answer
 *     postgres-chain   the same with hash-chained rows
 *     aina-cabinet     64 clients; the page "who looked at my data" with 20 rows, logged in, gzip
 *     aina-memory      of the server, after a million entries
 *     aina-program     the program file, without its symbols for debugging
 *
 * Each row of time is the median of interleaved rounds, each round preceded by a probe of the disk. */
#ifndef CLI_BENCH_LOOKS_H
#define CLI_BENCH_LOOKS_H

#include <stdbool.h>

struct bench_looks {
    const char *folder;       /* exists; what is made in it stays */
    const char *jurisdiction; /* the folder of one */
    bool json;
    bool quick;                      /* small numbers, to see that it works */
    bool large;                      /* also a look at 10^7 entries beside one at 10^5; 12 GB */
    const char *const *peer_options; /* more settings for PostgreSQL, "name=value"; NULL after the last */
};

int bench_looks_main(const struct bench_looks *bench); /* an exit code */

#endif
