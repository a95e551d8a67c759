/* SPDX-License-Identifier: Apache-2.0 */
/* form.h: forms of pages. Each posts with the form token of the visitor's session; what is wrong stands at
 * its field and, as a link, at the head of the page (page_open). */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include "web/page.h"

enum form_kind { FORM_TEXT, FORM_AREA, FORM_SELECT, FORM_RADIOS, FORM_SOME, FORM_CHECK, FORM_HIDDEN };

struct form_option {
    struct str value, text;
};

/* FORM_SOME: several of the options; the value has one on each line. All texts are looked up already. `name`
 * is the form's field and, where a page has one form of the kind, the element's id. Fields are needed unless
 * `optional`, which is said beside the label. */
struct form_field {
    enum form_kind kind;
    const char *name;
    struct str label, hint, value, error;
    const struct form_option *options; /* of FORM_SELECT and FORM_RADIOS */
    size_t options_n;
    unsigned max; /* characters; 0: none said */
    bool optional;
    const char *autocomplete, *inputmode; /* NULL: off, text */
    bool titled;    /* its label is the page's <h1 id="title"> and is not written again */
    const char *id; /* NULL: the name */
};

/* A form that posts to `action`, whose route has this `path`; writes the token. `method` is "post" always. */
void form_start(struct page *page, struct str action, const char *route_path);
void form_field(struct page *page, const struct form_field *field);
void form_end(struct page *page, const char *msgid); /* with its one button */
/* How strongly a button is drawn: what most people come to the page for; beside that; what cannot be undone.
 */
enum form_weight { FORM_MAIN, FORM_SECOND, FORM_WARNING };
void form_end_as(struct page *page, enum form_weight weight, const char *msgid);
/* A form of one button: for acts that need no words. `hidden` may be NULL (its name and value are sent). */
void form_button(struct page *page, struct str action, const char *route_path, struct str label,
                 const struct form_field *hidden);
void form_button_as(struct page *page, enum form_weight weight, struct str action, const char *route_path,
                    struct str label, const struct form_field *hidden);
bool form_wrong(const struct form_field *fields, size_t n);
/* A GET form that filters the page it stands on. */
void filter_start(struct page *page, const char *path);
void filter_end(struct page *page);

/* The one value of a form's field, trimmed; empty when absent. */
struct str form_value(const struct http_request *request, const char *name);

#endif
