/* SPDX-License-Identifier: Apache-2.0 */
/* epoch.c: the keys of each sector's pseudonyms, epoch by epoch (identity of a person in a sector:
 * AINA-PSN-V1).
 *
 * A sector's epoch changes only where a shard begins; the table gate_epoch says with which. Lists of an older
 * shard keep the pseudonyms, and so the labels, of their own epoch.
 *
 * Two holders have a root each: the operator and the supervisor. Roots can be made anew (gate_new_roots):
 * then every sector begins an epoch from the new ones, and the old stay for the lists of older shards. Their
 * shares meet in key_of (a sector's key) and in epoch_step (from one epoch or sector to another) alone. Where
 * the supervisor becomes a process of its own, these two ask it: psn_ask, psn_answer and psn_take
 * (crypto/psn.h) are the messages. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

struct roots {
    unsigned generation; /* 0: none read */
    uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE];
};

/* "psn-1" and "psn-2"; of later generations "psn-1-2", "psn-2-2" ... */
static void root_names(const char *folder, unsigned generation, int holder, char path[512], char name[32])
{
    snprintf(name, 32, generation > 1 ? "psn-%d-%u" : "psn-%d", holder + 1, generation);
    snprintf(path, 512, "%s/%s.key", folder, name);
}

bool gate_create_keys(const char *keys_folder, const uint8_t master[KEY_SIZE], struct err *err)
{
    for (int i = 0; i < PSN_HOLDERS; i++) {
        char path[512], name[32];
        uint8_t root[PSN_ROOT_SIZE];
        root_names(keys_folder, 1, i, path, name);
        random_bytes(root, sizeof root);
        if (!key_file_write_sealed(path, master, name, root, err))
            return false;
    }
    return true;
}

/* Nothing where they are those of this generation already. */
static bool roots_read(const struct gate *gate, unsigned generation, struct roots *roots, struct err *err)
{
    if (roots->generation == generation)
        return true;
    for (int i = 0; i < PSN_HOLDERS; i++) {
        char path[512], name[32];
        root_names(gate->keys_folder, generation, i, path, name);
        if (!key_file_read_sealed(path, gate->master, name, roots->root[i], err))
            return false;
    }
    roots->generation = generation;
    return true;
}

bool roots_make(const struct gate *gate, unsigned generation, struct err *err)
{
    for (int i = 0; i < PSN_HOLDERS; i++) {
        char path[512], name[32];
        uint8_t root[PSN_ROOT_SIZE];
        struct err ignored;
        root_names(gate->keys_folder, generation, i, path, name);
        bool there = key_file_read_sealed(path, gate->master, name, root, &ignored);
        if (!there) {
            unlink(path); /* of a run that was cut off: no epoch is made of it */
            random_bytes(root, sizeof root);
        }
        bool ok = there || key_file_write_sealed(path, gate->master, name, root, err);
        secret_wipe(root, sizeof root);
        if (!ok)
            return false;
    }
    return true;
}

static void key_of(uint8_t key[KEY_SIZE], const struct roots *roots, struct str sector, unsigned epoch)
{
    uint8_t share[PSN_HOLDERS][KEY_SIZE];
    char name[65];
    snprintf(name, sizeof name, "%.*s", STR_ARG(sector));
    for (int i = 0; i < PSN_HOLDERS; i++)
        psn_share(share[i], roots->root[i], name, epoch);
    psn_product(key, share[0], share[1]);
    secret_wipe(share, sizeof share);
}

/* A shard that a quarter's was ended early for comes after it, and before the next quarter's. */
uint64_t shard_order(uint32_t shard)
{
    return (uint64_t)(shard % SHARD_PARTS_STEP) * SHARD_PARTS_STEP + shard / SHARD_PARTS_STEP;
}

static struct sector *sector_named(struct gate *gate, struct str name)
{
    for (size_t i = 0; i < gate->sectors_n; i++)
        if (str_eq(gate->sector[i].name, name))
            return &gate->sector[i];
    return NULL;
}

struct sector *sector_of(const struct gate *gate, const struct agency *holder)
{
    return &gate->sector[holder == &gate->supervisor ? gate->sectors_n - 1
                                                     : gate->sector_at[holder - gate->j->agencies]];
}

const struct epoch *epoch_at(const struct sector *sector, uint32_t shard)
{
    size_t n = __atomic_load_n(&sector->epochs_n, __ATOMIC_ACQUIRE), at = 0;
    for (size_t i = 1; i < n; i++)
        if (shard_order(sector->epoch[i].shard) <= shard_order(shard))
            at = i;
    return &sector->epoch[at];
}

const struct epoch *epoch_now(const struct gate *gate, const struct agency *holder)
{
    return epoch_at(sector_of(gate, holder), ledger_shard(gate->ledger));
}

/* Others read the list unlocked. */
static bool epoch_add(struct sector *sector, unsigned number, uint32_t shard, const struct roots *roots,
                      struct err *err)
{
    size_t n = sector->epochs_n;
    if (n == EPOCHS_MAX)
        return err_set(err, ERR_TOO_LARGE, "epoch", "a sector has at most %d epochs", EPOCHS_MAX);
    sector->epoch[n] = (struct epoch){.number = number, .shard = shard};
    key_of(sector->epoch[n].key, roots, sector->name, number);
    __atomic_store_n(&sector->epochs_n, n + 1, __ATOMIC_RELEASE);
    return true;
}

bool epochs_read(struct gate *gate, struct db *db, uint32_t *ret_latest, struct err *err)
{
    static const char sql[] =
        "SELECT sector, epoch, shard, root FROM gate_epoch WHERE shard > 0 ORDER BY epoch";
    struct roots roots = {0};
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    *ret_latest = 0;
    bool ok = true;
    while (ok && (row = db_step(stmt, err)) == DB_ROW) {
        struct sector *sector = sector_named(gate, db_text(stmt, 0));
        unsigned number = (unsigned)db_i64(stmt, 1);
        uint32_t shard = (uint32_t)db_i64(stmt, 2);
        if (shard_order(shard) > shard_order(*ret_latest))
            *ret_latest = shard;
        if (sector == NULL || number <= sector->epoch[sector->epochs_n - 1].number)
            continue; /* not in the folder any more; known already */
        ok = roots_read(gate, (unsigned)db_i64(stmt, 3), &roots, err) &&
             epoch_add(sector, number, shard, &roots, err);
        sector->moving = true; /* until the keeper finds that nobody is left */
    }
    if (!ok)
        db_end(stmt);
    secret_wipe(&roots, sizeof roots);
    return ok && row == DB_DONE;
}

bool sectors_load(struct gate *gate, struct err *err)
{
    struct roots roots = {0};
    bool ok = roots_read(gate, 1, &roots, err);
    for (size_t a = 0; ok && a <= gate->j->agencies_n; a++) {
        const struct agency *agency = a < gate->j->agencies_n ? &gate->j->agencies[a] : &gate->supervisor;
        struct sector *sector = agency == &gate->supervisor ? NULL : sector_named(gate, agency->sector);
        if (sector == NULL) {
            sector = &gate->sector[gate->sectors_n++];
            sector->name = agency->sector;
            ok = epoch_add(sector, 1, 0, &roots, err);
        }
        gate->sector_at[a] = (size_t)(sector - gate->sector);
    }
    secret_wipe(&roots, sizeof roots);
    return ok;
}

bool psn_of(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE], uint32_t shard,
            uint8_t psn[PSN_SIZE])
{
    uint8_t point[32];
    psn_hash_to_group(point, pid);
    return psn_multiply(psn, epoch_at(sector_of(gate, holder), shard)->key, point);
}

bool epoch_step(const struct epoch *from, const struct epoch *to, const uint8_t psn[PSN_SIZE],
                uint8_t ret_psn[PSN_SIZE])
{
    uint8_t step[KEY_SIZE];
    psn_step(step, from->key, to->key);
    bool ok = psn_multiply(ret_psn, step, psn);
    secret_wipe(step, sizeof step);
    return ok;
}
