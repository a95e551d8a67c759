/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/consent.h"

#include "gate/gate_private.h"
#include "jurisdiction/words.h"

static bool is_asked_for(const struct agency *agency, const struct purpose *purpose)
{
    for (size_t o = 0; purpose->needs_consent && o < agency->offices_n; o++)
        if (office_may(&agency->offices[o], purpose))
            return true;
    return false;
}

static bool read_until(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], struct gate_consent *c,
                       int32_t today, struct err *err)
{
    static const char sql[] =
        "SELECT until_day FROM gate_consent WHERE agency = $1 AND person = $2 AND purpose = $3";
    uint8_t tag[KEY_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(gate, c->agency, pid, tag);
    db_bind_text(stmt, 1, c->agency->id);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, c->purpose->id);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        int64_t until = db_i64(stmt, 0);
        c->until = until >= today ? (int32_t)until : 0;
        db_end(stmt);
    }
    return true;
}

bool gate_consents(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], int32_t today,
                   struct arena *arena, struct gate_consent **ret_list, size_t *ret_n, struct err *err)
{
    const struct jurisdiction *j = gate->j;
    struct gate_consent *list = arena_array(arena, struct gate_consent, j->agencies_n * j->purposes_n + 1);
    size_t n = 0;
    for (size_t a = 0; a < j->agencies_n; a++)
        for (size_t p = 0; p < j->purposes_n; p++) {
            if (!is_asked_for(&j->agencies[a], &j->purposes[p]))
                continue;
            list[n] = (struct gate_consent){&j->agencies[a], &j->purposes[p], 0};
            if (!read_until(gate, db, pid, &list[n++], today, err))
                return false;
        }
    *ret_list = list;
    *ret_n = n;
    return true;
}

struct changing {
    struct gate *gate;
    const struct gate_consent *consent; /* as it is to be */
    const uint8_t *pid;
    struct str levels;
    int32_t today;
    char act[ACT_ID_SIZE];
};

static bool take_back(const struct changing *c, struct db *db, struct err *err)
{
    static const char sql[] =
        "DELETE FROM gate_consent WHERE agency = $1 AND person = $2 AND purpose = $3 AND until_day >= $4";
    uint8_t tag[KEY_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(c->gate, c->consent->agency, c->pid, tag);
    db_bind_text(stmt, 1, c->consent->agency->id);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, c->consent->purpose->id);
    db_bind_i64(stmt, 4, c->today);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed != 0 ||
           err_set(err, ERR_CONFLICT, "consent", "%s", N_("There is no consent to take back."));
}

static bool change(struct db *db, void *arg, struct err *err)
{
    struct changing *c = arg;
    const struct gate_consent *to = c->consent;
    char day[16] = "";
    if (to->until != 0)
        date_text(to->until, day);
    const struct gate_act act = {.kind = gate_kind_code(KIND_CONSENT),
                                 .holder = to->agency,
                                 .pid = c->pid,
                                 .capacity = STR("self"),
                                 .levels = c->levels,
                                 .purpose = to->purpose->id,
                                 .outcome = to->until != 0 ? STR("given") : STR("taken-back"),
                                 .reason = str_of(day)};
    return (to->until != 0 ? gate_consent(c->gate, db, to->agency, to->purpose->id, c->pid, to->until, err)
                           : take_back(c, db, err)) &&
           gate_act_prepare(c->gate, db, &act, c->act, err);
}

bool gate_consent_change(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], struct str agency,
                         struct str purpose, int32_t until, int32_t today, struct str levels,
                         uint64_t *ret_position, struct err *err)
{
    const struct gate_consent to = {jurisdiction_agency(gate->j, agency),
                                    jurisdiction_purpose(gate->j, purpose), until};
    struct changing c = {.gate = gate, .consent = &to, .pid = pid, .levels = levels, .today = today};
    if (to.agency == NULL || to.purpose == NULL || !is_asked_for(to.agency, to.purpose))
        return err_set(err, ERR_NOT_FOUND, "consent", "no such consent is asked for");
    if (until != 0 && (until < today || until > today + CONSENT_DAYS_MAX))
        return err_set(err, ERR_INVALID, "until", "a consent ends today or within three years");
    return db_tx(db, change, &c, err) && gate_act_deliver(gate, db, c.act, ret_position, err);
}
