/* SPDX-License-Identifier: Apache-2.0 */
/* public.h: what the public sees of the log: its keys, the published checkpoint, tiles, and proofs under it.
 */
#ifndef LEDGER_PUBLIC_H
#define LEDGER_PUBLIC_H

#include "ledger/ledger.h"

void ledger_vkey(struct ledger *ledger, struct note_vkey *ret_key); /* its name points into the ledger */
/* All that sign now: one, or two while the key changes. */
size_t ledger_vkeys(struct ledger *ledger, struct note_vkey ret_vkeys[LEDGER_VKEYS]);

/* From here on the log is signed with `key` and, where not NULL, with `before` beside it (as in the config;
 * the caller's, they outlive the ledger). Done between two batches; when it returns, the published checkpoint
 * and its file are signed by them, and the former keys sign nothing more. What is to find them at the next
 * start the caller has written before. On failure (a token) nothing has changed. One call at a time. */
MUST_USE bool ledger_change_keys(struct ledger *ledger, struct sign_key *key, struct sign_key *before,
                                 struct err *err);

/* The last published checkpoint, signed, copied into the arena; its size and root if asked for. */
struct str ledger_checkpoint(struct ledger *ledger, struct arena *arena, struct checkpoint *ret_checkpoint);

/* A tile or bundle no wider than the published checkpoint implies; ERR_NOT_FOUND beyond it. */
MUST_USE bool ledger_tile(struct ledger *ledger, const struct tile *tile, struct arena *arena,
                          struct str *ret_bytes, struct err *err);

/* Inclusion of `leaf` under the published checkpoint, with that checkpoint; waits until it is published. */
MUST_USE bool ledger_prove(struct ledger *ledger, uint64_t leaf, struct arena *arena,
                           struct tlog_proof *ret_proof, struct err *err);
MUST_USE bool ledger_prove_consistency(struct ledger *ledger, uint64_t old_size, uint64_t size,
                                       struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n,
                                       struct err *err);

#endif
