/* SPDX-License-Identifier: Apache-2.0 */
/* definition.c: services as they stood when cases were filed, read from the bytes kept with the cases and
 * remembered by hash, for all threads. What a reader has found is the reader's until its arena ends; what
 * nobody reads gives way to what is read now, so memory stays bounded however many versions there were. */
#include <pthread.h>
#include <stdlib.h>

#include "case/case_private.h"

#define KEPT_MAX 128
#define KEPT_BYTES ((size_t)6 << 20)
#define ONE_MAX ((size_t)32 << 20)

struct definition {
    uint8_t hash[HASH_SIZE];
    const struct service *service;
    struct arena arena; /* owns all of it */
    size_t bytes;
    unsigned readers;       /* (lock) */
    uint64_t used;          /* (lock) when it was last asked for */
    struct definitions *in; /* (lock) NULL: nobody finds it any more */
};

struct definitions {
    struct definition *kept[KEPT_MAX];
    size_t n, bytes;
    uint64_t clock;
};

/* One for all: a reader's arena may end after the cases it read from. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void definition_free(struct definition *d)
{
    arena_done(&d->arena);
    free(d);
}

static void give_back(void *arg)
{
    struct definition *d = arg;
    pthread_mutex_lock(&lock);
    bool last = --d->readers == 0 && d->in == NULL;
    pthread_mutex_unlock(&lock);
    if (last)
        definition_free(d);
}

struct definitions *definitions_new(void)
{
    struct definitions *all = calloc(1, sizeof *all);
    must(all != NULL);
    return all;
}

void definitions_free(struct definitions *all)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < all->n; i++) {
        all->kept[i]->in = NULL;
        if (all->kept[i]->readers == 0)
            definition_free(all->kept[i]);
    }
    pthread_mutex_unlock(&lock);
    free(all);
}

/* (lock) Takes the one that nobody reads and that was asked for longest ago out; NULL: all are read. */
static struct definition *take_oldest(struct definitions *all)
{
    size_t oldest = all->n;
    for (size_t i = 0; i < all->n; i++)
        if (all->kept[i]->readers == 0 && (oldest == all->n || all->kept[i]->used < all->kept[oldest]->used))
            oldest = i;
    if (oldest == all->n)
        return NULL;
    struct definition *d = all->kept[oldest];
    all->kept[oldest] = all->kept[--all->n];
    all->bytes -= d->bytes;
    return d;
}

/* (lock) */
static struct definition *find(struct definitions *all, const uint8_t hash[HASH_SIZE])
{
    for (size_t i = 0; i < all->n; i++)
        if (memcmp(all->kept[i]->hash, hash, HASH_SIZE) == 0) {
            all->kept[i]->used = ++all->clock;
            all->kept[i]->readers++;
            return all->kept[i];
        }
    return NULL;
}

const struct service *definition_find(struct definitions *all, const uint8_t hash[HASH_SIZE],
                                      struct arena *arena)
{
    pthread_mutex_lock(&lock);
    struct definition *d = find(all, hash);
    pthread_mutex_unlock(&lock);
    if (d == NULL)
        return NULL;
    arena_at_end(arena, give_back, d);
    return d->service;
}

size_t definitions_kept(struct definitions *all, size_t *ret_bytes)
{
    pthread_mutex_lock(&lock);
    size_t n = all->n;
    *ret_bytes = all->bytes;
    pthread_mutex_unlock(&lock);
    return n;
}

/* Another thread may have read the same one meanwhile: then both live, and only one is found from now on. */
static void keep(struct definitions *all, struct definition *d)
{
    struct definition *old;
    pthread_mutex_lock(&lock);
    while ((all->n == KEPT_MAX || all->bytes + d->bytes > KEPT_BYTES) && (old = take_oldest(all)) != NULL)
        definition_free(old);
    if (all->n < KEPT_MAX && all->bytes + d->bytes <= KEPT_BYTES) {
        all->kept[all->n++] = d;
        all->bytes += d->bytes;
        d->in = all;
        d->used = ++all->clock;
    }
    pthread_mutex_unlock(&lock);
}

const struct service *definition_read(struct definitions *all, const struct jurisdiction *j,
                                      const uint8_t hash[HASH_SIZE], struct str service, struct str procedure,
                                      struct arena *arena)
{
    struct definition *d = calloc(1, sizeof *d);
    struct findings findings;
    must(d != NULL);
    arena_init(&d->arena, 65536, ONE_MAX);
    memcpy(d->hash, hash, HASH_SIZE);
    d->service = service_from_snapshot(j, str_dup(&d->arena, service), str_dup(&d->arena, procedure),
                                       &d->arena, &findings);
    if (d->service == NULL || memcmp(d->service->hash, hash, HASH_SIZE) != 0) {
        definition_free(d);
        return NULL;
    }
    d->bytes = d->arena.used;
    d->readers = 1;
    keep(all, d);
    arena_at_end(arena, give_back, d);
    return d->service;
}
