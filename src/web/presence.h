/* SPDX-License-Identifier: Apache-2.0 */
/* presence.h: how an official shows that the person is in front of them: the identity document was seen, or a
 * code that the person's own phone gets was read out. Nobody is searched for: the number is typed, and asking
 * for one that nobody has is an entry in the agency's list.
 */
#ifndef WEB_PRESENCE_H
#define WEB_PRESENCE_H

#include "web/web_private.h"

#define PRESENCE_KEPT 2

/* The page on which the code is typed. */
struct presence_form {
    const char *title, *back, *action, *button;
    const char *kept[PRESENCE_KEPT]; /* fields of the form before, that travel on; NULL: no more */
};

struct present {
    struct account account;
    struct str ground; /* how it was shown, for the entry: presence_words */
};

struct form_field presence_number(const struct page *page);   /* "number" */
struct form_field presence_way(const struct page *page);      /* "presence" */
struct form_field presence_document(const struct page *page); /* "document" */
/* What is wrong stands in the fields; the number in plain form in `normal`. */
void presence_check(const struct page *page, struct form_field *number, struct form_field *way,
                    struct form_field *document, char normal[32]);

/* Who acts for somebody at a counter does nothing for another meanwhile. False: answered. */
MUST_USE bool presence_free(struct http_request *request, struct http_response *response);

enum presence { PRESENCE_ANSWERED, PRESENCE_SHOWN, PRESENCE_NOBODY };
/* After presence_check. ANSWERED: the page of the code, or a problem. NOBODY: `number` says so, the asking
 * (in this capacity, for this purpose) is logged, and the reply held for it. */
MUST_USE enum presence presence_ask(struct page *page, const struct presence_form *form,
                                    const char normal[32], struct str capacity, struct str purpose,
                                    struct form_field *number, struct present *ret_present);
/* The code as it was typed. False: answered. */
MUST_USE bool presence_code(struct page *page, const struct presence_form *form, struct present *ret_present);
void presence_not_a_number(struct page *page); /* the problem of a form that was changed on its way */

/* A message to the person's phone, without content: who else reads it learns nothing. */
MUST_USE bool presence_tell_phone(struct http_request *request, const struct account *person,
                                  const char *msgid, struct err *err);

#endif
