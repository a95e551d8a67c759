/* SPDX-License-Identifier: Apache-2.0 */
/* keys_papers.c: the master key on paper: split among five, and brought back. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/keys_work.h"
#include "crypto/keys.h"
#include "crypto/shares.h"

#define LINE_MAX_SIZE 512
#define HOLDER_MAX 100

/* --- splitting --- */

static bool type_line(const char *prompt, char line[LINE_MAX_SIZE])
{
    printf("%s", prompt);
    fflush(stdout);
    return fgets(line, LINE_MAX_SIZE, stdin) != NULL;
}

static void clear_screen(void)
{
    if (isatty(STDOUT_FILENO))
        printf("\033[2J\033[3J\033[H");
}

/* A paper's last group comes back from the paper: in three tries, for a slip of the finger is none of the
 * pen.
 */
static bool typed_back(const char *prompt, const char *paper)
{
    const char *last = strrchr(paper, '-') + 1;
    char line[LINE_MAX_SIZE];
    bool right = false;
    for (int tries = 0; !right && tries < 3 && type_line(prompt, line); tries++) {
        right = paper_same(str_trim(str_of(line)), str_of(last));
        if (!right)
            printf("That is not the last group. Read it from the paper: the four signs at its end.\n");
    }
    secret_wipe(line, sizeof line);
    return right;
}

/* The recovery copy: shown once; the operator shows that it was written down. */
bool keys_confirm_copy(const uint8_t master[KEY_SIZE], bool confirm, struct err *err)
{
    char paper[KEY_PAPER_SIZE];
    key_to_paper(paper, master);
    printf("Recovery copy of the master key. Write it on paper and keep it apart from this machine:\n\n    "
           "%s\n\n",
           paper);
    bool ok = !confirm || typed_back("Type its last group to confirm that you have it: ", paper);
    secret_wipe(paper, sizeof paper);
    if (confirm)
        clear_screen();
    return ok || err_set(err, ERR_USAGE, "recovery copy",
                         "was not confirmed; nothing was made (--yes skips this for a demo)");
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
    bool ok = typed_back("\nWrite it on paper, and type its last group from the paper: ", paper);
    clear_screen(); /* the next holder does not see it */
    secret_wipe(paper, sizeof paper);
    return ok ||
           err_set(err, ERR_USAGE, "share",
                   "was not confirmed; nothing was recorded. Burn the papers of set %s that are written "
                   "already, and begin again",
                   set);
}

bool keys_hand_out(const uint8_t master[KEY_SIZE], struct arena *arena, struct key_papers *ret,
                   struct err *err)
{
    char name[KEY_FINGERPRINT_SIZE];
    struct buf line;
    struct json j;
    struct share *shares = (struct share *)secret_new(SHARES_MADE * sizeof(struct share));
    shares_split(master, shares);
    share_set_name(ret->set, &shares[0]);
    key_fingerprint(name, master);
    buf_in(&line, arena, 8192);
    json_start(&j, &line);
    json_open_object(&j);
    json_key_text(&j, "set", str_of(ret->set));
    json_key_text(&j, "name", str_of(name));
    json_key(&j, "holders");
    json_open_array(&j);
    bool ok = true;
    for (size_t i = 0; ok && i < SHARES_MADE; i++)
        ok = hand_out(&shares[i], &j, err);
    secret_free((uint8_t *)shares);
    json_end(&j);
    json_end(&j);
    ret->holders = buf_view(&line);
    return ok;
}

/* Who holds them is written here, and never told to the log. */
bool keys_record_papers(struct instance *in, const struct key_papers *papers, struct err *err)
{
    struct key_order order = {.kind = ORDER_SPLIT};
    memcpy(order.set, papers->set, sizeof order.set);
    return keys_append_line(arena_printf(&in->arena, "%s/holders", in->keys), papers->holders, err) &&
           keys_order(in->folder, &order, err);
}

int keys_split(const char *folder)
{
    struct instance in;
    struct err err;
    struct key_papers papers;
    if (!instance_conf(&in, folder, &err))
        return cli_fail(&err);
    uint8_t *master = secret_new(KEY_SIZE);
    bool ok = keys_read_master(&in, master, &err) && keys_hand_out(master, &in.arena, &papers, &err) &&
              keys_record_papers(&in, &papers, &err);
    secret_free(master);
    if (ok)
        printf("\nSet %s is recorded. Any %d of its %d papers bring the master key back; papers of older "
               "sets of this key still do so too, and are to be burnt.\n",
               papers.set, SHARES_NEEDED, SHARES_MADE);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}

/* --- bringing it back --- */

/* At a terminal what was mistyped is asked for again; what comes from elsewhere is taken as it is. */
static bool ask_again(char line[LINE_MAX_SIZE], const struct err *err)
{
    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "Not right: %s. Type it again, from its first group: ", err->text);
    return fgets(line, LINE_MAX_SIZE, stdin) != NULL;
}

static bool type_shares(char line[LINE_MAX_SIZE], struct share shares[SHARES_NEEDED], struct err *err)
{
    for (size_t n = 0; n < SHARES_NEEDED; n++) {
        if (n != 0) {
            fprintf(stderr, "Share %u is good. %zu more: ", shares[n - 1].number, SHARES_NEEDED - n);
            if (fgets(line, LINE_MAX_SIZE, stdin) == NULL)
                return err_set(err, ERR_USAGE, "share", "%zu were typed; %d are needed", n, SHARES_NEEDED);
        }
        while (!share_from_paper(&shares[n], str_trim(str_of(line)), err))
            if (!ask_again(line, err))
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
    bool ok = false;
    while (!paper_is_share(str_of(line)) && !(ok = key_from_paper(key, str_trim(str_of(line)), err)))
        if (!ask_again(line, err)) {
            secret_wipe(line, sizeof line);
            return err_at(err, "master key");
        }
    if (!ok) {
        struct share *shares = (struct share *)secret_new(SHARES_NEEDED * sizeof(struct share));
        ok = type_shares(line, shares, err) && shares_join(shares, SHARES_NEEDED, key, err);
        secret_free((uint8_t *)shares);
    }
    secret_wipe(line, sizeof line);
    return ok;
}

/* The right one opens the pseudonyms' key, which is always a sealed file. */
bool keys_master_fits(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err)
{
    uint8_t seed[KEY_SIZE];
    struct str since;
    struct err why;
    bool ok = key_file_read_sealed(key_path(&in->arena, in->keys, KEY_PSN_1), master, "psn-1", seed, &why);
    secret_wipe(seed, sizeof seed);
    if (!ok && why.code == ERR_CORRUPT && keys_was_master(in, master, &since))
        return err_set(err, ERR_INVALID, "master key",
                       "this is the master key from before it was changed on %.*s: its papers open nothing "
                       "here any more. Take papers that were made since. Nothing was written",
                       STR_ARG(since));
    if (!ok && why.code == ERR_CORRUPT)
        return err_set(
            err, ERR_INVALID, "master key",
            "what was typed is another instance's key, papers of different makings, or papers of another "
            "time than this folder: it does not open keys/psn-1.key. Nothing was written");
    if (!ok)
        *err = why;
    return ok;
}

bool keys_read_master(struct instance *in, uint8_t master[KEY_SIZE], struct err *err)
{
    in->keys = arena_printf(&in->arena, "%s/keys", in->folder);
    return key_file_read(key_master_path(&in->arena, in->keys), master, err) &&
           keys_master_fits(in, master, err);
}

static bool restore_to(struct instance *in, const char *to, struct err *err)
{
    in->keys = arena_printf(&in->arena, "%s/keys", in->folder);
    const char *path = to != NULL ? to : key_path(&in->arena, in->keys, KEY_MASTER);
    if (access(path, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, path, "is there already and is never overwritten");
    uint8_t *key = secret_new(KEY_SIZE);
    bool ok = keys_type_master(key, "nothing was typed", err) && keys_master_fits(in, key, err) &&
              key_file_write(path, key, err);
    secret_free(key);
    if (ok)
        printf("The master key is back, in %s.\n", path);
    return ok;
}

int keys_restore(const char *folder, const char *to)
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
        ok = keys_event(&in, &(struct key_event){.key = "master", .what = "restored", .of_master = true},
                        &err);
        instance_close(&in);
    }
    return ok ? EXIT_DONE : cli_fail(&err);
}
