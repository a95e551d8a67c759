#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rule 1 at build time: vault/open.h does not compile outside the gate, and nobody but gate and vault claims to be it.
set -eu
cd "$AINA_ROOT"
try() { printf '%s#include "vault/open.h"\nint main(void){return 0;}\n' "$1" | gcc -std=gnu17 -Isrc -fsyntax-only -x c - 2>&1; }
if try '' >/dev/null; then
    echo "vault/open.h compiled without AINA_ROOM_GATE"
    exit 1
fi
try '' | grep -q 'no trace, no data' || { echo "it failed for another reason"; exit 1; }
try '#define AINA_ROOM_GATE
' || { echo "it does not compile for the gate"; exit 1; }
strays=$(grep -rlE 'AINA_ROOM_GATE|vault/open\.h' src meson.build | grep -vE '^src/(gate|vault)/' || true)
[ -z "$strays" ] || { echo "outside the gate: $strays"; exit 1; }
