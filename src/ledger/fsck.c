/* SPDX-License-Identifier: Apache-2.0 */
/* fsck.c: re-reads everything and keeps findings instead of stopping at the first. It takes no lock and
 * writes nothing; beside a running server it checks up to the last whole batch and lets the tail be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/fsck.h"
#include "ledger/walk_private.h"

#define COMPARE_LEAVES 8192
#define MENDS_COPY ": restore the file from a copy"
#define MENDS_START ": the next start writes it anew from the entries"

struct check {
    struct ledger_fsck *out;
    pthread_mutex_t lock; /* of out and of the opening's counts */
    ledger_opening_fn *opening;
    ledger_erased_fn *erased;
    void *arg;
    void (*progress)(uint64_t done, uint64_t total);
    const struct ledger_config *config;
    struct segments segments;
    struct derived derived;
    struct log_keys keys;
    struct signed_root stored;
    bool stored_there, live; /* live: a server holds the lock */
    uint64_t derived_to;     /* derived files must be right up to this many leaves */
    /* in order */
    struct tree_edge edge;
    struct growth growth;
    struct heads heads;
    int64_t last_time;
    struct signed_root last;
    bool stored_agrees;
};

static void finding(struct check *check, const char *place, const char *text)
{
    pthread_mutex_lock(&check->lock);
    if (check->out->findings < ARRAY_LEN(check->out->first))
        err_set(&check->out->first[check->out->findings], ERR_CORRUPT, place, "%s", text);
    check->out->findings++;
    pthread_mutex_unlock(&check->lock);
}

static void finding_at(struct check *check, uint64_t position, const char *text)
{
    char place[PLACE_SIZE];
    place_of(place, &check->segments, position);
    finding(check, place, text);
}

static struct ledger_entry entry_of(const struct walk_batch *batch, uint32_t i, const uint8_t *body)
{
    const struct entry_head *head = &batch->heads[i];
    struct ledger_entry entry = {.leaf_number = batch->head.first + i,
                                 .shard = head->shard,
                                 .number = head->number,
                                 .previous = head->previous,
                                 .stream = head->stream,
                                 .batch_time = batch->head.time,
                                 .body = body,
                                 .body_n = head->body_n};
    memcpy(entry.handle, head->handle, sizeof entry.handle);
    memcpy(entry.id, head->id, sizeof entry.id);
    return entry;
}

static void check_body(void *arg, const struct walk_batch *batch, uint32_t i, const uint8_t *body, bool bad,
                       bool blank)
{
    struct check *check = arg;
    uint64_t at = batch->position + (uint64_t)(body - batch->bytes);
    struct leaf leaf;
    struct err err;
    if (!leaf_parse(batch_leaf(batch->bytes, batch->head.n, i), &leaf)) {
        finding_at(check, batch->position, "a leaf has an unknown type or version" MENDS_COPY);
    } else if (bad) {
        finding_at(check, at, "a body's checksum does not match" MENDS_COPY);
    } else if (blank || check->opening != NULL) { /* the entry is put together only for who looks at it */
        struct ledger_entry entry = entry_of(batch, i, body);
        entry.leaf = leaf;
        entry.erased = blank;
        if (blank && (check->erased == NULL || !check->erased(check->arg, &entry)))
            finding_at(check, at,
                       "a body is overwritten with zeros, and no entry orders its erasure" MENDS_COPY);
        else if (!blank && !check->opening(check->arg, &entry, &err))
            finding_at(check, at, err.text);
    }
}

static void derived_differs(void *arg, int level, uint64_t offset, uint64_t leaf)
{
    struct check *check = arg;
    char name[FILE_NAME_SIZE], place[64];
    derived_name(name, level);
    snprintf(place, sizeof place, "%s at byte %llu", name, (unsigned long long)offset);
    if (leaf < check->derived_to)
        finding(check, place, "the derived file is not what the entries give" MENDS_START);
}

static bool compare(struct check *check, struct err *err)
{
    bool good = growth_compare(&check->growth, &check->derived, derived_differs, check, err);
    growth_start(&check->growth, check->edge.size);
    return good;
}

static void check_entry(struct check *check, const struct walk_batch *batch, uint32_t i)
{
    const struct entry_head *head = &batch->heads[i];
    uint64_t previous;
    uint32_t number = heads_take(&check->heads, &head->stream, head->shard, batch->head.first + i, &previous);
    if (number != head->number || previous != head->previous)
        finding_at(check, batch->position,
                   "an entry does not follow the one before it in its stream" MENDS_COPY);
    growth_add(&check->growth, &check->edge, batch_leaf(batch->bytes, batch->head.n, i), &batch->hashes[i]);
    if (check->stored_there && check->edge.size == check->stored.size) {
        struct tree_hash root;
        tree_edge_root(&check->edge, &root);
        check->stored_agrees = memcmp(root.b, check->stored.root.b, HASH_SIZE) == 0;
    }
}

static bool check_batch(void *arg, const struct walk_batch *batch, struct err *err)
{
    struct check *check = arg;
    struct tree_hash root;
    tree_edge_root(&check->edge, &root);
    if (batch->head.signed_size != batch->head.first ||
        memcmp(root.b, batch->head.signed_root.b, HASH_SIZE) != 0)
        finding_at(check, batch->position,
                   "the checkpoint signed before this batch has another root" MENDS_COPY);
    if (batch->head.time < check->last_time)
        finding_at(check, batch->position, "the batch is older than the one before it" MENDS_COPY);
    check->last_time = batch->head.time;
    for (uint32_t i = 0; i < batch->head.n; i++) {
        if (i % HEADS_AHEAD == 0)
            heads_fetch(&check->heads, batch->heads + i, batch->head.n - i);
        check_entry(check, batch, i);
    }
    pthread_mutex_lock(&check->lock);
    check->out->erased += batch->blank;
    if (check->opening != NULL)
        check->out->openings += batch->head.n - batch->blank;
    pthread_mutex_unlock(&check->lock);
    if (check->growth.n < COMPARE_LEAVES)
        return true;
    if (check->progress != NULL)
        check->progress(check->edge.size, MAX_OF(check->edge.size, check->stored.size));
    return compare(check, err);
}

static void finding_bad(struct check *check, const struct walk *walk)
{
    char text[200];
    snprintf(text, sizeof text, "%s%s", walk->why, MENDS_COPY);
    finding_at(check, walk->bad_at, text);
}

static bool check_tail(struct check *check, const struct walk *walk, struct err *err)
{
    struct walk_tail tail;
    if (check->live)
        return true;
    if (!walk_judge(walk, &tail, err))
        return false;
    if (walk->bad)
        finding_bad(check, walk);
    else if (tail.known_synced > walk->end)
        finding_at(check, walk->end, "a batch is missing, though later ones stand in the file" MENDS_COPY);
    else if (tail.dirty != UINT64_MAX)
        finding_at(
            check, tail.dirty,
            "something stands after the last batch: an unfinished write, which start-up cuts off, or damage");
    return true;
}

/* The derived files end where the log ends (a crash may have left them behind or ahead). */
static void check_lengths(struct check *check)
{
    for (int level = -1; level < DERIVED_LEVELS; level++) {
        struct stat stat;
        char name[FILE_NAME_SIZE];
        uint64_t want =
            level < 0 ? check->edge.size * LEAF_RECORD : (check->edge.size >> 8 * level) * HASH_SIZE;
        int fd = derived_fd(&check->derived, level);
        derived_name(name, level);
        if (fd >= 0 && fstat(fd, &stat) == 0 && (uint64_t)stat.st_size > want)
            finding(check, name, "the derived file is longer than the log: the next start cuts it");
    }
}

static void check_checkpoint(struct check *check)
{
    if (check->stored_there && check->stored.size > check->edge.size)
        finding(check, "checkpoint", "the checkpoint covers more entries than are here" MENDS_COPY);
    else if (check->config->at_least > check->edge.size)
        finding(check, "entries",
                "the log is shorter than the state and the file 'published' know" MENDS_COPY);
    else if (check->stored_there && check->stored.size != 0 && !check->stored_agrees)
        finding(check, "checkpoint", "the checkpoint has another root than the entries" MENDS_COPY);
    else if (!check->stored_there && check->edge.size != 0)
        finding(check, "checkpoint", "the file is missing" MENDS_START);
    check->last.size = check->edge.size;
    tree_edge_root(&check->edge, &check->last.root);
}

/* Byte for byte: signatures are deterministic, so the file has exactly one right content. */
static bool compare_checkpoint(struct check *check, struct err *err)
{
    if (!checkpoint_load(check->segments.folder, &check->keys, &check->stored, &check->stored_there, err)) {
        if (err->code != ERR_CORRUPT)
            return false;
        char text[sizeof err->text + 160];
        snprintf(text, sizeof text, "%s" MENDS_COPY ", or, if nothing else is found, remove it" MENDS_START,
                 err->text);
        finding(check, "checkpoint", text);
        return true;
    }
    if (!check->stored_there)
        return true;
    struct buf want;
    buf_init(&want, CHECKPOINT_MAX);
    signed_root_note(&want, &check->stored, &check->keys);
    char have[CHECKPOINT_MAX];
    int fd = openat(check->segments.folder, "checkpoint", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, have, sizeof have, 0);
    if (fd >= 0)
        close(fd);
    size_t at = 0;
    while (n > 0 && at < (size_t)n && at < want.n && have[at] == want.p[at])
        at++;
    if (!check->live && (n < 0 || at < want.n || at < (size_t)n)) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "checkpoint at byte %zu", at);
        finding(check, place,
                "the file is not what the log's key signs" MENDS_COPY
                ", or, if nothing else is found, remove it" MENDS_START);
    }
    buf_done(&want);
    return true;
}

static bool open_folder(struct check *check, struct err *err)
{
    int folder = open(check->config->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, check->config->folder, "cannot open the ledger's folder");
    struct stat stat;
    check->live = ledger_locked(folder);
    if (fstatat(folder, "lock", &stat, 0) == 0 && stat.st_size != 0)
        finding(check, "lock at byte 0", "the lock file must be empty: cut it to no bytes");
    check->segments.folder = folder;
    if (!segments_list(folder, &check->segments, err)) {
        check->segments.folder = folder;
        return false;
    }
    if (faccessat(folder, "erasing", F_OK, 0) == 0)
        finding(check, "erasing", "an erasure was interrupted: the next start finishes it");
    return derived_open(&check->derived, folder, true, err);
}

static bool check_all(struct check *check, struct err *err)
{
    struct walk walk = {.header_key = check->config->header_key,
                        .threads = 2,
                        .batch = check_batch,
                        .body = check_body,
                        .arg = check};
    if (!open_folder(check, err) || !compare_checkpoint(check, err))
        return false;
    walk.segments = check->segments;
    check->derived_to = check->stored_there ? check->stored.size : UINT64_MAX;
    if (!walk_log(&walk, err) || !compare(check, err) || !check_tail(check, &walk, err))
        return false;
    if (!check->live)
        check_lengths(check);
    check_checkpoint(check);
    check->out->entries = walk.entries;
    check->out->batches = walk.batches;
    check->out->live = check->live;
    return true;
}

bool ledger_fsck(const struct ledger_config *config, ledger_opening_fn *opening, ledger_erased_fn *erased,
                 void *arg, void (*progress)(uint64_t done, uint64_t total), struct arena *arena,
                 struct ledger_fsck *ret_fsck, struct err *err)
{
    struct ledger_fsck out = {0};
    struct check check = {.out = &out,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .opening = opening,
                          .erased = erased,
                          .arg = arg,
                          .progress = progress,
                          .config = config,
                          .segments = {.folder = -1},
                          .derived = {.leaves = -1, .hashes = {-1, -1, -1, -1, -1}}};
    int64_t start = clock_steady();
    log_keys_open(&check.keys, config, config->origin);
    tree_edge_start(&check.edge);
    growth_start(&check.growth, 0);
    bool good = check_all(&check, err);
    derived_close(&check.derived);
    if (check.segments.folder >= 0)
        close(check.segments.folder);
    growth_done(&check.growth);
    heads_done(&check.heads);
    log_keys_close(&check.keys);
    if (!good)
        return false;
    if (progress != NULL)
        progress(out.entries, out.entries);
    out.seconds = (double)(clock_steady() - start) / 1e6;
    out.checkpoint = (struct checkpoint){str_dup(arena, config->origin), check.last.size, check.last.root};
    *ret_fsck = out;
    return true;
}
