/* SPDX-License-Identifier: Apache-2.0 */
/* stamp_private.h: RFC 3161 time-stamps: that somebody whom the folder trusts for it saw these bytes at a
 * time. */
#ifndef SIGNATURE_STAMP_PRIVATE_H
#define SIGNATURE_STAMP_PRIVATE_H

#include "signature/cms_private.h"

struct stamp {
    int64_t time;
    struct der policy;
    const struct trust_authority *authority;
    const char *signer; /* name in the stamp's certificate, for people */
};

/* `token` is a TimeStampToken or a whole TimeStampResp, DER; `bytes` what it should be over. `extra` are
 * certificates that came along. */
MUST_USE bool stamp_check(const struct trust *trust, struct der token, struct der bytes, int64_t now,
                          struct arena *arena, struct stamp *ret_stamp, struct refusal *refusal);

/* The token inside a response (or itself); and a query for `bytes` with a nonce of 8 bytes. */
MUST_USE bool stamp_token(struct der response, struct der *ret_token, struct refusal *refusal);
MUST_USE bool stamp_nonce_is(struct arena *arena, struct der token, const uint8_t nonce[8]);

#endif
