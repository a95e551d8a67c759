/* SPDX-License-Identifier: Apache-2.0 */
/* letter.h: a document as a page to print: PDF (libharu), A4, one page, its code drawn as shapes. The same
 * letter makes the same bytes. The font is embedded, as far as its letters are used. Printed bytes never say
 * more than the letter's texts.
 *
 * Each letter of the texts must be in the font: DejaVu Sans has those of Kazakh and Russian.
 */
#ifndef DOCUMENT_LETTER_H
#define DOCUMENT_LETTER_H

#include "document/qr.h"

#define LETTER_FACTS_MAX 10
#define LETTER_FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf" /* Debian: fonts-dejavu-core */

struct letter {
    const char *font;    /* path of a TrueType file; NULL: LETTER_FONT */
    struct str language; /* BCP 47: "kk" */
    struct str issuer, title, words;
    struct {
        struct str name, value;
    } fact[LETTER_FACTS_MAX];
    size_t facts_n;
    struct str watermark;     /* in red above the title: revoked; empty: none */
    struct str check, beware; /* beside the code: where to check, and what paper does not prove */
    const struct qr *qr;      /* NULL: none */
    int64_t made;             /* seconds: the file's date */
};

/* ERR_TOO_LARGE: does not fit a page; ERR_IO: the font cannot be read. */
MUST_USE bool letter_pdf(const struct letter *letter, struct arena *arena, struct str *ret_pdf,
                         struct err *err);

#endif
