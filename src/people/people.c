/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

#define IDLE_US (30 * 60 * CLOCK_SECOND) /* a session's; tokens have none */
#define NUMBER_MAX 128                   /* scheme and number together */

struct people {
    uint8_t seal_key[KEY_SIZE];
    struct hmac_key index, form;
};

bool people_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1,
         "CREATE TABLE people_root (tag bytea PRIMARY KEY, sealed bytea NOT NULL, pid bytea NOT NULL);"
         "CREATE UNIQUE INDEX people_root_pid ON people_root (pid);"
         "CREATE TABLE people_official (staff_code text NOT NULL, agency text NOT NULL, office text NOT NULL,"
         " from_day bigint NOT NULL, until_day bigint NOT NULL, PRIMARY KEY (staff_code, from_day));"
         "CREATE TABLE people_caller (hash bytea PRIMARY KEY, token bigint NOT NULL, kind bigint NOT NULL, "
         "sealed bytea NOT NULL,"
         " ends bigint NOT NULL, seen bigint NOT NULL)"},
    };
    return db_migrate(db, "people", migrations, ARRAY_LEN(migrations), err);
}

struct people *people_new(const uint8_t master[KEY_SIZE])
{
    struct people *people = calloc(1, sizeof *people);
    uint8_t key[KEY_SIZE];
    must(people != NULL);
    key_derive(people->seal_key, master, "people seal");
    key_derive(key, master, "people index");
    hmac_key_set(&people->index, key, sizeof key);
    key_derive(key, master, "people form");
    hmac_key_set(&people->form, key, sizeof key);
    secret_wipe(key, sizeof key);
    return people;
}

void people_free(struct people *people)
{
    if (people != NULL)
        secret_wipe(people, sizeof *people);
    free(people);
}

/* --- root register: tag → sealed (pid, scheme, number); the pid column is its own keyed hash, for the way
 * back --- */

static size_t root_plain(uint8_t out[PID_SIZE + NUMBER_MAX], const uint8_t *pid, struct str scheme,
                         struct str number)
{
    must(scheme.n + number.n + 1 <= NUMBER_MAX);
    memcpy(out, pid, PID_SIZE);
    memcpy(out + PID_SIZE, scheme.p, scheme.n);
    out[PID_SIZE + scheme.n] = '|';
    memcpy(out + PID_SIZE + scheme.n + 1, number.p, number.n);
    return PID_SIZE + scheme.n + 1 + number.n;
}

static void number_tag(const struct people *people, struct str scheme, struct str number,
                       uint8_t tag[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->index);
    hmac_add(&mac, scheme.p, scheme.n);
    hmac_add(&mac, "|", 1);
    hmac_add(&mac, number.p, number.n);
    hmac_end(&mac, tag);
}

static void pid_tag(const struct people *people, const uint8_t pid[PID_SIZE], uint8_t tag[HASH_SIZE])
{
    hmac_sha256(tag, &people->index, pid, PID_SIZE);
}

static bool root_open(const struct people *people, struct str sealed, struct str tag,
                      uint8_t plain[PID_SIZE + NUMBER_MAX], size_t *ret_n, struct err *err)
{
    bool fits = sealed.n > SEAL_OVERHEAD + PID_SIZE && sealed.n <= SEAL_OVERHEAD + PID_SIZE + NUMBER_MAX;
    if (!fits || !seal_open(plain, people->seal_key, (const uint8_t *)sealed.p, sealed.n, tag.p, tag.n))
        return err_set(err, ERR_CORRUPT, "people_root",
                       "a row does not open: it was changed, moved, or sealed under another key");
    *ret_n = sealed.n - SEAL_OVERHEAD;
    return true;
}

bool people_find(struct people *people, struct db *db, struct str scheme, struct str number, bool *ret_found,
                 struct person *ret_person, struct err *err)
{
    uint8_t tag[HASH_SIZE], plain[PID_SIZE + NUMBER_MAX];
    struct db_stmt *stmt = db_sql(db, "SELECT sealed FROM people_root WHERE tag = $1", err);
    bool found;
    size_t n;
    if (stmt == NULL)
        return false;
    number_tag(people, scheme, number, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        bool ok =
            root_open(people, db_bytes(stmt, 0), (struct str){(const char *)tag, sizeof tag}, plain, &n, err);
        db_end(stmt);
        if (!ok)
            return false;
        memcpy(ret_person->pid, plain, PID_SIZE);
        secret_wipe(plain, sizeof plain);
    }
    *ret_found = found;
    return true;
}

bool people_register_many(struct people *people, struct db *db, const struct people_new_person *persons,
                          size_t n, struct err *err)
{
    struct arena arena;
    arena_init(&arena, 65536, (size_t)1 << 30);
    struct str *column[3];
    for (int c = 0; c < 3; c++)
        column[c] = arena_array(&arena, struct str, n + 1);
    for (size_t i = 0; i < n; i++) {
        uint8_t plain[PID_SIZE + NUMBER_MAX];
        size_t plain_n = root_plain(plain, persons[i].pid, persons[i].scheme, persons[i].number);
        uint8_t *tag = arena_take(&arena, HASH_SIZE, 1), *pid = arena_take(&arena, HASH_SIZE, 1);
        uint8_t *sealed = arena_take(&arena, plain_n + SEAL_OVERHEAD, 1);
        number_tag(people, persons[i].scheme, persons[i].number, tag);
        pid_tag(people, persons[i].pid, pid);
        seal(sealed, people->seal_key, plain, plain_n, tag, HASH_SIZE);
        column[0][i] = (struct str){(char *)tag, HASH_SIZE};
        column[1][i] = (struct str){(char *)sealed, plain_n + SEAL_OVERHEAD};
        column[2][i] = (struct str){(char *)pid, HASH_SIZE};
    }
    struct db_column columns[] = {
        {DB_BYTES, NULL, column[0]}, {DB_BYTES, NULL, column[1]}, {DB_BYTES, NULL, column[2]}};
    bool ok = db_insert_many(db, "people_root", "tag, sealed, pid", columns, 3, n, "", err);
    arena_done(&arena);
    return ok;
}

bool people_register(struct people *people, struct db *db, struct str scheme, struct str number,
                     struct person *ret_person, struct err *err)
{
    struct people_new_person one = {.scheme = scheme, .number = number};
    random_bytes(one.pid, PID_SIZE);
    if (!people_register_many(people, db, &one, 1, err))
        return false;
    memcpy(ret_person->pid, one.pid, PID_SIZE);
    return true;
}

bool people_number(struct people *people, struct db *db, const struct person *person, struct arena *arena,
                   struct str *ret_scheme, struct str *ret_number, struct err *err)
{
    uint8_t tag[HASH_SIZE], plain[PID_SIZE + NUMBER_MAX];
    struct db_stmt *stmt = db_sql(db, "SELECT tag, sealed FROM people_root WHERE pid = $1", err);
    bool found;
    size_t n;
    if (stmt == NULL)
        return false;
    pid_tag(people, person->pid, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "person", "is not in the root register");
    bool ok = root_open(people, db_bytes(stmt, 1), db_bytes(stmt, 0), plain, &n, err);
    db_end(stmt);
    if (!ok)
        return false;
    struct str rest = str_dup(arena, (struct str){(char *)plain + PID_SIZE, n - PID_SIZE});
    if (!str_next(&rest, '|', ret_scheme))
        return err_set(err, ERR_CORRUPT, "people_root", "a row has no number");
    *ret_number = rest;
    return true;
}

bool people_count(struct db *db, uint64_t *ret_count, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT count(*) FROM people_root", err);
    bool found;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    *ret_count = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

/* --- officials --- */

bool people_official_add(struct db *db, const struct official *o, struct err *err)
{
    static const char sql[] = "INSERT INTO people_official (staff_code, agency, office, from_day, until_day) "
                              "VALUES ($1, $2, $3, $4, $5)";
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
    return db_run(stmt, NULL, err);
}

bool people_official(struct db *db, struct str staff_code, int32_t today, struct arena *arena,
                     struct official *ret_official, struct err *err)
{
    static const char sql[] = "SELECT agency, office, from_day, until_day FROM people_official WHERE "
                              "staff_code = $1 AND from_day <= $2 "
                              "AND (until_day = 0 OR until_day >= $2) ORDER BY from_day DESC";
    struct db_stmt *stmt = db_sql(db, sql, err);
    bool found;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, staff_code);
    db_bind_i64(stmt, 2, today);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_ALLOWED, "office", "this staff code holds no office today");
    *ret_official = (struct official){
        .staff_code = str_dup(arena, staff_code),
        .agency = str_dup(arena, db_text(stmt, 0)),
        .office = str_dup(arena, db_text(stmt, 1)),
        .from = (int32_t)db_i64(stmt, 2),
        .until = (int32_t)db_i64(stmt, 3),
    };
    db_end(stmt);
    return true;
}

/* --- callers --- */

static void secret_hash(struct str secret, uint8_t hash[HASH_SIZE])
{
    sha256(hash, secret.p, secret.n);
}

/* What a row says of itself is bound to what it seals: who can write to the database can neither make a
 * person an auditor nor let an ended session live. */
#define CALLER_AD_SIZE (HASH_SIZE + 10)
static void caller_ad(uint8_t ad[CALLER_AD_SIZE], const uint8_t hash[HASH_SIZE], bool token,
                      enum caller_kind kind, int64_t ends)
{
    memcpy(ad, hash, HASH_SIZE);
    ad[HASH_SIZE] = token;
    ad[HASH_SIZE + 1] = (uint8_t)kind;
    put_u64be(ad + HASH_SIZE + 2, (uint64_t)ends);
}

bool people_caller_add(struct people *people, struct db *db, const struct caller *c, bool token,
                       int64_t life_us, char ret_secret[PEOPLE_SECRET_SIZE], struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_caller (hash, token, kind, sealed, ends, seen) VALUES ($1, $2, $3, $4, $5, $6)";
    struct db_stmt *stmt = db_sql(db, sql, err);
    uint8_t random[32], hash[HASH_SIZE], ad[CALLER_AD_SIZE];
    char secret[PEOPLE_SECRET_SIZE];
    int64_t now = clock_now(), ends = now + life_us;
    if (stmt == NULL)
        return false;
    random_bytes(random, sizeof random);
    base64url_encode(secret, random, sizeof random);
    secret_hash(str_of(secret), hash);

    struct arena arena;
    struct buf plain;
    arena_init(&arena, 1024, 65536);
    buf_in(&plain, &arena, 4096);
    buf_add(&plain, c->person.pid, PID_SIZE);
    buf_lp(&plain, c->official.staff_code.p, c->official.staff_code.n);
    buf_lp(&plain, c->language.p, c->language.n);
    buf_lp(&plain, c->levels.p, c->levels.n);
    buf_byte(&plain, c->demo);
    uint8_t *sealed = arena_take(&arena, plain.n + SEAL_OVERHEAD, 1);
    caller_ad(ad, hash, token, c->kind, ends);
    seal(sealed, people->seal_key, plain.p, plain.n, ad, sizeof ad);
    db_bind_bytes(stmt, 1, hash, sizeof hash);
    db_bind_i64(stmt, 2, token);
    db_bind_i64(stmt, 3, c->kind);
    db_bind_bytes(stmt, 4, sealed, plain.n + SEAL_OVERHEAD);
    db_bind_i64(stmt, 5, ends);
    db_bind_i64(stmt, 6, now);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    if (ok)
        memcpy(ret_secret, secret, sizeof secret);
    return ok;
}

static bool take_lp(struct str *rest, struct str *ret_part)
{
    if (rest->n < 2)
        return false;
    size_t n = get_u16be((const uint8_t *)rest->p);
    if (rest->n - 2 < n)
        return false;
    *ret_part = (struct str){rest->p + 2, n};
    *rest = str_from(*rest, 2 + n);
    return true;
}

static bool caller_open(const struct people *people, struct str sealed, const uint8_t ad[CALLER_AD_SIZE],
                        struct arena *arena, struct caller *c, struct err *err)
{
    char *plain = arena_take(arena, sealed.n + 1, 1);
    if (sealed.n < SEAL_OVERHEAD + PID_SIZE ||
        !seal_open(plain, people->seal_key, (const uint8_t *)sealed.p, sealed.n, ad, CALLER_AD_SIZE))
        return err_set(err, ERR_CORRUPT, "people_caller", "a row does not open: it was changed or moved");
    struct str rest = {plain, sealed.n - SEAL_OVERHEAD};
    memcpy(c->person.pid, rest.p, PID_SIZE);
    rest = str_from(rest, PID_SIZE);
    if (!take_lp(&rest, &c->official.staff_code) || !take_lp(&rest, &c->language) ||
        !take_lp(&rest, &c->levels) || rest.n != 1)
        return err_set(err, ERR_CORRUPT, "people_caller", "a row is cut short");
    c->demo = rest.p[0] != 0;
    return true;
}

bool people_caller(struct people *people, struct db *db, struct str secret, bool token, struct arena *arena,
                   struct caller *ret_caller, struct err *err)
{
    static const char read[] =
        "SELECT kind, sealed, ends, seen FROM people_caller WHERE hash = $1 AND token = $2";
    static const char touch[] = "UPDATE people_caller SET seen = $1 WHERE hash = $2";
    struct caller c = {0};
    int64_t now = clock_now();
    bool found;
    struct db_stmt *stmt = db_sql(db, read, err);
    if (stmt == NULL)
        return false;
    secret_hash(secret, c.session);
    db_bind_bytes(stmt, 1, c.session, sizeof c.session);
    db_bind_i64(stmt, 2, token);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_caller = (struct caller){0};
    if (!found)
        return true;
    int64_t ends = db_i64(stmt, 2), seen = db_i64(stmt, 3);
    c.kind = (enum caller_kind)db_i64(stmt, 0);
    bool alive = now < ends && (token || now - seen < IDLE_US);
    uint8_t ad[CALLER_AD_SIZE];
    caller_ad(ad, c.session, token, c.kind, ends);
    bool ok = !alive || caller_open(people, db_bytes(stmt, 1), ad, arena, &c, err);
    db_end(stmt);
    if (!ok)
        return false;
    if (!alive)
        return true;
    if (c.kind == CALLER_OFFICIAL) { /* an ended office ends everything at once: read at each use */
        struct err why;
        int32_t today = (int32_t)(now / CLOCK_DAY);
        if (!people_official(db, c.official.staff_code, today, arena, &c.official, &why)) {
            if (why.code == ERR_NOT_ALLOWED)
                return true;
            *err = why;
            return false;
        }
    }
    if (!token && now - seen > IDLE_US / 10) { /* not a write a request */
        if ((stmt = db_sql(db, touch, err)) == NULL)
            return false;
        db_bind_i64(stmt, 1, now);
        db_bind_bytes(stmt, 2, c.session, sizeof c.session);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    *ret_caller = c;
    return true;
}

bool people_caller_end(struct people *people, struct db *db, struct str secret, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_caller WHERE hash = $1", err);
    if (stmt == NULL)
        return false;
    secret_hash(secret, hash);
    db_bind_bytes(stmt, 1, hash, sizeof hash);
    return db_run(stmt, NULL, err);
}

/* --- form tokens --- */

static void form_token(const struct people *people, const struct caller *caller, const char *form,
                       int64_t hour, char out[PEOPLE_FORM_TOKEN_SIZE])
{
    struct hmac mac;
    uint8_t bytes[8], hash[HASH_SIZE];
    put_u64be(bytes, (uint64_t)hour);
    hmac_start(&mac, &people->form);
    hmac_add(&mac, caller->session, sizeof caller->session);
    hmac_add(&mac, bytes, sizeof bytes);
    hmac_add(&mac, form, strlen(form));
    hmac_end(&mac, hash);
    base64url_encode(out, hash, sizeof hash);
}

void people_form_token(struct people *people, const struct caller *caller, const char *form,
                       char out[PEOPLE_FORM_TOKEN_SIZE])
{
    form_token(people, caller, form, clock_now() / (3600 * CLOCK_SECOND), out);
}

bool people_form_token_ok(struct people *people, const struct caller *caller, const char *form,
                          struct str token)
{
    int64_t hour = clock_now() / (3600 * CLOCK_SECOND);
    for (int back = 0; back < 2; back++) {
        char right[PEOPLE_FORM_TOKEN_SIZE];
        form_token(people, caller, form, hour - back, right);
        if (token.n == PEOPLE_FORM_TOKEN_SIZE - 1 && bytes_same(token.p, right, token.n))
            return true;
    }
    return false;
}
