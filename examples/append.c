/* SPDX-License-Identifier: Apache-2.0 */
/* A transparency log of your own: makes one in a folder, appends what stands on standard input, a line an
 * entry, and prints the key and the signed checkpoint once every line is durable.
 *
 *     cc append.c $(pkg-config --cflags --libs aina-ledger) && ./a.out FOLDER < LINES
 */
#include <stdio.h>
#include <string.h>

#include "crypto/keys.h"
#include "ledger/ledger.h"
#include "ledger/public.h"

static int fail(const struct err *err)
{
    fprintf(stderr, "%s: %s\n", err->place, err->text);
    return 1;
}

/* Number first, then label and commitment for that number, then hand over. */
static bool append(struct ledger *ledger, struct str line, struct err *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    struct ledger_want want = {.type = LEAF_PUBLIC};
    struct ledger_ticket ticket;
    if (!ledger_reserve(ledger, &want, 1, &ticket, err))
        return false;
    struct ledger_slot *slot = &ticket.slot[0];
    char id[32];
    snprintf(id, sizeof id, "%llu", (unsigned long long)slot->leaf);
    leaf_public_label(slot->label, STR("line"), str_of(id), 0);
    leaf_commit(slot->commit, no_salt, line);
    slot->body = (const uint8_t *)line.p;
    slot->body_n = line.n;
    ledger_submit(ledger, &ticket);
    return true;
}

int main(int argc, char **argv)
{
    struct ledger_config config = {.folder = argc == 2 ? argv[1] : "", .origin = STR("example.org/lines")};
    struct ledger *ledger;
    struct err err;
    char line[LEDGER_BODY_MAX];
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER < LINES\n", argv[0]);
        return 2;
    }
    keys_start();
    random_bytes(config.sign_seed, sizeof config.sign_seed); /* a real log keeps its keys: crypto/keys.h */
    random_bytes(config.header_key, sizeof config.header_key);
    if (!ledger_create(&config, &err) || !ledger_open(&ledger, &config, NULL, &err))
        return fail(&err);
    bool good = true;
    while (good && fgets(line, sizeof line, stdin) != NULL)
        good = append(ledger, (struct str){line, strcspn(line, "\n")}, &err);
    good = good && ledger_wait(ledger, ledger_size(ledger), &err);
    if (good) {
        struct arena arena;
        struct tlog_proof newest;
        struct note_vkey key;
        struct buf out;
        arena_init(&arena, 4096, 1 << 20);
        good = ledger_prove(ledger, ledger_size(ledger) - 1, &arena, &newest, &err);
        buf_in(&out, &arena, 65536);
        ledger_vkey(ledger, &key);
        note_vkey_text(&out, &key);
        buf_byte(&out, '\n');
        if (good)
            buf_str(&out, newest.checkpoint);
        fwrite(out.p, 1, out.n, stdout);
        arena_done(&arena);
    }
    ledger_close(ledger);
    return good ? 0 : fail(&err);
}
