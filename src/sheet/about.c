/* SPDX-License-Identifier: Apache-2.0 */
/* about.c: a service in five lines, and the words for terms, fees, ways and rules. */
#include "base/clock.h"
#include "sheet/service.h"

/* Forms of a counted word, parted by |: for 1; for other numbers ending in 1 but 11; in 2 to 4 but 12 to 14;
 * the rest. A language uses as many as it has. */
static struct str plural(const struct words *w, const char *msgid, unsigned n)
{
    unsigned form = n == 1                                                         ? 0
                    : n % 10 == 1 && n % 100 != 11                                 ? 1
                    : n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 2
                                                                                   : 3;
    struct str rest = words_text(w, msgid), one = rest;
    for (unsigned i = 0; i <= form && str_next(&rest, '|', &one); i++)
        continue;
    return words_fill(w, str_c(w->arena, one), (const struct str[]){words_number(w, n)}, 1);
}

struct str term_words(const struct words *w, struct term term)
{
    static const char *const units[] = {
        [TERM_MINUTES] = N_("{} minute|{} minutes|{} minutes|{} minutes"),
        [TERM_HOURS] = N_("{} hour|{} hours|{} hours|{} hours"),
        [TERM_WORKING_DAYS] = N_("{} working day|{} working days|{} working days|{} working days"),
        [TERM_CALENDAR_DAYS] = N_("{} calendar day|{} calendar days|{} calendar days|{} calendar days"),
        [TERM_MONTHS] = N_("{} month|{} months|{} months|{} months"),
        [TERM_YEARS] = N_("{} year|{} years|{} years|{} years")};
    return plural(w, units[term.unit], term.amount);
}

struct str basis_words(const struct words *w, const struct basis *basis)
{
    struct str law = words_texts(w, &basis->law);
    struct str article = basis->article.n ? basis->article : words_text(w, N_("article not yet entered"));
    return words_of(w, "%.*s, %.*s", STR_ARG(law), STR_ARG(article));
}

struct str channel_words(const struct words *w, enum channel channel)
{
    static const char *const names[CHANNELS_N] = {
        [BY_WEB] = N_("on this site"),       [BY_SMS] = N_("by text message"),
        [BY_USSD] = N_("on a keypad phone"), [BY_VOICE] = N_("by a call"),
        [BY_COUNTER] = N_("at a counter"),   [BY_POINT] = N_("at a village point"),
        [BY_PAPER] = N_("on paper")};
    return channel < CHANNELS_N ? words_text(w, names[channel]) : STR("");
}

static void line(struct buf *out, struct str text)
{
    if (out->n != 0)
        buf_byte(out, '\n');
    buf_str(out, text);
}

static struct str unverified(const struct sheet *s, struct str text, bool verified)
{
    return verified ? text : SF(s, "{} (unverified sample)", text);
}

static struct str fee_words(const struct sheet *s, const struct service_fee *fee,
                            const struct rule_value *values)
{
    struct rule_value amount = rule_eval(fee->amount, values, s->w.arena);
    struct buf out;
    struct str name = words_texts(&s->w, &fee->name), sum = S(s, "depends on your answers");
    buf_in(&out, s->w.arena, 64);
    if (amount.known) {
        rule_value_text(&out, &amount);
        sum = words_money(&s->w, buf_view(&out));
    }
    return unverified(s, words_of(&s->w, "%.*s: %.*s", STR_ARG(name), STR_ARG(sum)), fee->verified);
}

static struct str cost(struct sheet *s, const struct service *service, int32_t day)
{
    const struct rule_value *values = service_facts(s->w.j, service, day, s->w.arena);
    struct buf out;
    buf_in(&out, s->w.arena, 8192);
    for (size_t i = 0; i < service->fees_n; i++) {
        const struct service_fee *fee = &service->fees[i];
        line(&out, fee_words(s, fee, values));
        if (fee->exempt_if != NULL && !texts_empty(&fee->exempt))
            line(&out, SF(s, "Free for: {}", words_texts(&s->w, &fee->exempt)));
    }
    return out.n ? buf_view(&out) : S(s, "Nothing.");
}

static struct str by_law(struct sheet *s, const struct service *service)
{
    size_t decision = service_timer(service, STR("decision"));
    bool verified;
    if (decision == NONE)
        return S(s, "The law sets no term.");
    const struct service_timer *timer = &service->timers[decision];
    struct term term = timer_term(service, timer, BY_WEB, NULL, s->w.arena, &verified);
    if (term.amount == 0)
        return S(s, "The law sets no term.");
    return words_of(&s->w, "%.*s\n%.*s", STR_ARG(unverified(s, term_words(&s->w, term), verified)),
                    STR_ARG(basis_words(&s->w, &timer->basis)));
}

/* Ways that were tried out have their day; the others stand together. */
static struct str offline(struct sheet *s, const struct service *service)
{
    struct buf out, untested;
    buf_in(&out, s->w.arena, 2048);
    buf_in(&untested, s->w.arena, 1024);
    for (enum channel c = 0; c < CHANNELS_N; c++) {
        if ((service->channels & SERVICE_OFFLINE & 1u << c) == 0)
            continue;
        struct str name = channel_words(&s->w, c);
        if (service->tested[c] != 0) {
            line(&out, SF(s, "{}: tried out {}", name, words_day(&s->w, service->tested[c])));
            continue;
        }
        buf_text(&untested, untested.n ? ", " : "");
        buf_str(&untested, name);
    }
    if (untested.n != 0)
        line(&out, SF(s, "{}: not yet tried out", buf_view(&untested)));
    return buf_view(&out);
}

static void tell_window(struct sheet *s, const struct service *service, int32_t day)
{
    if (!service->has_window)
        return;
    struct date today = date_of_days(day);
    int32_t opens =
                date_days((struct date){today.year, (int)service->opens / 100, (int)service->opens % 100}),
            closes =
                date_days((struct date){today.year, (int)service->closes / 100, (int)service->closes % 100});
    sheet_fact(s, S(s, "Season for filing"),
               SF(s, "from {} to {}", words_day(&s->w, opens), words_day(&s->w, closes)));
}

/* From which registries something would be read, so that it is not asked. */
static void tell_registries(struct sheet *s, const struct service *service)
{
    bool any = false;
    for (size_t f = 0; f < service->fields_n; f++)
        any |= service->fields[f].registry != NULL;
    if (!any)
        return;
    sheet_heading(s, S(s, "What is not asked, because the state holds it"));
    for (size_t f = 0; f < service->fields_n; f++) {
        const struct service_field *field = &service->fields[f];
        if (field->registry != NULL)
            sheet_item(s, words_of(&s->w, "%.*s: %.*s", STR_ARG(words_texts(&s->w, &field->registry->name)),
                                   STR_ARG(words_texts(&s->w, &field->label))));
    }
    sheet_text(s, "small",
               S(s, "Each of these registries is read once, when you begin, as a look by yourself: it "
                    "stands in your list like any other."));
}

static void tell_way(struct sheet *s, const struct service *service, const struct service_view *view)
{
    switch (view->way) {
    case BEGIN_LOG_IN:
        sheet_act(s, S(s, "Log in to begin"),
                  words_of(&s->w, "/login?to=/services/%.*s", STR_ARG(service->id)));
        break;
    case BEGIN_NOW:
    case BEGIN_GO_ON:
        sheet_form(s, SHEET_POST, words_of(&s->w, "/services/%.*s/start", STR_ARG(service->id)),
                   "/services/{service}/start");
        sheet_button(s, view->way == BEGIN_NOW ? S(s, "Begin") : S(s, "Go on where you stopped"));
        break;
    case BEGIN_NOT_YOURS:
        sheet_note(s, "info",
                   service->organisations
                       ? S(s, "This is for organisations: act for yours first, under “Acting for others”.")
                       : S(s, "This is for people: stop acting for the organisation first."));
        break;
    case BEGIN_NOT_COVERED:
        sheet_note(
            s, "info",
            S(s, "What you act by does not cover this service. The person can give you a mandate for it."));
        break;
    case BEGIN_ELSEWHERE:
        if ((service->channels >> BY_WEB & 1) == 0)
            sheet_note(s, "info", S(s, "This cannot be filed on this site, only in the ways above."));
        else
            sheet_note(s, "info",
                       SF(s, "Closed at this season; it opens {}.",
                          words_day(&s->w, service_next_opening(service, view->day))));
        break;
    }
}

void service_page(struct sheet *s, const struct service *service, const struct service_view *view)
{
    s->title = words_texts(&s->w, &service->name);
    s->back = STR("/services");
    sheet_text(s, "lead", words_texts(&s->w, &service->summary));
    sheet_fact(s, S(s, "It costs"), cost(s, service, view->day));
    sheet_fact(s, S(s, "By law it takes"), by_law(s, service));
    sheet_fact_change(s, S(s, "It really took"),
                      view->took.n ? view->took : S(s, "Last quarter there were none, or too few to say."),
                      S(s, "All figures"),
                      words_of(&s->w, "/services/statistics/%.*s", STR_ARG(service->id)));
    sheet_fact(s, S(s, "Without the internet"), offline(s, service));
    tell_window(s, service, view->day);
    sheet_fact(s, S(s, "From"),
               words_of(&s->w, "%.*s, %.*s", STR_ARG(words_texts(&s->w, &service->provider->agency->name)),
                        STR_ARG(words_texts(&s->w, &service->provider->name))));
    sheet_fact(s, S(s, "Legal basis"), basis_words(&s->w, &service->basis));
    if (service->unverified != 0)
        sheet_note(s, "bad",
                   S(s, "Unverified sample: no lawyer has compared all terms, fees and articles of this "
                        "service with the acts yet. It is not the law."));
    tell_way(s, service, view);
    tell_registries(s, service);
    for (size_t i = 0; i < service->life_events_n; i++) {
        const struct life_event *event = &s->w.j->life_events[service->life_events[i]];
        const struct service **list;
        if (i == 0)
            sheet_heading(s, S(s, "Belongs to"));
        if (life_services(s->w.j, event, s->w.arena, &list) != 0)
            sheet_link(s, words_texts(&s->w, &event->name), words_of(&s->w, "/life/%.*s", STR_ARG(event->id)),
                       STR(""));
    }
}

void rules_told(struct sheet *s, const struct service *service, const struct rule_value *values)
{
    bool headed = false;
    for (size_t i = 0; i < service->rules_n; i++) {
        const struct service_rule *rule = &service->rules[i];
        const struct rule_value *v = &values[service->first_rule + i];
        struct str told = words_texts(&s->w, v->known && v->type == RULE_YES_NO && !v->yes ? &rule->otherwise
                                                                                           : &rule->sentence);
        if (!v->known)
            told = SF(s, "Not known yet: {}?", told);
        else if (v->type != RULE_YES_NO) {
            struct buf out;
            buf_in(&out, s->w.arena, 4096);
            rule_value_text(&out, v);
            told = words_of(&s->w, "%.*s: %.*s", STR_ARG(told), STR_ARG(buf_view(&out)));
        }
        if (!headed)
            sheet_heading(s, S(s, "What follows from it"));
        headed = true;
        sheet_item(s, unverified(s,
                                 words_of(&s->w, v->known ? "%.*s. %.*s" : "%.*s %.*s", STR_ARG(told),
                                          STR_ARG(basis_words(&s->w, &rule->basis))),
                                 rule->verified));
    }
}
