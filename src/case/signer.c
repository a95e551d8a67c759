/* SPDX-License-Identifier: Apache-2.0 */
#include "case/signer.h"

#include <stdio.h>

#include "case/beside_check_private.h"
#include "case/beside_private.h"
#include "case/notice.h"
#include "people/number.h"

/* By number, so that somebody who is not registered yet finds the question when they are. */
static void signer_tag(const struct beside *b, struct str number, struct arena *arena, uint8_t tag[HASH_SIZE])
{
    beside_tag(b, "signer",
               str_of(arena_printf(arena, "%.*s|%.*s", STR_ARG(b->j->person_scheme), STR_ARG(number))), tag);
}

static bool tag_of_person(const struct beside *b, struct db *db, const uint8_t *pid, struct arena *arena,
                          uint8_t tag[HASH_SIZE], struct err *err)
{
    struct person person;
    struct str scheme, number;
    memcpy(person.pid, pid, PID_SIZE);
    if (!people_number(b->people, db, &person, arena, &scheme, &number, err))
        return false;
    signer_tag(b, number, arena, tag);
    return true;
}

/* --- who is asked --- */

static bool ask(struct beside *b, struct db *db, const struct case_file *c, struct str number,
                struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_signer (case_no, signer, state, since, sealed)"
                              " VALUES ($1, $2, 0, $3, $4) ON CONFLICT (case_no, signer) DO NOTHING";
    int64_t asked, now = c->events[c->events_n - 1].time;
    uint8_t *tag = arena_take(arena, HASH_SIZE, 1);
    struct person person;
    bool known;
    if (!people_find(b->people, db, b->j->person_scheme, number, &known, &person, err))
        return false;
    if (known && memcmp(person.pid, c->pid, PID_SIZE) == 0)
        return true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    signer_tag(b, number, arena, tag);
    struct str sealed = beside_seal(b, "signer", str_of(c->number), number, arena);
    db_bind_text(stmt, 1, str_of(c->number));
    db_bind_bytes(stmt, 2, tag, HASH_SIZE);
    db_bind_i64(stmt, 3, now);
    db_bind_bytes(stmt, 4, sealed.p, sealed.n);
    if (!db_run(stmt, &asked, err))
        return false;
    if (asked == 0) /* before */
        return true;
    uint8_t *pid = arena_take(arena, PID_SIZE, 1);
    memcpy(pid, person.pid, PID_SIZE);
    return !known || notice_put(b, db, c, NOTICE_SIGN, (struct notice_for){pid, NULL}, STR(""), STR(""), now,
                                arena, err);
}

static bool ask_all(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                    struct err *err)
{
    for (size_t f = 0; f < c->service->fields_n; f++) {
        struct str rest = c->answers[f].text, number;
        while (c->service->fields[f].co_signs && str_next(&rest, '\n', &number))
            if (number.n != 0 && !ask(b, db, c, number, arena, err))
                return false;
    }
    return true;
}

struct row {
    struct str number;
    enum signer_state state;
    int64_t since;
};

static bool rows_of(const struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                    struct row **ret_rows, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT state, since, sealed FROM case_signer WHERE case_no = $1 ORDER BY since, signer LIMIT 64";
    struct row *rows = arena_array(arena, struct row, 64);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(c->number));
    enum db_result result;
    bool ok = true;
    while (ok && n < 64 && (result = db_step(stmt, err)) == DB_ROW) {
        rows[n] = (struct row){.state = (enum signer_state)db_i64(stmt, 0), .since = db_i64(stmt, 1)};
        ok = beside_unseal(b, "signer", str_of(c->number), str_dup(arena, db_bytes(stmt, 2)), arena,
                           &rows[n++].number, err);
    }
    if (!ok || n == 64)
        db_end(stmt);
    if (!ok || (n < 64 && result == DB_ERROR))
        return false;
    *ret_rows = rows;
    *ret_n = n;
    return true;
}

bool signers_known(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                   uint8_t (**ret_pids)[PID_SIZE], size_t *ret_n, struct err *err)
{
    struct row *rows;
    size_t n, found_n = 0;
    if (!rows_of(b, db, c, arena, &rows, &n, err))
        return false;
    uint8_t(*pids)[PID_SIZE] = arena_take(arena, (n + 1) * PID_SIZE, 1);
    for (size_t i = 0; i < n; i++) {
        struct person person;
        bool known;
        if (!people_find(b->people, db, b->j->person_scheme, rows[i].number, &known, &person, err))
            return false;
        if (known)
            memcpy(pids[found_n++], person.pid, PID_SIZE);
    }
    *ret_pids = pids;
    *ret_n = found_n;
    return true;
}

bool signers_of(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                struct signer **ret_list, size_t *ret_n, struct err *err)
{
    struct row *rows;
    size_t n;
    if (!rows_of(b, db, c, arena, &rows, &n, err))
        return false;
    struct signer *list = arena_array(arena, struct signer, n + 1);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct signer){.state = rows[i].state, .since = rows[i].since};
        number_mask(rows[i].number, list[i].number);
    }
    *ret_list = list;
    *ret_n = n;
    return true;
}

bool signer_facts(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                  struct case_input *input, struct err *err)
{
    bool found;
    if (c->version == 0) /* a filing: nobody is asked yet */
        return true;
    struct db_stmt *stmt =
        db_sql(db, "SELECT count(*) FROM case_signer WHERE case_no = $1 AND state <> 1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(c->number));
    if (!db_one(stmt, &found, err))
        return false;
    input->signed_by_all |= found && db_i64(stmt, 0) == 0;
    db_end(stmt);
    return true;
}

/* --- steps --- */

static bool declines(const struct service_action *a)
{
    return a->moves && a->to == RETURNED;
}

static bool set_state(struct beside *b, struct db *db, const struct case_file *c, const uint8_t *pid,
                      enum signer_state state, struct arena *arena, struct err *err)
{
    static const char sql[] =
        "UPDATE case_signer SET state = $1, since = $2 WHERE case_no = $3 AND signer = $4 AND state = 0";
    uint8_t tag[HASH_SIZE];
    int64_t changed;
    if (pid == NULL || !tag_of_person(b, db, pid, arena, tag, err))
        return pid != NULL ? false : err_set(err, ERR_NOT_ALLOWED, "signer", "Nobody signs without a name.");
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, state);
    db_bind_i64(stmt, 2, c->events[c->events_n - 1].time);
    db_bind_text(stmt, 3, str_of(c->number));
    db_bind_bytes(stmt, 4, tag, sizeof tag);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || err_set(err, ERR_NOT_ALLOWED, "signer",
                                   "Your agreement is not asked for in this case, or you have answered.");
}

/* Whoever declined; and whoever agreed, where it is not what they agreed to any more. */
static bool ask_again(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                      struct err *err)
{
    uint8_t(*pids)[PID_SIZE];
    size_t n;
    int64_t changed, now = c->events[c->events_n - 1].time;
    struct db_stmt *stmt = db_sql(db,
                                  "UPDATE case_signer SET state = 0, since = $1 WHERE case_no = $2 AND"
                                  " (state = 2 OR state = $3)",
                                  err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now);
    db_bind_text(stmt, 2, str_of(c->number));
    db_bind_i64(stmt, 3, c->events[c->events_n - 1].changed ? SIGNER_AGREED : SIGNER_DECLINED);
    if (!db_run(stmt, &changed, err))
        return false;
    if (changed == 0)
        return true;
    if (!signers_known(b, db, c, arena, &pids, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!notice_put(b, db, c, NOTICE_SIGN, (struct notice_for){pids[i], NULL}, STR(""), STR(""), now,
                        arena, err))
            return false;
    return true;
}

static bool is_named(const struct case_file *c, struct str signer)
{
    for (size_t f = 0; f < c->service->fields_n; f++) {
        struct str rest = c->answers[f].text, number;
        while (c->service->fields[f].co_signs && str_next(&rest, '\n', &number))
            if (str_eq(number, signer))
                return true;
    }
    return false;
}

/* Whom the applicant has replaced has nothing to agree to any more. */
static bool forget_unnamed(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                           struct err *err)
{
    struct row *rows;
    size_t n;
    if (!rows_of(b, db, c, arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t tag[HASH_SIZE];
        if (is_named(c, rows[i].number))
            continue;
        struct db_stmt *stmt = db_sql(db, "DELETE FROM case_signer WHERE case_no = $1 AND signer = $2", err);
        if (stmt == NULL)
            return false;
        signer_tag(b, rows[i].number, arena, tag);
        db_bind_text(stmt, 1, str_of(c->number));
        db_bind_bytes(stmt, 2, tag, sizeof tag);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    return true;
}

bool signer_step(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                 struct err *err)
{
    const struct case_event *e = &c->events[c->events_n - 1];
    size_t a = service_action(c->service, e->action);
    if (c->version == 1)
        return ask_all(b, db, c, arena, err);
    if (e->hand == HAND_APPLICANT && status_before(c) == RETURNED && c->status == FILED)
        return forget_unnamed(b, db, c, arena, err) && ask_again(b, db, c, arena, err) &&
               ask_all(b, db, c, arena, err);
    if (e->hand != HAND_CO_SIGNER || a == NONE)
        return true;
    bool no = declines(&c->service->actions[a]);
    return set_state(b, db, c, e->pid, no ? SIGNER_DECLINED : SIGNER_AGREED, arena, err) &&
           notice_put(b, db, c, no ? NOTICE_DECLINED : NOTICE_SIGNED, (struct notice_for){c->pid, NULL},
                      e->reason, STR(""), e->time, arena, err);
}

/* Whoever is named must have been asked; the applicant's own number is not. */
bool signer_missing(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                    const char **ret_wrong, struct err *err)
{
    struct beside *b = arg;
    struct row *rows = NULL;
    struct err why;
    size_t n = 0;
    bool any = false;
    for (size_t f = 0; f < c->service->fields_n; f++)
        any |= c->service->fields[f].co_signs && c->answers[f].text.n != 0;
    if (!any)
        return true;
    if (!rows_of(b, db, c, arena, &rows, &n, &why)) {
        if (why.code != ERR_CORRUPT) /* that is found with the row */
            *err = why;
        return why.code == ERR_CORRUPT;
    }
    for (size_t f = 0; f < c->service->fields_n; f++) {
        struct str rest = c->answers[f].text, number;
        while (c->service->fields[f].co_signs && str_next(&rest, '\n', &number)) {
            struct person person;
            bool asked = false, known;
            for (size_t i = 0; i < n; i++)
                asked |= str_eq(rows[i].number, number);
            if (asked || number.n == 0)
                continue;
            if (!people_find(b->people, db, b->j->person_scheme, number, &known, &person, err))
                return false;
            if (!known || memcmp(person.pid, c->pid, PID_SIZE) != 0)
                *ret_wrong = "a co-signer whom it names is not asked any more";
        }
    }
    return true;
}

/* --- the co-signer's own view --- */

bool cosignings_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], size_t limit,
                   struct arena *arena, struct cosigning **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT case_no, state, since FROM case_signer WHERE signer = $1"
                              " ORDER BY state, since DESC LIMIT $2";
    uint8_t tag[HASH_SIZE];
    struct cosigning *list = arena_array(arena, struct cosigning, limit + 1);
    size_t n = 0;
    if (!tag_of_person(b, db, pid, arena, tag, err))
        return false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, (int64_t)limit);
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < limit) {
        list[n] = (struct cosigning){.state = (enum signer_state)db_i64(stmt, 1), .since = db_i64(stmt, 2)};
        snprintf(list[n++].number, CASE_NO_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    }
    if (result == DB_ROW)
        db_end(stmt);
    *ret_list = list;
    *ret_n = n;
    return result != DB_ERROR;
}

static bool state_of(struct beside *b, struct db *db, const uint8_t *pid, struct str number,
                     struct arena *arena, enum signer_state *ret_state, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    if (!tag_of_person(b, db, pid, arena, tag, err))
        return false;
    struct db_stmt *stmt =
        db_sql(db, "SELECT state FROM case_signer WHERE case_no = $1 AND signer = $2", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "case", "There is no case of this number that asks for you.");
    *ret_state = (enum signer_state)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

bool cosigning_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str number,
                    struct arena *arena, struct case_file *ret_case, enum signer_state *ret_state,
                    struct err *err)
{
    if (!state_of(b, db, pid, number, arena, ret_state, err) ||
        !case_read(b->cases, db, number, arena, ret_case, err))
        return false;
    const struct service *s = ret_case->service;
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].registry != NULL || s->fields[f].class == FIELD_SENSITIVE ||
            s->fields[f].page == NONE)
            ret_case->answers[f] = (struct answer){0};
    return true;
}

/* The co-signers' action that agrees, or that declines; actions_n: the service has none. */
static size_t answer_action(const struct service *s, bool agree)
{
    size_t a = 0;
    while (a < s->actions_n &&
           !((s->actions[a].who & BY_CO_SIGNER) != 0 && declines(&s->actions[a]) == !agree))
        a++;
    return a;
}

const struct service_action *cosigning_signed(const struct service *s)
{
    size_t a = answer_action(s, true);
    return a < s->actions_n && (s->actions[a].needs & NEEDS_SIGNATURE) != 0 ? &s->actions[a] : NULL;
}

bool cosigning_answer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str number,
                      bool agree, struct str words, const struct case_signature *signature, struct str levels,
                      int64_t now, struct arena *arena, uint64_t *ret_position, struct err *err)
{
    const struct case_actor signer = {.hand = HAND_CO_SIGNER, .pid = pid, .levels = levels};
    struct case_input input = {
        .signatures = -1, .position = -1, .reason = str_trim(words), .signature = signature};
    enum signer_state state;
    struct case_file c;
    if (!cosigning_read(b, db, pid, number, arena, &c, &state, err))
        return false;
    if (state != SIGNER_ASKED)
        return err_set(err, ERR_CONFLICT, "case", "You have answered already.");
    if (!agree && utf8_length(input.reason) < CASE_REASON_MIN)
        return err_set(err, ERR_INVALID, "reason", "Say in at least 20 characters what is not right.");
    size_t a = answer_action(c.service, agree);
    if (a == c.service->actions_n)
        return err_set(err, ERR_CONFLICT, "case", "This service has no such answer for co-signers.");
    if (agree)
        input.reason = STR("");
    return case_act(b->cases, db, number, &signer, c.service->actions[a].id, &input, now, arena, ret_position,
                    err);
}

/* --- checking (aina fsck) --- */

/* Asked with the filing or when it was sent again; answered by a step of a co-signer's. */
static bool has_step(const struct case_file *c, int64_t state, int64_t since)
{
    bool has = false;
    for (size_t i = 0; i < c->events_n; i++) {
        const struct case_event *e = &c->events[i];
        bool answer = e->hand == HAND_CO_SIGNER, declined = answer && e->status == RETURNED;
        has |= e->time == since && (state == SIGNER_ASKED      ? e->hand == HAND_APPLICANT || i == 0
                                    : state == SIGNER_DECLINED ? declined
                                                               : answer && !declined);
    }
    return has;
}

static bool read_signers(struct row_check *c, struct str number, struct check_row *rows, size_t *ret_n,
                         struct err *err)
{
    static const char sql[] =
        "SELECT signer, state, since, sealed FROM case_signer WHERE case_no = $1 LIMIT 64";
    enum db_result result;
    struct db_stmt *stmt = db_sql(c->db, sql, err);
    *ret_n = 0;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        struct check_row *row = &rows[(*ret_n)++];
        row->at[0].text = str_dup(c->arena, db_bytes(stmt, 0));
        row->at[1].number = db_i64(stmt, 1);
        row->at[2].number = db_i64(stmt, 2);
        row->at[3].text = str_dup(c->arena, db_bytes(stmt, 3));
    }
    return result == DB_DONE;
}

bool check_signers(struct row_check *c, const struct check_row *row, struct err *err)
{
    struct check_row *rows = arena_array(c->arena, struct check_row, 64);
    struct str case_no = row->at[0].text, number;
    struct case_file of;
    struct err why;
    size_t n;
    bool there;
    if (!read_signers(c, case_no, rows, &n, err) || !row_of_case(c, case_no, &of, &there, err))
        return false;
    c->report->signers += n;
    for (size_t i = 0; there && i < n; i++) {
        uint8_t tag[HASH_SIZE];
        if (!beside_unseal(c->b, "signer", case_no, rows[i].at[3].text, c->arena, &number, &why)) {
            if (!row_failed(c, &why, err))
                return false;
            continue;
        }
        signer_tag(c->b, number, c->arena, tag);
        if (!str_eq(rows[i].at[0].text, (struct str){(const char *)tag, HASH_SIZE}))
            row_wrong(c, "a co-signer stands under another's tag");
        if (!has_step(&of, rows[i].at[1].number, rows[i].at[2].number))
            row_wrong(c, "what a co-signer has answered, or when, is not what the journal says");
    }
    return true;
}
