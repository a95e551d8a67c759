/* SPDX-License-Identifier: Apache-2.0 */
/* factor.c: rows of factors, one-time codes, and logging in by any factor. */
#include "people/factor_private.h"

#include "base/clock.h"
#include "people/limit.h"

#define NETWORK_AND_OWNER (LIMIT_NETWORK_SIZE + HASH_SIZE)

/* --- rows --- */

void factor_row_of(const struct people *people, const struct account *account, int kind,
                   struct factor_row *row)
{
    uint8_t byte = (uint8_t)kind;
    struct hmac mac;
    *row = (struct factor_row){.kind = kind};
    account_tag(people, account, "factor", row->owner);
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "factor row", 11);
    hmac_add(&mac, row->owner, HASH_SIZE);
    hmac_add(&mac, &byte, 1);
    hmac_end(&mac, row->tag);
}

static struct str row_ad(const struct factor_row *row, struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 256);
    buf_lp(&ad, "factor", 6);
    buf_add(&ad, row->tag, HASH_SIZE);
    buf_add(&ad, row->owner, HASH_SIZE);
    buf_byte(&ad, (uint8_t)row->kind);
    buf_u64be(&ad, (uint64_t)row->ends);
    return buf_view(&ad);
}

static void row_seal(struct people *people, const struct factor_row *row, struct arena *arena,
                     struct str *ret_sealed)
{
    struct buf plain;
    buf_in(&plain, arena, 4096);
    buf_str(&plain, row->plain);
    people_seal(people, &plain, row_ad(row, arena), arena, ret_sealed);
}

bool factor_put(struct people *people, struct db *db, const struct factor_row *row, struct arena *arena,
                struct err *err)
{
    static const char sql[] =
        "INSERT INTO people_factor (tag, owner, kind, sealed, ends) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (tag) DO UPDATE SET sealed = excluded.sealed, ends = excluded.ends";
    struct str sealed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    row_seal(people, row, arena, &sealed);
    db_bind_bytes(stmt, 1, row->tag, HASH_SIZE);
    db_bind_bytes(stmt, 2, row->owner, HASH_SIZE);
    db_bind_i64(stmt, 3, row->kind);
    db_bind_bytes(stmt, 4, sealed.p, sealed.n);
    db_bind_i64(stmt, 5, row->ends);
    return db_run(stmt, NULL, err);
}

bool factor_get(struct people *people, struct db *db, struct factor_row *row, int64_t now,
                struct arena *arena, bool *ret_found, struct str *ret_sealed, struct err *err)
{
    struct str sealed;
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT sealed, ends FROM people_factor WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, row->tag, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        sealed = str_dup(arena, db_bytes(stmt, 0));
        row->ends = db_i64(stmt, 1);
        db_end(stmt);
    }
    *ret_found = found && (row->ends == 0 || now < row->ends);
    if (ret_sealed != NULL && found)
        *ret_sealed = sealed;
    if (!*ret_found) {
        people_decoy_open(people);
        return true;
    }
    return people_unseal(people, sealed, row_ad(row, arena), "people_factor", arena, &row->plain, err);
}

bool factor_swap(struct people *people, struct db *db, const struct factor_row *row, struct str old,
                 struct arena *arena, bool *ret_done, struct err *err)
{
    struct str sealed;
    int64_t changed;
    struct db_stmt *stmt =
        db_sql(db, "UPDATE people_factor SET sealed = $1 WHERE tag = $2 AND sealed = $3", err);
    if (stmt == NULL)
        return false;
    row_seal(people, row, arena, &sealed);
    db_bind_bytes(stmt, 1, sealed.p, sealed.n);
    db_bind_bytes(stmt, 2, row->tag, HASH_SIZE);
    db_bind_bytes(stmt, 3, old.p, old.n);
    if (!db_run(stmt, &changed, err))
        return false;
    *ret_done = changed == 1;
    return true;
}

bool factor_drop(struct people *people, struct db *db, const struct account *account, int kind,
                 struct err *err)
{
    uint8_t owner[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_factor WHERE owner = $1 AND kind = $2", err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "factor", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    db_bind_i64(stmt, 2, kind);
    return db_run(stmt, NULL, err);
}

/* --- codes given once: a row's tag is made of owner and code, so a code is found and never read --- */

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const struct {
    int64_t life;
} code_facts[] = {[CODE_LETTER] = {30 * CLOCK_DAY},
                  [CODE_COUNTER] = {CLOCK_DAY},
                  [CODE_RECOVERY] = {0},
                  [CODE_OFFICIAL] = {CLOCK_DAY}};

bool code_normalise(struct str typed, char out[CODE_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (c == ' ' || c == '-')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (n == CODE_SIZE - 2 || c == '\0' || strchr(letters, c) == NULL)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n == CODE_SIZE - 2;
}

static void code_row_of(const struct people *people, const struct account *account, const char *code,
                        struct factor_row *row)
{
    struct hmac mac;
    account_tag(people, account, "factor", row->owner);
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "code", 5);
    hmac_add(&mac, row->owner, HASH_SIZE);
    hmac_add(&mac, code, strlen(code));
    hmac_end(&mac, row->tag);
}

void code_draw(char out[CODE_SIZE])
{
    uint8_t random[CODE_SIZE - 2];
    size_t at = 0;
    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == sizeof random / 2)
            out[at++] = '-';
        out[at++] = letters[random[i] % 32];
    }
    out[at] = '\0';
}

struct issuing {
    struct people *people;
    const struct account *account;
    enum code_kind kind;
    uint8_t ial;
    int64_t now;
    char (*out)[CODE_SIZE];
};

static bool issue(struct db *db, void *arg, struct err *err)
{
    struct issuing *i = arg;
    struct arena arena;
    if (!factor_drop(i->people, db, i->account, i->kind, err))
        return false;
    bool ok = true;
    arena_init(&arena, 4096, 1 << 20);
    for (int c = 0; ok && c < (i->kind == CODE_RECOVERY ? CODE_RECOVERY_N : 1); c++) {
        char normal[CODE_SIZE];
        int64_t life = code_facts[i->kind].life;
        struct factor_row row = {.kind = i->kind, .plain = bytes_of(&i->ial, 1)};
        row.ends = life ? i->now + life : 0;
        code_draw(i->out[c]);
        must(code_normalise(str_of(i->out[c]), normal));
        code_row_of(i->people, i->account, normal, &row);
        ok = factor_put(i->people, db, &row, &arena, err);
    }
    arena_done(&arena);
    return ok;
}

bool code_issue(struct people *people, struct db *db, const struct account *account, enum code_kind kind,
                unsigned ial, int64_t now, char (*out)[CODE_SIZE], struct err *err)
{
    struct issuing i = {people, account, kind, (uint8_t)ial, now, out};
    return db_tx(db, issue, &i, err);
}

bool code_left(struct people *people, struct db *db, const struct account *account, enum code_kind kind,
               int64_t now, uint64_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT count(*) FROM people_factor WHERE owner = $1 AND kind = $2 AND (ends = 0 OR ends > $3)";
    uint8_t owner[HASH_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "factor", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    db_bind_i64(stmt, 2, kind);
    db_bind_i64(stmt, 3, now);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

/* Takes the row away and reads what it was: of two who use one code at one moment, one gets nothing. */
bool code_try(struct people *people, struct db *db, const struct account *account, struct str typed,
              int64_t now, bool *ret_right, enum code_kind *ret_kind, unsigned *ret_ial, struct err *err)
{
    static const char sql[] = "DELETE FROM people_factor WHERE tag = $1 RETURNING kind, sealed, ends";
    char normal[CODE_SIZE] = "";
    struct factor_row row;
    struct arena arena;
    struct str plain;
    bool found, ok = true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    if (!code_normalise(typed, normal))
        normal[0] = '\0'; /* no row has an empty code */
    code_row_of(people, account, normal, &row);
    db_bind_bytes(stmt, 1, row.tag, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_right = false;
    if (!found)
        return true;
    row.kind = (int)db_i64(stmt, 0);
    row.ends = db_i64(stmt, 2);
    arena_init(&arena, 1024, 65536);
    struct str sealed = str_dup(&arena, db_bytes(stmt, 1));
    db_end(stmt);
    if (row.ends == 0 || now < row.ends) {
        ok = people_unseal(people, sealed, row_ad(&row, &arena), "people_factor", &arena, &plain, err);
        if (ok && plain.n == 1) {
            *ret_right = true;
            *ret_kind = (enum code_kind)row.kind;
            *ret_ial = (uint8_t)plain.p[0];
        }
    }
    arena_done(&arena);
    return ok;
}

/* --- logging in --- */

bool factor_account(struct people *people, struct db *db, struct str scheme, struct str number,
                    struct account *ret_account, bool *ret_real, struct err *err)
{
    uint8_t decoy[HASH_SIZE], tag[HASH_SIZE];
    struct hmac mac;
    if (str_is(scheme, "staff")) {
        *ret_account = (struct account){.kind = CALLER_OFFICIAL, .staff_code = number};
        *ret_real = true;
        return true;
    }
    struct account account = {.kind = CALLER_PERSON};
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "decoy", 6);
    hmac_add(&mac, number.p, number.n);
    hmac_end(&mac, decoy);
    memcpy(account.person.pid, decoy, PID_SIZE);
    number_tag(people, scheme, number, tag);
    if (!root_find(people, db, tag, ret_real, account.person.pid, err))
        return false;
    if (!*ret_real)
        people_decoy_open(people);
    *ret_account = account;
    return true;
}

struct barrier {
    uint8_t both[NETWORK_AND_OWNER]; /* account and network */
    struct str account, place;
};

static void barrier_of(const struct people *people, const struct account *account, struct str address,
                       struct barrier *b)
{
    char network[LIMIT_NETWORK_SIZE] = "";
    memset(b->both, 0, sizeof b->both);
    limit_network_of(address, network);
    account_tag(people, account, "barrier", b->both);
    memcpy(b->both + HASH_SIZE, network, strlen(network));
    b->account = bytes_of(b->both, HASH_SIZE);
    b->place = bytes_of(b->both, sizeof b->both);
}

/* What was given once is only delayed, never closed: its 50 bits cannot be guessed, and it is how one comes
 * back in. */
static bool may_try(struct people *people, struct db *db, const struct barrier *b, struct str address,
                    int64_t now, struct factor_result *r, struct err *err)
{
    int64_t wait[4], failures, in_place;
    char network[LIMIT_NETWORK_SIZE];
    limit_network_of(address, network);
    if (!limit_take(people, db, &limit_network, str_of(network), now, &wait[0], err) ||
        !limit_take(people, db, &limit_account, b->place, now, &wait[1], err) ||
        !limit_failures(people, db, "account", b->account, now, &wait[2], &failures, err) ||
        !limit_failures(people, db, "place", b->place, now, &wait[3], &in_place, err))
        return false;
    r->wait = MAX_OF(MAX_OF(wait[0], wait[1]), wait[3]);
    r->closed = failures >= LIMIT_FAILURES_MAX;
    return true;
}

static bool try_factor(struct people *people, struct db *db, const struct factor_attempt *a, int64_t now,
                       struct factor_result *r, struct err *err)
{
    unsigned ial = 0;
    enum code_kind kind = CODE_RECOVERY;
    switch (a->factor) {
    case FACTOR_CODE:
        if (!code_try(people, db, &r->account, a->typed, now, &r->right, &kind, &ial, err))
            return false;
        r->levels = (struct levels){ial, 1, false};
        r->enrols = kind != CODE_RECOVERY;
        r->recovered = kind == CODE_RECOVERY;
        return true;
    case FACTOR_TOTP:
        r->levels.aal = 1;
        return totp_try(people, db, &r->account, FACTOR_ROW_TOTP, a->typed, now, &r->right, &r->levels.ial,
                        err);
    case FACTOR_SMS:
        r->levels.aal = 1;
        return sms_try(people, db, &r->account, a->browser, a->typed, now, &r->right, &r->levels.ial, err);
    }
    return false;
}

bool factor_log_in(struct people *people, struct db *db, const struct factor_attempt *a, int64_t now,
                   struct factor_result *ret_result, struct err *err)
{
    struct factor_result r = {0};
    struct barrier barrier;
    bool real;
    if (!factor_account(people, db, a->scheme, a->number, &r.account, &real, err))
        return false;
    barrier_of(people, &r.account, a->address, &barrier);
    if (!may_try(people, db, &barrier, a->address, now, &r, err))
        return false;
    if (r.wait == 0 && (!r.closed || a->factor == FACTOR_CODE)) {
        if (!try_factor(people, db, a, now, &r, err))
            return false;
        r.right = r.right && real;
        if (!r.right && (!limit_failed(people, db, "account", barrier.account, now, err) ||
                         !limit_failed(people, db, "place", barrier.place, now, err)))
            return false;
        if (r.right && !limit_clear(people, db, "place", barrier.place, err))
            return false;
        if (r.right && r.enrols && !factor_clear(people, db, &r.account, err))
            return false;
        r.closed = r.closed && !r.right;
    }
    *ret_result = r;
    return true;
}

bool factor_clear(struct people *people, struct db *db, const struct account *account, struct err *err)
{
    struct barrier barrier;
    barrier_of(people, account, STR(""), &barrier);
    return limit_clear(people, db, "account", barrier.account, err);
}
