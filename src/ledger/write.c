/* SPDX-License-Identifier: Apache-2.0 */
/* write.c: numbering, the queue, and the three threads that make entries durable. */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "crypto/keys.h"
#include "ledger/ledger_private.h"

#define BULK_BYTES (8u << 20) /* of one batch of a bulk append */
#define KEEP_ROOM (2u << 20)  /* a batch's buffer that grew past this is given back */
/* To wake the former costs as much as to form several entries: while a batch is on its way to the disk it is
 * left asleep until so many wait together; the end of that batch wakes it in any case. */
#define WAKE_FORMER_AT 8
#define CLOCK_SLACK (10 * CLOCK_SECOND)

/* --- fail-stop --- */

void ledger_fail(struct ledger *ledger, const struct err *why)
{
    pthread_mutex_lock(&ledger->lock);
    bool first = !ledger->stopped;
    if (first) {
        ledger->why = *why;
        ledger->why.code = ERR_STOPPED;
    }
    ledger->stopped = true;
    uint64_t durable = ledger->durable;
    size_t callbacks_n = ledger->callbacks_n;
    pthread_cond_broadcast(&ledger->work);
    pthread_cond_broadcast(&ledger->ready);
    pthread_cond_broadcast(&ledger->released);
    pthread_cond_broadcast(&ledger->published_more);
    pthread_cond_broadcast(&ledger->keep);
    pthread_cond_broadcast(&ledger->spare);
    pthread_mutex_unlock(&ledger->lock);
    for (size_t i = 0; first && i < callbacks_n; i++)
        ledger->callbacks[i].fn(ledger->callbacks[i].arg, durable, true);
}

bool ledger_stopped(const struct ledger *ledger, struct err *ret_why)
{
    struct ledger *open = (struct ledger *)ledger;
    pthread_mutex_lock(&open->lock);
    bool stopped = open->stopped;
    if (stopped && ret_why != NULL)
        *ret_why = open->why;
    pthread_mutex_unlock(&open->lock);
    return stopped;
}

/* --- numbering and the queue --- */

static struct slot *slot_at(struct ledger *ledger, uint64_t i)
{
    return &ledger->ring[i % ledger->ring_cap];
}

static bool may_write(struct ledger *ledger, struct err *err)
{
    if (ledger->read_only)
        return err_set(err, ERR_NOT_ALLOWED, ledger->folder_path, "the ledger was opened for reading only");
    if (ledger->stopped)
        *err = ledger->why;
    return !ledger->stopped;
}

static void number_entry(struct ledger *ledger, struct slot *slot, const struct ledger_want *want)
{
    slot->leaf = ledger->numbered++;
    slot->leaf_value.type = (uint8_t)want->type;
    slot->bulk = NULL;
    slot->head = (struct entry_head){.stream = want->stream, .shard = ledger->shard};
    memcpy(slot->head.handle, want->handle, sizeof want->handle);
    memcpy(slot->head.id, want->id, sizeof want->id);
    slot->head.number =
        heads_take(&ledger->heads, &want->stream, ledger->shard, slot->leaf, &slot->head.previous);
}

bool ledger_reserve(struct ledger *ledger, const struct ledger_want *want, size_t n,
                    struct ledger_ticket *ret_ticket, struct err *err)
{
    must(n >= 1 && n <= LEDGER_BATCH_ENTRIES);
    pthread_mutex_lock(&ledger->lock);
    bool good = may_write(ledger, err);
    if (good && (ledger->queued + n > ledger->queue_max ||
                 ledger->ring_head - ledger->ring_tail + n > ledger->ring_cap))
        good = err_set(err, ERR_BUSY, "ledger", "%zu entries wait for the disk already: try again shortly",
                       ledger->queued);
    for (size_t i = 0; good && i < n; i++) {
        struct slot *slot = slot_at(ledger, ledger->ring_head + i);
        slot->group = (uint16_t)(n - i);
        number_entry(ledger, slot, &want[i]);
        ret_ticket->slot[i] =
            (struct ledger_slot){.leaf = slot->leaf, .shard = slot->head.shard, .number = slot->head.number};
    }
    if (good) {
        ret_ticket->n = n;
        ret_ticket->place = ledger->ring_head;
        ledger->queued += n;
        ledger->ring_head += n;
    }
    pthread_mutex_unlock(&ledger->lock);
    if (good)
        kill_point(KILL_NUMBERED);
    return good;
}

static void fill_slot(struct slot *slot, const struct ledger_slot *given)
{
    must(given->body_n <= LEDGER_BODY_MAX);
    memcpy(slot->leaf_value.label, given->label, sizeof given->label);
    memcpy(slot->leaf_value.commit, given->commit, sizeof given->commit);
    slot->body = given->body_n <= SLOT_INLINE ? slot->inline_body : malloc(given->body_n);
    must(slot->body != NULL);
    if (given->body_n != 0)
        memcpy(slot->body, given->body, given->body_n);
    slot->head.body_n = (uint32_t)given->body_n;
    slot->head.body_crc = crc32c(0, slot->body, given->body_n);
}

void ledger_submit(struct ledger *ledger, struct ledger_ticket *ticket)
{
    for (size_t i = 0; i < ticket->n; i++)
        fill_slot(slot_at(ledger, ticket->place + i), &ticket->slot[i]);
    /* Last first: who sees the first entry of a group sees all of it. */
    for (size_t i = ticket->n; i-- > 0;)
        atomic_store_explicit(&slot_at(ledger, ticket->place + i)->submitted, true, memory_order_release);
    kill_point(KILL_SUBMITTED);
    pthread_mutex_lock(&ledger->lock);
    bool disk_idle = ledger->syncing == NULL && ledger->to_sync == NULL;
    bool wake = ledger->former_idle && (disk_idle || ledger->ring_head - ledger->ring_tail >= WAKE_FORMER_AT);
    if (wake)
        ledger->former_idle = false;
    pthread_mutex_unlock(&ledger->lock);
    if (wake)
        pthread_cond_signal(&ledger->work); /* outside the lock, which it would have to wait for */
}

static bool ready_fits(const struct ledger_ready *ready, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (ready[i].body_n > LEDGER_BODY_MAX)
            return err_set(err, ERR_TOO_LARGE, "ledger", "entry %zu has %zu bytes, more than the %d allowed",
                           i, ready[i].body_n, LEDGER_BODY_MAX);
    return true;
}

bool ledger_append_many(struct ledger *ledger, const struct ledger_ready *ready, size_t n, struct err *err)
{
    if (!ready_fits(ready, n, err))
        return false;
    pthread_mutex_lock(&ledger->lock);
    while (!ledger->stopped && !ledger->read_only &&
           (ledger->bulk_waits || ledger->ring_head - ledger->ring_tail == ledger->ring_cap))
        pthread_cond_wait(&ledger->released, &ledger->lock);
    bool good = may_write(ledger, err);
    if (good && n != 0) {
        struct slot *slot = slot_at(ledger, ledger->ring_head++);
        slot->group = 1;
        slot->leaf = ledger->numbered;
        slot->bulk = ready;
        slot->bulk_n = n;
        slot->head = (struct entry_head){.number = LEDGER_NO_NUMBER, .shard = ledger->shard};
        ledger->numbered += n;
        uint64_t size = ledger->numbered;
        ledger->bulk_waits = true;
        atomic_store_explicit(&slot->submitted, true, memory_order_release);
        pthread_cond_signal(&ledger->work);
        while (!ledger->stopped && ledger->durable < size)
            pthread_cond_wait(&ledger->released, &ledger->lock);
        ledger->bulk_waits = false;
        pthread_cond_broadcast(&ledger->released);
        good = ledger->durable >= size || may_write(ledger, err);
    }
    pthread_mutex_unlock(&ledger->lock);
    return good;
}

uint32_t ledger_shard(const struct ledger *ledger)
{
    struct ledger *open = (struct ledger *)ledger;
    pthread_mutex_lock(&open->lock);
    uint32_t shard = open->shard;
    pthread_mutex_unlock(&open->lock);
    return shard;
}

void ledger_set_shard(struct ledger *ledger, uint32_t shard)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->shard = shard;
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_size(const struct ledger *ledger)
{
    struct ledger *open = (struct ledger *)ledger;
    pthread_mutex_lock(&open->lock);
    uint64_t size = open->numbered;
    pthread_mutex_unlock(&open->lock);
    return size;
}

uint64_t ledger_durable(const struct ledger *ledger)
{
    struct ledger *open = (struct ledger *)ledger;
    pthread_mutex_lock(&open->lock);
    uint64_t durable = open->durable;
    pthread_mutex_unlock(&open->lock);
    return durable;
}

bool ledger_wait(struct ledger *ledger, uint64_t size, struct err *err)
{
    pthread_mutex_lock(&ledger->lock);
    while (ledger->durable < size && !ledger->stopped && !ledger->read_only)
        pthread_cond_wait(&ledger->released, &ledger->lock);
    bool good = ledger->durable >= size || may_write(ledger, err);
    pthread_mutex_unlock(&ledger->lock);
    return good;
}

void ledger_on_durable(struct ledger *ledger, ledger_durable_fn *fn, void *arg)
{
    pthread_mutex_lock(&ledger->lock);
    must(ledger->callbacks_n < CALLBACKS_MAX);
    ledger->callbacks[ledger->callbacks_n].fn = fn;
    ledger->callbacks[ledger->callbacks_n++].arg = arg;
    pthread_mutex_unlock(&ledger->lock);
}

void marks_add(struct ledger *ledger, uint64_t leaf, uint64_t position)
{
    if (ledger->marks_n != 0 && leaf < ledger->marks[ledger->marks_n - 1].leaf + INDEX_EVERY)
        return;
    if (ledger->marks_n == ledger->marks_cap) {
        ledger->marks_cap = ledger->marks_cap == 0 ? 256 : ledger->marks_cap * 2;
        ledger->marks = realloc(ledger->marks, ledger->marks_cap * sizeof *ledger->marks);
        must(ledger->marks != NULL);
    }
    ledger->marks[ledger->marks_n++] = (struct mark){leaf, position};
}

/* --- forming --- */

static void batch_start(const struct ledger *ledger, struct batch *batch, uint64_t first, size_t n,
                        size_t bodies)
{
    batch->head = (struct batch_head){.first = first};
    random_bytes(batch->head.salt, sizeof batch->head.salt);
    entry_heads_key(batch->heads_key, ledger->header_key, &batch->head);
    batch->prefix = BATCH_HEAD_SIZE + n * ENTRY_FIXED;
    batch->bodies = 0;
    if (n > batch->entries_cap) {
        batch->entry_heads = realloc(batch->entry_heads, n * ENTRY_HEAD_SIZE);
        batch->leaves = realloc(batch->leaves, n * LEAF_SIZE);
        batch->entries_cap = n;
    }
    size_t room = batch->prefix + bodies + BATCH_ALIGN;
    if (room > batch->room_cap) {
        free(batch->room);
        batch->room = malloc(room);
        batch->room_cap = room;
    }
    must(batch->entry_heads != NULL && batch->leaves != NULL && batch->room != NULL);
    growth_start(&batch->growth, first);
}

static void batch_free(struct batch *batch)
{
    free(batch->entry_heads);
    free(batch->leaves);
    free(batch->room);
    growth_done(&batch->growth);
    *batch = (struct batch){0};
}

static void batch_add(struct ledger *ledger, struct batch *batch, const struct entry_head *head,
                      const struct leaf *leaf, const uint8_t *body)
{
    uint32_t i = batch->head.n++;
    uint8_t *bytes = batch->leaves + (size_t)i * LEAF_SIZE;
    struct tree_hash hash;
    leaf_write(bytes, leaf);
    tree_leaf_hash(&hash, bytes, LEAF_SIZE);
    growth_add(&batch->growth, &ledger->edge, bytes, &hash);
    entry_head_write(batch->entry_heads + (size_t)i * ENTRY_HEAD_SIZE, batch->heads_key,
                     batch->head.first + i, head);
    if (head->body_n != 0)
        memcpy(batch->room + batch->prefix + batch->bodies, body, head->body_n);
    batch->bodies += head->body_n;
}

/* Whether the group at this place of the queue can join the batch. */
static bool group_fits(struct ledger *ledger, uint64_t at, const struct batch *batch)
{
    const struct slot *first = slot_at(ledger, at);
    if (batch == NULL || batch->head.n == 0)
        return true;
    if (first->bulk != NULL || batch->head.n + first->group > LEDGER_BATCH_ENTRIES)
        return false;
    size_t bytes = BATCH_HEAD_SIZE + (batch->head.n + (size_t)first->group) * ENTRY_FIXED + batch->bodies;
    for (uint64_t i = 0; i < first->group; i++)
        bytes += slot_at(ledger, at + i)->head.body_n;
    return bytes <= LEDGER_BATCH_BYTES;
}

static bool is_submitted(struct ledger *ledger, uint64_t at)
{
    return atomic_load_explicit(&slot_at(ledger, at)->submitted, memory_order_acquire);
}

/* Takes the group at this place of the queue into the batch; returns the place after it. */
static uint64_t absorb_group(struct ledger *ledger, uint64_t at, struct batch *batch)
{
    size_t n = slot_at(ledger, at)->group, bodies = 0;
    for (uint64_t i = 0; i < n; i++)
        bodies += slot_at(ledger, at + i)->head.body_n;
    if (batch->head.n == 0)
        batch_start(ledger, batch, slot_at(ledger, at)->leaf, LEDGER_BATCH_ENTRIES,
                    MAX_OF(bodies, (size_t)LEDGER_BATCH_BYTES));
    for (uint64_t i = 0; i < n; i++) {
        struct slot *slot = slot_at(ledger, at + i);
        batch_add(ledger, batch, &slot->head, &slot->leaf_value, slot->body);
        if (slot->body != slot->inline_body)
            free(slot->body);
        atomic_store_explicit(&slot->submitted, false, memory_order_relaxed);
    }
    return at + n;
}

/* (lock) An empty ring starts again at its first slots, so that memory and cache hold no more of it than is
 * used at one time. */
static void move_tail(struct ledger *ledger, uint64_t tail)
{
    ledger->ring_tail = tail;
    if (tail == ledger->ring_head)
        ledger->ring_tail = ledger->ring_head = 0;
}

/* Takes what waits at the queue's tail, up to `head`. Slots are the former's until ring_tail passes them. */
static void absorb(struct ledger *ledger, struct batch *batch, uint64_t head)
{
    uint64_t tail = ledger->ring_tail; /* nobody else moves it */
    do
        tail = absorb_group(ledger, tail, batch);
    while (tail != head && is_submitted(ledger, tail) && group_fits(ledger, tail, batch));
    pthread_mutex_lock(&ledger->lock);
    move_tail(ledger, tail);
    pthread_mutex_unlock(&ledger->lock);
}

/* How many of the bulk's remaining entries make the next batch: what fits in the rest of the segment, unless
 * that is less than a quarter of a batch. */
static size_t bulk_take(const struct ledger *ledger, const struct ledger_ready *ready, size_t n)
{
    uint64_t rest = ledger->segments.bytes - ledger->end % ledger->segments.bytes;
    size_t most = (size_t)MIN_OF((uint64_t)BULK_BYTES, ledger->segments.bytes) - BATCH_ALIGN;
    size_t limit = rest > most / 4 ? (size_t)MIN_OF((uint64_t)most, rest - BATCH_ALIGN) : most;
    size_t bytes = BATCH_HEAD_SIZE, take = 0;
    while (take < n && bytes + ENTRY_FIXED + ready[take].body_n <= limit)
        bytes += ENTRY_FIXED + ready[take++].body_n;
    return take;
}

static void absorb_bulk(struct ledger *ledger, struct batch *batch)
{
    struct slot *slot = slot_at(ledger, ledger->ring_tail);
    const struct ledger_ready *ready = slot->bulk + ledger->bulk_done;
    size_t n = bulk_take(ledger, ready, slot->bulk_n - ledger->bulk_done), bodies = 0;
    for (size_t i = 0; i < n; i++)
        bodies += ready[i].body_n;
    batch_start(ledger, batch, slot->leaf + ledger->bulk_done, n, bodies);
    batch->bulk = true;
    for (size_t i = 0; i < n; i++) {
        struct entry_head head = slot->head;
        head.body_n = (uint32_t)ready[i].body_n;
        head.body_crc = crc32c(0, ready[i].body, ready[i].body_n);
        batch_add(ledger, batch, &head, &ready[i].leaf, ready[i].body);
    }
    ledger->bulk_done += n;
    if (ledger->bulk_done == slot->bulk_n) {
        ledger->bulk_done = 0;
        atomic_store_explicit(&slot->submitted, false, memory_order_relaxed);
        pthread_mutex_lock(&ledger->lock);
        move_tail(ledger, ledger->ring_tail + 1);
        pthread_mutex_unlock(&ledger->lock);
    }
}

/* (lock) */
static bool wants_spare(const struct ledger *ledger)
{
    return !ledger->spare_failed && ledger->segments.count <= ledger->end / ledger->segments.bytes + 1;
}

/* Waits until the segment is there; the keeper makes them ahead, so this is rare. */
static bool wait_segment(struct ledger *ledger, uint64_t segment, struct err *err)
{
    pthread_mutex_lock(&ledger->lock);
    while (ledger->segments.count <= segment && !ledger->spare_failed && !ledger->stopped)
        pthread_cond_wait(&ledger->spare, &ledger->lock);
    bool there = ledger->segments.count > segment;
    if (!there)
        *err = ledger->spare_failed ? ledger->spare_why : ledger->why;
    pthread_mutex_unlock(&ledger->lock);
    return there;
}

static bool place_batch(struct ledger *ledger, struct batch *batch, struct err *err)
{
    uint64_t segment = ledger->end / ledger->segments.bytes;
    uint64_t used = ledger->end % ledger->segments.bytes;
    if (used != 0 && used + batch_room(&batch->head) > ledger->segments.bytes) {
        segment++;
        used = 0;
    }
    batch->position = segment * ledger->segments.bytes + used;
    pthread_mutex_lock(&ledger->lock);
    ledger->end = batch->position + batch_room(&batch->head);
    if (wants_spare(ledger))
        pthread_cond_signal(&ledger->keep);
    pthread_mutex_unlock(&ledger->lock);
    return wait_segment(ledger, segment, err);
}

static bool stamp_time(struct ledger *ledger, struct batch *batch, struct err *err)
{
    int64_t now = clock_now();
    if (now < ledger->last_time - CLOCK_SLACK)
        return err_set(err, ERR_STOPPED, "clock",
                       "the clock was set back below the last batch's time: set it right and start again");
    batch->head.time = ledger->last_time = MAX_OF(now, ledger->last_time);
    return true;
}

/* The forming batch is full enough: everything but `synced` and the last CRC is settled. */
static bool close_batch(struct ledger *ledger, struct batch *batch, struct err *err)
{
    struct batch_head *head = &batch->head;
    head->bodies = (uint32_t)batch->bodies;
    if (!stamp_time(ledger, batch, err) || !place_batch(ledger, batch, err))
        return false;
    head->number = ledger->next_batch++;
    head->signed_size = ledger->last_signed.size;
    head->signed_root = ledger->last_signed.root;
    memcpy(head->signature, ledger->last_signed.signature, SIGNATURE_SIZE);
    if (!signed_root_sign(&batch->after, &ledger->edge, &ledger->keys, err))
        return false;
    ledger->last_signed = batch->after;
    uint8_t *heads = batch->room + batch->prefix - (size_t)head->n * ENTRY_FIXED;
    memcpy(heads, batch->entry_heads, (size_t)head->n * ENTRY_HEAD_SIZE);
    memcpy(heads + (size_t)head->n * ENTRY_HEAD_SIZE, batch->leaves, (size_t)head->n * LEAF_SIZE);
    batch->crc = crc32c(0, heads, (size_t)head->n * ENTRY_FIXED);
    memset(batch->room + batch->prefix + batch->bodies, 0, batch_room(head) - batch_bytes(head));
    kill_point(KILL_BATCH_FORMED);
    return true;
}

static bool derive(struct ledger *ledger, struct batch *batch, struct err *err)
{
    if (!growth_write(&batch->growth, &ledger->derived, err))
        return false;
    struct signed_root after = batch->after;
    pthread_mutex_lock(&ledger->lock);
    ledger->published = after;
    ledger->to_derive = batch->next;
    if (batch->room_cap > KEEP_ROOM)
        batch_free(batch);
    batch->bulk = false;
    batch->head.n = 0;
    batch->next = ledger->free_batches;
    ledger->free_batches = batch;
    if (!ledger->stored_behind)
        pthread_cond_signal(&ledger->keep);
    ledger->stored_behind = true;
    pthread_cond_broadcast(&ledger->published_more);
    pthread_mutex_unlock(&ledger->lock);
    return true;
}

enum next_work { WORK_ABSORB, WORK_CLOSE, WORK_DERIVE, WORK_END };

/* (lock) What the former does now. The forming batch is closed when nothing is being synced, when it is full,
 * or when it holds as much as the one being synced: then waiting longer gains nothing. */
static bool choose(struct ledger *ledger, enum next_work *ret_work)
{
    struct batch *forming = ledger->forming;
    uint64_t tail = ledger->ring_tail;
    bool waits = tail != ledger->ring_head && is_submitted(ledger, tail);
    bool fits = waits && group_fits(ledger, tail, forming);
    if (ledger->to_sync == NULL && fits && !(forming && forming->bulk) &&
        (forming != NULL || ledger->free_batches != NULL)) {
        *ret_work = WORK_ABSORB;
        return true;
    }
    if (forming != NULL && ledger->to_sync == NULL &&
        (ledger->syncing == NULL || forming->bulk || (waits && !fits) ||
         forming->head.n >= ledger->syncing->head.n)) {
        *ret_work = WORK_CLOSE;
        return true;
    }
    if (ledger->to_derive != NULL) {
        *ret_work = WORK_DERIVE;
        return true;
    }
    *ret_work = WORK_END;
    return ledger->stopped || (ledger->closing && ledger->ring_tail == ledger->ring_head && forming == NULL &&
                               ledger->to_sync == NULL && ledger->syncing == NULL);
}

static enum next_work next_work(struct ledger *ledger, uint64_t *ret_head)
{
    enum next_work work;
    pthread_mutex_lock(&ledger->lock);
    while (!choose(ledger, &work)) {
        ledger->former_idle = true;
        pthread_cond_wait(&ledger->work, &ledger->lock);
        ledger->former_idle = false;
    }
    if (ledger->stopped)
        work = WORK_END;
    if (work == WORK_ABSORB && ledger->forming == NULL) {
        ledger->forming = ledger->free_batches;
        ledger->free_batches = ledger->forming->next;
    }
    *ret_head = ledger->ring_head;
    pthread_mutex_unlock(&ledger->lock);
    return work;
}

static void hand_over(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->to_sync = ledger->forming;
    ledger->forming = NULL;
    pthread_cond_signal(&ledger->ready);
    pthread_mutex_unlock(&ledger->lock);
}

static void *former_main(void *arg)
{
    struct ledger *ledger = arg;
    struct err err = {0};
    bool good = true, on = true;
    uint64_t head;
    while (good && on) {
        switch (next_work(ledger, &head)) {
        case WORK_ABSORB:
            if (slot_at(ledger, ledger->ring_tail)->bulk != NULL)
                absorb_bulk(ledger, ledger->forming);
            else
                absorb(ledger, ledger->forming, head);
            break;
        case WORK_CLOSE:
            good = close_batch(ledger, ledger->forming, &err);
            if (good)
                hand_over(ledger);
            break;
        case WORK_DERIVE: good = derive(ledger, ledger->to_derive, &err); break;
        case WORK_END: on = false; break;
        }
    }
    if (!good)
        ledger_fail(ledger, &err);
    pthread_mutex_lock(&ledger->lock);
    ledger->former_gone = true;
    pthread_cond_broadcast(&ledger->ready);
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}

/* --- syncing --- */

static bool follow_segment(struct ledger *ledger, uint64_t segment, struct err *err)
{
    if (ledger->write_fd >= 0 && segment == ledger->write_segment)
        return true;
    int fd;
    if (!segment_open(&ledger->segments, segment, O_WRONLY, &fd, err))
        return false;
    if (ledger->write_fd >= 0)
        close(ledger->write_fd);
    ledger->write_fd = fd;
    ledger->write_segment = segment;
    return true;
}

static bool write_batch(struct ledger *ledger, struct batch *batch, struct err *err)
{
    char name[FILE_NAME_SIZE];
    uint64_t segment = batch->position / ledger->segments.bytes;
    uint64_t offset = batch->position % ledger->segments.bytes;
    size_t n = batch_room(&batch->head);
    uint8_t *bytes = batch->room + batch->prefix - (size_t)batch->head.n * ENTRY_FIXED - BATCH_HEAD_SIZE;
    segment_name(name, segment);
    batch->head.synced = ledger->synced;
    batch_head_write(bytes, &batch->head, batch->crc);
    if (!follow_segment(ledger, segment, err))
        return false;
    if (kill_point_armed(KILL_BATCH_HALF)) {
        if (!write_full(ledger->write_fd, name, bytes, n / 2, offset, err))
            return false;
        kill_point(KILL_BATCH_HALF);
    }
    if (!write_full(ledger->write_fd, name, bytes, n, offset, err))
        return false;
    kill_point(KILL_BATCH_WRITTEN);
    if (!sync_file(ledger->write_fd, name, err))
        return false;
    kill_point(KILL_BATCH_SYNCED);
    ledger->synced = batch->position + n;
    return true;
}

static void release(struct ledger *ledger, struct batch *batch, int64_t micros)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->durable = batch->head.first + batch->head.n;
    if (!batch->bulk)
        ledger->queued -= batch->head.n;
    marks_add(ledger, batch->head.first, batch->position);
    ledger->batches++;
    ledger->bytes += batch_room(&batch->head);
    ledger->sync_micros += (uint64_t)micros;
    ledger->syncing = NULL;
    batch->next = NULL;
    struct batch **last = &ledger->to_derive;
    while (*last != NULL)
        last = &(*last)->next;
    *last = batch;
    uint64_t durable = ledger->durable;
    size_t callbacks_n = ledger->callbacks_n;
    pthread_cond_broadcast(&ledger->released);
    if (ledger->former_idle)
        pthread_cond_signal(&ledger->work);
    pthread_mutex_unlock(&ledger->lock);
    for (size_t i = 0; i < callbacks_n; i++)
        ledger->callbacks[i].fn(ledger->callbacks[i].arg, durable, false);
    kill_point(KILL_RELEASED);
}

static struct batch *next_to_sync(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    while (ledger->to_sync == NULL && !ledger->stopped && !ledger->former_gone)
        pthread_cond_wait(&ledger->ready, &ledger->lock);
    struct batch *batch = ledger->stopped ? NULL : ledger->to_sync;
    ledger->to_sync = NULL;
    ledger->syncing = batch;
    if (batch != NULL && ledger->former_idle)
        pthread_cond_signal(&ledger->work);
    pthread_mutex_unlock(&ledger->lock);
    return batch;
}

static void *syncer_main(void *arg)
{
    struct ledger *ledger = arg;
    struct batch *batch;
    while ((batch = next_to_sync(ledger)) != NULL) {
        struct err err;
        int64_t start = clock_steady();
        if (!write_batch(ledger, batch, &err)) {
            ledger_fail(ledger, &err);
            break;
        }
        release(ledger, batch, clock_steady() - start);
    }
    if (ledger->write_fd >= 0)
        close(ledger->write_fd);
    ledger->write_fd = -1;
    return NULL;
}

/* --- keeping --- */

/* (lock), given up while the segment is made */
static void make_spare(struct ledger *ledger)
{
    struct err err;
    uint64_t segment = ledger->segments.count;
    pthread_mutex_unlock(&ledger->lock);
    bool good = segment_create(ledger->folder, segment, ledger->segments.bytes, &err);
    pthread_mutex_lock(&ledger->lock);
    if (good) {
        ledger->segments.count++;
    } else {
        ledger->spare_failed = true;
        ledger->spare_why = err;
    }
    pthread_cond_broadcast(&ledger->spare);
}

/* (lock), given up meanwhile */
static void store(struct ledger *ledger)
{
    struct err err;
    struct signed_root published = ledger->published;
    ledger->stored_behind = false;
    pthread_mutex_unlock(&ledger->lock);
    if (!derived_sync(&ledger->derived, &err) ||
        !checkpoint_store(ledger->folder, &published, &ledger->keys, &err))
        ledger_fail(ledger, &err);
    pthread_mutex_lock(&ledger->lock);
}

static void *keeper_main(void *arg)
{
    struct ledger *ledger = arg;
    int64_t last = clock_steady() - CLOCK_SECOND;
    pthread_mutex_lock(&ledger->lock);
    while (!ledger->stopped && (!ledger->syncer_gone || wants_spare(ledger))) {
        int64_t due = last + CLOCK_SECOND - clock_steady();
        if (wants_spare(ledger)) {
            make_spare(ledger);
        } else if (ledger->stored_behind && due <= 0) {
            last = clock_steady();
            store(ledger);
        } else if (ledger->stored_behind) {
            struct timespec until;
            clock_gettime(CLOCK_MONOTONIC, &until);
            until.tv_nsec += (long)(due % CLOCK_SECOND) * 1000;
            until.tv_sec += (time_t)(due / CLOCK_SECOND) + until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&ledger->keep, &ledger->lock, &until);
        } else {
            pthread_cond_wait(&ledger->keep, &ledger->lock);
        }
    }
    if (!ledger->stopped && ledger->stored_behind)
        store(ledger);
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}

bool writer_start(struct ledger *ledger, struct err *err)
{
    ledger->ring_cap = ledger->queue_max + LEDGER_BATCH_ENTRIES;
    ledger->ring = calloc(ledger->ring_cap, sizeof *ledger->ring);
    must(ledger->ring != NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        ledger->batch[i].next = ledger->free_batches;
        ledger->free_batches = &ledger->batch[i];
    }
    if (pthread_create(&ledger->former, NULL, former_main, ledger) != 0 ||
        pthread_create(&ledger->syncer, NULL, syncer_main, ledger) != 0 ||
        pthread_create(&ledger->keeper, NULL, keeper_main, ledger) != 0)
        return err_set(err, ERR_IO, "ledger", "cannot start the ledger's threads");
    ledger->threads_run = true;
    return true;
}

void writer_stop(struct ledger *ledger)
{
    if (ledger->threads_run) {
        pthread_mutex_lock(&ledger->lock);
        ledger->closing = true;
        pthread_cond_broadcast(&ledger->work);
        pthread_mutex_unlock(&ledger->lock);
        pthread_join(ledger->former, NULL);
        pthread_join(ledger->syncer, NULL);
        pthread_mutex_lock(&ledger->lock);
        ledger->syncer_gone = true;
        pthread_cond_broadcast(&ledger->keep);
        pthread_mutex_unlock(&ledger->lock);
        pthread_join(ledger->keeper, NULL);
    }
    for (uint64_t i = ledger->ring_tail; i < ledger->ring_head; i++) {
        struct slot *slot = slot_at(ledger, i);
        if (slot->submitted && slot->bulk == NULL && slot->body != slot->inline_body)
            free(slot->body);
    }
    free(ledger->ring);
    for (size_t i = 0; i < BATCHES; i++)
        batch_free(&ledger->batch[i]);
}
