/* SPDX-License-Identifier: Apache-2.0 */
/* instance.h: a running place: one folder with keys, state and log, made once by `aina init`.
 *
 * - aina.conf: origin, database, jurisdiction folder, the public address (site), clamd: lines "name = value"
 * - keys/: master.key (0600), and keys sealed under it: state, log, psn-1, psn-2, shard-N-vrf, shard-N-entry
 * - ledger/: the log
 * - published: the last checkpoint that was written down outside the log (mark.h)
 * - state.db: the state, unless it is in PostgreSQL
 * - messages/: short messages that wait to be sent (people/message.h)
 * - official-keys/: allowed models of officials' authenticators (people/webauthn.h); none: any device-bound
 *   one
 */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include "case/beside.h"
#include "case/case.h"
#include "gate/gate.h"
#include "issue/issue.h"
#include "people/people.h"

struct instance {
    struct arena arena;
    const char *folder, *keys, *origin, *db_url, *jurisdiction_folder;
    const char *clamd; /* path of the virus scanner's socket; NULL: files are not scanned */
    const char *site;  /* "https://aina.example"; NULL: not said */
    uint8_t *master;   /* guarded memory; opens the files in keys/ */
    uint8_t *state;    /* guarded memory; from it come the keys of rows and of the entries' headers */
    struct ledger_config ledger_config;
    struct gate_config gate_config;
    struct jurisdiction *jurisdiction;
    struct vault *vault;
    struct people *people;
    struct db *db; /* the opener's own connection */
    struct ledger *ledger;
    struct gate *gate;
    struct cases *cases; /* for reading alone when not live */
    struct beside *beside;
    uint64_t marked; /* size of the log that mark_keep wrote down last */
    struct documents *documents;
    struct token *token[2]; /* that hold the log's key and the one before: logkey.h */
    struct token *document_token[8], *document_given; /* of documents' keys; of the next one */
    size_t document_tokens_n;
    struct sign_key *key_log, *key_before; /* where they are sealed files; key_log: once it has changed */
};

struct instance_new {
    const char *folder, *jurisdiction_folder, *db_url, *origin;
    const char *log_key;  /* URI of a token in which the log's key is made; NULL: a sealed file */
    size_t segment_bytes; /* of the log's files, of which one stands ready ahead */
    bool confirm;         /* the operator types the recovery copy's last group back */
};

/* Makes everything beside `folder` and renames it into place last: nothing half-done stays. */
MUST_USE bool instance_create(const struct instance_new *options, struct err *err);

/* A line that aina.conf can hold; `place` is what the error names. */
MUST_USE bool instance_conf_value(const char *place, const char *value, struct err *err);

/* Reads aina.conf alone: folder, origin, db_url and jurisdiction_folder are set, nothing is open. */
MUST_USE bool instance_conf(struct instance *instance, const char *folder, struct err *err);

/* Opens keys, jurisdiction, state and vault; with `live`, also the log and the gate. On failure nothing stays
 * open. */
MUST_USE bool instance_open(struct instance *instance, const char *folder, bool live, struct err *err);
/* Live; or, where a server runs on it, beside that server (gate_config.beside): acts then go through the
 * outbox, and the server does them. */
MUST_USE bool instance_open_any(struct instance *instance, const char *folder, struct err *err);
void instance_close(struct instance *instance);

/* The person, or the organisation, with this number, for commands; `place` is what errors name. erase.c */
MUST_USE bool cli_person(struct instance *instance, const char *number, bool organisation, const char *place,
                         struct person *ret_person, struct err *err);

#endif
