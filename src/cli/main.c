/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/cli.h"
#include "crypto/keys.h"

#define LINE_MAX_BYTES 1000 /* what an act keeps of its basis and its reason */

static const struct command {
    const char *name;
    int (*run)(struct args *args);
    const char *usage, *what;
} commands[] = {
    {"init", command_init,
     "init DIR --jurisdiction FOLDER [--db URL] [--origin NAME] [--segment-mib N] [--log-key URI] [--yes]",
     "make a new instance: keys, state, log"},
    {"demo", command_demo, "demo DIR --people N", "fill an instance with synthetic people"},
    {"fsck", command_fsck, "fsck DIR [--json]", "read the whole log and vault again and say what is wrong"},
    {"erase", command_erase,
     "erase DIR --person NUMBER (--entry N | --registry ID | --files) --article TEXT --by CODE",
     "erase an entry's text or a person's records, on an order; the order is an entry"},
    {"order", command_order,
     "order supervisor FILE | order grant DIR ... | order list DIR | order month DIR YYYY-MM --key FILE",
     "court orders for sealed looks: the supervisor's key, orders, list and monthly total"},
    {"rekey", command_rekey, "rekey DIR [SECTOR [--now]]",
     "a new epoch of a sector's pseudonyms: with the next quarter, or (--now, after a leak) at once; how far "
     "it "
     "is"},
    {"serve", command_serve,
     "serve DIR [--address ADDRESS] [--port PORT] [--socket PATH] [--proxy] [--user NAME] [--demo]",
     "serve pages, the JSON API and the public log (127.0.0.1:8080); put nginx before it for the outside"},
    {"backup", command_backup, "backup DIR TO [--with-keys] [--state FILE]",
     "copy an instance, also while it is served, and check the copy"},
    {"restore", command_restore, "restore FROM DIR [--witnessed CHECKPOINT] [--master-key FILE] [--db URL]",
     "make an instance of a copy, unless it would roll the log back"},
    {"enrol", command_enrol,
     "enrol DIR person NUMBER [--letter] | enrol DIR official CODE [--agency ID --office ID]",
     "print a code with which a person, or an official, makes their first passkey"},
    {"mandate", command_mandate,
     "mandate DIR CAPACITY ACTOR SUBJECT [--ground TEXT] [--born DATE] [--until DATE] [--scope IDS]",
     "enter a mandate that rests on a register or a court's act: parent, guardian, court-appointed, head, "
     "employee"},
    {"record", command_record, "record DIR REGISTRY NUMBER [--record ID] FIELD=VALUE...",
     "enter or replace a person's or an organisation's record in a register, as its holder says"},
    {"token", command_token, "token DIR official CODE | token DIR person NUMBER",
     "print a bearer token for a program, valid for 30 days"},
    {"check", command_check, "check FOLDER [--json]",
     "check a jurisdiction folder: file, line, what is wrong, what mends it"},
    {"service", command_service,
     "service list FOLDER | show FOLDER ID [--svg FILE] | try FOLDER ID [--trace FILE] | due FOLDER ID | "
     "replay FOLDER TRACE | compare FOLDER-NEW ID --data DIR | schema [--lang L] [--filed TIME] [--channel "
     "C]",
     "services of a folder: what they are, their flow and terms; walk through one; count its deadline"},
    {"verify", command_verify,
     "verify FILE... [--key VKEY] [--json] | verify FILE --trust FOLDER [--content FILE] [--at TIME] ... | "
     "verify CODE|FILE... --issuers FILE [--status FILE] [--at TIME] [--json]",
     "check receipts, a trace, a signed document, or the code of an issued one, offline, in words"},
    {"document", command_document, "document revoke DIR NUMBER --reason TEXT --by CODE | document rekey DIR",
     "revoke a document that was issued; a new key to sign them with"},
    {"bench", command_bench,
     "bench ledger|looks|signatures|cases FOLDER [--large] [--quick] [--json] [--jurisdiction FOLDER] "
     "[--peer "
     "NAME=VALUE]...",
     "measure the log in process, or looks over HTTP beside PostgreSQL, each row after a probe of the disk"},
    {"keys", command_keys,
     "keys DIR [--json] | keys split DIR | keys restore DIR [--to FILE] | keys rotate "
     "master|log|document|shard|psn DIR [--to FILE|URI] [--finish] | keys retire DIR [--now]",
     "show every key and what befell it; split the master key among five people; bring it back; change a "
     "key, "
     "also while the server runs; destroy the keys of quarters whose time is over"},
    {"number", command_number, "number check SCHEME NUMBER [--strict]",
     "check a person's or organisation's number"},
    {"tlog", command_tlog, "tlog check", "check proofs read from standard input, a JSON object a line"},
};

static void print_help(FILE *to)
{
    fprintf(to, "aina: digital government in which the state sees people only through a mirror\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(to, "  aina %s\n      %s\n", commands[i].usage, commands[i].what);
    fprintf(
        to,
        "\nExit codes: 0 done or yes; 1 refused, not proven or found wrong; 2 the command's words are off.\n"
        "The manual is aina(1).\n");
}

static void take_out(struct args *args, int at, int n)
{
    memmove(&args->argv[at], &args->argv[at + n], (size_t)(args->argc - at - n) * sizeof *args->argv);
    args->argc -= n;
}

const char *args_value(struct args *args, const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < args->argc && strcmp(args->argv[i], "--") != 0; i++) {
        if (strcmp(args->argv[i], name) == 0 && i + 1 < args->argc) {
            const char *value = args->argv[i + 1];
            take_out(args, i, 2);
            return value;
        }
        if (strncmp(args->argv[i], name, n) == 0 && args->argv[i][n] == '=') {
            const char *value = args->argv[i] + n + 1;
            take_out(args, i, 1);
            return value;
        }
    }
    return NULL;
}

bool args_flag(struct args *args, const char *name)
{
    for (int i = 0; i < args->argc && strcmp(args->argv[i], "--") != 0; i++) {
        if (strcmp(args->argv[i], name) == 0) {
            take_out(args, i, 1);
            return true;
        }
    }
    return false;
}

bool args_are(struct args *args, int min, int max, const char *usage)
{
    for (int i = 0; i < args->argc; i++) {
        if (strcmp(args->argv[i], "--") == 0) {
            take_out(args, i, 1);
            break;
        }
        if (strncmp(args->argv[i], "--", 2) == 0) {
            fprintf(stderr,
                    "aina: the option '%s' is unknown, lacks its value, or stands there twice; usage: aina "
                    "%s\n",
                    args->argv[i], usage);
            return false;
        }
    }
    if (args->argc < min || args->argc > max) {
        fprintf(stderr, "aina: %s; usage: aina %s\n",
                args->argc < min ? "something is missing" : "too many words", usage);
        return false;
    }
    return true;
}

bool cli_line(const char *place, const char *text, struct err *err)
{
    struct str line = str_of(text);
    bool fits = str_trim(line).n != 0 && line.n <= LINE_MAX_BYTES && utf8_valid(line);
    for (size_t i = 0; i < line.n; i++)
        fits = fits && (unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f;
    return fits || err_set(err, ERR_USAGE, place,
                           "must be one line of UTF-8 text, 1 to %d bytes, without control characters",
                           LINE_MAX_BYTES);
}

int cli_fail(const struct err *err)
{
    fprintf(stderr, "aina: %s%s%s\n", err->place, err->place[0] ? ": " : "", err->text);
    return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
}

bool cli_read_file(const char *path, size_t max, struct arena *arena, struct str *ret_bytes, struct err *err)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer is no reason to wait */
    if (fd < 0)
        return err_errno(err, path, "cannot open");
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode) || (size_t)stat.st_size > max) {
        close(fd);
        return err_set(err, ERR_TOO_LARGE, path, "is not a plain file of at most %zu bytes", max);
    }
    char *p = arena_take(arena, (size_t)stat.st_size + 1, 1);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<(size_t)stat.st_size; n += got> 0 ? (size_t)got : 0)
        got = read(fd, p + n, (size_t)stat.st_size - n);
    close(fd);
    if (n != (size_t)stat.st_size)
        return err_set(err, ERR_IO, path, "could not be read to its end");
    *ret_bytes = (struct str){p, n};
    return true;
}

void cli_print(const struct buf *buf)
{
    fwrite(buf->p, 1, buf->n, stdout);
}

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(const struct command *command, struct args *args)
{
    if (args_flag(args, "--help") || (args->argc == 1 && is_help(args->argv[0]))) {
        printf("aina %s\n    %s\n", command->usage, command->what);
        return EXIT_DONE;
    }
    return command->run(args);
}

int main(int argc, char **argv)
{
    char help[] = "--help", *words[] = {argv[0], argc == 3 ? argv[2] : NULL, help, NULL};
    keys_start();
    if (argc == 3 && strcmp(argv[1], "help") == 0)
        argv = words; /* aina help COMMAND */
    if (argc < 2 || is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aina " AINA_VERSION);
        return EXIT_DONE;
    }
    const struct command *command = command_named(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "aina: unknown command '%s'; see aina --help\n", argv[1]);
        return EXIT_USAGE;
    }
    struct args args = {argc - 2, argv + 2};
    int code = run(command, &args);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("aina: standard output");
        return EXIT_REFUSED;
    }
    return code;
}
