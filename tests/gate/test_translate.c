/* SPDX-License-Identifier: Apache-2.0 */
/* A pseudonym of one sector as that of another: for whom, by what right, with which entry; and what an old
 * copy of a table is worth. */
#include "fixture.h"

#include "gate/gate_private.h"
#include "gate/rekey.h"
#include "gate/translate.h"

static struct gate_translation check(const char *from, const char *to)
{
    return (struct gate_translation){.office = office("labour", "benefits"),
                                     .actor = STR("LAB-1"),
                                     .capacity = STR("official"),
                                     .levels = STR("ial3.aal3.phr"),
                                     .purpose = STR("benefit-check"),
                                     .from = str_of(from),
                                     .to = str_of(to)};
}

/* Each makes one entry, admitted or refused. */
static void translate(const struct gate_translation *request, struct gate_translated *persons, size_t n)
{
    uint64_t before = ledger_size(ledger), position;
    must_ok(gate_translate(gate, database, request, persons, n, &arena, &position, &err));
    assert_int_equal(ledger_size(ledger), before + n);
    assert_int_equal(position, before + n);
    must_ok(ledger_wait(ledger, position, &err));
    static const uint8_t none[PSN_SIZE];
    for (size_t i = 0; i < n; i++)
        assert_int_equal(memcmp(persons[i].psn, none, PSN_SIZE) != 0, persons[i].reason == GATE_ADMITTED);
}

static const char *reason_of(const struct gate_translation *request, struct gate_translated person)
{
    translate(request, &person, 1);
    return gate_reason_code(person.reason);
}

/* The person's own pseudonym in the sector of the asking agency, as its program once got it. */
static struct gate_translated own_of(const uint8_t *pid)
{
    struct gate_translation request = check("", "labour");
    struct gate_translated person = {.pid = pid};
    translate(&request, &person, 1);
    assert_int_equal(person.reason, GATE_ADMITTED);
    memcpy(person.given, person.psn, PSN_SIZE);
    return person;
}

static struct gate_entry newest_of(const uint8_t *pid)
{
    struct gate_entry *entries;
    assert_true(entries_of(pid, false, &entries) > 0);
    return entries[0];
}

static void a_pseudonym_becomes_that_of_another_sector(void **state)
{
    struct gate_translation there = check("labour", "revenue"), back = check("revenue", "labour");
    struct gate_translated person = own_of(anna);
    uint8_t labour[PSN_SIZE], revenue[PSN_SIZE];
    uint32_t shard = ledger_shard(ledger);
    assert_true(psn_of(gate, jurisdiction_agency(j, STR("labour")), anna, shard, labour));
    assert_true(psn_of(gate, jurisdiction_agency(j, STR("revenue")), anna, shard, revenue));
    assert_memory_equal(person.given, labour, PSN_SIZE);
    translate(&there, &person, 1);
    assert_int_equal(person.reason, GATE_ADMITTED);
    assert_memory_equal(person.psn, revenue, PSN_SIZE);
    memcpy(person.given, person.psn, PSN_SIZE);
    translate(&back, &person, 1);
    assert_memory_equal(person.psn, labour, PSN_SIZE);
}

static void the_entry_says_who_joined_what_and_why(void **state)
{
    struct gate_translation there = check("labour", "revenue");
    struct gate_translated person = own_of(anna);
    struct gate_entry e = newest_of(anna);
    assert_true(str_is(e.kind, "translation") && str_is(e.holder, "labour"));
    assert_int_equal(e.fields_n, 1);
    assert_true(str_is(e.fields[0], "labour"));
    translate(&there, &person, 1);
    e = newest_of(anna);
    assert_int_equal(e.leaf, person.leaf);
    assert_true(str_is(e.id, person.id) && str_is(e.kind, "translation") && str_is(e.outcome, "admitted"));
    assert_true(str_is(e.holder, "revenue") && str_is(e.agency, "labour") && str_is(e.office, "benefits"));
    assert_true(str_is(e.actor, "LAB-1") && str_is(e.purpose, "benefit-check") && e.registry.n == 0);
    assert_int_equal(e.fields_n, 2);
    assert_true(str_is(e.fields[0], "labour") && str_is(e.fields[1], "revenue"));
    char text[PSN_TEXT_SIZE];
    psn_text(text, person.psn);
    assert_null(strstr(str_c(&arena, e.json), text)); /* an entry never holds a pseudonym */
    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
    struct str receipt;
    must_ok(gate_receipt_of_look(gate, database, STR("LAB-1"), str_of(person.id), &arena, &receipt, &err));
}

static void who_has_no_right_is_refused_and_the_person_reads_it(void **state)
{
    struct gate_translated person = own_of(anna), by_number = {.pid = anna}, nobody = {.pid = NULL},
                           unknown = person;
    struct gate_translation r = check("labour", "revenue");
    r.office = office("health", "clinic-5");
    assert_string_equal(reason_of(&r, person), "office-may-not");
    r = check("labour", "revenue");
    r.purpose = STR("benefit-claim"); /* held, and joins nothing */
    assert_string_equal(reason_of(&r, person), "join-not-admitted");
    r.purpose = STR("no-such");
    assert_string_equal(reason_of(&r, person), "purpose-unknown");
    r = check("labour", "health");
    assert_string_equal(reason_of(&r, person), "join-not-admitted");
    r = check("labour", "nowhere");
    assert_string_equal(reason_of(&r, person), "sector-unknown");
    r = check("", "revenue"); /* a number gives only the asking agency's own code */
    assert_string_equal(reason_of(&r, by_number), "join-not-admitted");
    struct gate_entry *entries;
    assert_int_equal(entries_of(anna, false, &entries), 1 + 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(str_is(entries[i].outcome, "refused") && str_is(entries[i].kind, "translation"));
    /* Of nobody: in the asking agency's own list. */
    r = check("", "labour");
    assert_string_equal(reason_of(&r, nobody), "person-unknown");
    r = check("labour", "revenue");
    memcpy(unknown.given, "\x6a\x49\x32\x10", 4);
    assert_string_equal(reason_of(&r, unknown), "pseudonym-unknown");
    r = check("revenue", "labour"); /* right, but of another sector */
    assert_string_equal(reason_of(&r, person), "pseudonym-unknown");
    assert_int_equal(entries_of(anna, false, &entries), 1 + 6);
}

/* The folder says which sectors; one of them must still be the agency's own. */
static void an_agency_joins_only_with_its_own_sector(void **state)
{
    struct gate_translated person = own_of(anna);
    struct gate_translation r = check("labour", "revenue");
    struct office lent = *office("health", "clinic-5");
    const struct purpose *purposes[] = {jurisdiction_purpose(j, STR("benefit-check"))};
    lent.purposes = purposes;
    lent.purposes_n = 1;
    r.office = &lent;
    assert_string_equal(reason_of(&r, person), "sector-not-own");
}

static void a_batch_answers_each_and_counts_against_the_quota(void **state)
{
    struct gate_translation r = check("", "labour");
    struct gate_translated persons[GATE_TRANSLATE_MOST];
    uint8_t pid[GATE_TRANSLATE_MOST][PID_SIZE] = {{0}};
    unsigned quota = r.office->quota;
    uint64_t position;
    assert_in_range(quota, 1, GATE_TRANSLATE_MOST - 2);
    for (size_t i = 0; i < GATE_TRANSLATE_MOST; i++) {
        put_u32be(pid[i], (uint32_t)i + 7);
        persons[i] = (struct gate_translated){.pid = i == 0 ? NULL : pid[i]};
    }
    translate(&r, persons, GATE_TRANSLATE_MOST);
    assert_int_equal(persons[0].reason, GATE_PERSON_UNKNOWN);
    assert_int_equal(persons[quota].reason, GATE_ADMITTED);
    assert_int_equal(persons[quota + 1].reason, GATE_QUOTA);
    assert_false(
        gate_translate(gate, database, &r, persons, GATE_TRANSLATE_MOST + 1, &arena, &position, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(gate_translate(gate, database, &r, persons, 0, &arena, &position, &err));
    /* A restart gives nobody a fresh quota. */
    close_all();
    open_all();
    struct gate_translated one = {.pid = pid[quota + 1]};
    translate(&r, &one, 1);
    assert_int_equal(one.reason, GATE_QUOTA);
}

static void an_old_copy_joins_with_nothing(void **state)
{
    struct gate_translation there = check("labour", "revenue"), renew = check("labour", "labour");
    struct gate_translated person = own_of(anna), old = person;
    bool more;
    must_ok(gate_rekey(gate, database, STR("labour"), true, &err));
    do
        must_ok(rekey_step(gate, database, &more, &err));
    while (more);
    assert_string_equal(reason_of(&there, old), "pseudonym-old");
    translate(&renew, &person, 1);
    assert_int_equal(person.reason, GATE_ADMITTED);
    assert_memory_not_equal(person.psn, old.given, PSN_SIZE);
    memcpy(person.given, person.psn, PSN_SIZE);
    assert_string_equal(reason_of(&there, person), "admitted");
    translate(&renew, &person, 1); /* of today already: it stays */
    assert_memory_equal(person.psn, person.given, PSN_SIZE);
}

static void who_changes_a_row_is_found_out(void **state)
{
    struct gate_translation there = check("labour", "revenue");
    struct gate_translated person = own_of(anna), other = own_of(boris);
    uint64_t position;
    must_ok(db_exec(
        database,
        "UPDATE gate_pseudonym SET sealed = (SELECT sealed FROM gate_pseudonym ORDER BY tag LIMIT 1)", &err));
    bool one = gate_translate(gate, database, &there, &person, 1, &arena, &position, &err),
         two = gate_translate(gate, database, &there, &other, 1, &arena, &position, &err);
    assert_true(one != two); /* the row that lent its seal to the other is still its own */
    assert_int_equal(err.code, ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_pseudonym_becomes_that_of_another_sector),
        WITH(the_entry_says_who_joined_what_and_why),
        WITH(who_has_no_right_is_refused_and_the_person_reads_it),
        WITH(an_agency_joins_only_with_its_own_sector),
        WITH(a_batch_answers_each_and_counts_against_the_quota),
        WITH(an_old_copy_joins_with_nothing),
        WITH(who_changes_a_row_is_found_out),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
