/* SPDX-License-Identifier: Apache-2.0 */
/* kept.h: a form that cannot be taken because its log-in has ended, or because it lay too long, loses nothing
 * of what was typed.
 *
 * What was typed stays where it is: in the browser. The answer to such a form is a page that holds its fields
 * again, hidden, in a form to the same address. Nothing is stored here, nothing stands in an address or a
 * log.
 *
 * - The session is over: 401 and a page that holds the fields and the form's token as it was. Log-in opens
 *   in a new window and ends at /kept; here one presses "I have logged in: go on", which sends the same once
 *   more. Not logged in yet: the same page again.
 * - The token is old: 403 and a page that holds the fields and a fresh token: "Send it". So nothing is sent
 *   that its sender has not pressed for in the session that does it.
 * - Somebody else: 403 in words, and nothing of what was typed.
 *
 * Whose a form is: its token has a keyed hash of who acts and for whom (people.h), which holds in any session
 * for PEOPLE_FORM_KEPT_HOURS. Who logged in as another, or acts for another or no more for the same person,
 * has another hash. While nobody is logged in it cannot be checked, and need not be: the page gives the
 * browser back what that same request brought, and nothing is sent before it is checked.
 *
 * Asked for by our own pages only (http_same_origin), so no other site can have its words shown here. At most
 * KEPT_MAX bytes. Never of forms that log in, change keys or carry a code; nor of files, which the browser
 * alone can send again: those are told in words (web_error_page).
 */
#ifndef WEB_KEPT_H
#define WEB_KEPT_H

#include "web/page.h"

#define KEPT_MAX 131072 /* the largest form that is typed: a record of a registry */

/* What may be kept of the form that was sent; *ret_token is its own. */
bool kept_possible(const struct http_request *request, struct str *ret_token);
/* Its fields, hidden, and the token as it was, under a button: for a page that refuses what may become right.
 */
void kept_form(struct page *page, struct str token, const char *msgid);

/* Instead of refusing the form that was sent: false when there is nothing to keep, and it is refused as ever.
 */
MUST_USE bool kept_page(struct http_request *request, struct http_response *response);

#endif
