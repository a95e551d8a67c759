/* SPDX-License-Identifier: Apache-2.0 */
/* bad_shim.c: a machine on a bad day, for LD_PRELOAD.
 *
 *     BAD_FAULT    full       writes fail with ENOSPC, and the file system says that it has no room
 *                  readonly   opening for writing fails with EROFS
 *                  sync       fdatasync and fsync fail with EIO
 *                  slow:MS    fdatasync takes MS milliseconds longer
 *                  clock:S    the time of day is S seconds off
 *     BAD_FILES    part of the paths concerned (not for clock); BAD_ALSO, if set, must be in them, too
 *     BAD_WHEN     a file: the fault is there while that file exists. Unset: always. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static const char *fault, *files, *also, *when;
static long amount;

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fdatasync)(int), (*real_fsync)(int), (*real_ftruncate)(int, off64_t);
static int (*real_openat)(int, const char *, int, ...), (*real_open)(const char *, int, ...);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_statvfs)(const char *, struct statvfs64 *), (*real_fstatvfs)(int, struct statvfs64 *);

/* Symbols are looked up on first use: other libraries call these before this one's constructor ran. */
#define REAL(name, symbol)                                                                                   \
    do {                                                                                                     \
        if (real_##name == NULL)                                                                             \
            *(void **)&real_##name = dlsym(RTLD_NEXT, symbol);                                               \
    } while (0)

__attribute__((constructor)) static void start(void)
{
    files = getenv("BAD_FILES");
    also = getenv("BAD_ALSO");
    when = getenv("BAD_WHEN");
    fault = getenv("BAD_FAULT");
    const char *colon = fault != NULL ? strchr(fault, ':') : NULL;
    amount = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
}

static bool is(const char *name)
{
    return fault != NULL && strncmp(fault, name, strlen(name)) == 0 &&
           (when == NULL || access(when, F_OK) == 0);
}

static bool concerns_path(const char *path)
{
    return (files == NULL || strstr(path, files) != NULL) && (also == NULL || strstr(path, also) != NULL);
}

static bool concerns(int fd)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0 || path[0] != '/')
        return false;
    path[n] = '\0';
    return concerns_path(path);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    REAL(pwrite, "pwrite64");
    if (is("full") && concerns(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real_pwrite(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return pwrite64(fd, bytes, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    REAL(write, "write");
    if (fd > 2 && is("full") && concerns(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real_write(fd, bytes, n);
}

int ftruncate64(int fd, off64_t n)
{
    REAL(ftruncate, "ftruncate64");
    if (is("full") && concerns(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real_ftruncate(fd, n);
}

int ftruncate(int fd, off_t n)
{
    return ftruncate64(fd, n);
}

int fdatasync(int fd)
{
    REAL(fdatasync, "fdatasync");
    if (is("slow") && concerns(fd))
        usleep((useconds_t)amount * 1000);
    if (is("sync") && concerns(fd)) {
        errno = EIO;
        return -1;
    }
    return real_fdatasync(fd);
}

int fsync(int fd)
{
    REAL(fsync, "fsync");
    if (is("sync") && concerns(fd)) {
        errno = EIO;
        return -1;
    }
    return real_fsync(fd);
}

static bool refused(const char *path, int flags)
{
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) == 0 || !is("readonly") || !concerns_path(path))
        return false;
    errno = EROFS;
    return true;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    REAL(openat, "openat64");
    char link[64], whole[2 * PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t n = path[0] == '/' || folder < 0 ? 0 : readlink(link, whole, PATH_MAX);
    snprintf(whole + (n > 0 ? n : 0), PATH_MAX, "/%s", path);
    return refused(whole, flags) ? -1 : real_openat(folder, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return openat64(folder, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    REAL(open, "open64");
    return refused(path, flags) ? -1 : real_open(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open64(path, flags, mode);
}

static void no_room(struct statvfs64 *stat)
{
    stat->f_bavail = stat->f_bfree = 0;
}

int statvfs64(const char *path, struct statvfs64 *stat)
{
    REAL(statvfs, "statvfs64");
    int failed = real_statvfs(path, stat);
    if (!failed && is("full"))
        no_room(stat);
    return failed;
}

int fstatvfs64(int fd, struct statvfs64 *stat)
{
    REAL(fstatvfs, "fstatvfs64");
    int failed = real_fstatvfs(fd, stat);
    if (!failed && is("full"))
        no_room(stat);
    return failed;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime, "clock_gettime");
    int failed = real_clock_gettime(clock, now);
    if (!failed && clock == CLOCK_REALTIME && is("clock"))
        now->tv_sec += amount;
    return failed;
}
