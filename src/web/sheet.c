/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.c: draws a sheet. */
#include "web/sheet.h"

#include "web/web_private.h"

#define WIDTH 72
#define WIDTH_MAX 400

void page_sheet(struct page *p, struct sheet *s)
{
    sheet_start(s, p->j, p->language, p->arena);
}

/* --- questions --- */

static struct form_field field_of(const struct sheet *s, const struct sheet_field *f)
{
    static const enum form_kind kinds[] = {
        [ASK_TEXT] = FORM_TEXT,   [ASK_AREA] = FORM_AREA, [ASK_ONE] = FORM_RADIOS,
        [ASK_LIST] = FORM_SELECT, [ASK_SOME] = FORM_SOME, [ASK_HIDDEN] = FORM_HIDDEN};
    struct form_option *options = arena_array(s->w.arena, struct form_option, f->options_n + 1);
    for (size_t i = 0; i < f->options_n; i++)
        options[i] = (struct form_option){f->options[i].value, f->options[i].text};
    struct str hint = f->why.n == 0    ? f->hint
                      : f->hint.n == 0 ? f->why
                                       : words_of(&s->w, "%.*s\n%.*s", STR_ARG(f->hint), STR_ARG(f->why));
    return (struct form_field){.kind = kinds[f->ask],
                               .name = f->name,
                               .label = f->label,
                               .hint = hint,
                               .value = f->value,
                               .error = f->error,
                               .options = options,
                               .options_n = f->options_n,
                               .max = f->max,
                               .optional = f->optional,
                               .autocomplete = f->autocomplete,
                               .inputmode = f->inputmode,
                               .titled = f->is_title};
}

/* What the list of errors needs; and the field whose label is the title. */
static size_t fields_of(const struct sheet *s, struct form_field **ret, const struct sheet_field **ret_title)
{
    struct form_field *fields = arena_array(s->w.arena, struct form_field, s->n + 1);
    size_t n = 0;
    *ret_title = NULL;
    for (size_t i = 0; i < s->n; i++) {
        if (s->parts[i].kind != SHEET_FIELD)
            continue;
        fields[n++] = field_of(s, s->parts[i].field);
        if (s->parts[i].field->is_title)
            *ret_title = s->parts[i].field;
    }
    *ret = fields;
    return n;
}

/* The title of a page with one question is that question's label. */
static void write_title(struct page *p, const struct sheet *s, const struct sheet_field *f)
{
    bool grouped = f != NULL && (f->ask == ASK_ONE || f->ask == ASK_SOME);
    if (s->caption.n != 0)
        MARKUP(p, "<p class=\"caption\">{}</p>", s->caption);
    if (f == NULL || grouped)
        MARKUP(p, "<h1 id=\"title\">{}</h1>", s->title);
    else
        MARKUP(p, "<h1 id=\"title\"><label for=\"{}\">{}</label></h1>", str_of(f->name), s->title);
}

/* --- parts --- */

static void write_fact(struct page *p, const struct sheet_part *part)
{
    MARKUP(p, "<div><dt>{}</dt><dd><bdi class=\"lines\">{}</bdi>", part->name, part->text);
    if (part->link.n != 0)
        MARKUP(p, " <a class=\"change\" href=\"{}\">{}<span class=\"away\"> {}</span></a>", part->path,
               part->link, part->name);
    MARKUP(p, "</dd></div>");
}

static void write_step(struct page *p, const struct sheet_part *part)
{
    MARKUP(p, "<li><h3>{}</h3><p class=\"small\"><bdi>{}</bdi></p>", part->name, part->text);
    if (part->more.n != 0)
        MARKUP(p, "<p class=\"lines\"><bdi>{}</bdi></p>", part->more);
    MARKUP(p, "</li>");
}

static void write_link(struct page *p, const struct sheet_part *part)
{
    MARKUP(p, "<li><a href=\"{}\">{}</a>", part->path, part->name);
    if (part->text.n != 0)
        MARKUP(p, "<p class=\"lines\">{}</p>", part->text);
    MARKUP(p, "</li>");
}

static void write_form(struct page *p, const struct sheet_part *part)
{
    if (part->get)
        MARKUP(p, "<form class=\"filter\" role=\"search\" method=\"get\" action=\"{}\">", part->path);
    else
        form_start(p, part->path, part->route);
}

static void write_act(struct page *p, const struct sheet_part *part)
{
    MARKUP(p, "<p><a class=\"button {}\" href=\"{}\">{}</a></p>", str_of(part->style), part->path,
           part->name);
}

static void write_button(struct page *p, const struct sheet_part *part)
{
    if (part->style != NULL)
        MARKUP(p, "<p><button class=\"{}\">{}</button></p></form>", str_of(part->style), part->text);
    else
        MARKUP(p, "<p><button>{}</button></p></form>", part->text);
}

static void write_part(struct page *p, const struct sheet *s, const struct sheet_part *part)
{
    switch (part->kind) {
    case SHEET_HEADING: MARKUP(p, "<h2>{}</h2>", part->text); break;
    case SHEET_TEXT: MARKUP(p, "<p class=\"lines {}\">{}</p>", str_of(part->style), part->text); break;
    case SHEET_NOTE: MARKUP(p, "<p class=\"note lines {}\">{}</p>", str_of(part->style), part->text); break;
    case SHEET_ITEM: MARKUP(p, "<li>{}</li>", part->text); break;
    case SHEET_FACT: write_fact(p, part); break;
    case SHEET_STEP: write_step(p, part); break;
    case SHEET_LINK: write_link(p, part); break;
    case SHEET_ACT: write_act(p, part); break;
    case SHEET_FORM: write_form(p, part); break;
    case SHEET_FIELD: {
        const struct form_field field = field_of(s, part->field);
        form_field(p, &field);
        break;
    }
    case SHEET_BUTTON: write_button(p, part); break;
    }
}

/* Neighbours of one kind are one list; links with words below them look like cards. */
static bool same_list(const struct sheet_part *a, const struct sheet_part *b)
{
    return a->kind == b->kind && (a->kind != SHEET_LINK || (a->text.n != 0) == (b->text.n != 0));
}

static void open_list(struct page *p, const struct sheet_part *part)
{
    switch (part->kind) {
    case SHEET_ITEM: MARKUP(p, "<ul>"); break;
    case SHEET_FACT: MARKUP(p, "<dl>"); break;
    case SHEET_STEP: MARKUP(p, "<ol class=\"steps\">"); break;
    case SHEET_LINK:
        if (part->text.n != 0)
            MARKUP(p, "<ul class=\"ways\">");
        else
            MARKUP(p, "<ul class=\"links\">");
        break;
    default: break;
    }
}

static void close_list(struct page *p, const struct sheet_part *part)
{
    switch (part->kind) {
    case SHEET_ITEM:
    case SHEET_LINK: MARKUP(p, "</ul>"); break;
    case SHEET_FACT: MARKUP(p, "</dl>"); break;
    case SHEET_STEP: MARKUP(p, "</ol>"); break;
    default: break;
    }
}

/* --- the whole --- */

static bool wants_plain(struct http_request *request, unsigned *ret_width)
{
    struct str text = {0}, accept = {0};
    uint64_t width;
    *ret_width = WIDTH;
    if (http_query(request, "width", &text) != 0 && text_u64(text, &width) && width <= WIDTH_MAX)
        *ret_width = (unsigned)width;
    return http_query(request, "plain", &text) != 0 ||
           (http_header(request, "Accept", &accept) != 0 && str_starts(accept, STR("text/plain")));
}

static void write_plain_link(struct page *p)
{
    if (http_method(p->request) != HTTP_GET)
        return;
    struct str query = http_query_text(p->request);
    MARKUP(p, "<p class=\"small plain\"><a href=\"{}\">{}</a></p>",
           str_of(arena_printf(p->arena, "%.*s?%.*s%splain=yes", STR_ARG(http_path(p->request)),
                               STR_ARG(query), query.n ? "&" : "")),
           T(p, "This page as plain text"));
}

void page_draw(struct page *p, const struct sheet *s)
{
    const struct sheet_field *title;
    struct form_field *fields;
    unsigned width;
    if (wants_plain(p->request, &width)) {
        http_type(p->response, "text/plain; charset=utf-8");
        http_add_header(p->response, "Content-Language", str_c(p->arena, p->language));
        sheet_plain(s, width, p->out);
        return;
    }
    size_t n = fields_of(s, &fields, &title);
    page_open_bare(p, s->title, s->back, fields, n);
    write_title(p, s, title);
    for (size_t i = 0; i < s->n; i++) {
        const struct sheet_part *part = &s->parts[i];
        if (i == 0 || !same_list(part - 1, part))
            open_list(p, part);
        write_part(p, s, part);
        if (i + 1 == s->n || !same_list(part, part + 1))
            close_list(p, part);
    }
    write_plain_link(p);
    page_end(p);
}
