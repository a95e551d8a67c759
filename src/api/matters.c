/* SPDX-License-Identifier: Apache-2.0 */
/* matters.c: "I do not know why": a person's questions, and the queue of the agency's reviewers. */
#include <stdio.h>

#include "api/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "gate/acts.h"

#define PAGE 50

static struct str or_null(struct str text)
{
    return text.n ? text : (struct str){NULL, 0};
}

static void write_time(struct json *j, const char *key, int64_t time)
{
    char text[TIME_TEXT_SIZE];
    time_iso(time, text);
    json_key_text(j, key, time != 0 ? str_of(text) : (struct str){NULL, 0});
}

static void write_matter(struct json *j, const struct gate_matter *m)
{
    static const char *const states[] = {"open", "justified", "not-justified"};
    struct date due = date_of_days(m->due);
    char day[16];
    snprintf(day, sizeof day, "%04u-%02u-%02u", (unsigned)due.year % 10000u, (unsigned)due.month % 100u,
             (unsigned)due.day % 100u);
    json_open_object(j);
    json_key_text(j, "id", str_of(m->id));
    json_key_bool(j, "emergency", m->emergency);
    json_key_u64(j, "leaf", m->leaf);
    json_key_text(j, "agency", m->agency->id);
    write_time(j, "opened", m->opened);
    json_key_text(j, "due", str_of(day));
    json_key_text(j, "state", str_of(states[m->verdict]));
    write_time(j, "answered", m->answered);
    json_key_text(j, "words", or_null(m->words));
    json_key_text(j, "answer", or_null(m->answer));
    json_key(j, "look");
    if (m->look.json.n != 0) {
        json_write_null(j); /* puts the comma and gives way to the entry as issued */
        j->out->n -= 4;
        buf_str(j->out, m->look.json);
    } else {
        json_write_null(j);
    }
    json_end(j);
}

/* The answer waits for the act's own entry, and names it. */
static void held(struct api_call *call, int status, uint64_t position)
{
    http_status(call->response, status);
    http_type(call->response, "application/json");
    http_add_header(call->response, "Aina-Entry",
                    arena_printf(call->arena, "%llu", (unsigned long long)position - 1));
    http_hold(call->response, position);
}

static void send_matter(struct api_call *call, const struct gate_matter *matter)
{
    struct json j;
    json_start(&j, http_out(call->response));
    write_matter(&j, matter);
}

static void send_matters(struct api_call *call, const struct gate_matter *matters, size_t n, uint64_t total)
{
    struct json j;
    http_type(call->response, "application/json");
    json_start(&j, http_out(call->response));
    json_open_object(&j);
    json_key_u64(&j, "total", total);
    json_key(&j, "matters");
    json_open_array(&j);
    for (size_t i = 0; i < n; i++)
        write_matter(&j, &matters[i]);
    json_end(&j);
    json_end(&j);
}

/* --- the person --- */

const struct api_input post_question_inputs[] = {
    {"leaf", IN_PATH, SHAPE_COUNT, true, 0, "the entry's number in the log", "117"},
    {"words", IN_BODY, SHAPE_WORDS, true, GATE_WORDS_MAX, "what I do not understand",
     "\"I was not at this clinic. Why was my card opened?\""},
    {0}};
const struct api_answer post_question_answers[] = {
    {201, "application/json", "Matter", "Asked; the agency's reviewer must answer by the due day.", true},
    {0}};

void post_question(struct api_call *call)
{
    struct gate_matter matter;
    uint64_t position;
    struct err err;
    if (!gate_ask(call->api->gate, call->db, call->caller.person.pid, api_value(call, "leaf")->number,
                  api_text(call, "words"), call->caller.levels, call->arena, &matter, &position, &err)) {
        api_fail(call, &err);
        return;
    }
    held(call, 201, position);
    send_matter(call, &matter);
}

const struct api_input get_questions_inputs[] = {{0}};
const struct api_answer get_questions_answers[] = {
    {200, "application/json", "Matters", "My questions, and emergency looks at me, newest first.", false},
    {0}};

void get_questions(struct api_call *call)
{
    struct gate_matter *matters;
    size_t n;
    struct err err;
    if (gate_matters_of_person(call->api->gate, call->db, call->caller.person.pid, UINT64_MAX, call->arena,
                               &matters, &n, &err))
        send_matters(call, matters, n, n);
    else
        api_fail(call, &err);
}

/* --- the reviewer --- */

const struct api_input get_review_inputs[] = {
    {"answered", IN_QUERY, SHAPE_FLAG, false, 0, "the answered ones, newest first, instead of the open ones",
     "false"},
    {"skip", IN_QUERY, SHAPE_COUNT, false, 1000000, "how many to leave out at the start", "0"},
    {"limit", IN_QUERY, SHAPE_COUNT, false, 200, "how many; 50 if left out", "20"},
    {0}};
const struct api_answer get_review_answers[] = {
    {200, "application/json", "Matters",
     "The agency's questions and emergency looks, by due day; without words, which may name the person.",
     false},
    {0}};

void get_review(struct api_call *call)
{
    const struct api_value *limit = api_value(call, "limit");
    struct gate_matter *matters;
    uint64_t total;
    size_t n;
    struct err err;
    if (gate_matters_of_agency(call->api->gate, call->db, call->office, api_value(call, "answered")->flag,
                               api_value(call, "skip")->number, limit->given ? limit->number : PAGE,
                               call->arena, &matters, &n, &total, &err))
        send_matters(call, matters, n, total);
    else
        api_fail(call, &err);
}

const struct api_input get_matter_inputs[] = {
    {"id", IN_PATH, SHAPE_LOOK, true, 0, "the matter's id", "\"01JDHB3W8R6M3V0QZK4T5N7XYA\""}, {0}};
const struct api_answer get_matter_answers[] = {
    {200, "application/json", "Matter",
     "With its words and the look's entry. Reading it is an entry in the person's list.", true},
    {0}};

void get_matter(struct api_call *call)
{
    struct gate_matter matter;
    uint64_t position;
    struct err err;
    if (!gate_matter_open(call->api->gate, call->db, call->office, call->caller.official.staff_code,
                          call->caller.levels, api_text(call, "id"), call->arena, &matter, &position, &err)) {
        api_fail(call, &err);
        return;
    }
    held(call, 200, position);
    send_matter(call, &matter);
}

const struct api_input post_answer_inputs[] = {
    {"id", IN_PATH, SHAPE_LOOK, true, 0, "the matter's id", "\"01JDHB3W8R6M3V0QZK4T5N7XYA\""},
    {"verdict", IN_BODY, SHAPE_VERDICT, true, 0, "was the look justified", "\"justified\""},
    {"words", IN_BODY, SHAPE_WORDS, true, GATE_WORDS_MAX, "for the person",
     "\"Your card was opened for the appointment that you booked on 3 November.\""},
    {0}};
const struct api_answer post_answer_answers[] = {
    {200, "application/json", "Answered", "Answered; the person sees it.", true}, {0}};

void post_answer(struct api_call *call)
{
    bool justified = str_is(api_text(call, "verdict"), "justified");
    uint64_t position;
    struct json j;
    struct err err;
    if (!gate_matter_answer(call->api->gate, call->db, call->office, call->caller.official.staff_code,
                            call->caller.levels, api_text(call, "id"),
                            justified ? VERDICT_JUSTIFIED : VERDICT_NOT_JUSTIFIED, api_text(call, "words"),
                            call->arena, &position, &err)) {
        api_fail(call, &err);
        return;
    }
    held(call, 200, position);
    json_start(&j, http_out(call->response));
    json_open_object(&j);
    json_key_text(&j, "id", api_text(call, "id"));
    json_key_text(&j, "state", api_text(call, "verdict"));
    json_end(&j);
}
