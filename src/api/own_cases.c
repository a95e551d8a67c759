/* SPDX-License-Identifier: Apache-2.0 */
/* own_cases.c: an agency's program opens a case of the office's own, with the person in front of the official
 * whose token it shows, and ends it (gate/own_case.h). The person reads of both at once, and their phone is
 * told. */
#include <stdio.h>

#include "api/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "gate/own_case.h"
#include "jurisdiction/words.h"
#include "people/factor.h"
#include "people/number.h"

/* Before any number is looked for: who may open no case learns nothing of numbers. The gate asks again. */
static bool may_open(const struct api_call *call, struct err *err)
{
    const struct purpose *purpose = jurisdiction_purpose(call->api->jurisdiction, api_text(call, "purpose"));
    if (purpose == NULL || purpose->self || !office_may(call->office, purpose))
        return err_set(err, ERR_NOT_ALLOWED, "purpose", "%s", gate_reason_words(GATE_OFFICE_MAY_NOT));
    if (purpose->own_case_days == 0)
        return err_set(err, ERR_INVALID, "purpose",
                       "for this purpose no office opens a case of its own: it needs an application");
    return levels_reach(levels_of(call->caller.levels), purpose->minimum) ||
           err_set(err, ERR_NOT_ALLOWED, "purpose", "%s", gate_reason_words(GATE_LEVEL_LOW));
}

static bool find_person(struct api_call *call, bool *ret_real, struct account *ret_person, struct err *err)
{
    struct str scheme_id = call->api->jurisdiction->person_scheme;
    const struct number_scheme *scheme = number_scheme_find(scheme_id);
    char *normal = arena_take(call->arena, 32, 1);
    if (scheme == NULL || !number_normalise(api_text(call, "number"), normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        return err_set(err, ERR_INVALID, "number", "is not a valid %s; check it for a slip of the finger",
                       scheme ? scheme->what : "number");
    return factor_account(call->api->people, call->db, scheme_id, str_of(normal), ret_person, ret_real, err);
}

static void name_entry(struct api_call *call, uint64_t position)
{
    http_add_header(call->response, "Aina-Entry",
                    arena_printf(call->arena, "%llu", (unsigned long long)position - 1));
    http_hold(call->response, position);
}

/* The asking is an entry in the agency's own list. */
static bool nobody_has_it(struct api_call *call, struct err *err)
{
    struct gate_answer answer;
    const struct gate_request look = {.office = call->office,
                                      .actor = call->caller.official.staff_code,
                                      .capacity = call->caller.capacity,
                                      .mandate = call->caller.mandate,
                                      .levels = call->caller.levels,
                                      .purpose = api_text(call, "purpose"),
                                      .registry = STR(""),
                                      .case_no = STR(""),
                                      .order = STR(""),
                                      .reason = STR("")};
    if (!gate_look(call->api->gate, call->db, &look, call->arena, &answer, err))
        return false;
    http_problem(call->request, call->response, 422, err_name(ERR_INVALID),
                 "number: nobody has it; that you asked stands in your agency's list");
    name_entry(call, answer.position);
    return true;
}

static struct gate_own_case own_of(const struct api_call *call)
{
    return (struct gate_own_case){.office = call->office,
                                  .actor = call->caller.official.staff_code,
                                  .capacity = call->caller.capacity,
                                  .mandate = call->caller.mandate,
                                  .levels = call->caller.levels,
                                  .case_no = api_text(call, "case")};
}

static bool open_for(struct api_call *call, const struct account *person, struct err *err)
{
    const struct jurisdiction *j = call->api->jurisdiction;
    struct gate_own_case own = own_of(call);
    struct json json;
    uint64_t position;
    int32_t until;
    char day[16];
    own.purpose = api_text(call, "purpose");
    own.pid = person->person.pid;
    own.presence =
        str_of(arena_printf(call->arena, OWN_CASE_DOCUMENT "%.*s", STR_ARG(api_text(call, "document"))));
    own.days = (unsigned)api_value(call, "days")->number;
    if (!gate_own_case_open(call->api->gate, call->db, &own, &until, &position, err) ||
        !notice_send(call->api->people, call->db, call->api->messages, person,
                     words_in(j, j->languages[0], own_case_notice), clock_now(), err))
        return false;
    const struct date last = date_of_days(until);
    snprintf(day, sizeof day, "%04u-%02u-%02u", (unsigned)last.year % 10000u, (unsigned)last.month % 100u,
             (unsigned)last.day % 100u);
    http_status(call->response, 201);
    http_type(call->response, "application/json");
    name_entry(call, position);
    json_start(&json, http_out(call->response));
    json_open_object(&json);
    json_key_text(&json, "case", own.case_no);
    json_key_text(&json, "purpose", own.purpose);
    json_key_text(&json, "until", str_of(day));
    json_end(&json);
    return true;
}

const struct api_input post_case_inputs[] = {
    {"purpose", IN_BODY, SHAPE_ID, true, 0, "what for: a purpose of /api/jurisdiction with `own-case-days`",
     "\"treatment\""},
    {"case", IN_BODY, SHAPE_LINE, true, 64, "the number that your agency gives the case",
     "\"visit-2026-118\""},
    {"number", IN_BODY, SHAPE_LINE, true, 64, "whose: the number of the person in front of the official",
     "\"900101390459\""},
    {"document", IN_BODY, SHAPE_LAST_FOUR, true, 0,
     "of the identity document that the official saw; the person is shown them", "\"4821\""},
    {"days", IN_BODY, SHAPE_COUNT, false, 3660,
     "how long it stays open, from 1; left out: all that the purpose gives", "10"},
    {0}};
const struct api_answer post_case_answers[] = {
    {201, "application/json", "OwnCase",
     "Open: your office may look at this person's data for its purpose. The person reads of it now.", true},
    {0}};

void post_case(struct api_call *call)
{
    const struct api_value *days = api_value(call, "days");
    struct account *person = arena_new(call->arena, struct account);
    struct err err;
    bool real = true, ok = !days->given || days->number != 0 ||
                           err_set(&err, ERR_USAGE, "days", "must be at least 1; leave it out for all");
    ok = ok && may_open(call, &err) && find_person(call, &real, person, &err) &&
         (real ? open_for(call, person, &err) : nobody_has_it(call, &err));
    if (!ok)
        api_fail(call, &err);
}

const struct api_input post_case_end_inputs[] = {{"case", IN_BODY, SHAPE_LINE, true, 64,
                                                  "its number, as an office of your agency opened it",
                                                  "\"visit-2026-118\""},
                                                 {0}};
const struct api_answer post_case_end_answers[] = {
    {200, "application/json", "EndedCase", "Ended: nobody looks by it any more.", true}, {0}};

void post_case_end(struct api_call *call)
{
    const struct gate_own_case own = own_of(call);
    struct json json;
    uint64_t position;
    struct err err;
    if (!gate_own_case_end(call->api->gate, call->db, &own, &position, &err)) {
        api_fail(call, &err);
        return;
    }
    http_type(call->response, "application/json");
    name_entry(call, position);
    json_start(&json, http_out(call->response));
    json_open_object(&json);
    json_key_text(&json, "case", own.case_no);
    json_end(&json);
}
