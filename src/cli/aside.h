/* SPDX-License-Identifier: Apache-2.0 */
/* aside.h: processes beside the server, which do what its sandbox forbids: made before it is entered, with a
 * sandbox of their own, without a key, a state or a log. Each answers one question at a time over a socket
 * pair (base/pair.h) and ends when the server has closed its side, not before. One that has ended cannot be
 * made anew: the server runs no program and makes no process. */
#ifndef CLI_ASIDE_H
#define CLI_ASIDE_H

#include "base/pair.h"
#include "cli/sandbox.h"

/* Reads one question from `fd` and answers it; false: the server has ended. */
typedef bool aside_fn(int fd, void *arg);

/* *ret_socket is the server's side; the process has a copy of what `arg` points to. */
MUST_USE bool aside_start(int *ret_socket, const struct sandbox *sandbox, aside_fn *answer, void *arg,
                          struct err *err);
/* No question and no answer takes longer than this from now on. */
MUST_USE bool aside_patience(int socket, int seconds);

#endif
