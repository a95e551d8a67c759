/* SPDX-License-Identifier: Apache-2.0 */
/* der_private.h: reading ASN.1 in DER (X.690) without copying, and bringing BER to DER first.
 *
 * The reader is strict: one-byte tags, definite and shortest lengths, nothing past the end. It never
 * allocates, never recurses, and what it returns points into the caller's bytes.
 */
#ifndef SIGNATURE_DER_PRIVATE_H
#define SIGNATURE_DER_PRIVATE_H

#include "base/arena.h"
#include "base/text.h"

struct der {
    const uint8_t *p;
    size_t n;
};

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};
#define DER_CONTEXT(n) (0x80 | (n))     /* primitive [n] */
#define DER_CONSTRUCTED(n) (0xa0 | (n)) /* constructed [n] */

/* Takes the next value off the front of `*rest`; its tag, its content, and itself with its header. */
MUST_USE bool der_any(struct der *rest, uint8_t *ret_tag, struct der *ret_content, struct der *ret_whole);
/* The same, and the tag must be this one. `*rest` stays as it was when it is not. */
MUST_USE bool der_take(struct der *rest, uint8_t tag, struct der *ret_content);
MUST_USE bool der_take_whole(struct der *rest, uint8_t tag, struct der *ret_content, struct der *ret_whole);
bool der_next_is(const struct der *rest, uint8_t tag);
bool der_skip(struct der *rest, uint8_t tag); /* takes one if it is there; false only when it is malformed */

/* A BIT STRING of whole bytes; a small non-negative INTEGER; a time (Z only; a fraction is cut off). */
MUST_USE bool der_take_bits(struct der *rest, struct der *ret_bytes);
MUST_USE bool der_take_small(struct der *rest, unsigned *ret_value);
MUST_USE bool der_take_time(struct der *rest, int64_t *ret_time);
MUST_USE bool der_take_yes(struct der *rest, bool *ret_yes); /* BOOLEAN DEFAULT FALSE: absent is false */

static inline bool der_eq(struct der a, struct der b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline struct der der_of(struct str bytes)
{
    return (struct der){(const uint8_t *)bytes.p, bytes.n};
}

static inline struct str der_str(struct der bytes)
{
    return (struct str){(const char *)bytes.p, bytes.n};
}

/* The content bytes of an OBJECT IDENTIFIER written as 1.2.840...; and back. Text of a malformed one says
 * so. */
MUST_USE bool oid_parse(struct arena *arena, struct str dotted, struct der *ret_oid);
const char *oid_text(struct arena *arena, struct der oid);

/* DER of BER: definite shortest lengths, OCTET STRINGs in one piece. Bytes that are DER already are returned
 * as they are. False: neither, or deeper than 24. */
MUST_USE bool der_from_ber(struct arena *arena, struct der bytes, struct der *ret_der);

#endif
