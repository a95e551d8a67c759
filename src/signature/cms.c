/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/cms_private.h"

#include "base/buf.h"

#define OID_SIGNED_DATA STR("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
#define OID_CONTENT_TYPE STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03")
#define OID_MESSAGE_DIGEST STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04")
#define OID_SIGNING_TIME STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05")
#define OID_BOUND_V1 STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c")
#define OID_BOUND_V2 STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f")
#define OID_STAMP STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e")

#define BASE64_FILE_MAX ((size_t)96 << 20)

/* --- the file --- */

static bool base64_file(struct arena *arena, struct str file, struct der *ret_der)
{
    struct str text = str_trim(file);
    if (text.n > BASE64_FILE_MAX)
        return false;
    char *packed = arena_take(arena, text.n + 1, 1);
    size_t n = 0, got;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\n' && text.p[i] != '\r')
            packed[n++] = text.p[i];
    uint8_t *out = arena_take(arena, n + 1, 1);
    if (!base64_decode(out, n + 1, (struct str){packed, n}, &got) || got == 0)
        return false;
    *ret_der = (struct der){out, got};
    return true;
}

bool cms_unwrap(struct arena *arena, struct str file, struct der *ret_der, struct refusal *refusal)
{
    struct der bytes = der_of(file);
    struct str rest = file;
    if (str_starts(file, STR("-----BEGIN "))) {
        if (!pem_next(arena, &rest, "CMS", &bytes) && !pem_next(arena, &rest, "PKCS7", &bytes))
            return refuse(refusal, REFUSED_FORM, "a PEM file, but of no kind that holds a signature");
    } else if (!der_next_is(&bytes, DER_SEQUENCE) && !base64_file(arena, file, &bytes)) {
        return refuse(refusal, REFUSED_FORM, "neither DER, nor PEM, nor base64");
    }
    if (!der_from_ber(arena, bytes, ret_der))
        return refuse(refusal, REFUSED_FORM, "its ASN.1 is broken, or nested too deep");
    return true;
}

/* --- reading --- */

static bool read_certificates(struct cms *cms, struct der list, struct refusal *refusal)
{
    struct der content, whole;
    uint8_t tag;
    while (list.n != 0) {
        struct refusal unreadable;
        if (!der_any(&list, &tag, &content, &whole))
            return refuse_plain(refusal, REFUSED_FORM);
        if (cms->certificates_n == CMS_CERTIFICATES_MAX)
            return refuse(refusal, REFUSED_FORM, "more than %d certificates", CMS_CERTIFICATES_MAX);
        if (tag == DER_SEQUENCE &&
            certificate_parse(whole, &cms->certificates[cms->certificates_n], &unreadable))
            cms->certificates_n++;
    }
    return true;
}

static bool read_lists(struct cms *cms, struct der list, struct refusal *refusal)
{
    struct der content, whole;
    uint8_t tag;
    while (list.n != 0) {
        if (!der_any(&list, &tag, &content, &whole))
            return refuse_plain(refusal, REFUSED_FORM);
        if (tag == DER_SEQUENCE && cms->lists_n < CMS_LISTS_MAX)
            cms->lists[cms->lists_n++] = whole;
    }
    return true;
}

/* SigningCertificate ::= SEQUENCE { certs SEQUENCE OF ESSCertID(v2), ... }: the first is the signer's. */
static bool read_bound(struct der value, struct der *ret_bound)
{
    struct der content, list;
    return der_take(&value, DER_SEQUENCE, &content) && der_take(&content, DER_SEQUENCE, &list) &&
           der_take(&list, DER_SEQUENCE, ret_bound);
}

static bool read_signed_attribute(struct cms_signer *s, struct der oid, struct der values)
{
    struct der rest = values, one, whole;
    uint8_t tag;
    if (!der_any(&rest, &tag, &one, &whole))
        return false;
    if (str_eq(der_str(oid), OID_CONTENT_TYPE)) {
        s->content_type = one;
        return tag == DER_OID && rest.n == 0;
    }
    if (str_eq(der_str(oid), OID_MESSAGE_DIGEST)) {
        s->message_digest = one;
        return tag == DER_OCTET_STRING && rest.n == 0;
    }
    if (str_eq(der_str(oid), OID_SIGNING_TIME)) {
        s->has_time = true;
        return der_take_time(&values, &s->time) && values.n == 0;
    }
    if (str_eq(der_str(oid), OID_BOUND_V2) || (str_eq(der_str(oid), OID_BOUND_V1) && !s->bound_v2)) {
        s->bound_v2 = str_eq(der_str(oid), OID_BOUND_V2);
        return rest.n == 0 && read_bound(whole, &s->bound_certificate);
    }
    return true;
}

static bool take_attribute(struct der *list, struct der *ret_oid, struct der *ret_values)
{
    struct der content;
    return der_take(list, DER_SEQUENCE, &content) && der_take(&content, DER_OID, ret_oid) &&
           der_take(&content, DER_SET, ret_values) && content.n == 0;
}

static bool read_signed_attributes(struct cms_signer *s, struct der list, struct refusal *refusal)
{
    struct der oid[CMS_ATTRIBUTES_MAX], values;
    for (size_t n = 0; list.n != 0; n++) {
        if (n == CMS_ATTRIBUTES_MAX || !take_attribute(&list, &oid[n], &values) ||
            !read_signed_attribute(s, oid[n], values))
            return refuse(refusal, REFUSED_ATTRIBUTE, "attribute %zu is malformed", n + 1);
        for (size_t i = 0; i < n; i++)
            if (der_eq(oid[i], oid[n]))
                return refuse(refusal, REFUSED_ATTRIBUTE, "one stands twice");
    }
    if (s->content_type.n == 0 || s->message_digest.n == 0)
        return refuse(refusal, REFUSED_ATTRIBUTE, "kind or digest of the content is missing");
    return true;
}

static bool read_unsigned_attributes(struct cms_signer *s, struct der list, struct refusal *refusal)
{
    struct der oid, values, content;
    while (list.n != 0) {
        if (!take_attribute(&list, &oid, &values))
            return refuse_plain(refusal, REFUSED_FORM);
        if (str_eq(der_str(oid), OID_STAMP) &&
            (s->stamp.n != 0 || !der_take_whole(&values, DER_SEQUENCE, &content, &s->stamp)))
            return refuse(refusal, REFUSED_STAMP_FORM, "more or less than one stamp in the signature");
    }
    return true;
}

static bool read_identifier(struct der *rest, struct cms_signer *s)
{
    struct der content, whole;
    if (der_next_is(rest, DER_CONTEXT(0)))
        return der_take(rest, DER_CONTEXT(0), &s->key_id) && s->key_id.n != 0;
    return der_take(rest, DER_SEQUENCE, &content) &&
           der_take_whole(&content, DER_SEQUENCE, &whole, &s->issuer) &&
           der_take(&content, DER_INTEGER, &s->serial) && content.n == 0;
}

static bool read_signer(struct der content, struct cms_signer *s, struct refusal *refusal)
{
    struct der whole, attributes;
    unsigned version;
    if (!der_take_small(&content, &version) || (version != 1 && version != 3) ||
        !read_identifier(&content, s) ||
        !der_take_whole(&content, DER_SEQUENCE, &whole, &s->digest_algorithm))
        return refuse(refusal, REFUSED_FORM, "a signer is malformed");
    if (!der_next_is(&content, DER_CONSTRUCTED(0)))
        return refuse_plain(refusal, REFUSED_BARE);
    if (!der_take_whole(&content, DER_CONSTRUCTED(0), &attributes, &s->attributes))
        return refuse(refusal, REFUSED_FORM, "a signer is malformed");
    if (!read_signed_attributes(s, attributes, refusal))
        return false;
    if (!der_take_whole(&content, DER_SEQUENCE, &whole, &s->signature_algorithm) ||
        !der_take(&content, DER_OCTET_STRING, &s->signature))
        return refuse(refusal, REFUSED_FORM, "a signer is malformed");
    if (der_take(&content, DER_CONSTRUCTED(1), &attributes) &&
        !read_unsigned_attributes(s, attributes, refusal))
        return false;
    return content.n == 0 || refuse(refusal, REFUSED_FORM, "a signer is malformed");
}

static bool read_signers(struct cms *cms, struct der list, struct refusal *refusal)
{
    struct der content;
    while (list.n != 0) {
        if (cms->signers_n == CMS_SIGNERS_MAX)
            return refuse(refusal, REFUSED_MANY_SIGNERS, "at most %d", CMS_SIGNERS_MAX);
        if (!der_take(&list, DER_SEQUENCE, &content))
            return refuse(refusal, REFUSED_FORM, "a signer is malformed");
        if (!read_signer(content, &cms->signer[cms->signers_n], refusal))
            return false;
        cms->signers_n++;
    }
    return cms->signers_n != 0 || refuse_plain(refusal, REFUSED_NO_SIGNER);
}

static bool read_content(struct cms *cms, struct der info)
{
    struct der tagged;
    if (!der_take(&info, DER_OID, &cms->content_type))
        return false;
    cms->has_content = info.n != 0;
    return !cms->has_content || (der_take(&info, DER_CONSTRUCTED(0), &tagged) && info.n == 0 &&
                                 der_take(&tagged, DER_OCTET_STRING, &cms->content) && tagged.n == 0);
}

bool cms_parse(struct arena *arena, struct der bytes, struct cms *ret_cms, struct refusal *refusal)
{
    struct cms *cms = ret_cms;
    struct der outer, oid, tagged, data, set, info, certificates = {0}, lists = {0}, signers;
    unsigned version;
    *cms = (struct cms){0};
    if (!der_take(&bytes, DER_SEQUENCE, &outer) || bytes.n != 0 || !der_take(&outer, DER_OID, &oid) ||
        !str_eq(der_str(oid), OID_SIGNED_DATA) || !der_take(&outer, DER_CONSTRUCTED(0), &tagged) ||
        outer.n != 0 || !der_take(&tagged, DER_SEQUENCE, &data) || tagged.n != 0 ||
        !der_take_small(&data, &version) || version > 5 || !der_take(&data, DER_SET, &set) ||
        !der_take(&data, DER_SEQUENCE, &info) || !read_content(cms, info))
        return refuse_plain(refusal, REFUSED_FORM);
    if ((der_next_is(&data, DER_CONSTRUCTED(0)) && !der_take(&data, DER_CONSTRUCTED(0), &certificates)) ||
        (der_next_is(&data, DER_CONSTRUCTED(1)) && !der_take(&data, DER_CONSTRUCTED(1), &lists)) ||
        !der_take(&data, DER_SET, &signers) || data.n != 0)
        return refuse_plain(refusal, REFUSED_FORM);
    return read_certificates(cms, certificates, refusal) && read_lists(cms, lists, refusal) &&
           read_signers(cms, signers, refusal);
}

/* --- judging --- */

bool cms_certificate(const struct cms *cms, const struct cms_signer *s,
                     const struct certificate **ret_certificate, struct refusal *refusal)
{
    for (size_t i = 0; i < cms->certificates_n; i++) {
        const struct certificate *c = &cms->certificates[i];
        if (s->key_id.n != 0 ? der_eq(c->key_id, s->key_id)
                             : der_eq(c->issuer, s->issuer) && der_eq(c->serial, s->serial)) {
            *ret_certificate = c;
            return true;
        }
    }
    return refuse_plain(refusal, REFUSED_CERTIFICATE_MISSING);
}

bool cms_content_holds(const struct trust *trust, const struct cms *cms, const struct cms_signer *s,
                       struct der content, struct arena *arena, struct refusal *refusal)
{
    const struct algorithm *digest;
    struct der name = s->digest_algorithm;
    uint8_t out[HASH_OUT_MAX];
    if (!algorithm_take(trust, &name, arena, &digest, refusal))
        return false;
    if (digest->kind != ALGORITHM_HASH || digest->hash == HASH_SHA1)
        return refuse(refusal, REFUSED_ALGORITHM, "the document's hash is none that is accepted");
    if (!der_eq(s->content_type, cms->content_type))
        return refuse_plain(refusal, REFUSED_CONTENT_TYPE);
    hash_bytes(digest->hash, content.p, content.n, out);
    if (!der_eq(s->message_digest, (struct der){out, hash_size(digest->hash)}))
        return refuse_plain(refusal, REFUSED_CONTENT_CHANGED);
    return true;
}

/* ESSCertID ::= SEQUENCE { certHash (SHA-1), ... }; v2 { hashAlgorithm DEFAULT sha256, certHash, ... } */
bool cms_binding_holds(const struct trust *trust, const struct cms_signer *s,
                       const struct certificate *certificate, struct arena *arena, struct refusal *refusal)
{
    struct der rest = s->bound_certificate, expected;
    const struct algorithm *digest;
    enum hash_method hash = s->bound_v2 ? HASH_SHA256 : HASH_SHA1;
    uint8_t out[HASH_OUT_MAX];
    if (rest.n == 0)
        return true;
    if (s->bound_v2 && der_next_is(&rest, DER_SEQUENCE)) {
        if (!algorithm_take(trust, &rest, arena, &digest, refusal))
            return false;
        if (digest->kind != ALGORITHM_HASH)
            return refuse_plain(refusal, REFUSED_ATTRIBUTE);
        hash = digest->hash;
    }
    if (!der_take(&rest, DER_OCTET_STRING, &expected))
        return refuse_plain(refusal, REFUSED_ATTRIBUTE);
    hash_bytes(hash, certificate->whole.p, certificate->whole.n, out);
    return der_eq(expected, (struct der){out, hash_size(hash)}) ||
           refuse_plain(refusal, REFUSED_CERTIFICATE_OTHER);
}

bool cms_signature_holds(const struct trust *trust, const struct cms_signer *s,
                         const struct certificate *certificate, struct arena *arena, struct refusal *refusal)
{
    const struct algorithm *digest, *signature;
    struct signing signing;
    struct public_key key;
    struct der digest_name = s->digest_algorithm, signature_name = s->signature_algorithm;
    if (!algorithm_take(trust, &digest_name, arena, &digest, refusal) ||
        !algorithm_take(trust, &signature_name, arena, &signature, refusal) ||
        !signing_of(signature, digest, &signing, refusal) ||
        !public_key_open(trust, certificate->spki, arena, &key, refusal))
        return false;
    /* A key's name as the signature's algorithm says nothing of the encoding: the key's own counts. */
    if (signature->kind == ALGORITHM_KEY)
        signing.big_endian = key.big_endian;
    uint8_t *message = (uint8_t *)arena_copy(arena, s->attributes.p, s->attributes.n);
    message[0] = DER_SET; /* signed as SET OF, stored as [0] */
    bool holds =
        signature_check(&key, &signing, (struct der){message, s->attributes.n}, s->signature, refusal);
    public_key_close(&key);
    return holds;
}
