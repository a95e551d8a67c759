/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c: the gate's own thread, with its own connection. It writes seeds behind (a lost row is only
 * computed again), appends acts whose maker did not come back after the commit, deletes outbox rows of acts
 * that are durable, begins the next shard when the quarter changes, and moves records into a sector's new
 * epoch. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

#define ROWS_MAX 4096
#define COMPLAIN_EVERY (60 * CLOCK_SECOND)
#define PATIENCE_MS 200 /* at most so long after a first use its row is written, if the program lives */

struct keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct db *db;
    int64_t complained; /* when it last said that something goes wrong */
    size_t rows_n;      /* (lock) */
    struct seed_row rows[ROWS_MAX], writing[ROWS_MAX];
};

static void write_rows(struct keeper *keeper, size_t n)
{
    struct str *tag = calloc(n, sizeof *tag), *sealed = calloc(n, sizeof *sealed);
    struct err err;
    must(tag != NULL && sealed != NULL);
    for (size_t i = 0; i < n; i++) {
        tag[i] = (struct str){(const char *)keeper->writing[i].tag, KEY_SIZE};
        sealed[i] = (struct str){(const char *)keeper->writing[i].sealed, SUBJECT_SEALED_SIZE};
    }
    struct db_column columns[] = {{.type = DB_BYTES, .slice = tag}, {.type = DB_BYTES, .slice = sealed}};
    if (!db_insert_many(keeper->db, "gate_subject", "tag, sealed", columns, 2, n, "ON CONFLICT DO NOTHING",
                        &err))
        say(SAY_WARN, "gate: %zu seeds were not stored and will be computed again: %s: %s", n, err.place,
            err.text);
    free(tag);
    free(sealed);
}

/* True: there is more to do at once. */
static bool turn(struct gate *gate, struct keeper *keeper, size_t rows_n)
{
    struct err err;
    bool more = false;
    if (rows_n != 0)
        write_rows(keeper, rows_n);
    if (ledger_stopped(gate->ledger, NULL))
        return false;
    if (outbox_collect(gate, keeper->db, &err) && shard_turn(gate, keeper->db, clock_now(), &err) &&
        quota_keep(gate, keeper->db, &err) && rekey_step(gate, keeper->db, &more, &err))
        return more;
    if (clock_steady() - keeper->complained > COMPLAIN_EVERY || keeper->complained == 0) {
        say_err(SAY_WARN, &err);
        keeper->complained = clock_steady();
    }
    return false;
}

static void *keep(void *arg)
{
    struct gate *gate = arg;
    struct keeper *keeper = gate->keeper;
    bool stop = false, more = false;
    while (!stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PATIENCE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_lock(&keeper->lock);
        int late = 0;
        while (!more && !keeper->stop && keeper->rows_n < ROWS_MAX / 2 && late == 0)
            late = pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
        size_t n = keeper->rows_n;
        memcpy(keeper->writing, keeper->rows, n * sizeof *keeper->rows);
        keeper->rows_n = 0;
        stop = keeper->stop;
        pthread_mutex_unlock(&keeper->lock);
        more = turn(gate, keeper, n);
    }
    return NULL;
}

bool keeper_start(struct gate *gate, const char *db_url, struct err *err)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    pthread_condattr_t steady;
    must(keeper != NULL);
    if (!db_open(&keeper->db, db_url, err)) {
        free(keeper);
        return false;
    }
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &steady);
    pthread_condattr_destroy(&steady);
    pthread_mutex_init(&keeper->lock, NULL);
    gate->keeper = keeper;
    must(pthread_create(&keeper->thread, NULL, keep, gate) == 0);
    return true;
}

void keeper_stop(struct gate *gate)
{
    struct keeper *keeper = gate->keeper;
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    db_close(keeper->db);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
    gate->keeper = NULL;
}

void keeper_add(struct keeper *keeper, const struct seed_row *row)
{
    pthread_mutex_lock(&keeper->lock);
    if (keeper->rows_n < ROWS_MAX) /* else it is computed again next time */
        keeper->rows[keeper->rows_n++] = *row;
    if (keeper->rows_n == ROWS_MAX / 2)
        pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}
