/* SPDX-License-Identifier: Apache-2.0 */
/* cbor_put.h: as much CBOR as authenticators write. */
#ifndef TESTS_PEOPLE_CBOR_PUT_H
#define TESTS_PEOPLE_CBOR_PUT_H

#include "base/buf.h"

static inline void cbor_put(struct buf *out, unsigned major, uint64_t n)
{
    if (n < 24) {
        buf_byte(out, (uint8_t)(major << 5 | n));
    } else if (n < 256) {
        buf_byte(out, (uint8_t)(major << 5 | 24));
        buf_byte(out, (uint8_t)n);
    } else {
        buf_byte(out, (uint8_t)(major << 5 | 25));
        buf_u16be(out, (uint16_t)n);
    }
}

static inline void cbor_put_int(struct buf *out, int64_t value)
{
    cbor_put(out, value < 0, (uint64_t)(value < 0 ? -1 - value : value));
}

static inline void cbor_put_bytes(struct buf *out, unsigned major, const void *p, size_t n)
{
    cbor_put(out, major, n);
    buf_add(out, p, n);
}

#endif
