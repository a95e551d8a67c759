/* SPDX-License-Identifier: Apache-2.0 */
/* tile.h: the paths and shapes of tiles and entry bundles, c2sp.org/tlog-tiles. Pure.
 *
 * Tile (L, N) holds up to 256 hashes of tree level 8·L: those of index N·256 and after. A tile of width W <
 * 256 is a prefix of the full one, so a store keeps one flat file of hashes a tile level and serves slices:
 * tile (L, N, W) is bytes [N·8192, N·8192 + 32·W) of level L's file.
 */
#ifndef TLOG_TILE_H
#define TLOG_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

#define TILE_WIDTH 256
#define TILE_LEVEL_MAX 63
#define TILE_PATH_SIZE 64

struct tile {
    bool entries;   /* an entry bundle (level 0 of the leaves) instead of hashes */
    unsigned level; /* 0..63 */
    uint64_t index;
    unsigned width; /* 1..256 */
};

/* "tile/0/x001/234.p/5", "tile/entries/000". Parsing accepts exactly what formatting gives. */
void tile_path(char out[TILE_PATH_SIZE], const struct tile *tile);
MUST_USE bool tile_parse(struct str path, struct tile *ret_tile);

/* The width that tile (level, index) has in a tree of this size: 0 (none) to 256. */
unsigned tile_width(uint64_t size, unsigned level, uint64_t index);

#endif
