/* SPDX-License-Identifier: Apache-2.0 */
/* fsck.h: a ledger's folder is copied, or read anew from end to end; also while a server writes to it.
 * Neither takes the lock nor changes anything in the folder. One call a folder at a time. */
#ifndef LEDGER_FSCK_H
#define LEDGER_FSCK_H

#include "ledger/ledger.h"

/* Copies a ledger, also while another process writes to it, into the new folder `to`: what its stored
 * checkpoint covers, not less than `at_least` (ERR_BUSY: the writer has published more than it has stored
 * yet). `ret_left` counts entries found beyond that. */
MUST_USE bool ledger_copy(const struct ledger_config *config, const char *to, struct checkpoint *ret_copied,
                          uint64_t *ret_left, struct err *err);

/* Re-reads everything: segment tails, headers, CRCs, header seals, stream numbers and back-pointers, leaves,
 * hashes, root and checkpoint signature. `opening` (may be NULL) is asked for each body in order, from
 * several threads; it opens and checks it and returns false with the reason. An erased body is accepted only
 * if `erased` says so for that entry. The first `findings_max` findings are kept. True: the check ran to its
 * end (see ret->findings for what it found). */
struct ledger_fsck {
    uint64_t entries, openings, erased, batches;
    uint64_t findings;
    struct err first[16];
    double seconds;
    bool live; /* a server was writing: checked up to its last whole batch, not the tail */
    struct checkpoint checkpoint;
};
typedef bool ledger_opening_fn(void *arg, const struct ledger_entry *entry, struct err *err);
typedef bool ledger_erased_fn(void *arg, const struct ledger_entry *entry);
MUST_USE bool ledger_fsck(const struct ledger_config *config, ledger_opening_fn *opening,
                          ledger_erased_fn *erased, void *arg,
                          void (*progress)(uint64_t done, uint64_t total), struct arena *arena,
                          struct ledger_fsck *ret_fsck, struct err *err);

#endif
