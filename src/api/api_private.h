/* SPDX-License-Identifier: Apache-2.0 */
/* api_private.h: the table of operations, and what every operation gets.
 *
 * An operation stands in API_TABLE; beside its handler stand the lists of what it takes (ID_inputs) and
 * answers (ID_answers). call.c checks every input by that list before the handler runs: known, once, of its
 * type and length, in its place; openapi.c writes the same lists down for others.
 */
#ifndef API_API_PRIVATE_H
#define API_API_PRIVATE_H

#include "api/api.h"

enum api_access { API_ANYONE, API_PROVIDER, API_PERSON, API_OFFICIAL, API_REVIEWER, API_MACHINE };

/* id, method, path, who, body, most bytes of it, tag, summary */
#define API_TABLE(X)                                                                                         \
    X(post_look, POST, "/api/looks", OFFICIAL, JSON, 16384, "looks", "Ask for a person's data")              \
    X(get_look_receipt, GET, "/api/looks/{look}/receipt", OFFICIAL, NO_BODY, 0, "looks",                     \
      "The receipt of a look you made")                                                                      \
    X(post_translation, POST, "/api/translations", OFFICIAL, JSON, 16384, "translations",                    \
      "Turn pseudonyms of one sector into those of another")                                                 \
    X(post_case, POST, "/api/cases", OFFICIAL, JSON, 16384, "cases",                                         \
      "Open a case of the office's own, with the person in front of you")                                    \
    X(post_case_end, POST, "/api/cases/end", OFFICIAL, JSON, 16384, "cases", "End such a case")              \
    X(get_entries, GET, "/api/me/entries", PERSON, NO_BODY, 0, "trace", "Who looked at my data")             \
    X(get_entry_proof, GET, "/api/me/entries/{leaf}/proof", PERSON, NO_BODY, 0, "trace",                     \
      "The receipt of an entry about me")                                                                    \
    X(get_trace, GET, "/api/me/trace", PERSON, NO_BODY, 0, "trace",                                          \
      "My whole list as a file to verify elsewhere")                                                         \
    X(post_question, POST, "/api/me/entries/{leaf}/question", PERSON, JSON, 16384, "trace",                  \
      "I do not know why: ask the reviewer")                                                                 \
    X(get_questions, GET, "/api/me/questions", PERSON, NO_BODY, 0, "trace",                                  \
      "My questions and their answers")                                                                      \
    X(get_review, GET, "/api/review", REVIEWER, NO_BODY, 0, "review",                                        \
      "The agency's questions and emergency looks")                                                          \
    X(get_matter, GET, "/api/review/{id}", REVIEWER, NO_BODY, 0, "review", "One of them, with its look")     \
    X(post_answer, POST, "/api/review/{id}/answer", REVIEWER, JSON, 16384, "review", "Answer it")            \
    X(post_payment, POST, "/api/v1/payments/{provider}", PROVIDER, JSON, 16384, "payments",                  \
      "Report a payment")                                                                                    \
    X(get_jurisdiction, GET, "/api/jurisdiction", ANYONE, NO_BODY, 0, "facts",                               \
      "Agencies, purposes and registries")                                                                   \
    X(get_entry_schema, GET, "/api/entry.schema.json", ANYONE, NO_BODY, 0, "facts",                          \
      "The JSON Schema of an entry")                                                                         \
    X(get_openapi, GET, "/api/openapi.yaml", ANYONE, NO_BODY, 0, "facts", "This description")                \
    X(get_checkpoint, GET, "/log/checkpoint", ANYONE, NO_BODY, 0, "log", "The log's signed checkpoint")      \
    X(get_tile, GET, "/log/tile/{path*}", ANYONE, NO_BODY, 0, "log", "Tiles and entry bundles")              \
    X(get_record, GET, "/log/record/{leaf}", ANYONE, NO_BODY, 0, "log", "The content of a public record")    \
    X(get_key, GET, "/log/key", ANYONE, NO_BODY, 0, "log", "The log's public key")                           \
    X(get_health, GET, "/healthz", ANYONE, NO_BODY, 0, "machine", "Is the log alive")                        \
    X(get_metrics, GET, "/metrics", MACHINE, NO_BODY, 0, "machine", "Figures for Prometheus")

/* What a value may be: in words for an error, and as a JSON Schema. */
#define API_SHAPES(X)                                                                                        \
    X(ID, "an id of the letters a-z, digits, dots and hyphens, at most 64 of them",                          \
      "\"type\":\"string\",\"pattern\":\"^[a-z0-9.-]{1,64}$\"")                                              \
    X(LINE, "one line of text", "\"type\":\"string\",\"minLength\":1")                                       \
    X(WORDS, "text", "\"type\":\"string\",\"minLength\":1")                                                  \
    X(COUNT, "a whole number in decimal digits",                                                             \
      "\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991")                                     \
    X(FLAG, "true or false", "\"type\":\"boolean\"")                                                         \
    X(IDS, "a list of ids, each once",                                                                       \
      "\"type\":\"array\",\"items\":{\"type\":\"string\","                                                   \
      "\"pattern\":\"^[a-z0-9.-]{1,64}$\"},\"uniqueItems\":true")                                            \
    X(LINES, "a list of lines of text of at most 64 bytes, each once",                                       \
      "\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1,"                                   \
      "\"maxLength\":64},\"minItems\":1,\"uniqueItems\":true")                                               \
    X(LOOK, "a look's id, 26 letters and digits",                                                            \
      "\"type\":\"string\",\"pattern\":\"^[0-9A-HJKMNP-TV-Z]{26}$\"")                                        \
    X(OUTCOME, "admitted or refused", "\"enum\":[\"admitted\",\"refused\"]")                                 \
    X(VERDICT, "justified or not-justified", "\"enum\":[\"justified\",\"not-justified\"]")                   \
    X(STATE, "open, justified or not-justified", "\"enum\":[\"open\",\"justified\",\"not-justified\"]")      \
    X(LAST_FOUR, "the last four letters A-Z or digits of a document's number",                               \
      "\"type\":\"string\",\"pattern\":\"^[0-9A-Z]{4}$\"")                                                   \
    X(TILE_PATH, "a tile's path", "\"type\":\"string\"")                                                     \
    X(DAY, "a day YYYY-MM-DD", "\"type\":\"string\",\"format\":\"date\"")                                    \
    X(TIME, "a time YYYY-MM-DDThh:mm:ssZ", "\"type\":\"string\",\"format\":\"date-time\"")                   \
    X(TEXTS, "one text in each language",                                                                    \
      "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"minProperties\":1")              \
    X(VALUES, "values by field", "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}")       \
    X(DIGEST, "SHA-256 in 64 hex digits", "\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"")              \
    X(ENTRY, "an entry, or null when it was erased",                                                         \
      "\"anyOf\":[{\"$ref\":\"#/components/schemas/Entry\"},{\"type\":\"null\"}]")

enum api_shape {
#define X(shape, words, schema) SHAPE_##shape,
    API_SHAPES(X)
#undef X
        SHAPES_N
};

struct api_shape_text {
    const char *words, *schema;
};
extern const struct api_shape_text api_shapes[SHAPES_N];

enum api_place { IN_PATH, IN_QUERY, IN_HEADER, IN_BODY };

struct api_input { /* a list ends with name NULL */
    const char *name;
    enum api_place place;
    enum api_shape shape;
    bool required;
    size_t max; /* bytes of a text, items of a list, greatest number; 0: the shape's own bound */
    const char *what;
    const char *example; /* JSON */
};

struct api_answer { /* a list ends with status 0 */
    int status;
    const char *type;   /* media type; the first of a status describes it */
    const char *object; /* name in api_members; NULL: not JSON, or entry.schema.json's own */
    const char *what;
    bool held; /* until its entry is durable; names it in Aina-Entry */
};

/* Members of the objects that are answered: all required unless `maybe`. */
struct api_member {
    const char *object, *name;
    enum api_shape shape;
    const char *list_of; /* a list of these objects instead of the shape */
    bool maybe_null;
    const char *what;
};
extern const struct api_member api_members[];
extern const size_t api_members_n;

#define API_INPUTS_MAX 12

struct api_value {
    bool given;
    struct str text;
    uint64_t number;
    bool flag;
    struct str *list;
    size_t list_n;
};

struct api_call {
    const struct api_operation *operation;
    struct http_request *request;
    struct http_response *response;
    struct api *api;
    struct db *db;
    struct arena *arena;
    struct caller caller;
    const struct office *office; /* of an official */
    struct api_value value[API_INPUTS_MAX];
};

struct api_operation {
    const char *id, *tag;
    enum api_access access; /* the route's own is of the pages */
    const struct http_route *route;
    void (*run)(struct api_call *call);
    const struct api_input *inputs;
    const struct api_answer *answers;
};
extern const struct api_operation api_operations[];

#define X(id, ...)                                                                                           \
    void id(struct api_call *call);                                                                          \
    extern const struct api_input id##_inputs[];                                                             \
    extern const struct api_answer id##_answers[];
API_TABLE(X)
#undef X

/* call.c: checks caller and inputs, then runs the operation; answers what is wrong itself. */
void api_enter(const struct api_operation *operation, struct http_request *request,
               struct http_response *response);
/* The body's members into `values`, by index of the input; copied into the arena. */
MUST_USE bool api_read_body(const struct api_input *inputs, struct str bytes, struct arena *arena,
                            struct api_value *values, struct err *err);
const struct api_value *api_value(const struct api_call *call, const char *name);
struct str api_text(const struct api_call *call, const char *name); /* empty if not given */
void api_fail(struct api_call *call, const struct err *err);

void api_send_receipt(struct api_call *call, struct str receipt); /* me.c */

/* Paths and schemas of a protocol that others made, as JSON; a list ends with name NULL. openapi_signing.c */
struct api_foreign {
    const char *name, *json;
};
extern const struct api_foreign api_signing_paths[], api_signing_schemas[];

/* openapi.c */
void openapi_json(struct buf *out);
void openapi_yaml(struct buf *out);

#endif
