/* SPDX-License-Identifier: Apache-2.0 */
/* factors.c: logging in without a passkey: a code on paper, an authenticator app, a message. */
#include "base/clock.h"
#include "people/factor.h"
#include "people/number.h"
#include "people/office.h"
#include "people/passkey.h"
#include "people/recovery.h"
#include "web/login.h"
#include "web/web_private.h"

struct way {
    enum factor factor;
    enum log_in_way way;
    const char *path, *title, *label, *hint;
};

static const struct way ways[] = {
    {FACTOR_CODE, WAY_CODE, "/login/code", N_("With a code on paper"), N_("Code"),
     N_("Ten letters and digits. Capital or small, with or without the hyphen.")},
    {FACTOR_TOTP, WAY_APP, "/login/app", N_("With an authenticator app"), N_("Code"),
     N_("The six digits that the app shows now.")},
    {FACTOR_SMS, WAY_MESSAGE, "/login/message/code", N_("With a code by message"), N_("Code"),
     N_("Six digits. If this number has a phone with us, the message is on its way.")},
};

/* What was typed: a person's number that is valid in its scheme, or a staff code. False: neither. */
static bool typed_number(const struct http_request *request, struct factor_attempt *attempt)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    const struct number_scheme *scheme = number_scheme_find(j->person_scheme);
    struct arena *arena = http_arena((struct http_request *)request);
    struct str typed = form_value(request, "number");
    char *normal = arena_take(arena, 32, 1);
    attempt->scheme = j->person_scheme;
    if (scheme != NULL && number_normalise(typed, normal) &&
        scheme->check(str_of(normal), false) == NUMBER_OK) {
        attempt->number = str_of(normal);
        return true;
    }
    attempt->scheme = STR("staff");
    attempt->number = typed;
    return staff_code_valid(typed);
}

static void write_fields(struct page *p, const struct way *way, struct str number_error, struct str wrong,
                         bool with_code)
{
    struct form_field fields[] = {
        {.name = "number",
         .label = TF(p, "{}, or your staff code", page_texts(p, &p->j->person_number_name)),
         .value = form_value(p->request, "number"),
         .error = number_error,
         .max = 70},
        {.name = "code",
         .label = page_text(p, way->label),
         .hint = page_text(p, way->hint),
         .max = 20,
         .autocomplete = "one-time-code",
         .error = wrong},
    };
    size_t n = with_code ? 2 : 1;
    page_open(p, page_text(p, way->title), STR("/login"), fields, n);
    form_start(p, with_code ? str_of(way->path) : STR("/login/message"),
               with_code ? way->path : "/login/message");
    for (size_t i = 0; i < n; i++)
        form_field(p, &fields[i]);
    form_end(p, with_code ? N_("Log in") : N_("Send me a code"));
    page_end(p);
}

static void way_page(struct http_request *request, struct http_response *response, const struct way *way,
                     const char *number_error, const char *wrong, bool with_code)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    write_fields(p, way, number_error ? page_text(p, number_error) : STR(""),
                 wrong ? page_text(p, wrong) : STR(""), with_code);
}

static void get_code(struct http_request *request, struct http_response *response)
{
    way_page(request, response, &ways[FACTOR_CODE], NULL, NULL, true);
}

static void get_app(struct http_request *request, struct http_response *response)
{
    way_page(request, response, &ways[FACTOR_TOTP], NULL, NULL, true);
}

static void get_message(struct http_request *request, struct http_response *response)
{
    way_page(request, response, &ways[FACTOR_SMS], NULL, NULL, false);
}

struct logging {
    struct web *web;
    const struct factor_attempt *attempt;
    struct factor_result result;
    bool back; /* a recovery: by a printed code, or by another where there are passkeys */
    char levels[LEVELS_TEXT_SIZE], stop[CODE_SIZE];
    struct told told;
    struct arena *arena;
};

static bool comes_back(struct logging *l, struct db *db, struct err *err)
{
    const struct factor_result *r = &l->result;
    uint64_t keys = 0;
    l->back = r->right && r->recovered;
    if (r->right && r->enrols) {
        if (!passkey_count(l->web->api.people, db, &r->account, &keys, err))
            return false;
        l->back = keys != 0;
    }
    return !l->back || recovery_begin(l->web->api.people, db, &r->account, clock_now(), l->stop, err);
}

/* Whose list it is told in; false: an official without an office today has none. */
static bool told_whom(struct logging *l, struct db *db)
{
    const struct account *a = &l->result.account;
    const struct jurisdiction *j = l->web->api.jurisdiction;
    struct official official;
    struct err none;
    l->told.person = a->person;
    if (a->kind == CALLER_PERSON)
        return true;
    if (!people_official(db, a->staff_code, local_today(j), l->arena, &official, &none))
        return false;
    l->told.staff_code = l->told.actor = a->staff_code;
    l->told.agency = jurisdiction_agency(j, official.agency);
    l->told.office = l->told.agency ? jurisdiction_office(l->told.agency, official.office) : NULL;
    l->told.capacity = STR("official");
    return l->told.agency != NULL;
}

/* A wrong code changes counters alone; coming back in is told. */
static bool log_in_and_tell(struct db *db, void *arg, struct err *err)
{
    struct logging *l = arg;
    const struct factor_result *r = &l->result;
    if (!factor_log_in(l->web->api.people, db, l->attempt, clock_now(), &l->result, err) ||
        !comes_back(l, db, err))
        return false;
    levels_text(r->levels, l->levels);
    l->told = (struct told){.kind = KIND_LOG_IN,
                            .capacity = STR("self"),
                            .levels = str_of(l->levels),
                            .outcome = r->recovered ? STR("recovered") : STR("back-by-code")};
    l->told.nothing = !l->back || !told_whom(l, db);
    return true;
}

static void log_in(struct http_request *request, struct http_response *response, const struct way *way)
{
    struct factor_attempt attempt = {
        .factor = way->factor, .typed = form_value(request, "code"), .address = http_client(request)};
    struct web *web = web_of(request);
    struct logging logging = {.web = web, .attempt = &attempt, .arena = http_arena(request)};
    uint8_t browser[32];
    uint64_t position;
    struct err err;
    login_browser(request, response, browser);
    attempt.browser = browser;
    if (!typed_number(request, &attempt)) {
        http_status(response, 422);
        way_page(request, response, way, form_not_a_number, NULL, true);
        return;
    }
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, log_in_and_tell, &logging,
                 &logging.told, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    const struct factor_result r = logging.result;
    if (position != 0)
        http_hold(response, position);
    if (!r.right) {
        http_status(response, r.wait != 0 ? 429 : 403);
        way_page(request, response, way, NULL,
                 r.wait != 0 ? N_("Too many tries. Wait a little; each wrong try makes the wait longer.")
                 : r.closed
                     ? N_("Too many wrong codes for this number. Come with a passkey, a printed code, or "
                          "to a counter.")
                     : N_("Number and code do not fit together, or the code was used or is too old."),
                 true);
        return;
    }
    bool keys = r.enrols || r.recovered;
    if (logging.back &&
        !stop_notice(request, &r.account, NULL,
                     N_("Aina: somebody came in to your page by a code on paper. If it was not "
                        "you, stop it here:"),
                     logging.stop, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (login_begin(request, response, &r.account, r.levels, logging.back ? WAY_RECOVERY : way->way))
        http_redirect(response, 303, keys ? "/me/keys" : "/login/done");
}

static void post_code(struct http_request *request, struct http_response *response)
{
    log_in(request, response, &ways[FACTOR_CODE]);
}

static void post_app(struct http_request *request, struct http_response *response)
{
    log_in(request, response, &ways[FACTOR_TOTP]);
}

static void post_message_code(struct http_request *request, struct http_response *response)
{
    log_in(request, response, &ways[FACTOR_SMS]);
}

/* The same page whether there was a phone to send to. */
static void post_message(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct factor_attempt attempt = {0};
    struct webauthn_site site;
    struct account account;
    uint8_t browser[32];
    int64_t wait;
    bool real;
    struct err err;
    if (!typed_number(request, &attempt)) {
        http_status(response, 422);
        way_page(request, response, &ways[FACTOR_SMS], form_not_a_number, NULL, false);
        return;
    }
    login_site(request, &site);
    login_browser(request, response, browser);
    struct str words = words_in(web->api.jurisdiction, web_visitor(request)->language,
                                N_("Aina: code to log in. Tell it to nobody, whoever asks."));
    if (!factor_account(web->api.people, web_db(request), attempt.scheme, attempt.number, &account, &real,
                        &err) ||
        !sms_send(web->api.people, web_db(request), web->messages, &account, browser, words, site.rp_id,
                  clock_now(), &wait, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    way_page(request, response, &ways[FACTOR_SMS], NULL,
             wait ? N_("Too many messages were asked for. Wait a little.") : NULL, wait == 0);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/login/code",
     .handler = get_code,
     .access = WEB_ANYONE,
     .summary = "A code on paper"},
    {.method = HTTP_POST,
     .path = "/login/code",
     .handler = post_code,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Log in by a code on paper"},
    {.method = HTTP_GET,
     .path = "/login/app",
     .handler = get_app,
     .access = WEB_ANYONE,
     .summary = "An authenticator app"},
    {.method = HTTP_POST,
     .path = "/login/app",
     .handler = post_app,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Log in by an authenticator app"},
    {.method = HTTP_GET,
     .path = "/login/message",
     .handler = get_message,
     .access = WEB_ANYONE,
     .summary = "A code by message"},
    {.method = HTTP_POST,
     .path = "/login/message",
     .handler = post_message,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Send a code"},
    {.method = HTTP_POST,
     .path = "/login/message/code",
     .handler = post_message_code,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Log in by a code by message"},
};
const struct web_table web_factors = {routes, ARRAY_LEN(routes)};
