/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "ledger/ledger_private.h"

/* --- batches by position ---------------------------------------------------------------------------------
 */

static bool corrupt_at(const struct segments *segments, uint64_t position, const char *why, struct err *err)
{
    char place[PLACE_SIZE];
    place_of(place, segments, position);
    return err_set(err, ERR_CORRUPT, place, "%s: run aina fsck", why);
}

static bool head_at(const struct segments *segments, uint64_t position, struct batch_head *ret_head,
                    bool *ret_there, struct err *err)
{
    uint8_t bytes[BATCH_HEAD_SIZE];
    struct batch_head head;
    uint64_t rest = segments->bytes - position % segments->bytes;
    *ret_there = false;
    if (rest < sizeof bytes)
        return true;
    if (!segments_read(segments, position, bytes, sizeof bytes, err))
        return false;
    if (batch_head_read(bytes, &head) && batch_room(&head) <= rest) {
        *ret_head = head;
        *ret_there = true;
    }
    return true;
}

bool batch_after(const struct segments *segments, uint64_t end, uint64_t number, struct found *ret_found,
                 struct err *err)
{
    struct batch_head head;
    bool there = false;
    uint64_t position = end;
    if (end % segments->bytes != 0 && !head_at(segments, position, &head, &there, err))
        return false;
    if (!there || head.number != number) {
        position = (end + segments->bytes - 1) / segments->bytes * segments->bytes;
        if (!head_at(segments, position, &head, &there, err))
            return false;
    }
    if (!there || head.number != number)
        return corrupt_at(segments, end, "a batch is missing", err);
    *ret_found = (struct found){position, head};
    return true;
}

bool batch_load(const struct segments *segments, uint64_t position, struct batch_head *ret_head,
                uint8_t **ret_bytes, struct err *err)
{
    struct batch_head head;
    bool there;
    if (!head_at(segments, position, &head, &there, err))
        return false;
    if (!there)
        return corrupt_at(segments, position, "no batch stands here", err);
    size_t n = batch_room(&head);
    uint8_t *bytes = malloc(n);
    must(bytes != NULL);
    if (!segments_read(segments, position, bytes, n, err) ||
        (!batch_crc_holds(bytes, &head) &&
         !corrupt_at(segments, position, "the batch's checksum does not match", err))) {
        free(bytes);
        return false;
    }
    *ret_head = head;
    *ret_bytes = bytes;
    return true;
}

/* The newest mark at or below the leaf. */
static struct mark mark_below(struct ledger *ledger, uint64_t leaf)
{
    pthread_mutex_lock(&ledger->lock);
    size_t low = 0, high = ledger->marks_n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ledger->marks[middle].leaf <= leaf)
            low = middle;
        else
            high = middle;
    }
    struct mark mark = ledger->marks[low];
    pthread_mutex_unlock(&ledger->lock);
    return mark;
}

bool ledger_find(struct ledger *ledger, uint64_t leaf, struct found *ret_found, struct err *err)
{
    uint64_t durable = ledger_durable(ledger);
    if (leaf >= durable)
        return err_set(err, ERR_NOT_FOUND, "ledger", "the log has %llu entries, no entry %llu",
                       (unsigned long long)durable, (unsigned long long)leaf);
    struct found found = {.position = mark_below(ledger, leaf).position};
    bool there;
    if (!head_at(&ledger->segments, found.position, &found.head, &there, err))
        return false;
    if (!there || found.head.first > leaf)
        return corrupt_at(&ledger->segments, found.position, "no batch stands here", err);
    while (leaf >= found.head.first + found.head.n) {
        uint64_t end = found.position + batch_room(&found.head);
        if (!batch_after(&ledger->segments, end, found.head.number + 1, &found, err))
            return false;
    }
    *ret_found = found;
    return true;
}

/* --- entries ---------------------------------------------------------------------------------------------
 */

static void entry_fill(struct ledger_entry *entry, const struct batch_head *batch, uint32_t i,
                       const struct entry_head *head)
{
    entry->leaf_number = batch->first + i;
    entry->shard = head->shard;
    entry->number = head->number;
    entry->previous = head->previous;
    entry->stream = head->stream;
    memcpy(entry->handle, head->handle, sizeof entry->handle);
    memcpy(entry->id, head->id, sizeof entry->id);
    entry->batch_time = batch->time;
    entry->body_n = head->body_n;
}

/* Bodies by their CRC: whole, erased, or neither. */
static bool body_state(const uint8_t *body, const struct entry_head *head, bool *ret_erased)
{
    bool whole = crc32c(0, body, head->body_n) == head->body_crc;
    *ret_erased = !whole && bytes_zero(body, head->body_n);
    return whole || *ret_erased;
}

/* A batch of few entries is read at once; of a large one, only what is asked for. */
#define SMALL_BATCH 4096

struct batch_reader {
    const struct segments *segments;
    uint64_t from, n; /* what `bytes` holds of the file */
    uint8_t bytes[SMALL_BATCH];
};

static bool batch_open(struct batch_reader *r, const struct segments *segments, const struct found *found,
                       struct err *err)
{
    r->segments = segments;
    r->from = found->position;
    r->n = batch_bytes(&found->head) <= SMALL_BATCH ? batch_bytes(&found->head) : 0;
    return r->n == 0 || segments_read(segments, r->from, r->bytes, r->n, err);
}

static bool batch_get(const struct batch_reader *r, uint64_t at, void *out, size_t n, struct err *err)
{
    if (at < r->from || n > r->n || at - r->from > r->n - n)
        return segments_read(r->segments, at, out, n, err);
    memcpy(out, r->bytes + (at - r->from), n);
    return true;
}

/* Reads entry i of a batch. The lengths of the bodies before it stand in the entry headers before it. */
static bool read_in_batch(struct ledger *ledger, const struct found *found, uint32_t i, struct arena *arena,
                          struct ledger_entry *ret_entry, struct err *err)
{
    const struct batch_head *batch = &found->head;
    const struct segments *segments = &ledger->segments;
    size_t heads_n = (size_t)(i + 1) * ENTRY_HEAD_SIZE;
    uint64_t heads_at = found->position + BATCH_HEAD_SIZE;
    uint64_t leaves_at = heads_at + (uint64_t)batch->n * ENTRY_HEAD_SIZE;
    uint64_t body_at = leaves_at + (uint64_t)batch->n * LEAF_SIZE;
    uint8_t *heads = malloc(heads_n), leaf[LEAF_SIZE];
    struct ledger_entry entry = {0};
    struct entry_head head;
    struct batch_reader reader;
    must(heads != NULL);
    bool good = batch_open(&reader, segments, found, err) &&
                batch_get(&reader, heads_at, heads, heads_n, err) &&
                batch_get(&reader, leaves_at + (uint64_t)i * LEAF_SIZE, leaf, sizeof leaf, err);
    for (uint32_t before = 0; good && before < i; before++)
        body_at += get_u32be(heads + (size_t)before * ENTRY_HEAD_SIZE);
    if (good &&
        (!leaf_parse(leaf, &entry.leaf) ||
         !entry_head_read(heads + heads_n - ENTRY_HEAD_SIZE, ledger->header_key, batch->salt,
                          batch->first + i, &head) ||
         head.body_n > LEDGER_BODY_MAX || body_at + head.body_n > found->position + batch_bytes(batch)))
        good =
            corrupt_at(segments, heads_at + heads_n - ENTRY_HEAD_SIZE, "an entry's header is damaged", err);
    free(heads);
    if (!good)
        return false;
    uint8_t *body = arena_take(arena, head.body_n + 1, 1);
    if (!batch_get(&reader, body_at, body, head.body_n, err))
        return false;
    if (!body_state(body, &head, &entry.erased))
        return corrupt_at(segments, body_at, "a body's checksum does not match", err);
    entry_fill(&entry, batch, i, &head);
    entry.body = body;
    *ret_entry = entry;
    return true;
}

bool ledger_read(struct ledger *ledger, uint64_t leaf, struct arena *arena, struct ledger_entry *ret_entry,
                 struct err *err)
{
    struct found found;
    if (!ledger_find(ledger, leaf, &found, err))
        return false;
    uint32_t i = (uint32_t)(leaf - found.head.first);
    if (read_in_batch(ledger, &found, i, arena, ret_entry, err))
        return true;
    if (err->code != ERR_CORRUPT)
        return false;
    pthread_mutex_lock(&ledger->erase_lock); /* perhaps it was being erased just then */
    bool good = read_in_batch(ledger, &found, i, arena, ret_entry, err);
    pthread_mutex_unlock(&ledger->erase_lock);
    return good;
}

bool ledger_head(struct ledger *ledger, const struct ledger_stream *stream, struct ledger_head *ret_head)
{
    pthread_mutex_lock(&ledger->lock);
    const struct head_slot *slot = heads_find(&ledger->heads, stream);
    if (slot != NULL)
        *ret_head =
            (struct ledger_head){slot->last, slot->shard, slot->count, (uint64_t)slot->earlier + slot->count};
    pthread_mutex_unlock(&ledger->lock);
    return slot != NULL;
}

/* The entry header alone. */
static bool read_head(struct ledger *ledger, uint64_t leaf, struct entry_head *ret_head, struct err *err)
{
    struct found found;
    uint8_t bytes[ENTRY_HEAD_SIZE];
    if (!ledger_find(ledger, leaf, &found, err))
        return false;
    uint64_t at = found.position + BATCH_HEAD_SIZE + (leaf - found.head.first) * ENTRY_HEAD_SIZE;
    return segments_read(&ledger->segments, at, bytes, sizeof bytes, err) &&
           (entry_head_read(bytes, ledger->header_key, found.head.salt, leaf, ret_head) ||
            corrupt_at(&ledger->segments, at, "an entry's header is damaged", err));
}

bool ledger_seek(struct ledger *ledger, const struct ledger_stream *stream, uint64_t before, bool *ret_found,
                 uint64_t *ret_leaf, struct err *err)
{
    uint64_t leaf, next;
    pthread_mutex_lock(&ledger->lock);
    bool found = heads_near(&ledger->heads, stream, before, &leaf);
    pthread_mutex_unlock(&ledger->lock);
    if (found && !ledger_wait(ledger, leaf + 1, err))
        return false;
    for (next = leaf + 1; found && next > before; found = next != 0) {
        struct entry_head head;
        if (!read_head(ledger, next - 1, &head, err))
            return false;
        next = head.previous;
    }
    *ret_found = found;
    if (found)
        *ret_leaf = next - 1;
    return true;
}

/* --- scans -----------------------------------------------------------------------------------------------
 */

struct scan {
    uint64_t from, to;
    ledger_scan_fn *fn;
    void *arg;
    bool over;
};

static bool scan_batch(struct ledger *ledger, struct scan *scan, uint64_t position,
                       const struct batch_head *head, const uint8_t *bytes, struct err *err)
{
    const uint8_t *body = batch_leaf(bytes, head->n, head->n), *end = bytes + batch_bytes(head);
    for (uint32_t i = 0; i < head->n && !scan->over; i++) {
        struct entry_head entry_head;
        struct ledger_entry entry = {0};
        uint64_t leaf = head->first + i;
        uint32_t body_n = get_u32be(batch_entry(bytes, i));
        if (leaf >= scan->from && leaf < scan->to) {
            if (!entry_head_read(batch_entry(bytes, i), ledger->header_key, head->salt, leaf, &entry_head) ||
                !leaf_parse(batch_leaf(bytes, head->n, i), &entry.leaf) || body_n > (size_t)(end - body) ||
                !body_state(body, &entry_head, &entry.erased))
                return corrupt_at(&ledger->segments, position + (uint64_t)(body - bytes),
                                  "an entry is damaged", err);
            entry_fill(&entry, head, i, &entry_head);
            entry.body = body;
            scan->over = !scan->fn(scan->arg, &entry);
        }
        body += body_n;
    }
    scan->over = scan->over || head->first + head->n >= scan->to;
    return true;
}

bool ledger_scan(struct ledger *ledger, uint64_t from, uint64_t to, ledger_scan_fn *fn, void *arg,
                 struct err *err)
{
    struct scan scan = {from, MIN_OF(to, ledger_durable(ledger)), fn, arg, false};
    struct found found;
    if (scan.from >= scan.to)
        return true;
    if (!ledger_find(ledger, from, &found, err))
        return false;
    while (!scan.over) {
        struct batch_head head;
        uint8_t *bytes;
        if (!batch_load(&ledger->segments, found.position, &head, &bytes, err))
            return false;
        bool good = scan_batch(ledger, &scan, found.position, &head, bytes, err);
        free(bytes);
        if (!good || (!scan.over && !batch_after(&ledger->segments, found.position + batch_room(&head),
                                                 head.number + 1, &found, err)))
            return false;
    }
    return true;
}

struct id_search {
    const uint8_t *id;
    bool found;
    uint64_t leaf;
};

static bool id_here(void *arg, const struct ledger_entry *entry)
{
    struct id_search *search = arg;
    search->found = memcmp(entry->id, search->id, LEDGER_ID_SIZE) == 0;
    search->leaf = entry->leaf_number;
    return !search->found;
}

bool ledger_find_id(struct ledger *ledger, const uint8_t id[LEDGER_ID_SIZE], uint64_t from, bool *ret_found,
                    uint64_t *ret_leaf, struct err *err)
{
    struct id_search search = {.id = id};
    if (!ledger_scan(ledger, from, UINT64_MAX, id_here, &search, err))
        return false;
    *ret_found = search.found;
    if (search.found)
        *ret_leaf = search.leaf;
    return true;
}

void ledger_metrics(struct ledger *ledger, struct buf *out)
{
    pthread_mutex_lock(&ledger->lock);
    uint64_t batches = ledger->batches, bytes = ledger->bytes, durable = ledger->durable;
    uint64_t sync_micros = ledger->sync_micros, queued = ledger->queued;
    bool stopped = ledger->stopped;
    pthread_mutex_unlock(&ledger->lock);
    buf_printf(out,
               "# TYPE aina_ledger_entries_total counter\naina_ledger_entries_total %llu\n"
               "# TYPE aina_ledger_batches_total counter\naina_ledger_batches_total %llu\n"
               "# TYPE aina_ledger_written_bytes_total counter\naina_ledger_written_bytes_total %llu\n"
               "# TYPE aina_ledger_sync_seconds_total counter\naina_ledger_sync_seconds_total %.6f\n"
               "# TYPE aina_ledger_queue gauge\naina_ledger_queue %llu\n"
               "# TYPE aina_ledger_stopped gauge\naina_ledger_stopped %d\n",
               (unsigned long long)durable, (unsigned long long)batches, (unsigned long long)bytes,
               (double)sync_micros / 1e6, (unsigned long long)queued, stopped);
}
