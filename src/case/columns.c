/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c: what stands of a case in the clear, computed from its journal; and which timers have ended. */
#include <stdio.h>

#include "case/case_private.h"

static bool is_decision(const struct service_timer *t)
{
    return str_is(t->id, "decision") && !t->on_flag && t->on == FILED && !t->waiting;
}

/* Whether its end is a step of its own: lateness, another desk, or a message about it. */
static bool end_is_marked(const struct service *s, size_t timer)
{
    const struct service_timer *t = &s->timers[timer];
    bool told = false;
    for (size_t m = 0; m < s->messages_n; m++)
        told |= (s->messages[m].timers >> timer & 1) != 0;
    return !t->waiting && (is_decision(t) || t->escalate != NULL || told);
}

static bool is_end_of(const struct case_event *e, const struct service_timer *t)
{
    return str_starts(e->action, STR(CASE_ENDED)) && str_eq(str_from(e->action, strlen(CASE_ENDED)), t->id);
}

/* Whether what its end brings has been done since it began to run. */
static bool end_is_done(const struct case_file *c, size_t timer, size_t since)
{
    const struct service_timer *t = &c->service->timers[timer];
    bool marked = false, acted = false;
    for (size_t i = since; i < c->events_n; i++) {
        marked |= is_end_of(&c->events[i], t);
        acted |= t->action != NONE && c->events[i].hand == HAND_TIMER &&
                 str_eq(c->events[i].action, c->service->actions[t->action].id);
    }
    return marked || (acted && !end_is_marked(c->service, timer));
}

/* When the timer's end must be seen to; 0: not now. */
static int64_t end_of(const struct jurisdiction *j, const struct case_file *c, size_t timer,
                      struct arena *arena)
{
    const struct service_timer *t = &c->service->timers[timer];
    struct deadline d;
    size_t since;
    if (t->waiting || (t->action == NONE && !end_is_marked(c->service, timer)) ||
        !case_running(j, c, timer, arena, &d, &since) || end_is_done(c, timer, since))
        return 0;
    return d.due;
}

size_t case_ended_timer(const struct jurisdiction *j, const struct case_file *c, int64_t now,
                        struct arena *arena)
{
    size_t first = NONE;
    int64_t at = 0;
    for (size_t t = 0; t < c->service->timers_n; t++) {
        int64_t end = end_of(j, c, t, arena);
        if (end != 0 && end <= now && (first == NONE || end < at))
            first = t, at = end;
    }
    return first;
}

static int64_t wake_of(const struct jurisdiction *j, const struct case_file *c, int64_t now,
                       struct arena *arena)
{
    int64_t wake = 0;
    for (size_t t = 0; t < c->service->timers_n; t++) {
        struct deadline d;
        int64_t end = end_of(j, c, t, arena);
        if (c->service->timers[t].waiting && case_deadline(j, c, t, arena, &d) && d.due > now)
            end = d.due;
        if (end != 0 && (wake == 0 || end < wake))
            wake = end;
    }
    return wake;
}

/* Of the decision, by the journal's first `n` steps; INT64_MAX: it does not run, or is paused. */
static int64_t due_after(const struct jurisdiction *j, const struct case_file *c, size_t n,
                         struct arena *arena)
{
    struct case_file then = *c;
    struct deadline d = {0};
    size_t decision = service_timer(c->service, STR("decision"));
    then.events_n = n;
    bool runs = decision != NONE && n != 0 && case_deadline(j, &then, decision, arena, &d);
    return runs && d.due != 0 ? d.due : INT64_MAX;
}

static unsigned flag_bit(const struct service *s, const char *id)
{
    for (size_t f = 0; f < s->flags_n; f++)
        if (str_is(s->flags[f].id, id))
            return 1u << f;
    return 0;
}

/* The one flag that a folder's public queues go by, as `decision` is their timer. */
static unsigned queue_flag(const struct service *s)
{
    return s->procedure->archetype == QUEUE ? flag_bit(s, "in-queue") : 0;
}

/* An official's step that the case waits for. That a decision can be proposed to be made void is always so,
 * and nothing waits for it. */
static bool waits_for(const struct service *s, const struct service_action *a, enum case_status status,
                      unsigned flags)
{
    return (a->who & BY_OFFICIAL) != 0 && action_allowed(s, a, status, flags) &&
           !(status_is_final(status) && a->does == DOES_OFFER_HEARING);
}

static bool official_can(const struct case_file *c)
{
    for (size_t a = 0; a < c->service->actions_n; a++)
        if (waits_for(c->service, &c->service->actions[a], c->status, c->flags))
            return true;
    return false;
}

bool case_is_worked(const struct case_file *c)
{
    bool raised = false; /* since the decision: an appeal, a hearing */
    for (size_t a = 0; a < c->service->actions_n; a++)
        raised |= c->service->actions[a].with != 0 &&
                  waits_for(c->service, &c->service->actions[a], c->status, c->flags);
    return !status_is_final(c->status) || (raised && c->queued == 0);
}

/* The office that alone can go on from here, such as one that answers appeals; else the provider's. */
static const struct office *goes_on(const struct service *s, enum case_status status, unsigned flags)
{
    const struct office *only = NULL;
    for (size_t a = 0; a < s->actions_n; a++) {
        if (!waits_for(s, &s->actions[a], status, flags))
            continue;
        if (only != NULL && only != s->actions[a].office)
            return s->provider;
        only = s->actions[a].office;
    }
    return only != NULL ? only : s->provider;
}

static void one_step(const struct jurisdiction *j, const struct case_file *c, size_t i, struct arena *arena,
                     struct columns *k)
{
    const struct case_event *e = &c->events[i];
    enum case_status before = i != 0 ? c->events[i - 1].status : DRAFT;
    unsigned had = i != 0 ? c->events[i - 1].flags : 0, queue = queue_flag(c->service);
    if (str_is(e->action, CASE_TAKE))
        k->official = e->to;
    if (str_starts(e->action, STR(CASE_ENDED)) && e->to.n != 0)
        k->desk = e->to, k->official = STR("");
    const struct office *next = goes_on(c->service, e->status, e->flags);
    if (next != goes_on(c->service, before, had))
        k->desk = office_path(next, arena), k->official = STR("");
    size_t t = service_timer(c->service, STR("decision"));
    if (k->late == 0 && t != NONE && is_end_of(e, &c->service->timers[t]))
        k->late = e->time;
    if (e->status != before) {
        k->returned += e->status == RETURNED;
        k->overturned |= before == DECIDED_NO && e->hand == HAND_OFFICIAL;
        k->refused |= e->status == DECIDED_NO;
        k->decided = status_is_final(e->status) ? e->time : 0;
    }
    if (status_is_final(e->status) && !status_is_final(before)) {
        k->due = due_after(j, c, i, arena);
        if (k->late == 0 && e->time >= k->due)
            k->late = e->time;
    }
    if ((e->flags & queue) == 0 || e->status != DECIDED_YES)
        k->queued = 0;
    else if ((had & queue) == 0 || before != DECIDED_YES)
        k->queued = e->time;
}

void case_columns(const struct jurisdiction *j, const struct case_file *c, int64_t now, struct arena *arena,
                  struct columns *ret)
{
    struct columns k = {.desk = office_path(c->service->provider, arena), .official = STR("")};
    k.due = INT64_MAX;
    for (size_t i = 0; i < c->events_n; i++)
        one_step(j, c, i, arena, &k);
    if (!status_is_final(c->status))
        k.due = due_after(j, c, c->events_n, arena);
    k.open = !status_is_final(c->status) || (k.queued == 0 && official_can(c));
    k.wake = wake_of(j, c, now, arena);
    *ret = k;
}
