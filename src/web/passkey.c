/* SPDX-License-Identifier: Apache-2.0 */
/* passkey.c: forms that a passkey fills. */
#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "people/recovery.h"
#include "web/login.h"
#include "web/web_private.h"

#define BROWSER_COOKIE "aina-browser"

void login_site(const struct http_request *request, struct webauthn_site *ret_site)
{
    struct arena *arena = http_arena((struct http_request *)request);
    const struct web *web = web_of(request);
    const char *site = web->site ? web->site
                                 : arena_printf(arena, "http://localhost:%d",
                                                http_server_port(http_request_server(request)));
    struct str *origin = arena_new(arena, struct str), host = str_of(site), rest;
    *origin = host;
    host = str_from(host, str_starts(host, STR("https://")) ? 8 : 7);
    rest = host;
    (void)str_next(&rest, ':', &host);
    *ret_site = (struct webauthn_site){.rp_id = host, .origins = origin, .origins_n = 1};
}

void login_browser(struct http_request *request, struct http_response *response, uint8_t out[32])
{
    const char *name = http_is_https(request) ? "__Host-" BROWSER_COOKIE : BROWSER_COOKIE;
    struct str cookie;
    if (http_cookie(request, name, &cookie) != 1 || cookie.n != PEOPLE_SECRET_SIZE - 1) {
        uint8_t random[32];
        char *text = arena_take(http_arena(request), PEOPLE_SECRET_SIZE, 1);
        random_bytes(random, sizeof random);
        base64url_encode(text, random, sizeof random);
        cookie = str_of(text);
        http_set_cookie(response, name, cookie, 0);
    }
    sha256(out, cookie.p, cookie.n);
}

struct str login_device(const struct http_request *request)
{
    static const struct {
        const char *mark, *name;
    } browsers[] = {{"Firefox/", "Firefox"}, {"YaBrowser/", "Yandex"},       {"OPR/", "Opera"},
                    {"Edg", "Edge"},         {"SamsungBrowser/", "Samsung"}, {"Chrom", "Chrome"},
                    {"Safari/", "Safari"}},
      systems[] = {{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
                   {"Windows", "Windows"}, {"Mac OS X", "Mac"},  {"Linux", "Linux"}};
    struct arena *arena = http_arena((struct http_request *)request);
    struct str header = {0};
    const char *browser = "?", *system = "?";
    http_header(request, "User-Agent", &header);
    const char *agent = str_c(arena, header);
    for (size_t i = ARRAY_LEN(browsers); i-- > 0;)
        browser = strstr(agent, browsers[i].mark) ? browsers[i].name : browser;
    for (size_t i = ARRAY_LEN(systems); i-- > 0;)
        system = strstr(agent, systems[i].mark) ? systems[i].name : system;
    return str_of(arena_printf(arena, "%s, %s", browser, system));
}

/* --- writing --- */

static struct str base64_of(const struct page *p, const void *bytes, size_t n)
{
    char *text = arena_take(p->arena, BASE64_SIZE(n), 1);
    base64url_encode(text, bytes, n);
    return str_of(text);
}

static void form_head(struct page *p, struct str action, const char *route_path, const char *kind,
                      const uint8_t *challenge)
{
    char token[PEOPLE_FORM_TOKEN_SIZE];
    struct webauthn_site site;
    login_site(p->request, &site);
    people_form_token(p->web->api.people, &p->visitor->caller, route_path, token);
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" accept-charset=\"utf-8\" data-passkey=\"{}\" data-rp=\"{}\" "
           "data-challenge=\"{}\" data-failed=\"{}\"",
           action, str_of(kind), site.rp_id, base64_of(p, challenge, PASSKEY_CHALLENGE_SIZE),
           T(p, "The passkey did not answer. Try once more, or take another way."));
    p->passkey = true;
    (void)token;
}

static void hidden(struct page *p, const char *name, struct str value)
{
    MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", str_of(name), value);
}

static void form_token(struct page *p, const char *route_path)
{
    char token[PEOPLE_FORM_TOKEN_SIZE];
    people_form_token(p->web->api.people, &p->visitor->caller, route_path, token);
    hidden(p, "token", str_of(token));
}

void passkey_form_get(struct page *p, struct str action, const char *route_path)
{
    static const char *const fields[] = {"id", "client", "data", "signature", "handle"};
    uint8_t browser[32], challenge[PASSKEY_CHALLENGE_SIZE];
    login_browser(p->request, p->response, browser);
    passkey_challenge(p->web->api.people, PASSKEY_LOG_IN, browser, NULL, clock_now(), challenge);
    form_head(p, action, route_path, "get", challenge);
    MARKUP(p, ">");
    form_token(p, route_path);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        hidden(p, fields[i], STR(""));
}

bool passkey_form_create(struct page *p, struct str action, const char *route_path,
                         const struct account *account, struct err *err)
{
    uint8_t browser[32], challenge[PASSKEY_CHALLENGE_SIZE], handle[PASSKEY_HANDLE_SIZE];
    struct passkey_listed *keys;
    struct buf known;
    size_t n;
    if (!passkey_list(p->web->api.people, web_db(p->request), account, p->arena, &keys, &n, err))
        return false;
    buf_in(&known, p->arena, 65536);
    for (size_t i = 0; i < n; i++) {
        if (i != 0)
            buf_byte(&known, ' ');
        buf_str(&known, base64_of(p, keys[i].id.p, keys[i].id.n));
    }
    login_browser(p->request, p->response, browser);
    passkey_challenge(p->web->api.people, PASSKEY_ENROL, browser, account, clock_now(), challenge);
    passkey_handle(p->web->api.people, account, handle);
    form_head(p, action, route_path, "create", challenge);
    MARKUP(p,
           " data-site=\"Aina – {}\" data-name=\"{}\" data-handle=\"{}\" data-attestation=\"{}\" "
           "data-exclude=\"{}\">",
           page_texts(p, &p->j->name),
           account->kind == CALLER_PERSON ? page_texts(p, &p->j->name) : account->staff_code,
           base64_of(p, handle, sizeof handle),
           account->kind != CALLER_PERSON && p->web->models != NULL ? STR("direct") : STR("none"),
           buf_view(&known));
    form_token(p, route_path);
    hidden(p, "client", STR(""));
    hidden(p, "attestation", STR(""));
    return true;
}

void passkey_form_end(struct page *p, const char *msgid)
{
    MARKUP(p,
           "<p data-without>{}</p><p class=\"error\" role=\"alert\"></p><p><button "
           "hidden>{}</button></p></form>",
           T(p, "This browser has no passkeys, or scripts are off. Take another way."), page_text(p, msgid));
}

/* --- reading --- */

static struct str decoded(struct http_request *request, const char *name)
{
    struct str text = form_value(request, name);
    uint8_t *out = arena_take(http_arena(request), text.n + 1, 1);
    size_t n = 0;
    if (!base64url_decode(out, text.n, text, &n))
        return (struct str){(char *)out, 0};
    return (struct str){(char *)out, n};
}

/* The word goes to the operator's log; the person is told one sentence for all. */
static bool refused(const char *what, const char *refusal)
{
    if (refusal != NULL)
        say(SAY_INFO, "%s by passkey refused: %s", what, refusal);
    return refusal != NULL;
}

bool passkey_form_log_in(struct http_request *request, struct http_response *response,
                         const struct account *account, struct passkey_session *session,
                         struct passkey_result *ret_result, bool *ret_refused, struct err *err)
{
    struct web *web = web_of(request);
    struct webauthn_site site;
    uint8_t browser[32];
    const char *refusal;
    login_site(request, &site);
    login_browser(request, response, browser);
    struct passkey_log_in in = {
        .session = session,
        .site = &site,
        .browser = browser,
        .account = account,
        .id = decoded(request, "id"),
        .handle = decoded(request, "handle"),
        .assertion = {decoded(request, "client"), decoded(request, "data"), decoded(request, "signature")}};
    if (!passkey_log_in(web->api.people, web_db(request), &in, clock_now(), http_arena(request), ret_result,
                        &refusal, err))
        return false;
    *ret_refused = refused("log-in", refusal);
    return true;
}

bool passkey_form_touched(struct http_request *request, struct http_response *response,
                          const struct account *account, struct passkey_result *ret_result)
{
    struct err err;
    bool refused;
    if (!passkey_form_log_in(request, response, account, NULL, ret_result, &refused, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (refused)
        http_problem(request, response, 403, "passkey-refused", "%s",
                     N_("We could not log you in. Try once more, or take another way. Nothing was changed."));
    return !refused;
}

bool passkey_form_enrol(struct http_request *request, struct http_response *response,
                        const struct account *account, struct str label, bool *ret_refused, bool *ret_young,
                        struct err *err)
{
    struct web *web = web_of(request);
    const struct caller *caller = &web_visitor(request)->caller;
    bool official = account->kind != CALLER_PERSON;
    struct webauthn_site site;
    struct webauthn_policy policy = {.device_bound = official, .models = official ? web->models : NULL};
    uint8_t browser[32];
    const char *refusal;
    int64_t now = clock_now();
    uint64_t known;
    login_site(request, &site);
    login_browser(request, response, browser);
    if (!passkey_count(web->api.people, web_db(request), account, &known, err))
        return false;
    /* What a page that lies could have brought about waits a day where the account has another key. */
    bool weak = caller->way == WAY_RECOVERY ||
                ((caller->way == WAY_SIGNATURE || caller->way == WAY_CODE) && known != 0);
    *ret_young = weak;
    struct passkey_enrolment in = {
        .site = &site,
        .policy = &policy,
        .browser = browser,
        .account = *account,
        .ial = levels_of(caller->levels).ial,
        .ready = weak ? now + RECOVERY_COOLING : 0,
        .label = label,
        .registration = {decoded(request, "client"), decoded(request, "attestation")}};
    if (!passkey_enrol(web->api.people, web_db(request), &in, now, &refusal, err))
        return false;
    *ret_refused = refused("enrolment", refusal);
    return true;
}
