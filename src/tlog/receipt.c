/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/receipt.h"

#include <jansson.h>

#include "base/json.h"

void receipt_text(struct buf *out, const struct tlog_proof *proof, const struct receipt_opening *opening)
{
    struct buf extra, base64;
    struct json json;
    buf_init(&extra, RECEIPT_EXTRA_MAX);
    buf_init(&base64, BASE64_SIZE(RECEIPT_EXTRA_MAX));
    json_start(&json, &extra);
    json_open_object(&json);
    json_key_u64(&json, "v", 1);
    json_key(&json, "leaf");
    json_base64(&json, opening->leaf, LEAF_SIZE);
    json_key(&json, "salt");
    json_base64(&json, opening->salt, SALT_SIZE);
    json_key(&json, "entry");
    json_base64(&json, opening->entry.p, opening->entry.n);
    json_end(&json);
    must(!buf_overflowed(&extra)); /* entries are at most ENTRY_MAX bytes */
    buf_base64(&base64, extra.p, extra.n);

    struct tlog_proof whole = *proof;
    whole.has_extra = true;
    whole.extra_base64 = buf_view(&base64);
    tlog_proof_text(out, &whole);
    buf_done(&extra);
    buf_done(&base64);
}

/* Text of a member in base64, exactly n bytes. */
static bool fixed_bytes(const json_t *object, const char *key, uint8_t *out, size_t n)
{
    const json_t *member = json_object_get(object, key);
    size_t got;
    return json_is_string(member) &&
           base64_decode(out, n, (struct str){json_string_value(member), json_string_length(member)}, &got) &&
           got == n;
}

static bool entry_bytes(const json_t *object, struct arena *arena, struct str *ret_entry)
{
    const json_t *member = json_object_get(object, "entry");
    if (!json_is_string(member) || json_string_length(member) > BASE64_SIZE(ENTRY_MAX))
        return false;
    struct str text = {json_string_value(member), json_string_length(member)};
    char *bytes = arena_take(arena, text.n + 1, 1);
    size_t n;
    if (!base64_decode((uint8_t *)bytes, text.n, text, &n) || n > ENTRY_MAX)
        return false;
    *ret_entry = (struct str){bytes, n};
    return true;
}

bool receipt_opening_parse(const struct tlog_proof *proof, struct arena *arena,
                           struct receipt_opening *ret_opening, struct err *err)
{
    static const char place[] = "receipt";
    struct receipt_opening opening;
    if (!proof->has_extra || proof->extra_base64.n > BASE64_SIZE(RECEIPT_EXTRA_MAX))
        return err_set(err, ERR_INVALID, place,
                       "it has no line 'extra' of a fitting size, so the text of the entry is not in it");
    uint8_t *bytes = arena_take(arena, proof->extra_base64.n, 1);
    size_t n;
    if (!base64_decode(bytes, proof->extra_base64.n, proof->extra_base64, &n))
        return err_set(err, ERR_INVALID, place, "the line 'extra' is not base64");
    json_error_t why;
    json_t *object = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, &why);
    bool done = json_is_object(object) && json_object_size(object) == 4 &&
                json_integer_value(json_object_get(object, "v")) == 1 &&
                fixed_bytes(object, "leaf", opening.leaf, LEAF_SIZE) &&
                fixed_bytes(object, "salt", opening.salt, SALT_SIZE) &&
                entry_bytes(object, arena, &opening.entry);
    json_decref(object);
    if (!done)
        return err_set(err, ERR_INVALID, place,
                       "the line 'extra' does not hold v, leaf, salt and entry of a receipt of version 1");
    *ret_opening = opening;
    return true;
}
