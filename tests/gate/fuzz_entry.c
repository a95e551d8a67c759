/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of entries against jansson: what ours reads, jansson must read to the same texts. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate/gate_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void same(const json_t *object, const char *key, struct str ours)
{
    const json_t *value = json_object_get(object, key);
    struct str theirs = json_is_string(value)
                            ? (struct str){json_string_value(value), json_string_length(value)}
                            : (struct str){"", 0};
    if (!str_eq(ours, theirs))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct gate_entry e = {0};
    struct arena arena;
    struct err err;
    json_error_t why;
    arena_init(&arena, 4096, 1 << 24);
    if (entry_parse((struct str){(const char *)bytes, n}, &arena, &e, &err)) {
        json_t *object = json_loadb((const char *)bytes, n, JSON_DECODE_INT_AS_REAL, &why);
        if (!json_is_object(object))
            abort();
        same(object, "id", e.id);
        same(object, "t", e.time);
        same(object, "reason", e.reason);
        same(object, "case", e.case_no);
        same(object, "levels", e.levels);
        const json_t *fields = json_object_get(object, "fields");
        if (json_is_array(fields) && MIN_OF(json_array_size(fields), (size_t)VAULT_FIELDS_MAX) != e.fields_n)
            abort();
        for (size_t i = 0; json_is_array(fields) && i < e.fields_n; i++)
            if (!str_is(e.fields[i], json_string_value(json_array_get(fields, i))))
                abort();
        json_decref(object);
    }
    arena_done(&arena);
    return 0;
}
