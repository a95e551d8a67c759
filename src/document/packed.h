/* SPDX-License-Identifier: Apache-2.0 */
/* packed.h: zlib streams (RFC 1950) and Base45 (RFC 9285), read strictly and within limits. */
#ifndef DOCUMENT_PACKED_H
#define DOCUMENT_PACKED_H

#include "base/arena.h"
#include "base/buf.h"

void zlib_pack(struct str bytes, struct buf *out); /* level 9 */
/* One whole stream and nothing after it, at most `max` bytes unpacked: a longer one is refused as it grows.
 */
MUST_USE bool zlib_unpack(struct str packed, size_t max, struct arena *arena, struct str *ret_bytes);

void base45_write(struct str bytes, struct buf *out);
/* `out` has room for 2 bytes for each 3 characters. False: another character, a tail of one, a value that no
 * bytes have. */
MUST_USE bool base45_read(struct str text, uint8_t *out, size_t *ret_n);

#endif
