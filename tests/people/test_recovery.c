/* SPDX-License-Identifier: Apache-2.0 */
/* Coming back in by a code, and stopping who did: what ends, what stays, and whose code it is. */
#include "tests/db/engines.h"

#include "base/clock.h"
#include "people/passkey.h"
#include "people/recovery.h"
#include "tests/people/authenticator.h"

static const struct str origins[] = {{"https://aina.example", 20}};
static const struct webauthn_site site = {{"aina.example", 12}, origins, 1};
static const struct webauthn_policy policy = {0};
static const uint8_t browser[32] = {1};
static const struct account mother = {.kind = CALLER_PERSON, .person = {{7}}};
static const struct account son = {.kind = CALLER_PERSON, .person = {{8}}};

struct place {
    struct fresh *f;
    struct people *people;
    int64_t now;
};

static struct place place_new(void)
{
    static const uint8_t master[KEY_SIZE] = {6};
    struct place p = {fresh_new(), people_new(master), clock_now()};
    done(p.f, people_migrate(p.f->db, &p.f->err));
    return p;
}

static void place_free(struct place *p)
{
    people_free(p->people);
    fresh_free(p->f);
}

static void enrol(struct place *p, const struct account *account, int64_t ready)
{
    struct authenticator key = authenticator_new(WEBAUTHN_ES256);
    uint8_t challenge[PASSKEY_CHALLENGE_SIZE];
    const char *refusal;
    passkey_challenge(p->people, PASSKEY_ENROL, browser, account, p->now, challenge);
    struct ceremony c = {.challenge = {(char *)challenge, sizeof challenge}};
    struct passkey_enrolment in = {.site = &site,
                                   .policy = &policy,
                                   .browser = browser,
                                   .account = *account,
                                   .ial = 3,
                                   .ready = ready,
                                   .label = STR("phone"),
                                   .registration = authenticator_register(&key, &c, &p->f->arena)};
    done(p->f, passkey_enrol(p->people, p->f->db, &in, p->now, &refusal, &p->f->err));
    assert_null(refusal);
    EVP_PKEY_free(key.key);
}

static struct caller begin(struct place *p, const struct account *account, enum log_in_way way, bool token,
                           char secret[PEOPLE_SECRET_SIZE])
{
    struct caller c = {.kind = account->kind,
                       .person = account->person,
                       .levels = STR("ial3.aal3.phr"),
                       .way = way},
                  read;
    done(p->f, people_caller_add(p->people, p->f->db, &c, token, CLOCK_DAY, secret, &p->f->err));
    done(p->f, people_caller(p->people, p->f->db, str_of(secret), token, &p->f->arena, &read, &p->f->err));
    assert_int_equal(read.kind, account->kind);
    return read;
}

static bool alive(struct place *p, const char *secret, bool token)
{
    struct caller read;
    done(p->f, people_caller(p->people, p->f->db, str_of(secret), token, &p->f->arena, &read, &p->f->err));
    return read.kind != CALLER_NOBODY;
}

static uint64_t keys_of(struct place *p, const struct account *account)
{
    uint64_t n;
    done(p->f, passkey_count(p->people, p->f->db, account, &n, &p->f->err));
    return n;
}

static bool whose(struct place *p, const char *code, struct account *ret)
{
    bool found;
    done(p->f,
         recovery_of_code(p->people, p->f->db, str_of(code), p->now, &p->f->arena, &found, ret, &p->f->err));
    return found;
}

static int64_t open_until(struct place *p, const struct account *account)
{
    int64_t until;
    done(p->f, recovery_open(p->people, p->f->db, account, p->now, &until, &p->f->err));
    return until;
}

static void a_code_says_whose_it_is_for_a_day(void **state)
{
    struct place p = place_new();
    struct account account = {0};
    char first[CODE_SIZE], second[CODE_SIZE];
    assert_int_equal(open_until(&p, &mother), 0);
    done(p.f, recovery_begin(p.people, p.f->db, &mother, p.now, first, &p.f->err));
    p.now += 3600 * CLOCK_SECOND;
    done(p.f, recovery_begin(p.people, p.f->db, &mother, p.now, second, &p.f->err));
    assert_int_equal(open_until(&p, &mother), p.now + RECOVERY_COOLING);
    assert_int_equal(open_until(&p, &son), 0);
    assert_true(whose(&p, first, &account)); /* an earlier message stops it too */
    assert_memory_equal(account.person.pid, mother.person.pid, PID_SIZE);
    for (char *c = second; *c; c++) /* as people type it */
        *c = (char)(*c == '-' ? ' ' : *c == '0' ? 'o' : *c >= 'A' ? *c + 32 : *c);
    assert_true(whose(&p, second, &account));
    assert_false(whose(&p, "AAAAA-AAAAA", &account));
    assert_false(whose(&p, "", &account));
    p.now += RECOVERY_COOLING;
    assert_false(whose(&p, second, &account));
    assert_int_equal(open_until(&p, &mother), 0);
    place_free(&p);
}

static void a_stop_ends_what_may_be_a_strangers(void **state)
{
    struct place p = place_new();
    char stop[CODE_SIZE], paper[CODE_RECOVERY_N][CODE_SIZE], sons[CODE_RECOVERY_N][CODE_SIZE],
        letter[1][CODE_SIZE];
    char own[PEOPLE_SECRET_SIZE], strange[PEOPLE_SECRET_SIZE], token[PEOPLE_SECRET_SIZE],
        other[PEOPLE_SECRET_SIZE];
    struct account account;
    uint64_t left;
    enrol(&p, &mother, 0);
    enrol(&p, &mother, p.now + RECOVERY_COOLING);
    enrol(&p, &mother, p.now - CLOCK_DAY); /* was young once */
    enrol(&p, &son, p.now + RECOVERY_COOLING);
    struct caller keep = begin(&p, &mother, WAY_PASSKEY, false, own);
    begin(&p, &mother, WAY_RECOVERY, false, strange);
    begin(&p, &mother, WAY_RECOVERY, true, token);
    begin(&p, &son, WAY_RECOVERY, false, other);
    done(p.f, code_issue(p.people, p.f->db, &mother, CODE_RECOVERY, 3, p.now, paper, &p.f->err));
    done(p.f, code_issue(p.people, p.f->db, &mother, CODE_LETTER, 1, p.now, letter, &p.f->err));
    done(p.f, code_issue(p.people, p.f->db, &son, CODE_RECOVERY, 3, p.now, sons, &p.f->err));
    done(p.f, recovery_begin(p.people, p.f->db, &mother, p.now, stop, &p.f->err));
    done(p.f, recovery_stop(p.people, p.f->db, &mother, keep.session, p.now, &p.f->err));
    assert_int_equal(keys_of(&p, &mother), 2);
    assert_true(alive(&p, own, false));
    assert_false(alive(&p, strange, false));
    assert_false(alive(&p, token, true));
    done(p.f, code_left(p.people, p.f->db, &mother, CODE_RECOVERY, p.now, &left, &p.f->err));
    assert_int_equal(left, 0);
    done(p.f, code_left(p.people, p.f->db, &mother, CODE_LETTER, p.now, &left, &p.f->err));
    assert_int_equal(left, 0);
    assert_false(whose(&p, stop, &account));
    assert_int_equal(open_until(&p, &mother), 0);
    assert_int_equal(keys_of(&p, &son), 1); /* nobody else loses anything */
    assert_true(alive(&p, other, false));
    done(p.f, code_left(p.people, p.f->db, &son, CODE_RECOVERY, p.now, &left, &p.f->err));
    assert_int_equal(left, CODE_RECOVERY_N);
    done(p.f, recovery_stop(p.people, p.f->db, &mother, NULL, p.now, &p.f->err));
    assert_false(alive(&p, own, false));
    place_free(&p);
}

static void a_stop_code_opens_nothing_and_no_other_code_stops(void **state)
{
    struct place p = place_new();
    char stop[CODE_SIZE], paper[CODE_RECOVERY_N][CODE_SIZE];
    struct account person = {.kind = CALLER_PERSON}, account;
    struct factor_result r;
    done(p.f,
         people_register(p.people, p.f->db, STR("kz-iin"), STR("900101390459"), &person.person, &p.f->err));
    done(p.f, code_issue(p.people, p.f->db, &person, CODE_RECOVERY, 3, p.now, paper, &p.f->err));
    done(p.f, recovery_begin(p.people, p.f->db, &person, p.now, stop, &p.f->err));
    struct factor_attempt a = {FACTOR_CODE,  STR("kz-iin"),    STR("900101390459"),
                               str_of(stop), STR("192.0.2.1"), browser};
    done(p.f, factor_log_in(p.people, p.f->db, &a, p.now, &r, &p.f->err));
    assert_false(r.right);
    assert_true(whose(&p, stop, &account)); /* and is still there */
    assert_false(whose(&p, paper[0], &account));
    place_free(&p);
}

static void rows_belong_to_their_account(void **state)
{
    struct place p = place_new();
    char stop[CODE_SIZE];
    struct account account;
    bool found;
    done(p.f, recovery_begin(p.people, p.f->db, &mother, p.now, stop, &p.f->err));
    done(p.f,
         db_exec(p.f->db, "UPDATE people_factor SET ends = ends + 1", &p.f->err)); /* made to last longer */
    fails(p.f, ERR_CORRUPT,
          recovery_of_code(p.people, p.f->db, str_of(stop), p.now, &p.f->arena, &found, &account, &p.f->err));
    place_free(&p);
}

static void which_sessions_only_read(void **state)
{
    static const struct {
        enum log_in_way way;
        const char *levels;
        bool reads;
    } rows[] = {{WAY_PASSKEY, "ial3.aal3.phr", false}, {WAY_PASSKEY, "ial3.aal2.phr", false},
                {WAY_PASSKEY, "ial3.aal1.phr", true},  {WAY_RECOVERY, "ial3.aal1", true},
                {WAY_CODE, "ial3.aal1", false},        {WAY_APP, "ial3.aal1", false},
                {WAY_SIGNATURE, "ial2.aal2", false},   {WAY_OTHER, "ial3.aal3.phr.demo", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct caller c = {.way = rows[i].way, .levels = str_of(rows[i].levels)};
        assert_int_equal(recovery_only_reads(&c), rows[i].reads);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_says_whose_it_is_for_a_day),
    cmocka_unit_test(a_stop_ends_what_may_be_a_strangers),
    cmocka_unit_test(a_stop_code_opens_nothing_and_no_other_code_stops),
    cmocka_unit_test(rows_belong_to_their_account),
    cmocka_unit_test(which_sessions_only_read),
};
ENGINES_MAIN(tests)
