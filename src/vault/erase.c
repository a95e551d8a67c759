/* SPDX-License-Identifier: Apache-2.0 */
/* erase.c: a person's record key and rows in a registry go. */
#include "vault/vault_private.h"

struct erasing {
    const struct registry_keys *r;
    const uint8_t *psn;
};

static bool erase_subject(struct db *db, void *arg, struct err *err)
{
#define KEYS_OF_SUBJECT "record IN (SELECT name FROM vault_record WHERE subject = $1)"
    static const char read_keys[] = "SELECT mac FROM vault_key WHERE " KEYS_OF_SUBJECT;
    static const char drop_keys_sql[] = "DELETE FROM vault_key WHERE " KEYS_OF_SUBJECT;
    static const char read_records[] = "SELECT mac FROM vault_record WHERE subject = $1";
    static const char drop_records[] = "DELETE FROM vault_record WHERE subject = $1";
    static const char read_subject[] = "SELECT mac FROM vault_subject WHERE tag = $1";
    static const char drop_subject[] = "DELETE FROM vault_subject WHERE tag = $1";
    const struct erasing *e = arg;
    struct change change = {0};
    uint8_t tag[HASH_SIZE];
    vault_subject_tag(e->r, e->psn, tag);
    return vault_drop_rows(db, read_keys, drop_keys_sql, tag, &change, err) &&
           vault_drop_rows(db, read_records, drop_records, tag, &change, err) &&
           vault_drop_rows(db, read_subject, drop_subject, tag, &change, err) &&
           vault_sum_apply(e->r, db, &change, err);
}

bool vault_erase_subject(struct vault *vault, struct db *db, struct str registry, const uint8_t psn[PSN_SIZE],
                         struct err *err)
{
    struct erasing e = {vault_registry_of(vault, registry, err), psn};
    return e.r != NULL && db_tx(db, erase_subject, &e, err) && db_scrub(db, err);
}
