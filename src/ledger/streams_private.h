/* SPDX-License-Identifier: Apache-2.0 */
/* streams_private.h: the newest entry of each stream, in memory: an open-addressing table keyed by the
 * stream's tag, 32 bytes a slot, at most three quarters full; and of streams with many entries every 16th
 * leaf, so that a place far back is found without walking there. Rebuilt from the log at start. No lock of
 * its own. */
#ifndef LEDGER_STREAMS_PRIVATE_H
#define LEDGER_STREAMS_PRIVATE_H

#include "ledger/batch_private.h"

#define MILESTONE_EVERY 16 /* entries of a stream: half a byte an entry */

struct head_slot {
    struct ledger_stream stream; /* all zero: empty */
    uint64_t last : 48;          /* leaf number */
    uint64_t shard : 16;
    uint32_t count;   /* in that shard */
    uint32_t earlier; /* in the shards before it */
};

struct milestones {
    struct ledger_stream stream; /* all zero: empty */
    uint64_t *leaf;              /* of the stream's entries 16, 32, ... counted over all shards */
    size_t n, cap;
};

struct heads {
    struct head_slot *slots;
    size_t cap, n; /* cap is a power of two, or 0 */
    struct milestones *long_ones;
    size_t long_cap, long_n;
};

bool stream_none(const struct ledger_stream *stream);
struct head_slot *heads_find(struct heads *heads, const struct ledger_stream *stream); /* NULL: none */

/* The stream's number for an entry in `shard`, and the entry before it (leaf + 1; 0: none); then notes the
 * entry. Without a stream: LEDGER_NO_NUMBER and 0. */
uint32_t heads_take(struct heads *heads, const struct ledger_stream *stream, uint32_t shard, uint64_t leaf,
                    uint64_t *ret_previous);
/* Fetches what heads_take will touch for the next entries, all at once: it is far from the cache where there
 * are many streams. */
#define HEADS_AHEAD 16
void heads_fetch(const struct heads *heads, const struct entry_head *entries, size_t n);
/* An entry of the stream from which walking back soon meets the newest one below `before`. False: there is no
 * such entry to begin from, because the stream is empty. */
bool heads_near(struct heads *heads, const struct ledger_stream *stream, uint64_t before, uint64_t *ret_leaf);
void heads_done(struct heads *heads);

#endif
