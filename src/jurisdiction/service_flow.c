/* SPDX-License-Identifier: Apache-2.0 */
/* service_flow.c: what happens to a case: flags, grounds, documents, timers, actions, messages, fees, appeal.
 */
#include "base/clock.h"
#include "jurisdiction/service_private.h"

#define ALL(sr, type, n) arena_array((sr)->l->r.arena, type, (n) + 1)

static size_t index_in(struct parts parts, struct str id)
{
    for (size_t i = 0; i < parts.n; i++)
        if (str_eq(yaml_text_of(parts.list[i].yaml, "id"), id))
            return i;
    return NONE;
}

static unsigned words_in(const struct yaml *list, const char *words)
{
    unsigned bits = 0;
    for (size_t i = 0; list != NULL && i < list->n; i++)
        bits |= 1u << word_of(words, list->member[i]->text);
    return bits;
}

static bool yes(const struct yaml *map, const char *key)
{
    return str_is(yaml_text_of(map, key), "yes");
}

static struct term term_of(const struct yaml *map, const char *key)
{
    struct term term;
    return term_parse(yaml_text_of(map, key), &term) ? term : (struct term){0};
}

static const struct office *office_of(struct service_reader *sr, const struct part *part, const char *key)
{
    struct str whole = yaml_text_of(part->yaml, key), rest = whole, agency_id, office_id;
    const struct agency *agency = NULL;
    const struct office *office = NULL;
    if (whole.n == 0)
        return NULL;
    if (str_next(&rest, '/', &agency_id) && str_next(&rest, '/', &office_id))
        agency = jurisdiction_agency(sr->l->j, agency_id);
    if (agency != NULL)
        office = jurisdiction_office(agency, office_id);
    if (office == NULL)
        wrong_at(sr, part, yaml_member(part->yaml, key), "Write agency/office of a file in agencies/.",
                 "unknown office '%.*s'", STR_ARG(whole));
    return office;
}

/* --- flags, grounds --- */

static void read_flags(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "flags");
    sr->s->flags = ALL(sr, struct service_flag, parts.n);
    if (parts.n > SERVICE_FLAGS_MAX)
        wrong_at(sr, NULL, NULL, "Take some out.", "more than %d flags", SERVICE_FLAGS_MAX);
    for (size_t i = 0; i < parts.n && i < SERVICE_FLAGS_MAX; i++) {
        const struct yaml *y = parts.list[i].yaml;
        if (word_of(WORDS_STATUSES, yaml_text_of(y, "id")) >= 0)
            wrong_at(sr, &parts.list[i], NULL, "Rename the flag.", "'%.*s' is a status",
                     STR_ARG(yaml_text_of(y, "id")));
        sr->s->flags[sr->s->flags_n++] =
            (struct service_flag){yaml_text_of(y, "id"), texts_of(sr, y, "name"), part_place(&parts.list[i])};
    }
}

static unsigned flags_in(struct service_reader *sr, const struct part *part, const char *key)
{
    const struct yaml *list = yaml_member(part->yaml, key);
    unsigned bits = 0;
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        size_t f = 0;
        while (f < sr->s->flags_n && !str_eq(sr->s->flags[f].id, list->member[i]->text))
            f++;
        if (f == sr->s->flags_n)
            wrong_at(sr, part, list->member[i], "Add it to 'flags', or mend the id.", "unknown flag '%.*s'",
                     STR_ARG(list->member[i]->text));
        else
            bits |= 1u << f;
    }
    return bits;
}

static void read_grounds(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "grounds");
    sr->s->grounds = ALL(sr, struct service_ground, parts.n);
    for (size_t i = 0; i < parts.n; i++) {
        const struct yaml *y = parts.list[i].yaml;
        sr->s->grounds[sr->s->grounds_n++] =
            (struct service_ground){yaml_text_of(y, "id"), texts_of(sr, y, "text"), basis_of(sr, y)};
    }
}

/* --- timers --- */

static void read_timer_terms(struct service_reader *sr, const struct part *part, struct service_timer *timer)
{
    const struct yaml *by_channel = yaml_member(part->yaml, "by-channel"),
                      *cases = yaml_member(part->yaml, "cases");
    for (size_t i = 0; by_channel != NULL && i < by_channel->n; i++)
        must(term_parse(by_channel->member[i]->text,
                        &timer->by_channel[channel_of(by_channel->key[i]->text)]));
    timer->cases = ALL(sr, struct service_term_case, cases ? cases->n : 0);
    for (size_t i = 0; cases != NULL && i < cases->n; i++) {
        struct part case_part = {cases->member[i], part->file};
        bool verified = yes(cases->member[i], "verified");
        sr->s->unverified += !verified;
        timer->cases[timer->cases_n++] =
            (struct service_term_case){expr_of(sr, &case_part, cases->member[i], "if", RULE_YES_NO),
                                       term_of(cases->member[i], "term"), verified};
    }
}

static void read_timer_on(struct service_reader *sr, const struct part *part, struct service_timer *timer)
{
    struct str on = yaml_text_of(part->yaml, "while");
    int status = word_of(WORDS_STATUSES, on);
    timer->on_flag = status < 0;
    timer->on = status < 0 ? 0 : (unsigned)status;
    if (status >= 0)
        return;
    while (timer->on < sr->s->flags_n && !str_eq(sr->s->flags[timer->on].id, on))
        timer->on++;
    if (timer->on == sr->s->flags_n) {
        timer->on = 0;
        wrong_at(sr, part, yaml_member(part->yaml, "while"), "Name a status or a flag.",
                 "timer while unknown '%.*s'", STR_ARG(on));
    }
}

static void read_timers(struct service_reader *sr, struct parts actions)
{
    struct parts parts = parts_of(sr, "timers");
    sr->s->timers = ALL(sr, struct service_timer, parts.n);
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *part = &parts.list[i];
        const struct yaml *y = part->yaml;
        struct str start = yaml_text_of(y, "start"), action = yaml_text_of(y, "do");
        struct service_timer *timer = &sr->s->timers[sr->s->timers_n++];
        *timer = (struct service_timer){
            .id = yaml_text_of(y, "id"),
            .name = texts_of(sr, y, "name"),
            .term = term_of(y, "term"),
            .start = start.n ? (enum timer_start)word_of(WORDS_STARTS, start) : START_NEXT_WORKING_DAY,
            .ends_on_working_day = str_is(yaml_text_of(y, "ends"), "next-working-day"),
            .pause_on = flags_in(sr, part, "pause-on"),
            .again = str_is(yaml_text_of(y, "after-pause"), "again"),
            .waiting = yes(y, "waiting"),
            .hand_over = term_of(y, "hand-over"),
            .action = action.n ? index_in(actions, action) : NONE,
            .escalate = office_of(sr, part, "escalate"),
            .basis = basis_of(sr, y),
            .verified = yes(y, "verified"),
            .source = yaml_text_of(y, "source"),
            .place = part_place(part),
        };
        sr->s->unverified += !timer->verified;
        read_timer_on(sr, part, timer);
        read_timer_terms(sr, part, timer);
        if (action.n != 0 && timer->action == NONE)
            wrong_at(sr, part, yaml_member(y, "do"), "Add the action, or mend the id.",
                     "unknown action '%.*s'", STR_ARG(action));
    }
}

/* --- actions --- */

static void read_action_fields(struct service_reader *sr, const struct part *part,
                               struct service_action *action)
{
    const struct yaml *list = yaml_member(part->yaml, "fields");
    action->fields = ALL(sr, size_t, list ? list->n : 0);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        size_t f = service_field(sr->s, list->member[i]->text);
        if (f == NONE)
            wrong_at(sr, part, list->member[i], "Use an id from 'fields'.", "unknown field '%.*s'",
                     STR_ARG(list->member[i]->text));
        else
            action->fields[action->fields_n++] = f;
    }
}

static void read_actions(struct service_reader *sr, struct parts parts)
{
    sr->s->actions = ALL(sr, struct service_action, parts.n);
    if (parts.n > 64)
        wrong_at(sr, NULL, NULL, "Take some out.", "more than 64 actions");
    for (size_t i = 0; i < parts.n && i < 64; i++) {
        const struct part *part = &parts.list[i];
        const struct yaml *y = part->yaml;
        struct str to = yaml_text_of(y, "to"), does = yaml_text_of(y, "does"),
                   after = yaml_text_of(y, "after");
        struct service_action *a = &sr->s->actions[sr->s->actions_n++];
        *a = (struct service_action){
            .id = yaml_text_of(y, "id"),
            .name = texts_of(sr, y, "name"),
            .who = words_in(yaml_member(y, "who"), WORDS_WHO),
            .office = office_of(sr, part, "office"),
            .from = words_in(yaml_member(y, "from"), WORDS_STATUSES),
            .with = flags_in(sr, part, "with"),
            .without = flags_in(sr, part, "without"),
            .condition = expr_of(sr, part, y, "if", RULE_YES_NO),
            .after = after.n ? service_timer(sr->s, after) : NONE,
            .moves = to.n != 0,
            .to = to.n ? (enum case_status)word_of(WORDS_STATUSES, to) : DRAFT,
            .sets = flags_in(sr, part, "sets"),
            .clears = flags_in(sr, part, "clears"),
            .does = does.n ? (enum action_does)word_of(WORDS_DOES, does) : DOES_NOTHING_SPECIAL,
            .needs = words_in(yaml_member(y, "needs"), WORDS_NEEDS),
            .place = part_place(part),
        };
        if (a->office == NULL)
            a->office = sr->s->provider;
        if (after.n != 0 && (a->after == NONE || !sr->s->timers[a->after].waiting))
            wrong_at(sr, part, yaml_member(y, "after"), "Name a timer with 'waiting: yes'.",
                     "'%.*s' is no waiting timer", STR_ARG(after));
        read_action_fields(sr, part, a);
    }
}

/* --- documents, messages, fees, appeal --- */

static void read_documents(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "documents");
    sr->s->documents = ALL(sr, struct service_document, parts.n);
    for (size_t i = 0; i < parts.n; i++) {
        const struct yaml *y = parts.list[i].yaml;
        sr->s->documents[sr->s->documents_n++] = (struct service_document){
            .id = yaml_text_of(y, "id"),
            .name = texts_of(sr, y, "name"),
            .template = texts_of(sr, y, "template"),
            .by_official = str_is(yaml_text_of(y, "signature"), "official"),
            .qr = str_is(yaml_text_of(y, "qr"), "ad1"),
            .valid = term_of(y, "valid"),
            .revocable = yes(y, "revocable"),
            .place = part_place(&parts.list[i]),
        };
        const struct yaml *on = yaml_member(y, "after");
        for (size_t k = 0; k < on->n; k++) {
            size_t action = service_action(sr->s, on->member[k]->text);
            if (action == NONE)
                wrong_at(sr, &parts.list[i], on->member[k], "Name an action.",
                         "a document after unknown '%.*s'", STR_ARG(on->member[k]->text));
            else
                sr->s->documents[i].actions |= UINT64_C(1) << action;
        }
    }
}

static void read_messages(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "messages");
    sr->s->messages = ALL(sr, struct service_message, parts.n);
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *part = &parts.list[i];
        const struct yaml *on = yaml_member(part->yaml, "after");
        struct service_message *m = &sr->s->messages[sr->s->messages_n++];
        *m = (struct service_message){
            .id = yaml_text_of(part->yaml, "id"),
            .to = (enum message_to)word_of(WORDS_TO, yaml_text_of(part->yaml, "to")),
            .screen = texts_of(sr, part->yaml, "screen"),
            .sms = texts_of(sr, part->yaml, "sms"),
            .ussd = texts_of(sr, part->yaml, "ussd"),
        };
        for (size_t k = 0; k < on->n; k++) {
            size_t action = service_action(sr->s, on->member[k]->text),
                   timer = service_timer(sr->s, on->member[k]->text);
            if (action != NONE)
                m->actions |= UINT64_C(1) << action;
            else if (timer != NONE && timer < 64)
                m->timers |= UINT64_C(1) << timer;
            else
                wrong_at(sr, part, on->member[k], "Name an action or a timer.",
                         "message after unknown '%.*s'", STR_ARG(on->member[k]->text));
        }
    }
}

static void read_fees(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "fees");
    sr->s->fees = ALL(sr, struct service_fee, parts.n);
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *part = &parts.list[i];
        const struct yaml *y = part->yaml;
        struct service_fee *fee = &sr->s->fees[sr->s->fees_n++];
        *fee = (struct service_fee){
            .id = yaml_text_of(y, "id"),
            .name = texts_of(sr, y, "name"),
            .amount = expr_of(sr, part, y, "amount", RULE_NUMBER),
            .exempt_if = expr_of(sr, part, y, "exempt-if", RULE_YES_NO),
            .before_filing = str_is(yaml_text_of(y, "when"), "before-filing"),
            .exempt = texts_of(sr, y, "exempt"),
            .refund = texts_of(sr, y, "refund"),
            .refund_on = words_in(yaml_member(y, "refund-on"), WORDS_STATUSES),
            .basis = basis_of(sr, y),
            .verified = yes(y, "verified"),
            .source = yaml_text_of(y, "source"),
        };
        sr->s->unverified += !fee->verified;
        if ((fee->exempt_if == NULL) != texts_empty(&fee->exempt))
            wrong_at(sr, part, NULL, "Write both: the condition and the sentence.", "an exemption by halves");
    }
}

static void read_appeal(struct service_reader *sr)
{
    const struct yaml *own = yaml_member(sr->yaml, "appeal"),
                      *map = own ? own : yaml_member(sr->procedure, "appeal");
    if (map == NULL)
        return;
    sr->s->appeal_to = texts_of(sr, map, "to");
    sr->s->appeal_within = term_of(map, "within");
    sr->s->appeal_basis = basis_of(sr, map);
    sr->s->appeal_verified = yes(map, "verified");
    sr->s->unverified += !sr->s->appeal_verified;
}

void read_flow(struct service_reader *sr)
{
    read_flags(sr);
    read_grounds(sr);
    struct parts actions = parts_of(sr, "actions");
    read_timers(sr, actions);
    read_actions(sr, actions);
    read_documents(sr);
    read_messages(sr);
    read_fees(sr);
    read_appeal(sr);
}
