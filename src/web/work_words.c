/* SPDX-License-Identifier: Apache-2.0 */
/* work_words.c: a case in words: its state, office, steps, deadline. */
#include "web/work_private.h"

struct str work_status(const struct page *p, enum case_status status)
{
    static const char *const words[STATUSES_N] = {[DRAFT] = N_("Not sent yet"),
                                                  [FILED] = N_("To be decided"),
                                                  [RETURNED] = N_("Waiting for the applicant"),
                                                  [DECIDED_YES] = N_("Granted"),
                                                  [DECIDED_NO] = N_("Refused"),
                                                  [WITHDRAWN] = N_("Withdrawn"),
                                                  [VOID] = N_("Made void")};
    return status < STATUSES_N ? page_text(p, words[status]) : STR("");
}

struct str work_flags(const struct page *p, const struct service *s, unsigned flags)
{
    struct buf out;
    buf_in(&out, p->arena, 4096);
    for (size_t i = 0; i < s->flags_n; i++)
        if (flags >> i & 1)
            buf_printf(&out, "%s%.*s", out.n ? ", " : "", STR_ARG(page_texts(p, &s->flags[i].name)));
    return buf_view(&out);
}

const struct office *work_desk(const struct jurisdiction *j, struct str desk)
{
    struct str agency_id;
    const struct agency *agency = str_next(&desk, '/', &agency_id) ? jurisdiction_agency(j, agency_id) : NULL;
    return agency ? jurisdiction_office(agency, desk) : NULL;
}

struct str work_office(const struct page *p, struct str desk)
{
    const struct office *office = work_desk(p->j, desk);
    return office ? str_of(arena_printf(p->arena, "%.*s, %.*s", STR_ARG(page_texts(p, &office->agency->name)),
                                        STR_ARG(page_texts(p, &office->name))))
                  : desk;
}

struct str work_basis(const struct page *p, const struct basis *basis)
{
    struct str law = page_texts(p, &basis->law);
    return basis->article.n ? TF(p, "{}, {}", law, page_text(p, str_c(p->arena, basis->article)))
                            : TF(p, "{}, article not yet entered", law);
}

struct str work_step(const struct page *p, const struct case_file *c, const struct case_event *e)
{
    size_t a = service_action(c->service, e->action);
    if (a != NONE)
        return page_texts(p, &c->service->actions[a].name);
    if (str_is(e->action, CASE_TAKE))
        return str_eq(e->staff, e->to) ? TF(p, "Taken by {}", e->to) : TF(p, "Given to {}", e->to);
    if (str_is(e->action, CASE_CALENDAR))
        return TF(p, "The calendar of working days was changed: the answer is now due by {}", e->to);
    size_t t = str_starts(e->action, STR(CASE_ENDED))
                   ? service_timer(c->service, str_from(e->action, strlen(CASE_ENDED)))
                   : NONE;
    return t != NONE ? TF(p, "The time is over: {}", page_texts(p, &c->service->timers[t].name)) : e->action;
}

struct str work_hand(const struct page *p, const struct case_event *e)
{
    switch (e->hand) {
    case HAND_APPLICANT: return T(p, "the applicant");
    case HAND_CO_SIGNER: return T(p, "a co-signer");
    case HAND_MACHINE: return T(p, "by rule, without a person");
    case HAND_TIMER: return T(p, "because the time was over");
    case HAND_OFFICIAL: break;
    }
    return TF(p, "{}, staff code {}", work_office(p, e->office), e->staff);
}

/* A term of days ends at midnight, and is told by its last day; one that runs by the clock by its moment. */
static struct str due_text(const struct page *p, int64_t due)
{
    int32_t day = local_day(p->j, due - 1);
    return local_midnight(p->j, day + 1) == due ? page_day(p, day) : page_time(p, due);
}

static struct str late_text(const struct page *p, int64_t due, int64_t now)
{
    int32_t days = local_day(p->j, now) - local_day(p->j, due - 1);
    return days > 0 ? TF(p, "late, days: {}", page_number(p, (uint64_t)days)) : T(p, "late");
}

void work_due(struct page *p, int64_t due, bool open, int64_t now)
{
    if (due == 0 || due == INT64_MAX) {
        MARKUP(p, "{}", T(p, "no term runs"));
        return;
    }
    MARKUP(p, "{}", due_text(p, due));
    if (open && now >= due)
        MARKUP(p, " <span class=\"tag bad\">{}</span>", late_text(p, due, now));
}
