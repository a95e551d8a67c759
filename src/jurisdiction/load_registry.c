/* SPDX-License-Identifier: Apache-2.0 */
/* load_registry.c: registries: fields, look-ups, and who may act for the person of a record. */
#include "jurisdiction/service_private.h"

static void read_field(struct loader *l, const struct yaml *map, struct registry *registry)
{
    static const char *const classes[] = {"public", "personal", "sensitive"};
    static const char *const types[] = {"text", "number", "date", "money", "code", "yes-no"};
    yaml_known(&l->r, map, KNOWN("id", "name", "class", "type", "key"));
    struct field *field = &registry->fields[registry->fields_n];
    *field = (struct field){.id = read_id(l, map, "id"),
                            .name = read_texts(l, map, "name", true),
                            .key = yaml_yes(&l->r, map, "key")};
    struct str class = yaml_text(&l->r, map, "class", true), type = yaml_text(&l->r, map, "type", true);
    size_t c = 0, t = 0;
    while (c < ARRAY_LEN(classes) && !str_is(class, classes[c]))
        c++;
    while (t < ARRAY_LEN(types) && !str_is(type, types[t]))
        t++;
    if (c == ARRAY_LEN(classes) || t == ARRAY_LEN(types))
        found(&l->r, FINDING_ERROR, map,
              "class: public, personal or sensitive; type: text, number, date, money, code or yes-no.",
              "field '%.*s' has an unknown class or type", STR_ARG(field->id));
    field->class = (enum field_class)(c % ARRAY_LEN(classes));
    field->type = (enum field_type)(t % ARRAY_LEN(types));
    if (field->key && field->type == FIELD_YES_NO)
        found(&l->r, FINDING_ERROR, map, "Take 'key' out: a field of few values may not be searched.",
              "'%.*s' is a key", STR_ARG(field->id));
    if (registry_field(registry, field->id) >= 0)
        found(&l->r, FINDING_ERROR, map, "Rename one.", "field '%.*s' stands twice", STR_ARG(field->id));
    registry->fields_n++;
}

static void read_lookup(struct loader *l, const struct yaml *map, struct registry *registry)
{
    yaml_known(&l->r, map, KNOWN("purpose", "fields"));
    struct str id = yaml_text(&l->r, map, "purpose", true);
    const struct purpose *purpose = jurisdiction_purpose(l->j, id);
    const struct yaml *fields = list_of(l, map, "fields", true);
    if (purpose == NULL) {
        found(&l->r, FINDING_ERROR, map, "Add it to purposes.yaml, or mend the id.", "unknown purpose '%.*s'",
              STR_ARG(id));
        return;
    }
    if (registry_lookup(registry, purpose) != NULL)
        found(&l->r, FINDING_ERROR, map, "Join the two.", "purpose '%.*s' has two look-ups here",
              STR_ARG(id));
    uint64_t mask = 0;
    bool free_of_need =
        !purpose->needs_case && !purpose->needs_consent && !purpose->needs_order && !purpose->self;
    for (size_t i = 0; i < fields->n; i++) {
        int at = registry_field(registry, fields->member[i]->text);
        if (at < 0) {
            found(&l->r, FINDING_ERROR, fields->member[i], "Use an id from 'fields' above.",
                  "unknown field '%.*s'", STR_ARG(fields->member[i]->text));
            continue;
        }
        if (registry->fields[at].class == FIELD_SENSITIVE && free_of_need)
            found(&l->r, FINDING_ERROR, fields->member[i],
                  "Let the purpose need a case, consent or order, or leave the field out.",
                  "sensitive field '%.*s' is opened to '%.*s', which needs nothing",
                  STR_ARG(registry->fields[at].id), STR_ARG(id));
        mask |= UINT64_C(1) << at;
    }
    registry->lookups[registry->lookups_n++] = (struct lookup){purpose, mask};
}

/* The field with the number of who heads the organisation: what a head's mandate rests on. */
static void read_head(struct loader *l, const struct yaml *root, struct registry *registry)
{
    struct str head = yaml_text(&l->r, root, "head", false);
    registry->head = NONE;
    for (size_t i = 0; i < registry->fields_n; i++)
        if (head.n != 0 && str_eq(registry->fields[i].id, head))
            registry->head = i;
    if (head.n != 0 && (registry->head == NONE || !registry->organisations))
        found(&l->r, FINDING_ERROR, root,
              "Name the field that holds the number of who heads the organisation, in a registry of "
              "organisations.",
              "'head' is '%.*s'", STR_ARG(head));
}

/* Which fields a person's own look sees: who asks to act for another looks as that person would. */
static uint64_t self_fields(const struct registry *registry)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < registry->lookups_n; i++)
        if (registry->lookups[i].purpose->self)
            fields |= registry->lookups[i].fields;
    return fields;
}

static size_t field_of_type(struct loader *l, const struct yaml *at, const struct registry *registry,
                            struct str id, enum field_type type)
{
    int field = registry_field(registry, id);
    if (field >= 0 && registry->fields[field].type == type && (self_fields(registry) >> field & 1))
        return (size_t)field;
    found(&l->r, FINDING_ERROR, at,
          "Numbers of who may act are texts, a birth date is a date, and the person's own look sees both.",
          "'acting' names '%.*s'", STR_ARG(id));
    return NONE;
}

/* What mandates of a capacity rest on, and are asked again by. */
static void read_relation(struct loader *l, const struct yaml *map, struct registry *registry)
{
    static const struct {
        const char *capacity;
        bool born, organisations;
    } kinds[] = {{"parent", true, false}, {"guardian", true, false}, {"employee", false, true}};
    yaml_known(&l->r, map, KNOWN("capacity", "fields", "born"));
    struct relation relation = {.capacity = yaml_text(&l->r, map, "capacity", true), .born = NONE};
    struct str born = yaml_text(&l->r, map, "born", false);
    const struct yaml *fields = list_of(l, map, "fields", true);
    size_t k = 0;
    while (k < ARRAY_LEN(kinds) && !str_is(relation.capacity, kinds[k].capacity))
        k++;
    if (k == ARRAY_LEN(kinds) || kinds[k].born != (born.n != 0) ||
        kinds[k].organisations != registry->organisations) {
        found(&l->r, FINDING_ERROR, map,
              "capacity: parent or guardian, with 'born', in a registry of persons; employee in one of "
              "organisations; for a head there is 'head'.",
              "'acting' is not right for '%.*s'", STR_ARG(relation.capacity));
        return;
    }
    for (size_t i = 0; i < fields->n; i++) {
        size_t at = field_of_type(l, fields->member[i], registry, fields->member[i]->text, FIELD_TEXT);
        relation.fields |= at == NONE ? 0 : UINT64_C(1) << at;
    }
    if (born.n != 0)
        relation.born = field_of_type(l, map, registry, born, FIELD_DATE);
    registry->relations[registry->relations_n++] = relation;
}

static void read_relations(struct loader *l, const struct yaml *root, struct registry *registry)
{
    const struct yaml *list = list_of(l, root, "acting", false);
    registry->relations = arena_array(&l->j->arena, struct relation, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        read_relation(l, list->member[i], registry);
    if (registry->head != NONE)
        registry->relations[registry->relations_n++] =
            (struct relation){.capacity = STR("head"), .fields = UINT64_C(1) << registry->head, .born = NONE};
}

void read_registry(struct loader *l, const struct yaml *root)
{
    struct registry *registry = &l->j->registries[l->j->registries_n];
    yaml_known(&l->r, root,
               KNOWN("id", "name", "holder", "many", "organisations", "protected", "fields", "lookups",
                     "head", "acting", "written-by"));
    registry->id = read_id(l, root, "id");
    if (jurisdiction_registry(l->j, registry->id) != NULL)
        found(&l->r, FINDING_ERROR, root, "Rename one.", "registry '%.*s' stands twice",
              STR_ARG(registry->id));
    l->j->registries_n++;
    registry->name = read_texts(l, root, "name", true);
    struct str holder = yaml_text(&l->r, root, "holder", true);
    registry->holder = jurisdiction_agency(l->j, holder);
    if (registry->holder == NULL)
        found(&l->r, FINDING_ERROR, root, "Add the agency, or mend the id.", "unknown holder '%.*s'",
              STR_ARG(holder));
    registry->many = yaml_yes(&l->r, root, "many");
    registry->organisations = yaml_yes(&l->r, root, "organisations");
    registry->protected_category = yaml_yes(&l->r, root, "protected");
    const struct yaml *fields = list_of(l, root, "fields", true),
                      *lookups = list_of(l, root, "lookups", true);
    if (fields->n > 64 || fields->n == 0)
        found(&l->r, FINDING_ERROR, fields, "Keep 1 to 64 fields.", "%zu fields", fields->n);
    registry->fields = arena_array(&l->j->arena, struct field, fields->n + 1);
    registry->lookups = arena_array(&l->j->arena, struct lookup, lookups->n + 1);
    for (size_t i = 0; i < fields->n && i < 64; i++)
        read_field(l, fields->member[i], registry);
    for (size_t i = 0; i < lookups->n; i++)
        read_lookup(l, lookups->member[i], registry);
    read_head(l, root, registry);
    read_relations(l, root, registry);
    read_writers(l, root, registry);
    if (lookups->n == 0)
        found(&l->r, FINDING_ERROR, root, "Say which purposes see which fields.",
              "a registry that nobody may look into");
}

/* Which mandates its offices record: powers given before them, and appointments by their own acts. */
void read_records(struct loader *l, const struct yaml *map, struct purpose *purpose)
{
    static const char *const capacities[] = {"attorney", "guardian", "court-appointed"};
    const struct yaml *list = list_of(l, map, "mandates", false);
    purpose->records = arena_array(&l->j->arena, struct str, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        size_t c = 0;
        while (c < ARRAY_LEN(capacities) && !str_is(list->member[i]->text, capacities[c]))
            c++;
        if (c == ARRAY_LEN(capacities) || purpose->self)
            found(&l->r, FINDING_ERROR, list->member[i],
                  "attorney, guardian or court-appointed, of a purpose that offices have.",
                  "'mandates' names '%.*s'", STR_ARG(list->member[i]->text));
        else
            purpose->records[purpose->records_n++] = list->member[i]->text;
    }
}
