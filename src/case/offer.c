/* SPDX-License-Identifier: Apache-2.0 */
#include "case/offer.h"

#include <stdio.h>

#include "base/clock.h"
#include "case/beside_check_private.h"
#include "case/beside_private.h"
#include "case/draft.h"
#include "case/notice_private.h"

#define LIST_MAX 200
#define SEALED_MAX 8192

/* --- raising --- */

/* What raised it, as the row keeps it: of a record registry and name, of a case its number. */
struct raised {
    const struct service *service;
    const uint8_t *pid;
    struct str registry, record, case_no;
    const struct office *office; /* that knows of the event: it wrote the record, or granted the case */
    struct str event;            /* the same event twice makes one offer */
    struct str cause;            /* what the entry points at: another entry, or the case */
    int64_t now;
};

static int64_t end_of(const struct beside *b, const struct service *s, int64_t start)
{
    const struct service_timer timer = {.term = s->offer.within, .start = START_AT_ONCE};
    struct deadline d;
    deadline_count(b->j, &timer, s->offer.within, start, NULL, 0, &d);
    return d.due;
}

static void event_tag(const struct beside *b, const struct raised *r, struct arena *arena,
                      uint8_t tag[HASH_SIZE])
{
    struct buf plain;
    buf_in(&plain, arena, SEALED_MAX);
    buf_add(&plain, r->pid, PID_SIZE);
    buf_lp(&plain, r->service->id.p, r->service->id.n);
    buf_lp(&plain, r->event.p, r->event.n);
    must(!buf_overflowed(&plain));
    beside_tag(b, "offer", buf_view(&plain), tag);
}

/* Begun or in flight, where one case at a time is all that one can have. */
static bool is_under_way(struct beside *b, struct db *db, const struct raised *r, struct arena *arena,
                         bool *ret, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct draft draft;
    *ret = false;
    if (!r->service->one_at_a_time)
        return true;
    if (!draft_read(b->cases, db, r->service, r->pid, arena, &draft, ret, err))
        return false;
    if (*ret)
        return true;
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM case_flight WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    case_tag(b->cases, r->service->id, r->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret, err))
        return false;
    if (*ret)
        db_end(stmt);
    return true;
}

static bool was_raised(struct db *db, const uint8_t event[HASH_SIZE], bool *ret, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM case_offer WHERE event = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, event, HASH_SIZE);
    if (!db_one(stmt, ret, err))
        return false;
    if (*ret)
        db_end(stmt);
    return true;
}

static bool tell_log(struct beside *b, struct db *db, const struct raised *r, char act[ACT_ID_SIZE],
                     struct err *err)
{
    const struct gate_act entry = {.kind = gate_kind_code(KIND_OFFER),
                                   .holder = r->service->provider->agency,
                                   .pid = r->pid,
                                   .office = r->service->provider,
                                   .capacity = STR("machine"),
                                   .case_no = r->cause,
                                   .registry = r->registry,
                                   .outcome = STR("offered"),
                                   .reason = r->service->id};
    return gate_act_prepare(b->cases->gate, db, &entry, act, err);
}

/* pid ‖ lp(service) ‖ lp(registry) ‖ lp(record) ‖ lp(case) ‖ lp(act) */
static bool insert(struct beside *b, struct db *db, const struct raised *r, const uint8_t event[HASH_SIZE],
                   const char *act, char id[ROW_ID_SIZE], struct arena *arena, struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_offer (id, recipient, event, made, until, state, answered, sealed)"
        " VALUES ($1, $2, $3, $4, $5, 0, 0, $6)";
    uint8_t *tag = arena_take(arena, HASH_SIZE, 1);
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    beside_id(r->now, id);
    beside_tag(b, "offered", pid_text(r->pid), tag);
    buf_in(&plain, arena, SEALED_MAX);
    buf_add(&plain, r->pid, PID_SIZE);
    buf_lp(&plain, r->service->id.p, r->service->id.n);
    buf_lp(&plain, r->registry.p, r->registry.n);
    buf_lp(&plain, r->record.p, r->record.n);
    buf_lp(&plain, r->case_no.p, r->case_no.n);
    buf_lp(&plain, act, strlen(act));
    must(!buf_overflowed(&plain));
    struct str sealed = beside_seal(b, "offer", str_of(id), buf_view(&plain), arena);
    db_bind_text(stmt, 1, str_of(id));
    db_bind_bytes(stmt, 2, tag, HASH_SIZE);
    db_bind_bytes(stmt, 3, event, HASH_SIZE);
    db_bind_i64(stmt, 4, r->now);
    db_bind_i64(stmt, 5, end_of(b, r->service, r->now));
    db_bind_bytes(stmt, 6, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

static bool raise_offer(struct beside *b, struct db *db, const struct raised *r, struct arena *arena,
                        struct err *err)
{
    uint8_t *event = arena_take(arena, HASH_SIZE, 1);
    char act[ACT_ID_SIZE], id[ROW_ID_SIZE];
    bool known, under_way;
    event_tag(b, r, arena, event);
    if (!was_raised(db, event, &known, err) || !is_under_way(b, db, r, arena, &under_way, err))
        return false;
    if (known || under_way)
        return true;
    return tell_log(b, db, r, act, err) && insert(b, db, r, event, act, id, arena, err) &&
           notice_offer(b, db, r->service, str_dup(arena, str_of(id)), r->pid, r->office,
                        end_of(b, r->service, r->now), r->now, arena, err);
}

/* --- by a record --- */

struct looked_at {
    const struct gate_written *written;
    struct buf *event;
};

static void add_value(void *arg, size_t symbol)
{
    const struct looked_at *l = arg;
    if (symbol < l->written->registry->fields_n) /* the last one is today */
        buf_lp(l->event, l->written->values[symbol].p, l->written->values[symbol].n);
}

/* The record; of a registry with one record a person also what the condition looks at. */
static struct str event_of_record(const struct gate_written *w, const struct service *s, struct arena *arena)
{
    struct buf event;
    struct looked_at looked_at = {w, &event};
    buf_in(&event, arena, SEALED_MAX / 2);
    buf_lp(&event, w->registry->id.p, w->registry->id.n);
    buf_lp(&event, w->record.p, w->record.n);
    if (!w->registry->many && s->offer.condition != NULL)
        rule_uses(s->offer.condition, add_value, &looked_at);
    return buf_view(&event);
}

static bool holds(const struct rule_expr *condition, const struct rule_value *values, struct arena *arena)
{
    if (condition == NULL)
        return true;
    struct rule_value value = rule_eval(condition, values, arena);
    return value.known && value.yes;
}

bool offer_on_record(void *arg, struct db *db, const struct gate_written *w, struct arena *arena,
                     struct err *err)
{
    struct beside *b = arg;
    int64_t now = clock_now();
    const struct rule_value *values = offer_facts(w->registry, w->values, local_day(b->j, now), arena);
    for (size_t i = 0; i < b->j->services_n; i++) {
        const struct service *s = &b->j->services[i];
        if (s->offer.record != w->registry || !holds(s->offer.condition, values, arena))
            continue;
        const struct raised raised = {.service = s,
                                      .pid = w->pid,
                                      .registry = w->registry->id,
                                      .record = w->record,
                                      .office = w->office,
                                      .event = event_of_record(w, s, arena),
                                      .cause = str_of(w->act),
                                      .now = now};
        if (!raise_offer(b, db, &raised, arena, err))
            return false;
    }
    return true;
}

/* --- by a case --- */

/* Organisations have no cabinet of their own. */
static bool is_person(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena)
{
    struct person person;
    struct str scheme, number;
    struct err why;
    if (!c->service->organisations)
        return true;
    memcpy(person.pid, c->pid, PID_SIZE);
    return people_number(b->people, db, &person, arena, &scheme, &number, &why) &&
           str_eq(scheme, b->j->person_scheme);
}

bool offer_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    if (c->status != DECIDED_YES || status_before(c) == DECIDED_YES)
        return true;
    for (size_t i = 0; i < b->j->services_n; i++) {
        const struct service *s = &b->j->services[i];
        if (s->offer.decided == NULL || !str_eq(s->offer.decided->id, c->service->id) ||
            !is_person(b, db, c, arena))
            continue;
        /* A condition names what the service knows today; a case of an older version is not measured by it.
         */
        bool same = s->offer.decided == c->service || s->offer.condition == NULL;
        if (!same || !holds(s->offer.condition, case_rules(b->cases, c, &none, arena), arena))
            continue;
        const struct raised raised = {.service = s,
                                      .pid = c->pid,
                                      .case_no = str_of(c->number),
                                      .office = c->service->provider,
                                      .event = str_of(c->number),
                                      .cause = str_of(c->number),
                                      .now = c->events[c->events_n - 1].time};
        if (!raise_offer(b, db, &raised, arena, err))
            return false;
    }
    return true;
}

/* --- reading --- */

static bool open_row(struct beside *b, struct db_stmt *stmt, int64_t now, struct arena *arena,
                     struct offer *o, uint8_t ret_pid[PID_SIZE], struct err *err)
{
    struct str rest, service, registry, act;
    snprintf(o->id, sizeof o->id, "%.*s", STR_ARG(db_text(stmt, 0)));
    o->made = db_i64(stmt, 1);
    o->until = db_i64(stmt, 2);
    o->state = (enum offer_state)db_i64(stmt, 3);
    o->answered = db_i64(stmt, 4);
    if (!beside_unseal(b, "offer", str_of(o->id), db_bytes(stmt, 5), arena, &rest, err))
        return false;
    bool ok = rest.n >= PID_SIZE && o->state <= OFFER_DECLINED;
    if (ok)
        memcpy(ret_pid, rest.p, PID_SIZE);
    rest = str_from(rest, ok ? PID_SIZE : rest.n);
    ok = ok && lp_next(&rest, &service) && lp_next(&rest, &registry) && lp_next(&rest, &o->record) &&
         lp_next(&rest, &o->case_no) && lp_next(&rest, &act) && act.n == ACT_ID_SIZE - 1;
    if (!ok)
        return err_set(err, ERR_CORRUPT, o->id, "the offer is not what was written");
    o->service = jurisdiction_service(b->j, service);
    o->registry = registry.n ? jurisdiction_registry(b->j, registry) : NULL;
    o->act = act;
    if (o->state == OFFER_OPEN && o->until <= now)
        o->state = OFFER_EXPIRED;
    return true;
}

#define COLUMNS "SELECT id, made, until, state, answered, sealed FROM case_offer "

bool offers_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], int64_t now, size_t limit,
               struct arena *arena, struct offer **ret_list, size_t *ret_n, struct err *err)
{
    uint8_t tag[HASH_SIZE], whose[PID_SIZE];
    struct db_stmt *stmt = db_sql(db, COLUMNS "WHERE recipient = $1 ORDER BY id DESC LIMIT $2", err);
    size_t n = 0;
    if (stmt == NULL)
        return false;
    limit = MIN_OF(limit, (size_t)LIST_MAX);
    struct offer *list = arena_array(arena, struct offer, limit + 1);
    beside_tag(b, "offered", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, (int64_t)limit);
    enum db_result row;
    while ((row = db_step(stmt, err)) == DB_ROW) {
        if (!open_row(b, stmt, now, arena, &list[n], whose, err)) {
            db_end(stmt);
            return false;
        }
        n += list[n].service != NULL && memcmp(whose, pid, PID_SIZE) == 0;
    }
    *ret_list = list;
    *ret_n = n;
    return row == DB_DONE;
}

bool offers_open(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], int64_t now, uint64_t *ret_n,
                 struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt =
        db_sql(db, "SELECT count(*) FROM case_offer WHERE recipient = $1 AND state = 0 AND until > $2", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "offered", pid_text(pid), tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, now);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = found ? (uint64_t)db_i64(stmt, 0) : 0;
    if (found)
        db_end(stmt);
    return true;
}

/* Also of a service that the folder has no more. */
static bool offer_find(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id,
                       int64_t now, struct arena *arena, struct offer *ret, struct err *err)
{
    uint8_t tag[HASH_SIZE], whose[PID_SIZE] = {0};
    bool found = false, ok;
    struct offer o = {0};
    struct db_stmt *stmt = db_sql(db, COLUMNS "WHERE id = $1 AND recipient = $2", err);
    if (stmt == NULL)
        return false;
    beside_tag(b, "offered", pid_text(pid), tag);
    db_bind_text(stmt, 1, id);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    if (!utf8_valid(id) || !db_one(stmt, &found, err))
        return err_set(err, ERR_NOT_FOUND, "offer", "there is no such offer");
    ok = !found || open_row(b, stmt, now, arena, &o, whose, err);
    if (found)
        db_end(stmt);
    if (!ok)
        return false;
    if (!found || memcmp(whose, pid, PID_SIZE) != 0)
        return err_set(err, ERR_NOT_FOUND, "offer", "there is no such offer");
    *ret = o;
    return true;
}

bool offer_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id, int64_t now,
                struct arena *arena, struct offer *ret, struct err *err)
{
    struct offer o;
    if (!offer_find(b, db, pid, id, now, arena, &o, err))
        return false;
    if (o.service == NULL)
        return err_set(err, ERR_NOT_FOUND, "offer", "there is no such offer");
    *ret = o;
    return true;
}

/* --- answering --- */

struct answering {
    struct beside *b;
    const struct offer *offer;
    const uint8_t *pid;
    bool accept;
    struct str levels;
    int64_t now;
    char act[ACT_ID_SIZE];
};

static bool answer_once(struct db *db, void *arg, struct err *err)
{
    static const char sql[] = "UPDATE case_offer SET state = $1, answered = $2"
                              " WHERE id = $3 AND state = 0 AND until > $2";
    struct answering *a = arg;
    const struct gate_act entry = {.kind = gate_kind_code(KIND_OFFER),
                                   .holder = a->offer->service->provider->agency,
                                   .pid = a->pid,
                                   .capacity = STR("self"),
                                   .levels = a->levels,
                                   .case_no = a->offer->act,
                                   .outcome = a->accept ? STR("accepted") : STR("declined"),
                                   .reason = a->offer->service->id};
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, a->accept ? OFFER_ACCEPTED : OFFER_DECLINED);
    db_bind_i64(stmt, 2, a->now);
    db_bind_text(stmt, 3, str_of(a->offer->id));
    if (!db_run(stmt, &changed, err))
        return false;
    if (changed != 1)
        return err_set(err, ERR_CONFLICT, "offer", "%s", N_("This offer was answered already."));
    return gate_act_prepare(a->b->cases->gate, db, &entry, a->act, err);
}

bool offer_answer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str id, bool accept,
                  struct str levels, int64_t now, struct arena *arena, uint64_t *ret_position,
                  struct err *err)
{
    struct offer offer;
    if (!offer_read(b, db, pid, id, now, arena, &offer, err))
        return false;
    if (offer.state == OFFER_EXPIRED)
        return err_set(err, ERR_NOT_ALLOWED, "offer", "%s",
                       N_("The time of this offer is over. You can apply for the service all the same."));
    struct answering a = {
        .b = b, .offer = &offer, .pid = pid, .accept = accept, .levels = levels, .now = now};
    return db_tx(db, answer_once, &a, err) && gate_act_deliver(b->cases->gate, db, a.act, ret_position, err);
}

/* --- checking (aina fsck) --- */

/* 0 id, 1 made, 2 until, 3 state, 4 answered, 5 sealed, 6 recipient */
bool check_offer(struct row_check *c, const struct check_row *row, struct err *err)
{
    uint8_t pid[PID_SIZE] = {0};
    struct err why;
    struct str rest, part;
    int64_t made = row->at[1].number, state = row->at[3].number, answered = row->at[4].number;
    if (!beside_unseal(c->b, "offer", row->at[0].text, row->at[5].text, c->arena, &rest, &why))
        return row_failed(c, &why, err);
    bool whole = rest.n >= PID_SIZE;
    if (whole)
        memcpy(pid, rest.p, PID_SIZE);
    rest = str_from(rest, whole ? PID_SIZE : rest.n);
    for (int i = 0; i < 5 && whole; i++)
        whole = lp_next(&rest, &part);
    if (whole)
        row_act(c, part); /* the last of them */
    if (!whole || !row_made(str_c(c->arena, row->at[0].text), made) || row->at[2].number <= made ||
        state < OFFER_OPEN || state > OFFER_DECLINED || (state == OFFER_OPEN) != (answered == 0))
        row_wrong(c, "its moments, or its answer, are not what was written");
    if (!row_tagged(c, "offered", pid_text(pid), row->at[6].text))
        row_wrong(c, "it stands in another's list than it was written for");
    return true;
}

static bool is_letters_of(const struct row_check *c, struct str letters, const struct office *office)
{
    uint8_t tag[HASH_SIZE];
    letters_tag(c->b, office, c->arena, tag);
    return str_eq(letters, (struct str){(const char *)tag, HASH_SIZE});
}

/* An office that writes there; of a case, the one that granted it. What the folder has no more says nothing.
 */
static bool raised_by(struct row_check *c, const struct offer *o, struct str letters, bool goes_by_letter,
                      bool *ret, struct err *err)
{
    struct case_file of;
    bool there;
    *ret = o->registry == NULL && o->case_no.n == 0;
    if (!goes_by_letter && o->service != NULL) /* as it was before offers had letters */
        *ret |= is_letters_of(c, letters, o->service->provider);
    for (size_t w = 0; o->registry != NULL && w < o->registry->writers_n; w++)
        *ret |= is_letters_of(c, letters, o->registry->writers[w]);
    if (o->case_no.n == 0)
        return true;
    if (!row_of_case(c, o->case_no, &of, &there, err))
        return false;
    *ret |= there && is_letters_of(c, letters, of.service->provider);
    return true;
}

bool check_offered(struct row_check *c, struct str offer, const uint8_t pid[PID_SIZE], struct str letters,
                   bool goes_by_letter, struct err *err)
{
    struct offer o;
    struct err why;
    bool right;
    if (!offer_find(c->b, c->db, pid, offer, 0, c->arena, &o, &why)) {
        if (why.code != ERR_NOT_FOUND)
            return row_failed(c, &why, err);
        row_wrong(c, "it belongs to an offer that there is not");
        return true;
    }
    if (!raised_by(c, &o, letters, goes_by_letter, &right, err))
        return false;
    if (!right)
        row_wrong(c, "its letter is another office's than the one that raised the offer");
    return true;
}
