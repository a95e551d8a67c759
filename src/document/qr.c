/* SPDX-License-Identifier: Apache-2.0 */
#include "document/qr.h"

#include <qrencode.h>
#include <string.h>

bool qr_make(struct str text, enum qr_level level, struct arena *arena, struct qr *ret_qr, struct err *err)
{
    QRcode *code = QRcode_encodeString(str_c(arena, text), 0, level == QR_PAPER ? QR_ECLEVEL_Q : QR_ECLEVEL_M,
                                       QR_MODE_8, 1);
    if (code == NULL)
        return err_set(err, ERR_TOO_LARGE, "code", "does not fit a QR code");
    size_t n = (size_t)code->width * (size_t)code->width;
    uint8_t *dark = arena_take(arena, n, 1);
    for (size_t i = 0; i < n; i++)
        dark[i] = code->data[i] & 1;
    *ret_qr = (struct qr){code->width, dark};
    QRcode_free(code);
    return true;
}

void qr_path(const struct qr *qr, struct buf *out)
{
    for (int y = 0; y < qr->width; y++) {
        int at = -1; /* where the pen is */
        for (int x = 0; x < qr->width; x++) {
            int from = x;
            while (x < qr->width && qr->dark[y * qr->width + x])
                x++;
            if (x == from)
                continue;
            if (at < 0)
                buf_printf(out, "M%d %d.5", from + QR_QUIET, y + QR_QUIET);
            else
                buf_printf(out, "m%d 0", from - at);
            buf_printf(out, "h%d", x - from);
            at = x;
        }
    }
}
