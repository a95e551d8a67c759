/* SPDX-License-Identifier: Apache-2.0 */
/* keys_work.h: what changes keys, between the command and the process that carries it out: the command's own,
 * or, where a server runs, that server (control.h). An order is plain bytes; it holds a secret only when the
 * master key changes. */
#ifndef CLI_KEYS_WORK_H
#define CLI_KEYS_WORK_H

#include "cli/keys.h"
#include "crypto/shares.h"
#include "crypto/token.h"

enum key_order_kind {
    ORDER_LOG,           /* a new key; both sign from then on */
    ORDER_LOG_FINISH,    /* the one before ends */
    ORDER_DOCUMENT,      /* a new key for documents */
    ORDER_SHARD,         /* the open shard ends, the next begins with new keys */
    ORDER_MASTER,        /* `master` is the new one */
    ORDER_MASTER_FINISH, /* `master` is the new one, and has its place outside the instance */
    ORDER_SPLIT,         /* shares of the master key were handed out */
    ORDER_RETAIN,        /* shards whose time is over lose their keys */
    ORDER_ROOTS,         /* new roots of the pseudonyms, and an epoch of each sector made of them */
    ORDERS_N
};

struct key_order {
    enum key_order_kind kind;
    uint8_t master[KEY_SIZE];
    bool elsewhere; /* of ORDER_MASTER: its place is outside the instance, so it is only prepared */
    char set[SHARE_SET_SIZE];
    char uri[TOKEN_URI_MAX + 1]; /* ORDER_LOG, ORDER_DOCUMENT: where the new key is; empty: a sealed file */
    int token;                   /* socket of the process that holds it; -1: none */
    uint8_t token_public[TOKEN_PUBLIC_MAX];
};

#define KEY_WORDS_MAX 2048

/* On a live instance. `ret_words`: what the operator is told. keys_rotate.c */
MUST_USE bool keys_carry_out(struct instance *in, const struct key_order *order,
                             char ret_words[KEY_WORDS_MAX], struct err *err);
/* Here, or by the server that runs on the folder; what it says is printed. keys_rotate.c */
MUST_USE bool keys_order(const char *folder, const struct key_order *order, struct err *err);

/* keys_master.c */
MUST_USE bool keys_master_change(struct instance *in, const struct key_order *order,
                                 char ret_words[KEY_WORDS_MAX], struct err *err);
int keys_rotate_master(const char *folder, const char *to, bool finish);

/* --- events --- */

struct key_event {
    const char *key, *what;
    const char *set;            /* of shares; NULL: none */
    bool of_master;             /* with the name of the master key in use */
    bool with_public;           /* the log's public key and the list of keys */
    bool once;                  /* not again where the file says it already */
    const char *before, *after; /* public keys of a change; NULL: none */
    uint64_t number;            /* of a shard; 0: none */
};
MUST_USE bool keys_event(struct instance *in, const struct key_event *event, struct err *err);
MUST_USE bool keys_append_line(const char *path, struct str line, struct err *err);
/* Whether this was the master key of a time before, by the events; since when it is not. */
bool keys_was_master(struct instance *in, const uint8_t master[KEY_SIZE], struct str *ret_since);

/* --- papers: keys_papers.c --- */

struct key_papers {
    char set[SHARE_SET_SIZE];
    struct str holders; /* a line of keys/holders */
};
/* Five shares, one holder after the other, each typed back. */
MUST_USE bool keys_hand_out(const uint8_t master[KEY_SIZE], struct arena *arena,
                            struct key_papers *ret_papers, struct err *err);
MUST_USE bool keys_record_papers(struct instance *in, const struct key_papers *papers, struct err *err);
/* The recovery copy is shown, and its last group typed back. */
MUST_USE bool keys_confirm_copy(const uint8_t master[KEY_SIZE], bool confirm, struct err *err);
/* From its place; it must open the folder's keys. */
MUST_USE bool keys_read_master(struct instance *in, uint8_t master[KEY_SIZE], struct err *err);
MUST_USE bool keys_master_fits(struct instance *in, const uint8_t master[KEY_SIZE], struct err *err);

/* `aina keys retire DIR [--now]`: keys_retire.c */
MUST_USE bool keys_retain(struct instance *in, const struct key_order *order, char ret_words[KEY_WORDS_MAX],
                          struct err *err);
int keys_retire(const char *folder, bool now, bool as_json);

int keys_split(const char *folder);
int keys_restore(const char *folder, const char *to);
int keys_rotate(const char *what, const char *folder, const char *to, bool finish, const char *usage);

#endif
