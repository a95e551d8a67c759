/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mark.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ledger/public.h"
#include "tlog/note.h"

#define NOTE_MAX 65536

bool mark_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE instance_log (origin text PRIMARY KEY, size bigint NOT NULL, root bytea NOT NULL)"},
    };
    return db_migrate(db, "instance", migrations, ARRAY_LEN(migrations), err);
}

bool mark_of_file(const char *path, const struct ledger_config *config, struct arena *arena,
                  struct mark *ret_mark, struct err *err)
{
    struct note_vkey vkeys[LEDGER_VKEYS];
    size_t n = ledger_config_vkeys(config, vkeys);
    struct str bytes;
    struct note note;
    struct checkpoint checkpoint;
    struct tlog_proof receipt;
    if (!cli_read_file(path, NOTE_MAX, arena, &bytes, err))
        return false;
    if (tlog_proof_parse(bytes, &receipt, err))
        bytes = receipt.checkpoint; /* a receipt bears one, too */
    if (!note_parse(bytes, &note, err) || !note_verify(&note, vkeys, n, err) ||
        !checkpoint_parse(note.text, &checkpoint, err))
        return err_at(err, "%s", path);
    if (!str_eq(checkpoint.origin, config->origin))
        return err_set(err, ERR_INVALID, path, "is a checkpoint of the log '%.*s', not of '%.*s'",
                       STR_ARG(checkpoint.origin), STR_ARG(config->origin));
    *ret_mark = (struct mark){checkpoint.size, checkpoint.root};
    return true;
}

static bool state_read(struct db *db, struct str origin, struct mark *mark, struct err *err)
{
    struct db_stmt *stmt = db_sql(db, "SELECT size, root FROM instance_log WHERE origin = $1", err);
    bool found;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, origin);
    if (!db_one(stmt, &found, err))
        return false;
    struct str root = found ? db_bytes(stmt, 1) : (struct str){0};
    if (found && root.n == HASH_SIZE) {
        mark->size = (uint64_t)db_i64(stmt, 0);
        memcpy(mark->root.b, root.p, HASH_SIZE);
    }
    if (found)
        db_end(stmt);
    return !found || root.n == HASH_SIZE ||
           err_set(err, ERR_CORRUPT, "instance_log", "the root of the log's mark is not 32 bytes long");
}

static bool state_write(struct db *db, struct str origin, const struct mark *mark, struct err *err)
{
    struct db_stmt *stmt =
        db_sql(db,
               "INSERT INTO instance_log (origin, size, root) VALUES ($1, $2, $3) "
               "ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root",
               err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, origin);
    db_bind_i64(stmt, 2, (int64_t)mark->size);
    db_bind_bytes(stmt, 3, mark->root.b, HASH_SIZE);
    return db_run(stmt, NULL, err);
}

bool mark_read(struct instance *in, struct mark *ret_mark, struct err *err)
{
    struct mark state = {0}, file = {0};
    const char *path = arena_printf(&in->arena, "%s/published", in->folder);
    /* The file first: a server may be writing both meanwhile, the state before the file. */
    if (access(path, F_OK) == 0 && !mark_of_file(path, &in->ledger_config, &in->arena, &file, err)) {
        if (err->code == ERR_IO)
            return false;
        return err_set(
            err, ERR_CORRUPT, path,
            "is no checkpoint that this log's key signed: put it back from a copy, or remove it if "
            "'aina fsck' finds nothing else wrong");
    }
    if (!state_read(in->db, in->ledger_config.origin, &state, err))
        return false;
    if (file.size > state.size)
        return err_set(
            err, ERR_CONFLICT, in->folder,
            "the state knows of %llu entries of the log, but %llu were published: an older state was put "
            "back. Put back the newest one; or, if it is lost, remove %s to go on without what changed "
            "since (the log itself is whole)",
            (unsigned long long)state.size, (unsigned long long)file.size, path);
    *ret_mark = state;
    return true;
}

bool file_replace(const char *path, struct str bytes, struct err *err)
{
    char made[PATH_MAX], folder[PATH_MAX];
    snprintf(made, sizeof made, "%.4000s.new", path);
    snprintf(folder, sizeof folder, "%.4000s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, made, "cannot create the file");
    bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    ok = (close(fd) == 0 && ok && rename(made, path) == 0) || err_errno(err, path, "cannot write the file");
    fd = ok ? open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (ok && (fd < 0 || fsync(fd) != 0))
        ok = err_errno(err, path, "the disk did not confirm the file");
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool keep(struct instance *in, bool always, struct err *err)
{
    struct arena arena;
    struct checkpoint checkpoint;
    arena_init(&arena, 4096, NOTE_MAX);
    struct str note = ledger_checkpoint(in->ledger, &arena, &checkpoint);
    struct mark mark = {checkpoint.size, checkpoint.root};
    bool ok = true;
    if (always || mark.size > in->marked) {
        ok = state_write(in->db, in->ledger_config.origin, &mark, err) &&
             file_replace(arena_printf(&arena, "%s/published", in->folder), note, err);
        if (ok)
            in->marked = mark.size;
    }
    arena_done(&arena);
    return ok;
}

bool mark_keep(struct instance *in, struct err *err)
{
    return keep(in, false, err);
}

bool mark_write(struct instance *in, struct err *err)
{
    return keep(in, true, err);
}
