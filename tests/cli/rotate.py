#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys change beside a running server, while looks are made, and no look fails; kill -9 at each step of each change leaves an instance
that starts, with the old key or the new one whole; what papers of the key before are worth afterwards: nothing."""
import base64
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from place import AINA, ROOT, Place, Server, aina, main, wait_for

SHIM = os.path.abspath(sys.argv.pop(1))


def ceremony(*args, env=None, wrong=None):
    """Runs a command that shows papers and wants their last groups typed back. Exit code, papers (the recovery copy first), words."""
    p = subprocess.Popen([AINA, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, **(env or {})))
    papers, said = [], ""
    try:
        while char := p.stdout.read(1):
            said += char
            line = said.rsplit("\n", 1)[-1]
            if line.endswith("will hold it: "):
                p.stdin.write(f"office {len(papers)}\n")
                p.stdin.flush()
            elif line.endswith("from the paper: ") or line.endswith("that you have it: "):
                papers.append(next(s.strip() for s in reversed(said.splitlines()) if s.count("-") in (13, 14)))
                p.stdin.write(("XXXX" if wrong == len(papers) else papers[-1][-4:]) + "\n")
                p.stdin.flush()
            else:
                continue
            said += "\n"
    except BrokenPipeError:
        pass
    err = p.stderr.read()
    for stream in (p.stdin, p.stdout, p.stderr):
        try:
            stream.close()
        except BrokenPipeError:
            pass
    return p.wait(60), papers, said + err


def restart(folder):
    """As a start would: recovers, takes the lock, finishes what was broken off."""
    return aina("rekey", folder)


def signers(note):
    return [base64.b64decode(line.split()[-1])[:4].hex() for line in note.splitlines() if line.startswith("\u2014")]


class Beside(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.keys = self.place.folder / "keys"

    def events(self, key=None):
        events = [json.loads(line) for line in (self.keys / "events").read_text().splitlines()]
        return [(e["key"], e["event"]) for e in events if key in (None, e["key"])]

    def test_every_key_changes_while_looks_go_on(self):
        code, old_papers, said = ceremony("keys", "split", self.place.folder)
        self.assertEqual((code, len(old_papers)), (0, 5), said)
        old_master = (self.keys / "master.key").read_bytes()
        for path in self.keys.glob("*.key"):
            os.utime(path, (1767700000, 1767700000))
        server, doctor = Server(self.place.folder), self.place.doctor()
        self.addCleanup(server.kill)
        ends, answers = threading.Event(), []

        def look_on():
            while not ends.is_set():
                try:
                    answers.append(server.call("POST", "/api/looks", doctor, self.place.look_words(0), timeout=100)[0].status)
                except OSError as err:  # said below, where the test can fail
                    answers.append(repr(err))

        looking = threading.Thread(target=look_on)
        looking.start()
        try:
            mode = os.stat(self.place.folder / "control")
            self.assertTrue(stat.S_ISSOCK(mode.st_mode))
            self.assertEqual(mode.st_mode & 0o777, 0o600)
            code, out, err = aina("keys", "rotate", "log", self.place.folder)
            self.assertEqual(code, 0, err)
            new = re.search(r"^    (\S+\+[0-9a-f]{8}\+\S+)$", out, re.M)[1]
            old = self.place.vkey
            note = server.call("GET", "/log/checkpoint")[1]
            self.assertEqual(signers(note), [new.split("+")[1], old.split("+")[1]])
            self.assertEqual(aina("keys", "rotate", "log", self.place.folder)[0], 1)  # one change at a time
            for key in ("document", "shard", "psn"):
                code, out, err = aina("keys", "rotate", key, self.place.folder)
                self.assertEqual(code, 0, err)
            code, papers, said = ceremony("keys", "rotate", "master", self.place.folder)
            self.assertEqual((code, len(papers)), (0, 6), said)
            code, split, said = ceremony("keys", "split", self.place.folder)
            self.assertEqual((code, len(split)), (0, 5), said)
            self.assertEqual(aina("keys", "rotate", "log", self.place.folder, "--finish")[0], 0)
            self.assertEqual(signers(server.call("GET", "/log/checkpoint")[1]), [new.split("+")[1]])
            seen = len(answers)
            while len(answers) < seen + 5:
                time.sleep(0.01)
        finally:
            ends.set()
            looking.join()
        self.assertEqual(set(answers), {200})
        self.assertTrue(wait_for(lambda: self.moved(), 60))  # every sector's people stand in an epoch made of the new roots
        self.assertEqual(self.events("psn"), [("psn", "rotated")])
        self.assertEqual(self.events("log"), [("log", "rotated"), ("log", "ended")])
        self.assertEqual(self.events("document"), [("document", "rotated")])
        self.assertEqual(self.events("master"), [("master", "split"), ("master", "rotated"), ("master", "split"), ("master", "split")])
        for key in ("log", "master", "shard", "psn", "document-2"):  # visible to anyone, by the number of its version
            self.assertIn(key, self.record_ids(server))
        self.assertFalse((self.keys / "master-before.key").exists())
        self.assertNotEqual((self.keys / "master.key").read_bytes(), old_master)

        server.kill()
        code, _, err = restart(self.place.folder)
        self.assertEqual(code, 0, err)
        code, out, err = aina("fsck", self.place.folder)
        self.assertEqual(code, 0, out + err)
        shown = aina("keys", self.place.folder)[1]
        since = {k["name"]: k["since"] for k in json.loads(aina("keys", self.place.folder, "--json")[1])["keys"]}
        for name in ("state", "psn-1", "psn-2", "document-1"):  # sealed anew, and as old as before
            self.assertEqual(since[name], "2026-01-06T11:46:40Z", name)
        for name in ("log", "master", "psn-1-2", "document-2"):
            self.assertGreater(since[name], "2026-01-07", name)
        self.assertEqual(shown.count("opens nothing but copies from that time"), 1)

        # The machine is lost: three shares and a backup. Old papers, mixed sets, too few: refused in words.
        self.assertEqual(aina("backup", self.place.folder, self.place.base / "copy")[0], 0)
        shutil.rmtree(self.place.folder)
        for typed, words in ((old_papers[:3], "before it was changed on"), ([papers[1], papers[2], split[2]], "another set"),
                             ([papers[1], papers[1], papers[2]], "twice"), (papers[1:3], "2 were typed")):
            code, _, err = aina("restore", self.place.base / "copy", self.place.folder, stdin="".join(t + "\n" for t in typed))
            self.assertNotEqual(code, 0)
            self.assertIn(words, err)
            self.assertFalse(self.place.folder.exists())
        code, _, err = aina("restore", self.place.base / "copy", self.place.folder, stdin="".join(t + "\n" for t in papers[2:5]))
        self.assertEqual(code, 0, err)
        again = {k["name"]: k["since"] for k in json.loads(aina("keys", self.place.folder, "--json")[1])["keys"]}
        self.assertEqual(again, since)
        server = Server(self.place.folder)
        self.assertEqual(server.call("POST", "/api/looks", doctor, self.place.look_words(1))[0].status, 200)
        self.assertEqual(server.stop(), 0)
        self.assertFalse((self.place.folder / "control").exists())

        # A thief with the old key and the folder as it is now.
        (self.keys / "master.key").write_bytes(old_master)
        code, out, err = aina("fsck", self.place.folder)
        self.assertEqual(code, 1)
        self.assertIn("does not open", out + err)

    def moved(self):
        code, out, err = aina("rekey", self.place.folder)
        self.assertEqual(code, 0, err)
        rows = [line.split() for line in out.splitlines()[1:]]
        return len(rows) > 3 and all(row[1] == "2" and row[4:] == ["0"] for row in rows)

    def record_ids(self, server):
        """Of public records of kind "key", as anyone may read them."""
        body = server.call("GET", "/log/checkpoint")[1]
        ids = set()
        for leaf in range(int(body.splitlines()[1])):
            answer, content = server.call("GET", f"/log/record/{leaf}")
            if answer.status == 200 and content.startswith('{"v":1,"t":'):
                ids.add(json.loads(content)["key"])
            elif answer.status == 200 and '"issuer"' in content:
                ids.add("document-2")
        return ids

    def test_a_key_given_by_systemd_changes_when_the_service_gets_the_new_one(self):
        credentials = self.place.base / "credentials"
        credentials.mkdir()
        given = {"CREDENTIALS_DIRECTORY": str(credentials)}
        shutil.move(self.keys / "master.key", credentials / "aina-master")
        server, doctor = Server(self.place.folder, env=given), self.place.base
        self.assertNotEqual(server.port, 0, server.said())
        code, _, said = ceremony("keys", "rotate", "master", self.place.folder, env=given)
        self.assertEqual(code, 2)
        self.assertIn("--to FILE", said)
        fresh = self.place.base / "fresh"
        code, papers, said = ceremony("keys", "rotate", "master", self.place.folder, "--to", fresh, env=given)
        self.assertEqual(code, 0, said)
        self.assertIn("nothing has changed yet", said)
        self.assertEqual(aina("fsck", self.place.folder, env=given)[0], 0)  # the old one is whole
        code, _, err = aina("keys", "rotate", "master", self.place.folder, "--finish", env=given)
        self.assertEqual(code, 1)
        self.assertIn("not changing to this key", err)
        old = (credentials / "aina-master").read_bytes()
        (credentials / "aina-master").write_bytes(fresh.read_bytes())
        self.assertEqual(aina("fsck", self.place.folder, env=given)[0], 0)  # and so is the new one
        self.assertEqual(aina("keys", "rotate", "master", self.place.folder, "--finish", env=given)[0], 0)
        self.assertFalse((self.keys / "master-before.key").exists())
        self.assertEqual(server.stop(), 0)
        self.assertEqual(aina("fsck", self.place.folder, env=given)[0], 0)
        (credentials / "aina-master").write_bytes(old)
        self.assertEqual(aina("fsck", self.place.folder, env=given)[0], 1)

    def test_what_is_no_order_is_refused_and_the_server_goes_on(self):
        server = Server(self.place.folder)
        self.addCleanup(server.kill)
        for sent in (b"", b"x", b"GET / HTTP/1.1\r\n\r\n", b"aina-ctl" + b"\xff" * 4000):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(self.place.folder / "control"))
                s.sendall(sent)
                s.shutdown(socket.SHUT_WR)
                self.assertIn(b"not understood", s.recv(4000) or b"not understood")
        if os.geteuid() == 0:  # somebody else
            done = subprocess.run([sys.executable, "-c", "import os,socket,sys;os.setuid(65534);s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])",
                                   str(self.place.folder / "control")], capture_output=True, text=True)
            self.assertIn("PermissionError", done.stderr)
        self.assertEqual(aina("keys", "rotate", "shard", self.place.folder)[0], 0)
        self.assertEqual(aina("keys", "rotate", "shard", self.place.folder)[0], 0)
        code, _, err = aina("keys", "rotate", "shard", self.place.folder)  # a quarter has three parts at most
        self.assertEqual(code, 1)
        self.assertIn("ended early 2 times", err)
        self.assertEqual(server.stop(), 0)
        code, _, err = restart(self.place.folder)
        self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.place.folder)[0], 0)

    def test_the_server_is_killed_while_the_master_key_changes(self):
        begin = self.place.base / "begin"
        server = Server(self.place.folder, env={"LD_PRELOAD": SHIM, "KILL_FILES": "/keys/", "KILL_AT": "9", "KILL_WHEN": str(begin)})
        begin.write_text("")
        code, papers, said = ceremony("keys", "rotate", "master", self.place.folder)
        self.assertEqual(code, 1)
        self.assertIn("did not answer", said)
        self.assertEqual(server.process.wait(20), -signal.SIGKILL)
        server.close()
        self.assertTrue((self.keys / "master-before.key").exists())
        server = Server(self.place.folder)  # goes on by itself
        self.assertNotEqual(server.port, 0, server.said())
        self.assertFalse((self.keys / "master-before.key").exists())
        self.assertEqual(self.events("master"), [("master", "rotated")])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(aina("fsck", self.place.folder)[0], 0)
        (self.keys / "master.key").unlink()
        self.assertEqual(aina("keys", "restore", self.place.folder, stdin=papers[0] + "\n")[0], 0)


class Killed(unittest.TestCase):
    """At each step that makes, renames or removes a file in keys/."""

    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-rotate-"))
        self.addCleanup(shutil.rmtree, self.top)
        self.folder = self.top / "place"
        code, out, err = aina("init", self.folder, "--jurisdiction", ROOT / "jurisdictions/ainabulak", "--yes", "--segment-mib", 2)
        self.assertEqual(code, 0, err)
        self.paper = next(line.strip() for line in out.splitlines() if line.count("-") == 13)

    def steps(self, command, after=(), points=None):
        """Kills `command` before its first step, its second ... until it survives; the instance starts each time."""
        for at in points or itertools.count(1):
            env = {"LD_PRELOAD": SHIM, "KILL_FILES": "/keys/", "KILL_AT": str(at)}
            code, papers, said = ceremony(*command, self.folder, env=env)
            if code != -signal.SIGKILL:
                self.assertIsNone(points)
                self.assertEqual(code, 0, said)
                return at
            code, out, err = restart(self.folder)
            self.assertEqual(code, 0, f"step {at}: {err}")
            code, out, err = aina("fsck", self.folder)
            self.assertEqual(code, 0, f"step {at}: {out}{err}")
            for again in after:
                code, _, said = ceremony(*again, self.folder)
                self.assertIn(code, (0, 1), said)
            if "master" in command:  # the papers that were shown last, or those before, open what is there
                self.check_papers(papers)

    def check_papers(self, papers):
        """The new ones, or else those of the key before, bring back all that is there."""
        master = self.folder / "keys/master.key"
        master.unlink()
        new = papers and aina("keys", "restore", self.folder, stdin=papers[0] + "\n")[0] == 0
        if new:
            self.paper = papers[0]
        else:
            code, _, err = aina("keys", "restore", self.folder, stdin=self.paper + "\n")
            self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.folder)[0], 0)

    def test_log(self):
        self.assertGreater(self.steps(["keys", "rotate", "log"], [["keys", "rotate", "log"], ["keys", "rotate", "log", "--finish"]]), 4)

    def test_log_finish(self):
        aina("keys", "rotate", "log", self.folder)
        self.assertGreater(self.steps(["keys", "rotate", "log", "--finish"], [["keys", "rotate", "log", "--finish"], ["keys", "rotate", "log"]]), 2)

    def test_document(self):
        self.assertGreater(self.steps(["keys", "rotate", "document"]), 1)

    def test_shard(self):
        # Nothing made; both keys made, not begun; begun, not told. Begun keys are taken up where they lie.
        self.steps(["keys", "rotate", "shard"], points=[1, 3, 2])
        shards = sorted(p.name for p in (self.folder / "keys").glob("shard-*-vrf.key"))
        self.assertEqual(len(shards), 2)
        self.assertEqual(aina("keys", "rotate", "shard", self.folder)[0], 0)
        self.assertEqual(aina("fsck", self.folder)[0], 0)

    def test_psn(self):
        # Before each of both new roots is made, and when the log knows of them and no epoch is ordered yet.
        self.steps(["keys", "rotate", "psn"], points=[1, 2, 2])
        self.assertEqual(aina("keys", "rotate", "psn", self.folder)[0], 0)
        self.assertEqual(sorted(p.name for p in (self.folder / "keys").glob("psn-*")), ["psn-1-2.key", "psn-1.key", "psn-2-2.key", "psn-2.key"])
        code, _, err = aina("keys", "rotate", "psn", self.folder)  # one at a time
        self.assertTrue(code == 0 or "on their way" in err, err)
        self.assertEqual(aina("fsck", self.folder)[0], 0)

    def test_master(self):
        # Before and after each of the two files that begin it, among the files that are sealed anew, and around its record.
        self.steps(["keys", "rotate", "master"], points=[1, 2, 3, 4, 5, 10, 17, 18, 19])
        self.assertEqual(ceremony("keys", "rotate", "master", self.folder)[0], 0)
        self.assertEqual(aina("fsck", self.folder)[0], 0)


if __name__ == "__main__":
    main()
