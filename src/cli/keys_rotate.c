/* SPDX-License-Identifier: Apache-2.0 */
/* keys_rotate.c: the log's key changes (docs/keys.md): the old key's last act is to log the new one; then
 * both sign every checkpoint, until the operator ends the old one. What C2SP's signed notes allow: a reader
 * takes a checkpoint that any key it knows has signed, and passes over signatures of others. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keys.h"
#include "cli/logkey.h"
#include "cli/mark.h"
#include "crypto/keys.h"
#include "issue/issue.h"

struct rotation {
    struct instance in;
    const char *log, *before, *fresh; /* files in keys/ */
    struct note_vkey was, now;
};

static const char *vkey_text(struct rotation *r, const struct note_vkey *vkey)
{
    struct buf text;
    buf_in(&text, &r->in.arena, 1024);
    note_vkey_text(&text, vkey);
    return str_c(&r->in.arena, buf_view(&text));
}

static void name_files(struct rotation *r)
{
    struct instance *in = &r->in;
    r->log = key_path(&in->arena, in->keys, KEY_LOG);
    r->before = key_path(&in->arena, in->keys, KEY_LOG_BEFORE);
    r->fresh = arena_printf(&in->arena, "%s/log-next", in->keys);
}

/* The new key, in a file beside the others that is no key's yet. Its public half goes to r->now. */
static bool make_key(struct rotation *r, const char *to, struct err *err)
{
    struct instance *in = &r->in;
    uint8_t seed[SIGN_SEED_SIZE], public_key[SIGN_PUBLIC_SIZE];
    struct sign_key *own = NULL;
    struct token *token = NULL;
    unlink(r->fresh); /* of a change that was broken off before anything was logged */
    random_bytes(seed, sizeof seed);
    bool ok = to != NULL ? token_open(&token, str_of(to), true, err) && logkey_write_uri(r->fresh, to, err)
                         : key_file_write_sealed(r->fresh, in->master, "log", seed, err);
    if (ok) {
        if (to == NULL)
            own = sign_key_new(seed);
        sign_public(to != NULL ? token_key(token) : own, public_key);
        note_vkey_make(&r->now, in->ledger_config.origin, public_key);
    }
    sign_key_free(own);
    token_close(token);
    secret_wipe(seed, sizeof seed);
    return ok;
}

/* The old key under its new name. A sealed key is bound to its name, so it is sealed anew. */
static bool set_aside(struct rotation *r, struct err *err)
{
    struct instance *in = &r->in;
    struct str uri;
    if (!logkey_uri(r->log, &in->arena, &uri, err))
        return false;
    if (uri.n != 0)
        return logkey_write_uri(r->before, str_c(&in->arena, uri), err);
    return key_file_write_sealed(r->before, in->master, "log-before", in->ledger_config.sign_seed, err);
}

static bool begin(struct rotation *r, const char *to, struct err *err)
{
    struct instance *in = &r->in;
    if (access(r->before, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, "log",
                       "is changing already: end that with aina keys rotate log DIR --finish");
    ledger_vkey(in->ledger, &r->was);
    /* The record first, under the old key alone: who trusts that one can follow it to the new one. */
    if (!make_key(r, to, err) ||
        !keys_log_change(in, "rotated", vkey_text(r, &r->was), vkey_text(r, &r->now), err) ||
        !set_aside(r, err))
        return false;
    return rename(r->fresh, r->log) == 0 || err_errno(err, r->log, "cannot be put in its place");
}

static bool finish(struct rotation *r, struct err *err)
{
    struct instance *in = &r->in;
    struct note_vkey vkeys[LEDGER_VKEYS];
    if (ledger_config_vkeys(&in->ledger_config, vkeys) != 2)
        return err_set(err, ERR_CONFLICT, "log", "is not changing: there is no key to be ended");
    if (!keys_log_change(in, "ended", vkey_text(r, &vkeys[1]), vkey_text(r, &vkeys[0]), err))
        return false;
    return unlink(r->before) == 0 || err_errno(err, r->before, "cannot be removed");
}

/* Opens once more: the stored checkpoint is signed by the keys as they are now. */
static bool settle(const char *folder, struct err *err)
{
    struct instance in;
    if (!instance_open(&in, folder, true, err))
        return false;
    instance_close(&in);
    return true;
}

int keys_rotate_log(const char *folder, const char *to, bool ends)
{
    struct rotation r = {0};
    struct err err;
    if (to != NULL && !token_uri_check(str_of(to), &err))
        return cli_fail(&err);
    if (!instance_open(&r.in, folder, true, &err)) {
        if (err.code == ERR_CONFLICT)
            err_at(&err, "stop the server first, for the seconds that this takes");
        return cli_fail(&err);
    }
    name_files(&r);
    bool ok = ends ? finish(&r, &err) : begin(&r, to, &err);
    if (ok && !ends)
        printf(
            "The log's key has changed. Both keys sign from now on, so nobody who knows the old one is shut "
            "out.\n\nPublish the new public key, and give it to every witness:\n\n    %s\n\nWhen they have "
            "it: aina keys rotate log %s --finish\n",
            vkey_text(&r, &r.now), folder);
    else if (ok)
        printf(
            "The old key has ended and its file is gone. Receipts that it alone signed are checked with it "
            "still: keep its public key published.\n");
    instance_close(&r.in);
    return ok && settle(folder, &err) ? EXIT_DONE : cli_fail(&err);
}

/* What the old key signed stays valid: its certificate stays in the state and in the log. */
int keys_rotate_document(const char *folder)
{
    struct instance in;
    struct err err;
    if (!instance_open(&in, folder, true, &err)) {
        if (err.code == ERR_CONFLICT)
            err_at(&err, "stop the server first, for the seconds that this takes");
        return cli_fail(&err);
    }
    bool ok = documents_rekey(in.documents, in.db, &err);
    if (ok)
        puts("The key of documents has changed. What the old one signed stays valid; its certificate and the "
             "new "
             "one's are public records of the log.");
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
