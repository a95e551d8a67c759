#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of the plain and the sanitizer build and counts them. A test that prints a line beginning with SKIPPED, or
that exits with 77, counts as skipped; under CI a skip for any reason but a missing ../shared is a failure."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tests_of(build):
    listing = subprocess.run(["meson", "introspect", "--tests", build], cwd=ROOT, capture_output=True, check=True, text=True)
    return json.loads(listing.stdout)


def run(build, test):
    env = dict(os.environ, **test["env"])
    # A room says with suite "plain" that a test means nothing under sanitizers (bench, LD_PRELOAD, foreign programs).
    try:
        done = subprocess.run(test["cmd"], cwd=test["workdir"] or ROOT / build, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=test["timeout"] * 5, errors="replace", text=True)
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        code, output = 1, (e.stdout or b"").decode(errors="replace") + "\ntimed out"
    skips = [line for line in output.splitlines() if line.lstrip().startswith("SKIPPED")]
    if code not in (0, 77):
        return "failed", output
    if code == 77 or skips:
        allowed = all("../shared" in line for line in skips) and skips
        if os.environ.get("CI") and not allowed:
            return "failed", output + "\nskipped under CI"
        return "skipped", "\n".join(skips) or "exit 77"
    return "passed", output


def main():
    if os.geteuid() == 0:
        os.environ.setdefault("AINA_USER", "root")  # `aina serve` asks root to say so
    postgres = ["tests/postgres.sh", "run"]
    if not os.environ.get("AINA_TEST_PG") and (ROOT / postgres[0]).exists():
        return subprocess.run([ROOT / postgres[0], "run", sys.executable, __file__], cwd=ROOT).returncode
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for build in ("build", "build-asan"):
        for test in tests_of(build):
            if build == "build-asan" and any(s.endswith(":plain") or s == "plain" for s in test["suite"]):
                continue
            result, output = run(build, test)
            count[result] += 1
            print(f"{result:8} {build:10} {test['name']}", flush=True)
            if result == "failed":
                print("\n".join("    " + line for line in output.splitlines()[-60:]), flush=True)
            elif result == "skipped":
                print("    " + output, flush=True)
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main())
