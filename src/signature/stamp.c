/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/stamp_private.h"

#include "base/clock.h"

#define OID_STAMPING STR("\x2b\x06\x01\x05\x05\x07\x03\x08") /* extended key usage timeStamping */
#define OID_COMMON_NAME STR("\x55\x04\x03")
#define CLOCK_SKEW (300 * CLOCK_SECOND)

struct stamp_info {
    struct der policy, imprint, nonce;
    struct der imprint_algorithm;
    int64_t time;
};

static bool read_info(struct der bytes, struct stamp_info *ret)
{
    struct der content, imprint, serial, whole, skipped;
    unsigned version;
    *ret = (struct stamp_info){0};
    return der_take(&bytes, DER_SEQUENCE, &content) && bytes.n == 0 && der_take_small(&content, &version) &&
           version == 1 && der_take(&content, DER_OID, &ret->policy) &&
           der_take(&content, DER_SEQUENCE, &imprint) &&
           der_take_whole(&imprint, DER_SEQUENCE, &whole, &ret->imprint_algorithm) &&
           der_take(&imprint, DER_OCTET_STRING, &ret->imprint) && imprint.n == 0 &&
           der_take(&content, DER_INTEGER, &serial) && der_take_time(&content, &ret->time) &&
           der_skip(&content, DER_SEQUENCE) && der_skip(&content, DER_BOOLEAN) &&
           (!der_next_is(&content, DER_INTEGER) || der_take(&content, DER_INTEGER, &ret->nonce)) &&
           (!der_next_is(&content, DER_CONSTRUCTED(0)) || der_take(&content, DER_CONSTRUCTED(0), &skipped));
}

bool stamp_token(struct der response, struct der *ret_token, struct refusal *refusal)
{
    struct der rest = response, content, status, inner;
    unsigned value;
    if (!der_take(&rest, DER_SEQUENCE, &content) || rest.n != 0)
        return refuse_plain(refusal, REFUSED_STAMP_FORM);
    if (der_next_is(&content, DER_OID)) {
        *ret_token = response;
        return true;
    }
    if (!der_take(&content, DER_SEQUENCE, &status) || !der_take_small(&status, &value))
        return refuse_plain(refusal, REFUSED_STAMP_FORM);
    if (value > 1)
        return refuse(refusal, REFUSED_STAMP_NOT_GRANTED, "status %u", value);
    return (der_take_whole(&content, DER_SEQUENCE, &inner, ret_token) && content.n == 0) ||
           refuse_plain(refusal, REFUSED_STAMP_FORM);
}

static bool policy_fits(const struct trust_authority *authority, struct der policy)
{
    bool fits = authority->stamp_policies_n == 0;
    for (size_t i = 0; i < authority->stamp_policies_n; i++)
        fits |= str_eq(authority->stamp_policies[i], der_str(policy));
    return fits;
}

static const char *name_of(const struct certificate *c, struct arena *arena)
{
    struct subject_walk walk;
    struct attribute a;
    subject_start(c, &walk);
    while (subject_next(&walk, &a)) {
        struct str text = attribute_text(&a, arena);
        if (text.n != 0 && str_eq(der_str(a.oid), OID_COMMON_NAME))
            return str_c(arena, text);
    }
    return "a service without a name";
}

/* The token's own signature, and that its key may make time-stamps and nothing else (RFC 3161, 2.3). */
static bool signer_holds(const struct trust *trust, const struct cms *cms, struct stamp *stamp,
                         struct arena *arena, struct refusal *refusal)
{
    const struct cms_signer *s = &cms->signer[0];
    const struct certificate *c;
    struct chain chain;
    struct der only, rest;
    if (cms->signers_n != 1 || s->bound_certificate.n == 0)
        return refuse(refusal, REFUSED_STAMP_FORM, "it needs one signer, bound to its certificate");
    if (!cms_certificate(cms, s, &c, refusal))
        return refuse(refusal, REFUSED_STAMP_SIGNER, "its certificate is not inside");
    if (!cms_content_holds(trust, cms, s, cms->content, arena, refusal) ||
        !cms_binding_holds(trust, s, c, arena, refusal) ||
        !cms_signature_holds(trust, s, c, arena, refusal)) {
        if (refusal->id == REFUSED_ALGORITHM || refusal->id == REFUSED_ALGORITHM_UNKNOWN)
            return false;
        return refuse(refusal, REFUSED_STAMP_SIGNATURE, "%s", refusal_words(refusal->id));
    }
    if (!chain_build(trust, c, cms->certificates, cms->certificates_n, stamp->time, arena, &chain, refusal))
        return refuse(refusal, REFUSED_STAMP_SIGNER, "%s %.100s", refusal_words(refusal->id),
                      refusal->detail);
    rest = c->extended;
    if (!c->has_extended || !c->extended_critical || !der_take(&rest, DER_OID, &only) || rest.n != 0 ||
        !str_eq(der_str(only), OID_STAMPING))
        return refuse(refusal, REFUSED_STAMP_SIGNER, "its certificate is not for time-stamping alone");
    stamp->authority = chain.authority;
    stamp->signer = name_of(c, arena);
    return policy_fits(chain.authority, stamp->policy) ||
           refuse(refusal, REFUSED_STAMP_POLICY, "%.100s", oid_text(arena, stamp->policy));
}

bool stamp_check(const struct trust *trust, struct der response, struct der bytes, int64_t now,
                 struct arena *arena, struct stamp *ret_stamp, struct refusal *refusal)
{
    struct cms *cms = arena_new(arena, struct cms);
    struct stamp_info info;
    struct der token;
    const struct algorithm *hash;
    uint8_t out[HASH_OUT_MAX];
    if (!stamp_token(response, &token, refusal))
        return false;
    if (!cms_parse(arena, token, cms, refusal) || !cms->has_content ||
        !str_eq(der_str(cms->content_type), OID_TIME_STAMP_INFO) || !read_info(cms->content, &info))
        return refuse_plain(refusal, REFUSED_STAMP_FORM);
    struct stamp stamp = {.time = info.time, .policy = info.policy};
    if (!algorithm_take(trust, &info.imprint_algorithm, arena, &hash, refusal))
        return false;
    if (hash->kind != ALGORITHM_HASH || hash->hash == HASH_SHA1)
        return refuse(refusal, REFUSED_ALGORITHM, "the time-stamp's hash is none that is accepted");
    hash_bytes(hash->hash, bytes.p, bytes.n, out);
    if (!der_eq(info.imprint, (struct der){out, hash_size(hash->hash)}))
        return refuse_plain(refusal, REFUSED_STAMP_OTHER);
    if (!signer_holds(trust, cms, &stamp, arena, refusal))
        return false;
    if (stamp.time > now + CLOCK_SKEW)
        return refuse(refusal, REFUSED_STAMP_FUTURE, "stamped %s, checked for %s",
                      time_words(arena, stamp.time), time_words(arena, now));
    *ret_stamp = stamp;
    return true;
}

bool stamp_nonce_is(struct arena *arena, struct der token, const uint8_t nonce[8])
{
    struct cms *cms = arena_new(arena, struct cms);
    struct stamp_info info;
    struct refusal refusal;
    return cms_parse(arena, token, cms, &refusal) && cms->has_content && read_info(cms->content, &info) &&
           der_eq(info.nonce, (struct der){nonce, 8});
}
