/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's bench alone: bench_ledger FOLDER [--json] [--large]. */
#include "cli/bench_ledger.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool json = false, large = false;
    for (int i = 2; i < argc; i++) {
        json = json || strcmp(argv[i], "--json") == 0;
        large = large || strcmp(argv[i], "--large") == 0;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER [--json] [--large]\n", argv[0]);
        return 2;
    }
    return bench_ledger_main(argv[1], json, large);
}
