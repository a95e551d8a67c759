/* SPDX-License-Identifier: Apache-2.0 */
/* words.h: product texts in the reader's language, and days, times, numbers and money in the reader's form.
 *
 * A text is named by its msgid, plain English; its translations stand in po/ and come with the program
 * (texts.py). A folder can word any of them anew, or bring a whole language: texts/<language>.yaml. N_() only
 * marks a msgid for the translators. Each msgid needs its kk and ru translation (test web/texts), and its
 * Turkish one in the second folder.
 */
#ifndef JURISDICTION_WORDS_H
#define JURISDICTION_WORDS_H

#include "jurisdiction/jurisdiction.h"

#define N_(msgid) msgid

/* The msgid in a language: the folder's own wording first, then po/, then the msgid itself. */
struct str words_in(const struct jurisdiction *j, struct str language, const char *msgid);

/* Who reads; what is made lives in the arena. */
struct words {
    const struct jurisdiction *j;
    struct str language;
    struct arena *arena;
    struct known_words *known; /* what was looked up before; NULL: it is looked up each time */
};

/* A page says the same few words over and over: they are found again by their msgids' addresses, so these
 * must live as long as the arena. For one reader's language. */
struct known_words *words_known(struct arena *arena);

struct str words_text(const struct words *w, const char *msgid);
/* A sentence with {} for data: the translator puts them where the language wants them, in the same order. */
struct str words_fill(const struct words *w, const char *msgid, const struct str *args, size_t n);
struct str words_texts(const struct words *w, const struct texts *texts);              /* of the folder */
struct str words_of(const struct words *w, const char *format, ...) PRINTF_LIKE(2, 3); /* of no language */

struct str words_day(const struct words *w, int32_t day);
struct str words_time(const struct words *w,
                      int64_t time); /* day, hours and minutes, local; "-" before 1970 */
struct str words_number(const struct words *w, uint64_t number);  /* grouped by narrow spaces */
struct str words_money(const struct words *w, struct str amount); /* with the jurisdiction's currency */

/* Made by texts.py: sorted by the msgid's bytes. */
#define WORDS_LANGUAGES 3
struct words_row {
    const char *msgid;
    struct str text[WORDS_LANGUAGES]; /* {NULL, 0}: as the msgid */
};
extern const char *const words_languages[];
extern const size_t words_languages_n;
extern const struct words_row words_rows[];
extern const size_t words_rows_n;

#endif
