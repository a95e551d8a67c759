/* SPDX-License-Identifier: Apache-2.0 */
/* cbor.h: CBOR (RFC 8949) in its one deterministic form (section 4.2.1): definite lengths, shortest heads,
 * nothing left over. The reading cursor allocates nothing and believes no length; libcbor accepts indefinite
 * and repeated items and allocates what a head claims, so bytes from a stranger come through here. The writer
 * leaves the order of a map's keys to its caller.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
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
MUST_USE bool cbor_tag(struct cbor *cbor, uint64_t tag); /* this very tag */
MUST_USE bool cbor_skip(struct cbor *cbor, int depth);
/* What the next item is; false at the end. */
MUST_USE bool cbor_peek(const struct cbor *cbor, enum cbor_major *ret_major);
bool cbor_done(const struct cbor *cbor);

/* The head of an item: a number, a length, a count of items or pairs, a tag. */
void cbor_add(struct buf *out, enum cbor_major major, uint64_t value);
void cbor_add_int(struct buf *out, int64_t value);
void cbor_add_string(struct buf *out, enum cbor_major major, struct str bytes);

#endif
