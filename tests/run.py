#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of the plain and the sanitizer build, side by side, and counts them. A test that prints a line beginning with SKIPPED, or
that exits with 77, counts as skipped; under CI a skip for any reason but a missing ../shared is a failure."""
import json
import os
import pathlib
import subprocess
import sys
import threading

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


def lane(build):
    """All tests of one build, one after another; a line of JSON each."""
    for test in tests_of(build):
        if build == "build-asan" and any(s.endswith(":plain") or s == "plain" for s in test["suite"]):
            continue
        result, output = run(build, test)
        print(json.dumps({"result": result, "build": build, "name": test["name"], "output": output}), flush=True)


def tell(count, said):
    count[said["result"]] += 1
    print(f"{said['result']:8} {said['build']:10} {said['name']}", flush=True)
    if said["result"] == "failed":
        print("\n".join("    " + line for line in said["output"].splitlines()[-60:]), flush=True)
    elif said["result"] == "skipped":
        print("    " + said["output"], flush=True)


def main():
    if len(sys.argv) == 2:
        return lane(sys.argv[1])
    if os.geteuid() == 0:
        os.environ.setdefault("AINA_USER", "root")  # `aina serve` asks root to say so
    count, lock, broken = {"passed": 0, "failed": 0, "skipped": 0}, threading.Lock(), []

    def follow(build):
        # Each lane has a PostgreSQL of its own: tests of state do not share a database with others at the same time.
        done = subprocess.Popen([ROOT / "tests/postgres.sh", "run", sys.executable, __file__, build], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for line in done.stdout:
            with lock:
                if line.startswith("{"):
                    tell(count, json.loads(line))
                else:
                    print(line, end="", flush=True)
        if done.wait():
            broken.append(build)

    lanes = [threading.Thread(target=follow, args=(build,)) for build in ("build", "build-asan")]
    for one in lanes:
        one.start()
        if os.environ.get("AINA_TEST_PG"):  # one database given for all: one lane after the other
            one.join()
    for one in lanes:
        one.join()
    for build in broken:
        print(f"failed   {build:10} the tests of this build were not run to their end")
        count["failed"] += 1
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main())
