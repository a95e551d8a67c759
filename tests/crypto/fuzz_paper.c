/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Whatever is read as a key must come back from its own paper. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t key[KEY_SIZE], again[KEY_SIZE];
    char paper[KEY_PAPER_SIZE];
    struct err err;
    if (!key_from_paper(key, (struct str){(const char *)bytes, n}, &err))
        return 0;
    key_to_paper(paper, key);
    if (!key_from_paper(again, str_of(paper), &err) || memcmp(key, again, KEY_SIZE) != 0)
        abort();
    return 0;
}
