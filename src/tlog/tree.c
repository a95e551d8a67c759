/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tree.h"

#include <string.h>

#include "base/err.h"

void tree_leaf_hash(struct tree_hash *out, const void *entry, size_t n)
{
    static const uint8_t leaf = 0x00;
    struct sha256 hash;
    sha256_start(&hash);
    sha256_add(&hash, &leaf, 1);
    sha256_add(&hash, entry, n);
    sha256_end(&hash, out->b);
}

void tree_node_hash(struct tree_hash *out, const struct tree_hash *left, const struct tree_hash *right)
{
    uint8_t bytes[1 + 2 * HASH_SIZE] = {0x01};
    memcpy(bytes + 1, left->b, HASH_SIZE);
    memcpy(bytes + 1 + HASH_SIZE, right->b, HASH_SIZE);
    sha256(out->b, bytes, sizeof bytes);
}

static void empty_root(struct tree_hash *out)
{
    sha256(out->b, NULL, 0);
}

static bool same(const struct tree_hash *a, const struct tree_hash *b)
{
    return memcmp(a->b, b->b, HASH_SIZE) == 0;
}

void tree_edge_start(struct tree_edge *edge)
{
    edge->size = 0;
}

void tree_edge_append(struct tree_edge *edge, const struct tree_hash *leaf, tree_done_fn *done, void *arg)
{
    must(edge->size < UINT64_MAX);
    struct tree_hash hash = *leaf;
    uint64_t index = edge->size;
    unsigned level = 0;
    if (done != NULL)
        done(arg, 0, index, &hash);
    for (; index & 1; index >>= 1, level++) {
        tree_node_hash(&hash, &edge->node[level], &hash);
        if (done != NULL)
            done(arg, level + 1, index >> 1, &hash);
    }
    edge->node[level] = hash;
    edge->size++;
}

void tree_edge_root(const struct tree_edge *edge, struct tree_hash *ret_root)
{
    if (edge->size == 0) {
        empty_root(ret_root);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(edge->size);
    struct tree_hash hash = edge->node[level];
    while (++level < 64)
        if (edge->size >> level & 1)
            tree_node_hash(&hash, &edge->node[level], &hash);
    *ret_root = hash;
}

/* The root over n leaves from `start` on, which is a multiple of a power of two not below n: perfect subtrees
 * from the right to the left. */
static bool range_root(struct tree_hash *out, uint64_t start, uint64_t n, tree_read_fn *read, void *arg)
{
    struct tree_hash hash, left;
    bool any = false;
    for (unsigned level = 0; level < 64; level++) {
        if ((n >> level & 1) == 0)
            continue;
        if (!read(arg, level, ((start + n) >> level) - 1, &left))
            return false;
        if (any)
            tree_node_hash(&hash, &left, &hash);
        else
            hash = left;
        any = true;
    }
    *out = hash;
    return any;
}

bool tree_edge_load(struct tree_edge *edge, uint64_t size, tree_read_fn *read, void *arg)
{
    struct tree_edge loaded = {.size = size};
    for (unsigned level = 0; level < 64; level++)
        if ((size >> level & 1) && !read(arg, level, (size >> level) - 1, &loaded.node[level]))
            return false;
    *edge = loaded;
    return true;
}

bool tree_root(struct tree_hash *ret_root, uint64_t size, tree_read_fn *read, void *arg)
{
    struct tree_edge edge;
    if (!tree_edge_load(&edge, size, read, arg))
        return false;
    tree_edge_root(&edge, ret_root);
    return true;
}

/* The largest power of two below n (n > 1): where RFC 6962 splits. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Siblings met on the way down, kept as ranges and read in the order of the proof: from the leaves up. */
struct ranges {
    size_t n;
    uint64_t start[TREE_PROOF_MAX], count[TREE_PROOF_MAX];
};

static void ranges_add(struct ranges *ranges, uint64_t start, uint64_t count)
{
    ranges->start[ranges->n] = start;
    ranges->count[ranges->n++] = count;
}

static bool ranges_read(const struct ranges *ranges, struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n,
                        tree_read_fn *read, void *arg)
{
    must(ranges->n <= TREE_PROOF_MAX);
    for (size_t i = 0; i < ranges->n; i++) {
        size_t from = ranges->n - 1 - i;
        if (!range_root(&proof[i], ranges->start[from], ranges->count[from], read, arg))
            return false;
    }
    *ret_n = ranges->n;
    return true;
}

bool tree_prove_inclusion(struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n, uint64_t leaf, uint64_t size,
                          tree_read_fn *read, void *arg)
{
    if (leaf >= size)
        return false;
    struct ranges siblings = {0};
    uint64_t start = 0, n = size;
    while (n > 1) {
        uint64_t k = split(n);
        if (leaf - start < k) {
            ranges_add(&siblings, start + k, n - k);
            n = k;
        } else {
            ranges_add(&siblings, start, k);
            start += k;
            n -= k;
        }
    }
    return ranges_read(&siblings, proof, ret_n, read, arg);
}

bool tree_prove_consistency(struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n, uint64_t old_size,
                            uint64_t size, tree_read_fn *read, void *arg)
{
    if (old_size > size)
        return false;
    struct ranges parts = {0};
    uint64_t start = 0, n = old_size == 0 ? 0 : size, m = old_size;
    while (m != n) {
        uint64_t k = split(n);
        if (m <= k) {
            ranges_add(&parts, start + k, n - k);
            n = k;
        } else {
            ranges_add(&parts, start, k);
            start += k;
            m -= k;
            n -= k;
        }
    }
    if (start != 0) /* else the last part is the old tree itself, whose root the reader has */
        ranges_add(&parts, start, n);
    return ranges_read(&parts, proof, ret_n, read, arg);
}

bool tree_check_inclusion(const struct tree_hash *proof, size_t n, uint64_t leaf, uint64_t size,
                          const struct tree_hash *leaf_hash, const struct tree_hash *root)
{
    if (leaf >= size)
        return false;
    struct tree_hash hash = *leaf_hash;
    uint64_t at = leaf, last = size - 1; /* RFC 9162 section 2.1.3.2 */
    for (size_t i = 0; i < n; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            tree_node_hash(&hash, &proof[i], &hash);
            while ((at & 1) == 0 && at != 0)
                at >>= 1, last >>= 1;
        } else {
            tree_node_hash(&hash, &hash, &proof[i]);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && same(&hash, root);
}

/* RFC 9162 section 2.1.4.2, for 0 < old_size < size. */
static bool check_growth(const struct tree_hash *proof, size_t n, uint64_t old_size, uint64_t size,
                         const struct tree_hash *old_root, const struct tree_hash *root)
{
    uint64_t at = old_size - 1, last = size - 1;
    while (at & 1)
        at >>= 1, last >>= 1;
    size_t i = 0;
    if (at != 0 && n == 0)
        return false;
    /* A perfect old tree is its own first part. */
    struct tree_hash was = at == 0 ? *old_root : proof[i++], is = was;
    for (; i < n; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            tree_node_hash(&was, &proof[i], &was);
            tree_node_hash(&is, &proof[i], &is);
            while ((at & 1) == 0 && at != 0)
                at >>= 1, last >>= 1;
        } else {
            tree_node_hash(&is, &is, &proof[i]);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && same(&was, old_root) && same(&is, root);
}

bool tree_check_consistency(const struct tree_hash *proof, size_t n, uint64_t old_size, uint64_t size,
                            const struct tree_hash *old_root, const struct tree_hash *root)
{
    struct tree_hash empty;
    if (old_size > size)
        return false;
    if (old_size == 0) {
        empty_root(&empty);
        return n == 0 && same(old_root, &empty) && (size != 0 || same(root, &empty));
    }
    if (old_size == size)
        return n == 0 && same(old_root, root);
    return check_growth(proof, n, old_size, size, old_root, root);
}
