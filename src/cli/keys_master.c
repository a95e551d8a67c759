/* SPDX-License-Identifier: Apache-2.0 */
/* keys_master.c: the master key changes (docs/keys.md), in one run that may be broken off anywhere:
 *
 *     1. keys/master-before.key: the key before, sealed under the new one. It opens nothing yet: who has the
 *        old key goes on with that.
 *     2. The new key takes its place: keys/master.key by a rename; or, where it comes from outside
 *        (a systemd credential), the operator puts it there. Whoever opens the instance with it finds by
 *        master-before.key what is still sealed under the old one (crypto/keys.h).
 *     3. Each file in keys/ is sealed anew, one after the other.
 *     4. A public record says so, and master-before.key goes. From here on the old key opens nothing.
 *
 * A start with the new key does 3 and 4 where they are not done. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/cli.h"
#include "cli/keys_work.h"
#include "cli/logkey.h"
#include "crypto/keys.h"

static const char *before_path(struct instance *in)
{
    return key_path(&in->arena, in->keys, KEY_BEFORE);
}

static bool opens_before(struct instance *in, const uint8_t master[KEY_SIZE])
{
    uint8_t key[KEY_SIZE];
    struct err err;
    bool opened = access(before_path(in), F_OK) == 0 &&
                  key_file_read_sealed(before_path(in), master, KEY_BEFORE_NAME, key, &err);
    secret_wipe(key, sizeof key);
    return opened;
}

/* The name under which the key in a file is sealed; empty: the file holds no sealed key. A shard that has not
 * begun has ".new" after the name. */
static struct str sealed_name(struct instance *in, const char *file)
{
    struct str name = str_of(file), uri;
    struct err err;
    if (str_ends(name, STR(".new")))
        name.n -= 4;
    if (str_is(name, "log-next"))
        return STR("log");
    if (!str_ends(name, STR(".key")) || str_is(name, "master.key") || str_is(name, KEY_BEFORE_FILE))
        return (struct str){"", 0};
    const char *path = arena_printf(&in->arena, "%s/%s", in->keys, file);
    if (!logkey_uri(path, &in->arena, &uri, &err) || uri.n != 0)
        return (struct str){"", 0};
    return str_dup(&in->arena, (struct str){name.p, name.n - 4});
}

/* Calls `each` for every sealed file. */
typedef bool each_fn(const char *path, const uint8_t master[KEY_SIZE], const char *name, struct err *err);
static bool for_sealed(struct instance *in, const uint8_t master[KEY_SIZE], each_fn *each, struct err *err)
{
    bool ok = true;
    DIR *dir = opendir(in->keys);
    if (dir == NULL)
        return err_errno(err, in->keys, "cannot open");
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        struct str name = sealed_name(in, entry->d_name);
        if (name.n != 0)
            ok = each(arena_printf(&in->arena, "%s/%s", in->keys, entry->d_name), master,
                      str_c(&in->arena, name), err);
    }
    closedir(dir);
    return ok;
}

static bool opens(const char *path, const uint8_t master[KEY_SIZE], const char *name, struct err *err)
{
    uint8_t key[KEY_SIZE];
    bool ok = key_file_read_sealed(path, master, name, key, err);
    secret_wipe(key, sizeof key);
    return ok;
}

static bool reseal_all(void *arg, struct err *err)
{
    struct instance *in = arg;
    return for_sealed(in, in->master, key_file_reseal, err);
}

/* 3 and 4. What the old key still opened it opens no more when this is done. */
static bool go_over(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err)
{
    memmove(in->master, master, KEY_SIZE);
    if (!gate_take_master(in->gate, in->master, reseal_all, in, err) ||
        !keys_event(in,
                    &(struct key_event){.key = "master", .what = "rotated", .of_master = true, .once = true},
                    err))
        return false;
    return unlink(before_path(in)) == 0 || err_errno(err, before_path(in), "cannot be removed");
}

bool keys_settle(struct instance *in, struct err *err)
{
    if (!opens_before(in, in->master))
        return true;
    say(SAY_WARN, "the master key has changed: its files are sealed anew");
    return go_over(in, in->master, err);
}

/* 1. */
static bool set_aside(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err)
{
    const char *state = key_path(&in->arena, in->keys, KEY_STATE);
    if (!keys_settle(in, err) || !for_sealed(in, in->master, opens, err))
        return false;
    if (access(state, F_OK) != 0 && !key_file_write_sealed(state, in->master, "state", in->state, err))
        return false;
    unlink(before_path(in)); /* of a change that was prepared and never made */
    return key_file_write_sealed(before_path(in), master, KEY_BEFORE_NAME, in->master, err);
}

/* 2, where the key lies in keys/. */
static bool put_in_place(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err)
{
    const char *path = key_path(&in->arena, in->keys, KEY_MASTER),
               *fresh = arena_printf(&in->arena, "%s/master-next", in->keys);
    unlink(fresh);
    return key_file_write(fresh, master, err) && key_file_replace(fresh, path, err);
}

bool keys_master_change(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                        struct err *err)
{
    /* An instance made before there was a state key: what rows are sealed with is what its papers say. */
    bool seen = memcmp(in->state, in->master, KEY_SIZE) == 0;
    if (order->kind == ORDER_MASTER_FINISH && !opens_before(in, order->master))
        return err_set(err, ERR_CONFLICT, "master",
                       "is not changing to this key: begin with aina keys rotate master DIR");
    if (order->kind == ORDER_MASTER && !set_aside(in, order->master, err))
        return false;
    if (order->kind == ORDER_MASTER && order->elsewhere) {
        snprintf(words, KEY_WORDS_MAX,
                 "The change is prepared; nothing has changed yet. Put the new key where the service gets it "
                 "(systemd-creds encrypt). Then start the service with it, or, where it is to go on running, "
                 "run this with the new key: aina keys rotate master DIR --finish\n");
        return true;
    }
    if (order->kind == ORDER_MASTER && !put_in_place(in, order->master, err))
        return false;
    if (!go_over(in, order->master, err))
        return false;
    snprintf(words, KEY_WORDS_MAX,
             "The master key has changed, and every key file is sealed anew. Papers of the one before open "
             "nothing here any more: burn them, and make a backup now. Backups from before still open with "
             "them: destroy those, or keep old papers as long as old backups.\n%s",
             seen
                 ? "This instance was made before there was a state key: whoever holds old papers and a copy "
                   "of the state can still read it.\n"
                 : "");
    return true;
}

/* --- the command --- */

static bool new_papers(struct instance *in, const uint8_t master[KEY_SIZE], struct key_papers *papers,
                       struct err *err)
{
    *papers = (struct key_papers){0};
    if (!keys_confirm_copy(master, true, err))
        return false;
    if (access(arena_printf(&in->arena, "%s/holders", in->keys), F_OK) != 0)
        return true;
    printf("\nShares of the key before were handed out; now shares of the new one are.\n");
    return keys_hand_out(master, &in->arena, papers, err);
}

static bool begin(struct instance *in, const char *to, struct err *err)
{
    struct key_order order = {.kind = ORDER_MASTER, .elsewhere = to != NULL, .token = -1};
    struct key_papers papers;
    bool in_place =
        strcmp(key_master_path(&in->arena, in->keys), key_path(&in->arena, in->keys, KEY_MASTER)) == 0;
    if (!in_place && to == NULL)
        return err_set(err, ERR_USAGE, "master",
                       "comes from a systemd credential, which this command cannot replace: --to FILE writes "
                       "the new one there, for systemd-creds encrypt");
    if (in_place && to != NULL)
        return err_set(err, ERR_USAGE, "master",
                       "lies in keys/master.key and is replaced there: leave --to out");
    random_bytes(order.master, KEY_SIZE);
    bool ok = new_papers(in, order.master, &papers, err) &&
              (to == NULL || key_file_write(to, order.master, err)) && keys_order(in->folder, &order, err) &&
              (papers.holders.n == 0 || keys_record_papers(in, &papers, err));
    secret_wipe(&order, sizeof order);
    return ok;
}

int keys_rotate_master(const char *folder, const char *to, bool finish)
{
    struct instance in;
    struct err err;
    if (!instance_conf(&in, folder, &err))
        return cli_fail(&err);
    uint8_t *now = secret_new(KEY_SIZE);
    bool ok = keys_read_master(&in, now, &err);
    if (ok && finish) {
        struct key_order order = {.kind = ORDER_MASTER_FINISH, .token = -1};
        memcpy(order.master, now, KEY_SIZE);
        ok = keys_order(folder, &order, &err);
        secret_wipe(&order, sizeof order);
    } else if (ok) {
        ok = begin(&in, to, &err);
    }
    secret_free(now);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
