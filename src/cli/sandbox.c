/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/say.h"
#include "base/text.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* --- limits --- */

#define FILES_MOST 65536
#define FILES_WANTED 4096 /* http's default of 2,048 connections, databases, the log's files, and room */

void sandbox_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = MAX_OF(files.rlim_cur, MIN_OF(files.rlim_max, (rlim_t)FILES_MOST));
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < FILES_WANTED)
        say(SAY_WARN,
            "only %llu files may be open at a time, fewer than 2,048 connections need: raise LimitNOFILE of "
            "the "
            "unit, or ulimit -n",
            (unsigned long long)files.rlim_cur);
}

/* --- privilege --- */

static bool drop_capabilities(struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        prctl(PR_CAPBSET_DROP, capability);
    return syscall(SYS_capset, &header, none) == 0 || err_errno(err, "--user", "cannot give up capabilities");
}

static bool become(const char *name, struct err *err)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        return err_set(err, ERR_USAGE, "--user",
                       "there is no user '%s'; make one: adduser --system --group %s", name, name);
    if (initgroups(name, user->pw_gid) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return err_errno(err, "--user", "cannot become '%s'", name);
    return user->pw_uid == 0 || setuid(0) != 0 ||
           err_set(err, ERR_IO, "--user", "root could be had back after becoming '%s'", name);
}

bool sandbox_user(const char *user, const char *folder, struct err *err)
{
    bool root = geteuid() == 0;
    if (user != NULL && user[0] == '\0')
        user = NULL;
    if (user == NULL && root)
        return err_set(
            err, ERR_USAGE, "--user",
            "the server is not run as root: name the user that owns %s (--user NAME or AINA_USER), or "
            "--user root to stay root without its capabilities",
            folder);
    if (user == NULL || (!root && getpwnam(user) != NULL && getpwnam(user)->pw_uid == geteuid()))
        return true;
    if (!root)
        return err_set(err, ERR_USAGE, "--user", "only root can become '%s'; leave --user out", user);
    if (!become(user, err) || !drop_capabilities(err))
        return false;
    /* A change of user may have switched core dumps on again. */
    return prctl(PR_SET_DUMPABLE, 0) == 0 || err_errno(err, "--user", "cannot switch core dumps off");
}

/* --- Landlock: by system call, for Debian has no library for it --- */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define ACCESS_NET_BIND_TCP (1ULL << 0)
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define RULE_NET_PORT 2
#define SCOPE_ALL 3ULL /* abstract Unix sockets, signals */

/* As the newest kernel known here has them; an older one reads a shorter beginning. */
struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct net_port_attr {
    uint64_t access, port;
};

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                               \
    (READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_TRUNCATE)
#define OF_FILES                                                                                             \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |            \
     LANDLOCK_ACCESS_FS_EXECUTE)

/* Access rights and struct size by the version of the kernel's interface. */
static uint64_t fs_known(int version)
{
    uint64_t all = ((uint64_t)LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    return all | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
           (version >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0) | (version >= 5 ? ACCESS_FS_IOCTL_DEV : 0);
}

static bool allow_path(int ruleset, const char *path, uint64_t access, struct err *err)
{
    struct stat stat;
    struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == EACCES || /* what cannot be reached need not be allowed */
               err_errno(err, path, "cannot open for the sandbox");
    bool folder = fstat(rule.parent_fd, &stat) == 0 && S_ISDIR(stat.st_mode);
    rule.allowed_access = folder ? access : access & OF_FILES;
    bool good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
                err_errno(err, path, "Landlock does not take the path");
    close(rule.parent_fd);
    return good;
}

static bool allow_paths(int ruleset, const struct sandbox *sandbox, uint64_t known, struct err *err)
{
    static const char *const system[] = {"/etc", "/usr/lib", "/lib", "/usr/share", "/run/systemd/resolve"};
    bool good = true;
    for (size_t i = 0; good && i < SANDBOX_PATHS_MAX; i++) {
        good = (sandbox->write[i] == NULL || allow_path(ruleset, sandbox->write[i], WRITES & known, err)) &&
               (sandbox->read[i] == NULL || allow_path(ruleset, sandbox->read[i], READS, err));
    }
    for (size_t i = 0; good && sandbox->calls_out && i < ARRAY_LEN(system); i++)
        good = allow_path(ruleset, system[i], READS, err);
    return good;
}

static bool landlock(const struct sandbox *sandbox, int *ret_version, struct err *err)
{
    int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *ret_version = MAX_OF(version, 0);
    if (version <= 0)
        return true;
    struct ruleset_attr attr = {
        .fs = fs_known(version),
        .net = version < 4 ? 0 : ACCESS_NET_BIND_TCP | (sandbox->calls_out ? 0 : ACCESS_NET_CONNECT_TCP),
        .scoped = version < 6 ? 0 : SCOPE_ALL,
    };
    size_t size = version < 4 ? sizeof attr.fs : version < 6 ? 2 * sizeof attr.fs : sizeof attr;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return err_errno(err, "sandbox", "Landlock does not take the rules");
    struct net_port_attr port = {ACCESS_NET_BIND_TCP, (uint64_t)sandbox->port};
    bool good = allow_paths(ruleset, sandbox, attr.fs, err) &&
                (version < 4 || syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &port, 0) == 0 ||
                 err_errno(err, "sandbox", "Landlock does not take the port")) &&
                (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ||
                 err_errno(err, "sandbox", "Landlock cannot be entered"));
    close(ruleset);
    return good;
}

/* --- seccomp --- */

static const char *const allowed[] = {
    /* files */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "close",
    "close_range",
    "lseek",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "fallocate",
    "ftruncate",
    "flock",
    "fcntl",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "open",
    "openat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "getdents64",
    "readlink",
    "readlinkat",
    "getcwd",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "utimensat",
    "umask",
    "fadvise64",
    "statfs",
    "fstatfs",
    "dup",
    "dup2",
    "dup3",
    "pipe2",
    "eventfd2",
    /* waiting */
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "timerfd_create",
    "timerfd_settime",
    "futex",
    "sched_yield",
    "clock_nanosleep",
    "nanosleep",
    "restart_syscall",
    /* sockets; socket() and connect() are below */
    "bind",
    "listen",
    "accept",
    "accept4",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    "shutdown",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "sendfile",
    /* threads, signals to itself, the end */
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "sched_getaffinity",
    "getcpu",
    "gettid",
    "getpid",
    "getppid",
    "tgkill",
    "membarrier",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sigaltstack",
    "exit",
    "exit_group",
    /* memory; mmap() and mprotect() are below */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "mlock",
    "mlock2",
    "munlock",
    "msync",
    /* questions */
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "getrandom",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "uname",
    "sysinfo",
    "getrlimit",
    "prlimit64",
    "getrusage",
    "times",
};

struct rule {
    const char *name;
    uint32_t action;
    int compared; /* 0: always */
    struct scmp_arg_cmp compare;
};

/* A call with several rules gets the first that fits; what fits none ends the process. */
static const struct rule rules[] = {
    {"socket", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_EQ, AF_UNIX)},
    {"socketpair", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_EQ, AF_UNIX)}, /* curl wakes itself by one */
    {"socket", SCMP_ACT_ERRNO(EAFNOSUPPORT), 1, SCMP_CMP(0, SCMP_CMP_EQ, AF_NETLINK)}, /* resolvers ask */
    {"ioctl", SCMP_ACT_ALLOW, 1, SCMP_CMP(1, SCMP_CMP_EQ, TCGETS)},                    /* isatty */
    {"ioctl", SCMP_ACT_ALLOW, 1, SCMP_CMP(1, SCMP_CMP_EQ, TIOCGWINSZ)},
    {"ioctl", SCMP_ACT_ALLOW, 1, SCMP_CMP(1, SCMP_CMP_EQ, FIONREAD)},
    {"ioctl", SCMP_ACT_ALLOW, 1, SCMP_CMP(1, SCMP_CMP_EQ, FIONBIO)},
    {"prctl", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_EQ, PR_SET_NAME)},
    {"mprotect", SCMP_ACT_ALLOW, 1, SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {"mmap", SCMP_ACT_ALLOW, 1, SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {"clone", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
    {"clone3", SCMP_ACT_ERRNO(ENOSYS), 0, {0}}, /* its flags cannot be seen; the C library then uses clone */
};

static bool add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
    int call = seccomp_syscall_resolve_name(rule->name);
    return call == __NR_SCMP_ERROR || /* this machine has no such call */
           seccomp_rule_add_array(filter, rule->action, call, (unsigned)rule->compared, &rule->compare) == 0;
}

static bool add_rules(scmp_filter_ctx filter, const struct sandbox *sandbox)
{
    const struct rule internet[] = {{"socket", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_EQ, AF_INET)},
                                    {"socket", SCMP_ACT_ALLOW, 1, SCMP_CMP(0, SCMP_CMP_EQ, AF_INET6)}};
    bool calls_out = sandbox->calls_out, connects = calls_out || sandbox->calls_local;
    bool good = true;
    for (size_t i = 0; good && i < ARRAY_LEN(allowed); i++)
        good = add_rule(filter, &(struct rule){allowed[i], SCMP_ACT_ALLOW, 0, {0}});
    for (size_t i = 0; good && i < ARRAY_LEN(rules); i++)
        good = add_rule(filter, &rules[i]);
    for (size_t i = 0; good && !sandbox->calls_local && i < ARRAY_LEN(internet); i++)
        good = add_rule(filter, &internet[i]);
    /* A resolver's libraries are loaded when first asked for: code from files, never from written memory. */
    const struct rule load = {"mmap", SCMP_ACT_ALLOW, 1,
                              SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC)};
    const struct rule no_load = {"mmap", SCMP_ACT_ERRNO(EPERM), 1,
                                 SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)};
    const struct rule connect = {"connect", connects ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), 0, {0}};
    return good && add_rule(filter, calls_out ? &load : &no_load) && add_rule(filter, &connect);
}

static bool system_calls(const struct sandbox *sandbox, bool *ret_there, struct err *err)
{
    *ret_there = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
    if (!*ret_there)
        return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter == NULL || !add_rules(filter, sandbox) ? -ENOMEM : 0;
    if (failed == 0)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (failed == 0)
        failed = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    errno = -failed;
    return failed == 0 || err_errno(err, "sandbox", "the list of system calls cannot be loaded");
}

static void tell(int landlock_version, bool seccomp_there)
{
    if (landlock_version == 0)
        say(SAY_WARN,
            "sandbox: this kernel offers no Landlock: files outside the instance are not shut away");
    else if (landlock_version < 4)
        say(SAY_INFO, "sandbox: this kernel's Landlock (version %d) knows no TCP ports", landlock_version);
    if (!seccomp_there)
        say(SAY_WARN, "sandbox: this kernel offers no seccomp: any system call may be made");
    say(SAY_INFO, "sandbox: %zu system calls%s; user %u", ARRAY_LEN(allowed),
        landlock_version == 0 ? "" : ", files of the instance and its jurisdiction only",
        (unsigned)geteuid());
}

bool sandbox_enter(const struct sandbox *sandbox, struct err *err)
{
    int version;
    bool seccomp_there;
    if (SANITIZED) {
        say(SAY_WARN, "sandbox: off, for this program was built with a sanitizer");
        return true;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_errno(err, "sandbox", "privileges cannot be fixed");
    if (!landlock(sandbox, &version, err) || !system_calls(sandbox, &seccomp_there, err))
        return false;
    tell(version, seccomp_there);
    return true;
}
