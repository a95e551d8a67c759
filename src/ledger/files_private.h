/* SPDX-License-Identifier: Apache-2.0 */
/* files_private.h: the files in a ledger's folder: segments of entries, and what is derived from them. No
 * keys, no threads.
 */
#ifndef LEDGER_FILES_PRIVATE_H
#define LEDGER_FILES_PRIVATE_H

#include <stdatomic.h>

#include "ledger/ledger.h"

/* --- segments (segments.c) --- */

#define FILE_NAME_SIZE 32

/* Descriptors for reading, opened when first needed and kept: a page of a list reads in a hundred places. */
#define READERS_MAX 1024
struct readers {
    _Atomic int fd_plus_one[READERS_MAX]; /* by segment; 0: not open */
};

struct segments {
    int folder; /* descriptor */
    uint64_t bytes, count;
    struct readers *readers; /* NULL: each reading opens the file */
};

void segment_name(char out[FILE_NAME_SIZE], uint64_t segment);
MUST_USE bool segments_list(int folder, struct segments *ret_segments, struct err *err);
MUST_USE bool segment_open(const struct segments *segments, uint64_t segment, int flags, int *ret_fd,
                           struct err *err);

/* Makes a zero-filled segment: temporary name, fsync, rename, folder fsync. */
MUST_USE bool segment_create(int folder, uint64_t segment, uint64_t bytes, struct err *err);
MUST_USE bool read_full(int fd, const char *name, void *out, size_t n, uint64_t offset, struct err *err);
MUST_USE bool write_full(int fd, const char *name, const void *bytes, size_t n, uint64_t offset,
                         struct err *err);
MUST_USE bool sync_file(int fd, const char *name, struct err *err);

void readers_close(struct readers *readers);

/* The bytes of the log at a position, all in one segment. */
MUST_USE bool segments_read(const struct segments *segments, uint64_t position, void *out, size_t n,
                            struct err *err);

/* The first byte from..segment's end that is not zero; UINT64_MAX: none. */
MUST_USE bool segment_first_nonzero(const struct segments *segments, uint64_t segment, uint64_t from,
                                    uint64_t *ret_offset, struct err *err);
#define PLACE_SIZE 64
void place_of(char out[PLACE_SIZE], const struct segments *segments,
              uint64_t position); /* "entries-000001 at byte 512" */

/* --- derived files (derived.c) --- */

#define DERIVED_LEVELS 5 /* enough for 2^40 leaves */
#define LEAF_RECORD (2 + LEAF_SIZE)

struct derived {
    int folder;
    int leaves, hashes[DERIVED_LEVELS]; /* descriptors; -1: not there (reading only) */
};

MUST_USE bool derived_open(struct derived *derived, int folder, bool read_only, struct err *err);
void derived_close(struct derived *derived);
MUST_USE bool derived_sync(struct derived *derived, struct err *err);
MUST_USE bool derived_cut(struct derived *derived, uint64_t size, struct err *err);
bool derived_read_hash(void *derived, unsigned level, uint64_t index, struct tree_hash *ret_hash);
void derived_name(char out[FILE_NAME_SIZE], int level); /* -1: the leaves */
int derived_fd(const struct derived *derived, int level);

/* What a run of leaves adds to the derived files; filled in order of leaf. */
struct growth {
    uint64_t first;
    size_t n, cap;
    uint8_t *records;         /* n · LEAF_RECORD */
    struct tree_hash *hashes; /* of level 0 */
    struct growth_node {
        unsigned level; /* tile level, 1.. */
        uint64_t index;
        struct tree_hash hash;
    } * nodes;
    size_t nodes_n, nodes_cap;
};
void growth_start(struct growth *growth, uint64_t first);
void growth_add(struct growth *growth, struct tree_edge *edge, const uint8_t leaf[LEAF_SIZE],
                const struct tree_hash *hash);
MUST_USE bool growth_write(const struct growth *growth, struct derived *derived, struct err *err);
void growth_done(struct growth *growth);

/* Compares with the files; calls `differs(arg, level (-1: leaves), byte offset, leaf)` for the first
 * difference in each run and file. Bytes missing at a file's end differ too. */
typedef void derived_differs_fn(void *arg, int level, uint64_t offset, uint64_t leaf);
MUST_USE bool growth_compare(const struct growth *growth, const struct derived *derived,
                             derived_differs_fn *differs, void *arg, struct err *err);

#endif
