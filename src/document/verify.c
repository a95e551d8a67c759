/* SPDX-License-Identifier: Apache-2.0 */
#include "document/verify.h"

static const struct {
    const char *code, *words, *name;
} checks[] = {
#define X(id, code, words) {code, words, &#id[sizeof "DOCUMENT"]},
    DOCUMENT_CHECKS(X)
#undef X
};

const char *document_check_words(enum document_check check)
{
    return checks[check].words;
}

const char *document_check_name(enum document_check check)
{
    return checks[check].name;
}

static bool say_check(struct document_verdict *v, enum document_check check, enum verify_status status)
{
    must(v->n < DOCUMENT_VERDICT_MAX);
    v->said[v->n] = check;
    v->checks[v->n++] = (struct verify_check){checks[check].code, status, checks[check].words};
    return status == VERIFY_PROVEN;
}

static bool yes(struct document_verdict *v, enum document_check check)
{
    return say_check(v, check, VERIFY_PROVEN);
}

static bool no(struct document_verdict *v, enum document_check check)
{
    return say_check(v, check, VERIFY_FAILED);
}

/* Keys of one kid are tried all. */
static bool check_signature(struct document_verdict *v, const struct issuers *issuers,
                            const struct paper_read *read, const struct issuer_key **ret_key)
{
    bool known = false;
    if (issuers == NULL)
        return say_check(v, DOCUMENT_KEY_NONE, VERIFY_NOT_CHECKED);
    for (size_t i = 0; i < issuers->n; i++) {
        const struct issuer_key *k = &issuers->keys[i];
        if (memcmp(k->kid, read->cose.kid, KID_SIZE) != 0)
            continue;
        known = true;
        if (es256_verify(k->public_key, read->cose.signature, read->cose.to_be_signed.p,
                         read->cose.to_be_signed.n)) {
            *ret_key = k;
            return yes(v, DOCUMENT_SIGNATURE_OK);
        }
    }
    return no(v, known ? DOCUMENT_SIGNATURE_BAD : DOCUMENT_KEY_UNKNOWN);
}

static bool check_right(struct document_verdict *v, const struct document_question *q,
                        const struct issuer_key *key, const struct paper *p)
{
    if (!str_eq(p->issuer, q->issuers->issuer))
        return no(v, DOCUMENT_ISSUER_BAD);
    if (!issuer_may(key, paper_get(p, PAPER_KIND)))
        return no(v, DOCUMENT_KIND_BAD);
    yes(v, DOCUMENT_KIND_OK);
    if (p->issued > q->now + DOCUMENT_CLOCK_SLACK)
        return no(v, DOCUMENT_ISSUED_LATER);
    if (p->issued < key->from || (key->until != 0 && p->issued > key->until))
        return no(v, DOCUMENT_ISSUED_BAD);
    return yes(v, DOCUMENT_ISSUED_OK);
}

static bool check_status(struct document_verdict *v, const struct document_question *q, const struct paper *p,
                         struct arena *arena)
{
    struct status_list list;
    struct err err;
    unsigned status;
    if (p->status_uri.n == 0)
        return yes(v, DOCUMENT_STATUS_NEVER);
    if (q->status_list.n == 0)
        return say_check(v, DOCUMENT_STATUS_NONE, VERIFY_NOT_CHECKED);
    if (!status_list_read(q->status_list, q->issuers, arena, &list, &err))
        return no(v, DOCUMENT_STATUS_BAD);
    if (!str_eq(list.uri, p->status_uri))
        return no(v, DOCUMENT_STATUS_OTHER);
    if (!status_list_at(&list, p->status_index, &status))
        return no(v, DOCUMENT_STATUS_SHORT);
    if (list.issued > q->now + DOCUMENT_CLOCK_SLACK)
        return no(v, DOCUMENT_STATUS_LATER);
    v->status_made = list.issued;
    if (status != 0)
        return no(v, status == 2 ? DOCUMENT_SUSPENDED : DOCUMENT_REVOKED);
    if (q->now - list.issued > STATUS_LIFE || (list.expires != 0 && q->now >= list.expires))
        return say_check(v, DOCUMENT_STATUS_OLD, VERIFY_NOT_CHECKED);
    return yes(v, DOCUMENT_STATUS_OK);
}

void document_verify(const struct document_question *q, struct arena *arena, struct document_verdict *v)
{
    struct paper_read *read = arena_new(arena, struct paper_read);
    const struct issuer_key *key = NULL;
    struct err err;
    *v = (struct document_verdict){0};
    if (!paper_read(q->code, arena, read, &err)) {
        no(v, DOCUMENT_FORM_BAD);
        return;
    }
    yes(v, DOCUMENT_FORM_OK);
    if (!check_signature(v, q->issuers, read, &key) || !check_right(v, q, key, &read->paper))
        return;
    v->genuine = true;
    v->paper = read->paper;
    if (read->paper.expires != 0 && q->now >= read->paper.expires) {
        no(v, DOCUMENT_EXPIRED);
        return;
    }
    yes(v, read->paper.expires == 0 ? DOCUMENT_NO_END : DOCUMENT_NOT_EXPIRED);
    v->valid = check_status(v, q, &read->paper, arena);
    say_check(v, DOCUMENT_HOLDER, VERIFY_NOT_CHECKED);
}
