/* SPDX-License-Identifier: Apache-2.0 */
/* desk_records.c: an office that keeps a registry writes a record for a person. It sees nothing of what
 * stands there; the person finds the writing in their list. */
#include "base/clock.h"
#include "gate/write.h"
#include "web/web_private.h"

#define VALUE_CHARACTERS 1000

bool office_provides(const struct jurisdiction *j, const struct office *office)
{
    for (size_t i = 0; i < j->services_n; i++)
        if (j->services[i].provider == office)
            return true;
    return false;
}

bool office_writes(const struct jurisdiction *j, const struct office *office)
{
    for (size_t i = 0; i < j->registries_n; i++)
        if (!j->registries[i].organisations && gate_writes(office, &j->registries[i]))
            return true;
    return false;
}

static void get_list(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    if (!office_writes(p->j, p->visitor->office)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, T(p, "Write a record"), STR("/desk"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><ul class=\"ways\">",
           T(p, "The person is shown that a record was written, by which office and when. What the record "
                "means for "
                "them may be offered to them at once."));
    for (size_t i = 0; i < p->j->registries_n; i++) {
        const struct registry *registry = &p->j->registries[i];
        if (!registry->organisations && gate_writes(p->visitor->office, registry))
            MARKUP(p, "<li><a href=\"/desk/records/{}\">{}</a></li>", registry->id,
                   page_texts(p, &registry->name));
    }
    MARKUP(p, "</ul>");
    page_end(p);
}

/* --- the form: the person's number, then the fields of the registry --- */

struct record_form {
    const struct registry *registry;
    struct form_field fields[VAULT_FIELDS_MAX + 1];
    size_t n;
    struct form_field name; /* of the record to be */
};

static const struct registry *registry_asked(struct page *p)
{
    const struct registry *registry = jurisdiction_registry(p->j, http_part(p->request, 0));
    if (registry != NULL && !registry->organisations && gate_writes(p->visitor->office, registry))
        return registry;
    http_problem(p->request, p->response, 404, "not-found", "%s", "");
    return NULL;
}

static struct str hint_of(const struct page *p, const struct field *field)
{
    switch (field->type) {
    case FIELD_DATE: return T(p, "Day, month, year: 25.11.2026");
    case FIELD_NUMBER:
    case FIELD_MONEY: return T(p, "In digits");
    case FIELD_YES_NO:
    case FIELD_TEXT:
    case FIELD_CODE: break;
    }
    return STR("");
}

static void offer_yes_no(struct page *p, struct form_field *field)
{
    struct form_option *options = arena_array(p->arena, struct form_option, 3);
    options[0] = (struct form_option){STR(""), STR("-")};
    options[1] = (struct form_option){STR("yes"), T(p, "Yes")};
    options[2] = (struct form_option){STR("no"), T(p, "No")};
    field->kind = FORM_SELECT;
    field->options = options;
    field->options_n = 3;
}

static void fill_form(struct page *p, const struct registry *registry, struct record_form *form)
{
    form->registry = registry;
    form->fields[0] = (struct form_field){
        .name = "number",
        .label = TF(p, "The person's number ({})", page_texts(p, &p->j->person_number_name)),
        .value = form_value(p->request, "number"),
        .max = 40,
        .inputmode = "numeric"};
    for (size_t f = 0; f < registry->fields_n; f++) {
        const char *name = arena_printf(p->arena, "f-%.*s", STR_ARG(registry->fields[f].id));
        form->fields[f + 1] = (struct form_field){.name = name,
                                                  .label = page_texts(p, &registry->fields[f].name),
                                                  .hint = hint_of(p, &registry->fields[f]),
                                                  .value = form_value(p->request, name),
                                                  .max = VALUE_CHARACTERS,
                                                  .optional = true};
        if (registry->fields[f].type == FIELD_YES_NO)
            offer_yes_no(p, &form->fields[f + 1]);
    }
    form->n = registry->fields_n + 1;
    form->name =
        (struct form_field){.kind = FORM_HIDDEN, .name = "record", .value = form_value(p->request, "record")};
    if (form->name.value.n != 0)
        return;
    char *drawn = arena_take(p->arena, ACT_ID_SIZE, 1);
    gate_record_name(drawn);
    form->name.value = str_of(drawn);
}

static void draw_form(struct page *p, const struct record_form *form)
{
    page_open(p, page_texts(p, &form->registry->name), STR("/desk/records"), form->fields, form->n);
    MARKUP(p, "<p>{}</p>",
           form->registry->many
               ? T(p, "This becomes a record of its own. What the person has there already stays as it is.")
               : T(p, "What you leave empty stays as it is in the person's record."));
    form_start(p, str_of(arena_printf(p->arena, "/desk/records/%.*s", STR_ARG(form->registry->id))),
               "/desk/records/{registry}");
    for (size_t i = 0; i < form->n; i++)
        form_field(p, &form->fields[i]);
    form_field(p, &form->name);
    form_end(p, N_("Write the record"));
    page_end(p);
}

static void get_form(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct record_form *form;
    page_init(p, request, response);
    const struct registry *registry = registry_asked(p);
    if (registry == NULL)
        return;
    form = arena_new(p->arena, struct record_form);
    fill_form(p, registry, form);
    draw_form(p, form);
}

/* --- what was sent --- */

/* Whose record it becomes. False: the number is nobody's, and the form says so, or answered. */
static bool find_person(struct page *p, struct record_form *form, struct person *ret_person, bool *ret_found,
                        struct err *err)
{
    char *normal = arena_take(p->arena, 32, 1);
    *ret_found = false;
    bool right = form_person_number(p, &form->fields[0], normal);
    if (right && !people_find(p->web->api.people, web_db(p->request), p->j->person_scheme, str_of(normal),
                              ret_found, ret_person, err))
        return false;
    if (right && !*ret_found)
        form->fields[0].error = T(p, "No person has this number.");
    return true;
}

/* A day as the record holds it; what is no day the gate refuses. */
static struct str value_typed(const struct page *p, const struct field *field, struct str typed)
{
    struct date date;
    if (field->type != FIELD_DATE || !date_typed(typed, &date))
        return typed;
    return str_of(arena_printf(p->arena, "%04d-%02d-%02d", date.year, date.month, date.day));
}

static void refuse(struct page *p, struct record_form *form)
{
    http_status(p->response, 422);
    draw_form(p, form);
}

static void show_written(struct page *p, const struct registry *registry, uint64_t position)
{
    page_open(p, page_texts(p, &registry->name), STR("/desk/records"), NULL, 0);
    page_note(p, "good", T(p, "The record is written."));
    MARKUP(p, "<p>{}</p><p class=\"acts\"><a href=\"/desk/records/{}\">{}</a></p>",
           T(p, "The person finds it in their list, and what follows from it is offered to them."),
           registry->id, T(p, "Write another one"));
    page_end(p);
    http_hold(p->response, position);
}

/* The field that the gate found wrong. */
static bool mark_wrong(struct page *p, struct record_form *form, const struct err *err)
{
    size_t at = form->n;
    for (size_t f = 0; f < form->registry->fields_n; f++)
        if (str_is(form->registry->fields[f].id, err->place))
            at = f + 1;
    if (err->code != ERR_INVALID)
        return false;
    form->fields[at < form->n ? at : 1].error = page_text(p, str_c(p->arena, str_of(err->text)));
    return true;
}

static void post_form(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str values[VAULT_FIELDS_MAX];
    struct gate_written written;
    struct person person;
    uint64_t position;
    struct err err;
    bool found;
    page_init(p, request, response);
    const struct registry *registry = registry_asked(p);
    if (registry == NULL)
        return;
    struct record_form *form = arena_new(p->arena, struct record_form);
    fill_form(p, registry, form);
    if (!find_person(p, form, &person, &found, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!found) {
        refuse(p, form);
        return;
    }
    for (size_t f = 0; f < registry->fields_n; f++)
        values[f] = value_typed(p, &registry->fields[f], form->fields[f + 1].value);
    const struct caller *caller = &p->visitor->caller;
    const struct gate_writing writing = {.office = p->visitor->office,
                                         .actor = caller->official.staff_code,
                                         .levels = caller->levels,
                                         .registry = registry,
                                         .pid = person.pid,
                                         .values = values,
                                         .record = form->name.value};
    if (gate_write(p->web->api.gate, web_db(request), &writing, p->arena, &written, &position, &err))
        show_written(p, registry, position);
    else if (mark_wrong(p, form, &err))
        refuse(p, form);
    else
        http_problem_err(request, response, &err);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/records",
     .handler = get_list,
     .access = WEB_OFFICIAL,
     .summary = "Registries that the office writes"},
    {.method = HTTP_GET,
     .path = "/desk/records/{registry}",
     .handler = get_form,
     .access = WEB_OFFICIAL,
     .summary = "Write a record"},
    {.method = HTTP_POST,
     .path = "/desk/records/{registry}",
     .handler = post_form,
     .access = WEB_OFFICIAL,
     .body = HTTP_FORM,
     .body_max = 131072,
     .summary = "Write it"},
};
const struct web_table web_desk_records = {routes, ARRAY_LEN(routes)};
