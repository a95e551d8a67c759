/* SPDX-License-Identifier: Apache-2.0 */
/* The room's inside: DER and BER, names of algorithms, hashes by vectors of others, and that the fuzzers'
 * seeds are good as they stand, so that mutations start from what is accepted. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "signature_support.h"

static struct arena arena;

static int start(void **state)
{
    arena_init(&arena, 65536, (size_t)64 << 20);
    return 0;
}

static int end(void **state)
{
    arena_done(&arena);
    return 0;
}

#define DER(bytes) ((struct der){(const uint8_t *)("" bytes), sizeof(bytes) - 1})

static void test_der_is_strict(void **state)
{
    static const struct {
        struct der bytes;
        bool good;
    } cases[] = {
        {DER("\x30\x00"), true},
        {DER("\x04\x01x"), true},
        {DER(""), false},
        {DER("\x30"), false},
        {DER("\x30\x01"), false},         /* past the end */
        {DER("\x30\x81\x01\x05"), false}, /* not the shortest length */
        {DER("\x30\x80\x00\x00"), false}, /* indefinite */
        {DER("\x30\x82\x00\x80"), false}, /* leading zero */
        {DER("\x1f\x81\x01\x00"), false}, /* a tag of several bytes */
        {DER("\x30\x85\x01\x00\x00\x00\x00"), false},
        {DER("\x30\x84\xff\xff\xff\xff"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct der rest = cases[i].bytes, content, whole;
        uint8_t tag;
        assert_int_equal(der_any(&rest, &tag, &content, &whole), cases[i].good);
    }
}

static void test_times(void **state)
{
    static const struct {
        struct der bytes;
        const char *time; /* NULL: refused */
    } cases[] = {
        {DER("\x17\x0d"
             "261125120000Z"),
         "2026-11-25T12:00:00Z"},
        {DER("\x17\x0d"
             "500101000000Z"),
         "1950-01-01T00:00:00Z"},
        {DER("\x18\x0f"
             "20261125120000Z"),
         "2026-11-25T12:00:00Z"},
        {DER("\x18\x12"
             "20261125120000.25Z"),
         "2026-11-25T12:00:00Z"},
        {DER("\x18\x10"
             "20261125120000.Z"),
         NULL},
        {DER("\x17\x0d"
             "260230120000Z"),
         NULL},
        {DER("\x17\x0d"
             "261125240000Z"),
         NULL},
        {DER("\x17\x0b"
             "2611251200Z"),
         NULL},
        {DER("\x17\x11"
             "261125120000+0500"),
         NULL},
        {DER("\x17\x0d"
             "26112512000\xd9Z"),
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct der rest = cases[i].bytes;
        int64_t time;
        bool good = der_take_time(&rest, &time);
        assert_int_equal(good, cases[i].time != NULL);
        if (good)
            assert_string_equal(time_words(&arena, time), cases[i].time);
    }
}

static void test_object_identifiers(void **state)
{
    struct der oid;
    assert_true(oid_parse(&arena, STR("1.2.840.113549.1.9.16.2.14"), &oid));
    assert_true(der_eq(oid, DER("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e")));
    assert_string_equal(oid_text(&arena, oid), "1.2.840.113549.1.9.16.2.14");
    assert_true(oid_parse(&arena, STR("2.999.1"), &oid));
    assert_string_equal(oid_text(&arena, oid), "2.999.1");
    for (const char *const *bad =
             (const char *const[]){"", "1", "3.1", "1.40", "1.2.x", "1..2", "1.2.4294967296", NULL};
         *bad != NULL; bad++)
        assert_false(oid_parse(&arena, str_of(*bad), &oid));
    assert_string_equal(oid_text(&arena, DER("\x2a\x86")), "a malformed identifier");
    assert_string_equal(oid_text(&arena, DER("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")),
                        "a malformed identifier");
}

static void test_ber_becomes_der(void **state)
{
    struct der der;
    assert_true(der_from_ber(&arena,
                             DER("\x30\x80\x24\x80\x04\x01"
                                 "a\x04\x01"
                                 "b\x00\x00\x02\x81\x01\x05\x00\x00"),
                             &der));
    assert_true(der_eq(der, DER("\x30\x07\x04\x02"
                                "ab\x02\x01\x05")));
    for (size_t i = 0; i < 4; i++) {
        static const struct der bad[] = {DER("\x30\x80\x02\x01\x05"), DER("\x04\x80\x00\x00"),
                                         DER("\x24\x80\x02\x01\x05\x00\x00"), DER("\x30\x80\x00\x00\x00")};
        assert_false(der_from_ber(&arena, bad[i], &der));
    }
}

/* RFC 6986, section 10.1: the message of 63 bytes. */
static void test_streebog_by_the_rfc(void **state)
{
    static const char message[] = "012345678901234567890123456789012345678901234567890123456789012";
    static const char *const expected[] = {
        "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
        "00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
        "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"};
    static const enum hash_method method[] = {HASH_STREEBOG_512, HASH_STREEBOG_256};
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[HASH_OUT_MAX];
        char hex[2 * HASH_OUT_MAX + 1];
        hash_bytes(method[i], message, sizeof message - 1, out);
        hex_encode(hex, out, hash_size(method[i]));
        assert_string_equal(hex, expected[i]);
    }
}

static struct signature_verdict *verdict_of(const char *seed, const char *ocsp)
{
    struct evidence e = {.signature = seeds_file(&arena, seed)};
    struct signature_question q = {.at = SEEDS_TIME};
    struct signature_verdict *v = arena_new(&arena, struct signature_verdict);
    if (ocsp != NULL)
        e.ocsp[e.ocsp_n++] = seeds_file(&arena, ocsp);
    if (str_is(str_of(seed), "../corpus/cms/detached"))
        q.content = STR("seed");
    signature_verify(seeds_trust(), &e, &q, &arena, v);
    return v;
}

static void test_the_seeds_are_good(void **state)
{
    assert_true(verdict_of("../corpus/cms/rsa-stamped", "../corpus/ocsp/rsa")->proven);
    assert_true(verdict_of("../corpus/cms/pem", "../corpus/ocsp/gost")->signer[0].stamped == false);
    /* Without a status each fails at its very last step. */
    for (const char *const *seed = (const char *const[]){"rsa-stamped", "gost-stamped", NULL}; *seed;
         seed++) {
        struct signature_verdict *v = verdict_of(arena_printf(&arena, "../corpus/cms/%s", *seed), NULL);
        assert_string_equal(v->checks[v->n - 1].id, "status-missing");
    }
    for (const char *const *seed = (const char *const[]){"rsa", "gost", "pem", "ber", "detached", NULL};
         *seed; seed++) {
        struct signature_verdict *v = verdict_of(arena_printf(&arena, "../corpus/cms/%s", *seed), NULL);
        assert_string_equal(v->checks[v->n - 1].id, "stamp-missing");
    }
    struct status_question q = seeds_question();
    struct status_answer answer;
    struct refusal refusal;
    assert_true(ocsp_check(&q, der_of(seeds_file(&arena, "../corpus/ocsp/rsa")), &arena, &answer, &refusal));
    assert_true(ocsp_check(&q, der_of(seeds_file(&arena, "../corpus/ocsp/gost")), &arena, &answer, &refusal));
    assert_false(
        ocsp_check(&q, der_of(seeds_file(&arena, "../corpus/ocsp/revoked")), &arena, &answer, &refusal));
    assert_int_equal(refusal.id, REFUSED_REVOKED);
    assert_true(list_check(&q, der_of(seeds_file(&arena, "../corpus/list/rsa")), &arena, &answer, &refusal));
    struct stamp stamp;
    for (const char *const *seed = (const char *const[]){"rsa", "gost", "rsa-answer", NULL}; *seed; seed++)
        assert_true(stamp_check(seeds_trust(),
                                der_of(seeds_file(&arena, arena_printf(&arena, "../corpus/stamp/%s", *seed))),
                                der_of(STR("seed")), SEEDS_TIME, &arena, &stamp, &refusal));
}

/* Each byte of a signed file counts: one flipped bit anywhere, and nothing is proven that was not before. */
static void test_every_byte_counts(void **state)
{
    struct str seed = seeds_file(&arena, "../corpus/cms/rsa-stamped"),
               ocsp = seeds_file(&arena, "../corpus/ocsp/rsa");
    char *work = arena_copy(&arena, seed.p, seed.n);
    size_t still = 0;
    for (size_t i = 0; i < seed.n; i++) {
        struct arena one;
        arena_init(&one, 65536, (size_t)16 << 20);
        work[i] ^= 1;
        struct evidence e = {.signature = {work, seed.n}, .ocsp = {ocsp}, .ocsp_n = 1};
        struct signature_question q = {.at = SEEDS_TIME};
        struct signature_verdict *v = arena_new(&one, struct signature_verdict);
        signature_verify(seeds_trust(), &e, &q, &one, v);
        still += v->proven;
        work[i] = seed.p[i];
        arena_done(&one);
    }
    /* Unsigned by design: versions, the list of hashes in front, NULL parameters beside an algorithm's name.
     */
    assert_in_range(still, 1, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der_is_strict),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_object_identifiers),  cmocka_unit_test(test_ber_becomes_der),
        cmocka_unit_test(test_streebog_by_the_rfc), cmocka_unit_test(test_the_seeds_are_good),
        cmocka_unit_test(test_every_byte_counts),
    };
    return cmocka_run_group_tests(tests, start, end);
}
