/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: for aina fsck: the rows of the root register, of mandates and of passkeys, each against its seal
 * and its own columns. A row that is gone is not missed here. */
#ifndef PEOPLE_CHECK_H
#define PEOPLE_CHECK_H

#include "people/people.h"

struct people_report {
    uint64_t people, mandates, keys, findings;
    struct err first[16];
};
/* `progress` may be NULL. False only when the check could not be made. */
MUST_USE bool people_check(struct people *people, struct db *db,
                           void (*progress)(uint64_t done, uint64_t total), struct people_report *ret_report,
                           struct err *err);

#endif
