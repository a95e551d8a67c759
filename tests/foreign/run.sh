#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh MAKE_LOG: logs of several sizes, checked by code that is not ours; then spoiled, and refused by it.
set -eu
make_log=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuse() { # a command that must fail
    if "$@" > "$work/said" 2>&1; then
        echo "accepted, and should not be: $*" >&2
        exit 1
    fi
}

flip() { # FILE OFFSET: changes one bit
    old=$(od -An -tu1 -j "$2" -N1 "$1" | tr -d ' ')
    printf "$(printf '\\%03o' $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

for size in 1 255 256 257 70000; do
    vkey=$("$make_log" "$work/$size" $size)
    [ "$(sh "$here/openssl_checkpoint.sh" "$vkey" "$work/$size/checkpoint")" = OK ]
done
refuse sh "$here/openssl_checkpoint.sh" "$vkey" "$here/run.sh"
cp "$work/257/checkpoint" "$work/spoiled"
flip "$work/spoiled" 22
refuse sh "$here/openssl_checkpoint.sh" "$vkey" "$work/spoiled"
echo "openssl: 5 checkpoints"

export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="${GOCACHE:-$work/cache}" GOFLAGS= GOTOOLCHAIN=local
if [ ! -x /usr/bin/go ] || [ ! -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
    echo "SKIPPED: golang-go and golang-golang-x-mod-dev are not installed"
    exit 0
fi
/usr/bin/go build -o "$work/verify_log" "$here/go/verify_log.go"
/usr/bin/go build -o "$work/verify_receipt" "$here/go/verify_receipt.go"
for size in 1 255 256 257 70000; do
    [ "$("$work/verify_log" "$vkey" "$work/$size")" = "OK $size" ]
    [ "$("$work/verify_receipt" "$vkey" "$work/$size/last.tlog-proof")" = "OK $((size - 1)) of $size" ]
done
for file in checkpoint tile/0/000 tile/entries/000 tile/0/001.p/1; do
    cp -r "$work/257" "$work/copy"
    flip "$work/copy/$file" 9
    refuse "$work/verify_log" "$vkey" "$work/copy"
    rm -r "$work/copy"
done
for offset in 40 200 480; do
    cp "$work/257/last.tlog-proof" "$work/spoiled"
    flip "$work/spoiled" $offset
    refuse "$work/verify_receipt" "$vkey" "$work/spoiled"
done
echo "golang.org/x/mod: 5 logs, 5 receipts; 7 spoiled ones refused"
