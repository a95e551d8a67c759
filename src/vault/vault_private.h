/* SPDX-License-Identifier: Apache-2.0 */
/* vault_private.h: what vault.c (records) and rekey.c (a new epoch of pseudonyms) share: keyed hashes, rows,
 * sums. */
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

const struct registry_keys *vault_registry_of(const struct vault *vault, struct str id, struct err *err);

void vault_hash_parts(uint8_t out[HASH_SIZE], const struct hmac_key *key, const struct str *parts, size_t n);
#define HASH(out, key, ...)                                                                                  \
    vault_hash_parts((out), (key), (const struct str[]){__VA_ARGS__},                                        \
                     sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

void vault_subject_tag(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], uint8_t tag[HASH_SIZE]);
/* A record's name among all rows: of the person's pseudonym and of its name among the person's records. */
void vault_record_name(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], struct str record,
                       uint8_t name[HASH_SIZE]);

/* What a transaction changes in a registry's sum of row hashes, modulo 2^256. */
struct change {
    uint8_t add[SUM_SIZE]; /* big-endian */
    bool any;
};
void vault_row_came(struct change *change, const uint8_t mac[HASH_SIZE]);
void vault_row_went(struct change *change, const uint8_t mac[HASH_SIZE]);
MUST_USE bool vault_sum_apply(const struct registry_keys *r, struct db *db, const struct change *change,
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

/* The record key and the pseudonym in a subject's row. */
MUST_USE bool vault_unwrap(const struct registry_keys *r, struct str tag, struct str wrapped,
                           uint8_t key[KEY_SIZE], struct err *err);
MUST_USE bool vault_psn_open(const struct registry_keys *r, struct str tag, struct str sealed,
                             uint8_t psn[PSN_SIZE], struct err *err);

uint32_t vault_field_tag(struct str field);
/* Associated data of a value: holder, registry, record, version, field. */
struct str vault_value_place(const struct registry_keys *r, const uint8_t name[HASH_SIZE], uint32_t version,
                             struct str field, struct arena *arena);
MUST_USE bool vault_open_value(const struct registry_keys *r, const uint8_t key[KEY_SIZE], struct str name,
                               uint32_t version, struct str field, struct str sealed, struct arena *arena,
                               struct str *ret_value, struct err *err);

/* The person's rows in a registry go over to another pseudonym, in the caller's transaction; nothing where
 * there are none under the old one. rekey.c */
MUST_USE bool vault_move_subject(const struct registry_keys *r, struct db *db, const uint8_t from[PSN_SIZE],
                                 const uint8_t to[PSN_SIZE], unsigned epoch, struct change *change,
                                 struct arena *arena, bool *ret_moved, struct err *err);

#endif
