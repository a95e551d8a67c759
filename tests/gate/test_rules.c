/* SPDX-License-Identifier: Apache-2.0 */
/* Two rules of the design, by who tries to break them. Rule 1: no trace, no data, also when the log stops at
 * the worst moment. Rule 3: no dossier: nothing that the gate and the vault store about a person for one
 * agency is found in what they store for another. */
#include "fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

/* --- rule 1 --- */

static _Atomic uint64_t told_durable;
static _Atomic bool told_stopped;

/* As the server, which lets a held reply go when its position is durable. */
static void tell(void *arg, uint64_t durable, bool stopped)
{
    if (stopped)
        atomic_store(&told_stopped, true);
    else
        atomic_store(&told_durable, durable);
}

static struct gate_request own(const uint8_t *pid)
{
    return (struct gate_request){.capacity = STR("self"),
                                 .levels = STR("ial3.aal3.phr"),
                                 .purpose = STR("self-access"),
                                 .registry = STR("clinic-attachment"),
                                 .pid = pid};
}

/* From now on this process cannot write to a file: the log fails at its next batch. */
static void break_disk(bool broken)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = broken ? 1 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void nothing_is_let_go_when_the_log_stops_after_the_decision(void **state)
{
    struct gate_request request = own(anna);
    struct gate_answer answer, none;
    struct gate_matter matter;
    struct gate_entry *entries;
    uint64_t position;
    load_clinic(anna, "pollen");
    struct gate_answer before = look(&request);
    struct gate_request urgent = doctor(anna, "");
    urgent.break_glass = true;
    urgent.reason = STR("the patient is unconscious");
    struct gate_answer emergency = look(&urgent);
    ledger_on_durable(ledger, tell, NULL);
    atomic_store(&told_durable, ledger_durable(ledger));
    atomic_store(&told_stopped, false);
    break_disk(true);
    bool decided = gate_look(gate, database, &request, &arena, &answer, &err);
    /* It was numbered and prepared, and yet it never may leave: its position does not become durable. */
    assert_true(decided);
    assert_int_equal(answer.records_n, 1);
    assert_false(ledger_wait(ledger, answer.position, &err));
    assert_int_equal(err.code, ERR_STOPPED);
    for (int i = 0; i < 6000 && !atomic_load(&told_stopped); i++)
        usleep(10000);
    assert_true(atomic_load(&told_stopped));
    assert_true(atomic_load(&told_durable) < answer.position);
    /* And nothing more is decided, read or answered. */
    assert_false(gate_look(gate, database, &request, &arena, &none, &err));
    assert_int_equal(err.code, ERR_STOPPED);
    assert_false(gate_matter_open(gate, database, office("health", "review"), STR("REV-1"), STR("aal2"),
                                  str_of(emergency.look), &arena, &matter, &position, &err));
    assert_int_equal(err.code, ERR_STOPPED);
    /* A question whose state could be stored is in the outbox, and in the log after the next start; one whose
     * state could not is nowhere. */
    assert_false(gate_ask(gate, database, anna, before.leaf, STR("Why?"), STR("ial2"), &arena, &matter,
                          &position, &err));
    break_disk(false);
    close_all();
    open_all();
    size_t n = entries_of(anna, true, &entries), questions = 0, matters_n;
    struct gate_matter *matters;
    for (size_t i = 0; i < n; i++) {
        assert_true(entries[i].leaf != answer.leaf || !str_is(entries[i].id, answer.look));
        questions += str_is(entries[i].kind, "question");
    }
    must_ok(gate_matters_of_person(gate, database, anna, before.leaf, &arena, &matters, &matters_n, &err));
    assert_int_equal(questions, matters_n);
    assert_int_equal(look(&request).reason, GATE_ADMITTED);
}

/* --- rule 3 --- */

#define PERSONS 6
#define VALUES_MAX 20000

struct value {
    const char *column, *text;
    bool number;
};

struct values {
    struct value list[VALUES_MAX];
    size_t n;
};

/* A connection keeps its statements: a new one for each table. */
static struct db *reader;

static void reader_open(void)
{
    char path[256];
    if (reader != NULL)
        db_close(reader);
    snprintf(path, sizeof path, "sqlite:%s/state.db", folder);
    must_ok(db_open(&reader, url ? url : path, &err));
}

static struct str next_name(const char *sql, size_t i)
{
    struct db_stmt *stmt = db_sql(reader, sql, &err);
    enum db_result row = DB_DONE;
    must_ok(stmt != NULL);
    for (size_t at = 0; at <= i && (row = db_step(stmt, &err)) == DB_ROW; at++)
        ;
    struct str name = row == DB_ROW ? str_dup(&arena, db_text(stmt, 0)) : (struct str){NULL, 0};
    if (row == DB_ROW)
        db_end(stmt);
    return name;
}

static void read_column(struct values *values, const char *table, const char *column)
{
    const char *type_sql =
        url ? arena_printf(&arena,
                           "SELECT data_type FROM information_schema.columns WHERE table_name = '%s' AND "
                           "column_name = '%s'",
                           table, column)
            : arena_printf(&arena, "SELECT type FROM pragma_table_info('%s') WHERE name = '%s'", table,
                           column);
    bool number = str_is(next_name(type_sql, 0), "bigint");
    const char *sql = arena_printf(&arena, url ? "SELECT CAST(%s AS text) FROM %s" : "SELECT hex(%s) FROM %s",
                                   column, table);
    struct db_stmt *stmt = db_sql(reader, sql, &err);
    must_ok(stmt != NULL);
    while (db_step(stmt, &err) == DB_ROW) {
        assert_true(values->n < VALUES_MAX);
        values->list[values->n++] = (struct value){arena_printf(&arena, "%s.%s", table, column),
                                                   str_dup(&arena, db_text(stmt, 0)).p, number};
    }
}

/* Every value of every column of every table. */
static void read_all(struct values *values)
{
    const char *tables =
        url ? "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            : "SELECT name FROM sqlite_master WHERE type = 'table'";
    values->n = 0;
    for (size_t t = 0;; t++) {
        reader_open();
        struct str table = next_name(arena_printf(&arena, "%s ORDER BY 1", tables), t);
        if (table.p == NULL)
            break;
        const char *columns =
            url ? arena_printf(&arena,
                               "SELECT column_name FROM information_schema.columns WHERE table_name = '%s' "
                               "ORDER BY 1",
                               table.p)
                : arena_printf(&arena, "SELECT name FROM pragma_table_info('%s') ORDER BY 1", table.p);
        for (size_t c = 0;; c++) {
            struct str column = next_name(columns, c);
            if (column.p == NULL)
                break;
            read_column(values, table.p, column.p);
        }
    }
    db_close(reader);
    reader = NULL;
}

static bool same_value(const struct value *a, const struct value *b)
{
    return a->number == b->number && strcmp(a->text, b->text) == 0 &&
           (!a->number || strcmp(strchr(a->column, '.'), strchr(b->column, '.')) == 0);
}

static size_t count_of(const struct values *values, const struct value *one)
{
    size_t n = 0;
    for (size_t i = 0; i < values->n; i++)
        n += same_value(&values->list[i], one);
    return n;
}

/* What stands in `after` and not in `before`. */
static void added(struct values *out, const struct values *before, const struct values *after)
{
    out->n = 0;
    for (size_t i = 0; i < after->n; i++)
        if (count_of(before, &after->list[i]) == 0 && after->list[i].text[0] != '\0')
            out->list[out->n++] = after->list[i];
}

struct work {
    const char *agency, *office, *actor, *purpose, *registry, *delayed_registry, *case_prefix;
};

static void look_and_ask(const struct work *w, const uint8_t *pid, const char *case_no, bool delayed)
{
    struct gate_request request = {.office =
                                       delayed ? office("justice", "notaries") : office(w->agency, w->office),
                                   .actor = str_of(w->actor),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = delayed ? STR("notarial-act") : str_of(w->purpose),
                                   .registry = str_of(delayed ? w->delayed_registry : w->registry),
                                   .case_no = str_of(case_no),
                                   .pid = pid};
    struct gate_answer answer = look(&request);
    struct gate_matter matter;
    uint64_t position;
    assert_int_equal(answer.reason, GATE_ADMITTED);
    if (!delayed)
        must_ok(gate_ask(gate, database, pid, answer.leaf, STR("Why?"), STR("ial2"), &arena, &matter,
                         &position, &err));
}

/* All that an agency's work writes down about the same people. */
static void do_work(const struct work *w)
{
    const struct agency *agency = jurisdiction_agency(j, str_of(w->agency));
    const struct registry *registry = jurisdiction_registry(j, str_of(w->registry));
    for (uint8_t i = 0; i < PERSONS; i++) {
        uint8_t pid[PID_SIZE] = {50, i};
        struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
        struct gate_load load = {.registry = registry, .record = STR("1"), .values = values};
        const char *case_no = arena_printf(&arena, "%s-%u", w->case_prefix, i),
                   *notary_case = arena_printf(&arena, "N-%u", i);
        values[0] = str_of(arena_printf(&arena, "the same value of person %u", i));
        memcpy(load.pid, pid, PID_SIZE);
        must_ok(gate_load(gate, database, &load, 1, &err));
        must_ok(gate_case_open(gate, database, agency, str_of(case_no), str_of(w->purpose), pid, today, today,
                               &err));
        must_ok(gate_consent(gate, database, agency, STR("income-sharing"), pid, today, &err));
        look_and_ask(w, pid, case_no, false);
        look_and_ask(w, pid, notary_case, true);
    }
    must_ok(ledger_wait(ledger, ledger_size(ledger), &err));
}

static void two_agencies_tables_of_the_same_people_do_not_join(void **state)
{
    static struct values start_values, after_one, after_both, one, other;
    static const struct work health = {"health",      "clinic-5", "MED-1", "treatment", "clinic-attachment",
                                       "real-estate", "H"},
                             police = {"police", "traffic", "POL-1", "accident", "vehicles", "vehicles", "P"};
    for (uint8_t i = 0; i < PERSONS; i++) { /* the notaries' own cases: their looks go to two other holders */
        uint8_t pid[PID_SIZE] = {50, i};
        must_ok(gate_case_open(gate, database, jurisdiction_agency(j, STR("justice")),
                               str_of(arena_printf(&arena, "N-%u", i)), STR("notarial-act"), pid, today,
                               today, &err));
    }
    read_all(&start_values);
    do_work(&health);
    read_all(&after_one);
    do_work(&police);
    read_all(&after_both);
    added(&one, &start_values, &after_one);
    added(&other, &after_one, &after_both);
    print_message("%zu values of one agency's work, %zu of the other's\n", one.n, other.n);
    assert_true(one.n > PERSONS * 10 && other.n > PERSONS * 10);
    /* By construction `other` holds what was nowhere before; so what could join them is what the second work
     * wrote again as it stood: a value of the first work that the second made more frequent, and that is not
     * common to all the people. */
    for (size_t i = 0; i < one.n; i++) {
        size_t first = count_of(&after_one, &one.list[i]), both = count_of(&after_both, &one.list[i]);
        if (both > first && first < PERSONS)
            fail_msg("%s: the value %.40s stands in both agencies' rows, and not in everybody's",
                     one.list[i].column, one.list[i].text);
    }
}

/* The test itself finds a join where there is one. */
static void a_join_would_be_found(void **state)
{
    static struct values before, after, both, one;
    must_ok(db_exec(database, "CREATE TABLE leak (who text, what text)", &err));
    read_all(&before);
    must_ok(db_exec(database, "INSERT INTO leak VALUES ('anna-tag', 'health')", &err));
    read_all(&after);
    must_ok(db_exec(database, "INSERT INTO leak VALUES ('anna-tag', 'police')", &err));
    read_all(&both);
    added(&one, &before, &after);
    bool found = false;
    for (size_t i = 0; i < one.n; i++)
        found |= count_of(&both, &one.list[i]) > count_of(&after, &one.list[i]);
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(nothing_is_let_go_when_the_log_stops_after_the_decision),
        WITH(two_agencies_tables_of_the_same_people_do_not_join),
        WITH(a_join_would_be_found),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
