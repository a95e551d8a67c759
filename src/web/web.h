/* SPDX-License-Identifier: Apache-2.0 */
/* web.h: pages for people. What a person who adds pages needs to know.
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
 *
 * Routes. Each file of pages has a table and one line in web.c's list of tables. `access` says who may come;
 * it is checked in one place, before the handler. A POST of a form is let through only from our own pages
 * and with the form token, which form_start() writes and nobody else needs to think of: handlers see checked
 * requests only. After a POST that changed something answer http_redirect(response, 303, ...).
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

/* --- a page --- */

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

/* --- forms (form.c) --- */

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
