/* SPDX-License-Identifier: Apache-2.0 */
/* service_show.c: a service as text: what it is, what is asked, what follows, what happens by when. */
#include "base/clock.h"
#include "cli/service_cli.h"

static void print_basis(const struct service_view *v, const struct basis *basis, struct buf *out)
{
    buf_str(out, in_view(v, &basis->law));
    if (basis->article.n != 0)
        buf_printf(out, ", %.*s", STR_ARG(basis->article));
    else
        buf_text(out, ", article not yet entered");
}

static void print_flags(const struct service *s, unsigned flags, const char *sign, struct buf *out)
{
    for (size_t f = 0; f < s->flags_n; f++)
        if (flags >> f & 1)
            buf_printf(out, " %s%.*s", sign, STR_ARG(s->flags[f].id));
}

static void print_bits(unsigned bits, const char *const *names, size_t n, struct buf *out)
{
    const char *between = "";
    for (size_t i = 0; i < n; i++) {
        if (bits >> i & 1) {
            buf_printf(out, "%s%s", between, names[i]);
            between = ", ";
        }
    }
}

static void head(const struct service_view *v, struct buf *out)
{
    const struct service *s = v->s;
    buf_printf(out, "%.*s\n%.*s, version %u\n\n%.*s\n\n", STR_ARG(in_view(v, &s->name)), STR_ARG(s->id),
               s->version, STR_ARG(in_view(v, &s->summary)));
    if (s->unverified != 0)
        buf_printf(
            out,
            "UNVERIFIED SAMPLE: %u terms, fees, rules or articles are not confirmed; not for use as law.\n\n",
            s->unverified);
    buf_printf(out, "Provider    %.*s, %.*s\n", STR_ARG(in_view(v, &s->provider->agency->name)),
               STR_ARG(in_view(v, &s->provider->name)));
    buf_printf(out, "Procedure   %.*s (%s)\nBasis       ", STR_ARG(in_view(v, &s->procedure->name)),
               archetype_name(s->procedure->archetype));
    print_basis(v, &s->basis, out);
    buf_text(out, "\nChannels    ");
    for (unsigned c = 0, n = 0; c < CHANNELS_N; c++)
        if (s->channels >> c & 1)
            buf_printf(out, "%s%s%s", n++ ? ", " : "", channel_name((enum channel)c),
                       s->tested[c] ? "" : " (untested)");
    if (s->has_window)
        buf_printf(out, "\nSeason      %02u-%02u to %02u-%02u", s->opens / 100, s->opens % 100,
                   s->closes / 100, s->closes % 100);
    buf_text(out, "\n");
}

static void questions(const struct service_view *v, struct buf *out)
{
    const struct service *s = v->s;
    size_t held = 0;
    buf_text(out, "\nAsked\n");
    for (size_t p = 0, n = 0; p < s->pages_n; p++) {
        for (size_t k = 0; k < s->pages[p].fields_n; k++) {
            const struct service_field *f = &s->fields[s->pages[p].fields[k]];
            if (f->registry != NULL)
                continue;
            buf_printf(out, "  %2zu. %.*s  [%s%s%s]\n", ++n, STR_ARG(in_view(v, &f->label)),
                       answer_type_name(f->type), f->optional ? ", optional" : "",
                       s->pages[p].condition ? ", only if it matters" : "");
        }
    }
    for (size_t i = 0; i < s->fields_n; i++) {
        const struct service_field *f = &s->fields[i];
        if (f->registry == NULL)
            continue;
        if (held++ == 0)
            buf_text(out, "Not asked while a registry holds it\n");
        buf_printf(out, "   -  %.*s  [%.*s; %.*s]\n", STR_ARG(in_view(v, &f->label)),
                   STR_ARG(in_view(v, &f->registry->name)), STR_ARG(in_view(v, &f->purpose->name)));
    }
}

static void rules(const struct service_view *v, struct buf *out)
{
    for (size_t i = 0; i < v->s->rules_n; i++) {
        const struct service_rule *r = &v->s->rules[i];
        buf_printf(out, "%s  %.*s: %.*s\n      %.*s\n      ", i ? "" : "\nRules\n", STR_ARG(r->id),
                   STR_ARG(r->is), STR_ARG(in_view(v, &r->sentence)));
        print_basis(v, &r->basis, out);
        buf_text(out, r->verified ? "\n" : " [unverified sample]\n");
    }
}

static void fees(const struct service_view *v, int64_t filed, struct buf *out)
{
    const struct service *s = v->s;
    struct rule_value *values = service_facts(v->j, s, local_day(v->j, filed), v->arena);
    service_evaluate(s, values, v->arena);
    buf_text(out, s->fees_n ? "\nFees\n" : "\nFees\n  free\n");
    for (size_t i = 0; i < s->fees_n; i++) {
        const struct service_fee *fee = &s->fees[i];
        struct rule_value amount = rule_eval(fee->amount, values, v->arena);
        buf_printf(out, "  %.*s: ", STR_ARG(in_view(v, &fee->name)));
        if (amount.known)
            rule_value_text(out, &amount);
        else
            buf_text(out, "by circumstances");
        buf_printf(out, " %.*s, %s%s\n", STR_ARG(v->j->money),
                   fee->before_filing ? "before filing" : "before the result",
                   fee->verified ? "" : " [unverified sample]");
    }
}

static void flow(const struct service_view *v, struct buf *out)
{
    static const char *const whos[] = {"applicant", "co-signer", "official", "machine", "timer"};
    static const char *const needs[] = {"reason",        "article", "hearing",
                                        "second person", "minutes", "signature"};
    const struct service *s = v->s;
    buf_text(out, "\nFlow\n");
    for (unsigned status = 0; status < STATUSES_N; status++) {
        bool any = false;
        for (size_t i = 0; i < s->actions_n; i++) {
            const struct service_action *a = &s->actions[i];
            if ((a->from >> status & 1) == 0)
                continue;
            if (!any)
                buf_printf(out, "  %s\n", status_name((enum case_status)status));
            any = true;
            buf_printf(out, "    %.*s", STR_ARG(in_view(v, &a->name)));
            buf_text(out, " (");
            print_bits(a->who, whos, ARRAY_LEN(whos), out);
            buf_text(out, ")");
            print_flags(s, a->with, "if ", out);
            print_flags(s, a->without, "unless ", out);
            if (a->moves)
                buf_printf(out, " → %s", status_name(a->to));
            print_flags(s, a->sets, "+", out);
            print_flags(s, a->clears, "-", out);
            if (a->needs != 0) {
                buf_text(out, "; needs ");
                print_bits(a->needs, needs, ARRAY_LEN(needs), out);
            }
            buf_byte(out, '\n');
        }
    }
}

static void deadlines(const struct service_view *v, int64_t filed, struct buf *out)
{
    const struct service *s = v->s;
    int32_t day = local_day(v->j, filed);
    buf_text(out, "\nIf filed on ");
    print_day(day, out);
    buf_text(out, "\n");
    for (size_t i = 0; i < s->timers_n; i++) {
        const struct service_timer *t = &s->timers[i];
        struct deadline d;
        buf_text(out, "  ");
        if (t->on_flag) {
            buf_printf(out, "%.*s: ", STR_ARG(in_view(v, &t->name)));
            print_term(t->term, out);
            buf_printf(out, " from the day of “%.*s”%s\n", STR_ARG(in_view(v, &s->flags[t->on].name)),
                       t->verified ? "" : " [unverified sample]");
            continue;
        }
        deadline_count(v->j, t, t->term, filed, NULL, 0, &d);
        d.verified = t->verified;
        print_deadline(v, t, &d, out);
        for (unsigned c = 0; c < CHANNELS_N; c++) {
            if (t->by_channel[c].amount != 0) {
                buf_printf(out, "      by %s: ", channel_name((enum channel)c));
                print_term(t->by_channel[c], out);
                buf_byte(out, '\n');
            }
        }
        for (size_t c = 0; c < t->cases_n; c++) {
            buf_text(out, "      or ");
            print_term(t->cases[c].term, out);
            buf_text(out, t->cases[c].verified ? ", by circumstances\n"
                                               : ", by circumstances [unverified sample]\n");
        }
        if (t->pause_on != 0) {
            buf_text(out, "      the clock stops while");
            print_flags(s, t->pause_on, "", out);
            buf_text(out, t->again ? ", then runs again in full\n" : ", then goes on\n");
        }
    }
}

void service_describe(const struct service_view *v, int64_t filed, struct buf *out)
{
    head(v, out);
    questions(v, out);
    rules(v, out);
    fees(v, filed, out);
    flow(v, out);
    deadlines(v, filed, out);
    if (v->s->appeal_within.amount != 0) {
        buf_printf(out, "\nAppeal\n  %.*s, within ", STR_ARG(in_view(v, &v->s->appeal_to)));
        print_term(v->s->appeal_within, out);
        buf_text(out, ". ");
        print_basis(v, &v->s->appeal_basis, out);
        buf_text(out, v->s->appeal_verified ? "\n" : " [unverified sample]\n");
    }
}
