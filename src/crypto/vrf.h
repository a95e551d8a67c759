/* SPDX-License-Identifier: Apache-2.0 */
/* vrf.h: the verifiable random function c2sp.org/vrf-r255 (RFC 9381 ECVRF over ristretto255, SHA-512), on
 * libsodium's public group operations.
 *
 * proof = Gamma[32] ‖ c[16] ‖ s[32]; output beta[64]. vrf_output gives beta alone: one hash to the group and
 * one multiplication, without the nonce and challenge of a proof.
 */
#ifndef CRYPTO_VRF_H
#define CRYPTO_VRF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define VRF_SECRET_SIZE 32 /* a scalar of ristretto255, or any 32 bytes that vrf_secret_new made */
#define VRF_PUBLIC_SIZE 32
#define VRF_PROOF_SIZE 80
#define VRF_OUTPUT_SIZE 64

void vrf_secret_new(uint8_t secret[VRF_SECRET_SIZE]);
void vrf_public(uint8_t public_key[VRF_PUBLIC_SIZE], const uint8_t secret[VRF_SECRET_SIZE]);
MUST_USE bool vrf_output(uint8_t beta[VRF_OUTPUT_SIZE], const uint8_t secret[VRF_SECRET_SIZE],
                         const uint8_t public_key[VRF_PUBLIC_SIZE], const void *alpha, size_t n);
MUST_USE bool vrf_prove(uint8_t proof[VRF_PROOF_SIZE], const uint8_t secret[VRF_SECRET_SIZE],
                        const uint8_t public_key[VRF_PUBLIC_SIZE], const void *alpha, size_t n);
MUST_USE bool vrf_verify(uint8_t beta[VRF_OUTPUT_SIZE], const uint8_t public_key[VRF_PUBLIC_SIZE],
                         const uint8_t proof[VRF_PROOF_SIZE], const void *alpha, size_t n);

#endif
