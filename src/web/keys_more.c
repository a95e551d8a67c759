/* SPDX-License-Identifier: Apache-2.0 */
/* keys_more.c: an authenticator app and a phone: ways in that open less than a passkey does. */
#include "base/clock.h"
#include "base/say.h"
#include "case/notice.h"
#include "document/qr.h"
#include "people/factor.h"
#include "people/message.h"
#include "web/login.h"
#include "web/web_private.h"

struct change {
    struct login_change is;
    struct str typed, old; /* old: the phone there was */
    uint8_t browser[32];
    bool right;
};

static struct account own(const struct http_request *request)
{
    return account_of(&web_visitor(request)->caller);
}

static struct people *people_of(const struct change *c)
{
    return web_of(c->is.request)->api.people;
}

/* --- an app --- */

/* As a picture for the phone's camera, as letters for the hand, and as an address. All are shown once. */
static void write_secret(struct page *p, struct str secret, struct str uri)
{
    struct qr qr;
    struct buf path;
    struct err err;
    buf_in(&path, p->arena, 65536);
    if (qr_make(uri, QR_SCREEN, p->arena, &qr, &err)) {
        qr_path(&qr, &path);
        struct str size = page_number(p, (uint64_t)qr.width + 2 * QR_QUIET);
        MARKUP(p,
               "<p>{}</p><svg class=\"qr\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" "
               "width=\"220\" height=\"220\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
               "<path stroke=\"#000\" d=\"{}\"/></svg>",
               T(p, "Point the app at this picture. It is shown once."),
               T(p, "The key as a picture for the app’s camera"), size, size, buf_view(&path));
    } else {
        say_err(SAY_WARN, &err);
    }
    MARKUP(p, "<p>{}</p><p><code>{}</code></p><details><summary>{}</summary><p><code>{}</code></p></details>",
           T(p, "Or enter this key in the app by hand."), secret, T(p, "As an address"), uri);
}

static void app_page(struct page *p, struct str secret, struct str uri, const char *wrong)
{
    struct form_field code = {.name = "code",
                              .label = T(p, "The six digits that the app shows now"),
                              .error = wrong ? page_text(p, wrong) : STR(""),
                              .max = 10,
                              .autocomplete = "one-time-code",
                              .inputmode = "numeric"};
    page_open(p, T(p, "Authenticator app"), STR("/me/keys"), &code, 1);
    if (secret.n != 0)
        write_secret(p, secret, uri);
    form_start(p, STR("/me/keys/app/confirm"), "/me/keys/app/confirm");
    form_field(p, &code);
    form_end(p, N_("Confirm"));
    page_end(p);
}

static void post_app(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    const struct account account = own(request);
    char uri[TOTP_URI_SIZE], secret[40];
    struct err err;
    page_init(p, request, response);
    if (totp_start(p->web->api.people, web_db(request), &account, levels_of(p->visitor->caller.levels).ial,
                   STR("Aina"), account.kind == CALLER_PERSON ? p->j->id : account.staff_code, clock_now(),
                   uri, secret, &err))
        app_page(p, str_of(secret), str_of(uri), NULL);
    else
        http_problem_err(request, response, &err);
}

static bool confirm_app(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    if (!totp_confirm(people_of(c), db, &account, c->typed, clock_now(), &c->right, err))
        return false;
    c->is.told.nothing = !c->right;
    return true;
}

static void post_app_confirm(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct change c = {.typed = form_value(request, "code")};
    struct err err;
    page_init(p, request, response);
    if (!login_change(request, response, "app-added", confirm_app, &c.is, &err)) {
        http_problem_err(request, response, &err);
    } else if (c.right) {
        http_redirect(response, 303, "/me/keys");
    } else {
        http_status(response, 422);
        app_page(p, STR(""), STR(""), N_("These are not the digits. Is the clock of your phone right?"));
    }
}

static bool remove_app(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    return totp_remove(people_of(c), db, &account, err);
}

static void post_app_end(struct http_request *request, struct http_response *response)
{
    struct change c = {{0}};
    struct err err;
    if (!keys_may_remove(request, response))
        return;
    bool ok = login_change(request, response, "app-removed", remove_app, &c.is, &err);
    keys_answer(request, response, ok, &err);
}

/* --- a phone --- */

static void phone_page(struct page *p, const char *wrong)
{
    struct form_field code = {.name = "code",
                              .label = T(p, "The six digits in the message"),
                              .error = wrong ? page_text(p, wrong) : STR(""),
                              .max = 10,
                              .autocomplete = "one-time-code",
                              .inputmode = "numeric"};
    page_open(p, T(p, "Phone for messages"), STR("/me/keys"), &code, 1);
    form_start(p, STR("/me/keys/phone/confirm"), "/me/keys/phone/confirm");
    form_field(p, &code);
    form_end(p, N_("Confirm"));
    page_end(p);
}

static bool old_phone(struct change *c, struct db *db, struct err *err)
{
    const struct account account = own(c->is.request);
    return phone_of(people_of(c), db, &account, http_arena(c->is.request), &c->old, err);
}

/* Who holds the phone that messages no longer come to is told that, whoever changed it. */
static void tell_old_phone(struct http_request *request, struct http_response *response, struct str old)
{
    struct web *web = web_of(request);
    struct err err;
    struct str words =
        words_in(web->api.jurisdiction, web_visitor(request)->language,
                 N_("Aina: messages about your page do not come to this phone any more. If it was "
                    "not you, go there."));
    bool ok = old.n == 0 || message_put(web->messages, old, words, clock_now(), &err);
    keys_answer(request, response, ok, &err);
}

static bool remove_phone(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    if (!old_phone(c, db, err))
        return false;
    c->is.told.nothing = c->old.n == 0;
    return phone_remove(people_of(c), db, &account, err);
}

static void post_phone(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    const struct account account = own(request);
    struct webauthn_site site;
    struct str typed = form_value(request, "phone");
    char phone[20] = "";
    uint8_t browser[32];
    int64_t wait;
    struct err err;
    page_init(p, request, response);
    login_site(request, &site);
    login_browser(request, response, browser);
    if (typed.n != 0 && !phone_normalise(typed, phone)) {
        http_problem(request, response, 422, "invalid", "%s",
                     N_("Write the number with its country code, beginning with +."));
        return;
    }
    if (typed.n == 0) {
        struct change c = {{0}};
        if (login_change(request, response, "phone-removed", remove_phone, &c.is, &err))
            tell_old_phone(request, response, c.old);
        else
            http_problem_err(request, response, &err);
        return;
    }
    if (!phone_start(p->web->api.people, web_db(request), p->web->messages, &account,
                     levels_of(p->visitor->caller.levels).ial, str_of(phone), browser,
                     T(p, "Aina: code to confirm this phone. Tell it to nobody, whoever asks."), site.rp_id,
                     clock_now(), &wait, &err))
        http_problem_err(request, response, &err);
    else
        phone_page(p, wait ? N_("Too many messages were asked for. Wait a little.") : NULL);
}

static bool confirm_phone(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    if (!old_phone(c, db, err) ||
        !phone_confirm(people_of(c), db, &account, c->browser, c->typed, clock_now(), &c->right, err))
        return false;
    c->is.told.nothing = !c->right;
    return !c->right || contact_reached(web_of(c->is.request)->beside, db, account.person.pid, err);
}

static void post_phone_confirm(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct change c = {.typed = form_value(request, "code")};
    struct err err;
    page_init(p, request, response);
    login_browser(request, response, c.browser);
    if (!login_change(request, response, "phone-added", confirm_phone, &c.is, &err)) {
        http_problem_err(request, response, &err);
    } else if (c.right) {
        tell_old_phone(request, response, c.old);
    } else {
        http_status(response, 422);
        phone_page(p, N_("These are not the digits of the last message."));
    }
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .path = "/me/keys/app",
     .handler = post_app,
     .access = WEB_SELF | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Set up an app"},
    {.method = HTTP_POST,
     .path = "/me/keys/app/confirm",
     .handler = post_app_confirm,
     .access = WEB_SELF | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Confirm an app"},
    {.method = HTTP_POST,
     .path = "/me/keys/app/end",
     .handler = post_app_end,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Remove the app"},
    {.method = HTTP_POST,
     .path = "/me/keys/phone",
     .handler = post_phone,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Give a phone"},
    {.method = HTTP_POST,
     .path = "/me/keys/phone/confirm",
     .handler = post_phone_confirm,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Confirm a phone"},
};
const struct web_table web_keys_more = {routes, ARRAY_LEN(routes)};
