/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: `aina keys`: what keys there are, splitting the master key, bringing it back. */
#include "cli/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/keys_work.h"
#include "cli/logkey.h"
#include "crypto/keys.h"
#include "crypto/shares.h"
#include "ledger/public.h"

#define FILE_MAX ((size_t)1 << 20)

static const struct kind {
    const char *name;
    bool by_init;
    const char *what, *renewed, *lost, *seen;
} kinds[] = {
#define X(id, ...) {__VA_ARGS__},
    KEY_TABLE(X)
#undef X
};

const char *key_path(struct arena *arena, const char *keys_folder, enum key_kind kind)
{
    must(strchr(kinds[kind].name, 'N') == NULL);
    return arena_printf(arena, "%s/%s.key", keys_folder, kinds[kind].name);
}

const char *key_master_path(struct arena *arena, const char *keys_folder)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials != NULL) {
        const char *path = arena_printf(arena, "%s/aina-master", credentials);
        if (access(path, F_OK) == 0)
            return path;
    }
    return key_path(arena, keys_folder, KEY_MASTER);
}

/* --- events --- */

bool keys_append_line(const char *path, struct str line, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok =
        fd >= 0 && write(fd, line.p, line.n) == (ssize_t)line.n && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    if (!ok)
        err_errno(err, path, "cannot be written");
    if (fd >= 0)
        close(fd);
    return ok;
}

static void event_json(const struct instance *in, const struct key_event *e, struct buf *out)
{
    struct json j;
    char time[TIME_TEXT_SIZE], name[KEY_FINGERPRINT_SIZE];
    time_iso(clock_now(), time);
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "t", str_of(time));
    json_key_text(&j, "key", str_of(e->key));
    json_key_text(&j, "event", str_of(e->what));
    if (e->of_master) {
        key_fingerprint(name, in->master);
        json_key_text(&j, "name", str_of(name));
    }
    if (e->set != NULL) {
        json_key_text(&j, "set", str_of(e->set));
        json_key_u64(&j, "shares", SHARES_MADE);
        json_key_u64(&j, "needed", SHARES_NEEDED);
    }
    if (e->before != NULL) {
        json_key_text(&j, "before", str_of(e->before));
        json_key_text(&j, "after", str_of(e->after));
    }
    if (e->number != 0)
        json_key_u64(&j, "number", e->number);
    if (e->with_public) {
        struct note_vkey vkey;
        struct buf text;
        buf_init(&text, 1024);
        ledger_vkey(in->ledger, &vkey);
        note_vkey_text(&text, &vkey);
        json_key(&j, "keys");
        json_open_array(&j);
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            if (kinds[i].by_init)
                json_text(&j, str_of(kinds[i].name));
        json_end(&j);
        json_key_text(&j, "logKey", buf_view(&text));
        buf_done(&text);
    }
    json_end(&j);
}

/* All but the time. */
static struct str event_words(struct str line)
{
    const char *key = memmem(line.p, line.n, "\"key\"", 5);
    return key == NULL ? line : str_from(line, (size_t)(key - line.p));
}

static bool said_already(struct str events, struct str content)
{
    struct str line;
    while (str_next(&events, '\n', &line))
        if (str_eq(event_words(line), event_words(content)))
            return true;
    return false;
}

static struct str file_or_nothing(struct instance *in, const char *name)
{
    struct str bytes = {"", 0};
    struct err err;
    const char *path = arena_printf(&in->arena, "%s/%s", in->keys, name);
    if (access(path, F_OK) == 0 && !cli_read_file(path, FILE_MAX, &in->arena, &bytes, &err))
        say_err(SAY_WARN, &err);
    return bytes;
}

/* A public record, durable; then the line that `aina keys` shows without the log. What a run that was broken
 * off has said already is not said again. */
bool keys_event(struct instance *in, const struct key_event *e, struct err *err)
{
    struct buf content;
    buf_in(&content, &in->arena, 4096);
    event_json(in, e, &content);
    if (e->once && said_already(file_or_nothing(in, "events"), buf_view(&content)))
        return true;
    return gate_public_record(in->gate, in->db, STR("key"), str_of(e->key), buf_view(&content), err) &&
           keys_append_line(arena_printf(&in->arena, "%s/events", in->keys), buf_view(&content), err);
}

bool keys_made(struct instance *in, struct err *err)
{
    return keys_event(
        in, &(struct key_event){.key = "instance", .what = "made", .with_public = true, .of_master = true},
        err);
}

/* The value of a member of one line, as event_json writes it; empty: none. */
static struct str member(struct str line, const char *name)
{
    char start[32];
    int n = snprintf(start, sizeof start, "\"%s\":\"", name);
    const char *at = memmem(line.p, line.n, start, (size_t)n);
    struct str rest = at == NULL ? (struct str){"", 0} : str_from(line, (size_t)(at - line.p) + (size_t)n),
               value = {"", 0};
    return str_next(&rest, '"', &value) ? value : (struct str){"", 0};
}

bool keys_without_state(struct instance *in)
{
    struct str events = file_or_nothing(in, "events"), line;
    bool without = false;
    while (str_next(&events, '\n', &line)) {
        if (str_is(member(line, "event"), "made"))
            without = memmem(line.p, line.n, "\"state\"", 7) == NULL;
        if (str_is(member(line, "event"), "rotated") && str_is(member(line, "key"), "master"))
            without = false; /* that wrote it */
    }
    return without;
}

/* The master key that is in use, by its name, and since when; and whether `name` was in use before it. */
static void master_in_use(struct instance *in, struct str name, struct str *ret_now, struct str *ret_since,
                          bool *ret_before)
{
    struct str events = file_or_nothing(in, "events"), line;
    *ret_now = *ret_since = (struct str){"", 0};
    *ret_before = false;
    while (str_next(&events, '\n', &line)) {
        struct str what = member(line, "event"), of = member(line, "name");
        if (!str_is(what, "made") && !(str_is(what, "rotated") && str_is(member(line, "key"), "master")))
            continue;
        *ret_before |= name.n != 0 && str_eq(*ret_now, name);
        *ret_now = of;
        *ret_since = member(line, "t");
    }
    *ret_before &= !str_eq(*ret_now, name);
}

bool keys_was_master(struct instance *in, const uint8_t master[KEY_SIZE], struct str *ret_since)
{
    char name[KEY_FINGERPRINT_SIZE];
    struct str now;
    bool before;
    key_fingerprint(name, master);
    master_in_use(in, str_of(name), &now, ret_since, &before);
    return before;
}

/* --- showing --- */

/* "shard-N-vrf" for "shard-227-vrf": the name with its number left out. */
static const struct kind *kind_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct str pattern = str_of(kinds[i].name);
        const char *n = memchr(pattern.p, 'N', pattern.n);
        if (n == NULL ? str_eq(name, pattern)
                      : str_starts(name, (struct str){pattern.p, (size_t)(n - pattern.p)}) &&
                            str_ends(name, str_of(n + 1)))
            return &kinds[i];
    }
    return NULL;
}

struct shown {
    struct str name;
    const struct kind *kind; /* NULL: a file that is no key of this program */
    char since[TIME_TEXT_SIZE];
    struct str uri; /* of a key in a token; empty: a file */
    bool missing;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct shown *)a)->name, ((const struct shown *)b)->name);
}

/* Typed back from papers its file is new, and the key is not. */
static void master_since(struct instance *in, char since[TIME_TEXT_SIZE])
{
    struct str now, from;
    bool before;
    master_in_use(in, (struct str){0}, &now, &from, &before);
    if (from.n != 0 && from.n < TIME_TEXT_SIZE)
        snprintf(since, TIME_TEXT_SIZE, "%.*s", STR_ARG(from));
}

#define SHOWN_MAX 512

static bool list_keys(struct instance *in, struct shown *list, size_t *ret_n, struct err *err)
{
    const char *folder = in->keys = arena_printf(&in->arena, "%s/keys", in->folder);
    DIR *dir = opendir(folder);
    struct err why;
    size_t n = 0;
    if (dir == NULL)
        return err_errno(err, folder, "cannot open");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && n < SHOWN_MAX - ARRAY_LEN(kinds);) {
        struct str name = str_of(entry->d_name);
        struct stat stat;
        if (!str_ends(name, STR(".key")) ||
            fstatat(dirfd(dir), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        name = str_dup(&in->arena, (struct str){name.p, name.n - 4});
        list[n] = (struct shown){.name = name, .kind = kind_of(name)};
        time_iso((int64_t)stat.st_mtime * CLOCK_SECOND, list[n].since);
        if (list[n].kind == &kinds[KEY_MASTER])
            master_since(in, list[n].since);
        if (!logkey_uri(arena_printf(&in->arena, "%s/%s", folder, entry->d_name), &in->arena, &list[n].uri,
                        &why))
            say_err(SAY_WARN, &why);
        n++;
    }
    closedir(dir);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        bool there = !kinds[i].by_init || (i == KEY_STATE && keys_without_state(in));
        for (size_t k = 0; k < n; k++)
            there |= list[k].kind == &kinds[i];
        if (!there)
            list[n++] = (struct shown){.name = str_of(kinds[i].name), .kind = &kinds[i], .missing = true};
    }
    qsort(list, n, sizeof *list, by_name);
    *ret_n = n;
    return true;
}

static void where_of(struct buf *out, const struct shown *s)
{
    bool master = s->kind == &kinds[KEY_MASTER];
    if (s->missing)
        buf_text(out, master ? "NOT in this folder: a systemd credential (aina-master), or lost"
                             : "MISSING from this folder");
    else
        buf_printf(out, "keys/%.*s.key%s%.*s, since %s", STR_ARG(s->name),
                   credential_is(s->uri) ? " names a systemd "
                   : s->uri.n != 0       ? " names a token: "
                   : master              ? ""
                                         : ", sealed under master",
                   STR_ARG(s->uri), s->since);
}

/* An event, or a line of holders, with its facts in words; what is no object of ours stands as it is. */
static void show_line(struct buf *out, struct str line)
{
    static const struct {
        const char *name, *words;
    } facts[] = {
        {"number", ""},      {"set", "set "},         {"shares", "shares: "}, {"needed", "needed: "},
        {"name", "master "}, {"before", "from "},     {"after", "to "},       {"logKey", "the log's key "},
        {"keys", "keys: "},  {"holders", "held by: "}};
    json_t *object = json_loadb(line.p, line.n, 0, NULL), *value;
    const char *time = json_string_value(json_object_get(object, "t")), *between = "";
    size_t at;
    if (object == NULL) {
        buf_str(out, line);
        return;
    }
    if (time != NULL)
        buf_printf(out, "%s  %s %s: ", time, json_string_value(json_object_get(object, "key")),
                   json_string_value(json_object_get(object, "event")));
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        const json_t *fact = json_object_get(object, facts[i].name);
        if (fact == NULL)
            continue;
        buf_printf(out, "%s%s", between, facts[i].words);
        if (json_is_integer(fact))
            buf_u64(out, (uint64_t)json_integer_value(fact));
        else if (json_is_string(fact))
            buf_text(out, json_string_value(fact));
        json_array_foreach(fact, at, value)
            buf_printf(out, "%s%zu. %s", at ? ", " : "", at + 1, json_string_value(value));
        between = "; ";
    }
    json_decref(object);
}

static void show_holders(struct instance *in, struct str holders, struct buf *out)
{
    struct str line, now, since;
    bool before, any = false;
    master_in_use(in, (struct str){0}, &now, &since, &before);
    buf_text(out, "\nWho holds shares of the master key (any 3 of a set bring it back)\n");
    while (str_next(&holders, '\n', &line)) {
        bool old = now.n != 0 && !str_eq(member(line, "name"), now) && line.n != 0;
        any |= line.n != 0 && !old;
        if (line.n == 0)
            continue;
        buf_text(out, "    ");
        show_line(out, line);
        buf_text(out,
                 old ? "\n        of a master key before: opens nothing but copies from that time\n" : "\n");
    }
    if (!any)
        buf_text(out, "    nobody: only the recovery copy does; aina keys split makes shares\n");
}

static void show_text(struct instance *in, const struct shown *list, size_t n, struct buf *out)
{
    struct str events = file_or_nothing(in, "events"), holders = file_or_nothing(in, "holders"), line;
    for (size_t i = 0; i < n; i++) {
        const struct shown *s = &list[i];
        buf_printf(out, "%.*s\n    where    ", STR_ARG(s->name));
        where_of(out, s);
        if (s->kind == NULL)
            buf_text(out, "\n    what     no key of this program\n");
        else
            buf_printf(out, "\n    what     %s\n    renewed  %s\n    if lost  %s\n    if seen  %s\n",
                       s->kind->what, s->kind->renewed, s->kind->lost, s->kind->seen);
    }
    buf_text(out, "\nWhat befell them (public records of kind \"key\" in the log)\n");
    while (str_next(&events, '\n', &line))
        if (line.n != 0) {
            buf_text(out, "    ");
            show_line(out, line);
            buf_text(out, "\n");
        }
    show_holders(in, holders, out);
}

static void lines_json(struct json *j, const char *name, struct str lines)
{
    struct str line;
    json_key(j, name);
    json_open_array(j);
    while (str_next(&lines, '\n', &line))
        if (line.n != 0)
            json_text(j, line);
    json_end(j);
}

static void show_json(struct instance *in, const struct shown *list, size_t n, struct buf *out)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key(&j, "keys");
    json_open_array(&j);
    for (size_t i = 0; i < n; i++) {
        const struct shown *s = &list[i];
        json_open_object(&j);
        json_key_text(&j, "name", s->name);
        json_key_bool(&j, "missing", s->missing);
        json_key_text(&j, "token", s->uri.n ? s->uri : (struct str){0});
        json_key_text(&j, "since", s->missing ? (struct str){0} : str_of(s->since));
        json_key_text(&j, "what", s->kind ? str_of(s->kind->what) : (struct str){0});
        json_key_text(&j, "renewed", s->kind ? str_of(s->kind->renewed) : (struct str){0});
        json_key_text(&j, "lost", s->kind ? str_of(s->kind->lost) : (struct str){0});
        json_key_text(&j, "seen", s->kind ? str_of(s->kind->seen) : (struct str){0});
        json_end(&j);
    }
    json_end(&j);
    lines_json(&j, "events", file_or_nothing(in, "events"));
    lines_json(&j, "holders", file_or_nothing(in, "holders"));
    json_end(&j);
    buf_byte(out, '\n');
}

/* Needs no key: it also works when the master key is lost. */
static int keys_show(const char *folder, bool as_json)
{
    struct instance in;
    struct err err;
    size_t n = 0;
    if (!instance_conf(&in, folder, &err))
        return cli_fail(&err);
    struct shown *list = arena_array(&in.arena, struct shown, SHOWN_MAX);
    bool ok = list_keys(&in, list, &n, &err), missing = false;
    if (ok) {
        struct buf out;
        buf_init(&out, 4 * FILE_MAX);
        (as_json ? show_json : show_text)(&in, list, n, &out);
        cli_print(&out);
        buf_done(&out);
    }
    for (size_t i = 0; i < n; i++)
        missing |= list[i].missing && list[i].kind != &kinds[KEY_MASTER];
    instance_close(&in);
    return !ok ? cli_fail(&err) : missing ? EXIT_REFUSED : EXIT_DONE;
}

int command_keys(struct args *args)
{
    static const char usage[] = "keys DIR [--json] | keys split DIR | keys restore DIR [--to FILE] | "
                                "keys rotate master|log|document|shard|psn DIR [--to FILE|URI] [--finish] | "
                                "keys retire DIR [--now]";
    bool as_json = args_flag(args, "--json");
    const char *to = args_value(args, "--to");
    bool finish = args_flag(args, "--finish"), now = args_flag(args, "--now");
    if (args->argc == 2 && strcmp(args->argv[0], "retire") == 0 && to == NULL && !finish)
        return keys_retire(args->argv[1], now, as_json);
    if (args->argc == 3 && strcmp(args->argv[0], "rotate") == 0 && !as_json && !now)
        return keys_rotate(args->argv[1], args->argv[2], to, finish, usage);
    if (!args_are(args, 1, 2, usage))
        return EXIT_USAGE;
    struct str what = str_of(args->argv[0]);
    bool restore = args->argc == 2 && str_is(what, "restore"),
         split = args->argc == 2 && str_is(what, "split");
    if (finish || now || (args->argc == 2 && !restore && !split) || (to != NULL && !restore) ||
        (as_json && args->argc == 2)) {
        fprintf(stderr, "aina: these words do not go together; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (args->argc == 1)
        return keys_show(args->argv[0], as_json);
    return split ? keys_split(args->argv[1]) : keys_restore(args->argv[1], to);
}
