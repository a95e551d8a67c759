/* SPDX-License-Identifier: Apache-2.0 */
/* form.c: fields with label, hint and error, as a screen reader needs them. */
#include <stdio.h>

#include "people/number.h"
#include "web/web_private.h"

bool form_wrong(const struct form_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].error.n != 0)
            return true;
    return false;
}

struct str form_value(const struct http_request *request, const char *name)
{
    struct str value;
    return http_form(request, name, &value) == 1 ? str_trim(value) : STR("");
}

const char form_not_a_number[] = N_("This is not a number of a person; check it for a slip of the finger.");

bool form_person_number(const struct page *p, struct form_field *f, char normal[32])
{
    const struct number_scheme *scheme = number_scheme_find(p->j->person_scheme);
    if (scheme != NULL && number_normalise(f->value, normal) &&
        scheme->check(str_of(normal), false) == NUMBER_OK)
        return true;
    f->error = f->value.n == 0 ? TF(p, "Enter the {}", page_texts(p, &p->j->person_number_name))
                               : page_text(p, form_not_a_number);
    return false;
}

void form_start(struct page *p, struct str action, const char *route_path)
{
    char token[PEOPLE_FORM_TOKEN_SIZE];
    people_form_token(p->web->api.people, &p->visitor->caller, route_path, token);
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" novalidate accept-charset=\"utf-8\">"
           "<input type=\"hidden\" name=\"token\" value=\"{}\">",
           action, str_of(token));
}

static void write_button(struct page *p, enum form_weight weight, struct str label)
{
    switch (weight) {
    case FORM_MAIN: MARKUP(p, "<button>{}</button>", label); break;
    case FORM_SECOND: MARKUP(p, "<button class=\"second\">{}</button>", label); break;
    case FORM_WARNING: MARKUP(p, "<button class=\"warning\">{}</button>", label); break;
    }
}

void form_end_as(struct page *p, enum form_weight weight, const char *msgid)
{
    MARKUP(p, "<p>");
    write_button(p, weight, page_text(p, msgid));
    MARKUP(p, "</p></form>");
}

void form_end(struct page *p, const char *msgid)
{
    form_end_as(p, FORM_MAIN, msgid);
}

void form_button_as(struct page *p, enum form_weight weight, struct str action, const char *route_path,
                    struct str label, const struct form_field *hidden)
{
    form_start(p, action, route_path);
    if (hidden != NULL)
        MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", str_of(hidden->name), hidden->value);
    write_button(p, weight, label);
    MARKUP(p, "</form>");
}

void form_button(struct page *p, struct str action, const char *route_path, struct str label,
                 const struct form_field *hidden)
{
    form_button_as(p, FORM_MAIN, action, route_path, label, hidden);
}

const char *form_id(const struct form_field *f)
{
    return f->id != NULL ? f->id : f->name;
}

/* The ids of hint and error, for aria-describedby. */
static struct str described_by(const struct page *p, const struct form_field *f)
{
    return str_of(arena_printf(p->arena, "%s%s%s%s%s", f->hint.n ? form_id(f) : "", f->hint.n ? "-hint" : "",
                               f->hint.n && f->error.n ? " " : "", f->error.n ? form_id(f) : "",
                               f->error.n ? "-error" : ""));
}

static void write_notes(struct page *p, const struct form_field *f)
{
    if (f->hint.n != 0)
        MARKUP(p, "<p class=\"hint lines\" id=\"{}-hint\">{}</p>", str_of(form_id(f)), f->hint);
    if (f->error.n != 0)
        MARKUP(p, "<p class=\"error\" id=\"{}-error\">{}</p>", str_of(form_id(f)), f->error);
}

static struct str label_of(const struct page *p, const struct form_field *f)
{
    return f->optional ? TF(p, "{} (optional)", f->label) : f->label;
}

/* id, name, limits and what describes the field: the attributes that text fields and lists share. */
static void write_attributes(struct page *p, const struct form_field *f)
{
    struct str by = described_by(p, f);
    MARKUP(p, " id=\"{}\" name=\"{}\"", str_of(form_id(f)), str_of(f->name));
    if (by.n != 0)
        MARKUP(p, " aria-describedby=\"{}\"", by);
    if (f->error.n != 0)
        MARKUP(p, " aria-invalid=\"true\"");
    if (f->max != 0)
        MARKUP(p, " maxlength=\"{}\"", str_of(arena_printf(p->arena, "%u", f->max)));
}

static void write_text(struct page *p, const struct form_field *f)
{
    MARKUP(p, "<input type=\"text\" autocomplete=\"{}\"", str_of(f->autocomplete ? f->autocomplete : "off"));
    if (f->inputmode == NULL)
        MARKUP(p, " dir=\"auto\""); /* words of any script; digits stay as they are */
    else
        MARKUP(p, " inputmode=\"{}\"", str_of(f->inputmode));
    write_attributes(p, f);
    MARKUP(p, " value=\"{}\">", f->value);
}

static void write_select(struct page *p, const struct form_field *f)
{
    MARKUP(p, "<select");
    write_attributes(p, f);
    MARKUP(p, ">");
    for (size_t i = 0; i < f->options_n; i++) {
        if (str_eq(f->options[i].value, f->value))
            MARKUP(p, "<option value=\"{}\" selected>{}</option>", f->options[i].value, f->options[i].text);
        else
            MARKUP(p, "<option value=\"{}\">{}</option>", f->options[i].value, f->options[i].text);
    }
    MARKUP(p, "</select>");
}

/* Whether a value of the field, one on each line, is this. */
static bool is_chosen(const struct form_field *f, struct str value)
{
    struct str rest = f->value, one;
    while (str_next(&rest, '\n', &one))
        if (str_eq(one, value))
            return true;
    return false;
}

static void open_group(struct page *p, const struct form_field *f)
{
    struct str by = described_by(p, f);
    MARKUP(p, "<fieldset");
    if (by.n != 0)
        MARKUP(p, " aria-describedby=\"{}\"", by);
    if (f->titled)
        MARKUP(p, " aria-labelledby=\"title\">");
    else
        MARKUP(p, "><legend>{}</legend>", label_of(p, f));
    write_notes(p, f);
}

/* The first button carries the field's own id, so that the list of errors can lead to it. */
static void write_radios(struct page *p, const struct form_field *f)
{
    const struct str type = f->kind == FORM_SOME ? STR("checkbox") : STR("radio");
    open_group(p, f);
    for (size_t i = 0; i < f->options_n; i++) {
        const struct form_option *o = &f->options[i];
        MARKUP(p, "<label class=\"choice\"><input type=\"{}\" name=\"{}\" value=\"{}\"", type,
               str_of(f->name), o->value);
        if (i == 0)
            MARKUP(p, " id=\"{}\"", str_of(form_id(f)));
        if (is_chosen(f, o->value))
            MARKUP(p, " checked");
        MARKUP(p, "> <span>{}</span></label>", o->text);
    }
    MARKUP(p, "</fieldset>");
}

static void write_check(struct page *p, const struct form_field *f)
{
    MARKUP(p, "<div class=\"field\">");
    write_notes(p, f);
    MARKUP(p, "<label class=\"choice\"><input type=\"checkbox\" value=\"yes\"");
    write_attributes(p, f);
    if (str_is(f->value, "yes"))
        MARKUP(p, " checked");
    MARKUP(p, "> <span>{}</span></label></div>", f->label);
}

static void write_labelled(struct page *p, const struct form_field *f)
{
    MARKUP(p, "<div class=\"field\">");
    if (!f->titled)
        MARKUP(p, "<label for=\"{}\">{}</label>", str_of(form_id(f)), label_of(p, f));
    write_notes(p, f);
    if (f->kind == FORM_SELECT) {
        write_select(p, f);
    } else if (f->kind == FORM_AREA) {
        MARKUP(p, "<textarea rows=\"5\" dir=\"auto\"");
        write_attributes(p, f);
        MARKUP(p, ">\n{}</textarea>", f->value); /* the parser drops one line end */
    } else {
        write_text(p, f);
    }
    MARKUP(p, "</div>");
}

void form_field(struct page *p, const struct form_field *f)
{
    switch (f->kind) {
    case FORM_TEXT:
    case FORM_AREA:
    case FORM_SELECT: write_labelled(p, f); break;
    case FORM_RADIOS:
    case FORM_SOME: write_radios(p, f); break;
    case FORM_CHECK: write_check(p, f); break;
    case FORM_HIDDEN:
        MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", str_of(f->name), f->value);
        break;
    }
}

void filter_start(struct page *p, const char *path)
{
    MARKUP(p, "<form class=\"filter\" method=\"get\" action=\"{}\">", str_of(path));
}

void filter_end(struct page *p)
{
    MARKUP(p, "<p><button class=\"second\">{}</button></p></form>", T(p, "Show"));
}
