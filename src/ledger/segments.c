/* SPDX-License-Identifier: Apache-2.0 */
/* segments.c: the segments of the entries file: made, listed, read and written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/batch_private.h"
#include "ledger/files_private.h"
#include "ledger/kill_points.h"

#define FILL_PIECE (256u << 10)

void segment_name(char out[FILE_NAME_SIZE], uint64_t segment)
{
    snprintf(out, FILE_NAME_SIZE, "entries-%06llu", (unsigned long long)segment);
}

void place_of(char out[PLACE_SIZE], const struct segments *segments, uint64_t position)
{
    char name[FILE_NAME_SIZE];
    segment_name(name, position / segments->bytes);
    snprintf(out, PLACE_SIZE, "%s at byte %llu", name, (unsigned long long)(position % segments->bytes));
}

/* Size of a segment; SEGMENT_NONE where there is no such file. */
#define SEGMENT_NONE UINT64_MAX
static bool segment_size(int folder, uint64_t segment, uint64_t *ret_bytes, struct err *err)
{
    char name[FILE_NAME_SIZE];
    struct stat stat;
    segment_name(name, segment);
    bool there = fstatat(folder, name, &stat, 0) == 0;
    if (!there && errno != ENOENT)
        return err_errno(err, name, "cannot look at the segment");
    *ret_bytes = there ? (uint64_t)stat.st_size : SEGMENT_NONE;
    return true;
}

static bool segment_named(const char *name, uint64_t *ret_number)
{
    static const char before[] = "entries-";
    char again[FILE_NAME_SIZE];
    if (strncmp(name, before, sizeof before - 1) != 0)
        return false;
    *ret_number = strtoull(name + sizeof before - 1, NULL, 10);
    segment_name(again, *ret_number);
    return strcmp(again, name) == 0; /* nothing else is written so */
}

/* The segment of the greatest number in the folder, or SEGMENT_NONE. */
static bool segment_last(int folder, uint64_t *ret_last, struct err *err)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        err_errno(err, "entries", "cannot read the ledger's folder");
        if (fd >= 0)
            close(fd);
        return false;
    }
    uint64_t last = SEGMENT_NONE, number;
    for (struct dirent *file; (file = readdir(dir)) != NULL;) {
        if (segment_named(file->d_name, &number))
            last = last == SEGMENT_NONE ? number : MAX_OF(last, number);
    }
    closedir(dir);
    *ret_last = last;
    return true;
}

/* All segments have one size. The greatest that can be one is theirs: files are cut short, not made longer.
 */
static bool segments_sizes(struct segments *found, struct err *err)
{
    char name[FILE_NAME_SIZE];
    uint64_t bytes;
    for (uint64_t i = 0; i < found->count; i++) {
        if (!segment_size(found->folder, i, &bytes, err))
            return false;
        if (bytes >= SEGMENT_MIN && bytes <= SEGMENT_MAX && bytes % 4096 == 0)
            found->bytes = MAX_OF(found->bytes, bytes);
    }
    for (uint64_t i = 0; i < found->count; i++) {
        if (!segment_size(found->folder, i, &bytes, err))
            return false;
        segment_name(name, i);
        if (bytes != found->bytes || bytes == 0)
            return err_set(err, ERR_CORRUPT, name,
                           "the segment has %llu bytes, which is not the size of this ledger's segments: "
                           "restore the file from a copy",
                           (unsigned long long)bytes);
    }
    return true;
}

bool segments_list(int folder, struct segments *ret_segments, struct err *err)
{
    struct segments found = {.folder = folder};
    char name[FILE_NAME_SIZE];
    uint64_t bytes = 0, last;
    if (!segment_last(folder, &last, err))
        return false;
    if (last == SEGMENT_NONE)
        return err_set(err, ERR_NOT_FOUND, "entries-000000",
                       "there is no ledger in this folder: make one with aina init, or mend the path");
    for (; found.count <= last && bytes != SEGMENT_NONE; found.count++)
        if (!segment_size(folder, found.count, &bytes, err))
            return false;
    if (bytes == SEGMENT_NONE) {
        segment_name(name, found.count - 1);
        return err_set(err, ERR_CORRUPT, name,
                       "the segment is missing, and later ones are here: restore the file from a copy");
    }
    if (!segments_sizes(&found, err))
        return false;
    *ret_segments = found;
    return true;
}

bool segment_open(const struct segments *segments, uint64_t segment, int flags, int *ret_fd, struct err *err)
{
    char name[FILE_NAME_SIZE];
    segment_name(name, segment);
    int fd = openat(segments->folder, name, flags | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, name, "cannot open the segment");
    *ret_fd = fd;
    return true;
}

bool read_full(int fd, const char *name, void *out, size_t n, uint64_t offset, struct err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, (uint8_t *)out + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, name, "cannot read %zu bytes at byte %llu", n, (unsigned long long)offset);
        if (got == 0)
            return err_set(err, ERR_CORRUPT, name, "the file ends at byte %llu, too early",
                           (unsigned long long)offset + done);
        done += (size_t)got;
    }
    return true;
}

bool write_full(int fd, const char *name, const void *bytes, size_t n, uint64_t offset, struct err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = pwrite(fd, (const uint8_t *)bytes + done, n - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return err_errno(err, name, "cannot write %zu bytes at byte %llu", n, (unsigned long long)offset);
        done += (size_t)put;
    }
    return true;
}

bool sync_file(int fd, const char *name, struct err *err)
{
    return fdatasync(fd) == 0 || err_errno(err, name, "the disk did not confirm the write");
}

/* A descriptor of the segment: kept (then *ret_kept), or the caller's to close. */
static bool reader_of(const struct segments *segments, uint64_t segment, int *ret_fd, bool *ret_kept,
                      struct err *err)
{
    *ret_kept = segments->readers != NULL && segment < READERS_MAX;
    _Atomic int *place = *ret_kept ? &segments->readers->fd_plus_one[segment] : NULL;
    int fd, none = 0;
    if (*ret_kept && (fd = atomic_load(place) - 1) >= 0) {
        *ret_fd = fd;
        return true;
    }
    if (!segment_open(segments, segment, O_RDONLY, &fd, err))
        return false;
    if (*ret_kept && !atomic_compare_exchange_strong(place, &none, fd + 1)) {
        close(fd); /* another thread was quicker */
        fd = none - 1;
    }
    *ret_fd = fd;
    return true;
}

void readers_close(struct readers *readers)
{
    for (size_t i = 0; readers != NULL && i < READERS_MAX; i++)
        if (readers->fd_plus_one[i] != 0)
            close(readers->fd_plus_one[i] - 1);
    free(readers);
}

bool segments_read(const struct segments *segments, uint64_t position, void *out, size_t n, struct err *err)
{
    int fd;
    bool kept;
    if (!reader_of(segments, position / segments->bytes, &fd, &kept, err))
        return false;
    bool good = pread(fd, out, n, (off_t)(position % segments->bytes)) == (ssize_t)n;
    if (!good) { /* interrupted, short or failed: said with the file's name */
        char name[FILE_NAME_SIZE];
        segment_name(name, position / segments->bytes);
        good = read_full(fd, name, out, n, position % segments->bytes, err);
    }
    if (!kept)
        close(fd);
    return good;
}

bool segment_first_nonzero(const struct segments *segments, uint64_t segment, uint64_t from,
                           uint64_t *ret_offset, struct err *err)
{
    int fd;
    char name[FILE_NAME_SIZE];
    segment_name(name, segment);
    if (!segment_open(segments, segment, O_RDONLY, &fd, err))
        return false;
    uint8_t *piece = malloc(FILL_PIECE);
    must(piece != NULL);
    bool good = true;
    uint64_t found = UINT64_MAX;
    while (good && from < segments->bytes && found == UINT64_MAX) {
        size_t n = (size_t)MIN_OF((uint64_t)FILL_PIECE, segments->bytes - from);
        good = read_full(fd, name, piece, n, from, err);
        if (good && !bytes_zero(piece, n)) {
            size_t at = 0;
            while (piece[at] == 0)
                at++;
            found = from + at;
        }
        from += n;
    }
    free(piece);
    close(fd);
    if (good)
        *ret_offset = found;
    return good;
}

/* Small pieces, each brought to the disk before the next, so that the commits beside it never wait behind a
 * long flush; sync_file_range touches no journal, which an fdatasync of a growing file would. The fsync at
 * the end is what counts. */
static bool fill(int fd, const char *name, uint64_t bytes, struct err *err)
{
    static const uint8_t zeros[FILL_PIECE];
    for (uint64_t at = 0; at < bytes;) {
        size_t n = (size_t)MIN_OF((uint64_t)sizeof zeros, bytes - at);
        if (!write_full(fd, name, zeros, n, at, err))
            return false;
        (void)sync_file_range(fd, (off_t)at, (off_t)n,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
        at += n;
    }
    return fsync(fd) == 0 || err_errno(err, name, "the disk did not confirm the new segment");
}

bool segment_create(int folder, uint64_t segment, uint64_t bytes, struct err *err)
{
    char name[FILE_NAME_SIZE];
    segment_name(name, segment);
    int fd = openat(folder, "entries.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "entries.new", "cannot create the next segment");
    bool good = fill(fd, "entries.new", bytes, err);
    close(fd);
    if (!good)
        return false;
    if (renameat(folder, "entries.new", folder, name) != 0 || fsync(folder) != 0)
        return err_errno(err, name, "cannot put the new segment in its place");
    kill_point(KILL_SEGMENT_NEW);
    return true;
}
