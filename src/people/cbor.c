/* SPDX-License-Identifier: Apache-2.0 */
#include "people/cbor_private.h"

struct cbor cbor_of(struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    return (struct cbor){p, p + bytes.n};
}

static uint64_t left(const struct cbor *cbor)
{
    return (uint64_t)(cbor->end - cbor->at);
}

static bool head(struct cbor *cbor, enum cbor_major *ret_major, uint64_t *ret_value)
{
    if (left(cbor) == 0)
        return false;
    unsigned first = *cbor->at++, small = first & 31;
    uint64_t value = small;
    *ret_major = (enum cbor_major)(first >> 5);
    if (small > 27)
        return false; /* reserved, or of indefinite length */
    if (small >= 24) {
        unsigned n = 1u << (small - 24);
        if (left(cbor) < n)
            return false;
        value = 0;
        for (unsigned i = 0; i < n; i++)
            value = value << 8 | *cbor->at++;
        uint64_t least = small == 24 ? 24 : UINT64_C(1) << (4 * n);
        if (value < least)
            return false; /* a shorter head says the same */
    }
    *ret_value = value;
    return true;
}

bool cbor_int(struct cbor *cbor, int64_t *ret_value)
{
    enum cbor_major major;
    uint64_t value;
    if (!head(cbor, &major, &value) || major > CBOR_NEGATIVE || value > INT64_MAX)
        return false;
    *ret_value = major == CBOR_UNSIGNED ? (int64_t)value : -1 - (int64_t)value;
    return true;
}

bool cbor_string(struct cbor *cbor, enum cbor_major major, struct str *ret_bytes)
{
    enum cbor_major found;
    uint64_t n;
    if (!head(cbor, &found, &n) || found != major || n > left(cbor))
        return false;
    *ret_bytes = (struct str){(const char *)cbor->at, (size_t)n};
    cbor->at += n;
    return major != CBOR_TEXT || utf8_valid(*ret_bytes);
}

bool cbor_open(struct cbor *cbor, enum cbor_major major, uint64_t *ret_n)
{
    enum cbor_major found;
    return head(cbor, &found, ret_n) && found == major && *ret_n <= left(cbor) / (major == CBOR_MAP ? 2 : 1);
}

bool cbor_skip(struct cbor *cbor, int depth)
{
    enum cbor_major major;
    uint64_t n;
    struct cbor before = *cbor;
    if (depth == 0 || !head(cbor, &major, &n))
        return false;
    switch (major) {
    case CBOR_UNSIGNED:
    case CBOR_NEGATIVE: return true;
    case CBOR_BYTES:
    case CBOR_TEXT: {
        struct str skipped;
        *cbor = before;
        return cbor_string(cbor, major, &skipped);
    }
    case CBOR_ARRAY:
    case CBOR_MAP: {
        *cbor = before;
        if (!cbor_open(cbor, major, &n))
            return false;
        for (uint64_t i = 0; i < n * (major == CBOR_MAP ? 2 : 1); i++)
            if (!cbor_skip(cbor, depth - 1))
                return false;
        return true;
    }
    case CBOR_SIMPLE: return before.at[0] >= 0xf4 && before.at[0] <= 0xf6; /* false, true, null */
    case CBOR_TAGGED: break;
    }
    return false;
}
