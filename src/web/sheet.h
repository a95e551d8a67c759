/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.h: a sheet (src/sheet/sheet.h) as the answer to a request: as HTML, or as plain text when that was
 * asked for: `?plain` (and `width=40`), or an Accept header that begins with text/plain. */
#ifndef WEB_SHEET_H
#define WEB_SHEET_H

#include "sheet/sheet.h"
#include "web/page.h"

void page_sheet(struct page *page, struct sheet *sheet); /* begins one for this reader */
void page_draw(struct page *page, const struct sheet *sheet);

#endif
