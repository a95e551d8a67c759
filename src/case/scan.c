/* SPDX-License-Identifier: Apache-2.0 */
#include "case/scan.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/attachment.h"
#include "case/beside_private.h"
#include "case/draft.h"
#include "case/notice.h"

#define AT_ONCE 16
#define AGAIN (60 * CLOCK_SECOND)
#define BELIEVED (600 * CLOCK_SECOND)

bool beside_scans(const struct beside *b)
{
    return b->ports.scanner != NULL;
}

enum scan_state scan_reply(struct str reply, char found[SCAN_FOUND_SIZE])
{
    const struct str head = STR("stream: "), tail = STR(" FOUND");
    size_t n = 0;
    found[0] = '\0';
    if (str_is(reply, "stream: OK"))
        return SCAN_CLEAN;
    if (!str_starts(reply, head) || !str_ends(reply, tail) || reply.n <= head.n + tail.n)
        return SCAN_FAILED;
    for (size_t i = head.n; i < reply.n - tail.n && n < SCAN_FOUND_SIZE - 1; i++)
        found[n++] = (char)(reply.p[i] > 0x20 && reply.p[i] < 0x7f ? reply.p[i] : '?');
    found[n] = '\0';
    return SCAN_INFECTED;
}

/* --- asking --- */

static enum scan_state end_scan(const struct scan_port *port, bool given, char found[SCAN_FOUND_SIZE])
{
    char reply[SCAN_REPLY_SIZE];
    found[0] = '\0';
    return given && port->end(port->arg, reply) ? scan_reply(str_of(reply), found) : SCAN_FAILED;
}

/* It finds what every scanner finds (eicar.org). The text stands in two halves, lest this program be found.
 */
static bool believed(struct beside *b, int64_t now, struct err *err)
{
    const struct str first = STR("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-"),
                     second = STR("STANDARD-ANTIVIRUS-TEST-FILE!$H+H*");
    const struct scan_port *port = b->ports.scanner;
    char found[SCAN_FOUND_SIZE];
    if (b->believed != 0 && now - b->believed < BELIEVED)
        return true;
    bool given = port->start(port->arg) && port->give(port->arg, first) && port->give(port->arg, second);
    enum scan_state said = end_scan(port, given, found);
    b->believed = said == SCAN_INFECTED ? now : 0;
    if (said == SCAN_CLEAN)
        return err_set(err, ERR_AWAY, "clamd",
                       "finds nothing in the EICAR test file, so it is not believed: give it its signatures "
                       "(freshclam). Files are not scanned until then");
    return said == SCAN_INFECTED ||
           err_set(err, ERR_AWAY, "clamd",
                   "does not answer as it should: files are not scanned until it does");
}

/* False: what was given is not the file; the scanner must still be heard to its end. */
static bool give_parts(struct beside *b, struct db *db, const struct attachment *a, bool *ret_given,
                       struct err *err)
{
    const struct scan_port *port = b->ports.scanner;
    size_t given = 0;
    bool more = true;
    *ret_given = port->start(port->arg);
    for (int64_t n = 0; more && *ret_given; n++) {
        struct arena one;
        struct str plain;
        arena_init(&one, 65536, (size_t)4 << 20);
        bool ok = attachment_part(b, db, a->id, n, &one, &plain, &more, err);
        if (ok && more)
            *ret_given = port->give(port->arg, plain), given += plain.n;
        arena_done(&one);
        if (!ok)
            return false;
    }
    return more || given == a->size || err_set(err, ERR_CORRUPT, a->id, "a part of the file is missing");
}

/* --- what is known from then on --- */

struct verdict {
    struct beside *b;
    const struct attachment *file;
    enum scan_state state;
    const char *found;
    int64_t now;
    struct arena *arena;
    char act[ACT_ID_SIZE];
    bool gone; /* the file was taken away meanwhile, or looked through by another node */
};

static bool write_verdict(struct verdict *v, struct db *db, struct err *err)
{
    int64_t changed;
    struct db_stmt *stmt = db_sql(
        db, "UPDATE case_attachment SET scan = $1, scanned = $2, verdict = $3 WHERE id = $4 AND scan < 2",
        err);
    if (stmt == NULL)
        return false;
    struct str sealed = attachment_verdict(v->b, v->file->id, v->state, v->now, str_of(v->found), v->arena);
    db_bind_i64(stmt, 1, v->state);
    db_bind_i64(stmt, 2, v->now);
    db_bind_bytes(stmt, 3, sealed.p, sealed.n);
    db_bind_text(stmt, 4, str_of(v->file->id));
    if (!db_run(stmt, &changed, err))
        return false;
    v->gone = changed == 0;
    return true;
}

static bool tell(struct verdict *v, struct db *db, const struct case_file *c, struct err *err)
{
    const struct notice_for to[] = {{c->pid, NULL}, {NULL, c->service->provider}};
    for (size_t i = 0; i < ARRAY_LEN(to); i++)
        if (!notice_put(v->b, db, c, NOTICE_INFECTED, to[i], str_of(v->found), STR(""), v->now, v->arena,
                        err))
            return false;
    return true;
}

static bool do_infected(struct db *db, void *arg, struct err *err)
{
    struct verdict *v = arg;
    struct attachment file;
    v->gone = false;
    if (!write_verdict(v, db, err) || v->gone)
        return v->gone;
    /* Read anew: it may have been filed while the scanner was asked. */
    if (!attachment_read(v->b, db, str_of(v->file->id), v->arena, &file, err))
        return false;
    struct case_file c = {.service = file.service};
    bool filed = file.number.n != 0;
    if (!attachment_drop_parts(db, str_of(file.id), err) ||
        (filed && (!case_read(v->b->cases, db, file.number, v->arena, &c, err) || !tell(v, db, &c, err))))
        return false;
    if (c.service == NULL) /* the folder has it no more, and nobody filed it */
        return true;
    const struct gate_act act = {.kind = gate_kind_code(KIND_STEP),
                                 .holder = c.service->provider->agency,
                                 .pid = file.owner,
                                 .office = c.service->provider,
                                 .capacity = STR("machine"),
                                 .case_no = file.number,
                                 .outcome = STR(FILE_INFECTED),
                                 .reason = str_of(v->found)};
    return gate_act_prepare(v->b->cases->gate, db, &act, v->act, err);
}

/* The draft that names it asks for another one. */
static bool forget_answer(struct verdict *v, struct db *db, struct err *err)
{
    const struct attachment *a = v->file;
    struct draft draft;
    struct str id, name;
    bool found;
    if (a->service == NULL || a->number.n != 0)
        return true;
    if (!draft_read(v->b->cases, db, a->service, a->owner, v->arena, &draft, &found, err))
        return false;
    if (!found || !attachment_answer(draft.answers[a->field].text, &id, &name) || !str_is(id, a->id))
        return true;
    struct answer *none = arena_array(v->arena, struct answer, a->service->fields_n + 1);
    return draft_put(v->b->cases, db, a->service, a->owner, &a->field, 1, none, v->now, v->arena, &draft,
                     err) ||
           err->code == ERR_NOT_FOUND; /* sent or thrown away: the filing looks for itself */
}

static bool conclude(struct verdict *v, struct db *db, struct err *err)
{
    uint64_t position;
    if (v->state != SCAN_INFECTED)
        return write_verdict(v, db, err);
    if (!db_tx(db, do_infected, v, err))
        return false;
    if (!v->gone)
        say(SAY_WARN, "file %s: the virus scanner found %s in it; its bytes are gone", v->file->id, v->found);
    if (!v->gone && v->act[0] != '\0' && !gate_act_deliver(v->b->cases->gate, db, v->act, &position, err))
        return false;
    return forget_answer(v, db, err);
}

/* --- the turn --- */

static bool read_waiting(struct db *db, int64_t now, char ids[AT_ONCE][ATTACHMENT_ID_SIZE], size_t *ret_n,
                         struct err *err)
{
    static const char sql[] =
        "SELECT id FROM case_attachment WHERE scan < 2 AND scanned <= $1 ORDER BY scanned, id LIMIT $2";
    enum db_result result;
    *ret_n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, now - AGAIN);
    db_bind_i64(stmt, 2, AT_ONCE);
    while ((result = db_step(stmt, err)) == DB_ROW)
        snprintf(ids[(*ret_n)++], ATTACHMENT_ID_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    return result == DB_DONE;
}

static bool see_to(struct beside *b, struct db *db, const char *id, bool ask, int64_t now,
                   struct arena *arena, struct err *err)
{
    char found[SCAN_FOUND_SIZE] = "";
    struct attachment a;
    bool given = false;
    if (!attachment_read(b, db, str_of(id), arena, &a, err))
        return err->code == ERR_NOT_FOUND; /* taken away meanwhile */
    struct verdict v = {b, &a, SCAN_FAILED, found, now, arena, "", false};
    bool whole = !ask || give_parts(b, db, &a, &given, err);
    if (ask)
        v.state = end_scan(b->ports.scanner, given, found);
    if (!whole)
        v.state = SCAN_FAILED, found[0] = '\0';
    if (v.state == SCAN_FAILED)
        b->believed = 0; /* it may have died of this one: asked anew before the next */
    struct err broken = *err;
    if (!conclude(&v, db, err))
        return false;
    if (!whole)
        *err = broken;
    return whole;
}

bool scans_turn(struct beside *b, struct db *db, int64_t now, struct err *err)
{
    char ids[AT_ONCE][ATTACHMENT_ID_SIZE];
    struct err why;
    size_t n;
    bool ok = true;
    if (!beside_scans(b))
        return true;
    if (!read_waiting(db, now, ids, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct arena arena;
        bool ask = believed(b, now, &why);
        arena_init(&arena, 65536, (size_t)64 << 20);
        if (!ask && ok)
            ok = false, *err = why;
        bool seen = see_to(b, db, ids[i], ask, now, &arena, &why);
        if (!seen && ok)
            ok = false, *err = why;
        arena_done(&arena);
    }
    return ok;
}
