/* SPDX-License-Identifier: Apache-2.0 */
/* service_words.h: the words of service files that mean the same everywhere: units of terms, channels, the
 * seven statuses, the ten archetypes, types of answers.
 */
#ifndef JURISDICTION_SERVICE_WORDS_H
#define JURISDICTION_SERVICE_WORDS_H

#include "base/text.h"

enum term_unit { TERM_MINUTES, TERM_HOURS, TERM_WORKING_DAYS, TERM_CALENDAR_DAYS, TERM_MONTHS, TERM_YEARS };
struct term {
    unsigned amount; /* 0: none */
    enum term_unit unit;
};
MUST_USE bool term_parse(struct str text, struct term *ret_term); /* "7 working days", "1 month" */
const char *term_unit_name(enum term_unit unit, bool many);

enum channel { BY_WEB, BY_SMS, BY_USSD, BY_VOICE, BY_COUNTER, BY_POINT, BY_PAPER, CHANNELS_N };
enum case_status { DRAFT, FILED, RETURNED, DECIDED_YES, DECIDED_NO, WITHDRAWN, VOID, STATUSES_N };
enum archetype {
    EXTRACT,
    AUTO_RULE,
    REVIEW1,
    REVIEW2,
    COMMISSION,
    QUEUE,
    BOOKING,
    NOTIFY,
    APPEAL,
    PETITION,
    ARCHETYPES_N
};
enum answer_type {
    ANSWER_PERSON,
    ANSWER_ORGANISATION,
    ANSWER_NAME,
    ANSWER_DATE,
    ANSWER_CHOICE,
    ANSWER_CHOICES,
    ANSWER_NUMBER,
    ANSWER_MONEY,
    ANSWER_TEXT,
    ANSWER_PHONE,
    ANSWER_ADDRESS,
    ANSWER_FILE,
    ANSWER_CONSENT,
    ANSWER_SLOT,
    ANSWERS_N
};
const char *channel_name(enum channel channel); /* the words of the files */
const char *status_name(enum case_status status);
const char *archetype_name(enum archetype archetype);
const char *answer_type_name(enum answer_type type);
enum channel channel_of(struct str name); /* CHANNELS_N: unknown */

#endif
