/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h: a growing byte buffer with a maximum set at creation.
 *
 * Overflow is sticky: past `max` nothing more is added, buf_overflowed() stays true, and the writer asks once
 * at the end. On the heap (buf_init) it is ended with buf_done; in an arena (buf_in) it dies with the arena.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/text.h"

struct buf {
    char *p;
    size_t n, cap, max;
    struct arena *arena; /* NULL: heap */
    bool overflowed;
};

void buf_init(struct buf *buf, size_t max);
void buf_in(struct buf *buf, struct arena *arena, size_t max);
void buf_done(struct buf *buf); /* frees a heap buffer; harmless on an arena's */
void buf_clear(struct buf *buf);

/* Room for n more bytes at the end, to be filled by the caller; NULL past the maximum. */
char *buf_room(struct buf *buf, size_t n);

void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_text(struct buf *buf, const char *text);
void buf_str(struct buf *buf, struct str text);
void buf_byte(struct buf *buf, uint8_t byte);
void buf_u16be(struct buf *buf, uint16_t value);
void buf_u32be(struct buf *buf, uint32_t value);
void buf_u64be(struct buf *buf, uint64_t value);
void buf_lp(struct buf *buf, const void *bytes, size_t n); /* lp(x) of TRUST.md: u16be length, then x */
/* Takes one lp(x) off the front of `*rest`. False: it is cut short. */
MUST_USE bool lp_next(struct str *rest, struct str *ret_part);
void buf_u64(struct buf *buf, uint64_t value); /* decimal */
void buf_hex(struct buf *buf, const void *bytes, size_t n);
void buf_base64(struct buf *buf, const void *bytes, size_t n);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct str buf_view(const struct buf *buf)
{
    return (struct str){buf->p, buf->n};
}

static inline bool buf_overflowed(const struct buf *buf)
{
    return buf->overflowed;
}

/* Big-endian integers in fixed places. */
void put_u16be(uint8_t *at, uint16_t value);
void put_u32be(uint8_t *at, uint32_t value);
void put_u64be(uint8_t *at, uint64_t value);
uint16_t get_u16be(const uint8_t *at);
uint32_t get_u32be(const uint8_t *at);
uint64_t get_u64be(const uint8_t *at);

#endif
