/* SPDX-License-Identifier: Apache-2.0 */
/* page.h: a page is written: markup, texts, tables, lists of facts.
 *
 * Pages are made on the server, work without scripts, and are written straight into the reply's buffer:
 *
 *     static void get_thing(struct http_request *request, struct http_response *response)
 *     {
 *         struct page page, *p = &page;
 *         page_start(p, request, response, N_("Things"));        title, header, <main>, <h1>
 *         MARKUP(p, "<p class=\"lead\">{}: <bdi>{}</bdi></p>", T(p, "Name"), name);
 *         page_end(p);                                           footer
 *     }
 *
 * Markup is always a string literal (MARKUP refuses anything else when compiling) and {} in it is replaced by
 * the next argument, escaped for text and for quoted attributes. There is no way to write a runtime string
 * unescaped. An attribute with {} stands in double quotes; an address is a path of our own that begins with
 * '/' in the literal or comes from page_path(). What a person wrote (names, reasons, case numbers) stands in
 * <bdi> or in an element with class "data", so that it cannot turn the text around it.
 *
 * Texts. `const char *` is a msgid of the po files: plain English in T(), TF(), N_() or a parameter named
 * `msgid`; `struct str` is data or a text already looked up. Each msgid needs its kk and ru translation (test
 * web/texts). N_() only marks a msgid for the translators, in tables and where the call looks it up itself.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "web/web.h"

struct page {
    struct buf *out;
    struct arena *arena;
    struct http_request *request;
    struct http_response *response;
    const struct web *web;
    const struct jurisdiction *j;
    const struct visitor *visitor;
    struct str language;
    bool passkey;              /* has a form that passkey.js fills */
    const char *script;        /* another script of ours that the page needs; NULL: none */
    struct known_words *known; /* texts looked up on this page before */
};

/* page_start: everything up to and with <h1>; the title is a msgid. In parts: page_init makes T() and friends
 * work and writes nothing; page_open writes header, <main>, a link back (empty path: none), what is wrong
 * with the form's fields (with links to them; nothing when none has an error), and <h1>. */
void page_start(struct page *page, struct http_request *request, struct http_response *response,
                const char *msgid);
void page_init(struct page *page, struct http_request *request, struct http_response *response);
struct form_field;
void page_open(struct page *page, struct str title, struct str back, const struct form_field *fields,
               size_t fields_n);
/* The same without the <h1>: the caller writes it. */
void page_open_bare(struct page *page, struct str title, struct str back, const struct form_field *fields,
                    size_t fields_n);
void page_end(struct page *page);

void page_markup(struct page *page, struct str literal, const struct str *args, size_t n);
#define MARKUP(page, literal, ...)                                                                           \
    page_markup((page), STR("" literal), (const struct str[]){{NULL, 0}, ##__VA_ARGS__},                     \
                sizeof((const struct str[]){{NULL, 0}, ##__VA_ARGS__}) / sizeof(struct str))

#define T(page, msgid) page_text((page), msgid)
struct str page_text(const struct page *page, const char *msgid);
/* A sentence with {} for data: the translator puts them where the language wants them, in the same order. */
#define TF(page, msgid, ...)                                                                                 \
    page_fill((page), msgid, (const struct str[]){__VA_ARGS__},                                              \
              sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
struct str page_fill(const struct page *page, const char *msgid, const struct str *args, size_t n);
struct str page_texts(const struct page *page, const struct texts *texts); /* of the folder */
struct words page_words(const struct page *page);                          /* for jurisdiction/words.h */

/* Texts for people, in the arena. Days and times in the reader's form and the jurisdiction's zone. */
struct str page_day(const struct page *page, int32_t day);
struct str page_time(const struct page *page, int64_t time); /* day, hours and minutes */
void page_when(struct page *page, struct str iso); /* <time> of an entry's time; "-" when it is not one */
struct str page_number(const struct page *page, uint64_t number);  /* grouped by narrow spaces */
struct str page_money(const struct page *page, struct str amount); /* with the jurisdiction's currency */
/* A field's value as a person reads it: dates, numbers, money, yes and no by the field's type. */
struct str page_value(const struct page *page, const struct field *field, struct str value);
/* "/me/looks?agency=health&before=12": percent-encodes; pairs end with NULL; empty values are left out. */
struct str page_path(const struct page *page, const char *path, ...) __attribute__((sentinel));

void page_note(struct page *page, const char *kind, struct str text); /* "info", "good", "bad" */
/* Older and newer pages of a list; an empty path leaves that side out. */
void page_pages(struct page *page, struct str newer, struct str older);

/* A table that becomes a list on a narrow screen: each cell then carries its column's name. */
#define TABLE_COLUMNS_MAX 8
struct table {
    struct page *page;
    size_t n, at;
    struct str head[TABLE_COLUMNS_MAX];
};
void table_start(struct table *table, struct page *page, struct str caption, const struct str *heads,
                 size_t n);
void table_row(struct table *table);
void table_cell(struct table *table, struct str data);
void table_cell_start(struct table *table); /* MARKUP what stands in it, then table_cell_end */
void table_cell_end(struct table *table);
void table_end(struct table *table);

/* A list of facts: name and value. */
void facts_start(struct page *page);
void fact(struct page *page, struct str name, struct str value); /* nothing when the value is empty */
void facts_end(struct page *page);

#endif
