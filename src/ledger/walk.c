/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c: the whole log, read and checked by several threads and handed over in order, and what follows its
 * end. */
#include "ledger/walk_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"

#define RUN_BYTES (1u << 20)

/* A run of batches in memory: one thread's. */
struct run {
    uint8_t *bytes;
    size_t cap;
    struct walk_batch *batches;
    size_t n, batches_cap;
    struct entry_head *heads;
    struct tree_hash *hashes;
    size_t entries, entries_cap;
    uint64_t ticket;
};

struct crew {
    struct walk *walk;
    pthread_mutex_t take, turn;
    pthread_cond_t turned;
    /* (take) */
    int fd;
    uint64_t segment, offset, number, first, tickets;
    bool taken_all;
    /* (turn) */
    uint64_t next_ticket;
    bool over, failed;
    struct err err;
};

static bool head_expected(const struct crew *crew, const uint8_t *bytes, uint64_t offset,
                          struct batch_head *ret_head)
{
    return batch_head_read(bytes, ret_head) && ret_head->number == crew->number &&
           ret_head->first == crew->first && batch_room(ret_head) <= crew->walk->segments.bytes - offset;
}

/* Whether the next batch stands at the start of the next segment; then goes there. */
static bool next_segment(struct crew *crew, bool *ret_went, struct err *err)
{
    const struct segments *segments = &crew->walk->segments;
    uint8_t bytes[BATCH_HEAD_SIZE];
    struct batch_head head;
    *ret_went = false;
    if (crew->segment + 1 >= segments->count)
        return true;
    if (!segments_read(segments, (crew->segment + 1) * segments->bytes, bytes, sizeof bytes, err))
        return false;
    if (!head_expected(crew, bytes, 0, &head))
        return true;
    uint64_t rest = UINT64_MAX;
    if (crew->offset < segments->bytes &&
        !segment_first_nonzero(segments, crew->segment, crew->offset, &rest, err))
        return false;
    if (rest != UINT64_MAX)
        return true; /* something stands where the rest of the segment must be zero: the walk ends there */
    int fd;
    if (!segment_open(segments, crew->segment + 1, O_RDONLY, &fd, err))
        return false;
    close(crew->fd);
    crew->fd = fd;
    crew->segment++;
    crew->offset = 0;
    *ret_went = true;
    return true;
}

static void run_add(struct run *run, const struct batch_head *head, uint64_t position, size_t at)
{
    if (run->n == run->batches_cap) {
        run->batches_cap = run->batches_cap == 0 ? 64 : run->batches_cap * 2;
        run->batches = realloc(run->batches, run->batches_cap * sizeof *run->batches);
        must(run->batches != NULL);
    }
    run->batches[run->n++] =
        (struct walk_batch){.head = *head, .position = position, .bytes = run->bytes + at, .good = true};
    run->entries += head->n;
}

static void run_room(struct run *run, size_t n)
{
    if (n <= run->cap)
        return;
    free(run->bytes);
    run->bytes = malloc(n);
    run->cap = n;
    must(run->bytes != NULL);
}

/* (take) Reads whole batches from the cursor on. False with crew->taken_all at the log's end. */
static bool run_load(struct crew *crew, struct run *run, struct err *err)
{
    const struct segments *segments = &crew->walk->segments;
    run->n = run->entries = 0;
    run_room(run, RUN_BYTES);
    for (;;) {
        size_t n = (size_t)MIN_OF((uint64_t)run->cap, segments->bytes - crew->offset), at = 0;
        char name[FILE_NAME_SIZE];
        struct batch_head head;
        segment_name(name, crew->segment);
        if (!read_full(crew->fd, name, run->bytes, n, crew->offset, err))
            return false;
        uint64_t start = crew->segment * segments->bytes + crew->offset;
        bool expected = true;
        while (n - at >= BATCH_HEAD_SIZE) {
            expected = head_expected(crew, run->bytes + at, crew->offset, &head);
            if (!expected || batch_room(&head) > n - at)
                break;
            run_add(run, &head, start + at, at);
            at += batch_room(&head);
            crew->offset += batch_room(&head);
            crew->number++;
            crew->first += head.n;
        }
        if (run->n != 0)
            return true;
        if (expected && n >= BATCH_HEAD_SIZE) {
            run_room(run, batch_room(&head));
            continue;
        }
        bool went;
        if (!next_segment(crew, &went, err))
            return false;
        if (!went) {
            crew->taken_all = true;
            return true;
        }
    }
}

static void batch_bad(struct walk_batch *batch, const uint8_t *at, const char *why)
{
    if (!batch->good)
        return;
    batch->good = false;
    batch->bad_at = batch->position + (uint64_t)(at - batch->bytes);
    batch->why = why;
}

static void check_bodies(const struct walk *walk, struct walk_batch *batch)
{
    uint32_t n = batch->head.n;
    const uint8_t *body = batch_leaf(batch->bytes, n, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t body_n = batch->heads[i].body_n;
        bool bad = crc32c(0, body, body_n) != batch->heads[i].body_crc;
        bool blank = bad && bytes_zero(body, body_n);
        batch->blank += blank;
        if (bad && !blank && walk->body == NULL)
            batch_bad(batch, body, "a body's checksum does not match");
        if (walk->body != NULL)
            walk->body(walk->arg, batch, i, body, bad && !blank, blank);
        body += body_n;
    }
}

static void check_batch(const struct walk *walk, struct walk_batch *batch, struct entry_head *heads,
                        struct tree_hash *hashes)
{
    const struct batch_head *head = &batch->head;
    const uint8_t *bytes = batch->bytes;
    uint8_t heads_key[KEY_SIZE];
    uint64_t bodies = 0;
    batch->heads = heads;
    batch->hashes = hashes;
    if (!batch_crc_holds(bytes, head)) {
        batch_bad(batch, bytes, "the batch's checksum does not match");
        return;
    }
    entry_heads_key(heads_key, walk->header_key, head);
    for (uint32_t i = 0; i < head->n; i++) {
        const uint8_t *leaf = batch_leaf(bytes, head->n, i);
        if (!entry_head_read(batch_entry(bytes, i), heads_key, head->first + i, &heads[i])) {
            batch_bad(batch, batch_entry(bytes, i),
                      "an entry's header does not open: another header key, or changed bytes");
            return;
        }
        bodies += heads[i].body_n;
        tree_leaf_hash(&hashes[i], leaf, LEAF_SIZE);
    }
    if (bodies != head->bodies) {
        batch_bad(batch, bytes, "the bodies' lengths do not add up");
        return;
    }
    size_t used = batch_bytes(head), room = batch_room(head);
    for (size_t at = used; at < room; at++)
        if (bytes[at] != 0)
            batch_bad(batch, bytes + at, "the zeros after a batch are not zero");
    check_bodies(walk, batch);
}

static void run_check(const struct walk *walk, struct run *run)
{
    if (run->entries > run->entries_cap) {
        free(run->heads);
        free(run->hashes);
        run->heads = malloc(run->entries * sizeof *run->heads);
        run->hashes = malloc(run->entries * sizeof *run->hashes);
        run->entries_cap = run->entries;
        must(run->heads != NULL && run->hashes != NULL);
    }
    size_t at = 0;
    for (size_t i = 0; i < run->n; i++) {
        check_batch(walk, &run->batches[i], run->heads + at, run->hashes + at);
        at += run->batches[i].head.n;
    }
}

/* Whether a later batch says that this one was synced: then bodies of zeros in it are erasures, not bytes
 * that never reached the disk. */
static bool synced_by_next(const struct walk *walk, const struct walk_batch *batch)
{
    const struct segments *segments = &walk->segments;
    uint64_t end = batch->position + batch_room(&batch->head);
    uint64_t places[] = {end, (end / segments->bytes + 1) * segments->bytes};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        uint8_t bytes[BATCH_HEAD_SIZE];
        struct batch_head head;
        struct err unused;
        if (places[i] / segments->bytes < segments->count &&
            places[i] % segments->bytes + sizeof bytes <= segments->bytes &&
            segments_read(segments, places[i], bytes, sizeof bytes, &unused) &&
            batch_head_read(bytes, &head) && head.number == batch->head.number + 1 && head.synced >= end)
            return true;
    }
    return false;
}

/* (turn) */
static void run_hand_over(struct crew *crew, struct run *run)
{
    struct walk *walk = crew->walk;
    for (size_t i = 0; i < run->n && !crew->over; i++) {
        struct walk_batch *batch = &run->batches[i];
        if (batch->good && batch->blank != 0 && !synced_by_next(walk, batch))
            batch_bad(batch, batch->bytes, "a body never reached the disk");
        if (!batch->good) {
            walk->bad = crew->over = true;
            walk->bad_at = batch->bad_at;
            walk->why = batch->why;
        } else if (!walk->batch(walk->arg, batch, &crew->err)) {
            crew->failed = crew->over = true;
        } else {
            walk->batches++;
            walk->entries += batch->head.n;
            walk->end = batch->position + batch_room(&batch->head);
        }
    }
}

static void *crew_main(void *arg)
{
    struct crew *crew = arg;
    struct run run = {0};
    for (;;) {
        struct err err;
        pthread_mutex_lock(&crew->take);
        bool loaded = crew->taken_all || run_load(crew, &run, &err);
        bool more = loaded && !crew->taken_all;
        run.ticket = crew->tickets++;
        if (!loaded)
            crew->taken_all = true;
        pthread_mutex_unlock(&crew->take);
        if (more)
            run_check(crew->walk, &run);
        pthread_mutex_lock(&crew->turn);
        while (crew->next_ticket != run.ticket)
            pthread_cond_wait(&crew->turned, &crew->turn);
        if (!loaded && !crew->over) {
            crew->failed = crew->over = true;
            crew->err = err;
        }
        if (more)
            run_hand_over(crew, &run);
        more = more && !crew->over;
        crew->next_ticket++;
        pthread_cond_broadcast(&crew->turned);
        pthread_mutex_unlock(&crew->turn);
        if (!more)
            break;
    }
    free(run.bytes);
    free(run.batches);
    free(run.heads);
    free(run.hashes);
    return NULL;
}

bool walk_log(struct walk *walk, struct err *err)
{
    struct crew crew = {.walk = walk,
                        .take = PTHREAD_MUTEX_INITIALIZER,
                        .turn = PTHREAD_MUTEX_INITIALIZER,
                        .turned = PTHREAD_COND_INITIALIZER};
    walk->end = walk->batches = walk->entries = 0;
    walk->bad = false;
    if (!segment_open(&walk->segments, 0, O_RDONLY, &crew.fd, err))
        return false;
    pthread_t thread[8];
    unsigned started = 0;
    while (started + 1 < MIN_OF(walk->threads, 8u) &&
           pthread_create(&thread[started], NULL, crew_main, &crew) == 0)
        started++;
    crew_main(&crew);
    while (started != 0)
        pthread_join(thread[--started], NULL);
    close(crew.fd);
    if (crew.failed)
        *err = crew.err;
    return !crew.failed;
}

/* A whole valid batch at a position beyond the walk's end; its `synced` if so. */
static bool header_valid(const struct segments *segments, uint64_t position, const uint8_t *head_bytes,
                         uint64_t *ret_synced)
{
    struct batch_head head;
    struct err unused;
    uint64_t rest = segments->bytes - position % segments->bytes;
    if (!batch_head_read(head_bytes, &head) || batch_room(&head) > rest)
        return false;
    size_t n = BATCH_HEAD_SIZE + (size_t)head.n * ENTRY_FIXED;
    uint8_t *bytes = malloc(n);
    must(bytes != NULL);
    bool valid = segments_read(segments, position, bytes, n, &unused) && batch_crc_holds(bytes, &head);
    free(bytes);
    if (valid)
        *ret_synced = head.synced;
    return valid;
}

static bool judge_segment(const struct walk *walk, uint64_t segment, uint64_t from, struct walk_tail *tail,
                          struct err *err)
{
    const struct segments *segments = &walk->segments;
    uint64_t dirty;
    if (!segment_first_nonzero(segments, segment, from, &dirty, err))
        return false;
    if (dirty == UINT64_MAX)
        return true;
    tail->dirty = MIN_OF(tail->dirty, segment * segments->bytes + dirty);
    uint8_t *bytes = malloc(segments->bytes);
    char name[FILE_NAME_SIZE];
    int fd;
    must(bytes != NULL);
    segment_name(name, segment);
    bool good = segment_open(segments, segment, O_RDONLY, &fd, err);
    if (good) {
        good = read_full(fd, name, bytes, segments->bytes, 0, err);
        close(fd);
    }
    for (uint64_t at = dirty / BATCH_ALIGN * BATCH_ALIGN; good && at < segments->bytes; at += BATCH_ALIGN) {
        uint64_t synced;
        if (at + BATCH_HEAD_SIZE <= segments->bytes &&
            header_valid(segments, segment * segments->bytes + at, bytes + at, &synced))
            tail->known_synced = MAX_OF(tail->known_synced, synced);
    }
    free(bytes);
    return good;
}

bool walk_judge(const struct walk *walk, struct walk_tail *ret_tail, struct err *err)
{
    struct walk_tail tail = {.dirty = UINT64_MAX};
    const struct segments *segments = &walk->segments;
    for (uint64_t segment = walk->end / segments->bytes; segment < segments->count; segment++) {
        uint64_t from = segment == walk->end / segments->bytes ? walk->end % segments->bytes : 0;
        if (!judge_segment(walk, segment, from, &tail, err))
            return false;
    }
    *ret_tail = tail;
    return true;
}
