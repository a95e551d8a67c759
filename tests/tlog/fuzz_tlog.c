/* SPDX-License-Identifier: Apache-2.0 */
/* One file for all the parsers of the room: FUZZ_TARGET names the one. What is read must write itself again
 * as the same bytes; what a verifier says must never be "proven" for bytes of chance. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/note.h"
#include "tlog/probe.h"
#include "tlog/receipt.h"
#include "tlog/tile.h"
#include "tlog/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static UNUSED void same(struct buf *again, struct str input)
{
    if (!str_eq(buf_view(again), input))
        abort();
    buf_done(again);
}

static UNUSED void fuzz_note(struct str input)
{
    struct note note;
    struct checkpoint checkpoint;
    struct err err;
    struct note_vkey key;
    uint8_t public[32] = {1};
    note_vkey_make(&key, STR("example.com/log"), public);
    if (!note_parse(input, &note, &err))
        return;
    if (note_verify(&note, &key, 1, &err))
        abort();
    if (checkpoint_parse(note.text, &checkpoint, &err)) {
        struct buf again;
        buf_init(&again, 1 << 20);
        checkpoint_text(&again, &checkpoint);
        if (!str_starts(note.text, buf_view(&again)))
            abort();
        buf_done(&again);
    }
}

static UNUSED void fuzz_vkey(struct str input)
{
    struct note_vkey key;
    struct err err;
    struct buf again;
    if (!note_vkey_parse(input, &key, &err) || key.type != NOTE_TYPE_ED25519)
        return;
    buf_init(&again, 1 << 20);
    note_vkey_text(&again, &key);
    same(&again, input);
}

static UNUSED void fuzz_proof(struct str input)
{
    struct tlog_proof proof;
    struct err err;
    struct buf again;
    if (!tlog_proof_parse(input, &proof, &err))
        return;
    buf_init(&again, 1 << 22);
    tlog_proof_text(&again, &proof);
    same(&again, input);
}

static UNUSED void fuzz_tile(struct str input)
{
    struct tile tile;
    char path[TILE_PATH_SIZE];
    if (!tile_parse(input, &tile))
        return;
    tile_path(path, &tile);
    if (!str_is(input, path))
        abort();
}

static UNUSED void fuzz_verify(struct str input)
{
    static const uint8_t public[32] = {1};
    struct arena arena;
    struct verify_verdict verdict;
    struct note_vkey key;
    arena_init(&arena, 4096, 1 << 24);
    note_vkey_make(&key, STR("log.example/verify"), public);
    /* Without a key the later steps are reached; with a stranger's nothing may be proven. */
    for (size_t keys = 0; keys < 2; keys++) {
        verify_receipt(input, &key, keys, &arena, &verdict);
        if (verdict.proven)
            abort();
        verify_trace(input, &key, keys, &arena, &verdict);
        if (verdict.proven)
            abort();
    }
    arena_done(&arena);
}

static UNUSED void fuzz_probe(struct str input)
{
    struct err err;
    bool accepted;
    if (!tlog_probe_line(input, &accepted, &err) && err.text[0] == '\0')
        abort();
}

static UNUSED void fuzz_entry(struct str input)
{
    struct err err;
    if (!verify_entry_form(input, &err) && err.text[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    FUZZ_TARGET((struct str){(const char *)bytes, n});
    return 0;
}
