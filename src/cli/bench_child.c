/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool become(const char *user)
{
    const struct passwd *entry = user ? getpwnam(user) : NULL;
    return user == NULL || (entry != NULL && initgroups(user, entry->pw_gid) == 0 &&
                            setgid(entry->pw_gid) == 0 && setuid(entry->pw_uid) == 0);
}

static void child_main(const struct bench_child *child, const char *const *words, int out, pid_t parent)
{
    int log = open(child->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (log < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(126);
    if (!become(child->user) || prctl(PR_SET_PDEATHSIG, child->end_signal) != 0 || getppid() != parent) {
        perror(words[0]);
        _exit(126);
    }
    execv(words[0], (char *const *)words);
    perror(words[0]);
    _exit(127);
}

bool bench_child_start(struct bench_child *child, const char *const *words, struct err *err)
{
    int pipes[2];
    pid_t parent = getpid();
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return err_errno(err, words[0], "the system gives no pipe");
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0)
        child_main(child, words, pipes[1], parent);
    close(pipes[1]);
    child->out = pipes[0];
    return child->pid > 0 || err_errno(err, words[0], "cannot be started");
}

static void last_line(const char *path, char out[200])
{
    char line[200];
    FILE *file = fopen(path, "r");
    out[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            memcpy(out, line, sizeof line);
    }
    if (file != NULL)
        fclose(file);
}

bool bench_child_wait(struct bench_child *child, struct err *err)
{
    char said[4096], line[200];
    int status = 0;
    while (read(child->out, said, sizeof said) > 0)
        ; /* so that it never waits for a reader */
    close(child->out);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    last_line(child->log, line);
    return err_set(err, ERR_IO, child->log, "a program that the bench started failed: %s", line);
}

bool bench_child_run(const char *user, const char *log, const char *const *words, struct err *err)
{
    struct bench_child child = {.user = user, .log = log, .end_signal = SIGKILL};
    return bench_child_start(&child, words, err) && bench_child_wait(&child, err);
}

void bench_child_end(struct bench_child *child)
{
    struct err ignored;
    if (child->pid <= 0)
        return;
    kill(child->pid, child->end_signal);
    bool ended UNUSED = bench_child_wait(child, &ignored);
}
