/* SPDX-License-Identifier: Apache-2.0 */
/* service_try.c: aina service try: the service as a person meets it, in the terminal: one thing a page, the
 * answers to check, the date by which, and what happens next. Nothing is stored; what a registry would say is
 * typed too. */
#include <stdio.h>

#include "base/clock.h"
#include "case/trace.h"
#include "cli/service_cli.h"

struct walk {
    const struct service_view *v;
    struct answer *answers;
    enum channel channel;
    int64_t filed;
    int32_t day;
    const char *trace; /* file for the evaluation; NULL: none */
    bool ended;        /* no more input */
};

static void show(const struct buf *out)
{
    cli_print(out);
    fflush(stdout);
}

/* One line without its end; false at the end of input. */
static bool read_line(struct walk *w, struct str *ret)
{
    char line[8192];
    if (fgets(line, sizeof line, stdin) == NULL) {
        w->ended = true;
        return false;
    }
    *ret = str_trim(str_dup(w->v->arena, str_of(line)));
    return true;
}

static void ask_head(const struct walk *w, const struct service_field *f, bool optional, bool held)
{
    struct buf out;
    buf_in(&out, w->v->arena, 65536);
    buf_printf(&out, "\n%.*s%s\n", STR_ARG(in_view(w->v, &f->label)), optional && !held ? " (optional)" : "");
    if (held)
        buf_printf(&out, "  [%.*s holds this; type what it says, or nothing if it has no record]\n",
                   STR_ARG(in_view(w->v, &f->registry->name)));
    if (!texts_empty(&f->hint))
        buf_printf(&out, "  %.*s\n", STR_ARG(in_view(w->v, &f->hint)));
    if (!texts_empty(&f->why))
        buf_printf(&out, "  Why: %.*s\n", STR_ARG(in_view(w->v, &f->why)));
    for (size_t o = 0; o < f->options_n; o++)
        buf_printf(&out, "  %zu. %.*s\n", o + 1, STR_ARG(in_view(w->v, &f->options[o].label)));
    if (f->repeat > 1)
        buf_printf(&out, "  Up to %u answers, one a line; an empty line ends them.\n", f->repeat);
    buf_text(&out, "> ");
    show(&out);
}

static bool add_answer(struct walk *w, size_t field, struct str typed)
{
    const struct service_field *f = &w->v->s->fields[field];
    struct answer *a = &w->answers[field];
    struct str text;
    struct err err;
    if (!answer_check(w->v->j, f, typed, w->v->arena, &text, &err)) {
        printf("There is a problem: %s\n> ", err.text);
        fflush(stdout);
        return false;
    }
    struct buf whole;
    buf_in(&whole, w->v->arena, 65536);
    if (a->text.n != 0 && f->repeat > 1) {
        buf_str(&whole, a->text);
        buf_byte(&whole, '\n');
        buf_str(&whole, text);
        text = buf_view(&whole);
    }
    a->text = text;
    return true;
}

/* True when answered; false when the reader went back or the input ended. */
static bool ask(struct walk *w, size_t field, bool optional, bool held)
{
    const struct service_field *f = &w->v->s->fields[field];
    struct answer *a = &w->answers[field];
    struct str typed;
    unsigned n = 0;
    *a = (struct answer){.from_registry = held};
    ask_head(w, f, optional, held);
    while (read_line(w, &typed)) {
        if (str_is(typed, "<"))
            return false;
        if (typed.n == 0 && (n != 0 || optional || held)) {
            a->given = n != 0 || !held;
            return true;
        }
        if (typed.n == 0) {
            printf("There is a problem: this is needed. (< goes back)\n> ");
            fflush(stdout);
        } else if (add_answer(w, field, typed) && ++n == f->repeat) {
            a->given = true;
            return true;
        }
    }
    return false;
}

static const struct rule_value *values_of(struct walk *w)
{
    return journey_values(w->v->j, w->v->s, w->day, w->channel, w->answers, w->v->arena);
}

/* What the gate would read before the first question. */
static bool read_registries(struct walk *w)
{
    const struct service *s = w->v->s;
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].registry != NULL && s->fields[f].about == NONE && !ask(w, f, true, true) && w->ended)
            return false;
    return true;
}

static bool ask_page(struct walk *w, size_t page)
{
    const struct service *s = w->v->s;
    if (s->pages[page].fields_n > 1)
        printf("\n== %.*s\n", STR_ARG(in_view(w->v, &s->pages[page].title)));
    for (size_t k = 0; k < s->pages[page].fields_n; k++) {
        size_t f = s->pages[page].fields[k];
        if (!w->answers[f].given && !ask(w, f, !journey_required(s, f, values_of(w), w->v->arena), false))
            return false;
        for (size_t i = 0; i < s->fields_n; i++) /* what is held about the person just named */
            if (s->fields[i].about == f && s->fields[i].registry != NULL && !ask(w, i, true, true))
                return false;
    }
    return true;
}

/* Opens the last answered page again. */
static void go_back(struct walk *w, size_t page)
{
    const struct service *s = w->v->s;
    while (page-- > 0) {
        if (!journey_page_shown(s, page, values_of(w), w->v->arena))
            continue;
        for (size_t k = 0; k < s->pages[page].fields_n; k++)
            w->answers[s->pages[page].fields[k]] = (struct answer){0};
        return;
    }
}

/* Lists the answers; a number opens one again. False when the input ended. */
static bool check_answers(struct walk *w, bool *ret_file)
{
    const struct service *s = w->v->s;
    struct buf out;
    struct str typed;
    uint64_t chosen;
    size_t shown[256], n = 0;
    buf_in(&out, w->v->arena, 65536);
    buf_text(&out, "\nCheck your answers\n");
    for (size_t p = 0; p < s->pages_n; p++) {
        if (!journey_page_shown(s, p, values_of(w), w->v->arena))
            continue;
        for (size_t k = 0; k < s->pages[p].fields_n && n < ARRAY_LEN(shown); k++) {
            size_t f = s->pages[p].fields[k];
            struct str text =
                answer_shown(w->v->j, &s->fields[f], w->answers[f].text, w->v->language, w->v->arena);
            shown[n++] = f;
            buf_printf(&out, "  %zu. %.*s: %.*s%s\n", n, STR_ARG(in_view(w->v, &s->fields[f].label)),
                       STR_ARG(text.n ? text : STR("not provided")),
                       w->answers[f].from_registry && text.n ? " (registry)" : "");
        }
    }
    buf_text(&out, "Type a number to change an answer, or nothing to file the application.\n> ");
    show(&out);
    if (!read_line(w, &typed))
        return false;
    *ret_file = typed.n == 0;
    if (text_u64(typed, &chosen) && chosen >= 1 && chosen <= n)
        w->answers[shown[chosen - 1]] = (struct answer){0};
    return true;
}

static void tell_basis(const struct walk *w, const struct basis *basis, struct buf *out)
{
    buf_printf(out, "      %.*s, %.*s\n", STR_ARG(in_view(w->v, &basis->law)),
               STR_ARG(basis->article.n ? basis->article : STR("article not yet entered")));
}

/* Each rule with its sentence, its facts and its article. */
static void tell_rules(struct walk *w, const struct rule_value *values, struct buf *out)
{
    const struct service *s = w->v->s;
    for (size_t i = 0; i < s->rules_n; i++) {
        const struct service_rule *r = &s->rules[i];
        const struct rule_value *v = &values[s->first_rule + i];
        buf_text(out, i ? "" : "\nWhat follows from it\n");
        if (!v->known)
            buf_printf(out, "  not known: %.*s?\n", STR_ARG(in_view(w->v, &r->sentence)));
        else if (v->type == RULE_YES_NO)
            buf_printf(out, "  %.*s\n", STR_ARG(in_view(w->v, v->yes ? &r->sentence : &r->otherwise)));
        else {
            buf_printf(out, "  %.*s: ", STR_ARG(in_view(w->v, &r->sentence)));
            rule_value_text(out, v);
            buf_byte(out, '\n');
        }
        buf_printf(out, "      %.*s\n", STR_ARG(r->is));
        tell_basis(w, &r->basis, out);
    }
}

static void tell_fees(struct walk *w, const struct rule_value *values, struct buf *out)
{
    const struct service *s = w->v->s;
    for (size_t i = 0; i < s->fees_n; i++) {
        struct rule_value amount = rule_eval(s->fees[i].amount, values, w->v->arena);
        struct rule_value exempt =
            s->fees[i].exempt_if ? rule_eval(s->fees[i].exempt_if, values, w->v->arena) : rule_yes_no(false);
        buf_printf(out, "\n%.*s: ", STR_ARG(in_view(w->v, &s->fees[i].name)));
        if (exempt.known && exempt.yes)
            buf_printf(out, "free. %.*s", STR_ARG(in_view(w->v, &s->fees[i].exempt)));
        else {
            rule_value_text(out, &amount);
            buf_printf(out, " %.*s%s", STR_ARG(w->v->j->money),
                       s->fees[i].verified ? "" : " [unverified sample]");
        }
        buf_byte(out, '\n');
    }
}

static void tell_deadlines(struct walk *w, const struct rule_value *values, struct buf *out)
{
    const struct service *s = w->v->s;
    for (size_t i = 0; i < s->timers_n; i++) {
        const struct service_timer *t = &s->timers[i];
        struct deadline d;
        bool verified;
        if (t->on_flag || t->on != FILED)
            continue;
        struct term term = timer_term(s, t, w->channel, values, w->v->arena, &verified);
        deadline_count(w->v->j, t, term, w->filed, NULL, 0, &d);
        d.verified = verified;
        buf_text(out, "  ");
        print_deadline(w->v, t, &d, out);
    }
}

static void tell_next(struct walk *w, const struct rule_value *values, struct buf *out)
{
    const struct service *s = w->v->s;
    bool machine = false;
    for (size_t i = 0; i < s->actions_n && !machine; i++) {
        const struct service_action *a = &s->actions[i];
        if ((a->who & BY_MACHINE) == 0 || !action_allowed(s, a, FILED, 0))
            continue;
        struct rule_value holds =
            a->condition ? rule_eval(a->condition, values, w->v->arena) : rule_yes_no(true);
        machine = holds.known && holds.yes;
        if (machine)
            buf_printf(out, "\nAt once, by rule: %.*s%s%s\n", STR_ARG(in_view(w->v, &a->name)),
                       a->moves ? " → " : "", a->moves ? status_name(a->to) : "");
    }
    if (machine)
        return;
    buf_printf(out, "\nNow it goes to a person: %.*s, %.*s, who may\n",
               STR_ARG(in_view(w->v, &s->provider->agency->name)),
               STR_ARG(in_view(w->v, &s->provider->name)));
    for (size_t i = 0; i < s->actions_n; i++)
        if ((s->actions[i].who & BY_OFFICIAL) != 0 && action_allowed(s, &s->actions[i], FILED, 0))
            buf_printf(out, "  - %.*s\n", STR_ARG(in_view(w->v, &s->actions[i].name)));
}

static void tell_messages(struct walk *w, const struct rule_value *values, struct buf *out)
{
    const struct service *s = w->v->s;
    size_t file = 0, decision = service_timer(s, STR("decision"));
    struct deadline d;
    struct buf due;
    bool verified;
    while (file < s->actions_n && s->actions[file].does != DOES_FILE)
        file++;
    buf_in(&due, w->v->arena, 40);
    deadline_count(w->v->j, &s->timers[decision],
                   timer_term(s, &s->timers[decision], w->channel, values, w->v->arena, &verified), w->filed,
                   NULL, 0, &d);
    print_day(d.day, &due);
    const struct template_value more[] = {{STR("case"), STR("SAMPLE-000001")},
                                          {STR("due"), buf_view(&due)},
                                          {STR("service"), in_view(w->v, &s->name)},
                                          {{"", 0}, {"", 0}}};
    for (size_t i = 0; i < s->messages_n; i++) {
        const struct service_message *m = &s->messages[i];
        if (file == s->actions_n || (m->actions >> file & 1) == 0)
            continue;
        bool by_phone = (w->channel == BY_SMS || w->channel == BY_USSD) && !texts_empty(&m->sms);
        buf_text(out, "\nYou are told: ");
        template_fill(w->v->j, s, in_view(w->v, by_phone ? &m->sms : &m->screen), w->answers, values,
                      w->v->language, more, w->v->arena, out);
        buf_byte(out, '\n');
    }
}

static bool write_trace(const struct walk *w, const struct rule_value *values)
{
    struct buf out;
    buf_in(&out, w->v->arena, 1 << 20);
    trace_write(w->v->s, values, &out);
    FILE *file = fopen(w->trace, "we");
    bool ok = file != NULL && fwrite(out.p, 1, out.n, file) == out.n;
    ok &= file != NULL && fclose(file) == 0;
    if (!ok)
        fprintf(stderr, "aina: cannot write %s\n", w->trace);
    return ok;
}

static int filed(struct walk *w)
{
    const struct rule_value *values = values_of(w);
    struct buf out;
    buf_in(&out, w->v->arena, 1 << 20);
    buf_text(&out, "\nFiled. (A trial: nothing was stored or sent.)\n");
    tell_messages(w, values, &out);
    tell_rules(w, values, &out);
    tell_fees(w, values, &out);
    buf_text(&out, "\nBy when\n");
    tell_deadlines(w, values, &out);
    tell_next(w, values, &out);
    show(&out);
    return w->trace == NULL || write_trace(w, values) ? EXIT_DONE : EXIT_REFUSED;
}

int service_walk(const struct service_view *v, enum channel channel, int64_t filed_at, const char *trace)
{
    const struct service *s = v->s;
    struct walk w = {.v = v, .channel = channel, .filed = filed_at, .day = local_day(v->j, filed_at)};
    w.trace = trace;
    w.answers = arena_array(v->arena, struct answer, s->fields_n + 1);
    if ((s->channels >> channel & 1) == 0) {
        fprintf(stderr, "aina: this service cannot be filed by %s\n", channel_name(channel));
        return EXIT_REFUSED;
    }
    if (!service_open_on(s, w.day)) {
        struct buf out;
        buf_in(&out, v->arena, 200);
        buf_text(&out, "Closed at this season; it opens on ");
        print_day(service_next_opening(s, w.day), &out);
        buf_text(&out, ".\n");
        show(&out);
        return EXIT_REFUSED;
    }
    printf("%.*s\n%.*s\n", STR_ARG(in_view(v, &s->name)), STR_ARG(in_view(v, &s->summary)));
    bool file = false, going = read_registries(&w);
    while (going && !file) {
        size_t page = journey_next(s, w.answers, values_of(&w), v->arena);
        if (page == s->pages_n)
            going = check_answers(&w, &file);
        else if (!ask_page(&w, page)) {
            going = !w.ended;
            go_back(&w, page);
        }
    }
    if (file)
        return filed(&w);
    printf("\nNot filed: the input ended.\n");
    return EXIT_REFUSED;
}
