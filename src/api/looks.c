/* SPDX-License-Identifier: Apache-2.0 */
/* looks.c: an official's program asks for data, and fetches its receipts. */
#include "api/api_private.h"
#include "base/json.h"
#include "people/number.h"

static bool find_person(struct api_call *call, bool *ret_found, struct person *ret_person, struct err *err)
{
    const struct jurisdiction *j = call->api->jurisdiction;
    const struct registry *registry = jurisdiction_registry(j, api_text(call, "registry"));
    struct str scheme_id = registry && registry->organisations ? j->organisation_scheme : j->person_scheme;
    const struct number_scheme *scheme = number_scheme_find(scheme_id);
    char *normal = arena_take(call->arena, 32, 1);
    if (scheme == NULL || !number_normalise(api_text(call, "number"), normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        return err_set(err, ERR_INVALID, "number", "is not a valid %s; check it for a slip of the finger",
                       scheme ? scheme->what : "number");
    return people_find(call->api->people, call->db, scheme_id, str_of(normal), ret_found, ret_person, err);
}

static void write_records(struct json *j, struct arena *arena, const struct gate_answer *answer)
{
    json_key(j, "records");
    json_open_array(j);
    for (size_t r = 0; r < answer->records_n; r++) {
        json_open_object(j);
        for (size_t f = 0; f < answer->registry->fields_n; f++)
            if (answer->records[r].value[f].p != NULL)
                json_key_text(j, str_c(arena, answer->registry->fields[f].id), answer->records[r].value[f]);
        json_end(j);
    }
    json_end(j);
}

static void write_answer(struct api_call *call, const struct gate_answer *answer)
{
    struct json j;
    bool admitted = answer->reason == GATE_ADMITTED;
    http_status(call->response, admitted ? 200 : 403);
    http_type(call->response, "application/json");
    http_add_header(call->response, "Aina-Entry",
                    arena_printf(call->arena, "%llu", (unsigned long long)answer->leaf));
    http_add_header(call->response, "Link",
                    arena_printf(call->arena, "</api/looks/%s/receipt>; rel=\"receipt\"", answer->look));
    json_start(&j, http_out(call->response));
    json_open_object(&j);
    json_key_text(&j, "look", str_of(answer->look));
    json_key_u64(&j, "entry", answer->leaf);
    json_key_text(&j, "outcome", admitted ? STR("admitted") : STR("refused"));
    if (admitted) {
        write_records(&j, call->arena, answer);
    } else {
        json_key_text(&j, "reason", str_of(gate_reason_code(answer->reason)));
        json_key_text(&j, "words", str_of(gate_reason_words(answer->reason)));
    }
    json_end(&j);
    http_hold(call->response, answer->position);
}

const struct api_input post_look_inputs[] = {
    {"purpose", IN_BODY, SHAPE_ID, true, 0, "why: a purpose of /api/jurisdiction", "\"treatment\""},
    {"registry", IN_BODY, SHAPE_ID, true, 0, "where: a registry of /api/jurisdiction", "\"population\""},
    {"number", IN_BODY, SHAPE_LINE, true, 64, "whose: the person's number; spaces and hyphens do not count",
     "\"900101390459\""},
    {"case", IN_BODY, SHAPE_LINE, false, 64, "the case number, where the purpose needs a case",
     "\"treatment-1\""},
    {"order", IN_BODY, SHAPE_LINE, false, 64, "the court's order, where the purpose needs one", "\"2-117\""},
    {"fields", IN_BODY, SHAPE_IDS, false, VAULT_FIELDS_MAX,
     "only these fields; left out: all that the purpose sees", "[\"surname\",\"given-name\"]"},
    {"emergency", IN_BODY, SHAPE_FLAG, false, 0,
     "a look without its case, in an emergency; a reviewer reads it afterwards", "false"},
    {"reason", IN_BODY, SHAPE_WORDS, false, 1000, "of an emergency look, at least 20 characters",
     "\"Unconscious after a road accident\""},
    {0}};
const struct api_answer post_look_answers[] = {
    {200, "application/json", "Look", "The admitted fields, and only those.", true},
    {403, "application/json", "Refusal", "Refused, with its reason; the refusal is an entry too.", true},
    {0}};

void post_look(struct api_call *call)
{
    struct person person;
    struct gate_answer answer;
    struct err err;
    bool found;
    struct gate_request look = {
        .office = call->office,
        .actor = call->caller.official.staff_code,
        .capacity = call->caller.capacity,
        .mandate = call->caller.mandate,
        .levels = call->caller.levels,
        .purpose = api_text(call, "purpose"),
        .registry = api_text(call, "registry"),
        .case_no = api_text(call, "case"),
        .order = api_text(call, "order"),
        .break_glass = api_value(call, "emergency")->flag,
        .reason = api_text(call, "reason"),
        .fields = api_value(call, "fields")->list,
        .fields_n = api_value(call, "fields")->list_n,
    };
    if (!find_person(call, &found, &person, &err)) {
        api_fail(call, &err);
        return;
    }
    look.pid = found ? person.pid : NULL;
    if (gate_look(call->api->gate, call->db, &look, call->arena, &answer, &err))
        write_answer(call, &answer);
    else
        api_fail(call, &err);
}

const struct api_input get_look_receipt_inputs[] = {{"look", IN_PATH, SHAPE_LINE, true, 64,
                                                     "the look's id, or the number of its entry",
                                                     "\"01JDHB3W8R6M3V0QZK4T5N7XYA\""},
                                                    {0}};
const struct api_answer get_look_receipt_answers[] = {
    {200, "text/plain", NULL, "A C2SP tlog-proof with the entry's opening: `aina verify` reads it.", false},
    {0}};

void get_look_receipt(struct api_call *call)
{
    struct str receipt, look = api_text(call, "look"), actor = call->caller.official.staff_code;
    uint64_t leaf;
    struct err err;
    bool ok = text_u64(look, &leaf)
                  ? gate_receipt_official(call->api->gate, call->db, actor, leaf, call->arena, &receipt, &err)
                  : gate_receipt_of_look(call->api->gate, call->db, actor, look, call->arena, &receipt, &err);
    if (ok)
        api_send_receipt(call, receipt);
    else
        api_fail(call, &err);
}
