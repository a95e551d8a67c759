/* SPDX-License-Identifier: Apache-2.0 */
/* Stored answers and steps, whatever the bytes: refused, or written back the same. The first byte chooses. */
#include <stdlib.h>

#include "case/case_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct service_field fields[] = {{.id = {"children", 8}}, {.id = {"account", 7}}};
static const struct service service = {.fields = fields, .fields_n = 2};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct err err = {0};
    struct buf out;
    struct case_event event = {0};
    struct answer *answers;
    if (n == 0)
        return 0;
    struct str text = {(const char *)bytes + 1, n - 1};
    arena_init(&arena, 4096, 1 << 24);
    buf_in(&out, &arena, 1 << 22);
    if (bytes[0] & 1) {
        if (event_read(text, &event, &err)) {
            event_write(&event, &out);
            must(str_eq(buf_view(&out), text));
        }
    } else if (answers_read(&service, text, &arena, &answers, &err)) {
        answers_write(&service, answers, &out);
        must(out.n <= text.n);
    }
    arena_done(&arena);
    return 0;
}
