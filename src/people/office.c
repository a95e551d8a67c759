/* SPDX-License-Identifier: Apache-2.0 */
#include "people/office.h"

#include "base/clock.h"
#include "people/passkey.h"
#include "people/people_private.h"

#define LISTED_MAX 500

bool staff_code_valid(struct str code)
{
    if (code.n < 3 || code.n > STAFF_CODE_MAX)
        return false;
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && (i == 0 || (c != '-' && (c < '0' || c > '9'))))
            return false;
    }
    return true;
}

static bool is_administrator(const struct jurisdiction *j, const struct official *by, struct err *err)
{
    const struct agency *agency = jurisdiction_agency(j, by->agency);
    const struct office *office = agency ? jurisdiction_office(agency, by->office) : NULL;
    return (office != NULL && office->administrator) ||
           err_set(err, ERR_NOT_ALLOWED, "office", "only an administrator of the agency may do this");
}

/* --- four eyes --- */

/* Who holds an office elsewhere, now or later, is theirs: two administrators of another agency would
 * otherwise get a code for that official's first key. */
static bool nobody_elses(struct db *db, struct str staff_code, struct str agency, int32_t today,
                         struct err *err)
{
    static const char sql[] = "SELECT 1 FROM people_official WHERE staff_code = $1 AND agency <> $2 AND "
                              "(until_day = 0 OR until_day >= $3) LIMIT 1";
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    db_bind_text(stmt, 2, agency);
    db_bind_i64(stmt, 3, today);
    if (!db_one(stmt, &found, err))
        return false;
    if (found)
        db_end(stmt);
    return !found || err_set(err, ERR_CONFLICT, "staff-code", "is an official's of another agency");
}

/* The same office, held already from then on: whose key was lost is proposed anew, for a code. */
static bool holds_it(struct db *db, const struct official *o, bool *ret_holds, struct err *err)
{
    static const char sql[] =
        "SELECT 1 FROM people_official WHERE staff_code = $1 AND agency = $2 AND office = "
        "$3 AND from_day <= $4 AND until_day = $5 AND coalesce(stands_for, '') = $6";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, o->staff_code);
    db_bind_text(stmt, 2, o->agency);
    db_bind_text(stmt, 3, o->office);
    db_bind_i64(stmt, 4, o->from);
    db_bind_i64(stmt, 5, o->until);
    db_bind_text(stmt, 6, o->stands_for.n ? o->stands_for : STR(""));
    if (!db_one(stmt, ret_holds, err))
        return false;
    if (*ret_holds)
        db_end(stmt);
    return true;
}

static bool proposal_right(const struct jurisdiction *j, const struct official *by, const struct official *o,
                           int64_t now, struct err *err)
{
    const struct agency *agency = jurisdiction_agency(j, by->agency);
    if (!is_administrator(j, by, err))
        return false;
    if (!staff_code_valid(o->staff_code))
        return err_set(err, ERR_INVALID, "staff-code",
                       "has 3 to %d letters, digits and hyphens, a letter first", STAFF_CODE_MAX);
    if (str_eq(o->staff_code, by->staff_code))
        return err_set(err, ERR_NOT_ALLOWED, "staff-code", "nobody proposes themselves");
    if (jurisdiction_office(agency, o->office) == NULL)
        return err_set(err, ERR_INVALID, "office", "is not one of your agency");
    if (o->from < local_day(j, now) || (o->until != 0 && o->until < o->from))
        return err_set(err, ERR_INVALID, "from", "begins before today, or ends before it begins");
    if (o->stands_for.n != 0 && (o->until == 0 || str_eq(o->stands_for, o->staff_code)))
        return err_set(err, ERR_INVALID, "until", "a substitution has an end, and is for somebody else");
    return true;
}

bool office_propose(struct db *db, const struct jurisdiction *j, const struct official *by,
                    const struct official *o, int64_t now, char ret_id[27], struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_proposal (id, agency, by_staff, staff_code, office, from_day, "
        "until_day, stands_for, made) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    if (!proposal_right(j, by, o, now, err) ||
        !nobody_elses(db, o->staff_code, by->agency, local_day(j, now), err))
        return false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    people_random_id(ret_id);
    const struct str texts[] = {str_of(ret_id), by->agency, by->staff_code, o->staff_code, o->office};
    for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
        db_bind_text(stmt, i + 1, texts[i]);
    db_bind_i64(stmt, 6, o->from);
    db_bind_i64(stmt, 7, o->until);
    db_bind_text(stmt, 8, o->stands_for.n ? o->stands_for : STR(""));
    db_bind_i64(stmt, 9, now);
    return db_run(stmt, NULL, err);
}

#define PROPOSAL_COLUMNS "id, agency, by_staff, staff_code, office, from_day, until_day, stands_for, made"

static void proposal_row(struct db_stmt *stmt, struct arena *arena, struct proposal *p)
{
    struct str id = db_text(stmt, 0);
    *p = (struct proposal){
        .by = str_dup(arena, db_text(stmt, 2)),
        .official = {.agency = str_dup(arena, db_text(stmt, 1)),
                     .staff_code = str_dup(arena, db_text(stmt, 3)),
                     .office = str_dup(arena, db_text(stmt, 4)),
                     .from = (int32_t)db_i64(stmt, 5),
                     .until = (int32_t)db_i64(stmt, 6),
                     .stands_for = str_dup(arena, db_text(stmt, 7))},
        .made = db_i64(stmt, 8),
    };
    memcpy(p->id, id.p, MIN_OF(id.n, sizeof p->id - 1));
}

bool office_proposals(struct db *db, const struct official *by, struct arena *arena,
                      struct proposal **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT " PROPOSAL_COLUMNS " FROM people_proposal WHERE agency = $1 ORDER BY made "
        "LIMIT 500";
    struct proposal *list = arena_array(arena, struct proposal, LISTED_MAX);
    enum db_result result;
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, by->agency);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        must(n < LISTED_MAX);
        proposal_row(stmt, arena, &list[n++]);
    }
    *ret_list = list;
    *ret_n = n;
    return result != DB_ERROR;
}

struct decision {
    struct people *people;
    const struct official *by;
    struct str id;
    bool agree;
    struct arena *arena;
    int32_t today;
    struct proposal proposal;
};

static bool decide(struct db *db, void *arg, struct err *err)
{
    static const char sql[] =
        "DELETE FROM people_proposal WHERE id = $1 AND agency = $2 RETURNING " PROPOSAL_COLUMNS;
    struct decision *d = arg;
    bool found, holds;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, d->id);
    db_bind_text(stmt, 2, d->by->agency);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "proposal", "is not there any more");
    proposal_row(stmt, d->arena, &d->proposal);
    db_end(stmt);
    if (!d->agree)
        return true;
    if (str_eq(d->proposal.by, d->by->staff_code))
        return err_set(err, ERR_NOT_ALLOWED, "proposal",
                       "who proposed does not agree too: another administrator does");
    if (str_eq(d->proposal.official.staff_code, d->by->staff_code))
        return err_set(err, ERR_NOT_ALLOWED, "proposal", "nobody agrees to an office of their own");
    const struct official *o = &d->proposal.official;
    return nobody_elses(db, o->staff_code, d->by->agency, d->today, err) && holds_it(db, o, &holds, err) &&
           (holds || people_official_add(db, o, err));
}

bool office_decide(struct people *people, struct db *db, const struct jurisdiction *j,
                   const struct official *by, struct str id, bool agree, int64_t now, struct arena *arena,
                   struct proposal *ret_proposal, char ret_code[CODE_SIZE], struct err *err)
{
    struct decision d = {people, by, id, agree, arena, local_day(j, now), {.by = {0}}};
    char code[1][CODE_SIZE] = {""};
    uint64_t keys = 0;
    if (!is_administrator(j, by, err))
        return false;
    bool ok = db_tx(db, decide, &d, err);
    if (ok && agree) {
        const struct account account = {.kind = CALLER_OFFICIAL,
                                        .staff_code = d.proposal.official.staff_code};
        ok = passkey_count(people, db, &account, &keys, err) &&
             (keys != 0 || code_issue(people, db, &account, CODE_OFFICIAL, 3, now, code, err));
    }
    if (!ok)
        return false;
    memcpy(ret_code, code[0], CODE_SIZE);
    *ret_proposal = d.proposal;
    return true;
}

/* --- as an entry says it --- */

static struct str or_dash(struct str text)
{
    return text.n ? text : STR("-");
}

static struct str day_or_dash(int32_t day, struct arena *arena)
{
    struct date date = date_of_days(day);
    return day == 0 ? STR("-")
                    : str_of(arena_printf(arena, "%04d-%02d-%02d", date.year, date.month, date.day));
}

struct str office_terms(const struct official *o, struct str by, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(or_dash(o->office)),
                               STR_ARG(day_or_dash(o->from, arena)), STR_ARG(day_or_dash(o->until, arena)),
                               STR_ARG(or_dash(o->stands_for)), STR_ARG(or_dash(by))));
}

bool office_terms_parse(struct str text, struct office_terms *ret)
{
    struct str part[5], rest = text;
    for (size_t i = 0; i + 1 < ARRAY_LEN(part); i++)
        if (!str_next(&rest, ' ', &part[i]))
            return false;
    part[4] = rest;
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        if (part[i].n == 0 || memchr(part[i].p, ' ', part[i].n) != NULL)
            return false;
        if (str_is(part[i], "-"))
            part[i] = STR("");
    }
    *ret = (struct office_terms){part[0], part[1], part[2], part[3], part[4]};
    return true;
}

/* --- the agency's officials --- */

bool office_list(struct db *db, const struct official *by, int32_t today, struct arena *arena,
                 struct official **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT staff_code, agency, office, from_day, until_day, stands_for FROM "
                              "people_official WHERE agency = $1 AND (until_day = 0 OR until_day >= $2) "
                              "ORDER BY staff_code, from_day LIMIT 500";
    struct official *list = arena_array(arena, struct official, LISTED_MAX);
    enum db_result result;
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, by->agency);
    db_bind_i64(stmt, 2, today);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        must(n < LISTED_MAX);
        list[n++] = (struct official){.staff_code = str_dup(arena, db_text(stmt, 0)),
                                      .agency = str_dup(arena, db_text(stmt, 1)),
                                      .office = str_dup(arena, db_text(stmt, 2)),
                                      .from = (int32_t)db_i64(stmt, 3),
                                      .until = (int32_t)db_i64(stmt, 4),
                                      .stands_for = str_dup(arena, db_text(stmt, 5))};
    }
    *ret_list = list;
    *ret_n = n;
    return result != DB_ERROR;
}

static bool of_our_agency(struct db *db, const struct official *by, struct str staff_code, int32_t today,
                          struct err *err)
{
    static const char sql[] = "SELECT 1 FROM people_official WHERE staff_code = $1 AND agency = $2 AND "
                              "(until_day = 0 OR until_day >= $3)";
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    db_bind_text(stmt, 2, by->agency);
    db_bind_i64(stmt, 3, today);
    if (!db_one(stmt, &found, err))
        return false;
    if (found)
        db_end(stmt);
    return found || err_set(err, ERR_NOT_FOUND, "staff-code", "holds no office of your agency");
}

struct ending {
    const struct official *by;
    struct str staff_code;
    int32_t today;
};

/* An office that would have begun today or later ends before it begins. */
static bool end(struct db *db, void *arg, struct err *err)
{
    static const char close[] =
        "UPDATE people_official SET until_day = $1 WHERE staff_code = $2 AND agency = $3 "
        "AND (until_day = 0 OR until_day > $1)",
                      drop[] = "DELETE FROM people_proposal WHERE staff_code = $1 AND agency = $2";
    const struct ending *e = arg;
    struct db_stmt *stmt = db_sql(db, close, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, e->today - 1);
    db_bind_text(stmt, 2, e->staff_code);
    db_bind_text(stmt, 3, e->by->agency);
    if (!db_run(stmt, NULL, err) || (stmt = db_sql(db, drop, err)) == NULL)
        return false;
    db_bind_text(stmt, 1, e->staff_code);
    db_bind_text(stmt, 2, e->by->agency);
    return db_run(stmt, NULL, err);
}

bool office_end(struct people *people, struct db *db, const struct jurisdiction *j, const struct official *by,
                struct str staff_code, int32_t today, struct err *err)
{
    struct ending e = {by, staff_code, today};
    const struct account account = {.kind = CALLER_OFFICIAL, .staff_code = staff_code};
    return is_administrator(j, by, err) && of_our_agency(db, by, staff_code, today, err) &&
           db_tx(db, end, &e, err) && people_callers_end(people, db, &account, NULL, err);
}

bool office_end_keys(struct people *people, struct db *db, const struct jurisdiction *j,
                     const struct official *by, struct str staff_code, int32_t today, struct err *err)
{
    static const char keys[] = "DELETE FROM people_key WHERE owner = $1",
                      factors[] = "DELETE FROM people_factor WHERE owner = $1";
    const struct account account = {.kind = CALLER_OFFICIAL, .staff_code = staff_code};
    uint8_t owner[HASH_SIZE];
    struct db_stmt *stmt;
    if (str_eq(staff_code, by->staff_code))
        return err_set(err, ERR_NOT_ALLOWED, "staff-code", "one's own keys one takes away oneself");
    if (!is_administrator(j, by, err) || !of_our_agency(db, by, staff_code, today, err))
        return false;
    if ((stmt = db_sql(db, keys, err)) == NULL)
        return false;
    account_tag(people, &account, "key", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    if (!db_run(stmt, NULL, err) || (stmt = db_sql(db, factors, err)) == NULL)
        return false;
    account_tag(people, &account, "factor", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    return db_run(stmt, NULL, err) && people_callers_end(people, db, &account, NULL, err);
}

bool office_leave(struct people *people, struct db *db, const struct jurisdiction *j,
                  const struct official *by, struct str staff_code, int32_t from, int32_t until,
                  struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_leave (staff_code, from_day, until_day) VALUES ($1, $2, $3) ON CONFLICT "
        "(staff_code, from_day) DO UPDATE SET until_day = excluded.until_day";
    if (!is_administrator(j, by, err) || !of_our_agency(db, by, staff_code, from, err))
        return false;
    if (until < from)
        return err_set(err, ERR_INVALID, "until", "a leave ends on the day it begins, or later");
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    db_bind_i64(stmt, 2, from);
    db_bind_i64(stmt, 3, until);
    return db_run(stmt, NULL, err);
}
