/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts on both engines: kept, changed on two devices, sent once, carried over to a changed service, sealed.
 */
#include "../gate/fixture.h"
#include "case/draft.h"
#include "case/lists.h"

static struct cases *cases;

static int begin(void **state)
{
    int failed = start(state);
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static int end(void **state)
{
    cases_free(cases);
    return stop(state);
}

static const int64_t now = INT64_C(1770004800) * CLOCK_SECOND; /* 2026-02-02 09:00 in Astana, a Monday */

static const struct service *service(const char *id)
{
    const struct service *s = jurisdiction_service(j, str_of(id));
    assert_non_null(s);
    return s;
}

static struct draft read_draft(const struct service *s, const uint8_t *pid, bool should_be)
{
    struct draft d;
    bool found;
    must_ok(draft_read(cases, database, s, pid, &arena, &d, &found, &err));
    assert_int_equal(found, should_be);
    return d;
}

static void put(const struct service *s, const uint8_t *pid, const char *field, const char *text)
{
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    size_t f = service_field(s, str_of(field));
    struct draft after;
    assert_int_not_equal(f, NONE);
    answers[f] = (struct answer){.given = true, .text = str_of(text)};
    must_ok(draft_put(cases, database, s, pid, &f, 1, answers, now, &arena, &after, &err));
    assert_true(str_is(after.answers[f].text, text));
}

static void begin_draft(const struct service *s, const uint8_t *pid)
{
    struct draft d = read_draft(s, pid, false);
    d.begun = now;
    d.looked = 20000;
    must_ok(draft_write(cases, database, s, pid, &d, now, &arena, &err));
}

static bool is_text(const struct draft *d, const struct service *s, const char *field, const char *text)
{
    return str_is(d->answers[service_field(s, str_of(field))].text, text);
}

static void what_is_answered_is_kept_and_is_ones_own(void **state)
{
    const struct service *s = service("part.corruption"), *other = service("part.petition");
    struct draft_listed *list;
    size_t n;
    begin_draft(s, anna);
    put(s, anna, "words", "Ақша сұрады: не, и снова ٣");
    struct draft d = read_draft(s, anna, true);
    assert_true(is_text(&d, s, "words", "Ақша сұрады: не, и снова ٣"));
    assert_true(d.begun == now && d.looked == 20000 && !d.changed && d.version == 2);
    read_draft(s, boris, false);
    read_draft(other, anna, false);
    begin_draft(other, anna);
    must_ok(draft_list(cases, database, anna, &arena, &list, &n, &err));
    assert_int_equal(n, 2);
    must_ok(draft_list(cases, database, boris, &arena, &list, &n, &err));
    assert_int_equal(n, 0);
    must_ok(draft_drop(cases, database, s, anna, &err));
    must_ok(draft_drop(cases, database, s, anna, &err)); /* a second time changes nothing */
    read_draft(s, anna, false);
    read_draft(other, anna, true);
}

static void two_devices_do_not_undo_each_other(void **state)
{
    const struct service *s = service("part.corruption");
    begin_draft(s, anna);
    struct draft old = read_draft(s, anna, true);
    put(s, anna, "words", "from the first");
    put(s, anna, "body", "from the second");
    struct draft d = read_draft(s, anna, true);
    assert_true(is_text(&d, s, "words", "from the first") && is_text(&d, s, "body", "from the second"));
    assert_false(draft_write(cases, database, s, anna, &old, now, &arena, &err)); /* over the newer one */
    assert_int_equal(err.code, ERR_CONFLICT);
    struct draft fresh = {.answers = old.answers};
    assert_false(draft_write(cases, database, s, anna, &fresh, now, &arena, &err)); /* begun twice */
    assert_int_equal(err.code, ERR_CONFLICT);
    d = read_draft(s, anna, true);
    assert_true(is_text(&d, s, "words", "from the first"));
    size_t f = 0;
    assert_false(draft_put(cases, database, s, boris, &f, 1, old.answers, now, &arena, &d, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static struct answer *all_of(const struct service *s, const char *const (*given)[2], size_t n)
{
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    for (size_t f = 0; f < s->fields_n; f++)
        answers[f] = (struct answer){.given = s->fields[f].page != NONE};
    for (size_t i = 0; i < n; i++)
        answers[service_field(s, str_of(given[i][0]))] =
            (struct answer){.given = true, .text = str_of(given[i][1])};
    return answers;
}

static void a_draft_is_sent_once(void **state)
{
    static const char *const given[][2] = {{"words", "He asked for money to let me go on with my work."},
                                           {"body", "Абай көшесі"}};
    const struct service *s = service("part.corruption");
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = anna, .levels = STR("ial1.aal1")};
    char number[CASE_NO_SIZE];
    struct case_mine *mine;
    struct gate_entry *entries;
    uint64_t position;
    size_t n;
    begin_draft(s, anna);
    struct draft d = read_draft(s, anna, true), stale = d;
    d.answers = all_of(s, given, 2);
    must_ok(draft_write(cases, database, s, anna, &d, now, &arena, &err));
    d = read_draft(s, anna, true);
    stale.answers = d.answers;
    uint64_t before = ledger_size(ledger);
    struct case_actor unsure = self; /* the service says how sure the log-in must be */
    unsure.levels = STR("ial1.aal0");
    assert_false(
        draft_file(cases, database, s, &unsure, BY_WEB, &d, NULL, now, &arena, number, &position, &err));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_string_equal(err.place, "level");
    assert_false(
        draft_file(cases, database, s, &self, BY_WEB, &stale, NULL, now, &arena, number, &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT); /* changed on another device since it was checked */
    assert_string_equal(err.place, "draft");
    assert_int_equal(ledger_size(ledger), before);
    must_ok(draft_file(cases, database, s, &self, BY_WEB, &d, NULL, now, &arena, number, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    read_draft(s, anna, false);
    before = ledger_size(ledger);
    assert_false(
        draft_file(cases, database, s, &self, BY_WEB, &d, NULL, now, &arena, number, &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(ledger_size(ledger), before);
    must_ok(case_of_person(cases, database, anna, &arena, &mine, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(entries_of(anna, false, &entries), 1);
}

static void who_acts_for_another_stands_in_the_entry(void **state)
{
    static const char *const given[][2] = {{"words", "He asked for money to let me go on with my work."}};
    const struct service *s = service("part.corruption");
    const struct case_actor parent = {.hand = HAND_APPLICANT,
                                      .pid = anna,
                                      .levels = STR("ial1.aal1"),
                                      .capacity = STR("parent"),
                                      .mandate = STR("01ARZ3NDEKTSV4RRFFQ69G5FAV")};
    char number[CASE_NO_SIZE];
    struct gate_entry *entries;
    uint64_t position;
    begin_draft(s, anna);
    struct draft d = read_draft(s, anna, true);
    d.answers = all_of(s, given, 1);
    must_ok(draft_file(cases, database, s, &parent, BY_WEB, &d, NULL, now, &arena, number, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_int_equal(entries_of(anna, false, &entries), 1);
    assert_true(str_is(entries[0].capacity, "parent") && str_eq(entries[0].mandate, parent.mandate));
}

/* A new version has other fields: what fits is kept, the rest is asked again. */
static void a_changed_service_keeps_what_fits(void **state)
{
    const struct service *s = service("civil.repeat-cert");
    begin_draft(s, anna);
    put(s, anna, "which", "birth");
    put(s, anna, "delivery", "phone");
    struct service later = *s;
    later.fields = arena_array(&arena, struct service_field, s->fields_n);
    memcpy(later.fields, s->fields, s->fields_n * sizeof *later.fields);
    later.hash[0] ^= 1;
    size_t which = service_field(s, STR("which"));
    later.fields[which].options_n = 1; /* "birth" is its first */
    later.fields[service_field(s, STR("delivery"))].id = STR("how");
    struct draft d = read_draft(&later, anna, true);
    assert_true(d.changed && d.looked == 0);
    assert_true(str_is(d.answers[which].text, "birth"));
    assert_false(d.answers[service_field(&later, STR("how"))].given);
    later.fields[which].options = s->fields[service_field(s, STR("delivery"))].options;
    d = read_draft(&later, anna, true);
    assert_false(d.answers[which].given); /* no such answer any more */
    later.fields[which].type = ANSWER_DATE;
    assert_false(read_draft(&later, anna, true).answers[which].given);
    assert_false(read_draft(s, anna, true).changed);
}

static void nothing_of_it_stands_in_the_clear_and_a_changed_row_is_found(void **state)
{
    const struct service *s = service("part.corruption"), *other = service("part.petition");
    struct draft d;
    bool found;
    begin_draft(s, anna);
    put(s, anna, "words", "a secret word");
    struct db_stmt *stmt = db_sql(database, "SELECT tag, person, sealed FROM case_draft", &err);
    assert_non_null(stmt);
    assert_int_equal(db_step(stmt, &err), DB_ROW);
    for (int i = 0; i < 3; i++) {
        struct str bytes = db_bytes(stmt, i);
        assert_null(memmem(bytes.p, bytes.n, "secret", 6));
        assert_null(memmem(bytes.p, bytes.n, "corruption", 10));
        assert_null(memmem(bytes.p, bytes.n, anna, PID_SIZE));
    }
    db_end(stmt);
    begin_draft(other, anna); /* its content in the place of the first */
    must_ok(db_exec(
        database,
        "UPDATE case_draft SET sealed = (SELECT sealed FROM case_draft WHERE version = 1), version = 1",
        &err));
    bool first = draft_read(cases, database, s, anna, &arena, &d, &found, &err);
    bool second = draft_read(cases, database, other, anna, &arena, &d, &found, &err);
    assert_true(!first && second);
}

static void what_nobody_touched_is_forgotten(void **state)
{
    const struct service *s = service("part.corruption"), *other = service("part.petition");
    struct draft d = {.answers = arena_array(&arena, struct answer, other->fields_n + 1)};
    begin_draft(s, anna);
    must_ok(draft_write(cases, database, other, boris, &d, now + (DRAFT_DAYS - 1) * CLOCK_DAY, &arena, &err));
    read_draft(s, anna, true);
    must_ok(draft_drop(cases, database, other, boris, &err));
    must_ok(draft_write(cases, database, other, boris, &d, now + (DRAFT_DAYS + 1) * CLOCK_DAY, &arena, &err));
    read_draft(s, anna, false);
    read_draft(other, boris, true);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_answered_is_kept_and_is_ones_own),
        CASE(two_devices_do_not_undo_each_other),
        CASE(a_draft_is_sent_once),
        CASE(who_acts_for_another_stands_in_the_entry),
        CASE(a_changed_service_keeps_what_fits),
        CASE(nothing_of_it_stands_in_the_clear_and_a_changed_row_is_found),
        CASE(what_nobody_touched_is_forgotten),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
