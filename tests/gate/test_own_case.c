/* SPDX-License-Identifier: Apache-2.0 */
/* An office opens a case of its own with the person in front of it: what it admits, what it refuses, and what
 * the person reads at once. */
#include "fixture.h"

#include "gate/own_case.h"

static struct gate_own_case visit(const uint8_t *pid, const char *case_no)
{
    return (struct gate_own_case){.office = office("health", "clinic-5"),
                                  .actor = STR("MED-0417"),
                                  .capacity = STR("official"),
                                  .levels = STR("ial3.aal3.phr"),
                                  .purpose = STR("treatment"),
                                  .case_no = str_of(case_no),
                                  .pid = pid,
                                  .presence = STR("document ****45A7")};
}

static int32_t opened(const struct gate_own_case *own)
{
    uint64_t position;
    int32_t until;
    must_ok(gate_own_case_open(gate, database, own, &until, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    return until;
}

static void refused(const struct gate_own_case *own, enum err_code code, const char *words)
{
    uint64_t position, before = ledger_size(ledger);
    int32_t until;
    assert_false(gate_own_case_open(gate, database, own, &until, &position, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, words));
    assert_int_equal(ledger_size(ledger), before);
}

static void ended(const struct gate_own_case *own)
{
    uint64_t position;
    must_ok(gate_own_case_end(gate, database, own, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
}

static void not_ended(const struct gate_own_case *own, enum err_code code)
{
    uint64_t position, before = ledger_size(ledger);
    assert_false(gate_own_case_end(gate, database, own, &position, &err));
    assert_int_equal(err.code, code);
    assert_int_equal(ledger_size(ledger), before);
}

static void opened_looked_at_and_ended(void **state)
{
    struct gate_own_case own = visit(anna, "V-1");
    struct gate_request request = doctor(anna, "V-1"), other = doctor(boris, "V-1");
    struct gate_entry *entries;
    struct date last = date_of_days(today + 30);
    char reason[64];
    load_clinic(anna, "none");
    assert_int_equal(look(&request).reason, GATE_CASE_UNKNOWN);
    assert_int_equal(opened(&own), today + 30);
    snprintf(reason, sizeof reason, "%04d-%02d-%02d; document ****45A7", last.year, last.month, last.day);
    assert_int_equal(entries_of(anna, false, &entries), 2); /* newest first */
    assert_true(str_is(entries[0].kind, "own-case") && str_is(entries[0].outcome, "begun"));
    assert_true(str_is(entries[0].case_no, "V-1") && str_is(entries[0].purpose, "treatment"));
    assert_true(str_is(entries[0].holder, "health") && str_is(entries[0].office, "clinic-5"));
    assert_true(str_is(entries[0].actor, "MED-0417") && str_is(entries[0].reason, reason));
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    assert_int_equal(look(&other).reason, GATE_CASE_OTHER_PERSON);
    request.purpose = STR("appointment");
    assert_int_equal(look(&request).reason, GATE_CASE_OTHER_PURPOSE);
    request.purpose = STR("treatment");
    ended(&own);
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    not_ended(&own, ERR_CONFLICT);
    entries_of(anna, false, &entries);
    assert_true(str_is(entries[1].kind, "own-case") && str_is(entries[1].outcome, "ended"));
    opened(&own); /* the next visit under the same number of the same person */
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
    clock_set_offset(31 * CLOCK_DAY);
    assert_int_equal(look(&request).reason, GATE_CASE_CLOSED);
    clock_set_offset(0);
}

static void no_number_has_two_meanings(void **state)
{
    struct gate_own_case own = visit(anna, "V-1"), other = visit(boris, "V-1");
    struct gate_request request = doctor(boris, "V-1");
    opened(&own);
    refused(&other, ERR_CONFLICT, "Choose another number");
    assert_int_equal(look(&request).reason, GATE_CASE_OTHER_PERSON);
    ended(&own);
    refused(&other, ERR_CONFLICT, "Choose another number"); /* nor afterwards */
    must_ok(gate_case_open(gate, database, own.office->agency, STR("A-7"), STR("treatment"), boris, today,
                           today + 9, &err));
    other.case_no = STR("A-7"); /* the engine's */
    refused(&other, ERR_CONFLICT, "Choose another number");
    not_ended(&other, ERR_NOT_FOUND);
    request.case_no = STR("A-7");
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
}

static void another_agency_has_numbers_of_its_own(void **state)
{
    struct gate_own_case own = visit(anna, "V-1"), act = visit(boris, "V-1");
    struct gate_request request = doctor(boris, "V-1");
    struct gate_entry *entries;
    act.office = office("justice", "notaries");
    act.purpose = STR("notarial-act");
    opened(&own);
    opened(&act);
    assert_int_equal(look(&request).reason, GATE_CASE_OTHER_PERSON);
    /* a look by this purpose is shown after 180 days, the act itself at once to its client */
    assert_int_equal(jurisdiction_purpose(j, STR("notarial-act"))->stream, STREAM_DELAYED);
    bool told = false;
    for (size_t i = entries_of(boris, false, &entries); i-- > 0;)
        told |= str_is(entries[i].kind, "own-case") && str_is(entries[i].holder, "justice");
    assert_true(told);
    ended(&act);
    request = doctor(anna, "V-1");
    assert_int_equal(look(&request).reason, GATE_ADMITTED); /* ours stayed */
    act.case_no = STR("V-2");
    not_ended(&act, ERR_NOT_FOUND);
}

static void what_no_office_may(void **state)
{
    struct gate_own_case own = visit(anna, "V-1");
    own.purpose = STR("notarial-act");
    refused(&own, ERR_NOT_ALLOWED, "office may not");
    own.purpose = STR("no-such");
    refused(&own, ERR_NOT_ALLOWED, "not on the list");
    own.purpose = STR("appointment"); /* the office has it, but only applications open its cases */
    refused(&own, ERR_INVALID, "needs an application");
    own = visit(anna, "V-1");
    own.levels = STR("ial3.aal2.phr");
    refused(&own, ERR_NOT_ALLOWED, "surer log-in");
    own = visit(anna, "V-1");
    own.days = 31;
    refused(&own, ERR_INVALID, "at most 30 days");
    own = visit(anna, "");
    refused(&own, ERR_INVALID, "1 to 64");
    own.case_no = STR("V\n1");
    refused(&own, ERR_INVALID, "1 to 64");
    own = visit(anna, "12345678901234567890123456789012345678901234567890123456789012345");
    refused(&own, ERR_INVALID, "1 to 64");
    own = visit(anna, "V-1");
    opened(&own);
    own.office = office("health", "mental-health"); /* of the agency, without the purpose */
    not_ended(&own, ERR_NOT_ALLOWED);
    own = visit(anna, "V-1");
    ended(&own);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(opened_looked_at_and_ended),
        WITH(no_number_has_two_meanings),
        WITH(another_agency_has_numbers_of_its_own),
        WITH(what_no_office_may),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
