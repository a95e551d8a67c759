/* SPDX-License-Identifier: Apache-2.0 */
/* web.h: pages for people: what they stand on, who may come, and the session they come with. How a page is
 * written: web/page.h; forms: web/form.h.
 *
 * Routes. Each file of pages has a table and one line in web.c's list of tables. `access` says who may come;
 * it is checked in one place, before the handler. A POST of a form is let through only from our own pages
 * and with the form token, which form_start() (web/form.h) writes and nobody else needs to think of: handlers
 * see checked requests only. After a POST that changed something answer http_redirect(response, 303, ...).
 *
 * Everything is no-store unless the handler says otherwise. A reply with personal data that the gate gave is
 * held: http_hold(response, position).
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "api/api.h"
#include "case/beside.h"
#include "issue/issue.h"
#include "jurisdiction/words.h"
#include "people/signing.h"
#include "people/webauthn.h"
#include "web/demo.h"

/* What all handlers stand on: http_arg(). The API's handlers see its first member. */
struct web {
    struct api api;
    struct cases *cases;
    struct documents *documents;
    const char *font;      /* of documents to print; NULL: letter.h's */
    struct beside *beside; /* messages, co-signers, fees, files, bookings of cases */
    bool demo;             /* log-in by button: web/demo.h */
    int64_t started;       /* when this server did */
    struct demo_mark demo_mark;
    /* Logging in: see login.h. */
    const char *site;                     /* "https://aina.example"; NULL: http://localhost and the port */
    const char *messages;                 /* folder of short messages that leave */
    const struct webauthn_models *models; /* officials' authenticators; NULL: any that cannot be copied */
    struct signing_judge judge;           /* whose signatures count; web/sign.h */
};

/* Who may come: bits of http_route.access. A route of a page without any is refused at start. */
enum web_access {
    WEB_ANYONE = 1,
    WEB_PERSON = 2,
    WEB_OFFICIAL = 4, /* whose office may look for some purpose */
    WEB_REVIEWER = 8,
    WEB_AUDITOR = 16,
    WEB_SELF = 32, /* whoever is logged in, at any level: for their own keys */
    WEB_ADMINISTRATOR = 64,
    WEB_COUNTER = 2048,     /* whose office acts for people in front of it; while it does, WEB_PERSON too */
    WEB_CASES = 128,        /* whose office works on cases, or leads one that does */
    WEB_FOR_OTHERS = 1024,  /* besides: open while acting for another; else a person's pages are their own */
    WEB_RECORDS = 8192,     /* whose office records mandates that are given before it */
    WEB_OWN_CASES = 131072, /* whose office opens cases of its own (purposes.yaml: own-cases) */
    WEB_ENDED =
        16384, /* besides: open when the mandate that one acted by has ended; other pages then say so */
    WEB_PASSKEY = 512,  /* besides: only after a log-in by passkey; else the form waits while one steps up */
    WEB_NO_TOKEN = 256, /* a POST without form token; still from our own pages only */
    WEB_READS = 65536,  /* besides: a POST that changes nothing of the person's; else a session that came back
                           by  a code (recovery.h) steps up first */
    WEB_PROGRAM = 32768, /* besides: called by a program that shows another secret than a browser's cookie */
};

/* Who came: found before the handler from the session's cookie; never NULL in a handler. */
struct visitor {
    struct caller caller;        /* kind CALLER_NOBODY: not logged in */
    unsigned access;             /* which of the bits above hold */
    struct str secret;           /* of the session's cookie; empty: none */
    struct str language;         /* of the jurisdiction folder's */
    const struct agency *agency; /* of an official, reviewer or auditor; else NULL */
    const struct office *office;
};

struct web *web_of(const struct http_request *request);
struct db *web_db(const struct http_request *request); /* this thread's connection */
const struct visitor *web_visitor(const struct http_request *request);

/* For the server: all tables of pages and the API's in one; the hooks of http_config. */
const struct http_route *web_join_routes(struct arena *arena, size_t *ret_n);
bool web_before(struct http_request *request, struct http_response *response);
void web_after(struct http_request *request);
void web_error_page(struct http_request *request, struct http_response *response,
                    const struct http_failure *failure);

/* Begins a session for this caller and sets its cookie; ends the one there was. `language` is set from the
 * visitor. False: answered with the problem. */
#define WEB_SESSION_PERSON (12 * 3600 * CLOCK_SECOND)
#define WEB_SESSION_OFFICIAL (8 * 3600 * CLOCK_SECOND)
MUST_USE bool web_log_in(struct http_request *request, struct http_response *response, struct caller *caller);
/* The visitor is who this secret's session says, from now on; ends the one there was. */
MUST_USE bool web_adopt(struct http_request *request, struct http_response *response, struct str secret);
/* The session goes on under a new secret as this caller: another level, or acting for another. */
MUST_USE bool web_renew(struct http_request *request, struct http_response *response,
                        const struct caller *caller);
/* Ends the session and forgets its cookie. */
void web_log_out(struct http_request *request, struct http_response *response);
/* A counter clerk who acts for the person in front of them (assist.c): what they file is filed at a counter.
 */
bool web_assists(const struct visitor *visitor);
enum channel web_channel(const struct visitor *visitor);
/* Where each kind of caller begins: "/me", "/desk", "/review", "/audit"; "/" for nobody. */
const char *web_start_of(const struct visitor *visitor);

#endif
