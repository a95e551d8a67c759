/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h: an evaluation of a service's rules written down so that anybody can do it again: the service by
 * hash, each value that went in, each rule as written with what came out. A replay computes the rules from
 * the values and says whether everything comes out the same; under a newer version it says what would differ.
 */
#ifndef CASE_TRACE_H
#define CASE_TRACE_H

#include "jurisdiction/service.h"

/* One JSON object and LF. Values as text; null is unknown, an empty text nothing there. */
void trace_write(const struct service *s, const struct rule_value *values, struct buf *out);

struct trace_verdict {
    bool same_version; /* the trace names this very service, by hash */
    size_t rules, differ;
};
/* Lines "rule: then X, now Y" of what differs go to `out`. ERR_INVALID for what is no trace of this service.
 */
MUST_USE bool trace_replay(const struct jurisdiction *j, struct str trace, struct arena *arena,
                           struct trace_verdict *ret_verdict, struct buf *out, struct err *err);

#endif
