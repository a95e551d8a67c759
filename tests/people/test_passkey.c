/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys as state: challenges used once and by one browser, keys bound to their account, counters. */
#include "tests/db/engines.h"

#include "base/clock.h"
#include "people/passkey.h"
#include "tests/people/authenticator.h"

static const struct str origins[] = {{"https://aina.example", 20}};
static const struct webauthn_site site = {{"aina.example", 12}, origins, 1};
static const struct webauthn_policy policy = {0};
static const uint8_t browser[32] = {1}, other_browser[32] = {2};
static const struct account mother = {.kind = CALLER_PERSON, .person = {{7}}};
static const struct account son = {.kind = CALLER_PERSON, .person = {{8}}};
static const struct account doctor = {.kind = CALLER_OFFICIAL, .staff_code = {"MED-0417", 8}};

struct place {
    struct fresh *f;
    struct people *people;
    struct authenticator key;
    int64_t now;
};

static struct place place_new(void)
{
    static const uint8_t master[KEY_SIZE] = {3};
    struct place p = {fresh_new(), people_new(master), authenticator_new(WEBAUTHN_ES256), clock_now()};
    done(p.f, people_migrate(p.f->db, &p.f->err));
    return p;
}

static void place_free(struct place *p)
{
    EVP_PKEY_free(p->key.key);
    people_free(p->people);
    fresh_free(p->f);
}

static const char *word(const char *refusal)
{
    return refusal ? refusal : "ok";
}

static struct str challenge_for(struct place *p, enum passkey_use use, const uint8_t *who,
                                const struct account *account)
{
    uint8_t *challenge = arena_take(&p->f->arena, PASSKEY_CHALLENGE_SIZE, 1);
    passkey_challenge(p->people, use, who, account, p->now, challenge);
    return (struct str){(char *)challenge, PASSKEY_CHALLENGE_SIZE};
}

static const char *enrol_with(struct place *p, const struct account *account, struct str challenge)
{
    struct ceremony c = {.challenge = challenge};
    struct passkey_enrolment in = {.site = &site,
                                   .policy = &policy,
                                   .browser = browser,
                                   .account = *account,
                                   .ial = 2,
                                   .label = STR("phone")};
    const char *refusal;
    in.registration = authenticator_register(&p->key, &c, &p->f->arena);
    done(p->f, passkey_enrol(p->people, p->f->db, &in, p->now, &refusal, &p->f->err));
    return word(refusal);
}

static const char *enrol(struct place *p, const struct account *account)
{
    return enrol_with(p, account, challenge_for(p, PASSKEY_ENROL, browser, account));
}

struct attempt {
    const uint8_t *browser;
    const struct account *account;
    struct str challenge, handle;
    struct ceremony c;
};

static const char *log_in(struct place *p, struct attempt a, struct passkey_result *result)
{
    struct passkey_log_in in = {.site = &site,
                                .browser = a.browser ? a.browser : browser,
                                .account = a.account,
                                .id = {(const char *)p->key.id, sizeof p->key.id},
                                .handle = a.handle};
    const char *refusal;
    a.c.challenge = a.challenge.n ? a.challenge : challenge_for(p, PASSKEY_LOG_IN, browser, NULL);
    in.assertion = authenticator_assert(&p->key, &a.c, &p->f->arena);
    done(p->f, passkey_log_in(p->people, p->f->db, &in, p->now, &p->f->arena, result, &refusal, &p->f->err));
    return word(refusal);
}

static void a_person_enrols_and_logs_in(void **state)
{
    struct place p = place_new();
    struct passkey_result r;
    struct passkey_listed *list;
    uint8_t handle[PASSKEY_HANDLE_SIZE], foreign[PASSKEY_HANDLE_SIZE];
    size_t n;
    passkey_handle(p.people, &mother, handle);
    passkey_handle(p.people, &son, foreign);
    assert_string_equal(log_in(&p, (struct attempt){0}, &r), "key-unknown");
    assert_string_equal(enrol(&p, &mother), "ok");
    assert_string_equal(enrol(&p, &mother), "key-known");
    assert_string_equal(enrol(&p, &son), "key-known");
    assert_string_equal(log_in(&p, (struct attempt){0}, &r), "ok");
    assert_memory_equal(r.account.person.pid, mother.person.pid, PID_SIZE);
    assert_true(r.levels.ial == 2 && r.levels.aal == 3 && r.levels.phr && !r.counter_stuck);
    assert_string_equal(log_in(&p, (struct attempt){.account = &mother}, &r), "ok");
    assert_string_equal(log_in(&p, (struct attempt){.account = &son}, &r), "other-account");
    assert_string_equal(log_in(&p, (struct attempt){.handle = {(char *)handle, 32}}, &r), "ok");
    assert_string_equal(log_in(&p, (struct attempt){.handle = {(char *)foreign, 32}}, &r), "other-account");
    assert_string_equal(log_in(&p, (struct attempt){.c = {.flags_clear = 4}}, &r), "not-verified");
    assert_string_equal(log_in(&p, (struct attempt){.c = {.origin = "https://aina.example.kz"}}, &r),
                        "origin");

    done(p.f, passkey_list(p.people, p.f->db, &mother, &p.f->arena, &list, &n, &p.f->err));
    assert_int_equal(n, 1);
    assert_true(str_is(list[0].label, "phone") && !list[0].synced);
    fails(p.f, ERR_NOT_FOUND, passkey_remove(p.people, p.f->db, &son, list[0].tag, &p.f->err));
    done(p.f, passkey_remove(p.people, p.f->db, &mother, list[0].tag, &p.f->err));
    assert_string_equal(log_in(&p, (struct attempt){0}, &r), "key-unknown");
    place_free(&p);
}

static void a_challenge_is_used_once_by_one_browser_in_time(void **state)
{
    struct place p = place_new();
    struct passkey_result r;
    struct str c = challenge_for(&p, PASSKEY_ENROL, browser, &mother);
    assert_string_equal(enrol_with(&p, &son, c), "challenge"); /* given for another account */
    assert_string_equal(enrol_with(&p, &mother, challenge_for(&p, PASSKEY_LOG_IN, browser, NULL)),
                        "challenge");
    assert_string_equal(enrol_with(&p, &mother, c), "ok");
    struct authenticator first = p.key;
    p.key = authenticator_new(WEBAUTHN_ES256);
    assert_string_equal(enrol_with(&p, &mother, c), "challenge-used");
    EVP_PKEY_free(p.key.key);
    p.key = first;

    c = challenge_for(&p, PASSKEY_LOG_IN, browser, NULL);
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c, .browser = other_browser}, &r),
                        "challenge");
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c}, &r), "ok");
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c}, &r), "challenge-used");
    c = challenge_for(&p, PASSKEY_LOG_IN, browser, NULL);
    char *changed = arena_copy(&p.f->arena, c.p, c.n);
    changed[20] ^= 1; /* a later end */
    assert_string_equal(log_in(&p, (struct attempt){.challenge = {changed, c.n}}, &r), "challenge");
    p.now += PASSKEY_CHALLENGE_LIFE - 1;
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c}, &r), "ok");
    c = challenge_for(&p, PASSKEY_LOG_IN, browser, NULL);
    p.now += PASSKEY_CHALLENGE_LIFE;
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c}, &r), "challenge-old");
    p.now -= 2 * PASSKEY_CHALLENGE_LIFE; /* a clock set back does not make challenges live longer */
    assert_string_equal(log_in(&p, (struct attempt){.challenge = c}, &r), "challenge-old");
    place_free(&p);
}

/* A copy of the key and its owner take turns: the counter stands still for one of them. */
static void a_copied_key_shows(void **state)
{
    for (int official = 0; official < 2; official++) {
        struct place p = place_new();
        struct passkey_result r;
        p.key.count = 5;
        assert_string_equal(enrol(&p, official ? &doctor : &mother), "ok");
        p.key.count = 6;
        assert_string_equal(log_in(&p, (struct attempt){0}, &r), "ok");
        assert_int_equal(r.levels.aal, 3);
        const char *second = log_in(&p, (struct attempt){0}, &r); /* 6 again */
        if (official) {
            assert_string_equal(second, "counter");
        } else {
            assert_string_equal(second, "ok");
            assert_true(r.counter_stuck && r.levels.aal == 2);
        }
        p.key.count = 0;
        assert_string_equal(log_in(&p, (struct attempt){0}, &r), official ? "counter" : "ok");
        p.key.count = 7;
        assert_string_equal(log_in(&p, (struct attempt){0}, &r), "ok");
        assert_true(!r.counter_stuck);
        if (official)
            assert_true(str_is(r.account.staff_code, "MED-0417"));
        place_free(&p);
    }
}

static void a_synced_key_is_of_a_lower_level(void **state)
{
    struct place p = place_new();
    struct passkey_result r;
    struct ceremony c = {.flags_set = 0x18, .challenge = challenge_for(&p, PASSKEY_ENROL, browser, &mother)};
    struct passkey_enrolment in = {.site = &site,
                                   .policy = &policy,
                                   .browser = browser,
                                   .account = mother,
                                   .ial = 3,
                                   .label = STR("cloud"),
                                   .ready = p.now + CLOCK_DAY};
    const char *refusal;
    in.registration = authenticator_register(&p.key, &c, &p.f->arena);
    done(p.f, passkey_enrol(p.people, p.f->db, &in, p.now, &refusal, &p.f->err));
    assert_null(refusal);
    for (int i = 0; i < 3; i++) /* 0 for ever is no sign of a copy */
        assert_string_equal(log_in(&p, (struct attempt){.c = {.flags_set = 0x18}}, &r), "ok");
    assert_int_equal(r.levels.aal, 1); /* enrolled after a recovery: weak for a day */
    p.now += CLOCK_DAY;
    assert_string_equal(log_in(&p, (struct attempt){.c = {.flags_set = 0x18}}, &r), "ok");
    assert_true(r.levels.ial == 3 && r.levels.aal == 2 && r.levels.phr && !r.counter_stuck);
    place_free(&p);
}

static void a_row_belongs_to_its_place(void **state)
{
    struct place p = place_new();
    struct passkey_result r;
    struct authenticator first = p.key, second = authenticator_new(WEBAUTHN_ES256);
    assert_string_equal(enrol(&p, &mother), "ok");
    p.key = second;
    assert_string_equal(enrol(&p, &son), "ok");
    /* The son's owner tag on the mother's key: the row does not open. */
    done(p.f,
         db_exec(
             p.f->db,
             "UPDATE people_key SET owner = (SELECT owner FROM people_key ORDER BY made DESC, tag LIMIT 1)",
             &p.f->err));
    int refused = 0;
    for (int i = 0; i < 2; i++) {
        p.key = i ? second : first;
        struct ceremony c = {.challenge = challenge_for(&p, PASSKEY_LOG_IN, browser, NULL)};
        struct passkey_log_in in = {.site = &site, .browser = browser, .id = {(const char *)p.key.id, 32}};
        const char *refusal;
        in.assertion = authenticator_assert(&p.key, &c, &p.f->arena);
        if (!passkey_log_in(p.people, p.f->db, &in, p.now, &p.f->arena, &r, &refusal, &p.f->err)) {
            assert_int_equal(p.f->err.code, ERR_CORRUPT);
            refused++;
        }
    }
    assert_int_equal(refused, 1);
    EVP_PKEY_free(first.key);
    place_free(&p);
}

static void nobody_has_endless_keys(void **state)
{
    struct place p = place_new();
    for (int i = 0; i < PASSKEY_MAX; i++) {
        random_bytes(p.key.id, sizeof p.key.id);
        assert_string_equal(enrol(&p, &mother), "ok");
    }
    random_bytes(p.key.id, sizeof p.key.id);
    assert_string_equal(enrol(&p, &mother), "key-many");
    place_free(&p);
}

static void a_session_begins_with_it_or_not_at_all(void **state)
{
    struct place p = place_new();
    struct passkey_session session = {.language = STR("kk"),
                                      .device = STR("Firefox, Android"),
                                      .life_person = 3600 * CLOCK_SECOND,
                                      .life_official = 60 * CLOCK_SECOND};
    struct ceremony c = {.challenge = challenge_for(&p, PASSKEY_LOG_IN, browser, NULL)};
    struct passkey_log_in in = {
        .session = &session, .site = &site, .browser = browser, .id = {(const char *)p.key.id, 32}};
    struct passkey_result r;
    struct caller caller;
    struct caller_listed *list;
    const char *refusal;
    size_t n;
    assert_string_equal(enrol(&p, &mother), "ok");
    in.assertion = authenticator_assert(&p.key, &c, &p.f->arena);
    for (int i = 0; i < 2; i++) { /* the second is a replay, and begins none */
        done(p.f, passkey_log_in(p.people, p.f->db, &in, p.now, &p.f->arena, &r, &refusal, &p.f->err));
        assert_string_equal(word(refusal), i ? "challenge-used" : "ok");
        done(p.f, people_callers(p.people, p.f->db, &mother, &p.f->arena, &list, &n, &p.f->err));
        assert_int_equal(n, 1);
    }
    done(p.f,
         people_caller(p.people, p.f->db, str_of(session.secret), false, &p.f->arena, &caller, &p.f->err));
    assert_true(caller.kind == CALLER_PERSON && str_is(caller.levels, "ial2.aal3.phr"));
    assert_true(caller.way == WAY_PASSKEY && str_is(caller.device, "Firefox, Android"));
    assert_memory_equal(caller.person.pid, mother.person.pid, PID_SIZE);
    place_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_session_begins_with_it_or_not_at_all),
    cmocka_unit_test(a_person_enrols_and_logs_in),
    cmocka_unit_test(a_challenge_is_used_once_by_one_browser_in_time),
    cmocka_unit_test(a_copied_key_shows),
    cmocka_unit_test(a_synced_key_is_of_a_lower_level),
    cmocka_unit_test(a_row_belongs_to_its_place),
    cmocka_unit_test(nobody_has_endless_keys),
};
ENGINES_MAIN(tests)
