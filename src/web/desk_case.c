/* SPDX-License-Identifier: Apache-2.0 */
/* desk_case.c: an office opens a case of its own with the person in front of it, and ends it
 * (gate/own_case.h). Whoever may look only under a case can look at nobody else by it. The person reads of
 * both at once, and their phone is told. */
#include "gate/own_case.h"
#include "web/login.h"
#include "web/presence.h"

#define CASE_MAX 64

enum { F_PURPOSE, F_CASE, F_NUMBER, F_WAY, F_DOCUMENT, FIELDS };

static const struct presence_form code_form = {.title = N_("Open a case"),
                                               .back = "/desk/case/open",
                                               .action = "/desk/case/open/code",
                                               .button = N_("Open the case"),
                                               .kept = {"purpose", "case"}};

/* --- the form --- */

static size_t purposes_of(const struct page *p, struct form_option *options, const struct purpose **ret_first)
{
    const struct office *office = p->visitor->office;
    size_t n = 0;
    *ret_first = NULL;
    for (size_t i = 0; i < office->purposes_n; i++) {
        const struct purpose *purpose = office->purposes[i];
        if (purpose->own_case_days == 0)
            continue;
        if (*ret_first == NULL)
            *ret_first = purpose;
        options[n++] = (struct form_option){purpose->id, page_texts(p, &purpose->name)};
    }
    return n;
}

static void fields_of(struct page *p, struct form_field fields[FIELDS])
{
    struct form_option *options =
        arena_array(p->arena, struct form_option, p->visitor->office->purposes_n + 1);
    const struct purpose *first;
    size_t n = purposes_of(p, options, &first);
    bool one = n == 1;
    must(n != 0); /* WEB_OWN_CASES */
    fields[F_PURPOSE] = (struct form_field){.kind = one ? FORM_HIDDEN : FORM_RADIOS,
                                            .name = "purpose",
                                            .label = T(p, "What is the case for?"),
                                            .value = one ? first->id : form_value(p->request, "purpose"),
                                            .options = options,
                                            .options_n = n};
    fields[F_CASE] = (struct form_field){.name = "case",
                                         .label = T(p, "Case number"),
                                         .hint = T(p, "As your agency numbers its cases."),
                                         .value = form_value(p->request, "case"),
                                         .max = CASE_MAX};
    fields[F_NUMBER] = presence_number(p);
    fields[F_WAY] = presence_way(p);
    fields[F_DOCUMENT] = presence_document(p);
}

/* The purpose that was sent, if an office of this kind opens cases for it. The gate asks again. */
static const struct purpose *purpose_typed(const struct page *p)
{
    const struct office *office = p->visitor->office;
    for (size_t i = 0; i < office->purposes_n; i++)
        if (office->purposes[i]->own_case_days != 0 &&
            str_eq(office->purposes[i]->id, form_value(p->request, "purpose")))
            return office->purposes[i];
    return NULL;
}

static bool typed_wrong(struct page *p, struct form_field fields[FIELDS], char normal[32])
{
    if (purpose_typed(p) == NULL)
        fields[F_PURPOSE].error = T(p, "Choose one.");
    if (fields[F_CASE].value.n == 0)
        fields[F_CASE].error = T(p, "Enter the case number");
    if (fields[F_CASE].value.n > CASE_MAX)
        fields[F_CASE].error = T(p, "The case number is too long");
    presence_check(p, &fields[F_NUMBER], &fields[F_WAY], &fields[F_DOCUMENT], normal);
    return form_wrong(fields, FIELDS);
}

static struct form_field ending_field(const struct page *p, struct str value)
{
    return (struct form_field){
        .name = "case", .id = "ending", .label = T(p, "Case number"), .value = value, .max = CASE_MAX};
}

static void write_ending(struct page *p, const struct form_field *ending)
{
    MARKUP(
        p, "<h2>{}</h2><p>{}</p>", T(p, "End a case"),
        T(p, "One that an office of your agency opened here. Otherwise it ends by itself on its last day."));
    form_start(p, STR("/desk/case/end"), "/desk/case/end");
    form_field(p, ending);
    form_end_as(p, FORM_SECOND, N_("End the case"));
}

static void write_page(struct page *p, struct form_field fields[FIELDS])
{
    const struct form_field ending = ending_field(p, STR(""));
    page_open(p, T(p, "Open a case"), STR("/desk"), fields, FIELDS);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "With the person in front of you. While it is open, your office may look at this person's data "
             "for its purpose. The person reads of it at once, in their list."));
    form_start(p, STR("/desk/case/open"), "/desk/case/open");
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Open the case"));
    write_ending(p, &ending);
    page_end(p);
}

static void get_open(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    fields_of(p, fields);
    write_page(p, fields);
}

/* --- opening --- */

static struct gate_own_case own_of(const struct page *p)
{
    const struct caller *c = &p->visitor->caller;
    return (struct gate_own_case){.office = p->visitor->office,
                                  .actor = c->official.staff_code,
                                  .capacity = c->capacity,
                                  .mandate = c->mandate,
                                  .levels = c->levels,
                                  .case_no = form_value(p->request, "case")};
}

static void write_opened(struct page *p, const struct purpose *purpose, struct str case_no, int32_t until)
{
    const struct form_field hidden = {.kind = FORM_HIDDEN, .name = "case", .value = case_no};
    struct str look = str_of(arena_printf(p->arena, "/desk/%.*s", STR_ARG(purpose->id)));
    page_open(p, T(p, "The case is open"), STR("/desk"), NULL, 0);
    facts_start(p);
    fact(p, T(p, "Case number"), case_no);
    fact(p, T(p, "Purpose"), page_texts(p, &purpose->name));
    fact(p, T(p, "Open until"), page_day(p, until));
    facts_end(p);
    MARKUP(p, "<p>{}</p><p><a class=\"button\" href=\"{}\">{}</a></p>",
           T(p, "The person reads of it in their list now."),
           page_path(p, str_c(p->arena, look), "case", case_no, NULL), T(p, "Open a look"));
    form_button_as(p, FORM_SECOND, STR("/desk/case/end"), "/desk/case/end", T(p, "End the case"), &hidden);
    page_end(p);
}

static void open_for(struct page *p, const struct present *person, struct form_field fields[FIELDS])
{
    struct gate_own_case own = own_of(p);
    const struct purpose *purpose = purpose_typed(p);
    int32_t until;
    uint64_t position;
    struct err err;
    own.purpose = purpose->id;
    own.pid = person->account.person.pid;
    own.presence = person->ground;
    bool opened = gate_own_case_open(p->web->api.gate, web_db(p->request), &own, &until, &position, &err);
    if (!opened && strcmp(err.place, "case") == 0) {
        fields[F_CASE].error = page_text(p, err.text);
        http_status(p->response, err.code == ERR_CONFLICT ? 409 : 422);
        write_page(p, fields);
        return;
    }
    if (!opened || !presence_tell_phone(p->request, &person->account, own_case_notice, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    if (position != 0)
        http_hold(p->response, position);
    write_opened(p, purpose, own.case_no, until);
}

static void form_changed(struct page *p)
{
    http_problem(p->request, p->response, 422, "invalid", "%s",
                 N_("The form was changed on its way: load the page again."));
}

static void post_open(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct present person;
    char normal[32];
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    fields_of(p, fields);
    if (purpose_typed(p) == NULL && fields[F_PURPOSE].kind == FORM_HIDDEN) {
        form_changed(p);
        return;
    }
    if (!typed_wrong(p, fields, normal)) {
        const struct purpose *purpose = purpose_typed(p);
        if (!login_reaches(request, response, purpose->minimum))
            return;
        enum presence shown = presence_ask(p, &code_form, normal, p->visitor->caller.capacity, purpose->id,
                                           &fields[F_NUMBER], &person);
        if (shown == PRESENCE_SHOWN)
            open_for(p, &person, fields);
        if (shown != PRESENCE_NOBODY)
            return;
    }
    http_status(response, 422);
    write_page(p, fields);
}

static void post_code(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct present person;
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    const struct purpose *purpose = purpose_typed(p);
    if (purpose == NULL) {
        form_changed(p);
        return;
    }
    if (!login_reaches(request, response, purpose->minimum))
        return;
    fields_of(p, fields);
    if (presence_code(p, &code_form, &person))
        open_for(p, &person, fields);
}

/* --- ending --- */

static void end_again(struct page *p, struct str typed, struct str wrong, int status)
{
    struct form_field ending = ending_field(p, typed);
    ending.error = wrong;
    http_status(p->response, status);
    page_open(p, T(p, "Open a case"), STR("/desk/case/open"), &ending, 1);
    write_ending(p, &ending);
    page_end(p);
}

static void post_end(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    const struct gate_own_case own = own_of(p);
    if (own.case_no.n == 0) {
        end_again(p, own.case_no, T(p, "Enter the case number"), 422);
        return;
    }
    if (!gate_own_case_end(p->web->api.gate, web_db(request), &own, &position, &err)) {
        if (strcmp(err.place, "case") == 0)
            end_again(p, own.case_no, page_text(p, err.text), err.code == ERR_CONFLICT ? 409 : 404);
        else
            http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    page_open(p, T(p, "The case is ended"), STR("/desk"), NULL, 0);
    facts_start(p);
    fact(p, T(p, "Case number"), own.case_no);
    facts_end(p);
    MARKUP(p, "<p>{}</p><p><a href=\"/desk/case/open\">{}</a></p>",
           T(p, "Nobody looks by it any more. The person reads of it in their list now."),
           T(p, "Open a case"));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/case/open",
     .handler = get_open,
     .access = WEB_OWN_CASES,
     .summary = "Open a case of the office's own"},
    {.method = HTTP_POST,
     .path = "/desk/case/open",
     .handler = post_open,
     .access = WEB_OWN_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Open a case with the person in front of one"},
    {.method = HTTP_POST,
     .path = "/desk/case/open/code",
     .handler = post_code,
     .access = WEB_OWN_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "The code that the person reads out"},
    {.method = HTTP_POST,
     .path = "/desk/case/end",
     .handler = post_end,
     .access = WEB_OWN_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "End a case of the office's own"},
};
const struct web_table web_desk_case = {routes, ARRAY_LEN(routes)};
