/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/streams_private.h"

#include <stdlib.h>

#define HEADS_FIRST 1024

bool stream_none(const struct ledger_stream *stream)
{
    static const struct ledger_stream none;
    return memcmp(stream, &none, sizeof none) == 0;
}

/* Where the stream stands or would stand. Tags are keyed hashes already, so their bytes are the hash. */
static struct head_slot *place(struct head_slot *slots, size_t cap, const struct ledger_stream *stream)
{
    uint64_t hash;
    memcpy(&hash, stream->tag, sizeof hash);
    for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1))
        if (stream_none(&slots[i].stream) || memcmp(&slots[i].stream, stream, sizeof *stream) == 0)
            return &slots[i];
}

static void grow(struct heads *heads)
{
    size_t cap = heads->cap == 0 ? HEADS_FIRST : heads->cap * 2;
    struct head_slot *slots = calloc(cap, sizeof *slots);
    must(slots != NULL);
    for (size_t i = 0; i < heads->cap; i++)
        if (!stream_none(&heads->slots[i].stream))
            *place(slots, cap, &heads->slots[i].stream) = heads->slots[i];
    free(heads->slots);
    heads->slots = slots;
    heads->cap = cap;
}

struct head_slot *heads_find(struct heads *heads, const struct ledger_stream *stream)
{
    if (heads->cap == 0 || stream_none(stream))
        return NULL;
    struct head_slot *slot = place(heads->slots, heads->cap, stream);
    return stream_none(&slot->stream) ? NULL : slot;
}

uint32_t heads_take(struct heads *heads, const struct ledger_stream *stream, uint32_t shard, uint64_t leaf,
                    uint64_t *ret_previous)
{
    *ret_previous = 0;
    if (stream_none(stream))
        return LEDGER_NO_NUMBER;
    if (heads->n >= heads->cap / 4 * 3)
        grow(heads);
    struct head_slot *slot = place(heads->slots, heads->cap, stream);
    if (stream_none(&slot->stream)) {
        *slot = (struct head_slot){.stream = *stream, .shard = shard};
        heads->n++;
    } else {
        *ret_previous = slot->last + 1;
        if (slot->shard != shard) {
            slot->shard = shard;
            slot->count = 0;
        }
    }
    slot->last = leaf;
    return slot->count++;
}

void heads_done(struct heads *heads)
{
    free(heads->slots);
    *heads = (struct heads){0};
}
