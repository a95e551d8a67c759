/* SPDX-License-Identifier: Apache-2.0 */
/* asker.h: the process that asks certificate authorities' services (status, time-stamps) for the server.
 *
 * The server itself may connect to nobody (sandbox.h). So before it enters its sandbox it makes this child,
 * which holds no key, opens no state, has a sandbox of its own (no file of the instance, connections out),
 * and does one thing (aside.h): it calls the addresses of the jurisdiction's trust folder, and no other, and
 * hands back the bytes. It ends when the server does.
 *
 * One question at a time; at most ASKER_WAITING threads wait, the next hears ERR_BUSY: an authority that
 * does not answer holds up its own signatures and nothing else.
 */
#ifndef CLI_ASKER_H
#define CLI_ASKER_H

#include "signature/fetch.h"

#define ASKER_WAITING 2
#define ASKER_ANSWER_MAX ((size_t)4 << 20)

struct asker;

/* *ret NULL: the folder names no address of an authority that has a certificate; nobody needs to be asked. */
MUST_USE bool asker_start(struct asker **ret_asker, const char *jurisdiction_folder, struct err *err);
const struct fetch_via *asker_via(const struct asker *asker); /* NULL: of NULL */
void asker_stop(struct asker *asker);

#endif
