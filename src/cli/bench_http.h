/* SPDX-License-Identifier: Apache-2.0 */
/* bench_http.h: HTTP clients on keep-alive connections, all on one thread, each with one request at a time:
 * the front of the bench, light enough to leave the processors to the server. Every reply is checked. */
#ifndef CLI_BENCH_HTTP_H
#define CLI_BENCH_HTTP_H

#include "base/buf.h"
#include "cli/bench_tell.h"

struct bench_http {
    const char *socket; /* a Unix socket */
    size_t clients;
    double seconds; /* 0: until `next` has no more */
    /* Writes the next request; false: there is none left. */
    bool (*next)(void *arg, struct buf *request);
    /* False: the reply is not what it must be, with the reason. `head` ends before the empty line. */
    bool (*check)(void *arg, struct str head, struct str body, struct err *err);
    void *arg;
};

/* Runs until the time is over and every request is answered. */
MUST_USE bool bench_http_run(const struct bench_http *load, struct bench_times *times, double *ret_ops_s,
                             struct err *err);

/* The value of a header (name in the server's own letters); false when it is not there. */
bool bench_http_header(struct str head, const char *name, struct str *ret_value);

#endif
