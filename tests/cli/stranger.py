#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands as a stranger gives them: nonsense, twice, too long, in the wrong place, interrupted. Each says what, where and what
would mend it, with the documented exit code, and leaves nothing behind."""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import termios
import unittest

from place import AINA, ROOT, Place, Server, aina, main, wait_for

KZ = ROOT / "jurisdictions/kz"
CONTROL = "a\nb"
HASH = "A" * 43 + "="


def tree(folder):
    """Each file below the folder with its size and time: what a command that writes nothing leaves as it was."""
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


class Stranger(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="aina-stranger-"))

    def tearDown(self):
        shutil.rmtree(self.base, ignore_errors=True)

    def refused(self, result, code, *words):
        self.assertEqual(result[0], code, result)
        for word in words:
            self.assertIn(word, result[2])


class Init(Stranger):
    def init(self, *more, folder="place"):
        return aina("init", self.base / folder if folder else "", "--jurisdiction", KZ, "--yes", *more)

    def test_what_is_off_is_said_before_a_key_is_shown(self):
        state = self.base / "there.db"
        state.touch()
        (self.base / "bad").mkdir()
        (self.base / "bad/jurisdiction.yaml").write_text("nonsense: 1\n")
        for more, code, word in (
                (["--db", "mysql://x"], 2, "sqlite:PATH"), (["--db", ""], 2, "--db"), (["--db", "sqlite:sub/x.db"], 2, "begins with /"),
                (["--db", "sqlite:aina.conf"], 2, "ends in .db"), (["--db", f"sqlite:{state}"], 1, "exists already"),
                (["--db", "sqlite:x.db\norigin = evil"], 2, "control characters"),
                (["--db", "postgresql://localhost:1/x"], 1, "cannot connect"), (["--origin", "a b"], 2, "--origin"),
                (["--origin", ""], 2, "--origin"), (["--log-key", "nonsense"], 2, "--log-key"), (["--segment-mib", "0"], 2, "2 to 1024"),
                (["--segment-mib", "4", "--segment-mib", "4"], 2, "twice"), (["--nosuch"], 2, "--nosuch")):
            result = self.init(*more)
            self.refused(result, code, word)
            self.assertEqual(result[1], "", more)
        for folder, code, word in (("", 2, "1 to"), ("absent/place", 1, "absent/place"), ("x" * 300, 1, "too long"), ("bad", 1, "exists")):
            result = self.init(folder=folder)
            self.refused(result, code, word)
        for folder, code, word in (("", 1, "--jurisdiction"), (self.base / "absent", 1, "absent"), (state, 1, "there.db"),
                                   (self.base / "bad", 1, "aina check")):
            result = aina("init", self.base / "place", "--yes", "--jurisdiction", folder)
            self.refused(result, code, word)
            self.assertEqual(result[1], "", folder)
        self.assertEqual(sorted(path.name for path in self.base.iterdir()), ["bad", "there.db"])

    def test_a_slash_at_the_end_and_a_state_elsewhere(self):
        code, _, err = self.init("--db", f"sqlite:{self.base}/elsewhere.db", folder="place/")
        self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.base / "place")[0], 0)
        self.assertTrue((self.base / "elsewhere.db").exists())
        self.refused(self.init(), 1, "exists already")

    def test_ctrl_c_at_the_question_leaves_nothing(self):
        process = subprocess.Popen([AINA, "init", self.base / "place", "--jurisdiction", KZ], stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        shown = ""
        while "confirm that you have it" not in shown:
            shown += process.stdout.read(1)
        self.assertEqual(len(list(self.base.iterdir())), 1)
        process.send_signal(signal.SIGINT)
        process.wait(30)  # before its input is closed, which would be an answer
        _, err = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertIn("removed again", err)
        self.assertEqual(list(self.base.iterdir()), [])

    def test_a_crash_leaves_nothing(self):
        code, out, err = aina("init", self.base / "place", "--jurisdiction", KZ, "--yes", env={"AINA_KILL_AT": "batch-written:2"})
        if code == 0:
            print("note: this build has no kill points")
            return
        self.assertEqual(code, -signal.SIGKILL, err)
        self.assertIn("removed again", err)
        self.assertEqual(list(self.base.iterdir()), [])


class Instance(Stranger):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()

    @classmethod
    def tearDownClass(cls):
        cls.place.remove()

    def test_every_commands_wrong_words_write_nothing(self):
        folder = self.place.folder
        before = tree(folder)
        number, copy = self.place.numbers[0], self.base / "copy"
        grant = ["order", "grant", folder, "--key", "k", "--order", "o", "--agency", "a", "--purpose", "p", "--person", number,
                 "--from", "2026-01-01", "--until", "2026-02-01", "--opens", "2026-03-01"]
        for words, code in (
                (["fsck"], 2), (["fsck", folder, "--nosuch"], 2), (["fsck", self.base], 1),
                (["demo", folder, "--people", "x"], 2), (["demo", folder], 2),
                (["erase", folder, "--person", number, "--entry", "5", "--article", "x"], 2),
                (["erase", folder, "--person", number, "--entry", "-5", "--article", "x", "--by", "y"], 2),
                (["erase", folder, "--person", number, "--entry", "5", "--files", "--article", "x", "--by", "y"], 2),
                (["erase", folder, "--person", number, "--entry", "5", "--article", "", "--by", "y"], 2),
                (["erase", folder, "--person", number, "--entry", "5", "--article", CONTROL, "--by", "y"], 2),
                (["erase", folder, "--person", number, "--entry", "5", "--article", "x" * 1001, "--by", "y"], 2),
                (["order"], 2), (["order", "nosuch"], 2), (grant, 2), ([*grant, "--basis", CONTROL], 2),
                (["order", "month", folder, "2026-13", "--key", "k"], 2),
                (["serve", folder, "--port", "70000"], 2), (["serve", folder, "--address", "nonsense"], 2),
                (["serve", folder, "--demo", "--address", "0.0.0.0"], 2), (["serve", folder, folder], 2),
                (["backup", folder], 2), (["backup", folder, folder / "copy"], 1), (["backup", folder, ""], 2),
                (["backup", folder, copy, "--state", "x", "--state", "y"], 2),
                (["restore", folder], 2), (["restore", folder, copy], 1), (["restore", folder, ""], 1),
                (["enrol", folder, "nobody", "x"], 2), (["enrol", folder, "official", "x", "--agency", "health"], 2),
                (["mandate", folder, "friend", number, number], 2), (["mandate", folder, "parent", number, number, "--ground", CONTROL], 2),
                (["record", folder, "population", number], 2), (["token", folder, "nobody", "x"], 2), (["token", folder, "official"], 2),
                (["document", "revoke", folder, "x", "--reason", CONTROL, "--by", "y"], 2), (["rekey"], 2), (["keys"], 2),
                (["keys", "rotate", "nosuch", folder], 2), (["check"], 2), (["check", folder / "absent"], 1), (["service"], 2),
                (["verify"], 2), (["verify", "x", "--key", ""], 2), (["verify", "x", "--key"], 2), (["number", "check", "kz-iin"], 2),
                (["number", "nosuch", "kz-iin", "1"], 2), (["tlog"], 2), (["bench"], 2), (["bench", "nosuch", self.base], 2), (["bench", "ledger", folder], 1), (["bench", "ledger", folder / "ledger"], 1),
                (["bench", "looks", folder], 1), (["bench", "cases", folder], 1), (["bench", "ledger", self.base / "absent"], 1),
                (["help", "nosuch"], 2), (["nosuch"], 2), (["--nosuch"], 2)):
            result = aina(*words)
            self.refused(result, code, "aina: ")
        self.assertEqual(tree(folder), before)
        self.assertEqual(list(self.base.iterdir()), [])

    def test_help_is_asked_in_every_way(self):
        for words in (["fsck", "--help"], ["fsck", "-h"], ["help", "fsck"], ["fsck", "x", "--help"]):
            code, out, _ = aina(*words)
            self.assertEqual((code, out.splitlines()[0]), (0, "aina fsck DIR [--json]"), words)

    def test_records_are_named_and_written_plainly(self):
        folder, number = self.place.folder, self.place.numbers[1]
        entries = json.loads(aina("fsck", folder, "--json")[1])["entries"]
        field = "birth-date=2018-05-05"
        for more, word in ((["--record", "", field], "letters"), (["--record", "x" * 65, field], "letters"), (["--record", "a b", field], "letters"),
                           (["--record", "\udcff", field], "letters"), ([field, field], "twice"), (["birth-date"], "no '='"),
                           (["nosuch=1"], "nosuch"), (["birth-date=2018-02-31"], "birth-date"), (["mother-number=\udcff"], "mother-number"),
                           (["mother-number=" + "x" * 1001], "mother-number")):
            result = aina("record", folder, "civil-status", number, *more)
            self.assertIn(result[0], (1, 2), more)
            self.assertIn(word, result[2], more)
        self.assertEqual(json.loads(aina("fsck", folder, "--json")[1])["entries"], entries)
        code, out, err = aina("record", folder, "civil-status", number, field, "--record", "by-hand.1")
        self.assertEqual(code, 0, err)
        self.assertIn("by-hand.1", out)
        self.assertEqual(json.loads(aina("fsck", folder, "--json")[1])["entries"], entries + 1)

    def test_another_user_is_told_so(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            print("note: only root can become another user")
            return
        self.base.chmod(0o755)
        shutil.copytree(self.place.folder, self.base / "place")
        self.base.joinpath("place").chmod(0o700)
        program = shutil.copy(AINA, self.base / "aina")
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "fsck", self.base / "place"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied; run the command as the user whose instance it is", done.stderr)

    def test_a_restore_that_is_ended_at_the_question_leaves_nothing(self):
        copy = self.base / "copy"
        self.assertEqual(aina("backup", self.place.folder, f"{copy}/")[0], 0)
        self.refused(aina("restore", copy, copy / "inside"), 1, "lies inside")
        process = subprocess.Popen([AINA, "restore", copy, self.base / "again"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertTrue(wait_for(lambda: list(self.base.glob("again.new-*/keys/state.key"))))
        process.terminate()
        process.wait(30)
        _, err = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertIn("removed again", err)
        self.assertEqual([path.name for path in self.base.iterdir()], ["copy"])

    def test_a_closed_terminal_stops_the_server_and_nohup_keeps_it(self):
        # Said in both ways: the tests themselves may run under nohup.
        server = Server(self.place.folder, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.process.wait(30), 0, server.said())
        server.close()
        server = Server(self.place.folder, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        server.process.send_signal(signal.SIGHUP)
        with self.assertRaises(subprocess.TimeoutExpired):
            server.process.wait(2)
        self.assertEqual(server.call("GET", "/healthz")[0].status, 200)
        self.assertEqual(server.stop(), 0, server.said())

    def test_a_receipt_vouches_for_a_copy_as_a_checkpoint_does(self):
        place = Place()
        try:
            server, doctor = Server(place.folder), place.doctor()
            older = self.base / "older"
            self.assertEqual(aina("backup", place.folder, older)[0], 0)
            entry = json.loads(server.call("POST", "/api/looks", doctor, place.look_words())[1])["entry"]
            receipt = self.base / "look.tlog-proof"
            receipt.write_text(server.call("GET", f"/api/looks/{entry}/receipt", doctor)[1])
            self.assertEqual(server.stop(), 0)
            newer = self.base / "newer"
            self.assertEqual(aina("backup", place.folder, newer)[0], 0)
            key = ["--master-key", place.folder / "keys/master.key", "--witnessed", receipt]
            self.refused(aina("restore", older, self.base / "again", *key), 1, "an older state", "RECOVERY")
            code, _, err = aina("restore", newer, self.base / "again", *key)
            self.assertEqual(code, 0, err)
            self.assertNotIn("nobody vouched", err)
        finally:
            place.remove()


class Terminal(Stranger):
    def test_ctrl_c_at_a_passphrase_gives_the_terminal_back(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([AINA, "order", "supervisor", self.base / "key"], stdin=slave, stdout=slave, stderr=slave,
                                   preexec_fn=os.setsid)
        echo = lambda: bool(termios.tcgetattr(slave)[3] & termios.ECHO)
        self.assertTrue(wait_for(lambda: not echo()))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), -signal.SIGINT)
        self.assertTrue(echo())
        self.assertEqual(list(self.base.iterdir()), [])
        os.close(master)
        os.close(slave)


class Offline(Stranger):
    def test_files_that_cannot_be_verified(self):
        os.mkfifo(self.base / "pipe")
        (self.base / "empty").touch()
        (self.base / "huge").touch()
        os.truncate(self.base / "huge", 65 << 20)
        (self.base / "nul").write_bytes(b"\0")
        names = [self.base / name for name in ("pipe", "empty", "huge", "nul", "absent")] + [self.base]
        code, out, err = aina("verify", *names, "--json")
        self.assertEqual(code, 1)
        told = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["file"] for line in told], list(map(str, names)))
        self.assertEqual([line["proven"] for line in told], [False] * len(names))
        for name, line in zip(("pipe", "huge", "absent"), (told[0], told[2], told[4])):
            self.assertIn(f"{name}: {line['error']}", err)
        self.assertEqual([check["id"] for check in told[1]["checks"] if check["status"] == "failed"], ["receipt-form"])

    def test_a_rule_file_that_nests_without_end_is_one_finding(self):
        """Each further level was a finding, and a second's work for a file of 20 kB."""
        shutil.copytree(KZ, self.base / "kz")
        for open_ in ("[", "{", "[a,", "{a: "):
            (self.base / "kz/agencies/deep.yaml").write_text(open_ * 20000)
            code, out, _ = aina("check", self.base / "kz", "--json")
            self.assertEqual(code, 1)
            deep = [json.loads(line)["what"] for line in out.splitlines() if json.loads(line)["file"] == "agencies/deep.yaml"]
            self.assertEqual(len([what for what in deep if what.startswith("nested more than")]), 1, open_)

    def probe(self, text):
        done = subprocess.run([AINA, "tlog", "check"], input=text, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_probes_of_every_kind(self):
        good = json.dumps({"leafIdx": 0, "treeSize": 1, "leafHash": HASH, "root": HASH, "proof": []}).encode()
        for text in (good, good + b"\n", good + b"\r\n"):
            self.assertEqual(self.probe(text), [{"line": 1, "accepted": True}])
        self.assertEqual(self.probe(b""), [])
        greatest = {"size1": 2**64 - 1, "size2": 2**64 - 1, "root1": HASH, "root2": HASH, "proof": []}
        self.assertTrue(self.probe(json.dumps(greatest).encode())[0]["accepted"])
        for text, word in (
                (b"", "line"), (b"\0", "line"), (b"not json", "line"), (b"[" * 60000, "line"), (b"\xff", "line"), (good[:-1], "line"),
                (good + b"x", "line"), (b'{"leafIdx":0,"leafIdx":0}', "duplicate"), (good.replace(b": 0", b": -1"), "leafIdx"),
                (good.replace(b": 0", b": 00"), "leafIdx"), (good.replace(b": 0", b": 0.5"), "leafIdx"), (good.replace(b": 0", b": 1e3"), "leafIdx"),
                (good.replace(b": 1", b": 18446744073709551616"), "treeSize"), (good.replace(b": 1", b": 1" + b"0" * 500), "treeSize"),
                (good.replace(b'"proof": []', b'"proof": "x"'), "proof"), (good.replace(b'"root": "A', b'"root": "_'), "root"), (b'{"a":1}', "leafIdx"),
                (good + b" " * 70000, "65536 bytes"), (b"x" * (3 << 20), "65536 bytes")):
            told = self.probe(text + b"\n" + good)
            self.assertEqual([line["accepted"] for line in told], [False, True], text[:80])
            self.assertIn(word, told[0]["error"])
            self.assertEqual([line["line"] for line in told], [1, 2])

    def test_probes_that_cannot_be_read_or_written(self):
        folder = os.open(self.base, os.O_RDONLY)
        done = subprocess.run([AINA, "tlog", "check"], stdin=folder, capture_output=True, text=True)
        os.close(folder)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("standard input", done.stderr)
        for lines in (b"{}\n", b"{}\n" * 5000):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([AINA, "tlog", "check"], input=lines, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"No space left", done.stderr)

    def test_the_vectors_of_numbers(self):
        path = ROOT / "../shared/data/identity/iin.json"
        if not path.exists():
            print("SKIPPED: ../shared is not here")
            return
        facts = json.loads(path.read_text())
        for case in facts["valid"]:
            self.assertEqual(aina("number", "check", "kz-iin", case["number"])[:2], (0, "ok\n"), case)
        for case in facts["invalid"]:
            code, out, _ = aina("number", "check", "kz-iin", case["number"], "--strict")
            self.assertEqual((code, out), (1, case["code"] + "\n"), case)
            self.assertEqual(aina("number", "check", "kz-iin", case["number"])[:2], (1, out), case)
        for case in facts["legacy_hint"]:
            self.assertEqual(aina("number", "check", "kz-iin", case["number"])[:2], (0, "ok\n"), case)
            self.assertEqual(aina("number", "check", "kz-iin", case["number"], "--strict")[:2], (1, "legacy_hint\n"), case)
        for case in facts["bin"]["valid"]:
            self.assertEqual(aina("number", "check", "kz-bin", case["number"])[:2], (0, "ok\n"), case)
        for case in facts["bin"]["invalid"]:
            self.assertEqual(aina("number", "check", "kz-bin", case["number"])[:2], (1, case["code"] + "\n"), case)
        good = facts["valid"][0]["number"]
        for number in ("", " " + good, good + " ", good + "\n", good[:-1], good + "0", good.replace("9", "\uff19"), "-" + good, "x" * 100000):
            self.assertEqual(aina("number", "check", "kz-iin", number)[:2], (1, "format\n"), number[:20])


if __name__ == "__main__":
    main()
