/* SPDX-License-Identifier: Apache-2.0 */
/* issue_private.h: between the parts of the room. */
#ifndef ISSUE_ISSUE_PRIVATE_H
#define ISSUE_ISSUE_PRIVATE_H

#include <pthread.h>

#include "issue/issue.h"

#define STATUS_LISTS_MAX 4096

struct status_cached {
    uint64_t list, version;
    int64_t made;
    struct str jwt, cwt; /* on the heap */
};

struct documents {
    struct documents_config config;
    char *site, *issuer;
    uint8_t *seal_key, *tag_key;
    pthread_rwlock_t key_lock; /* of the three below: read while one document or list is signed */
    struct es256_key *key;     /* NULL: nothing is signed */
    uint8_t kid[KID_SIZE];
    int64_t key_from;
    pthread_mutex_t lock; /* of what stands below */
    struct status_cached cached[8];
    size_t cached_next;
};

/* --- keys.c --- */
/* For fsck: the file of the key that signs now opens, and is the key of its certificate. */
MUST_USE bool document_key_check(struct documents *d, const struct issuers *all, struct arena *arena,
                                 struct err *err);
bool documents_sign(struct documents *documents); /* whether there is a key */
MUST_USE bool document_keys_open(struct documents *documents, struct db *db, struct err *err);

/* --- row.c: a document as sealed bytes --- */
void document_write(const struct document *document, const struct jurisdiction *j, struct buf *out);
MUST_USE bool document_parse(const struct documents *documents, struct str bytes,
                             struct document *ret_document, struct err *err);
struct str document_seal(const struct documents *documents, const struct document *document,
                         struct arena *arena);
void document_tag(const struct documents *documents, const char *what, const void *bytes, size_t n,
                  uint8_t tag[HASH_SIZE]);
/* Inside a transaction: the row says so, its list has a new version, the entry waits in the outbox. */
MUST_USE bool document_revoke_row(struct documents *documents, struct db *db, struct document *document,
                                  const struct revocation *revocation, struct arena *arena,
                                  char ret_act[ACT_ID_SIZE], struct err *err);

/* --- issue.c --- */
bool documents_on_step(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                       struct err *err);

#endif
