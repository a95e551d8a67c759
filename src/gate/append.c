/* SPDX-License-Identifier: Apache-2.0 */
/* append.c: the one way into the log: number, write, seal, submit; and the ways back by time and by id. */
#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

#define ID_SLACK (10 * CLOCK_SECOND) /* a batch may bear a time a little before that of an id in it */

struct str basis_text(const struct purpose *purpose, struct arena *arena)
{
    if (purpose == NULL)
        return (struct str){"", 0};
    const struct basis *basis = &purpose->basis;
    return str_of(arena_printf(arena, "%.*s, %s", STR_ARG(basis->law.in[0]),
                               basis->article.n ? str_c(arena, basis->article) : "article not yet entered"));
}

bool entry_append(struct gate *gate, struct db *db, const struct list *list, struct entry_facts *facts,
                  const uint8_t *salt, struct arena *arena, struct subject *ret_subject, uint64_t *ret_leaf,
                  struct err *err)
{
    struct ledger_want want = {.type = LEAF_PERSONAL};
    struct ledger_ticket ticket;
    struct subject subject;
    uint8_t drawn[SALT_SIZE];
    struct buf json;
    if (!shard_turn(gate, db, clock_now(), err))
        return false;
    handle_of(gate, list->pid, want.handle);
    stream_of(gate, list, &want.stream);
    must(look_id_parse(str_of(facts->id), want.id));
    if (salt == NULL)
        random_bytes(drawn, sizeof drawn);
    buf_in(&json, arena, ENTRY_MAX);
    pthread_rwlock_rdlock(&gate->shard_lock); /* the seed's shard is the one that the entry is numbered in */
    const struct shard *shard = shard_find(gate, ledger_shard(gate->ledger));
    must(shard != NULL);
    bool numbered = subject_of(gate, db, list, shard, &subject, err) &&
                    ledger_reserve(gate->ledger, &want, 1, &ticket, err);
    pthread_rwlock_unlock(&gate->shard_lock);
    if (!numbered)
        return false;
    struct ledger_slot *slot = &ticket.slot[0];
    facts->shard = slot->shard;
    facts->number = slot->number;
    must(slot->shard == shard->number);
    entry_json(facts, &json);
    must(!buf_overflowed(&json)); /* every text was bounded well below the entry's limit */
    entry_seal(shard, &subject, salt != NULL ? salt : drawn, buf_view(&json), arena, slot);
    *ret_leaf = slot->leaf;
    ledger_submit(gate->ledger, &ticket);
    *ret_subject = subject;
    return true;
}

bool first_since(struct gate *gate, int64_t time, uint64_t *ret_leaf, struct err *err)
{
    uint64_t low = 0, high = ledger_durable(gate->ledger);
    struct arena arena;
    arena_init(&arena, 65536, 1 << 20);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct ledger_entry entry;
        arena_reset(&arena);
        if (!ledger_read(gate->ledger, middle, &arena, &entry, err)) {
            arena_done(&arena);
            return false;
        }
        if (entry.batch_time < time)
            low = middle + 1;
        else
            high = middle;
    }
    arena_done(&arena);
    *ret_leaf = low;
    return true;
}

struct id_search {
    const uint8_t *id;
    int64_t until;
    bool found;
    uint64_t leaf;
};

static bool id_here(void *arg, const struct ledger_entry *entry)
{
    struct id_search *search = arg;
    if (memcmp(entry->id, search->id, LEDGER_ID_SIZE) == 0) {
        search->found = true;
        search->leaf = entry->leaf_number;
    }
    return !search->found && entry->batch_time <= search->until;
}

bool find_by_id(struct gate *gate, const uint8_t id[LEDGER_ID_SIZE], int64_t within, bool *ret_found,
                uint64_t *ret_leaf, struct err *err)
{
    int64_t drawn = look_id_time(id);
    struct id_search search = {.id = id, .until = drawn + within};
    uint64_t from;
    if (!first_since(gate, drawn - ID_SLACK, &from, err) ||
        !ledger_scan(gate->ledger, from, UINT64_MAX, id_here, &search, err))
        return false;
    *ret_found = search.found;
    if (search.found)
        *ret_leaf = search.leaf;
    return true;
}
