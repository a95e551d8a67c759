/* SPDX-License-Identifier: Apache-2.0 */
/* erase.c: overwriting a body in place. The small file `erasing` stands while that happens, so that a crash
 * in the middle is finished at start instead of being taken for damage. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/ledger_private.h"

static bool write_intent(int folder, const struct erasing *erasing, struct err *err)
{
    uint8_t bytes[ERASING_SIZE];
    erasing_write(bytes, erasing);
    int fd = openat(folder, "erasing.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "erasing.new", "cannot create the file");
    bool good = write_full(fd, "erasing.new", bytes, sizeof bytes, 0, err);
    if (good && fsync(fd) != 0)
        good = err_errno(err, "erasing.new", "the disk did not confirm the file");
    close(fd);
    if (good && (renameat(folder, "erasing.new", folder, "erasing") != 0 || fsync(folder) != 0))
        good = err_errno(err, "erasing", "cannot put the file in its place");
    return good;
}

static bool overwrite(const struct segments *segments, const struct erasing *erasing, struct err *err)
{
    static const uint8_t zeros[LEDGER_BODY_MAX];
    char name[FILE_NAME_SIZE];
    uint64_t segment = erasing->position / segments->bytes, at = erasing->position % segments->bytes;
    size_t half = erasing->body_n / 2, rest = erasing->body_n - half;
    int fd;
    segment_name(name, segment);
    if (!segment_open(segments, segment, O_WRONLY, &fd, err))
        return false;
    bool good = write_full(fd, name, zeros, half, at, err);
    if (good)
        kill_point(KILL_ERASE_HALF);
    good = good && write_full(fd, name, zeros, rest, at + half, err) && sync_file(fd, name, err);
    close(fd);
    return good;
}

static bool remove_intent(int folder, struct err *err)
{
    return (unlinkat(folder, "erasing", 0) == 0 && fsync(folder) == 0) ||
           err_errno(err, "erasing", "cannot remove the file after the erasure");
}

bool erase_body(int folder, const struct segments *segments, const struct erasing *erasing, struct err *err)
{
    return write_intent(folder, erasing, err) && overwrite(segments, erasing, err) &&
           remove_intent(folder, err);
}

bool erase_redo(int folder, const struct segments *segments, uint64_t *ret_redone, struct err *err)
{
    uint8_t bytes[ERASING_SIZE];
    struct erasing erasing;
    unlinkat(folder, "erasing.new", 0);
    int fd = openat(folder, "erasing", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || err_errno(err, "erasing", "cannot read the file");
    bool good = read_full(fd, "erasing", bytes, sizeof bytes, 0, err);
    close(fd);
    if (!good)
        return false;
    if (!erasing_read(bytes, &erasing) || erasing.body_n > LEDGER_BODY_MAX ||
        erasing.position / segments->bytes >= segments->count ||
        erasing.position % segments->bytes + erasing.body_n > segments->bytes)
        return err_set(err, ERR_CORRUPT, "erasing",
                       "the file that names an interrupted erasure is damaged: restore it from a copy");
    if (!overwrite(segments, &erasing, err) || !remove_intent(folder, err))
        return false;
    *ret_redone = 1;
    return true;
}

/* Where the body of a durable entry lies. */
static bool find_body(struct ledger *ledger, uint64_t leaf, const struct found *found,
                      struct erasing *erasing, struct err *err)
{
    uint64_t at = found->position + BATCH_HEAD_SIZE;
    erasing->position = at + (uint64_t)found->head.n * ENTRY_FIXED;
    for (uint64_t i = found->head.first; i <= leaf; i++, at += ENTRY_HEAD_SIZE) {
        uint8_t head[4];
        if (!segments_read(&ledger->segments, at, head, sizeof head, err))
            return false;
        erasing->body_n = get_u32be(head);
        if (i < leaf)
            erasing->position += erasing->body_n;
    }
    return true;
}

bool ledger_erase(struct ledger *ledger, uint64_t leaf, uint64_t by, struct err *err)
{
    struct found target, eraser;
    struct erasing erasing = {.leaf = leaf, .by = by};
    if (ledger->read_only)
        return err_set(err, ERR_NOT_ALLOWED, ledger->folder_path, "the ledger was opened for reading only");
    if (ledger_stopped(ledger, err))
        return false;
    if (!ledger_find(ledger, leaf, &target, err) || !ledger_find(ledger, by, &eraser, err))
        return false;
    /* A later batch also proves that the erased one was synced, so that zeros in it are no torn write. */
    if (eraser.head.number <= target.head.number)
        return err_set(
            err, ERR_INVALID, "ledger",
            "entry %llu cannot order the erasure of entry %llu: it must be appended after that one "
            "is durable",
            (unsigned long long)by, (unsigned long long)leaf);
    struct arena arena;
    struct ledger_entry entry;
    arena_init(&arena, 4096, 2 * LEDGER_BODY_MAX);
    bool good = ledger_read(ledger, leaf, &arena, &entry, err);
    bool done = good && (entry.erased || entry.body_n == 0);
    arena_done(&arena);
    if (!good || done)
        return good;
    pthread_mutex_lock(&ledger->erase_lock);
    good = find_body(ledger, leaf, &target, &erasing, err);
    bool wrote = good && erase_body(ledger->folder, &ledger->segments, &erasing, err);
    pthread_mutex_unlock(&ledger->erase_lock);
    if (good && !wrote)
        ledger_fail(ledger, err);
    return wrote;
}
