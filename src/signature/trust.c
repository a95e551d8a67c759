/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/trust.h"

#include "signature/certificate_private.h"

struct trust *trust_new(struct arena *arena)
{
    struct trust *trust = arena_new(arena, struct trust);
    trust->arena = arena;
    return trust;
}

struct str trust_words_in(const struct trust_words *words, struct str language)
{
    for (size_t i = 0; i < words->n; i++)
        if (str_eq(words->in[i].language, language))
            return words->in[i].text;
    return words->n != 0 ? words->in[0].text : (struct str){"", 0};
}

bool trust_oid(struct arena *arena, struct str dotted, struct str *ret_oid)
{
    struct der oid;
    if (!oid_parse(arena, dotted, &oid))
        return false;
    *ret_oid = der_str(oid);
    return true;
}

static bool same_meaning(const struct algorithm *a, const struct algorithm *b)
{
    return str_eq(a->oid, b->oid) && a->kind == b->kind && a->key == b->key && a->hash == b->hash &&
           a->big_endian == b->big_endian && a->s_first == b->s_first && str_eq(a->parameters, b->parameters);
}

bool trust_add_algorithm(struct trust *trust, struct algorithm algorithm, struct err *err)
{
    const struct algorithm *known;
    struct refusal refusal;
    for (size_t i = 0; i < trust->algorithms_n; i++)
        if (same_meaning(&trust->algorithms[i], &algorithm)) /* two authorities of one country */
            return true;
    if ((algorithm_find(trust, der_of(algorithm.oid), trust->arena, &known, &refusal) ||
         refusal.id == REFUSED_ALGORITHM))
        return err_set(err, ERR_CONFLICT, NULL, "the algorithm %s has a meaning already; take one out",
                       oid_text(trust->arena, der_of(algorithm.oid)));
    if (trust->algorithms_n == TRUST_ALGORITHMS_MAX)
        return err_set(err, ERR_TOO_LARGE, NULL, "more than %d algorithms", TRUST_ALGORITHMS_MAX);
    trust->algorithms[trust->algorithms_n++] = algorithm;
    return true;
}

bool key_usage_parse(struct str text, unsigned *ret_bit)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"digital-signature", KEY_USAGE_SIGN},
                 {"non-repudiation", KEY_USAGE_COMMITMENT},
                 {"key-encipherment", KEY_USAGE_ENCIPHER}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(text, names[i].name)) {
            *ret_bit = names[i].bit;
            return true;
        }
    return false;
}

static bool add_certificate(struct trust *trust, struct der der, const struct trust_authority *authority,
                            bool anchor, struct err *err)
{
    struct certificate *c = arena_new(trust->arena, struct certificate);
    struct refusal refusal = {0};
    if (trust->certificates_n == TRUST_CERTIFICATES_MAX)
        return err_set(err, ERR_TOO_LARGE, NULL, "more than %d certificates", TRUST_CERTIFICATES_MAX);
    if (!certificate_parse(der, c, &refusal) ||
        !public_key_open(trust, c->spki, trust->arena, &c->key, &refusal))
        return err_set(err, ERR_INVALID, NULL, "the certificate cannot be used: %s %s",
                       refusal_words(refusal.id), refusal.detail);
    c->authority = authority;
    c->anchor = anchor;
    c->issued_by = anchor ? c : NULL;
    trust->certificates[trust->certificates_n++] = c; /* trust_done() frees its key from here on */
    if (!c->ca)
        return err_set(err, ERR_INVALID, NULL, "the certificate is not an authority's (no CA mark)");
    if (anchor && !certificate_signed_by(trust, c, &c->key, trust->arena, &refusal))
        return err_set(err, ERR_INVALID, NULL, "an anchor must be signed by itself: %s %s",
                       refusal_words(refusal.id), refusal.detail);
    return true;
}

bool trust_add_pem(struct trust *trust, struct str pem, const struct trust_authority *authority, bool anchor,
                   size_t *ret_n, struct err *err)
{
    struct der der;
    size_t n = 0;
    for (; pem_next(trust->arena, &pem, "CERTIFICATE", &der); n++)
        if (!add_certificate(trust, der, authority, anchor, err))
            return false;
    if (n == 0)
        return err_set(err, ERR_INVALID, NULL,
                       "holds no certificate in PEM; openssl x509 -inform DER -in FILE.cer makes one");
    *ret_n = n;
    return true;
}

/* An intermediate whose issuer is known already becomes known; round after round, until nothing changes. */
bool trust_ready(struct trust *trust, struct err *err)
{
    struct refusal refusal;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < trust->certificates_n; i++) {
            struct certificate *c = trust->certificates[i];
            for (size_t k = 0; k < trust->certificates_n && c->issued_by == NULL; k++) {
                const struct certificate *issuer = trust->certificates[k];
                if (issuer->issued_by == NULL || issuer->authority != c->authority ||
                    !der_eq(issuer->subject, c->issuer) ||
                    !certificate_signed_by(trust, c, &issuer->key, trust->arena, &refusal))
                    continue;
                c->issued_by = issuer;
                changed = true;
            }
        }
    }
    for (size_t i = 0; i < trust->certificates_n; i++)
        if (trust->certificates[i]->issued_by == NULL)
            return err_set(err, ERR_INVALID, NULL,
                           "an intermediate certificate of authority '%.*s' was signed by none of its "
                           "anchors; add the anchor, or take the certificate out",
                           STR_ARG(trust->certificates[i]->authority->id));
    return true;
}

void trust_done(struct trust *trust)
{
    for (size_t i = 0; i < trust->certificates_n; i++)
        public_key_close(&trust->certificates[i]->key);
    trust->certificates_n = 0;
}

bool trust_has_anchor(const struct trust *trust, const struct trust_authority *authority)
{
    for (size_t i = 0; i < trust->certificates_n; i++)
        if (trust->certificates[i]->anchor && trust->certificates[i]->authority == authority)
            return true;
    return false;
}

const char *trust_oid_dotted(struct arena *arena, struct str oid)
{
    return oid_text(arena, der_of(oid));
}
