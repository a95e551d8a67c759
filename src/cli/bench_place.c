/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_place.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/demo.h"
#include "crypto/keys.h"
#include "people/mandate.h"

/* --- whom to ask for, and as whom --- */

struct subjects {
    struct bench_place *place;
    uint8_t reader[BENCH_READERS][PID_SIZE];
};

static void take_subjects(void *arg, const struct people_new_person *persons, size_t n, uint64_t before)
{
    struct subjects *subjects = arg;
    for (size_t i = 0; i < n && before + i < BENCH_READERS; i++)
        memcpy(subjects->reader[before + i], persons[i].pid, PID_SIZE);
    for (size_t i = 0; i < n; i++)
        snprintf(subjects->place->number[before + i], sizeof subjects->place->number[0], "%.*s",
                 STR_ARG(persons[i].number));
}

/* A look that needs no case: the first purpose of that kind that an office may use. */
struct errand {
    const struct office *office;
    const struct purpose *purpose;
    const struct registry *registry;
};

static bool plain_purpose(const struct purpose *p)
{
    return !p->needs_case && !p->needs_consent && !p->needs_order && !p->self && p->stream == STREAM_OPEN;
}

static bool find_errand(const struct jurisdiction *j, struct errand *ret_errand, struct err *err)
{
    for (size_t a = 0; a < j->agencies_n; a++) {
        for (size_t o = 0; o < j->agencies[a].offices_n; o++) {
            const struct office *office = &j->agencies[a].offices[o];
            for (size_t p = 0; p < office->purposes_n; p++) {
                const struct purpose *purpose = office->purposes[p];
                const struct registry *registry = jurisdiction_registry(j, STR("population"));
                if (plain_purpose(purpose) && office->quota > 0 && registry != NULL &&
                    registry_lookup(registry, purpose) != NULL) {
                    *ret_errand = (struct errand){office, purpose, registry};
                    return true;
                }
            }
        }
    }
    return err_set(err, ERR_INVALID, "jurisdiction",
                   "no office may look into 'population' without a case; the bench needs one that may");
}

/* A second token of the same official, who acts by a mandate: it is read again at each look. */
static bool add_mandate(struct instance *in, const struct caller *official, const struct errand *errand,
                        char token[PEOPLE_SECRET_SIZE], struct err *err)
{
    int64_t now = clock_now();
    struct caller caller = *official;
    struct mandate m = {.capacity = CAPACITY_NOTARY,
                        .source = SOURCE_LICENCE,
                        .ground = STR("bench"),
                        .actor = account_of(official),
                        .scope = errand->purpose->id,
                        .from = now,
                        .until = now + 10 * CLOCK_DAY};
    random_bytes(m.subject.pid, sizeof m.subject.pid);
    if (!mandate_give(in->people, in->db, &m, now, err))
        return false;
    caller.acting = true;
    caller.mandate = str_of(m.id);
    return people_caller_add(in->people, in->db, &caller, true, 10 * CLOCK_DAY, token, err);
}

static bool add_officials(struct bench_place *place, struct instance *in, const struct errand *errand,
                          struct err *err)
{
    int32_t today = local_today(in->jurisdiction);
    must(errand->office != NULL);
    size_t officials = (place->persons + errand->office->quota - 1) / errand->office->quota;
    place->persons_each = errand->office->quota;
    place->token = calloc(officials, sizeof *place->token);
    place->acting = calloc(officials, sizeof *place->acting);
    must(place->token != NULL && place->acting != NULL);
    for (size_t i = 0; i < officials; i++) {
        char code[32];
        snprintf(code, sizeof code, "bench-%05zu", i + 1);
        struct caller caller = {.kind = CALLER_OFFICIAL, .levels = STR("ial3.aal3.phr")};
        caller.official = (struct official){.staff_code = str_of(code),
                                            .agency = errand->office->agency->id,
                                            .office = errand->office->id,
                                            .from = today - 1};
        if (!people_official_add(in->db, &caller.official, err) ||
            !people_caller_add(in->people, in->db, &caller, true, 10 * CLOCK_DAY, place->token[i], err) ||
            !add_mandate(in, &caller, errand, place->acting[i], err))
            return false;
    }
    return true;
}

/* --- sizes, for a peer that shall read and write as much --- */

static bool measure_record(struct bench_place *place, struct instance *in, const struct errand *errand,
                           struct err *err)
{
    static const char sql[] = "SELECT CAST(avg(length(sealed)) AS bigint) FROM "
                              "(SELECT sealed FROM vault_record WHERE registry = $1 LIMIT 1000) AS some";
    struct db_stmt *stmt = db_sql(in->db, sql, err);
    bool found;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, errand->registry->id);
    if (!db_one(stmt, &found, err))
        return false;
    place->record_bytes = (size_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

static bool measure_entry(struct bench_place *place, struct instance *in, uint64_t leaf, struct err *err)
{
    struct ledger_entry entry;
    if (!ledger_wait(in->ledger, leaf + 1, err) || !ledger_read(in->ledger, leaf, &place->arena, &entry, err))
        return false;
    place->entry_bytes = entry.body_n;
    return true;
}

/* --- who reads their own entries --- */

static bool add_reader(struct bench_place *place, struct instance *in, const struct errand *errand,
                       const uint8_t pid[PID_SIZE], char session[PEOPLE_SECRET_SIZE], uint64_t *ret_leaf,
                       struct err *err)
{
    struct caller caller = {.kind = CALLER_PERSON, .levels = STR("ial2.aal2")};
    struct gate_request request = {.office = errand->office,
                                   .actor = STR("bench-00001"),
                                   .capacity = STR("official"),
                                   .levels = STR("ial3.aal3.phr"),
                                   .purpose = errand->purpose->id,
                                   .registry = errand->registry->id,
                                   .pid = pid};
    struct gate_answer answer;
    for (int i = 0; i < BENCH_ROWS; i++) {
        if (!gate_look(in->gate, in->db, &request, &place->arena, &answer, err))
            return false;
        if (answer.reason != GATE_ADMITTED)
            return err_set(err, ERR_INVALID, "bench", "its look is refused: %s",
                           gate_reason_words(answer.reason));
    }
    *ret_leaf = answer.leaf;
    memcpy(caller.person.pid, pid, PID_SIZE);
    return people_caller_add(in->people, in->db, &caller, false, 8 * 3600 * CLOCK_SECOND, session, err);
}

static bool add_readers(struct bench_place *place, struct instance *in, const struct errand *errand,
                        const struct subjects *subjects, struct err *err)
{
    uint64_t leaf = 0;
    for (size_t i = 0; i < BENCH_READERS; i++) {
        if (!add_reader(place, in, errand, subjects->reader[i], place->session[i], &leaf, err))
            return false;
    }
    return measure_entry(place, in, leaf, err);
}

static bool pragma_text(struct instance *in, const char *sql, const char **ret_text, struct err *err)
{
    struct db_stmt *stmt = db_sql(in->db, sql, err);
    bool found;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    *ret_text = str_c(&in->arena, db_text(stmt, 0));
    db_end(stmt);
    return true;
}

static bool read_settings(struct bench_place *place, struct instance *in, struct err *err)
{
    const char *journal, *synchronous;
    if (!pragma_text(in, "PRAGMA journal_mode", &journal, err) ||
        !pragma_text(in, "PRAGMA synchronous", &synchronous, err))
        return false;
    place->settings = arena_printf(
        &place->arena,
        "aina serve as shipped, HTTP/1.1 keep-alive on a Unix socket; state in SQLite (journal_mode %s, "
        "synchronous %s), log one fdatasync a batch, batches of at most %d entries; sealed record %zu bytes, "
        "sealed entry %zu bytes; %zu persons, %zu officials",
        journal, synchronous, LEDGER_BATCH_ENTRIES, place->record_bytes, place->entry_bytes, place->persons,
        (place->persons + place->persons_each - 1) / place->persons_each);
    return true;
}

/* --- making it --- */

static bool fill(struct bench_place *place, struct instance *in, struct err *err)
{
    struct subjects subjects = {.place = place};
    struct errand errand;
    if (!find_errand(in->jurisdiction, &errand, err) ||
        !demo_fill(in, place->persons, take_subjects, &subjects, err) ||
        !add_officials(place, in, &errand, err) || !measure_record(place, in, &errand, err) ||
        !add_readers(place, in, &errand, &subjects, err) || !read_settings(place, in, err))
        return false;
    place->look =
        str_of(arena_printf(&place->arena, "{\"purpose\":\"%.*s\",\"registry\":\"%.*s\",\"number\":\"",
                            STR_ARG(errand.purpose->id), STR_ARG(errand.registry->id)));
    return true;
}

static void set_folder(struct bench_place *place, const char *folder)
{
    arena_init(&place->arena, 65536, (size_t)64 << 20);
    place->folder = str_c(&place->arena, str_of(folder));
    place->log = arena_printf(&place->arena, "%s.log", folder);
    place->socket = arena_printf(&place->arena, "%s.socket", folder);
}

bool bench_place_make(struct bench_place *place, struct err *err)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program);
    set_folder(place, place->folder);
    if (n <= 0 || n == sizeof program)
        return err_errno(err, "/proc/self/exe", "cannot be read");
    place->program = str_c(&place->arena, (struct str){program, (size_t)n});
    place->number = calloc(place->persons, sizeof *place->number);
    must(place->number != NULL);
    const char *const words[] = {place->program,      "init",  place->folder, "--jurisdiction",
                                 place->jurisdiction, "--yes", NULL};
    struct instance in;
    if (!bench_child_run(NULL, place->log, words, err) || !instance_open(&in, place->folder, true, err))
        return false;
    bool ok = fill(place, &in, err);
    instance_close(&in);
    return ok;
}

bool bench_place_copy(struct bench_place *place, const struct bench_place *from, const char *folder,
                      struct err *err)
{
    *place = *from;
    place->copied = true;
    set_folder(place, folder);
    const char *const words[] = {"/bin/cp", "-a", "--", from->folder, folder, NULL};
    return bench_child_run(NULL, place->log, words, err);
}

void bench_place_done(struct bench_place *place)
{
    bench_place_stop(place);
    if (!place->copied) {
        free(place->number);
        free(place->token);
        free(place->acting);
    }
    arena_done(&place->arena);
}

/* --- the server --- */

bool bench_place_serve(struct bench_place *place, struct err *err)
{
    char said[256] = "";
    size_t n = 0;
    const char *const words[] = {place->program,
                                 "serve",
                                 place->folder,
                                 "--port",
                                 "0",
                                 "--socket",
                                 place->socket,
                                 geteuid() == 0 ? "--user" : NULL,
                                 "root", /* the bench made its files as root */
                                 NULL};
    place->server = (struct bench_child){.log = place->log, .end_signal = SIGTERM};
    if (!bench_child_start(&place->server, words, err))
        return false;
    while (n < sizeof said - 1 && strstr(said, "Serving on ") == NULL) {
        ssize_t got = read(place->server.out, said + n, sizeof said - 1 - n);
        if (got <= 0)
            return bench_child_wait(&place->server, err) &&
                   err_set(err, ERR_IO, place->log, "the server ended before it served");
        n += (size_t)got;
    }
    return true;
}

void bench_place_stop(struct bench_place *place)
{
    bench_child_end(&place->server);
}

/* Of a line of /proc/PID/status; 0 where it is another's. */
static double megabytes(const char *line, const char *name)
{
    size_t n = strlen(name);
    return strncmp(line, name, n) == 0 ? (double)strtoul(line + n, NULL, 10) * 1024 / 1e6 : 0;
}

struct bench_memory bench_place_memory(const struct bench_place *place)
{
    char path[64], line[256];
    struct bench_memory memory = {0};
    snprintf(path, sizeof path, "/proc/%ld/status", (long)place->server.pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        memory.resident_mb += megabytes(line, "VmRSS:");
        memory.anonymous_mb += megabytes(line, "RssAnon:");
    }
    if (file != NULL)
        fclose(file);
    return memory;
}
