/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h: how rooms above join a case without the engine knowing them: documents, messages, fees, files,
 * co-signers, booked times. All are registered once, before any case moves, and called in that order. An
 * error from one undoes the step. */
#ifndef CASE_HOOKS_H
#define CASE_HOOKS_H

#include "case/case.h"

/* What other rooms do with a step, inside its transaction, which may run again: issue a document, write a
 * message. `c` is the case after the step, which is its last event. */
typedef bool case_step_fn(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                          struct err *err);
void cases_on_step(struct cases *cases, case_step_fn *fn, void *arg);
/* What other rooms know of a case (paid, signed_by_all, signatures): read before each step. */
typedef bool case_facts_fn(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                           struct case_input *input, struct err *err);
void cases_on_facts(struct cases *cases, case_facts_fn *fn, void *arg);

/* What other rooms must keep of a case: asked by aina fsck of each. `*ret_wrong`: a sentence about what is
 * missing. */
typedef bool case_check_fn(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                           const char **ret_wrong, struct err *err);
void cases_on_check(struct cases *cases, case_check_fn *fn, void *arg);

#endif
