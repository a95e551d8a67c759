/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *words;
} table[] = {
#define X(id, name, words) {name, words},
    REFUSAL_TABLE(X)
#undef X
};

bool refuse(struct refusal *ret, enum refusal_id id, const char *format, ...)
{
    char detail[sizeof ret->detail];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    ret->id = id;
    __builtin_memcpy(ret->detail, detail, sizeof detail); /* a detail may quote the one before */
    return false;
}

bool refuse_plain(struct refusal *ret, enum refusal_id id)
{
    *ret = (struct refusal){.id = id};
    return false;
}

const char *refusal_name(enum refusal_id id)
{
    return table[id].name;
}

const char *refusal_words(enum refusal_id id)
{
    return table[id].words;
}
