/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    _Alignas(16) char bytes[];
};

struct arena_end {
    struct arena_end *before;
    void (*fn)(void *arg);
    void *arg;
};

void arena_init(struct arena *arena, size_t first_block, size_t cap)
{
    *arena = (struct arena){.first = first_block, .cap = cap};
}

static struct arena_block *block_new(struct arena *arena, size_t size)
{
    struct arena_block *block = malloc(sizeof *block + size);
    must(block != NULL);
    block->older = arena->blocks;
    block->size = size;
    block->used = 0;
    POISON(block->bytes, size);
    arena->blocks = block;
    return block;
}

void *arena_room(struct arena *arena, size_t size, size_t align)
{
    must(align != 0 && (align & (align - 1)) == 0 && align <= 16);
    must(size <= SIZE_MAX / 2);
    if (arena->used + size > arena->cap)
        arena->overflowed = true;
    /* Past the cap the memory is still real, so that no caller writes where another reads; the flag tells. */
    struct arena_block *block = arena->blocks;
    size_t at = block ? (block->used + align - 1) & ~(align - 1) : 0;
    if (block == NULL || at > block->size || block->size - at < size) {
        size_t grown = block ? MIN_OF(block->size * 2, (size_t)1 << 20) : arena->first;
        block = block_new(arena, MAX_OF(grown, size));
        at = 0;
    }
    char *p = block->bytes + at;
    block->used = at + size;
    arena->used += size;
    UNPOISON(p, size);
    return p;
}

void *arena_take(struct arena *arena, size_t size, size_t align)
{
    return memset(arena_room(arena, size, align), 0, size);
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    char *p = arena_room(arena, size + 1, 1);
    if (size != 0)
        memcpy(p, bytes, size);
    p[size] = '\0';
    return p;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char few[128];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(few, sizeof few, format, args);
    va_end(args);
    must(n >= 0);
    char *p = arena_room(arena, (size_t)n + 1, 1);
    if ((size_t)n < sizeof few)
        memcpy(p, few, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}

bool arena_overflowed(const struct arena *arena)
{
    return arena->overflowed;
}

void arena_at_end(struct arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_end *end = arena_new(arena, struct arena_end);
    *end = (struct arena_end){arena->ends, fn, arg};
    arena->ends = end;
}

static void free_blocks(struct arena *arena, bool keep_oldest)
{
    for (struct arena_end *end = arena->ends; end != NULL; end = end->before)
        end->fn(end->arg);
    arena->ends = NULL;
    struct arena_block *block = arena->blocks;
    while (block != NULL && !(keep_oldest && block->older == NULL)) {
        struct arena_block *older = block->older;
        UNPOISON(block->bytes, block->size);
        free(block);
        block = older;
    }
    arena->blocks = block;
    if (block != NULL) {
        block->used = 0;
        POISON(block->bytes, block->size);
    }
    arena->used = 0;
    arena->overflowed = false;
}

void arena_reset(struct arena *arena)
{
    free_blocks(arena, true);
}

void arena_done(struct arena *arena)
{
    free_blocks(arena, false);
}
