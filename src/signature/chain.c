/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c: from a certificate to an anchor. Depth first; the folder's certificates before those that came
 * along; the best reason is kept when no way leads up. */
#include "base/buf.h"
#include "signature/certificate_private.h"

#define SIGNATURE_CHECKS_MAX 16

struct search {
    const struct trust *trust;
    const struct certificate *extra;
    size_t extra_n;
    int64_t at;
    struct arena *arena;
    struct chain chain;
    struct refusal best;
    int checks;
};

static bool could_issue(const struct certificate *issuer, const struct certificate *c)
{
    return der_eq(issuer->subject, c->issuer) &&
           (c->issuer_key_id.n == 0 || issuer->key_id.n == 0 || der_eq(issuer->key_id, c->issuer_key_id));
}

static bool may_issue(const struct search *s, const struct certificate *issuer, struct refusal *refusal)
{
    size_t below = s->chain.n - 1; /* authorities between this one and the leaf */
    if (!issuer->ca || (issuer->has_usage && (issuer->usage & KEY_USAGE_CERTIFICATES) == 0) ||
        (issuer->has_path_length && below > issuer->path_length))
        return refuse_plain(refusal, REFUSED_ISSUER_NO_CA);
    if (s->at < issuer->not_before || s->at > issuer->not_after)
        return refuse(refusal, REFUSED_ISSUER_TIME, "valid from %s to %s, asked for %s",
                      time_words(s->arena, issuer->not_before), time_words(s->arena, issuer->not_after),
                      time_words(s->arena, s->at));
    return true;
}

/* A later stage of the search knows better why it ended. */
static void remember(struct search *s, const struct refusal *refusal)
{
    if (s->best.id == REFUSED_NOT || s->best.id == REFUSED_ISSUER_UNKNOWN)
        s->best = *refusal;
}

static bool signed_by(struct search *s, const struct certificate *c, const struct public_key *key,
                      struct refusal *refusal)
{
    if (++s->checks > SIGNATURE_CHECKS_MAX)
        return refuse(refusal, REFUSED_ISSUER_UNKNOWN, "too many possible chains");
    if (certificate_signed_by(s->trust, c, key, s->arena, refusal))
        return true;
    if (refusal->id == REFUSED_SIGNATURE)
        refuse_plain(refusal, REFUSED_ISSUER_FORGED);
    return false;
}

static bool climb(struct search *s);

/* From a certificate of the folder upwards everything is checked already, save the time. */
static bool climb_folder(struct search *s, const struct certificate *issuer, struct refusal *refusal)
{
    size_t n = s->chain.n;
    for (const struct certificate *c = issuer; s->chain.n < CHAIN_MAX; c = c->issued_by) {
        if (!may_issue(s, c, refusal))
            break;
        s->chain.link[s->chain.n++] = c;
        if (c->anchor) {
            s->chain.authority = c->authority;
            return true;
        }
    }
    s->chain.n = n;
    return false;
}

static bool climb_extra(struct search *s, const struct certificate *issuer, struct refusal *refusal)
{
    struct public_key key;
    const struct certificate *c = s->chain.link[s->chain.n - 1];
    for (size_t i = 0; i < s->chain.n; i++)
        if (der_eq(s->chain.link[i]->whole, issuer->whole))
            return refuse_plain(refusal, REFUSED_ISSUER_UNKNOWN);
    if (s->chain.n == CHAIN_MAX || !may_issue(s, issuer, refusal) ||
        !public_key_open(s->trust, issuer->spki, s->arena, &key, refusal))
        return false;
    bool ok = signed_by(s, c, &key, refusal);
    public_key_close(&key);
    if (!ok)
        return false;
    s->chain.link[s->chain.n++] = issuer;
    ok = climb(s);
    if (!ok) {
        s->chain.n--;
        *refusal = s->best;
    }
    return ok;
}

static bool climb(struct search *s)
{
    const struct certificate *c = s->chain.link[s->chain.n - 1];
    struct refusal refusal = {.id = REFUSED_ISSUER_UNKNOWN};
    for (size_t i = 0; i < s->trust->certificates_n; i++) {
        const struct certificate *issuer = s->trust->certificates[i];
        if (!could_issue(issuer, c))
            continue;
        if (signed_by(s, c, &issuer->key, &refusal) && climb_folder(s, issuer, &refusal))
            return true;
        remember(s, &refusal);
    }
    for (size_t i = 0; i < s->extra_n; i++) {
        if (!could_issue(&s->extra[i], c))
            continue;
        if (climb_extra(s, &s->extra[i], &refusal))
            return true;
        remember(s, &refusal);
    }
    remember(s, &refusal);
    return false;
}

bool chain_build(const struct trust *trust, const struct certificate *leaf, const struct certificate *extra,
                 size_t extra_n, int64_t at, struct arena *arena, struct chain *ret_chain,
                 struct refusal *refusal)
{
    struct search s = {.trust = trust,
                       .extra = extra,
                       .extra_n = extra_n,
                       .at = at,
                       .arena = arena,
                       .chain = {.n = 1, .link = {leaf}}};
    if (!climb(&s)) {
        *refusal = s.best;
        return false;
    }
    if (at < leaf->not_before)
        return refuse(refusal, REFUSED_NOT_YET, "valid from %s, asked for %s",
                      time_words(arena, leaf->not_before), time_words(arena, at));
    if (at > leaf->not_after)
        return refuse(refusal, REFUSED_EXPIRED, "valid until %s, asked for %s",
                      time_words(arena, leaf->not_after), time_words(arena, at));
    *ret_chain = s.chain;
    return true;
}
