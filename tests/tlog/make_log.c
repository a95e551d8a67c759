/* SPDX-License-Identifier: Apache-2.0 */
/* make_log FOLDER SIZE: writes a small log (checkpoint, tiles, bundles, a receipt of its last leaf) for the
 * verifiers of others, and prints the log's verifier key. The seed is public: 00 01 .. 1f. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tlog/receipt.h"
#include "tlog/tile.h"

#define SIZE_MAX_HERE 100000

static struct tree_hash *levels[3];

static void keep(void *arg, unsigned level, uint64_t index, const struct tree_hash *hash)
{
    if (level % 8 == 0 && level / 8 < 3)
        levels[level / 8][index] = *hash;
}

static bool from_tiles(void *arg, unsigned level, uint64_t index, struct tree_hash *ret_hash)
{
    struct tree_hash left, right;
    if (level % 8 == 0) {
        *ret_hash = levels[level / 8][index];
        return true;
    }
    must(from_tiles(arg, level - 1, 2 * index, &left) && from_tiles(arg, level - 1, 2 * index + 1, &right));
    tree_node_hash(ret_hash, &left, &right);
    return true;
}

static void put(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        must(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    must(file != NULL && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
}

/* A whole entry, so that a receipt of this log passes every check. */
#define ENTRY                                                                                                \
    "{\"v\":1,\"id\":\"a1\",\"t\":\"2026-11-24T10:00:00Z\",\"kind\":\"look\",\"holder\":\"clinic\","         \
    "\"shard\":0,\"stream\":\"open\",\"n\":0,\"agency\":\"clinic\",\"office\":\"doctor\",\"actor\":\"c-"     \
    "17\",\"capacity\":null,\"mandate\":null,\"purpose\":\"treatment\",\"basis\":null,\"case\":\"9\","       \
    "\"registry\":\"patients\",\"fields\":[\"name\"],\"outcome\":\"admitted\",\"reason\":null,\"levels\":"   \
    "null,\"rules\":null}"

static void leaf_of(uint8_t bytes[LEAF_SIZE], uint64_t i, struct receipt_opening *opening)
{
    struct leaf leaf = {.type = LEAF_PERSONAL};
    uint8_t seed[SEED_SIZE] = {1};
    memset(opening->salt, (int)(i & 0xFF), SALT_SIZE);
    opening->entry = STR(ENTRY);
    leaf_label(leaf.label, seed, i);
    leaf_commit(leaf.commit, opening->salt, opening->entry);
    leaf_write(bytes, &leaf);
    memcpy(opening->leaf, bytes, LEAF_SIZE);
}

static void put_tiles(const char *folder, uint64_t size)
{
    char name[TILE_PATH_SIZE];
    struct receipt_opening spare;
    for (unsigned level = 0; level < 3; level++)
        for (uint64_t i = 0; tile_width(size, level, i) != 0; i++) {
            struct tile tile = {.level = level, .index = i, .width = tile_width(size, level, i)};
            tile_path(name, &tile);
            put(folder, name, levels[level][i * TILE_WIDTH].b, tile.width * sizeof(struct tree_hash));
            if (level != 0)
                continue;
            struct buf bundle;
            buf_init(&bundle, 1 << 20);
            for (uint64_t leaf = i * TILE_WIDTH; leaf < i * TILE_WIDTH + tile.width; leaf++) {
                uint8_t bytes[LEAF_SIZE];
                leaf_of(bytes, leaf, &spare);
                buf_lp(&bundle, bytes, LEAF_SIZE);
            }
            tile.entries = true;
            tile_path(name, &tile);
            put(folder, name, bundle.p, bundle.n);
            buf_done(&bundle);
        }
}

static void put_signed(const char *folder, const struct tree_edge *edge, const struct receipt_opening *last)
{
    uint8_t seed[32], public[32];
    struct note_vkey vkey;
    struct checkpoint checkpoint = {.origin = STR("log.example/foreign"), .size = edge->size};
    struct tlog_proof proof = {.index = edge->size - 1};
    struct buf text, note, out;
    for (int i = 0; i < 32; i++)
        seed[i] = (uint8_t)i;
    struct sign_key *key = sign_key_new(seed);
    sign_public(key, public);
    note_vkey_make(&vkey, checkpoint.origin, public);
    buf_init(&text, 4096);
    buf_init(&note, 4096);
    buf_init(&out, 1 << 20);
    tree_edge_root(edge, &checkpoint.root);
    checkpoint_text(&text, &checkpoint);
    buf_str(&note, buf_view(&text));
    buf_byte(&note, '\n');
    note_sign(&note, &vkey, key, buf_view(&text));
    put(folder, "checkpoint", note.p, note.n);
    proof.checkpoint = buf_view(&note);
    must(tree_prove_inclusion(proof.path, &proof.path_n, proof.index, edge->size, from_tiles, NULL));
    receipt_text(&out, &proof, last);
    put(folder, "last.tlog-proof", out.p, out.n);
    buf_clear(&out);
    note_vkey_text(&out, &vkey);
    printf("%.*s\n", STR_ARG(buf_view(&out)));
    buf_done(&text);
    buf_done(&note);
    buf_done(&out);
    sign_key_free(key);
}

int main(int argc, char **argv)
{
    uint64_t size;
    if (argc != 3 || !text_u64(str_of(argv[2]), &size) || size == 0 || size > SIZE_MAX_HERE) {
        fprintf(stderr, "usage: make_log FOLDER SIZE\n");
        return 2;
    }
    for (int i = 0; i < 3; i++)
        must((levels[i] = calloc(SIZE_MAX_HERE, sizeof **levels)) != NULL);
    struct tree_edge edge;
    struct receipt_opening last;
    tree_edge_start(&edge);
    for (uint64_t i = 0; i < size; i++) {
        uint8_t bytes[LEAF_SIZE];
        struct tree_hash hash;
        leaf_of(bytes, i, &last);
        tree_leaf_hash(&hash, bytes, LEAF_SIZE);
        tree_edge_append(&edge, &hash, keep, NULL);
    }
    must(mkdir(argv[1], 0755) == 0 || errno == EEXIST);
    put_tiles(argv[1], size);
    put_signed(argv[1], &edge, &last);
    for (int i = 0; i < 3; i++)
        free(levels[i]);
    return 0;
}
