/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c: reads an entry back, exactly as entry_json writes one: a page shows twenty, a start reads a day of
 * them. One pass without allocation: a text without escapes is a slice of the entry itself. What the writer
 * does not write is refused: white space, other escapes, members that are missing, others, or in another
 * order. */
#include "gate/gate_private.h"

struct cursor {
    const char *p, *end;
};

static bool eat(struct cursor *at, char c)
{
    if (at->p == at->end || *at->p != c)
        return false;
    at->p++;
    return true;
}

static bool eat_word(struct cursor *at, struct str word)
{
    if ((size_t)(at->end - at->p) < word.n || memcmp(at->p, word.p, word.n) != 0)
        return false;
    at->p += word.n;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After the backslash: one of those that base/json.h writes. Returns the byte, or -1. */
static int escaped(struct cursor *at)
{
    if (eat(at, '"'))
        return '"';
    if (eat(at, '\\'))
        return '\\';
    if (eat(at, 'n'))
        return '\n';
    if (!eat_word(at, STR("u00")) || at->end - at->p < 2)
        return -1;
    int high = hex_digit(at->p[0]), low = hex_digit(at->p[1]);
    int byte = high < 0 || low < 0 ? -1 : high << 4 | low;
    at->p += 2;
    return byte > 0 && (byte < 0x20 || byte == 0x7f) && byte != '\n' ? byte : -1;
}

/* The rest of a text that has escapes, from the first on. */
static bool take_escaped(struct cursor *at, const char *from, struct arena *arena, struct str *ret_text)
{
    char *out = arena_take(arena, (size_t)(at->end - from), 1);
    size_t n = (size_t)(at->p - from);
    memcpy(out, from, n);
    while (at->p < at->end && *at->p != '"') {
        int c = (unsigned char)*at->p++;
        if (c == '\\')
            c = escaped(at);
        else if (c < 0x20 || c == 0x7f)
            c = -1;
        if (c < 0)
            return false;
        out[n++] = (char)c;
    }
    *ret_text = (struct str){out, n};
    return eat(at, '"');
}

static bool take_text(struct cursor *at, struct arena *arena, struct str *ret_text)
{
    if (!eat(at, '"'))
        return false;
    const char *from = at->p;
    while (at->p < at->end && *at->p != '"' && *at->p != '\\') {
        if ((unsigned char)*at->p < 0x20 || *at->p == 0x7f)
            return false;
        at->p++;
    }
    if (at->p < at->end && *at->p == '\\')
        return take_escaped(at, from, arena, ret_text);
    *ret_text = (struct str){from, (size_t)(at->p - from)};
    return eat(at, '"');
}

static bool take_number(struct cursor *at, uint32_t *ret_number)
{
    const char *from = at->p;
    uint64_t value;
    while (at->p < at->end && *at->p >= '0' && *at->p <= '9')
        at->p++;
    if (!text_u64((struct str){from, (size_t)(at->p - from)}, &value) || value > UINT32_MAX)
        return false;
    *ret_number = (uint32_t)value;
    return true;
}

static bool take_list(struct cursor *at, struct arena *arena, struct gate_entry *e)
{
    if (!eat(at, '['))
        return false;
    if (eat(at, ']'))
        return true;
    do {
        if (e->fields_n == ARRAY_LEN(e->fields) || !take_text(at, arena, &e->fields[e->fields_n]))
            return false;
        e->fields_n++;
    } while (eat(at, ','));
    return eat(at, ']');
}

/* The members in the order in which they are written; the kinds that are no texts come by their own names. */
enum kind { TEXT, VERSION, SHARD, NUMBER, FIELDS, RULES };

static const struct {
    struct str key;
    enum kind kind;
    size_t offset; /* of TEXT */
} members[] = {
#define TEXT_AT(member) TEXT, offsetof(struct gate_entry, member)
    {STR("v"), VERSION, 0},
    {STR("id"), TEXT_AT(id)},
    {STR("t"), TEXT_AT(time)},
    {STR("kind"), TEXT_AT(kind)},
    {STR("holder"), TEXT_AT(holder)},
    {STR("shard"), SHARD, 0},
    {STR("stream"), TEXT_AT(stream)},
    {STR("n"), NUMBER, 0},
    {STR("agency"), TEXT_AT(agency)},
    {STR("office"), TEXT_AT(office)},
    {STR("actor"), TEXT_AT(actor)},
    {STR("capacity"), TEXT_AT(capacity)},
    {STR("mandate"), TEXT_AT(mandate)},
    {STR("purpose"), TEXT_AT(purpose)},
    {STR("basis"), TEXT_AT(basis)},
    {STR("case"), TEXT_AT(case_no)},
    {STR("registry"), TEXT_AT(registry)},
    {STR("fields"), FIELDS, 0},
    {STR("outcome"), TEXT_AT(outcome)},
    {STR("reason"), TEXT_AT(reason)},
    {STR("levels"), TEXT_AT(levels)},
    {STR("rules"), RULES, 0},
#undef TEXT_AT
};

static struct str *text_of(struct gate_entry *e, size_t member)
{
    return (struct str *)((char *)e + members[member].offset);
}

static bool take_value(struct cursor *at, size_t member, struct arena *arena, struct gate_entry *e)
{
    struct str rules;
    uint32_t version;
    switch (members[member].kind) {
    case TEXT: return eat_word(at, STR("null")) || take_text(at, arena, text_of(e, member));
    case VERSION: return take_number(at, &version) && version == 1;
    case SHARD: return take_number(at, &e->shard);
    case NUMBER: return take_number(at, &e->number);
    case FIELDS: return eat_word(at, STR("null")) || take_list(at, arena, e);
    case RULES: return eat_word(at, STR("null")) || take_text(at, arena, &rules);
    }
    return false;
}

static bool take_members(struct cursor *at, struct arena *arena, struct gate_entry *e)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct str key;
        if ((i != 0 && !eat(at, ',')) || !take_text(at, arena, &key) || !str_eq(key, members[i].key) ||
            !eat(at, ':') || !take_value(at, i, arena, e))
            return false;
    }
    return true;
}

bool entry_parse(struct str json, struct arena *arena, struct gate_entry *e, struct err *err)
{
    struct cursor at = {json.p, json.p + json.n};
    e->json = json;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (members[i].kind == TEXT)
            *text_of(e, i) = STR("");
    e->fields_n = 0;
    bool ok =
        utf8_valid(json) && eat(&at, '{') && take_members(&at, arena, e) && eat(&at, '}') && at.p == at.end;
    return ok || err_set(err, ERR_CORRUPT, "entry", "byte %zu is not what an entry has there",
                         (size_t)(at.p - json.p));
}
