/* SPDX-License-Identifier: Apache-2.0 */
/* may.c: the one place that decides whether a step may be done. */
#include <stdio.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "case/signed.h"
#include "jurisdiction/words.h"
#include "people/mandate.h"
#include "people/signing.h"

bool status_is_final(enum case_status status)
{
    return status >= DECIDED_YES;
}

struct rule_value *case_values(const struct jurisdiction *j, const struct case_file *c,
                               const struct case_input *input, struct arena *arena)
{
    struct rule_value *values =
        journey_values(j, c->service, local_day(j, c->filed), c->channel, c->answers, arena);
    values[FACT_SIGNED] = rule_yes_no(input->signed_by_all);
    values[FACT_PAID] = rule_yes_no(input->paid);
    if (input->signatures >= 0)
        values[FACT_SIGNATURES] = rule_number(input->signatures * RULE_ONE);
    if (input->position >= 0)
        values[FACT_POSITION] = rule_number(input->position * RULE_ONE);
    service_evaluate(c->service, values, arena);
    return values;
}

static bool not_allowed(struct err *err, const struct service_action *a, const char *text)
{
    char place[80];
    snprintf(place, sizeof place, "%.*s", STR_ARG(a->id));
    return err_set(err, ERR_NOT_ALLOWED, place, "%s", text);
}

static bool missing(struct err *err, const char *what, const char *text)
{
    return err_set(err, ERR_INVALID, what, "%s", text);
}

static const struct service_ground *ground_of(const struct service *s, struct str id)
{
    for (size_t i = 0; i < s->grounds_n; i++)
        if (str_eq(s->grounds[i].id, id))
            return &s->grounds[i];
    return NULL;
}

/* What was heard before a decision was heard for that one: the next needs a hearing of its own. */
bool case_was_heard(const struct case_file *c)
{
    bool offered = false, held = false;
    for (size_t i = 0; i < c->events_n; i++) {
        size_t a = service_action(c->service, c->events[i].action);
        if (status_is_final(c->events[i].status) &&
            (i == 0 || c->events[i - 1].status != c->events[i].status))
            offered = held = false;
        enum action_does does = a == NONE ? DOES_NOTHING_SPECIAL : c->service->actions[a].does;
        if (does == DOES_OFFER_HEARING)
            offered = true, held = false;
        held |= offered && does == DOES_HOLD_HEARING;
    }
    return held;
}

static bool offers_hearing(const struct service *s, const struct case_event *e)
{
    size_t a = service_action(s, e->action);
    return a != NONE && s->actions[a].does == DOES_OFFER_HEARING;
}

static bool fields_are_known(const struct service *s, struct str ids)
{
    struct str id;
    while (str_next(&ids, ',', &id))
        if (service_field(s, id) == NONE)
            return false;
    return true;
}

/* Whoever put up a flag that the action stands on (the draft, the agenda), or proposed the refusal by
 * inviting to a hearing, is no second pair of eyes, whatever others did since. Without such a step it is the
 * last official. A hearing held is no proposal. */
static bool proposed(const struct case_file *c, const struct service_action *a, struct str staff)
{
    struct str last = {"", 0}, hearing = {"", 0};
    bool known = false, mine = false;
    bool adverse = a->moves && (a->to == DECIDED_NO || a->to == VOID);
    for (unsigned bit = 0; bit < SERVICE_FLAGS_MAX; bit++) {
        struct str setter = {"", 0};
        for (size_t i = 0; i < c->events_n; i++) {
            const struct case_event *e = &c->events[i];
            unsigned had = i != 0 ? c->events[i - 1].flags : 0;
            size_t by = service_action(c->service, e->action);
            bool hears = by != NONE && c->service->actions[by].does == DOES_HOLD_HEARING;
            if ((a->with >> bit & 1) != 0 && (e->flags & ~had) >> bit & 1 && e->hand == HAND_OFFICIAL &&
                !hears)
                setter = e->staff;
        }
        known |= setter.n != 0;
        mine |= setter.n != 0 && str_eq(setter, staff);
    }
    for (size_t i = 0; i < c->events_n; i++) {
        const struct case_event *e = &c->events[i];
        if (e->hand == HAND_OFFICIAL && !str_is(e->action, CASE_TAKE))
            last = e->staff;
        if (offers_hearing(c->service, e))
            hearing = e->staff;
    }
    if (adverse && hearing.n != 0)
        known = true, mine |= str_eq(hearing, staff);
    return mine || (!known && str_eq(last, staff));
}

/* What must have happened before, and by another. */
static bool has_persons(const struct case_file *c, const struct case_actor *actor,
                        const struct service_action *a, unsigned needs, struct err *err)
{
    if ((needs & NEEDS_HEARING) && !case_was_heard(c))
        return missing(err, "hearing",
                       N_("Offer a hearing first; the person must be heard or have answered in writing."));
    if ((needs & NEEDS_SECOND_PERSON) && (actor->staff.n == 0 || proposed(c, a, actor->staff)))
        return missing(err, "second-person",
                       N_("Another official must do this than the one who proposed it."));
    return true;
}

/* Where the folder names no authority that has its certificates, nobody could sign: the log-in stands alone.
 */
static bool signatures_count(const struct jurisdiction *j)
{
    for (size_t i = 0; j->trust != NULL && i < j->trust->authorities_n; i++)
        if (!j->trust->authorities[i].test && trust_has_anchor(j->trust, &j->trust->authorities[i]))
            return true;
    return false;
}

static void digest_part(struct sha256 *hash, struct str part)
{
    uint8_t n[4];
    put_u32be(n, (uint32_t)part.n);
    sha256_add(hash, n, sizeof n);
    sha256_add(hash, part.p, part.n);
}

struct str case_signature_matter(const struct case_file *c, const struct service_action *a,
                                 const struct case_input *input, struct arena *arena)
{
    const struct service *s = c->service;
    struct sha256 hash;
    uint8_t digest[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    bool files =
        c->status == DRAFT; /* there is no number yet: the draft's version stands for what was seen */
    const struct answer *answers = files ? c->answers : input->answers;
    const struct str parts[] = {
        files ? s->id : str_of(c->number),
        str_of(arena_printf(arena, "%lld", (long long)(files ? input->draft : input->seen))),
        a->id,
        str_trim(input->reason),
        input->article,
        input->ground,
        input->asked,
        input->minutes};
    sha256_start(&hash);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        digest_part(&hash, parts[i]);
    for (size_t f = 0; answers != NULL && f < s->fields_n; f++)
        if (answers[f].given || answers[f].from_registry) {
            digest_part(&hash, s->fields[f].id);
            digest_part(&hash, answers[f].text);
        }
    sha256_end(&hash, digest);
    hex_encode(hex, digest, sizeof digest);
    return files ? str_of(arena_printf(arena, "service %.*s %.*s %s", STR_ARG(s->id), STR_ARG(a->id), hex))
                 : str_of(arena_printf(arena, "case %s %.*s %s", c->number, STR_ARG(a->id), hex));
}

/* Of who does the step, over this step. */
static bool signature_fits(const struct case_file *c, const struct case_actor *actor,
                           const struct service_action *a, const struct case_input *input,
                           struct arena *arena)
{
    const struct signing *s = input->signature->signing;
    bool person = s->account.kind == CALLER_PERSON, own = false;
    if (actor->hand == HAND_OFFICIAL)
        own = s->account.kind == CALLER_OFFICIAL && str_eq(s->account.staff_code, actor->staff);
    else if (actor->hand == HAND_APPLICANT && actor->mandate.n != 0)
        own = person; /* who acts by the mandate signs, not whom the case is of */
    else if (actor->pid != NULL)
        own = person && memcmp(s->account.person.pid, actor->pid, PID_SIZE) == 0;
    struct str matter = case_signature_matter(c, a, input, arena);
    return own && s->purpose == SIGNING_ACT && s->state == SIGNING_HOLDS &&
           (str_eq(s->matter, matter) || (str_starts(s->matter, matter) && s->matter.p[matter.n] == ' '));
}

/* At a counter, a point or by letter the application is signed by hand: nobody is left out for want of a key.
 */
static bool signs_by_hand(const struct case_file *c, const struct case_actor *actor,
                          const struct service_action *a)
{
    bool on_paper = c->channel == BY_COUNTER || c->channel == BY_POINT || c->channel == BY_PAPER;
    return actor->hand == HAND_APPLICANT && (str_is(actor->capacity, capacity_facts[CAPACITY_COUNTER].code) ||
                                             (a->does == DOES_FILE && on_paper));
}

static bool signature_is_there(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                               const struct service_action *a, unsigned needs, const struct case_input *input,
                               struct arena *arena, struct err *err)
{
    if (input->signature != NULL)
        return signature_fits(c, actor, a, input, arena) ||
               missing(err, "signature", N_("The signature is not yours, or was made for something else."));
    return (needs & NEEDS_SIGNATURE) == 0 || !signatures_count(cases->j) || signs_by_hand(c, actor, a) ||
           missing(err, "signature", N_("Sign this with your signing key."));
}

/* What comes with the step. */
static bool has_words(const struct service *s, unsigned needs, const struct case_input *input,
                      struct err *err)
{
    const struct service_ground *ground = ground_of(s, input->ground);
    if ((needs & NEEDS_REASON) && utf8_length(str_trim(input->reason)) < CASE_REASON_MIN)
        return missing(err, "reason",
                       N_("Say the reason in at least 20 characters: what fact stands against it."));
    if (input->ground.n != 0 && ground == NULL)
        return missing(err, "ground", N_("Choose one of the service's grounds."));
    if ((needs & NEEDS_ARTICLE) && ground == NULL)
        return missing(err, "ground", N_("Choose the ground."));
    if ((needs & NEEDS_ARTICLE) && ground->basis.article.n == 0 && str_trim(input->article).n == 0)
        return missing(err, "article", N_("Give the article of law: the ground has none yet."));
    if (!fields_are_known(s, input->asked))
        return missing(err, "asked", N_("Choose what is missing among the service's questions."));
    if ((needs & NEEDS_MINUTES) && str_trim(input->minutes).n == 0)
        return missing(err, "minutes", N_("Give the number of the minutes."));
    return true;
}

/* Rule 5, whatever the file says. */
static bool rule_five(const struct case_actor *actor, const struct service_action *a, unsigned *needs,
                      struct err *err)
{
    bool adverse = a->moves && (a->to == DECIDED_NO || a->to == VOID);
    if (adverse && (actor->hand != HAND_OFFICIAL || actor->office == NULL || actor->staff.n == 0))
        return not_allowed(err, a, N_("Only a human official may refuse."));
    if (adverse)
        *needs |= NEEDS_REASON | NEEDS_ARTICLE | NEEDS_HEARING;
    if (a->moves && a->to == DECIDED_YES && actor->hand != HAND_OFFICIAL && actor->hand != HAND_MACHINE)
        return not_allowed(err, a, N_("Nobody grants to himself, and time does not grant."));
    if (a->moves && a->to == WITHDRAWN && actor->hand != HAND_APPLICANT)
        return not_allowed(err, a, N_("Only the applicant withdraws."));
    return true;
}

static bool is_named(const struct case_file *c, const uint8_t *pid)
{
    return pid != NULL && memcmp(c->pid, pid, PID_SIZE) == 0;
}

static bool same_office(const struct office *a, const struct office *b)
{
    return str_eq(a->id, b->id) && str_eq(a->agency->id, b->agency->id);
}

/* What the provider's office does, the office does to whose desk the case went. */
bool case_at_desk(const struct case_file *c, const struct office *office)
{
    struct str desk = c->desk, agency;
    if (office == NULL)
        return false;
    if (desk.n == 0)
        return same_office(office, c->service->provider);
    return str_next(&desk, '/', &agency) && str_eq(agency, office->agency->id) && str_eq(desk, office->id);
}

bool case_office(const struct jurisdiction *j, const struct office *office)
{
    bool comes = false;
    for (size_t i = 0; i < j->services_n && !comes; i++) {
        const struct service *s = &j->services[i];
        comes = s->provider == office;
        for (size_t a = 0; a < s->actions_n; a++)
            comes |= s->actions[a].office == office && (s->actions[a].who & BY_OFFICIAL) != 0;
        for (size_t t = 0; t < s->timers_n; t++)
            comes |= s->timers[t].escalate == office;
    }
    return comes;
}

bool case_reads(const struct case_file *c, const struct office *office)
{
    bool reads = case_at_desk(c, office);
    for (size_t i = 0; office != NULL && i < c->service->actions_n; i++) {
        const struct service_action *a = &c->service->actions[i];
        reads |= (a->who & BY_OFFICIAL) != 0 && a->office != NULL && same_office(office, a->office) &&
                 !same_office(a->office, c->service->provider) &&
                 action_allowed(c->service, a, c->status, c->flags);
    }
    return reads;
}

struct rule_value *case_rules(struct cases *cases, const struct case_file *c, const struct case_input *input,
                              struct arena *arena)
{
    return case_values(cases->j, c, input, arena);
}

static bool right_hand(const struct case_file *c, const struct case_actor *actor,
                       const struct service_action *a, struct err *err)
{
    static const unsigned who[] = {BY_APPLICANT, BY_CO_SIGNER, BY_OFFICIAL, BY_MACHINE, BY_TIMER};
    if ((a->who & who[actor->hand]) == 0)
        return not_allowed(err, a, N_("This is another's to do."));
    if (actor->hand == HAND_APPLICANT && !is_named(c, actor->pid))
        return not_allowed(err, a, N_("This is another person's case."));
    if (actor->hand == HAND_CO_SIGNER && (actor->pid == NULL || is_named(c, actor->pid)))
        return not_allowed(err, a, N_("A co-signer is another person than the applicant."));
    const struct office *at = a->office;
    bool of_desk = at == NULL || same_office(at, c->service->provider);
    if (actor->hand == HAND_OFFICIAL &&
        (actor->office == NULL ||
         !(of_desk ? case_at_desk(c, actor->office) : same_office(actor->office, at))))
        return not_allowed(err, a, N_("Another office does this."));
    return true;
}

static bool fields_are_right(const struct jurisdiction *j, const struct case_file *c,
                             const struct service_action *a, const struct case_input *input,
                             struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < a->fields_n; i++) {
        const struct service_field *f = &c->service->fields[a->fields[i]];
        struct str text = input->answers ? input->answers[a->fields[i]].text : (struct str){"", 0}, right;
        char place[80];
        snprintf(place, sizeof place, "%.*s", STR_ARG(f->id));
        if (text.n != 0 && !answer_check(j, f, text, arena, &right, err))
            return false;
        if (text.n == 0 && !f->optional)
            return missing(err, place, N_("Fill this in."));
    }
    return true;
}

bool case_completes(const struct case_file *c, const struct service_action *a)
{
    return c->status == RETURNED && (a->who & BY_APPLICANT) != 0 && a->moves && a->to == FILED;
}

bool case_changes(const struct case_file *c, size_t field)
{
    const struct answer *a = &c->answers[field];
    const struct service_field *f = &c->service->fields[field];
    return f->page != NONE && f->type != ANSWER_SLOT && !(a->from_registry && a->text.n != 0);
}

static bool completion_is_right(const struct jurisdiction *j, const struct case_file *c,
                                const struct case_input *input, struct arena *arena, struct err *err)
{
    const struct service *s = c->service;
    struct answer *after = arena_array(arena, struct answer, s->fields_n + 1);
    memcpy(after, c->answers, s->fields_n * sizeof *after);
    for (size_t f = 0; f < s->fields_n; f++) {
        struct str rest = input->answers[f].text, one, right;
        unsigned n = 0;
        if (!input->answers[f].given || !case_changes(c, f))
            continue;
        while (str_next(&rest, '\n', &one))
            if (++n > MAX_OF(s->fields[f].repeat, (unsigned)s->fields[f].options_n) ||
                !answer_check(j, &s->fields[f], one, arena, &right, err))
                return missing(err, "answers", N_("An answer is not right."));
        after[f] = input->answers[f];
    }
    const struct rule_value *values = journey_values(j, s, local_day(j, c->filed), c->channel, after, arena);
    return journey_next(s, after, values, arena) == s->pages_n ||
           missing(err, "answers", N_("Some questions are not answered yet."));
}

/* An appeal has its time, from the day after the decision on. */
static bool in_time_for_appeal(const struct jurisdiction *j, const struct case_file *c, int64_t now)
{
    const struct service_timer timer = {.term = c->service->appeal_within, .start = START_NEXT_DAY};
    struct deadline d;
    if ((c->status != DECIDED_NO && c->status != VOID) || timer.term.amount == 0 || c->decided == 0)
        return true;
    deadline_count(j, &timer, timer.term, c->decided, NULL, 0, &d);
    return !deadline_passed(&d, now);
}

/* All but what comes with the step in words. */
static bool may_begin(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                      const struct service_action *a, const struct case_input *input, int64_t now,
                      struct arena *arena, unsigned *needs, struct err *err)
{
    struct deadline waiting;
    if (!action_allowed(c->service, a, c->status, c->flags))
        return err_set(err, ERR_CONFLICT, "case", "%s",
                       N_("This cannot be done in the state that the case is in."));
    if (input->owes_filing && a->does == DOES_FILE)
        return err_set(err, ERR_NOT_ALLOWED, "fee", "%s",
                       N_("The fee is paid first, then the application is sent."));
    if (input->owes_result && a->moves && a->to == DECIDED_YES)
        return err_set(err, ERR_NOT_ALLOWED, "fee", "%s",
                       N_("A fee that is due before the result is not paid yet."));
    if (!right_hand(c, actor, a, err) || !rule_five(actor, a, needs, err))
        return false;
    if (a->after != NONE && case_deadline(cases->j, c, a->after, arena, &waiting) &&
        !deadline_passed(&waiting, now))
        return not_allowed(err, a, N_("The waiting time that the law sets has not ended."));
    if (actor->hand == HAND_APPLICANT && !in_time_for_appeal(cases->j, c, now))
        return not_allowed(err, a, N_("The time in which one can appeal has ended."));
    bool grants_by_machine = actor->hand == HAND_MACHINE && a->moves && a->to == DECIDED_YES;
    if (grants_by_machine && a->condition == NULL)
        return not_allowed(err, a, N_("A machine grants by a rule or not at all."));
    if (a->condition != NULL) {
        struct rule_value holds = rule_eval(a->condition, case_values(cases->j, c, input, arena), arena);
        if (!holds.known || !holds.yes)
            return not_allowed(err, a, N_("The rule for this is not known to hold."));
    }
    return has_persons(c, actor, a, *needs, err);
}

bool case_may(struct cases *cases, const struct case_file *c, const struct case_actor *actor, size_t action,
              const struct case_input *input, int64_t now, struct arena *arena, struct err *err)
{
    const struct service_action *a = &c->service->actions[action];
    unsigned needs = a->needs;
    return may_begin(cases, c, actor, a, input, now, arena, &needs, err) &&
           has_words(c->service, needs, input, err) &&
           signature_is_there(cases, c, actor, a, needs, input, arena, err) &&
           fields_are_right(cases->j, c, a, input, arena, err) &&
           (!case_completes(c, a) || input->answers == NULL ||
            completion_is_right(cases->j, c, input, arena, err));
}

bool case_may_begin(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                    size_t action, const struct case_input *input, int64_t now, struct arena *arena,
                    unsigned *ret_needs, struct err *err)
{
    const struct service_action *a = &c->service->actions[action];
    *ret_needs = a->needs;
    return may_begin(cases, c, actor, a, input, now, arena, ret_needs, err);
}

/* --- deadlines from the journal --- */

static bool runs_in(const struct service_timer *t, enum case_status status, unsigned flags)
{
    if (t->on_flag)
        return (flags >> t->on & 1) != 0;
    if (t->on == FILED) /* from filing until the case ends; a return does not stop it, a pause does */
        return status == FILED || status == RETURNED;
    return status == t->on;
}

bool case_deadline(const struct jurisdiction *j, const struct case_file *c, size_t timer, struct arena *arena,
                   struct deadline *ret)
{
    size_t since;
    return case_running(j, c, timer, arena, ret, &since);
}

bool case_running(const struct jurisdiction *j, const struct case_file *c, size_t timer, struct arena *arena,
                  struct deadline *ret, size_t *ret_since)
{
    const struct service_timer *t = &c->service->timers[timer];
    struct pause *pauses = arena_array(arena, struct pause, c->events_n + 1);
    size_t n = 0;
    int64_t start = 0;
    bool running = false, paused = false;
    for (size_t i = 0; i < c->events_n; i++) {
        const struct case_event *e = &c->events[i];
        bool runs = runs_in(t, e->status, e->flags), stops = (e->flags & t->pause_on) != 0;
        if (runs && !running)
            start = e->time, n = 0, paused = false, *ret_since = i;
        if (runs && stops && !paused)
            pauses[n++] = (struct pause){e->time, 0};
        if (runs && !stops && paused)
            pauses[n - 1].until = e->time;
        paused = runs && stops;
        running = runs;
    }
    if (!running)
        return false;
    const struct case_input none = {.signatures = -1, .position = -1};
    bool verified;
    struct term term =
        timer_term(c->service, t, c->channel, case_values(j, c, &none, arena), arena, &verified);
    deadline_count(j, t, term, start, pauses, n, ret);
    ret->verified = verified;
    return true;
}
