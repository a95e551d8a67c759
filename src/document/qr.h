/* SPDX-License-Identifier: Apache-2.0 */
/* qr.h: a text as a QR code (ISO/IEC 18004, libqrencode), as modules and as one path for SVG. */
#ifndef DOCUMENT_QR_H
#define DOCUMENT_QR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define QR_QUIET 4 /* modules of white that must stand around */

enum qr_level { QR_SCREEN, QR_PAPER }; /* M: 15 % may be lost; Q: 25 % */

struct qr {
    int width;           /* modules, without the white around */
    const uint8_t *dark; /* width * width of 0 and 1 */
};

MUST_USE bool qr_make(struct str text, enum qr_level level, struct arena *arena, struct qr *ret_qr,
                      struct err *err);
/* Path data to be stroked one module wide: a line for each run of dark modules, moved by the white. */
void qr_path(const struct qr *qr, struct buf *out);

#endif
