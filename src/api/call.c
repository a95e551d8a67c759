/* SPDX-License-Identifier: Apache-2.0 */
/* call.c: from a request to an operation: who asks, and is every input what the table says. */
#include <jansson.h>
#include <stdio.h>

#include "api/api_private.h"

const struct api_shape_text api_shapes[SHAPES_N] = {
#define X(shape, words, schema) {words, schema},
    API_SHAPES(X)
#undef X
};

const struct api_value *api_value(const struct api_call *call, const char *name)
{
    const struct api_input *inputs = call->operation->inputs;
    size_t i = 0;
    while (inputs[i].name != NULL && strcmp(inputs[i].name, name) != 0)
        i++;
    must(inputs[i].name != NULL);
    return &call->value[i];
}

struct str api_text(const struct api_call *call, const char *name)
{
    return api_value(call, name)->text;
}

void api_fail(struct api_call *call, const struct err *err)
{
    http_problem_err(call->request, call->response, err);
}

/* --- who asks --- */

static bool refuse(struct api_call *call, int status, const char *name, const char *words)
{
    http_problem(call->request, call->response, status, name, "%s", words);
    return false;
}

static bool not_authenticated(struct api_call *call)
{
    (void)refuse(call, 401, "not-authenticated", "Send one valid token: Authorization: Bearer TOKEN.");
    http_add_header(call->response, "WWW-Authenticate", "Bearer");
    return false;
}

/* Figures are for the machine itself: a loopback or local peer, and nobody whom a proxy speaks for. */
static bool from_this_machine(struct api_call *call)
{
    static const char *const marks[] = {"X-Real-IP", "X-Forwarded-For", "Forwarded"};
    struct str client = http_client(call->request), ignored;
    bool here = str_is(client, "unix") || str_is(client, "::1") || str_starts(client, STR("127."));
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        here = here && http_header(call->request, marks[i], &ignored) == 0;
    return here ||
           refuse(call, 403, "not-allowed",
                  "Figures are given to this machine only: ask on the loopback address, past the proxy.");
}

static bool find_office(struct api_call *call, enum api_access access)
{
    const struct agency *agency = jurisdiction_agency(call->api->jurisdiction, call->caller.official.agency);
    call->office = agency ? jurisdiction_office(agency, call->caller.official.office) : NULL;
    if (call->office == NULL)
        return refuse(call, 403, "not-allowed", "Your office is not in the jurisdiction folder any more.");
    if (access == API_REVIEWER && !call->office->reviewer)
        return refuse(call, 403, "not-allowed", "This is for the agency's reviewers.");
    return true;
}

static bool find_caller(struct api_call *call, enum api_access access)
{
    struct str header;
    struct err err;
    if (access == API_ANYONE || access == API_PROVIDER)
        return true;
    if (access == API_MACHINE)
        return from_this_machine(call);
    bool given = http_header(call->request, "Authorization", &header) == 1 &&
                 (str_starts(header, STR("Bearer ")) || str_starts(header, STR("bearer "))) &&
                 header.n == 7 + PEOPLE_SECRET_SIZE - 1;
    if (given && !people_caller(call->api->people, call->db, str_from(header, 7), true, call->arena,
                                &call->caller, &err)) {
        api_fail(call, &err);
        return false;
    }
    if (call->caller.kind == CALLER_NOBODY)
        return not_authenticated(call);
    if (call->caller.kind != (access == API_PERSON ? CALLER_PERSON : CALLER_OFFICIAL))
        return refuse(call, 403, "not-allowed", "This token is not for this call.");
    return access == API_PERSON || find_office(call, access);
}

/* --- is a value what its shape says --- */

/* Control characters, and marks that would turn the reading direction and so disguise a text. */
static bool plain_text(struct str text, bool lines)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool line_end = c == '\n' || c == '\r' || c == '\t';
        if ((c < 0x20 && !(lines && line_end)) || c == 0x7f)
            return false;
        if (i + 2 < text.n && c == 0xE2) {
            unsigned char d = (unsigned char)text.p[i + 1], e = (unsigned char)text.p[i + 2];
            if ((d == 0x80 && e >= 0xA8 && e <= 0xAE) || (d == 0x81 && e >= 0xA6 && e <= 0xA9))
                return false;
        }
    }
    return utf8_valid(text);
}

static bool look_shaped(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\0' || strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", text.p[i]) == NULL)
            return false;
    return text.n == 26;
}

static bool last_four(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'A' && text.p[i] <= 'Z')))
            return false;
    return text.n == 4;
}

static bool text_fits(const struct api_input *input, struct str text)
{
    if (text.n == 0 || (input->max != 0 && text.n > input->max))
        return false;
    switch (input->shape) {
    case SHAPE_ID: return text_is_id(text);
    case SHAPE_LINE: return plain_text(text, false);
    case SHAPE_WORDS: return plain_text(text, true);
    case SHAPE_LOOK: return look_shaped(text);
    case SHAPE_LAST_FOUR: return last_four(text);
    case SHAPE_OUTCOME: return str_is(text, "admitted") || str_is(text, "refused");
    case SHAPE_VERDICT: return str_is(text, "justified") || str_is(text, "not-justified");
    case SHAPE_TILE_PATH: return true;
    default: return false;
    }
}

static bool is_list(enum api_shape shape)
{
    return shape == SHAPE_IDS || shape == SHAPE_LINES;
}

static bool wrong(const struct api_input *input, struct err *err)
{
    char most[48] = "";
    if (input->max != 0)
        snprintf(most, sizeof most,
                 input->shape == SHAPE_COUNT ? ", at most %zu"
                 : is_list(input->shape)     ? ", at most %zu of them"
                                             : ", at most %zu bytes",
                 input->max);
    return err_set(err, input->place == IN_PATH ? ERR_NOT_FOUND : ERR_USAGE, input->name, "must be %s%s",
                   api_shapes[input->shape].words, most);
}

static bool number_fits(const struct api_input *input, uint64_t number)
{
    return number <= (input->max != 0 ? input->max : UINT64_C(9007199254740991));
}

/* A value as it stands in a path or a query. */
static bool read_text(const struct api_input *input, struct str text, struct api_value *value,
                      struct err *err)
{
    value->given = true;
    value->text = text;
    if (input->shape == SHAPE_COUNT)
        return (text_u64(text, &value->number) && number_fits(input, value->number)) || wrong(input, err);
    if (input->shape == SHAPE_FLAG) {
        value->flag = str_is(text, "true");
        return value->flag || str_is(text, "false") || wrong(input, err);
    }
    return text_fits(input, text) || wrong(input, err);
}

static struct str json_str(struct arena *arena, const json_t *json)
{
    return str_dup(arena, (struct str){json_string_value(json), json_string_length(json)});
}

static bool item_fits(enum api_shape shape, struct str item)
{
    return shape == SHAPE_IDS ? text_is_id(item) : item.n != 0 && item.n <= 64 && plain_text(item, false);
}

static bool read_list(struct arena *arena, const struct api_input *input, const json_t *json,
                      struct api_value *value, struct err *err)
{
    if (!json_is_array(json) || json_array_size(json) > input->max ||
        (input->shape == SHAPE_LINES && json_array_size(json) == 0))
        return wrong(input, err);
    value->list = arena_array(arena, struct str, json_array_size(json) + 1);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i);
        struct str text = json_is_string(item) ? json_str(arena, item) : (struct str){0};
        if (!item_fits(input->shape, text))
            return wrong(input, err);
        for (size_t k = 0; k < i; k++)
            if (str_eq(value->list[k], text))
                return wrong(input, err);
        value->list[value->list_n++] = text;
    }
    return true;
}

static bool read_json(struct arena *arena, const struct api_input *input, const json_t *json,
                      struct api_value *value, struct err *err)
{
    value->given = true;
    switch (input->shape) {
    case SHAPE_FLAG: value->flag = json_is_true(json); return json_is_boolean(json) || wrong(input, err);
    case SHAPE_IDS:
    case SHAPE_LINES: return read_list(arena, input, json, value, err);
    case SHAPE_COUNT:
        value->number = json_is_integer(json) ? (uint64_t)json_integer_value(json) : 0;
        return (json_is_integer(json) && json_integer_value(json) >= 0 &&
                number_fits(input, value->number)) ||
               wrong(input, err);
    default:
        if (!json_is_string(json))
            return wrong(input, err);
        value->text = json_str(arena, json);
        return text_fits(input, value->text) || wrong(input, err);
    }
}

/* --- the inputs, place by place --- */

static const struct api_input *input_named(const struct api_input *inputs, enum api_place place,
                                           struct str name, size_t *ret_i)
{
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == place && str_is(name, inputs[i].name)) {
            *ret_i = i;
            return &inputs[i];
        }
    return NULL;
}

static bool unknown(const struct api_input *inputs, enum api_place place, struct str name,
                    struct arena *arena, struct err *err)
{
    struct buf known;
    buf_in(&known, arena, 400);
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == place)
            buf_printf(&known, "%s%s", known.n ? ", " : "", inputs[i].name);
    return err_set(err, ERR_USAGE, place == IN_BODY ? "body" : "query", "'%.*s' is not known here; %s%.*s",
                   (int)MIN_OF(name.n, (size_t)40), name.p, known.n ? "known are " : "nothing is taken",
                   STR_ARG(buf_view(&known)));
}

static bool read_path(struct api_call *call, struct err *err)
{
    const struct api_input *inputs = call->operation->inputs;
    for (size_t i = 0, part = 0; inputs[i].name != NULL; i++)
        if (inputs[i].place == IN_PATH &&
            !read_text(&inputs[i], http_part(call->request, part++), &call->value[i], err))
            return false;
    return true;
}

static bool read_query(struct api_call *call, struct err *err)
{
    struct str name, text;
    for (size_t at = 0, i; http_query_at(call->request, at, &name, &text); at++) {
        const struct api_input *input = input_named(call->operation->inputs, IN_QUERY, name, &i);
        if (input == NULL)
            return unknown(call->operation->inputs, IN_QUERY, name, call->arena, err);
        if (call->value[i].given)
            return err_set(err, ERR_USAGE, input->name, "is given twice; give it once");
        if (!read_text(input, text, &call->value[i], err))
            return false;
    }
    return true;
}

static bool read_members(const struct api_input *inputs, json_t *object, struct arena *arena,
                         struct api_value *values, struct err *err)
{
    const char *name;
    json_t *json;
    size_t i;
    json_object_foreach(object, name, json)
    {
        const struct api_input *input = input_named(inputs, IN_BODY, str_of(name), &i);
        if (input == NULL)
            return unknown(inputs, IN_BODY, str_of(name), arena, err);
        if (!read_json(arena, input, json, &values[i], err))
            return false;
    }
    return true;
}

bool api_read_body(const struct api_input *inputs, struct str bytes, struct arena *arena,
                   struct api_value *values, struct err *err)
{
    json_error_t why;
    json_t *object = json_loadb(bytes.p ? bytes.p : "", bytes.n, JSON_REJECT_DUPLICATES, &why);
    bool ok = json_is_object(object);
    if (!ok)
        err_set(err, ERR_USAGE, "body", "must be one JSON object, each member once (line %d: %s)",
                object ? 1 : why.line, object ? "it is something else" : why.text);
    ok = ok && read_members(inputs, object, arena, values, err);
    json_decref(object);
    return ok;
}

static bool all_there(const struct api_call *call, struct err *err)
{
    const struct api_input *inputs = call->operation->inputs;
    for (size_t i = 0; inputs[i].name != NULL; i++)
        if (inputs[i].required && !call->value[i].given)
            return err_set(err, ERR_USAGE, inputs[i].name, "must be given: %s",
                           api_shapes[inputs[i].shape].words);
    return true;
}

void api_enter(const struct api_operation *operation, struct http_request *request,
               struct http_response *response)
{
    struct api *api = http_arg(request);
    struct api_call *call = arena_new(http_arena(request), struct api_call);
    struct err err;
    *call = (struct api_call){.operation = operation,
                              .request = request,
                              .response = response,
                              .api = api,
                              .db = api->db[http_thread(request)],
                              .arena = http_arena(request)};
    if (!find_caller(call, operation->access))
        return;
    if (read_path(call, &err) && read_query(call, &err) &&
        (operation->route->body != HTTP_JSON ||
         api_read_body(operation->inputs, http_body(request), call->arena, call->value, &err)) &&
        all_there(call, &err))
        operation->run(call);
    else
        api_fail(call, &err);
}
