/* SPDX-License-Identifier: Apache-2.0 */
/* value.c: the values of a record version, which stand in one blob, each sealed by itself:
 *
 *     u16be n ‖ n × (u32be field tag, u32be sealed length) ‖ the sealed values
 *
 * The record's name is sealed as the first value, of the field "". A field tag is the start of SHA-256 of the
 * field's id. */
#include "vault/vault_private.h"

uint32_t vault_field_tag(struct str field)
{
    uint8_t hash[HASH_SIZE];
    sha256(hash, field.p, field.n);
    return get_u32be(hash);
}

struct str vault_value_place(const struct registry_keys *r, const uint8_t name[HASH_SIZE], uint32_t version,
                             struct str field, struct arena *arena)
{
    struct buf place;
    buf_in(&place, arena, 1024);
    buf_lp(&place, r->is.holder.p, r->is.holder.n);
    buf_lp(&place, r->is.id.p, r->is.id.n);
    buf_lp(&place, name, HASH_SIZE);
    buf_u32be(&place, version);
    buf_lp(&place, field.p, field.n);
    return buf_view(&place);
}

bool vault_seal_values(const struct registry_keys *r, const uint8_t key[KEY_SIZE],
                       const uint8_t name[HASH_SIZE], uint32_t version, const struct vault_write *w,
                       struct arena *arena, struct str *ret_blob, struct err *err)
{
    struct buf blob;
    buf_in(&blob, arena, BLOB_MAX);
    buf_u16be(&blob, (uint16_t)(w->values_n + 1));
    for (size_t i = 0; i <= w->values_n; i++) {
        struct str field = i ? w->values[i - 1].field : STR(""),
                   value = i ? w->values[i - 1].value : w->record;
        buf_u32be(&blob, vault_field_tag(field));
        buf_u32be(&blob, (uint32_t)(value.n + SEAL_OVERHEAD));
    }
    for (size_t i = 0; i <= w->values_n; i++) {
        struct str field = i ? w->values[i - 1].field : STR(""),
                   value = i ? w->values[i - 1].value : w->record;
        struct str place = vault_value_place(r, name, version, field, arena);
        char *at = buf_room(&blob, value.n + SEAL_OVERHEAD);
        if (at != NULL)
            seal((uint8_t *)at, key, value.p, value.n, place.p, place.n);
    }
    *ret_blob = buf_view(&blob);
    return !buf_overflowed(&blob) || err_set(err, ERR_TOO_LARGE, "record", "a record has at most 1 MB");
}

/* The sealed bytes of a field in a blob; false when it has none, or the blob is cut short. */
bool vault_blob_find(struct str blob, struct str field, struct str *ret_sealed)
{
    const uint8_t *p = (const uint8_t *)blob.p;
    size_t n = blob.n >= 2 ? get_u16be(p) : 0, at = 2 + n * 8;
    uint32_t tag = vault_field_tag(field);
    if (at > blob.n)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t size = get_u32be(p + 2 + i * 8 + 4);
        if (size > blob.n - at || size < SEAL_OVERHEAD)
            return false;
        if (get_u32be(p + 2 + i * 8) == tag) {
            *ret_sealed = (struct str){blob.p + at, size};
            return true;
        }
        at += size;
    }
    return false;
}

bool vault_open_value(const struct registry_keys *r, const uint8_t key[KEY_SIZE], struct str name,
                      uint32_t version, struct str field, struct str sealed, struct arena *arena,
                      struct str *ret_value, struct err *err)
{
    char *plain = arena_take(arena, sealed.n - SEAL_OVERHEAD + 1, 1);
    bool opens = name.n == HASH_SIZE;
    if (opens) {
        struct str place = vault_value_place(r, (const uint8_t *)name.p, version, field, arena);
        opens = seal_open(plain, key, (const uint8_t *)sealed.p, sealed.n, place.p, place.n);
    }
    if (!opens)
        return err_set(err, ERR_CORRUPT, "vault_record",
                       "a value of registry '%.*s' does not open: it was changed or moved",
                       STR_ARG(r->is.id));
    *ret_value = (struct str){plain, sealed.n - SEAL_OVERHEAD};
    return true;
}
