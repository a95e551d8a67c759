/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c: may this look be? Each rule returns the first reason against it; the order is that of the words a
 * person would use: is there such a purpose, may this office use it, does it open this registry and these
 * fields, is there a case, consent or order for this person, and has the office any persons left today. */
#include "crypto/keys.h"
#include "gate/gate_private.h"

/* --- cases and consents --- */

void person_tag(const struct gate *gate, const struct agency *agency, const uint8_t pid[PID_SIZE],
                uint8_t tag[KEY_SIZE])
{
    uint8_t bytes[64 + PID_SIZE];
    memcpy(bytes, pid, PID_SIZE);
    memcpy(bytes + PID_SIZE, agency->id.p, agency->id.n);
    key_derive_for(tag, gate->case_key, "person", bytes, PID_SIZE + agency->id.n);
}

bool gate_case_open(struct gate *gate, struct db *db, const struct agency *agency, struct str case_no,
                    struct str purpose, const uint8_t pid[PID_SIZE], int32_t from, int32_t until,
                    struct err *err)
{
    static const char sql[] =
        "INSERT INTO gate_case (agency, case_no, person, purpose, from_day, until_day, state) "
        "VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (agency, case_no, person) DO UPDATE SET purpose = "
        "excluded.purpose, from_day = excluded.from_day, until_day = excluded.until_day, state = 0";
    uint8_t tag[KEY_SIZE];
    if (case_no.n == 0 || case_no.n > 64 || !utf8_valid(case_no))
        return err_set(err, ERR_INVALID, "case", "a case number has 1 to 64 characters");
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(gate, agency, pid, tag);
    db_bind_text(stmt, 1, agency->id);
    db_bind_text(stmt, 2, case_no);
    db_bind_bytes(stmt, 3, tag, sizeof tag);
    db_bind_text(stmt, 4, purpose);
    db_bind_i64(stmt, 5, from);
    db_bind_i64(stmt, 6, until);
    return db_run(stmt, NULL, err);
}

bool gate_case_close(struct gate *gate, struct db *db, const struct agency *agency, struct str case_no,
                     struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "UPDATE gate_case SET state = 1 WHERE agency = $1 AND case_no = $2", err);
    int64_t changed;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, agency->id);
    db_bind_text(stmt, 2, case_no);
    if (!db_run(stmt, &changed, err))
        return false;
    return changed != 0 || err_set(err, ERR_NOT_FOUND, "case", "this agency has no such case");
}

bool gate_consent(struct gate *gate, struct db *db, const struct agency *agency, struct str purpose,
                  const uint8_t pid[PID_SIZE], int32_t until, struct err *err)
{
    static const char sql[] =
        "INSERT INTO gate_consent (agency, person, purpose, until_day) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (agency, person, purpose) DO UPDATE SET until_day = excluded.until_day";
    uint8_t tag[KEY_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(gate, agency, pid, tag);
    db_bind_text(stmt, 1, agency->id);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, purpose);
    db_bind_i64(stmt, 4, until);
    return db_run(stmt, NULL, err);
}

static bool check_case(struct gate *gate, struct db *db, const struct gate_request *r,
                       const struct purpose *purpose, int32_t today, enum gate_reason *ret_reason,
                       struct err *err)
{
    static const char sql[] = "SELECT person, purpose, from_day, until_day, state FROM gate_case WHERE "
                              "agency = $1 AND case_no = $2";
    uint8_t tag[KEY_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(gate, r->office->agency, r->pid, tag);
    db_bind_text(stmt, 1, r->office->agency->id);
    db_bind_text(stmt, 2, r->case_no);
    enum gate_reason reason = GATE_CASE_UNKNOWN;
    enum db_result row;
    while ((row = db_step(stmt, err)) == DB_ROW) { /* a case may have several persons */
        if (!str_eq(db_bytes(stmt, 0), (struct str){(const char *)tag, sizeof tag})) {
            reason = reason == GATE_CASE_UNKNOWN ? GATE_CASE_OTHER_PERSON : reason;
            continue;
        }
        if (!str_eq(db_text(stmt, 1), purpose->id))
            reason = GATE_CASE_OTHER_PURPOSE;
        else if (db_i64(stmt, 4) != 0 || today < db_i64(stmt, 2) || today > db_i64(stmt, 3))
            reason = GATE_CASE_CLOSED;
        else
            reason = GATE_ADMITTED;
        db_end(stmt);
        break;
    }
    if (row == DB_ERROR)
        return false;
    *ret_reason = reason;
    return true;
}

static bool check_consent(struct gate *gate, struct db *db, const struct gate_request *r,
                          const struct purpose *purpose, int32_t today, enum gate_reason *ret_reason,
                          struct err *err)
{
    static const char sql[] =
        "SELECT until_day FROM gate_consent WHERE agency = $1 AND person = $2 AND purpose = $3";
    uint8_t tag[KEY_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    person_tag(gate, r->office->agency, r->pid, tag);
    db_bind_text(stmt, 1, r->office->agency->id);
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, purpose->id);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_reason = found && db_i64(stmt, 0) >= today ? GATE_ADMITTED : GATE_CONSENT_MISSING;
    if (found)
        db_end(stmt);
    return true;
}

/* --- the decision --- */

enum gate_reason decide_purpose(const struct gate *gate, const struct gate_request *r, struct decision *d)
{
    d->purpose = jurisdiction_purpose(gate->j, r->purpose);
    if (d->purpose == NULL)
        return GATE_PURPOSE_UNKNOWN;
    if (d->purpose->self != (r->office == NULL))
        return d->purpose->self ? GATE_NOT_SELF : GATE_OFFICE_MAY_NOT;
    if (r->office != NULL && !office_may(r->office, d->purpose))
        return GATE_OFFICE_MAY_NOT;
    if (!levels_reach(levels_of(r->levels), d->purpose->minimum))
        return GATE_LEVEL_LOW;
    return GATE_ADMITTED;
}

/* What the folder alone decides. */
static enum gate_reason by_rules(const struct gate *gate, const struct gate_request *r, struct decision *d)
{
    d->registry = jurisdiction_registry(gate->j, r->registry);
    enum gate_reason reason = decide_purpose(gate, r, d);
    if (reason != GATE_ADMITTED)
        return reason;
    if (d->registry == NULL)
        return GATE_REGISTRY_UNKNOWN;
    const struct lookup *lookup = registry_lookup(d->registry, d->purpose);
    if (lookup == NULL)
        return GATE_PURPOSE_SEES_NOTHING;
    uint64_t asked = r->fields_n ? 0 : lookup->fields;
    for (size_t i = 0; i < r->fields_n; i++) {
        int at = registry_field(d->registry, r->fields[i]);
        if (at < 0 || (lookup->fields >> at & 1) == 0)
            return GATE_FIELD_NOT_ADMITTED;
        asked |= UINT64_C(1) << at;
    }
    d->fields = asked;
    return GATE_ADMITTED;
}

bool purpose_by_order(const struct purpose *purpose)
{
    return purpose->needs_order || purpose->stream == STREAM_SEALED;
}

/* What this person's case, consent or order decides. */
static bool by_need(struct gate *gate, struct db *db, const struct gate_request *r,
                    const struct purpose *purpose, int32_t today, struct arena *arena,
                    enum gate_reason *reason, struct gate_order *order, struct err *err)
{
    *reason = GATE_ADMITTED;
    if (r->break_glass) {
        /* An emergency look is shown and reviewed at once: never one whose list opens later. */
        if (!purpose->break_glass || purpose->needs_order || purpose->stream != STREAM_OPEN)
            *reason = GATE_NO_BREAK_GLASS;
        else if (utf8_length(str_trim(r->reason)) < GATE_BREAK_GLASS_REASON)
            *reason = GATE_REASON_SHORT;
        return true;
    }
    if (purpose_by_order(purpose) && !order_decide(gate, db, r, purpose, today, arena, reason, order, err))
        return false;
    if (*reason != GATE_ADMITTED)
        return true;
    if (purpose->needs_case && r->case_no.n == 0) {
        *reason = GATE_CASE_MISSING;
        return true;
    }
    if (purpose->needs_case && (!check_case(gate, db, r, purpose, today, reason, err)))
        return false;
    if (*reason == GATE_ADMITTED && purpose->needs_consent)
        return check_consent(gate, db, r, purpose, today, reason, err);
    return true;
}

bool decide_person(struct gate *gate, struct db *db, const struct gate_request *request, int32_t today,
                   struct arena *arena, struct decision *d, struct err *err)
{
    uint8_t handle[LEDGER_HANDLE_SIZE];
    if (d->reason == GATE_ADMITTED && request->pid == NULL)
        d->reason = GATE_PERSON_UNKNOWN;
    if (d->reason != GATE_ADMITTED || request->office == NULL)
        return true;
    if (!by_need(gate, db, request, d->purpose, today, arena, &d->reason, &d->order, err))
        return false;
    handle_of(gate, request->pid, handle);
    if (d->reason == GATE_ADMITTED &&
        !quota_take(&gate->quota, request->actor, handle, request->office->quota, today))
        d->reason = GATE_QUOTA;
    return true;
}

bool decide(struct gate *gate, struct db *db, const struct gate_request *request, int32_t today,
            struct arena *arena, struct decision *ret_decision, struct err *err)
{
    struct decision d = {0};
    d.reason = by_rules(gate, request, &d);
    if (!decide_person(gate, db, request, today, arena, &d, err))
        return false;
    if (d.reason != GATE_ADMITTED)
        d.fields = 0;
    *ret_decision = d;
    return true;
}
