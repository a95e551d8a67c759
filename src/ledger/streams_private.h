/* SPDX-License-Identifier: Apache-2.0 */
/* streams_private.h: the newest entry of each stream, in memory: an open-addressing table keyed by the
 * stream's tag, 32 bytes a slot, at most three quarters full. Rebuilt from the log at start. No lock of its
 * own. */
#ifndef LEDGER_STREAMS_PRIVATE_H
#define LEDGER_STREAMS_PRIVATE_H

#include "ledger/ledger.h"

struct head_slot {
    struct ledger_stream stream; /* all zero: empty */
    uint64_t last;               /* leaf number */
    uint32_t shard, count;
};

struct heads {
    struct head_slot *slots;
    size_t cap, n; /* cap is a power of two, or 0 */
};

bool stream_none(const struct ledger_stream *stream);
struct head_slot *heads_find(struct heads *heads, const struct ledger_stream *stream); /* NULL: none */

/* The stream's number for an entry in `shard`, and the entry before it (leaf + 1; 0: none); then notes the
 * entry. Without a stream: LEDGER_NO_NUMBER and 0. */
uint32_t heads_take(struct heads *heads, const struct ledger_stream *stream, uint32_t shard, uint64_t leaf,
                    uint64_t *ret_previous);
void heads_done(struct heads *heads);

#endif
