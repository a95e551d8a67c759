/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h: arithmetic of the Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1). Pure: no I/O, no
 * allocation.
 *
 * leaf hash = SHA-256(0x00 ‖ entry), node hash = SHA-256(0x01 ‖ left ‖ right), the empty tree's root is
 * SHA-256(""). Sizes and leaf numbers are full uint64. A proof is at most TREE_PROOF_MAX hashes.
 */
#ifndef TLOG_TREE_H
#define TLOG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "crypto/hash.h"

#define TREE_PROOF_MAX 65 /* a consistency proof of a size above 2^63: 64 siblings and the last part */

struct tree_hash {
    uint8_t b[HASH_SIZE];
};

void tree_leaf_hash(struct tree_hash *out, const void *entry, size_t n);
void tree_node_hash(struct tree_hash *out, const struct tree_hash *left, const struct tree_hash *right);

/* The right edge of a growing tree: one hash a set bit of the size. Appending costs two hashes on average. */
struct tree_edge {
    uint64_t size;
    struct tree_hash node[64]; /* node[level]: root of the perfect subtree of 2^level leaves, where that bit
                                  of size is set */
};

void tree_edge_start(struct tree_edge *edge);

/* Appends a leaf. `done(arg, level, index, hash)`, if not NULL, is called for each perfect subtree completed,
 * the leaf itself included (level 0), in order of level: what a store of hashes keeps. */
typedef void tree_done_fn(void *arg, unsigned level, uint64_t index, const struct tree_hash *hash);
void tree_edge_append(struct tree_edge *edge, const struct tree_hash *leaf, tree_done_fn *done, void *arg);
void tree_edge_root(const struct tree_edge *edge, struct tree_hash *ret_root);

/* Reads the hash of the perfect subtree of 2^level leaves that starts at leaf index·2^level. False: not
 * available. */
typedef bool tree_read_fn(void *arg, unsigned level, uint64_t index, struct tree_hash *ret_hash);

MUST_USE bool tree_edge_load(struct tree_edge *edge, uint64_t size, tree_read_fn *read, void *arg);
MUST_USE bool tree_root(struct tree_hash *ret_root, uint64_t size, tree_read_fn *read, void *arg);
MUST_USE bool tree_prove_inclusion(struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n, uint64_t leaf,
                                   uint64_t size, tree_read_fn *read, void *arg);
MUST_USE bool tree_prove_consistency(struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n, uint64_t old_size,
                                     uint64_t size, tree_read_fn *read, void *arg);

/* The checks. Every surplus or missing hash, and every leaf beyond the size, is refused. */
MUST_USE bool tree_check_inclusion(const struct tree_hash *proof, size_t n, uint64_t leaf, uint64_t size,
                                   const struct tree_hash *leaf_hash, const struct tree_hash *root);
MUST_USE bool tree_check_consistency(const struct tree_hash *proof, size_t n, uint64_t old_size,
                                     uint64_t size, const struct tree_hash *old_root,
                                     const struct tree_hash *root);

#endif
