/* SPDX-License-Identifier: Apache-2.0 */
#include "people/mandate.h"

#include "base/clock.h"
#include "crypto/keys.h"
#include "people/mandate_private.h"

#define LISTED_MAX 200
#define SCOPE_MAX 2000
#define GROUND_MAX 200

const struct capacity_fact capacity_facts[CAPACITIES_N] = {
#define X(id, code, words, sources, days, scope, age, actor)                                                 \
    [id] = {code, words, sources, days, scope, age, actor, true},
    CAPACITIES(X)
#undef X
};

void people_set_ages(struct people *people, struct people_ages ages)
{
    people->ages = ages;
}

void people_set_zone(struct people *people, int minutes)
{
    people->zone_minutes = minutes;
}

void people_set_registers(struct people *people, struct gate *gate, const struct jurisdiction *j)
{
    people->gate = gate;
    people->j = j;
}

bool capacity_find(struct str code, enum capacity *ret_capacity)
{
    for (int i = 0; i < CAPACITIES_N; i++)
        if (str_is(code, capacity_facts[i].code)) {
            *ret_capacity = (enum capacity)i;
            return true;
        }
    return false;
}

int32_t people_day(const struct people *people, int64_t time)
{
    return people->j != NULL ? local_day(people->j, time)
                             : date_days(date_of_time(time, people->zone_minutes));
}

int years_on(int32_t born, int32_t day)
{
    struct date b = date_of_days(born), d = date_of_days(day);
    bool before = d.month < b.month || (d.month == b.month && d.day < b.day);
    return d.year - b.year - before;
}

void people_random_id(char out[MANDATE_ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint8_t random[MANDATE_ID_SIZE - 1];
    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        out[i] = digits[random[i] % 32];
    out[sizeof random] = '\0';
}

/* --- a row --- */

struct mandate_tags {
    uint8_t subject[HASH_SIZE], actor[HASH_SIZE];
};

static void tags_of(const struct people *people, const struct mandate *m, struct mandate_tags *tags)
{
    const struct account subject = {.kind = CALLER_PERSON, .person = m->subject};
    account_tag(people, &subject, "mandate", tags->subject);
    account_tag(people, &m->actor, "mandate", tags->actor);
}

static struct str row_ad(struct str id, const void *subject, const void *actor, struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 1024);
    buf_lp(&ad, "mandate", 7);
    buf_lp(&ad, id.p, id.n);
    buf_add(&ad, subject, HASH_SIZE);
    buf_add(&ad, actor, HASH_SIZE);
    return buf_view(&ad);
}

static void row_put(struct buf *out, const struct mandate *m)
{
    buf_byte(out, (uint8_t)m->capacity);
    buf_byte(out, (uint8_t)m->source);
    buf_lp(out, m->ground.p, m->ground.n);
    put_account(out, &m->actor);
    buf_add(out, m->subject.pid, PID_SIZE);
    buf_lp(out, m->scope.p, m->scope.n);
    buf_u64be(out, (uint64_t)m->from);
    buf_u64be(out, (uint64_t)m->until);
    buf_u64be(out, (uint64_t)m->born);
    buf_u64be(out, (uint64_t)m->made);
    buf_u64be(out, (uint64_t)m->revoked);
    buf_byte(out, (uint8_t)m->why);
    buf_lp(out, m->registry.p, m->registry.n);
    buf_lp(out, m->agency.p, m->agency.n);
}

static bool row_take(struct str rest, struct mandate *m, struct err *err)
{
    uint8_t capacity, source, why = 0;
    uint64_t from, until, born, made, revoked;
    struct str pid;
    if (!take_byte(&rest, &capacity) || capacity >= CAPACITIES_N || !take_byte(&rest, &source) ||
        !lp_next(&rest, &m->ground) || !take_account(&rest, &m->actor) ||
        !take_bytes(&rest, PID_SIZE, &pid) || !lp_next(&rest, &m->scope) || !take_u64(&rest, &from) ||
        !take_u64(&rest, &until) || !take_u64(&rest, &born) || !take_u64(&rest, &made) ||
        !take_u64(&rest, &revoked) ||
        (rest.n != 0 && /* rows of before end here */
         (!take_byte(&rest, &why) || !lp_next(&rest, &m->registry) || !lp_next(&rest, &m->agency))) ||
        rest.n != 0)
        return err_set(err, ERR_CORRUPT, "people_mandate", "a row is cut short");
    memcpy(m->subject.pid, pid.p, PID_SIZE);
    m->capacity = (enum capacity)capacity;
    m->source = (enum mandate_source)source;
    m->from = (int64_t)from, m->until = (int64_t)until, m->born = (int32_t)born;
    m->made = (int64_t)made, m->revoked = (int64_t)revoked;
    m->why = why == WHY_OVER && revoked != 0 ? WHY_TAKEN_BACK : (enum mandate_why)why;
    return true;
}

/* Columns id, subject, actor, sealed. */
static bool row_open(const struct people *people, struct db_stmt *stmt, struct arena *arena,
                     struct mandate *m, struct err *err)
{
    struct str id = db_text(stmt, 0), subject = db_bytes(stmt, 1), actor = db_bytes(stmt, 2), plain;
    *m = (struct mandate){0};
    if (id.n != MANDATE_ID_SIZE - 1 || subject.n != HASH_SIZE || actor.n != HASH_SIZE)
        return err_set(err, ERR_CORRUPT, "people_mandate", "a row has columns of a wrong size");
    memcpy(m->id, id.p, id.n);
    return people_unseal(people, db_bytes(stmt, 3), row_ad(id, subject.p, actor.p, arena), "people_mandate",
                         arena, &plain, err) &&
           row_take(plain, m, err);
}

bool mandate_row_right(const struct people *people, struct db_stmt *row, struct arena *arena, struct err *err)
{
    struct mandate m;
    return row_open(people, row, arena, &m, err) &&
           (m.revoked == db_i64(row, 4) ||
            err_set(err, ERR_CORRUPT, "people_mandate", "mandate %s: its end is not the one that is sealed",
                    m.id));
}

static bool row_read(const struct people *people, struct db *db, struct str id, struct arena *arena,
                     struct mandate *m, bool *ret_found, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "SELECT id, subject, actor, sealed FROM people_mandate WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    if (!db_one(stmt, ret_found, err))
        return false;
    bool ok = true;
    if (*ret_found) {
        ok = row_open(people, stmt, arena, m, err);
        db_end(stmt);
    }
    return ok;
}

/* --- giving --- */

static bool scope_valid(struct str scope)
{
    struct str id;
    if (str_is(scope, "*"))
        return true;
    bool any = false;
    while (str_next(&scope, ' ', &id)) {
        if (!text_is_id(id))
            return false;
        any = true;
    }
    return any;
}

static bool same_account(const struct account *a, const struct account *b)
{
    return a->kind == b->kind &&
           (a->kind == CALLER_PERSON ? memcmp(a->person.pid, b->person.pid, PID_SIZE) == 0
                                     : str_eq(a->staff_code, b->staff_code));
}

bool mandate_terms(const struct people *people, const struct mandate *m, int64_t now, struct err *err)
{
    const struct capacity_fact *fact = &capacity_facts[m->capacity];
    const struct account subject = {.kind = CALLER_PERSON, .person = m->subject};
    int64_t life = m->until - m->from;
    int64_t life_max = m->capacity == CAPACITY_COUNTER ? MANDATE_ASSIST : fact->days_max * CLOCK_DAY;
    bool in_days = life_max >= CLOCK_DAY;
    if (m->actor.kind != fact->actor)
        return err_set(err, ERR_INVALID, "actor", "in this capacity %s acts",
                       fact->actor == CALLER_PERSON ? "a person" : "an official");
    if (same_account(&m->actor, &subject))
        return err_set(err, ERR_INVALID, "actor", "nobody needs a mandate for their own matters");
    if ((fact->sources & (unsigned)m->source) == 0 || m->ground.n == 0 || m->ground.n > GROUND_MAX)
        return err_set(err, ERR_INVALID, "source",
                       "this capacity rests on another source, and names its number");
    if (fact->needs_scope ? !scope_valid(m->scope) : !str_is(m->scope, "*"))
        return err_set(err, ERR_INVALID, "scope",
                       fact->needs_scope ? "say in which matters: ids with a space between, or *"
                                         : "this capacity is for all matters: *");
    if (m->scope.n > SCOPE_MAX)
        return err_set(err, ERR_INVALID, "scope", "is longer than %d characters", SCOPE_MAX);
    if (m->until != 0 && (life <= 0 || m->until <= now))
        return err_set(err, ERR_INVALID, "until", "ends before it begins, or is past");
    if (fact->days_max != 0 && (m->until == 0 || life > life_max))
        return err_set(err, ERR_INVALID, "until", "must be given: at most %lld %s after its beginning",
                       (long long)(life_max / (in_days ? CLOCK_DAY : 60 * CLOCK_SECOND)),
                       in_days ? "days" : "minutes");
    if (!fact->ends_at_majority)
        return true;
    if (people->ages.majority == 0)
        return err_set(err, ERR_INVALID, "jurisdiction.yaml",
                       "does not say at what age one comes of age: ages: {majority: N}");
    if (m->born == 0 || m->born > people_day(people, now) ||
        years_on(m->born, people_day(people, now)) >= (int)people->ages.majority)
        return err_set(err, ERR_INVALID, "born", "is not the birth date of a child");
    return true;
}

bool mandate_give(struct people *people, struct db *db, struct mandate *m, int64_t now, struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_mandate (id, subject, actor, sealed, revoked) VALUES ($1, $2, $3, $4, 0)";
    struct mandate_tags tags;
    struct arena arena;
    struct buf plain;
    struct str sealed;
    if (!mandate_terms(people, m, now, err))
        return false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    people_random_id(m->id);
    m->made = now;
    m->revoked = 0;
    m->why = WHY_OVER;
    tags_of(people, m, &tags);
    arena_init(&arena, 4096, 65536);
    buf_in(&plain, &arena, 8192);
    row_put(&plain, m);
    people_seal(people, &plain, row_ad(str_of(m->id), tags.subject, tags.actor, &arena), &arena, &sealed);
    db_bind_text(stmt, 1, str_of(m->id));
    db_bind_bytes(stmt, 2, tags.subject, HASH_SIZE);
    db_bind_bytes(stmt, 3, tags.actor, HASH_SIZE);
    db_bind_bytes(stmt, 4, sealed.p, sealed.n);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    return ok;
}

/* --- using --- */

bool mandate_holds(const struct people *people, const struct mandate *m, int64_t now)
{
    if (m->revoked != 0 || now < m->from || (m->until != 0 && now >= m->until))
        return false;
    return !capacity_facts[m->capacity].ends_at_majority ||
           years_on(m->born, people_day(people, now)) < (int)people->ages.majority;
}

bool scope_covers(struct str scope, struct str matter)
{
    struct str id;
    if (str_is(scope, "*"))
        return true;
    while (str_next(&scope, ' ', &id))
        if (str_eq(id, matter))
            return true;
    return false;
}

static bool of_account(struct people *people, struct db *db, const struct account *actor, struct str id,
                       struct arena *arena, struct mandate *m, bool *ret_own, struct err *err)
{
    if (!row_read(people, db, id, arena, m, ret_own, err))
        return false;
    *ret_own = *ret_own && same_account(&m->actor, actor);
    return true;
}

bool mandate_of(struct people *people, struct db *db, const struct account *actor, struct str id, int64_t now,
                struct arena *arena, struct mandate *ret_mandate, bool *ret_holds, uint64_t *ret_position,
                struct err *err)
{
    bool own, says = true;
    struct mandate m;
    *ret_mandate = (struct mandate){0};
    *ret_holds = false;
    *ret_position = 0;
    if (!of_account(people, db, actor, id, arena, &m, &own, err))
        return false;
    if (!own)
        return true;
    *ret_mandate = m;
    if (m.revoked != 0 || !mandate_holds(people, &m, now))
        return true;
    if (m.registry.n != 0 &&
        !mandate_ask_again(people, db, ret_mandate, now, arena, &says, ret_position, err))
        return false;
    *ret_holds = says && mandate_holds(people, ret_mandate, now);
    return true;
}

bool mandate_list(struct people *people, struct db *db, const struct account *account, bool as_actor,
                  struct arena *arena, struct mandate **ret_list, size_t *ret_n, struct err *err)
{
    static const char given[] = "SELECT id, subject, actor, sealed FROM people_mandate WHERE subject = $1",
                      held[] = "SELECT id, subject, actor, sealed FROM people_mandate WHERE actor = $1";
    uint8_t tag[HASH_SIZE];
    struct mandate *list = arena_array(arena, struct mandate, LISTED_MAX);
    size_t n = 0;
    enum db_result result = DB_DONE;
    bool ok = true;
    struct db_stmt *stmt = db_sql(db, as_actor ? held : given, err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "mandate", tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    while (ok && n < LISTED_MAX && (result = db_step(stmt, err)) == DB_ROW)
        ok = row_open(people, stmt, arena, &list[n++], err);
    if (!ok || n == LISTED_MAX)
        db_end(stmt);
    else if (result == DB_ERROR)
        return false;
    for (size_t i = 1; i < n; i++) /* few: by insertion, newest first */
        for (size_t j = i; j > 0 && list[j].made > list[j - 1].made; j--) {
            struct mandate swap = list[j];
            list[j] = list[j - 1];
            list[j - 1] = swap;
        }
    *ret_list = list;
    *ret_n = n;
    return ok;
}

/* --- ending --- */

/* Only one of several at once changes it: theirs is the entry. */
static bool end_row(struct people *people, struct db *db, struct mandate *m, enum mandate_why why,
                    int64_t now, struct arena *arena, bool *ret_changed, struct err *err)
{
    static const char sql[] =
        "UPDATE people_mandate SET sealed = $1, revoked = $2 WHERE id = $3 AND revoked = 0";
    struct mandate_tags tags;
    struct buf plain;
    struct str sealed, id = str_of(m->id);
    int64_t changed = 0;
    *ret_changed = false;
    if (m->revoked != 0)
        return true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    m->revoked = now;
    m->why = why;
    tags_of(people, m, &tags);
    buf_in(&plain, arena, 8192);
    row_put(&plain, m);
    people_seal(people, &plain, row_ad(id, tags.subject, tags.actor, arena), arena, &sealed);
    db_bind_bytes(stmt, 1, sealed.p, sealed.n);
    db_bind_i64(stmt, 2, now);
    db_bind_text(stmt, 3, id);
    if (!db_run(stmt, &changed, err))
        return false;
    *ret_changed = changed != 0;
    return true;
}

bool mandate_revoke_in(struct people *people, struct db *db, const struct account *account, struct str id,
                       int64_t now, struct arena *arena, struct mandate *ret_mandate, bool *ret_changed,
                       struct err *err)
{
    struct mandate m;
    bool found;
    if (!row_read(people, db, id, arena, &m, &found, err))
        return false;
    struct account subject = {.kind = CALLER_PERSON};
    if (found)
        subject.person = m.subject;
    if (!found || (!same_account(&m.actor, account) && !same_account(&subject, account)))
        return err_set(err, ERR_NOT_FOUND, "mandate", "there is no such mandate of yours");
    bool ok = end_row(people, db, &m, WHY_TAKEN_BACK, now, arena, ret_changed, err);
    *ret_mandate = m;
    return ok;
}

bool mandate_end_in(struct people *people, struct db *db, struct str id, struct str agency,
                    enum mandate_why why, int64_t now, struct arena *arena, struct mandate *ret_mandate,
                    bool *ret_changed, struct err *err)
{
    bool found;
    if (!row_read(people, db, id, arena, ret_mandate, &found, err))
        return false;
    if (!found || (agency.n != 0 && !str_eq(ret_mandate->agency, agency)))
        return err_set(err, ERR_NOT_FOUND, "mandate", "your agency has recorded no such mandate");
    return end_row(people, db, ret_mandate, why, now, arena, ret_changed, err);
}
