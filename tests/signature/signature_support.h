/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds' authority: RSA and GOST, from data/, with the rules that the tests of C code need. */
#ifndef TESTS_SIGNATURE_SUPPORT_H
#define TESTS_SIGNATURE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "signature/signature.h"
#include "signature/stamp_private.h"
#include "signature/status_private.h"

/* 2026-11-25T12:00:00Z; make_seeds.py makes them for this time. */
#define SEEDS_TIME (INT64_C(1795608000) * CLOCK_SECOND)

static inline struct str seeds_file(struct arena *arena, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SEEDS, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "cannot open %s\n", path);
        abort();
    }
    char *bytes = arena_take(arena, 65536, 1);
    size_t n = fread(bytes, 1, 65536, file);
    fclose(file);
    must(n < 65536);
    return (struct str){bytes, n};
}

static inline struct str seeds_oid(struct arena *arena, const char *dotted)
{
    struct str oid;
    must(trust_oid(arena, str_of(dotted), &oid));
    return oid;
}

static inline void seeds_algorithms(struct trust *t, struct arena *arena)
{
    struct algorithm rows[] = {
        {.kind = ALGORITHM_KEY, .key = KEY_GOST_512_A, .oid = seeds_oid(arena, "1.2.398.3.10.1.1.2.2")},
        {.kind = ALGORITHM_SIGNATURE,
         .key = KEY_GOST_512_A,
         .hash = HASH_STREEBOG_512,
         .oid = seeds_oid(arena, "1.2.398.3.10.1.1.2.3.2")},
        {.kind = ALGORITHM_HASH, .hash = HASH_STREEBOG_512, .oid = seeds_oid(arena, "1.2.398.3.10.1.3.3")}};
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        must(trust_add_algorithm(t, rows[i], &err));
}

static inline struct trust *seeds_trust(void)
{
    static struct arena arena;
    static struct trust *t;
    static struct trust_authority authority;
    static struct trust_use use = {.key_usage = 0xc000};
    static struct trust_number number = {.prefix = {"IIN", 3}, .scheme = {"kz-iin", 6}};
    struct err err;
    size_t n;
    if (t != NULL)
        return t;
    arena_init(&arena, 65536, (size_t)16 << 20);
    t = trust_new(&arena);
    seeds_algorithms(t, &arena);
    use.id = STR("sign");
    number.attribute = seeds_oid(&arena, "2.5.4.5");
    authority = (struct trust_authority){.id = STR("seeds"),
                                         .test = true,
                                         .uses = &use,
                                         .uses_n = 1,
                                         .numbers = &number,
                                         .numbers_n = 1,
                                         .late_minutes = 60,
                                         .responder_of_authority = true};
    t->authorities = &authority;
    t->authorities_n = 1;
    for (const char *const *kind = (const char *const[]){"rsa", "gost", NULL}; *kind != NULL; kind++) {
        char name[64];
        snprintf(name, sizeof name, "root-%s.pem", *kind);
        must(trust_add_pem(t, seeds_file(&arena, name), &authority, true, &n, &err));
        snprintf(name, sizeof name, "nca-%s.pem", *kind);
        must(trust_add_pem(t, seeds_file(&arena, name), &authority, false, &n, &err));
    }
    must(trust_ready(t, &err));
    return t;
}

/* About the RSA person's certificate (data/person-rsa.der) and its issuer. */
static inline struct status_question seeds_question(void)
{
    static struct arena arena;
    static struct certificate person;
    struct refusal refusal;
    if (person.whole.n == 0) {
        arena_init(&arena, 65536, (size_t)1 << 20);
        must(certificate_parse(der_of(seeds_file(&arena, "person-rsa.der")), &person, &refusal));
    }
    struct trust *t = seeds_trust();
    return (struct status_question){.trust = t,
                                    .certificate = &person,
                                    .issuer = t->certificates[1],
                                    .authority = &t->authorities[0],
                                    .at = SEEDS_TIME,
                                    .now = SEEDS_TIME};
}

#endif
