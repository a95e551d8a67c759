/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c: a person's own documents, on the screen and to print. Each reply waits until the document's
 * entry is durable. */
#include "base/clock.h"
#include "document/letter.h"
#include "web/web_private.h"

#define LISTED_MAX 100

static int32_t day_of(const struct page *p, int64_t seconds)
{
    return local_day(p->j, seconds * CLOCK_SECOND);
}

static size_t language_index(const struct jurisdiction *j, struct str language)
{
    size_t l = 0;
    while (l < j->languages_n && !str_eq(j->languages[l], language))
        l++;
    return l < j->languages_n ? l : 0;
}

static bool hold(struct page *p, const struct document *doc, struct err *err)
{
    uint64_t position;
    if (!document_hold(p->web->documents, web_db(p->request), doc, &position, err))
        return false;
    if (position != 0)
        http_hold(p->response, position);
    return true;
}

/* What became of it: empty while it is valid. */
static struct str state_of(const struct page *p, const struct document *doc)
{
    if (doc->replaced_by.n != 0)
        return TF(p, "Not valid since {}: replaced by {}", page_day(p, day_of(p, doc->revoked)),
                  doc->replaced_by);
    if (doc->revoked != 0)
        return TF(p, "Not valid since {}: {}", page_day(p, day_of(p, doc->revoked)), doc->reason);
    if (doc->expires != 0 && clock_now() / CLOCK_SECOND >= doc->expires)
        return TF(p, "Not valid any more: it was valid until {}", page_day(p, day_of(p, doc->expires - 1)));
    return (struct str){"", 0};
}

/* --- the list --- */

static void write_line(struct page *p, const struct document *doc)
{
    struct str state = state_of(p, doc);
    MARKUP(p, "<li><a href=\"/me/documents/{}\">{}</a><p>{}, {}</p>", str_of(doc->number),
           doc->title[language_index(p->j, p->language)], str_of(doc->number),
           page_day(p, day_of(p, doc->issued)));
    if (state.n != 0)
        MARKUP(p, "<p>{}</p>", state);
    MARKUP(p, "</li>");
}

static void get_documents(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct document *list;
    struct err err;
    size_t n;
    bool ok;
    page_init(p, request, response);
    ok = documents_of_person(p->web->documents, web_db(request), p->visitor->caller.person.pid, p->arena,
                             &list, &n, &err);
    for (size_t i = 0; ok && i < MIN_OF(n, (size_t)LISTED_MAX); i++)
        ok = hold(p, &list[i], &err);
    if (!ok) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "My documents"), STR("/me"), NULL, 0);
    if (n == 0)
        page_note(p, "info", T(p, "No document has been issued to you here yet."));
    MARKUP(p, "<ul class=\"ways\">");
    for (size_t i = 0; i < MIN_OF(n, (size_t)LISTED_MAX); i++)
        write_line(p, &list[i]);
    MARKUP(p, "</ul>");
    if (n > LISTED_MAX)
        page_note(p, "info", T(p, "Only the newest hundred are shown."));
    page_end(p);
}

/* --- one document --- */

/* Another person's is not told apart from none. */
static bool read_own(struct page *p, struct str number, struct document *doc)
{
    struct err err;
    if (!document_read(p->web->documents, web_db(p->request), number, p->arena, doc, &err) ||
        (memcmp(doc->pid, p->visitor->caller.person.pid, PID_SIZE) != 0 &&
         !err_set(&err, ERR_NOT_FOUND, "document", "there is no document of this number")) ||
        !hold(p, doc, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    return true;
}

static struct str site_words(const struct page *p)
{
    return str_of(arena_printf(p->arena, "%s/check", documents_site(p->web->documents)));
}

/* The largest certainty that fits: paper suffers. */
static bool make_qr(struct page *p, const struct document *doc, size_t language, enum qr_level level,
                    struct qr *qr, struct err *err)
{
    return qr_make(doc->code[language], level, p->arena, qr, err) ||
           qr_make(doc->code[language], QR_SCREEN, p->arena, qr, err);
}

static bool write_qr(struct page *p, const struct document *doc, size_t language)
{
    struct qr qr;
    struct buf path;
    struct err err;
    if (!make_qr(p, doc, language, QR_SCREEN, &qr, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    struct str side = str_of(arena_printf(p->arena, "%d", qr.width + 2 * QR_QUIET));
    buf_in(&path, p->arena, 1 << 18);
    qr_path(&qr, &path);
    MARKUP(p,
           "<figure class=\"code\"><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><path "
           "d=\"{}\"/></svg>"
           "<figcaption>{}</figcaption></figure>",
           side, side, T(p, "The document’s code"), buf_view(&path),
           TF(p, "Anybody can check it at {}", site_words(p)));
    return true;
}

static void write_files(struct page *p, const struct document *doc)
{
    MARKUP(p, "<h2>{}</h2><ul>", T(p, "To print or send"));
    for (size_t l = 0; l < p->j->languages_n; l++) {
        struct str path = page_path(p, arena_printf(p->arena, "/me/documents/%s.pdf", doc->number),
                                    "language", p->j->languages[l], NULL);
        MARKUP(p, "<li><a href=\"{}\" lang=\"{}\" hreflang=\"{}\">{} (PDF)</a></li>", path,
               p->j->languages[l], p->j->languages[l], p->j->language_names.in[l]);
    }
    MARKUP(p, "</ul>");
}

static void write_document(struct page *p, const struct document *doc)
{
    size_t l = language_index(p->j, p->language);
    struct str state = state_of(p, doc);
    page_open(p, doc->title[l], STR("/me/documents"), NULL, 0);
    if (state.n != 0)
        page_note(p, "bad", state);
    MARKUP(p, "<section class=\"card\"><p class=\"data\">{}</p>", doc->words[l]);
    facts_start(p);
    fact(p, T(p, "Document number"), str_of(doc->number));
    fact(p, T(p, "Issued on"), page_day(p, day_of(p, doc->issued)));
    if (doc->expires != 0)
        fact(p, T(p, "Valid until"), page_day(p, day_of(p, doc->expires - 1)));
    if (doc->agency != NULL)
        fact(p, T(p, "Issued by"), page_texts(p, &doc->agency->name));
    fact(p, T(p, "Case"), str_of(doc->case_no));
    facts_end(p);
    MARKUP(p, "</section>");
    if (doc->qr && !write_qr(p, doc, l))
        return;
    write_files(p, doc);
    page_end(p);
}

/* --- PDF --- */

static void add_fact(struct letter *letter, struct str name, struct str value)
{
    letter->fact[letter->facts_n].name = name;
    letter->fact[letter->facts_n++].value = value;
}

static void send_pdf(struct page *p, const struct document *doc)
{
    struct str wanted = p->language, pdf;
    struct qr qr;
    struct err err;
    http_query(p->request, "language", &wanted);
    size_t l = language_index(p->j, wanted);
    p->language = p->j->languages[l];
    struct letter letter = {.font = p->web->font,
                            .language = p->language,
                            .issuer = doc->agency != NULL ? page_texts(p, &doc->agency->name) : STR(""),
                            .title = doc->title[l],
                            .words = doc->words[l],
                            .watermark = state_of(p, doc),
                            .made = doc->issued};
    add_fact(&letter, T(p, "Document number"), str_of(doc->number));
    add_fact(&letter, T(p, "Issued on"), page_day(p, day_of(p, doc->issued)));
    if (doc->expires != 0)
        add_fact(&letter, T(p, "Valid until"), page_day(p, day_of(p, doc->expires - 1)));
    add_fact(&letter, T(p, "Case"), str_of(doc->case_no));
    bool ok = true;
    if (doc->qr) {
        ok = make_qr(p, doc, l, QR_PAPER, &qr, &err);
        letter.qr = &qr;
        letter.check = TF(p, "Anybody can check it at {}", site_words(p));
        letter.beware =
            T(p, "Paper and stamps prove nothing: the code does. It does not prove whose hands it is in; "
                 "compare the name with an identity document.");
    }
    if (!ok || !letter_pdf(&letter, p->arena, &pdf, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    http_out_static(p->response, pdf);
    http_type(p->response, "application/pdf");
    http_add_header(p->response, "Content-Disposition",
                    arena_printf(p->arena, "inline; filename=\"%s.pdf\"", doc->number));
}

static void get_document(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct document doc;
    struct str number = http_part(request, 0);
    bool pdf = str_ends(number, STR(".pdf"));
    if (pdf)
        number.n -= strlen(".pdf");
    page_init(p, request, response);
    if (read_own(p, number, &doc))
        (pdf ? send_pdf : write_document)(p, &doc);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/documents",
     .handler = get_documents,
     .access = WEB_PERSON,
     .summary = "My documents"},
    {.method = HTTP_GET,
     .path = "/me/documents/{number}",
     .handler = get_document,
     .access = WEB_PERSON,
     .summary = "A document, as a page or as PDF"},
};
const struct web_table web_documents = {routes, ARRAY_LEN(routes)};
