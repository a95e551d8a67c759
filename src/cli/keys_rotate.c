/* SPDX-License-Identifier: Apache-2.0 */
/* keys_rotate.c: keys change while the instance is open: the log's, documents', a shard's; who carries an
 * order out; and the commands (docs/keys.md).
 *
 * The log's key: the old key's last act is to log the new one; then both sign every checkpoint, until the
 * operator ends the old one. What C2SP's signed notes allow: a reader takes a checkpoint that any key it
 * knows has signed, and passes over signatures of others. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/control.h"
#include "cli/keys_work.h"
#include "cli/logkey.h"
#include "cli/mark.h"
#include "crypto/keys.h"
#include "gate/rekey.h"
#include "issue/issue.h"
#include "ledger/public.h"

/* --- the log's key --- */

struct rotation {
    struct instance *in;
    const char *log, *before, *fresh; /* files in keys/ */
    struct token *token;              /* that holds the new key; NULL: a sealed file */
    uint8_t seed[SIGN_SEED_SIZE];
    struct note_vkey was, now;
};

static const char *vkey_text(struct rotation *r, const struct note_vkey *vkey)
{
    struct buf text;
    buf_in(&text, &r->in->arena, 1024);
    note_vkey_text(&text, vkey);
    return str_c(&r->in->arena, buf_view(&text));
}

static struct rotation rotation_of(struct instance *in)
{
    return (struct rotation){.in = in,
                             .log = key_path(&in->arena, in->keys, KEY_LOG),
                             .before = key_path(&in->arena, in->keys, KEY_LOG_BEFORE),
                             .fresh = arena_printf(&in->arena, "%s/log-next", in->keys)};
}

static void seed_public(const uint8_t seed[SIGN_SEED_SIZE], uint8_t public_key[SIGN_PUBLIC_SIZE])
{
    struct sign_key *key = sign_key_new(seed);
    sign_public(key, public_key);
    sign_key_free(key);
}

/* The new key, in a file beside the others that is no key's yet; or the one that a run left there that was
 * broken off: the log may know it already. Its public half goes to r->now. */
static bool make_key(struct rotation *r, const struct key_order *order, struct err *err)
{
    struct instance *in = r->in;
    uint8_t public_key[SIGN_PUBLIC_SIZE];
    struct err ignored;
    if (order->token >= 0) {
        unlink(r->fresh);
        if (!token_adopt(&r->token, str_of(order->uri), order->token, order->token_public, TOKEN_FIND, err) ||
            !logkey_write_uri(r->fresh, order->uri, err))
            return false;
        sign_public(token_key(r->token), public_key);
    } else if (order->uri[0] != '\0') {
        unlink(r->fresh);
        if (!credential_read(str_of(order->uri), r->seed, err) ||
            !logkey_write_uri(r->fresh, order->uri, err))
            return false;
        seed_public(r->seed, public_key);
    } else {
        if (access(r->fresh, F_OK) != 0 ||
            !key_file_read_sealed(r->fresh, in->master, "log", r->seed, &ignored)) {
            unlink(r->fresh);
            random_bytes(r->seed, sizeof r->seed);
            if (!key_file_write_sealed(r->fresh, in->master, "log", r->seed, err))
                return false;
        }
        seed_public(r->seed, public_key);
    }
    note_vkey_make(&r->now, in->ledger_config.origin, public_key);
    return true;
}

/* The old key under its new name. A sealed key is bound to its name, so it is sealed anew. */
static bool set_aside(struct rotation *r, struct err *err)
{
    struct instance *in = r->in;
    struct str uri;
    unlink(r->before); /* of a run that was broken off: the same key as in r->log */
    if (!logkey_uri(r->log, &in->arena, &uri, err))
        return false;
    bool ok = uri.n != 0 ? logkey_write_uri(r->before, str_c(&in->arena, uri), err)
                         : key_file_write_sealed(r->before, in->master, "log-before",
                                                 in->ledger_config.sign_seed, err);
    return ok && key_file_keep_time(r->log, r->before, err);
}

static bool log_event(struct rotation *r, const char *what, const struct note_vkey *before,
                      const struct note_vkey *after, struct err *err)
{
    return keys_event(r->in,
                      &(struct key_event){.key = "log",
                                          .what = what,
                                          .once = true,
                                          .before = vkey_text(r, before),
                                          .after = vkey_text(r, after)},
                      err);
}

/* Files first, so that a start finds both keys; then the running log. */
static bool sign_with_both(struct rotation *r, struct err *err)
{
    struct instance *in = r->in;
    if (!set_aside(r, err) || !key_file_replace(r->fresh, r->log, err))
        return false;
    logkey_changed(in, r->token, r->seed);
    r->token = NULL;
    return ledger_change_keys(in->ledger, logkey_now(in), in->ledger_config.key_before, err) &&
           mark_write(in, err);
}

static bool log_begin(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                      struct err *err)
{
    struct rotation r = rotation_of(in);
    struct note_vkey vkeys[LEDGER_VKEYS];
    if (ledger_vkeys(in->ledger, vkeys) == 2)
        return err_set(err, ERR_CONFLICT, "log",
                       "is changing already: end that with aina keys rotate log DIR --finish");
    r.was = vkeys[0];
    /* The record first, under the old key alone: who trusts that one can follow it to the new one. */
    bool ok =
        make_key(&r, order, err) && log_event(&r, "rotated", &r.was, &r.now, err) && sign_with_both(&r, err);
    token_close(r.token);
    secret_wipe(r.seed, sizeof r.seed);
    if (ok)
        snprintf(words, KEY_WORDS_MAX,
                 "The log's key has changed. Both keys sign from now on, so nobody who knows the old one is "
                 "shut out.\n\nPublish the new public key, and give it to every witness:\n\n    %s\n\nWhen "
                 "they have it: aina keys rotate log DIR --finish\n",
                 vkey_text(&r, &r.now));
    return ok;
}

static bool log_finish(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                       struct err *err)
{
    struct rotation r = rotation_of(in);
    struct note_vkey vkeys[LEDGER_VKEYS];
    if (ledger_vkeys(in->ledger, vkeys) != 2)
        return err_set(err, ERR_CONFLICT, "log", "is not changing: there is no key to be ended");
    /* Both sign the record that ends one of them, and what is written down of the log beside it. */
    if (!log_event(&r, "ended", &vkeys[1], &vkeys[0], err) || !mark_write(in, err))
        return false;
    if (!ledger_change_keys(in->ledger, logkey_now(in), NULL, err))
        return false;
    logkey_ended(in);
    if (unlink(r.before) != 0)
        return err_errno(err, r.before, "cannot be removed");
    snprintf(words, KEY_WORDS_MAX,
             "The old key has ended and its file is gone. Receipts that it alone signed are checked with it "
             "still: keep its public key published.\n");
    return true;
}

/* --- documents, shards, papers --- */

/* The next key's file says where it is, before documents_rekey finds it there. */
static bool document_place(struct instance *in, const struct key_order *order, struct err *err)
{
    size_t number;
    token_close(in->document_given);
    in->document_given = NULL;
    if (order->token >= 0 && !token_adopt(&in->document_given, str_of(order->uri), order->token,
                                          order->token_public, TOKEN_P256, err))
        return false;
    if (!documents_next_key(in->documents, in->db, &number, err))
        return false;
    const char *path = arena_printf(&in->arena, "%s/document-%zu.key", in->keys, number);
    unlink(path); /* of a change that was broken off before it was one */
    return logkey_write_uri(path, order->uri, err);
}

/* What the old one signed stays valid: its certificate stays in the state and in the log. */
static bool document_begin(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                           struct err *err)
{
    size_t number;
    if ((order->uri[0] != '\0' && !document_place(in, order, err)) ||
        !documents_next_key(in->documents, in->db, &number, err) ||
        !documents_rekey(in->documents, in->db, err) ||
        !keys_event(in, &(struct key_event){.key = "document", .what = "rotated", .number = number}, err))
        return false;
    snprintf(words, KEY_WORDS_MAX,
             "The key of documents has changed. What the old one signed stays valid; its certificate and the "
             "new one's are public records of the log.\n");
    return true;
}

static bool shard_begin(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                        struct err *err)
{
    uint32_t begun;
    if (!gate_end_shard(in->gate, in->db, &begun, err) ||
        !keys_event(in, &(struct key_event){.key = "shard", .what = "begun-early", .number = begun}, err))
        return false;
    snprintf(words, KEY_WORDS_MAX,
             "Shard %u has begun with new keys. Entries from before it keep theirs, and stay readable and "
             "provable.\n",
             begun);
    return true;
}

/* The gate's thread moves the records, here or in the server; any start goes on with what is left. */
static bool roots_begin(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                        struct err *err)
{
    unsigned generation;
    bool now;
    if (!gate_roots_next(in->gate, in->db, &generation, err) ||
        !keys_event(in,
                    &(struct key_event){.key = "psn", .what = "rotated", .number = generation, .once = true},
                    err) ||
        !gate_roots_take(in->gate, in->db, generation, &now, err))
        return false;
    snprintf(
        words, KEY_WORDS_MAX,
        "Both roots of the pseudonyms are new. A new epoch of every sector is made of them, and begins "
        "%s; records are moved while the server runs: aina rekey DIR shows how far. The roots before stay "
        "for the lists of older quarters. Make a backup.\n",
        now ? "now" : "with the next quarter, for this quarter's shard was ended early twice already");
    return true;
}

static bool split_noted(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                        struct err *err)
{
    return keys_event(
        in, &(struct key_event){.key = "master", .what = "split", .set = order->set, .of_master = true}, err);
}

/* --- who does it --- */

typedef bool carry_fn(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                      struct err *err);
static carry_fn *const carry[ORDERS_N] = {
    [ORDER_LOG] = log_begin,
    [ORDER_LOG_FINISH] = log_finish,
    [ORDER_DOCUMENT] = document_begin,
    [ORDER_SHARD] = shard_begin,
    [ORDER_MASTER] = keys_master_change,
    [ORDER_MASTER_FINISH] = keys_master_change,
    [ORDER_SPLIT] = split_noted,
    [ORDER_RETAIN] = keys_retain,
    [ORDER_ROOTS] = roots_begin,
};

bool keys_carry_out(struct instance *in, const struct key_order *order, char ret_words[KEY_WORDS_MAX],
                    struct err *err)
{
    ret_words[0] = '\0';
    if ((unsigned)order->kind >= ORDERS_N || carry[order->kind] == NULL)
        return err_set(err, ERR_UNSUPPORTED, "keys", "this server does not know the order: start it anew");
    return carry[order->kind](in, order, ret_words, err);
}

static bool carry_out_here(const char *folder, const struct key_order *order, char words[KEY_WORDS_MAX],
                           struct err *err)
{
    struct instance in;
    if (!instance_open(&in, folder, true, err)) {
        if (err->code == ERR_CONFLICT)
            err_at(err, "another command works on the instance, or a server that takes no orders: wait, or "
                        "stop it first");
        return false;
    }
    bool ok = keys_carry_out(&in, order, words, err);
    instance_close(&in);
    return ok;
}

bool keys_order(const char *folder, const struct key_order *order, struct err *err)
{
    char words[KEY_WORDS_MAX] = "";
    bool there, ok = control_ask(folder, order, &there, words, err);
    if (!there) {
        struct key_order here = *order;
        if (order->token >= 0) /* carrying it out takes it */
            here.token = fcntl(order->token, F_DUPFD_CLOEXEC, 0);
        ok = carry_out_here(folder, &here, words, err);
        secret_wipe(&here, sizeof here);
    }
    fputs(words, stdout);
    return ok;
}

/* --- commands --- */

/* A token is opened here, where its module may be loaded; the process that holds it goes over to whoever
 * carries the order out. A key that a run left behind that was broken off is taken. */
static bool open_token(const char *folder, struct key_order *order, struct token **ret, struct err *err)
{
    struct arena arena;
    struct str left = {0};
    struct err ignored;
    unsigned how = TOKEN_STAYS | (order->kind == ORDER_DOCUMENT ? TOKEN_P256 : 0);
    arena_init(&arena, 2048, 65536);
    bool again = order->kind == ORDER_LOG &&
                 logkey_uri(arena_printf(&arena, "%s/keys/log-next", folder), &arena, &left, &ignored) &&
                 str_is(left, order->uri);
    bool ok =
        token_open(ret, str_of(order->uri), how | (again ? TOKEN_FIND : TOKEN_MAKE), err) ||
        (again && err->code == ERR_NOT_FOUND && token_open(ret, str_of(order->uri), how | TOKEN_MAKE, err));
    arena_done(&arena);
    if (ok) {
        order->token = token_socket(*ret);
        token_public(*ret, order->token_public);
    }
    return ok;
}

static int rotate_to(const char *folder, enum key_order_kind kind, const char *to)
{
    struct key_order order = {.kind = kind, .token = -1};
    struct token *token = NULL;
    struct err err;
    bool ok = true;
    if (to != NULL) {
        struct str uri = str_of(to);
        snprintf(order.uri, sizeof order.uri, "%s", to);
        ok = uri.n <= TOKEN_URI_MAX || err_set(&err, ERR_USAGE, "--to", "is too long");
        ok = ok &&
             (credential_is(uri) || (token_uri_check(uri, &err) && open_token(folder, &order, &token, &err)));
    }
    ok = ok && keys_order(folder, &order, &err);
    token_close(token);
    return ok ? EXIT_DONE : cli_fail(&err);
}

int keys_rotate(const char *what, const char *folder, const char *to, bool finish, const char *usage)
{
    struct str name = str_of(what);
    bool log = str_is(name, "log"), document = str_is(name, "document"), shard = str_is(name, "shard"),
         master = str_is(name, "master"), psn = str_is(name, "psn");
    if (!log && !document && !shard && !master && !psn) {
        fprintf(stderr,
                "aina: the keys that a command changes are 'master', 'log', 'document', 'shard' and 'psn'; "
                "why 'state' never changes, and what to do when it was seen, says aina keys DIR; usage: aina "
                "%s\n",
                usage);
        return EXIT_USAGE;
    }
    if ((finish && to != NULL) || (finish && !log && !master) || (to != NULL && (shard || psn))) {
        fprintf(stderr, "aina: these words do not go together; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (master)
        return keys_rotate_master(folder, to, finish);
    return rotate_to(folder,
                     document ? ORDER_DOCUMENT
                     : shard  ? ORDER_SHARD
                     : psn    ? ORDER_ROOTS
                     : finish ? ORDER_LOG_FINISH
                              : ORDER_LOG,
                     to);
}
