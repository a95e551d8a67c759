/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

#include <stdlib.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "people/people_private.h"

#define NUMBERS_BYTES ((size_t)3 << 20) /* 95,000 persons */
#define NUMBER_MAX 128                  /* scheme and number together */

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
        /* Ends all sessions and tokens: their rows say more from here on. */
        {2, "DROP TABLE people_caller;"
            "CREATE TABLE people_caller (hash bytea PRIMARY KEY, token bigint NOT NULL, kind bigint NOT NULL,"
            " sealed bytea NOT NULL, ends bigint NOT NULL, seen bigint NOT NULL, owner bytea NOT NULL,"
            " staff text NOT NULL);"
            "CREATE INDEX people_caller_owner ON people_caller (owner);"
            "ALTER TABLE people_official ADD COLUMN stands_for text;"
            "CREATE TABLE people_leave (staff_code text NOT NULL, from_day bigint NOT NULL,"
            " until_day bigint NOT NULL, PRIMARY KEY (staff_code, from_day));"
            "CREATE TABLE people_proposal (id text PRIMARY KEY, agency text NOT NULL, by_staff text NOT NULL,"
            " staff_code text NOT NULL, office text NOT NULL, from_day bigint NOT NULL,"
            " until_day bigint NOT NULL, stands_for text NOT NULL, made bigint NOT NULL);"
            "CREATE TABLE people_key (tag bytea PRIMARY KEY, owner bytea NOT NULL, sealed bytea NOT NULL,"
            " made bigint NOT NULL);"
            "CREATE INDEX people_key_owner ON people_key (owner);"
            "CREATE TABLE people_used (hash bytea PRIMARY KEY, ends bigint NOT NULL);"
            "CREATE INDEX people_used_ends ON people_used (ends);"
            "CREATE TABLE people_factor (tag bytea PRIMARY KEY, owner bytea NOT NULL, kind bigint NOT NULL,"
            " sealed bytea NOT NULL, ends bigint NOT NULL);"
            "CREATE INDEX people_factor_owner ON people_factor (owner, kind);"
            "CREATE TABLE people_limit (tag bytea PRIMARY KEY, full_at bigint NOT NULL, failures bigint NOT "
            "NULL,"
            " wait_until bigint NOT NULL);"
            "CREATE TABLE people_mandate (id text PRIMARY KEY, subject bytea NOT NULL, actor bytea NOT NULL,"
            " sealed bytea NOT NULL, revoked bigint NOT NULL);"
            "CREATE INDEX people_mandate_subject ON people_mandate (subject);"
            "CREATE INDEX people_mandate_actor ON people_mandate (actor)"},
        {3, "CREATE INDEX people_caller_ends ON people_caller (ends)"},
    };
    return db_migrate(db, "people", migrations, ARRAY_LEN(migrations), err);
}

struct people *people_new(const uint8_t master[KEY_SIZE])
{
    struct people *people = calloc(1, sizeof *people);
    uint8_t key[KEY_SIZE];
    must(people != NULL);
    people->log_ins = db_group_new();
    people->numbers = cache_new(NUMBERS_BYTES, PID_SIZE);
    key_derive(people->seal_key, master, "people seal");
    const struct {
        struct hmac_key *to;
        const char *purpose;
    } keys[] = {{&people->index, "people index"},
                {&people->form, "people form"},
                {&people->challenge, "people challenge"},
                {&people->account, "people account"}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        key_derive(key, master, keys[i].purpose);
        hmac_key_set(keys[i].to, key, sizeof key);
    }
    secret_wipe(key, sizeof key);
    return people;
}

void people_free(struct people *people)
{
    if (people == NULL)
        return;
    db_group_free(people->log_ins);
    cache_free(people->numbers);
    secret_wipe(people, sizeof *people);
    free(people);
}

void account_tag(const struct people *people, const struct account *account, const char *use,
                 uint8_t tag[HASH_SIZE])
{
    bool person = account->kind == CALLER_PERSON;
    const uint8_t kind = (uint8_t)account->kind;
    struct hmac mac;
    hmac_start(&mac, &people->account);
    hmac_add(&mac, use, strlen(use) + 1);
    hmac_add(&mac, &kind, 1);
    hmac_add(&mac, person ? (const void *)account->person.pid : account->staff_code.p,
             person ? PID_SIZE : account->staff_code.n);
    hmac_end(&mac, tag);
}

void people_seal(const struct people *people, struct buf *plain, struct str ad, struct arena *arena,
                 struct str *ret_sealed)
{
    uint8_t *sealed = arena_take(arena, plain->n + SEAL_OVERHEAD, 1);
    must(!buf_overflowed(plain));
    seal(sealed, people->seal_key, plain->p, plain->n, ad.p, ad.n);
    *ret_sealed = (struct str){(char *)sealed, plain->n + SEAL_OVERHEAD};
    secret_wipe(plain->p, plain->n);
}

bool people_unseal(const struct people *people, struct str sealed, struct str ad, const char *table,
                   struct arena *arena, struct str *ret_plain, struct err *err)
{
    char *plain = arena_take(arena, sealed.n + 1, 1);
    if (sealed.n < SEAL_OVERHEAD ||
        !seal_open(plain, people->seal_key, (const uint8_t *)sealed.p, sealed.n, ad.p, ad.n))
        return err_set(err, ERR_CORRUPT, table, "a row does not open: it was changed or moved");
    *ret_plain = (struct str){plain, sealed.n - SEAL_OVERHEAD};
    return true;
}

void people_decoy_open(const struct people *people)
{
    static const uint8_t nothing[SEAL_OVERHEAD + 32];
    uint8_t plain[32];
    must(!seal_open(plain, people->seal_key, nothing, sizeof nothing, NULL, 0));
}

bool take_bytes(struct str *rest, size_t n, struct str *ret_part)
{
    if (rest->n < n)
        return false;
    *ret_part = (struct str){rest->p, n};
    *rest = str_from(*rest, n);
    return true;
}

bool take_u64(struct str *rest, uint64_t *ret_value)
{
    struct str bytes;
    if (!take_bytes(rest, 8, &bytes))
        return false;
    *ret_value = get_u64be((const uint8_t *)bytes.p);
    return true;
}

bool take_byte(struct str *rest, uint8_t *ret_value)
{
    struct str byte;
    if (!take_bytes(rest, 1, &byte))
        return false;
    *ret_value = (uint8_t)byte.p[0];
    return true;
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

void number_tag(const struct people *people, struct str scheme, struct str number, uint8_t tag[HASH_SIZE])
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

bool root_find(const struct people *people, struct db *db, const uint8_t tag[HASH_SIZE], bool *ret_found,
               uint8_t pid[PID_SIZE], struct err *err)
{
    uint8_t plain[PID_SIZE + NUMBER_MAX];
    struct db_stmt *stmt = db_sql(db, "SELECT sealed FROM people_root WHERE tag = $1", err);
    size_t n;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    bool ok = root_open(people, db_bytes(stmt, 0), bytes_of(tag, HASH_SIZE), plain, &n, err);
    db_end(stmt);
    if (ok)
        memcpy(pid, plain, PID_SIZE);
    secret_wipe(plain, sizeof plain);
    return ok;
}

bool people_find(struct people *people, struct db *db, struct str scheme, struct str number, bool *ret_found,
                 struct person *ret_person, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    number_tag(people, scheme, number, tag);
    *ret_found = cache_get(people->numbers, tag, ret_person->pid);
    if (*ret_found)
        return true;
    if (!root_find(people, db, tag, ret_found, ret_person->pid, err))
        return false;
    if (*ret_found && !db_in_tx(db)) /* what a transaction registered may be taken back */
        cache_put(people->numbers, tag, ret_person->pid);
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

bool people_each(struct people *people, struct db *db, void (*fn)(void *arg, const uint8_t pid[PID_SIZE]),
                 void *arg, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT tag, sealed FROM people_root ORDER BY tag", err);
    enum db_result result = DB_ERROR;
    while (stmt != NULL && (result = db_step(stmt, err)) == DB_ROW) {
        uint8_t plain[PID_SIZE + NUMBER_MAX];
        struct err ignored;
        size_t n;
        if (root_open(people, db_bytes(stmt, 1), db_bytes(stmt, 0), plain, &n, &ignored))
            fn(arg, plain);
    }
    return result == DB_DONE;
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
    secret_wipe(plain, sizeof plain);
    if (!str_next(&rest, '|', ret_scheme))
        return err_set(err, ERR_CORRUPT, "people_root", "a row has no number");
    *ret_number = rest;
    return true;
}

bool root_row_right(const struct people *people, struct db_stmt *row, struct arena *arena, struct err *err)
{
    uint8_t plain[PID_SIZE + NUMBER_MAX], tag[HASH_SIZE], pid[HASH_SIZE];
    struct str scheme = {0}, rest;
    size_t n;
    if (!root_open(people, db_bytes(row, 1), db_bytes(row, 0), plain, &n, err))
        return false;
    rest = (struct str){(char *)plain + PID_SIZE, n - PID_SIZE};
    bool whole = str_next(&rest, '|', &scheme);
    number_tag(people, scheme, rest, tag);
    pid_tag(people, plain, pid);
    secret_wipe(plain, sizeof plain);
    return (whole && str_eq(db_bytes(row, 0), bytes_of(tag, sizeof tag)) &&
            str_eq(db_bytes(row, 2), bytes_of(pid, sizeof pid))) ||
           err_set(err, ERR_CORRUPT, "people_root",
                   "a row does not stand where its number and person belong");
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
