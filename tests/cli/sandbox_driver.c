/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_driver.c: enters the server's own sandbox, then does what sandbox.py asks for, and says how it
 * went.
 *
 *     sandbox_driver WRITE-FOLDER READ-FOLDER PORT ATTEMPT [ARGUMENT]
 *
 * Exit 0: the attempt went through. 1: it failed, its errno is on standard output. A signal: the filter's
 * answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compiler.h"
#include "cli/sandbox.h"

static bool try_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd >= 0 && close(fd) == 0;
}

static bool try_read(const char *path)
{
    return try_open(path, O_RDONLY);
}

static bool try_write(const char *path)
{
    return try_open(path, O_WRONLY | O_CREAT);
}

static bool try_fork(const char *unused)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0;
}

static bool try_exec(const char *path)
{
    return execl(path, path, (char *)NULL) == 0;
}

static bool try_trace(const char *unused)
{
    return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0;
}

static bool try_setuid(const char *unused)
{
    return setuid(0) == 0;
}

static bool try_executable_memory(const char *unused)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool try_make_executable(const char *unused)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool try_packets(const char *unused)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)atoi(port))};
}

static bool try_listen(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
}

static bool try_connect(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool try_connect_local(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool try_internet(const char *unused)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static void *in_thread(void *arg)
{
    const char **path = arg;
    *path = try_read(*path) ? NULL : strerrorname_np(errno);
    return NULL;
}

static bool try_thread(const char *path)
{
    pthread_t thread;
    const char *failure = path;
    bool ran = pthread_create(&thread, NULL, in_thread, &failure) == 0 && pthread_join(thread, NULL) == 0;
    errno = failure != NULL && strcmp(failure, "EACCES") == 0 ? EACCES : EIO;
    return ran && failure == NULL;
}

static bool try_abort(const char *unused)
{
    must(unused != NULL); /* must_failed needs its own calls */
    return true;
}

static const struct {
    const char *name;
    bool (*attempt)(const char *argument);
} attempts[] = {
    {"read", try_read},
    {"write", try_write},
    {"fork", try_fork},
    {"exec", try_exec},
    {"trace", try_trace},
    {"setuid", try_setuid},
    {"executable-memory", try_executable_memory},
    {"make-executable", try_make_executable},
    {"packets", try_packets},
    {"listen", try_listen},
    {"connect", try_connect},
    {"connect-local", try_connect_local},
    {"internet", try_internet},
    {"thread", try_thread},
    {"abort", try_abort},
};

int main(int argc, char **argv)
{
    struct err err;
    if (argc < 5)
        return 2;
    struct sandbox sandbox = {.write = {argv[1]},
                              .read = {argv[2], "/absent"},
                              .calls_local = strcmp(argv[3], "local") == 0,
                              .port = atoi(argv[3])};
    if (strcmp(argv[4], "user") == 0) { /* argument: the name, or "-" for none */
        if (sandbox_user(strcmp(argv[5], "-") == 0 ? NULL : argv[5], argv[1], &err)) {
            printf("%u\n", (unsigned)geteuid());
            return 0;
        }
        fprintf(stderr, "%s: %s\n", err.place, err.text);
        return err.code == ERR_USAGE ? 2 : 1;
    }
    if (!sandbox_enter(&sandbox, &err)) {
        fprintf(stderr, "%s: %s\n", err.place, err.text);
        return 2;
    }
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        if (strcmp(attempts[i].name, argv[4]) != 0)
            continue;
        bool done = attempts[i].attempt(argv[5]);
        printf("%s\n", done ? "done" : strerrorname_np(errno));
        return !done;
    }
    return 2;
}
