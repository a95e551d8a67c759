/* SPDX-License-Identifier: Apache-2.0 */
/* case.c: tables and keys, filing and acting. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "case/count.h"
#include "case/draft.h"
#include "crypto/keys.h"
#include "jurisdiction/words.h"

bool cases_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1,
         "CREATE TABLE case_definition (hash bytea PRIMARY KEY, service bytea NOT NULL, procedure bytea NOT "
         "NULL);"
         "CREATE TABLE case_row (case_no text PRIMARY KEY, service text NOT NULL, definition bytea NOT NULL,"
         " agency text NOT NULL, office text NOT NULL, desk text NOT NULL, official text NOT NULL,"
         " status bigint NOT NULL, flags bigint NOT NULL, open bigint NOT NULL, due bigint NOT NULL,"
         " wake bigint NOT NULL, version bigint NOT NULL, filed bigint NOT NULL, decided bigint NOT NULL,"
         " late bigint NOT NULL, queued bigint NOT NULL, refused bigint NOT NULL, overturned bigint NOT NULL,"
         " returned bigint NOT NULL, channel bigint NOT NULL, person bytea NOT NULL, answers bytea NOT NULL);"
         "CREATE INDEX case_row_desk ON case_row (desk, due, case_no) WHERE open = 1;"
         "CREATE INDEX case_row_official ON case_row (desk, official, due, case_no) WHERE open = 1;"
         "CREATE INDEX case_row_wake ON case_row (wake) WHERE wake > 0;"
         "CREATE INDEX case_row_queued ON case_row (service, queued, case_no) WHERE queued > 0;"
         "CREATE TABLE case_event (case_no text NOT NULL, n bigint NOT NULL, sealed bytea NOT NULL,"
         " PRIMARY KEY (case_no, n));"
         "CREATE TABLE case_flight (tag bytea PRIMARY KEY, case_no text NOT NULL);"
         "CREATE TABLE case_person (tag bytea NOT NULL, day bigint NOT NULL, sealed bytea NOT NULL);"
         "CREATE INDEX case_person_tag ON case_person (tag, day)"},
        {2, "CREATE TABLE case_calendar (id bigint PRIMARY KEY, hash bytea NOT NULL, after text NOT NULL,"
            " done bigint NOT NULL)"}};
    return db_migrate(db, "case", migrations, ARRAY_LEN(migrations), err) && count_migrate(db, err) &&
           draft_migrate(db, err);
}

struct cases *cases_new(struct gate *gate, const struct jurisdiction *j, const uint8_t master[KEY_SIZE])
{
    struct cases *cases = calloc(1, sizeof *cases);
    must(cases != NULL);
    *cases = (struct cases){.gate = gate,
                            .j = j,
                            .seal_key = secret_new(KEY_SIZE),
                            .tag_key = secret_new(KEY_SIZE),
                            .definitions = definitions_new(),
                            .steps = db_group_new()};
    key_derive(cases->seal_key, master, "aina/case/seal");
    key_derive(cases->tag_key, master, "aina/case/flight");
    return cases;
}

void cases_free(struct cases *cases)
{
    if (cases == NULL)
        return;
    cases_keeper_stop(cases);
    definitions_free(cases->definitions);
    db_group_free(cases->steps);
    secret_free(cases->seal_key);
    secret_free(cases->tag_key);
    free(cases);
}

void cases_on_step(struct cases *cases, case_step_fn *fn, void *arg)
{
    must(cases->on_step_n < HOOKS_MAX);
    cases->on_step[cases->on_step_n].fn = fn;
    cases->on_step[cases->on_step_n++].arg = arg;
}

void cases_on_facts(struct cases *cases, case_facts_fn *fn, void *arg)
{
    must(cases->on_facts_n < HOOKS_MAX);
    cases->on_facts[cases->on_facts_n].fn = fn;
    cases->on_facts[cases->on_facts_n++].arg = arg;
}

void cases_on_check(struct cases *cases, case_check_fn *fn, void *arg)
{
    must(cases->on_check_n < HOOKS_MAX);
    cases->on_check[cases->on_check_n].fn = fn;
    cases->on_check[cases->on_check_n++].arg = arg;
}

static void new_number(char out[CASE_NO_SIZE])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t random[12];
    random_bytes(random, sizeof random);
    for (size_t i = 0, n = 0; n < CASE_NO_SIZE - 1; n++)
        out[n] = n == 4 || n == 9 ? '-' : letters[random[i++] % 32];
    out[CASE_NO_SIZE - 1] = '\0';
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

/* `applicant` says whose the case is; the input, whether a draft ends with it. */
static bool file_case(struct cases *cases, struct db *db, const struct service *s,
                      const struct case_actor *applicant, enum channel channel, const struct answer *answers,
                      struct case_input input, int64_t now, struct arena *arena,
                      char ret_number[CASE_NO_SIZE], uint64_t *ret_position, struct err *err)
{
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
    memcpy(c.pid, applicant->pid, PID_SIZE);
    new_number(c.number);
    while (action < s->actions_n && s->actions[action].does != DOES_FILE)
        action++;
    must(action < s->actions_n); /* the linter's */
    struct step st = {cases, &c, applicant, &s->actions[action], {0}, {0}, &input, now, arena, ""};
    if (!case_facts(cases, db, &c, arena, &input, err) ||
        !case_may(cases, &c, applicant, action, &input, now, arena, err) ||
        !step_once(&st, db, ret_position, err) ||
        !machine_steps(cases, db, str_of(c.number), &input, now, arena, ret_position, err))
        return false;
    memcpy(ret_number, c.number, CASE_NO_SIZE);
    return true;
}

bool case_file(struct cases *cases, struct db *db, const struct service *s, const uint8_t pid[PID_SIZE],
               enum channel channel, const struct answer *answers, int64_t now, struct str levels,
               struct arena *arena, char ret_number[CASE_NO_SIZE], uint64_t *ret_position, struct err *err)
{
    const struct case_actor applicant = {.hand = HAND_APPLICANT, .pid = pid, .levels = levels};
    const struct case_input input = {.signatures = -1, .position = -1};
    return file_case(cases, db, s, &applicant, channel, answers, input, now, arena, ret_number, ret_position,
                     err);
}

bool draft_file(struct cases *cases, struct db *db, const struct service *s,
                const struct case_actor *applicant, enum channel channel, const struct draft *draft,
                const struct case_signature *signature, int64_t now, struct arena *arena,
                char ret_number[CASE_NO_SIZE], uint64_t *ret_position, struct err *err)
{
    if (channel == BY_WEB && !levels_reach(levels_of(applicant->levels), s->minimum))
        return err_set(err, ERR_NOT_ALLOWED, "level", "%s",
                       N_("This service needs a surer log-in than the one you have."));
    const struct case_input input = {
        .draft = draft->version, .signature = signature, .signatures = -1, .position = -1};
    return file_case(cases, db, s, applicant, channel, draft->answers, input, now, arena, ret_number,
                     ret_position, err);
}

/* --- acting --- */

/* The case as the actor saw it, and a clock that goes on. */
static bool read_for_step(struct cases *cases, struct db *db, struct str number, int64_t seen, int64_t now,
                          struct arena *arena, struct case_file *c, struct err *err)
{
    if (!case_read(cases, db, number, arena, c, err))
        return false;
    if (seen != 0 && seen != c->version)
        return err_set(err, ERR_CONFLICT, "seen", "%s", N_("Somebody else was first: read the case again."));
    if (c->version == CASE_EVENTS_MAX)
        return err_set(err, ERR_TOO_LARGE, "case", "This case has had too many steps.");
    return now >= c->events[c->events_n - 1].time ||
           err_set(err, ERR_CONFLICT, "case", "The clock stands before the last step of the case.");
}

bool case_act(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
              struct str action, const struct case_input *given, int64_t now, struct arena *arena,
              uint64_t *ret_position, struct err *err)
{
    struct case_file c;
    struct case_input input = *given;
    if (!read_for_step(cases, db, number, given->seen, now, arena, &c, err))
        return false;
    size_t a = service_action(c.service, action);
    if (a == NONE || c.service->actions[a].does == DOES_FILE)
        return err_set(err, ERR_NOT_FOUND, "action", "There is no such action.");
    struct step st = {cases, &c, actor, &c.service->actions[a], {0}, {0}, &input, now, arena, ""};
    return case_facts(cases, db, &c, arena, &input, err) &&
           case_may(cases, &c, actor, a, &input, now, arena, err) && step_once(&st, db, ret_position, err) &&
           machine_steps(cases, db, number, &input, now, arena, ret_position, err);
}

bool case_give(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
               struct str to, bool head, int64_t seen, int64_t now, struct arena *arena,
               uint64_t *ret_position, struct err *err)
{
    const struct case_input none = {.signatures = -1, .position = -1};
    struct case_file c;
    if (!read_for_step(cases, db, number, seen, now, arena, &c, err))
        return false;
    if (actor->hand != HAND_OFFICIAL || (!head && !case_at_desk(&c, actor->office)))
        return err_set(err, ERR_NOT_ALLOWED, "case", "%s", N_("This case lies with another office."));
    if (to.n == 0 || to.n > 64)
        return err_set(err, ERR_INVALID, "to", "%s", N_("Choose who shall have the case."));
    if (str_eq(c.official, to))
        return err_set(err, ERR_CONFLICT, "to", "%s", N_("This official has the case already."));
    bool has = str_eq(c.official, actor->staff) ||
               (actor->stands_for.n != 0 && str_eq(c.official, actor->stands_for));
    if (!head && c.official.n != 0 && !has)
        return err_set(err, ERR_CONFLICT, "to", "%s", N_("Another official of the office has the case."));
    if (!head && c.official.n == 0 && !str_eq(to, actor->staff))
        return err_set(err, ERR_NOT_ALLOWED, "to", "%s",
                       N_("Take the case first, or ask the head of the office."));
    struct step st = {cases, &c, actor, NULL, STR(CASE_TAKE), to, &none, now, arena, ""};
    return step_once(&st, db, ret_position, err);
}

bool case_open(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
               struct arena *arena, struct case_file *ret, bool *ret_refused, uint64_t *ret_position,
               struct err *err)
{
    struct case_file c;
    if (!case_read(cases, db, number, arena, &c, err))
        return false;
    bool refused = !case_reads(&c, actor->office);
    const struct purpose *purpose = case_purpose(c.service);
    struct gate_act act = {.kind = gate_kind_code(KIND_CASE_READ),
                           .holder = c.service->provider->agency,
                           .pid = c.pid,
                           .office = actor->office,
                           .actor = actor->staff,
                           .capacity = STR("official"),
                           .levels = actor->levels,
                           .purpose = purpose ? purpose->id : STR(""),
                           .case_no = str_of(c.number),
                           .outcome = refused ? STR("refused") : STR("admitted"),
                           .reason = refused ? str_of(gate_reason_code(GATE_OFFICE_MAY_NOT)) : STR("")};
    if (!gate_act_append(cases->gate, db, &act, ret_position, err))
        return false;
    *ret_refused = refused;
    *ret = refused ? (struct case_file){0} : c;
    return true;
}
