#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One flipped bit, in any file of the log, any key and any record of the vault, is found by `aina fsck`, which says where and
what mends it. Derived files are written anew by the next start."""
import os
import random
import sqlite3
import sys
import unittest

from place import Place, Server, aina

TIMES = 10 if os.environ.get("AINA_LONG") else 1
SEED = int(os.environ.get("AINA_SEED", random.randrange(1 << 30)))
pick = random.Random(SEED)
print(f"seed {SEED}")


# Columns by which a finding names a row: random, or keyed.
NAMES = {"vault_key": "id", "vault_record": "id", "vault_subject": "tag"}


class Flips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.folder = cls.place.folder
        server, doctor = Server(cls.folder), cls.place.doctor()
        for i in range(280):  # a second level of tiles
            answer, text = server.call("POST", "/api/looks", doctor, cls.place.look_words(i % 4))
            assert answer.status == 200, text
        assert server.stop() == 0
        assert aina("fsck", cls.folder)[0] == 0

    @classmethod
    def tearDownClass(cls):
        code, out, _ = aina("fsck", cls.folder)
        cls.place.remove()
        assert code == 0, out

    def flip(self, path, at, bit=None):
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << (pick.randrange(8) if bit is None else bit)]))

    def found(self, path, at, *words, bit=None):
        """Flips, expects a finding that names the file and a remedy, and puts the old byte back."""
        with open(path, "rb") as file:
            file.seek(at)
            old = file.read(1)
        self.flip(path, at, bit)
        code, out, err = aina("fsck", self.folder)
        self.assertEqual(code, 1, f"{path} byte {at}: {out}{err}")
        for word in words:
            self.assertIn(word, out + err, f"byte {at}")
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(old)

    def places(self, path, n, low=0, high=None):
        return [pick.randrange(low, high or path.stat().st_size) for _ in range(n * TIMES)]

    def used(self):
        """Bytes of the first segment up to the last one that is not zero."""
        return len((self.folder / "ledger/entries-000000").read_bytes().rstrip(b"\0"))

    def test_entries(self):
        segment = self.folder / "ledger/entries-000000"
        for at in self.places(segment, 12, 0, self.used()):
            self.found(segment, at, "entries-000000 at byte", "copy")

    def test_zeros_after_the_entries(self):
        segment = self.folder / "ledger/entries-000000"
        for at in self.places(segment, 4, self.used() + 512) + [segment.stat().st_size - 1]:
            self.found(segment, at, "entries-000000 at byte")
        spare = self.folder / "ledger/entries-000001"
        for at in self.places(spare, 2) + [0, spare.stat().st_size - 1]:
            self.found(spare, at, "entries-000001 at byte")

    def test_derived_files(self):
        for name in ("leaves", "hashes-0", "hashes-1"):
            file = self.folder / "ledger" / name
            for at in self.places(file, 3):
                self.found(file, at, name, "writes it anew")
            self.flip(file, pick.randrange(file.stat().st_size))
            self.assertEqual(aina("fsck", self.folder)[0], 1)
            server = Server(self.folder)
            self.assertEqual(server.stop(), 0, server.said())
            self.assertIn("leaves rebuilt", server.said())
            code, out, _ = aina("fsck", self.folder)
            self.assertEqual(code, 0, out)
            with open(file, "ab") as longer:
                longer.write(b"\0")
            code, out, _ = aina("fsck", self.folder)
            self.assertEqual(code, 1)
            self.assertIn("longer than the log", out)
            with open(file, "r+b") as cut:
                cut.truncate(file.stat().st_size - 1)

    def test_checkpoint_and_what_is_known_of_it(self):
        for name in ("ledger/checkpoint", "published"):
            file = self.folder / name
            for at in self.places(file, 5) + [file.stat().st_size - 1]:
                self.found(file, at, name.split("/")[-1], "vault: ")  # and the rest is read all the same
        lock = self.folder / "ledger/lock"
        lock.write_bytes(b"\0")
        code, out, _ = aina("fsck", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("lock", out)
        os.truncate(lock, 0)

    def test_a_missing_file(self):
        for name, word in (("leaves", "anew"), ("hashes-0", "anew"), ("checkpoint", "missing"), ("entries-000000", "the segment is missing")):
            file = self.folder / "ledger" / name
            away = self.folder / "away"
            file.rename(away)
            code, out, err = aina("fsck", self.folder)
            self.assertEqual(code, 1, name)
            self.assertIn(word, out + err, name)
            away.rename(file)

    def test_a_segment_of_another_size_and_one_that_is_missing_between(self):
        """The file that is wrong is named, not its neighbour."""
        for name in ("entries-000000", "entries-000001"):
            file = self.folder / "ledger" / name
            whole = file.read_bytes()
            for wrong in (whole[:len(whole) // 2], b"", whole + b"\0"):
                file.write_bytes(wrong)
                code, _, err = aina("fsck", self.folder)
                self.assertEqual(code, 1, name)
                self.assertIn(f"{name}: the segment has {len(wrong)} bytes", err)
            file.write_bytes(whole)
        later = self.folder / "ledger/entries-000004"
        later.touch()
        code, _, err = aina("fsck", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("entries-000002: the segment is missing", err)
        later.unlink()

    def test_keys(self):
        for key in sorted((self.folder / "keys").glob("*.key")):
            for at in self.places(key, 1):
                self.found(key, at, bit=pick.choice([0, 1, 2, 3, 4, 6, 7]))  # bit 5 is a letter's case

    def test_each_column_of_each_record(self):
        state = self.folder / "state.db"
        with sqlite3.connect(state) as db:
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND (name LIKE 'vault_%'"
                                                   " OR name IN ('people_root', 'people_mandate'))")]
            columns = {t: [c[1] for c in db.execute(f"PRAGMA table_info({t})")] for t in tables}
        db.close()
        self.assertEqual(sorted(tables), ["people_mandate", "people_root", "vault_key", "vault_record", "vault_subject", "vault_sum"])
        for table in tables:
            for column in columns[table]:
                self.column(state, table, column)

    def column(self, state, table, column):
        db = sqlite3.connect(state, isolation_level=None)
        row, old, name = pick.choice(db.execute(f"SELECT rowid, {column}, {NAMES.get(table, 'NULL')} FROM {table}").fetchall())
        if isinstance(old, int):
            new = old ^ 1 << pick.randrange(63)
        elif isinstance(old, str):
            new = old[:-1] + chr(ord(old[-1]) ^ 1)
        else:
            at = pick.randrange(len(old))
            new = old[:at] + bytes([old[at] ^ 1 << pick.randrange(8)]) + old[at + 1:]
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))
        db.close()
        code, out, err = aina("fsck", self.folder)
        self.assertEqual(code, 1, f"{table}.{column}, {old!r} became {new!r}: {out}{err}")
        self.assertIn("copy", out + err, f"{table}.{column}")
        if name is not None and column not in (NAMES[table], "registry"):
            self.assertIn(f"{table} {name.hex()}: ", out, "which row it is")
        db = sqlite3.connect(state, isolation_level=None)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (old, row))
        db.close()

    def test_rows_removed_and_exchanged(self):
        state = self.folder / "state.db"
        whole = state.read_bytes()
        for sql in ("DELETE FROM vault_record WHERE rowid = (SELECT max(rowid) FROM vault_record)",
                    "DELETE FROM vault_subject WHERE rowid = (SELECT max(rowid) FROM vault_subject)",
                    "DELETE FROM vault_sum WHERE rowid = (SELECT max(rowid) FROM vault_sum)",
                    "UPDATE vault_record SET sealed = (SELECT sealed FROM vault_record AS o WHERE o.rowid <> vault_record.rowid LIMIT 1)"
                    " WHERE rowid = (SELECT max(rowid) FROM vault_record)"):
            db = sqlite3.connect(state, isolation_level=None)
            self.assertEqual(db.execute(sql).rowcount, 1)
            db.close()
            code, out, err = aina("fsck", self.folder)
            self.assertEqual(code, 1, f"{sql}: {out}{err}")
            state.write_bytes(whole)

    def test_the_bytes_of_records_in_the_file(self):
        state = self.folder / "state.db"
        db = sqlite3.connect(state)
        rows = pick.sample(db.execute("SELECT sealed FROM vault_record").fetchall(), 4 * TIMES)
        db.close()
        whole = state.read_bytes()
        for (sealed,) in rows:
            at = whole.find(sealed[:64])
            self.assertGreater(at, 0)
            self.found(state, at + pick.randrange(64))


if __name__ == "__main__":
    unittest.main(verbosity=1)
