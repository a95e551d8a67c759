/* SPDX-License-Identifier: Apache-2.0 */
/* URIs of tokens: what is accepted has all its parts, each with an end. */
#include <string.h>

#include "crypto/token_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct token_uri uri;
    struct err err;
    if (!token_uri_read((struct str){(const char *)data, n}, &uri, &err))
        return 0;
    const char *const parts[] = {uri.token, uri.object, uri.module, uri.pin};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        must(parts[i][0] != '\0' && memchr(parts[i], '\0', TOKEN_PART_MAX) != NULL);
    must(uri.module[0] == '/');
    return 0;
}
