/* SPDX-License-Identifier: Apache-2.0 */
/* open.c: sealed records are opened, for the gate alone. */
#define AINA_ROOM_GATE /* the room itself implements what stands in open.h */
#include "vault/open.h"

#include "crypto/keys.h"
#include "vault/vault_private.h"

#define RECORDS_FIRST 8
#define RECORDS_MAX 1024

static bool open_record(const struct registry_keys *r, struct db_stmt *row, struct str tag,
                        const struct str *fields, size_t fields_n, struct arena *arena,
                        struct vault_record *record, struct err *err)
{
    uint8_t key[KEY_SIZE];
    struct str name = db_bytes(row, 1), blob = db_bytes(row, 3), sealed;
    if (!vault_unwrap(r, tag, db_bytes(row, 0), key, err))
        return false;
    record->version = (uint32_t)db_i64(row, 2);
    record->values = arena_array(arena, struct vault_value, fields_n + 1);
    bool ok =
        vault_blob_find(blob, STR(""), &sealed)
            ? vault_open_value(r, key, name, record->version, STR(""), sealed, arena, &record->record, err)
            : err_set(err, ERR_CORRUPT, "vault_record", "a record has no name");
    for (size_t f = 0; ok && f < fields_n; f++) {
        if (!vault_blob_find(blob, fields[f], &sealed))
            continue;
        struct vault_value *value = &record->values[record->values_n++];
        value->field = fields[f];
        ok = vault_open_value(r, key, name, record->version, fields[f], sealed, arena, &value->value, err);
    }
    secret_wipe(key, sizeof key);
    return ok;
}

/* A look shows all of a person's records or none: never some of them in silence. */
static bool make_room(struct vault_record **records, size_t *room, struct arena *arena, struct err *err)
{
    if (*room == RECORDS_MAX)
        return err_set(err, ERR_TOO_LARGE, "records",
                       "the person has more than %d records in this registry: they cannot be shown at once",
                       RECORDS_MAX);
    size_t before = *room;
    *room = before == 0 ? RECORDS_FIRST : 2 * before;
    struct vault_record *more = arena_array(arena, struct vault_record, *room);
    if (before != 0)
        memcpy(more, *records, before * sizeof *more);
    *records = more;
    return true;
}

bool vault_open(struct vault *vault, struct db *db, struct str registry, const uint8_t psn[PSN_SIZE],
                const struct str *fields, size_t fields_n, struct arena *arena,
                struct vault_record **ret_records, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT s.wrapped, r.name, r.version, r.sealed FROM vault_subject s JOIN vault_record r "
        "ON r.subject = s.tag WHERE s.tag = $1 AND r.newest = 1 ORDER BY r.name";
    const struct registry_keys *r = vault_registry_of(vault, registry, err);
    struct db_stmt *stmt = r ? db_sql(db, sql, err) : NULL;
    uint8_t tag[HASH_SIZE];
    if (stmt == NULL)
        return false;
    vault_subject_tag(r, psn, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    struct vault_record *records = NULL;
    size_t n = 0, room = 0;
    enum db_result row;
    while ((row = db_step(stmt, err)) == DB_ROW) {
        if ((n == room && !make_room(&records, &room, arena, err)) ||
            !open_record(r, stmt, bytes_of(tag, sizeof tag), fields, fields_n, arena, &records[n++], err)) {
            db_end(stmt);
            return false;
        }
    }
    if (row == DB_ERROR)
        return false;
    db_end(stmt);
    *ret_records = records;
    *ret_n = n;
    return true;
}

bool vault_find(struct vault *vault, struct db *db, struct str registry, struct str field, struct str value,
                uint8_t (*ret_psn)[PSN_SIZE], size_t max, size_t *ret_n, struct err *err)
{
    const struct registry_keys *r = vault_registry_of(vault, registry, err);
    struct db_stmt *stmt = r ? db_sql(db, "SELECT sealed FROM vault_key WHERE tag = $1", err) : NULL;
    uint8_t tag[HASH_SIZE];
    size_t n = 0;
    enum db_result row;
    if (stmt == NULL)
        return false;
    vault_value_tag(r, field, value, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    while ((row = db_step(stmt, err)) == DB_ROW && n < max) {
        struct str sealed = db_bytes(stmt, 0);
        if (sealed.n != PSN_SIZE + SEAL_OVERHEAD ||
            !seal_open(ret_psn[n++], r->wrap, (const uint8_t *)sealed.p, sealed.n, tag, sizeof tag)) {
            db_end(stmt);
            return err_set(err, ERR_CORRUPT, "vault_key", "a row of registry '%.*s' does not open",
                           STR_ARG(r->is.id));
        }
    }
    if (row == DB_ERROR)
        return false;
    db_end(stmt);
    *ret_n = n;
    return true;
}
