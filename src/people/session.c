/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: officials' offices, and callers: sessions and tokens. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "people/mandate.h"
#include "people/people_private.h"

#define IDLE_PERSON (30 * 60 * CLOCK_SECOND)
#define IDLE_OFFICIAL (15 * 60 * CLOCK_SECOND)
#define LISTED_MAX 100

/* --- officials --- */

bool people_official_add(struct db *db, const struct official *o, struct err *err)
{
    static const char sql[] = "INSERT INTO people_official (staff_code, agency, office, from_day, until_day, "
                              "stands_for) VALUES ($1, $2, $3, $4, $5, $6)";
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    if (o->until != 0 && o->until < o->from)
        return err_set(err, ERR_INVALID, "office", "it ends before it begins");
    db_bind_text(stmt, 1, o->staff_code);
    db_bind_text(stmt, 2, o->agency);
    db_bind_text(stmt, 3, o->office);
    db_bind_i64(stmt, 4, o->from);
    db_bind_i64(stmt, 5, o->until);
    db_bind_text(stmt, 6, o->stands_for.n ? o->stands_for : STR(""));
    return db_run(stmt, NULL, err) ||
           (err->code == ERR_CONFLICT &&
            err_set(err, ERR_CONFLICT, "office", "this official holds one from that day on already"));
}

/* Columns from `at`: agency, office, from_day, until_day, stands_for. */
static void official_row(struct db_stmt *stmt, int at, struct str staff_code, struct arena *arena,
                         struct official *ret_official)
{
    *ret_official = (struct official){
        .staff_code = str_dup(arena, staff_code),
        .agency = str_dup(arena, db_text(stmt, at)),
        .office = str_dup(arena, db_text(stmt, at + 1)),
        .from = (int32_t)db_i64(stmt, at + 2),
        .until = (int32_t)db_i64(stmt, at + 3),
        .stands_for = str_dup(arena, db_text(stmt, at + 4)),
    };
}

bool people_official(struct db *db, struct str staff_code, int32_t today, struct arena *arena,
                     struct official *ret_official, struct err *err)
{
    static const char sql[] =
        "SELECT agency, office, from_day, until_day, stands_for FROM people_official o WHERE staff_code = $1 "
        "AND from_day <= $2 AND (until_day = 0 OR until_day >= $2) AND NOT EXISTS (SELECT 1 FROM "
        "people_leave "
        "l WHERE l.staff_code = o.staff_code AND l.from_day <= $2 AND l.until_day >= $2) "
        "ORDER BY from_day DESC LIMIT 1";
    struct db_stmt *stmt = db_sql(db, sql, err);
    bool found;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    db_bind_i64(stmt, 2, today);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_ALLOWED, "office",
                       "this staff code holds no office today, or its holder is on leave");
    official_row(stmt, 0, staff_code, arena, ret_official);
    db_end(stmt);
    return true;
}

/* --- callers --- */

struct account account_of(const struct caller *caller)
{
    return (struct account){caller->kind, caller->person, caller->official.staff_code};
}

void put_account(struct buf *out, const struct account *account)
{
    buf_byte(out, (uint8_t)account->kind);
    buf_add(out, account->person.pid, PID_SIZE);
    buf_lp(out, account->staff_code.p, account->staff_code.n);
}

bool take_account(struct str *rest, struct account *ret_account)
{
    uint8_t kind;
    struct str pid;
    struct account account = {0};
    if (!take_byte(rest, &kind) || !take_bytes(rest, PID_SIZE, &pid) || !lp_next(rest, &account.staff_code))
        return false;
    account.kind = (enum caller_kind)kind;
    memcpy(account.person.pid, pid.p, PID_SIZE);
    *ret_account = account;
    return true;
}

static void secret_hash(struct str secret, uint8_t hash[HASH_SIZE])
{
    sha256(hash, secret.p, secret.n);
}

/* What a row says of itself is bound to what it seals: who can write to the database can neither make a
 * person an auditor, nor let an ended session live, nor give it to another account. */
struct caller_row {
    uint8_t hash[HASH_SIZE], owner[HASH_SIZE];
    bool token;
    enum caller_kind kind;
    int64_t ends;
    struct str staff;
};

static struct str caller_ad(const struct caller_row *row, struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 1024);
    buf_add(&ad, row->hash, HASH_SIZE);
    buf_add(&ad, row->owner, HASH_SIZE);
    buf_byte(&ad, row->token);
    buf_byte(&ad, (uint8_t)row->kind);
    buf_u64be(&ad, (uint64_t)row->ends);
    buf_lp(&ad, row->staff.p, row->staff.n);
    return buf_view(&ad);
}

static void caller_put(struct buf *out, const struct caller *c, int64_t made)
{
    const struct account account = account_of(c);
    put_account(out, &account);
    buf_lp(out, c->language.p, c->language.n);
    buf_lp(out, c->levels.p, c->levels.n);
    buf_byte(out, c->demo);
    buf_lp(out, c->device.p, c->device.n);
    buf_u64be(out, (uint64_t)made);
    buf_byte(out, (uint8_t)c->way);
    buf_byte(out, c->acting);
    buf_lp(out, c->mandate.p, c->acting ? c->mandate.n : 0);
}

static bool caller_take(struct str rest, struct caller *c, struct err *err)
{
    struct account account;
    uint8_t demo, way, acting;
    uint64_t made;
    if (!take_account(&rest, &account) || !lp_next(&rest, &c->language) || !lp_next(&rest, &c->levels) ||
        !take_byte(&rest, &demo) || !lp_next(&rest, &c->device) || !take_u64(&rest, &made) ||
        !take_byte(&rest, &way) || !take_byte(&rest, &acting) || !lp_next(&rest, &c->mandate) || rest.n != 0)
        return err_set(err, ERR_CORRUPT, "people_caller", "a row is cut short");
    c->person = c->subject = account.person;
    c->demo = demo != 0;
    c->made = (int64_t)made;
    c->way = (enum log_in_way)way;
    c->acting = acting != 0;
    return true;
}

/* Now and then, what ended long ago is forgotten. */
static bool forget_ended(struct db *db, const uint8_t random[32], struct err *err)
{
    struct db_stmt *stmt;
    if (random[0] % 64 != 0)
        return true;
    if ((stmt = db_sql(db, "DELETE FROM people_caller WHERE ends < $1", err)) == NULL)
        return false;
    db_bind_i64(stmt, 1, clock_now() - CLOCK_DAY);
    return db_run(stmt, NULL, err);
}

/* A new row: `ends` and `made` in absolute time. */
static bool caller_insert(struct people *people, struct db *db, const struct caller *c, bool token,
                          int64_t ends, int64_t made, char ret_secret[PEOPLE_SECRET_SIZE], struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_caller (hash, token, kind, sealed, ends, seen, owner, staff) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    struct db_stmt *stmt = db_sql(db, sql, err);
    struct arena arena;
    struct buf plain;
    struct str sealed;
    uint8_t random[32];
    char secret[PEOPLE_SECRET_SIZE];
    const struct account account = account_of(c);
    struct caller_row row = {.token = token, .kind = c->kind, .ends = ends, .staff = STR("")};
    if (stmt == NULL)
        return false;
    if (c->kind != CALLER_PERSON && c->official.staff_code.n != 0)
        row.staff = c->official.staff_code;
    random_bytes(random, sizeof random);
    base64url_encode(secret, random, sizeof random);
    secret_hash(str_of(secret), row.hash);
    if (!forget_ended(db, row.hash, err))
        return false;
    account_tag(people, &account, "caller", row.owner);
    arena_init(&arena, 2048, 65536);
    buf_in(&plain, &arena, 4096);
    caller_put(&plain, c, made);
    people_seal(people, &plain, caller_ad(&row, &arena), &arena, &sealed);
    db_bind_bytes(stmt, 1, row.hash, sizeof row.hash);
    db_bind_i64(stmt, 2, token);
    db_bind_i64(stmt, 3, c->kind);
    db_bind_bytes(stmt, 4, sealed.p, sealed.n);
    db_bind_i64(stmt, 5, ends);
    db_bind_i64(stmt, 6, clock_now());
    db_bind_bytes(stmt, 7, row.owner, sizeof row.owner);
    db_bind_text(stmt, 8, row.staff);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    if (ok)
        memcpy(ret_secret, secret, sizeof secret);
    secret_wipe(secret, sizeof secret);
    return ok;
}

bool people_caller_add(struct people *people, struct db *db, const struct caller *c, bool token,
                       int64_t life_us, char ret_secret[PEOPLE_SECRET_SIZE], struct err *err)
{
    int64_t now = clock_now();
    return caller_insert(people, db, c, token, now + life_us, now, ret_secret, err);
}

static int64_t idle_of(enum caller_kind kind)
{
    return kind == CALLER_PERSON ? IDLE_PERSON : IDLE_OFFICIAL;
}

/* The row of a secret and, in the same statement, the office held today. Kind nobody: there is none alive. */
static bool caller_read(struct people *people, struct db *db, struct str secret, bool token,
                        struct arena *arena, struct caller *c, int64_t *ret_seen, int64_t *ret_ends,
                        struct err *err)
{
    static const char sql[] =
        "SELECT c.kind, c.sealed, c.ends, c.seen, c.owner, c.staff, o.agency, o.office, o.from_day, "
        "o.until_day, o.stands_for FROM people_caller c LEFT JOIN people_official o ON o.staff_code = "
        "c.staff "
        "AND o.from_day <= $3 AND (o.until_day = 0 OR o.until_day >= $3) AND NOT EXISTS (SELECT 1 FROM "
        "people_leave l WHERE l.staff_code = c.staff AND l.from_day <= $3 AND l.until_day >= $3) "
        "WHERE c.hash = $1 AND c.token = $2 ORDER BY o.from_day DESC LIMIT 1";
    int64_t now = clock_now();
    bool found;
    struct caller_row row = {.token = token};
    struct str plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    *c = (struct caller){0};
    if (stmt == NULL)
        return false;
    secret_hash(secret, row.hash);
    db_bind_bytes(stmt, 1, row.hash, sizeof row.hash);
    db_bind_i64(stmt, 2, token);
    db_bind_i64(stmt, 3, people_day(people, now));
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return true;
    row.kind = (enum caller_kind)db_i64(stmt, 0);
    row.ends = *ret_ends = db_i64(stmt, 2);
    *ret_seen = db_i64(stmt, 3);
    row.staff = db_text(stmt, 5);
    bool alive = now < row.ends && (token || now - *ret_seen < idle_of(row.kind)) &&
                 (row.kind != CALLER_OFFICIAL || !db_is_null(stmt, 6)) &&
                 db_bytes(stmt, 4).n == sizeof row.owner;
    bool ok = true;
    if (alive) {
        memcpy(row.owner, db_bytes(stmt, 4).p, sizeof row.owner);
        ok = people_unseal(people, db_bytes(stmt, 1), caller_ad(&row, arena), "people_caller", arena, &plain,
                           err) &&
             caller_take(plain, c, err);
        if (ok && row.kind == CALLER_OFFICIAL)
            official_row(stmt, 6, row.staff, arena, &c->official);
        c->kind = row.kind;
        memcpy(c->session, row.hash, sizeof row.hash);
    }
    db_end(stmt);
    return ok;
}

/* A mandate that has ended, was taken back, or whose age limit is past, does not speak any more. */
static bool caller_mandate(struct people *people, struct db *db, struct arena *arena, struct caller *c,
                           struct err *err)
{
    struct mandate mandate;
    bool holds;
    bool substitute = c->kind == CALLER_OFFICIAL && c->official.stands_for.n != 0;
    c->capacity = c->kind == CALLER_PERSON     ? STR("self")
                  : substitute                 ? STR("substitute")
                  : c->kind == CALLER_OFFICIAL ? STR("official")
                                               : STR("");
    if (!c->acting) {
        c->mandate = substitute ? c->official.stands_for : (struct str){0};
        return true;
    }
    struct account account = account_of(c);
    if (!mandate_of(people, db, &account, c->mandate, clock_now(), arena, &mandate, &holds, &c->position,
                    err))
        return false;
    c->acting = holds;
    c->mandate_ended = !holds;
    c->mandate_why = mandate.why;
    if (holds) {
        c->subject = mandate.subject;
        c->scope = mandate.scope;
        c->capacity = str_of(capacity_facts[mandate.capacity].code);
        c->protected_hidden = capacity_facts[mandate.capacity].protected_hidden;
    } else {
        c->mandate = substitute ? c->official.stands_for : (struct str){0};
    }
    return true;
}

bool people_caller(struct people *people, struct db *db, struct str secret, bool token, struct arena *arena,
                   struct caller *ret_caller, struct err *err)
{
    static const char touch[] = "UPDATE people_caller SET seen = $1 WHERE hash = $2";
    struct caller c;
    int64_t seen, ends, now = clock_now();
    if (!caller_read(people, db, secret, token, arena, &c, &seen, &ends, err) ||
        (c.kind != CALLER_NOBODY && !caller_mandate(people, db, arena, &c, err)))
        return false;
    if (c.kind != CALLER_NOBODY && !token && now - seen > idle_of(c.kind) / 10) { /* not a write a request */
        struct db_stmt *stmt = db_sql(db, touch, err);
        if (stmt == NULL)
            return false;
        db_bind_i64(stmt, 1, now);
        db_bind_bytes(stmt, 2, c.session, sizeof c.session);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    *ret_caller = c;
    return true;
}

static bool end_hash(struct db *db, const uint8_t hash[HASH_SIZE], int64_t *ret_ended, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_caller WHERE hash = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, hash, HASH_SIZE);
    return db_run(stmt, ret_ended, err);
}

bool people_caller_end(struct people *people, struct db *db, struct str secret, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    secret_hash(secret, hash);
    return end_hash(db, hash, NULL, err);
}

struct renewal {
    struct people *people;
    struct str secret;
    const struct caller *next;
    char *ret_secret;
};

static bool renew(struct db *db, void *arg, struct err *err)
{
    struct renewal *r = arg;
    struct arena arena;
    struct caller old;
    int64_t seen, ends = 0, ended = 0;
    arena_init(&arena, 4096, 65536);
    bool ok = caller_read(r->people, db, r->secret, false, &arena, &old, &seen, &ends, err);
    if (ok && old.kind != CALLER_NOBODY)
        ok = end_hash(db, old.session, &ended, err);
    if (ok && ended == 0)
        ok = err_set(err, ERR_NOT_AUTHENTICATED, "session", "has ended; log in again");
    ok = ok && caller_insert(r->people, db, r->next, false, ends, old.made, r->ret_secret, err);
    arena_done(&arena);
    return ok;
}

bool people_caller_renew(struct people *people, struct db *db, struct str secret, const struct caller *next,
                         char ret_secret[PEOPLE_SECRET_SIZE], struct err *err)
{
    struct renewal r = {people, secret, next, ret_secret};
    return db_tx(db, renew, &r, err);
}

bool people_callers(struct people *people, struct db *db, const struct account *account, struct arena *arena,
                    struct caller_listed **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT hash, token, kind, sealed, ends, seen, staff FROM people_caller WHERE "
                              "owner = $1 AND ends > $2 ORDER BY seen DESC LIMIT 100";
    struct caller_row row = {0};
    struct caller_listed *list = arena_array(arena, struct caller_listed, LISTED_MAX);
    int64_t now = clock_now();
    size_t n = 0;
    enum db_result result;
    bool ok = true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "caller", row.owner);
    db_bind_bytes(stmt, 1, row.owner, sizeof row.owner);
    db_bind_i64(stmt, 2, now);
    while (ok && n < LISTED_MAX && (result = db_step(stmt, err)) == DB_ROW) {
        struct caller c = {0};
        struct str plain, hash = db_bytes(stmt, 0);
        row.token = db_i64(stmt, 1) != 0;
        row.kind = (enum caller_kind)db_i64(stmt, 2);
        row.ends = db_i64(stmt, 4);
        row.staff = db_text(stmt, 6);
        if (hash.n != HASH_SIZE || (!row.token && now - db_i64(stmt, 5) >= idle_of(row.kind)))
            continue;
        memcpy(row.hash, hash.p, HASH_SIZE);
        ok = people_unseal(people, db_bytes(stmt, 3), caller_ad(&row, arena), "people_caller", arena, &plain,
                           err) &&
             caller_take(plain, &c, err);
        struct caller_listed *one = &list[n++];
        *one = (struct caller_listed){.token = row.token,
                                      .device = c.device,
                                      .levels = c.levels,
                                      .made = c.made,
                                      .seen = db_i64(stmt, 5),
                                      .ends = row.ends};
        memcpy(one->session, row.hash, HASH_SIZE);
    }
    if (!ok || n == LISTED_MAX)
        db_end(stmt);
    else if (result == DB_ERROR)
        return false;
    *ret_list = list;
    *ret_n = n;
    return ok;
}

bool people_callers_end(struct people *people, struct db *db, const struct account *account,
                        const uint8_t *session, struct err *err)
{
    static const char all[] = "DELETE FROM people_caller WHERE owner = $1",
                      one[] = "DELETE FROM people_caller WHERE owner = $1 AND hash = $2";
    uint8_t owner[HASH_SIZE];
    int64_t ended;
    struct db_stmt *stmt = db_sql(db, session ? one : all, err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "caller", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    if (session != NULL)
        db_bind_bytes(stmt, 2, session, HASH_SIZE);
    return db_run(stmt, &ended, err) &&
           (session == NULL || ended == 1 ||
            err_set(err, ERR_NOT_FOUND, "session", "has ended already, or is not yours"));
}

/* --- form tokens --- */

#define TOKEN_HOUR 3
#define TOKEN_HASH 15 /* 120 bits; all three parts fill base64 without a rest */
#define TOKEN_BYTES (TOKEN_HOUR + 2 * TOKEN_HASH)

struct form_token {
    uint8_t hour[TOKEN_HOUR], whose[TOKEN_HASH], session[TOKEN_HASH];
};

static int64_t hour_now(void)
{
    return clock_now() / (3600 * CLOCK_SECOND);
}

static void token_end(struct hmac *mac, const struct form_token *token, const char *form,
                      uint8_t out[TOKEN_HASH])
{
    uint8_t hash[HASH_SIZE];
    hmac_add(mac, token->hour, sizeof token->hour);
    hmac_add(mac, form, strlen(form));
    hmac_end(mac, hash);
    memcpy(out, hash, TOKEN_HASH);
}

/* Who acts, and for whom. */
static void token_whose(const struct people *people, const struct caller *c, const char *form,
                        struct form_token *token)
{
    struct hmac mac;
    const struct str staff = c->official.staff_code;
    const uint8_t head[] = {'w', (uint8_t)c->kind, c->acting, (uint8_t)(staff.n >> 8), (uint8_t)staff.n};
    hmac_start(&mac, &people->form);
    hmac_add(&mac, head, sizeof head);
    hmac_add(&mac, staff.p, staff.n);
    hmac_add(&mac, c->person.pid, PID_SIZE);
    hmac_add(&mac, c->acting ? c->subject.pid : c->person.pid, PID_SIZE);
    token_end(&mac, token, form, token->whose);
}

static void token_session(const struct people *people, const struct caller *c, const char *form,
                          struct form_token *token)
{
    struct hmac mac;
    hmac_start(&mac, &people->form);
    hmac_add(&mac, "s", 1);
    hmac_add(&mac, c->session, sizeof c->session);
    token_end(&mac, token, form, token->session);
}

void people_form_token(struct people *people, const struct caller *c, const char *form,
                       char out[PEOPLE_FORM_TOKEN_SIZE])
{
    struct form_token token;
    uint8_t hour[8];
    put_u64be(hour, (uint64_t)hour_now());
    memcpy(token.hour, hour + sizeof hour - TOKEN_HOUR, TOKEN_HOUR);
    token_whose(people, c, form, &token);
    token_session(people, c, form, &token);
    base64url_encode(out, &token, sizeof token);
}

enum form_token_is people_form_token_is(struct people *people, const struct caller *c, const char *form,
                                        struct str text)
{
    struct form_token token, right;
    uint8_t bytes[TOKEN_BYTES];
    size_t n;
    if (text.n != PEOPLE_FORM_TOKEN_SIZE - 1 || !base64url_decode(bytes, sizeof bytes, text, &n) ||
        n != sizeof bytes)
        return FORM_TOKEN_NONE;
    memcpy(&token, bytes, sizeof token);
    right = token;
    int64_t age = hour_now() - ((int64_t)token.hour[0] << 16 | token.hour[1] << 8 | token.hour[2]);
    if (age < 0 || age > PEOPLE_FORM_KEPT_HOURS)
        return FORM_TOKEN_NONE;
    token_session(people, c, form, &right);
    token_whose(people, c, form, &right);
    if (!bytes_same(token.whose, right.whose, TOKEN_HASH))
        return FORM_TOKEN_ANOTHERS;
    return age <= 1 && bytes_same(token.session, right.session, TOKEN_HASH) ? FORM_TOKEN_RIGHT
                                                                            : FORM_TOKEN_OLD;
}

bool people_form_token_ok(struct people *people, const struct caller *c, const char *form, struct str token)
{
    return people_form_token_is(people, c, form, token) == FORM_TOKEN_RIGHT;
}
