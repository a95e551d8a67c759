/* SPDX-License-Identifier: Apache-2.0 */
/* form.c: the thread that makes batches of what waits: tree, seals, signed checkpoint, and the derived files
 * behind them. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "crypto/keys.h"
#include "ledger/writer_private.h"

#define BULK_BYTES (8u << 20) /* of one batch of a bulk append */
#define KEEP_ROOM (2u << 20)  /* a batch's buffer that grew past this is given back */
#define CLOCK_SLACK (10 * CLOCK_SECOND)
#define SMALL_BATCH 16 /* entries: from here on another shares too little */
#define WAYS_GIVEN_MAX 2

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

void batch_free(struct batch *batch)
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
bool wants_spare(const struct ledger *ledger)
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
    batch->ways_given = 0;
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

/* Between two batches, when nothing is under way: the published root is signed anew. Fails only where a key
 * lives elsewhere; then the former keys go on. */
static void take_keys(struct ledger *ledger)
{
    struct key_change *change = ledger->key_change;
    struct signed_root again;
    bool good = signed_root_sign(&again, &ledger->edge, &change->to, &change->why);
    pthread_mutex_lock(&ledger->lock);
    if (good) {
        struct log_keys former = ledger->keys;
        ledger->keys = change->to;
        ledger->keys_taken++;
        log_keys_close(&former);
        ledger->last_signed = ledger->published = again;
        ledger->stored_behind = true;
        pthread_cond_signal(&ledger->keep);
    }
    change->good = good;
    change->done = true;
    pthread_cond_broadcast(&ledger->published_more);
    pthread_mutex_unlock(&ledger->lock);
}

enum next_work { WORK_ABSORB, WORK_CLOSE, WORK_DERIVE, WORK_KEYS, WORK_END };

/* (lock) What the former does now. The forming batch is closed when nothing is being synced, when it is full,
 * or when it holds as much as the one being synced: then waiting longer gains nothing. */
static bool choose(struct ledger *ledger, enum next_work *ret_work)
{
    struct batch *forming = ledger->forming;
    uint64_t tail = ledger->ring_tail;
    bool waits = tail != ledger->ring_head && is_submitted(ledger, tail);
    bool fits = waits && group_fits(ledger, tail, forming);
    bool keys = forming == NULL && ledger->key_change != NULL && !ledger->key_change->done;
    if (ledger->to_sync == NULL && fits && !keys && !(forming && forming->bulk) &&
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
    if (keys && ledger->to_sync == NULL && ledger->syncing == NULL) {
        *ret_work = WORK_KEYS;
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

/* Where threads wait for a processor, those that make entries go first before a small batch is closed: each
 * entry more shares one sync and one signature. Once more if that brought some. On an idle machine it takes
 * no time, for nobody else wants to run. */
static bool give_way(struct batch *batch)
{
    if (batch->bulk || batch->head.n >= SMALL_BATCH || batch->ways_given == WAYS_GIVEN_MAX ||
        (batch->ways_given != 0 && batch->head.n == batch->given_at))
        return false;
    batch->ways_given++;
    batch->given_at = batch->head.n;
    sched_yield();
    return true;
}

void *former_main(void *arg)
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
            if (give_way(ledger->forming))
                break;
            good = close_batch(ledger, ledger->forming, &err);
            if (good)
                hand_over(ledger);
            break;
        case WORK_DERIVE: good = derive(ledger, ledger->to_derive, &err); break;
        case WORK_KEYS: take_keys(ledger); break;
        case WORK_END: on = false; break;
        }
    }
    if (!good)
        ledger_fail(ledger, &err);
    pthread_mutex_lock(&ledger->lock);
    ledger->former_gone = true;
    pthread_cond_broadcast(&ledger->ready);
    pthread_cond_broadcast(&ledger->published_more);
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}
