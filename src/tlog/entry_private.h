/* SPDX-License-Identifier: Apache-2.0 */
/* entry_private.h: an entry as the verifier reads it. */
#ifndef TLOG_ENTRY_PRIVATE_H
#define TLOG_ENTRY_PRIVATE_H

#include <jansson.h>

#include "base/err.h"
#include "base/text.h"

/* The entry as JSON once its form is right (TRUST.md section 2), else NULL. The caller drops it with
 * json_decref. */
json_t *entry_read(struct str entry, struct err *err);

#endif
