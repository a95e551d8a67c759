/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_private.h: an open ledger inside: its keys and checkpoints, its batches, its threads. Its files:
 * files_private.h.
 *
 * Threads of an open ledger:
 *     former   takes submitted entries in order, hashes and seals them into the forming batch, signs; writes
 *              the derived files of released batches when it has nothing more urgent
 *     syncer   pwrite, fdatasync, release: one batch at a time
 *     keeper   zero-fills the next segment; about once a second syncs derived files and stores the checkpoint
 *
 * One mutex, `lock`, guards everything that is marked (lock). Batches pass from former to syncer and back
 * whole, so their contents need no lock. `erase_lock` is taken alone.
 */
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ledger/batch_private.h"
#include "ledger/files_private.h"
#include "ledger/kill_points.h"
#include "ledger/ledger.h"
#include "ledger/streams_private.h"

/* --- checkpoints (public.c) --- */

/* The log's key and, while it changes, the one before, which signs beside it. Batches carry the first one's
 * signature alone; the checkpoint file and all notes carry both. */
struct log_keys {
    struct note_vkey vkey[LEDGER_VKEYS];
    struct sign_key *key[LEDGER_VKEYS]; /* one thread at a time: the former, after open */
    size_t n;
    bool own; /* key[0] was made from the config's seed */
};
void log_keys_open(struct log_keys *keys, const struct ledger_config *config, struct str origin);
void log_keys_close(struct log_keys *keys);
/* Of keys that are the caller's. */
void log_keys_of(struct log_keys *keys, struct sign_key *key, struct sign_key *before, struct str origin);

/* The change of keys that a caller waits for. */
struct key_change {
    struct log_keys to;
    bool done, good, stored; /* stored: the checkpoint's file is signed by them */
    struct err why;
};

struct signed_root {
    uint64_t size;
    struct tree_hash root;
    uint8_t signature[SIGNATURE_SIZE], before[SIGNATURE_SIZE];
    bool stale; /* as it was loaded: other signatures than the keys of now make */
};

#define CHECKPOINT_MAX 2048
/* Fails only where the key lives elsewhere. */
MUST_USE bool signed_root_sign(struct signed_root *signed_root, const struct tree_edge *edge,
                               const struct log_keys *keys, struct err *err);
void signed_root_note(struct buf *out, const struct signed_root *signed_root, const struct log_keys *keys);
MUST_USE bool checkpoint_store(int folder, const struct signed_root *signed_root, const struct log_keys *keys,
                               struct err *err);

/* The stored checkpoint, verified. *ret_there is false when there is no such file. */
MUST_USE bool checkpoint_load(int folder, const struct log_keys *keys, struct signed_root *ret_signed,
                              bool *ret_there, struct err *err);

/* --- the open ledger --- */

#define SLOT_INLINE 768 /* a look's sealed entry fits; longer ones are allocated */
#define INDEX_EVERY 4   /* leaves between marks of the index leaf -> position, at least */
#define BATCHES 3       /* one syncing, one forming, one whose derived files are being written */
#define CALLBACKS_MAX 4

struct slot {
    _Atomic bool submitted;
    uint16_t group; /* entries from here to the end of the group */
    uint64_t leaf;
    struct entry_head head;
    struct leaf leaf_value;
    uint8_t *body;                   /* `inline_body`, or from malloc */
    const struct ledger_ready *bulk; /* not NULL: the slot stands for bulk_n leaves */
    size_t bulk_n;
    uint8_t inline_body[SLOT_INLINE];
};

struct batch {
    struct batch_head head;
    uint8_t heads_key[KEY_SIZE];
    uint8_t *entry_heads, *leaves; /* head.n of each, moved before the bodies at the end */
    size_t entries_cap;
    uint8_t *room; /* prefix for header, entry headers and leaves; then bodies */
    size_t room_cap, prefix;
    uint64_t position;
    size_t bodies;
    uint32_t crc;
    bool bulk;
    uint32_t ways_given, given_at; /* how often who makes entries went first, and entries then */
    struct growth growth;
    struct signed_root after;
    struct batch *next;
};

struct mark {
    uint64_t leaf, position;
};

struct ledger {
    char *folder_path, *origin;
    int folder, lock_file;
    bool read_only;
    struct log_keys keys; /* changed by the former, under the lock */
    uint8_t *header_key;
    size_t queue_max;

    pthread_mutex_t lock;
    pthread_cond_t work, ready, released, published_more, keep, spare;
    bool threads_run, closing, former_gone, syncer_gone;
    pthread_t former, syncer, keeper;

    /* (lock) */
    struct segments segments;
    uint64_t numbered, durable;
    size_t queued; /* accepted by ledger_reserve and not yet durable */
    uint32_t shard;
    struct heads heads;
    struct slot *ring;
    uint64_t ring_cap, ring_head, ring_tail;
    struct key_change *key_change;                              /* wanted; NULL: none */
    uint64_t keys_taken;                                        /* changes of keys since the start */
    bool bulk_waits;                                            /* one bulk append at a time */
    struct batch *to_sync, *syncing, *to_derive, *free_batches; /* to_derive: oldest first */
    struct signed_root published;
    bool stored_behind, former_idle;
    struct mark *marks;
    size_t marks_n, marks_cap;
    struct {
        ledger_durable_fn *fn;
        void *arg;
    } callbacks[CALLBACKS_MAX];
    size_t callbacks_n;
    bool stopped;
    struct err why;
    bool spare_failed;
    struct err spare_why;
    uint64_t batches, bytes, sync_micros;

    /* former only */
    struct batch *forming;
    size_t bulk_done;
    struct tree_edge edge;
    struct signed_root last_signed;
    uint64_t next_batch;
    uint64_t end; /* position after the last formed batch; changed under the lock */
    int64_t last_time;
    struct batch batch[BATCHES];

    /* syncer only */
    int write_fd;
    uint64_t write_segment, synced;

    struct derived derived; /* written by former, synced by keeper */
    pthread_mutex_t erase_lock;
};

MUST_USE bool writer_start(struct ledger *ledger, struct err *err);
void writer_stop(struct ledger *ledger); /* waits for what is submitted */
void ledger_fail(struct ledger *ledger, const struct err *why);
bool ledger_locked(int folder);                                          /* another process writes to it */
void marks_add(struct ledger *ledger, uint64_t leaf, uint64_t position); /* (lock) */

/* Where a durable leaf's batch begins, and its header. */
struct found {
    uint64_t position;
    struct batch_head head;
};
/* Reads the batch at a position whole; *ret_bytes is from malloc. Its CRC is checked. */
MUST_USE bool batch_load(const struct segments *segments, uint64_t position, struct batch_head *ret_head,
                         uint8_t **ret_bytes, struct err *err);
/* The header of batch `number` that follows a batch ending at `end`. */
MUST_USE bool batch_after(const struct segments *segments, uint64_t end, uint64_t number,
                          struct found *ret_found, struct err *err);
MUST_USE bool ledger_find(struct ledger *ledger, uint64_t leaf, struct found *ret_found, struct err *err);

/* Overwrites a body: the file `erasing` first. */
MUST_USE bool erase_body(int folder, const struct segments *segments, const struct erasing *erasing,
                         struct err *err);
/* Finishes an interrupted erasure, if there is one. */
MUST_USE bool erase_redo(int folder, const struct segments *segments, uint64_t *ret_redone, struct err *err);

#endif
