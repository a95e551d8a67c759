/* SPDX-License-Identifier: Apache-2.0 */
/* letter.c: what goes by post to those whom no phone reaches. */
#include <stdio.h>

#include "base/clock.h"
#include "case/notice_private.h"
#include "case/offer.h"

#define WAITING_MAX 4096 /* of offers that nobody can answer any more, too */

struct waiting {
    struct letter letter;
    struct str sealed;
};

/* The office's, oldest first; `id` empty: all of them. */
static bool waiting_of(struct beside *b, struct db *db, const struct office *office, struct str id,
                       struct arena *arena, struct waiting **ret_list, size_t *ret_n, struct err *err)
{
    static const char all[] = "SELECT id, made, sealed FROM case_notice WHERE letters = $1 AND phone = 4"
                              " ORDER BY id LIMIT 4096",
                      one[] = "SELECT id, made, sealed FROM case_notice WHERE letters = $1 AND phone = 4"
                              " AND id = $2";
    struct waiting *list = arena_array(arena, struct waiting, WAITING_MAX);
    uint8_t *tag = arena_take(arena, HASH_SIZE, 1);
    size_t n = 0;
    enum db_result result;
    struct db_stmt *stmt = db_sql(db, id.n == 0 ? all : one, err);
    if (stmt == NULL)
        return false;
    letters_tag(b, office, arena, tag);
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    if (id.n != 0)
        db_bind_text(stmt, 2, id);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        struct waiting *w = &list[n++];
        snprintf(w->letter.id, sizeof w->letter.id, "%.*s", STR_ARG(db_text(stmt, 0)));
        w->letter.made = db_i64(stmt, 1);
        w->sealed = str_dup(arena, db_bytes(stmt, 2));
    }
    *ret_list = list;
    *ret_n = n;
    return result == DB_DONE;
}

/* `*ret_due` false: of an offer that was answered, or whose time is over. */
static bool open_letter(struct beside *b, struct db *db, struct waiting *w, int64_t now, struct arena *arena,
                        struct opened *ret_notice, bool *ret_due, struct err *err)
{
    struct offer offer;
    struct err why;
    *ret_notice = (struct opened){0};
    if (!open_notice(b, w->letter.id, w->sealed, arena, ret_notice, err))
        return false;
    w->letter.number = ret_notice->number;
    w->letter.service = ret_notice->service;
    w->letter.what = ret_notice->what;
    *ret_due = true;
    if (!str_is(ret_notice->what, NOTICE_OFFER))
        return true;
    bool read = offer_read(b, db, ret_notice->pid, ret_notice->number, now, arena, &offer, &why);
    *ret_due = read && offer.state == OFFER_OPEN;
    if (!read && why.code != ERR_NOT_FOUND)
        *err = why;
    return read || why.code == ERR_NOT_FOUND;
}

bool letters_due(struct beside *b, struct db *db, const struct office *office, int64_t now, size_t limit,
                 struct arena *arena, struct letter **ret_list, size_t *ret_n, struct err *err)
{
    struct waiting *waiting;
    size_t waiting_n, n = 0;
    if (!waiting_of(b, db, office, STR(""), arena, &waiting, &waiting_n, err))
        return false;
    struct letter *list = arena_array(arena, struct letter, MIN_OF(limit, waiting_n) + 1);
    for (size_t i = 0; i < waiting_n && n < limit; i++) {
        struct opened notice;
        bool due;
        if (!open_letter(b, db, &waiting[i], now, arena, &notice, &due, err))
            return false;
        if (due)
            list[n++] = waiting[i].letter;
    }
    *ret_list = list;
    *ret_n = n;
    return true;
}

static bool no_such_letter(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "letter", "%s", N_("There is no such letter to be sent."));
}

bool letter_open(struct beside *b, struct db *db, const struct office *office, struct str staff,
                 struct str levels, struct str id, int64_t now, struct arena *arena, struct letter_words *ret,
                 uint64_t *ret_position, struct err *err)
{
    struct waiting *waiting;
    struct opened notice;
    struct contact contact;
    struct person person;
    size_t n;
    bool due;
    if (id.n == 0 || !utf8_valid(id))
        return no_such_letter(err);
    if (!waiting_of(b, db, office, id, arena, &waiting, &n, err))
        return false;
    if (n == 0)
        return no_such_letter(err);
    if (!open_letter(b, db, &waiting[0], now, arena, &notice, &due, err))
        return false;
    if (!due || !str_is(notice.what, NOTICE_OFFER))
        return no_such_letter(err);
    const struct gate_act entry = {.kind = gate_kind_code(KIND_OFFER),
                                   .holder = office->agency,
                                   .pid = notice.pid,
                                   .office = office,
                                   .actor = staff,
                                   .capacity = STR("official"),
                                   .levels = levels,
                                   .outcome = STR(OFFER_BY_LETTER),
                                   .reason = notice.service};
    memcpy(person.pid, notice.pid, PID_SIZE);
    *ret = (struct letter_words){.letter = waiting[0].letter};
    if (!contact_of(b, db, notice.pid, arena, &contact, err) ||
        !people_number(b->people, db, &person, arena, &ret->scheme, &ret->person, err) ||
        !gate_act_append(b->cases->gate, db, &entry, ret_position, err))
        return false;
    ret->language = contact.language;
    ret->text = in_language(b, notice.words.screen, contact.language);
    return true;
}

bool letter_sent(struct beside *b, struct db *db, const struct office *office, struct str id, struct err *err)
{
    static const char sql[] = "UPDATE case_notice SET phone = 2 WHERE id = $1 AND letters = $2 AND phone = 4";
    struct arena arena;
    uint8_t tag[HASH_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    arena_init(&arena, 1024, 4096);
    letters_tag(b, office, &arena, tag);
    arena_done(&arena);
    db_bind_bytes(stmt, 2, tag, HASH_SIZE);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || no_such_letter(err);
}
