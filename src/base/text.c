/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <sodium.h>

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN_OF(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str a, struct str prefix)
{
    return a.n >= prefix.n && memcmp(a.p, prefix.p, prefix.n) == 0;
}

bool str_ends(struct str a, struct str suffix)
{
    return a.n >= suffix.n && memcmp(a.p + a.n - suffix.n, suffix.p, suffix.n) == 0;
}

struct str str_from(struct str a, size_t at)
{
    return at >= a.n ? (struct str){a.p + a.n, 0} : (struct str){a.p + at, a.n - at};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str a)
{
    while (a.n != 0 && is_space(a.p[0]))
        a.p++, a.n--;
    while (a.n != 0 && is_space(a.p[a.n - 1]))
        a.n--;
    return a;
}

bool str_next(struct str *rest, char separator, struct str *ret_part)
{
    if (rest->n == 0)
        return false;
    const char *at = memchr(rest->p, separator, rest->n);
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    *ret_part = (struct str){rest->p, n};
    *rest = str_from(*rest, n + (at != NULL));
    return true;
}

struct str str_dup(struct arena *arena, struct str a)
{
    return (struct str){arena_copy(arena, a.p, a.n), a.n};
}

const char *str_c(struct arena *arena, struct str a)
{
    return arena_copy(arena, a.p, a.n);
}

/* Length of the well-formed sequence at p (n bytes left), or 0. */
static size_t utf8_step(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return c != 0;
    size_t len = c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (c == 0xE0 && p[1] < 0xA0) || (c == 0xF0 && p[1] < 0x90);
    bool surrogate = c == 0xED && p[1] > 0x9F;
    bool beyond = c == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : len;
}

/* Eight bytes at once: none of them is 0 or has its high bit set. */
static bool ascii_eight(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_valid(struct str a)
{
    for (size_t i = 0, step; i < a.n; i += step) {
        step = a.n - i >= 8 && ascii_eight(a.p + i) ? 8 : utf8_step((const unsigned char *)a.p + i, a.n - i);
        if (step == 0)
            return false;
    }
    return true;
}

size_t utf8_length(struct str a)
{
    size_t count = 0;
    for (size_t i = 0; i < a.n; i++)
        count += ((unsigned char)a.p[i] & 0xC0) != 0x80;
    return count;
}

bool text_u64(struct str a, uint64_t *ret_value)
{
    if (a.n == 0 || (a.n > 1 && a.p[0] == '0'))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(a.p[i] - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool text_is_id(struct str a)
{
    if (a.n == 0 || a.n > 64)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        char c = a.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return false;
    }
    return true;
}

void hex_encode(char *out, const void *bytes, size_t n)
{
    sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

bool hex_decode(uint8_t *out, size_t n, struct str hex)
{
    size_t got;
    const char *end;
    return hex.n == 2 * n && sodium_hex2bin(out, n, hex.p, hex.n, NULL, &got, &end) == 0 && got == n &&
           end == hex.p + hex.n;
}

static size_t encode(char *out, const void *bytes, size_t n, int variant)
{
    size_t room = sodium_base64_encoded_len(n, variant);
    sodium_bin2base64(out, room, bytes, n, variant);
    return strlen(out);
}

static bool decode(uint8_t *out, size_t cap, struct str text, size_t *ret_n, int variant)
{
    size_t n;
    const char *end;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x80) /* libsodium 1.0.18 takes some of these for letters */
            return false;
    if (sodium_base642bin(out, cap, text.p, text.n, NULL, &n, &end, variant) != 0 || end != text.p + text.n)
        return false;
    *ret_n = n;
    return true;
}

size_t base64_encode(char *out, const void *bytes, size_t n)
{
    return encode(out, bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_decode(uint8_t *out, size_t cap, struct str text, size_t *ret_n)
{
    return decode(out, cap, text, ret_n, sodium_base64_VARIANT_ORIGINAL);
}

size_t base64url_encode(char *out, const void *bytes, size_t n)
{
    return encode(out, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64url_decode(uint8_t *out, size_t cap, struct str text, size_t *ret_n)
{
    return decode(out, cap, text, ret_n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool bytes_same(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}
