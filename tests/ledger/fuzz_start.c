/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up and fsck over arbitrary bytes in the durable file: whatever stands there, they answer and do not
 * crash. CRCs are put right first (unless the input's first byte says not to), or mutation would never get
 * past them. */
#include "helper.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/crc32c.h"
#include "ledger/batch_private.h"
#include "ledger/fsck.h"

#define INPUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void mend_crcs(uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at + BATCH_HEAD_SIZE <= n; at += BATCH_ALIGN) {
        uint8_t *head = bytes + at;
        uint64_t content = (uint64_t)get_u32be(head + 24) * ENTRY_FIXED;
        if (memcmp(head, "ainabat1", 8) != 0 || content > n - at - BATCH_HEAD_SIZE)
            continue;
        put_u32be(head + 168, crc32c(crc32c(0, head + BATCH_HEAD_SIZE, (size_t)content), head, 168));
    }
}

static void put_segment(const char *folder, const uint8_t *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/entries-000000", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, HELPER_SEGMENT) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
    static uint8_t bytes[INPUT_MAX];
    static char folder[64];
    static struct ledger_config config;
    struct err err = {0};
    if (input_n < 1)
        return 0;
    if (folder[0] == '\0') {
        keys_start();
        snprintf(folder, sizeof folder, "%s", helper_folder());
        config = helper_config(folder);
        config.read_only = true;
    }
    size_t n = MIN_OF(input_n - 1, sizeof bytes);
    memcpy(bytes, input + 1, n);
    if (input[0] % 4 != 0)
        mend_crcs(bytes, n);
    put_segment(folder, bytes, n);

    struct arena arena;
    struct ledger *ledger;
    struct ledger_report report;
    struct ledger_fsck fsck = {0};
    arena_init(&arena, 4096, 16 << 20);
    if (ledger_open(&ledger, &config, &report, &err)) {
        struct ledger_entry entry;
        for (uint64_t leaf = 0; leaf < MIN_OF(ledger_durable(ledger), UINT64_C(64)); leaf++)
            if (!ledger_read(ledger, leaf, &arena, &entry, &err))
                break;
        ledger_close(ledger);
    }
    if (!ledger_fsck(&config, helper_opening, NULL, NULL, NULL, &arena, &fsck, &err))
        must(err.code != ERR_NONE);
    arena_done(&arena);
    return 0;
}
