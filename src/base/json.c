/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>

#include "base/err.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

void json_start(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out};
}

/* What stands before a value or a key: a comma when it is not the first. */
static void before(struct json *json)
{
    if (json->comma[json->depth])
        buf_byte(json->out, ',');
    json->comma[json->depth] = true;
}

static void open_with(struct json *json, char start, char end)
{
    before(json);
    buf_byte(json->out, (uint8_t)start);
    must(json->depth < 32);
    json->depth++;
    json->comma[json->depth] = false;
    json->close[json->depth] = end;
}

void json_open_object(struct json *json)
{
    open_with(json, '{', '}');
}

void json_open_array(struct json *json)
{
    open_with(json, '[', ']');
}

void json_end(struct json *json)
{
    must(json->depth > 0);
    buf_byte(json->out, (uint8_t)json->close[json->depth--]);
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

/* Most text is ids and digits, which stand as they are. */
static bool quoted_as_is(struct buf *out, struct str text)
{
    size_t i = 0;
    while (i < text.n && plain((unsigned char)text.p[i]) && (unsigned char)text.p[i] < 0x80)
        i++;
    if (i < text.n)
        return false;
    char *at = buf_room(out, text.n + 2);
    if (at != NULL) {
        at[0] = at[text.n + 1] = '"';
        if (text.n != 0)
            memcpy(at + 1, text.p, text.n);
    }
    return true;
}

/* Bytes of the code point at this place of valid UTF-8 where it is one of the 66 that are no characters;
 * I-JSON forbids them (RFC 7493 section 2.1), so that an entry that held one would not be of an entry's form.
 * Else 0. */
static size_t noncharacter(struct str text, size_t at)
{
    const unsigned char *p = (const unsigned char *)text.p + at;
    size_t n = text.n - at;
    if (n >= 3 && p[0] == 0xEF)
        return (p[1] == 0xBF && p[2] >= 0xBE) || (p[1] == 0xB7 && p[2] >= 0x90 && p[2] <= 0xAF) ? 3 : 0;
    return n >= 4 && p[0] >= 0xF0 && (p[1] & 0x0F) == 0x0F && p[2] == 0xBF && p[3] >= 0xBE ? 4 : 0;
}

static void quoted(struct buf *out, struct str text)
{
    if (quoted_as_is(out, text))
        return;
    if (!utf8_valid(text)) {
        text = STR(REPLACEMENT);
    }
    buf_byte(out, '"');
    for (size_t i = 0; i < text.n;) {
        size_t run = i, forbidden = 0;
        while (run < text.n && plain((unsigned char)text.p[run]) &&
               (forbidden = noncharacter(text, run)) == 0)
            run++;
        buf_add(out, text.p + i, run - i);
        if (forbidden != 0) {
            buf_text(out, REPLACEMENT);
            run += forbidden;
        } else if (run < text.n) {
            char c = text.p[run++];
            if (c == '"' || c == '\\')
                buf_add(out, (char[]){'\\', c}, 2);
            else if (c == '\n')
                buf_text(out, "\\n");
            else
                buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
        }
        i = run;
    }
    buf_byte(out, '"');
}

void json_key(struct json *json, const char *key)
{
    before(json);
    quoted(json->out, str_of(key));
    buf_byte(json->out, ':');
    json->comma[json->depth] = false; /* the value follows without a comma, and sets it again */
}

void json_text(struct json *json, struct str text)
{
    if (text.p == NULL) {
        json_write_null(json);
        return;
    }
    before(json);
    quoted(json->out, text);
}

void json_u64(struct json *json, uint64_t value)
{
    before(json);
    buf_u64(json->out, value);
}

void json_f64(struct json *json, double value)
{
    if (!isfinite(value)) {
        json_write_null(json);
        return;
    }
    before(json);
    buf_printf(json->out, "%.6g", value);
}

void json_bool(struct json *json, bool value)
{
    before(json);
    buf_text(json->out, value ? "true" : "false");
}

void json_write_null(struct json *json)
{
    before(json);
    buf_text(json->out, "null");
}

void json_base64(struct json *json, const void *bytes, size_t n)
{
    before(json);
    buf_byte(json->out, '"');
    buf_base64(json->out, bytes, n);
    buf_byte(json->out, '"');
}

void json_key_text(struct json *json, const char *key, struct str text)
{
    json_key(json, key);
    json_text(json, text);
}

void json_key_u64(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

void json_key_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}
