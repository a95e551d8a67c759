/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.h: a page of a service, produced once and shown in any channel.
 *
 * A sheet is what a page says and asks, without any markup: a title, parts in their order, and at most one
 * form with its questions and its button. It is drawn as HTML by src/web/sheet.c, and as plain text of a
 * given width by sheet_plain(): for terminals, keypads, messages, paper and whoever listens. Both say the
 * same words in the same order (test web/services holds them against each other); the plain form adds numbers
 * to the answers that can be chosen, so that a keypad can answer by number, and the addresses of links.
 *
 *     struct sheet sheet, *s = &sheet;
 *     sheet_start(s, jurisdiction, language, arena);
 *     s->title = S(s, "Check your answers");
 *     sheet_fact(s, name, value);
 *     sheet_form(s, SHEET_POST, path, "/me/apply/{service}");
 *     sheet_button(s, S(s, "Send"));
 *
 * All texts of a sheet are looked up already (jurisdiction/words.h) and live in its arena or longer. S() and
 * SF() look up a msgid. Paths are those of the web; other channels map them or leave them out. Neighbours of
 * one kind make one list: facts, steps, links, items.
 *
 * The pages of services themselves are made by service.h and case_sheet.h: pure functions of the folder, the
 * stored answers and the case. They read nothing and know no channel.
 */
#ifndef SHEET_SHEET_H
#define SHEET_SHEET_H

#include "base/arena.h"
#include "base/buf.h"
#include "jurisdiction/words.h"

enum sheet_kind {
    SHEET_HEADING, /* text */
    SHEET_TEXT,    /* text; style "lead", "small" or NULL */
    SHEET_NOTE,    /* text; style "info", "good" or "bad" */
    SHEET_ITEM,    /* text: of a list with dots */
    SHEET_FACT,    /* name, text; may be changed: path and link */
    SHEET_STEP,    /* name: what was done; text: when and by whom; more: lines of their own */
    SHEET_LINK,    /* name, path; text below it */
    SHEET_ACT,     /* name, path: the way to an act, drawn like a button; style "second" or NULL */
    SHEET_FORM,    /* path, route; begins a form, which SHEET_BUTTON ends */
    SHEET_FIELD,   /* field */
    SHEET_BUTTON   /* text; style "second", "warning" or NULL */
};

enum sheet_ask { ASK_TEXT, ASK_AREA, ASK_ONE, ASK_LIST, ASK_SOME, ASK_HIDDEN };

struct sheet_option {
    struct str value, text;
};

/* A question. `name` is the id of the service's field. */
struct sheet_field {
    enum sheet_ask ask; /* ASK_ONE: one of few; ASK_LIST: one of many; ASK_SOME: several, by lines of value */
    const char *name;
    struct str label, hint, why, value, error;
    const struct sheet_option *options;
    size_t options_n;
    unsigned max; /* characters; 0: none said */
    bool optional;
    bool is_title;                        /* its label is the title of the sheet, and is not said twice */
    const char *autocomplete, *inputmode; /* NULL: off, text */
};

struct sheet_part {
    enum sheet_kind kind;
    const char *style, *route;
    struct str name, text, more, path, link;
    bool get; /* of a form: it asks for a page and changes nothing */
    const struct sheet_field *field;
};

struct sheet {
    struct words w;
    struct str title, caption, back; /* caption: what the page is part of; back: a path, empty: none */
    struct sheet_part *parts;
    size_t n, cap;
};

void sheet_start(struct sheet *sheet, const struct jurisdiction *j, struct str language, struct arena *arena);

#define S(sheet, msgid) words_text(&(sheet)->w, msgid)
#define SF(sheet, msgid, ...)                                                                                \
    words_fill(&(sheet)->w, msgid, (const struct str[]){__VA_ARGS__},                                        \
               sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

/* Each adds a part. Empty texts add nothing. */
void sheet_heading(struct sheet *sheet, struct str text);
void sheet_text(struct sheet *sheet, const char *style, struct str text);
void sheet_note(struct sheet *sheet, const char *style, struct str text);
void sheet_item(struct sheet *sheet, struct str text);
void sheet_fact(struct sheet *sheet, struct str name, struct str value);
/* `link` is what leads to changing it, `path` where. */
void sheet_fact_change(struct sheet *sheet, struct str name, struct str value, struct str link,
                       struct str path);
void sheet_step(struct sheet *sheet, struct str what, struct str when_and_who, struct str more);
void sheet_link(struct sheet *sheet, struct str name, struct str path, struct str below);
void sheet_act(struct sheet *sheet, struct str name, struct str path);
void sheet_act_second(struct sheet *sheet, struct str name, struct str path); /* one that ends things */

enum sheet_method { SHEET_POST, SHEET_GET };
/* `route`: the route's path as in the web's table; its form token is made for it. */
void sheet_form(struct sheet *sheet, enum sheet_method method, struct str path, const char *route);
void sheet_ask(struct sheet *sheet, const struct sheet_field *field); /* is copied */
void sheet_hidden(struct sheet *sheet, const char *name, struct str value);
void sheet_button(struct sheet *sheet, struct str text);
void sheet_button_second(struct sheet *sheet, struct str text);  /* beside the page's main act */
void sheet_button_warning(struct sheet *sheet, struct str text); /* there is no way back */

bool sheet_wrong(const struct sheet *sheet); /* a question has an error */

/* UTF-8, lines ended by LF, none wider than `width` columns (East Asian wide letters take two, combining ones
 * none); words longer than a line are cut. Width below 20 counts as 20. */
void sheet_plain(const struct sheet *sheet, unsigned width, struct buf *out);

#endif
