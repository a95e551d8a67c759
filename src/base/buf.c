/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_in(struct buf *buf, struct arena *arena, size_t max)
{
    *buf = (struct buf){.max = max, .arena = arena};
}

void buf_done(struct buf *buf)
{
    if (buf->arena == NULL)
        free(buf->p);
    *buf = (struct buf){.max = buf->max, .arena = buf->arena};
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->overflowed = false;
}

static bool grow(struct buf *buf, size_t more)
{
    if (more > buf->max - buf->n) {
        buf->overflowed = true;
        return false;
    }
    size_t need = buf->n + more;
    if (need <= buf->cap)
        return true;
    size_t cap = MIN_OF(MAX_OF(need, MAX_OF(buf->cap * 2, (size_t)256)), buf->max);
    char *p;
    if (buf->arena != NULL) {
        p = arena_room(buf->arena, cap, 1);
        if (buf->n != 0)
            memcpy(p, buf->p, buf->n);
    } else {
        p = realloc(buf->p, cap);
        must(p != NULL);
    }
    buf->p = p;
    buf->cap = cap;
    return true;
}

char *buf_room(struct buf *buf, size_t n)
{
    if (buf->overflowed || !grow(buf, n))
        return NULL;
    char *at = buf->p + buf->n;
    buf->n += n;
    return at;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
    if (n <= buf->cap - buf->n && !buf->overflowed) { /* as nearly always: no call */
        if (n != 0)
            memcpy(buf->p + buf->n, bytes, n);
        buf->n += n;
        return;
    }
    char *at = buf_room(buf, n);
    if (at != NULL)
        memcpy(at, bytes, n);
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_str(struct buf *buf, struct str text)
{
    buf_add(buf, text.p, text.n);
}

void buf_byte(struct buf *buf, uint8_t byte)
{
    buf_add(buf, &byte, 1);
}

void buf_u16be(struct buf *buf, uint16_t value)
{
    uint8_t bytes[2];
    put_u16be(bytes, value);
    buf_add(buf, bytes, sizeof bytes);
}

void buf_u32be(struct buf *buf, uint32_t value)
{
    uint8_t bytes[4];
    put_u32be(bytes, value);
    buf_add(buf, bytes, sizeof bytes);
}

void buf_u64be(struct buf *buf, uint64_t value)
{
    uint8_t bytes[8];
    put_u64be(bytes, value);
    buf_add(buf, bytes, sizeof bytes);
}

void buf_lp(struct buf *buf, const void *bytes, size_t n)
{
    must(n <= UINT16_MAX);
    buf_u16be(buf, (uint16_t)n);
    buf_add(buf, bytes, n);
}

bool lp_next(struct str *rest, struct str *ret_part)
{
    size_t n = rest->n < 2 ? SIZE_MAX : get_u16be((const uint8_t *)rest->p);
    if (n > rest->n || rest->n - 2 < n)
        return false;
    *ret_part = (struct str){rest->p + 2, n};
    *rest = str_from(*rest, 2 + n);
    return true;
}

void buf_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    buf_add(buf, digits + at, sizeof digits - at);
}

void buf_hex(struct buf *buf, const void *bytes, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    char *at = n ? buf_room(buf, 2 * n) : NULL;
    for (size_t i = 0; at != NULL && i < n; i++) {
        *at++ = digit[((const uint8_t *)bytes)[i] >> 4];
        *at++ = digit[((const uint8_t *)bytes)[i] & 15];
    }
}

void buf_base64(struct buf *buf, const void *bytes, size_t n)
{
    char *at = buf_room(buf, BASE64_SIZE(n)); /* one more than needed, for the NUL */
    if (at != NULL) {
        base64_encode(at, bytes, n);
        buf->n--;
    }
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    must(n >= 0);
    if ((size_t)n < sizeof small) {
        buf_add(buf, small, (size_t)n);
    } else {
        char *at = buf_room(buf, (size_t)n + 1);
        if (at != NULL) {
            vsnprintf(at, (size_t)n + 1, format, again);
            buf->n--;
        }
    }
    va_end(again);
}

void put_u16be(uint8_t *at, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(at, &value, sizeof value);
}

void put_u32be(uint8_t *at, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof value);
}

void put_u64be(uint8_t *at, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(at, &value, sizeof value);
}

uint16_t get_u16be(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap16(value);
}

uint32_t get_u32be(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}

uint64_t get_u64be(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap64(value);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the byte swaps above are for little-endian machines");
