#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The ledger's own test under ThreadSanitizer, which cannot share a build with AddressSanitizer: compiled here in one go.
#   tsan.sh FOLDER    FOLDER is for the program, and is made
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1"
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -DAINA_TESTS -O1 -g -fsanitize=thread -w -Isrc -Itests/ledger $(pkg-config --cflags p11-kit-1) \
    -o "$1/test_ledger_tsan" src/base/*.c src/crypto/*.c src/tlog/*.c src/ledger/*.c tests/ledger/test_ledger.c \
    -lcmocka -lsodium -lcrypto -ljansson -lgfshare -lm -lpthread
TSAN_OPTIONS=halt_on_error=1 "$1/test_ledger_tsan"
