/* SPDX-License-Identifier: Apache-2.0 */
#include "document/issuers.h"

#include <jansson.h>

#define KEYS_MAX 256
#define KINDS_MAX 1024

static void key_base64url(struct json *j, const char *name, const void *bytes, size_t n)
{
    char text[64];
    json_key_text(j, name, (struct str){text, base64url_encode(text, bytes, n)});
}

static void write_key(struct json *j, const struct issuer_key *k)
{
    json_open_object(j);
    json_key_text(j, "kty", STR("EC"));
    json_key_text(j, "crv", STR("P-256"));
    json_key_text(j, "alg", STR("ES256"));
    json_key_text(j, "use", STR("sig"));
    key_base64url(j, "kid", k->kid, KID_SIZE);
    key_base64url(j, "x", k->public_key, 32);
    key_base64url(j, "y", k->public_key + 32, 32);
    json_key(j, "x5c");
    json_open_array(j);
    json_base64(j, k->certificate.p, k->certificate.n);
    json_end(j);
    json_key_u64(j, "from", (uint64_t)k->from);
    if (k->until != 0)
        json_key_u64(j, "until", (uint64_t)k->until);
    json_key(j, "documents");
    json_open_array(j);
    for (size_t i = 0; i < k->kinds_n; i++)
        json_text(j, k->kinds[i]);
    json_end(j);
    json_end(j);
}

void issuers_write(const struct issuers *issuers, struct buf *out)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "kind", STR("aina-documents"));
    json_key_text(&j, "issuer", issuers->issuer);
    json_key(&j, "keys");
    json_open_array(&j);
    for (size_t i = 0; i < issuers->n; i++)
        write_key(&j, &issuers->keys[i]);
    json_end(&j);
    json_key(&j, "status");
    json_open_array(&j);
    for (size_t i = 0; i < issuers->status_n; i++)
        json_text(&j, issuers->status[i]);
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}

/* --- reading --- */

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){"", 0};
}

static bool bytes_of(const json_t *object, const char *name, uint8_t *out, size_t n)
{
    size_t found;
    return base64url_decode(out, n, text_of(object, name), &found) && found == n;
}

static bool time_of(const json_t *object, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        *ret = 0;
        return true;
    }
    *ret = json_integer_value(value);
    return json_is_integer(value) && *ret > 0;
}

static bool read_certificate(const json_t *object, struct arena *arena, struct issuer_key *k)
{
    const json_t *list = json_object_get(object, "x5c"), *first = json_array_get(list, 0);
    uint8_t kid[KID_SIZE], public_key[ES256_PUBLIC_SIZE];
    if (!json_is_string(first))
        return false;
    struct str text = {json_string_value(first), json_string_length(first)};
    uint8_t *der = arena_take(arena, text.n + 1, 1);
    size_t n;
    if (!base64_decode(der, text.n, text, &n))
        return false;
    k->certificate = (struct str){(const char *)der, n};
    kid_of(kid, k->certificate);
    return memcmp(kid, k->kid, sizeof kid) == 0 && es256_of_certificate(k->certificate, public_key) &&
           memcmp(public_key, k->public_key, sizeof public_key) == 0;
}

static bool read_kinds(const json_t *object, struct arena *arena, struct issuer_key *k)
{
    const json_t *list = json_object_get(object, "documents");
    size_t n = json_array_size(list);
    struct str *kinds = arena_array(arena, struct str, n + 1);
    if ((list != NULL && !json_is_array(list)) || n > KINDS_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *kind = json_array_get(list, i);
        if (!json_is_string(kind))
            return false;
        kinds[i] = str_dup(arena, (struct str){json_string_value(kind), json_string_length(kind)});
    }
    k->kinds = kinds;
    k->kinds_n = n;
    return true;
}

static bool read_key(const json_t *object, struct arena *arena, struct issuer_key *k, const char **ret_what)
{
    *ret_what = "is no key of P-256 for ES256 with kid, x and y";
    if (!str_is(text_of(object, "kty"), "EC") || !str_is(text_of(object, "crv"), "P-256") ||
        !str_is(text_of(object, "alg"), "ES256") || !bytes_of(object, "kid", k->kid, KID_SIZE) ||
        !bytes_of(object, "x", k->public_key, 32) || !bytes_of(object, "y", k->public_key + 32, 32))
        return false;
    *ret_what = "its certificate (x5c) is not of this key, or its kid is not the certificate's";
    if (!read_certificate(object, arena, k))
        return false;
    *ret_what = "from and until must be seconds, documents a list of texts";
    return time_of(object, "from", &k->from) && k->from != 0 && time_of(object, "until", &k->until) &&
           read_kinds(object, arena, k);
}

static bool read_list(const json_t *root, struct arena *arena, struct issuers *ret, struct err *err)
{
    const json_t *list = json_object_get(root, "keys");
    size_t n = json_array_size(list);
    if (!str_is(text_of(root, "kind"), "aina-documents") ||
        json_integer_value(json_object_get(root, "v")) != 1 || text_of(root, "issuer").n == 0 || n == 0 ||
        n > KEYS_MAX)
        return err_set(err, ERR_INVALID, "list of issuers",
                       "is not one: take it from the operator's /.well-known/aina-documents.json");
    struct issuer_key *keys = arena_array(arena, struct issuer_key, n);
    for (size_t i = 0; i < n; i++) {
        const char *what;
        if (!read_key(json_array_get(list, i), arena, &keys[i], &what))
            return err_set(err, ERR_INVALID, arena_printf(arena, "list of issuers, key %zu", i + 1), "%s",
                           what);
    }
    *ret = (struct issuers){.issuer = str_dup(arena, text_of(root, "issuer")), .keys = keys, .n = n};
    return true;
}

bool issuers_read(struct str bytes, struct arena *arena, struct issuers *ret, struct err *err)
{
    json_error_t fault;
    json_t *root = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &fault);
    if (root == NULL)
        return err_set(err, ERR_INVALID, arena_printf(arena, "list of issuers, line %d", fault.line), "%s",
                       fault.text);
    bool ok = read_list(root, arena, ret, err);
    json_decref(root);
    return ok;
}

bool issuer_may(const struct issuer_key *key, struct str kind)
{
    for (size_t i = 0; i < key->kinds_n; i++)
        if (str_eq(key->kinds[i], kind))
            return true;
    return false;
}
