/* SPDX-License-Identifier: Apache-2.0 */
/* err.h: errors as values.
 *
 * A function that can fail for a reason outside the program returns bool (true: done) and takes a
 * `struct err *` last. On false the error holds a code, a place (what and where: a file and line, a field,
 * a path) and a sentence for the person who must act: what is wrong and what would mend it. Output
 * parameters (named `ret_...`) are untouched on failure. The error is written once, where it is known best;
 * callers pass it on, and may put their own place before it with err_at().
 *
 * Bugs are not errors: they end the program through must(), which stays on in the shipped build.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/compiler.h"

/* One table for code, name and HTTP status; the CLI's exit code is 1 for all but ERR_USAGE (2). */
#define ERR_TABLE(X)                                                                                         \
    X(ERR_NONE, "none", 200)                                                                                 \
    X(ERR_USAGE, "usage", 400)     /* the caller's words are off: bad argument or field */                   \
    X(ERR_INVALID, "invalid", 422) /* well-formed but not acceptable */                                      \
    X(ERR_NOT_AUTHENTICATED, "not-authenticated", 401)                                                       \
    X(ERR_NOT_ALLOWED, "not-allowed", 403)                                                                   \
    X(ERR_NOT_FOUND, "not-found", 404)                                                                       \
    X(ERR_CONFLICT, "conflict", 409) /* stale version, already exists, already running */                    \
    X(ERR_TOO_LARGE, "too-large", 413)                                                                       \
    X(ERR_BUSY, "busy", 503)       /* a queue or limit is full: try again */                                 \
    X(ERR_IO, "io", 500)           /* the machine: disk, file, socket, database */                           \
    X(ERR_AWAY, "away", 503)       /* a server that ours needs does not answer: it is met again when back */ \
    X(ERR_CORRUPT, "corrupt", 500) /* stored data are not what was written */                                \
    X(ERR_STOPPED, "stopped", 503) /* fail-stop happened; restart recovers */                                \
    X(ERR_UNSUPPORTED, "unsupported", 501)

enum err_code {
#define X(code, name, http) code,
    ERR_TABLE(X)
#undef X
};

struct err {
    enum err_code code;
    char place[200];
    char text[400];
};

/* Writes the error and returns false, so that a function can `return err_set(...)`. `place` may be NULL. */
bool err_set(struct err *err, enum err_code code, const char *place, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same for a failed system call: the sentence is followed by ": " and the text of errno. */
bool err_errno(struct err *err, const char *place, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts a place before the one an inner call wrote ("kz/purposes.yaml" before "line 12"). Returns false. */
bool err_at(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

const char *err_name(enum err_code code);
int err_http(enum err_code code);

/* The impossible happened: says where, and aborts. On in every build. */
NORETURN void must_failed(const char *condition, const char *file, int line);
#define must(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))

#endif
