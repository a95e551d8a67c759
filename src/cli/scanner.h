/* SPDX-License-Identifier: Apache-2.0 */
/* scanner.h: the process that speaks with clamd for the server (case/scan.h): it connects to the one Unix
 * socket that aina.conf names, sends a file by INSTREAM (clamd(8)), and hands back what clamd said. It can
 * connect to nothing else, and opens no file. A clamd that is absent, slow, or ends in the middle is no
 * answer after SCANNER_SECONDS at the latest. */
#ifndef CLI_SCANNER_H
#define CLI_SCANNER_H

#include "case/scan.h"

#define SCANNER_SECONDS 60

struct scanner;

/* `path` NULL: *ret NULL, files are not scanned. */
MUST_USE bool scanner_start(struct scanner **ret_scanner, const char *path, struct err *err);
const struct scan_port *scanner_port(const struct scanner *scanner); /* NULL: of NULL */
void scanner_stop(struct scanner *scanner);

#endif
