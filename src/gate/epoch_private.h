/* SPDX-License-Identifier: Apache-2.0 */
/* epoch_private.h: shards of the log and epochs of pseudonyms: their keys, and when one follows the other. A
 * sector's pseudonyms change only where a shard begins (TRUST.md section 4). */
#ifndef GATE_EPOCH_PRIVATE_H
#define GATE_EPOCH_PRIVATE_H

#include <stdatomic.h>

#include "gate/gate.h"

#define SHARDS_MAX 64 /* sixteen years of quarters */
/* A shard bears the number of its quarter, counted from 1970. Where it is ended early, the rest of the
 * quarter is a shard of its own: 1000 more, and 2000 more where that happens a second time. */
#define SHARD_PARTS 3
#define SHARD_PARTS_STEP 1000
#define SHARD_SLOTS (SHARD_PARTS * SHARDS_MAX + 1)
#define EPOCHS_MAX 64

struct shard {
    uint32_t number;
    uint8_t vrf_secret[VRF_SECRET_SIZE], vrf_public[VRF_PUBLIC_SIZE];
    uint8_t entry_key[KEY_SIZE]; /* parent of the entries' keys of this shard */
    bool gone;                   /* destroyed after retention; found no more */
};

/* The keys of a sector's pseudonyms: product of the two shares. */
struct epoch {
    unsigned number;
    uint32_t shard; /* that began with it; 0: from the beginning */
    uint8_t key[KEY_SIZE];
};

struct sector {
    struct str name;
    size_t epochs_n;
    struct epoch epoch[EPOCHS_MAX]; /* by order of number */
    atomic_bool moving;             /* records may still stand in an older epoch */
};

/* shard.c */
const struct shard *shard_find(const struct gate *gate, uint32_t number); /* NULL: unknown or destroyed */
MUST_USE bool shards_load(struct gate *gate, struct err *err);
/* Begins the shard of the quarter, or what follows one that was ended early, if another one is open: new
 * epochs, keys, public record, then numbering. */
MUST_USE bool shard_turn(struct gate *gate, struct db *db, int64_t now, struct err *err);
/* The open shard, not ended early before: what comes after it in this quarter. 0: it was ended twice. */
uint32_t shard_next_part(const struct gate *gate);
MUST_USE bool shard_end_early(struct gate *gate, struct db *db, struct err *err);
uint32_t shard_of_time(int64_t time); /* quarters since 1970 */

/* epoch.c */
uint64_t shard_order(uint32_t shard);                           /* shards by this are in the order of time */
MUST_USE bool sectors_load(struct gate *gate, struct err *err); /* each in epoch 1 */
/* Both roots of the next generation; those of a run that was cut off are taken up. */
MUST_USE bool roots_make(const struct gate *gate, unsigned generation, struct err *err);
/* Epochs that the state knows and the gate does not yet. *ret_latest: the newest shard that one began with.
 */
MUST_USE bool epochs_read(struct gate *gate, struct db *db, uint32_t *ret_latest, struct err *err);
struct sector *sector_of(const struct gate *gate, const struct agency *holder);
const struct epoch *epoch_at(const struct sector *sector, uint32_t shard) RETURNS_NONNULL;
const struct epoch *epoch_now(const struct gate *gate, const struct agency *holder) RETURNS_NONNULL;
/* A pseudonym of one epoch as one of another: who it is of plays no part. */
MUST_USE bool epoch_step(const struct epoch *from, const struct epoch *to, const uint8_t psn[PSN_SIZE],
                         uint8_t ret_psn[PSN_SIZE]);
/* The person's pseudonym in the holder's sector, in the epoch of a shard. */
MUST_USE bool psn_of(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE],
                     uint32_t shard, uint8_t psn[PSN_SIZE]);

/* rekey.c */
/* The epochs that were ordered begin with this shard: written down before the shard begins. */
MUST_USE bool epochs_begin(struct gate *gate, struct db *db, uint32_t shard, struct err *err);
/* A step of the run, for the keeper: ends a shard early where that was ordered, moves some people's records.
 * *ret_more: there is more to do at once. */
MUST_USE bool rekey_step(struct gate *gate, struct db *db, bool *ret_more, struct err *err);

#endif
