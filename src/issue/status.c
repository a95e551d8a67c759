/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: the published status lists: made from the rows when one was revoked, signed anew each hour. */
#include <stdlib.h>

#include "base/clock.h"
#include "issue/issue_private.h"

#define SIGNED_FOR 3600 /* seconds */

static bool list_version(struct db *db, uint64_t list, uint64_t *ret_version, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT version FROM document_list WHERE list = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)list);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "status list", "there is no status list of this number");
    *ret_version = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

static bool read_bits(struct db *db, uint64_t list, uint8_t *bits, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT idx FROM document_row WHERE list = $1 AND revoked > 0", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)list);
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        uint64_t index = (uint64_t)db_i64(stmt, 0);
        if (index >= STATUS_LIST_SIZE) {
            db_end(stmt);
            return err_set(err, ERR_CORRUPT, "document_row", "a place is outside the status list");
        }
        bits[index / 8] |= (uint8_t)(1u << index % 8);
    }
    return step == DB_DONE;
}

static struct str heap_copy(struct str bytes)
{
    char *out = malloc(bytes.n + 1);
    must(out != NULL);
    memcpy(out, bytes.p, bytes.n);
    return (struct str){out, bytes.n};
}

/* (lock) */
static bool make(struct documents *d, struct db *db, uint64_t list, uint64_t version, int64_t now,
                 struct status_cached *to, struct err *err)
{
    struct arena arena;
    struct buf jwt, cwt;
    arena_init(&arena, 1 << 20, (size_t)64 << 20);
    uint8_t *bits = arena_take(&arena, STATUS_LIST_BYTES, 1);
    bool ok = read_bits(db, list, bits, err);
    if (ok) {
        struct status_list made = {
            .uri = str_of(arena_printf(&arena, "%s/status/%llu", d->site, (unsigned long long)list)),
            .issued = now,
            .expires = now + STATUS_LIFE,
            .ttl = STATUS_TTL,
            .bits = 1,
            .bytes = {(const char *)bits, STATUS_LIST_BYTES}};
        buf_in(&jwt, &arena, 1 << 20);
        buf_in(&cwt, &arena, 1 << 20);
        pthread_rwlock_rdlock(&d->key_lock);
        ok = status_list_jwt(&made, d->key, d->kid, &arena, &jwt, err) &&
             status_list_cwt(&made, d->key, d->kid, &arena, &cwt, err);
        pthread_rwlock_unlock(&d->key_lock);
    }
    if (ok) {
        must(!buf_overflowed(&jwt) && !buf_overflowed(&cwt));
        free((char *)to->jwt.p);
        free((char *)to->cwt.p);
        *to =
            (struct status_cached){list, version, now, heap_copy(buf_view(&jwt)), heap_copy(buf_view(&cwt))};
    }
    arena_done(&arena);
    return ok;
}

static struct status_cached *place_for(struct documents *d, uint64_t list)
{
    for (size_t i = 0; i < ARRAY_LEN(d->cached); i++)
        if (d->cached[i].list == list)
            return &d->cached[i];
    struct status_cached *oldest = &d->cached[d->cached_next];
    d->cached_next = (d->cached_next + 1) % ARRAY_LEN(d->cached);
    return oldest;
}

bool documents_status(struct documents *d, struct db *db, uint64_t list, bool cwt, int64_t now,
                      struct arena *arena, struct str *ret, struct err *err)
{
    uint64_t version;
    if (!documents_sign(d))
        return err_set(err, ERR_UNSUPPORTED, "status list", "only the running server signs it");
    if (list == 0 || list > STATUS_LISTS_MAX)
        return err_set(err, ERR_NOT_FOUND, "status list", "there is no status list of this number");
    if (!list_version(db, list, &version, err))
        return false;
    pthread_mutex_lock(&d->lock);
    struct status_cached *c = place_for(d, list);
    bool fresh = c->list == list && c->version == version && now >= c->made && now - c->made < SIGNED_FOR;
    bool ok = fresh || make(d, db, list, version, now, c, err);
    if (ok)
        *ret = str_dup(arena, cwt ? c->cwt : c->jwt);
    pthread_mutex_unlock(&d->lock);
    return ok;
}
