/* SPDX-License-Identifier: Apache-2.0 */
/* service_svg.c: a service as a picture: statuses as boxes, actions as arrows between them, actions that only
 * move flags as lines in their box, and below it the terms as bars on a calendar. */
#include "base/clock.h"
#include "cli/service_cli.h"

#define WIDTH 980
#define LINE 17
#define BOX 300

static void escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '<')
            buf_text(out, "&lt;");
        else if (c == '&')
            buf_text(out, "&amp;");
        else
            buf_byte(out, (uint8_t)c);
    }
}

/* The first `max` characters. */
static struct str cut(struct str text, size_t max)
{
    size_t i = 0, n = 0;
    while (i < text.n && n < max) {
        i++;
        while (i < text.n && ((unsigned char)text.p[i] & 0xC0) == 0x80)
            i++;
        n++;
    }
    return (struct str){text.p, i};
}

static void say_at(struct buf *out, int x, int y, const char *class, struct str text, size_t max)
{
    struct str shown = cut(text, max);
    buf_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    escaped(out, shown);
    buf_text(out, shown.n < text.n ? "…</text>\n" : "</text>\n");
}

static bool is_reached(const struct service *s, unsigned status)
{
    bool reached = status == DRAFT;
    for (size_t i = 0; i < s->actions_n; i++)
        reached |= s->actions[i].moves && s->actions[i].to == status;
    return reached;
}

static bool stays(const struct service_action *a, unsigned status)
{
    return (a->from >> status & 1) != 0 && (!a->moves || a->to == status);
}

static unsigned inside(const struct service *s, unsigned status)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->actions_n; i++)
        n += stays(&s->actions[i], status);
    return n;
}

static void box(const struct service_view *v, unsigned status, int x, int y, int height, struct buf *out)
{
    const struct service *s = v->s;
    bool final = status >= DECIDED_YES;
    buf_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" class=\"%s\"/>\n", x, y, BOX,
               height, final ? "end" : "box");
    say_at(out, x + 12, y + 22, "status", str_of(status_name((enum case_status)status)), 20);
    for (size_t i = 0, n = 0; i < s->actions_n; i++)
        if (stays(&s->actions[i], status))
            say_at(out, x + 12, y + 44 + (int)(LINE * n++), "inner", in_view(v, &s->actions[i].name), 38);
}

/* All actions from one status to another share an arrow; their names stand on it. */
static void arrow(const struct service_view *v, unsigned from, unsigned to, const int *xs, const int *ys,
                  const int *heights, int *lane, struct buf *out)
{
    const struct service *s = v->s;
    int names = 0, up = ys[from] > ys[to], same_column = xs[from] == xs[to];
    for (size_t i = 0; i < s->actions_n; i++)
        names += s->actions[i].moves && s->actions[i].to == to && (s->actions[i].from >> from & 1) != 0;
    if (names == 0 || from == to)
        return;
    int x1 = xs[from] + BOX, y1 = ys[from] + 18 + *lane, x2 = xs[to], y2 = ys[to] + 18;
    if (same_column) {
        x1 = x2 = xs[from] + 40 + *lane * 3;
        y1 = up ? ys[from] : ys[from] + heights[from];
        y2 = up ? ys[to] + heights[to] : ys[to];
    }
    buf_printf(out, "<path d=\"M%d %d C%d %d %d %d %d %d\" class=\"arrow\"/>\n", x1, y1,
               same_column ? x1 : x1 + 60, same_column ? (y1 + y2) / 2 : y1, same_column ? x2 : x2 - 60,
               same_column ? (y1 + y2) / 2 : y2, x2, y2);
    *lane += 14;
}

/* Names of the actions that lead into a status, above its box. */
static int labels(const struct service_view *v, unsigned to, int x, int y, struct buf *out)
{
    static const char *const whos[] = {"applicant", "co-signer", "official", "machine", "timer"};
    int n = 0;
    for (size_t i = 0; i < v->s->actions_n; i++) {
        const struct service_action *a = &v->s->actions[i];
        if (!a->moves || a->to != to || stays(a, to))
            continue;
        struct buf text;
        buf_in(&text, v->arena, 400);
        buf_str(&text, in_view(v, &a->name));
        for (size_t w = 0; w < ARRAY_LEN(whos); w++)
            if (a->who >> w & 1)
                buf_printf(&text, " · %s", whos[w]);
        say_at(out, x, y + LINE * n++, "label", buf_view(&text), 46);
    }
    return n;
}

static unsigned leading_to(const struct service *s, unsigned to)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->actions_n; i++)
        n += s->actions[i].moves && s->actions[i].to == to && !stays(&s->actions[i], to);
    return n;
}

/* Draft, filed and returned in one column, the ends in the other. Returns the height used. */
static int draw_flow(const struct service_view *v, int top, struct buf *out)
{
    const struct service *s = v->s;
    int xs[STATUSES_N] = {0}, ys[STATUSES_N] = {0}, heights[STATUSES_N] = {0}, bottom[2] = {top, top};
    for (unsigned status = 0; status < STATUSES_N; status++) {
        if (!is_reached(s, status))
            continue;
        int column = status >= DECIDED_YES;
        heights[status] = 34 + (inside(s, status) ? 12 + LINE * (int)inside(s, status) : 0);
        xs[status] = column ? WIDTH - BOX - 60 : 40;
        ys[status] = bottom[column] + LINE * (int)leading_to(s, status) + 8;
        bottom[column] = ys[status] + heights[status] + 34;
    }
    for (unsigned from = 0; from < STATUSES_N; from++) {
        int lane = 0;
        for (unsigned to = 0; to < STATUSES_N; to++)
            if (heights[from] != 0 && heights[to] != 0)
                arrow(v, from, to, xs, ys, heights, &lane, out);
    }
    for (unsigned status = 0; status < STATUSES_N; status++) {
        if (heights[status] == 0)
            continue;
        box(v, status, xs[status], ys[status], heights[status], out);
        labels(v, status, xs[status] + (status >= DECIDED_YES ? 0 : 70),
               ys[status] - LINE * ((int)leading_to(s, status) - 1) - 8, out);
    }
    return MAX_OF(bottom[0], bottom[1]);
}

static int draw_terms(const struct service_view *v, int64_t filed, int top, struct buf *out)
{
    const struct service *s = v->s;
    int32_t first = local_day(v->j, filed), last = first + 7;
    struct deadline d;
    for (size_t i = 0; i < s->timers_n; i++) {
        if (s->timers[i].on_flag || s->timers[i].on != FILED)
            continue;
        deadline_count(v->j, &s->timers[i], s->timers[i].term, filed, NULL, 0, &d);
        last = MAX_OF(last, d.day + 1);
    }
    double scale = (WIDTH - 80.0) / (last - first + 1);
    for (int32_t day = first; day <= last && last - first < 200; day++)
        if (!jurisdiction_working_day(v->j, day))
            buf_printf(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"14\" class=\"rest\"/>\n",
                       40 + (day - first) * scale, top, scale);
    int y = top + 16;
    for (size_t i = 0; i < s->timers_n; i++) {
        const struct service_timer *t = &s->timers[i];
        if (t->on_flag || t->on != FILED)
            continue;
        struct buf text;
        deadline_count(v->j, t, t->term, filed, NULL, 0, &d);
        d.verified = t->verified;
        buf_in(&text, v->arena, 600);
        print_deadline(v, t, &d, &text);
        text.n--;
        buf_printf(out, "<rect x=\"40\" y=\"%d\" width=\"%.1f\" height=\"8\" rx=\"4\" class=\"%s\"/>\n", y,
                   MAX_OF(4.0, (d.day - first + 1) * scale), t->waiting ? "waiting" : "term");
        say_at(out, 40, y + 24, "label", buf_view(&text), 130);
        y += 38;
    }
    return y;
}

void service_draw(const struct service_view *v, int64_t filed, struct buf *out)
{
    struct buf body, day;
    buf_in(&body, v->arena, 1 << 20);
    buf_in(&day, v->arena, 100);
    buf_text(&day, "If filed on ");
    print_day(local_day(v->j, filed), &day);
    int y = draw_flow(v, 70, &body);
    say_at(&body, 40, y + 20, "status", buf_view(&day), 60);
    y = draw_terms(v, filed, y + 32, &body);
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-labelledby=\"t\">\n"
               "<title id=\"t\">",
               WIDTH, y + 20);
    escaped(out, in_view(v, &v->s->name));
    buf_text(out,
             "</title>\n<style>text{font:13px sans-serif;fill:#1b1b1b}.name{font-size:20px;font-weight:bold}"
             ".status{font-weight:bold}.label{fill:#3a3a3a}.box{fill:#eef4fb;stroke:#2b5c8a}"
             ".end{fill:#f4f1ea;stroke:#6b5b2e}.arrow{fill:none;stroke:#2b5c8a;stroke-width:1.5;marker-end:"
             "url(#a)}"
             ".rest{fill:#e4e4e4}.term{fill:#2b5c8a}.waiting{fill:#b8860b}</style>\n"
             "<defs><marker id=\"a\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" "
             "markerHeight=\"7\" "
             "orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"#2b5c8a\"/></marker></defs>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    say_at(out, 40, 40, "name", in_view(v, &v->s->name), 80);
    buf_str(out, buf_view(&body));
    buf_text(out, "</svg>\n");
}
