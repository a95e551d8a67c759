/* SPDX-License-Identifier: Apache-2.0 */
/* write.c: the thread that makes batches durable and lets those go who wait, and the one that keeps spare
 * segments, derived files and checkpoint. */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/writer_private.h"

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
    struct log_keys keys = ledger->keys;
    uint64_t taken = ledger->keys_taken; /* not the change itself: the next one may lie at its address */
    ledger->stored_behind = false;
    pthread_mutex_unlock(&ledger->lock);
    bool good =
        derived_sync(&ledger->derived, &err) && checkpoint_store(ledger->folder, &published, &keys, &err);
    if (!good)
        ledger_fail(ledger, &err);
    pthread_mutex_lock(&ledger->lock);
    if (good && ledger->key_change != NULL && ledger->key_change->good && taken == ledger->keys_taken) {
        ledger->key_change->stored = true;
        pthread_cond_broadcast(&ledger->published_more);
    }
}

/* (lock) Once a second at most, but at once where a change of keys waits for it. */
static int64_t store_due(const struct ledger *ledger, int64_t last)
{
    bool waits = ledger->key_change != NULL && ledger->key_change->good;
    return waits ? 0 : last + CLOCK_SECOND - clock_steady();
}

static void *keeper_main(void *arg)
{
    struct ledger *ledger = arg;
    int64_t last = clock_steady() - CLOCK_SECOND;
    pthread_mutex_lock(&ledger->lock);
    while (!ledger->stopped && (!ledger->syncer_gone || wants_spare(ledger))) {
        int64_t due = store_due(ledger, last);
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
