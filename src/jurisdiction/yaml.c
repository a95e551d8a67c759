/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/yaml_private.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>

/* A procedure's line is read once for each service that goes by it. */
static bool said_before(const struct reading *r, const struct yaml *at, const char *what)
{
    for (size_t i = 0; i < r->findings->n; i++) {
        const struct finding *f = &r->findings->list[i];
        if (f->line == (at ? at->line : 1) && f->column == (at ? at->column : 1) &&
            str_eq(f->file, r->file) && str_is(f->what, what))
            return true;
    }
    return false;
}

void found(struct reading *r, enum finding_level level, const struct yaml *at, const char *remedy,
           const char *format, ...)
{
    struct findings *f = r->findings;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (said_before(r, at, text))
        return;
    if ((f->n & (f->n - 1)) == 0) { /* full at each power of two */
        struct finding *grown = arena_array(r->for_report, struct finding, f->n ? f->n * 2 : 1);
        if (f->n != 0)
            memcpy(grown, f->list, f->n * sizeof *grown);
        f->list = grown;
    }
    f->list[f->n++] = (struct finding){
        .level = level,
        .file = str_dup(r->for_report, r->file),
        .line = at ? at->line : 1,
        .column = at ? at->column : 1,
        .what = str_dup(r->for_report, str_of(text)),
        .remedy = str_dup(r->for_report, str_of(remedy)),
    };
    f->errors += level == FINDING_ERROR;
}

struct builder {
    struct reading *r;
    struct fy_parser *parser;
    bool broken; /* libfyaml refused the text, or the stream ended early */
};

static struct yaml *build(struct builder *b, struct fy_event *event, int depth);

static struct yaml *node_at(struct builder *b, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml *out = arena_new(b->r->nodes, struct yaml);
    const struct fy_mark *mark = fy_event_start_mark(event);
    *out = (struct yaml){.kind = kind,
                         .line = mark ? (unsigned)mark->line + 1 : 1,
                         .column = mark ? (unsigned)mark->column + 1 : 1};
    return out;
}

static struct fy_event *next_event(struct builder *b)
{
    struct fy_event *event = fy_parser_parse(b->parser);
    b->broken |= event == NULL;
    return event;
}

/* Room for one more member; lists double. */
static void add_member(struct builder *b, struct yaml *to, struct yaml *key, struct yaml *value)
{
    if ((to->n & (to->n - 1)) == 0) {
        size_t cap = to->n ? to->n * 2 : 1;
        struct yaml **member = arena_array(b->r->nodes, struct yaml *, cap),
                    **keys = arena_array(b->r->nodes, struct yaml *, cap);
        if (to->n != 0) {
            memcpy(member, to->member, to->n * sizeof *member);
            if (to->key != NULL)
                memcpy(keys, to->key, to->n * sizeof *keys);
        }
        to->member = member;
        to->key = keys;
    }
    to->key[to->n] = key;
    to->member[to->n++] = value;
}

/* A value that was left out has no place of its own. */
static struct yaml *placed(struct yaml *value, const struct yaml *after)
{
    if (value->line < after->line) {
        value->line = after->line;
        value->column = after->column;
    }
    return value;
}

static void build_list(struct builder *b, struct yaml *out, int depth)
{
    for (struct fy_event *event; !b->broken && (event = next_event(b)) != NULL;) {
        if (event->type == FYET_SEQUENCE_END) {
            fy_parser_event_free(b->parser, event);
            return;
        }
        add_member(b, out, NULL, placed(build(b, event, depth + 1), out));
    }
}

static void build_map(struct builder *b, struct yaml *out, int depth)
{
    for (struct fy_event *event; !b->broken && (event = next_event(b)) != NULL;) {
        if (event->type == FYET_MAPPING_END) {
            fy_parser_event_free(b->parser, event);
            return;
        }
        struct yaml *key = build(b, event, depth + 1);
        if (b->broken || (event = next_event(b)) == NULL)
            return;
        struct yaml *value = placed(build(b, event, depth + 1), key);
        bool twice = false;
        for (size_t i = 0; i < out->n; i++)
            twice |= str_eq(out->key[i]->text, key->text);
        if (key->kind != YAML_TEXT || str_is(key->text, "<<"))
            found(b->r, FINDING_ERROR, key, "Write each key as plain text.",
                  "a key that is not plain text, or a merge key");
        else if (twice)
            found(b->r, FINDING_ERROR, key, "Keep one of them.", "key '%.*s' stands twice",
                  STR_ARG(key->text));
        else
            add_member(b, out, key, value);
    }
}

/* The node that begins with `event`, which is freed. */
static struct yaml *build(struct builder *b, struct fy_event *event, int depth)
{
    static const char write_out[] = "Write the value out where it is used.";
    struct yaml *out = node_at(b, event, YAML_TEXT);
    bool marked = event->type == FYET_ALIAS;
    if (event->type == FYET_SCALAR) {
        size_t n = 0;
        const char *text = event->scalar.value ? fy_token_get_text(event->scalar.value, &n) : NULL;
        out->text = str_dup(b->r->arena, (struct str){text ? text : "", text ? n : 0});
        marked |= event->scalar.anchor != NULL || event->scalar.tag != NULL;
    } else if (event->type == FYET_SEQUENCE_START) {
        out->kind = YAML_LIST;
        marked |= event->sequence_start.anchor != NULL || event->sequence_start.tag != NULL;
    } else if (event->type == FYET_MAPPING_START) {
        out->kind = YAML_MAP;
        marked |= event->mapping_start.anchor != NULL || event->mapping_start.tag != NULL;
    }
    fy_parser_event_free(b->parser, event);
    if (marked)
        found(b->r, FINDING_ERROR, out, write_out, "anchors, aliases and tags are not allowed");
    if (depth > YAML_DEPTH_MAX) {
        found(b->r, FINDING_ERROR, out, "Flatten the file.", "nested more than %d deep", YAML_DEPTH_MAX);
        b->broken = true;
        return out;
    }
    if (out->kind == YAML_LIST)
        build_list(b, out, depth);
    else if (out->kind == YAML_MAP)
        build_map(b, out, depth);
    return out;
}

/* libfyaml's own complaint, with its place. */
static void tell_syntax(struct reading *r, struct fy_diag *diag)
{
    void *at = NULL;
    bool any = false;
    for (struct fy_diag_error *e; (e = fy_diag_errors_iterate(diag, &at)) != NULL; any = true) {
        struct yaml where = {.line = (unsigned)(e->line > 0 ? e->line : 1),
                             .column = (unsigned)(e->column > 0 ? e->column : 1)};
        found(r, FINDING_ERROR, &where, "Mend the line; quote text that holds ':' or '#'.", "not YAML: %s",
              e->msg);
    }
    if (!any)
        found(r, FINDING_ERROR, NULL, "Mend the file; an empty file is not a mapping.",
              "not a YAML document");
}

/* The first line that is no text. */
static void tell_bytes(struct reading *r, struct str bytes)
{
    struct yaml where = {.line = 0, .column = 1};
    for (struct str line; str_next(&bytes, '\n', &line);) {
        where.line++;
        if (!utf8_valid(line))
            break;
    }
    found(r, FINDING_ERROR, &where, "Save the file as UTF-8.", "not UTF-8 text");
}

struct yaml *yaml_parse(struct reading *r, struct str bytes)
{
    if (bytes.n > YAML_FILE_MAX) {
        found(r, FINDING_ERROR, NULL, "Split it, or take out what is not needed.", "larger than 1 MB");
        return NULL;
    }
    if (!utf8_valid(bytes)) {
        tell_bytes(r, bytes);
        return NULL;
    }
    struct fy_diag *diag = fy_diag_create(NULL);
    must(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_PARSE, .diag = diag};
    struct builder b = {.r = r, .parser = fy_parser_create(&config)};
    must(b.parser != NULL);
    struct yaml *out = NULL;
    unsigned documents = 0;
    b.broken = fy_parser_set_string(b.parser, bytes.p, bytes.n) != 0;
    for (struct fy_event *event; !b.broken && (event = next_event(&b)) != NULL;) {
        enum fy_event_type type = event->type;
        bool content = type == FYET_SCALAR || type == FYET_SEQUENCE_START || type == FYET_MAPPING_START ||
                       type == FYET_ALIAS;
        documents += type == FYET_DOCUMENT_START;
        if (documents > 1) {
            found(r, FINDING_ERROR, node_at(&b, event, YAML_TEXT), "Split the file.",
                  "more than one document in a file");
            documents = 0;
        }
        if (content) {
            struct yaml *root = build(&b, event, 0);
            out = out ? out : root;
        } else {
            fy_parser_event_free(b.parser, event);
        }
        if (type == FYET_STREAM_END)
            break;
    }
    if (b.broken || out == NULL) {
        tell_syntax(r, diag);
        out = NULL;
    }
    fy_parser_destroy(b.parser);
    fy_diag_destroy(diag);
    return out;
}

static const struct yaml *member_of(const struct yaml *map, const char *key)
{
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->n; i++)
        if (str_is(map->key[i]->text, key))
            return map->member[i];
    return NULL;
}

const struct yaml *yaml_place(const struct yaml *map, const char *key)
{
    const struct yaml *value = member_of(map, key);
    return value ? value : map;
}

const struct yaml *yaml_get(struct reading *r, const struct yaml *map, const char *key, enum yaml_kind kind,
                            bool need)
{
    static const char *const kinds[] = {"text", "a list", "a mapping"};
    const struct yaml *value = member_of(map, key);
    if (value == NULL) {
        if (need)
            found(r, FINDING_ERROR, map, "Add the key.", "key '%s' is missing", key);
        return NULL;
    }
    if (value->kind != kind) {
        found(r, FINDING_ERROR, value, "See docs/jurisdiction.md for the form of this key.",
              "'%s' must be %s", key, kinds[kind]);
        return NULL;
    }
    return value;
}

struct str yaml_text(struct reading *r, const struct yaml *map, const char *key, bool need)
{
    const struct yaml *value = yaml_get(r, map, key, YAML_TEXT, need);
    if (value != NULL && str_trim(value->text).n == 0)
        found(r, FINDING_ERROR, value, need ? "Write a value." : "Write a value, or take the key out.",
              "'%s' is empty", key);
    return value ? value->text : (struct str){"", 0};
}

bool yaml_yes(struct reading *r, const struct yaml *map, const char *key)
{
    struct str text = yaml_text(r, map, key, false);
    if (text.n != 0 && !str_is(text, "yes") && !str_is(text, "no"))
        found(r, FINDING_ERROR, yaml_place(map, key), "Write yes or no.", "'%s' is '%.*s'", key,
              STR_ARG(text));
    return str_is(text, "yes");
}

int64_t yaml_signed(struct reading *r, const struct yaml *map, const char *key, int64_t min, int64_t max)
{
    struct str text = yaml_text(r, map, key, false);
    bool below = text.n != 0 && text.p[0] == '-';
    uint64_t size = 0;
    int64_t value = 0;
    if (text.n != 0 && text_u64(str_from(text, below), &size) && size <= INT32_MAX) {
        value = below ? -(int64_t)size : (int64_t)size;
        if (value >= min && value <= max)
            return value;
    }
    if (text.n != 0)
        found(r, FINDING_ERROR, yaml_place(map, key), "Write a whole number.",
              "'%s' must be a number from %lld to %lld", key, (long long)min, (long long)max);
    return 0;
}

uint64_t yaml_number(struct reading *r, const struct yaml *map, const char *key, uint64_t otherwise,
                     uint64_t max)
{
    struct str text = yaml_text(r, map, key, false);
    uint64_t value = otherwise;
    if (text.n != 0 && (!text_u64(text, &value) || value > max)) {
        found(r, FINDING_ERROR, yaml_place(map, key), "Write a whole number without sign.",
              "'%s' must be a number of at most %llu", key, (unsigned long long)max);
        value = otherwise;
    }
    return value;
}

/* Edits between two short words, for "did you mean". */
static size_t distance(struct str a, struct str b)
{
    size_t row[65];
    if (a.n > 64 || b.n > 64)
        return 64;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t change = diagonal + (a.p[i - 1] != b.p[j - 1]);
            diagonal = row[j];
            row[j] = MIN_OF(change, MIN_OF(row[j] + 1, row[j - 1] + 1));
        }
    }
    return row[b.n];
}

/* "Take it out; here may stand: a, b, c." What has no room is left out. */
static void list_known(char *out, size_t size, const char *const *known)
{
    size_t n = (size_t)snprintf(out, size, "Take it out; here may stand: %s", known[0]);
    for (size_t k = 1; known[k] != NULL && n + strlen(known[k]) + 4 < size; k++)
        n += (size_t)snprintf(out + n, size - n, ", %s", known[k]);
    snprintf(out + n, size - n, ".");
}

void yaml_known(struct reading *r, const struct yaml *map, const char *const *known)
{
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->n; i++) {
        struct str key = map->key[i]->text;
        const char *nearest = known[0];
        size_t best = SIZE_MAX;
        for (size_t k = 0; known[k] != NULL && best != 0; k++) {
            size_t d = distance(key, str_of(known[k]));
            if (d < best)
                best = d, nearest = known[k];
        }
        if (best != 0) {
            char remedy[512];
            if (best <= 1 + key.n / 4)
                snprintf(remedy, sizeof remedy, "Did you mean '%s'?", nearest);
            else
                list_known(remedy, sizeof remedy, known);
            found(r, FINDING_ERROR, map->key[i], remedy, "unknown key '%.*s'", STR_ARG(key));
        }
    }
}
