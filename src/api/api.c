/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "people/number.h"

#define FIELDS_ASKED_MAX VAULT_FIELDS_MAX
#define PAGE 100

static struct api *api_of(const struct http_request *request)
{
    return http_arg(request);
}

static struct db *db_of(const struct http_request *request)
{
    return api_of(request)->db[http_thread(request)];
}

/* --- who asks --- */

/* The caller of a bearer token, of the wanted kind; otherwise answers 401 or 403 and returns false. */
static bool caller_of(struct http_request *request, struct http_response *response, enum caller_kind kind,
                      struct caller *ret_caller)
{
    struct str header;
    struct err err;
    bool given = http_header(request, "Authorization", &header) == 1 && str_starts(header, STR("Bearer ")) &&
                 header.n == 7 + PEOPLE_SECRET_SIZE - 1;
    struct caller caller = {0};
    if (given && !people_caller(api_of(request)->people, db_of(request), str_from(header, 7), true,
                                http_arena(request), &caller, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (caller.kind == CALLER_NOBODY) {
        http_add_header(response, "WWW-Authenticate", "Bearer");
        http_problem(request, response, 401, "not-authenticated",
                     "Send a valid token: Authorization: Bearer TOKEN.");
        return false;
    }
    if (caller.kind != kind) {
        http_problem(request, response, 403, "not-allowed", "This token is not for this call.");
        return false;
    }
    *ret_caller = caller;
    return true;
}

/* --- POST /api/looks --- */

struct look_body {
    struct gate_request request;
    struct str number;
    struct str fields[FIELDS_ASKED_MAX];
};

/* Every member is known, once, and of its type; the JSON's texts are copied into the arena. */
static bool read_look(struct http_request *http, struct look_body *body, struct err *err)
{
    json_error_t why;
    struct str bytes = http_body(http);
    json_t *object = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(object)) {
        json_decref(object);
        return err_set(err, ERR_USAGE, "body", "must be one JSON object (%s, line %d)",
                       object ? "it is not" : why.text, object ? 1 : why.line);
    }
    struct gate_request *r = &body->request;
    struct {
        const char *name;
        struct str *to;
    } texts[] = {{"purpose", &r->purpose}, {"registry", &r->registry}, {"number", &body->number},
                 {"case", &r->case_no},    {"order", &r->order},       {"reason", &r->reason}};
    const char *name;
    json_t *value;
    bool ok = true;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(texts) && strcmp(name, texts[i].name) != 0)
            i++;
        if (i < ARRAY_LEN(texts) && json_is_string(value)) {
            *texts[i].to =
                str_dup(http_arena(http), (struct str){json_string_value(value), json_string_length(value)});
        } else if (strcmp(name, "emergency") == 0 && json_is_boolean(value)) {
            r->break_glass = json_is_true(value);
        } else if (strcmp(name, "fields") == 0 && json_is_array(value) &&
                   json_array_size(value) <= FIELDS_ASKED_MAX) {
            for (size_t f = 0; ok && f < json_array_size(value); f++) {
                json_t *field = json_array_get(value, f);
                ok =
                    json_is_string(field) || err_set(err, ERR_USAGE, "fields", "must be a list of field ids");
                if (ok)
                    body->fields[r->fields_n++] = str_dup(
                        http_arena(http), (struct str){json_string_value(field), json_string_length(field)});
            }
        } else {
            ok = err_set(
                err, ERR_USAGE, "body",
                "members are purpose, registry, number, case, order, reason (text), emergency (true or "
                "false), fields (a list of ids); another, or one of another type, was sent");
        }
        if (!ok)
            break;
    }
    json_decref(object);
    if (ok && (r->purpose.n == 0 || r->registry.n == 0 || body->number.n == 0))
        return err_set(err, ERR_USAGE, "body", "purpose, registry and number must be given");
    r->fields = body->fields;
    return ok;
}

static bool find_person(struct http_request *http, struct str number, bool *ret_found,
                        struct person *ret_person, struct err *err)
{
    const struct jurisdiction *j = api_of(http)->jurisdiction;
    const struct number_scheme *scheme = number_scheme_find(j->person_scheme);
    char *normal = arena_take(http_arena(http), 32, 1);
    if (scheme == NULL || !number_normalise(number, normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        return err_set(err, ERR_INVALID, "number", "is not a valid %s; check it for a slip of the finger",
                       scheme ? scheme->what : "number");
    return people_find(api_of(http)->people, db_of(http), j->person_scheme, str_of(normal), ret_found,
                       ret_person, err);
}

static void write_records(struct json *j, const struct gate_answer *answer)
{
    json_key(j, "records");
    json_open_array(j);
    for (size_t r = 0; r < answer->records_n; r++) {
        json_open_object(j);
        for (size_t f = 0; f < answer->registry->fields_n; f++) {
            if (answer->records[r].value[f].p == NULL)
                continue;
            char name[65];
            snprintf(name, sizeof name, "%.*s", STR_ARG(answer->registry->fields[f].id));
            json_key_text(j, name, answer->records[r].value[f]);
        }
        json_end(j);
    }
    json_end(j);
}

static void post_look(struct http_request *http, struct http_response *response)
{
    struct api *api = api_of(http);
    struct arena *arena = http_arena(http);
    struct caller caller;
    struct look_body *body = arena_new(arena, struct look_body);
    struct person person;
    struct gate_answer answer;
    struct err err;
    bool found;
    if (!caller_of(http, response, CALLER_OFFICIAL, &caller))
        return;
    const struct agency *agency = jurisdiction_agency(api->jurisdiction, caller.official.agency);
    struct gate_request *r = &body->request;
    r->office = agency ? jurisdiction_office(agency, caller.official.office) : NULL;
    if (r->office == NULL) {
        http_problem(http, response, 403, "not-allowed",
                     "Your office is not in the jurisdiction folder any more.");
        return;
    }
    r->actor = caller.official.staff_code;
    r->capacity = STR("official");
    r->levels = caller.levels;
    if (!read_look(http, body, &err) || !find_person(http, body->number, &found, &person, &err)) {
        http_problem_err(http, response, &err);
        return;
    }
    r->pid = found ? person.pid : NULL;
    if (!gate_look(api->gate, db_of(http), r, arena, &answer, &err)) {
        http_problem_err(http, response, &err);
        return;
    }
    struct json j;
    bool admitted = answer.reason == GATE_ADMITTED;
    http_status(response, admitted ? 200 : 403);
    http_type(response, "application/json");
    http_add_header(response, "Aina-Entry", arena_printf(arena, "%llu", (unsigned long long)answer.leaf));
    http_add_header(
        response, "Link",
        arena_printf(arena, "</api/looks/%llu/receipt>; rel=\"receipt\"", (unsigned long long)answer.leaf));
    json_start(&j, http_out(response));
    json_open_object(&j);
    json_key_text(&j, "look", str_of(answer.look));
    json_key_u64(&j, "entry", answer.leaf);
    json_key_text(&j, "outcome", admitted ? STR("admitted") : STR("refused"));
    if (!admitted) {
        json_key_text(&j, "reason", str_of(gate_reason_code(answer.reason)));
        json_key_text(&j, "words", str_of(gate_reason_words(answer.reason)));
    } else {
        write_records(&j, &answer);
    }
    json_end(&j);
    http_hold(response, answer.position);
}

/* --- the person's own trace --- */

static void get_entries(struct http_request *http, struct http_response *response)
{
    struct caller caller;
    struct gate_filter filter = {.limit = PAGE};
    struct gate_entry *entries;
    struct str before;
    uint64_t total, hidden;
    size_t n;
    struct err err;
    if (!caller_of(http, response, CALLER_PERSON, &caller))
        return;
    if (http_query(http, "before", &before) != 0 && !text_u64(before, &filter.before)) {
        http_problem(http, response, 400, "usage", "before must be an entry's number.");
        return;
    }
    if (!gate_entries(api_of(http)->gate, db_of(http), caller.person.pid, &filter, http_arena(http), &entries,
                      &n, &total, &hidden, &err)) {
        http_problem_err(http, response, &err);
        return;
    }
    struct buf *out = http_out(response);
    http_type(response, "application/json");
    buf_printf(out, "{\"total\":%llu,\"hidden\":%llu,\"entries\":[", (unsigned long long)total,
               (unsigned long long)hidden);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"leaf\":%llu,\"entry\":", i ? "," : "", (unsigned long long)entries[i].leaf);
        buf_str(out, entries[i].erased ? STR("null") : entries[i].json);
        buf_byte(out, '}');
    }
    buf_text(out, "]}");
}

static void send_receipt(struct http_request *http, struct http_response *response, enum caller_kind kind)
{
    struct api *api = api_of(http);
    struct caller caller;
    struct str receipt;
    uint64_t leaf;
    struct err err;
    if (!caller_of(http, response, kind, &caller))
        return;
    if (!text_u64(http_part(http, 0), &leaf)) {
        http_problem(http, response, 404, "not-found", "An entry's number is a whole number.");
        return;
    }
    bool ok = kind == CALLER_PERSON
                  ? gate_receipt_person(api->gate, db_of(http), caller.person.pid, leaf, http_arena(http),
                                        &receipt, &err)
                  : gate_receipt_official(api->gate, db_of(http), caller.official.staff_code, leaf,
                                          http_arena(http), &receipt, &err);
    if (!ok) {
        http_problem_err(http, response, &err);
        return;
    }
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(response, "Content-Disposition",
                    arena_printf(http_arena(http), "attachment; filename=\"entry-%llu.tlog-proof\"",
                                 (unsigned long long)leaf));
    buf_str(http_out(response), receipt);
}

static void get_proof(struct http_request *http, struct http_response *response)
{
    send_receipt(http, response, CALLER_PERSON);
}

static void get_receipt(struct http_request *http, struct http_response *response)
{
    send_receipt(http, response, CALLER_OFFICIAL);
}

/* --- the public log --- */

static void get_checkpoint(struct http_request *http, struct http_response *response)
{
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(response, "Access-Control-Allow-Origin", "*");
    buf_str(http_out(response), ledger_checkpoint(api_of(http)->ledger, http_arena(http), NULL));
}

static void get_tile(struct http_request *http, struct http_response *response)
{
    struct tile tile;
    struct str bytes;
    struct err err;
    if (!tile_parse(str_from(http_path(http), 5), &tile)) { /* after "/log/" */
        http_problem(http, response, 404, "not-found", "This is not the path of a tile.");
        return;
    }
    if (!ledger_tile(api_of(http)->ledger, &tile, http_arena(http), &bytes, &err)) {
        http_problem_err(http, response, &err);
        return;
    }
    http_type(response, "application/octet-stream");
    http_add_header(response, "Access-Control-Allow-Origin", "*");
    http_cache(response, "public, max-age=604800, immutable");
    buf_str(http_out(response), bytes);
}

static void get_key(struct http_request *http, struct http_response *response)
{
    struct note_vkey vkey;
    ledger_vkey(api_of(http)->ledger, &vkey);
    http_type(response, "text/plain; charset=utf-8");
    note_vkey_text(http_out(response), &vkey);
    buf_byte(http_out(response), '\n');
}

static void get_health(struct http_request *http, struct http_response *response)
{
    struct err why;
    bool stopped = ledger_stopped(api_of(http)->ledger, &why);
    http_status(response, stopped ? 503 : 200);
    http_type(response, "text/plain; charset=utf-8");
    buf_text(http_out(response), stopped ? "the log has stopped; restart recovers\n" : "ok\n");
}

static void get_metrics(struct http_request *http, struct http_response *response)
{
    http_type(response, "text/plain; version=0.0.4");
    http_metrics(http_request_server(http), http_out(response));
    ledger_metrics(api_of(http)->ledger, http_out(response));
    gate_metrics(api_of(http)->gate, http_out(response));
}

const struct http_route api_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/looks",
     .handler = post_look,
     .body = HTTP_JSON,
     .body_max = 16384,
     .summary = "Ask for a person's data"},
    {.method = HTTP_GET,
     .path = "/api/looks/{leaf}/receipt",
     .handler = get_receipt,
     .summary = "The receipt of a look you made"},
    {.method = HTTP_GET,
     .path = "/api/me/entries",
     .handler = get_entries,
     .summary = "Who looked at my data"},
    {.method = HTTP_GET,
     .path = "/api/me/entries/{leaf}/proof",
     .handler = get_proof,
     .summary = "The receipt of an entry about me"},
    {.method = HTTP_GET,
     .path = "/log/checkpoint",
     .handler = get_checkpoint,
     .summary = "The log's signed checkpoint"},
    {.method = HTTP_GET,
     .path = "/log/tile/{path*}",
     .handler = get_tile,
     .summary = "Tiles and entry bundles"},
    {.method = HTTP_GET, .path = "/log/key", .handler = get_key, .summary = "The log's public key"},
    {.method = HTTP_GET, .path = "/healthz", .handler = get_health, .summary = "Is the log alive"},
    {.method = HTTP_GET, .path = "/metrics", .handler = get_metrics, .summary = "Figures for Prometheus"},
};
const size_t api_routes_n = ARRAY_LEN(api_routes);
