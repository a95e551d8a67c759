#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the operator meets at night: every refusal to start in words, and every way in which a disk or a clock fails while
looks are served. The client's list of acknowledged looks is the judge.

    bad_days.py SHIM
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from place import ROOT, Place, Server, aina, main, wait_for

SHIM = sys.argv.pop(1)


def bad(fault, files=None, when=None):
    env = {"LD_PRELOAD": SHIM, "BAD_FAULT": fault}
    return env | ({"BAD_FILES": str(files)} if files else {}) | ({"BAD_WHEN": str(when)} if when else {})


class Day(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.folder = self.place.folder
        self.doctor = self.place.doctor()
        self.when = self.place.base / "when"
        self.acked = []

    def tearDown(self):
        self.place.remove()

    def look(self, server, i=0):
        answer, text = server.call("POST", "/api/looks", self.doctor, self.place.look_words(i % 4))
        if answer.status == 200:
            self.acked.append(int(answer.headers["Aina-Entry"]))
        return answer.status, text

    def all_there(self):
        """A new start recovers, every acknowledged look has its receipt, and the check finds nothing."""
        server = Server(self.folder)
        self.assertNotEqual(server.port, 0, server.said())
        for entry in self.acked:
            answer, text = server.call("GET", f"/api/looks/{entry}/receipt", self.doctor)
            self.assertEqual(answer.status, 200, text)
        self.assertEqual(self.look(server)[0], 200)
        self.assertEqual(server.stop(), 0, server.said())
        code, out, err = aina("fsck", self.folder)
        self.assertEqual(code, 0, out + err)


class Start(Day):
    def refused(self, *words, env=None, command=None, code=1):
        result = aina(*(command or ["serve", self.folder, "--port", "0"]), env=env, timeout=30)
        self.assertEqual(result[0], code, result)
        for word in words:
            self.assertIn(word, result[2])

    def test_the_clock_stands_behind_the_last_batch(self):
        self.refused("clock", "set the clock right", env=bad("clock:-3600"))
        self.all_there()

    def test_a_second_server(self):
        server = Server(self.folder)
        self.refused("another process has this ledger open: stop it first")
        self.refused("another process has this ledger open", command=["demo", self.folder, "--people", "1"])
        self.assertEqual(self.look(server)[0], 200)
        self.assertEqual(aina("fsck", self.folder)[0], 0)
        self.assertEqual(server.stop(), 0)

    def test_a_key_file_that_others_may_read(self):
        for key in sorted((self.folder / "keys").iterdir()):
            if "vrf" in key.name or "entry" in key.name or key.name in ("master.key", "log.key", "psn-1.key"):
                key.chmod(0o640)
                self.refused("chmod 600", key.name)
                key.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(self.folder / "keys/master.key", 65534, 0)
            self.refused("run this command as that user", "chown 0", command=["fsck", self.folder])
            os.chown(self.folder / "keys/master.key", 0, 0)
        (self.folder / "keys/log.key").rename(self.folder / "log.key")
        self.refused("log.key")
        (self.folder / "log.key").rename(self.folder / "keys/log.key")
        self.all_there()

    def test_a_lost_key_of_the_quarters_shard_is_not_made_anew(self):
        """A second key for the lists of a shard would be a second public record of it."""
        keys = self.folder / "keys"
        for key in [path.name for path in keys.iterdir() if path.name.startswith("shard-")]:
            (keys / key).rename(self.folder / key)
            names = sorted(path.name for path in keys.iterdir())
            self.refused(key)
            self.assertEqual(sorted(path.name for path in keys.iterdir()), names)
            code, out, err = aina("fsck", self.folder)
            self.assertEqual(code, 1)
            self.assertIn(key, out + err)
            (self.folder / key).rename(keys / key)
        self.all_there()

    def test_a_jurisdiction_folder_with_errors(self):
        copy = self.place.base / "rules"
        shutil.copytree(ROOT / "jurisdictions/kz", copy)
        conf = self.folder / "aina.conf"
        conf.write_text("".join(f"jurisdiction = {copy}\n" if line.startswith("jurisdiction") else line
                                for line in conf.read_text().splitlines(True)))
        (copy / "purposes.yaml").write_text("nonsense: 1\n")
        self.refused("errors; aina check lists them")
        shutil.rmtree(copy)
        self.refused("rules")

    def test_a_conf_that_is_off(self):
        conf = self.folder / "aina.conf"
        whole = conf.read_text()
        for text, word in (("nonsense\n", "line 1"), (whole.replace("origin", "oregon"), "line 2"), ("", "missing"),
                           (whole.replace("sqlite:state.db", "mysql://x"), "must be sqlite:PATH")):
            conf.write_text(text)
            self.refused(word, code=2 if "sqlite" in word else 1)
        conf.unlink()
        self.refused("not an instance")

    def test_a_disk_that_may_not_be_written(self):
        self.refused("Read-only file system", env=bad("readonly", self.folder))
        self.refused("Read-only file system", "lock", env=bad("readonly", "ledger"))
        self.all_there()

    def test_a_disk_that_is_full(self):
        self.refused("make room", env=bad("full", self.folder))
        self.all_there()

    def test_a_backup_to_a_full_disk_leaves_nothing(self):
        copy = self.place.base / "copy"
        for files in ("state.db", "entries-000000", "purposes.yaml", "MANIFEST"):
            code, _, err = aina("backup", self.folder, copy, env=bad("full", "copy.new-") | {"BAD_ALSO": files})
            self.assertEqual(code, 1, files)
            self.assertEqual(sorted(path.name for path in self.place.base.iterdir()), ["place"], files)
        self.assertEqual(aina("backup", self.folder, copy)[0], 0)
        code, _, err = aina("restore", copy, self.place.base / "again", env=bad("full", "again.new-"), stdin=self.place.paper + "\n")
        self.assertEqual(code, 1)
        self.assertIn("No space left", err)
        self.assertEqual(sorted(path.name for path in self.place.base.iterdir()), ["copy", "place"])

    def test_a_port_that_is_taken(self):
        server = Server(self.folder)
        other = Place(people=1)
        code, _, err = aina("serve", other.folder, "--port", str(server.port))
        self.assertEqual(code, 1)
        self.assertIn(str(server.port), err)
        other.remove()
        self.assertEqual(server.stop(), 0)

    def test_damage_in_the_log(self):
        server = Server(self.folder)
        for i in range(8):
            self.look(server, i)
        server.stop()
        segment = self.folder / "ledger/entries-000000"
        whole = segment.read_bytes()
        segment.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
        self.refused("entries-000000 at byte", "Nothing was changed", "Restore the file from a copy")
        segment.write_bytes(whole)
        self.all_there()


class Running(Day):
    def fails_while_serving(self, fault, files, *words):
        server = Server(self.folder, env=bad(fault, files, self.when))
        for i in range(8):
            self.assertEqual(self.look(server, i)[0], 200)
        self.assertEqual(server.call("GET", "/healthz")[0].status, 200)
        self.when.touch()
        statuses = [self.look(server, i) for i in range(5)]
        self.assertTrue(wait_for(lambda: server.call("GET", "/healthz")[0].status == 503), server.said())
        for _ in range(3):
            statuses.append(self.look(server))
        self.assertEqual({status for status, _ in statuses} - {200}, {503}, statuses)
        self.assertEqual(statuses[-1][0], 503)
        for status, text in statuses:
            if status == 503:
                self.assertNotIn("surname", text)
        self.assertIn("aina_ledger_stopped 1", server.call("GET", "/metrics")[1])
        self.assertTrue(wait_for(lambda: "ALERT: the log has stopped" in server.said(), 5))
        for word in words:
            self.assertIn(word, server.said())
        return server

    def test_the_disk_fills_up_below_the_entries(self):
        server = self.fails_while_serving("full", "/entries-", "No space left on device")
        self.assertEqual(server.process.wait(25), 1, "a log that has stopped ends the program by itself")
        server.close()
        self.when.unlink()
        self.all_there()

    def test_the_disk_fills_up_below_the_derived_files(self):
        server = self.fails_while_serving("full", "/hashes-0", "No space left on device")
        self.assertEqual(server.stop(), 1)
        self.when.unlink()
        self.all_there()

    def test_a_sync_fails(self):
        server = self.fails_while_serving("sync", "/entries-", "did not confirm")
        self.assertEqual(server.stop(), 1)
        self.when.unlink()
        self.all_there()

    def test_the_clock_is_set_back(self):
        server = self.fails_while_serving("clock:-3600", None, "clock was set back")
        self.assertEqual(server.stop(), 1)
        self.when.unlink()
        self.all_there()

    def test_the_disk_fills_up_below_the_state(self):
        """The log is not harmed, an answer is right or an error, and room makes it good without a restart."""
        server = Server(self.folder, env=bad("full", "state.db", self.when))
        self.assertEqual(self.look(server, 0)[0], 200)
        self.when.touch()
        status, text = self.look(server, 1)
        self.assertIn(status, (200, 500, 503), text)
        self.assertEqual("surname" in text, status == 200)
        self.when.unlink()
        self.assertEqual(self.look(server, 1)[0], 200)
        self.assertEqual(server.call("GET", "/healthz")[0].status, 200)
        self.assertEqual(server.stop(), 0)
        self.all_there()

    def test_a_real_disk_that_is_full(self):
        """On a small file system of its own, where this user may mount one."""
        disk = pathlib.Path(tempfile.mkdtemp(prefix="aina-disk-"))
        mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk],
                                                       capture_output=True).returncode == 0
        if not mounted:
            print("note: no file system can be mounted here; the shim's full disk was tried")
            disk.rmdir()
            return
        server = None
        try:
            self.place.remove()
            self.place = Place(folder=disk)
            self.folder, self.doctor = self.place.folder, self.place.doctor()
            server = Server(self.folder)
            self.assertEqual(self.look(server)[0], 200, server.said())
            filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
            try:
                while os.write(filler, b"x" * 65536):
                    pass
            except OSError:
                pass
            os.close(filler)
            statuses = []
            while not statuses or statuses[-1] == 200:
                statuses.append(self.look(server, len(statuses))[0])
                self.assertLess(len(statuses), 20000)
            self.assertIn(statuses[-1], (500, 503))
            self.assertEqual(aina("serve", self.folder, "--port", "0")[0], 1)
            server.stop()
            (disk / "filler").unlink()
            self.all_there()
        finally:
            if server is not None and server.process.poll() is None:
                server.kill()
            subprocess.run(["umount", disk], check=True)
            disk.rmdir()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
