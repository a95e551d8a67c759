/* SPDX-License-Identifier: Apache-2.0 */
/* Services offered unasked: by a record that a clinic writes, by a case that was granted; once for an event,
 * answered once, by nobody else, told to the person and in their list; and no trace of it anywhere but there.
 */
#include "case/beside_check.h"
#include "case/draft.h"
#include "case/lists.h"
#include "case/notice.h"
#include "case/offer.h"
#include "gate/write.h"
#include "with_folders.h"

static bool write_record(const struct office *writer, const char *registry, const uint8_t *pid,
                         const char *const (*given)[2], size_t n, struct gate_written *ret)
{
    const struct registry *r = jurisdiction_registry(j, str_of(registry));
    struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
    uint64_t position;
    for (size_t i = 0; i < n; i++)
        values[registry_field(r, str_of(given[i][0]))] = str_of(given[i][1]);
    const struct gate_writing writing = {.office = writer,
                                         .actor = STR("MED-0417"),
                                         .levels = STR("demo"),
                                         .registry = r,
                                         .pid = pid,
                                         .values = values};
    return gate_write(gate, database, &writing, &arena, ret, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static void record_birth(const uint8_t *pid, const char *certificate)
{
    const char *const given[][2] = {{"certificate", certificate}, {"born", "2026-11-20"}};
    struct gate_written written;
    must_ok(write_record(office("health", "clinic-5"), "birth-records", pid, given, 2, &written));
}

static void record_children(const uint8_t *pid, const char *children)
{
    const char *const given[][2] = {{"children", children}};
    struct gate_written written;
    must_ok(write_record(office("justice", "civil-registry"), "civil-status", pid, given, 1, &written));
}

static size_t offered(const uint8_t *pid, int64_t now, struct offer **list)
{
    size_t n;
    must_ok(offers_of(beside, database, pid, now, 100, &arena, list, &n, &err));
    return n;
}

static bool answer(const uint8_t *pid, const char *id, bool accept, int64_t now)
{
    uint64_t position;
    return offer_answer(beside, database, pid, str_of(id), accept, STR("demo"), now, &arena, &position,
                        &err) &&
           ledger_wait(ledger, position, &err);
}

/* The person's entries of a kind, newest first. */
static size_t kinds_of(const uint8_t *pid, const char *kind, struct gate_entry *out, size_t max)
{
    struct gate_filter filter = {.limit = 100};
    struct gate_entry *entries;
    uint64_t total, hidden;
    size_t n, kept = 0;
    must_ok(gate_entries(gate, database, pid, &filter, &arena, &entries, &n, &total, &hidden, &err));
    for (size_t i = 0; i < n && kept < max; i++)
        if (str_is(entries[i].kind, kind))
            out[kept++] = entries[i];
    return kept;
}

/* What stands in the outbox goes into the log. */
static void deliver_all(const struct offer *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t position;
        must_ok(gate_act_settle(gate, database, str_c(&arena, list[i].act), &position, &err));
        must_ok(position == 0 || ledger_wait(ledger, position, &err));
    }
}

static void a_birth_that_a_clinic_records_is_offered_to_be_registered(void **state)
{
    struct offer *list;
    struct notice *told;
    struct gate_entry entries[4];
    size_t n;
    int64_t now = clock_now();
    assert_int_equal(offered(aliya, now, &list), 0);
    give_phone(aliya, "+77010000001");
    record_birth(aliya, "MC-1");
    assert_int_equal(offered(aliya, now, &list), 1);
    assert_true(str_is(list[0].service->id, "civil.birth") && list[0].state == OFFER_OPEN);
    assert_true(str_is(list[0].registry->id, "birth-records") && list[0].case_no.n == 0);
    assert_in_range(list[0].until - list[0].made, 60 * CLOCK_DAY - CLOCK_DAY, 61 * CLOCK_DAY);
    assert_int_equal(offered(berik, now, &list), 0);
    offered(aliya, now, &list);
    deliver_all(list, 1);
    /* The record and the offer stand in her list: who, where, why. */
    assert_int_equal(kinds_of(aliya, "record", entries, 4), 1);
    assert_true(str_is(entries[0].registry, "birth-records") && str_is(entries[0].office, "clinic-5") &&
                str_is(entries[0].outcome, "written") && entries[0].fields_n == 0);
    struct str record = entries[0].id;
    assert_int_equal(kinds_of(aliya, "offer", entries, 4), 1);
    assert_true(str_is(entries[0].outcome, "offered") && str_is(entries[0].reason, "civil.birth") &&
                str_eq(entries[0].case_no, record) && str_is(entries[0].agency, "justice"));
    assert_true(str_eq(entries[0].id, list[0].act));
    /* The message says why her; the phone says no more than that there is something. */
    must_ok(notices_of(beside, database, aliya, STR(""), 10, STR("en"), &arena, &told, &n, &err));
    assert_int_equal(n, 1);
    assert_true(str_is(told[0].what, NOTICE_OFFER) && str_is(told[0].number, list[0].id));
    assert_non_null(strstr(str_c(&arena, told[0].text), "recorded your child"));
    must_ok(turn(now));
    struct str text;
    assert_int_equal(files_in(messages, ".json", NULL, &text), 1);
    assert_null(strstr(str_c(&arena, text), "MC-1"));
    assert_non_null(strstr(str_c(&arena, text), "қызмет"));
    assert_int_equal(kinds_of(berik, "offer", entries, 4), 0);
}

static size_t letters_of(const char *agency, const char *id, struct letter **list)
{
    size_t n;
    must_ok(letters_due(beside, database, office(agency, id), clock_now(), 10, &arena, list, &n, &err));
    return n;
}

static bool open_letter(const char *agency, const char *id, const char *letter, struct letter_words *words)
{
    uint64_t position;
    return letter_open(beside, database, office(agency, id), STR("MED-0417"), STR("demo"), str_of(letter),
                       clock_now(), &arena, words, &position, &err) &&
           ledger_wait(ledger, position, &err);
}

static void a_phone_that_fails_makes_a_letter_of_an_offer(void **state)
{
    struct str name;
    struct letter *letters;
    struct contact contact;
    char path[400], failed[400];
    give_phone(aliya, "+77010000001");
    record_birth(aliya, "MC-1");
    must_ok(turn(day(0)));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 0); /* the phone has it */
    assert_int_equal(files_in(messages, ".json", &name, NULL), 1);
    snprintf(path, sizeof path, "%s/%.*s", messages, STR_ARG(name));
    snprintf(failed, sizeof failed, "%s/%.*s.failed", messages, (int)name.n - 5, name.p);
    assert_int_equal(rename(path, failed), 0);
    must_ok(turn(day(1)));
    assert_int_equal(files_in(messages, ".failed", NULL, NULL), 0);
    must_ok(contact_of(beside, database, aliya, &arena, &contact, &err));
    assert_true(contact.unreachable == day(1));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 1);
    record_birth(aliya, "MC-2");
    must_ok(turn(day(1)));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 2);
    assert_int_equal(files_in(messages, ".json", NULL, NULL), 0);
}

/* Who has no phone gets it by post, from the office that knows of the event, in their language, once. */
static void who_has_no_phone_is_told_by_letter(void **state)
{
    struct letter *letters;
    struct letter_words words;
    struct gate_entry entries[4];
    struct offer *list;
    must_ok(contact_language(beside, database, aliya, STR("en"), &err));
    record_birth(aliya, "MC-1");
    must_ok(turn(day(0)));
    close_cases(); /* a new start */
    open_cases();
    must_ok(turn(day(0)));
    assert_int_equal(letters_of("justice", "civil-registry", &letters), 0); /* it learns nothing */
    assert_int_equal(letters_of("health", "clinic-5", &letters), 1);
    assert_true(str_is(letters[0].what, NOTICE_OFFER) && str_is(letters[0].service, "civil.birth"));
    const char *id = letters[0].id;
    assert_false(open_letter("justice", "civil-registry", id, &words));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(open_letter("health", "clinic-5", "", &words));
    assert_int_equal(kinds_of(aliya, "offer", entries, 4), 0); /* its own waits for the gate's next turn */
    must_ok(open_letter("health", "clinic-5", id, &words));
    assert_true(str_is(words.person, aliya_number) && str_is(words.language, "en"));
    const char *text = str_c(&arena, words.text);
    assert_true(strstr(text, "recorded your child") != NULL && strstr(text, "To decline") != NULL &&
                strstr(text, "You can accept until") != NULL);
    assert_int_equal(kinds_of(aliya, "offer", entries, 4), 1);
    assert_true(str_is(entries[0].outcome, OFFER_BY_LETTER) && str_is(entries[0].actor, "MED-0417") &&
                str_is(entries[0].office, "clinic-5"));
    assert_false(letter_sent(beside, database, office("justice", "civil-registry"), str_of(id), &err));
    must_ok(letter_sent(beside, database, office("health", "clinic-5"), str_of(id), &err));
    assert_false(letter_sent(beside, database, office("health", "clinic-5"), str_of(id), &err));
    must_ok(turn(day(1)));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 0);
    assert_false(open_letter("health", "clinic-5", id, &words));
    /* what was answered needs no letter */
    record_birth(aliya, "MC-2");
    must_ok(turn(day(1)));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 1);
    assert_int_equal(offered(aliya, clock_now(), &list), 2);
    must_ok(answer(aliya, list[0].id, false, clock_now()));
    assert_int_equal(letters_of("health", "clinic-5", &letters), 0);
    struct beside_report report = {0};
    must_ok(beside_check(beside, database, NULL, &report, &err));
    assert_int_equal(report.findings, 0);
}

/* Granted by an office: that one sends the letters. */
static void a_grants_offers_are_sent_by_who_granted(void **state)
{
    const char *const given[][2] = {{"certificate", "MC-1"},
                                    {"born", "2026-01-20"},
                                    {"child-name", "Айша"},
                                    {"child-surname", "Серікова"},
                                    {"child-patronymic", ""}};
    const struct service *birth = service("civil.birth");
    struct letter *letters;
    struct str number = {0};
    size_t n, offers = 0;
    must_ok(file_case(birth, aliya, answers_for(birth, given, 5), clock_now(), &number));
    must_ok(turn(clock_now()));
    must_ok(letters_due(beside, database, birth->provider, clock_now(), 10, &arena, &letters, &n, &err));
    for (size_t i = 0; i < n; i++)
        offers += str_is(letters[i].what, NOTICE_OFFER);
    assert_int_equal(offers, 3);
    assert_int_equal(n, 5); /* and that it was filed, and granted: it was at a counter */
    assert_int_equal(letters_of("health", "clinic-5", &letters), 0);
    struct beside_report report = {0};
    must_ok(beside_check(beside, database, NULL, &report, &err));
    assert_int_equal(report.findings, 0);
}

static void it_is_answered_once_and_by_nobody_else(void **state)
{
    struct offer *list, one;
    struct gate_entry entries[8];
    int64_t now = clock_now();
    record_birth(aliya, "MC-1");
    record_birth(aliya, "MC-2"); /* twins: two records, two offers */
    assert_int_equal(offered(aliya, now, &list), 2);
    for (int accept = 0; accept < 2; accept++) {
        assert_false(answer(berik, list[0].id, accept, now));
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
    assert_false(offer_read(beside, database, berik, str_of(list[0].id), now, &arena, &one, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(answer(aliya, "no-such-offer", true, now));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    must_ok(answer(aliya, list[0].id, false, now));
    must_ok(answer(aliya, list[1].id, true, now));
    for (int accept = 0; accept < 2; accept++) {
        assert_false(answer(aliya, list[0].id, accept, now));
        assert_int_equal(err.code, ERR_CONFLICT);
    }
    assert_int_equal(offered(aliya, now, &list), 2);
    assert_true(list[0].state == OFFER_DECLINED && list[1].state == OFFER_ACCEPTED);
    assert_true(list[0].answered == now);
    deliver_all(list, 2);
    assert_int_equal(kinds_of(aliya, "offer", entries, 8), 4);
    uint64_t open;
    must_ok(offers_open(beside, database, aliya, now, &open, &err));
    assert_int_equal(open, 0);
}

static void an_offer_ends(void **state)
{
    struct offer *list;
    uint64_t open;
    int64_t now = clock_now();
    record_birth(aliya, "MC-1");
    must_ok(offers_open(beside, database, aliya, now, &open, &err));
    assert_int_equal(open, 1);
    int64_t later = now + 62 * CLOCK_DAY;
    assert_int_equal(offered(aliya, later, &list), 1);
    assert_int_equal(list[0].state, OFFER_EXPIRED);
    must_ok(offers_open(beside, database, aliya, later, &open, &err));
    assert_int_equal(open, 0);
    assert_false(answer(aliya, list[0].id, true, later));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
}

/* Four children, then five: two events. The same four written again, or another field: none. */
static void who_declined_is_not_asked_again_for_that_event(void **state)
{
    struct offer *list;
    struct gate_written written;
    int64_t now = clock_now();
    const char *const other[][2] = {{"birth-place", "Семей"}};
    record_children(aliya, "3");
    assert_int_equal(offered(aliya, now, &list), 0);
    record_children(aliya, "4");
    assert_int_equal(offered(aliya, now, &list), 1);
    assert_true(str_is(list[0].service->id, "soc.large-family"));
    must_ok(answer(aliya, list[0].id, false, now));
    record_children(aliya, "4");
    must_ok(write_record(office("justice", "civil-registry"), "civil-status", aliya, other, 1, &written));
    assert_int_equal(written.version, 4);
    assert_null(written.values); /* whoever writes sees nothing of what stood there */
    assert_int_equal(offered(aliya, now, &list), 1);
    record_children(aliya, "5");
    assert_int_equal(offered(aliya, now, &list), 2);
    assert_int_equal(list[0].state, OFFER_OPEN);
    /* Declining harmed nothing: the same service, applied for without the offer, is granted by rule. */
    struct case_file c = read_case(file_family(aliya, "5"));
    assert_int_equal(c.status, DECIDED_YES);
}

static void a_grant_offers_what_follows_from_it(void **state)
{
    const char *const given[][2] = {{"certificate", "MC-1"},
                                    {"born", "2026-01-20"},
                                    {"child-name", "Айша"},
                                    {"child-surname", "Серікова"},
                                    {"child-patronymic", ""}};
    const struct service *birth = service("civil.birth");
    struct offer *list;
    struct str number = {0};
    must_ok(file_case(birth, aliya, answers_for(birth, given, 5), day(0), &number));
    assert_int_equal(read_case(number).status, DECIDED_YES);
    assert_int_equal(offered(aliya, day(0), &list), 3);
    bool seen[3] = {false};
    for (size_t i = 0; i < 3; i++) {
        seen[0] |= str_is(list[i].service->id, "soc.birth-allowance");
        seen[1] |= str_is(list[i].service->id, "edu.kindergarten-queue");
        seen[2] |= str_is(list[i].service->id, "med.attach");
        assert_true(str_eq(list[i].case_no, number) && list[i].registry == NULL);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_int_equal(offered(berik, day(0), &list), 0);
}

/* One case at a time: whoever has it, or has begun it, is not offered it. */
static void what_is_under_way_is_not_offered(void **state)
{
    struct offer *list;
    const struct service *family = service("soc.large-family");
    struct draft draft = {.answers = arena_array(&arena, struct answer, family->fields_n + 1),
                          .begun = clock_now()};
    must_ok(draft_write(cases, database, family, aliya, &draft, clock_now(), &arena, &err));
    record_children(aliya, "4");
    assert_int_equal(offered(aliya, clock_now(), &list), 0);
    file_family(berik, "3"); /* waits for an official */
    record_children(berik, "4");
    assert_int_equal(offered(berik, clock_now(), &list), 0);
}

static void only_an_office_that_keeps_the_registry_writes(void **state)
{
    const char *const given[][2] = {{"certificate", "MC-1"}};
    const char *const wrong[][2] = {{"certificate", "MC-1"}, {"born", "yesterday"}};
    struct gate_written written;
    struct gate_entry entries[2];
    struct offer *list;
    assert_false(
        write_record(office("justice", "civil-registry"), "birth-records", aliya, given, 1, &written));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(write_record(office("health", "clinic-5"), "clinic-attachment", aliya, given, 0, &written));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(write_record(office("health", "clinic-5"), "birth-records", aliya, wrong, 2, &written));
    assert_true(err.code == ERR_INVALID && strcmp(err.place, "born") == 0);
    assert_false(write_record(office("health", "clinic-5"), "birth-records", aliya, given, 0, &written));
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(kinds_of(aliya, "record", entries, 2), 0);
    assert_int_equal(offered(aliya, clock_now(), &list), 0);
}

/* Record, entry, offer and message are one: where the last cannot be written, none is. */
static void all_of_it_or_nothing(void **state)
{
    const char *const given[][2] = {{"certificate", "MC-1"}};
    struct gate_written written;
    struct gate_entry entries[2];
    uint64_t records;
    must_ok(db_exec(database, "ALTER TABLE case_notice RENAME TO case_notice_away", &err));
    assert_false(write_record(office("health", "clinic-5"), "birth-records", aliya, given, 1, &written));
    must_ok(db_exec(database, "ALTER TABLE case_notice_away RENAME TO case_notice", &err));
    must_ok(vault_count(database, &records, &err));
    assert_int_equal(records, 0);
    assert_int_equal(kinds_of(aliya, "record", entries, 2), 0);
    record_birth(aliya, "MC-1");
    must_ok(vault_count(database, &records, &err));
    assert_int_equal(records, 1);
}

static void rows_are_sealed_and_bound(void **state)
{
    struct offer *list, one;
    bool found;
    int64_t now = clock_now();
    size_t n;
    record_birth(aliya, "MC-1");
    record_birth(aliya, "MC-2");
    assert_int_equal(offered(aliya, now, &list), 2);
    struct db_stmt *stmt = db_sql(database, "SELECT sealed FROM case_offer LIMIT 1", &err);
    must_ok(db_one(stmt, &found, &err));
    assert_null(memmem(db_bytes(stmt, 0).p, db_bytes(stmt, 0).n, "civil.birth", 11));
    db_end(stmt);
    must_ok(
        db_exec(database, "UPDATE case_offer SET sealed = (SELECT sealed FROM case_offer LIMIT 1)", &err));
    assert_false(offers_of(beside, database, aliya, now, 10, &arena, &list, &n, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_false(offer_read(beside, database, aliya, str_of(list[0].id), now, &arena, &one, &err) &&
                 offer_read(beside, database, aliya, str_of(list[1].id), now, &arena, &one, &err));
}

static int begin_in_ainabulak(void **state)
{
    return begin_in("ainabulak");
}

static void the_second_folder_offers_too(void **state)
{
    const char *const given[][2] = {{"name", "Ada"}, {"street", "Upper Spring, house 3"}};
    struct gate_written written;
    struct offer *list;
    must_ok(write_record(office("town-hall", "registrar"), "residents", aliya, given, 2, &written));
    assert_int_equal(offered(aliya, clock_now(), &list), 1);
    assert_true(str_is(list[0].service->id, "garden-plot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(a_birth_that_a_clinic_records_is_offered_to_be_registered),
        CASE_TEST(a_phone_that_fails_makes_a_letter_of_an_offer),
        CASE_TEST(who_has_no_phone_is_told_by_letter),
        CASE_TEST(a_grants_offers_are_sent_by_who_granted),
        CASE_TEST(it_is_answered_once_and_by_nobody_else),
        CASE_TEST(an_offer_ends),
        CASE_TEST(who_declined_is_not_asked_again_for_that_event),
        CASE_TEST(a_grant_offers_what_follows_from_it),
        CASE_TEST(what_is_under_way_is_not_offered),
        CASE_TEST(only_an_office_that_keeps_the_registry_writes),
        CASE_TEST(all_of_it_or_nothing),
        CASE_TEST(rows_are_sealed_and_bound),
        cmocka_unit_test_setup_teardown(the_second_folder_offers_too, begin_in_ainabulak, end),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
