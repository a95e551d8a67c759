/* SPDX-License-Identifier: Apache-2.0 */
/* order.c: court orders and the seeds of sealed looks (TRUST.md section 4).
 *
 * An order is an entry in the supervisor's own list, and a sealed row; with it come, for each holder and each
 * shard in which it is valid, the seed of the order's list with its proof under the supervisor's key. The
 * gate checks the proof before it numbers a look by it: no sealed look exists that the supervisor cannot
 * list. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"
#include "ledger/public.h"

#define ORDER_DAYS_MAX 366
#define ROW_MAX 2048
#define FEW 10 /* a smaller total is not told */
#define EVER (INT64_MAX / 4)

const struct agency *supervisor_holder(const struct gate *gate)
{
    const struct agency *own = jurisdiction_agency(gate->j, STR("supervisor"));
    return own != NULL ? own : &gate->supervisor;
}

static void orders_list(const struct gate *gate, struct list *list)
{
    uint8_t wide[KEY_SIZE];
    *list = (struct list){.holder = supervisor_holder(gate), .kind = STREAM_AGENCY};
    key_derive_for(wide, gate->trace_key, "supervisor", "orders", 6);
    memcpy(list->pid, wide, PID_SIZE);
}

/* --- the order's row: tag of its number; sealed: pid ‖ from ‖ until ‖ opens ‖ act ‖ lp(agency) ‖ lp(purpose)
 * ‖ lp(basis) --- */

#define ROW_FIXED (PID_SIZE + 12 + LEDGER_ID_SIZE)

static void order_tag(const struct gate *gate, struct str id, uint8_t tag[KEY_SIZE])
{
    key_derive_for(tag, gate->case_key, "order", id.p, id.n);
}

static bool order_insert(struct gate *gate, struct db *db, const struct gate_order *o,
                         const char act[ACT_ID_SIZE], struct err *err)
{
    static const char sql[] = "INSERT INTO gate_order (tag, sealed) VALUES ($1, $2)";
    uint8_t tag[KEY_SIZE], id[LEDGER_ID_SIZE], sealed[ROW_MAX + SEAL_OVERHEAD];
    struct arena arena;
    struct buf plain;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    order_tag(gate, o->id, tag);
    must(look_id_parse(str_of(act), id));
    arena_init(&arena, ROW_MAX, 2 * ROW_MAX);
    buf_in(&plain, &arena, ROW_MAX);
    buf_add(&plain, o->pid, PID_SIZE);
    buf_u32be(&plain, (uint32_t)o->from);
    buf_u32be(&plain, (uint32_t)o->until);
    buf_u32be(&plain, (uint32_t)o->opens);
    buf_add(&plain, id, sizeof id);
    buf_lp(&plain, o->agency->id.p, o->agency->id.n);
    buf_lp(&plain, o->purpose->id.p, o->purpose->id.n);
    buf_lp(&plain, o->basis.p, o->basis.n);
    must(!buf_overflowed(&plain));
    seal(sealed, gate->case_key, plain.p, plain.n, tag, sizeof tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, sealed, plain.n + SEAL_OVERHEAD);
    arena_done(&arena);
    return db_run(stmt, NULL, err) ||
           (err->code == ERR_CONFLICT &&
            err_set(err, ERR_CONFLICT, "order",
                    "an order with this number was granted already; an extension has a "
                    "number of its own"));
}

static bool changed(const char *table, struct err *err)
{
    return err_set(err, ERR_CORRUPT, table, "a row does not open: it was changed or moved");
}

static bool order_read(struct gate *gate, struct db *db, struct str id, struct arena *arena, bool *ret_found,
                       struct gate_order *ret_order, uint8_t ret_act[LEDGER_ID_SIZE], struct err *err)
{
    static const char sql[] = "SELECT sealed FROM gate_order WHERE tag = $1";
    uint8_t tag[KEY_SIZE];
    struct str agency, purpose, basis;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    order_tag(gate, id, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    struct str sealed = db_bytes(stmt, 0);
    uint8_t *plain = arena_take(arena, ROW_MAX, 1);
    bool good = sealed.n >= ROW_FIXED + SEAL_OVERHEAD && sealed.n <= ROW_MAX + SEAL_OVERHEAD &&
                seal_open(plain, gate->case_key, (const uint8_t *)sealed.p, sealed.n, tag, sizeof tag);
    struct str rest = {(const char *)plain + ROW_FIXED, good ? sealed.n - SEAL_OVERHEAD - ROW_FIXED : 0};
    db_end(stmt);
    if (!good || !lp_next(&rest, &agency) || !lp_next(&rest, &purpose) || !lp_next(&rest, &basis) ||
        rest.n != 0)
        return changed("gate_order", err);
    struct gate_order o = {.id = id,
                           .agency = jurisdiction_agency(gate->j, agency),
                           .purpose = jurisdiction_purpose(gate->j, purpose),
                           .from = (int32_t)get_u32be(plain + PID_SIZE),
                           .until = (int32_t)get_u32be(plain + PID_SIZE + 4),
                           .opens = (int32_t)get_u32be(plain + PID_SIZE + 8),
                           .basis = basis};
    memcpy(o.pid, plain, PID_SIZE);
    memcpy(ret_act, plain + PID_SIZE + 12, LEDGER_ID_SIZE);
    *ret_order = o;
    return true;
}

bool order_decide(struct gate *gate, struct db *db, const struct gate_request *r,
                  const struct purpose *purpose, int32_t today, struct arena *arena,
                  enum gate_reason *ret_reason, struct gate_order *ret_order, struct err *err)
{
    uint8_t act[LEDGER_ID_SIZE];
    uint64_t leaf;
    bool found;
    struct gate_order o;
    *ret_reason = GATE_ORDER_MISSING;
    if (!text_is_id(r->order))
        return true;
    if (!order_read(gate, db, r->order, arena, &found, &o, act, err))
        return false;
    if (!found || o.agency != r->office->agency || o.purpose != purpose)
        return true;
    *ret_reason = memcmp(o.pid, r->pid, PID_SIZE) != 0 ? GATE_ORDER_OTHER_PERSON
                  : today < o.from || today > o.until  ? GATE_ORDER_EXPIRED
                                                       : GATE_ADMITTED;
    if (*ret_reason != GATE_ADMITTED)
        return true;
    /* No look by an order that does not stand in the supervisor's list. */
    if (!find_by_id(gate, act, EVER, &found, &leaf, err))
        return false;
    *ret_order = o;
    return found || err_set(err, ERR_BUSY, "order", "is not in the log yet: try again shortly");
}

/* --- seeds: row tag as of any list in a shard; sealed: psn ‖ seed ‖ proof ‖ public keys --- */

#define SEED_ROW (PSN_SIZE + SEED_SIZE + VRF_PROOF_SIZE + sizeof(struct supervisor_public))

static bool seed_insert(struct gate *gate, struct db *db, const struct list *list, uint32_t shard,
                        const struct gate_supervisor *supervisor, struct err *err)
{
    static const char sql[] = "INSERT INTO gate_order_seed (tag, sealed) VALUES ($1, $2)";
    uint8_t tag[KEY_SIZE], plain[SEED_ROW], sealed[SEED_ROW + SEAL_OVERHEAD], beta[VRF_OUTPUT_SIZE];
    struct arena arena;
    struct buf alpha;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    arena_init(&arena, 1024, 4096);
    buf_in(&alpha, &arena, 2048);
    uint8_t *proof = plain + PSN_SIZE + SEED_SIZE;
    bool ok = psn_of(gate, list->holder, list->pid, ledger_shard(gate->ledger), plain);
    if (ok) {
        leaf_sealed_alpha(&alpha, shard, list->holder->id, plain, str_of(list->order));
        ok = vrf_prove(proof, supervisor->secret, supervisor->public.vrf, alpha.p, alpha.n) &&
             vrf_verify(beta, supervisor->public.vrf, proof, alpha.p, alpha.n);
    }
    arena_done(&arena);
    if (!ok)
        return err_set(err, ERR_CORRUPT, "seed", "a group element is not valid; check the key files");
    memcpy(plain + PSN_SIZE, beta, SEED_SIZE);
    memcpy(proof + VRF_PROOF_SIZE, &supervisor->public, sizeof supervisor->public);
    subject_tag(gate, list, shard, tag);
    seal(sealed, gate->subject_key, plain, sizeof plain, tag, sizeof tag);
    secret_wipe(plain, sizeof plain);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, sealed, sizeof sealed);
    return db_run(stmt, NULL, err);
}

static bool key_is_on_record(struct gate *gate, struct db *db, const struct supervisor_public *public,
                             bool *ret_there, struct err *err)
{
    struct arena arena;
    struct str id, content;
    arena_init(&arena, 4096, 1 << 16);
    supervisor_record(gate, public, &arena, &id, &content);
    bool ok = record_is(db, STR("key"), id, content, ret_there, err);
    arena_done(&arena);
    return ok;
}

/* The seed was made with the pseudonym of the day of granting; a new epoch leaves it standing. */
static bool psn_was(const struct gate *gate, const struct list *list, const uint8_t psn[PSN_SIZE])
{
    const struct sector *sector = sector_of(gate, list->holder);
    uint8_t own[PSN_SIZE];
    for (size_t i = sector->epochs_n; i-- != 0;)
        if (psn_of(gate, list->holder, list->pid, sector->epoch[i].shard, own) &&
            bytes_same(own, psn, PSN_SIZE))
            return true;
    return false;
}

bool order_seed(struct gate *gate, struct db *db, const struct list *list, uint32_t shard,
                const uint8_t tag[KEY_SIZE], struct subject *s, struct err *err)
{
    static const char sql[] = "SELECT sealed FROM gate_order_seed WHERE tag = $1";
    struct str alpha_holder = list->holder->id;
    uint8_t plain[SEED_ROW], beta[VRF_OUTPUT_SIZE], psn[PSN_SIZE];
    struct supervisor_public public;
    struct arena arena;
    struct buf alpha;
    bool found, there = false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_bytes(stmt, 1, tag, KEY_SIZE);
    if (!db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_INVALID, "order",
                       "the supervisor gave no seed for this list and quarter: the look cannot be made");
    struct str sealed = db_bytes(stmt, 0);
    bool opens = sealed.n == SEED_ROW + SEAL_OVERHEAD &&
                 seal_open(plain, gate->subject_key, (const uint8_t *)sealed.p, sealed.n, tag, KEY_SIZE);
    db_end(stmt);
    if (!opens)
        return changed("gate_order_seed", err);
    memcpy(&public, plain + PSN_SIZE + SEED_SIZE + VRF_PROOF_SIZE, sizeof public);
    if (!key_is_on_record(gate, db, &public, &there, err))
        return false;
    arena_init(&arena, 1024, 4096);
    buf_in(&alpha, &arena, 2048);
    leaf_sealed_alpha(&alpha, shard, alpha_holder, plain, str_of(list->order));
    bool proven = there && psn_was(gate, list, plain) && psn_of(gate, list->holder, list->pid, shard, psn) &&
                  vrf_verify(beta, public.vrf, plain + PSN_SIZE + SEED_SIZE, alpha.p, alpha.n) &&
                  bytes_same(beta, plain + PSN_SIZE, SEED_SIZE);
    arena_done(&arena);
    if (!proven)
        return err_set(err, ERR_CORRUPT, "gate_order_seed",
                       "a sealed list's seed is not proven under a supervisor's key that stands in the log");
    memcpy(s->psn, psn, PSN_SIZE);
    memcpy(s->seed, plain + PSN_SIZE, SEED_SIZE);
    secret_wipe(plain, sizeof plain);
    return true;
}

/* --- granting --- */

static bool agency_may(const struct agency *agency, const struct purpose *purpose)
{
    for (size_t o = 0; o < agency->offices_n; o++)
        if (office_may(&agency->offices[o], purpose))
            return true;
    return false;
}

static bool order_fits(const struct gate_order *o, struct err *err)
{
    if (!text_is_id(o->id))
        return err_set(err, ERR_USAGE, "order",
                       "its number has 1 to 64 characters of a-z, 0-9, dot and hyphen");
    if (!purpose_by_order(o->purpose))
        return err_set(err, ERR_INVALID, "purpose", "needs no court order");
    if (!agency_may(o->agency, o->purpose))
        return err_set(err, ERR_INVALID, "agency", "has no office that may look for this purpose");
    if (o->from > o->until || o->until - o->from > ORDER_DAYS_MAX)
        return err_set(err, ERR_INVALID, "until", "must be from 0 to %d days after the first day",
                       ORDER_DAYS_MAX);
    if (o->opens <= o->until || o->opens - o->until > (int32_t)o->purpose->delay_days)
        return err_set(err, ERR_INVALID, "opens",
                       "must be from 1 to %u days after the last day: then the person is shown the looks",
                       o->purpose->delay_days);
    if (str_trim(o->basis).n == 0 || o->basis.n > 1000 || !utf8_valid(o->basis))
        return err_set(err, ERR_USAGE, "basis",
                       "must name the court, date and article in 1 to 1000 bytes of UTF-8");
    return true;
}

struct granting {
    struct gate *gate;
    const struct gate_supervisor *supervisor;
    const struct gate_order *order;
    bool key_there;
    char key_act[ACT_ID_SIZE], act[ACT_ID_SIZE];
};

/* Seeds and the note for the person's list, for each holder whose data the purpose opens. */
static bool grant_lists(struct granting *g, struct db *db, struct err *err)
{
    const struct jurisdiction *j = g->gate->j;
    const struct gate_order *o = g->order;
    uint32_t first = shard_of_time(local_midnight(j, o->from)),
             last = shard_of_time(local_midnight(j, o->until + 1));
    for (size_t a = 0; a < j->agencies_n; a++) {
        struct list list = {.holder = &j->agencies[a], .kind = STREAM_SEALED, .opens = o->opens};
        bool concerned = false;
        for (size_t r = 0; r < j->registries_n; r++)
            concerned |= j->registries[r].holder == list.holder &&
                         registry_lookup(&j->registries[r], o->purpose) != NULL;
        if (!concerned)
            continue;
        memcpy(list.pid, o->pid, PID_SIZE);
        memcpy(list.order, o->id.p, o->id.n);
        /* Also for what follows a shard that is ended early: nobody may have to wait for the supervisor. */
        for (uint32_t i = 0; i < (last - first + 1) * SHARD_PARTS; i++)
            if (!seed_insert(g->gate, db, &list, first + i / SHARD_PARTS + i % SHARD_PARTS * SHARD_PARTS_STEP,
                             g->supervisor, err))
                return false;
        if (!list_remember(g->gate, db, &list, err))
            return false;
    }
    return true;
}

static bool grant_key(struct granting *g, struct db *db, struct err *err)
{
    struct arena arena;
    struct str id, content;
    arena_init(&arena, 4096, 1 << 16);
    supervisor_record(g->gate, &g->supervisor->public, &arena, &id, &content);
    struct act act = {.record = true,
                      .time = clock_now(),
                      .text = {[ACT_KIND] = STR("key"), [ACT_CASE] = id, [ACT_REASON] = content}};
    bool ok = outbox_put(g->gate, db, &act, g->key_act, err);
    arena_done(&arena);
    return ok;
}

static bool grant(struct db *db, void *arg, struct err *err)
{
    struct granting *g = arg;
    const struct gate_order *o = g->order;
    struct list list;
    char from[16], until[16], opens[16], reason[80];
    orders_list(g->gate, &list);
    date_text(o->from, from);
    date_text(o->until, until);
    date_text(o->opens, opens);
    snprintf(reason, sizeof reason, "%s to %s, shown on %s", from, until, opens);
    struct act act = {.stream = list.kind,
                      .time = clock_now(),
                      .text = {[ACT_KIND] = str_of(gate_kind_code(KIND_ORDER)),
                               [ACT_HOLDER] = list.holder->id,
                               [ACT_AGENCY] = o->agency->id,
                               [ACT_CAPACITY] = STR("supervisor"),
                               [ACT_PURPOSE] = o->purpose->id,
                               [ACT_BASIS] = o->basis,
                               [ACT_CASE] = o->id,
                               [ACT_OUTCOME] = STR("granted"),
                               [ACT_REASON] = str_of(reason),
                               [ACT_RULES] = str_of(g->gate->rules)}};
    memcpy(act.pid, list.pid, PID_SIZE);
    random_bytes(act.salt, sizeof act.salt);
    return (g->key_there || grant_key(g, db, err)) && outbox_put(g->gate, db, &act, g->act, err) &&
           order_insert(g->gate, db, o, g->act, err) && grant_lists(g, db, err);
}

bool gate_order_grant(struct gate *gate, struct db *db, const struct gate_supervisor *supervisor,
                      const struct gate_order *order, struct err *err)
{
    struct granting g = {.gate = gate, .supervisor = supervisor, .order = order};
    uint64_t position;
    if (!order_fits(order, err) || !key_is_on_record(gate, db, &supervisor->public, &g.key_there, err) ||
        !db_tx(db, grant, &g, err))
        return false;
    /* The key's record may have been taken by another thread meanwhile: then its row is gone, and that is
     * all. */
    if (!g.key_there && !gate_act_deliver(gate, db, g.key_act, &position, err) && err->code != ERR_NOT_FOUND)
        return false;
    return gate_act_deliver(gate, db, g.act, &position, err) &&
           (gate->beside || ledger_wait(gate->ledger, position, err));
}

/* --- the supervisor's list --- */

bool gate_orders(struct gate *gate, struct arena *arena, struct gate_entry **ret_entries, size_t *ret_n,
                 struct err *err)
{
    struct list list;
    struct ledger_stream stream;
    struct ledger_head head;
    uint64_t leaf, next;
    size_t n = 0;
    bool found;
    orders_list(gate, &list);
    stream_of(gate, &list, &stream);
    uint64_t total = ledger_head(gate->ledger, &stream, &head) ? head.total : 0;
    struct gate_entry *entries = arena_array(arena, struct gate_entry, total + 1);
    if (!ledger_seek(gate->ledger, &stream, UINT64_MAX, &found, &leaf, err))
        return false;
    for (next = found ? leaf + 1 : 0; next != 0 && n < total; n++) {
        struct ledger_entry raw;
        uint8_t salt[SALT_SIZE];
        if (!read_entry(gate, next - 1, arena, &raw, &entries[n], salt, err))
            return false;
        next = raw.previous;
    }
    *ret_entries = entries;
    *ret_n = n;
    return true;
}

bool gate_orders_month(struct gate *gate, struct db *db, const struct gate_supervisor *supervisor, int year,
                       int month, struct buf *out, struct err *err)
{
    struct arena arena;
    struct gate_entry *entries;
    size_t n, count = 0;
    struct date first = {year, month, 1};
    if (!date_valid(first) || date_days(first) > local_today(gate->j))
        return err_set(err, ERR_USAGE, "month", "must be YYYY-MM, and not in the future");
    arena_init(&arena, 65536, (size_t)1 << 30);
    bool ok = gate_orders(gate, &arena, &entries, &n, err);
    for (size_t i = 0; ok && i < n; i++) {
        int64_t time;
        if (!time_parse(entries[i].time, &time))
            continue; /* erased: its time is gone; the order is counted in the list all the same */
        struct date date = date_of_days(local_day(gate->j, time));
        count += date.year == year && date.month == month;
    }
    if (ok) {
        struct note_vkey log, vkey;
        struct buf text;
        struct date today = date_of_days(local_today(gate->j));
        ledger_vkey(gate->ledger, &log);
        supervisor_vkey(gate, &supervisor->public, &arena, &vkey);
        buf_in(&text, &arena, 4096);
        buf_printf(&text, "aina/orders/1\n%.*s\n%04d-%02d\n", STR_ARG(log.name), year, month);
        if (count < FEW)
            buf_printf(&text, "orders <%d\n", FEW);
        else
            buf_printf(&text, "orders %zu\n", count);
        if (today.year == year && today.month == month)
            buf_printf(&text, "the month is not over: until %04d-%02d-%02d\n", today.year, today.month,
                       today.day);
        struct sign_key *key = sign_key_new(supervisor->secret + VRF_SECRET_SIZE);
        buf_str(out, buf_view(&text));
        buf_byte(out, '\n');
        note_sign(out, &vkey, key, buf_view(&text));
        sign_key_free(key);
    }
    arena_done(&arena);
    return ok;
}
