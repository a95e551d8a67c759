/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c: lists of cases: an office's, a public queue, a person's. Each is one walk of one index. */
#include <stdio.h>
#include <stdlib.h>

#include "case/case_private.h"

#define LINE "case_no, service, official, status, flags, filed, due, late, queued"

struct str office_path(const struct office *office, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(office->agency->id), STR_ARG(office->id)));
}

static int64_t moment(int64_t due)
{
    return due == INT64_MAX ? 0 : due;
}

/* Runs a bound statement of LINE columns whose LIMIT is one more than `limit`. */
static bool read_lines(struct db_stmt *stmt, size_t limit, struct arena *arena, struct case_lines *ret,
                       struct err *err)
{
    struct case_lines lines = {.list = arena_array(arena, struct case_line, limit + 1)};
    enum db_result row;
    while ((row = db_step(stmt, err)) == DB_ROW) {
        struct case_line *line = &lines.list[lines.n];
        if (lines.n == limit) {
            lines.more = true;
            db_end(stmt);
            break;
        }
        snprintf(line->number, sizeof line->number, "%.*s", STR_ARG(db_text(stmt, 0)));
        line->service = str_dup(arena, db_text(stmt, 1));
        line->official = str_dup(arena, db_text(stmt, 2));
        line->status = (enum case_status)db_i64(stmt, 3);
        line->flags = (unsigned)db_i64(stmt, 4);
        line->filed = db_i64(stmt, 5);
        line->due = moment(db_i64(stmt, 6));
        line->late = db_i64(stmt, 7);
        line->queued = db_i64(stmt, 8);
        lines.n++;
    }
    *ret = lines;
    return row != DB_ERROR;
}

bool case_queue(struct cases *cases, struct db *db, const struct office *office, struct str official,
                const struct case_after *after, size_t limit, struct arena *arena, struct case_lines *ret,
                struct err *err)
{
    static const char all[] = "SELECT " LINE " FROM case_row WHERE desk = $1 AND open = 1"
                              " AND (due, case_no) > ($2, $3) ORDER BY due, case_no LIMIT $4";
    static const char one[] = "SELECT " LINE " FROM case_row WHERE desk = $1 AND open = 1 AND official = $5"
                              " AND (due, case_no) > ($2, $3) ORDER BY due, case_no LIMIT $4";
    struct db_stmt *stmt = db_sql(db, official.n ? one : all, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office_path(office, arena));
    db_bind_i64(stmt, 2, after->number[0] != '\0' && after->key == 0 ? INT64_MAX : after->key);
    db_bind_text(stmt, 3, str_of(after->number));
    db_bind_i64(stmt, 4, (int64_t)limit + 1);
    if (official.n != 0)
        db_bind_text(stmt, 5, str_is(official, "-") ? STR("") : official);
    return read_lines(stmt, limit, arena, ret, err);
}

bool case_waiting(struct cases *cases, struct db *db, const struct service *service,
                  const struct case_after *after, size_t limit, struct arena *arena, struct case_lines *ret,
                  struct err *err)
{
    static const char sql[] = "SELECT " LINE " FROM case_row WHERE service = $1 AND queued > 0"
                              " AND (queued, case_no) > ($2, $3) ORDER BY queued, case_no LIMIT $4";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, service->id);
    db_bind_i64(stmt, 2, after->key);
    db_bind_text(stmt, 3, str_of(after->number));
    db_bind_i64(stmt, 4, (int64_t)limit + 1);
    return read_lines(stmt, limit, arena, ret, err);
}

bool case_position(struct cases *cases, struct db *db, const struct case_file *c, int64_t *ret,
                   struct err *err)
{
    static const char sql[] = "SELECT count(*) FROM case_row WHERE service = $1 AND queued > 0"
                              " AND (queued, case_no) <= ($2, $3)";
    bool found;
    *ret = 0;
    if (c->queued == 0)
        return true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, c->service->id);
    db_bind_i64(stmt, 2, c->queued);
    db_bind_text(stmt, 3, str_of(c->number));
    if (!db_one(stmt, &found, err))
        return false;
    *ret = db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

static bool count(struct db *db, const char *sql, struct str desk, int64_t now, uint64_t *ret,
                  struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, desk);
    db_bind_i64(stmt, 2, CASE_COUNT_MAX);
    if (now != 0)
        db_bind_i64(stmt, 3, now);
    if (!db_one(stmt, &found, err))
        return false;
    *ret = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

bool case_load(struct cases *cases, struct db *db, const struct office *office, int64_t now,
               struct case_load *ret, struct err *err)
{
    static const char open[] = "SELECT count(*) FROM (SELECT 1 FROM case_row WHERE desk = $1 AND open = 1"
                               " LIMIT $2) AS counted";
    static const char late[] = "SELECT count(*) FROM (SELECT 1 FROM case_row WHERE desk = $1 AND open = 1"
                               " AND decided = 0 AND due <= $3 LIMIT $2) AS counted";
    static const char nobody[] = "SELECT count(*) FROM (SELECT 1 FROM case_row WHERE desk = $1 AND open = 1"
                                 " AND official = '' LIMIT $2) AS counted";
    char path[160];
    snprintf(path, sizeof path, "%.*s/%.*s", STR_ARG(office->agency->id), STR_ARG(office->id));
    return count(db, open, str_of(path), 0, &ret->open, err) &&
           count(db, late, str_of(path), now, &ret->late, err) &&
           count(db, nobody, str_of(path), 0, &ret->nobody, err);
}

bool case_team(struct cases *cases, struct db *db, const struct office *office, int64_t now,
               const int64_t weeks[CASE_WEEKS + 1], struct arena *arena, struct case_share **ret,
               size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT official, count(*),"
        " CAST(sum(CASE WHEN decided = 0 AND due <= $2 THEN 1 ELSE 0 END) AS bigint),"
        " CAST(sum(CASE WHEN decided = 0 AND due > $3 AND due <= $4 THEN 1 ELSE 0 END) AS bigint),"
        " CAST(sum(CASE WHEN decided = 0 AND due > $4 AND due <= $5 THEN 1 ELSE 0 END) AS bigint),"
        " CAST(sum(CASE WHEN decided = 0 AND due > $5 AND due <= $6 THEN 1 ELSE 0 END) AS bigint)"
        " FROM case_row WHERE desk = $1 AND open = 1 GROUP BY official ORDER BY official";
    size_t n = 0, cap = 0;
    struct case_share *list = NULL;
    enum db_result row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office_path(office, arena));
    db_bind_i64(stmt, 2, now);
    for (int w = 0; w <= CASE_WEEKS; w++)
        db_bind_i64(stmt, 3 + w, weeks[w]);
    while ((row = db_step(stmt, err)) == DB_ROW) {
        if (n == cap) {
            struct case_share *more = arena_array(arena, struct case_share, cap ? 2 * cap : 32);
            if (n != 0)
                memcpy(more, list, n * sizeof *list);
            list = more, cap = cap ? 2 * cap : 32;
        }
        struct case_share *share = &list[n++];
        share->official = str_dup(arena, db_text(stmt, 0));
        share->open = (uint64_t)db_i64(stmt, 1);
        share->late = (uint64_t)db_i64(stmt, 2);
        for (int w = 0; w < CASE_WEEKS; w++)
            share->due[w] = (uint64_t)db_i64(stmt, 3 + w);
    }
    *ret = list;
    *ret_n = n;
    return row == DB_DONE;
}

bool case_of_person(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                    struct case_mine **ret, size_t *ret_n, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    size_t n = 0, cap = 0;
    struct case_mine *list = NULL;
    enum db_result row;
    struct db_stmt *stmt =
        db_sql(db, "SELECT day, sealed FROM case_person WHERE tag = $1 ORDER BY day DESC", err);
    if (stmt == NULL)
        return false;
    case_tag(cases, STR("@person"), pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    while ((row = db_step(stmt, err)) == DB_ROW) {
        struct str number;
        if (n == cap) {
            struct case_mine *more = arena_array(arena, struct case_mine, cap ? 2 * cap : 16);
            if (n != 0)
                memcpy(more, list, n * sizeof *list);
            list = more, cap = cap ? 2 * cap : 16;
        }
        list[n].day = (int32_t)db_i64(stmt, 0);
        if (!case_unseal(cases, "", "person's", list[n].day, db_bytes(stmt, 1), arena, &number, err)) {
            db_end(stmt);
            return false;
        }
        snprintf(list[n++].number, CASE_NO_SIZE, "%.*s", STR_ARG(number));
    }
    *ret = list;
    *ret_n = n;
    return row == DB_DONE;
}

bool case_exists(struct cases *cases, struct db *db, struct str number, bool *ret_found, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM case_row WHERE case_no = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (*ret_found)
        db_end(stmt);
    return true;
}

bool case_service(struct cases *cases, struct db *db, struct str number, const struct service **ret,
                  struct err *err)
{
    bool found;
    *ret = NULL;
    struct db_stmt *stmt = db_sql(db, "SELECT service FROM case_row WHERE case_no = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        *ret = jurisdiction_service(cases->j, db_text(stmt, 0));
        db_end(stmt);
    }
    return true;
}
