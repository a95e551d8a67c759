/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c: what a vault is made of: its tables, its registries and their keys. */
#include "vault/vault_private.h"

#include <stdlib.h>

#include "crypto/keys.h"

bool vault_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE vault_subject (tag bytea PRIMARY KEY, registry text NOT NULL, wrapped bytea NOT "
            "NULL, mac bytea NOT NULL);"
            "CREATE TABLE vault_record (id bytea PRIMARY KEY, registry text NOT NULL, subject bytea NOT "
            "NULL, name bytea NOT NULL,"
            " version bigint NOT NULL, newest bigint NOT NULL, sealed bytea NOT NULL, mac bytea NOT NULL);"
            "CREATE UNIQUE INDEX vault_record_version ON vault_record (subject, name, version);"
            "CREATE TABLE vault_key (id bytea PRIMARY KEY, registry text NOT NULL, tag bytea NOT NULL, "
            "sealed bytea NOT NULL,"
            " record bytea NOT NULL, mac bytea NOT NULL);"
            "CREATE INDEX vault_key_tag ON vault_key (tag);"
            "CREATE INDEX vault_key_record ON vault_key (record);"
            "CREATE TABLE vault_sum (registry text PRIMARY KEY, sum bytea NOT NULL, mac bytea NOT NULL)"},
        {2, "ALTER TABLE vault_subject ADD COLUMN epoch bigint NOT NULL DEFAULT 0;"
            "ALTER TABLE vault_subject ADD COLUMN psn bytea;" /* null: written before there were epochs */
            "CREATE INDEX vault_subject_epoch ON vault_subject (registry, epoch)"},
    };
    return db_migrate(db, "vault", migrations, ARRAY_LEN(migrations), err);
}

bool vault_new(struct vault **ret_vault, const uint8_t master[KEY_SIZE],
               const struct vault_registry *registries, size_t n, struct err *err)
{
    struct vault *vault = calloc(1, sizeof *vault);
    must(vault != NULL);
    arena_init(&vault->arena, 16384, (size_t)16 << 20);
    vault->registry = arena_array(&vault->arena, struct registry_keys, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct registry_keys *r = &vault->registry[i];
        uint8_t key[KEY_SIZE];
        for (size_t k = 0; k < i; k++) {
            if (str_eq(registries[k].id, registries[i].id)) {
                vault_free(vault);
                return err_set(err, ERR_INVALID, "registries", "two registries have one id");
            }
        }
        must(registries[i].fields_n <= VAULT_FIELDS_MAX);
        r->is = registries[i];
        r->is.id = str_dup(&vault->arena, registries[i].id);
        r->is.holder = str_dup(&vault->arena, registries[i].holder);
        for (size_t f = 0; f < registries[i].fields_n; f++)
            r->is.field[f] = str_dup(&vault->arena, registries[i].field[f]);
        const char *name = arena_printf(&vault->arena, "%s/%s", r->is.holder.p, r->is.id.p);
        key_derive_for(r->wrap, master, "vault wrap", name, strlen(name));
        key_derive_for(key, master, "vault index", name, strlen(name));
        hmac_key_set(&r->index, key, sizeof key);
        key_derive_for(key, master, "vault rows", name, strlen(name));
        hmac_key_set(&r->rows, key, sizeof key);
        secret_wipe(key, sizeof key);
    }
    vault->n = n;
    *ret_vault = vault;
    return true;
}

void vault_free(struct vault *vault)
{
    if (vault == NULL)
        return;
    secret_wipe(vault->registry, vault->n * sizeof *vault->registry);
    arena_done(&vault->arena);
    free(vault);
}

const struct registry_keys *vault_registry_of(const struct vault *vault, struct str id, struct err *err)
{
    for (size_t i = 0; i < vault->n; i++)
        if (str_eq(vault->registry[i].is.id, id))
            return &vault->registry[i];
    err_set(err, ERR_NOT_FOUND, "registry", "there is no registry '%.*s' in this vault", STR_ARG(id));
    return NULL;
}

bool vault_count(struct db *db, uint64_t *ret_records, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT count(*) FROM vault_record WHERE newest = 1", err);
    bool found;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    *ret_records = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}
