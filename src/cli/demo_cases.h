/* SPDX-License-Identifier: Apache-2.0 */
/* demo_cases.h: invented cases of a demonstration, in every state, over the time since the services are in
 * force.
 *
 * They go through the engine like any other: each step is checked by case_may, counted, and an entry in the
 * log. Only the clock is moved: the journal has the invented moment, the log's entry the true one, when the
 * demonstration was made. Answers that a registry holds are those that the invented person has there; the
 * prefill's own looks are left out, and so are services that ask for a file or for a second signature.
 */
#ifndef CLI_DEMO_CASES_H
#define CLI_DEMO_CASES_H

#include "cli/instance.h"

/* An invented person and what the registries hold of them. */
struct demo_known {
    uint8_t pid[PID_SIZE];
    struct str number;
    const struct str **values; /* by registry, then by its field; NULL: no record */
};

/* So many cases as fit to `people` invented people, filed by the `known` ones; the first of them has those
 * that demo.yaml says. One or two officials of each office work on them. `draw` as in demo_value(). */
MUST_USE bool demo_cases_make(struct instance *instance, const struct demo_known *known, size_t known_n,
                              uint64_t people, demo_draw_fn *draw, void *arg, struct err *err);

#endif
