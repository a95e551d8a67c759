/* SPDX-License-Identifier: Apache-2.0 */
/* AD1 and status lists against other people's vectors, and everything that a forger or an accident may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "crypto/keys.h"
#include "document/packed.h"
#include "document/qr.h"
#include "document/verify.h"

#define NOW INT64_C(1800000000)
#define URI "https://docs.example/status/1"

static struct arena arena;
static struct err err;
static struct es256_key *key, *other;
static uint8_t kid[KID_SIZE];
static struct issuer_key trusted[3];
static struct issuers issuers = {.issuer = STR("docs.example"), .keys = trusted, .n = 1};
static const struct str kinds[] = {{"id.address/notice", 17}, {"civil.birth/certificate", 23}};

static int start(void **state)
{
    uint8_t secret[ES256_SECRET_SIZE];
    struct buf der;
    arena_init(&arena, 1 << 16, (size_t)1 << 28);
    es256_draw(secret);
    key = es256_key_new(secret);
    es256_draw(secret);
    other = es256_key_new(secret);
    buf_in(&der, &arena, 4096);
    assert_true(es256_certificate(key, STR("docs.example"), NOW - 10 * 86400, NOW + 1000000, &der, &err));
    kid_of(kid, buf_view(&der));
    trusted[0] = (struct issuer_key){
        .certificate = buf_view(&der), .from = NOW - 10 * 86400, .kinds = kinds, .kinds_n = ARRAY_LEN(kinds)};
    memcpy(trusted[0].kid, kid, KID_SIZE);
    es256_public(key, trusted[0].public_key);
    return 0;
}

static int end(void **state)
{
    es256_key_free(key);
    es256_key_free(other);
    arena_done(&arena);
    return 0;
}

static struct paper sample(void)
{
    struct paper p = {.issuer = STR("docs.example"),
                      .issued = NOW - 500,
                      .expires = NOW + 86400,
                      .id = "0123456789abcde",
                      .status_uri = STR(URI),
                      .status_index = 424242};
    paper_set_person(&p, PAPER_PERSON_NAME, STR("Әйгерім Құрманғазықызы Үсенова"));
    paper_set(&p, PAPER_KIND, STR("id.address/notice"));
    paper_set(&p, PAPER_NUMBER, STR("K7Q2-M9XT-4D3B"));
    paper_set(&p, PAPER_TITLE, STR("Мекенжай туралы анықтама"));
    paper_set(&p, PAPER_WORDS, STR("Астана қ., Тәуелсіздік даңғылы, 10-үй, 5-пәтер"));
    return p;
}

static struct str written(const struct paper *p, const struct es256_key *by)
{
    struct buf out;
    buf_in(&out, &arena, 1 << 16);
    assert_true(paper_write(p, by, kid, &arena, &out, &err));
    return buf_view(&out);
}

static struct str coded(struct str cose)
{
    struct buf packed, text;
    buf_in(&packed, &arena, 1 << 24);
    buf_in(&text, &arena, 1 << 24);
    zlib_pack(cose, &packed);
    buf_text(&text, PAPER_PREFIX);
    base45_write(buf_view(&packed), &text);
    return buf_view(&text);
}

static struct str uncoded(struct str text)
{
    uint8_t *packed = arena_take(&arena, text.n, 1);
    struct str out;
    size_t n;
    assert_true(base45_read(str_from(text, 4), packed, &n));
    assert_true(zlib_unpack((struct str){(const char *)packed, n}, 1 << 16, &arena, &out));
    return out;
}

static struct str list_of(const char *uri, int64_t issued, const uint64_t *revoked, size_t n,
                          const struct es256_key *by)
{
    struct buf out;
    char *bits = arena_take(&arena, STATUS_LIST_BYTES, 1);
    for (size_t i = 0; i < n; i++)
        bits[revoked[i] / 8] = (char)((uint8_t)bits[revoked[i] / 8] | 1u << revoked[i] % 8);
    struct status_list list = {str_of(uri), issued, issued + STATUS_LIFE,
                               STATUS_TTL,  1,      {bits, STATUS_LIST_BYTES}};
    buf_in(&out, &arena, 1 << 20);
    assert_true(status_list_jwt(&list, by, kid, &arena, &out, &err));
    return buf_view(&out);
}

static struct document_verdict *verdict(struct str code, struct str list, int64_t now)
{
    struct document_verdict *v = arena_new(&arena, struct document_verdict);
    struct document_question q = {code, &issuers, list, now};
    document_verify(&q, &arena, v);
    return v;
}

/* The check that decided: the last but the word on the holder. */
static enum document_check last(const struct document_verdict *v)
{
    return v->said[v->n - 1] == DOCUMENT_HOLDER ? v->said[v->n - 2] : v->said[v->n - 1];
}

#define SAYS(check, code, list, now) assert_int_equal(last(verdict(code, list, now)), check)

/* --- other people's vectors --- */

static void base45_as_in_rfc_9285(void **state)
{
    static const char *const pairs[][2] = {
        {"AB", "BB8"}, {"Hello!!", "%69 VD92EX0"}, {"base-45", "UJCLQE7W581"}, {"ietf!", "QED8WEX0"}};
    uint8_t out[64];
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct buf text;
        buf_in(&text, &arena, 100);
        base45_write(str_of(pairs[i][0]), &text);
        assert_true(str_is(buf_view(&text), pairs[i][1]));
        assert_true(base45_read(str_of(pairs[i][1]), out, &n));
        assert_int_equal(n, strlen(pairs[i][0]));
        assert_memory_equal(out, pairs[i][0], n);
    }
    for (const char *const *bad = (const char *const[]){"GGW", ":::", "B", "BB8A", "bb8", "BB,", "ZZ", NULL};
         *bad; bad++)
        assert_false(base45_read(str_of(*bad), out, &n));
}

static void status_bits_as_in_the_draft(void **state)
{
    static const unsigned bits[] = {1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1};
    struct buf packed;
    char hex[64];
    struct status_list list = {.bits = 1, .bytes = {"\xb9\xa3", 2}};
    unsigned status;
    buf_in(&packed, &arena, 256);
    zlib_pack(list.bytes, &packed);
    hex_encode(hex, packed.p, packed.n);
    assert_string_equal(hex, "78dadbb918000217015d");
    for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
        assert_true(status_list_at(&list, i, &status));
        assert_int_equal(status, bits[i]);
    }
    assert_false(status_list_at(&list, 16, &status));
    assert_false(status_list_at(&list, UINT64_MAX, &status));
    list = (struct status_list){.bits = 2, .bytes = {"\xc9\x44\xf9", 3}};
    static const unsigned twos[] = {1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3};
    for (unsigned i = 0; i < ARRAY_LEN(twos); i++) {
        assert_true(status_list_at(&list, i, &status));
        assert_int_equal(status, twos[i]);
    }
}

static struct str shared_file(const char *name)
{
    char path[4096], *bytes = arena_take(&arena, 1 << 16, 1);
    snprintf(path, sizeof path, "%s/../shared/data/identity/doc-samples/%s", getenv("AINA_ROOT"), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("SKIPPED: %s is not there\n", path);
        return (struct str){NULL, 0};
    }
    size_t n = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return str_trim((struct str){bytes, n});
}

/* Codes and a list of a million entries that another program made. */
static void samples_of_another_program(void **state)
{
    static const char *const kind[] = {"address", "birth", "age18"};
    struct str jwk = shared_file("issuer.jwk"), jwt = shared_file("status.jwt");
    if (jwk.p == NULL)
        return;
    json_t *root = json_loadb(jwk.p, jwk.n, 0, NULL);
    struct issuer_key theirs = {.from = 1};
    struct issuers one = {.issuer = STR("KZ"), .keys = &theirs, .n = 1};
    size_t n, revoked = 0;
    const char *x = json_string_value(json_object_get(root, "x")),
               *y = json_string_value(json_object_get(root, "y"));
    assert_true(base64url_decode(theirs.public_key, 32, str_of(x), &n));
    assert_true(base64url_decode(theirs.public_key + 32, 32, str_of(y), &n));
    for (int i = 0; i < 3; i++) {
        char name[16];
        struct paper_read read;
        snprintf(name, sizeof name, "qr%d.b45", i);
        struct str code = shared_file(name);
        assert_true(paper_read(code, &arena, &read, &err));
        assert_true(str_is(paper_get(&read.paper, PAPER_KIND), kind[i]));
        assert_true(str_is(read.paper.status_uri, "https://st.aina.example/s/17"));
        assert_true(es256_verify(theirs.public_key, read.cose.signature, read.cose.to_be_signed.p,
                                 read.cose.to_be_signed.n));
        read.cose.signature[i] ^= 1;
        assert_false(es256_verify(theirs.public_key, read.cose.signature, read.cose.to_be_signed.p,
                                  read.cose.to_be_signed.n));
    }
    struct status_list list;
    unsigned status;
    assert_true(status_list_read(jwt, &one, &arena, &list, &err));
    for (uint64_t i = 0; status_list_at(&list, i, &status); i++)
        revoked += status;
    assert_in_range(revoked, 9000, 11500); /* "about 1 %" */
    assert_in_range(list.bytes.n * 8, 1000000, 1 << 20);
    json_decref(root);
}

/* --- our own --- */

static void written_and_read(void **state)
{
    struct paper p = sample();
    struct str code = written(&p, key);
    struct paper_read read;
    assert_true(paper_read(code, &arena, &read, &err));
    assert_true(str_eq(paper_get(&read.paper, PAPER_WORDS), paper_get(&p, PAPER_WORDS)));
    assert_true(
        str_eq(paper_get_person(&read.paper, PAPER_PERSON_NAME), paper_get_person(&p, PAPER_PERSON_NAME)));
    assert_int_equal(read.paper.status_index, 424242);
    assert_int_equal(read.paper.expires, p.expires);
    assert_memory_equal(read.cose.kid, kid, KID_SIZE);
    uint64_t none = 0;
    struct str list = list_of(URI, NOW - 60, &none, 0, key);
    struct document_verdict *v = verdict(code, list, NOW);
    assert_true(v->genuine && v->valid);
    assert_int_equal(last(v), DOCUMENT_STATUS_OK);
    assert_int_equal(v->said[v->n - 1], DOCUMENT_HOLDER);
    v = verdict(code, (struct str){"", 0}, NOW);
    assert_true(v->genuine && !v->valid);
    assert_int_equal(last(v), DOCUMENT_STATUS_NONE);
    struct qr qr;
    assert_true(qr_make(code, QR_PAPER, &arena, &qr, &err));
    assert_in_range(qr.width, 57, 101); /* versions 10 to 21 */
}

static void what_a_verdict_refuses(void **state)
{
    struct paper p = sample();
    struct str code = written(&p, key), none = {"", 0};
    const uint64_t it = 424242, beside = 424243;
    struct str good = list_of(URI, NOW - 60, &beside, 1, key);
    SAYS(DOCUMENT_STATUS_OK, code, good, NOW);
    SAYS(DOCUMENT_REVOKED, code, list_of(URI, NOW - 60, &it, 1, key), NOW);
    SAYS(DOCUMENT_REVOKED, code, list_of(URI, NOW - 3 * 86400, &it, 1, key), NOW); /* old, and certain */
    SAYS(DOCUMENT_STATUS_OLD, code, list_of(URI, NOW - 86401, &beside, 1, key), NOW);
    SAYS(DOCUMENT_STATUS_BAD, code, list_of(URI, NOW - 60, &beside, 1, other), NOW);
    SAYS(DOCUMENT_STATUS_OTHER, code, list_of("https://docs.example/status/2", NOW - 60, &beside, 1, key),
         NOW);
    SAYS(DOCUMENT_STATUS_LATER, code, list_of(URI, NOW + 1000, &beside, 1, key), NOW);
    assert_false(verdict(code, list_of(URI, NOW - 86401, &beside, 1, key), NOW)->valid);
    SAYS(DOCUMENT_EXPIRED, code, good, NOW + 86400);
    SAYS(DOCUMENT_SIGNATURE_BAD, written(&p, other), good, NOW);
    p.issued = NOW + 1000;
    SAYS(DOCUMENT_ISSUED_LATER, written(&p, key), good, NOW);
    p.issued = NOW - 20 * 86400;
    SAYS(DOCUMENT_ISSUED_BAD, written(&p, key), good, NOW);
    p = sample();
    p.issuer = STR("docs.example.evil");
    SAYS(DOCUMENT_ISSUER_BAD, written(&p, key), good, NOW);
    p = sample();
    p.field[0].text = STR("fin.tax-debt/certificate");
    SAYS(DOCUMENT_KIND_BAD, written(&p, key), good, NOW);
    p = sample();
    p.status_index = STATUS_LIST_SIZE;
    SAYS(DOCUMENT_STATUS_SHORT, written(&p, key), good, NOW);
    p = sample();
    p.status_uri = none;
    SAYS(DOCUMENT_STATUS_NEVER, written(&p, key), none, NOW);
    issuers.n = 0;
    SAYS(DOCUMENT_KEY_UNKNOWN, code, good, NOW);
    issuers.n = 1;
    trusted[0].until = NOW - 600; /* the key went out of use before it was issued */
    SAYS(DOCUMENT_ISSUED_BAD, code, good, NOW);
    trusted[0].until = 0;
}

/* A stranger's key under the same name does not stand in the way of the right one. */
static void two_keys_of_one_name(void **state)
{
    struct paper p = sample();
    trusted[1] = trusted[0];
    es256_public(other, trusted[0].public_key);
    issuers.n = 2;
    SAYS(DOCUMENT_STATUS_NONE, written(&p, key), ((struct str){"", 0}), NOW);
    issuers.n = 1;
    trusted[0] = trusted[1];
}

/* Each byte of the code's inside, changed: never genuine. */
static void every_changed_byte(void **state)
{
    struct paper p = sample();
    struct str inside = uncoded(written(&p, key));
    char *copy = arena_copy(&arena, inside.p, inside.n);
    for (size_t i = 0; i < inside.n; i++) {
        struct arena mark;
        struct document_verdict v;
        arena_init(&mark, 1 << 14, 1 << 24);
        copy[i] ^= (char)(1 << i % 8);
        struct str code = coded((struct str){copy, inside.n});
        document_verify(&(struct document_question){code, &issuers, {"", 0}, NOW}, &mark, &v);
        assert_false(v.genuine);
        copy[i] = inside.p[i];
        arena_done(&mark);
    }
    SAYS(DOCUMENT_STATUS_NONE, coded(inside), ((struct str){"", 0}), NOW);
    for (size_t i = 0; i < inside.n; i++)
        SAYS(DOCUMENT_FORM_BAD, coded((struct str){inside.p, i}), ((struct str){"", 0}), NOW);
}

/* --- other ways of writing the same: signed rightly, and refused all the same --- */

struct writing {
    const char *what, *head, *unprotected, *payload; /* hex; NULL: the right one */
    const char *after;
};

static struct str of_hex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *out = arena_take(&arena, n + 1, 1);
    assert_true(hex_decode(out, n, str_of(hex)));
    return (struct str){(const char *)out, n};
}

static struct str signed_as(const struct writing *w, const char *payload)
{
    struct buf tbs, out;
    uint8_t signature[ES256_SIZE];
    char right[64];
    hex_encode(right, kid, KID_SIZE);
    struct str head = of_hex(w->head ? w->head
                                     : arena_printf(&arena,
                                                    "a2012604"
                                                    "48%s",
                                                    right));
    struct str body = of_hex(w->payload ? w->payload : payload);
    buf_in(&tbs, &arena, 1 << 16);
    buf_in(&out, &arena, 1 << 16);
    cbor_add(&tbs, CBOR_ARRAY, 4);
    cbor_add_string(&tbs, CBOR_TEXT, STR("Signature1"));
    cbor_add_string(&tbs, CBOR_BYTES, head);
    cbor_add_string(&tbs, CBOR_BYTES, STR(""));
    cbor_add_string(&tbs, CBOR_BYTES, body);
    es256_sign(key, signature, tbs.p, tbs.n);
    cbor_add(&out, CBOR_TAGGED, 18);
    cbor_add(&out, CBOR_ARRAY, 4);
    cbor_add_string(&out, CBOR_BYTES, head);
    buf_str(&out, of_hex(w->unprotected ? w->unprotected : "a0"));
    cbor_add_string(&out, CBOR_BYTES, body);
    cbor_add_string(&out, CBOR_BYTES, (struct str){(const char *)signature, sizeof signature});
    buf_str(&out, of_hex(w->after ? w->after : ""));
    return coded(buf_view(&out));
}

/* {1: "KZ", 6: 1, 7: id, -65537: {1: "k"}} */
#define ID7 "0750000102030405060708090a0b0c0d0e0f"
#define DOC "3a00010000a101616b"
#define RIGHT "a401624b5a0601" ID7 DOC
#define KID8 "0448aaaaaaaaaaaaaaaa"

static void every_other_way_of_writing(void **state)
{
    static const struct writing writings[] = {
        {"another algorithm", "a20127" KID8},
        {"ES384", "a2013822" KID8},
        {"no algorithm", "a1" KID8},
        {"the algorithm elsewhere", "a1" KID8, "a10126"},
        {"the algorithm twice", NULL, "a10126"},
        {"the key's name elsewhere", "a10126", "a1" KID8},
        {"a short name", "a20126"
                         "0441aa"},
        {"the header's keys the other way round", "a2" KID8 "0126"},
        {"a header more", "a30126" KID8 "1060"},
        {"a header of indefinite length", "bf0126" KID8 "ff"},
        {"a key twice", .payload = "a501624b5a01624b5a0601" ID7 DOC},
        {"keys out of order", .payload = "a4"
                                         "0601"
                                         "01624b5a" ID7 DOC},
        {"an unknown claim", .payload = "a501624b5a0601" ID7 "0801" DOC},
        {"indefinite length", .payload = "bf01624b5a0601" ID7 DOC "ff"},
        {"indefinite text", .payload = "a4017f624b5aff0601" ID7 DOC},
        {"a long one", .payload = "a401624b5a061801" ID7 DOC},
        {"a long length", .payload = "a40178024b5a0601" ID7 DOC},
        {"a float", .payload = "a401624b5a06f93c00" ID7 DOC},
        {"bytes behind the payload", .payload = RIGHT "00"},
        {"bytes behind it all", .after = "00"},
        {"no issuer", .payload = "a30601" ID7 DOC},
        {"an empty issuer", .payload = "a401600601" ID7 DOC},
        {"text that is none", .payload = "a40162c3280601" ID7 DOC},
        {"a short id", .payload = "a401624b5a0601"
                                  "0741aa" DOC},
        {"an end of 0", .payload = "a501624b5a04000601" ID7 DOC},
        {"no document", .payload = "a301624b5a0601" ID7},
        {"a document of nothing", .payload = "a401624b5a0601" ID7 "3a00010000a0"},
        {"a field twice", .payload = "a401624b5a0601" ID7 "3a00010000a201616b01616c"},
        {"a field of fields", .payload = "a401624b5a0601" ID7 "3a00010000a101a10101"},
        {"a status below zero", .payload = "a501624b5a0601" ID7
                                           "19ffffa16b7374617475735f6c697374a263696478206375726961"
                                           "78" DOC},
        {"a status without address",
         .payload = "a501624b5a0601" ID7 "19ffffa16b7374617475735f6c697374a16369647801" DOC},
    };
    struct paper_read read;
    struct writing right = {"the right one"};
    assert_true(paper_read(signed_as(&right, RIGHT), &arena, &read, &err));
    for (size_t i = 0; i < ARRAY_LEN(writings); i++)
        if (paper_read(signed_as(&writings[i], RIGHT), &arena, &read, &err))
            fail_msg("accepted: %s", writings[i].what);
}

static void huge_and_broken_texts(void **state)
{
    struct paper p = sample();
    struct str code = written(&p, key), none = {"", 0};
    struct paper_read read;
    char *copy = arena_copy(&arena, code.p, code.n);
    copy[10] |= 0x20; /* small letters are no Base45 */
    copy[0] = 'a';
    assert_false(paper_read((struct str){copy, code.n}, &arena, &read, &err));
    SAYS(DOCUMENT_FORM_BAD, str_of(arena_printf(&arena, "%.*s0", STR_ARG(code))), none, NOW);
    SAYS(DOCUMENT_FORM_BAD, str_of(arena_printf(&arena, "%.*s000", STR_ARG(code))), none,
         NOW); /* after the zlib */
    SAYS(DOCUMENT_FORM_BAD, STR("AD1:"), none, NOW);
    SAYS(DOCUMENT_FORM_BAD, STR("HC1:6BF"), none, NOW);
    SAYS(DOCUMENT_FORM_BAD, none, none, NOW);
    /* Ten megabytes of zeros in ten kilobytes: not let out. A text of a megabyte: not looked at. */
    struct str zeros = {arena_take(&arena, 10 << 20, 1), 10 << 20}, unpacked;
    struct buf packed;
    buf_in(&packed, &arena, 1 << 20);
    zlib_pack(zeros, &packed);
    assert_false(zlib_unpack(buf_view(&packed), 65536, &arena, &unpacked));
    buf_clear(&packed);
    zlib_pack((struct str){zeros.p, 65536}, &packed);
    assert_true(zlib_unpack(buf_view(&packed), 65536, &arena, &unpacked) && unpacked.n == 65536);
    buf_clear(&packed);
    zlib_pack((struct str){zeros.p, 65537}, &packed);
    assert_false(zlib_unpack(buf_view(&packed), 65536, &arena, &unpacked));
    SAYS(DOCUMENT_FORM_BAD, coded(zeros), none, NOW);
    /* What does not fit a QR code is not issued. */
    char *words = arena_take(&arena, 6001, 1);
    for (int i = 0; i < 6000; i++)
        words[i] = (char)('a' + (i * 7919 + i / 26 * 31) % 26);
    uint8_t noise[4000];
    random_bytes(noise, sizeof noise);
    for (int i = 0; i < 4000; i++)
        words[i] = (char)('A' + noise[i] % 58);
    p.field[p.fields_n - 1].text = (struct str){words, 6000};
    struct buf out;
    buf_in(&out, &arena, 1 << 16);
    assert_false(paper_write(&p, key, kid, &arena, &out, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(out.n, 0);
}

static void status_lists_that_are_off(void **state)
{
    static const struct {
        const char *head, *body;
        bool good;
    } list[] = {
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}}", true},
        {"{\"alg\":\"none\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
         "{\"sub\":\"u\",\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"iat\":1799999999,\"status_list\":{\"bits\":3,\"lst\":\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXA\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}",
         "{\"sub\":\"u\",\"sub\":\"v\",\"iat\":1799999999,\"status_list\":{\"bits\":1,\"lst\":"
         "\"eNrbuRgAAhcBXQ\"}}"},
        {"{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\"}", "[]"},
    };
    struct status_list read;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        char text[1024];
        uint8_t signature[ES256_SIZE];
        size_t n = base64url_encode(text, list[i].head, strlen(list[i].head));
        text[n++] = '.';
        n += base64url_encode(text + n, list[i].body, strlen(list[i].body));
        es256_sign(key, signature, text, n);
        text[n++] = '.';
        n += base64url_encode(text + n, signature, sizeof signature);
        assert_int_equal(status_list_read((struct str){text, n}, &issuers, &arena, &read, &err),
                         list[i].good);
    }
}

static void issuers_written_and_read(void **state)
{
    struct buf out;
    struct issuers read;
    trusted[0].until = NOW + 5;
    buf_in(&out, &arena, 1 << 16);
    issuers_write(&issuers, &out);
    assert_true(issuers_read(buf_view(&out), &arena, &read, &err));
    assert_true(str_eq(read.issuer, issuers.issuer) && read.n == 1);
    assert_memory_equal(read.keys[0].public_key, trusted[0].public_key, ES256_PUBLIC_SIZE);
    assert_memory_equal(read.keys[0].kid, kid, KID_SIZE);
    assert_int_equal(read.keys[0].until, NOW + 5);
    assert_true(issuer_may(&read.keys[0], kinds[1]) && !issuer_may(&read.keys[0], STR("civil.birth")));
    trusted[0].until = 0;
    /* A key that is not its certificate's: refused, not passed over. */
    struct issuer_key forged = trusted[0];
    struct issuers bad = {.issuer = issuers.issuer, .keys = &forged, .n = 1};
    es256_public(other, forged.public_key);
    buf_clear(&out);
    issuers_write(&bad, &out);
    assert_false(issuers_read(buf_view(&out), &arena, &read, &err));
    assert_false(issuers_read(STR("{\"v\":1,\"kind\":\"aina-documents\",\"issuer\":\"x\",\"keys\":[]}"),
                              &arena, &read, &err));
    assert_false(issuers_read(STR("{"), &arena, &read, &err));
}

/* A CWT is the same list, for readers of CBOR. */
static void status_list_as_cwt(void **state)
{
    struct status_list list = {STR(URI), NOW, NOW + STATUS_LIFE, STATUS_TTL, 1, {"\xb9\xa3", 2}};
    struct buf out;
    char hex[2048];
    buf_in(&out, &arena, 4096);
    assert_true(status_list_cwt(&list, key, kid, &arena, &out, &err));
    assert_in_range(out.n, 100, 1000);
    hex_encode(hex, out.p, out.n);
    assert_non_null(strstr(hex, "19fffda2636c73744a78dadbb918000217015d646269747301"));
    assert_non_null(
        strstr(hex, "10781a6170706c69636174696f6e2f7374617475736c6973742b637774")); /* header 16 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base45_as_in_rfc_9285),      cmocka_unit_test(status_bits_as_in_the_draft),
        cmocka_unit_test(samples_of_another_program), cmocka_unit_test(written_and_read),
        cmocka_unit_test(what_a_verdict_refuses),     cmocka_unit_test(two_keys_of_one_name),
        cmocka_unit_test(every_changed_byte),         cmocka_unit_test(every_other_way_of_writing),
        cmocka_unit_test(huge_and_broken_texts),      cmocka_unit_test(status_lists_that_are_off),
        cmocka_unit_test(issuers_written_and_read),   cmocka_unit_test(status_list_as_cwt),
    };
    keys_start();
    return cmocka_run_group_tests(tests, start, end);
}
