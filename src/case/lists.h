/* SPDX-License-Identifier: Apache-2.0 */
/* lists.h: lists of cases, for desks, the public queue and a person: by keys, never by skipping. */
#ifndef CASE_LISTS_H
#define CASE_LISTS_H

#include "case/case.h"

struct case_line {
    char number[CASE_NO_SIZE];
    struct str service, official;
    enum case_status status;
    unsigned flags;
    int64_t filed, due, late, queued; /* due 0: none runs */
};
struct case_lines {
    struct case_line *list;
    size_t n;
    bool more;
};
struct case_after { /* the last line of the page before; all zero: from the beginning */
    int64_t key;
    char number[CASE_NO_SIZE];
};
/* An office's open cases by due moment; `official`: only those that this one has, "-": nobody has. */
MUST_USE bool case_queue(struct cases *cases, struct db *db, const struct office *office, struct str official,
                         const struct case_after *after, size_t limit, struct arena *arena,
                         struct case_lines *ret_lines, struct err *err);
/* A service's public queue by turn; key: `queued`. */
MUST_USE bool case_waiting(struct cases *cases, struct db *db, const struct service *service,
                           const struct case_after *after, size_t limit, struct arena *arena,
                           struct case_lines *ret_lines, struct err *err);
/* The turn of a case in it, from 1; 0: it stands in none. */
MUST_USE bool case_position(struct cases *cases, struct db *db, const struct case_file *c,
                            int64_t *ret_position, struct err *err);
/* How many lie with an office; counted up to CASE_COUNT_MAX. */
#define CASE_COUNT_MAX 10000
struct case_load {
    uint64_t open, late, nobody;
};
MUST_USE bool case_load(struct cases *cases, struct db *db, const struct office *office, int64_t now,
                        struct case_load *ret_load, struct err *err);
/* Who has how many: open, of them late, and due in this and the next weeks (`weeks` moments that begin them);
 * of nobody under "". */
#define CASE_WEEKS 3
struct case_share {
    struct str official;
    uint64_t open, late, due[CASE_WEEKS];
};
MUST_USE bool case_team(struct cases *cases, struct db *db, const struct office *office, int64_t now,
                        const int64_t weeks[CASE_WEEKS + 1], struct arena *arena,
                        struct case_share **ret_shares, size_t *ret_n, struct err *err);
/* A person's cases, newest first. */
struct case_mine {
    char number[CASE_NO_SIZE];
    int32_t day; /* filed */
};
MUST_USE bool case_of_person(struct cases *cases, struct db *db, const uint8_t pid[PID_SIZE],
                             struct arena *arena, struct case_mine **ret_list, size_t *ret_n,
                             struct err *err);

#endif
