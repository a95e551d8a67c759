/* SPDX-License-Identifier: Apache-2.0 */
#include "document/status_list.h"

#include <jansson.h>

#include "base/cbor.h"
#include "document/packed.h"

#define TYPE_JWT "statuslist+jwt"
#define TYPE_CWT "application/statuslist+cwt"

/* --- writing --- */

static void add_base64url(struct buf *out, struct str bytes)
{
    char *to = buf_room(out, BASE64_SIZE(bytes.n));
    if (to != NULL)
        out->n = (size_t)(to - out->p) + base64url_encode(to, bytes.p, bytes.n);
}

static struct str packed(const struct status_list *list, struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, STATUS_BYTES_MAX + 65536);
    zlib_pack(list->bytes, &out);
    return buf_view(&out);
}

bool status_list_jwt(const struct status_list *list, const struct es256_key *key, const uint8_t kid[KID_SIZE],
                     struct arena *arena, struct buf *out, struct err *err)
{
    struct buf head, body, lst;
    struct json j;
    uint8_t signature[ES256_SIZE];
    char name[KID_TEXT_SIZE];
    buf_in(&head, arena, 256);
    buf_in(&lst, arena, 2 * STATUS_BYTES_MAX);
    buf_in(&body, arena, 2 * STATUS_BYTES_MAX);
    kid_text(name, kid);
    json_start(&j, &head);
    json_open_object(&j);
    json_key_text(&j, "alg", STR("ES256"));
    json_key_text(&j, "typ", STR(TYPE_JWT));
    json_key_text(&j, "kid", str_of(name));
    json_end(&j);
    add_base64url(&lst, packed(list, arena));
    json_start(&j, &body);
    json_open_object(&j);
    json_key_text(&j, "sub", list->uri);
    json_key_u64(&j, "iat", (uint64_t)list->issued);
    json_key_u64(&j, "exp", (uint64_t)list->expires);
    json_key_u64(&j, "ttl", (uint64_t)list->ttl);
    json_key(&j, "status_list");
    json_open_object(&j);
    json_key_u64(&j, "bits", list->bits);
    json_key_text(&j, "lst", buf_view(&lst));
    json_end(&j);
    json_end(&j);
    size_t from = out->n;
    add_base64url(out, buf_view(&head));
    buf_byte(out, '.');
    add_base64url(out, buf_view(&body));
    if (buf_overflowed(out))
        return true;
    if (!es256_try(key, signature, out->p + from, out->n - from, err))
        return false;
    buf_byte(out, '.');
    add_base64url(out, (struct str){(const char *)signature, sizeof signature});
    return true;
}

bool status_list_cwt(const struct status_list *list, const struct es256_key *key, const uint8_t kid[KID_SIZE],
                     struct arena *arena, struct buf *out, struct err *err)
{
    struct buf body;
    buf_in(&body, arena, 2 * STATUS_BYTES_MAX);
    cbor_add(&body, CBOR_MAP, 5); /* keys in the order of their encoding */
    cbor_add_int(&body, 2);
    cbor_add_string(&body, CBOR_TEXT, list->uri);
    cbor_add_int(&body, 4);
    cbor_add_int(&body, list->expires);
    cbor_add_int(&body, 6);
    cbor_add_int(&body, list->issued);
    cbor_add_int(&body, 65533);
    cbor_add(&body, CBOR_MAP, 2);
    cbor_add_string(&body, CBOR_TEXT, STR("lst"));
    cbor_add_string(&body, CBOR_BYTES, packed(list, arena));
    cbor_add_string(&body, CBOR_TEXT, STR("bits"));
    cbor_add_int(&body, list->bits);
    cbor_add_int(&body, 65534);
    cbor_add_int(&body, list->ttl);
    return cose_sign1(key, kid, str_of(TYPE_CWT), buf_view(&body), arena, out, err);
}

/* --- reading --- */

static bool off(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "status list", "%s", what);
}

static json_t *part_of(struct str text, struct arena *arena)
{
    uint8_t *bytes = arena_take(arena, text.n + 1, 1);
    size_t n;
    return base64url_decode(bytes, text.n, text, &n)
               ? json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){"", 0};
}

/* The name of the key is a hint and nothing more: every key that was in use is tried. */
static bool signed_by(const struct issuers *issuers, int64_t issued, struct str message,
                      const uint8_t signature[ES256_SIZE])
{
    for (size_t i = 0; i < issuers->n; i++) {
        const struct issuer_key *k = &issuers->keys[i];
        if (issued >= k->from && (k->until == 0 || issued <= k->until) &&
            es256_verify(k->public_key, signature, message.p, message.n))
            return true;
    }
    return false;
}

static bool read_body(const json_t *body, struct arena *arena, struct status_list *ret, struct err *err)
{
    const json_t *list = json_object_get(body, "status_list"), *bits = json_object_get(list, "bits");
    const json_t *iat = json_object_get(body, "iat"), *exp = json_object_get(body, "exp");
    const json_t *ttl = json_object_get(body, "ttl");
    struct str lst = text_of(list, "lst");
    uint8_t *packed_bytes = arena_take(arena, lst.n + 1, 1);
    size_t n;
    *ret = (struct status_list){.uri = str_dup(arena, text_of(body, "sub")),
                                .issued = json_integer_value(iat),
                                .expires = json_integer_value(exp),
                                .ttl = json_integer_value(ttl),
                                .bits = (unsigned)json_integer_value(bits)};
    if (ret->uri.n == 0 || !json_is_integer(iat) || (exp != NULL && !json_is_integer(exp)))
        return off(err, "does not say for what address it is, or when it was made");
    if (!json_is_integer(bits) || (ret->bits != 1 && ret->bits != 2 && ret->bits != 4 && ret->bits != 8))
        return off(err, "must have 1, 2, 4 or 8 bits a document");
    if (!base64url_decode(packed_bytes, lst.n, lst, &n) ||
        !zlib_unpack((struct str){(const char *)packed_bytes, n}, STATUS_BYTES_MAX, arena, &ret->bytes))
        return off(err, "does not unpack, or is far too large");
    return true;
}

bool status_list_read(struct str jwt, const struct issuers *issuers, struct arena *arena,
                      struct status_list *ret_list, struct err *err)
{
    struct str rest = str_trim(jwt), head_text, body_text, message;
    uint8_t signature[ES256_SIZE];
    size_t n;
    if (!str_next(&rest, '.', &head_text) || !str_next(&rest, '.', &body_text))
        return off(err, "is not one: it must be a signed JSON Web Token");
    message = (struct str){head_text.p, (size_t)(body_text.p + body_text.n - head_text.p)};
    if (!base64url_decode(signature, sizeof signature, rest, &n) || n != sizeof signature)
        return off(err, "has no signature of ES256");
    json_t *head = part_of(head_text, arena), *body = part_of(body_text, arena);
    bool ok = str_is(text_of(head, "alg"), "ES256") && str_is(text_of(head, "typ"), TYPE_JWT);
    if (!ok)
        off(err, "must be signed with ES256 and be of type " TYPE_JWT);
    ok = ok && read_body(body, arena, ret_list, err);
    if (ok && !signed_by(issuers, ret_list->issued, message, signature))
        ok = off(err, "is not signed by an issuer on the list, or was changed");
    json_decref(head);
    json_decref(body);
    return ok;
}

bool status_list_at(const struct status_list *list, uint64_t index, unsigned *ret_status)
{
    uint64_t in_byte = 8 / list->bits;
    if (index / in_byte >= list->bytes.n)
        return false;
    uint8_t byte = (uint8_t)list->bytes.p[index / in_byte];
    *ret_status = byte >> (index % in_byte) * list->bits & ((1u << list->bits) - 1);
    return true;
}
