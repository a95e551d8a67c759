/* SPDX-License-Identifier: Apache-2.0 */
/* trust_private.h: the trust folder (docs/signatures.md): one YAML file an authority, and its certificates.
 */
#ifndef JURISDICTION_TRUST_PRIVATE_H
#define JURISDICTION_TRUST_PRIVATE_H

#include "jurisdiction/files_private.h"

/* Reads the files below `prefix` ("trust/", or "" when the folder is a trust folder itself). NULL when there
 * are none; what is wrong is found(). */
struct trust *trust_read(struct reading *r, const struct folder *folder, struct str prefix);

#endif
