/* SPDX-License-Identifier: Apache-2.0 */
/* matter.c: a person's question about a look, emergency looks to be reviewed, and the reviewer's queue. */
#include <stdlib.h>

#include "base/clock.h"
#include "gate/matter_private.h"

static void matter_new(struct gate *gate, struct matter *matter, const struct agency *agency,
                       const uint8_t pid[PID_SIZE], int64_t now)
{
    int32_t today = local_day(gate->j, now);
    *matter = (struct matter){.m = {.agency = agency, .opened = now}};
    matter->m.due = jurisdiction_add_working_days(gate->j, today, gate->j->review_days);
    memcpy(matter->pid, pid, PID_SIZE);
    person_tag(gate, agency, pid, matter->tag);
}

static bool words_fit(struct str words, struct err *err)
{
    if (words.n > GATE_WORDS_MAX || !utf8_valid(words))
        return err_set(err, ERR_USAGE, "words", "must be UTF-8 text of at most %d bytes", GATE_WORDS_MAX);
    return str_trim(words).n != 0 ||
           err_set(err, ERR_INVALID, "words", "are empty: say in a sentence what you want to say");
}

/* --- emergency looks --- */

bool matter_of_emergency(struct gate *gate, struct db *db, const struct gate_request *request,
                         const char look[ACT_ID_SIZE], int64_t now, struct err *err)
{
    struct matter matter;
    struct arena arena;
    matter_new(gate, &matter, request->office->agency, request->pid, now);
    memcpy(matter.m.id, look, ACT_ID_SIZE);
    matter.m.emergency = true;
    matter.m.leaf = UINT64_MAX;
    matter.m.words = request->reason;
    arena_init(&arena, 4096, 1 << 20);
    bool ok = matter_insert(gate, db, &matter, str_of(look), &arena, err);
    arena_done(&arena);
    return ok;
}

bool matter_has_leaf(struct db *db, const char look[ACT_ID_SIZE], uint64_t leaf, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "UPDATE gate_matter SET leaf = $1 WHERE id = $2", err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, (int64_t)leaf);
    db_bind_text(stmt, 2, str_of(look));
    return db_run(stmt, NULL, err);
}

static bool drop(struct db *db, const char id[ACT_ID_SIZE], struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM gate_matter WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(id));
    return db_run(stmt, NULL, err);
}

bool matters_settle(struct gate *gate, struct db *db, struct err *err)
{
    static const char sql[] = MATTER_COLUMNS "WHERE leaf = -1 ORDER BY id";
    struct matter rows[16];
    struct arena arena;
    size_t n = ARRAY_LEN(rows);
    bool ok = true;
    arena_init(&arena, 65536, 1 << 22);
    while (ok && n == ARRAY_LEN(rows)) {
        struct db_stmt *stmt = db_sql(db, sql, err);
        arena_reset(&arena);
        ok = stmt != NULL && matter_rows(gate, stmt, &arena, rows, ARRAY_LEN(rows), &n, err);
        for (size_t i = 0; ok && i < n; i++) {
            uint8_t id[LEDGER_ID_SIZE];
            uint64_t leaf;
            bool found;
            ok = (look_id_parse(str_of(rows[i].m.id), id) || matter_changed(err)) &&
                 find_by_id(gate, id, 60 * CLOCK_SECOND, &found, &leaf, err) &&
                 (found ? matter_has_leaf(db, rows[i].m.id, leaf, err) : drop(db, rows[i].m.id, err));
        }
    }
    arena_done(&arena);
    return ok;
}

/* --- the person's side --- */

struct asking {
    struct gate *gate;
    struct matter *matter;
    struct gate_act act;
    const char *about;
    struct arena *arena;
    char id[ACT_ID_SIZE];
};

static bool ask(struct db *db, void *arg, struct err *err)
{
    struct asking *a = arg;
    if (!gate_act_prepare(a->gate, db, &a->act, a->id, err))
        return false;
    memcpy(a->matter->m.id, a->id, ACT_ID_SIZE);
    return matter_insert(a->gate, db, a->matter, str_of(a->about), a->arena, err);
}

bool gate_ask(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf, struct str words,
              struct str levels, struct arena *arena, struct gate_matter *ret_matter, uint64_t *ret_position,
              struct err *err)
{
    struct matter *matter = arena_new(arena, struct matter);
    struct gate_entry look;
    if (!words_fit(words, err) || !gate_entry(gate, db, pid, leaf, arena, &look, err))
        return false;
    const struct agency *agency = jurisdiction_agency(gate->j, look.agency);
    if (look.erased || agency == NULL || look.office.n == 0)
        return err_set(err, ERR_INVALID, "entry",
                       "no agency can be asked about this entry: no office of an agency made it");
    matter_new(gate, matter, agency, pid, clock_now());
    matter->m.leaf = leaf;
    matter->m.words = words;
    matter->m.look = look;
    struct asking a = {.gate = gate,
                       .matter = matter,
                       .act = {.kind = gate_kind_code(KIND_QUESTION),
                               .holder = jurisdiction_agency(gate->j, look.holder),
                               .pid = pid,
                               .capacity = STR("self"),
                               .levels = levels,
                               .purpose = look.purpose,
                               .case_no = look.id,
                               .registry = look.registry,
                               .outcome = STR("asked"),
                               .reason = words},
                       .about = arena_printf(arena, "entry-%llu", (unsigned long long)leaf),
                       .arena = arena};
    if (a.act.holder == NULL)
        return err_set(err, ERR_INVALID, "entry", "its holder is not in the jurisdiction folder any more");
    if (!db_tx(db, ask, &a, err)) {
        if (err->code == ERR_CONFLICT)
            err_set(err, ERR_CONFLICT, "question", "you have asked about this look already");
        return false;
    }
    if (!gate_act_deliver(gate, db, a.id, ret_position, err))
        return false;
    *ret_matter = matter->m;
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct gate_matter *one = a, *other = b;
    return (one->opened < other->opened) - (one->opened > other->opened);
}

#define AT_ONCE 16

struct matters {
    struct gate_matter *list;
    size_t n, cap;
};

static void matters_add(struct matters *matters, const struct gate_matter *m, struct arena *arena)
{
    if (matters->n == matters->cap) {
        size_t cap = matters->cap ? 2 * matters->cap : 8;
        struct gate_matter *more = arena_array(arena, struct gate_matter, cap);
        if (matters->n != 0)
            memcpy(more, matters->list, matters->n * sizeof *more);
        matters->list = more;
        matters->cap = cap;
    }
    matters->list[matters->n++] = *m;
}

static bool at_agency(struct gate *gate, struct db *db, const struct agency *agency,
                      const uint8_t pid[PID_SIZE], uint64_t leaf, struct arena *arena,
                      struct matters *matters, struct err *err)
{
    static const char sql[] =
        MATTER_COLUMNS "WHERE agency = $1 AND person = $2 ORDER BY opened DESC, id LIMIT $3 OFFSET $4";
    struct matter rows[AT_ONCE];
    uint8_t tag[KEY_SIZE];
    size_t n = AT_ONCE;
    person_tag(gate, agency, pid, tag);
    for (int64_t skip = 0; n == AT_ONCE; skip += AT_ONCE) {
        struct db_stmt *stmt = db_sql(db, sql, err);
        if (stmt == NULL)
            return false;
        db_bind_text(stmt, 1, agency->id);
        db_bind_bytes(stmt, 2, tag, sizeof tag);
        db_bind_i64(stmt, 3, AT_ONCE);
        db_bind_i64(stmt, 4, skip);
        if (!matter_rows(gate, stmt, arena, rows, AT_ONCE, &n, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            struct gate_matter *m = &rows[i].m;
            if ((leaf != UINT64_MAX && m->leaf != leaf) || m->leaf == UINT64_MAX)
                continue;
            /* A look whose list opens later is not shown before. */
            if (gate_entry(gate, db, pid, m->leaf, arena, &m->look, err))
                matters_add(matters, m, arena);
            else if (err->code != ERR_NOT_FOUND)
                return false;
        }
    }
    return true;
}

bool gate_matters_of_person(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                            struct arena *arena, struct gate_matter **ret_matters, size_t *ret_n,
                            struct err *err)
{
    struct matters matters = {0};
    for (size_t a = 0; a < gate->j->agencies_n; a++)
        if (!at_agency(gate, db, &gate->j->agencies[a], pid, leaf, arena, &matters, err))
            return false;
    if (matters.n != 0)
        qsort(matters.list, matters.n, sizeof *matters.list, newest_first);
    *ret_matters = matters.list;
    *ret_n = matters.n;
    return true;
}

/* --- the reviewer's side --- */

static bool count(struct db *db, const struct office *office, bool closed, uint64_t *ret_total,
                  struct err *err)
{
    static const char open[] =
        "SELECT count(*) FROM gate_matter WHERE agency = $1 AND verdict = 0 AND leaf >= 0";
    static const char answered[] =
        "SELECT count(*) FROM gate_matter WHERE agency = $1 AND verdict <> 0 AND leaf >= 0";
    bool found;
    struct db_stmt *stmt = db_sql(db, closed ? answered : open, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office->agency->id);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_total = found ? (uint64_t)db_i64(stmt, 0) : 0;
    db_end(stmt);
    return true;
}

bool gate_matters_of_agency(struct gate *gate, struct db *db, const struct office *office, bool closed,
                            size_t skip, size_t limit, struct arena *arena, struct gate_matter **ret_matters,
                            size_t *ret_n, uint64_t *ret_total, struct err *err)
{
    static const char open[] = MATTER_COLUMNS "WHERE agency = $1 AND verdict = 0 AND leaf >= 0 "
                                              "ORDER BY due, opened, id LIMIT $2 OFFSET $3";
    static const char answered[] = MATTER_COLUMNS "WHERE agency = $1 AND verdict <> 0 AND leaf >= 0 "
                                                  "ORDER BY answered DESC, id LIMIT $2 OFFSET $3";
    if (!office->reviewer)
        return err_set(err, ERR_NOT_ALLOWED, "office", "only a reviewer's office sees the questions");
    struct matter *rows = arena_array(arena, struct matter, limit + 1);
    struct db_stmt *stmt = db_sql(db, closed ? answered : open, err);
    size_t n;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, office->agency->id);
    db_bind_i64(stmt, 2, (int64_t)limit);
    db_bind_i64(stmt, 3, (int64_t)skip);
    if (!matter_rows(gate, stmt, arena, rows, limit + 1, &n, err) ||
        !count(db, office, closed, ret_total, err))
        return false;
    struct gate_matter *list = arena_array(arena, struct gate_matter, n + 1);
    for (size_t i = 0; i < n; i++) {
        list[i] = rows[i].m;
        list[i].words = list[i].answer = (struct str){"", 0}; /* they may name the person */
    }
    *ret_matters = list;
    *ret_n = n;
    return true;
}

/* The entry of the matter's look, which must be the one that the matter was made for. */
static bool read_look(struct gate *gate, struct matter *matter, struct arena *arena, struct err *err)
{
    struct ledger_entry raw;
    uint8_t salt[SALT_SIZE], id[LEDGER_ID_SIZE], handle[LEDGER_HANDLE_SIZE];
    handle_of(gate, matter->pid, handle);
    if (!read_entry(gate, matter->m.leaf, arena, &raw, &matter->m.look, salt, err))
        return false;
    return ((!matter->m.emergency ||
             (look_id_parse(str_of(matter->m.id), id) && memcmp(id, raw.id, sizeof id) == 0)) &&
            bytes_same(handle, raw.handle, sizeof handle)) ||
           matter_changed(err);
}

static void act_on(struct gate *gate, const struct matter *matter, enum gate_kind kind,
                   const struct office *office, struct str actor, struct str levels, struct gate_act *act)
{
    const struct gate_entry *look = &matter->m.look;
    const struct agency *holder = jurisdiction_agency(gate->j, look->holder);
    *act = (struct gate_act){
        .kind = gate_kind_code(kind),
        .holder = holder != NULL ? holder : matter->m.agency,
        .pid = matter->pid,
        .office = office,
        .actor = actor,
        .capacity = STR("official"),
        .levels = levels,
        .purpose = look->purpose,
        .case_no = str_of(matter->m.id),
        .registry = look->registry,
        .outcome = STR("admitted"),
    };
}

bool gate_matter_open(struct gate *gate, struct db *db, const struct office *office, struct str actor,
                      struct str levels, struct str id, struct arena *arena, struct gate_matter *ret_matter,
                      uint64_t *ret_position, struct err *err)
{
    struct matter *matter = arena_new(arena, struct matter);
    struct gate_act act;
    if (!matter_find(gate, db, office, id, arena, matter, err) || !read_look(gate, matter, arena, err))
        return false;
    act_on(gate, matter, KIND_ENTRY_READ, office, actor, levels, &act);
    if (!act_now(gate, db, &act, ret_position, err))
        return false;
    *ret_matter = matter->m;
    return true;
}

struct answering {
    struct gate *gate;
    struct matter *matter;
    struct gate_act act;
    struct arena *arena;
    char id[ACT_ID_SIZE];
};

static bool answer(struct db *db, void *arg, struct err *err)
{
    struct answering *a = arg;
    return matter_write_answer(a->gate, db, &a->matter->m, a->arena, err) &&
           gate_act_prepare(a->gate, db, &a->act, a->id, err);
}

bool gate_matter_answer(struct gate *gate, struct db *db, const struct office *office, struct str actor,
                        struct str levels, struct str id, enum gate_verdict verdict, struct str words,
                        struct arena *arena, uint64_t *ret_position, struct err *err)
{
    struct matter *matter = arena_new(arena, struct matter);
    if (verdict != VERDICT_JUSTIFIED && verdict != VERDICT_NOT_JUSTIFIED)
        return err_set(err, ERR_INVALID, "verdict", "must be justified or not justified");
    if (!words_fit(words, err) || !matter_find(gate, db, office, id, arena, matter, err) ||
        !read_look(gate, matter, arena, err))
        return false;
    if (matter->m.verdict != VERDICT_OPEN)
        return err_set(err, ERR_CONFLICT, "matter", "it has been answered already");
    if (actor.n == 0 || str_eq(matter->m.look.actor, actor))
        return err_set(err, ERR_INVALID, "actor",
                       "who made the look cannot review it: another reviewer of the agency must answer");
    matter->m.verdict = verdict;
    matter->m.answered = clock_now();
    matter->m.answer = words;
    struct answering a = {.gate = gate, .matter = matter, .arena = arena};
    act_on(gate, matter, matter->m.emergency ? KIND_REVIEW : KIND_ANSWER, office, actor, levels, &a.act);
    a.act.outcome = verdict == VERDICT_JUSTIFIED ? STR("justified") : STR("not-justified");
    a.act.reason = words;
    return db_tx(db, answer, &a, err) && gate_act_deliver(gate, db, a.id, ret_position, err);
}
