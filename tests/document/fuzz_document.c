/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers' bytes: a code from paper, a status list, a list of issuers. Whatever is accepted must stand up
 * to being asked. */
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "document/packed.h"
#include "document/qr.h"
#include "document/verify.h"

static struct issuers issuers;

static void need_issuers(struct arena *arena)
{
    static const uint8_t secret[ES256_SECRET_SIZE] = {[31] = 7};
    static struct issuer_key key = {.from = 1};
    struct es256_key *pair = es256_key_new(secret);
    must(pair != NULL);
    es256_public(pair, key.public_key);
    es256_key_free(pair);
    issuers = (struct issuers){.issuer = STR("KZ"), .keys = &key, .n = 1};
}

UNUSED static void fuzz_paper(struct str bytes, struct arena *arena)
{
    struct paper_read *read = arena_new(arena, struct paper_read);
    struct err err;
    if (!paper_read(bytes, arena, read, &err))
        return;
    must(read->paper.fields_n != 0 && read->paper.issuer.n != 0);
    must(utf8_valid(paper_get(&read->paper, PAPER_WORDS)));
    struct document_verdict *v = arena_new(arena, struct document_verdict);
    document_verify(&(struct document_question){.code = bytes, .issuers = &issuers, .now = 1800000000}, arena,
                    v);
    must(v->n >= 2 && !v->valid);
}

/* The code's inside: what fuzzing through Base45 and zlib would hardly reach. */
UNUSED static void fuzz_cose(struct str bytes, struct arena *arena)
{
    struct buf packed, text;
    buf_in(&packed, arena, 1 << 20);
    buf_in(&text, arena, 1 << 20);
    zlib_pack(bytes, &packed);
    buf_text(&text, PAPER_PREFIX);
    base45_write(buf_view(&packed), &text);
    fuzz_paper(buf_view(&text), arena);
    uint8_t *back = arena_take(arena, text.n, 1);
    size_t n;
    must(base45_read(str_from(buf_view(&text), 4), back, &n) && n == packed.n &&
         memcmp(back, packed.p, n) == 0);
}

UNUSED static void fuzz_status(struct str bytes, struct arena *arena)
{
    struct status_list list;
    struct err err;
    unsigned status;
    if (status_list_read(bytes, &issuers, arena, &list, &err))
        must(list.bytes.n == 0 || (status_list_at(&list, 0, &status) && status < 256));
}

UNUSED static void fuzz_issuers(struct str bytes, struct arena *arena)
{
    struct issuers read;
    struct err err;
    if (issuers_read(bytes, arena, &read, &err))
        must(read.n != 0 && read.keys[0].from > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena, 1 << 16, (size_t)1 << 28);
    if (issuers.n == 0)
        need_issuers(&arena);
    FUZZ_TARGET((struct str){(const char *)bytes, n}, &arena);
    arena_done(&arena);
    return 0;
}
