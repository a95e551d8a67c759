/* SPDX-License-Identifier: Apache-2.0 */
/* put.c: a record gets a new version; the one before stays as an older one. */
#include "vault/vault_private.h"

#include <stdlib.h>

#include "crypto/keys.h"

/* The subject's record key; drawn and stored the first time. */
static bool subject_key(const struct registry_keys *r, struct db *db, const struct vault_write *w,
                        const uint8_t tag[HASH_SIZE], uint8_t key[KEY_SIZE], struct change *change,
                        struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT wrapped FROM vault_subject WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        bool ok = vault_unwrap(r, bytes_of(tag, HASH_SIZE), db_bytes(stmt, 0), key, err);
        db_end(stmt);
        return ok;
    }
    random_bytes(key, KEY_SIZE);
    return vault_subject_insert(r, db, w->psn, w->epoch, key, change, err);
}

/* The version before becomes an older one. Its hash changes with it. */
static bool retire(const struct registry_keys *r, struct db *db, const uint8_t *subject, const uint8_t *name,
                   uint32_t expected, struct change *change, struct arena *arena, struct err *err)
{
    static const char read[] =
        "SELECT id, version, sealed, mac FROM vault_record WHERE subject = $1 AND name = $2 AND newest = 1";
    bool found;
    struct db_stmt *stmt = db_sql(db, read, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, subject, HASH_SIZE);
    db_bind_bytes(stmt, 2, name, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    uint32_t have = found ? (uint32_t)db_i64(stmt, 1) : 0;
    if (have != expected) {
        db_end(stmt);
        return err_set(err, ERR_CONFLICT, "record",
                       "it is at version %u, not %u: read it again, then change it", have, expected);
    }
    if (!found)
        return true;
    uint8_t old_mac[HASH_SIZE], mac[HASH_SIZE];
    struct str id = str_dup(arena, db_bytes(stmt, 0)), stored = db_bytes(stmt, 3);
    bool whole = stored.n == HASH_SIZE;
    if (whole)
        memcpy(old_mac, stored.p, HASH_SIZE);
    vault_record_mac(r, id, bytes_of(subject, HASH_SIZE), bytes_of(name, HASH_SIZE), have, false,
                     db_bytes(stmt, 2), mac);
    db_end(stmt);
    if (!whole)
        return err_set(err, ERR_CORRUPT, "vault_record", "a row's hash has a wrong length");
    vault_row_went(change, old_mac);
    vault_row_came(change, mac);
    if ((stmt = db_sql(db, "UPDATE vault_record SET newest = 0, mac = $1 WHERE id = $2", err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, mac, sizeof mac);
    db_bind_bytes(stmt, 2, id.p, id.n);
    return db_run(stmt, NULL, err);
}

static bool add_keys(const struct registry_keys *r, struct db *db, const struct vault_write *w,
                     const uint8_t *record, struct change *change, struct err *err)
{
    for (size_t v = 0; v < w->values_n; v++) {
        uint8_t tag[HASH_SIZE];
        size_t f = 0;
        while (f < r->is.fields_n && !str_eq(r->is.field[f], w->values[v].field))
            f++;
        if (f == r->is.fields_n)
            return err_set(err, ERR_INVALID, "record", "registry '%.*s' has no field '%.*s'",
                           STR_ARG(r->is.id), STR_ARG(w->values[v].field));
        if ((r->is.keys >> f & 1) == 0)
            continue;
        vault_value_tag(r, w->values[v].field, w->values[v].value, tag);
        if (!vault_key_insert(r, db, bytes_of(tag, sizeof tag), w->psn, record, change, err))
            return false;
    }
    return true;
}

static bool put_one(const struct registry_keys *r, struct db *db, const struct vault_write *w,
                    struct change *change, struct arena *arena, struct err *err)
{
    static const char read_keys[] = "SELECT mac FROM vault_key WHERE record = $1";
    static const char delete_keys[] = "DELETE FROM vault_key WHERE record = $1";
    uint8_t subject[HASH_SIZE], name[HASH_SIZE], key[KEY_SIZE];
    struct str blob;
    bool moved;
    vault_subject_tag(r, w->psn, subject);
    vault_record_name(r, w->psn, w->record, name);
    if (w->before != NULL &&
        !vault_move_subject(r, db, w->before, w->psn, w->epoch, change, arena, &moved, err))
        return false;
    bool sealed = subject_key(r, db, w, subject, key, change, err) &&
                  retire(r, db, subject, name, w->expected, change, arena, err) &&
                  vault_drop_rows(db, read_keys, delete_keys, name, change, err) &&
                  vault_seal_values(r, key, name, w->expected + 1, w, arena, &blob, err);
    secret_wipe(key, sizeof key);
    return sealed && vault_record_insert(r, db, subject, name, w->expected + 1, true, blob, change, err) &&
           add_keys(r, db, w, name, change, err);
}

struct putting {
    struct vault *vault;
    const struct vault_write *writes;
    size_t n;
};

/* Sums are applied once a registry: imports write thousands of rows under one. */
static bool put_all(struct db *db, void *arg, struct err *err)
{
    const struct putting *p = arg;
    struct arena arena;
    arena_init(&arena, 65536, (size_t)64 << 20);
    struct change *change = calloc(p->vault->n, sizeof *change);
    must(change != NULL);
    bool ok = true;
    for (size_t i = 0; ok && i < p->n; i++) {
        const struct registry_keys *r = vault_registry_of(p->vault, p->writes[i].registry, err);
        ok = r != NULL && put_one(r, db, &p->writes[i], &change[r - p->vault->registry], &arena, err);
        arena_reset(&arena);
    }
    for (size_t i = 0; ok && i < p->vault->n; i++)
        ok = vault_sum_apply(&p->vault->registry[i], db, &change[i], err);
    free(change);
    arena_done(&arena);
    return ok;
}

bool vault_put(struct vault *vault, struct db *db, const struct vault_write *write, bool in_tx,
               struct err *err)
{
    struct putting p = {vault, write, 1};
    return in_tx ? put_all(db, &p, err) : db_tx(db, put_all, &p, err);
}

bool vault_put_many(struct vault *vault, struct db *db, const struct vault_write *writes, size_t n,
                    struct err *err)
{
    struct putting p = {vault, writes, n};
    return db_tx(db, put_all, &p, err);
}
