/* SPDX-License-Identifier: Apache-2.0 */
/* login.h: what the pages of logging in share: the site, the browser's own cookie, forms that a passkey
 * fills, and stepping up in place.
 *
 * A form with a passkey is an ordinary form with hidden fields; passkey.js fills and sends it. Who steps up
 * keeps what was typed: the waiting form's fields travel with the passkey's, and are sent on by one press
 * afterwards.
 */
#ifndef WEB_LOGIN_H
#define WEB_LOGIN_H

#include "people/passkey.h"
#include "people/told.h"
#include "web/form.h"

#define LOGIN_BODY_MAX 65536 /* of a form that carries a passkey's answer */

/* The domain and origin of our pages, in the request's arena. */
void login_site(const struct http_request *request, struct webauthn_site *ret_site);
/* SHA-256 of a cookie that this browser has alone; made when it has none. */
void login_browser(struct http_request *request, struct http_response *response, uint8_t out[32]);
/* "Firefox, Android": what a person recognises a browser by. */
struct str login_device(const struct http_request *request);

/* <form data-passkey="get">, for logging in: fields of the caller may follow, then passkey_form_end. */
void passkey_form_get(struct page *page, struct str action, const char *route_path);
/* <form data-passkey="create">, for a new passkey of this account. */
MUST_USE bool passkey_form_create(struct page *page, struct str action, const char *route_path,
                                  const struct account *account, struct err *err);
void passkey_form_end(struct page *page, const char *msgid);

/* The answer of a "get" form. `account` NULL: whoever the key's is. Refused: NULL result and false without
 * error are told apart by *ret_refused. */
MUST_USE bool passkey_form_log_in(struct http_request *request, struct http_response *response,
                                  const struct account *account, struct passkey_session *session,
                                  struct passkey_result *ret_result, bool *ret_refused, struct err *err);
/* The same of who is logged in already as this account. False: answered. */
MUST_USE bool passkey_form_touched(struct http_request *request, struct http_response *response,
                                   const struct account *account, struct passkey_result *ret_result);
/* *ret_young: for a day it only reads (recovery.h). */
MUST_USE bool passkey_form_enrol(struct http_request *request, struct http_response *response,
                                 const struct account *account, struct str label, bool *ret_refused,
                                 bool *ret_young, struct err *err);

/* Begins the session of who has shown to be this account. False: answered (no office today, no such state).
 */
MUST_USE bool login_begin(struct http_request *request, struct http_response *response,
                          const struct account *account, struct levels levels, enum log_in_way way);

/* Instead of the page asked for: a passkey first. The form that was sent waits in hidden fields. */
void step_up_page(struct http_request *request, struct http_response *response);
/* Is the log-in as sure as this needs? False: answered with the page of stepping up. */
MUST_USE bool login_reaches(struct http_request *request, struct http_response *response, struct levels need);

/* For what asks for a touch of its own: is this form sent on from a passkey that was touched for it just now?
 * False: answered with the page of stepping up. A demonstration's log-ins have none to touch. */
MUST_USE bool login_touched(struct http_request *request, struct http_response *response);

/* May this session add and take away ways to log in? By passkey, or by a code that was given for it. */
bool login_may_change(const struct caller *caller);

/* A change of one's own ways in, and its entry in one's list, in one transaction; the reply is held for it.
 * `outcome` as in told.h; where `change` finds that nothing changes, it sets
 * told->nothing. */
struct login_change {
    struct http_request *request;
    struct told told; /* filled in */
};
MUST_USE bool login_change(struct http_request *request, struct http_response *response, const char *outcome,
                           db_tx_fn *change, struct login_change *arg, struct err *err);

/* stop.c. A message to the account's phone: with the address that stops a recovery (recovery.h) where there
 * is a code for it, else the plain one. */
MUST_USE bool stop_notice(struct http_request *request, const struct account *account,
                          const char *plain_msgid, const char *msgid, const char *code, struct err *err);
/* On one's own pages: that somebody came in so, with the button that stops it; nothing where nobody did. */
MUST_USE bool stop_offer(struct page *page, struct err *err);

/* Where to after a log-in: the page for whose sake it was begun (/login?to=PATH), once; else `otherwise`. */
const char *login_goal(struct http_request *request, struct http_response *response, const char *otherwise);
/* A path of our own, nothing that a browser could read as another host. */
bool own_path(struct str path);

#endif
