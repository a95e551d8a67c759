/* SPDX-License-Identifier: Apache-2.0 */
/* A form with a file: the first line is the Content-Type, the rest the body. What is found lies in the body;
 * and in pieces of any size the same is found. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "web/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The field's value, read in pieces of `step` bytes: false when it is not there exactly once. */
static bool in_pieces(struct str type, struct str body, size_t step, const char *name, struct buf *out)
{
    struct multipart m;
    size_t found = 0;
    bool mine = false;
    if (!multipart_start(&m, type))
        return false;
    for (size_t at = 0; at < body.n; at += step) {
        struct str piece = {body.p + at, MIN_OF(step, body.n - at)}, got;
        enum multipart_event event;
        while ((event = multipart_next(&m, &piece, &got)) != MULTIPART_MORE) {
            if (event == MULTIPART_BAD)
                return false;
            if (event == MULTIPART_PART)
                mine = multipart_is(got, name), found += mine;
            if (event == MULTIPART_DATA && mine)
                buf_str(out, got);
        }
    }
    return multipart_whole(&m) && found == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"token", "file", ""};
    const struct str whole = {(const char *)data, n};
    struct str body = whole, type = {0}, value;
    if (!str_next(&body, '\n', &type))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        for (size_t step = 1; step < 100; step += 7) {
            struct buf got;
            buf_init(&got, n + 1);
            bool once = multipart_field(type, body, names[i], &value);
            bool again = in_pieces(type, body, step, names[i], &got);
            must(!once || (value.p >= body.p && value.p + value.n <= body.p + body.n));
            /* Long heads are not read in pieces. */
            must(!again || (once && str_eq(value, buf_view(&got))));
            must(!once || again || body.n > MULTIPART_HEAD_MAX);
            buf_done(&got);
        }
    return 0;
}
