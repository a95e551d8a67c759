/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: levels, renewal, limits, the list; acting for others. */
#include "tests/people/scene.h"

static unsigned statements;

struct db_stmt *__real_db_sql(struct db *db, const char *sql, struct err *err);
struct db_stmt *__wrap_db_sql(struct db *db, const char *sql, struct err *err);
struct db_stmt *__wrap_db_sql(struct db *db, const char *sql, struct err *err)
{
    statements++;
    return __real_db_sql(db, sql, err);
}

static const struct account mother = {.kind = CALLER_PERSON, .person = {{7}}};
static const struct account child = {.kind = CALLER_PERSON, .person = {{9}}};
static const struct account stranger = {.kind = CALLER_PERSON, .person = {{11}}};

static struct caller person_of(const struct account *account)
{
    return (struct caller){.kind = CALLER_PERSON,
                           .person = account->person,
                           .language = STR("kk"),
                           .levels = STR("ial2.aal3.phr"),
                           .device = STR("Firefox, Android")};
}

struct taking {
    struct scene *p;
    const struct account *by;
    struct str id;
};

static bool take(struct db *db, void *arg, struct err *err)
{
    struct taking *taking = arg;
    struct mandate m;
    bool changed;
    return mandate_revoke_in(taking->p->people, db, taking->by, taking->id, clock_now(), &taking->p->f->arena,
                             &m, &changed, err);
}

static bool take_back(struct scene *p, const struct account *by, struct str id)
{
    struct taking taking = {p, by, id};
    return db_tx(p->f->db, take, &taking, &p->f->err);
}

static void levels_are_read_strictly(void **state)
{
    char text[LEVELS_TEXT_SIZE];
    levels_text((struct levels){2, 3, true}, text);
    assert_string_equal(text, "ial2.aal3.phr");
    struct levels l = levels_of(STR("ial2.aal3.phr"));
    assert_true(l.ial == 2 && l.aal == 3 && l.phr);
    l = levels_of(STR("ial1.aal0"));
    assert_true(l.ial == 1 && l.aal == 0 && !l.phr);
    levels_demo_text((struct levels){3, 3, true}, text);
    assert_string_equal(text, "ial3.aal3.phr.demo");
    l = levels_of(str_of(text));
    assert_true(l.ial == 3 && l.aal == 3 && l.phr && levels_are_demo(str_of(text)));
    assert_false(levels_are_demo(STR("ial3.aal3.phr")));
    static const char *const bad[] = {".demo",
                                      "ial3.aal3.phr.demo.demo",
                                      "ial3.aal3.phr.dem",
                                      "",
                                      "token",
                                      "ial9.aal9.phr",
                                      "ial3.aal3.phx",
                                      "ial3aal3",
                                      "ial3.aal3.ph",
                                      "aal3.ial3.phr"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        l = levels_of(str_of(bad[i]));
        assert_true(l.ial == 0 && l.aal == 0 && !l.phr);
    }
    assert_true(levels_reach((struct levels){2, 3, true}, (struct levels){2, 2, true}));
    assert_false(levels_reach((struct levels){2, 3, false}, (struct levels){0, 0, true}));
    assert_false(levels_reach((struct levels){1, 3, true}, (struct levels){2, 0, false}));
    assert_false(levels_reach((struct levels){3, 1, true}, (struct levels){0, 2, false}));
}

static void a_check_is_one_statement(void **state)
{
    struct scene p = scene_new();
    struct caller c = person_of(&mother);
    begin(&p, &c, false);
    statements = 0;
    c = came(&p, p.secret, false);
    assert_int_equal(statements, 1);
    assert_true(str_is(c.capacity, "self") && !c.acting && str_is(c.device, "Firefox, Android"));
    assert_memory_equal(c.subject.pid, mother.person.pid, PID_SIZE);
    struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), p.today - 5, 0, STR("")};
    done(p.f, people_official_add(p.f->db, &o, &p.f->err));
    c = (struct caller){.kind = CALLER_OFFICIAL, .official = o, .levels = STR("ial3.aal3.phr")};
    begin(&p, &c, false);
    statements = 0;
    c = came(&p, p.secret, false);
    assert_int_equal(statements, 1);
    assert_true(c.kind == CALLER_OFFICIAL && str_is(c.official.office, "clinic-5") &&
                str_is(c.capacity, "official"));
    int64_t start = clock_steady();
    for (int i = 0; i < 2000; i++) {
        c = came(&p, p.secret, false);
        arena_reset(&p.f->arena);
    }
    print_message("a session check: %.1f us\n", (double)(clock_steady() - start) / 2000);
    scene_free(&p);
}

static void idle_and_whole_life(void **state)
{
    struct scene p = scene_new();
    struct caller c = person_of(&mother);
    struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), p.today - 5, 0, STR("")};
    begin(&p, &c, false);
    for (int i = 1; i <= 24; i++) { /* used every 29 minutes it lives; after 12 hours it ends all the same */
        clock_set_offset(i * 29 * MINUTE);
        assert_int_equal(came(&p, p.secret, false).kind, CALLER_PERSON);
    }
    clock_set_offset(12 * 60 * MINUTE);
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_NOBODY);
    clock_set_offset(0);
    done(p.f, people_official_add(p.f->db, &o, &p.f->err));
    c = (struct caller){.kind = CALLER_OFFICIAL, .official = o, .levels = STR("ial3.aal3.phr")};
    begin(&p, &c, false);
    clock_set_offset(14 * MINUTE);
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_OFFICIAL);
    clock_set_offset(14 * MINUTE + 15 * MINUTE);
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_NOBODY);
    scene_free(&p);
}

static enum form_token_is token_is(struct scene *p, const struct caller *c, const char *token)
{
    return people_form_token_is(p->people, c, "/me/looks/{leaf}/ask", str_of(token));
}

static void a_form_is_given_back_to_its_own_two_persons_for_a_week(void **state)
{
    struct scene p = scene_new();
    struct caller first = person_of(&mother), other = person_of(&child), c;
    char token[PEOPLE_FORM_TOKEN_SIZE], bad[PEOPLE_FORM_TOKEN_SIZE];
    const int64_t hour = 60 * MINUTE;
    begin(&p, &first, false);
    first = came(&p, p.secret, false);
    people_form_token(p.people, &first, "/me/looks/{leaf}/ask", token);
    assert_int_equal(token_is(&p, &first, token), FORM_TOKEN_RIGHT);
    c = person_of(&mother);
    begin(&p, &c, false); /* logged in once more */
    c = came(&p, p.secret, false);
    assert_int_equal(token_is(&p, &c, token), FORM_TOKEN_OLD);
    assert_int_equal(people_form_token_is(p.people, &c, "/me/child", str_of(token)), FORM_TOKEN_ANOTHERS);
    c.acting = true;
    c.subject = child.person;
    assert_int_equal(token_is(&p, &c, token), FORM_TOKEN_ANOTHERS); /* for the child meanwhile */
    people_form_token(p.people, &c, "/me/looks/{leaf}/ask", bad);
    c.acting = false;
    assert_int_equal(token_is(&p, &c, bad), FORM_TOKEN_ANOTHERS); /* and the other way */
    begin(&p, &other, false);
    other = came(&p, p.secret, false);
    assert_int_equal(token_is(&p, &other, token), FORM_TOKEN_ANOTHERS);
    c = (struct caller){.kind = CALLER_OFFICIAL, .official = {.staff_code = STR("MED-0417")}};
    people_form_token(p.people, &c, "/desk", token);
    assert_int_equal(people_form_token_is(p.people, &c, "/desk", str_of(token)), FORM_TOKEN_RIGHT);
    c.official.staff_code = STR("MED-0418");
    assert_int_equal(people_form_token_is(p.people, &c, "/desk", str_of(token)), FORM_TOKEN_ANOTHERS);
    assert_int_equal(people_form_token_is(p.people, &(struct caller){0}, "/desk", str_of(token)),
                     FORM_TOKEN_ANOTHERS);

    people_form_token(p.people, &first, "/me/looks/{leaf}/ask", token);
    for (size_t i = 0; i < sizeof token - 1; i++) { /* each letter counts */
        memcpy(bad, token, sizeof bad);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        assert_true(token_is(&p, &first, bad) < FORM_TOKEN_OLD || i >= 24);
        assert_int_not_equal(token_is(&p, &first, bad), FORM_TOKEN_RIGHT);
    }
    assert_int_equal(token_is(&p, &first, "x"), FORM_TOKEN_NONE);
    assert_int_equal(token_is(&p, &first, ""), FORM_TOKEN_NONE);
    clock_set_offset(2 * hour);
    assert_int_equal(token_is(&p, &first, token), FORM_TOKEN_OLD);
    clock_set_offset(PEOPLE_FORM_KEPT_HOURS * hour);
    assert_int_equal(token_is(&p, &first, token), FORM_TOKEN_OLD);
    clock_set_offset((PEOPLE_FORM_KEPT_HOURS + 2) * hour);
    assert_int_equal(token_is(&p, &first, token), FORM_TOKEN_NONE);
    clock_set_offset(-2 * hour);
    assert_int_equal(token_is(&p, &first, token), FORM_TOKEN_NONE); /* of a time to come */
    clock_set_offset(0);
    scene_free(&p);
}

static void renewal_changes_the_secret_and_keeps_the_end(void **state)
{
    struct scene p = scene_new();
    struct caller c = person_of(&mother), next;
    char second[PEOPLE_SECRET_SIZE], third[PEOPLE_SECRET_SIZE], token[PEOPLE_FORM_TOKEN_SIZE];
    begin(&p, &c, false);
    c = came(&p, p.secret, false);
    people_form_token(p.people, &c, "/me/keys", token);
    next = c;
    next.levels = STR("ial3.aal3.phr");
    clock_set_offset(20 * MINUTE);
    done(p.f, people_caller_renew(p.people, p.f->db, str_of(p.secret), &next, second, &p.f->err));
    assert_string_not_equal(p.secret, second);
    assert_int_equal(came(&p, p.secret, false).kind,
                     CALLER_NOBODY); /* fixation: the old secret is worth nothing */
    next = came(&p, second, false);
    assert_true(str_is(next.levels, "ial3.aal3.phr") && next.made == c.made);
    assert_false(people_form_token_ok(p.people, &next, "/me/keys", str_of(token)));
    fails(p.f, ERR_NOT_AUTHENTICATED,
          people_caller_renew(p.people, p.f->db, str_of(p.secret), &next, third, &p.f->err));
    for (int i = 1; i < 36; i++) { /* renewed for ever it would never end */
        clock_set_offset(i * 20 * MINUTE);
        if (!people_caller_renew(p.people, p.f->db, str_of(second), &next, third, &p.f->err))
            fail_msg("%d: %s", i, p.f->err.text);
        memcpy(second, third, sizeof second);
    }
    clock_set_offset(12 * 60 * MINUTE);
    fails(p.f, ERR_NOT_AUTHENTICATED,
          people_caller_renew(p.people, p.f->db, str_of(second), &next, third, &p.f->err));
    scene_free(&p);
}

static void one_sees_and_ends_ones_sessions(void **state)
{
    struct scene p = scene_new();
    struct caller c = person_of(&mother), other = person_of(&stranger);
    struct caller_listed *list;
    char phone[PEOPLE_SECRET_SIZE], library[PEOPLE_SECRET_SIZE];
    size_t n;
    begin(&p, &c, false);
    memcpy(phone, p.secret, sizeof phone);
    c.device = STR("Chrome, Windows");
    begin(&p, &c, false);
    memcpy(library, p.secret, sizeof library);
    begin(&p, &other, false);
    done(p.f, people_callers(p.people, p.f->db, &mother, &p.f->arena, &list, &n, &p.f->err));
    assert_int_equal(n, 2);
    size_t at = str_is(list[0].device, "Chrome, Windows") ? 0 : 1;
    assert_true(str_is(list[at].device, "Chrome, Windows") &&
                str_is(list[1 - at].device, "Firefox, Android"));
    fails(p.f, ERR_NOT_FOUND, people_callers_end(p.people, p.f->db, &stranger, list[at].session, &p.f->err));
    done(p.f, people_callers_end(p.people, p.f->db, &mother, list[at].session, &p.f->err));
    assert_int_equal(came(&p, library, false).kind, CALLER_NOBODY);
    assert_int_equal(came(&p, phone, false).kind, CALLER_PERSON);
    fails(p.f, ERR_NOT_FOUND, people_callers_end(p.people, p.f->db, &mother, list[at].session, &p.f->err));
    done(p.f, people_callers_end(p.people, p.f->db, &mother, NULL, &p.f->err));
    assert_int_equal(came(&p, phone, false).kind, CALLER_NOBODY);
    assert_int_equal(came(&p, p.secret, false).kind, CALLER_PERSON); /* the stranger's own */
    scene_free(&p);
}

static void who_writes_to_the_database_gains_nothing(void **state)
{
    static const char *const attacks[] = {
        "UPDATE people_caller SET ends = ends + 1", "UPDATE people_caller SET kind = 3",
        "UPDATE people_caller SET owner = hash",    "UPDATE people_caller SET token = 1",
        "UPDATE people_caller SET staff = 'MED-2'",
    };
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        struct scene p = scene_new();
        struct official o = {STR("MED-1"), STR("health"), STR("clinic-5"), p.today - 5, 0, STR("")};
        struct official boss = {STR("MED-2"), STR("health"), STR("chief"), p.today - 5, 0, STR("")};
        struct caller c = {.kind = CALLER_OFFICIAL, .official = o, .levels = STR("ial3.aal3.phr")};
        done(p.f, people_official_add(p.f->db, &o, &p.f->err));
        done(p.f, people_official_add(p.f->db, &boss, &p.f->err));
        begin(&p, &c, false);
        done(p.f, db_exec(p.f->db, attacks[i], &p.f->err));
        fails(p.f, ERR_CORRUPT,
              people_caller(p.people, p.f->db, str_of(p.secret), i == 3, &p.f->arena, &c, &p.f->err));
        scene_free(&p);
    }
}

/* --- acting for others --- */

static struct mandate parent_of(struct scene *p, int born_years_ago)
{
    struct date d = date_of_days(p->today);
    return (struct mandate){.capacity = CAPACITY_PARENT,
                            .source = SOURCE_REGISTRY,
                            .ground = STR("birth act 17"),
                            .actor = mother,
                            .subject = child.person,
                            .scope = STR("*"),
                            .from = clock_now() - 1,
                            .born = date_days((struct date){d.year - born_years_ago, 1, 1})};
}

static void terms_of_each_capacity(void **state)
{
    struct scene p = scene_new();
    int64_t now = clock_now();
    struct mandate m = parent_of(&p, 5);
    done(p.f, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = parent_of(&p, 40);
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = parent_of(&p, 5), m.source = SOURCE_SIGNED; /* a parent is not made by a signature */
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = parent_of(&p, 5), m.ground = STR("");
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = parent_of(&p, 5), m.subject = mother.person;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    people_set_ages(p.people, (struct people_ages){0});
    m = parent_of(&p, 5);
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    people_set_ages(p.people, (struct people_ages){18, 14});

    struct mandate a = {.capacity = CAPACITY_ATTORNEY,
                        .source = SOURCE_SIGNED,
                        .ground = STR("given on the page"),
                        .actor = stranger,
                        .subject = mother.person,
                        .scope = STR("pension-claim address-change"),
                        .from = now,
                        .until = now + 30 * CLOCK_DAY};
    done(p.f, mandate_give(p.people, p.f->db, &a, now, &p.f->err));
    assert_true(scope_covers(a.scope, STR("pension-claim")) && !scope_covers(a.scope, STR("pension")));
    m = a, m.scope = STR("");
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = a, m.scope = STR("Pension Claim");
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = a, m.until = 0;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = a, m.until = now + 1097 * CLOCK_DAY;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = a, m.until = now - 1;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));

    struct mandate c = {.capacity = CAPACITY_COUNTER,
                        .source = SOURCE_PRESENCE,
                        .ground = STR("code"),
                        .actor = {.kind = CALLER_OFFICIAL, .staff_code = STR("CON-1")},
                        .subject = mother.person,
                        .scope = STR("address-change"),
                        .from = now,
                        .until = now + MANDATE_ASSIST};
    done(p.f, mandate_give(p.people, p.f->db, &c, now, &p.f->err));
    m = c, m.until = now + MANDATE_ASSIST + 1;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    m = c, m.actor = stranger;
    fails(p.f, ERR_INVALID, mandate_give(p.people, p.f->db, &m, now, &p.f->err));
    scene_free(&p);
}

static void years_are_whole(void **state)
{
    assert_int_equal(years_on(date_days((struct date){2008, 2, 29}), date_days((struct date){2026, 2, 28})),
                     17);
    assert_int_equal(years_on(date_days((struct date){2008, 2, 29}), date_days((struct date){2026, 3, 1})),
                     18);
    assert_int_equal(years_on(date_days((struct date){2008, 11, 25}), date_days((struct date){2026, 11, 24})),
                     17);
    assert_int_equal(years_on(date_days((struct date){2008, 11, 25}), date_days((struct date){2026, 11, 25})),
                     18);
}

/* A session that acts for another asks at each use whether it still may. */
static void a_mandate_ends_in_mid_session(void **state)
{
    struct scene p = scene_new();
    struct caller c = person_of(&mother), now;
    struct mandate m = parent_of(&p, 17); /* 18 on next 1 January */
    struct mandate *list;
    size_t n;
    done(p.f, mandate_give(p.people, p.f->db, &m, clock_now(), &p.f->err));
    c.acting = true;
    c.mandate = str_of(m.id);
    begin(&p, &c, false);
    statements = 0;
    now = came(&p, p.secret, false);
    assert_int_equal(statements, 2);
    assert_true(now.acting && !now.mandate_ended && str_is(now.capacity, "parent") && now.protected_hidden);
    assert_memory_equal(now.subject.pid, child.person.pid, PID_SIZE);
    assert_memory_equal(now.person.pid, mother.person.pid, PID_SIZE);

    fails(p.f, ERR_NOT_FOUND, take_back(&p, &stranger, str_of(m.id)));
    done(p.f, mandate_list(p.people, p.f->db, &child, false, &p.f->arena, &list, &n, &p.f->err));
    assert_true(n == 1 && mandate_holds(p.people, &list[0], clock_now()));
    done(p.f, take_back(&p, &child, str_of(m.id)));
    now = came(&p, p.secret, false);
    assert_true(!now.acting && now.mandate_ended && str_is(now.capacity, "self"));
    assert_memory_equal(now.subject.pid, mother.person.pid, PID_SIZE);
    done(p.f, mandate_list(p.people, p.f->db, &mother, true, &p.f->arena, &list, &n, &p.f->err));
    assert_true(n == 1 && list[0].revoked != 0 && !mandate_holds(p.people, &list[0], clock_now()));
    done(p.f, mandate_list(p.people, p.f->db, &mother, false, &p.f->arena, &list, &n, &p.f->err));
    assert_int_equal(n, 0);
    scene_free(&p);
}

static void a_child_comes_of_age(void **state)
{
    struct scene p = scene_new();
    struct mandate m = parent_of(&p, 17), read;
    bool holds;
    uint64_t position;
    done(p.f, mandate_give(p.people, p.f->db, &m, clock_now(), &p.f->err));
    struct date d = date_of_days(p.today);
    int64_t birthday =
        (int64_t)date_days((struct date){d.year + 1, 1, 1}) * CLOCK_DAY - ZONE * 60 * CLOCK_SECOND;
    done(p.f, mandate_of(p.people, p.f->db, &mother, str_of(m.id), birthday - 1, &p.f->arena, &read, &holds,
                         &position, &p.f->err));
    assert_true(holds);
    done(p.f, mandate_of(p.people, p.f->db, &mother, str_of(m.id), birthday, &p.f->arena, &read, &holds,
                         &position, &p.f->err));
    assert_false(holds);
    done(p.f, mandate_of(p.people, p.f->db, &stranger, str_of(m.id), clock_now(), &p.f->arena, &read, &holds,
                         &position, &p.f->err));
    assert_false(holds); /* another's mandate */
    done(p.f, mandate_of(p.people, p.f->db, &mother, STR("nosuch"), clock_now(), &p.f->arena, &read, &holds,
                         &position, &p.f->err));
    assert_false(holds);
    done(p.f, db_exec(p.f->db, "UPDATE people_mandate SET actor = subject", &p.f->err));
    fails(p.f, ERR_CORRUPT,
          mandate_of(p.people, p.f->db, &mother, str_of(m.id), clock_now(), &p.f->arena, &read, &holds,
                     &position, &p.f->err));
    scene_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(levels_are_read_strictly),
    cmocka_unit_test(a_check_is_one_statement),
    cmocka_unit_test(idle_and_whole_life),
    cmocka_unit_test(a_form_is_given_back_to_its_own_two_persons_for_a_week),
    cmocka_unit_test(renewal_changes_the_secret_and_keeps_the_end),
    cmocka_unit_test(one_sees_and_ends_ones_sessions),
    cmocka_unit_test(who_writes_to_the_database_gains_nothing),
    cmocka_unit_test(terms_of_each_capacity),
    cmocka_unit_test(years_are_whole),
    cmocka_unit_test(a_mandate_ends_in_mid_session),
    cmocka_unit_test(a_child_comes_of_age),
};
ENGINES_MAIN(tests)
