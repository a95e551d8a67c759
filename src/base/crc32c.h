/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h: CRC-32C (Castagnoli, RFC 3720 appendix B.4). Finds torn and flipped bytes; proves nothing against
 * intent. crc32c(crc32c(0, a), b) is the checksum of a followed by b. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t before, const void *bytes, size_t n);

#endif
