/* SPDX-License-Identifier: Apache-2.0 */
/* restore.c: `aina restore`: a copy becomes an instance again, unless somebody knows of a longer log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/backup.h"
#include "cli/cli.h"
#include "cli/fsck.h"
#include "cli/keys_work.h"
#include "cli/making.h"
#include "cli/mark.h"
#include "cli/tree.h"
#include "crypto/keys.h"

#define WAY_ON                                                                                               \
    "Restore the newest copy. If what is missing is lost for good, this log must not sign again: see "       \
    "RECOVERY in "                                                                                           \
    "aina(1)"

struct restore {
    struct arena arena;
    const char *from;
    struct making making;
    const char *witnessed, *master_key, *db_url;
    struct str version, made, origin, size, root, state, master;
    struct str files; /* the manifest's lines of files */
    struct checkpoint log;
    struct fsck fsck;
};

/* --- the manifest --- */

static bool manifest_head(struct restore *r, struct str rest, const char *path, struct err *err)
{
    struct {
        const char *name;
        struct str *to;
    } known[] = {{"aina-backup", &r->version}, {"made", &r->made}, {"origin", &r->origin},
                 {"size", &r->size},           {"root", &r->root}, {"state", &r->state},
                 {"master-key", &r->master}};
    struct str line, name;
    r->files = rest;
    while (str_starts(rest, STR("# ")) && str_next(&rest, '\n', &line)) {
        line = str_from(line, 2);
        if (str_next(&line, ' ', &name))
            for (size_t i = 0; i < ARRAY_LEN(known); i++)
                if (str_is(name, known[i].name))
                    *known[i].to = line;
        r->files = rest;
    }
    r->log.origin = r->origin;
    if (!str_is(r->version, BACKUP_VERSION))
        return err_set(err, ERR_INVALID, path, "is not the manifest of a copy that this program can read");
    if (r->origin.n == 0 || !text_u64(r->size, &r->log.size) ||
        !hex_decode(r->log.root.b, HASH_SIZE, r->root))
        return err_set(err, ERR_CORRUPT, path, "lacks the log's origin, size or root: take another copy");
    return true;
}

static bool manifest_read(struct restore *r, struct err *err)
{
    const char *path = arena_printf(&r->arena, "%s/%s", r->from, BACKUP_MANIFEST);
    struct str bytes;
    if (access(path, F_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, r->from,
                       "is not a whole copy: it has no " BACKUP_MANIFEST ", which aina backup writes last");
    return cli_read_file(path, BACKUP_MANIFEST_MAX, &r->arena, &bytes, err) &&
           manifest_head(r, bytes, path, err);
}

/* --- what forbids --- */

/* Size of a checkpoint file, signed by whomever: enough to refuse, never to accept. */
static uint64_t size_told_by(struct restore *r, const char *path)
{
    struct str bytes;
    struct note note;
    struct checkpoint checkpoint;
    struct err ignored;
    return access(path, F_OK) == 0 && cli_read_file(path, 65536, &r->arena, &bytes, &ignored) &&
                   note_parse(bytes, &note, &ignored) && checkpoint_parse(note.text, &checkpoint, &ignored) &&
                   str_eq(checkpoint.origin, r->origin)
               ? checkpoint.size
               : 0;
}

static bool place_free(struct restore *r, struct err *err)
{
    if (access(r->making.to, F_OK) != 0)
        return true;
    uint64_t kept = size_told_by(r, arena_printf(&r->arena, "%s/published", r->making.to));
    uint64_t stored = size_told_by(r, arena_printf(&r->arena, "%s/ledger/checkpoint", r->making.to));
    uint64_t known = MAX_OF(kept, stored);
    if (known > r->log.size)
        return err_set(
            err, ERR_CONFLICT, r->making.to,
            "the instance here has published %llu entries, the copy has %llu: restoring it would roll the "
            "log back. " WAY_ON,
            (unsigned long long)known, (unsigned long long)r->log.size);
    return err_set(err, ERR_CONFLICT, r->making.to, "exists already; a copy is restored into a new folder");
}

/* Somebody else's checkpoint: not longer than the copy, and of the same history. */
static bool witness_agrees(struct restore *r, const struct instance *in, struct err *err)
{
    struct mark mark;
    struct ledger_config config = in->ledger_config;
    if (r->witnessed == NULL)
        return true;
    if (!mark_of_file(r->witnessed, &config, &r->arena, &mark, err))
        return false;
    if (mark.size > r->log.size)
        return err_set(err, ERR_CONFLICT, r->witnessed,
                       "a checkpoint over %llu entries is known, the copy has %llu: an older state. " WAY_ON,
                       (unsigned long long)mark.size, (unsigned long long)r->log.size);
    config.at_least = mark.size;
    config.at_least_root = mark.root;
    return ledger_settle(&config, err);
}

static bool log_may_go_on(struct restore *r, struct instance *in, struct err *err)
{
    struct ledger_config config = in->ledger_config;
    struct mark mark;
    config.at_least = r->log.size;
    config.at_least_root = r->log.root;
    if (!ledger_settle(&config, err) || !mark_read(in, &mark, err))
        return false;
    config.at_least = mark.size;
    config.at_least_root = mark.root;
    return ledger_settle(&config, err) && witness_agrees(r, in, err);
}

/* --- making --- */

/* A name from the manifest stays below the folder. */
static bool name_safe(struct str name)
{
    struct str part;
    bool safe = name.n != 0 && name.p[0] != '/' && memchr(name.p, '\0', name.n) == NULL;
    while (safe && str_next(&name, '/', &part))
        safe = part.n != 0 && !str_is(part, "..") && !str_is(part, ".");
    return safe;
}

static bool copy_files(struct restore *r, struct err *err)
{
    struct str rest = r->files, line;
    while (str_next(&rest, '\n', &line)) {
        uint8_t expected[HASH_SIZE], have[HASH_SIZE];
        struct str name = str_from(line, MIN_OF(line.n, (size_t)2 * HASH_SIZE + 2));
        if (line.n <= 2 * HASH_SIZE + 2 ||
            !hex_decode(expected, HASH_SIZE, (struct str){line.p, 2 * HASH_SIZE}) || !name_safe(name))
            return err_set(err, ERR_CORRUPT, BACKUP_MANIFEST, "'%.*s' names no file",
                           (int)MIN_OF(line.n, (size_t)99), line.p);
        const char *from = arena_printf(&r->arena, "%s/%.*s", r->from, STR_ARG(name));
        const char *to = arena_printf(&r->arena, "%s/%.*s", r->making.folder, STR_ARG(name));
        if (!tree_make_folders(to, strlen(r->making.folder) + 1, err) || !tree_copy_file(from, to, have, err))
            return false;
        if (memcmp(have, expected, HASH_SIZE) != 0)
            return err_set(err, ERR_CORRUPT, from,
                           "is not what the manifest says: the copy is damaged; take another");
    }
    return true;
}

/* What was typed opens this copy; if not, the copied events may tell why. */
static bool fits(struct restore *r, const uint8_t key[KEY_SIZE], struct err *err)
{
    struct instance in = {.folder = r->making.folder,
                          .keys = arena_printf(&r->arena, "%s/keys", r->making.folder)};
    arena_init(&in.arena, 4096, (size_t)8 << 20);
    bool ok = keys_master_fits(&in, key, err);
    arena_done(&in.arena);
    return ok;
}

static bool put_master(struct restore *r, struct err *err)
{
    const char *path = arena_printf(&r->arena, "%s/keys/master.key", r->making.folder);
    if (access(path, F_OK) == 0)
        return true;
    uint8_t *key = secret_new(KEY_SIZE);
    bool ok = (r->master_key != NULL
                   ? key_file_read(r->master_key, key, err)
                   : keys_type_master(key,
                                      "the copy holds none; type its paper copy or three shares, or "
                                      "name a file: --master-key FILE",
                                      err)) &&
              fits(r, key, err) && key_file_write(path, key, err);
    secret_free(key);
    return ok;
}

static bool put_conf(struct restore *r, struct err *err)
{
    const char *path = arena_printf(&r->arena, "%s/aina.conf", r->making.folder);
    const char *text = arena_printf(
        &r->arena, "# Restored by aina restore.\norigin = %.*s\ndatabase = %s\njurisdiction = jurisdiction\n",
        STR_ARG(r->origin), r->db_url);
    return r->db_url == NULL || file_replace(path, str_of(text), err);
}

static bool state_there(struct restore *r, struct err *err)
{
    if (str_is(r->state, "state.db") && r->db_url != NULL)
        return err_set(err, ERR_USAGE, "--db",
                       "is for a copy whose state was in PostgreSQL; this one brings its own");
    if (str_is(r->state, "state.db") || r->db_url != NULL)
        return r->db_url == NULL || instance_conf_value("--db", r->db_url, err);
    return err_set(err, ERR_USAGE, "--db",
                   "the copy's state was in PostgreSQL: put it back first (%s), then name it: --db URL",
                   str_is(r->state, "state.dump") ? "pg_restore --dbname=URL state.dump"
                                                  : "with pg_restore, from its own dump");
}

static bool prove(struct restore *r, struct err *err)
{
    struct instance in;
    if (!instance_open(&in, r->making.folder, false, err))
        return false;
    bool ok = log_may_go_on(r, &in, err) && fsck_run(&in, in.ledger_config.folder, in.db, &r->fsck, err);
    instance_close(&in);
    if (!ok)
        return false;
    struct buf out;
    buf_init(&out, 1 << 20);
    fsck_text(&out, &r->fsck);
    cli_print(&out);
    buf_done(&out);
    return fsck_findings(&r->fsck) == 0 ||
           err_set(err, ERR_CORRUPT, r->from,
                   "does not pass the check above; nothing was restored: take another copy");
}

static bool restore(struct restore *r, const char *to, struct err *err)
{
    if (!manifest_read(r, err) || !making_name(&r->making, to, r->from, err) || !state_there(r, err) ||
        !place_free(r, err) || !making_begin(&r->making, err))
        return false;
    bool ok = copy_files(r, err) && put_master(r, err) && put_conf(r, err) && prove(r, err) &&
              tree_sync(r->making.folder, err);
    return making_end(&r->making, ok, err);
}

int command_restore(struct args *args)
{
    struct restore r = {.witnessed = args_value(args, "--witnessed"),
                        .master_key = args_value(args, "--master-key"),
                        .db_url = args_value(args, "--db")};
    struct err err;
    if (!args_are(args, 2, 2, "restore FROM DIR [--witnessed CHECKPOINT] [--master-key FILE] [--db URL]"))
        return EXIT_USAGE;
    r.from = args->argv[0];
    arena_init(&r.arena, 65536, (size_t)64 << 20);
    bool ok = restore(&r, args->argv[1], &err);
    if (ok) {
        printf("Restored %s: %llu entries, as of %.*s.\n", r.making.to, (unsigned long long)r.log.size,
               STR_ARG(r.made));
        if (r.witnessed == NULL)
            say(SAY_WARN,
                "nobody vouched for it: if anything was logged after %.*s, going on makes two histories of "
                "one log. "
                "Compare with the newest checkpoint that anybody holds, before serving: --witnessed "
                "CHECKPOINT",
                STR_ARG(r.made));
    }
    arena_done(&r.arena);
    return ok ? EXIT_DONE : cli_fail(&err);
}
