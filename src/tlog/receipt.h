/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.h: what a receipt carries beside the proof: the leaf and the opening of its commitment.
 *
 * A receipt is a C2SP tlog-proof (note.h) whose `extra` is base64 of the JSON object
 *
 *     {"v":1,"leaf":base64 of the 66 bytes,"salt":base64 of 32 bytes,"entry":base64 of the entry's bytes}
 *
 * The leaf stands there because nobody without the seed can compute its label, and so that a changed path and
 * a changed text are told apart.
 */
#ifndef TLOG_RECEIPT_H
#define TLOG_RECEIPT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tlog/leaf.h"
#include "tlog/note.h"

#define RECEIPT_EXTRA_MAX 49152 /* bytes of the JSON; the text of a receipt is below 80,000 */

struct receipt_opening {
    uint8_t leaf[LEAF_SIZE];
    uint8_t salt[SALT_SIZE];
    struct str entry;
};

/* The whole receipt. `proof` gives number, path and checkpoint; its extra is ignored. */
void receipt_text(struct buf *out, const struct tlog_proof *proof, const struct receipt_opening *opening);

/* Reads the opening from a parsed proof; its entry lives in the arena. Shape only: nothing is proven yet. */
MUST_USE bool receipt_opening_parse(const struct tlog_proof *proof, struct arena *arena,
                                    struct receipt_opening *ret_opening, struct err *err);

#endif
