/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: `aina keys`: what keys there are, splitting the master key, bringing it back. */
#include "cli/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/logkey.h"
#include "crypto/keys.h"
#include "crypto/shares.h"

#define FILE_MAX ((size_t)1 << 20)
#define LINE_MAX_SIZE 512
#define HOLDER_MAX 100

static const struct kind {
    const char *name;
    bool by_init;
    const char *what, *renewed, *lost;
} kinds[] = {
#define X(id, name, by_init, what, renewed, lost) {name, by_init, what, renewed, lost},
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

static bool append_line(const char *path, struct str line, struct err *err)
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

struct event {
    const char *key, *what;
    const char *set;            /* of shares; NULL: none */
    bool with_public;           /* the log's public key and the list of keys */
    const char *before, *after; /* public keys of a change; NULL: none */
};

static void event_json(const struct instance *in, const struct event *e, struct buf *out)
{
    struct json j;
    char time[TIME_TEXT_SIZE];
    time_iso(clock_now(), time);
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "t", str_of(time));
    json_key_text(&j, "key", str_of(e->key));
    json_key_text(&j, "event", str_of(e->what));
    if (e->set != NULL) {
        json_key_text(&j, "set", str_of(e->set));
        json_key_u64(&j, "shares", SHARES_MADE);
        json_key_u64(&j, "needed", SHARES_NEEDED);
    }
    if (e->before != NULL) {
        json_key_text(&j, "before", str_of(e->before));
        json_key_text(&j, "after", str_of(e->after));
    }
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

/* A public record, durable; then the line that `aina keys` shows without the log. */
static bool event_log(struct instance *in, const struct event *e, struct err *err)
{
    struct buf content;
    buf_in(&content, &in->arena, 4096);
    event_json(in, e, &content);
    return gate_public_record(in->gate, in->db, STR("key"), str_of(e->key), buf_view(&content), err) &&
           append_line(arena_printf(&in->arena, "%s/events", in->keys), buf_view(&content), err);
}

bool keys_log_change(struct instance *in, const char *what, const char *before, const char *after,
                     struct err *err)
{
    return event_log(in, &(struct event){.key = "log", .what = what, .before = before, .after = after}, err);
}

bool keys_made(struct instance *in, struct err *err)
{
    return event_log(in, &(struct event){.key = "instance", .what = "made", .with_public = true}, err);
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
        if (!logkey_uri(arena_printf(&in->arena, "%s/%s", folder, entry->d_name), &in->arena, &list[n].uri,
                        &why))
            say_err(SAY_WARN, &why);
        n++;
    }
    closedir(dir);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        bool there = !kinds[i].by_init;
        for (size_t k = 0; k < n; k++)
            there |= list[k].kind == &kinds[i];
        if (!there)
            list[n++] = (struct shown){.name = str_of(kinds[i].name), .kind = &kinds[i], .missing = true};
    }
    qsort(list, n, sizeof *list, by_name);
    *ret_n = n;
    return true;
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

static void where_of(struct buf *out, const struct shown *s)
{
    bool master = s->kind == &kinds[KEY_MASTER];
    if (s->missing)
        buf_text(out, master ? "NOT in this folder: a systemd credential (aina-master), or lost"
                             : "MISSING from this folder");
    else
        buf_printf(out, "keys/%.*s.key%s%.*s, since %s", STR_ARG(s->name),
                   s->uri.n != 0 ? " names a token: "
                   : master      ? ""
                                 : ", sealed under master",
                   STR_ARG(s->uri), s->since);
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
            buf_printf(out, "\n    what     %s\n    renewed  %s\n    if lost  %s\n", s->kind->what,
                       s->kind->renewed, s->kind->lost);
    }
    buf_text(out, "\nWhat befell them (public records of kind \"key\" in the log)\n");
    while (str_next(&events, '\n', &line))
        if (line.n != 0)
            buf_printf(out, "    %.*s\n", STR_ARG(line));
    buf_text(out, "\nWho holds shares of the master key (any 3 of a set bring it back)\n");
    if (holders.n == 0)
        buf_text(out, "    nobody: only the recovery copy does; aina keys split makes shares\n");
    while (str_next(&holders, '\n', &line))
        if (line.n != 0)
            buf_printf(out, "    %.*s\n", STR_ARG(line));
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

/* --- splitting --- */

static bool type_line(const char *prompt, char line[LINE_MAX_SIZE])
{
    printf("%s", prompt);
    fflush(stdout);
    return fgets(line, LINE_MAX_SIZE, stdin) != NULL;
}

/* One holder after the other: who it is, the paper, and its last group typed back from the paper. */
static bool hand_out(const struct share *share, struct json *holders, struct err *err)
{
    char line[LINE_MAX_SIZE], paper[SHARE_PAPER_SIZE], set[SHARE_SET_SIZE], prompt[200];
    share_set_name(set, share);
    snprintf(prompt, sizeof prompt, "\nShare %u of %d. Office or name of who will hold it: ", share->number,
             SHARES_MADE);
    struct str holder = type_line(prompt, line) ? str_trim(str_of(line)) : (struct str){"", 0};
    if (holder.n == 0 || holder.n > HOLDER_MAX || !utf8_valid(holder))
        return err_set(err, ERR_USAGE, "holder", "must be 1 to %d bytes of text", HOLDER_MAX);
    json_text(holders, holder);
    share_to_paper(paper, share);
    printf("\n    Aina, share %u of %d of the master key, set %s; any %d bring it back\n\n    %s\n",
           share->number, SHARES_MADE, set, SHARES_NEEDED, paper);
    bool ok = type_line("\nWrite it on paper, and type its last group from the paper: ", line) &&
              str_is(str_trim(str_of(line)), strrchr(paper, '-') + 1);
    if (isatty(STDOUT_FILENO))
        printf("\033[2J\033[3J\033[H"); /* the next holder does not see it */
    secret_wipe(paper, sizeof paper);
    secret_wipe(line, sizeof line);
    return ok ||
           err_set(err, ERR_USAGE, "share",
                   "was not confirmed; nothing was recorded. Burn the papers of set %s that are written "
                   "already, and begin again",
                   set);
}

static bool split_all(struct instance *in, const struct share shares[SHARES_MADE], struct err *err)
{
    char set[SHARE_SET_SIZE];
    struct buf line;
    struct json j;
    share_set_name(set, &shares[0]);
    buf_in(&line, &in->arena, 8192);
    json_start(&j, &line);
    json_open_object(&j);
    json_key_text(&j, "set", str_of(set));
    json_key(&j, "holders");
    json_open_array(&j);
    for (size_t i = 0; i < SHARES_MADE; i++)
        if (!hand_out(&shares[i], &j, err))
            return false;
    json_end(&j);
    json_end(&j);
    if (!append_line(arena_printf(&in->arena, "%s/holders", in->keys), buf_view(&line), err) ||
        !event_log(in, &(struct event){.key = "master", .what = "split", .set = set}, err))
        return false;
    printf("\nSet %s is recorded. Any %d of its %d papers bring the master key back; papers of older sets "
           "still do so too, and are to be burnt.\n",
           set, SHARES_NEEDED, SHARES_MADE);
    return true;
}

static int keys_split(const char *folder)
{
    struct instance in;
    struct err err;
    if (!instance_open(&in, folder, true, &err)) {
        if (err.code == ERR_CONFLICT)
            err_at(&err, "stop the server first");
        return cli_fail(&err);
    }
    struct share *shares = (struct share *)secret_new(SHARES_MADE * sizeof(struct share));
    shares_split(in.master, shares);
    bool ok = split_all(&in, shares, &err);
    secret_free((uint8_t *)shares);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}

/* --- bringing it back --- */

static bool type_shares(char line[LINE_MAX_SIZE], struct share shares[SHARES_NEEDED], struct err *err)
{
    for (size_t n = 0; n < SHARES_NEEDED; n++) {
        if (n != 0) {
            fprintf(stderr, "Share %u is good. %zu more: ", shares[n - 1].number, SHARES_NEEDED - n);
            if (fgets(line, LINE_MAX_SIZE, stdin) == NULL)
                return err_set(err, ERR_USAGE, "share", "%zu were typed; %d are needed", n, SHARES_NEEDED);
        }
        if (!share_from_paper(&shares[n], str_trim(str_of(line)), err))
            return err_at(err, "share %zu typed", n + 1);
    }
    return true;
}

bool keys_type_master(uint8_t key[KEY_SIZE], const char *nothing, struct err *err)
{
    char line[LINE_MAX_SIZE];
    fprintf(stderr, "Type the recovery copy (14 groups of 4), or a share (15 groups): ");
    if (fgets(line, sizeof line, stdin) == NULL)
        return err_set(err, ERR_USAGE, "master key", "%s", nothing);
    bool ok;
    if (paper_is_share(str_of(line))) {
        struct share *shares = (struct share *)secret_new(SHARES_NEEDED * sizeof(struct share));
        ok = type_shares(line, shares, err) && shares_join(shares, SHARES_NEEDED, key, err);
        secret_free((uint8_t *)shares);
    } else {
        ok = key_from_paper(key, str_trim(str_of(line)), err) || err_at(err, "master key");
    }
    secret_wipe(line, sizeof line);
    return ok;
}

/* The right one opens the pseudonyms' key, which is always a sealed file. */
static bool is_ours(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err)
{
    uint8_t seed[KEY_SIZE];
    struct err why;
    bool ok = key_file_read_sealed(key_path(&in->arena, in->keys, KEY_PSN_1), master, "psn-1", seed, &why);
    secret_wipe(seed, sizeof seed);
    if (!ok && why.code == ERR_CORRUPT)
        return err_set(
            err, ERR_INVALID, "master key",
            "what was typed is another instance's key, or papers of different makings: it does not "
            "open keys/psn-1.key. Nothing was written");
    if (!ok)
        *err = why;
    return ok;
}

static bool restore_to(struct instance *in, const char *to, struct err *err)
{
    in->keys = arena_printf(&in->arena, "%s/keys", in->folder);
    const char *path = to != NULL ? to : key_path(&in->arena, in->keys, KEY_MASTER);
    if (access(path, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, path, "is there already and is never overwritten");
    uint8_t *key = secret_new(KEY_SIZE);
    bool ok = keys_type_master(key, "nothing was typed", err) && is_ours(in, key, err) &&
              key_file_write(path, key, err);
    secret_free(key);
    if (ok)
        printf("The master key is back, in %s.\n", path);
    return ok;
}

static int keys_restore(const char *folder, const char *to)
{
    struct instance in;
    struct err err;
    if (!instance_conf(&in, folder, &err))
        return cli_fail(&err);
    bool ok = restore_to(&in, to, &err);
    instance_close(&in);
    if (!ok)
        return cli_fail(&err);
    if (to != NULL)
        return EXIT_DONE; /* the event is logged when it is put into its place and the instance opens with it
                           */
    ok = instance_open(&in, folder, true, &err);
    if (ok) {
        ok = event_log(&in, &(struct event){.key = "master", .what = "restored"}, &err);
        instance_close(&in);
    }
    return ok ? EXIT_DONE : cli_fail(&err);
}

int command_keys(struct args *args)
{
    static const char usage[] = "keys DIR [--json] | keys split DIR | keys restore DIR [--to FILE] | "
                                "keys rotate log DIR [--to URI] [--finish] | keys rotate document DIR";
    bool as_json = args_flag(args, "--json");
    const char *to = args_value(args, "--to");
    bool finish = args_flag(args, "--finish");
    if (args->argc == 3 && strcmp(args->argv[0], "rotate") == 0) {
        if (strcmp(args->argv[1], "log") == 0 && !as_json && !(finish && to != NULL))
            return keys_rotate_log(args->argv[2], to, finish);
        if (strcmp(args->argv[1], "document") == 0 && !as_json && !finish && to == NULL)
            return keys_rotate_document(args->argv[2]);
        fprintf(
            stderr,
            "aina: the keys that are changed by a command are 'log' and 'document'; quarters' keys change by "
            "themselves; "
            "usage: aina %s\n",
            usage);
        return EXIT_USAGE;
    }
    if (!args_are(args, 1, 2, usage))
        return EXIT_USAGE;
    struct str what = str_of(args->argv[0]);
    bool restore = args->argc == 2 && str_is(what, "restore"),
         split = args->argc == 2 && str_is(what, "split");
    if (finish || (args->argc == 2 && !restore && !split) || (to != NULL && !restore) ||
        (as_json && args->argc == 2)) {
        fprintf(stderr, "aina: these words do not go together; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (args->argc == 1)
        return keys_show(args->argv[0], as_json);
    return split ? keys_split(args->argv[1]) : keys_restore(args->argv[1], to);
}
