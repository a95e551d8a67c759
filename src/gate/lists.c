/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c: which lists about a person may be shown today. */
#include <stdio.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

void date_text(int32_t day, char out[16])
{
    struct date date = date_of_days(day);
    snprintf(out, 16, "%04u-%02u-%02u", (unsigned)date.year % 10000u, (unsigned)date.month % 100u,
             (unsigned)date.day % 100u);
}

/* The person at one holder: rows of two holders have no value in common. */
static void person_at(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE],
                      uint8_t person[KEY_SIZE])
{
    uint8_t bytes[PID_SIZE + 64];
    memcpy(bytes, pid, PID_SIZE);
    memcpy(bytes + PID_SIZE, holder->id.p, holder->id.n);
    key_derive_for(person, gate->list_key, "person", bytes, PID_SIZE + holder->id.n);
}

static void list_tags(const struct gate *gate, const struct list *list, uint8_t person[KEY_SIZE],
                      uint8_t item[KEY_SIZE])
{
    uint8_t bytes[LIST_BYTES_MAX];
    size_t n = list_bytes(list, 0, bytes);
    person_at(gate, list->holder, list->pid, person);
    key_derive_for(item, gate->list_key, "item", bytes, n);
}

/* Sealed: kind u8 ‖ day it opens u32 ‖ lp(holder) ‖ lp(date) ‖ lp(order). Bound to its two tags. */
#define PLAIN_MAX 192

bool list_remember(struct gate *gate, struct db *db, const struct list *list, struct err *err)
{
    static const char sql[] = "INSERT INTO gate_list (person, item, sealed) VALUES ($1, $2, $3) "
                              "ON CONFLICT (person, item) DO NOTHING";
    uint8_t tags[2 * KEY_SIZE], sealed[PLAIN_MAX + SEAL_OVERHEAD];
    struct arena arena;
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    list_tags(gate, list, tags, tags + KEY_SIZE);
    arena_init(&arena, 1024, 4096);
    buf_in(&plain, &arena, PLAIN_MAX);
    buf_byte(&plain, (uint8_t)list->kind);
    buf_u32be(&plain, (uint32_t)list->opens);
    buf_lp(&plain, list->holder->id.p, list->holder->id.n);
    buf_lp(&plain, list->date, strlen(list->date));
    buf_lp(&plain, list->order, strlen(list->order));
    must(!buf_overflowed(&plain));
    seal(sealed, gate->list_key, plain.p, plain.n, tags, sizeof tags);
    db_bind_bytes(stmt, 1, tags, KEY_SIZE);
    db_bind_bytes(stmt, 2, tags + KEY_SIZE, KEY_SIZE);
    db_bind_bytes(stmt, 3, sealed, plain.n + SEAL_OVERHEAD);
    arena_done(&arena);
    return db_run(stmt, NULL, err);
}

/* The row that `stmt` stands at: person, item, sealed. */
static bool list_open(struct gate *gate, struct db_stmt *stmt, const uint8_t pid[PID_SIZE],
                      struct list *ret_list, struct err *err)
{
    struct str person = db_bytes(stmt, 0), item = db_bytes(stmt, 1), sealed = db_bytes(stmt, 2), rest, holder,
               date, order;
    uint8_t tags[2 * KEY_SIZE], plain[PLAIN_MAX];
    bool good = person.n == KEY_SIZE && item.n == KEY_SIZE && sealed.n >= 5 + SEAL_OVERHEAD &&
                sealed.n <= PLAIN_MAX + SEAL_OVERHEAD;
    if (good) {
        memcpy(tags, person.p, KEY_SIZE);
        memcpy(tags + KEY_SIZE, item.p, KEY_SIZE);
        good = seal_open(plain, gate->list_key, (const uint8_t *)sealed.p, sealed.n, tags, sizeof tags);
    }
    rest = (struct str){(const char *)plain + 5, sealed.n - SEAL_OVERHEAD - 5};
    struct list list = {0};
    if (!good || !lp_next(&rest, &holder) || !lp_next(&rest, &date) || !lp_next(&rest, &order) ||
        rest.n != 0 || date.n >= sizeof list.date || order.n >= sizeof list.order)
        return err_set(err, ERR_CORRUPT, "gate_list", "a row does not open: it was changed or moved");
    list.kind = (enum stream_kind)plain[0];
    list.holder = jurisdiction_agency(gate->j, holder); /* NULL: not in the folder any more */
    memcpy(list.date, date.p, date.n);
    memcpy(list.order, order.p, order.n);
    memcpy(list.pid, pid, PID_SIZE);
    list.opens = (int32_t)get_u32be(plain + 1);
    *ret_list = list;
    return true;
}

/* One for each agency. A person reads several pages one after the other: the hashes are kept for a while. */
static const struct list_tags *tags_of(struct gate *gate, const uint8_t pid[PID_SIZE], struct arena *arena)
{
    struct list_tags *tags = arena_array(arena, struct list_tags, gate->j->agencies_n);
    _Static_assert(PID_SIZE == CACHE_TAG_SIZE, "a pid is as good as random");
    if (cache_get(gate->tags, pid, tags))
        return tags;
    for (size_t a = 0; a < gate->j->agencies_n; a++) {
        struct list list = {.holder = &gate->j->agencies[a], .kind = STREAM_OPEN};
        memcpy(list.pid, pid, PID_SIZE);
        person_at(gate, list.holder, pid, tags[a].person);
        stream_of(gate, &list, &tags[a].open);
    }
    cache_put(gate->tags, pid, tags);
    return tags;
}

static void shown_add(const struct list *list, const struct ledger_stream *stream, struct arena *arena,
                      struct shown **lists, size_t *n, size_t *cap)
{
    if (*n == *cap) {
        struct shown *more = arena_array(arena, struct shown, 2 * *cap);
        memcpy(more, *lists, *n * sizeof **lists);
        *lists = more;
        *cap *= 2;
    }
    (*lists)[(*n)++] = (struct shown){*list, *stream};
}

/* Holders asked about at once; a parameter that is not bound is NULL and finds no row. Not IN (...): for that
 * SQLite makes a table in memory at each run. */
#define AT_ONCE 16
#define ROWS_OF(n) "SELECT person, item, sealed FROM gate_list WHERE person = $" #n
#define AND_OF(n) " UNION ALL " ROWS_OF(n)

static struct db_stmt *ask(struct db *db, const struct list_tags *tags, size_t n, struct err *err)
{
    static const char sql[] = ROWS_OF(1) AND_OF(2) AND_OF(3) AND_OF(4) AND_OF(5) AND_OF(6) AND_OF(7) AND_OF(8)
        AND_OF(9) AND_OF(10) AND_OF(11) AND_OF(12) AND_OF(13) AND_OF(14) AND_OF(15) AND_OF(16);
    struct db_stmt *stmt = db_sql(db, sql, err);
    for (size_t i = 0; stmt != NULL && i < MIN_OF(n, (size_t)AT_ONCE); i++)
        db_bind_bytes(stmt, (int)i + 1, tags[i].person, KEY_SIZE);
    return stmt;
}

bool lists_of(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], bool all, struct arena *arena,
              struct shown **ret_lists, size_t *ret_n, struct err *err)
{
    int32_t today = local_today(gate->j);
    size_t n = 0, cap = gate->j->agencies_n + 8;
    const struct list_tags *tags = tags_of(gate, pid, arena);
    struct shown *lists = arena_array(arena, struct shown, cap);
    for (size_t a = 0; a < gate->j->agencies_n; a++) {
        struct list list = {.holder = &gate->j->agencies[a], .kind = STREAM_OPEN};
        memcpy(list.pid, pid, PID_SIZE);
        shown_add(&list, &tags[a].open, arena, &lists, &n, &cap);
    }
    for (size_t from = 0; from < gate->j->agencies_n; from += AT_ONCE) {
        struct db_stmt *stmt = ask(db, tags + from, gate->j->agencies_n - from, err);
        enum db_result row;
        if (stmt == NULL)
            return false;
        while ((row = db_step(stmt, err)) == DB_ROW) {
            struct ledger_stream stream;
            struct list list;
            if (!list_open(gate, stmt, pid, &list, err)) {
                db_end(stmt);
                return false;
            }
            if ((all || list.opens <= today) && list.holder != NULL) {
                stream_of(gate, &list, &stream);
                shown_add(&list, &stream, arena, &lists, &n, &cap);
            }
        }
        if (row == DB_ERROR)
            return false;
    }
    *ret_lists = lists;
    *ret_n = n;
    return true;
}
