/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_offers.h"

#include "base/clock.h"
#include "case/offer.h"
#include "gate/write.h"

#define LIST_MAX 100

struct maker {
    struct instance *in;
    const uint8_t *pid;
    const struct demo_record *record;
    demo_draw_fn *draw;
    void *arg;
    struct arena arena; /* of one record */
};

static bool write_record(struct maker *m, struct gate_written *ret, struct err *err)
{
    const struct registry *registry = m->record->registry;
    const struct office *office = registry->writers[0];
    struct str *values = arena_array(&m->arena, struct str, registry->fields_n + 1);
    uint64_t position;
    for (size_t f = 0; f < registry->fields_n; f++)
        if (m->record->values[f].n != 0 && !demo_value(m->in->jurisdiction, m->record->values[f], true,
                                                       m->draw, m->arg, &m->arena, &values[f]))
            return err_set(err, ERR_INVALID, "demo.yaml", "a value of a record is too long");
    const struct gate_writing writing = {
        .office = office,
        .actor =
            str_of(arena_printf(&m->arena, "%.*s-%.*s-01", STR_ARG(office->agency->id), STR_ARG(office->id))),
        .levels = STR("ial0.aal0"),
        .registry = registry,
        .pid = m->pid,
        .values = values};
    return gate_write(m->in->gate, m->in->db, &writing, &m->arena, ret, &position, err) &&
           ledger_wait(m->in->ledger, position, err);
}

/* What this record offered. */
static bool answer_offers(struct maker *m, const struct gate_written *written, struct err *err)
{
    struct offer *list;
    size_t n;
    int64_t now = clock_now();
    if (!offers_of(m->in->beside, m->in->db, m->pid, now, LIST_MAX, &m->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n && m->record->answer != DEMO_OFFER_OPEN; i++) {
        uint64_t position;
        if (list[i].state != OFFER_OPEN || list[i].registry != m->record->registry ||
            !str_eq(list[i].record, written->record))
            continue;
        if (!offer_answer(m->in->beside, m->in->db, m->pid, str_of(list[i].id),
                          m->record->answer == DEMO_OFFER_ACCEPTED, STR("ial0.aal0"), now, &m->arena,
                          &position, err) ||
            !ledger_wait(m->in->ledger, position, err))
            return false;
    }
    return true;
}

bool demo_offers_make(struct instance *in, const struct demo_mark *people, demo_draw_fn *draw, void *arg,
                      struct err *err)
{
    const struct demo_plan *plan = &in->jurisdiction->demo;
    bool ok = true;
    for (size_t i = 0; ok && i < plan->records_n; i++) {
        struct maker m = {.in = in, .record = &plan->records[i], .draw = draw, .arg = arg};
        struct gate_written written;
        if (m.record->person > people->n)
            continue;
        m.pid = people->pid[m.record->person - 1];
        arena_init(&m.arena, 65536, (size_t)16 << 20);
        ok = write_record(&m, &written, err) && answer_offers(&m, &written, err);
        arena_done(&m.arena);
    }
    return ok;
}
