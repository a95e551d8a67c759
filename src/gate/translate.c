/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/translate.h"

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

#define PLAIN_SIZE (PID_SIZE + 4) /* pid ‖ epoch u32 */
#define ROW_SIZE (PLAIN_SIZE + SEAL_OVERHEAD)

/* A pseudonym that was given out, and who it is. */
struct known {
    uint8_t pid[PID_SIZE];
    unsigned epoch;
};

static void row_tag(const struct gate *gate, struct str sector, const uint8_t psn[PSN_SIZE],
                    uint8_t tag[KEY_SIZE])
{
    uint8_t bytes[PSN_SIZE + 64];
    memcpy(bytes, psn, PSN_SIZE);
    memcpy(bytes + PSN_SIZE, sector.p, sector.n);
    key_derive_for(tag, gate->subject_key, "pseudonym", bytes, PSN_SIZE + sector.n);
}

static bool known_read(struct gate *gate, struct db *db, struct str sector, const uint8_t psn[PSN_SIZE],
                       bool *ret_found, struct known *ret, struct err *err)
{
    uint8_t tag[KEY_SIZE], plain[PLAIN_SIZE];
    struct db_stmt *stmt = db_sql(db, "SELECT sealed FROM gate_pseudonym WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    row_tag(gate, sector, psn, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, ret_found, err))
        return false;
    if (!*ret_found)
        return true;
    struct str row = db_bytes(stmt, 0);
    bool opens = row.n == ROW_SIZE &&
                 seal_open(plain, gate->subject_key, (const uint8_t *)row.p, row.n, tag, sizeof tag);
    db_end(stmt);
    if (!opens)
        return err_set(err, ERR_CORRUPT, "gate_pseudonym",
                       "a row does not open: it was changed, moved, or sealed under another key");
    memcpy(ret->pid, plain, PID_SIZE);
    ret->epoch = get_u32be(plain + PID_SIZE);
    secret_wipe(plain, sizeof plain);
    return true;
}

static bool known_write(struct gate *gate, struct db *db, struct str sector, const uint8_t psn[PSN_SIZE],
                        const struct known *known, struct err *err)
{
    static const char sql[] =
        "INSERT INTO gate_pseudonym (tag, sealed) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
    uint8_t tag[KEY_SIZE], plain[PLAIN_SIZE], sealed[ROW_SIZE];
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    row_tag(gate, sector, psn, tag);
    memcpy(plain, known->pid, PID_SIZE);
    put_u32be(plain + PID_SIZE, known->epoch);
    seal(sealed, gate->subject_key, plain, sizeof plain, tag, sizeof tag);
    secret_wipe(plain, sizeof plain);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_bytes(stmt, 2, sealed, sizeof sealed);
    return db_run(stmt, NULL, err);
}

/* --- the call --- */

struct call {
    struct gate *gate;
    const struct gate_translation *request;
    const struct agency *from, *to; /* an agency of each sector; NULL: there is none */
    struct str sectors[2];          /* as asked for */
    int32_t today;
    int64_t now;
    struct gate_translated *persons;
    struct known *known; /* of each person */
    size_t n;
};

static const struct agency *first_in(const struct gate *gate, struct str sector)
{
    for (size_t i = 0; i < gate->j->agencies_n; i++)
        if (sector.n != 0 && str_eq(gate->j->agencies[i].sector, sector))
            return &gate->j->agencies[i];
    return NULL;
}

/* The agency that a join reaches beyond the asking one. */
static const struct agency *other_side(const struct call *c)
{
    const struct agency *own = c->request->office->agency;
    if (c->from != NULL && !str_eq(c->from->sector, own->sector))
        return c->from;
    return c->to != NULL && !str_eq(c->to->sector, own->sector) ? c->to : own;
}

static enum gate_reason decide_sectors(const struct call *c, const struct purpose *purpose)
{
    const struct gate_translation *r = c->request;
    struct str own = r->office->agency->sector;
    if (c->to == NULL || (r->from.n != 0 && c->from == NULL))
        return GATE_SECTOR_UNKNOWN;
    if (!purpose_joins(purpose, r->from, r->to))
        return GATE_JOIN_NOT_ADMITTED;
    return str_eq(own, r->from) || str_eq(own, r->to) ? GATE_ADMITTED : GATE_SECTOR_NOT_OWN;
}

/* Whose number or pseudonym it is. */
static bool find(const struct call *c, struct db *db, const struct gate_translated *person, bool *ret_found,
                 struct known *ret_known, struct err *err)
{
    if (c->request->from.n != 0)
        return known_read(c->gate, db, c->request->from, person->given, ret_found, ret_known, err);
    *ret_found = person->pid != NULL;
    if (*ret_found)
        memcpy(ret_known->pid, person->pid, PID_SIZE);
    return true;
}

static bool decide_one(const struct call *c, struct db *db, const struct known *known, struct arena *arena,
                       struct decision *d, struct err *err)
{
    const struct gate_translation *r = c->request;
    const struct gate_request request = {.office = r->office,
                                         .actor = r->actor,
                                         .levels = r->levels,
                                         .purpose = r->purpose,
                                         .case_no = r->case_no,
                                         .pid = known != NULL ? known->pid : NULL};
    *d = (struct decision){0};
    d->reason = decide_purpose(c->gate, &request, d);
    if (d->reason == GATE_ADMITTED)
        d->reason = decide_sectors(c, d->purpose);
    if (d->reason == GATE_ADMITTED && r->from.n != 0 && known == NULL)
        d->reason = GATE_PSEUDONYM_UNKNOWN;
    if (d->reason == GATE_ADMITTED && r->from.n != 0 && !str_eq(r->from, r->to) &&
        known->epoch != epoch_now(c->gate, c->from)->number)
        d->reason = GATE_PSEUDONYM_OLD;
    return decide_person(c->gate, db, &request, c->today, arena, d, err);
}

static void choose_list(const struct call *c, const struct decision *d, const struct known *known,
                        struct list *list)
{
    const struct agency *asking = c->request->office->agency;
    *list = (struct list){.holder = known != NULL ? other_side(c) : asking,
                          .kind = known != NULL ? STREAM_OPEN : STREAM_AGENCY};
    if (known == NULL)
        agency_pid(c->gate, asking, list->pid);
    else
        memcpy(list->pid, known->pid, PID_SIZE);
    if (d->reason == GATE_ADMITTED && d->purpose->stream == STREAM_DELAYED) {
        list->kind = STREAM_DELAYED;
        list->opens = c->today + (int32_t)d->purpose->delay_days;
        date_text(list->opens, list->date);
    }
}

static void fill_facts(const struct call *c, const struct decision *d, const struct list *list,
                       struct arena *arena, struct entry_facts *f)
{
    const struct gate_translation *r = c->request;
    bool admitted = d->reason == GATE_ADMITTED;
    *f = (struct entry_facts){.kind = str_of(gate_kind_code(KIND_TRANSLATION)),
                              .time = c->now,
                              .holder = list->holder->id,
                              .agency = r->office->agency->id,
                              .office = r->office->id,
                              .actor = r->actor,
                              .capacity = r->capacity,
                              .mandate = r->mandate,
                              .purpose = d->purpose ? d->purpose->id : STR("unknown"),
                              .basis = basis_text(d->purpose, arena),
                              .case_no = r->case_no,
                              .outcome = admitted ? STR("admitted") : STR("refused"),
                              .reason = admitted ? STR("") : str_of(gate_reason_code(d->reason)),
                              .levels = r->levels,
                              .rules = str_of(c->gate->rules),
                              .stream = list->kind,
                              .names = r->from.n != 0 ? c->sectors : c->sectors + 1,
                              .names_n = r->from.n != 0 ? 2 : 1};
}

static const struct epoch *epoch_numbered(const struct sector *sector, unsigned number)
{
    size_t n = __atomic_load_n(&sector->epochs_n, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < n; i++)
        if (sector->epoch[i].number == number)
            return &sector->epoch[i];
    return NULL;
}

/* From sector to sector the arithmetic never meets who it is. */
static bool compute(const struct call *c, struct gate_translated *person, struct known *known, uint32_t shard,
                    struct err *err)
{
    must(known != NULL);
    const struct epoch *to = epoch_at(sector_of(c->gate, c->to), shard),
                       *from = c->from ? epoch_numbered(sector_of(c->gate, c->from), known->epoch) : NULL;
    bool ok = c->request->from.n == 0 ? psn_of(c->gate, c->to, known->pid, shard, person->psn)
                                      : from != NULL && epoch_step(from, to, person->given, person->psn);
    known->epoch = to->number;
    return ok || err_set(err, ERR_CORRUPT, "pseudonym", "a group element is not valid; check the key files");
}

static bool translate_one(struct call *c, struct db *db, size_t at, struct arena *arena, struct err *err)
{
    struct gate_translated *person = &c->persons[at];
    struct known *known = &c->known[at];
    struct decision d;
    struct list list;
    struct entry_facts facts;
    struct subject subject;
    bool found;
    if (!find(c, db, person, &found, known, err) || !decide_one(c, db, found ? known : NULL, arena, &d, err))
        return false;
    choose_list(c, &d, found ? known : NULL, &list);
    fill_facts(c, &d, &list, arena, &facts);
    look_id(person->id);
    facts.id = person->id;
    person->reason = d.reason;
    memset(person->psn, 0, PSN_SIZE);
    if ((list.kind == STREAM_DELAYED && !list_remember(c->gate, db, &list, err)) ||
        !entry_append(c->gate, db, &list, &facts, NULL, arena, &subject, &person->leaf, err))
        return false;
    return d.reason != GATE_ADMITTED || compute(c, person, known, facts.shard, err);
}

static bool remember(struct db *db, void *arg, struct err *err)
{
    const struct call *c = arg;
    for (size_t i = 0; i < c->n; i++)
        if (c->persons[i].reason == GATE_ADMITTED &&
            !known_write(c->gate, db, c->request->to, c->persons[i].psn, &c->known[i], err))
            return false;
    return true;
}

static bool request_fits(const struct gate_translation *r, size_t n, struct err *err)
{
    const struct str texts[] = {r->actor, r->capacity, r->mandate, r->levels, r->case_no, r->from, r->to};
    if (n == 0 || n > GATE_TRANSLATE_MOST)
        return err_set(err, ERR_USAGE, "persons", "must be 1 to %d of them", GATE_TRANSLATE_MOST);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].n > 64 || !utf8_valid(texts[i]))
            return err_set(err, ERR_USAGE, "translation",
                           "each of its texts must be UTF-8 of at most 64 bytes");
    return true;
}

bool gate_translate(struct gate *gate, struct db *db, const struct gate_translation *request,
                    struct gate_translated *persons, size_t n, struct arena *arena, uint64_t *ret_position,
                    struct err *err)
{
    if (!request_fits(request, n, err))
        return false;
    struct call c = {.gate = gate,
                     .request = request,
                     .from = first_in(gate, request->from),
                     .to = first_in(gate, request->to),
                     .sectors = {request->from, request->to},
                     .today = local_today(gate->j),
                     .now = clock_now(),
                     .persons = persons,
                     .known = arena_array(arena, struct known, n),
                     .n = n};
    bool any = false;
    *ret_position = 0;
    for (size_t i = 0; i < n; i++) {
        if (!translate_one(&c, db, i, arena, err))
            return false;
        any |= persons[i].reason == GATE_ADMITTED;
        *ret_position = MAX_OF(*ret_position, persons[i].leaf + 1);
    }
    return !any || db_tx(db, remember, &c, err);
}
