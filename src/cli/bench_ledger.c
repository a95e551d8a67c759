/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_ledger.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/bench_tell.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "ledger/fsck.h"

#define CLIENTS 64
#define STREAMS 100000
#define BODY 256
#define SEALED (BODY + SEAL_OVERHEAD)
#define BULK 10000
#define LARGE_BYTES (UINT64_C(12) << 30)

struct bench {
    struct bench_teller teller;
    char path[4096];
    struct ledger_config config;
    uint8_t seal_key[KEY_SIZE];
};

static void tell(const struct bench *bench, const char *name, double ops_s, uint32_t *micro, size_t n,
                 const char *note)
{
    struct bench_row row = bench_row_of(name, ops_s, micro, n, note);
    bench_tell(&bench->teller, &row);
}

/* --- a ledger to measure --- */

static void remove_ledger(const struct bench *bench)
{
    char path[4200];
    static const char *const name[] = {"leaves", "checkpoint",  "checkpoint.tmp",
                                       "lock",   "entries.tmp", "erasing"};
    for (size_t i = 0; i < ARRAY_LEN(name); i++) {
        snprintf(path, sizeof path, "%s/%s", bench->path, name[i]);
        unlink(path);
    }
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(path, sizeof path, "%s/entries-%06u", bench->path, i);
        if (unlink(path) != 0)
            break;
    }
    for (unsigned i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "%s/hashes-%u", bench->path, i);
        unlink(path);
    }
    rmdir(bench->path);
}

static struct ledger *open_ledger(const struct bench *bench, struct ledger_report *ret_report)
{
    struct err err = {0};
    struct ledger *ledger;
    if (!ledger_open(&ledger, &bench->config, ret_report, &err))
        bench_die("open", &err);
    return ledger;
}

static struct ledger *new_ledger(const struct bench *bench)
{
    struct err err = {0};
    struct ledger_report report;
    remove_ledger(bench);
    if (!ledger_create(&bench->config, &err))
        bench_die("create", &err);
    return open_ledger(bench, &report);
}

/* --- 64 logical clients: one thread in front, as the event loop of a server is --- */

struct client {
    uint64_t end;
    int64_t start;
};

struct front {
    const struct bench *bench;
    struct ledger *ledger;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t durable;
    bool stopped;
};

static void on_durable(void *arg, uint64_t durable, bool stopped)
{
    struct front *front = arg;
    pthread_mutex_lock(&front->lock);
    front->durable = durable;
    front->stopped = stopped;
    pthread_cond_signal(&front->moved);
    pthread_mutex_unlock(&front->lock);
}

/* One entry as a gate makes it: label, salt and sealed body, commitment. */
static void append_one(const struct front *front, uint64_t seen, struct client *client)
{
    struct ledger_want want = {.type = LEAF_PERSONAL};
    struct ledger_ticket ticket;
    struct err err = {0};
    static uint8_t plain[BODY], sealed[SEALED], key[KEY_SIZE];
    uint64_t person = seen * UINT64_C(0x9E3779B97F4A7C15) % STREAMS + 1, mixed[2];
    mixed[0] = person * UINT64_C(0xD6E8FEB86659FD93);
    mixed[1] = ~mixed[0] * UINT64_C(0xA0761D6478BD642F);
    memcpy(want.stream.tag, mixed, sizeof mixed);
    memcpy(want.handle, mixed, sizeof mixed);
    put_u64be(want.id, seen);
    client->start = clock_steady();
    if (!ledger_reserve(front->ledger, &want, 1, &ticket, &err))
        bench_die("reserve", &err);
    struct ledger_slot *slot = &ticket.slot[0];
    put_u64be(plain, seen);
    memcpy(key, front->bench->seal_key, sizeof key);
    leaf_label(slot->label, key, slot->number);
    leaf_commit(slot->commit, plain, (struct str){(const char *)plain, sizeof plain});
    seal(sealed, key, plain, sizeof plain, slot->label, sizeof slot->label);
    slot->body = sealed;
    slot->body_n = sizeof sealed;
    ledger_submit(front->ledger, &ticket);
    client->end = slot->leaf + 1;
}

static double run_clients(const struct bench *bench, struct ledger *ledger, uint64_t entries, uint32_t *micro)
{
    struct front front = {.bench = bench, .ledger = ledger, .durable = ledger_durable(ledger)};
    struct client client[CLIENTS];
    uint64_t sent = 0, done = 0, oldest = 0; /* clients form a ring: leaves become durable in order */
    pthread_mutex_init(&front.lock, NULL);
    pthread_cond_init(&front.moved, NULL);
    ledger_on_durable(ledger, on_durable, &front);
    int64_t start = clock_steady();
    while (done < entries) {
        while (sent < entries && sent - done < CLIENTS) {
            append_one(&front, sent, &client[sent % CLIENTS]);
            sent++;
        }
        pthread_mutex_lock(&front.lock);
        while (front.durable < client[oldest % CLIENTS].end && !front.stopped)
            pthread_cond_wait(&front.moved, &front.lock);
        uint64_t durable = front.durable;
        bool stopped = front.stopped;
        pthread_mutex_unlock(&front.lock);
        if (stopped)
            bench_die("clients", &(struct err){.place = "ledger", .text = "it stopped"});
        int64_t now = clock_steady();
        for (; oldest < sent && client[oldest % CLIENTS].end <= durable; oldest++)
            micro[done++] = (uint32_t)(now - client[oldest % CLIENTS].start);
    }
    return (double)entries / bench_seconds_since(start);
}

static void row_clients(const struct bench *bench, const char *name, uint64_t entries, uint64_t before)
{
    uint32_t *micro = calloc(entries, sizeof *micro);
    char note[200];
    must(micro != NULL);
    struct ledger *ledger = before == 0 ? new_ledger(bench) : open_ledger(bench, &(struct ledger_report){0});
    double ops_s = run_clients(bench, ledger, entries, micro);
    ledger_close(ledger);
    snprintf(note, sizeof note,
             "%d clients, %" PRIu64 " entries after %" PRIu64
             ", sealed %d-byte bodies, durable, tree and signed "
             "checkpoint for each batch",
             CLIENTS, entries, before, BODY);
    tell(bench, name, ops_s, micro, entries, note);
    free(micro);
}

/* --- bulk --- */

static void make_ready(const struct bench *bench, struct ledger_ready *ready, uint8_t *bodies, size_t body_n,
                       uint64_t from)
{
    uint8_t plain[BODY] = {0};
    for (size_t i = 0; i < BULK; i++) {
        ready[i].leaf.type = LEAF_PERSONAL;
        put_u64be(ready[i].leaf.label, from + i);
        put_u64be(plain, from + i);
        if (body_n != 0) {
            leaf_commit(ready[i].leaf.commit, plain, (struct str){(const char *)plain, sizeof plain});
            ready[i].body = bodies + i * SEALED;
            seal(bodies + i * SEALED, bench->seal_key, plain, sizeof plain, ready[i].leaf.label, 32);
        }
        ready[i].body_n = body_n;
    }
}

/* `sealed`: making and sealing the bodies is inside the time. */
static void row_bulk(const struct bench *bench, const char *name, uint64_t entries, bool sealed)
{
    struct ledger_ready *ready = calloc(BULK, sizeof *ready);
    uint8_t *bodies = malloc((size_t)BULK * SEALED);
    uint32_t micro[2048];
    size_t rounds = 0;
    struct err err = {0};
    must(ready != NULL && bodies != NULL && entries / BULK <= ARRAY_LEN(micro));
    struct ledger *ledger = new_ledger(bench);
    int64_t start = clock_steady();
    for (uint64_t done = 0; done < entries; done += BULK) {
        int64_t begin = clock_steady();
        make_ready(bench, ready, bodies, sealed ? SEALED : 0, done);
        if (!ledger_append_many(ledger, ready, BULK, &err))
            bench_die("bulk", &err);
        micro[rounds++] = (uint32_t)(clock_steady() - begin);
    }
    double ops_s = (double)entries / bench_seconds_since(start);
    ledger_close(ledger);
    tell(bench, name, ops_s, micro, rounds,
         sealed ? "batches of 10,000, 256-byte bodies sealed within the time; p50 and p99 are of a batch"
                : "batches of 10,000 leaves without bodies; p50 and p99 are of a batch");
    free(ready);
    free(bodies);
}

/* --- reading everything --- */

static bool open_body(void *arg, const struct ledger_entry *entry, struct err *err)
{
    const struct bench *bench = arg;
    uint8_t plain[BODY], commit[HASH_SIZE];
    if (entry->body_n != SEALED ||
        !seal_open(plain, bench->seal_key, entry->body, entry->body_n, entry->leaf.label, 32))
        return err_set(err, ERR_CORRUPT, "bench", "a body does not open");
    leaf_commit(commit, plain, (struct str){(const char *)plain, sizeof plain});
    return true;
}

static void row_fsck(const struct bench *bench, const char *name, bool openings)
{
    struct ledger_fsck fsck = {0};
    struct err err = {0};
    struct arena arena;
    char note[100];
    arena_init(&arena, 4096, 1 << 20);
    int64_t start = clock_steady();
    if (!ledger_fsck(&bench->config, openings ? open_body : NULL, NULL, (void *)bench, NULL, &arena, &fsck,
                     &err))
        bench_die("fsck", &err);
    double seconds = bench_seconds_since(start);
    if (fsck.findings != 0)
        bench_die("fsck", &fsck.first[0]);
    uint32_t micro = (uint32_t)(seconds * 1e6);
    snprintf(note, sizeof note, "%" PRIu64 " entries in %" PRIu64 " batches re-read%s; p50 is the whole run",
             fsck.entries, fsck.batches, openings ? ", every body opened" : "");
    tell(bench, name, (double)fsck.entries / seconds, &micro, 1, note);
    arena_done(&arena);
}

static void row_start(const struct bench *bench, const char *name)
{
    struct ledger_report report;
    int64_t start = clock_steady();
    struct ledger *ledger = open_ledger(bench, &report);
    double seconds = bench_seconds_since(start);
    ledger_close(ledger);
    uint32_t micro = (uint32_t)(seconds * 1e6);
    char note[100];
    snprintf(note, sizeof note, "%" PRIu64 " entries, %" PRIu64 " batches; p50 is the whole start",
             report.entries, report.batches);
    tell(bench, name, (double)report.entries / seconds, &micro, 1, note);
}

/* The cost of an append when the log is long, beside the same when it is short. */
static int rows_large(const struct bench *bench)
{
    struct statvfs disk;
    if (statvfs(bench->teller.folder, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize < LARGE_BYTES) {
        fprintf(stderr, "aina bench: --large needs 12 GB free below %s\n", bench->teller.folder);
        return 1;
    }
    bench_probe(&bench->teller, "ledger-at-1e5");
    row_clients(bench, "ledger-to-1e5", 100000, 0);
    row_clients(bench, "ledger-at-1e5", 200000, 100000);
    row_clients(bench, "ledger-to-1e7", 9700000, 300000);
    bench_probe(&bench->teller, "ledger-at-1e7");
    row_clients(bench, "ledger-at-1e7", 200000, 10000000);
    row_start(bench, "start-at-1e7");
    return 0;
}

int bench_ledger_main(const char *folder, bool json, bool large)
{
    struct bench bench = {.teller = {folder, json}};
    keys_start();
    random_bytes(bench.seal_key, sizeof bench.seal_key);
    /* A name that no instance has: what stands there is removed. */
    snprintf(bench.path, sizeof bench.path, "%s/aina-bench-ledger", folder);
    bench.config = (struct ledger_config){.folder = bench.path, .origin = STR("bench.invalid/ledger")};
    random_bytes(bench.config.sign_seed, sizeof bench.config.sign_seed);
    random_bytes(bench.config.header_key, sizeof bench.config.header_key);
    for (int round = 1; round <= 3; round++) {
        bench_probe(&bench.teller, "ledger-64-clients");
        row_clients(&bench, "ledger-64-clients", 500000, 0);
    }
    row_start(&bench, "ledger-start");
    row_fsck(&bench, "fsck-leaves", false);
    row_fsck(&bench, "fsck-openings", true);
    bench_probe(&bench.teller, "ledger-bulk-bare");
    row_bulk(&bench, "ledger-bulk-bare", 2000000, false);
    row_fsck(&bench, "fsck-bulk-leaves", false);
    bench_probe(&bench.teller, "ledger-bulk-sealed");
    row_bulk(&bench, "ledger-bulk-sealed", 1000000, true);
    row_fsck(&bench, "fsck-bulk-openings", true);
    int code = large ? rows_large(&bench) : 0;
    remove_ledger(&bench);
    return code;
}
