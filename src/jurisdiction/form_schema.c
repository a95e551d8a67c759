/* SPDX-License-Identifier: Apache-2.0 */
/* form_schema.c: the table of form_table.c as JSON Schema (draft 2020-12), for editors. It reads scalars as
 * YAML 1.2 editors do: a bare number or yes may arrive as number, boolean or text. */
#include <stdio.h>

#include "base/json.h"
#include "jurisdiction/form_private.h"
#include "jurisdiction/service.h"

#define ID_PATTERN "^[a-z0-9.-]{1,64}$"
#define TERM_PATTERN "^[1-9][0-9]{0,5} (minutes?|hours?|working days?|calendar days?|months?|years?)$"

static void key_of(struct json *j, const char *key, const char *value)
{
    json_key_text(j, key, str_of(value));
}

static void write_words(struct json *j, const char *words)
{
    struct str rest = str_of(words), part;
    json_key(j, "enum");
    json_open_array(j);
    while (str_next(&rest, '|', &part))
        json_text(j, part);
    json_end(j);
}

static void write_types(struct json *j, const char *first, const char *second)
{
    json_key(j, "type");
    json_open_array(j);
    json_text(j, str_of(first));
    json_text(j, str_of(second));
    json_end(j);
}

static void write_ref(struct json *j, const char *to)
{
    char path[64];
    snprintf(path, sizeof path, "#/$defs/%s", to);
    key_of(j, "$ref", path);
}

/* The keywords of one scalar. */
static void write_scalar(struct json *j, const struct form_key *k)
{
    switch (k->shape) {
    case SHAPE_ID:
    case SHAPE_IDS:
        key_of(j, "pattern", ID_PATTERN);
        write_types(j, "string", "number");
        break;
    case SHAPE_YES:
        json_key(j, "enum");
        json_open_array(j);
        json_text(j, STR("yes"));
        json_text(j, STR("no"));
        json_bool(j, true);
        json_bool(j, false);
        json_end(j);
        break;
    case SHAPE_NUMBER:
        key_of(j, "pattern", "^[0-9]{1,10}$");
        write_types(j, "string", "integer");
        break;
    case SHAPE_DATE:
    case SHAPE_DATES:
        key_of(j, "pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
        key_of(j, "type", "string");
        break;
    case SHAPE_DAY:
        key_of(j, "pattern", "^[0-9]{2}-[0-9]{2}$");
        key_of(j, "type", "string");
        break;
    case SHAPE_CLOCK:
        key_of(j, "pattern", "^[0-9]{2}:[0-9]{2}$");
        key_of(j, "type", "string");
        break;
    case SHAPE_TERM:
        key_of(j, "pattern", TERM_PATTERN);
        key_of(j, "type", "string");
        break;
    case SHAPE_REF:
        key_of(j, "pattern", "^[a-z0-9.-]+[/.][a-z0-9.-]+$");
        key_of(j, "type", "string");
        break;
    case SHAPE_WORD:
    case SHAPE_WORDS: write_words(j, k->of); break;
    case SHAPE_EXPR: /* yes alone is a whole expression */
        json_key(j, "type");
        json_open_array(j);
        json_text(j, STR("string"));
        json_text(j, STR("number"));
        json_text(j, STR("boolean"));
        json_end(j);
        break;
    default: key_of(j, "type", "string"); break;
    }
}

static void write_by_channel(struct json *j, const struct form_key *k)
{
    key_of(j, "type", "object");
    json_key(j, "propertyNames");
    json_open_object(j);
    write_words(j, WORDS_CHANNELS);
    json_end(j);
    json_key(j, "additionalProperties");
    json_open_object(j);
    key_of(j, "type", "string");
    key_of(j, "pattern", k->shape == SHAPE_TERMS ? TERM_PATTERN : "^(untested|[0-9]{4}-[0-9]{2}-[0-9]{2})$");
    json_end(j);
}

static void write_key(struct json *j, const struct form_key *k)
{
    json_key(j, k->key);
    json_open_object(j);
    key_of(j, "description", k->what);
    switch (k->shape) {
    case SHAPE_IDS:
    case SHAPE_WORDS:
    case SHAPE_TEXT_LIST:
    case SHAPE_DATES:
    case SHAPE_FORMS:
        key_of(j, "type", "array");
        json_key(j, "items");
        json_open_object(j);
        if (k->shape == SHAPE_FORMS)
            write_ref(j, k->of);
        else
            write_scalar(j, k);
        json_end(j);
        break;
    case SHAPE_FORM: write_ref(j, k->of); break;
    case SHAPE_TEXTS: write_ref(j, "texts"); break;
    case SHAPE_VALUES: key_of(j, "type", "object"); break;
    case SHAPE_CHANNELS:
    case SHAPE_TERMS: write_by_channel(j, k); break;
    default: write_scalar(j, k); break;
    }
    json_end(j);
}

static void write_form(struct json *j, const struct form *form)
{
    json_key(j, form->name);
    json_open_object(j);
    key_of(j, "type", "object");
    json_key(j, "additionalProperties");
    json_bool(j, false);
    json_key(j, "required");
    json_open_array(j);
    for (const struct form_key *k = form->keys; k->key != NULL; k++)
        if (k->need)
            json_text(j, str_of(k->key));
    json_end(j);
    json_key(j, "properties");
    json_open_object(j);
    for (const struct form_key *k = form->keys; k->key != NULL; k++)
        write_key(j, k);
    json_end(j);
    json_end(j);
}

void service_schema(struct buf *out)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    key_of(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    key_of(&j, "title", "Aina: services/*.yaml and procedures/*.yaml of a jurisdiction folder");
    json_key(&j, "if"); /* a procedure is known by its archetype */
    json_open_object(&j);
    json_key(&j, "required");
    json_open_array(&j);
    json_text(&j, STR("archetype"));
    json_end(&j);
    json_end(&j);
    json_key(&j, "then");
    json_open_object(&j);
    write_ref(&j, "procedure");
    json_end(&j);
    json_key(&j, "else");
    json_open_object(&j);
    write_ref(&j, "service");
    json_end(&j);
    json_key(&j, "$defs");
    json_open_object(&j);
    json_key(&j, "texts");
    json_open_object(&j);
    key_of(&j, "description", "A text in every language of the folder.");
    key_of(&j, "type", "object");
    json_key(&j, "additionalProperties");
    json_open_object(&j);
    key_of(&j, "type", "string");
    json_end(&j);
    json_end(&j);
    for (const struct form *f = forms; f->name != NULL; f++)
        write_form(&j, f);
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}
