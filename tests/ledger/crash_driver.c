/* SPDX-License-Identifier: Apache-2.0 */
/* crash_driver.c: what crash.py kills.
 *
 *     crash_driver create FOLDER
 *     crash_driver append FOLDER THREADS ENTRIES   appends; prints "ack LEAF" only after the entry is
 * durable, and "checkpoint SIZE ROOT" for checkpoints it was served crash_driver erase FOLDER LEAF appends an
 * erasure entry, then erases crash_driver check FOLDER ERASED...          opens (which recovers), then fsck;
 * prints "entries N", "root SIZE ROOT" for each SIZE on standard input Lines are single write()s, so that a
 * kill never tears one.
 */
#include "helper.h"
#include "ledger/fsck.h"
#include "ledger/public.h"

#include <pthread.h>

static void line(const char *format, uint64_t n, const char *text)
{
    char out[200];
    int length = snprintf(out, sizeof out, format, n, text);
    if (write(STDOUT_FILENO, out, (size_t)length) != length)
        _exit(4);
}

static void print_checkpoint(struct ledger *ledger, struct arena *arena)
{
    struct checkpoint checkpoint;
    char root[2 * HASH_SIZE + 1];
    ledger_checkpoint(ledger, arena, &checkpoint);
    hex_encode(root, checkpoint.root.b, HASH_SIZE);
    line("checkpoint %" PRIu64 " %s\n", checkpoint.size, root);
    arena_reset(arena);
}

struct appender {
    struct ledger *ledger;
    unsigned seed, entries;
};

static void *append(void *arg)
{
    struct appender *appender = arg;
    struct err err = {0};
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    for (unsigned i = 0; i < appender->entries; i++) {
        uint64_t leaf;
        size_t k = 1 + (i + appender->seed) % 4;
        if (!helper_append(appender->ledger, appender->seed * 1000 + i % 20, k, 1 + i % 7 * 700 + 100, &leaf,
                           &err) ||
            !ledger_wait(appender->ledger, leaf + k, &err)) {
            line("failed %" PRIu64 " %s\n", i, err_name(err.code));
            break;
        }
        for (size_t j = 0; j < k; j++)
            line("ack %" PRIu64 "%s\n", leaf + j, "");
        if (i % 8 == 0)
            print_checkpoint(appender->ledger, &arena);
    }
    arena_done(&arena);
    return NULL;
}

static int run_append(struct ledger *ledger, unsigned threads, unsigned entries)
{
    pthread_t thread[64];
    struct appender appender[64];
    must(threads <= ARRAY_LEN(thread));
    line("opened %" PRIu64 "%s\n", ledger_size(ledger), "");
    for (unsigned i = 0; i < threads; i++) {
        appender[i] = (struct appender){ledger, i + 1, entries};
        must(pthread_create(&thread[i], NULL, append, &appender[i]) == 0);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    ledger_close(ledger);
    line("closed %" PRIu64 "%s\n", 0, "");
    return 0;
}

static int run_erase(struct ledger *ledger, uint64_t leaf)
{
    struct err err = {0};
    struct ledger_entry entry;
    struct arena arena;
    uint64_t by;
    arena_init(&arena, 4096, 1 << 20);
    if (!ledger_read(ledger, leaf, &arena, &entry, &err))
        helper_die("read", &err);
    struct ledger_want want = {.type = LEAF_PERSONAL, .stream = entry.stream};
    struct ledger_ticket ticket;
    uint8_t body[200];
    if (!ledger_reserve(ledger, &want, 1, &ticket, &err))
        helper_die("reserve", &err);
    helper_fill(&ticket.slot[0], body, sizeof body);
    ledger_submit(ledger, &ticket);
    by = ticket.slot[0].leaf;
    if (!ledger_wait(ledger, by + 1, &err))
        helper_die("wait", &err);
    char by_text[32];
    snprintf(by_text, sizeof by_text, "%" PRIu64, by);
    line("erasing %" PRIu64 " %s\n", leaf, by_text);
    if (!ledger_erase(ledger, leaf, by, &err))
        helper_die("erase", &err);
    line("erased %" PRIu64 "%s\n", leaf, "");
    arena_done(&arena);
    ledger_close(ledger);
    return 0;
}

static uint64_t erased[1000];
static size_t erased_n;

static bool is_erased(void *arg, const struct ledger_entry *entry)
{
    for (size_t i = 0; i < erased_n; i++)
        if (erased[i] == entry->leaf_number)
            return true;
    return false;
}

struct regrow {
    struct tree_edge edge;
    const uint64_t *size;
    size_t n;
};

/* The root at a size, by growing the tree again from the entries themselves. */
static bool regrow_leaf(void *arg, const struct ledger_entry *entry)
{
    struct regrow *regrow = arg;
    uint8_t bytes[LEAF_SIZE];
    struct tree_hash hash;
    leaf_write(bytes, &entry->leaf);
    tree_leaf_hash(&hash, bytes, LEAF_SIZE);
    tree_edge_append(&regrow->edge, &hash, NULL, NULL);
    for (size_t i = 0; i < regrow->n; i++) {
        if (regrow->size[i] == regrow->edge.size) {
            char root[2 * HASH_SIZE + 1];
            tree_edge_root(&regrow->edge, &hash);
            hex_encode(root, hash.b, HASH_SIZE);
            line("root %" PRIu64 " %s\n", regrow->edge.size, root);
        }
    }
    return true;
}

static int run_check(struct ledger *ledger, const struct ledger_config *config)
{
    static uint64_t size[20000];
    struct regrow regrow = {.size = size};
    struct err err = {0};
    struct arena arena;
    struct ledger_fsck fsck = {0};
    char text[64];
    arena_init(&arena, 4096, 64 << 20);
    while (regrow.n < ARRAY_LEN(size) && fgets(text, sizeof text, stdin) != NULL)
        size[regrow.n++] = strtoull(text, NULL, 10);
    tree_edge_start(&regrow.edge);
    line("entries %" PRIu64 "%s\n", ledger_durable(ledger), "");
    if (!ledger_scan(ledger, 0, ledger_durable(ledger), regrow_leaf, &regrow, &err))
        helper_die("scan", &err);
    ledger_close(ledger);
    if (!ledger_fsck(config, helper_opening, is_erased, NULL, NULL, &arena, &fsck, &err))
        helper_die("fsck", &err);
    for (size_t i = 0; i < fsck.findings && i < ARRAY_LEN(fsck.first); i++)
        fprintf(stderr, "finding: %s: %s\n", fsck.first[i].place, fsck.first[i].text);
    line("findings %" PRIu64 "%s\n", fsck.findings, "");
    return 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct ledger_report report;
    if (argc < 3)
        return 2;
    keys_start();
    struct ledger_config config = helper_config(argv[2]);
    if (strcmp(argv[1], "create") == 0) {
        if (!ledger_create(&config, &err))
            helper_die("create", &err);
        return 0;
    }
    struct ledger *ledger = helper_open(&config, &report);
    line("torn %" PRIu64 "%s\n", report.torn_bytes, "");
    if (strcmp(argv[1], "append") == 0)
        return run_append(ledger, (unsigned)strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10));
    if (strcmp(argv[1], "erase") == 0)
        return run_erase(ledger, strtoull(argv[3], NULL, 10));
    for (int i = 3; i < argc; i++) { /* as a gate does at start: erasures found in the log are redone */
        char *colon = strchr(argv[i], ':');
        erased[erased_n++] = strtoull(argv[i], NULL, 10);
        if (colon != NULL && !ledger_erase(ledger, erased[erased_n - 1], strtoull(colon + 1, NULL, 10), &err))
            helper_die("erase again", &err);
    }
    return run_check(ledger, &config);
}
