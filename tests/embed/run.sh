#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed is enough for another program: builds the examples against it and runs them; the tree is checked by
# openssl, the names that the libraries show are ours alone.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
meson install -C "$BUILD" --destdir "$work/root" --no-rebuild --quiet
lib=$(dirname "$(find "$work/root" -name libaina-tlog.so)")
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/root" LD_LIBRARY_PATH="$lib"
for name in verify_receipt:aina-tlog append:aina-ledger; do
    # shellcheck disable=SC2046
    cc -Wall -Werror -o "$work/${name%:*}" "$AINA_ROOT/examples/${name%:*}.c" $(pkg-config --cflags --libs "${name#*:}")
done

seq 1 1000 | "$work/append" "$work/log" >"$work/said"
key=$(head -n 1 "$work/said")
tail -n +2 "$work/said" >"$work/checkpoint"
[ "$(sed -n 2p "$work/checkpoint")" = 1000 ]
[ "$(sh "$AINA_ROOT/tests/foreign/openssl_checkpoint.sh" "$key" "$work/checkpoint")" = OK ]

key=$("$BUILD/tests/tlog/make_log" "$work/receipts" 300)
receipt=$(find "$work/receipts" -name '*.tlog-proof' | head -n 1)
"$work/verify_receipt" "$key" <"$receipt" | grep -q '^PROVEN'
sed 's/^index 299$/index 298/' "$receipt" >"$work/moved"
if "$work/verify_receipt" "$key" <"$work/moved" >"$work/said" || ! grep -q '^NOT PROVEN' "$work/said"; then
    echo "a moved receipt was accepted"
    exit 1
fi
shown=$(nm -D --defined-only "$lib/libaina-tlog.so" | awk '$3 ~ /^(seal|sign|say|sha256|random)/ {print $3}')
[ -z "$shown" ] || { echo "libaina-tlog shows more than its headers: $shown"; exit 1; }
