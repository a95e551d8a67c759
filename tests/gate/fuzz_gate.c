/* SPDX-License-Identifier: Apache-2.0 */
/* What the gate parses: rows of the outbox, ids, a supervisor's key file. FUZZ_TARGET names the
 * one. What is read must write itself again as the same bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "gate/gate_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static UNUSED void same(struct buf *again, struct str input)
{
    if (!str_eq(buf_view(again), input))
        abort();
    buf_done(again);
}

static UNUSED void fuzz_act(struct str input)
{
    struct act act;
    struct err err;
    struct buf again;
    if (!act_parse(input, &act, &err))
        return;
    buf_init(&again, 1 << 20);
    act_write(&again, &act);
    same(&again, input);
}

static UNUSED void fuzz_id(struct str input)
{
    uint8_t id[LEDGER_ID_SIZE];
    char text[ACT_ID_SIZE];
    if (!look_id_parse(input, id))
        return;
    look_id_text(id, text);
    if (!str_is(input, text))
        abort();
}

/* Hex may be written in either case: what is written is read again as the same. */
static UNUSED void fuzz_supervisor(struct str input)
{
    struct supervisor_file file, again;
    struct err err;
    struct buf text;
    if (!supervisor_file_parse(input, &file, &err))
        return;
    buf_init(&text, 4096);
    supervisor_file_text(&text, &file);
    if (!supervisor_file_parse(buf_view(&text), &again, &err) || again.ops != file.ops ||
        again.memory != file.memory || memcmp(again.salt, file.salt, sizeof file.salt) != 0 ||
        memcmp(again.sealed, file.sealed, sizeof file.sealed) != 0)
        abort();
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    FUZZ_TARGET((struct str){(const char *)bytes, n});
    return 0;
}
