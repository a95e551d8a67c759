/* SPDX-License-Identifier: Apache-2.0 */
/* home.c: the start, language, the ways in and out, and our two files. */
#include "web/login.h"
#include "web/web_private.h"

static void get_home(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_start(p, request, response, N_("The mirror of the state"));
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "Here you see who looked at your data: which office, for what purpose, by which law, and "
                "which fields. No data leave this program before the look stands in the log."));
    if (p->visitor->caller.kind != CALLER_NOBODY) {
        MARKUP(p, "<p><a class=\"button\" href=\"{}\">{}</a></p>", str_of(web_start_of(p->visitor)),
               p->visitor->caller.kind == CALLER_PERSON ? T(p, "My page") : T(p, "My work"));
    } else {
        MARKUP(p, "<p><a class=\"button\" href=\"/login\">{}</a></p>", T(p, "Log in"));
        if (p->web->demo)
            MARKUP(p, "<p><a class=\"button second\" href=\"/demo\">{}</a></p>", T(p, "Try it as somebody"));
    }
    MARKUP(p, "<h2>{}</h2><ul class=\"ways\">", T(p, "Open to everybody"));
    MARKUP(p, "<li><a href=\"/services\">{}</a><p>{}</p></li>", T(p, "Services"),
           T(p, "Find what you need and apply for it here."));
    MARKUP(p, "<li><a href=\"/services/statistics\">{}</a><p>{}</p></li>", T(p, "How public services work"),
           T(p,
             "What became of applications, how long they really took, and what was asked of people against "
             "the rules."));
    MARKUP(p, "<li><a href=\"/rules\">{}</a><p>{}</p></li>", T(p, "Who may look at what"),
           T(p, "All agencies, offices, purposes and registries: which purpose sees which field."));
    MARKUP(p, "<li><a href=\"/check\">{}</a><p>{}</p></li>", T(p, "Check a document"),
           T(p, "Is the paper in your hand real, and is it still valid? Also without a network."));
    MARKUP(p, "<li><a href=\"/check/log\">{}</a><p>{}</p></li></ul>", T(p, "How to check without us"),
           T(p, "What a receipt proves, what it does not, and how to verify it on another machine."));
    page_end(p);
}

static void get_language(struct http_request *request, struct http_response *response)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    struct str code = http_part(request, 0), to = STR("/");
    for (size_t i = 0; i < j->languages_n; i++) {
        if (!str_eq(j->languages[i], code))
            continue;
        http_query(request, "to", &to);
        http_set_cookie(response, "aina-lang", j->languages[i], 365 * 86400);
        http_redirect(response, 303, own_path(to) ? str_c(http_arena(request), to) : "/");
        return;
    }
    http_problem(request, response, 404, "not-found", "This language is not in the jurisdiction folder.");
}

static void post_logout(struct http_request *request, struct http_response *response)
{
    web_log_out(request, response);
    http_redirect(response, 303, "/");
}

/* A plain link, so that leaving never fails on an old form: the session ends, the browser is told to forget,
 * and what is seen next is a page that says nothing of us. */
static void get_exit(struct http_request *request, struct http_response *response)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    web_log_out(request, response);
    http_add_header(response, "Clear-Site-Data", "\"cache\"");
    http_redirect(response, 303, j->quick_exit.n ? str_c(http_arena(request), j->quick_exit) : "/");
}

static void get_static(struct http_request *request, struct http_response *response)
{
    for (size_t i = 0; i < web_assets_n; i++)
        if (str_is(http_part(request, 0), web_assets[i].name)) {
            http_send_asset(request, response, &web_assets[i].asset);
            return;
        }
    http_problem(request, response, 404, "not-found", "There is no such file.");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET, .path = "/", .handler = get_home, .access = WEB_ANYONE, .summary = "The start"},
    {.method = HTTP_GET,
     .path = "/language/{code}",
     .handler = get_language,
     .access = WEB_ANYONE,
     .summary = "Choose a language"},
    {.method = HTTP_POST,
     .path = "/logout",
     .handler = post_logout,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Log out"},
    {.method = HTTP_GET,
     .path = "/exit",
     .handler = get_exit,
     .access = WEB_ANYONE,
     .summary = "Leave quickly"},
    {.method = HTTP_GET,
     .path = "/static/{name}",
     .handler = get_static,
     .access = WEB_ANYONE,
     .summary = "Style sheet and mark"},
};
const struct web_table web_home = {routes, ARRAY_LEN(routes)};
