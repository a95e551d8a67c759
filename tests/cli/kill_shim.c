/* SPDX-License-Identifier: Apache-2.0 */
/* kill_shim.c: kill -9 at a step, for LD_PRELOAD.
 *
 *     KILL_FILES   part of the paths concerned: each making, renaming or removing of such a file is a step
 *     KILL_AT      the number of the step before which the process is killed; 0: none
 *     KILL_WHEN    a file: steps count while it exists. Unset: always. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void step(const char *path)
{
    static atomic_long passed;
    const char *files = getenv("KILL_FILES"), *at = getenv("KILL_AT"), *when = getenv("KILL_WHEN");
    if (files == NULL || at == NULL || strstr(path, files) == NULL ||
        (when != NULL && access(when, F_OK) != 0))
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == strtol(at, NULL, 10))
        raise(SIGKILL);
}

static int open_real(const char *symbol, const char *path, int flags, mode_t mode)
{
    int (*real)(const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, symbol);
    if ((flags & O_CREAT) != 0)
        step(path);
    return real(path, flags, mode);
}

#define OPEN(name)                                                                                           \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;                                     \
        va_end(rest);                                                                                        \
        return open_real(#name, path, flags, mode);                                                          \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "rename");
    step(to);
    return real(from, to);
}

int unlink(const char *path)
{
    int (*real)(const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "unlink");
    if (access(path, F_OK) == 0)
        step(path);
    return real(path);
}
