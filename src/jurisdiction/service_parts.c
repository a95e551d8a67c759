/* SPDX-License-Identifier: Apache-2.0 */
/* service_parts.c: fields, pages, rules and examples, and the names that rules may use. */
#include "base/clock.h"
#include "jurisdiction/service_private.h"

/* --- fields --- */

static uint64_t number_of(const struct yaml *map, const char *key, uint64_t otherwise)
{
    uint64_t n = otherwise;
    struct str text = yaml_text_of(map, key);
    return text.n != 0 && text_u64(text, &n) ? n : otherwise;
}

static unsigned minutes_of(struct str clock)
{
    return (unsigned)((clock.p[0] - '0') * 600 + (clock.p[1] - '0') * 60 + (clock.p[3] - '0') * 10 +
                      clock.p[4] - '0');
}

static const struct service_slots *read_slots(struct service_reader *sr, const struct part *part)
{
    const struct yaml *map = yaml_member(part->yaml, "slots");
    if (map == NULL)
        return NULL;
    struct service_slots *slots = arena_new(sr->l->r.arena, struct service_slots);
    const struct yaml *days = yaml_member(map, "days");
    struct term every;
    must(term_parse(yaml_text_of(map, "every"), &every));
    for (size_t i = 0; i < days->n; i++)
        slots->days |= 1u << word_of(WORDS_DAYS, days->member[i]->text);
    slots->from = minutes_of(yaml_text_of(map, "from"));
    slots->to = minutes_of(yaml_text_of(map, "to"));
    slots->minutes = every.amount * (every.unit == TERM_HOURS ? 60 : 1);
    slots->at_once = (unsigned)number_of(map, "at-once", 1);
    if (!term_parse(yaml_text_of(map, "ahead"), &slots->ahead))
        slots->ahead = (struct term){14, TERM_CALENDAR_DAYS};
    if (every.unit > TERM_HOURS || slots->to < slots->from + slots->minutes || slots->days == 0 ||
        slots->at_once == 0)
        wrong_at(sr, part, map, "Give days, an end after the beginning, and a length in minutes or hours.",
                 "slots without a single slot");
    return slots;
}

static void read_options(struct service_reader *sr, const struct part *part, struct service_field *f)
{
    const struct yaml *list = yaml_member(part->yaml, "options");
    bool chooses = f->type == ANSWER_CHOICE || f->type == ANSWER_CHOICES;
    f->options = arena_array(sr->l->r.arena, struct service_option, list ? list->n + 1 : 1);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct str id = yaml_text_of(list->member[i], "id");
        for (size_t k = 0; k < i; k++)
            if (str_eq(f->options[k].id, id))
                wrong_at(sr, part, list->member[i], "Rename one.", "option '%.*s' stands twice", STR_ARG(id));
        f->options[f->options_n++] = (struct service_option){id, texts_of(sr, list->member[i], "label")};
    }
    if (chooses && f->options_n < 2 && f->registry == NULL)
        wrong_at(sr, part, NULL, "Give at least two options.", "'%.*s' leaves no choice", STR_ARG(f->id));
    if (!chooses && list != NULL)
        wrong_at(sr, part, list, "Make it a choice, or take the options out.", "'%.*s' is not a choice",
                 STR_ARG(f->id));
}

static const struct purpose *purpose_for(struct service_reader *sr, const struct registry *registry)
{
    const struct yaml *lookups = yaml_member(sr->yaml, "lookups");
    for (size_t i = 0; lookups != NULL && i < lookups->n; i++)
        if (str_eq(yaml_text_of(lookups->member[i], "registry"), registry->id))
            return jurisdiction_purpose(sr->l->j, yaml_text_of(lookups->member[i], "purpose"));
    return NULL;
}

static void read_from(struct service_reader *sr, const struct part *part, struct service_field *f)
{
    struct str rest = yaml_text_of(part->yaml, "from"), registry_id, field_id;
    const struct yaml *at = yaml_member(part->yaml, "from");
    if (at == NULL)
        return;
    const struct registry *registry = NULL;
    if (str_next(&rest, '.', &registry_id) && str_next(&rest, '.', &field_id))
        registry = jurisdiction_registry(sr->l->j, registry_id);
    int index = registry ? registry_field(registry, field_id) : -1;
    if (index < 0) {
        wrong_at(sr, part, at, "Write registry.field of a file in registries/.", "no registry has '%.*s'",
                 STR_ARG(at->text));
        return;
    }
    f->registry = registry;
    f->registry_field = index;
    f->purpose = purpose_for(sr, registry);
    const struct lookup *lookup = f->purpose ? registry_lookup(registry, f->purpose) : NULL;
    if (f->purpose == NULL)
        wrong_at(sr, part, at, "Add the registry to 'lookups' with the purpose of the look.",
                 "'%.*s' is read from a registry that 'lookups' does not name", STR_ARG(f->id));
    else if (lookup == NULL || (lookup->fields >> index & 1) == 0)
        wrong_at(sr, part, at, "Let the registry open it to the purpose, or do without.",
                 "'%.*s' is not opened to the purpose '%.*s'", STR_ARG(at->text), STR_ARG(f->purpose->id));
}

static unsigned bits_of(const struct yaml *list, const char *words)
{
    unsigned bits = 0;
    for (size_t i = 0; list != NULL && i < list->n; i++)
        bits |= 1u << word_of(words, list->member[i]->text);
    return bits;
}

static void read_one_field(struct service_reader *sr, const struct part *part)
{
    struct service *s = sr->s;
    const struct yaml *y = part->yaml;
    struct service_field *f = &s->fields[s->fields_n++];
    struct str class = yaml_text_of(y, "class");
    *f = (struct service_field){
        .id = yaml_text_of(y, "id"),
        .label = texts_of(sr, y, "label"),
        .hint = texts_of(sr, y, "hint"),
        .why = texts_of(sr, y, "why"),
        .type = (enum answer_type)word_of(WORDS_TYPES, yaml_text_of(y, "type")),
        .class = class.n ? (enum field_class)word_of(WORDS_CLASSES, class) : FIELD_PERSONAL,
        .about = NONE,
        .optional = str_is(yaml_text_of(y, "optional"), "yes") || yaml_member(y, "required-if") != NULL,
        .co_signs = str_is(yaml_text_of(y, "co-signs"), "yes"),
        .min = number_of(y, "min", 0),
        .max = number_of(y, "max", 0),
        .iban = str_is(yaml_text_of(y, "check"), "iban"),
        .repeat = (unsigned)number_of(y, "repeat", 1),
        .files = bits_of(yaml_member(y, "files"), WORDS_FILES),
        .page = NONE,
        .place = part_place(part),
    };
    f->slots = read_slots(sr, part);
    read_from(sr, part, f);
    read_options(sr, part, f);
    if ((f->slots != NULL) != (f->type == ANSWER_SLOT))
        wrong_at(sr, part, NULL, "Give 'slots' to a field of type slot, and to no other.",
                 "'%.*s' and its slots do not go together", STR_ARG(f->id));
    if (f->type == ANSWER_FILE && (f->files == 0 || f->max == 0))
        wrong_at(sr, part, NULL, "Say 'files' and 'max' (megabytes).",
                 "'%.*s' takes files of any kind and size", STR_ARG(f->id));
    if (f->co_signs && f->type != ANSWER_PERSON)
        wrong_at(sr, part, NULL, "Only a field of type person can sign.", "'%.*s' is nobody who could sign",
                 STR_ARG(f->id));
    if (f->repeat == 0 || f->repeat > 50 || (f->max != 0 && f->min > f->max))
        wrong_at(sr, part, NULL, "Mend repeat (1 to 50), min and max.", "'%.*s' can have no answer",
                 STR_ARG(f->id));
}

static void resolve_about(struct service_reader *sr, struct parts parts)
{
    for (size_t i = 0; i < parts.n; i++) {
        struct str about = yaml_text_of(parts.list[i].yaml, "about");
        if (about.n == 0)
            continue;
        struct service_field *f = &sr->s->fields[i];
        f->about = service_field(sr->s, about);
        if (f->about == NONE || sr->s->fields[f->about].type != ANSWER_PERSON)
            wrong_at(sr, &parts.list[i], NULL, "Name a field of type person.",
                     "'%.*s' is about '%.*s', who is no person here", STR_ARG(f->id), STR_ARG(about));
    }
}

/* --- the names that rules may use --- */

static enum rule_type type_of_answer(const struct service_field *f)
{
    return service_answer_value(f, (struct str){"", 0}).type;
}

static void add_symbol(struct service_reader *sr, struct str name, enum rule_type type,
                       const struct str *words, size_t words_n, unsigned known_after,
                       const struct place_in_file *place)
{
    struct service *s = sr->s;
    for (size_t i = 0; i < s->symbols_n; i++) {
        if (str_eq(s->symbols[i].name, name)) {
            struct yaml at = {.line = place->line, .column = 1};
            struct part part = {&at, place->file};
            wrong_at(sr, &part, NULL, "Rename one.", "the name '%.*s' stands for two things", STR_ARG(name));
        }
    }
    sr->known_after[s->symbols_n] = known_after;
    s->symbols[s->symbols_n++] = (struct rule_symbol){name, type, words, words_n};
}

static void make_scope(struct service_reader *sr, size_t rules_n)
{
    static const struct str channels[] = {{"web", 3},     {"sms", 3},   {"ussd", 4}, {"voice", 5},
                                          {"counter", 7}, {"point", 5}, {"paper", 5}};
    struct service *s = sr->s;
    const struct jurisdiction *j = sr->l->j;
    const struct place_in_file head = {s->path, 1};
    s->symbols =
        arena_array(sr->l->r.arena, struct rule_symbol, FACTS_N + j->amounts_n + s->fields_n + rules_n + 1);
    add_symbol(sr, STR("today"), RULE_DATE, NULL, 0, 0, &head);
    add_symbol(sr, STR("case.channel"), RULE_TEXT, channels, CHANNELS_N, 0, &head);
    add_symbol(sr, STR("case.signatures"), RULE_NUMBER, NULL, 0, KNOWN_LATER, &head);
    add_symbol(sr, STR("case.position"), RULE_NUMBER, NULL, 0, KNOWN_LATER, &head);
    add_symbol(sr, STR("case.signed"), RULE_YES_NO, NULL, 0, KNOWN_LATER, &head);
    add_symbol(sr, STR("case.paid"), RULE_YES_NO, NULL, 0, KNOWN_LATER, &head);
    s->first_amount = s->symbols_n;
    for (size_t i = 0; i < j->amounts_n; i++)
        add_symbol(sr, j->amounts[i].id, RULE_NUMBER, NULL, 0, 0, &head);
    s->first_field = s->symbols_n;
    for (size_t i = 0; i < s->fields_n; i++) {
        struct service_field *f = &s->fields[i];
        struct str *words = NULL;
        if (f->options_n != 0) {
            words = arena_array(sr->l->r.arena, struct str, f->options_n);
            for (size_t k = 0; k < f->options_n; k++)
                words[k] = f->options[k].id;
        }
        /* What a registry holds about a typed person is known once that person is. */
        unsigned after = f->registry != NULL ? 0 : KNOWN_LATER;
        add_symbol(sr, f->id, type_of_answer(f), words, f->options_n, after, &f->place);
    }
    s->first_rule = s->symbols_n;
}

/* Pages say when each of their fields is answered; their conditions are read when rules stand. */
static void place_fields_on_pages(struct service_reader *sr)
{
    struct service *s = sr->s;
    const struct yaml *pages = yaml_member(sr->yaml, "pages");
    s->pages = arena_array(sr->l->r.arena, struct service_page, pages ? pages->n + 1 : 1);
    for (size_t i = 0; pages != NULL && i < pages->n; i++) {
        struct part part = {pages->member[i], s->path};
        const struct yaml *list = yaml_member(part.yaml, "fields");
        struct service_page *page = &s->pages[s->pages_n++];
        *page = (struct service_page){.id = yaml_text_of(part.yaml, "id"),
                                      .title = texts_of(sr, part.yaml, "title"),
                                      .fields = arena_array(sr->l->r.arena, size_t, list->n + 1),
                                      .place = part_place(&part)};
        for (size_t k = 0; k < list->n; k++) {
            size_t f = service_field(s, list->member[k]->text);
            if (f == NONE) {
                wrong_at(sr, &part, list->member[k], "Use an id from 'fields'.", "unknown field '%.*s'",
                         STR_ARG(list->member[k]->text));
                continue;
            }
            if (s->fields[f].page != NONE)
                wrong_at(sr, &part, list->member[k], "Ask once.", "'%.*s' is asked on two pages",
                         STR_ARG(s->fields[f].id));
            s->fields[f].page = i;
            page->fields[page->fields_n++] = f;
            if (s->fields[f].registry == NULL)
                sr->known_after[s->first_field + f] = (unsigned)i + 1;
        }
        for (size_t k = 0; k < i; k++)
            if (str_eq(s->pages[k].id, page->id))
                wrong_at(sr, &part, NULL, "Rename one.", "page '%.*s' stands twice", STR_ARG(page->id));
        if (page->fields_n == 0)
            wrong_at(sr, &part, list, "Name a field, or take the page out.", "an empty page");
        if (page->fields_n > 1 && texts_empty(&page->title))
            wrong_at(sr, &part, NULL, "Add a title, or ask one thing a page.",
                     "a page of several fields without a title");
    }
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].registry != NULL && s->fields[f].about != NONE)
            sr->known_after[s->first_field + f] = sr->known_after[s->first_field + s->fields[f].about];
}

void read_fields(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "fields");
    const struct yaml *rules = yaml_member(sr->yaml, "rules");
    size_t rules_n = rules ? rules->n : 0;
    if (FACTS_N + sr->l->j->amounts_n + parts.n + rules_n >= ARRAY_LEN(sr->known_after)) {
        wrong_at(sr, NULL, NULL, "Split the service.", "more names than a service may have");
        return;
    }
    sr->s->fields = arena_array(sr->l->r.arena, struct service_field, parts.n + 1);
    for (size_t i = 0; i < parts.n; i++)
        read_one_field(sr, &parts.list[i]);
    resolve_about(sr, parts);
    make_scope(sr, rules_n);
    place_fields_on_pages(sr);
}

void read_required(struct service_reader *sr)
{
    struct parts parts = parts_of(sr, "fields");
    for (size_t i = 0; i < parts.n; i++) {
        struct service_field *f = &sr->s->fields[i];
        f->required_if = expr_of(sr, &parts.list[i], parts.list[i].yaml, "required-if", RULE_YES_NO);
        if (f->required_if != NULL && f->page != NONE && symbol_known_after(sr, f->required_if) > f->page)
            wrong_at(sr, &parts.list[i], yaml_member(parts.list[i].yaml, "required-if"), "Ask that earlier.",
                     "whether '%.*s' is required rests on what is asked later", STR_ARG(f->id));
    }
}

void read_pages(struct service_reader *sr)
{
    const struct yaml *pages = yaml_member(sr->yaml, "pages");
    for (size_t i = 0; i < sr->s->pages_n; i++) {
        struct part part = {pages->member[i], sr->s->path};
        struct service_page *page = &sr->s->pages[i];
        page->condition = expr_of(sr, &part, part.yaml, "if", RULE_YES_NO);
        if (page->condition == NULL)
            continue;
        if (symbol_known_after(sr, page->condition) > i)
            wrong_at(sr, &part, yaml_member(part.yaml, "if"), "Ask that earlier: a form never loops.",
                     "whether page '%.*s' is shown rests on what is asked on it or later", STR_ARG(page->id));
        if (rule_is_always(page->condition, false))
            wrong_at(sr, &part, yaml_member(part.yaml, "if"), "Take the page out.",
                     "page '%.*s' is never shown", STR_ARG(page->id));
    }
}

/* --- rules --- */

void read_rules(struct service_reader *sr)
{
    struct service *s = sr->s;
    const struct yaml *rules = yaml_member(sr->yaml, "rules");
    s->rules = arena_array(sr->l->r.arena, struct service_rule, rules ? rules->n + 1 : 1);
    for (size_t i = 0; rules != NULL && i < rules->n; i++) {
        struct part part = {rules->member[i], s->path};
        const struct yaml *is = yaml_member(part.yaml, "is");
        struct rule_scope scope = {s->symbols, s->symbols_n};
        struct service_rule rule = {.id = yaml_text_of(part.yaml, "id"),
                                    .is = is->text,
                                    .sentence = texts_of(sr, part.yaml, "sentence"),
                                    .otherwise = texts_of(sr, part.yaml, "otherwise"),
                                    .basis = basis_of(sr, part.yaml),
                                    .verified = str_is(yaml_text_of(part.yaml, "verified"), "yes"),
                                    .place = part_place(&part)};
        struct err err;
        if (!rule_parse(is->text, &scope, sr->l->r.arena, &rule.expr, &err)) {
            wrong_at(sr, &part, is, "docs/services.md tells the language of rules.", "rule '%.*s', %s: %s",
                     STR_ARG(rule.id), err.place, err.text);
            static const struct rule_symbol none[1];
            must(rule_parse(STR("no"), &(struct rule_scope){none, 0}, sr->l->r.arena, &rule.expr, &err));
        }
        if (rule_type_of(rule.expr) == RULE_YES_NO && texts_empty(&rule.otherwise))
            wrong_at(sr, &part, NULL, "Add 'otherwise': the sentence for when it does not hold.",
                     "rule '%.*s' cannot explain a no", STR_ARG(rule.id));
        s->unverified += !rule.verified;
        add_symbol(sr, rule.id, rule_type_of(rule.expr), NULL, 0, symbol_known_after(sr, rule.expr),
                   &rule.place);
        s->rules[s->rules_n++] = rule;
    }
}

/* --- examples --- */

/* A list of answers stands on lines of its own. */
static struct str joined(struct arena *arena, const struct yaml *value)
{
    if (value->kind == YAML_TEXT)
        return value->text;
    struct buf out;
    buf_in(&out, arena, 65536);
    for (size_t i = 0; i < value->n; i++) {
        if (i != 0)
            buf_byte(&out, '\n');
        buf_str(&out, value->member[i]->text);
    }
    return buf_view(&out);
}

static bool fits_words(const struct rule_symbol *symbol, struct str text)
{
    struct str part;
    bool fits = true;
    while (symbol->words != NULL && str_next(&text, '\n', &part)) {
        bool one = false;
        for (size_t i = 0; i < symbol->words_n; i++)
            one |= str_eq(symbol->words[i], part);
        fits &= one;
    }
    return fits;
}

static void read_given(struct service_reader *sr, const struct part *part, const char *key,
                       struct rule_value *values, bool *set, bool rules)
{
    const struct yaml *map = yaml_member(part->yaml, key);
    struct service *s = sr->s;
    for (size_t i = 0; i < map->n; i++) {
        size_t symbol = service_symbol(s, map->key[i]->text);
        bool is_rule = symbol != NONE && symbol >= s->first_rule;
        struct rule_value value;
        if (symbol == NONE || is_rule != rules || symbol == FACT_TODAY) {
            wrong_at(sr, part, map->key[i], rules ? "Name a rule." : "Name a field or a fact of the case.",
                     "'%.*s' is no %s of this service", STR_ARG(map->key[i]->text), rules ? "rule" : "field");
            continue;
        }
        struct str text = joined(sr->l->r.arena, map->member[i]);
        enum rule_type type = s->symbols[symbol].type;
        if (str_is(text, "unknown") || str_is(text, "none")) {
            value = str_is(text, "none") ? rule_absent(type) : rule_unknown(type);
        } else if (!rule_value_parse(type, text, &value) || !fits_words(&s->symbols[symbol], text)) {
            wrong_at(sr, part, map->member[i],
                     "Write a value of its type, one of its options, none or unknown.",
                     "'%.*s' is no value of '%.*s'", STR_ARG(text), STR_ARG(map->key[i]->text));
            continue;
        }
        values[symbol] = value;
        set[symbol] = true;
    }
}

static void run_example(struct service_reader *sr, const struct part *part, const struct service_example *e)
{
    struct service *s = sr->s;
    struct arena *arena = sr->l->r.arena;
    struct rule_value *values = arena_array(arena, struct rule_value, s->symbols_n + 1);
    memcpy(values, e->values, s->symbols_n * sizeof *values);
    service_evaluate(s, values, arena);
    for (size_t i = 0; i < s->rules_n; i++) {
        size_t symbol = s->first_rule + i;
        if (!e->expected[symbol] || rule_value_same(&values[symbol], &e->expect[symbol]))
            continue;
        struct buf gave, wanted;
        buf_in(&gave, arena, 1000);
        buf_in(&wanted, arena, 1000);
        rule_value_text(&gave, &values[symbol]);
        rule_value_text(&wanted, &e->expect[symbol]);
        wrong_at(sr, part, NULL, "Mend the rule, or the example.",
                 "example '%.*s': '%.*s' is %.*s, expected %.*s", STR_ARG(e->name), STR_ARG(s->rules[i].id),
                 STR_ARG(gave.n ? buf_view(&gave) : STR("unknown")),
                 STR_ARG(wanted.n ? buf_view(&wanted) : STR("unknown")));
    }
}

/* A rule that no example ever showed both ways is a rule that nobody has tried. */
static void check_cover(struct service_reader *sr)
{
    struct service *s = sr->s;
    for (size_t i = 0; i < s->rules_n; i++) {
        bool yes = false, no = false, any = false;
        for (size_t e = 0; e < s->examples_n; e++) {
            const struct rule_value *v = &s->examples[e].expect[s->first_rule + i];
            any |= s->examples[e].expected[s->first_rule + i];
            yes |= s->examples[e].expected[s->first_rule + i] && v->known && v->yes;
            no |= s->examples[e].expected[s->first_rule + i] && v->known && !v->yes;
        }
        bool two_ways = rule_type_of(s->rules[i].expr) == RULE_YES_NO;
        struct yaml at = {.line = s->rules[i].place.line, .column = 1};
        struct part part = {&at, s->path};
        if (two_ways ? !(yes && no) : !any)
            wrong_at(sr, &part, NULL, "Add examples, worked out by hand.",
                     two_ways ? "no examples show rule '%.*s' both ways" : "no example shows rule '%.*s'",
                     STR_ARG(s->rules[i].id));
    }
}

void read_examples(struct service_reader *sr)
{
    struct service *s = sr->s;
    const struct yaml *list = yaml_member(sr->yaml, "examples");
    struct arena *arena = sr->l->r.arena;
    s->examples = arena_array(arena, struct service_example, list ? list->n + 1 : 1);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct part part = {list->member[i], s->path};
        struct date on;
        struct service_example *e = &s->examples[s->examples_n++];
        int32_t day = date_parse(yaml_text_of(part.yaml, "filed"), &on) ? date_days(on) : s->valid_from;
        e->name = yaml_text_of(part.yaml, "name");
        e->place = part_place(&part);
        e->values = service_facts(sr->l->j, s, day, arena);
        e->expect = arena_array(arena, struct rule_value, s->symbols_n + 1);
        e->expected = arena_array(arena, bool, s->symbols_n + 1);
        bool *given = arena_array(arena, bool, s->symbols_n + 1);
        read_given(sr, &part, "given", e->values, given, false);
        read_given(sr, &part, "expect", e->expect, e->expected, true);
        run_example(sr, &part, e);
    }
    check_cover(sr);
}
