/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h: what the server gives up before it opens a key, a state or a log.
 *
 * In this order, each for good and for every thread that comes later:
 *
 *     limits       as many open files as the system lets it have, no core files
 *     privilege    root becomes another user, or stays root without a single capability
 *     Landlock     files: the folders that are named, nothing else; TCP: the one port, and no way out unless
 * said seccomp      an allow-list of system calls (sandbox.c); any other one ends the process with SIGSYS. No
 * program is ever run, no process made, no memory made executable
 *
 * What the kernel does not offer is said, once, at start; it is no error. A build with AddressSanitizer or
 * ThreadSanitizer has neither Landlock nor the allow-list, and says so.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SANDBOX_PATHS_MAX 12

struct sandbox {
    const char *write[SANDBOX_PATHS_MAX]; /* folders; files in them may be made, written, renamed, removed */
    const char *read[SANDBOX_PATHS_MAX];  /* folders or files; one that is absent is passed over */
    bool calls_out;   /* may connect (PostgreSQL), and load what the system needs to find a host */
    bool calls_local; /* may connect to Unix sockets, and has no others */
    int port;         /* the only TCP port that may be bound */
};

/* Open files: the soft limit goes up to the hard one, at most 65,536; says so when that is few. */
void sandbox_limits(void);

/* `user` NULL: refuses root (ERR_USAGE), else does nothing. "root": stays, without capabilities. Another
 * name: becomes that user, which only root can. `folder` is for the words of the refusal. */
MUST_USE bool sandbox_user(const char *user, const char *folder, struct err *err);

/* Landlock and seccomp. False only when the kernel offers one and still refuses it. */
MUST_USE bool sandbox_enter(const struct sandbox *sandbox, struct err *err);

#endif
