/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_cases.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "web/demo.h"

#define PEOPLE_A_CASE 4
#define CASES_MAX 5000
#define FEWEST 12 /* so that a small demonstration has something too */
#define STEPS_MAX 10
#define QUESTIONS_MAX 200
#define MINUTE (60 * CLOCK_SECOND)
#define RECENT_DAYS 25
#define APPEAL_DAYS 60 /* an appeal that waits for its answer is no older */
#define LONG_DAYS 100  /* the first person's that were appealed or made void begin so long ago */
#define WAIT_EVERY 64  /* cases between two waits for the log */

struct maker {
    struct instance *in;
    const struct jurisdiction *j;
    const struct demo_known *known;
    size_t known_n;
    demo_draw_fn *draw;
    void *arg;
    int64_t now;
    struct arena arena; /* of one case */
    uint64_t position;
    uint64_t made;
};

static uint64_t draw(struct maker *m, uint64_t below)
{
    return m->draw(m->arg, below);
}

static bool chance(struct maker *m, unsigned percent)
{
    return draw(m, 100) < percent;
}

/* --- answers --- */

static struct str pattern_of(struct maker *m, struct str key, bool *ret_found)
{
    const struct demo_answer *answer = demo_answer_of(m->j, key);
    struct str value;
    *ret_found = answer != NULL && demo_value(m->j, answer->patterns[draw(m, answer->n)], draw(m, 2) == 0,
                                              m->draw, m->arg, &m->arena, &value);
    return *ret_found ? value : STR("");
}

static struct str words(struct maker *m, const char *key)
{
    bool found;
    struct str value = pattern_of(m, str_of(key), &found);
    return found ? value : STR("- - - - - - - - - - -");
}

static struct str date_text(struct maker *m, int32_t day)
{
    struct date date = date_of_days(day);
    return str_of(arena_printf(&m->arena, "%04d-%02d-%02d", date.year, date.month, date.day));
}

static int32_t working_day_from(const struct jurisdiction *j, int32_t day)
{
    while (!jurisdiction_working_day(j, day))
        day++;
    return day;
}

static struct str draw_slot(struct maker *m, const struct service_slots *slots, int32_t day)
{
    unsigned n = (slots->to - slots->from) / slots->minutes;
    int32_t at = working_day_from(m->j, day + 1 + (int32_t)draw(m, 10));
    while ((slots->days >> (date_weekday(at) - 1) & 1) == 0 || !jurisdiction_working_day(m->j, at))
        at++;
    unsigned minute = slots->from + (unsigned)draw(m, n ? n : 1) * slots->minutes;
    struct str date = date_text(m, at);
    return str_of(arena_printf(&m->arena, "%.*s %02u:%02u", STR_ARG(date), minute / 60, minute % 60));
}

static struct str draw_number(struct maker *m, const struct service_field *f)
{
    bool found;
    struct str value = pattern_of(m, f->id, &found);
    uint64_t span = f->max > f->min ? MIN_OF(f->max - f->min, UINT64_C(200)) : 40;
    if (found)
        return value;
    uint64_t number = f->min + draw(m, span + 1);
    return str_of(arena_printf(&m->arena, "%llu", (unsigned long long)number));
}

/* What this person types into the field; empty: nothing can be drawn for it. */
static struct str typed(struct maker *m, const struct service_field *f, int32_t day)
{
    bool found;
    struct str value;
    switch (f->type) {
    case ANSWER_PERSON: return m->known[draw(m, m->known_n)].number;
    case ANSWER_CHOICE:
    case ANSWER_CHOICES: return f->options[draw(m, f->options_n)].id;
    case ANSWER_CONSENT: return STR("yes");
    case ANSWER_DATE: return date_text(m, day - 1 - (int32_t)draw(m, 20));
    case ANSWER_SLOT: return draw_slot(m, f->slots, day);
    case ANSWER_NUMBER: return draw_number(m, f);
    case ANSWER_FILE:
    case ANSWER_ORGANISATION: return STR("");
    default: break;
    }
    value = pattern_of(m, f->id, &found);
    return found ? value : pattern_of(m, str_of(answer_type_name(f->type)), &found);
}

static const struct demo_known *person_of_number(const struct maker *m, struct str number)
{
    for (size_t i = 0; i < m->known_n; i++)
        if (str_eq(m->known[i].number, number))
            return &m->known[i];
    return NULL;
}

/* From the registry, as the person has it there; now and then a registry does not answer, and the case waits
 * for an official. A record that is lacking is asked for, where there is a page for it. */
static void held(struct maker *m, const struct service *s, size_t f, const struct demo_known *who,
                 struct answer *answers)
{
    const struct service_field *field = &s->fields[f];
    const struct str *values = who ? who->values[field->registry - m->j->registries] : NULL;
    struct str value = values ? values[field->registry_field] : STR("");
    if (value.n != 0)
        answers[f] = (struct answer){true, true, value};
    else
        answers[f] = (struct answer){false, true, STR("")};
    if (field->page == NONE && chance(m, 3))
        answers[f] = (struct answer){0};
}

static void hold_all(struct maker *m, const struct service *s, const struct demo_known *applicant,
                     struct answer *answers, bool about_others)
{
    for (size_t f = 0; f < s->fields_n; f++) {
        const struct service_field *field = &s->fields[f];
        if (field->registry == NULL || (field->about != NONE) != about_others)
            continue;
        held(m, s, f, field->about == NONE ? applicant : person_of_number(m, answers[field->about].text),
             answers);
    }
}

/* As of a log-in by button. */
static struct str demo_levels(struct maker *m)
{
    char *text = arena_take(&m->arena, LEVELS_TEXT_SIZE, 1);
    levels_demo_text(m->in->jurisdiction->demo.level, text);
    return str_of(text);
}

static bool ask_page(struct maker *m, const struct service *s, size_t page, int32_t day,
                     const struct rule_value *values, struct answer *answers)
{
    for (size_t i = 0; i < s->pages[page].fields_n; i++) {
        size_t f = s->pages[page].fields[i];
        const struct service_field *field = &s->fields[f];
        struct err why;
        struct str right;
        if (answers[f].given)
            continue;
        bool needed = journey_required(s, f, values, &m->arena);
        struct str text = needed || chance(m, 60) ? typed(m, field, day) : STR("");
        if (field->co_signs || (text.n == 0 && needed))
            return false;
        if (text.n != 0 && !answer_check(m->j, field, text, &m->arena, &right, &why))
            return false;
        answers[f] = (struct answer){true, false, text.n ? right : text};
    }
    return true;
}

/* False: this service asks for something that cannot be drawn. */
static bool draw_answers(struct maker *m, const struct service *s, const struct demo_known *applicant,
                         int32_t day, enum channel channel, struct answer *answers)
{
    hold_all(m, s, applicant, answers, false);
    for (int i = 0; i < QUESTIONS_MAX; i++) {
        struct rule_value *values = journey_values(m->j, s, day, channel, answers, &m->arena);
        size_t page = journey_next(s, answers, values, &m->arena);
        if (page == s->pages_n) {
            hold_all(m, s, applicant, answers, true);
            values = journey_values(m->j, s, day, channel, answers, &m->arena);
            page = journey_next(s, answers, values, &m->arena);
            if (page == s->pages_n)
                return true;
        }
        if (!ask_page(m, s, page, day, values, answers))
            return false;
    }
    return false;
}

/* --- moments --- */

/* In the office's hours of a working day, not before `at`. */
static int64_t office_moment(struct maker *m, int64_t at)
{
    unsigned from = m->j->office_to ? m->j->office_from : 9 * 60,
             to = m->j->office_to ? m->j->office_to : 18 * 60;
    int32_t day = working_day_from(m->j, local_day(m->j, at));
    int64_t open = local_midnight(m->j, day) + from * MINUTE, close = local_midnight(m->j, day) + to * MINUTE;
    if (at >= close)
        return office_moment(m, local_midnight(m->j, day + 1));
    int64_t start = MAX_OF(at, open);
    return start + (int64_t)draw(m, (uint64_t)((close - start) / MINUTE) + 1) * MINUTE / 2 + MINUTE;
}

static enum channel draw_channel(struct maker *m, const struct service *s)
{
    static const enum channel often[] = {BY_WEB,     BY_WEB,     BY_WEB, BY_WEB,   BY_WEB,
                                         BY_COUNTER, BY_COUNTER, BY_SMS, BY_POINT, BY_PAPER};
    for (int i = 0; i < 20; i++) {
        enum channel channel = often[draw(m, ARRAY_LEN(often))];
        if (s->channels >> channel & 1)
            return channel;
    }
    return BY_COUNTER;
}

/* --- one case worked on --- */

struct course {
    const struct demo_known *applicant;
    enum demo_end end;
    bool returned; /* has been, once */
    bool late;
    struct str number;
    int64_t at; /* of the next step */
};

static const char *staff_of(struct maker *m, const struct office *office, int n)
{
    return arena_printf(&m->arena, "%.*s-%.*s-%02d", STR_ARG(office->agency->id), STR_ARG(office->id), n);
}

static bool sets_forward(const struct case_file *c, const struct service_action *a)
{
    return !a->moves && (a->sets & ~c->flags) != 0 && a->does != DOES_OFFER_HEARING &&
           a->does != DOES_HOLD_HEARING;
}

static bool is_appealed(enum demo_end end)
{
    return end == DEMO_APPEALED || end == DEMO_OVERTURNED || end == DEMO_UPHELD;
}

/* After a refusal that is appealed: the appeal, then its answer. */
static int worth_on_appeal(const struct course *course, const struct service_action *a)
{
    if ((a->who & BY_APPLICANT) != 0)
        return a->sets != 0 ? 9 : 0;
    bool answers = (a->who & BY_OFFICIAL) != 0 && a->with != 0;
    bool grants = a->moves && a->to == DECIDED_YES;
    return answers && course->end != DEMO_APPEALED && grants == (course->end == DEMO_OVERTURNED) ? 9 : 0;
}

/* After a grant that is made void: the proposal, the hearing, the decision. */
static int worth_for_void(const struct service_action *a)
{
    if ((a->who & BY_OFFICIAL) != 0 && a->moves && a->to == VOID)
        return 9;
    return a->does == DOES_HOLD_HEARING                                   ? 7
           : (a->who & BY_OFFICIAL) != 0 && a->does == DOES_OFFER_HEARING ? 5
                                                                          : 0;
}

/* How well an action leads to the end; 0: not at all. */
static int worth(const struct case_file *c, const struct course *course, const struct service_action *a)
{
    bool official = (a->who & BY_OFFICIAL) != 0, applicant = (a->who & BY_APPLICANT) != 0;
    bool wants_return = course->end == DEMO_RETURNED && !course->returned;
    if (c->status == RETURNED)
        return applicant && a->moves && a->to == FILED ? 9 : 0;
    if (c->status == DECIDED_NO)
        return is_appealed(course->end) ? worth_on_appeal(course, a) : 0;
    if (c->status == DECIDED_YES)
        return course->end == DEMO_VOID ? worth_for_void(a) : 0;
    if (course->end == DEMO_WITHDRAWN)
        return applicant && a->moves && a->to == WITHDRAWN ? 9 : 0;
    if (wants_return)
        return official && a->moves && a->to == RETURNED ? 9 : 0;
    if (course->end == DEMO_REFUSED || course->end == DEMO_HEARING || is_appealed(course->end)) {
        if (official && a->moves && a->to == DECIDED_NO)
            return 9;
        if (a->does == DOES_HOLD_HEARING)
            return 7;
        if (official && a->does == DOES_OFFER_HEARING)
            return 5;
        return official && sets_forward(c, a) ? 3 : 0;
    }
    if (official && a->moves && a->to == DECIDED_YES)
        return 9;
    return official && sets_forward(c, a) ? 3 : 0;
}

static bool draw_action_answers(struct maker *m, const struct service *s, const struct service_action *a,
                                int64_t at, struct case_input *input)
{
    struct answer *answers = arena_array(&m->arena, struct answer, s->fields_n + 1);
    for (size_t i = 0; i < a->fields_n; i++) {
        const struct service_field *field = &s->fields[a->fields[i]];
        struct str text = typed(m, field, local_day(m->j, at) + (field->type == ANSWER_DATE ? 25 : 0));
        if (text.n == 0 && !field->optional)
            return false;
        answers[a->fields[i]] = (struct answer){true, false, text};
    }
    input->answers = answers;
    return true;
}

/* What a return asks for: now and then something that the registry holds, which is not allowed. */
static struct str draw_asked(struct maker *m, const struct service *s)
{
    bool unlawful = chance(m, 30);
    for (int i = 0; i < 20 && s->fields_n != 0; i++) {
        const struct service_field *f = &s->fields[draw(m, s->fields_n)];
        if (f->page != NONE && (f->registry != NULL) == unlawful)
            return f->id;
    }
    return STR("");
}

static bool try_action(struct maker *m, const struct case_file *c, const struct course *course, size_t action,
                       struct case_actor *ret_actor, struct case_input *input)
{
    const struct service *s = c->service;
    const struct service_action *a = &s->actions[action];
    struct err why;
    *input = (struct case_input){.reason = words(m, "reason"),
                                 .article = words(m, "article"),
                                 .minutes = words(m, "minutes"),
                                 .ground = s->grounds_n ? s->grounds[draw(m, s->grounds_n)].id : STR(""),
                                 .paid = true,
                                 .signatures = -1,
                                 .position = -1};
    if (a->moves && a->to == RETURNED)
        input->asked = draw_asked(m, s);
    if (!draw_action_answers(m, s, a, course->at, input))
        return false;
    if (a->who & BY_APPLICANT) {
        *ret_actor = (struct case_actor){
            .hand = HAND_APPLICANT, .pid = course->applicant->pid, .levels = demo_levels(m)};
        return case_may(m->in->cases, c, ret_actor, action, input, course->at, &m->arena, &why);
    }
    for (int n = 1; a->office != NULL && n <= 2; n++) {
        *ret_actor = (struct case_actor){.hand = HAND_OFFICIAL,
                                         .office = a->office,
                                         .staff = str_of(staff_of(m, a->office, n)),
                                         .levels = demo_levels(m)};
        if (case_may(m->in->cases, c, ret_actor, action, input, course->at, &m->arena, &why))
            return true;
    }
    return false;
}

/* The next step towards the end; `*ret_done` false: there is none, the case stays as it is. */
static bool do_next(struct maker *m, const struct case_file *c, struct course *course, bool *ret_done,
                    struct err *err)
{
    struct case_actor actor, best_actor;
    struct case_input input, best_input;
    size_t best = NONE;
    int most = 0;
    *ret_done = false;
    for (size_t a = 0; a < c->service->actions_n; a++) {
        int value = worth(c, course, &c->service->actions[a]);
        if (value > most && try_action(m, c, course, a, &actor, &input))
            best = a, most = value, best_actor = actor, best_input = input;
    }
    if (best == NONE)
        return true;
    const struct service_action *a = &c->service->actions[best];
    if (!case_act(m->in->cases, m->in->db, course->number, &best_actor, a->id, &best_input, course->at,
                  &m->arena, &m->position, err))
        return err->code == ERR_CONFLICT || err->code == ERR_INVALID || err->code == ERR_NOT_ALLOWED;
    course->returned |= a->moves && a->to == RETURNED;
    *ret_done = true;
    return true;
}

static bool status_is_decided(enum case_status status)
{
    return status == DECIDED_YES || status == DECIDED_NO;
}

static bool stands_as_wished(const struct case_file *c, const struct course *course)
{
    const struct case_event *last = &c->events[c->events_n - 1];
    size_t a = service_action(c->service, last->action);
    bool offered = a != NONE && c->service->actions[a].does == DOES_OFFER_HEARING;
    bool rests = a == NONE || c->service->actions[a].moves; /* since the decision nothing was raised */
    if (course->end == DEMO_VOID && c->status == DECIDED_YES)
        return false;
    if (is_appealed(course->end) && c->status == DECIDED_NO)
        return !rests && (course->end == DEMO_APPEALED || last->hand == HAND_OFFICIAL);
    return c->status >= DECIDED_YES || (course->end == DEMO_HEARING && offered);
}

/* How long the office thinks about it: mostly a part of the term, sometimes more than all of it. */
static int64_t thinking_time(struct maker *m, const struct case_file *c, const struct course *course)
{
    struct deadline d;
    size_t decision = service_timer(c->service, STR("decision"));
    int64_t last = c->events[c->events_n - 1].time;
    bool runs = decision != NONE && case_deadline(m->j, c, decision, &m->arena, &d) && d.due > last;
    int64_t term = runs ? d.due - last : 5 * CLOCK_DAY;
    if (status_is_decided(c->status))
        return (int64_t)(2 + draw(m, c->events[c->events_n - 1].hand == HAND_APPLICANT ? 10 : 25)) *
               CLOCK_DAY;
    if (course->late)
        return term + (int64_t)(1 + draw(m, 15)) * CLOCK_DAY;
    if (c->status == RETURNED)
        return (int64_t)(1 + draw(m, 9)) * CLOCK_DAY;
    return term / 100 * (int64_t)(5 + draw(m, 60));
}

/* Steps until the end that was chosen, or until today. `upto`: the end is one that stays open. */
static bool work(struct maker *m, struct course *course, bool stays_returned, struct err *err)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        struct case_file c;
        size_t turned;
        bool done;
        if (!case_read(m->in->cases, m->in->db, course->number, &m->arena, &c, err))
            return false;
        if (stands_as_wished(&c, course) || course->end == DEMO_OPEN || (stays_returned && course->returned))
            return true;
        course->at = office_moment(m, c.events[c.events_n - 1].time + thinking_time(m, &c, course));
        if (course->at >= m->now)
            return true;
        if (course->late && !cases_turn(m->in->cases, m->in->db, course->at - MINUTE, 4, &turned, err))
            return false;
        if (course->late && !case_read(m->in->cases, m->in->db, course->number, &m->arena, &c, err))
            return false;
        course->late = false;
        if (!do_next(m, &c, course, &done, err))
            return false;
        if (!done && course->end != DEMO_GRANTED)
            course->end = DEMO_GRANTED; /* not to be had here */
        else if (!done)
            return true;
        if (course->returned && course->end == DEMO_RETURNED && !stays_returned)
            course->end = chance(m, 80) ? DEMO_GRANTED : DEMO_REFUSED;
    }
    return true;
}

/* --- bookings --- */

/* The moment of the slot that was booked; 0: none, as of a visit at home. */
static int64_t booked_for(const struct maker *m, const struct case_file *c)
{
    for (size_t f = 0; f < c->service->fields_n; f++) {
        struct str slot = c->answers[f].text;
        struct date date;
        if (c->service->fields[f].type == ANSWER_SLOT && slot.n == 16 &&
            date_parse((struct str){slot.p, 10}, &date))
            return local_midnight(m->j, date_days(date)) +
                   (((slot.p[11] - '0') * 10 + slot.p[12] - '0') * 60 + (slot.p[14] - '0') * 10 + slot.p[15] -
                    '0') *
                       MINUTE;
    }
    return 0;
}

/* Whoever had a time that is past was seen, and the office says so. */
static bool serve_booked(struct maker *m, struct course *course, struct err *err)
{
    struct case_file c;
    struct case_actor actor;
    struct case_input input;
    if (course->end != DEMO_GRANTED)
        return true;
    if (!case_read(m->in->cases, m->in->db, course->number, &m->arena, &c, err))
        return false;
    int64_t slot = booked_for(m, &c), last = c.events[c.events_n - 1].time;
    if (c.status != DECIDED_YES)
        return true;
    course->at = slot > last ? slot + 20 * MINUTE : office_moment(m, last + CLOCK_DAY);
    for (size_t i = 0; i < c.service->actions_n && course->at < m->now; i++) {
        const struct service_action *a = &c.service->actions[i];
        if ((a->who & BY_OFFICIAL) != 0 && !a->moves && (a->clears & a->with) != 0 &&
            try_action(m, &c, course, i, &actor, &input))
            return case_act(m->in->cases, m->in->db, course->number, &actor, a->id, &input, course->at,
                            &m->arena, &m->position, err);
    }
    return true;
}

/* --- filing --- */

static bool try_file(struct maker *m, const struct service *s, struct course *course, bool *ret_filed,
                     struct err *err)
{
    struct answer *answers = arena_array(&m->arena, struct answer, s->fields_n + 1);
    enum channel channel = draw_channel(m, s);
    char *number = arena_take(&m->arena, CASE_NO_SIZE, 1);
    int32_t day = local_day(m->j, course->at);
    struct err why;
    *ret_filed = false;
    if (!s->persons || day < s->valid_from || !service_open_on(s, day) || course->at >= m->now ||
        !draw_answers(m, s, course->applicant, day, channel, answers))
        return true;
    if (case_file(m->in->cases, m->in->db, s, course->applicant->pid, channel, answers, course->at,
                  demo_levels(m), &m->arena, number, &m->position, &why)) {
        course->number = str_of(number);
        *ret_filed = true;
        return true;
    }
    *err = why;
    return why.code == ERR_CONFLICT || why.code == ERR_INVALID || why.code == ERR_NOT_ALLOWED;
}

static int64_t draw_filing(struct maker *m, const struct service *s)
{
    int32_t today = local_day(m->j, m->now);
    int32_t from = chance(m, 15) ? today - RECENT_DAYS : s->valid_from;
    int32_t day = from + (int32_t)draw(m, (uint64_t)MAX_OF(today - from, 0) + 1);
    return local_midnight(m->j, day) + (8 * 60 + (int64_t)draw(m, 13 * 60)) * MINUTE;
}

static enum demo_end draw_end(struct maker *m, int64_t filed)
{
    uint64_t n = draw(m, 100);
    bool recent = m->now - filed < APPEAL_DAYS * CLOCK_DAY;
    return n < 58   ? DEMO_GRANTED
           : n < 59 ? DEMO_VOID
           : n < 70 ? DEMO_REFUSED
           : n < 78 ? (recent ? DEMO_APPEALED : DEMO_OVERTURNED)
           : n < 84 ? (recent ? DEMO_APPEALED : DEMO_UPHELD)
           : n < 95 ? DEMO_RETURNED
           : n < 98 ? DEMO_WITHDRAWN
                    : (recent ? DEMO_HEARING : DEMO_REFUSED);
}

static bool make_one(struct maker *m, const struct service *s, struct err *err)
{
    /* Not whom one can log in as: what they have is what demo.yaml says. */
    size_t first = m->known_n > DEMO_PERSONS ? DEMO_PERSONS : 1;
    struct course course = {.applicant = &m->known[first + draw(m, m->known_n - first)],
                            .late = chance(m, 12),
                            .at = draw_filing(m, s)};
    course.end = draw_end(m, course.at);
    bool filed, recent = m->now - course.at < RECENT_DAYS * CLOCK_DAY;
    if (!try_file(m, s, &course, &filed, err))
        return false;
    m->made += filed;
    if (recent && chance(m, 12)) /* lies there: some of it past its term */
        course.end = DEMO_OPEN;
    return !filed || (work(m, &course, recent && chance(m, 50), err) && serve_booked(m, &course, err));
}

/* The first person's: as demo.yaml says, a few days old, or as old as an appeal takes. */
static bool make_own(struct maker *m, const struct demo_own *own, struct err *err)
{
    bool is_long = is_appealed(own->end) || own->end == DEMO_VOID;
    for (int tries = 0; tries < 5; tries++) {
        int64_t days = (is_long ? LONG_DAYS : 4) + (int64_t)draw(m, 4);
        struct course course = {
            .applicant = &m->known[0], .end = own->end, .at = office_moment(m, m->now - days * CLOCK_DAY)};
        bool filed;
        if (!try_file(m, own->service, &course, &filed, err))
            return false;
        m->made += filed;
        if (filed)
            return work(m, &course, true, err);
    }
    return true;
}

static bool make_all(struct maker *m, uint64_t cases, struct err *err)
{
    const struct demo_plan *plan = &m->j->demo;
    for (size_t i = 0; i < plan->own_n; i++)
        if (!make_own(m, &plan->own[i], err))
            return false;
    for (uint64_t i = 0; i < cases && m->j->services_n != 0 && m->known_n > 1; i++) {
        bool busy = plan->busy_n != 0 && chance(m, 85);
        const struct service *s =
            busy ? plan->busy[draw(m, plan->busy_n)] : &m->j->services[draw(m, m->j->services_n)];
        if (!make_one(m, s, err) || (i % WAIT_EVERY == 0 && !ledger_wait(m->in->ledger, m->position, err)))
            return false;
        arena_reset(&m->arena);
        say_progress("cases", i + 1, cases);
    }
    return ledger_wait(m->in->ledger, m->position, err);
}

/* A demonstration that is cut short is made anew, so it need not wait for the disk at each step: SQLite syncs
 * once, at the end. */
static bool hurry(struct db *db, bool on, struct err *err)
{
    if (db_is_postgres(db))
        return true;
    return on ? db_exec(db, "PRAGMA synchronous = OFF", err)
              : db_exec(db, "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)", err);
}

bool demo_cases_make(struct instance *in, const struct demo_known *known, size_t known_n, uint64_t people,
                     demo_draw_fn *draw_fn, void *arg, struct err *err)
{
    struct maker m = {.in = in,
                      .j = in->jurisdiction,
                      .known = known,
                      .known_n = known_n,
                      .draw = draw_fn,
                      .arg = arg,
                      .now = clock_now()};
    uint64_t cases = MAX_OF(MIN_OF(people / PEOPLE_A_CASE, (uint64_t)CASES_MAX), (uint64_t)FEWEST);
    if (known_n == 0)
        return true;
    arena_init(&m.arena, (size_t)1 << 20, (size_t)256 << 20);
    bool ok = hurry(in->db, true, err) && make_all(&m, cases, err) && hurry(in->db, false, err);
    arena_done(&m.arena);
    if (ok)
        say(SAY_INFO, "%llu cases made", (unsigned long long)m.made);
    return ok;
}
