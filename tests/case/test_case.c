/* SPDX-License-Identifier: Apache-2.0 */
/* Cases on real parts, on both engines: filed and granted by rule, refused only by people after a hearing,
 * decided by the version they were filed under, logged step by step; and everything that tries to get round
 * rule 5.
 */
#include "engine.h"

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
    struct case_load load;
    must_ok(case_load(cases, database, clerk.office, day(60), &load, &err));
    assert_true(load.open == 1 && load.late == 0); /* an appeal is open; the decision was in time */
    must_ok(act(number, &second, "overturn", &decided, 6));
    struct case_file c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES);
    assert_false(act(number, &self, "appeal", &appeal, 7));
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
        CASE(who_proposed_does_not_decide),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
