/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c: a sheet as plain text. Lines break where UAX #14 allows it and are measured in columns. */
#include <stdio.h>
#include <stdlib.h>
#include <unilbrk.h>
#include <unistr.h>
#include <uniwidth.h>

#include "sheet/sheet.h"

#define WIDTH_MIN 20

struct plain {
    const struct sheet *sheet;
    struct buf *out;
    size_t width;
    bool blank; /* the last line is empty, or there is none */
};

static size_t columns_of(struct str text)
{
    return (size_t)MAX_OF(0, u8_width((const uint8_t *)text.p, text.n, "UTF-8"));
}

static void end_line(struct plain *p)
{
    buf_byte(p->out, '\n');
    p->blank = false;
}

static void blank_line(struct plain *p)
{
    if (!p->blank)
        buf_byte(p->out, '\n');
    p->blank = true;
}

static void spaces(struct plain *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_byte(p->out, ' ');
}

/* How many bytes of the text stand on a line of `room` columns: up to the last place where a line may break,
 * or as many letters as fit. */
static size_t line_bytes(struct str text, const char *breaks, size_t room)
{
    size_t columns = 0, best = 0;
    for (size_t i = 0; i < text.n;) {
        ucs4_t c;
        int n = u8_mbtouc(&c, (const uint8_t *)text.p + i, text.n - i), w = uc_width(c, "UTF-8");
        size_t wide = w < 0 ? 0 : (size_t)w;
        if (i != 0 && (breaks[i] == UC_BREAK_POSSIBLE || breaks[i] == UC_BREAK_MANDATORY))
            best = i;
        if (columns + wide > room && !(c == ' ' && i != 0))
            return best != 0 ? best : MAX_OF(i, (size_t)n);
        columns += wide;
        i += (size_t)n;
    }
    return text.n;
}

/* `first` stands before the text, the lines after it are moved in as far. */
static void write_wrapped(struct plain *p, const char *first, struct str text)
{
    size_t indent = columns_of(str_of(first));
    buf_text(p->out, first);
    char *breaks = arena_take(p->sheet->w.arena, text.n + 1, 1);
    u8_possible_linebreaks((const uint8_t *)text.p, text.n, "UTF-8", breaks);
    for (bool more = false; text.n != 0; more = true) {
        size_t n = line_bytes(text, breaks, p->width - indent);
        if (more)
            spaces(p, indent);
        buf_str(p->out, str_trim((struct str){text.p, n}));
        end_line(p);
        text = str_from(text, n);
        breaks += n;
        while (text.n != 0 && text.p[0] == ' ')
            text = str_from(text, 1), breaks++;
    }
}

/* A text of several lines. */
static void write_lines(struct plain *p, const char *first, struct str text)
{
    struct str line;
    while (str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (line.n != 0)
            write_wrapped(p, first, line);
    }
}

static void write_path(struct plain *p, const char *indent, struct str path)
{
    char first[64];
    snprintf(first, sizeof first, "%s> ", indent);
    write_wrapped(p, first, path);
}

static void write_rule(struct plain *p, struct str under, char c)
{
    for (size_t i = 0, n = MIN_OF(columns_of(under), p->width); i < n; i++)
        buf_byte(p->out, (uint8_t)c);
    end_line(p);
}

static void write_options(struct plain *p, const struct sheet_field *f)
{
    for (size_t i = 0; i < f->options_n; i++) {
        struct str rest = f->value, one;
        bool chosen = false;
        char first[32];
        while (!chosen && str_next(&rest, '\n', &one))
            chosen = str_eq(one, f->options[i].value);
        snprintf(first, sizeof first, "%s%zu. ", chosen ? "*" : " ", i + 1);
        write_wrapped(p, first, f->options[i].text);
    }
}

static void write_field(struct plain *p, const struct sheet_field *f)
{
    if (f->ask == ASK_HIDDEN)
        return;
    blank_line(p);
    if (!f->is_title)
        write_wrapped(p, "", f->optional ? SF(p->sheet, "{} (optional)", f->label) : f->label);
    if (f->hint.n != 0)
        write_lines(p, "", f->hint);
    if (f->why.n != 0)
        write_lines(p, "", f->why);
    if (f->error.n != 0)
        write_wrapped(p, "! ", f->error);
    if (f->options_n != 0)
        write_options(p, f);
    else if (f->value.n != 0)
        write_lines(p, "= ", f->value);
}

/* Whether a blank line parts it from what stands before: not within a list. */
static bool goes_on(const struct sheet *s, size_t i)
{
    enum sheet_kind kind = s->parts[i].kind;
    return i != 0 && s->parts[i - 1].kind == kind && (kind == SHEET_ITEM || kind == SHEET_FACT);
}

static void write_fact(struct plain *p, const struct sheet_part *part)
{
    bool asks = part->name.n != 0 && part->name.p[part->name.n - 1] == '?';
    struct str name = words_of(&p->sheet->w, "%.*s%s ", STR_ARG(part->name), asks ? "" : ":");
    if (columns_of(name) + columns_of(part->text) <= p->width &&
        memchr(part->text.p, '\n', part->text.n) == NULL) {
        buf_str(p->out, name);
        buf_str(p->out, part->text);
        end_line(p);
    } else {
        write_wrapped(p, "", str_trim(name));
        write_lines(p, "  ", part->text);
    }
    if (part->link.n != 0) {
        write_wrapped(p, "  ", part->link);
        write_path(p, "  ", part->path);
    }
}

static void write_part(struct plain *p, const struct sheet_part *part)
{
    switch (part->kind) {
    case SHEET_HEADING:
        write_wrapped(p, "", part->text);
        write_rule(p, part->text, '-');
        break;
    case SHEET_TEXT: write_lines(p, "", part->text); break;
    case SHEET_NOTE: write_lines(p, "| ", part->text); break;
    case SHEET_ITEM: write_lines(p, "- ", part->text); break;
    case SHEET_FACT: write_fact(p, part); break;
    case SHEET_STEP:
        write_wrapped(p, "* ", part->name);
        write_lines(p, "  ", part->text);
        write_lines(p, "  ", part->more);
        break;
    case SHEET_LINK:
    case SHEET_ACT:
        write_wrapped(p, "", part->name);
        write_path(p, "", part->path);
        write_lines(p, "  ", part->text);
        break;
    case SHEET_FORM: break;
    case SHEET_FIELD: write_field(p, part->field); break;
    case SHEET_BUTTON: {
        struct str text = words_of(&p->sheet->w, "[ %.*s ]", STR_ARG(part->text));
        write_wrapped(p, "", text);
        break;
    }
    }
}

static void write_errors(struct plain *p)
{
    const struct sheet *s = p->sheet;
    if (!sheet_wrong(s))
        return;
    blank_line(p);
    write_wrapped(p, "", S(s, "There is a problem"));
    for (size_t i = 0; i < s->n; i++)
        if (s->parts[i].kind == SHEET_FIELD && s->parts[i].field->error.n != 0)
            write_wrapped(p, "! ", s->parts[i].field->error);
}

void sheet_plain(const struct sheet *s, unsigned width, struct buf *out)
{
    struct plain plain = {s, out, MAX_OF(width, WIDTH_MIN), true}, *p = &plain;
    if (s->back.n != 0) {
        write_wrapped(p, "", S(s, "Back"));
        write_path(p, "", s->back);
    }
    write_errors(p);
    blank_line(p);
    if (s->caption.n != 0)
        write_wrapped(p, "", s->caption);
    write_wrapped(p, "", s->title);
    write_rule(p, s->title, '=');
    for (size_t i = 0; i < s->n; i++) {
        bool hidden = s->parts[i].kind == SHEET_FORM ||
                      (s->parts[i].kind == SHEET_FIELD && s->parts[i].field->ask == ASK_HIDDEN);
        if (!hidden && !goes_on(s, i))
            blank_line(p);
        write_part(p, &s->parts[i]);
    }
}
