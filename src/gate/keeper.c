/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c: the gate's own thread, with its own connection. It writes seeds behind (a lost row is only
 * computed again), appends acts whose maker did not come back after the commit, deletes outbox rows of acts
 * that are durable, begins the next shard when the quarter changes, and moves records into a sector's new
 * epoch. */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/keys.h"
#include "db/keeper.h"
#include "gate/gate_private.h"

#define ROWS_MAX 4096
#define PATIENCE_MS 200 /* at most so long after a first use its row is written, if the program lives */

struct keeper {
    struct db_keeper *thread;
    pthread_mutex_t lock;
    size_t rows_n; /* (lock) */
    struct seed_row rows[ROWS_MAX], writing[ROWS_MAX];
};

static void write_rows(struct keeper *keeper, struct db *db)
{
    pthread_mutex_lock(&keeper->lock);
    size_t n = keeper->rows_n;
    memcpy(keeper->writing, keeper->rows, n * sizeof *keeper->rows);
    keeper->rows_n = 0;
    pthread_mutex_unlock(&keeper->lock);
    if (n == 0)
        return;
    struct str *tag = calloc(n, sizeof *tag), *sealed = calloc(n, sizeof *sealed);
    struct err err;
    must(tag != NULL && sealed != NULL);
    for (size_t i = 0; i < n; i++) {
        tag[i] = (struct str){(const char *)keeper->writing[i].tag, KEY_SIZE};
        sealed[i] = (struct str){(const char *)keeper->writing[i].sealed, SUBJECT_SEALED_SIZE};
    }
    struct db_column columns[] = {{.type = DB_BYTES, .slice = tag}, {.type = DB_BYTES, .slice = sealed}};
    if (!db_insert_many(db, "gate_subject", "tag, sealed", columns, 2, n, "ON CONFLICT DO NOTHING", &err))
        say(SAY_WARN, "gate: %zu seeds were not stored and will be computed again: %s: %s", n, err.place,
            err.text);
    free(tag);
    free(sealed);
}

static bool turn(void *arg, struct db *db, bool *ret_more, struct err *err)
{
    struct gate *gate = arg;
    write_rows(gate->keeper, db);
    return ledger_stopped(gate->ledger, NULL) ||
           (outbox_collect(gate, db, err) && shard_turn(gate, db, clock_now(), err) &&
            quota_keep(gate, db, err) && rekey_step(gate, db, ret_more, err));
}

bool keeper_start(struct gate *gate, const char *db_url, struct err *err)
{
    gate->keeper = calloc(1, sizeof *gate->keeper);
    must(gate->keeper != NULL);
    pthread_mutex_init(&gate->keeper->lock, NULL);
    if (db_keeper_start(&gate->keeper->thread, db_url, PATIENCE_MS, turn, gate, err))
        return true;
    keeper_stop(gate);
    return false;
}

void keeper_stop(struct gate *gate)
{
    if (gate->keeper == NULL)
        return;
    db_keeper_stop(gate->keeper->thread);
    pthread_mutex_destroy(&gate->keeper->lock);
    free(gate->keeper);
    gate->keeper = NULL;
}

void keeper_add(struct keeper *keeper, const struct seed_row *row)
{
    pthread_mutex_lock(&keeper->lock);
    if (keeper->rows_n < ROWS_MAX) /* else it is computed again next time */
        keeper->rows[keeper->rows_n++] = *row;
    bool full = keeper->rows_n == ROWS_MAX / 2;
    pthread_mutex_unlock(&keeper->lock);
    if (full)
        db_keeper_wake(keeper->thread);
}
