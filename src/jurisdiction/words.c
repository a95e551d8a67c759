/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/words.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

static const struct words_row *find_row(const char *msgid)
{
    size_t low = 0, high = words_rows_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(msgid, words_rows[middle].msgid);
        if (order == 0)
            return &words_rows[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct str words_in(const struct jurisdiction *j, struct str language, const char *msgid)
{
    const char *own = j->overrides_n ? jurisdiction_text(j, language, msgid) : NULL;
    if (own != NULL)
        return str_of(own);
    const struct words_row *row = find_row(msgid);
    for (size_t i = 0; row != NULL && i < words_languages_n; i++)
        if (str_is(language, words_languages[i]) && row->text[i].p != NULL)
            return row->text[i];
    return str_of(msgid);
}

#define KNOWN_MAX 256
struct known_words {
    const char *msgid;
    struct str text;
};

struct known_words *words_known(struct arena *arena)
{
    return arena_array(arena, struct known_words, KNOWN_MAX);
}

struct str words_text(const struct words *w, const char *msgid)
{
    if (w->known == NULL)
        return words_in(w->j, w->language, msgid);
    struct known_words *known = &w->known[((uintptr_t)msgid >> 3 ^ (uintptr_t)msgid >> 9) % KNOWN_MAX];
    if (known->msgid != msgid)
        *known = (struct known_words){msgid, words_in(w->j, w->language, msgid)};
    return known->text;
}

struct str words_fill(const struct words *w, const char *msgid, const struct str *args, size_t n)
{
    struct str text = words_text(w, msgid);
    const char *at = text.p, *end = text.p + text.n, *hole;
    struct buf out;
    size_t used = 0;
    buf_in(&out, w->arena, 65536);
    while (used < n && (hole = memmem(at, (size_t)(end - at), "{}", 2)) != NULL) {
        buf_add(&out, at, (size_t)(hole - at));
        buf_str(&out, args[used++]);
        at = hole + 2;
    }
    buf_add(&out, at, (size_t)(end - at));
    return buf_view(&out);
}

struct str words_texts(const struct words *w, const struct texts *texts)
{
    return texts_in(w->j, texts, w->language);
}

struct str words_of(const struct words *w, const char *format, ...)
{
    struct buf out;
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    must(n >= 0);
    if ((size_t)n < sizeof text)
        return str_dup(w->arena, (struct str){text, (size_t)n});
    buf_in(&out, w->arena, (size_t)n + 1);
    char *room = buf_room(&out, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(room, (size_t)n + 1, format, args);
    va_end(args);
    return (struct str){room, (size_t)n};
}

static const char *const months[] = {N_("January"),   N_("February"), N_("March"),    N_("April"),
                                     N_("May"),       N_("June"),     N_("July"),     N_("August"),
                                     N_("September"), N_("October"),  N_("November"), N_("December")};

/* The reader's order of day, month and year is the translator's: "{d} {m} {y}". */
static void write_day(const struct words *w, struct buf *out, int32_t day)
{
    struct date date = date_of_days(day);
    struct str form = words_text(w, N_("{d} {m} {y}"));
    for (size_t i = 0; i < form.n; i++) {
        if (form.p[i] != '{' || i + 2 >= form.n) {
            buf_byte(out, (uint8_t)form.p[i]);
            continue;
        }
        if (form.p[i + 1] == 'm')
            buf_str(out, words_text(w, months[date.month - 1]));
        else
            buf_u64(out, (uint64_t)(form.p[i + 1] == 'd' ? date.day : date.year));
        i += 2;
    }
}

struct str words_day(const struct words *w, int32_t day)
{
    struct buf out;
    buf_in(&out, w->arena, 256);
    write_day(w, &out, day);
    return buf_view(&out);
}

static void write_two(struct buf *out, int64_t number)
{
    buf_byte(out, (uint8_t)('0' + number / 10));
    buf_byte(out, (uint8_t)('0' + number % 10));
}

struct str words_time(const struct words *w, int64_t time)
{
    struct buf out;
    int64_t local = time + local_offset(w->j, time) * 60 * CLOCK_SECOND;
    int64_t day = local / CLOCK_DAY, minutes = local % CLOCK_DAY / (60 * CLOCK_SECOND);
    if (minutes < 0)
        return STR("-");
    buf_in(&out, w->arena, 256);
    write_day(w, &out, (int32_t)day);
    buf_text(&out, ", ");
    write_two(&out, minutes / 60);
    buf_byte(&out, ':');
    write_two(&out, minutes % 60);
    return buf_view(&out);
}

/* Groups of three, parted by U+202F, from five digits on. */
static void write_grouped(struct buf *out, struct str digits)
{
    for (size_t i = 0; i < digits.n; i++) {
        if (i != 0 && digits.n > 4 && (digits.n - i) % 3 == 0)
            buf_text(out, "\xe2\x80\xaf");
        buf_byte(out, (uint8_t)digits.p[i]);
    }
}

struct str words_number(const struct words *w, uint64_t number)
{
    struct buf digits, out;
    buf_in(&digits, w->arena, 64);
    buf_in(&out, w->arena, 128);
    buf_u64(&digits, number);
    write_grouped(&out, buf_view(&digits));
    return buf_view(&out);
}

struct str words_money(const struct words *w, struct str amount)
{
    struct buf out;
    struct str rest = amount, whole = {0};
    uint64_t value;
    (void)str_next(&rest, '.', &whole);
    if (!text_u64(whole, &value))
        return amount;
    buf_in(&out, w->arena, amount.n * 4 + 64);
    write_grouped(&out, whole);
    if (rest.n != 0)
        buf_printf(&out, ".%.*s", STR_ARG(rest));
    buf_printf(&out, "\xc2\xa0%.*s", STR_ARG(w->j->money));
    return buf_view(&out);
}
