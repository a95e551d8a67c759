/* SPDX-License-Identifier: Apache-2.0 */
/* retain.h: the end of what is kept about looks (TRUST.md section 4): when the time that the folder declares
 * (retention: entries, in years after the end of the quarter) is over, the keys of a shard are destroyed: its
 * VRF key, the key of its entries, and every stored seed. Nobody can read its entries then, nor prove that a
 * list of that shard is whole; that they were there, how many, and that the log has one history stays proven.
 *
 * A public record of kind "key", id "shard-N", says so before anything goes; gate_shard_destroy refuses
 * without. Each step may be done twice, so a run that ended anywhere is given again. Other copies (backups)
 * are outside this.
 */
#ifndef GATE_RETAIN_H
#define GATE_RETAIN_H

#include "gate/gate.h"

struct gate_shard {
    uint32_t number;
    int64_t kept_until; /* INT64_MAX: the folder names no end */
    bool over;          /* that time has passed */
};

/* Shards of which keys lie in the folder, oldest first. The open one is never over: its quarter is not. */
MUST_USE bool gate_shards(struct gate *gate, int64_t now, struct arena *arena, struct gate_shard **ret_shards,
                          size_t *ret_n, struct err *err);
#define GATE_SHARD_ID_SIZE 24
void gate_shard_id(uint32_t number, char out[GATE_SHARD_ID_SIZE]); /* "shard-227" */
/* ERR_CONFLICT: its time is not over, or the log does not say yet that it goes. */
MUST_USE bool gate_shard_destroy(struct gate *gate, struct db *db, uint32_t number, int64_t now,
                                 struct err *err);

#endif
