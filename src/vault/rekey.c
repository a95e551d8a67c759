/* SPDX-License-Identifier: Apache-2.0 */
/* rekey.c: a person's rows go over to the pseudonym of a new epoch. What comes is sealed anew in its new
 * place under a new row id, so that an older copy of the tables joins with the new ones by nothing. */
#include "vault/vault_private.h"

#include <stdlib.h>

#include "crypto/keys.h"
#include "vault/rekey_points.h"

struct moving {
    const struct registry_keys *r;
    struct db *db;
    const uint8_t *to;     /* the new pseudonym */
    uint8_t key[KEY_SIZE]; /* the person's record key */
    uint8_t from_tag[HASH_SIZE], to_tag[HASH_SIZE];
    struct change *change;
    struct arena *arena;
    struct err *err;
};

struct row {
    struct str name, blob;
    uint32_t version;
    bool newest;
    uint8_t to_name[HASH_SIZE];
};

/* The field that a sealed value belongs to; NULL: none of the registry's. `""` is the record's name. */
static const struct str *field_of(const struct registry_keys *r, uint32_t tag)
{
    static const struct str name = {"", 0};
    if (tag == vault_field_tag(name))
        return &name;
    for (size_t f = 0; f < r->is.fields_n; f++)
        if (tag == vault_field_tag(r->is.field[f]))
            return &r->is.field[f];
    return NULL;
}

/* Opens each value at its old place and seals it at the new one; sizes stay, so the blob's head does too. The
 * record's name is the first value, and with it the new place is known. */
static bool seal_again(struct moving *m, struct row *row)
{
    const struct registry_keys *r = m->r;
    const uint8_t *p = (const uint8_t *)row->blob.p;
    size_t n = row->blob.n >= 2 ? get_u16be(p) : 0, at = 2 + n * 8;
    if (n == 0 || at > row->blob.n)
        return err_set(m->err, ERR_CORRUPT, "vault_record", "a record of registry '%.*s' is cut short",
                       STR_ARG(r->is.id));
    uint8_t *out = arena_take(m->arena, row->blob.n, 1);
    memcpy(out, p, at);
    for (size_t i = 0; i < n; i++) {
        size_t size = get_u32be(p + 2 + i * 8 + 4);
        const struct str *field = field_of(r, get_u32be(p + 2 + i * 8));
        struct str value, place;
        if (field == NULL)
            return err_set(m->err, ERR_CONFLICT, "rekey",
                           "registry '%.*s' holds values of a field that is not in the jurisdiction folder "
                           "any more: put the field back until the new epoch is in",
                           STR_ARG(r->is.id));
        if (size > row->blob.n - at || size < SEAL_OVERHEAD || (i == 0) != (field->n == 0))
            return err_set(m->err, ERR_CORRUPT, "vault_record", "a record of registry '%.*s' is cut short",
                           STR_ARG(r->is.id));
        if (!vault_open_value(r, m->key, row->name, row->version, *field,
                              (struct str){row->blob.p + at, size}, m->arena, &value, m->err))
            return false;
        if (i == 0)
            vault_record_name(r, m->to, value, row->to_name);
        place = vault_value_place(r, row->to_name, row->version, *field, m->arena);
        seal(out + at, m->key, value.p, value.n, place.p, place.n);
        secret_wipe((char *)value.p, value.n);
        at += size;
    }
    row->blob.p = (const char *)out;
    return true;
}

static void note_gone(struct moving *m, struct str mac)
{
    if (mac.n == HASH_SIZE)
        vault_row_went(m->change, (const uint8_t *)mac.p);
}

static bool delete_by(struct moving *m, const char *sql, struct str tag, int64_t *ret_changed)
{
    struct db_stmt *stmt = db_sql(m->db, sql, m->err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag.p, tag.n);
    return db_run(stmt, ret_changed, m->err);
}

#define ROWS_MAX 4096 /* versions of a person's records in a registry */

/* Reads all, deletes all: what was read lives in the arena. */
static bool take_records(struct moving *m, struct row **ret_rows, size_t *ret_n)
{
    static const char read[] =
        "SELECT name, version, newest, sealed, mac FROM vault_record WHERE subject = $1";
    struct db_stmt *stmt = db_sql(m->db, read, m->err);
    struct row *rows = NULL;
    size_t n = 0, cap = 0;
    enum db_result step;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, m->from_tag, HASH_SIZE);
    while ((step = db_step(stmt, m->err)) == DB_ROW && n < ROWS_MAX) {
        if (n == cap) {
            struct row *more = arena_array(m->arena, struct row, cap = cap ? 2 * cap : 4);
            if (n != 0)
                memcpy(more, rows, n * sizeof *rows);
            rows = more;
        }
        rows[n++] = (struct row){.name = str_dup(m->arena, db_bytes(stmt, 0)),
                                 .version = (uint32_t)db_i64(stmt, 1),
                                 .newest = db_i64(stmt, 2) != 0,
                                 .blob = str_dup(m->arena, db_bytes(stmt, 3))};
        note_gone(m, db_bytes(stmt, 4));
    }
    if (step == DB_ERROR)
        return false;
    if (step == DB_ROW) {
        db_end(stmt);
        return err_set(m->err, ERR_TOO_LARGE, "rekey", "a person has more than %d rows in registry '%.*s'",
                       ROWS_MAX, STR_ARG(m->r->is.id));
    }
    *ret_rows = rows;
    *ret_n = n;
    return delete_by(m, "DELETE FROM vault_record WHERE subject = $1", bytes_of(m->from_tag, HASH_SIZE),
                     NULL);
}

/* Index rows of the record that was called `row->name`. */
static bool move_keys(struct moving *m, const struct row *row)
{
    struct db_stmt *stmt = db_sql(m->db, "SELECT tag, mac FROM vault_key WHERE record = $1", m->err);
    struct str tags[VAULT_FIELDS_MAX];
    size_t n = 0;
    enum db_result step;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, row->name.p, row->name.n);
    while ((step = db_step(stmt, m->err)) == DB_ROW && n < VAULT_FIELDS_MAX) {
        tags[n++] = str_dup(m->arena, db_bytes(stmt, 0));
        note_gone(m, db_bytes(stmt, 1));
    }
    if (step == DB_ERROR)
        return false;
    db_end(stmt);
    if (n == 0)
        return true;
    bool ok = delete_by(m, "DELETE FROM vault_key WHERE record = $1", row->name, NULL);
    for (size_t i = 0; ok && i < n; i++)
        ok = vault_key_insert(m->r, m->db, tags[i], m->to, row->to_name, m->change, m->err);
    return ok;
}

/* The old row goes first: where it is gone, somebody else moved this person. */
static bool take_subject(struct moving *m, bool *ret_there)
{
    static const char read[] = "SELECT wrapped, mac FROM vault_subject WHERE tag = $1";
    struct db_stmt *stmt = db_sql(m->db, read, m->err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, m->from_tag, HASH_SIZE);
    if (!db_one(stmt, ret_there, m->err))
        return false;
    if (!*ret_there)
        return true;
    bool opens = vault_unwrap(m->r, bytes_of(m->from_tag, HASH_SIZE), db_bytes(stmt, 0), m->key, m->err);
    note_gone(m, db_bytes(stmt, 1));
    db_end(stmt);
    return opens &&
           delete_by(m, "DELETE FROM vault_subject WHERE tag = $1", bytes_of(m->from_tag, HASH_SIZE), NULL);
}

bool vault_move_subject(const struct registry_keys *r, struct db *db, const uint8_t from[PSN_SIZE],
                        const uint8_t to[PSN_SIZE], unsigned epoch, struct change *change,
                        struct arena *arena, bool *ret_moved, struct err *err)
{
    struct moving m = {.r = r, .db = db, .to = to, .change = change, .arena = arena, .err = err};
    struct row *rows;
    size_t n;
    vault_subject_tag(r, from, m.from_tag);
    vault_subject_tag(r, to, m.to_tag);
    if (!take_subject(&m, ret_moved))
        return false;
    if (!*ret_moved)
        return true;
    bool ok = vault_subject_insert(r, db, to, epoch, m.key, change, err) && take_records(&m, &rows, &n);
    for (size_t i = 0; ok && i < n; i++)
        ok = seal_again(&m, &rows[i]) && (!rows[i].newest || move_keys(&m, &rows[i])) &&
             vault_record_insert(r, db, m.to_tag, rows[i].to_name, rows[i].version, rows[i].newest,
                                 rows[i].blob, change, err);
    secret_wipe(m.key, sizeof m.key);
    return ok;
}

/* --- a batch --- */

struct person {
    uint8_t from[PSN_SIZE], to[PSN_SIZE];
};

struct batch {
    const struct registry_keys *r;
    unsigned epoch;
    struct person *person;
    size_t n;
};

static bool move_batch(struct db *db, void *arg, struct err *err)
{
    const struct batch *b = arg;
    struct change change = {0};
    struct arena arena;
    bool ok = true, moved;
    arena_init(&arena, 65536, (size_t)64 << 20);
    for (size_t i = 0; ok && i < b->n; i++) {
        ok = vault_move_subject(b->r, db, b->person[i].from, b->person[i].to, b->epoch, &change, &arena,
                                &moved, err);
        arena_reset(&arena);
        if (i == b->n / 2)
            rekey_point(REKEY_BATCH_HALF);
    }
    arena_done(&arena);
    if (!ok || !vault_sum_apply(b->r, db, &change, err))
        return false;
    rekey_point(REKEY_BATCH_WRITTEN);
    return true;
}

/* Who still stands in an older epoch, with the pseudonym of the new one: the arithmetic is done before the
 * transaction, which is short. */
static bool read_batch(struct db *db, const struct vault_move *move, size_t max, struct batch *b,
                       struct err *err)
{
    static const char sql[] = "SELECT tag, epoch, psn FROM vault_subject WHERE registry = $1 AND epoch < $2 "
                              "ORDER BY epoch LIMIT $3";
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result step;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, b->r->is.id);
    db_bind_i64(stmt, 2, move->epoch);
    db_bind_i64(stmt, 3, (int64_t)max);
    while ((step = db_step(stmt, err)) == DB_ROW && b->n < max) {
        struct str tag = db_bytes(stmt, 0), sealed = db_bytes(stmt, 2);
        struct person *person = &b->person[b->n++];
        bool ok = sealed.n != 0 || err_set(err, ERR_UNSUPPORTED, "rekey",
                                           "registry '%.*s' holds records written by a version of this "
                                           "program that kept no pseudonym beside them: load them anew first",
                                           STR_ARG(b->r->is.id));
        ok = ok && vault_psn_open(b->r, tag, sealed, person->from, err) &&
             (move->translate(move->arg, (unsigned)db_i64(stmt, 1), person->from, person->to) ||
              err_set(err, ERR_CORRUPT, "rekey", "a pseudonym is no valid group element"));
        if (!ok) {
            db_end(stmt);
            return false;
        }
    }
    if (step == DB_ROW)
        db_end(stmt);
    return step != DB_ERROR;
}

bool vault_rekey(struct vault *vault, struct db *db, const struct vault_move *move, size_t max,
                 size_t *ret_moved, struct err *err)
{
    struct batch b = {.r = vault_registry_of(vault, move->registry, err), .epoch = move->epoch};
    if (b.r == NULL)
        return false;
    b.person = calloc(max, sizeof *b.person);
    must(b.person != NULL);
    bool ok = read_batch(db, move, max, &b, err);
    if (ok && b.n != 0) {
        rekey_point(REKEY_BATCH_READ);
        ok = db_tx(db, move_batch, &b, err);
        rekey_point(REKEY_BATCH_DONE);
    }
    secret_wipe(b.person, max * sizeof *b.person);
    free(b.person);
    *ret_moved = b.n;
    return ok;
}

bool vault_rekey_left(struct db *db, struct str registry, unsigned epoch, uint64_t *ret_left,
                      uint64_t *ret_all, struct err *err)
{
    static const char left[] = "SELECT count(*) FROM vault_subject WHERE registry = $1 AND epoch < $2";
    static const char all[] = "SELECT count(*) FROM vault_subject WHERE registry = $1";
    bool found;
    struct db_stmt *stmt = db_sql(db, left, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, registry);
    db_bind_i64(stmt, 2, epoch);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_left = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    if ((stmt = db_sql(db, all, err)) == NULL)
        return false;
    db_bind_text(stmt, 1, registry);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_all = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}
