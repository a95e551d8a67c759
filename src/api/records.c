/* SPDX-License-Identifier: Apache-2.0 */
/* records.c: which leaves of the published log are public records, found as anybody can find them: by the
 * type in each leaf. What was read is remembered, so that a later call reads only what is new. */
#include <stdlib.h>

#include "api/records.h"
#include "gate/retain.h"
#include "ledger/public.h"

static struct {
    pthread_mutex_t lock;
    uint64_t read;
    uint64_t *leaf;
    size_t n, cap;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void remember(uint64_t leaf)
{
    if (known.n == known.cap) {
        known.cap = known.cap ? 2 * known.cap : 64;
        known.leaf = realloc(known.leaf, known.cap * sizeof *known.leaf);
        must(known.leaf != NULL);
    }
    known.leaf[known.n++] = leaf;
}

/* The next bundle, as far as it is published. */
static bool read_bundle(struct ledger *ledger, uint64_t size, struct arena *arena, struct err *err)
{
    const size_t record = 2 + LEAF_SIZE;
    struct tile tile = {.entries = true, .index = known.read / TILE_WIDTH};
    struct str bytes;
    tile.width = tile_width(size, 0, tile.index);
    if (!ledger_tile(ledger, &tile, arena, &bytes, err))
        return false;
    for (uint64_t i = known.read % TILE_WIDTH; i < tile.width; i++)
        if ((uint8_t)bytes.p[i * record + 2] == LEAF_PUBLIC)
            remember(tile.index * TILE_WIDTH + i);
    known.read = tile.index * TILE_WIDTH + tile.width;
    return true;
}

/* What a label was made from can only be tried: the kinds and ids that this program writes. */
static bool label_is(const uint8_t label[32], struct str kind, struct str id, uint32_t version)
{
    uint8_t made[32];
    leaf_public_label(made, kind, id, version);
    return memcmp(made, label, sizeof made) == 0;
}

static bool name_as(struct public_record *record, const uint8_t label[32], struct str kind, struct str id,
                    uint32_t version)
{
    if (!label_is(label, kind, id, version))
        return false;
    record->kind = kind;
    record->id = id;
    record->version = version;
    return true;
}

/* Names that carry a number: a quarter, the destruction of its keys, a key that documents are signed with. */
static bool name_numbered(struct public_record *record, const uint8_t label[32], uint32_t number,
                          struct arena *arena)
{
    char destroyed[GATE_SHARD_ID_SIZE];
    gate_shard_id(number, destroyed);
    return name_as(record, label, STR("shard"), str_of(arena_printf(arena, "%u", number)), 0) ||
           name_as(record, label, STR("key"), str_dup(arena, str_of(destroyed)), 0) ||
           name_as(record, label, STR("key"), str_of(arena_printf(arena, "document-%u", number)), 0);
}

static void name_record(const struct jurisdiction *j, const uint8_t label[32], struct arena *arena,
                        struct public_record *record)
{
    static const char *const keys[] = {"instance", "master", "log", "document", "shard", "psn"};
    for (uint32_t number = 0; number < 1000; number++) {
        if (name_as(record, label, STR("rules"), j->id, number) ||
            name_as(record, label, STR("holders"), STR("holders"), number) ||
            name_numbered(record, label, number, arena))
            return;
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
            if (name_as(record, label, STR("key"), str_of(keys[i]), number))
                return;
    }
    for (size_t a = 0; a < j->agencies_n; a++) {
        struct str id = str_of(arena_printf(arena, "psn.%.60s", str_c(arena, j->agencies[a].sector)));
        for (uint32_t version = 0; version < 100; version++)
            if (name_as(record, label, STR("key"), id, version))
                return;
    }
}

static bool open_record(const struct api *api, struct arena *arena, struct public_record *record,
                        struct err *err)
{
    struct ledger_entry entry;
    if (!ledger_read(api->ledger, record->leaf, arena, &entry, err))
        return false;
    record->content = (struct str){(const char *)entry.body, entry.body_n};
    record->time = entry.batch_time;
    name_record(api->jurisdiction, entry.leaf.label, arena, record);
    return true;
}

bool public_records(const struct api *api, struct arena *arena, size_t max,
                    struct public_record **ret_records, size_t *ret_n, uint64_t *ret_total, struct err *err)
{
    struct checkpoint published;
    (void)ledger_checkpoint(api->ledger, arena, &published);
    struct arena one;
    arena_init(&one, 32768, 1 << 20);
    bool ok = true;
    pthread_mutex_lock(&known.lock);
    while (ok && known.read < published.size) {
        ok = read_bundle(api->ledger, published.size, &one, err);
        arena_reset(&one);
    }
    size_t n = MIN_OF(known.n, max);
    struct public_record *records = arena_array(arena, struct public_record, n + 1);
    for (size_t i = 0; i < n; i++)
        records[i].leaf = known.leaf[known.n - 1 - i];
    *ret_total = known.n;
    pthread_mutex_unlock(&known.lock);
    arena_done(&one);
    for (size_t i = 0; ok && i < n; i++)
        ok = open_record(api, arena, &records[i], err);
    *ret_records = records;
    *ret_n = n;
    return ok;
}
