#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that people send, by those who send them badly: many at once, huge, cut off, of another kind, in forms from elsewhere; and what the
server needs for it."""
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import walk as site
from served import ROOT
from uploads_client import LINE, Sender, answer

PEOPLE, EACH = 4, 16  # 64 uploads at a time, 16 of one person: case/attachment.h
MEMORY = 96 << 10  # KiB
SANITIZED = "asan" in site.Served.__init__.__globals__["AINA"]


def setUpModule():
    global served, folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-uploads-"))
    shutil.copytree(ROOT / "jurisdictions/kz", folder / "kz")
    demo = folder / "kz/demo.yaml"
    citizen = '  - as: person\n    name: {kk: "Азамат", ru: "Гражданин", en: "A citizen"}\n    about: {kk: "Жіберуші", ru: "Отправитель", en: "Sends files"}\n'
    demo.write_text(demo.read_text().replace("roles:\n", "roles:\n" + citizen * (PEOPLE - 1), 1))
    served = site.Served(jurisdiction=folder / "kz", more=("--demo",))


def tearDownModule():
    served.stop()
    shutil.rmtree(folder)


def kept(what="case_attachment_part"):
    with sqlite3.connect(f"file:{served.place}/state.db?mode=ro", uri=True) as state:
        return state.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


class Person(Sender):
    """Somebody with a passport application, and the form that sends its photo."""

    def __init__(self, who):
        client = site.Client(served)
        client.log_in(who)
        started = client.fill("/services/id.passport", "/services/id.passport/start")
        assert started.status == 303, started.html[-2000:]
        super().__init__(client, "id.passport", "photo")


def photo(size):
    return b"\xff\xd8\xff\xe0" + bytes(range(256)) * (size // 256) + b"\xff\xd9"


def memory():
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{served.process.pid}/status").read_text())[1])


def in_hand(n):
    """Waits until so many bytes' parts are sealed in the state: then the server has read what was sent."""
    for _ in range(2400):
        if kept() >= n:
            return
        time.sleep(0.05)
    raise AssertionError(f"{kept()} parts stand in the state, {n} were sent")


class Badly(unittest.TestCase):
    def setUp(self):
        self.person = Person(0)

    def refused(self, got, status, words):
        self.assertEqual(got.status, status, got.words[-500:])
        self.assertIn(words, got.words)

    def test_what_is_refused_leaves_nothing(self):
        person, before = self.person, (kept(), kept("case_attachment"))
        big = photo(4 << 20)
        self.refused(person.send(person.body(b"MZ" + big)), 422, "of a kind that is taken here")
        self.refused(person.send(person.body(big[:-2])), 422, "of a kind that is taken here")
        self.refused(person.send(person.body(photo(5 << 20))), 413, "too large")
        self.refused(person.send(person.body(photo(30 << 20))), 413, "At most")
        self.refused(person.send(person.body(photo(1000), end="")), 422, "did not come whole")
        self.refused(person.send(person.body(photo(1000), end=f"\r\n--{LINE}")), 422, "did not come whole")
        self.refused(person.send(person.body(photo(300000), token="x" * 43)), 403, "form is too old")
        self.refused(person.send(b"no form at all"), 403, "form is too old")
        self.assertIn(person.send(b"\r\n".join([person.body(photo(300000), end=""), person.body(photo(1000))])).status, (403, 422))
        file_first = person.body(photo(300000)).split(f"--{LINE}\r\n".encode())
        self.refused(person.send(f"--{LINE}\r\n".encode() + file_first[2][:-len(LINE) - 6] + f"--{LINE}\r\n".encode() + file_first[1] + f"--{LINE}--\r\n".encode()), 403, "form is too old")
        self.assertEqual((kept(), kept("case_attachment")), before)

    def test_one_who_leaves_in_the_middle_leaves_nothing(self):
        before = kept()
        with self.person.open() as s:
            s.sendall(self.person.head(3 << 20) + self.person.body(photo(1 << 20), end=""))
            in_hand(before + 7)
        for _ in range(1600):
            if kept() == before:
                break
            time.sleep(0.05)
        self.assertEqual(kept(), before)

    def test_in_chunks_without_length_and_once_more(self):
        body, parts = self.person.body(photo(700001)), kept()
        chunked = b"".join(b"%x\r\n" % len(body[i:i + 9999]) + body[i:i + 9999] + b"\r\n" for i in range(0, len(body), 9999)) + b"0\r\n\r\n"
        got = self.person.send(chunked, None)
        self.assertEqual((got.status, got.headers["Location"]), (303, "/me/apply/id.passport"))
        file = re.search(r'value="(\w{26}) photo.jpg"', self.person.client.get("/me/apply/id.passport/photo").html)[1]
        back = self.person.client.ask("GET", f"/me/files/{file}")
        self.assertEqual(back.sent, len(photo(700001)))
        self.assertEqual(self.person.send(self.person.body(photo(1000), "second.jpg")).status, 303)
        self.assertEqual(self.person.client.ask("GET", f"/me/files/{file}").status, 404)  # the field has another file now
        self.assertLessEqual(kept(), parts + 1)

    def test_a_session_that_ended_on_the_way(self):
        before = kept("case_attachment")
        body = self.person.body(photo(400000))
        with self.person.open() as s:
            s.sendall(self.person.head(len(body)) + body[:300000])
            in_hand(1)
            out = self.person.client.fill("/me", "/logout")
            self.assertIn(out.status, (303, 200))
            s.sendall(body[300000:])
            self.assertEqual(answer(s).status, 401)
        self.assertEqual(kept("case_attachment"), before)


class Many(unittest.TestCase):
    def test_sixty_four_at_once_and_no_more(self):
        people = [Person(who) for who in range(PEOPLE)]
        half = photo(4 << 20)
        cut = 400000
        before, open_ = kept(), []
        try:
            for person in people:
                for _ in range(EACH):
                    s = person.open()
                    open_.append((s, person))
                    s.sendall(person.head(len(person.body(half))) + person.body(half)[:cut])
            in_hand(before + len(open_) * (cut // (128 << 10)))
            resident = memory()
            print(f"memory while {len(open_)} files of 4 MiB are on their way: {resident / 1024:.1f} MiB", flush=True)
            if not SANITIZED:
                self.assertLess(resident, MEMORY)
            more = people[0].send(people[0].body(photo(1000)))
            self.assertEqual((more.status, more.headers["Retry-After"]), (503, "1"))
            self.assertIn("Many files are being sent", more.words)
            self.assertEqual(people[0].client.get("/me").status, 200)  # everything else goes on
            s, person = open_.pop()
            s.sendall(person.body(half)[cut:])
            self.assertEqual(answer(s).status, 303)
            s.close()
        finally:
            for s, _ in open_:
                s.close()
        for _ in range(1600):
            if kept() <= before + 33:
                break
            time.sleep(0.05)
        self.assertLessEqual(kept(), before + 33, pathlib.Path(served.errors.name).read_text()[-3000:])  # of the one that was sent whole
        self.assertEqual(people[0].send(people[0].body(photo(1000))).status, 303)  # and there is room again


if __name__ == "__main__":
    unittest.main()
