/* SPDX-License-Identifier: Apache-2.0 */
/* files_private.h: the folder as a sorted list of its files, and its rules hash. */
#ifndef JURISDICTION_FILES_PRIVATE_H
#define JURISDICTION_FILES_PRIVATE_H

#include "jurisdiction/yaml_private.h"

#define FOLDER_FILES_MAX 4096

struct folder_file {
    struct str path; /* relative, with '/' */
    struct str bytes;
};

struct folder {
    size_t n;
    struct folder_file *file; /* sorted by path bytes */
};

/* Reads every file two levels deep. Symbolic links, odd files and unexpected names are findings. */
MUST_USE bool folder_read(const char *path, struct arena *arena, struct folder *ret_folder, struct reading *r,
                          struct err *err);
void folder_hash(const struct folder *folder, uint8_t hash[HASH_SIZE], struct buf *list);

#endif
