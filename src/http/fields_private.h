/* SPDX-License-Identifier: Apache-2.0 */
/* fields_private.h: what stands in queries, forms, cookies and headers, taken apart. Pure: no I/O, no
 * library. Texts point into what was given or live in the arena. */
#ifndef HTTP_FIELDS_PRIVATE_H
#define HTTP_FIELDS_PRIVATE_H

#include "http/http.h"

struct http_field {
    struct str name, value;
};

struct http_fields { /* at most HTTP_FIELDS_MAX */
    struct http_field *at;
    size_t n;
};

/* Query or form (application/x-www-form-urlencoded). On false *ret_why is a sentence. */
MUST_USE bool http_fields_parse(struct arena *arena, struct str text, struct http_fields *ret_fields,
                                const char **ret_why);
/* Adds the pairs of one Cookie header; pairs that RFC 6265 does not allow are left out. */
void http_cookies_parse(struct arena *arena, struct str text, struct http_fields *fields);
size_t http_fields_find(const struct http_fields *fields, const char *name, struct str *ret_value);

/* "%41" to "A", and with `plus` "+" to " ". False on a bad escape, or a result that is not UTF-8 or has
 * control characters (tab and line ends are let through). */
MUST_USE bool http_percent_decode(struct arena *arena, struct str text, bool plus, struct str *ret_text);

bool http_is_token(struct str text);
bool http_same_text(struct str a, const char *b);       /* ASCII letters in either case */
bool http_list_has(struct str list, const char *token); /* "gzip;q=0" is not in the list */

#endif
