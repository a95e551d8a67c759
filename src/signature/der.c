/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/clock.h"
#include "signature/der_private.h"

#define BER_DEPTH_MAX 24

/* --- DER --- */

static bool read_length(struct der *rest, size_t *ret_length)
{
    if (rest->n == 0)
        return false;
    uint8_t first = rest->p[0];
    size_t bytes = first & 0x7f, length = 0;
    *rest = (struct der){rest->p + 1, rest->n - 1};
    if (first < 0x80) {
        *ret_length = first;
        return first <= rest->n;
    }
    if (bytes == 0 || bytes > 4 || bytes > rest->n || rest->p[0] == 0)
        return false;
    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | rest->p[i];
    *rest = (struct der){rest->p + bytes, rest->n - bytes};
    *ret_length = length;
    return length >= 0x80 && length <= rest->n;
}

bool der_any(struct der *rest, uint8_t *ret_tag, struct der *ret_content, struct der *ret_whole)
{
    struct der at = *rest;
    size_t length;
    if (at.n < 2 || (at.p[0] & 0x1f) == 0x1f)
        return false;
    at = (struct der){at.p + 1, at.n - 1};
    if (!read_length(&at, &length))
        return false;
    *ret_tag = rest->p[0];
    *ret_content = (struct der){at.p, length};
    *ret_whole = (struct der){rest->p, (size_t)(at.p - rest->p) + length};
    *rest = (struct der){at.p + length, at.n - length};
    return true;
}

bool der_next_is(const struct der *rest, uint8_t tag)
{
    return rest->n != 0 && rest->p[0] == tag;
}

bool der_take_whole(struct der *rest, uint8_t tag, struct der *ret_content, struct der *ret_whole)
{
    uint8_t found;
    return der_next_is(rest, tag) && der_any(rest, &found, ret_content, ret_whole);
}

bool der_take(struct der *rest, uint8_t tag, struct der *ret_content)
{
    struct der whole;
    return der_take_whole(rest, tag, ret_content, &whole);
}

bool der_skip(struct der *rest, uint8_t tag)
{
    struct der content;
    return !der_next_is(rest, tag) || der_take(rest, tag, &content);
}

bool der_take_bits(struct der *rest, struct der *ret_bytes)
{
    struct der bits;
    if (!der_take(rest, DER_BIT_STRING, &bits) || bits.n == 0 || bits.p[0] != 0)
        return false;
    *ret_bytes = (struct der){bits.p + 1, bits.n - 1};
    return true;
}

bool der_take_small(struct der *rest, unsigned *ret_value)
{
    struct der bytes;
    if (!der_take(rest, DER_INTEGER, &bytes) || bytes.n == 0 || bytes.n > 3 || (bytes.p[0] & 0x80) != 0)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < bytes.n; i++)
        value = value << 8 | bytes.p[i];
    *ret_value = value;
    return true;
}

bool der_take_yes(struct der *rest, bool *ret_yes)
{
    struct der byte = {0};
    if (!der_next_is(rest, DER_BOOLEAN)) {
        *ret_yes = false;
        return true;
    }
    if (!der_take(rest, DER_BOOLEAN, &byte) || byte.n != 1 || (byte.p[0] != 0 && byte.p[0] != 0xff))
        return false;
    *ret_yes = byte.p[0] != 0;
    return true;
}

static bool digits(struct der *rest, size_t n, int *ret_value)
{
    int value = 0;
    if (rest->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (rest->p[i] < '0' || rest->p[i] > '9')
            return false;
        value = 10 * value + (rest->p[i] - '0');
    }
    *rest = (struct der){rest->p + n, rest->n - n};
    *ret_value = value;
    return true;
}

/* ".123" of a GeneralizedTime: at least one digit. */
static bool skip_fraction(struct der *rest)
{
    int digit;
    if (rest->n == 0 || rest->p[0] != '.')
        return true;
    *rest = (struct der){rest->p + 1, rest->n - 1};
    if (!digits(rest, 1, &digit))
        return false;
    while (digits(rest, 1, &digit))
        continue;
    return true;
}

bool der_take_time(struct der *rest, int64_t *ret_time)
{
    struct der text;
    struct date date;
    int hour, minute, second;
    bool generalized = der_next_is(rest, DER_GENERALIZED_TIME);
    if (!der_take(rest, generalized ? DER_GENERALIZED_TIME : DER_UTC_TIME, &text) ||
        !digits(&text, generalized ? 4 : 2, &date.year) || !digits(&text, 2, &date.month) ||
        !digits(&text, 2, &date.day) || !digits(&text, 2, &hour) || !digits(&text, 2, &minute) ||
        !digits(&text, 2, &second) || (generalized && !skip_fraction(&text)) || text.n != 1 ||
        text.p[0] != 'Z')
        return false;
    if (!generalized)
        date.year += date.year < 50 ? 2000 : 1900;
    if (!date_valid(date) || hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_time = date_days(date) * CLOCK_DAY + (hour * 3600 + minute * 60 + second) * CLOCK_SECOND;
    return true;
}

/* --- object identifiers --- */

static void add_base128(struct buf *out, uint64_t value)
{
    int shift = 63;
    while (shift > 0 && value >> shift == 0)
        shift -= 7;
    for (; shift >= 0; shift -= 7)
        buf_byte(out, (uint8_t)((value >> shift & 0x7f) | (shift ? 0x80 : 0)));
}

bool oid_parse(struct arena *arena, struct str dotted, struct der *ret_oid)
{
    struct buf out;
    struct str part;
    uint64_t arc, first = 0;
    size_t n = 0;
    buf_in(&out, arena, 64);
    for (; str_next(&dotted, '.', &part); n++) {
        if (!text_u64(part, &arc) || arc > UINT32_MAX || (n == 0 && arc > 2) ||
            (n == 1 && first < 2 && arc > 39))
            return false;
        if (n == 0)
            first = arc;
        else
            add_base128(&out, n == 1 ? first * 40 + arc : arc);
    }
    if (n < 2 || buf_overflowed(&out))
        return false;
    *ret_oid = (struct der){(const uint8_t *)out.p, out.n};
    return true;
}

const char *oid_text(struct arena *arena, struct der oid)
{
    struct buf out;
    uint64_t arc = 0;
    bool first = true, open = oid.n == 0;
    buf_in(&out, arena, 512);
    for (size_t i = 0; i < oid.n && arc < UINT64_C(1) << 50; i++) {
        arc = arc << 7 | (oid.p[i] & 0x7f);
        open = (oid.p[i] & 0x80) != 0;
        if (open)
            continue;
        uint64_t top = arc < 80 ? arc / 40 : 2;
        if (first)
            buf_printf(&out, "%llu.%llu", (unsigned long long)top, (unsigned long long)(arc - top * 40));
        else
            buf_printf(&out, ".%llu", (unsigned long long)arc);
        first = false;
        arc = 0;
    }
    if (open || arc != 0 || buf_overflowed(&out))
        return "a malformed identifier";
    buf_byte(&out, 0);
    return out.p;
}

/* --- BER --- */

/* One BER header. `*ret_n` is SIZE_MAX for an indefinite length. */
static bool ber_header(struct der *rest, uint8_t *ret_tag, size_t *ret_n)
{
    if (rest->n < 2 || (rest->p[0] & 0x1f) == 0x1f)
        return false;
    uint8_t first = rest->p[1];
    size_t bytes = first < 0x80 ? 0 : first & 0x7f, n = first < 0x80 ? first : 0;
    *ret_tag = rest->p[0];
    *rest = (struct der){rest->p + 2, rest->n - 2};
    if (first == 0x80) {
        *ret_n = SIZE_MAX;
        return (*ret_tag & 0x20) != 0;
    }
    if (bytes > 8 || bytes > rest->n)
        return false;
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | rest->p[i];
    *rest = (struct der){rest->p + bytes, rest->n - bytes};
    *ret_n = n;
    return n <= rest->n;
}

static bool is_der(struct der bytes, int depth)
{
    uint8_t tag;
    struct der content, whole;
    while (bytes.n != 0) {
        if (!der_any(&bytes, &tag, &content, &whole) || tag == (DER_OCTET_STRING | 0x20))
            return false;
        if ((tag & 0x20) != 0 && (depth == 0 || !is_der(content, depth - 1)))
            return false;
    }
    return true;
}

static void put_header(struct buf *out, uint8_t tag, size_t n)
{
    buf_byte(out, tag);
    if (n < 0x80) {
        buf_byte(out, (uint8_t)n);
        return;
    }
    int bytes = n > 0xffffff ? 4 : n > 0xffff ? 3 : n > 0xff ? 2 : 1;
    buf_byte(out, (uint8_t)(0x80 | bytes));
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        buf_byte(out, (uint8_t)(n >> shift));
}

static bool put_value(struct arena *arena, struct der *rest, bool bare, struct buf *out, int depth);

/* The values up to `end` of `rest`, or up to the end-of-contents. */
static bool put_values(struct arena *arena, struct der *rest, bool indefinite, bool bare, struct buf *out,
                       int depth)
{
    while (rest->n != 0 && !(indefinite && rest->n >= 2 && rest->p[0] == 0 && rest->p[1] == 0))
        if (!put_value(arena, rest, bare, out, depth))
            return false;
    if (!indefinite)
        return true;
    if (rest->n < 2)
        return false;
    *rest = (struct der){rest->p + 2, rest->n - 2};
    return true;
}

/* `bare`: inside a constructed OCTET STRING, whose pieces are joined without their headers. */
static bool put_value(struct arena *arena, struct der *rest, bool bare, struct buf *out, int depth)
{
    uint8_t tag;
    size_t n;
    if (depth == 0 || arena_overflowed(arena) || !ber_header(rest, &tag, &n))
        return false;
    bool indefinite = n == SIZE_MAX, pieces = tag == (DER_OCTET_STRING | 0x20);
    struct der inner = {rest->p, indefinite ? rest->n : n};
    if (bare && !pieces && tag != DER_OCTET_STRING)
        return false;
    if ((tag & 0x20) == 0) {
        if (!bare)
            put_header(out, tag, n);
        buf_add(out, inner.p, n);
    } else {
        struct buf content;
        buf_in(&content, arena, out->max);
        if (!put_values(arena, &inner, indefinite, pieces, &content, depth - 1) || buf_overflowed(&content))
            return false;
        if (!bare)
            put_header(out, pieces ? DER_OCTET_STRING : tag, content.n);
        buf_add(out, content.p, content.n);
    }
    const uint8_t *end = indefinite ? inner.p : rest->p + n;
    *rest = (struct der){end, rest->n - (size_t)(end - rest->p)};
    return true;
}

bool der_from_ber(struct arena *arena, struct der bytes, struct der *ret_der)
{
    struct buf out;
    if (is_der(bytes, BER_DEPTH_MAX)) {
        *ret_der = bytes;
        return true;
    }
    buf_in(&out, arena, bytes.n + 4096);
    if (!put_value(arena, &bytes, false, &out, BER_DEPTH_MAX) || bytes.n != 0 || buf_overflowed(&out) ||
        arena_overflowed(arena))
        return false;
    *ret_der = (struct der){(const uint8_t *)out.p, out.n};
    return true;
}
