#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a program that appends at every point of the table in kill_points.h and lets recovery answer for it.

    crash.py DRIVER [power SHIM]

The list of acknowledged leaves that the program printed is the judge: after each kill every one of them is in the
ledger, fsck finds nothing, and every checkpoint ever served is a prefix of the log that stands now. With `power`, the
shim keeps what fdatasync has not yet promised apart and lets each 512-byte sector of it survive by chance.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.environ.get("AINA_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))
DRIVER = sys.argv[1]
POWER = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "power" else None
LONG = bool(os.environ.get("AINA_LONG"))
RUNS = (500 if LONG else 50) if not POWER else (200 if LONG else 24)
SEED = int(os.environ.get("AINA_SEED", random.randrange(1 << 30)))
pick = random.Random(SEED)


def kill_points():
    table = open(os.path.join(ROOT, "src/ledger/kill_points.h"), encoding="utf-8").read()
    return re.findall(r'X\(KILL_\w+, "([a-z-]+)"\)', table)


def run(args, stdin="", env=None):
    done = subprocess.run([DRIVER] + args, input=stdin, capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(env or {})))
    return done.returncode, done.stdout.splitlines(), done.stderr


class Judge:
    """All that the outside world was told about one ledger, over all its crashes."""

    def __init__(self, folder):
        self.folder, self.acked, self.checkpoints, self.erased = folder, set(), {}, {}

    def hear(self, lines):
        for line in lines:
            words = line.split()
            if words[0] == "ack":
                leaf = int(words[1])
                assert leaf not in self.acked, f"leaf {leaf} was given out twice"
                self.acked.add(leaf)
            elif words[0] == "checkpoint":
                size, root = int(words[1]), words[2]
                assert self.checkpoints.setdefault(size, root) == root, f"two roots for size {size}: a fork"

    def check(self, env=None):
        sizes = [str(size) for size in self.checkpoints if size]
        code, out, errors = run(["check", self.folder] + [f"{leaf}:{by}" for leaf, by in self.erased.items()],
                                "\n".join(sizes), env)
        assert code == 0, f"check failed ({code}): {errors}"
        told = dict((line.split()[0], line.split()[1]) for line in out if line.split()[0] in ("entries", "findings"))
        roots = dict((int(line.split()[1]), line.split()[2]) for line in out if line.startswith("root"))
        entries = int(told["entries"])
        lost = [leaf for leaf in self.acked if leaf >= entries]
        assert not lost, f"{len(lost)} acknowledged entries lost: {sorted(lost)[:5]} of {entries}"
        for size, root in self.checkpoints.items():
            assert size == 0 or roots.get(size) == root, f"the checkpoint of size {size} is no prefix of the log"
        assert told["findings"] == "0", f"fsck: {errors}"
        return entries


def crash_once(judge, point, count, threads, env):
    if point == "erase-half":
        if not judge.acked:
            return False
        leaf = pick.choice(sorted(judge.acked - set(judge.erased)))
        env = dict(env, AINA_KILL_AT="erase-half:1")
        code, out, errors = run(["erase", judge.folder, str(leaf)], env=env)
        for words in (line.split() for line in out if line.startswith("erasing")):
            judge.erased[int(words[1])] = int(words[2])
            judge.acked.add(int(words[2]))
        return code == -signal.SIGKILL
    env = dict(env, AINA_KILL_AT=f"{point}:{count}")
    # A spare segment stands ready from the start, so a new one is made only once a whole one is full.
    entries = "400" if point == "segment-new" else "60"
    code, out, errors = run(["append", judge.folder, str(8 if point == "segment-new" else threads), entries], env=env)
    judge.hear(out)
    assert code in (0, -signal.SIGKILL), f"{point}:{count}: exit {code}: {errors}"
    return code == -signal.SIGKILL


def judge_can_fail(folder):
    """On a disk that lies about fdatasync acknowledged entries are lost, and the judge must see it."""
    judge = Judge(folder)
    assert run(["create", folder])[0] == 0
    env = {"LD_PRELOAD": POWER, "POWER_FOLDER": folder, "POWER_KEEP": "0", "POWER_LIE": "1"}
    crash_once(judge, "batch-formed", 20, 4, env)
    try:
        judge.check()
    except AssertionError:
        return True
    return False


def main():
    points = kill_points()
    assert len(points) >= 13, points
    hit = dict.fromkeys(points, 0)
    base = tempfile.mkdtemp(prefix="aina-crash-")
    judge = None
    for i in range(RUNS):
        if i % 10 == 0 or judge is None:
            folder = os.path.join(base, f"ledger-{i}")
            judge = Judge(folder)
            code, _, errors = run(["create", folder])
            assert code == 0, errors
        point = points[i % len(points)]
        count = 1 if point.startswith(("checkpoint", "segment", "erase")) else pick.randrange(1, 80)
        env = {}
        if POWER:
            env = {"LD_PRELOAD": POWER, "POWER_FOLDER": judge.folder,
                   "POWER_KEEP": str(pick.choice([0, 50, 90])), "POWER_SEED": str(pick.randrange(1 << 30))}
        try:
            hit[point] += crash_once(judge, point, count, pick.choice([1, 4, 8]), env)
            judge.check()
        except AssertionError as broken:
            print(f"run {i}, killed at {point}:{count}, seed {SEED}, kept {judge.folder}: {broken}")
            return 1
    never = [point for point in points if not hit[point]]
    print(f"{RUNS} runs, {sum(hit.values())} killed, seed {SEED}; {hit}")
    if POWER and not judge_can_fail(os.path.join(base, "lie")):
        print("the judge did not notice a disk that lies")
        return 1
    shutil.rmtree(base)
    if never and not POWER:
        print(f"kill points never reached: {never}")
        return 1
    return 0


sys.exit(main())
