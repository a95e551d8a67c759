/* SPDX-License-Identifier: Apache-2.0 */
#include "case/attachment.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/beside_private.h"
#include "case/scan.h"
#include "crypto/keys.h"

#define PART ((size_t)128 << 10)
#define PART_READ ((size_t)256 << 10) /* as they were written before */
#define HEAD 16
#define TAIL 1024

static const char png[] = "\x89PNG\r\n\x1a\n";

static enum file_kind kind_begun(struct str head)
{
    if (str_starts(head, STR("%PDF-1.")) || str_starts(head, STR("%PDF-2.")))
        return FILE_PDF;
    if (head.n >= 8 && memcmp(head.p, "\xff\xd8\xff", 3) == 0)
        return FILE_JPEG;
    return head.n >= 16 && memcmp(head.p, png, 8) == 0 ? FILE_PNG : FILE_KINDS_N;
}

static enum file_kind kind_of(struct str head, struct str tail)
{
    static const char png_end[] = "IEND\xae\x42\x60\x82";
    enum file_kind kind = kind_begun(head);
    bool ends = kind == FILE_PDF    ? memmem(tail.p, tail.n, "%%EOF", 5) != NULL
                : kind == FILE_JPEG ? memmem(tail.p, tail.n, "\xff\xd9", 2) != NULL
                                    : str_ends(tail, (struct str){png_end, 8});
    return ends ? kind : FILE_KINDS_N;
}

enum file_kind file_kind_of(struct str b)
{
    size_t tail = MIN_OF(b.n, (size_t)TAIL);
    return kind_of((struct str){b.p, MIN_OF(b.n, (size_t)HEAD)}, (struct str){b.p + b.n - tail, tail});
}

const char *file_kind_type(enum file_kind kind)
{
    static const char *const types[] = {"application/pdf", "image/jpeg", "image/png"};
    return kind < FILE_KINDS_N ? types[kind] : "application/octet-stream";
}

bool attachment_answer(struct str answer, struct str *ret_id, struct str *ret_name)
{
    if (answer.n < ATTACHMENT_ID_SIZE || answer.p[ATTACHMENT_ID_SIZE - 1] != ' ')
        return false;
    for (size_t i = 0; i < ATTACHMENT_ID_SIZE - 1; i++)
        if (!((answer.p[i] >= '0' && answer.p[i] <= '9') || (answer.p[i] >= 'a' && answer.p[i] <= 'z')))
            return false;
    *ret_id = (struct str){answer.p, ATTACHMENT_ID_SIZE - 1};
    *ret_name = str_from(answer, ATTACHMENT_ID_SIZE);
    return true;
}

/* Marks that turn the direction of what follows: "photo\u202Egpj.exe" would look like another file. */
static size_t turning_mark(struct str at)
{
    const uint8_t *b = (const uint8_t *)at.p;
    bool turns = at.n >= 3 && b[0] == 0xE2 &&
                 ((b[1] == 0x80 && (b[2] == 0x8E || b[2] == 0x8F || (b[2] >= 0xAA && b[2] <= 0xAE))) ||
                  (b[1] == 0x81 && b[2] >= 0xA6 && b[2] <= 0xA9));
    return turns ? 3 : 0;
}

/* The last part of a path, without control characters, quotes and slashes. */
static struct str plain_name(struct str name, enum file_kind kind, struct arena *arena)
{
    static const char *const none[] = {"file.pdf", "file.jpg", "file.png"};
    struct buf out;
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '/' || name.p[i] == '\\') {
            name = str_from(name, i + 1);
            break;
        }
    if (!utf8_valid(name) || name.n > ATTACHMENT_NAME_MAX)
        return str_of(none[kind]);
    buf_in(&out, arena, ATTACHMENT_NAME_MAX + 1);
    for (size_t i = 0; i < name.n; i++)
        if (turning_mark(str_from(name, i)) != 0)
            i += 2;
        else if ((uint8_t)name.p[i] >= 0x20 && name.p[i] != 0x7f && strchr("\"<>|:*?;", name.p[i]) == NULL)
            buf_byte(&out, (uint8_t)name.p[i]);
    struct str right = str_trim(buf_view(&out));
    return right.n != 0 ? right : str_of(none[kind]);
}

struct str attachment_field(const struct service *s, size_t field, struct arena *arena)
{
    return str_of(arena_printf(arena, "%.*s/%.*s", STR_ARG(s->id), STR_ARG(s->fields[field].id)));
}

/* --- writing --- */

struct attachment_upload {
    struct beside *b;
    struct attachment_upload *next;
    const struct service *service;
    size_t field, size, part_n, head_n, tail_n;
    int64_t now, parts;
    uint8_t pid[PID_SIZE];
    char id[ATTACHMENT_ID_SIZE];
    bool kept;
    struct sha256 hash;
    char head[HEAD], tail[TAIL];
    char part[PART];
};

bool attachment_start(struct beside *b, const struct service *s, size_t field, const uint8_t pid[PID_SIZE],
                      int64_t now, struct attachment_upload **ret, struct err *err)
{
    struct attachment_upload *u = calloc(1, sizeof *u);
    unsigned all = 0, own = 0;
    must(u != NULL);
    *u = (struct attachment_upload){.b = b, .service = s, .field = field, .now = now};
    memcpy(u->pid, pid, PID_SIZE);
    beside_id(now, u->id);
    sha256_start(&u->hash);
    pthread_mutex_lock(&b->uploads_lock);
    for (const struct attachment_upload *o = b->uploads; o != NULL; o = o->next)
        all++, own += memcmp(o->pid, pid, PID_SIZE) == 0;
    bool room = all < ATTACHMENT_UPLOADS && own < ATTACHMENT_UPLOADS_EACH;
    if (room)
        u->next = b->uploads, b->uploads = u;
    pthread_mutex_unlock(&b->uploads_lock);
    if (!room) {
        free(u);
        return err_set(err, ERR_BUSY, "file",
                       "Many files are being sent just now. Send yours again in a moment.");
    }
    *ret = u;
    return true;
}

bool attachment_drop_parts(struct db *db, struct str id, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "DELETE FROM case_attachment_part WHERE id = $1", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    return db_run(stmt, NULL, err);
}

void attachment_over(struct attachment_upload *u, struct db *db)
{
    struct err err;
    if (u == NULL)
        return;
    pthread_mutex_lock(&u->b->uploads_lock);
    struct attachment_upload **at = &u->b->uploads;
    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    pthread_mutex_unlock(&u->b->uploads_lock);
    if (!u->kept && u->parts != 0 && !attachment_drop_parts(db, str_of(u->id), &err))
        say_err(SAY_WARN, &err); /* swept tomorrow: no head knows them */
    free(u);
}

static struct str part_row(const char *id, int64_t n, struct arena *arena)
{
    return str_of(arena_printf(arena, "%s|%lld", id, (long long)n));
}

/* Each in a transaction of its own, so that nobody waits for the whole; without its head a part is swept. */
static bool put_part(struct attachment_upload *u, struct db *db, struct err *err)
{
    struct arena arena;
    struct db_stmt *stmt =
        db_sql(db, "INSERT INTO case_attachment_part (id, n, made, sealed) VALUES ($1, $2, $3, $4)", err);
    if (stmt == NULL)
        return false;
    arena_init(&arena, PART + 4096, 4 * PART);
    struct str sealed = beside_seal(u->b, "attachment-part", part_row(u->id, u->parts, &arena),
                                    (struct str){u->part, u->part_n}, &arena);
    db_bind_text(stmt, 1, str_of(u->id));
    db_bind_i64(stmt, 2, u->parts);
    db_bind_i64(stmt, 3, u->now);
    db_bind_bytes(stmt, 4, sealed.p, sealed.n);
    bool ok = db_run(stmt, NULL, err);
    arena_done(&arena);
    u->parts++;
    u->part_n = 0;
    return ok;
}

/* The first and the last bytes, by which its kind is known. */
static void keep_ends(struct attachment_upload *u, struct str bytes)
{
    size_t head = MIN_OF(HEAD - u->head_n, bytes.n), tail = MIN_OF((size_t)TAIL, bytes.n),
           stays = MIN_OF(u->tail_n, TAIL - tail);
    memcpy(u->head + u->head_n, bytes.p, head);
    u->head_n += head;
    memmove(u->tail, u->tail + u->tail_n - stays, stays);
    memcpy(u->tail + stays, bytes.p + bytes.n - tail, tail);
    u->tail_n = stays + tail;
}

static bool kind_taken(const struct attachment_upload *u, enum file_kind kind, struct err *err)
{
    return (kind < FILE_KINDS_N && (u->service->fields[u->field].files >> kind & 1) != 0) ||
           err_set(err, ERR_INVALID, "file", "The file is of another kind than is taken here.");
}

bool attachment_more(struct attachment_upload *u, struct db *db, struct str bytes, struct err *err)
{
    const struct service_field *f = &u->service->fields[u->field];
    size_t most = f->max != 0 && f->max < 10 ? (size_t)f->max << 20 : ATTACHMENT_MAX;
    if (bytes.n > most - u->size)
        return err_set(err, ERR_TOO_LARGE, "file", "The file is too large.");
    keep_ends(u, bytes);
    if (u->head_n == HEAD && !kind_taken(u, kind_begun((struct str){u->head, u->head_n}), err))
        return false;
    u->size += bytes.n;
    sha256_add(&u->hash, bytes.p, bytes.n);
    while (bytes.n != 0) {
        size_t n = MIN_OF(PART - u->part_n, bytes.n);
        memcpy(u->part + u->part_n, bytes.p, n);
        u->part_n += n;
        bytes = str_from(bytes, n);
        if (u->part_n == PART && !put_part(u, db, err))
            return false;
    }
    return true;
}

/* pid ‖ kind u8 ‖ SHA-256 of the file ‖ lp(name) */
static bool put_head(struct attachment_upload *u, struct db *db, enum file_kind kind, struct str name,
                     struct arena *arena, struct err *err)
{
    static const char sql[] = "INSERT INTO case_attachment (id, owner, case_no, field, size, made, sealed)"
                              " VALUES ($1, $2, '', $3, $4, $5, $6)";
    uint8_t tag[HASH_SIZE], hash[HASH_SIZE];
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    sha256_end(&u->hash, hash);
    buf_in(&plain, arena, 1024);
    buf_add(&plain, u->pid, PID_SIZE);
    buf_byte(&plain, (uint8_t)kind);
    buf_add(&plain, hash, sizeof hash);
    buf_lp(&plain, name.p, name.n);
    struct str sealed = beside_seal(u->b, "attachment", str_of(u->id), buf_view(&plain), arena);
    beside_tag(u->b, "person", pid_text(u->pid), tag);
    db_bind_text(stmt, 1, str_of(u->id));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    db_bind_text(stmt, 3, attachment_field(u->service, u->field, arena));
    db_bind_i64(stmt, 4, (int64_t)u->size);
    db_bind_i64(stmt, 5, u->now);
    db_bind_bytes(stmt, 6, sealed.p, sealed.n);
    return db_run(stmt, NULL, err);
}

bool attachment_finish(struct attachment_upload *u, struct db *db, struct str name, struct arena *arena,
                       struct str *ret_answer, struct err *err)
{
    enum file_kind kind = kind_of((struct str){u->head, u->head_n}, (struct str){u->tail, u->tail_n});
    if (u->size == 0)
        return err_set(err, ERR_INVALID, "file", "Choose a file.");
    if (!kind_taken(u, kind, err) || (u->part_n != 0 && !put_part(u, db, err)))
        return false;
    name = plain_name(name, kind, arena);
    if (!put_head(u, db, kind, name, arena, err))
        return false;
    u->kept = true;
    beside_wake_scanner(u->b);
    *ret_answer = str_of(arena_printf(arena, "%s %.*s", u->id, STR_ARG(name)));
    return true;
}

bool attachment_put(struct beside *b, struct db *db, const struct service *s, size_t field,
                    const uint8_t pid[PID_SIZE], struct str name, struct str bytes, int64_t now,
                    struct arena *arena, struct str *ret_answer, struct err *err)
{
    struct attachment_upload *u = NULL;
    bool ok = attachment_start(b, s, field, pid, now, &u, err) && attachment_more(u, db, bytes, err) &&
              attachment_finish(u, db, name, arena, ret_answer, err);
    attachment_over(u, db);
    return ok;
}

/* --- reading --- */

struct str attachment_verdict(struct beside *b, const char *id, int state, int64_t time, struct str found,
                              struct arena *arena)
{
    struct buf plain;
    buf_in(&plain, arena, 1024);
    buf_byte(&plain, (uint8_t)state);
    buf_u64be(&plain, (uint64_t)time);
    buf_lp(&plain, found.p, found.n);
    return beside_seal(b, "attachment-verdict", str_of(id), buf_view(&plain), arena);
}

/* What stands in the clear finds what is to be looked through; what is believed is sealed. */
static bool read_verdict(struct beside *b, int64_t scan, struct str sealed, struct arena *arena,
                         struct attachment *a, struct err *err)
{
    struct str plain;
    if (sealed.n == 0)
        return scan == SCAN_NONE || err_set(err, ERR_CORRUPT, "file", "its verdict is missing");
    if (!beside_unseal(b, "attachment-verdict", str_of(a->id), sealed, arena, &plain, err))
        return false;
    struct str rest = str_from(plain, 9);
    if (plain.n < 9 || (uint8_t)plain.p[0] != scan || scan > SCAN_INFECTED || !lp_next(&rest, &a->found))
        return err_set(err, ERR_CORRUPT, "file", "its verdict is not what was written");
    a->scan = (enum scan_state)scan;
    a->scanned = (int64_t)get_u64be((const uint8_t *)plain.p + 1);
    return true;
}

/* pid, kind, hash, name */
static bool read_head(struct str plain, struct attachment *a, struct err *err)
{
    struct str rest = str_from(plain, PID_SIZE + 1 + HASH_SIZE);
    if (plain.n < PID_SIZE + 1 + HASH_SIZE || !lp_next(&rest, &a->name) || a->size > ATTACHMENT_MAX)
        return err_set(err, ERR_CORRUPT, "file", "its head is not what was written");
    memcpy(a->owner, plain.p, PID_SIZE);
    a->kind = (enum file_kind)plain.p[PID_SIZE];
    memcpy(a->hash, plain.p + PID_SIZE + 1, HASH_SIZE);
    return true;
}

bool attachment_read(struct beside *b, struct db *db, struct str id, struct arena *arena,
                     struct attachment *ret, struct err *err)
{
    static const char sql[] =
        "SELECT case_no, size, sealed, scan, verdict, field FROM case_attachment WHERE id = $1";
    struct attachment a = {0};
    struct str plain, service;
    bool found;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, id);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found || id.n != ATTACHMENT_ID_SIZE - 1)
        return err_set(err, ERR_NOT_FOUND, "file", "There is no such file.");
    memcpy(a.id, id.p, id.n);
    a.number = str_dup(arena, db_text(stmt, 0));
    a.size = (size_t)db_i64(stmt, 1);
    struct str sealed = str_dup(arena, db_bytes(stmt, 2)), verdict = str_dup(arena, db_bytes(stmt, 4)),
               field = str_dup(arena, db_text(stmt, 5));
    int64_t scan = db_i64(stmt, 3);
    db_end(stmt);
    if (!beside_unseal(b, "attachment", id, sealed, arena, &plain, err) || !read_head(plain, &a, err) ||
        !read_verdict(b, scan, verdict, arena, &a, err))
        return false;
    a.service = str_next(&field, '/', &service) ? jurisdiction_service(b->j, service) : NULL;
    a.field = a.service != NULL ? service_field(a.service, field) : NONE;
    if (a.field == NONE)
        a.service = NULL;
    *ret = a;
    return true;
}

bool attachment_part(struct beside *b, struct db *db, const char *id, int64_t n, struct arena *arena,
                     struct str *ret_plain, bool *ret_found, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db, "SELECT sealed FROM case_attachment_part WHERE id = $1 AND n = $2", err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, str_of(id));
    db_bind_i64(stmt, 2, n);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    bool ok =
        beside_unseal(b, "attachment-part", part_row(id, n, arena), db_bytes(stmt, 0), arena, ret_plain, err);
    db_end(stmt);
    return ok;
}

struct attachment_reading {
    struct beside *b;
    char id[ATTACHMENT_ID_SIZE];
    size_t left, at, part_n, part_cap;
    int64_t next;
    char *part;
    struct arena *arena;
};

static bool next_part(struct attachment_reading *r, struct db *db, struct err *err)
{
    struct arena one;
    struct str plain = {0};
    bool found;
    arena_init(&one, PART_READ + 4096, 4 * PART_READ);
    bool ok = attachment_part(r->b, db, r->id, r->next, &one, &plain, &found, err);
    if (ok && (!found || plain.n == 0 || plain.n > r->left))
        ok = err_set(err, ERR_CORRUPT, "file", "a part of it is missing or was changed");
    if (ok && (r->part == NULL || plain.n > r->part_cap))
        r->part = arena_take(r->arena, r->part_cap = plain.n, 1);
    if (ok)
        memcpy(r->part, plain.p, plain.n);
    arena_done(&one);
    r->part_n = ok ? plain.n : 0;
    r->at = 0;
    r->next++;
    return ok;
}

bool attachment_open(struct beside *b, struct db *db, const struct attachment *a, struct arena *arena,
                     struct attachment_reading **ret, struct err *err)
{
    struct attachment_reading *r = arena_new(arena, struct attachment_reading);
    if (a->scan == SCAN_INFECTED)
        return err_set(err, ERR_NOT_FOUND, "file",
                       "This file was not kept: the virus scanner found something in it.");
    *r = (struct attachment_reading){.b = b, .left = a->size, .arena = arena};
    memcpy(r->id, a->id, sizeof r->id);
    *ret = r;
    return next_part(r, db, err);
}

size_t attachment_next(struct attachment_reading *r, struct db *db, char *out, size_t n, struct err *err)
{
    if (r->left == 0 || (r->at == r->part_n && !next_part(r, db, err)))
        return 0;
    n = MIN_OF(n, r->part_n - r->at);
    memcpy(out, r->part + r->at, n);
    r->at += n;
    r->left -= n;
    return n;
}
