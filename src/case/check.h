/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: whether all cases are whole, for aina fsck. */
#ifndef CASE_CHECK_H
#define CASE_CHECK_H

#include "case/case.h"

struct case_report {
    uint64_t cases, steps, findings;
    struct err first[16];
};
/* Every row opens, is in its place and says what its journal says. Then case_check_entry is fed with the id
 * of each entry of the log (any thread), and case_check_end adds steps whose entry is neither in the log nor
 * `waiting` (ids in the outbox). */
struct case_check;
MUST_USE bool case_check_start(struct case_check **ret_check, struct cases *cases, struct db *db,
                               struct case_report *ret_report, struct err *err);
/* What else must be an entry (beside_check.h), before the first case_check_entry; then case_check_sort. The
 * place is for a finding. False: this is no id of an act. */
#define CASE_CHECK_PLACE 48
bool case_check_act(struct case_check *check, const char *place, struct str act);
void case_check_sort(struct case_check *check);
void case_check_entry(struct case_check *check, const uint8_t id[LEDGER_ID_SIZE]);
void case_check_end(struct case_check *check, struct case_report *report); /* and frees it */

#endif
