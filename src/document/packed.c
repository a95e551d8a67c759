/* SPDX-License-Identifier: Apache-2.0 */
#include "document/packed.h"

#include <string.h>
#include <zlib.h>

#include "base/err.h"

void zlib_pack(struct str bytes, struct buf *out)
{
    uLong n = compressBound(bytes.n);
    char *to = buf_room(out, n);
    if (to == NULL)
        return;
    must(compress2((Bytef *)to, &n, (const Bytef *)bytes.p, bytes.n, 9) == Z_OK);
    out->n = (size_t)(to - out->p) + n;
}

bool zlib_unpack(struct str packed, size_t max, struct arena *arena, struct str *ret)
{
    z_stream z = {.next_in = (Bytef *)packed.p, .avail_in = (uInt)packed.n};
    size_t room = MIN_OF(max, packed.n * 4 + 256), n = 0;
    char *out = arena_take(arena, room + 1, 1);
    must(inflateInit(&z) == Z_OK);
    int state = Z_OK;
    while (state == Z_OK) {
        if (n == room) {
            /* One byte more than the limit is let out, to see that there is one. */
            size_t more = MIN_OF(room * 4, max + 1);
            if (more == room)
                break;
            char *wider = arena_take(arena, more + 1, 1);
            memcpy(wider, out, n);
            out = wider;
            room = more;
        }
        z.next_out = (Bytef *)out + n;
        z.avail_out = (uInt)(room - n);
        state = inflate(&z, Z_NO_FLUSH);
        n = room - z.avail_out;
        if (state == Z_BUF_ERROR && z.avail_out == 0)
            state = Z_OK;
    }
    bool whole = state == Z_STREAM_END && z.avail_in == 0 && n <= max;
    inflateEnd(&z);
    if (whole)
        *ret = (struct str){out, n};
    return whole;
}

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

void base45_write(struct str bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.n; i += 2) {
        bool two = i + 1 < bytes.n;
        unsigned value = (uint8_t)bytes.p[i];
        if (two)
            value = value << 8 | (uint8_t)bytes.p[i + 1];
        buf_byte(out, (uint8_t)digits[value % 45]);
        buf_byte(out, (uint8_t)digits[value / 45 % 45]);
        if (two)
            buf_byte(out, (uint8_t)digits[value / (45 * 45)]);
    }
}

static bool digit(char c, unsigned *ret)
{
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    if (at == NULL)
        return false;
    *ret = (unsigned)(at - digits);
    return true;
}

bool base45_read(struct str text, uint8_t *out, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i += 3) {
        size_t left = MIN_OF(text.n - i, 3);
        unsigned part[3] = {0};
        if (left == 1)
            return false;
        for (size_t k = 0; k < left; k++)
            if (!digit(text.p[i + k], &part[k]))
                return false;
        unsigned value = part[0] + 45 * part[1] + 45 * 45 * part[2];
        if (value > (left == 3 ? 0xffffu : 0xffu))
            return false;
        if (left == 3)
            out[n++] = (uint8_t)(value >> 8);
        out[n++] = (uint8_t)value;
    }
    *ret_n = n;
    return true;
}
