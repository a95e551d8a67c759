/* SPDX-License-Identifier: Apache-2.0 */
/* login.c: logging in by passkey, and stepping up in place. */
#include "web/login.h"

#include "base/clock.h"
#include "people/factor.h"
#include "people/number.h"
#include "people/recovery.h"
#include "web/sign.h"
#include "web/web_private.h"

bool own_path(struct str path)
{
    if (path.n == 0 || path.n > 2000 || path.p[0] != '/')
        return false;
    if (path.n > 1 && (path.p[1] == '/' || path.p[1] == '\\'))
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] <= 0x20 || (unsigned char)path.p[i] >= 0x7f || path.p[i] == '\\')
            return false;
    return true;
}

/* Where a log-in leads: to the page that was asked for before it. It travels in a cookie, because the ways to
 * log in are many pages; only a path of our own is taken, on its way in and on its way out. */
#define GOAL_COOKIE "aina-to"
#define GOAL_SECONDS 1800

static bool is_goal(struct str path)
{
    return own_path(path) && memchr(path.p, ';', path.n) == NULL && memchr(path.p, ',', path.n) == NULL &&
           memchr(path.p, '"', path.n) == NULL && !str_is(path, "/login") &&
           !str_starts(path, STR("/login/")) && !str_starts(path, STR("/login?"));
}

const char *login_goal(struct http_request *request, struct http_response *response, const char *otherwise)
{
    struct str path;
    if (http_cookie(request, GOAL_COOKIE, &path) != 1)
        return otherwise;
    http_set_cookie(response, GOAL_COOKIE, STR(""), -1);
    return is_goal(path) ? str_c(http_arena(request), path) : otherwise;
}

static void keep_goal(struct http_request *request, struct http_response *response)
{
    struct str path = {0}, old;
    if (http_query(request, "to", &path) == 1 && is_goal(path))
        http_set_cookie(response, GOAL_COOKIE, str_dup(http_arena(request), path), GOAL_SECONDS);
    else if (http_cookie(request, GOAL_COOKIE, &old) != 0)
        http_set_cookie(response, GOAL_COOKIE, STR(""), -1);
}

bool login_may_change(const struct caller *caller)
{
    return levels_reach(levels_of(caller->levels), (struct levels){0, 2, true}) || caller->way == WAY_CODE ||
           caller->way == WAY_RECOVERY || caller->way == WAY_SIGNATURE;
}

bool login_change(struct http_request *request, struct http_response *response, const char *outcome,
                  db_tx_fn *change, struct login_change *arg, struct err *err)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    const struct caller *caller = &v->caller;
    uint64_t position;
    arg->request = request;
    arg->told = (struct told){.kind = KIND_LOG_IN,
                              .person = caller->person,
                              .capacity = STR("self"),
                              .levels = caller->levels,
                              .outcome = str_of(outcome)};
    if (caller->kind != CALLER_PERSON) {
        arg->told.staff_code = arg->told.actor = caller->official.staff_code;
        arg->told.agency = v->agency;
        arg->told.office = v->office;
        arg->told.capacity = STR("official");
    }
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, change, arg, &arg->told, &position,
                 err))
        return false;
    if (position != 0)
        http_hold(response, position);
    return true;
}

bool login_begin(struct http_request *request, struct http_response *response, const struct account *account,
                 struct levels levels, enum log_in_way way)
{
    char *text = arena_take(http_arena(request), LEVELS_TEXT_SIZE, 1);
    struct caller caller = {
        .kind = account->kind, .person = account->person, .device = login_device(request), .way = way};
    struct err err;
    levels_text(levels, text);
    caller.levels = str_of(text);
    if (account->kind != CALLER_PERSON &&
        !people_official(web_db(request), account->staff_code, local_today(web_of(request)->api.jurisdiction),
                         http_arena(request), &caller.official, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    return web_log_in(request, response, &caller);
}

/* --- the page --- */

static void write_login(struct page *p, const char *wrong)
{
    page_init(p, p->request, p->response);
    page_open(p, T(p, "Log in"), STR(""), NULL, 0);
    if (wrong != NULL)
        page_note(p, "bad", page_text(p, wrong));
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "With a passkey"),
           T(p, "Your phone or computer asks for your finger, face or PIN. Nothing secret is typed, and the "
                "passkey works on this site alone."));
    passkey_form_get(p, STR("/login/passkey"), "/login/passkey");
    struct form_field number = {.name = "number",
                                .label = page_texts(p, &p->j->person_number_name),
                                .hint = T(p, "If it is given, only that person's passkey is taken."),
                                .optional = true,
                                .max = 40,
                                .autocomplete = "off",
                                .inputmode = "numeric"};
    form_field(p, &number);
    passkey_form_end(p, N_("Log in with a passkey"));
    MARKUP(p, "<h2>{}</h2><ul class=\"ways\">", T(p, "Another way"));
    MARKUP(
        p, "<li><a href=\"/login/code\">{}</a><p>{}</p></li>", T(p, "With a code on paper"),
        T(p,
          "The first time, or when your phone is lost: a code from a counter where your document was seen, "
          "from a letter, or one of your printed codes."));
    MARKUP(p, "<li><a href=\"/login/app\">{}</a><p>{}</p></li>", T(p, "With an authenticator app"),
           T(p, "Opens your page; it does not open what needs a passkey."));
    MARKUP(p, "<li><a href=\"/login/message\">{}</a><p>{}</p></li></ul>", T(p, "With a code by message"),
           T(p,
             "The weakest way: a number can be taken over. It opens your page; it does not open what needs "
             "a passkey."));
    if (sign_possible(p->web))
        MARKUP(p, "<h2>{}</h2><ul class=\"ways\"><li><a href=\"/login/signature\">{}</a><p>{}</p></li></ul>",
               T(p, "The first time"), T(p, "With your signing key"),
               T(p,
                 "You sign one text with the key that a certificate authority gave you, and make a passkey. "
                 "From then on the passkey is enough."));
    if (p->web->demo)
        MARKUP(p, "<p><a class=\"button second\" href=\"/demo\">{}</a></p>", T(p, "Try it as somebody"));
    page_end(p);
}

static void login_page(struct http_request *request, struct http_response *response, const char *wrong)
{
    struct page page = {.request = request, .response = response};
    write_login(&page, wrong);
}

static void get_login(struct http_request *request, struct http_response *response)
{
    keep_goal(request, response);
    login_page(request, response, NULL);
}

/* Empty: whoever the key's is. A number that nobody has is a decoy that no key belongs to. */
static bool typed_account(struct http_request *request, struct account *ret_account,
                          const struct account **ret_which, struct err *err)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    struct str typed = form_value(request, "number");
    char *normal = arena_take(http_arena(request), 32, 1);
    bool real;
    *ret_which = NULL;
    if (typed.n == 0)
        return true;
    *ret_which = ret_account;
    if (!number_normalise(typed, normal))
        normal[0] = '\0';
    return factor_account(web_of(request)->api.people, web_db(request), j->person_scheme, str_of(normal),
                          ret_account, &real, err);
}

static void post_passkey(struct http_request *request, struct http_response *response)
{
    struct account typed;
    const struct account *which;
    struct passkey_result result;
    struct passkey_session session = {.language = web_visitor(request)->language,
                                      .device = login_device(request),
                                      .life_person = WEB_SESSION_PERSON,
                                      .life_official = WEB_SESSION_OFFICIAL};
    struct err err;
    bool refused;
    if (!typed_account(request, &typed, &which, &err) ||
        !passkey_form_log_in(request, response, which, &session, &result, &refused, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (refused) {
        http_status(response, 403);
        login_page(request, response,
                   N_("We could not log you in. Try once more, or take another way. Nothing was changed."));
        return;
    }
    if (!factor_clear(web_of(request)->api.people, web_db(request), &result.account, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!web_adopt(request, response, str_of(session.secret)))
        return;
    if (web_visitor(request)->caller.kind == CALLER_NOBODY)
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("Your passkey is right, but you hold no office today, or are on leave."));
    else
        http_redirect(response, 303,
                      result.counter_stuck
                          ? "/me/keys?copied=yes"
                          : login_goal(request, response, web_start_of(web_visitor(request))));
}

/* After a code: the new session knows where its caller begins. */
static void get_done(struct http_request *request, struct http_response *response)
{
    http_redirect(response, 303, login_goal(request, response, web_start_of(web_visitor(request))));
}

/* --- stepping up --- */

#define TOUCHED "touched"

/* Neither a passkey nor anything else that one does at home helps whose identity nobody saw. */
static void write_identity(struct page *p)
{
    MARKUP(p, "<p>{}</p>",
           T(p,
             "This also needs that somebody saw your identity document, or that you signed with your signing "
             "key: a letter is not enough. At a counter you can do it all at once."));
    if (sign_possible(p->web))
        MARKUP(p, "<p><a href=\"/login/signature\">{}</a></p>", T(p, "With your signing key"));
}

static void step_up(struct http_request *request, struct http_response *response, struct levels need)
{
    struct page page, *p = &page;
    struct str name, value;
    char text[LEVELS_TEXT_SIZE];
    bool form = http_method(request) == HTTP_POST;
    http_status(response, form ? 200 : 403);
    page_init(p, request, response);
    levels_text(need, text);
    page_open(p, T(p, "Your passkey first"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           levels_reach(levels_of(p->visitor->caller.levels), need)
               ? T(p, "This asks for a touch of your passkey each time. What you entered is kept.")
               : T(p, "This needs a surer log-in than the one you have. What you entered is kept."));
    if (recovery_only_reads(&p->visitor->caller))
        MARKUP(p, "<p>{}</p>",
               T(p,
                 "You came back in by a code, and for its first day such a log-in, and a passkey made in it, "
                 "only shows your page. An older passkey opens everything at once. What cannot wait is done "
                 "at a counter."));
    if (levels_of(p->visitor->caller.levels).ial < need.ial)
        write_identity(p);
    passkey_form_get(p, STR("/login/up"), "/login/up");
    MARKUP(p,
           "<input type=\"hidden\" name=\"up.to\" value=\"{}\"><input type=\"hidden\" name=\"up.route\" "
           "value=\"{}\"><input type=\"hidden\" name=\"up.need\" value=\"{}\">",
           http_path(request), form ? str_of(http_route(request)->path) : STR(""), str_of(text));
    for (size_t i = 0; form && http_form_at(request, i, &name, &value); i++)
        if (!str_is(name, "token") && !str_is(name, TOUCHED))
            MARKUP(p, "<input type=\"hidden\" name=\"kept.{}\" value=\"{}\">", name, value);
    passkey_form_end(p, N_("Confirm with your passkey"));
    MARKUP(p, "<p><a href=\"/me/keys\">{}</a></p>", T(p, "I have no passkey yet"));
    page_end(p);
}

void step_up_page(struct http_request *request, struct http_response *response)
{
    step_up(request, response, (struct levels){0, 2, true});
}

bool login_touched(struct http_request *request, struct http_response *response)
{
    const struct caller *caller = &web_visitor(request)->caller;
    const char *form = arena_printf(http_arena(request), TOUCHED " %s", http_route(request)->path);
    if (caller->demo ||
        people_form_token_ok(web_of(request)->api.people, caller, form, form_value(request, TOUCHED)))
        return true;
    step_up_page(request, response);
    return false;
}

bool login_reaches(struct http_request *request, struct http_response *response, struct levels need)
{
    if (levels_reach(levels_of(web_visitor(request)->caller.levels), need))
        return true;
    step_up(request, response, need);
    return false;
}

/* The passkey was right, and is not enough. */
static void write_not_enough(struct http_request *request, struct http_response *response, struct levels have,
                             struct levels need)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    http_status(response, 403);
    page_open(p, T(p, "Not sure enough for this yet"), STR(""), NULL, 0);
    if (have.ial < need.ial)
        write_identity(p);
    if (have.aal < need.aal)
        MARKUP(
            p, "<p>{}</p>",
            T(p,
              "This passkey counts for less: it is in its first day after a printed code, may be on several "
              "devices, or may have been copied. Use another one, or come to a counter."));
    MARKUP(p, "<p><a href=\"/me/keys\">{}</a></p><p><a href=\"{}\">{}</a></p>", T(p, "Keys and log-ins"),
           form_value(request, "up.to"), T(p, "Back to what you were doing"));
    page_end(p);
}

/* Made only after a touch, for this session and this form. */
static void touched_token(const struct page *p, struct str route, char out[PEOPLE_FORM_TOKEN_SIZE])
{
    people_form_token(p->web->api.people, &p->visitor->caller,
                      arena_printf(p->arena, TOUCHED " %.*s", STR_ARG(route)), out);
}

/* The waiting form again, now with the token of the renewed session. */
static void write_kept(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str name, value;
    char token[PEOPLE_FORM_TOKEN_SIZE];
    page_init(p, request, response);
    page_open(p, T(p, "Thank you"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "Your log-in is sure now. What you entered waits to be sent."));
    struct str route = form_value(request, "up.route");
    form_start(p, form_value(request, "up.to"), str_c(p->arena, route));
    touched_token(p, route, token);
    MARKUP(p, "<input type=\"hidden\" name=\"" TOUCHED "\" value=\"{}\">", str_of(token));
    for (size_t i = 0; http_form_at(request, i, &name, &value); i++)
        if (str_starts(name, STR("kept.")))
            MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", str_from(name, 5), value);
    form_end(p, N_("Send it"));
    page_end(p);
}

static void post_up(struct http_request *request, struct http_response *response)
{
    const struct visitor *v = web_visitor(request);
    struct caller next = v->caller;
    const struct account account = account_of(&v->caller);
    struct passkey_result result;
    struct str to = form_value(request, "up.to");
    char text[LEVELS_TEXT_SIZE];
    if (!own_path(to)) {
        http_problem(request, response, 400, "usage", "%s", "");
        return;
    }
    if (!passkey_form_touched(request, response, &account, &result))
        return;
    levels_text(result.levels, text);
    next.levels = str_of(text);
    next.way = WAY_PASSKEY;
    if (!web_renew(request, response, &next))
        return;
    const struct levels need = levels_of(form_value(request, "up.need"));
    if (!levels_reach(result.levels, need))
        write_not_enough(request, response, result.levels, need);
    else if (form_value(request, "up.route").n == 0)
        http_redirect(response, 303, str_c(http_arena(request), to));
    else
        write_kept(request, response);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/login",
     .handler = get_login,
     .access = WEB_ANYONE,
     .summary = "Ways to log in"},
    {.method = HTTP_POST,
     .path = "/login/passkey",
     .handler = post_passkey,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = LOGIN_BODY_MAX,
     .summary = "Log in by passkey"},
    {.method = HTTP_GET,
     .path = "/login/done",
     .handler = get_done,
     .access = WEB_ANYONE,
     .summary = "To where one begins"},
    {.method = HTTP_POST,
     .path = "/login/up",
     .handler = post_up,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4 * LOGIN_BODY_MAX,
     .summary = "Step up by passkey"},
};
const struct web_table web_login = {routes, ARRAY_LEN(routes)};
