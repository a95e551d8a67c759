/* SPDX-License-Identifier: Apache-2.0 */
#include "db/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/say.h"
#include "db/db_private.h"

#define COMPLAIN_EVERY (60 * CLOCK_SECOND)

struct db_keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool stop, woken; /* (lock) */
    int every_ms;
    db_turn_fn *turn;
    void *room;
    struct db *db;
    int64_t complained; /* when it last said that something goes wrong */
};

/* Whether there is more to do at once. */
static bool take_turn(struct db_keeper *keeper)
{
    struct err err;
    bool more = false;
    if (keeper->turn(keeper->room, keeper->db, &more, &err))
        return more;
    if (err.code != ERR_STOPPED && clock_steady() - keeper->complained > COMPLAIN_EVERY) {
        say_err(SAY_WARN, &err);
        keeper->complained = clock_steady();
    }
    return false;
}

/* False: no further turn. */
static bool rest(struct db_keeper *keeper, bool more)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += keeper->every_ms % 1000 * 1000000L;
    until.tv_sec += keeper->every_ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&keeper->lock);
    for (int late = more; !keeper->stop && !keeper->woken && late == 0;)
        late = pthread_cond_timedwait(&keeper->told, &keeper->lock, &until);
    bool go_on = !keeper->stop;
    keeper->woken = false;
    pthread_mutex_unlock(&keeper->lock);
    return go_on;
}

static void *keep(void *arg)
{
    struct db_keeper *keeper = arg;
    bool more;
    do
        more = take_turn(keeper);
    while (rest(keeper, more));
    (void)take_turn(keeper);
    return NULL;
}

bool db_keeper_start(struct db_keeper **ret_keeper, const char *url, int every_ms, db_turn_fn *turn,
                     void *room, struct err *err)
{
    struct db_keeper *keeper = calloc(1, sizeof *keeper);
    pthread_condattr_t steady;
    must(keeper != NULL);
    if (!db_open(&keeper->db, url, err)) {
        free(keeper);
        return false;
    }
    keeper->every_ms = every_ms;
    keeper->turn = turn;
    keeper->room = room;
    keeper->complained = -COMPLAIN_EVERY;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->told, &steady);
    pthread_condattr_destroy(&steady);
    pthread_mutex_init(&keeper->lock, NULL);
    *ret_keeper = keeper; /* before the thread, which may look for it in its room */
    must(pthread_create(&keeper->thread, NULL, keep, keeper) == 0);
    return true;
}

static void tell(struct db_keeper *keeper, bool *what)
{
    pthread_mutex_lock(&keeper->lock);
    *what = true;
    pthread_cond_signal(&keeper->told);
    pthread_mutex_unlock(&keeper->lock);
}

void db_keeper_wake(struct db_keeper *keeper)
{
    tell(keeper, &keeper->woken);
}

void db_keeper_stop(struct db_keeper *keeper)
{
    if (keeper == NULL)
        return;
    tell(keeper, &keeper->stop);
    pthread_join(keeper->thread, NULL);
    db_close(keeper->db);
    pthread_cond_destroy(&keeper->told);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
