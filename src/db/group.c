/* SPDX-License-Identifier: Apache-2.0 */
/* group.c: transactions of several threads as one. Whoever comes first while nobody commits takes all that
 * wait, runs each behind a savepoint on its own connection, and commits once; the others wait, and find out.
 */
#include <pthread.h>
#include <stdlib.h>

#include "db/db_private.h"

#define AT_ONCE 64

struct job {
    db_tx_fn *fn;
    void *arg;
    struct err *err;
    bool ok, done;
    struct job *next;
};

struct db_group {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool busy;                 /* (lock) somebody commits */
    struct job *first, **last; /* (lock) those that wait */
};

struct db_group *db_group_new(void)
{
    struct db_group *group = calloc(1, sizeof *group);
    must(group != NULL);
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->told, NULL);
    group->last = &group->first;
    return group;
}

void db_group_free(struct db_group *group)
{
    if (group == NULL)
        return;
    pthread_mutex_destroy(&group->lock);
    pthread_cond_destroy(&group->told);
    free(group);
}

/* A job that fails takes back what it wrote, and only that. One that could succeed when repeated (ERR_BUSY)
 * fails the whole transaction, which db_tx then repeats. */
static bool run_jobs(struct db *db, void *arg, struct err *err)
{
    for (struct job *job = arg; job != NULL; job = job->next) {
        if (!db_exec(db, "SAVEPOINT job", err))
            return false;
        job->ok = job->fn(db, job->arg, job->err);
        if (!job->ok && job->err->code == ERR_BUSY) {
            *err = *job->err;
            return false;
        }
        if (!db_exec(db, job->ok ? "RELEASE SAVEPOINT job" : "ROLLBACK TO SAVEPOINT job", err))
            return false;
    }
    return true;
}

static struct job *take_jobs(struct db_group *group)
{
    struct job *jobs = group->first, *last = jobs;
    for (int n = 1; n < AT_ONCE && last->next != NULL; n++)
        last = last->next;
    group->first = last->next;
    if (group->first == NULL)
        group->last = &group->first;
    last->next = NULL;
    return jobs;
}

static void commit_jobs(struct db *db, struct job *jobs)
{
    struct err err;
    if (db_tx(db, run_jobs, jobs, &err))
        return;
    for (struct job *job = jobs; job != NULL; job = job->next) {
        job->ok = false;
        *job->err = err;
    }
}

bool db_group_tx(struct db_group *group, struct db *db, db_tx_fn *fn, void *arg, struct err *err)
{
    struct job job = {.fn = fn, .arg = arg, .err = err};
    if (db->in_tx)
        return fn(db, arg, err);
    db_snapshot_end(db); /* what others write for us must be seen afterwards */
    pthread_mutex_lock(&group->lock);
    *group->last = &job;
    group->last = &job.next;
    while (!job.done) {
        if (group->busy) {
            pthread_cond_wait(&group->told, &group->lock);
            continue;
        }
        struct job *jobs = take_jobs(group);
        group->busy = true;
        pthread_mutex_unlock(&group->lock);
        commit_jobs(db, jobs);
        pthread_mutex_lock(&group->lock);
        group->busy = false;
        while (jobs != NULL) {
            struct job *next = jobs->next; /* the job is its thread's, and goes when that wakes */
            jobs->done = true;
            jobs = next;
        }
        pthread_cond_broadcast(&group->told);
    }
    pthread_mutex_unlock(&group->lock);
    return job.ok;
}
