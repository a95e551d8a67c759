/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h: folders of plain files, for backup and restore: copied, hashed, synced, removed. Symbolic links are
 * refused. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"

/* Into a new file of mode 0600, synced; all bytes are written, holes too. `ret_hash` may be NULL. */
MUST_USE bool tree_copy_file(const char *from, const char *to, uint8_t ret_hash[HASH_SIZE], struct err *err);

/* The folders of `path` after its first `from` bytes, mode 0700. */
MUST_USE bool tree_make_folders(const char *path, size_t from, struct err *err);

/* "hex, two spaces, path, LF" for each file below the folder, sorted by path. */
MUST_USE bool tree_hashes(const char *folder, struct arena *arena, struct buf *out, struct err *err);

MUST_USE bool tree_sync(const char *folder, struct err *err); /* the folders; files are synced when written */
void tree_remove(const char *folder);

#endif
