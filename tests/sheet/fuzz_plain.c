/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a text holds: no line of the plain form is wider than asked for, nothing but white space is lost,
 * and folding ends. The first byte is the width. */
#include <stdlib.h>
#include <uniwidth.h>

#include "sheet/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static size_t letters(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += (unsigned char)text.p[i] > ' ';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct jurisdiction j = {.languages_n = 1, .languages = {{"en", 2}}};
    struct arena arena;
    struct sheet sheet, *s = &sheet;
    struct buf out;
    struct str line;
    if (n == 0)
        return 0;
    struct str text = {(const char *)bytes + 1, n - 1};
    unsigned width = 20 + bytes[0] % 100;
    if (!utf8_valid(text))
        return 0;
    arena_init(&arena, 4096, (size_t)1 << 26);
    buf_in(&out, &arena, (size_t)1 << 24);
    sheet_start(s, &j, STR("en"), &arena);
    sheet_item(s, text);
    sheet_fact(s, STR("x"), text);
    sheet_plain(s, width, &out);
    must(letters(buf_view(&out)) >= 2 * letters(text));
    struct str rest = buf_view(&out);
    while (str_next(&rest, '\n', &line)) {
        int columns = 0; /* what u8_width counts; letters without a width of their own count none */
        columns = u8_width((const uint8_t *)line.p, line.n, "UTF-8");
        must(columns <= (int)width);
    }
    must(text_folded(text, &arena).n <= 8 * text.n + 8);
    arena_done(&arena);
    return 0;
}
