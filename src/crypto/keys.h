/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: secret keys in memory and in files.
 *
 * Secrets live in guarded, locked memory (sodium_malloc) and are wiped when freed. A key file holds 32 bytes
 * as one line of hex, belongs to the user that runs the program, and has mode 0600: a laxer file is refused
 * with the command that mends it. A *sealed* key file is sealed under the master key, bound to its name.
 * Subkeys: derive(parent, purpose) = BLAKE2b-256, keyed with the parent, over the purpose's text; each use
 * its own.
 */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "crypto/seal.h"

/* libsodium's start; refuses to go on without it. Also switches core dumps off for the process. */
void keys_start(void);

void random_bytes(void *out, size_t n);
uint8_t *secret_new(size_t n) RETURNS_NONNULL; /* zeroed, guarded */
void secret_free(uint8_t *secret);
void secret_wipe(void *bytes, size_t n); /* zeroes what the compiler would think dead */

void key_derive(uint8_t out[KEY_SIZE], const uint8_t parent[KEY_SIZE], const char *purpose);
/* The same with bytes after the purpose: purpose ‖ 0x00 ‖ bytes. */
void key_derive_for(uint8_t out[KEY_SIZE], const uint8_t parent[KEY_SIZE], const char *purpose,
                    const void *bytes, size_t n);

/* `path` must not exist for writing (O_EXCL, fsync of file and folder). */
MUST_USE bool key_file_write(const char *path, const uint8_t key[KEY_SIZE], struct err *err);
MUST_USE bool key_file_read(const char *path, uint8_t key[KEY_SIZE], struct err *err);
MUST_USE bool key_file_write_sealed(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                                    const uint8_t key[KEY_SIZE], struct err *err);
MUST_USE bool key_file_read_sealed(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                                   uint8_t key[KEY_SIZE], struct err *err);

/* What a key is called where it may be seen: 8 hex digits that tell nothing about it. */
#define KEY_FINGERPRINT_SIZE 9
void key_fingerprint(char out[KEY_FINGERPRINT_SIZE], const uint8_t key[KEY_SIZE]);

/* --- a change of the master key ---
 *
 * First the key before is sealed under the new one and stands beside the others as KEY_BEFORE_FILE; then the
 * new one takes its place; then each file is sealed anew; then KEY_BEFORE_FILE goes. While it is there, a
 * file that is still sealed under the key before opens under the new one too, so that at every moment one
 * key, the old until it is replaced and then the new, opens all files. */
#define KEY_BEFORE_NAME "master-before"
#define KEY_BEFORE_FILE KEY_BEFORE_NAME ".key"
/* Nothing where the file opens under `master` itself. */
MUST_USE bool key_file_reseal(const char *path, const uint8_t master[KEY_SIZE], const char *name,
                              struct err *err);
/* `to` holds the key that `from` holds, and so is as old: a file's time is since when its key is. */
MUST_USE bool key_file_keep_time(const char *from, const char *to, struct err *err);
/* Renames a new file over the old one; the folder is synced. */
MUST_USE bool key_file_replace(const char *fresh, const char *path, struct err *err);

/* A key as an operator writes it down: 13 groups of 4 letters and digits (Crockford base32) plus a check
 * group; reading forgives case, spaces, O for 0, I and L for 1. */
#define KEY_PAPER_SIZE 80
void key_to_paper(char out[KEY_PAPER_SIZE], const uint8_t key[KEY_SIZE]);
/* Whether what was typed is what stands on the paper, read as forgivingly. */
bool paper_same(struct str typed, struct str written);
MUST_USE bool key_from_paper(uint8_t key[KEY_SIZE], struct str text, struct err *err);

#endif
