/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: the rows of the cases read again, for aina fsck: first the state, in one snapshot, then each entry
 * of the log as it goes by. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "case/case_private.h"

struct step_id {
    uint8_t id[LEDGER_ID_SIZE];
    uint32_t of; /* index of its place */
    uint8_t seen;
};

struct case_check {
    struct step_id *steps; /* by id */
    size_t n, cap;
    char (*places)[CASE_CHECK_PLACE]; /* numbers of cases, and others */
    size_t places_n, places_cap;
    struct counting *counting; /* while the state is read */
};

static void finding(struct case_report *report, const char *place, const char *text)
{
    if (report->findings < ARRAY_LEN(report->first))
        err_set(&report->first[report->findings], ERR_CORRUPT, place, "%s", text);
    report->findings++;
}

static void add_step(struct case_check *check, const uint8_t id[LEDGER_ID_SIZE])
{
    if (check->n == check->cap) {
        check->cap = check->cap ? 2 * check->cap : 1024;
        check->steps = realloc(check->steps, check->cap * sizeof *check->steps);
        must(check->steps != NULL);
    }
    struct step_id *step = &check->steps[check->n++];
    memcpy(step->id, id, LEDGER_ID_SIZE);
    step->of = (uint32_t)check->places_n - 1;
    step->seen = 0;
}

static void add_place(struct case_check *check, const char *place)
{
    if (check->places_n == check->places_cap) {
        check->places_cap = check->places_cap ? 2 * check->places_cap : 1024;
        check->places = realloc(check->places, check->places_cap * sizeof *check->places);
        must(check->places != NULL);
    }
    snprintf(check->places[check->places_n++], CASE_CHECK_PLACE, "%s", place);
}

bool case_check_act(struct case_check *check, const char *place, struct str act)
{
    uint8_t id[LEDGER_ID_SIZE];
    if (!gate_act_id(act, id))
        return false;
    add_place(check, place);
    add_step(check, id);
    return true;
}

/* What other rooms keep of a case, and must. */
static bool check_beside(struct cases *cases, struct db *db, const struct case_file *c, struct arena *arena,
                         struct case_report *report, struct err *err)
{
    for (size_t i = 0; i < cases->on_check_n; i++) {
        const char *wrong = NULL;
        if (!cases->on_check[i].fn(cases->on_check[i].arg, db, c, arena, &wrong, err))
            return false;
        if (wrong != NULL)
            finding(report, c->number, wrong);
    }
    return true;
}

/* The row's columns, beside those that case_read compares. Terms are counted anew with each step by the
 * calendar of its day, so `due` and `wake` are not compared. */
static bool columns_are_right(struct cases *cases, struct db *db, const struct case_file *c,
                              struct arena *arena, bool *ret_right, struct err *err)
{
    static const char sql[] =
        "SELECT service, agency, office, open, refused, overturned, returned, wake FROM "
        "case_row WHERE case_no = $1";
    struct columns k;
    bool found;
    case_columns(cases->j, c, c->events[c->events_n - 1].time, arena, &k);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(c->number));
    if (!db_one(stmt, &found, err))
        return false;
    *ret_right = found && str_eq(k.desk, c->desk) && str_eq(k.official, c->official) &&
                 k.decided == c->decided && k.late == c->late && k.queued == c->queued &&
                 c->filed == c->events[0].time && str_eq(db_text(stmt, 0), c->service->id) &&
                 str_eq(db_text(stmt, 1), c->service->provider->agency->id) &&
                 str_eq(db_text(stmt, 2), c->service->provider->id) && db_i64(stmt, 3) == k.open &&
                 db_i64(stmt, 4) == k.refused && db_i64(stmt, 5) == k.overturned &&
                 db_i64(stmt, 6) == k.returned && (k.wake == 0 || db_i64(stmt, 7) != 0);
    if (found)
        db_end(stmt);
    return true;
}

/* False only when the database does not answer. */
static bool check_case(struct cases *cases, struct db *db, struct case_check *check, const char *number,
                       struct case_report *report, struct err *err)
{
    struct arena arena;
    struct case_file c;
    struct err why;
    bool right = true, ok = true;
    arena_init(&arena, 65536, (size_t)64 << 20);
    add_place(check, number);
    report->cases++;
    if (!case_read(cases, db, str_of(number), &arena, &c, &why)) {
        ok = why.code != ERR_IO && why.code != ERR_BUSY && why.code != ERR_AWAY;
        if (ok)
            finding(report, number, why.text);
        else
            *err = why;
    } else if ((ok = columns_are_right(cases, db, &c, &arena, &right, err))) {
        if (!right)
            finding(report, number, "what stands of it in the clear is not what its journal says");
        counting_add(check->counting, &c, &arena);
        for (size_t i = 0; i < c.events_n; i++) {
            uint8_t id[LEDGER_ID_SIZE];
            report->steps++;
            if (gate_act_id(c.events[i].act, id))
                add_step(check, id);
            else
                finding(report, number, "a step of its journal names no entry of the log");
        }
        ok = check_beside(cases, db, &c, &arena, report, err);
    }
    arena_done(&arena);
    return ok;
}

/* A step that no case has: a row was deleted. */
static bool check_strays(struct db *db, struct case_report *report, struct err *err)
{
    static const char sql[] = "SELECT DISTINCT case_no FROM case_event e WHERE NOT EXISTS (SELECT 1 FROM "
                              "case_row r WHERE r.case_no = e.case_no) LIMIT 100";
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    while ((row = db_step(stmt, err)) == DB_ROW) {
        char number[CASE_NO_SIZE];
        snprintf(number, sizeof number, "%.*s", STR_ARG(db_text(stmt, 0)));
        finding(report, number, "its journal stands without the case: the row was taken away");
    }
    return row == DB_DONE;
}

/* Each case is in its person's list: as many rows as cases. */
static bool check_lists(struct db *db, struct case_report *report, struct err *err)
{
    static const char sql[] = "SELECT (SELECT count(*) FROM case_person) - (SELECT count(*) FROM case_row)";
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    if (db_i64(stmt, 0) != 0)
        finding(report, "case_person", "people's lists of cases have rows too many, or lack some");
    db_end(stmt);
    return true;
}

static bool check_counters(struct db *db, struct case_check *check, struct case_report *report,
                           struct err *err)
{
    struct arena arena;
    struct str *differ;
    size_t n = 0;
    arena_init(&arena, 65536, (size_t)64 << 20);
    bool ok = counting_compare(check->counting, db, &arena, &differ, &n, err);
    for (size_t i = 0; i < n; i++)
        finding(report, str_c(&arena, differ[i]), "what is counted for the public is not what the cases say");
    arena_done(&arena);
    return ok;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct step_id *)a)->id, ((const struct step_id *)b)->id, LEDGER_ID_SIZE);
}

void case_check_sort(struct case_check *check)
{
    if (check->n != 0)
        qsort(check->steps, check->n, sizeof *check->steps, by_id);
}

#define PAGE 256

/* The next numbers in order: a walk of the primary key that no other statement disturbs. */
static bool next_numbers(struct db *db, const char *after, char (*list)[CASE_NO_SIZE], size_t *ret_n,
                         struct err *err)
{
    static const char sql[] = "SELECT case_no FROM case_row WHERE case_no > $1 ORDER BY case_no LIMIT 256";
    enum db_result row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    *ret_n = 0;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(after));
    while ((row = db_step(stmt, err)) == DB_ROW)
        snprintf(list[(*ret_n)++], CASE_NO_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    return row == DB_DONE;
}

bool case_check_start(struct case_check **ret, struct cases *cases, struct db *db, struct case_report *report,
                      struct err *err)
{
    struct case_check *check = calloc(1, sizeof *check);
    char page[PAGE][CASE_NO_SIZE], after[CASE_NO_SIZE] = "";
    size_t n = PAGE;
    must(check != NULL);
    check->counting = counting_new(cases);
    bool ok = check_strays(db, report, err) && check_lists(db, report, err);
    while (ok && n == PAGE) {
        ok = next_numbers(db, after, page, &n, err);
        for (size_t i = 0; ok && i < n; i++)
            ok = check_case(cases, db, check, page[i], report, err);
        if (ok && n != 0)
            memcpy(after, page[n - 1], sizeof after);
    }
    ok = ok && check_counters(db, check, report, err);
    counting_free(check->counting);
    case_check_sort(check);
    for (size_t i = 1; i < check->n; i++)
        if (memcmp(check->steps[i].id, check->steps[i - 1].id, LEDGER_ID_SIZE) == 0)
            finding(report, check->places[check->steps[i].of], "a step of its journal names another's entry");
    if (ok)
        *ret = check;
    else
        case_check_end(check, NULL);
    return ok;
}

void case_check_entry(struct case_check *check, const uint8_t id[LEDGER_ID_SIZE])
{
    struct step_id key, *found, *end = check->steps + check->n;
    memcpy(key.id, id, LEDGER_ID_SIZE);
    found = check->n ? bsearch(&key, check->steps, check->n, sizeof key, by_id) : NULL;
    while (found != NULL && found > check->steps && by_id(found - 1, &key) == 0)
        found--; /* an invoice that is given back names its case's step */
    for (; found != NULL && found < end && by_id(found, &key) == 0; found++)
        __atomic_store_n(&found->seen, 1, __ATOMIC_RELAXED);
}

void case_check_end(struct case_check *check, struct case_report *report)
{
    for (size_t i = 0; report != NULL && i < check->n; i++)
        if (!check->steps[i].seen)
            finding(report, check->places[check->steps[i].of],
                    "what was done in it has no entry, neither in the log nor waiting for it");
    free(check->steps);
    free(check->places);
    free(check);
}
