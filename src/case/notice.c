/* SPDX-License-Identifier: Apache-2.0 */
#include "case/notice.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "crypto/keys.h"
#include "people/factor.h"
#include "people/message.h"

/* Values of case_notice.phone. */
enum { PHONE_WAITS, PHONE_PREPARED, PHONE_DONE, PHONE_NONE, PHONE_LETTER };

#define TICK_MAX 64
#define SEALED_MAX 65536

static const struct {
    const char *code, *screen, *phone;
} own[NOTICES_N] = {
#define X(id, code, screen, phone) {code, screen, phone},
    NOTICES(X)
#undef X
};

/* --- making --- */

/* Ordered by the time of the step, then in the order of making: one step may tell twice. */
static void new_id(int64_t now, char out[NOTICE_ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    static _Atomic unsigned counter;
    uint64_t time = now < 0 ? 0 : (uint64_t)now;
    unsigned n = atomic_fetch_add(&counter, 1);
    uint8_t random[12];
    random_bytes(random, sizeof random);
    for (int i = 10; i >= 0; i--, time >>= 5)
        out[i] = digits[time & 31];
    for (int i = 13; i >= 11; i--, n >>= 5)
        out[i] = digits[n & 31];
    for (int i = 0; i < 12; i++)
        out[14 + i] = digits[random[i] & 31];
    out[NOTICE_ID_SIZE - 1] = '\0';
}

static void recipient_tag(const struct cases *cases, struct notice_for to, struct arena *arena,
                          uint8_t tag[HASH_SIZE])
{
    if (to.pid != NULL)
        case_tag(cases, "person", (struct str){(const char *)to.pid, PID_SIZE}, tag);
    else
        case_tag(
            cases, "office",
            str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(to.office->agency->id), STR_ARG(to.office->id))),
            tag);
}

/* Texts by language: on the screen, on a phone (empty: none). */
struct words {
    struct str screen[JURISDICTION_LANGUAGES_MAX], phone[JURISDICTION_LANGUAGES_MAX];
};

/* pid (zeros: an office) ‖ lp(case) ‖ lp(service) ‖ lp(what) ‖ for each language lp(screen) ‖ lp(phone) */
static bool insert(struct cases *cases, struct db *db, const struct case_file *c, struct str what,
                   struct notice_for to, const struct words *words, int64_t now, struct arena *arena,
                   struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_notice (id, recipient, made, seen, phone, agency, office, sealed)"
        " VALUES ($1, $2, $3, 0, $4, $5, $6, $7)";
    static const uint8_t nobody[PID_SIZE];
    char *id = arena_take(arena, NOTICE_ID_SIZE, 1);
    uint8_t *tag = arena_take(arena, HASH_SIZE, 1);
    bool phone = to.pid != NULL && words->phone[0].n != 0 && cases->ports.messages != NULL;
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    new_id(now, id);
    recipient_tag(cases, to, arena, tag);
    buf_in(&plain, arena, SEALED_MAX);
    buf_add(&plain, to.pid ? to.pid : nobody, PID_SIZE);
    buf_lp(&plain, c->number, CASE_NO_SIZE - 1);
    buf_lp(&plain, c->service->id.p, c->service->id.n);
    buf_lp(&plain, what.p, what.n);
    for (size_t l = 0; l < cases->j->languages_n; l++) {
        buf_lp(&plain, words->screen[l].p, words->screen[l].n);
        buf_lp(&plain, words->phone[l].p, words->phone[l].n);
    }
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "message", "The message of this step would be too long.");
    struct str sealed = case_seal(cases, id, "notice", 0, buf_view(&plain), arena);
    db_bind_text(stmt, 1, str_of(id));
    db_bind_bytes(stmt, 2, tag, HASH_SIZE);
    db_bind_i64(stmt, 3, now);
    db_bind_i64(stmt, 4, phone ? PHONE_WAITS : PHONE_NONE);
    db_bind_text(stmt, 5, c->service->provider->agency->id);
    db_bind_text(stmt, 6, c->service->provider->id);
    db_bind_bytes(stmt, 7, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

static struct str day_text(const struct cases *cases, int64_t time, struct arena *arena)
{
    if (time == 0)
        return STR("");
    struct date d = date_of_days(local_day(cases->j, time));
    return str_of(arena_printf(arena, "%02d.%02d.%04d", d.day, d.month, d.year));
}

static struct str due_text(const struct cases *cases, const struct case_file *c, struct arena *arena)
{
    struct deadline d = {0};
    size_t decision = service_timer(c->service, STR("decision"));
    if (decision == NONE || !case_deadline(cases->j, c, decision, arena, &d) || d.due == 0)
        return STR("");
    if (!d.by_clock)
        return day_text(cases, local_midnight(cases->j, d.day), arena);
    int64_t minute = (d.due - local_midnight(cases->j, d.day)) / (60 * CLOCK_SECOND);
    return str_of(arena_printf(arena, "%.*s %02d:%02d",
                               STR_ARG(day_text(cases, local_midnight(cases->j, d.day), arena)),
                               (int)(minute / 60), (int)(minute % 60)));
}

static struct str filled(const struct cases *cases, const struct case_file *c, struct str template,
                         struct str language, const struct template_value *more,
                         const struct rule_value *values, struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, 8192);
    template_fill(cases->j, c->service, template, c->answers, values, language, more, arena, &out);
    return buf_view(&out);
}

/* A service's message of this step, or of a timer that has ended. */
static bool tell(struct cases *cases, struct db *db, const struct case_file *c,
                 const struct service_message *m, struct notice_for to, int64_t now, struct arena *arena,
                 struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    const struct rule_value *values = case_values(cases->j, c, &none, arena);
    const struct case_event *last = &c->events[c->events_n - 1];
    struct str due = due_text(cases, c, arena), filed = day_text(cases, c->filed, arena),
               decided = status_is_final(c->status) ? day_text(cases, last->time, arena) : STR("");
    struct words words = {0};
    for (size_t l = 0; l < cases->j->languages_n; l++) {
        struct str language = cases->j->languages[l];
        const struct template_value on_screen[] = {
            {STR("case"), str_of(c->number)},
            {STR("due"), due},
            {STR("service"), texts_in(cases->j, &c->service->name, language)},
            {STR("filed"), filed},
            {STR("decided"), decided},
            {STR("provider"), texts_in(cases->j, &c->service->provider->name, language)},
            {STR("reason"), last->reason},
            {{0}, {0}}};
        const struct template_value on_phone[] = {
            {STR("case"), str_of(c->number)}, {STR("due"), due}, {{0}, {0}}};
        words.screen[l] =
            filled(cases, c, texts_in(cases->j, &m->screen, language), language, on_screen, values, arena);
        if (!texts_empty(&m->sms))
            words.phone[l] =
                filled(cases, c, texts_in(cases->j, &m->sms, language), language, on_phone, values, arena);
    }
    return insert(cases, db, c, m->id, to, &words, now, arena, err);
}

bool notice_put(struct cases *cases, struct db *db, const struct case_file *c, int kind, struct notice_for to,
                struct str reason, struct str due, int64_t now, struct arena *arena, struct err *err)
{
    struct words words = {0};
    const struct case_input none = {.signatures = -1, .position = -1};
    const struct rule_value *values = case_values(cases->j, c, &none, arena);
    for (size_t l = 0; l < cases->j->languages_n; l++) {
        struct str language = cases->j->languages[l];
        struct str screen = cases->ports.words ? cases->ports.words(cases->j, language, own[kind].screen)
                                               : str_of(own[kind].screen),
                   phone = own[kind].phone == NULL ? STR("")
                           : cases->ports.words    ? cases->ports.words(cases->j, language, own[kind].phone)
                                                   : str_of(own[kind].phone);
        const struct template_value more[] = {
            {STR("case"), str_of(c->number)},
            {STR("due"), due},
            {STR("service"), texts_in(cases->j, &c->service->name, language)},
            {STR("reason"), reason},
            {{0}, {0}}};
        const struct template_value on_phone[] = {
            {STR("case"), str_of(c->number)}, {STR("due"), due}, {{0}, {0}}};
        words.screen[l] = filled(cases, c, screen, language, more, values, arena);
        words.phone[l] = filled(cases, c, phone, language, on_phone, values, arena);
    }
    return insert(cases, db, c, str_of(own[kind].code), to, &words, now, arena, err);
}

/* --- a step: what is told of it, and the timers that run after it --- */

static bool keep_timer(struct cases *cases, struct db *db, const struct case_file *c, size_t timer,
                       struct arena *arena, struct err *err)
{
    static const char drop[] = "DELETE FROM case_timer WHERE case_no = $1 AND timer = $2",
                      keep[] = "INSERT INTO case_timer (case_no, timer, due) VALUES ($1, $2, $3)"
                               " ON CONFLICT (case_no, timer) DO UPDATE SET due = excluded.due";
    struct deadline d = {0};
    bool runs = case_deadline(cases->j, c, timer, arena, &d) && d.due != 0;
    if (!runs && c->version == 1)
        return true;
    struct db_stmt *stmt = db_sql(db, runs ? keep : drop, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(c->number));
    db_bind_text(stmt, 2, c->service->timers[timer].id);
    if (runs)
        db_bind_i64(stmt, 3, d.due);
    return db_run(stmt, NULL, err);
}

static bool timer_matters(const struct service *s, size_t timer)
{
    bool matters = s->timers[timer].action != NONE;
    for (size_t m = 0; timer < 64 && m < s->messages_n; m++)
        matters |= (s->messages[m].timers >> timer & 1) != 0;
    return matters;
}

static bool tell_all(struct cases *cases, struct db *db, const struct case_file *c,
                     const struct service_message *m, int64_t now, struct arena *arena, struct err *err)
{
    if (m->to == TO_APPLICANT)
        return tell(cases, db, c, m, (struct notice_for){c->pid, NULL}, now, arena, err);
    if (m->to == TO_OFFICE)
        return tell(cases, db, c, m, (struct notice_for){NULL, c->service->provider}, now, arena, err);
    return true; /* co-signers: signer.c */
}

bool notice_step(const struct beside *step, struct db *db, struct err *err)
{
    const struct service *s = step->after->service;
    for (size_t m = 0; m < s->messages_n; m++)
        if ((s->messages[m].actions >> step->action & 1) != 0 &&
            !tell_all(step->cases, db, step->after, &s->messages[m], step->now, step->arena, err))
            return false;
    for (size_t t = 0; t < s->timers_n; t++)
        if (timer_matters(s, t) && !keep_timer(step->cases, db, step->after, t, step->arena, err))
            return false;
    return true;
}

/* --- reading --- */

struct opened {
    uint8_t pid[PID_SIZE];
    struct str number, service, what;
    struct words words;
};

static bool open_notice(struct cases *cases, const char *id, struct str sealed, struct arena *arena,
                        struct opened *o, struct err *err)
{
    struct str rest;
    if (!case_unseal(cases, id, "notice", 0, sealed, arena, &rest, err))
        return false;
    bool ok = rest.n >= PID_SIZE;
    if (ok)
        memcpy(o->pid, rest.p, PID_SIZE);
    rest = str_from(rest, ok ? PID_SIZE : rest.n);
    ok = ok && lp_next(&rest, &o->number) && lp_next(&rest, &o->service) && lp_next(&rest, &o->what);
    for (size_t l = 0; ok && l < JURISDICTION_LANGUAGES_MAX && rest.n != 0; l++)
        ok = lp_next(&rest, &o->words.screen[l]) && lp_next(&rest, &o->words.phone[l]);
    return ok || err_set(err, ERR_CORRUPT, id, "the message is not what was written");
}

static struct str in_language(const struct cases *cases, const struct str *texts, struct str language)
{
    for (size_t l = 0; l < cases->j->languages_n; l++)
        if (str_eq(cases->j->languages[l], language) && texts[l].n != 0)
            return texts[l];
    return texts[0];
}

static bool list(struct cases *cases, struct db *db, struct notice_for whose, struct str before, size_t limit,
                 struct str language, struct arena *arena, struct notice **ret_list, size_t *ret_n,
                 struct err *err)
{
    static const char sql[] =
        "SELECT id, made, seen, sealed FROM case_notice WHERE recipient = $1 AND id < $2"
        " ORDER BY id DESC LIMIT $3";
    uint8_t tag[HASH_SIZE];
    struct notice *out = arena_array(arena, struct notice, limit + 1);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    recipient_tag(cases, whose, arena, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, before.n ? before : STR("~"));
    db_bind_i64(stmt, 3, (int64_t)limit);
    enum db_result result;
    bool ok = true;
    while ((result = db_step(stmt, err)) == DB_ROW && ok && n < limit) {
        struct notice *notice = &out[n++];
        struct opened o = {0};
        snprintf(notice->id, sizeof notice->id, "%.*s", STR_ARG(db_text(stmt, 0)));
        notice->made = db_i64(stmt, 1);
        notice->unread = db_i64(stmt, 2) == 0;
        ok = open_notice(cases, notice->id, str_dup(arena, db_bytes(stmt, 3)), arena, &o, err);
        notice->number = o.number;
        notice->service = o.service;
        notice->text = in_language(cases, o.words.screen, language);
    }
    if (result == DB_ROW)
        db_end(stmt);
    if (result == DB_ERROR || !ok)
        return false;
    *ret_list = out;
    *ret_n = n;
    return true;
}

bool notices_of(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct str before,
                size_t limit, struct str language, struct arena *arena, struct notice **ret_list,
                size_t *ret_n, struct err *err)
{
    return list(cases, db, (struct notice_for){pid, NULL}, before, limit, language, arena, ret_list, ret_n,
                err);
}

bool notices_of_office(struct cases *cases, struct db *db, const struct office *office, struct str before,
                       size_t limit, struct str language, struct arena *arena, struct notice **ret_list,
                       size_t *ret_n, struct err *err)
{
    return list(cases, db, (struct notice_for){NULL, office}, before, limit, language, arena, ret_list, ret_n,
                err);
}

bool notices_unread(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], uint64_t *ret_n,
                    struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt =
        db_sql(db, "SELECT count(*) FROM case_notice WHERE recipient = $1 AND seen = 0", err);
    if (stmt == NULL)
        return false;
    case_tag(cases, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = found ? (uint64_t)db_i64(stmt, 0) : 0;
    db_end(stmt);
    return true;
}

bool notices_seen(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct str until,
                  int64_t now, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt =
        db_sql(db, "UPDATE case_notice SET seen = $1 WHERE recipient = $2 AND seen = 0 AND id <= $3", err);
    if (stmt == NULL)
        return false;
    case_tag(cases, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_i64(stmt, 1, now);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, until);
    return db_run(stmt, NULL, err);
}

/* --- how a person is reached --- */

bool contact_of(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                struct contact *ret_contact, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt =
        db_sql(db, "SELECT language, unreachable FROM case_contact WHERE recipient = $1", err);
    if (stmt == NULL)
        return false;
    case_tag(cases, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_contact = (struct contact){found ? str_dup(arena, db_text(stmt, 0)) : cases->j->languages[0],
                                    found ? db_i64(stmt, 1) : 0};
    if (found)
        db_end(stmt);
    return true;
}

static bool contact_put(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct str language,
                        int64_t unreachable, struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_contact (recipient, language, unreachable) VALUES ($1, $2, $3)"
        " ON CONFLICT (recipient) DO UPDATE SET language = excluded.language,"
        " unreachable = excluded.unreachable";
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    case_tag(cases, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, language);
    db_bind_i64(stmt, 3, unreachable);
    return db_run(stmt, NULL, err);
}

bool contact_language(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE], struct str language,
                      struct err *err)
{
    struct arena arena;
    struct contact contact;
    bool known = false;
    for (size_t l = 0; l < cases->j->languages_n; l++)
        known |= str_eq(cases->j->languages[l], language);
    if (!known)
        return err_set(err, ERR_INVALID, "language", "Choose one of the languages offered.");
    arena_init(&arena, 1024, 65536);
    bool ok = contact_of(cases, db, pid, &arena, &contact, err) &&
              contact_put(cases, db, pid, language, contact.unreachable, err);
    arena_done(&arena);
    return ok;
}

bool letters_due(struct cases *cases, struct db *db, const struct office *office, size_t limit,
                 struct arena *arena, struct letter **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT id, made, sealed FROM case_notice WHERE agency = $1 AND office = $2"
                              " AND phone = 4 ORDER BY id LIMIT $3";
    struct letter *out = arena_array(arena, struct letter, limit + 1);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office->agency->id);
    db_bind_text(stmt, 2, office->id);
    db_bind_i64(stmt, 3, (int64_t)limit);
    enum db_result result;
    bool ok = true;
    while ((result = db_step(stmt, err)) == DB_ROW && ok && n < limit) {
        struct letter *letter = &out[n++];
        struct opened o = {0};
        snprintf(letter->id, sizeof letter->id, "%.*s", STR_ARG(db_text(stmt, 0)));
        letter->made = db_i64(stmt, 1);
        ok = open_notice(cases, letter->id, str_dup(arena, db_bytes(stmt, 2)), arena, &o, err);
        letter->number = o.number;
        letter->what = o.what;
    }
    if (result == DB_ROW)
        db_end(stmt);
    if (result == DB_ERROR || !ok)
        return false;
    *ret_list = out;
    *ret_n = n;
    return true;
}

bool letter_sent(struct cases *cases, struct db *db, const struct office *office, struct str id,
                 struct err *err)
{
    static const char sql[] =
        "UPDATE case_notice SET phone = 2 WHERE id = $1 AND agency = $2 AND office = $3 AND phone = 4";
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    db_bind_text(stmt, 2, office->agency->id);
    db_bind_text(stmt, 3, office->id);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || err_set(err, ERR_NOT_FOUND, "letter", "There is no such letter to be sent.");
}

/* --- the tick: short messages --- */

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
    while ((result = db_step(stmt, err)) == DB_ROW && n < TICK_MAX) {
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

/* The hidden file stands durable before the row says "prepared", and the row says so before the file gets its
 * name: so whoever finds a prepared row without its hidden file knows that it has been sent. */
static bool prepare_one(struct cases *cases, struct db *db, struct outgoing *row, int64_t now,
                        struct arena *arena, struct err *err)
{
    struct opened o = {0};
    struct contact contact;
    struct str phone;
    if (!open_notice(cases, row->id, row->sealed, arena, &o, err))
        return false;
    const struct account account = {.kind = CALLER_PERSON, .person = {{0}}};
    struct account whose = account;
    memcpy(whose.person.pid, o.pid, PID_SIZE);
    if (!contact_of(cases, db, o.pid, arena, &contact, err) ||
        !phone_of(cases->people, db, &whose, arena, &phone, err))
        return false;
    row->becomes = contact.unreachable ? PHONE_LETTER : phone.n == 0 ? PHONE_NONE : PHONE_PREPARED;
    return row->becomes != PHONE_PREPARED ||
           message_prepare(cases->ports.messages, str_of(row->id), phone,
                           in_language(cases, o.words.phone, contact.language), now, err);
}

static bool prepare_all(struct cases *cases, struct db *db, int64_t now, struct arena *arena, struct err *err)
{
    struct outgoing rows[TICK_MAX];
    size_t n;
    if (!out_rows(db, PHONE_WAITS, arena, rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!prepare_one(cases, db, &rows[i], now, arena, err))
            return false;
    struct moving moving = {rows, n};
    return n == 0 || db_tx(db, move_rows, &moving, err);
}

static bool release_all(struct cases *cases, struct db *db, struct arena *arena, struct err *err)
{
    struct outgoing rows[TICK_MAX];
    size_t n;
    bool was_there;
    if (!out_rows(db, PHONE_PREPARED, arena, rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!message_release(cases->ports.messages, str_of(rows[i].id), &was_there, err))
            return false;
        rows[i].becomes = PHONE_DONE;
    }
    struct moving moving = {rows, n};
    return n == 0 || db_tx(db, move_rows, &moving, err);
}

/* --- the tick: what came back --- */

struct failure {
    struct cases *cases;
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
    if (!open_notice(f->cases, f->id, sealed, f->arena, &o, err) ||
        !contact_of(f->cases, db, o.pid, f->arena, &contact, err) ||
        !contact_put(f->cases, db, o.pid, contact.language, f->now, err) ||
        !case_read(f->cases, db, o.number, f->arena, &c, err) ||
        !notice_put(f->cases, db, &c, NOTICE_UNREACHABLE, (struct notice_for){o.pid, NULL}, STR(""), STR(""),
                    f->now, f->arena, err))
        return false;
    stmt = db_sql(db, mark, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(f->id));
    return db_run(stmt, NULL, err);
}

static bool take_failures(struct cases *cases, struct db *db, int64_t now, struct arena *arena,
                          struct err *err)
{
    char ids[TICK_MAX][MESSAGE_ID_SIZE];
    size_t n;
    if (!message_failures(cases->ports.messages, ids, TICK_MAX, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct failure failure = {cases, ids[i], now, arena};
        if (!db_tx(db, take_failure, &failure, err) ||
            !message_forget(cases->ports.messages, str_of(ids[i]), err))
            return false;
    }
    return true;
}

/* --- the tick: timers --- */

struct ended {
    struct cases *cases;
    struct str number, timer;
    int64_t due, now;
    struct arena *arena;
    struct case_file c;
};

/* Told once: the row goes in the transaction that tells. */
static bool tell_timer(struct db *db, void *arg, struct err *err)
{
    struct ended *e = arg;
    int64_t changed;
    struct db_stmt *stmt =
        db_sql(db, "DELETE FROM case_timer WHERE case_no = $1 AND timer = $2 AND due = $3", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, e->number);
    db_bind_text(stmt, 2, e->timer);
    db_bind_i64(stmt, 3, e->due);
    if (!db_run(stmt, &changed, err) || !case_read(e->cases, db, e->number, e->arena, &e->c, err))
        return false;
    size_t t = service_timer(e->c.service, e->timer);
    for (size_t m = 0; changed == 1 && t < 64 && m < e->c.service->messages_n; m++)
        if ((e->c.service->messages[m].timers >> t & 1) != 0 &&
            !tell_all(e->cases, db, &e->c, &e->c.service->messages[m], e->now, e->arena, err))
            return false;
    return true;
}

static bool end_timer(struct cases *cases, struct db *db, struct ended *e, struct err *err)
{
    const struct case_actor timer = {.hand = HAND_TIMER};
    const struct case_input none = {.signatures = -1, .position = -1};
    uint64_t position;
    if (!db_tx(db, tell_timer, e, err))
        return false;
    size_t t = service_timer(e->c.service, e->timer);
    if (t == NONE || e->c.service->timers[t].action == NONE)
        return true;
    /* A case that somebody moved meanwhile is no failure: then the timer does not run any more. */
    struct str action = e->c.service->actions[e->c.service->timers[t].action].id;
    return case_act(cases, db, e->number, &timer, action, &none, e->now, e->arena, &position, err) ||
           err->code == ERR_CONFLICT || err->code == ERR_NOT_ALLOWED || err->code == ERR_INVALID;
}

static bool end_timers(struct cases *cases, struct db *db, int64_t now, struct arena *arena, struct err *err)
{
    struct ended list[TICK_MAX];
    size_t n = 0;
    struct db_stmt *stmt =
        db_sql(db, "SELECT case_no, timer, due FROM case_timer WHERE due <= $1 ORDER BY due LIMIT 64", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < TICK_MAX)
        list[n++] = (struct ended){.cases = cases,
                                   .number = str_dup(arena, db_text(stmt, 0)),
                                   .timer = str_dup(arena, db_text(stmt, 1)),
                                   .due = db_i64(stmt, 2),
                                   .now = now,
                                   .arena = arena};
    if (result == DB_ROW)
        db_end(stmt);
    bool ok = result != DB_ERROR;
    struct err one;
    for (size_t i = 0; i < n; i++)
        if (!end_timer(cases, db, &list[i], &one)) { /* one case that cannot be read stops no other */
            *err = one;
            ok = false;
        }
    return ok;
}

bool cases_tick(struct cases *cases, struct db *db, int64_t now, struct err *err)
{
    struct arena arena;
    arena_init(&arena, 65536, (size_t)64 << 20);
    bool ok = end_timers(cases, db, now, &arena, err);
    if (ok && cases->ports.messages != NULL)
        ok = release_all(cases, db, &arena, err) && prepare_all(cases, db, now, &arena, err) &&
             release_all(cases, db, &arena, err) && take_failures(cases, db, now, &arena, err);
    arena_done(&arena);
    return ok;
}
