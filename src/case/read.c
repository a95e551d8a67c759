/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: a case from its rows. */
#include <stdio.h>

#include "case/case_private.h"

/* The service as it stood: the folder's own when nothing has changed since, else from the kept bytes. */
static bool find_definition(struct cases *cases, struct db *db, struct str id, struct str hash,
                            struct arena *arena, const struct service **ret, struct err *err)
{
    const struct service *now = jurisdiction_service(cases->j, id);
    bool found_row;
    if (hash.n != HASH_SIZE)
        return err_set(err, ERR_CORRUPT, "case", "the service it was filed under has no name");
    if (now != NULL && memcmp(now->hash, hash.p, HASH_SIZE) == 0) {
        *ret = now;
        return true;
    }
    *ret = definition_find(cases->definitions, (const uint8_t *)hash.p, arena);
    if (*ret != NULL)
        return true;
    struct db_stmt *stmt = db_sql(db, "SELECT service, procedure FROM case_definition WHERE hash = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, hash.p, hash.n);
    if (!db_one(stmt, &found_row, err))
        return false;
    if (!found_row)
        return err_set(err, ERR_CORRUPT, "case", "the service it was filed under is not kept");
    *ret = definition_read(cases->definitions, cases->j, (const uint8_t *)hash.p, db_bytes(stmt, 0),
                           db_bytes(stmt, 1), arena);
    db_end(stmt);
    return *ret != NULL ||
           err_set(err, ERR_CORRUPT, "case",
                   "the service it was filed under no longer fits the folder: keep its agencies, registries "
                   "and purposes");
}

static bool read_event(struct cases *cases, struct db_stmt *row, struct case_file *c, struct arena *arena,
                       struct err *err)
{
    struct str plain;
    int64_t n = (int64_t)c->events_n;
    if (n == c->version || db_i64(row, 1) != n)
        return err_set(err, ERR_CORRUPT, c->number, "its journal has a step too many, or lacks one");
    return case_unseal(cases, c->number, "event", n, db_bytes(row, 0), arena, &plain, err) &&
           event_read(plain, &c->events[c->events_n++], err);
}

static bool read_events(struct cases *cases, struct db *db, struct case_file *c, struct arena *arena,
                        struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT sealed, n FROM case_event WHERE case_no = $1 ORDER BY n", err);
    if (stmt == NULL)
        return false;
    c->events = arena_array(arena, struct case_event, (size_t)c->version + 1);
    db_bind_text(stmt, 1, str_of(c->number));
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        if (!read_event(cases, stmt, c, arena, err)) {
            db_end(stmt);
            return false;
        }
    }
    if (step == DB_DONE && (int64_t)c->events_n != c->version)
        return err_set(err, ERR_CORRUPT, c->number, "steps of its journal are missing");
    return step == DB_DONE;
}

/* The row, its sealed parts still closed. */
struct sealed_row {
    struct str service, definition, person, answers;
};

static bool read_row(struct db *db, struct str number, struct arena *arena, struct case_file *c,
                     struct sealed_row *row, struct err *err)
{
    static const char sql[] =
        "SELECT service, definition, status, flags, version, filed, channel, person, answers, desk, official,"
        " decided, due, late, queued FROM case_row WHERE case_no = $1";
    bool found_row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, &found_row, err))
        return false;
    if (!found_row || number.n != CASE_NO_SIZE - 1) {
        if (found_row)
            db_end(stmt);
        return err_set(err, ERR_NOT_FOUND, "case", "there is no case of this number");
    }
    memcpy(c->number, number.p, number.n);
    row->service = str_dup(arena, db_text(stmt, 0));
    row->definition = str_dup(arena, db_bytes(stmt, 1));
    c->status = (enum case_status)db_i64(stmt, 2);
    c->flags = (unsigned)db_i64(stmt, 3);
    c->version = db_i64(stmt, 4);
    c->filed = db_i64(stmt, 5);
    c->channel = (enum channel)db_i64(stmt, 6);
    row->person = str_dup(arena, db_bytes(stmt, 7));
    row->answers = str_dup(arena, db_bytes(stmt, 8));
    c->desk = str_dup(arena, db_text(stmt, 9));
    c->official = str_dup(arena, db_text(stmt, 10));
    c->decided = db_i64(stmt, 11);
    c->due = db_i64(stmt, 12);
    c->late = db_i64(stmt, 13);
    c->queued = db_i64(stmt, 14);
    db_end(stmt);
    return true;
}

bool case_read(struct cases *cases, struct db *db, struct str number, struct arena *arena,
               struct case_file *ret, struct err *err)
{
    struct case_file c = {0};
    struct sealed_row row;
    struct str person, plain;
    if (!read_row(db, number, arena, &c, &row, err))
        return false;
    if (c.version < 1 || c.version > CASE_EVENTS_MAX)
        return err_set(err, ERR_CORRUPT, c.number, "its journal cannot be that long");
    if (!find_definition(cases, db, row.service, row.definition, arena, &c.service, err) ||
        !case_unseal(cases, c.number, "person", 0, row.person, arena, &person, err) ||
        !case_unseal(cases, c.number, "answers", c.version, row.answers, arena, &plain, err) ||
        !answers_read(c.service, plain, arena, &c.answers, err) || !read_events(cases, db, &c, arena, err))
        return false;
    if (person.n != PID_SIZE || c.events[c.events_n - 1].status != c.status ||
        c.events[c.events_n - 1].flags != c.flags)
        return err_set(err, ERR_CORRUPT, c.number, "its row and its journal disagree");
    memcpy(c.pid, person.p, PID_SIZE);
    *ret = c;
    return true;
}
