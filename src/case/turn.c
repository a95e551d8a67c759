/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c: what the clock does to cases, and the thread that looks at the clock. What is done is a step in the
 * journal, so whoever comes later, or starts again after a crash, finds it done. */
#include "base/clock.h"
#include "base/say.h"
#include "case/case_private.h"
#include "db/keeper.h"

#define EVERY_MS 1000
#define AT_ONCE 64                  /* cases a turn */
#define ASIDE (3600 * CLOCK_SECOND) /* a case that cannot be seen to waits so long */
#define ENDS_MAX 16                 /* ends of timers of one case in one turn */

bool case_set_wake(struct db *db, struct str number, int64_t version, int64_t wake, struct err *err)
{
    static const char sql[] = "UPDATE case_row SET wake = $1 WHERE case_no = $2 AND version = $3";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, wake);
    db_bind_text(stmt, 2, number);
    db_bind_i64(stmt, 3, version);
    return db_run(stmt, NULL, err);
}

/* The action at its end, if it may be done; else, or besides, the mark that it has ended. */
static bool end_timer(struct cases *cases, struct db *db, const struct case_file *c, size_t timer,
                      int64_t now, struct arena *arena, uint64_t *position, struct err *err)
{
    const struct case_actor clock = {.hand = HAND_TIMER};
    const struct service_timer *t = &c->service->timers[timer];
    struct case_input input = {.signatures = -1, .position = -1};
    struct case_file copy = *c;
    struct err why;
    if (!case_facts(cases, db, c, arena, &input, err))
        return false;
    struct step st = {cases, &copy, &clock, NULL, {0}, {0}, &input, now, arena, ""};
    bool acted = t->action != NONE;
    for (size_t i = c->events_n; i-- > 0 && acted && c->events[i].hand == HAND_TIMER;)
        acted = !str_eq(c->events[i].action, c->service->actions[t->action].id); /* not twice in a row */
    if (acted && case_may(cases, c, &clock, t->action, &input, now, arena, &why)) {
        st.action = &c->service->actions[t->action];
    } else {
        st.own = str_of(arena_printf(arena, CASE_ENDED "%.*s", STR_ARG(t->id)));
        if (t->escalate != NULL)
            st.to = office_path(t->escalate, arena);
    }
    return step_once(&st, db, position, err);
}

static bool see_to(struct cases *cases, struct db *db, struct str number, int64_t now, struct arena *arena,
                   struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    struct columns columns;
    struct case_file c;
    uint64_t position;
    for (int i = 0; i < ENDS_MAX; i++) {
        if (!case_read(cases, db, number, arena, &c, err))
            return false;
        size_t timer = c.version < CASE_EVENTS_MAX ? case_ended_timer(cases->j, &c, now, arena) : NONE;
        if (timer == NONE)
            break;
        if (!end_timer(cases, db, &c, timer, now, arena, &position, err))
            return false;
    }
    if (!machine_steps(cases, db, number, &none, now, arena, &position, err) ||
        !case_read(cases, db, number, arena, &c, err))
        return false;
    case_columns(cases->j, &c, now, arena, &columns);
    return case_set_wake(db, number, c.version,
                         columns.wake > now ? columns.wake
                         : columns.wake     ? now + ASIDE
                                            : 0,
                         err);
}

struct due {
    char number[CASE_NO_SIZE];
    int64_t version;
};

static bool read_due(struct db *db, int64_t now, size_t limit, struct due *list, size_t *ret_n,
                     struct err *err)
{
    static const char sql[] = "SELECT case_no, version FROM case_row WHERE wake > 0 AND wake <= $1 ORDER BY "
                              "wake LIMIT $2";
    enum db_result row;
    *ret_n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now);
    db_bind_i64(stmt, 2, (int64_t)limit);
    while ((row = db_step(stmt, err)) == DB_ROW) {
        struct due *due = &list[(*ret_n)++];
        memcpy(due->number, str_of("").p, 1);
        if (db_text(stmt, 0).n == CASE_NO_SIZE - 1)
            memcpy(due->number, db_text(stmt, 0).p, CASE_NO_SIZE - 1);
        due->version = db_i64(stmt, 1);
    }
    return row == DB_DONE;
}

bool cases_turn(struct cases *cases, struct db *db, int64_t now, size_t limit, size_t *ret_done,
                struct err *err)
{
    struct arena arena;
    size_t n;
    arena_init(&arena, 65536, (size_t)64 << 20);
    struct due *list = arena_array(&arena, struct due, limit + 1);
    bool ok = read_due(db, now, limit, list, &n, err);
    *ret_done = 0;
    for (size_t i = 0; ok && i < n; i++) {
        struct arena one;
        arena_init(&one, 65536, (size_t)64 << 20);
        if (see_to(cases, db, str_of(list[i].number), now, &one, err)) {
            ++*ret_done;
        } else if (err->code == ERR_CONFLICT) {
            ok = true; /* another node, or a hand, was quicker: it is seen to with the next turn */
        } else if (err->code == ERR_BUSY || err->code == ERR_STOPPED || err->code == ERR_IO ||
                   err->code == ERR_AWAY) {
            ok = false;
        } else { /* this one is broken; the others go on */
            say_err(SAY_WARN, err);
            ok = case_set_wake(db, str_of(list[i].number), list[i].version, now + ASIDE, err);
        }
        arena_done(&one);
    }
    arena_done(&arena);
    return ok;
}

/* --- the thread --- */

static bool turn(void *arg, struct db *db, bool *ret_more, struct err *err)
{
    size_t done;
    bool ok = cases_recount(arg, db, clock_now(), ret_more, err) &&
              cases_turn(arg, db, clock_now(), AT_ONCE, &done, err);
    *ret_more = ok && (*ret_more || done == AT_ONCE);
    return ok;
}

bool cases_keeper_start(struct cases *cases, const char *db_url, struct err *err)
{
    return db_keeper_start(&cases->keeper, db_url, EVERY_MS, turn, cases, err);
}

void cases_keeper_stop(struct cases *cases)
{
    db_keeper_stop(cases->keeper);
    cases->keeper = NULL;
}
