/* SPDX-License-Identifier: Apache-2.0 */
/* notice_private.h: between making and reading notices (notice.c) and letting them out (notice_out.c). */
#ifndef CASE_NOTICE_PRIVATE_H
#define CASE_NOTICE_PRIVATE_H

#include "case/beside_private.h"
#include "case/notice.h"

/* Values of case_notice.phone. */
enum { PHONE_WAITS, PHONE_PREPARED, PHONE_DONE, PHONE_NONE, PHONE_LETTER };

/* Texts by language: on the screen, on a phone (empty: none). */
struct notice_words {
    struct str screen[JURISDICTION_LANGUAGES_MAX], phone[JURISDICTION_LANGUAGES_MAX];
};

struct opened {
    uint8_t pid[PID_SIZE]; /* zeros: an office */
    struct str number, service, what;
    struct notice_words words;
};
MUST_USE bool open_notice(struct beside *b, const char *id, struct str sealed, struct arena *arena,
                          struct opened *ret_notice, struct err *err);
/* The text in this language, or in the folder's first. */
struct str in_language(const struct beside *b, const struct str *texts, struct str language);
/* Whose letters these are. */
void letters_tag(const struct beside *b, const struct office *office, struct arena *arena,
                 uint8_t tag[HASH_SIZE]);
MUST_USE bool contact_put(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str language,
                          int64_t unreachable, struct err *err);

#endif
