/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_postgres.h"

#include <errno.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/bench_child.h"
#include "crypto/keys.h"

#define PROGRAMS "/usr/lib/postgresql/*/bin"
#define START_TRIES 600 /* of 50 ms */
#define WAL_AHEAD 48    /* segments of 16 MiB */
#define OPTIONS_MAX 64

struct postgres_client {
    PGconn *connection;
    int64_t start;
    bool waits;
};

struct bench_postgres {
    struct bench_postgres_config config;
    struct arena arena;
    const char *programs, *user, *data, *sockets, *log, *settings;
    struct bench_child server;
    struct postgres_client client[BENCH_POSTGRES_CONNECTIONS];
    int epoll;
    size_t persons, record_bytes;
    uint64_t drawn; /* of the persons' generator */
};

/* --- the cluster --- */

static const char *programs_folder(struct arena *arena)
{
    glob_t found;
    const char *folder = NULL;
    if (glob(PROGRAMS, 0, NULL, &found) == 0)
        folder = str_c(arena, str_of(found.gl_pathv[found.gl_pathc - 1]));
    globfree(&found);
    return folder;
}

bool bench_postgres_installed(void)
{
    struct arena arena;
    arena_init(&arena, 4096, 65536);
    const char *folder = programs_folder(&arena);
    bool there = folder != NULL && access(arena_printf(&arena, "%s/initdb", folder), X_OK) == 0;
    arena_done(&arena);
    return there;
}

/* PostgreSQL refuses root, so that root starts it as another user. */
static bool choose_user(struct bench_postgres *pg, struct err *err)
{
    if (geteuid() != 0)
        return true;
    pg->user = getpwnam("postgres") != NULL ? "postgres" : "nobody";
    const struct passwd *entry = getpwnam(pg->user);
    if (entry == NULL)
        return err_set(err, ERR_NOT_FOUND, "postgres",
                       "there is no user for it: PostgreSQL does not run as root");
    return (chown(pg->config.folder, entry->pw_uid, entry->pw_gid) == 0 &&
            chown(pg->sockets, entry->pw_uid, entry->pw_gid) == 0) ||
           err_errno(err, pg->config.folder, "cannot be given to user %s", pg->user);
}

static bool make_folders(struct bench_postgres *pg, struct err *err)
{
    char sockets[] = "/tmp/aina-bench-XXXXXX"; /* short, for a socket's path is */
    char *real = NULL;
    if (mkdir(pg->config.folder, 0700) != 0 || (real = realpath(pg->config.folder, NULL)) == NULL ||
        mkdtemp(sockets) == NULL) {
        free(real);
        return err_errno(err, pg->config.folder, "the peer's folder cannot be made");
    }
    pg->data = arena_printf(&pg->arena, "%s/data", real);
    free(real);
    pg->sockets = str_c(&pg->arena, str_of(sockets));
    pg->log = arena_printf(&pg->arena, "%s.log", pg->config.folder);
    return choose_user(pg, err);
}

static bool make_cluster(struct bench_postgres *pg, struct err *err)
{
    const char *const words[] = {arena_printf(&pg->arena, "%s/initdb", pg->programs),
                                 "-D",
                                 pg->data,
                                 "-U",
                                 "aina",
                                 "-A",
                                 "trust",
                                 "--no-locale",
                                 "-E",
                                 "UTF8",
                                 NULL};
    return bench_child_run(pg->user, pg->log, words, err) ||
           err_at(err, "PostgreSQL (run as user %s; every folder above the bench's must let it through)",
                  pg->user ? pg->user : "of the bench");
}

static bool start_server(struct bench_postgres *pg, struct err *err)
{
    struct sysinfo machine;
    sysinfo(&machine);
    unsigned long buffers_mb =
        MIN_OF(machine.totalram / 4 * machine.mem_unit >> 20, pg->config.quick ? 128UL : 4096UL);
    const char *const always[] = {
        "listen_addresses=",
        arena_printf(&pg->arena, "unix_socket_directories=%s", pg->sockets),
        arena_printf(&pg->arena, "shared_buffers=%luMB", buffers_mb),
        "huge_pages=try",
        "max_connections=40",
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        "commit_delay=0",
        "wal_level=minimal",
        "max_wal_senders=0",
        "wal_compression=lz4",
        "wal_buffers=64MB",
        "min_wal_size=1GB",
        "max_wal_size=8GB",
        "checkpoint_timeout=30min",
        "plan_cache_mode=force_generic_plan",
        "jit=off",
    };
    const char *words[2 * OPTIONS_MAX + 4] = {arena_printf(&pg->arena, "%s/postgres", pg->programs), "-D",
                                              pg->data};
    size_t n = 3;
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        words[n++] = "-c";
        words[n++] = always[i];
    }
    for (size_t i = 0; pg->config.options[i] != NULL && n < ARRAY_LEN(words) - 3; i++) {
        words[n++] = "-c";
        words[n++] = pg->config.options[i];
    }
    pg->server = (struct bench_child){.user = pg->user, .log = pg->log, .end_signal = SIGINT};
    return bench_child_start(&pg->server, words, err);
}

/* --- connections --- */

static bool failed(PGconn *connection, const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "PostgreSQL", "%s: %s", what, PQerrorMessage(connection));
}

static bool run(PGconn *connection, const char *sql, struct err *err)
{
    PGresult *result = PQexec(connection, sql);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok || failed(connection, sql, err);
}

static bool connect_one(struct bench_postgres *pg, struct postgres_client *client, struct err *err)
{
    const char *where = arena_printf(&pg->arena, "host=%s user=aina dbname=postgres", pg->sockets);
    for (int i = 0; i < START_TRIES; i++) {
        client->connection = PQconnectdb(where);
        if (PQstatus(client->connection) == CONNECTION_OK)
            return true;
        if (i + 1 < START_TRIES)
            PQfinish(client->connection);
        usleep(50000);
    }
    return failed(client->connection, "cannot be reached", err);
}

/* --- what it holds --- */

/* The facts of an entry, as columns; one index, by which a person's own list is found. */
#define FACTS                                                                                                \
    "subject bigint NOT NULL, at timestamptz NOT NULL, look uuid NOT NULL, actor text NOT NULL, agency "     \
    "text NOT NULL, office text NOT NULL, purpose text NOT NULL, basis text NOT NULL, case_no text, "        \
    "registry text NOT NULL, fields text NOT NULL, outcome text NOT NULL, levels text NOT NULL, rules "      \
    "bytea NOT NULL, "
#define NAMES                                                                                                \
    "subject, at, look, actor, agency, office, purpose, basis, case_no, registry, fields, outcome, "         \
    "levels, rules"
#define VALUES                                                                                               \
    "$1::bigint, now(), $2::uuid, $3::text, 'police', 'traffic', 'traffic-control', 'Road traffic law, "     \
    "article not yet entered', NULL, 'population', 'surname,given-name', 'admitted', 'token', $4::bytea"

static const char schema[] =
    "CREATE TABLE person (id bigint PRIMARY KEY, record bytea NOT NULL);"
    "ALTER TABLE person ALTER record SET STORAGE PLAIN;"
    "CREATE TABLE audit (" FACTS "id bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (subject, id));"
    "CREATE TABLE chain (" FACTS "n bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (subject, n));"
    "CREATE TABLE head (n bigint NOT NULL, hash bytea NOT NULL) WITH (fillfactor = 10);"
    "INSERT INTO head VALUES (0, '');"
    "CREATE TABLE filed (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject bigint NOT NULL, "
    "service "
    "text NOT NULL, agency text NOT NULL, office text NOT NULL, status text NOT NULL, due timestamptz NOT "
    "NULL, answers bytea NOT NULL);"
    "CREATE INDEX filed_subject ON filed (subject, service);"
    "CREATE INDEX filed_queue ON filed (office, due);"
    "CREATE FUNCTION file_case(bigint, uuid, text, bytea) RETURNS bytea LANGUAGE plpgsql AS $$ "
    "DECLARE given bigint; BEGIN "
    "INSERT INTO filed (subject, service, agency, office, status, due, answers) VALUES ($1, 'appeal', "
    "'police', 'traffic', 'filed', now() + interval '15 days', $4) RETURNING no INTO given; "
    "INSERT INTO audit (" NAMES ") VALUES ($1, now(), $2, $3, 'police', 'traffic', 'filing', 'Road traffic "
    "law, article not yet entered', given::text, 'filed', '', 'done', 'token', ''); "
    "RETURN convert_to(lpad(given::text, 16, '0'), 'UTF8'); END $$";

static const char *const statement[] = {
    [BENCH_AUDIT] = "WITH a AS (INSERT INTO audit (" NAMES ") VALUES (" VALUES ")) "
                    "SELECT record FROM person WHERE id = $1",
    [BENCH_CHAIN] = "WITH h AS (UPDATE head SET n = n + 1, hash = sha256(hash || convert_to(concat_ws('|', "
                    "" VALUES "), 'UTF8')) RETURNING n, hash), "
                    "a AS (INSERT INTO chain (" NAMES ", n, hash) SELECT " VALUES ", n, hash FROM h) "
                    "SELECT record FROM person WHERE id = $1",
    [BENCH_FILE] = "SELECT file_case($1::bigint, $2::uuid, $3::text, $4::bytea)",
};
static const char *const statement_name[] = {
    [BENCH_AUDIT] = "audit", [BENCH_CHAIN] = "chain", [BENCH_FILE] = "file"};

static bool fill_tables(struct bench_postgres *pg, struct err *err)
{
    PGconn *connection = pg->client[0].connection;
    const char *persons =
        arena_printf(&pg->arena,
                     "INSERT INTO person SELECT i, substr(decode(repeat(md5(i::text), %zu), 'hex'), 1, %zu) "
                     "FROM generate_series(0, %zu) i",
                     pg->record_bytes / 16 + 1, pg->record_bytes, pg->persons - 1);
    if (!run(connection, schema, err) || !run(connection, persons, err) ||
        !run(connection, "VACUUM ANALYZE", err))
        return false;
    for (int i = 0; !pg->config.quick && i < WAL_AHEAD; i++) {
        if (!run(connection, "UPDATE head SET n = n; SELECT pg_switch_wal()", err))
            return false;
    }
    return run(connection, "VACUUM head", err) && run(connection, "CHECKPOINT", err);
}

/* What the server itself says; refuses one that does not keep what it acknowledges. */
static bool read_settings(struct bench_postgres *pg, struct err *err)
{
    static const char *const durable[] = {"fsync", "synchronous_commit", "full_page_writes"};
    PGconn *connection = pg->client[0].connection;
    for (size_t i = 0; i < ARRAY_LEN(durable); i++) {
        PGresult *result = PQexec(connection, arena_printf(&pg->arena, "SHOW %s", durable[i]));
        bool on = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "on") == 0;
        PQclear(result);
        if (!on)
            return err_set(err, ERR_NOT_ALLOWED, durable[i],
                           "is not on at the peer: it would answer before its audit row is on the disk, and "
                           "is not reported");
    }
    PGresult *result = PQexec(
        connection, "SELECT 'PostgreSQL ' || current_setting('server_version') || ', ' || "
                    "string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings "
                    "WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', "
                    "'wal_level', 'wal_sync_method', 'wal_compression', 'wal_buffers', 'max_wal_size', "
                    "'checkpoint_timeout', 'commit_delay', 'autovacuum', 'jit', 'plan_cache_mode')");
    if (PQntuples(result) == 1)
        pg->settings = arena_printf(&pg->arena, "%s; %d connections on a Unix socket, prepared statements",
                                    PQgetvalue(result, 0, 0), BENCH_POSTGRES_CONNECTIONS);
    PQclear(result);
    return pg->settings != NULL || failed(connection, "settings", err);
}

static bool prepare_clients(struct bench_postgres *pg, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(pg->client); i++) {
        struct postgres_client *client = &pg->client[i];
        if (client->connection == NULL && !connect_one(pg, client, err))
            return false;
        for (size_t s = 0; s < ARRAY_LEN(statement); s++) {
            PGresult *result = PQprepare(client->connection, statement_name[s], statement[s], 0, NULL);
            bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
            PQclear(result);
            if (!ok)
                return failed(client->connection, "prepare", err);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        must(PQsetnonblocking(client->connection, 1) == 0 &&
             epoll_ctl(pg->epoll, EPOLL_CTL_ADD, PQsocket(client->connection), &event) == 0);
    }
    return true;
}

bool bench_postgres_start(struct bench_postgres **ret_postgres, const struct bench_postgres_config *config,
                          struct err *err)
{
    struct bench_postgres *pg = calloc(1, sizeof *pg);
    must(pg != NULL);
    pg->config = *config;
    pg->epoll = epoll_create1(EPOLL_CLOEXEC);
    pg->drawn = UINT64_C(0x41494E41);
    arena_init(&pg->arena, 65536, (size_t)16 << 20);
    pg->programs = programs_folder(&pg->arena);
    must(pg->programs != NULL && pg->epoll >= 0);
    if (make_folders(pg, err) && make_cluster(pg, err) && start_server(pg, err) &&
        connect_one(pg, &pg->client[0], err) && read_settings(pg, err)) {
        *ret_postgres = pg;
        return true;
    }
    bench_postgres_stop(pg);
    return false;
}

bool bench_postgres_load(struct bench_postgres *pg, size_t persons, size_t record_bytes, struct err *err)
{
    pg->persons = persons;
    pg->record_bytes = record_bytes;
    return fill_tables(pg, err) && prepare_clients(pg, err);
}

void bench_postgres_stop(struct bench_postgres *pg)
{
    if (pg == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN(pg->client); i++)
        PQfinish(pg->client[i].connection);
    bench_child_end(&pg->server);
    if (pg->sockets != NULL)
        rmdir(pg->sockets);
    close(pg->epoll);
    arena_done(&pg->arena);
    free(pg);
}

const char *bench_postgres_settings(const struct bench_postgres *pg)
{
    return pg->settings;
}

/* --- running --- */

static bool ask(struct bench_postgres *pg, struct postgres_client *client, enum bench_peer peer,
                struct err *err)
{
    static const char rules[32] = "rules of a jurisdiction's folder", answers[BENCH_ANSWERS] = "answers";
    char subject[8], look[16];
    const char *values[] = {subject, look, "bench-00001", peer == BENCH_FILE ? answers : rules};
    const int lengths[] = {sizeof subject, sizeof look, 11,
                           peer == BENCH_FILE ? (int)sizeof answers : (int)sizeof rules},
              formats[] = {1, 1, 1, 1};
    pg->drawn = pg->drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    put_u64be((uint8_t *)subject, (pg->drawn >> 33) % pg->persons);
    random_bytes(look, sizeof look);
    client->start = clock_steady();
    client->waits = true;
    return (PQsendQueryPrepared(client->connection, statement_name[peer], ARRAY_LEN(values), values, lengths,
                                formats, 1) == 1 &&
            PQflush(client->connection) == 0) ||
           failed(client->connection, "a statement cannot be sent", err);
}

/* True also while the answer is not whole yet; then the client still waits. */
static bool take_answer(struct bench_postgres *pg, struct postgres_client *client, struct err *err)
{
    if (PQconsumeInput(client->connection) != 1)
        return failed(client->connection, "the connection broke", err);
    while (!PQisBusy(client->connection)) {
        PGresult *result = PQgetResult(client->connection);
        if (result == NULL) {
            client->waits = false;
            return true;
        }
        bool right = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
                     (size_t)PQgetlength(result, 0, 0) == pg->record_bytes;
        PQclear(result);
        if (!right)
            return failed(client->connection, "not one record came back", err);
    }
    return true;
}

bool bench_postgres_run(struct bench_postgres *pg, enum bench_peer peer, double seconds,
                        struct bench_times *times, double *ret_ops_s, struct err *err)
{
    struct epoll_event event[BENCH_POSTGRES_CONNECTIONS];
    size_t before = times->n, waiting = ARRAY_LEN(pg->client);
    int64_t start = clock_steady(), until = start + (int64_t)(seconds * CLOCK_SECOND);
    for (size_t i = 0; i < ARRAY_LEN(pg->client); i++) {
        if (!ask(pg, &pg->client[i], peer, err))
            return false;
    }
    while (waiting > 0) {
        int n = epoll_wait(pg->epoll, event, ARRAY_LEN(event), -1);
        for (int i = 0; i < n; i++) {
            struct postgres_client *client = event[i].data.ptr;
            if (!take_answer(pg, client, err))
                return false;
            if (client->waits)
                continue;
            bench_times_add(times, clock_steady() - client->start);
            if (clock_steady() >= until)
                waiting--;
            else if (!ask(pg, client, peer, err))
                return false;
        }
    }
    *ret_ops_s = (double)(times->n - before) / bench_seconds_since(start);
    return true;
}
