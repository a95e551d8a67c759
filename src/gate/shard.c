/* SPDX-License-Identifier: Apache-2.0 */
/* shard.c: the keys of each shard, and public records (TRUST.md section 2, type 4). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

uint32_t shard_of_time(int64_t time)
{
    struct date date = date_of_time(time, 0);
    return (uint32_t)((date.year - 1970) * 4 + (date.month - 1) / 3);
}

const struct shard *shard_find(const struct gate *gate, uint32_t number)
{
    for (size_t i = gate->shards_n; i-- != 0;)
        if (gate->shard[i].number == number)
            return &gate->shard[i];
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
bool shards_load(struct gate *gate, const struct gate_config *config, struct err *err)
{
    uint32_t now = shard_of_time(clock_now());
    for (uint32_t number = now >= SHARDS_MAX ? now - SHARDS_MAX + 1 : 0; number <= now; number++) {
        char path[2][512], name[2][32];
        key_names(config->keys_folder, number, path, name);
        if (access(path[0], F_OK) != 0)
            continue;
        struct shard *shard = &gate->shard[gate->shards_n];
        shard->number = number;
        if (!key_file_read_sealed(path[0], config->master, name[0], shard->vrf_secret, err) ||
            !key_file_read_sealed(path[1], config->master, name[1], shard->entry_key, err))
            return false;
        vrf_public(shard->vrf_public, shard->vrf_secret);
        gate->shards_n++;
    }
    return true;
}

bool record_append(struct gate *gate, struct str kind, struct str id, uint32_t version, struct str content,
                   struct err *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    struct ledger_want want = {.type = LEAF_PUBLIC};
    struct ledger_ticket ticket;
    if (!ledger_reserve(gate->ledger, &want, 1, &ticket, err))
        return false;
    struct ledger_slot *slot = &ticket.slot[0];
    leaf_public_label(slot->label, kind, id, version);
    leaf_commit(slot->commit, no_salt, content);
    slot->body = (const uint8_t *)content.p;
    slot->body_n = content.n;
    uint64_t leaf = slot->leaf;
    ledger_submit(gate->ledger, &ticket);
    return ledger_wait(gate->ledger, leaf + 1, err);
}

/* New keys first, durable, then the public record, then the numbering: a crash between leaves a shard that is
 * begun again. */
bool shard_begin(struct gate *gate, const struct gate_config *config, uint32_t number, struct err *err)
{
    char path[2][512], name[2][32], id[16];
    struct shard *shard = &gate->shard[gate->shards_n];
    must(gate->shards_n < SHARDS_MAX + 1);
    key_names(config->keys_folder, number, path, name);
    *shard = (struct shard){.number = number};
    vrf_secret_new(shard->vrf_secret);
    random_bytes(shard->entry_key, sizeof shard->entry_key);
    vrf_public(shard->vrf_public, shard->vrf_secret);
    if (!key_file_write_sealed(path[1], config->master, name[1], shard->entry_key, err) ||
        !key_file_write_sealed(path[0], config->master, name[0], shard->vrf_secret, err))
        return false;
    gate->shards_n++;

    struct arena arena;
    struct buf content;
    struct json j;
    char start[TIME_TEXT_SIZE];
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
    snprintf(id, sizeof id, "%u", number);
    bool ok = record_append(gate, STR("shard"), str_of(id), 0, buf_view(&content), err);
    arena_done(&arena);
    return ok;
}
