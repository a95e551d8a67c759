/* SPDX-License-Identifier: Apache-2.0 */
/* Documents on real parts, on both engines: issued with the step that issues, once; revoked, replaced,
 * voided; keys that change; rows that somebody changed. */
#include "../gate/fixture.h"
#include "document/verify.h"
#include "gate/gate_private.h"
#include "issue/issue_private.h"

static struct cases *cases;
static struct people *people;
static struct documents *documents;
static struct person madina, daniyar;
static const char *const numbers[] = {"900101390459", "850514300018"};
static int64_t now; /* of steps: after the keys were made, so that they sign as of now */

static struct documents_config config_of(void)
{
    return (struct documents_config){.keys_folder = gate_config.keys_folder,
                                     .master = master,
                                     .state = master,
                                     .site = "https://aina.test",
                                     .origin = "log.test.example/aina",
                                     .gate = gate,
                                     .cases = cases,
                                     .people = people,
                                     .j = j};
}

static void open_documents(void)
{
    cases = cases_new(gate, j, master);
    const struct documents_config config = config_of();
    must_ok(documents_open(&documents, &config, database, &err));
}

static void close_documents(void)
{
    cases_free(cases);
    documents_free(documents);
}

static int begin(void **state)
{
    int failed = start(state);
    must_ok(people_migrate(database, &err) && cases_migrate(database, &err) &&
            documents_migrate(database, &err));
    people = people_new(master);
    must_ok(people_register(people, database, j->person_scheme, str_of(numbers[0]), &madina, &err));
    must_ok(people_register(people, database, j->person_scheme, str_of(numbers[1]), &daniyar, &err));
    open_documents();
    now = clock_now();
    return failed;
}

static int end(void **state)
{
    close_documents();
    people_free(people);
    return stop(state);
}

#define ON_BOTH(test) cmocka_unit_test_setup_teardown(test, begin, end)

static struct str file_family(const struct person *person, const char *children)
{
    const struct service *s = jurisdiction_service(j, STR("soc.large-family"));
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    char *number = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    answers[service_field(s, STR("children"))] = (struct answer){true, true, str_of(children)};
    answers[service_field(s, STR("account"))] = (struct answer){true, false, STR("KZ75125KZT2069100100")};
    must_ok(case_file(cases, database, s, person->pid, BY_COUNTER, answers, now, STR("demo"), &arena, number,
                      &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    return str_of(number);
}

static size_t documents_now(const struct person *person, struct document **list)
{
    size_t n;
    must_ok(documents_of_person(documents, database, person->pid, &arena, list, &n, &err));
    return n;
}

static struct document only_document(const struct person *person)
{
    struct document *list;
    assert_int_equal(documents_now(person, &list), 1);
    return list[0];
}

static struct str status_now(void)
{
    struct str list;
    must_ok(documents_status(documents, database, 1, false, clock_now() / CLOCK_SECOND, &arena, &list, &err));
    return list;
}

static struct document_verdict *verdict_of(struct str code)
{
    struct document_verdict *v = arena_new(&arena, struct document_verdict);
    struct issuers *issuers = arena_new(&arena, struct issuers), read;
    struct buf published;
    must_ok(documents_issuers(documents, database, &arena, issuers, &err));
    buf_in(&published, &arena, 1 << 20); /* as a stranger gets it */
    issuers_write(issuers, &published);
    must_ok(issuers_read(buf_view(&published), &arena, &read, &err));
    document_verify(&(struct document_question){code, &read, status_now(), clock_now() / CLOCK_SECOND},
                    &arena, v);
    return v;
}

static struct revocation because(const char *reason)
{
    return (struct revocation){.office = office("labour", "benefits"),
                               .staff = STR("LAB-1"),
                               .reason = str_of(reason),
                               .levels = STR("demo")};
}

static void deliver_all(const struct document *doc)
{
    uint64_t position;
    must_ok(document_hold(documents, database, doc, &position, &err));
    if (position != 0)
        must_ok(ledger_wait(ledger, position, &err));
}

static void a_granted_case_has_its_document(void **state)
{
    struct str number = file_family(&madina, "4");
    struct document doc = only_document(&madina);
    struct document *list;
    size_t n;
    assert_true(str_is(doc.kind, "soc.large-family/notice") && str_is(doc.agency->id, "labour"));
    assert_true(str_eq(str_of(doc.case_no), number));
    assert_memory_equal(doc.pid, madina.pid, PID_SIZE);
    for (size_t l = 0; l < j->languages_n; l++) {
        struct document_verdict *v = verdict_of(doc.code[l]);
        assert_true(v->genuine && v->valid);
        assert_true(str_eq(paper_get(&v->paper, PAPER_WORDS), doc.words[l]));
        assert_true(str_is(paper_get(&v->paper, PAPER_NUMBER), doc.number));
        assert_true(str_eq(paper_get(&v->paper, PAPER_LANGUAGE), j->languages[l]));
        assert_true(str_is(paper_get_person(&v->paper, PAPER_PERSON_NUMBER), "…0459"));
        /* The whole number stands neither in what it says nor in the code. */
        assert_null(memmem(doc.words[l].p, doc.words[l].n, numbers[0], 12));
        assert_non_null(memmem(doc.words[l].p, doc.words[l].n, "…0459", strlen("…0459")));
        assert_null(memchr(doc.words[l].p, '{', doc.words[l].n));
    }
    assert_false(str_eq(doc.words[0], doc.words[1]));
    must_ok(documents_of_case(documents, database, number, &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(documents_now(&daniyar, &list), 0);
    /* Its entry waited in the outbox, in the step's transaction; it is in the person's list. */
    uint64_t position;
    must_ok(document_hold(documents, database, &doc, &position, &err));
    assert_int_not_equal(position, 0);
    deliver_all(&doc);
    struct gate_entry *entries;
    assert_int_equal(entries_of(madina.pid, false, &entries), 3);
    assert_true(str_is(entries[0].kind, "document") && str_is(entries[0].outcome, "issued") &&
                str_is(entries[0].id, doc.act));
    struct documents_report report;
    must_ok(documents_check(documents, database, &report, &err));
    assert_true(report.documents == 1 && report.findings == 0);
}

static void a_case_not_granted_has_none(void **state)
{
    struct document *list;
    file_family(&madina, "3");
    assert_int_equal(documents_now(&madina, &list), 0);
}

static void revoked_once_with_a_reason(void **state)
{
    file_family(&madina, "5");
    struct document doc = only_document(&madina);
    const struct revocation right = because("The register was wrong: two of the children are grown up.");
    const struct revocation bare = because("too short"),
                            broken = because("\xff\xfe this is not text at all, no");
    uint64_t position;
    struct str before = status_now();
    assert_false(document_revoke(documents, database, str_of(doc.number), &bare, &arena, &position, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(document_revoke(documents, database, str_of(doc.number), &broken, &arena, &position, &err));
    assert_false(
        document_revoke(documents, database, STR("D-0000-0000-0000"), &right, &arena, &position, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(str_eq(before, status_now())); /* nothing was revoked: the list is the very same */
    must_ok(document_revoke(documents, database, str_of(doc.number), &right, &arena, &position, &err));
    assert_false(str_eq(before, status_now()));
    struct document_verdict *v = verdict_of(doc.code[0]);
    assert_true(v->genuine && !v->valid);
    assert_int_equal(v->said[v->n - 2], DOCUMENT_REVOKED);
    assert_false(document_revoke(documents, database, str_of(doc.number), &right, &arena, &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    doc = only_document(&madina);
    assert_int_not_equal(doc.revoked, 0);
    assert_true(str_eq(doc.reason, right.reason));
    struct gate_entry *entries;
    deliver_all(&doc);
    assert_int_equal(entries_of(madina.pid, false, &entries), 4);
    size_t seen = 0;
    for (size_t i = 0; i < 4; i++)
        seen += str_is(entries[i].outcome, "revoked") && str_is(entries[i].actor, "LAB-1");
    assert_int_equal(seen, 1);
    /* Another's document is not touched, and stands elsewhere in the list. */
    file_family(&daniyar, "4");
    struct document other = only_document(&daniyar);
    assert_true(verdict_of(other.code[0])->valid);
    assert_true(other.index != doc.index || other.list != doc.list);
}

struct again {
    struct case_file *c;
};

static bool step_again(struct db *db, void *arg, struct err *e)
{
    struct again *again = arg;
    return documents_on_step(documents, db, again->c, &arena, e);
}

/* The case's next step, as the engine would tell it: its last event, once more. */
static struct case_file next_step(struct str number, enum case_status status, const char *action)
{
    struct case_file c;
    must_ok(case_read(cases, database, number, &arena, &c, &err));
    struct case_event *events = arena_array(&arena, struct case_event, c.events_n + 1);
    memcpy(events, c.events, c.events_n * sizeof *events);
    events[c.events_n] = events[c.events_n - 1];
    events[c.events_n].action = str_of(action);
    events[c.events_n].reason = STR("The grant rested on a forged paper.");
    events[c.events_n].status = status;
    c.events = events;
    c.events_n++;
    c.version++;
    c.status = status;
    return c;
}

static void the_same_step_issues_once(void **state)
{
    struct str number = file_family(&madina, "4");
    struct case_file c;
    must_ok(case_read(cases, database, number, &arena, &c, &err));
    struct again again = {&c};
    struct document *list;
    assert_false(db_tx(database, step_again, &again, &err)); /* the row of this step stands already */
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(documents_now(&madina, &list), 1);
    assert_int_equal(list[0].revoked, 0);
}

static void issued_anew_the_old_one_is_replaced(void **state)
{
    struct str number = file_family(&madina, "4");
    struct document first = only_document(&madina), *list;
    struct case_file c = next_step(number, DECIDED_YES, "grant-by-hand");
    struct again again = {&c};
    must_ok(db_tx(database, step_again, &again, &err));
    assert_int_equal(documents_now(&madina, &list), 2);
    struct document *old = str_is(str_of(first.number), list[0].number) ? &list[0] : &list[1];
    struct document *fresh = old == &list[0] ? &list[1] : &list[0];
    assert_int_not_equal(old->revoked, 0);
    assert_true(str_is(old->replaced_by, fresh->number) && fresh->revoked == 0);
    struct document_verdict *v = verdict_of(fresh->code[0]);
    assert_true(v->valid && str_is(paper_get(&v->paper, PAPER_REPLACES), first.number));
    assert_false(verdict_of(first.code[0])->valid);
}

/* What the outbox holds, as the gate's own thread takes it up. */
static void empty_outbox(void)
{
    char ids[8][ACT_ID_SIZE];
    size_t n = 0;
    enum db_result row;
    struct db_stmt *stmt = db_sql(database, "SELECT id FROM gate_outbox", &err);
    must_ok(stmt != NULL);
    while ((row = db_step(stmt, &err)) == DB_ROW) {
        assert_true(n < ARRAY_LEN(ids));
        assert_int_equal(db_bytes(stmt, 0).n, LEDGER_ID_SIZE);
        look_id_text((const uint8_t *)db_bytes(stmt, 0).p, ids[n++]);
    }
    assert_int_equal(row, DB_DONE);
    for (size_t i = 0; i < n; i++) {
        uint64_t position;
        must_ok(gate_act_settle(gate, database, ids[i], &position, &err));
        must_ok(position == 0 || ledger_wait(ledger, position, &err));
    }
}

static void act(struct str number, const struct case_actor *actor, const char *action, const char *field,
                const char *text, const char *reason)
{
    const struct service *s = jurisdiction_service(j, STR("soc.large-family"));
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    struct case_input input = {.answers = answers,
                               .reason = str_of(reason),
                               .ground = STR("unreliable"),
                               .article = STR("article 1 of the sample"),
                               .signatures = -1,
                               .position = -1};
    uint64_t position;
    if (field != NULL)
        answers[service_field(s, str_of(field))] = (struct answer){true, false, str_of(text)};
    answers[service_field(s, STR("hearing-day"))] = (struct answer){true, false, STR("2026-12-01")};
    now += CLOCK_SECOND;
    must_ok(case_act(cases, database, number, actor, str_of(action), &input, now, &arena, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
}

/* An official proposes it, the person answers, another makes it void: the code says revoked from then on, and
 * what an appeal gives back is a new document. */
static void a_void_case_takes_its_documents_with_it(void **state)
{
    const char *why = "The grant rested on a forged paper.";
    const struct case_actor first = {.hand = HAND_OFFICIAL,
                                     .office = office("labour", "benefits"),
                                     .staff = STR("LAB-1"),
                                     .levels = STR("demo")},
                            self = {.hand = HAND_APPLICANT, .pid = madina.pid};
    struct case_actor second = first;
    struct str number = file_family(&madina, "4");
    struct document doc = only_document(&madina), *list;
    struct gate_entry *entries;
    second.staff = STR("LAB-2");
    act(number, &first, "propose-void", "draft-reasons", "A certificate seems forged.", "");
    act(number, &self, "answer-in-writing", "objection", "It is the hospital's own.", "");
    assert_true(verdict_of(doc.code[0])->valid);
    act(number, &second, "void", NULL, "", why);
    struct document_verdict *v = verdict_of(doc.code[0]);
    assert_true(v->genuine && !v->valid);
    assert_int_equal(v->said[v->n - 2], DOCUMENT_REVOKED);
    doc = only_document(&madina);
    assert_true(str_is(doc.reason, why));
    empty_outbox();
    size_t n = entries_of(madina.pid, false, &entries), told = 0;
    for (size_t i = 0; i < n; i++)
        told += str_is(entries[i].outcome, "revoked") && str_is(entries[i].actor, "LAB-2");
    assert_int_equal(told, 1);
    act(number, &self, "appeal", "appeal-words", "The hospital confirms the paper.", "");
    act(number, &first, "overturn", "appeal-answer", "The hospital has confirmed it.", "");
    assert_int_equal(documents_now(&madina, &list), 2);
    assert_false(verdict_of(doc.code[0])->valid);
    struct document *fresh = list[0].revoked == 0 ? &list[0] : &list[1];
    assert_true(verdict_of(fresh->code[0])->valid);
}

/* What an older key signed stays valid; the new one signs; both are public records. */
static void keys_change_and_what_was_signed_stays(void **state)
{
    file_family(&madina, "4");
    struct document old = only_document(&madina);
    struct issuers issuers;
    uint8_t before[KID_SIZE];
    memcpy(before, documents->kid, KID_SIZE);
    must_ok(documents_rekey(documents, database, &err));
    assert_memory_not_equal(before, documents->kid, KID_SIZE);
    must_ok(documents_issuers(documents, database, &arena, &issuers, &err));
    assert_int_equal(issuers.n, 2);
    assert_true(issuers.keys[0].until != 0 && issuers.keys[1].until == 0);
    now = clock_now();
    file_family(&daniyar, "4");
    struct document fresh = only_document(&daniyar);
    assert_true(verdict_of(old.code[0])->valid && verdict_of(fresh.code[0])->valid);
    close_documents();
    open_documents();
    assert_memory_equal(documents->kid, issuers.keys[1].kid, KID_SIZE);
    assert_true(verdict_of(old.code[0])->valid);
    /* Without its key file nothing opens; with another's neither. */
    char path[256], aside[256];
    snprintf(path, sizeof path, "%s/document-2.key", gate_config.keys_folder);
    snprintf(aside, sizeof aside, "%s/document-1.key", gate_config.keys_folder);
    struct documents *none;
    struct documents_config config = config_of();
    config.cases = NULL;
    assert_int_equal(rename(path, "/tmp/aina-document-key"), 0);
    assert_false(documents_open(&none, &config, database, &err));
    assert_int_equal(link(aside, path), 0);
    assert_false(documents_open(&none, &config, database, &err));
    unlink(path);
    assert_int_equal(rename("/tmp/aina-document-key", path), 0);
}

/* Beside a running server: revoked through the outbox, and nothing is signed. */
static void nothing_is_signed_without_a_key(void **state)
{
    struct documents_config config = config_of();
    struct documents *reading;
    struct str list;
    config.cases = NULL;
    config.gate = NULL;
    must_ok(documents_open(&reading, &config, database, &err));
    assert_false(documents_status(reading, database, 1, false, 1, &arena, &list, &err));
    assert_false(documents_rekey(reading, database, &err));
    documents_free(reading);
    assert_false(documents_status(documents, database, 7, false, 1, &arena, &list, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void changed_rows_are_found(void **state)
{
    static const char *const changes[][2] = {
        {"UPDATE document_row SET revoked = 5", "UPDATE document_row SET revoked = 0"},
        {"UPDATE document_row SET idx = idx + 1", "UPDATE document_row SET idx = idx - 1"},
        {"UPDATE document_row SET expires = 5", "UPDATE document_row SET expires = 0"},
        {"UPDATE document_row SET issued = issued + 1", "UPDATE document_row SET issued = issued - 1"},
        {"UPDATE document_row SET number = 'D-0000-0000-0000'", NULL}};
    struct documents_report report;
    file_family(&madina, "4");
    struct document doc, good = only_document(&madina);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        must_ok(db_exec(database, changes[i][0], &err));
        struct str number = changes[i][1] == NULL ? STR("D-0000-0000-0000") : str_of(good.number);
        assert_false(document_read(documents, database, number, &arena, &doc, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        must_ok(documents_check(documents, database, &report, &err));
        assert_int_equal(report.findings, 1);
        if (changes[i][1] != NULL)
            must_ok(db_exec(database, changes[i][1], &err) &&
                    document_read(documents, database, number, &arena, &doc, &err));
    }
}

/* Nothing in the clear says whose it is or what it says. */
static void rows_say_nothing(void **state)
{
    file_family(&madina, "4");
    struct document doc = only_document(&madina);
    struct db_stmt *stmt = db_sql(database, "SELECT sealed, case_tag FROM document_row", &err);
    assert_int_equal(db_step(stmt, &err), DB_ROW);
    struct str sealed = db_bytes(stmt, 0), tag = db_bytes(stmt, 1);
    assert_null(memmem(sealed.p, sealed.n, doc.words[0].p, doc.words[0].n));
    assert_null(memmem(sealed.p, sealed.n, doc.case_no, 14));
    assert_null(memmem(tag.p, tag.n, doc.case_no, 14));
    db_end(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_granted_case_has_its_document),
        ON_BOTH(a_case_not_granted_has_none),
        ON_BOTH(revoked_once_with_a_reason),
        ON_BOTH(the_same_step_issues_once),
        ON_BOTH(issued_anew_the_old_one_is_replaced),
        ON_BOTH(a_void_case_takes_its_documents_with_it),
        ON_BOTH(keys_change_and_what_was_signed_stays),
        ON_BOTH(nothing_is_signed_without_a_key),
        ON_BOTH(changed_rows_are_found),
        ON_BOTH(rows_say_nothing),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
