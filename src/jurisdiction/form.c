/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/form_private.h"

#include <stdio.h>

#include "base/clock.h"
#include "jurisdiction/service_private.h"

#define KEYS_MAX 48

int word_of(const char *words, struct str word)
{
    struct str rest = str_of(words), part;
    for (int i = 0; str_next(&rest, '|', &part); i++)
        if (str_eq(part, word))
            return i;
    return -1;
}

static bool wrong(struct loader *l, const struct yaml *at, const char *key, const char *what,
                  const char *remedy)
{
    found(&l->r, FINDING_ERROR, at, remedy, "'%s' %s", key, what);
    return false;
}

static bool check_texts(struct loader *l, const struct yaml *value, const char *key)
{
    bool ok = true;
    for (size_t i = 0; i < value->n; i++) {
        bool known = false;
        for (size_t k = 0; k < l->j->languages_n; k++)
            known |= str_eq(l->j->languages[k], value->key[i]->text);
        if (!known || value->member[i]->kind != YAML_TEXT)
            ok = wrong(l, value->key[i], key, "has a text in no language of this folder",
                       "Add it to languages in jurisdiction.yaml, or take it out.");
    }
    for (size_t k = 0; k < l->j->languages_n; k++) {
        bool there = false;
        for (size_t i = 0; i < value->n; i++)
            there |=
                str_eq(value->key[i]->text, l->j->languages[k]) && str_trim(value->member[i]->text).n != 0;
        if (there)
            continue;
        found(&l->r, FINDING_ERROR, value, "Add it: a service speaks every language of its folder.",
              "'%s' has no text in '%.*s'", key, STR_ARG(l->j->languages[k]));
        ok = false;
    }
    return ok;
}

static bool check_word(struct loader *l, const struct yaml *at, const char *key, const char *words)
{
    if (at->kind == YAML_TEXT && word_of(words, at->text) >= 0)
        return true;
    struct buf remedy;
    buf_in(&remedy, l->r.for_report, 400);
    buf_text(&remedy, "Write one of: ");
    for (const char *p = words; *p != '\0'; p++)
        buf_text(&remedy, *p == '|' ? ", " : (char[]){*p, '\0'});
    buf_text(&remedy, ".");
    buf_byte(&remedy, 0);
    found(&l->r, FINDING_ERROR, at, remedy.p, "'%s' cannot be '%.*s'", key, STR_ARG(at->text));
    return false;
}

static bool check_clock(struct str text, char between, unsigned first_max, unsigned second_max)
{
    unsigned v[4];
    if (text.n != 5 || text.p[2] != between)
        return false;
    for (size_t i = 0, k = 0; i < 5; i++) {
        if (i == 2)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v[k++] = (unsigned)(text.p[i] - '0');
    }
    return v[0] * 10 + v[1] <= first_max && v[2] * 10 + v[3] <= second_max;
}

static bool is_day(struct str text)
{
    char whole[16];
    struct date date;
    snprintf(whole, sizeof whole, "2024-%.*s", STR_ARG(text.n == 5 ? text : STR("xx-xx"))); /* a leap year */
    return date_parse(str_of(whole), &date);
}

/* "agency/office" and "registry.field": two ids. */
static bool is_ref(struct str text)
{
    for (size_t i = 1; i + 1 < text.n; i++)
        if ((text.p[i] == '/' || text.p[i] == '.') && text_is_id((struct str){text.p, i}) &&
            text_is_id(str_from(text, i + 1)))
            return true;
    return false;
}

static bool check_text(struct loader *l, const struct yaml *at, const struct form_key *k)
{
    struct date date;
    struct term term;
    uint64_t number;
    struct str text = at->text;
    if (at->kind != YAML_TEXT)
        return wrong(l, at, k->key, "must be text", "See docs/services.md for the form of this key.");
    switch (k->shape) {
    case SHAPE_ID:
    case SHAPE_IDS:
        return text_is_id(text) ||
               wrong(l, at, k->key, "is not an id", "Use 1 to 64 of a-z, 0-9, '.' and '-'.");
    case SHAPE_YES:
        return str_is(text, "yes") || str_is(text, "no") ||
               wrong(l, at, k->key, "is neither yes nor no", "Write yes or no.");
    case SHAPE_NUMBER:
        return (text_u64(text, &number) && number <= 1000000000) ||
               wrong(l, at, k->key, "is not a number",
                     "Write a whole number of at most 1000000000, without sign.");
    case SHAPE_DATE:
    case SHAPE_DATES:
        return date_parse(text, &date) || wrong(l, at, k->key, "is not a date", "Write YYYY-MM-DD.");
    case SHAPE_DAY: return is_day(text) || wrong(l, at, k->key, "is not a day of the year", "Write MM-DD.");
    case SHAPE_CLOCK:
        return check_clock(text, ':', 24, 59) ||
               wrong(l, at, k->key, "is not a time of day", "Write \"HH:MM\".");
    case SHAPE_TERM:
        return term_parse(text, &term) ||
               wrong(l, at, k->key, "is not a term that the calendar can count",
                     "Write a number and minutes, hours, working days, calendar days, months or years.");
    case SHAPE_REF:
        return is_ref(text) ||
               wrong(l, at, k->key, "is not a reference", "Write agency/office, or registry.field.");
    case SHAPE_WORD:
    case SHAPE_WORDS: return check_word(l, at, k->key, k->of);
    default:
        return str_trim(text).n != 0 ||
               wrong(l, at, k->key, "is empty", "Write a value, or take the key out.");
    }
}

static bool check_by_channel(struct loader *l, const struct yaml *map, const struct form_key *k)
{
    bool ok = true;
    for (size_t i = 0; i < map->n; i++) {
        struct date date;
        struct term term;
        const struct yaml *value = map->member[i];
        ok &= check_word(l, map->key[i], k->key, WORDS_CHANNELS);
        if (k->shape == SHAPE_TERMS && !(value->kind == YAML_TEXT && term_parse(value->text, &term)))
            ok = wrong(l, value, k->key, "holds what is not a term", "Write for example 30 minutes.");
        if (k->shape == SHAPE_CHANNELS && !(value->kind == YAML_TEXT && (str_is(value->text, "untested") ||
                                                                         date_parse(value->text, &date))))
            ok = wrong(l, value, k->key, "must say when each was tried out",
                       "Write the date of the last test, or untested.");
    }
    return ok;
}

static bool check_values(struct loader *l, const struct yaml *map, const struct form_key *k)
{
    bool ok = true;
    for (size_t i = 0; i < map->n; i++) {
        if (map->member[i]->kind == YAML_LIST) {
            for (size_t m = 0; m < map->member[i]->n; m++)
                if (map->member[i]->member[m]->kind != YAML_TEXT)
                    ok = wrong(l, map->member[i], k->key, "holds a list that is not of texts",
                               "Write [a, b].");
        } else if (map->member[i]->kind != YAML_TEXT) {
            ok = wrong(l, map->member[i], k->key, "must be name: value",
                       "Write one value or a list of values.");
        }
    }
    return ok;
}

static bool check_value(struct loader *l, const struct yaml *value, const struct form_key *k)
{
    static const char see[] = "See docs/services.md for the form of this key.";
    bool ok = true;
    switch (k->shape) {
    case SHAPE_IDS:
    case SHAPE_WORDS:
    case SHAPE_TEXT_LIST:
    case SHAPE_DATES:
    case SHAPE_FORMS:
        if (value->kind != YAML_LIST)
            return wrong(l, value, k->key, "must be a list", see);
        for (size_t i = 0; i < value->n; i++) {
            if (k->shape != SHAPE_FORMS)
                ok &= check_text(l, value->member[i], k);
            else if (value->member[i]->kind != YAML_MAP)
                ok = wrong(l, value->member[i], k->key, "must be a list of mappings", see);
            else
                ok &= form_check(l, value->member[i], form_find(k->of));
        }
        return ok;
    case SHAPE_FORM:
    case SHAPE_TEXTS:
    case SHAPE_VALUES:
    case SHAPE_CHANNELS:
    case SHAPE_TERMS:
        if (value->kind != YAML_MAP)
            return wrong(l, value, k->key, "must be a mapping", see);
        if (k->shape == SHAPE_FORM)
            return form_check(l, value, form_find(k->of));
        if (k->shape == SHAPE_TEXTS)
            return check_texts(l, value, k->key);
        return k->shape == SHAPE_VALUES ? check_values(l, value, k) : check_by_channel(l, value, k);
    default: return check_text(l, value, k);
    }
}

bool form_check(struct loader *l, const struct yaml *map, const struct form *form)
{
    const char *known[KEYS_MAX] = {0};
    size_t before = l->r.findings->errors, n = 0;
    for (const struct form_key *k = form->keys; k->key != NULL; k++) {
        must(n + 1 < KEYS_MAX);
        known[n++] = k->key;
    }
    yaml_known(&l->r, map, known);
    for (const struct form_key *k = form->keys; k->key != NULL; k++) {
        const struct yaml *value = NULL;
        for (size_t i = 0; i < map->n; i++)
            if (str_is(map->key[i]->text, k->key))
                value = map->member[i];
        if (value != NULL)
            check_value(l, value, k);
        else if (k->need)
            found(&l->r, FINDING_ERROR, map, k->what, "a %s without '%s'", form->name, k->key);
    }
    if (str_is(yaml_text_of(map, "verified"), "yes") && yaml_text_of(map, "source").n == 0 &&
        strcmp(form->name, "amount-value") != 0)
        found(&l->r, FINDING_ERROR, map, "Name the official text in 'source', or write verified: no.",
              "a %s is verified by nothing", form->name);
    return l->r.findings->errors == before;
}
