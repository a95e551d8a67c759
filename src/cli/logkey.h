/* SPDX-License-Identifier: Apache-2.0 */
/* logkey.h: where the keys that sign live: sealed in keys/log.key and keys/document-N.key; in a token whose
 * URI stands there instead (crypto/token.h); or in a systemd credential, named there. While the key changes,
 * keys/log-before.key holds the one before it, in the same ways, and both sign (docs/keys.md). */
#ifndef CLI_LOGKEY_H
#define CLI_LOGKEY_H

#include "cli/instance.h"
#include "crypto/token.h"

/* Sets the instance's ledger_config; opens tokens, unless logkey_prepare did. */
MUST_USE bool logkey_open(struct instance *instance, struct err *err);
void logkey_close(struct instance *instance);

/* For the server, before its sandbox: makes the processes that hold the tokens, kept for the next logkey_open
 * of this process. Needs aina.conf alone. */
MUST_USE bool logkey_prepare(const char *folder, struct err *err);

/* Where a key is that is not sealed in its file: a token's URI, or "credential:NAME". Empty: it is sealed. */
MUST_USE bool logkey_uri(const char *path, struct arena *arena, struct str *ret_uri, struct err *err);
bool credential_is(struct str text);
/* A systemd credential of this process: one line of hex, as a key file. */
MUST_USE bool credential_read(struct str text, uint8_t key[KEY_SIZE], struct err *err);
/* A documents_elsewhere_fn; `arg` is the instance, whose document_given is taken first. */
MUST_USE bool logkey_document(void *arg, const char *path, struct es256_key **ret_key, struct err *err);
/* A new file with the URI, 0600. */
MUST_USE bool logkey_write_uri(const char *path, const char *uri, struct err *err);

/* --- the change while the log is open: what the instance knows of it, for ledger_change_keys --- */

/* The key that signs, for as long as the instance is open or until it has changed twice. */
struct sign_key *logkey_now(struct instance *instance) RETURNS_NONNULL;
/* The one in this token (the instance's from here on), or else of this seed, is the log's; the one that was
 * stands before it. Not before the ledger has let go of the one that stood there. */
void logkey_changed(struct instance *instance, struct token *token, const uint8_t seed[SIGN_SEED_SIZE]);
void logkey_ended(struct instance *instance); /* the one before is let go */

#endif
