/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c: pseudonym and seed of persons seen lately, in memory of a fixed size: sets of four, the one unused
 * for longest gives way. A hit costs no SQL and no curve arithmetic. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "crypto/keys.h"
#include "gate/gate_private.h"

#define WAYS 4
#define LOCKS 64

struct entry {
    uint8_t tag[16]; /* of the list and shard; all zero: empty */
    uint8_t psn[PSN_SIZE], seed[SEED_SIZE];
};

struct set {
    struct entry way[WAYS];
    uint8_t order[WAYS]; /* way indices, newest use first */
};

struct cache {
    pthread_mutex_t lock[LOCKS];
    struct set *sets;
    size_t n, bytes;
};

struct cache *cache_new(size_t bytes)
{
    struct cache *cache = calloc(1, sizeof *cache);
    must(cache != NULL);
    cache->n = MAX_OF(bytes / sizeof *cache->sets, (size_t)1);
    cache->bytes = cache->n * sizeof *cache->sets;
    /* Zero pages that take no memory before they are used, and stand in no core file. */
    cache->sets = mmap(NULL, cache->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(cache->sets != MAP_FAILED);
    (void)madvise(cache->sets, cache->bytes, MADV_DONTDUMP);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&cache->lock[i], NULL);
    return cache;
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    secret_wipe(cache->sets, cache->bytes);
    munmap(cache->sets, cache->bytes);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&cache->lock[i]);
    free(cache);
}

void cache_forget(struct cache *cache)
{
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_lock(&cache->lock[i]);
    secret_wipe(cache->sets, cache->bytes);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_unlock(&cache->lock[i]);
}

static struct set *set_of(const struct cache *cache, const uint8_t tag[KEY_SIZE], size_t *ret_lock)
{
    size_t at = (size_t)(get_u64be(tag) % cache->n); /* tags are keyed hashes: their bytes are the hash */
    *ret_lock = at % LOCKS;
    return &cache->sets[at];
}

/* Makes `way` the newest: 0,1,2,3 stand there once the set was used. */
static void touch(struct set *set, uint8_t way)
{
    size_t at = 0;
    while (at < WAYS - 1 && set->order[at] != way)
        at++;
    memmove(set->order + 1, set->order, at);
    set->order[0] = way;
}

bool cache_get(struct cache *cache, const uint8_t tag[KEY_SIZE], struct subject *subject)
{
    size_t lock;
    bool found = false;
    struct set *set = set_of(cache, tag, &lock);
    pthread_mutex_lock(&cache->lock[lock]);
    for (uint8_t i = 0; i < WAYS && !found; i++) {
        const struct entry *e = &set->way[i];
        if (memcmp(e->tag, tag, sizeof e->tag) != 0)
            continue;
        memcpy(subject->psn, e->psn, PSN_SIZE);
        memcpy(subject->seed, e->seed, SEED_SIZE);
        touch(set, i);
        found = true;
    }
    pthread_mutex_unlock(&cache->lock[lock]);
    return found;
}

void cache_put(struct cache *cache, const uint8_t tag[KEY_SIZE], const struct subject *subject)
{
    size_t lock;
    struct set *set = set_of(cache, tag, &lock);
    pthread_mutex_lock(&cache->lock[lock]);
    if (set->order[0] == set->order[1]) /* never used */
        for (uint8_t i = 0; i < WAYS; i++)
            set->order[i] = i;
    uint8_t way = set->order[WAYS - 1];
    for (uint8_t i = 0; i < WAYS; i++)
        if (memcmp(set->way[i].tag, tag, sizeof set->way[i].tag) == 0)
            way = i; /* another thread put it in */
    struct entry *e = &set->way[way];
    memcpy(e->tag, tag, sizeof e->tag);
    memcpy(e->psn, subject->psn, PSN_SIZE);
    memcpy(e->seed, subject->seed, SEED_SIZE);
    touch(set, way);
    pthread_mutex_unlock(&cache->lock[lock]);
}
