/* SPDX-License-Identifier: Apache-2.0 */
/* Offices: four eyes, leave and substitution, an end that ends everything, lost keys. */
#include "people/office.h"
#include "tests/people/scene.h"

static struct jurisdiction *folder(struct scene *p)
{
    struct findings findings;
    struct jurisdiction *j;
    char path[4096];
    snprintf(path, sizeof path, "%s/jurisdictions/kz", getenv("AINA_ROOT"));
    done(p->f, jurisdiction_load(path, &p->f->arena, &j, &findings, &p->f->err));
    assert_non_null(j);
    return j;
}

static void two_enrol_together(void **state)
{
    struct scene p = scene_new();
    struct jurisdiction *j = folder(&p);
    struct official first = {STR("HA-1"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official second = {STR("HA-2"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official doctor = {STR("MED-0417"), STR("health"), STR("clinic-5"), p.today, 0, STR("")}, o, read;
    struct proposal *list, decided;
    char id[27], code[CODE_SIZE];
    size_t n;
    int64_t now = clock_now();
    fails(p.f, ERR_NOT_ALLOWED, office_propose(p.f->db, j, &doctor, &doctor, now, id, &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED, office_propose(p.f->db, j, &first, &first, now, id, &p.f->err));
    o = doctor, o.office = STR("traffic"); /* another agency's */
    fails(p.f, ERR_INVALID, office_propose(p.f->db, j, &first, &o, now, id, &p.f->err));
    o = doctor, o.staff_code = STR("1; DROP");
    fails(p.f, ERR_INVALID, office_propose(p.f->db, j, &first, &o, now, id, &p.f->err));
    o = doctor, o.from = p.today - 1;
    fails(p.f, ERR_INVALID, office_propose(p.f->db, j, &first, &o, now, id, &p.f->err));
    done(p.f, office_propose(p.f->db, j, &first, &doctor, now, id, &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED,
          people_official(p.f->db, STR("MED-0417"), p.today, &p.f->arena, &read, &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED,
          office_decide(p.people, p.f->db, j, &first, str_of(id), true, now, &p.f->arena, &decided, code,
                        &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED,
          office_decide(p.people, p.f->db, j, &doctor, str_of(id), true, now, &p.f->arena, &decided, code,
                        &p.f->err));
    o = second, o.agency = STR("state-corporation");
    fails(p.f, ERR_NOT_FOUND,
          office_decide(p.people, p.f->db, j, &o, str_of(id), true, now, &p.f->arena, &decided, code,
                        &p.f->err));
    done(p.f, office_proposals(p.f->db, &second, &p.f->arena, &list, &n, &p.f->err));
    assert_true(n == 1 && str_is(list[0].by, "HA-1") && str_is(list[0].official.staff_code, "MED-0417"));
    done(p.f, office_decide(p.people, p.f->db, j, &second, str_of(id), true, now, &p.f->arena, &decided, code,
                            &p.f->err));
    assert_int_equal(strlen(code), CODE_SIZE - 1);
    assert_true(str_is(decided.by, "HA-1") && str_is(decided.official.staff_code, "MED-0417"));
    done(p.f, people_official(p.f->db, STR("MED-0417"), p.today, &p.f->arena, &read, &p.f->err));
    assert_true(str_is(read.office, "clinic-5"));
    fails(p.f, ERR_NOT_FOUND,
          office_decide(p.people, p.f->db, j, &second, str_of(id), true, now, &p.f->arena, &decided, code,
                        &p.f->err));
    o = second; /* a second administrator, proposed by the first, does not agree to it alone */
    done(p.f, office_propose(p.f->db, j, &first, &o, now, id, &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED,
          office_decide(p.people, p.f->db, j, &second, str_of(id), true, now, &p.f->arena, &decided, code,
                        &p.f->err));
    done(p.f, office_decide(p.people, p.f->db, j, &first, str_of(id), false, now, &p.f->arena, &decided, code,
                            &p.f->err)); /* taken back */
    jurisdiction_free(j);
    scene_free(&p);
}

/* Session, token and the office itself end at once; so does what a page was still open for. */
static void an_end_ends_everything(void **state)
{
    struct scene p = scene_new();
    struct jurisdiction *j = folder(&p);
    struct official admin = {STR("HA-1"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), p.today, 0, STR("")}, *list;
    struct caller c = {.kind = CALLER_OFFICIAL, .official = o, .levels = STR("ial3.aal3.phr")};
    char token[PEOPLE_SECRET_SIZE];
    struct caller_listed *sessions;
    const struct account account = account_of(&c);
    size_t n;
    done(p.f, people_official_add(p.f->db, &o, &p.f->err));
    begin(&p, &c, true);
    memcpy(token, p.secret, sizeof token);
    begin(&p, &c, false);
    assert_int_equal(came(&p, token, true).kind, CALLER_OFFICIAL);
    fails(p.f, ERR_NOT_ALLOWED, office_end(p.people, p.f->db, j, &o, STR("MED-1"), p.today, &p.f->err));
    fails(p.f, ERR_NOT_FOUND, office_end(p.people, p.f->db, j, &admin, STR("MED-9"), p.today, &p.f->err));
    done(p.f, office_end(p.people, p.f->db, j, &admin, STR("MED-1"), p.today, &p.f->err));
    assert_int_equal(came(&p, token, true).kind, CALLER_NOBODY);
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_NOBODY);
    done(p.f, people_callers(p.people, p.f->db, &account, &p.f->arena, &sessions, &n, &p.f->err));
    assert_int_equal(n, 0);
    done(p.f, office_list(p.f->db, &admin, p.today, &p.f->arena, &list, &n, &p.f->err));
    assert_int_equal(n, 0);
    jurisdiction_free(j);
    scene_free(&p);
}

/* A lost authenticator: nothing of it works on, and a new one takes two administrators again. */
static void lost_keys_are_taken_away_and_given_anew_by_two(void **state)
{
    struct scene p = scene_new();
    struct jurisdiction *j = folder(&p);
    struct official first = {STR("HA-1"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official second = {STR("HA-2"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official police = {STR("PA-1"), STR("police"), STR("traffic"), p.today, 0, STR("")};
    struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), p.today - 9, 0, STR("")}, *list, again;
    struct caller c = {.kind = CALLER_OFFICIAL, .official = o, .levels = STR("ial3.aal3.phr")};
    const struct account account = account_of(&c);
    struct proposal decided;
    char id[27], code[CODE_SIZE], codes[CODE_RECOVERY_N][CODE_SIZE];
    int64_t now = clock_now();
    uint64_t left;
    size_t n;
    done(p.f, people_official_add(p.f->db, &o, &p.f->err));
    done(p.f, people_official_add(p.f->db, &police, &p.f->err));
    done(p.f, code_issue(p.people, p.f->db, &account, CODE_RECOVERY, 3, now, codes, &p.f->err));
    begin(&p, &c, false);
    fails(p.f, ERR_NOT_ALLOWED, office_end_keys(p.people, p.f->db, j, &o, STR("MED-1"), p.today, &p.f->err));
    fails(p.f, ERR_NOT_ALLOWED,
          office_end_keys(p.people, p.f->db, j, &first, STR("HA-1"), p.today, &p.f->err));
    fails(p.f, ERR_NOT_FOUND, office_end_keys(p.people, p.f->db, j, &first, STR("PA-1"), p.today, &p.f->err));
    done(p.f, office_end_keys(p.people, p.f->db, j, &first, STR("MED-1"), p.today, &p.f->err));
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_NOBODY);
    done(p.f, code_left(p.people, p.f->db, &account, CODE_RECOVERY, now, &left, &p.f->err));
    assert_int_equal(left, 0);
    again = o, again.from = p.today; /* the office itself stays, once */
    done(p.f, office_propose(p.f->db, j, &first, &again, now, id, &p.f->err));
    done(p.f, office_decide(p.people, p.f->db, j, &second, str_of(id), true, now, &p.f->arena, &decided, code,
                            &p.f->err));
    assert_int_equal(strlen(code), CODE_SIZE - 1);
    done(p.f, office_list(p.f->db, &first, p.today, &p.f->arena, &list, &n, &p.f->err));
    assert_int_equal(n, 1);
    again = police, again.agency = STR("health"), again.office = STR("clinic-5"); /* nor another agency's */
    fails(p.f, ERR_CONFLICT, office_propose(p.f->db, j, &first, &again, now, id, &p.f->err));
    jurisdiction_free(j);
    scene_free(&p);
}

static void leave_and_substitution(void **state)
{
    struct scene p = scene_new();
    struct jurisdiction *j = folder(&p);
    struct official admin = {STR("HA-1"), STR("health"), STR("administration"), p.today, 0, STR("")};
    struct official a = {STR("MED-1"), STR("health"), STR("mental-health"), p.today - 9, 0, STR("")};
    struct official b = {STR("MED-2"), STR("health"), STR("clinic-5"), p.today - 9, 0, STR("")}, read;
    struct official sub = {STR("MED-2"), STR("health"), STR("mental-health"),
                           p.today,      p.today + 6,   STR("MED-1")};
    struct caller ca = {.kind = CALLER_OFFICIAL, .official = a, .levels = STR("ial3.aal3.phr")};
    struct proposal decided;
    char id[27], code[CODE_SIZE];
    done(p.f, people_official_add(p.f->db, &a, &p.f->err));
    done(p.f, people_official_add(p.f->db, &b, &p.f->err));
    begin(&p, &ca, false);
    fails(p.f, ERR_INVALID,
          office_leave(p.people, p.f->db, j, &admin, STR("MED-1"), p.today, p.today - 1, &p.f->err));
    done(p.f, office_leave(p.people, p.f->db, j, &admin, STR("MED-1"), p.today, p.today + 6, &p.f->err));
    assert_int_equal(came(&p, p.secret, false).kind,
                     CALLER_NOBODY); /* on leave: not even by an old session */
    sub.until = 0;
    fails(p.f, ERR_INVALID, office_propose(p.f->db, j, &admin, &sub, clock_now(), id, &p.f->err));
    sub.until = p.today + 6;
    done(p.f, office_propose(p.f->db, j, &admin, &sub, clock_now(), id, &p.f->err));
    admin.staff_code = STR("HA-2");
    done(p.f, office_decide(p.people, p.f->db, j, &admin, str_of(id), true, clock_now(), &p.f->arena,
                            &decided, code, &p.f->err));
    done(p.f, people_official(p.f->db, STR("MED-2"), p.today, &p.f->arena, &read, &p.f->err));
    assert_true(str_is(read.office, "mental-health") && str_is(read.stands_for, "MED-1"));
    struct caller cb = {.kind = CALLER_OFFICIAL, .official = read, .levels = STR("ial3.aal3.phr")};
    begin(&p, &cb, false);
    struct caller now = came(&p, p.secret, false); /* as the entry will say it */
    assert_true(str_is(now.capacity, "substitute") && str_is(now.mandate, "MED-1") && !now.acting);
    done(p.f, people_official(p.f->db, STR("MED-2"), p.today + 7, &p.f->arena, &read, &p.f->err));
    assert_true(str_is(read.office, "clinic-5") && read.stands_for.n == 0);
    done(p.f, people_official(p.f->db, STR("MED-1"), p.today + 7, &p.f->arena, &read, &p.f->err));
    jurisdiction_free(j);
    scene_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_enrol_together),
    cmocka_unit_test(an_end_ends_everything),
    cmocka_unit_test(leave_and_substitution),
    cmocka_unit_test(lost_keys_are_taken_away_and_given_anew_by_two),
};
ENGINES_MAIN(tests)
