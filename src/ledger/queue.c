/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c: numbering, the bounded queue, waiting for the disk, and the stop for good. */
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "ledger/writer_private.h"

/* To wake the former costs as much as to form several entries: while a batch is on its way to the disk it is
 * left asleep until so many wait together; the end of that batch wakes it in any case. */
#define WAKE_FORMER_AT 8

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
