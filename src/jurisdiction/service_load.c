/* SPDX-License-Identifier: Apache-2.0 */
/* service_load.c: procedures/ and services/ to structures. A service is read only when its form and its
 * procedure's are right; then its parts, in the order in which they refer to each other; then the linter
 * looks at the whole. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "jurisdiction/service_private.h"

const struct yaml *yaml_member(const struct yaml *map, const char *key)
{
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->n; i++)
        if (str_is(map->key[i]->text, key))
            return map->member[i];
    return NULL;
}

struct str yaml_text_of(const struct yaml *map, const char *key)
{
    const struct yaml *value = yaml_member(map, key);
    return value != NULL && value->kind == YAML_TEXT ? value->text : (struct str){"", 0};
}

struct texts texts_of(struct service_reader *sr, const struct yaml *map, const char *key)
{
    return yaml_member(map, key) ? read_texts(sr->l, map, key, false) : (struct texts){0};
}

struct basis basis_of(struct service_reader *sr, const struct yaml *map)
{
    const struct yaml *basis = yaml_member(map, "basis");
    struct str article = yaml_text_of(basis, "article");
    bool unknown = str_is(article, "unknown");
    sr->s->unverified += unknown;
    return (struct basis){texts_of(sr, basis, "law"), unknown ? (struct str){"", 0} : article};
}

struct place_in_file part_place(const struct part *part)
{
    return (struct place_in_file){part->file, part->yaml->line};
}

void wrong_at(struct service_reader *sr, const struct part *part, const struct yaml *at, const char *remedy,
              const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct str file = sr->l->r.file;
    if (part != NULL)
        sr->l->r.file = part->file;
    found(&sr->l->r, FINDING_ERROR, at ? at : part ? part->yaml : sr->yaml, remedy, "%s", text);
    sr->l->r.file = file;
}

struct parts parts_of(struct service_reader *sr, const char *key)
{
    const struct yaml *own = yaml_member(sr->yaml, key), *shared = yaml_member(sr->procedure, key);
    size_t own_n = own ? own->n : 0, shared_n = shared ? shared->n : 0;
    struct parts out = {arena_array(sr->l->r.arena, struct part, own_n + shared_n + 1), 0};
    for (size_t i = 0; i < shared_n; i++) {
        bool replaced = false;
        for (size_t k = 0; k < own_n; k++)
            replaced |= str_eq(yaml_text_of(own->member[k], "id"), yaml_text_of(shared->member[i], "id"));
        if (!replaced)
            out.list[out.n++] = (struct part){shared->member[i], sr->s->procedure->path};
    }
    for (size_t i = 0; i < own_n; i++)
        out.list[out.n++] = (struct part){own->member[i], sr->s->path};
    for (size_t i = 1; i < out.n; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(yaml_text_of(out.list[i].yaml, "id"), yaml_text_of(out.list[k].yaml, "id")) &&
                yaml_text_of(out.list[i].yaml, "id").n != 0)
                wrong_at(sr, &out.list[i], NULL, "Rename one.", "'%.*s' stands twice in %s",
                         STR_ARG(yaml_text_of(out.list[i].yaml, "id")), key);
    return out;
}

/* --- expressions --- */

struct known {
    const struct service_reader *sr;
    unsigned after;
};

static void note_use(void *arg, size_t symbol)
{
    struct known *k = arg;
    k->after = MAX_OF(k->after, k->sr->known_after[symbol]);
}

unsigned symbol_known_after(const struct service_reader *sr, const struct rule_expr *expr)
{
    struct known k = {sr, 0};
    rule_uses(expr, note_use, &k);
    return k.after;
}

const struct rule_expr *expr_of(struct service_reader *sr, const struct part *part, const struct yaml *map,
                                const char *key, enum rule_type type)
{
    const struct yaml *value = yaml_member(map, key);
    const struct rule_expr *expr = NULL;
    struct err err;
    if (value == NULL)
        return NULL;
    struct rule_scope scope = {sr->s->symbols, sr->s->symbols_n};
    if (!rule_parse(value->text, &scope, sr->l->r.arena, &expr, &err)) {
        wrong_at(sr, part, value, "docs/services.md tells the language of rules.", "'%s', %s: %s", key,
                 err.place, err.text);
        return NULL;
    }
    if (rule_type_of(expr) != type) {
        wrong_at(sr, part, value, "Mend the expression.", "'%s' gives a %s where a %s is needed", key,
                 rule_type_name(rule_type_of(expr)), rule_type_name(type));
        return NULL;
    }
    return expr;
}

/* --- the head of the file --- */

static void read_provider(struct service_reader *sr)
{
    struct str rest = yaml_text_of(sr->yaml, "provider"), agency_id, office_id;
    const struct agency *agency = NULL;
    if (str_next(&rest, '/', &agency_id) && str_next(&rest, '/', &office_id))
        agency = jurisdiction_agency(sr->l->j, agency_id);
    if (agency != NULL)
        sr->s->provider = jurisdiction_office(agency, office_id);
    if (sr->s->provider == NULL)
        wrong_at(sr, NULL, yaml_member(sr->yaml, "provider"), "Write agency/office of a file in agencies/.",
                 "unknown provider '%.*s'", STR_ARG(yaml_text_of(sr->yaml, "provider")));
}

static void read_channels(struct service_reader *sr)
{
    const struct yaml *channels = yaml_member(sr->yaml, "channels");
    for (size_t i = 0; i < channels->n; i++) {
        struct date date;
        enum channel c = channel_of(channels->key[i]->text);
        sr->s->channels |= 1u << c;
        if (date_parse(channels->member[i]->text, &date))
            sr->s->tested[c] = date_days(date);
    }
    if ((sr->s->channels & SERVICE_OFFLINE) == 0)
        wrong_at(sr, NULL, channels, "Add sms, ussd, voice, counter, point or paper: nobody is left out.",
                 "no way without internet");
}

static void read_life_events(struct service_reader *sr)
{
    const struct jurisdiction *j = sr->l->j;
    const struct yaml *list = yaml_member(sr->yaml, "life-events");
    sr->s->life_events = arena_array(sr->l->r.arena, size_t, list ? list->n + 1 : 1);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        size_t e = 0;
        while (e < j->life_events_n && !str_eq(j->life_events[e].id, list->member[i]->text))
            e++;
        if (e == j->life_events_n)
            wrong_at(sr, NULL, list->member[i], "Add it to life.yaml, or mend the id.",
                     "unknown life event '%.*s'", STR_ARG(list->member[i]->text));
        else
            sr->s->life_events[sr->s->life_events_n++] = e;
    }
}

static unsigned month_day(struct str text)
{
    return (unsigned)((text.p[0] - '0') * 1000 + (text.p[1] - '0') * 100 + (text.p[3] - '0') * 10 +
                      text.p[4] - '0');
}

static unsigned level_of(struct service_reader *sr, const struct yaml *map, const char *key)
{
    struct str text = yaml_text_of(map, key);
    uint64_t level = 0;
    if (text.n != 0 && (!text_u64(text, &level) || level > LEVELS_MAX))
        wrong_at(sr, NULL, map, "Write 0 to 3.", "'%s' is '%.*s'", key, STR_ARG(text));
    return (unsigned)MIN_OF(level, (uint64_t)LEVELS_MAX);
}

static struct levels minimum_of(struct service_reader *sr, const struct yaml *map)
{
    if (map == NULL)
        return (struct levels){0};
    return (struct levels){level_of(sr, map, "ial"), level_of(sr, map, "aal"),
                           str_is(yaml_text_of(map, "phishing-resistant"), "yes")};
}

static void read_head(struct service_reader *sr)
{
    struct service *s = sr->s;
    const struct yaml *y = sr->yaml, *recipients = yaml_member(y, "recipients"),
                      *window = yaml_member(y, "window"), *proactive = yaml_member(y, "proactive");
    struct date date;
    uint64_t version = 0;
    must(text_u64(yaml_text_of(y, "version"), &version) && date_parse(yaml_text_of(y, "valid-from"), &date));
    s->id = yaml_text_of(y, "id");
    s->version = (unsigned)version;
    s->valid_from = date_days(date);
    s->name = texts_of(sr, y, "name");
    s->summary = texts_of(sr, y, "summary");
    s->basis = basis_of(sr, y);
    for (size_t i = 0; i < recipients->n; i++) {
        s->persons |= str_is(recipients->member[i]->text, "person");
        s->organisations |= str_is(recipients->member[i]->text, "organisation");
    }
    if (!s->persons && !s->organisations)
        wrong_at(sr, NULL, recipients, "Write [person], [organisation] or both.", "nobody can apply");
    s->minimum = minimum_of(sr, yaml_member(y, "minimum"));
    s->one_at_a_time = str_is(yaml_text_of(y, "one-at-a-time"), "yes");
    s->replace_by_lookup = str_is(yaml_text_of(y, "replace-by-lookup"), "yes");
    s->has_window = window != NULL;
    if (window != NULL) {
        s->opens = month_day(yaml_text_of(window, "opens"));
        s->closes = month_day(yaml_text_of(window, "closes"));
        s->unverified += !str_is(yaml_text_of(window, "verified"), "yes");
    }
    s->proactive_trigger = texts_of(sr, proactive, "trigger");
    s->proactive_why = texts_of(sr, proactive, "why");
    read_provider(sr);
    read_channels(sr);
    read_life_events(sr);
}

/* --- the whole --- */

static void add_hash_line(struct sha256 *whole, struct str bytes, struct str path)
{
    uint8_t one[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(one, bytes.p, bytes.n);
    hex_encode(hex, one, sizeof one);
    sha256_add(whole, hex, 2 * HASH_SIZE);
    sha256_add(whole, "  ", 2);
    sha256_add(whole, path.p, path.n);
    sha256_add(whole, "\n", 1);
}

static void hash_service(struct service *s)
{
    struct sha256 whole;
    sha256_start(&whole);
    add_hash_line(&whole, s->procedure->bytes, s->procedure->path);
    add_hash_line(&whole, s->bytes, s->path);
    sha256_end(&whole, s->hash);
}

static const struct procedure *find_procedure(const struct jurisdiction *j, struct str id)
{
    for (size_t i = 0; i < j->procedures_n; i++)
        if (str_eq(j->procedures[i].id, id))
            return &j->procedures[i];
    return NULL;
}

/* What stands in file, but for the findings. */
static void read_service(struct loader *l, struct service *s, const struct yaml *yaml,
                         const struct procedure *procedure)
{
    struct service_reader *sr = arena_new(l->r.arena, struct service_reader);
    *sr = (struct service_reader){.l = l, .s = s, .yaml = yaml, .procedure = procedure->yaml};
    size_t before = l->r.findings->errors;
    s->procedure = procedure;
    read_head(sr);
    read_fields(sr);
    if (s->provider == NULL || s->symbols == NULL)
        return;
    read_rules(sr);
    read_required(sr);
    read_pages(sr);
    read_flow(sr);
    if (l->r.findings->errors == before)
        lint_service(sr);
    if (l->r.findings->errors == before)
        lint_graph(sr);
    if (l->r.findings->errors == before)
        read_examples(sr);
    hash_service(s);
}

static bool in_folder(const struct folder_file *file, const char *folder)
{
    return str_starts(file->path, str_of(folder));
}

/* The file's name is its id, so that an id stands once. */
static void check_name(struct loader *l, const struct yaml *root, struct str path, const char *folder)
{
    struct str name = str_from(path, strlen(folder));
    name.n -= strlen(".yaml");
    if (!str_eq(name, yaml_text_of(root, "id")))
        found(&l->r, FINDING_ERROR, yaml_member(root, "id"), "Name the file after the id.",
              "the file is called '%.*s', its id is '%.*s'", STR_ARG(name),
              STR_ARG(yaml_text_of(root, "id")));
}

static void read_procedures(struct loader *l)
{
    struct jurisdiction *j = l->j;
    j->procedures = arena_array(l->r.arena, struct procedure, l->folder->n + 1);
    for (size_t i = 0; i < l->folder->n; i++) {
        const struct folder_file *file = &l->folder->file[i];
        const struct yaml *root = in_folder(file, "procedures/") ? read_file(l, file) : NULL;
        if (root == NULL || !form_check(l, root, form_find("procedure")))
            continue;
        check_name(l, root, file->path, "procedures/");
        struct procedure *p = &j->procedures[j->procedures_n++];
        *p = (struct procedure){
            .id = yaml_text_of(root, "id"),
            .archetype = (enum archetype)word_of(WORDS_ARCHETYPES, yaml_text_of(root, "archetype")),
            .name = read_texts(l, root, "name", true),
            .path = file->path,
            .bytes = file->bytes,
            .yaml = root};
    }
}

void read_services(struct loader *l)
{
    struct jurisdiction *j = l->j;
    size_t before = l->r.findings->errors;
    j->services = arena_array(l->r.arena, struct service, l->folder->n + 1);
    read_procedures(l);
    for (size_t i = 0; i < l->folder->n; i++) {
        const struct folder_file *file = &l->folder->file[i];
        const struct yaml *root = in_folder(file, "services/") ? read_file(l, file) : NULL;
        if (root == NULL || !form_check(l, root, form_find("service")))
            continue;
        check_name(l, root, file->path, "services/");
        const struct procedure *procedure = find_procedure(j, yaml_text_of(root, "procedure"));
        if (procedure == NULL) {
            if (l->r.findings->errors == before || j->procedures_n != 0)
                found(&l->r, FINDING_ERROR, yaml_member(root, "procedure"), "Name a file of procedures/.",
                      "unknown procedure '%.*s'", STR_ARG(yaml_text_of(root, "procedure")));
            continue;
        }
        struct service *s = &j->services[j->services_n++];
        s->path = file->path;
        s->bytes = file->bytes;
        s->yaml = root;
        read_service(l, s, root, procedure);
    }
    for (size_t i = 0; i < j->services_n && l->r.findings->errors == before; i++) {
        struct service_reader sr = {.l = l, .s = &j->services[i], .yaml = j->services[i].yaml};
        l->r.file = sr.s->path;
        read_offer(&sr);
    }
    for (size_t i = 0; i < j->procedures_n; i++)
        j->procedures[i].yaml = NULL;
    for (size_t i = 0; i < j->services_n; i++)
        j->services[i].yaml = NULL;
}

static bool read_snapshot(struct loader *l, struct str service, struct str procedure, struct service *s)
{
    struct arena *arena = l->r.arena;
    struct procedure *p = arena_new(arena, struct procedure);
    const struct yaml *procedure_root = read_file(l, &(struct folder_file){STR("procedure"), procedure});
    if (procedure_root == NULL || !form_check(l, procedure_root, form_find("procedure")))
        return false;
    const struct yaml *root = read_file(l, &(struct folder_file){STR("service"), service});
    if (root == NULL || !form_check(l, root, form_find("service")))
        return false;
    *p = (struct procedure){
        .id = yaml_text_of(procedure_root, "id"),
        .archetype = (enum archetype)word_of(WORDS_ARCHETYPES, yaml_text_of(procedure_root, "archetype")),
        .name = read_texts(l, procedure_root, "name", true),
        .bytes = procedure,
        .yaml = procedure_root};
    p->path = str_of(arena_printf(arena, "procedures/%.*s.yaml", STR_ARG(p->id)));
    s->path = str_of(arena_printf(arena, "services/%.*s.yaml", STR_ARG(yaml_text_of(root, "id"))));
    s->bytes = service;
    read_service(l, s, root, p);
    p->yaml = NULL;
    return l->r.findings->errors == 0;
}

const struct service *service_from_snapshot(const struct jurisdiction *j, struct str service,
                                            struct str procedure, struct arena *arena,
                                            struct findings *ret_findings)
{
    struct service *s = arena_new(arena, struct service);
    struct arena nodes;
    *ret_findings = (struct findings){0};
    struct loader l = {.r = {.arena = arena, .nodes = &nodes, .for_report = arena, .findings = ret_findings},
                       .j = (struct jurisdiction *)j};
    arena_init(&nodes, 65536, (size_t)16 << 20);
    bool ok = read_snapshot(&l, service, procedure, s);
    arena_done(&nodes);
    return ok ? s : NULL;
}
