/* SPDX-License-Identifier: Apache-2.0 */
#include "people/passkey.h"

#include "base/clock.h"
#include "people/people_private.h"

#define NONCE 16
#define MAC 24
#define FORGET_EACH 16
#define LABEL_MAX 80

/* --- challenges --- */

static void challenge_mac(const struct people *people, enum passkey_use use, const uint8_t browser[32],
                          const struct account *account, const uint8_t *head, uint8_t mac[HASH_SIZE])
{
    uint8_t whose[HASH_SIZE] = {0}, byte = (uint8_t)use;
    struct hmac hmac;
    if (account != NULL)
        account_tag(people, account, "challenge", whose);
    hmac_start(&hmac, &people->challenge);
    hmac_add(&hmac, head, NONCE + 8);
    hmac_add(&hmac, &byte, 1);
    hmac_add(&hmac, browser, 32);
    hmac_add(&hmac, whose, sizeof whose);
    hmac_end(&hmac, mac);
}

void passkey_challenge(struct people *people, enum passkey_use use, const uint8_t browser[32],
                       const struct account *account, int64_t now, uint8_t out[PASSKEY_CHALLENGE_SIZE])
{
    uint8_t mac[HASH_SIZE];
    random_bytes(out, NONCE);
    put_u64be(out + NONCE, (uint64_t)(now + PASSKEY_CHALLENGE_LIFE));
    challenge_mac(people, use, browser, account, out, mac);
    memcpy(out + NONCE + 8, mac, MAC);
}

/* NULL: ours, for this ceremony, browser and account, and not old. */
static const char *challenge_refusal(const struct people *people, enum passkey_use use,
                                     const uint8_t browser[32], const struct account *account,
                                     struct str client_data, int64_t now,
                                     uint8_t challenge[WEBAUTHN_CHALLENGE_MAX])
{
    size_t n;
    uint8_t mac[HASH_SIZE];
    if (!webauthn_challenge_of(client_data, challenge, &n) || n != PASSKEY_CHALLENGE_SIZE)
        return webauthn_refusal_code(WEBAUTHN_CHALLENGE);
    challenge_mac(people, use, browser, account, challenge, mac);
    if (!bytes_same(mac, challenge + NONCE + 8, MAC))
        return webauthn_refusal_code(WEBAUTHN_CHALLENGE);
    int64_t ends = (int64_t)get_u64be(challenge + NONCE);
    return now < ends && ends <= now + PASSKEY_CHALLENGE_LIFE ? NULL : "challenge-old";
}

/* Inside a transaction. ERR_CONFLICT: used already. Old ones are forgotten on the way. */
static bool challenge_spend(struct db *db, const uint8_t challenge[PASSKEY_CHALLENGE_SIZE], int64_t now,
                            struct err *err)
{
    uint8_t hash[HASH_SIZE];
    struct db_stmt *stmt;
    sha256(hash, challenge, PASSKEY_CHALLENGE_SIZE);
    if (hash[0] % FORGET_EACH == 0) { /* now and then; what stays longer is only longer refused */
        if ((stmt = db_sql(db, "DELETE FROM people_used WHERE ends < $1", err)) == NULL)
            return false;
        db_bind_i64(stmt, 1, now);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    if ((stmt = db_sql(db, "INSERT INTO people_used (hash, ends) VALUES ($1, $2)", err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, hash, sizeof hash);
    db_bind_i64(stmt, 2, (int64_t)get_u64be(challenge + NONCE));
    return db_run(stmt, NULL, err);
}

void passkey_handle(struct people *people, const struct account *account, uint8_t out[PASSKEY_HANDLE_SIZE])
{
    account_tag(people, account, "handle", out);
}

/* --- rows --- */

struct key_row {
    uint8_t tag[HASH_SIZE], owner[HASH_SIZE];
    struct account account;
    struct webauthn_key key;
    unsigned ial;
    uint32_t count;
    int64_t made, seen, ready;
    struct str label;
};

static void key_tag(const struct people *people, struct str id, uint8_t tag[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "key", 4);
    hmac_add(&mac, id.p, id.n);
    hmac_end(&mac, tag);
}

static struct str row_ad(const struct key_row *row, struct arena *arena)
{
    struct buf ad;
    buf_in(&ad, arena, 256);
    buf_lp(&ad, "key", 3);
    buf_add(&ad, row->tag, HASH_SIZE);
    buf_add(&ad, row->owner, HASH_SIZE);
    return buf_view(&ad);
}

static void row_seal(const struct people *people, const struct key_row *row, struct arena *arena,
                     struct str *ret_sealed)
{
    struct buf out;
    const struct webauthn_key *k = &row->key;
    buf_in(&out, arena, 8192);
    put_account(&out, &row->account);
    buf_u16be(&out, (uint16_t)-k->algorithm);
    buf_lp(&out, k->id, k->id_n);
    buf_lp(&out, k->bytes, k->bytes_n);
    buf_add(&out, k->aaguid, sizeof k->aaguid);
    buf_byte(&out, k->backup_eligible);
    buf_byte(&out, k->attested);
    buf_byte(&out, (uint8_t)row->ial);
    buf_u64be(&out, row->count);
    buf_u64be(&out, (uint64_t)row->made);
    buf_u64be(&out, (uint64_t)row->seen);
    buf_u64be(&out, (uint64_t)row->ready);
    buf_lp(&out, row->label.p, row->label.n);
    people_seal(people, &out, row_ad(row, arena), arena, ret_sealed);
}

static bool row_take(struct str rest, struct key_row *row, struct err *err)
{
    struct str algorithm, id, bytes, aaguid;
    uint8_t eligible, attested, ial;
    uint64_t count, made, seen, ready;
    bool ok = take_account(&rest, &row->account) && take_bytes(&rest, 2, &algorithm) && lp_next(&rest, &id) &&
              id.n <= WEBAUTHN_ID_MAX && lp_next(&rest, &bytes) && bytes.n <= WEBAUTHN_KEY_MAX &&
              take_bytes(&rest, WEBAUTHN_AAGUID_SIZE, &aaguid) && take_byte(&rest, &eligible) &&
              take_byte(&rest, &attested) && take_byte(&rest, &ial) && take_u64(&rest, &count) &&
              take_u64(&rest, &made) && take_u64(&rest, &seen) && take_u64(&rest, &ready) &&
              lp_next(&rest, &row->label) && rest.n == 0;
    if (!ok)
        return err_set(err, ERR_CORRUPT, "people_key", "a row is cut short");
    struct webauthn_key *k = &row->key;
    k->algorithm = (enum webauthn_algorithm) - (int)get_u16be((const uint8_t *)algorithm.p);
    memcpy(k->id, id.p, id.n);
    memcpy(k->bytes, bytes.p, bytes.n);
    memcpy(k->aaguid, aaguid.p, aaguid.n);
    k->id_n = (uint16_t)id.n, k->bytes_n = (uint16_t)bytes.n;
    k->backup_eligible = eligible != 0, k->attested = attested != 0;
    row->ial = ial;
    row->count = (uint32_t)count;
    row->made = (int64_t)made, row->seen = (int64_t)seen, row->ready = (int64_t)ready;
    return true;
}

/* Columns tag, owner, sealed. */
static bool row_open(const struct people *people, struct db_stmt *stmt, struct arena *arena,
                     struct key_row *row, struct str *ret_sealed, struct err *err)
{
    struct str tag = db_bytes(stmt, 0), owner = db_bytes(stmt, 1), plain;
    if (tag.n != HASH_SIZE || owner.n != HASH_SIZE)
        return err_set(err, ERR_CORRUPT, "people_key", "a row has columns of a wrong size");
    *row = (struct key_row){0};
    memcpy(row->tag, tag.p, HASH_SIZE);
    memcpy(row->owner, owner.p, HASH_SIZE);
    *ret_sealed = str_dup(arena, db_bytes(stmt, 2));
    return people_unseal(people, *ret_sealed, row_ad(row, arena), "people_key", arena, &plain, err) &&
           row_take(plain, row, err);
}

bool passkey_row_right(const struct people *people, struct db_stmt *row, struct arena *arena, struct err *err)
{
    struct key_row key;
    struct str sealed;
    return row_open(people, row, arena, &key, &sealed, err);
}

bool passkey_count(struct people *people, struct db *db, const struct account *account, uint64_t *ret_n,
                   struct err *err)
{
    uint8_t owner[HASH_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT count(*) FROM people_key WHERE owner = $1", err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "key", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_n = (uint64_t)db_i64(stmt, 0);
    db_end(stmt);
    return true;
}

/* --- enrolling --- */

struct enrolling {
    struct people *people;
    struct key_row *row;
    const uint8_t *challenge;
    int64_t now;
    struct arena *arena;
    const char *refusal;
};

static bool enrol_tx(struct db *db, void *arg, struct err *err)
{
    static const char known[] = "SELECT 1 FROM people_key WHERE tag = $1",
                      insert[] = "INSERT INTO people_key (tag, owner, sealed, made) VALUES ($1, $2, $3, $4)";
    struct enrolling *e = arg;
    struct str sealed;
    uint64_t n;
    bool found;
    struct db_stmt *stmt;
    if (!passkey_count(e->people, db, &e->row->account, &n, err) || (stmt = db_sql(db, known, err)) == NULL)
        return false;
    e->refusal = n >= PASSKEY_MAX ? "key-many" : NULL;
    db_bind_bytes(stmt, 1, e->row->tag, HASH_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        db_end(stmt);
        e->refusal = "key-known";
    }
    if (e->refusal != NULL)
        return true;
    if (!challenge_spend(db, e->challenge, e->now, err)) {
        e->refusal = err->code == ERR_CONFLICT ? "challenge-used" : NULL;
        return false;
    }
    row_seal(e->people, e->row, e->arena, &sealed);
    if ((stmt = db_sql(db, insert, err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, e->row->tag, HASH_SIZE);
    db_bind_bytes(stmt, 2, e->row->owner, HASH_SIZE);
    db_bind_bytes(stmt, 3, sealed.p, sealed.n);
    db_bind_i64(stmt, 4, e->now);
    return db_run(stmt, NULL, err);
}

bool passkey_enrol(struct people *people, struct db *db, const struct passkey_enrolment *in, int64_t now,
                   const char **ret_refusal, struct err *err)
{
    uint8_t challenge[WEBAUTHN_CHALLENGE_MAX];
    bool backed_up;
    struct key_row row = {.account = in->account,
                          .ial = in->ial,
                          .ready = in->ready,
                          .made = now,
                          .seen = now,
                          .label = in->label};
    *ret_refusal = challenge_refusal(people, PASSKEY_ENROL, in->browser, &in->account,
                                     in->registration.client_data, now, challenge);
    if (*ret_refusal != NULL)
        return true;
    enum webauthn_refusal refusal =
        webauthn_register(in->site, in->policy, bytes_of(challenge, PASSKEY_CHALLENGE_SIZE),
                          &in->registration, &row.key, &row.count, &backed_up);
    if (refusal != WEBAUTHN_OK) {
        *ret_refusal = webauthn_refusal_code(refusal);
        return true;
    }
    if (row.label.n > LABEL_MAX)
        return err_set(err, ERR_INVALID, "label", "is longer than %d bytes", LABEL_MAX);
    struct arena arena;
    arena_init(&arena, 8192, 1 << 20);
    account_tag(people, &in->account, "key", row.owner);
    key_tag(people, bytes_of(row.key.id, row.key.id_n), row.tag);
    struct enrolling e = {people, &row, challenge, now, &arena, NULL};
    bool ok = db_tx(db, enrol_tx, &e, err) || e.refusal != NULL;
    *ret_refusal = e.refusal;
    arena_done(&arena);
    return ok;
}

/* --- logging in --- */

struct logging_in {
    struct people *people;
    const struct key_row *row;
    struct str old;
    const uint8_t *challenge;
    int64_t now;
    struct arena *arena;
    struct levels levels;
    struct passkey_session *session;
    const char *refusal;
};

static bool session_begin(struct people *people, struct db *db, const struct account *account,
                          struct levels levels, struct passkey_session *session, struct err *err)
{
    char text[LEVELS_TEXT_SIZE];
    bool person = account->kind == CALLER_PERSON;
    levels_text(levels, text);
    const struct caller caller = {.kind = account->kind,
                                  .person = account->person,
                                  .official = {.staff_code = account->staff_code},
                                  .language = session->language,
                                  .levels = str_of(text),
                                  .device = session->device,
                                  .way = WAY_PASSKEY};
    return people_caller_add(people, db, &caller, false,
                             person ? session->life_person : session->life_official, session->secret, err);
}

static bool log_in_tx(struct db *db, void *arg, struct err *err)
{
    static const char update[] = "UPDATE people_key SET sealed = $1 WHERE tag = $2 AND sealed = $3";
    struct logging_in *l = arg;
    struct str sealed;
    int64_t changed;
    l->refusal = NULL;
    if (!challenge_spend(db, l->challenge, l->now, err)) {
        l->refusal = err->code == ERR_CONFLICT ? "challenge-used" : NULL;
        return false;
    }
    struct db_stmt *stmt = db_sql(db, update, err);
    if (stmt == NULL)
        return false;
    row_seal(l->people, l->row, l->arena, &sealed);
    db_bind_bytes(stmt, 1, sealed.p, sealed.n);
    db_bind_bytes(stmt, 2, l->row->tag, HASH_SIZE);
    db_bind_bytes(stmt, 3, l->old.p, l->old.n);
    return db_run(stmt, &changed, err) &&
           (changed == 1 || err_set(err, ERR_NOT_ALLOWED, "passkey",
                                    "was used elsewhere at this moment, or removed; try again")) &&
           (l->session == NULL || session_begin(l->people, db, &l->row->account, l->levels, l->session, err));
}

static bool row_find(struct people *people, struct db *db, struct str id, struct arena *arena,
                     struct key_row *row, struct str *ret_sealed, bool *ret_found, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "SELECT tag, owner, sealed FROM people_key WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    key_tag(people, id, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret_found, err))
        return false;
    bool ok = true;
    if (*ret_found) {
        ok = row_open(people, stmt, arena, row, ret_sealed, err);
        db_end(stmt);
    }
    return ok;
}

static bool belongs(struct people *people, const struct key_row *row, const struct passkey_log_in *in)
{
    uint8_t tag[HASH_SIZE];
    if (in->handle.n != 0) {
        passkey_handle(people, &row->account, tag);
        if (in->handle.n != sizeof tag || !bytes_same(in->handle.p, tag, sizeof tag))
            return false;
    }
    if (in->account == NULL)
        return true;
    account_tag(people, in->account, "key", tag);
    return bytes_same(tag, row->owner, sizeof tag);
}

bool passkey_log_in(struct people *people, struct db *db, const struct passkey_log_in *in, int64_t now,
                    struct arena *arena, struct passkey_result *ret_result, const char **ret_refusal,
                    struct err *err)
{
    uint8_t challenge[WEBAUTHN_CHALLENGE_MAX];
    struct key_row row;
    struct str old;
    uint32_t count;
    bool found, backed_up;
    *ret_refusal = challenge_refusal(people, PASSKEY_LOG_IN, in->browser, NULL, in->assertion.client_data,
                                     now, challenge);
    if (*ret_refusal != NULL)
        return true;
    if (!row_find(people, db, in->id, arena, &row, &old, &found, err))
        return false;
    if (!found || !belongs(people, &row, in)) {
        *ret_refusal = found ? "other-account" : "key-unknown";
        return true;
    }
    enum webauthn_refusal refusal = webauthn_assert(
        in->site, &row.key, bytes_of(challenge, PASSKEY_CHALLENGE_SIZE), &in->assertion, &count, &backed_up);
    if (refusal != WEBAUTHN_OK) {
        *ret_refusal = webauthn_refusal_code(refusal);
        return true;
    }
    bool stuck = (count != 0 || row.count != 0) && count <= row.count;
    if (stuck && row.account.kind != CALLER_PERSON) {
        *ret_refusal = "counter";
        return true;
    }
    row.count = MAX_OF(count, row.count);
    row.seen = now;
    unsigned aal = now < row.ready ? 1 : row.key.backup_eligible || stuck ? 2 : 3;
    struct logging_in l = {.people = people,
                           .row = &row,
                           .old = old,
                           .challenge = challenge,
                           .now = now,
                           .arena = arena,
                           .levels = {row.ial, aal, true},
                           .session = in->session};
    if (!db_group_tx(people->log_ins, db, log_in_tx, &l, err)) {
        *ret_refusal = l.refusal;
        return l.refusal != NULL;
    }
    *ret_result = (struct passkey_result){row.account, l.levels, stuck};
    ret_result->account.staff_code = str_dup(arena, row.account.staff_code);
    return true;
}

/* --- the list --- */

bool passkey_list(struct people *people, struct db *db, const struct account *account, struct arena *arena,
                  struct passkey_listed **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] = "SELECT tag, owner, sealed FROM people_key WHERE owner = $1 ORDER BY made";
    uint8_t owner[HASH_SIZE];
    struct passkey_listed *list = arena_array(arena, struct passkey_listed, PASSKEY_MAX);
    size_t n = 0;
    enum db_result result = DB_DONE;
    bool ok = true;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "key", owner);
    db_bind_bytes(stmt, 1, owner, sizeof owner);
    while (ok && n < PASSKEY_MAX && (result = db_step(stmt, err)) == DB_ROW) {
        struct key_row row;
        struct str sealed;
        ok = row_open(people, stmt, arena, &row, &sealed, err);
        if (!ok)
            break;
        list[n] = (struct passkey_listed){.id = str_dup(arena, bytes_of(row.key.id, row.key.id_n)),
                                          .label = row.label,
                                          .made = row.made,
                                          .seen = row.seen,
                                          .ready = row.ready,
                                          .synced = row.key.backup_eligible};
        memcpy(list[n++].tag, row.tag, HASH_SIZE);
    }
    if (!ok || n == PASSKEY_MAX)
        db_end(stmt);
    else if (result == DB_ERROR)
        return false;
    *ret_list = list;
    *ret_n = n;
    return ok;
}

bool passkey_remove(struct people *people, struct db *db, const struct account *account,
                    const uint8_t tag[32], struct err *err)
{
    uint8_t owner[HASH_SIZE];
    int64_t removed;
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_key WHERE tag = $1 AND owner = $2", err);
    if (stmt == NULL)
        return false;
    account_tag(people, account, "key", owner);
    db_bind_bytes(stmt, 1, tag, HASH_SIZE);
    db_bind_bytes(stmt, 2, owner, sizeof owner);
    return db_run(stmt, &removed, err) &&
           (removed == 1 || err_set(err, ERR_NOT_FOUND, "passkey", "is not there any more, or is not yours"));
}
