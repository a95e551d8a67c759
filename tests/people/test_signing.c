/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to sign as state: found by their id until they end, answered by one, spent once; kept evidence. */
#include "tests/db/engines.h"

#include "base/clock.h"
#include "people/signing.h"

#define NOW ((int64_t)1800000000 * CLOCK_SECOND)

struct scene {
    struct fresh *f;
    struct people *people;
    struct signing_judge judge;
};

static struct scene scene_new(void)
{
    static const uint8_t master[KEY_SIZE] = {5};
    struct scene s = {.f = fresh_new(), .people = people_new(master)};
    done(s.f, people_migrate(s.f->db, &s.f->err) && signing_migrate(s.f->db, &s.f->err));
    s.judge.trust = trust_new(&s.f->arena);
    return s;
}

static void scene_free(struct scene *s)
{
    people_free(s->people);
    fresh_free(s->f);
}

static struct signing asked(struct scene *s)
{
    struct signing signing = {.purpose = SIGNING_ACT,
                              .account = {.kind = CALLER_NOBODY},
                              .browser = {1, 2, 3},
                              .text = STR("what is signed"),
                              .title = STR("Title"),
                              .matter = STR("case 1 agree")};
    signing_draw(&signing, NOW);
    done(s->f, signing_keep(s->people, s->f->db, &signing, &s->f->err));
    return signing;
}

static bool found(struct scene *s, const char *id, int64_t now, struct signing *ret)
{
    bool is;
    done(s->f, signing_get(s->people, s->f->db, str_of(id), now, &s->f->arena, ret, &is, &s->f->err));
    return is;
}

static void a_request_is_found_until_it_ends(void **state)
{
    struct scene s = scene_new();
    struct signing one = asked(&s), two = asked(&s), read;
    assert_string_not_equal(one.id, two.id);
    assert_string_not_equal(one.id, one.token);
    assert_true(found(&s, one.id, NOW, &read));
    assert_true(str_is(read.text, "what is signed") && str_is(read.matter, "case 1 agree"));
    assert_memory_equal(read.browser, one.browser, sizeof one.browser);
    assert_string_equal(read.token, one.token);
    assert_int_equal(read.state, SIGNING_WAITS);
    assert_true(found(&s, one.id, NOW + SIGNING_LIFE - 1, &read));
    assert_false(found(&s, one.id, NOW + SIGNING_LIFE, &read));
    assert_false(found(&s, "x", NOW, &read));
    assert_false(found(&s, "", NOW, &read));
    scene_free(&s);
}

static void an_answer_that_is_none_is_refused_and_one_of_two_at_once_wins(void **state)
{
    struct scene s = scene_new();
    struct signing made = asked(&s), one, again, read;
    assert_true(found(&s, made.id, NOW, &one));
    assert_true(found(&s, made.id, NOW, &again));
    done(s.f,
         signing_answer(s.people, s.f->db, &s.judge, &one, STR("no signature"), NOW, &s.f->arena, &s.f->err));
    assert_true(str_is(one.refusal, "form") && one.state == SIGNING_WAITS);
    assert_non_null(signing_words(one.refusal));
    assert_null(signing_words(STR("no-such-code")));
    assert_true(found(&s, one.id, NOW, &read));
    assert_true(str_is(read.refusal, "form") && read.version == 2);
    assert_false(signing_answer(s.people, s.f->db, &s.judge, &again, STR("no signature"), NOW, &s.f->arena,
                                &s.f->err));
    assert_int_equal(s.f->err.code, ERR_CONFLICT);
    struct str large = {arena_take(&s.f->arena, SIGNING_FILE_MAX + 1, 1), SIGNING_FILE_MAX + 1};
    memset((char *)large.p, 'A', large.n);
    assert_false(signing_answer(s.people, s.f->db, &s.judge, &read, large, NOW, &s.f->arena, &s.f->err));
    assert_int_equal(s.f->err.code, ERR_TOO_LARGE);
    scene_free(&s);
}

static void only_what_holds_is_spent(void **state)
{
    struct scene s = scene_new();
    struct signing one = asked(&s);
    assert_false(signing_spend(s.people, s.f->db, &one, &s.f->err));
    assert_int_equal(s.f->err.code, ERR_CONFLICT);
    one.state = SIGNING_HOLDS; /* as a signature that holds leaves it */
    struct signing stale = one;
    done(s.f, signing_spend(s.people, s.f->db, &one, &s.f->err));
    assert_false(signing_spend(s.people, s.f->db, &one, &s.f->err));
    assert_false(signing_spend(s.people, s.f->db, &stale, &s.f->err));
    assert_int_equal(s.f->err.code, ERR_CONFLICT);
    scene_free(&s);
}

static void evidence_is_kept_once_under_its_name(void **state)
{
    struct scene s = scene_new();
    struct str read;
    bool is;
    done(s.f, signing_evidence_keep(s.people, s.f->db, STR("case 1 2"), STR("{\"v\":1}"), &s.f->err));
    assert_false(signing_evidence_keep(s.people, s.f->db, STR("case 1 2"), STR("{\"v\":2}"), &s.f->err));
    done(s.f, signing_evidence(s.people, s.f->db, STR("case 1 2"), &s.f->arena, &is, &read, &s.f->err));
    assert_true(is && str_is(read, "{\"v\":1}"));
    done(s.f, signing_evidence(s.people, s.f->db, STR("case 1 3"), &s.f->arena, &is, &read, &s.f->err));
    assert_false(is);
    scene_free(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_is_found_until_it_ends),
    cmocka_unit_test(an_answer_that_is_none_is_refused_and_one_of_two_at_once_wins),
    cmocka_unit_test(only_what_holds_is_spent),
    cmocka_unit_test(evidence_is_kept_once_under_its_name),
};
ENGINES_MAIN(tests)
