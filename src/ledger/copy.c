/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c: a copy of a ledger that another process may be writing to. It holds what the stored checkpoint
 * covers: that was durable and published, so the checkpoint signed over the copy is one that the log itself
 * has signed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/fsck.h"
#include "ledger/ledger_private.h"
#include "ledger/public.h"

#define PIECE (1u << 20)

/* The first `n` bytes of a segment; the rest stays a hole, which reads as zeros. */
static bool copy_segment(const struct segments *from, int to, uint64_t segment, uint64_t n, struct err *err)
{
    char name[FILE_NAME_SIZE];
    int in, out;
    segment_name(name, segment);
    if (!segment_open(from, segment, O_RDONLY, &in, err))
        return false;
    out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = (out >= 0 && ftruncate(out, (off_t)from->bytes) == 0) ||
                err_errno(err, name, "cannot make the copy of the segment");
    uint8_t *piece = malloc(PIECE);
    must(piece != NULL);
    for (uint64_t at = 0; good && at < n; at += PIECE) {
        size_t part = (size_t)MIN_OF((uint64_t)PIECE, n - at);
        good = read_full(in, name, piece, part, at, err) && write_full(out, name, piece, part, at, err);
    }
    free(piece);
    good = good && sync_file(out, name, err);
    if (out >= 0)
        close(out);
    close(in);
    return good;
}

/* Where the log's first `size` entries end; a checkpoint stands at the end of a batch. */
static bool end_of(struct ledger *ledger, uint64_t size, uint64_t *ret_end, struct err *err)
{
    struct found found;
    *ret_end = 0;
    if (size == 0)
        return true;
    if (!ledger_find(ledger, size - 1, &found, err))
        return false;
    *ret_end = found.position + batch_room(&found.head);
    return found.head.first + found.head.n == size ||
           err_set(err, ERR_CORRUPT, "checkpoint",
                   "does not end where a batch ends: run aina fsck, it says what is wrong");
}

static bool copy_entries(struct ledger *ledger, const char *to, uint64_t end, struct err *err)
{
    const struct segments *segments = &ledger->segments;
    uint64_t count = end == 0 ? 1 : (end - 1) / segments->bytes + 1;
    int folder = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, to, "cannot open the folder");
    bool good = true;
    for (uint64_t i = 0; good && i < count; i++)
        good = copy_segment(segments, folder, i, MIN_OF(segments->bytes, end - i * segments->bytes), err);
    good = good && (fsync(folder) == 0 || err_errno(err, to, "the disk did not confirm the copy"));
    close(folder);
    return good;
}

bool ledger_copy(const struct ledger_config *config, const char *to, struct checkpoint *ret_copied,
                 uint64_t *ret_left, struct err *err)
{
    struct ledger_config source = *config, copy = *config;
    struct ledger *ledger;
    struct arena arena;
    struct checkpoint covered;
    uint64_t end;
    source.read_only = true;
    if (!ledger_open(&ledger, &source, NULL, err))
        return false;
    arena_init(&arena, 4096, CHECKPOINT_MAX * 2);
    ledger_checkpoint(ledger, &arena, &covered);
    arena_done(&arena);
    uint64_t left = ledger_durable(ledger) - MIN_OF(covered.size, ledger_durable(ledger));
    bool good = (covered.size >= config->at_least ||
                 err_set(err, ERR_BUSY, config->folder,
                         "the stored checkpoint covers %llu entries, not yet %llu: try again in a second",
                         (unsigned long long)covered.size, (unsigned long long)config->at_least)) &&
                (mkdir(to, 0700) == 0 || err_errno(err, to, "cannot make the folder")) &&
                end_of(ledger, covered.size, &end, err) && copy_entries(ledger, to, end, err);
    ledger_close(ledger);
    copy.folder = to;
    copy.at_least = covered.size;
    copy.at_least_root = covered.root;
    if (!good || !ledger_settle(&copy, err))
        return false;
    *ret_copied = (struct checkpoint){config->origin, covered.size, covered.root};
    *ret_left = left;
    return true;
}
