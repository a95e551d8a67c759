/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: is this document real? For everybody: in the browser (check.js), or by the server when there are
 * no scripts. What is checked is neither kept nor written into any log. And what checkers need: the list of
 * issuers, and the status lists. */
#include "base/clock.h"
#include "document/verify.h"
#include "web/web_private.h"

#define CODE_MAX (PAPER_TEXT_MAX + 4096) /* a form's body, percent-encoded */

/* --- what was found --- */

static const char *kind_of(const struct document_verdict *v, size_t i)
{
    return v->checks[i].status == VERIFY_PROVEN   ? "good"
           : v->checks[i].status == VERIFY_FAILED ? "bad"
                                                  : "open";
}

static const struct outcome {
    const char *kind, *note, *words;
} outcomes[] = {
    {"good", "good", N_("This document is real and valid.")},
    {"bad", "bad", N_("This document is not valid.")},
    {"open", "info", N_("This is not certain.")},
};

static const struct outcome *outcome_of(const struct document_verdict *v)
{
    bool failed = false;
    for (size_t i = 0; i < v->n; i++)
        failed |= v->checks[i].status == VERIFY_FAILED;
    return &outcomes[failed ? 1 : v->valid ? 0 : 2];
}

/* The fields, as the page and the script's template show them. */
static const struct shown {
    const char *field, *label;
} shown[] = {
    {"number", N_("Document number")},
    {"name", N_("Issued to")},
    {"person", N_("Number of the person, its end")},
    {"issued", N_("Issued on")},
    {"expires", N_("Valid until")},
    {"agency", N_("Issued by")},
    {"replaces", N_("In place of")},
};

static struct str agency_name(const struct page *p, struct str id)
{
    const struct agency *agency = jurisdiction_agency(p->j, id);
    return agency != NULL ? page_texts(p, &agency->name) : id;
}

static struct str day_of(const struct page *p, int64_t seconds)
{
    return seconds == 0 ? (struct str){"", 0} : page_day(p, local_day(p->j, seconds * CLOCK_SECOND));
}

static void write_paper(struct page *p, const struct paper *paper)
{
    const struct str values[ARRAY_LEN(shown)] = {paper_get(paper, PAPER_NUMBER),
                                                 paper_get_person(paper, PAPER_PERSON_NAME),
                                                 paper_get_person(paper, PAPER_PERSON_NUMBER),
                                                 day_of(p, paper->issued),
                                                 day_of(p, paper->expires != 0 ? paper->expires - 1 : 0),
                                                 agency_name(p, paper_get(paper, PAPER_AGENCY)),
                                                 paper_get(paper, PAPER_REPLACES)};
    MARKUP(p, "<section class=\"card\" lang=\"{}\"><h3>{}</h3><p class=\"data\">{}</p></section>",
           paper_get(paper, PAPER_LANGUAGE), paper_get(paper, PAPER_TITLE), paper_get(paper, PAPER_WORDS));
    facts_start(p);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        fact(p, page_text(p, shown[i].label), values[i]);
    facts_end(p);
}

static void write_verdict(struct page *p, const struct document_verdict *v)
{
    const struct outcome *outcome = outcome_of(v);
    MARKUP(p, "<div id=\"result\" tabindex=\"-1\"><h2 class=\"note {}\">{}</h2>", str_of(outcome->note),
           page_text(p, outcome->words));
    if (v->genuine)
        write_paper(p, &v->paper);
    MARKUP(p, "<ul class=\"checks\">");
    for (size_t i = 0; i < v->n; i++)
        MARKUP(p, "<li class=\"{}\">{}</li>", str_of(kind_of(v, i)),
               page_text(p, document_check_words(v->said[i])));
    MARKUP(p, "</ul></div>");
}

/* --- the page --- */

static void write_templates(struct page *p)
{
    MARKUP(p,
           "<div id=\"result\" tabindex=\"-1\" role=\"status\" data-offset=\"{}\"></div><template "
           "id=\"outcome\">",
           str_of(arena_printf(p->arena, "%d", local_offset(p->j, clock_now()))));
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        MARKUP(p, "<h2 class=\"note {}\" data-outcome=\"{}\">{}</h2>", str_of(outcomes[i].note),
               str_of(outcomes[i].kind), page_text(p, outcomes[i].words));
    MARKUP(p, "<section class=\"card\"><h3 data-field=\"title\"></h3><p class=\"data\" "
              "data-field=\"words\"></p></section>"
              "<dl>");
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        MARKUP(p, "<div><dt>{}</dt><dd data-field=\"{}\"></dd></div>", page_text(p, shown[i].label),
               str_of(shown[i].field));
    MARKUP(p, "</dl><ul class=\"checks\"></ul></template><template id=\"words\"><ul>");
    for (int i = 0; i < DOCUMENT_CHECKS_N; i++)
        MARKUP(p, "<li data-check=\"{}\">{}</li>", str_of(document_check_name((enum document_check)i)),
               page_text(p, document_check_words((enum document_check)i)));
    for (size_t i = 0; i < p->j->agencies_n; i++)
        MARKUP(p, "<li data-agency=\"{}\">{}</li>", p->j->agencies[i].id,
               page_texts(p, &p->j->agencies[i].name));
    MARKUP(p, "</ul></template>");
}

static void write_tools(struct page *p)
{
    MARKUP(
        p,
        "<div id=\"tools\" hidden><p><button type=\"button\">{}</button></p><p><label>{} "
        "<input type=\"file\" accept=\"image/*\"></label></p><video hidden muted playsinline "
        "aria-label=\"{}\"></video></div><p id=\"no-code\" class=\"note bad\" role=\"alert\" hidden>{}</p>",
        T(p, "Read the code with the camera"), T(p, "or choose a picture of it:"),
        T(p, "What the camera sees"),
        T(p, "No code was found. Bring it closer, straighten it, or paste its text."));
}

static void write_form(struct page *p, const struct form_field *field)
{
    write_tools(p);
    form_start(p, STR("/check"), "/check");
    form_field(p, field);
    form_end(p, N_("Check"));
}

static void write_after(struct page *p)
{
    MARKUP(p, "<p id=\"kept\" class=\"note good\" hidden>{}</p>",
           T(p, "This page is kept on this device: it also works without a network. Come back online once a "
                "day, so "
                "that it knows what was revoked."));
    MARKUP(p, "<p class=\"small\">{}</p><p><a href=\"/check/log\">{}</a></p>",
           T(p, "What you check is kept nowhere. With scripts it does not even leave this device."),
           T(p, "How to check without us"));
}

static struct form_field code_field(const struct page *p, struct str value)
{
    return (struct form_field){.kind = FORM_AREA,
                               .name = "code",
                               .label = T(p, "Text of the code"),
                               .hint = TF(p,
                                          "It begins with {} and stands in the square code of the document. "
                                          "Any reader of such codes shows it.",
                                          STR(PAPER_PREFIX)),
                               .value = value,
                               .max = PAPER_TEXT_MAX};
}

static void open_page(struct page *p, struct http_request *request, struct http_response *response,
                      const struct form_field *field)
{
    page_open(p, T(p, "Check a document"), (struct str){0}, field, field != NULL);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "A document of a public service carries a square code. The code says what the document says, "
                "signed: "
                "it is the code that is checked, not how the paper looks."));
    http_connect(response, "'self'");
    http_camera(response);
    p->script = web_path_check;
}

static void get_check(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct form_field field = code_field(p, STR(""));
    open_page(p, request, response, NULL);
    write_form(p, &field);
    write_templates(p);
    write_after(p);
    page_end(p);
}

/* The status list that the document names, when it is one of ours. */
static bool find_status(struct page *p, struct str code, int64_t now, struct str *ret, struct err *err)
{
    struct paper_read *read = arena_new(p->arena, struct paper_read);
    struct documents *documents = p->web->documents;
    struct str number, prefix = str_of(arena_printf(p->arena, "%s/status/", documents_site(documents)));
    struct err ignored;
    uint64_t list;
    *ret = (struct str){"", 0};
    if (!paper_read(code, p->arena, read, &ignored) || !str_starts(read->paper.status_uri, prefix))
        return true;
    number = str_from(read->paper.status_uri, prefix.n);
    return !text_u64(number, &list) ||
           documents_status(documents, web_db(p->request), list, false, now, p->arena, ret, err) ||
           err->code == ERR_NOT_FOUND;
}

static void post_check(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct issuers issuers;
    struct document_verdict *v = arena_new(http_arena(request), struct document_verdict);
    struct document_question q = {.code = form_value(request, "code"), .now = clock_now() / CLOCK_SECOND};
    struct err err;
    page_init(p, request, response);
    if (q.code.n == 0) {
        struct form_field field = code_field(p, STR(""));
        field.error = T(p, "Paste the text of the code");
        open_page(p, request, response, &field);
        write_form(p, &field);
        write_templates(p);
        write_after(p);
        page_end(p);
        return;
    }
    if (!documents_issuers(p->web->documents, web_db(request), p->arena, &issuers, &err) ||
        !find_status(p, q.code, q.now, &q.status_list, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    q.issuers = &issuers;
    document_verify(&q, p->arena, v);
    page_open(p, T(p, "Check a document"), STR("/check"), NULL, 0);
    write_verdict(p, v);
    MARKUP(p, "<p><a class=\"button second\" href=\"/check\">{}</a></p>", T(p, "Check another"));
    page_end(p);
}

static void get_worker(struct http_request *request, struct http_response *response)
{
    for (size_t i = 0; i < web_assets_n; i++)
        if (str_is(str_from(str_of(web_path_worker), strlen("/static/")), web_assets[i].name)) {
            struct http_asset asset = web_assets[i].asset;
            asset.immutable = false; /* its address has no hash */
            http_send_asset(request, response, &asset);
            http_connect(response, "'self'");
            return;
        }
}

/* --- what checkers need --- */

#define LISTS_CACHE "public, max-age=300"

static void get_issuers(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct issuers issuers;
    struct err err;
    if (!documents_issuers(web->documents, web_db(request), http_arena(request), &issuers, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    issuers_write(&issuers, http_out(response));
    http_type(response, "application/json");
    http_cache(response, LISTS_CACHE);
    http_add_header(response, "Access-Control-Allow-Origin", "*");
}

static void get_status(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct str part = http_part(request, 0), bytes;
    struct err err;
    uint64_t list;
    bool cwt = str_ends(part, STR(".cwt"));
    if (cwt)
        part.n -= strlen(".cwt");
    if (!text_u64(part, &list)) {
        http_problem(request, response, 404, "not-found", "There is no status list of this number.");
        return;
    }
    if (!documents_status(web->documents, web_db(request), list, cwt, clock_now() / CLOCK_SECOND,
                          http_arena(request), &bytes, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(hash, bytes.p, bytes.n);
    hex_encode(hex, hash, sizeof hash / 2);
    const struct http_asset asset = {.bytes = bytes,
                                     .type =
                                         cwt ? "application/statuslist+cwt" : "application/statuslist+jwt",
                                     .etag = arena_printf(http_arena(request), "\"%s\"", hex)};
    http_send_asset(request, response, &asset);
    http_cache(response, LISTS_CACHE);
    http_add_header(response, "Access-Control-Allow-Origin", "*");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/check",
     .handler = get_check,
     .access = WEB_ANYONE,
     .summary = "Check a document"},
    {.method = HTTP_POST,
     .path = "/check",
     .handler = post_check,
     .access = WEB_ANYONE | WEB_NO_TOKEN, /* changes nothing */
     .body = HTTP_FORM,
     .body_max = 3 * CODE_MAX,
     .summary = "Check a document without scripts"},
    {.method = HTTP_GET,
     .path = "/check-worker.js",
     .handler = get_worker,
     .access = WEB_ANYONE,
     .summary = "Keeps the page for checking without a network"},
    {.method = HTTP_GET,
     .path = "/.well-known/aina-documents.json",
     .handler = get_issuers,
     .access = WEB_ANYONE,
     .summary = "Whose documents count"},
    {.method = HTTP_GET,
     .path = "/status/{list}",
     .handler = get_status,
     .access = WEB_ANYONE,
     .summary = "Which documents were revoked"},
};
const struct web_table web_check = {routes, ARRAY_LEN(routes)};
