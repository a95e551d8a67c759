/* SPDX-License-Identifier: Apache-2.0 */
/* beside_check.h: whether all that stands beside cases is whole, for aina fsck: notices and how people are
 * reached, co-signers, invoices, files, booked times, drafts.
 *
 * Each row belongs to a case or a person that there is; what is sealed opens in its own place; what stands in
 * the clear is what the sealed part, the id, or the case's own journal says. A file's parts are there, in
 * order, and give its hash. What was paid, given back or offered is an entry of the log. What nothing else
 * says of a row (when a notice was read, when a draft was touched) must be possible, and no more is known.
 *
 * The other way round, each case is asked for what must stand beside it (cases_on_check): its booked seat,
 * its co-signers, its invoices. So a row that was taken away is found with its case.
 */
#ifndef CASE_BESIDE_CHECK_H
#define CASE_BESIDE_CHECK_H

#include "case/beside.h"
#include "case/check.h"

struct beside_report {
    uint64_t notices, signers, invoices, files, slots, drafts, findings;
    struct err first[16]; /* place: table and row */
};
/* `acts` hears of the entries that the rows name; NULL: they are not compared with the log. */
MUST_USE bool beside_check(struct beside *beside, struct db *db, struct case_check *acts,
                           struct beside_report *ret_report, struct err *err);

#endif
