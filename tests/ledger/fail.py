#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails one write or fdatasync of a segment and expects fail-stop: the ledger acknowledges nothing that it could not sync,
every call after says 'stopped', and the next start has all that was acknowledged.

    fail.py DRIVER SHIM
"""
import os
import shutil
import subprocess
import sys
import tempfile

DRIVER, SHIM = sys.argv[1:3]


def run(args, env=None, stdin=""):
    done = subprocess.run([DRIVER] + args, input=stdin, capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))
    return done.returncode, done.stdout.splitlines(), done.stderr


def main():
    base = tempfile.mkdtemp(prefix="aina-fail-")
    for i, failure in enumerate(f"{call}:{count}:{number}" for call in ("fdatasync", "pwrite")
                                for count in (3, 20, 50) for number in ("EIO", "ENOSPC")):
        folder = os.path.join(base, str(i))
        assert run(["create", folder])[0] == 0
        env = {"LD_PRELOAD": SHIM, "POWER_FOLDER": folder, "POWER_FAIL": failure}
        code, out, errors = run(["append", folder, "8", "200"], env)
        assert "injected 0" in out, f"{failure}: never reached: {code} {errors}"
        stopped = [line for line in out if line.startswith("failed")]
        assert len(stopped) == 8 and all(line.endswith("stopped") for line in stopped), f"{failure}: {stopped}"
        acked = [int(line.split()[1]) for line in out if line.startswith("ack")]
        code, out, errors = run(["check", folder])
        assert code == 0, f"{failure}: {errors}"
        entries = int([line for line in out if line.startswith("entries")][0].split()[1])
        assert acked and max(acked) < entries, f"{failure}: acknowledged {max(acked)}, found {entries} entries"
        assert "findings 0" in out, f"{failure}: {errors}"
    # Entries that cannot be written to are refused with a reason, not half-used. (root writes anywhere: then skip)
    if os.geteuid() != 0:
        os.chmod(os.path.join(folder, "entries-000000"), 0o400)
        code, _, errors = run(["check", folder])
        assert code == 3 and "entries-000000" in errors and "Permission denied" in errors, (code, errors)
    shutil.rmtree(base)
    print("fail-stop held for every failure")
    return 0


sys.exit(main())
