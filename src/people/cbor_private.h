/* SPDX-License-Identifier: Apache-2.0 */
/* cbor_private.h: a reading cursor over CBOR (RFC 8949) as authenticators must write it: definite lengths,
 * shortest heads, nothing left over. It allocates nothing and believes no length; libcbor accepts indefinite
 * and repeated items and allocates what a head claims, so bytes from a stranger come through here first. */
#ifndef PEOPLE_CBOR_PRIVATE_H
#define PEOPLE_CBOR_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

enum cbor_major {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAGGED,
    CBOR_SIMPLE
};

#define CBOR_DEPTH_MAX 4

struct cbor {
    const uint8_t *at, *end;
};

struct cbor cbor_of(struct str bytes);
/* All false on malformed or other bytes; the cursor is then of no more use. */
MUST_USE bool cbor_int(struct cbor *cbor, int64_t *ret_value);
MUST_USE bool cbor_string(struct cbor *cbor, enum cbor_major major, struct str *ret_bytes);
/* Head of an array or map: number of items, or of pairs. Never more than bytes remain. */
MUST_USE bool cbor_open(struct cbor *cbor, enum cbor_major major, uint64_t *ret_n);
MUST_USE bool cbor_skip(struct cbor *cbor, int depth);

#endif
