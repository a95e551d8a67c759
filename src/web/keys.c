/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: one's own ways in: passkeys, where one is logged in, printed codes; an app and a phone are in
 * keys_more.c. Any of them is ended by one press. */
#include "crypto/keys.h"
#include "base/clock.h"
#include "base/say.h"
#include "people/recovery.h"
#include "web/login.h"
#include "web/sign.h"
#include "web/web_private.h"

static struct account own(const struct http_request *request)
{
    return account_of(&web_visitor(request)->caller);
}

static struct str hex_of(const struct page *p, const uint8_t *bytes, size_t n)
{
    char *text = arena_take(p->arena, 2 * n + 1, 1);
    hex_encode(text, bytes, n);
    return str_of(text);
}

static struct str level_words(const struct page *p, const struct caller *c, size_t keys_n)
{
    struct levels l = levels_of(c->levels);
    if (c->demo)
        return T(p, "By button, in a demonstration.");
    if (l.phr && l.aal >= 2 && l.ial < 2)
        return T(p,
                 "By a passkey made after a letter. It opens almost everything; not what needs that somebody "
                 "saw your document. At a counter you get a code for that.");
    if (l.phr && l.aal >= 3)
        return T(p, "By a passkey that cannot leave your device. It opens everything.");
    if (l.phr && l.aal == 2)
        return T(p, "By a passkey that may be on several of your devices. It opens almost everything.");
    if (l.phr)
        return T(
            p,
            "By a passkey made after a code. For its first day it only shows your page and changes nothing.");
    if (c->way == WAY_CODE && keys_n != 0)
        return T(
            p, "By a code given for it. You have a passkey now: log out, and log in with it. It opens more.");
    if (c->way == WAY_CODE)
        return T(p, "By a code given for it. Make a passkey now: the code is spent.");
    if (c->way == WAY_SIGNATURE)
        return T(
            p, "By your signing key. Make a passkey now; where you have one already, the new one only shows "
               "your page for its first day.");
    if (c->way == WAY_RECOVERY)
        return T(p, "By a code or a signature, though you have passkeys, or by a printed code. Make a "
                    "passkey now; for a day it, and this log-in, only show "
                    "your page and change nothing.");
    return T(p, "By a code. It opens your page, but adds no key and gives no mandate.");
}

static void write_passkeys(struct page *p, const struct passkey_listed *keys, size_t n)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "Passkeys"));
    if (n == 0)
        page_note(p, "info", T(p, "You have none yet."));
    for (size_t i = 0; i < n; i++) {
        struct str action =
            str_of(arena_printf(p->arena, "/me/keys/%.*s/end", STR_ARG(hex_of(p, keys[i].tag, 32))));
        MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi></h3><p>{}<br>{}{}</p>", keys[i].label,
               keys[i].synced ? T(p, "May be on several devices") : T(p, "Cannot leave its device"),
               TF(p, "made {}, last used {}", page_time(p, keys[i].made), page_time(p, keys[i].seen)),
               keys[i].ready > clock_now() ? TF(p, "; weak until {}", page_time(p, keys[i].ready)) : STR(""));
        form_button_as(p, FORM_SECOND, action, "/me/keys/{key}/end", TF(p, "Remove: {}", keys[i].label),
                       NULL);
        MARKUP(p, "</div>");
    }
}

static bool write_new_passkey(struct page *p, struct err *err)
{
    const struct account account = own(p->request);
    struct form_field label = {.name = "label",
                               .label = T(p, "What do you call the device?"),
                               .value = p->visitor->caller.device,
                               .max = 40};
    if (!login_may_change(&p->visitor->caller)) {
        page_note(p, "info",
                  T(p, "To add a passkey, log in with one, or with a code from a letter or a counter."));
        if (sign_possible(p->web) && account.kind == CALLER_PERSON)
            MARKUP(p, "<p><a href=\"/login/signature\">{}</a></p>", T(p, "Or sign with your signing key"));
        return true;
    }
    if (!passkey_form_create(p, STR("/me/keys"), "/me/keys", &account, err))
        return false;
    form_field(p, &label);
    passkey_form_end(p, N_("Make a passkey on this device"));
    return true;
}

/* So that a log-in that is not one's own is told from one's own. */
static struct str way_words(const struct page *p, const struct caller_listed *one)
{
    struct levels l = levels_of(one->levels);
    return one->token ? T(p, "by a token") : l.phr ? T(p, "by a passkey") : T(p, "by a code or a signature");
}

static void write_sessions(struct page *p, const struct caller_listed *list, size_t n)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "Where you are logged in"));
    for (size_t i = 0; i < n; i++) {
        bool here = bytes_same(list[i].session, p->visitor->caller.session, 32);
        struct str name = !list[i].token     ? (list[i].device.n ? list[i].device : T(p, "A device"))
                          : list[i].device.n ? TF(p, "A program with a token: {}", list[i].device)
                                             : T(p, "A program with a token");
        struct str action =
            str_of(arena_printf(p->arena, "/me/sessions/%.*s/end", STR_ARG(hex_of(p, list[i].session, 32))));
        MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi>{}</h3><p>{}</p>", name,
               here ? T(p, " – this one") : STR(""),
               TF(p, "{}; since {}, last used {}", way_words(p, &list[i]), page_time(p, list[i].made),
                  page_time(p, list[i].seen)));
        form_button_as(p, FORM_SECOND, action, "/me/sessions/{session}/end", TF(p, "End: {}", name), NULL);
        MARKUP(p, "</div>");
    }
    form_button_as(p, FORM_SECOND, STR("/me/sessions/end"), "/me/sessions/end", T(p, "End all, here too"),
                   NULL);
}

static void write_others(struct page *p, uint64_t printed, bool app, struct str phone)
{
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Printed codes"),
           TF(p, "{} left. Keep them on paper, away from your phone: they let you in when it is lost.",
              page_number(p, printed)));
    form_button(p, STR("/me/keys/print"), "/me/keys/print", T(p, "Make ten new ones"), NULL);
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Authenticator app"),
           app ? T(p, "You have one.") : T(p, "You have none."));
    form_button(p, STR("/me/keys/app"), "/me/keys/app", T(p, "Set up an app"), NULL);
    if (app)
        form_button_as(p, FORM_SECOND, STR("/me/keys/app/end"), "/me/keys/app/end", T(p, "Remove the app"),
                       NULL);
    if (p->visitor->caller.kind != CALLER_PERSON)
        return;
    struct form_field field = {.name = "phone",
                               .label = T(p, "Phone for messages"),
                               .hint = T(p, "With country code, beginning with +. Empty takes it away."),
                               .value = phone,
                               .max = 30,
                               .optional = true,
                               .autocomplete = "tel",
                               .inputmode = "tel"};
    MARKUP(p, "<h2>{}</h2>", T(p, "Messages"));
    form_start(p, STR("/me/keys/phone"), "/me/keys/phone");
    form_field(p, &field);
    form_end(p, N_("Save"));
}

static void get_keys(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct people *people = web_of(request)->api.people;
    struct db *db = web_db(request);
    const struct account account = own(request);
    struct passkey_listed *keys;
    struct caller_listed *sessions;
    size_t keys_n, sessions_n;
    uint64_t printed;
    bool app;
    struct str phone, copied;
    struct err err;
    page_init(p, request, response);
    bool ok = passkey_list(people, db, &account, p->arena, &keys, &keys_n, &err) &&
              people_callers(people, db, &account, p->arena, &sessions, &sessions_n, &err) &&
              code_left(people, db, &account, CODE_RECOVERY, clock_now(), &printed, &err) &&
              totp_has(people, db, &account, &app, &err) &&
              phone_of(people, db, &account, p->arena, &phone, &err);
    if (ok) {
        page_open(p, T(p, "Keys and log-ins"), str_of(web_start_of(p->visitor)), NULL, 0);
        ok = stop_offer(p, &err);
        if (http_query(request, "copied", &copied) != 0)
            page_note(
                p, "bad",
                T(p,
                  "Your passkey's counter did not grow: somebody may have a copy of it. Remove it here and "
                  "make a new one, unless it is one that your devices share."));
        MARKUP(p, "<p class=\"lead\">{}</p>", level_words(p, &p->visitor->caller, keys_n));
        write_passkeys(p, keys, keys_n);
        ok = ok && write_new_passkey(p, &err);
    }
    if (!ok) {
        http_problem_err(request, response, &err);
        return;
    }
    write_sessions(p, sessions, sessions_n);
    write_others(p, printed, app, phone);
    MARKUP(p, "<p><a href=\"/me/signatures\">{}</a></p>", T(p, "What I signed"));
    if (p->visitor->caller.kind == CALLER_OFFICIAL)
        MARKUP(p, "<p><a href=\"/desk/signing-key\">{}</a></p>", T(p, "My signing key"));
    if (p->visitor->caller.kind != CALLER_PERSON)
        MARKUP(p, "<p><a href=\"/me/office\">{}</a></p>", T(p, "Offices and keys in the log"));
    if (p->visitor->access & (WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER))
        MARKUP(p, "<p><a href=\"/me/token\">{}</a></p>", T(p, "A token for a program"));
    page_end(p);
}

void keys_answer(struct http_request *request, struct http_response *response, bool ok, const struct err *err)
{
    if (ok)
        http_redirect(response, 303, "/me/keys");
    else
        http_problem_err(request, response, err);
}

/* A notice without content, where there is a phone for it. */
static void tell_and_return(struct http_request *request, struct http_response *response, const char *msgid)
{
    struct web *web = web_of(request);
    const struct account account = own(request);
    struct err err;
    struct str words = words_in(web->api.jurisdiction, web_visitor(request)->language, msgid);
    bool ok =
        notice_send(web->api.people, web_db(request), web->messages, &account, words, clock_now(), &err);
    keys_answer(request, response, ok, &err);
}

/* What a change needs; its first member is the entry's. */
struct change {
    struct login_change is;
    struct http_response *response;
    const uint8_t *tag;
    struct str label;
    char (*codes)[CODE_SIZE];
    char stop[CODE_SIZE]; /* of a key that only reads for a day */
    bool refused;
};

static struct people *people_of(const struct change *c)
{
    return web_of(c->is.request)->api.people;
}

/* Refused: nothing of it may stay, and there is no entry. */
static bool add_key(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    bool young;
    c->is.told.reason = c->label;
    c->stop[0] = '\0';
    return passkey_form_enrol(c->is.request, c->response, &account, c->label, &c->refused, &young, err) &&
           (!c->refused || err_set(err, ERR_INVALID, "passkey", "was refused")) &&
           (!young || recovery_begin(people_of(c), db, &account, clock_now(), c->stop, err));
}

static void told_key(struct http_request *request, struct http_response *response, const char *stop)
{
    const struct account account = own(request);
    struct err err;
    bool ok = stop_notice(
        request, &account, N_("Aina: a passkey was added to your page. If it was not you, go there."),
        N_("Aina: a passkey was added to your page after a code. If it was not you, stop it "
           "here:"),
        stop, &err);
    keys_answer(request, response, ok, &err);
}

static void post_key(struct http_request *request, struct http_response *response)
{
    struct str label = form_value(request, "label");
    struct err err;
    if (!login_may_change(&web_visitor(request)->caller)) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("To add a passkey, log in with one, or with a code from a letter or a counter."));
        return;
    }
    if (label.n == 0 || label.n > 80)
        label = login_device(request);
    struct change c = {.response = response, .label = label};
    bool ok = login_change(request, response, "added", add_key, &c.is, &err);
    if (!ok && !c.refused)
        http_problem_err(request, response, &err);
    else if (c.refused)
        http_problem(
            request, response, 403, "passkey-refused", "%s",
            N_("This passkey was not accepted. Load the page again and try once more; officials need "
               "an authenticator that is on the list and cannot be copied."));
    else
        told_key(request, response, c.stop);
}

/* Not after a printed code: for a day its holder and the passkeys' must be able to find each other out. */
bool keys_may_remove(struct http_request *request, struct http_response *response)
{
    const struct caller *caller = &web_visitor(request)->caller;
    if (login_may_change(caller) && caller->way != WAY_RECOVERY && caller->way != WAY_SIGNATURE)
        return true;
    step_up_page(request, response);
    return false;
}

static bool remove_key(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    return passkey_remove(people_of(c), db, &account, c->tag, err);
}

static void post_key_end(struct http_request *request, struct http_response *response)
{
    uint8_t tag[32];
    struct change c = {.response = response, .tag = tag};
    struct err err;
    if (!keys_may_remove(request, response))
        return;
    bool ok = hex_decode(tag, sizeof tag, http_part(request, 0))
                  ? login_change(request, response, "removed", remove_key, &c.is, &err)
                  : err_set(&err, ERR_NOT_FOUND, "passkey", "there is no such key");
    if (ok)
        tell_and_return(request, response,
                        N_("Aina: a passkey was removed from your page. If it was not you, go there."));
    else
        http_problem_err(request, response, &err);
}

static void post_session_end(struct http_request *request, struct http_response *response)
{
    const struct account account = own(request);
    uint8_t session[32];
    struct err err;
    bool ok = hex_decode(session, sizeof session, http_part(request, 0))
                  ? people_callers_end(web_of(request)->api.people, web_db(request), &account, session, &err)
                  : err_set(&err, ERR_NOT_FOUND, "session", "there is no such session");
    if (ok && bytes_same(session, web_visitor(request)->caller.session, sizeof session))
        http_redirect(response, 303, "/");
    else
        keys_answer(request, response, ok, &err);
}

static void post_sessions_end(struct http_request *request, struct http_response *response)
{
    const struct account account = own(request);
    struct err err;
    if (people_callers_end(web_of(request)->api.people, web_db(request), &account, NULL, &err)) {
        web_log_out(request, response);
        http_redirect(response, 303, "/");
    } else {
        http_problem_err(request, response, &err);
    }
}

/* --- printed codes --- */

static bool print_codes(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    const struct account account = own(c->is.request);
    unsigned ial = levels_of(web_visitor(c->is.request)->caller.levels).ial;
    return code_issue(people_of(c), db, &account, CODE_RECOVERY, ial, clock_now(), c->codes, err);
}

static void post_print(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    char codes[CODE_RECOVERY_N][CODE_SIZE];
    struct change c = {.response = response, .codes = codes};
    struct err err;
    if (!login_change(request, response, "codes-printed", print_codes, &c.is, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_init(p, request, response);
    page_open(p, T(p, "Printed codes"), STR("/me/keys"), NULL, 0);
    MARKUP(
        p, "<p class=\"lead\">{}</p><ul>",
        T(p, "Write them down or print them now: they are shown once. Each works once. Older ones ended."));
    for (int i = 0; i < CODE_RECOVERY_N; i++)
        MARKUP(p, "<li><code>{}</code></li>", str_of(codes[i]));
    MARKUP(p, "</ul>");
    page_end(p);
    secret_wipe(codes, sizeof codes);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/keys",
     .handler = get_keys,
     .access = WEB_SELF,
     .summary = "Keys and log-ins"},
    {.method = HTTP_POST,
     .path = "/me/keys",
     .handler = post_key,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = LOGIN_BODY_MAX,
     .summary = "Add a passkey"},
    {.method = HTTP_POST,
     .path = "/me/keys/{key}/end",
     .handler = post_key_end,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Remove a passkey"},
    {.method = HTTP_POST,
     .path = "/me/sessions/{session}/end",
     .handler = post_session_end,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "End a log-in"},
    {.method = HTTP_POST,
     .path = "/me/sessions/end",
     .handler = post_sessions_end,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "End all log-ins"},
    {.method = HTTP_POST,
     .path = "/me/keys/print",
     .handler = post_print,
     .access = WEB_SELF | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Print codes"},
};
const struct web_table web_keys = {routes, ARRAY_LEN(routes)};
