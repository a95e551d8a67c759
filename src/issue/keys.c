/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: the keys that sign documents, their certificates and their public records. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/keys.h"
#include "issue/issue_private.h"

#define KEY_USE_DAYS 730               /* then it is to be renewed */
#define KEY_LIFE_DAYS (730 + 12 * 366) /* as long as what it signed is to be checked */
#define KEYS_MAX 64
#define KINDS_MAX 1024
#define LISTS_MAX 4096

static void key_name(char out[24], int64_t n)
{
    snprintf(out, 24, "document-%lld", (long long)n);
}

/* What was ever issued may go on being checked when its service has left the folder. */
static bool keep_kind(struct db *db, struct str kind, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "INSERT INTO document_kind (kind) VALUES ($1) ON CONFLICT DO NOTHING", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, kind);
    return db_run(stmt, NULL, err);
}

static bool keep_kinds(struct db *db, void *arg, struct err *err)
{
    const struct jurisdiction *j = arg;
    for (size_t s = 0; s < j->services_n; s++)
        for (size_t i = 0; i < j->services[s].documents_n; i++) {
            char kind[160];
            snprintf(kind, sizeof kind, "%.*s/%.*s", STR_ARG(j->services[s].id),
                     STR_ARG(j->services[s].documents[i].id));
            if (!keep_kind(db, str_of(kind), err))
                return false;
        }
    return true;
}

static bool read_kinds(struct db *db, struct arena *arena, struct str **ret, size_t *ret_n, struct err *err)
{
    struct str *kinds = arena_array(arena, struct str, KINDS_MAX);
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, "SELECT kind FROM document_kind ORDER BY kind", err);
    if (stmt == NULL)
        return false;
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW && n < KINDS_MAX)
        kinds[n++] = str_dup(arena, db_text(stmt, 0));
    if (step == DB_ROW)
        db_end(stmt);
    *ret = kinds;
    *ret_n = n;
    return step != DB_ERROR;
}

static bool read_lists(struct documents *d, struct db *db, struct arena *arena, struct issuers *to,
                       struct err *err)
{
    struct str *uris = arena_array(arena, struct str, LISTS_MAX);
    struct db_stmt *stmt = db_sql(db, "SELECT list FROM document_list ORDER BY list", err);
    if (stmt == NULL)
        return false;
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW && to->status_n < LISTS_MAX)
        uris[to->status_n++] =
            str_of(arena_printf(arena, "%s/status/%lld", d->site, (long long)db_i64(stmt, 0)));
    if (step == DB_ROW)
        db_end(stmt);
    to->status = uris;
    return step != DB_ERROR;
}

/* The keys, oldest first; n is their place in the list plus one. */
bool documents_issuers(struct documents *d, struct db *db, struct arena *arena, struct issuers *ret,
                       struct err *err)
{
    struct issuer_key *keys = arena_array(arena, struct issuer_key, KEYS_MAX);
    struct str *kinds;
    size_t n = 0, kinds_n;
    if (!read_kinds(db, arena, &kinds, &kinds_n, err))
        return false;
    struct db_stmt *stmt = db_sql(db, "SELECT certificate, made, retired FROM document_key ORDER BY n", err);
    if (stmt == NULL)
        return false;
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW && n < KEYS_MAX) {
        struct issuer_key *k = &keys[n++];
        k->certificate = str_dup(arena, db_bytes(stmt, 0));
        k->from = db_i64(stmt, 1);
        k->until = db_i64(stmt, 2);
        k->kinds = kinds;
        k->kinds_n = kinds_n;
        kid_of(k->kid, k->certificate);
        if (!es256_of_certificate(k->certificate, k->public_key)) {
            db_end(stmt);
            return err_set(err, ERR_CORRUPT, "document_key", "a row does not hold a certificate");
        }
    }
    if (step == DB_ROW)
        db_end(stmt);
    *ret = (struct issuers){.issuer = str_of(d->issuer), .keys = keys, .n = n};
    return step != DB_ERROR && read_lists(d, db, arena, ret, err);
}

static bool insert_key(struct documents *d, struct db *db, int64_t n, struct str certificate, int64_t made,
                       struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "INSERT INTO document_key (n, certificate, made, retired) VALUES ($1, $2, $3, 0)", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, n);
    db_bind_bytes(stmt, 2, certificate.p, certificate.n);
    db_bind_i64(stmt, 3, made);
    return db_run(stmt, NULL, err);
}

/* The key in a file; a new one where there is none and `make`. A key file without a row is what a crash left,
 * or what the operator put there: it is taken. */
static bool open_key(struct documents *d, const char *path, const char *name, bool make,
                     struct es256_key **ret, struct err *err)
{
    bool there = access(path, F_OK) == 0;
    *ret = NULL;
    if (there && d->config.elsewhere != NULL && !d->config.elsewhere(d->config.arg, path, ret, err))
        return false;
    if (*ret != NULL)
        return true;
    uint8_t *secret = secret_new(ES256_SECRET_SIZE);
    bool ok;
    if (there || !make) {
        ok = key_file_read_sealed(path, d->config.master, name, secret, err);
    } else {
        es256_draw(secret);
        ok = key_file_write_sealed(path, d->config.master, name, secret, err);
    }
    if (ok && (*ret = es256_key_new(secret)) == NULL)
        ok = err_set(err, ERR_CORRUPT, path, "is not a key of this curve");
    secret_free(secret);
    return ok;
}

/* Takes the key, also on failure. */
static bool use_key(struct documents *d, struct es256_key *key, struct str certificate, int64_t from,
                    const char *path, struct err *err)
{
    uint8_t mine[ES256_PUBLIC_SIZE], theirs[ES256_PUBLIC_SIZE];
    es256_public(key, mine);
    if (!es256_of_certificate(certificate, theirs) || memcmp(mine, theirs, sizeof mine) != 0) {
        es256_key_free(key);
        return err_set(err, ERR_CORRUPT, path, "is not the key of its certificate in the state");
    }
    pthread_rwlock_wrlock(&d->key_lock);
    struct es256_key *former = d->key;
    d->key = key;
    d->key_from = from;
    kid_of(d->kid, certificate);
    pthread_rwlock_unlock(&d->key_lock);
    es256_key_free(former);
    return true;
}

static bool make_key(struct documents *d, struct db *db, int64_t n, struct arena *arena, struct err *err)
{
    char name[24];
    struct buf certificate;
    struct es256_key *key;
    int64_t now = clock_now() / CLOCK_SECOND;
    key_name(name, n);
    const char *path = arena_printf(arena, "%s/%s.key", d->config.keys_folder, name);
    buf_in(&certificate, arena, 4096);
    if (!open_key(d, path, name, true, &key, err))
        return false;
    if (es256_certificate(key, str_of(d->issuer), now, now + KEY_LIFE_DAYS * INT64_C(86400), &certificate,
                          err) &&
        insert_key(d, db, n, buf_view(&certificate), now, err))
        return use_key(d, key, buf_view(&certificate), now, path, err);
    es256_key_free(key);
    return false;
}

static bool read_key(struct documents *d, const struct issuer_key *k, size_t n, struct arena *arena,
                     struct err *err)
{
    char name[24];
    struct es256_key *key;
    key_name(name, (int64_t)n);
    const char *path = arena_printf(arena, "%s/%s.key", d->config.keys_folder, name);
    bool ok =
        open_key(d, path, name, false, &key, err) && use_key(d, key, k->certificate, k->from, path, err);
    if (ok && clock_now() / CLOCK_SECOND - k->from > KEY_USE_DAYS * INT64_C(86400))
        say(SAY_WARN, "%s has signed documents for two years: aina keys rotate document makes a new one",
            path);
    return ok;
}

bool documents_next_key(struct documents *d, struct db *db, size_t *ret_number, struct err *err)
{
    struct arena arena;
    struct issuers all;
    arena_init(&arena, 65536, (size_t)16 << 20);
    bool ok = documents_issuers(d, db, &arena, &all, err);
    if (ok)
        *ret_number = all.n + 1;
    arena_done(&arena);
    return ok;
}

bool document_key_check(struct documents *d, const struct issuers *all, struct arena *arena, struct err *err)
{
    return all->n == 0 || read_key(d, &all->keys[all->n - 1], all->n, arena, err);
}

/* Everybody may see which keys sign, since when, until when. */
static bool log_keys(struct documents *d, struct db *db, const struct issuers *all, struct arena *arena,
                     struct err *err)
{
    for (size_t i = 0; i < all->n; i++) {
        struct issuer_key one = all->keys[i];
        struct buf content;
        char name[24];
        one.kinds_n = 0; /* what it may sign stands in the rules */
        key_name(name, (int64_t)i + 1);
        buf_in(&content, arena, 16384);
        issuers_write(&(struct issuers){.issuer = all->issuer, .keys = &one, .n = 1}, &content);
        if (!gate_public_record(d->config.gate, db, STR("key"), str_of(name), buf_view(&content), err))
            return false;
    }
    return true;
}

bool document_keys_open(struct documents *d, struct db *db, struct err *err)
{
    struct arena arena;
    struct issuers all;
    arena_init(&arena, 65536, (size_t)16 << 20);
    bool ok = db_tx(db, keep_kinds, (void *)d->config.j, err) &&
              documents_issuers(d, db, &arena, &all, err) &&
              (all.n != 0 ? read_key(d, &all.keys[all.n - 1], all.n, &arena, err)
                          : make_key(d, db, 1, &arena, err) && documents_issuers(d, db, &arena, &all, err)) &&
              log_keys(d, db, &all, &arena, err);
    arena_done(&arena);
    return ok;
}

static bool retire(struct db *db, size_t n, int64_t now, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "UPDATE document_key SET retired = $1 WHERE n = $2 AND retired = 0", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now);
    db_bind_i64(stmt, 2, (int64_t)n);
    return db_run(stmt, NULL, err);
}

bool documents_sign(struct documents *d)
{
    pthread_rwlock_rdlock(&d->key_lock);
    bool sign = d->key != NULL;
    pthread_rwlock_unlock(&d->key_lock);
    return sign;
}

/* The new key first: at no moment is there none. */
bool documents_rekey(struct documents *d, struct db *db, struct err *err)
{
    struct arena arena;
    struct issuers all;
    if (!documents_sign(d))
        return err_set(err, ERR_CONFLICT, "document keys", "a server runs on this instance: stop it first");
    arena_init(&arena, 65536, (size_t)16 << 20);
    bool ok = documents_issuers(d, db, &arena, &all, err);
    if (ok && all.n == KEYS_MAX)
        ok = err_set(err, ERR_TOO_LARGE, "document keys", "there are %d already", KEYS_MAX);
    ok = ok && make_key(d, db, (int64_t)all.n + 1, &arena, err) &&
         retire(db, all.n, clock_now() / CLOCK_SECOND, err) && documents_issuers(d, db, &arena, &all, err) &&
         log_keys(d, db, &all, &arena, err);
    arena_done(&arena);
    return ok;
}
