/* SPDX-License-Identifier: Apache-2.0 */
/* translations.c: an agency's program asks for pseudonyms of one sector as those of another. */
#include "api/api_private.h"
#include "base/json.h"
#include "gate/translate.h"
#include "people/number.h"

/* A number's person; false also when it is no number: then err says so. */
static bool read_number(struct api_call *call, size_t at, struct gate_translated *ret, struct err *err)
{
    struct str scheme_id = call->api->jurisdiction->person_scheme;
    const struct number_scheme *scheme = number_scheme_find(scheme_id);
    struct person *person = arena_new(call->arena, struct person);
    char normal[32];
    bool found;
    if (scheme == NULL || !number_normalise(api_value(call, "persons")->list[at], normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        return err_set(err, ERR_INVALID, "persons",
                       "number %zu of the list is not a valid %s; without `from`, each person is given by "
                       "their number",
                       at + 1, scheme ? scheme->what : "number");
    if (!people_find(call->api->people, call->db, scheme_id, str_of(normal), &found, person, err))
        return false;
    ret->pid = found ? person->pid : NULL;
    return true;
}

static bool read_pseudonym(struct api_call *call, size_t at, struct gate_translated *ret, struct err *err)
{
    return psn_parse(ret->given, api_value(call, "persons")->list[at]) ||
           err_set(err, ERR_INVALID, "persons",
                   "pseudonym %zu of the list is not one: it has %d letters and digits, as it was answered",
                   at + 1, PSN_TEXT_SIZE - 1);
}

static void write_person(struct json *j, struct str given, const struct gate_translated *person)
{
    bool admitted = person->reason == GATE_ADMITTED;
    const struct str none = {NULL, 0};
    char text[PSN_TEXT_SIZE];
    psn_text(text, person->psn);
    json_open_object(j);
    json_key_text(j, "given", given);
    json_key_text(j, "look", str_of(person->id));
    json_key_u64(j, "entry", person->leaf);
    json_key_text(j, "outcome", admitted ? STR("admitted") : STR("refused"));
    json_key_text(j, "pseudonym", admitted ? str_of(text) : none);
    json_key_text(j, "reason", admitted ? none : str_of(gate_reason_code(person->reason)));
    json_key_text(j, "words", admitted ? none : str_of(gate_reason_words(person->reason)));
    json_end(j);
}

static void write_answer(struct api_call *call, const struct gate_translated *persons, size_t n,
                         uint64_t position)
{
    const struct str *given = api_value(call, "persons")->list;
    bool any = false;
    struct json j;
    for (size_t i = 0; i < n; i++)
        any |= persons[i].reason == GATE_ADMITTED;
    http_status(call->response, any ? 200 : 403);
    http_type(call->response, "application/json");
    http_add_header(call->response, "Aina-Entry",
                    arena_printf(call->arena, "%llu", (unsigned long long)position - 1));
    json_start(&j, http_out(call->response));
    json_open_object(&j);
    json_key(&j, "persons");
    json_open_array(&j);
    for (size_t i = 0; i < n; i++)
        write_person(&j, given[i], &persons[i]);
    json_end(&j);
    json_end(&j);
    http_hold(call->response, position);
}

const struct api_input post_translation_inputs[] = {
    {"purpose", IN_BODY, SHAPE_ID, true, 0, "why: a purpose of /api/jurisdiction that joins the two sectors",
     "\"benefit-check\""},
    {"from", IN_BODY, SHAPE_ID, false, 0,
     "the sector whose pseudonyms are given; left out: the persons are given by their numbers", "\"labour\""},
    {"to", IN_BODY, SHAPE_ID, true, 0,
     "the sector whose pseudonyms are asked for; equal to `from`: pseudonyms of an earlier epoch are renewed",
     "\"labour\""},
    {"persons", IN_BODY, SHAPE_LINES, true, GATE_TRANSLATE_MOST,
     "pseudonyms or numbers; each makes an entry that the person reads", "[\"900101390459\"]"},
    {"case", IN_BODY, SHAPE_LINE, false, 64, "the case number, where the purpose needs a case",
     "\"benefit-1\""},
    {0}};
const struct api_answer post_translation_answers[] = {
    {200, "application/json", "Translations", "At least one was admitted; each says so for itself.", true},
    {403, "application/json", "Translations", "All were refused; each refusal is an entry.", true},
    {0}};

void post_translation(struct api_call *call)
{
    const struct gate_translation request = {.office = call->office,
                                             .actor = call->caller.official.staff_code,
                                             .capacity = call->caller.capacity,
                                             .mandate = call->caller.mandate,
                                             .levels = call->caller.levels,
                                             .purpose = api_text(call, "purpose"),
                                             .case_no = api_text(call, "case"),
                                             .from = api_text(call, "from"),
                                             .to = api_text(call, "to")};
    size_t n = api_value(call, "persons")->list_n;
    struct gate_translated *persons = arena_array(call->arena, struct gate_translated, n);
    uint64_t position;
    struct err err;
    bool ok = true;
    /* All are read before any is asked for: a slip is no translation. */
    for (size_t i = 0; ok && i < n; i++)
        ok = request.from.n != 0 ? read_pseudonym(call, i, &persons[i], &err)
                                 : read_number(call, i, &persons[i], &err);
    if (ok && gate_translate(call->api->gate, call->db, &request, persons, n, call->arena, &position, &err))
        write_answer(call, persons, n, position);
    else
        api_fail(call, &err);
}
