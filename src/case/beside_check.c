/* SPDX-License-Identifier: Apache-2.0 */
/* beside_check.c: the walks over the tables; what a row must be stands with what writes it. */
#include "case/beside_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "case/beside_check_private.h"
#include "case/draft.h"

void row_wrong(struct row_check *c, const char *text)
{
    struct beside_report *report = c->report;
    if (report->findings < ARRAY_LEN(report->first)) {
        char place[200];
        snprintf(place, sizeof place, "%s %s", c->table, c->row);
        err_set(&report->first[report->findings], ERR_CORRUPT, place, "%s", text);
    }
    report->findings++;
}

void row_act(struct row_check *c, struct str act)
{
    char place[CASE_CHECK_PLACE];
    uint8_t id[LEDGER_ID_SIZE];
    snprintf(place, sizeof place, "%s %s", c->table, c->row);
    if (c->acts != NULL ? !case_check_act(c->acts, place, act) : !gate_act_id(act, id))
        row_wrong(c, "the entry that it names is none");
}

bool row_failed(struct row_check *c, const struct err *why, struct err *err)
{
    if (why->code == ERR_IO || why->code == ERR_BUSY || why->code == ERR_AWAY) {
        *err = *why;
        return false;
    }
    row_wrong(c, why->text);
    return true;
}

bool row_of_case(struct row_check *c, struct str number, struct case_file *ret_case, bool *ret_there,
                 struct err *err)
{
    struct err why;
    *ret_there = case_read(c->b->cases, c->db, number, c->arena, ret_case, &why);
    if (*ret_there)
        return true;
    if (why.code != ERR_NOT_FOUND)
        return row_failed(c, &why, err);
    row_wrong(c, "it belongs to a case that there is not");
    return true;
}

bool row_of_person(struct row_check *c, const uint8_t pid[PID_SIZE], struct err *err)
{
    struct person person;
    struct str scheme, number;
    struct err why;
    memcpy(person.pid, pid, PID_SIZE);
    if (people_number(c->b->people, c->db, &person, c->arena, &scheme, &number, &why))
        return true;
    if (why.code != ERR_NOT_FOUND)
        return row_failed(c, &why, err);
    row_wrong(c, "it belongs to a person that there is not");
    return true;
}

bool row_made(const char *id, int64_t made)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t time = 0;
    for (int i = 0; i < 11; i++) {
        const char *at = id[i] != '\0' ? strchr(digits, id[i]) : NULL;
        if (at == NULL)
            return false;
        time = time << 5 | (uint64_t)(at - digits);
    }
    return time == (uint64_t)MAX_OF(made, (int64_t)0);
}

bool row_tagged(const struct row_check *c, const char *what, struct str of, struct str tag)
{
    uint8_t right[HASH_SIZE];
    beside_tag(c->b, what, of, right);
    return tag.n == HASH_SIZE && memcmp(tag.p, right, HASH_SIZE) == 0;
}

/* --- a table, 64 rows at a time --- */

#define PAGE 64
#define KEY_SIZE_MAX 128

typedef bool check_fn(struct row_check *c, const struct check_row *row, struct err *err);
struct walk {
    const char *table, *sql; /* $1: the key before; the key is the first column */
    const char *types;       /* of the columns: text, bytes, integer */
    uint64_t *counted;       /* rows; NULL: the check counts */
    check_fn *check;
};

static bool read_page(struct db *db, const struct walk *w, struct str after, struct arena *arena,
                      struct check_row *rows, size_t *ret_n, struct err *err)
{
    enum db_result result;
    struct db_stmt *stmt = db_sql(db, w->sql, err);
    *ret_n = 0;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, after);
    while ((result = db_step(stmt, err)) == DB_ROW) {
        struct check_row *row = &rows[(*ret_n)++];
        for (int i = 0; w->types[i] != '\0'; i++)
            if (w->types[i] == 'i')
                row->at[i].number = db_i64(stmt, i);
            else
                row->at[i].text = str_dup(arena, w->types[i] == 'b' ? db_bytes(stmt, i) : db_text(stmt, i));
    }
    return result == DB_DONE;
}

static bool walk(struct beside *b, struct db *db, const struct walk *w, struct case_check *acts,
                 struct beside_report *report, struct err *err)
{
    char after[KEY_SIZE_MAX] = "", name[KEY_SIZE_MAX + 1];
    size_t after_n = 0, n = PAGE;
    bool ok = true;
    while (ok && n == PAGE) {
        struct arena arena;
        arena_init(&arena, 65536, (size_t)256 << 20);
        struct check_row *rows = arena_array(&arena, struct check_row, PAGE);
        ok = read_page(db, w, (struct str){after, after_n}, &arena, rows, &n, err);
        for (size_t i = 0; ok && i < n; i++) {
            struct str key = rows[i].at[0].text;
            snprintf(name, sizeof name, "%.*s", (int)MIN_OF(key.n, (size_t)KEY_SIZE_MAX), key.p);
            struct arena one;
            arena_init(&one, 65536, (size_t)64 << 20);
            struct row_check check = {b, db, report, w->table, name, &one, acts};
            if (w->counted != NULL)
                ++*w->counted;
            ok = w->check(&check, &rows[i], err);
            arena_done(&one);
            after_n = MIN_OF(key.n, sizeof after);
            memcpy(after, key.p, after_n);
        }
        arena_done(&arena);
    }
    return ok;
}

/* --- what is found by persons' tags alone: drafts and contacts --- */

struct owned {
    uint8_t tag[HASH_SIZE];
    char name[17];
    const char *table;
    uint8_t draft[HASH_SIZE]; /* a draft's own tag */
    struct str service;
    bool seen;
};
struct owners {
    struct owned *list;
    size_t n;
};

static int by_tag(const void *a, const void *b)
{
    return memcmp(((const struct owned *)a)->tag, ((const struct owned *)b)->tag, HASH_SIZE);
}

static bool collect(struct beside *b, struct db *db, struct beside_report *report, struct arena *arena,
                    struct owners *o, struct err *err)
{
    static const char sql[] = "SELECT recipient, language, unreachable FROM case_contact";
    struct draft_owner *drafts;
    size_t drafts_n, contacts = 0, cap = 0;
    if (!drafts_check(b, db, report, arena, &drafts, &drafts_n, err))
        return false;
    struct owned *list = NULL;
    struct db_stmt *stmt = db_sql(db, sql, err);
    enum db_result result = DB_DONE;
    while (stmt != NULL && (result = db_step(stmt, err)) == DB_ROW) {
        if (contacts == cap) {
            struct owned *more = arena_array(arena, struct owned, (cap = 2 * cap + 64) + drafts_n);
            memcpy(more, list != NULL ? list : more, contacts * sizeof *list);
            list = more;
        }
        struct owned *one = &list[contacts++];
        struct str tag = db_bytes(stmt, 0), language = db_text(stmt, 1);
        *one = (struct owned){.table = "case_contact"};
        memcpy(one->tag, tag.p, MIN_OF(tag.n, (size_t)HASH_SIZE));
        hex_encode(one->name, one->tag, 8);
        bool known = false;
        for (size_t l = 0; l < b->j->languages_n; l++)
            known |= str_eq(b->j->languages[l], language);
        struct row_check check = {b, db, report, one->table, one->name, arena, NULL};
        if (!known || db_i64(stmt, 2) < 0)
            row_wrong(&check, "its language is none of the folder's, or its time is none");
    }
    if (stmt == NULL || result == DB_ERROR)
        return false;
    if (list == NULL)
        list = arena_array(arena, struct owned, drafts_n + 1);
    for (size_t i = 0; i < drafts_n; i++) {
        struct owned *one = &list[contacts + i];
        *one = (struct owned){.table = "case_draft", .service = drafts[i].service};
        memcpy(one->tag, drafts[i].person, HASH_SIZE);
        memcpy(one->draft, drafts[i].tag, HASH_SIZE);
        hex_encode(one->name, one->draft, 8);
    }
    *o = (struct owners){list, contacts + drafts_n};
    if (o->n != 0)
        qsort(list, o->n, sizeof *list, by_tag);
    return true;
}

struct meeting {
    struct beside *b;
    struct owners *owners;
};

static void meet(struct meeting *m, const uint8_t tag[HASH_SIZE], const uint8_t *pid)
{
    struct owners *o = m->owners;
    struct owned key = {0};
    memcpy(key.tag, tag, HASH_SIZE);
    struct owned *found = bsearch(&key, o->list, o->n, sizeof key, by_tag);
    while (found != NULL && found > o->list && by_tag(&key, found - 1) == 0)
        found--;
    for (; found != NULL && found < o->list + o->n && by_tag(&key, found) == 0; found++) {
        uint8_t right[HASH_SIZE];
        if (found->service.n != 0)
            draft_tag_of(m->b->cases, found->service, pid, right);
        found->seen |= found->service.n == 0 || memcmp(right, found->draft, HASH_SIZE) == 0;
    }
}

static void meet_person(void *arg, const uint8_t pid[PID_SIZE])
{
    struct meeting *m = arg;
    uint8_t tag[HASH_SIZE];
    beside_tag(m->b, "person", pid_text(pid), tag);
    meet(m, tag, pid);
    draft_tag_of(m->b->cases, STR(""), pid, tag);
    meet(m, tag, pid);
}

static bool check_owned(struct beside *b, struct db *db, struct beside_report *report, struct err *err)
{
    struct arena arena;
    struct owners owners = {0};
    arena_init(&arena, 65536, (size_t)512 << 20);
    struct meeting meeting = {b, &owners};
    bool ok = collect(b, db, report, &arena, &owners, err) &&
              (owners.n == 0 || people_each(b->people, db, meet_person, &meeting, err));
    for (size_t i = 0; ok && i < owners.n; i++) {
        struct row_check check = {b, db, report, owners.list[i].table, owners.list[i].name, &arena, NULL};
        if (!owners.list[i].seen)
            row_wrong(&check, "it belongs to a person that there is not");
    }
    arena_done(&arena);
    return ok;
}

bool beside_check(struct beside *b, struct db *db, struct case_check *acts, struct beside_report *report,
                  struct err *err)
{
    const struct walk walks[] = {
        {"case_notice",
         "SELECT id, recipient, made, seen, phone, letters, sealed FROM case_notice WHERE id > $1"
         " ORDER BY id LIMIT 64",
         "tbiiibb", &report->notices, check_notice},
        {"case_offer",
         "SELECT id, made, until, state, answered, sealed, recipient FROM case_offer WHERE id > $1"
         " ORDER BY id LIMIT 64",
         "tiiiibb", NULL, check_offer},
        {"case_signer",
         "SELECT DISTINCT case_no FROM case_signer WHERE case_no > $1 ORDER BY case_no LIMIT 64", "t", NULL,
         check_signers},
        {"case_invoice",
         "SELECT id, payer, fee, case_no, amount, state, spooled, made, settled, ref, sealed"
         " FROM case_invoice WHERE id > $1 ORDER BY id LIMIT 64",
         "tbttiiiiitb", &report->invoices, check_invoice},
        {"case_slot", "SELECT DISTINCT case_no FROM case_slot WHERE case_no > $1 ORDER BY case_no LIMIT 64",
         "t", NULL, check_slots},
        {"case_attachment",
         "SELECT id, owner, case_no, field, made, scanned FROM case_attachment WHERE id > $1"
         " ORDER BY id LIMIT 64",
         "tbttii", &report->files, check_file}};
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_LEN(walks); i++)
        ok = walk(b, db, &walks[i], acts, report, err);
    if (acts != NULL)
        case_check_sort(acts);
    return ok && check_loose_parts(b, db, report, err) && check_owned(b, db, report, err);
}
