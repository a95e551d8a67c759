/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"
#include "crypto/shares.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Whatever is read as a key or a share must come back from its own paper. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t key[KEY_SIZE], again[KEY_SIZE];
    char paper[KEY_PAPER_SIZE];
    struct err err;
    struct share share, share_again;
    if (share_from_paper(&share, (struct str){(const char *)bytes, n}, &err)) {
        char share_paper[SHARE_PAPER_SIZE];
        share_to_paper(share_paper, &share);
        if (!share_from_paper(&share_again, str_of(share_paper), &err) ||
            memcmp(&share, &share_again, sizeof share) != 0)
            abort();
    }
    if (!key_from_paper(key, (struct str){(const char *)bytes, n}, &err))
        return 0;
    key_to_paper(paper, key);
    if (!key_from_paper(again, str_of(paper), &err) || memcmp(key, again, KEY_SIZE) != 0)
        abort();
    return 0;
}
