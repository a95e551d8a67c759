/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/making.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/tree.h"

static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static bool lies_in(const char *to, const char *folder)
{
    char copy[PATH_MAX], parent[PATH_MAX], whole[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", to);
    if (realpath(dirname(copy), parent) == NULL || realpath(folder, whole) == NULL)
        return false;
    size_t n = strlen(whole);
    return strncmp(parent, whole, n) == 0 && (parent[n] == '/' || parent[n] == '\0');
}

bool making_name(struct making *ret_making, const char *to, const char *not_in, struct err *err)
{
    size_t n = strlen(to);
    while (n > 1 && to[n - 1] == '/')
        n--;
    if (n == 0 || n >= sizeof ret_making->to)
        return err_set(err, ERR_USAGE, "new folder", "its name must have 1 to %zu bytes",
                       sizeof ret_making->to - 1);
    snprintf(ret_making->to, sizeof ret_making->to, "%.*s", (int)n, to);
    return not_in == NULL || !lies_in(ret_making->to, not_in) ||
           err_set(err, ERR_CONFLICT, ret_making->to,
                   "lies inside %s: name a folder outside of it, best on another "
                   "disk",
                   not_in);
}

/* --- the process that waits --- */

static pid_t worker;

static void pass_on(int signal)
{
    (void)kill(worker, signal);
}

/* A signal that this program was started to ignore (nohup) stays ignored. */
static void pass_on_stops(void)
{
    const struct sigaction to_worker = {.sa_handler = pass_on};
    for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
        struct sigaction before;
        if (sigaction(stops[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(stops[i], &to_worker, NULL);
    }
}

static NORETURN void end_by(int signal)
{
    sigset_t all;
    sigfillset(&all);
    (void)sigprocmask(SIG_UNBLOCK, &all, NULL);
    (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    (void)raise(signal);
    _exit(128 + signal);
}

static NORETURN void wait_for_worker(const char *folder)
{
    int status;
    while (waitpid(worker, &status, 0) < 0)
        must(errno == EINTR);
    if (!WIFSIGNALED(status))
        _exit(WEXITSTATUS(status));
    if (access(folder, F_OK) == 0) {
        tree_remove(folder);
        say(SAY_WARN, "ended by a signal (%s): what was begun was removed again",
            strsignal(WTERMSIG(status)));
    }
    end_by(WTERMSIG(status));
}

/* Stop signals wait while the two part, so that none meets a process that does not know yet what to do. */
static bool part(struct making *m, struct err *err)
{
    sigset_t signals, before;
    pid_t parent = getpid();
    sigemptyset(&signals);
    for (size_t i = 0; i < ARRAY_LEN(stops); i++)
        sigaddset(&signals, stops[i]);
    (void)fflush(NULL);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    worker = fork();
    if (worker > 0) {
        snprintf(m->folder, sizeof m->folder, "%s.new-%ld", m->to, (long)worker);
        pass_on_stops();
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        wait_for_worker(m->folder);
    }
    bool parted = worker == 0 || err_errno(err, m->to, "cannot start a process");
    if (worker == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
        _exit(1);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return parted;
}

/* --- the process that works --- */

bool making_begin(struct making *m, struct err *err)
{
    m->folder[0] = '\0';
    if (!part(m, err))
        return false;
    snprintf(m->folder, sizeof m->folder, "%s.new-%ld", m->to, (long)getpid());
    if (mkdir(m->folder, 0700) == 0)
        return true;
    m->folder[0] = '\0';
    return err_errno(err, m->to, "cannot make a folder there");
}

bool making_end(struct making *m, bool ok, struct err *err)
{
    ok = ok && (rename(m->folder, m->to) == 0 || err_errno(err, m->to, "cannot rename into place"));
    if (!ok && m->folder[0] != '\0')
        tree_remove(m->folder);
    return ok;
}
