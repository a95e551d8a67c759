/* SPDX-License-Identifier: Apache-2.0 */
#include "case/notice.h"

#include <stdio.h>

#include "base/clock.h"
#include "case/beside_check_private.h"
#include "case/notice_private.h"

#define SEALED_MAX 65536

static const struct {
    const char *code, *screen;
} own[NOTICES_N] = {
#define X(id, code, words) {code, words},
    NOTICES(X)
#undef X
};

static const char *const own_phone[NOTICES_N] = {
#define X(id, code, words) [id] = words,
    NOTICES_ON_PHONE(X)
#undef X
};

/* --- making --- */

static void recipient_tag(const struct beside *b, struct notice_for to, struct arena *arena,
                          uint8_t tag[HASH_SIZE])
{
    must(to.pid != NULL || to.office != NULL);
    if (to.pid != NULL)
        beside_tag(b, "person", (struct str){(const char *)to.pid, PID_SIZE}, tag);
    else
        beside_tag(
            b, "office",
            str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(to.office->agency->id), STR_ARG(to.office->id))),
            tag);
}

/* Whose letters these are, said by a tag: an agency in the clear beside a person's tag would join the cases
 * that one person has at two agencies. */
void letters_tag(const struct beside *b, const struct office *office, struct arena *arena,
                 uint8_t tag[HASH_SIZE])
{
    beside_tag(b, "letters",
               str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(office->agency->id), STR_ARG(office->id))),
               tag);
}

/* pid (zeros: an office) ‖ lp(case) ‖ lp(service) ‖ lp(what) ‖ for each language lp(screen) ‖ lp(phone) */
static bool insert(struct beside *b, struct db *db, const struct service *service, struct str number,
                   struct str what, struct notice_for to, const struct office *by_letter,
                   const struct notice_words *words, int64_t now, struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_notice (id, recipient, made, seen, phone, letters, sealed)"
                              " VALUES ($1, $2, $3, 0, $4, $5, $6)";
    static const uint8_t nobody[PID_SIZE];
    char *id = arena_take(arena, NOTICE_ID_SIZE, 1);
    uint8_t *tag = arena_take(arena, HASH_SIZE, 1), *letters = arena_take(arena, HASH_SIZE, 1);
    bool phone = to.pid != NULL && words->phone[0].n != 0 && b->ports.messages != NULL;
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_id(now, id);
    recipient_tag(b, to, arena, tag);
    letters_tag(b, by_letter, arena, letters);
    buf_in(&plain, arena, SEALED_MAX);
    buf_add(&plain, to.pid ? to.pid : nobody, PID_SIZE);
    buf_lp(&plain, number.p, number.n);
    buf_lp(&plain, service->id.p, service->id.n);
    buf_lp(&plain, what.p, what.n);
    for (size_t l = 0; l < b->j->languages_n; l++) {
        buf_lp(&plain, words->screen[l].p, words->screen[l].n);
        buf_lp(&plain, words->phone[l].p, words->phone[l].n);
    }
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "message", "The message of this step would be too long.");
    struct str sealed = beside_seal(b, "notice", str_of(id), buf_view(&plain), arena);
    db_bind_text(stmt, 1, str_of(id));
    db_bind_bytes(stmt, 2, tag, HASH_SIZE);
    db_bind_i64(stmt, 3, now);
    db_bind_i64(stmt, 4, phone ? PHONE_WAITS : PHONE_NONE);
    db_bind_bytes(stmt, 5, letters, HASH_SIZE);
    db_bind_bytes(stmt, 6, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

static struct str day_text(const struct beside *b, int64_t time, struct arena *arena)
{
    if (time == 0)
        return STR("");
    struct date d = date_of_days(local_day(b->j, time));
    return str_of(arena_printf(arena, "%02d.%02d.%04d", d.day, d.month, d.year));
}

static struct str due_text(const struct beside *b, const struct case_file *c, struct arena *arena)
{
    struct deadline d = {0};
    size_t decision = service_timer(c->service, STR("decision"));
    if (decision == NONE || !case_deadline(b->j, c, decision, arena, &d) || d.due == 0)
        return STR("");
    if (!d.by_clock)
        return day_text(b, local_midnight(b->j, d.day), arena);
    unsigned minute = local_minute(b->j, d.due);
    return str_of(arena_printf(arena, "%.*s %02u:%02u",
                               STR_ARG(day_text(b, local_midnight(b->j, d.day), arena)), minute / 60,
                               minute % 60));
}

static struct str filled(const struct beside *b, const struct case_file *c, struct str template,
                         struct str language, const struct template_value *more,
                         const struct rule_value *values, struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, 8192);
    template_fill(b->j, c->service, template, c->answers, values, language, more, arena, &out);
    return buf_view(&out);
}

/* A service's message of this step, or of a timer that has ended. */
static bool tell(struct beside *b, struct db *db, const struct case_file *c, const struct service_message *m,
                 struct notice_for to, int64_t now, struct arena *arena, struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    const struct rule_value *values = case_rules(b->cases, c, &none, arena);
    const struct case_event *last = &c->events[c->events_n - 1];
    struct str due = due_text(b, c, arena), filed = day_text(b, c->filed, arena),
               decided = status_is_final(c->status) ? day_text(b, last->time, arena) : STR("");
    struct notice_words words = {0};
    for (size_t l = 0; l < b->j->languages_n; l++) {
        struct str language = b->j->languages[l];
        const struct template_value on_screen[] = {
            {STR("case"), str_of(c->number)},
            {STR("due"), due},
            {STR("service"), texts_in(b->j, &c->service->name, language)},
            {STR("filed"), filed},
            {STR("decided"), decided},
            {STR("provider"), texts_in(b->j, &c->service->provider->name, language)},
            {STR("reason"), last->reason},
            {{0}, {0}}};
        const struct template_value on_phone[] = {
            {STR("case"), str_of(c->number)}, {STR("due"), due}, {{0}, {0}}};
        words.screen[l] =
            filled(b, c, texts_in(b->j, &m->screen, language), language, on_screen, values, arena);
        if (!texts_empty(&m->sms))
            words.phone[l] =
                filled(b, c, texts_in(b->j, &m->sms, language), language, on_phone, values, arena);
    }
    return insert(b, db, c->service, str_of(c->number), m->id, to, c->service->provider, &words, now, arena,
                  err);
}

bool notice_put(struct beside *b, struct db *db, const struct case_file *c, int kind, struct notice_for to,
                struct str reason, struct str due, int64_t now, struct arena *arena, struct err *err)
{
    struct notice_words words = {0};
    const struct case_input none = {.signatures = -1, .position = -1};
    const struct rule_value *values = case_rules(b->cases, c, &none, arena);
    for (size_t l = 0; l < b->j->languages_n; l++) {
        struct str language = b->j->languages[l];
        struct str screen = words_in(b->j, language, own[kind].screen),
                   phone = own_phone[kind] ? words_in(b->j, language, own_phone[kind]) : STR("");
        const struct template_value more[] = {{STR("case"), str_of(c->number)},
                                              {STR("due"), due},
                                              {STR("service"), texts_in(b->j, &c->service->name, language)},
                                              {STR("reason"), reason},
                                              {{0}, {0}}};
        const struct template_value on_phone[] = {
            {STR("case"), str_of(c->number)}, {STR("due"), due}, {{0}, {0}}};
        words.screen[l] = filled(b, c, screen, language, more, values, arena);
        words.phone[l] = filled(b, c, phone, language, on_phone, values, arena);
    }
    return insert(b, db, c->service, str_of(c->number), str_of(own[kind].code), to, c->service->provider,
                  &words, now, arena, err);
}

bool notice_offer(struct beside *b, struct db *db, const struct service *service, struct str offer,
                  const uint8_t pid[PID_SIZE], const struct office *office, int64_t until, int64_t now,
                  struct arena *arena, struct err *err)
{
    struct notice_words words = {0};
    for (size_t l = 0; l < b->j->languages_n; l++) {
        const struct words w = {.j = b->j, .language = b->j->languages[l], .arena = arena};
        const struct str told[] = {words_texts(&w, &service->name), words_texts(&w, &service->proactive_why),
                                   day_text(b, until - 1, arena)};
        words.screen[l] = words_fill(
            &w,
            N_("“{}” is offered to you. {} You can accept until {}, on your page under “Offered to "
               "me”; at a counter you can apply for it as well. To decline, say so there, or do "
               "nothing: then it ends by itself, and no harm comes of it."),
            told, ARRAY_LEN(told));
        words.phone[l] = words_text(&w, N_("A service is offered to you. Accept or decline on your page."));
    }
    return insert(b, db, service, offer, STR(NOTICE_OFFER), (struct notice_for){pid, NULL}, office, &words,
                  now, arena, err);
}

/* --- a step: what is told of it --- */

static bool tell_all(struct beside *b, struct db *db, const struct case_file *c,
                     const struct service_message *m, int64_t now, struct arena *arena, struct err *err)
{
    if (m->to == TO_APPLICANT)
        return tell(b, db, c, m, (struct notice_for){c->pid, NULL}, now, arena, err);
    if (m->to == TO_OFFICE)
        return tell(b, db, c, m, (struct notice_for){NULL, c->service->provider}, now, arena, err);
    uint8_t(*signers)[PID_SIZE];
    size_t n;
    if (!signers_known(b, db, c, arena, &signers, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!tell(b, db, c, m, (struct notice_for){signers[i], NULL}, now, arena, err))
            return false;
    return true;
}

/* Timers whose end this step is: it says so, or does what is to be done at it. */
static uint64_t timers_ended(const struct service *s, const struct case_event *e)
{
    uint64_t bits = 0;
    struct str id =
        str_starts(e->action, STR(CASE_ENDED)) ? str_from(e->action, strlen(CASE_ENDED)) : STR("");
    for (size_t t = 0; t < s->timers_n && t < 64; t++)
        if (str_eq(s->timers[t].id, id) || (e->hand == HAND_TIMER && s->timers[t].action != NONE &&
                                            str_eq(s->actions[s->timers[t].action].id, e->action)))
            bits |= UINT64_C(1) << t;
    return bits;
}

bool notice_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                 struct err *err)
{
    const struct service *s = c->service;
    const struct case_event *e = &c->events[c->events_n - 1];
    size_t action = service_action(s, e->action);
    uint64_t actions = action < 64 ? UINT64_C(1) << action : 0, timers = timers_ended(s, e);
    for (size_t m = 0; m < s->messages_n; m++)
        if (((s->messages[m].actions & actions) != 0 || (s->messages[m].timers & timers) != 0) &&
            !tell_all(b, db, c, &s->messages[m], e->time, arena, err))
            return false;
    return true;
}

/* --- reading --- */

bool open_notice(struct beside *b, const char *id, struct str sealed, struct arena *arena, struct opened *o,
                 struct err *err)
{
    struct str rest;
    if (!beside_unseal(b, "notice", str_of(id), sealed, arena, &rest, err))
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

struct str in_language(const struct beside *b, const struct str *texts, struct str language)
{
    for (size_t l = 0; l < b->j->languages_n; l++)
        if (str_eq(b->j->languages[l], language) && texts[l].n != 0)
            return texts[l];
    return texts[0];
}

static bool list(struct beside *b, struct db *db, struct notice_for whose, struct str before, size_t limit,
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
    recipient_tag(b, whose, arena, tag);
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
        ok = open_notice(b, notice->id, str_dup(arena, db_bytes(stmt, 3)), arena, &o, err);
        notice->number = o.number;
        notice->service = o.service;
        notice->what = o.what;
        notice->text = in_language(b, o.words.screen, language);
    }
    if (result == DB_ROW)
        db_end(stmt);
    if (result == DB_ERROR || !ok)
        return false;
    *ret_list = out;
    *ret_n = n;
    return true;
}

bool notices_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str before, size_t limit,
                struct str language, struct arena *arena, struct notice **ret_list, size_t *ret_n,
                struct err *err)
{
    return list(b, db, (struct notice_for){pid, NULL}, before, limit, language, arena, ret_list, ret_n, err);
}

bool notices_of_office(struct beside *b, struct db *db, const struct office *office, struct str before,
                       size_t limit, struct str language, struct arena *arena, struct notice **ret_list,
                       size_t *ret_n, struct err *err)
{
    return list(b, db, (struct notice_for){NULL, office}, before, limit, language, arena, ret_list, ret_n,
                err);
}

static bool unread(struct beside *b, struct db *db, struct notice_for whose, struct arena *arena,
                   uint64_t *ret_n, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt =
        db_sql(db, "SELECT count(*) FROM case_notice WHERE recipient = $1 AND seen = 0", err);
    if (stmt == NULL)
        return false;
    recipient_tag(b, whose, arena, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = found ? (uint64_t)db_i64(stmt, 0) : 0;
    db_end(stmt);
    return true;
}

bool notices_unread(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], uint64_t *ret_n,
                    struct err *err)
{
    return unread(b, db, (struct notice_for){pid, NULL}, NULL, ret_n, err);
}

bool notices_office_unread(struct beside *b, struct db *db, const struct office *office, struct arena *arena,
                           uint64_t *ret_n, struct err *err)
{
    return unread(b, db, (struct notice_for){NULL, office}, arena, ret_n, err);
}

bool notices_seen(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str until, int64_t now,
                  struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt =
        db_sql(db, "UPDATE case_notice SET seen = $1 WHERE recipient = $2 AND seen = 0 AND id <= $3", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_i64(stmt, 1, now);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, until);
    return db_run(stmt, NULL, err);
}

bool notice_done(struct beside *b, struct db *db, const struct office *office, struct str id, int64_t now,
                 struct arena *arena, struct err *err)
{
    static const char sql[] = "UPDATE case_notice SET seen = CASE WHEN seen = 0 THEN $1 ELSE seen END"
                              " WHERE id = $2 AND recipient = $3";
    uint8_t tag[HASH_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    recipient_tag(b, (struct notice_for){NULL, office}, arena, tag);
    db_bind_i64(stmt, 1, now);
    db_bind_text(stmt, 2, id);
    db_bind_bytes(stmt, 3, tag, sizeof tag);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || err_set(err, ERR_NOT_FOUND, "message", "your office has no such message");
}

/* --- how a person is reached --- */

bool contact_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                struct contact *ret_contact, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt =
        db_sql(db, "SELECT language, unreachable FROM case_contact WHERE recipient = $1", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_contact = (struct contact){found ? str_dup(arena, db_text(stmt, 0)) : b->j->languages[0],
                                    found ? db_i64(stmt, 1) : 0};
    if (found)
        db_end(stmt);
    return true;
}

bool contact_put(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str language,
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
    beside_tag(b, "person", (struct str){(const char *)pid, PID_SIZE}, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, language);
    db_bind_i64(stmt, 3, unreachable);
    return db_run(stmt, NULL, err);
}

bool contact_language(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str language,
                      struct err *err)
{
    struct arena arena;
    struct contact contact;
    bool known = false;
    for (size_t l = 0; l < b->j->languages_n; l++)
        known |= str_eq(b->j->languages[l], language);
    if (!known)
        return err_set(err, ERR_INVALID, "language", "Choose one of the languages offered.");
    arena_init(&arena, 1024, 65536);
    bool ok = contact_of(b, db, pid, &arena, &contact, err) &&
              contact_put(b, db, pid, language, contact.unreachable, err);
    arena_done(&arena);
    return ok;
}

bool contact_reached(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "UPDATE case_contact SET unreachable = 0 WHERE recipient = $1", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "person", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    return db_run(stmt, NULL, err);
}

/* --- checking (aina fsck) --- */

/* 0 id, 1 recipient, 2 made, 3 seen, 4 phone, 5 letters, 6 sealed */
bool check_notice(struct row_check *c, const struct check_row *row, struct err *err)
{
    static const uint8_t nobody[PID_SIZE];
    struct opened o = {0};
    struct case_file of;
    struct err why;
    uint8_t tag[HASH_SIZE], letters[HASH_SIZE];
    bool there;
    int64_t made = row->at[2].number, seen = row->at[3].number, phone = row->at[4].number;
    if (!open_notice(c->b, row->at[0].text.p, row->at[6].text, c->arena, &o, &why))
        return row_failed(c, &why, err);
    if (!row_made(row->at[0].text.p, made) || (seen != 0 && seen < made) || phone < PHONE_WAITS ||
        phone > PHONE_LETTER)
        row_wrong(c, "its moments, or its way to a phone, are not what was written");
    if (str_is(o.what, NOTICE_OFFER)) { /* of no case */
        recipient_tag(c->b, (struct notice_for){o.pid, NULL}, c->arena, tag);
        if (!str_eq(row->at[1].text, (struct str){(const char *)tag, HASH_SIZE}))
            row_wrong(c, "it stands in another's list than it was written for");
        return check_offered(c, o.number, o.pid, row->at[5].text, phone == PHONE_LETTER, err);
    }
    if (!row_of_case(c, o.number, &of, &there, err))
        return false;
    if (!there)
        return true;
    bool office = memcmp(o.pid, nobody, PID_SIZE) == 0;
    recipient_tag(c->b,
                  office ? (struct notice_for){NULL, of.service->provider} : (struct notice_for){o.pid, NULL},
                  c->arena, tag);
    letters_tag(c->b, of.service->provider, c->arena, letters);
    if (!str_eq(o.service, of.service->id) ||
        !str_eq(row->at[1].text, (struct str){(const char *)tag, HASH_SIZE}) ||
        !str_eq(row->at[5].text, (struct str){(const char *)letters, HASH_SIZE}))
        row_wrong(c, "it stands in another's list than it was written for");
    return office || row_of_person(c, o.pid, err);
}
