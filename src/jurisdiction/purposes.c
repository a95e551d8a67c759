/* SPDX-License-Identifier: Apache-2.0 */
/* purposes.c: purposes.yaml. */
#include "jurisdiction/service_private.h"

static void read_needs(struct loader *l, const struct yaml *map, struct purpose *purpose)
{
    const struct yaml *needs = list_of(l, map, "needs", false);
    for (size_t i = 0; i < needs->n; i++) {
        struct str need = needs->member[i]->text;
        if (str_is(need, "case"))
            purpose->needs_case = true;
        else if (str_is(need, "consent"))
            purpose->needs_consent = true;
        else if (str_is(need, "order"))
            purpose->needs_order = true;
        else
            found(&l->r, FINDING_ERROR, needs->member[i], "Write case, consent or order.",
                  "unknown need '%.*s'", STR_ARG(need));
    }
}

static enum stream_kind read_stream(struct loader *l, const struct yaml *map)
{
    struct str stream = yaml_text(&l->r, map, "stream", false);
    if (stream.n == 0 || str_is(stream, "open"))
        return STREAM_OPEN;
    if (str_is(stream, "delayed"))
        return STREAM_DELAYED;
    if (str_is(stream, "sealed"))
        return STREAM_SEALED;
    found(&l->r, FINDING_ERROR, map, "Write open, delayed or sealed.", "unknown stream '%.*s'",
          STR_ARG(stream));
    return STREAM_OPEN;
}

static unsigned read_own_cases(struct loader *l, const struct yaml *map)
{
    if (str_is(yaml_text(&l->r, map, "own-cases", false), "0"))
        found(&l->r, FINDING_ERROR, map, "Write 1 to 365, or leave it out.",
              "'own-cases' is 0 days: no case would be open");
    return (unsigned)yaml_number(&l->r, map, "own-cases", 0, 365);
}

static void check_purpose(struct loader *l, const struct yaml *map, const struct purpose *purpose)
{
    struct str id = purpose->id;
    if (purpose->stream == STREAM_SEALED && !purpose->needs_order)
        found(&l->r, FINDING_ERROR, map, "Add 'needs: [order]'.", "sealed purpose '%.*s' needs no order",
              STR_ARG(id));
    if (purpose->stream != STREAM_OPEN && purpose->delay_days == 0)
        found(&l->r, FINDING_ERROR, map,
              "Add delay-days: the day on which the person is shown it, at the latest.",
              "purpose '%.*s' hides its looks without an end", STR_ARG(id));
    if (purpose->break_glass && !purpose->needs_case)
        found(&l->r, FINDING_ERROR, map, "Take break-glass out.",
              "'%.*s' needs no case, so nothing is to be broken", STR_ARG(id));
    if (purpose->break_glass && (purpose->stream != STREAM_OPEN || purpose->needs_order))
        found(&l->r, FINDING_ERROR, map,
              "Take break-glass out, or let its looks be open and without an order.",
              "'%.*s' is shown later, but an emergency look is shown and reviewed at once", STR_ARG(id));
    if (purpose->own_case_days != 0 && !purpose->needs_case)
        found(&l->r, FINDING_ERROR, map, "Add 'needs: [case]', or take own-cases out.",
              "'%.*s' needs no case, so no office has to open one", STR_ARG(id));
    if (purpose->self && (purpose->needs_case || purpose->needs_order || purpose->stream != STREAM_OPEN))
        found(&l->r, FINDING_ERROR, map, "The person's own look needs nothing and is open.",
              "'%.*s' is a person's own look", STR_ARG(id));
    if (purpose->basis.article.n == 0)
        found(&l->r, FINDING_WARNING, map,
              "Enter the article when a lawyer has confirmed it; until then it is shown so.",
              "the article of '%.*s' is not yet entered", STR_ARG(id));
}

static void read_joins(struct loader *l, const struct yaml *map, struct purpose *purpose)
{
    const struct yaml *list = list_of(l, map, "joins", false);
    purpose->joins = arena_array(&l->j->arena, struct join, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *item = list->member[i];
        yaml_known(&l->r, item, KNOWN("from", "to"));
        const struct join join = {yaml_text(&l->r, item, "from", false), yaml_text(&l->r, item, "to", true)};
        const struct str sectors[] = {join.from, join.to};
        for (size_t s = 0; s < ARRAY_LEN(sectors); s++)
            if (sectors[s].n != 0 && !jurisdiction_sector(l->j, sectors[s]))
                found(&l->r, FINDING_ERROR, item,
                      "Write an agency's sector; where it names none, the agency's id.",
                      "no agency is in a sector '%.*s'", STR_ARG(sectors[s]));
        if (purpose_joins(purpose, join.from, join.to))
            found(&l->r, FINDING_ERROR, item, "Keep one.", "the two sectors are joined twice");
        purpose->joins[purpose->joins_n++] = join;
    }
    if (purpose->joins_n != 0 && (purpose->self || purpose->stream == STREAM_SEALED || purpose->needs_order))
        found(&l->r, FINDING_ERROR, map, "Take joins out, or let it be an office's purpose without an order.",
              "'%.*s' joins sectors, but is the person's own or a court's", STR_ARG(purpose->id));
}

void read_purposes(struct loader *l, const struct yaml *root)
{
    yaml_known(&l->r, root, KNOWN("purposes"));
    const struct yaml *list = list_of(l, root, "purposes", true);
    l->j->purposes = arena_array(&l->j->arena, struct purpose, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(&l->r, map,
                   KNOWN("id", "name", "plain", "basis", "dpv", "needs", "break-glass", "self", "stream",
                         "delay-days", "protected", "minimum", "joins", "mandates", "own-cases"));
        const struct yaml *basis = yaml_get(&l->r, map, "basis", YAML_MAP, true);
        yaml_known(&l->r, basis, KNOWN("law", "article"));
        struct str article = yaml_text(&l->r, basis, "article", basis != NULL);
        struct purpose purpose = {
            .id = read_id(l, map, "id"),
            .name = read_texts(l, map, "name", true),
            .plain = read_texts(l, map, "plain", true),
            .basis = {basis ? read_texts(l, basis, "law", true) : (struct texts){0},
                      str_is(article, "unknown") ? (struct str){"", 0} : article},
            .dpv = yaml_text(&l->r, map, "dpv", false),
            .break_glass = yaml_yes(&l->r, map, "break-glass"),
            .self = yaml_yes(&l->r, map, "self"),
            .stream = read_stream(l, map),
            .delay_days = (unsigned)yaml_number(&l->r, map, "delay-days", 0, 3 * 366),
            .own_case_days = read_own_cases(l, map),
            .protected_category = yaml_yes(&l->r, map, "protected"),
            .minimum = read_levels(l, map, "minimum"),
        };
        read_needs(l, map, &purpose);
        read_records(l, map, &purpose);
        read_joins(l, map, &purpose);
        check_purpose(l, map, &purpose);
        if (jurisdiction_purpose(l->j, purpose.id) != NULL)
            found(&l->r, FINDING_ERROR, map, "Rename one.", "purpose '%.*s' stands twice",
                  STR_ARG(purpose.id));
        l->j->purposes[l->j->purposes_n++] = purpose;
    }
}
