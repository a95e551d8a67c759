/* SPDX-License-Identifier: Apache-2.0 */
/* bench_ledger.h: the ledger's own speed, in process. Rows of `aina bench ledger`; each is preceded by a
 * probe of the disk (fdatasync of 4 KiB) on the same folder, and says what it did in its note. */
#ifndef CLI_BENCH_LEDGER_H
#define CLI_BENCH_LEDGER_H

#include <stdbool.h>

/* Makes ledgers in subfolders of `folder`, which must exist, and removes them. `large`: also 10^7 entries (12
 * GB). Returns an exit code. */
int bench_ledger_main(const char *folder, bool json, bool large);

#endif
