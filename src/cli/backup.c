/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/fsck.h"
#include "cli/making.h"
#include "cli/mark.h"
#include "cli/tree.h"
#include "ledger/fsck.h"

struct backup {
    struct instance in;
    struct making making;
    const char *state_dump; /* a dump of PostgreSQL that the operator made */
    bool with_keys, sqlite;
    struct buf rules; /* "hex  path LF" of the jurisdiction folder */
    struct checkpoint log;
    uint64_t left;
    struct fsck fsck;
};

static const char *place(struct backup *b, const char *name)
{
    return arena_printf(&b->in.arena, "%s/%s", b->making.folder, name);
}

static bool copy_state(struct backup *b, struct err *err)
{
    if (b->sqlite && b->state_dump != NULL)
        return err_set(err, ERR_USAGE, "--state",
                       "is for a state in PostgreSQL; this one is copied by itself");
    say(SAY_INFO, "copying the state, then the log; then the copy is read again");
    if (b->sqlite)
        return db_backup(b->in.db, place(b, "state.db"), err);
    return b->state_dump == NULL || tree_copy_file(b->state_dump, place(b, "state.dump"), NULL, err);
}

/* The files that the rules hash is over, and a proof that they are the ones in force. */
static bool copy_jurisdiction(struct backup *b, struct err *err)
{
    struct str rest, line;
    uint8_t hash[HASH_SIZE];
    if (!jurisdiction_hash(b->in.jurisdiction_folder, hash, &b->rules, err))
        return false;
    rest = buf_view(&b->rules);
    while (str_next(&rest, '\n', &line)) {
        struct str name = str_from(line, 2 * HASH_SIZE + 2);
        const char *from = arena_printf(&b->in.arena, "%s/%.*s", b->in.jurisdiction_folder, STR_ARG(name));
        const char *to = arena_printf(&b->in.arena, "%s/jurisdiction/%.*s", b->making.folder, STR_ARG(name));
        if (!tree_make_folders(to, strlen(b->making.folder) + 1, err) || !tree_copy_file(from, to, NULL, err))
            return false;
    }
    if (!jurisdiction_hash(place(b, "jurisdiction"), hash, NULL, err))
        return false;
    return memcmp(hash, b->in.jurisdiction->hash, HASH_SIZE) == 0 ||
           err_set(err, ERR_CONFLICT, b->in.jurisdiction_folder,
                   "the folder was changed while it was being copied: run the backup again");
}

static bool copy_keys(struct backup *b, struct err *err)
{
    DIR *keys = opendir(b->in.keys);
    if (keys == NULL || mkdir(place(b, "keys"), 0700) != 0) {
        err_errno(err, b->in.keys, "cannot copy the keys");
        if (keys != NULL)
            closedir(keys);
        return false;
    }
    bool ok = true;
    for (struct dirent *file; ok && (file = readdir(keys)) != NULL;) {
        struct str name = str_of(file->d_name);
        bool wanted = str_is(name, "events") || str_is(name, "holders") ||
                      (str_ends(name, STR(".key")) && (b->with_keys || !str_is(name, "master.key")));
        const char *from = arena_printf(&b->in.arena, "%s/%s", b->in.keys, file->d_name);
        ok = !wanted ||
             tree_copy_file(from, place(b, arena_printf(&b->in.arena, "keys/%s", file->d_name)), NULL, err);
    }
    closedir(keys);
    return ok;
}

static bool write_conf(struct backup *b, struct err *err)
{
    const char *text = arena_printf(
        &b->in.arena, "# Copied by aina backup.\norigin = %s\ndatabase = %s\njurisdiction = jurisdiction\n",
        b->in.origin, b->sqlite ? "sqlite:state.db" : b->in.db_url);
    return file_replace(place(b, "aina.conf"), str_of(text), err);
}

/* The copy is read again, with the instance's own keys. */
static bool prove(struct backup *b, struct err *err)
{
    struct db *db = NULL;
    if (b->sqlite && !db_open(&db, arena_printf(&b->in.arena, "sqlite:%s/state.db", b->making.folder), err))
        return false;
    bool ok = fsck_run(&b->in, place(b, "ledger"), db, &b->fsck, err);
    if (db != NULL)
        db_close(db);
    return ok;
}

static void manifest_head(struct backup *b, struct buf *out)
{
    char made[TIME_TEXT_SIZE];
    time_iso(clock_now(), made);
    buf_printf(out, "# aina-backup %s\n# made %s\n# origin %s\n# size %llu\n# root ", BACKUP_VERSION, made,
               b->in.origin, (unsigned long long)b->log.size);
    buf_hex(out, b->log.root.b, HASH_SIZE);
    buf_text(out, "\n# rules ");
    buf_hex(out, b->in.jurisdiction->hash, HASH_SIZE);
    buf_printf(out, "\n# state %s\n# master-key %s\n",
               b->sqlite       ? "state.db"
               : b->state_dump ? "state.dump"
                               : "elsewhere",
               b->with_keys ? "yes" : "no");
}

static bool write_manifest(struct backup *b, struct err *err)
{
    struct buf out;
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    buf_init(&out, BACKUP_MANIFEST_MAX);
    manifest_head(b, &out);
    bool ok =
        tree_hashes(b->making.folder, &b->in.arena, &out, err) &&
        (!buf_overflowed(&out) || err_set(err, ERR_TOO_LARGE, b->making.folder, "has too many files")) &&
        file_replace(place(b, BACKUP_MANIFEST), buf_view(&out), err);
    sha256(hash, out.p, out.n);
    buf_done(&out);
    if (!ok || !tree_sync(b->making.folder, err))
        return false;
    hex_encode(hex, hash, sizeof hash);
    printf("manifest: SHA-256 %s; keep this line apart from the copy\n", hex);
    return true;
}

/* A running server stores its checkpoint about once a second; the copied state may know of a newer one. */
static bool copy_log(struct backup *b, struct err *err)
{
    struct mark mark;
    if (!mark_read(&b->in, &mark, err))
        return false;
    b->in.ledger_config.at_least = mark.size;
    for (int tries = 0; tries < 5; tries++) {
        if (ledger_copy(&b->in.ledger_config, place(b, "ledger"), &b->log, &b->left, err))
            return true;
        if (err->code != ERR_BUSY)
            return false;
        sleep(1);
    }
    return false;
}

static bool make(struct backup *b, struct err *err)
{
    return copy_state(b, err) && copy_log(b, err) && copy_jurisdiction(b, err) && copy_keys(b, err) &&
           write_conf(b, err) && prove(b, err);
}

static void tell_left_out(const struct backup *b)
{
    if (b->left != 0 && !b->fsck.log.live)
        say(SAY_INFO, "%llu entries stand after the last published checkpoint and are not in the copy",
            (unsigned long long)b->left);
    if (!b->with_keys)
        printf("keys: the sealed ones are in it; the master key that opens them is not. 'aina restore' asks "
               "for its "
               "paper copy.\n");
    else
        printf("keys: ALL are in it. Whoever has this copy can read everything: keep it as you keep the "
               "master key.\n");
    if (!b->sqlite && b->state_dump == NULL)
        printf("state: it is in PostgreSQL and NOT in this copy. Take it first, then the copy:\n"
               "    pg_dump --format=custom --file=state.dump DATABASE-URL\n"
               "    aina backup DIR TO --state state.dump\n"
               "A dump that is newer than the log of its copy is refused at start.\n");
}

/* Opens the instance, writes the copy and reads it again. */
static bool copy_whole(struct backup *b, const char *folder, struct err *err)
{
    struct buf out;
    if (!instance_open(&b->in, folder, false, err))
        return false;
    b->sqlite = !db_is_postgres(b->in.db);
    buf_init(&b->rules, BACKUP_MANIFEST_MAX);
    buf_init(&out, 1 << 20);
    bool ok = make(b, err);
    if (ok) {
        fsck_text(&out, &b->fsck);
        cli_print(&out);
    }
    if (ok && fsck_findings(&b->fsck) != 0)
        ok = err_set(
            err, ERR_CORRUPT, folder,
            "the copy does not pass the check above, so none was kept; run aina fsck on the instance, and if "
            "that finds nothing, the backup again");
    ok = ok && write_manifest(b, err);
    buf_done(&out);
    buf_done(&b->rules);
    instance_close(&b->in);
    return ok;
}

static bool backup(struct backup *b, const char *folder, const char *to, struct err *err)
{
    if (!instance_conf(&b->in, folder, err))
        return false;
    instance_close(&b->in);
    if (!making_name(&b->making, to, folder, err))
        return false;
    if (access(b->making.to, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, b->making.to, "exists already; a copy is made in a new folder");
    return making_begin(&b->making, err) && making_end(&b->making, copy_whole(b, folder, err), err);
}

int command_backup(struct args *args)
{
    struct backup b = {.with_keys = args_flag(args, "--with-keys"),
                       .state_dump = args_value(args, "--state")};
    struct err err;
    if (!args_are(args, 2, 2, "backup DIR TO [--with-keys] [--state FILE]"))
        return EXIT_USAGE;
    if (!backup(&b, args->argv[0], args->argv[1], &err))
        return cli_fail(&err);
    tell_left_out(&b);
    printf("Copied %s to %s: %llu entries.\n", args->argv[0], b.making.to, (unsigned long long)b.log.size);
    return EXIT_DONE;
}
