/* SPDX-License-Identifier: Apache-2.0 */
/* entry_scan.c: reads an entry that stands exactly as entry_json writes it, in one pass and without copying:
 * a person's page reads twenty. Anything else, an escaped character for one, is left to the general reader.
 */
#include <stddef.h>

#include "gate/gate_private.h"

enum shape { SCAN_TEXT, SCAN_NUMBER, SCAN_FIELDS, SCAN_PASSED };

static const struct {
    const char *key; /* with its quotes and colon */
    enum shape shape;
    size_t at; /* in struct gate_entry */
} members[] = {
#define TEXT(name, member)                                                                                   \
    {                                                                                                        \
        "\"" name "\":", SCAN_TEXT, offsetof(struct gate_entry, member)                                      \
    }
    {"\"v\":", SCAN_PASSED, 0},
    TEXT("id", id),
    TEXT("t", time),
    TEXT("kind", kind),
    TEXT("holder", holder),
    {"\"shard\":", SCAN_NUMBER, offsetof(struct gate_entry, shard)},
    TEXT("stream", stream),
    {"\"n\":", SCAN_NUMBER, offsetof(struct gate_entry, number)},
    TEXT("agency", agency),
    TEXT("office", office),
    TEXT("actor", actor),
    TEXT("capacity", capacity),
    TEXT("mandate", mandate),
    TEXT("purpose", purpose),
    TEXT("basis", basis),
    TEXT("case", case_no),
    TEXT("registry", registry),
    {"\"fields\":", SCAN_FIELDS, 0},
    TEXT("outcome", outcome),
    TEXT("reason", reason),
    TEXT("levels", levels),
    {"\"rules\":", SCAN_PASSED, 0},
#undef TEXT
};

static bool take(struct str *rest, const char *literal)
{
    size_t n = strlen(literal);
    if (rest->n < n || memcmp(rest->p, literal, n) != 0)
        return false;
    *rest = str_from(*rest, n);
    return true;
}

/* A text without escapes, or null, which reads as empty. */
static bool take_text(struct str *rest, struct str *ret_text)
{
    *ret_text = (struct str){"", 0};
    if (take(rest, "null"))
        return true;
    if (!take(rest, "\""))
        return false;
    size_t n = 0;
    while (n < rest->n && (uint8_t)rest->p[n] >= 0x20 && rest->p[n] != '"' && rest->p[n] != '\\')
        n++;
    if (n == rest->n || rest->p[n] != '"')
        return false;
    *ret_text = (struct str){rest->p, n};
    *rest = str_from(*rest, n + 1);
    return true;
}

static bool take_number(struct str *rest, uint32_t *ret_number)
{
    uint64_t value;
    size_t n = 0;
    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
        n++;
    if (!text_u64((struct str){rest->p, n}, &value) || value > UINT32_MAX)
        return false;
    *ret_number = (uint32_t)value;
    *rest = str_from(*rest, n);
    return true;
}

static bool take_fields(struct str *rest, struct gate_entry *e)
{
    if (take(rest, "null") || take(rest, "[]"))
        return true;
    if (!take(rest, "["))
        return false;
    do {
        if (rest->n == 0 || rest->p[0] != '"' || e->fields_n == VAULT_FIELDS_MAX ||
            !take_text(rest, &e->fields[e->fields_n++]))
            return false;
    } while (take(rest, ","));
    return take(rest, "]");
}

bool entry_scan(struct str json, struct gate_entry *entry)
{
    struct gate_entry *e = entry;
    struct str rest = json, passed;
    uint32_t number;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        void *at = (char *)e + members[i].at;
        if (!take(&rest, i == 0 ? "{" : ",") || !take(&rest, members[i].key))
            return false;
        bool good = members[i].shape == SCAN_TEXT     ? take_text(&rest, at)
                    : members[i].shape == SCAN_NUMBER ? take_number(&rest, at)
                    : members[i].shape == SCAN_FIELDS ? take_fields(&rest, e)
                    : i == 0                          ? take_number(&rest, &number)
                                                      : take_text(&rest, &passed);
        if (!good)
            return false;
    }
    if (!str_is(rest, "}"))
        return false;
    e->json = json;
    return true;
}
