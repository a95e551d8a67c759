/* SPDX-License-Identifier: Apache-2.0 */
/* issue.c: what a step of a case issues, in the step's own transaction. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/hooks.h"
#include "case/lists.h"
#include "crypto/keys.h"
#include "issue/issue_private.h"
#include "jurisdiction/words.h"

#define PLACES_TRIED 32
#define LIST_FULL (STATUS_LIST_SIZE / 2) /* then a random place is no longer found quickly */
#define LAST_DIGITS 4

static char *host_of(const char *origin)
{
    char *out = strdup(origin);
    must(out != NULL);
    out[strcspn(out, "/")] = '\0';
    return out;
}

static char *site_of(const struct documents_config *config, const char *issuer)
{
    char *out = NULL;
    int n = config->site != NULL ? asprintf(&out, "%s", config->site) : asprintf(&out, "https://%s", issuer);
    must(n > 0);
    return out;
}

bool documents_open(struct documents **ret, const struct documents_config *config, struct db *db,
                    struct err *err)
{
    struct documents *d = calloc(1, sizeof *d);
    must(d != NULL);
    d->config = *config;
    d->issuer = host_of(config->origin);
    d->site = site_of(config, d->issuer);
    d->seal_key = secret_new(KEY_SIZE);
    d->tag_key = secret_new(KEY_SIZE);
    key_derive(d->seal_key, config->state, "aina/document/seal");
    key_derive(d->tag_key, config->state, "aina/document/tag");
    pthread_mutex_init(&d->lock, NULL);
    pthread_rwlock_init(&d->key_lock, NULL);
    if (config->gate != NULL && !config->beside && !document_keys_open(d, db, err)) {
        documents_free(d);
        return false;
    }
    if (config->cases != NULL && config->gate != NULL)
        cases_on_step(config->cases, documents_on_step, d);
    *ret = d;
    return true;
}

void documents_free(struct documents *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN(d->cached); i++) {
        free((char *)d->cached[i].jwt.p);
        free((char *)d->cached[i].cwt.p);
    }
    es256_key_free(d->key);
    secret_free(d->seal_key);
    secret_free(d->tag_key);
    pthread_rwlock_destroy(&d->key_lock);
    pthread_mutex_destroy(&d->lock);
    free(d->issuer);
    free(d->site);
    free(d);
}

const char *documents_site(const struct documents *d)
{
    return d->site;
}

/* --- what it says --- */

struct issuing {
    struct documents *d;
    struct db *db;
    const struct case_file *c;
    const struct case_event *event;
    const struct service_document *item;
    struct rule_value *values;
    struct str name, number; /* of the person, as far as the case knows and the paper needs */
    bool organisation;
    struct arena *arena;
    struct document *doc;
    struct str replaces;
};

/* The names that a registry gave for the person the case is about, in the order of the service's fields. */
static struct str name_of(const struct case_file *c, struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, 1024);
    for (size_t f = 0; f < c->service->fields_n; f++) {
        const struct service_field *field = &c->service->fields[f];
        if (field->type != ANSWER_NAME || field->registry == NULL || field->about != NONE ||
            !c->answers[f].from_registry || c->answers[f].text.n == 0)
            continue;
        if (out.n != 0)
            buf_byte(&out, ' ');
        buf_str(&out, c->answers[f].text);
    }
    return buf_overflowed(&out) ? (struct str){"", 0} : buf_view(&out);
}

/* An organisation's number is public; of a person's, paper needs the end alone. */
static bool number_of(struct issuing *x, struct err *err)
{
    struct person person;
    struct str scheme, number;
    memcpy(person.pid, x->c->pid, PID_SIZE);
    if (!people_number(x->d->config.people, x->db, &person, x->arena, &scheme, &number, err))
        return false;
    bool whole = !str_eq(scheme, x->d->config.j->person_scheme) || number.n <= LAST_DIGITS;
    x->number = whole
                    ? number
                    : str_of(arena_printf(x->arena, "…%.*s", LAST_DIGITS, number.p + number.n - LAST_DIGITS));
    x->name = name_of(x->c, x->arena);
    return true;
}

static struct str fill(const struct issuing *x, struct str language, struct err *err)
{
    const struct jurisdiction *j = x->d->config.j;
    const struct words w = {j, language, x->arena};
    const struct service *s = x->c->service;
    struct str called = texts_in(j, &j->person_number_name, language);
    struct str applicant =
        str_of(x->name.n != 0 ? arena_printf(x->arena, "%.*s (%.*s %.*s)", STR_ARG(x->name), STR_ARG(called),
                                             STR_ARG(x->number))
                              : arena_printf(x->arena, "%.*s %.*s", STR_ARG(called), STR_ARG(x->number)));
    if (x->organisation)
        applicant = x->number;
    struct template_value more[] = {
        {STR("case"), str_of(x->c->number)},
        {STR("service"), texts_in(j, &s->name, language)},
        {STR("filed"), words_day(&w, local_day(j, x->c->filed))},
        {STR("decided"), words_day(&w, local_day(j, x->event->time))},
        {STR("provider"), texts_in(j, &s->provider->agency->name, language)},
        {STR("reason"), x->event->reason},
        {STR("applicant"), applicant},
        {STR("code"), str_of(x->doc->number)},
        {STR("due"), STR("")},
        {STR("valid-until"),
         x->doc->expires != 0 ? words_day(&w, local_day(j, x->doc->expires * CLOCK_SECOND - 1)) : STR("")},
        {{NULL, 0}, {NULL, 0}}};
    struct buf out;
    buf_in(&out, x->arena, 8192);
    template_fill(j, s, texts_in(j, &x->item->template, language), x->c->answers, x->values, language, more,
                  x->arena, &out);
    if (buf_overflowed(&out) || !utf8_valid(buf_view(&out))) {
        err_set(err, ERR_TOO_LARGE, "document", "what it would say is too long");
        return (struct str){NULL, 0};
    }
    return str_dup(x->arena, buf_view(&out));
}

static bool sign_code(const struct issuing *x, size_t language, struct err *err)
{
    const struct document *doc = x->doc;
    struct documents *d = x->d;
    struct buf code;
    struct paper p = {.issuer = str_of(d->issuer), .issued = doc->issued, .expires = doc->expires};
    random_bytes(p.id, sizeof p.id);
    if (doc->revocable) {
        p.status_uri =
            str_of(arena_printf(x->arena, "%s/status/%llu", d->site, (unsigned long long)doc->list));
        p.status_index = doc->index;
    }
    paper_set_person(&p, PAPER_PERSON_NUMBER, x->number);
    paper_set_person(&p, PAPER_PERSON_NAME, x->name);
    paper_set(&p, PAPER_KIND, doc->kind);
    paper_set(&p, PAPER_NUMBER, str_of(doc->number));
    paper_set(&p, PAPER_TITLE, doc->title[language]);
    paper_set(&p, PAPER_WORDS, doc->words[language]);
    paper_set(&p, PAPER_AGENCY, doc->agency->id);
    paper_set(&p, PAPER_LANGUAGE, d->config.j->languages[language]);
    paper_set(&p, PAPER_REPLACES, x->replaces);
    buf_in(&code, x->arena, 16384);
    if (!paper_write(&p, d->key, d->kid, x->arena, &code, err))
        return false;
    x->doc->code[language] = buf_view(&code);
    return true;
}

static bool write_texts(struct issuing *x, struct err *err)
{
    const struct jurisdiction *j = x->d->config.j;
    for (size_t l = 0; l < j->languages_n; l++) {
        x->doc->title[l] = texts_in(j, &x->item->name, j->languages[l]);
        x->doc->words[l] = fill(x, j->languages[l], err);
        if (x->doc->words[l].p == NULL || (x->doc->qr && !sign_code(x, l, err)))
            return false;
    }
    return true;
}

/* --- its place in a status list --- */

static bool open_list(struct db *db, uint64_t *ret_list, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT list, used FROM document_list ORDER BY list DESC LIMIT 1", err);
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    bool full = found && db_i64(stmt, 1) >= LIST_FULL;
    *ret_list = found ? (uint64_t)db_i64(stmt, 0) + full : 1;
    if (found)
        db_end(stmt);
    if (found && !full)
        return true;
    stmt = db_sql(
        db, "INSERT INTO document_list (list, used, version) VALUES ($1, 0, 1) ON CONFLICT DO NOTHING", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)*ret_list);
    return db_run(stmt, NULL, err);
}

static bool place_is_taken(struct db *db, uint64_t list, uint64_t index, bool *ret, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT 1 FROM document_row WHERE list = $1 AND idx = $2", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)list);
    db_bind_i64(stmt, 2, (int64_t)index);
    if (!db_one(stmt, ret, err))
        return false;
    if (*ret)
        db_end(stmt);
    return true;
}

/* Random, so that neighbours in the list say nothing of when or to whom. */
static bool find_place(struct db *db, struct document *doc, struct err *err)
{
    if (!open_list(db, &doc->list, err))
        return false;
    for (int i = 0; i < PLACES_TRIED; i++) {
        uint32_t random;
        bool taken;
        random_bytes(&random, sizeof random);
        doc->index = random % STATUS_LIST_SIZE;
        if (!place_is_taken(db, doc->list, doc->index, &taken, err))
            return false;
        if (!taken)
            return true;
    }
    return err_set(err, ERR_BUSY, "status list", "no free place was found: try again");
}

static bool use_place(struct db *db, uint64_t list, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "UPDATE document_list SET used = used + 1 WHERE list = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)list);
    return db_run(stmt, NULL, err);
}

/* --- rows --- */

static bool insert_row(const struct issuing *x, struct err *err)
{
    static const char sql[] =
        "INSERT INTO document_row (number, case_tag, event, item, list, idx, issued, expires,"
        " revoked, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)";
    const struct document *doc = x->doc;
    uint8_t tag[HASH_SIZE];
    struct str sealed = document_seal(x->d, doc, x->arena);
    struct db_stmt *stmt = db_sql(x->db, sql, err);
    if (stmt == NULL)
        return false;
    document_tag(x->d, "case", doc->case_no, CASE_NO_SIZE - 1, tag);
    db_bind_text(stmt, 1, str_of(doc->number));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_i64(stmt, 3, x->c->version - 1);
    db_bind_i64(stmt, 4, (int64_t)(x->item - x->c->service->documents));
    db_bind_i64(stmt, 5, (int64_t)doc->list);
    db_bind_i64(stmt, 6, (int64_t)doc->index);
    db_bind_i64(stmt, 7, doc->issued);
    db_bind_i64(stmt, 8, doc->expires);
    db_bind_bytes(stmt, 9, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

static bool insert_person(const struct issuing *x, struct err *err)
{
    uint8_t tag[HASH_SIZE], sealed[DOCUMENT_NO_SIZE - 1 + SEAL_OVERHEAD];
    struct db_stmt *stmt =
        db_sql(x->db, "INSERT INTO document_person (tag, made, sealed) VALUES ($1, $2, $3)", err);
    if (stmt == NULL)
        return false;
    document_tag(x->d, "person", x->doc->pid, PID_SIZE, tag);
    seal(sealed, x->d->seal_key, x->doc->number, DOCUMENT_NO_SIZE - 1, tag, sizeof tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, x->event->time);
    db_bind_bytes(stmt, 3, sealed, sizeof sealed);
    return db_run(stmt, NULL, err);
}

static bool prepare_act(const struct issuing *x, struct err *err)
{
    const struct service *s = x->c->service;
    struct gate_act act = {
        .kind = gate_kind_code(KIND_DOCUMENT),
        .holder = s->provider->agency,
        .pid = x->c->pid,
        .office = s->provider,
        .actor = x->event->staff,
        .capacity = x->event->hand == HAND_OFFICIAL ? STR("official") : STR("machine"),
        .case_no = str_of(x->c->number),
        .outcome = STR("issued"),
        .reason = str_of(arena_printf(x->arena, "%s: %.*s", x->doc->number, STR_ARG(x->doc->kind)))};
    return gate_act_prepare(x->d->config.gate, x->db, &act, x->doc->act, err);
}

/* The same document of the same case, still valid: the new one takes its place. */
static bool replace(struct issuing *x, const struct document *old, size_t old_n, struct err *err)
{
    for (size_t i = 0; i < old_n; i++) {
        struct document doc = old[i];
        char act[ACT_ID_SIZE];
        if (!str_eq(doc.document, x->item->id) || doc.revoked != 0 || !doc.revocable)
            continue;
        const struct revocation r = {.office = x->c->service->provider,
                                     .staff = x->event->staff,
                                     .reason =
                                         str_of(arena_printf(x->arena, "replaced by %s", x->doc->number))};
        doc.replaced_by = str_of(x->doc->number);
        if (!document_revoke_row(x->d, x->db, &doc, &r, x->arena, act, err))
            return false;
        x->replaces = str_dup(x->arena, str_of(doc.number));
    }
    return true;
}

static void new_number(char out[DOCUMENT_NO_SIZE])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t random[12];
    random_bytes(random, sizeof random);
    memcpy(out, "D-", 2);
    for (size_t i = 0, n = 2; n < DOCUMENT_NO_SIZE - 1; n++)
        out[n] = n == 6 || n == 11 ? '-' : letters[random[i++] % 32];
    out[DOCUMENT_NO_SIZE - 1] = '\0';
}

static int64_t end_of(const struct jurisdiction *j, struct term term, int64_t start)
{
    const struct service_timer timer = {.start = START_NEXT_DAY};
    struct deadline end = {0};
    if (term.amount == 0)
        return 0;
    deadline_count(j, &timer, term, start, NULL, 0, &end);
    return end.due / CLOCK_SECOND;
}

static bool issue_one(struct issuing *x, const struct document *old, size_t old_n, struct err *err)
{
    const struct service *s = x->c->service;
    struct document *doc = x->doc = arena_new(x->arena, struct document);
    const struct service_document *item = x->item;
    new_number(doc->number);
    memcpy(doc->case_no, x->c->number, CASE_NO_SIZE);
    memcpy(doc->pid, x->c->pid, PID_SIZE);
    doc->service = s->id;
    doc->document = item->id;
    doc->kind = str_of(arena_printf(x->arena, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(item->id)));
    doc->agency = s->provider->agency;
    /* A step that was dated before the key was made is signed now, and says so. */
    doc->issued = MAX_OF(x->event->time / CLOCK_SECOND, x->d->key_from);
    doc->expires = end_of(x->d->config.j, item->valid, x->event->time);
    doc->revocable = item->revocable;
    doc->qr = item->qr;
    x->replaces = (struct str){"", 0};
    return find_place(x->db, doc, err) && replace(x, old, old_n, err) && write_texts(x, err) &&
           prepare_act(x, err) && insert_row(x, err) && insert_person(x, err) &&
           use_place(x->db, doc->list, err);
}

static bool read_values(struct issuing *x, struct err *err)
{
    struct case_input input = {.signatures = -1, .position = -1};
    int64_t position = 0;
    if (x->c->queued != 0 && !case_position(x->d->config.cases, x->db, x->c, &position, err))
        return false;
    if (position > 0)
        input.position = position;
    x->values = case_rules(x->d->config.cases, x->c, &input, x->arena);
    return number_of(x, err);
}

static bool revoke_all(struct documents *d, struct db *db, const struct case_event *e,
                       const struct service *s, const struct document *old, size_t old_n, struct arena *arena,
                       struct err *err)
{
    const struct revocation r = {.office = s->provider, .staff = e->staff, .reason = e->reason};
    for (size_t i = 0; i < old_n; i++) {
        struct document doc = old[i];
        char act[ACT_ID_SIZE];
        if (doc.revoked == 0 && doc.revocable && !document_revoke_row(d, db, &doc, &r, arena, act, err))
            return false;
    }
    return true;
}

bool documents_on_step(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                       struct err *err)
{
    struct documents *d = arg;
    const struct service *s = c->service;
    const struct case_event *e = &c->events[c->events_n - 1];
    size_t action = service_action(s, e->action), old_n = 0;
    struct document *old = NULL;
    uint64_t bit = action == NONE ? 0 : UINT64_C(1) << action;
    bool issues = false, was_void = c->events_n > 1 && c->events[c->events_n - 2].status == VOID;
    bool voids = c->status == VOID && !was_void;
    for (size_t i = 0; i < s->documents_n; i++)
        issues |= (s->documents[i].actions & bit) != 0;
    if (!issues && !voids)
        return true;
    if (!documents_of_case(d, db, str_of(c->number), arena, &old, &old_n, err) ||
        (voids && !revoke_all(d, db, e, s, old, old_n, arena, err)))
        return false;
    if (!issues)
        return true;
    if (!documents_sign(d))
        return err_set(err, ERR_CONFLICT, "document",
                       "this step issues a document, which only the running server signs");
    struct issuing x = {.d = d, .db = db, .c = c, .event = e, .arena = arena};
    if (!read_values(&x, err))
        return false;
    /* One key from the moment of issue to the signature. */
    pthread_rwlock_rdlock(&d->key_lock);
    bool ok = true;
    for (size_t i = 0; ok && i < s->documents_n; i++) {
        x.item = &s->documents[i];
        ok = (x.item->actions & bit) == 0 || issue_one(&x, old, old_n, err);
    }
    pthread_rwlock_unlock(&d->key_lock);
    return ok;
}
