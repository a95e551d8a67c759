/* SPDX-License-Identifier: Apache-2.0 */
#include "people/signing.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "people/number.h"
#include "people/people_private.h"
#include "people/staff_key.h"
#include "signature/refusal.h"

#define EVIDENCE_MAX ((size_t)4 << 20) /* of one row */
#define ROW_MAX (EVIDENCE_MAX + 65536)

static const struct {
    const char *code, *words;
} refusals[] = {
#define X(id, code, words) {code, words},
    SIGNING_REFUSALS(X)
#undef X
};
enum {
#define X(id, code, words) id,
    SIGNING_REFUSALS(X)
#undef X
};

const char *signing_words(struct str code)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (str_is(code, refusals[i].code))
            return refusals[i].words;
    for (int i = 1; i < REFUSALS_N; i++)
        if (str_is(code, refusal_name((enum refusal_id)i)))
            return refusal_words((enum refusal_id)i);
    return NULL;
}

bool signing_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE signing (id text PRIMARY KEY, ends bigint NOT NULL, version bigint NOT NULL,"
            " sealed bytea NOT NULL);"
            "CREATE INDEX signing_ends ON signing (ends);"
            "CREATE TABLE signing_evidence (tag bytea PRIMARY KEY, sealed bytea NOT NULL)"},
        /* Requests that wait are of another form: twenty minutes of them are begun anew. */
        {2,
         "DELETE FROM signing;"
         "ALTER TABLE signing_evidence ADD COLUMN owner bytea;"
         "ALTER TABLE signing_evidence ADD COLUMN made bigint;"
         "ALTER TABLE signing_evidence ADD COLUMN about bytea;"
         "CREATE INDEX signing_evidence_owner ON signing_evidence (owner, made);"
         "CREATE TABLE staff_key (staff_code text PRIMARY KEY, agency text NOT NULL, confirmed_by text NOT "
         "NULL, sealed bytea NOT NULL)"}};
    return db_migrate(db, "signing", migrations, ARRAY_LEN(migrations), err);
}

/* --- rows --- */

static void long_put(struct buf *out, struct str text)
{
    buf_u32be(out, (uint32_t)text.n);
    buf_str(out, text);
}

static bool long_take(struct str *rest, struct str *ret)
{
    struct str head;
    return take_bytes(rest, 4, &head) && take_bytes(rest, get_u32be((const uint8_t *)head.p), ret);
}

/* One list of the texts, for writing and reading. */
#define TEXTS(s)                                                                                             \
    {                                                                                                        \
        &(s)->text, &(s)->title, &(s)->back, &(s)->matter, &(s)->wants_organisation, &(s)->wants_capacity,   \
            &(s)->refusal, &(s)->detail, &(s)->name, &(s)->scheme, &(s)->number, &(s)->organisation_scheme,  \
            &(s)->organisation, &(s)->capacity, &(s)->authority, &(s)->evidence                              \
    }

static void row_put(struct buf *out, const struct signing *s)
{
    const struct str *const texts[] = TEXTS(s);
    buf_add(out, s->token, SIGNING_ID_SIZE - 1);
    buf_byte(out, (uint8_t)s->purpose);
    buf_add(out, s->browser, sizeof s->browser);
    buf_byte(out, s->account.kind != CALLER_NOBODY);
    if (s->account.kind != CALLER_NOBODY)
        put_account(out, &s->account);
    buf_u64be(out, (uint64_t)s->made);
    buf_byte(out, (uint8_t)s->state);
    buf_byte(out, (uint8_t)s->ial);
    buf_u64be(out, (uint64_t)s->signed_at);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        long_put(out, *texts[i]);
}

static bool row_take(struct str rest, struct signing *s, struct err *err)
{
    struct str *const texts[] = TEXTS(s);
    struct str token, browser;
    uint8_t purpose, has, state, ial;
    uint64_t made, signed_at;
    bool ok = take_bytes(&rest, SIGNING_ID_SIZE - 1, &token) && take_byte(&rest, &purpose) &&
              take_bytes(&rest, sizeof s->browser, &browser) && take_byte(&rest, &has) &&
              (has == 0 || take_account(&rest, &s->account)) && take_u64(&rest, &made) &&
              take_byte(&rest, &state) && take_byte(&rest, &ial) && take_u64(&rest, &signed_at);
    for (size_t i = 0; ok && i < ARRAY_LEN(texts); i++)
        ok = long_take(&rest, texts[i]);
    if (!ok || rest.n != 0)
        return err_set(err, ERR_CORRUPT, "signing", "a row is cut short");
    memcpy(s->token, token.p, token.n);
    memcpy(s->browser, browser.p, browser.n);
    s->purpose = (enum signing_purpose)purpose;
    s->state = (enum signing_state)state;
    s->ial = ial;
    s->made = (int64_t)made;
    s->signed_at = (int64_t)signed_at;
    return true;
}

static struct str row_ad(const struct signing *s, struct arena *arena)
{
    return str_of(
        arena_printf(arena, "signing %s %lld %lld", s->id, (long long)s->ends, (long long)s->version));
}

/* The row's bytes, sealed; freed with the arena. */
static bool row_seal(const struct people *people, const struct signing *s, struct arena *arena,
                     struct str *ret_sealed, struct err *err)
{
    struct buf plain;
    buf_in(&plain, arena, ROW_MAX);
    row_put(&plain, s);
    if (buf_overflowed(&plain))
        return err_set(err, ERR_TOO_LARGE, "signing", "text and evidence are too large together");
    people_seal(people, &plain, row_ad(s, arena), arena, ret_sealed);
    return true;
}

void signing_draw(struct signing *s, int64_t now)
{
    people_random_id(s->id);
    people_random_id(s->token);
    s->made = now;
    s->ends = now + SIGNING_LIFE;
    s->state = SIGNING_WAITS;
    s->version = 1;
}

bool signing_keep(struct people *people, struct db *db, const struct signing *s, struct err *err)
{
    struct arena arena;
    struct str sealed;
    if (s->text.n == 0 || s->text.n > SIGNING_TEXT_MAX)
        return err_set(err, ERR_TOO_LARGE, "text", "to be signed has 1 to %d bytes", SIGNING_TEXT_MAX);
    struct db_stmt *stmt = db_sql(db, "DELETE FROM signing WHERE ends < $1", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, s->made);
    if (!db_run(stmt, NULL, err))
        return false;
    stmt = db_sql(db, "INSERT INTO signing (id, ends, version, sealed) VALUES ($1, $2, $3, $4)", err);
    if (stmt == NULL)
        return false;
    arena_init(&arena, 65536, 4 * ROW_MAX);
    bool ok = row_seal(people, s, &arena, &sealed, err);
    if (ok) {
        db_bind_text(stmt, 1, str_of(s->id));
        db_bind_i64(stmt, 2, s->ends);
        db_bind_i64(stmt, 3, s->version);
        db_bind_bytes(stmt, 4, sealed.p, sealed.n);
        ok = db_run(stmt, NULL, err);
    }
    arena_done(&arena);
    return ok;
}

bool signing_get(struct people *people, struct db *db, struct str id, int64_t now, struct arena *arena,
                 struct signing *ret, bool *ret_found, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "SELECT ends, version, sealed FROM signing WHERE id = $1 AND ends > $2", err);
    struct str plain;
    *ret = (struct signing){0};
    *ret_found = false;
    if (stmt == NULL)
        return false;
    if (id.n != SIGNING_ID_SIZE - 1)
        return true;
    db_bind_text(stmt, 1, id);
    db_bind_i64(stmt, 2, now);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    memcpy(ret->id, id.p, id.n);
    ret->ends = db_i64(stmt, 0);
    ret->version = db_i64(stmt, 1);
    bool ok = people_unseal(people, db_bytes(stmt, 2), row_ad(ret, arena), "signing", arena, &plain, err);
    db_end(stmt);
    return ok && row_take(plain, ret, err);
}

/* Only if the row is still as it was read. */
static bool row_swap(struct people *people, struct db *db, struct signing *s, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "UPDATE signing SET version = $1, sealed = $2 WHERE id = $3 AND version = $4", err);
    struct arena arena;
    struct str sealed;
    int64_t changed = 0;
    if (stmt == NULL)
        return false;
    s->version++;
    arena_init(&arena, 65536, 4 * ROW_MAX);
    bool ok = row_seal(people, s, &arena, &sealed, err);
    if (ok) {
        db_bind_i64(stmt, 1, s->version);
        db_bind_bytes(stmt, 2, sealed.p, sealed.n);
        db_bind_text(stmt, 3, str_of(s->id));
        db_bind_i64(stmt, 4, s->version - 1);
        ok = db_run(stmt, &changed, err);
    }
    arena_done(&arena);
    return ok && (changed == 1 || err_set(err, ERR_CONFLICT, "signing", "it was answered already"));
}

bool signing_spend(struct people *people, struct db *db, struct signing *s, struct err *err)
{
    if (s->state != SIGNING_HOLDS)
        return err_set(err, ERR_CONFLICT, "signing", "there is no signature to be used");
    s->state = SIGNING_SPENT;
    return row_swap(people, db, s, err);
}

/* --- judging --- */

static bool number_possible(struct str scheme, struct str number)
{
    const struct number_scheme *s = number_scheme_find(scheme);
    return s != NULL && s->check(number, false) == NUMBER_OK;
}

static void refuse_by(struct signing *s, struct str code, struct str detail)
{
    s->refusal = code;
    s->detail = detail;
}

static void keep_facts(struct signing *s, const struct signature_signer *f)
{
    s->name = f->name;
    s->scheme = f->person_scheme;
    s->number = f->person;
    s->organisation_scheme = f->organisation_scheme;
    s->organisation = f->organisation;
    s->authority = f->authority->id;
    s->signed_at = f->time;
    s->ial = f->authority->ial;
    s->capacity = STR("");
    for (size_t i = 0; i < f->roles_n; i++) {
        s->ial = MAX_OF(s->ial, f->roles[i]->ial);
        if (f->roles[i]->capacity.n != 0)
            s->capacity = f->roles[i]->capacity;
    }
}

/* A role that claims what is asked for. What an official may do stands in the register of offices; the
 * certificate must not say that they are somebody who signs nothing. */
static bool has_capacity(const struct signing *s, const struct signature_signer *f)
{
    bool has = s->wants_capacity.n == 0;
    for (size_t i = 0; i < f->roles_n; i++)
        has |= str_eq(s->wants_capacity, SIGNING_OFFICIAL) ? f->roles[i]->official
                                                           : str_eq(s->wants_capacity, f->roles[i]->capacity);
    return has;
}

/* From the verdict to the request's state. A test authority's numbers prove nobody: refused unless it is a
 * demonstration. */
static void take_verdict(struct signing *s, const struct signing_judge *judge,
                         const struct signature_verdict *v)
{
    const struct signature_signer *f = &v->signer[0];
    s->state = SIGNING_WAITS;
    for (size_t i = 0; i < v->n; i++)
        if (v->checks[i].status == VERIFY_FAILED) {
            refuse_by(s, str_of(v->checks[i].id), str_of(v->checks[i].words));
            return;
        }
    if (v->signers_n != 1) {
        refuse_by(s, str_of(refusals[SIGNING_REFUSED_SEVERAL].code), STR(""));
    } else if (f->authority->test && !judge->tests) {
        refuse_by(s, str_of(refusals[SIGNING_REFUSED_TEST].code), STR(""));
    } else if (!has_capacity(s, f)) {
        refuse_by(s, str_of(refusal_name(REFUSED_ROLE)), s->wants_capacity);
    } else {
        refuse_by(s, v->proven ? STR("") : str_of(refusals[SIGNING_REFUSED_UNSURE].code), STR(""));
        s->state = v->proven ? SIGNING_HOLDS : SIGNING_UNSURE;
        keep_facts(s, f);
    }
}

/* The kept evidence again, or a new answer. */
static bool evidence_of(const struct signing *s, struct str file, int64_t now, struct arena *arena,
                        struct evidence *e, struct err *err)
{
    if (file.n == 0 && s->evidence.n != 0)
        return evidence_read(s->evidence, arena, e, err);
    if (file.n > SIGNING_FILE_MAX)
        return err_set(err, ERR_TOO_LARGE, "signature", "has more than %zu bytes", SIGNING_FILE_MAX);
    *e = (struct evidence){.signature = file, .content = s->text, .collected = now};
    return true;
}

/* Whose signature it must be. Not known: an official whose key nobody has confirmed. */
static bool expect(struct people *people, struct db *db, const struct signing *s, struct arena *arena,
                   struct signature_question *question, bool *ret_known, struct err *err)
{
    struct str scheme;
    struct staff_key key;
    *ret_known = true;
    question->organisation = s->wants_organisation;
    if (s->account.kind == CALLER_PERSON)
        return people_number(people, db, &s->account.person, arena, &scheme, &question->person, err);
    if (s->account.kind != CALLER_OFFICIAL || s->purpose != SIGNING_ACT)
        return true;
    if (!staff_key_of(people, db, s->account.staff_code, arena, ret_known, &key, err))
        return false;
    *ret_known = *ret_known && key.confirmed_by.n != 0;
    if (*ret_known) {
        question->person = key.number;
        question->organisation = key.organisation;
    }
    return true;
}

bool signing_answer(struct people *people, struct db *db, const struct signing_judge *judge,
                    struct signing *s, struct str file, int64_t now, struct arena *arena, struct err *err)
{
    struct evidence e;
    struct err why;
    struct buf kept;
    struct signature_verdict *v = arena_new(arena, struct signature_verdict);
    struct signature_question question = {.content = s->text, .at = now, .number_possible = number_possible};
    if (s->state == SIGNING_HOLDS || s->state == SIGNING_SPENT)
        return err_set(err, ERR_CONFLICT, "signing", "it was signed already");
    bool known;
    if (!expect(people, db, s, arena, &question, &known, err) || !evidence_of(s, file, now, arena, &e, err))
        return false;
    if (!known) {
        refuse_by(s, str_of(refusals[SIGNING_REFUSED_STAFF].code), STR(""));
        return row_swap(people, db, s, err);
    }
    /* First what the file says by itself: for a forged one nobody is asked. */
    signature_verify(judge->trust, &e, &question, arena, v);
    take_verdict(s, judge, v);
    if (s->refusal.n == 0 || s->state == SIGNING_UNSURE || str_is(s->refusal, "stamp-missing") ||
        str_is(s->refusal, "status-missing")) {
        if (!fetch_evidence(judge->trust, judge->via, &e, judge->cache, arena, &why))
            say_err(SAY_WARN, &why);
        question.at = clock_now();
        *v = (struct signature_verdict){0};
        signature_verify(judge->trust, &e, &question, arena, v);
        take_verdict(s, judge, v);
    }
    buf_in(&kept, arena, EVIDENCE_MAX);
    if (s->state == SIGNING_HOLDS || s->state == SIGNING_UNSURE)
        evidence_write(&kept, &e);
    s->evidence = buf_overflowed(&kept) ? STR("") : buf_view(&kept);
    return (!buf_overflowed(&kept) ||
            err_set(err, ERR_TOO_LARGE, "signature", "and its evidence are too large to be kept")) &&
           row_swap(people, db, s, err);
}
