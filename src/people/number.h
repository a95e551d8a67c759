/* SPDX-License-Identifier: Apache-2.0 */
/* number.h: number schemes of persons and organisations: shape and check digit, nothing else. Sex and birth
 * date are never derived from a number; a date inside it is at most a hint for a typist (`strict`). */
#ifndef PEOPLE_NUMBER_H
#define PEOPLE_NUMBER_H

#include <stdbool.h>

#include "base/text.h"

enum number_verdict {
    NUMBER_OK,
    NUMBER_FORMAT,       /* not the shape of the scheme */
    NUMBER_CHECKSUM,     /* the check digit does not fit */
    NUMBER_UNASSIGNABLE, /* no check digit fits: never issued */
    NUMBER_RESERVED,     /* all zeros and the like */
    NUMBER_COMPONENT,    /* a part that the rules define has an undefined value */
    NUMBER_HINT /* only with `strict`: arithmetically right, but the date or century in it does not exist */
};

struct number_scheme {
    const char *id;      /* "kz-iin" */
    const char *what;    /* "individual identification number (IIN), Kazakhstan" */
    unsigned length;     /* digits */
    const char *example; /* a valid one, of nobody */
    enum number_verdict (*check)(struct str number, bool strict);
};

extern const struct number_scheme number_schemes[];
extern const unsigned number_schemes_n;

const struct number_scheme *number_scheme_find(struct str id); /* NULL: unknown */
/* Takes spaces and hyphens out ("900101-390 459"), also those that are no ASCII; false when what is left is
 * longer than `out` allows. Digits of other scripts stay, and are then refused. */
bool number_normalise(struct str typed, char out[32]);
/* Up to three zeros that a spreadsheet took off the front: true when the number would be right with them. To
 * be offered, never taken silently. */
bool number_lost_zeros(const struct number_scheme *scheme, struct str normal, char out[32]);
const char *number_verdict_name(enum number_verdict verdict); /* "ok", "format", "checksum" ... */
/* "9001••••••59": how a number is shown where the whole is not needed. */
void number_mask(struct str number, char out[64]);

#endif
