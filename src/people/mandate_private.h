/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PEOPLE_MANDATE_PRIVATE_H
#define PEOPLE_MANDATE_PRIVATE_H

#include "people/people_private.h"

/* Asks the mandate's register; where it says no, ends the mandate with its entry. Its birth date is the
 * register's from now on. */
MUST_USE bool mandate_ask_again(struct people *people, struct db *db, struct mandate *mandate, int64_t now,
                                struct arena *arena, bool *ret_says, uint64_t *ret_position, struct err *err);

#endif
