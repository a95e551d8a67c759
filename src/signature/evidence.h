/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h: a signature and all that shows that it held when it was made, in one file, so that it can be
 * checked again years later without a network (docs/signatures.md): JSON with base64,
 *
 *     {"v":1,"kind":"aina-signature-evidence","collected":TIME,"signature":CMS,"content":BYTES,
 *      "stamps":[...],"ocsp":[...],"lists":[...]}
 *
 * "content" is left out when the document is kept elsewhere or inside the signature.
 */
#ifndef SIGNATURE_EVIDENCE_H
#define SIGNATURE_EVIDENCE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define EVIDENCE_ITEMS_MAX 8

struct evidence {
    struct str signature, content; /* content {NULL,0}: not kept here */
    struct str stamps[EVIDENCE_ITEMS_MAX], ocsp[EVIDENCE_ITEMS_MAX], lists[EVIDENCE_ITEMS_MAX];
    size_t stamps_n, ocsp_n, lists_n;
    int64_t collected; /* what the collector's clock said; proves nothing */
};

bool evidence_is(struct str file); /* looks like one */
MUST_USE bool evidence_read(struct str file, struct arena *arena, struct evidence *ret_evidence,
                            struct err *err);
void evidence_write(struct buf *out, const struct evidence *evidence);

#endif
