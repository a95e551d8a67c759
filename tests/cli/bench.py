#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bench of looks runs, every row is there as JSON, and a peer that is not durable is not reported. No figure is judged."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
RATES = ("aina-looks", "aina-looks-mandate", "aina-looks-new", "postgres-audit", "postgres-chain", "aina-cabinet")
VALUES = ("aina-memory", "aina-program")


def bench(folder, *options):
    os.chmod(folder, 0o755)  # PostgreSQL runs as another user
    return subprocess.run([AINA, "bench", "looks", folder, "--quick", "--json", "--jurisdiction", ROOT / "jurisdictions/kz", *options],
                          capture_output=True, text=True, timeout=60)


class Looks(unittest.TestCase):
    def test_every_row_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench(folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        for row in rows:
            self.assertEqual({"name", "ops_s", "p50_ms", "p99_ms", "note"} - row.keys(), set(), row)
        by_name = {row["name"]: row for row in rows}
        for name in RATES:
            row = by_name[name]
            self.assertGreater(row["ops_s"], 0, row)
            self.assertGreater(row["p50_ms"], 0, row)
            self.assertGreaterEqual(row["p99_ms"], row["p50_ms"], row)
        for name in VALUES:
            self.assertGreater(by_name[name]["value"], 0)
            self.assertEqual(by_name[name]["unit"], "MB")
        self.assertRegex(by_name["aina-looks-mandate"]["note"], r"\d\.\d\d x aina-looks")
        self.assertIn("x postgres-chain", by_name["aina-looks"]["note"])
        self.assertIn("synchronous_commit on", by_name["postgres-audit"]["note"])
        self.assertIn("synchronous 2", by_name["aina-looks"]["note"])
        probes = [row["note"] for row in rows if row["name"] == "fdatasync-probe"]
        for name in RATES:
            self.assertEqual(sum(note.endswith("before " + name) for note in probes), 3)

    def test_a_peer_that_is_not_durable_is_not_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench(folder, "--peer", "synchronous_commit=off")
        self.assertEqual(done.returncode, 1)
        self.assertIn("synchronous_commit: is not on at the peer", done.stderr)
        self.assertEqual(done.stdout, "")


class Cases(unittest.TestCase):
    def test_every_row_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            done = subprocess.run([AINA, "bench", "cases", folder, "--quick", "--json", "--jurisdiction", ROOT / "jurisdictions/kz"],
                                  capture_output=True, text=True, timeout=180)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
        for name in ("cases-file", "postgres-file", "cases-queue", "cases-statistics", "cases-form", "cases-forms"):
            self.assertGreater(rows[name]["ops_s"], 0, rows[name])
        self.assertGreater(rows["cases-memory"]["value"], 0)


if __name__ == "__main__":
    if subprocess.run("ls /usr/lib/postgresql/*/bin/initdb", shell=True, capture_output=True).returncode != 0:
        print("SKIPPED: PostgreSQL is not installed; run: apt-get install postgresql")
        sys.exit(77)
    unittest.main()
