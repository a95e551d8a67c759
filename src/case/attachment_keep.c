/* SPDX-License-Identifier: Apache-2.0 */
/* attachment_keep.c: how long a file stays: bound to a case, or swept away. */
#include <stdio.h>

#include "base/clock.h"
#include "case/attachment.h"
#include "case/beside_private.h"

#define KEEP_DAYS 180

/* Bound before, whatever was found in it since. */
static bool is_bound(struct db *db, struct str number, struct str id, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM case_attachment WHERE id = $1 AND case_no = $2", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    db_bind_text(stmt, 2, number);
    if (!db_one(stmt, &found, err))
        return false;
    if (found)
        db_end(stmt);
    return found || err_set(err, ERR_INVALID, "file", "A file is not there any more: give it again.");
}

static bool bind_to_case(struct beside *b, struct db *db, const struct case_file *c, struct str field,
                         struct str id, struct err *err)
{
    static const char sql[] =
        "UPDATE case_attachment SET case_no = $1 WHERE id = $2 AND owner = $3 AND field = $4"
        " AND case_no = '' AND scan < 3";
    uint8_t tag[HASH_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(c->pid), tag);
    db_bind_text(stmt, 1, str_of(c->number));
    db_bind_text(stmt, 2, id);
    db_bind_bytes(stmt, 3, tag, sizeof tag);
    db_bind_text(stmt, 4, field);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || is_bound(db, str_of(c->number), id, err);
}

/* With the filing, and when a returned case is sent again: what was given since. */
bool attachment_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                     struct err *err)
{
    bool gives = c->version == 1 || c->events[c->events_n - 1].changed;
    for (size_t f = 0; gives && f < c->service->fields_n; f++) {
        struct str rest = c->answers[f].text, one, id, name;
        while (c->service->fields[f].type == ANSWER_FILE && str_next(&rest, '\n', &one))
            if (attachment_answer(one, &id, &name) &&
                !bind_to_case(b, db, c, attachment_field(c->service, f, arena), id, err))
                return false;
    }
    return true;
}

bool attachment_waiting(struct beside *b, struct db *db, const struct service *s, size_t field,
                        const uint8_t pid[PID_SIZE], int64_t since, struct arena *arena,
                        struct str *ret_answer, struct err *err)
{
    static const char sql[] =
        "SELECT id FROM case_attachment WHERE owner = $1 AND field = $2 AND case_no = ''"
        " AND made >= $3 AND scan < 3 ORDER BY id DESC LIMIT 1";
    uint8_t tag[HASH_SIZE];
    struct attachment a;
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    *ret_answer = STR("");
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, attachment_field(s, field, arena));
    db_bind_i64(stmt, 3, since);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return true;
    struct str id = str_dup(arena, db_text(stmt, 0));
    db_end(stmt);
    if (!attachment_read(b, db, id, arena, &a, err))
        return false;
    *ret_answer = str_of(arena_printf(arena, "%s %.*s", a.id, STR_ARG(a.name)));
    return true;
}

struct dropping {
    struct beside *b;
    const uint8_t *pid;
    struct str from, until; /* fields; `until` empty: all, filed ones too */
    int64_t n;
};

static bool do_drop(struct db *db, void *arg, struct err *err)
{
    static const char parts[] =
        "DELETE FROM case_attachment_part WHERE id IN (SELECT id FROM case_attachment"
        " WHERE owner = $1 AND (($3 = '' AND $2 = '') OR (case_no = '' AND field >= $2"
        " AND field < $3)))",
                      heads[] = "DELETE FROM case_attachment WHERE owner = $1 AND (($3 = '' AND $2 = '') OR"
                                " (case_no = '' AND field >= $2 AND field < $3))";
    struct dropping *d = arg;
    uint8_t tag[HASH_SIZE];
    beside_tag(d->b, "person", pid_text(d->pid), tag);
    for (int i = 0; i < 2; i++) {
        struct db_stmt *stmt = db_sql(db, i == 0 ? parts : heads, err);
        if (stmt == NULL)
            return false;
        db_bind_bytes(stmt, 1, tag, sizeof tag);
        db_bind_text(stmt, 2, d->from);
        db_bind_text(stmt, 3, d->until);
        if (!db_run(stmt, &d->n, err))
            return false;
    }
    return true;
}

struct keeping {
    struct str field, id;
    uint8_t owner[HASH_SIZE];
};

static bool do_keep(struct db *db, void *arg, struct err *err)
{
    static const char parts[] =
        "DELETE FROM case_attachment_part WHERE id IN (SELECT id FROM case_attachment WHERE owner = $1"
        " AND field = $2 AND id <> $3 AND case_no = '')",
                      heads[] = "DELETE FROM case_attachment WHERE owner = $1 AND field = $2 AND id <> $3"
                                " AND case_no = ''";
    const struct keeping *keeping = arg;
    for (int i = 0; i < 2; i++) {
        struct db_stmt *stmt = db_sql(db, i == 0 ? parts : heads, err);
        if (stmt == NULL)
            return false;
        db_bind_bytes(stmt, 1, keeping->owner, HASH_SIZE);
        db_bind_text(stmt, 2, keeping->field);
        db_bind_text(stmt, 3, keeping->id);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    return true;
}

bool attachments_keep(struct beside *b, struct db *db, const struct service *s, size_t field,
                      const uint8_t pid[PID_SIZE], struct str id, struct err *err)
{
    char name[160];
    snprintf(name, sizeof name, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(s->fields[field].id));
    struct keeping keeping = {.field = str_of(name), .id = id};
    beside_tag(b, "person", pid_text(pid), keeping.owner);
    return db_tx(db, do_keep, &keeping, err);
}

bool attachments_drop(struct beside *b, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
                      struct err *err)
{
    char from[80], until[80];
    snprintf(from, sizeof from, "%.*s/", STR_ARG(s->id));
    snprintf(until, sizeof until, "%.*s0", STR_ARG(s->id)); /* '0' comes after '/' */
    struct dropping dropping = {b, pid, str_of(from), str_of(until), 0};
    return db_tx(db, do_drop, &dropping, err);
}

bool attachments_erase(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], uint64_t *ret_n,
                       struct err *err)
{
    struct dropping dropping = {b, pid, STR(""), STR(""), 0};
    if (!db_tx(db, do_drop, &dropping, err) || !db_scrub(db, err))
        return false;
    *ret_n = (uint64_t)dropping.n;
    return true;
}

static bool sweep(struct db *db, const char *sql, int64_t before, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, before);
    return db_run(stmt, NULL, err);
}

bool attachments_turn(struct beside *b, struct db *db, int64_t now, struct err *err)
{
    static const char old[] = "DELETE FROM case_attachment WHERE case_no = '' AND made < $1",
                      loose[] =
                          "DELETE FROM case_attachment_part WHERE made < $1 AND NOT EXISTS (SELECT 1 FROM"
                          " case_attachment WHERE case_attachment.id = case_attachment_part.id)";
    if (now - b->swept < CLOCK_DAY)
        return true;
    b->swept = now;
    return sweep(db, old, now - KEEP_DAYS * CLOCK_DAY, err) && sweep(db, loose, now - CLOCK_DAY, err);
}
