/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h: a gate on real parts: folder, vault, ledger, database (SQLite, then PostgreSQL), made anew for
 * each test. */
#ifndef TESTS_GATE_FIXTURE_H
#define TESTS_GATE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/acts.h"
#include "tlog/verify.h"

static const char *url;
static char folder[64];
static const uint8_t master[KEY_SIZE] = {3};
static const uint8_t anna[PID_SIZE] = {1}, boris[PID_SIZE] = {2};

static struct arena arena;
static struct err err;
static struct jurisdiction *j;
static struct vault *vault;
static struct db *database;
static struct ledger *ledger;
static struct gate *gate;
static struct ledger_config ledger_config;
static struct gate_config gate_config;
static int32_t today;

static UNUSED void must_ok(bool done)
{
    if (!done)
        fail_msg("%s: %s", err.place, err.text);
}

static UNUSED void load_folder(const char *name)
{
    struct findings findings;
    char path[4096];
    snprintf(path, sizeof path, "%s/jurisdictions/%s", getenv("AINA_ROOT"), name);
    must_ok(jurisdiction_load(path, &arena, &j, &findings, &err));
    assert_non_null(j);
}

static UNUSED void make_vault(void)
{
    struct vault_registry *r = arena_array(&arena, struct vault_registry, j->registries_n);
    for (size_t i = 0; i < j->registries_n; i++) {
        r[i] = (struct vault_registry){.id = j->registries[i].id,
                                       .holder = j->registries[i].holder->id,
                                       .fields_n = j->registries[i].fields_n};
        for (size_t f = 0; f < r[i].fields_n; f++)
            r[i].field[f] = j->registries[i].fields[f].id;
    }
    must_ok(vault_new(&vault, master, r, j->registries_n, &err));
}

static UNUSED void open_all(void)
{
    struct ledger_report report;
    must_ok(ledger_open(&ledger, &ledger_config, &report, &err));
    gate_config.ledger = ledger;
    must_ok(gate_open(&gate, &gate_config, database, &err));
}

static UNUSED void close_all(void)
{
    gate_close(gate);
    ledger_close(ledger);
    gate = NULL;
}

/* Everything but the log and the gate, in `folder`. */
static UNUSED void open_folder(const char *jurisdiction)
{
    static char keys[128], log[128];
    char sqlite[256];
    arena_init(&arena, 65536, (size_t)64 << 20);
    snprintf(keys, sizeof keys, "%s/keys", folder);
    snprintf(log, sizeof log, "%s/ledger", folder);
    snprintf(sqlite, sizeof sqlite, "sqlite:%s/state.db", folder);
    load_folder(jurisdiction);
    today = local_today(j); /* the gate's day, late at night too */
    make_vault();
    must_ok(db_open(&database, url ? url : sqlite, &err));
    ledger_config = (struct ledger_config){.folder = log,
                                           .origin = STR("test.example/log"),
                                           .sign_seed = {5},
                                           .header_key = {6},
                                           .segment_bytes = (size_t)2 << 20};
    gate_config = (struct gate_config){.keys_folder = keys, .jurisdiction = j, .vault = vault};
    memcpy(gate_config.master, master, sizeof master);
}

static UNUSED int start_in(const char *jurisdiction)
{
    char keys[128];
    strcpy(folder, "/tmp/aina-gate-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(keys, sizeof keys, "%s/keys", folder);
    mkdir(keys, 0700);
    open_folder(jurisdiction);
    if (url != NULL)
        must_ok(db_exec(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &err));
    must_ok(vault_migrate(database, &err) && gate_migrate(database, &err));
    must_ok(gate_create_keys(keys, master, &err));
    must_ok(ledger_create(&ledger_config, &err));
    open_all();
    return 0;
}

static UNUSED int start(void **state)
{
    return start_in("kz");
}

static UNUSED int stop(void **state)
{
    char command[128];
    close_all();
    db_close(database);
    vault_free(vault);
    jurisdiction_free(j);
    arena_done(&arena);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static UNUSED const struct office *office(const char *agency, const char *id)
{
    const struct agency *a = jurisdiction_agency(j, str_of(agency));
    const struct office *o = a ? jurisdiction_office(a, str_of(id)) : NULL;
    assert_non_null(o);
    return o;
}

static UNUSED void load_clinic(const uint8_t *pid, const char *allergies)
{
    const struct registry *registry = jurisdiction_registry(j, STR("clinic-attachment"));
    struct str values[VAULT_FIELDS_MAX] = {{NULL, 0}};
    values[registry_field(registry, STR("clinic"))] = STR("Clinic No. 5");
    values[registry_field(registry, STR("allergies"))] = str_of(allergies);
    struct gate_load load = {.registry = registry, .record = STR("1"), .values = values};
    memcpy(load.pid, pid, PID_SIZE);
    must_ok(gate_load(gate, database, &load, 1, &err));
}

static UNUSED struct gate_request doctor(const uint8_t *pid, const char *case_no)
{
    return (struct gate_request){
        .office = office("health", "clinic-5"),
        .actor = STR("MED-0417"),
        .capacity = STR("official"),
        .levels = STR("ial3.aal3.phr"),
        .purpose = STR("treatment"),
        .registry = STR("clinic-attachment"),
        .case_no = str_of(case_no),
        .pid = pid,
    };
}

static UNUSED struct gate_answer look(const struct gate_request *request)
{
    struct gate_answer answer;
    uint64_t before = ledger_size(ledger);
    must_ok(gate_look(gate, database, request, &arena, &answer, &err));
    assert_int_equal(ledger_size(ledger), before + 1); /* admitted or refused: one entry */
    assert_int_equal(answer.position, before + 1);
    must_ok(ledger_wait(ledger, answer.position, &err));
    if (answer.reason != GATE_ADMITTED) {
        assert_int_equal(answer.records_n, 0);
        assert_int_equal(answer.fields, 0);
    }
    return answer;
}

static UNUSED size_t entries_of(const uint8_t *pid, bool protected_too, struct gate_entry **entries)
{
    struct gate_filter filter = {.limit = 100, .protected_too = protected_too};
    uint64_t total, hidden;
    size_t n;
    must_ok(gate_entries(gate, database, pid, &filter, &arena, entries, &n, &total, &hidden, &err));
    return n;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, start, stop)

/* On SQLite, then on PostgreSQL. */
static int run_on_both(const struct CMUnitTest *tests, size_t n)
{
    keys_start();
    int failed = _cmocka_run_group_tests("SQLite", tests, n, NULL, NULL);
    url = getenv("AINA_TEST_PG");
    if (url != NULL)
        failed += _cmocka_run_group_tests("PostgreSQL", tests, n, NULL, NULL);
    else
        printf("SKIPPED: PostgreSQL half (AINA_TEST_PG is not set; script/test sets it)\n");
    return failed;
}

#endif
