/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c: sets of four ways; the one unused for longest gives way. */
#include "crypto/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "crypto/keys.h"

#define WAYS 4
#define LOCKS 64

/* A set: the ways' order, newest use first; then for each way its tag (all zero: empty) and its value. */
struct set {
    uint8_t order[WAYS];
    uint8_t ways[];
};

struct cache {
    pthread_mutex_t lock[LOCKS];
    uint8_t *sets;
    size_t n, value_n, bytes;
};

static size_t set_size(const struct cache *cache)
{
    return sizeof(struct set) + WAYS * (CACHE_TAG_SIZE + cache->value_n);
}

static uint8_t *tag_of(const struct cache *cache, struct set *set, size_t way)
{
    return set->ways + way * (CACHE_TAG_SIZE + cache->value_n);
}

struct cache *cache_new(size_t bytes, size_t value_n)
{
    struct cache *cache = calloc(1, sizeof *cache);
    must(cache != NULL);
    cache->value_n = value_n;
    cache->n = MAX_OF(bytes / set_size(cache), (size_t)1);
    cache->bytes = cache->n * set_size(cache);
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

static struct set *set_of(const struct cache *cache, const uint8_t tag[CACHE_TAG_SIZE], size_t *ret_lock)
{
    size_t at = (size_t)(get_u64be(tag) % cache->n); /* tags are random or keyed hashes */
    *ret_lock = at % LOCKS;
    return (struct set *)(cache->sets + at * set_size(cache));
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

bool cache_get(struct cache *cache, const uint8_t tag[CACHE_TAG_SIZE], void *ret_value)
{
    size_t lock;
    bool found = false;
    struct set *set = set_of(cache, tag, &lock);
    pthread_mutex_lock(&cache->lock[lock]);
    for (uint8_t i = 0; i < WAYS && !found; i++) {
        const uint8_t *way = tag_of(cache, set, i);
        found = memcmp(way, tag, CACHE_TAG_SIZE) == 0;
        if (found) {
            memcpy(ret_value, way + CACHE_TAG_SIZE, cache->value_n);
            touch(set, i);
        }
    }
    pthread_mutex_unlock(&cache->lock[lock]);
    return found;
}

void cache_put(struct cache *cache, const uint8_t tag[CACHE_TAG_SIZE], const void *value)
{
    size_t lock;
    struct set *set = set_of(cache, tag, &lock);
    pthread_mutex_lock(&cache->lock[lock]);
    if (set->order[0] == set->order[1]) /* never used */
        for (uint8_t i = 0; i < WAYS; i++)
            set->order[i] = i;
    uint8_t at = set->order[WAYS - 1];
    for (uint8_t i = 0; i < WAYS; i++)
        if (memcmp(tag_of(cache, set, i), tag, CACHE_TAG_SIZE) == 0)
            at = i; /* another thread put it in */
    uint8_t *way = tag_of(cache, set, at);
    memcpy(way, tag, CACHE_TAG_SIZE);
    memcpy(way + CACHE_TAG_SIZE, value, cache->value_n);
    touch(set, at);
    pthread_mutex_unlock(&cache->lock[lock]);
}
