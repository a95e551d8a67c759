/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the room over what others made: proof probes, a foreign log, public registers. */
#include "support.h"

#include <dirent.h>

#include "tlog/note.h"
#include "tlog/probe.h"
#include "tlog/tile.h"

static size_t probes_of(const char *path)
{
    struct str file = file_read(path), rest = file, line;
    size_t n = 0;
    while (str_next(&rest, '\n', &line)) {
        struct err err;
        bool accepted;
        bool must_fail = memmem(line.p, line.n, "\"wantErr\": true", 15) != NULL;
        if (!tlog_probe_line(line, &accepted, &err))
            fail_msg("line %zu: %s: %s", n + 1, err.place, err.text);
        if (accepted == must_fail)
            fail_msg("line %zu is %s", n + 1, accepted ? "accepted" : "refused");
        n++;
    }
    free((char *)file.p);
    return n;
}

static void proof_probes(void **state)
{
    NEED_SHARED("tlog/merkle-probes-inclusion.jsonl");
    size_t n = probes_of(path);
    path = shared_path("tlog/merkle-probes-consistency.jsonl");
    n += probes_of(path);
    assert_int_equal(n, 196);
}

static size_t hashes_at(const json_t *object, const char *key, struct tree_hash proof[TREE_PROOF_MAX])
{
    const json_t *list = json_object_get(object, key), *hash;
    size_t i;
    json_array_foreach(list, i, hash) hash_hex(&proof[i], str_of(json_string_value(hash)));
    return json_array_size(list);
}

static void eight_leaves(void **state)
{
    NEED_SHARED("tlog/rfc6962-8leaf.json");
    json_t *json = json_file(path), *row;
    struct memory *memory = memory_new();
    struct tree_hash proof[TREE_PROOF_MAX], expected[TREE_PROOF_MAX];
    size_t i, n;
    json_array_foreach(json_object_get(json, "leaf_inputs_hex"), i, row)
    {
        uint8_t bytes[64];
        assert_true(hex_decode(bytes, json_string_length(row) / 2, str_of(json_string_value(row))));
        memory_add(memory, bytes, json_string_length(row) / 2);
    }
    json_array_foreach(json_object_get(json, "inclusion"), i, row)
    {
        uint64_t leaf = (uint64_t)json_integer_value(json_object_get(row, "index"));
        uint64_t size = (uint64_t)json_integer_value(json_object_get(row, "size"));
        assert_true(tree_prove_inclusion(proof, &n, leaf, size, memory_read, memory));
        assert_int_equal(n, hashes_at(row, "path_hex", expected));
        assert_memory_equal(proof, expected, n * sizeof *proof);
    }
    assert_int_equal(i, 36);
    json_array_foreach(json_object_get(json, "consistency"), i, row)
    {
        uint64_t old = (uint64_t)json_integer_value(json_object_get(row, "old"));
        uint64_t size = (uint64_t)json_integer_value(json_object_get(row, "new"));
        assert_true(tree_prove_consistency(proof, &n, old, size, memory_read, memory));
        assert_int_equal(n, hashes_at(row, "proof_hex", expected));
        assert_memory_equal(proof, expected, n * sizeof *proof);
    }
    assert_int_equal(i, 44);
    json_decref(json);
    memory_free(memory);
}

static void tile_digests(const json_t *list, struct memory *memory, uint64_t size)
{
    const json_t *row;
    size_t i;
    json_array_foreach(list, i, row)
    {
        struct tile tile;
        struct tree_hash digest;
        struct buf bytes;
        buf_init(&bytes, 1 << 16);
        assert_true(tile_parse(text_at(row, "path"), &tile));
        assert_int_equal(tile.width, tile_width(size, tile.level, tile.index));
        for (uint64_t j = tile.index * TILE_WIDTH; j < tile.index * TILE_WIDTH + tile.width; j++) {
            char entry[32];
            int n = snprintf(entry, sizeof entry, "leaf %llu", (unsigned long long)j);
            if (tile.entries)
                buf_lp(&bytes, entry, (size_t)n);
            else
                buf_add(&bytes, memory->at[8 * tile.level][j].b, HASH_SIZE);
        }
        assert_int_equal(bytes.n, json_integer_value(json_object_get(row, "bytes")));
        sha256(digest.b, bytes.p, bytes.n);
        assert_hash(&digest, text_at(row, "sha256").p);
        buf_done(&bytes);
    }
    assert_true(i > 0);
}

static void layouts(const json_t *layouts_by_size)
{
    const char *size_text;
    json_t *levels, *row;
    json_object_foreach((json_t *)layouts_by_size, size_text, levels)
    {
        uint64_t size;
        size_t i;
        assert_true(text_u64(str_of(size_text), &size));
        json_array_foreach(levels, i, row)
        {
            uint64_t full = (uint64_t)json_integer_value(json_object_get(row, "full_tiles"));
            if (full != 0)
                assert_int_equal(tile_width(size, (unsigned)i, full - 1), TILE_WIDTH);
            assert_int_equal(tile_width(size, (unsigned)i, full),
                             json_integer_value(json_object_get(row, "partial_width")));
        }
        assert_int_equal(tile_width(size, (unsigned)i, 0), 0);
    }
}

static void log_of_70000(void **state)
{
    NEED_SHARED("tlog/tlog-tiles-70000.json");
    json_t *json = json_file(path), *value;
    const json_t *roots = json_object_get(json, "roots_hex_by_size");
    struct memory *memory = memory_new();
    const char *key;
    size_t checked = 0;
    for (unsigned i = 0; i <= 70000; i++) {
        char entry[32], size[32];
        snprintf(size, sizeof size, "%u", i);
        if (json_object_get(roots, size) != NULL) {
            struct tree_hash root;
            tree_edge_root(&memory->edge, &root);
            assert_hash(&root, json_string_value(json_object_get(roots, size)));
            checked++;
        }
        memory_add(memory, entry, (size_t)snprintf(entry, sizeof entry, "leaf %u", i));
    }
    assert_int_equal(checked, 17);
    tile_digests(json_object_get(json, "tile_digests_size_70000"), memory, 70000);
    tile_digests(json_object_get(json, "entry_bundle_digests"), memory, 70000);
    layouts(json_object_get(json, "layout_by_size"));
    json_object_foreach(json_object_get(json, "index_paths"), key, value)
    {
        char made[TILE_PATH_SIZE], expected[TILE_PATH_SIZE];
        struct tile tile = {.width = TILE_WIDTH}, back;
        assert_true(text_u64(str_of(key), &tile.index));
        snprintf(expected, sizeof expected, "tile/0/%s", json_string_value(value));
        tile_path(made, &tile);
        assert_string_equal(made, expected);
        assert_true(tile_parse(str_of(expected), &back));
        assert_int_equal(back.index, tile.index);
    }
    memory_free(memory);
    json_decref(json);
}

/* Reads one size of the foreign log: bundle against tile against checkpoint. */
static void tessera_size(const char *folder, const struct note_vkey *key, uint64_t size)
{
    char path[8400], tile_name[TILE_PATH_SIZE];
    struct note note;
    struct checkpoint checkpoint;
    struct tree_edge edge;
    struct tree_hash root;
    struct err err;
    snprintf(path, sizeof path, "%s/checkpoint.%u", folder, (unsigned)size);
    struct str file = file_read(path), bundle = {NULL, 0}, hashes = {NULL, 0};
    assert_true(note_parse(file, &note, &err));
    assert_true(note_verify(&note, key, 1, &err));
    assert_true(checkpoint_parse(note.text, &checkpoint, &err));
    assert_int_equal(checkpoint.size, size);
    tree_edge_start(&edge);
    if (size != 0) {
        tile_path(tile_name, &(struct tile){.entries = true, .width = (unsigned)size});
        snprintf(path, sizeof path, "%s/%s", folder, tile_name);
        bundle = file_read(path);
        tile_path(tile_name, &(struct tile){.width = (unsigned)size});
        snprintf(path, sizeof path, "%s/%s", folder, tile_name);
        hashes = file_read(path);
        assert_int_equal(hashes.n, size * HASH_SIZE);
    }
    size_t at = 0;
    for (uint64_t i = 0; i < size; i++) {
        struct tree_hash leaf;
        size_t n = get_u16be((const uint8_t *)bundle.p + at);
        tree_leaf_hash(&leaf, bundle.p + at + 2, n);
        assert_memory_equal(leaf.b, hashes.p + i * HASH_SIZE, HASH_SIZE);
        tree_edge_append(&edge, &leaf, NULL, NULL);
        at += 2 + n;
    }
    assert_int_equal(at, bundle.n);
    tree_edge_root(&edge, &root);
    assert_memory_equal(root.b, checkpoint.root.b, HASH_SIZE);
    free((char *)file.p);
    free((char *)bundle.p);
    free((char *)hashes.p);
}

static void tessera_log(void **state)
{
    NEED_SHARED("tlog/tessera-testlog");
    char folder[8200];
    struct note_vkey key;
    struct err err;
    snprintf(folder, sizeof folder, "%s", path);
    assert_true(note_vkey_parse(
        STR("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"), &key, &err));
    for (uint64_t size = 0; size <= 15; size++)
        tessera_size(folder, &key, size);
}

static void signed_notes(void **state)
{
    NEED_SHARED("tlog/signed-notes.json");
    json_t *json = json_file(path), *row;
    size_t i;
    json_array_foreach(json_object_get(json, "notes"), i, row)
    {
        struct note_vkey key;
        struct note note;
        struct err err;
        struct buf vkey;
        assert_true(note_vkey_parse(text_at(row, "vkey"), &key, &err));
        buf_init(&vkey, 4096);
        note_vkey_text(&vkey, &key);
        assert_true(str_eq(buf_view(&vkey), text_at(row, "vkey")));
        buf_done(&vkey);
        assert_true(note_parse(text_at(row, "note"), &note, &err));
        assert_true(str_eq(note.text, text_at(row, "text")));
        assert_true(str_eq(note.signatures, text_at(row, "signature_line")));
        assert_true(note_verify(&note, &key, 1, &err));
        char *changed = strdup(text_at(row, "note").p);
        changed[0] ^= 1;
        assert_true(note_parse(str_of(changed), &note, &err));
        assert_false(note_verify(&note, &key, 1, &err));
        free(changed);
    }
    assert_int_equal(i, 19);

    const json_t *example = json_object_get(json, "spec_examples_without_vkey");
    struct note note;
    struct checkpoint checkpoint;
    struct err err;
    assert_true(note_parse(text_at(example, "tlog-checkpoint.md"), &note, &err));
    assert_true(checkpoint_parse(note.text, &checkpoint, &err));
    assert_int_equal(checkpoint.size, 20852163);
    json_decref(json);
}

/* The leaf of an entry of a register, as its format has it. */
static void register_leaf(struct memory *memory, struct str line)
{
    struct str part[5]; /* append-entry, region, key, time, item */
    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        assert_true(str_next(&line, '\t', &part[i]));
    if (!str_is(part[1], "user"))
        return;
    struct buf json;
    unsigned long long n = memory->edge.size + 1;
    buf_init(&json, 1 << 16);
    buf_printf(&json,
               "{\"index-entry-number\":\"%llu\",\"entry-number\":\"%llu\",\"entry-timestamp\":\"%.*s\"", n,
               n, STR_ARG(part[3]));
    buf_printf(&json, ",\"key\":\"%.*s\",\"item-hash\":[\"%.*s\"]}", STR_ARG(part[2]), STR_ARG(part[4]));
    memory_add(memory, json.p, json.n);
    buf_done(&json);
}

/* Returns the number of entries that the last assertion covers. */
static uint64_t register_file(const char *path)
{
    struct str file = file_read(path), rest = file, line;
    struct memory *memory = memory_new();
    uint64_t covered = 0;
    while (str_next(&rest, '\n', &line)) {
        if (str_starts(line, STR("append-entry")))
            register_leaf(memory, line);
        if (!str_starts(line, STR("assert-root-hash\tsha-256:")) || memory->edge.size == 0)
            continue;
        struct tree_hash root, asserted;
        hash_hex(&asserted, str_from(line, 25));
        tree_edge_root(&memory->edge, &root);
        assert_memory_equal(root.b, asserted.b, HASH_SIZE);
        covered = memory->edge.size;
    }
    memory_free(memory);
    free((char *)file.p);
    return covered;
}

static void public_registers(void **state)
{
    NEED_SHARED("registers");
    char folder[8200], name[8500];
    snprintf(folder, sizeof folder, "%s", path);
    DIR *list = opendir(folder);
    size_t files = 0;
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (!str_ends(str_of(entry->d_name), STR(".rsf")))
            continue;
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        assert_true(register_file(name) > 0);
        files++;
    }
    closedir(list);
    assert_int_equal(files, 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_probes), cmocka_unit_test(eight_leaves), cmocka_unit_test(log_of_70000),
        cmocka_unit_test(tessera_log),  cmocka_unit_test(signed_notes), cmocka_unit_test(public_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
