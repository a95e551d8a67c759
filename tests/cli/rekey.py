#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`aina rekey` is killed at each of its steps (src/vault/rekey_points.h), and again and again at any moment, until the new
epoch is in: nobody's records are lost or doubled, every look stays in the list, and the check finds nothing."""
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from place import AINA, ROOT, Place, Server, aina

SEED = int(os.environ.get("AINA_SEED", random.randrange(1 << 30)))
pick = random.Random(SEED)
print(f"seed {SEED}")
POINTS = re.findall(r'X\(REKEY_\w+, "([a-z-]+)"\)', (ROOT / "src/vault/rekey_points.h").read_text())


def row_of(folder, sector):
    """epoch, people, to be moved"""
    code, out, err = aina("rekey", folder)
    assert code == 0, err
    words = next(line for line in out.splitlines() if line.startswith(sector + " ")).split()
    return int(words[1]), int(words[3]), int(words[4])


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.05)


class Steps(unittest.TestCase):
    """Each step of the table is reached and survived."""

    def looks(self, folder, server):
        """What a doctor sees of four people whose records are moved."""
        seen = []
        for i in range(4):
            answer, text = server.call("POST", "/api/looks", self.doctor, self.place.look_words(i))
            self.assertEqual(answer.status, 200, text)
            seen.append(json.loads(text)["records"])
        self.assertTrue(all(seen))
        return seen

    def check(self, folder):
        code, out, err = aina("fsck", folder)
        self.assertEqual(code, 0, out + err)

    def test_each_step(self):
        self.assertEqual(len(POINTS), 12)
        self.place = Place(people=150)
        self.addCleanup(self.place.remove)
        self.doctor = self.place.doctor()
        server = Server(self.place.folder)
        before = self.looks(self.place.folder, server)
        self.assertEqual(server.stop(), 0)
        epoch, people, _ = row_of(self.place.folder, "interior")
        self.assertGreater(people, 2 * 64)  # three batches
        folder = self.place.folder.with_name(self.place.folder.name + "-killed")
        for point in POINTS:
            with self.subTest(point):
                shutil.copytree(self.place.folder, folder)
                try:
                    self.one(folder, point, (epoch + 1, people, 0), before)
                finally:
                    shutil.rmtree(folder)

    def one(self, folder, point, after, before):
        killed = subprocess.run([AINA, "rekey", str(folder), "interior", "--now"], capture_output=True, timeout=60,
                                env=dict(os.environ, AINA_KILL_AT=f"{point}:{2 if 'batch' in point else 1}"))
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        self.check(folder)
        server = Server(folder)  # any start goes on
        until(lambda: row_of(folder, "interior") == after)
        self.assertEqual(self.looks(folder, server), before)
        self.assertEqual(server.stop(), 0)
        self.check(folder)
        with sqlite3.connect(folder / "state.db") as state:
            self.assertEqual([bool(done) for done, in state.execute("SELECT done FROM gate_epoch WHERE sector = 'interior'")], [True])
            # the log says so once
            self.assertEqual(state.execute("SELECT version FROM gate_record WHERE kind = 'key' AND id = 'psn.interior'").fetchall(), [(0,)])
        state.close()


class Rekey(unittest.TestCase):
    def setUp(self):
        self.place = Place(people=700)
        self.folder = self.place.folder

    def tearDown(self):
        self.place.remove()

    def people_and_values(self):
        code, out, err = aina("fsck", self.folder, "--json")
        self.assertEqual(code, 0, out + err)
        return out[out.index('"vault"'):] if '"vault"' in out else out

    def test_killed_alone(self):
        before = row_of(self.folder, "interior")
        whole = self.people_and_values()
        self.assertGreater(before[1], 300)
        kills = 0
        while kills < 6:
            done = row_of(self.folder, "interior") if kills else before
            if done[0] == 2 and done[2] == 0 and kills:
                break
            # the first time it is ordered; after that any start goes on
            command = [AINA, "rekey", str(self.folder), "interior", "--now"] if kills == 0 else \
                [AINA, "serve", str(self.folder), "--port", "0"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(pick.uniform(0.03, 0.25))
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            code, out, err = aina("fsck", self.folder)
            self.assertEqual(code, 0, out + err)
        server = Server(self.folder)
        until = time.monotonic() + 60
        state = row_of(self.folder, "interior")
        if state[0] == 1:  # killed before it was ordered
            code, out, err = aina("rekey", self.folder, "interior", "--now")
            self.assertEqual(code, 0, err)
        while row_of(self.folder, "interior")[2] and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(row_of(self.folder, "interior"), (2, before[1], 0))
        self.assertEqual(self.people_and_values().count("finding"), whole.count("finding"))
        self.assertGreater(kills, 1)

    def test_beside_a_server_looks_go_on(self):
        server, doctor = Server(self.folder), self.place.doctor()
        before = row_of(self.folder, "interior")
        process = subprocess.Popen([AINA, "rekey", str(self.folder), "interior", "--now"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        seen = 0
        while process.poll() is None or seen < 20:
            answer, text = server.call("POST", "/api/looks", doctor, self.place.look_words(seen % 4))
            self.assertEqual(answer.status, 200, text)
            self.assertIn('"outcome":"admitted"', text.replace(" ", ""))
            self.assertNotIn('"records":[]', text.replace(" ", ""))
            seen += 1
        out = process.communicate()[0]
        self.assertEqual(process.returncode, 0, out)
        self.assertIn("done", out)
        self.assertEqual(row_of(self.folder, "interior"), (2, before[1], 0))
        code, out, err = aina("rekey", self.folder, "nowhere")
        self.assertEqual(code, 1)
        self.assertIn("no agency", err)
        self.assertEqual(server.stop(), 0)
        code, out, err = aina("fsck", self.folder)
        self.assertEqual(code, 0, out + err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
