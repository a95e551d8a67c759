/* SPDX-License-Identifier: Apache-2.0 */
/* A form with a file: the first line is the Content-Type, the rest the body. What is found lies in the body.
 */
#include <stdlib.h>

#include "base/err.h"
#include "web/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"token", "file", ""};
    const struct str whole = {(const char *)data, n};
    struct str body = whole, type = {0}, value;
    if (!str_next(&body, '\n', &type))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (multipart_field(type, body, names[i], &value))
            must(value.p >= body.p && value.p + value.n <= body.p + body.n);
    return 0;
}
