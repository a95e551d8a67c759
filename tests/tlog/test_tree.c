/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#define SIZES 70

/* Facts: the eight standard leaves of RFC 6962 test logs, and the roots of their trees. */
static const char *const leaves[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void roots_of_the_eight_leaves(void **state)
{
    struct memory *memory = memory_new();
    struct tree_hash root, read;
    for (size_t i = 0; i <= 8; i++) {
        tree_edge_root(&memory->edge, &root);
        assert_hash(&root, roots[i]);
        assert_true(tree_root(&read, i, memory_read, memory));
        assert_hash(&read, roots[i]);
        if (i < 8) {
            uint8_t bytes[16];
            size_t n = strlen(leaves[i]) / 2;
            assert_true(hex_decode(bytes, n, str_of(leaves[i])));
            memory_add(memory, bytes, n);
        }
    }
    memory_free(memory);
}

/* RFC 6962 section 2.1 word by word, as the judge. */
struct naive {
    struct tree_hash leaf[SIZES];
    struct tree_hash path[64];
    size_t n;
};

static size_t naive_split(size_t n)
{
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static struct tree_hash naive_root(const struct naive *naive, size_t start, size_t n)
{
    struct tree_hash out;
    if (n == 0) {
        sha256(out.b, "", 0);
        return out;
    }
    if (n == 1)
        return naive->leaf[start];
    struct tree_hash left = naive_root(naive, start, naive_split(n));
    struct tree_hash right = naive_root(naive, start + naive_split(n), n - naive_split(n));
    tree_node_hash(&out, &left, &right);
    return out;
}

static void naive_path(struct naive *naive, size_t m, size_t start, size_t n)
{
    size_t k = naive_split(n);
    if (n == 1)
        return;
    if (m < k) {
        naive_path(naive, m, start, k);
        naive->path[naive->n++] = naive_root(naive, start + k, n - k);
    } else {
        naive_path(naive, m - k, start + k, n - k);
        naive->path[naive->n++] = naive_root(naive, start, k);
    }
}

static void naive_subproof(struct naive *naive, size_t m, size_t start, size_t n, bool whole)
{
    if (m == n) {
        if (!whole)
            naive->path[naive->n++] = naive_root(naive, start, n);
        return;
    }
    size_t k = naive_split(n);
    if (m <= k) {
        naive_subproof(naive, m, start, k, whole);
        naive->path[naive->n++] = naive_root(naive, start + k, n - k);
    } else {
        naive_subproof(naive, m - k, start + k, n - k, false);
        naive->path[naive->n++] = naive_root(naive, start, k);
    }
}

static struct memory *memory;
static struct naive naive;

static int grow(void **state)
{
    memory = memory_new();
    for (size_t i = 0; i < SIZES; i++) {
        uint8_t entry = (uint8_t)i;
        memory_add(memory, &entry, 1);
        tree_leaf_hash(&naive.leaf[i], &entry, 1);
    }
    return 0;
}

static int shrink(void **state)
{
    memory_free(memory);
    return 0;
}

static void inclusion_of_every_leaf_at_every_size(void **state)
{
    struct tree_hash proof[TREE_PROOF_MAX];
    size_t n;
    for (size_t size = 1; size <= SIZES; size++) {
        struct tree_hash root = naive_root(&naive, 0, size);
        for (size_t leaf = 0; leaf < size; leaf++) {
            naive.n = 0;
            naive_path(&naive, leaf, 0, size);
            assert_true(tree_prove_inclusion(proof, &n, leaf, size, memory_read, memory));
            assert_int_equal(n, naive.n);
            assert_memory_equal(proof, naive.path, n * sizeof *proof);
            assert_true(tree_check_inclusion(proof, n, leaf, size, &naive.leaf[leaf], &root));
            /* Everything beside it is refused: number, size, one hash more or less, a changed bit. */
            for (size_t other = 0; other < size + 2; other++)
                if (other != leaf)
                    assert_false(tree_check_inclusion(proof, n, other, size, &naive.leaf[leaf], &root));
            proof[n] = root;
            assert_false(tree_check_inclusion(proof, n + 1, leaf, size, &naive.leaf[leaf], &root));
            if (n != 0)
                assert_false(tree_check_inclusion(proof, n - 1, leaf, size, &naive.leaf[leaf], &root));
            for (size_t i = 0; i < n; i++) {
                proof[i].b[leaf % 32] ^= 1;
                assert_false(tree_check_inclusion(proof, n, leaf, size, &naive.leaf[leaf], &root));
                proof[i].b[leaf % 32] ^= 1;
            }
        }
        assert_false(tree_prove_inclusion(proof, &n, size, size, memory_read, memory));
    }
}

static void consistency_of_every_pair_of_sizes(void **state)
{
    struct tree_hash proof[TREE_PROOF_MAX];
    size_t n;
    for (size_t size = 0; size <= SIZES; size++) {
        struct tree_hash root = naive_root(&naive, 0, size);
        for (size_t old = 0; old <= size; old++) {
            struct tree_hash before = naive_root(&naive, 0, old);
            naive.n = 0;
            if (old != 0)
                naive_subproof(&naive, old, 0, size, true);
            assert_true(tree_prove_consistency(proof, &n, old, size, memory_read, memory));
            assert_int_equal(n, naive.n);
            assert_memory_equal(proof, naive.path, n * sizeof *proof);
            assert_true(tree_check_consistency(proof, n, old, size, &before, &root));
            proof[n] = root;
            assert_false(tree_check_consistency(proof, n + 1, old, size, &before, &root));
            if (n != 0)
                assert_false(tree_check_consistency(proof, n - 1, old, size, &before, &root));
            for (size_t i = 0; i < n; i++) {
                proof[i].b[old % 32] ^= 1;
                assert_false(tree_check_consistency(proof, n, old, size, &before, &root));
                proof[i].b[old % 32] ^= 1;
            }
            before.b[0] ^= 1;
            assert_false(tree_check_consistency(proof, n, old, size, &before, &root));
            before.b[0] ^= 1;
            if (old != size)
                assert_false(tree_check_consistency(proof, n, size, old, &root, &before));
        }
    }
}

static void an_edge_is_loaded_as_it_grew(void **state)
{
    for (size_t size = 0; size <= SIZES; size++) {
        struct tree_edge edge;
        struct tree_hash root, expected = naive_root(&naive, 0, size);
        assert_true(tree_edge_load(&edge, size, memory_read, memory));
        tree_edge_root(&edge, &root);
        assert_memory_equal(root.b, expected.b, HASH_SIZE);
        if (size < SIZES) {
            tree_edge_append(&edge, &naive.leaf[size], NULL, NULL);
            tree_edge_root(&edge, &root);
            expected = naive_root(&naive, 0, size + 1);
            assert_memory_equal(root.b, expected.b, HASH_SIZE);
        }
    }
    struct tree_edge edge = {.size = 42};
    assert_false(tree_edge_load(&edge, 2 * SIZES, memory_read, memory));
    assert_int_equal(edge.size, 42);
}

/* A tree of one repeated hash per level lets sizes near 2^64 be proven. */
static bool repeated(void *arg, unsigned level, uint64_t index, struct tree_hash *ret_hash)
{
    const struct tree_hash *levels = arg;
    if (level > 63 || (level != 0 && index >= UINT64_C(1) << (64 - level)))
        return false;
    *ret_hash = levels[level];
    return true;
}

static void sizes_reach_the_end_of_64_bits(void **state)
{
    static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1};
    struct tree_hash levels[64], root, before, proof[TREE_PROOF_MAX];
    size_t n;
    tree_leaf_hash(&levels[0], "x", 1);
    for (int i = 1; i < 64; i++)
        tree_node_hash(&levels[i], &levels[i - 1], &levels[i - 1]);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint64_t size = sizes[i], picks[] = {0, 1, size / 3, size / 2, size - 2, size - 1};
        assert_true(tree_root(&root, size, repeated, levels));
        for (size_t j = 0; j < ARRAY_LEN(picks); j++) {
            assert_true(tree_prove_inclusion(proof, &n, picks[j], size, repeated, levels));
            assert_true(tree_check_inclusion(proof, n, picks[j], size, &levels[0], &root));
            assert_false(tree_check_inclusion(proof, n - 1, picks[j], size, &levels[0], &root));
            assert_true(tree_root(&before, picks[j], repeated, levels));
            assert_true(tree_prove_consistency(proof, &n, picks[j], size, repeated, levels));
            assert_true(tree_check_consistency(proof, n, picks[j], size, &before, &root));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_the_eight_leaves),
        cmocka_unit_test(inclusion_of_every_leaf_at_every_size),
        cmocka_unit_test(consistency_of_every_pair_of_sizes),
        cmocka_unit_test(an_edge_is_loaded_as_it_grew),
        cmocka_unit_test(sizes_reach_the_end_of_64_bits),
    };
    return cmocka_run_group_tests(tests, grow, shrink);
}
