/* SPDX-License-Identifier: Apache-2.0 */
/* register.c: mandates that rest on a register: what it says now. */
#include "base/clock.h"
#include "people/mandate_private.h"
#include "people/told.h"

bool mandate_register_says(struct people *people, struct db *db, const struct registry *registry,
                           enum capacity capacity, const struct account *actor, const struct person *subject,
                           struct arena *arena, bool *ret_says, int32_t *ret_born, struct err *err)
{
    const struct relation *relation = registry_relation(registry, str_of(capacity_facts[capacity].code));
    struct str scheme, number, born;
    struct date date;
    *ret_says = false;
    *ret_born = 0;
    if (people->gate == NULL)
        return err_set(err, ERR_UNSUPPORTED, "register", "cannot be asked here");
    if (relation == NULL || actor->kind != CALLER_PERSON) /* the folder of today asks no such thing of it */
        return true;
    if (!people_number(people, db, &actor->person, arena, &scheme, &number, err) ||
        !gate_relation(people->gate, db, registry, relation, subject->pid, number, arena, ret_says, &born,
                       err))
        return false;
    if (*ret_says && date_parse(born, &date))
        *ret_born = date_days(date);
    return true;
}

/* --- asked again --- */

struct ending {
    struct people *people;
    struct mandate *mandate;
    int64_t now;
    struct arena *arena;
    struct told told;
};

static bool end(struct db *db, void *arg, struct err *err)
{
    struct ending *e = arg;
    struct mandate m;
    bool changed;
    if (!mandate_end_in(e->people, db, str_of(e->mandate->id), STR(""), WHY_REGISTER, e->now, e->arena, &m,
                        &changed, err))
        return false;
    *e->mandate = m;
    e->told = (struct told){.kind = KIND_MANDATE,
                            .person = m.subject,
                            .actor = TOLD_REGISTER,
                            .capacity = str_of(capacity_facts[m.capacity].code),
                            .mandate = str_of(e->mandate->id),
                            .outcome = STR("ended"),
                            .reason = m.registry,
                            .nothing = !changed};
    return true;
}

bool mandate_ask_again(struct people *people, struct db *db, struct mandate *m, int64_t now,
                       struct arena *arena, bool *ret_says, uint64_t *ret_position, struct err *err)
{
    int32_t born = 0;
    *ret_says = false;
    *ret_position = 0;
    if (people->gate == NULL)
        return err_set(err, ERR_UNSUPPORTED, "register", "cannot be asked here");
    const struct registry *registry = jurisdiction_registry(people->j, m->registry);
    if (registry != NULL && !mandate_register_says(people, db, registry, m->capacity, &m->actor, &m->subject,
                                                   arena, ret_says, &born, err))
        return false;
    if (*ret_says) {
        m->born = born != 0 ? born : m->born;
        return true;
    }
    struct ending e = {people, m, now, arena, {0}};
    return told_tx(people->gate, db, people->j, end, &e, &e.told, ret_position, err);
}
