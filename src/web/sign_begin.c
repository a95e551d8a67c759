/* SPDX-License-Identifier: Apache-2.0 */
/* sign_begin.c: a request to sign begins: the text that says where, what, by whom and until when; and the
 * form that waits for its signature. */
#include <stdio.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "people/limit.h"
#include "web/login.h"
#include "web/sign.h"
#include "web/web_private.h"

#define BACK_MAX 65536

bool sign_possible(const struct web *web)
{
    const struct trust *trust = web->judge.trust;
    for (size_t i = 0; trust != NULL && i < trust->authorities_n; i++)
        if (trust_has_anchor(trust, &trust->authorities[i]) &&
            (!trust->authorities[i].test || web->judge.tests))
            return true;
    return false;
}

const struct trust_authority *sign_authority(const struct web *web, bool phone)
{
    const struct trust *trust = web->judge.trust;
    for (size_t i = 0; trust != NULL && i < trust->authorities_n; i++) {
        const struct trust_authority *a = &trust->authorities[i];
        if (trust_has_anchor(trust, a) && (phone ? a->front.phone : a->front.computer).n != 0)
            return a;
    }
    return NULL;
}

struct str sign_site(const struct http_request *request)
{
    struct webauthn_site site;
    login_site(request, &site);
    return site.origins[0];
}

struct str sign_words_of(const struct trust_words *words, const struct page *p)
{
    return trust_words_in(words, p->language);
}

/* --- beginning --- */

/* What is signed says where, what, by which browser, when and until when: whoever is shown it elsewhere can
 * see that it is not theirs. */
static struct str text_of(struct page *p, const struct signing *s, const struct sign_want *want)
{
    struct buf out;
    char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    time_iso(s->made, from);
    time_iso(s->ends, until);
    buf_in(&out, p->arena, SIGNING_TEXT_MAX);
    const struct {
        struct str name, value;
    } lines[] = {
        {T(p, "Site"), sign_site(p->request)},
        {T(p, "What is signed"), want->title},
        {STR(""), want->words},
        {T(p, "Asked by the browser"), login_device(p->request)},
        {T(p, "Time"), str_of(arena_printf(p->arena, "%.*s – %.*s (%s – %s)", STR_ARG(page_time(p, s->made)),
                                           STR_ARG(page_time(p, s->ends)), from, until))},
        {T(p, "Code"), str_of(s->id)}};
    buf_str(&out, STR("Aina – "));
    buf_str(&out, page_texts(p, &p->j->name));
    buf_byte(&out, '\n');
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        buf_str(&out, lines[i].name);
        buf_text(&out, lines[i].name.n ? ": " : "");
        buf_str(&out, lines[i].value);
        buf_byte(&out, '\n');
    }
    buf_str(&out,
            T(p, "Sign only if you began this yourself, on the site named above. Whoever sends you this "
                 "text to be signed wants to act in your name."));
    buf_byte(&out, '\n');
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

bool sign_slow_down(struct http_request *request, struct err *err)
{
    struct web *web = web_of(request);
    char network[LIMIT_NETWORK_SIZE] = "";
    int64_t wait;
    limit_network_of(http_client(request), network);
    if (!limit_take(web->api.people, web_db(request), &limit_signing, str_of(network), clock_now(), &wait,
                    err))
        return false;
    return wait == 0 ||
           err_set(err, ERR_BUSY, NULL, "too much was asked for from your network; wait a little");
}

void sign_begin(struct http_request *request, struct http_response *response, enum signing_purpose purpose,
                const struct account *account, const struct sign_want *want, struct str back)
{
    struct page page, *p = &page;
    struct signing s = {
        .purpose = purpose,
        .account = *account,
        .title = want->title,
        .back = back,
        .matter = want->matter,
        .wants_organisation = want->organisation,
        .wants_capacity = want->capacity,
    };
    struct err err;
    page_init(p, request, response);
    if (!sign_possible(p->web)) {
        http_problem(request, response, 404, "not-found", "%s",
                     N_("No certificate authority is set up here whose signatures could be checked."));
        return;
    }
    login_browser(request, response, s.browser);
    signing_draw(&s, clock_now());
    s.text = text_of(p, &s, want);
    if (sign_slow_down(request, &err) && signing_keep(p->web->api.people, web_db(request), &s, &err))
        http_redirect(response, 303, arena_printf(p->arena, "/sign/%s", s.id));
    else
        http_problem_err(request, response, &err);
}

/* --- an act that needs a signature --- */

/* The matter with a hash of the words: other words are another matter. */
static struct str bound_matter(struct arena *arena, const struct sign_want *want)
{
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(hash, want->words.p, want->words.n);
    hex_encode(hex, hash, sizeof hash);
    return str_of(arena_printf(arena, "%.*s %s", STR_ARG(want->matter), hex));
}

/* The form that was sent, to be sent again: its address, its route, then its fields. */
static struct str form_kept(struct http_request *request)
{
    struct buf out;
    struct str name, value;
    const char *route = http_route(request)->path;
    buf_in(&out, http_arena(request), BACK_MAX);
    buf_lp(&out, http_path(request).p, http_path(request).n);
    buf_lp(&out, route, strlen(route));
    for (size_t i = 0; http_form_at(request, i, &name, &value); i++)
        if (!str_is(name, "token") && !str_is(name, "signed")) {
            buf_lp(&out, name.p, name.n);
            buf_lp(&out, value.p, MIN_OF(value.n, (size_t)UINT16_MAX));
        }
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

/* The person, or the official, of this session. */
static bool same_account(const struct account *a, const struct account *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == CALLER_OFFICIAL)
        return str_eq(a->staff_code, b->staff_code);
    return a->kind == CALLER_PERSON && memcmp(a->person.pid, b->person.pid, PID_SIZE) == 0;
}

bool sign_here(struct http_request *request, struct http_response *response, const struct sign_want *want,
               struct signing *ret)
{
    struct web *web = web_of(request);
    const struct account account = account_of(&web_visitor(request)->caller);
    struct sign_want bound = *want;
    struct str id = form_value(request, "signed");
    bool found = false;
    struct err err;
    bound.matter = bound_matter(http_arena(request), want);
    if (!signing_get(web->api.people, web_db(request), id, clock_now(), http_arena(request), ret, &found,
                     &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (found && ret->purpose == SIGNING_ACT && ret->state == SIGNING_HOLDS &&
        same_account(&ret->account, &account) && str_eq(ret->matter, bound.matter))
        return true;
    if (account.kind == CALLER_OFFICIAL && !sign_staff_ready(request, response))
        return false;
    struct str back = form_kept(request);
    if (back.n == 0)
        http_problem(request, response, 413, "too-large", "%s", "");
    else
        sign_begin(request, response, SIGNING_ACT, &account, &bound, back);
    return false;
}
