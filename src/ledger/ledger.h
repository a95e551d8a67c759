/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h: the durable log of entries (TRUST.md sections 3 and 6).
 *
 * The ledger numbers entries, makes them durable in batches, grows the public Merkle tree over their leaves
 * and signs a checkpoint for each batch. It is flat files, no database; bodies are opaque sealed bytes. Files
 * in its folder:
 *
 *     entries-NNNNNN   the only durable file, in zero-filled segments: batches, each one pwrite and one
 *                      fdatasync
 *     leaves           68-byte records 00 42 ‖ leaf         } derived: written behind, rebuilt at start,
 *     hashes-L         32-byte hashes of tile level L       } served as tiles and bundles by slicing
 *     checkpoint       the last signed checkpoint (temporary file, fsync, rename)
 *     lock             empty; held with flock by the one process that writes
 *     erasing          only while a body is being overwritten: start-up finishes what it names
 *
 * Writing, from any thread, in three steps:
 *
 *     ledger_reserve   under one lock: leaf numbers and numbers in the streams are given, in order. Full
 *                      queue: ERR_BUSY.
 *     (caller)         makes label, commit and sealed body for the numbers it was given: microseconds, no I/O
 *     ledger_submit    hands all of them over; nothing accepted is dropped except by fail-stop
 *
 * The writer takes whatever is submitted, in order of leaf number, up to 64 entries or 64 KB
 * (ledger_append_many lifts that for bulk loads), forms batch k+1 while batch k is being synced, and releases
 * k only after k's fdatasync and after k-1. After a release every `durable` callback is called with the new
 * size. A failed write or fdatasync is fail-stop: nothing is retried, every waiter and every later call gets
 * ERR_STOPPED, and only a new start (recovery) goes on.
 *
 * What the public sees of it, checkpoints, tiles and proofs: ledger/public.h. Copying and checking a folder:
 * ledger/fsck.h.
 *
 * Threads: every function here may be called from any thread, except create, open, settle and close.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "tlog/leaf.h"
#include "tlog/note.h"
#include "tlog/tile.h"
#include "tlog/tree.h"

#define LEDGER_BATCH_ENTRIES 64
#define LEDGER_BATCH_BYTES (64 * 1024)
#define LEDGER_BODY_MAX (ENTRY_MAX + 1024)
#define LEDGER_HANDLE_SIZE 16
#define LEDGER_ID_SIZE 16
#define LEDGER_NO_NUMBER UINT32_MAX

struct ledger;

/* Everything is copied; `header_key` seals entry headers and keys the heads' hashes. */
struct ledger_config {
    const char *folder;
    struct str origin;                 /* of the checkpoints; the log key's name */
    uint8_t sign_seed[SIGN_SEED_SIZE]; /* the log key */
    /* The log key where it lives elsewhere (crypto/token.h), instead of the seed; and, while the key changes,
     * the one before it, which signs beside it, so that who knows that one alone goes on. The caller's;
     * they outlive the ledger. NULL: none. */
    struct sign_key *sign_key, *key_before;
    uint8_t header_key[KEY_SIZE];
    size_t segment_bytes; /* of a new ledger; 0: 64 MiB. A multiple of 4096. */
    size_t queue_max;     /* entries accepted and not yet durable; 0: 2,048 */
    /* A size and root that some witness or database knows (0: none): start refuses to sign below it, or over
     * another history. A root of zeros: only the size is known. */
    uint64_t at_least;
    struct tree_hash at_least_root;
    bool read_only; /* fsck and exports: takes no lock, writes nothing, no repair */
};

/* The keys that checkpoints are signed with: one, or two while the key changes. */
#define LEDGER_VKEYS 2
size_t ledger_config_vkeys(const struct ledger_config *config, struct note_vkey ret_vkeys[LEDGER_VKEYS]);

/* What start-up found, for the operator. */
struct ledger_report {
    uint64_t entries, batches;
    uint64_t torn_bytes;     /* of an unfinished batch, cut off at the end; 0 normally */
    uint64_t leaves_rebuilt; /* derived files brought up to date by this many leaves */
    uint64_t erasures_redone;
    double seconds;
};

/* The folder must be absent or empty. */
MUST_USE bool ledger_create(const struct ledger_config *config, struct err *err);
MUST_USE bool ledger_open(struct ledger **ret_ledger, const struct ledger_config *config,
                          struct ledger_report *ret_report, struct err *err);
/* Recovers as a start does, without going on to write: refuses what a start would refuse, brings derived
 * files and checkpoint up to date. */
MUST_USE bool ledger_settle(const struct ledger_config *config, struct err *err);
void ledger_close(struct ledger *ledger); /* waits for what is submitted; then files are synced */

/* --- writing --- */

/* Which numbered list an entry belongs to. The tag is made by the gate: a keyed hash of (person, holder,
 * stream kind), stable over shards. All zero: no stream (public records, padding), number LEDGER_NO_NUMBER.
 */
struct ledger_stream {
    uint8_t tag[16];
};

struct ledger_want {
    enum leaf_type type;
    struct ledger_stream stream;
    uint8_t handle[LEDGER_HANDLE_SIZE]; /* the subject's stable trace handle; zero for public records */
    uint8_t id[LEDGER_ID_SIZE];         /* of the look or act, for replay; entries of one look share it */
};

struct ledger_slot {
    /* given by ledger_reserve */
    uint64_t leaf;
    uint32_t shard;  /* the shard open when it was numbered */
    uint32_t number; /* in its stream within the shard */
    /* to be set by the caller before ledger_submit */
    uint8_t label[32], commit[32];
    const uint8_t *body; /* copied by ledger_submit */
    size_t body_n;
};

/* Reserves `n` (1..64) entries that will stand in one batch. On success ledger_submit must follow, soon:
 * later entries wait for it. */
struct ledger_ticket {
    size_t n;
    struct ledger_slot slot[LEDGER_BATCH_ENTRIES];
    uint64_t place; /* the ledger's own: where the entries stand in its queue */
};
MUST_USE bool ledger_reserve(struct ledger *ledger, const struct ledger_want *want, size_t n,
                             struct ledger_ticket *ret_ticket, struct err *err);
void ledger_submit(struct ledger *ledger, struct ledger_ticket *ticket);

/* Bulk: appends `n` ready leaves with bodies (no streams) as one batch of any size and waits. For imports and
 * the bench. */
struct ledger_ready {
    struct leaf leaf;
    const uint8_t *body;
    size_t body_n;
};
MUST_USE bool ledger_append_many(struct ledger *ledger, const struct ledger_ready *ready, size_t n,
                                 struct err *err);

/* The open shard. Set under the same lock that numbers; numbers of every stream start again from 0. */
uint32_t ledger_shard(const struct ledger *ledger);
void ledger_set_shard(struct ledger *ledger, uint32_t shard);

uint64_t ledger_size(const struct ledger *ledger);                                /* numbered so far */
uint64_t ledger_durable(const struct ledger *ledger);                             /* durable so far */
MUST_USE bool ledger_wait(struct ledger *ledger, uint64_t size, struct err *err); /* until durable >= size */
typedef void ledger_durable_fn(void *arg, uint64_t durable, bool stopped); /* from the syncing thread */
void ledger_on_durable(struct ledger *ledger, ledger_durable_fn *fn,
                       void *arg); /* at most 4, before traffic */
bool ledger_stopped(const struct ledger *ledger, struct err *ret_why);

/* --- reading --- */

struct ledger_entry {
    uint64_t leaf_number;
    struct leaf leaf;
    uint32_t shard, number;
    uint64_t previous; /* leaf number + 1 of the stream's previous entry (over all shards); 0: none */
    struct ledger_stream stream;
    uint8_t handle[LEDGER_HANDLE_SIZE];
    uint8_t id[LEDGER_ID_SIZE];
    int64_t batch_time; /* when its batch was formed */
    bool erased;        /* body overwritten after an erasure entry */
    const uint8_t *body;
    size_t body_n;
};

/* Body and all are in the arena. ERR_NOT_FOUND beyond the durable size; ERR_CORRUPT says where. */
MUST_USE bool ledger_read(struct ledger *ledger, uint64_t leaf, struct arena *arena,
                          struct ledger_entry *ret_entry, struct err *err);

/* The newest durable-or-queued entry of a stream. False: none. `count` is the stream's count in `shard`,
 * `total` over all shards. */
struct ledger_head {
    uint64_t last; /* leaf number */
    uint32_t shard, count;
    uint64_t total;
};
bool ledger_head(struct ledger *ledger, const struct ledger_stream *stream, struct ledger_head *ret_head);
/* The stream's newest entry below leaf `before` (UINT64_MAX: its newest), in a time that does not grow with
 * the stream. Waits until it is durable. */
MUST_USE bool ledger_seek(struct ledger *ledger, const struct ledger_stream *stream, uint64_t before,
                          bool *ret_found, uint64_t *ret_leaf, struct err *err);

/* True when an entry with this id was appended at or after `from` (outbox replay; scans). */
MUST_USE bool ledger_find_id(struct ledger *ledger, const uint8_t id[LEDGER_ID_SIZE], uint64_t from,
                             bool *ret_found, uint64_t *ret_leaf, struct err *err);

/* Calls fn for each durable entry from..to-1 in order, bodies included, until it returns false. */
typedef bool ledger_scan_fn(void *arg, const struct ledger_entry *entry);
MUST_USE bool ledger_scan(struct ledger *ledger, uint64_t from, uint64_t to, ledger_scan_fn *fn, void *arg,
                          struct err *err);

/* --- erasure --- */

/* Overwrites body and salt of `leaf` in place, after the erasure entry `by` is durable (checked). Idempotent.
 */
MUST_USE bool ledger_erase(struct ledger *ledger, uint64_t leaf, uint64_t by, struct err *err);

/* Metrics for Prometheus: batches, entries, bytes, seconds in fdatasync, queue depth, stopped. */
void ledger_metrics(struct ledger *ledger, struct buf *out);

#endif
