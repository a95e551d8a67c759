/* SPDX-License-Identifier: Apache-2.0 */
/* mandate_desk.c: mandates that an office records: a power given before a notary, an appointment by a
 * registry office or a guardianship body. Which office records what stands in the folder (purposes.yaml,
 * `mandates`). Nobody is searched for: both numbers are typed. Giver and receiver see it at once in their
 * cabinets, and the giver's phone is told. */
#include "base/clock.h"
#include "jurisdiction/service.h"
#include "people/factor.h"
#include "people/mandate.h"
#include "people/told.h"
#include "web/login.h"
#include "web/web_private.h"

#define ACT_MAX 60

enum { F_CAPACITY, F_GIVER, F_RECEIVER, F_SCOPE, F_UNTIL, F_ACT, F_BORN, FIELDS };

static const char nobody_has_it[] = N_("Nobody has this number. Your asking stands in your agency's list.");

static size_t capacities(const struct page *p, struct form_option *options)
{
    size_t n = 0;
    for (int c = 0; c < CAPACITIES_N; c++)
        if (office_records(p->visitor->office, str_of(capacity_facts[c].code)) != NULL)
            options[n++] =
                (struct form_option){str_of(capacity_facts[c].code), page_text(p, capacity_facts[c].words)};
    return n;
}

static bool ends_at_majority(const struct form_field fields[FIELDS])
{
    for (size_t i = 0; i < fields[F_CAPACITY].options_n; i++) {
        enum capacity c;
        if (capacity_find(fields[F_CAPACITY].options[i].value, &c) && capacity_facts[c].ends_at_majority)
            return true;
    }
    return false;
}

static void fields_of(struct page *p, struct form_field fields[FIELDS])
{
    struct form_option *options = arena_array(p->arena, struct form_option, CAPACITIES_N);
    fields[F_CAPACITY] = (struct form_field){.kind = FORM_RADIOS,
                                             .name = "capacity",
                                             .label = T(p, "What is recorded"),
                                             .value = form_value(p->request, "capacity"),
                                             .options = options,
                                             .options_n = capacities(p, options)};
    if (fields[F_CAPACITY].options_n == 1)
        fields[F_CAPACITY].kind = FORM_HIDDEN, fields[F_CAPACITY].value = options[0].value;
    fields[F_GIVER] = (struct form_field){
        .name = "giver",
        .label = TF(p, "{} of the person acted for", page_texts(p, &p->j->person_number_name)),
        .hint = T(p, "Who gives the power, or the child or ward."),
        .value = form_value(p->request, "giver"),
        .max = 40,
        .inputmode = "numeric"};
    fields[F_RECEIVER] = (struct form_field){
        .name = "receiver",
        .label = TF(p, "{} of the person who will act", page_texts(p, &p->j->person_number_name)),
        .value = form_value(p->request, "receiver"),
        .max = 40,
        .inputmode = "numeric"};
    fields[F_SCOPE] = (struct form_field){.kind = FORM_SELECT,
                                          .name = "scope",
                                          .label = T(p, "In which matters"),
                                          .value = form_value(p->request, "scope")};
    fields[F_SCOPE].options_n = mandate_matters(p, &fields[F_SCOPE].options);
    fields[F_UNTIL] = (struct form_field){.name = "until",
                                          .label = T(p, "Until"),
                                          .hint = T(p, "At most three years from now, as in 30.06.2027"),
                                          .value = form_value(p->request, "until"),
                                          .max = 10};
    fields[F_ACT] = (struct form_field){.name = "act",
                                        .label = T(p, "Number of the act"),
                                        .hint = T(p, "As it stands in your register of acts."),
                                        .value = form_value(p->request, "act"),
                                        .max = ACT_MAX};
    fields[F_BORN] = (struct form_field){.kind = ends_at_majority(fields) ? FORM_TEXT : FORM_HIDDEN,
                                         .name = "born",
                                         .label = T(p, "Birth date of the child"),
                                         .hint = T(p, "Only for a child: it ends on the day of full age. "
                                                      "Write it as in 30.06.2015."),
                                         .value = form_value(p->request, "born"),
                                         .max = 10,
                                         .optional = true};
}

/* --- the page --- */

#define ENDING 2

static void ending_fields(struct page *p, struct form_field fields[ENDING])
{
    fields[0] = (struct form_field){.name = "mandate",
                                    .label = T(p, "Number of the mandate"),
                                    .hint = T(p, "It stands on the sheet that you gave out."),
                                    .value = form_value(p->request, "mandate"),
                                    .max = MANDATE_ID_SIZE - 1};
    fields[1] = (struct form_field){.name = "end-act",
                                    .label = T(p, "Number of the act that ends it"),
                                    .value = form_value(p->request, "end-act"),
                                    .max = ACT_MAX};
}

static void write_end(struct page *p, const struct form_field fields[ENDING])
{
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Record an end"),
           T(p, "Of a mandate that your agency recorded. Giver and receiver end it themselves on their own "
                "pages, with one press."));
    form_start(p, STR("/desk/mandates/end"), "/desk/mandates/end");
    for (size_t i = 0; i < ENDING; i++)
        form_field(p, &fields[i]);
    form_end_as(p, FORM_SECOND, N_("Record the end"));
}

static void write_page(struct page *p, struct form_field fields[FIELDS])
{
    page_open(p, T(p, "Mandates recorded here"), str_of(web_start_of(p->visitor)), fields, FIELDS);
    MARKUP(
        p, "<p class=\"lead\">{}</p><p>{}</p>",
        T(p, "You record what was done before you. Both people see it at once on their own pages, and each "
             "of them can end it there."),
        T(p, "It is an entry in the list of the person acted for, with your office, your staff code and the "
             "act's number."));
    form_start(p, STR("/desk/mandates"), "/desk/mandates");
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Record the mandate"));
    struct form_field ending[ENDING];
    ending_fields(p, ending);
    write_end(p, ending);
    page_end(p);
}

static void get_desk_mandates(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    page_init(p, request, response);
    fields_of(p, fields);
    write_page(p, fields);
}

/* To be given out on paper. */
static void write_recorded(struct page *p, const struct mandate *m)
{
    page_open(p, T(p, "Recorded"), STR("/desk/mandates"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>", T(p, "Print this page and give it to both."));
    facts_start(p);
    fact(p, T(p, "Number of the mandate"), str_of(m->id));
    fact(p, T(p, "In what capacity"), page_text(p, capacity_facts[m->capacity].words));
    fact(p, T(p, "For whom"), person_mask(p, &m->subject, STR("")));
    fact(p, T(p, "Who acts"), person_mask(p, &m->actor.person, STR("")));
    fact(p, T(p, "In which matters"), mandate_scope_words(p, m->scope));
    fact(p, T(p, "Until"), mandate_until(p, m));
    fact(p, T(p, "Number of the act"), m->ground);
    facts_end(p);
    page_end(p);
}

/* --- recording --- */

static bool person_typed(struct page *p, struct form_field *field, struct account *ret_account,
                         bool *ret_nobody, struct err *err)
{
    char normal[32];
    bool real;
    if (!form_person_number(p, field, normal))
        return true;
    if (!factor_account(p->web->api.people, web_db(p->request), p->j->person_scheme, str_of(normal),
                        ret_account, &real, err))
        return false;
    if (!real) {
        field->error = page_text(p, nobody_has_it);
        *ret_nobody = true;
    }
    return true;
}

/* Empty: none, or not needed. */
static int32_t day_typed(const struct page *p, struct form_field *field, bool needed)
{
    struct date date;
    if (field->value.n == 0 && !needed)
        return 0;
    if (!date_typed(field->value, &date)) {
        field->error = T(p, "Write the day as in 30.06.2027.");
        return 0;
    }
    return date_days(date);
}

static void check_terms(struct page *p, struct form_field fields[FIELDS], struct mandate *m)
{
    const struct purpose *purpose = office_records(p->visitor->office, fields[F_CAPACITY].value);
    if (purpose == NULL || !capacity_find(fields[F_CAPACITY].value, &m->capacity)) {
        fields[F_CAPACITY].error = T(p, "Choose one.");
        fields[F_CAPACITY].kind = FORM_RADIOS; /* an error needs something to show it */
        return;
    }
    const struct capacity_fact *fact = &capacity_facts[m->capacity];
    m->source = fact->sources & SOURCE_NOTARY ? SOURCE_NOTARY : SOURCE_COURT;
    if (!fact->needs_scope)
        m->scope = STR("*");
    else if (!str_is(m->scope, "*") && jurisdiction_service(p->j, m->scope) == NULL)
        fields[F_SCOPE].error = T(p, "Choose one.");
    if (m->ground.n == 0 || m->ground.n > ACT_MAX)
        fields[F_ACT].error = T(p, "Write the act's number.");
    int32_t until = day_typed(p, &fields[F_UNTIL], fact->days_max != 0);
    m->until = until != 0 ? local_midnight(p->j, until + 1) : 0;
    m->born = day_typed(p, &fields[F_BORN], fact->ends_at_majority);
}

struct recording {
    struct page *page;
    struct mandate mandate;
    struct str id, act; /* of an end */
    struct told told;
};

static void told_of(struct recording *r, const char *outcome, struct str reason)
{
    const struct visitor *v = r->page->visitor;
    const struct mandate *m = &r->mandate;
    const struct str code = str_of(capacity_facts[m->capacity].code);
    const struct purpose *purpose = office_records(v->office, code);
    r->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .office = v->office,
                            .actor = v->caller.official.staff_code,
                            .capacity = code,
                            .mandate = str_of(m->id),
                            .levels = v->caller.levels,
                            .purpose = purpose != NULL ? purpose->id : STR(""),
                            .outcome = str_of(outcome),
                            .reason = reason};
}

static bool record(struct db *db, void *arg, struct err *err)
{
    struct recording *r = arg;
    bool stands;
    if (!mandate_stands(r->page->web->api.people, db, &r->mandate, r->page->arena, &stands, err))
        return false;
    if (stands)
        return err_set(err, ERR_CONFLICT, "act", "%s", N_("This act is recorded already, word for word."));
    if (!mandate_give(r->page->web->api.people, db, &r->mandate, r->mandate.from, err))
        return false;
    told_of(r, "given", r->mandate.ground);
    return true;
}

/* Without content: who else reads the phone learns nothing. */
static bool tell_giver(struct page *p, const struct mandate *m, struct err *err)
{
    const struct account giver = {.kind = CALLER_PERSON, .person = m->subject};
    return notice_send(p->web->api.people, web_db(p->request), p->web->messages, &giver,
                       T(p, "Aina: an office recorded that somebody may act for you. If you know nothing of "
                            "it, go to your page and end it."),
                       clock_now(), err);
}

static bool record_and_tell(struct page *p, struct recording *r, db_tx_fn *change, struct err *err)
{
    uint64_t position;
    if (!told_tx(p->web->api.gate, web_db(p->request), p->j, change, r, &r->told, &position, err))
        return false;
    if (position != 0)
        http_hold(p->response, position);
    return true;
}

static void blame(struct page *p, struct form_field fields[FIELDS], const struct err *err)
{
    struct str place = str_of(err->place);
    if (str_is(place, "actor"))
        fields[F_RECEIVER].error = T(p, "Nobody needs a mandate for their own matters.");
    else if (str_is(place, "born"))
        fields[F_BORN].error = T(p, "This is not the birth date of a child.");
    else
        fields[F_UNTIL].error = T(p, "The day is past, or more than three years away.");
}

static void post_desk_mandate(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    struct account giver, receiver;
    bool nobody = false;
    struct err err;
    page_init(p, request, response);
    fields_of(p, fields);
    struct recording r = {.page = p,
                          .mandate = {.scope = fields[F_SCOPE].value,
                                      .ground = fields[F_ACT].value,
                                      .from = clock_now(),
                                      .agency = p->visitor->agency->id}};
    bool ok = person_typed(p, &fields[F_GIVER], &giver, &nobody, &err) &&
              person_typed(p, &fields[F_RECEIVER], &receiver, &nobody, &err);
    if (ok)
        check_terms(p, fields, &r.mandate);
    const struct purpose *purpose = office_records(p->visitor->office, fields[F_CAPACITY].value);
    if (ok && nobody)
        ok = asked_for_nobody(request, response, fields[F_CAPACITY].value, purpose ? purpose->id : STR(""),
                              &err);
    if (ok && !form_wrong(fields, FIELDS)) {
        r.mandate.subject = giver.person;
        r.mandate.actor = receiver;
        ok = record_and_tell(p, &r, record, &err) && tell_giver(p, &r.mandate, &err);
        if (ok) {
            write_recorded(p, &r.mandate);
            return;
        }
        if (err.code == ERR_INVALID) {
            blame(p, fields, &err);
            ok = true;
        }
    }
    if (!ok) {
        http_problem_err(request, response, &err);
        return;
    }
    http_status(response, 422);
    write_page(p, fields);
}

/* --- an end --- */

static bool end(struct db *db, void *arg, struct err *err)
{
    struct recording *r = arg;
    bool changed;
    if (!mandate_end_in(r->page->web->api.people, db, r->id, r->page->visitor->agency->id, WHY_OFFICE,
                        clock_now(), r->page->arena, &r->mandate, &changed, err))
        return false;
    told_of(r, "ended", r->act);
    r->told.nothing = !changed;
    return true;
}

static void post_desk_mandate_end(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[ENDING];
    struct err err;
    page_init(p, request, response);
    ending_fields(p, fields);
    struct recording r = {.page = p, .id = fields[0].value, .act = fields[1].value};
    if (r.id.n != MANDATE_ID_SIZE - 1)
        fields[0].error = T(p, "Write the mandate's number as it stands on the sheet.");
    if (r.act.n == 0 || r.act.n > ACT_MAX)
        fields[1].error = T(p, "Write the act's number.");
    bool said = !form_wrong(fields, ENDING);
    bool ok = said && record_and_tell(p, &r, end, &err);
    if (ok) {
        page_open(p, T(p, "Recorded"), STR("/desk/mandates"), NULL, 0);
        page_note(p, "good", T(p, "The mandate has ended. Nobody acts by it any more."));
        page_end(p);
        return;
    }
    if (said && err.code != ERR_NOT_FOUND) {
        http_problem_err(request, response, &err);
        return;
    }
    if (said)
        fields[0].error = T(p, "Your agency has recorded no such mandate.");
    http_status(response, 422);
    page_open(p, T(p, "Mandates recorded here"), STR("/desk/mandates"), fields, ENDING);
    write_end(p, fields);
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/mandates",
     .handler = get_desk_mandates,
     .access = WEB_RECORDS,
     .summary = "Mandates that an office records"},
    {.method = HTTP_POST,
     .path = "/desk/mandates",
     .handler = post_desk_mandate,
     .access = WEB_RECORDS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Record a mandate"},
    {.method = HTTP_POST,
     .path = "/desk/mandates/end",
     .handler = post_desk_mandate_end,
     .access = WEB_RECORDS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Record the end of a mandate"},
};
const struct web_table web_mandate_desk = {routes, ARRAY_LEN(routes)};
