/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a receipt in another program, offline:
 *
 *     cc verify_receipt.c $(pkg-config --cflags --libs aina-tlog) && ./a.out VKEY < entry.tlog-proof
 */
#include <stdio.h>

#include "tlog/verify.h"

int main(int argc, char **argv)
{
    static char receipt[1 << 20];
    static struct verify_verdict verdict;
    struct note_vkey key;
    struct arena arena;
    struct err err;
    if (argc != 2 || !note_vkey_parse(str_of(argv[1]), &key, &err)) {
        fprintf(stderr, "usage: %s VKEY < RECEIPT\n", argv[0]);
        return 2;
    }
    arena_init(&arena, 65536, 16 << 20);
    verify_receipt((struct str){receipt, fread(receipt, 1, sizeof receipt, stdin)}, &key, 1, &arena,
                   &verdict);
    for (size_t i = 0; i < verdict.n; i++)
        printf("%s: %s\n", verdict.checks[i].id, verdict.checks[i].words);
    puts(verdict.proven ? "PROVEN" : "NOT PROVEN");
    arena_done(&arena);
    return !verdict.proven;
}
