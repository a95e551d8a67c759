/* SPDX-License-Identifier: Apache-2.0 */
#include "people/recovery.h"

#include "base/clock.h"
#include "people/factor_private.h"
#include "people/passkey.h"

/* Found by the code alone: the owner stands in the row. */
static void stop_tag(const struct people *people, const char *code, uint8_t tag[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "stop", 5);
    hmac_add(&mac, code, strlen(code));
    hmac_end(&mac, tag);
}

bool recovery_begin(struct people *people, struct db *db, const struct account *account, int64_t now,
                    char ret_stop[CODE_SIZE], struct err *err)
{
    struct factor_row row;
    struct arena arena;
    struct buf plain;
    char normal[CODE_SIZE];
    arena_init(&arena, 4096, 65536);
    code_draw(ret_stop);
    must(code_normalise(str_of(ret_stop), normal));
    factor_row_of(people, account, FACTOR_ROW_STOP, &row);
    stop_tag(people, normal, row.tag);
    buf_in(&plain, &arena, 256);
    put_account(&plain, account);
    row.plain = buf_view(&plain);
    row.ends = now + RECOVERY_COOLING;
    bool ok = factor_put(people, db, &row, &arena, err);
    arena_done(&arena);
    return ok;
}

bool recovery_open(struct people *people, struct db *db, const struct account *account, int64_t now,
                   int64_t *ret_until, struct err *err)
{
    static const char sql[] = "SELECT ends FROM people_factor WHERE owner = $1 AND kind = $2 AND ends > $3 "
                              "ORDER BY ends DESC LIMIT 1";
    struct factor_row row;
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    factor_row_of(people, account, FACTOR_ROW_STOP, &row);
    db_bind_bytes(stmt, 1, row.owner, sizeof row.owner);
    db_bind_i64(stmt, 2, FACTOR_ROW_STOP);
    db_bind_i64(stmt, 3, now);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_until = found ? db_i64(stmt, 0) : 0;
    if (found)
        db_end(stmt);
    return true;
}

bool recovery_of_code(struct people *people, struct db *db, struct str typed, int64_t now,
                      struct arena *arena, bool *ret_found, struct account *ret_account, struct err *err)
{
    static const char sql[] = "SELECT owner FROM people_factor WHERE tag = $1 AND kind = $2";
    char normal[CODE_SIZE] = "";
    struct factor_row row = {.kind = FACTOR_ROW_STOP};
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    if (!code_normalise(typed, normal))
        normal[0] = '\0'; /* no row has an empty code */
    stop_tag(people, normal, row.tag);
    db_bind_bytes(stmt, 1, row.tag, sizeof row.tag);
    db_bind_i64(stmt, 2, FACTOR_ROW_STOP);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_found = false;
    if (!found)
        return true;
    bool whole = db_bytes(stmt, 0).n == sizeof row.owner;
    if (whole)
        memcpy(row.owner, db_bytes(stmt, 0).p, sizeof row.owner);
    db_end(stmt);
    if (!whole || !factor_get(people, db, &row, now, arena, ret_found, NULL, err))
        return whole ? false
                     : err_set(err, ERR_CORRUPT, "people_factor", "a row has an owner of a wrong size");
    if (*ret_found && (!take_account(&row.plain, ret_account) || row.plain.n != 0))
        return err_set(err, ERR_CORRUPT, "people_factor", "a row is cut short");
    return true;
}

static bool end_young_keys(struct people *people, struct db *db, const struct account *account, int64_t now,
                           struct err *err)
{
    struct arena arena;
    struct passkey_listed *keys;
    size_t n;
    arena_init(&arena, 16384, 1 << 20);
    bool ok = passkey_list(people, db, account, &arena, &keys, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        if (keys[i].ready > now)
            ok = passkey_remove(people, db, account, keys[i].tag, err);
    arena_done(&arena);
    return ok;
}

bool recovery_stop(struct people *people, struct db *db, const struct account *account,
                   const uint8_t keep[32], int64_t now, struct err *err)
{
    static const int paper[] = {CODE_LETTER, CODE_COUNTER, CODE_RECOVERY, CODE_OFFICIAL, FACTOR_ROW_STOP};
    static const uint8_t none[HASH_SIZE];
    uint8_t owner[HASH_SIZE];
    if (!end_young_keys(people, db, account, now, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(paper); i++)
        if (!factor_drop(people, db, account, paper[i], err))
            return false;
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_caller WHERE owner = $1 AND hash <> $2", err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "caller", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    db_bind_bytes(stmt, 2, keep != NULL ? keep : none, HASH_SIZE);
    return db_run(stmt, NULL, err);
}

bool recovery_only_reads(const struct caller *caller)
{
    struct levels l = levels_of(caller->levels);
    return caller->way == WAY_RECOVERY || (caller->way == WAY_PASSKEY && l.phr && l.aal == 1);
}
