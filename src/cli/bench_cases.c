/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_cases.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/draft.h"
#include "cli/bench_http.h"
#include "cli/bench_place.h"
#include "cli/bench_postgres.h"
#include "cli/cli.h"
#include "crypto/keys.h"

#define FILERS 8
#define CLIENTS 64
#define WORDS BENCH_ANSWERS
#define COUNTED 2000000 /* cases behind the counters, over two years and all services */

struct bench {
    struct bench_teller teller;
    struct bench_place place;
    struct instance in;
    const struct service *service;
    struct answer *answers;
    double seconds;
    uint64_t rows;
    char session[PEOPLE_SECRET_SIZE], own[PEOPLE_SECRET_SIZE]; /* of an official, and of a citizen */
    const char *form;                                          /* the path of a page of a form */
    struct bench_postgres *postgres;                           /* NULL: it is not installed */
};

/* --- what is filed --- */

static struct str words_of(struct arena *arena, size_t n)
{
    char *text = arena_take(arena, n + 1, 1);
    for (size_t i = 0; i < n; i++)
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + i % 26);
    text[n] = '\0';
    return (struct str){text, n};
}

/* A kilobyte into the largest text, the first of each choice; what a registry holds is not there. */
static bool answer(struct bench *b, const struct service *s, struct answer *answers)
{
    size_t largest = NONE;
    for (size_t f = 0; f < s->fields_n; f++) {
        const struct service_field *field = &s->fields[f];
        if (field->registry != NULL)
            answers[f] = (struct answer){false, true, STR("")};
        if (field->page == NONE || field->registry != NULL)
            continue;
        bool text = field->type == ANSWER_TEXT && field->max >= WORDS;
        if (text && (largest == NONE || field->max > s->fields[largest].max))
            largest = f;
        if (field->type == ANSWER_CHOICE)
            answers[f] = (struct answer){true, false, field->options[0].id};
        else if (field->optional)
            answers[f] = (struct answer){true, false, STR("")};
        else if (field->type == ANSWER_TEXT)
            answers[f] =
                (struct answer){true, false, words_of(&b->place.arena, MAX_OF(field->min, (uint64_t)1))};
    }
    if (largest == NONE)
        return false;
    answers[largest] = (struct answer){true, false, words_of(&b->place.arena, WORDS)};
    return true;
}

static bool file_one(struct bench *b, struct db *db, struct arena *arena, struct err *err)
{
    uint8_t pid[PID_SIZE];
    char number[CASE_NO_SIZE];
    uint64_t position;
    random_bytes(pid, sizeof pid);
    return case_file(b->in.cases, db, b->service, pid, BY_WEB, b->answers, clock_now(), STR("ial2.aal2"),
                     arena, number, &position, err) &&
           ledger_wait(b->in.ledger, position, err);
}

/* The first service that can be filed so, and stays open at an office's desk. */
static bool choose_service(struct bench *b, struct err *err)
{
    for (size_t i = 0; i < b->in.jurisdiction->services_n; i++) {
        const struct service *s = &b->in.jurisdiction->services[i];
        struct err why;
        b->answers = arena_array(&b->place.arena, struct answer, s->fields_n + 1);
        b->service = s;
        if (s->persons && s->procedure->archetype == APPEAL && (s->channels >> BY_WEB & 1) != 0 &&
            answer(b, s, b->answers) && file_one(b, b->in.db, &b->place.arena, &why))
            return true;
    }
    return err_set(err, ERR_INVALID, "jurisdiction",
                   "has no service that the bench can file: an appeal of %d letters", WORDS);
}

/* --- filing --- */

struct filer {
    struct bench *bench;
    pthread_t thread;
    struct bench_times times;
    int64_t until;
    struct err err;
    bool ok;
};

static void *file_on(void *arg)
{
    struct filer *f = arg;
    struct arena arena;
    struct db *db;
    arena_init(&arena, (size_t)1 << 20, (size_t)64 << 20);
    f->ok = db_open(&db, f->bench->in.db_url, &f->err);
    while (f->ok && clock_steady() < f->until) {
        int64_t start = clock_steady();
        f->ok = file_one(f->bench, db, &arena, &f->err);
        bench_times_add(&f->times, clock_steady() - start);
        arena_reset(&arena);
    }
    if (db != NULL)
        db_close(db);
    arena_done(&arena);
    return NULL;
}

static bool run_filing(struct bench *b, struct err *err)
{
    struct filer filers[FILERS] = {0};
    struct bench_times all = {0};
    bool ok = true;
    bench_probe(&b->teller, "cases-file");
    int64_t start = clock_steady();
    for (size_t i = 0; i < FILERS; i++) {
        filers[i].bench = b;
        filers[i].until = start + (int64_t)(b->seconds * CLOCK_SECOND);
        must(pthread_create(&filers[i].thread, NULL, file_on, &filers[i]) == 0);
    }
    for (size_t i = 0; i < FILERS; i++) {
        pthread_join(filers[i].thread, NULL);
        for (size_t k = 0; k < filers[i].times.n; k++)
            bench_times_add(&all, filers[i].times.micro[k]);
        if (!filers[i].ok && ok)
            *err = filers[i].err;
        ok &= filers[i].ok;
        bench_times_done(&filers[i].times);
    }
    double seconds = bench_seconds_since(start);
    if (ok) {
        struct bench_row row = bench_row_of("cases-file", (double)all.n / seconds, all.micro, all.n,
                                            "8 threads in process: case, journal, counters and outbox in one "
                                            "durable transaction of SQLite, then the "
                                            "entry durable in the log; 1 kB of answers, no file");
        bench_tell(&b->teller, &row);
    }
    bench_times_done(&all);
    return ok;
}

/* --- the peer --- */

static bool run_peer(struct bench *b, struct err *err)
{
    struct bench_times times = {0};
    double ops_s;
    bench_probe(&b->teller, "postgres-file");
    bool ok = bench_postgres_run(b->postgres, BENCH_FILE, b->seconds, &times, &ops_s, err);
    if (ok) {
        const char *note =
            arena_printf(&b->place.arena,
                         "a function that inserts a case of 1 kB and its audit row, both durable; "
                         "%s",
                         bench_postgres_settings(b->postgres));
        struct bench_row row = bench_row_of("postgres-file", ops_s, times.micro, times.n, note);
        bench_tell(&b->teller, &row);
    }
    bench_times_done(&times);
    return ok;
}

/* --- a million cases --- */

/* Rows as the queue reads them; what stands sealed in them is one byte, for nobody opens it. */
static bool fill_queue(struct bench *b, struct err *err)
{
    const char *sql = arena_printf(
        &b->place.arena,
        "INSERT INTO case_row SELECT 'X' || printf('%%013d', n.i), service, definition, agency, office, "
        "desk, '',"
        " status, flags, 1, %lld + n.i * 1000000, 0, version, filed, 0, 0, 0, 0, 0, 0, channel, x'00', x'00' "
        "FROM"
        " (SELECT * FROM case_row WHERE open = 1 LIMIT 1) CROSS JOIN"
        " (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %llu) SELECT i FROM n) n",
        (long long)clock_now(), (unsigned long long)b->rows);
    return db_exec(b->in.db, sql, err);
}

static bool fill_counters(struct bench *b, struct err *err)
{
    const struct jurisdiction *j = b->in.jurisdiction;
    struct date date = date_of_days(local_today(j));
    int last = date.year * 4 + (date.month - 1) / 3 - 1;
    uint64_t each = COUNTED / (8 * 60) / MAX_OF(j->services_n, (size_t)1) + 1;
    for (size_t i = 0; i < j->services_n; i++) {
        const struct service *s = &j->services[i];
        const char *sql = arena_printf(
            &b->place.arena,
            "WITH RECURSIVE q(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM q WHERE i < %d), d(i) AS (SELECT "
            "0 UNION ALL "
            "SELECT i + 1 FROM d WHERE i < 59), w(what, part) AS (VALUES (0, 60), (1, 50), (2, 10), (3, 4)) "
            "INSERT INTO case_count SELECT q.i, '%.*s', '%.*s', '%.*s', 9, d.i, 1, %llu FROM q, d UNION ALL "
            "SELECT q.i, '%.*s', '%.*s', '%.*s', w.what, 0, 1, w.part * %llu FROM q, w",
            last - 7, last, STR_ARG(s->id), STR_ARG(s->provider->agency->id), STR_ARG(s->provider->id),
            (unsigned long long)each, STR_ARG(s->id), STR_ARG(s->provider->agency->id),
            STR_ARG(s->provider->id), (unsigned long long)each);
        if (!db_exec(b->in.db, sql, err))
            return false;
    }
    return true;
}

static bool add_official(struct bench *b, struct err *err)
{
    const struct office *office = b->service->provider;
    struct caller caller = {.kind = CALLER_OFFICIAL, .levels = STR("ial2.aal2.phr")};
    caller.official = (struct official){.staff_code = STR("bench-00001"),
                                        .agency = office->agency->id,
                                        .office = office->id,
                                        .from = local_day(b->in.jurisdiction, clock_now()) - 1};
    return people_official_add(b->in.db, &caller.official, err) &&
           people_caller_add(b->in.people, b->in.db, &caller, false, 8 * 3600 * CLOCK_SECOND, b->session,
                             err);
}

/* A citizen in the middle of the form: what they wrote so far is stored. */
static bool add_citizen(struct bench *b, struct err *err)
{
    struct caller caller = {.kind = CALLER_PERSON, .levels = STR("ial2.aal2")};
    struct draft draft = {.answers = b->answers, .looked = local_today(b->in.jurisdiction)};
    random_bytes(caller.person.pid, sizeof caller.person.pid);
    b->form = arena_printf(&b->place.arena, "/me/apply/%.*s/%.*s", STR_ARG(b->service->id),
                           STR_ARG(b->service->pages[0].id));
    return draft_write(b->in.cases, b->in.db, b->service, caller.person.pid, &draft, clock_now(),
                       &b->place.arena, err) &&
           people_caller_add(b->in.people, b->in.db, &caller, false, 8 * 3600 * CLOCK_SECOND, b->own, err);
}

/* --- pages --- */

struct asking {
    const char *path, *session;
    const char *holds; /* NULL: it comes compressed */
};

static bool next_page(void *arg, struct buf *request)
{
    const struct asking *a = arg;
    buf_printf(request, "GET %s HTTP/1.1\r\nHost: bench\r\nCookie: aina=%s\r\nAccept: text/html\r\n%s\r\n",
               a->path, a->session, a->holds == NULL ? "Accept-Encoding: gzip, deflate, br\r\n" : "");
    return true;
}

static bool check_page(void *arg, struct str head, struct str body, struct err *err)
{
    const struct asking *a = arg;
    struct str coding;
    bool zipped = bench_http_header(head, "Content-Encoding", &coding);
    if (str_starts(head, STR("HTTP/1.1 200")) &&
        (a->holds == NULL ? zipped : memmem(body.p, body.n, a->holds, strlen(a->holds)) != NULL))
        return true;
    return err_set(err, ERR_IO, a->path, "the page is not what it must be: %.*s",
                   (int)MIN_OF(head.n, (size_t)40), head.p);
}

static bool run_page(struct bench *b, const char *name, size_t clients, const struct asking *asking,
                     const char *note, struct err *err)
{
    struct bench_times times = {0};
    struct bench_http load = {.socket = b->place.socket,
                              .clients = clients,
                              .seconds = b->seconds,
                              .next = next_page,
                              .check = check_page,
                              .arg = (void *)asking};
    double ops_s;
    bool ok = bench_http_run(&load, &times, &ops_s, err);
    if (ok) {
        struct bench_row row = bench_row_of(name, ops_s, times.micro, times.n, note);
        bench_tell(&b->teller, &row);
    }
    bench_times_done(&times);
    return ok;
}

static bool run_pages(struct bench *b, struct err *err)
{
    const char *queue =
        arena_printf(&b->place.arena, "one client: the queue page of an office with %llu open cases",
                     (unsigned long long)b->rows);
    const struct asking asked[] = {{"/desk/cases", b->session, "<table"},
                                   {"/services/statistics", b->session, "<table"},
                                   {b->form, b->own, "<form"},
                                   {b->form, b->own, NULL}};
    if (!bench_place_serve(&b->place, err) || !run_page(b, "cases-queue", 1, &asked[0], queue, err) ||
        !run_page(b, "cases-statistics", 1, &asked[1],
                  "one client: the last quarter of all services, counters of two years", err) ||
        !run_page(b, "cases-form", 1, &asked[2],
                  "one client: a page of a form, a draft of 1 kB read and its journey recomputed", err) ||
        !run_page(b, "cases-forms", CLIENTS, &asked[3], "64 clients: the same, gzip", err))
        return false;
    struct bench_memory memory = bench_place_memory(&b->place);
    bench_tell_value(&b->teller, "cases-memory", memory.resident_mb, "MB", "resident, after these pages");
    bench_place_stop(&b->place);
    return true;
}

/* --- all of it --- */

static bool make_place(struct bench *b, const char *folder, const char *jurisdiction, struct err *err)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program);
    struct bench_place *place = &b->place;
    arena_init(&place->arena, 65536, (size_t)64 << 20);
    if (n <= 0 || n == sizeof program)
        return err_errno(err, "/proc/self/exe", "cannot be read");
    place->program = str_c(&place->arena, (struct str){program, (size_t)n});
    place->folder = arena_printf(&place->arena, "%s/cases", folder);
    place->log = arena_printf(&place->arena, "%s/cases.log", folder);
    place->socket = arena_printf(&place->arena, "%s/cases.socket", folder);
    const char *const words[] = {place->program, "init",  place->folder, "--jurisdiction",
                                 jurisdiction,   "--yes", NULL};
    return bench_child_run(NULL, place->log, words, err);
}

static bool start_peer(struct bench *b, bool quick, struct err *err)
{
    static const char *const no_options[] = {NULL};
    if (!bench_postgres_installed()) {
        fprintf(stderr,
                "aina bench: PostgreSQL is not installed (apt-get install postgresql): its row is left "
                "out\n");
        return true;
    }
    struct bench_postgres_config config = {.folder =
                                               arena_printf(&b->place.arena, "%s/peer", b->teller.folder),
                                           .quick = quick,
                                           .options = no_options};
    return bench_postgres_start(&b->postgres, &config, err) &&
           bench_postgres_load(b->postgres, quick ? 1000 : 100000, 16, err);
}

static bool run_in_process(struct bench *b, struct err *err)
{
    if (!instance_open(&b->in, b->place.folder, true, err))
        return false;
    bool ok = choose_service(b, err) && run_filing(b, err);
    if (ok)
        say(SAY_INFO, "adding %llu cases to the office's queue", (unsigned long long)b->rows);
    ok = ok && (b->postgres == NULL || run_peer(b, err)) && fill_queue(b, err) && fill_counters(b, err) &&
         add_official(b, err) && add_citizen(b, err);
    instance_close(&b->in);
    return ok;
}

int bench_cases_main(const char *folder, const char *jurisdiction, bool json, bool quick)
{
    struct bench b = {
        .teller = {folder, json}, .seconds = quick ? 0.5 : 5, .rows = quick ? 20000 : UINT64_C(1000000)};
    struct err err;
    bool ok = make_place(&b, folder, jurisdiction, &err) && start_peer(&b, quick, &err) &&
              run_in_process(&b, &err) && run_pages(&b, &err);
    bench_postgres_stop(b.postgres);
    bench_place_done(&b.place);
    return ok ? EXIT_DONE : cli_fail(&err);
}
