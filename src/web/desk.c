/* SPDX-License-Identifier: Apache-2.0 */
/* desk.c: an official opens a look. First the purpose, because registries, fields and what is needed follow
 * from it; then one form; its answer is the page with the data, or the refusal above the form as it was
 * typed. The person's number travels in a POST only. */
#include "people/number.h"
#include "web/desk_private.h"
#include "web/login.h"

#define CASE_MAX 64
#define REASON_MAX 1000

/* What was typed, read once. */
struct desk_form {
    const struct purpose *purpose;
    struct str registry, other, number, case_no, order, reason; /* other: a registry not opened */
    bool emergency;
    struct str fields[VAULT_FIELDS_MAX]; /* "registry/field" */
    size_t fields_n;
    struct str error_registry, error_number, error_case, error_order, error_fields, error_reason;
};

/* --- purposes --- */

static void write_needs(struct page *p, const struct purpose *purpose)
{
    if (purpose->needs_case)
        MARKUP(p, "<li>{}</li>", T(p, "An open case of this person"));
    if (purpose->needs_consent)
        MARKUP(p, "<li>{}</li>", T(p, "The person's consent"));
    if (purpose->needs_order)
        MARKUP(p, "<li>{}</li>", T(p, "A court order"));
}

/* What else the office does: only an office that gives services has booked times, and letters one that writes
 * records, too. */
static void write_ways(struct page *p, struct str messages)
{
    bool counter = p->visitor->access & WEB_COUNTER, cases = p->visitor->access & WEB_CASES;
    bool provides = office_provides(p->j, p->visitor->office);
    bool writes = office_writes(p->j, p->visitor->office);
    bool opens = p->visitor->access & WEB_OWN_CASES;
    bool records = p->visitor->access & WEB_RECORDS;
    if (!counter && !cases && !provides && !records && !writes && !opens)
        return;
    MARKUP(p, "<ul class=\"ways\">");
    if (cases)
        MARKUP(p, "<li><a href=\"/desk/cases\">{}</a></li>", T(p, "Cases of the office"));
    if (counter)
        MARKUP(p, "<li><a href=\"/desk/assist\">{}</a></li>", T(p, "Act for the person in front of you"));
    if (opens)
        MARKUP(p, "<li><a href=\"/desk/case/open\">{}</a></li>",
               T(p, "Open a case with the person in front of you"));
    if (writes)
        MARKUP(p, "<li><a href=\"/desk/records\">{}</a></li>", T(p, "Write a record"));
    if (records)
        MARKUP(p, "<li><a href=\"/desk/mandates\">{}</a></li>", T(p, "Mandates recorded here"));
    if (provides)
        MARKUP(p, "<li><a href=\"/desk/day\">{}</a></li>", T(p, "What is booked today"));
    if (messages.n != 0)
        MARKUP(p, "<li><a href=\"/desk/messages\">{}</a></li>", messages);
    if (provides || writes)
        MARKUP(p, "<li><a href=\"/desk/letters\">{}</a></li>", T(p, "Letters to send"));
    MARKUP(p, "</ul>");
}

static void get_desk(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str messages;
    page_init(p, request, response);
    if (!desk_messages_way(p, &messages))
        return;
    page_open(p, T(p, "My work"), STR(""), NULL, 0);
    const struct office *office = p->visitor->office;
    write_ways(p, messages);
    MARKUP(p, "<h2>{}</h2><p>{}</p><p>{}</p><ul class=\"ways\">", T(p, "Open a look"),
           T(p, "Every look is written into the log before you see the data, and the person is shown it."),
           T(p, "What do you need the data for?"));
    for (size_t i = 0; i < office->purposes_n; i++) {
        const struct purpose *purpose = office->purposes[i];
        if (purpose->self)
            continue;
        MARKUP(p, "<li><a href=\"/desk/{}\">{}</a><p>{}</p></li>", purpose->id, page_texts(p, &purpose->name),
               TF(p, "The person will read: “{}”", page_texts(p, &purpose->plain)));
    }
    MARKUP(p, "</ul>");
    page_end(p);
}

/* --- the form --- */

static const struct purpose *purpose_of(struct http_request *request)
{
    const struct office *office = web_visitor(request)->office;
    for (size_t i = 0; i < office->purposes_n; i++)
        if (str_eq(office->purposes[i]->id, http_part(request, 0)) && !office->purposes[i]->self)
            return office->purposes[i];
    return NULL;
}

/* Whose number a registry is asked by. */
static struct str scheme_of(const struct page *p, const struct registry *registry)
{
    return registry != NULL && registry->organisations ? p->j->organisation_scheme : p->j->person_scheme;
}

static struct str number_name(const struct page *p, const struct registry *registry)
{
    return registry != NULL && registry->organisations ? T(p, "number of an organisation")
                                                       : page_texts(p, &p->j->person_number_name);
}

static struct str number_label(const struct page *p, const struct purpose *purpose)
{
    struct str name = page_texts(p, &p->j->person_number_name);
    for (size_t r = 0; r < p->j->registries_n; r++)
        if (p->j->registries[r].organisations && registry_lookup(&p->j->registries[r], purpose) != NULL)
            return TF(p, "The person's number ({}) or the organisation's", name);
    return TF(p, "The person's number ({})", name);
}

static struct str number_hint(const struct page *p)
{
    const struct number_scheme *scheme = number_scheme_find(p->j->person_scheme);
    return scheme ? TF(p, "{} digits; spaces and hyphens do not matter", page_number(p, scheme->length))
                  : STR("");
}

static bool asked_for(const struct desk_form *form, struct str name)
{
    for (size_t i = 0; i < form->fields_n; i++)
        if (str_eq(form->fields[i], name))
            return true;
    return false;
}

/* A part of the form that few need: open when something in it was filled in or is wrong. */
static void fold_start(struct page *p, bool open, struct str summary)
{
    if (open)
        MARKUP(p, "<details open><summary>{}</summary>", summary);
    else
        MARKUP(p, "<details><summary>{}</summary>", summary);
}

/* Tick boxes of all that the purpose sees, registry by registry; none ticked means all. */
static void write_fields(struct page *p, const struct desk_form *form)
{
    fold_start(p, form->fields_n != 0 || form->error_fields.n != 0,
               T(p, "Only some of the fields (optional)"));
    MARKUP(p, "<p class=\"hint\">{}</p>",
           T(p, "Tick what you need. If you tick nothing, you see all fields that this purpose opens."));
    if (form->error_fields.n != 0)
        MARKUP(p, "<p class=\"error\" id=\"field-error\">{}</p>", form->error_fields);
    bool first = true; /* carries the id that the list of errors leads to */
    for (size_t r = 0; r < p->j->registries_n; r++) {
        const struct registry *registry = &p->j->registries[r];
        const struct lookup *lookup = registry_lookup(registry, form->purpose);
        if (lookup == NULL)
            continue;
        MARKUP(p, "<fieldset><legend>{}</legend>", page_texts(p, &registry->name));
        for (size_t f = 0; f < registry->fields_n; f++) {
            if ((lookup->fields >> f & 1) == 0)
                continue;
            struct str name = str_of(
                arena_printf(p->arena, "%.*s/%.*s", STR_ARG(registry->id), STR_ARG(registry->fields[f].id)));
            MARKUP(p, "<label class=\"choice\"><input type=\"checkbox\" name=\"field\" value=\"{}\"", name);
            if (first)
                MARKUP(p, " id=\"field\"");
            if (asked_for(form, name))
                MARKUP(p, " checked");
            MARKUP(p, "> <span>{}</span></label>", page_texts(p, &registry->fields[f].name));
            first = false;
        }
        MARKUP(p, "</fieldset>");
    }
    MARKUP(p, "</details>");
}

#define FORM_FIELDS_MAX 8

/* Asking for what the purpose does not open is possible, refused and logged: nobody is told that it is not
 * there to be asked for. */
static struct form_field other_registry(struct page *p, const struct desk_form *form)
{
    struct form_option *options = arena_array(p->arena, struct form_option, p->j->registries_n + 1);
    size_t n = 0;
    options[n++] = (struct form_option){STR(""), STR("–")};
    for (size_t r = 0; r < p->j->registries_n; r++)
        if (registry_lookup(&p->j->registries[r], form->purpose) == NULL)
            options[n++] =
                (struct form_option){p->j->registries[r].id, page_texts(p, &p->j->registries[r].name)};
    return (struct form_field){
        .kind = FORM_SELECT,
        .name = "other",
        .label = T(p, "Another register"),
        .hint =
            T(p, "This purpose does not open it: you will be refused, and the person sees that you asked."),
        .value = form->other,
        .options = options,
        .options_n = n,
        .optional = true};
}

/* The fields in the order of the page; the tick boxes stand among them only for their error. */
static size_t form_fields(struct page *p, const struct desk_form *form,
                          struct form_field fields[FORM_FIELDS_MAX])
{
    struct form_option *options = arena_array(p->arena, struct form_option, p->j->registries_n + 1);
    const struct purpose *purpose = form->purpose;
    size_t options_n = 0, n = 0;
    for (size_t r = 0; r < p->j->registries_n; r++)
        if (registry_lookup(&p->j->registries[r], purpose) != NULL)
            options[options_n++] =
                (struct form_option){p->j->registries[r].id, page_texts(p, &p->j->registries[r].name)};
    fields[n++] = (struct form_field){.kind = FORM_RADIOS,
                                      .name = "registry",
                                      .label = T(p, "Where to look"),
                                      .value = options_n == 1 ? options[0].value : form->registry,
                                      .error = form->error_registry,
                                      .options = options,
                                      .options_n = options_n};
    fields[n++] = other_registry(p, form);
    fields[n++] = (struct form_field){.kind = FORM_TEXT,
                                      .name = "number",
                                      .label = number_label(p, purpose),
                                      .hint = number_hint(p),
                                      .value = form->number,
                                      .error = form->error_number,
                                      .inputmode = "numeric"};
    fields[n++] = (struct form_field){.kind = FORM_TEXT,
                                      .name = "case",
                                      .label = T(p, "Case number"),
                                      .value = form->case_no,
                                      .error = form->error_case,
                                      .optional = !purpose->needs_case,
                                      .max = CASE_MAX};
    if (purpose->needs_order)
        fields[n++] = (struct form_field){.kind = FORM_TEXT,
                                          .name = "order",
                                          .label = T(p, "Number of the court order"),
                                          .value = form->order,
                                          .error = form->error_order,
                                          .max = CASE_MAX};
    fields[n++] = (struct form_field){.kind = FORM_HIDDEN, .name = "field", .error = form->error_fields};
    if (!purpose->break_glass)
        return n;
    fields[n++] = (struct form_field){
        .kind = FORM_CHECK,
        .name = "emergency",
        .label = T(p, "This is an emergency: there is no case yet"),
        .hint = T(p, "The agency's reviewer checks every emergency look, and the person is shown it."),
        .value = form->emergency ? STR("yes") : STR("")};
    fields[n++] = (struct form_field){.kind = FORM_AREA,
                                      .name = "reason",
                                      .label = T(p, "What happened"),
                                      .hint = T(p, "Only in an emergency; at least 20 characters."),
                                      .value = form->reason,
                                      .error = form->error_reason,
                                      .optional = true,
                                      .max = REASON_MAX};
    return n;
}

static void write_form(struct page *p, const struct desk_form *form, const struct form_field *fields,
                       size_t n)
{
    form_start(p, str_of(arena_printf(p->arena, "/desk/%.*s", STR_ARG(form->purpose->id))),
               "/desk/{purpose}");
    bool folded = false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, "field") == 0) {
            write_fields(p, form);
            continue;
        }
        if (strcmp(fields[i].name, "other") == 0) {
            fold_start(p, form->other.n != 0, T(p, "A register that this purpose does not open"));
            form_field(p, &fields[i]);
            MARKUP(p, "</details>");
            continue;
        }
        if (strcmp(fields[i].name, "emergency") == 0) {
            fold_start(p, form->emergency || form->reason.n != 0, T(p, "In an emergency, without a case"));
            folded = true;
        }
        form_field(p, &fields[i]);
    }
    if (folded)
        MARKUP(p, "</details>");
    form_end(p, N_("Open the data"));
}

static void write_purpose(struct page *p, const struct purpose *purpose)
{
    facts_start(p);
    fact(p, T(p, "The person will read"), page_texts(p, &purpose->plain));
    fact(p, T(p, "Law"), page_texts(p, &purpose->basis.law));
    fact(p, T(p, "Article"), purpose->basis.article.n ? purpose->basis.article : T(p, "not yet entered"));
    facts_end(p);
    if (purpose->needs_case || purpose->needs_consent || purpose->needs_order) {
        MARKUP(p, "<p>{}</p><ul>", T(p, "This purpose needs:"));
        write_needs(p, purpose);
        MARKUP(p, "</ul>");
    }
}

static void get_form(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct desk_form form = {.purpose = purpose_of(request)};
    struct form_field fields[FORM_FIELDS_MAX];
    if (form.purpose == NULL) {
        http_problem(request, response, 404, "not-found", "Your office has no such purpose.");
        return;
    }
    page_init(p, request, response);
    if (http_query(request, "case", &form.case_no) != 1 || form.case_no.n > CASE_MAX)
        form.case_no = STR("");
    size_t n = form_fields(p, &form, fields);
    page_open(p, page_texts(p, &form.purpose->name), STR("/desk"), NULL, 0);
    write_purpose(p, form.purpose);
    write_form(p, &form, fields, n);
    page_end(p);
}

/* --- what was sent --- */

/* Each name is one that the form has, and stands once; only the tick boxes repeat. */
static bool read_form(struct http_request *request, struct desk_form *form)
{
    static const char *const names[] = {"token", "registry",  "other",  "number",  "case",
                                        "order", "emergency", "reason", "touched", "field"};
    struct str name, value, ignored;
    for (size_t at = 0; http_form_at(request, at, &name, &value); at++) {
        size_t i = 0;
        while (i < ARRAY_LEN(names) && !str_is(name, names[i]))
            i++;
        if (i == ARRAY_LEN(names))
            return false;
        if (i == ARRAY_LEN(names) - 1) {
            if (form->fields_n == VAULT_FIELDS_MAX || value.n > 130)
                return false;
            form->fields[form->fields_n++] = value;
        } else if (http_form(request, names[i], &ignored) != 1) {
            return false;
        }
    }
    form->other = form_value(request, "other");
    form->registry = form->other.n ? form->other : form_value(request, "registry");
    form->number = form_value(request, "number");
    form->case_no = form_value(request, "case");
    form->order = form_value(request, "order");
    form->reason = form_value(request, "reason");
    form->emergency = form_value(request, "emergency").n != 0;
    return true;
}

/* The ticked fields without their registry. False: one is of another registry. */
static bool chosen_fields(const struct desk_form *form, struct str *ret_fields)
{
    for (size_t i = 0; i < form->fields_n; i++) {
        struct str rest = form->fields[i], registry;
        if (!str_next(&rest, '/', &registry) || !str_eq(registry, form->registry) || !text_is_id(rest))
            return false;
        ret_fields[i] = rest;
    }
    return true;
}

/* A slip of the finger is told before anything is asked of the gate: it is no look. */
static bool check_form(struct page *p, struct desk_form *form, struct str *fields, struct str number)
{
    const struct registry *registry = jurisdiction_registry(p->j, form->registry);
    const struct number_scheme *scheme = number_scheme_find(scheme_of(p, registry));
    struct str name = number_name(p, registry);
    if (registry == NULL || (form->other.n == 0 && registry_lookup(registry, form->purpose) == NULL))
        form->error_registry = T(p, "Choose where to look");
    if (form->number.n == 0)
        form->error_number = TF(p, "Enter the {}", name);
    else if (scheme == NULL || number.n == 0 || scheme->check(number, false) != NUMBER_OK)
        form->error_number = TF(p, "This is not a valid {}. Check it for a slip of the finger", name);
    if (form->purpose->needs_case && !form->emergency && form->case_no.n == 0)
        form->error_case = T(p, "Enter the case number");
    if (form->case_no.n > CASE_MAX)
        form->error_case = T(p, "The case number is too long");
    if (form->purpose->needs_order && form->order.n == 0)
        form->error_order = T(p, "Enter the number of the court order");
    if (form->order.n > CASE_MAX)
        form->error_order = T(p, "The number of the order is too long");
    if (form->emergency && utf8_length(form->reason) < GATE_BREAK_GLASS_REASON)
        form->error_reason = T(p, "Say in at least 20 characters what happened");
    if (form->reason.n > REASON_MAX)
        form->error_reason = T(p, "This is too long: shorten it");
    if (registry != NULL && !chosen_fields(form, fields))
        form->error_fields = T(p, "You ticked fields of another registry than the chosen one");
    return form->error_registry.n + form->error_number.n + form->error_case.n + form->error_order.n +
               form->error_reason.n + form->error_fields.n ==
           0;
}

/* --- the answer --- */

static void write_records(struct page *p, const struct gate_answer *answer)
{
    const struct registry *registry = answer->registry;
    if (answer->records_n == 0)
        page_note(p, "info", T(p, "This registry has no record of the person."));
    for (size_t r = 0; r < answer->records_n; r++) {
        MARKUP(p, "<section class=\"card data\">");
        if (answer->records_n > 1)
            MARKUP(p, "<h3>{}</h3>", TF(p, "Record {}", page_number(p, r + 1)));
        facts_start(p);
        for (size_t f = 0; f < registry->fields_n; f++)
            if (answer->records[r].value[f].p != NULL)
                fact(p, page_texts(p, &registry->fields[f].name),
                     page_value(p, &registry->fields[f], answer->records[r].value[f]));
        facts_end(p);
        MARKUP(p, "</section>");
    }
}

static struct str field_names(const struct page *p, const struct gate_answer *answer)
{
    struct buf names;
    buf_in(&names, p->arena, 65536);
    for (size_t f = 0; answer->registry != NULL && f < answer->registry->fields_n; f++)
        if (answer->fields >> f & 1)
            buf_printf(&names, "%s%.*s", names.n ? ", " : "",
                       STR_ARG(page_texts(p, &answer->registry->fields[f].name)));
    return buf_view(&names);
}

/* What stands in the entry, and the receipt. */
static void write_trace(struct page *p, const struct desk_form *form, const struct gate_answer *answer,
                        bool person_known)
{
    const struct visitor *v = p->visitor;
    MARKUP(p, "<h2>{}</h2>",
           person_known ? T(p, "What the person will see") : T(p, "What is written into your agency's list"));
    facts_start(p);
    fact(p, T(p, "Number of the entry"), page_number(p, answer->leaf));
    fact(p, T(p, "Who"),
         TF(p, "{}, {}, staff code {}", page_texts(p, &v->agency->name), page_texts(p, &v->office->name),
            v->caller.official.staff_code));
    fact(p, T(p, "Why"), page_texts(p, &form->purpose->plain));
    if (answer->registry != NULL)
        fact(p, T(p, "Where"), page_texts(p, &answer->registry->name));
    fact(p, T(p, "Fields"), answer->reason == GATE_ADMITTED ? field_names(p, answer) : T(p, "none"));
    fact(p, T(p, "Case"), form->case_no);
    fact(p, T(p, "Reason of the emergency"), form->emergency ? form->reason : STR(""));
    facts_end(p);
    if (answer->reason == GATE_ADMITTED && form->purpose->stream != STREAM_OPEN)
        page_note(p, "info",
                  form->purpose->stream == STREAM_SEALED
                      ? T(p, "The person sees this on the day that the court's order says.")
                      : T(p, "The person sees this later, on the day that the law says."));
    MARKUP(p, "<p class=\"acts\"><a href=\"/desk/receipt/{}\" download>{}</a><a href=\"/desk\">{}</a></p>",
           str_of(answer->look), T(p, "Download the receipt"), T(p, "Another look"));
}

static void write_admitted(struct page *p, const struct desk_form *form, const struct gate_answer *answer)
{
    page_open(p, page_texts(p, &answer->registry->name), STR("/desk"), NULL, 0);
    write_records(p, answer);
    write_trace(p, form, answer, true);
    page_end(p);
}

static void write_refused(struct page *p, const struct desk_form *form, const struct gate_answer *answer)
{
    struct form_field fields[FORM_FIELDS_MAX];
    size_t n = form_fields(p, form, fields);
    page_open(p, T(p, "The look was refused"), STR("/desk"), NULL, 0);
    page_note(p, "bad", page_text(p, gate_reason_words(answer->reason)));
    MARKUP(p, "<p>{}</p>", T(p, "No data were shown. The refusal is in the log, as any look is."));
    write_trace(p, form, answer, answer->reason != GATE_PERSON_UNKNOWN);
    MARKUP(p, "<h2>{}</h2>", T(p, "Correct it and ask again"));
    write_form(p, form, fields, n);
    page_end(p);
}

static void write_wrong(struct page *p, const struct desk_form *form)
{
    struct form_field fields[FORM_FIELDS_MAX];
    size_t n = form_fields(p, form, fields);
    http_status(p->response, 422);
    page_open(p, page_texts(p, &form->purpose->name), STR("/desk"), fields, n);
    write_purpose(p, form->purpose);
    write_form(p, form, fields, n);
    page_end(p);
}

static bool look(struct page *p, const struct desk_form *form, const struct str *fields, struct str number,
                 struct gate_answer *ret_answer, struct err *err)
{
    const struct visitor *v = p->visitor;
    struct person person;
    bool found;
    struct gate_request request = {.office = v->office,
                                   .actor = v->caller.official.staff_code,
                                   .capacity = p->visitor->caller.capacity,
                                   .mandate = p->visitor->caller.mandate,
                                   .levels = v->caller.levels,
                                   .purpose = form->purpose->id,
                                   .registry = form->registry,
                                   .case_no = form->case_no,
                                   .order = form->order,
                                   .break_glass = form->emergency,
                                   .reason = form->emergency ? form->reason : STR(""),
                                   .fields = fields,
                                   .fields_n = form->fields_n};
    if (!people_find(p->web->api.people, web_db(p->request),
                     scheme_of(p, jurisdiction_registry(p->j, form->registry)), number, &found, &person, err))
        return false;
    request.pid = found ? person.pid : NULL;
    return gate_look(p->web->api.gate, web_db(p->request), &request, p->arena, ret_answer, err);
}

static void post_form(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct arena *arena = http_arena(request);
    struct desk_form *form = arena_new(arena, struct desk_form);
    struct str *fields = arena_array(arena, struct str, VAULT_FIELDS_MAX);
    struct gate_answer answer;
    struct err err;
    form->purpose = purpose_of(request);
    if (form->purpose == NULL) {
        http_problem(request, response, 404, "not-found", "Your office has no such purpose.");
        return;
    }
    if (!read_form(request, form)) {
        http_problem(request, response, 400, "usage", "%s",
                     N_("The form was changed on its way: load the page again."));
        return;
    }
    page_init(p, request, response);
    char *normal = arena_take(arena, 32, 1);
    struct str number = number_normalise(form->number, normal) ? str_of(normal) : STR("");
    if (!check_form(p, form, fields, number)) {
        write_wrong(p, form);
        return;
    }
    if (form->emergency && !login_touched(request, response)) /* each breaking of the glass */
        return;
    if (!look(p, form, fields, number, &answer, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_hold(response, answer.position);
    http_status(response, answer.reason == GATE_ADMITTED ? 200 : 403);
    (answer.reason == GATE_ADMITTED ? write_admitted : write_refused)(p, form, &answer);
}

static void get_receipt(struct http_request *request, struct http_response *response)
{
    struct str receipt, look_id = http_part(request, 0);
    struct err err;
    if (!gate_receipt_of_look(web_of(request)->api.gate, web_db(request),
                              web_visitor(request)->caller.official.staff_code, look_id, http_arena(request),
                              &receipt, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(
        response, "Content-Disposition",
        arena_printf(http_arena(request), "attachment; filename=\"look-%.*s.tlog-proof\"", STR_ARG(look_id)));
    buf_str(http_out(response), receipt);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk",
     .handler = get_desk,
     .access = WEB_OFFICIAL,
     .summary = "My purposes"},
    {.method = HTTP_GET,
     .path = "/desk/{purpose}",
     .handler = get_form,
     .access = WEB_OFFICIAL,
     .summary = "The form of a look"},
    {.method = HTTP_POST,
     .path = "/desk/{purpose}",
     .handler = post_form,
     .access = WEB_OFFICIAL,
     .body = HTTP_FORM,
     .body_max = 32768,
     .summary = "Open a look"},
    {.method = HTTP_GET,
     .path = "/desk/receipt/{look}",
     .handler = get_receipt,
     .access = WEB_OFFICIAL,
     .summary = "The receipt of my look"},
};
const struct web_table web_desk = {routes, ARRAY_LEN(routes)};
