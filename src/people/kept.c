/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c: evidence of signatures, kept under a name for whoever needs it, and for whoever signed. */
#include "base/clock.h"
#include "people/people_private.h"
#include "people/signing.h"

#define EVIDENCE_MAX ((size_t)4 << 20) /* of one row */
#define ABOUT_MAX 16384

static void evidence_tag(const struct people *people, struct str name, uint8_t tag[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "evidence", 9);
    hmac_add(&mac, name.p, name.n);
    hmac_end(&mac, tag);
}

/* What the list says of a row is bound to the row, its owner and its time. */
static struct str about_ad(const uint8_t tag[HASH_SIZE], const uint8_t owner[HASH_SIZE], int64_t made,
                           struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 1024);
    buf_lp(&ad, "evidence", 8);
    buf_add(&ad, tag, HASH_SIZE);
    buf_add(&ad, owner, HASH_SIZE);
    buf_u64be(&ad, (uint64_t)made);
    return buf_view(&ad);
}

static bool keep_row(struct people *people, struct db_stmt *stmt, struct str name,
                     const struct account *account, const struct signing *signing, int64_t now,
                     struct arena *arena, struct err *err)
{
    uint8_t tag[HASH_SIZE], owner[HASH_SIZE];
    struct buf plain, about;
    struct str sealed, about_sealed;
    evidence_tag(people, name, tag);
    account_tag(people, account, "evidence", owner);
    buf_in(&plain, arena, EVIDENCE_MAX);
    buf_str(&plain, signing->evidence);
    buf_in(&about, arena, ABOUT_MAX);
    buf_lp(&about, name.p, name.n);
    buf_lp(&about, signing->title.p, signing->title.n);
    if (buf_overflowed(&plain) || buf_overflowed(&about)) {
        db_end(stmt);
        return err_set(err, ERR_TOO_LARGE, "evidence", "has more than %zu bytes", EVIDENCE_MAX);
    }
    people_seal(people, &plain, bytes_of(tag, sizeof tag), arena, &sealed);
    people_seal(people, &about, about_ad(tag, owner, now, arena), arena, &about_sealed);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, sealed.p, sealed.n);
    db_bind_bytes(stmt, 3, owner, sizeof owner);
    db_bind_i64(stmt, 4, now);
    db_bind_bytes(stmt, 5, about_sealed.p, about_sealed.n);
    return db_run(stmt, NULL, err);
}

bool signing_evidence_keep(struct people *people, struct db *db, struct str name,
                           const struct account *account, const struct signing *signing, int64_t now,
                           struct err *err)
{
    struct db_stmt *stmt = db_sql(
        db, "INSERT INTO signing_evidence (tag, sealed, owner, made, about) VALUES ($1, $2, $3, $4, $5)",
        err);
    struct arena arena;
    if (stmt == NULL)
        return false;
    arena_init(&arena, 65536, 4 * EVIDENCE_MAX);
    bool ok = keep_row(people, stmt, name, account, signing, now, &arena, err);
    arena_done(&arena);
    return ok;
}

static bool evidence_read_row(struct people *people, struct db *db, const uint8_t tag[HASH_SIZE],
                              struct arena *arena, bool *ret_found, struct str *ret_evidence, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT sealed FROM signing_evidence WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    if (!db_one(stmt, ret_found, err))
        return false;
    bool ok = true;
    if (*ret_found) {
        ok = people_unseal(people, db_bytes(stmt, 0), bytes_of(tag, HASH_SIZE), "signing_evidence", arena,
                           ret_evidence, err);
        db_end(stmt);
    }
    return ok;
}

bool signing_evidence(struct people *people, struct db *db, struct str name, struct arena *arena,
                      bool *ret_found, struct str *ret_evidence, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    evidence_tag(people, name, tag);
    return evidence_read_row(people, db, tag, arena, ret_found, ret_evidence, err);
}

bool signing_evidence_has(struct people *people, struct db *db, struct str name, bool *ret_has,
                          struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM signing_evidence WHERE tag = $1", err);
    uint8_t tag[HASH_SIZE];
    if (stmt == NULL)
        return false;
    evidence_tag(people, name, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret_has, err))
        return false;
    if (*ret_has)
        db_end(stmt);
    return true;
}

/* Columns tag, made, about. */
static bool kept_of_row(struct people *people, struct db_stmt *stmt, const uint8_t owner[HASH_SIZE],
                        struct arena *arena, struct signing_kept *ret, struct err *err)
{
    struct str tag = db_bytes(stmt, 0), about;
    int64_t made = db_i64(stmt, 1);
    if (tag.n != HASH_SIZE)
        return err_set(err, ERR_CORRUPT, "signing_evidence", "a row has columns of a wrong size");
    hex_encode(ret->tag, (const uint8_t *)tag.p, HASH_SIZE);
    ret->made = made;
    return people_unseal(people, db_bytes(stmt, 2), about_ad((const uint8_t *)tag.p, owner, made, arena),
                         "signing_evidence", arena, &about, err) &&
           ((lp_next(&about, &ret->name) && lp_next(&about, &ret->title)) ||
            err_set(err, ERR_CORRUPT, "signing_evidence", "a row is cut short"));
}

bool signing_evidence_list(struct people *people, struct db *db, const struct account *account, size_t limit,
                           struct arena *arena, struct signing_kept **ret_list, size_t *ret_n,
                           struct err *err)
{
    struct db_stmt *stmt = db_sql(
        db, "SELECT tag, made, about FROM signing_evidence WHERE owner = $1 ORDER BY made DESC LIMIT $2",
        err);
    struct signing_kept *list = arena_array(arena, struct signing_kept, limit + 1);
    uint8_t owner[HASH_SIZE];
    enum db_result result = DB_DONE;
    bool ok = true;
    size_t n = 0;
    if (stmt == NULL)
        return false;
    account_tag(people, account, "evidence", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    db_bind_i64(stmt, 2, (int64_t)limit);
    while (ok && (result = db_step(stmt, err)) == DB_ROW) {
        must(n < limit);
        ok = kept_of_row(people, stmt, owner, arena, &list[n++], err);
    }
    if (!ok)
        db_end(stmt);
    *ret_list = list;
    *ret_n = n;
    return ok && result != DB_ERROR;
}

bool signing_evidence_own(struct people *people, struct db *db, const struct account *account, struct str hex,
                          struct arena *arena, bool *ret_found, struct signing_kept *ret_kept,
                          struct str *ret_evidence, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "SELECT tag, made, about FROM signing_evidence WHERE tag = $1 AND owner = $2", err);
    uint8_t tag[HASH_SIZE], owner[HASH_SIZE];
    bool ok = true;
    *ret_found = false;
    if (stmt == NULL)
        return false;
    if (hex.n != 2 * HASH_SIZE || !hex_decode(tag, HASH_SIZE, hex)) {
        db_end(stmt);
        return true;
    }
    account_tag(people, account, "evidence", owner);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, owner, sizeof owner);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (*ret_found) {
        ok = kept_of_row(people, stmt, owner, arena, ret_kept, err);
        db_end(stmt);
    }
    return ok && (!*ret_found || evidence_read_row(people, db, tag, arena, ret_found, ret_evidence, err));
}

struct str signing_evidence_words(struct str evidence, struct arena *arena)
{
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(hash, evidence.p, evidence.n);
    hex_encode(hex, hash, sizeof hash);
    return str_of(arena_printf(arena, "signature, SHA-256 of its evidence: %s", hex));
}
