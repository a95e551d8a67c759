/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c: an application on its way, in one sealed row. */
#include "case/draft.h"

#include <stdio.h>

#include "base/clock.h"
#include "case/beside_check_private.h"
#include "case/case_private.h"

#define DRAFT_BYTES_MAX (1 << 18)
#define TRIES_MAX 8

bool draft_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE case_draft (tag bytea PRIMARY KEY, person bytea NOT NULL, version bigint NOT NULL, "
            "seen bigint NOT NULL, sealed bytea NOT NULL);"
            "CREATE INDEX case_draft_person ON case_draft (person, seen);"
            "CREATE INDEX case_draft_seen ON case_draft (seen)"}};
    return db_migrate(db, "draft", migrations, ARRAY_LEN(migrations), err);
}

/* Of one person's draft of one service; without a service, of all that one has. */
static void draft_tag(const struct cases *cases, const struct service *s, const uint8_t pid[PID_SIZE],
                      uint8_t tag[HASH_SIZE])
{
    char what[80]; /* no id of a service has an '@' */
    int n = snprintf(what, sizeof what, "@draft/%.*s", s ? (int)s->id.n : 0, s ? s->id.p : "");
    case_tag(cases, (struct str){what, (size_t)n}, pid, tag);
}

/* --- the row's content --- */

static struct str seal_row(const struct cases *cases, const uint8_t tag[HASH_SIZE], int64_t version,
                           struct str plain, struct arena *arena)
{
    char place[2 * HASH_SIZE + 1];
    hex_encode(place, tag, HASH_SIZE);
    return case_seal(cases, place, "draft", version, plain, arena);
}

static bool unseal_row(const struct cases *cases, const uint8_t tag[HASH_SIZE], int64_t version,
                       struct str sealed, struct arena *arena, struct str *ret_plain, struct err *err)
{
    char place[2 * HASH_SIZE + 1];
    hex_encode(place, tag, HASH_SIZE);
    if (case_unseal(cases, place, "draft", version, sealed, arena, ret_plain, err))
        return true;
    return err_set(err, ERR_CORRUPT, "draft", "a draft does not open: its row is not what was written");
}

static void write_content(const struct service *s, const struct draft *d, struct buf *out)
{
    buf_add(out, s->hash, HASH_SIZE);
    buf_lp(out, s->id.p, s->id.n);
    buf_u64be(out, (uint64_t)d->begun);
    buf_u32be(out, (uint32_t)d->looked);
    buf_lp(out, d->unasked.p, d->unasked.n);
    answers_write(s, d->answers, out);
}

struct head {
    struct str hash, service, unasked;
    int64_t begun;
    int32_t looked;
};

static bool read_head(struct str *rest, struct head *h)
{
    if (rest->n < HASH_SIZE)
        return false;
    h->hash = (struct str){rest->p, HASH_SIZE};
    *rest = str_from(*rest, HASH_SIZE);
    if (!lp_next(rest, &h->service) || rest->n < 12)
        return false;
    h->begun = (int64_t)get_u64be((const uint8_t *)rest->p);
    h->looked = (int32_t)get_u32be((const uint8_t *)rest->p + 8);
    *rest = str_from(*rest, 12);
    return lp_next(rest, &h->unasked);
}

/* Whether an answer of another version of the service fits this field. */
static bool still_fits(const struct jurisdiction *j, const struct service_field *f, const struct answer *a,
                       struct arena *arena)
{
    struct str rest = a->text, one, right;
    struct err err;
    unsigned n = 0;
    if (a->from_registry)
        return f->registry != NULL;
    while (str_next(&rest, '\n', &one))
        if (!answer_check(j, f, one, arena, &right, &err) || !str_eq(one, right) ||
            ++n > MAX_OF(f->repeat, (unsigned)f->options_n))
            return false;
    return true;
}

/* As answers_read of the case, but what does not fit is left out. */
static bool read_answers(const struct jurisdiction *j, const struct service *s, struct str rest, bool same,
                         struct arena *arena, struct answer *answers)
{
    while (rest.n != 0) {
        struct str id, text;
        if (!lp_next(&rest, &id) || rest.n == 0)
            return false;
        unsigned bits = (uint8_t)rest.p[0];
        rest = str_from(rest, 1);
        if (!lp_next(&rest, &text))
            return false;
        size_t f = service_field(s, id);
        const struct answer a = {(bits & 1) != 0, (bits & 2) != 0, text};
        if (f != NONE && (same || still_fits(j, &s->fields[f], &a, arena)))
            answers[f] = a;
    }
    return true;
}

static bool read_content(struct cases *cases, const struct service *s, struct str plain, struct arena *arena,
                         struct draft *d, struct err *err)
{
    struct head head;
    d->answers = arena_array(arena, struct answer, s->fields_n + 1);
    bool good = read_head(&plain, &head) && str_eq(head.service, s->id);
    bool same = good && memcmp(head.hash.p, s->hash, HASH_SIZE) == 0;
    if (!good || !read_answers(cases->j, s, plain, same, arena, d->answers))
        return err_set(err, ERR_CORRUPT, "draft", "a draft is not what was written");
    d->begun = head.begun;
    d->looked = same ? head.looked : 0;
    d->unasked = head.unasked;
    d->changed = !same;
    return true;
}

/* --- rows --- */

bool draft_read(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
                struct arena *arena, struct draft *ret, bool *ret_found, struct err *err)
{
    struct draft d = {.answers = arena_array(arena, struct answer, s->fields_n + 1)};
    uint8_t tag[HASH_SIZE];
    struct str plain;
    struct db_stmt *stmt = db_sql(db, "SELECT version, sealed FROM case_draft WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    draft_tag(cases, s, pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (*ret_found) {
        d.version = db_i64(stmt, 0);
        struct str sealed = str_dup(arena, db_bytes(stmt, 1));
        db_end(stmt);
        if (!unseal_row(cases, tag, d.version, sealed, arena, &plain, err) ||
            !read_content(cases, s, plain, arena, &d, err))
            return false;
    }
    *ret = d;
    return true;
}

static bool forget_old(struct db *db, int64_t now, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_draft WHERE seen < $1", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now - DRAFT_DAYS * CLOCK_DAY);
    return db_run(stmt, NULL, err);
}

static struct db_stmt *insert_or_update(struct db *db, int64_t version, struct err *err)
{
    return version == 0 ? db_sql(db,
                                 "INSERT INTO case_draft (tag, person, version, seen, sealed) VALUES ($1, "
                                 "$2, $3, $4, $5) "
                                 "ON CONFLICT (tag) DO NOTHING",
                                 err)
                        : db_sql(db,
                                 "UPDATE case_draft SET person = $2, version = $3, seen = $4, sealed = $5 "
                                 "WHERE tag = $1 AND "
                                 "version = $6",
                                 err);
}

bool draft_write(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
                 const struct draft *d, int64_t now, struct arena *arena, struct err *err)
{
    uint8_t tag[HASH_SIZE], person[HASH_SIZE];
    struct buf plain;
    int64_t changed;
    buf_in(&plain, arena, DRAFT_BYTES_MAX);
    write_content(s, d, &plain);
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "answers", "The answers are too long.");
    if (d->version == 0 && !forget_old(db, now, err))
        return false;
    struct db_stmt *stmt = insert_or_update(db, d->version, err);
    if (stmt == NULL)
        return false;
    draft_tag(cases, s, pid, tag);
    draft_tag(cases, NULL, pid, person);
    struct str sealed = seal_row(cases, tag, d->version + 1, buf_view(&plain), arena);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, person, sizeof person);
    db_bind_i64(stmt, 3, d->version + 1);
    db_bind_i64(stmt, 4, now);
    db_bind_bytes(stmt, 5, sealed.p, sealed.n);
    if (d->version != 0)
        db_bind_i64(stmt, 6, d->version);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || err_set(err, ERR_CONFLICT, "draft", "The draft was changed on another device.");
}

bool draft_put(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
               const size_t *fields, size_t fields_n, const struct answer *answers, int64_t now,
               struct arena *arena, struct draft *ret, struct err *err)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        bool found;
        if (!draft_read(cases, db, s, pid, arena, ret, &found, err))
            return false;
        if (!found)
            return err_set(err, ERR_NOT_FOUND, "draft", "There is no draft: it was sent or thrown away.");
        for (size_t i = 0; i < fields_n; i++)
            ret->answers[fields[i]] = answers[fields[i]];
        if (draft_write(cases, db, s, pid, ret, now, arena, err)) {
            ret->version++;
            return true;
        }
        if (err->code != ERR_CONFLICT)
            return false;
    }
    return false;
}

bool draft_drop(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
                struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_draft WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    draft_tag(cases, s, pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    return db_run(stmt, NULL, err);
}

bool draft_end(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
               int64_t version, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_draft WHERE tag = $1 AND version = $2", err);
    if (stmt == NULL)
        return false;
    draft_tag(cases, s, pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, version);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 ||
           err_set(err, ERR_CONFLICT, "draft", "This was sent already, or changed on another device.");
}

static bool list_one(struct cases *cases, struct db_stmt *row, struct arena *arena, struct draft_listed *ret,
                     struct err *err)
{
    struct str tag = db_bytes(row, 0), plain;
    struct head head;
    if (tag.n != HASH_SIZE ||
        !unseal_row(cases, (const uint8_t *)tag.p, db_i64(row, 1), db_bytes(row, 3), arena, &plain, err))
        return false;
    if (!read_head(&plain, &head))
        return err_set(err, ERR_CORRUPT, "draft", "a draft is not what was written");
    *ret = (struct draft_listed){jurisdiction_service(cases->j, head.service), head.begun, db_i64(row, 2)};
    return true;
}

bool draft_list(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                struct draft_listed **ret, size_t *ret_n, struct err *err)
{
    uint8_t person[HASH_SIZE];
    size_t n = 0, cap = cases->j->services_n + 1;
    struct draft_listed *list = arena_array(arena, struct draft_listed, cap);
    struct db_stmt *stmt = db_sql(
        db, "SELECT tag, version, seen, sealed FROM case_draft WHERE person = $1 ORDER BY seen DESC", err);
    if (stmt == NULL)
        return false;
    draft_tag(cases, NULL, pid, person);
    db_bind_bytes(stmt, 1, person, sizeof person);
    enum db_result step = DB_DONE;
    while (n < cap && (step = db_step(stmt, err)) == DB_ROW) {
        if (!list_one(cases, stmt, arena, &list[n], err)) {
            db_end(stmt);
            return false;
        }
        n += list[n].service != NULL;
    }
    if (step == DB_ROW)
        db_end(stmt);
    *ret = list;
    *ret_n = n;
    return step != DB_ERROR;
}

/* --- checking (aina fsck) --- */

void draft_tag_of(const struct cases *cases, struct str service, const uint8_t pid[PID_SIZE],
                  uint8_t tag[HASH_SIZE])
{
    const struct service s = {.id = service};
    draft_tag(cases, service.n != 0 ? &s : NULL, pid, tag);
}

static void check_draft(struct row_check *c, const struct draft_owner *row, int64_t version,
                        struct str sealed, struct str *ret_service)
{
    struct str plain;
    struct head head;
    struct err why;
    *ret_service = STR("");
    if (!unseal_row(c->b->cases, row->tag, version, sealed, c->arena, &plain, &why))
        row_wrong(c, why.text);
    else if (!read_head(&plain, &head))
        row_wrong(c, "a draft is not what was written");
    else
        *ret_service = head.service;
}

bool drafts_check(struct beside *b, struct db *db, struct beside_report *report, struct arena *arena,
                  struct draft_owner **ret_list, size_t *ret_n, struct err *err)
{
    struct draft_owner *list = NULL;
    size_t n = 0, cap = 0;
    enum db_result result;
    struct db_stmt *stmt =
        db_sql(db, "SELECT tag, person, version, sealed FROM case_draft ORDER BY tag", err);
    if (stmt == NULL)
        return false;
    while ((result = db_step(stmt, err)) == DB_ROW) {
        char name[17];
        struct arena one;
        struct str tag = db_bytes(stmt, 0), person = db_bytes(stmt, 1), service;
        if (n == cap) {
            struct draft_owner *more = arena_array(arena, struct draft_owner, cap = 2 * cap + 64);
            if (n != 0)
                memcpy(more, list, n * sizeof *list);
            list = more;
        }
        memset(&list[n], 0, sizeof list[n]);
        memcpy(list[n].tag, tag.p, MIN_OF(tag.n, (size_t)HASH_SIZE));
        memcpy(list[n].person, person.p, MIN_OF(person.n, (size_t)HASH_SIZE));
        hex_encode(name, list[n].tag, 8);
        arena_init(&one, 65536, (size_t)4 << 20);
        struct row_check c = {b, db, report, "case_draft", name, &one, NULL};
        report->drafts++;
        check_draft(&c, &list[n], db_i64(stmt, 2), db_bytes(stmt, 3), &service);
        list[n].service = str_dup(arena, service);
        n += service.n != 0;
        arena_done(&one);
    }
    *ret_list = list;
    *ret_n = n;
    return result == DB_DONE;
}
