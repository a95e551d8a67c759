/* SPDX-License-Identifier: Apache-2.0 */
/* Acts: the outbox, killed at each of its steps; questions, their answers, emergency looks; who reads
 * entries. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>

/* --- helpers --- */

static struct gate_entry newest(const uint8_t *pid)
{
    struct gate_entry *entries;
    assert_true(entries_of(pid, true, &entries) > 0);
    return entries[0];
}

static uint64_t rows_of(const char *table)
{
    struct db_stmt *stmt = db_sql(database, arena_printf(&arena, "SELECT count(*) FROM %s", table), &err);
    bool found;
    must_ok(stmt != NULL && db_one(stmt, &found, &err));
    uint64_t n = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return n;
}

static struct gate_answer admitted_look(void)
{
    load_clinic(anna, "pollen");
    must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("health")), STR("T-1"),
                           STR("treatment"), anna, today - 1, today + 1, &err));
    struct gate_request request = doctor(anna, "T-1");
    struct gate_answer answer = look(&request);
    assert_int_equal(answer.reason, GATE_ADMITTED);
    return answer;
}

static struct gate_matter asked(uint64_t leaf)
{
    struct gate_matter matter;
    uint64_t position;
    must_ok(gate_ask(gate, database, anna, leaf, STR("Why did you look?"), STR("ial2"), &arena, &matter,
                     &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    return matter;
}

/* --- the outbox --- */

struct acting {
    struct gate_act act;
    char id[ACT_ID_SIZE];
    bool then_fail;
};

static bool act_in_tx(struct db *db, void *arg, struct err *e)
{
    struct acting *a = arg;
    return gate_act_prepare(gate, db, &a->act, a->id, e) &&
           (!a->then_fail || err_set(e, ERR_INVALID, "test", "rolled back"));
}

static struct acting a_decision(void)
{
    return (struct acting){.act = {.kind = "decision",
                                   .holder = jurisdiction_agency(j, STR("health")),
                                   .pid = anna,
                                   .office = office("health", "clinic-5"),
                                   .actor = STR("MED-0417"),
                                   .capacity = STR("official"),
                                   .purpose = STR("treatment"),
                                   .outcome = STR("granted")}};
}

static void an_act_stands_in_state_and_log_or_in_neither(void **state)
{
    struct acting a = a_decision();
    uint64_t position, again;
    a.then_fail = true;
    assert_false(db_tx(database, act_in_tx, &a, &err));
    assert_int_equal(rows_of("gate_outbox"), 0);
    a.then_fail = false;
    uint64_t before = ledger_size(ledger);
    must_ok(db_tx(database, act_in_tx, &a, &err));
    assert_int_equal(rows_of("gate_outbox"), 1);
    assert_int_equal(ledger_size(ledger), before);
    must_ok(gate_act_deliver(gate, database, a.id, &position, &err));
    must_ok(gate_act_deliver(gate, database, a.id, &again, &err)); /* once only */
    assert_int_equal(position, before + 1);
    assert_int_equal(again, position);
    assert_int_equal(ledger_size(ledger), before + 1);
    must_ok(ledger_wait(ledger, position, &err));
    struct gate_entry entry = newest(anna);
    assert_true(str_is(entry.kind, "decision") && str_is(entry.id, a.id) && str_is(entry.outcome, "granted"));
    struct err form;
    if (!verify_entry_form(entry.json, &form))
        fail_msg("%s: %s", form.place, form.text);
    close_all();
    open_all();
    assert_int_equal(rows_of("gate_outbox"), 0);
    assert_int_equal(ledger_size(ledger), before + 1);
    must_ok(gate_act_deliver(gate, database, a.id, &again, &err)); /* found in the log by its id */
    assert_int_equal(again, position);
    assert_false(gate_act_deliver(gate, database, "01ARZ3NDEKTSV4RRFFQ69G5FAV", &again, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    a.act.kind = "gossip";
    assert_false(db_tx(database, act_in_tx, &a, &err));
}

/* A text of control characters is six times as long in JSON: it fits, or is refused; nothing falls over. */
static void hostile_texts_fit_or_are_refused(void **state)
{
    static char controls[1001];
    struct acting a = a_decision();
    uint64_t position;
    struct gate_matter matter;
    memset(controls, 1, sizeof controls);
    a.act.reason = (struct str){controls, 1000};
    must_ok(db_tx(database, act_in_tx, &a, &err));
    must_ok(gate_act_deliver(gate, database, a.id, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_int_equal(newest(anna).reason.n, 1000);
    a.act.basis = a.act.reason;
    a.act.case_no = a.act.mandate = a.act.actor = a.act.outcome = (struct str){controls, 64};
    a.act.levels = a.act.purpose = a.act.registry = a.act.capacity = a.act.case_no;
    must_ok(db_tx(database, act_in_tx, &a, &err));
    must_ok(gate_act_deliver(gate, database, a.id, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_int_equal(newest(anna).basis.n, 1000);
    a.act.reason.n = 1001;
    assert_false(db_tx(database, act_in_tx, &a, &err));
    assert_int_equal(err.code, ERR_USAGE);
    uint64_t leaf = admitted_look().leaf;
    must_ok(gate_ask(gate, database, anna, leaf, (struct str){"\"\\\x01?", 4}, STR("ial2"), &arena, &matter,
                     &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_true(str_is(newest(anna).reason, "\"\\\x01?"));
}

enum kill_when { AFTER_COMMIT, AFTER_APPEND };

/* A child makes the act and dies where told; its id comes through the pipe. */
static void die_acting(enum kill_when when, char id[ACT_ID_SIZE])
{
    int ends[2], status;
    close_all();
    db_close(database);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char sqlite[256];
        uint64_t position;
        snprintf(sqlite, sizeof sqlite, "sqlite:%s/state.db", folder);
        if (!db_open(&database, url ? url : sqlite, &err))
            _exit(1);
        open_all();
        struct acting a = a_decision();
        if (!db_tx(database, act_in_tx, &a, &err) || write(ends[1], a.id, ACT_ID_SIZE) != ACT_ID_SIZE)
            _exit(2);
        if (when == AFTER_APPEND && (!gate_act_deliver(gate, database, a.id, &position, &err) ||
                                     !ledger_wait(ledger, position, &err)))
            _exit(3);
        raise(SIGKILL);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], id, ACT_ID_SIZE), ACT_ID_SIZE);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    char sqlite[256];
    snprintf(sqlite, sizeof sqlite, "sqlite:%s/state.db", folder);
    must_ok(db_open(&database, url ? url : sqlite, &err));
}

static bool count_id(void *arg, const struct ledger_entry *entry)
{
    *(unsigned *)arg += entry->body_n != 0 && entry->leaf.type == LEAF_PERSONAL;
    return true;
}

static void a_kill_between_commit_append_and_deletion_loses_and_doubles_nothing(void **state)
{
    for (enum kill_when when = AFTER_COMMIT; when <= AFTER_APPEND; when++) {
        char id[ACT_ID_SIZE];
        unsigned before = 0, after = 0;
        must_ok(ledger_scan(ledger, 0, UINT64_MAX, count_id, &before, &err));
        die_acting(when, id);
        bool stands = rows_of("gate_outbox") == 1;
        assert_true(stands || when == AFTER_APPEND); /* the child may have found it durable, and swept */
        open_all();
        assert_int_equal(rows_of("gate_outbox"), 0);
        must_ok(ledger_scan(ledger, 0, UINT64_MAX, count_id, &after, &err));
        assert_int_equal(after, before + 1);
        assert_true(str_is(newest(anna).id, id));
    }
}

static void a_changed_outbox_row_is_not_logged(void **state)
{
    struct acting a = a_decision();
    uint64_t position;
    must_ok(db_tx(database, act_in_tx, &a, &err));
    must_ok(db_exec(database, "UPDATE gate_outbox SET size = size + 1", &err));
    assert_false(gate_act_deliver(gate, database, a.id, &position, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    must_ok(db_exec(database, "UPDATE gate_outbox SET size = size - 1", &err));
    must_ok(gate_act_deliver(gate, database, a.id, &position, &err));
}

/* --- questions --- */

static void a_question_is_asked_opened_and_answered(void **state)
{
    struct gate_answer answer = admitted_look();
    struct gate_matter matter = asked(answer.leaf), opened, *list;
    const struct office *review = office("health", "review");
    uint64_t position, total;
    size_t n;
    assert_true(matter.agency == review->agency && !matter.emergency && matter.due > today);
    assert_true(str_is(newest(anna).kind, "question") && str_is(newest(anna).case_no, answer.look));

    must_ok(gate_matters_of_agency(gate, database, review, false, 0, 10, &arena, &list, &n, &total, &err));
    assert_int_equal(n, 1);
    assert_int_equal(total, 1);
    assert_int_equal(list[0].words.n, 0); /* the queue names nobody */

    uint64_t before = ledger_size(ledger);
    must_ok(gate_matter_open(gate, database, review, STR("REV-1"), STR("aal2"), str_of(matter.id), &arena,
                             &opened, &position, &err));
    assert_int_equal(ledger_size(ledger), before + 1); /* reading another's entry leaves an entry */
    must_ok(ledger_wait(ledger, position, &err));
    assert_true(str_is(newest(anna).kind, "entry-read") && str_is(newest(anna).actor, "REV-1"));
    assert_true(str_is(opened.words, "Why did you look?") && str_is(opened.look.actor, "MED-0417"));

    assert_false(gate_matter_answer(gate, database, review, STR("MED-0417"), STR("aal2"), str_of(matter.id),
                                    VERDICT_JUSTIFIED, STR("It was me"), &arena, &position, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(gate_matter_answer(gate, database, review, STR("REV-1"), STR("aal2"), str_of(matter.id),
                                    VERDICT_JUSTIFIED, STR("  "), &arena, &position, &err));
    assert_int_equal(err.code, ERR_INVALID);
    must_ok(gate_matter_answer(gate, database, review, STR("REV-1"), STR("aal2"), str_of(matter.id),
                               VERDICT_NOT_JUSTIFIED, STR("There was no visit that day."), &arena, &position,
                               &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_true(str_is(newest(anna).kind, "answer") && str_is(newest(anna).outcome, "not-justified"));
    assert_false(gate_matter_answer(gate, database, review, STR("REV-1"), STR("aal2"), str_of(matter.id),
                                    VERDICT_JUSTIFIED, STR("On second thought"), &arena, &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT);

    must_ok(gate_matters_of_person(gate, database, anna, UINT64_MAX, &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].verdict, VERDICT_NOT_JUSTIFIED);
    assert_true(str_is(list[0].answer, "There was no visit that day.") &&
                str_is(list[0].look.actor, "MED-0417"));
    must_ok(gate_matters_of_person(gate, database, boris, UINT64_MAX, &arena, &list, &n, &err));
    assert_int_equal(n, 0);
    must_ok(gate_matters_of_agency(gate, database, review, false, 0, 10, &arena, &list, &n, &total, &err));
    assert_int_equal(total, 0);
    must_ok(gate_matters_of_agency(gate, database, review, true, 0, 10, &arena, &list, &n, &total, &err));
    assert_int_equal(n, 1);
}

static void many_questions_are_all_listed(void **state)
{
    enum { N = 37 };
    struct gate_matter *list;
    struct gate_request request = doctor(anna, "T-1");
    size_t n;
    (void)admitted_look();
    for (int i = 0; i < N; i++)
        (void)asked(look(&request).leaf);
    must_ok(gate_matters_of_person(gate, database, anna, UINT64_MAX, &arena, &list, &n, &err));
    assert_int_equal(n, N);
    for (size_t i = 1; i < n; i++)
        assert_true(list[i - 1].opened >= list[i].opened && list[i - 1].leaf > list[i].leaf);
}

static void who_may_not_ask_or_review_is_told_so(void **state)
{
    struct gate_answer answer = admitted_look();
    struct gate_matter matter, *list;
    uint64_t position, total;
    size_t n;
    static char long_words[GATE_WORDS_MAX + 1];
    memset(long_words, 'a', sizeof long_words);
    struct {
        const uint8_t *pid;
        uint64_t leaf;
        struct str words;
        enum err_code code;
    } rows[] = {
        {boris, answer.leaf, STR("Why?"), ERR_NOT_FOUND},
        {anna, answer.leaf + 1000, STR("Why?"), ERR_NOT_FOUND},
        {anna, 0, STR("Why?"), ERR_NOT_FOUND},
        {anna, answer.leaf, STR(" \n"), ERR_INVALID},
        {anna, answer.leaf, STR("\xff"), ERR_USAGE},
        {anna, answer.leaf, {long_words, sizeof long_words}, ERR_USAGE},
    };
    uint64_t size = ledger_size(ledger);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_false(gate_ask(gate, database, rows[i].pid, rows[i].leaf, rows[i].words, STR("ial2"), &arena,
                              &matter, &position, &err));
        assert_int_equal(err.code, rows[i].code);
    }
    assert_int_equal(ledger_size(ledger), size);
    assert_int_equal(rows_of("gate_matter"), 0);
    matter = asked(answer.leaf);
    assert_false(gate_ask(gate, database, anna, answer.leaf, STR("Again"), STR("ial2"), &arena, &matter,
                          &position, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(rows_of("gate_matter"), 1);

    assert_false(gate_matters_of_agency(gate, database, office("health", "clinic-5"), false, 0, 10, &arena,
                                        &list, &n, &total, &err));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(gate_matter_open(gate, database, office("health", "clinic-5"), STR("MED-1"), STR("aal2"),
                                  str_of(matter.id), &arena, &matter, &position, &err));
    assert_int_equal(err.code, ERR_NOT_ALLOWED);
    assert_false(gate_matter_open(gate, database, office("police", "review"), STR("POL-9"), STR("aal2"),
                                  str_of(matter.id), &arena, &matter, &position, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void an_emergency_look_waits_for_its_review(void **state)
{
    load_clinic(anna, "pollen");
    struct gate_request request = doctor(anna, "");
    struct gate_matter *list, opened;
    const struct office *review = office("health", "review");
    uint64_t position, total;
    size_t n;
    request.break_glass = true;
    request.reason = STR("the patient is unconscious");
    struct gate_answer answer = look(&request);
    request.reason = STR("short");
    assert_int_equal(look(&request).reason, GATE_REASON_SHORT); /* nothing was seen: nothing to review */
    must_ok(gate_matters_of_agency(gate, database, review, false, 0, 10, &arena, &list, &n, &total, &err));
    assert_int_equal(n, 1);
    assert_true(list[0].emergency && list[0].leaf == answer.leaf);
    assert_string_equal(list[0].id, answer.look);
    must_ok(gate_matter_open(gate, database, review, STR("REV-1"), STR("aal2"), str_of(answer.look), &arena,
                             &opened, &position, &err));
    assert_true(str_is(opened.words, "the patient is unconscious") &&
                str_is(opened.look.kind, "emergency-look"));
    must_ok(gate_matter_answer(gate, database, review, STR("REV-1"), STR("aal2"), str_of(answer.look),
                               VERDICT_JUSTIFIED, STR("Ambulance card 12 agrees."), &arena, &position, &err));
    must_ok(ledger_wait(ledger, position, &err));
    assert_true(str_is(newest(anna).kind, "review"));
    must_ok(gate_matters_of_person(gate, database, anna, answer.leaf, &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    (void)asked(answer.leaf); /* and the person may ask about it all the same */
}

/* Killed between the queue and the log, or between the log and the queue's note of the leaf. */
static void a_start_settles_what_a_crash_left_in_the_queue(void **state)
{
    load_clinic(anna, "pollen");
    struct gate_request request = doctor(anna, "");
    struct gate_matter *list;
    uint64_t total;
    size_t n;
    request.break_glass = true;
    request.reason = STR("the patient is unconscious");
    struct gate_answer answer = look(&request);
    must_ok(db_exec(database, "UPDATE gate_matter SET leaf = -1", &err));
    close_all();
    open_all();
    must_ok(gate_matters_of_agency(gate, database, office("health", "review"), false, 0, 10, &arena, &list,
                                   &n, &total, &err));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].leaf, answer.leaf);
}

/* A flipped verdict, a moved answer, another's words: none is shown. */
static void a_changed_row_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE gate_matter SET verdict = 2",         "UPDATE gate_matter SET answered = answered + 1",
        "UPDATE gate_matter SET due = due + 1",       "UPDATE gate_matter SET leaf = leaf + 1",
        "UPDATE gate_matter SET opened = opened + 1", "UPDATE gate_matter SET emergency = 1",
        "UPDATE gate_matter SET answer = sealed",
    };
    struct gate_matter matter = asked(admitted_look().leaf), *list;
    uint64_t position, total;
    size_t n;
    must_ok(gate_matter_answer(gate, database, office("health", "review"), STR("REV-1"), STR("aal2"),
                               str_of(matter.id), VERDICT_JUSTIFIED, STR("A visit on that day."), &arena,
                               &position, &err));
    must_ok(db_exec(database, "CREATE TABLE kept AS SELECT * FROM gate_matter", &err));
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        must_ok(db_exec(database, changes[i], &err));
        assert_false(gate_matters_of_agency(gate, database, office("health", "review"), true, 0, 10, &arena,
                                            &list, &n, &total, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        must_ok(
            db_exec(database, "DELETE FROM gate_matter; INSERT INTO gate_matter SELECT * FROM kept", &err));
    }
    must_ok(gate_matters_of_agency(gate, database, office("health", "review"), true, 0, 10, &arena, &list, &n,
                                   &total, &err));
}

static void a_look_is_found_by_its_id(void **state)
{
    struct gate_answer answer = admitted_look();
    struct str receipt, other;
    must_ok(
        gate_receipt_of_look(gate, database, STR("MED-0417"), str_of(answer.look), &arena, &receipt, &err));
    must_ok(gate_receipt_official(gate, database, STR("MED-0417"), answer.leaf, &arena, &other, &err));
    assert_true(str_eq(receipt, other));
    static const char *const bad[] = {"", "x", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "81ARZ3NDEKTSV4RRFFQ69G5FAV",
                                      "01arz3ndektsv4rrffq69g5fav"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(
            gate_receipt_of_look(gate, database, STR("MED-0417"), str_of(bad[i]), &arena, &receipt, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
    assert_false(
        gate_receipt_of_look(gate, database, STR("MED-1"), str_of(answer.look), &arena, &receipt, &err));
    assert_false(gate_receipt_of_look(gate, database, STR(""), str_of(answer.look), &arena, &receipt, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_act_stands_in_state_and_log_or_in_neither),
        WITH(hostile_texts_fit_or_are_refused),
        WITH(a_kill_between_commit_append_and_deletion_loses_and_doubles_nothing),
        WITH(a_changed_outbox_row_is_not_logged),
        WITH(a_question_is_asked_opened_and_answered),
        WITH(many_questions_are_all_listed),
        WITH(who_may_not_ask_or_review_is_told_so),
        WITH(an_emergency_look_waits_for_its_review),
        WITH(a_start_settles_what_a_crash_left_in_the_queue),
        WITH(a_changed_row_is_found),
        WITH(a_look_is_found_by_its_id),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
