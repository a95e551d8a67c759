/* SPDX-License-Identifier: Apache-2.0 */
/* api.h: JSON for programs, and the public log.
 *
 *     POST /api/looks                      an official's program asks for data; the reply is held until its
 *                                          entry is durable, and names it: Aina-Entry, Link rel="receipt"
 *     GET  /api/looks/{look}/receipt       the receipt of a look that this official made
 *     POST /api/cases, /api/cases/end      an office's own case, opened with the person there, and ended
 *     GET  /api/me/entries, /api/me/...    the person's own trace, receipts and questions
 *     GET  /api/review, /api/review/...    a reviewer's queue
 *     GET  /api/jurisdiction               agencies, purposes and registries
 *     POST /api/v1/payments/{provider}     a provider of payments reports one (case/payment.h)
 *     GET  /api/openapi.yaml               all of this, OpenAPI 3.1, made from the same table
 *     GET  /log/checkpoint, /log/tile/...  c2sp.org/tlog-tiles; /log/key, /log/record/N
 *     GET  /healthz, /metrics
 *
 * One table (api_private.h) says each operation once: who may call it, what it takes, what it answers. From
 * it come the routes, the check of every input, the errors and the OpenAPI file. Callers show a bearer token.
 */
#ifndef API_API_H
#define API_API_H

#include <pthread.h>

#include "gate/gate.h"
#include "http/http.h"
#include "people/people.h"

#define API_THREADS_MAX 64

struct beside;

/* What the handlers stand on: http_arg(). Each HTTP thread has its own database connection. */
struct api {
    const struct jurisdiction *jurisdiction;
    struct people *people;
    struct gate *gate;
    struct ledger *ledger;
    struct beside *beside; /* payments */
    const char *messages;  /* folder of short messages that leave */
    struct db *db[API_THREADS_MAX];
};

extern const struct http_route api_routes[];
extern const size_t api_routes_n;

#endif
