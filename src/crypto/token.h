/* SPDX-License-Identifier: Apache-2.0 */
/* token.h: signing keys that live in a PKCS#11 token (a security module, a card) and never leave it: Ed25519
 * by CKM_EDDSA, for the log; P-256 by CKM_ECDSA, for documents.
 *
 * The module is somebody else's code and wants what the server has given up (files, devices, processes). So
 * it runs in a process of its own, made before the server enters its sandbox: that process holds the session
 * with the token and does one thing, sign what it is handed. It has no other key, no state and no log. It
 * ends when its maker does.
 *
 * A key is named by a URI (RFC 7512), which stands in the key's file in the place of the sealed key:
 *
 *     pkcs11:token=aina;object=log?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/aina/pin
 *
 * pin-source is a file (one line, mode 0600, the server's user's), or credential:NAME, a systemd credential.
 * A PIN in the URI itself (pin-value) is refused: it would stand in the file and in process lists.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/err.h"
#include "base/text.h"
#include "crypto/es256.h"
#include "crypto/sign.h"

#define TOKEN_URI_MAX 1024
#define TOKEN_PUBLIC_MAX 64

struct token;

bool token_uri_is(struct str text); /* begins with "pkcs11:" */
/* Whether the URI says all that is needed; the error says what is missing. */
MUST_USE bool token_uri_check(struct str uri, struct err *err);

enum token_how {
    TOKEN_P256 = 4, /* else Ed25519 */
    TOKEN_FIND = 0,
    TOKEN_MAKE = 1, /* a new key pair where there is none of this name (ERR_CONFLICT where there is) */
    TOKEN_STAYS = 2 /* the process outlives its maker: it ends when its socket is closed, which may have been
                       handed to another process (token_socket, token_adopt) */
};

/* Makes the process, logs in and finds the key. Waits until it has signed once and the signature holds.
 * `how`: of enum token_how, added up. */
MUST_USE bool token_open(struct token **ret_token, struct str uri, unsigned how, struct err *err);
void token_close(struct token *token);
int token_socket(const struct token *token);
/* The other side of a process that somebody else made. Owns the socket, also on failure. */
MUST_USE bool token_adopt(struct token **ret_token, struct str uri, int socket,
                          const uint8_t public_key[TOKEN_PUBLIC_MAX], unsigned how, struct err *err);
void token_public(const struct token *token, uint8_t out[TOKEN_PUBLIC_MAX]);
/* Signs in the token; lives as long as it. */
struct sign_key *token_key(struct token *token);    /* of Ed25519 */
struct es256_key *token_es256(struct token *token); /* of P-256; the caller's, to be freed before the token */

#endif
