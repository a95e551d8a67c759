/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/paper_private.h"

#define SEALED_SIZE (KEY_SIZE + SEAL_OVERHEAD)
#define LINE_SIZE (2 * SEALED_SIZE + 1)

void keys_start(void)
{
    must(sodium_init() >= 0);
    /* A core file would hold every key. */
    must(prctl(PR_SET_DUMPABLE, 0) == 0);
    must(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

uint8_t *secret_new(size_t n)
{
    uint8_t *secret = sodium_malloc(n);
    must(secret != NULL);
    memset(secret, 0, n);
    return secret;
}

void secret_free(uint8_t *secret)
{
    sodium_free(secret);
}

void key_derive(uint8_t out[KEY_SIZE], const uint8_t parent[KEY_SIZE], const char *purpose)
{
    must(crypto_generichash(out, KEY_SIZE, (const uint8_t *)purpose, strlen(purpose), parent, KEY_SIZE) == 0);
}

void key_derive_for(uint8_t out[KEY_SIZE], const uint8_t parent[KEY_SIZE], const char *purpose,
                    const void *bytes, size_t n)
{
    crypto_generichash_state hash;
    must(crypto_generichash_init(&hash, parent, KEY_SIZE, KEY_SIZE) == 0);
    crypto_generichash_update(&hash, (const uint8_t *)purpose, strlen(purpose) + 1); /* with its 0x00 */
    crypto_generichash_update(&hash, bytes, n);
    crypto_generichash_final(&hash, out, KEY_SIZE);
    sodium_memzero(&hash, sizeof hash);
}

/* The file `name` in the folder of `path`. */
static bool beside_path(char *out, size_t size, const char *path, const char *name, struct err *err)
{
    const char *slash = strrchr(path, '/');
    int n = slash != NULL ? (int)(slash - path) + 1 : 0;
    return (size_t)snprintf(out, size, "%.*s%s", n, path, name) < size ||
           err_set(err, ERR_TOO_LARGE, path, "the path is too long");
}

static bool sync_folder(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    int n = slash != NULL ? (int)(slash - path) + 1 : 1;
    snprintf(folder, sizeof folder, "%.*s", n, slash != NULL ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (!done)
        err_errno(err, path, "the folder of the key file cannot be synced to disk");
    if (fd >= 0)
        close(fd);
    return done;
}

/* Writes `bytes` as one line of hex into a new file of mode 0600. */
static bool line_write(const char *path, const uint8_t *bytes, size_t n, struct err *err)
{
    char line[LINE_SIZE + 1];
    hex_encode(line, bytes, n);
    line[2 * n] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_CONFLICT, path,
                       "the key file exists already and is never overwritten; move it away first");
    if (fd < 0)
        return err_errno(err, path, "the key file cannot be created");
    bool done = write(fd, line, 2 * n + 1) == (ssize_t)(2 * n + 1) && fsync(fd) == 0;
    sodium_memzero(line, sizeof line);
    if (!done)
        err_errno(err, path, "the key file cannot be written");
    close(fd);
    if (done && sync_folder(path, err))
        return true;
    unlink(path); /* what may be half a key is worse than none */
    return false;
}

static bool file_private(int fd, const char *path, struct err *err)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return err_errno(err, path, "the key file cannot be examined");
    if (!S_ISREG(stat.st_mode))
        return err_set(err, ERR_INVALID, path, "a key file must be a regular file");
    if (stat.st_uid != geteuid())
        return err_set(err, ERR_NOT_ALLOWED, path,
                       "the key file belongs to another user, %u: run this command as that user (sudo -u "
                       "'#%u' ...); or, "
                       "if the file was copied here, run: chown %u '%s'",
                       (unsigned)stat.st_uid, (unsigned)stat.st_uid, (unsigned)geteuid(), path);
    if ((stat.st_mode & 0177) != 0)
        return err_set(err, ERR_NOT_ALLOWED, path,
                       "the key file has mode %04o and may be read by others; run: chmod 600 '%s'",
                       (unsigned)(stat.st_mode & 07777), path);
    return true;
}

/* Reads exactly n bytes written by line_write. */
static bool line_read(const char *path, uint8_t *bytes, size_t n, struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, path, "the key file cannot be opened");
    char line[LINE_SIZE + 1];
    bool done = file_private(fd, path, err);
    if (done) {
        ssize_t got = read(fd, line, sizeof line);
        if (got < 0)
            done = err_errno(err, path, "the key file cannot be read");
        else if ((size_t)got != 2 * n + 1 || line[2 * n] != '\n' ||
                 !hex_decode(bytes, n, (struct str){line, 2 * n}))
            done =
                err_set(err, ERR_INVALID, path,
                        "the key file must be one line of %zu hex digits; restore it from its copy", 2 * n);
    }
    close(fd);
    sodium_memzero(line, sizeof line);
    return done;
}

bool key_file_write(const char *path, const uint8_t key[KEY_SIZE], struct err *err)
{
    return line_write(path, key, KEY_SIZE, err);
}

bool key_file_read(const char *path, uint8_t key[KEY_SIZE], struct err *err)
{
    uint8_t bytes[KEY_SIZE];
    bool done = line_read(path, bytes, sizeof bytes, err);
    if (done)
        memcpy(key, bytes, KEY_SIZE);
    sodium_memzero(bytes, sizeof bytes);
    return done;
}

/* The key that seals a key file: its own use of the master key, and its own name. */
static void sealing_key(uint8_t out[KEY_SIZE], const uint8_t master[KEY_SIZE], const char *name)
{
    key_derive_for(out, master, "aina/key-file/1", name, strlen(name));
}

bool key_file_write_sealed(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                           const uint8_t key[KEY_SIZE], struct err *err)
{
    uint8_t sealing[KEY_SIZE], sealed[SEALED_SIZE];
    sealing_key(sealing, master, name);
    seal(sealed, sealing, key, KEY_SIZE, name, strlen(name));
    sodium_memzero(sealing, sizeof sealing);
    return line_write(path, sealed, sizeof sealed, err);
}

/* The key before the master key, while the files go over from it (key_master_change). */
static bool master_before(const char *path, const uint8_t master[KEY_SIZE], uint8_t before[KEY_SIZE])
{
    char beside[4096];
    uint8_t sealing[KEY_SIZE], sealed[SEALED_SIZE];
    struct err err;
    if (!beside_path(beside, sizeof beside, path, KEY_BEFORE_FILE, &err) || access(beside, F_OK) != 0 ||
        !line_read(beside, sealed, sizeof sealed, &err))
        return false;
    sealing_key(sealing, master, KEY_BEFORE_NAME);
    bool opened = seal_open(before, sealing, sealed, sizeof sealed, KEY_BEFORE_NAME, strlen(KEY_BEFORE_NAME));
    sodium_memzero(sealing, sizeof sealing);
    return opened;
}

static bool open_under(const uint8_t master[KEY_SIZE], const uint8_t sealed[SEALED_SIZE], const char *name,
                       uint8_t key[KEY_SIZE])
{
    uint8_t sealing[KEY_SIZE];
    sealing_key(sealing, master, name);
    bool opened = seal_open(key, sealing, sealed, SEALED_SIZE, name, strlen(name));
    sodium_memzero(sealing, sizeof sealing);
    return opened;
}

/* *ret_before: only the key before opened it. */
static bool read_sealed(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                        uint8_t key[KEY_SIZE], bool *ret_before, struct err *err)
{
    uint8_t sealed[SEALED_SIZE], opened[KEY_SIZE], before[KEY_SIZE];
    *ret_before = false;
    if (!line_read(path, sealed, sizeof sealed, err))
        return false;
    bool done = open_under(master, sealed, name, opened);
    if (!done && master_before(path, master, before))
        done = *ret_before = open_under(before, sealed, name, opened);
    if (done)
        memcpy(key, opened, KEY_SIZE);
    sodium_memzero(before, sizeof before);
    sodium_memzero(opened, sizeof opened);
    return done || err_set(err, ERR_CORRUPT, path,
                           "the sealed key does not open as '%s': the file is damaged, stands in another's "
                           "place, or the master key is another one",
                           name);
}

bool key_file_read_sealed(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                          uint8_t key[KEY_SIZE], struct err *err)
{
    bool before;
    return read_sealed(path, master, name, key, &before, err);
}

bool key_file_replace(const char *fresh, const char *path, struct err *err)
{
    return (rename(fresh, path) == 0 || err_errno(err, path, "cannot be put in its place")) &&
           sync_folder(path, err);
}

bool key_file_keep_time(const char *from, const char *to, struct err *err)
{
    struct stat was;
    return (stat(from, &was) == 0 &&
            utimensat(AT_FDCWD, to, (const struct timespec[]){was.st_atim, was.st_mtim}, 0) == 0) ||
           err_errno(err, to, "the time of the key cannot be kept");
}

bool key_file_reseal(const char *path, const uint8_t master[KEY_SIZE], const char *name, struct err *err)
{
    char fresh[4096];
    uint8_t key[KEY_SIZE];
    bool before;
    if (!read_sealed(path, master, name, key, &before, err))
        return false;
    bool done = !before;
    if (before) {
        snprintf(fresh, sizeof fresh, "%.4000s.sealing", path);
        unlink(fresh); /* of a run that was broken off */
        done = key_file_write_sealed(fresh, master, name, key, err) && key_file_keep_time(path, fresh, err) &&
               key_file_replace(fresh, path, err);
    }
    sodium_memzero(key, sizeof key);
    return done;
}

void key_fingerprint(char out[KEY_FINGERPRINT_SIZE], const uint8_t key[KEY_SIZE])
{
    uint8_t derived[KEY_SIZE];
    key_derive(derived, key, "aina/key-fingerprint/1");
    hex_encode(out, derived, (KEY_FINGERPRINT_SIZE - 1) / 2);
    out[KEY_FINGERPRINT_SIZE - 1] = '\0';
    sodium_memzero(derived, sizeof derived);
}

static const char paper_domain[] = "aina/paper/1";

void key_to_paper(char out[KEY_PAPER_SIZE], const uint8_t key[KEY_SIZE])
{
    static_assert(PAPER_TEXT_SIZE(KEY_SIZE) <= KEY_PAPER_SIZE, "a key's paper");
    paper_encode(out, paper_domain, key, KEY_SIZE);
}

bool key_from_paper(uint8_t key[KEY_SIZE], struct str text, struct err *err)
{
    return paper_decode(key, KEY_SIZE, paper_domain, "key", text, err);
}

void secret_wipe(void *bytes, size_t n)
{
    sodium_memzero(bytes, n);
}
