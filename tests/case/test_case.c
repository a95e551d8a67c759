/* SPDX-License-Identifier: Apache-2.0 */
/* Cases on real parts, on both engines: filed and granted by rule, refused only by people after a hearing,
 * decided by the version they were filed under, logged step by step; and everything that tries to get round
 * rule 5. */
#include "../gate/fixture.h"
#include "case/case_private.h"
#include "case/check.h"
#include "case/lists.h"

static struct cases *cases;
static const int64_t morning = INT64_C(1738558800) * CLOCK_SECOND; /* 2025-02-03 10:00 in Astana, a Monday */

static int begin(void **state)
{
    int failed = start(state);
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static int begin_in_town(void **state)
{
    int failed = start_in("ainabulak");
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static int end(void **state)
{
    cases_free(cases);
    return stop(state);
}

/* A year after the first days of the folder's services. */
static int64_t day(int n)
{
    return morning + (int64_t)(364 + n) * CLOCK_DAY; /* day(0): Monday 2 February 2026 */
}

static const struct service *service(const char *id)
{
    const struct service *s = jurisdiction_service(j, str_of(id));
    assert_non_null(s);
    return s;
}

static struct answer *answers_for(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t f = service_field(s, str_of(given[i][0]));
        assert_int_not_equal(f, NONE);
        answers[f] = (struct answer){true, s->fields[f].registry != NULL, str_of(given[i][1])};
    }
    return answers;
}

static struct answer *family(const char *children)
{
    const char *const given[][2] = {{"children", children}, {"account", "KZ75125KZT2069100100"}};
    return answers_for(service("soc.large-family"), given, 2);
}

static const struct case_input nothing = {.signatures = -1, .position = -1};

static struct str file_family(const uint8_t *pid, const char *children)
{
    char *number = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    must_ok(case_file(cases, database, service("soc.large-family"), pid, BY_COUNTER, family(children), day(0),
                      STR("demo"), &arena, number, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    return str_of(number);
}

static struct case_file read_case(struct str number)
{
    struct case_file c;
    must_ok(case_read(cases, database, number, &arena, &c, &err));
    return c;
}

static struct case_actor official(const char *agency, const char *id, const char *staff)
{
    return (struct case_actor){
        .hand = HAND_OFFICIAL, .office = office(agency, id), .staff = str_of(staff), .levels = STR("demo")};
}

static bool act(struct str number, const struct case_actor *actor, const char *action,
                const struct case_input *input, int n)
{
    uint64_t position;
    return case_act(cases, database, number, actor, str_of(action), input, day(n), &arena, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static struct case_input with_answers(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct case_input input = nothing;
    input.answers = answers_for(s, given, n);
    return input;
}

static void a_machine_grants_by_rule_and_every_step_is_an_entry(void **state)
{
    struct str number = file_family(anna, "4");
    struct case_file c = read_case(number);
    struct gate_entry *entries;
    assert_int_equal(c.status, DECIDED_YES);
    assert_int_equal(c.events_n, 2);
    assert_int_equal(c.events[1].hand, HAND_MACHINE);
    assert_int_equal(entries_of(anna, false, &entries), 2); /* newest first */
    assert_true(str_is(entries[0].kind, "decision") && str_is(entries[0].capacity, "machine") &&
                str_is(entries[0].outcome, "grant"));
    assert_true(str_is(entries[1].kind, "filing") && str_is(entries[1].capacity, "self") &&
                str_eq(entries[1].case_no, number));
    assert_true(str_eq(entries[0].id, c.events[1].act) && str_eq(entries[1].id, c.events[0].act));
    assert_int_equal(entries_of(boris, false, &entries), 0);
}

static void what_is_not_known_is_not_granted(void **state)
{
    const char *const given[][2] = {{"children", ""}, {"account", "KZ75125KZT2069100100"}};
    const struct service *s = service("soc.large-family");
    struct answer *answers = answers_for(s, given, 2);
    char number[CASE_NO_SIZE];
    uint64_t position;
    answers[service_field(s, STR("children"))].given =
        false; /* the register has no record, and nobody answered */
    assert_false(case_file(cases, database, s, anna, BY_COUNTER, answers, day(0), STR("demo"), &arena, number,
                           &position, &err));
    assert_int_equal(err.code, ERR_INVALID);
    struct str three = file_family(anna, "3");
    assert_int_equal(read_case(three).status, FILED);
}

/* Three children: not entitled by rule. The way to a refusal, and every way round it. */
static void only_a_human_refuses_with_reason_article_and_hearing(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            other = official("health", "clinic-5", "MED-1"), machine = {.hand = HAND_MACHINE},
                            timer = {.hand = HAND_TIMER}, self = {.hand = HAND_APPLICANT, .pid = anna},
                            stranger = {.hand = HAND_APPLICANT, .pid = boris};
    struct str number = file_family(anna, "3");
    struct case_input full = nothing, bare = nothing, no_article = nothing;
    full.reason = no_article.reason = STR("The register shows three children, not four.");
    full.ground = no_article.ground = STR("not-meeting-rules");
    full.article = STR("article 1 of the sample");

    assert_false(act(number, &clerk, "refuse", &full, 1)); /* nobody was heard: the flag is not up */
    assert_int_equal(err.code, ERR_CONFLICT);
    const char *const hearing[][2] = {{"hearing-day", "2026-02-10"},
                                      {"draft-reasons", "Three children are on record."}};
    struct case_input offer = with_answers(s, hearing, 2);
    assert_false(act(number, &clerk, "offer-hearing", &nothing, 1)); /* without day and reasons */
    assert_false(act(number, &other, "offer-hearing", &offer, 1));
    assert_false(act(number, &machine, "offer-hearing", &offer, 1));
    must_ok(act(number, &clerk, "offer-hearing", &offer, 1));
    assert_false(act(number, &clerk, "refuse", &full, 1)); /* offered, not held */
    const char *const objection[][2] = {{"objection", "The fourth child was born last week."}};
    struct case_input answer = with_answers(s, objection, 1);
    assert_false(act(number, &stranger, "answer-in-writing", &answer, 2));
    must_ok(act(number, &self, "answer-in-writing", &answer, 2));

    const struct {
        const struct case_actor *actor;
        const struct case_input *input;
        const char *place;
    } tries[] = {{&machine, &full, "refuse"},     {&timer, &full, "refuse"}, {&self, &full, "refuse"},
                 {&stranger, &full, "refuse"},    {&other, &full, "refuse"}, {&clerk, &bare, "reason"},
                 {&clerk, &no_article, "article"}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        assert_false(act(number, tries[i].actor, "refuse", tries[i].input, 3));
        assert_string_equal(err.place, tries[i].place);
        assert_int_equal(read_case(number).status, FILED);
    }
    must_ok(act(number, &clerk, "refuse", &full, 3));
    struct case_file c = read_case(number);
    struct gate_entry *entries;
    assert_int_equal(c.status, DECIDED_NO);
    assert_int_equal(entries_of(anna, false, &entries), 4);
    assert_true(str_is(entries[0].kind, "decision") && str_is(entries[0].outcome, "refuse") &&
                str_is(entries[0].actor, "LAB-1") && str_is(entries[0].basis, "article 1 of the sample") &&
                str_eq(entries[0].reason, full.reason));
    assert_false(act(number, &clerk, "grant-by-hand", &nothing, 4)); /* decided is decided */
}

/* Refused, appealed in time, answered by another official: overturned, or it stands. */
static void a_refusal_is_appealed(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            second = official("labour", "benefits", "LAB-2"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    const char *const hearing[][2] = {{"hearing-day", "2026-02-10"},
                                      {"draft-reasons", "Three children are on record."}};
    const char *const objection[][2] = {{"objection", "The fourth child was born last week."}};
    const char *const words[][2] = {{"appeal-words", "The register is late: there are four."}};
    const char *const answer[][2] = {{"appeal-answer", "The certificate shows the fourth child."}};
    struct case_input offer = with_answers(s, hearing, 2), written = with_answers(s, objection, 1),
                      appeal = with_answers(s, words, 1), decided = with_answers(s, answer, 1),
                      full = nothing;
    full.reason = STR("The register shows three children, not four.");
    full.ground = STR("not-meeting-rules");
    full.article = STR("article 1 of the sample");
    struct str number = file_family(anna, "3");
    assert_false(act(number, &self, "appeal", &appeal, 1)); /* nothing is decided */
    must_ok(act(number, &clerk, "offer-hearing", &offer, 1));
    must_ok(act(number, &self, "answer-in-writing", &written, 2));
    must_ok(act(number, &clerk, "refuse", &full, 3));
    assert_false(act(number, &clerk, "overturn", &decided, 4));   /* nobody has appealed */
    assert_false(act(number, &self, "appeal", &nothing, 4));      /* without words */
    assert_false(act(number, &self, "appeal", &appeal, 3 + 100)); /* three months are over */
    must_ok(act(number, &self, "appeal", &appeal, 4));
    assert_false(act(number, &self, "appeal", &appeal, 5));
    assert_false(act(number, &clerk, "overturn", &decided, 5)); /* another official answers */
    assert_int_equal(read_case(number).status, DECIDED_NO);
    must_ok(act(number, &second, "overturn", &decided, 6));
    struct case_file c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES);
    assert_false(act(number, &self, "appeal", &appeal, 7));
}

static struct case_lines queue_of(const struct office *o, struct str who, const struct case_line *last,
                                  size_t limit)
{
    struct case_lines lines;
    struct case_after after = {0};
    if (last != NULL) {
        after.key = last->due;
        memcpy(after.number, last->number, CASE_NO_SIZE);
    }
    must_ok(case_queue(cases, database, o, who, &after, limit, &arena, &lines, &err));
    return lines;
}

static struct case_input hearing_on(const struct service *s, const char *date, const char *reasons)
{
    const char *const given[][2] = {{"hearing-day", date}, {"draft-reasons", reasons}};
    return with_answers(s, given, 2);
}

static struct case_input field_of(const struct service *s, const char *field, const char *text)
{
    const char *const given[][2] = {{field, text}};
    return with_answers(s, given, 1);
}

static struct case_input reasoned(const char *reason, const char *ground)
{
    struct case_input input = nothing;
    input.reason = str_of(reason);
    input.ground = str_of(ground);
    input.article = STR("article 1 of the sample");
    return input;
}

/* Granted, then made void by two officials after a hearing of its own; appealed and reinstated. */
static void a_decision_is_made_void_after_a_hearing_of_its_own(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            second = official("labour", "benefits", "LAB-2"),
                            machine = {.hand = HAND_MACHINE}, timer = {.hand = HAND_TIMER},
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct case_input offer = hearing_on(s, "2026-02-10", "Three children are on record."),
                      objection = field_of(s, "objection", "The fourth child was born last week."),
                      full = reasoned("The fourth certificate was forged.", "not-meeting-rules"), bare = full;
    struct gate_entry *entries;
    struct str number = file_family(anna, "3");
    bare.reason = STR("forged");
    must_ok(act(number, &clerk, "offer-hearing", &offer, 1));
    must_ok(act(number, &self, "answer-in-writing", &objection, 2));
    must_ok(act(number, &clerk, "grant-by-hand", &nothing, 3));
    struct case_file c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES);
    assert_false(case_was_heard(&c)); /* that was another matter */
    assert_false(case_is_worked(&c));
    assert_false(act(number, &second, "void", &full, 4));
    assert_false(act(number, &clerk, "propose-void", &nothing, 4)); /* no day, no reasons */
    assert_false(act(number, &self, "propose-void", &offer, 4));
    must_ok(act(number, &clerk, "propose-void", &offer, 4));
    c = read_case(number);
    assert_true(case_is_worked(&c));
    assert_false(act(number, &second, "void", &full, 5)); /* nobody has answered yet */
    must_ok(act(number, &self, "answer-in-writing", &objection, 5));
    const struct {
        const struct case_actor *actor;
        const struct case_input *input;
        const char *place;
    } tries[] = {{&machine, &full, "void"},        {&timer, &full, "void"},    {&self, &full, "void"},
                 {&clerk, &full, "second-person"}, {&second, &bare, "reason"}, {&second, &nothing, "reason"}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        assert_false(act(number, tries[i].actor, "void", tries[i].input, 6));
        assert_string_equal(err.place, tries[i].place);
        assert_int_equal(read_case(number).status, DECIDED_YES);
    }
    must_ok(act(number, &second, "void", &full, 6));
    c = read_case(number);
    assert_int_equal(c.status, VOID);
    assert_false(case_is_worked(&c));
    entries_of(anna, false, &entries);
    assert_true(str_is(entries[0].kind, "decision") && str_is(entries[0].outcome, "void") &&
                str_is(entries[0].actor, "LAB-2") && str_is(entries[0].basis, "article 1 of the sample") &&
                str_eq(entries[0].reason, full.reason));
    struct case_input words = field_of(s, "appeal-words", "The certificate is genuine."),
                      answer = field_of(s, "appeal-answer", "The registry office confirms it.");
    assert_false(act(number, &self, "appeal", &words, 6 + 100)); /* three months are over */
    must_ok(act(number, &self, "appeal", &words, 7));
    assert_false(act(number, &second, "overturn", &answer, 8)); /* who made it void */
    must_ok(act(number, &clerk, "overturn", &answer, 8));
    c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES);
    assert_false(act(number, &second, "void", &full, 9)); /* heard once for each decision */
}

/* Proposed, heard, and left as it was: the case rests again, and its document was never touched. */
static void a_decision_that_was_questioned_may_stand(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    struct case_input offer = hearing_on(s, "2026-02-10", "Three children are on record."),
                      record = field_of(s, "hearing-record", "She brought the certificate.");
    struct str number = file_family(anna, "4");
    struct case_load load;
    must_ok(case_load(cases, database, clerk.office, day(1), &load, &err));
    assert_int_equal(load.open, 0); /* that it could be questioned is nobody's work */
    must_ok(act(number, &clerk, "propose-void", &offer, 1));
    must_ok(case_load(cases, database, clerk.office, day(1), &load, &err));
    assert_int_equal(load.open, 1);
    must_ok(act(number, &clerk, "hold-hearing", &record, 2));
    must_ok(act(number, &clerk, "keep", &nothing, 2));
    must_ok(case_load(cases, database, clerk.office, day(2), &load, &err));
    assert_int_equal(load.open, 0);
    assert_int_equal(read_case(number).status, DECIDED_YES);
}

/* The town's clerk refuses, the council answers the appeal: the case lies on its desk while it does, and only
 * then may it read it and look for it. */
static void an_appeal_goes_to_the_office_that_answers_it(void **state)
{
    const struct service *s = service("new-address");
    const struct case_actor clerk = official("town-hall", "registrar", "TOWN-1"),
                            council = official("council", "appeals", "COUN-1"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct case_input offer = hearing_on(s, "2026-02-10", "Nobody lives there."),
                      record = field_of(s, "hearing-record", "The owner says so too."),
                      full = reasoned("Nobody lives at that house.", "not-so"),
                      words = field_of(s, "appeal-words", "I do live there, ask anybody."),
                      answer = field_of(s, "appeal-answer", "Three neighbours know the person.");
    struct gate_request at_hall = {.office = clerk.office,
                                   .actor = clerk.staff,
                                   .capacity = STR("official"),
                                   .levels = STR("demo"),
                                   .purpose = STR("residence"),
                                   .registry = STR("residents"),
                                   .pid = anna},
                        at_council = at_hall;
    const char *const given[][2] = {{"new-street", "Mill Lane 7"}};
    struct answer *answers = answers_for(s, given, 1);
    answers[service_field(s, STR("owner"))] = (struct answer){.given = true};
    char *number_text = arena_take(&arena, CASE_NO_SIZE, 1);
    struct case_file c;
    uint64_t position;
    bool refused;
    int n = (int)(local_today(j) - local_day(j, day(0))) - 7; /* so that the last step is today's */
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, answers, day(n), STR("demo"), &arena, number_text,
                      &position, &err));
    struct str number = at_hall.case_no = at_council.case_no = str_of(number_text);
    at_council.office = council.office;
    assert_int_equal(look(&at_hall).reason, GATE_ADMITTED);
    assert_int_equal(look(&at_council).reason, GATE_CASE_UNKNOWN);
    must_ok(act(number, &clerk, "offer-hearing", &offer, n + 1));
    must_ok(act(number, &clerk, "hold-hearing", &record, n + 2));
    must_ok(act(number, &clerk, "refuse", &full, n + 3));
    assert_int_equal(look(&at_hall).reason, GATE_CASE_CLOSED);
    assert_int_equal(look(&at_council).reason, GATE_CASE_UNKNOWN);
    must_ok(case_open(cases, database, number, &council, &arena, &c, &refused, &position, &err));
    assert_true(refused);

    must_ok(act(number, &self, "appeal", &words, n + 4));
    assert_true(str_is(read_case(number).desk, "council/appeals"));
    assert_int_equal(queue_of(council.office, STR(""), NULL, 5).n, 1);
    assert_int_equal(queue_of(clerk.office, STR(""), NULL, 5).n, 0);
    must_ok(case_open(cases, database, number, &council, &arena, &c, &refused, &position, &err));
    assert_false(refused);
    assert_int_equal(look(&at_council).reason, GATE_ADMITTED);
    assert_int_equal(look(&at_hall).reason, GATE_CASE_CLOSED);
    assert_false(act(number, &clerk, "overturn", &answer, n + 5)); /* not its own judge */
    must_ok(act(number, &council, "overturn", &answer, n + 5));
    c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES);
    assert_true(str_is(c.desk, "town-hall/registrar"));
    assert_int_equal(queue_of(council.office, STR(""), NULL, 5).n, 0);
    assert_int_equal(look(&at_council).reason, GATE_CASE_CLOSED);
    assert_int_equal(look(&at_hall).reason, GATE_CASE_CLOSED);
    must_ok(case_open(cases, database, number, &council, &arena, &c, &refused, &position, &err));
    assert_true(refused);
}

/* What the applicant typed can be changed with a returned case; what a register says cannot, nor by others.
 */
static void a_returned_case_is_completed(void **state)
{
    const struct service *s = service("gov.cctv-footage");
    const char *const given[][2] = {{"camera", "Abai street 7"},
                                    {"shot-on", "2026-01-30"},
                                    {"hour", "9 to 10"},
                                    {"description", "A red coat and a dog."}};
    const char *const missing[][2] = {{"what-is-missing", "Which camera was it?"}};
    const char *const wrong[][2] = {{"shot-on", "yesterday"}};
    const char *const right[][2] = {{"camera", "Abai street 7, at the corner"}};
    const struct case_actor clerk = official("akimat", "cameras", "CAM-1"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    char number[CASE_NO_SIZE];
    uint64_t position;
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, answers_for(s, given, 4), day(0), STR("demo"),
                      &arena, number, &position, &err));
    size_t words = service_field(s, STR("camera"));
    struct case_input back = with_answers(s, missing, 1), no = with_answers(s, wrong, 1),
                      yes = with_answers(s, right, 1);
    must_ok(act(str_of(number), &clerk, "return", &back, 1));
    struct case_file c = read_case(str_of(number));
    size_t again = service_action(s, STR("resubmit"));
    assert_int_equal(c.status, RETURNED);
    assert_true(again != NONE && case_completes(&c, &s->actions[again]) && case_changes(&c, words));
    assert_false(act(str_of(number), &self, "resubmit", &no, 2));
    assert_int_equal(read_case(str_of(number)).status, RETURNED);
    must_ok(act(str_of(number), &self, "resubmit", &yes, 2));
    c = read_case(str_of(number));
    assert_int_equal(c.status, FILED);
    assert_true(str_is(c.answers[words].text, "Abai street 7, at the corner"));
    assert_false(case_completes(&c, &s->actions[again]));

    struct str family_case = file_family(anna, "3"); /* the register said three */
    s = service("soc.large-family");
    const char *const four[][2] = {{"children", "4"}};
    const struct case_actor benefits = official("labour", "benefits", "LAB-1");
    must_ok(act(family_case, &benefits, "return", &back, 1));
    struct case_input more = with_answers(s, four, 1);
    must_ok(act(family_case, &self, "resubmit", &more, 2));
    c = read_case(family_case);
    assert_true(str_is(c.answers[service_field(s, STR("children"))].text, "3"));
    assert_int_equal(c.status, FILED);
}

/* The engine does not rely on the linter: files that try, taken into memory behind its back. */
static void rule_five_stands_whatever_a_file_says(void **state)
{
    struct case_file c = read_case(file_family(anna, "3"));
    struct service evil = *c.service;
    const struct case_actor machine = {.hand = HAND_MACHINE}, timer = {.hand = HAND_TIMER},
                            self = {.hand = HAND_APPLICANT, .pid = anna},
                            nobody = {.hand = HAND_OFFICIAL, .office = evil.provider},
                            clerk = official("labour", "benefits", "LAB-1");
    const struct case_actor *hands[] = {&machine, &timer, &self, &nobody, &clerk};
    struct case_input full = nothing;
    full.reason = STR("A reason that is long enough.");
    full.ground = STR("unreliable");
    full.article = STR("article 1");
    for (enum case_status to = DECIDED_YES; to < STATUSES_N; to++) {
        struct service_action action = {.id = STR("evil"),
                                        .who = 31,
                                        .office = evil.provider,
                                        .from = 127,
                                        .moves = true,
                                        .to = to,
                                        .after = NONE,
                                        .does = DOES_NOTHING_SPECIAL};
        evil.actions = &action;
        evil.actions_n = 1;
        c.service = &evil;
        for (size_t h = 0; h < ARRAY_LEN(hands); h++) {
            bool may = case_may(cases, &c, hands[h], 0, &full, day(9), &arena, &err);
            bool should = (to == DECIDED_YES && hands[h]->hand == HAND_OFFICIAL) ||
                          (to == WITHDRAWN && hands[h] == &self);
            if (may != should)
                fail_msg("%s by hand %d: %d", status_name(to), hands[h]->hand, may);
        }
    }
}

static void one_case_in_flight(void **state)
{
    char number[CASE_NO_SIZE];
    uint64_t position;
    struct str first = file_family(anna, "3");
    assert_false(case_file(cases, database, service("soc.large-family"), anna, BY_WEB, family("4"), day(0),
                           STR("demo"), &arena, number, &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    file_family(boris, "3");
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = anna};
    must_ok(act(first, &self, "withdraw", &nothing, 1));
    assert_int_equal(read_case(file_family(anna, "4")).status, DECIDED_YES);
    assert_int_equal(read_case(file_family(anna, "4")).status,
                     DECIDED_YES); /* decided: not in flight any more */
}

static void what_must_not_be_filed(void **state)
{
    const struct service *s = service("soc.large-family");
    struct answer *wrong = family("4"), *typed = family("4");
    char number[CASE_NO_SIZE];
    uint64_t position, before = ledger_size(ledger);
    wrong[service_field(s, STR("account"))] = (struct answer){true, false, STR("KZ75125KZT2069100101")};
    typed[service_field(s, STR("account"))] = (struct answer){true, false, STR("a\nb\nc")};
    struct answer *none = arena_array(&arena, struct answer, s->fields_n + 1);
    assert_false(
        case_file(cases, database, s, anna, BY_WEB, wrong, day(0), STR(""), &arena, number, &position, &err));
    assert_false(
        case_file(cases, database, s, anna, BY_WEB, typed, day(0), STR(""), &arena, number, &position, &err));
    assert_false(
        case_file(cases, database, s, anna, BY_WEB, none, day(0), STR(""), &arena, number, &position, &err));
    assert_false(case_file(cases, database, s, anna, BY_USSD, family("4"), day(0), STR(""), &arena, number,
                           &position, &err));
    assert_false(case_file(cases, database, s, anna, BY_WEB, family("4"), day(-500), STR(""), &arena, number,
                           &position, &err));
    assert_int_equal(ledger_size(ledger), before); /* no partial effect */
}

/* Returned for a paper on the second day, completed on the tenth: the clock of seven working days runs again
 * in full. */
static void deadlines_come_from_the_journal(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct str number = file_family(anna, "3");
    size_t decision = service_timer(s, STR("decision")), papers = service_timer(s, STR("papers"));
    struct deadline d;
    struct case_file c = read_case(number);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(9))); /* Monday 2 to Wednesday 11 February */
    assert_false(case_deadline(j, &c, papers, &arena, &d));
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate of the youngest child."}};
    struct case_input missing = with_answers(s, lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, 2));
    c = read_case(number);
    assert_int_equal(c.status, RETURNED);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_true(d.paused);
    assert_true(case_deadline(j, &c, papers, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(32)));
    must_ok(act(number, &self, "resubmit", &nothing, 10));
    c = read_case(number);
    assert_true(case_deadline(j, &c, decision, &arena, &d));
    assert_int_equal(d.day, local_day(j, day(21))); /* Thursday 12 to Monday 23 February */
    assert_false(deadline_passed(&d, day(21)));
    assert_true(deadline_passed(&d, day(22)));
}

static void queues_are_ordered_by_deadline(void **state)
{
    struct case_load load;
    struct case_lines lines, rest;
    struct str late = file_family(anna, "3"), paused = file_family(boris, "3");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate."}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    file_family((const uint8_t[PID_SIZE]){3}, "4"); /* granted: not in the queue */
    must_ok(act(paused, &clerk, "return", &missing, 1));
    lines = queue_of(clerk.office, STR(""), NULL, 10);
    assert_int_equal(lines.n, 2);
    assert_false(lines.more);
    assert_string_equal(lines.list[0].number, late.p);
    assert_true(lines.list[0].due != 0 && lines.list[1].due == 0);
    lines = queue_of(clerk.office, STR(""), NULL, 1);
    assert_true(lines.n == 1 && lines.more);
    rest = queue_of(clerk.office, STR(""), &lines.list[0], 1);
    assert_true(rest.n == 1 && !rest.more);
    assert_string_equal(rest.list[0].number, paused.p);
    assert_int_equal(queue_of(clerk.office, STR(""), &rest.list[0], 1).n, 0);
    assert_int_equal(queue_of(office("health", "clinic-5"), STR(""), NULL, 10).n, 0);
    assert_int_equal(queue_of(clerk.office, STR("LAB-1"), NULL, 10).n, 0);
    assert_int_equal(queue_of(clerk.office, STR("-"), NULL, 10).n, 2);
    must_ok(case_load(cases, database, clerk.office, day(5), &load, &err));
    assert_true(load.open == 2 && load.late == 0 && load.nobody == 2);
    must_ok(case_load(cases, database, clerk.office, day(30), &load, &err));
    assert_int_equal(load.late, 1); /* the other is paused */
}

static struct gate_checker *checker;

static void seen_in_outbox(void *arg, const uint8_t id[LEDGER_ID_SIZE])
{
    case_check_entry(arg, id);
}

static bool seen_in_log(void *arg, const struct ledger_entry *entry)
{
    case_check_entry(arg, entry->id);
    return true;
}

static struct case_report check_all(void)
{
    struct case_report report = {0};
    struct case_check *check;
    uint64_t waiting;
    must_ok(case_check_start(&check, cases, database, &report, &err));
    must_ok(gate_checker_open(&checker, &gate_config, &err));
    must_ok(gate_checker_outbox(checker, database, seen_in_outbox, check, &waiting, &err));
    must_ok(ledger_scan(ledger, 0, ledger_durable(ledger), seen_in_log, check, &err));
    case_check_end(check, &report);
    gate_checker_free(checker);
    return report;
}

static void fsck_names_what_is_wrong(void **state)
{
    static const struct {
        const char *change, *place;
    } changes[] = {{"UPDATE case_row SET late = 1", NULL},
                   {"UPDATE case_row SET refused = 1", NULL},
                   {"UPDATE case_row SET official = 'X-1'", NULL},
                   {"UPDATE case_row SET desk = 'health/clinic-5'", NULL},
                   {"UPDATE case_row SET open = 0", NULL},
                   {"UPDATE case_row SET wake = 0", NULL},
                   {"UPDATE case_row SET filed = filed + 1", NULL},
                   {"UPDATE case_row SET service = 'soc.disability'", NULL},
                   {"DELETE FROM case_row", NULL},
                   {"DELETE FROM case_person", "case_person"},
                   {"DELETE FROM case_event WHERE n = 0", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const uint8_t pid[PID_SIZE] = {(uint8_t)(10 + i)};
        struct str number = file_family(pid, "3");
        struct case_report report = check_all();
        assert_true(report.findings == 0 && report.cases == 1 && report.steps == 1);
        must_ok(db_exec(database, changes[i].change, &err));
        report = check_all();
        if (report.findings == 0 ||
            strcmp(report.first[0].place, changes[i].place ? changes[i].place : number.p) != 0)
            fail_msg("%s: %s", changes[i].change, report.findings ? report.first[0].place : "nothing found");
        must_ok(db_exec(database,
                        "DELETE FROM case_row; DELETE FROM case_event; DELETE FROM case_person; "
                        "DELETE FROM case_flight; DELETE FROM case_count",
                        &err));
    }
}

/* A step whose entry the log never got: a checker that hears of no entry finds it. */
static void a_step_without_entry_is_found(void **state)
{
    struct case_report report = {0};
    struct case_check *check;
    struct str number = file_family(anna, "4");
    must_ok(case_check_start(&check, cases, database, &report, &err));
    assert_int_equal(report.findings, 0);
    case_check_end(check, &report);
    assert_int_equal(report.findings, 2);
    assert_string_equal(report.first[0].place, number.p);
}

static void a_person_finds_the_own_cases(void **state)
{
    struct case_mine *list;
    size_t n;
    struct str one = file_family(anna, "4"), two = file_family(anna, "3");
    file_family(boris, "3");
    must_ok(case_of_person(cases, database, anna, &arena, &list, &n, &err));
    assert_int_equal(n, 2);
    bool turned = memcmp(list[0].number, one.p, CASE_NO_SIZE) != 0; /* of one day: in any order */
    assert_memory_equal(list[turned].number, one.p, CASE_NO_SIZE);
    assert_memory_equal(list[!turned].number, two.p, CASE_NO_SIZE);
    must_ok(case_of_person(cases, database, (const uint8_t[PID_SIZE]){9}, &arena, &list, &n, &err));
    assert_int_equal(n, 0);
}

static size_t turn(int n)
{
    size_t done;
    must_ok(cases_turn(cases, database, day(n), 100, &done, &err));
    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    return done;
}

/* The term ends with Wednesday, day(9): at any later turn, once, after a new start too. */
static void lateness_publishes_itself(void **state)
{
    struct gate_entry *entries;
    struct str number = file_family(anna, "3");
    assert_int_equal(turn(8), 0);
    assert_int_equal(read_case(number).late, 0);
    assert_int_equal(turn(10), 1);
    struct case_file c = read_case(number);
    assert_int_equal(c.late, day(10));
    assert_int_equal(c.status, FILED); /* silence decides nothing */
    assert_int_equal(entries_of(anna, false, &entries), 2);
    assert_true(str_is(entries[0].kind, "step") && str_is(entries[0].capacity, "timer") &&
                str_is(entries[0].outcome, "@ended/decision") && str_eq(entries[0].case_no, number));
    assert_int_equal(turn(10), 0);
    cases_free(cases);
    cases = cases_new(gate, j, master);
    assert_int_equal(turn(60), 0);
    assert_int_equal(check_all().findings, 0);
    /* Decided afterwards: it was late, and stays so. */
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    must_ok(act(number, &clerk, "grant-by-hand", &nothing, 61));
    c = read_case(number);
    assert_true(c.late == day(10) && c.decided == day(61) && c.due < day(10));
    assert_int_equal(check_all().findings, 0);
}

/* A step after the term, before the clock looked: late all the same. */
static void a_late_decision_is_late_without_the_clock(void **state)
{
    struct str number = file_family(anna, "3"), in_time = file_family(boris, "3");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1");
    must_ok(act(in_time, &clerk, "grant-by-hand", &nothing, 9));
    must_ok(act(number, &clerk, "grant-by-hand", &nothing, 20));
    assert_int_equal(read_case(number).late, day(20));
    assert_int_equal(read_case(in_time).late, 0);
    assert_int_equal(turn(30), 0);
}

/* Papers did not come within 30 days: back on the desk of the office that the file names, and nobody's. */
static void escalation_moves_the_desk(void **state)
{
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            care = official("akimat", "social", "AKI-1");
    struct case_file c;
    uint64_t position;
    struct str number = file_family(anna, "3");
    must_ok(
        case_give(cases, database, number, &clerk, STR("LAB-1"), false, 1, day(0), &arena, &position, &err));
    assert_true(str_is(read_case(number).official, "LAB-1"));
    const char *const lacks[][2] = {{"what-is-missing", "The birth certificate."}};
    struct case_input missing = with_answers(service("soc.large-family"), lacks, 1);
    must_ok(act(number, &clerk, "return", &missing, 1));
    assert_int_equal(turn(30), 0);
    assert_int_equal(turn(40), 1);
    c = read_case(number);
    assert_true(str_is(c.events[c.events_n - 1].action, "@ended/papers") &&
                str_is(c.events[c.events_n - 1].to, "labour/benefits"));
    assert_int_equal(c.official.n, 0);
    assert_int_equal(turn(80), 0);
    /* To another agency's desk: as if the file named that one. */
    struct service moved = *c.service;
    c.service = &moved;
    c.desk = STR("akimat/social");
    size_t withdraw = service_action(&moved, STR("return"));
    c.status = FILED, c.flags = 0;
    assert_false(case_may(cases, &c, &clerk, withdraw, &missing, day(81), &arena, &err));
    must_ok(case_may(cases, &c, &care, withdraw, &missing, day(81), &arena, &err));
    assert_true(case_reads(&c, care.office) && !case_reads(&c, clerk.office));
}

/* A public queue: by turn; a place that is offered and not taken lapses, the turn stays. */
static void a_queue_has_turns_and_offers_lapse(void **state)
{
    const struct service *s = service("edu.kindergarten-queue");
    const struct case_actor clerk = official("education", "kindergartens", "EDU-1");
    const char *const given[][2] = {
        {"child", "460926562913"}, {"birth-date", "2024-03-01"}, {"area", "Almaly"}};
    const char *const place[][2] = {{"place-offered", "Kindergarten No. 7"}};
    char number[3][CASE_NO_SIZE];
    struct case_file c;
    struct case_after from = {0};
    struct case_lines lines;
    int64_t at;
    for (int i = 0; i < 3; i++) {
        const uint8_t pid[PID_SIZE] = {(uint8_t)(20 + i)};
        struct answer *answers = answers_for(s, given, 3);
        uint64_t position;
        answers[service_field(s, STR("priority"))].given = true;
        must_ok(case_file(cases, database, s, pid, BY_SMS, answers, day(i), STR(""), &arena, number[i],
                          &position, &err));
        c = read_case(str_of(number[i]));
        assert_int_equal(c.status, DECIDED_YES);
        must_ok(case_position(cases, database, &c, &at, &err));
        assert_int_equal(at, i + 1);
    }
    must_ok(case_waiting(cases, database, s, &from, 2, &arena, &lines, &err));
    assert_true(lines.n == 2 && lines.more);
    assert_string_equal(lines.list[0].number, number[0]);
    assert_int_equal(queue_of(clerk.office, STR(""), NULL, 10).n, 0); /* nothing to decide */
    struct case_input offer = with_answers(s, place, 1);
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 5));
    assert_int_equal(turn(8), 0);
    assert_int_equal(turn(20), 1);
    c = read_case(str_of(number[0]));
    assert_true(str_is(c.events[c.events_n - 1].action, "offer-lapses") &&
                c.events[c.events_n - 1].hand == HAND_TIMER);
    assert_int_equal(turn(40), 0);
    must_ok(case_position(cases, database, &c, &at, &err));
    assert_int_equal(at, 1);
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 41)); /* and again */
    assert_int_equal(turn(60), 1);
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = (const uint8_t[PID_SIZE]){20}};
    must_ok(act(str_of(number[0]), &clerk, "offer-place", &offer, 61));
    must_ok(act(str_of(number[0]), &self, "accept", &nothing, 62));
    c = read_case(str_of(number[1]));
    must_ok(case_position(cases, database, &c, &at, &err));
    assert_int_equal(at, 1);
    assert_int_equal(check_all().findings, 0);
}

/* One broken case does not stop the clock for the others. */
static void a_broken_case_is_set_aside(void **state)
{
    struct str number = file_family(anna, "3");
    must_ok(db_exec(database, "UPDATE case_row SET answers = person", &err));
    struct str other = file_family(boris, "3");
    assert_int_equal(turn(10), 1);
    assert_true(read_case(other).late != 0);
    assert_int_equal(turn(10), 0);
    struct case_file c;
    assert_false(case_read(cases, database, number, &arena, &c, &err));
}

/* Two officials: taken, given on, and who comes second is told so. */
static void who_has_a_case(void **state)
{
    const struct case_actor one = official("labour", "benefits", "LAB-1"),
                            two = official("labour", "benefits", "LAB-2"),
                            other = official("health", "clinic-5", "MED-1");
    struct str number = file_family(anna, "3");
    uint64_t position;
    const struct {
        const struct case_actor *actor;
        const char *to;
        bool head, works;
        int64_t seen;
    } tries[] = {{&other, "MED-1", false, false, 1}, {&one, "LAB-2", false, false, 1},
                 {&one, "", false, false, 1},        {&one, "LAB-1", false, true, 1},
                 {&two, "LAB-2", false, false, 1},   {&two, "LAB-2", false, false, 2},
                 {&one, "LAB-1", false, false, 2},   {&one, "LAB-2", false, true, 2},
                 {&one, "LAB-1", false, false, 3},   {&one, "LAB-1", true, true, 3}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++)
        if (case_give(cases, database, number, tries[i].actor, str_of(tries[i].to), tries[i].head,
                      tries[i].seen, day(1), &arena, &position, &err) != tries[i].works)
            fail_msg("try %zu: %s", i, err.text);
    struct case_actor stands_in = two; /* for LAB-1, who is on leave */
    stands_in.stands_for = STR("LAB-1");
    assert_int_equal(read_case(number).version, 4);
    must_ok(case_give(cases, database, number, &stands_in, STR("LAB-2"), false, 4, day(1), &arena, &position,
                      &err));
    assert_false(
        case_give(cases, database, number, &one, STR("LAB-1"), false, 5, day(1), &arena, &position, &err));
    must_ok(
        case_give(cases, database, number, &two, STR("LAB-1"), false, 5, day(1), &arena, &position, &err));
    assert_int_equal(read_case(number).version, 6);
    struct case_input late = nothing;
    late.seen = 3;
    assert_false(act(number, &one, "grant-by-hand", &late, 2));
    assert_true(err.code == ERR_CONFLICT && strcmp(err.place, "seen") == 0);
    const int64_t weeks[] = {day(0), day(7), day(14), day(21)};
    struct case_share *shares;
    size_t n;
    file_family(boris, "3");
    must_ok(case_team(cases, database, one.office, day(1), weeks, &arena, &shares, &n, &err));
    assert_int_equal(n, 2);
    assert_true(shares[0].official.n == 0 && shares[0].open == 1);
    assert_true(str_is(shares[1].official, "LAB-1") && shares[1].open == 1 && shares[1].due[1] == 1);
    late.seen = 6;
    must_ok(act(number, &one, "grant-by-hand", &late, 2));
    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 7);
    assert_true(str_is(entries[1].outcome, CASE_TAKE) && str_is(entries[1].reason, "LAB-1"));
}

/* An official's reading is an entry, and so is the reading that was refused. */
static void reading_a_case_is_an_entry(void **state)
{
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            other = official("health", "clinic-5", "MED-1");
    struct str number = file_family(anna, "3");
    struct case_file c;
    struct gate_entry *entries;
    bool refused;
    uint64_t position;
    must_ok(case_open(cases, database, number, &clerk, &arena, &c, &refused, &position, &err));
    assert_false(refused);
    assert_int_equal(c.events_n, 1);
    must_ok(ledger_wait(ledger, position, &err));
    must_ok(case_open(cases, database, number, &other, &arena, &c, &refused, &position, &err));
    assert_true(refused && c.events_n == 0 && c.answers == NULL);
    must_ok(ledger_wait(ledger, position, &err));
    assert_int_equal(entries_of(anna, false, &entries), 3);
    assert_true(str_is(entries[0].kind, "case-read") && str_is(entries[0].outcome, "refused") &&
                str_is(entries[0].reason, "office-may-not") && str_is(entries[0].actor, "MED-1"));
    assert_true(str_is(entries[1].outcome, "admitted") && str_is(entries[1].purpose, "benefit-claim") &&
                str_eq(entries[1].case_no, number));
    assert_false(
        case_open(cases, database, STR("0000-0000-0000"), &clerk, &arena, &c, &refused, &position, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* A draft, its refusal and two pairs of eyes: who proposed decides under no order of steps. */
static void who_proposed_does_not_decide(void **state)
{
    const struct service *s = service("soc.special-care");
    const struct case_actor one = official("akimat", "social", "AKI-1"),
                            two = official("akimat", "social", "AKI-2"),
                            three = official("akimat", "social", "AKI-3");
    const char *const given[][2] = {{"for-whom", "me"}, {"medical-card", "card.pdf"}};
    const char *const proposal[][2] = {{"proposal", "To be refused: the group is not one of the two."}};
    const char *const hearing[][2] = {{"hearing-day", "2026-02-10"},
                                      {"draft-reasons", "The group is not one of the two."}};
    const char *const record[][2] = {{"hearing-record", "Came and agreed."}};
    char number[CASE_NO_SIZE];
    uint64_t position;
    struct answer *answers = answers_for(s, given, 2);
    answers[service_field(s, STR("group"))] = (struct answer){true, true, STR("1")};
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, answers, day(0), STR(""), &arena, number,
                      &position, &err));
    struct str no = str_of(number);
    struct case_input draft = with_answers(s, proposal, 1), offer = with_answers(s, hearing, 2),
                      held = with_answers(s, record, 1), full = nothing;
    full.reason = STR("The group on record is not one of the two.");
    full.ground = STR("not-meeting-rules");
    full.article = STR("article 1 of the sample");
    must_ok(act(no, &one, "prepare", &draft, 1));
    must_ok(act(no, &two, "offer-hearing", &offer, 1));
    must_ok(act(no, &two, "hold-hearing", &held, 2));
    assert_false(act(no, &one, "refuse", &full, 3)); /* drafted it, though another was the last */
    assert_string_equal(err.place, "second-person");
    assert_false(act(no, &two, "refuse", &full, 3)); /* invited to the hearing: proposed it */
    assert_string_equal(err.place, "second-person");
    assert_false(act(no, &one, "grant", &nothing, 3));
    must_ok(act(no, &three, "refuse", &full, 3));
    struct case_file c = read_case(no);
    assert_int_equal(c.status, DECIDED_NO);
    assert_int_equal(check_all().findings, 0);
}

/* The law changes; the case is decided by what it was filed under. */
static void a_case_keeps_its_version(void **state)
{
    struct str number = file_family(anna, "4"), open = file_family(boris, "3");
    char command[8192];
    snprintf(
        command, sizeof command,
        "cp -r '%s/jurisdictions/kz' '%s/kz' && cd '%s/kz/services' && sed -i 's/^version: 1/version: 2/;"
        "s/children >= 4/children >= 3/; s/given: {children: 3}/given: {children: 2}/' soc.large-family.yaml",
        getenv("AINA_ROOT"), folder, folder);
    assert_int_equal(system(command), 0);
    char path[200];
    struct findings findings;
    struct jurisdiction *changed;
    snprintf(path, sizeof path, "%s/kz", folder);
    must_ok(jurisdiction_load(path, &arena, &changed, &findings, &err));
    assert_non_null(changed);
    struct cases *later = cases_new(gate, changed, master);
    struct case_file c;
    must_ok(case_read(later, database, number, &arena, &c, &err));
    assert_int_equal(c.service->version, 1);
    assert_int_equal(jurisdiction_service(changed, STR("soc.large-family"))->version, 2);
    must_ok(case_read(later, database, open, &arena, &c, &err));
    const struct case_actor machine = {.hand = HAND_MACHINE};
    assert_false(case_may(later, &c, &machine, service_action(c.service, STR("grant")), &nothing, day(1),
                          &arena, &err));
    c.service =
        jurisdiction_service(changed, STR("soc.large-family")); /* under the new one it would be granted */
    must_ok(case_may(later, &c, &machine, service_action(c.service, STR("grant")), &nothing, day(1), &arena,
                     &err));
    cases_free(later);
    jurisdiction_free(changed);
}

/* Each version is read once, memory is bounded, and what somebody reads lives as long as they do. */
static void versions_are_remembered_in_bounded_memory(void **state)
{
    const struct service *now = service("soc.large-family");
    const char *whole = str_c(&arena, now->bytes), *at = strstr(whole, "\nversion: 1\n");
    struct definitions *all = definitions_new();
    struct arena reader, held;
    struct findings findings;
    uint8_t first[HASH_SIZE] = {0}, second[HASH_SIZE] = {0};
    size_t bytes, n = 0;
    assert_non_null(at);
    arena_init(&reader, 65536, 1 << 25);
    arena_init(&held, 4096, 1 << 20);
    const struct service *kept = NULL;
    for (unsigned i = 0; i < 200; i++) {
        struct str file = str_of(
            arena_printf(&reader, "%.*s\nversion: %u\n%s", (int)(at - whole), whole, 100 + i, at + 12));
        const struct service *s = service_from_snapshot(j, file, now->procedure->bytes, &reader, &findings);
        assert_non_null(s);
        const struct service *read =
            definition_read(all, j, s->hash, file, now->procedure->bytes, i == 0 ? &held : &reader);
        assert_non_null(read);
        assert_int_equal(read->version, 100 + i);
        assert_ptr_equal(definition_find(all, s->hash, &reader), read);
        if (i < 2)
            memcpy(i == 0 ? first : second, s->hash, HASH_SIZE);
        kept = i == 0 ? read : kept;
        n = definitions_kept(all, &bytes);
        assert_in_range(n, 1, 128);
        assert_in_range(bytes, 1, 6 << 20);
        arena_reset(&reader);
    }
    assert_true(n < 200);
    assert_null(definition_find(all, second, &reader));
    assert_ptr_equal(definition_find(all, first, &reader), kept); /* it is being read */
    assert_null(definition_read(all, j, first, STR("id: x\n"), now->procedure->bytes, &reader));
    arena_done(&reader);
    definitions_free(all);
    assert_int_equal(kept->version, 100);
    arena_done(&held);
}

static void what_is_changed_in_the_database_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE case_row SET status = 3",     "UPDATE case_row SET flags = 2",
        "DELETE FROM case_event WHERE n = 0", "UPDATE case_event SET n = 7 WHERE n = 1",
        "UPDATE case_row SET version = 3",    "UPDATE case_row SET answers = person"};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct case_file c;
        const uint8_t pid[PID_SIZE] = {(uint8_t)(10 + i)};
        struct str number = file_family(pid, "3");
        const struct case_actor self = {.hand = HAND_APPLICANT, .pid = pid};
        must_ok(act(number, &self, "withdraw", &nothing, 1));
        must_ok(db_exec(database, changes[i], &err));
        assert_false(case_read(cases, database, number, &arena, &c, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        must_ok(db_exec(database, "DELETE FROM case_row; DELETE FROM case_event", &err));
    }
}

static void answers_are_sealed(void **state)
{
    bool found_row;
    file_family(anna, "3");
    struct db_stmt *stmt = db_sql(database, "SELECT answers, person FROM case_row", &err);
    assert_non_null(stmt);
    must_ok(db_one(stmt, &found_row, &err));
    assert_null(memmem(db_bytes(stmt, 0).p, db_bytes(stmt, 0).n, "KZ75125KZT2069100100", 20));
    assert_null(memmem(db_bytes(stmt, 1).p, db_bytes(stmt, 1).n, anna, PID_SIZE));
    db_end(stmt);
}

/* The office may look while the case runs, not when it is decided, and again while an appeal waits. */
static void looks_go_with_the_work_on_a_case(void **state)
{
    const struct service *s = service("soc.large-family");
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            second = official("labour", "benefits", "LAB-2"),
                            self = {.hand = HAND_APPLICANT, .pid = anna};
    struct case_input offer = hearing_on(s, "2026-02-10", "Three children are on record."),
                      objection = field_of(s, "objection", "The fourth child was born last week."),
                      full = reasoned("The register shows three children, not four.", "not-meeting-rules"),
                      words = field_of(s, "appeal-words", "The register is late: there are four."),
                      stands = full;
    char *number_text = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    int n = (int)(local_today(j) - local_day(j, day(0))) - 7; /* so that the last step is not tomorrow's */
    stands.answers = field_of(s, "appeal-answer", "The register is right on that day.").answers;
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, family("3"), day(n), STR("demo"), &arena,
                      number_text, &position, &err));
    struct str number = str_of(number_text);
    struct gate_request request = {.office = clerk.office,
                                   .actor = STR("LAB-1"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = STR("benefit-claim"),
                                   .registry = STR("civil-status"),
                                   .case_no = number,
                                   .pid = anna};
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    request.pid = boris;
    assert_int_equal(look(&request).reason, GATE_CASE_OTHER_PERSON);
    request.pid = anna;
    must_ok(act(number, &clerk, "offer-hearing", &offer, n + 1));
    must_ok(act(number, &self, "answer-in-writing", &objection, n + 2));
    must_ok(act(number, &clerk, "refuse", &full, n + 3));
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    must_ok(act(number, &self, "appeal", &words, n + 4));
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    must_ok(act(number, &second, "uphold", &stands, n + 5));
    assert_int_equal(read_case(number).status, DECIDED_NO);
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    must_ok(case_file(cases, database, s, anna, BY_COUNTER, family("3"), day(n + 6), STR("demo"), &arena,
                      number_text, &position, &err));
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    must_ok(act(str_of(number_text), &self, "withdraw", &nothing, n + 6));
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
}

/* A marriage is not dissolved before its month is over, whoever tries; then it may be. */
static void a_waiting_time_is_waited(void **state)
{
    const struct service *s = service("civil.divorce");
    const struct case_actor clerk = official("justice", "civil-registry", "JUS-1");
    struct case_event filed = {.time = day(0), .action = STR("file"), .status = FILED};
    struct case_file c = {.service = s,
                          .status = FILED,
                          .filed = day(0),
                          .version = 1,
                          .desk = STR("justice/civil-registry"),
                          .events = &filed,
                          .events_n = 1,
                          .answers = answers_for(s, NULL, 0)};
    memcpy(c.pid, anna, PID_SIZE);
    size_t grant = service_action(s, STR("grant"));
    int64_t over =
        local_midnight(j, date_days((struct date){2026, 3, 3})); /* from 2 February: 2 March is the last */
    unsigned needs;
    assert_false(case_may_begin(cases, &c, &clerk, grant, &nothing, day(1), &arena, &needs, &err));
    assert_non_null(strstr(err.text, "waiting time"));
    assert_false(case_may_begin(cases, &c, &clerk, grant, &nothing, over - 1, &arena, &needs, &err));
    must_ok(case_may_begin(cases, &c, &clerk, grant, &nothing, over, &arena, &needs, &err));
}

static int32_t working_days_after(int32_t from, int n)
{
    while (n > 0)
        n -= jurisdiction_working_day(j, ++from);
    return from;
}

/* A plot of land: 28 working days for the first stage, 22 from when the second began, 50 for the whole. */
static void stages_run_one_after_the_other(void **state)
{
    const struct service *s = service("land.plot-settlement");
    size_t flag = 0, first = service_timer(s, STR("first-stage")),
           second = service_timer(s, STR("second-stage-term")), whole = service_timer(s, STR("decision"));
    while (!str_is(s->flags[flag].id, "second-stage"))
        flag++;
    struct case_event events[] = {
        {.time = day(0), .action = STR("file"), .status = FILED},
        {.time = day(21), .action = STR("consent-to-plot"), .status = FILED, .flags = 1u << flag}};
    struct case_file c = {.service = s,
                          .status = FILED,
                          .filed = day(0),
                          .version = 1,
                          .events = events,
                          .events_n = 1,
                          .answers = answers_for(s, NULL, 0)};
    struct deadline d;
    assert_true(case_deadline(j, &c, first, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(0)), 28));
    assert_false(case_deadline(j, &c, second, &arena, &d));
    c.events_n = 2;
    c.flags = 1u << flag;
    assert_true(case_deadline(j, &c, second, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(21)), 22));
    assert_true(case_deadline(j, &c, whole, &arena, &d));
    assert_int_equal(d.day, working_days_after(local_day(j, day(0)), 50));
}

/* Rule 4: every service of both folders has a way without internet, and it takes no longer by law than the
 * web's. */
static void nobody_is_left_out(void **state)
{
    for (size_t i = 0; i < j->services_n; i++) {
        const struct service *s = &j->services[i];
        assert_true(s->channels & SERVICE_OFFLINE);
        const struct service_timer *t = &s->timers[service_timer(s, STR("decision"))];
        struct deadline web, offline;
        bool verified;
        deadline_count(j, t, timer_term(s, t, BY_WEB, NULL, &arena, &verified), day(0), NULL, 0, &web);
        for (unsigned c = 0; c < CHANNELS_N; c++) {
            if ((SERVICE_OFFLINE & s->channels) >> c & 1) {
                deadline_count(j, t, timer_term(s, t, (enum channel)c, NULL, &arena, &verified), day(0), NULL,
                               0, &offline);
                assert_true(offline.due <= web.due);
            }
        }
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_machine_grants_by_rule_and_every_step_is_an_entry),
        CASE(what_is_not_known_is_not_granted),
        CASE(only_a_human_refuses_with_reason_article_and_hearing),
        CASE(a_refusal_is_appealed),
        CASE(a_decision_is_made_void_after_a_hearing_of_its_own),
        CASE(a_decision_that_was_questioned_may_stand),
        cmocka_unit_test_setup_teardown(an_appeal_goes_to_the_office_that_answers_it, begin_in_town, end),
        CASE(a_returned_case_is_completed),
        CASE(rule_five_stands_whatever_a_file_says),
        CASE(one_case_in_flight),
        CASE(what_must_not_be_filed),
        CASE(deadlines_come_from_the_journal),
        CASE(queues_are_ordered_by_deadline),
        CASE(fsck_names_what_is_wrong),
        CASE(a_step_without_entry_is_found),
        CASE(a_person_finds_the_own_cases),
        CASE(lateness_publishes_itself),
        CASE(a_late_decision_is_late_without_the_clock),
        CASE(escalation_moves_the_desk),
        CASE(a_queue_has_turns_and_offers_lapse),
        CASE(a_broken_case_is_set_aside),
        CASE(who_has_a_case),
        CASE(reading_a_case_is_an_entry),
        CASE(who_proposed_does_not_decide),
        CASE(a_case_keeps_its_version),
        CASE(versions_are_remembered_in_bounded_memory),
        CASE(what_is_changed_in_the_database_is_found),
        CASE(answers_are_sealed),
        CASE(looks_go_with_the_work_on_a_case),
        CASE(a_waiting_time_is_waited),
        CASE(stages_run_one_after_the_other),
        CASE(nobody_is_left_out),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
