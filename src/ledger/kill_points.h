/* SPDX-License-Identifier: Apache-2.0 */
/* kill_points.h: the steps of a commit at which the tests kill the program: one table that code and test
 * share.
 *
 * kill_point(KILL_x) does nothing unless the environment variable AINA_KILL_AT was "name:count" when the
 * ledger was opened in a program built with -Dtests=true: then the count-th passage ends the process with
 * SIGKILL.
 */
#ifndef LEDGER_KILL_POINTS_H
#define LEDGER_KILL_POINTS_H

#include <stdbool.h>

#define KILL_POINTS(X)                                                                                       \
    X(KILL_NUMBERED, "numbered")               /* numbers given, nothing submitted */                        \
    X(KILL_SUBMITTED, "submitted")             /* in the queue, no batch yet */                              \
    X(KILL_BATCH_FORMED, "batch-formed")       /* leaves hashed, root known, nothing written */              \
    X(KILL_BATCH_HALF, "batch-half")           /* half of the batch's bytes written */                       \
    X(KILL_BATCH_WRITTEN, "batch-written")     /* pwrite done, fdatasync not */                              \
    X(KILL_BATCH_SYNCED, "batch-synced")       /* fdatasync done, nobody told */                             \
    X(KILL_LEAVES_WRITTEN, "leaves-written")   /* leaves file behind by hashes */                            \
    X(KILL_HASHES_WRITTEN, "hashes-written")   /* derived files written, checkpoint not */                   \
    X(KILL_CHECKPOINT_TMP, "checkpoint-tmp")   /* temporary checkpoint written, not renamed */               \
    X(KILL_CHECKPOINT_DONE, "checkpoint-done") /* renamed, folder not synced */                              \
    X(KILL_RELEASED, "released")               /* waiters told */                                            \
    X(KILL_SEGMENT_NEW, "segment-new")         /* next segment zero-filled, not yet used */                  \
    X(KILL_ERASE_HALF, "erase-half")           /* half of an erased body overwritten */

enum kill_point {
#define X(id, name) id,
    KILL_POINTS(X)
#undef X
};

void kill_points_read(void); /* the environment; ledger_open and ledger_create call it */
void kill_point(enum kill_point at);
bool kill_point_armed(enum kill_point at); /* then a step is made in halves */

#endif
