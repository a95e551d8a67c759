/* SPDX-License-Identifier: Apache-2.0 */
/* step.c: one step of a case, in one transaction. */
#include <stdio.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "case/draft.h"
#include "case/signed.h"
#include "people/signing.h"

#define LOOKS_UNTIL_DAYS 400 /* a case that is not closed by then must be looked at anew */
#define MACHINE_STEPS_MAX 4

void case_tag(const struct cases *cases, struct str what, const uint8_t pid[PID_SIZE], uint8_t tag[HASH_SIZE])
{
    struct hmac_key key;
    struct hmac mac;
    hmac_key_set(&key, cases->tag_key, KEY_SIZE);
    hmac_start(&mac, &key);
    hmac_add(&mac, pid, PID_SIZE);
    hmac_add(&mac, what.p, what.n);
    hmac_end(&mac, tag);
}

const struct purpose *case_purpose(const struct service *s)
{
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].purpose != NULL)
            return s->fields[f].purpose;
    return NULL;
}

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

static bool flight_number(struct db *db, const uint8_t tag[HASH_SIZE], char ret_number[CASE_NO_SIZE],
                          struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT case_no FROM case_flight WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    snprintf(ret_number, CASE_NO_SIZE, "%s", "");
    if (found) {
        snprintf(ret_number, CASE_NO_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
        db_end(stmt);
    }
    return true;
}

static bool take_flight(const struct step *st, struct db *db, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    char other[CASE_NO_SIZE];
    struct db_stmt *stmt = db_sql(
        db, "INSERT INTO case_flight (tag, case_no) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING", err);
    int64_t changed;
    if (stmt == NULL)
        return false;
    case_tag(st->cases, st->c->service->id, st->c->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, str_of(st->c->number));
    if (!db_run(stmt, &changed, err))
        return false;
    if (changed != 0)
        return true;
    return flight_number(db, tag, other, err) &&
           err_set(err, ERR_CONFLICT, other, "You have a case of this service that is not decided yet.");
}

static bool end_flight(const struct step *st, struct db *db, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_flight WHERE tag = $1 AND case_no = $2", err);
    if (stmt == NULL)
        return false;
    case_tag(st->cases, st->c->service->id, st->c->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_text(stmt, 2, str_of(st->c->number));
    return db_run(stmt, NULL, err);
}

/* The person's own list: found by a tag, and only the key says which case a row means. */
static bool add_to_person(const struct step *st, struct db *db, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    int32_t day = local_day(st->cases->j, st->now);
    struct str number = case_seal(st->cases, "", "person's", day, str_of(st->c->number), st->arena);
    struct db_stmt *stmt = db_sql(db, "INSERT INTO case_person (tag, day, sealed) VALUES ($1, $2, $3)", err);
    if (stmt == NULL)
        return false;
    case_tag(st->cases, STR("@person"), st->c->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, day);
    db_bind_bytes(stmt, 3, number.p, number.n);
    return db_run(stmt, NULL, err);
}

/* What stands in the row and changes with a step, from parameter 1 on. */
static void bind_columns(struct db_stmt *stmt, const struct case_file *c, const struct columns *k,
                         struct str answers)
{
    db_bind_text(stmt, 1, k->desk);
    db_bind_text(stmt, 2, k->official);
    db_bind_i64(stmt, 3, c->status);
    db_bind_i64(stmt, 4, c->flags);
    db_bind_i64(stmt, 5, k->open);
    db_bind_i64(stmt, 6, k->due);
    db_bind_i64(stmt, 7, k->wake);
    db_bind_i64(stmt, 8, c->version);
    db_bind_i64(stmt, 9, k->decided);
    db_bind_i64(stmt, 10, k->late);
    db_bind_i64(stmt, 11, k->queued);
    db_bind_i64(stmt, 12, k->refused);
    db_bind_i64(stmt, 13, k->overturned);
    db_bind_i64(stmt, 14, k->returned);
    db_bind_bytes(stmt, 15, answers.p, answers.n);
    db_bind_text(stmt, 16, str_of(c->number));
}

static bool insert_row(const struct step *st, struct db *db, const struct case_file *after,
                       const struct columns *columns, struct str answers, struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_row (desk, official, status, flags, open, due, wake, version, decided, late, "
        "queued, refused, overturned, returned, answers, case_no, service, definition, agency, office, filed,"
        " channel, person) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
        "$17, $18, $19, $20, $21, $22, $23)";
    const struct service *s = after->service;
    struct str person = case_seal(st->cases, after->number, "person", 0,
                                  (struct str){(const char *)after->pid, PID_SIZE}, st->arena);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    bind_columns(stmt, after, columns, answers);
    db_bind_text(stmt, 17, s->id);
    db_bind_bytes(stmt, 18, s->hash, HASH_SIZE);
    db_bind_text(stmt, 19, s->provider->agency->id);
    db_bind_text(stmt, 20, s->provider->id);
    db_bind_i64(stmt, 21, after->filed);
    db_bind_i64(stmt, 22, after->channel);
    db_bind_bytes(stmt, 23, person.p, person.n);
    return db_run(stmt, NULL, err);
}

static bool update_row(struct db *db, const struct case_file *after, const struct columns *columns,
                       struct str answers, struct err *err)
{
    static const char sql[] =
        "UPDATE case_row SET desk = $1, official = $2, status = $3, flags = $4, open = $5, due = $6, wake = "
        "$7, version = $8, decided = $9, late = $10, queued = $11, refused = $12, overturned = $13, returned "
        "= $14, answers = $15 WHERE case_no = $16 AND version = $17";
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    bind_columns(stmt, after, columns, answers);
    db_bind_i64(stmt, 17, after->version - 1);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 ||
           err_set(err, ERR_CONFLICT, "seen", "Somebody else was first: read the case again.");
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

static const struct agency *agency_of_desk(const struct jurisdiction *j, struct str desk)
{
    struct str agency = {0};
    (void)str_next(&desk, '/', &agency);
    return jurisdiction_agency(j, agency);
}

/* The looks that the case allows an agency go with the work on it: from the filing to the decision, with the
 * case to another agency's desk, and again while an appeal waits for its answer. */
static bool move_looks(const struct step *st, struct db *db, const struct case_file *after,
                       const struct columns *k, struct err *err)
{
    const struct purpose *purpose = case_purpose(after->service);
    const struct agency *provider = after->service->provider->agency;
    const struct agency *had = st->c->version != 0 ? agency_of_desk(st->cases->j, st->c->desk) : NULL;
    const struct agency *has = agency_of_desk(st->cases->j, k->desk);
    struct gate *gate = st->cases->gate;
    struct str number = str_of(after->number);
    int32_t day = local_day(st->cases->j, st->now);
    if (purpose == NULL || !purpose->needs_case)
        return true;
    bool filing = after->version == 1, was = !filing && case_is_worked(st->c), is = case_is_worked(after);
    bool comes = is && has != NULL && (!was || has != had), leaves = was && (!is || has != had);
    if (filing && !gate_case_open(gate, db, provider, number, purpose->id, after->pid, day,
                                  day + LOOKS_UNTIL_DAYS, err))
        return false;
    if (was && !is && !gate_case_close(gate, db, provider, number, err))
        return false;
    if (leaves && had != NULL && had != provider && !gate_case_close(gate, db, had, number, err))
        return false;
    return !comes || (filing && has == provider) ||
           gate_case_open(gate, db, has, number, purpose->id, after->pid, day, day + LOOKS_UNTIL_DAYS, err);
}

static struct str basis_of(const struct step *st, const struct case_event *e)
{
    struct str timer = str_starts(st->own, STR(CASE_ENDED)) ? str_from(st->own, strlen(CASE_ENDED)) : STR("");
    size_t t = service_timer(st->c->service, timer);
    return t == NONE ? e->article : st->c->service->timers[t].basis.article;
}

struct str case_signature_name(const char *number, uint64_t n, struct arena *arena)
{
    return str_of(arena_printf(arena, "case %s %llu", number, (unsigned long long)n));
}

/* The transaction may run again: what is spent is a copy. */
static bool keep_signature(const struct step *st, struct db *db, const struct case_file *after,
                           struct err *err)
{
    const struct case_signature *s = st->input->signature;
    if (s == NULL)
        return true;
    struct signing once = *s->signing;
    return signing_spend(s->people, db, &once, err) &&
           signing_evidence_keep(s->people, db,
                                 case_signature_name(after->number, after->events_n, st->arena),
                                 &s->signing->account, s->signing, st->now, err);
}

/* The reason, and what was signed. */
static struct str words_of_entry(const struct step *st, const struct case_event *e)
{
    struct str signature = st->input->signature == NULL
                               ? STR("")
                               : signing_evidence_words(st->input->signature->signing->evidence, st->arena);
    if (e->reason.n != 0 && signature.n != 0)
        return str_of(arena_printf(st->arena, "%.*s (%.*s)", STR_ARG(e->reason), STR_ARG(signature)));
    return e->reason.n != 0 ? e->reason : signature.n != 0 ? signature : e->to;
}

static bool prepare_act(struct step *st, struct db *db, const struct case_event *e, struct err *err)
{
    static const char *const capacities[] = {"self", "co-signer", "official", "machine", "timer"};
    const struct service *s = st->c->service;
    const struct service_action *a = st->action;
    bool decides = a != NULL && a->moves && (a->to == DECIDED_YES || a->to == DECIDED_NO || a->to == VOID);
    enum gate_kind kind = a != NULL && a->does == DOES_FILE ? KIND_FILING
                          : decides                         ? KIND_DECISION
                                                            : KIND_STEP;
    bool office =
        st->actor->hand == HAND_OFFICIAL || st->actor->hand == HAND_MACHINE || st->actor->hand == HAND_TIMER;
    struct gate_act act = {
        .kind = gate_kind_code(kind),
        .holder = s->provider->agency,
        .pid = st->c->pid,
        .office = office ? (st->actor->office ? st->actor->office : s->provider) : NULL,
        .actor = st->actor->staff,
        .capacity = st->actor->capacity.n ? st->actor->capacity : str_of(capacities[st->actor->hand]),
        .mandate = st->actor->mandate,
        .levels = st->actor->levels,
        .case_no = str_of(st->c->number),
        .basis = basis_of(st, e),
        .outcome = e->action,
        .reason = words_of_entry(st, e),
    };
    return gate_act_prepare(st->cases->gate, db, &act, st->act, err);
}

/* The answers that the action asks for. */
static void apply_answers(const struct step *st, struct case_file *after)
{
    const struct service *s = st->c->service;
    const struct service_action *a = st->action;
    after->answers = arena_array(st->arena, struct answer, s->fields_n + 1);
    memcpy(after->answers, st->c->answers, s->fields_n * sizeof *after->answers);
    for (size_t i = 0; a != NULL && i < a->fields_n && st->input->answers != NULL; i++)
        if (st->input->answers[a->fields[i]].text.n != 0)
            after->answers[a->fields[i]] =
                (struct answer){true, false, st->input->answers[a->fields[i]].text};
    for (size_t f = 0; a != NULL && f < s->fields_n && st->input->answers != NULL; f++)
        if (case_completes(st->c, a) && case_changes(st->c, f) && st->input->answers[f].given)
            after->answers[f] = (struct answer){true, false, st->input->answers[f].text};
}

/* What the applicant had answered, and perhaps others agreed to. */
static bool has_changed(const struct case_file *was, const struct case_file *is)
{
    for (size_t f = 0; was->answers != NULL && f < is->service->fields_n; f++)
        if (is->service->fields[f].page != NONE && !str_eq(was->answers[f].text, is->answers[f].text))
            return true;
    return false;
}

static struct str article_of(const struct service *s, const struct case_input *input)
{
    for (size_t g = 0; g < s->grounds_n && input->article.n == 0; g++) /* a ground brings its article */
        if (str_eq(s->grounds[g].id, input->ground))
            return s->grounds[g].basis.article;
    return input->article;
}

static void apply(const struct step *st, struct case_file *after)
{
    const struct service_action *a = st->action;
    const struct office *office = st->actor->office;
    *after = *st->c;
    if (a != NULL) {
        after->status = a->moves ? a->to : st->c->status;
        after->flags = (st->c->flags | a->sets) & ~a->clears;
    }
    after->version++;
    after->events = arena_array(st->arena, struct case_event, st->c->events_n + 1);
    if (st->c->events_n != 0)
        memcpy(after->events, st->c->events, st->c->events_n * sizeof *after->events);
    apply_answers(st, after);
    struct case_event *e = &after->events[after->events_n++];
    *e = (struct case_event){.time = st->now,
                             .action = a != NULL ? a->id : st->own,
                             .staff = st->actor->staff,
                             .hand = st->actor->hand,
                             .pid = st->actor->pid,
                             .reason = st->input->reason,
                             .article = article_of(st->c->service, st->input),
                             .ground = st->input->ground,
                             .minutes = st->input->minutes,
                             .asked = st->input->asked,
                             .to = st->to,
                             .status = after->status,
                             .flags = after->flags,
                             .changed = has_changed(st->c, after)};
    if (office != NULL)
        e->office = office_path(office, st->arena);
}

static bool tell_others(const struct step *st, struct db *db, const struct case_file *after, struct err *err)
{
    for (size_t i = 0; i < st->cases->on_step_n; i++)
        if (!st->cases->on_step[i].fn(st->cases->on_step[i].arg, db, after, st->arena, err))
            return false;
    return true;
}

static bool write_rows(const struct step *st, struct db *db, struct case_file *after, struct str answers,
                       struct err *err)
{
    const struct service *s = after->service;
    struct columns columns;
    bool filing = after->version == 1,
         ends = status_is_final(after->status) && !status_is_final(st->c->status);
    case_columns(st->cases->j, after, st->now, st->arena, &columns);
    if (filing && st->input->draft != 0 && !draft_end(st->cases, db, s, after->pid, st->input->draft, err))
        return false;
    if (filing ? !keep_definition(db, s, err) || (s->one_at_a_time && !take_flight(st, db, err)) ||
                     !insert_row(st, db, after, &columns, answers, err) || !add_to_person(st, db, err)
               : !update_row(db, after, &columns, answers, err))
        return false;
    after->desk = columns.desk, after->official = columns.official;
    after->decided = columns.decided, after->due = columns.due;
    after->late = columns.late, after->queued = columns.queued;
    return (!ends || !s->one_at_a_time || end_flight(st, db, err)) && insert_event(st, db, after, err) &&
           move_looks(st, db, after, &columns, err);
}

static bool do_step(struct db *db, void *arg, struct err *err)
{
    struct step *st = arg;
    struct case_file after;
    struct buf plain;
    apply(st, &after);
    struct case_event *e = &after.events[after.events_n - 1];
    if (!prepare_act(st, db, e, err))
        return false;
    e->act = str_of(st->act);
    buf_in(&plain, st->arena, (size_t)1 << 20);
    answers_write(after.service, after.answers, &plain);
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "answers", "The answers are too long.");
    struct str answers =
        case_seal(st->cases, after.number, "answers", after.version, buf_view(&plain), st->arena);
    return write_rows(st, db, &after, answers, err) && keep_signature(st, db, &after, err) &&
           count_step(st->cases, db, &after, st->arena, err) && tell_others(st, db, &after, err);
}

bool step_once(struct step *st, struct db *db, uint64_t *ret_position, struct err *err)
{
    return db_group_tx(st->cases->steps, db, do_step, st, err) &&
           gate_act_deliver(st->cases->gate, db, st->act, ret_position, err);
}

bool case_facts(struct cases *cases, struct db *db, const struct case_file *c, struct arena *arena,
                struct case_input *input, struct err *err)
{
    for (size_t i = 0; i < cases->on_facts_n; i++)
        if (!cases->on_facts[i].fn(cases->on_facts[i].arg, db, c, arena, input, err))
            return false;
    return c->queued == 0 || case_position(cases, db, c, &input->position, err);
}

bool machine_steps(struct cases *cases, struct db *db, struct str number, const struct case_input *given,
                   int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err)
{
    const struct case_actor machine = {.hand = HAND_MACHINE};
    for (int n = 0; n < MACHINE_STEPS_MAX; n++) {
        struct case_file c;
        struct case_input input = {.paid = given->paid,
                                   .signed_by_all = given->signed_by_all,
                                   .signatures = given->signatures,
                                   .position = -1};
        size_t a = 0;
        struct err why;
        if (!case_read(cases, db, number, arena, &c, err) || !case_facts(cases, db, &c, arena, &input, err))
            return false;
        while (a < c.service->actions_n && !((c.service->actions[a].who & BY_MACHINE) != 0 &&
                                             case_may(cases, &c, &machine, a, &input, now, arena, &why)))
            a++;
        if (a == c.service->actions_n)
            return true;
        struct step st = {cases, &c, &machine, &c.service->actions[a], {0}, {0}, &input, now, arena, ""};
        if (!step_once(&st, db, ret_position, err))
            return err->code == ERR_CONFLICT; /* somebody else moved it: theirs to go on from */
    }
    return true;
}
