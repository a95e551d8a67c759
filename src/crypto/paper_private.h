/* SPDX-License-Identifier: Apache-2.0 */
/* paper_private.h: secret bytes as people write them down: Crockford base32 in groups of 4, then one group of
 * check letters made over `domain` and the bytes, so that one kind of paper is not taken for another. */
#ifndef CRYPTO_PAPER_PRIVATE_H
#define CRYPTO_PAPER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define PAPER_BYTES_MAX 40
/* Letters of n bytes, filled up to whole groups; with dashes, the check group and NUL. */
#define PAPER_LETTERS(n) (((8 * (n) + 4) / 5 + 3) / 4 * 4)
#define PAPER_TEXT_SIZE(n) ((PAPER_LETTERS(n) + 4) / 4 * 5)

void paper_encode(char *out, const char *domain, const uint8_t *bytes, size_t n);
/* `what` names it in errors: "key", "share". */
MUST_USE bool paper_decode(uint8_t *bytes, size_t n, const char *domain, const char *what, struct str text,
                           struct err *err);
/* How many letters stand in the text, dashes and spaces not counted. */
size_t paper_letters_in(struct str text);

#endif
