/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: every row of the vault against its keyed hash, every value against its seal, every registry
 * against its sum. */
#include "vault/vault_private.h"

#include <stdio.h>

#include "crypto/keys.h"

struct checking {
    const struct registry_keys *r;
    struct vault_report *report;
    struct change sum; /* of the rows as they should be */
    struct str row;    /* the id of the one being read, which is random or keyed; none: the registry's sum */
    void (*progress)(uint64_t done, uint64_t total);
    uint64_t total;
    struct arena arena;
};

static void finding(struct checking *c, const char *table, const char *what)
{
    struct vault_report *report = c->report;
    char place[80], hex[2 * HASH_SIZE + 1] = "";
    hex_encode(hex, c->row.p, MIN_OF(c->row.n, (size_t)HASH_SIZE));
    snprintf(place, sizeof place, "%s%s%s", table, hex[0] ? " " : "", hex);
    if (report->findings < ARRAY_LEN(report->first))
        err_set(&report->first[report->findings], ERR_CORRUPT, place, "registry '%.*s': %s",
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
        vault_row_came(&c->sum, mac);
}

static void check_subject(struct checking *c, struct db_stmt *row)
{
    uint8_t mac[HASH_SIZE] = {0}, key[KEY_SIZE], psn[PSN_SIZE];
    struct str tag = db_bytes(row, 0), wrapped = db_bytes(row, 1), sealed = db_bytes(row, 4);
    int64_t epoch = db_i64(row, 3);
    struct err ignored;
    c->report->subjects++;
    if (tag.n == HASH_SIZE && epoch == (uint32_t)epoch)
        vault_subject_mac(c->r, tag, wrapped, (unsigned)epoch, sealed, mac);
    tally(c, "vault_subject", db_bytes(row, 2), mac);
    if (!vault_unwrap(c->r, tag, wrapped, key, &ignored))
        finding(c, "vault_subject", "a record key does not open");
    secret_wipe(key, sizeof key);
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
    vault_record_mac(c->r, db_bytes(row, 0), subject, name, version, newest != 0, blob, mac);
    if (number != version || newest < 0 || newest > 1) /* what the hash cannot tell apart */
        mac[0] ^= 1;
    tally(c, "vault_record", db_bytes(row, 6), mac);
    if (!vault_unwrap(c->r, subject, db_bytes(row, 7), key, &ignored)) {
        finding(c, "vault_record", "a record has no key");
        return;
    }
    for (size_t f = 0; f <= c->r->is.fields_n; f++) {
        struct str field = f ? c->r->is.field[f - 1] : STR("");
        if (!vault_blob_find(blob, field, &sealed))
            continue;
        c->report->values++;
        if (!vault_open_value(c->r, key, name, version, field, sealed, &c->arena, &value, &ignored))
            finding(c, "vault_record", "a value does not open");
    }
    secret_wipe(key, sizeof key);
    arena_reset(&c->arena);
}

static void check_key(struct checking *c, struct db_stmt *row)
{
    uint8_t mac[HASH_SIZE];
    vault_key_mac(c->r, db_bytes(row, 0), db_bytes(row, 1), db_bytes(row, 2), db_bytes(row, 3), mac);
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
    while ((row = db_step(stmt, err)) == DB_ROW) {
        c->row = db_bytes(stmt, 0);
        one(c, stmt);
        if (c->progress != NULL)
            c->progress(c->report->records, MAX_OF(c->total, c->report->records + 1));
    }
    c->row = (struct str){0};
    return row == DB_DONE;
}

bool vault_check(struct vault *vault, struct db *db, void (*progress)(uint64_t done, uint64_t total),
                 struct vault_report *ret_report, struct err *err)
{
    static const char subjects[] =
        "SELECT tag, wrapped, mac, epoch, psn FROM vault_subject WHERE registry = $1";
    static const char records[] =
        "SELECT r.id, r.subject, r.name, r.version, r.newest, r.sealed, r.mac, s.wrapped FROM vault_record r "
        "LEFT JOIN vault_subject s ON s.tag = r.subject WHERE r.registry = $1";
    static const char keys[] = "SELECT id, tag, sealed, record, mac FROM vault_key WHERE registry = $1";
    uint64_t total;
    *ret_report = (struct vault_report){0};
    if (!vault_count(db, &total, err))
        return false;
    for (size_t i = 0; i < vault->n; i++) {
        struct checking c = {
            .r = &vault->registry[i], .report = ret_report, .progress = progress, .total = total};
        uint8_t stored[SUM_SIZE];
        struct err changed;
        arena_init(&c.arena, 65536, (size_t)16 << 20);
        bool ok = check_rows(&c, db, subjects, check_subject, err) &&
                  check_rows(&c, db, records, check_record, err) && check_rows(&c, db, keys, check_key, err);
        arena_done(&c.arena);
        if (!ok)
            return false;
        if (!vault_sum_read(c.r, db, stored, &changed)) {
            if (changed.code != ERR_CORRUPT) {
                *err = changed;
                return false;
            }
            finding(&c, "vault_sum", "the sum itself was changed");
        } else if (memcmp(stored, c.sum.add, SUM_SIZE) != 0) {
            finding(&c, "vault_sum", "rows are missing, doubled, changed, or of an older time");
        }
    }
    if (progress != NULL)
        progress(ret_report->records, ret_report->records);
    return true;
}
