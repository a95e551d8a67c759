/* SPDX-License-Identifier: Apache-2.0 */
/* count.h: what became of cases, counted from the cases themselves; and what of it may be published.
 *
 * Counting. Each step of a case adds to a few counters in the transaction that writes it, so a count cannot
 * differ from its cases; `aina fsck` counts all journals anew and says where it does. A counter belongs to
 * a service, an office and the quarter (local days) in which the step was done:
 *
 *     filed       by channel
 *     granted, refused      a case came to decided-yes, decided-no; decided is the two together
 *     late        of the decided: decided after the day by which the law wanted it
 *     withdrawn, annulled   came to withdrawn, void
 *     overturned  what had been refused was granted after all
 *     returned    sent back to the person; unlawful: asking for what a registry holds (case_input.asked)
 *     days        calendar days from filing to decision, pauses included: what the person waited. A bounded
 *                 histogram of single days; the last bucket is "a year or more"
 *
 * Publishing. Only quarters that are over are published, so that yesterday's page taken from today's shows
 * nobody. A group of 1 to 9 is not shown, nor what lets it be computed:
 *  - Figures stand in blocks: filed = its channels; decided = granted + refused; decided = late + in time;
 *    returned = unlawful + other. Of a block whose total is 1 to 9 nothing is shown. Else its total is, and
 *    parts of 1 to 9 are hidden together with the smallest other parts, until at least two are hidden and
 *    they sum to 10 or more. All hidden figures look the same. Zeros are shown: nobody is in them.
 *  - A year says nothing that lets a quarter be completed. Quarters of which nothing is shown must be none,
 * or two and more of ten cases together: else the year's block is not shown. Its parts are shown where each
 *    quarter hides the same parts (or all), and what they hide of each part is protected over the quarters as
 *    parts are within one: hidden cells then form a rectangle of at least two rows and two columns, of which
 *    only whole rows and columns can be computed. Else only its total is shown.
 *  - Over services stand sums of what is shown, which say nothing new, and shares in percent of what is shown
 *    and hidden alike, in steps so wide that one is ten people or more ("4 %" of 300 is between 9 and 15).
 *  - Median and 90th percentile are shown where ten or more are decided and decided is shown.
 */
#ifndef CASE_COUNT_H
#define CASE_COUNT_H

#include "case/case.h"

#define COUNT_SMALL 10 /* groups below are not shown */
#define COUNT_DAYS 367 /* buckets: 0..365 days, and more */
#define COUNT_HIDDEN (-1)
#define COUNT_FIRST_YEAR 1970

struct count_period {
    int year, quarter; /* 1..4; 0: the whole year */
};
struct count_period count_period_of(int32_t day);                                   /* its quarter */
struct count_period count_before(struct count_period quarter);                      /* the quarter before */
bool count_period_over(struct count_period period, int32_t day);                    /* by this day */
MUST_USE bool count_period_parse(struct str text, struct count_period *ret_period); /* "2026-Q3", "2025" */
#define COUNT_PERIOD_SIZE 16
void count_period_text(struct count_period period, char out[COUNT_PERIOD_SIZE]);

/* The counters of one service at one office in one quarter: not for the public. */
struct count_tally {
    struct str service, agency, office;
    struct count_period quarter;
    int64_t by_channel[CHANNELS_N];
    int64_t granted, refused, late, withdrawn, annulled, overturned, returned, unlawful;
    int64_t days[COUNT_DAYS];
};

/* What may be published of it; COUNT_HIDDEN where it is not shown. */
struct count_figures {
    struct str service, agency, office;
    struct count_period period;
    int64_t filed, by_channel[CHANNELS_N];
    int64_t decided, granted, refused, late, in_time;
    int64_t returned, unlawful, other_returned;
    int64_t withdrawn, annulled, overturned;
    int64_t median, p90; /* days; COUNT_DAYS - 1: a year or more */
};

/* Pure: one quarter's figures; a year's from its four quarters (of the same service and office). */
void count_publish_quarter(const struct count_tally *tally, struct count_figures *ret_figures);
void count_publish_year(const struct count_tally quarters[4], struct count_figures *ret_figures);
/* Over services, of those whose total is shown. Shares in percent, a multiple of their step; COUNT_HIDDEN
 * where a step of ten percent would still be fewer than ten people. Below half a step a share reads 0. */
struct count_shares {
    struct count_period period;
    size_t services;
    int64_t filed, decided;
    int64_t returned, withdrawn, annulled, overturned; /* COUNT_HIDDEN: there are some, and none is shown */
    bool some_hidden[4];                               /* of these four */
    int filed_step, by_channel[CHANNELS_N];
    int decided_step, refused, late;
    int returned_step, unlawful;
    int refused_step, overturned_share; /* of the refused; the step by what `refused` says at least */
};
/* Sums up: `sum` begins zeroed; then the shares. */
void count_sum(struct count_tally *sum, struct count_shares *shares, const struct count_tally *tally,
               const struct count_figures *figures);
void count_share(const struct count_tally *sum, struct count_shares *shares);

MUST_USE bool count_migrate(struct db *db, struct err *err); /* by cases_migrate */

/* The published figures of a period by service, agency and office; `service` empty: all. n is 0 when the
 * period is not over on the day of `now`, or nothing happened in it. */
MUST_USE bool count_read(const struct jurisdiction *j, struct db *db, struct count_period period,
                         struct str service, int64_t now, struct arena *arena,
                         struct count_figures **ret_figures, size_t *ret_n,
                         struct count_shares *ret_shares /* may be NULL */, struct err *err);

/* The quarter of the first step that was counted; year 0: none was. */
MUST_USE bool count_first(struct db *db, struct count_period *ret_quarter, struct err *err);

/* How long it really took: the service's figures of the last quarter that is over. False without error when
 * there is nothing to show. */
MUST_USE bool count_last_quarter(const struct jurisdiction *j, struct db *db, struct str service, int64_t now,
                                 struct arena *arena, struct count_figures *ret_figures, bool *ret_found,
                                 struct err *err);

/* One line a service and office, with a heading line: open data. An empty cell is not shown. */
void count_csv_head(struct buf *out);
void count_csv_line(const struct count_figures *figures, struct buf *out);

#endif
