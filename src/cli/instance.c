/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/cli.h"
#include "cli/keys_work.h"
#include "cli/logkey.h"
#include "cli/making.h"
#include "cli/mark.h"
#include "crypto/keys.h"
#include "crypto/token.h"
#include "ledger/public.h"
#include "people/signing.h"
#include "web/demo.h"

#define CONF_MAX 65536

/* --- reading --- */

/* "https://host[:port]"; plain http is for localhost alone, as browsers have it with passkeys. */
static bool site_valid(struct str site)
{
    bool plain = str_starts(site, STR("http://localhost"));
    struct str rest = str_from(site, plain ? 16 : 8);
    if (!plain && (!str_starts(site, STR("https://")) || rest.n == 0 || rest.p[0] == ':'))
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (!((rest.p[i] >= 'a' && rest.p[i] <= 'z') || (rest.p[i] >= '0' && rest.p[i] <= '9') ||
              strchr(".-:", rest.p[i]) != NULL))
            return false;
    return !plain || rest.n == 0 || rest.p[0] == ':';
}

static bool conf_read(struct instance *in, struct err *err)
{
    struct str rest, line;
    const char *path = arena_printf(&in->arena, "%s/aina.conf", in->folder);
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, ERR_NOT_FOUND, in->folder,
                       "is not an instance (it has no aina.conf); make one with aina init");
    if (!cli_read_file(path, CONF_MAX, &in->arena, &rest, err)) {
        struct err why = *err;
        return err_set(err, why.code, path, "%s; run the command as the user whose instance it is", why.text);
    }
    struct {
        const char *name;
        const char **to;
    } known[] = {{"origin", &in->origin},
                 {"database", &in->db_url},
                 {"jurisdiction", &in->jurisdiction_folder},
                 {"site", &in->site},
                 {"clamd", &in->clamd}};
    for (unsigned number = 1; str_next(&rest, '\n', &line); number++) {
        struct str name, value = str_trim(line);
        bool used = value.n == 0 || value.p[0] == '#';
        if (!used && str_next(&value, '=', &name))
            for (size_t i = 0; i < ARRAY_LEN(known); i++)
                if (str_is(str_trim(name), known[i].name)) {
                    *known[i].to = str_c(&in->arena, str_trim(value));
                    used = true;
                }
        if (!used) {
            err_set(err, ERR_INVALID, path,
                    "line %u is not 'origin', 'database', 'jurisdiction', 'site' or 'clamd' = value", number);
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (*known[i].to == NULL && known[i].to != &in->site && known[i].to != &in->clamd)
            return err_set(err, ERR_INVALID, path, "'%s' is missing", known[i].name);
    return in->site == NULL || site_valid(str_of(in->site)) ||
           err_set(err, ERR_INVALID, path,
                   "site must be the address that browsers show, without a path: https://aina.example");
}

/* An instance made before there was a state key has what its master key was then. */
static bool state_key_read(struct instance *in, struct err *err)
{
    const char *path = key_path(&in->arena, in->keys, KEY_STATE);
    in->state = secret_new(KEY_SIZE);
    if (access(path, F_OK) == 0 || !keys_without_state(in))
        return key_file_read_sealed(path, in->master, "state", in->state, err);
    memcpy(in->state, in->master, KEY_SIZE);
    return true;
}

static bool keys_read(struct instance *in, struct err *err)
{
    in->keys = arena_printf(&in->arena, "%s/keys", in->folder);
    in->master = secret_new(KEY_SIZE);
    in->ledger_config = (struct ledger_config){
        .folder = arena_printf(&in->arena, "%s/ledger", in->folder),
        .origin = str_of(in->origin),
    };
    if (!key_file_read(key_master_path(&in->arena, in->keys), in->master, err) || !state_key_read(in, err) ||
        !logkey_open(in, err))
        return false;
    key_derive(in->ledger_config.header_key, in->state, "ledger header");
    return true;
}

static bool jurisdiction_read(struct instance *in, struct err *err)
{
    struct findings findings;
    if (!jurisdiction_load(in->jurisdiction_folder, &in->arena, &in->jurisdiction, &findings, err))
        return false;
    if (in->jurisdiction == NULL)
        return err_set(err, ERR_INVALID, in->jurisdiction_folder, "has %zu errors; aina check lists them",
                       findings.errors);
    return true;
}

static bool vault_start(struct instance *in, struct err *err)
{
    const struct jurisdiction *j = in->jurisdiction;
    struct vault_registry *registries = arena_array(&in->arena, struct vault_registry, j->registries_n + 1);
    for (size_t i = 0; i < j->registries_n; i++) {
        const struct registry *r = &j->registries[i];
        registries[i] =
            (struct vault_registry){.id = r->id, .holder = r->holder->id, .fields_n = r->fields_n};
        for (size_t f = 0; f < r->fields_n; f++) {
            registries[i].field[f] = r->fields[f].id;
            registries[i].keys |= (uint64_t)r->fields[f].key << f;
        }
    }
    return vault_new(&in->vault, in->state, registries, j->registries_n, err);
}

/* "sqlite:NAME" without a slash is a file of the instance's folder. */
static const char *db_url_of(struct instance *in)
{
    struct str url = str_of(in->db_url);
    if (str_starts(url, STR("sqlite:")) && strchr(in->db_url, '/') == NULL)
        return arena_printf(&in->arena, "sqlite:%s/%s", in->folder, in->db_url + 7);
    return in->db_url;
}

static bool state_open(struct instance *in, struct err *err)
{
    return db_open(&in->db, in->db_url, err) && people_migrate(in->db, err) && signing_migrate(in->db, err) &&
           vault_migrate(in->db, err) && gate_migrate(in->db, err) && cases_migrate(in->db, err) &&
           documents_migrate(in->db, err) && beside_migrate(in->db, err) && mark_migrate(in->db, err) &&
           demo_migrate(in->db, err);
}

static bool log_open(struct instance *in, struct err *err)
{
    struct ledger_report report;
    struct mark mark;
    if (!mark_read(in, &mark, err))
        return false;
    in->ledger_config.at_least = in->marked = mark.size;
    in->ledger_config.at_least_root = mark.root;
    if (!ledger_open(&in->ledger, &in->ledger_config, &report, err))
        return false;
    say(SAY_INFO,
        "log: %llu entries in %llu batches; %llu bytes of an unfinished batch cut off; %llu leaves rebuilt; "
        "%.2f s",
        (unsigned long long)report.entries, (unsigned long long)report.batches,
        (unsigned long long)report.torn_bytes, (unsigned long long)report.leaves_rebuilt, report.seconds);
    in->gate_config.ledger = in->ledger;
    return gate_open(&in->gate, &in->gate_config, in->db, err) && mark_keep(in, err) && keys_settle(in, err);
}

static bool conf_start(struct instance *in, const char *folder, struct err *err)
{
    *in = (struct instance){.folder = folder};
    arena_init(&in->arena, 65536, (size_t)64 << 20);
    if (!conf_read(in, err))
        return false;
    in->db_url = db_url_of(in);
    if (in->jurisdiction_folder[0] != '/') /* in the instance's folder: a restored one brings its own */
        in->jurisdiction_folder = arena_printf(&in->arena, "%s/%s", folder, in->jurisdiction_folder);
    return true;
}

bool instance_conf(struct instance *in, const char *folder, struct err *err)
{
    bool ok = conf_start(in, folder, err);
    if (!ok)
        instance_close(in);
    return ok;
}

/* Cases, and the documents that their steps issue. */
static bool cases_start(struct instance *in, struct err *err)
{
    beside_free(in->beside);
    cases_free(in->cases);
    documents_free(in->documents);
    in->documents = NULL;
    in->cases = cases_new(in->gate, in->jurisdiction, in->state);
    in->beside = beside_new(in->cases, in->people, in->jurisdiction, in->state);
    const struct documents_config config = {.elsewhere = logkey_document,
                                            .arg = in,
                                            .keys_folder = in->keys,
                                            .master = in->master,
                                            .state = in->state,
                                            .site = in->site,
                                            .origin = in->origin,
                                            .gate = in->gate,
                                            .beside = in->gate_config.beside,
                                            .cases = in->cases,
                                            .people = in->people,
                                            .j = in->jurisdiction};
    return documents_open(&in->documents, &config, in->db, err);
}

bool instance_open(struct instance *in, const char *folder, bool live, struct err *err)
{
    bool ok = conf_start(in, folder, err) && keys_read(in, err) && jurisdiction_read(in, err) &&
              vault_start(in, err) && state_open(in, err);
    if (ok) {
        in->people = people_new(in->state);
        people_set_ages(in->people,
                        (struct people_ages){in->jurisdiction->majority, in->jurisdiction->own_account});
        people_set_zone(in->people, in->jurisdiction->utc_offset_minutes);
        in->gate_config = (struct gate_config){.keys_folder = in->keys,
                                               .jurisdiction = in->jurisdiction,
                                               .vault = in->vault,
                                               .db_url = in->db_url};
        memcpy(in->gate_config.master, in->master, KEY_SIZE);
        memcpy(in->gate_config.state, in->state, KEY_SIZE);
        ok = !live || log_open(in, err);
        people_set_registers(in->people, in->gate, in->jurisdiction);
    }
    ok = ok && cases_start(in, err);
    if (!ok)
        instance_close(in);
    return ok;
}

/* The log read to its last whole batch, and a gate that puts acts into the outbox. */
static bool log_open_beside(struct instance *in, struct err *err)
{
    struct ledger_config config = in->ledger_config;
    struct ledger_report report;
    config.read_only = in->gate_config.beside = true;
    if (!ledger_open(&in->ledger, &config, &report, err))
        return false;
    in->gate_config.ledger = in->ledger;
    in->gate_config.db_url = NULL;
    if (!gate_open(&in->gate, &in->gate_config, in->db, err))
        return false;
    people_set_registers(in->people, in->gate, in->jurisdiction);
    return cases_start(in, err);
}

bool instance_open_any(struct instance *in, const char *folder, struct err *err)
{
    if (instance_open(in, folder, true, err))
        return true;
    if (err->code != ERR_CONFLICT || !instance_open(in, folder, false, err))
        return false;
    bool ok = log_open_beside(in, err);
    if (!ok)
        instance_close(in);
    return ok;
}

void instance_close(struct instance *in)
{
    struct err err;
    if (in->gate != NULL && !in->gate_config.beside && !ledger_stopped(in->ledger, NULL) &&
        !mark_keep(in, &err))
        say_err(SAY_WARN, &err);
    beside_free(in->beside);
    cases_free(in->cases);
    documents_free(in->documents);
    gate_close(in->gate);
    if (in->ledger != NULL)
        ledger_close(in->ledger);
    logkey_close(in);
    people_free(in->people);
    vault_free(in->vault);
    if (in->db != NULL)
        db_close(in->db);
    jurisdiction_free(in->jurisdiction);
    if (in->master != NULL)
        secret_free(in->master);
    if (in->state != NULL)
        secret_free(in->state);
    secret_wipe(&in->ledger_config, sizeof in->ledger_config);
    secret_wipe(&in->gate_config, sizeof in->gate_config);
    arena_done(&in->arena);
    *in = (struct instance){0};
}

/* --- making --- */

static bool write_conf(const char *folder, const struct instance_new *o, const char *jurisdiction,
                       struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/aina.conf", folder);
    FILE *file = fopen(path, "wx");
    if (file == NULL)
        return err_errno(err, path, "cannot create");
    fprintf(file, "# Made by aina init.\norigin = %s\ndatabase = %s\njurisdiction = %s\n", o->origin,
            o->db_url ? o->db_url : "sqlite:state.db", jurisdiction);
    bool ok = fflush(file) == 0 && fsync(fileno(file)) == 0;
    ok &= fclose(file) == 0;
    return ok || err_errno(err, path, "cannot write");
}

static bool make_in_token(const char *uri, const char *path, struct err *err)
{
    struct token *token;
    if (!token_open(&token, str_of(uri), TOKEN_MAKE, err))
        return false;
    token_close(token);
    return logkey_write_uri(path, uri, err);
}

static bool make_keys(const char *folder, const struct instance_new *o, struct err *err)
{
    char keys[PATH_MAX];
    struct arena arena;
    uint8_t *master = secret_new(KEY_SIZE), *state = secret_new(KEY_SIZE), seed[SIGN_SEED_SIZE];
    snprintf(keys, sizeof keys, "%.4000s/keys", folder);
    random_bytes(master, KEY_SIZE);
    random_bytes(state, KEY_SIZE);
    random_bytes(seed, sizeof seed);
    bool ok = keys_confirm_copy(master, o->confirm, err) &&
              (mkdir(keys, 0700) == 0 || err_errno(err, keys, "cannot make the folder"));
    arena_init(&arena, 1024, 1 << 20);
    ok = ok && key_file_write(key_path(&arena, keys, KEY_MASTER), master, err) &&
         key_file_write_sealed(key_path(&arena, keys, KEY_STATE), master, "state", state, err) &&
         (o->log_key != NULL
              ? make_in_token(o->log_key, key_path(&arena, keys, KEY_LOG), err)
              : key_file_write_sealed(key_path(&arena, keys, KEY_LOG), master, "log", seed, err)) &&
         gate_create_keys(keys, master, err);
    arena_done(&arena);
    secret_free(master);
    secret_free(state);
    secret_wipe(seed, sizeof seed);
    return ok;
}

/* Opens it once: makes the tables, the log, the first shard and the first public records. */
static bool first_start(const char *folder, size_t segment_bytes, struct err *err)
{
    struct instance in;
    if (!instance_open(&in, folder, false, err))
        return false;
    in.ledger_config.segment_bytes = segment_bytes;
    bool ok = ledger_create(&in.ledger_config, err) && log_open(&in, err) && keys_made(&in, err) &&
              cases_start(&in, err);
    if (ok) {
        struct note_vkey vkey;
        struct buf text;
        ledger_vkey(in.ledger, &vkey);
        buf_init(&text, 4096);
        note_vkey_text(&text, &vkey);
        printf("The log's public key, to be printed and published (it is what `aina verify --key` "
               "takes):\n\n    %.*s\n\n",
               (int)text.n, text.p);
        buf_done(&text);
    }
    instance_close(&in);
    return ok;
}

bool instance_conf_value(const char *place, const char *value, struct err *err)
{
    struct str text = str_of(value);
    bool fits = text.n != 0 && text.n < PATH_MAX && str_eq(str_trim(text), text);
    for (size_t i = 0; i < text.n; i++)
        fits = fits && (unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f;
    return fits || err_set(err, ERR_USAGE, place,
                           "must be a line of text without control characters, nor spaces at its ends");
}

/* Tables of an instance, whole or half-made, that another state must not be mixed with. */
static bool postgres_is_new(const char *url, struct err *err)
{
    struct db *db;
    if (!db_open(&db, url, err))
        return false;
    struct db_stmt *stmt = db_sql(
        db, "SELECT count(*) FROM (SELECT to_regclass('migration') AS found) AS t WHERE found IS NOT NULL",
        err);
    bool row, ok = stmt != NULL && db_one(stmt, &row, err);
    bool used = ok && row && db_i64(stmt, 0) != 0;
    if (ok && row)
        db_end(stmt);
    db_close(db);
    return ok &&
           (!used || err_set(err, ERR_CONFLICT, "--db",
                             "the database has the tables of an instance, or of one that was not finished: "
                             "make an empty one (createdb) and name that"));
}

static bool state_is_new(const char *url, struct err *err)
{
    if (!instance_conf_value("--db", url, err))
        return false;
    if (!str_starts(str_of(url), STR("sqlite:")))
        return postgres_is_new(url, err);
    const char *path = url + strlen("sqlite:");
    if (strchr(path, '/') == NULL)
        return str_ends(str_of(path), STR(".db")) ||
               err_set(err, ERR_USAGE, "--db", "a file in the instance's folder has a name that ends in .db");
    if (path[0] != '/')
        return err_set(err, ERR_USAGE, "--db",
                       "the path of a file outside the instance's folder must be whole: it begins with /");
    return access(path, F_OK) != 0 ||
           err_set(err, ERR_CONFLICT, path, "exists already: an instance's state is made in a new file");
}

/* All that can be wrong with the words, before the operator copies a key by hand. */
static bool may_be_made(const struct instance_new *o, const char *to, char jurisdiction[PATH_MAX],
                        struct err *err)
{
    struct instance in = {.jurisdiction_folder = jurisdiction};
    if (access(to, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, to, "exists already; an instance is made in a new folder");
    if (!checkpoint_origin_valid(str_of(o->origin)))
        return err_set(err, ERR_USAGE, "--origin",
                       "must be a name without spaces or '+', such as log.example.org/aina");
    if (o->log_key != NULL && !token_uri_check(str_of(o->log_key), err)) {
        err->code = ERR_USAGE;
        return err_at(err, "--log-key");
    }
    if (realpath(o->jurisdiction_folder, jurisdiction) == NULL)
        return err_errno(err, o->jurisdiction_folder[0] ? o->jurisdiction_folder : "--jurisdiction",
                         "cannot find the jurisdiction folder");
    if (!instance_conf_value("--jurisdiction", jurisdiction, err) ||
        (o->db_url != NULL && !state_is_new(o->db_url, err)))
        return false;
    arena_init(&in.arena, 65536, (size_t)64 << 20);
    bool ok = jurisdiction_read(&in, err);
    jurisdiction_free(in.jurisdiction);
    arena_done(&in.arena);
    return ok;
}

/* A file of the state that stands elsewhere goes with an instance that was not made. */
static void remove_state(const char *url)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[PATH_MAX];
    for (size_t i = 0; url != NULL && str_starts(str_of(url), STR("sqlite:/")) && i < ARRAY_LEN(ends); i++) {
        snprintf(path, sizeof path, "%.4000s%s", url + strlen("sqlite:"), ends[i]);
        (void)unlink(path);
    }
}

bool instance_create(const struct instance_new *o, struct err *err)
{
    struct making making;
    char jurisdiction[PATH_MAX];
    if (!making_name(&making, o->folder, NULL, err) || !may_be_made(o, making.to, jurisdiction, err) ||
        !making_begin(&making, err))
        return false;
    bool ok = make_keys(making.folder, o, err) && write_conf(making.folder, o, jurisdiction, err) &&
              first_start(making.folder, o->segment_bytes, err);
    if (!ok)
        remove_state(o->db_url);
    return making_end(&making, ok, err);
}
