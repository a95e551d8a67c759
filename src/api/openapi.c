/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.c: the table of operations as OpenAPI 3.1: first JSON, then the same as YAML in block style. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_private.h"
#include "base/json.h"
#include "tlog/verify.h"

#define DOCUMENT_MAX ((size_t)2 << 20)
#define ROOM_MAX 2000

static const char *const method_names[] = {"get", "head", "post", "put", "patch", "delete", "options"};

/* `text` is JSON: written as it stands, as the value of the key before it. */
static void raw(struct json *j, const char *text)
{
    json_write_null(j); /* puts the comma, then gives way */
    j->out->n -= 4;
    buf_text(j->out, text);
}

static void shape_schema(struct json *j, enum api_shape shape, size_t max, bool maybe_null, const char *what)
{
    const char *bound = shape == SHAPE_COUNT                         ? "maximum"
                        : shape == SHAPE_IDS || shape == SHAPE_LINES ? "maxItems"
                                                                     : "maxLength";
    char text[ROOM_MAX], more[64] = "";
    if (max != 0)
        snprintf(more, sizeof more, ",\"%s\":%zu", bound, max);
    const char *schema = api_shapes[shape].schema;
    /* The shape's own maximum gives way to the input's. */
    const char *own = shape == SHAPE_COUNT && max != 0 ? strstr(schema, ",\"maximum\"") : NULL;
    int n = own ? (int)(own - schema) : (int)strlen(schema);
    if (maybe_null)
        snprintf(text, sizeof text, "{\"anyOf\":[{%.*s%s},{\"type\":\"null\"}],\"description\":\"%s\"}", n,
                 schema, more, what);
    else
        snprintf(text, sizeof text, "{%.*s%s,\"description\":\"%s\"}", n, schema, more, what);
    raw(j, text);
}

static void reference(struct json *j, const char *object)
{
    char text[160];
    snprintf(text, sizeof text, "#/components/schemas/%s", object);
    json_open_object(j);
    json_key_text(j, "$ref", str_of(text));
    json_end(j);
}

/* --- an operation --- */

static void write_parameters(struct json *j, const struct api_operation *operation)
{
    const struct api_input *inputs = operation->inputs;
    size_t n = 0;
    for (size_t i = 0; inputs[i].name != NULL; i++)
        n += inputs[i].place != IN_BODY;
    if (n == 0)
        return;
    json_key(j, "parameters");
    json_open_array(j);
    for (size_t i = 0; inputs[i].name != NULL; i++) {
        if (inputs[i].place == IN_BODY)
            continue;
        json_open_object(j);
        json_key_text(j, "name", str_of(inputs[i].name));
        json_key_text(j, "in",
                      inputs[i].place == IN_PATH    ? STR("path")
                      : inputs[i].place == IN_QUERY ? STR("query")
                                                    : STR("header"));
        json_key_bool(j, "required", inputs[i].required);
        json_key_text(j, "description", str_of(inputs[i].what));
        json_key(j, "schema");
        shape_schema(j, inputs[i].shape, inputs[i].max, false, api_shapes[inputs[i].shape].words);
        json_key(j, "example");
        raw(j, inputs[i].example);
        json_end(j);
    }
    json_end(j);
}

static void write_body_schema(struct json *j, const struct api_input *inputs)
{
    json_key(j, "schema");
    json_open_object(j);
    json_key_text(j, "type", STR("object"));
    json_key_bool(j, "additionalProperties", false);
    json_key(j, "properties");
    json_open_object(j);
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == IN_BODY) {
            json_key(j, inputs[i].name);
            shape_schema(j, inputs[i].shape, inputs[i].max, false, inputs[i].what);
        }
    json_end(j);
    json_key(j, "required");
    json_open_array(j);
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == IN_BODY && inputs[i].required)
            json_text(j, str_of(inputs[i].name));
    json_end(j);
    json_end(j);
}

static void write_body(struct json *j, const struct api_operation *operation)
{
    const struct api_input *inputs = operation->inputs;
    if (operation->route->body != HTTP_JSON)
        return;
    json_key(j, "requestBody");
    json_open_object(j);
    json_key_bool(j, "required", true);
    json_key(j, "content");
    json_open_object(j);
    json_key(j, "application/json");
    json_open_object(j);
    write_body_schema(j, inputs);
    json_key(j, "example");
    json_open_object(j);
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == IN_BODY && inputs[i].required) {
            json_key(j, inputs[i].name);
            raw(j, inputs[i].example);
        }
    json_end(j);
    json_end(j);
    json_end(j);
    json_end(j);
}

/* What any operation of this form may answer beside its own list. */
static bool may_fail(const struct api_operation *operation, int status)
{
    const struct api_input *inputs = operation->inputs;
    bool held = false, body = operation->route->body == HTTP_JSON;
    bool names =
        strcmp(operation->tag, "cases") == 0; /* a thing that may not be there: in its body, or its path */
    for (size_t i = 0; inputs[i].name != NULL; i++)
        names = names || inputs[i].place == IN_PATH;
    for (size_t i = 0; operation->answers[i].status != 0; i++)
        held = held || operation->answers[i].held;
    switch (status) {
    case 400: return true;
    case 401: return operation->access != API_ANYONE && operation->access != API_MACHINE;
    case 403: return operation->access != API_ANYONE;
    case 404: return names;
    case 409: return body && names;
    case 413:
    case 415:
    case 422: return body;
    case 503: return held;
    default: return false;
    }
}

/* Always there where nothing but the operation itself answers with this status. */
static void write_held_headers(struct json *j, const struct api_answer *answer, bool always)
{
    const bool look = answer->object != NULL &&
                      (strcmp(answer->object, "Look") == 0 || strcmp(answer->object, "Refusal") == 0);
    char text[ROOM_MAX];
    snprintf(text, sizeof text,
             "{\"Aina-Entry\":{\"description\":\"The number of the entry that this answer waited for.\","
             "\"required\":%s,\"schema\":{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}}%s}",
             always ? "true" : "false",
             look ? ",\"Link\":{\"description\":\"Where its receipt is.\",\"schema\":{\"type\":\"string\","
                    "\"pattern\":\"^</api/looks/[0-9A-Z]{26}/receipt>; rel=\\\"receipt\\\"$\"}}"
                  : "");
    raw(j, text);
}

static void write_content(struct json *j, const struct api_operation *operation, int status, bool problem)
{
    json_key(j, "content");
    json_open_object(j);
    for (size_t i = 0; operation->answers[i].status != 0; i++) {
        const struct api_answer *a = &operation->answers[i];
        if (a->status != status)
            continue;
        json_key(j, a->type);
        json_open_object(j);
        json_key(j, "schema");
        if (a->object != NULL)
            reference(j, a->object);
        else
            raw(j, "{}");
        json_end(j);
    }
    if (problem) {
        json_key(j, "application/problem+json");
        json_open_object(j);
        json_key(j, "schema");
        reference(j, "Problem");
        json_end(j);
    }
    json_end(j);
}

static void write_status(struct json *j, const struct api_operation *operation, int status)
{
    static const struct {
        int status;
        const char *words;
    } failures[] = {
        {400, "An input is unknown, given twice, missing, or not what it must be; nothing was done."},
        {401, "No valid token."},
        {403, "Not for this caller."},
        {404, "There is no such thing, or it is not the caller's."},
        {409, "It was done already, or with another."},
        {413, "The body is too long."},
        {415, "The body is not application/json."},
        {422, "Well-formed, and not acceptable."},
        {503, "The log cannot take an entry now; nothing was released. Try again."}};
    const struct api_answer *own = NULL;
    for (size_t i = 0; operation->answers[i].status != 0 && own == NULL; i++)
        if (operation->answers[i].status == status)
            own = &operation->answers[i];
    bool problem = may_fail(operation, status);
    if (own == NULL && !problem)
        return;
    char code[12];
    snprintf(code, sizeof code, "%d", status);
    const char *words = own ? own->what : "";
    for (size_t i = 0; own == NULL && i < ARRAY_LEN(failures); i++)
        if (failures[i].status == status)
            words = failures[i].words;
    json_key(j, code);
    json_open_object(j);
    json_key_text(j, "description", str_of(words));
    if (own != NULL && own->held) {
        json_key(j, "headers");
        write_held_headers(j, own, !problem);
    }
    write_content(j, operation, status, problem);
    json_end(j);
}

static void write_operation(struct json *j, const struct api_operation *operation)
{
    static const int statuses[] = {200, 201, 400, 401, 403, 404, 409, 413, 415, 422, 503};
    enum api_access access = operation->access;
    json_key(j, method_names[operation->route->method]);
    json_open_object(j);
    json_key_text(j, "operationId", str_of(operation->id));
    json_key(j, "tags");
    json_open_array(j);
    json_text(j, str_of(operation->tag));
    json_end(j);
    json_key_text(j, "summary", str_of(operation->route->summary));
    if (access == API_PERSON || access == API_OFFICIAL || access == API_REVIEWER) {
        json_key(j, "security");
        raw(j, access == API_PERSON ? "[{\"person\":[]}]" : "[{\"official\":[]}]");
    }
    write_parameters(j, operation);
    write_body(j, operation);
    json_key(j, "responses");
    json_open_object(j);
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        write_status(j, operation, statuses[i]);
    if (strcmp(operation->tag, "facts") == 0) {
        json_key(j, "304");
        raw(j, "{\"description\":\"Unchanged since the ETag that If-None-Match names.\"}");
    }
    json_key(j, "default");
    raw(j, "{\"description\":\"Whatever else: the head of the request was not taken (400, 405, 408, 431, "
           "501), or "
           "the server could not do it (500, 503).\",\"content\":{\"application/problem+json\":{\"schema\":"
           "{\"$ref\":\"#/components/schemas/Problem\"}}}}");
    json_end(j);
    json_end(j);
}

/* --- the document --- */

static size_t operations_n(void)
{
    return api_routes_n;
}

/* "{path*}" of the route table has no star here. */
static void path_key(struct json *j, const char *path)
{
    char key[160];
    size_t n = 0;
    for (; *path != '\0' && n + 1 < sizeof key; path++)
        if (*path != '*')
            key[n++] = *path;
    key[n] = '\0';
    json_key(j, key);
}

static void write_foreign(struct json *j, const struct api_foreign *list)
{
    for (; list->name != NULL; list++) {
        json_key(j, list->name);
        raw(j, list->json);
    }
}

static void write_paths(struct json *j)
{
    json_key(j, "paths");
    json_open_object(j);
    for (size_t i = 0; i < operations_n(); i++) {
        const char *path = api_operations[i].route->path;
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || strcmp(api_operations[k].route->path, path) == 0;
        if (seen)
            continue;
        path_key(j, path);
        json_open_object(j);
        for (size_t k = i; k < operations_n(); k++)
            if (strcmp(api_operations[k].route->path, path) == 0)
                write_operation(j, &api_operations[k]);
        json_end(j);
    }
    write_foreign(j, api_signing_paths);
    json_end(j);
}

static void write_member(struct json *j, const struct api_member *member)
{
    json_key(j, member->name);
    if (member->list_of == NULL) {
        shape_schema(j, member->shape, 0, member->maybe_null, member->what);
        return;
    }
    json_open_object(j);
    json_key_text(j, "type", STR("array"));
    json_key_text(j, "description", str_of(member->what));
    json_key(j, "items");
    if (member->list_of[0] != '\0')
        reference(j, member->list_of);
    else
        shape_schema(j, member->shape, 0, false, api_shapes[member->shape].words);
    json_end(j);
}

static void write_object(struct json *j, size_t first, size_t end)
{
    json_key(j, api_members[first].object);
    json_open_object(j);
    json_key_text(j, "type", STR("object"));
    json_key_bool(j, "additionalProperties", false);
    json_key(j, "properties");
    json_open_object(j);
    for (size_t i = first; i < end; i++)
        write_member(j, &api_members[i]);
    json_end(j);
    json_key(j, "required");
    json_open_array(j);
    for (size_t i = first; i < end; i++)
        json_text(j, str_of(api_members[i].name));
    json_end(j);
    json_end(j);
}

/* The published schema as it stands, but for where its own definitions are found. */
static void write_entry(struct json *j)
{
    static const char from[] = "\"#/$defs/", to[] = "\"#/components/schemas/Entry/$defs/";
    json_key(j, "Entry");
    raw(j, "");
    for (const char *at = verify_entry_schema, *next; *at != '\0'; at = next) {
        const char *found = strstr(at, from);
        next = found ? found + sizeof from - 1 : at + strlen(at);
        buf_add(j->out, at, (size_t)((found ? found : next) - at));
        if (found != NULL)
            buf_text(j->out, to);
    }
}

static void write_components(struct json *j)
{
    json_key(j, "components");
    json_open_object(j);
    json_key(j, "securitySchemes");
    raw(j,
        "{\"person\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"a person's token: `aina "
        "token "
        "DIR person NUMBER`\"},\"official\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":"
        "\"an official's token: `aina token DIR official CODE`\"},\"signing\":{\"type\":\"http\",\"scheme\":"
        "\"bearer\",\"description\":\"auth_token of the request to sign\"}}");
    json_key(j, "schemas");
    json_open_object(j);
    for (size_t i = 0, end; i < api_members_n; i = end) {
        for (end = i; end < api_members_n && strcmp(api_members[end].object, api_members[i].object) == 0;)
            end++;
        write_object(j, i, end);
    }
    write_entry(j);
    write_foreign(j, api_signing_schemas);
    json_end(j);
    json_end(j);
}

void openapi_json(struct buf *out)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_text(&j, "openapi", STR("3.1.0"));
    json_key(&j, "info");
    json_open_object(&j);
    json_key_text(&j, "title", STR("Aina"));
    json_key_text(&j, "version", str_of(AINA_VERSION));
    json_key_text(&j, "description",
                  STR("Looks at personal data, each with its entry in a public log; a person's own trace; "
                      "and the log itself. An answer with personal data leaves only after its entry is "
                      "durable. Unknown inputs are refused."));
    json_key(&j, "license");
    raw(&j, "{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}");
    json_end(&j);
    json_key(&j, "servers");
    raw(&j, "[{\"url\":\"/\"}]");
    json_key(&j, "tags");
    raw(&j, "[{\"name\":\"looks\",\"description\":\"for officials' programs\"},"
            "{\"name\":\"cases\",\"description\":\"for officials' programs\"},"
            "{\"name\":\"trace\",\"description\":\"for the person\"},"
            "{\"name\":\"review\",\"description\":\"for an agency's reviewers\"},"
            "{\"name\":\"payments\",\"description\":\"for providers of payments, by their signature\"},"
            "{\"name\":\"facts\",\"description\":\"for all\"},"
            "{\"name\":\"log\",\"description\":\"for all: c2sp.org/tlog-tiles\"},"
            "{\"name\":\"signing\",\"description\":\"for the app on a phone with which people sign\"},"
            "{\"name\":\"machine\",\"description\":\"for the operator\"}]");
    write_paths(&j);
    write_components(&j);
    json_end(&j);
}

/* --- as YAML --- */

static void indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_text(out, "  ");
}

/* A key that YAML reads as this text without quotes; none of ours is a word like "null" or "on". */
static bool plain_key(const char *key)
{
    bool letter = (*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z');
    for (; *key != '\0'; key++)
        if (strchr("/.-_", *key) == NULL && !(*key >= 'a' && *key <= 'z') && !(*key >= 'A' && *key <= 'Z') &&
            !(*key >= '0' && *key <= '9'))
            return false;
    return letter;
}

/* JSON's scalars are YAML's, quoted as they are. */
static void scalar(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    must(text != NULL);
    buf_text(out, text);
    free(text);
}

static bool is_leaf(const json_t *value)
{
    return json_object_size(value) == 0 && json_array_size(value) == 0;
}

static void yaml(struct buf *out, const json_t *value, int depth);

static void yaml_object(struct buf *out, json_t *value, int depth, bool first_in_place)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        if (!first_in_place)
            indent(out, depth);
        first_in_place = false;
        buf_printf(out, plain_key(key) ? "%s:" : "\"%s\":", key); /* none of our keys needs an escape */
        yaml(out, member, depth + 1);
    }
}

/* After "key:" or "-": a scalar on the same line, else a block below. */
static void yaml(struct buf *out, const json_t *value, int depth)
{
    if (is_leaf(value)) {
        buf_byte(out, ' ');
        scalar(out, value);
        buf_byte(out, '\n');
        return;
    }
    buf_byte(out, '\n');
    if (json_is_object(value)) {
        yaml_object(out, (json_t *)value, depth, false);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *item = json_array_get(value, i);
        indent(out, depth);
        buf_byte(out, '-');
        if (json_is_object(item) && !is_leaf(item)) {
            buf_byte(out, ' ');
            yaml_object(out, item, depth + 1, true);
        } else {
            yaml(out, item, depth + 1);
        }
    }
}

void openapi_yaml(struct buf *out)
{
    struct buf text;
    json_error_t why;
    buf_init(&text, DOCUMENT_MAX);
    openapi_json(&text);
    json_t *document = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
    must(document != NULL && !buf_overflowed(&text)); /* our own table; a test reads it */
    buf_text(out, "# Made from the program's table of operations.\n");
    yaml_object(out, document, 0, false);
    json_decref(document);
    buf_done(&text);
}
