/* SPDX-License-Identifier: Apache-2.0 */
/* act.c: what an act is: its kind and texts, its bytes in the outbox, and the entry that it becomes. */
#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

#define ENTRY_REST 512 /* bytes of an entry beside its texts */

static const size_t text_max[] = {
#define X(id, max) max,
    ACT_TEXTS(X)
#undef X
};

static const struct {
    const char *code, *words;
} kinds[] = {
#define X(id, code, words) {code, words},
    GATE_KINDS(X)
#undef X
};

const char *gate_kind_code(enum gate_kind kind)
{
    return kinds[kind].code;
}

const char *gate_kind_words(struct str code)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_is(code, kinds[i].code))
            return kinds[i].words;
    return NULL;
}

/* --- an act as bytes: version u8 ‖ stream u8 ‖ after u8 ‖ salt ‖ pid ‖ time u64 ‖ target u64 ‖ lp(text)...
 * --- */

#define ACT_VERSION 1
#define ACT_RECORD 0xFF /* in the place of the stream: a public record */
#define ACT_FIXED (3 + SALT_SIZE + PID_SIZE + 16)

void act_write(struct buf *out, const struct act *act)
{
    buf_byte(out, ACT_VERSION);
    buf_byte(out, act->record ? ACT_RECORD : (uint8_t)act->stream);
    buf_byte(out, (uint8_t)act->after);
    buf_add(out, act->salt, SALT_SIZE);
    buf_add(out, act->pid, PID_SIZE);
    buf_u64be(out, (uint64_t)act->time);
    buf_u64be(out, act->target);
    for (size_t i = 0; i < ACT_TEXTS_N; i++)
        buf_lp(out, act->text[i].p, act->text[i].n);
}

bool act_changed(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "gate_outbox", "a row does not hold an act: it was changed");
}

bool act_parse(struct str bytes, struct act *ret_act, struct err *err)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    struct act act;
    if (bytes.n < ACT_FIXED || p[0] != ACT_VERSION || (p[1] > STREAM_AGENCY && p[1] != ACT_RECORD) ||
        p[2] >= AFTER_N)
        return act_changed(err);
    act.record = p[1] == ACT_RECORD;
    act.stream = act.record ? STREAM_OPEN : (enum stream_kind)p[1];
    act.after = (enum act_after)p[2];
    memcpy(act.salt, p + 3, SALT_SIZE);
    memcpy(act.pid, p + 3 + SALT_SIZE, PID_SIZE);
    act.time = (int64_t)get_u64be(p + 3 + SALT_SIZE + PID_SIZE);
    act.target = get_u64be(p + 11 + SALT_SIZE + PID_SIZE);
    size_t at = ACT_FIXED;
    for (size_t i = 0; i < ACT_TEXTS_N; i++) {
        size_t n = bytes.n - at < 2 ? SIZE_MAX : get_u16be(p + at);
        if (n > text_max[i] || bytes.n - at - 2 < n)
            return act_changed(err);
        act.text[i] = (struct str){bytes.p + at + 2, n};
        if (!utf8_valid(act.text[i]))
            return act_changed(err);
        at += 2 + n;
    }
    if (at != bytes.n)
        return act_changed(err);
    *ret_act = act;
    return true;
}

/* --- making --- */

bool act_of(struct gate *gate, const struct gate_act *from, struct arena *arena, struct act *act,
            struct err *err)
{
    *act = (struct act){.stream = STREAM_OPEN, .time = clock_now()};
    const struct purpose *purpose = jurisdiction_purpose(gate->j, from->purpose);
    struct str text[ACT_TEXTS_N] = {
        [ACT_KIND] = str_of(from->kind),
        [ACT_HOLDER] = from->holder->id,
        [ACT_AGENCY] = from->office ? from->office->agency->id : STR(""),
        [ACT_OFFICE] = from->office ? from->office->id : STR(""),
        [ACT_ACTOR] = from->actor,
        [ACT_CAPACITY] = from->capacity,
        [ACT_MANDATE] = from->mandate,
        [ACT_PURPOSE] = from->purpose,
        [ACT_BASIS] = from->basis.n ? from->basis : basis_text(purpose, arena),
        [ACT_CASE] = from->case_no,
        [ACT_REGISTRY] = from->registry,
        [ACT_OUTCOME] = from->outcome,
        [ACT_REASON] = from->reason,
        [ACT_LEVELS] = from->levels,
        [ACT_RULES] = str_of(gate->rules),
    };
    if (gate_kind_words(text[ACT_KIND]) == NULL)
        return err_set(err, ERR_INVALID, "kind", "'%s' is not a kind of entry", from->kind);
    memcpy(act->text, text, sizeof text);
    memcpy(act->pid, from->pid, PID_SIZE);
    random_bytes(act->salt, SALT_SIZE);
    return true;
}

bool act_fits(const struct act *act, struct err *err)
{
    static const char *const name[] = {
#define X(id, max) #id,
        ACT_TEXTS(X)
#undef X
    };
    for (size_t i = 0; i < ACT_TEXTS_N; i++)
        if (act->text[i].n > text_max[i] || !utf8_valid(act->text[i]))
            return err_set(err, ERR_USAGE, name[i], "must be UTF-8 text of at most %zu bytes", text_max[i]);
    size_t size = ENTRY_REST;
    for (size_t i = 0; i < ACT_TEXTS_N; i++)
        for (size_t at = 0; at < act->text[i].n; at++) {
            uint8_t byte = (uint8_t)act->text[i].p[at];
            size += byte < 0x20 ? 6 : byte == '"' || byte == '\\' ? 2 : 1; /* as JSON writes it */
        }
    return size <= ENTRY_MAX || err_set(err, ERR_TOO_LARGE, "act",
                                        "its texts would make an entry of more than %d bytes", ENTRY_MAX);
}

/* --- into the log --- */

bool act_append(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE], const struct act *act,
                uint64_t *ret_leaf, struct err *err)
{
    if (act->record) {
        if (!record_keep(gate, db, act->text[ACT_KIND], act->text[ACT_CASE], act->text[ACT_REASON], err))
            return false;
        *ret_leaf = ledger_durable(gate->ledger) - 1; /* at or after it */
        return true;
    }
    struct list list = {.holder = str_is(act->text[ACT_HOLDER], "supervisor")
                                      ? supervisor_holder(gate)
                                      : jurisdiction_agency(gate->j, act->text[ACT_HOLDER]),
                        .kind = act->stream};
    struct entry_facts facts = {
        .id = id,
        .kind = gate_kind_words(act->text[ACT_KIND]) != NULL ? act->text[ACT_KIND] : STR("act"),
        .time = act->time,
        .holder = act->text[ACT_HOLDER],
        .agency = act->text[ACT_AGENCY],
        .office = act->text[ACT_OFFICE],
        .actor = act->text[ACT_ACTOR],
        .capacity = act->text[ACT_CAPACITY],
        .mandate = act->text[ACT_MANDATE],
        .purpose = act->text[ACT_PURPOSE],
        .basis = act->text[ACT_BASIS],
        .case_no = act->text[ACT_CASE],
        .registry = act->text[ACT_REGISTRY],
        .outcome = act->text[ACT_OUTCOME],
        .reason = act->text[ACT_REASON],
        .levels = act->text[ACT_LEVELS],
        .rules = act->text[ACT_RULES],
        .stream = act->stream,
    };
    struct subject subject;
    struct arena arena;
    if (list.holder == NULL)
        return err_set(err, ERR_CONFLICT, "gate_outbox",
                       "an act waits for the log that is numbered at the agency '%.*s', which is not in the "
                       "jurisdiction folder any more: put it back until the act is in the log",
                       STR_ARG(act->text[ACT_HOLDER]));
    memcpy(list.pid, act->pid, PID_SIZE);
    if (act->text[ACT_DATE].n != 0)
        memcpy(list.date, act->text[ACT_DATE].p, act->text[ACT_DATE].n);
    if (act->text[ACT_ORDER].n != 0)
        memcpy(list.order, act->text[ACT_ORDER].p, act->text[ACT_ORDER].n);
    arena_init(&arena, 65536, 1 << 20);
    bool ok = entry_append(gate, db, &list, &facts, act->salt, &arena, &subject, ret_leaf, err);
    arena_done(&arena);
    return ok;
}

bool act_now(struct gate *gate, struct db *db, const struct gate_act *act, uint64_t *ret_position,
             struct err *err)
{
    struct arena arena;
    struct act made;
    char id[ACT_ID_SIZE];
    uint64_t leaf;
    arena_init(&arena, 4096, 1 << 20);
    look_id(id);
    bool ok = act_of(gate, act, &arena, &made, err) && act_fits(&made, err) &&
              act_append(gate, db, id, &made, &leaf, err);
    arena_done(&arena);
    if (ok)
        *ret_position = leaf + 1;
    return ok;
}

bool gate_act_append(struct gate *gate, struct db *db, const struct gate_act *act, uint64_t *ret_position,
                     struct err *err)
{
    return act_now(gate, db, act, ret_position, err);
}

bool gate_act_id(struct str text, uint8_t ret_id[LEDGER_ID_SIZE])
{
    return look_id_parse(text, ret_id);
}
