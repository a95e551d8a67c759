/* SPDX-License-Identifier: Apache-2.0 */
/* tracefile.c: a person's trace file (tlog/verify.h): every receipt that may be shown today, and the seeds
 * that show that the lists have no gap. Who has the file can recognise the person's entries in the public log
 * until the shard ends: it is for the person alone. */
#include "base/json.h"
#include "gate/gate_private.h"
#include "ledger/public.h"
#include "tlog/receipt.h"

#define RECEIPT_ARENA ((size_t)1 << 22)

/* One list in one shard. */
struct part {
    const struct shown *shown;
    uint32_t shard;
    uint64_t count;
};

struct gone {
    const struct shown *shown;
    uint32_t shard, number;
    uint64_t leaf;
};

struct tracing {
    struct gate *gate;
    struct arena *arena;
    struct json json;
    struct buf *out;
    struct part *parts;
    size_t parts_n, parts_cap;
    struct gone *gone;
    size_t gone_n, gone_cap;
};

#define GROW(t, list, n, cap, type)                                                                          \
    do {                                                                                                     \
        if ((t)->n == (t)->cap) {                                                                            \
            size_t more = (t)->cap ? 2 * (t)->cap : 16;                                                      \
            type *bigger = arena_array((t)->arena, type, more);                                              \
            if ((t)->list != NULL)                                                                           \
                memcpy(bigger, (t)->list, (t)->n * sizeof(type));                                            \
            (t)->list = bigger;                                                                              \
            (t)->cap = more;                                                                                 \
        }                                                                                                    \
    } while (0)

/* Walking back, the first entry met of a shard has the highest number there. */
static void count_entry(struct tracing *t, const struct shown *shown, const struct gate_entry *e)
{
    const struct part *last = t->parts_n ? &t->parts[t->parts_n - 1] : NULL;
    if (last != NULL && last->shown == shown && last->shard == e->shard)
        return;
    GROW(t, parts, parts_n, parts_cap, struct part);
    must(t->parts != NULL);
    t->parts[t->parts_n++] = (struct part){shown, e->shard, (uint64_t)e->number + 1};
}

static bool add_entry(struct tracing *t, const struct shown *shown, uint64_t leaf, uint64_t *ret_previous,
                      struct err *err)
{
    struct arena work;
    struct ledger_entry raw;
    struct gate_entry e;
    struct str receipt;
    uint8_t salt[SALT_SIZE];
    arena_init(&work, 1 << 16, RECEIPT_ARENA);
    bool ok = read_entry(t->gate, leaf, &work, &raw, &e, salt, err);
    /* After retention nobody can prove anything about a shard: it is left out whole. */
    if (ok && shard_find(t->gate, e.shard) != NULL) {
        count_entry(t, shown, &e);
        if (e.erased) {
            GROW(t, gone, gone_n, gone_cap, struct gone);
            t->gone[t->gone_n++] = (struct gone){shown, e.shard, e.number, leaf};
        } else {
            ok = make_receipt(t->gate, &raw, &e, salt, &work, &receipt, err);
            if (ok)
                json_text(&t->json, receipt);
        }
    }
    arena_done(&work);
    *ret_previous = raw.previous;
    return ok;
}

static bool add_list(struct tracing *t, const struct shown *shown, struct err *err)
{
    uint64_t leaf, next;
    bool found;
    if (!ledger_seek(t->gate->ledger, &shown->stream, UINT64_MAX, &found, &leaf, err))
        return false;
    for (next = found ? leaf + 1 : 0; next != 0 && !buf_overflowed(t->out);)
        if (!add_entry(t, shown, next - 1, &next, err))
            return false;
    return true;
}

static void where(struct json *j, const struct shown *shown, uint32_t shard)
{
    json_key_u64(j, "shard", shard);
    json_key_text(j, "holder", shown->list.holder->id);
    json_key_text(j, "stream", str_of(stream_name(shown->list.kind)));
}

static bool add_streams(struct tracing *t, struct db *db, struct err *err)
{
    for (size_t i = 0; i < t->parts_n; i++) {
        const struct part *part = &t->parts[i];
        const struct shard *shard = shard_find(t->gate, part->shard);
        struct subject subject;
        if (shard == NULL) /* destroyed after its receipts were made */
            return err_set(err, ERR_BUSY, "trace",
                           "the keys of an old quarter are being destroyed: ask again");
        if (!subject_of(t->gate, db, &part->shown->list, shard, &subject, err))
            return false;
        json_open_object(&t->json);
        where(&t->json, part->shown, part->shard);
        json_key_u64(&t->json, "count", part->count);
        json_key(&t->json, "seed");
        json_base64(&t->json, subject.seed, SEED_SIZE);
        json_end(&t->json);
    }
    return true;
}

static bool add_erased(struct tracing *t, struct err *err)
{
    for (size_t i = 0; i < t->gone_n; i++) {
        const struct gone *gone = &t->gone[i];
        struct arena work;
        struct ledger_entry raw;
        struct tlog_proof *proof;
        struct buf text;
        uint8_t leaf[LEAF_SIZE];
        arena_init(&work, 1 << 16, RECEIPT_ARENA);
        proof = arena_new(&work, struct tlog_proof);
        bool ok = ledger_read(t->gate->ledger, gone->leaf, &work, &raw, err) &&
                  ledger_prove(t->gate->ledger, gone->leaf, &work, proof, err);
        if (ok) {
            buf_in(&text, &work, RECEIPT_EXTRA_MAX);
            tlog_proof_text(&text, proof);
            leaf_write(leaf, &raw.leaf);
            json_open_object(&t->json);
            where(&t->json, gone->shown, gone->shard);
            json_key_u64(&t->json, "n", gone->number);
            json_key(&t->json, "leaf");
            json_base64(&t->json, leaf, sizeof leaf);
            json_key_text(&t->json, "proof", buf_view(&text));
            json_end(&t->json);
        }
        arena_done(&work);
        if (!ok)
            return false;
    }
    return true;
}

static void add_head(struct tracing *t)
{
    struct note_vkey vkey;
    struct buf text;
    ledger_vkey(t->gate->ledger, &vkey);
    buf_in(&text, t->arena, 4096);
    note_vkey_text(&text, &vkey);
    json_key_u64(&t->json, "v", 1);
    json_key_text(&t->json, "kind", STR("aina-trace"));
    json_key_text(&t->json, "origin", vkey.name);
    json_key_text(&t->json, "vkey", buf_view(&text));
}

bool gate_trace(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                struct buf *out, struct err *err)
{
    struct tracing t = {.gate = gate, .arena = arena, .out = out};
    struct shown *lists;
    size_t n;
    if (!lists_of(gate, db, pid, false, arena, &lists, &n, err))
        return false;
    json_start(&t.json, out);
    json_open_object(&t.json);
    add_head(&t);
    json_key(&t.json, "receipts");
    json_open_array(&t.json);
    for (size_t i = 0; i < n; i++)
        if (!add_list(&t, &lists[i], err))
            return false;
    json_end(&t.json);
    json_key(&t.json, "streams");
    json_open_array(&t.json);
    if (!add_streams(&t, db, err))
        return false;
    json_end(&t.json);
    json_key(&t.json, "erased");
    json_open_array(&t.json);
    if (!add_erased(&t, err))
        return false;
    json_end(&t.json);
    json_end(&t.json);
    return !buf_overflowed(out) ||
           err_set(err, ERR_TOO_LARGE, "trace", "the list is too long for one file of %zu bytes", out->max);
}
