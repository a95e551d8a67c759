/* SPDX-License-Identifier: Apache-2.0 */
/* power_shim.c: a disk that forgets, for LD_PRELOAD.
 *
 * For files below POWER_FOLDER the bytes that a write replaces are kept until fdatasync or fsync of that file
 * returns. When the program kills itself (a kill point) each 512-byte sector that is not yet synced goes back
 * to what it was, unless chance lets it survive: POWER_KEEP percent, POWER_SEED. A rename that the folder's
 * fsync does not cover yet is undone by the same chance.
 *
 * With POWER_LIE set the disk says "synced" and is not: the judge must notice, or it judges nothing.
 *
 * POWER_FAIL="call:count:errno" (call: pwrite or fdatasync; errno: EIO or ENOSPC) makes the count-th such
 * call on a segment fail; a failed fdatasync loses what it should have synced, as Linux does. It says
 * "injected" on standard output. With POWER_FAIL_ONCE calls are counted only once the file so named is there:
 * how often a server syncs at its start is nobody's promise.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define SECTOR 512
#define UNDO_MAX 200000

struct undo {
    ino_t file;
    uint64_t at;
    uint32_t stamp; /* writes with a stamp up to the sync's own are covered by it */
    char path[64];
    uint8_t old[SECTOR];
};
static struct undo *undo;
static size_t undo_n;
static uint32_t stamp;
static struct {
    bool set, had;
    char path[PATH_MAX];
    char old[4096];
    size_t old_n;
} renamed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t chance;
static long fail_left;
static int fail_errno;
static char fail_call[16];

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fdatasync)(int), (*real_fsync)(int);
static int (*real_renameat)(int, const char *, int, const char *);

__attribute__((constructor)) static void start(void)
{
    const char *fail = getenv("POWER_FAIL"), *seed = getenv("POWER_SEED");
    undo = calloc(UNDO_MAX, sizeof *undo);
    chance = seed != NULL ? strtoull(seed, NULL, 10) * 2 + 1 : 1;
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_renameat = (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");
    if (fail != NULL) {
        char name[16] = "";
        if (sscanf(fail, "%15[a-z]:%ld:%15s", fail_call, &fail_left, name) == 3)
            fail_errno = strcmp(name, "ENOSPC") == 0 ? ENOSPC : EIO;
    }
}

static bool survives(void)
{
    const char *keep = getenv("POWER_KEEP");
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance % 100 < strtoul(keep != NULL ? keep : "0", NULL, 10);
}

/* The path of an open file below POWER_FOLDER. */
static bool watched(int fd, char path[PATH_MAX], ino_t *ret_file)
{
    const char *folder = getenv("POWER_FOLDER");
    char link[64];
    struct stat stat_;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (folder == NULL || n < 0 || fstat(fd, &stat_) != 0)
        return false;
    path[n] = '\0';
    *ret_file = stat_.st_ino;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static bool fails(const char *call, const char *path)
{
    const char *once = getenv("POWER_FAIL_ONCE");
    if (fail_errno == 0 || strcmp(call, fail_call) != 0 || strstr(path, "/entries-") == NULL ||
        (once != NULL && access(once, F_OK) != 0) || --fail_left != 0)
        return false;
    if (write(STDOUT_FILENO, "injected 0\n", 11) != 11)
        abort();
    return true;
}

static void forget(ino_t file, uint32_t upto)
{
    size_t kept = 0;
    for (size_t i = 0; i < undo_n; i++)
        if (undo[i].file != file || undo[i].stamp > upto)
            undo[kept++] = undo[i];
    undo_n = kept;
}

static void keep_old(ino_t file, const char *path, uint64_t from, uint64_t to)
{
    int old = open(path, O_RDONLY); /* the program's own descriptor may be for writing alone */
    if (old < 0)
        return;
    for (uint64_t at = from / SECTOR * SECTOR; at < to && undo_n < UNDO_MAX; at += SECTOR) {
        struct undo *next = &undo[undo_n++];
        *next = (struct undo){.file = file, .at = at, .stamp = stamp};
        snprintf(next->path, sizeof next->path, "%s", strrchr(path, '/') + 1);
        if (pread(old, next->old, SECTOR, (off_t)at) < 0)
            abort();
    }
    close(old);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
    char path[PATH_MAX];
    ino_t file;
    if (!watched(fd, path, &file))
        return real_pwrite(fd, bytes, n, at);
    pthread_mutex_lock(&lock);
    ssize_t put = -1;
    if (fails("pwrite", path)) {
        errno = fail_errno;
    } else {
        if (strstr(path, ".tmp") == NULL)
            keep_old(file, path, (uint64_t)at, (uint64_t)at + n);
        put = real_pwrite(fd, bytes, n, at);
    }
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
    return put;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return pwrite64(fd, bytes, n, at);
}

static void lose(ino_t file, bool all)
{
    const char *folder = getenv("POWER_FOLDER");
    for (size_t i = undo_n; i-- > 0;) { /* newest first: the oldest content wins */
        char path[PATH_MAX];
        if ((!all && undo[i].file != file) || survives())
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, undo[i].path);
        int fd = open(path, O_WRONLY);
        if (fd >= 0) {
            if (real_pwrite(fd, undo[i].old, SECTOR, (off_t)undo[i].at) < 0)
                abort();
            close(fd);
        }
    }
    undo_n = 0;
}

static int sync_one(int fd, const char *call, int (*real)(int))
{
    char path[PATH_MAX];
    ino_t file;
    if (!watched(fd, path, &file))
        return real(fd);
    pthread_mutex_lock(&lock);
    if (fails(call, path)) {
        lose(file, false);
        pthread_mutex_unlock(&lock);
        errno = fail_errno;
        return -1;
    }
    uint32_t upto = stamp++;
    const char *folder = getenv("POWER_FOLDER");
    if (strcmp(path, folder) == 0)
        renamed.set = false;
    pthread_mutex_unlock(&lock);
    usleep(
        200); /* long enough that other threads are hit meanwhile; the page cache itself is never lost here */
    pthread_mutex_lock(&lock);
    if (getenv("POWER_LIE") == NULL)
        forget(file, upto);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fdatasync(int fd)
{
    return sync_one(fd, "fdatasync", real_fdatasync);
}

int fsync(int fd)
{
    return sync_one(fd, "fsync", real_fsync);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    pthread_mutex_lock(&lock);
    renamed.set = getenv("POWER_FOLDER") != NULL;
    renamed.had = false;
    snprintf(renamed.path, sizeof renamed.path, "%s/%s", renamed.set ? getenv("POWER_FOLDER") : "", to);
    int old = openat(to_folder, to, O_RDONLY);
    if (old >= 0) {
        ssize_t n = read(old, renamed.old, sizeof renamed.old);
        renamed.had = n >= 0;
        renamed.old_n = n >= 0 ? (size_t)n : 0;
        close(old);
    }
    int result = real_renameat(from_folder, from, to_folder, to);
    pthread_mutex_unlock(&lock);
    return result;
}

static void undo_rename(void)
{
    if (!renamed.set || survives())
        return;
    unlink(renamed.path);
    int fd = renamed.had ? open(renamed.path, O_WRONLY | O_CREAT, 0644) : -1;
    if (fd >= 0) {
        if (real_pwrite(fd, renamed.old, renamed.old_n, 0) < 0)
            abort();
        close(fd);
    }
}

/* The kill points end here: the power fails. */
int raise(int number)
{
    if (number == SIGKILL && getenv("POWER_FOLDER") != NULL) {
        pthread_mutex_lock(&lock); /* for good: no other thread writes any more */
        lose(0, true);
        undo_rename();
    }
    return kill(getpid(), number);
}
