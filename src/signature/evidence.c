/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/evidence.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"

#define KIND "aina-signature-evidence"

bool evidence_is(struct str file)
{
    return file.n != 0 && file.p[0] == '{' && memmem(file.p, MIN_OF(file.n, (size_t)256), KIND, strlen(KIND));
}

static bool read_bytes(const json_t *value, const char *name, struct arena *arena, struct str *ret,
                       struct err *err)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    size_t n = 0;
    uint8_t *bytes = arena_take(arena, text.n + 1, 1);
    if (text.p == NULL || !base64_decode(bytes, text.n + 1, text, &n) || n == 0)
        return err_set(err, ERR_INVALID, name, "must be base64 of at least one byte");
    *ret = (struct str){(const char *)bytes, n};
    return true;
}

static bool read_items(const json_t *root, const char *name, struct arena *arena,
                       struct str items[EVIDENCE_ITEMS_MAX], size_t *ret_n, struct err *err)
{
    const json_t *list = json_object_get(root, name);
    size_t n = json_array_size(list);
    if (list == NULL || !json_is_array(list) || n > EVIDENCE_ITEMS_MAX)
        return err_set(err, ERR_INVALID, name, "must be a list of at most %d", EVIDENCE_ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!read_bytes(json_array_get(list, i), name, arena, &items[i], err))
            return false;
    *ret_n = n;
    return true;
}

static bool read_root(const json_t *root, struct arena *arena, struct evidence *ret, struct err *err)
{
    struct evidence e = {0};
    const json_t *content = json_object_get(root, "content");
    const char *kind = json_string_value(json_object_get(root, "kind"));
    if (json_integer_value(json_object_get(root, "v")) != 1 || kind == NULL || strcmp(kind, KIND) != 0)
        return err_set(err, ERR_INVALID, NULL, "is not evidence of a signature of version 1");
    if (!time_parse(str_of(json_string_value(json_object_get(root, "collected"))), &e.collected))
        return err_set(err, ERR_INVALID, "collected", "must be a time, YYYY-MM-DDThh:mm:ssZ");
    if (!read_bytes(json_object_get(root, "signature"), "signature", arena, &e.signature, err) ||
        (content != NULL && !read_bytes(content, "content", arena, &e.content, err)) ||
        !read_items(root, "stamps", arena, e.stamps, &e.stamps_n, err) ||
        !read_items(root, "ocsp", arena, e.ocsp, &e.ocsp_n, err) ||
        !read_items(root, "lists", arena, e.lists, &e.lists_n, err))
        return false;
    *ret = e;
    return true;
}

bool evidence_read(struct str file, struct arena *arena, struct evidence *ret_evidence, struct err *err)
{
    json_error_t where;
    json_t *root = json_loadb(file.p, file.n, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return err_set(err, ERR_INVALID, NULL, "is not JSON: line %d: %.150s", where.line, where.text);
    bool ok = read_root(root, arena, ret_evidence, err);
    json_decref(root);
    return ok;
}

static void write_items(struct json *j, const char *name, const struct str *items, size_t n)
{
    json_key(j, name);
    json_open_array(j);
    for (size_t i = 0; i < n; i++)
        json_base64(j, items[i].p, items[i].n);
    json_end(j);
}

void evidence_write(struct buf *out, const struct evidence *e)
{
    struct json j;
    char collected[TIME_TEXT_SIZE];
    time_iso(e->collected, collected);
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "kind", STR(KIND));
    json_key_text(&j, "collected", str_of(collected));
    json_key(&j, "signature");
    json_base64(&j, e->signature.p, e->signature.n);
    if (e->content.p != NULL) {
        json_key(&j, "content");
        json_base64(&j, e->content.p, e->content.n);
    }
    write_items(&j, "stamps", e->stamps, e->stamps_n);
    write_items(&j, "ocsp", e->ocsp, e->ocsp_n);
    write_items(&j, "lists", e->lists, e->lists_n);
    json_end(&j);
    buf_byte(out, '\n');
}
