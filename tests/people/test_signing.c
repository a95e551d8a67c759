/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to sign as state: found by their id until they end, answered by one, spent once; kept evidence. */
#include "tests/db/engines.h"

#include "base/clock.h"
#include "people/signing.h"
#include "people/staff_key.h"

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

static bool keep(struct scene *s, const char *name, const struct account *owner, const char *evidence,
                 int64_t now)
{
    const struct signing signing = {.title = STR("Title"), .evidence = str_of(evidence)};
    return signing_evidence_keep(s->people, s->f->db, str_of(name), owner, &signing, now, &s->f->err);
}

static const struct account mine = {.kind = CALLER_PERSON, .person = {{7}}},
                            clerk = {.kind = CALLER_OFFICIAL, .staff_code = {"MED-1", 5}};

static void evidence_is_kept_once_under_its_name(void **state)
{
    struct scene s = scene_new();
    struct str read;
    bool is;
    done(s.f, keep(&s, "case 1 2", &mine, "{\"v\":1}", NOW));
    assert_false(keep(&s, "case 1 2", &mine, "{\"v\":2}", NOW));
    done(s.f, signing_evidence(s.people, s.f->db, STR("case 1 2"), &s.f->arena, &is, &read, &s.f->err));
    assert_true(is && str_is(read, "{\"v\":1}"));
    done(s.f, signing_evidence(s.people, s.f->db, STR("case 1 3"), &s.f->arena, &is, &read, &s.f->err));
    assert_false(is);
    done(s.f, signing_evidence_has(s.people, s.f->db, STR("case 1 2"), &is, &s.f->err));
    assert_true(is);
    done(s.f, signing_evidence_has(s.people, s.f->db, STR("case 1 3"), &is, &s.f->err));
    assert_false(is);
    scene_free(&s);
}

static void who_signed_finds_it_and_nobody_else(void **state)
{
    struct scene s = scene_new();
    struct signing_kept *list, one;
    struct str read;
    size_t n;
    bool is;
    done(s.f, keep(&s, "first", &mine, "{\"v\":1}", NOW));
    done(s.f, keep(&s, "second", &mine, "{\"v\":2}", NOW + 1));
    done(s.f, keep(&s, "act", &clerk, "{\"v\":3}", NOW + 2));
    done(s.f, signing_evidence_list(s.people, s.f->db, &mine, 10, &s.f->arena, &list, &n, &s.f->err));
    assert_int_equal(n, 2);
    assert_true(str_is(list[0].name, "second") && list[0].made == NOW + 1 && str_is(list[0].title, "Title"));
    struct str tag = str_of(list[1].tag);
    done(s.f, signing_evidence_own(s.people, s.f->db, &mine, tag, &s.f->arena, &is, &one, &read, &s.f->err));
    assert_true(is && str_is(read, "{\"v\":1}") && str_is(one.name, "first"));
    done(s.f, signing_evidence_own(s.people, s.f->db, &clerk, tag, &s.f->arena, &is, &one, &read, &s.f->err));
    assert_false(is);
    done(s.f,
         signing_evidence_own(s.people, s.f->db, &mine, STR("00"), &s.f->arena, &is, &one, &read, &s.f->err));
    assert_false(is);
    done(s.f, signing_evidence_list(s.people, s.f->db, &clerk, 10, &s.f->arena, &list, &n, &s.f->err));
    assert_true(n == 1 && str_is(list[0].name, "act"));
    scene_free(&s);
}

/* --- officials' keys --- */

static struct office offices[] = {{.id = {"ward", 4}}, {.id = {"staff", 5}, .administrator = true}};
static struct agency agencies[] = {{.id = {"health", 6}, .offices = offices, .offices_n = 2},
                                   {.id = {"police", 6}, .offices = offices, .offices_n = 2}};
static const struct jurisdiction folder = {.agencies = agencies, .agencies_n = 2};
static const struct official
    doctor = {.staff_code = {"MED-1", 5}, .agency = {"health", 6}, .office = {"ward", 4}},
    chief = {.staff_code = {"MED-9", 5}, .agency = {"health", 6}, .office = {"staff", 5}},
    stranger = {.staff_code = {"POL-9", 5}, .agency = {"police", 6}, .office = {"staff", 5}};

static void enter(struct scene *s, const struct official *official, const char *number, struct signing *ret)
{
    *ret = (struct signing){
        .number = str_of(number), .scheme = STR("luhn-9"), .organisation = STR("77"), .name = STR("A B")};
    signing_draw(ret, NOW);
    done(s->f, staff_key_enter(s->people, s->f->db, official, ret, NOW, &s->f->err));
}

static bool decide(struct scene *s, const struct official *by, const char *code, const char *signing,
                   bool confirm)
{
    return staff_key_decide(s->people, s->f->db, &folder, by, str_of(code), str_of(signing), confirm,
                            &s->f->err);
}

static void an_officials_key_counts_from_when_another_confirmed_it(void **state)
{
    struct scene s = scene_new();
    struct signing first, second;
    struct staff_key key, *list;
    bool is;
    size_t n;
    done(s.f, staff_key_of(s.people, s.f->db, STR("MED-1"), &s.f->arena, &is, &key, &s.f->err));
    assert_false(is);
    enter(&s, &doctor, "123456782", &first);
    enter(&s, &chief, "100000009", &second);
    done(s.f, staff_keys_waiting(s.people, s.f->db, &chief, &s.f->arena, &list, &n, &s.f->err));
    assert_true(n == 2 && str_is(list[0].staff_code, "MED-1") && str_is(list[0].number, "123456782"));
    done(s.f, staff_keys_waiting(s.people, s.f->db, &stranger, &s.f->arena, &list, &n, &s.f->err));
    assert_int_equal(n, 0);
    assert_false(decide(&s, &doctor, "MED-9", second.id, true)); /* no administrator */
    assert_int_equal(s.f->err.code, ERR_NOT_ALLOWED);
    assert_false(decide(&s, &chief, "MED-9", second.id, true)); /* one's own */
    assert_int_equal(s.f->err.code, ERR_NOT_ALLOWED);
    assert_false(decide(&s, &stranger, "MED-1", first.id, true)); /* another agency's */
    assert_int_equal(s.f->err.code, ERR_NOT_FOUND);
    assert_false(decide(&s, &chief, "MED-1", second.id, true)); /* not what was seen */
    assert_int_equal(s.f->err.code, ERR_NOT_FOUND);
    done(s.f, decide(&s, &chief, "MED-1", first.id, true));
    done(s.f, staff_key_of(s.people, s.f->db, STR("MED-1"), &s.f->arena, &is, &key, &s.f->err));
    assert_true(is && str_is(key.confirmed_by, "MED-9") && str_is(key.organisation, "77"));
    assert_false(decide(&s, &chief, "MED-1", first.id, true)); /* once */
    enter(&s, &doctor, "100000017", &second);                  /* another key waits anew */
    done(s.f, staff_key_of(s.people, s.f->db, STR("MED-1"), &s.f->arena, &is, &key, &s.f->err));
    assert_true(is && key.confirmed_by.n == 0 && str_is(key.number, "100000017"));
    done(s.f, decide(&s, &chief, "MED-1", second.id, false));
    done(s.f, staff_key_of(s.people, s.f->db, STR("MED-1"), &s.f->arena, &is, &key, &s.f->err));
    assert_false(is);
    scene_free(&s);
}

/* Who can write to the database cannot confirm a key: the row is sealed to who confirmed it. */
static void a_key_confirmed_by_hand_opens_nothing(void **state)
{
    struct scene s = scene_new();
    struct signing first;
    struct staff_key key;
    bool is;
    enter(&s, &doctor, "123456782", &first);
    done(s.f, db_exec(s.f->db, "UPDATE staff_key SET confirmed_by = 'MED-9'", &s.f->err));
    assert_false(staff_key_of(s.people, s.f->db, STR("MED-1"), &s.f->arena, &is, &key, &s.f->err));
    assert_int_equal(s.f->err.code, ERR_CORRUPT);
    scene_free(&s);
}

/* An official's answer is not even judged before the key is confirmed. */
static void an_official_without_a_key_is_told_so(void **state)
{
    struct scene s = scene_new();
    struct signing signing = {.purpose = SIGNING_ACT,
                              .account = clerk,
                              .text = STR("t"),
                              .title = STR("T"),
                              .wants_capacity = SIGNING_OFFICIAL};
    signing_draw(&signing, NOW);
    done(s.f, signing_keep(s.people, s.f->db, &signing, &s.f->err));
    done(s.f,
         signing_answer(s.people, s.f->db, &s.judge, &signing, STR("AA=="), NOW, &s.f->arena, &s.f->err));
    assert_true(str_is(signing.refusal, "staff-key") && signing.state == SIGNING_WAITS);
    struct signing entered;
    enter(&s, &doctor, "123456782", &entered); /* nor with one that waits */
    done(s.f,
         signing_answer(s.people, s.f->db, &s.judge, &signing, STR("AA=="), NOW, &s.f->arena, &s.f->err));
    assert_true(str_is(signing.refusal, "staff-key"));
    done(s.f, decide(&s, &chief, "MED-1", entered.id, true));
    done(s.f,
         signing_answer(s.people, s.f->db, &s.judge, &signing, STR("AA=="), NOW, &s.f->arena, &s.f->err));
    assert_true(str_is(signing.refusal, "form")); /* now it is judged */
    scene_free(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_is_found_until_it_ends),
    cmocka_unit_test(an_answer_that_is_none_is_refused_and_one_of_two_at_once_wins),
    cmocka_unit_test(only_what_holds_is_spent),
    cmocka_unit_test(evidence_is_kept_once_under_its_name),
    cmocka_unit_test(who_signed_finds_it_and_nobody_else),
    cmocka_unit_test(an_officials_key_counts_from_when_another_confirmed_it),
    cmocka_unit_test(a_key_confirmed_by_hand_opens_nothing),
    cmocka_unit_test(an_official_without_a_key_is_told_so),
};
ENGINES_MAIN(tests)
