/* SPDX-License-Identifier: Apache-2.0 */
/* What clamd may say: a verdict has a name that can be printed. */
#include "base/err.h"
#include "case/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char found[SCAN_FOUND_SIZE];
    enum scan_state state = scan_reply((struct str){(const char *)data, n}, found);
    size_t length = strnlen(found, sizeof found);
    must(length < sizeof found && (state == SCAN_INFECTED) == (length != 0));
    for (size_t i = 0; i < length; i++)
        must(found[i] > 0x20 && found[i] < 0x7f);
    return 0;
}
