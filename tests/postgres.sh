#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command beside a throw-away PostgreSQL on a Unix socket, then stops and removes it.
#   tests/postgres.sh run COMMAND...      the command finds its URL in AINA_TEST_PG
# Where PostgreSQL is not installed the command runs all the same, and its tests say that they are SKIPPED. Commits are
# durable unless AINA_PG_FAST is set. PostgreSQL refuses root, so root starts it as another user.
set -eu
[ "${1:-}" = run ] && [ $# -ge 2 ] || { sed -n '3,6s/^# \{0,1\}//p' "$0"; exit 2; }
shift
[ -z "${AINA_TEST_PG:-}" ] || exec "$@"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ ! -x "$bin/initdb" ]; then
    echo "SKIPPED: PostgreSQL is not installed; run: apt-get install postgresql"
    exec "$@"
fi
dir=$(mktemp -d /tmp/aina-pg-XXXXXX) # mode 0700: its user and root alone reach the socket; short, for a socket's path is
as=
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$dir"
    as="runuser -u $user --"
fi
cleanup() {
    [ ! -f "$dir/data/postmaster.pid" ] || $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || :
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
back=$PWD
cd "$dir"
{
    $as "$bin/initdb" -D "$dir/data" -U aina -A trust -k --no-locale -E UTF8 --no-sync &&
        $as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/data/server.log" \
            -o "-c listen_addresses='' -c unix_socket_directories=$dir ${AINA_PG_FAST:+-c fsync=off}" start &&
        $as "$bin/createdb" -h "$dir" -U aina aina
} >"$dir/log" 2>&1 || { cat "$dir/log"; cat "$dir/data/server.log" 2>/dev/null || :; exit 1; }
cd "$back"
AINA_TEST_PG="postgresql:///aina?host=$dir&user=aina"
export AINA_TEST_PG
"$@"
