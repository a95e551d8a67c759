/* SPDX-License-Identifier: Apache-2.0 */
/* bench_postgres.h: the peer of the benches of looks and of filing: PostgreSQL that writes an audit row,
 * durably, for each record it gives out, and for each case it takes.
 *
 *     audit   one statement: insert the audit row, select the record
 *     chain   the same, each row hashed with the hash of the row before (head row locked until the commit)
 *     file    a function that inserts a case of BENCH_ANSWERS bytes, and the audit row; it gives back 16
 * bytes
 *
 * Its best honest configuration: an own cluster on the same disk, everything in its buffers, prepared
 * statements with binary parameters over a Unix socket, 16 connections, WAL segments made ahead, no HTTP. A
 * peer that would answer before its row is durable is refused. */
#ifndef CLI_BENCH_POSTGRES_H
#define CLI_BENCH_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/bench_tell.h"

#define BENCH_POSTGRES_CONNECTIONS 16

enum bench_peer { BENCH_AUDIT, BENCH_CHAIN, BENCH_FILE };

#define BENCH_ANSWERS 1000

struct bench_postgres;

struct bench_postgres_config {
    const char *folder;         /* becomes the cluster's; must not exist */
    bool quick;                 /* smaller, and no WAL made ahead */
    const char *const *options; /* more settings, "name=value"; NULL after the last */
};

bool bench_postgres_installed(void);
/* ERR_NOT_ALLOWED when it is set to answer before a row is durable. */
MUST_USE bool bench_postgres_start(struct bench_postgres **ret_postgres,
                                   const struct bench_postgres_config *config, struct err *err);
MUST_USE bool bench_postgres_load(struct bench_postgres *postgres, size_t persons, size_t record_bytes,
                                  struct err *err);
void bench_postgres_stop(struct bench_postgres *postgres);                  /* its files stay */
const char *bench_postgres_settings(const struct bench_postgres *postgres); /* as the server says them */

MUST_USE bool bench_postgres_run(struct bench_postgres *postgres, enum bench_peer peer, double seconds,
                                 struct bench_times *times, double *ret_ops_s, struct err *err);

#endif
