/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c: a token for a program of an official: had by touching the passkey anew, good for an hour, of the
 * level of that touch, and ended like any log-in. What the program looks at is looked at by the official. */
#include "base/clock.h"
#include "crypto/keys.h"
#include "web/login.h"
#include "web/web_private.h"

#define TOKEN_LIFE (3600 * CLOCK_SECOND)
#define LABEL_MAX 40

static bool for_oneself(struct http_request *request, struct http_response *response)
{
    if (!web_visitor(request)->caller.acting)
        return true;
    http_problem(request, response, 403, "not-allowed", "%s",
                 N_("You act for somebody already. End that first."));
    return false;
}

static void write_form(struct page *p, const char *wrong)
{
    struct form_field label = {.name = "label",
                               .label = T(p, "What is the program called?"),
                               .hint = T(p, "It stands in your list of log-ins, where you can end it."),
                               .value = form_value(p->request, "label"),
                               .error = wrong ? page_text(p, wrong) : STR(""),
                               .max = LABEL_MAX};
    page_open(p, T(p, "A token for a program"), STR("/me/keys"), &label, 1);
    MARKUP(
        p, "<p class=\"lead\">{}</p><p>{}</p>",
        T(p, "For an hour a program may do by it what you may do by this log-in. Each look it makes is "
             "yours, with your staff code, your quota and your level."),
        T(p, "It ends with your office, when you go on leave, and with one press. Give it to nobody else."));
    passkey_form_get(p, STR("/me/token"), "/me/token");
    form_field(p, &label);
    passkey_form_end(p, N_("Make a token with my passkey"));
    page_end(p);
}

static void get_token(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    if (!for_oneself(request, response))
        return;
    page_init(p, request, response);
    write_form(p, NULL);
}

struct making {
    struct login_change is;
    struct caller caller;
    char *secret;
};

static bool make(struct db *db, void *arg, struct err *err)
{
    struct making *m = arg;
    m->is.told.levels = m->caller.levels;
    m->is.told.reason = m->caller.device;
    return people_caller_add(web_of(m->is.request)->api.people, db, &m->caller, true, TOKEN_LIFE, m->secret,
                             err);
}

static void post_token(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    const struct caller *c = &web_visitor(request)->caller;
    const struct account account = account_of(c);
    struct passkey_result result;
    struct making m = {.caller = *c};
    struct str label = form_value(request, "label");
    char levels[LEVELS_TEXT_SIZE], secret[PEOPLE_SECRET_SIZE];
    struct err err;
    if (!for_oneself(request, response))
        return;
    page_init(p, request, response);
    if (label.n == 0 || label.n > (size_t)2 * LABEL_MAX) {
        http_status(response, 422);
        write_form(p, N_("Give it a name of at most 40 letters."));
        return;
    }
    if (!passkey_form_touched(request, response, &account, &result))
        return;
    levels_text(result.levels, levels);
    m.caller.levels = str_of(levels);
    m.caller.device = label;
    m.secret = secret;
    if (!login_change(request, response, "token-made", make, &m.is, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "A token for a program"), STR("/me/keys"), NULL, 0);
    MARKUP(p,
           "<p class=\"lead\">{}</p><p><code>{}</code></p><p>{}</p><p><code>Authorization: "
           "Bearer …</code></p>",
           TF(p, "It is shown once, and ends {}.", page_time(p, clock_now() + TOKEN_LIFE)), str_of(secret),
           T(p, "The program sends it with each call, in this header:"));
    page_end(p);
    secret_wipe(secret, sizeof secret);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/token",
     .handler = get_token,
     .access = WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER,
     .summary = "A token for a program"},
    {.method = HTTP_POST,
     .path = "/me/token",
     .handler = post_token,
     .access = WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER,
     .body = HTTP_FORM,
     .body_max = LOGIN_BODY_MAX,
     .summary = "Make a token for a program"},
};
const struct web_table web_tokens = {routes, ARRAY_LEN(routes)};
