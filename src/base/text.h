/* SPDX-License-Identifier: Apache-2.0 */
/* text.h: slices of text and bytes, and the encodings that every room needs.
 *
 * A `struct str` points into memory that somebody else owns; it need not end in NUL. Nothing here allocates
 * except through an arena, nothing depends on a locale: digits and letters are ASCII, text is UTF-8.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

int str_cmp(struct str a, struct str b); /* by bytes, as strcmp */
bool str_starts(struct str a, struct str prefix);
bool str_ends(struct str a, struct str suffix);
struct str str_from(struct str a, size_t at); /* a without its first `at` bytes */
struct str str_trim(struct str a);            /* without ASCII white space at both ends */

/* Takes text up to `separator` off the front of `*rest` (without the separator). False when nothing is left.
 */
bool str_next(struct str *rest, char separator, struct str *ret_part);

struct str str_dup(struct arena *arena, struct str a); /* the copy ends in NUL */
const char *str_c(struct arena *arena, struct str a);  /* NUL-terminated copy */

/* Well-formed UTF-8 without NUL; surrogates, overlong forms and values above U+10FFFF are refused. */
bool utf8_valid(struct str a);
size_t utf8_length(struct str a); /* code points, of valid UTF-8 */

/* Decimal without sign, space or extra leading zero, at most UINT64_MAX. */
MUST_USE bool text_u64(struct str a, uint64_t *ret_value);

/* Ids of TRUST.md: [a-z0-9.-]{1,64}. */
bool text_is_id(struct str a);

/* hex: lower case out; either case in. `out` of hex_encode has room for 2n+1 bytes (NUL-terminated). */
void hex_encode(char *out, const void *bytes, size_t n);
MUST_USE bool hex_decode(uint8_t *out, size_t n, struct str hex); /* exactly 2n digits */

/* base64, standard alphabet, padded, strict: no white space, zero trailing bits (RFC 4648). */
#define BASE64_SIZE(n) ((((n) + 2) / 3) * 4 + 1)
size_t base64_encode(char *out, const void *bytes, size_t n); /* returns length without the NUL */
MUST_USE bool base64_decode(uint8_t *out, size_t cap, struct str text, size_t *ret_n);

/* base64url without padding, for tokens. */
size_t base64url_encode(char *out, const void *bytes, size_t n);
MUST_USE bool base64url_decode(uint8_t *out, size_t cap, struct str text, size_t *ret_n);

/* Equal in constant time. */
bool bytes_same(const void *a, const void *b, size_t n);

#endif
