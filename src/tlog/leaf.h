/* SPDX-License-Identifier: Apache-2.0 */
/* leaf.h: the 66-byte leaf, labels and commitments of TRUST.md sections 2 and 4. Pure.
 *
 *     leaf   = type u8 ‖ version u8 = 1 ‖ label[32] ‖ commit[32]
 *     label  = HMAC-SHA-256(seed, u64be number in the stream)                      (type 1)
 *     seed   = first 32 bytes of VRF over leaf_seed_alpha()
 *     commit = SHA-256(0x10 ‖ salt[32] ‖ entry)
 */
#ifndef TLOG_LEAF_H
#define TLOG_LEAF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define LEAF_SIZE 66
#define LEAF_VERSION 1
#define SALT_SIZE 32
#define SEED_SIZE 32
#define ENTRY_MAX 16384

enum leaf_type { LEAF_PERSONAL = 1, LEAF_INDEX_ROOT = 3, LEAF_PUBLIC = 4 };

struct leaf {
    uint8_t type;
    uint8_t label[32];
    uint8_t commit[32];
};

void leaf_write(uint8_t out[LEAF_SIZE], const struct leaf *leaf);
MUST_USE bool leaf_parse(const uint8_t bytes[LEAF_SIZE], struct leaf *ret_leaf);

void leaf_commit(uint8_t commit[32], const uint8_t salt[SALT_SIZE], struct str entry);
void leaf_label(uint8_t label[32], const uint8_t seed[SEED_SIZE], uint64_t number);

/* A public record's label SHA-256(lp(kind) ‖ lp(id) ‖ u32be version); its commit is leaf_commit with a zero
 * salt. */
void leaf_public_label(uint8_t label[32], struct str kind, struct str id, uint32_t version);

/* What the VRF is taken over: lp("aina/seed/1") ‖ lp(shard) ‖ lp(holder) ‖ lp(pseudonym) [‖ lp("delayed") ‖
 * lp(date)]. `date` (YYYY-MM-DD) is NULL for the open stream. Sealed: lp("aina/sealed/1") ‖ ... ‖ lp(order).
 */
void leaf_seed_alpha(struct buf *out, uint64_t shard, struct str holder, const uint8_t pseudonym[32],
                     const char *date);
void leaf_sealed_alpha(struct buf *out, uint64_t shard, struct str holder, const uint8_t pseudonym[32],
                       struct str order);

#endif
