/* SPDX-License-Identifier: Apache-2.0 */
/* mark.h: how far the log was published, known outside the log's own folder, so that an older copy of the
 * log, or of the state, does not go on as if nothing had been.
 *
 * Two places: the table instance_log of the state, and then the file DIR/published, which is the checkpoint
 * itself. The state is always written first, so a file that is ahead of the state means that an older state
 * was put back. */
#ifndef CLI_MARK_H
#define CLI_MARK_H

#include "cli/instance.h"

struct mark {
    uint64_t size; /* 0: nothing is known yet */
    struct tree_hash root;
};

MUST_USE bool mark_migrate(struct db *db, struct err *err);

/* The greater of both places; ERR_CONFLICT when the state is the older one. */
MUST_USE bool mark_read(struct instance *instance, struct mark *ret_mark, struct err *err);

/* Writes down what the open log has published, if it is news. */
MUST_USE bool mark_keep(struct instance *instance, struct err *err);
/* Also if it is not: the keys that sign it have changed. */
MUST_USE bool mark_write(struct instance *instance, struct err *err);

/* A checkpoint of this log in a file, signed by one of its keys. */
MUST_USE bool mark_of_file(const char *path, const struct ledger_config *config, struct arena *arena,
                           struct mark *ret_mark, struct err *err);

/* A whole file through a temporary name, fsync and rename, mode 0600. */
MUST_USE bool file_replace(const char *path, struct str bytes, struct err *err);

#endif
