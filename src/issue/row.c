/* SPDX-License-Identifier: Apache-2.0 */
/* row.c: a document as a row: sealed, read, revoked. */
#include <stdio.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "issue/issue_private.h"

#define SEALED_MAX ((size_t)256 << 10)

bool documents_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1,
         "CREATE TABLE document_key (n bigint PRIMARY KEY, certificate bytea NOT NULL, made bigint NOT NULL,"
         " retired bigint NOT NULL);"
         "CREATE TABLE document_kind (kind text PRIMARY KEY);"
         "CREATE TABLE document_list (list bigint PRIMARY KEY, used bigint NOT NULL, version bigint NOT "
         "NULL);"
         "CREATE TABLE document_row (number text PRIMARY KEY, case_tag bytea NOT NULL, event bigint NOT NULL,"
         " item bigint NOT NULL, list bigint NOT NULL, idx bigint NOT NULL, issued bigint NOT NULL,"
         " expires bigint NOT NULL, revoked bigint NOT NULL, sealed bytea NOT NULL);"
         "CREATE UNIQUE INDEX document_row_step ON document_row (case_tag, event, item);"
         "CREATE UNIQUE INDEX document_row_place ON document_row (list, idx);"
         "CREATE INDEX document_row_revoked ON document_row (list) WHERE revoked > 0;"
         "CREATE TABLE document_person (tag bytea NOT NULL, made bigint NOT NULL, sealed bytea NOT NULL);"
         "CREATE INDEX document_person_tag ON document_person (tag, made)"}};
    return db_migrate(db, "document", migrations, ARRAY_LEN(migrations), err);
}

void document_tag(const struct documents *d, const char *what, const void *bytes, size_t n,
                  uint8_t tag[HASH_SIZE])
{
    struct hmac_key key;
    struct hmac mac;
    hmac_key_set(&key, d->tag_key, KEY_SIZE);
    hmac_start(&mac, &key);
    hmac_add(&mac, what, strlen(what) + 1);
    hmac_add(&mac, bytes, n);
    hmac_end(&mac, tag);
}

/* --- as bytes: pid ‖ u8 revocable, qr ‖ u64 issued, expires, revoked, list, index ‖ lp(text)... --- */

#define TEXTS 7 /* before those by language */

static void fixed_texts(const struct document *doc, struct str out[TEXTS])
{
    const struct str texts[TEXTS] = {
        str_of(doc->case_no), doc->service,     doc->document,   doc->agency ? doc->agency->id : STR(""),
        doc->reason,          doc->replaced_by, str_of(doc->act)};
    memcpy(out, texts, sizeof texts);
}

void document_write(const struct document *doc, const struct jurisdiction *j, struct buf *out)
{
    struct str texts[TEXTS];
    fixed_texts(doc, texts);
    buf_add(out, doc->pid, PID_SIZE);
    buf_byte(out, (uint8_t)(doc->revocable | doc->qr << 1));
    buf_u64be(out, (uint64_t)doc->issued);
    buf_u64be(out, (uint64_t)doc->expires);
    buf_u64be(out, (uint64_t)doc->revoked);
    buf_u64be(out, doc->list);
    buf_u64be(out, doc->index);
    for (size_t i = 0; i < TEXTS; i++)
        buf_lp(out, texts[i].p, texts[i].n);
    for (size_t l = 0; l < j->languages_n; l++) {
        buf_lp(out, j->languages[l].p, j->languages[l].n);
        buf_lp(out, doc->title[l].p, doc->title[l].n);
        buf_lp(out, doc->words[l].p, doc->words[l].n);
        buf_lp(out, doc->code[l].p, doc->code[l].n);
    }
}

static bool take_u64(struct str *rest, uint64_t *ret)
{
    if (rest->n < 8)
        return false;
    *ret = get_u64be((const uint8_t *)rest->p);
    *rest = str_from(*rest, 8);
    return true;
}

/* A language that the folder has no more is passed over; one that it has got since takes the first's texts.
 */
static bool take_languages(const struct jurisdiction *j, struct str rest, struct document *doc)
{
    struct str id, title, words, code;
    bool first = true;
    while (rest.n != 0) {
        if (!lp_next(&rest, &id) || !lp_next(&rest, &title) || !lp_next(&rest, &words) ||
            !lp_next(&rest, &code))
            return false;
        for (size_t l = 0; l < j->languages_n; l++)
            if (first || str_eq(j->languages[l], id)) {
                doc->title[l] = title;
                doc->words[l] = words;
                doc->code[l] = code;
            }
        first = false;
    }
    return !first;
}

static bool put_text(char *to, size_t size, struct str text)
{
    if (text.n != size - 1)
        return false;
    memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    return true;
}

static bool parse(const struct documents *d, struct str rest, struct document *doc)
{
    struct str text[TEXTS];
    uint64_t number[5];
    if (rest.n < PID_SIZE + 1)
        return false;
    memcpy(doc->pid, rest.p, PID_SIZE);
    doc->revocable = rest.p[PID_SIZE] & 1;
    doc->qr = (rest.p[PID_SIZE] & 2) != 0;
    rest = str_from(rest, PID_SIZE + 1);
    for (size_t i = 0; i < ARRAY_LEN(number); i++)
        if (!take_u64(&rest, &number[i]))
            return false;
    for (size_t i = 0; i < TEXTS; i++)
        if (!lp_next(&rest, &text[i]))
            return false;
    doc->issued = (int64_t)number[0];
    doc->expires = (int64_t)number[1];
    doc->revoked = (int64_t)number[2];
    doc->list = number[3];
    doc->index = number[4];
    doc->service = text[1];
    doc->document = text[2];
    doc->agency = jurisdiction_agency(d->config.j, text[3]);
    doc->reason = text[4];
    doc->replaced_by = text[5];
    return put_text(doc->case_no, CASE_NO_SIZE, text[0]) && put_text(doc->act, ACT_ID_SIZE, text[6]) &&
           take_languages(d->config.j, rest, doc);
}

bool document_parse(const struct documents *d, struct str bytes, struct document *ret, struct err *err)
{
    struct document doc = {0};
    memcpy(doc.number, ret->number, sizeof doc.number);
    if (!parse(d, bytes, &doc))
        return err_set(err, ERR_CORRUPT, ret->number, "the document's row does not hold one");
    *ret = doc;
    return true;
}

static size_t place_ad(char ad[64], const char *number)
{
    return (size_t)snprintf(ad, 64, "document|%s", number);
}

struct str document_seal(const struct documents *d, const struct document *doc, struct arena *arena)
{
    char ad[64];
    struct buf plain;
    buf_in(&plain, arena, SEALED_MAX);
    document_write(doc, d->config.j, &plain);
    must(!buf_overflowed(&plain));
    uint8_t *out = arena_take(arena, plain.n + SEAL_OVERHEAD, 1);
    seal(out, d->seal_key, plain.p, plain.n, ad, place_ad(ad, doc->number));
    return (struct str){(const char *)out, plain.n + SEAL_OVERHEAD};
}

static bool unseal(const struct documents *d, struct str sealed, struct arena *arena, struct document *doc,
                   struct err *err)
{
    char ad[64];
    if (sealed.n >= SEAL_OVERHEAD) {
        char *out = arena_take(arena, sealed.n - SEAL_OVERHEAD + 1, 1);
        if (seal_open(out, d->seal_key, (const uint8_t *)sealed.p, sealed.n, ad, place_ad(ad, doc->number))) {
            if (!document_parse(d, (struct str){out, sealed.n - SEAL_OVERHEAD}, doc, err))
                return false;
            doc->kind =
                str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(doc->service), STR_ARG(doc->document)));
            return true;
        }
    }
    return err_set(err, ERR_CORRUPT, doc->number,
                   "the document does not open: its row is not what was written");
}

/* The row that `stmt` stands at: number, list, idx, issued, expires, revoked, sealed. */
static bool open_row(const struct documents *d, struct db_stmt *stmt, struct arena *arena,
                     struct document *doc, struct err *err)
{
    struct str number = db_text(stmt, 0);
    *doc = (struct document){0};
    if (!put_text(doc->number, DOCUMENT_NO_SIZE, number))
        return err_set(err, ERR_CORRUPT, "document_row", "a number is none");
    if (!unseal(d, db_bytes(stmt, 6), arena, doc, err))
        return false;
    if ((int64_t)doc->list != db_i64(stmt, 1) || (int64_t)doc->index != db_i64(stmt, 2) ||
        doc->issued != db_i64(stmt, 3) || doc->expires != db_i64(stmt, 4) || doc->revoked != db_i64(stmt, 5))
        return err_set(err, ERR_CORRUPT, doc->number,
                       "the document's columns are not what is sealed: changed");
    return true;
}

#define COLUMNS "number, list, idx, issued, expires, revoked, sealed"

bool document_read(struct documents *d, struct db *db, struct str number, struct arena *arena,
                   struct document *ret, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT " COLUMNS " FROM document_row WHERE number = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, number);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "document", "there is no document of this number");
    bool ok = open_row(d, stmt, arena, ret, err);
    db_end(stmt);
    return ok;
}

/* --- lists --- */

#define OF_PERSON_MAX 1000

static bool numbers_of_person(struct documents *d, struct db *db, const uint8_t pid[PID_SIZE],
                              struct arena *arena, struct str *numbers, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT sealed FROM document_person WHERE tag = $1 ORDER BY made DESC LIMIT 1000";
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    size_t n = 0;
    if (stmt == NULL)
        return false;
    document_tag(d, "person", pid, PID_SIZE, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        struct str sealed = db_bytes(stmt, 0);
        char *out = arena_take(arena, DOCUMENT_NO_SIZE, 1);
        if (sealed.n != DOCUMENT_NO_SIZE - 1 + SEAL_OVERHEAD ||
            !seal_open(out, d->seal_key, (const uint8_t *)sealed.p, sealed.n, tag, sizeof tag)) {
            db_end(stmt);
            return err_set(err, ERR_CORRUPT, "document_person", "a row does not open: it was changed");
        }
        numbers[n++] = (struct str){out, DOCUMENT_NO_SIZE - 1};
    }
    *ret_n = n;
    return step == DB_DONE;
}

bool documents_of_person(struct documents *d, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                         struct document **ret_list, size_t *ret_n, struct err *err)
{
    struct str *numbers = arena_array(arena, struct str, OF_PERSON_MAX);
    size_t n;
    if (!numbers_of_person(d, db, pid, arena, numbers, &n, err))
        return false;
    struct document *list = arena_array(arena, struct document, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!document_read(d, db, numbers[i], arena, &list[i], err))
            return false;
        if (memcmp(list[i].pid, pid, PID_SIZE) != 0)
            return err_set(err, ERR_CORRUPT, list[i].number, "the document stands in another person's list");
    }
    *ret_list = list;
    *ret_n = n;
    return true;
}

#define OF_CASE_MAX 256

bool documents_of_case(struct documents *d, struct db *db, struct str case_no, struct arena *arena,
                       struct document **ret_list, size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT " COLUMNS " FROM document_row WHERE case_tag = $1 ORDER BY event, item LIMIT 256";
    struct document *list = arena_array(arena, struct document, OF_CASE_MAX);
    uint8_t tag[HASH_SIZE];
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    document_tag(d, "case", case_no.p, case_no.n, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        if (!open_row(d, stmt, arena, &list[n++], err)) {
            db_end(stmt);
            return false;
        }
    }
    *ret_list = list;
    *ret_n = n;
    return step == DB_DONE;
}

bool document_hold(struct documents *d, struct db *db, const struct document *doc, uint64_t *ret_position,
                   struct err *err)
{
    return gate_act_settle(d->config.gate, db, doc->act, ret_position, err);
}

/* --- revoking --- */

static bool new_version(struct db *db, uint64_t list, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "UPDATE document_list SET version = version + 1 WHERE list = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)list);
    return db_run(stmt, NULL, err);
}

static bool update_row(const struct documents *d, struct db *db, const struct document *doc,
                       struct arena *arena, struct err *err)
{
    static const char sql[] =
        "UPDATE document_row SET revoked = $1, sealed = $2 WHERE number = $3 AND revoked = 0";
    struct str sealed = document_seal(d, doc, arena);
    int64_t changed;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, doc->revoked);
    db_bind_bytes(stmt, 2, sealed.p, sealed.n);
    db_bind_text(stmt, 3, str_of(doc->number));
    if (!db_run(stmt, &changed, err))
        return false;
    return changed == 1 || err_set(err, ERR_CONFLICT, doc->number, "the document was revoked already");
}

bool document_revoke_row(struct documents *d, struct db *db, struct document *doc, const struct revocation *r,
                         struct arena *arena, char ret_act[ACT_ID_SIZE], struct err *err)
{
    const struct agency *holder = doc->agency;
    if (holder == NULL)
        return err_set(err, ERR_CONFLICT, doc->number,
                       "its agency is not in the jurisdiction folder any more: put it back first");
    struct gate_act act = {.kind = gate_kind_code(KIND_DOCUMENT),
                           .holder = holder,
                           .pid = doc->pid,
                           .office = r->office,
                           .actor = r->staff,
                           .capacity = STR("official"),
                           .levels = r->levels,
                           .case_no = str_of(doc->case_no),
                           .outcome = STR("revoked"),
                           .reason =
                               str_of(arena_printf(arena, "%s: %.*s", doc->number, STR_ARG(r->reason)))};
    doc->revoked = clock_now() / CLOCK_SECOND;
    doc->reason = r->reason;
    return gate_act_prepare(d->config.gate, db, &act, ret_act, err) && update_row(d, db, doc, arena, err) &&
           new_version(db, doc->list, err);
}

struct revoking {
    struct documents *d;
    struct str number;
    const struct revocation *r;
    struct arena *arena;
    char act[ACT_ID_SIZE];
};

static bool do_revoke(struct db *db, void *arg, struct err *err)
{
    struct revoking *x = arg;
    struct document doc;
    if (!document_read(x->d, db, x->number, x->arena, &doc, err))
        return false;
    if (doc.revoked != 0)
        return err_set(err, ERR_CONFLICT, doc.number, "the document was revoked already");
    if (!doc.revocable)
        return err_set(err, ERR_NOT_ALLOWED, doc.number, "its service says that it cannot be revoked");
    return document_revoke_row(x->d, db, &doc, x->r, x->arena, x->act, err);
}

bool document_revoke(struct documents *d, struct db *db, struct str number, const struct revocation *r,
                     struct arena *arena, uint64_t *ret_position, struct err *err)
{
    struct revoking x = {d, number, r, arena, ""};
    if (!utf8_valid(r->reason) || utf8_length(r->reason) < DOCUMENT_REASON_MIN)
        return err_set(err, ERR_INVALID, "reason", "must have at least %d characters: the person reads it",
                       DOCUMENT_REASON_MIN);
    return db_tx(db, do_revoke, &x, err) && gate_act_deliver(d->config.gate, db, x.act, ret_position, err);
}

/* --- checking --- */

static bool codes_hold(const struct documents *d, const struct document *doc, const struct issuers *issuers,
                       struct arena *arena)
{
    for (size_t l = 0; doc->qr && l < d->config.j->languages_n; l++) {
        struct paper_read *read = arena_new(arena, struct paper_read);
        struct err err;
        bool held = false;
        if (!paper_read(doc->code[l], arena, read, &err) || read->paper.status_index != doc->index ||
            !str_eq(paper_get(&read->paper, PAPER_NUMBER), str_of(doc->number)) ||
            !str_eq(paper_get(&read->paper, PAPER_WORDS), doc->words[l]))
            return false;
        for (size_t k = 0; k < issuers->n; k++)
            held |= es256_verify(issuers->keys[k].public_key, read->cose.signature, read->cose.to_be_signed.p,
                                 read->cose.to_be_signed.n);
        if (!held)
            return false;
    }
    return true;
}

static void add_finding(struct documents_report *report, const struct err *err)
{
    if (report->findings < ARRAY_LEN(report->first))
        report->first[report->findings] = *err;
    report->findings++;
}

bool documents_check(struct documents *d, struct db *db, struct documents_report *report, struct err *err)
{
    struct arena arena, keys;
    struct issuers issuers;
    *report = (struct documents_report){0};
    arena_init(&arena, 1 << 20, (size_t)1 << 28);
    arena_init(&keys, 65536, (size_t)1 << 28);
    struct err wrong;
    bool ok = documents_issuers(d, db, &keys, &issuers, err);
    if (ok && !document_key_check(d, &issuers, &keys, &wrong))
        add_finding(report, &wrong);
    struct db_stmt *stmt =
        ok ? db_sql(db, "SELECT " COLUMNS " FROM document_row ORDER BY number", err) : NULL;
    enum db_result step = DB_ERROR;
    while (stmt != NULL && (step = db_step(stmt, err)) == DB_ROW) {
        struct document doc;
        struct err found;
        report->documents++;
        report->revoked += db_i64(stmt, 5) != 0;
        if (!open_row(d, stmt, &arena, &doc, &found) ||
            (!codes_hold(d, &doc, &issuers, &arena) &&
             !err_set(&found, ERR_CORRUPT, doc.number,
                      "its code does not say what it says, or is not signed")))
            add_finding(report, &found);
        arena_reset(&arena);
    }
    arena_done(&arena);
    arena_done(&keys);
    return ok && step == DB_DONE;
}
