/* SPDX-License-Identifier: Apache-2.0 */
/* export_log.c: writes the public log of a ledger folder as a static tree of files (checkpoint, tile/...),
 * for verifiers that are not ours.
 *
 *     export_log fill LEDGER N     makes a ledger (origin ledger.test/one) of N entries
 *     export_log export LEDGER OUT
 *     export_log vkey LEDGER
 */
#include "helper.h"
#include "ledger/public.h"

#include <sys/stat.h>

static void write_file(const char *folder, const char *name, struct str bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0755);
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.p, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
        perror(path);
        exit(3);
    }
}

static void export_tiles(struct ledger *ledger, const char *out, uint64_t size, bool entries, unsigned level)
{
    struct err err = {0};
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 20);
    struct tile tile = {.entries = entries, .level = level};
    for (; (tile.width = tile_width(size, level, tile.index)) != 0; tile.index++) {
        struct str bytes;
        char path[TILE_PATH_SIZE];
        if (!ledger_tile(ledger, &tile, &arena, &bytes, &err))
            helper_die("tile", &err);
        tile_path(path, &tile);
        write_file(out, path, bytes);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void export_all(struct ledger *ledger, const char *out)
{
    struct checkpoint checkpoint;
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    write_file(out, "checkpoint", ledger_checkpoint(ledger, &arena, &checkpoint));
    export_tiles(ledger, out, checkpoint.size, true, 0);
    for (unsigned level = 0; level < 8; level++)
        export_tiles(ledger, out, checkpoint.size, false, level);
    arena_done(&arena);
}

static void fill(const struct ledger_config *config, unsigned n)
{
    struct err err = {0};
    uint64_t leaf = 0;
    if (!ledger_create(config, &err))
        helper_die("create", &err);
    struct ledger *ledger = helper_open(config, NULL);
    for (unsigned i = 0; i < n; i++)
        while (!helper_append(ledger, i % 100, 1, 300, &leaf, &err))
            usleep(100);
    if (!ledger_wait(ledger, n, &err))
        helper_die("wait", &err);
    ledger_close(ledger);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    keys_start();
    struct ledger_config config = helper_config(argv[2]);
    if (strcmp(argv[1], "fill") == 0) {
        fill(&config, (unsigned)strtoul(argv[3], NULL, 10));
        return 0;
    }
    config.read_only = true;
    struct ledger *ledger = helper_open(&config, NULL);
    if (strcmp(argv[1], "vkey") == 0) {
        struct note_vkey vkey;
        struct buf text;
        buf_init(&text, 4096);
        ledger_vkey(ledger, &vkey);
        note_vkey_text(&text, &vkey);
        printf("%.*s\n", (int)text.n, text.p);
        buf_done(&text);
    } else {
        export_all(ledger, argv[3]);
    }
    ledger_close(ledger);
    return 0;
}
