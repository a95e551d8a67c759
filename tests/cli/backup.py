#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""aina backup and aina restore: whole while the server works, useless without the master key, and never a way back."""
import os
import shutil
import subprocess
import sys
import threading
import unittest

from place import ROOT, Place, Server, aina, main, wait_for


def put(path, at):
    """Flips one bit of a file."""
    whole = bytearray(path.read_bytes())
    whole[at] ^= 1
    path.write_bytes(whole)


class Backup(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.folder, self.base = self.place.folder, self.place.base
        self.copy, self.again = self.base / "copy", self.base / "again"

    def tearDown(self):
        self.place.remove()

    def looks(self, n=5):
        doctor = self.place.doctor(self.folder)
        server = Server(self.folder)
        for i in range(n):
            answer, text = server.call("POST", "/api/looks", doctor, self.place.look_words(i % 4))
            self.assertEqual(answer.status, 200, text)
        note = server.call("GET", "/log/checkpoint")[1]
        self.assertEqual(server.stop(), 0, server.said())
        return note

    def backup(self, to=None, *more):
        code, out, err = aina("backup", self.folder, to or self.copy, *more)
        self.assertEqual(code, 0, out + err)
        return out

    def restore(self, *more, to=None, stdin=None):
        return aina("restore", self.copy, to or self.again, *more, stdin=self.place.paper + "\n" if stdin is None else stdin)

    def refused(self, result, *words, code=1):
        self.assertEqual(result[0], code, result)
        for word in words:
            self.assertIn(word, result[2])
        self.assertEqual([p.name for p in self.base.iterdir() if "new-" in p.name], [])

    def size(self, note):
        return int(note.splitlines()[1])

    def test_taken_while_served(self):
        doctor, stop, acked, failed = self.place.doctor(), threading.Event(), [], []
        server = Server(self.folder)

        def work():
            while not stop.is_set():
                answer, text = server.call("POST", "/api/looks", doctor, self.place.look_words(len(acked) % 4))
                (acked.append(int(answer.headers["Aina-Entry"])) if answer.status == 200 else failed.append(text))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while len(acked) < 50:
            self.assertEqual(failed, [])
        before = max(acked)
        # The checkpoint is stored about once a second, and the copy ends with it.
        self.assertTrue(wait_for(lambda: self.size((self.folder / "ledger/checkpoint").read_text()) > before))
        for i in range(3):
            self.copy = self.base / f"copy-{i}"
            self.backup()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertEqual(server.stop(), 0)
        code, out, err = self.restore()
        self.assertEqual(code, 0, out + err)
        self.assertIn("0 findings", out)
        self.assertIn("nobody vouched", err)
        self.assertEqual(aina("fsck", self.again)[0], 0)
        size = int(out.split("Restored ")[1].split(": ")[1].split(" ")[0])
        self.assertGreater(size, before, "what was acknowledged well before the copy is in it")
        server = Server(self.again)
        for entry in [n for n in acked if n < size][::20]:
            answer, text = server.call("GET", f"/api/looks/{entry}/receipt", doctor)
            self.assertEqual(answer.status, 200, text)
        self.assertEqual(server.stop(), 0)

    def test_the_master_key_is_in_it_only_when_asked(self):
        master = (self.folder / "keys/master.key").read_text().strip()
        out = self.backup()
        self.assertIn("master key", out)
        for file in (f for f in self.copy.rglob("*") if f.is_file()):
            bytes_ = file.read_bytes()
            self.assertNotIn(bytes.fromhex(master), bytes_, file)
            self.assertNotIn(master.encode(), bytes_.lower(), file)
        self.assertEqual(subprocess.run(["sha256sum", "-c", "--quiet", "MANIFEST"], cwd=self.copy).returncode, 0)
        self.refused(self.restore(stdin=""), "paper copy", code=2)
        self.refused(self.restore(stdin="AAAA\n"), "short", code=2)
        other = Place(people=2)
        self.refused(self.restore(stdin=other.paper + "\n"), "another instance's key")
        code, _, err = self.restore("--master-key", self.folder / "keys/master.key")
        self.assertEqual(code, 0, err)
        other.remove()
        self.copy = self.base / "with-keys"
        self.assertIn("ALL", self.backup(None, "--with-keys"))
        code, _, err = self.restore(to=self.base / "third", stdin="")
        self.assertEqual(code, 0, err)
        self.assertEqual(aina("fsck", self.base / "third")[0], 0)
        for file in (self.base / "third").rglob("*"):
            self.assertEqual(file.stat().st_mode & 0o077 if file.parent.name != "ledger" else 0, 0, file)

    def test_a_damaged_copy_is_refused(self):
        self.looks()
        self.backup()
        for name in ("ledger/entries-000000", "state.db", "keys/log.key", "jurisdiction/purposes.yaml", "ledger/leaves", "aina.conf"):
            file = self.copy / name
            put(file, file.stat().st_size // 2)
            self.refused(self.restore(), name, "damaged")
            put(file, file.stat().st_size // 2)
        (self.copy / "keys/log.key").rename(self.copy / "gone")
        self.refused(self.restore(), "log.key")
        (self.copy / "gone").rename(self.copy / "keys/log.key")
        (self.copy / "MANIFEST").rename(self.copy / "gone")
        self.refused(self.restore(), "MANIFEST")
        (self.copy / "gone").rename(self.copy / "MANIFEST")
        manifest = (self.copy / "MANIFEST").read_text()
        for wrong in ("../../etc/passwd", "/etc/passwd", "ledger//x", "./x"):
            (self.copy / "MANIFEST").write_text(manifest + "0" * 64 + "  " + wrong + "\n")
            self.refused(self.restore(), "names no file")
        (self.copy / "MANIFEST").write_text(manifest.replace("# aina-backup 1", "# aina-backup 2"))
        self.refused(self.restore(), "can read")
        (self.copy / "MANIFEST").write_text(manifest)
        code, _, err = self.restore()
        self.assertEqual(code, 0, err)

    def test_a_broken_instance_gives_no_copy(self):
        self.looks()
        put(self.folder / "ledger/entries-000000", 400)
        code, _, err = aina("backup", self.folder, self.copy)
        self.assertEqual(code, 1, err)
        self.assertFalse(self.copy.exists())
        self.assertEqual([p.name for p in self.base.iterdir()], ["place"])

    def test_no_way_back(self):
        old = self.looks()
        self.backup()
        self.backup(self.base / "copy-2")
        new = self.looks()
        witnessed = self.base / "checkpoint"
        # Over an instance that knows more, and with a checkpoint that somebody else holds.
        self.refused(self.restore(to=self.folder), "roll the log back", "RECOVERY")
        witnessed.write_text(new)
        self.refused(self.restore("--witnessed", witnessed), "older state", "RECOVERY")
        witnessed.write_text(new.replace(str(self.size(new)), str(self.size(old))))
        self.refused(self.restore("--witnessed", witnessed), "signature")
        # What it covers itself is no obstacle.
        witnessed.write_text(old)
        code, out, err = self.restore("--witnessed", witnessed)
        self.assertEqual(code, 0, err)
        self.assertNotIn("nobody vouched", err)
        # Served all the same, it makes another history, which the true log's checkpoints and copies tell apart.
        self.true_folder, self.folder = self.folder, self.again
        forked = self.looks(8)
        self.folder = self.true_folder
        witnessed.write_text(forked)
        self.looks(10)
        self.copy = self.base / "copy-3"
        self.backup()
        self.refused(self.restore("--witnessed", witnessed, to=self.base / "other"), "another history")

    def test_an_older_log_under_the_state_is_refused(self):
        self.looks()
        shutil.copytree(self.folder / "ledger", self.base / "ledger-old")
        self.looks()
        (self.folder / "ledger").rename(self.base / "ledger-new")
        (self.base / "ledger-old").rename(self.folder / "ledger")
        for command in (["serve", self.folder, "--port", "0"],):
            code, _, err = aina(*command)
            self.assertEqual(code, 1)
            self.assertIn("older state", err)
            self.assertIn("Restore the newest copy", err)
        code, out, _ = aina("fsck", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("shorter", out)
        shutil.rmtree(self.folder / "ledger")
        (self.base / "ledger-new").rename(self.folder / "ledger")
        self.looks()

    def test_an_older_state_under_the_log_is_refused(self):
        self.looks()
        state = self.folder / "state.db"
        old = state.read_bytes()
        self.looks()
        new = state.read_bytes()
        state.write_bytes(old)
        code, _, err = aina("serve", self.folder, "--port", "0")
        self.assertEqual(code, 1)
        self.assertIn("older state was put back", err)
        self.assertEqual(aina("fsck", self.folder)[0], 1)
        state.write_bytes(new)
        self.looks()

    def test_words(self):
        self.backup()
        self.refused(aina("backup", self.folder, self.copy), "exists already")
        self.refused(aina("backup", self.base, self.base / "x"), "not an instance")
        self.refused(aina("restore", self.base, self.again), "MANIFEST")
        self.refused(self.restore(to=self.folder), "exists already")
        self.refused(self.restore("--witnessed", self.base / "absent"), "absent")
        self.refused(self.restore("--db", "postgresql:///x"), "brings its own", code=2)
        self.refused(aina("backup", self.folder, self.base / "x", "--state", self.copy / "state.db"), "PostgreSQL", code=2)

    def test_postgresql(self):
        url = os.environ.get("AINA_TEST_PG")
        if not url:
            print("SKIPPED: AINA_TEST_PG is not set; run through tests/postgres.sh")
            return
        name = f"backup_{os.getpid()}"
        databases = [url.replace("/aina?", f"/{name}_{i}?") for i in range(2)]
        for i in range(2):
            subprocess.run(["psql", "-q", "-d", url, "-c", f"CREATE DATABASE {name}_{i}"], check=True)
        pg = Place(init=["--db", databases[0]])
        try:
            code, out, err = aina("init", pg.base / "second", "--jurisdiction", ROOT / "jurisdictions/kz", "--yes", "--db", databases[0])
            self.assertEqual((code, out), (1, ""), err)
            self.assertIn("has the tables of an instance", err)
            code, out, err = aina("backup", pg.folder, pg.base / "copy")
            self.assertEqual(code, 0, err)
            self.assertIn("pg_dump", out)
            self.assertIn("NOT in this copy", out)
            dump = pg.base / "dump"
            subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", databases[0]], check=True)
            code, out, err = aina("backup", pg.folder, pg.base / "copy-2", "--state", dump)
            self.assertEqual(code, 0, err)
            self.refused(aina("restore", pg.base / "copy-2", pg.base / "again", stdin=pg.paper), "pg_restore", code=2)
            subprocess.run(["pg_restore", f"--dbname={databases[1]}", pg.base / "copy-2/state.dump"], check=True)
            code, out, err = aina("restore", pg.base / "copy-2", pg.base / "again", "--db", databases[1], stdin=pg.paper + "\n")
            self.assertEqual(code, 0, err)
            self.assertIn("0 findings", out)
            env, doctor = {}, pg.doctor()
            if os.geteuid() == 0:  # root without capabilities does not reach another user's socket
                subprocess.run(["chown", "-R", "postgres", pg.base], check=True)
                env = {"AINA_USER": "postgres"}
            server = Server(pg.base / "again", env=env)
            self.assertNotEqual(server.port, 0, server.said())
            answer, text = server.call("POST", "/api/looks", doctor, pg.look_words())
            self.assertEqual(answer.status, 401, text)  # a token made after the dump
            self.assertEqual(server.stop(), 0, server.said())
        finally:
            pg.remove()
            for i in range(2):
                subprocess.run(["psql", "-q", "-d", url, "-c", f"DROP DATABASE {name}_{i} WITH (FORCE)"], check=True)


if __name__ == "__main__":
    main()
