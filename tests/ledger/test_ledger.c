/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger promises, seen through its public header alone, and what damage of any byte does to it. */
#include "base/crc32c.h"
#include "helper.h"
#include "ledger/batch_private.h"
#include "ledger/fsck.h"
#include "ledger/public.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char folder[64];
static struct ledger_config config;
static struct arena arena;

static int before(void **state)
{
    struct err err = {0};
    snprintf(folder, sizeof folder, "%s", helper_folder());
    config = helper_config(folder);
    clock_set_offset(0);
    arena_init(&arena, 4096, 64 << 20);
    if (!ledger_create(&config, &err))
        helper_die("create", &err);
    return 0;
}

static int after(void **state)
{
    arena_done(&arena);
    clock_set_offset(0);
    helper_remove(folder);
    return 0;
}

static void append(struct ledger *ledger, unsigned entries, unsigned persons, size_t most)
{
    struct err err = {0};
    uint64_t leaf = 0;
    for (unsigned i = 0; i < entries; i++) {
        while (!helper_append(ledger, i % persons, 1, most, &leaf, &err))
            assert_int_equal(err.code, ERR_BUSY);
    }
    assert_true(ledger_wait(ledger, ledger_size(ledger), &err));
}

static void filled(unsigned entries, size_t most)
{
    struct ledger *ledger = helper_open(&config, NULL);
    append(ledger, entries, 37, most);
    ledger_close(ledger);
}

static void assert_refused(enum err_code code, const char *words)
{
    struct err err = {0};
    struct ledger *ledger;
    struct ledger_report report;
    if (ledger_open(&ledger, &config, &report, &err))
        fail_msg("the ledger opened; it should have refused (%s)", words);
    if (err.code != code || (strstr(err.text, words) == NULL && strstr(err.place, words) == NULL))
        fail_msg("wrong refusal: %s: %s: %s", err_name(err.code), err.place, err.text);
}

/* --- the files, as bytes --- */

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static off_t file_size(const char *name)
{
    struct stat stat_;
    return stat(path_of(name), &stat_) == 0 ? stat_.st_size : -1;
}

static void flip(const char *name, off_t at, uint8_t mask)
{
    uint8_t byte;
    int fd = open(path_of(name), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* The byte after the last that is not zero. */
static off_t used_end(const char *name)
{
    static uint8_t bytes[HELPER_SEGMENT];
    int fd = open(path_of(name), O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    close(fd);
    while (n > 0 && bytes[n - 1] == 0)
        n--;
    return n;
}

static struct ledger_fsck fsck(void)
{
    struct ledger_fsck result = {0};
    struct err err = {0};
    if (!ledger_fsck(&config, helper_opening, NULL, NULL, NULL, &arena, &result, &err))
        helper_die("fsck", &err);
    return result;
}

/* --- what it does --- */

static void reads_back_what_was_written(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    append(ledger, 500, 37, 3000);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ledger_size(ledger), 500);
        assert_int_equal(ledger_durable(ledger), 500);
        for (uint64_t i = 0; i < 500; i++) {
            struct ledger_entry entry;
            struct ledger_stream stream = helper_stream((unsigned)(i % 37));
            uint64_t key[2] = {i, i / 37};
            uint8_t label[32];
            sha256(label, key, sizeof key);
            assert_true(ledger_read(ledger, i, &arena, &entry, &err));
            assert_int_equal(entry.leaf_number, i);
            assert_memory_equal(entry.leaf.label, label, 32);
            assert_memory_equal(entry.stream.tag, stream.tag, 16);
            assert_int_equal(entry.number, i / 37);
            assert_int_equal(entry.previous, i < 37 ? 0 : i - 37 + 1);
            assert_false(entry.erased);
            assert_true(helper_opening(NULL, &entry, &err));
        }
        struct ledger_entry none;
        assert_false(ledger_read(ledger, 500, &arena, &none, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        struct ledger_head head;
        struct ledger_stream last = helper_stream(499 % 37), absent = helper_stream(1000);
        assert_true(ledger_head(ledger, &last, &head));
        assert_int_equal(head.last, 499);
        assert_int_equal(head.count, 499 / 37 + 1);
        assert_false(ledger_head(ledger, &absent, &head));
        ledger_close(ledger);
        ledger = helper_open(&config, NULL);
    }
    ledger_close(ledger);
}

static void a_place_far_back_in_a_stream_is_found(void **state)
{
    enum { N = 700, STREAMS = 6 };
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    unsigned owner[N], total[STREAMS] = {0};
    for (unsigned i = 0; i < N; i++) {
        uint64_t leaf;
        if (i == 500)
            ledger_set_shard(ledger, 7);
        owner[i] = i * i % 11 % STREAMS;
        total[owner[i]]++;
        assert_true(helper_append(ledger, owner[i], 1, 100, &leaf, &err));
    }
    for (int again = 0; again < 2; again++) {
        for (unsigned s = 0; s < STREAMS; s++) {
            struct ledger_stream stream = helper_stream(s);
            struct ledger_head head;
            uint64_t want = 0, leaf = 0;
            bool any = false, found;
            if (total[s] != 0) {
                assert_true(ledger_head(ledger, &stream, &head));
                assert_int_equal(head.total, total[s]);
            }
            for (uint64_t before = 0; before <= N; before++) {
                assert_true(ledger_seek(ledger, &stream, before, &found, &leaf, &err));
                assert_int_equal(found, any);
                if (any)
                    assert_int_equal(leaf, want);
                if (before < N && owner[before] == s) {
                    any = true;
                    want = before;
                }
            }
            assert_true(ledger_seek(ledger, &stream, UINT64_MAX, &found, &leaf, &err));
            assert_true(found == any && (!any || leaf == want));
        }
        ledger_close(ledger);
        ledger = helper_open(&config, NULL);
    }
    ledger_close(ledger);
}

static void shards_number_again_from_zero(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    struct ledger_entry entry;
    ledger_set_shard(ledger, 4);
    append(ledger, 3, 1, 100);
    ledger_set_shard(ledger, 5);
    append(ledger, 2, 1, 100);
    ledger_close(ledger);
    ledger = helper_open(&config, NULL);
    append(ledger, 1, 1, 100); /* in the shard that was open */
    assert_int_equal(ledger_shard(ledger), 5);
    assert_true(ledger_read(ledger, 3, &arena, &entry, &err));
    assert_int_equal(entry.number, 0);
    assert_int_equal(entry.shard, 5);
    assert_int_equal(entry.previous, 3);
    assert_true(ledger_read(ledger, 5, &arena, &entry, &err));
    assert_int_equal(entry.number, 2);
    ledger_close(ledger);
    assert_int_equal(fsck().findings, 0);
}

static void a_group_stands_in_one_batch(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    struct ledger_entry entry;
    uint64_t leaf = 0;
    int64_t time = 0;
    for (unsigned i = 0; i < 50; i++) {
        while (!helper_append(ledger, i, 1, 100, &leaf, &err))
            assert_int_equal(err.code, ERR_BUSY);
        while (!helper_append(ledger, 100 * i, 64, LEDGER_BODY_MAX, &leaf, &err))
            assert_int_equal(err.code, ERR_BUSY);
    }
    assert_true(ledger_wait(ledger, leaf + 64, &err));
    for (uint64_t i = leaf; i < leaf + 64; i++) {
        assert_true(ledger_read(ledger, i, &arena, &entry, &err));
        assert_true(i == leaf || entry.batch_time == time);
        time = entry.batch_time;
        arena_reset(&arena);
    }
    ledger_close(ledger);
    assert_true(file_size("entries-000001") > 0);
    assert_int_equal(fsck().findings, 0);
}

static void bulk(void **state)
{
    enum { N = 30000 };
    struct ledger *ledger = helper_open(&config, NULL);
    struct ledger_ready *ready = calloc(N, sizeof *ready);
    struct err err = {0};
    struct ledger_entry entry;
    uint8_t body[200];
    memset(body, 5, sizeof body);
    for (size_t i = 0; i < N; i++) {
        ready[i].leaf.type = LEAF_PERSONAL;
        ready[i].body = body;
        ready[i].body_n = i % 3 == 0 ? sizeof body : 0;
        put_u64be(ready[i].leaf.label, i);
        sha256(ready[i].leaf.commit, body, ready[i].body_n);
    }
    append(ledger, 10, 3, 100);
    assert_true(ledger_append_many(ledger, ready, N, &err));
    append(ledger, 10, 3, 100);
    assert_int_equal(ledger_durable(ledger), N + 20);
    assert_true(ledger_read(ledger, 10 + 29999, &arena, &entry, &err));
    assert_memory_equal(entry.leaf.label, ready[29999].leaf.label, 32);
    assert_int_equal(entry.number, LEDGER_NO_NUMBER);
    free(ready);
    ledger_close(ledger);
    struct ledger_report report;
    ledger = helper_open(&config, &report);
    assert_int_equal(report.entries, N + 20);
    ledger_close(ledger);
    struct ledger_fsck result = fsck();
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.entries, N + 20);
}

static bool count_scan(void *arg, const struct ledger_entry *entry)
{
    uint64_t *next = arg;
    struct err err;
    return entry->leaf_number == (*next)++ && helper_opening(NULL, entry, &err);
}

static void scans_and_finds(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    uint8_t id[LEDGER_ID_SIZE] = {0};
    bool found;
    uint64_t next = 100, leaf;
    append(ledger, 300, 50, 500);
    assert_true(ledger_scan(ledger, 100, 300, count_scan, &next, &err));
    assert_int_equal(next, 300);
    put_u64be(id, 7);
    assert_true(ledger_find_id(ledger, id, 58, &found, &leaf, &err));
    assert_true(found);
    assert_int_equal(leaf, 107);
    assert_true(ledger_find_id(ledger, id, 258, &found, &leaf, &err));
    assert_false(found);
    ledger_close(ledger);
}

/* Lengths of bodies are not sealed: one that was changed under a running ledger leads nowhere. */
static void a_length_that_lies_is_found(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    uint8_t batch[BATCH_HEAD_SIZE + 3 * ENTRY_FIXED];
    struct batch_head head;
    uint64_t leaf, next = 1;
    assert_true(helper_append(ledger, 0, 3, 100, &leaf, &err) && ledger_wait(ledger, leaf + 3, &err));
    assert_true(ledger_scan(ledger, 1, 3, count_scan, &next, &err));
    int fd = open(path_of("entries-000000"), O_RDWR);
    assert_int_equal(pread(fd, batch, sizeof batch, 0), sizeof batch);
    assert_true(batch_head_read(batch, &head) && head.n == 3);
    put_u32be(batch + BATCH_HEAD_SIZE, 0x7F000000);
    batch_head_write(batch, &head, crc32c(0, batch + BATCH_HEAD_SIZE, 3 * ENTRY_FIXED));
    assert_int_equal(pwrite(fd, batch, sizeof batch, 0), sizeof batch);
    close(fd);
    next = 1;
    assert_false(ledger_scan(ledger, 1, 3, count_scan, &next, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_false(ledger_read(ledger, 1, &arena, &(struct ledger_entry){0}, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    ledger_close(ledger);
}

/* --- the public log --- */

static void proofs_tiles_and_checkpoints_hold(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    struct note_vkey vkey;
    struct tree_hash old_root = {0};
    uint64_t old_size = 0;
    ledger_vkey(ledger, &vkey);
    for (unsigned round = 0; round < 40; round++) {
        struct tlog_proof proof;
        struct note note;
        struct checkpoint checkpoint;
        struct ledger_entry entry;
        uint8_t leaf_bytes[LEAF_SIZE];
        struct tree_hash hash, steps[TREE_PROOF_MAX];
        size_t n;
        append(ledger, 1 + round * 3, 5, 100);
        uint64_t leaf = ledger_durable(ledger) - 1 - round % 2 * (ledger_durable(ledger) / 2);
        assert_true(ledger_prove(ledger, leaf, &arena, &proof, &err));
        assert_true(note_parse(proof.checkpoint, &note, &err));
        assert_true(note_verify(&note, &vkey, 1, &err));
        assert_true(checkpoint_parse(note.text, &checkpoint, &err));
        assert_true(ledger_read(ledger, leaf, &arena, &entry, &err));
        leaf_write(leaf_bytes, &entry.leaf);
        tree_leaf_hash(&hash, leaf_bytes, LEAF_SIZE);
        assert_true(
            tree_check_inclusion(proof.path, proof.path_n, leaf, checkpoint.size, &hash, &checkpoint.root));
        if (old_size != 0) {
            assert_true(ledger_prove_consistency(ledger, old_size, checkpoint.size, steps, &n, &err));
            assert_true(
                tree_check_consistency(steps, n, old_size, checkpoint.size, &old_root, &checkpoint.root));
        }
        old_size = checkpoint.size;
        old_root = checkpoint.root;
    }
    /* Publishing runs behind: a proof of the newest leaf waits for it. */
    struct tlog_proof newest;
    assert_true(ledger_prove(ledger, ledger_durable(ledger) - 1, &arena, &newest, &err));
    old_size = ledger_durable(ledger);
    struct tile tile = {.entries = true, .index = 1, .width = 256};
    struct str bytes;
    assert_true(ledger_tile(ledger, &tile, &arena, &bytes, &err));
    assert_int_equal(bytes.n, 256 * 68);
    tile = (struct tile){.level = 0, .index = 1, .width = 256};
    assert_true(ledger_tile(ledger, &tile, &arena, &bytes, &err));
    assert_int_equal(bytes.n, 8192);
    tile = (struct tile){.level = 1, .index = 0, .width = (unsigned)(old_size / 256)};
    assert_true(ledger_tile(ledger, &tile, &arena, &bytes, &err));
    tile.width++;
    assert_false(ledger_tile(ledger, &tile, &arena, &bytes, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    tile = (struct tile){.level = 0, .index = old_size / 256, .width = (unsigned)(old_size % 256) + 1};
    assert_false(ledger_tile(ledger, &tile, &arena, &bytes, &err));
    ledger_close(ledger);
}

/* --- refusals --- */

static void second_opener_is_refused(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    assert_refused(ERR_CONFLICT, "process");
    ledger_close(ledger);
    ledger_close(helper_open(&config, NULL));
}

static void create_needs_an_empty_folder(void **state)
{
    struct err err = {0};
    assert_false(ledger_create(&config, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
}

static void clock_set_back_is_refused(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    append(ledger, 5, 1, 100);
    ledger_close(ledger);
    clock_set_offset(-3600 * CLOCK_SECOND);
    assert_refused(ERR_CONFLICT, "clock");
    clock_set_offset(0);
    ledger_close(helper_open(&config, NULL));
}

static void copy_folder(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s' && cp -a '%s' '%s'", to, from, to);
    assert_int_equal(system(command), 0);
}

static void older_state_is_refused(void **state)
{
    char copy[80], command[300];
    snprintf(copy, sizeof copy, "%s-copy", folder);
    filled(20, 200);
    copy_folder(folder, copy);
    filled(20, 200);
    /* the entries of before under the checkpoint of now */
    snprintf(command, sizeof command, "cp '%s'/entries-000000 '%s'/", copy, folder);
    assert_int_equal(system(command), 0);
    assert_refused(ERR_CONFLICT, "restored");
    /* the whole folder of before, but a witness knows more */
    copy_folder(copy, folder);
    config.at_least = 40;
    assert_refused(ERR_CONFLICT, "restored");
    config.at_least = 20;
    ledger_close(helper_open(&config, NULL));
    helper_remove(copy);
}

static void wrong_key_is_refused(void **state)
{
    struct err err = {0};
    struct ledger *ledger;
    struct ledger_report report;
    filled(20, 200);
    config.header_key[3] ^= 1;
    assert_false(ledger_open(&ledger, &config, &report, &err));
    config.header_key[3] ^= 1;
    config.sign_seed[0] ^= 1;
    assert_false(ledger_open(&ledger, &config, &report, &err));
    config.sign_seed[0] ^= 1;
    ledger_close(helper_open(&config, NULL));
}

static void full_queue_is_busy(void **state)
{
    struct ledger_want want = {.type = LEAF_PERSONAL};
    struct ledger_ticket *ticket = calloc(10, sizeof *ticket), more;
    struct err err = {0};
    uint8_t body[100];
    config.queue_max = 10;
    struct ledger *ledger = helper_open(&config, NULL);
    for (size_t i = 0; i < 10; i++)
        assert_true(ledger_reserve(ledger, &want, 1, &ticket[i], &err));
    assert_false(ledger_reserve(ledger, &want, 1, &more, &err));
    assert_int_equal(err.code, ERR_BUSY);
    for (size_t i = 10; i-- > 0;) { /* in the wrong order: it must not matter */
        helper_fill(&ticket[i].slot[0], body, sizeof body);
        ledger_submit(ledger, &ticket[i]);
    }
    assert_true(ledger_wait(ledger, 10, &err));
    ledger_close(ledger);
    assert_int_equal(fsck().findings, 0);
    free(ticket);
}

/* --- recovery --- */

static void torn_tail_is_cut(void **state)
{
    for (int way = 0; way < 6; way++) {
        struct ledger_report report;
        after(NULL);
        before(NULL);
        struct ledger *ledger = helper_open(&config, NULL);
        append(ledger, 1, 1, 3000); /* each waits: one batch each */
        off_t first = used_end("entries-000000");
        ledger_close(ledger);
        char copy[80], command[300];
        snprintf(copy, sizeof copy, "%s-copy", folder);
        copy_folder(folder, copy);
        ledger = helper_open(&config, NULL);
        append(ledger, 1, 1, 1500);
        off_t second = used_end("entries-000000");
        ledger_close(ledger);
        /* as if the power had failed before the second batch was whole: its checkpoint was not stored either
         */
        snprintf(command, sizeof command, "cp '%s'/checkpoint '%s'/", copy, folder);
        assert_int_equal(system(command), 0);
        off_t start = (first + 511) / 512 * 512;
        off_t at[] = {start, start + 20, start + 130, start + 200, start + 270, second - 1};
        flip("entries-000000", at[way], 0x10);
        ledger = helper_open(&config, &report);
        assert_int_equal(report.entries, 1);
        assert_true(report.torn_bytes > 0);
        append(ledger, 2, 1, 1500);
        ledger_close(ledger);
        assert_int_equal(fsck().findings, 0);
        helper_remove(copy);
    }
}

static void damage_below_synced_is_refused(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    append(ledger, 1, 1, 3000);
    off_t second = (used_end("entries-000000") + 511) / 512 * 512;
    append(ledger, 1, 1, 3000);
    append(ledger, 1, 1, 3000);
    ledger_close(ledger);
    for (off_t at = second; at < second + 326; at += 23) {
        char words[40];
        flip("entries-000000", at, 1);
        snprintf(words, sizeof words, "entries-000000");
        assert_refused(ERR_CORRUPT, words);
        flip("entries-000000", at, 1);
    }
    unlink(path_of("checkpoint")); /* also without anything else that knows */
    flip("entries-000000", second + 20, 1);
    assert_refused(ERR_CORRUPT, "entries-000000");
    flip("entries-000000", second + 20, 1);
    ledger_close(helper_open(&config, NULL));
}

static void derived_files_are_rebuilt(void **state)
{
    struct ledger_report report;
    filled(1000, 100);
    struct {
        const char *name;
        off_t at;
    } damage[] = {{"leaves", 68 * 500 + 9}, {"hashes-0", 32 * 999 + 3}, {"hashes-1", 32 * 2 + 5}};
    for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
        flip(damage[i].name, damage[i].at, 4);
        ledger_close(helper_open(&config, &report));
        assert_true(report.leaves_rebuilt > 0);
        assert_int_equal(fsck().findings, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(damage); i++)
        assert_int_equal(unlink(path_of(damage[i].name)), 0);
    ledger_close(helper_open(&config, &report));
    assert_int_equal(report.leaves_rebuilt, 1000);
    assert_int_equal(fsck().findings, 0);
    ledger_close(helper_open(&config, &report));
    assert_int_equal(report.leaves_rebuilt, 0);
}

static void every_flipped_bit_is_found(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    append(ledger, 300, 37, 300);
    append(ledger, 1, 1, 300);
    append(ledger, 1, 1, 300);
    ledger_close(ledger);
    assert_int_equal(fsck().findings, 0);
    static const char *const name[] = {"entries-000000", "entries-000001", "leaves",
                                       "hashes-0",       "hashes-1",       "checkpoint"};
    for (size_t i = 0; i < ARRAY_LEN(name); i++) {
        off_t size = file_size(name[i]), used = i < 2 ? used_end(name[i]) : size;
        if (size < 0)
            continue;
        off_t step = used / 150 + 1;
        for (off_t at = 0; at < size; at += at < used ? step : (size - used) / 7 + 1) {
            flip(name[i], at, (uint8_t)(1u << at % 8));
            struct ledger_fsck result = fsck();
            if (result.findings == 0)
                fail_msg("a flipped bit at byte %lld of %s was not found", (long long)at, name[i]);
            flip(name[i], at, (uint8_t)(1u << at % 8));
            arena_reset(&arena);
        }
    }
    assert_int_equal(fsck().findings, 0);
}

/* --- erasure --- */

static bool erased_5(void *arg, const struct ledger_entry *entry)
{
    return entry->leaf_number == 5;
}

static void erases(void **state)
{
    struct ledger *ledger = helper_open(&config, NULL);
    struct err err = {0};
    struct ledger_entry entry;
    struct ledger_fsck result;
    append(ledger, 40, 10, 400);
    assert_false(ledger_erase(ledger, 5, 45, &err)); /* not durable yet */
    append(ledger, 10, 10, 400);
    for (int again = 0; again < 2; again++) {
        assert_true(ledger_erase(ledger, 5, 45, &err));
        assert_true(ledger_read(ledger, 5, &arena, &entry, &err));
        assert_true(entry.erased);
        assert_int_equal(entry.number, 0);
        assert_true(ledger_read(ledger, 4, &arena, &entry, &err));
        assert_false(entry.erased);
        ledger_close(ledger);
        ledger = helper_open(&config, NULL);
    }
    ledger_close(ledger);
    assert_true(ledger_fsck(&config, helper_opening, erased_5, NULL, NULL, &arena, &result, &err));
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.erased, 1);
    assert_int_equal(fsck().findings, 1); /* nobody vouches for the erasure */
}

/* --- many threads --- */

static void *hammer(void *arg)
{
    struct ledger *ledger = arg;
    struct err err = {0};
    struct arena mine;
    arena_init(&mine, 4096, 1 << 20);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t leaf;
        struct tlog_proof proof;
        struct ledger_entry entry;
        size_t k = 1 + i % 3;
        while (!helper_append(ledger, i % 50, k, 700, &leaf, &err))
            if (err.code != ERR_BUSY)
                helper_die("append", &err);
        if (!ledger_wait(ledger, leaf + k, &err) || !ledger_read(ledger, leaf, &mine, &entry, &err) ||
            !helper_opening(NULL, &entry, &err) || !ledger_prove(ledger, leaf, &mine, &proof, &err))
            helper_die("thread", &err);
        arena_reset(&mine);
    }
    arena_done(&mine);
    return NULL;
}

static void many_threads(void **state)
{
    pthread_t thread[8];
    struct ledger *ledger = helper_open(&config, NULL);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, ledger), 0);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(ledger_durable(ledger), 8 * 600);
    ledger_close(ledger);
    struct ledger_fsck result = fsck();
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.entries, 8 * 600);
}

/* --- the log's key changes meanwhile --- */

#define CHANGES 6

struct watch {
    struct ledger *ledger;
    struct note_vkey known[CHANGES + 1]; /* all that ever sign */
    atomic_bool over;
    unsigned long seen;
};

/* Whoever knows the keys takes each checkpoint at any moment: signed by one key or two of them, never less.
 */
static void *watch_checkpoints(void *arg)
{
    struct watch *w = arg;
    struct err err = {0};
    struct arena mine;
    uint64_t size = 0;
    arena_init(&mine, 4096, 1 << 20);
    for (bool last = false; !last; w->seen++) {
        struct checkpoint checkpoint;
        struct note note;
        last = atomic_load(&w->over);
        struct str text = ledger_checkpoint(w->ledger, &mine, &checkpoint);
        if (!note_parse(text, &note, &err) || !note_verify(&note, w->known, CHANGES + 1, &err))
            helper_die("checkpoint", &err);
        must(checkpoint.size >= size);
        size = checkpoint.size;
        arena_reset(&mine);
    }
    arena_done(&mine);
    return NULL;
}

/* By `first` and, if there is one, `second`, in this order, and by nobody else. */
static void assert_signed_by(struct str text, const struct note_vkey *first, const struct note_vkey *second)
{
    const struct note_vkey *want[] = {first, second};
    struct note_signature signature;
    struct note note;
    struct err err = {0};
    size_t n = 0;
    assert_true(note_parse(text, &note, &err));
    for (struct str rest = note.signatures; rest.n != 0 && note_signature_next(&rest, &signature); n++) {
        if (!(n < 2 && want[n] != NULL))
            fail_msg("another signs: %.*s", STR_ARG(text));
        assert_memory_equal(signature.id, want[n]->id, sizeof signature.id);
        assert_true(note_verify(&note, want[n], 1, &err));
    }
    assert_int_equal(n, second == NULL ? 1 : 2);
}

static void assert_signed(struct ledger *ledger, const struct note_vkey *first,
                          const struct note_vkey *second)
{
    char file[4096];
    int fd = open(path_of("checkpoint"), O_RDONLY);
    ssize_t n = read(fd, file, sizeof file);
    close(fd);
    assert_true(n > 0);
    assert_signed_by(ledger_checkpoint(ledger, &arena, NULL), first, second);
    assert_signed_by((struct str){file, (size_t)n}, first, second);
}

static bool taken_out(void *arg, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n, struct err *err)
{
    return err_set(err, ERR_IO, "token", "was taken out");
}

static void the_key_changes_while_threads_append(void **state)
{
    pthread_t thread[4], watcher;
    struct sign_key *key[CHANGES + 1];
    uint8_t seed[CHANGES + 1][SIGN_SEED_SIZE], public_key[SIGN_PUBLIC_SIZE];
    struct watch watch = {.ledger = helper_open(&config, NULL)};
    struct ledger *ledger = watch.ledger;
    struct err err = {0};
    for (size_t i = 0; i <= CHANGES; i++) {
        memset(seed[i], (int)(i == 0 ? config.sign_seed[0] : 100 + i), SIGN_SEED_SIZE);
        key[i] = sign_key_new(seed[i]);
        sign_public(key[i], public_key);
        note_vkey_make(&watch.known[i], config.origin, public_key);
    }
    struct sign_key *token = sign_key_elsewhere(public_key, taken_out, NULL);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, ledger), 0);
    assert_int_equal(pthread_create(&watcher, NULL, watch_checkpoints, &watch), 0);
    for (size_t i = 1; i <= CHANGES; i++) {
        assert_true(ledger_change_keys(ledger, key[i], key[i - 1], &err));
        assert_signed(ledger, &watch.known[i], &watch.known[i - 1]);
        assert_true(ledger_change_keys(ledger, key[i], NULL, &err));
        assert_signed(ledger, &watch.known[i], NULL);
        assert_false(ledger_change_keys(ledger, token, key[i], &err)); /* nothing has changed */
        assert_int_equal(err.code, ERR_IO);
        assert_signed_by(ledger_checkpoint(ledger, &arena, NULL), &watch.known[i], NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        pthread_join(thread[i], NULL);
    atomic_store(&watch.over, true);
    pthread_join(watcher, NULL);
    assert_true(watch.seen > 0);
    assert_int_equal(ledger_durable(ledger), ARRAY_LEN(thread) * 600);
    ledger_close(ledger);
    assert_refused(ERR_CORRUPT, "checkpoint"); /* the first key is the log's no more */
    memcpy(config.sign_seed, seed[CHANGES], SIGN_SEED_SIZE);
    ledger_close(helper_open(&config, NULL));
    struct ledger_fsck result = fsck();
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.entries, ARRAY_LEN(thread) * 600);
    for (size_t i = 0; i <= CHANGES; i++)
        sign_key_free(key[i]);
    sign_key_free(token);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        T(reads_back_what_was_written),
        T(a_place_far_back_in_a_stream_is_found),
        T(shards_number_again_from_zero),
        T(a_group_stands_in_one_batch),
        T(bulk),
        T(scans_and_finds),
        T(a_length_that_lies_is_found),
        T(proofs_tiles_and_checkpoints_hold),
        T(second_opener_is_refused),
        T(create_needs_an_empty_folder),
        T(clock_set_back_is_refused),
        T(older_state_is_refused),
        T(wrong_key_is_refused),
        T(full_queue_is_busy),
        T(torn_tail_is_cut),
        T(damage_below_synced_is_refused),
        T(derived_files_are_rebuilt),
        T(every_flipped_bit_is_found),
        T(erases),
        T(many_threads),
        T(the_key_changes_while_threads_append),
    };
    keys_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
