/* SPDX-License-Identifier: Apache-2.0 */
/* demo.h: synthetic people for a new instance: `aina demo`, and the bench. The same people each time, but for
 * their pids; one official in each office, and cases for the first persons. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "cli/instance.h"

/* Told of each group of people when it is stored; `before` were stored before it. */
typedef void demo_added_fn(void *arg, const struct people_new_person *persons, size_t n, uint64_t before);

/* ERR_CONFLICT when the instance, opened live, has people already. */
MUST_USE bool demo_fill(struct instance *instance, uint64_t people, demo_added_fn *added, void *arg,
                        struct err *err);

#endif
