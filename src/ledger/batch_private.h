/* SPDX-License-Identifier: Apache-2.0 */
/* batch_private.h: the bytes of the durable file. This is their specification.
 *
 * The log is one sequence of bytes cut into segments entries-000000, entries-000001, ..., all of one size, a
 * multiple of 4096, zero-filled before use. A *position* is segment · segment size + offset. Integers are
 * unsigned, big-endian.
 *
 * A batch begins at a multiple of 512 bytes (so that a torn sector never holds bytes of an earlier batch) and
 * lies in one segment. Batch k+1 follows batch k at the next such multiple, or at the start of the next
 * segment when it does not fit; what lies between is zero.
 *
 *     batch = header[172] ‖ entry header[88] · n ‖ leaf[66] · n ‖ body · n ‖ zeros up to a multiple of 512
 *
 *     header:  0  magic "ainabat1"
 *              8  batch number, from 0                          16  number of the first leaf
 *             24  u32 entries n (not 0)                         28  u32 bytes of all bodies
 *             32  time it was formed, microseconds since 1970   40  salt[16], random
 *             56  position of the end of the last batch known to be synced when this one was written
 *             64  size, root[32] and Ed25519 signature[64] of the checkpoint signed before this batch
 *            168  CRC-32C over: entry headers, leaves, bytes 0..167 of the header
 *
 *     entry header:  0  u32 bytes of the body     4  u32 CRC-32C of the body as first written
 *                    8  sealed[80]: XChaCha20-Poly1305 under the header key, nonce = salt ‖ u64 leaf number,
 *                       of handle[16] ‖ stream tag[16] ‖ previous u64 ‖ number u32 ‖ shard u32 ‖ id[16]
 *
 * `previous` is the leaf number plus one of the stream's entry before this one, 0 for none. The bodies' CRCs
 * stand in the entry headers, so the header's CRC covers them, and a body can be erased (overwritten with
 * zeros) without touching anything else: an erased body is all zero and its CRC no longer matches.
 *
 * A batch is written by one pwrite after the one before it was synced, so its `synced` is the end of that
 * one: of all batches only the last may be torn.
 *
 * The file `erasing` exists only while a body is being overwritten: u64 leaf ‖ u64 erasing entry ‖
 * u64 position of the body ‖ u32 its length ‖ CRC-32C of the 28 bytes before. Start-up finishes the work it
 * names.
 */
#ifndef LEDGER_BATCH_PRIVATE_H
#define LEDGER_BATCH_PRIVATE_H

#include "crypto/sign.h"
#include "ledger/ledger.h"

#define BATCH_HEAD_SIZE 172
#define BATCH_ALIGN 512
#define ENTRY_HEAD_SIZE 88
#define ENTRY_FIXED (ENTRY_HEAD_SIZE + LEAF_SIZE)
#define ERASING_SIZE 32
#define SEGMENT_MIN (2u << 20) /* the largest group, 64 entries of LEDGER_BODY_MAX, fits */
#define SEGMENT_MAX (1u << 30)

struct batch_head {
    uint64_t number, first;
    uint32_t n, bodies;
    int64_t time;
    uint8_t salt[16];
    uint64_t synced;
    uint64_t signed_size;
    struct tree_hash signed_root;
    uint8_t signature[SIGNATURE_SIZE];
};

struct entry_head {
    uint32_t body_n, body_crc;
    uint8_t handle[LEDGER_HANDLE_SIZE];
    struct ledger_stream stream;
    uint64_t previous;
    uint32_t number, shard;
    uint8_t id[LEDGER_ID_SIZE];
};

/* Writes header and CRC; `crc` is that of entry headers and leaves. */
void batch_head_write(uint8_t out[BATCH_HEAD_SIZE], const struct batch_head *head, uint32_t crc);

/* Shape only: the magic and n. */
MUST_USE bool batch_head_read(const uint8_t bytes[BATCH_HEAD_SIZE], struct batch_head *ret_head);

/* The CRC over a batch in memory whose header was read. */
MUST_USE bool batch_crc_holds(const uint8_t *batch, const struct batch_head *head);

size_t batch_bytes(const struct batch_head *head); /* without the zeros at the end */
size_t batch_room(const struct batch_head *head);  /* with them */
bool bytes_zero(const uint8_t *bytes, size_t n);

static inline const uint8_t *batch_entry(const uint8_t *batch, uint32_t i)
{
    return batch + BATCH_HEAD_SIZE + (size_t)i * ENTRY_HEAD_SIZE;
}

static inline const uint8_t *batch_leaf(const uint8_t *batch, uint32_t n, uint32_t i)
{
    return batch + BATCH_HEAD_SIZE + (size_t)n * ENTRY_HEAD_SIZE + (size_t)i * LEAF_SIZE;
}

/* What seals the entry headers of a batch: of the header key and the batch's salt. */
void entry_heads_key(uint8_t out[KEY_SIZE], const uint8_t header_key[KEY_SIZE],
                     const struct batch_head *batch);
void entry_head_write(uint8_t out[ENTRY_HEAD_SIZE], const uint8_t key[KEY_SIZE], uint64_t leaf,
                      const struct entry_head *head);

/* False: the seal does not open: other key, other place or changed bytes. */
MUST_USE bool entry_head_read(const uint8_t bytes[ENTRY_HEAD_SIZE], const uint8_t key[KEY_SIZE],
                              uint64_t leaf, struct entry_head *ret_head);

struct erasing {
    uint64_t leaf, by, position;
    uint32_t body_n;
};
void erasing_write(uint8_t out[ERASING_SIZE], const struct erasing *erasing);
MUST_USE bool erasing_read(const uint8_t bytes[ERASING_SIZE], struct erasing *ret_erasing);

#endif
