/* SPDX-License-Identifier: Apache-2.0 */
/* bench_signatures.h: whole verifications of signed files a second, on one core and on all. */
#ifndef CLI_BENCH_SIGNATURES_H
#define CLI_BENCH_SIGNATURES_H

#include <stdbool.h>

/* `folder` holds trust/ (a trust folder) and evidence files NAME.evidence, which must all prove; each makes
 * two rows. */
int bench_signatures_main(const char *folder, bool json, bool quick);

#endif
