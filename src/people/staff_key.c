/* SPDX-License-Identifier: Apache-2.0 */
#include "people/staff_key.h"

#include "base/clock.h"
#include "people/people_private.h"

#define LISTED_MAX 200
#define ROW_MAX 8192

static struct str row_ad(const struct staff_key *k, struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 1024);
    buf_lp(&ad, "staff-key", 9);
    buf_lp(&ad, k->staff_code.p, k->staff_code.n);
    buf_lp(&ad, k->agency.p, k->agency.n);
    buf_lp(&ad, k->confirmed_by.p, k->confirmed_by.n);
    return buf_view(&ad);
}

/* One list of the texts, for writing and reading. */
#define TEXTS(k)                                                                                             \
    {                                                                                                        \
        &(k)->scheme, &(k)->number, &(k)->organisation_scheme, &(k)->organisation, &(k)->name,               \
            &(k)->authority                                                                                  \
    }

static void row_seal(const struct people *people, const struct staff_key *k, struct arena *arena,
                     struct str *ret_sealed)
{
    const struct str *const texts[] = TEXTS(k);
    struct buf plain;
    buf_in(&plain, arena, ROW_MAX);
    buf_add(&plain, k->signing, SIGNING_ID_SIZE - 1);
    buf_u64be(&plain, (uint64_t)k->made);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        buf_lp(&plain, texts[i]->p, texts[i]->n);
    must(!buf_overflowed(&plain));
    people_seal(people, &plain, row_ad(k, arena), arena, ret_sealed);
}

/* Columns staff_code, agency, confirmed_by, sealed. */
static bool row_open(const struct people *people, struct db_stmt *stmt, struct arena *arena,
                     struct staff_key *k, struct err *err)
{
    struct str *const texts[] = TEXTS(k);
    struct str plain, signing;
    uint64_t made;
    *k = (struct staff_key){.staff_code = str_dup(arena, db_text(stmt, 0)),
                            .agency = str_dup(arena, db_text(stmt, 1)),
                            .confirmed_by = str_dup(arena, db_text(stmt, 2))};
    if (!people_unseal(people, db_bytes(stmt, 3), row_ad(k, arena), "staff_key", arena, &plain, err))
        return false;
    bool ok = take_bytes(&plain, SIGNING_ID_SIZE - 1, &signing) && take_u64(&plain, &made);
    for (size_t i = 0; ok && i < ARRAY_LEN(texts); i++)
        ok = lp_next(&plain, texts[i]);
    if (!ok || plain.n != 0)
        return err_set(err, ERR_CORRUPT, "staff_key", "a row is cut short");
    memcpy(k->signing, signing.p, signing.n);
    k->made = (int64_t)made;
    return true;
}

bool staff_key_enter(struct people *people, struct db *db, const struct official *official,
                     const struct signing *s, int64_t now, struct err *err)
{
    static const char sql[] =
        "INSERT INTO staff_key (staff_code, agency, confirmed_by, sealed) VALUES ($1, $2, '', $3) ON "
        "CONFLICT "
        "(staff_code) DO UPDATE SET agency = excluded.agency, confirmed_by = '', sealed = excluded.sealed";
    struct staff_key k = {.staff_code = official->staff_code,
                          .agency = official->agency,
                          .confirmed_by = STR(""),
                          .scheme = s->scheme,
                          .number = s->number,
                          .organisation_scheme = s->organisation_scheme,
                          .organisation = s->organisation,
                          .name = s->name,
                          .authority = s->authority,
                          .made = now};
    struct arena arena;
    struct str sealed;
    if (s->number.n == 0)
        return err_set(err, ERR_INVALID, "number", "the certificate carries no person's number");
    if (s->name.n > ROW_MAX / 2)
        return err_set(err, ERR_TOO_LARGE, "name", "in the certificate is too long");
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    memcpy(k.signing, s->id, SIGNING_ID_SIZE);
    arena_init(&arena, 4096, 65536);
    row_seal(people, &k, &arena, &sealed);
    db_bind_text(stmt, 1, k.staff_code);
    db_bind_text(stmt, 2, k.agency);
    db_bind_bytes(stmt, 3, sealed.p, sealed.n);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    return ok;
}

bool staff_key_of(struct people *people, struct db *db, struct str staff_code, struct arena *arena,
                  bool *ret_found, struct staff_key *ret_key, struct err *err)
{
    struct db_stmt *stmt = db_sql(
        db, "SELECT staff_code, agency, confirmed_by, sealed FROM staff_key WHERE staff_code = $1", err);
    bool ok = true;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (*ret_found) {
        ok = row_open(people, stmt, arena, ret_key, err);
        db_end(stmt);
    }
    return ok;
}

bool staff_keys_waiting(struct people *people, struct db *db, const struct official *by, struct arena *arena,
                        struct staff_key **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT staff_code, agency, confirmed_by, sealed FROM staff_key WHERE agency = $1 "
        "AND confirmed_by = '' ORDER BY staff_code LIMIT 200";
    struct staff_key *list = arena_array(arena, struct staff_key, LISTED_MAX);
    enum db_result result = DB_DONE;
    bool ok = true;
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, by->agency);
    while (ok && (result = db_step(stmt, err)) == DB_ROW) {
        must(n < LISTED_MAX);
        ok = row_open(people, stmt, arena, &list[n++], err);
    }
    if (!ok)
        db_end(stmt);
    *ret_list = list;
    *ret_n = n;
    return ok && result != DB_ERROR;
}

struct confirmation {
    struct people *people;
    const struct official *by;
    struct str staff_code, signing;
    bool confirm;
    struct arena *arena;
};

static bool write_decision(struct db *db, const struct confirmation *c, const struct staff_key *k,
                           struct err *err)
{
    struct db_stmt *stmt;
    struct str sealed;
    if (c->confirm) {
        row_seal(c->people, k, c->arena, &sealed);
        stmt = db_sql(db, "UPDATE staff_key SET confirmed_by = $2, sealed = $3 WHERE staff_code = $1", err);
    } else {
        stmt = db_sql(db, "DELETE FROM staff_key WHERE staff_code = $1", err);
    }
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, k->staff_code);
    if (c->confirm) {
        db_bind_text(stmt, 2, k->confirmed_by);
        db_bind_bytes(stmt, 3, sealed.p, sealed.n);
    }
    return db_run(stmt, NULL, err);
}

static bool decide(struct db *db, const struct confirmation *c, struct err *err)
{
    struct staff_key k;
    bool found;
    if (!staff_key_of(c->people, db, c->staff_code, c->arena, &found, &k, err))
        return false;
    if (!found || k.confirmed_by.n != 0 || !str_eq(k.agency, c->by->agency) || !str_is(c->signing, k.signing))
        return err_set(err, ERR_NOT_FOUND, "staff-key", "is not there any more");
    if (str_eq(k.staff_code, c->by->staff_code))
        return err_set(err, ERR_NOT_ALLOWED, "staff-key", "nobody confirms their own key");
    k.confirmed_by = c->by->staff_code;
    return write_decision(db, c, &k, err);
}

bool staff_key_decide(struct people *people, struct db *db, const struct jurisdiction *j,
                      const struct official *by, struct str staff_code, struct str signing, bool confirm,
                      struct err *err)
{
    const struct agency *agency = jurisdiction_agency(j, by->agency);
    const struct office *office = agency ? jurisdiction_office(agency, by->office) : NULL;
    struct arena arena;
    const struct confirmation c = {people, by, staff_code, signing, confirm, &arena};
    if (office == NULL || !office->administrator)
        return err_set(err, ERR_NOT_ALLOWED, "office", "only an administrator of the agency may do this");
    arena_init(&arena, 4096, 65536);
    bool ok = decide(db, &c, err);
    arena_done(&arena);
    return ok;
}
