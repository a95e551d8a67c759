/* SPDX-License-Identifier: Apache-2.0 */
/* bench_place.h: an instance for the bench of looks, and the server program on it, as anybody would start
 * them: `aina init`, synthetic people as of `aina demo`, `aina serve` on a Unix socket.
 *
 * An official may look at a limited number of persons a day, so that there are as many officials as the
 * persons need, each with a token and their own persons. */
#ifndef CLI_BENCH_PLACE_H
#define CLI_BENCH_PLACE_H

#include "cli/bench_child.h"
#include "cli/instance.h"

#define BENCH_READERS 50 /* persons who read their own entries */
#define BENCH_ROWS 20    /* entries of each: a page */

struct bench_place {
    struct arena arena;
    const char *program;      /* this program's own path */
    const char *folder;       /* the instance's */
    const char *jurisdiction; /* the folder of one */
    const char *socket, *log; /* the server's */
    size_t persons, persons_each;
    char (*number)[32];
    char (*token)[PEOPLE_SECRET_SIZE];               /* of the official of persons i * persons_each and on */
    char (*acting)[PEOPLE_SECRET_SIZE];              /* the same official, acting by a mandate */
    char session[BENCH_READERS][PEOPLE_SECRET_SIZE]; /* of persons with BENCH_ROWS entries, logged in */
    struct str look;                                 /* the body of a request, up to the number's digits */
    size_t record_bytes, entry_bytes;                /* sealed: one record of the registry, one entry */
    const char *settings;                            /* a line for the reader */
    bool copied;
    struct bench_child server;
};

/* `folder`, `jurisdiction` and `persons` are set; makes the instance and fills all else. */
MUST_USE bool bench_place_make(struct bench_place *place, struct err *err);
/* A copy of one that is not served, in another folder: with the same persons, whom it shares with `from`. */
MUST_USE bool bench_place_copy(struct bench_place *place, const struct bench_place *from, const char *folder,
                               struct err *err);
MUST_USE bool bench_place_serve(struct bench_place *place, struct err *err); /* returns when it answers */
void bench_place_stop(struct bench_place *place);
void bench_place_done(struct bench_place *place);

struct bench_memory {
    double resident_mb, anonymous_mb; /* 10^6 bytes; resident has mapped files too */
};
struct bench_memory bench_place_memory(const struct bench_place *place);

#endif
