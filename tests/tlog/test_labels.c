/* SPDX-License-Identifier: Apache-2.0 */
/* Recomputes tests/tlog/data/labels.json, which tests/python/labels_second.py made without our code. */
#include "support.h"

#include "crypto/psn.h"
#include "crypto/vrf.h"
#include "tlog/leaf.h"

static json_t *vectors;

static void expect(const json_t *vector, const char *name, const void *bytes, size_t n)
{
    char *hex = calloc(1, 2 * n + 1);
    hex_encode(hex, bytes, n);
    assert_string_equal(hex, text_at(vector, name).p);
    free(hex);
}

static void given(const json_t *vector, const char *name, uint8_t *out, size_t n)
{
    assert_true(hex_decode(out, n, text_at(vector, name)));
}

static uint64_t number(const json_t *vector, const char *name)
{
    const json_t *member = json_object_get(vector, name);
    uint64_t value;
    if (json_is_integer(member))
        return (uint64_t)json_integer_value(member);
    assert_true(text_u64(text_at(vector, name), &value));
    return value;
}

static void check_label(const json_t *vector)
{
    uint8_t secret[32], public[32], pseudonym[32], proof[80], beta[64], proven[64], salt[32], bytes[66];
    struct leaf leaf = {.type = LEAF_PERSONAL};
    struct tree_hash hash;
    struct buf alpha;
    given(vector, "vrf_secret", secret, 32);
    given(vector, "pseudonym", pseudonym, 32);
    given(vector, "salt", salt, 32);
    buf_init(&alpha, 4096);
    struct str order = text_at(vector, "order");
    if (order.p != NULL)
        leaf_sealed_alpha(&alpha, number(vector, "shard"), text_at(vector, "holder"), pseudonym, order);
    else
        leaf_seed_alpha(&alpha, number(vector, "shard"), text_at(vector, "holder"), pseudonym,
                        text_at(vector, "date").p);
    expect(vector, "alpha", alpha.p, alpha.n);
    vrf_public(public, secret);
    expect(vector, "vrf_public", public, 32);
    assert_true(vrf_prove(proof, secret, public, alpha.p, alpha.n));
    expect(vector, "proof", proof, 80);
    assert_true(vrf_output(beta, secret, public, alpha.p, alpha.n));
    expect(vector, "beta", beta, 64);
    assert_true(vrf_verify(proven, public, proof, alpha.p, alpha.n));
    assert_memory_equal(beta, proven, 64);
    leaf_label(leaf.label, beta, number(vector, "n"));
    expect(vector, "label", leaf.label, 32);
    leaf_commit(leaf.commit, salt, text_at(vector, "entry"));
    expect(vector, "commit", leaf.commit, 32);
    leaf_write(bytes, &leaf);
    expect(vector, "leaf", bytes, LEAF_SIZE);
    tree_leaf_hash(&hash, bytes, LEAF_SIZE);
    expect(vector, "leaf_hash", hash.b, HASH_SIZE);
    buf_done(&alpha);
}

static void labels(void **state)
{
    const json_t *vector;
    size_t i;
    json_array_foreach(json_object_get(vectors, "labels"), i, vector) check_label(vector);
    assert_int_equal(i, 6);
}

static void public_records(void **state)
{
    static const uint8_t salt[SALT_SIZE];
    const json_t *vector;
    size_t i;
    json_array_foreach(json_object_get(vectors, "public"), i, vector)
    {
        struct leaf leaf = {.type = LEAF_PUBLIC};
        uint8_t bytes[LEAF_SIZE];
        leaf_public_label(leaf.label, text_at(vector, "kind"), text_at(vector, "id"),
                          (uint32_t)number(vector, "version"));
        leaf_commit(leaf.commit, salt, text_at(vector, "content"));
        leaf_write(bytes, &leaf);
        expect(vector, "leaf", bytes, LEAF_SIZE);
    }
    assert_int_equal(i, 2);
}

static void check_pseudonym(const json_t *vector)
{
    uint8_t root[2][32], share[2][32], next[32], step[2][32], key[32], pid[16], point[32], psn[32], out[32];
    char text[PSN_TEXT_SIZE];
    given(vector, "root_1", root[0], 32);
    given(vector, "root_2", root[1], 32);
    given(vector, "pid", pid, 16);
    for (int i = 0; i < 2; i++) {
        psn_share(share[i], root[i], text_at(vector, "sector").p, (unsigned)number(vector, "epoch"));
        psn_share(next, root[i], text_at(vector, "to_sector").p, (unsigned)number(vector, "to_epoch"));
        psn_inverse(key, share[i]);
        psn_product(step[i], next, key);
    }
    expect(vector, "share_1", share[0], 32);
    expect(vector, "share_2", share[1], 32);
    expect(vector, "step_1", step[0], 32);
    expect(vector, "step_2", step[1], 32);
    psn_hash_to_group(point, pid);
    expect(vector, "hash_to_group", point, 32);
    psn_product(key, share[0], share[1]);
    assert_true(psn_multiply(psn, key, point));
    expect(vector, "psn", psn, 32);
    psn_text(text, psn);
    assert_string_equal(text, text_at(vector, "psn_text").p);
    assert_true(psn_multiply(out, step[0], psn) && psn_multiply(out, step[1], out));
    expect(vector, "translated", out, 32);
    uint8_t rho[32] = {7};
    assert_true(psn_multiply(out, step[0], psn) && psn_multiply(out, rho, out));
    expect(vector, "blinded", out, 32);
    assert_true(psn_multiply(out, step[1], out));
    expect(vector, "answer", out, 32);
}

static void pseudonyms(void **state)
{
    const json_t *vector;
    size_t i;
    json_array_foreach(json_object_get(vectors, "psn"), i, vector) check_pseudonym(vector);
    assert_int_equal(i, 3);
}

static int open_vectors(void **state)
{
    vectors = json_file(repo_path("tests/tlog/data/labels.json"));
    return 0;
}

static int close_vectors(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels), cmocka_unit_test(public_records),
                                       cmocka_unit_test(pseudonyms)};
    return cmocka_run_group_tests(tests, open_vectors, close_vectors);
}
