/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/retain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

static const char *const kinds[] = {"vrf", "entry"};

void gate_shard_id(uint32_t number, char out[GATE_SHARD_ID_SIZE])
{
    snprintf(out, GATE_SHARD_ID_SIZE, "shard-%u", number);
}

#define GONE ".gone" /* after the name: no key any more, and to be overwritten */

/* "shard-227-vrf.key"; false: another file. */
static bool shard_of_file(const char *file, uint32_t *ret_number)
{
    struct str name = str_of(file);
    uint64_t number = 0;
    bool found = false;
    if (str_ends(name, STR(GONE)))
        name.n -= strlen(GONE);
    for (size_t i = 0; i < ARRAY_LEN(kinds) && !found; i++) {
        char end[16];
        snprintf(end, sizeof end, "-%s.key", kinds[i]);
        found = str_starts(name, STR("shard-")) && str_ends(name, str_of(end)) && name.n > 6 + strlen(end) &&
                text_u64((struct str){name.p + 6, name.n - 6 - strlen(end)}, &number) && number <= UINT32_MAX;
    }
    *ret_number = (uint32_t)number;
    return found;
}

static int64_t kept_until(const struct gate *gate, uint32_t number)
{
    uint32_t quarter = number % SHARD_PARTS_STEP;
    unsigned years = gate->j->entries_years;
    if (years == 0)
        return INT64_MAX;
    struct date end = {1970 + (int)(quarter + 1) / 4 + (int)years, 1 + (int)(quarter + 1) % 4 * 3, 1};
    return date_days(end) * CLOCK_DAY;
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = shard_order(((const struct gate_shard *)a)->number),
             y = shard_order(((const struct gate_shard *)b)->number);
    return (x > y) - (x < y);
}

bool gate_shards(struct gate *gate, int64_t now, struct arena *arena, struct gate_shard **ret, size_t *ret_n,
                 struct err *err)
{
    size_t n = 0, most = (size_t)SHARD_SLOTS * 4;
    struct gate_shard *shards = arena_array(arena, struct gate_shard, most);
    DIR *dir = opendir(gate->keys_folder);
    if (dir == NULL)
        return err_errno(err, gate->keys_folder, "cannot open");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && n < most;) {
        uint32_t number;
        bool known = !shard_of_file(entry->d_name, &number);
        for (size_t i = 0; i < n && !known; i++)
            known = shards[i].number == number;
        if (known)
            continue;
        int64_t until = kept_until(gate, number);
        shards[n++] = (struct gate_shard){number, until, now >= until};
    }
    closedir(dir);
    qsort(shards, n, sizeof *shards, by_time);
    *ret = shards;
    *ret_n = n;
    return true;
}

/* A start that comes between meets a whole key or none. What the disk still has of it afterwards is up to the
 * disk. */
static bool overwrite(const char *path, struct err *err)
{
    uint8_t noise[256];
    char gone[4200];
    snprintf(gone, sizeof gone, "%.4000s" GONE, path);
    if (access(path, F_OK) == 0 && rename(path, gone) != 0)
        return err_errno(err, path, "cannot be destroyed");
    if (access(gone, F_OK) != 0)
        return true;
    random_bytes(noise, sizeof noise);
    int fd = open(gone, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, noise, sizeof noise) == sizeof noise && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return (ok && unlink(gone) == 0) || err_errno(err, path, "cannot be destroyed");
}

/* A cache: those of other shards are computed again when they are next wanted. */
static bool forget_seeds(struct gate *gate, struct db *db, struct err *err)
{
    cache_forget(gate->subjects);
    return db_exec(db, "DELETE FROM gate_subject", err);
}

bool gate_shard_destroy(struct gate *gate, struct db *db, uint32_t number, int64_t now, struct err *err)
{
    char id[GATE_SHARD_ID_SIZE], path[4096];
    bool logged;
    gate_shard_id(number, id);
    if (now < kept_until(gate, number) || number == ledger_shard(gate->ledger))
        return err_set(err, ERR_CONFLICT, id, "is kept still");
    if (!record_logged(gate, STR("key"), str_of(id), 0, &logged, err))
        return false;
    if (!logged)
        return err_set(err, ERR_CONFLICT, id, "goes only after the log says so");
    for (size_t i = 0; i < gate->shards_n; i++)
        if (gate->shard[i].number == number)
            __atomic_store_n(&gate->shard[i].gone, true, __ATOMIC_RELEASE);
    if (!forget_seeds(gate, db, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        snprintf(path, sizeof path, "%.4000s/%s-%s.key", gate->keys_folder, id, kinds[i]);
        if (!overwrite(path, err))
            return false;
    }
    return true;
}
