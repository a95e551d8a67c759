/* SPDX-License-Identifier: Apache-2.0 */
/* relation.c: does the register still say that one person acts for another? */
#define AINA_ROOM_GATE
#include "gate/gate_private.h"
#include "jurisdiction/service_parts.h" /* NONE */

static bool psn_now(struct gate *gate, struct db *db, const struct registry *registry,
                    const uint8_t pid[PID_SIZE], struct subject *subject, uint32_t *ret_shard,
                    struct err *err)
{
    struct list list = {.holder = registry->holder, .kind = STREAM_OPEN};
    memcpy(list.pid, pid, PID_SIZE);
    pthread_rwlock_rdlock(&gate->shard_lock);
    const struct shard *shard = shard_find(gate, ledger_shard(gate->ledger));
    must(shard != NULL);
    *ret_shard = shard->number;
    bool ok = subject_of(gate, db, &list, shard, subject, err);
    pthread_rwlock_unlock(&gate->shard_lock);
    return ok;
}

bool gate_relation(struct gate *gate, struct db *db, const struct registry *registry,
                   const struct relation *relation, const uint8_t pid[PID_SIZE], struct str number,
                   struct arena *arena, bool *ret_says, struct str *ret_born, struct err *err)
{
    struct gate_answer answer = {.registry = registry, .fields = relation->fields};
    struct subject subject;
    *ret_says = false;
    *ret_born = (struct str){0};
    if (relation->born != NONE)
        answer.fields |= UINT64_C(1) << relation->born;
    if (!psn_now(gate, db, registry, pid, &subject, &answer.shard, err) ||
        !open_fields(gate, db, &subject, &answer, arena, err))
        return false;
    for (size_t r = 0; r < answer.records_n && !*ret_says; r++) {
        const struct gate_record *record = &answer.records[r];
        for (size_t f = 0; f < registry->fields_n; f++)
            *ret_says |= (relation->fields >> f & 1) && str_eq(record->value[f], number);
        if (*ret_says && relation->born != NONE)
            *ret_born = record->value[relation->born];
    }
    return true;
}
