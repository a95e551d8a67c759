/* SPDX-License-Identifier: Apache-2.0 */
#include "document/letter.h"

#include <hpdf.h>
#include <unistd.h>

#include "base/clock.h"

#define LEFT 62.0f /* points */
#define WIDTH 471.0f
#define TOP 780.0f
#define BOTTOM 60.0f
#define QR_SIDE 156.0f /* 55 mm: at version 20 a module is 0.5 mm */

struct sheet_of {
    HPDF_Doc pdf;
    HPDF_Page page;
    HPDF_Font font;
    struct arena *arena;
    float y; /* base line of the last line */
    bool full;
};

static void colour(struct sheet_of *s, float red, float green, float blue)
{
    HPDF_Page_SetRGBFill(s->page, red, green, blue);
}

static void put_line(struct sheet_of *s, float x, float size, const char *text)
{
    if (s->y < BOTTOM)
        s->full = true;
    HPDF_Page_BeginText(s->page);
    HPDF_Page_SetFontAndSize(s->page, s->font, size);
    HPDF_Page_TextOut(s->page, x, s->y, text);
    HPDF_Page_EndText(s->page);
}

static float width_of(struct sheet_of *s, float size, const char *text)
{
    HPDF_Page_SetFontAndSize(s->page, s->font, size);
    return HPDF_Page_TextWidth(s->page, text);
}

/* The longest beginning of `text` that fits; broken between words where there are several. */
static size_t fitting(struct sheet_of *s, float width, float size, struct str text)
{
    size_t best = 0;
    for (size_t n = 1; n <= text.n; n++) {
        if (n < text.n && ((uint8_t)text.p[n] & 0xC0) == 0x80)
            continue; /* within a letter */
        bool at_word = n == text.n || text.p[n] == ' ';
        if (!at_word && best != 0)
            continue;
        if (width_of(s, size, str_c(s->arena, (struct str){text.p, n})) > width) {
            if (best != 0 || n == 1)
                break;
            for (best = n - 1; best > 0 && ((uint8_t)text.p[best] & 0xC0) == 0x80;)
                best--;
            break;
        }
        if (at_word)
            best = n;
    }
    return best != 0 ? best : text.n;
}

static void put_words(struct sheet_of *s, float x, float width, float size, struct str text)
{
    struct str line;
    while (str_next(&text, '\n', &line))
        for (line = str_trim(line); line.n != 0; line = str_trim(line)) {
            size_t n = fitting(s, width, size, line);
            put_line(s, x, size, str_c(s->arena, (struct str){line.p, n}));
            line = str_from(line, n);
            s->y -= size * 1.4f;
        }
}

static void draw_qr(struct sheet_of *s, const struct qr *qr, float x, float top)
{
    float module = QR_SIDE / (float)(qr->width + 2 * QR_QUIET);
    colour(s, 1, 1, 1);
    HPDF_Page_Rectangle(s->page, x, top - QR_SIDE, QR_SIDE, QR_SIDE);
    HPDF_Page_Fill(s->page);
    colour(s, 0, 0, 0);
    for (int row = 0; row < qr->width; row++)
        for (int at = 0; at < qr->width; at++) {
            int from = at;
            while (at < qr->width && qr->dark[row * qr->width + at])
                at++;
            if (at > from)
                HPDF_Page_Rectangle(s->page, x + (float)(from + QR_QUIET) * module,
                                    top - (float)(row + 1 + QR_QUIET) * module, (float)(at - from) * module,
                                    module);
        }
    HPDF_Page_Fill(s->page);
}

static void draw(struct sheet_of *s, const struct letter *l)
{
    s->y = TOP;
    colour(s, 0.3f, 0.35f, 0.38f);
    put_words(s, LEFT, WIDTH, 11, l->issuer);
    s->y -= 22;
    if (l->watermark.n != 0) {
        colour(s, 0.64f, 0.15f, 0.11f);
        put_words(s, LEFT, WIDTH, 13, l->watermark);
        s->y -= 8;
    }
    colour(s, 0, 0, 0);
    put_words(s, LEFT, WIDTH, 20, l->title);
    s->y -= 10;
    put_words(s, LEFT, WIDTH, 12.5f, l->words);
    s->y -= 14;
    for (size_t i = 0; i < l->facts_n; i++) {
        float y = s->y;
        colour(s, 0.3f, 0.35f, 0.38f);
        put_words(s, LEFT, 150, 10.5f, l->fact[i].name);
        float lowest = s->y;
        s->y = y;
        colour(s, 0, 0, 0);
        put_words(s, LEFT + 160, WIDTH - 160, 10.5f, l->fact[i].value);
        s->y = MIN_OF(s->y, lowest) - 3;
    }
    if (l->qr == NULL)
        return;
    float top = s->y - 6;
    draw_qr(s, l->qr, LEFT - 12, top);
    s->y = top - 24;
    put_words(s, LEFT + QR_SIDE + 8, WIDTH - QR_SIDE - 8, 11, l->check);
    s->y -= 8;
    colour(s, 0.3f, 0.35f, 0.38f);
    put_words(s, LEFT + QR_SIDE + 8, WIDTH - QR_SIDE - 8, 10, l->beware);
    s->full |= top - QR_SIDE < BOTTOM / 2;
}

static HPDF_Date date_of(int64_t seconds)
{
    struct date d = date_of_time(seconds * CLOCK_SECOND, 0);
    int64_t rest = seconds % 86400;
    return (HPDF_Date){d.year, d.month, d.day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
                       'Z',    0,       0};
}

static void set_facts(struct sheet_of *s, const struct letter *l)
{
    HPDF_SetCurrentEncoder(s->pdf, "UTF-8");
    HPDF_SetInfoAttr(s->pdf, HPDF_INFO_TITLE, str_c(s->arena, l->title));
    HPDF_SetInfoAttr(s->pdf, HPDF_INFO_AUTHOR, str_c(s->arena, l->issuer));
    HPDF_SetInfoAttr(s->pdf, HPDF_INFO_PRODUCER, "Aina");
    HPDF_SetInfoDateAttr(s->pdf, HPDF_INFO_CREATION_DATE, date_of(l->made));
    HPDF_SetInfoDateAttr(s->pdf, HPDF_INFO_MOD_DATE, date_of(l->made));
    HPDF_Dict_Add(s->pdf->catalog, "Lang", HPDF_String_New(s->pdf->mmgr, str_c(s->arena, l->language), NULL));
}

static bool font_open(struct sheet_of *s, const char *path, struct err *err)
{
    if (access(path, R_OK) != 0)
        return err_errno(err, path, "is not there: the package fonts-dejavu-core has it; it cannot be read");
    HPDF_SetCompressionMode(s->pdf, HPDF_COMP_ALL); /* before the font, whose tables it packs */
    HPDF_UseUTFEncodings(s->pdf);
    const char *name = HPDF_LoadTTFontFromFile(s->pdf, path, HPDF_TRUE);
    s->font = name != NULL ? HPDF_GetFont(s->pdf, name, "UTF-8") : NULL;
    return s->font != NULL || err_set(err, ERR_IO, path, "is no TrueType font that can be embedded");
}

static bool bytes_of(struct sheet_of *s, struct str *ret, struct err *err)
{
    if (HPDF_GetError(s->pdf) != HPDF_OK || HPDF_SaveToStream(s->pdf) != HPDF_OK)
        return err_set(err, ERR_INVALID, "PDF", "the library could not write it: error %lx.%lx",
                       (unsigned long)HPDF_GetError(s->pdf), (unsigned long)HPDF_GetErrorDetail(s->pdf));
    HPDF_UINT32 n = HPDF_GetStreamSize(s->pdf);
    uint8_t *out = arena_take(s->arena, n + 1, 1);
    HPDF_ResetStream(s->pdf);
    if (HPDF_ReadFromStream(s->pdf, out, &n) != HPDF_OK && HPDF_GetError(s->pdf) != HPDF_STREAM_EOF)
        return err_set(err, ERR_INVALID, "PDF", "the library could not give it out");
    *ret = (struct str){(const char *)out, n};
    return true;
}

bool letter_pdf(const struct letter *l, struct arena *arena, struct str *ret_pdf, struct err *err)
{
    struct sheet_of s = {.pdf = HPDF_New(NULL, NULL), .arena = arena};
    must(s.pdf != NULL);
    bool ok = font_open(&s, l->font != NULL ? l->font : LETTER_FONT, err);
    if (ok) {
        s.page = HPDF_AddPage(s.pdf);
        HPDF_Page_SetSize(s.page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
        set_facts(&s, l);
        draw(&s, l);
        ok = !s.full || err_set(err, ERR_TOO_LARGE, "PDF", "what the document says does not fit one page");
        ok = ok && bytes_of(&s, ret_pdf, err);
    }
    HPDF_Free(s.pdf);
    return ok;
}
