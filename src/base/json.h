/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: a small typed writer of JSON (RFC 8259, I-JSON) over a buffer. Reading is jansson's work, in the
 * rooms that read. No name here is one of jansson's: the program's own would take its place inside the
 * library.
 *
 * The writer puts commas and quotes itself; text is escaped always and must be valid UTF-8 (bytes that are
 * not are written as U+FFFD). Nesting is the caller's, at most 32 deep, checked by must().
 *
 *     struct json j; json_start(&j, &buf);
 *     json_open_object(&j); json_key(&j, "n"); json_u64(&j, 3); json_key_text(&j, "who", name); json_end(&j);
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

struct json {
    struct buf *out;
    int depth;
    bool comma[33];
    char close[33];
};

void json_start(struct json *json, struct buf *out);
void json_open_object(struct json *json);
void json_open_array(struct json *json);
void json_end(struct json *json); /* ends the innermost object or array */
void json_key(struct json *json, const char *key);
void json_text(struct json *json, struct str text); /* {NULL,0} is null */
void json_u64(struct json *json, uint64_t value);
void json_f64(struct json *json, double value); /* six significant digits; not finite is null */
void json_bool(struct json *json, bool value);
void json_write_null(struct json *json);
void json_base64(struct json *json, const void *bytes, size_t n);

void json_key_text(struct json *json, const char *key, struct str text);
void json_key_u64(struct json *json, const char *key, uint64_t value);
void json_key_bool(struct json *json, const char *key, bool value);

#endif
