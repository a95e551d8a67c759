/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/aside.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static _Noreturn void child(int fd, const struct sandbox *sandbox, aside_fn *answer, void *arg)
{
    struct err err;
    signal(SIGINT, SIG_IGN); /* it ends when the server has closed its side, not before */
    signal(SIGTERM, SIG_IGN);
    if (dup2(fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0 || !sandbox_enter(sandbox, &err))
        _exit(1);
    while (answer(STDIN_FILENO, arg))
        ;
    _exit(0);
}

bool aside_start(int *ret_socket, const struct sandbox *sandbox, aside_fn *answer, void *arg, struct err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(err, "a process beside the server", "no pair of sockets");
    pid_t pid = fork();
    if (pid == 0)
        child(pair[1], sandbox, answer, arg);
    close(pair[1]);
    if (pid < 0) {
        err_errno(err, "a process beside the server", "cannot be made");
        close(pair[0]);
        return false;
    }
    *ret_socket = pair[0];
    return true;
}

bool aside_patience(int socket, int seconds)
{
    const struct timeval patience = {.tv_sec = seconds};
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
           setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0;
}
