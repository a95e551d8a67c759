/* SPDX-License-Identifier: Apache-2.0 */
/* vault.h: sealed records (TRUST.md section 7). What is here stores, replaces, counts, checks and erases;
 * what opens a record stands in vault/open.h, which the gate alone may include.
 *
 * A record belongs to a registry of a holder and to a person's sector pseudonym; it has versions from 1; its
 * fields are sealed one by one with XChaCha20-Poly1305 under the record key of (registry, pseudonym), with
 * associated data (holder, registry, record, version, field). Record keys are random, wrapped by the registry
 * key, which is derived from the master key. Rows are found only through keyed blind indexes: of the
 * pseudonym, and of fields declared as keys. Row ids and nonces are random. Each row carries a keyed hash
 * over all its columns, and each registry a keyed sum over its rows' hashes, so that flipped, swapped,
 * removed or rolled-back rows are found by vault_check.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/psn.h"
#include "crypto/seal.h"
#include "db/db.h"

#define VAULT_FIELDS_MAX 64

struct vault; /* keys and names; shared by threads, each of which brings its own connection */

struct vault_registry {
    struct str id, holder;
    uint64_t keys; /* bit i: field i is a declared key (blind index) */
    size_t fields_n;
    struct str field[VAULT_FIELDS_MAX];
};

MUST_USE bool vault_migrate(struct db *db, struct err *err);
/* Copies what it needs. Two registries may not share an id. */
MUST_USE bool vault_new(struct vault **ret_vault, const uint8_t master[KEY_SIZE],
                        const struct vault_registry *registries, size_t n, struct err *err);
void vault_free(struct vault *vault);

struct vault_value {
    struct str field, value; /* text form of the value; absent fields are left out */
};

/* Writes version `expected + 1` of a record: the values are the whole new version. `record` names one of
 * several records of a person in the registry (a vehicle, a flat): "" for registries with one record a
 * person. ERR_CONFLICT when the current version is not `expected` (0: new). Runs in a transaction of its own
 * unless `in_tx`. */
struct vault_write {
    struct str registry, record;
    uint8_t psn[PSN_SIZE];
    unsigned epoch;        /* of the pseudonym */
    const uint8_t *before; /* while a new epoch is being brought in: the person's pseudonym before; rows that
                              still stand under it are moved first. NULL: none */
    uint32_t expected;
    const struct vault_value *values;
    size_t values_n;
};
MUST_USE bool vault_put(struct vault *vault, struct db *db, const struct vault_write *write, bool in_tx,
                        struct err *err);

/* Many records in one transaction: for imports. */
MUST_USE bool vault_put_many(struct vault *vault, struct db *db, const struct vault_write *writes, size_t n,
                             struct err *err);

/* --- a new epoch of a sector's pseudonyms ---
 *
 * Each person's rows in a registry move to the new pseudonym whole: keys are wrapped again, values sealed
 * again in their new place, row ids drawn anew. Nothing but the old pseudonym is needed, which stands sealed
 * in the row; who the person is plays no part. Done in small transactions; a run that ended anywhere goes on
 * with what still stands in an older epoch. */
typedef bool vault_translate_fn(void *arg, unsigned from_epoch, const uint8_t from[PSN_SIZE],
                                uint8_t to[PSN_SIZE]);
struct vault_move {
    struct str registry;
    unsigned epoch; /* the new one */
    vault_translate_fn *translate;
    void *arg;
};
/* Moves at most `max` people, in one transaction. *ret_moved below `max`: none is left. */
MUST_USE bool vault_rekey(struct vault *vault, struct db *db, const struct vault_move *move, size_t max,
                          size_t *ret_moved, struct err *err);
/* People with records in the registry, and those in an epoch before `epoch`. */
MUST_USE bool vault_rekey_left(struct db *db, struct str registry, unsigned epoch, uint64_t *ret_left,
                               uint64_t *ret_all, struct err *err);

/* Deletes the subject's record keys and rows in a registry: what was sealed under them is gone, in copies of
 * the file too. */
MUST_USE bool vault_erase_subject(struct vault *vault, struct db *db, struct str registry,
                                  const uint8_t psn[PSN_SIZE], struct err *err);

/* Verifies every row's hash, opens every value (discarding it), and compares the registries' sums. */
struct vault_report {
    uint64_t subjects, records, values, findings;
    struct err first[16];
};
/* `progress` is told of records; it may be NULL. */
MUST_USE bool vault_check(struct vault *vault, struct db *db, void (*progress)(uint64_t done, uint64_t total),
                          struct vault_report *ret_report, struct err *err);

MUST_USE bool vault_count(struct db *db, uint64_t *ret_records, struct err *err);

#endif
