#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that people send, looked through by Debian's clamd with one hand-made signature; and by what only looks like clamd: absent, slow, ended in
the middle, speaking too early, not believed.

    scan.py CASE_DRIVER
"""
import os
import pathlib
import pwd
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DRIVER = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site
from served import ROOT
from uploads_client import Sender

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
DOCTOR, AUDITOR, BENEFITS, SECOND, HEAD, BOARD = 1, 5, 6, 7, 8, 11  # of the demonstration's roles; BENEFITS: who works on the cases filed here
SERVICE, FIELD = "soc.special-benefit", "work-history"


def pdf(inside=b"", size=1000):
    return b"%PDF-1.7\n" + inside + b"x" * size + b"\n%%EOF\n"


def drop_privilege():
    """clamd runs as nobody where the test is root."""
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}


class Clamd:
    def __init__(self, path):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-clamd-"))
        self.folder.chmod(0o755)
        (self.folder / "db").mkdir()
        (self.folder / "db/test.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
        conf = self.folder / "clamd.conf"
        conf.write_text(f"LocalSocket {path}\nLocalSocketMode 666\nDatabaseDirectory {self.folder}/db\nForeground yes\nStreamMaxLength 12M\n")
        self.process = subprocess.Popen([CLAMD, "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **drop_privilege())
        for _ in range(1600):
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(str(path))
                return
            except OSError:
                assert self.process.poll() is None, f"clamd ended with {self.process.returncode}"
                time.sleep(0.05)
        raise AssertionError("clamd does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder)


class Liar(threading.Thread):
    """Speaks INSTREAM, finds the EICAR test file, and does with any other file what `way` says; "late": finds a virus in what holds its name,
    when `go` is set."""

    def __init__(self, path, way):
        super().__init__(daemon=True)
        self.way, self.asked, self.go, self.talking = way, threading.Event(), threading.Event(), None
        pathlib.Path(path).unlink(missing_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        os.chmod(path, 0o666)
        self.listening.listen(5)
        self.start()

    def run(self):
        while True:
            try:
                s, _ = self.listening.accept()
            except OSError:
                return
            self.talking = s
            with s:
                try:
                    self.serve(s)
                except OSError:
                    pass

    def exactly(self, s, n):
        data = b""
        while len(data) < n:
            piece = s.recv(n - len(data))
            if not piece:
                raise OSError
            data += piece
        return data

    def serve(self, s):
        assert self.exactly(s, 10) == b"zINSTREAM\0"
        file = b""
        while n := struct.unpack(">I", self.exactly(s, 4))[0]:
            file += self.exactly(s, n)
            if not file.startswith(b"X5O!") and self.way in ("early", "dies", "slow"):
                self.asked.set()
                if self.way == "early":
                    s.sendall(b"stream: OK\0")
                    time.sleep(0.2)
                    return
                if self.way == "dies":
                    return
                s.recv(1 << 20)
                while s.recv(1 << 20):
                    pass
                return
        if file.startswith(b"X5O!") and self.way != "blind":
            s.sendall(b"stream: Eicar-Test FOUND\0")
        else:
            if self.way == "late" and b"Some.Virus" not in file:
                return  # one of before, tried again
            self.asked.set()
            if self.way == "late":
                self.go.wait(60)
            s.sendall({"late": b"stream: Some.Virus FOUND\0", "blind": b"stream: OK\0", "garbage": b"\xff\x00", "endless": b"stream: " + b"OK" * 1000}[self.way])

    def stop(self):
        self.listening.close()
        try:
            self.talking.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass


def setUpModule():
    global served, folder, path
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-scan-"))
    folder.chmod(0o777)
    path = folder / "clamd.ctl"
    shutil.copytree(ROOT / "jurisdictions/kz", folder / "kz")
    own = folder / "kz/jurisdiction.yaml"
    own.write_text(own.read_text() + "unscanned-files: wait\n")

    def named(s):
        with open(s.place / "aina.conf", "a") as conf:
            conf.write(f"clamd = {path}\n")

    served = site.Served(jurisdiction=folder / "kz", more=("--demo",), before=named)


def tearDownModule():
    served.stop()
    shutil.rmtree(folder)


def state(file):
    with sqlite3.connect(f"file:{served.place}/state.db?mode=ro", uri=True) as db:
        return db.execute("SELECT scan, (SELECT count(*) FROM case_attachment_part p WHERE p.id = a.id) FROM case_attachment a WHERE id = ?", (file,)).fetchone()


def until(file, wanted):
    for _ in range(1600):
        if state(file)[0] == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"file {file}: {state(file)}, not {wanted}")


NONE, FAILED, CLEAN, INFECTED = range(4)


class Scanned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = site.Client(served)
        cls.client.log_in(0)
        started = cls.client.fill(f"/services/{SERVICE}", f"/services/{SERVICE}/start")
        assert started.status == 303, started.html[-1000:]
        cls.sender = Sender(cls.client, SERVICE, FIELD)

    def send(self, content):
        got = self.sender.send(self.sender.body(content, "proof.pdf"))
        self.assertEqual(got.status, 303, got.words[-500:])
        return got.headers["Location"], re.fullmatch(rf"/me/files/{SERVICE}/{FIELD}\?sent=(\w{{26}})", got.headers["Location"])[1]

    def file(self, file):
        made = subprocess.run([DRIVER, served.place, SERVICE, served.numbers[0], "0", "birth-date=1970-01-01", f"{FIELD}={file} proof.pdf",
                               "account=KZ75125KZT2069100100"], capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        return made.stdout.strip()

    def desk(self, case, file):
        """The office's page of the case, and what it gets of the file."""
        office = site.Client(served)
        office.log_in(BENEFITS)
        page = office.get(f"/desk/cases/{case}")
        self.assertEqual(page.status, 200)
        self.assertEqual(strict.faults(page.html), [])
        return page.html, office.ask("GET", f"/desk/files/{case}/{file}")

    def test_by_something_else(self):
        for way in ("absent", "dies", "early", "garbage", "endless", "blind"):
            other = None if way == "absent" else Liar(path, way)
            began = time.monotonic()
            at, file = self.send(pdf(size=300000))
            until(file, FAILED)
            self.assertEqual(self.client.get(at).headers["Location"], f"/me/apply/{SERVICE}", way)
            self.assertEqual(state(file), (FAILED, 3), way)
            self.assertLess(time.monotonic() - began, 20, way)
            if other:
                self.assertTrue(other.asked.is_set())
                other.stop()
            path.unlink(missing_ok=True)
        case = self.file(file)
        html, got = self.desk(case, file)
        self.assertIn("it stays shut until then", html)
        self.assertNotIn(f"/desk/files/{case}/{file}", html)
        self.assertEqual(got.status, 503)
        self.assertIn("not looked through for viruses yet", got.html)

    def test_slow(self):
        slow = Liar(path, "slow")
        at, file = self.send(pdf(size=900000))
        self.assertTrue(slow.asked.wait(20))
        page = self.client.get(at)
        self.assertEqual((page.status, strict.faults(page.html)), (200, []))
        self.assertIn("Your file is being looked through", page.html)
        nobody = site.Client(served)
        self.assertEqual(nobody.get(at).status, 401)
        other, second = self.send(pdf())  # it is not waited for
        self.assertEqual(state(second)[0], NONE)
        self.assertEqual(self.client.get(at).status, 404)  # the field has another file now
        slow.stop()
        path.unlink()

    def test_the_office_is_told_and_no_other(self):
        """Filed while the scanner still reads it: both are told nevertheless."""
        def visitor(role, language="en"):
            client = site.Client(served, language)
            client.log_in(role)
            return client

        def shown(client, path="/desk/messages", status=200):
            page = client.get(path)
            self.assertEqual((page.status, strict.faults(page.html)), (status, []), path)
            return page.html

        late = Liar(path, "late")
        _, file = self.send(pdf(b"Some.Virus"))
        self.assertTrue(late.asked.wait(20))
        case = self.file(file)
        late.go.set()
        until(file, INFECTED)
        late.stop()
        path.unlink()
        size = served.settled()
        self.assertIn(f"{case}: a file was not kept, because the virus scanner found Some.Virus in it.", shown(self.client, "/me/messages"))
        for language, words, new in (("en", "a file was not kept", "Messages to the office: 1 new"), ("ru", "не сохранён", "новых — 1"), ("kk", "сақталмады", "1 жаңа")):
            clerk = visitor(BENEFITS, language)
            html = shown(clerk)
            self.assertIn(words, html)
            self.assertIn(f'href="/desk/cases/{case}"', html)
            for start in ("/desk", "/desk/cases"):
                self.assertIn(new, shown(clerk, start))
        clerk, second = visitor(BENEFITS), visitor(SECOND)
        message = re.search(r'name="message" value="(\w+)"', shown(clerk))[1]
        for role in (DOCTOR, BOARD, HEAD):
            stranger = visitor(role)
            self.assertNotIn(case, shown(stranger))
            token = next(a["value"] for f in stranger.forms("/desk") + stranger.forms("/desk/cases") for tag, a in f["fields"] if a.get("name") == "token")
            self.assertEqual(stranger.ask("POST", "/desk/messages", {"token": token, "message": message}).status, 403, role)  # a token is one form's
        self.assertEqual(visitor(AUDITOR).get("/desk/messages").status, 403)
        self.assertIn("1 new", shown(second, "/desk/cases"))
        form = next(f for f in clerk.forms("/desk/messages") if f["action"] == "/desk/messages")
        sent = {a["name"]: a["value"] for tag, a in form["fields"] if "name" in a}
        for _ in range(2):  # pressed twice is done once
            self.assertEqual(clerk.ask("POST", "/desk/messages", sent).headers["Location"], "/desk/messages")
        html = shown(second)  # of the office, not of one official
        self.assertIn(case, html)
        self.assertNotIn('name="message"', html)
        self.assertNotIn("1 new", shown(second, "/desk"))
        self.assertEqual(served.size(), size)  # nothing of a person was seen
        self.assertEqual(second.get(f"/desk/cases/{case}").status, 200)
        self.assertEqual(served.settled(), size + 1)

    @unittest.skipUnless(CLAMD, "clamav-daemon is not installed")
    def test_the_real_one(self):
        clamd = Clamd(path)
        try:
            for size in (1, 300000, 9 << 20):
                at, file = self.send(pdf(size=size))
                until(file, CLEAN)
                self.assertEqual(self.client.get(at).headers["Location"], f"/me/apply/{SERVICE}")
            case = self.file(file)
            html, got = self.desk(case, file)
            self.assertIn("nothing was found", html)
            self.assertEqual((got.status, got.sent), (200, len(pdf(size=9 << 20))))
            self.client.fill(f"/services/{SERVICE}", f"/services/{SERVICE}/start")
            before = served.size()
            at, file = self.send(pdf(EICAR, 300000))
            until(file, INFECTED)
            page = self.client.get(at)
            self.assertEqual((page.status, strict.faults(page.html)), (422, []))
            self.assertIn("The virus scanner found Eicar-Test.UNOFFICIAL in this file, so nothing of it was kept", page.html)
            self.assertEqual(state(file), (INFECTED, 0))
            self.assertEqual(served.size(), before + 1)  # an entry in the person's list
            looks = self.client.get("/me/looks")
            self.assertIn("A step in a case", looks.html)
            self.assertEqual(self.client.ask("GET", f"/me/files/{file}").status, 404)
        finally:
            clamd.stop()
            path.unlink(missing_ok=True)


class Stopping(unittest.TestCase):
    """After the others, by its name."""

    def test_ends_at_once_and_loses_nothing(self):
        slow = Liar(path, "slow")
        client = Scanned.client
        sender = Sender(client, SERVICE, FIELD)
        client.fill(f"/services/{SERVICE}", f"/services/{SERVICE}/start")
        got = sender.send(sender.body(pdf(size=900000), "proof.pdf"))
        file = got.headers["Location"][-26:]
        self.assertTrue(slow.asked.wait(20))
        began = time.monotonic()
        served.process.terminate()
        self.assertEqual(served.process.wait(20), 0)
        self.assertLess(time.monotonic() - began, 9)
        self.assertEqual(state(file)[1], 7)
        slow.stop()


if __name__ == "__main__":
    unittest.main()
