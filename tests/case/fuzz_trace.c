/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a trace says: refused, or replayed, the same twice. */
#include <stdio.h>
#include <stdlib.h>

#include "case/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct jurisdiction *town(void)
{
    static struct jurisdiction *j;
    static struct arena arena;
    struct findings findings;
    struct err err;
    char path[4096];
    if (j == NULL) {
        snprintf(path, sizeof path, "%s/jurisdictions/ainabulak",
                 getenv("AINA_ROOT") ? getenv("AINA_ROOT") : ".");
        arena_init(&arena, 65536, (size_t)64 << 20);
        must(jurisdiction_load(path, &arena, &j, &findings, &err) && j != NULL);
    }
    return j;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct trace_verdict first, second;
    struct buf out;
    struct err err = {0};
    struct arena arena;
    struct str text = {(const char *)bytes, n};
    arena_init(&arena, 65536, 1 << 24);
    buf_in(&out, &arena, 1 << 22);
    bool ok = trace_replay(town(), text, &arena, &first, &out, &err);
    must(ok || err.text[0] != '\0');
    must(trace_replay(town(), text, &arena, &second, &out, &err) == ok);
    must(!ok ||
         (first.rules == second.rules && first.differ == second.differ && first.differ <= first.rules));
    arena_done(&arena);
    return 0;
}
