/* SPDX-License-Identifier: Apache-2.0 */
/* api.h: JSON for programs, and the public log.
 *
 *     POST /api/looks                      an official's program asks for data (bearer token); the reply is
 * held until its entry is durable and names it: Aina-Entry, Link rel="receipt" GET  /api/me/entries the
 * person's own trace (token of a person) GET  /api/me/entries/{leaf}/proof    its receipt GET
 * /api/looks/{leaf}/receipt       the receipt of a look that this official made GET  /log/checkpoint,
 * /log/tile/..., /log/key      c2sp.org/tlog-tiles GET  /healthz, /metrics
 */
#ifndef API_API_H
#define API_API_H

#include "gate/gate.h"
#include "http/http.h"
#include "people/people.h"

#define API_THREADS_MAX 64

/* What the handlers stand on: http_arg(). Each HTTP thread has its own database connection. */
struct api {
    const struct jurisdiction *jurisdiction;
    struct people *people;
    struct gate *gate;
    struct ledger *ledger;
    struct db *db[API_THREADS_MAX];
};

extern const struct http_route api_routes[];
extern const size_t api_routes_n;

#endif
