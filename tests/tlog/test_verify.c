/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "tlog/receipt.h"
#include "tlog/verify.h"

#define LOG_NAME "log.example/verify"
#define ENTRIES 7

/* A log of one person's two streams and some leaves of others, with its receipts. */
static struct {
    struct arena arena;
    struct note_vkey key, stranger;
    struct memory *memory;
    struct buf note;
    struct receipt_opening opening[ENTRIES];
    uint64_t at[ENTRIES];
    struct buf receipt[ENTRIES];
    uint8_t seed[2][SEED_SIZE];
} log_of;

static struct str entry_text(const char *holder, unsigned n)
{
    const char *text = arena_printf(
        &log_of.arena,
        "{\"v\":1,\"id\":\"a%u\",\"t\":\"2026-11-24T10:00:0%uZ\",\"kind\":\"look\",\"holder\":\"%s\","
        "\"shard\":3,"
        "\"stream\":\"open\",\"n\":%u,\"agency\":\"x\",\"office\":null,\"actor\":\"c-17\",\"capacity\":null,"
        "\"mandate\":null,\"purpose\":\"treatment\",\"basis\":null,\"case\":null,\"registry\":\"patients\","
        "\"fields\":[\"name\"],\"outcome\":\"admitted\",\"reason\":null,\"levels\":null,\"rules\":null}",
        n, n, holder, n);
    return str_of(text);
}

static void log_entry(size_t i, const uint8_t seed[SEED_SIZE], const char *holder, unsigned n)
{
    struct leaf leaf = {.type = LEAF_PERSONAL};
    struct receipt_opening *opening = &log_of.opening[i];
    memset(opening->salt, (int)i + 1, SALT_SIZE);
    opening->entry = entry_text(holder, n);
    leaf_label(leaf.label, seed, n);
    leaf_commit(leaf.commit, opening->salt, opening->entry);
    leaf_write(opening->leaf, &leaf);
    log_of.at[i] = log_of.memory->edge.size;
    memory_add(log_of.memory, opening->leaf, LEAF_SIZE);
    memory_add(log_of.memory, "another's", 9);
}

static void make_receipt(struct buf *out, size_t i, const struct receipt_opening *opening)
{
    struct tlog_proof proof = {.index = log_of.at[i], .checkpoint = buf_view(&log_of.note)};
    assert_true(tree_prove_inclusion(proof.path, &proof.path_n, proof.index, log_of.memory->edge.size,
                                     memory_read, log_of.memory));
    buf_init(out, 1 << 20);
    receipt_text(out, &proof, opening);
    assert_false(buf_overflowed(out));
}

static int make_log(void **state)
{
    uint8_t seed[32] = {42}, public[32];
    struct sign_key *key = sign_key_new(seed);
    arena_init(&log_of.arena, 1 << 16, 1 << 26);
    sign_public(key, public);
    note_vkey_make(&log_of.key, STR(LOG_NAME), public);
    note_vkey_make(&log_of.stranger, STR("log.example/other"), public);
    log_of.memory = memory_new();
    memset(log_of.seed[0], 5, SEED_SIZE);
    memset(log_of.seed[1], 6, SEED_SIZE);
    for (unsigned i = 0; i < ENTRIES; i++)
        log_entry(i, log_of.seed[i >= 4], i >= 4 ? "police" : "clinic", i >= 4 ? i - 4 : i);
    struct checkpoint checkpoint = {.origin = STR(LOG_NAME), .size = log_of.memory->edge.size};
    struct buf text;
    tree_edge_root(&log_of.memory->edge, &checkpoint.root);
    buf_init(&text, 4096);
    checkpoint_text(&text, &checkpoint);
    buf_init(&log_of.note, 4096);
    buf_str(&log_of.note, buf_view(&text));
    buf_byte(&log_of.note, '\n');
    note_sign(&log_of.note, &log_of.key, key, buf_view(&text));
    for (size_t i = 0; i < ENTRIES; i++)
        make_receipt(&log_of.receipt[i], i, &log_of.opening[i]);
    buf_done(&text);
    sign_key_free(key);
    return 0;
}

static int end_log(void **state)
{
    for (size_t i = 0; i < ENTRIES; i++)
        buf_done(&log_of.receipt[i]);
    buf_done(&log_of.note);
    memory_free(log_of.memory);
    arena_done(&log_of.arena);
    return 0;
}

static struct verify_verdict verdict_of(struct str bytes, size_t keys)
{
    struct verify_verdict verdict;
    verify_receipt(bytes, &log_of.key, keys, &log_of.arena, &verdict);
    assert_true(verdict.n >= 3);
    for (size_t i = verdict.n - 3; i < verdict.n; i++) /* what no receipt proves is always said */
        assert_int_equal(verdict.checks[i].status, VERIFY_NOT_CHECKED);
    return verdict;
}

static const char *failed_check(const struct verify_verdict *verdict)
{
    for (size_t i = 0; i < verdict->n; i++)
        if (verdict->checks[i].status == VERIFY_FAILED)
            return verdict->checks[i].id;
    return "";
}

static void a_receipt_proves_its_entry(void **state)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        struct verify_verdict verdict = verdict_of(buf_view(&log_of.receipt[i]), 1);
        assert_true(verdict.proven);
        assert_int_equal(verdict.n, 5 + 3);
        assert_true(str_eq(verdict.entry, log_of.opening[i].entry));
        assert_int_equal(verdict.leaf, log_of.at[i]);
        assert_int_equal(verdict.checkpoint.size, 14);
    }
    struct verify_verdict verdict = verdict_of(buf_view(&log_of.receipt[0]), 1);
    assert_string_equal(verdict.checks[1].words,
                        "The log's key signed a list of 14 entries (log " LOG_NAME ").");
    assert_string_equal(verdict.checks[2].words, "This entry is number 0 of that list, unchanged.");
}

static void without_the_right_key_nothing_is_proven(void **state)
{
    struct verify_verdict verdict = verdict_of(buf_view(&log_of.receipt[0]), 0);
    assert_false(verdict.proven);
    assert_string_equal(failed_check(&verdict), "");
    assert_int_equal(verdict.checks[1].status, VERIFY_NOT_CHECKED);
    verify_receipt(buf_view(&log_of.receipt[0]), &log_of.stranger, 1, &log_of.arena, &verdict);
    assert_false(verdict.proven);
    assert_string_equal(failed_check(&verdict), "checkpoint-signature");
    assert_null(verdict.entry.p);
}

/* A receipt for entry i that rests on a list of the same size, signed under `key`. */
static void resign(struct buf *out, size_t i, const struct note_vkey *key)
{
    uint8_t seed[32] = {42};
    struct sign_key *signer = sign_key_new(seed);
    struct checkpoint checkpoint = {.origin = STR(LOG_NAME), .size = log_of.memory->edge.size};
    struct buf text, kept = log_of.note;
    tree_edge_root(&log_of.memory->edge, &checkpoint.root);
    buf_init(&text, 4096);
    checkpoint_text(&text, &checkpoint);
    buf_init(&log_of.note, 4096);
    buf_str(&log_of.note, buf_view(&text));
    buf_byte(&log_of.note, '\n');
    note_sign(&log_of.note, key, signer, buf_view(&text));
    make_receipt(out, i, &log_of.opening[i]);
    buf_done(&log_of.note);
    log_of.note = kept;
    buf_done(&text);
    sign_key_free(signer);
}

static void a_key_counts_only_for_its_own_log(void **state)
{
    struct verify_verdict verdict;
    struct buf receipt;
    resign(&receipt, 0, &log_of.key);
    verdict = verdict_of(buf_view(&receipt), 1);
    assert_true(verdict.proven);
    buf_done(&receipt);
    resign(&receipt, 0, &log_of.stranger); /* a true signature, of a key with another log's name */
    verify_receipt(buf_view(&receipt), &log_of.stranger, 1, &log_of.arena, &verdict);
    assert_false(verdict.proven);
    assert_string_equal(failed_check(&verdict), "checkpoint-signature");
    buf_done(&receipt);
}

static void no_byte_of_a_receipt_may_change(void **state)
{
    struct buf *receipt = &log_of.receipt[5];
    for (size_t i = 0; i < receipt->n; i++)
        for (unsigned bit = 0; bit < 8; bit += 3) {
            receipt->p[i] ^= (char)(1u << bit);
            struct verify_verdict verdict = verdict_of(buf_view(receipt), 1);
            if (verdict.proven)
                fail_msg("byte %zu bit %u changed, and all is proven", i, bit);
            receipt->p[i] ^= (char)(1u << bit);
        }
    for (size_t n = 0; n < receipt->n; n++) {
        struct verify_verdict verdict = verdict_of((struct str){receipt->p, n}, 1);
        assert_false(verdict.proven);
    }
}

static void each_check_is_named_when_it_fails(void **state)
{
    struct receipt_opening opening = log_of.opening[2];
    struct buf receipt;
    opening.entry = entry_text("clinic", 9); /* another text under the same leaf */
    make_receipt(&receipt, 2, &opening);
    struct verify_verdict verdict = verdict_of(buf_view(&receipt), 1);
    assert_string_equal(failed_check(&verdict), "commitment");
    buf_done(&receipt);

    opening = log_of.opening[2];
    opening.salt[0]++;
    make_receipt(&receipt, 2, &opening);
    verdict = verdict_of(buf_view(&receipt), 1);
    assert_string_equal(failed_check(&verdict), "commitment");
    buf_done(&receipt);

    make_receipt(&receipt, 2, &log_of.opening[3]); /* another's place */
    verdict = verdict_of(buf_view(&receipt), 1);
    assert_string_equal(failed_check(&verdict), "inclusion");
    buf_done(&receipt);

    verdict = verdict_of(STR("hello"), 1);
    assert_string_equal(failed_check(&verdict), "receipt-form");
}

/* --- trace files --- */

static struct str trace_text(unsigned count_0, unsigned count_1, const size_t *which, size_t n)
{
    char seed[2][BASE64_SIZE(SEED_SIZE)];
    struct buf vkey;
    json_t *receipts = json_array();
    buf_in(&vkey, &log_of.arena, 4096);
    note_vkey_text(&vkey, &log_of.key);
    buf_byte(&vkey, 0);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(receipts, json_stringn(log_of.receipt[which[i]].p, log_of.receipt[which[i]].n));
    base64_encode(seed[0], log_of.seed[0], SEED_SIZE);
    base64_encode(seed[1], log_of.seed[1], SEED_SIZE);
    json_t *trace = json_pack("{s:i,s:s,s:s,s:s,s:[{s:i,s:s,s:s,s:i,s:s},{s:i,s:s,s:s,s:i,s:s}],s:o,s:[]}",
                              "v", 1, "kind", "aina-trace", "origin", LOG_NAME, "vkey", vkey.p, "streams",
                              "shard", 3, "holder", "clinic", "stream", "open", "count", (int)count_0, "seed",
                              seed[0], "shard", 3, "holder", "police", "stream", "open", "count",
                              (int)count_1, "seed", seed[1], "receipts", receipts, "erased");
    char *text = json_dumps(trace, JSON_COMPACT);
    struct str out = str_dup(&log_of.arena, str_of(text));
    free(text);
    json_decref(trace);
    return out;
}

static void assert_trace(struct str bytes, const char *failed)
{
    struct verify_verdict verdict;
    verify_trace(bytes, &log_of.key, 1, &log_of.arena, &verdict);
    assert_string_equal(failed_check(&verdict), failed);
    assert_int_equal(verdict.proven, failed[0] == '\0');
}

static void a_trace_is_whole_or_refused(void **state)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6}, shuffled[] = {6, 2, 0, 5, 1, 4, 3},
                        gap[] = {0, 1, 3, 4, 5, 6}, twice[] = {0, 1, 2, 2, 4, 5, 6};
    assert_trace(trace_text(4, 3, all, 7), "");
    assert_trace(trace_text(4, 3, shuffled, 7), "");
    assert_trace(trace_text(4, 3, gap, 6), "numbers");
    assert_trace(trace_text(3, 3, gap, 6), "numbers"); /* the count lowered to hide it */
    assert_trace(trace_text(4, 3, twice, 7), "numbers");
    assert_trace(trace_text(5, 2, all, 7), "numbers");
    assert_trace(STR("{}"), "trace-form");
    assert_trace(STR(""), "trace-form");
    log_of.seed[0][0] ^= 1;
    assert_trace(trace_text(4, 3, all, 7), "label");
    log_of.seed[0][0] ^= 1;
    log_of.receipt[3].p[60] ^= 1; /* in the leaf */
    assert_trace(trace_text(4, 3, all, 7), "inclusion");
    log_of.receipt[3].p[60] ^= 1;
}

/* Each bit of what stands around the receipts, and some of theirs (no_byte_of_a_receipt_may_change). */
static void no_byte_of_a_trace_may_change(void **state)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6};
    struct str whole = trace_text(4, 3, all, 7);
    size_t first = (size_t)(strstr(whole.p, "c2sp.org") - whole.p), last = whole.n - 20;
    struct verify_verdict verdict;
    struct arena arena;
    arena_init(&arena, 65536, (size_t)1 << 30);
    for (size_t bit = 0; bit < 8 * whole.n; bit++) {
        if (bit / 8 > first && bit / 8 < last && bit % 331 != 0)
            continue;
        ((char *)whole.p)[bit / 8] ^= (char)(1u << bit % 8);
        verify_trace(whole, &log_of.key, 1, &arena, &verdict);
        assert_false(verdict.proven);
        assert_string_not_equal(failed_check(&verdict), "");
        ((char *)whole.p)[bit / 8] ^= (char)(1u << bit % 8);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void a_trace_without_key_proves_nothing(void **state)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6};
    struct verify_verdict verdict;
    verify_trace(trace_text(4, 3, all, 7), NULL, 0, &log_of.arena, &verdict);
    assert_false(verdict.proven);
    assert_string_equal(failed_check(&verdict), "");
    verify_trace(trace_text(0, 0, all, 0), &log_of.key, 1, &log_of.arena,
                 &verdict); /* nor does an empty one */
    assert_false(verdict.proven);
    assert_string_equal(failed_check(&verdict), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_proves_its_entry),
        cmocka_unit_test(without_the_right_key_nothing_is_proven),
        cmocka_unit_test(a_key_counts_only_for_its_own_log),
        cmocka_unit_test(no_byte_of_a_receipt_may_change),
        cmocka_unit_test(each_check_is_named_when_it_fails),
        cmocka_unit_test(a_trace_is_whole_or_refused),
        cmocka_unit_test(no_byte_of_a_trace_may_change),
        cmocka_unit_test(a_trace_without_key_proves_nothing),
    };
    return cmocka_run_group_tests(tests, make_log, end_log);
}
