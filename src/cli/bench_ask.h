/* SPDX-License-Identifier: Apache-2.0 */
/* bench_ask.h: looks over HTTP at the persons of a place, from 64 clients, as fast as they are answered. */
#ifndef CLI_BENCH_ASK_H
#define CLI_BENCH_ASK_H

#include "cli/bench_place.h"
#include "cli/bench_tell.h"

#define BENCH_CLIENTS 64

struct bench_asking {
    const struct bench_place *place;
    size_t first, n; /* persons drawn from at random; with `once`, each in turn */
    bool once, by_mandate;
    double seconds; /* 0: no end by time */
    uint64_t until; /* stop when the log has so many entries; 0: never */
    /* set */
    uint64_t entries; /* the log's size, as the replies say it */
    double ops_s;
    uint64_t drawn; /* the generator's */
};

/* False when a reply is not an admitted look with its entry and its record. */
MUST_USE bool bench_ask(struct bench_asking *asking, struct bench_times *times, struct err *err);

/* The page "who looked at my data", as a browser of somebody logged in gets it: compressed, BENCH_ROWS rows.
 * One page is read plain first, to see that the rows are there. */
MUST_USE bool bench_read_pages(const struct bench_place *place, double seconds, struct bench_times *times,
                               double *ret_ops_s, struct err *err);

#endif
