/* SPDX-License-Identifier: Apache-2.0 */
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

bool psn_of(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE],
            uint8_t psn[PSN_SIZE])
{
    uint8_t point[32];
    psn_hash_to_group(point, pid);
    return psn_multiply(psn, gate->sector_key[holder - gate->j->agencies], point);
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
    bool ok = psn_of(gate, list->holder, list->pid, s->psn);
    if (ok) {
        leaf_seed_alpha(&alpha, shard->number, list->holder->id, s->psn,
                        list->kind == STREAM_DELAYED ? list->date : NULL);
        ok = vrf_output(beta, shard->vrf_secret, shard->vrf_public, alpha.p, alpha.n);
    }
    arena_done(&arena);
    if (!ok)
        return err_set(err, ERR_CORRUPT, "pseudonym", "a group element is not valid; check the key files");
    memcpy(s->seed, beta, SEED_SIZE);
    return true;
}

/* Pseudonym and seed of a person seen before come from one sealed row; the first time they are computed and
 * stored. */
bool subject_of(struct gate *gate, struct db *db, const struct list *list, const struct shard *shard,
                struct subject *ret_subject, struct err *err)
{
    static const char read[] = "SELECT sealed FROM gate_subject WHERE tag = $1";
    static const char write[] =
        "INSERT INTO gate_subject (tag, sealed) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    struct subject s;
    uint8_t bytes[LIST_BYTES_MAX], tag[KEY_SIZE], plain[PSN_SIZE + SEED_SIZE],
        sealed[sizeof plain + SEAL_OVERHEAD];
    size_t n = list_bytes(list, shard->number, bytes);
    handle_of(gate, list->pid, s.handle);
    key_derive_for(tag, gate->subject_key, "tag", bytes, n);

    struct db_stmt *stmt = db_sql(db, read, err);
    bool found = false;
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    if (found) {
        struct str row = db_bytes(stmt, 0);
        bool opens = row.n == sizeof sealed &&
                     seal_open(plain, gate->subject_key, (const uint8_t *)row.p, row.n, tag, sizeof tag);
        db_end(stmt);
        if (!opens)
            return err_set(err, ERR_CORRUPT, "gate_subject",
                           "a row does not open: it was changed, moved, or sealed under another key");
        memcpy(s.psn, plain, PSN_SIZE);
        memcpy(s.seed, plain + PSN_SIZE, SEED_SIZE);
        *ret_subject = s;
        return true;
    }
    if (!compute(gate, list, shard, &s, err))
        return false;
    memcpy(plain, s.psn, PSN_SIZE);
    memcpy(plain + PSN_SIZE, s.seed, SEED_SIZE);
    seal(sealed, gate->subject_key, plain, sizeof plain, tag, sizeof tag);
    if ((stmt = db_sql(db, write, err)) == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, sealed, sizeof sealed);
    if (!db_run(stmt, NULL, err))
        return false;
    *ret_subject = s;
    return true;
}
