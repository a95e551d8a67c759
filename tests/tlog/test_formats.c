/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "tlog/leaf.h"
#include "tlog/note.h"
#include "tlog/probe.h"
#include "tlog/tile.h"
#include "tlog/verify.h"

/* Facts from the signed-note specification. */
#define SPEC_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SPEC_NOTE                                                                                            \
    "This is an example message.\n\n\xE2\x80\x94 example.com/foo "                                           \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

/* A log whose seed is 00 01 .. 1f, with the eight standard leaves. */
#define LOG_NAME "log.example/aina-test"
#define LOG_VKEY LOG_NAME "+68f65e77+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define LOG_BODY LOG_NAME "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define LOG_SIGNATURE                                                                                        \
    "\xE2\x80\x94 " LOG_NAME                                                                                 \
    " aPZedwswrlnkHdQz5EZDFLugqEkniRl0q44iGFqPAAsSdnXOLQXPEaXr6z08RfKkAnOV9AIFR7ikdrFba8EDDEYunAE=\n"
#define WITNESS_SIGNATURE                                                                                    \
    "\xE2\x80\x94 witness.example/w1 "                                                                       \
    "IDJKvgAAAABlU/EAd9t8pdAJOV4B450CPamOqZsrM7jBvP7Zlpd3hBC5MenfeYV3ROLJUlS2Nv2SzAFeUTHiJthj0/"             \
    "RQZlhIcko9Aw=="                                                                                         \
    "\n"
#define PROOF_5                                                                                              \
    "c2sp.org/tlog-proof@v1\nindex 5\nvBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"                        \
    "yoVOoSjtBQtBs1/"                                                                                        \
    "8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n\n" LOG_BODY               \
    "\n" LOG_SIGNATURE WITNESS_SIGNATURE

static void tile_paths_both_ways(void **state)
{
    static const struct {
        struct tile tile;
        const char *path;
    } cases[] = {
        {{false, 0, 0, 256}, "tile/0/000"},
        {{false, 0, 1234067, 256}, "tile/0/x001/x234/067"},
        {{false, 63, 1000, 255}, "tile/63/x001/000.p/255"},
        {{true, 0, 999, 1}, "tile/entries/999.p/1"},
        {{true, 0, UINT64_MAX, 256}, "tile/entries/x018/x446/x744/x073/x709/x551/615"},
    };
    char made[TILE_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tile back;
        tile_path(made, &cases[i].tile);
        assert_string_equal(made, cases[i].path);
        assert_true(tile_parse(str_of(made), &back));
        assert_int_equal(back.entries, cases[i].tile.entries);
        assert_int_equal(back.level, cases[i].tile.level);
        assert_true(back.index == cases[i].tile.index);
        assert_int_equal(back.width, cases[i].tile.width);
    }
}

static void other_tile_paths_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "/tile/0/000",
                                      "tile/00/000",
                                      "tile/64/000",
                                      "tile/-1/000",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "tile/0/1000",
                                      "tile/0/x000/000",
                                      "tile/0/001/000",
                                      "tile/0/x001",
                                      "tile/0/x001/x000",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/",
                                      "tile/0/000.p",
                                      "tile/0/000/",
                                      "tile/0/000.p/5/",
                                      "tile/0//000",
                                      "tile/x/000",
                                      "tile/entries/0",
                                      "tile/0/x018/x446/x744/x073/x709/x551/616",
                                      "tile/0/x999/x999/x999/x999/x999/x999/999",
                                      "tile/0/+01",
                                      "tile/0/00 ",
                                      "Tile/0/000",
                                      "tile/0/000.P/5",
                                      "tile/0/000?x",
                                      "tile/0/../000"};
    struct tile tile;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (tile_parse(str_of(bad[i]), &tile))
            fail_msg("accepted: %s", bad[i]);
}

static void tile_widths(void **state)
{
    assert_int_equal(tile_width(0, 0, 0), 0);
    assert_int_equal(tile_width(1, 0, 0), 1);
    assert_int_equal(tile_width(256, 0, 0), 256);
    assert_int_equal(tile_width(256, 0, 1), 0);
    assert_int_equal(tile_width(256, 1, 0), 1);
    assert_int_equal(tile_width(70000, 0, 273), 112);
    assert_int_equal(tile_width(70000, 1, 1), 17);
    assert_int_equal(tile_width(UINT64_MAX, 7, 0), 255);
    assert_int_equal(tile_width(UINT64_MAX, 8, 0), 0);
    assert_int_equal(tile_width(UINT64_MAX, 63, 0), 0);
    assert_int_equal(tile_width(UINT64_MAX, 0, UINT64_MAX), 0);
}

static void note_of_the_specification(void **state)
{
    struct note_vkey key;
    struct note note;
    struct err err;
    assert_true(note_vkey_parse(STR(SPEC_VKEY), &key, &err));
    assert_true(note_parse(STR(SPEC_NOTE), &note, &err));
    assert_true(str_is(note.text, "This is an example message.\n"));
    assert_true(note_verify(&note, &key, 1, &err));
    assert_false(note_verify(&note, &key, 0, &err));
    char changed[] = SPEC_NOTE;
    for (size_t i = 0; i + 1 < sizeof changed; i++) { /* no byte may change */
        changed[i] ^= 4;
        struct note other;
        assert_false(note_parse(str_of(changed), &other, &err) && note_verify(&other, &key, 1, &err));
        changed[i] ^= 4;
    }
    for (size_t n = 0; n < sizeof changed - 1; n++) {
        struct note other;
        assert_false(note_parse((struct str){changed, n}, &other, &err));
    }
}

static void signing_gives_the_known_bytes(void **state)
{
    uint8_t seed[32], public[32];
    struct note_vkey vkey;
    struct buf out;
    struct tree_hash root;
    for (int i = 0; i < 32; i++)
        seed[i] = (uint8_t)i;
    struct sign_key *key = sign_key_new(seed);
    sign_public(key, public);
    note_vkey_make(&vkey, STR(LOG_NAME), public);
    buf_init(&out, 4096);
    note_vkey_text(&out, &vkey);
    assert_true(str_is(buf_view(&out), LOG_VKEY));
    buf_clear(&out);
    hash_hex(&root, STR("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"));
    checkpoint_text(&out, &(struct checkpoint){STR(LOG_NAME), 8, root});
    assert_true(str_is(buf_view(&out), LOG_BODY));
    buf_clear(&out);
    note_sign(&out, &vkey, key, STR(LOG_BODY));
    assert_true(str_is(buf_view(&out), LOG_SIGNATURE));
    buf_done(&out);
    sign_key_free(key);
}

static void unknown_signatures_are_ignored_and_known_bad_ones_refused(void **state)
{
    struct note_vkey keys[2];
    struct note note;
    struct err err;
    assert_true(note_vkey_parse(STR(LOG_VKEY), &keys[0], &err));
    assert_true(note_vkey_parse(STR(SPEC_VKEY), &keys[1], &err));
    assert_true(note_parse(STR(LOG_BODY "\n" WITNESS_SIGNATURE LOG_SIGNATURE), &note, &err));
    assert_true(note_verify(&note, keys, 2, &err));
    assert_false(note_verify(&note, keys + 1, 1, &err)); /* nobody known has signed */
    assert_true(note_parse(STR(LOG_BODY "\n" WITNESS_SIGNATURE), &note, &err));
    assert_false(note_verify(&note, keys, 2, &err));

    /* A good line does not heal a bad one of the same key. */
    char bad[] = LOG_BODY "\n" LOG_SIGNATURE LOG_SIGNATURE;
    bad[sizeof bad - 10] ^= 1;
    assert_true(note_parse(str_of(bad), &note, &err));
    assert_false(note_verify(&note, keys, 2, &err));
}

static void malformed_notes_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "\n\n",
                                      "text\n",
                                      "text\n\n",
                                      LOG_BODY LOG_SIGNATURE,
                                      LOG_BODY "\n" LOG_SIGNATURE "\n",
                                      LOG_BODY "\n" LOG_SIGNATURE "more\n",
                                      LOG_BODY "\n- " LOG_NAME " aPZedwsw\n",
                                      LOG_BODY "\n\xE2\x80\x94 a+b aPZedwsw\n",
                                      LOG_BODY "\n\xE2\x80\x94  aPZedwsw\n",
                                      LOG_BODY "\n\xE2\x80\x94 name\n",
                                      LOG_BODY "\n\xE2\x80\x94 name aPZedw==\n",
                                      LOG_BODY "\n\xE2\x80\x94 name aPZedwsw \n",
                                      LOG_BODY "\n\xE2\x80\x94 na\xC2\xA0me aPZedwsw\n",
                                      "te\txt\n\n" LOG_SIGNATURE,
                                      "te\rxt\n\n" LOG_SIGNATURE,
                                      "te\xFFxt\n\n" LOG_SIGNATURE};
    struct note note;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (note_parse(str_of(bad[i]), &note, &err))
            fail_msg("accepted %zu", i);
    struct buf many;
    buf_init(&many, 1 << 16);
    buf_text(&many, "t\n\n");
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        buf_text(&many, LOG_SIGNATURE);
    assert_true(note_parse(buf_view(&many), &note, &err));
    buf_text(&many, LOG_SIGNATURE);
    assert_false(note_parse(buf_view(&many), &note, &err));
    buf_done(&many);
}

static void malformed_verifier_keys_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "+",
        "++",
        LOG_NAME,
        LOG_NAME "+68f65e77",
        LOG_NAME "+68f65e77+",
        LOG_NAME "+68F65E77+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        LOG_NAME "+68f65e78+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.example/other+68f65e77+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        LOG_NAME "+68f65e77+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG",
        LOG_VKEY "=",
        LOG_VKEY "\n",
        "a b+68f65e77+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        LOG_NAME "+68f65e77+AQOh"};
    struct note_vkey key;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (note_vkey_parse(str_of(bad[i]), &key, &err))
            fail_msg("accepted %zu", i);
    /* A witness's key (type 4) is read, and never verifies. */
    assert_true(note_vkey_parse(
        STR("witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"), &key, &err));
    struct note note;
    assert_true(note_parse(STR(LOG_BODY "\n" WITNESS_SIGNATURE), &note, &err));
    assert_false(note_verify(&note, &key, 1, &err));
}

static void checkpoints_are_read_strictly(void **state)
{
    static const char *const bad[] = {
        "",
        "a\n8\n",
        "a\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
        "a\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "a\n-1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "a\n18446744073709551616\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "a b\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "a+b\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "a\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", /* spare bits set */
        "a\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n",
        "a\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
        "a\n8\nXcnaeacGWam\xE2\x80\x87y3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", /* letters beyond ASCII */
        "a\n0\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",          /* nothing has another root */
        "a\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"};
    struct checkpoint checkpoint;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (checkpoint_parse(str_of(bad[i]), &checkpoint, &err))
            fail_msg("accepted %zu", i);
    assert_true(checkpoint_parse(STR(LOG_BODY), &checkpoint, &err));
    assert_int_equal(checkpoint.size, 8);
    assert_true(checkpoint_parse(STR(LOG_BODY "extension\n"), &checkpoint, &err));
    assert_true(checkpoint_parse(
        STR("a\n18446744073709551615\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"), &checkpoint, &err));
    assert_true(checkpoint.size == UINT64_MAX);
}

static void proofs_both_ways(void **state)
{
    static const char *const bad[] = {"",
                                      "c2sp.org/tlog-proof@v1\n",
                                      "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\n\n",
                                      "c2sp.org/tlog-proof@v1\nindex 00\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nextra\nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nextra YQ\nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\nYQ==\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\nextra YQ==\n\nx\n"};
    struct tlog_proof proof;
    struct tree_hash leaf;
    struct checkpoint checkpoint;
    struct note note;
    struct err err;
    struct buf again;
    assert_true(tlog_proof_parse(STR(PROOF_5), &proof, &err));
    assert_int_equal(proof.index, 5);
    assert_int_equal(proof.path_n, 3);
    assert_false(proof.has_extra);
    assert_true(note_parse(proof.checkpoint, &note, &err));
    assert_true(checkpoint_parse(note.text, &checkpoint, &err));
    tree_leaf_hash(&leaf, "\x40\x41\x42\x43", 4);
    assert_true(tree_check_inclusion(proof.path, proof.path_n, 5, checkpoint.size, &leaf, &checkpoint.root));
    buf_init(&again, 1 << 16);
    tlog_proof_text(&again, &proof);
    assert_true(str_is(buf_view(&again), PROOF_5));
    proof.has_extra = true;
    proof.extra_base64 = STR("aGVsbG8=");
    buf_clear(&again);
    tlog_proof_text(&again, &proof);
    assert_true(tlog_proof_parse(buf_view(&again), &proof, &err));
    assert_true(proof.has_extra && str_is(proof.extra_base64, "aGVsbG8="));
    buf_done(&again);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (tlog_proof_parse(str_of(bad[i]), &proof, &err))
            fail_msg("accepted %zu", i);
}

static void leaves_both_ways(void **state)
{
    uint8_t bytes[LEAF_SIZE];
    struct leaf leaf = {LEAF_PUBLIC, {1, 2}, {3, 4}}, back;
    leaf_write(bytes, &leaf);
    assert_true(leaf_parse(bytes, &back));
    assert_memory_equal(&leaf, &back, sizeof leaf);
    for (unsigned type = 0; type < 256; type++) {
        bytes[0] = (uint8_t)type;
        assert_int_equal(leaf_parse(bytes, &back), type == 1 || type == 3 || type == 4);
    }
    bytes[0] = 1;
    bytes[1] = 2;
    assert_false(leaf_parse(bytes, &back));
}

#define ENTRY(v, t, stream, n, fields, rules, more)                                                          \
    "{\"v\":" v ",\"id\":\"a1\",\"t\":" t                                                                    \
    ",\"kind\":\"look\",\"holder\":\"clinic\",\"shard\":0,\"stream\":" stream ",\"n\":" n                    \
    ",\"agency\":\"clinic\",\"office\":\"doctor\",\"actor\":\"c-17\",\"capacity\":null,"                     \
    "\"mandate\":null,\"purpose\":\"treatment\",\"basis\":null,\"case\":\"9\",\"registry\":\"patients\","    \
    "\"fields\":" fields ",\"outcome\":\"admitted\",\"reason\":null,\"levels\":null,\"rules\":" rules more   \
    "}"
#define T "\"2026-11-24T10:00:00Z\""

static void entries_have_exactly_their_members(void **state)
{
    static const struct {
        bool good;
        const char *entry;
    } cases[] = {
        {true, ENTRY("1", T, "\"open\"", "0", "[\"name\"]", "null", "")},
        {true, ENTRY("1", T, "\"sealed\"", "9007199254740991", "null", "null", "")},
        {false, ENTRY("2", T, "\"open\"", "0", "null", "null", "")},
        {false, ENTRY("1.0", T, "\"open\"", "0", "null", "null", "")},
        {false, ENTRY("1", "\"2026-11-24\"", "\"open\"", "0", "null", "null", "")},
        {false, ENTRY("1", "\"2026-13-24T10:00:00Z\"", "\"open\"", "0", "null", "null", "")},
        {false, ENTRY("1", T, "\"closed\"", "0", "null", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "-1", "null", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "9007199254740992", "null", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "\"0\"", "null", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "0", "[1]", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "0", "\"name\"", "null", "")},
        {false, ENTRY("1", T, "\"open\"", "0", "null", "\"00\"", "")},
        {false, ENTRY("1", T, "\"open\"", "0", "null", "null", ",\"more\":1")},
        {false, ENTRY("1", T, "\"open\"", "0", "null", "null", ",\"v\":1")},
        {false, ENTRY("1", T, "\"open\"", "0", "[\"\xEF\xBF\xBF\"]", "null", "")},
        {false, "{}"},
        {false, "[]"},
        {false, ""},
        {false, "{\"v\":1}"},
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (verify_entry_form(str_of(cases[i].entry), &err) != cases[i].good)
            fail_msg("entry %zu", i);
    char *large = calloc(1, ENTRY_MAX + 2);
    memset(large, ' ', ENTRY_MAX + 1);
    memcpy(large, cases[0].entry, strlen(cases[0].entry));
    assert_true(verify_entry_form((struct str){large, ENTRY_MAX}, &err));
    assert_false(verify_entry_form((struct str){large, ENTRY_MAX + 1}, &err));
    free(large);
}

static void the_schema_names_the_members(void **state)
{
    json_error_t why;
    json_t *schema = json_loads(verify_entry_schema, JSON_REJECT_DUPLICATES, &why);
    json_t *entry = json_loads(ENTRY("1", T, "\"open\"", "0", "null", "null", ""), 0, &why), *value;
    const char *key;
    assert_non_null(schema);
    assert_int_equal(json_object_size(json_object_get(schema, "properties")), json_object_size(entry));
    assert_int_equal(json_array_size(json_object_get(schema, "required")), json_object_size(entry));
    json_object_foreach(entry, key, value)
    {
        const json_t *property = json_object_get(json_object_get(schema, "properties"), key);
        const char *ref = json_string_value(json_object_get(property, "$ref"));
        assert_non_null(ref);
        assert_non_null(json_object_get(json_object_get(schema, "$defs"), ref + strlen("#/$defs/")));
    }
    json_decref(schema);
    json_decref(entry);
}

static void probe_lines(void **state)
{
#define H "\"bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\""
    static const struct {
        bool readable, accepted;
        const char *line;
    } cases[] = {
        {true, true, "{\"leafIdx\":0,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":null}"},
        {true, true,
         "{\"leafIdx\":\"0\",\"treeSize\":1,\"root\":" H ",\"leafHash\":" H
         ",\"proof\":[],\"wantErr\":true}"},
        {true, false,
         "{\"leafIdx\":18446744073709551615,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {true, false,
         "{\"leafIdx\":0,\"treeSize\":18446744073709551615,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {true, false, "{\"leafIdx\":0,\"treeSize\":1,\"root\":\"YQ==\",\"leafHash\":" H ",\"proof\":[]}"},
        {true, true,
         "{\"size1\":18446744073709551615,\"size2\":18446744073709551615,\"root1\":" H ",\"root2\":" H
         ",\"proof\":[]}"},
        {false, false,
         "{\"leafIdx\":18446744073709551616,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {false, false, "{\"leafIdx\":-1,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {false, false, "{\"leafIdx\":01,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {false, false, "{\"leafIdx\":1e0,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H ",\"proof\":[]}"},
        {false, false, "{\"leafIdx\":0,\"treeSize\":1,\"root\":\"*\",\"leafHash\":" H ",\"proof\":[]}"},
        {false, false, "{\"leafIdx\":0,\"treeSize\":1,\"root\":" H ",\"leafHash\":" H "}"},
        {false, false, "{\"leafIdx\":0,\"size1\":1}"},
        {false, false, "{}"},
        {false, false, ""},
        {false, false, "[1]"},
        {false, false, "{\"a\\"},
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool accepted = false;
        bool readable = tlog_probe_line(str_of(cases[i].line), &accepted, &err);
        if (readable != cases[i].readable || accepted != cases[i].accepted)
            fail_msg("probe %zu: readable %d accepted %d", i, readable, accepted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tile_paths_both_ways),
        cmocka_unit_test(other_tile_paths_are_refused),
        cmocka_unit_test(tile_widths),
        cmocka_unit_test(note_of_the_specification),
        cmocka_unit_test(signing_gives_the_known_bytes),
        cmocka_unit_test(unknown_signatures_are_ignored_and_known_bad_ones_refused),
        cmocka_unit_test(malformed_notes_are_refused),
        cmocka_unit_test(malformed_verifier_keys_are_refused),
        cmocka_unit_test(checkpoints_are_read_strictly),
        cmocka_unit_test(proofs_both_ways),
        cmocka_unit_test(leaves_both_ways),
        cmocka_unit_test(entries_have_exactly_their_members),
        cmocka_unit_test(the_schema_names_the_members),
        cmocka_unit_test(probe_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
