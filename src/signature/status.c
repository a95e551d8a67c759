/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/status_private.h"

#include "base/buf.h"
#include "base/clock.h"

#define OID_BASIC STR("\x2b\x06\x01\x05\x05\x07\x30\x01\x01")
#define OID_NONCE STR("\x2b\x06\x01\x05\x05\x07\x30\x01\x02")
#define OID_OCSP_SIGNING STR("\x2b\x06\x01\x05\x05\x07\x03\x09")
#define OID_DISTRIBUTION STR("\x55\x1d\x1c")
#define OID_REASON STR("\x55\x1d\x15")
#define CLOCK_SKEW (300 * CLOCK_SECOND)
#define REASON_HOLD 6
#define RESPONDERS_MAX 8

struct verdict {
    bool found, revoked;
    int64_t revoked_at, from, until;
    bool has_until;
    unsigned reason;
};

/* --- what an answer means for the time asked about --- */

static bool covers(const struct status_question *q, const struct verdict *v, struct arena *arena,
                   struct refusal *refusal)
{
    if (v->from > q->now + CLOCK_SKEW)
        return refuse(refusal, REFUSED_STATUS_FUTURE, "made %s, checked for %s", time_words(arena, v->from),
                      time_words(arena, q->now));
    if (v->from > q->certificate->not_after)
        return refuse(refusal, REFUSED_STATUS_LATE,
                      "made %s, after the certificate's end, when revocations are no longer kept",
                      time_words(arena, v->from));
    if (v->from >= q->at - CLOCK_SKEW)
        return true;
    if (q->at - v->from > q->authority->late_minutes * 60 * CLOCK_SECOND ||
        (v->has_until && v->until < q->at))
        return refuse(refusal, REFUSED_STATUS_LATE, "made %s%s%s, asked for %s", time_words(arena, v->from),
                      v->has_until ? ", valid until " : "", v->has_until ? time_words(arena, v->until) : "",
                      time_words(arena, q->at));
    return true;
}

static bool conclude(const struct status_question *q, const struct verdict *v, struct arena *arena,
                     struct status_answer *ret, struct refusal *refusal)
{
    *ret = (struct status_answer){.made = v->from};
    if (v->revoked && v->revoked_at == 0 && v->reason == REASON_HOLD) /* RFC 6960, 2.2: not known to it */
        return refuse_plain(refusal, REFUSED_STATUS_UNKNOWN);
    if (v->revoked && v->from > q->now + CLOCK_SKEW)
        return covers(q, v, arena, refusal);
    if (v->revoked && v->revoked_at <= q->at)
        return refuse(refusal, v->reason == REASON_HOLD ? REFUSED_ON_HOLD : REFUSED_REVOKED,
                      "revoked %s, asked for %s", time_words(arena, v->revoked_at), time_words(arena, q->at));
    ret->revoked_later = v->revoked;
    ret->revoked = v->revoked_at;
    return v->revoked || covers(q, v, arena, refusal);
}

/* --- OCSP --- */

static bool key_bits(const struct certificate *c, struct der *ret_bits)
{
    struct der rest = c->spki, content, identifier;
    return der_take(&rest, DER_SEQUENCE, &content) && der_take(&content, DER_SEQUENCE, &identifier) &&
           der_take_bits(&content, ret_bits);
}

static bool hash_is(enum hash_method hash, struct der bytes, struct der expected)
{
    uint8_t out[HASH_OUT_MAX];
    hash_bytes(hash, bytes.p, bytes.n, out);
    return der_eq(expected, (struct der){out, hash_size(hash)});
}

/* Whether a CertID names our certificate. */
static bool names_ours(const struct status_question *q, struct der id, struct arena *arena)
{
    struct der name_hash, key_hash, serial, bits;
    const struct algorithm *hash;
    struct refusal refusal;
    return algorithm_take(q->trust, &id, arena, &hash, &refusal) && hash->kind == ALGORITHM_HASH &&
           der_take(&id, DER_OCTET_STRING, &name_hash) && der_take(&id, DER_OCTET_STRING, &key_hash) &&
           der_take(&id, DER_INTEGER, &serial) && id.n == 0 && der_eq(serial, q->certificate->serial) &&
           hash_is(hash->hash, q->issuer->subject, name_hash) && key_bits(q->issuer, &bits) &&
           hash_is(hash->hash, bits, key_hash);
}

/* `ret->found` stays false for another certificate's answer. */
static bool read_single(const struct status_question *q, struct der single, struct arena *arena,
                        struct verdict *ret, bool *ret_unknown)
{
    struct der id, status = {0}, next, reason;
    struct verdict v = {0};
    bool good, unknown = false;
    if (!der_take(&single, DER_SEQUENCE, &id))
        return false;
    good = der_next_is(&single, DER_CONTEXT(0)) && der_take(&single, DER_CONTEXT(0), &status);
    if (!good && der_next_is(&single, DER_CONSTRUCTED(1))) {
        v.revoked = der_take(&single, DER_CONSTRUCTED(1), &status) && der_take_time(&status, &v.revoked_at);
        if (!v.revoked)
            return false;
        if (der_take(&status, DER_CONSTRUCTED(0), &next) && der_take(&next, DER_ENUMERATED, &reason) &&
            reason.n == 1)
            v.reason = reason.p[0];
    } else if (!good) {
        unknown = der_take(&single, DER_CONTEXT(2), &status);
        if (!unknown)
            return false;
    }
    if (!der_take_time(&single, &v.from))
        return false;
    v.has_until = der_take(&single, DER_CONSTRUCTED(0), &next);
    if (v.has_until && !der_take_time(&next, &v.until))
        return false;
    if (!names_ours(q, id, arena) || (ret->found && ret->revoked))
        return true;
    *ret = v;
    ret->found = true;
    *ret_unknown = unknown;
    return true;
}

struct ocsp {
    struct der data, responder, singles, algorithm, signature, certificates, extensions;
    uint8_t responder_tag;
    int64_t produced;
};

static bool ocsp_read(struct der response, struct ocsp *ret, struct refusal *refusal)
{
    struct der outer, code, bytes, kind, octets, basic, data, content, whole;
    struct ocsp o = {0};
    if (!der_take(&response, DER_SEQUENCE, &outer) || response.n != 0 ||
        !der_take(&outer, DER_ENUMERATED, &code) || code.n != 1)
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (code.p[0] != 0)
        return refuse(refusal, REFUSED_STATUS_NO_ANSWER, "code %u", code.p[0]);
    if (!der_take(&outer, DER_CONSTRUCTED(0), &bytes) || !der_take(&bytes, DER_SEQUENCE, &content) ||
        !der_take(&content, DER_OID, &kind) || !str_eq(der_str(kind), OID_BASIC) ||
        !der_take(&content, DER_OCTET_STRING, &octets) || !der_take(&octets, DER_SEQUENCE, &basic) ||
        octets.n != 0 || !der_take_whole(&basic, DER_SEQUENCE, &data, &o.data) ||
        !der_take_whole(&basic, DER_SEQUENCE, &whole, &o.algorithm) || !der_take_bits(&basic, &o.signature))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (der_take(&basic, DER_CONSTRUCTED(0), &content) && !der_take(&content, DER_SEQUENCE, &o.certificates))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (!der_skip(&data, DER_CONSTRUCTED(0)) || !der_any(&data, &o.responder_tag, &o.responder, &whole) ||
        !der_take_time(&data, &o.produced) || !der_take(&data, DER_SEQUENCE, &o.singles))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (der_take(&data, DER_CONSTRUCTED(1), &content) && !der_take(&content, DER_SEQUENCE, &o.extensions))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    *ret = o;
    return true;
}

static bool is_responder(const struct ocsp *o, const struct certificate *c)
{
    struct der rest = o->responder, hash, bits;
    if (o->responder_tag == DER_CONSTRUCTED(1))
        return der_eq(rest, c->subject);
    return o->responder_tag == DER_CONSTRUCTED(2) && der_take(&rest, DER_OCTET_STRING, &hash) &&
           key_bits(c, &bits) && hash_is(HASH_SHA1, bits, hash);
}

static bool signed_with(const struct status_question *q, const struct public_key *key, struct der algorithm,
                        struct der data, struct der signature, struct arena *arena, struct refusal *refusal)
{
    const struct algorithm *name;
    struct signing signing;
    if (!algorithm_take(q->trust, &algorithm, arena, &name, refusal) ||
        !signing_of(name, NULL, &signing, refusal))
        return false;
    return signature_check(key, &signing, data, signature, refusal) ||
           refuse(refusal, REFUSED_STATUS_SIGNATURE, "%s", refusal_words(refusal->id));
}

static bool issuer_signed(const struct status_question *q, struct der algorithm, struct der data,
                          struct der signature, struct arena *arena, struct refusal *refusal)
{
    struct public_key key;
    if (!public_key_open(q->trust, q->issuer->spki, arena, &key, refusal))
        return false;
    bool holds = signed_with(q, &key, algorithm, data, signature, arena, refusal);
    public_key_close(&key);
    return holds;
}

/* A responder's certificate: for OCSP-signing, valid when it answered, and from the issuer itself or, where
 * the folder allows it, from the same authority. */
static bool may_answer(const struct status_question *q, const struct ocsp *o, const struct certificate *c,
                       struct arena *arena, struct refusal *refusal)
{
    struct chain chain;
    if (!certificate_has_extended(c, der_of(OID_OCSP_SIGNING)))
        return refuse(refusal, REFUSED_STATUS_SIGNER, "its certificate is not for answering");
    if (!chain_build(q->trust, c, NULL, 0, o->produced, arena, &chain, refusal))
        return refuse(refusal, REFUSED_STATUS_SIGNER, "%s %.100s", refusal_words(refusal->id),
                      refusal->detail);
    if (der_eq(chain.link[1]->whole, q->issuer->whole) ||
        (q->authority->responder_of_authority && chain.authority == q->authority))
        return true;
    return refuse(refusal, REFUSED_STATUS_SIGNER, "it answers for another authority's certificates");
}

static bool responder_signed(const struct status_question *q, const struct ocsp *o, struct arena *arena,
                             struct refusal *refusal)
{
    struct der rest = o->certificates, content, whole;
    struct public_key key;
    if (is_responder(o, q->issuer))
        return issuer_signed(q, o->algorithm, o->data, o->signature, arena, refusal);
    for (size_t i = 0; i < RESPONDERS_MAX && der_take_whole(&rest, DER_SEQUENCE, &content, &whole); i++) {
        struct certificate c;
        struct refusal unreadable;
        if (!certificate_parse(whole, &c, &unreadable) || !is_responder(o, &c))
            continue;
        if (!may_answer(q, o, &c, arena, refusal) || !public_key_open(q->trust, c.spki, arena, &key, refusal))
            return false;
        bool holds = signed_with(q, &key, o->algorithm, o->data, o->signature, arena, refusal);
        public_key_close(&key);
        return holds;
    }
    return refuse(refusal, REFUSED_STATUS_SIGNER, "the responder's certificate is not inside");
}

bool ocsp_check(const struct status_question *q, struct der response, struct arena *arena,
                struct status_answer *ret_answer, struct refusal *refusal)
{
    struct ocsp o;
    struct verdict v = {0};
    struct der single;
    bool unknown = false;
    if (!ocsp_read(response, &o, refusal))
        return false;
    while (o.singles.n != 0)
        if (!der_take(&o.singles, DER_SEQUENCE, &single) || !read_single(q, single, arena, &v, &unknown))
            return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (!v.found)
        return refuse_plain(refusal, REFUSED_STATUS_OTHER);
    if (!responder_signed(q, &o, arena, refusal))
        return false;
    if (unknown)
        return refuse_plain(refusal, REFUSED_STATUS_UNKNOWN);
    return conclude(q, &v, arena, ret_answer, refusal);
}

/* --- asking --- */

static void wrap(struct buf *out, uint8_t tag, struct buf *content)
{
    buf_byte(out, tag);
    must(content->n < 256);
    if (content->n >= 128)
        buf_byte(out, 0x81);
    buf_byte(out, (uint8_t)content->n);
    buf_add(out, content->p, content->n);
    buf_clear(content);
}

void ocsp_request(struct buf *out, struct arena *arena, const struct certificate *certificate,
                  const struct certificate *issuer, const uint8_t nonce[16])
{
    /* Names hashed with SHA-1, as every responder understands it: here it identifies and protects nothing. */
    static const char sha1[] = "\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
    static const char extension[] = "\x30\x1f\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02\x04\x12\x04\x10";
    struct buf a, b;
    struct der bits = {0};
    uint8_t hash[HASH_OUT_MAX];
    must(key_bits(issuer, &bits));
    buf_in(&a, arena, 512);
    buf_in(&b, arena, 512);
    buf_add(&a, sha1, sizeof sha1 - 1);
    hash_bytes(HASH_SHA1, issuer->subject.p, issuer->subject.n, hash);
    buf_add(&a, hash, 20);
    buf_add(&a, "\x04\x14", 2);
    hash_bytes(HASH_SHA1, bits.p, bits.n, hash);
    buf_add(&a, hash, 20);
    buf_byte(&a, DER_INTEGER);
    buf_byte(&a, (uint8_t)certificate->serial.n); /* at most 32 */
    buf_add(&a, certificate->serial.p, certificate->serial.n);
    wrap(&b, DER_SEQUENCE, &a); /* CertID */
    wrap(&a, DER_SEQUENCE, &b); /* Request */
    wrap(&b, DER_SEQUENCE, &a); /* requestList */
    buf_add(&a, b.p, b.n);
    buf_clear(&b);
    buf_add(&b, extension, sizeof extension - 1);
    buf_add(&b, nonce, 16);
    struct buf list;
    buf_in(&list, arena, 512);
    wrap(&list, DER_SEQUENCE, &b);
    wrap(&a, DER_CONSTRUCTED(2), &list);
    wrap(&b, DER_SEQUENCE, &a); /* TBSRequest */
    wrap(out, DER_SEQUENCE, &b);
}

bool ocsp_nonce_is(struct der response, const uint8_t nonce[16])
{
    struct ocsp o;
    struct refusal refusal;
    struct der extension, oid, value, octets;
    if (!ocsp_read(response, &o, &refusal))
        return false;
    while (der_take(&o.extensions, DER_SEQUENCE, &extension)) {
        if (der_take(&extension, DER_OID, &oid) && str_eq(der_str(oid), OID_NONCE) &&
            der_skip(&extension, DER_BOOLEAN) && der_take(&extension, DER_OCTET_STRING, &value))
            return der_take(&value, DER_OCTET_STRING, &octets) && der_eq(octets, (struct der){nonce, 16});
    }
    return false;
}

/* --- revocation lists --- */

/* Whole lists of all kinds of certificates and reasons only: partial ones cannot show absence. */
static bool list_is_whole(struct der tagged, struct refusal *refusal)
{
    struct der list, extension, oid, value, content, point;
    bool critical;
    if (!der_take(&tagged, DER_SEQUENCE, &list))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    while (list.n != 0) {
        if (!der_take(&list, DER_SEQUENCE, &extension) || !der_take(&extension, DER_OID, &oid) ||
            !der_take_yes(&extension, &critical) || !der_take(&extension, DER_OCTET_STRING, &value))
            return refuse_plain(refusal, REFUSED_STATUS_FORM);
        bool distribution = str_eq(der_str(oid), OID_DISTRIBUTION);
        if (critical && !distribution)
            return refuse_plain(refusal, REFUSED_LIST_KIND);
        if (distribution &&
            (!der_take(&value, DER_SEQUENCE, &content) ||
             (der_next_is(&content, DER_CONSTRUCTED(0)) && !der_take(&content, DER_CONSTRUCTED(0), &point)) ||
             content.n != 0))
            return refuse_plain(refusal, REFUSED_LIST_KIND);
    }
    return true;
}

static bool read_revoked(struct der entry, struct verdict *v)
{
    struct der list, extension, oid, value, reason;
    bool critical;
    if (!der_take_time(&entry, &v->revoked_at))
        return false;
    v->revoked = true;
    if (!der_take(&entry, DER_SEQUENCE, &list))
        return entry.n == 0;
    while (list.n != 0) {
        if (!der_take(&list, DER_SEQUENCE, &extension) || !der_take(&extension, DER_OID, &oid) ||
            !der_take_yes(&extension, &critical) || !der_take(&extension, DER_OCTET_STRING, &value))
            return false;
        if (str_eq(der_str(oid), OID_REASON) && der_take(&value, DER_ENUMERATED, &reason) && reason.n == 1)
            v->reason = reason.p[0];
    }
    return true;
}

static bool find_revoked(struct der list, struct der serial, struct verdict *v)
{
    struct der entry, number;
    while (list.n != 0) {
        if (!der_take(&list, DER_SEQUENCE, &entry) || !der_take(&entry, DER_INTEGER, &number))
            return false;
        if (der_eq(number, serial) && !read_revoked(entry, v))
            return false;
    }
    return true;
}

bool list_check(const struct status_question *q, struct der bytes, struct arena *arena,
                struct status_answer *ret_answer, struct refusal *refusal)
{
    struct der outer, content, tbs, inner_algorithm, algorithm, signature, issuer, whole, revoked = {0},
                                                                                          tagged;
    struct verdict v = {0};
    unsigned version;
    if (!der_take(&bytes, DER_SEQUENCE, &outer) || bytes.n != 0 ||
        !der_take_whole(&outer, DER_SEQUENCE, &content, &tbs) ||
        !der_take_whole(&outer, DER_SEQUENCE, &whole, &algorithm) || !der_take_bits(&outer, &signature) ||
        outer.n != 0 || !der_take_small(&content, &version) || version != 1 ||
        !der_take_whole(&content, DER_SEQUENCE, &whole, &inner_algorithm) ||
        !der_eq(algorithm, inner_algorithm) || !der_take_whole(&content, DER_SEQUENCE, &whole, &issuer) ||
        !der_take_time(&content, &v.from))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    v.has_until = der_next_is(&content, DER_UTC_TIME) || der_next_is(&content, DER_GENERALIZED_TIME);
    if ((v.has_until && !der_take_time(&content, &v.until)) ||
        (der_next_is(&content, DER_SEQUENCE) && !der_take(&content, DER_SEQUENCE, &revoked)))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (!der_eq(issuer, q->issuer->subject))
        return refuse_plain(refusal, REFUSED_STATUS_OTHER);
    if (der_take(&content, DER_CONSTRUCTED(0), &tagged) && !list_is_whole(tagged, refusal))
        return false;
    if (content.n != 0 || !find_revoked(revoked, q->certificate->serial, &v))
        return refuse_plain(refusal, REFUSED_STATUS_FORM);
    if (q->issuer->has_usage && (q->issuer->usage & KEY_USAGE_LISTS) == 0)
        return refuse_plain(refusal, REFUSED_STATUS_SIGNER);
    return issuer_signed(q, algorithm, tbs, signature, arena, refusal) &&
           conclude(q, &v, arena, ret_answer, refusal);
}
