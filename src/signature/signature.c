/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/signature.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "signature/cms_private.h"
#include "signature/stamp_private.h"
#include "signature/status_private.h"

#define CLOCK_SKEW (300 * CLOCK_SECOND)
#define OID_COMMON_NAME STR("\x55\x04\x03")

struct work {
    const struct trust *trust;
    const struct evidence *evidence;
    const struct signature_question *question;
    struct arena *arena;
    struct cms *cms;
    struct signature_verdict *verdict;
    /* of the signer in hand */
    const struct cms_signer *s;
    struct signature_signer *facts;
    const char *prefix;
    const struct certificate *certificate;
    struct chain chain;
    bool missing; /* something that the folder asks for is not there yet */
};

static void add(struct work *w, enum verify_status status, const char *id, const char *format, ...)
    PRINTF_LIKE(4, 5);

static void add(struct work *w, enum verify_status status, const char *id, const char *format, ...)
{
    char words[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    struct signature_verdict *v = w->verdict;
    must(v->n < SIGNATURE_CHECKS_MAX_ALL);
    v->checks[v->n++] = (struct verify_check){id, status, arena_printf(w->arena, "%s%s", w->prefix, words)};
}

static bool fail(struct work *w, const struct refusal *refusal)
{
    const char *name = refusal_name(refusal->id), *words = refusal_words(refusal->id);
    if (refusal->detail[0] != '\0')
        add(w, VERIFY_FAILED, name, "%s [%s]", words, refusal->detail);
    else
        add(w, VERIFY_FAILED, name, "%s", words);
    return false;
}

static bool fail_plain(struct work *w, enum refusal_id id)
{
    return fail(w, &(struct refusal){.id = id});
}

/* --- the file --- */

static bool read_file(struct work *w)
{
    struct refusal refusal;
    struct der der;
    if (w->evidence->signature.n > SIGNATURE_FILE_MAX)
        return fail_plain(w, REFUSED_TOO_LARGE);
    if (!cms_unwrap(w->arena, w->evidence->signature, &der, &refusal) ||
        !cms_parse(w->arena, der, w->cms, &refusal))
        return fail(w, &refusal);
    add(w, VERIFY_PROVEN, "form", "The file is CMS SignedData with %zu signature%s.", w->cms->signers_n,
        w->cms->signers_n == 1 ? "" : "s");
    return true;
}

/* Inside the file, in the evidence, or given: where there are two, they must be the same bytes. */
static bool find_content(struct work *w, struct der *ret_content)
{
    struct str given = w->question->content, kept = w->evidence->content;
    if (given.p != NULL && kept.p != NULL && !str_eq(given, kept))
        return fail_plain(w, REFUSED_CONTENT_OTHER);
    struct str outside = given.p != NULL ? given : kept;
    if (!w->cms->has_content) {
        if (outside.p == NULL)
            return fail_plain(w, REFUSED_CONTENT_MISSING);
        *ret_content = der_of(outside);
        return true;
    }
    *ret_content = w->cms->content;
    return outside.p == NULL || der_eq(der_of(outside), w->cms->content) ||
           fail_plain(w, REFUSED_CONTENT_OTHER);
}

/* --- one signer --- */

static bool check_signature(struct work *w, struct der content)
{
    struct refusal refusal;
    if (!cms_content_holds(w->trust, w->cms, w->s, content, w->arena, &refusal))
        return fail(w, &refusal);
    add(w, VERIFY_PROVEN, "content", "The document is the one that was signed, to the last byte.");
    if (!cms_certificate(w->cms, w->s, &w->certificate, &refusal) ||
        !cms_binding_holds(w->trust, w->s, w->certificate, w->arena, &refusal) ||
        !cms_signature_holds(w->trust, w->s, w->certificate, w->arena, &refusal))
        return fail(w, &refusal);
    add(w, VERIFY_PROVEN, "signature", "The signature was made with the key of the certificate in the file.");
    return true;
}

/* The stamp inside the signature, and those of the evidence that are over this signature. */
static bool check_stamps(struct work *w)
{
    struct refusal refusal, other = {0};
    struct stamp stamp, best = {0};
    bool any = false;
    for (size_t i = 0; i <= w->evidence->stamps_n; i++) {
        struct der token = i == 0 ? w->s->stamp : (struct der){0};
        if (i == 0 && token.n == 0)
            continue;
        if (i != 0 && !der_from_ber(w->arena, der_of(w->evidence->stamps[i - 1]), &token)) {
            refuse_plain(&refusal, REFUSED_STAMP_FORM);
            return fail(w, &refusal);
        }
        if (stamp_check(w->trust, token, w->s->signature, w->question->at, w->arena, &stamp, &refusal)) {
            if (!any || stamp.time < best.time)
                best = stamp;
            any = true;
        } else if (i != 0 && refusal.id == REFUSED_STAMP_OTHER) {
            other = refusal; /* perhaps another signer's */
        } else {
            return fail(w, &refusal);
        }
    }
    if (!any && other.id != REFUSED_NOT && w->cms->signers_n == 1)
        return fail(w, &other);
    w->facts->stamped = any;
    w->facts->stamped_by = best.signer;
    w->facts->time = any ? best.time : w->question->at;
    if (any)
        add(w, VERIFY_PROVEN, "time-stamp", "The signature existed at %s: %s stamped it.",
            time_words(w->arena, best.time), best.signer);
    return true;
}

/* Without a stamp the question's time counts, and the verdict says so. */
static bool check_missing_stamp(struct work *w)
{
    if (w->facts->stamped)
        return true;
    enum trust_missing missing = w->chain.authority->stamp_missing;
    if (missing == MISSING_REFUSE)
        return fail_plain(w, REFUSED_STAMP_MISSING);
    w->missing |= missing == MISSING_WAIT;
    add(w, VERIFY_NOT_CHECKED, "time-stamp",
        "There is no time-stamp: when the signature was made is not proven. Everything below is checked for "
        "%s.",
        time_words(w->arena, w->facts->time));
    return true;
}

static bool check_signing_time(struct work *w)
{
    struct refusal refusal;
    if (!w->s->has_time)
        return true;
    if (w->s->time > w->facts->time + CLOCK_SKEW)
        refuse(&refusal, REFUSED_SIGNING_TIME, "it says %s, but the signature existed at %s",
               time_words(w->arena, w->s->time), time_words(w->arena, w->facts->time));
    else if (w->s->time < w->certificate->not_before - CLOCK_SKEW)
        refuse(&refusal, REFUSED_SIGNING_TIME, "it says %s, before the certificate began at %s",
               time_words(w->arena, w->s->time), time_words(w->arena, w->certificate->not_before));
    else
        return true;
    return fail(w, &refusal);
}

static void note_link(struct work *w, const struct certificate *c)
{
    struct signature_link *link = &w->facts->chain[w->facts->chain_n++];
    struct subject_walk walk;
    struct attribute a;
    char *hex = arena_take(w->arena, 2 * c->serial.n + 1, 1);
    hex_encode(hex, c->serial.p, c->serial.n);
    *link = (struct signature_link){.serial = hex, .from = c->not_before, .until = c->not_after};
    subject_start(c, &walk);
    while (subject_next(&walk, &a))
        if (str_eq(der_str(a.oid), OID_COMMON_NAME))
            link->subject = attribute_text(&a, w->arena);
}

static bool check_chain(struct work *w)
{
    struct refusal refusal;
    if (!chain_build(w->trust, w->certificate, w->cms->certificates, w->cms->certificates_n, w->facts->time,
                     w->arena, &w->chain, &refusal))
        return fail(w, &refusal);
    const struct trust_authority *a = w->chain.authority;
    w->facts->authority = a;
    for (size_t i = 0; i < w->chain.n; i++)
        note_link(w, w->chain.link[i]);
    add(w, VERIFY_PROVEN, "certificate",
        "The certificate was valid at %s and was issued under the authority '%.*s' (%.*s).",
        time_words(w->arena, w->facts->time), STR_ARG(a->id), STR_ARG(trust_words_in(&a->name, STR("en"))));
    if (a->test)
        add(w, VERIFY_NOT_CHECKED, "test-authority",
            "It is a TEST authority: it gives keys to anybody, and nothing here binds anyone.");
    return true;
}

/* --- use, role, numbers --- */

static const struct trust_use *use_of(const struct work *w)
{
    struct str id = w->question->use.n != 0 ? w->question->use : STR("sign");
    for (size_t i = 0; i < w->chain.authority->uses_n; i++)
        if (str_eq(w->chain.authority->uses[i].id, id))
            return &w->chain.authority->uses[i];
    return NULL;
}

static bool policy_fits(const struct work *w, const struct trust_use *use, bool *ret_organisation)
{
    bool named = false;
    for (size_t i = 0; i < w->chain.authority->policies_n; i++) {
        const struct trust_policy *p = &w->chain.authority->policies[i];
        if (!str_eq(p->use, use->id))
            continue;
        named = true;
        if (certificate_has_policy(w->certificate, der_of(p->oid))) {
            *ret_organisation = p->organisation;
            return true;
        }
    }
    *ret_organisation = false;
    return !named;
}

static bool check_use(struct work *w, bool *ret_organisation)
{
    const struct trust_use *use = use_of(w);
    const struct certificate *c = w->certificate;
    if (use == NULL)
        return fail(w, &(struct refusal){REFUSED_POLICY, "this authority's keys have no such use"});
    if (c->ca || !c->has_usage || (c->usage & use->key_usage) != use->key_usage)
        return fail_plain(w, REFUSED_KEY_USAGE);
    for (size_t i = 0; i < use->extended_n; i++)
        if (!certificate_has_extended(c, der_of(use->extended[i])))
            return fail_plain(w, REFUSED_EXTENDED_USAGE);
    if (!policy_fits(w, use, ret_organisation))
        return fail_plain(w, REFUSED_POLICY);
    add(w, VERIFY_PROVEN, "use", "The key may be used to %.*s.", STR_ARG(use->id));
    return true;
}

static bool check_role(struct work *w)
{
    const struct trust_authority *a = w->chain.authority;
    bool has = w->question->role.n == 0;
    for (size_t i = 0; i < a->roles_n && w->facts->roles_n < SIGNATURE_ROLES_MAX; i++) {
        const struct trust_role *role = &a->roles[i];
        if (!(role->in_policies ? certificate_has_policy : certificate_has_extended)(w->certificate,
                                                                                     der_of(role->oid)))
            continue;
        w->facts->roles[w->facts->roles_n++] = role;
        has |= str_eq(role->id, w->question->role);
    }
    if (!has) {
        struct refusal refusal;
        refuse(&refusal, REFUSED_ROLE, "asked for '%.*s'", STR_ARG(w->question->role));
        return fail(w, &refusal);
    }
    if (w->facts->roles_n != 0) {
        struct buf list;
        buf_in(&list, w->arena, 4096);
        for (size_t i = 0; i < w->facts->roles_n; i++)
            buf_printf(&list, "%s%.*s", i ? ", " : "",
                       STR_ARG(trust_words_in(&w->facts->roles[i]->name, STR("en"))));
        add(w, VERIFY_PROVEN, "role", "The authority says of the signer: %.*s.",
            (int)MIN_OF(list.n, (size_t)1000), list.p);
    }
    return true;
}

/* The numbers that the folder's rules find. False: a second one of a kind. */
static bool read_numbers(struct work *w)
{
    struct subject_walk walk;
    struct attribute a;
    subject_start(w->certificate, &walk);
    while (subject_next(&walk, &a)) {
        struct str text = attribute_text(&a, w->arena);
        if (text.n == 0)
            continue;
        if (str_eq(der_str(a.oid), OID_COMMON_NAME))
            w->facts->name = text;
        for (size_t i = 0; i < w->chain.authority->numbers_n; i++) {
            const struct trust_number *rule = &w->chain.authority->numbers[i];
            struct str *number = rule->organisation ? &w->facts->organisation : &w->facts->person;
            if (!str_eq(der_str(a.oid), rule->attribute) || !str_starts(text, rule->prefix))
                continue;
            struct str found = str_from(text, rule->prefix.n);
            if (found.n == 0 || found.n > 32 || (number->n != 0 && !str_eq(*number, found)))
                return fail_plain(w, found.n == 0 || found.n > 32 ? REFUSED_NUMBER : REFUSED_NUMBER_TWICE);
            *number = found;
            *(rule->organisation ? &w->facts->organisation_scheme : &w->facts->person_scheme) = rule->scheme;
        }
    }
    return true;
}

static bool possible(const struct work *w, struct str scheme, struct str number)
{
    return number.n == 0 || w->chain.authority->test || w->question->number_possible == NULL ||
           w->question->number_possible(scheme, number);
}

static bool check_numbers(struct work *w, bool needs_organisation)
{
    const struct signature_question *q = w->question;
    struct signature_signer *f = w->facts;
    if (!read_numbers(w))
        return false;
    if (w->chain.authority->numbers_n != 0 && f->person.n == 0 && f->organisation.n == 0)
        return fail_plain(w, REFUSED_NUMBER_MISSING);
    if (needs_organisation && f->organisation.n == 0)
        return fail(w, &(struct refusal){REFUSED_NUMBER_MISSING, "the organisation's"});
    if (!possible(w, f->person_scheme, f->person) || !possible(w, f->organisation_scheme, f->organisation))
        return fail_plain(w, REFUSED_NUMBER);
    if (q->person.n != 0 && !str_eq(q->person, f->person))
        return fail_plain(w, REFUSED_OTHER_PERSON);
    if (q->organisation.n != 0 && !str_eq(q->organisation, f->organisation))
        return fail_plain(w, REFUSED_OTHER_ORGANISATION);
    add(w, VERIFY_PROVEN, "number", "The authority says that the key is of%s%.*s%s%.*s%s%s%.*s%s%.*s.",
        f->person.n ? " the person " : "", STR_ARG(f->person_scheme), f->person.n ? " " : "",
        STR_ARG(f->person), f->person.n && f->organisation.n ? "," : "",
        f->organisation.n ? " the organisation " : "", STR_ARG(f->organisation_scheme),
        f->organisation.n ? " " : "", STR_ARG(f->organisation));
    return true;
}

/* --- status --- */

struct status_work {
    struct status_question q;
    struct refusal revoked, useless;
    struct status_answer answer;
    const char *source;
    bool good, list;
};

static void take_answer(struct work *w, struct status_work *s, bool is_list, struct der bytes)
{
    struct status_answer answer;
    struct refusal refusal;
    if ((is_list ? list_check : ocsp_check)(&s->q, bytes, w->arena, &answer, &refusal)) {
        s->good = true;
        s->answer = answer;
        s->list = is_list;
        s->source = is_list ? "revocation list" : "OCSP answer";
    } else if (refusal.id == REFUSED_REVOKED || refusal.id == REFUSED_ON_HOLD) {
        s->revoked = refusal;
    } else if (s->useless.id == REFUSED_NOT || s->useless.id == REFUSED_STATUS_OTHER) {
        s->useless = refusal;
    }
}

static void ask_all(struct work *w, struct status_work *s)
{
    for (size_t i = 0; i < w->evidence->ocsp_n; i++)
        take_answer(w, s, false, der_of(w->evidence->ocsp[i]));
    for (size_t i = 0; i < w->evidence->lists_n; i++)
        take_answer(w, s, true, der_of(w->evidence->lists[i]));
    for (size_t i = 0; i < w->cms->lists_n; i++)
        take_answer(w, s, true, w->cms->lists[i]);
}

/* One valid answer that it was revoked outweighs every "good". Bytes that say nothing (another certificate's
 * answer, in a file with several signers) count only when nothing else speaks. */
static bool check_status(struct work *w)
{
    struct status_work s = {.q = {.trust = w->trust,
                                  .certificate = w->certificate,
                                  .issuer = w->chain.link[1],
                                  .authority = w->chain.authority,
                                  .at = w->facts->time,
                                  .now = MAX_OF(w->question->at, w->facts->time)}};
    ask_all(w, &s);
    if (s.revoked.id != REFUSED_NOT)
        return fail(w, &s.revoked);
    if (s.good) {
        w->facts->status_at = s.answer.made;
        w->facts->status_list = s.list;
        w->facts->revoked_later = s.answer.revoked_later ? s.answer.revoked : 0;
        add(w, VERIFY_PROVEN, "status", "The certificate was not revoked at %s: an %s of %s says so%s%s.",
            time_words(w->arena, w->facts->time), s.source, time_words(w->arena, s.answer.made),
            s.answer.revoked_later ? "; it was revoked later, on " : "",
            s.answer.revoked_later ? time_words(w->arena, s.answer.revoked) : "");
        return true;
    }
    if (s.useless.id != REFUSED_NOT)
        return fail(w, &s.useless);
    enum trust_missing missing = w->chain.authority->status_missing;
    if (missing == MISSING_REFUSE)
        return fail_plain(w, REFUSED_STATUS_MISSING);
    w->missing |= missing == MISSING_WAIT;
    add(w, VERIFY_NOT_CHECKED, "status",
        missing == MISSING_WAIT
            ? "Whether the certificate was revoked is not known yet; until an answer is added nothing is "
              "proven."
            : "Whether the certificate was revoked is not known; this authority's rules do not ask for it.");
    return true;
}

/* Intermediates are the folder's own choice, or came along: a revocation among the evidence still counts. */
static bool check_issuers(struct work *w)
{
    for (size_t i = 1; i + 1 < w->chain.n; i++) {
        struct status_work s = {.q = {.trust = w->trust,
                                      .certificate = w->chain.link[i],
                                      .issuer = w->chain.link[i + 1],
                                      .authority = w->chain.authority,
                                      .at = w->facts->time,
                                      .now = MAX_OF(w->question->at, w->facts->time)}};
        ask_all(w, &s);
        if (s.revoked.id != REFUSED_NOT) {
            struct refusal refusal;
            refuse(&refusal, REFUSED_REVOKED, "the authority's own certificate, %.150s", s.revoked.detail);
            return fail(w, &refusal);
        }
    }
    return true;
}

static bool check_signer(struct work *w, struct der content)
{
    bool needs_organisation;
    return check_signature(w, content) && check_stamps(w) && check_chain(w) && check_missing_stamp(w) &&
           check_signing_time(w) && check_use(w, &needs_organisation) && check_role(w) &&
           check_numbers(w, needs_organisation) && check_status(w) && check_issuers(w);
}

void signature_verify(const struct trust *trust, const struct evidence *evidence,
                      const struct signature_question *question, struct arena *arena,
                      struct signature_verdict *ret_verdict)
{
    struct work w = {.trust = trust,
                     .evidence = evidence,
                     .question = question,
                     .arena = arena,
                     .cms = arena_new(arena, struct cms),
                     .verdict = ret_verdict,
                     .prefix = ""};
    struct der content = {0};
    *ret_verdict = (struct signature_verdict){0};
    if (!read_file(&w) || !find_content(&w, &content))
        return;
    bool all = true;
    for (size_t i = 0; i < w.cms->signers_n; i++) {
        struct signature_signer *facts = &ret_verdict->signer[i];
        w.s = &w.cms->signer[i];
        w.facts = facts;
        if (w.cms->signers_n > 1)
            w.prefix = arena_printf(arena, "Signer %zu of %zu: ", i + 1, w.cms->signers_n);
        facts->holds = check_signer(&w, content);
        all &= facts->holds;
        ret_verdict->signers_n = i + 1;
    }
    w.prefix = "";
    if (all)
        add(&w, VERIFY_NOT_CHECKED, "beyond",
            "No file shows that the signer read the document, acted freely, or alone held the key.");
    ret_verdict->proven = all && !w.missing;
    if (all)
        ret_verdict->content = der_str(content);
}

/* --- completing evidence --- */

bool signature_needs(const struct trust *trust, struct str file, int64_t at, struct arena *arena,
                     struct signature_needs *ret_needs, struct err *err)
{
    struct cms *cms = arena_new(arena, struct cms);
    struct refusal refusal;
    struct der der;
    const struct certificate *certificate;
    struct chain chain;
    struct signature_needs needs = {0};
    if (!cms_unwrap(arena, file, &der, &refusal) || !cms_parse(arena, der, cms, &refusal) ||
        !cms_certificate(cms, &cms->signer[0], &certificate, &refusal) ||
        !chain_build(trust, certificate, cms->certificates, cms->certificates_n, at, arena, &chain, &refusal))
        return err_set(err, ERR_INVALID, NULL, "%s %s", refusal_words(refusal.id), refusal.detail);
    struct buf request;
    buf_in(&request, arena, 1024);
    random_bytes(needs.nonce, sizeof needs.nonce);
    ocsp_request(&request, arena, certificate, chain.link[1], needs.nonce);
    needs.authority = chain.authority;
    needs.stamp_bytes = der_str(cms->signer[0].signature);
    needs.has_stamp = cms->signer[0].stamp.n != 0;
    needs.ocsp_request = buf_view(&request);
    *ret_needs = needs;
    return true;
}

bool signature_ocsp_fresh(struct str response, const uint8_t nonce[16])
{
    return ocsp_nonce_is(der_of(response), nonce);
}

void signature_stamp_request(struct buf *out, struct str bytes, const uint8_t nonce[8])
{
    static const char front[] =
        "\x30\x43\x02\x01\x01\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    uint8_t hash[HASH_OUT_MAX];
    hash_bytes(HASH_SHA256, bytes.p, bytes.n, hash);
    buf_add(out, front, sizeof front - 1);
    buf_add(out, hash, 32);
    buf_add(out, "\x02\x08", 2); /* nonce: its first byte is made positive and not zero by the caller */
    buf_add(out, nonce, 8);
    buf_add(out, "\x01\x01\xff", 3); /* certReq */
}

bool signature_stamp_token(struct str response, const uint8_t nonce[8], struct arena *arena,
                           struct str *ret_token, struct err *err)
{
    struct refusal refusal;
    struct der der, token;
    if (!der_from_ber(arena, der_of(response), &der) || !stamp_token(der, &token, &refusal))
        return err_set(err, ERR_INVALID, NULL, "%s", refusal_words(REFUSED_STAMP_FORM));
    if (!stamp_nonce_is(arena, token, nonce))
        return err_set(err, ERR_INVALID, NULL, "the time-stamp is not the answer to the question asked");
    *ret_token = der_str(token);
    return true;
}
