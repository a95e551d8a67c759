/* SPDX-License-Identifier: Apache-2.0 */
/* vault_private.h: what the files of the room share: registries' keys, rows and their sums (row.c), values
 * (value.c), people who move to a new pseudonym (rekey.c). */
#ifndef VAULT_VAULT_PRIVATE_H
#define VAULT_VAULT_PRIVATE_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "vault/vault.h"

#define BLOB_MAX ((size_t)1 << 20)
#define SUM_SIZE 32

struct registry_keys {
    struct vault_registry is;
    uint8_t wrap[KEY_SIZE];      /* wraps record keys */
    struct hmac_key index, rows; /* blind indexes; row hashes */
};

struct vault {
    struct arena arena;
    size_t n;
    struct registry_keys *registry;
};

static inline struct str bytes_of(const void *p, size_t n)
{
    return (struct str){p, n};
}

/* NULL with ERR_NOT_FOUND: none has this id. */
const struct registry_keys *vault_registry_of(const struct vault *vault, struct str id, struct err *err);

/* --- rows: row.c --- */

/* How rows are found: a person's, a record's among all rows (of the pseudonym and of its name among the
 * person's records), and those with a value in a key field. */
void vault_subject_tag(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], uint8_t tag[HASH_SIZE]);
void vault_record_name(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], struct str record,
                       uint8_t name[HASH_SIZE]);
void vault_value_tag(const struct registry_keys *r, struct str field, struct str value,
                     uint8_t tag[HASH_SIZE]);

/* The keyed hash of a row, over all its columns. */
void vault_subject_mac(const struct registry_keys *r, struct str tag, struct str wrapped, unsigned epoch,
                       struct str psn, uint8_t mac[HASH_SIZE]);
void vault_record_mac(const struct registry_keys *r, struct str id, struct str subject, struct str name,
                      uint32_t version, bool newest, struct str sealed, uint8_t mac[HASH_SIZE]);
void vault_key_mac(const struct registry_keys *r, struct str id, struct str tag, struct str sealed,
                   struct str record, uint8_t mac[HASH_SIZE]);

/* What a transaction changes in a registry's sum of row hashes, modulo 2^256. */
struct change {
    uint8_t add[SUM_SIZE]; /* big-endian */
    bool any;
};
void vault_row_came(struct change *change, const uint8_t mac[HASH_SIZE]);
void vault_row_went(struct change *change, const uint8_t mac[HASH_SIZE]);
MUST_USE bool vault_sum_apply(const struct registry_keys *r, struct db *db, const struct change *change,
                              struct err *err);
/* Zero before the first row; ERR_CORRUPT when the sum is not as it was written. */
MUST_USE bool vault_sum_read(const struct registry_keys *r, struct db *db, uint8_t sum[SUM_SIZE],
                             struct err *err);

/* Rows come with their hash, which `change` counts. Ids are drawn. */
MUST_USE bool vault_subject_insert(const struct registry_keys *r, struct db *db, const uint8_t psn[PSN_SIZE],
                                   unsigned epoch, const uint8_t key[KEY_SIZE], struct change *change,
                                   struct err *err);
MUST_USE bool vault_record_insert(const struct registry_keys *r, struct db *db, const uint8_t *subject,
                                  const uint8_t *name, uint32_t version, bool newest, struct str blob,
                                  struct change *change, struct err *err);
MUST_USE bool vault_key_insert(const struct registry_keys *r, struct db *db, struct str tag,
                               const uint8_t psn[PSN_SIZE], const uint8_t *record, struct change *change,
                               struct err *err);
/* `read` selects the hashes of the rows that `remove` deletes; both take a tag as $1. */
MUST_USE bool vault_drop_rows(struct db *db, const char *read, const char *remove,
                              const uint8_t tag[HASH_SIZE], struct change *change, struct err *err);

/* The record key and the pseudonym in a subject's row. */
MUST_USE bool vault_unwrap(const struct registry_keys *r, struct str tag, struct str wrapped,
                           uint8_t key[KEY_SIZE], struct err *err);
MUST_USE bool vault_psn_open(const struct registry_keys *r, struct str tag, struct str sealed,
                             uint8_t psn[PSN_SIZE], struct err *err);

/* --- values: value.c --- */

uint32_t vault_field_tag(struct str field);
/* Associated data of a value: holder, registry, record, version, field. */
struct str vault_value_place(const struct registry_keys *r, const uint8_t name[HASH_SIZE], uint32_t version,
                             struct str field, struct arena *arena);
/* ERR_TOO_LARGE above BLOB_MAX. */
MUST_USE bool vault_seal_values(const struct registry_keys *r, const uint8_t key[KEY_SIZE],
                                const uint8_t name[HASH_SIZE], uint32_t version, const struct vault_write *w,
                                struct arena *arena, struct str *ret_blob, struct err *err);
/* The sealed bytes of a field in a blob, at least SEAL_OVERHEAD; false when it has none, or the blob is cut
 * short. */
bool vault_blob_find(struct str blob, struct str field, struct str *ret_sealed);
/* `sealed` has at least SEAL_OVERHEAD bytes; `name` is as it stands in the row. */
MUST_USE bool vault_open_value(const struct registry_keys *r, const uint8_t key[KEY_SIZE], struct str name,
                               uint32_t version, struct str field, struct str sealed, struct arena *arena,
                               struct str *ret_value, struct err *err);

/* --- a new epoch: rekey.c --- */

/* The person's rows in a registry go over to another pseudonym, in the caller's transaction; nothing where
 * there are none under the old one. */
MUST_USE bool vault_move_subject(const struct registry_keys *r, struct db *db, const uint8_t from[PSN_SIZE],
                                 const uint8_t to[PSN_SIZE], unsigned epoch, struct change *change,
                                 struct arena *arena, bool *ret_moved, struct err *err);

#endif
