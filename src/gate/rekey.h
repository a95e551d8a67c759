/* SPDX-License-Identifier: Apache-2.0 */
/* rekey.h: a new epoch of a sector's pseudonyms (TRUST.md section 4): each year, or at once after a leak.
 *
 * An epoch is ordered (a row), and begins with the next shard: of the next quarter, or, where it is ordered
 * early, of now: the open shard then ends before its time, which a quarter's may do twice. From the shard's
 * first entry on, lists have the new pseudonyms' labels; what stands in older shards stays as it is and stays
 * readable. Records are moved behind, some people a transaction, by the gate's own thread, while looks go
 * on: they find a person under the old pseudonym until the turn comes. A run that ended anywhere, also by
 * SIGKILL, goes on at the next start with what is left; when nothing is, a public record "key",
 * "psn.SECTOR" says so.
 */
#ifndef GATE_REKEY_H
#define GATE_REKEY_H

#include "gate/gate.h"

/* ERR_NOT_FOUND: no agency is in this sector. ERR_CONFLICT: an epoch is ordered or on its way already, or the
 * quarter's shard was ended early twice (`early`). May be called beside a server, whose thread then does it.
 */
MUST_USE bool gate_rekey(struct gate *gate, struct db *db, struct str sector, bool early, struct err *err);

/* New roots of all pseudonyms, because those before were seen: an epoch made of the same roots would be known
 * to whoever has them. First the roots are made, durable; the caller tells the log; then an epoch of every
 * sector is ordered that is made of them, early where this quarter's shard may still be ended (`*ret_now`).
 * Any later epoch is made of the newest roots; the old ones stay for the lists of older shards. A run that
 * was cut off between is begun again with the same roots. ERR_CONFLICT: an epoch is on its way. */
MUST_USE bool gate_roots_next(struct gate *gate, struct db *db, unsigned *ret_generation, struct err *err);
MUST_USE bool gate_roots_take(struct gate *gate, struct db *db, unsigned generation, bool *ret_now,
                              struct err *err);

struct gate_sector {
    struct str name;
    unsigned epoch;     /* the newest that began */
    uint32_t shard;     /* with which it began; 0: from the beginning */
    bool ordered;       /* another one is to begin with the next shard */
    uint64_t all, left; /* people with records, and those still in an older epoch, added up over registries */
};
/* All sectors, as the state has them now: also what another process is doing. */
MUST_USE bool gate_sectors(struct gate *gate, struct db *db, struct arena *arena,
                           struct gate_sector **ret_sectors, size_t *ret_n, struct err *err);

#endif
