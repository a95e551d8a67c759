/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c: what a person reads: the entries of all lists about them, and a receipt for each. */
#include <stddef.h>

#include "base/clock.h"
#include "gate/gate_private.h"
#include "ledger/public.h"
#include "tlog/receipt.h"

#define LOOK_WITHIN (60 * CLOCK_SECOND) /* a look is in the log this soon after its id was drawn */

bool read_entry(struct gate *gate, uint64_t leaf, struct arena *arena, struct ledger_entry *ret_raw,
                struct gate_entry *ret_entry, uint8_t salt[SALT_SIZE], struct err *err)
{
    struct gate_entry *e = ret_entry;
    struct str json;
    memset(e, 0, offsetof(struct gate_entry, fields)); /* a page has many; the fields are filled up to n */
    e->leaf = leaf;
    if (!ledger_read(gate->ledger, leaf, arena, ret_raw, err))
        return false;
    const struct shard *shard = shard_find(gate, ret_raw->shard);
    e->shard = ret_raw->shard;
    e->number = ret_raw->number;
    e->destroyed = !ret_raw->erased && shard == NULL;
    e->erased = ret_raw->erased || e->destroyed;
    return e->erased ||
           (entry_open(shard, ret_raw, arena, salt, &json, err) && entry_parse(json, arena, e, err));
}

static bool wanted(const struct gate *gate, const struct gate_entry *e, const struct gate_filter *f,
                   uint64_t *hidden)
{
    struct {
        struct str want, is;
    } pairs[] = {
        {f->holder, e->holder}, {f->agency, e->agency}, {f->purpose, e->purpose}, {f->outcome, e->outcome}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (pairs[i].want.n != 0 && !str_eq(pairs[i].want, pairs[i].is))
            return false;
    const struct purpose *purpose = jurisdiction_purpose(gate->j, e->purpose);
    const struct registry *registry = jurisdiction_registry(gate->j, e->registry);
    bool protected = (purpose != NULL && purpose->protected_category) ||
                     (registry != NULL && registry->protected_category);
    if (protected && !f->protected_too) {
        ++*hidden;
        return false;
    }
    return true;
}

/* Where the walk stands in one list: the next older entry. */
struct cursor {
    uint64_t next; /* leaf number + 1; 0: at the end */
};

/* A cursor a list, at its newest entry below `before`. */
static bool start_cursors(struct gate *gate, const struct shown *lists, size_t n, const struct gate_filter *f,
                          struct cursor *cursors, uint64_t *ret_total, struct err *err)
{
    *ret_total = 0;
    for (size_t i = 0; i < n; i++) {
        struct ledger_head head;
        uint64_t leaf;
        bool found;
        if (!ledger_head(gate->ledger, &lists[i].stream, &head))
            continue;
        *ret_total += head.total;
        if (f->holder.n != 0 && !str_eq(f->holder, lists[i].list.holder->id))
            continue;
        if (!ledger_seek(gate->ledger, &lists[i].stream, f->before ? f->before : UINT64_MAX, &found, &leaf,
                         err))
            return false;
        cursors[i].next = found ? leaf + 1 : 0;
    }
    return true;
}

static struct cursor *newest_of(struct cursor *cursors, size_t n)
{
    struct cursor *newest = NULL;
    for (size_t i = 0; i < n; i++)
        if (cursors[i].next != 0 && (newest == NULL || cursors[i].next > newest->next))
            newest = &cursors[i];
    return newest;
}

bool gate_entries(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                  const struct gate_filter *filter, struct arena *arena, struct gate_entry **ret_entries,
                  size_t *ret_n, uint64_t *ret_total, uint64_t *ret_hidden, struct err *err)
{
    struct shown *lists;
    size_t lists_n, n = 0;
    uint64_t hidden = 0;
    if (!lists_of(gate, db, pid, false, arena, &lists, &lists_n, err))
        return false;
    struct cursor *cursors = arena_array(arena, struct cursor, lists_n + 1), *newest;
    struct gate_entry *entries =
        arena_room(arena, (filter->limit + 1) * sizeof *entries, _Alignof(struct gate_entry));
    if (!start_cursors(gate, lists, lists_n, filter, cursors, ret_total, err))
        return false;
    /* After an entry that is passed over, the next is read into an arena of its own: a filter may walk far.
     */
    struct arena passing;
    arena_init(&passing, 8192, 1 << 22);
    bool ok = true, passed = false;
    while (ok && n < filter->limit && (newest = newest_of(cursors, lists_n)) != NULL) {
        struct ledger_entry raw;
        uint8_t salt[SALT_SIZE];
        uint64_t leaf = newest->next - 1;
        arena_reset(&passing);
        ok = read_entry(gate, leaf, passed ? &passing : arena, &raw, &entries[n], salt, err);
        bool shown = ok && wanted(gate, &entries[n], filter, &hidden);
        if (shown && passed)
            ok = read_entry(gate, leaf, arena, &raw, &entries[n], salt, err);
        n += shown;
        passed = !shown;
        newest->next = raw.previous;
    }
    arena_done(&passing);
    *ret_entries = entries;
    *ret_n = n;
    *ret_hidden = hidden;
    return ok;
}

bool make_receipt(struct gate *gate, const struct ledger_entry *raw, const struct gate_entry *e,
                  const uint8_t salt[SALT_SIZE], struct arena *arena, struct str *ret_receipt,
                  struct err *err)
{
    struct tlog_proof *proof = arena_new(arena, struct tlog_proof);
    struct receipt_opening opening = {.entry = e->json};
    struct buf out;
    if (!ledger_prove(gate->ledger, raw->leaf_number, arena, proof, err))
        return false;
    leaf_write(opening.leaf, &raw->leaf);
    memcpy(opening.salt, salt, SALT_SIZE);
    buf_in(&out, arena, 2 * RECEIPT_EXTRA_MAX);
    receipt_text(&out, proof, &opening);
    must(!buf_overflowed(&out));
    *ret_receipt = buf_view(&out);
    return true;
}

/* Whether the entry stands in one of the person's lists that may be shown today. */
static bool may_show(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                     const struct ledger_stream *stream, struct arena *arena, bool *ret_may, struct err *err)
{
    struct shown *lists;
    size_t n;
    if (!lists_of(gate, db, pid, false, arena, &lists, &n, err))
        return false;
    *ret_may = false;
    for (size_t i = 0; i < n; i++)
        *ret_may |= memcmp(&lists[i].stream, stream, sizeof *stream) == 0;
    return true;
}

/* The same answer for an entry that is not there and for one that is another person's. */
static bool no_entry(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "entry", "you have no entry with this number");
}

bool read_own_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                    struct arena *arena, struct ledger_entry *ret_raw, struct gate_entry *ret_entry,
                    uint8_t salt[SALT_SIZE], struct err *err)
{
    uint8_t handle[LEDGER_HANDLE_SIZE];
    bool may;
    handle_of(gate, pid, handle);
    if (leaf >= ledger_durable(gate->ledger))
        return no_entry(err);
    if (!ledger_read(gate->ledger, leaf, arena, ret_raw, err))
        return false;
    if (ret_raw->leaf.type != LEAF_PERSONAL || !bytes_same(ret_raw->handle, handle, LEDGER_HANDLE_SIZE))
        return no_entry(err);
    if (!may_show(gate, db, pid, &ret_raw->stream, arena, &may, err))
        return false;
    if (!may)
        return no_entry(err);
    return read_entry(gate, leaf, arena, ret_raw, ret_entry, salt, err);
}

bool gate_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                struct arena *arena, struct gate_entry *ret_entry, struct err *err)
{
    struct ledger_entry raw;
    uint8_t salt[SALT_SIZE];
    return read_own_entry(gate, db, pid, leaf, arena, &raw, ret_entry, salt, err);
}

static bool receipt_of(struct gate *gate, const struct ledger_entry *raw, const struct gate_entry *e,
                       const uint8_t salt[SALT_SIZE], struct arena *arena, struct str *ret_receipt,
                       struct err *err)
{
    if (e->destroyed)
        return err_set(err, ERR_NOT_FOUND, "entry",
                       "the key of this entry was destroyed after the years of keeping; its leaf remains");
    if (e->erased)
        return err_set(err, ERR_NOT_FOUND, "entry", "this entry was erased; its leaf remains");
    return make_receipt(gate, raw, e, salt, arena, ret_receipt, err);
}

bool gate_receipt_person(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                         struct arena *arena, struct str *ret_receipt, struct err *err)
{
    struct ledger_entry raw;
    struct gate_entry e;
    uint8_t salt[SALT_SIZE];
    return read_own_entry(gate, db, pid, leaf, arena, &raw, &e, salt, err) &&
           receipt_of(gate, &raw, &e, salt, arena, ret_receipt, err);
}

bool gate_receipt_official(struct gate *gate, struct db *db, struct str actor, uint64_t leaf,
                           struct arena *arena, struct str *ret_receipt, struct err *err)
{
    struct ledger_entry raw;
    struct gate_entry e;
    uint8_t salt[SALT_SIZE];
    if (leaf >= ledger_durable(gate->ledger) || actor.n == 0)
        return no_entry(err);
    if (!ledger_read(gate->ledger, leaf, arena, &raw, err))
        return false;
    if (raw.leaf.type != LEAF_PERSONAL || raw.body_n == 0)
        return no_entry(err);
    if (!read_entry(gate, leaf, arena, &raw, &e, salt, err))
        return false;
    return str_eq(e.actor, actor) ? receipt_of(gate, &raw, &e, salt, arena, ret_receipt, err) : no_entry(err);
}

bool gate_receipt_of_look(struct gate *gate, struct db *db, struct str actor, struct str look,
                          struct arena *arena, struct str *ret_receipt, struct err *err)
{
    uint8_t id[LEDGER_ID_SIZE];
    uint64_t leaf;
    bool found;
    if (!look_id_parse(look, id))
        return no_entry(err);
    if (!find_by_id(gate, id, LOOK_WITHIN, &found, &leaf, err))
        return false;
    return found ? gate_receipt_official(gate, db, actor, leaf, arena, ret_receipt, err) : no_entry(err);
}
