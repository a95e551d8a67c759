/* SPDX-License-Identifier: Apache-2.0 */
/* rekey.c: ordering a new epoch, beginning it, and moving records into it. */
#include "gate/rekey.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "gate/gate_private.h"
#include "vault/rekey_points.h"

#define BATCH 64 /* people a transaction: a few hundredths of a second, in which nobody else writes */

static struct sector *sector_find(struct gate *gate, struct str name)
{
    for (size_t i = 0; i + 1 < gate->sectors_n; i++) /* the supervisor's own holds no records */
        if (str_eq(gate->sector[i].name, name))
            return &gate->sector[i];
    return NULL;
}

/* --- ordering --- */

struct ordering {
    struct str sector;
    bool early;
    const struct gate *gate; /* of new roots: every sector */
    unsigned roots;          /* the generation that the epochs are made of */
};

/* The newest generation of roots that an epoch is made of. */
static bool roots_now(struct db *db, unsigned *ret_roots, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT COALESCE(MAX(root), 1) FROM gate_epoch", err);
    bool found;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    *ret_roots = found ? (unsigned)db_i64(stmt, 0) : 1;
    if (found)
        db_end(stmt);
    return true;
}

static bool order_one(struct db *db, const struct ordering *o, struct err *err)
{
    static const char newest[] =
        "SELECT epoch, done FROM gate_epoch WHERE sector = $1 ORDER BY epoch DESC LIMIT 1";
    static const char insert[] =
        "INSERT INTO gate_epoch (sector, epoch, shard, early, ordered, done, root) VALUES ($1, $2, 0, $3, "
        "$4, 0, $5)";
    struct db_stmt *stmt = db_sql(db, newest, err);
    bool found;
    int64_t epoch = 1;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, o->sector);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        bool done = db_i64(stmt, 1) != 0;
        epoch = db_i64(stmt, 0);
        db_end(stmt);
        if (!done)
            return err_set(err, ERR_CONFLICT, "rekey",
                           "epoch %d of the sector '%.*s' is ordered already, or its records are still on "
                           "their way: `aina rekey DIR` shows how far",
                           (int)epoch, STR_ARG(o->sector));
    }
    if ((stmt = db_sql(db, insert, err)) == NULL)
        return false;
    db_bind_text(stmt, 1, o->sector);
    db_bind_i64(stmt, 2, epoch + 1);
    db_bind_i64(stmt, 3, o->early);
    db_bind_i64(stmt, 4, clock_now());
    db_bind_i64(stmt, 5, o->roots);
    return db_run(stmt, NULL, err);
}

static bool order(struct db *db, void *arg, struct err *err)
{
    struct ordering *o = arg;
    return roots_now(db, &o->roots, err) && order_one(db, o, err);
}

static bool order_all(struct db *db, void *arg, struct err *err)
{
    struct ordering *o = arg;
    for (size_t i = 0; i + 1 < o->gate->sectors_n; i++) {
        o->sector = o->gate->sector[i].name;
        if (!order_one(db, o, err))
            return false;
    }
    return true;
}

bool gate_roots_next(struct gate *gate, struct db *db, unsigned *ret_generation, struct err *err)
{
    static const char sql[] = "SELECT sector FROM gate_epoch WHERE done = 0 ORDER BY sector";
    struct db_stmt *stmt = db_sql(db, sql, err);
    bool busy;
    if (stmt == NULL || !db_one(stmt, &busy, err))
        return false;
    if (busy) {
        err_set(err, ERR_CONFLICT, "psn",
                "an epoch of the sector '%.*s' is ordered already, or its records are still on their way: "
                "`aina rekey DIR` shows how far",
                STR_ARG(db_text(stmt, 0)));
        db_end(stmt);
        return false;
    }
    if (!roots_now(db, ret_generation, err))
        return false;
    ++*ret_generation;
    pthread_mutex_lock(&gate->turn_lock); /* against a change of the master key */
    bool ok = roots_make(gate, *ret_generation, err);
    pthread_mutex_unlock(&gate->turn_lock);
    return ok;
}

bool gate_roots_take(struct gate *gate, struct db *db, unsigned generation, bool *ret_now, struct err *err)
{
    struct ordering ordering = {.early = shard_next_part(gate) != 0, .gate = gate, .roots = generation};
    *ret_now = ordering.early;
    return db_tx(db, order_all, &ordering, err);
}

bool gate_rekey(struct gate *gate, struct db *db, struct str sector, bool early, struct err *err)
{
    struct ordering ordering = {.sector = sector, .early = early};
    if (sector_find(gate, sector) == NULL)
        return err_set(err, ERR_NOT_FOUND, "sector",
                       "no agency of the jurisdiction folder is in a sector '%.*s'", STR_ARG(sector));
    if (early && shard_next_part(gate) == 0)
        return err_set(err, ERR_CONFLICT, "rekey",
                       "this quarter's shard was ended early %d times; leave --now out, and the epoch begins "
                       "with the next quarter",
                       SHARD_PARTS - 1);
    if (!db_tx(db, order, &ordering, err))
        return false;
    rekey_point(REKEY_ORDERED);
    return true;
}

/* --- beginning --- */

static bool ordered_one(struct gate *gate, struct db *db, bool early_only, struct str *ret_sector,
                        struct arena *arena, struct err *err)
{
    static const char sql[] = "SELECT sector FROM gate_epoch WHERE shard = 0 AND early >= $1 ORDER BY sector";
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    *ret_sector = (struct str){0};
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, early_only);
    while ((row = db_step(stmt, err)) == DB_ROW) {
        struct sector *sector = sector_find(gate, db_text(stmt, 0));
        if (sector == NULL || sector->moving) /* waits for its folder, or for the epoch before */
            continue;
        *ret_sector = str_dup(arena, db_text(stmt, 0));
        db_end(stmt);
        return true;
    }
    return row == DB_DONE;
}

bool epochs_begin(struct gate *gate, struct db *db, uint32_t shard, struct err *err)
{
    static const char sql[] = "UPDATE gate_epoch SET shard = $1 WHERE sector = $2 AND shard = 0";
    struct arena arena;
    struct str sector;
    bool ok, found = false;
    arena_init(&arena, 1024, 1 << 20);
    while ((ok = ordered_one(gate, db, false, &sector, &arena, err)) && sector.n != 0) {
        struct db_stmt *stmt = db_sql(db, sql, err);
        if (stmt == NULL) {
            ok = false;
            break;
        }
        found = true;
        db_bind_i64(stmt, 1, shard);
        db_bind_text(stmt, 2, sector);
        ok = db_run(stmt, NULL, err);
        if (!ok)
            break;
    }
    arena_done(&arena);
    if (ok && found)
        rekey_point(REKEY_EPOCH_WRITTEN);
    return ok && (!found || epochs_read(gate, db, &gate->early, err));
}

/* --- moving --- */

static bool translate(void *arg, unsigned from_epoch, const uint8_t from[PSN_SIZE], uint8_t to[PSN_SIZE])
{
    const struct sector *sector = arg;
    size_t n = __atomic_load_n(&sector->epochs_n, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < n; i++)
        if (sector->epoch[i].number == from_epoch)
            return epoch_step(&sector->epoch[i], &sector->epoch[n - 1], from, to);
    return false;
}

/* What the log says when nobody is left in an older epoch. Without a time: after a crash it is the same text,
 * and stands there once. */
static bool tell(struct gate *gate, struct db *db, const struct sector *sector, const struct epoch *epoch,
                 struct err *err)
{
    struct arena arena;
    struct buf content;
    struct json j;
    arena_init(&arena, 1024, 65536);
    buf_in(&content, &arena, 4096);
    json_start(&j, &content);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "key", STR("psn"));
    json_key_text(&j, "event", STR("re-keyed"));
    json_key_text(&j, "sector", sector->name);
    json_key_u64(&j, "epoch", epoch->number);
    json_key_u64(&j, "shard", epoch->shard);
    json_end(&j);
    const char *id =
        arena_printf(&arena, "psn.%.*s", (int)MIN_OF(sector->name.n, (size_t)60), sector->name.p);
    bool ok = gate_public_record(gate, db, STR("key"), str_of(id), buf_view(&content), err);
    arena_done(&arena);
    return ok;
}

static bool finish(struct gate *gate, struct db *db, struct sector *sector, const struct epoch *epoch,
                   struct err *err)
{
    static const char ask[] = "SELECT done FROM gate_epoch WHERE sector = $1 AND epoch = $2";
    static const char note[] = "UPDATE gate_epoch SET done = $1 WHERE sector = $2 AND epoch = $3";
    struct db_stmt *stmt = db_sql(db, ask, err);
    bool found, done = true;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, sector->name);
    db_bind_i64(stmt, 2, epoch->number);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        done = db_i64(stmt, 0) != 0;
        db_end(stmt);
    }
    if (!done) {
        rekey_point(REKEY_ALL_MOVED);
        if (!tell(gate, db, sector, epoch, err) || (stmt = db_sql(db, note, err)) == NULL)
            return false;
        rekey_point(REKEY_TOLD);
        db_bind_i64(stmt, 1, clock_now());
        db_bind_text(stmt, 2, sector->name);
        db_bind_i64(stmt, 3, epoch->number);
        if (!db_run(stmt, NULL, err))
            return false;
        rekey_point(REKEY_DONE);
        say(SAY_INFO, "gate: sector %.*s is in epoch %u of its pseudonyms", STR_ARG(sector->name),
            epoch->number);
    }
    sector->moving = false;
    return true;
}

/* One batch, or the end. */
static bool move_some(struct gate *gate, struct db *db, struct sector *sector, bool *ret_more,
                      struct err *err)
{
    const struct epoch *epoch = epoch_at(sector, ledger_shard(gate->ledger));
    if (epoch != &sector->epoch[sector->epochs_n - 1])
        return true; /* its shard has not begun */
    for (size_t i = 0; i < gate->j->registries_n; i++) {
        const struct registry *registry = &gate->j->registries[i];
        const struct vault_move move = {registry->id, epoch->number, translate, sector};
        size_t moved;
        if (sector_of(gate, registry->holder) != sector)
            continue;
        if (!vault_rekey(gate->vault, db, &move, BATCH, &moved, err))
            return false;
        if (moved == BATCH) {
            *ret_more = true;
            return true;
        }
    }
    return finish(gate, db, sector, epoch, err);
}

bool rekey_step(struct gate *gate, struct db *db, bool *ret_more, struct err *err)
{
    struct arena arena;
    struct str sector;
    *ret_more = false;
    arena_init(&arena, 512, 65536);
    bool ok = ordered_one(gate, db, true, &sector, &arena, err);
    if (ok && sector.n != 0 && shard_next_part(gate) != 0)
        ok = shard_end_early(gate, db, err);
    arena_done(&arena);
    for (size_t i = 0; ok && !*ret_more && i < gate->sectors_n; i++)
        if (gate->sector[i].moving)
            ok = move_some(gate, db, &gate->sector[i], ret_more, err);
    return ok;
}

/* --- showing --- */

static bool sector_read(struct db *db, struct gate_sector *s, struct err *err)
{
    static const char sql[] = "SELECT epoch, shard FROM gate_epoch WHERE sector = $1 ORDER BY epoch";
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    s->epoch = 1;
    db_bind_text(stmt, 1, s->name);
    while ((row = db_step(stmt, err)) == DB_ROW) {
        if (db_i64(stmt, 1) == 0) {
            s->ordered = true;
            continue;
        }
        s->epoch = (unsigned)db_i64(stmt, 0);
        s->shard = (uint32_t)db_i64(stmt, 1);
    }
    return row == DB_DONE;
}

bool gate_sectors(struct gate *gate, struct db *db, struct arena *arena, struct gate_sector **ret_sectors,
                  size_t *ret_n, struct err *err)
{
    size_t n = gate->sectors_n - 1;
    struct gate_sector *sectors = arena_array(arena, struct gate_sector, n + 1);
    for (size_t i = 0; i < n; i++) {
        sectors[i].name = gate->sector[i].name;
        if (!sector_read(db, &sectors[i], err))
            return false;
    }
    for (size_t r = 0; r < gate->j->registries_n; r++) {
        const struct registry *registry = &gate->j->registries[r];
        struct gate_sector *s = &sectors[sector_of(gate, registry->holder) - gate->sector];
        uint64_t left, all;
        if (!vault_rekey_left(db, registry->id, s->epoch, &left, &all, err))
            return false;
        s->left += s->epoch > 1 ? left : 0; /* before epoch 2 nothing had to move */
        s->all += all;
    }
    *ret_sectors = sectors;
    *ret_n = n;
    return true;
}
