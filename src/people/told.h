/* SPDX-License-Identifier: Apache-2.0 */
/* told.h: what a person is told of themselves by an entry: mandates given and taken back, ways to log in
 * added, taken away or used for recovery, counter clerks who acted. Such an entry stands in the person's list
 * at the agency that keeps mandates (jurisdiction.yaml: mandates); where a folder names none, there is none.
 * An official is told of offices and keys in the same way, in a list of their own at their agency.
 *
 * Change and entry are one transaction: told_tx calls `change` and puts the act into the outbox with it; what
 * `change` wrote goes when the entry cannot be written.
 */
#ifndef PEOPLE_TOLD_H
#define PEOPLE_TOLD_H

#include "gate/acts.h"
#include "people/people.h"

struct told {
    enum gate_kind kind; /* KIND_MANDATE, KIND_LOG_IN, KIND_ASSIST, KIND_OFFICE */
    struct person person;
    struct str staff_code;       /* an official instead of a person */
    const struct agency *agency; /* of the official */
    const struct office *office; /* of the official who acts; NULL: the person, or who acts by a mandate */
    struct str actor, capacity, mandate, levels;
    struct str outcome; /* "given", "taken-back", "added" ... : words in web/entry.c */
    struct str reason, case_no;
    struct str purpose; /* by which an office acted; empty: that of one's own looks */
    bool nothing;       /* set by `change` where nothing was changed: then there is no entry */
    struct told *also;  /* another whom the same change is told to, in the same transaction; NULL: nobody */
};

#define TOLD_OPERATOR STR("operator") /* actor of what the operator entered by command */
#define TOLD_REGISTER STR("register") /* of what a register ended that says something else now */

/* `change` may fill in `told` (its `arg` holds it). *ret_position: what the reply is held for; 0: nothing. */
MUST_USE bool told_tx(struct gate *gate, struct db *db, const struct jurisdiction *j, db_tx_fn *change,
                      void *arg, struct told *told, uint64_t *ret_position, struct err *err);

#endif
