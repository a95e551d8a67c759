/* SPDX-License-Identifier: Apache-2.0 */
/* cache.h: what keys made or opened lately, kept in memory of a fixed size, so that the next question costs
 * neither arithmetic nor a row. Values of one size stand under tags; when there is no room, one of those
 * unused for longest gives way. The memory grows as it is used, stands in no core file, and is wiped when it
 * is freed. Safe from any thread. */
#ifndef CRYPTO_CACHE_H
#define CRYPTO_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define CACHE_TAG_SIZE 16 /* bytes as good as random (a keyed hash, a random id) and never all zero */

struct cache;

struct cache *cache_new(size_t bytes, size_t value_n) RETURNS_NONNULL; /* of about `bytes` in all */
void cache_free(struct cache *cache);                                  /* NULL: nothing */
void cache_forget(struct cache *cache);                                /* everything in it */
bool cache_get(struct cache *cache, const uint8_t tag[CACHE_TAG_SIZE], void *ret_value);
void cache_put(struct cache *cache, const uint8_t tag[CACHE_TAG_SIZE], const void *value);

#endif
