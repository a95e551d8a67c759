/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: the pages of a service as sheets: found, read, asked, checked.
 *
 * Pure functions of the folder, the answers so far and the day; src/web/services.c and apply.c bring what is
 * stored. A channel that cannot show pages asks in the same order and with the same words: service_question()
 * is the whole of one question, and what is answered goes through answer_typed().
 */
#ifndef SHEET_SERVICE_H
#define SHEET_SERVICE_H

#include "case/deadline.h"
#include "case/journey.h"
#include "sheet/sheet.h"

/* --- finding --- */

/* Services that fit a few letters, in any language of the folder, best first: without regard to case and
 * accents, and to letters that keyboards lack (қ for к, ö for o). Each word of the query must begin a word of
 * the name, stand within it, or stand in the summary or a life event. An empty query finds none. */
size_t services_find(const struct jurisdiction *j, struct str query, struct arena *arena,
                     const struct service ***ret_services);
/* The letters by which words are compared. */
struct str text_folded(struct str text, struct arena *arena);

/* `query` empty: by life events. */
void services_page(struct sheet *sheet, struct str query, bool all);

/* --- one service --- */

enum service_way { /* what this visitor can do */
                   BEGIN_LOG_IN,
                   BEGIN_NOW,
                   BEGIN_GO_ON,       /* a draft lies there */
                   BEGIN_NOT_YOURS,   /* for organisations, or for people only */
                   BEGIN_NOT_COVERED, /* by the mandate that one acts by */
                   BEGIN_ELSEWHERE    /* not by the web, or not open at this season */
};
struct service_view {
    enum service_way way;
    int32_t day;
    struct str took; /* how long cases really took, in words; empty: there are none yet */
};
void service_page(struct sheet *sheet, const struct service *s, const struct service_view *view);

/* A life event and its services in one visit; `ways` by life_services(). */
size_t life_services(const struct jurisdiction *j, const struct life_event *event, struct arena *arena,
                     const struct service ***ret_services);
void life_page(struct sheet *sheet, const struct life_event *event, const struct service *const *services,
               const enum service_way *ways, size_t n);

/* --- the form --- */

/* Times that are free, for one field of the service. */
struct slots_offered {
    size_t field;
    const struct str *texts; /* "2026-12-01 09:15" */
    size_t n;
};

struct service_form {
    const struct service *service;
    const struct answer *answers;      /* by field */
    const struct rule_value *values;   /* journey_values() */
    const struct registry *unasked;    /* a registry that could not be asked; NULL: none */
    bool changed;                      /* the service has changed since the form was begun */
    bool change;                       /* one question, asked again from the list of answers */
    const struct str *sent;            /* by field: a file sent for a returned case; NULL: none */
    const struct str *typed, *errors;  /* by field: what was typed and what is wrong with it; NULL: nothing */
    const struct slots_offered *slots; /* NULL: no page asks for a time, or none is known to be free */
};

/* What a registry says is not typed over: who finds it wrong has it corrected by the registry's holder. */
bool answer_held(const struct answer *answer);
/* Whether something on the page is asked: it is shown, and not all of it is held. */
bool page_asks(const struct service_form *form, size_t page, struct arena *arena);

/* /me/apply/ID/PAGE and /me/apply/ID */
struct str form_path(const struct sheet *sheet, const struct service *s, size_t page, bool change);
void service_question(struct sheet *sheet, const struct service_form *form, size_t page);
void service_check(struct sheet *sheet, const struct service_form *form);

/* One field of a form that is begun already. */
void question_ask(struct sheet *sheet, const struct service_form *form, size_t field, bool is_title);

/* What was typed for a field (several answers on lines of their own) as it is stored; false: *ret_wrong says
 * why, in the reader's language. An empty text is fine where the field is not `required`. */
MUST_USE bool answer_typed(const struct words *w, const struct service_field *field, struct str typed,
                           bool required, struct str *ret_text, struct str *ret_wrong);

/* --- parts that other pages of services use --- */

struct str answer_words(const struct words *w, const struct service_field *field, struct str text);
struct str term_words(const struct words *w, struct term term);
struct str basis_words(const struct words *w, const struct basis *basis); /* "law, article" */
struct str channel_words(const struct words *w, enum channel channel);
void rules_told(struct sheet *sheet, const struct service *s, const struct rule_value *values);
#define ANSWER_AT_COUNTER "at-counter" /* of a file that is handed in at a counter */

#endif
