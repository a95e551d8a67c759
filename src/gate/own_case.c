/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/own_case.h"

#include <stdio.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"
#include "jurisdiction/words.h"

#define CASE_MAX 64
#define REASON_SIZE 256

const char own_case_notice[] =
    N_("Aina: an office opened a case about you. If you are not there now, go to your page and ask why.");

struct own {
    struct gate *gate;
    const struct gate_own_case *given;
    const struct purpose *purpose;
    int32_t today, until;
    uint8_t tag[KEY_SIZE]; /* of agency and number */
    char act[ACT_ID_SIZE];
};

static bool number_fits(struct str case_no, struct err *err)
{
    bool plain = case_no.n != 0 && case_no.n <= CASE_MAX && utf8_valid(case_no);
    for (size_t i = 0; i < case_no.n && plain; i++)
        plain = (uint8_t)case_no.p[i] >= 0x20;
    return plain ||
           err_set(err, ERR_INVALID, "case", "%s",
                   N_("A case number has 1 to 64 characters (letters other than Latin count twice)."));
}

static void own_start(struct own *o, struct gate *gate, const struct gate_own_case *given)
{
    uint8_t bytes[2 * CASE_MAX + 1];
    struct str agency = given->office->agency->id;
    *o = (struct own){.gate = gate, .given = given, .today = local_today(gate->j)};
    must(agency.n <= CASE_MAX);
    memcpy(bytes, agency.p, agency.n);
    bytes[agency.n] = '/'; /* stands in no id */
    memcpy(bytes + agency.n + 1, given->case_no.p, given->case_no.n);
    key_derive_for(o->tag, gate->case_key, "own case", bytes, agency.n + 1 + given->case_no.n);
}

static bool may(const struct gate *gate, const struct gate_own_case *given, const struct purpose *purpose,
                struct err *err)
{
    enum gate_reason reason = purpose == NULL                                        ? GATE_PURPOSE_UNKNOWN
                              : purpose->self || !office_may(given->office, purpose) ? GATE_OFFICE_MAY_NOT
                              : !levels_reach(levels_of(given->levels), purpose->minimum) ? GATE_LEVEL_LOW
                                                                                          : GATE_ADMITTED;
    return reason == GATE_ADMITTED ||
           err_set(err, ERR_NOT_ALLOWED, "purpose", "%s", gate_reason_words(reason));
}

/* --- the row: who is the person of the number --- */

static bool row_insert(const struct own *o, struct db *db, bool *ret_new, struct err *err)
{
    static const char sql[] = "INSERT INTO gate_own_case (tag, purpose, sealed) VALUES ($1, $2, $3) "
                              "ON CONFLICT (tag) DO NOTHING";
    uint8_t sealed[PID_SIZE + SEAL_OVERHEAD];
    struct db_stmt *stmt = db_sql(db, sql, err);
    int64_t changed;
    if (stmt == NULL)
        return false;
    seal(sealed, o->gate->case_key, o->given->pid, PID_SIZE, o->tag, sizeof o->tag);
    db_bind_bytes(stmt, 1, o->tag, sizeof o->tag);
    db_bind_text(stmt, 2, o->purpose->id);
    db_bind_bytes(stmt, 3, sealed, sizeof sealed);
    if (!db_run(stmt, &changed, err))
        return false;
    *ret_new = changed != 0;
    return true;
}

static bool row_read(const struct own *o, struct db *db, bool *ret_found, const struct purpose **ret_purpose,
                     uint8_t pid[PID_SIZE], struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT purpose, sealed FROM gate_own_case WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, o->tag, sizeof o->tag);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    struct str sealed = db_bytes(stmt, 1);
    *ret_purpose = jurisdiction_purpose(o->gate->j, db_text(stmt, 0));
    bool good = sealed.n == PID_SIZE + SEAL_OVERHEAD &&
                seal_open(pid, o->gate->case_key, (const uint8_t *)sealed.p, sealed.n, o->tag, sizeof o->tag);
    db_end(stmt);
    return good || err_set(err, ERR_CORRUPT, "gate_own_case", "a row does not open: it was changed");
}

static bool number_used(const struct own *o, struct db *db, bool *ret_used, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "SELECT 1 FROM gate_case WHERE agency = $1 AND case_no = $2 LIMIT 1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, o->given->office->agency->id);
    db_bind_text(stmt, 2, o->given->case_no);
    if (!db_one(stmt, ret_used, err))
        return false;
    if (*ret_used)
        db_end(stmt);
    return true;
}

static bool act_prepare(struct own *o, struct db *db, const uint8_t *pid, const char *outcome,
                        struct str reason, struct err *err)
{
    const struct gate_own_case *given = o->given;
    const struct gate_act act = {.kind = gate_kind_code(KIND_OWN_CASE),
                                 .holder = given->office->agency,
                                 .pid = pid,
                                 .office = given->office,
                                 .actor = given->actor,
                                 .capacity = given->capacity,
                                 .mandate = given->mandate,
                                 .levels = given->levels,
                                 .purpose = o->purpose->id,
                                 .case_no = given->case_no,
                                 .outcome = str_of(outcome),
                                 .reason = reason};
    return gate_act_prepare(o->gate, db, &act, o->act, err);
}

/* --- opening --- */

/* The number is new at the agency, or was this person's for this purpose. */
static bool number_free(const struct own *o, struct db *db, struct err *err)
{
    const struct purpose *purpose = o->purpose;
    uint8_t pid[PID_SIZE];
    bool new_row, found = true, used = false;
    memcpy(pid, o->given->pid, PID_SIZE);
    if (!row_insert(o, db, &new_row, err) ||
        !(new_row ? number_used(o, db, &used, err) : row_read(o, db, &found, &purpose, pid, err)))
        return false;
    return (!used && found && purpose == o->purpose && memcmp(pid, o->given->pid, PID_SIZE) == 0) ||
           err_set(
               err, ERR_CONFLICT, "case", "%s",
               N_("Your agency used this case number for another person or another purpose. Choose another "
                  "number."));
}

static bool open_once(struct db *db, void *arg, struct err *err)
{
    struct own *o = arg;
    const struct gate_own_case *given = o->given;
    const struct date last = date_of_days(o->until);
    char reason[REASON_SIZE];
    int n = snprintf(reason, sizeof reason, "%04d-%02d-%02d; %.*s", last.year, last.month, last.day,
                     STR_ARG(given->presence));
    must(n > 0 && (size_t)n < sizeof reason);
    return number_free(o, db, err) &&
           gate_case_open(o->gate, db, given->office->agency, given->case_no, o->purpose->id, given->pid,
                          o->today, o->until, err) &&
           act_prepare(o, db, given->pid, "begun", str_of(reason), err);
}

bool gate_own_case_open(struct gate *gate, struct db *db, const struct gate_own_case *own, int32_t *ret_until,
                        uint64_t *ret_position, struct err *err)
{
    struct own o;
    const struct purpose *purpose = jurisdiction_purpose(gate->j, own->purpose);
    if (!may(gate, own, purpose, err) || !number_fits(own->case_no, err))
        return false;
    if (purpose->own_case_days == 0)
        return err_set(err, ERR_INVALID, "purpose", "%s",
                       N_("For this purpose no office opens a case of its own: it needs an application."));
    if (own->days > purpose->own_case_days)
        return err_set(err, ERR_INVALID, "days", "this purpose gives a case at most %u days",
                       purpose->own_case_days);
    own_start(&o, gate, own);
    o.purpose = purpose;
    o.until = o.today + (int32_t)(own->days ? own->days : purpose->own_case_days);
    if (!db_tx(db, open_once, &o, err) || !gate_act_deliver(gate, db, o.act, ret_position, err))
        return false;
    *ret_until = o.until;
    return true;
}

/* --- ending --- */

static bool case_end(const struct own *o, struct db *db, const uint8_t pid[PID_SIZE], struct err *err)
{
    static const char sql[] = "UPDATE gate_case SET state = 1 WHERE agency = $1 AND case_no = $2 AND "
                              "person = $3 AND state = 0";
    uint8_t tag[KEY_SIZE];
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(o->gate, o->given->office->agency, pid, tag);
    db_bind_text(stmt, 1, o->given->office->agency->id);
    db_bind_text(stmt, 2, o->given->case_no);
    db_bind_bytes(stmt, 3, tag, sizeof tag);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed != 0 || err_set(err, ERR_CONFLICT, "case", "%s", N_("This case is ended already."));
}

static bool end_once(struct db *db, void *arg, struct err *err)
{
    struct own *o = arg;
    uint8_t pid[PID_SIZE];
    bool found;
    if (!row_read(o, db, &found, &o->purpose, pid, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "case", "%s",
                       N_("No office of your agency opened a case of this number by itself."));
    return may(o->gate, o->given, o->purpose, err) && case_end(o, db, pid, err) &&
           act_prepare(o, db, pid, "ended", STR(""), err);
}

bool gate_own_case_end(struct gate *gate, struct db *db, const struct gate_own_case *own,
                       uint64_t *ret_position, struct err *err)
{
    struct own o;
    if (!number_fits(own->case_no, err))
        return false;
    own_start(&o, gate, own);
    return db_tx(db, end_once, &o, err) && gate_act_deliver(gate, db, o.act, ret_position, err);
}
