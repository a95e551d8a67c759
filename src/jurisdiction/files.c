/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/files_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    struct arena *arena;
    struct folder *folder;
    struct reading *r; /* NULL: only the hash is wanted */
};

static bool read_bytes(int fd, size_t size, const char *place, struct arena *arena, struct str *ret_bytes,
                       struct err *err)
{
    char *p = arena_take(arena, size + 1, 1);
    size_t n = 0;
    for (ssize_t got; n < size; n += (size_t)got) {
        got = read(fd, p + n, size - n);
        if (got < 0)
            return err_errno(err, place, "cannot read");
        if (got == 0)
            break;
    }
    *ret_bytes = (struct str){p, n};
    return true;
}

static bool expected(struct str path)
{
    return str_is(path, "jurisdiction.yaml") || str_is(path, "purposes.yaml") ||
           str_is(path, "places.yaml") || str_is(path, "names.yaml") || str_is(path, "demo.yaml") ||
           str_is(path, "calendar.yaml") || str_is(path, "amounts.yaml") || str_is(path, "life.yaml") ||
           str_is(path, "README.md") || (str_starts(path, STR("trust/")) && str_ends(path, STR(".pem"))) ||
           (str_ends(path, STR(".yaml")) &&
            (str_starts(path, STR("agencies/")) || str_starts(path, STR("registries/")) ||
             str_starts(path, STR("procedures/")) || str_starts(path, STR("services/")) ||
             str_starts(path, STR("texts/")) || str_starts(path, STR("trust/"))));
}

static bool add_file(struct walk *w, int dir, const char *name, struct str path, struct err *err)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat stat;
    struct str bytes = {"", 0};
    if (fd < 0 || fstat(fd, &stat) != 0)
        return err_errno(err, path.p, "cannot open (symbolic links are not followed)");
    bool odd = !S_ISREG(stat.st_mode) || stat.st_size > (off_t)YAML_FILE_MAX;
    bool ok = odd || read_bytes(fd, (size_t)stat.st_size, path.p, w->arena, &bytes, err);
    close(fd);
    if (!ok)
        return false;
    if (odd)
        return err_set(err, ERR_INVALID, path.p, "is not a plain file below 1 MB; take it out of the folder");
    if (w->folder->n == FOLDER_FILES_MAX)
        return err_set(err, ERR_TOO_LARGE, path.p, "more than %d files in the folder", FOLDER_FILES_MAX);
    w->folder->file[w->folder->n++] = (struct folder_file){path, bytes};
    if (w->r != NULL && !expected(path)) {
        w->r->file = path;
        found(w->r, FINDING_ERROR, NULL, "Take it out, or name it as docs/jurisdiction.md says.",
              "an unexpected file");
    }
    return true;
}

static bool walk_folder(struct walk *w, int parent, const char *name, struct str prefix, int depth,
                        struct err *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        err_errno(err, depth ? prefix.p : name, "cannot open the folder");
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        struct str path = str_of(arena_printf(w->arena, "%.*s%s", STR_ARG(prefix), entry->d_name));
        struct stat stat;
        if (fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            ok = err_errno(err, path.p, "cannot look at it");
        else if (!S_ISDIR(stat.st_mode))
            ok = add_file(w, fd, entry->d_name, path, err);
        else if (depth == 1)
            ok = err_set(err, ERR_INVALID, path.p, "folders are one level deep; take it out");
        else
            ok = walk_folder(w, fd, entry->d_name, str_of(arena_printf(w->arena, "%s/", path.p)), depth + 1,
                             err);
    }
    closedir(dir);
    return ok;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const struct folder_file *)a)->path, ((const struct folder_file *)b)->path);
}

bool folder_read(const char *path, struct arena *arena, struct folder *ret_folder, struct reading *r,
                 struct err *err)
{
    *ret_folder = (struct folder){.file = arena_array(arena, struct folder_file, FOLDER_FILES_MAX)};
    struct walk w = {.arena = arena, .folder = ret_folder, .r = r};
    if (!walk_folder(&w, AT_FDCWD, path, (struct str){"", 0}, 0, err))
        return false;
    qsort(ret_folder->file, ret_folder->n, sizeof *ret_folder->file, by_path);
    return true;
}

void folder_hash(const struct folder *folder, uint8_t hash[HASH_SIZE], struct buf *list)
{
    struct sha256 whole;
    sha256_start(&whole);
    for (size_t i = 0; i < folder->n; i++) {
        uint8_t one[HASH_SIZE];
        char hex[2 * HASH_SIZE + 1];
        sha256(one, folder->file[i].bytes.p, folder->file[i].bytes.n);
        hex_encode(hex, one, sizeof one);
        struct str parts[] = {{hex, 2 * HASH_SIZE}, STR("  "), folder->file[i].path, STR("\n")};
        for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
            sha256_add(&whole, parts[k].p, parts[k].n);
            if (list != NULL)
                buf_str(list, parts[k]);
        }
    }
    sha256_end(&whole, hash);
}

bool jurisdiction_hash(const char *path, uint8_t hash[HASH_SIZE], struct buf *list, struct err *err)
{
    struct arena arena;
    struct folder folder;
    arena_init(&arena, 64 * 1024, (size_t)256 << 20);
    bool ok = folder_read(path, &arena, &folder, NULL, err);
    if (ok)
        folder_hash(&folder, hash, list);
    arena_done(&arena);
    return ok;
}
