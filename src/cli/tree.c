/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"

#define PIECE (1u << 20)
#define LONG_WORK (128 << 20) /* a file that takes long enough to say how far it is */
#define FILES_MAX 65536
#define DEPTH_MAX 4

/* A disk that fills up writes a part first; what follows says why. */
static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n != 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

static bool pass_on(int in, int out, const char *from, const char *to, struct sha256 *sum, struct err *err)
{
    uint8_t *piece = malloc(PIECE);
    must(piece != NULL);
    bool good = true;
    struct stat stat = {0};
    uint64_t done = 0;
    ssize_t n = 1;
    bool long_work = fstat(in, &stat) == 0 && stat.st_size >= LONG_WORK;
    while (good && n > 0) {
        n = read(in, piece, PIECE);
        if (n < 0)
            good = err_errno(err, from, "cannot read");
        else if (n > 0 && out >= 0 && !write_all(out, piece, (size_t)n))
            good = err_errno(err, to, "cannot write");
        else if (n > 0)
            sha256_add(sum, piece, (size_t)n);
        done += n > 0 ? (uint64_t)n : 0;
        if (long_work)
            say_progress(to != NULL ? "MiB copied" : "MiB read", done >> 20, (uint64_t)stat.st_size >> 20);
    }
    free(piece);
    return good;
}

static int open_plain(const char *path, struct err *err)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        err_errno(err, path, "cannot open");
    else if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        err_set(err, ERR_INVALID, path, "is not a plain file");
        close(fd);
        fd = -1;
    }
    return fd;
}

/* A key's file says by its time since when the key is. */
static bool keep_time(int in, int out, const char *to, struct err *err)
{
    struct stat was;
    return (fstat(in, &was) == 0 &&
            futimens(out, (const struct timespec[]){was.st_atim, was.st_mtim}) == 0) ||
           err_errno(err, to, "its time cannot be kept");
}

bool tree_copy_file(const char *from, const char *to, uint8_t ret_hash[HASH_SIZE], struct err *err)
{
    struct sha256 sum;
    int in = open_plain(from, err);
    if (in < 0)
        return false;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sha256_start(&sum);
    bool good = (out >= 0 || err_errno(err, to, "cannot create")) && pass_on(in, out, from, to, &sum, err) &&
                keep_time(in, out, to, err) &&
                (fsync(out) == 0 || err_errno(err, to, "the disk did not confirm the file"));
    if (out >= 0)
        close(out);
    close(in);
    if (good && ret_hash != NULL)
        sha256_end(&sum, ret_hash);
    return good;
}

bool tree_make_folders(const char *path, size_t from, struct err *err)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return err_errno(err, part, "cannot make the folder");
    }
    return true;
}

/* --- listing --- */

struct listing {
    struct arena *arena;
    const char *folder;
    struct str *path;
    size_t n;
};

static bool list(struct listing *l, const char *below, int depth, struct err *err)
{
    DIR *dir = opendir(arena_printf(l->arena, "%s/%s", l->folder, below));
    if (dir == NULL)
        return err_errno(err, below, "cannot open the folder");
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(dir)) != NULL;) {
        struct stat stat;
        const char *name = arena_printf(l->arena, "%s%s", below, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(dir), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            good = err_errno(err, name, "cannot look at it");
        else if (S_ISDIR(stat.st_mode))
            good = depth == DEPTH_MAX ? err_set(err, ERR_INVALID, name, "lies too deep")
                                      : list(l, arena_printf(l->arena, "%s/", name), depth + 1, err);
        else if (l->n == FILES_MAX)
            good = err_set(err, ERR_TOO_LARGE, l->folder, "has more than %d files", FILES_MAX);
        else
            l->path[l->n++] = str_of(name);
    }
    closedir(dir);
    return good;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool hash_file(const char *path, uint8_t hash[HASH_SIZE], struct err *err)
{
    struct sha256 sum;
    int in = open_plain(path, err);
    if (in < 0)
        return false;
    sha256_start(&sum);
    bool good = pass_on(in, -1, path, NULL, &sum, err);
    close(in);
    sha256_end(&sum, hash);
    return good;
}

bool tree_hashes(const char *folder, struct arena *arena, struct buf *out, struct err *err)
{
    struct listing l = {.arena = arena, .folder = folder, .path = arena_array(arena, struct str, FILES_MAX)};
    if (!list(&l, "", 0, err))
        return false;
    qsort(l.path, l.n, sizeof *l.path, by_bytes);
    for (size_t i = 0; i < l.n; i++) {
        uint8_t hash[HASH_SIZE];
        if (!hash_file(arena_printf(arena, "%s/%.*s", folder, STR_ARG(l.path[i])), hash, err))
            return false;
        buf_hex(out, hash, sizeof hash);
        buf_printf(out, "  %.*s\n", STR_ARG(l.path[i]));
    }
    return true;
}

/* --- whole trees --- */

static int sync_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    if (kind != FTW_DP)
        return 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return failed;
}

bool tree_sync(const char *folder, struct err *err)
{
    return nftw(folder, sync_one, 16, FTW_PHYS | FTW_DEPTH) == 0 ||
           err_errno(err, folder, "the disk did not confirm the folder");
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    return remove(path);
}

void tree_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}
