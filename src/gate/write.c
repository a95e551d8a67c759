/* SPDX-License-Identifier: Apache-2.0 */
#define AINA_ROOM_GATE
#include "gate/write.h"

#include <stdio.h>

#include "gate/gate_private.h"
#include "jurisdiction/rule.h"
#include "jurisdiction/words.h"
#include "vault/open.h"

#define VALUE_MAX 1000 /* bytes */
#define RECORD_NAME_MAX 64

void gate_on_written(struct gate *gate, gate_written_fn *fn, void *arg)
{
    gate->on_written = fn;
    gate->on_written_arg = arg;
}

bool gate_writes(const struct office *office, const struct registry *registry)
{
    for (size_t i = 0; i < registry->writers_n; i++)
        if (registry->writers[i] == office)
            return true;
    return false;
}

/* --- what is given --- */

static bool is_of_type(enum field_type type, struct str text)
{
    static const enum rule_type types[] = {[FIELD_NUMBER] = RULE_NUMBER,
                                           [FIELD_MONEY] = RULE_NUMBER,
                                           [FIELD_DATE] = RULE_DATE,
                                           [FIELD_YES_NO] = RULE_YES_NO};
    struct rule_value value;
    bool plain = type == FIELD_TEXT || type == FIELD_CODE;
    return text.n <= VALUE_MAX && utf8_valid(text) && (plain || rule_value_parse(types[type], text, &value));
}

static bool values_fit(const struct gate_writing *w, struct err *err)
{
    bool any = false;
    for (size_t f = 0; f < w->registry->fields_n; f++) {
        const struct field *field = &w->registry->fields[f];
        char place[64];
        snprintf(place, sizeof place, "%.*s", STR_ARG(field->id));
        any |= w->values[f].n != 0;
        if (w->values[f].n != 0 && !is_of_type(field->type, w->values[f]))
            return err_set(
                err, ERR_INVALID, place, "%s",
                N_("Write a day like 2027-06-30, a number in digits, a text of at most 1000 bytes."));
    }
    return any || err_set(err, ERR_INVALID, "values", "%s", N_("Fill in at least one field."));
}

void gate_record_name(char out[ACT_ID_SIZE])
{
    look_id(out);
}

/* "1", or a name that the gate drew. */
static bool operator_name_fits(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
              (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '.' || name.p[i] == '-'))
            return false;
    return name.n != 0 && name.n <= RECORD_NAME_MAX;
}

static bool name_fits(const struct gate_writing *w, struct err *err)
{
    uint8_t id[LEDGER_ID_SIZE];
    if (w->by_operator)
        return operator_name_fits(w->record) ||
               err_set(err, ERR_USAGE, "record", "its name must be 1 to %d letters, digits, '.' or '-'",
                       RECORD_NAME_MAX);
    return w->record.n == 0 || look_id_parse(w->record, id) ||
           err_set(err, ERR_INVALID, "record", "%s",
                   N_("The form was changed on its way: load the page again."));
}

/* --- the transaction --- */

struct writing {
    struct gate *gate;
    const struct gate_writing *w;
    struct vault_write *write;
    struct arena *arena;
    struct gate_written *out;
};

/* What stands in the person's one record now, or in the operator's, under whichever pseudonym it does. */
static bool read_current(const struct writing *w, struct db *db, struct vault_record *ret_record,
                         struct err *err)
{
    const struct registry *registry = w->w->registry;
    struct str names[VAULT_FIELDS_MAX];
    struct vault_record *records;
    size_t n;
    for (size_t f = 0; f < registry->fields_n; f++)
        names[f] = registry->fields[f].id;
    *ret_record = (struct vault_record){.record = w->w->by_operator ? w->w->record : STR("1")};
    if (!vault_open(w->gate->vault, db, registry->id, w->write->psn, names, registry->fields_n, w->arena,
                    &records, &n, err) ||
        (n == 0 && w->write->before != NULL &&
         !vault_open(w->gate->vault, db, registry->id, w->write->before, names, registry->fields_n, w->arena,
                     &records, &n, err)))
        return false;
    for (size_t i = n; i-- > 0;)
        if (!w->w->by_operator || str_eq(records[i].record, w->w->record))
            *ret_record = records[i];
    return true;
}

/* The whole new version: what is given, and what stood there. */
static void join_values(const struct writing *w, const struct vault_record *now)
{
    const struct registry *registry = w->w->registry;
    struct str *whole = arena_array(w->arena, struct str, registry->fields_n + 1);
    struct vault_value *values = arena_array(w->arena, struct vault_value, registry->fields_n + 1);
    w->write->values_n = 0;
    for (size_t f = 0; f < registry->fields_n; f++) {
        whole[f] = w->w->values[f];
        for (size_t v = 0; whole[f].n == 0 && !w->w->by_operator && v < now->values_n; v++)
            if (str_eq(now->values[v].field, registry->fields[f].id))
                whole[f] = now->values[v].value;
        if (whole[f].n != 0)
            values[w->write->values_n++] = (struct vault_value){registry->fields[f].id, whole[f]};
    }
    w->write->values = values;
    w->out->values = whole;
}

static bool write_once(struct db *db, void *arg, struct err *err)
{
    const struct writing *w = arg;
    const struct gate_writing *given = w->w;
    struct vault_record now = {0};
    const struct gate_act act = {.kind = gate_kind_code(KIND_RECORD),
                                 .holder = given->registry->holder,
                                 .pid = given->pid,
                                 .office = given->office,
                                 .actor = given->actor,
                                 .capacity = given->by_operator ? given->actor : STR("official"),
                                 .levels = given->levels,
                                 .registry = given->registry->id,
                                 .outcome = STR("written")};
    bool anew = given->registry->many && !given->by_operator;
    if (!gate_act_prepare(w->gate, db, &act, w->out->act, err) || (!anew && !read_current(w, db, &now, err)))
        return false;
    w->write->record = !anew                  ? now.record
                       : given->record.n != 0 ? given->record
                                              : str_dup(w->arena, str_of(w->out->act));
    w->write->expected = now.version;
    join_values(w, &now);
    w->out->record = w->write->record;
    w->out->version = now.version + 1;
    return vault_put(w->gate->vault, db, w->write, true, err) &&
           (w->gate->on_written == NULL ||
            w->gate->on_written(w->gate->on_written_arg, db, w->out, w->arena, err));
}

bool gate_write(struct gate *gate, struct db *db, const struct gate_writing *given, struct arena *arena,
                struct gate_written *ret, uint64_t *ret_position, struct err *err)
{
    struct vault_write write = {.registry = given->registry->id};
    struct writing w = {gate, given, &write, arena, ret};
    if (!given->by_operator && (given->office == NULL || !gate_writes(given->office, given->registry)))
        return err_set(err, ERR_NOT_ALLOWED, "registry", "%s", N_("This office writes no records there."));
    if (!values_fit(given, err) || !name_fits(given, err))
        return false;
    *ret = (struct gate_written){.registry = given->registry, .pid = given->pid, .office = given->office};
    pthread_rwlock_rdlock(&gate->shard_lock); /* no shard begins, and with it no epoch, meanwhile */
    bool ok =
        write_as_of(gate, given->registry, given->pid, arena, &write, err) && db_tx(db, write_once, &w, err);
    pthread_rwlock_unlock(&gate->shard_lock);
    ret->values = NULL; /* what stood there before was not asked for */
    return ok && gate_act_deliver(gate, db, ret->act, ret_position, err);
}
