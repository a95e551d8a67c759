/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/service.h"

#include "base/clock.h"
#include "jurisdiction/form_private.h"

/* --- words --- */

static const char *word_at(const char *words, unsigned n)
{
    static _Thread_local char out[24];
    struct str rest = str_of(words), part = {"", 0};
    for (unsigned i = 0; i <= n; i++)
        if (!str_next(&rest, '|', &part))
            return "";
    must(part.n < sizeof out);
    memcpy(out, part.p, part.n);
    out[part.n] = '\0';
    return out;
}

const char *channel_name(enum channel channel)
{
    return word_at(WORDS_CHANNELS, channel);
}

const char *status_name(enum case_status status)
{
    return word_at(WORDS_STATUSES, status);
}

const char *archetype_name(enum archetype archetype)
{
    return word_at(WORDS_ARCHETYPES, archetype);
}

const char *answer_type_name(enum answer_type type)
{
    return word_at(WORDS_TYPES, type);
}

enum channel channel_of(struct str name)
{
    int n = word_of(WORDS_CHANNELS, name);
    return n < 0 ? CHANNELS_N : (enum channel)n;
}

/* --- terms --- */

static const char *const units[][2] = {{"minute", "minutes"},
                                       {"hour", "hours"},
                                       {"working day", "working days"},
                                       {"calendar day", "calendar days"},
                                       {"month", "months"},
                                       {"year", "years"}};

const char *term_unit_name(enum term_unit unit, bool many)
{
    return units[unit][many];
}

bool term_parse(struct str text, struct term *ret_term)
{
    struct str amount;
    uint64_t n;
    if (!str_next(&text, ' ', &amount) || !text_u64(amount, &n) || n == 0 || n > 100000)
        return false;
    for (unsigned u = 0; u < ARRAY_LEN(units); u++) {
        if (str_is(text, units[u][0]) || str_is(text, units[u][1])) {
            *ret_term = (struct term){(unsigned)n, (enum term_unit)u};
            return true;
        }
    }
    return false;
}

/* --- finding things --- */

const struct service *jurisdiction_service(const struct jurisdiction *j, struct str id)
{
    for (size_t i = 0; i < j->services_n; i++)
        if (str_eq(j->services[i].id, id))
            return &j->services[i];
    return NULL;
}

#define INDEX_OF(list, n, wanted)                                                                            \
    for (size_t i = 0; i < (n); i++)                                                                         \
        if (str_eq((list)[i].id, (wanted)))                                                                  \
            return i;                                                                                        \
    return NONE

size_t service_field(const struct service *s, struct str id)
{
    INDEX_OF(s->fields, s->fields_n, id);
}

size_t service_action(const struct service *s, struct str id)
{
    INDEX_OF(s->actions, s->actions_n, id);
}

size_t service_timer(const struct service *s, struct str id)
{
    INDEX_OF(s->timers, s->timers_n, id);
}

size_t service_symbol(const struct service *s, struct str name)
{
    for (size_t i = 0; i < s->symbols_n; i++)
        if (str_eq(s->symbols[i].name, name))
            return i;
    return NONE;
}

bool texts_empty(const struct texts *texts)
{
    return texts->in[0].n == 0;
}

/* --- facts and rules --- */

struct rule_value *service_facts(const struct jurisdiction *j, const struct service *s, int32_t day,
                                 struct arena *arena)
{
    struct rule_value *values = arena_array(arena, struct rule_value, s->symbols_n + 1);
    for (size_t i = 0; i < s->symbols_n; i++)
        values[i] = rule_unknown(s->symbols[i].type);
    values[FACT_TODAY] = rule_date(day);
    for (size_t i = 0; i < j->amounts_n && s->first_amount + i < s->first_field; i++)
        values[s->first_amount + i] = amount_on(&j->amounts[i], day);
    return values;
}

void service_evaluate(const struct service *s, struct rule_value *values, struct arena *arena)
{
    for (size_t i = 0; i < s->rules_n; i++)
        values[s->first_rule + i] = rule_eval(s->rules[i].expr, values, arena);
}

struct rule_value service_answer_value(const struct service_field *field, struct str answer)
{
    enum rule_type type = RULE_TEXT;
    struct rule_value value;
    if (field->type == ANSWER_DATE)
        type = RULE_DATE;
    else if (field->repeat == 1 && (field->type == ANSWER_NUMBER || field->type == ANSWER_MONEY))
        type = RULE_NUMBER;
    else if (field->type == ANSWER_CONSENT)
        type = RULE_YES_NO;
    return rule_value_parse(type, answer, &value) ? value : rule_unknown(type);
}
