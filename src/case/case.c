/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "crypto/keys.h"

#define LOOKS_UNTIL_DAYS 400 /* a case that is not closed by then must be looked at anew */
#define MACHINE_STEPS_MAX 4

bool cases_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1,
         "CREATE TABLE case_definition (hash bytea PRIMARY KEY, service bytea NOT NULL, procedure bytea NOT "
         "NULL);"
         "CREATE TABLE case_row (case_no text PRIMARY KEY, service text NOT NULL, definition bytea NOT NULL,"
         " agency text NOT NULL, office text NOT NULL, status bigint NOT NULL, flags bigint NOT NULL,"
         " open bigint NOT NULL, due bigint NOT NULL, version bigint NOT NULL, filed bigint NOT NULL,"
         " channel bigint NOT NULL, person bytea NOT NULL, answers bytea NOT NULL);"
         "CREATE INDEX case_row_queue ON case_row (agency, office, open, due);"
         "CREATE TABLE case_event (case_no text NOT NULL, n bigint NOT NULL, sealed bytea NOT NULL,"
         " PRIMARY KEY (case_no, n));"
         "CREATE TABLE case_flight (tag bytea PRIMARY KEY, case_no text NOT NULL)"}};
    return db_migrate(db, "case", migrations, ARRAY_LEN(migrations), err);
}

struct cases *cases_new(struct gate *gate, const struct jurisdiction *j, const uint8_t master[KEY_SIZE])
{
    struct cases *cases = calloc(1, sizeof *cases);
    must(cases != NULL);
    *cases = (struct cases){gate, j, secret_new(KEY_SIZE), secret_new(KEY_SIZE)};
    key_derive(cases->seal_key, master, "aina/case/seal");
    key_derive(cases->tag_key, master, "aina/case/flight");
    return cases;
}

void cases_free(struct cases *cases)
{
    if (cases == NULL)
        return;
    secret_free(cases->seal_key);
    secret_free(cases->tag_key);
    free(cases);
}

/* --- small parts --- */

static void new_number(char out[CASE_NO_SIZE])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t random[12];
    random_bytes(random, sizeof random);
    for (size_t i = 0, n = 0; n < CASE_NO_SIZE - 1; n++)
        out[n] = n == 4 || n == 9 ? '-' : letters[random[i++] % 32];
    out[CASE_NO_SIZE - 1] = '\0';
}

static void flight_tag(const struct cases *cases, const struct service *s, const uint8_t pid[PID_SIZE],
                       uint8_t tag[HASH_SIZE])
{
    struct hmac_key key;
    struct hmac mac;
    hmac_key_set(&key, cases->tag_key, KEY_SIZE);
    hmac_start(&mac, &key);
    hmac_add(&mac, pid, PID_SIZE);
    hmac_add(&mac, s->id.p, s->id.n);
    hmac_end(&mac, tag);
}

static const struct purpose *looks_for(const struct service *s)
{
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].purpose != NULL)
            return s->fields[f].purpose;
    return NULL;
}

/* The service as it stood: the folder's own when nothing has changed since, else read from the kept bytes. */
static bool find_definition(struct cases *cases, struct db *db, struct str id, struct str hash,
                            struct arena *arena, const struct service **ret, struct err *err)
{
    const struct service *now = jurisdiction_service(cases->j, id);
    struct findings findings;
    bool found_row;
    if (now != NULL && hash.n == HASH_SIZE && memcmp(now->hash, hash.p, HASH_SIZE) == 0) {
        *ret = now;
        return true;
    }
    struct db_stmt *stmt = db_sql(db, "SELECT service, procedure FROM case_definition WHERE hash = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, hash.p, hash.n);
    if (!db_one(stmt, &found_row, err))
        return false;
    if (!found_row)
        return err_set(err, ERR_CORRUPT, "case", "the service it was filed under is not kept");
    struct str service = str_dup(arena, db_bytes(stmt, 0)), procedure = str_dup(arena, db_bytes(stmt, 1));
    db_end(stmt);
    *ret = service_from_snapshot(cases->j, service, procedure, arena, &findings);
    if (*ret != NULL && memcmp((*ret)->hash, hash.p, HASH_SIZE) == 0)
        return true;
    return err_set(err, ERR_CORRUPT, "case",
                   "the service it was filed under no longer fits the folder: keep its agencies, registries "
                   "and purposes");
}

static bool read_event(struct cases *cases, struct db_stmt *row, struct case_file *c, struct arena *arena,
                       struct err *err)
{
    struct str plain;
    int64_t n = (int64_t)c->events_n;
    if (n == c->version || db_i64(row, 1) != n)
        return err_set(err, ERR_CORRUPT, c->number, "its journal has a step too many, or lacks one");
    return case_unseal(cases, c->number, "event", n, db_bytes(row, 0), arena, &plain, err) &&
           event_read(plain, &c->events[c->events_n++], err);
}

static bool read_events(struct cases *cases, struct db *db, struct case_file *c, struct arena *arena,
                        struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT sealed, n FROM case_event WHERE case_no = $1 ORDER BY n", err);
    if (stmt == NULL)
        return false;
    c->events = arena_array(arena, struct case_event, (size_t)c->version + 1);
    db_bind_text(stmt, 1, str_of(c->number));
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        if (!read_event(cases, stmt, c, arena, err)) {
            db_end(stmt);
            return false;
        }
    }
    if (step == DB_DONE && (int64_t)c->events_n != c->version)
        return err_set(err, ERR_CORRUPT, c->number, "steps of its journal are missing");
    return step == DB_DONE;
}

bool case_read(struct cases *cases, struct db *db, struct str number, struct arena *arena,
               struct case_file *ret, struct err *err)
{
    static const char sql[] =
        "SELECT service, definition, status, flags, version, filed, channel, person, answers "
        "FROM case_row WHERE case_no = $1";
    struct case_file c = {0};
    struct str person, plain;
    bool found_row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, &found_row, err))
        return false;
    if (!found_row || number.n != CASE_NO_SIZE - 1)
        return err_set(err, ERR_NOT_FOUND, "case", "there is no case of this number");
    memcpy(c.number, number.p, number.n);
    struct str id = str_dup(arena, db_text(stmt, 0)), hash = str_dup(arena, db_bytes(stmt, 1));
    c.status = (enum case_status)db_i64(stmt, 2);
    c.flags = (unsigned)db_i64(stmt, 3);
    c.version = db_i64(stmt, 4);
    c.filed = db_i64(stmt, 5);
    c.channel = (enum channel)db_i64(stmt, 6);
    struct str sealed_person = str_dup(arena, db_bytes(stmt, 7)), sealed = str_dup(arena, db_bytes(stmt, 8));
    db_end(stmt);
    if (c.version < 1 || c.version > CASE_EVENTS_MAX)
        return err_set(err, ERR_CORRUPT, c.number, "its journal cannot be that long");
    if (!find_definition(cases, db, id, hash, arena, &c.service, err) ||
        !case_unseal(cases, c.number, "person", 0, sealed_person, arena, &person, err) ||
        !case_unseal(cases, c.number, "answers", c.version, sealed, arena, &plain, err) ||
        !answers_read(c.service, plain, arena, &c.answers, err) || !read_events(cases, db, &c, arena, err))
        return false;
    if (person.n != PID_SIZE || c.events[c.events_n - 1].status != c.status ||
        c.events[c.events_n - 1].flags != c.flags)
        return err_set(err, ERR_CORRUPT, c.number, "its row and its journal disagree");
    memcpy(c.pid, person.p, PID_SIZE);
    *ret = c;
    return true;
}

/* --- one step, in one transaction --- */

struct step {
    struct cases *cases;
    struct case_file *c; /* before; filing: version 0 */
    const struct case_actor *actor;
    size_t action;
    const struct case_input *input;
    int64_t now;
    struct arena *arena;
    char act[ACT_ID_SIZE];
};

static bool keep_definition(struct db *db, const struct service *s, struct err *err)
{
    struct db_stmt *stmt = db_sql(
        db,
        "INSERT INTO case_definition (hash, service, procedure) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, s->hash, HASH_SIZE);
    db_bind_bytes(stmt, 2, s->bytes.p, s->bytes.n);
    db_bind_bytes(stmt, 3, s->procedure->bytes.p, s->procedure->bytes.n);
    return db_run(stmt, NULL, err);
}

static bool take_flight(const struct step *st, struct db *db, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(
        db, "INSERT INTO case_flight (tag, case_no) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING", err);
    int64_t changed;
    if (stmt == NULL)
        return false;
    flight_tag(st->cases, st->c->service, st->c->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, str_of(st->c->number));
    if (!db_run(stmt, &changed, err))
        return false;
    return changed != 0 ||
           err_set(err, ERR_CONFLICT, "case", "You have a case of this service that is not decided yet.");
}

static bool end_flight(const struct step *st, struct db *db, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_flight WHERE tag = $1 AND case_no = $2", err);
    if (stmt == NULL)
        return false;
    flight_tag(st->cases, st->c->service, st->c->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, str_of(st->c->number));
    return db_run(stmt, NULL, err);
}

static bool insert_row(const struct step *st, struct db *db, const struct case_file *after,
                       struct str answers, int64_t due, struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_row (case_no, service, definition, agency, office, status, flags, open, due, "
        "version, filed,"
        " channel, person, answers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    const struct service *s = after->service;
    struct str person = case_seal(st->cases, after->number, "person", 0,
                                  (struct str){(const char *)after->pid, PID_SIZE}, st->arena);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(after->number));
    db_bind_text(stmt, 2, s->id);
    db_bind_bytes(stmt, 3, s->hash, HASH_SIZE);
    db_bind_text(stmt, 4, s->provider->agency->id);
    db_bind_text(stmt, 5, s->provider->id);
    db_bind_i64(stmt, 6, after->status);
    db_bind_i64(stmt, 7, after->flags);
    db_bind_i64(stmt, 8, !status_is_final(after->status));
    db_bind_i64(stmt, 9, due);
    db_bind_i64(stmt, 10, after->version);
    db_bind_i64(stmt, 11, after->filed);
    db_bind_i64(stmt, 12, after->channel);
    db_bind_bytes(stmt, 13, person.p, person.n);
    db_bind_bytes(stmt, 14, answers.p, answers.n);
    return db_run(stmt, NULL, err);
}

static bool update_row(struct db *db, const struct case_file *after, struct str answers, int64_t due,
                       struct err *err)
{
    static const char sql[] =
        "UPDATE case_row SET status = $1, flags = $2, open = $3, due = $4, version = $5, answers = $6"
        " WHERE case_no = $7 AND version = $8";
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, after->status);
    db_bind_i64(stmt, 2, after->flags);
    db_bind_i64(stmt, 3, !status_is_final(after->status));
    db_bind_i64(stmt, 4, due);
    db_bind_i64(stmt, 5, after->version);
    db_bind_bytes(stmt, 6, answers.p, answers.n);
    db_bind_text(stmt, 7, str_of(after->number));
    db_bind_i64(stmt, 8, after->version - 1);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 ||
           err_set(err, ERR_CONFLICT, "case", "Somebody else was first: read the case again.");
}

static bool insert_event(const struct step *st, struct db *db, const struct case_file *after, struct err *err)
{
    struct buf plain;
    buf_in(&plain, st->arena, 65536);
    event_write(&after->events[after->events_n - 1], &plain);
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "reason", "That is too long for one step.");
    struct str sealed =
        case_seal(st->cases, after->number, "event", after->version - 1, buf_view(&plain), st->arena);
    struct db_stmt *stmt = db_sql(db, "INSERT INTO case_event (case_no, n, sealed) VALUES ($1, $2, $3)", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(after->number));
    db_bind_i64(stmt, 2, after->version - 1);
    db_bind_bytes(stmt, 3, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

/* The looks that the case allows its office begin with the filing and end with the case. */
static bool move_looks(const struct step *st, struct db *db, const struct case_file *after, struct err *err)
{
    const struct purpose *purpose = looks_for(after->service);
    const struct agency *agency = after->service->provider->agency;
    int32_t day = local_day(st->cases->j, st->now);
    if (purpose == NULL || !purpose->needs_case)
        return true;
    if (after->version == 1)
        return gate_case_open(st->cases->gate, db, agency, str_of(after->number), purpose->id, after->pid,
                              day, day + LOOKS_UNTIL_DAYS, err);
    bool ends = status_is_final(after->status) && !status_is_final(st->c->status);
    return !ends || gate_case_close(st->cases->gate, db, agency, str_of(after->number), err);
}

static bool prepare_act(struct step *st, struct db *db, const struct case_event *e, struct err *err)
{
    static const char *const capacities[] = {"self", "co-signer", "official", "machine", "timer"};
    const struct service *s = st->c->service;
    const struct service_action *a = &s->actions[st->action];
    bool decides = a->moves && (a->to == DECIDED_YES || a->to == DECIDED_NO || a->to == VOID);
    enum gate_kind kind = a->does == DOES_FILE ? KIND_FILING : decides ? KIND_DECISION : KIND_STEP;
    bool office =
        st->actor->hand == HAND_OFFICIAL || st->actor->hand == HAND_MACHINE || st->actor->hand == HAND_TIMER;
    struct gate_act act = {
        .kind = gate_kind_code(kind),
        .holder = s->provider->agency,
        .pid = st->c->pid,
        .office = office ? (st->actor->office ? st->actor->office : s->provider) : NULL,
        .actor = st->actor->staff,
        .capacity = str_of(capacities[st->actor->hand]),
        .levels = st->actor->levels,
        .case_no = str_of(st->c->number),
        .basis = e->article,
        .outcome = a->id,
        .reason = e->reason,
    };
    return gate_act_prepare(st->cases->gate, db, &act, st->act, err);
}

static void apply(const struct step *st, struct case_file *after)
{
    const struct service *s = st->c->service;
    const struct service_action *a = &s->actions[st->action];
    const struct office *office = st->actor->office;
    struct case_event *e;
    *after = *st->c;
    after->status = a->moves ? a->to : st->c->status;
    after->flags = (st->c->flags | a->sets) & ~a->clears;
    after->version++;
    after->events = arena_array(st->arena, struct case_event, st->c->events_n + 1);
    after->answers = arena_array(st->arena, struct answer, s->fields_n + 1);
    if (st->c->events_n != 0)
        memcpy(after->events, st->c->events, st->c->events_n * sizeof *after->events);
    memcpy(after->answers, st->c->answers, s->fields_n * sizeof *after->answers);
    for (size_t i = 0; i < a->fields_n && st->input->answers != NULL; i++)
        if (st->input->answers[a->fields[i]].text.n != 0)
            after->answers[a->fields[i]] =
                (struct answer){true, false, st->input->answers[a->fields[i]].text};
    e = &after->events[after->events_n++];
    *e = (struct case_event){.time = st->now,
                             .action = a->id,
                             .staff = st->actor->staff,
                             .hand = st->actor->hand,
                             .reason = st->input->reason,
                             .article = st->input->article,
                             .ground = st->input->ground,
                             .status = after->status,
                             .flags = after->flags};
    if (office != NULL)
        e->office =
            str_of(arena_printf(st->arena, "%.*s/%.*s", STR_ARG(office->agency->id), STR_ARG(office->id)));
    for (size_t g = 0; g < s->grounds_n; g++) /* a ground brings its article */
        if (str_eq(s->grounds[g].id, e->ground) && e->article.n == 0)
            e->article = s->grounds[g].basis.article;
}

static bool do_step(struct db *db, void *arg, struct err *err)
{
    struct step *st = arg;
    const struct service *s = st->c->service;
    struct case_file after;
    struct deadline d = {0};
    struct buf plain;
    apply(st, &after);
    struct case_event *e = &after.events[after.events_n - 1];
    if (!prepare_act(st, db, e, err))
        return false;
    e->act = str_of(st->act);
    buf_in(&plain, st->arena, (size_t)1 << 20);
    answers_write(s, after.answers, &plain);
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "answers", "The answers are too long.");
    struct str answers =
        case_seal(st->cases, after.number, "answers", after.version, buf_view(&plain), st->arena);
    size_t decision = service_timer(s, STR("decision"));
    int64_t due =
        decision != NONE && case_deadline(st->cases->j, &after, decision, st->arena, &d) && d.due != 0
            ? d.due
            : INT64_MAX; /* paused, or at its end: after those that run */
    bool filing = after.version == 1, ends = status_is_final(after.status) && !status_is_final(st->c->status);
    if (filing ? !keep_definition(db, s, err) || (s->one_at_a_time && !take_flight(st, db, err)) ||
                     !insert_row(st, db, &after, answers, due, err)
               : !update_row(db, &after, answers, due, err))
        return false;
    if (ends && s->one_at_a_time && !end_flight(st, db, err))
        return false;
    return insert_event(st, db, &after, err) && move_looks(st, db, &after, err);
}

static bool step_once(struct step *st, struct db *db, uint64_t *ret_position, struct err *err)
{
    return db_tx(db, do_step, st, err) && gate_act_deliver(st->cases->gate, db, st->act, ret_position, err);
}

/* What a machine may do at once, by known rules. A machine that may do nothing is no error. */
static bool machine_steps(struct cases *cases, struct db *db, struct str number,
                          const struct case_input *input, int64_t now, struct arena *arena,
                          uint64_t *ret_position, struct err *err)
{
    const struct case_actor machine = {.hand = HAND_MACHINE};
    for (int n = 0; n < MACHINE_STEPS_MAX; n++) {
        struct case_file c;
        size_t a = 0;
        struct err why;
        if (!case_read(cases, db, number, arena, &c, err))
            return false;
        while (a < c.service->actions_n && !((c.service->actions[a].who & BY_MACHINE) != 0 &&
                                             case_may(cases, &c, &machine, a, input, now, arena, &why)))
            a++;
        if (a == c.service->actions_n)
            return true;
        struct step st = {cases, &c, &machine, a, input, now, arena, ""};
        if (!step_once(&st, db, ret_position, err))
            return err->code == ERR_CONFLICT; /* somebody else moved it: theirs to go on from */
    }
    return true;
}

/* --- filing --- */

static bool answers_are_right(struct cases *cases, const struct service *s, const struct answer *answers,
                              const struct rule_value *values, struct arena *arena, struct err *err)
{
    if (journey_next(s, answers, values, arena) != s->pages_n)
        return err_set(err, ERR_INVALID, "answers", "Some questions are not answered yet.");
    for (size_t f = 0; f < s->fields_n; f++) {
        struct str rest = answers[f].text, part, right;
        unsigned n = 0;
        if (answers[f].from_registry && s->fields[f].registry == NULL)
            return err_set(err, ERR_INVALID, "answers", "No registry answers this question.");
        while (!answers[f].from_registry && str_next(&rest, '\n', &part))
            if (++n > s->fields[f].repeat || !answer_check(cases->j, &s->fields[f], part, arena, &right, err))
                return n <= s->fields[f].repeat ? false
                                                : err_set(err, ERR_INVALID, "answers",
                                                          "There are more answers than may be given.");
    }
    return true;
}

bool case_file(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
               enum channel channel, const struct answer *answers, int64_t now, struct str levels,
               struct arena *arena, char ret_number[CASE_NO_SIZE], uint64_t *ret_position, struct err *err)
{
    const struct case_actor applicant = {.hand = HAND_APPLICANT, .pid = pid, .levels = levels};
    const struct case_input input = {.signatures = -1, .position = -1};
    int32_t day = local_day(cases->j, now);
    if (channel >= CHANNELS_N || (s->channels >> channel & 1) == 0)
        return err_set(err, ERR_INVALID, "channel", "This service cannot be filed this way.");
    if (day < s->valid_from)
        return err_set(err, ERR_INVALID, "service", "This version of the service is not in force yet.");
    if (!service_open_on(s, day))
        return err_set(err, ERR_INVALID, "service", "The season for this service is closed.");
    if (!answers_are_right(cases, s, answers, journey_values(cases->j, s, day, channel, answers, arena),
                           arena, err))
        return false;
    struct case_file c = {
        .service = s, .channel = channel, .status = DRAFT, .filed = now, .answers = (struct answer *)answers};
    size_t action = 0;
    memcpy(c.pid, pid, PID_SIZE);
    new_number(c.number);
    while (action < s->actions_n && s->actions[action].does != DOES_FILE)
        action++;
    must(action < s->actions_n); /* the linter's */
    struct step st = {cases, &c, &applicant, action, &input, now, arena, ""};
    if (!case_may(cases, &c, &applicant, action, &input, now, arena, err) ||
        !step_once(&st, db, ret_position, err) ||
        !machine_steps(cases, db, str_of(c.number), &input, now, arena, ret_position, err))
        return false;
    memcpy(ret_number, c.number, CASE_NO_SIZE);
    return true;
}

bool case_act(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
              struct str action, const struct case_input *input, int64_t now, struct arena *arena,
              uint64_t *ret_position, struct err *err)
{
    struct case_file c;
    if (!case_read(cases, db, number, arena, &c, err))
        return false;
    size_t a = service_action(c.service, action);
    if (a == NONE || c.service->actions[a].does == DOES_FILE)
        return err_set(err, ERR_NOT_FOUND, "action", "There is no such action.");
    if (c.version == CASE_EVENTS_MAX)
        return err_set(err, ERR_TOO_LARGE, "case", "This case has had too many steps.");
    if (now < c.events[c.events_n - 1].time)
        return err_set(err, ERR_CONFLICT, "case", "The clock stands before the last step of the case.");
    struct step st = {cases, &c, actor, a, input, now, arena, ""};
    return case_may(cases, &c, actor, a, input, now, arena, err) && step_once(&st, db, ret_position, err) &&
           machine_steps(cases, db, number, input, now, arena, ret_position, err);
}

/* --- queues --- */

bool case_queue(struct cases *cases, struct db *db, const struct office *office, size_t skip, size_t limit,
                struct arena *arena, struct case_line **ret_lines, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT case_no, service, status, due FROM case_row WHERE agency = $1 AND office = $2"
        " AND open = 1 ORDER BY due, case_no LIMIT $3 OFFSET $4";
    struct case_line *lines = arena_array(arena, struct case_line, limit + 1);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office->agency->id);
    db_bind_text(stmt, 2, office->id);
    db_bind_i64(stmt, 3, (int64_t)limit);
    db_bind_i64(stmt, 4, (int64_t)skip);
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW && n < limit) {
        struct case_line *line = &lines[n++];
        snprintf(line->number, sizeof line->number, "%.*s", STR_ARG(db_text(stmt, 0)));
        line->service = str_dup(arena, db_text(stmt, 1));
        line->status = (enum case_status)db_i64(stmt, 2);
        line->due = db_i64(stmt, 3) == INT64_MAX ? 0 : db_i64(stmt, 3);
    }
    if (step == DB_ROW)
        db_end(stmt);
    if (step == DB_ERROR)
        return false;
    *ret_lines = lines;
    *ret_n = n;
    return true;
}
