/* SPDX-License-Identifier: Apache-2.0 */
/* recount.c: terms counted anew when the working calendar of the folder was changed: a holiday decreed, a day
 * of rest moved. A case whose last day is another one now gets a step that says so, and the step's entry; a
 * case whose terms come out the same is left alone. The calendar by which all were counted last stands in the
 * state with how far a recount has come: so a restart goes on, and what was done is not done twice. */
#include <stdio.h>

#include "base/clock.h"
#include "case/case_private.h"

#define AT_ONCE 64

struct progress {
    uint8_t hash[HASH_SIZE];
    char after[CASE_NO_SIZE];
    bool there, done;
};

static bool read_progress(struct db *db, struct progress *p, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT hash, after, done FROM case_calendar WHERE id = 1", err);
    *p = (struct progress){0};
    if (stmt == NULL || !db_one(stmt, &p->there, err))
        return false;
    if (p->there) {
        struct str hash = db_bytes(stmt, 0);
        memcpy(p->hash, hash.p, MIN_OF(hash.n, (size_t)HASH_SIZE));
        snprintf(p->after, sizeof p->after, "%.*s", STR_ARG(db_text(stmt, 1)));
        p->done = db_i64(stmt, 2) != 0;
        db_end(stmt);
    }
    return true;
}

static bool write_progress(struct db *db, const struct progress *p, struct err *err)
{
    static const char sql[] = "INSERT INTO case_calendar (id, hash, after, done) VALUES (1, $1, $2, $3)"
                              " ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, after = excluded.after,"
                              " done = excluded.done";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, p->hash, HASH_SIZE);
    db_bind_text(stmt, 2, str_of(p->after));
    db_bind_i64(stmt, 3, p->done);
    return db_run(stmt, NULL, err);
}

static bool next_cases(struct db *db, const char *after, char list[AT_ONCE][CASE_NO_SIZE], size_t *ret_n,
                       struct err *err)
{
    static const char sql[] = "SELECT case_no FROM case_row WHERE case_no > $1 AND (status < $2 OR wake > 0)"
                              " ORDER BY case_no LIMIT 64";
    enum db_result row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    *ret_n = 0;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(after));
    db_bind_i64(stmt, 2, DECIDED_YES);
    while ((row = db_step(stmt, err)) == DB_ROW)
        snprintf(list[(*ret_n)++], CASE_NO_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    return row == DB_DONE;
}

static struct str day_text(const struct jurisdiction *j, int64_t due, struct arena *arena)
{
    struct date d = date_of_days(local_day(j, due - 1)); /* a term of days ends with the midnight after it */
    return str_of(arena_printf(arena, "%04d-%02d-%02d", d.year, d.month, d.day));
}

static bool recount(struct cases *cases, struct db *db, struct str number, int64_t now, struct arena *arena,
                    struct err *err)
{
    const struct case_actor clock = {.hand = HAND_TIMER};
    const struct case_input none = {.signatures = -1, .position = -1};
    struct case_file c;
    struct columns k;
    uint64_t position;
    if (!case_read(cases, db, number, arena, &c, err))
        return false;
    case_columns(cases->j, &c, now, arena, &k);
    if (status_is_final(c.status) || k.due == c.due || c.version >= CASE_EVENTS_MAX)
        return case_set_wake(db, number, c.version, k.wake, err);
    struct str to = k.due == INT64_MAX ? STR("") : day_text(cases->j, k.due, arena);
    struct step st = {cases, &c, &clock, NULL, STR(CASE_CALENDAR), to, &none, now, arena, ""};
    return step_once(&st, db, &position, err);
}

/* What cannot be read is fsck's to find; another hand's step was counted by today's calendar already. */
static bool passed_over(const struct err *err)
{
    return err->code == ERR_CONFLICT || err->code == ERR_CORRUPT || err->code == ERR_NOT_FOUND;
}

bool cases_recount(struct cases *cases, struct db *db, int64_t now, bool *ret_more, struct err *err)
{
    char list[AT_ONCE][CASE_NO_SIZE];
    uint8_t today[HASH_SIZE];
    struct progress p;
    size_t n;
    *ret_more = false;
    if (cases->counted)
        return true;
    jurisdiction_calendar_hash(cases->j, today);
    if (!read_progress(db, &p, err))
        return false;
    if (memcmp(p.hash, today, HASH_SIZE) !=
        0) { /* the first calendar of all is that of the cases there are */
        p = (struct progress){.done = !p.there};
        memcpy(p.hash, today, HASH_SIZE);
        if (p.done && !write_progress(db, &p, err))
            return false;
    }
    if (p.done) {
        cases->counted = true;
        return true;
    }
    if (!next_cases(db, p.after, list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct arena arena;
        arena_init(&arena, 65536, (size_t)64 << 20);
        bool ok = recount(cases, db, str_of(list[i]), now, &arena, err) || passed_over(err);
        arena_done(&arena);
        if (!ok)
            return false;
        memcpy(p.after, list[i], CASE_NO_SIZE);
    }
    p.done = n < AT_ONCE;
    *ret_more = !p.done;
    return write_progress(db, &p, err);
}
