/* SPDX-License-Identifier: Apache-2.0 */
/* Every decoder of the signature room, under an authority whose certificates stand in data/. Seeds were made
 * by make_seeds.py for the time below; test_seeds holds that they are good as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signature_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static UNUSED void fuzz_der(struct der input)
{
    struct arena arena;
    struct der der, again, content;
    arena_init(&arena, 4096, (size_t)64 << 20);
    if (der_from_ber(&arena, input, &der)) {
        /* What came out is DER, and DER stays as it is. */
        must(der_from_ber(&arena, der, &again) && again.p == der.p && again.n == der.n);
        if (der_take(&der, DER_OID, &content))
            (void)oid_text(&arena, content);
    }
    int64_t time;
    (void)!der_take_time(&input, &time);
    arena_done(&arena);
}

static UNUSED void fuzz_certificate(struct der input)
{
    struct arena arena;
    struct certificate c;
    struct refusal refusal;
    struct public_key key;
    struct subject_walk walk;
    struct attribute a;
    arena_init(&arena, 4096, (size_t)64 << 20);
    if (certificate_parse(input, &c, &refusal)) {
        subject_start(&c, &walk);
        while (subject_next(&walk, &a))
            (void)attribute_text(&a, &arena);
        (void)certificate_has_policy(&c, c.serial);
        (void)certificate_has_extended(&c, c.serial);
        if (public_key_open(seeds_trust(), c.spki, &arena, &key, &refusal)) {
            (void)!certificate_signed_by(seeds_trust(), &c, &key, &arena, &refusal);
            public_key_close(&key);
        }
    }
    arena_done(&arena);
}

static UNUSED void fuzz_cms(struct der input)
{
    struct arena arena;
    arena_init(&arena, 4096, (size_t)64 << 20);
    struct evidence evidence = {.signature = der_str(input)};
    struct signature_question question = {.at = SEEDS_TIME};
    struct signature_verdict *v = arena_new(&arena, struct signature_verdict);
    signature_verify(seeds_trust(), &evidence, &question, &arena, v);
    must(!v->proven || (v->signers_n != 0 && v->signer[0].holds && v->signer[0].stamped));
    arena_done(&arena);
}

static UNUSED void fuzz_ocsp(struct der input)
{
    struct arena arena;
    struct status_answer answer;
    struct refusal refusal = {0};
    struct status_question q = seeds_question();
    arena_init(&arena, 4096, (size_t)64 << 20);
    (void)!ocsp_check(&q, input, &arena, &answer, &refusal);
    (void)ocsp_nonce_is(input, (const uint8_t[16]){0});
    arena_done(&arena);
}

static UNUSED void fuzz_list(struct der input)
{
    struct arena arena;
    struct status_answer answer;
    struct refusal refusal = {0};
    struct status_question q = seeds_question();
    arena_init(&arena, 4096, (size_t)64 << 20);
    (void)!list_check(&q, input, &arena, &answer, &refusal);
    arena_done(&arena);
}

static UNUSED void fuzz_stamp(struct der input)
{
    struct arena arena;
    struct stamp stamp;
    struct refusal refusal = {0};
    arena_init(&arena, 4096, (size_t)64 << 20);
    (void)!stamp_check(seeds_trust(), input, der_of(STR("seed")), SEEDS_TIME, &arena, &stamp, &refusal);
    (void)!stamp_nonce_is(&arena, input, (const uint8_t[8]){0});
    arena_done(&arena);
}

/* One byte of choices, then the key's bits, then the signature. */
static UNUSED void fuzz_gost(struct der input)
{
    uint8_t digest[64] = {1, 2, 3};
    void *point;
    if (input.n == 0)
        return;
    bool small = (input.p[0] & 1) != 0, big = (input.p[0] & 2) != 0, s_first = (input.p[0] & 4) != 0;
    enum key_method method = small ? KEY_GOST_256_B : KEY_GOST_512_A;
    size_t key = MIN_OF(input.n - 1, (size_t)(small ? 66 : 131));
    if (!gost_key_open(method, (struct der){input.p + 1, key}, big, &point))
        return;
    struct der signature = {input.p + 1 + key, input.n - 1 - key};
    (void)!gost_check(point, method, digest, signature, big, s_first);
    gost_key_close(point);
}

static UNUSED void fuzz_evidence(struct der input)
{
    struct arena arena;
    struct evidence e, again;
    struct err err;
    struct buf out, second;
    arena_init(&arena, 4096, (size_t)64 << 20);
    if (evidence_read(der_str(input), &arena, &e, &err)) {
        buf_in(&out, &arena, (size_t)16 << 20);
        buf_in(&second, &arena, (size_t)16 << 20);
        evidence_write(&out, &e);
        must(evidence_read(buf_view(&out), &arena, &again, &err));
        evidence_write(&second, &again);
        must(str_eq(buf_view(&out), buf_view(&second)));
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    FUZZ_TARGET((struct der){bytes, n});
    return 0;
}
