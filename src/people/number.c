/* SPDX-License-Identifier: Apache-2.0 */
#include "people/number.h"

#include <string.h>

#include "base/clock.h"

static bool all_digits(struct str n, unsigned length)
{
    if (n.n != length)
        return false;
    for (size_t i = 0; i < n.n; i++)
        if (n.p[i] < '0' || n.p[i] > '9')
            return false;
    return true;
}

static bool all_zero(struct str n)
{
    for (size_t i = 0; i < n.n; i++)
        if (n.p[i] != '0')
            return false;
    return true;
}

static int digit(struct str n, size_t i)
{
    return n.p[i] - '0';
}

static int two(struct str n, size_t at)
{
    return digit(n, at) * 10 + digit(n, at + 1);
}

static int weighted(struct str n, const int *weights, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += digit(n, i) * weights[i];
    return sum;
}

/* A date inside a number: a hint, never a rule. Years before 100 are two-digit ones with a century given. */
static bool date_exists(int year, int month, int day)
{
    return date_valid((struct date){year, month, day});
}

/* --- Kazakhstan: IIN and BIN share the check digit, in two passes --- */

static enum number_verdict kz_arithmetic(struct str n)
{
    static const int first[11] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const int second[11] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2};
    if (!all_digits(n, 12))
        return NUMBER_FORMAT;
    if (all_zero(n))
        return NUMBER_RESERVED;
    int check = weighted(n, first, 11) % 11;
    if (check == 10)
        check = weighted(n, second, 11) % 11;
    if (check == 10)
        return NUMBER_UNASSIGNABLE;
    return digit(n, 11) == check ? NUMBER_OK : NUMBER_CHECKSUM;
}

/* Since 2013 the digits are no longer tied to birth date and sex: what they seem to say is a hint for a
 * typist. */
static enum number_verdict kz_iin(struct str n, bool strict)
{
    enum number_verdict verdict = kz_arithmetic(n);
    if (verdict != NUMBER_OK || !strict)
        return verdict;
    int century = digit(n, 6);
    if (century > 6)
        return NUMBER_HINT;
    int base =
        century == 0 ? 2000 : 1800 + (century - 1) / 2 * 100; /* 0: foreigner, the century is unknown */
    bool exists = date_exists(base + two(n, 0), two(n, 2), two(n, 4)) ||
                  (century == 0 && date_exists(1900 + two(n, 0), two(n, 2), two(n, 4)));
    return exists ? NUMBER_OK : NUMBER_HINT;
}

static enum number_verdict kz_bin(struct str n, bool strict)
{
    enum number_verdict verdict = kz_arithmetic(n);
    if (verdict != NUMBER_OK)
        return verdict;
    int kind = digit(n, 4), part = digit(n, 5);
    if (kind < 4 || kind > 6 || part > 4)
        return NUMBER_COMPONENT; /* part 3 was struck out in 2005, but numbers given before it stand */
    return strict && (two(n, 2) < 1 || two(n, 2) > 12) ? NUMBER_HINT : NUMBER_OK;
}

/* --- Estonia: unlike Kazakhstan, 10 in the second pass gives digit 0 --- */

static enum number_verdict ee_ik(struct str n, bool strict)
{
    static const int first[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}, second[10] = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
    if (!all_digits(n, 11))
        return NUMBER_FORMAT;
    if (all_zero(n))
        return NUMBER_RESERVED;
    int check = weighted(n, first, 10) % 11;
    if (check == 10)
        check = weighted(n, second, 10) % 11 % 10;
    if (digit(n, 10) != check)
        return NUMBER_CHECKSUM;
    int century = digit(n, 0);
    bool exists = century >= 1 && century <= 8 &&
                  date_exists(1800 + (century - 1) / 2 * 100 + two(n, 1), two(n, 3), two(n, 5));
    return strict && !exists ? NUMBER_HINT : NUMBER_OK;
}

static enum number_verdict ua_rnokpp(struct str n, bool strict)
{
    static const int weights[9] = {-1, 5, 7, 9, 4, 6, 10, 5, 7};
    if (!all_digits(n, 10))
        return NUMBER_FORMAT;
    if (all_zero(n))
        return NUMBER_RESERVED;
    int check = ((weighted(n, weights, 9) % 11) + 11) % 11 % 10;
    return digit(n, 9) == check ? NUMBER_OK : NUMBER_CHECKSUM;
}

static enum number_verdict uz_pinfl(struct str n, bool strict)
{
    static const int weights[13] = {7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7};
    if (!all_digits(n, 14))
        return NUMBER_FORMAT;
    if (all_zero(n))
        return NUMBER_RESERVED;
    if (digit(n, 13) != weighted(n, weights, 13) % 10)
        return NUMBER_CHECKSUM;
    int century = digit(n, 0);
    bool exists = century >= 1 && century <= 6 &&
                  date_exists(1800 + (century - 1) / 2 * 100 + two(n, 5), two(n, 3), two(n, 1));
    return strict && !exists ? NUMBER_HINT : NUMBER_OK;
}

static enum number_verdict luhn_9(struct str n, bool strict)
{
    int sum = 0;
    if (!all_digits(n, 9))
        return NUMBER_FORMAT;
    if (all_zero(n))
        return NUMBER_RESERVED;
    for (size_t i = 0; i < 9; i++) {
        int value = digit(n, i) * (i % 2 == 1 ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0 ? NUMBER_OK : NUMBER_CHECKSUM;
}

const struct number_scheme number_schemes[] = {
    {"kz-iin", "individual identification number, Kazakhstan", 12, "900101390459", kz_iin},
    {"kz-bin", "business identification number, Kazakhstan", 12, "000740000728", kz_bin},
    {"ee-ik", "personal identification code, Estonia", 11, "37605030299", ee_ik},
    {"ua-rnokpp", "taxpayer number, Ukraine", 10, "1759013776", ua_rnokpp},
    {"uz-pinfl", "personal identification number, Uzbekistan", 14, "31210632040244", uz_pinfl},
    {"luhn-9", "nine digits with Luhn's check digit", 9, "123456782", luhn_9},
};
const unsigned number_schemes_n = ARRAY_LEN(number_schemes);

const struct number_scheme *number_scheme_find(struct str id)
{
    for (size_t i = 0; i < ARRAY_LEN(number_schemes); i++)
        if (str_is(id, number_schemes[i].id))
            return &number_schemes[i];
    return NULL;
}

/* Spaces and hyphens as keyboards, word processors and telephones write them: how many bytes, 0: none. */
static size_t filler(struct str text)
{
    static const char *const fillers[] = {" ",
                                          "-",
                                          "\t",
                                          "\xC2\xA0",
                                          "\xE2\x80\x89",
                                          "\xE2\x80\xAF",
                                          "\xE2\x80\x90",
                                          "\xE2\x80\x91",
                                          "\xE2\x80\x93",
                                          "\xE2\x88\x92"};
    for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
        if (str_starts(text, str_of(fillers[i])))
            return strlen(fillers[i]);
    return 0;
}

bool number_normalise(struct str typed, char out[32])
{
    size_t n = 0, skip;
    for (struct str rest = str_trim(typed); rest.n != 0; rest = str_from(rest, MAX_OF(skip, (size_t)1))) {
        skip = filler(rest);
        if (skip != 0)
            continue;
        if (n == 31)
            return false;
        out[n++] = rest.p[0];
    }
    out[n] = '\0';
    return true;
}

bool number_lost_zeros(const struct number_scheme *scheme, struct str normal, char out[32])
{
    if (normal.n == 0 || normal.n >= scheme->length || scheme->length - normal.n > 3)
        return false;
    size_t zeros = scheme->length - normal.n;
    memset(out, '0', zeros);
    memcpy(out + zeros, normal.p, normal.n);
    out[scheme->length] = '\0';
    return scheme->check((struct str){out, scheme->length}, false) == NUMBER_OK;
}

const char *number_verdict_name(enum number_verdict verdict)
{
    static const char *const names[] = {
        [NUMBER_OK] = "ok",
        [NUMBER_FORMAT] = "format",
        [NUMBER_CHECKSUM] = "checksum",
        [NUMBER_UNASSIGNABLE] = "unassignable",
        [NUMBER_RESERVED] = "reserved",
        [NUMBER_COMPONENT] = "component",
        [NUMBER_HINT] = "legacy_hint",
    };
    return names[verdict];
}

void number_mask(struct str number, char out[64])
{
    size_t at = 0;
    for (size_t i = 0; i < number.n && at < 60; i++) {
        bool shown = number.n > 6 && (i < 4 || i + 2 >= number.n);
        memcpy(out + at, shown ? number.p + i : "\xE2\x80\xA2", shown ? 1 : 3);
        at += shown ? 1 : 3;
    }
    out[at] = '\0';
}
