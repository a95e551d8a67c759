/* SPDX-License-Identifier: Apache-2.0 */
/* epoch.c: the keys of each sector's pseudonyms, epoch by epoch (identity of a person in a sector:
 * AINA-PSN-V1).
 *
 * A sector's epoch changes only where a shard begins; the table gate_epoch says with which. Lists of an older
 * shard keep the pseudonyms, and so the labels, of their own epoch.
 *
 * Two holders have a root each: the operator and the supervisor. Their shares are made by holder_share alone,
 * and meet in key_of (a sector's key) and in epoch_step (from one epoch or sector to another) alone. Where
 * the supervisor becomes a process of its own, these two ask it: psn_ask, psn_answer and psn_take
 * (crypto/psn.h) are the messages. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

static const char *const root_name[PSN_HOLDERS] = {"psn-1", "psn-2"};

bool gate_create_keys(const char *keys_folder, const uint8_t master[KEY_SIZE], struct err *err)
{
    for (int i = 0; i < PSN_HOLDERS; i++) {
        char path[512];
        uint8_t root[PSN_ROOT_SIZE];
        snprintf(path, sizeof path, "%s/%s.key", keys_folder, root_name[i]);
        random_bytes(root, sizeof root);
        if (!key_file_write_sealed(path, master, root_name[i], root, err))
            return false;
    }
    return true;
}

static bool roots_read(const struct gate *gate, uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE], struct err *err)
{
    for (int i = 0; i < PSN_HOLDERS; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s.key", gate->keys_folder, root_name[i]);
        if (!key_file_read_sealed(path, gate->master, root_name[i], root[i], err))
            return false;
    }
    return true;
}

static void key_of(uint8_t key[KEY_SIZE], uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE], struct str sector,
                   unsigned epoch)
{
    uint8_t share[PSN_HOLDERS][KEY_SIZE];
    char name[65];
    snprintf(name, sizeof name, "%.*s", STR_ARG(sector));
    for (int i = 0; i < PSN_HOLDERS; i++)
        psn_share(share[i], root[i], name, epoch);
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
static bool epoch_add(struct sector *sector, unsigned number, uint32_t shard,
                      uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE], struct err *err)
{
    size_t n = sector->epochs_n;
    if (n == EPOCHS_MAX)
        return err_set(err, ERR_TOO_LARGE, "epoch", "a sector has at most %d epochs", EPOCHS_MAX);
    sector->epoch[n] = (struct epoch){.number = number, .shard = shard};
    key_of(sector->epoch[n].key, root, sector->name, number);
    __atomic_store_n(&sector->epochs_n, n + 1, __ATOMIC_RELEASE);
    return true;
}

bool epochs_read(struct gate *gate, struct db *db, uint32_t *ret_latest, struct err *err)
{
    static const char sql[] = "SELECT sector, epoch, shard FROM gate_epoch WHERE shard > 0 ORDER BY epoch";
    uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result row;
    if (stmt == NULL)
        return false;
    *ret_latest = 0;
    bool ok = roots_read(gate, root, err);
    while (ok && (row = db_step(stmt, err)) == DB_ROW) {
        struct sector *sector = sector_named(gate, db_text(stmt, 0));
        unsigned number = (unsigned)db_i64(stmt, 1);
        uint32_t shard = (uint32_t)db_i64(stmt, 2);
        if (shard_order(shard) > shard_order(*ret_latest))
            *ret_latest = shard;
        if (sector == NULL || number <= sector->epoch[sector->epochs_n - 1].number)
            continue; /* not in the folder any more; known already */
        ok = epoch_add(sector, number, shard, root, err);
        sector->moving = true; /* until the keeper finds that nobody is left */
    }
    if (!ok)
        db_end(stmt);
    secret_wipe(root, sizeof root);
    return ok && row == DB_DONE;
}

bool sectors_load(struct gate *gate, struct err *err)
{
    uint8_t root[PSN_HOLDERS][PSN_ROOT_SIZE];
    bool ok = roots_read(gate, root, err);
    for (size_t a = 0; ok && a <= gate->j->agencies_n; a++) {
        const struct agency *agency = a < gate->j->agencies_n ? &gate->j->agencies[a] : &gate->supervisor;
        struct sector *sector = agency == &gate->supervisor ? NULL : sector_named(gate, agency->sector);
        if (sector == NULL) {
            sector = &gate->sector[gate->sectors_n++];
            sector->name = agency->sector;
            ok = epoch_add(sector, 1, 0, root, err);
        }
        gate->sector_at[a] = (size_t)(sector - gate->sector);
    }
    secret_wipe(root, sizeof root);
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
