#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule 3: no dossier. Whoever copies the files of a served instance finds nobody in them, cannot tell equal records from unequal
ones, and cannot join two agencies' tables."""
import base64
import http.client
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["AINA_ROOT"]) / "tests/cli"))
from place import Place, Server, aina, wait_for  # noqa: E402


def forms(text):
    """Every way in which the text could stand in a file."""
    plain = text.encode()
    yield "UTF-8", plain
    yield "UTF-16LE", text.encode("utf-16-le")
    yield "UTF-16BE", text.encode("utf-16-be")
    yield "reversed", plain[::-1]
    for bytes_ in (plain, text.encode("utf-16-le")):
        yield "hex", bytes_.hex().encode()
        yield "HEX", bytes_.hex().upper().encode()
        for phase in range(3):  # what precedes it shifts the letters; the first and last may belong to neighbours
            coded = base64.b64encode(b"\0" * phase + bytes_).rstrip(b"=")
            coded = coded[(0, 2, 3)[phase]:len(coded) - 1]
            yield f"base64, phase {phase}", coded
            yield f"base64url, phase {phase}", coded.replace(b"+", b"-").replace(b"/", b"_")
    if text.isdigit() and len(text) >= 9:
        yield "integer", int(text).to_bytes(8, "little")
        yield "integer", int(text).to_bytes(6, "big")


class Scanner:
    def __init__(self, needles):
        self.names = {}
        for needle in needles:
            for form, bytes_ in forms(needle):
                if len(bytes_) >= 6:
                    self.names.setdefault(bytes_, (needle, form))

    def first(self, data):
        data = data.rstrip(b"\0")
        return next((who for bytes_, who in self.names.items() if bytes_ in data), None)


class Dossier(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.server = Server(cls.place.folder, "--demo")
        cls.doctor = cls.place.doctor()
        cls.known = cls.learn()
        for i in range(8):
            cls.server.call("POST", "/api/looks", cls.place.policeman(), cls.place.look_words(i % 4, registry="clinic-attachment"))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.place.remove()

    @classmethod
    def learn(cls):
        """Names, numbers, dates and telephones of the first people, through looks."""
        known = set(cls.place.numbers)
        for i in range(4):
            for words in ({}, {"purpose": "appointment", "case": f"appointment-{i + 1}"},
                          {"purpose": "emergency-care", "case": None, "emergency": True, "reason": "unconscious after a fall"}):
                answer, text = cls.server.call("POST", "/api/looks", cls.doctor, cls.place.look_words(i, **words))
                if answer.status == 200:
                    for record in json.loads(text)["records"]:
                        known |= {value for value in record.values() if value and len(value) >= 4}
        assert len(known) >= 15, known
        return sorted(known)

    def copies(self):
        for file in sorted(self.place.folder.rglob("*")):
            if file.is_file():
                yield file.relative_to(self.place.folder), file.read_bytes()
        yield "what the server said", self.server.said().encode()

    def test_nobody_is_found_in_copied_files(self):
        scanner = Scanner(self.known)
        names = []
        for name, data in self.copies():
            self.assertIsNone(scanner.first(data), f"{name} ({len(data)} bytes) holds (who, how)")
            names.append(str(name))
        for expected in ("state.db", "state.db-wal", "ledger/entries-000000", "ledger/leaves", "published"):
            self.assertIn(expected, names)
        copy = self.place.base / "copy"
        self.assertEqual(aina("backup", self.place.folder, copy, "--with-keys")[0], 0)
        for file in (f for f in copy.rglob("*") if f.is_file() and "jurisdiction" not in f.parts):
            self.assertIsNone(scanner.first(file.read_bytes()), file)
        shutil.rmtree(copy)

    def test_the_scanner_would_find_them(self):
        scanner = Scanner(self.known)
        for needle in self.known:
            for form, bytes_ in forms(needle):
                if len(bytes_) >= 6:
                    self.assertIsNotNone(scanner.first(os.urandom(999) + bytes_ + os.urandom(999)), (needle, form))
        for shift in range(3):
            text = base64.b64encode(os.urandom(shift) + self.known[0].encode() + b"tail")
            self.assertIsNotNone(scanner.first(text), shift)
        self.assertIsNone(scanner.first(os.urandom(1 << 20)))

    def test_equal_records_give_unequal_bytes(self):
        db = sqlite3.connect(f"file:{self.place.folder}/state.db?mode=ro", uri=True)
        rows = db.execute("SELECT sealed FROM vault_record").fetchall()
        db.close()
        self.assertGreater(len(rows), 100)
        seen = {}
        for row, (sealed,) in enumerate(rows):
            for at in range(0, len(sealed) - 16):
                window = sealed[at:at + 16]
                if window.count(0) <= 2:  # not the list of lengths
                    self.assertIn(seen.setdefault(window, row), (row,), f"16 equal bytes in rows {row} and {seen[window]}: {window}")

    def test_no_value_joins_two_agencies(self):
        """Every value of 8 bytes or more that stands in two places: only a registry's own parts may share one."""
        db = sqlite3.connect(f"file:{self.place.folder}/state.db?mode=ro", uri=True)
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        holders = {}
        for file in (self.place.folder.parent / "none", pathlib.Path(os.environ["AINA_ROOT"]) / "jurisdictions/kz/registries"):
            for registry in file.glob("*.yaml") if file.is_dir() else []:
                text = registry.read_text()
                holders[re.search(r"(?m)^id: (\S+)", text)[1]] = re.search(r"(?m)^holder: (\S+)", text)[1]
        where = {}
        for table in tables:
            columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})")]
            for row in db.execute(f"SELECT * FROM {table}"):
                facts = dict(zip(columns, row))
                owner = holders.get(facts.get("registry")) or facts.get("agency") or table
                for column, value in facts.items():
                    if f"{table}.{column}" in ("case_definition.hash", "case_row.definition"):
                        continue  # which service file a case was filed under: of many people, public
                    if isinstance(value, bytes) and len(value) >= 8:
                        where.setdefault(value, set()).add((owner, f"{table}.{column}"))
        db.close()
        joined = {}
        for value, places in where.items():
            owners = {owner for owner, _ in places}
            if len(owners) > 1:
                joined.setdefault(tuple(sorted({column for _, column in places})), set()).update(owners)
        self.assertEqual(joined, {}, "the same value stands under several owners")
        self.assertGreater(len({owner for places in where.values() for owner, _ in places}), 5)

    def test_no_core_is_to_be_had(self):
        """Not by a crash, and not by another process of the same user."""
        place, user, as_user = Place(), pwd.getpwuid(os.geteuid()), []
        env = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            for path in [place.base, *place.base.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)
            env, as_user = {"AINA_USER": "nobody"}, ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        old = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (old[1], old[1]))
        server = Server(place.folder, env=env)
        resource.setrlimit(resource.RLIMIT_CORE, old)
        pid = server.process.pid
        self.assertNotEqual(server.port, 0, server.said())
        self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0, "a process that cannot be dumped belongs to root")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.assertIn(f"Uid:\t{user.pw_uid}\t{user.pw_uid}", status)
        self.assertRegex(status, r"NoNewPrivs:\s1")
        self.assertRegex(pathlib.Path(f"/proc/{pid}/limits").read_text(), r"Max core file size\s+0\s+0\s")
        read = subprocess.run([*as_user, "dd", f"if=/proc/{pid}/mem", "bs=1", "count=1", "of=/dev/null"], capture_output=True)
        self.assertNotEqual(read.returncode, 0)
        if shutil.which("gcore"):
            dump = subprocess.run([*as_user, "gcore", "-o", "/tmp/aina-core", str(pid)], capture_output=True, text=True)
            self.assertNotEqual(dump.returncode, 0, dump.stdout)
            self.assertFalse(pathlib.Path(f"/tmp/aina-core.{pid}").exists())
        server.process.send_signal(signal.SIGSEGV)
        server.process.wait(20)
        server.close()
        self.assertTrue(wait_for(lambda: not list(place.base.rglob("core*")), 1))
        self.assertEqual([f for f in pathlib.Path.cwd().glob("core*") if f.is_file()], [])
        place.remove()


if __name__ == "__main__":
    unittest.main(verbosity=1)
