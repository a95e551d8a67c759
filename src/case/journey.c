/* SPDX-License-Identifier: Apache-2.0 */
#include "case/journey.h"
#include "base/clock.h"

struct rule_value *journey_values(const struct jurisdiction *j, const struct service *s, int32_t day,
                                  enum channel channel, const struct answer *answers, struct arena *arena)
{
    struct rule_value *values = service_facts(j, s, day, arena);
    if (channel < CHANNELS_N)
        values[FACT_CHANNEL] = rule_words(str_dup(arena, str_of(channel_name(channel))));
    for (size_t f = 0; f < s->fields_n; f++)
        if (answers[f].given || answers[f].from_registry)
            values[s->first_field + f] = answers[f].text.n != 0
                                             ? service_answer_value(&s->fields[f], answers[f].text)
                                             : rule_absent(s->symbols[s->first_field + f].type);
    service_evaluate(s, values, arena);
    return values;
}

static bool holds(const struct rule_expr *expr, const struct rule_value *values, struct arena *arena)
{
    struct rule_value v = rule_eval(expr, values, arena);
    return v.known && v.yes;
}

bool journey_page_shown(const struct service *s, size_t page, const struct rule_value *values,
                        struct arena *arena)
{
    return s->pages[page].condition == NULL || holds(s->pages[page].condition, values, arena);
}

bool journey_required(const struct service *s, size_t field, const struct rule_value *values,
                      struct arena *arena)
{
    const struct service_field *f = &s->fields[field];
    return !f->optional || (f->required_if != NULL && holds(f->required_if, values, arena));
}

/* A required field that was left empty, before it was required, is open again. */
static bool open_question(const struct service *s, size_t field, const struct answer *answers,
                          const struct rule_value *values, struct arena *arena)
{
    return !answers[field].given || (answers[field].text.n == 0 && journey_required(s, field, values, arena));
}

size_t journey_next(const struct service *s, const struct answer *answers, const struct rule_value *values,
                    struct arena *arena)
{
    for (size_t p = 0; p < s->pages_n; p++) {
        if (!journey_page_shown(s, p, values, arena))
            continue;
        for (size_t k = 0; k < s->pages[p].fields_n; k++)
            if (open_question(s, s->pages[p].fields[k], answers, values, arena))
                return p;
    }
    return s->pages_n;
}

bool journey_may_visit(const struct service *s, size_t page, const struct answer *answers,
                       const struct rule_value *values, struct arena *arena)
{
    return page < s->pages_n && page <= journey_next(s, answers, values, arena) &&
           journey_page_shown(s, page, values, arena);
}

bool action_allowed(const struct service *s, const struct service_action *a, enum case_status status,
                    unsigned flags)
{
    return (a->from >> status & 1) != 0 && (flags & a->with) == a->with && (flags & a->without) == 0;
}

/* --- templates --- */

/* A day as people write it, with the time of day where there is one; anything else as it is. */
static struct str day_written(struct str text, struct arena *arena)
{
    struct date d;
    bool timed = text.n == 16;
    if (!(timed || text.n == 10) || !date_parse((struct str){text.p, 10}, &d))
        return text;
    return str_of(arena_printf(arena, "%02d.%02d.%04d%s%.*s", d.day, d.month, d.year, timed ? " " : "",
                               timed ? 5 : 0, text.p + (timed ? 11 : 0)));
}

static struct str answer_filled(const struct jurisdiction *j, const struct service_field *f, struct str text,
                                struct str language, struct arena *arena)
{
    struct str shown = answer_shown(j, f, text, language, arena);
    return f->type == ANSWER_DATE || f->type == ANSWER_SLOT ? day_written(shown, arena) : shown;
}

static bool fill_one(const struct jurisdiction *j, const struct service *s, struct str name,
                     const struct answer *answers, const struct rule_value *values, struct str language,
                     const struct template_value *more, struct arena *arena, struct buf *out)
{
    for (; more != NULL && more->name.n != 0; more++) {
        if (str_eq(more->name, name)) {
            buf_str(out, more->text);
            return true;
        }
    }
    size_t field = service_field(s, name), symbol = service_symbol(s, name);
    if (field != NONE) {
        if (answers[field].given)
            buf_str(out, answer_filled(j, &s->fields[field], answers[field].text, language, arena));
        return true;
    }
    if (symbol == NONE)
        return false;
    if (symbol >= s->first_rule && rule_type_of(s->rules[symbol - s->first_rule].expr) == RULE_YES_NO) {
        const struct service_rule *rule = &s->rules[symbol - s->first_rule];
        if (values[symbol].known)
            buf_str(out, texts_in(j, values[symbol].yes ? &rule->sentence : &rule->otherwise, language));
        return true;
    }
    struct buf value;
    buf_in(&value, arena, 8192);
    rule_value_text(&value, &values[symbol]);
    buf_str(out, values[symbol].type == RULE_DATE ? day_written(buf_view(&value), arena) : buf_view(&value));
    return true;
}

/* What was filled in ends its sentence itself: the template's full stop after it is one too many. */
static bool sentence_ended(const struct buf *out, size_t filled_from)
{
    char last = out->n > filled_from ? (char)out->p[out->n - 1] : '\0';
    return last == '.' || last == '!' || last == '?';
}

void template_fill(const struct jurisdiction *j, const struct service *s, struct str template,
                   const struct answer *answers, const struct rule_value *values, struct str language,
                   const struct template_value *more, struct arena *arena, struct buf *out)
{
    while (template.n != 0) {
        const char *open = memchr(template.p, '{', template.n);
        size_t before = open ? (size_t)(open - template.p) : template.n;
        buf_add(out, template.p, before);
        template = str_from(template, before);
        const char *close = template.n ? memchr(template.p, '}', template.n) : NULL;
        if (close == NULL) {
            buf_str(out, template);
            return;
        }
        struct str name = {template.p + 1, (size_t)(close - template.p) - 1};
        size_t from = out->n;
        fill_one(j, s, name, answers, values, language, more, arena, out);
        template = str_from(template, name.n + 2);
        if (str_starts(template, STR(".")) && sentence_ended(out, from))
            template = str_from(template, 1);
    }
}
