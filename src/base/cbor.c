/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cbor.h"

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

bool cbor_tag(struct cbor *cbor, uint64_t tag)
{
    enum cbor_major found;
    uint64_t value;
    return head(cbor, &found, &value) && found == CBOR_TAGGED && value == tag;
}

bool cbor_peek(const struct cbor *cbor, enum cbor_major *ret_major)
{
    if (left(cbor) == 0)
        return false;
    *ret_major = (enum cbor_major)(*cbor->at >> 5);
    return true;
}

bool cbor_done(const struct cbor *cbor)
{
    return cbor->at == cbor->end;
}

/* --- writing --- */

void cbor_add(struct buf *out, enum cbor_major major, uint64_t value)
{
    unsigned top = (unsigned)major << 5;
    if (value < 24) {
        buf_byte(out, (uint8_t)(top | value));
    } else if (value <= UINT8_MAX) {
        buf_byte(out, (uint8_t)(top | 24));
        buf_byte(out, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        buf_byte(out, (uint8_t)(top | 25));
        buf_u16be(out, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        buf_byte(out, (uint8_t)(top | 26));
        buf_u32be(out, (uint32_t)value);
    } else {
        buf_byte(out, (uint8_t)(top | 27));
        buf_u64be(out, value);
    }
}

void cbor_add_int(struct buf *out, int64_t value)
{
    cbor_add(out, value < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED,
             value < 0 ? (uint64_t)(-1 - value) : (uint64_t)value);
}

void cbor_add_string(struct buf *out, enum cbor_major major, struct str bytes)
{
    cbor_add(out, major, bytes.n);
    buf_str(out, bytes);
}
