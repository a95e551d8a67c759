/* SPDX-License-Identifier: Apache-2.0 */
/* derived.c: the files of leaves and hashes, which tiles and proofs are read from and which the batches can
 * always make anew. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/batch_private.h"
#include "ledger/files_private.h"
#include "ledger/kill_points.h"

void derived_name(char out[FILE_NAME_SIZE], int level)
{
    if (level < 0)
        snprintf(out, FILE_NAME_SIZE, "leaves");
    else
        snprintf(out, FILE_NAME_SIZE, "hashes-%d", level);
}

static int *slot_of(struct derived *derived, int level)
{
    return level < 0 ? &derived->leaves : &derived->hashes[level];
}

int derived_fd(const struct derived *derived, int level)
{
    return level < 0 ? derived->leaves : derived->hashes[level];
}

static bool open_one(struct derived *derived, int level, int flags, struct err *err)
{
    char name[FILE_NAME_SIZE];
    derived_name(name, level);
    int fd = openat(derived->folder, name, flags | O_CLOEXEC, 0644);
    if (fd < 0 && errno != ENOENT)
        return err_errno(err, name, "cannot open the derived file");
    *slot_of(derived, level) = fd;
    return true;
}

bool derived_open(struct derived *derived, int folder, bool read_only, struct err *err)
{
    *derived = (struct derived){.folder = folder, .leaves = -1};
    for (int level = 0; level < DERIVED_LEVELS; level++)
        derived->hashes[level] = -1;
    for (int level = -1; level < DERIVED_LEVELS; level++) {
        int flags = read_only ? O_RDONLY : O_RDWR | O_CREAT;
        if (!open_one(derived, level, flags, err)) {
            derived_close(derived);
            return false;
        }
    }
    return true;
}

void derived_close(struct derived *derived)
{
    for (int level = -1; level < DERIVED_LEVELS; level++) {
        int *fd = slot_of(derived, level);
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
    }
}

static bool write_at(struct derived *derived, int level, const void *bytes, size_t n, uint64_t offset,
                     struct err *err)
{
    char name[FILE_NAME_SIZE];
    derived_name(name, level);
    return write_full(derived_fd(derived, level), name, bytes, n, offset, err);
}

static bool derived_write_leaves(struct derived *derived, uint64_t first, const uint8_t *records, size_t n,
                                 struct err *err)
{
    return write_at(derived, -1, records, n * LEAF_RECORD, first * LEAF_RECORD, err);
}

static bool derived_write_hashes(struct derived *derived, unsigned level, uint64_t first,
                                 const struct tree_hash *hashes, size_t n, struct err *err)
{
    return write_at(derived, (int)level, hashes, n * HASH_SIZE, first * HASH_SIZE, err);
}

bool derived_sync(struct derived *derived, struct err *err)
{
    for (int level = -1; level < DERIVED_LEVELS; level++) {
        char name[FILE_NAME_SIZE];
        derived_name(name, level);
        if (derived_fd(derived, level) >= 0 && !sync_file(derived_fd(derived, level), name, err))
            return false;
    }
    return true;
}

static uint64_t bytes_at(int level, uint64_t size)
{
    return level < 0 ? size * LEAF_RECORD : (size >> (8 * level)) * HASH_SIZE;
}

bool derived_cut(struct derived *derived, uint64_t size, struct err *err)
{
    for (int level = -1; level < DERIVED_LEVELS; level++) {
        int fd = derived_fd(derived, level);
        struct stat stat;
        if (fd < 0)
            continue;
        char name[FILE_NAME_SIZE];
        derived_name(name, level);
        if (fstat(fd, &stat) != 0 || ((uint64_t)stat.st_size > bytes_at(level, size) &&
                                      ftruncate(fd, (off_t)bytes_at(level, size)) != 0))
            return err_errno(err, name, "cannot cut the derived file to the log's size");
    }
    return true;
}

/* A hash between tile levels is folded from the stored level below: at most 128 hashes, 4 KB. */
bool derived_read_hash(void *arg, unsigned level, uint64_t index, struct tree_hash *ret_hash)
{
    const struct derived *derived = arg;
    unsigned above = level % 8, stored = level / 8;
    struct tree_hash node[128];
    size_t n = (size_t)1 << above;
    struct err unused;
    if (stored >= DERIVED_LEVELS || derived->hashes[stored] < 0 ||
        !read_full(derived->hashes[stored], "", node, n * HASH_SIZE, index * n * HASH_SIZE, &unused))
        return false;
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            tree_node_hash(&node[i], &node[2 * i], &node[2 * i + 1]);
    *ret_hash = node[0];
    return true;
}

void growth_start(struct growth *growth, uint64_t first)
{
    growth->first = first;
    growth->n = growth->nodes_n = 0;
}

static void keep_node(void *arg, unsigned level, uint64_t index, const struct tree_hash *hash)
{
    struct growth *growth = arg;
    if (level == 0 || level % 8 != 0)
        return;
    if (growth->nodes_n == growth->nodes_cap) {
        growth->nodes_cap = growth->nodes_cap == 0 ? 8 : growth->nodes_cap * 2;
        growth->nodes = realloc(growth->nodes, growth->nodes_cap * sizeof *growth->nodes);
        must(growth->nodes != NULL);
    }
    growth->nodes[growth->nodes_n++] = (struct growth_node){level / 8, index, *hash};
}

void growth_add(struct growth *growth, struct tree_edge *edge, const uint8_t leaf[LEAF_SIZE],
                const struct tree_hash *hash)
{
    if (growth->n == growth->cap) {
        growth->cap = growth->cap == 0 ? LEDGER_BATCH_ENTRIES : growth->cap * 2;
        growth->records = realloc(growth->records, growth->cap * LEAF_RECORD);
        growth->hashes = realloc(growth->hashes, growth->cap * sizeof *growth->hashes);
        must(growth->records != NULL && growth->hashes != NULL);
    }
    uint8_t *record = growth->records + growth->n * LEAF_RECORD;
    put_u16be(record, LEAF_SIZE);
    memcpy(record + 2, leaf, LEAF_SIZE);
    growth->hashes[growth->n++] = *hash;
    tree_edge_append(edge, hash, keep_node, growth);
}

bool growth_write(const struct growth *growth, struct derived *derived, struct err *err)
{
    if (growth->n == 0)
        return true;
    if (!derived_write_leaves(derived, growth->first, growth->records, growth->n, err))
        return false;
    kill_point(KILL_LEAVES_WRITTEN);
    if (!derived_write_hashes(derived, 0, growth->first, growth->hashes, growth->n, err))
        return false;
    for (size_t i = 0; i < growth->nodes_n; i++)
        if (!derived_write_hashes(derived, growth->nodes[i].level, growth->nodes[i].index,
                                  &growth->nodes[i].hash, 1, err))
            return false;
    kill_point(KILL_HASHES_WRITTEN);
    return true;
}

void growth_done(struct growth *growth)
{
    free(growth->records);
    free(growth->hashes);
    free(growth->nodes);
    *growth = (struct growth){0};
}

/* The first byte at which the file differs from `bytes`, n if none. A file that ends early differs there. */
static bool first_difference(int fd, int level, const void *bytes, size_t n, uint64_t offset, size_t *ret_at,
                             struct err *err)
{
    uint8_t piece[16384];
    for (size_t done = 0; done < n;) {
        ssize_t got = fd < 0 ? 0 : pread(fd, piece, MIN_OF(sizeof piece, n - done), (off_t)(offset + done));
        if (got < 0) {
            char name[FILE_NAME_SIZE];
            derived_name(name, level);
            return err_errno(err, name, "cannot read the derived file");
        }
        const uint8_t *want = (const uint8_t *)bytes + done;
        if (got == 0 || memcmp(piece, want, (size_t)got) != 0) {
            size_t at = 0;
            while (at < (size_t)got && piece[at] == want[at])
                at++;
            *ret_at = done + at;
            return true;
        }
        done += (size_t)got;
    }
    *ret_at = n;
    return true;
}

bool growth_compare(const struct growth *growth, const struct derived *derived, derived_differs_fn *differs,
                    void *arg, struct err *err)
{
    size_t at, bytes = growth->n * LEAF_RECORD;
    uint64_t offset = growth->first * LEAF_RECORD;
    if (!first_difference(derived->leaves, -1, growth->records, bytes, offset, &at, err))
        return false;
    if (at < bytes)
        differs(arg, -1, offset + at, growth->first + at / LEAF_RECORD);
    bytes = growth->n * HASH_SIZE;
    offset = growth->first * HASH_SIZE;
    if (!first_difference(derived->hashes[0], 0, growth->hashes, bytes, offset, &at, err))
        return false;
    if (at < bytes)
        differs(arg, 0, offset + at, growth->first + at / HASH_SIZE);
    for (size_t i = 0; i < growth->nodes_n; i++) {
        const struct growth_node *node = &growth->nodes[i];
        offset = node->index * HASH_SIZE;
        if (!first_difference(derived->hashes[node->level], (int)node->level, node->hash.b, HASH_SIZE, offset,
                              &at, err))
            return false;
        if (at < HASH_SIZE)
            differs(arg, (int)node->level, offset + at, node->index << (8 * node->level));
    }
    return true;
}
