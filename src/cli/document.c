/* SPDX-License-Identifier: Apache-2.0 */
/* document.c: codes of documents checked offline, for `aina verify`; and `aina document`: a document revoked,
 * a new key. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "cli/keys_work.h"
#include "document/verify.h"

#define FILE_MAX ((size_t)8 << 20)

/* --- aina verify CODE --issuers FILE --- */

static void field_text(struct buf *out, const char *name, struct str value)
{
    if (value.n != 0)
        buf_printf(out, "    %-9s %.*s\n", name, STR_ARG(value));
}

static void paper_text(struct buf *out, const struct paper *p)
{
    static const struct {
        int key;
        const char *name;
    } fields[] = {
#define X(id, key, name, what) {key, name},
        PAPER_FIELDS(X)
#undef X
    };
    char time[TIME_TEXT_SIZE];
    buf_text(out, "  what it says:\n");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        field_text(out, fields[i].name, paper_get(p, fields[i].key));
    field_text(out, "name", paper_get_person(p, PAPER_PERSON_NAME));
    field_text(out, "person", paper_get_person(p, PAPER_PERSON_NUMBER));
    time_iso(p->issued * CLOCK_SECOND, time);
    field_text(out, "issued", str_of(time));
    time_iso(p->expires * CLOCK_SECOND, time);
    field_text(out, "expires", p->expires != 0 ? str_of(time) : STR("never"));
    field_text(out, "status", p->status_uri);
}

static void verdict_text(struct buf *out, const char *what, const struct document_verdict *v)
{
    char time[TIME_TEXT_SIZE];
    buf_printf(out, "%s: %s\n", what,
               v->valid     ? "VALID"
               : v->genuine ? "REAL, BUT NOT SHOWN TO BE VALID"
                            : "NOT SHOWN TO BE REAL");
    cli_checks_text(out, v->checks, v->n);
    if (v->status_made != 0) {
        time_iso(v->status_made * CLOCK_SECOND, time);
        buf_printf(out, "  the status list is of %s\n", time);
    }
    if (v->genuine)
        paper_text(out, &v->paper);
}

static void verdict_json(struct buf *out, const char *what, const struct document_verdict *v)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_text(&j, "code", str_of(what));
    json_key_bool(&j, "genuine", v->genuine);
    json_key_bool(&j, "valid", v->valid);
    cli_checks_json(&j, v->checks, v->n);
    json_key_text(&j, "number", v->genuine ? paper_get(&v->paper, PAPER_NUMBER) : (struct str){0});
    json_key_text(&j, "kind", v->genuine ? paper_get(&v->paper, PAPER_KIND) : (struct str){0});
    json_key_text(&j, "words", v->genuine ? paper_get(&v->paper, PAPER_WORDS) : (struct str){0});
    json_key_text(&j, "status", v->genuine ? v->paper.status_uri : (struct str){0});
    json_end(&j);
    buf_byte(out, '\n');
}

/* The code itself, or a file with it. */
static bool code_of(const char *argument, struct arena *arena, struct str *ret, const char **ret_name,
                    struct err *err)
{
    *ret_name = argument;
    if (str_starts(str_of(argument), STR(PAPER_PREFIX))) {
        *ret = str_trim(str_of(argument));
        *ret_name = "the code";
        return true;
    }
    if (!cli_read_file(argument, FILE_MAX, arena, ret, err))
        return false;
    *ret = str_trim(*ret);
    return true;
}

static bool time_of(const char *text, int64_t *ret_seconds, struct err *err)
{
    int64_t time = clock_now();
    if (text != NULL && !time_parse(str_of(text), &time))
        return err_set(err, ERR_USAGE, "--at", "must be like 2026-11-25T18:00:00Z");
    *ret_seconds = time / CLOCK_SECOND;
    return true;
}

int verify_documents(struct args *args, const char *issuers_file, bool as_json, const char *usage)
{
    const char *status = args_value(args, "--status"), *at = args_value(args, "--at"), *name;
    struct document_question q = {0};
    struct issuers issuers;
    struct arena arena;
    struct str bytes;
    struct err err;
    bool all = true;
    if (!args_are(args, 1, 1 << 20, usage))
        return EXIT_USAGE;
    arena_init(&arena, 65536, (size_t)1 << 28);
    bool ok = time_of(at, &q.now, &err) && cli_read_file(issuers_file, FILE_MAX, &arena, &bytes, &err) &&
              issuers_read(bytes, &arena, &issuers, &err) &&
              (status == NULL || cli_read_file(status, FILE_MAX, &arena, &q.status_list, &err));
    q.issuers = &issuers;
    for (int i = 0; ok && i < args->argc; i++) {
        struct document_verdict *v = arena_new(&arena, struct document_verdict);
        struct buf out;
        if (!code_of(args->argv[i], &arena, &q.code, &name, &err)) {
            cli_fail(&err);
            all = false;
            continue;
        }
        document_verify(&q, &arena, v);
        buf_init(&out, FILE_MAX);
        (as_json ? verdict_json : verdict_text)(&out, name, v);
        cli_print(&out);
        buf_done(&out);
        all &= v->valid;
    }
    arena_done(&arena);
    return !ok ? cli_fail(&err) : all ? EXIT_DONE : EXIT_REFUSED;
}

/* --- aina document --- */

#define USAGE_REVOKE "document revoke DIR NUMBER --reason TEXT --by CODE"
#define USAGE_REKEY "document rekey DIR"

/* The official's office must be the agency's that issued the document. */
static bool revoke(struct instance *in, const char *number, const char *reason, const char *by,
                   struct err *err)
{
    struct official official;
    struct document doc;
    uint64_t position;
    int32_t today = local_today(in->jurisdiction);
    if (!people_official(in->db, str_of(by), today, &in->arena, &official, err) ||
        !document_read(in->documents, in->db, str_of(number), &in->arena, &doc, err))
        return false;
    const struct agency *agency = jurisdiction_agency(in->jurisdiction, official.agency);
    const struct office *office = agency != NULL ? jurisdiction_office(agency, official.office) : NULL;
    if (office == NULL || agency != doc.agency)
        return err_set(err, ERR_NOT_ALLOWED, by, "is no official of the agency that issued %s", number);
    const struct revocation because = {
        .office = office, .staff = official.staff_code, .reason = str_of(reason), .levels = STR("terminal")};
    return document_revoke(in->documents, in->db, str_of(number), &because, &in->arena, &position, err);
}

static int document_revoke_command(struct args *args)
{
    const char *reason = args_value(args, "--reason"), *by = args_value(args, "--by");
    struct instance in;
    struct err err;
    if (reason == NULL || by == NULL || !args_are(args, 2, 2, USAGE_REVOKE)) {
        fprintf(stderr, "aina: usage: aina %s\n", USAGE_REVOKE);
        return EXIT_USAGE;
    }
    if (!cli_line("--reason", reason, &err) || !instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    bool ok = revoke(&in, args->argv[1], reason, by, &err);
    instance_close(&in);
    if (!ok)
        return cli_fail(&err);
    printf("Revoked %s. The next status list says so; it is an entry in the person's list.\n", args->argv[1]);
    return EXIT_DONE;
}

/* The same order as aina keys rotate document. */
static int document_rekey_command(struct args *args)
{
    if (!args_are(args, 1, 1, USAGE_REKEY))
        return EXIT_USAGE;
    return keys_rotate("document", args->argv[0], NULL, false, USAGE_REKEY);
}

int command_document(struct args *args)
{
    static const struct {
        const char *name;
        int (*run)(struct args *args);
    } words[] = {{"revoke", document_revoke_command}, {"rekey", document_rekey_command}};
    for (size_t i = 0; args->argc > 0 && i < ARRAY_LEN(words); i++)
        if (strcmp(args->argv[0], words[i].name) == 0) {
            args->argc--;
            args->argv++;
            return words[i].run(args);
        }
    fprintf(stderr, "aina: usage: aina %s | %s\n", USAGE_REVOKE, USAGE_REKEY);
    return EXIT_USAGE;
}
