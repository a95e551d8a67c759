/* SPDX-License-Identifier: Apache-2.0 */
/* service_compare.c: a new version's rules on past cases, before it is put in force. It tells counts only:
 * what a case was about stays sealed, and no group below ten is told, nor all but one. Nothing is changed. */
#include <stdio.h>
#include <stdlib.h>

#include "case/count.h"
#include "cli/instance.h"
#include "cli/service_cli.h"

#define AT_ONCE 200

/* Of one rule of the new version. */
struct difference {
    uint64_t differs, unknown; /* comes out otherwise; of these: not known any more */
    bool fresh;                /* the old version has no such rule */
};

struct comparing {
    struct instance *in;
    const struct jurisdiction *later;
    const struct service *s; /* the new version */
    struct difference *rules;
    uint64_t cases, granted_less, granted_more;
};

static struct rule_value *values_under(const struct comparing *m, const struct case_file *c,
                                       struct arena *arena)
{
    struct answer *answers = arena_array(arena, struct answer, m->s->fields_n + 1);
    for (size_t f = 0; f < m->s->fields_n; f++) {
        size_t then = service_field(c->service, m->s->fields[f].id);
        if (then != NONE)
            answers[f] = c->answers[then];
    }
    return journey_values(m->later, m->s, local_day(m->later, c->filed), c->channel, answers, arena);
}

static bool machine_grants(const struct service *s, const struct rule_value *values, struct arena *arena)
{
    for (size_t a = 0; a < s->actions_n; a++) {
        const struct service_action *action = &s->actions[a];
        if ((action->who & BY_MACHINE) == 0 || !action->moves || action->to != DECIDED_YES ||
            action->condition == NULL)
            continue;
        struct rule_value holds = rule_eval(action->condition, values, arena);
        if (holds.known && holds.yes)
            return true;
    }
    return false;
}

static bool same_value(const struct rule_value *a, const struct rule_value *b)
{
    return a->type == b->type && a->known == b->known && (!a->known || rule_value_same(a, b));
}

static bool compare_case(struct comparing *m, struct db *db, struct str number, struct arena *arena,
                         struct err *err)
{
    struct case_file c;
    if (!case_read(m->in->cases, db, number, arena, &c, err))
        return false;
    struct rule_value *then = journey_values(m->in->jurisdiction, c.service,
                                             local_day(m->in->jurisdiction, c.filed), c.channel, c.answers,
                                             arena),
                      *now = values_under(m, &c, arena);
    m->cases++;
    for (size_t r = 0; r < m->s->rules_n; r++) {
        size_t old = service_symbol(c.service, m->s->rules[r].id);
        const struct rule_value *value = &now[m->s->first_rule + r];
        m->rules[r].fresh |= old == NONE || old < c.service->first_rule;
        bool differs = !m->rules[r].fresh && !same_value(&then[old], value);
        m->rules[r].differs += differs;
        m->rules[r].unknown += differs && !value->known;
    }
    bool granted = machine_grants(c.service, then, arena), grants = machine_grants(m->s, now, arena);
    m->granted_less += granted && !grants;
    m->granted_more += !granted && grants;
    return true;
}

static bool next_cases(struct db *db, struct str service, char after[CASE_NO_SIZE],
                       char (*list)[CASE_NO_SIZE], size_t *ret_n, struct err *err)
{
    static const char sql[] =
        "SELECT case_no FROM case_row WHERE service = $1 AND case_no > $2 ORDER BY case_no"
        " LIMIT $3";
    enum db_result row;
    struct db_stmt *stmt = db_sql(db, sql, err);
    *ret_n = 0;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, service);
    db_bind_text(stmt, 2, str_of(after));
    db_bind_i64(stmt, 3, AT_ONCE);
    while ((row = db_step(stmt, err)) == DB_ROW)
        snprintf(list[(*ret_n)++], CASE_NO_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    if (*ret_n != 0)
        memcpy(after, list[*ret_n - 1], CASE_NO_SIZE);
    return row == DB_DONE;
}

static bool compare_all(struct comparing *m, struct err *err)
{
    struct arena arena;
    char list[AT_ONCE][CASE_NO_SIZE], after[CASE_NO_SIZE] = "";
    size_t n = AT_ONCE;
    bool ok = true;
    arena_init(&arena, (size_t)1 << 20, (size_t)64 << 20);
    while (ok && n == AT_ONCE) {
        ok = next_cases(m->in->db, m->s->id, after, list, &n, err);
        for (size_t i = 0; ok && i < n; i++) {
            ok = compare_case(m, m->in->db, str_of(list[i]), &arena, err);
            arena_reset(&arena);
        }
    }
    arena_done(&arena);
    return ok;
}

static void tell_count(struct buf *out, uint64_t n, uint64_t of)
{
    if (n == 0 || n == of)
        buf_text(out, n == 0 ? "none" : "all");
    else if (n < COUNT_SMALL)
        buf_printf(out, "fewer than %d", COUNT_SMALL);
    else if (of - n < COUNT_SMALL)
        buf_printf(out, "all but fewer than %d", COUNT_SMALL);
    else
        buf_u64(out, n);
}

static void tell(const struct comparing *m, struct buf *out)
{
    char hex[2 * HASH_SIZE + 1];
    hex_encode(hex, m->s->hash, HASH_SIZE);
    buf_printf(out, "%.*s, version %u, %s\n", STR_ARG(m->s->id), m->s->version, hex);
    if (m->cases < COUNT_SMALL) {
        buf_printf(out, "Past cases: fewer than %d, so nothing is told.\n", COUNT_SMALL);
        return;
    }
    buf_printf(out, "Past cases: %llu\n", (unsigned long long)m->cases);
    for (size_t r = 0; r < m->s->rules_n; r++) {
        buf_printf(out, "  %.*s: ", STR_ARG(m->s->rules[r].id));
        if (m->rules[r].fresh) {
            buf_text(out, "a rule that some of them were not filed under\n");
            continue;
        }
        buf_text(out, "comes out otherwise in ");
        tell_count(out, m->rules[r].differs, m->cases);
        if (m->rules[r].unknown != 0) {
            buf_text(out, "; not known any more in ");
            tell_count(out, m->rules[r].unknown, m->cases);
        }
        buf_byte(out, '\n');
    }
    buf_text(out, "A machine would have granted and would not now: ");
    tell_count(out, m->granted_less, m->cases);
    buf_text(out, "\nA machine would not have granted and would now: ");
    tell_count(out, m->granted_more, m->cases);
    buf_text(
        out,
        "\nNothing is in force by this: keep these lines with the new version (its `note` or its decree).\n");
}

int service_compare(const struct service_view *v, const char *data)
{
    struct instance in;
    struct err err;
    struct buf out;
    if (!instance_open(&in, data, false, &err))
        return cli_fail(&err);
    struct comparing m = {.in = &in,
                          .later = v->j,
                          .s = v->s,
                          .rules = arena_array(v->arena, struct difference, v->s->rules_n + 1)};
    bool ok = compare_all(&m, &err);
    buf_init(&out, (size_t)1 << 20);
    if (ok) {
        tell(&m, &out);
        cli_print(&out);
    }
    buf_done(&out);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
