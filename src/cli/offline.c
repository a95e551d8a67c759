/* SPDX-License-Identifier: Apache-2.0 */
/* offline.c: the commands that need no instance: check, number, tlog, verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "jurisdiction/jurisdiction.h"
#include "people/number.h"
#include "tlog/probe.h"
#include "tlog/verify.h"

#define FILE_MAX ((size_t)64 << 20)

/* --- aina check --- */

static void finding_json(struct json *j, const struct finding *f)
{
    json_open_object(j);
    json_key_text(j, "level", f->level == FINDING_ERROR ? STR("error") : STR("warning"));
    json_key_text(j, "file", f->file);
    json_key_u64(j, "line", f->line);
    json_key_u64(j, "column", f->column);
    json_key_text(j, "what", f->what);
    json_key_text(j, "remedy", f->remedy);
    json_end(j);
}

int command_check(struct args *args)
{
    bool as_json = args_flag(args, "--json");
    if (!args_are(args, 1, 1, "check FOLDER [--json]"))
        return EXIT_USAGE;
    struct arena arena;
    struct jurisdiction *j = NULL;
    struct findings findings;
    struct err err;
    struct buf out;
    arena_init(&arena, 65536, (size_t)256 << 20);
    buf_init(&out, FILE_MAX);
    bool ran = jurisdiction_load(args->argv[0], &arena, &j, &findings, &err);
    for (size_t i = 0; ran && i < findings.n; i++) {
        if (as_json) {
            struct json json;
            json_start(&json, &out);
            finding_json(&json, &findings.list[i]);
            buf_byte(&out, '\n');
        } else {
            finding_text(&out, &findings.list[i]);
        }
    }
    if (ran && !as_json) {
        buf_printf(&out, "%zu error%s, %zu warning%s\n", findings.errors, findings.errors == 1 ? "" : "s",
                   findings.n - findings.errors, findings.n - findings.errors == 1 ? "" : "s");
        if (j != NULL) {
            char hex[2 * HASH_SIZE + 1];
            hex_encode(hex, j->hash, HASH_SIZE);
            buf_printf(&out, "rules hash %s\n", hex);
        }
    }
    cli_print(&out);
    int code = !ran ? cli_fail(&err) : j != NULL ? EXIT_DONE : EXIT_REFUSED;
    jurisdiction_free(j);
    buf_done(&out);
    arena_done(&arena);
    return code;
}

/* --- aina number --- */

int command_number(struct args *args)
{
    bool strict = args_flag(args, "--strict");
    if (!args_are(args, 3, 3, "number check SCHEME NUMBER [--strict]"))
        return EXIT_USAGE;
    const struct number_scheme *scheme = number_scheme_find(str_of(args->argv[1]));
    if (strcmp(args->argv[0], "check") != 0 || scheme == NULL) {
        fprintf(stderr, "aina: the schemes are:");
        for (unsigned i = 0; i < number_schemes_n; i++)
            fprintf(stderr, " %s", number_schemes[i].id);
        fprintf(stderr, "; usage: aina number check SCHEME NUMBER [--strict]\n");
        return EXIT_USAGE;
    }
    enum number_verdict verdict = scheme->check(str_of(args->argv[2]), strict);
    char whole[32];
    puts(number_verdict_name(verdict));
    if (verdict == NUMBER_FORMAT && number_lost_zeros(scheme, str_of(args->argv[2]), whole))
        fprintf(stderr, "aina: with the zeros that spreadsheets take away it would be %s; is that meant?\n",
                whole);
    return verdict == NUMBER_OK ? EXIT_DONE : EXIT_REFUSED;
}

/* --- aina tlog check --- */

/* The next line of standard input without its end, or false. What a probe cannot hold is read and dropped,
 * so that a line of any length costs no more memory than the longest probe. */
static bool probe_next(char line[PROBE_LINE_MAX + 1], struct str *ret_line)
{
    size_t n = 0;
    int c = getchar_unlocked();
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getchar_unlocked())
        if (n <= PROBE_LINE_MAX)
            line[n++] = (char)c;
    *ret_line = (struct str){line, n};
    return true;
}

static void probe_unreadable(unsigned long number, const struct err *err)
{
    char text[sizeof err->place + sizeof err->text + 3];
    struct buf out;
    struct json j;
    snprintf(text, sizeof text, "%s: %s", err->place, err->text);
    buf_init(&out, 8192);
    json_start(&j, &out);
    json_open_object(&j);
    json_key_u64(&j, "line", number);
    json_key_bool(&j, "accepted", false);
    json_key_text(&j, "error", str_of(text));
    json_end(&j);
    buf_byte(&out, '\n');
    cli_print(&out);
    buf_done(&out);
}

int command_tlog(struct args *args)
{
    if (!args_are(args, 1, 1, "tlog check") || strcmp(args->argv[0], "check") != 0) {
        fprintf(stderr, "aina: usage: aina tlog check < PROBES\n");
        return EXIT_USAGE;
    }
    static char line[PROBE_LINE_MAX + 1];
    struct str text;
    struct err err;
    for (unsigned long number = 1; probe_next(line, &text); number++) {
        bool accepted = false;
        if (tlog_probe_line(text, &accepted, &err))
            printf("{\"line\":%lu,\"accepted\":%s}\n", number, accepted ? "true" : "false");
        else
            probe_unreadable(number, &err);
    }
    if (!ferror(stdin))
        return EXIT_DONE;
    err_errno(&err, "standard input", "cannot be read");
    return cli_fail(&err);
}

/* --- aina verify --- */

static void verdict_text(struct buf *out, const char *path, const struct verify_verdict *v)
{
    buf_printf(out, "%s: %s\n", path, v->proven ? "PROVEN" : "NOT PROVEN");
    cli_checks_text(out, v->checks, v->n);
    if (v->entry.p != NULL && v->proven)
        buf_printf(out, "  the entry: %.*s\n", STR_ARG(v->entry));
}

static void verdict_json(struct buf *out, const char *path, const struct verify_verdict *v)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_text(&j, "file", str_of(path));
    json_key_bool(&j, "proven", v->proven);
    cli_checks_json(&j, v->checks, v->n);
    json_key_text(&j, "entry", v->entry);
    json_end(&j);
    buf_byte(out, '\n');
}

static void unreadable_json(struct buf *out, const char *path, const struct err *err)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_text(&j, "file", str_of(path));
    json_key_bool(&j, "proven", false);
    json_key_text(&j, "error", str_of(err->text));
    json_end(&j);
    buf_byte(out, '\n');
}

/* Reads and judges one file, and says so. True: it is proven. */
static bool verify_file(const char *path, const struct note_vkey *key, bool as_json)
{
    struct arena arena;
    struct str bytes;
    struct buf out;
    struct err err;
    bool proven = false;
    arena_init(&arena, 65536, (size_t)1 << 30);
    buf_init(&out, FILE_MAX);
    if (cli_read_file(path, FILE_MAX, &arena, &bytes, &err)) {
        struct verify_verdict *v = arena_new(&arena, struct verify_verdict);
        bool trace = bytes.n != 0 && bytes.p[0] == '{';
        (trace ? verify_trace : verify_receipt)(bytes, key, key != NULL, &arena, v);
        (as_json ? verdict_json : verdict_text)(&out, path, v);
        proven = v->proven;
    } else {
        cli_fail(&err);
        if (as_json)
            unreadable_json(&out, path, &err);
    }
    cli_print(&out);
    buf_done(&out);
    arena_done(&arena);
    return proven;
}

int command_verify(struct args *args)
{
    static const char usage[] =
        "verify FILE... [--key VKEY] [--json] | verify FILE --trust FOLDER [--content "
        "FILE] [--at TIME] ... | verify CODE|FILE... --issuers FILE [--status FILE] [--at TIME] [--json]";
    bool as_json = args_flag(args, "--json");
    const char *trust = args_value(args, "--trust");
    if (trust != NULL)
        return verify_signatures(args, trust, as_json, usage);
    const char *issuers = args_value(args, "--issuers");
    if (issuers != NULL)
        return verify_documents(args, issuers, as_json, usage);
    const char *key = args_value(args, "--key");
    if (!args_are(args, 1, 1 << 20, usage))
        return EXIT_USAGE;
    struct note_vkey vkey;
    struct err err;
    bool all = true;
    if (key != NULL && !note_vkey_parse(str_trim(str_of(key)), &vkey, &err)) {
        err_at(&err, "--key");
        err.code = ERR_USAGE;
        return cli_fail(&err);
    }
    for (int i = 0; i < args->argc; i++)
        all &= verify_file(args->argv[i], key != NULL ? &vkey : NULL, as_json);
    if (key == NULL && !as_json)
        puts("Without --key the log's signature was not checked. The key stands on the operator's public "
             "page and on paper.");
    return all ? EXIT_DONE : EXIT_REFUSED;
}
