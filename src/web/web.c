/* SPDX-License-Identifier: Apache-2.0 */
/* web.c: who comes, in which language, and whether they may; what every page shares with the server. */
#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "people/recovery.h"
#include "web/desk_private.h"
#include "web/kept.h"
#include "web/login.h"
#include "web/web_private.h"

#define LANGUAGE_COOKIE "aina-lang"
#define YEAR_SECONDS (365 * 86400)

/* One line a file of pages. */
static const struct web_table *const tables[] = {
    &web_home,          &web_demo,         &web_looks,         &web_me,           &web_take,
    &web_open,          &web_desk,         &web_desk_review,   &web_desk_audit,   &web_work,
    &web_work_case,     &web_work_act,     &web_login,         &web_factors,      &web_keys,
    &web_mandates,      &web_admin,        &web_statistics,    &web_sign,         &web_sign_ends,
    &web_sign_phone,    &web_services,     &web_apply,         &web_cases,        &web_messages,
    &web_cosign,        &web_booked,       &web_assist,        &web_pay,          &web_files,
    &web_check,         &web_documents,    &web_mandate_child, &web_mandate_desk, &web_sign_enrol,
    &web_sign_evidence, &web_sign_mandate, &web_sign_staff,    &web_office_log,   &web_offers,
    &web_desk_records,  &web_consents,     &web_kept,          &web_stop,         &web_tokens,
    &web_desk_enrol,    &web_keys_more,    &web_desk_case,     &web_work_give,    &web_desk_messages};

const struct http_route *web_join_routes(struct arena *arena, size_t *ret_n)
{
    size_t n = api_routes_n;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        n += tables[t]->n;
    struct http_route *all = arena_array(arena, struct http_route, n);
    memcpy(all, api_routes, api_routes_n * sizeof *all);
    size_t at = api_routes_n;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            all[at] = tables[t]->routes[i];
            must(all[at].access != 0); /* a page that says nothing of who may come is a fault */
            at++;
        }
    *ret_n = n;
    return all;
}

struct web *web_of(const struct http_request *request)
{
    return http_arg(request);
}

struct db *web_db(const struct http_request *request)
{
    return web_of(request)->api.db[http_thread(request)];
}

/* --- the visitor --- */

static const char *cookie_name(const struct http_request *request)
{
    return http_is_https(request) ? "__Host-aina" : "aina";
}

static bool language_known(const struct jurisdiction *j, struct str code)
{
    for (size_t i = 0; i < j->languages_n; i++)
        if (str_eq(j->languages[i], code))
            return true;
    return false;
}

/* The first of Accept-Language that the folder has. Its order is taken as the reader's: browsers send it so.
 */
static struct str accepted_language(const struct http_request *request, const struct jurisdiction *j)
{
    struct str list = {0}, part;
    if (http_header(request, "Accept-Language", &list) != 0) {
        while (str_next(&list, ',', &part)) {
            struct str tag = {0}, code = {0};
            (void)str_next(&part, ';', &tag);
            tag = str_trim(tag);
            (void)str_next(&tag, '-', &code);
            for (size_t i = 0; i < j->languages_n; i++)
                if (code.n == j->languages[i].n && strncasecmp(code.p, j->languages[i].p, code.n) == 0)
                    return j->languages[i];
        }
    }
    return j->languages[0];
}

static struct str language_of(const struct http_request *request, const struct caller *caller)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    struct str code;
    if (http_cookie(request, LANGUAGE_COOKIE, &code) == 1 && language_known(j, code))
        return code;
    if (language_known(j, caller->language))
        return caller->language;
    return accepted_language(request, j);
}

static void find_office(const struct jurisdiction *j, struct visitor *v)
{
    const struct official *o = &v->caller.official;
    v->agency = jurisdiction_agency(j, o->agency);
    v->office = v->agency ? jurisdiction_office(v->agency, o->office) : NULL;
}

static bool records_any(const struct office *office)
{
    for (size_t i = 0; i < office->purposes_n; i++)
        if (office->purposes[i]->records_n != 0)
            return true;
    return false;
}

static bool opens_cases(const struct office *office)
{
    for (size_t i = 0; i < office->purposes_n; i++)
        if (office->purposes[i]->own_case_days != 0)
            return true;
    return false;
}

/* Officials act only after a log-in that resists phishing; before it they see to their own keys. */
static unsigned access_of(const struct jurisdiction *j, const struct visitor *v)
{
    const struct levels official = {0, 2, true};
    unsigned access = WEB_ANYONE;
    if (v->caller.kind != CALLER_NOBODY)
        access |= WEB_SELF;
    if (v->caller.kind == CALLER_PERSON)
        access |= WEB_PERSON;
    if (v->caller.kind == CALLER_PERSON ||
        (!v->caller.demo && !levels_reach(levels_of(v->caller.levels), official)))
        return access;
    if (v->caller.kind == CALLER_AUDITOR)
        access |= WEB_AUDITOR;
    if (v->caller.kind == CALLER_OFFICIAL && v->office != NULL)
        access |= (v->office->purposes_n ? (unsigned)WEB_OFFICIAL : 0) |
                  (case_office(j, v->office) || v->office->leads_n ? (unsigned)WEB_CASES : 0) |
                  (v->office->reviewer ? (unsigned)WEB_REVIEWER : 0) |
                  (v->office->administrator ? (unsigned)WEB_ADMINISTRATOR : 0) |
                  (v->office->counter ? (unsigned)WEB_COUNTER : 0) |
                  (records_any(v->office) ? (unsigned)WEB_RECORDS : 0) |
                  (opens_cases(v->office) ? (unsigned)WEB_OWN_CASES : 0) |
                  (v->office->counter && web_assists(v) ? (unsigned)WEB_PERSON : 0);
    return access;
}

/* False: the state could not be read. Sessions of the demo count only while the server is one. */
static bool find_by_secret(struct http_request *request, struct visitor *v, struct err *err)
{
    struct web *web = web_of(request);
    bool ok = people_caller(web->api.people, web_db(request), v->secret, false, http_arena(request),
                            &v->caller, err);
    if (!ok || (v->caller.demo && !web->demo))
        v->caller = (struct caller){0};
    if (v->caller.kind == CALLER_NOBODY)
        v->secret = (struct str){0};
    find_office(web->api.jurisdiction, v);
    v->access = access_of(web->api.jurisdiction, v);
    return ok;
}

static bool find_visitor(struct http_request *request, struct visitor *v, struct err *err)
{
    bool ok = true;
    v->access = WEB_ANYONE;
    if (http_cookie(request, cookie_name(request), &v->secret) == 1 && v->secret.n == PEOPLE_SECRET_SIZE - 1)
        ok = find_by_secret(request, v, err);
    else
        v->secret = (struct str){0};
    v->language = language_of(request, &v->caller);
    return ok;
}

const struct visitor *web_visitor(const struct http_request *request)
{
    const struct visitor *v = http_caller(request);
    must(v != NULL);
    return v;
}

const char *web_start_of(const struct visitor *v)
{
    if (web_assists(v))
        return "/desk/assist";
    if (v->access & WEB_PERSON)
        return "/me";
    if (v->access & WEB_AUDITOR)
        return "/audit";
    if (v->access & WEB_REVIEWER)
        return "/review";
    if (v->access & WEB_OFFICIAL)
        return "/desk";
    if (v->access & WEB_CASES)
        return "/desk/cases";
    if (v->access & WEB_ADMINISTRATOR)
        return "/desk/admin";
    if (v->access & WEB_SELF)
        return "/me/keys";
    return "/";
}

/* --- the one place where access is checked --- */

/* A form from elsewhere, or without the token that our own page gave, changes nothing. */
static bool from_our_page(const struct http_request *request, const struct visitor *v)
{
    const struct http_route *route = http_route(request);
    struct str token;
    if (route->access & WEB_PROGRAM)
        return true;
    if (!http_same_origin(request))
        return false;
    if (route->body != HTTP_FORM || (route->access & WEB_NO_TOKEN))
        return true;
    return http_form(request, "token", &token) == 1 &&
           people_form_token_ok(web_of(request)->api.people, &v->caller, route->path, token);
}

/* What was asked for would now be done in one's own name: not without being told. */
static bool mandate_is_over(struct http_request *request, const struct visitor *v)
{
    unsigned access = http_route(request)->access;
    return v->caller.mandate_ended && (access & WEB_PERSON) && !(access & WEB_ENDED);
}

static const char *why_not(unsigned access, const struct visitor *v)
{
    if (v->caller.kind == CALLER_PERSON)
        return N_("This page is for officials. You are logged in as a person.");
    if (!v->caller.demo && !levels_reach(levels_of(v->caller.levels), (struct levels){0, 2, true}))
        return N_("You logged in by a code. Officials work only after a log-in by passkey: make one under "
                  "Keys, log "
                  "out, and log in with it.");
    if (access & WEB_PERSON)
        return N_("This page is a person's own. You are logged in as an official.");
    return N_(
        "Your office has no right to this page. Your agency's administrators say who holds which office.");
}

static bool may_come(struct http_request *request, struct http_response *response, const struct visitor *v)
{
    const struct http_route *route = http_route(request);
    if (mandate_is_over(request, v)) {
        mandate_over_page(request, response);
        return false;
    }
    if ((route->access & v->access) == 0) {
        bool nobody = v->caller.kind == CALLER_NOBODY;
        if (!kept_page(request, response))
            http_problem(request, response, nobody ? 401 : 403, nobody ? "not-authenticated" : "not-allowed",
                         "%s", nobody ? "" : why_not(route->access, v));
        return false;
    }
    if (http_method(request) != HTTP_GET && http_method(request) != HTTP_HEAD && !from_our_page(request, v)) {
        if (!kept_page(request, response))
            http_problem(
                request, response, 403, "form-too-old", "%s",
                N_("The form is too old or was sent from elsewhere. Go back, load the page again, and send "
                   "it once more. Nothing was changed."));
        return false;
    }
    if (v->caller.acting && (route->access & WEB_PERSON) && !(route->access & WEB_FOR_OTHERS)) {
        http_problem(request, response, 403, "acting-for-another", "%s",
                     N_("You act for another person, and this page is everybody's own. Stop acting for them "
                        "first."));
        return false;
    }
    const struct levels sure = {0, 2, true};
    bool changes = http_method(request) == HTTP_POST && (route->access & WEB_PERSON) &&
                   !(route->access & WEB_READS) && recovery_only_reads(&v->caller);
    if (changes || ((route->access & WEB_PASSKEY) && !v->caller.demo &&
                    !levels_reach(levels_of(v->caller.levels), sure))) {
        step_up_page(request, response);
        return false;
    }
    return true;
}

bool web_before(struct http_request *request, struct http_response *response)
{
    struct visitor *v = arena_new(http_arena(request), struct visitor);
    struct err err;
    http_set_caller(request, v);
    db_snapshot(web_db(request));
    if (http_route(request)->access == 0) { /* the API, which knows its callers by token */
        v->language = language_of(request, &v->caller);
        v->access = WEB_ANYONE;
        return true;
    }
    if (!find_visitor(request, v, &err)) {
        say_err(SAY_ALERT, &err);
        http_problem_err(request, response, &err);
        return false;
    }
    if (v->caller.position != 0)
        http_hold(response, v->caller.position);
    return may_come(request, response, v);
}

void web_after(struct http_request *request)
{
    db_snapshot_end(web_db(request));
}

/* --- sessions --- */

bool web_log_in(struct http_request *request, struct http_response *response, struct caller *caller)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    char secret[PEOPLE_SECRET_SIZE];
    struct err err;
    caller->language = v->language;
    int64_t life = caller->kind == CALLER_PERSON ? WEB_SESSION_PERSON : WEB_SESSION_OFFICIAL;
    bool ok = v->secret.n == 0 || people_caller_end(web->api.people, web_db(request), v->secret, &err);
    if (!ok || !people_caller_add(web->api.people, web_db(request), caller, false, life, secret, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    http_set_cookie(response, cookie_name(request), str_dup(http_arena(request), str_of(secret)), 0);
    return true;
}

bool web_adopt(struct http_request *request, struct http_response *response, struct str secret)
{
    struct web *web = web_of(request);
    struct visitor *v = http_caller(request);
    struct err err;
    if (v->secret.n != 0 && !people_caller_end(web->api.people, web_db(request), v->secret, &err))
        say_err(SAY_ALERT, &err);
    v->secret = str_dup(http_arena(request), secret);
    http_set_cookie(response, cookie_name(request), v->secret, 0);
    if (find_by_secret(request, v, &err))
        return true;
    http_problem_err(request, response, &err);
    return false;
}

bool web_renew(struct http_request *request, struct http_response *response, const struct caller *caller)
{
    struct web *web = web_of(request);
    struct visitor *v = http_caller(request);
    char secret[PEOPLE_SECRET_SIZE];
    struct err err;
    if (!people_caller_renew(web->api.people, web_db(request), v->secret, caller, secret, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    v->secret = str_dup(http_arena(request), str_of(secret));
    http_set_cookie(response, cookie_name(request), v->secret, 0);
    if (!find_by_secret(request, v, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    return true;
}

void web_log_out(struct http_request *request, struct http_response *response)
{
    const struct visitor *v = web_visitor(request);
    struct err err;
    if (v->secret.n != 0 && !people_caller_end(web_of(request)->api.people, web_db(request), v->secret, &err))
        say_err(SAY_ALERT, &err);
    http_set_cookie(response, cookie_name(request), STR(""), -1);
}

/* --- errors as pages --- */

static const struct {
    int status;
    const char *title, *words;
} failures[] = {
    {400, N_("The request is not right"), N_("Go back and check what you entered.")},
    {401, N_("Please log in"), N_("This page is only for people who are logged in. Nothing was lost.")},
    {403, N_("You may not do this"), N_("Your log-in does not open this page, or the form was too old.")},
    {404, N_("There is no such page"), N_("The address is wrong, or the page is not yours.")},
    {405, N_("The request is not right"), N_("Go back and check what you entered.")},
    {409, N_("This was done already"), N_("Somebody was quicker, or you sent the form twice.")},
    {413, N_("Too much was sent"), N_("Shorten your text and send it again.")},
    {422, N_("The request is not right"), N_("Go back and check what you entered.")},
    {503, N_("The service is busy"),
     N_("Nothing was shown and nothing was lost. Please try again in a moment.")},
    {500, N_("Something went wrong here"), N_("It is our fault and not yours. The operator is told.")},
};

static bool is_sent(const struct page *p)
{
    return http_method(p->request) != HTTP_GET && http_method(p->request) != HTTP_HEAD;
}

/* Back to the page that was asked for; a form's own page, when its session ended while it was filled in. */
static struct str log_in_from(struct page *p)
{
    struct str path = http_path(p->request), query = http_query_text(p->request), page = {0};
    bool form = is_sent(p);
    if (form && !str_starts(path, STR("/me/apply/")) && !str_starts(path, STR("/me/files/")))
        return STR("/login");
    page = str_of(arena_printf(p->arena, "%.*s%s%.*s", STR_ARG(path), query.n && !form ? "?" : "",
                               STR_ARG(form ? STR("") : query)));
    return page_path(p, "/login", "to", page, NULL);
}

/* What was typed is kept (kept.h), unless it is a file or somebody's secret. */
static struct str sent_in_vain(const struct page *p)
{
    const struct http_route *route = http_route(p->request);
    return route != NULL && route->stream != NULL
               ? T(p, "Your log-in has ended, and the file was not taken. Log in, and choose it once more.")
               : T(p,
                   "Your log-in has ended, and nothing was taken of what you sent. Log in, and send it once "
                   "more.");
}

void web_error_page(struct http_request *request, struct http_response *response,
                    const struct http_failure *failure)
{
    struct page page, *p = &page;
    size_t i = 0;
    if (http_caller(request) == NULL) { /* refused before web_before */
        struct visitor *v = arena_new(http_arena(request), struct visitor);
        v->language = language_of(request, &v->caller);
        v->access = WEB_ANYONE;
        http_set_caller(request, v);
    }
    while (i < ARRAY_LEN(failures) - 1 && failures[i].status != failure->status)
        i++;
    page_start(p, request, response, failures[i].title);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           failures[i].status == 401 && is_sent(p) ? sent_in_vain(p) : page_text(p, failures[i].words));
    if (failure->detail.n != 0 && failure->status != 404) {
        const char *detail = str_c(p->arena, failure->detail);
        struct str words = page_text(p, detail);
        if (words.p == detail && !str_is(p->language, "en"))
            MARKUP(p, "<p lang=\"en\">{}</p>", words);
        else
            MARKUP(p, "<p>{}</p>", words);
    }
    if (failure->status == 401)
        MARKUP(p, "<p><a class=\"button\" href=\"{}\">{}</a></p>", log_in_from(p), T(p, "Log in"));
    MARKUP(p, "<p><a href=\"{}\">{}</a></p><p class=\"small\">{}: <code>{}</code></p>",
           str_of(web_start_of(web_visitor(request))), T(p, "To the start"), T(p, "Number of this request"),
           str_of(failure->request_id));
    page_end(p);
}
