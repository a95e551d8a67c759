/* SPDX-License-Identifier: Apache-2.0 */
/* making.h: a folder that appears whole or not at all: init, backup and restore write into "TO.new-PID"
 * beside it and rename that last. What was begun is taken away again whatever ends the work: its own failure,
 * Ctrl-C, SIGTERM, a closed terminal, a crash. Only where both processes are killed at once, or the power
 * goes, does "TO.new-PID" stay; nothing ever reads it.
 *
 *     struct making m;
 *     bool ok = making_name(&m, to, &err) && making_begin(&m, &err);
 *     ok = ok && write_everything(m.folder, &err);
 *     ok = making_end(&m, ok, &err);
 */
#ifndef CLI_MAKING_H
#define CLI_MAKING_H

#include <limits.h>

#include "base/err.h"

struct making {
    char to[PATH_MAX - 32], folder[PATH_MAX]; /* folder: set by making_begin */
};

/* The name without slashes at its end. ERR_USAGE where nothing is left or it is too long; ERR_CONFLICT where
 * it lies inside the folder `not_in` (NULL: anywhere). Whether it exists already is the caller's to say. */
MUST_USE bool making_name(struct making *ret_making, const char *to, const char *not_in, struct err *err);

/* Makes the folder, mode 0700. From here on another process works, the caller; the one before waits, and ends
 * as that one ends. Before any thread is started. */
MUST_USE bool making_begin(struct making *making, struct err *err);

/* Renames into place, or, where `ok` is false or that fails, removes what was begun. */
MUST_USE bool making_end(struct making *making, bool ok, struct err *err);

#endif
