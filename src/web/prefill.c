/* SPDX-License-Identifier: Apache-2.0 */
/* prefill.c: what the state holds is not asked: each registry is read through the gate, as a look by the
 * person with its entry, when a draft begins. A registry that does not answer, or has no record, stands
 * against nothing: the question is asked instead, or the fact stays unknown and the office looks it up. */
#include "base/clock.h"
#include "base/say.h"
#include "people/mandate.h"
#include "people/number.h"
#include "web/services.h"
#include "web/web_private.h"

#define TOGETHER_DAYS 60 /* cases sent so lately belong to what is begun now */
#define CASES_READ 10
#define SPREAD_MAX 64

/* For whom a registry is read: the visitor's subject, or somebody whom the visitor's own mandate covers. */
struct about {
    const uint8_t *pid;
    struct str capacity, mandate;
    bool organisation;
    size_t field;                    /* facts about whom this field names; NONE: the applicant */
    const struct registry *registry; /* of several records there, only this one: the offer's */
    struct str record;
};

static struct about applicant(const struct page *p)
{
    const struct caller *c = &p->visitor->caller;
    return (struct about){.pid = subject_pid(p),
                          .capacity = c->capacity,
                          .mandate = c->acting ? c->mandate : STR(""),
                          .field = NONE};
}

/* The fields of the service that this registry holds about this person; their ids in the registry. */
static size_t fields_held(const struct service *s, const struct registry *r, size_t about,
                          struct str *ret_ids)
{
    size_t n = 0;
    for (size_t f = 0; f < s->fields_n; f++) {
        if (s->fields[f].registry != r || s->fields[f].about != about)
            continue;
        struct str id = r->fields[s->fields[f].registry_field].id;
        size_t k = 0;
        while (k < n && !str_eq(ret_ids[k], id))
            k++;
        if (k == n && n < VAULT_FIELDS_MAX)
            ret_ids[n++] = id;
    }
    return n;
}

/* Different values of several records stand on lines of their own. */
static struct str value_of(const struct gate_answer *answer, int field, const struct about *about,
                           struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, 65536);
    for (size_t r = 0; r < answer->records_n; r++) {
        struct str value = answer->records[r].value[field], rest = buf_view(&out), one;
        bool known = value.n == 0 || (about->registry == answer->registry &&
                                      !str_eq(answer->records[r].record, about->record));
        while (!known && str_next(&rest, '\n', &one))
            known = str_eq(one, value);
        if (known)
            continue;
        if (out.n != 0)
            buf_byte(&out, '\n');
        buf_str(&out, value);
    }
    return buf_view(&out);
}

static void take_values(const struct service *s, const struct gate_answer *answer, const struct about *about,
                        struct arena *arena, struct draft *draft)
{
    for (size_t f = 0; f < s->fields_n; f++) {
        const struct service_field *field = &s->fields[f];
        struct answer *a = &draft->answers[f];
        bool typed = a->given && !a->from_registry && a->text.n != 0;
        if (field->registry != answer->registry || field->about != about->field || typed)
            continue;
        struct str text = value_of(answer, field->registry_field, about, arena);
        *a = (struct answer){.given = text.n != 0, .from_registry = true, .text = text};
    }
}

static bool may_read(const struct page *p, const struct service *s, const struct registry *r,
                     const struct about *about)
{
    const struct caller *c = &p->visitor->caller;
    const struct purpose *purpose = own_purpose(r);
    bool other = about->mandate.n != 0;
    return purpose != NULL && r->organisations == about->organisation &&
           !(other && (r->protected_category || purpose->protected_category)) &&
           (!c->acting || scope_covers(c->scope, s->id));
}

/* False: nothing can be read now and the visitor was told. */
static bool read_one(struct page *p, const struct service *s, const struct registry *r,
                     const struct about *about, struct draft *draft, uint64_t *position)
{
    struct str ids[VAULT_FIELDS_MAX];
    struct gate_answer answer;
    struct err err;
    size_t n = fields_held(s, r, about->field, ids);
    if (n == 0)
        return true;
    if (!may_read(p, s, r, about)) {
        draft->unasked = about->field == NONE ? r->id : draft->unasked;
        return true;
    }
    const struct gate_request look = {.actor = p->visitor->caller.official.staff_code,
                                      .capacity = about->capacity,
                                      .mandate = about->mandate,
                                      .levels = p->visitor->caller.levels,
                                      .purpose = own_purpose(r)->id,
                                      .registry = r->id,
                                      .case_no = STR(""),
                                      .order = STR(""),
                                      .reason = STR(""),
                                      .fields = ids,
                                      .fields_n = n,
                                      .pid = about->pid};
    if (!gate_look(p->web->api.gate, web_db(p->request), &look, p->arena, &answer, &err)) {
        if (err.code == ERR_BUSY || err.code == ERR_STOPPED) { /* no trace, no data: nothing goes on */
            http_problem_err(p->request, p->response, &err);
            return false;
        }
        say_err(SAY_ALERT, &err);
        draft->unasked = r->id;
        return true;
    }
    *position = MAX_OF(*position, answer.position);
    if (answer.reason == GATE_ADMITTED)
        take_values(s, &answer, about, p->arena, draft);
    else
        draft->unasked = r->id;
    return true;
}

static bool read_all(struct page *p, const struct service *s, const struct about *about, struct draft *draft,
                     uint64_t *position)
{
    for (size_t r = 0; r < p->j->registries_n; r++)
        if (!read_one(p, s, &p->j->registries[r], about, draft, position))
            return false;
    return true;
}

/* --- about somebody else --- */

/* The visitor's own mandate for this person, if it covers the service. */
static bool mandate_for(struct page *p, const struct service *s, const struct person *person,
                        struct about *about, uint64_t *position, struct err *err)
{
    struct mandate *list;
    size_t n;
    const struct account account = account_of(&p->visitor->caller);
    if (!mandate_list(p->web->api.people, web_db(p->request), &account, true, p->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool holds;
        struct mandate m;
        if (memcmp(list[i].subject.pid, person->pid, PID_SIZE) != 0 || !scope_covers(list[i].scope, s->id))
            continue;
        if (!mandate_of(p->web->api.people, web_db(p->request), &account, str_of(list[i].id), clock_now(),
                        p->arena, &m, &holds, position, err))
            return false;
        if (!holds)
            continue;
        about->pid = list[i].subject.pid;
        about->capacity = str_of(capacity_facts[list[i].capacity].code);
        about->mandate = str_dup(p->arena, str_of(list[i].id));
        return true;
    }
    return true;
}

bool draft_read_about(struct page *p, const struct service *s, struct draft *draft, size_t field,
                      uint64_t *position)
{
    struct about about = {.pid = NULL, .field = field};
    struct person person;
    struct err err;
    uint64_t ended = 0;
    bool found, any = false;
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].about == field && s->fields[f].registry != NULL) {
            draft->answers[f] = (struct answer){0};
            any = true;
        }
    if (!any || s->fields[field].type != ANSWER_PERSON || draft->answers[field].text.n == 0)
        return true;
    if (!people_find(p->web->api.people, web_db(p->request), p->j->person_scheme, draft->answers[field].text,
                     &found, &person, &err)) {
        say_err(SAY_ALERT, &err);
        return true;
    }
    if (found && memcmp(person.pid, p->visitor->caller.person.pid, PID_SIZE) == 0) {
        about.pid = p->visitor->caller.person.pid;
        about.capacity = STR("self");
    } else if (found && !p->visitor->caller.acting && !mandate_for(p, s, &person, &about, &ended, &err)) {
        say_err(SAY_ALERT, &err);
    }
    *position = MAX_OF(*position, ended);
    return about.pid == NULL || read_all(p, s, &about, draft, position);
}

/* --- what was answered elsewhere --- */

/* One question in two services: the same id, type and options, held by the same registry or by none. What one
 * agrees to, sends or books is of its own service. */
static bool same_question(const struct service_field *a, const struct service_field *b)
{
    bool same = str_eq(a->id, b->id) && a->type == b->type && a->registry == b->registry &&
                (a->registry == NULL || a->registry_field == b->registry_field) &&
                a->options_n == b->options_n && a->type != ANSWER_FILE && a->type != ANSWER_CONSENT &&
                a->type != ANSWER_SLOT;
    for (size_t i = 0; same && i < a->options_n; i++)
        same = str_eq(a->options[i].id, b->options[i].id);
    return same;
}

static bool belong_together(const struct service *s, const struct service *other)
{
    for (size_t a = 0; a < s->life_events_n; a++)
        for (size_t b = 0; b < other->life_events_n; b++)
            if (s->life_events[a] == other->life_events[b])
                return true;
    return false;
}

static bool was_typed(const struct answer *a)
{
    return a->given && !a->from_registry && a->text.n != 0;
}

static bool lacks(const struct answer *a)
{
    return !a->given || a->text.n == 0;
}

/* Facts go along, words do not: what is said of one matter is not said of another. */
static bool goes_along(const struct service_field *field)
{
    return field->type != ANSWER_TEXT || field->iban;
}

/* `whole`: also the words, for the one goes on with the matter of the other. */
static void take_answers(const struct service *s, const struct service *other, const struct answer *from,
                         bool whole, struct draft *draft)
{
    for (size_t f = 0; f < s->fields_n; f++) {
        size_t k = service_field(other, s->fields[f].id);
        if (k != NONE && lacks(&draft->answers[f]) && was_typed(&from[k]) &&
            same_question(&s->fields[f], &other->fields[k]) && (whole || goes_along(&s->fields[f])))
            draft->answers[f] = (struct answer){true, false, from[k].text};
    }
}

/* Another draft of the same life event. */
static bool take_from_drafts(struct page *p, const struct service *s, struct draft *draft, struct err *err)
{
    struct draft_listed *list;
    size_t n;
    if (!draft_list(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct service *other = list[i].service;
        struct draft from;
        bool found;
        if (other == s || !belong_together(s, other) || !service_covered(p, other))
            continue;
        if (!draft_read(p->web->cases, web_db(p->request), other, subject_pid(p), p->arena, &from, &found,
                        err))
            return false;
        if (found)
            take_answers(s, other, from.answers, false, draft);
    }
    return true;
}

/* A case of the same life event that was sent lately, or the one that the offer came from. */
static bool take_from_cases(struct page *p, const struct service *s, const struct offer *offer,
                            struct draft *draft, struct err *err)
{
    struct case_mine *list;
    size_t n;
    if (!case_of_person(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, err))
        return false;
    for (size_t i = 0, read = 0; i < n && read < CASES_READ; i++) {
        struct case_file c;
        bool from_offer = offer != NULL && str_is(offer->case_no, list[i].number);
        if (!from_offer && list[i].day < page_today(p) - TOGETHER_DAYS)
            continue;
        if (!case_read(p->web->cases, web_db(p->request), str_of(list[i].number), p->arena, &c, err))
            return false;
        read++;
        if ((from_offer || belong_together(s, c.service)) && service_covered(p, c.service) &&
            !str_eq(c.service->id, s->id))
            take_answers(s, c.service, c.answers, from_offer, draft);
    }
    return true;
}

static bool told_of(struct page *p, const struct err *err)
{
    http_problem_err(p->request, p->response, err);
    return false;
}

/* The answers that this other draft lacks; and what is held about whom they name. False: answered. */
static bool spread_into(struct page *p, const struct service *s, const size_t *fields, size_t fields_n,
                        const struct answer *answers, const struct service *other, uint64_t *position)
{
    struct draft draft;
    struct err err;
    size_t to[SPREAD_MAX], n = 0;
    bool found;
    if (!draft_read(p->web->cases, web_db(p->request), other, subject_pid(p), p->arena, &draft, &found, &err))
        return told_of(p, &err);
    for (size_t i = 0; found && i < fields_n && n < SPREAD_MAX; i++) {
        size_t k = service_field(other, s->fields[fields[i]].id);
        if (k == NONE || !lacks(&draft.answers[k]) || !was_typed(&answers[fields[i]]) ||
            !same_question(&other->fields[k], &s->fields[fields[i]]) || !goes_along(&other->fields[k]))
            continue;
        draft.answers[k] = (struct answer){true, false, answers[fields[i]].text};
        to[n++] = k;
    }
    for (size_t i = 0; i < n; i++)
        if (!draft_read_about(p, other, &draft, to[i], position))
            return false;
    if (n == 0 ||
        draft_write(p->web->cases, web_db(p->request), other, subject_pid(p), &draft, clock_now(), p->arena,
                    &err) ||
        err.code == ERR_CONFLICT) /* changed on another device at this moment: there it is asked */
        return true;
    return told_of(p, &err);
}

bool answers_spread(struct page *p, const struct service *s, const size_t *fields, size_t fields_n,
                    const struct answer *answers, uint64_t *position)
{
    struct draft_listed *list;
    struct err err;
    size_t n;
    if (s->life_events_n == 0)
        return true;
    if (!draft_list(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, &err))
        return told_of(p, &err);
    for (size_t i = 0; i < n; i++)
        if (list[i].service != s && belong_together(s, list[i].service) &&
            service_covered(p, list[i].service) &&
            !spread_into(p, s, fields, fields_n, answers, list[i].service, position))
            return false;
    return true;
}

/* --- beginning --- */

static bool begin(struct page *p, const struct service *s, const struct offer *offer, uint64_t *ret_position)
{
    struct about about = applicant(p);
    struct draft draft;
    struct err err;
    bool found;
    int32_t today = page_today(p);
    *ret_position = 0;
    about.organisation = subject_is_organisation(p);
    if (!draft_read(p->web->cases, web_db(p->request), s, subject_pid(p), p->arena, &draft, &found, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (found && draft.looked == today && offer == NULL)
        return true;
    about.registry = offer != NULL ? offer->registry : NULL;
    about.record = offer != NULL ? offer->record : STR("");
    if ((!found || offer != NULL) &&
        (!take_from_drafts(p, s, &draft, &err) || !take_from_cases(p, s, offer, &draft, &err))) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    draft.unasked = STR("");
    draft.looked = today;
    draft.begun = found ? draft.begun : clock_now();
    if (!read_all(p, s, &about, &draft, ret_position))
        return false;
    for (size_t f = 0; f < s->fields_n; f++)
        if (!draft_read_about(p, s, &draft, f, ret_position))
            return false;
    if (draft_write(p->web->cases, web_db(p->request), s, subject_pid(p), &draft, clock_now(), p->arena,
                    &err) ||
        err.code == ERR_CONFLICT) /* begun on another device at the same moment */
        return true;
    http_problem_err(p->request, p->response, &err);
    return false;
}

bool draft_begin(struct page *p, const struct service *s, uint64_t *ret_position)
{
    return begin(p, s, NULL, ret_position);
}

bool draft_begin_offered(struct page *p, const struct offer *offer, uint64_t *ret_position)
{
    return begin(p, offer->service, offer, ret_position);
}
