/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/paper_private.h"

#include "crypto/hash.h"
#include "crypto/keys.h"

#define CHECK_LETTERS 4
#define VALUES_MAX (PAPER_LETTERS(PAPER_BYTES_MAX) + CHECK_LETTERS)

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void paper_check(uint8_t check[3], const char *domain, const uint8_t *bytes, size_t n)
{
    uint8_t hash[HASH_SIZE];
    struct sha256 sum;
    sha256_start(&sum);
    sha256_add(&sum, domain, strlen(domain));
    sha256_add(&sum, bytes, n);
    sha256_end(&sum, hash);
    memcpy(check, hash, 3);
    secret_wipe(&sum, sizeof sum);
}

/* The 5 bits at place `i` of the bytes, which are followed by zero bits. */
static unsigned five_bits(const uint8_t *bytes, size_t n, size_t i)
{
    size_t at = 5 * i / 8, shift = 5 * i % 8;
    unsigned high = at < n ? bytes[at] : 0, low = at + 1 < n ? bytes[at + 1] : 0;
    return (high << 8 | low) >> (11 - shift) & 31;
}

static void paper_values(uint8_t value[VALUES_MAX], const char *domain, const uint8_t *bytes, size_t n)
{
    uint8_t check[3];
    size_t letters = PAPER_LETTERS(n);
    paper_check(check, domain, bytes, n);
    for (size_t i = 0; i < letters; i++)
        value[i] = (uint8_t)five_bits(bytes, n, i);
    for (size_t i = 0; i < CHECK_LETTERS; i++)
        value[letters + i] = (uint8_t)five_bits(check, 3, i);
}

void paper_encode(char *out, const char *domain, const uint8_t *bytes, size_t n)
{
    uint8_t value[VALUES_MAX];
    must(n <= PAPER_BYTES_MAX);
    paper_values(value, domain, bytes, n);
    for (size_t i = 0; i < PAPER_LETTERS(n) + CHECK_LETTERS; i++) {
        if (i != 0 && i % 4 == 0)
            *out++ = '-';
        *out++ = crockford[value[i]];
    }
    *out = '\0';
    secret_wipe(value, sizeof value);
}

static int paper_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    c = (char)(c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c);
    const char *at = c != '\0' ? strchr(crockford, c) : NULL;
    return at != NULL ? (int)(at - crockford) : -1;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '-' || c == '\n' || c == '\r' || c == '\t';
}

size_t paper_letters_in(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += !is_gap(text.p[i]);
    return n;
}

bool paper_same(struct str typed, struct str written)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < typed.n && is_gap(typed.p[i]))
            i++;
        while (k < written.n && is_gap(written.p[k]))
            k++;
        if (i == typed.n || k == written.n)
            return i == typed.n && k == written.n;
        if (paper_value(typed.p[i++]) != paper_value(written.p[k++]))
            return false;
    }
}

static bool read_values(uint8_t *value, size_t letters, const char *what, struct str text, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_gap(text.p[i]))
            continue;
        int five = paper_value(text.p[i]);
        if (five < 0)
            return err_set(err, ERR_USAGE, NULL,
                           "letter %zu of the %s is not a letter or digit that keys use (U is never used)",
                           n + 1, what);
        if (n == letters)
            return err_set(err, ERR_USAGE, NULL, "the %s is too long: it has %zu groups of 4", what,
                           letters / 4);
        value[n++] = (uint8_t)five;
    }
    if (n != letters)
        return err_set(err, ERR_USAGE, NULL,
                       "the %s is too short: it has %zu groups of 4, and %zu of %zu letters were given", what,
                       letters / 4, n, letters);
    return true;
}

bool paper_decode(uint8_t *out, size_t n, const char *domain, const char *what, struct str text,
                  struct err *err)
{
    uint8_t value[VALUES_MAX] = {0}, expected[VALUES_MAX] = {0}, bytes[PAPER_BYTES_MAX + 2] = {0};
    size_t letters = PAPER_LETTERS(n) + CHECK_LETTERS;
    must(n <= PAPER_BYTES_MAX);
    bool ok = read_values(value, letters, what, text, err);
    for (size_t i = 0; ok && i < letters - CHECK_LETTERS; i++) {
        size_t at = 5 * i / 8, shift = 5 * i % 8;
        unsigned pair = (unsigned)value[i] << (11 - shift);
        if (at < sizeof bytes)
            bytes[at] |= (uint8_t)(pair >> 8);
        if (at + 1 < sizeof bytes)
            bytes[at + 1] |= (uint8_t)pair;
    }
    if (ok) {
        paper_values(expected, domain, bytes, n);
        /* the check group, and the spare bits are zero */
        ok = bytes_same(value, expected, letters) ||
             err_set(err, ERR_USAGE, NULL,
                     "the check group does not fit: a letter of the %s is misread or missing", what);
    }
    if (ok)
        memcpy(out, bytes, n);
    secret_wipe(bytes, sizeof bytes);
    secret_wipe(value, sizeof value);
    secret_wipe(expected, sizeof expected);
    return ok;
}
