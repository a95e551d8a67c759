/* SPDX-License-Identifier: Apache-2.0 */
#include "sheet/case_sheet.h"
#include "case/attachment.h"

#include <stdio.h>

#include "base/clock.h"

struct str status_words(const struct words *w, enum case_status status)
{
    static const char *const names[STATUSES_N] = {[DRAFT] = N_("Not sent yet"),
                                                  [FILED] = N_("With the office"),
                                                  [RETURNED] = N_("Waiting for you"),
                                                  [DECIDED_YES] = N_("Decided in your favour"),
                                                  [DECIDED_NO] = N_("Refused"),
                                                  [WITHDRAWN] = N_("Withdrawn"),
                                                  [VOID] = N_("Made void")};
    return status < STATUSES_N ? words_text(w, names[status]) : STR("");
}

bool case_open_to(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                  size_t action, int64_t now, struct arena *arena)
{
    const struct case_input nothing = {.signatures = -1, .position = -1};
    struct err err;
    unsigned needs;
    return c->service->actions[action].does != DOES_FILE &&
           case_may_begin(cases, c, actor, action, &nothing, now, arena, &needs, &err);
}

/* --- terms --- */

static struct str deadline_words(const struct words *w, const struct deadline *d)
{
    if (d->paused) {
        bool clock = d->term.unit == TERM_MINUTES || d->term.unit == TERM_HOURS;
        struct term left = {d->left, clock                               ? TERM_MINUTES
                                     : d->term.unit == TERM_WORKING_DAYS ? TERM_WORKING_DAYS
                                                                         : TERM_CALENDAR_DAYS};
        return words_fill(w, N_("Stopped; then {} are left"), (const struct str[]){term_words(w, left)}, 1);
    }
    struct str day = d->by_clock ? words_time(w, d->due) : words_day(w, d->day);
    if (!d->verified)
        day = words_fill(w, N_("{} (unverified sample)"), (const struct str[]){day}, 1);
    if (d->calendar != CALENDAR_DECREED)
        day =
            words_fill(w, N_("{}; holidays of that year are not decreed yet"), (const struct str[]){day}, 1);
    return day;
}

struct str due_words(const struct words *w, const struct case_file *c)
{
    struct deadline d;
    size_t decision = service_timer(c->service, STR("decision"));
    if (decision == NONE || !case_deadline(w->j, c, decision, w->arena, &d))
        return STR("");
    struct str words = deadline_words(w, &d);
    return d.paused ? words : words_fill(w, N_("Answer by {}"), &words, 1);
}

static void tell_terms(struct sheet *s, const struct case_view *v)
{
    const struct service *service = v->c->service;
    for (size_t t = 0; t < service->timers_n; t++) {
        struct deadline d;
        if (!case_deadline(s->w.j, v->c, t, s->w.arena, &d))
            continue;
        struct str by = deadline_words(&s->w, &d);
        if (deadline_passed(&d, v->now) && !d.paused)
            by = SF(s, "{}. This day has passed; the delay is published.", by);
        sheet_fact(s, words_texts(&s->w, &service->timers[t].name), by);
    }
}

/* --- the journal --- */

static struct str office_words(const struct words *w, struct str id)
{
    struct str rest = id, agency_id = {0};
    (void)str_next(&rest, '/', &agency_id);
    const struct agency *agency = jurisdiction_agency(w->j, agency_id);
    const struct office *office = agency ? jurisdiction_office(agency, rest) : NULL;
    if (office == NULL)
        return id;
    return words_of(w, "%.*s, %.*s", STR_ARG(words_texts(w, &agency->name)),
                    STR_ARG(words_texts(w, &office->name)));
}

static struct str hand_words(const struct sheet *s, const struct case_event *e)
{
    switch (e->hand) {
    case HAND_APPLICANT: return S(s, "you");
    case HAND_CO_SIGNER: return S(s, "a co-signer");
    case HAND_MACHINE: return S(s, "by rule, without a person");
    case HAND_TIMER: return S(s, "because the time was over");
    case HAND_OFFICIAL: break;
    }
    struct str office = office_words(&s->w, e->office);
    return e->staff.n ? SF(s, "{}, staff code {}", office, e->staff) : office;
}

static void add_line(struct buf *out, struct str text)
{
    if (text.n == 0)
        return;
    if (out->n != 0)
        buf_byte(out, '\n');
    buf_str(out, text);
}

/* The answers of an action are kept once: they are told where it was done last. */
static bool done_again_later(const struct case_file *c, size_t i)
{
    for (size_t k = i + 1; k < c->events_n; k++)
        if (str_eq(c->events[k].action, c->events[i].action))
            return true;
    return false;
}

/* "Draft reasons: ...", "What do you not agree with? ..." */
static struct str told_under(const struct sheet *s, struct str label, struct str text)
{
    bool asks = label.n != 0 && label.p[label.n - 1] == '?';
    return words_of(&s->w, "%.*s%s %.*s", STR_ARG(label), asks ? "" : ":", STR_ARG(text));
}

static struct str event_more(const struct sheet *s, const struct case_file *c, size_t i,
                             const struct service_action *a)
{
    const struct case_event *e = &c->events[i];
    struct buf out;
    buf_in(&out, s->w.arena, 65536);
    if (e->reason.n != 0)
        add_line(&out, SF(s, "Reason: {}", e->reason));
    for (size_t g = 0; g < c->service->grounds_n; g++)
        if (e->ground.n != 0 && str_eq(c->service->grounds[g].id, e->ground))
            add_line(&out, SF(s, "Ground: {}", words_texts(&s->w, &c->service->grounds[g].text)));
    if (e->article.n != 0)
        add_line(&out, SF(s, "Article: {}", e->article));
    for (size_t k = 0; a != NULL && k < a->fields_n && !done_again_later(c, i); k++) {
        const struct service_field *f = &c->service->fields[a->fields[k]];
        struct str text = answer_words(&s->w, f, c->answers[a->fields[k]].text);
        if (text.n != 0)
            add_line(&out, told_under(s, words_texts(&s->w, &f->label), text));
    }
    return buf_view(&out);
}

/* Steps that the engine makes by itself. */
static struct str own_step_words(const struct sheet *s, const struct service *service,
                                 const struct case_event *e)
{
    if (str_is(e->action, CASE_TAKE))
        return SF(s, "Staff code {} has the case from now on", e->to);
    if (str_is(e->action, CASE_CALENDAR))
        return SF(s, "The calendar of working days was changed: the answer is now due by {}", e->to);
    if (!str_starts(e->action, STR(CASE_ENDED)))
        return S(s, "A step of the office");
    size_t t = service_timer(service, str_from(e->action, strlen(CASE_ENDED)));
    struct str name = t == NONE ? STR("") : words_texts(&s->w, &service->timers[t].name);
    return e->to.n ? SF(s, "The time was over: {}. The case went to {}", name, office_words(&s->w, e->to))
                   : SF(s, "The time was over: {}", name);
}

static void tell_journal(struct sheet *s, const struct case_file *c)
{
    sheet_heading(s, S(s, "What happened so far"));
    for (size_t i = 0; i < c->events_n; i++) {
        const struct case_event *e = &c->events[i];
        size_t index = service_action(c->service, e->action);
        const struct service_action *a = index == NONE ? NULL : &c->service->actions[index];
        bool moved = i == 0 || c->events[i - 1].status != e->status;
        struct str what = a ? words_texts(&s->w, &a->name) : own_step_words(s, c->service, e);
        if (moved && i != 0)
            what = words_of(&s->w, "%.*s: %.*s", STR_ARG(what), STR_ARG(status_words(&s->w, e->status)));
        sheet_step(
            s, what,
            words_of(&s->w, "%.*s, %.*s", STR_ARG(words_time(&s->w, e->time)), STR_ARG(hand_words(s, e))),
            event_more(s, c, i, a));
    }
}

/* --- the case --- */

static struct str desk_words(const struct sheet *s, const struct case_file *c)
{
    struct str office = office_words(&s->w, c->desk);
    return c->official.n ? SF(s, "{}, staff code {}", office, c->official) : office;
}

static void tell_who(struct sheet *s, const struct case_file *c)
{
    if (c->status == RETURNED)
        sheet_fact(s, S(s, "Who has it"), S(s, "you"));
    else if (c->status == FILED)
        sheet_fact(s, S(s, "Who has it"), desk_words(s, c));
}

static struct str flags_words(const struct sheet *s, const struct case_file *c)
{
    struct buf out;
    buf_in(&out, s->w.arena, 2048);
    for (size_t i = 0; i < c->service->flags_n; i++)
        if (c->flags >> i & 1)
            add_line(&out, words_texts(&s->w, &c->service->flags[i].name));
    return buf_view(&out);
}

static void tell_acts(struct sheet *s, const struct case_view *v)
{
    bool headed = false;
    for (size_t a = 0; a < v->c->service->actions_n; a++) {
        if (!v->may[a])
            continue;
        if (!headed)
            sheet_heading(s, S(s, "What you can do now"));
        headed = true;
        const struct service_action *action = &v->c->service->actions[a];
        struct str path = words_of(&s->w, "/me/cases/%s/%.*s", v->c->number, STR_ARG(action->id));
        if (action->moves && action->to == WITHDRAWN)
            sheet_act_second(s, words_texts(&s->w, &action->name), path);
        else
            sheet_act(s, words_texts(&s->w, &action->name), path);
    }
}

/* The time for an appeal runs from the day after the decision. */
static void tell_appeal(struct sheet *s, const struct case_view *v)
{
    const struct service *service = v->c->service;
    int64_t decided = v->c->decided ? v->c->decided : v->c->events[v->c->events_n - 1].time;
    if ((v->c->status != DECIDED_NO && v->c->status != DECIDED_YES && v->c->status != VOID) ||
        service->appeal_within.amount == 0)
        return;
    const struct service_timer timer = {.term = service->appeal_within, .start = START_NEXT_DAY};
    struct deadline d;
    deadline_count(s->w.j, &timer, service->appeal_within, decided, NULL, 0, &d);
    d.verified = service->appeal_verified;
    sheet_heading(s, S(s, "If you do not agree"));
    sheet_fact(s, S(s, "You can appeal to"), words_texts(&s->w, &service->appeal_to));
    sheet_fact(s, S(s, "Until"), deadline_words(&s->w, &d));
    sheet_fact(s, S(s, "Legal basis"), basis_words(&s->w, &service->appeal_basis));
}

static void tell_answers(struct sheet *s, const struct case_file *c)
{
    const struct service *service = c->service;
    bool headed = false;
    for (size_t f = 0; f < service->fields_n; f++) {
        const struct answer *a = &c->answers[f];
        if ((service->fields[f].page == NONE && !a->from_registry) || a->text.n == 0)
            continue;
        if (!headed)
            sheet_heading(s, S(s, "What the case rests on"));
        headed = true;
        struct str value = answer_words(&s->w, &service->fields[f], a->text);
        if (a->from_registry)
            value = SF(s, "{} ({})", value, words_texts(&s->w, &service->fields[f].registry->name));
        struct str id, name;
        if (service->fields[f].type == ANSWER_FILE && attachment_answer(a->text, &id, &name))
            sheet_fact_change(s, words_texts(&s->w, &service->fields[f].label), value, S(s, "Open"),
                              words_of(&s->w, "/me/files/%.*s", STR_ARG(id)));
        else
            sheet_fact(s, words_texts(&s->w, &service->fields[f].label), value);
    }
}

static void tell_documents(struct sheet *s, const struct case_view *v)
{
    if (v->documents_n != 0)
        sheet_heading(s, S(s, "Documents"));
    for (size_t i = 0; i < v->documents_n; i++)
        sheet_link(s, v->documents[i].name, v->documents[i].path, v->documents[i].below);
}

static void tell_signers(struct sheet *s, const struct case_view *v)
{
    if (v->signers_n != 0)
        sheet_heading(s, S(s, "Who must agree"));
    for (size_t i = 0; i < v->signers_n; i++)
        sheet_fact(s, v->signers[i].name, v->signers[i].below);
}

static void tell_looks(struct sheet *s, const struct case_view *v)
{
    sheet_heading(s, S(s, "Who looked at your data for this case"));
    if (v->looks_n == 0)
        sheet_text(s, NULL, S(s, "Nobody so far."));
    for (size_t i = 0; i < v->looks_n; i++)
        sheet_link(s, v->looks[i].title, v->looks[i].path, v->looks[i].told);
}

void case_page(struct sheet *s, const struct case_view *v)
{
    const struct case_file *c = v->c;
    s->caption = words_texts(&s->w, &c->service->name);
    s->title = SF(s, "Case {}", str_of(c->number));
    s->back = STR("/me/cases");
    sheet_note(s, "good", v->filed);
    if (v->next_path.n != 0)
        sheet_act(s, SF(s, "Next: {}", v->next_name), v->next_path);
    sheet_fact(s, S(s, "How it stands"), status_words(&s->w, c->status));
    sheet_fact(s, S(s, "Besides"), flags_words(s, c));
    tell_who(s, c);
    tell_terms(s, v);
    sheet_fact(s, S(s, "Sent"),
               words_of(&s->w, "%.*s, %.*s", STR_ARG(words_time(&s->w, c->filed)),
                        STR_ARG(channel_words(&s->w, c->channel))));
    sheet_fact_change(s, S(s, "Your time"), v->booked, S(s, "Change"), v->booked_path);
    tell_documents(s, v);
    tell_acts(s, v);
    tell_signers(s, v);
    tell_appeal(s, v);
    tell_journal(s, c);
    tell_answers(s, c);
    rules_told(
        s, c->service,
        journey_values(s->w.j, c->service, local_day(s->w.j, c->filed), c->channel, c->answers, s->w.arena));
    tell_looks(s, v);
}

/* --- the list --- */

void cases_page(struct sheet *s, const struct case_list *list)
{
    s->title = S(s, "My cases");
    s->back = STR("/me");
    if (list->drafts_n != 0)
        sheet_heading(s, S(s, "Begun and not sent"));
    for (size_t i = 0; i < list->drafts_n; i++)
        sheet_link(s, list->drafts[i].name, list->drafts[i].path, list->drafts[i].below);
    if (list->rows_n != 0)
        sheet_heading(s, S(s, "Sent"));
    else
        sheet_text(s, NULL, S(s, "You have sent no application yet."));
    for (size_t i = 0; i < list->rows_n; i++)
        sheet_link(s, list->rows[i].name, list->rows[i].path, list->rows[i].below);
    if (list->newer.n != 0)
        sheet_link(s, S(s, "To the newest"), list->newer, STR(""));
    if (list->older.n != 0)
        sheet_link(s, S(s, "Older"), list->older, STR(""));
    sheet_act(s, S(s, "Find a service"), STR("/services"));
}

/* --- an action --- */

static void ask_action_field(struct sheet *s, const struct action_form *form, size_t index)
{
    const struct service_field *f = &form->c->service->fields[index];
    struct sheet_field field = {.ask = f->max == 0 || f->max > 200 ? ASK_AREA : ASK_TEXT,
                                .name = str_c(s->w.arena, f->id),
                                .label = words_texts(&s->w, &f->label),
                                .hint = words_texts(&s->w, &f->hint),
                                .value = form->typed ? form->typed[index] : STR(""),
                                .error = form->errors ? form->errors[index] : STR(""),
                                .max = (unsigned)f->max,
                                .optional = f->optional};
    bool letters = f->type == ANSWER_TEXT || f->type == ANSWER_NAME || f->type == ANSWER_ADDRESS;
    if (!letters) {
        field.ask = ASK_TEXT;
        field.max = 0;
    }
    if (f->options_n != 0) {
        struct sheet_option *options = arena_array(s->w.arena, struct sheet_option, f->options_n);
        for (size_t i = 0; i < f->options_n; i++)
            options[i] = (struct sheet_option){f->options[i].id, words_texts(&s->w, &f->options[i].label)};
        field.ask = ASK_ONE;
        field.options = options;
        field.options_n = f->options_n;
    }
    if (f->type == ANSWER_DATE && field.hint.n == 0)
        field.hint = S(s, "Day, month, year, such as 5.3.2026");
    sheet_ask(s, &field);
}

static const struct case_event *last_return(const struct case_file *c, size_t *ret_index)
{
    for (size_t i = c->events_n; i-- > 1;)
        if (c->events[i].status == RETURNED && c->events[i - 1].status != RETURNED) {
            *ret_index = i;
            return &c->events[i];
        }
    return NULL;
}

size_t fields_to_complete(const struct case_file *c, struct arena *arena, size_t **ret)
{
    size_t n = 0, i = 0;
    const struct case_event *e = last_return(c, &i);
    struct str rest = e ? e->asked : STR(""), id;
    *ret = arena_array(arena, size_t, c->service->fields_n + 1);
    while (str_next(&rest, ',', &id)) {
        size_t f = service_field(c->service, id);
        if (f != NONE && case_changes(c, f))
            (*ret)[n++] = f;
    }
    if (n != 0)
        return n;
    for (size_t f = 0; f < c->service->fields_n; f++)
        if (case_changes(c, f))
            (*ret)[n++] = f;
    return n;
}

/* What was missing, and each answer that can be changed. */
static void ask_completion(struct sheet *s, const struct action_form *form)
{
    const struct case_file *c = form->c;
    const struct service_form questions = {.service = c->service,
                                           .answers = c->answers,
                                           .values =
                                               journey_values(s->w.j, c->service, local_day(s->w.j, c->filed),
                                                              c->channel, c->answers, s->w.arena),
                                           .sent = form->sent,
                                           .typed = form->typed,
                                           .errors = form->errors};
    size_t *fields, n = fields_to_complete(c, s->w.arena, &fields);
    for (size_t i = 0; i < n; i++) {
        size_t page = c->service->fields[fields[i]].page;
        if (journey_page_shown(c->service, page, questions.values, s->w.arena))
            question_ask(s, &questions, fields[i], false);
    }
}

/* Before the questions: whoever goes there has typed nothing yet. */
static void tell_uploads(struct sheet *s, const struct case_file *c)
{
    size_t *fields, n = fields_to_complete(c, s->w.arena, &fields);
    for (size_t i = 0; i < n; i++) {
        const struct service_field *f = &c->service->fields[fields[i]];
        if (f->type == ANSWER_FILE)
            sheet_act(s, SF(s, "Send a file: {}", words_texts(&s->w, &f->label)),
                      words_of(&s->w, "/me/files/%.*s/%.*s?case=%s", STR_ARG(c->service->id), STR_ARG(f->id),
                               c->number));
    }
}

static void tell_return(struct sheet *s, const struct case_file *c)
{
    size_t i = 0;
    const struct case_event *e = last_return(c, &i);
    size_t a = e ? service_action(c->service, e->action) : NONE;
    if (a != NONE)
        sheet_note(s, "info", event_more(s, c, i, &c->service->actions[a]));
}

void action_page(struct sheet *s, const struct action_form *form)
{
    const struct service_action *a = &form->c->service->actions[form->action];
    s->caption = SF(s, "Case {}", str_of(form->c->number));
    s->title = words_texts(&s->w, &a->name);
    s->back = words_of(&s->w, "/me/cases/%s", form->c->number);
    sheet_text(s, NULL, words_texts(&s->w, &form->c->service->name));
    if (a->moves && a->to == WITHDRAWN)
        sheet_note(s, "bad",
                   S(s, "The case ends with it and nothing is decided. You can apply again later, with a "
                        "new term. There is no way back into this case."));
    bool completes = case_completes(form->c, a);
    if (completes) {
        tell_return(s, form->c);
        tell_uploads(s, form->c);
    }
    sheet_form(s, SHEET_POST, words_of(&s->w, "/me/cases/%s/%.*s", form->c->number, STR_ARG(a->id)),
               "/me/cases/{number}/{action}");
    sheet_hidden(s, "seen", words_of(&s->w, "%lld", (long long)form->c->version));
    for (size_t k = 0; k < a->fields_n; k++)
        ask_action_field(s, form, a->fields[k]);
    if (completes)
        ask_completion(s, form);
    if (a->needs & NEEDS_REASON)
        sheet_ask(s, &(struct sheet_field){.ask = ASK_AREA,
                                           .name = "reason",
                                           .label = S(s, "Your reason"),
                                           .value = form->reason,
                                           .error = form->reason_error,
                                           .max = 1000});
    if (a->moves && a->to == WITHDRAWN)
        sheet_button_warning(s, S(s, "Yes, withdraw it"));
    else
        sheet_button(s, words_texts(&s->w, &a->name));
}
