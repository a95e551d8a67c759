/* SPDX-License-Identifier: Apache-2.0 */
/* rekey_points.h: the steps of a re-keying at which the tests kill the program (base/kill.h): here in the
 * vault, and above it in the gate. tests/cli/rekey.py reaches each of them. */
#ifndef VAULT_REKEY_POINTS_H
#define VAULT_REKEY_POINTS_H

#define REKEY_POINTS(X)                                                                                      \
    X(REKEY_ORDERED, "rekey-ordered")           /* the order stands, no shard has begun with it */           \
    X(REKEY_EPOCH_WRITTEN, "rekey-epoch")       /* the epoch says with which shard, nothing of it is made */ \
    X(REKEY_SHARD_KEYS, "rekey-shard-keys")     /* the shard's keys stand, its record is not logged */       \
    X(REKEY_SHARD_LOGGED, "rekey-shard-logged") /* its record is logged, its key has not its name */         \
    X(REKEY_SHARD_NAMED, "rekey-shard-named")   /* begun, nothing numbered in it */                          \
    X(REKEY_BATCH_READ, "rekey-batch-read")     /* pseudonyms of a batch turned, nothing written */          \
    X(REKEY_BATCH_HALF, "rekey-batch-half")     /* half of a batch written, its transaction open */          \
    X(REKEY_BATCH_WRITTEN, "rekey-batch-written") /* all of it written, not committed */                     \
    X(REKEY_BATCH_DONE, "rekey-batch-done")       /* committed */                                            \
    X(REKEY_ALL_MOVED, "rekey-all-moved")         /* nobody is left, the log does not say so yet */          \
    X(REKEY_TOLD, "rekey-told")                   /* the log says so, the state does not */                  \
    X(REKEY_DONE, "rekey-done")                   /* both do */

enum rekey_point {
#define X(id, name) id,
    REKEY_POINTS(X)
#undef X
};

void rekey_point(enum rekey_point at);

#endif
