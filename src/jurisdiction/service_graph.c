/* SPDX-License-Identifier: Apache-2.0 */
/* service_graph.c: every state that a case can come to, walked: no dead ends, nothing that can never happen,
 * no rule whose "no" leaves a case hanging.
 *
 * A state is a status and its flags. Conditions are taken as open: they may hold or not. A case that a
 * machine does not grant must reach a decision by people's hands, and no refusal is reached without its
 * hearing. */
#include <stdarg.h>
#include <stdio.h>

#include "jurisdiction/service_private.h"

#define DECIDED (1u << DECIDED_YES | 1u << DECIDED_NO)
#define FINAL (DECIDED | 1u << WITHDRAWN | 1u << VOID)

struct graph {
    struct service_reader *sr;
    const struct service *s;
    uint8_t *reached; /* by state */
    uint8_t *arrives; /* by state: scratch of can_reach */
    uint32_t *queue;
    uint64_t possible; /* actions by index that some reached state allows */
};

static enum case_status status_of(const struct graph *g, uint32_t state)
{
    return (enum case_status)(state >> g->s->flags_n);
}

static bool allows(const struct graph *g, uint32_t state, const struct service_action *a)
{
    unsigned flags = state & ((1u << g->s->flags_n) - 1);
    return (a->from >> status_of(g, state) & 1) != 0 && (flags & a->with) == a->with &&
           (flags & a->without) == 0;
}

static uint32_t after(const struct graph *g, uint32_t state, const struct service_action *a)
{
    unsigned flags = state & ((1u << g->s->flags_n) - 1);
    unsigned status = a->moves ? a->to : status_of(g, state);
    return (uint32_t)(status << g->s->flags_n | ((flags | a->sets) & ~a->clears));
}

static void walk(struct graph *g)
{
    size_t head = 0, tail = 0;
    g->reached[0] = 1; /* draft, no flag */
    g->queue[tail++] = 0;
    while (head < tail) {
        uint32_t state = g->queue[head++];
        for (size_t i = 0; i < g->s->actions_n; i++) {
            const struct service_action *a = &g->s->actions[i];
            if (!allows(g, state, a))
                continue;
            g->possible |= UINT64_C(1) << i;
            uint32_t next = after(g, state, a);
            if (!g->reached[next]) {
                g->reached[next] = 1;
                g->queue[tail++] = next;
            }
        }
    }
}

/* People's hands: a machine's rule may say no, a timer may be far; what always holds may be counted on. */
static bool sure(const struct service_action *a)
{
    if (a->who & BY_OFFICIAL)
        return a->condition == NULL;
    return (a->who & BY_MACHINE) != 0 && a->condition != NULL && rule_is_always(a->condition, true);
}

static bool anyone(const struct service_action *a)
{
    return true;
}

/* Marks in g->arrives the reached states from which one of `statuses` can be reached by actions that
 * `counts`. */
static void can_reach(struct graph *g, unsigned statuses, bool (*counts)(const struct service_action *))
{
    size_t states = (size_t)STATUSES_N << g->s->flags_n;
    for (uint32_t state = 0; state < states; state++)
        g->arrives[state] = g->reached[state] && (statuses >> status_of(g, state) & 1) != 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t state = 0; state < states; state++) {
            if (!g->reached[state] || g->arrives[state])
                continue;
            for (size_t i = 0; i < g->s->actions_n && !g->arrives[state]; i++) {
                const struct service_action *a = &g->s->actions[i];
                if (allows(g, state, a) && counts(a) && g->arrives[after(g, state, a)])
                    g->arrives[state] = 1, changed = true;
            }
        }
    }
}

static const char *state_name(const struct graph *g, uint32_t state, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%s", status_name(status_of(g, state)));
    for (size_t f = 0; f < g->s->flags_n && n < size; f++)
        if (state >> f & 1)
            n += (size_t)snprintf(out + n, size - n, " + %.*s", STR_ARG(g->s->flags[f].id));
    return out;
}

static void tell_first(struct graph *g, unsigned statuses, const char *remedy, const char *what)
{
    size_t states = (size_t)STATUSES_N << g->s->flags_n;
    for (uint32_t state = 0; state < states; state++) {
        char name[300];
        if (!g->reached[state] || g->arrives[state] || (statuses >> status_of(g, state) & 1) == 0)
            continue;
        wrong_at(g->sr, NULL, yaml_member(g->sr->yaml, "procedure"), remedy, "%s: %s", what,
                 state_name(g, state, name, sizeof name));
        return;
    }
}

static void told_at(struct graph *g, struct place_in_file place, const char *remedy, const char *what,
                    struct str id)
{
    struct yaml at = {.line = place.line, .column = 1};
    struct part part = {&at, place.file};
    wrong_at(g->sr, &part, NULL, remedy, "%s '%.*s'", what, STR_ARG(id));
}

static void lint_flags(struct graph *g)
{
    const struct service *s = g->s;
    for (size_t f = 0; f < s->flags_n; f++) {
        bool set = false;
        for (size_t i = 0; i < s->actions_n; i++)
            set |= (s->actions[i].sets >> f & 1) != 0;
        if (!set)
            told_at(g, s->flags[f].place, "Let an action set it, or take it out.", "no action ever sets flag",
                    s->flags[f].id);
    }
}

/* A hearing is offered and held on every way to a refusal, and to void: without the actions that hold one,
 * none is reached. The statuses that are, as bits. */
static unsigned unheard(struct graph *g, struct arena *arena)
{
    struct graph without = *g;
    size_t states = (size_t)STATUSES_N << g->s->flags_n, head = 0, tail = 0;
    unsigned found = 0;
    without.reached = arena_array(arena, uint8_t, states);
    without.reached[0] = 1;
    without.queue[tail++] = 0;
    while (head < tail) {
        uint32_t state = without.queue[head++];
        for (size_t i = 0; i < g->s->actions_n; i++) {
            const struct service_action *a = &g->s->actions[i];
            if (a->does == DOES_HOLD_HEARING || !allows(&without, state, a))
                continue;
            if (a->moves && (a->to == DECIDED_NO || a->to == VOID))
                found |= 1u << a->to;
            uint32_t next = after(&without, state, a);
            if (!without.reached[next]) {
                without.reached[next] = 1;
                without.queue[tail++] = next;
            }
        }
    }
    return found;
}

void lint_graph(struct service_reader *sr)
{
    struct arena *arena = sr->l->r.for_report;
    const struct service *s = sr->s;
    size_t states = (size_t)STATUSES_N << s->flags_n;
    struct graph g = {.sr = sr, .s = s};
    g.reached = arena_array(arena, uint8_t, states);
    g.arrives = arena_array(arena, uint8_t, states);
    g.queue = arena_array(arena, uint32_t, states);
    walk(&g);
    for (size_t i = 0; i < s->actions_n; i++)
        if ((g.possible >> i & 1) == 0)
            told_at(&g, s->actions[i].place, "Mend 'from', 'with' and 'without'.",
                    "no case ever comes to where one can do", s->actions[i].id);
    can_reach(&g, FINAL, anyone);
    tell_first(&g, 1u << DRAFT | 1u << FILED | 1u << RETURNED, "Add an action that leads on.", "a dead end");
    can_reach(&g, DECIDED, anyone);
    tell_first(&g, 1u << FILED | 1u << RETURNED, "Add an action that leads back to where it is decided.",
               "a case that can only be withdrawn");
    can_reach(&g, 1u << DECIDED_YES, sure);
    tell_first(&g, 1u << FILED, "Let an official decide there, without a condition.",
               "a filed case that nobody is sure to be able to grant");
    lint_flags(&g);
    unsigned adverse = unheard(&g, arena);
    if (adverse & 1u << DECIDED_NO)
        wrong_at(sr, NULL, yaml_member(sr->yaml, "procedure"),
                 "Let the refusal need a flag that only hold-hearing sets.",
                 "a refusal can be reached without a hearing");
    if (adverse & 1u << VOID)
        wrong_at(sr, NULL, yaml_member(sr->yaml, "procedure"),
                 "Let the action to void need a flag that only hold-hearing sets.",
                 "a decision can be made void without a hearing");
}
