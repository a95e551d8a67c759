/* SPDX-License-Identifier: Apache-2.0 */
/* look.c: the way of a look: decide, number, write the entry, and while it is being synced prepare the
 * fields. */
#define AINA_ROOM_GATE
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/gate_private.h"
#include "vault/open.h"

/* Records of a person whose sector is changing its epoch stand under the pseudonym before until their turn
 * comes: where the first question finds nothing, the others are asked, newest first, and the newest again,
 * for they may just have been moved. */
static bool open_person(struct gate *gate, struct db *db, const struct registry *registry,
                        const struct subject *subject, uint32_t shard, const struct str *names, size_t n,
                        struct arena *arena, struct vault_record **ret_records, size_t *ret_n,
                        struct err *err)
{
    const struct sector *sector = sector_of(gate, registry->holder);
    const struct epoch *own = epoch_at(sector, shard);
    bool moving = sector->moving;
    if (!vault_open(gate->vault, db, registry->id, subject->psn, names, n, arena, ret_records, ret_n, err))
        return false;
    size_t epochs = __atomic_load_n(&sector->epochs_n, __ATOMIC_ACQUIRE);
    if (*ret_n != 0 || (!moving && own == &sector->epoch[epochs - 1]))
        return true;
    for (size_t i = 0; *ret_n == 0 && i <= epochs; i++) {
        uint8_t psn[PSN_SIZE];
        if (!epoch_step(own, &sector->epoch[i < epochs ? epochs - 1 - i : epochs - 1], subject->psn, psn))
            return err_set(err, ERR_CORRUPT, "pseudonym",
                           "a group element is not valid; check the key files");
        if (!vault_open(gate->vault, db, registry->id, psn, names, n, arena, ret_records, ret_n, err))
            return false;
    }
    return true;
}

bool open_fields(struct gate *gate, struct db *db, const struct subject *subject, struct gate_answer *answer,
                 struct arena *arena, struct err *err)
{
    const struct registry *registry = answer->registry;
    struct str names[VAULT_FIELDS_MAX];
    int at[VAULT_FIELDS_MAX];
    size_t n = 0, records_n;
    struct vault_record *records;
    for (size_t i = 0; i < registry->fields_n; i++) {
        if (answer->fields >> i & 1) {
            names[n] = registry->fields[i].id;
            at[n++] = (int)i;
        }
    }
    if (!open_person(gate, db, registry, subject, answer->shard, names, n, arena, &records, &records_n, err))
        return false;
    answer->records = arena_array(arena, struct gate_record, records_n + 1);
    answer->records_n = records_n;
    for (size_t r = 0; r < records_n; r++) {
        answer->records[r].record = records[r].record;
        for (size_t v = 0, f = 0; v < records[r].values_n && f < n; f++)
            if (str_eq(records[r].values[v].field, names[f]))
                answer->records[r].value[at[f]] = records[r].values[v++].value;
    }
    return true;
}

/* Where the look is numbered: at the registry's holder, in the person's list; a look that resolves to nobody
 * in the asking agency's own. */
static void choose_list(const struct gate *gate, const struct gate_request *r, const struct decision *d,
                        int32_t today, struct list *list)
{
    const struct agency *asking = r->office ? r->office->agency : &gate->j->agencies[0];
    list->holder = d->registry ? d->registry->holder : asking;
    if (r->pid == NULL) {
        list->holder = asking;
        list->kind = STREAM_AGENCY;
        agency_pid(gate, asking, list->pid);
        return;
    }
    memcpy(list->pid, r->pid, PID_SIZE);
    /* A refused look is shown at once: nothing was seen that law could hide. */
    list->kind = d->reason == GATE_ADMITTED ? d->purpose->stream : STREAM_OPEN;
    if (list->kind == STREAM_SEALED) {
        memcpy(list->order, d->order.id.p, d->order.id.n);
        list->opens = d->order.opens;
    }
    if (list->kind == STREAM_DELAYED) {
        list->opens = today + (int32_t)d->purpose->delay_days;
        date_text(list->opens, list->date);
    }
}

static void fill_facts(const struct gate *gate, const struct gate_request *r, const struct decision *d,
                       const struct list *list, int64_t now, struct arena *arena, struct entry_facts *f)
{
    *f = (struct entry_facts){
        .kind = str_of(gate_kind_code(r->break_glass ? KIND_EMERGENCY_LOOK : KIND_LOOK)),
        .time = now,
        .holder = list->holder->id,
        .actor = r->actor,
        .capacity = r->capacity,
        .mandate = r->mandate,
        .purpose = d->purpose ? d->purpose->id : STR("unknown"),
        .case_no = r->case_no.n ? r->case_no : d->order.id,
        .registry = d->registry ? d->registry->id : STR("unknown"),
        .outcome = d->reason == GATE_ADMITTED ? STR("admitted") : STR("refused"),
        .reason = d->reason == GATE_ADMITTED ? r->reason : str_of(gate_reason_code(d->reason)),
        .levels = r->levels,
        .basis = d->order.basis.n ? d->order.basis : basis_text(d->purpose, arena),
        .rules = str_of(gate->rules),
        .stream = list->kind,
        .fields_of = d->registry,
        .fields = d->fields,
    };
    if (r->office != NULL) {
        f->agency = r->office->agency->id;
        f->office = r->office->id;
    }
}

static bool text_fits(struct str text, size_t max, const char *what, struct err *err)
{
    bool plain = text.n <= max && utf8_valid(text);
    for (size_t i = 0; plain && i < text.n; i++)
        plain = (uint8_t)text.p[i] >= ' ' || (text.p[i] != '\0' && strchr("\t\n\r", text.p[i]) != NULL);
    return plain || err_set(err, ERR_USAGE, what,
                            "must be UTF-8 text of at most %zu bytes, without control characters", max);
}

bool gate_look(struct gate *gate, struct db *db, const struct gate_request *request, struct arena *arena,
               struct gate_answer *ret_answer, struct err *err)
{
    if (!text_fits(request->case_no, 64, "case", err) || !text_fits(request->reason, 1000, "reason", err) ||
        !text_fits(request->mandate, 64, "mandate", err) || !text_fits(request->actor, 64, "actor", err) ||
        !text_fits(request->levels, 64, "levels", err))
        return false;
    int64_t now = clock_now();
    struct date date = date_of_days(local_day(gate->j, now));
    int32_t today = date_days(date);
    struct decision d;
    struct list list = {0};
    struct subject subject;
    struct entry_facts facts;
    if (!decide(gate, db, request, today, arena, &d, err))
        return false;
    choose_list(gate, request, &d, today, &list);

    struct gate_answer answer = {
        .reason = d.reason, .purpose = d.purpose, .registry = d.registry, .fields = d.fields};
    bool review = request->break_glass && d.reason == GATE_ADMITTED;
    look_id(answer.look);
    fill_facts(gate, request, &d, &list, now, arena, &facts);
    facts.id = answer.look;
    /* The matter stands in the reviewer's queue before the look is in the log, so that none is missed. */
    if ((list.kind == STREAM_DELAYED && !list_remember(gate, db, &list, err)) ||
        (review && !matter_of_emergency(gate, db, request, answer.look, now, err)) ||
        !entry_append(gate, db, &list, &facts, NULL, arena, &subject, &answer.leaf, err))
        return false;
    __atomic_fetch_add(d.reason == GATE_ADMITTED ? &gate->metric_admitted : &gate->metric_refused, 1,
                       __ATOMIC_RELAXED);
    if (request->office != NULL) {
        struct gate_count *count = &gate->looks_of[request->office->agency - gate->j->agencies];
        __atomic_fetch_add(d.reason == GATE_ADMITTED ? &count->admitted : &count->refused, 1,
                           __ATOMIC_RELAXED);
    }
    answer.position = answer.leaf + 1;
    answer.shard = facts.shard;
    answer.number = facts.number;
    if (review && !matter_has_leaf(db, answer.look, answer.leaf, err))
        return false;
    if (answer.reason == GATE_ADMITTED && !open_fields(gate, db, &subject, &answer, arena, err))
        return false;
    *ret_answer = answer;
    return true;
}

/* The person whose records are being loaded: an import has a person's records one after another. */
struct loaded {
    uint8_t pid[PID_SIZE], point[32];
    bool any;
    const struct epoch **epoch; /* by sector: the pseudonym is known in it */
    uint8_t (*psn)[PSN_SIZE];
};

static bool loaded_psn(const struct gate *gate, const struct gate_load *load, const struct epoch *now,
                       struct loaded *person, uint8_t psn[PSN_SIZE])
{
    size_t sector = (size_t)(sector_of(gate, load->registry->holder) - gate->sector);
    if (!person->any || memcmp(person->pid, load->pid, PID_SIZE) != 0) {
        memcpy(person->pid, load->pid, PID_SIZE);
        psn_hash_to_group(person->point, load->pid);
        memset(person->epoch, 0, gate->sectors_n * sizeof(const struct epoch *));
        person->any = true;
    }
    if (person->epoch[sector] != now) {
        if (!psn_multiply(person->psn[sector], now->key, person->point))
            return false;
        person->epoch[sector] = now;
    }
    memcpy(psn, person->psn[sector], PSN_SIZE);
    return true;
}

/* The pseudonym of now; while records are being moved, also the one before. */
static bool write_as(const struct gate *gate, const struct gate_load *load, struct loaded *person,
                     struct arena *arena, struct vault_write *write, struct err *err)
{
    const struct agency *holder = load->registry->holder;
    const struct sector *sector = sector_of(gate, holder);
    const struct epoch *now = epoch_now(gate, holder);
    uint8_t *before = sector->moving && now != sector->epoch ? arena_take(arena, PSN_SIZE, 1) : NULL;
    write->epoch = now->number;
    write->before = before;
    return (loaded_psn(gate, load, now, person, write->psn) &&
            (before == NULL || epoch_step(now, now - 1, write->psn, before))) ||
           err_set(err, ERR_CORRUPT, "pseudonym", "a group element is not valid; check the key files");
}

bool write_as_of(const struct gate *gate, const struct registry *registry, const uint8_t pid[PID_SIZE],
                 struct arena *arena, struct vault_write *write, struct err *err)
{
    struct gate_load load = {.registry = registry};
    struct loaded person = {.epoch = arena_take(arena, gate->sectors_n * sizeof *person.epoch, 8),
                            .psn = arena_take(arena, gate->sectors_n * sizeof *person.psn, 1)};
    memcpy(load.pid, pid, PID_SIZE);
    return write_as(gate, &load, &person, arena, write, err);
}

/* The version that a load replaces. */
static bool version_now(struct gate *gate, struct db *db, struct vault_write *write, struct arena *arena,
                        struct err *err)
{
    struct vault_record *records;
    size_t n;
    if (!vault_open(gate->vault, db, write->registry, write->psn, NULL, 0, arena, &records, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(records[i].record, write->record))
            write->expected = records[i].version;
    return true;
}

bool gate_load(struct gate *gate, struct db *db, const struct gate_load *loads, size_t n, struct err *err)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024, (size_t)1 << 30);
    struct vault_write *writes = arena_array(&arena, struct vault_write, n + 1);
    struct loaded person = {.epoch = arena_take(&arena, gate->sectors_n * sizeof *person.epoch, 8),
                            .psn = arena_take(&arena, gate->sectors_n * sizeof *person.psn, 1)};
    bool ok = true;
    pthread_rwlock_rdlock(&gate->shard_lock); /* no shard begins, and with it no epoch, meanwhile */
    for (size_t i = 0; ok && i < n; i++) {
        const struct registry *registry = loads[i].registry;
        struct vault_value *values = arena_array(&arena, struct vault_value, registry->fields_n);
        writes[i] =
            (struct vault_write){.registry = registry->id, .record = loads[i].record, .values = values};
        for (size_t f = 0; f < registry->fields_n; f++)
            if (loads[i].values[f].p != NULL)
                values[writes[i].values_n++] =
                    (struct vault_value){registry->fields[f].id, loads[i].values[f]};
        ok = write_as(gate, &loads[i], &person, &arena, &writes[i], err) &&
             (!loads[i].replace || version_now(gate, db, &writes[i], &arena, err));
    }
    ok = ok && vault_put_many(gate->vault, db, writes, n, err);
    pthread_rwlock_unlock(&gate->shard_lock);
    arena_done(&arena);
    return ok;
}
