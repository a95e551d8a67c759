/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: finding a batch by a leaf of it, and reading entries: one, from place to place in a stream, or all
 * in order. */
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

/* A read ahead: a batch of few entries fits, so that one is found, checked and taken in one read of the
 * file. */
#define AHEAD 4096
#define WINDOW (2 * AHEAD) /* the longest piece that is asked for at once */
#define HEADS_ONLY BATCH_HEAD_SIZE

struct window {
    const struct segments *segments;
    uint64_t from;
    size_t n, ahead; /* what `bytes` holds of the file; how much is read at once, at least */
    uint8_t bytes[WINDOW];
};

static void window_open(struct window *w, const struct segments *segments, size_t ahead)
{
    w->segments = segments;
    w->from = w->n = 0;
    w->ahead = ahead;
}

/* n bytes at the position, within one segment; valid until the next call. */
static bool window_get(struct window *w, uint64_t at, size_t n, const uint8_t **ret_bytes, struct err *err)
{
    must(n <= WINDOW);
    if (at < w->from || n > w->n || at - w->from > w->n - n) {
        w->from = at;
        w->n = (size_t)MIN_OF((uint64_t)MAX_OF(n, w->ahead), w->segments->bytes - at % w->segments->bytes);
        if (!segments_read(w->segments, at, w->bytes, w->n, err)) {
            w->n = 0;
            return false;
        }
    }
    *ret_bytes = w->bytes + (at - w->from);
    return true;
}

static bool head_in(struct window *w, uint64_t position, struct batch_head *ret_head, bool *ret_there,
                    struct err *err)
{
    const uint8_t *bytes;
    uint64_t rest = w->segments->bytes - position % w->segments->bytes;
    *ret_there = false;
    if (rest < BATCH_HEAD_SIZE)
        return true;
    if (!window_get(w, position, BATCH_HEAD_SIZE, &bytes, err))
        return false;
    *ret_there = batch_head_read(bytes, ret_head) && batch_room(ret_head) <= rest;
    return true;
}

static bool after_in(struct window *w, uint64_t end, uint64_t number, struct found *ret_found,
                     struct err *err)
{
    uint64_t bytes = w->segments->bytes, position = end;
    struct batch_head head;
    bool there = false;
    if (end % bytes != 0 && !head_in(w, position, &head, &there, err))
        return false;
    if (!there || head.number != number) {
        position = (end + bytes - 1) / bytes * bytes;
        if (!head_in(w, position, &head, &there, err))
            return false;
    }
    if (!there || head.number != number)
        return corrupt_at(w->segments, end, "a batch is missing", err);
    *ret_found = (struct found){position, head};
    return true;
}

bool batch_after(const struct segments *segments, uint64_t end, uint64_t number, struct found *ret_found,
                 struct err *err)
{
    struct window w UNFILLED;
    window_open(&w, segments, HEADS_ONLY);
    return after_in(&w, end, number, ret_found, err);
}

bool batch_load(const struct segments *segments, uint64_t position, struct batch_head *ret_head,
                uint8_t **ret_bytes, struct err *err)
{
    struct batch_head head;
    struct window w UNFILLED;
    bool there;
    window_open(&w, segments, HEADS_ONLY);
    if (!head_in(&w, position, &head, &there, err))
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

static bool find_in(struct ledger *ledger, struct window *w, uint64_t leaf, struct found *ret_found,
                    struct err *err)
{
    uint64_t durable = ledger_durable(ledger);
    if (leaf >= durable)
        return err_set(err, ERR_NOT_FOUND, "ledger", "the log has %llu entries, no entry %llu",
                       (unsigned long long)durable, (unsigned long long)leaf);
    struct found found = {.position = mark_below(ledger, leaf).position};
    bool there;
    if (!head_in(w, found.position, &found.head, &there, err))
        return false;
    if (!there || found.head.first > leaf)
        return corrupt_at(w->segments, found.position, "no batch stands here", err);
    while (leaf >= found.head.first + found.head.n) {
        uint64_t end = found.position + batch_room(&found.head);
        if (!after_in(w, end, found.head.number + 1, &found, err))
            return false;
    }
    *ret_found = found;
    return true;
}

bool ledger_find(struct ledger *ledger, uint64_t leaf, struct found *ret_found, struct err *err)
{
    struct window w UNFILLED;
    window_open(&w, &ledger->segments, HEADS_ONLY);
    return find_in(ledger, &w, leaf, ret_found, err);
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

/* Where entry i's body begins: the lengths of the bodies before it stand in the entry headers. */
static bool body_place(struct window *w, const struct found *found, uint32_t i, uint64_t *ret_at,
                       struct err *err)
{
    const uint8_t *bytes;
    uint64_t head_at = found->position + BATCH_HEAD_SIZE;
    uint64_t body_at = head_at + (uint64_t)found->head.n * (ENTRY_HEAD_SIZE + LEAF_SIZE);
    for (uint32_t before = 0; before < i; before++, head_at += ENTRY_HEAD_SIZE) {
        if (!window_get(w, head_at, ENTRY_HEAD_SIZE, &bytes, err))
            return false;
        body_at += get_u32be(bytes);
    }
    *ret_at = body_at;
    return true;
}

static bool read_body(struct window *w, uint64_t at, uint8_t *body, size_t n, struct err *err)
{
    const uint8_t *bytes;
    if (n > WINDOW)
        return segments_read(w->segments, at, body, n, err);
    if (!window_get(w, at, n, &bytes, err))
        return false;
    memcpy(body, bytes, n);
    return true;
}

static bool read_in_batch(struct ledger *ledger, struct window *w, const struct found *found, uint32_t i,
                          struct arena *arena, struct ledger_entry *ret_entry, struct err *err)
{
    const struct batch_head *batch = &found->head;
    uint64_t heads_at = found->position + BATCH_HEAD_SIZE, head_at = heads_at + (uint64_t)i * ENTRY_HEAD_SIZE;
    uint64_t leaf_at = heads_at + (uint64_t)batch->n * ENTRY_HEAD_SIZE + (uint64_t)i * LEAF_SIZE, body_at;
    struct ledger_entry entry = {0};
    struct entry_head head;
    uint8_t key[KEY_SIZE];
    const uint8_t *bytes;
    entry_heads_key(key, ledger->header_key, batch);
    if (!body_place(w, found, i, &body_at, err) || !window_get(w, head_at, ENTRY_HEAD_SIZE, &bytes, err))
        return false;
    w->ahead = 0; /* what is left, a leaf and a body, are two small pieces that may stand far apart */
    bool good = entry_head_read(bytes, key, batch->first + i, &head) && head.body_n <= LEDGER_BODY_MAX &&
                body_at + head.body_n <= found->position + batch_bytes(batch);
    if (good && !window_get(w, leaf_at, LEAF_SIZE, &bytes, err))
        return false;
    if (!good || !leaf_parse(bytes, &entry.leaf))
        return corrupt_at(w->segments, head_at, "an entry's header is damaged", err);
    uint8_t *body = arena_room(arena, head.body_n + 1, 1);
    if (!read_body(w, body_at, body, head.body_n, err))
        return false;
    if (!body_state(body, &head, &entry.erased))
        return corrupt_at(w->segments, body_at, "a body's checksum does not match", err);
    entry_fill(&entry, batch, i, &head);
    entry.body = body;
    *ret_entry = entry;
    return true;
}

bool ledger_read(struct ledger *ledger, uint64_t leaf, struct arena *arena, struct ledger_entry *ret_entry,
                 struct err *err)
{
    struct found found;
    struct window w UNFILLED;
    window_open(&w, &ledger->segments, AHEAD);
    if (!find_in(ledger, &w, leaf, &found, err))
        return false;
    uint32_t i = (uint32_t)(leaf - found.head.first);
    if (read_in_batch(ledger, &w, &found, i, arena, ret_entry, err))
        return true;
    if (err->code != ERR_CORRUPT)
        return false;
    pthread_mutex_lock(&ledger->erase_lock); /* perhaps it was being erased just then */
    window_open(&w, &ledger->segments, AHEAD);
    bool good = read_in_batch(ledger, &w, &found, i, arena, ret_entry, err);
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
    struct window w UNFILLED;
    uint8_t key[KEY_SIZE];
    const uint8_t *bytes;
    window_open(&w, &ledger->segments, AHEAD);
    if (!find_in(ledger, &w, leaf, &found, err))
        return false;
    entry_heads_key(key, ledger->header_key, &found.head);
    uint64_t at = found.position + BATCH_HEAD_SIZE + (leaf - found.head.first) * ENTRY_HEAD_SIZE;
    return window_get(&w, at, ENTRY_HEAD_SIZE, &bytes, err) &&
           (entry_head_read(bytes, key, leaf, ret_head) ||
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
    uint8_t key[KEY_SIZE];
    entry_heads_key(key, ledger->header_key, head);
    for (uint32_t i = 0; i < head->n && !scan->over; i++) {
        struct entry_head entry_head;
        struct ledger_entry entry = {0};
        uint64_t leaf = head->first + i;
        uint32_t body_n = get_u32be(batch_entry(bytes, i));
        if (body_n > (size_t)(end - body)) /* also of those before the first that is wanted */
            return corrupt_at(&ledger->segments, position, "the lengths of its bodies do not add up", err);
        if (leaf >= scan->from && leaf < scan->to) {
            if (!entry_head_read(batch_entry(bytes, i), key, leaf, &entry_head) ||
                !leaf_parse(batch_leaf(bytes, head->n, i), &entry.leaf) ||
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
    const struct {
        const char *name, *type, *help;
        double value;
    } rows[] = {
        {"entries_total", "counter", "Durable entries of the log.", (double)durable},
        {"batches_total", "counter", "Batches made durable since the start.", (double)batches},
        {"written_bytes_total", "counter", "Bytes of those batches.", (double)bytes},
        {"sync_seconds_total", "counter", "Time in fdatasync.", (double)sync_micros / 1e6},
        {"queue", "gauge", "Entries that wait for their batch.", (double)queued},
        {"stopped", "gauge", "1: the log has stopped and takes nothing until a restart.", (double)stopped},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        buf_printf(out, "# HELP aina_ledger_%s %s\n# TYPE aina_ledger_%s %s\naina_ledger_%s %.16g\n",
                   rows[i].name, rows[i].help, rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}
