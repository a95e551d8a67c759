/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/certificate_private.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"

/* --- extensions --- */

struct extension {
    struct der oid, value;
    bool critical;
};

static bool take_extension(struct der *rest, struct extension *ret)
{
    struct der content;
    return der_take(rest, DER_SEQUENCE, &content) && der_take(&content, DER_OID, &ret->oid) &&
           der_take_yes(&content, &ret->critical) && der_take(&content, DER_OCTET_STRING, &ret->value) &&
           content.n == 0;
}

static bool read_usage(struct certificate *c, const struct extension *e)
{
    struct der value = e->value, bits;
    if (!der_take(&value, DER_BIT_STRING, &bits) || value.n != 0 || bits.n < 2 || bits.n > 3 || bits.p[0] > 7)
        return false;
    c->has_usage = true;
    c->usage = (unsigned)bits.p[1] << 8 | (bits.n == 3 ? bits.p[2] : 0);
    return true;
}

static bool read_constraints(struct certificate *c, const struct extension *e)
{
    struct der value = e->value, content;
    if (!der_take(&value, DER_SEQUENCE, &content) || value.n != 0 || !der_take_yes(&content, &c->ca))
        return false;
    c->has_path_length = content.n != 0;
    return content.n == 0 || (der_take_small(&content, &c->path_length) && content.n == 0);
}

/* A SEQUENCE OF whatever: its elements are looked at when they are asked for. */
static bool read_list(struct der value, struct der *ret_list)
{
    struct der whole = value;
    return der_take(&whole, DER_SEQUENCE, ret_list) && whole.n == 0 && ret_list->n != 0;
}

static bool read_extended(struct certificate *c, const struct extension *e)
{
    c->has_extended = true;
    c->extended_critical = e->critical;
    return read_list(e->value, &c->extended);
}

static bool read_policies(struct certificate *c, const struct extension *e)
{
    return read_list(e->value, &c->policies);
}

static bool read_key_id(struct certificate *c, const struct extension *e)
{
    struct der value = e->value;
    return der_take(&value, DER_OCTET_STRING, &c->key_id) && value.n == 0;
}

static bool read_issuer_key_id(struct certificate *c, const struct extension *e)
{
    struct der value = e->value, content;
    if (!der_take(&value, DER_SEQUENCE, &content) || value.n != 0)
        return false;
    return !der_next_is(&content, DER_CONTEXT(0)) || der_take(&content, DER_CONTEXT(0), &c->issuer_key_id);
}

static bool read_pointer(struct certificate *c, const struct extension *e)
{
    return true; /* where to ask: the folder's addresses are used, never the certificate's */
}

static const struct {
    struct str oid;
    bool (*read)(struct certificate *c, const struct extension *e);
} extensions[] = {
    {STR("\x55\x1d\x0f"), read_usage},    {STR("\x55\x1d\x13"), read_constraints},
    {STR("\x55\x1d\x25"), read_extended}, {STR("\x55\x1d\x20"), read_policies},
    {STR("\x55\x1d\x0e"), read_key_id},   {STR("\x55\x1d\x23"), read_issuer_key_id},
    {STR("\x55\x1d\x1f"), read_pointer},
};

static bool read_extensions(struct certificate *c, struct der list, struct refusal *refusal)
{
    unsigned seen = 0;
    while (list.n != 0) {
        struct extension e;
        if (!take_extension(&list, &e))
            return refuse(refusal, REFUSED_CERTIFICATE, "an extension is malformed");
        size_t i = 0;
        while (i < ARRAY_LEN(extensions) && !str_eq(extensions[i].oid, der_str(e.oid)))
            i++;
        if (i == ARRAY_LEN(extensions)) {
            if (e.critical)
                return refuse_plain(refusal, REFUSED_CRITICAL);
            continue;
        }
        if ((seen >> i & 1) != 0 || !extensions[i].read(c, &e))
            return refuse(refusal, REFUSED_CERTIFICATE, "an extension is malformed or stands twice");
        seen |= 1u << i;
    }
    return true;
}

/* --- the certificate --- */

static bool read_tbs(struct certificate *c, struct der tbs, struct refusal *refusal)
{
    struct der version, algorithm, validity, whole, extensions_tagged, list;
    unsigned number;
    if (!der_take(&tbs, DER_CONSTRUCTED(0), &version) || !der_take_small(&version, &number) || number != 2)
        return refuse(refusal, REFUSED_CERTIFICATE, "it is not of version 3");
    if (!der_take(&tbs, DER_INTEGER, &c->serial) || c->serial.n == 0 || c->serial.n > 32 ||
        !der_take_whole(&tbs, DER_SEQUENCE, &whole, &algorithm) || !der_eq(algorithm, c->algorithm) ||
        !der_take_whole(&tbs, DER_SEQUENCE, &whole, &c->issuer) || !der_take(&tbs, DER_SEQUENCE, &validity) ||
        !der_take_time(&validity, &c->not_before) || !der_take_time(&validity, &c->not_after) ||
        validity.n != 0 || !der_take_whole(&tbs, DER_SEQUENCE, &whole, &c->subject) ||
        !der_take_whole(&tbs, DER_SEQUENCE, &whole, &c->spki) || !der_skip(&tbs, DER_CONTEXT(1)) ||
        !der_skip(&tbs, DER_CONTEXT(2)))
        return refuse_plain(refusal, REFUSED_CERTIFICATE);
    if (tbs.n == 0)
        return true;
    if (!der_take(&tbs, DER_CONSTRUCTED(3), &extensions_tagged) || tbs.n != 0 ||
        !der_take(&extensions_tagged, DER_SEQUENCE, &list) || extensions_tagged.n != 0)
        return refuse_plain(refusal, REFUSED_CERTIFICATE);
    return read_extensions(c, list, refusal);
}

bool certificate_parse(struct der bytes, struct certificate *ret_certificate, struct refusal *refusal)
{
    struct certificate c = {0};
    struct der content, tbs, whole;
    if (!der_take_whole(&bytes, DER_SEQUENCE, &content, &c.whole) || bytes.n != 0 ||
        !der_take_whole(&content, DER_SEQUENCE, &tbs, &c.tbs) ||
        !der_take_whole(&content, DER_SEQUENCE, &whole, &c.algorithm) ||
        !der_take_bits(&content, &c.signature) || content.n != 0)
        return refuse_plain(refusal, REFUSED_CERTIFICATE);
    if (!read_tbs(&c, tbs, refusal))
        return false;
    *ret_certificate = c;
    return true;
}

bool certificate_has_extended(const struct certificate *c, struct der oid)
{
    struct der rest = c->extended, one;
    while (rest.n != 0 && der_take(&rest, DER_OID, &one))
        if (der_eq(one, oid))
            return true;
    return false;
}

bool certificate_has_policy(const struct certificate *c, struct der oid)
{
    struct der rest = c->policies, information, one;
    while (rest.n != 0 && der_take(&rest, DER_SEQUENCE, &information) &&
           der_take(&information, DER_OID, &one))
        if (der_eq(one, oid))
            return true;
    return false;
}

void subject_start(const struct certificate *c, struct subject_walk *walk)
{
    struct der whole = c->subject;
    *walk = (struct subject_walk){0};
    if (!der_take(&whole, DER_SEQUENCE, &walk->names))
        walk->names = (struct der){0};
}

bool subject_next(struct subject_walk *walk, struct attribute *ret_attribute)
{
    struct der pair, whole;
    if (walk->set.n == 0 && !der_take(&walk->names, DER_SET, &walk->set))
        return false;
    return der_take(&walk->set, DER_SEQUENCE, &pair) && der_take(&pair, DER_OID, &ret_attribute->oid) &&
           der_any(&pair, &ret_attribute->tag, &ret_attribute->value, &whole) && pair.n == 0;
}

struct str attribute_text(const struct attribute *a, struct arena *arena)
{
    enum { UTF8 = 0x0c, PRINTABLE = 0x13, IA5 = 0x16, BMP = 0x1e };
    struct str text = der_str(a->value);
    if (a->tag == BMP && text.n % 2 == 0) {
        struct buf out;
        buf_in(&out, arena, 3 * text.n + 1);
        for (size_t i = 0; i < text.n; i += 2) {
            unsigned c = get_u16be(a->value.p + i);
            if (c < 0x80) {
                buf_byte(&out, (uint8_t)c);
            } else if (c < 0x800) {
                buf_byte(&out, (uint8_t)(0xc0 | c >> 6));
                buf_byte(&out, (uint8_t)(0x80 | (c & 0x3f)));
            } else {
                buf_byte(&out, (uint8_t)(0xe0 | c >> 12));
                buf_byte(&out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
                buf_byte(&out, (uint8_t)(0x80 | (c & 0x3f)));
            }
        }
        text = buf_view(&out);
    } else if (a->tag != UTF8 && a->tag != PRINTABLE && a->tag != IA5) {
        return (struct str){0};
    }
    return text.n != 0 && utf8_valid(text) ? text : (struct str){0};
}

bool certificate_signed_by(const struct trust *trust, const struct certificate *c,
                           const struct public_key *issuer, struct arena *arena, struct refusal *refusal)
{
    const struct algorithm *algorithm;
    struct signing signing;
    struct der name = c->algorithm;
    return algorithm_take(trust, &name, arena, &algorithm, refusal) &&
           signing_of(algorithm, NULL, &signing, refusal) &&
           signature_check(issuer, &signing, c->tbs, c->signature, refusal);
}

bool pem_next(struct arena *arena, struct str *rest, const char *label, struct der *ret_der)
{
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "-----BEGIN %.40s-----", label);
    snprintf(end, sizeof end, "-----END %.40s-----", label);
    const char *from = memmem(rest->p, rest->n, begin, strlen(begin));
    if (from == NULL)
        return false;
    from += strlen(begin);
    const char *to = memmem(from, (size_t)(rest->p + rest->n - from), end, strlen(end));
    *ret_der = (struct der){0};
    if (to == NULL) {
        *rest = (struct str){rest->p + rest->n, 0};
        return true;
    }
    char *packed = arena_take(arena, (size_t)(to - from) + 1, 1);
    size_t n = 0, got;
    for (const char *at = from; at < to; at++)
        if (*at != '\n' && *at != '\r' && *at != ' ')
            packed[n++] = *at;
    uint8_t *out = arena_take(arena, n + 1, 1);
    if (base64_decode(out, n + 1, (struct str){packed, n}, &got))
        *ret_der = (struct der){out, got};
    *rest = str_from(*rest, (size_t)(to - rest->p) + strlen(end));
    return true;
}

const char *time_words(struct arena *arena, int64_t time)
{
    char text[TIME_TEXT_SIZE];
    time_iso(time, text);
    return arena_printf(arena, "%s", text);
}
