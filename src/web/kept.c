/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c: the pages of kept.h. */
#include "web/kept.h"

#include "web/login.h"
#include "web/web_private.h"

/* Ours, beside the form's own fields: the page was shown before. */
#define AGAIN "kept.again"

/* What nobody is to find on a screen again. */
static const char *const secrets[] = {"code"};

static bool is_kept_route(const struct http_route *route)
{
    const unsigned never = WEB_ANYONE | WEB_SELF | WEB_NO_TOKEN | WEB_PROGRAM;
    return route->body == HTTP_FORM && (route->access & never) == 0;
}

static bool has_secret(const struct http_request *request)
{
    struct str ignored;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        if (http_form(request, secrets[i], &ignored) != 0)
            return true;
    return false;
}

static bool is_ours(struct str name)
{
    return str_is(name, "token") || str_is(name, AGAIN);
}

/* The address that the form was sent to, with its query. */
static struct str address(const struct page *p)
{
    struct str query = http_query_text(p->request);
    return str_of(arena_printf(p->arena, "%.*s%s%.*s", STR_ARG(http_path(p->request)), query.n ? "?" : "",
                               STR_ARG(query)));
}

static void write_fields(struct page *p)
{
    struct str name, value;
    for (size_t i = 0; http_form_at(p->request, i, &name, &value); i++)
        if (!is_ours(name))
            MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
}

void kept_form(struct page *p, struct str token, const char *msgid)
{
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" accept-charset=\"utf-8\"><input type=\"hidden\" "
           "name=\"token\" value=\"{}\"><input type=\"hidden\" name=\"" AGAIN "\" value=\"yes\">",
           address(p), token);
    write_fields(p);
    form_end(p, msgid);
}

static void session_over(struct page *p, struct str token)
{
    struct str ignored;
    bool again = http_form(p->request, AGAIN, &ignored) != 0;
    http_status(p->response, 401);
    page_open(p, T(p, "Log in again: what you typed is kept"), STR(""), NULL, 0);
    if (again)
        page_note(p, "bad", T(p, "You are not logged in yet."));
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "Your log-in has ended, and nothing was sent yet. What you typed stays on this page: leave it "
             "open."));
    MARKUP(p,
           "<h2>{}</h2><p>{}</p><p><a class=\"button\" href=\"/login?to=/kept\" target=\"_blank\">{}</a></p>",
           T(p, "1. Log in"), T(p, "As before. If you acted for somebody else, begin that again too."),
           T(p, "Log in, in a new window"));
    MARKUP(p, "<h2>{}</h2>", T(p, "2. Come back to this window"));
    kept_form(p, token, N_("I have logged in: go on"));
    MARKUP(p, "<p class=\"small\">{}</p>",
           T(p, "If others use this device too and you do not want to go on, close this window."));
    page_end(p);
}

static void token_old(struct page *p)
{
    http_status(p->response, 403);
    page_open(p, T(p, "What you typed is kept"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "The page lay open for long, or you have logged in anew since. Nothing was sent yet. Press the "
             "button, and it is sent as you typed it."));
    form_start(p, address(p), http_route(p->request)->path);
    write_fields(p);
    form_end(p, N_("Send it"));
    page_end(p);
}

static void anothers(struct page *p)
{
    http_status(p->response, 403);
    page_open(p, T(p, "This form is somebody else’s"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p><p><a href=\"{}\">{}</a></p>",
           T(p, "It was filled in by another person, or for another person than the one you act for now. "
                "Nothing was "
                "sent, and what was typed is not shown here."),
           T(p,
             "If it is yours: log in as the one who filled it in, act for the same person as then, go back "
             "to that page and send it once more."),
           str_of(web_start_of(p->visitor)), T(p, "To the start"));
    page_end(p);
}

bool kept_possible(const struct http_request *request, struct str *ret_token)
{
    return http_method(request) == HTTP_POST && is_kept_route(http_route(request)) &&
           !http_wants_json(request) && http_same_origin(request) && http_body(request).n <= KEPT_MAX &&
           !has_secret(request) && own_path(http_path(request)) &&
           http_form(request, "token", ret_token) == 1 &&
           people_form_token_is(web_of(request)->api.people, &web_visitor(request)->caller,
                                http_route(request)->path, *ret_token) != FORM_TOKEN_NONE;
}

bool kept_page(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str token;
    const struct http_route *route = http_route(request);
    if (!kept_possible(request, &token))
        return false;
    page_init(p, request, response);
    const struct caller *caller = &p->visitor->caller;
    if (caller->kind == CALLER_NOBODY)
        session_over(p, token);
    else if (people_form_token_is(p->web->api.people, caller, route->path, token) == FORM_TOKEN_ANOTHERS)
        anothers(p);
    else if ((route->access & p->visitor->access) == 0)
        return false; /* the same official, without the office of then */
    else
        token_old(p);
    return true;
}

/* --- where the log-in of another window ends --- */

static void get_kept(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_start(p, request, response, N_("You are logged in"));
    MARKUP(p, "<p class=\"lead\">{}</p><p><a href=\"{}\">{}</a></p>",
           T(p,
             "Go back to the window with what you typed, and press “I have logged in: go on”. You can close "
             "this one."),
           str_of(web_start_of(p->visitor)), T(p, "To the start"));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/kept",
     .handler = get_kept,
     .access = WEB_SELF,
     .summary = "Logged in again, to send what was typed"},
};
const struct web_table web_kept = {routes, ARRAY_LEN(routes)};
