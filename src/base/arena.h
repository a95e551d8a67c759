/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h: bump allocation with one lifetime, usually one request.
 *
 * Owner:   whoever called arena_init; memory dies at arena_reset (kept for reuse) or arena_done, in one step.
 * Threads: none; an arena belongs to one thread at a time.
 * Limits:  past `cap` bytes arena_overflowed() is true until reset; memory goes on being real, so that no
 *          caller needs a NULL check, and who answers asks once before replying. No memory left aborts.
 * Memory from an arena is zeroed, except arena_room's, which the caller fills at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct arena_block;
struct arena_end;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out since the last reset */
    size_t cap;
    size_t first;
    bool overflowed;
    struct arena_end *ends; /* newest first */
};

void arena_init(struct arena *arena, size_t first_block, size_t cap);
void *arena_take(struct arena *arena, size_t size, size_t align) RETURNS_NONNULL;
void *arena_room(struct arena *arena, size_t size, size_t align) RETURNS_NONNULL;
char *arena_copy(struct arena *arena, const void *bytes,
                 size_t size) RETURNS_NONNULL; /* with a NUL after it */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) RETURNS_NONNULL;
bool arena_overflowed(const struct arena *arena);
/* fn(arg) when the memory dies, before it does: what was borrowed for its lifetime is given back. */
void arena_at_end(struct arena *arena, void (*fn)(void *arg), void *arg);
void arena_reset(struct arena *arena); /* keeps the first block */
void arena_done(struct arena *arena);

#define arena_new(arena, type) ((type *)arena_take((arena), sizeof(type), _Alignof(type)))
#define arena_array(arena, type, count) ((type *)arena_take((arena), sizeof(type) * (count), _Alignof(type)))

#endif
