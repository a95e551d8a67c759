/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/psn.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Whatever is read as a pseudonym has this one text. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t psn[PSN_SIZE];
    char text[PSN_TEXT_SIZE];
    if (!psn_parse(psn, (struct str){(const char *)bytes, n}))
        return 0;
    psn_text(text, psn);
    if (n != PSN_TEXT_SIZE - 1 || memcmp(text, bytes, n) != 0)
        abort();
    return 0;
}
