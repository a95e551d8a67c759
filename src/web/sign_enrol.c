/* SPDX-License-Identifier: Apache-2.0 */
/* sign_enrol.c: one signature to be let in and make a passkey. Its evidence is kept for the person, and that
 * it was used stands in their list. */
#include <stdio.h>

#include "base/clock.h"
#include "people/recovery.h"
#include "people/told.h"
#include "web/login.h"
#include "web/sign.h"
#include "web/web_private.h"

/* --- the first time: to make a passkey --- */

static void get_first(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    if (!sign_possible(p->web)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, T(p, "Log in with your signing key"), STR("/login"), NULL, 0);
    MARKUP(
        p, "<p class=\"lead\">{}</p><ol><li>{}</li><li>{}</li><li>{}</li></ol>",
        T(p, "You need it once. After that a passkey on your phone or computer lets you in."),
        T(p, "We write a text that says what you ask for, on which site and when."),
        T(p, "You sign it: with a program on a computer, with the app on a phone, or as a file."),
        T(p,
          "You make a passkey. Where you have one already, the new one opens only your page for a day, and "
          "we send a message to your phone."));
    page_note(p, "info", T(p, "We never ask for your key's file or its password. Whoever does is not us."));
    form_start(p, STR("/login/signature"), "/login/signature");
    form_end(p, N_("Write the text"));
    page_end(p);
}

static void post_first(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct account nobody = {.kind = CALLER_NOBODY}, own = account_of(&p->visitor->caller);
    const struct sign_want want = {
        .title = T(p, "A passkey for my page"),
        .words =
            T(p, "I ask to be let in on this site with the browser named below, and to make a passkey with "
                 "it that opens my page from now on."),
        .matter = STR("passkey")};
    sign_begin(request, response, SIGNING_ENROL,
               p->visitor->caller.kind == CALLER_PERSON && !p->visitor->caller.demo ? &own : &nobody, &want,
               STR("/me/keys"));
}

/* --- a passkey --- */

struct enrolment {
    struct web *web;
    struct signing *signing;
    struct account account;
    struct str entry; /* words of the entry */
    struct str levels;
    char stop[CODE_SIZE];
    struct told told;
};

static bool use(struct db *db, void *arg, struct err *err)
{
    struct enrolment *e = arg;
    struct signing once = *e->signing; /* the transaction may be tried again */
    char name[64];
    snprintf(name, sizeof name, "enrol %s", e->signing->id);
    e->told = (struct told){.kind = KIND_LOG_IN,
                            .person = e->account.person,
                            .capacity = STR("self"),
                            .levels = e->levels,
                            .outcome = STR("signed"),
                            .reason = e->entry};
    uint64_t keys;
    e->stop[0] = '\0';
    return signing_spend(e->web->api.people, db, &once, err) &&
           passkey_count(e->web->api.people, db, &e->account, &keys, err) &&
           (keys == 0 || recovery_begin(e->web->api.people, db, &e->account, clock_now(), e->stop, err)) &&
           signing_evidence_keep(e->web->api.people, db, str_of(name), &e->account, e->signing, clock_now(),
                                 err);
}

/* Whose the certificate is: a person of the root register, and, where somebody was logged in, the same one.
 */
static bool person_of(struct http_request *request, struct http_response *response, const struct signing *s,
                      struct account *ret)
{
    struct web *web = web_of(request);
    bool found;
    struct err err;
    *ret = (struct account){.kind = CALLER_PERSON};
    if (!people_find(web->api.people, web_db(request), s->scheme, s->number, &found, &ret->person, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (found &&
        (s->account.kind != CALLER_PERSON || memcmp(s->account.person.pid, ret->person.pid, PID_SIZE) == 0))
        return true;
    http_problem(request, response, 403, "not-allowed", "%s",
                 N_("The number in your certificate is not known here. Go to a counter with your document: "
                    "there you are entered, and get a code."));
    return false;
}

void sign_end_enrol(struct http_request *request, struct http_response *response, struct signing *s)
{
    struct web *web = web_of(request);
    const struct levels levels = {MIN_OF(s->ial, (unsigned)LEVELS_MAX), 2, false};
    char levels_said[LEVELS_TEXT_SIZE];
    struct enrolment e = {
        .web = web, .signing = s, .entry = signing_evidence_words(s->evidence, http_arena(request))};
    uint64_t position;
    struct err err;
    if (!person_of(request, response, s, &e.account))
        return;
    levels_text(levels, levels_said);
    e.levels = str_of(levels_said);
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, use, &e, &e.told, &position, &err) ||
        !stop_notice(request, &e.account,
                     N_("Aina: your signing key was used to log in to your page. If it was not you, go "
                        "there at once and end all log-ins."),
                     N_("Aina: your signing key was used to log in to your page. If it was not you, stop it "
                        "here:"),
                     e.stop, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    if (login_begin(request, response, &e.account, levels, e.stop[0] != '\0' ? WAY_RECOVERY : WAY_SIGNATURE))
        http_redirect(response, 303, "/me/keys");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/login/signature",
     .handler = get_first,
     .access = WEB_ANYONE,
     .summary = "Log in with a signing key, to make a passkey"},
    {.method = HTTP_POST,
     .path = "/login/signature",
     .handler = post_first,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Write the text to be signed"},
};
const struct web_table web_sign_enrol = {routes, ARRAY_LEN(routes)};
