#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule 1: no trace, no data. Tried with a disk that takes 300 ms to confirm, with one that never does, and with a refusal.

    rule_1.py SHIM
"""
import http.client
import json
import os
import pathlib
import re
import socket
import sys
import threading
import time
import unittest

SHIM = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(os.environ["AINA_ROOT"]) / "tests/cli"))
from place import Place, Server, wait_for  # noqa: E402

DELAY = 0.3


def bad(fault, when=None):
    env = {"LD_PRELOAD": SHIM, "BAD_FAULT": fault, "BAD_FILES": "/entries-"}
    return env | ({"BAD_WHEN": str(when)} if when else {})


class Rule(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.doctor, self.policeman = self.place.doctor(), self.place.policeman()
        self.when = self.place.base / "when"

    def tearDown(self):
        self.place.remove()

    def look(self, server, i, token=None, **more):
        return server.call("POST", "/api/looks", token or self.doctor, self.place.look_words(i, **more))

    def values_of(self, server, i):
        answer, text = self.look(server, i)
        self.assertEqual(answer.status, 200, text)
        return [value for value in json.loads(text)["records"][0].values() if value and len(value) > 3]

    def arrivals(self, server, request):
        """Every piece of the answer with the time since the request was sent; the connection is closed by the server."""
        pieces = []
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            start = time.monotonic()
            connection.sendall(request)
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return pieces
                pieces.append((time.monotonic() - start, piece))

    def post(self, body, token):
        return (f"POST /api/looks HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()

    def cookie_of_a_person(self, server):
        """The demo's first button: a citizen."""
        origin = {"Origin": f"http://127.0.0.1:{server.port}", "Content-Type": "application/x-www-form-urlencoded"}
        answer, page = server.call("GET", "/demo")
        cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
        token = re.search(r'name="token" value="([^"]+)"', page)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("POST", "/demo", f"who=0&token={token[1] if token else ''}", origin | {"Cookie": "; ".join(cookies)})
        answer = connection.getresponse()
        text = answer.read()
        self.assertEqual(answer.status, 303, text)
        connection.close()
        cookies += [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
        return "; ".join({cookie.split("=")[0]: cookie for cookie in cookies}.values())  # the newest of each name


class Slow(Rule):
    def setUp(self):
        super().setUp()
        self.server = Server(self.place.folder, "--demo", env=bad(f"slow:{int(1000 * DELAY)}", self.when))

    def tearDown(self):
        self.assertEqual(self.server.stop(), 0)
        super().tearDown()

    def held(self, request, status):
        """While the disk is slow: the answer, of which nothing came too early."""
        pieces = self.arrivals(self.server, request)
        whole = b"".join(piece for _, piece in pieces)
        self.assertTrue(whole.startswith(f"HTTP/1.1 {status} ".encode()), whole[:200])
        if self.when.exists():
            self.assertGreaterEqual(pieces[0][0], DELAY * 0.95, "a byte of the answer came before the entry was durable")
        return whole

    def test_no_byte_before_the_entry_is_durable(self):
        for i in (0, 1):  # seen before: nothing but the log is waited for
            self.look(self.server, i)
        self.when.touch()
        for i in (0, 1):
            self.held(self.post(self.place.look_words(i), self.doctor), 200)
        refused = self.place.look_words(0, registry="clinic-attachment")
        self.held(self.post(refused, self.policeman), 403)
        self.when.unlink()
        took = []
        for _ in range(5):
            start = time.monotonic()
            self.look(self.server, 0)
            took.append(time.monotonic() - start)
        self.assertLess(min(took), DELAY, "without the slow disk there is nothing to wait for")

    def test_no_byte_of_a_page(self):
        """The person's own record, opened in the browser."""
        cookie = self.cookie_of_a_person(self.server)
        page = self.server.call("GET", "/me/data", headers={"Cookie": cookie})[1]
        token = re.search(r'action="/me/data/population".*?name="token" value="([^"]+)"', page)[1]
        body = f"token={token}"
        request = (f"POST /me/data/population HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nCookie: {cookie}\r\n"
                   f"Origin: http://127.0.0.1:{self.server.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                   f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()
        self.held(request, 200)
        self.when.touch()
        self.assertIn(b"/me/looks/", self.held(request, 200))

    def test_nothing_beside_the_answer_tells_of_it(self):
        """While it is held: what other callers can ask for, and what the operator's log says, do not know of the look."""
        self.look(self.server, 0)
        for _ in range(5):  # a busy machine may look too late
            if self.asked_meanwhile():
                return
        self.fail("every look was answered before the others could be asked")

    def asked_meanwhile(self):
        said, before = self.server.said(), self.server.call("GET", "/log/checkpoint")[1]
        done = []
        thread = threading.Thread(target=lambda: done.append(self.look(self.server, 0)[0]))
        self.when.touch()
        thread.start()
        time.sleep(DELAY / 3)
        after, also_said = self.server.call("GET", "/log/checkpoint")[1], self.server.said()
        in_time = done == []
        thread.join()
        self.when.unlink()
        self.assertEqual(done[0].status, 200)
        if in_time:
            # What came before it, or from the clock, may be in the log by now: the look is not.
            self.assertLessEqual(int(after.splitlines()[1]), int(done[0].headers["Aina-Entry"]))
            self.assertEqual(said, also_said)
        wait_for(lambda: self.server.call("GET", "/log/checkpoint")[1] != before)
        return in_time

    def test_a_hundred_at_once_are_all_held(self):
        self.look(self.server, 0)
        self.when.touch()
        early = []

        def one():
            start = time.monotonic()
            answer, text = self.look(self.server, 0)
            early.append((answer.status, time.monotonic() - start))

        threads = [threading.Thread(target=one) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({status for status, _ in early}, {200})
        self.assertGreaterEqual(min(took for _, took in early), DELAY * 0.95)


class Failing(Rule):
    def test_a_sync_that_fails_gives_503_without_data(self):
        server = Server(self.place.folder, env=bad("sync", self.when))
        values = self.values_of(server, 0)
        self.assertGreaterEqual(len(values), 3)
        self.when.touch()
        request = self.post(self.place.look_words(0), self.doctor)
        lengths = set()
        for _ in range(3):
            whole = b"".join(piece for _, piece in self.arrivals(server, request))
            self.assertTrue(whole.startswith(b"HTTP/1.1 503 "), whole[:200])
            for value in values:
                self.assertNotIn(value.encode(), whole)
            self.assertNotIn(b"Aina-Entry", whole)
            lengths.add(len(re.sub(rb"request:[0-9a-f]+", b"", whole)))
        for i in (1, 2):  # whoever it is about, the refusal is the same
            whole = b"".join(piece for _, piece in self.arrivals(server, self.post(self.place.look_words(i), self.doctor)))
            self.assertTrue(whole.startswith(b"HTTP/1.1 503 "))
        self.assertTrue(wait_for(lambda: server.call("GET", "/healthz")[0].status == 503))
        self.assertEqual(server.stop(), 1)
        for value in values:
            self.assertNotIn(value, server.said())

    def test_a_refused_look_is_in_the_list_too(self):
        server = Server(self.place.folder)
        answer, text = self.look(server, 0, self.policeman, registry="clinic-attachment")
        self.assertEqual(answer.status, 403, text)
        refused = json.loads(text)
        self.assertNotIn("records", refused)
        self.assertEqual(server.stop(), 0)
        server = Server(self.place.folder)  # and stays there
        listed = json.loads(server.call("GET", "/api/me/entries", self.place.person(0))[1])["entries"]
        mine = [entry for entry in listed if entry["leaf"] == refused["entry"]]
        self.assertEqual([entry["entry"]["outcome"] for entry in mine], ["refused"])
        self.assertTrue(mine[0]["entry"]["reason"])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
