/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c: `aina verify FILE --trust FOLDER`: signed documents and evidence of them, in words. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "jurisdiction/jurisdiction.h"
#include "people/number.h"
#include "signature/fetch.h"
#include "signature/signature.h"

#define STATUS_FILE_MAX ((size_t)32 << 20)

void cli_checks_text(struct buf *out, const struct verify_check *checks, size_t n)
{
    static const char *const mark[] = {"proven     ", "FAILED     ", "not checked"};
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "  %s  %s (%s)\n", mark[checks[i].status], checks[i].words, checks[i].id);
}

void cli_checks_json(struct json *j, const struct verify_check *checks, size_t n)
{
    static const char *const status[] = {"proven", "failed", "not-checked"};
    json_key(j, "checks");
    json_open_array(j);
    for (size_t i = 0; i < n; i++) {
        json_open_object(j);
        json_key_text(j, "id", str_of(checks[i].id));
        json_key_text(j, "status", str_of(status[checks[i].status]));
        json_key_text(j, "words", str_of(checks[i].words));
        json_end(j);
    }
    json_end(j);
}

static void signer_text(struct buf *out, const struct signature_signer *s)
{
    buf_printf(out, "  signed by  %.*s", STR_ARG(s->name));
    if (s->person.n != 0)
        buf_printf(out, ", %.*s %.*s", STR_ARG(s->person_scheme), STR_ARG(s->person));
    if (s->organisation.n != 0)
        buf_printf(out, ", for %.*s %.*s", STR_ARG(s->organisation_scheme), STR_ARG(s->organisation));
    buf_byte(out, '\n');
}

static void optional(struct json *j, const char *key, struct str text)
{
    json_key_text(j, key, text.n != 0 ? text : (struct str){0});
}

static void signer_json(struct json *j, const struct signature_signer *s)
{
    char time[TIME_TEXT_SIZE];
    time_iso(s->time, time);
    json_open_object(j);
    json_key_bool(j, "holds", s->holds);
    optional(j, "name", s->name);
    optional(j, "personScheme", s->person_scheme);
    optional(j, "person", s->person);
    optional(j, "organisationScheme", s->organisation_scheme);
    optional(j, "organisation", s->organisation);
    optional(j, "authority", s->authority != NULL ? s->authority->id : (struct str){0});
    json_key(j, "roles");
    json_open_array(j);
    for (size_t i = 0; i < s->roles_n; i++)
        json_text(j, s->roles[i]->id);
    json_end(j);
    json_key_text(j, "time", str_of(time));
    json_key_bool(j, "stamped", s->stamped);
    json_end(j);
}

static void verdict_print(const char *path, const struct signature_verdict *v, bool as_json)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    if (as_json) {
        struct json j;
        json_start(&j, &out);
        json_open_object(&j);
        json_key_text(&j, "file", str_of(path));
        json_key_bool(&j, "proven", v->proven);
        cli_checks_json(&j, v->checks, v->n);
        json_key(&j, "signers");
        json_open_array(&j);
        for (size_t i = 0; i < v->signers_n; i++)
            signer_json(&j, &v->signer[i]);
        json_end(&j);
        json_end(&j);
        buf_byte(&out, '\n');
    } else {
        buf_printf(&out, "%s: %s\n", path, v->proven ? "PROVEN" : "NOT PROVEN");
        cli_checks_text(&out, v->checks, v->n);
        for (size_t i = 0; i < v->signers_n; i++)
            if (v->signer[i].holds)
                signer_text(&out, &v->signer[i]);
    }
    cli_print(&out);
    buf_done(&out);
}

static bool number_possible(struct str scheme, struct str number)
{
    const struct number_scheme *s = number_scheme_find(scheme);
    return s != NULL && s->check(number, false) == NUMBER_OK;
}

/* Takes every `--name FILE` into the list. */
static bool take_files(struct args *args, const char *name, struct arena *arena,
                       struct str items[EVIDENCE_ITEMS_MAX], size_t *n, struct err *err)
{
    for (const char *path; (path = args_value(args, name)) != NULL; (*n)++) {
        if (*n == EVIDENCE_ITEMS_MAX)
            return err_set(err, ERR_USAGE, name, "is given more than %d times", EVIDENCE_ITEMS_MAX);
        if (!cli_read_file(path, STATUS_FILE_MAX, arena, &items[*n], err))
            return false;
    }
    return true;
}

struct asked {
    const char *trust, *content, *at, *keep, *cache;
    bool json, fetch;
    struct evidence extra;
    struct signature_question question;
};

static bool read_asked(struct args *args, struct asked *a, struct arena *arena, struct err *err)
{
    static const char *const names[] = {"--use", "--person", "--organisation", "--role"};
    struct str *to[] = {&a->question.use, &a->question.person, &a->question.organisation, &a->question.role};
    a->content = args_value(args, "--content");
    a->at = args_value(args, "--at");
    a->keep = args_value(args, "--keep");
    a->cache = args_value(args, "--cache");
    a->fetch = args_flag(args, "--fetch");
    a->question.number_possible = number_possible;
    a->question.at = clock_now();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = args_value(args, names[i]);
        *to[i] = value != NULL ? str_of(value) : (struct str){"", 0};
    }
    if (a->at != NULL && !time_parse(str_of(a->at), &a->question.at))
        return err_set(err, ERR_USAGE, "--at", "must be a time, YYYY-MM-DDThh:mm:ssZ");
    if (a->content != NULL &&
        !cli_read_file(a->content, SIGNATURE_FILE_MAX, arena, &a->question.content, err))
        return false;
    struct evidence *e = &a->extra;
    return take_files(args, "--timestamp", arena, e->stamps, &e->stamps_n, err) &&
           take_files(args, "--ocsp", arena, e->ocsp, &e->ocsp_n, err) &&
           take_files(args, "--crl", arena, e->lists, &e->lists_n, err);
}

static bool add_items(struct str items[EVIDENCE_ITEMS_MAX], size_t *n, const struct str *more, size_t more_n,
                      struct err *err)
{
    if (*n + more_n > EVIDENCE_ITEMS_MAX)
        return err_set(err, ERR_TOO_LARGE, NULL, "more than %d items of one kind", EVIDENCE_ITEMS_MAX);
    for (size_t i = 0; i < more_n; i++)
        items[(*n)++] = more[i];
    return true;
}

static bool read_evidence(const char *path, const struct asked *a, struct arena *arena, struct evidence *ret,
                          struct err *err)
{
    struct str file;
    if (!cli_read_file(path, 2 * SIGNATURE_FILE_MAX, arena, &file, err))
        return false;
    *ret = (struct evidence){.signature = file, .collected = clock_now()};
    if (evidence_is(file) && !evidence_read(file, arena, ret, err))
        return err_at(err, "%s", path);
    return add_items(ret->stamps, &ret->stamps_n, a->extra.stamps, a->extra.stamps_n, err) &&
           add_items(ret->ocsp, &ret->ocsp_n, a->extra.ocsp, a->extra.ocsp_n, err) &&
           add_items(ret->lists, &ret->lists_n, a->extra.lists, a->extra.lists_n, err);
}

/* A new file, never over an old one: evidence cannot be made again. */
static bool write_evidence(const char *path, const struct evidence *e, struct err *err)
{
    struct buf out;
    buf_init(&out, (size_t)512 << 20);
    evidence_write(&out, e);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    for (size_t at = 0; ok && at < out.n;) {
        ssize_t n = write(fd, out.p + at, out.n - at);
        ok = n > 0;
        at += ok ? (size_t)n : 0;
    }
    ok = ok && fsync(fd) == 0;
    if (!ok)
        err_errno(err, path, fd < 0 && errno == EEXIST ? "is never overwritten" : "cannot be written");
    if (fd >= 0)
        close(fd);
    buf_done(&out);
    return ok;
}

static bool verify_one(const char *path, struct asked *a, const struct trust *trust, struct arena *arena,
                       bool *ret_proven, struct err *err)
{
    struct evidence e;
    struct signature_verdict *v = arena_new(arena, struct signature_verdict);
    if (!read_evidence(path, a, arena, &e, err))
        return false;
    if (a->fetch) {
        /* What cannot be had is said; the verdict then shows what is missing. */
        struct err why;
        if (!fetch_evidence(trust, NULL, &e, a->cache, arena, &why))
            cli_fail(&why);
        if (a->at == NULL)
            a->question.at = clock_now();
    }
    signature_verify(trust, &e, &a->question, arena, v);
    verdict_print(path, v, a->json);
    *ret_proven = v->proven;
    if (a->keep == NULL)
        return true;
    if (e.content.p == NULL)
        e.content = a->question.content;
    return write_evidence(a->keep, &e, err);
}

static void print_findings(const struct findings *findings)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    for (size_t i = 0; i < findings->n; i++)
        finding_text(&out, &findings->list[i]);
    fprintf(stderr, "%.*s", (int)out.n, out.p);
    buf_done(&out);
}

int verify_signatures(struct args *args, const char *folder, bool as_json, const char *usage)
{
    struct asked asked = {.trust = folder, .json = as_json};
    struct arena arena;
    struct trust *trust = NULL;
    struct findings findings = {0};
    struct err err;
    bool all = true;
    arena_init(&arena, 65536, (size_t)1 << 30);
    bool ok = read_asked(args, &asked, &arena, &err);
    if (ok && !args_are(args, 1, asked.keep != NULL ? 1 : 1 << 20, usage)) {
        arena_done(&arena);
        return EXIT_USAGE;
    }
    ok = ok && trust_load(folder, &arena, &trust, &findings, &err);
    if (ok && trust == NULL) {
        print_findings(&findings);
        ok = err_set(&err, ERR_INVALID, folder, "has errors; mend them first");
    }
    for (int i = 0; ok && i < args->argc; i++) {
        bool proven = false;
        bool done = verify_one(args->argv[i], &asked, trust, &arena, &proven, &err);
        if (!done)
            cli_fail(&err);
        all &= done && proven;
    }
    int code = !ok ? cli_fail(&err) : all ? EXIT_DONE : EXIT_REFUSED;
    if (trust != NULL)
        trust_done(trust);
    arena_done(&arena);
    return code;
}
