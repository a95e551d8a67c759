/* SPDX-License-Identifier: Apache-2.0 */
/* attachment_check.c: whether files are whole and belong where they stand (aina fsck). */
#include <stdio.h>

#include "base/clock.h"
#include "case/attachment.h"
#include "case/beside_check_private.h"

static bool hash_parts(struct row_check *c, const struct attachment *a, uint8_t hash[HASH_SIZE],
                       struct err *why)
{
    struct attachment_reading *reading;
    struct sha256 sum;
    char piece[4096];
    size_t n;
    *why = (struct err){0};
    sha256_start(&sum);
    if (!attachment_open(c->b, c->db, a, c->arena, &reading, why))
        return false;
    while ((n = attachment_next(reading, c->db, piece, sizeof piece, why)) != 0)
        sha256_add(&sum, piece, n);
    sha256_end(&sum, hash);
    return why->code == ERR_NONE;
}

static bool count_parts(struct row_check *c, const char *id, int64_t made, int64_t *ret_n, bool *ret_right,
                        struct err *err)
{
    static const char sql[] =
        "SELECT count(*), CAST(coalesce(sum(CASE WHEN made <> $2 THEN 1 ELSE 0 END), 0) AS bigint)"
        " FROM case_attachment_part WHERE id = $1";
    bool found;
    struct db_stmt *stmt = db_sql(c->db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(id));
    db_bind_i64(stmt, 2, made);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = db_i64(stmt, 0);
    *ret_right = db_i64(stmt, 1) == 0;
    db_end(stmt);
    return true;
}

static bool check_content(struct row_check *c, const struct attachment *a, int64_t made, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    struct err why;
    int64_t parts;
    bool right;
    if (!count_parts(c, a->id, made, &parts, &right, err))
        return false;
    if (a->scan == SCAN_INFECTED) {
        if (parts != 0)
            row_wrong(c, "something was found in it, and its bytes are still there");
        return true;
    }
    if (!hash_parts(c, a, hash, &why))
        return row_failed(c, &why, err);
    if (!right || memcmp(hash, a->hash, HASH_SIZE) != 0)
        row_wrong(c, "its parts are not those that were given");
    return true;
}

static bool is_answered(const struct case_file *of, struct str field_there, const char *file)
{
    struct str service, id, name, one;
    if (!str_next(&field_there, '/', &service) || !str_eq(service, of->service->id))
        return false;
    size_t f = service_field(of->service, field_there);
    struct str rest = f != NONE ? of->answers[f].text : STR("");
    while (str_next(&rest, '\n', &one))
        if (attachment_answer(one, &id, &name) && str_is(id, file))
            return true;
    /* After a return another file may have been answered: the one of the filing stays. */
    for (size_t i = 0; f != NONE && i < of->events_n; i++)
        if (of->events[i].status == RETURNED)
            return true;
    return false;
}

/* 0 id, 1 owner, 2 case, 3 field, 4 made, 5 scanned */
bool check_file(struct row_check *c, const struct check_row *row, struct err *err)
{
    struct attachment a;
    struct case_file of;
    struct err why;
    bool there;
    if (!attachment_read(c->b, c->db, row->at[0].text, c->arena, &a, &why))
        return row_failed(c, &why, err);
    if (!row_made(a.id, row->at[4].number) || row->at[5].number != a.scanned)
        row_wrong(c, "its moments are not what was written");
    if (!row_tagged(c, "person", pid_text(a.owner), row->at[1].text))
        row_wrong(c, "it stands with another person than the one who gave it");
    if (!row_of_person(c, a.owner, err) || !check_content(c, &a, row->at[4].number, err))
        return false;
    if (a.number.n == 0)
        return true;
    if (!row_of_case(c, a.number, &of, &there, err))
        return false;
    if (there && (memcmp(of.pid, a.owner, PID_SIZE) != 0 || !is_answered(&of, row->at[3].text, a.id)))
        row_wrong(c, "it belongs to another case than the one that names it");
    return true;
}

/* Of an upload on its way parts stand alone; two days later the sweep has taken them. */
bool check_loose_parts(struct beside *b, struct db *db, struct beside_report *report, struct err *err)
{
    static const char sql[] =
        "SELECT DISTINCT id FROM case_attachment_part WHERE made < $1 AND NOT EXISTS (SELECT 1 FROM"
        " case_attachment WHERE case_attachment.id = case_attachment_part.id) ORDER BY id LIMIT 100";
    enum db_result result;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, clock_now() - 2 * CLOCK_DAY);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        char id[ATTACHMENT_ID_SIZE];
        snprintf(id, sizeof id, "%.*s", STR_ARG(db_text(stmt, 0)));
        struct row_check c = {b, db, report, "case_attachment_part", id, NULL, NULL};
        row_wrong(&c, "a part stands without its file");
    }
    return result == DB_DONE;
}
