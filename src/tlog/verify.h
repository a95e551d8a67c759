/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h: the offline verifier. It needs a receipt (or a trace file of many) and the log's public key; no
 * network, no database, no trust in who runs Aina.
 *
 * The verdict is a list of checks in the order made, each with what it proves in words; the first that fails
 * names what failed, and nothing after it is claimed. It also says what a receipt cannot prove (TRUST.md
 * section 1).
 */
#ifndef TLOG_VERIFY_H
#define TLOG_VERIFY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "base/verdict.h"
#include "tlog/note.h"

#define VERIFY_CHECKS_MAX 64

struct verify_verdict {
    bool proven; /* no check failed, and the signature was checked under a key that the caller gave */
    size_t n;
    struct verify_check checks[VERIFY_CHECKS_MAX];
    struct str entry; /* the entry's JSON once its commitment holds, else {NULL, 0} */
    uint64_t leaf;
    struct checkpoint checkpoint;
};

/* One receipt (receipt.h). Only keys whose name is the log's origin count. `keys` may be empty: then the
 * signature is VERIFY_NOT_CHECKED and nothing is proven. */
void verify_receipt(struct str bytes, const struct note_vkey *keys, size_t n, struct arena *arena,
                    struct verify_verdict *ret_verdict);

/* A trace file: JSON {"v":1,"kind":"aina-trace","origin":text,"vkey":text,"receipts":[text...],
 * "streams":[{"shard":N,"holder":id,"stream":"open","count":N,"seed":base64}],
 * "erased":[{"shard":N,"holder":id,"stream":"open","n":N,"leaf":base64,"proof":text}]}: all of a person's
 * receipts. Checks each receipt, that each label is HMAC(seed, n) of its stream, and that every stream's
 * numbers are 0..count-1 without gap. An erased entry counts: its `proof` is a tlog-proof without extra, and
 * an entry of kind "erasure" in the same list, whose `case` is "shard.n", must order it. Says that "count is
 * absent" is not proven until the log has its index. */
void verify_trace(struct str bytes, const struct note_vkey *keys, size_t n, struct arena *arena,
                  struct verify_verdict *ret_verdict);

/* The published JSON Schema of an entry, and the shape check that verify_receipt makes (TRUST.md section 2).
 */
extern const char verify_entry_schema[];
MUST_USE bool verify_entry_form(struct str entry, struct err *err);

#endif
