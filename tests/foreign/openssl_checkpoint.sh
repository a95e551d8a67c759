#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# openssl_checkpoint.sh VKEY CHECKPOINT: checks the log's Ed25519 signature with nothing but openssl and the
# shell's own tools. Prints OK, or exits 1.
set -eu
vkey=$1 file=$2
name=${vkey%%+*} rest=${vkey#*+}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The key: base64(0x01 || 32 bytes), put behind the fixed head of an Ed25519 public key (RFC 8410).
printf '%s' "${rest#*+}" | base64 -d > "$work/typed"
[ "$(od -An -tx1 -N1 "$work/typed" | tr -d ' ')" = 01 ]
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c +2 "$work/typed"; } > "$work/key.der"

# The signed text: everything before the last empty line, with its final LF.
last=$(grep -n '^$' "$file" | tail -1 | cut -d: -f1)
head -n $((last - 1)) "$file" > "$work/text"

# The signature line of this name: base64(4 bytes of key id || 64 bytes).
line=$(tail -n +$((last + 1)) "$file" | awk -v name="$name" '$1 == "—" && $2 == name { print $3; exit }')
[ -n "$line" ]
printf '%s' "$line" | base64 -d | tail -c +5 > "$work/signature"
openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" -in "$work/text" \
    -sigfile "$work/signature" > "$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
echo OK
