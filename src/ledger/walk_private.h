/* SPDX-License-Identifier: Apache-2.0 */
/* walk_private.h: reading the whole log from the start, on several threads: what start-up and fsck share.
 *
 * Threads take runs of batches (about 1 MiB) in turn, check them side by side (CRCs, header seals, bodies,
 * leaf hashes), and then hand them, strictly in order and one thread at a time, to `batch`. The walk ends at
 * the first place that holds no good next batch: `end`. Whether that is the end of the log, a torn tail or
 * corruption is walk_judge's to say.
 */
#ifndef LEDGER_WALK_PRIVATE_H
#define LEDGER_WALK_PRIVATE_H

#include "ledger/ledger_private.h"

struct walk_batch {
    struct batch_head head;
    uint64_t position;
    const uint8_t *bytes;
    const struct entry_head *heads; /* opened */
    const struct tree_hash *hashes; /* of the leaves */
    uint32_t blank;                 /* bodies that look erased */
    bool good;
    uint64_t bad_at; /* position of what is wrong */
    const char *why;
};

struct walk {
    /* set by the caller */
    struct segments segments;
    const uint8_t *header_key;
    unsigned threads;
    bool (*batch)(void *arg, const struct walk_batch *batch, struct err *err); /* in order */

    /* fsck: a bad body is a finding and the walk goes on; else it makes its batch bad. May be NULL. From any
     * thread. `body_bad`: its CRC does not match, and it is not erased. */
    void (*body)(void *arg, const struct walk_batch *batch, uint32_t i, const uint8_t *body, bool body_bad,
                 bool blank);
    void *arg;

    /* results */
    uint64_t end, batches, entries; /* end: position of the first thing that is no batch */
    bool bad;                       /* something stands there that is wrong, not zeros */
    uint64_t bad_at;
    const char *why;
};

MUST_USE bool walk_log(struct walk *walk, struct err *err);

/* What follows the walk's end. `known_synced`: the greatest `synced` of any valid header beyond it (0: none);
 * when that is above the end, the data at the end are corrupt. `dirty`: first byte beyond the end that is not
 * zero, as a position (UINT64_MAX: none). */
struct walk_tail {
    uint64_t known_synced, dirty;
};
MUST_USE bool walk_judge(const struct walk *walk, struct walk_tail *ret_tail, struct err *err);

#endif
