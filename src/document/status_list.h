/* SPDX-License-Identifier: Apache-2.0 */
/* status_list.h: which documents were revoked: Token Status List (draft-ietf-oauth-status-list), as JWT and
 * as CWT. Bits are counted from the least significant of each byte; a set bit is a revoked document. A list
 * is fetched whole, so nobody learns whose document is being checked; it says nothing of who, what or why.
 */
#ifndef DOCUMENT_STATUS_LIST_H
#define DOCUMENT_STATUS_LIST_H

#include "document/issuers.h"

#define STATUS_LIST_SIZE (1u << 20) /* documents a list */
#define STATUS_LIST_BYTES (STATUS_LIST_SIZE / 8)
#define STATUS_BYTES_MAX ((size_t)4 << 20) /* unpacked, of anybody's list */
#define STATUS_TTL (12 * 3600)             /* seconds after which one should fetch it anew */
#define STATUS_LIFE (24 * 3600)            /* seconds for which it counts */

struct status_list {
    struct str uri;          /* as documents name it */
    int64_t issued, expires; /* seconds */
    int64_t ttl;
    unsigned bits;    /* a document: 1, 2, 4 or 8 */
    struct str bytes; /* unpacked */
};

/* A list of one bit a document, signed. */
/* False only where the key lives elsewhere and does not sign. */
MUST_USE bool status_list_jwt(const struct status_list *list, const struct es256_key *key,
                              const uint8_t kid[KID_SIZE], struct arena *arena, struct buf *out,
                              struct err *err);
MUST_USE bool status_list_cwt(const struct status_list *list, const struct es256_key *key,
                              const uint8_t kid[KID_SIZE], struct arena *arena, struct buf *out,
                              struct err *err);

/* Reads a JWT whose signature holds under a key of the issuers that was in use. ERR_INVALID with what is off.
 */
MUST_USE bool status_list_read(struct str jwt, const struct issuers *issuers, struct arena *arena,
                               struct status_list *ret_list, struct err *err);
/* 0 valid, 1 revoked, 2 suspended; false: the list does not go that far. */
MUST_USE bool status_list_at(const struct status_list *list, uint64_t index, unsigned *ret_status);

#endif
