/* SPDX-License-Identifier: Apache-2.0 */
/* service_lint.c: what a service must not do, whatever its graph: rules 4 and 5, once-only, texts that fit.
 */
#include <stdarg.h>
#include <stdio.h>

#include "jurisdiction/service_private.h"

#define SMS_MAX 70
#define USSD_MAX 80

static void wrong_in(struct service_reader *sr, struct place_in_file place, const char *remedy,
                     const char *format, ...) PRINTF_LIKE(4, 5);
static void wrong_in(struct service_reader *sr, struct place_in_file place, const char *remedy,
                     const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct yaml at = {.line = place.line, .column = 1};
    struct part part = {&at, place.file};
    wrong_at(sr, &part, NULL, remedy, "%s", text);
}

/* --- fields --- */

/* A registry that the provider may look into holds a field of this name. */
static const struct registry *held_by_the_state(struct service_reader *sr, struct str id)
{
    const struct jurisdiction *j = sr->l->j;
    for (size_t g = 0; g < j->registries_n; g++) {
        int index = registry_field(&j->registries[g], id);
        for (size_t k = 0; index >= 0 && k < j->registries[g].lookups_n; k++)
            if ((j->registries[g].lookups[k].fields >> index & 1) != 0 &&
                office_may(sr->s->provider, j->registries[g].lookups[k].purpose))
                return &j->registries[g];
    }
    return NULL;
}

static bool asked_in_action(const struct service *s, size_t field)
{
    for (size_t a = 0; a < s->actions_n; a++)
        for (size_t k = 0; k < s->actions[a].fields_n; k++)
            if (s->actions[a].fields[k] == field)
                return true;
    return false;
}

static void lint_fields(struct service_reader *sr)
{
    const struct service *s = sr->s;
    for (size_t i = 0; i < s->fields_n; i++) {
        const struct service_field *f = &s->fields[i];
        const struct registry *held =
            f->registry == NULL && f->page != NONE ? held_by_the_state(sr, f->id) : NULL;
        if (held != NULL)
            wrong_in(sr, f->place, "Take it 'from' there; if another thing is meant, give it another id.",
                     "'%.*s' is asked though the state holds it: %.*s.%.*s", STR_ARG(f->id),
                     STR_ARG(held->id), STR_ARG(f->id));
        if (f->registry == NULL && f->page == NONE && !asked_in_action(s, i))
            wrong_in(sr, f->place, "Put it on a page or into an action, or take it out.",
                     "'%.*s' is never asked", STR_ARG(f->id));
        bool typed = f->page != NONE && f->registry == NULL;
        if (typed && !f->optional && f->type == ANSWER_FILE &&
            (s->channels & (1u << BY_SMS | 1u << BY_USSD)) != 0)
            wrong_in(sr, f->place, "Take sms and ussd out of 'channels', or make the file optional.",
                     "a phone without internet cannot send '%.*s'", STR_ARG(f->id));
        if (typed && f->class == FIELD_SENSITIVE && texts_empty(&f->why))
            wrong_in(sr, f->place, "Add 'why'.",
                     "'%.*s' is sensitive and the person is not told why it is asked", STR_ARG(f->id));
    }
}

static void lint_lookups(struct service_reader *sr)
{
    const struct jurisdiction *j = sr->l->j;
    const struct yaml *lookups = yaml_member(sr->yaml, "lookups");
    for (size_t i = 0; lookups != NULL && i < lookups->n; i++) {
        struct part part = {lookups->member[i], sr->s->path};
        const struct registry *registry = jurisdiction_registry(j, yaml_text_of(part.yaml, "registry"));
        const struct purpose *purpose = jurisdiction_purpose(j, yaml_text_of(part.yaml, "purpose"));
        bool used = false;
        for (size_t f = 0; f < sr->s->fields_n; f++)
            used |= registry != NULL && sr->s->fields[f].registry == registry;
        if (registry == NULL || purpose == NULL)
            wrong_at(sr, &part, NULL, "Add it to the folder, or mend the id.",
                     "a look-up of an unknown registry or purpose");
        else if (!office_may(sr->s->provider, purpose))
            wrong_at(sr, &part, yaml_member(part.yaml, "purpose"),
                     "Give the purpose to the office in agencies/.", "the provider may not look for '%.*s'",
                     STR_ARG(purpose->id));
        else if (!used)
            wrong_at(sr, &part, NULL, "Take it out, or take a field 'from' it.",
                     "registry '%.*s' is asked for nothing", STR_ARG(registry->id));
    }
}

/* --- actions: who may do what to whom --- */

static bool has_hearing(const struct service *s, unsigned from)
{
    bool offered = false, held = false;
    for (size_t i = 0; i < s->actions_n; i++) {
        bool there = (s->actions[i].from & from) != 0;
        offered |= there && s->actions[i].does == DOES_OFFER_HEARING && s->actions[i].who == BY_OFFICIAL;
        held |= there && s->actions[i].does == DOES_HOLD_HEARING && (s->actions[i].who & BY_OFFICIAL) != 0;
    }
    return offered && held;
}

/* The applicant can raise it, and an official then has something to answer. */
static bool can_be_appealed(const struct service *s, enum case_status status)
{
    unsigned raised = 0;
    bool answered = false;
    for (size_t i = 0; i < s->actions_n; i++)
        if ((s->actions[i].who & BY_APPLICANT) != 0 && (s->actions[i].from >> status & 1) != 0)
            raised |= s->actions[i].sets;
    for (size_t i = 0; i < s->actions_n; i++)
        answered |= (s->actions[i].who & BY_OFFICIAL) != 0 && (s->actions[i].from >> status & 1) != 0 &&
                    (s->actions[i].with & raised) != 0;
    return answered;
}

static void lint_adverse(struct service_reader *sr, const struct service_action *a)
{
    const unsigned must_need = NEEDS_REASON | NEEDS_ARTICLE | NEEDS_HEARING;
    if (a->who != BY_OFFICIAL)
        wrong_in(sr, a->place, "Write who: [official]: a machine may grant, only a human may refuse.",
                 "'%.*s' refuses, and not only an official may do it", STR_ARG(a->id));
    if ((a->needs & must_need) != must_need)
        wrong_in(sr, a->place, "Write needs: [reason, article, hearing].",
                 "'%.*s' refuses without reason, article and hearing", STR_ARG(a->id));
    if (!has_hearing(sr->s, a->from))
        wrong_in(sr, a->place, "Add an official's actions with does: offer-hearing and does: hold-hearing.",
                 "'%.*s' refuses and nobody is heard", STR_ARG(a->id));
    if (sr->s->grounds_n == 0)
        wrong_in(sr, a->place, "Add 'grounds', each with its article.", "'%.*s' refuses on no ground",
                 STR_ARG(a->id));
    if (!can_be_appealed(sr->s, a->to))
        wrong_in(sr, a->place, "Add an applicant's action from that status, which puts up a flag.",
                 "'%.*s' leads to %s, and no page lets the person appeal", STR_ARG(a->id),
                 status_name(a->to));
    if (sr->s->appeal_within.amount == 0)
        wrong_in(sr, a->place, "Add 'appeal'.", "'%.*s' refuses and cannot be appealed", STR_ARG(a->id));
}

static void lint_action(struct service_reader *sr, const struct service_action *a)
{
    if (a->moves && (a->to == DECIDED_NO || a->to == VOID))
        lint_adverse(sr, a);
    if (a->moves && a->to == DECIDED_YES && (a->who & (BY_APPLICANT | BY_CO_SIGNER | BY_TIMER)) != 0)
        wrong_in(sr, a->place, "Let an official or the machine grant.",
                 "'%.*s' lets people grant to themselves, or time decide", STR_ARG(a->id));
    if (a->moves && a->to == DECIDED_YES && (a->who & BY_MACHINE) != 0 && a->condition == NULL)
        wrong_in(sr, a->place, "Add 'if' with a rule; 'if: yes' when receipt alone is enough.",
                 "'%.*s': a machine grants without a rule", STR_ARG(a->id));
    if (a->moves && a->to == WITHDRAWN && a->who != BY_APPLICANT)
        wrong_in(sr, a->place, "Only the applicant withdraws; anything else is a refusal.",
                 "'%.*s' withdraws for the applicant", STR_ARG(a->id));
    if (a->does == DOES_FILE &&
        (a->who != BY_APPLICANT || a->from != 1u << DRAFT || !a->moves || a->to != FILED))
        wrong_in(sr, a->place, "who: [applicant], from: [draft], to: filed.",
                 "'%.*s' files, and not from draft to filed", STR_ARG(a->id));
    if ((a->needs & NEEDS_SIGNATURE) != 0 && (a->who & (BY_MACHINE | BY_TIMER)) != 0)
        wrong_in(sr, a->place, "Let a person do it, or take the signature out of needs.",
                 "'%.*s' needs a signature, and a machine or time signs nothing", STR_ARG(a->id));
    if (a->who == 0 || a->from == 0)
        wrong_in(sr, a->place, "Say who and from.", "nobody can ever do '%.*s'", STR_ARG(a->id));
    if (a->with & a->without)
        wrong_in(sr, a->place, "Keep the flag in one of them.", "'%.*s' needs a flag both up and down",
                 STR_ARG(a->id));
    if (a->moves && a->to == DRAFT)
        wrong_in(sr, a->place, "Use returned.", "'%.*s' leads back to a draft", STR_ARG(a->id));
}

static void lint_actions(struct service_reader *sr)
{
    const struct service *s = sr->s;
    size_t files = 0;
    for (size_t i = 0; i < s->actions_n; i++) {
        lint_action(sr, &s->actions[i]);
        files += s->actions[i].does == DOES_FILE;
    }
    if (files != 1)
        wrong_at(sr, NULL, NULL, "Give one action 'does: file'.", "%zu actions file the case", files);
    for (size_t i = 0; i < s->timers_n; i++)
        if (s->timers[i].action != NONE && (s->actions[s->timers[i].action].who & BY_TIMER) == 0)
            wrong_in(sr, s->timers[i].place, "Add timer to the action's 'who'.",
                     "timer '%.*s' does what only others may do", STR_ARG(s->timers[i].id));
}

/* --- timers --- */

static bool counts_working_days(const struct service_timer *t)
{
    bool any =
        t->term.unit == TERM_WORKING_DAYS || t->start == START_NEXT_WORKING_DAY || t->ends_on_working_day;
    for (size_t i = 0; i < t->cases_n; i++)
        any |= t->cases[i].term.unit == TERM_WORKING_DAYS;
    for (size_t c = 0; c < CHANNELS_N; c++)
        any |= t->by_channel[c].amount != 0 && t->by_channel[c].unit == TERM_WORKING_DAYS;
    return any;
}

static void lint_timers(struct service_reader *sr)
{
    const struct service *s = sr->s;
    bool decision = false;
    for (size_t i = 0; i < s->timers_n; i++) {
        const struct service_timer *t = &s->timers[i];
        decision |= str_is(t->id, "decision") && !t->on_flag && t->on == FILED && !t->waiting;
        if (counts_working_days(t) && sr->l->j->years_n == 0)
            wrong_in(sr, t->place, "Add calendar.yaml with the holidays.",
                     "timer '%.*s' counts working days, and the folder has no calendar", STR_ARG(t->id));
        if (t->waiting && (t->pause_on != 0 || t->action != NONE))
            wrong_in(sr, t->place, "A waiting time only runs.", "waiting timer '%.*s' pauses or acts",
                     STR_ARG(t->id));
        if (t->on_flag && (t->pause_on >> t->on & 1) != 0)
            wrong_in(sr, t->place, "Pause on another flag.", "timer '%.*s' pauses on the flag it runs on",
                     STR_ARG(t->id));
    }
    if (!decision)
        wrong_at(sr, NULL, NULL, "Add a timer 'decision' with while: filed.",
                 "nobody is told by when it is decided");
}

/* --- texts --- */

/* SMS and USSD carry at most so many UTF-16 units, and nothing personal. */
static size_t short_length(struct service_reader *sr, struct str text, bool *fits)
{
    static const struct {
        const char *name;
        size_t width;
    } places[] = {{"{case}", 14}, {"{due}", 10}, {"{code}", 6}};
    size_t length = 0;
    *fits = true;
    for (size_t i = 0; i < text.n;) {
        size_t p = 0;
        while (p < ARRAY_LEN(places) && !str_starts(str_from(text, i), str_of(places[p].name)))
            p++;
        if (p < ARRAY_LEN(places)) {
            length += places[p].width;
            i += strlen(places[p].name);
            continue;
        }
        *fits &= text.p[i] != '{';
        unsigned char c = (unsigned char)text.p[i++];
        length += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
    }
    return length;
}

static void lint_short(struct service_reader *sr, const struct part *part, const char *key, size_t max)
{
    const struct yaml *texts = yaml_member(part->yaml, key);
    for (size_t i = 0; texts != NULL && i < texts->n; i++) {
        bool fits;
        size_t n = short_length(sr, texts->member[i]->text, &fits);
        if (n > max)
            wrong_at(sr, part, texts->member[i], "Shorten it.", "%s in '%.*s' takes %zu characters of %zu",
                     key, STR_ARG(texts->key[i]->text), n, max);
        if (!fits)
            wrong_at(sr, part, texts->member[i], "Keep to {case}, {due} and {code}: phones are shared.",
                     "%s in '%.*s' holds more than it may", key, STR_ARG(texts->key[i]->text));
    }
}

static bool template_name(const struct service *s, struct str name)
{
    static const char *const given[] = {"case",    "due",      "code",   "service",     "filed",
                                        "decided", "provider", "reason", "valid-until", "applicant"};
    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        if (str_is(name, given[i]))
            return true;
    size_t symbol = service_symbol(s, name);
    return symbol != NONE &&
           (symbol >= s->first_field || symbol == FACT_POSITION || symbol == FACT_SIGNATURES);
}

static void lint_template(struct service_reader *sr, const struct part *part, const char *key)
{
    const struct yaml *texts = yaml_member(part->yaml, key);
    for (size_t i = 0; texts != NULL && i < texts->n; i++) {
        struct str rest = texts->member[i]->text, before, name;
        while (memchr(rest.p, '{', rest.n) != NULL && str_next(&rest, '{', &before)) {
            bool closed = memchr(rest.p, '}', rest.n) != NULL && str_next(&rest, '}', &name);
            if (!closed || !template_name(sr->s, name)) {
                wrong_at(sr, part, texts->member[i],
                         "Use a field, a rule, or case, due, code, service, filed, decided, provider, "
                         "reason, valid-until, applicant.",
                         "'%s' has a place that nothing fills: {%.*s}", key, STR_ARG(closed ? name : rest));
                break;
            }
        }
    }
}

/* Whoever is in the office reads its list, and no entry is made of that: a person's data are in the case. */
static void lint_to_office(struct service_reader *sr, const struct part *part)
{
    static const char *const given[] = {"case", "due", "service", "filed", "decided", "provider"};
    const struct yaml *texts = yaml_member(part->yaml, "screen");
    for (size_t i = 0; texts != NULL && i < texts->n; i++) {
        struct str rest = texts->member[i]->text, before, name;
        while (memchr(rest.p, '{', rest.n) != NULL && str_next(&rest, '{', &before) &&
               str_next(&rest, '}', &name)) {
            bool fits = false;
            for (size_t k = 0; k < ARRAY_LEN(given); k++)
                fits |= str_is(name, given[k]);
            if (!fits)
                wrong_at(
                    sr, part, texts->member[i],
                    "Keep to {case}, {due}, {service}, {filed}, {decided} and {provider}: who needs more "
                    "opens the case, which the person sees.",
                    "a message to an office says something of the person: {%.*s}", STR_ARG(name));
        }
    }
}

static void lint_texts(struct service_reader *sr)
{
    struct parts messages = parts_of(sr, "messages"), documents = parts_of(sr, "documents");
    for (size_t i = 0; i < messages.n; i++) {
        lint_template(sr, &messages.list[i], "screen");
        lint_short(sr, &messages.list[i], "sms", SMS_MAX);
        lint_short(sr, &messages.list[i], "ussd", USSD_MAX);
        if (sr->s->messages[i].to == TO_OFFICE)
            lint_to_office(sr, &messages.list[i]);
    }
    for (size_t i = 0; i < documents.n; i++)
        lint_template(sr, &documents.list[i], "template");
    if ((sr->s->channels & (1u << BY_SMS | 1u << BY_USSD)) != 0) {
        bool told = false;
        for (size_t i = 0; i < sr->s->messages_n; i++)
            told |= sr->s->messages[i].to == TO_APPLICANT && !texts_empty(&sr->s->messages[i].sms);
        if (!told)
            wrong_at(sr, NULL, yaml_member(sr->yaml, "channels"), "Give the messages an 'sms'.",
                     "it can be asked for by phone, and nothing is answered by phone");
    }
}

void lint_service(struct service_reader *sr)
{
    lint_fields(sr);
    lint_lookups(sr);
    lint_actions(sr);
    lint_timers(sr);
    lint_texts(sr);
}
