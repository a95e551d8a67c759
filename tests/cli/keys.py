#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's keys: shown, split among five, lost and brought back, given by systemd; every event in the log."""
import hashlib
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])


def aina(*args, stdin="", env=None):
    done = subprocess.run([AINA, *map(str, args)], input=stdin, capture_output=True, text=True, env=env, timeout=60)
    return done.returncode, done.stdout, done.stderr


def label(kind, id_, version):
    return hashlib.sha256(b"".join(struct.pack(">H", len(x)) + x for x in (kind.encode(), id_.encode())) + struct.pack(">I", version)).digest()


class Keys(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-keys-"))
        self.place = self.top / "place"
        code, self.made, err = aina("init", self.place, "--jurisdiction", ROOT / "jurisdictions/ainabulak", "--yes")
        self.assertEqual(code, 0, err)
        self.copy = next(line.strip() for line in self.made.splitlines() if line.count("-") == 13)

    def tearDown(self):
        shutil.rmtree(self.top)

    def split(self, wrong_at=None):
        """Plays the ceremony; the papers by number."""
        papers = {}
        p = subprocess.Popen([AINA, "keys", "split", str(self.place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(1, 6):
            p.stdin.write(f"office {number}\n")
            p.stdin.flush()
            while (line := p.stdout.readline()).count("-") != 14:
                if not line:
                    raise AssertionError(p.stderr.read())
            papers[number] = line.strip()
            p.stdin.write(("XXXX" if number == wrong_at else papers[number][-4:]) + "\n")
            p.stdin.flush()
            if number == wrong_at:
                break
        p.stdin.close()
        out, err = p.stdout.read(), p.stderr.read()
        p.stdout.close()
        p.stderr.close()
        return p.wait(30), papers, out, err

    def lines(self, name):
        path = self.place / "keys" / name
        return path.read_text().splitlines() if path.exists() else []

    def in_the_log(self, kind, id_, version, content):
        """The record stands in the public leaves with exactly this content."""
        leaves = (self.place / "ledger/leaves").read_bytes()
        commit = hashlib.sha256(b"\x10" + bytes(32) + content.encode()).digest()
        wanted = b"\0\x42\x04\x01" + label(kind, id_, version) + commit
        return any(leaves[i:i + 68] == wanted for i in range(0, len(leaves), 68))

    def test_shown(self):
        code, out, err = aina("keys", self.place)
        self.assertEqual(code, 0, err)
        for words in ("master\n", "log\n", "psn-1\n", "psn-2\n", "-vrf\n", "-entry\n", "if lost", "nobody: only the recovery copy"):
            self.assertIn(words, out)
        for secret in (self.place / "keys").glob("*.key"):
            self.assertNotIn(secret.read_text().strip(), out)
        report = json.loads(aina("keys", self.place, "--json")[1])
        self.assertTrue(all(k["what"] and k["lost"] and not k["missing"] for k in report["keys"]))
        made = json.loads(report["events"][0])
        self.assertEqual((made["event"], made["keys"]), ("made", ["master", "state", "log", "psn-1", "psn-2"]))
        self.assertIn(made["logKey"], self.made)
        self.assertTrue(self.in_the_log("key", "instance", 0, report["events"][0]))
        (self.place / "keys/psn-2.key").rename(self.top / "psn-2.key")
        code, out, _ = aina("keys", self.place)
        self.assertEqual(code, 1)
        self.assertIn("MISSING", out)

    def test_split_lost_and_brought_back(self):
        code, papers, out, err = self.split()
        self.assertEqual(code, 0, err)
        holders = json.loads(self.lines("holders")[0])
        self.assertEqual(holders["holders"], [f"office {n}" for n in range(1, 6)])
        event = self.lines("events")[1]
        self.assertEqual(json.loads(event)["set"], holders["set"])
        self.assertNotIn("office", event)
        self.assertTrue(self.in_the_log("key", "master", 0, event))
        self.assertIn("office 3", aina("keys", self.place)[1])

        master = self.place / "keys/master.key"
        secret = master.read_text()
        master.unlink()
        self.assertEqual(aina("fsck", self.place)[0], 1)
        code, shown, _ = aina("keys", self.place)
        self.assertEqual(code, 0)
        self.assertIn("office 3", shown)  # who must be called is known without the key

        # two are not enough; a slip is found; a stranger's papers are refused; nothing is written meanwhile
        for typed, words in (([papers[1], papers[2]], "2 were typed"), ([papers[1], papers[2].replace(papers[2][-1], "0" if papers[2][-1] != "0" else "1")], "check group"),
                             ([papers[1], papers[1], papers[2]], "twice"), (["nonsense"], "letter"), ([""], "too short"), ([], "nothing was typed")):
            code, out, err = aina("keys", "restore", self.place, stdin="".join(t + "\n" for t in typed))
            self.assertEqual(code, 2, err)
            self.assertIn(words, err)
            self.assertFalse(master.exists())
        elsewhere = self.top / "elsewhere"
        other = aina("init", elsewhere, "--jurisdiction", ROOT / "jurisdictions/ainabulak", "--yes")[1]
        other_copy = next(line.strip() for line in other.splitlines() if line.count("-") == 13)
        code, _, err = aina("keys", "restore", self.place, stdin=other_copy + "\n")
        self.assertEqual(code, 1)
        self.assertIn("another instance's key", err)
        self.assertFalse(master.exists())

        code, out, err = aina("keys", "restore", self.place, stdin="".join(papers[n].lower() + "\n" for n in (5, 1, 3)))
        self.assertEqual(code, 0, err)
        self.assertEqual(master.read_text(), secret)
        self.assertEqual(master.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(secret.strip(), out + err)
        code, out, err = aina("fsck", self.place)
        self.assertEqual(code, 0, out + err)
        self.assertEqual(json.loads(self.lines("events")[2])["event"], "restored")
        self.assertTrue(self.in_the_log("key", "master", 1, self.lines("events")[2]))
        code, _, err = aina("keys", "restore", self.place, stdin=self.copy + "\n")
        self.assertEqual(code, 1)
        self.assertIn("never overwritten", err)

        master.unlink()
        code, _, err = aina("keys", "restore", self.place, stdin=self.copy + "\n")
        self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.place)[0], 0)

    def at_a_terminal(self, command, answer):
        """Runs it on a terminal; `answer(line, said)` is what is typed when the program waits at that line. What was said."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(AINA, [AINA, *map(str, command)])
        said = ""
        try:
            while chunk := os.read(fd, 65536):
                said += chunk.decode()
                typed = answer(said.rsplit("\n", 1)[-1], said)
                if typed is not None:
                    os.write(fd, typed.encode() + b"\n")
        except OSError:  # it has ended
            pass
        os.close(fd)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, said)
        return said

    def test_slips_of_the_finger_at_a_terminal(self):
        """Small letters are right; a wrong last group or a mistyped share is asked for again, and the papers stay good."""
        papers, slips = [], []

        def split(line, said):
            if line.endswith("will hold it: "):
                return "the archive"
            if line.endswith("from the paper: "):
                paper = next(s.strip() for s in reversed(said.splitlines()) if s.count("-") == 14)
                if len(slips) < 2 * (len(papers) + 1) - 1:
                    slips.append(paper)
                    return "zzzz"
                slips.append(paper)
                papers.append(paper)
                return " " + paper[-4:].lower()
            return None
        said = self.at_a_terminal(["keys", "split", self.place], split)
        self.assertEqual(said.count("That is not the last group"), 5)
        self.assertNotIn(papers[3], said.rsplit("\033[2J", 1)[-1])  # the screen is empty at the end
        master = self.place / "keys/master.key"
        secret = master.read_text()
        master.unlink()
        typing = iter([papers[4].replace("-", " "), papers[0][:-6], "nonsense!", papers[0].lower(), papers[2]])
        said = self.at_a_terminal(["keys", "restore", self.place], lambda line, _: next(typing) if line.endswith(": ") else None)
        self.assertEqual(said.count("Type it again"), 2)
        self.assertIn("too short", said)
        self.assertEqual(master.read_text(), secret)

    def test_sets_are_not_mixed_and_an_unconfirmed_share_records_nothing(self):
        code, _, _, err = self.split(wrong_at=2)
        self.assertEqual(code, 2)
        self.assertIn("Burn the papers", err)
        self.assertEqual((len(self.lines("events")), self.lines("holders")), (1, []))
        first, second = self.split()[1], self.split()[1]
        self.assertEqual(len(self.lines("holders")), 2)
        (self.place / "keys/master.key").unlink()
        code, _, err = aina("keys", "restore", self.place, stdin=f"{first[1]}\n{first[2]}\n{second[3]}\n")
        self.assertEqual(code, 2)
        self.assertIn("another set", err)
        self.assertEqual(aina("keys", "restore", self.place, stdin=f"{second[1]}\n{second[2]}\n{second[3]}\n")[0], 0)

    def test_given_by_systemd(self):
        credentials = self.top / "credentials"
        credentials.mkdir()
        (self.place / "keys/master.key").rename(credentials / "aina-master")
        (credentials / "aina-master").chmod(0o400)
        given = dict(os.environ, CREDENTIALS_DIRECTORY=str(credentials))
        self.assertEqual(aina("fsck", self.place)[0], 1)
        code, out, err = aina("fsck", self.place, env=given)
        self.assertEqual(code, 0, out + err)
        self.assertIn("systemd credential", aina("keys", self.place)[1])
        (credentials / "aina-master").chmod(0o444)
        code, _, err = aina("fsck", self.place, env=given)
        self.assertEqual(code, 1)
        self.assertIn("chmod 600", err)
        out = self.top / "again.key"
        self.assertEqual(aina("keys", "restore", self.place, "--to", out, stdin=self.copy + "\n")[0], 0)
        self.assertEqual(out.read_bytes(), (credentials / "aina-master").read_bytes())
        self.assertFalse((self.place / "keys/master.key").exists())

    def test_a_copy_without_the_key_comes_back_by_shares(self):
        papers = self.split()[1]
        self.assertEqual(aina("backup", self.place, self.top / "copy")[0], 0)
        code, _, err = aina("restore", self.top / "copy", self.top / "back", stdin=f"{papers[2]}\n{papers[3]}\n{papers[4]}\n")
        self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.top / "back")[0], 0)
        self.assertIn("office 2", aina("keys", self.top / "back")[1])

    def test_a_lost_state_key_is_said_and_nothing_is_opened_with_another(self):
        (self.place / "keys/state.key").unlink()
        for command in (["fsck"], ["rekey"], ["keys", "rotate", "master"]):
            code, out, err = aina(*command, self.place)
            self.assertNotEqual(code, 0, command)
            if command != ["keys", "rotate", "master"]:
                self.assertIn("state.key", err)
        self.assertFalse((self.place / "keys/master-before.key").exists())
        self.assertEqual(aina("keys", self.place)[0], 1)

    def test_words_that_are_off(self):
        for words in (["keys"], ["keys", "burn", self.place], ["keys", "split", self.place, "x"], ["keys", self.place, "--to", "x"],
                      ["keys", "split", self.place, "--json"], ["keys", "rotate", "psn-1", self.place],
                      ["keys", "rotate", "shard", self.place, "--finish"], ["keys", "rotate", "log", self.place, "--to", "x", "--finish"]):
            self.assertEqual(aina(*words)[0], 2, words)
        self.assertEqual(aina("keys", self.top)[0], 1)

    def test_the_recovery_copy_is_confirmed_by_its_last_group(self):
        place = self.top / "asked"
        p = subprocess.Popen([AINA, "init", str(place), "--jurisdiction", str(ROOT / "jurisdictions/ainabulak")], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
        while (line := p.stdout.readline()).count("-") != 13:
            self.assertTrue(line)
        p.stdin.write(line.strip()[-4:] + "\n")
        p.stdin.close()
        p.stdout.read()
        p.stdout.close()
        self.assertEqual(p.wait(30), 0)
        self.assertTrue(place.exists())


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
