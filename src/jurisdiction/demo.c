/* SPDX-License-Identifier: Apache-2.0 */
/* demo.c: demo.yaml, and the values that its patterns stand for. */
#include "jurisdiction/demo.h"

#include <stdio.h>

#include "base/clock.h"
#include "jurisdiction/demo_private.h"
#include "jurisdiction/service.h"

#define VALUE_MAX 512
#define LETTERS "ABCDEFGHJKLMNPRSTUVWXYZ"

/* --- patterns --- */

struct drawing {
    const struct jurisdiction *j;
    bool female;
    demo_draw_fn *draw;
    void *arg;
    struct buf *out;
};

static struct str one_of(struct drawing *d, const struct str *list, size_t n)
{
    return n ? list[d->draw(d->arg, n)] : STR("-");
}

static bool write_range(struct drawing *d, struct str from, struct str to)
{
    struct date first, last;
    uint64_t low, high;
    if (date_parse(from, &first) && date_parse(to, &last)) {
        int32_t a = date_days(first), b = date_days(last);
        if (a > b)
            return false;
        struct date date = date_of_days(a + (int32_t)d->draw(d->arg, (uint64_t)(b - a) + 1));
        buf_printf(d->out, "%04d-%02d-%02d", date.year, date.month, date.day);
        return true;
    }
    if (!text_u64(from, &low) || !text_u64(to, &high) || low > high || high - low > UINT32_MAX)
        return false;
    buf_u64(d->out, low + d->draw(d->arg, high - low + 1));
    return true;
}

static bool write_choice(struct drawing *d, struct str list)
{
    struct str rest = list, part = {0};
    size_t n = 0;
    while (str_next(&rest, '|', &part))
        n++;
    size_t at = d->draw(d->arg, n ? n : 1);
    rest = list;
    for (size_t i = 0; i <= at; i++)
        if (!str_next(&rest, '|', &part))
            return false;
    buf_str(d->out, part);
    return n > 1;
}

static bool write_by_sex(struct drawing *d, struct str pair)
{
    struct str woman;
    if (!str_next(&pair, '|', &woman) || pair.n == 0 || memchr(pair.p, '|', pair.n) != NULL)
        return false;
    buf_str(d->out, d->female ? woman : pair);
    return true;
}

static bool write_hole(struct drawing *d, struct str hole)
{
    const struct names *names = &d->j->names;
    if (str_is(hole, "place")) {
        size_t n = d->j->places_n;
        buf_str(d->out, n ? d->j->places[d->draw(d->arg, n)].name.in[0] : STR("-"));
        return true;
    }
    if (str_is(hole, "surname")) {
        buf_str(d->out, d->female ? one_of(d, names->surname_female, names->surname_female_n)
                                  : one_of(d, names->surname_male, names->surname_male_n));
        return true;
    }
    if (str_is(hole, "given")) {
        buf_str(d->out, d->female ? one_of(d, names->given_female, names->given_female_n)
                                  : one_of(d, names->given_male, names->given_male_n));
        return true;
    }
    if (hole.n != 0 && hole.p[0] == '~')
        return write_by_sex(d, str_from(hole, 1));
    const char *dots = hole.n ? memmem(hole.p, hole.n, "..", 2) : NULL;
    if (dots != NULL)
        return write_range(d, (struct str){hole.p, (size_t)(dots - hole.p)},
                           str_from(hole, (size_t)(dots - hole.p) + 2));
    return write_choice(d, hole);
}

bool demo_value(const struct jurisdiction *j, struct str pattern, bool female, demo_draw_fn *draw, void *arg,
                struct arena *arena, struct str *ret_value)
{
    struct buf out;
    struct drawing d = {j, female, draw, arg, &out};
    buf_in(&out, arena, VALUE_MAX);
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '#') {
            buf_byte(&out, (uint8_t)('0' + draw(arg, 10)));
        } else if (c == '@') {
            buf_byte(&out, (uint8_t)LETTERS[draw(arg, sizeof LETTERS - 1)]);
        } else if (c == '{') {
            const char *end = memchr(pattern.p + i, '}', pattern.n - i);
            if (end == NULL ||
                !write_hole(&d, (struct str){pattern.p + i + 1, (size_t)(end - pattern.p) - i - 1}))
                return false;
            i = (size_t)(end - pattern.p);
        } else {
            buf_byte(&out, (uint8_t)c);
        }
    }
    *ret_value = buf_view(&out);
    return !buf_overflowed(&out);
}

const struct demo_values *demo_values_of(const struct jurisdiction *j, const struct registry *registry,
                                         size_t field)
{
    for (size_t i = 0; i < j->demo.values_n; i++)
        if (j->demo.values[i].registry == registry && j->demo.values[i].field == field)
            return &j->demo.values[i];
    return NULL;
}

const struct demo_answer *demo_answer_of(const struct jurisdiction *j, struct str key)
{
    for (size_t i = 0; i < j->demo.answers_n; i++)
        if (str_eq(j->demo.answers[i].key, key))
            return &j->demo.answers[i];
    return NULL;
}

/* --- demo.yaml --- */

static const struct office *read_office(struct loader *l, const struct yaml *map)
{
    struct str agency_id = yaml_text(&l->r, map, "agency", true),
               office_id = yaml_text(&l->r, map, "office", true);
    const struct agency *agency = jurisdiction_agency(l->j, agency_id);
    const struct office *office = agency ? jurisdiction_office(agency, office_id) : NULL;
    if (office == NULL)
        found(&l->r, FINDING_ERROR, map, "Mend the ids, or add the office in agencies/.",
              "there is no office '%.*s' at agency '%.*s'", STR_ARG(office_id), STR_ARG(agency_id));
    return office;
}

static const struct registry *read_registry_of(struct loader *l, const struct yaml *map)
{
    struct str id = yaml_text(&l->r, map, "registry", true);
    const struct registry *registry = jurisdiction_registry(l->j, id);
    if (registry == NULL)
        found(&l->r, FINDING_ERROR, map, "Mend the id, or add the registry.", "unknown registry '%.*s'",
              STR_ARG(id));
    return registry;
}

static size_t read_word(struct loader *l, const struct yaml *map, const char *key, const char *const *words,
                        size_t n, const char *remedy)
{
    struct str text = yaml_text(&l->r, map, key, false);
    for (size_t i = 0; i < n; i++)
        if (str_is(text, words[i]))
            return i;
    if (text.n != 0)
        found(&l->r, FINDING_ERROR, map, remedy, "'%s' cannot be '%.*s'", key, STR_ARG(text));
    return 0;
}

static const struct texts *keep_texts(struct loader *l, const struct yaml *map, const char *key)
{
    struct texts *texts = arena_new(&l->j->arena, struct texts);
    *texts = read_texts(l, map, key, true);
    return texts;
}

static void read_role(struct loader *l, const struct yaml *map)
{
    static const char *const as[] = {"person", "official", "auditor"};
    yaml_known(&l->r, map, KNOWN("as", "agency", "office", "name", "about"));
    struct demo_role role = {
        .as = (enum demo_as)read_word(l, map, "as", as, ARRAY_LEN(as), "Write person, official or auditor."),
        .name = keep_texts(l, map, "name"),
        .about = keep_texts(l, map, "about")};
    if (role.as != DEMO_PERSON && (role.office = read_office(l, map)) == NULL)
        return;
    l->j->demo.roles[l->j->demo.roles_n++] = role;
}

static void read_look(struct loader *l, const struct yaml *map)
{
    static const char *const cases[] = {"own", "other", "none"};
    yaml_known(&l->r, map, KNOWN("agency", "office", "purpose", "registry", "case", "emergency"));
    struct str id = yaml_text(&l->r, map, "purpose", true);
    struct demo_look look = {.office = read_office(l, map),
                             .purpose = jurisdiction_purpose(l->j, id),
                             .registry = read_registry_of(l, map),
                             .case_of = (enum demo_case)read_word(l, map, "case", cases, ARRAY_LEN(cases),
                                                                  "Write own, other or none."),
                             .emergency = yaml_text(&l->r, map, "emergency", false)};
    if (look.purpose == NULL)
        found(&l->r, FINDING_ERROR, map, "Mend the id, or add it to purposes.yaml.", "unknown purpose '%.*s'",
              STR_ARG(id));
    if (look.office != NULL && look.purpose != NULL && look.registry != NULL)
        l->j->demo.looks[l->j->demo.looks_n++] = look;
}

static uint64_t first_of(void *arg, uint64_t below)
{
    return 0;
}

static uint64_t last_of(void *arg, uint64_t below)
{
    return below - 1;
}

static struct str *keep_patterns(struct loader *l, const struct yaml *list, size_t *ret_n)
{
    struct str *patterns = arena_array(&l->j->arena, struct str, list->n + 1);
    *ret_n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (list->member[i]->kind != YAML_TEXT) {
            found(&l->r, FINDING_ERROR, list->member[i], "Write the pattern as text.",
                  "a pattern is no list and no mapping");
            continue;
        }
        struct str pattern = list->member[i]->text, value;
        if (!demo_value(l->j, pattern, true, first_of, NULL, l->r.for_report, &value) ||
            !demo_value(l->j, pattern, false, last_of, NULL, l->r.for_report, &value))
            found(
                &l->r, FINDING_ERROR, list->member[i],
                "Holes are {place}, {surname}, {given}, {a|b}, {~woman|man}, {1..9} or two dates with '..'.",
                "the pattern is off");
        else
            patterns[(*ret_n)++] = pattern;
    }
    return patterns;
}

static void read_patterns(struct loader *l, const struct registry *registry, const struct yaml *key,
                          const struct yaml *list)
{
    int at = registry_field(registry, key->text);
    if (at < 0 || list->kind != YAML_LIST || list->n == 0) {
        found(&l->r, FINDING_ERROR, key, "Write field: [pattern, ...] with a field of the registry.",
              "'%.*s' is no field of '%.*s' with a list", STR_ARG(key->text), STR_ARG(registry->id));
        return;
    }
    struct demo_values values = {registry, (size_t)at, NULL, 0};
    values.patterns = keep_patterns(l, list, &values.n);
    if (demo_values_of(l->j, registry, values.field) != NULL)
        found(&l->r, FINDING_ERROR, key, "Join the two.", "field '%.*s' stands twice", STR_ARG(key->text));
    else if (values.n != 0)
        l->j->demo.values[l->j->demo.values_n++] = values;
}

static void read_values(struct loader *l, const struct yaml *list)
{
    size_t fields = 0;
    for (size_t i = 0; i < l->j->registries_n; i++)
        fields += l->j->registries[i].fields_n;
    l->j->demo.values = arena_array(&l->j->arena, struct demo_values, fields + 1);
    l->j->demo.shares = arena_array(&l->j->arena, struct demo_share, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(&l->r, map, KNOWN("registry", "percent", "fields"));
        const struct registry *registry = read_registry_of(l, map);
        const struct yaml *fields_of = yaml_get(&l->r, map, "fields", YAML_MAP, true);
        if (registry == NULL)
            continue;
        l->j->demo.shares[l->j->demo.shares_n++] =
            (struct demo_share){registry, (unsigned)yaml_number(&l->r, map, "percent", 100, 100)};
        for (size_t f = 0; fields_of != NULL && f < fields_of->n; f++)
            read_patterns(l, registry, fields_of->key[f], fields_of->member[f]);
    }
}

/* --- cases --- */

static bool is_answer_key(const struct jurisdiction *j, struct str key)
{
    static const char *const more[] = {"reason", "article", "minutes"}; /* what officials give with a step */
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        if (str_is(key, more[i]))
            return true;
    for (int t = 0; t < ANSWERS_N; t++)
        if (str_is(key, answer_type_name((enum answer_type)t)))
            return true;
    for (size_t i = 0; i < j->services_n; i++)
        if (service_field(&j->services[i], key) != NONE)
            return true;
    return false;
}

static void read_answers(struct loader *l, const struct yaml *map)
{
    struct demo_plan *demo = &l->j->demo;
    demo->answers = arena_array(&l->j->arena, struct demo_answer, map->n + 1);
    for (size_t i = 0; i < map->n; i++) {
        struct demo_answer answer = {.key = map->key[i]->text};
        if (!is_answer_key(l->j, answer.key))
            found(&l->r, FINDING_ERROR, map->key[i],
                  "Write a field's id, a type of answer, or reason, article, minutes.",
                  "no service has a field '%.*s'", STR_ARG(answer.key));
        answer.patterns = keep_patterns(l, map->member[i], &answer.n);
        if (answer.n != 0)
            demo->answers[demo->answers_n++] = answer;
    }
}

static const struct service *read_service_id(struct loader *l, const struct yaml *at, struct str id)
{
    const struct service *s = jurisdiction_service(l->j, id);
    if (s == NULL)
        found(&l->r, FINDING_ERROR, at, "Mend the id.", "there is no service '%.*s'", STR_ARG(id));
    return s;
}

static void read_own(struct loader *l, const struct yaml *map)
{
    static const char *const ends[DEMO_ENDS_N] = {"granted",   "refused",  "returned",   "hearing", "open",
                                                  "withdrawn", "appealed", "overturned", "upheld",  "void"};
    yaml_known(&l->r, map, KNOWN("service", "ends"));
    struct demo_own own = {.service = read_service_id(l, map, yaml_text(&l->r, map, "service", true)),
                           .end =
                               (enum demo_end)read_word(l, map, "ends", ends, DEMO_ENDS_N,
                                                        "Write granted, refused, returned, hearing, open, "
                                                        "withdrawn, appealed, overturned, upheld or void.")};
    if (own.service != NULL)
        l->j->demo.own[l->j->demo.own_n++] = own;
}

static void read_demo_cases(struct loader *l, const struct yaml *map)
{
    struct demo_plan *demo = &l->j->demo;
    yaml_known(&l->r, map, KNOWN("busy", "own", "answers"));
    const struct yaml *busy = list_of(l, map, "busy", false), *own = list_of(l, map, "own", false);
    const struct yaml *answers = yaml_get(&l->r, map, "answers", YAML_MAP, false);
    demo->busy = arena_array(&l->j->arena, const struct service *, busy->n + 1);
    demo->own = arena_array(&l->j->arena, struct demo_own, own->n + 1);
    for (size_t i = 0; i < busy->n; i++) {
        const struct service *s = read_service_id(l, busy->member[i], busy->member[i]->text);
        if (s != NULL)
            demo->busy[demo->busy_n++] = s;
    }
    for (size_t i = 0; i < own->n; i++)
        read_own(l, own->member[i]);
    if (answers != NULL)
        read_answers(l, answers);
}

/* --- records that are written, and what they offer --- */

static void read_demo_record(struct loader *l, const struct yaml *map)
{
    static const char *const answers[] = {"open", "accepted", "declined"};
    yaml_known(&l->r, map, KNOWN("person", "registry", "answer", "fields"));
    const struct yaml *fields = yaml_get(&l->r, map, "fields", YAML_MAP, true);
    struct demo_record record = {
        .person = (unsigned)yaml_number(&l->r, map, "person", 1, 5),
        .registry = read_registry_of(l, map),
        .answer = (enum demo_answered)read_word(l, map, "answer", answers, ARRAY_LEN(answers),
                                                "Write open, accepted or declined.")};
    if (record.registry == NULL || fields == NULL)
        return;
    if (record.registry->writers_n == 0)
        found(&l->r, FINDING_ERROR, map,
              "Say in the registry, by 'written-by', which offices write its records.",
              "nobody writes records of '%.*s'", STR_ARG(record.registry->id));
    record.values = arena_array(&l->j->arena, struct str, record.registry->fields_n + 1);
    for (size_t i = 0; i < fields->n; i++) {
        int at = registry_field(record.registry, fields->key[i]->text);
        struct str value;
        if (at < 0 || fields->member[i]->kind != YAML_TEXT ||
            !demo_value(l->j, fields->member[i]->text, true, first_of, NULL, l->r.for_report, &value))
            found(&l->r, FINDING_ERROR, fields->key[i], "Write field: pattern with a field of the registry.",
                  "'%.*s' is no field with a pattern", STR_ARG(fields->key[i]->text));
        else
            record.values[at] = fields->member[i]->text;
    }
    l->j->demo.records[l->j->demo.records_n++] = record;
}

void read_demo(struct loader *l, const struct yaml *root)
{
    struct demo_plan *demo = &l->j->demo;
    yaml_known(&l->r, root, KNOWN("level", "roles", "looks", "values", "cases", "records"));
    const struct yaml *roles = list_of(l, root, "roles", true), *looks = list_of(l, root, "looks", false);
    demo->level = read_levels(l, root, "level");
    demo->roles = arena_array(&l->j->arena, struct demo_role, roles->n + 1);
    demo->looks = arena_array(&l->j->arena, struct demo_look, looks->n + 1);
    for (size_t i = 0; i < roles->n; i++)
        read_role(l, roles->member[i]);
    for (size_t i = 0; i < looks->n; i++)
        read_look(l, looks->member[i]);
    read_values(l, list_of(l, root, "values", false));
    const struct yaml *cases = yaml_get(&l->r, root, "cases", YAML_MAP, false);
    if (cases != NULL)
        read_demo_cases(l, cases);
    const struct yaml *records = list_of(l, root, "records", false);
    demo->records = arena_array(&l->j->arena, struct demo_record, records->n + 1);
    for (size_t i = 0; i < records->n; i++)
        read_demo_record(l, records->member[i]);
}
