/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tile.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

void tile_path(char out[TILE_PATH_SIZE], const struct tile *tile)
{
    must(tile->width >= 1 && tile->width <= TILE_WIDTH && tile->level <= TILE_LEVEL_MAX);
    unsigned group[7], groups = 0;
    uint64_t rest = tile->index;
    do
        group[groups++] = (unsigned)(rest % 1000);
    while ((rest /= 1000) != 0);

    int n = tile->entries ? snprintf(out, TILE_PATH_SIZE, "tile/entries")
                          : snprintf(out, TILE_PATH_SIZE, "tile/%u", tile->level);
    while (groups-- > 0)
        n += snprintf(out + n, TILE_PATH_SIZE - (size_t)n, groups ? "/x%03u" : "/%03u", group[groups]);
    if (tile->width < TILE_WIDTH)
        snprintf(out + n, TILE_PATH_SIZE - (size_t)n, ".p/%u", tile->width);
}

/* The index in groups of three digits, each but the last after an x. */
static bool index_parse(struct str path, uint64_t *ret_index)
{
    uint64_t index = 0;
    struct str group;
    while (str_next(&path, '/', &group)) {
        if (path.n != 0 && (group.n == 0 || group.p[0] != 'x'))
            return false;
        group = str_from(group, path.n != 0);
        for (size_t i = 0; i < group.n; i++)
            if (group.p[i] < '0' || group.p[i] > '9' || __builtin_mul_overflow(index, 10, &index) ||
                __builtin_add_overflow(index, (uint64_t)(group.p[i] - '0'), &index))
                return false;
    }
    *ret_index = index;
    return true;
}

bool tile_parse(struct str path, struct tile *ret_tile)
{
    struct tile tile = {.width = TILE_WIDTH};
    struct str rest = path, kind;
    uint64_t number;
    if (path.n >= TILE_PATH_SIZE || !str_next(&rest, '/', &kind) || !str_is(kind, "tile") ||
        !str_next(&rest, '/', &kind))
        return false;
    tile.entries = str_is(kind, "entries");
    if (!tile.entries) {
        if (!text_u64(kind, &number) || number > TILE_LEVEL_MAX)
            return false;
        tile.level = (unsigned)number;
    }
    const char *partial = rest.n != 0 ? memmem(rest.p, rest.n, ".p/", 3) : NULL;
    if (partial != NULL) {
        size_t at = (size_t)(partial - rest.p);
        if (!text_u64(str_from(rest, at + 3), &number) || number == 0 || number >= TILE_WIDTH)
            return false;
        tile.width = (unsigned)number;
        rest.n = at;
    }
    if (!index_parse(rest, &tile.index))
        return false;
    /* What is left to go wrong (lengths of groups, leading ones) shows when it is written again. */
    char again[TILE_PATH_SIZE];
    tile_path(again, &tile);
    if (!str_is(path, again))
        return false;
    *ret_tile = tile;
    return true;
}

unsigned tile_width(uint64_t size, unsigned level, uint64_t index)
{
    uint64_t hashes = level < 8 ? size >> (8 * level) : 0;
    if (index > hashes / TILE_WIDTH)
        return 0;
    return (unsigned)MIN_OF(hashes - index * TILE_WIDTH, (uint64_t)TILE_WIDTH);
}
