/* SPDX-License-Identifier: Apache-2.0 */
#include "people/told.h"

#define TOLD_MAX 2

struct telling {
    struct gate *gate;
    const struct jurisdiction *j;
    db_tx_fn *change;
    void *arg;
    struct told *told;
    char id[TOLD_MAX][ACT_ID_SIZE]; /* empty: no entry */
};

/* What one does oneself stands under the purpose of one's own looks. */
static struct str self_purpose(const struct jurisdiction *j)
{
    for (size_t i = 0; i < j->purposes_n; i++)
        if (j->purposes[i].self)
            return j->purposes[i].id;
    return STR("");
}

static bool tell_one(struct telling *t, struct db *db, struct told *told, char id[ACT_ID_SIZE],
                     struct err *err)
{
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
    return told->nothing || act.holder == NULL || gate_act_prepare(t->gate, db, &act, id, err);
}

static bool tell(struct db *db, void *arg, struct err *err)
{
    struct telling *t = arg;
    size_t n = 0;
    memset(t->id, 0, sizeof t->id);
    for (struct told *told = t->told; told != NULL; told = told->also)
        told->nothing = false;
    if (t->change != NULL && !t->change(db, t->arg, err))
        return false;
    for (struct told *told = t->told; told != NULL; told = told->also) {
        must(n < TOLD_MAX);
        if (!tell_one(t, db, told, t->id[n++], err))
            return false;
    }
    return true;
}

bool told_tx(struct gate *gate, struct db *db, const struct jurisdiction *j, db_tx_fn *change, void *arg,
             struct told *told, uint64_t *ret_position, struct err *err)
{
    struct telling t = {gate, j, change, arg, told, {""}};
    *ret_position = 0;
    bool ok = db_tx(db, tell, &t, err);
    for (size_t i = 0; ok && i < TOLD_MAX; i++) {
        uint64_t position = 0;
        ok = t.id[i][0] == '\0' || gate_act_deliver(gate, db, t.id[i], &position, err);
        *ret_position = MAX_OF(*ret_position, position);
    }
    return ok;
}
