/* SPDX-License-Identifier: Apache-2.0 */
/* service.c: aina service: what is in a folder's services, without an instance. */
#include <stdio.h>

#include "base/clock.h"
#include "case/trace.h"
#include "cli/service_cli.h"

static const char usage[] =
    "service list FOLDER | show FOLDER ID [--svg FILE] | try FOLDER ID [--trace "
    "FILE] | due FOLDER ID | replay FOLDER TRACE | "
    "compare FOLDER-NEW ID --data DIR | schema [--lang L] [--filed TIME] [--channel C]";

struct str in_view(const struct service_view *v, const struct texts *texts)
{
    return texts_in(v->j, texts, v->language);
}

void print_term(struct term term, struct buf *out)
{
    buf_printf(out, "%u %s", term.amount, term_unit_name(term.unit, term.amount != 1));
}

void print_day(int32_t day, struct buf *out)
{
    struct date d = date_of_days(day);
    buf_printf(out, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void print_channels(const struct service *s, bool tested, struct buf *out)
{
    const char *between = "";
    for (unsigned c = 0; c < CHANNELS_N; c++) {
        if ((s->channels >> c & 1) == 0)
            continue;
        buf_printf(out, "%s%s", between, channel_name((enum channel)c));
        if (tested) {
            buf_text(out, s->tested[c] ? " (tested " : " (untested)");
            if (s->tested[c]) {
                print_day(s->tested[c], out);
                buf_byte(out, ')');
            }
        }
        between = ", ";
    }
}

static int list(const struct service_view *v, struct buf *out)
{
    const struct jurisdiction *j = v->j;
    size_t sample = 0;
    for (size_t i = 0; i < j->services_n; i++) {
        const struct service *s = &j->services[i];
        size_t decision = service_timer(s, STR("decision"));
        buf_printf(out, "%.*s\n    %.*s\n    ", STR_ARG(s->id), STR_ARG(in_view(v, &s->name)));
        buf_printf(out, "%s; ", archetype_name(s->procedure->archetype));
        print_term(s->timers[decision].term, out);
        buf_text(out, "; ");
        print_channels(s, false, out);
        buf_text(out, s->unverified ? "; unverified sample\n" : "\n");
        sample += s->unverified != 0;
    }
    buf_printf(out, "%zu services, %zu of them unverified samples\n", j->services_n, sample);
    return EXIT_DONE;
}

void print_deadline(const struct service_view *v, const struct service_timer *timer, const struct deadline *d,
                    struct buf *out)
{
    struct str name = in_view(v, &timer->name);
    buf_printf(out, "%.*s: ", STR_ARG(name));
    print_term(d->term, out);
    if (d->by_clock) {
        int64_t minutes = (d->due - local_midnight(v->j, d->day)) / (60 * CLOCK_SECOND);
        buf_text(out, timer->waiting ? ", not before " : ", by ");
        print_day(d->day, out);
        buf_printf(out, " %02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    } else {
        buf_text(out, timer->waiting ? ", not before the end of " : ", by the end of ");
        print_day(d->day, out);
    }
    if (d->hand_over != 0) {
        buf_text(out, "; at the counter by ");
        print_day(d->hand_over, out);
    }
    if (d->calendar == CALENDAR_PROVISIONAL)
        buf_text(out, " (the calendar of that year is provisional)");
    if (d->calendar == CALENDAR_UNKNOWN)
        buf_text(out, " (the calendar of that year is not known: only week-ends are counted)");
    buf_text(out, d->verified ? "\n" : " [unverified sample]\n");
}

static int due(const struct service_view *v, enum channel channel, int64_t filed, struct buf *out)
{
    for (size_t i = 0; i < v->s->timers_n; i++) {
        const struct service_timer *timer = &v->s->timers[i];
        struct deadline d;
        bool verified;
        if (timer->on_flag || timer->on != FILED)
            continue;
        struct term term = timer_term(v->s, timer, channel, NULL, v->arena, &verified);
        deadline_count(v->j, timer, term, filed, NULL, 0, &d);
        d.verified = verified;
        buf_printf(out, "%.*s\t", STR_ARG(timer->id));
        print_deadline(v, timer, &d, out);
    }
    return EXIT_DONE;
}

/* "2026-11-25 10:00" local, or a date alone (10:00). */
static bool read_filed(const struct jurisdiction *j, const char *text, int64_t *ret)
{
    char iso[TIME_TEXT_SIZE];
    int64_t time;
    if (text == NULL) {
        *ret = clock_now();
        return true;
    }
    struct str s = str_of(text);
    snprintf(iso, sizeof iso, "%.10sT%.5s:00Z", s.p, s.n == 16 ? s.p + 11 : "10:00");
    if ((s.n != 10 && (s.n != 16 || s.p[10] != ' ')) || !time_parse(str_of(iso), &time))
        return false;
    *ret = local_midnight(j, (int32_t)(time / CLOCK_DAY)) + time % CLOCK_DAY;
    return true;
}

static bool write_svg(const struct service_view *v, int64_t filed, const char *path, struct err *err)
{
    struct buf out;
    buf_in(&out, v->arena, 1 << 20);
    service_draw(v, filed, &out);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return err_errno(err, path, "cannot write");
    bool ok = fwrite(out.p, 1, out.n, file) == out.n;
    ok &= fclose(file) == 0;
    return ok || err_errno(err, path, "cannot write");
}

static bool known_language(const struct jurisdiction *j, const char *language)
{
    for (size_t i = 0; i < j->languages_n; i++)
        if (language == NULL || str_is(j->languages[i], language))
            return true;
    return false;
}

struct options {
    const char *what, *language, *filed, *channel, *svg, *trace, *data, *id;
};

/* Done: everything came out the same. */
static int replay(const struct service_view *v, const char *path, struct buf *out)
{
    struct trace_verdict verdict;
    struct str bytes;
    struct err err;
    if (!cli_read_file(path, (size_t)1 << 20, v->arena, &bytes, &err) ||
        !trace_replay(v->j, bytes, v->arena, &verdict, out, &err))
        return cli_fail(&err);
    buf_printf(out, "%zu rules, %zu differ; %s version of the service\n", verdict.rules, verdict.differ,
               verdict.same_version ? "the same" : "another");
    return verdict.differ == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int run_on(struct service_view *v, const struct options *o, struct buf *out)
{
    int64_t filed;
    struct err err;
    enum channel channel = o->channel ? channel_of(str_of(o->channel)) : BY_WEB;
    if (!known_language(v->j, o->language) || !read_filed(v->j, o->filed, &filed) || channel == CHANNELS_N) {
        fprintf(stderr, "aina: unknown language, time or channel; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    v->language = o->language ? str_of(o->language) : v->j->languages[0];
    if (strcmp(o->what, "list") == 0)
        return list(v, out);
    if (strcmp(o->what, "replay") == 0)
        return replay(v, o->id, out);
    v->s = jurisdiction_service(v->j, str_of(o->id));
    if (v->s == NULL) {
        fprintf(stderr, "aina: no service '%s' in this folder; see aina service list\n", o->id);
        return EXIT_REFUSED;
    }
    if (strcmp(o->what, "compare") == 0)
        return service_compare(v, o->data);
    if (strcmp(o->what, "due") == 0)
        return due(v, channel, filed, out);
    if (strcmp(o->what, "try") == 0)
        return service_walk(v, channel, filed, o->trace);
    service_describe(v, filed, out);
    if (o->svg != NULL && !write_svg(v, filed, o->svg, &err))
        return cli_fail(&err);
    return EXIT_DONE;
}

static int load_and_run(const char *folder, const struct options *o)
{
    struct arena arena;
    struct jurisdiction *j = NULL;
    struct findings findings;
    struct err err;
    struct buf out;
    int code = EXIT_REFUSED;
    arena_init(&arena, 65536, (size_t)256 << 20);
    buf_init(&out, (size_t)16 << 20);
    bool ran = jurisdiction_load(folder, &arena, &j, &findings, &err);
    if (!ran) {
        code = cli_fail(&err);
    } else if (j == NULL) {
        fprintf(stderr, "aina: the folder has %zu errors; see aina check %s\n", findings.errors, folder);
    } else {
        struct service_view v = {.j = j, .arena = &arena};
        code = run_on(&v, o, &out);
        cli_print(&out);
    }
    jurisdiction_free(j);
    buf_done(&out);
    arena_done(&arena);
    return code;
}

static int print_schema(void)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    service_schema(&out);
    cli_print(&out);
    buf_done(&out);
    return EXIT_DONE;
}

int command_service(struct args *args)
{
    struct options o = {.language = args_value(args, "--lang"),
                        .filed = args_value(args, "--filed"),
                        .channel = args_value(args, "--channel"),
                        .svg = args_value(args, "--svg"),
                        .trace = args_value(args, "--trace"),
                        .data = args_value(args, "--data")};
    if (!args_are(args, 1, 3, usage))
        return EXIT_USAGE;
    o.what = args->argv[0];
    int words = strcmp(o.what, "schema") == 0 ? 1 : strcmp(o.what, "list") == 0 ? 2 : 3;
    bool known = words < 3 || strcmp(o.what, "show") == 0 || strcmp(o.what, "try") == 0 ||
                 strcmp(o.what, "due") == 0 || strcmp(o.what, "replay") == 0 ||
                 (strcmp(o.what, "compare") == 0 && o.data != NULL);
    if (!known || args->argc != words) {
        fprintf(stderr, "aina: unknown or incomplete words; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (words == 1)
        return print_schema();
    o.id = words == 3 ? args->argv[2] : NULL;
    return load_and_run(args->argv[1], &o);
}
