/* SPDX-License-Identifier: Apache-2.0 */
/* admin.c: an agency's administrators: enrolling officials with four eyes, leave, and ending an office. */
#include "base/clock.h"
#include "people/office.h"
#include "people/told.h"
#include "web/login.h"
#include "web/web_private.h"

#define FIELDS 5

static int32_t today(const struct http_request *request)
{
    return local_today(web_of(request)->api.jurisdiction);
}

static struct str office_name(const struct page *p, struct str id)
{
    const struct office *office = jurisdiction_office(p->visitor->agency, id);
    return office ? page_texts(p, &office->name) : id;
}

static struct str dates_of(const struct page *p, const struct official *o)
{
    return o->until ? TF(p, "from {} to {}", page_day(p, o->from), page_day(p, o->until))
                    : TF(p, "from {}", page_day(p, o->from));
}

static void fields_of(struct page *p, struct form_field fields[FIELDS])
{
    const struct agency *agency = p->visitor->agency;
    struct form_option *offices = arena_array(p->arena, struct form_option, agency->offices_n);
    struct date now = date_of_days(local_today(p->j));
    struct str from = form_value(p->request, "from");
    for (size_t i = 0; i < agency->offices_n; i++)
        offices[i] = (struct form_option){agency->offices[i].id, page_texts(p, &agency->offices[i].name)};
    fields[0] = (struct form_field){.name = "staff-code",
                                    .label = T(p, "Staff code"),
                                    .hint = T(p, "Letters, digits and hyphens; not a name."),
                                    .value = form_value(p->request, "staff-code"),
                                    .max = STAFF_CODE_MAX};
    fields[1] = (struct form_field){.kind = FORM_SELECT,
                                    .name = "office",
                                    .label = T(p, "Office"),
                                    .value = form_value(p->request, "office"),
                                    .options = offices,
                                    .options_n = agency->offices_n};
    fields[2] = (struct form_field){
        .name = "from",
        .label = T(p, "First day"),
        .value =
            from.n ? from : str_of(arena_printf(p->arena, "%04d-%02d-%02d", now.year, now.month, now.day)),
        .max = 10};
    fields[3] = (struct form_field){.name = "until",
                                    .label = T(p, "Last day"),
                                    .value = form_value(p->request, "until"),
                                    .max = 10,
                                    .optional = true};
    fields[4] =
        (struct form_field){.name = "stands-for",
                            .label = T(p, "In place of"),
                            .hint = T(p, "Staff code of a colleague on leave; then a last day is needed."),
                            .value = form_value(p->request, "stands-for"),
                            .max = STAFF_CODE_MAX,
                            .optional = true};
}

static void write_proposals(struct page *p, const struct proposal *list, size_t n)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "Waiting for a second administrator"));
    if (n == 0)
        page_note(p, "info", T(p, "Nothing waits."));
    for (size_t i = 0; i < n; i++) {
        const struct official *o = &list[i].official;
        struct form_field id = {.name = "proposal", .value = str_of(list[i].id)};
        MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi></h3><p>{}, {}<br>{}</p>", o->staff_code,
               office_name(p, o->office), dates_of(p, o), TF(p, "proposed by {}", list[i].by));
        if (!str_eq(list[i].by, p->visitor->caller.official.staff_code))
            form_button(p, STR("/desk/admin/agree"), "/desk/admin/agree", TF(p, "Agree: {}", o->staff_code),
                        &id);
        form_button_as(p, FORM_SECOND, STR("/desk/admin/drop"), "/desk/admin/drop",
                       TF(p, "Drop: {}", o->staff_code), &id);
        MARKUP(p, "</div>");
    }
}

static void write_officials(struct page *p, const struct official *list, size_t n)
{
    MARKUP(p, "<h2>{}</h2>", T(p, "Officials of the agency"));
    for (size_t i = 0; i < n; i++) {
        struct form_field code = {.name = "staff-code", .value = list[i].staff_code};
        MARKUP(p, "<div class=\"card\"><h3><bdi>{}</bdi></h3><p>{}, {}{}</p>", list[i].staff_code,
               office_name(p, list[i].office), dates_of(p, &list[i]),
               list[i].stands_for.n ? TF(p, ", in place of {}", list[i].stands_for) : STR(""));
        MARKUP(p, "<p class=\"acts\"><a href=\"/desk/admin/log/{}\">{}</a></p>", list[i].staff_code,
               TF(p, "In the log: {}", list[i].staff_code));
        if (!str_eq(list[i].staff_code, p->visitor->caller.official.staff_code)) {
            form_button(p, STR("/desk/admin/keys"), "/desk/admin/keys",
                        TF(p, "Keys lost, take them away: {}", list[i].staff_code), &code);
            form_button_as(p, FORM_SECOND, STR("/desk/admin/end"), "/desk/admin/end",
                           TF(p, "End at once: {}", list[i].staff_code), &code);
        }
        MARKUP(p, "</div>");
    }
}

static void write_leave(struct page *p)
{
    struct form_field fields[] = {
        {.name = "staff-code", .label = T(p, "Staff code"), .max = STAFF_CODE_MAX},
        {.name = "first", .label = T(p, "First day"), .max = 10},
        {.name = "last", .label = T(p, "Last day"), .max = 10},
    };
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Leave"),
           T(p, "While on leave an official is nobody here: no log-in and no token works."));
    form_start(p, STR("/desk/admin/leave"), "/desk/admin/leave");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Enter the leave"));
}

static void write_page(struct http_request *request, struct http_response *response,
                       struct form_field *fields)
{
    struct page page, *p = &page;
    struct proposal *proposals;
    struct official *officials;
    size_t proposals_n, officials_n;
    struct err err;
    page_init(p, request, response);
    const struct official *by = &p->visitor->caller.official;
    if (!office_proposals(web_db(request), by, p->arena, &proposals, &proposals_n, &err) ||
        !office_list(web_db(request), by, today(request), p->arena, &officials, &officials_n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Staff administration"), STR(""), fields, FIELDS);
    write_proposals(p, proposals, proposals_n);
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Propose an official"),
           T(p, "Another administrator must agree. Nobody proposes themselves. Whose keys were taken away is "
                "proposed anew for the office they hold, and gets a code."));
    form_start(p, STR("/desk/admin"), "/desk/admin");
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Propose"));
    write_officials(p, officials, officials_n);
    write_leave(p);
    MARKUP(p, "<p><a href=\"/desk/admin/signing-keys\">{}</a></p>", T(p, "Signing keys of officials"));
    page_end(p);
}

static void get_admin(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[FIELDS];
    page_init(&page, request, response);
    fields_of(&page, fields);
    write_page(request, response, fields);
}

/* Why something is not allowed, in the reader's language. */
static const struct {
    const char *place;
    enum err_code code;
    const char *words;
} refusals[] = {
    {"office", ERR_NOT_ALLOWED,
     N_("Only an administrator of the agency may do this, and you are none today.")},
    {"office", ERR_CONFLICT, N_("This official holds an office from that day on already.")},
    {"staff-code", ERR_CONFLICT, N_("This staff code is an official's of another agency.")},
    {"proposal", ERR_NOT_FOUND,
     N_("This proposal is not there any more: somebody agreed to it or dropped it.")},
    {"proposal", ERR_NOT_ALLOWED,
     N_("Who proposed does not agree too, and nobody agrees to an office of their own: another administrator "
        "does.")},
    {"staff-code", ERR_NOT_FOUND,
     N_("Nobody with this staff code holds an office of your agency on that day.")},
    {"until", ERR_INVALID, N_("A leave ends on the day it begins, or later.")},
    {"leave", ERR_INVALID, N_("Write the day as in 30.06.2027.")},
};

static void refuse(struct http_request *request, struct http_response *response, const struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (err->code == refusals[i].code && str_is(str_of(err->place), refusals[i].place)) {
            /* The page is there; who or what the form names is not: 404 would say nothing of it. */
            int status = err->code == ERR_NOT_FOUND ? 422 : err_http(err->code);
            http_problem(request, response, status, err_name(err->code), "%s", refusals[i].words);
            return;
        }
    http_problem_err(request, response, err);
}

/* --- changes: each is an entry in the list of the official whom it is about --- */

struct change {
    struct http_request *request;
    struct official official; /* proposed, or on leave from and until */
    struct str proposal;
    char code[CODE_SIZE];
    struct told told;
};

static const struct official *by(const struct change *c)
{
    return &web_visitor(c->request)->caller.official;
}

static struct people *people_of(const struct change *c)
{
    return web_of(c->request)->api.people;
}

static const struct jurisdiction *folder_of(const struct change *c)
{
    return web_of(c->request)->api.jurisdiction;
}

static struct str terms(const struct change *c, const struct official *o, struct str by_whom)
{
    return office_terms(o, by_whom, http_arena(c->request));
}

static bool change(struct http_request *request, struct http_response *response, const char *outcome,
                   db_tx_fn *fn, struct change *c, struct err *err)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    uint64_t position;
    c->request = request;
    c->told = (struct told){.kind = KIND_OFFICE,
                            .staff_code = c->official.staff_code,
                            .agency = v->agency,
                            .office = v->office,
                            .actor = v->caller.official.staff_code,
                            .capacity = v->caller.capacity,
                            .mandate = v->caller.mandate,
                            .levels = v->caller.levels,
                            .outcome = str_of(outcome)};
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, fn, c, &c->told, &position, err))
        return false;
    if (position != 0)
        http_hold(response, position);
    return true;
}

static bool propose(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    char id[27];
    c->told.reason = terms(c, &c->official, STR(""));
    return office_propose(db, folder_of(c), by(c), &c->official, clock_now(), id, err);
}

static bool decide(struct change *c, struct db *db, bool agree, struct err *err)
{
    struct proposal decided;
    if (!office_decide(people_of(c), db, folder_of(c), by(c), c->proposal, agree, clock_now(),
                       http_arena(c->request), &decided, c->code, err))
        return false;
    c->told.staff_code = decided.official.staff_code;
    c->told.reason = terms(c, &decided.official, decided.by);
    return true;
}

static bool agree(struct db *db, void *arg, struct err *err)
{
    return decide(arg, db, true, err);
}

static bool drop(struct db *db, void *arg, struct err *err)
{
    return decide(arg, db, false, err);
}

static bool end(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    return office_end(people_of(c), db, folder_of(c), by(c), c->official.staff_code, today(c->request), err);
}

static bool end_keys(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    return office_end_keys(people_of(c), db, folder_of(c), by(c), c->official.staff_code, today(c->request),
                           err);
}

static bool leave(struct db *db, void *arg, struct err *err)
{
    struct change *c = arg;
    c->told.reason = terms(c, &c->official, STR(""));
    return office_leave(people_of(c), db, folder_of(c), by(c), c->official.staff_code, c->official.from,
                        c->official.until, err);
}

static void post_propose(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct date from, until = {0};
    struct err err;
    page_init(p, request, response);
    fields_of(p, fields);
    if (!date_typed(fields[2].value, &from))
        fields[2].error = T(p, "Write the day as in 30.06.2027.");
    if (fields[3].value.n != 0 && !date_typed(fields[3].value, &until))
        fields[3].error = T(p, "Write the day as in 30.06.2027.");
    if (!form_wrong(fields, FIELDS)) {
        struct change c = {.official = {.staff_code = fields[0].value,
                                        .agency = p->visitor->agency->id,
                                        .office = fields[1].value,
                                        .from = date_days(from),
                                        .until = fields[3].value.n ? date_days(until) : 0,
                                        .stands_for = fields[4].value}};
        if (change(request, response, "proposed", propose, &c, &err)) {
            http_redirect(response, 303, "/desk/admin");
            return;
        }
        if (str_is(str_of(err.place), "staff-code") && err.code == ERR_CONFLICT)
            fields[0].error = T(p, "This staff code is an official's of another agency.");
        else if (str_is(str_of(err.place), "staff-code"))
            fields[0].error = T(p, "3 to 64 letters, digits and hyphens, a letter first; and not your own.");
        else if (str_is(str_of(err.place), "office"))
            fields[1].error = T(p, "This is not an office of your agency.");
        else if (str_is(str_of(err.place), "from"))
            fields[2].error = T(p, "Begin today or later, and do not end before that.");
        else if (str_is(str_of(err.place), "until"))
            fields[3].error = T(p, "A substitution needs a last day, and is for somebody else.");
        else {
            refuse(request, response, &err);
            return;
        }
    }
    http_status(response, 422);
    write_page(request, response, fields);
}

/* The code is shown once, to who agreed, to be handed over in person. */
static void post_agree(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct change c = {.proposal = form_value(request, "proposal")};
    struct err err;
    page_init(p, request, response);
    if (!change(request, response, "given", agree, &c, &err)) {
        refuse(request, response, &err);
        return;
    }
    page_open(p, T(p, "The official is enrolled"), STR("/desk/admin"), NULL, 0);
    if (c.code[0] != '\0')
        MARKUP(p, "<p class=\"lead\">{}</p><p><code>{}</code></p>",
               T(p, "Hand this code over in person today. With it and the staff code they make their "
                    "passkey. It is "
                    "shown once."),
               str_of(c.code));
    else
        page_note(p, "good", T(p, "They have a passkey already."));
    page_end(p);
}

static void after(struct http_request *request, struct http_response *response, bool ok,
                  const struct err *err)
{
    if (ok)
        http_redirect(response, 303, "/desk/admin");
    else
        refuse(request, response, err);
}

static void post_drop(struct http_request *request, struct http_response *response)
{
    struct change c = {.proposal = form_value(request, "proposal")};
    struct err err;
    bool ok = change(request, response, "dropped", drop, &c, &err);
    after(request, response, ok, &err);
}

static void post_end(struct http_request *request, struct http_response *response)
{
    struct change c = {.official = {.staff_code = form_value(request, "staff-code")}};
    struct err err;
    bool ok = change(request, response, "ended", end, &c, &err);
    after(request, response, ok, &err);
}

/* Told in the list where their keys' coming and going stands. */
static void post_end_keys(struct http_request *request, struct http_response *response)
{
    struct change c = {.official = {.staff_code = form_value(request, "staff-code")}};
    struct err err;
    bool ok = change(request, response, "keys-ended", end_keys, &c, &err);
    after(request, response, ok, &err);
}

static void post_leave(struct http_request *request, struct http_response *response)
{
    struct change c = {.official = {.staff_code = form_value(request, "staff-code")}};
    struct date first, last;
    struct err err;
    bool ok = (date_typed(form_value(request, "first"), &first) &&
               date_typed(form_value(request, "last"), &last)) ||
              err_set(&err, ERR_INVALID, "leave", "write the days as in 30.06.2027");
    if (ok) {
        c.official.from = date_days(first);
        c.official.until = date_days(last);
        ok = change(request, response, "leave", leave, &c, &err);
    }
    after(request, response, ok, &err);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/admin",
     .handler = get_admin,
     .access = WEB_ADMINISTRATOR,
     .summary = "Staff administration"},
    {.method = HTTP_POST,
     .path = "/desk/admin",
     .handler = post_propose,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Propose an official"},
    {.method = HTTP_POST,
     .path = "/desk/admin/agree",
     .handler = post_agree,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Agree to an official"},
    {.method = HTTP_POST,
     .path = "/desk/admin/drop",
     .handler = post_drop,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Drop a proposal"},
    {.method = HTTP_POST,
     .path = "/desk/admin/end",
     .handler = post_end,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "End an office at once"},
    {.method = HTTP_POST,
     .path = "/desk/admin/keys",
     .handler = post_end_keys,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Take lost keys away"},
    {.method = HTTP_POST,
     .path = "/desk/admin/leave",
     .handler = post_leave,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Enter a leave"},
};
const struct web_table web_admin = {routes, ARRAY_LEN(routes)};
