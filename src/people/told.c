/* SPDX-License-Identifier: Apache-2.0 */
#include "people/told.h"

struct telling {
    struct gate *gate;
    const struct jurisdiction *j;
    db_tx_fn *change;
    void *arg;
    struct told *told;
    char id[ACT_ID_SIZE]; /* empty: no entry */
};

/* What one does oneself stands under the purpose of one's own looks. */
static struct str self_purpose(const struct jurisdiction *j)
{
    for (size_t i = 0; i < j->purposes_n; i++)
        if (j->purposes[i].self)
            return j->purposes[i].id;
    return STR("");
}

static bool tell(struct db *db, void *arg, struct err *err)
{
    struct telling *t = arg;
    struct told *told = t->told;
    t->id[0] = '\0';
    told->nothing = false;
    if (t->change != NULL && !t->change(db, t->arg, err))
        return false;
    bool official = told->staff_code.n != 0;
    if (official)
        gate_official_pid(t->gate, told->staff_code, told->person.pid);
    const struct gate_act act = {.kind = gate_kind_code(told->kind),
                                 .holder =
                                     official ? told->agency : jurisdiction_agency(t->j, t->j->mandates),
                                 .pid = told->person.pid,
                                 .office = told->office,
                                 .actor = told->actor,
                                 .capacity = told->capacity,
                                 .mandate = told->mandate,
                                 .levels = told->levels,
                                 .purpose = told->purpose.n || official ? told->purpose : self_purpose(t->j),
                                 .case_no = told->case_no,
                                 .outcome = told->outcome,
                                 .reason = told->reason};
    return told->nothing || act.holder == NULL || gate_act_prepare(t->gate, db, &act, t->id, err);
}

bool told_tx(struct gate *gate, struct db *db, const struct jurisdiction *j, db_tx_fn *change, void *arg,
             struct told *told, uint64_t *ret_position, struct err *err)
{
    struct telling t = {gate, j, change, arg, told, ""};
    *ret_position = 0;
    return db_tx(db, tell, &t, err) &&
           (t.id[0] == '\0' || gate_act_deliver(gate, db, t.id, ret_position, err));
}
