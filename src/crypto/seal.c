/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <sodium.h>

#include "base/buf.h"

_Static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
_Static_assert(SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");
_Static_assert(SEAL_OVERHEAD == SEAL_NONCE + SEAL_TAG, "overhead");

void seal_with(uint8_t *out, const uint8_t key[KEY_SIZE], const uint8_t nonce[SEAL_NONCE], const void *plain,
               size_t n, const void *ad, size_t ad_n)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain, n, ad, ad_n, NULL, nonce, key);
}

bool seal_open_with(void *out, const uint8_t key[KEY_SIZE], const uint8_t nonce[SEAL_NONCE],
                    const uint8_t *sealed, size_t n, const void *ad, size_t ad_n)
{
    return n >= SEAL_TAG &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, n, ad, ad_n, nonce, key) == 0;
}

void seal_series(uint8_t series[KEY_SIZE], const uint8_t key[KEY_SIZE], const uint8_t start[SEAL_SERIES])
{
    crypto_core_hchacha20(series, start, key, NULL);
}

/* As XChaCha20-Poly1305 is defined: the IETF construction under that key, four zeros before the nonce's end.
 */
static void series_nonce(uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t nonce_end)
{
    put_u32be(nonce, 0);
    put_u64be(nonce + 4, nonce_end);
}

void seal_in_series(uint8_t *out, const uint8_t series[KEY_SIZE], uint64_t nonce_end, const void *plain,
                    size_t n)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    series_nonce(nonce, nonce_end);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, n, NULL, 0, NULL, nonce, series);
}

bool seal_open_in_series(void *out, const uint8_t series[KEY_SIZE], uint64_t nonce_end, const uint8_t *sealed,
                         size_t n)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    series_nonce(nonce, nonce_end);
    return n >= SEAL_TAG &&
           crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, n, NULL, 0, nonce, series) == 0;
}

void seal(uint8_t *out, const uint8_t key[KEY_SIZE], const void *plain, size_t n, const void *ad, size_t ad_n)
{
    randombytes_buf(out, SEAL_NONCE);
    seal_with(out + SEAL_NONCE, key, out, plain, n, ad, ad_n);
}

bool seal_open(void *out, const uint8_t key[KEY_SIZE], const uint8_t *sealed, size_t n, const void *ad,
               size_t ad_n)
{
    return n >= SEAL_OVERHEAD &&
           seal_open_with(out, key, sealed, sealed + SEAL_NONCE, n - SEAL_NONCE, ad, ad_n);
}
