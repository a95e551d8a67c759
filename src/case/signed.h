/* SPDX-License-Identifier: Apache-2.0 */
/* signed.h: steps that law wants signed with a key of a certificate authority. */
#ifndef CASE_SIGNED_H
#define CASE_SIGNED_H

#include "case/case.h"
#include "people/signing.h"

/* A signature of who does the step, holding and not yet used (people/signing.h). It is spent in the step's
 * own transaction, its evidence is kept under case_signature_name, and the entry in the log carries the
 * evidence's hash. */
struct case_signature {
    struct people *people;
    const struct signing *signing;
};
/* What it must be for (signing.matter begins with it): "case K7Q2-M9XT-4D3B grant HEX", the hash over the
 * version that was seen and all that comes with the step; for an application (status DRAFT) "service ID ...",
 * over the draft's version and answers. case_may takes no other, and nobody else's. Who applies at a counter
 * or on paper signs by hand. */
struct str case_signature_matter(const struct case_file *c, const struct service_action *action,
                                 const struct case_input *input, struct arena *arena);
/* "case K7Q2-M9XT-4D3B 3": of the case's n-th event, counted from 1. */
struct str case_signature_name(const char *number, uint64_t n, struct arena *arena);

#endif
