/* SPDX-License-Identifier: Apache-2.0 */
/* quota.c: how many distinct persons an official has looked at today. It is counted in memory, and learnt
 * again at start from the entries of today, so that a restart gives nobody a fresh quota. Opening each of
 * them costs seconds where there are many: so the gate's thread now and then keeps what was counted up to a
 * leaf, sealed, and a start opens only the entries after it. A row that is missing, older, or of another day
 * costs time and nothing else. */
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

void quota_start(struct quota *quota, int32_t today)
{
    pthread_mutex_init(&quota->lock, NULL);
    random_bytes(quota->hash_key, sizeof quota->hash_key);
    quota->day = today;
}

void quota_free(struct quota *quota)
{
    free(quota->slot);
    free(quota->count);
    pthread_mutex_destroy(&quota->lock);
}

static uint64_t quota_key(const struct quota *quota, struct str actor, const uint8_t *handle)
{
    uint8_t bytes[128 + LEDGER_HANDLE_SIZE], out[8];
    size_t n = MIN_OF(actor.n, (size_t)128);
    memcpy(bytes, actor.p, n);
    if (handle != NULL) {
        memcpy(bytes + n, handle, LEDGER_HANDLE_SIZE);
        n += LEDGER_HANDLE_SIZE;
    }
    crypto_shorthash(out, bytes, n, quota->hash_key);
    return get_u64be(out) | 1;
}

static size_t quota_probe(const struct quota *quota, uint64_t key)
{
    size_t at = key >> 1 & (quota->cap - 1);
    while (quota->slot[at].key != 0 && quota->slot[at].key != key)
        at = (at + 1) & (quota->cap - 1);
    return at;
}

static void quota_grow(struct quota *quota)
{
    struct quota bigger = {.cap = quota->cap ? quota->cap * 2 : 1024};
    bigger.slot = calloc(bigger.cap, sizeof *bigger.slot);
    bigger.count = calloc(bigger.cap, sizeof *bigger.count);
    must(bigger.slot != NULL && bigger.count != NULL);
    for (size_t i = 0; i < quota->cap; i++) {
        if (quota->slot[i].key != 0) {
            size_t at = quota_probe(&bigger, quota->slot[i].key);
            bigger.slot[at] = quota->slot[i];
            bigger.count[at] = quota->count[i];
        }
    }
    free(quota->slot);
    free(quota->count);
    quota->slot = bigger.slot;
    quota->count = bigger.count;
    quota->cap = bigger.cap;
}

bool quota_take(struct quota *quota, struct str actor, const uint8_t handle[LEDGER_HANDLE_SIZE],
                unsigned limit, int32_t today)
{
    pthread_mutex_lock(&quota->lock);
    if (today > quota->day) { /* never back: who is late at midnight counts in the day that has begun */
        if (quota->cap != 0) {
            memset(quota->slot, 0, quota->cap * sizeof *quota->slot);
            memset(quota->count, 0, quota->cap * sizeof *quota->count);
        }
        quota->n = 0;
        quota->day = today;
    }
    if (quota->n + 2 >= quota->cap / 4 * 3)
        quota_grow(quota);
    uint64_t pair = quota_key(quota, actor, handle), own = quota_key(quota, actor, NULL);
    bool seen = quota->slot[quota_probe(quota, pair)].key != 0;
    size_t at = quota_probe(quota, own);
    bool admitted = seen || quota->count[at] < limit;
    if (admitted && !seen) {
        quota->n += quota->slot[at].key == 0;
        quota->slot[at].key = own;
        quota->count[at]++;
        quota->slot[quota_probe(quota, pair)].key = pair;
        quota->n++;
    }
    pthread_mutex_unlock(&quota->lock);
    return admitted;
}

/* --- kept --- */

/* Sealed: key of the hash ‖ (key u64 ‖ count u32)... Bound to its day and leaf. */
#define SLOT_SIZE 12
#define AD_SIZE 12

static void bound_to(int32_t day, uint64_t leaf, uint8_t ad[AD_SIZE])
{
    put_u32be(ad, (uint32_t)day);
    put_u64be(ad + 4, leaf);
}

/* The slots as bytes, to be freed; *ret_day: whose they are. */
static uint8_t *quota_copy(struct quota *quota, int32_t *ret_day, size_t *ret_n)
{
    pthread_mutex_lock(&quota->lock);
    uint8_t *bytes = malloc(sizeof quota->hash_key + quota->n * SLOT_SIZE), *at = bytes;
    must(bytes != NULL);
    memcpy(at, quota->hash_key, sizeof quota->hash_key);
    at += sizeof quota->hash_key;
    for (size_t i = 0; i < quota->cap; i++)
        if (quota->slot[i].key != 0) {
            put_u64be(at, quota->slot[i].key);
            put_u32be(at + 8, quota->count[i]);
            at += SLOT_SIZE;
        }
    *ret_day = quota->day;
    pthread_mutex_unlock(&quota->lock);
    *ret_n = (size_t)(at - bytes);
    return bytes;
}

struct kept {
    int32_t day;
    uint64_t leaf;
    struct str sealed;
};

static bool replace(struct db *db, void *arg, struct err *err)
{
    const struct kept *kept = arg;
    struct db_stmt *stmt = db_sql(db, "DELETE FROM gate_quota", err);
    if (stmt == NULL || !db_run(stmt, NULL, err) ||
        (stmt = db_sql(db, "INSERT INTO gate_quota (day, leaf, sealed) VALUES ($1, $2, $3)", err)) == NULL)
        return false;
    db_bind_i64(stmt, 1, kept->day);
    db_bind_i64(stmt, 2, (int64_t)kept->leaf);
    db_bind_bytes(stmt, 3, kept->sealed.p, kept->sealed.n);
    return db_run(stmt, NULL, err);
}

bool quota_keep(struct gate *gate, struct db *db, struct err *err)
{
    struct quota *quota = &gate->quota;
    /* Durable entries were counted before they were numbered: all below this leaf are in what is copied now.
     */
    struct kept kept = {.leaf = ledger_durable(gate->ledger)};
    uint8_t ad[AD_SIZE];
    size_t n;
    if (kept.leaf < quota->kept + gate->quota_every)
        return true;
    uint8_t *plain = quota_copy(quota, &kept.day, &n), *sealed = malloc(n + SEAL_OVERHEAD);
    must(sealed != NULL);
    bound_to(kept.day, kept.leaf, ad);
    seal(sealed, gate->quota_key, plain, n, ad, sizeof ad);
    kept.sealed = (struct str){(const char *)sealed, n + SEAL_OVERHEAD};
    bool ok = db_tx(db, replace, &kept, err);
    if (ok)
        quota->kept = kept.leaf;
    secret_wipe(plain, n);
    free(plain);
    free(sealed);
    return ok;
}

static void quota_fill(struct quota *quota, const uint8_t *plain, size_t n)
{
    memcpy(quota->hash_key, plain, sizeof quota->hash_key);
    for (size_t at = sizeof quota->hash_key; at < n; at += SLOT_SIZE) {
        if (quota->n + 2 >= quota->cap / 4 * 3)
            quota_grow(quota);
        size_t slot = quota_probe(quota, get_u64be(plain + at));
        quota->slot[slot].key = get_u64be(plain + at);
        quota->count[slot] = get_u32be(plain + at + 8);
        quota->n++;
    }
}

/* What was kept today: *ret_leaf is the first that is not in it; 0: nothing was. */
static bool kept_read(struct gate *gate, struct db *db, int32_t today, uint64_t *ret_leaf, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT leaf, sealed FROM gate_quota WHERE day = $1", err);
    uint8_t ad[AD_SIZE];
    bool found;
    *ret_leaf = 0;
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, today);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return true;
    uint64_t leaf = (uint64_t)db_i64(stmt, 0);
    struct str sealed = db_bytes(stmt, 1);
    size_t head = sizeof gate->quota.hash_key, n = sealed.n - SEAL_OVERHEAD;
    bool whole = sealed.n >= SEAL_OVERHEAD + head && (n - head) % SLOT_SIZE == 0 &&
                 leaf <= ledger_durable(gate->ledger);
    uint8_t *plain = malloc(sealed.n + 1);
    must(plain != NULL);
    bound_to(today, leaf, ad);
    if (whole && seal_open(plain, gate->quota_key, (const uint8_t *)sealed.p, sealed.n, ad, sizeof ad)) {
        quota_fill(&gate->quota, plain, n);
        secret_wipe(plain, n);
        *ret_leaf = leaf;
    } else {
        say(SAY_WARN, "gate: the row of today's quotas does not fit; today's entries are read instead");
    }
    free(plain);
    db_end(stmt);
    return true;
}

/* --- learnt again --- */

struct relearn {
    struct gate *gate;
    int64_t from;
    int32_t today;
};

static bool relearn_one(void *arg, const struct ledger_entry *entry)
{
    struct relearn *r = arg;
    const struct shard *shard = shard_find(r->gate, entry->shard);
    struct arena arena;
    struct gate_entry parsed = {0};
    struct str json;
    struct err ignored;
    uint8_t salt[SALT_SIZE];
    if (entry->leaf.type != LEAF_PERSONAL || entry->erased || entry->batch_time < r->from || shard == NULL ||
        entry->body_n == 0)
        return true;
    arena_init(&arena, 8192, 1 << 20);
    if (entry_open(shard, entry, &arena, salt, &json, &ignored) &&
        entry_parse(json, &arena, &parsed, &ignored) && str_is(parsed.outcome, "admitted") &&
        parsed.actor.n != 0)
        (void)quota_take(&r->gate->quota, parsed.actor, entry->handle, UINT32_MAX, r->today);
    arena_done(&arena);
    return true;
}

bool quota_relearn(struct gate *gate, struct db *db, struct err *err)
{
    int32_t today = local_today(gate->j);
    struct relearn r = {gate, local_midnight(gate->j, today), today};
    uint64_t kept, from;
    if (!kept_read(gate, db, today, &kept, err))
        return false;
    gate->quota.kept = kept;
    return (kept != 0 || first_since(gate, r.from, &from, err)) &&
           ledger_scan(gate->ledger, kept != 0 ? kept : from, ledger_durable(gate->ledger), relearn_one, &r,
                       err);
}
