/* SPDX-License-Identifier: Apache-2.0 */
/* How long logging in takes in process, on a SQLite file in a folder: checks of an assertion alone, whole
 * passkey log-ins (check, spent challenge, counter, session) on two threads, and session checks. bench_people
 * FOLDER */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "people/passkey.h"
#include "tests/people/authenticator.h"

#define THREADS 4 /* as many as the server has */
#define ROUNDS 1000

static const struct str origins[] = {{"https://aina.example", 20}};
static const struct webauthn_site site = {{"aina.example", 12}, origins, 1};
static const struct webauthn_policy policy = {0};
static const uint8_t browser[32] = {1};

struct worker {
    pthread_t thread;
    struct people *people;
    char url[512];
    int at;
    double checks, log_ins; /* a second */
    double sessions;        /* microseconds of a core for one */
    struct err err;
};

static double rate(int n, int64_t start)
{
    return n / ((double)(clock_steady() - start) / 1e6);
}

/* What it costs, whoever else is running. */
static double own_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool enrol(struct worker *w, struct db *db, struct authenticator *a, const struct account *account,
                  struct arena *arena)
{
    uint8_t challenge[PASSKEY_CHALLENGE_SIZE];
    const char *refusal;
    passkey_challenge(w->people, PASSKEY_ENROL, browser, account, clock_now(), challenge);
    struct ceremony c = {.challenge = {(char *)challenge, sizeof challenge}};
    struct passkey_enrolment in = {
        .site = &site, .policy = &policy, .browser = browser, .account = *account, .label = STR("x")};
    in.registration = authenticator_register(a, &c, arena);
    return passkey_enrol(w->people, db, &in, clock_now(), &refusal, &w->err) && refusal == NULL;
}

static struct passkey_log_in attempt(struct worker *w, struct authenticator *a, struct arena *arena)
{
    uint8_t *challenge = arena_take(arena, PASSKEY_CHALLENGE_SIZE, 1);
    passkey_challenge(w->people, PASSKEY_LOG_IN, browser, NULL, clock_now(), challenge);
    struct ceremony c = {.challenge = {(char *)challenge, PASSKEY_CHALLENGE_SIZE}};
    a->count++;
    return (struct passkey_log_in){.site = &site,
                                   .browser = browser,
                                   .id = {(char *)a->id, sizeof a->id},
                                   .assertion = authenticator_assert(a, &c, arena)};
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct db *db;
    struct arena arena;
    struct authenticator a = authenticator_new(WEBAUTHN_ES256);
    struct account account = {.kind = CALLER_PERSON, .person = {{(uint8_t)(w->at + 1)}}};
    struct passkey_session session = {.language = STR("kk"),
                                      .device = STR("x"),
                                      .life_person = 3600 * CLOCK_SECOND,
                                      .life_official = 3600 * CLOCK_SECOND};
    arena_init(&arena, 1 << 20, (size_t)1 << 30);
    must(db_open(&db, w->url, &w->err));
    must(enrol(w, db, &a, &account, &arena));
    struct passkey_log_in *in = arena_array(&arena, struct passkey_log_in, ROUNDS);
    for (int i = 0; i < ROUNDS; i++)
        in[i] = attempt(w, &a, &arena);
    int64_t start = clock_steady();
    for (int i = 0; i < ROUNDS; i++) {
        struct passkey_result r;
        const char *refusal;
        in[i].session = &session;
        must(passkey_log_in(w->people, db, &in[i], clock_now(), &arena, &r, &refusal, &w->err));
        must(refusal == NULL);
    }
    w->log_ins = rate(ROUNDS, start);
    double before = own_seconds();
    for (int i = 0; i < ROUNDS * 10; i++) {
        struct caller c;
        must(people_caller(w->people, db, str_of(session.secret), false, &arena, &c, &w->err));
        must(c.kind == CALLER_PERSON);
    }
    w->sessions = 1e6 * (own_seconds() - before) / (ROUNDS * 10);
    struct webauthn_key key;
    uint32_t count;
    bool backed_up;
    struct ceremony c = {.challenge = STR("0123456789012345")};
    struct webauthn_registration reg = authenticator_register(&a, &c, &arena);
    must(webauthn_register(&site, &policy, c.challenge, &reg, &key, &count, &backed_up) == WEBAUTHN_OK);
    struct webauthn_assertion assertion = authenticator_assert(&a, &c, &arena);
    start = clock_steady();
    for (int i = 0; i < ROUNDS; i++)
        must(webauthn_assert(&site, &key, c.challenge, &assertion, &count, &backed_up) == WEBAUTHN_OK);
    w->checks = rate(ROUNDS, start);
    db_close(db);
    EVP_PKEY_free(a.key);
    arena_done(&arena);
    return NULL;
}

int main(int argc, char **argv)
{
    static const uint8_t master[KEY_SIZE] = {1};
    struct worker workers[THREADS] = {0};
    struct db *db;
    struct err err;
    double sum[3] = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: bench_people FOLDER\n");
        return 2;
    }
    keys_start();
    struct people *people = people_new(master);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.people = people, .at = i};
        snprintf(workers[i].url, sizeof workers[i].url, "sqlite:%s/bench-people.db", argv[1]);
    }
    must(db_open(&db, workers[0].url, &err) && people_migrate(db, &err));
    for (int i = 0; i < THREADS; i++)
        must(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        sum[0] += workers[i].checks, sum[1] += workers[i].log_ins, sum[2] += workers[i].sessions;
    }
    printf("assertions checked: %.0f/s; passkey log-ins, durable: %.0f/s; a session check: %.1f us of a core "
           "(%d "
           "threads)\n",
           sum[0], sum[1], sum[2] / THREADS, THREADS);
    db_close(db);
    people_free(people);
    return 0;
}
