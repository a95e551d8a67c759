/* SPDX-License-Identifier: Apache-2.0 */
/* entry_read.c: an entry's JSON to its members. A page of a person's list reads many, so this reads the one
 * shape that entries have (a flat object of texts, whole numbers, null, true, false, and one list of texts)
 * in one pass, without a tree; anything else is refused. Texts without escapes point into the JSON. */
#include <stddef.h>

#include "gate/gate_private.h"

struct reader {
    const char *p, *end;
    struct arena *arena;
    uint32_t seen; /* bit i: keys[i] has been read */
    size_t next;   /* the key that probably comes next */
};

static void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    return true;
}

static bool read_hex4(struct reader *r, uint32_t *ret_value)
{
    uint8_t bytes[2];
    if (r->end - r->p < 4 || !hex_decode(bytes, 2, (struct str){r->p, 4}))
        return false;
    r->p += 4;
    *ret_value = get_u16be(bytes);
    return true;
}

/* After "\u": one code point, from a pair of surrogates if need be. NUL is refused. */
static bool read_code_point(struct reader *r, uint32_t *ret_value)
{
    uint32_t high, low;
    if (!read_hex4(r, &high) || high == 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return false;
    *ret_value = high;
    if (high < 0xD800 || high > 0xDBFF)
        return true;
    if (!take_word(r, "\\u") || !read_hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *ret_value = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static char *write_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

static bool unescape(struct reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c;
    if (r->p == r->end)
        return false;
    char kind = *r->p++;
    if (kind == 'u') {
        if (!read_code_point(r, &c))
            return false;
        *out = write_utf8(*out, c);
        return true;
    }
    const char *at = kind != '\0' ? strchr(from, kind) : NULL;
    if (at == NULL)
        return false;
    *(*out)++ = to[at - from];
    return true;
}

/* The rest of a text that has an escape, copied; what it becomes is never longer than what it was. */
static bool read_escaped(struct reader *r, const char *begin, struct str *ret_text)
{
    char *text = arena_take(r->arena, (size_t)(r->end - begin), 1), *out = text;
    memcpy(out, begin, (size_t)(r->p - begin));
    out += r->p - begin;
    while (r->p < r->end) {
        unsigned char c = (unsigned char)*r->p++;
        if (c == '"') {
            *ret_text = (struct str){text, (size_t)(out - text)};
            return true;
        }
        if (c < 0x20)
            return false;
        if (c != '\\')
            *out++ = (char)c;
        else if (!unescape(r, &out))
            return false;
    }
    return false;
}

static const bool ends_plain[256] = {[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true};

static bool read_text(struct reader *r, struct str *ret_text)
{
    if (!take(r, '"'))
        return false;
    const char *begin = r->p, *p = begin;
    while (p < r->end && !ends_plain[(unsigned char)*p])
        p++;
    r->p = p;
    if (p == r->end || (unsigned char)*p < 0x20)
        return false;
    if (*p == '\\')
        return read_escaped(r, begin, ret_text);
    *ret_text = (struct str){begin, (size_t)(p - begin)};
    r->p++;
    return true;
}

static bool read_number(struct reader *r, uint64_t *ret_number)
{
    const char *begin = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return text_u64((struct str){begin, (size_t)(r->p - begin)}, ret_number);
}

static bool read_texts(struct reader *r, struct gate_entry *e)
{
    if (!take(r, '['))
        return false;
    if (take(r, ']'))
        return true;
    do {
        struct str text;
        if (!read_text(r, &text))
            return false;
        if (e->fields_n < VAULT_FIELDS_MAX)
            e->fields[e->fields_n++] = text;
    } while (take(r, ','));
    return take(r, ']');
}

/* In the order in which entries are written, so that each is found at once. */
enum { SHARD, NUMBER, FIELDS, TEXT };
static const struct {
    struct str key;
    int kind;
    size_t at; /* of a TEXT: its place in struct gate_entry */
} keys[] = {
#define MEMBER(key, member)                                                                                  \
    {                                                                                                        \
        {key, sizeof key - 1}, TEXT, offsetof(struct gate_entry, member)                                     \
    }
    MEMBER("id", id),
    MEMBER("t", time),
    MEMBER("kind", kind),
    MEMBER("holder", holder),
    {{"shard", 5}, SHARD, 0},
    MEMBER("stream", stream),
    {{"n", 1}, NUMBER, 0},
    MEMBER("agency", agency),
    MEMBER("office", office),
    MEMBER("actor", actor),
    MEMBER("capacity", capacity),
    MEMBER("mandate", mandate),
    MEMBER("purpose", purpose),
    MEMBER("basis", basis),
    MEMBER("case", case_no),
    MEMBER("registry", registry),
    {{"fields", 6}, FIELDS, 0},
    MEMBER("outcome", outcome),
    MEMBER("reason", reason),
    MEMBER("levels", levels),
#undef MEMBER
};
#define KEYS_N ARRAY_LEN(keys)

static bool read_value(struct reader *r, size_t key, struct gate_entry *e)
{
    struct str text = {"", 0};
    int kind = key < KEYS_N ? keys[key].kind : -1;
    uint64_t number;
    skip_space(r);
    if (r->p == r->end)
        return false;
    if (*r->p == '[')
        return kind == FIELDS && read_texts(r, e);
    if (*r->p >= '0' && *r->p <= '9') {
        if (!read_number(r, &number))
            return false;
        if (kind == SHARD)
            e->shard = (uint32_t)number;
        else if (kind == NUMBER)
            e->number = (uint32_t)number;
        return true;
    }
    if (*r->p == '"') {
        if (!read_text(r, &text))
            return false;
    } else if (!take_word(r, "null") && !take_word(r, "true") && !take_word(r, "false")) {
        return false;
    }
    if (kind == TEXT)
        *(struct str *)((char *)e + keys[key].at) = text;
    return true;
}

static bool read_member(struct reader *r, struct gate_entry *e)
{
    struct str name;
    if (!read_text(r, &name) || !take(r, ':'))
        return false;
    size_t key = KEYS_N;
    for (size_t i = 0; i < KEYS_N && key == KEYS_N; i++) {
        size_t at = (r->next + i) % KEYS_N;
        if (str_eq(name, keys[at].key))
            key = at;
    }
    if (key < KEYS_N) {
        if (r->seen >> key & 1)
            return false;
        r->seen |= UINT32_C(1) << key;
        r->next = key + 1;
    }
    return read_value(r, key, e);
}

bool entry_parse(struct str json, struct arena *arena, struct gate_entry *e, struct err *err)
{
    struct reader r = {json.p, json.p + json.n, arena, 0, 0};
    bool ok = utf8_valid(json) && take(&r, '{');
    e->json = json;
    e->fields_n = 0;
    if (ok && !take(&r, '}')) {
        do
            ok = read_member(&r, e);
        while (ok && take(&r, ','));
        ok = ok && take(&r, '}');
    }
    skip_space(&r);
    return (ok && r.p == r.end) || err_set(err, ERR_CORRUPT, "entry", "its JSON is not an entry's");
}
