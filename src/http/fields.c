/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding, form fields and cookies: pure functions over text from outside. */
#include "http/fields_private.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return true;
    }
    return false;
}

bool http_percent_decode(struct arena *arena, struct str text, bool plus, struct str *ret_text)
{
    char *out = arena_take(arena, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%') {
            out[n++] = plus && text.p[i] == '+' ? ' ' : text.p[i];
            continue;
        }
        if (text.n - i < 3)
            return false;
        int high = hex_value(text.p[i + 1]), low = hex_value(text.p[i + 2]);
        if (high < 0 || low < 0)
            return false;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    struct str result = {out, n};
    if (has_control(result) || !utf8_valid(result))
        return false;
    *ret_text = result;
    return true;
}

static size_t count_of(struct str text, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == c;
    return n;
}

bool http_fields_parse(struct arena *arena, struct str text, struct http_fields *ret_fields,
                       const char **ret_why)
{
    size_t most = count_of(text, '&') + 1;
    if (most > HTTP_FIELDS_MAX) {
        *ret_why = "The request has too many fields.";
        return false;
    }
    struct http_fields fields = {arena_array(arena, struct http_field, most), 0};
    for (struct str pair; str_next(&text, '&', &pair);) {
        if (pair.n == 0)
            continue;
        struct str name, value = pair;
        (void)str_next(&value, '=', &name);
        struct http_field *field = &fields.at[fields.n++];
        if (!http_percent_decode(arena, name, true, &field->name) ||
            !http_percent_decode(arena, value, true, &field->value)) {
            *ret_why = "A field is not percent-encoded UTF-8 text without control characters.";
            return false;
        }
    }
    *ret_fields = fields;
    return true;
}

static bool is_tchar(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool http_is_token(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_tchar((unsigned char)text.p[i]))
            return false;
    }
    return text.n > 0;
}

static bool is_cookie_value(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

void http_cookies_parse(struct arena *arena, struct str text, struct http_fields *fields)
{
    size_t most = MIN_OF(count_of(text, ';') + 1 + fields->n, (size_t)HTTP_FIELDS_MAX);
    struct http_field *at = arena_array(arena, struct http_field, most);
    if (fields->n > 0)
        memcpy(at, fields->at, sizeof *at * MIN_OF(fields->n, most));
    fields->at = at;
    for (struct str pair; fields->n < most && str_next(&text, ';', &pair);) {
        struct str value = str_trim(pair), name;
        if (memchr(value.p ? value.p : "", '=', value.n) == NULL || !str_next(&value, '=', &name))
            continue;
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct str){value.p + 1, value.n - 2};
        if (http_is_token(name) && is_cookie_value(value))
            fields->at[fields->n++] = (struct http_field){name, value};
    }
}

size_t http_fields_find(const struct http_fields *fields, const char *name, struct str *ret_value)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->n; i++) {
        if (str_is(fields->at[i].name, name) && count++ == 0)
            *ret_value = fields->at[i].value;
    }
    return count;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool http_same_text(struct str a, const char *b)
{
    for (size_t i = 0; i < a.n; i++) {
        if (b[i] == 0 || lower(a.p[i]) != lower(b[i]))
            return false;
    }
    return b[a.n] == 0;
}

/* A weight of nothing but zeroes refuses. */
static bool weight_is_zero(struct str parameters)
{
    for (struct str part; str_next(&parameters, ';', &part);) {
        struct str weight = str_trim(part);
        if (weight.n < 2 || lower(weight.p[0]) != 'q' || weight.p[1] != '=')
            continue;
        for (size_t i = 2; i < weight.n; i++) {
            if (weight.p[i] != '0' && weight.p[i] != '.')
                return false;
        }
        return true;
    }
    return false;
}

bool http_list_has(struct str list, const char *token)
{
    for (struct str part; str_next(&list, ',', &part);) {
        struct str rest = part, name;
        if (str_next(&rest, ';', &name) && http_same_text(str_trim(name), token))
            return !weight_is_zero(rest);
    }
    return false;
}
