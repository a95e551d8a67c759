/* SPDX-License-Identifier: Apache-2.0 */
/* Inside token.h: the parts of a URI, and a session with a module in the process that is made for it. */
#ifndef CRYPTO_TOKEN_PRIVATE_H
#define CRYPTO_TOKEN_PRIVATE_H

#include "crypto/token.h"

#define TOKEN_PART_MAX 512

struct token_uri {
    char token[TOKEN_PART_MAX], object[TOKEN_PART_MAX], module[TOKEN_PART_MAX], pin[TOKEN_PART_MAX];
};
MUST_USE bool token_uri_read(struct str uri, struct token_uri *ret_uri, struct err *err);

struct token_session {
    void *calls; /* CK_FUNCTION_LIST of the module */
    unsigned long session, key;
    bool p256;
    char name[TOKEN_PART_MAX];
};
MUST_USE bool token_session_open(struct token_session *ret_session, const struct token_uri *uri,
                                 const char *pin, unsigned how, uint8_t public_key[TOKEN_PUBLIC_MAX],
                                 struct err *err);
MUST_USE bool token_session_sign(struct token_session *session, const void *message, size_t n,
                                 uint8_t signature[SIGNATURE_SIZE], struct err *err);

#endif
