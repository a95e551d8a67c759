/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h: one probe of a Merkle proof, as a line of JSON; what `aina tlog check` reads.
 *
 *     {"leafIdx":N,"treeSize":N,"root":base64,"leafHash":base64,"proof":[base64...]}    inclusion
 *     {"size1":N,"size2":N,"root1":base64,"root2":base64,"proof":[base64...]}           consistency
 *
 * The members tell the kind; others are ignored. Sizes go to 2^64-1 (and may be text, as some tools write
 * numbers beyond 2^53); `null` is an empty proof or hash. A hash of another length than 32 bytes is a proof
 * that does not hold; only the roots of two equal sizes are compared as they are.
 */
#ifndef TLOG_PROBE_H
#define TLOG_PROBE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

#define PROBE_LINE_MAX 65536

/* False: the line cannot be read as a probe. */
MUST_USE bool tlog_probe_line(struct str line, bool *ret_accepted, struct err *err);

#endif
