/* SPDX-License-Identifier: Apache-2.0 */
/* subject.c: who a list is about: handle, stream, pseudonym and seed, from memory, from a sealed row, or
 * computed. */
#include "gate/gate_private.h"

#include "crypto/keys.h"

void handle_of(const struct gate *gate, const uint8_t pid[PID_SIZE], uint8_t handle[LEDGER_HANDLE_SIZE])
{
    uint8_t wide[KEY_SIZE];
    key_derive_for(wide, gate->trace_key, "handle", pid, PID_SIZE);
    memcpy(handle, wide, LEDGER_HANDLE_SIZE);
}

void agency_pid(const struct gate *gate, const struct agency *agency, uint8_t pid[PID_SIZE])
{
    uint8_t wide[KEY_SIZE];
    key_derive_for(wide, gate->trace_key, "agency", agency->id.p, agency->id.n);
    memcpy(pid, wide, PID_SIZE);
}

void gate_official_pid(const struct gate *gate, struct str staff_code, uint8_t pid[PID_SIZE])
{
    uint8_t wide[KEY_SIZE];
    key_derive_for(wide, gate->trace_key, "official", staff_code.p, staff_code.n);
    memcpy(pid, wide, PID_SIZE);
}

/* Ids are at most 64 bytes; an order's number follows the holder, after a byte that ids do not have. */
size_t list_bytes(const struct list *list, uint32_t shard, uint8_t out[LIST_BYTES_MAX])
{
    size_t n = 0;
    out[n++] = (uint8_t)list->kind;
    put_u32be(out + n, shard);
    n += 4;
    memcpy(out + n, list->pid, PID_SIZE);
    n += PID_SIZE;
    memcpy(out + n, list->date, sizeof list->date);
    n += sizeof list->date;
    memcpy(out + n, list->holder->id.p, list->holder->id.n);
    n += list->holder->id.n;
    if (list->kind == STREAM_SEALED) {
        size_t order_n = strlen(list->order);
        out[n++] = '/';
        memcpy(out + n, list->order, order_n);
        n += order_n;
    }
    return n;
}

void stream_of(const struct gate *gate, const struct list *list, struct ledger_stream *ret_stream)
{
    uint8_t bytes[LIST_BYTES_MAX], wide[KEY_SIZE];
    size_t n = list_bytes(list, 0, bytes); /* the tag is stable over shards */
    key_derive_for(wide, gate->stream_key, "stream", bytes, n);
    memcpy(ret_stream->tag, wide, sizeof ret_stream->tag);
}

void subject_tag(const struct gate *gate, const struct list *list, uint32_t shard, uint8_t tag[KEY_SIZE])
{
    uint8_t bytes[LIST_BYTES_MAX];
    size_t n = list_bytes(list, shard, bytes);
    key_derive_for(tag, gate->subject_key, "tag", bytes, n);
}

static bool compute(struct gate *gate, const struct list *list, const struct shard *shard, struct subject *s,
                    struct err *err)
{
    char alpha_bytes[512];
    struct arena arena;
    struct buf alpha;
    uint8_t beta[VRF_OUTPUT_SIZE];
    arena_init(&arena, sizeof alpha_bytes, 4096);
    buf_in(&alpha, &arena, 4096);
    bool ok = psn_of(gate, list->holder, list->pid, shard->number, s->psn);
    if (ok) {
        leaf_seed_alpha(&alpha, shard->number, list->holder->id, s->psn,
                        list->kind == STREAM_DELAYED ? list->date : NULL);
        ok = vrf_output(beta, shard->vrf_secret, shard->vrf_public, alpha.p, alpha.n);
    }
    arena_done(&arena);
    if (!ok)
        return err_set(err, ERR_CORRUPT, "pseudonym", "a group element is not valid; check the key files");
    memcpy(s->seed, beta, SEED_SIZE);
    __atomic_fetch_add(&gate->metric_computed, 1, __ATOMIC_RELAXED);
    return true;
}

/* The sealed row of a person seen before. */
static bool row_read(struct gate *gate, struct db *db, const uint8_t tag[KEY_SIZE], bool *ret_found,
                     struct subject *s, struct err *err)
{
    static const char sql[] = "SELECT sealed FROM gate_subject WHERE tag = $1";
    uint8_t plain[PSN_SIZE + SEED_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, KEY_SIZE);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    struct str row = db_bytes(stmt, 0);
    bool opens = row.n == SUBJECT_SEALED_SIZE &&
                 seal_open(plain, gate->subject_key, (const uint8_t *)row.p, row.n, tag, KEY_SIZE);
    db_end(stmt);
    if (!opens)
        return err_set(err, ERR_CORRUPT, "gate_subject",
                       "a row does not open: it was changed, moved, or sealed under another key");
    memcpy(s->psn, plain, PSN_SIZE);
    memcpy(s->seed, plain + PSN_SIZE, SEED_SIZE);
    secret_wipe(plain, sizeof plain);
    return true;
}

/* Behind the look where the gate has its thread, else at once. */
static bool row_write(struct gate *gate, struct db *db, const uint8_t tag[KEY_SIZE], const struct subject *s,
                      struct err *err)
{
    static const char sql[] =
        "INSERT INTO gate_subject (tag, sealed) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    uint8_t plain[PSN_SIZE + SEED_SIZE];
    struct seed_row row;
    memcpy(plain, s->psn, PSN_SIZE);
    memcpy(plain + PSN_SIZE, s->seed, SEED_SIZE);
    memcpy(row.tag, tag, KEY_SIZE);
    seal(row.sealed, gate->subject_key, plain, sizeof plain, tag, KEY_SIZE);
    secret_wipe(plain, sizeof plain);
    if (gate->keeper != NULL) {
        keeper_add(gate->keeper, &row);
        return true;
    }
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, row.tag, KEY_SIZE);
    db_bind_bytes(stmt, 2, row.sealed, sizeof row.sealed);
    return db_run(stmt, NULL, err);
}

/* Pseudonym and seed of a person seen before come from memory or from one sealed row; the first time they are
 * computed. */
bool subject_of(struct gate *gate, struct db *db, const struct list *list, const struct shard *shard,
                struct subject *ret_subject, struct err *err)
{
    struct subject s;
    uint8_t tag[KEY_SIZE];
    bool found = false;
    handle_of(gate, list->pid, s.handle);
    subject_tag(gate, list, shard->number, tag);
    if (!cache_get(gate->subjects, tag, s.psn)) {
        bool sealed = list->kind == STREAM_SEALED;
        if (sealed && !order_seed(gate, db, list, shard->number, tag, &s, err))
            return false;
        if (!sealed &&
            (!row_read(gate, db, tag, &found, &s, err) ||
             (!found && (!compute(gate, list, shard, &s, err) || !row_write(gate, db, tag, &s, err)))))
            return false;
        cache_put(gate->subjects, tag, s.psn);
    }
    *ret_subject = s;
    return true;
}
