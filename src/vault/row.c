/* SPDX-License-Identifier: Apache-2.0 */
/* row.c: rows of the vault's tables: how they are found, their keyed hashes and the registries' sums of them,
 * and the two secrets in a subject's row. */
#include "vault/vault_private.h"

#include "crypto/keys.h"

static void hash_parts(uint8_t out[HASH_SIZE], const struct hmac_key *key, const struct str *parts, size_t n)
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

#define HASH(out, key, ...)                                                                                  \
    hash_parts((out), (key), (const struct str[]){__VA_ARGS__},                                              \
               sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

void vault_subject_tag(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], uint8_t tag[HASH_SIZE])
{
    HASH(tag, &r->index, STR("subject"), bytes_of(psn, PSN_SIZE));
}

void vault_record_name(const struct registry_keys *r, const uint8_t psn[PSN_SIZE], struct str record,
                       uint8_t name[HASH_SIZE])
{
    HASH(name, &r->index, STR("record"), bytes_of(psn, PSN_SIZE), record);
}

void vault_value_tag(const struct registry_keys *r, struct str field, struct str value,
                     uint8_t tag[HASH_SIZE])
{
    HASH(tag, &r->index, STR("value"), field, value);
}

/* A row without pseudonym was written before there were epochs. */
void vault_subject_mac(const struct registry_keys *r, struct str tag, struct str wrapped, unsigned epoch,
                       struct str psn, uint8_t mac[HASH_SIZE])
{
    uint8_t number[4];
    put_u32be(number, epoch);
    if (psn.n == 0 && epoch == 0)
        HASH(mac, &r->rows, STR("subject"), tag, wrapped);
    else
        HASH(mac, &r->rows, STR("subject"), tag, wrapped, bytes_of(number, sizeof number), psn);
}

void vault_record_mac(const struct registry_keys *r, struct str id, struct str subject, struct str name,
                      uint32_t version, bool newest, struct str sealed, uint8_t mac[HASH_SIZE])
{
    uint8_t numbers[5];
    put_u32be(numbers, version);
    numbers[4] = newest;
    HASH(mac, &r->rows, STR("record"), id, subject, name, bytes_of(numbers, sizeof numbers), sealed);
}

void vault_key_mac(const struct registry_keys *r, struct str id, struct str tag, struct str sealed,
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

bool vault_sum_read(const struct registry_keys *r, struct db *db, uint8_t sum[SUM_SIZE], struct err *err)
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
    if (!vault_sum_read(r, db, sum, err))
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
    static const char mark[] = {'p', 's', 'n'};
    memcpy(place, tag.p, HASH_SIZE);
    memcpy(place + HASH_SIZE, mark, sizeof mark);
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
    vault_subject_mac(r, bytes_of(tag, sizeof tag), bytes_of(wrapped, sizeof wrapped), epoch,
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
    vault_key_mac(r, bytes_of(id, sizeof id), tag, bytes_of(sealed, sizeof sealed),
                  bytes_of(record, HASH_SIZE), mac);
    db_bind_bytes(stmt, 1, id, sizeof id);
    db_bind_text(stmt, 2, r->is.id);
    db_bind_bytes(stmt, 3, tag.p, tag.n);
    db_bind_bytes(stmt, 4, sealed, sizeof sealed);
    db_bind_bytes(stmt, 5, record, HASH_SIZE);
    db_bind_bytes(stmt, 6, mac, sizeof mac);
    vault_row_came(change, mac);
    return db_run(stmt, NULL, err);
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
    vault_record_mac(r, bytes_of(id, sizeof id), bytes_of(subject, HASH_SIZE), bytes_of(name, HASH_SIZE),
                     version, newest, blob, mac);
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

/* Counts the rows' hashes out of the sum, then deletes them. */
bool vault_drop_rows(struct db *db, const char *read, const char *remove, const uint8_t tag[HASH_SIZE],
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
