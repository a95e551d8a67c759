/* SPDX-License-Identifier: Apache-2.0 */
/* bench_long.h: what a look costs when the log is long: one instance at 10^5 entries and one at 10^7, both
 * served, asked in turn. The long log is filled in bulk, with sealed bodies, by the ledger's own means. */
#ifndef CLI_BENCH_LONG_H
#define CLI_BENCH_LONG_H

#include "cli/bench_place.h"
#include "cli/bench_tell.h"

struct bench_long {
    struct bench_place brief, longer;
};

MUST_USE bool bench_long_fits(const char *folder, struct err *err); /* 12 GB are free */
/* Two copies of a place beside it; one of them is filled. */
MUST_USE bool bench_long_make(struct bench_long *longer, const struct bench_place *from, struct err *err);
/* Serves both, looks at each of `persons` once, then measures; tells two rows. */
MUST_USE bool bench_long_run(struct bench_long *longer, const struct bench_teller *teller, size_t persons,
                             struct err *err);
void bench_long_done(struct bench_long *longer);

#endif
