/* SPDX-License-Identifier: Apache-2.0 */
/* open.c: creation, start-up with recovery, and the end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "ledger/walk_private.h"

#define SEGMENT_DEFAULT (64u << 20)
#define QUEUE_DEFAULT 2048 /* about 1 KiB each; as many as the server has connections */
#define COMPARE_LEAVES 8192

/* --- creation --------------------------------------------------------------------------------------------
 */

static bool folder_empty(const char *path, struct err *err)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return err_errno(err, path, "cannot read the folder");
    bool empty = true;
    for (struct dirent *file; (file = readdir(folder)) != NULL;)
        empty = empty && (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0);
    closedir(folder);
    return empty || err_set(err, ERR_CONFLICT, path,
                            "the folder is not empty: a new ledger needs an empty folder of its own");
}

static bool sync_parent(const char *path, struct err *err)
{
    char *copy = strdup(path);
    must(copy != NULL);
    char *slash = strrchr(copy, '/');
    const char *parent = slash == NULL ? "." : slash == copy ? "/" : copy;
    if (slash != NULL && slash != copy)
        *slash = '\0';
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (!good)
        err_errno(err, path, "cannot sync the folder above the ledger");
    if (fd >= 0)
        close(fd);
    free(copy);
    return good;
}

bool ledger_create(const struct ledger_config *config, struct err *err)
{
    kill_points_read();
    uint64_t bytes = config->segment_bytes == 0 ? SEGMENT_DEFAULT : config->segment_bytes;
    if (bytes < SEGMENT_MIN || bytes > SEGMENT_MAX || bytes % 4096 != 0)
        return err_set(err, ERR_USAGE, "segment_bytes", "a segment has %u to %u bytes, a multiple of 4096",
                       SEGMENT_MIN, SEGMENT_MAX);
    if (!checkpoint_origin_valid(config->origin))
        return err_set(err, ERR_USAGE, "origin",
                       "the log's name must not be empty nor hold spaces or a plus sign");
    if (mkdir(config->folder, 0700) != 0 && errno != EEXIST)
        return err_errno(err, config->folder, "cannot make the folder");
    if (!folder_empty(config->folder, err))
        return false;
    int folder = open(config->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, config->folder, "cannot open the folder");
    bool good = segment_create(folder, 0, bytes, err) && sync_parent(config->folder, err);
    close(folder);
    return good;
}

/* --- start-up --------------------------------------------------------------------------------------------
 */

struct start {
    struct ledger *ledger;
    struct signed_root stored;
    bool stored_there, stored_agrees;
    uint64_t known; /* at_least of the config */
    struct tree_hash known_root;
    bool known_agrees;
    uint64_t differs_from; /* leaf; UINT64_MAX: derived files are as they should be */
    struct growth growth;
};

static void note_difference(void *arg, int level, uint64_t offset, uint64_t leaf)
{
    struct start *start = arg;
    start->differs_from = MIN_OF(start->differs_from, leaf);
}

static bool compare_derived(struct start *start, struct err *err)
{
    struct ledger *ledger = start->ledger;
    if (!ledger->read_only && !growth_compare(&start->growth, &ledger->derived, note_difference, start, err))
        return false;
    growth_start(&start->growth, ledger->edge.size);
    return true;
}

static bool signed_before(struct ledger *ledger, const struct walk_batch *batch, struct err *err)
{
    struct tree_hash root;
    char place[PLACE_SIZE];
    tree_edge_root(&ledger->edge, &root);
    if (batch->head.signed_size == batch->head.first &&
        memcmp(root.b, batch->head.signed_root.b, HASH_SIZE) == 0 && batch->head.time >= ledger->last_time)
        return true;
    place_of(place, &ledger->segments, batch->position);
    return err_set(err, ERR_CORRUPT, place,
                   "the batch does not follow the checkpoint signed before it: restore the file from a copy");
}

static bool root_is(const struct tree_edge *edge, const struct tree_hash *expected)
{
    struct tree_hash root;
    tree_edge_root(edge, &root);
    return memcmp(root.b, expected->b, HASH_SIZE) == 0;
}

static bool take_entry(struct start *start, const struct walk_batch *batch, uint32_t i, struct err *err)
{
    struct ledger *ledger = start->ledger;
    const struct entry_head *head = &batch->heads[i];
    uint64_t leaf = batch->head.first + i, previous;
    uint32_t number = heads_take(&ledger->heads, &head->stream, head->shard, leaf, &previous);
    if (number != head->number || previous != head->previous) {
        char place[PLACE_SIZE];
        place_of(place, &ledger->segments, batch->position);
        return err_set(
            err, ERR_CORRUPT, place,
            "entry %llu does not follow the one before it in its stream: restore the file from a copy",
            (unsigned long long)leaf);
    }
    ledger->shard = head->shard;
    growth_add(&start->growth, &ledger->edge, batch_leaf(batch->bytes, batch->head.n, i), &batch->hashes[i]);
    if (start->stored_there && ledger->edge.size == start->stored.size)
        start->stored_agrees = root_is(&ledger->edge, &start->stored.root);
    if (ledger->edge.size == start->known)
        start->known_agrees = root_is(&ledger->edge, &start->known_root);
    return true;
}

static bool take_batch(void *arg, const struct walk_batch *batch, struct err *err)
{
    struct start *start = arg;
    struct ledger *ledger = start->ledger;
    if (!signed_before(ledger, batch, err))
        return false;
    for (uint32_t i = 0; i < batch->head.n; i++) {
        if (i % HEADS_AHEAD == 0)
            heads_fetch(&ledger->heads, batch->heads + i, batch->head.n - i);
        if (!take_entry(start, batch, i, err))
            return false;
    }
    marks_add(ledger, batch->head.first, batch->position);
    ledger->last_time = batch->head.time;
    return start->growth.n < COMPARE_LEAVES || compare_derived(start, err);
}

/* A reader beside a running server may meet a batch half written; what it must find is what the checkpoint
 * stored before the walk covers. */
static bool reader_content(const struct start *start, const struct walk *walk)
{
    return start->ledger->read_only && ledger_locked(start->ledger->folder) &&
           (!start->stored_there || start->stored.size <= walk->entries);
}

static bool refuse_corrupt(const struct walk *walk, const struct walk_tail *tail, struct err *err)
{
    char place[PLACE_SIZE];
    uint64_t at = walk->bad ? walk->bad_at : MIN_OF(tail->dirty, walk->end);
    if (tail->known_synced <= walk->end)
        return true;
    place_of(place, &walk->segments, at);
    return err_set(
        err, ERR_CORRUPT, place,
        "%s, and a later batch says that these data were on the disk: this is damage, no unfinished "
        "write. Nothing was changed. Restore the file from a copy and start again",
        walk->bad ? walk->why : "a batch is missing");
}

/* Everything that forbids to sign. Nothing has been written yet. */
static bool may_sign(const struct start *start, const struct ledger_config *config, struct err *err)
{
    const struct ledger *ledger = start->ledger;
    uint64_t size = ledger->edge.size;
    if (config->at_least > size)
        return err_set(err, ERR_CONFLICT, config->folder,
                       "the log has %llu entries, but %llu are known elsewhere: an older state was restored. "
                       "Restore the newest copy of the whole folder, or begin a new log with another name",
                       (unsigned long long)size, (unsigned long long)config->at_least);
    if (config->at_least != 0 && !start->known_agrees && !bytes_zero(start->known_root.b, HASH_SIZE))
        return err_set(
            err, ERR_CONFLICT, config->folder,
            "the first %llu entries are not those whose root is known elsewhere: the folder holds another "
            "history. Restore the newest copy of the whole folder",
            (unsigned long long)config->at_least);
    if (start->stored_there && start->stored.size > size)
        return err_set(
            err, ERR_CONFLICT, config->folder,
            "the log has %llu entries, but a checkpoint over %llu was signed: an older state of "
            "the entries was restored. Restore the newest copy of the whole folder, or begin a new "
            "log with another name",
            (unsigned long long)size, (unsigned long long)start->stored.size);
    if (start->stored_there && start->stored.size != 0 && !start->stored_agrees)
        return err_set(err, ERR_CONFLICT, config->folder,
                       "the stored checkpoint over %llu entries has another root than these entries: the "
                       "folder holds files of two histories. Restore the newest copy of the whole folder",
                       (unsigned long long)start->stored.size);
    if (ledger->last_time > clock_now()) {
        char then[TIME_TEXT_SIZE], now[TIME_TEXT_SIZE];
        time_iso(ledger->last_time, then);
        time_iso(clock_now(), now);
        return err_set(err, ERR_CONFLICT, "clock",
                       "the clock says %s, but the last batch was formed at %s: set the clock right", now,
                       then);
    }
    return true;
}

/* Zeroes what an unfinished batch left, from the end on, and makes the kept part durable for certain. */
static bool cut_tail(struct ledger *ledger, uint64_t end, uint64_t dirty, struct err *err)
{
    static const uint8_t zeros[1u << 16];
    const struct segments *segments = &ledger->segments;
    uint64_t first = end == 0 ? 0 : (end - 1) / segments->bytes;
    for (uint64_t segment = first; segment < segments->count; segment++) {
        char name[FILE_NAME_SIZE];
        int fd;
        segment_name(name, segment);
        if (!segment_open(segments, segment, O_WRONLY, &fd, err))
            return false;
        uint64_t start = segment * segments->bytes, at = MAX_OF(end, start) - start;
        bool good = true;
        while (good && dirty != UINT64_MAX && at < segments->bytes) {
            size_t n = (size_t)MIN_OF((uint64_t)sizeof zeros, segments->bytes - at);
            good = write_full(fd, name, zeros, n, at, err);
            at += n;
        }
        good = good && sync_file(fd, name, err);
        close(fd);
        if (!good)
            return false;
    }
    return true;
}

static bool rebuild_batch(struct growth *growth, struct tree_edge *edge, const uint8_t *bytes,
                          const struct batch_head *head, struct derived *derived, struct err *err)
{
    growth_start(growth, edge->size);
    for (uint32_t i = 0; i < head->n; i++) {
        const uint8_t *leaf = batch_leaf(bytes, head->n, i);
        struct tree_hash hash;
        tree_leaf_hash(&hash, leaf, LEAF_SIZE);
        growth_add(growth, edge, leaf, &hash);
    }
    return growth_write(growth, derived, err);
}

/* Writes the derived files anew from the first leaf at which they differ. */
static bool rebuild_derived(struct ledger *ledger, uint64_t from, uint64_t size, struct err *err)
{
    struct tree_edge edge;
    struct growth growth = {0};
    struct found found = {0};
    if (from >= size)
        return true;
    if (!ledger_find(ledger, from, &found, err))
        return false;
    if (!tree_edge_load(&edge, found.head.first, derived_read_hash, &ledger->derived))
        return err_set(err, ERR_IO, "hashes-0", "cannot read the hashes below entry %llu",
                       (unsigned long long)found.head.first);
    bool good = true;
    while (good) {
        uint8_t *bytes;
        good = batch_load(&ledger->segments, found.position, &found.head, &bytes, err);
        if (!good)
            break;
        good = rebuild_batch(&growth, &edge, bytes, &found.head, &ledger->derived, err);
        free(bytes);
        if (!good || edge.size >= size)
            break;
        uint64_t end = found.position + batch_room(&found.head);
        good = batch_after(&ledger->segments, end, found.head.number + 1, &found, err);
    }
    growth_done(&growth);
    return good;
}

static bool settle(struct start *start, const struct walk *walk, const struct walk_tail *tail,
                   struct ledger_report *report, struct err *err)
{
    struct ledger *ledger = start->ledger;
    uint64_t size = ledger->edge.size;
    report->torn_bytes =
        tail->dirty == UINT64_MAX ? 0 : walk->segments.bytes - walk->end % walk->segments.bytes;
    if (!cut_tail(ledger, walk->end, tail->dirty, err))
        return false;
    report->leaves_rebuilt = start->differs_from < size ? size - start->differs_from : 0;
    if (!rebuild_derived(ledger, start->differs_from, size, err) ||
        !derived_cut(&ledger->derived, size, err) || !derived_sync(&ledger->derived, err))
        return false;
    unlinkat(ledger->folder, "entries.new", 0);
    unlinkat(ledger->folder, "checkpoint.new", 0);
    if (!signed_root_sign(&ledger->last_signed, &ledger->edge, &ledger->keys, err))
        return false;
    ledger->published = ledger->last_signed;
    if (start->stored_there && start->stored.size == size && !start->stored.stale)
        return true;
    return checkpoint_store(ledger->folder, &ledger->published, &ledger->keys, err);
}

static bool recover(struct ledger *ledger, const struct ledger_config *config, struct ledger_report *report,
                    struct err *err)
{
    struct start start = {.ledger = ledger,
                          .differs_from = UINT64_MAX,
                          .known = config->at_least,
                          .known_root = config->at_least_root};
    struct walk walk = {.segments = ledger->segments,
                        .header_key = ledger->header_key,
                        .threads = 2,
                        .batch = take_batch,
                        .arg = &start};
    struct walk_tail tail;
    tree_edge_start(&ledger->edge);
    growth_start(&start.growth, 0);
    bool good =
        checkpoint_load(ledger->folder, &ledger->keys, &start.stored, &start.stored_there, err) &&
        (ledger->read_only || erase_redo(ledger->folder, &ledger->segments, &report->erasures_redone, err)) &&
        walk_log(&walk, err) && compare_derived(&start, err) &&
        (reader_content(&start, &walk) ||
         (walk_judge(&walk, &tail, err) && refuse_corrupt(&walk, &tail, err)));
    if (good) {
        report->entries = ledger->numbered = ledger->durable = walk.entries;
        report->batches = ledger->batches = ledger->next_batch = walk.batches;
        ledger->end = ledger->synced = walk.end;
    }
    if (good && ledger->read_only) {
        if (start.stored_there && start.stored_agrees)
            ledger->published = start.stored;
        else
            sha256(ledger->published.root.b, "", 0);
    } else if (good) {
        good = may_sign(&start, config, err) && settle(&start, &walk, &tail, report, err);
    }
    growth_done(&start.growth);
    return good;
}

bool ledger_locked(int folder)
{
    int lock = openat(folder, "lock", O_RDONLY | O_CLOEXEC);
    bool locked = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;
    if (lock >= 0)
        close(lock);
    return locked;
}

static bool take_lock(struct ledger *ledger, struct err *err)
{
    ledger->lock_file = openat(ledger->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->lock_file < 0)
        return err_errno(err, ledger->folder_path, "cannot open the lock file");
    if (flock(ledger->lock_file, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return err_errno(err, ledger->folder_path, "cannot lock the ledger");
    return err_set(err, ERR_CONFLICT, ledger->folder_path,
                   "another process has this ledger open: stop it first");
}

static struct ledger *ledger_new(const struct ledger_config *config)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    must(ledger != NULL);
    ledger->folder_path = strdup(config->folder);
    ledger->origin = strndup(config->origin.p, config->origin.n);
    must(ledger->folder_path != NULL && ledger->origin != NULL);
    ledger->folder = ledger->lock_file = ledger->write_fd = -1;
    ledger->derived.leaves = -1;
    for (size_t i = 0; i < DERIVED_LEVELS; i++)
        ledger->derived.hashes[i] = -1;
    ledger->read_only = config->read_only;
    ledger->queue_max = config->queue_max == 0 ? QUEUE_DEFAULT : config->queue_max;
    ledger->header_key = secret_new(KEY_SIZE);
    memcpy(ledger->header_key, config->header_key, KEY_SIZE);
    log_keys_open(&ledger->keys, config, str_of(ledger->origin));
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&ledger->lock, NULL);
    pthread_mutex_init(&ledger->erase_lock, NULL);
    pthread_cond_init(&ledger->keep, &steady);
    pthread_condattr_destroy(&steady);
    pthread_cond_t *conds[] = {&ledger->work, &ledger->ready, &ledger->released, &ledger->published_more,
                               &ledger->spare};
    for (size_t i = 0; i < ARRAY_LEN(conds); i++)
        pthread_cond_init(conds[i], NULL);
    return ledger;
}

static void ledger_free(struct ledger *ledger)
{
    readers_close(ledger->segments.readers);
    derived_close(&ledger->derived);
    if (ledger->lock_file >= 0)
        close(ledger->lock_file);
    if (ledger->folder >= 0)
        close(ledger->folder);
    pthread_cond_t *conds[] = {&ledger->work,           &ledger->ready, &ledger->released,
                               &ledger->published_more, &ledger->spare, &ledger->keep};
    for (size_t i = 0; i < ARRAY_LEN(conds); i++)
        pthread_cond_destroy(conds[i]);
    pthread_mutex_destroy(&ledger->lock);
    pthread_mutex_destroy(&ledger->erase_lock);
    heads_done(&ledger->heads);
    free(ledger->marks);
    log_keys_close(&ledger->keys);
    secret_free(ledger->header_key);
    free(ledger->origin);
    free(ledger->folder_path);
    free(ledger);
}

static bool open_files(struct ledger *ledger, struct err *err)
{
    ledger->folder = open(ledger->folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ledger->folder < 0)
        return err_errno(err, ledger->folder_path, "cannot open the ledger's folder");
    if (!segments_list(ledger->folder, &ledger->segments, err))
        return err_at(err, "%s", ledger->folder_path);
    return (ledger->read_only || take_lock(ledger, err)) &&
           segments_list(ledger->folder, &ledger->segments, err) &&
           derived_open(&ledger->derived, ledger->folder, ledger->read_only, err);
}

bool ledger_open(struct ledger **ret_ledger, const struct ledger_config *config,
                 struct ledger_report *ret_report, struct err *err)
{
    kill_points_read();
    struct ledger_report report = {0};
    int64_t start = clock_steady();
    struct ledger *ledger = ledger_new(config);
    bool good = open_files(ledger, err) && recover(ledger, config, &report, err);
    if (good) {
        ledger->segments.readers = calloc(1, sizeof *ledger->segments.readers);
        must(ledger->segments.readers != NULL);
    }
    good = good && (ledger->read_only || writer_start(ledger, err));
    if (!good) {
        ledger_free(ledger);
        return false;
    }
    report.seconds = (double)(clock_steady() - start) / 1e6;
    if (ret_report != NULL)
        *ret_report = report;
    *ret_ledger = ledger;
    return true;
}

bool ledger_settle(const struct ledger_config *config, struct err *err)
{
    struct ledger_report report = {0};
    struct ledger *ledger = ledger_new(config);
    bool good = open_files(ledger, err) && recover(ledger, config, &report, err);
    ledger_free(ledger);
    return good;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    writer_stop(ledger);
    ledger_free(ledger);
}
