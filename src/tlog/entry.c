/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/entry_private.h"

#include "base/clock.h"
#include "tlog/leaf.h"
#include "tlog/verify.h"

#define ONE_LESS_THAN_2_53 INT64_C(9007199254740991) /* I-JSON's greatest integer, RFC 7493 section 2.2 */

/* What a member may be: its test, its words for people, and its JSON Schema. Then the members themselves: one
 * table, from which come the check and the published schema. */
#define SHAPES(X)                                                                                            \
    X(VERSION, "the number 1", "{\"const\":1}")                                                              \
    X(TEXT, "text", "{\"type\":\"string\",\"minLength\":1}")                                                 \
    X(MAYBE, "text or null", "{\"type\":[\"string\",\"null\"]}")                                             \
    X(ID, "an id of the letters a-z, digits, dots and hyphens",                                              \
      "{\"type\":\"string\",\"pattern\":\"^[a-z0-9.-]{1,64}$\"}")                                            \
    X(TIME, "a time YYYY-MM-DDThh:mm:ssZ",                                                                   \
      "{\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$\"}")      \
    X(COUNT, "a whole number from 0", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991}")   \
    X(STREAM, "open, delayed, sealed or agency", "{\"enum\":[\"open\",\"delayed\",\"sealed\",\"agency\"]}")  \
    X(FIELDS, "a list of field names, or null",                                                              \
      "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\",\"minLength\":1}}")                     \
    X(DIGEST, "a SHA-256 in 64 hex digits, or null",                                                         \
      "{\"type\":[\"string\",\"null\"],\"pattern\":\"^[0-9a-f]{64}$\"}")

/* clang-format off */
#define MEMBERS(FIRST, X)                                                                                    \
    FIRST("v", VERSION)        \
    X("id", TEXT)              \
    X("t", TIME)               \
    X("kind", TEXT)            \
    X("holder", ID)            \
    X("shard", COUNT)          \
    X("stream", STREAM)        \
    X("n", COUNT)              \
    X("agency", MAYBE)         \
    X("office", MAYBE)         \
    X("actor", MAYBE)          \
    X("capacity", MAYBE)       \
    X("mandate", MAYBE)        \
    X("purpose", MAYBE)        \
    X("basis", MAYBE)          \
    X("case", MAYBE)           \
    X("registry", MAYBE)       \
    X("fields", FIELDS)        \
    X("outcome", MAYBE)        \
    X("reason", MAYBE)         \
    X("levels", MAYBE)         \
    X("rules", DIGEST)
/* clang-format on */

enum shape {
#define X(shape, words, schema) SHAPE_##shape,
    SHAPES(X)
#undef X
};

static const char *const shape_words[] = {
#define X(shape, words, schema) words,
    SHAPES(X)
#undef X
};

static const struct {
    const char *key;
    enum shape shape;
} members[] = {
#define X(key, shape) {key, SHAPE_##shape},
    MEMBERS(X, X)
#undef X
};

const char verify_entry_schema[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"Aina entry, version 1\","
    "\"type\":\"object\",\"additionalProperties\":false,\"$defs\":{\"\":true"
#define X(shape, words, schema) ",\"" #shape "\":" schema
    SHAPES(X)
#undef X
        "},\"properties\":{"
#define FIRST(key, shape) "\"" key "\":{\"$ref\":\"#/$defs/" #shape "\"}"
#define X(key, shape) "," FIRST(key, shape)
    MEMBERS(FIRST, X)
#undef FIRST
#undef X
        "},\"required\":["
#define FIRST(key, shape) "\"" key "\""
#define X(key, shape) "," FIRST(key, shape)
    MEMBERS(FIRST, X)
#undef FIRST
#undef X
        "]}\n";

/* I-JSON forbids the 66 code points that are no characters (RFC 7493 section 2.1). */
static bool text_interchangeable(const char *p, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++) {
        unsigned char a = (unsigned char)p[i], b = (unsigned char)p[i + 1], c = (unsigned char)p[i + 2];
        unsigned char d = i + 3 < n ? (unsigned char)p[i + 3] : 0;
        bool in_bmp = a == 0xEF && ((b == 0xBF && c >= 0xBE) || (b == 0xB7 && c >= 0x90 && c <= 0xAF));
        bool beyond = a >= 0xF0 && (b & 0x0F) == 0x0F && c == 0xBF && d >= 0xBE;
        if (in_bmp || beyond)
            return false;
    }
    return true;
}

static bool is_text(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) != 0 &&
           text_interchangeable(json_string_value(value), json_string_length(value));
}

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool fits_time(const json_t *value)
{
    int64_t time;
    return is_text(value) && time_parse(text_of(value), &time);
}

static bool fits_stream(const json_t *value)
{
    static const char *const streams[] = {"open", "delayed", "sealed", "agency"};
    for (size_t i = 0; is_text(value) && i < ARRAY_LEN(streams); i++)
        if (str_is(text_of(value), streams[i]))
            return true;
    return false;
}

static bool fits_fields(const json_t *value)
{
    size_t i;
    const json_t *field;
    if (json_is_null(value))
        return true;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, field) if (!is_text(field)) return false;
    return true;
}

static bool fits_digest(const json_t *value)
{
    uint8_t bytes[32];
    char again[65];
    if (json_is_null(value))
        return true;
    if (!is_text(value) || !hex_decode(bytes, sizeof bytes, text_of(value)))
        return false;
    hex_encode(again, bytes, sizeof bytes);
    return str_is(text_of(value), again); /* lower case */
}

static bool fits(const json_t *value, enum shape shape)
{
    switch (shape) {
    case SHAPE_VERSION: return json_is_integer(value) && json_integer_value(value) == 1;
    case SHAPE_TEXT: return is_text(value);
    case SHAPE_MAYBE:
        return json_is_null(value) ||
               (json_is_string(value) &&
                text_interchangeable(json_string_value(value), json_string_length(value)));
    case SHAPE_ID: return is_text(value) && text_is_id(text_of(value));
    case SHAPE_TIME: return fits_time(value);
    case SHAPE_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= ONE_LESS_THAN_2_53;
    case SHAPE_STREAM: return fits_stream(value);
    case SHAPE_FIELDS: return fits_fields(value);
    case SHAPE_DIGEST: return fits_digest(value);
    }
    return false;
}

static bool members_fit(const json_t *object, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const json_t *value = json_object_get(object, members[i].key);
        if (value == NULL)
            return err_set(err, ERR_INVALID, "entry", "its member '%s' is missing", members[i].key);
        if (!fits(value, members[i].shape))
            return err_set(err, ERR_INVALID, "entry", "its member '%s' must be %s", members[i].key,
                           shape_words[members[i].shape]);
    }
    if (json_object_size(object) != ARRAY_LEN(members))
        return err_set(err, ERR_INVALID, "entry", "it has members beyond the %zu that an entry has",
                       ARRAY_LEN(members));
    return true;
}

json_t *entry_read(struct str entry, struct err *err)
{
    json_error_t why;
    if (entry.n > ENTRY_MAX) {
        err_set(err, ERR_TOO_LARGE, "entry", "it has more than %d bytes", ENTRY_MAX);
        return NULL;
    }
    json_t *object = json_loadb(entry.p, entry.n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(object)) {
        err_set(err, ERR_INVALID, "entry", "it is not one JSON object in UTF-8 with each key once (byte %d)",
                why.position);
        json_decref(object);
        return NULL;
    }
    if (!members_fit(object, err)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

bool verify_entry_form(struct str entry, struct err *err)
{
    json_t *object = entry_read(entry, err);
    json_decref(object);
    return object != NULL;
}
