/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c: rows, keys and sums. A record version is one row; its values stand in one blob, each sealed by
 * itself:
 *
 *     u16be n ‖ n × (u32be field tag, u32be sealed length) ‖ the sealed values
 *
 * The record's name is sealed as the first value, of the field "". A field tag is the start of SHA-256 of the
 * field's id. */
#define AINA_ROOM_GATE /* the room itself implements what stands in open.h */
#include "vault/vault_private.h"

#include <stdlib.h>

#include "crypto/keys.h"
#include "vault/open.h"

#define RECORDS_MAX 64

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

/* --- keyed hashes --- */

void vault_hash_parts(uint8_t out[HASH_SIZE], const struct hmac_key *key, const struct str *parts, size_t n)
{
    struct hmac mac;
    hmac_start(&mac, key);
    for (size_t i = 0; i < n; i++) {
        uint8_t length[4];
        put_u32be(length, (uint32_t)parts[i].n);
        hmac_add(&mac, length, sizeof length);
        hmac_add(&mac, parts[i].p, parts[i].n);
    }
    hmac_end(&mac, out);
}

void vault_subject_tag(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], uint8_t tag[HASH_SIZE])
{
    HASH(tag, &r->index, STR("subject"), bytes_of(psn, PSN_SIZE));
}

void vault_record_name(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], struct str record,
                       uint8_t name[HASH_SIZE])
{
    HASH(name, &r->index, STR("record"), bytes_of(psn, PSN_SIZE), record);
}

/* A row without pseudonym was written before there were epochs. */
static void subject_mac(const struct registry_keys *r, struct str tag, struct str wrapped, unsigned epoch,
                        struct str psn, uint8_t mac[HASH_SIZE])
{
    uint8_t number[4];
    put_u32be(number, epoch);
    if (psn.n == 0 && epoch == 0)
        HASH(mac, &r->rows, STR("subject"), tag, wrapped);
    else
        HASH(mac, &r->rows, STR("subject"), tag, wrapped, bytes_of(number, sizeof number), psn);
}

static void record_mac(const struct registry_keys *r, struct str id, struct str subject, struct str name,
                       uint32_t version, bool newest, struct str sealed, uint8_t mac[HASH_SIZE])
{
    uint8_t numbers[5];
    put_u32be(numbers, version);
    numbers[4] = newest;
    HASH(mac, &r->rows, STR("record"), id, subject, name, bytes_of(numbers, sizeof numbers), sealed);
}

static void key_mac(const struct registry_keys *r, struct str id, struct str tag, struct str sealed,
                    struct str record, uint8_t mac[HASH_SIZE])
{
    HASH(mac, &r->rows, STR("key"), id, tag, sealed, record);
}

/* --- the sum of a registry's row hashes, modulo 2^256 --- */

static void sum_add(uint8_t sum[SUM_SIZE], const uint8_t term[SUM_SIZE])
{
    unsigned carry = 0;
    for (int i = SUM_SIZE - 1; i >= 0; i--) {
        carry += (unsigned)sum[i] + term[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void sum_subtract(uint8_t sum[SUM_SIZE], const uint8_t term[SUM_SIZE])
{
    uint8_t negative[SUM_SIZE], one[SUM_SIZE] = {[SUM_SIZE - 1] = 1};
    for (int i = 0; i < SUM_SIZE; i++)
        negative[i] = (uint8_t)~term[i];
    sum_add(sum, negative);
    sum_add(sum, one);
}

static void sum_mac(const struct registry_keys *r, const uint8_t *sum, uint8_t mac[HASH_SIZE])
{
    HASH(mac, &r->rows, STR("sum"), bytes_of(sum, SUM_SIZE));
}

static bool sum_read(const struct registry_keys *r, struct db *db, uint8_t sum[SUM_SIZE], struct err *err)
{
    uint8_t mac[HASH_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT sum, mac FROM vault_sum WHERE registry = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, r->is.id);
    if (!db_one(stmt, &found, err))
        return false;
    memset(sum, 0, SUM_SIZE);
    if (!found)
        return true;
    struct str stored = db_bytes(stmt, 0), stored_mac = db_bytes(stmt, 1);
    bool right = stored.n == SUM_SIZE;
    if (right) {
        memcpy(sum, stored.p, SUM_SIZE);
        sum_mac(r, sum, mac);
        right = str_eq(stored_mac, bytes_of(mac, sizeof mac));
    }
    db_end(stmt);
    return right || err_set(err, ERR_CORRUPT, "vault_sum", "the sum of registry '%.*s' was changed",
                            STR_ARG(r->is.id));
}

bool vault_sum_apply(const struct registry_keys *r, struct db *db, const struct change *change,
                     struct err *err)
{
    static const char sql[] = "INSERT INTO vault_sum (registry, sum, mac) VALUES ($1, $2, $3) "
                              "ON CONFLICT (registry) DO UPDATE SET sum = excluded.sum, mac = excluded.mac";
    uint8_t sum[SUM_SIZE], mac[HASH_SIZE];
    if (!change->any)
        return true;
    if (!sum_read(r, db, sum, err))
        return false;
    sum_add(sum, change->add);
    sum_mac(r, sum, mac);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, r->is.id);
    db_bind_bytes(stmt, 2, sum, sizeof sum);
    db_bind_bytes(stmt, 3, mac, sizeof mac);
    return db_run(stmt, NULL, err);
}

void vault_row_came(struct change *change, const uint8_t mac[HASH_SIZE])
{
    sum_add(change->add, mac);
    change->any = true;
}

void vault_row_went(struct change *change, const uint8_t mac[HASH_SIZE])
{
    sum_subtract(change->add, mac);
    change->any = true;
}

/* --- sealing a record version --- */

uint32_t vault_field_tag(struct str field)
{
    uint8_t hash[HASH_SIZE];
    sha256(hash, field.p, field.n);
    return get_u32be(hash);
}

struct str vault_value_place(const struct registry_keys *r, const uint8_t name[HASH_SIZE], uint32_t version,
                             struct str field, struct arena *arena)
{
    struct buf place;
    buf_in(&place, arena, 1024);
    buf_lp(&place, r->is.holder.p, r->is.holder.n);
    buf_lp(&place, r->is.id.p, r->is.id.n);
    buf_lp(&place, name, HASH_SIZE);
    buf_u32be(&place, version);
    buf_lp(&place, field.p, field.n);
    return buf_view(&place);
}

static bool seal_values(const struct registry_keys *r, const uint8_t key[KEY_SIZE],
                        const uint8_t name[HASH_SIZE], uint32_t version, const struct vault_write *w,
                        struct arena *arena, struct str *ret_blob, struct err *err)
{
    struct buf blob;
    buf_in(&blob, arena, BLOB_MAX);
    buf_u16be(&blob, (uint16_t)(w->values_n + 1));
    for (size_t i = 0; i <= w->values_n; i++) {
        struct str field = i ? w->values[i - 1].field : STR(""),
                   value = i ? w->values[i - 1].value : w->record;
        buf_u32be(&blob, vault_field_tag(field));
        buf_u32be(&blob, (uint32_t)(value.n + SEAL_OVERHEAD));
    }
    for (size_t i = 0; i <= w->values_n; i++) {
        struct str field = i ? w->values[i - 1].field : STR(""),
                   value = i ? w->values[i - 1].value : w->record;
        struct str place = vault_value_place(r, name, version, field, arena);
        char *at = buf_room(&blob, value.n + SEAL_OVERHEAD);
        if (at != NULL)
            seal((uint8_t *)at, key, value.p, value.n, place.p, place.n);
    }
    *ret_blob = buf_view(&blob);
    return !buf_overflowed(&blob) || err_set(err, ERR_TOO_LARGE, "record", "a record has at most 1 MB");
}

/* The sealed bytes of a field in a blob; false when it has none, or the blob is cut short. */
static bool blob_find(struct str blob, struct str field, struct str *ret_sealed)
{
    const uint8_t *p = (const uint8_t *)blob.p;
    size_t n = blob.n >= 2 ? get_u16be(p) : 0, at = 2 + n * 8;
    uint32_t tag = vault_field_tag(field);
    if (at > blob.n)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t size = get_u32be(p + 2 + i * 8 + 4);
        if (size > blob.n - at || size < SEAL_OVERHEAD)
            return false;
        if (get_u32be(p + 2 + i * 8) == tag) {
            *ret_sealed = (struct str){blob.p + at, size};
            return true;
        }
        at += size;
    }
    return false;
}

bool vault_open_value(const struct registry_keys *r, const uint8_t key[KEY_SIZE], struct str name,
                      uint32_t version, struct str field, struct str sealed, struct arena *arena,
                      struct str *ret_value, struct err *err)
{
    struct str place = vault_value_place(r, (const uint8_t *)name.p, version, field, arena);
    char *plain = arena_take(arena, sealed.n - SEAL_OVERHEAD + 1, 1);
    if (name.n != HASH_SIZE || !seal_open(plain, key, (const uint8_t *)sealed.p, sealed.n, place.p, place.n))
        return err_set(err, ERR_CORRUPT, "vault_record",
                       "a value of registry '%.*s' does not open: it was changed or moved",
                       STR_ARG(r->is.id));
    *ret_value = (struct str){plain, sealed.n - SEAL_OVERHEAD};
    return true;
}

/* --- writing --- */

bool vault_unwrap(const struct registry_keys *r, struct str tag, struct str wrapped, uint8_t key[KEY_SIZE],
                  struct err *err)
{
    if (wrapped.n != KEY_SIZE + SEAL_OVERHEAD ||
        !seal_open(key, r->wrap, (const uint8_t *)wrapped.p, wrapped.n, tag.p, tag.n))
        return err_set(err, ERR_CORRUPT, "vault_subject", "a record key of registry '%.*s' does not open",
                       STR_ARG(r->is.id));
    return true;
}

/* Bound to the row, and apart from the record key that stands beside it. */
#define PSN_PLACE_SIZE (HASH_SIZE + 3)

static void psn_place(struct str tag, uint8_t place[PSN_PLACE_SIZE])
{
    memcpy(place, tag.p, HASH_SIZE);
    memcpy(place + HASH_SIZE, "psn", 3);
}

bool vault_psn_open(const struct registry_keys *r, struct str tag, struct str sealed, uint8_t psn[PSN_SIZE],
                    struct err *err)
{
    uint8_t place[PSN_PLACE_SIZE];
    bool good = tag.n == HASH_SIZE && sealed.n == PSN_SIZE + SEAL_OVERHEAD;
    if (good) {
        psn_place(tag, place);
        good = seal_open(psn, r->wrap, (const uint8_t *)sealed.p, sealed.n, place, sizeof place);
    }
    return good || err_set(err, ERR_CORRUPT, "vault_subject", "a pseudonym of registry '%.*s' does not open",
                           STR_ARG(r->is.id));
}

bool vault_subject_insert(const struct registry_keys *r, struct db *db, const uint8_t psn[PSN_SIZE],
                          unsigned epoch, const uint8_t key[KEY_SIZE], struct change *change, struct err *err)
{
    static const char sql[] = "INSERT INTO vault_subject (tag, registry, wrapped, mac, epoch, psn) "
                              "VALUES ($1, $2, $3, $4, $5, $6)";
    uint8_t tag[HASH_SIZE], wrapped[KEY_SIZE + SEAL_OVERHEAD], mac[HASH_SIZE],
        sealed[PSN_SIZE + SEAL_OVERHEAD], place[PSN_PLACE_SIZE];
    vault_subject_tag(r, psn, tag);
    psn_place(bytes_of(tag, sizeof tag), place);
    seal(wrapped, r->wrap, key, KEY_SIZE, tag, HASH_SIZE);
    seal(sealed, r->wrap, psn, PSN_SIZE, place, sizeof place);
    subject_mac(r, bytes_of(tag, sizeof tag), bytes_of(wrapped, sizeof wrapped), epoch,
                bytes_of(sealed, sizeof sealed), mac);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    db_bind_text(stmt, 2, r->is.id);
    db_bind_bytes(stmt, 3, wrapped, sizeof wrapped);
    db_bind_bytes(stmt, 4, mac, sizeof mac);
    db_bind_i64(stmt, 5, epoch);
    db_bind_bytes(stmt, 6, sealed, sizeof sealed);
    vault_row_came(change, mac);
    return db_run(stmt, NULL, err);
}

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
    record_mac(r, id, bytes_of(subject, HASH_SIZE), bytes_of(name, HASH_SIZE), have, false, db_bytes(stmt, 2),
               mac);
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

static bool drop_keys(struct db *db, struct str record, struct change *change, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT mac FROM vault_key WHERE record = $1", err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, record.p, record.n);
    while ((row = db_step(stmt, err)) == DB_ROW)
        if (db_bytes(stmt, 0).n == HASH_SIZE)
            vault_row_went(change, (const uint8_t *)db_bytes(stmt, 0).p);
    if (row == DB_ERROR || (stmt = db_sql(db, "DELETE FROM vault_key WHERE record = $1", err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, record.p, record.n);
    return db_run(stmt, NULL, err);
}

static void value_tag(const struct registry_keys *r, struct str field, struct str value,
                      uint8_t tag[HASH_SIZE])
{
    HASH(tag, &r->index, STR("value"), field, value);
}

/* Blind index rows point at the record's name; the pseudonym itself is sealed beside. */
bool vault_key_insert(const struct registry_keys *r, struct db *db, struct str tag,
                      const uint8_t psn[PSN_SIZE], const uint8_t *record, struct change *change,
                      struct err *err)
{
    static const char sql[] =
        "INSERT INTO vault_key (id, registry, tag, sealed, record, mac) VALUES ($1, $2, $3, $4, $5, $6)";
    uint8_t id[16], mac[HASH_SIZE], sealed[PSN_SIZE + SEAL_OVERHEAD];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    random_bytes(id, sizeof id);
    seal(sealed, r->wrap, psn, PSN_SIZE, tag.p, tag.n);
    key_mac(r, bytes_of(id, sizeof id), tag, bytes_of(sealed, sizeof sealed), bytes_of(record, HASH_SIZE),
            mac);
    db_bind_bytes(stmt, 1, id, sizeof id);
    db_bind_text(stmt, 2, r->is.id);
    db_bind_bytes(stmt, 3, tag.p, tag.n);
    db_bind_bytes(stmt, 4, sealed, sizeof sealed);
    db_bind_bytes(stmt, 5, record, HASH_SIZE);
    db_bind_bytes(stmt, 6, mac, sizeof mac);
    vault_row_came(change, mac);
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
        value_tag(r, w->values[v].field, w->values[v].value, tag);
        if (!vault_key_insert(r, db, bytes_of(tag, sizeof tag), w->psn, record, change, err))
            return false;
    }
    return true;
}

bool vault_record_insert(const struct registry_keys *r, struct db *db, const uint8_t *subject,
                         const uint8_t *name, uint32_t version, bool newest, struct str blob,
                         struct change *change, struct err *err)
{
    static const char sql[] =
        "INSERT INTO vault_record (id, registry, subject, name, version, newest, sealed, mac) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    uint8_t id[16], mac[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    random_bytes(id, sizeof id);
    record_mac(r, bytes_of(id, sizeof id), bytes_of(subject, HASH_SIZE), bytes_of(name, HASH_SIZE), version,
               newest, blob, mac);
    db_bind_bytes(stmt, 1, id, sizeof id);
    db_bind_text(stmt, 2, r->is.id);
    db_bind_bytes(stmt, 3, subject, HASH_SIZE);
    db_bind_bytes(stmt, 4, name, HASH_SIZE);
    db_bind_i64(stmt, 5, (int64_t)version);
    db_bind_i64(stmt, 6, newest);
    db_bind_bytes(stmt, 7, blob.p, blob.n);
    db_bind_bytes(stmt, 8, mac, sizeof mac);
    vault_row_came(change, mac);
    return db_run(stmt, NULL, err);
}

static bool put_one(const struct registry_keys *r, struct db *db, const struct vault_write *w,
                    struct change *change, struct arena *arena, struct err *err)
{
    uint8_t subject[HASH_SIZE], name[HASH_SIZE], key[KEY_SIZE];
    struct str blob;
    bool moved;
    vault_subject_tag(r, w->psn, subject);
    vault_record_name(r, w->psn, w->record, name);
    if ((w->before != NULL &&
         !vault_move_subject(r, db, w->before, w->psn, w->epoch, change, arena, &moved, err)) ||
        !subject_key(r, db, w, subject, key, change, err) ||
        !retire(r, db, subject, name, w->expected, change, arena, err) ||
        !drop_keys(db, bytes_of(name, sizeof name), change, err) ||
        !seal_values(r, key, name, w->expected + 1, w, arena, &blob, err))
        return false;
    secret_wipe(key, sizeof key);
    return vault_record_insert(r, db, subject, name, w->expected + 1, true, blob, change, err) &&
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

/* --- opening --- */

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
        blob_find(blob, STR(""), &sealed)
            ? vault_open_value(r, key, name, record->version, STR(""), sealed, arena, &record->record, err)
            : err_set(err, ERR_CORRUPT, "vault_record", "a record has no name");
    for (size_t f = 0; ok && f < fields_n; f++) {
        if (!blob_find(blob, fields[f], &sealed))
            continue;
        struct vault_value *value = &record->values[record->values_n++];
        value->field = fields[f];
        ok = vault_open_value(r, key, name, record->version, fields[f], sealed, arena, &value->value, err);
    }
    secret_wipe(key, sizeof key);
    return ok;
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
    size_t n = 0;
    enum db_result row;
    while ((row = db_step(stmt, err)) == DB_ROW && n < RECORDS_MAX) {
        if (records == NULL)
            records = arena_array(arena, struct vault_record, RECORDS_MAX);
        if (!open_record(r, stmt, bytes_of(tag, sizeof tag), fields, fields_n, arena, &records[n++], err)) {
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
    value_tag(r, field, value, tag);
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

/* --- erasure --- */

struct erasing {
    const struct registry_keys *r;
    const uint8_t *psn;
};

/* Counts the rows' hashes out of the sum, then deletes them. */
static bool drop_rows(struct db *db, const char *read, const char *remove, const uint8_t tag[HASH_SIZE],
                      struct change *change, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, read, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    while ((row = db_step(stmt, err)) == DB_ROW)
        if (db_bytes(stmt, 0).n == HASH_SIZE)
            vault_row_went(change, (const uint8_t *)db_bytes(stmt, 0).p);
    if (row == DB_ERROR || (stmt = db_sql(db, remove, err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    return db_run(stmt, NULL, err);
}

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
    return drop_rows(db, read_keys, drop_keys_sql, tag, &change, err) &&
           drop_rows(db, read_records, drop_records, tag, &change, err) &&
           drop_rows(db, read_subject, drop_subject, tag, &change, err) &&
           vault_sum_apply(e->r, db, &change, err);
}

bool vault_erase_subject(struct vault *vault, struct db *db, struct str registry, const uint8_t psn[PSN_SIZE],
                         struct err *err)
{
    struct erasing e = {vault_registry_of(vault, registry, err), psn};
    return e.r != NULL && db_tx(db, erase_subject, &e, err) && db_scrub(db, err);
}

/* --- checking --- */

struct checking {
    const struct registry_keys *r;
    struct vault_report *report;
    uint8_t sum[SUM_SIZE];
    struct arena arena;
};

static void finding(struct checking *c, const char *table, const char *what)
{
    struct vault_report *report = c->report;
    if (report->findings < ARRAY_LEN(report->first))
        err_set(&report->first[report->findings], ERR_CORRUPT, table, "registry '%.*s': %s",
                STR_ARG(c->r->is.id), what);
    report->findings++;
}

/* Adds the stored hash to the sum when it is the right one; a changed row is a finding, and the sum differs
 * too. */
static void tally(struct checking *c, const char *table, struct str stored, const uint8_t mac[HASH_SIZE])
{
    if (!str_eq(stored, bytes_of(mac, HASH_SIZE)))
        finding(c, table, "a row is not what was written: a changed or moved value");
    else
        sum_add(c->sum, mac);
}

static void check_subject(struct checking *c, struct db_stmt *row)
{
    uint8_t mac[HASH_SIZE] = {0}, key[KEY_SIZE], psn[PSN_SIZE];
    struct str tag = db_bytes(row, 0), wrapped = db_bytes(row, 1), sealed = db_bytes(row, 4);
    int64_t epoch = db_i64(row, 3);
    struct err ignored;
    c->report->subjects++;
    if (tag.n == HASH_SIZE && epoch == (uint32_t)epoch)
        subject_mac(c->r, tag, wrapped, (unsigned)epoch, sealed, mac);
    tally(c, "vault_subject", db_bytes(row, 2), mac);
    if (!vault_unwrap(c->r, tag, wrapped, key, &ignored))
        finding(c, "vault_subject", "a record key does not open");
    if (sealed.n != 0 && !vault_psn_open(c->r, tag, sealed, psn, &ignored))
        finding(c, "vault_subject", "a pseudonym does not open");
}

static void check_record(struct checking *c, struct db_stmt *row)
{
    uint8_t mac[HASH_SIZE], key[KEY_SIZE];
    struct str subject = db_bytes(row, 1), name = db_bytes(row, 2), blob = db_bytes(row, 5), sealed, value;
    struct err ignored;
    int64_t number = db_i64(row, 3), newest = db_i64(row, 4);
    uint32_t version = (uint32_t)number;
    c->report->records++;
    record_mac(c->r, db_bytes(row, 0), subject, name, version, newest != 0, blob, mac);
    if (number != version || newest < 0 || newest > 1) /* what the hash cannot tell apart */
        mac[0] ^= 1;
    tally(c, "vault_record", db_bytes(row, 6), mac);
    if (!vault_unwrap(c->r, subject, db_bytes(row, 7), key, &ignored)) {
        finding(c, "vault_record", "a record has no key");
        return;
    }
    for (size_t f = 0; f <= c->r->is.fields_n; f++) {
        struct str field = f ? c->r->is.field[f - 1] : STR("");
        if (!blob_find(blob, field, &sealed))
            continue;
        c->report->values++;
        if (!vault_open_value(c->r, key, name, version, field, sealed, &c->arena, &value, &ignored))
            finding(c, "vault_record", "a value does not open");
    }
    arena_reset(&c->arena);
}

static void check_key(struct checking *c, struct db_stmt *row)
{
    uint8_t mac[HASH_SIZE];
    key_mac(c->r, db_bytes(row, 0), db_bytes(row, 1), db_bytes(row, 2), db_bytes(row, 3), mac);
    tally(c, "vault_key", db_bytes(row, 4), mac);
}

static bool check_rows(struct checking *c, struct db *db, const char *sql,
                       void (*one)(struct checking *, struct db_stmt *), struct err *err)
{
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, c->r->is.id);
    while ((row = db_step(stmt, err)) == DB_ROW)
        one(c, stmt);
    return row == DB_DONE;
}

bool vault_check(struct vault *vault, struct db *db, struct vault_report *ret_report, struct err *err)
{
    static const char subjects[] =
        "SELECT tag, wrapped, mac, epoch, psn FROM vault_subject WHERE registry = $1";
    static const char records[] =
        "SELECT r.id, r.subject, r.name, r.version, r.newest, r.sealed, r.mac, s.wrapped FROM vault_record r "
        "LEFT JOIN vault_subject s ON s.tag = r.subject WHERE r.registry = $1";
    static const char keys[] = "SELECT id, tag, sealed, record, mac FROM vault_key WHERE registry = $1";
    *ret_report = (struct vault_report){0};
    for (size_t i = 0; i < vault->n; i++) {
        struct checking c = {.r = &vault->registry[i], .report = ret_report};
        uint8_t stored[SUM_SIZE];
        struct err changed;
        arena_init(&c.arena, 65536, (size_t)16 << 20);
        bool ok = check_rows(&c, db, subjects, check_subject, err) &&
                  check_rows(&c, db, records, check_record, err) && check_rows(&c, db, keys, check_key, err);
        arena_done(&c.arena);
        if (!ok)
            return false;
        if (!sum_read(c.r, db, stored, &changed)) {
            if (changed.code != ERR_CORRUPT) {
                *err = changed;
                return false;
            }
            finding(&c, "vault_sum", "the sum itself was changed");
        } else if (memcmp(stored, c.sum, SUM_SIZE) != 0) {
            finding(&c, "vault_sum", "rows are missing, doubled, changed, or of an older time");
        }
    }
    return true;
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
