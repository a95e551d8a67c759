/* SPDX-License-Identifier: Apache-2.0 */
/* page.c: the writer of markup and the frame of every page. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "people/mandate.h"
#include "people/number.h"
#include "web/web_private.h"

#define PATH_MAX_TEXT 4096

/* --- escaping --- */

/* Bytes that may need one: few enough in a page that the rest is copied in runs. */
static const bool escaped[256] = {[0 ... 0x1f] = true, ['&'] = true,  ['<'] = true, ['>'] = true,
                                  ['"'] = true,        ['\''] = true, [0x7f] = true};

static struct str entity_of(unsigned char c)
{
    switch (c) {
    case '&': return STR("&amp;");
    case '<': return STR("&lt;");
    case '>': return STR("&gt;");
    case '"': return STR("&quot;");
    case '\'': return STR("&#39;");
    case '\t':
    case '\n':
    case '\r': return (struct str){NULL, 0};
    default: return c < 0x20 || c == 0x7f ? STR("\xef\xbf\xbd") : (struct str){NULL, 0};
    }
}

void page_escape(struct buf *out, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!escaped[(unsigned char)text.p[i]])
            continue;
        struct str entity = entity_of((unsigned char)text.p[i]);
        if (entity.p == NULL)
            continue;
        buf_add(out, text.p + from, i - from);
        buf_str(out, entity);
        from = i + 1;
    }
    buf_add(out, text.p + from, text.n - from);
}

/* args[0] is not used: it only makes an empty list possible. */
void page_markup(struct page *p, struct str literal, const struct str *args, size_t n)
{
    const char *at = literal.p, *end = literal.p + literal.n, *hole;
    size_t used = 1;
    while ((hole = memchr(at, '{', (size_t)(end - at))) != NULL) {
        must(hole[1] == '}' && used < n);
        buf_add(p->out, at, (size_t)(hole - at));
        page_escape(p->out, args[used++]);
        at = hole + 2;
    }
    must(used == n);
    buf_add(p->out, at, (size_t)(end - at));
}

/* --- texts --- */

struct words page_words(const struct page *p)
{
    return (struct words){p->j, p->language, p->arena, p->known};
}

struct str page_text(const struct page *p, const char *msgid)
{
    const struct words w = page_words(p);
    return words_text(&w, msgid);
}

struct str page_fill(const struct page *p, const char *msgid, const struct str *args, size_t n)
{
    const struct words w = page_words(p);
    return words_fill(&w, msgid, args, n);
}

struct str page_texts(const struct page *p, const struct texts *texts)
{
    return texts_in(p->j, texts, p->language);
}

struct str page_day(const struct page *p, int32_t day)
{
    const struct words w = page_words(p);
    return words_day(&w, day);
}

struct str page_time(const struct page *p, int64_t time)
{
    const struct words w = page_words(p);
    return words_time(&w, time);
}

void page_when(struct page *p, struct str iso)
{
    int64_t time;
    if (!time_parse(iso, &time))
        MARKUP(p, "-");
    else
        MARKUP(p, "<time datetime=\"{}\">{}</time>", iso, page_time(p, time));
}

struct str page_number(const struct page *p, uint64_t number)
{
    const struct words w = page_words(p);
    return words_number(&w, number);
}

struct str page_money(const struct page *p, struct str amount)
{
    const struct words w = page_words(p);
    return words_money(&w, amount);
}

struct str page_value(const struct page *p, const struct field *field, struct str value)
{
    struct date date;
    uint64_t number;
    switch (field->type) {
    case FIELD_DATE: return date_parse(value, &date) ? page_day(p, date_days(date)) : value;
    case FIELD_NUMBER: return text_u64(value, &number) ? page_number(p, number) : value;
    case FIELD_MONEY: return page_money(p, value);
    case FIELD_YES_NO: return str_is(value, "yes") ? T(p, "yes") : str_is(value, "no") ? T(p, "no") : value;
    case FIELD_TEXT:
    case FIELD_CODE: break;
    }
    return value;
}

static void write_percent(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr("-._~", c) != NULL);
        if (plain)
            buf_byte(out, c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

struct str page_path(const struct page *p, const char *path, ...)
{
    struct buf out;
    va_list args;
    const char *name;
    char mark = '?';
    buf_in(&out, p->arena, PATH_MAX_TEXT);
    buf_text(&out, path);
    va_start(args, path);
    while ((name = va_arg(args, const char *)) != NULL) {
        struct str value = va_arg(args, struct str);
        if (value.n == 0)
            continue;
        buf_printf(&out, "%c%s=", mark, name);
        write_percent(&out, value);
        mark = '&';
    }
    va_end(args);
    return buf_view(&out);
}

/* --- the frame --- */

void page_init(struct page *p, struct http_request *request, struct http_response *response)
{
    const struct web *web = web_of(request);
    const struct visitor *visitor = web_visitor(request);
    *p = (struct page){.out = http_out(response),
                       .arena = http_arena(request),
                       .request = request,
                       .response = response,
                       .web = web,
                       .j = web->api.jurisdiction,
                       .visitor = visitor,
                       .language = visitor->language,
                       .known = words_known(http_arena(request))};
}

/* Links to the same page in the other languages; from the answer to a POST, to the start. */
static void write_languages(struct page *p)
{
    struct str here = http_path(p->request);
    const char *path = "/";
    if (http_method(p->request) == HTTP_GET && here.n != 0) {
        struct str query = http_query_text(p->request);
        path = arena_printf(p->arena, "%.*s%s%.*s", STR_ARG(here), query.n ? "?" : "", STR_ARG(query));
    }
    MARKUP(p, "<nav class=\"languages\" aria-label=\"{}\">", T(p, "Language"));
    for (size_t i = 0; i < p->j->languages_n; i++) {
        struct str code = p->j->languages[i], name = p->j->language_names.in[i];
        if (str_eq(code, p->language))
            MARKUP(p, "<span lang=\"{}\" aria-current=\"true\">{}</span>", code, name);
        else
            MARKUP(p, "<a lang=\"{}\" hreflang=\"{}\" href=\"{}\" rel=\"nofollow\">{}</a>", code, code,
                   page_path(p, arena_printf(p->arena, "/language/%.*s", STR_ARG(code)), "to", str_of(path),
                             NULL),
                   name);
    }
    MARKUP(p, "</nav>");
}

struct str page_for_whom(const struct page *p)
{
    struct str scheme, number = STR("?");
    char mask[64];
    struct err err;
    const struct caller *c = &p->visitor->caller;
    if (!people_number(p->web->api.people, web_db(p->request), &c->subject, p->arena, &scheme, &number, &err))
        say_err(SAY_ALERT, &err);
    number_mask(number, mask);
    for (int i = 0; i < CAPACITIES_N; i++)
        if (str_is(c->capacity, capacity_facts[i].code))
            return TF(p, "{}, for {}", page_text(p, capacity_facts[i].words),
                      str_dup(p->arena, str_of(mask)));
    return STR("?");
}

static struct str capacity_words(const struct page *p)
{
    switch (p->visitor->caller.kind) {
    case CALLER_PERSON: return p->visitor->caller.acting ? page_for_whom(p) : T(p, "for yourself");
    case CALLER_AUDITOR: return T(p, "as auditor");
    case CALLER_OFFICIAL:
        if (p->visitor->caller.acting)
            return page_for_whom(p);
        return p->visitor->access & WEB_REVIEWER ? T(p, "as reviewer") : T(p, "as official");
    case CALLER_NOBODY: break;
    }
    return STR("");
}

/* Who is logged in, in what capacity, and the ways out. */
static void write_who(struct page *p)
{
    const struct visitor *v = p->visitor;
    if (v->caller.kind == CALLER_NOBODY)
        return;
    MARKUP(p, "<div class=\"{}\"><p><a href=\"{}\">{}</a>", v->caller.acting ? STR("who acting") : STR("who"),
           str_of(web_start_of(v)),
           v->caller.kind != CALLER_PERSON ? T(p, "My work")
           : v->caller.acting              ? T(p, "Their page")
                                           : T(p, "My page"));
    MARKUP(p, " <span>{}", capacity_words(p));
    if (v->office != NULL)
        MARKUP(p, ", <bdi>{}</bdi>, {}", v->caller.official.staff_code, page_texts(p, &v->office->name));
    MARKUP(p, "</span></p>");
    if (v->caller.acting && v->caller.kind == CALLER_PERSON)
        form_button(p, STR("/me/act/end"), "/me/act/end", T(p, "Act for myself again"), NULL);
    else if (!v->caller.demo)
        MARKUP(p, "<a href=\"/me/keys\">{}</a>", T(p, "Keys"));
    form_button(p, STR("/logout"), "/logout", T(p, "Log out"), NULL);
    if (v->caller.kind == CALLER_PERSON)
        MARKUP(p, "<a class=\"exit\" href=\"/exit\" rel=\"noreferrer\">{}</a>", T(p, "Leave quickly"));
    MARKUP(p, "</div>");
}

static void write_head(struct page *p, struct str title, bool wrong)
{
    MARKUP(p,
           "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
           "<meta name=\"color-scheme\" content=\"light dark\"><title>{}{} – {}</title>"
           "<link rel=\"stylesheet\" href=\"{}\"><link rel=\"icon\" href=\"{}\"></head><body>"
           "<a class=\"skip\" href=\"#main\">{}</a>",
           p->language, wrong ? T(p, "Error: ") : STR(""), title, page_texts(p, &p->j->name),
           str_of(web_path_style), str_of(web_path_icon), T(p, "To the content"));
    MARKUP(p,
           "<header><div class=\"top\"><div class=\"bar\"><a class=\"mark\" href=\"/\">"
           "<svg width=\"28\" height=\"28\" viewBox=\"0 0 28 28\" aria-hidden=\"true\">"
           "<circle cx=\"14\" cy=\"14\" r=\"12\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\"/>"
           "<path d=\"M9 17l8-8M12.500 20l6-6\" stroke=\"currentColor\" stroke-width=\"2\" "
           "stroke-linecap=\"round\"/></svg>"
           "<span>Aina<small>{}</small></span></a>",
           page_texts(p, &p->j->name));
    write_languages(p);
    MARKUP(p, "</div></div>");
    if (p->web->demo)
        MARKUP(p, "<p class=\"demo\">{}</p>", T(p, "Demonstration: all people here are invented."));
    write_who(p);
    MARKUP(p, "</header>");
}

static void write_errors(struct page *p, const struct form_field *fields, size_t n)
{
    MARKUP(p, "<div class=\"errors\" role=\"alert\" id=\"errors\"><h2>{}</h2><ul>",
           T(p, "There is a problem"));
    for (size_t i = 0; i < n; i++)
        if (fields[i].error.n != 0)
            MARKUP(p, "<li><a href=\"#{}\">{}</a></li>", str_of(form_id(&fields[i])), fields[i].error);
    MARKUP(p, "</ul></div>");
}

void page_open_bare(struct page *p, struct str title, struct str back, const struct form_field *fields,
                    size_t fields_n)
{
    bool wrong = form_wrong(fields, fields_n);
    http_type(p->response, "text/html; charset=utf-8");
    http_add_header(p->response, "Content-Language", str_c(p->arena, p->language));
    write_head(p, title, wrong);
    MARKUP(p, "<main id=\"main\" tabindex=\"-1\">");
    if (back.n != 0)
        MARKUP(p, "<p class=\"back\"><a href=\"{}\">{}</a></p>", back, T(p, "Back"));
    if (wrong)
        write_errors(p, fields, fields_n);
}

void page_open(struct page *p, struct str title, struct str back, const struct form_field *fields,
               size_t fields_n)
{
    page_open_bare(p, title, back, fields, fields_n);
    MARKUP(p, "<h1>{}</h1>", title);
}

void page_start(struct page *p, struct http_request *request, struct http_response *response,
                const char *msgid)
{
    page_init(p, request, response);
    page_open(p, page_text(p, msgid), (struct str){0}, NULL, 0);
}

void page_end(struct page *p)
{
    MARKUP(p,
           "</main><footer><ul><li><a href=\"/rules\">{}</a></li><li><a href=\"/check\">{}</a></li>"
           "<li><a href=\"/check/log\">{}</a></li>"
           "<li><a href=\"/accessibility\">{}</a></li></ul></footer>",
           T(p, "Who may look at what"), T(p, "Check a document"), T(p, "How to check without us"),
           T(p, "Accessibility"));
    if (p->passkey)
        MARKUP(p, "<script src=\"{}\"></script>", str_of(web_path_passkey));
    if (p->script != NULL)
        MARKUP(p, "<script src=\"{}\"></script>", str_of(p->script));
    MARKUP(p, "</body></html>");
}

void page_note(struct page *p, const char *kind, struct str text)
{
    MARKUP(p, "<p class=\"note {}\">{}</p>", str_of(kind), text);
}

void page_pages(struct page *p, struct str newer, struct str older)
{
    if (newer.n == 0 && older.n == 0)
        return;
    MARKUP(p, "<nav class=\"pages\" aria-label=\"{}\">", T(p, "Pages"));
    if (newer.n != 0)
        MARKUP(p, "<a href=\"{}\" rel=\"prev\">{}</a>", newer, T(p, "To the newest"));
    if (older.n != 0)
        MARKUP(p, "<a href=\"{}\" rel=\"next\">{}</a>", older, T(p, "Older"));
    MARKUP(p, "</nav>");
}

/* --- tables and facts --- */

/* On a narrow screen rows become blocks; the roles keep the table a table for screen readers then. */
void table_start(struct table *t, struct page *p, struct str caption, const struct str *heads, size_t n)
{
    must(n <= TABLE_COLUMNS_MAX);
    *t = (struct table){.page = p, .n = n};
    MARKUP(p, "<table role=\"table\"><caption>{}</caption><thead><tr role=\"row\">", caption);
    for (size_t i = 0; i < n; i++) {
        t->head[i] = heads[i];
        MARKUP(p, "<th role=\"columnheader\" scope=\"col\">{}</th>", heads[i]);
    }
    MARKUP(p, "</tr></thead><tbody>");
}

void table_row(struct table *t)
{
    MARKUP(t->page, "<tr role=\"row\">"); /* HTML ends the row before by itself */
    t->at = 0;
}

void table_cell_start(struct table *t)
{
    must(t->at < t->n);
    struct str head = t->head[t->at++];
    MARKUP(t->page, "<td role=\"cell\" data-head=\"{}\">", head);
}

void table_cell_end(struct table *t)
{
    MARKUP(t->page, "</td>");
}

void table_cell(struct table *t, struct str data)
{
    table_cell_start(t);
    MARKUP(t->page, "<bdi>{}</bdi>", data);
    table_cell_end(t);
}

void table_end(struct table *t)
{
    MARKUP(t->page, "</tbody></table>");
}

void facts_start(struct page *p)
{
    MARKUP(p, "<dl>");
}

void fact(struct page *p, struct str name, struct str value)
{
    if (value.n != 0)
        MARKUP(p, "<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>", name, value);
}

void facts_end(struct page *p)
{
    MARKUP(p, "</dl>");
}
