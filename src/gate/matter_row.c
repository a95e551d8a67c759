/* SPDX-License-Identifier: Apache-2.0 */
/* matter_row.c: the rows of questions and emergency looks.
 *
 * What stands in a row in the clear: id, agency, the agency's tag of the person, which look, days and
 * verdict. Who it is and all words are sealed, bound to the row; an answer is bound to its verdict. */
#include "crypto/keys.h"
#include "gate/matter_private.h"

/* --- seals --- */

struct bound {
    uint8_t bytes[64 + ACT_ID_SIZE + KEY_SIZE + 24];
    size_t n;
};

static void bind_question(struct bound *b, const struct matter *matter)
{
    const struct gate_matter *m = &matter->m;
    uint8_t *p = b->bytes;
    memcpy(p, m->id, ACT_ID_SIZE);
    p += ACT_ID_SIZE;
    memcpy(p, matter->tag, KEY_SIZE);
    p += KEY_SIZE;
    *p++ = (uint8_t)m->emergency;
    put_u64be(p, (uint64_t)m->opened);
    put_u64be(p + 8, (uint64_t)m->due);
    p += 16;
    memcpy(p, m->agency->id.p, m->agency->id.n);
    b->n = (size_t)(p - b->bytes) + m->agency->id.n;
}

static void bind_answer(struct bound *b, const struct gate_matter *m)
{
    memcpy(b->bytes, m->id, ACT_ID_SIZE);
    b->bytes[ACT_ID_SIZE] = (uint8_t)m->verdict;
    put_u64be(b->bytes + ACT_ID_SIZE + 1, (uint64_t)m->answered);
    b->n = ACT_ID_SIZE + 9;
}

/* pid ‖ leaf u64 (of a question; all ones for an emergency look, which is known by its id) ‖ words */
#define PLAIN_FIXED (PID_SIZE + 8)

static struct str seal_question(struct gate *gate, const struct matter *matter, struct arena *arena)
{
    const struct gate_matter *m = &matter->m;
    struct bound ad;
    size_t n = PLAIN_FIXED + m->words.n;
    uint8_t *plain = arena_take(arena, n, 1), *sealed = arena_take(arena, n + SEAL_OVERHEAD, 1);
    memcpy(plain, matter->pid, PID_SIZE);
    put_u64be(plain + PID_SIZE, m->emergency ? UINT64_MAX : m->leaf);
    memcpy(plain + PLAIN_FIXED, m->words.p, m->words.n);
    bind_question(&ad, matter);
    seal(sealed, gate->matter_key, plain, n, ad.bytes, ad.n);
    return (struct str){(char *)sealed, n + SEAL_OVERHEAD};
}

bool matter_changed(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "gate_matter", "a row does not open: it was changed or moved");
}

static bool open_question(struct gate *gate, struct matter *matter, struct str sealed, struct arena *arena,
                          struct err *err)
{
    struct bound ad;
    if (sealed.n < PLAIN_FIXED + SEAL_OVERHEAD || sealed.n > PLAIN_FIXED + SEAL_OVERHEAD + GATE_WORDS_MAX)
        return matter_changed(err);
    uint8_t *plain = arena_take(arena, sealed.n, 1);
    bind_question(&ad, matter);
    if (!seal_open(plain, gate->matter_key, (const uint8_t *)sealed.p, sealed.n, ad.bytes, ad.n) ||
        (!matter->m.emergency && get_u64be(plain + PID_SIZE) != matter->m.leaf))
        return matter_changed(err);
    memcpy(matter->pid, plain, PID_SIZE);
    matter->m.words = (struct str){(char *)plain + PLAIN_FIXED, sealed.n - SEAL_OVERHEAD - PLAIN_FIXED};
    return true;
}

static bool open_answer(struct gate *gate, struct gate_matter *m, struct str sealed, struct arena *arena,
                        struct err *err)
{
    struct bound ad;
    if (m->verdict == VERDICT_OPEN)
        return sealed.n == 0 || matter_changed(err);
    if (sealed.n < SEAL_OVERHEAD || sealed.n > SEAL_OVERHEAD + GATE_WORDS_MAX)
        return matter_changed(err);
    uint8_t *plain = arena_take(arena, sealed.n, 1);
    bind_answer(&ad, m);
    if (!seal_open(plain, gate->matter_key, (const uint8_t *)sealed.p, sealed.n, ad.bytes, ad.n))
        return matter_changed(err);
    m->answer = (struct str){(char *)plain, sealed.n - SEAL_OVERHEAD};
    return true;
}

/* --- rows --- */

static bool row_open(struct gate *gate, struct db_stmt *stmt, struct arena *arena, struct matter *ret_matter,
                     struct err *err)
{
    struct matter matter = {0};
    struct gate_matter *m = &matter.m;
    struct str id = db_text(stmt, 0), tag = db_bytes(stmt, 2);
    int64_t verdict = db_i64(stmt, 7);
    m->agency = jurisdiction_agency(gate->j, db_text(stmt, 1));
    if (id.n != ACT_ID_SIZE - 1 || tag.n != KEY_SIZE || m->agency == NULL || verdict < VERDICT_OPEN ||
        verdict > VERDICT_NOT_JUSTIFIED)
        return matter_changed(err);
    memcpy(m->id, id.p, id.n);
    memcpy(matter.tag, tag.p, KEY_SIZE);
    m->emergency = db_i64(stmt, 3) != 0;
    m->leaf = (uint64_t)db_i64(stmt, 4);
    m->opened = db_i64(stmt, 5);
    m->due = (int32_t)db_i64(stmt, 6);
    m->verdict = (enum gate_verdict)verdict;
    m->answered = db_i64(stmt, 8);
    if (!open_question(gate, &matter, db_bytes(stmt, 9), arena, err) ||
        !open_answer(gate, m, db_bytes(stmt, 10), arena, err))
        return false;
    *ret_matter = matter;
    return true;
}

bool matter_rows(struct gate *gate, struct db_stmt *stmt, struct arena *arena, struct matter *ret_rows,
                 size_t max, size_t *ret_n, struct err *err)
{
    enum db_result result = DB_DONE;
    size_t n = 0;
    while (n < max && (result = db_step(stmt, err)) == DB_ROW) {
        if (!row_open(gate, stmt, arena, &ret_rows[n++], err)) {
            db_end(stmt);
            return false;
        }
    }
    if (result == DB_ROW)
        db_end(stmt);
    *ret_n = n;
    return result != DB_ERROR;
}

static bool none_such(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "matter", "your agency has no such question or emergency look");
}

bool matter_find(struct gate *gate, struct db *db, const struct office *office, struct str id,
                 struct arena *arena, struct matter *ret_matter, struct err *err)
{
    static const char sql[] = MATTER_COLUMNS "WHERE id = $1 AND agency = $2";
    size_t n;
    if (!office->reviewer)
        return err_set(err, ERR_NOT_ALLOWED, "office", "only a reviewer's office may do this");
    if (!utf8_valid(id))
        return none_such(err);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    db_bind_text(stmt, 2, office->agency->id);
    if (!matter_rows(gate, stmt, arena, ret_matter, 1, &n, err))
        return false;
    return (n == 1 && ret_matter->m.leaf != UINT64_MAX) || none_such(err);
}

bool matter_insert(struct gate *gate, struct db *db, const struct matter *matter, struct str about,
                   struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO gate_matter (id, agency, person, about, emergency, leaf, opened, "
                              "due, verdict, answered, "
                              "sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)";
    const struct gate_matter *m = &matter->m;
    struct str sealed = seal_question(gate, matter, arena);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(m->id));
    db_bind_text(stmt, 2, m->agency->id);
    db_bind_bytes(stmt, 3, matter->tag, KEY_SIZE);
    db_bind_text(stmt, 4, about);
    db_bind_i64(stmt, 5, m->emergency);
    db_bind_i64(stmt, 6, (int64_t)m->leaf);
    db_bind_i64(stmt, 7, m->opened);
    db_bind_i64(stmt, 8, m->due);
    db_bind_bytes(stmt, 9, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

bool matter_write_answer(struct gate *gate, struct db *db, const struct gate_matter *m, struct arena *arena,
                         struct err *err)
{
    static const char sql[] =
        "UPDATE gate_matter SET verdict = $1, answered = $2, answer = $3 WHERE id = $4 AND verdict = 0";
    struct bound ad;
    int64_t touched;
    uint8_t *sealed = arena_take(arena, m->answer.n + SEAL_OVERHEAD, 1);
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    bind_answer(&ad, m);
    seal(sealed, gate->matter_key, m->answer.p, m->answer.n, ad.bytes, ad.n);
    db_bind_i64(stmt, 1, m->verdict);
    db_bind_i64(stmt, 2, m->answered);
    db_bind_bytes(stmt, 3, sealed, m->answer.n + SEAL_OVERHEAD);
    db_bind_text(stmt, 4, str_of(m->id));
    if (!db_run(stmt, &touched, err))
        return false;
    return touched == 1 || err_set(err, ERR_CONFLICT, "matter", "it has been answered already");
}
