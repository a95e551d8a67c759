/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.c: putting a sheet together. */
#include "sheet/sheet.h"

void sheet_start(struct sheet *s, const struct jurisdiction *j, struct str language, struct arena *arena)
{
    *s = (struct sheet){.w = {j, language, arena}};
}

static struct sheet_part *add(struct sheet *s, enum sheet_kind kind)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct sheet_part *more = arena_array(s->w.arena, struct sheet_part, cap);
        if (s->n != 0)
            memcpy(more, s->parts, s->n * sizeof *more);
        s->parts = more;
        s->cap = cap;
    }
    s->parts[s->n] = (struct sheet_part){.kind = kind};
    return &s->parts[s->n++];
}

static void add_text(struct sheet *s, enum sheet_kind kind, const char *style, struct str text)
{
    if (text.n == 0)
        return;
    struct sheet_part *part = add(s, kind);
    part->style = style;
    part->text = text;
}

void sheet_heading(struct sheet *s, struct str text)
{
    add_text(s, SHEET_HEADING, NULL, text);
}

void sheet_text(struct sheet *s, const char *style, struct str text)
{
    add_text(s, SHEET_TEXT, style, text);
}

void sheet_note(struct sheet *s, const char *style, struct str text)
{
    add_text(s, SHEET_NOTE, style, text);
}

void sheet_item(struct sheet *s, struct str text)
{
    add_text(s, SHEET_ITEM, NULL, text);
}

void sheet_fact_change(struct sheet *s, struct str name, struct str value, struct str link, struct str path)
{
    if (value.n == 0)
        return;
    struct sheet_part *part = add(s, SHEET_FACT);
    part->name = name;
    part->text = value;
    part->link = link;
    part->path = path;
}

void sheet_fact(struct sheet *s, struct str name, struct str value)
{
    sheet_fact_change(s, name, value, STR(""), STR(""));
}

void sheet_step(struct sheet *s, struct str what, struct str when_and_who, struct str more)
{
    struct sheet_part *part = add(s, SHEET_STEP);
    part->name = what;
    part->text = when_and_who;
    part->more = more;
}

void sheet_link(struct sheet *s, struct str name, struct str path, struct str below)
{
    struct sheet_part *part = add(s, SHEET_LINK);
    part->name = name;
    part->path = path;
    part->text = below;
}

void sheet_act(struct sheet *s, struct str name, struct str path)
{
    struct sheet_part *part = add(s, SHEET_ACT);
    part->name = name;
    part->path = path;
}

void sheet_act_second(struct sheet *s, struct str name, struct str path)
{
    sheet_act(s, name, path);
    s->parts[s->n - 1].style = "second";
}

void sheet_form(struct sheet *s, enum sheet_method method, struct str path, const char *route)
{
    struct sheet_part *part = add(s, SHEET_FORM);
    part->path = path;
    part->route = route;
    part->get = method == SHEET_GET;
}

void sheet_ask(struct sheet *s, const struct sheet_field *field)
{
    struct sheet_field *copy = arena_new(s->w.arena, struct sheet_field);
    *copy = *field;
    add(s, SHEET_FIELD)->field = copy;
}

void sheet_hidden(struct sheet *s, const char *name, struct str value)
{
    sheet_ask(s, &(struct sheet_field){.ask = ASK_HIDDEN, .name = name, .value = value});
}

void sheet_button(struct sheet *s, struct str text)
{
    add_text(s, SHEET_BUTTON, NULL, text);
}

void sheet_button_second(struct sheet *s, struct str text)
{
    add_text(s, SHEET_BUTTON, "second", text);
}

void sheet_button_warning(struct sheet *s, struct str text)
{
    add_text(s, SHEET_BUTTON, "warning", text);
}

bool sheet_wrong(const struct sheet *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->parts[i].kind == SHEET_FIELD && s->parts[i].field->error.n != 0)
            return true;
    return false;
}
