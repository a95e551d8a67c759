/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: asks the authority's services for what is missing in evidence: a time-stamp, an OCSP answer, else
 * a revocation list. The only part of the room that uses a network.
 *
 * Addresses are the trust folder's, never a certificate's own: a stranger's file makes the program call
 * nobody. http and https alone, no redirects, no proxies' credentials, at most 10 s and 64 KB an answer
 * (60 s and 32 MB a list). Lists are cached in `cache` (NULL: not at all) for as long as they are fresh.
 */
#ifndef SIGNATURE_FETCH_H
#define SIGNATURE_FETCH_H

#include "signature/evidence.h"
#include "signature/signature.h"

struct fetch_call {
    const char *url, *type; /* type NULL: GET */
    struct str body;
    size_t max; /* bytes of the answer */
    long seconds;
};
/* Asks the network itself, in this process. */
MUST_USE bool fetch_direct(void *arg, const struct fetch_call *call, struct arena *arena,
                           struct str *ret_answer, struct err *err);

/* Who asks: a server has a process apart for it (cli/asker.h). NULL: fetch_direct. */
struct fetch_via {
    bool (*ask)(void *arg, const struct fetch_call *call, struct arena *arena, struct str *ret_answer,
                struct err *err);
    void *arg;
};

/* Adds to `evidence` what can be had. False: something could not; the error says what, and the rest is added.
 */
MUST_USE bool fetch_evidence(const struct trust *trust, const struct fetch_via *via,
                             struct evidence *evidence, const char *cache, struct arena *arena,
                             struct err *err);

#endif
