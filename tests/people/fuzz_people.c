/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger's browser, or a finger on a keyboard, may bring: checking ends, and never accepts what was
 * not signed. FUZZ_TARGET chooses the parser. */
#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>

#include "base/err.h"
#include "people/factor_private.h"
#include "people/number.h"
#include "people/webauthn.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct str origins[] = {{"https://aina.example", 20}};
static const struct webauthn_site site = {{"aina.example", 12}, origins, 1};
static const struct str challenge = {"a challenge of the server's own, 32", 35};
#define CREATED                                                                                              \
    "{\"type\":\"webauthn.create\",\"challenge\":\"YSBjaGFsbGVuZ2Ugb2YgdGhlIHNlcnZlcidzIG93biwgMzI\","       \
    "\"origin\":\"https://aina.example\"}"
#define GOT                                                                                                  \
    "{\"type\":\"webauthn.get\",\"challenge\":\"YSBjaGFsbGVuZ2Ugb2YgdGhlIHNlcnZlcidzIG93biwgMzI\","          \
    "\"origin\":\"https://aina.example\"}"

UNUSED static void fuzz_attestation(struct str bytes)
{
    const struct webauthn_policy policy = {0};
    struct webauthn_key key;
    uint32_t count;
    bool backed_up;
    struct webauthn_registration r = {STR(CREATED), bytes};
    enum webauthn_refusal refusal =
        webauthn_register(&site, &policy, challenge, &r, &key, &count, &backed_up);
    must(refusal < WEBAUTHN_TYPE || refusal > WEBAUTHN_CROSS_ORIGIN); /* the client data are right */
    must(refusal != WEBAUTHN_OK || (key.id_n != 0 && key.bytes_n != 0));
}

UNUSED static void fuzz_client_data(struct str bytes)
{
    const struct webauthn_policy policy = {0};
    struct webauthn_key key;
    uint32_t count;
    uint8_t out[WEBAUTHN_CHALLENGE_MAX];
    size_t n;
    bool backed_up;
    struct webauthn_registration r = {bytes, STR("\xa0")};
    must(webauthn_register(&site, &policy, challenge, &r, &key, &count, &backed_up) != WEBAUTHN_OK);
    if (webauthn_challenge_of(bytes, out, &n))
        must(n <= sizeof out);
}

UNUSED static void fuzz_auth_data(struct str bytes)
{
    struct webauthn_key key = {.algorithm = WEBAUTHN_EDDSA,
                               .bytes_n = 32}; /* no such signature can be made */
    uint32_t count;
    bool backed_up;
    memset(key.bytes, 0x42, 32);
    struct webauthn_assertion s = {STR(GOT), bytes,
                                   STR("0123456789012345678901234567890123456789012345678901234567890123")};
    must(webauthn_assert(&site, &key, challenge, &s, &count, &backed_up) != WEBAUTHN_OK);
}

UNUSED static void fuzz_number(struct str bytes)
{
    char normal[32], mask[64];
    number_mask(bytes, mask);
    bool fits = number_normalise(bytes, normal);
    for (unsigned i = 0; i < number_schemes_n; i++) {
        const struct number_scheme *s = &number_schemes[i];
        must(number_verdict_name(s->check(bytes, true)) != NULL);
        char whole[32];
        must(!number_lost_zeros(s, bytes, whole) || strlen(whole) == s->length);
        if (!fits || s->check(str_of(normal), false) != NUMBER_OK)
            continue;
        must(strlen(normal) == s->length && strspn(normal, "0123456789") == s->length);
        for (unsigned d = 0; d < s->length;
             d++) { /* one wrong digit never passes where the check digit promises so */
            char wrong[32];
            memcpy(wrong, normal, sizeof wrong);
            wrong[d] = wrong[d] == '9' ? '0' : (char)(wrong[d] + 1);
            if (str_starts(str_of(s->id), STR("luhn")))
                must(s->check(str_of(wrong), false) != NUMBER_OK);
        }
    }
}

/* A row, then what was typed. */
UNUSED static void fuzz_totp(struct str bytes)
{
    size_t row_n = bytes.n < TOTP_ROW ? bytes.n : TOTP_ROW;
    struct str row = {bytes.p, row_n}, typed = str_from(bytes, row_n);
    const int64_t now = INT64_C(1900000000000000);
    uint64_t step = 0;
    bool right = totp_fits(row, typed, now, &step);
    must(!right || (row_n == TOTP_ROW && typed.n >= 6));
    if (row_n < TOTP_ROW)
        return;
    char text[33], otp[7], *back;
    size_t back_n;
    uint8_t used[TOTP_ROW];
    totp_secret_text(text, (const uint8_t *)row.p); /* another's reader gets the same bytes */
    must(oath_base32_decode(text, 32, &back, &back_n) == OATH_OK && back_n == TOTP_SECRET_SIZE);
    must(memcmp(back, row.p, back_n) == 0);
    free(back);
    /* The right code is right once. */
    must(oath_totp_generate(row.p, TOTP_SECRET_SIZE, 1900000000, 30, 0, 6, otp) == OATH_OK);
    memcpy(used, row.p, TOTP_ROW);
    memset(used + TOTP_SECRET_SIZE + 1, 0, 8);
    must(totp_fits((struct str){(char *)used, TOTP_ROW}, str_of(otp), now, &step));
    put_u64be(used + TOTP_SECRET_SIZE + 1, step);
    must(!totp_fits((struct str){(char *)used, TOTP_ROW}, str_of(otp), now, &step) ||
         step > get_u64be(used + TOTP_SECRET_SIZE + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    FUZZ_TARGET((struct str){(const char *)bytes, n});
    return 0;
}
