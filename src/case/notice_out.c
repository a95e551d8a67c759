/* SPDX-License-Identifier: Apache-2.0 */
/* notice_out.c: notices that leave for a phone, once, and what comes back. */
#include <stdio.h>

#include "base/say.h"
#include "case/notice_private.h"
#include "people/factor.h"
#include "people/message.h"

#define TURN_MAX 64

/* --- the turn: short messages --- */

struct outgoing {
    char id[NOTICE_ID_SIZE];
    int64_t was, becomes;
    struct str sealed;
};

static bool out_rows(struct db *db, int64_t state, struct arena *arena, struct outgoing *rows, size_t *ret_n,
                     struct err *err)
{
    size_t n = 0;
    struct db_stmt *stmt = db_sql(
        db, "SELECT id, sealed FROM case_notice WHERE phone = $1 AND phone < 2 ORDER BY id LIMIT 64", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, state);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < TURN_MAX) {
        rows[n] =
            (struct outgoing){.was = state, .becomes = state, .sealed = str_dup(arena, db_bytes(stmt, 1))};
        snprintf(rows[n++].id, NOTICE_ID_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    }
    if (result == DB_ROW)
        db_end(stmt);
    *ret_n = n;
    return result != DB_ERROR;
}

struct moving {
    const struct outgoing *rows;
    size_t n;
};

static bool move_rows(struct db *db, void *arg, struct err *err)
{
    const struct moving *m = arg;
    for (size_t i = 0; i < m->n; i++) {
        if (m->rows[i].was == m->rows[i].becomes)
            continue;
        struct db_stmt *stmt =
            db_sql(db, "UPDATE case_notice SET phone = $1 WHERE id = $2 AND phone = $3", err);
        if (stmt == NULL)
            return false;
        db_bind_i64(stmt, 1, m->rows[i].becomes);
        db_bind_text(stmt, 2, str_of(m->rows[i].id));
        db_bind_i64(stmt, 3, m->rows[i].was);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    return true;
}

/* Where there is no phone: of an offer nobody knows who is not told, and who came to a counter or sent paper
 * hears of their case in no other way. Who has filed on a page knows of it and looks. A case that cannot be
 * read stops no other's messages: its office looks after the letter. */
static bool needs_letter(struct beside *b, struct db *db, const struct opened *o, struct arena *arena)
{
    struct case_file c;
    struct err err;
    if (str_is(o->what, NOTICE_OFFER))
        return true;
    if (case_read(b->cases, db, o->number, arena, &c, &err))
        return c.channel != BY_WEB;
    say_err(SAY_ALERT, &err);
    return true;
}

/* The hidden file stands durable before the row says "prepared", and the row says so before the file gets its
 * name: so whoever finds a prepared row without its hidden file knows that it has been sent. */
static bool prepare_one(struct beside *b, struct db *db, struct outgoing *row, int64_t now,
                        struct arena *arena, struct err *err)
{
    struct opened o = {0};
    struct contact contact;
    struct str phone;
    if (!open_notice(b, row->id, row->sealed, arena, &o, err))
        return false;
    const struct account account = {.kind = CALLER_PERSON, .person = {{0}}};
    struct account whose = account;
    memcpy(whose.person.pid, o.pid, PID_SIZE);
    if (!contact_of(b, db, o.pid, arena, &contact, err) ||
        !phone_of(b->people, db, &whose, arena, &phone, err))
        return false;
    row->becomes = contact.unreachable              ? PHONE_LETTER
                   : phone.n != 0                   ? PHONE_PREPARED
                   : needs_letter(b, db, &o, arena) ? PHONE_LETTER
                                                    : PHONE_NONE;
    return row->becomes != PHONE_PREPARED ||
           message_prepare(b->ports.messages, str_of(row->id), phone,
                           in_language(b, o.words.phone, contact.language), now, err);
}

static bool prepare_all(struct beside *b, struct db *db, int64_t now, struct arena *arena, struct err *err)
{
    struct outgoing rows[TURN_MAX];
    size_t n;
    if (!out_rows(db, PHONE_WAITS, arena, rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!prepare_one(b, db, &rows[i], now, arena, err))
            return false;
    struct moving moving = {rows, n};
    return n == 0 || db_tx(db, move_rows, &moving, err);
}

static bool release_all(struct beside *b, struct db *db, struct arena *arena, struct err *err)
{
    struct outgoing rows[TURN_MAX];
    size_t n;
    bool was_there;
    if (!out_rows(db, PHONE_PREPARED, arena, rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!message_release(b->ports.messages, str_of(rows[i].id), &was_there, err))
            return false;
        rows[i].becomes = PHONE_DONE;
    }
    struct moving moving = {rows, n};
    return n == 0 || db_tx(db, move_rows, &moving, err);
}

/* --- the turn: what came back --- */

struct failure {
    struct beside *b;
    const char *id;
    int64_t now;
    struct arena *arena;
};

static bool take_failure(struct db *db, void *arg, struct err *err)
{
    static const char sql[] = "SELECT sealed FROM case_notice WHERE id = $1 AND phone = 2",
                      mark[] = "UPDATE case_notice SET phone = 4 WHERE id = $1 AND phone = 2";
    const struct failure *f = arg;
    struct opened o = {0};
    struct contact contact;
    struct case_file c;
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(f->id));
    if (!db_one(stmt, &found, err))
        return false;
    if (!found) /* a log-in code, or taken before */
        return true;
    struct str sealed = str_dup(f->arena, db_bytes(stmt, 0));
    db_end(stmt);
    if (!open_notice(f->b, f->id, sealed, f->arena, &o, err) ||
        !contact_of(f->b, db, o.pid, f->arena, &contact, err) ||
        !contact_put(f->b, db, o.pid, contact.language, f->now, err))
        return false;
    if (!str_is(o.what, NOTICE_OFFER) &&
        (!case_read(f->b->cases, db, o.number, f->arena, &c, err) ||
         !notice_put(f->b, db, &c, NOTICE_UNREACHABLE, (struct notice_for){o.pid, NULL}, STR(""), STR(""),
                     f->now, f->arena, err)))
        return false;
    stmt = db_sql(db, mark, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(f->id));
    return db_run(stmt, NULL, err);
}

static bool take_failures(struct beside *b, struct db *db, int64_t now, struct arena *arena, struct err *err)
{
    char ids[TURN_MAX][MESSAGE_ID_SIZE];
    size_t n;
    if (!message_failures(b->ports.messages, ids, TURN_MAX, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct failure failure = {b, ids[i], now, arena};
        if (!db_tx(db, take_failure, &failure, err) ||
            !message_forget(b->ports.messages, str_of(ids[i]), err))
            return false;
    }
    return true;
}

bool notices_turn(struct beside *b, struct db *db, int64_t now, struct arena *arena, struct err *err)
{
    return b->ports.messages == NULL ||
           (release_all(b, db, arena, err) && prepare_all(b, db, now, arena, err) &&
            release_all(b, db, arena, err) && take_failures(b, db, now, arena, err));
}
