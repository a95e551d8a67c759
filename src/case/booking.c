/* SPDX-License-Identifier: Apache-2.0 */
#include "case/booking.h"

#include <stdio.h>

#include "base/clock.h"
#include "case/beside_check_private.h"
#include "case/beside_private.h"
#include "case/notice.h"

#define AHEAD_DAYS 90
#define MINUTE (60 * CLOCK_SECOND)

static struct str place_of(const struct service *s, const struct service_field *f, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(f->id)));
}

static void slot_text(const struct jurisdiction *j, int64_t start, char out[SLOT_TEXT_SIZE])
{
    int32_t day = local_day(j, start);
    struct date d = date_of_days(day);
    unsigned minute = local_minute(j, start);
    snprintf(out, SLOT_TEXT_SIZE, "%04u-%02u-%02u %02u:%02u", (unsigned)d.year % 10000,
             (unsigned)d.month % 100, (unsigned)d.day % 100, minute / 60 % 100, minute % 60);
}

/* Of a text that answer_check has let through. */
static int64_t slot_start(const struct jurisdiction *j, struct str text)
{
    struct date date;
    must(text.n == SLOT_TEXT_SIZE - 1 && date_parse((struct str){text.p, 10}, &date));
    int minute =
        (text.p[11] - '0') * 600 + (text.p[12] - '0') * 60 + (text.p[14] - '0') * 10 + text.p[15] - '0';
    return local_moment(j, date_days(date), (unsigned)minute);
}

static unsigned seats(const struct service_field *f)
{
    return MAX_OF(f->slots->at_once, 1U);
}

/* The last day that can be booked today. */
static int32_t last_day(const struct jurisdiction *j, const struct service_slots *slots, int32_t today)
{
    struct date d = date_of_days(today);
    switch (slots->ahead.amount == 0 ? TERM_CALENDAR_DAYS : slots->ahead.unit) {
    case TERM_WORKING_DAYS: return jurisdiction_add_working_days(j, today, slots->ahead.amount);
    case TERM_MONTHS:
    case TERM_YEARS: {
        int months =
            d.year * 12 + d.month - 1 + (int)slots->ahead.amount * (slots->ahead.unit == TERM_YEARS ? 12 : 1);
        d.year = months / 12, d.month = months % 12 + 1;
        while (!date_valid(d))
            d.day--;
        return date_days(d);
    }
    case TERM_MINUTES:
    case TERM_HOURS: return today;
    default: return today + (int32_t)(slots->ahead.amount ? slots->ahead.amount : AHEAD_DAYS);
    }
}

static bool can_be_booked(const struct beside *b, const struct service_field *f, int64_t start, int64_t now,
                          struct err *err)
{
    char place[80];
    snprintf(place, sizeof place, "%.*s", STR_ARG(f->id));
    if (start <= now)
        return err_set(err, ERR_CONFLICT, place, "This time has passed. Choose another.");
    return local_day(b->j, start) <= last_day(b->j, f->slots, local_day(b->j, now)) ||
           err_set(err, ERR_INVALID, place, "This time is too far ahead. Choose an earlier one.");
}

static bool take(struct beside *b, struct db *db, const struct case_file *c, const struct service_field *f,
                 int64_t start, int64_t now, struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_slot (place, start, seat, case_no, agency, office)"
                              " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (place, start, seat) DO NOTHING";
    char place[80];
    struct str where = place_of(c->service, f, arena);
    if (!can_be_booked(b, f, start, now, err))
        return false;
    for (unsigned seat = 0; seat < seats(f); seat++) {
        int64_t changed;
        struct db_stmt *stmt = db_sql(db, sql, err);
        if (stmt == NULL)
            return false;
        db_bind_text(stmt, 1, where);
        db_bind_i64(stmt, 2, start);
        db_bind_i64(stmt, 3, seat);
        db_bind_text(stmt, 4, str_of(c->number));
        db_bind_text(stmt, 5, c->service->provider->agency->id);
        db_bind_text(stmt, 6, c->service->provider->id);
        if (!db_run(stmt, &changed, err))
            return false;
        if (changed == 1)
            return true;
    }
    snprintf(place, sizeof place, "%.*s", STR_ARG(f->id));
    return err_set(err, ERR_CONFLICT, place, "This time has just been taken. Choose another.");
}

static bool give_back(struct db *db, struct str number, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_slot WHERE case_no = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    return db_run(stmt, NULL, err);
}

static bool gives_back(enum case_status status)
{
    return status == WITHDRAWN || status == VOID || status == DECIDED_NO;
}

bool booking_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                  struct err *err)
{
    const struct service *s = c->service;
    for (size_t f = 0; c->version == 1 && f < s->fields_n; f++)
        if (s->fields[f].type == ANSWER_SLOT && c->answers[f].text.n != 0 &&
            !take(b, db, c, &s->fields[f], slot_start(b->j, c->answers[f].text), c->filed, arena, err))
            return false;
    return !gives_back(c->status) || c->status == status_before(c) || give_back(db, str_of(c->number), err);
}

/* --- lists --- */

/* Taken seats by start, from `from` to `until`. */
struct taken {
    int64_t start, n;
};

static bool read_taken(struct db *db, struct str place, int64_t from, int64_t until, struct arena *arena,
                       struct taken **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT start, count(*) FROM case_slot WHERE place = $1 AND start >= $2"
                              " AND start < $3 GROUP BY start ORDER BY start";
    struct taken *list = NULL;
    size_t n = 0, cap = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, place);
    db_bind_i64(stmt, 2, from);
    db_bind_i64(stmt, 3, until);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW) {
        if (n == cap) {
            struct taken *more = arena_array(arena, struct taken, cap ? 2 * cap : 64);
            if (n != 0)
                memcpy(more, list, n * sizeof *list);
            list = more, cap = cap ? 2 * cap : 64;
        }
        list[n++] = (struct taken){db_i64(stmt, 0), db_i64(stmt, 1)};
    }
    *ret_list = list;
    *ret_n = n;
    return result == DB_DONE;
}

bool slots_free(struct beside *b, struct db *db, const struct service *s, size_t field, int32_t from,
                int64_t now, size_t limit, struct arena *arena, struct slot **ret_list, size_t *ret_n,
                struct err *err)
{
    const struct service_field *f = &s->fields[field];
    int32_t today = local_day(b->j, now), last = last_day(b->j, f->slots, today);
    struct taken *taken;
    size_t taken_n, at = 0, n = 0;
    struct slot *list = arena_array(arena, struct slot, limit + 1);
    from = MAX_OF(from, today);
    if (!read_taken(db, place_of(s, f, arena), local_midnight(b->j, from), local_midnight(b->j, last + 1),
                    arena, &taken, &taken_n, err))
        return false;
    for (int32_t day = from; day <= last && n < limit; day++) {
        if ((f->slots->days >> (date_weekday(day) - 1) & 1) == 0 || !jurisdiction_working_day(b->j, day))
            continue;
        for (unsigned m = f->slots->from; m + f->slots->minutes <= f->slots->to && n < limit;
             m += f->slots->minutes) {
            int64_t start = local_moment(b->j, day, m);
            while (at < taken_n && taken[at].start < start)
                at++;
            int64_t used = at < taken_n && taken[at].start == start ? taken[at].n : 0;
            if (start <= now || used >= seats(f))
                continue;
            list[n].start = start;
            list[n].free = seats(f) - (unsigned)used;
            slot_text(b->j, start, list[n++].text);
        }
    }
    *ret_list = list;
    *ret_n = n;
    return true;
}

static void read_booking(const struct beside *b, struct db_stmt *row, struct arena *arena,
                         struct booking *out)
{
    struct str place = str_dup(arena, db_text(row, 2));
    *out = (struct booking){.start = db_i64(row, 1)};
    snprintf(out->number, sizeof out->number, "%.*s", STR_ARG(db_text(row, 0)));
    slot_text(b->j, out->start, out->text);
    (void)str_next(&place, '/', &out->service);
    out->field = place;
}

bool booking_of(struct beside *b, struct db *db, struct str number, struct arena *arena, bool *ret_found,
                struct booking *ret_booking, struct err *err)
{
    struct db_stmt *stmt = db_sql(
        db, "SELECT case_no, start, place FROM case_slot WHERE case_no = $1 ORDER BY start LIMIT 1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (*ret_found) {
        read_booking(b, stmt, arena, ret_booking);
        db_end(stmt);
    }
    return true;
}

bool bookings_of_office(struct beside *b, struct db *db, const struct office *office, int32_t day,
                        size_t limit, struct arena *arena, struct booking **ret_list, size_t *ret_n,
                        struct err *err)
{
    static const char sql[] = "SELECT case_no, start, place FROM case_slot WHERE agency = $1 AND office = $2"
                              " AND start >= $3 AND start < $4 ORDER BY start, place, seat LIMIT $5";
    struct booking *list = arena_array(arena, struct booking, limit + 1);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office->agency->id);
    db_bind_text(stmt, 2, office->id);
    db_bind_i64(stmt, 3, local_midnight(b->j, day));
    db_bind_i64(stmt, 4, local_midnight(b->j, day + 1));
    db_bind_i64(stmt, 5, (int64_t)limit);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < limit)
        read_booking(b, stmt, arena, &list[n++]);
    if (result == DB_ROW)
        db_end(stmt);
    *ret_list = list;
    *ret_n = n;
    return result != DB_ERROR;
}

/* --- moving --- */

struct move {
    struct beside *b;
    struct str number, levels, slot;
    const uint8_t *pid;
    int64_t now;
    struct arena *arena;
    char act[ACT_ID_SIZE];
};

static bool keep_answer(const struct move *m, struct db *db, struct case_file *c, size_t field,
                        struct str text, struct err *err)
{
    struct buf plain;
    int64_t changed;
    c->answers[field].text = text;
    buf_in(&plain, m->arena, (size_t)1 << 20);
    answers_write(c->service, c->answers, &plain);
    struct str sealed = case_seal(m->b->cases, c->number, "answers", c->version, buf_view(&plain), m->arena);
    struct db_stmt *stmt =
        db_sql(db, "UPDATE case_row SET answers = $1 WHERE case_no = $2 AND version = $3", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, sealed.p, sealed.n);
    db_bind_text(stmt, 2, m->number);
    db_bind_i64(stmt, 3, c->version);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 ||
           err_set(err, ERR_CONFLICT, "case", "Somebody else was first: read the case again.");
}

static bool do_move(struct db *db, void *arg, struct err *err)
{
    struct move *m = arg;
    struct case_file c;
    struct booking old;
    struct str text;
    bool found;
    if (!case_read(m->b->cases, db, m->number, m->arena, &c, err) ||
        !booking_of(m->b, db, m->number, m->arena, &found, &old, err))
        return false;
    if (memcmp(c.pid, m->pid, PID_SIZE) != 0)
        return err_set(err, ERR_NOT_FOUND, "case", "There is no case of this number.");
    size_t field = found ? service_field(c.service, old.field) : NONE;
    if (field == NONE || old.start <= m->now || (c.status != FILED && c.status != DECIDED_YES))
        return err_set(err, ERR_CONFLICT, "case", "This booking cannot be moved any more.");
    const struct gate_act act = {.kind = gate_kind_code(KIND_STEP),
                                 .holder = c.service->provider->agency,
                                 .pid = c.pid,
                                 .capacity = STR("self"),
                                 .levels = m->levels,
                                 .case_no = m->number,
                                 .outcome = STR(BOOKING_MOVED),
                                 .reason = m->slot};
    return answer_check(m->b->j, &c.service->fields[field], m->slot, m->arena, &text, err) &&
           give_back(db, m->number, err) &&
           take(m->b, db, &c, &c.service->fields[field], slot_start(m->b->j, text), m->now, m->arena, err) &&
           keep_answer(m, db, &c, field, text, err) &&
           gate_act_prepare(m->b->cases->gate, db, &act, m->act, err) &&
           notice_put(m->b, db, &c, NOTICE_MOVED, (struct notice_for){c.pid, NULL}, STR(""), text, m->now,
                      m->arena, err);
}

bool booking_move(struct beside *b, struct db *db, struct str number, const uint8_t pid[PID_SIZE],
                  struct str levels, struct str slot, int64_t now, struct arena *arena,
                  uint64_t *ret_position, struct err *err)
{
    struct move move = {b, number, levels, slot, pid, now, arena, ""};
    return db_tx(db, do_move, &move, err) &&
           gate_act_deliver(b->cases->gate, db, move.act, ret_position, err);
}

/* --- checking (aina fsck) --- */

/* The case's own answer says which time it has. */
static bool is_booked(const struct row_check *c, const struct case_file *of, const struct booking *slot,
                      struct str place)
{
    for (size_t f = 0; f < of->service->fields_n; f++)
        if (of->service->fields[f].type == ANSWER_SLOT && of->answers[f].text.n == SLOT_TEXT_SIZE - 1 &&
            str_eq(place, place_of(of->service, &of->service->fields[f], c->arena)))
            return slot_start(c->b->j, of->answers[f].text) == slot->start;
    return false;
}

static bool was_given_back(const struct case_file *c)
{
    for (size_t i = 0; i < c->events_n; i++)
        if (gives_back(c->events[i].status))
            return true;
    return false;
}

bool booking_missing(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                     const char **ret_wrong, struct err *err)
{
    static const char sql[] = "SELECT count(*) FROM case_slot WHERE case_no = $1";
    const struct service *s = c->service;
    int64_t booked = 0;
    bool found;
    for (size_t f = 0; f < s->fields_n; f++)
        booked += s->fields[f].type == ANSWER_SLOT && c->answers[f].text.n != 0;
    if (booked == 0)
        return true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(c->number));
    if (!db_one(stmt, &found, err))
        return false;
    int64_t there = found ? db_i64(stmt, 0) : 0;
    if (found)
        db_end(stmt);
    if (there < booked && !was_given_back(c))
        *ret_wrong = "its booked time is not kept for it any more: the seat was taken away";
    else if (there != 0 && was_given_back(c))
        *ret_wrong = "its booked time was given back, and is still kept";
    return true;
}

bool check_slots(struct row_check *c, const struct check_row *row, struct err *err)
{
    static const char sql[] = "SELECT place, start, seat, agency, office FROM case_slot WHERE case_no = $1";
    struct case_file of;
    enum db_result result;
    bool there;
    if (!row_of_case(c, row->at[0].text, &of, &there, err))
        return false;
    struct db_stmt *stmt = db_sql(c->db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, row->at[0].text);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        const struct booking slot = {.start = db_i64(stmt, 1)};
        struct str place = db_text(stmt, 0), service = {0}, field = place;
        c->report->slots++;
        if (!there)
            continue;
        (void)str_next(&field, '/', &service);
        size_t f = service_field(of.service, field);
        if (!is_booked(c, &of, &slot, place) || f == NONE ||
            (uint64_t)db_i64(stmt, 2) >= seats(&of.service->fields[f]))
            row_wrong(c, "its booked time is not the one that was answered");
        if (!str_eq(db_text(stmt, 3), of.service->provider->agency->id) ||
            !str_eq(db_text(stmt, 4), of.service->provider->id))
            row_wrong(c, "its booked time stands with another office");
    }
    return result == DB_DONE;
}
