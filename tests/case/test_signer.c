/* SPDX-License-Identifier: Apache-2.0 */
/* Co-signers: asked with the filing, agree or decline with their own log-in, and nobody for another. */
#include "case/notice.h"
#include "case/signed.h"
#include "case/signer.h"
#include "people/signing.h"
#include "with_cases.h"

static struct answer *moving_to(const char *owner)
{
    const char *const given[][2] = {{"new-address", "Abai 10, 5"}, {"owner", owner}};
    return answers_for(service("id.address"), given, 2);
}

static struct str file_address(const char *owner)
{
    struct str number = {0};
    must_ok(file_case(service("id.address"), aliya, moving_to(owner), day(0), &number));
    return number;
}

static bool answer(const uint8_t *pid, struct str number, bool agree, const char *words, int n)
{
    uint64_t position;
    return cosigning_answer(beside, database, pid, number, agree, str_of(words), NULL, STR("demo"), day(n),
                            &arena, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static size_t asked(const uint8_t *pid, struct cosigning **list)
{
    size_t n;
    must_ok(cosignings_of(beside, database, pid, 10, &arena, list, &n, &err));
    return n;
}

static struct str newest(const uint8_t *pid)
{
    struct notice *list;
    size_t n;
    must_ok(notices_of(beside, database, pid, STR(""), 10, STR("en"), &arena, &list, &n, &err));
    return n ? str_of(str_c(&arena, list[0].text)) : STR("");
}

static void the_owner_agrees_and_the_machine_goes_on(void **state)
{
    struct cosigning *list;
    struct case_file c;
    enum signer_state where;
    struct signer *signers;
    size_t n;
    struct str number = file_address(berik_number);
    assert_int_equal(read_case(number).status, FILED);
    assert_int_equal(asked(aliya, &list), 0);
    assert_int_equal(asked(berik, &list), 1);
    assert_true(str_eq(str_of(list[0].number), number) && list[0].state == SIGNER_ASKED);
    assert_non_null(strstr(newest(berik).p, "agreement is asked for"));
    must_ok(cosigning_read(beside, database, berik, number, &arena, &c, &where, &err));
    const struct service *s = c.service;
    assert_true(str_is(c.answers[service_field(s, STR("new-address"))].text, "Abai 10, 5"));
    assert_int_equal(c.answers[service_field(s, STR("address"))].text.n,
                     0); /* of the register: not theirs to see */
    must_ok(answer(berik, number, true, "", 1));
    c = read_case(number);
    assert_int_equal(c.status, DECIDED_YES); /* "case.signed" is known to hold now */
    assert_int_equal(c.events[1].hand, HAND_CO_SIGNER);
    assert_false(answer(berik, number, true, "", 1));
    assert_int_equal(err.code, ERR_CONFLICT);
    must_ok(signers_of(beside, database, &c, &arena, &signers, &n, &err));
    assert_true(n == 1 && signers[0].state == SIGNER_AGREED);
    assert_null(strstr(signers[0].number, berik_number));
}

static void nobody_agrees_for_another(void **state)
{
    struct case_file c;
    enum signer_state where;
    struct str number = file_address(berik_number);
    const struct case_actor forged = {.hand = HAND_CO_SIGNER, .pid = anna},
                            nameless = {.hand = HAND_CO_SIGNER};
    assert_false(answer(aliya, number, true, "", 1));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(cosigning_read(beside, database, aliya, number, &arena, &c, &where, &err));
    assert_false(act(number, &nameless, "sign", &nothing, day(1)));
    struct person stranger;
    char third[32];
    other_number(berik_number, third);
    must_ok(people_register(people, database, j->person_scheme, str_of(third), &stranger, &err));
    const struct case_actor other = {.hand = HAND_CO_SIGNER, .pid = stranger.pid};
    assert_false(act(number, &other, "sign", &nothing, day(1))); /* past the engine's own check of the hand */
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(act(number, &forged, "sign", &nothing, day(1)));
    assert_int_equal(read_case(number).status, FILED);
}

static void whoever_declines_says_why_and_is_asked_again(void **state)
{
    struct cosigning *list;
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    struct str number = file_address(berik_number);
    assert_false(answer(berik, number, false, "no", 1));
    assert_string_equal(err.place, "reason");
    must_ok(answer(berik, number, false, "I have never let this flat to anybody.", 1));
    assert_int_equal(read_case(number).status, RETURNED);
    assert_non_null(strstr(newest(aliya).p, "never let this flat"));
    assert_int_equal(asked(berik, &list), 1);
    assert_int_equal(list[0].state, SIGNER_DECLINED);
    assert_false(answer(berik, number, true, "", 2));
    must_ok(act(number, &self, "resubmit", &nothing, day(2)));
    assert_int_equal(read_case(number).status, FILED);
    asked(berik, &list);
    assert_int_equal(list[0].state, SIGNER_ASKED);
    must_ok(answer(berik, number, true, "", 3));
    assert_int_equal(read_case(number).status, DECIDED_YES);
}

static struct answer *founding(const char *founders, const char *activity)
{
    const char *const given[][2] = {{"name-kk", "Алма"},    {"name-ru", "Алма"},
                                    {"activity", activity}, {"office-address", "Abai 10"},
                                    {"founders", founders}, {"size", "small"}};
    return answers_for(service("biz.llp"), given, ARRAY_LEN(given));
}

/* An agreement is to what was sent: changed, everybody is asked again; replaced, another one is. */
static void what_was_agreed_to_is_not_changed_behind_it(void **state)
{
    char third[32], other[32], both[80];
    struct person stranger;
    struct cosigning *list;
    struct str number = {0};
    struct case_input input = {.signatures = -1, .position = -1};
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    other_number(berik_number, third);
    must_ok(people_register(people, database, j->person_scheme, str_of(third), &stranger, &err));
    snprintf(both, sizeof both, "%s\n%s", berik_number, third);
    must_ok(file_case(service("biz.llp"), aliya, founding(both, "Orchards"), day(0), &number));
    must_ok(answer(berik, number, true, "", 1));
    must_ok(answer(stranger.pid, number, false, "I was never asked about orchards.", 1));
    must_ok(act(number, &self, "resubmit", &nothing, day(2))); /* nothing is changed */
    asked(berik, &list);
    assert_int_equal(list[0].state, SIGNER_AGREED);
    must_ok(answer(stranger.pid, number, false, "I was never asked about orchards.", 3));
    input.answers = founding(both, "Vineyards");
    must_ok(act(number, &self, "resubmit", &input, day(4)));
    asked(berik, &list);
    assert_int_equal(list[0].state, SIGNER_ASKED);
    must_ok(answer(stranger.pid, number, false, "I was never asked about vineyards.", 5));
    other_number(third, other);
    snprintf(both, sizeof both, "%s\n%s", berik_number, other);
    input.answers = founding(both, "Vineyards"); /* somebody else in the place of who declined */
    must_ok(act(number, &self, "resubmit", &input, day(6)));
    assert_int_equal(asked(stranger.pid, &list), 0);
    must_ok(answer(berik, number, true, "", 7));
    assert_int_equal(read_case(number).status, FILED); /* the new one has not agreed */
    must_ok(people_register(people, database, j->person_scheme, str_of(other), &stranger, &err));
    must_ok(answer(stranger.pid, number, true, "", 8));
    assert_int_equal(read_case(number).status, DECIDED_YES);
}

static void ones_own_number_needs_no_second_agreement(void **state)
{
    struct cosigning *list;
    assert_int_equal(read_case(file_address(aliya_number)).status, DECIDED_YES);
    assert_int_equal(asked(aliya, &list), 0);
}

static void who_is_not_registered_yet_answers_when_they_come(void **state)
{
    char third[32];
    struct cosigning *list;
    struct person later;
    other_number(berik_number, third);
    struct str number = file_address(third);
    assert_int_equal(read_case(number).status, FILED);
    must_ok(people_register(people, database, j->person_scheme, str_of(third), &later, &err));
    assert_int_equal(asked(later.pid, &list), 1);
    must_ok(answer(later.pid, number, true, "", 1));
    assert_int_equal(read_case(number).status, DECIDED_YES);
}

/* Each service with a co-signer has an action to agree by and one to decline by. */
static void every_such_service_can_be_answered(void **state)
{
    size_t found = 0;
    for (size_t i = 0; i < j->services_n; i++) {
        const struct service *s = &j->services[i];
        bool co_signs = false, agrees = false, declines = false;
        for (size_t f = 0; f < s->fields_n; f++)
            co_signs |= s->fields[f].co_signs;
        for (size_t a = 0; a < s->actions_n; a++) {
            bool returns = s->actions[a].moves && s->actions[a].to == RETURNED;
            agrees |= (s->actions[a].who & BY_CO_SIGNER) != 0 && !returns;
            declines |= (s->actions[a].who & BY_CO_SIGNER) != 0 && returns;
        }
        if (co_signs && !(agrees && declines))
            fail_msg("%.*s", STR_ARG(s->id));
        found += co_signs;
    }
    assert_true(found >= 7);
}

/* A signature is of who does the step, over this step: made otherwise it is worth nothing, whatever it says
 * of itself. */
static void a_signature_counts_for_its_own_step_alone(void **state)
{
    struct str number = file_address(berik_number);
    struct case_file c = read_case(number);
    const struct case_actor signer = {.hand = HAND_CO_SIGNER, .pid = berik};
    const struct service_action *agree = cosigning_signed(c.service);
    assert_non_null(agree);
    size_t a = (size_t)(agree - c.service->actions);
    struct signing signing = {
        .purpose = SIGNING_ACT, .state = SIGNING_HOLDS, .account = {.kind = CALLER_PERSON}};
    const struct case_signature signature = {people, &signing};
    struct case_input input = {.signatures = -1, .position = -1, .signature = &signature};
    const struct case_input seen = {.seen = 1}, reasoned = {.reason = STR("because")};
    memcpy(signing.account.person.pid, berik, PID_SIZE);
    signing.matter = case_signature_matter(&c, agree, &(struct case_input){0}, &arena);
    must_ok(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
    const struct str fit = signing.matter,
                     wrong[] = {STR(""),
                                STR("case"),
                                case_signature_matter(&c, agree, &seen, &arena),
                                case_signature_matter(&c, agree, &reasoned, &arena),
                                case_signature_matter(&c, &c.service->actions[a + 1], &input, &arena),
                                str_of(arena_printf(&arena, "%.*sx", STR_ARG(fit)))};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        signing.matter = wrong[i];
        assert_false(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
        assert_string_equal(err.place, "signature");
    }
    signing.matter =
        str_of(arena_printf(&arena, "%.*s 00ff", STR_ARG(fit))); /* the hash of the words behind */
    must_ok(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
    memcpy(signing.account.person.pid, aliya, PID_SIZE);
    assert_false(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
    memcpy(signing.account.person.pid, berik, PID_SIZE);
    signing.state = SIGNING_UNSURE;
    assert_false(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
    signing.state = SIGNING_HOLDS;
    signing.purpose = SIGNING_ENROL;
    assert_false(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
    signing.purpose = SIGNING_ACT;
    signing.account = (struct account){.kind = CALLER_OFFICIAL, .staff_code = STR("")};
    assert_false(case_may(cases, &c, &signer, a, &input, day(0), &arena, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(the_owner_agrees_and_the_machine_goes_on),
        CASE_TEST(nobody_agrees_for_another),
        CASE_TEST(whoever_declines_says_why_and_is_asked_again),
        CASE_TEST(what_was_agreed_to_is_not_changed_behind_it),
        CASE_TEST(ones_own_number_needs_no_second_agreement),
        CASE_TEST(who_is_not_registered_yet_answers_when_they_come),
        CASE_TEST(every_such_service_can_be_answered),
        CASE_TEST(a_signature_counts_for_its_own_step_alone),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
