/* SPDX-License-Identifier: Apache-2.0 */
/* streams.c: the newest entry of each stream and marks of the older ones, in memory. */
#include "ledger/streams_private.h"

#include <stdlib.h>

#define HEADS_FIRST 1024

bool stream_none(const struct ledger_stream *stream)
{
    uint64_t halves[2];
    _Static_assert(sizeof halves == sizeof *stream, "a stream is its tag");
    memcpy(halves, stream, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Tags are keyed hashes already, so their bytes are the hash. */
static size_t first_place(size_t cap, const struct ledger_stream *stream)
{
    uint64_t hash;
    memcpy(&hash, stream->tag, sizeof hash);
    return hash & (cap - 1);
}

/* Where the stream stands or would stand. */
static struct head_slot *place(struct head_slot *slots, size_t cap, const struct ledger_stream *stream)
{
    for (size_t i = first_place(cap, stream);; i = (i + 1) & (cap - 1))
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

static struct milestones *long_place(struct milestones *slots, size_t cap, const struct ledger_stream *stream)
{
    for (size_t i = first_place(cap, stream);; i = (i + 1) & (cap - 1))
        if (stream_none(&slots[i].stream) || memcmp(&slots[i].stream, stream, sizeof *stream) == 0)
            return &slots[i];
}

static void milestone_add(struct heads *heads, const struct ledger_stream *stream, uint64_t leaf)
{
    if (heads->long_n >= heads->long_cap / 4 * 3) {
        size_t cap = heads->long_cap == 0 ? 64 : heads->long_cap * 2;
        struct milestones *slots = calloc(cap, sizeof *slots);
        must(slots != NULL);
        for (size_t i = 0; i < heads->long_cap; i++)
            if (!stream_none(&heads->long_ones[i].stream))
                *long_place(slots, cap, &heads->long_ones[i].stream) = heads->long_ones[i];
        free(heads->long_ones);
        heads->long_ones = slots;
        heads->long_cap = cap;
    }
    struct milestones *m = long_place(heads->long_ones, heads->long_cap, stream);
    if (stream_none(&m->stream)) {
        m->stream = *stream;
        heads->long_n++;
    }
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 4 : m->cap * 2;
        m->leaf = realloc(m->leaf, m->cap * sizeof *m->leaf);
        must(m->leaf != NULL);
    }
    m->leaf[m->n++] = leaf;
}

uint32_t heads_take(struct heads *heads, const struct ledger_stream *stream, uint32_t shard, uint64_t leaf,
                    uint64_t *ret_previous)
{
    *ret_previous = 0;
    if (stream_none(stream))
        return LEDGER_NO_NUMBER;
    must(leaf < UINT64_C(1) << 48 && shard < 1u << 16);
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
            slot->earlier += slot->count;
            slot->count = 0;
        }
    }
    uint64_t total = (uint64_t)slot->earlier + slot->count;
    if (total != 0 && total % MILESTONE_EVERY == 0)
        milestone_add(heads, stream, leaf);
    slot->last = leaf & ((UINT64_C(1) << 48) - 1);
    return slot->count++;
}

void heads_fetch(const struct heads *heads, const struct entry_head *entries, size_t n)
{
    for (size_t i = 0; heads->cap != 0 && i < MIN_OF(n, (size_t)HEADS_AHEAD); i++)
        __builtin_prefetch(&heads->slots[first_place(heads->cap, &entries[i].stream)], 1);
}

bool heads_near(struct heads *heads, const struct ledger_stream *stream, uint64_t before, uint64_t *ret_leaf)
{
    const struct head_slot *slot = heads_find(heads, stream);
    if (slot == NULL)
        return false;
    *ret_leaf = slot->last;
    if (slot->last < before || heads->long_cap == 0)
        return true;
    const struct milestones *m = long_place(heads->long_ones, heads->long_cap, stream);
    size_t low = 0, high = m->n; /* the first milestone at or above `before` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->leaf[middle] < before)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < m->n)
        *ret_leaf = m->leaf[low];
    return true;
}

void heads_done(struct heads *heads)
{
    for (size_t i = 0; i < heads->long_cap; i++)
        free(heads->long_ones[i].leaf);
    free(heads->long_ones);
    free(heads->slots);
    *heads = (struct heads){0};
}
