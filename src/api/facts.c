/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c: what never changes while the server runs: made once, at first use, and sent with an ETag. */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_private.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "tlog/verify.h"

#define FACTS_MAX ((size_t)8 << 20)

struct made { /* kept until the process ends */
    pthread_mutex_t lock;
    char *bytes;
    struct http_asset asset;
    char etag[2 + 32 + 1];
};

typedef void write_fn(struct buf *out, const struct jurisdiction *jurisdiction);

static struct str compressed(struct str bytes)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(9);
    must(compressor != NULL);
    size_t most = libdeflate_gzip_compress_bound(compressor, bytes.n);
    char *out = malloc(most);
    must(out != NULL);
    struct str gzip = {out, libdeflate_gzip_compress(compressor, bytes.p, bytes.n, out, most)};
    libdeflate_free_compressor(compressor);
    return gzip;
}

static void send_made(struct api_call *call, struct made *made, write_fn *write, const char *type)
{
    pthread_mutex_lock(&made->lock);
    if (made->bytes == NULL) {
        struct buf out;
        uint8_t hash[HASH_SIZE];
        char hex[2 * HASH_SIZE + 1];
        buf_init(&out, FACTS_MAX);
        write(&out, call->api->jurisdiction);
        must(!buf_overflowed(&out) && out.n != 0);
        sha256(hash, out.p, out.n);
        hex_encode(hex, hash, sizeof hash);
        snprintf(made->etag, sizeof made->etag, "\"%.32s\"", hex);
        made->bytes = out.p;
        made->asset = (struct http_asset){
            .bytes = buf_view(&out), .gzip = compressed(buf_view(&out)), .type = type, .etag = made->etag};
    }
    pthread_mutex_unlock(&made->lock);
    http_send_asset(call->request, call->response, &made->asset);
    http_add_header(call->response, "Access-Control-Allow-Origin", "*");
}

/* --- the jurisdiction --- */

static void write_texts(struct json *j, const char *key, const struct jurisdiction *jurisdiction,
                        const struct texts *texts)
{
    json_key(j, key);
    json_open_object(j);
    for (size_t i = 0; i < jurisdiction->languages_n; i++)
        if (texts->in[i].n != 0) {
            char code[16];
            snprintf(code, sizeof code, "%.*s", STR_ARG(jurisdiction->languages[i]));
            json_key_text(j, code, texts->in[i]);
        }
    json_end(j);
}

static struct str or_null(struct str text)
{
    return text.n ? text : (struct str){NULL, 0};
}

static void write_agency(struct json *j, const struct jurisdiction *jurisdiction, const struct agency *agency)
{
    json_open_object(j);
    json_key_text(j, "id", agency->id);
    write_texts(j, "name", jurisdiction, &agency->name);
    json_key_text(j, "sector", agency->sector);
    json_key(j, "offices");
    json_open_array(j);
    for (size_t o = 0; o < agency->offices_n; o++) {
        const struct office *office = &agency->offices[o];
        json_open_object(j);
        json_key_text(j, "id", office->id);
        write_texts(j, "name", jurisdiction, &office->name);
        json_key(j, "purposes");
        json_open_array(j);
        for (size_t p = 0; p < office->purposes_n; p++)
            json_text(j, office->purposes[p]->id);
        json_end(j);
        json_key_u64(j, "quota", office->quota);
        json_key_bool(j, "reviewer", office->reviewer);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void write_purpose(struct json *j, const struct jurisdiction *jurisdiction,
                          const struct purpose *purpose)
{
    static const char *const streams[] = {"open", "delayed", "sealed", "agency"};
    json_open_object(j);
    json_key_text(j, "id", purpose->id);
    write_texts(j, "name", jurisdiction, &purpose->name);
    write_texts(j, "plain", jurisdiction, &purpose->plain);
    write_texts(j, "law", jurisdiction, &purpose->basis.law);
    json_key_text(j, "article", or_null(purpose->basis.article));
    json_key_text(j, "dpv", or_null(purpose->dpv));
    json_key_bool(j, "needs-case", purpose->needs_case);
    json_key_bool(j, "needs-consent", purpose->needs_consent);
    json_key_bool(j, "needs-order", purpose->needs_order);
    json_key_bool(j, "emergency", purpose->break_glass);
    json_key_bool(j, "self", purpose->self);
    json_key_text(j, "stream", str_of(streams[purpose->stream]));
    json_key_u64(j, "delay-days", purpose->delay_days);
    json_key(j, "own-case-days");
    if (purpose->own_case_days != 0)
        json_u64(j, purpose->own_case_days);
    else
        json_write_null(j);
    json_key_bool(j, "protected", purpose->protected_category);
    json_key(j, "joins");
    json_open_array(j);
    for (size_t i = 0; i < purpose->joins_n; i++) {
        json_open_object(j);
        json_key_text(j, "from", or_null(purpose->joins[i].from));
        json_key_text(j, "to", purpose->joins[i].to);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void write_fields(struct json *j, const struct jurisdiction *jurisdiction,
                         const struct registry *registry)
{
    static const char *const classes[] = {"public", "personal", "sensitive"};
    static const char *const types[] = {"text", "number", "date", "money", "code", "yes-no"};
    json_key(j, "fields");
    json_open_array(j);
    for (size_t f = 0; f < registry->fields_n; f++) {
        const struct field *field = &registry->fields[f];
        json_open_object(j);
        json_key_text(j, "id", field->id);
        write_texts(j, "name", jurisdiction, &field->name);
        json_key_text(j, "class", str_of(classes[field->class]));
        json_key_text(j, "type", str_of(types[field->type]));
        json_key_bool(j, "key", field->key);
        json_end(j);
    }
    json_end(j);
}

static void write_registry(struct json *j, const struct jurisdiction *jurisdiction,
                           const struct registry *registry)
{
    json_open_object(j);
    json_key_text(j, "id", registry->id);
    write_texts(j, "name", jurisdiction, &registry->name);
    json_key_text(j, "holder", registry->holder->id);
    json_key_bool(j, "many", registry->many);
    json_key_bool(j, "organisations", registry->organisations);
    json_key_bool(j, "protected", registry->protected_category);
    write_fields(j, jurisdiction, registry);
    json_key(j, "lookups");
    json_open_array(j);
    for (size_t l = 0; l < registry->lookups_n; l++) {
        json_open_object(j);
        json_key_text(j, "purpose", registry->lookups[l].purpose->id);
        json_key(j, "fields");
        json_open_array(j);
        for (size_t f = 0; f < registry->fields_n; f++)
            if (registry->lookups[l].fields >> f & 1)
                json_text(j, registry->fields[f].id);
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void write_jurisdiction(struct buf *out, const struct jurisdiction *jurisdiction)
{
    struct json j;
    char rules[2 * HASH_SIZE + 1];
    hex_encode(rules, jurisdiction->hash, HASH_SIZE);
    json_start(&j, out);
    json_open_object(&j);
    json_key_text(&j, "id", jurisdiction->id);
    write_texts(&j, "name", jurisdiction, &jurisdiction->name);
    write_texts(&j, "languages", jurisdiction, &jurisdiction->language_names);
    json_key_text(&j, "person-scheme", jurisdiction->person_scheme);
    write_texts(&j, "person-number-name", jurisdiction, &jurisdiction->person_number_name);
    json_key_text(&j, "organisation-scheme", or_null(jurisdiction->organisation_scheme));
    json_key_text(&j, "money", or_null(jurisdiction->money));
    json_key_u64(&j, "review-days", jurisdiction->review_days);
    json_key_text(&j, "rules", str_of(rules));
    json_key(&j, "agencies");
    json_open_array(&j);
    for (size_t i = 0; i < jurisdiction->agencies_n; i++)
        write_agency(&j, jurisdiction, &jurisdiction->agencies[i]);
    json_end(&j);
    json_key(&j, "purposes");
    json_open_array(&j);
    for (size_t i = 0; i < jurisdiction->purposes_n; i++)
        write_purpose(&j, jurisdiction, &jurisdiction->purposes[i]);
    json_end(&j);
    json_key(&j, "registries");
    json_open_array(&j);
    for (size_t i = 0; i < jurisdiction->registries_n; i++)
        write_registry(&j, jurisdiction, &jurisdiction->registries[i]);
    json_end(&j);
    json_end(&j);
}

const struct api_input get_jurisdiction_inputs[] = {{0}};
const struct api_answer get_jurisdiction_answers[] = {
    {200, "application/json", "Jurisdiction", "The folder in force; `rules` is its hash in the log.", false},
    {0}};

void get_jurisdiction(struct api_call *call)
{
    static struct made made = {.lock = PTHREAD_MUTEX_INITIALIZER};
    send_made(call, &made, write_jurisdiction, "application/json");
}

/* --- the descriptions --- */

static void write_schema(struct buf *out, const struct jurisdiction *jurisdiction)
{
    buf_text(out, verify_entry_schema);
}

const struct api_input get_entry_schema_inputs[] = {{0}};
const struct api_answer get_entry_schema_answers[] = {
    {200, "application/schema+json", NULL, "JSON Schema 2020-12.", false}, {0}};

void get_entry_schema(struct api_call *call)
{
    static struct made made = {.lock = PTHREAD_MUTEX_INITIALIZER};
    send_made(call, &made, write_schema, "application/schema+json");
}

static void write_openapi(struct buf *out, const struct jurisdiction *jurisdiction)
{
    openapi_yaml(out);
}

const struct api_input get_openapi_inputs[] = {{0}};
const struct api_answer get_openapi_answers[] = {{200, "application/yaml", NULL, "OpenAPI 3.1.", false}, {0}};

void get_openapi(struct api_call *call)
{
    static struct made made = {.lock = PTHREAD_MUTEX_INITIALIZER};
    send_made(call, &made, write_openapi, "application/yaml");
}
