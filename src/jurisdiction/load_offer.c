/* SPDX-License-Identifier: Apache-2.0 */
/* load_offer.c: which offices write a registry's records, and by what a service is offered unasked. An offer
 * that nothing can raise, or that nobody could accept, is a false promise and refused. */
#include "jurisdiction/service_private.h"

void read_writers(struct loader *l, const struct yaml *root, struct registry *registry)
{
    const struct yaml *list = list_of(l, root, "written-by", false);
    registry->writers = arena_array(&l->j->arena, const struct office *, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct office *office =
            registry->holder ? jurisdiction_office(registry->holder, list->member[i]->text) : NULL;
        if (office == NULL)
            found(&l->r, FINDING_ERROR, list->member[i], "Name an office of the registry's holder.",
                  "'%.*s' cannot write records here", STR_ARG(list->member[i]->text));
        else
            registry->writers[registry->writers_n++] = office;
    }
}

static enum rule_type type_of_field(enum field_type type)
{
    switch (type) {
    case FIELD_NUMBER:
    case FIELD_MONEY: return RULE_NUMBER;
    case FIELD_DATE: return RULE_DATE;
    case FIELD_YES_NO: return RULE_YES_NO;
    case FIELD_TEXT:
    case FIELD_CODE: break;
    }
    return RULE_TEXT;
}

/* A record's fields in their order, then today. */
static struct rule_scope scope_of_record(const struct registry *registry, struct arena *arena)
{
    struct rule_symbol *symbols = arena_array(arena, struct rule_symbol, registry->fields_n + 1);
    for (size_t f = 0; f < registry->fields_n; f++)
        symbols[f] = (struct rule_symbol){.name = registry->fields[f].id,
                                          .type = type_of_field(registry->fields[f].type)};
    symbols[registry->fields_n] = (struct rule_symbol){.name = STR("today"), .type = RULE_DATE};
    return (struct rule_scope){symbols, registry->fields_n + 1};
}

struct rule_value *offer_facts(const struct registry *registry, const struct str *values, int32_t day,
                               struct arena *arena)
{
    struct rule_value *out = arena_array(arena, struct rule_value, registry->fields_n + 1);
    for (size_t f = 0; f < registry->fields_n; f++) {
        enum rule_type type = type_of_field(registry->fields[f].type);
        if (values[f].n == 0 || !rule_value_parse(type, values[f], &out[f]))
            out[f] = rule_absent(type);
    }
    out[registry->fields_n] = rule_date(day);
    return out;
}

static void read_condition(struct service_reader *sr, const struct yaml *map, const struct rule_scope *scope)
{
    const struct yaml *value = yaml_member(map, "if");
    struct err err;
    if (value == NULL)
        return;
    if (!rule_parse(value->text, scope, sr->l->r.arena, &sr->s->offer.condition, &err))
        wrong_at(sr, NULL, value,
                 "A record's condition names its fields and today; a decided case's, what its service knows.",
                 "'if', %s: %s", err.place, err.text);
    else if (rule_type_of(sr->s->offer.condition) != RULE_YES_NO)
        wrong_at(sr, NULL, value, "Mend the expression.", "'if' gives a %s where a yes-no is needed",
                 rule_type_name(rule_type_of(sr->s->offer.condition)));
}

static void read_record(struct service_reader *sr, const struct yaml *map, struct str id)
{
    const struct registry *registry = jurisdiction_registry(sr->l->j, id);
    const struct yaml *at = yaml_member(map, "record");
    if (registry == NULL) {
        wrong_at(sr, NULL, at, "Name a file of registries/.", "unknown registry '%.*s'", STR_ARG(id));
        return;
    }
    if (registry->writers_n == 0)
        wrong_at(sr, NULL, at, "Say in the registry, by 'written-by', which offices write its records.",
                 "nobody writes records of '%.*s' here, so nothing would raise the offer", STR_ARG(id));
    if (registry->organisations)
        wrong_at(sr, NULL, at, "Name a registry of persons.", "'%.*s' has records of organisations",
                 STR_ARG(id));
    const struct rule_scope scope = scope_of_record(registry, sr->l->r.arena);
    sr->s->offer.record = registry;
    read_condition(sr, map, &scope);
}

static void read_decided(struct service_reader *sr, const struct yaml *map, struct str id)
{
    const struct service *other = jurisdiction_service(sr->l->j, id);
    const struct yaml *at = yaml_member(map, "decided");
    if (other == NULL) {
        wrong_at(sr, NULL, at, "Name a file of services/.", "unknown service '%.*s'", STR_ARG(id));
        return;
    }
    if (other == sr->s)
        wrong_at(sr, NULL, at, "Name another service.", "its own grant would offer it again and again");
    if (!other->persons)
        wrong_at(sr, NULL, at, "Name a service that people apply for.", "no person has a case of '%.*s'",
                 STR_ARG(id));
    const struct rule_scope scope = {other->symbols, other->symbols_n};
    sr->s->offer.decided = other;
    read_condition(sr, map, &scope);
}

void read_offer(struct service_reader *sr)
{
    const struct yaml *map = yaml_member(sr->yaml, "proactive");
    struct str record = yaml_text_of(map, "record"), decided = yaml_text_of(map, "decided");
    if (map == NULL)
        return;
    if ((record.n != 0) == (decided.n != 0)) {
        wrong_at(sr, NULL, map,
                 "Write record: REGISTRY, or decided: SERVICE; without either, take 'proactive' out.",
                 record.n != 0 ? "two things raise this offer" : "nothing raises this offer");
        return;
    }
    if (!term_parse(yaml_text_of(map, "within"), &sr->s->offer.within))
        wrong_at(sr, NULL, map, "Write within: 60 calendar days, or another term.",
                 "an offer without an end");
    if ((sr->s->channels >> BY_WEB & 1) == 0 || !sr->s->persons)
        wrong_at(sr, NULL, map, "Open the service to persons by web, or take 'proactive' out.",
                 "nobody could accept the offer in their cabinet");
    if (record.n != 0)
        read_record(sr, map, record);
    else
        read_decided(sr, map, decided);
}
