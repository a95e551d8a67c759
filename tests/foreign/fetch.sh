#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches what package-lock.json pins into node_modules, once; every byte is checked against its hash there.
# Exit 77 when it cannot be fetched.
set -eu
cd "$(dirname "$0")"
exec 9>.fetch.lock
flock 9
stamp=$(sha256sum package-lock.json)
[ "$(cat node_modules/.stamp 2>/dev/null)" != "$stamp" ] || exit 0
if ! command -v npm >/dev/null; then
    echo "SKIPPED: npm is not installed"
    exit 77
fi
if ! npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier >.fetch.log 2>&1; then
    if grep -q EINTEGRITY .fetch.log; then
        cat .fetch.log
        exit 1
    fi
    echo "SKIPPED: npm could not fetch axe-core and the OpenAPI validator: $(grep -m1 -i 'error' .fetch.log)"
    exit 77
fi
rm -f .fetch.log
echo "$stamp" >node_modules/.stamp
