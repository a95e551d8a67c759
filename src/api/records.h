/* SPDX-License-Identifier: Apache-2.0 */
/* records.h: the public records (leaves of type 4) of the published log, newest first, for people to read. */
#ifndef API_RECORDS_H
#define API_RECORDS_H

#include "api/api.h"

struct public_record {
    uint64_t leaf;
    struct str kind, id; /* empty: not one of the kinds that this program writes */
    uint32_t version;
    int64_t time;       /* when its batch was formed */
    struct str content; /* in the arena */
};

/* At most `max`. The first call reads the whole log's leaves (about a second for 10^7), later ones what is
 * new. Any thread; one log a process. */
MUST_USE bool public_records(const struct api *api, struct arena *arena, size_t max,
                             struct public_record **ret_records, size_t *ret_n, uint64_t *ret_total,
                             struct err *err);

#endif
