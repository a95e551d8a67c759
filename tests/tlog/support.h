/* SPDX-License-Identifier: Apache-2.0 */
/* support.h: what the tests of this room share: files, JSON, a log in memory. */
#ifndef TESTS_TLOG_SUPPORT_H
#define TESTS_TLOG_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "tlog/tree.h"

static inline const char *repo_path(const char *name)
{
    static char path[4096];
    const char *root = getenv("AINA_ROOT");
    snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", name);
    return path;
}

/* The shared test data, or NULL where they are not at hand. */
static inline const char *shared_path(const char *name)
{
    static char path[8192];
    const char *shared = getenv("AINA_SHARED");
    snprintf(path, sizeof path, "%s/%s", shared != NULL ? shared : repo_path("../shared/data"), name);
    return access(path, R_OK) == 0 ? path : NULL;
}

#define NEED_SHARED(name)                                                                                    \
    const char *path = shared_path(name);                                                                    \
    if (path == NULL) {                                                                                      \
        print_message("SKIPPED: ../shared/data/%s is not here\n", name);                                     \
        skip();                                                                                              \
    }

/* The whole file on the heap; {NULL, 0} if there is none. */
static inline struct str file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return (struct str){NULL, 0};
    fseek(file, 0, SEEK_END);
    size_t n = (size_t)ftell(file);
    rewind(file);
    char *p = malloc(n + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, n, file), n);
    p[n] = '\0';
    fclose(file);
    return (struct str){p, n};
}

static inline json_t *json_file(const char *path)
{
    json_error_t why;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL)
        fail_msg("%s: %s", path, why.text);
    return json;
}

static inline struct str text_at(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return (struct str){json_string_value(member), json_string_length(member)};
}

static inline void hash_hex(struct tree_hash *out, struct str hex)
{
    assert_true(hex_decode(out->b, HASH_SIZE, hex));
}

static inline void assert_hash(const struct tree_hash *hash, const char *hex)
{
    char text[2 * HASH_SIZE + 1];
    hex_encode(text, hash->b, HASH_SIZE);
    assert_string_equal(text, hex);
}

/* A log's hashes in memory, by level. */
struct memory {
    struct tree_edge edge;
    size_t n[64], cap[64];
    struct tree_hash *at[64];
};

static inline void memory_done(void *arg, unsigned level, uint64_t index, const struct tree_hash *hash)
{
    struct memory *memory = arg;
    assert_int_equal(index, memory->n[level]); /* without gaps, in order */
    if (memory->n[level] == memory->cap[level]) {
        memory->cap[level] = memory->cap[level] ? 2 * memory->cap[level] : 16;
        memory->at[level] = realloc(memory->at[level], memory->cap[level] * sizeof *hash);
        assert_non_null(memory->at[level]);
    }
    memory->at[level][memory->n[level]++] = *hash;
}

static inline bool memory_read(void *arg, unsigned level, uint64_t index, struct tree_hash *ret_hash)
{
    const struct memory *memory = arg;
    if (level >= 64 || index >= memory->n[level])
        return false;
    *ret_hash = memory->at[level][index];
    return true;
}

static inline struct memory *memory_new(void)
{
    struct memory *memory = calloc(1, sizeof *memory);
    assert_non_null(memory);
    tree_edge_start(&memory->edge);
    return memory;
}

static inline void memory_add(struct memory *memory, const void *entry, size_t n)
{
    struct tree_hash leaf;
    tree_leaf_hash(&leaf, entry, n);
    tree_edge_append(&memory->edge, &leaf, memory_done, memory);
}

static inline void memory_free(struct memory *memory)
{
    for (int i = 0; i < 64; i++)
        free(memory->at[i]);
    free(memory);
}

#endif
