/* SPDX-License-Identifier: Apache-2.0 */
/* shard.c: the keys of each shard, and the quarter's change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"
#include "vault/rekey_points.h"

uint32_t shard_of_time(int64_t time)
{
    struct date date = date_of_time(time, 0);
    return (uint32_t)((date.year - 1970) * 4 + (date.month - 1) / 3);
}

const struct shard *shard_find(const struct gate *gate, uint32_t number)
{
    for (size_t i = __atomic_load_n(&gate->shards_n, __ATOMIC_ACQUIRE); i-- != 0;)
        if (gate->shard[i].number == number)
            return __atomic_load_n(&gate->shard[i].gone, __ATOMIC_ACQUIRE) ? NULL : &gate->shard[i];
    return NULL;
}

static void key_names(const char *folder, uint32_t number, char path[2][512], char name[2][32])
{
    static const char *const kind[2] = {"vrf", "entry"};
    for (int i = 0; i < 2; i++) {
        snprintf(name[i], 32, "shard-%u-%s", number, kind[i]);
        snprintf(path[i], 512, "%s/%s.key", folder, name[i]);
    }
}

/* Keys of a shard that were destroyed after retention are simply not there. */
bool shards_load(struct gate *gate, struct err *err)
{
    uint32_t now = shard_of_time(clock_now());
    uint32_t first = now >= SHARDS_MAX ? now - SHARDS_MAX + 1 : 0;
    for (uint32_t i = 0; i < (now - first + 1) * SHARD_PARTS; i++) {
        uint32_t number = first + i / SHARD_PARTS + i % SHARD_PARTS * SHARD_PARTS_STEP;
        char path[2][512], name[2][32];
        key_names(gate->keys_folder, number, path, name);
        if (access(path[0], F_OK) != 0)
            continue;
        struct shard *shard = &gate->shard[gate->shards_n];
        shard->number = number;
        if (!key_file_read_sealed(path[0], gate->master, name[0], shard->vrf_secret, err) ||
            !key_file_read_sealed(path[1], gate->master, name[1], shard->entry_key, err))
            return false;
        vrf_public(shard->vrf_public, shard->vrf_secret);
        gate->shards_n++;
        if (number >= SHARD_PARTS_STEP && shard_order(number) > shard_order(gate->early))
            gate->early = number; /* what a quarter's shard was ended early for */
    }
    return true;
}

/* A new key, or the one that a crash left behind. */
static bool key_kept(struct gate *gate, const char *path, const char *name, uint8_t key[KEY_SIZE],
                     struct err *err)
{
    return access(path, F_OK) == 0 ? key_file_read_sealed(path, gate->master, name, key, err)
                                   : key_file_write_sealed(path, gate->master, name, key, err);
}

static bool record_of_shard(struct gate *gate, const struct shard *shard, struct err *err)
{
    struct arena arena;
    struct buf content;
    struct json j;
    char start[TIME_TEXT_SIZE], id[16];
    arena_init(&arena, 1024, 65536);
    buf_in(&content, &arena, 4096);
    json_start(&j, &content);
    json_open_object(&j);
    time_iso(clock_now(), start);
    json_key_text(&j, "start", str_of(start));
    json_key(&j, "vrf");
    json_open_array(&j);
    json_base64(&j, shard->vrf_public, sizeof shard->vrf_public);
    json_end(&j);
    json_end(&j);
    snprintf(id, sizeof id, "%u", shard->number);
    bool ok = record_append(gate, STR("shard"), str_of(id), 0, buf_view(&content), err);
    arena_done(&arena);
    return ok;
}

/* Keys first, durable, under a name that says that the shard has not begun; then the public record, once;
 * then the name; then the numbering. A crash between leaves a shard that is begun again with the same keys.
 */
static bool shard_begin(struct gate *gate, uint32_t number, struct err *err)
{
    char path[2][512], name[2][32], fresh[520], id[16];
    struct shard *shard = &gate->shard[gate->shards_n];
    if (gate->shards_n == SHARD_SLOTS)
        return err_set(err, ERR_TOO_LARGE, "shard", "%d shards have begun; restart the program", SHARDS_MAX);
    key_names(gate->keys_folder, number, path, name);
    snprintf(fresh, sizeof fresh, "%s.new", path[0]);
    snprintf(id, sizeof id, "%u", number);
    *shard = (struct shard){.number = number};
    vrf_secret_new(shard->vrf_secret);
    random_bytes(shard->entry_key, sizeof shard->entry_key);
    bool again = access(fresh, F_OK) == 0;
    if (!key_kept(gate, path[1], name[1], shard->entry_key, err) ||
        !key_kept(gate, fresh, name[0], shard->vrf_secret, err))
        return false;
    rekey_point(REKEY_SHARD_KEYS);
    vrf_public(shard->vrf_public, shard->vrf_secret);
    bool logged = false;
    if ((again && !record_logged(gate, STR("shard"), str_of(id), 0, &logged, err)) ||
        (!logged && !record_of_shard(gate, shard, err)))
        return false;
    rekey_point(REKEY_SHARD_LOGGED);
    if (rename(fresh, path[0]) != 0)
        return err_errno(err, path[0], "cannot put the shard's key in its place");
    rekey_point(REKEY_SHARD_NAMED);
    __atomic_store_n(&gate->shards_n, gate->shards_n + 1, __ATOMIC_RELEASE); /* others read it unlocked */
    return true;
}

static int64_t shard_end(uint32_t number)
{
    struct date next = {1970 + (int)(number + 1) / 4, 1 + (int)(number + 1) % 4 * 3, 1};
    return date_days(next) * CLOCK_DAY;
}

uint32_t shard_next_part(const struct gate *gate)
{
    uint32_t open = ledger_shard(gate->ledger);
    return open / SHARD_PARTS_STEP + 1 < SHARD_PARTS ? open + SHARD_PARTS_STEP : 0;
}

/* The quarter's, or what follows it when it was ended early: an epoch then began with that. */
static uint32_t shard_wanted(const struct gate *gate, int64_t now)
{
    uint32_t quarter = shard_of_time(now);
    return gate->early % SHARD_PARTS_STEP == quarter ? gate->early : quarter;
}

/* The epochs' row says with which shard they begin before anything of the shard is made: after a crash
 * between, the next start begins it. */
bool shard_end_early(struct gate *gate, struct db *db, struct err *err)
{
    pthread_mutex_lock(&gate->turn_lock);
    uint32_t number = shard_next_part(gate);
    bool ok = number == 0 || number % SHARD_PARTS_STEP != shard_of_time(clock_now()) ||
              epochs_begin(gate, db, number, err);
    if (ok)
        atomic_store_explicit(&gate->shard_ends, 0, memory_order_release);
    pthread_mutex_unlock(&gate->turn_lock);
    return ok && shard_turn(gate, db, clock_now(), err);
}

bool gate_end_shard(struct gate *gate, struct db *db, uint32_t *ret_begun, struct err *err)
{
    pthread_mutex_lock(&gate->turn_lock);
    uint32_t number = shard_next_part(gate);
    bool ok =
        (number != 0 && number % SHARD_PARTS_STEP == shard_of_time(clock_now())) ||
        err_set(err, ERR_CONFLICT, "shard",
                "this quarter's shard was ended early %d times already, or the quarter is changing now: "
                "the next quarter brings new keys by itself",
                SHARD_PARTS - 1);
    if (ok) {
        gate->early = number;
        atomic_store_explicit(&gate->shard_ends, 0, memory_order_release);
    }
    pthread_mutex_unlock(&gate->turn_lock);
    ok = ok && shard_turn(gate, db, clock_now(), err);
    *ret_begun = ok ? ledger_shard(gate->ledger) : 0;
    return ok;
}

bool gate_take_master(struct gate *gate, const uint8_t master[KEY_SIZE], gate_reseal_fn *reseal, void *arg,
                      struct err *err)
{
    pthread_mutex_lock(&gate->turn_lock);
    memcpy(gate->master, master, KEY_SIZE);
    bool ok = reseal(arg, err);
    pthread_mutex_unlock(&gate->turn_lock);
    return ok;
}

/* A shard whose keys are lost must not begin a second time: the log would hold two keys for the same lists.
 * Where the key lies under its first name, it is the same one. */
static bool shard_is_new(const struct gate *gate, uint32_t number, struct err *err)
{
    char path[2][512], name[2][32], fresh[520];
    key_names(gate->keys_folder, number, path, name);
    snprintf(fresh, sizeof fresh, "%s.new", path[0]);
    return ledger_shard(gate->ledger) != number || access(fresh, F_OK) == 0 ||
           err_set(
               err, ERR_NOT_FOUND, path[0],
               "the key file is not there, and the log has entries of its shard: put it back from a copy");
}

bool shard_turn(struct gate *gate, struct db *db, int64_t now, struct err *err)
{
    if (now < atomic_load_explicit(&gate->shard_ends, memory_order_acquire))
        return true;
    pthread_mutex_lock(&gate->turn_lock);
    bool ok = true;
    if (now >= gate->shard_ends) {
        uint32_t number = shard_wanted(gate, now);
        ok = shard_find(gate, number) != NULL ||
             (shard_is_new(gate, number, err) && epochs_begin(gate, db, number, err) &&
              shard_begin(gate, number, err));
        if (ok) {
            pthread_rwlock_wrlock(&gate->shard_lock);
            ledger_set_shard(gate->ledger, number);
            pthread_rwlock_unlock(&gate->shard_lock);
            atomic_store_explicit(&gate->shard_ends, shard_end(number % SHARD_PARTS_STEP),
                                  memory_order_release);
        }
    }
    pthread_mutex_unlock(&gate->turn_lock);
    return ok;
}
