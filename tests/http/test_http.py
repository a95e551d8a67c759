#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the test server (first argument) over raw sockets: hostile requests, deadlines, limits, held replies, stop."""
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SERVER = sys.argv.pop(1)
ROOT = pathlib.Path(os.environ.get("AINA_ROOT", pathlib.Path(__file__).resolve().parents[2]))


class Server:
    """The test server with options; commands go to its standard input."""

    def __init__(self, *options):
        self.process = subprocess.Popen([SERVER, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def tell(self, command, last="done"):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().strip()) != last:
            if not line and self.process.poll() is not None:
                raise AssertionError(f"server died: {self.process.returncode}")
            lines.append(line)
        return "\n".join(lines)

    def stop(self, milliseconds=500):
        if self.process.poll() is None:
            try:
                self.tell(f"stop {milliseconds}", last="stopped")
            except (BrokenPipeError, AssertionError):
                pass
        code = self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")

    def connect(self, timeout=5.0):
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        return s


def read_all(s, seconds=2.0):
    """What comes until the end or `seconds`; the second value tells whether the end was seen."""
    data, end = bytearray(), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            piece = s.recv(65536)
        except socket.timeout:
            return bytes(data), False
        except (ConnectionResetError, BrokenPipeError):
            return bytes(data), True
        if not piece:
            return bytes(data), True
        data += piece
    return bytes(data), False


def read_answer(s, seconds=5.0, head=False):
    """One whole answer: status, headers, body."""
    s.settimeout(seconds)
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(1)
        if not piece:
            raise AssertionError(f"closed after {data!r}")
        data += piece
    top, _, body = data.partition(b"\r\n\r\n")
    lines = top.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    want, body = 0 if head else int(headers.get("content-length", 0)), bytearray(body)
    while len(body) < want:
        piece = s.recv(want - len(body))
        if not piece:
            raise AssertionError("body cut off")
        body += piece
    return int(lines[0].split()[1]), headers, bytes(body)


def ask(server, method, path, headers="", body=b"", host="Host: x\r\n"):
    with server.connect() as s:
        s.sendall(f"{method} {path} HTTP/1.1\r\n{host}{headers}\r\n".encode() + body)
        return read_answer(s, head=method == "HEAD")


SMUGGLED = b"GET /echo/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def post(headers, body):
    return b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" + headers + b"\r\n" + body


def get(headers, target=b"/plain", version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\nHost: x\r\n" + headers + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"
# name, bytes, what the library lets this room see: "refused" here, else "one": at most one answer.
HOSTILE = [
    ("CL+TE", post(b"Content-Length: 3\r\n" + CHUNKED, b"0\r\n\r\n"), "refused"),
    ("TE: xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), "refused"),
    ("TE: gzip, chunked +CL", post(b"Content-Length: 3\r\nTransfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), "refused"),
    ("TE chunked, identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), "refused"),
    ("two TE", post(CHUNKED + CHUNKED, b"0\r\n\r\n"), "refused"),
    ("TE in HTTP/1.0", get(CHUNKED, version=b"HTTP/1.0") + b"0\r\n\r\n", "refused"),
    ("dup CL differing", post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"a=1"), "refused"),
    ("dup CL equal", post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"a=1"), "refused"),
    ("CL +3", post(b"Content-Length: +3\r\n", b"a=1"), "refused"),
    ("CL -1", post(b"Content-Length: -1\r\n", b""), "refused"),
    ("CL 0x3", post(b"Content-Length: 0x3\r\n", b"a=1"), "refused"),
    ("CL 3,3", post(b"Content-Length: 3,3\r\n", b"a=1"), "refused"),
    ("space before colon", get(b"X-A : 1\r\n"), "refused"),
    ("obs-fold TE", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), "one"),
    ("bare LF lines", b"GET /plain HTTP/1.1\nHost: x\n\n", "one"),
    ("bare CR in hdr", get(b"X-A: a\rX-B: b\r\n"), "refused"),
    ("NUL in hdr", get(b"X-A: a\0b\r\n"), "one"),
    ("chunk 0x3", post(CHUNKED, b"0x3\r\na=1\r\n0\r\n\r\n"), "refused"),
    ("chunk +3", post(CHUNKED, b"+3\r\na=1\r\n0\r\n\r\n"), "refused"),
    ("chunk ext bare LF", post(CHUNKED, b"3;a\na=1\r\n0\r\n\r\n"), "one"),
    ("chunk bad term", post(CHUNKED, b"3\r\na=1XX0\r\n\r\n"), "refused"),
    ("chunk size huge", post(CHUNKED, b"ffffffffffffffffff\r\na=1\r\n0\r\n\r\n"), "refused"),
    ("no Host 1.1", b"GET /plain HTTP/1.1\r\n\r\n", "refused"),
    ("two Hosts", get(b"Host: y\r\n"), "refused"),
    ("HTTP/1.2x version", get(b"", version=b"HTTP/1.2x"), "refused"),
    ("space in target", get(b"", target=b"/pl ain"), "refused"),
    ("hdr name ctrl", get(b"X\x01A: 1\r\n"), "refused"),
    ("empty hdr name", get(b": 1\r\n"), "one"),
    ("100 KB header", get(b"X-A: " + b"a" * 100_000 + b"\r\n"), "refused"),
    ("2000 headers", get(b"".join(b"X-%d: 1\r\n" % i for i in range(2000))), "refused"),
    ("65 headers", get(b"".join(b"X-%d: 1\r\n" % i for i in range(65))), "refused"),
    ("URI 64KB", get(b"", target=b"/" + b"a" * 65536), "refused"),
    ("URI 4000 slashes", get(b"", target=b"/" * 4000), "answered"),
    ("control in target", get(b"", target=b"/\x01"), "refused"),
    ("8-bit in target", get(b"", target=b"/\xff"), "refused"),
    ("fragment in target", get(b"", target=b"/plain#x"), "refused"),
    ("bad host", b"GET /plain HTTP/1.1\r\nHost: a/b\r\n\r\n", "refused"),
    ("unknown method", b"BREW /plain HTTP/1.1\r\nHost: x\r\n\r\n", "refused"),
    ("TRACE", b"TRACE /plain HTTP/1.1\r\nHost: x\r\n\r\n", "refused"),
    ("CONNECT", b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "refused"),
    ("small letters in the method", b"get /plain HTTP/1.1\r\nHost: x\r\n\r\n", "refused"),
    ("HTTP/2.0", get(b"", version=b"HTTP/2.0"), "refused"),
    ("HTTP/0.9", b"GET /plain\r\n\r\n", "refused"),
    ("absolute, another host", get(b"", target=b"http://y/plain"), "refused"),
    ("absolute, with a user", get(b"", target=b"http://a@x/plain"), "refused"),
    ("absolute, another scheme", get(b"", target=b"ftp://x/plain"), "refused"),
    ("no path", get(b"", target=b"plain"), "refused"),
    ("asterisk", get(b"", target=b"*"), "refused"),
    ("no Host 1.0", b"GET /plain HTTP/1.0\r\n\r\n", "refused"),
    ("empty Host", b"GET /plain HTTP/1.1\r\nHost: \r\n\r\n", "refused"),
]
# nginx reads these and writes them anew, well formed, before it passes them on.
NGINX_MENDS = {"bare LF lines", "chunk ext bare LF", "absolute, another host", "absolute, another scheme"}
# nginx passes these on, we refuse them, and its connection to the client stays: the request behind is answered too.
NGINX_STAYS = {"65 headers", "URI 4000 slashes", "8-bit in target", "fragment in target", "unknown method"}


def send_hostile(port, data, want, seconds=1.2):
    """With a second request behind it, unless the first is one that a lenient reader may answer and go on."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        try:
            s.sendall(data if want == "one" else data + SMUGGLED)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer, ended = read_all(s, seconds)
    # libmicrohttpd 0.9.75 writes the head of its own 400 twice; it is one answer all the same.
    head = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return answer.replace(head + head, head, 1), ended


def statuses(data):
    return [int(x) for x in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_direct(self):
        for name, data, want in HOSTILE:
            with self.subTest(name):
                answer, ended = send_hostile(self.server.port, data, want)
                codes = statuses(answer)
                if want == "answered":
                    self.assertEqual(codes[:1], [404])
                    continue
                self.assertLessEqual(len(codes), 1, answer[:400])
                self.assertNotIn(b"part=[smuggled]", answer)
                if want == "refused":
                    self.assertTrue(ended, f"still open after {answer[:200]!r}")
                    self.assertTrue(codes and codes[0] >= 400, answer[:200])
                    self.assertRegex(answer, rb"(?i)\r\nconnection: close\r\n")

    def test_what_is_refused_says_why_and_to_programs_as_a_problem(self):
        long = b"X-A: " + b"a" * 9000 + b"\r\n"
        for name, data, code, words in (("no Host", b"GET %s HTTP/1.1\r\n\r\n", 400, b"Exactly one Host"), ("space", get(b"", target=b"%s a"), 400, b"not allowed"),
                                        ("long", get(long, target=b"%s"), 431, b"At most 64 headers"), ("TRACE", b"TRACE %s HTTP/1.1\r\nHost: x\r\n\r\n", 501, b"method"),
                                        ("CL+TE", get(b"Content-Length: 3\r\n" + CHUNKED, target=b"%s"), 400, b"does not go with"),
                                        ("elsewhere", get(b"", target=b"http://y%s"), 400, b"different hosts")):
            for path, kind in ((b"/api/json", b"application/problem+json"), (b"/plain", b"text/plain")):
                with self.subTest(name, path=path):
                    answer, ended = send_hostile(self.server.port, data.replace(b"%s", path), "refused")
                    self.assertEqual((statuses(answer), ended), ([code], True), answer[:300])
                    head, _, body = answer.partition(b"\r\n\r\n")
                    self.assertIn(b"Content-Type: " + kind, head)
                    self.assertIn(words, body)
                    if kind != b"text/plain":
                        self.assertEqual(json.loads(body)["status"], code)


class Plain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("proxy=1")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_standard_headers(self):
        for path in ("/plain", "/nowhere", "/page"):
            _, headers, _ = ask(self.server, "GET", path)
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertIn("referrer-policy", headers)
            self.assertIn("date", headers)

    def test_head(self):
        status, headers, body = ask(self.server, "HEAD", "/plain")
        self.assertEqual((status, headers["content-length"], body), (200, "6", b""))

    def test_methods(self):
        status, headers, _ = ask(self.server, "DELETE", "/plain")
        self.assertEqual((status, headers["allow"]), (405, "GET, HEAD, OPTIONS"))
        status, headers, _ = ask(self.server, "OPTIONS", "/form")
        self.assertEqual((status, headers["allow"]), (204, "POST, OPTIONS"))
        self.assertEqual(ask(self.server, "OPTIONS", "*")[0], 204)

    def test_an_address_in_absolute_form(self):
        for target in ("http://x/echo/a", "https://x/echo/a", "HTTP://X/echo/a?q=1"):
            status, _, body = ask(self.server, "GET", target)
            self.assertEqual(status, 200, target)
            self.assertIn(b"part=[a]", body)
        self.assertEqual(ask(self.server, "GET", "http://x")[2], b"hello\n")
        self.assertIn(b"q=[1]", ask(self.server, "GET", "http://x/echo/b?q=1")[2])
        self.assertEqual(ask(self.server, "GET", "http://x:80/echo/a", host="Host: x:80\r\n")[0], 200)
        self.assertEqual(ask(self.server, "GET", "http://x/echo/..")[0], 400)

    def test_unknown_and_slash(self):
        self.assertEqual(ask(self.server, "GET", "/nowhere")[0], 404)
        status, headers, _ = ask(self.server, "GET", "/plain/?a=b")
        self.assertEqual((status, headers["location"]), (308, "/plain?a=b"))
        self.assertEqual(ask(self.server, "GET", "//plain")[0], 404)
        self.assertEqual(ask(self.server, "GET", "//evil.example/")[0], 404)

    def test_routes_and_decoding(self):
        echo = lambda path: ask(self.server, "GET", path)
        self.assertIn("part=[аб]".encode(), echo("/echo/%D0%B0%D0%B1")[2])
        self.assertEqual(echo("/echo/literal")[2], b"hello\n")
        self.assertIn(b"part=[a/b/c]", echo("/rest/a/b/c")[2])
        self.assertIn(b"q=[1 2+3]", echo("/echo/x?q=1+2%2B3")[2])
        self.assertIn(b"q=[%41]", echo("/echo/x?q=%2541")[2])
        for bad in ("/echo/%", "/echo/%zz", "/echo/%00", "/echo/a%2Fb", "/echo/..", "/echo/%2e%2e", "/echo/%C0%AF",
                    "/echo/x?q=%", "/echo/x?q=%00", "/echo/x?q=%ED%A0%80", "/echo/x?%ff=1"):
            self.assertEqual(echo(bad)[0], 400, bad)

    def test_bodies(self):
        form = "Content-Type: application/x-www-form-urlencoded\r\n"
        status, _, body = ask(self.server, "POST", "/form", form + "Content-Length: 7\r\n", b"a=1&a=2")
        self.assertEqual(status, 200)
        self.assertIn(b"a=[1]\na=[2]\nbody=7", body)
        chunks = b"3\r\na=1\r\n2\r\n&b\r\n0\r\n\r\n"
        self.assertIn(b"b=[]\nbody=5", ask(self.server, "POST", "/form", form + "Transfer-Encoding: chunked\r\n", chunks)[2])
        self.assertEqual(ask(self.server, "POST", "/form", form + "Content-Length: 4097\r\n")[0], 413)
        big = b"1001\r\n" + b"a" * 4097 + b"\r\n0\r\n\r\n"
        self.assertEqual(ask(self.server, "POST", "/form", form + "Transfer-Encoding: chunked\r\n", big)[0], 413)
        self.assertEqual(ask(self.server, "POST", "/form", "Content-Length: 3\r\n", b"a=1")[0], 415)
        self.assertEqual(ask(self.server, "POST", "/form", form + "Content-Length: 4\r\n", b"a=%f")[0], 400)
        self.assertEqual(ask(self.server, "POST", "/api/json", form + "Content-Length: 3\r\n", b"a=1")[0], 415)
        status, headers, _ = ask(self.server, "POST", "/form", form + "Content-Encoding: gzip\r\nContent-Length: 3\r\n", b"a=1")
        self.assertEqual((status, headers["accept-encoding"]), (415, "identity"))
        self.assertEqual(ask(self.server, "POST", "/form", form + "Content-Encoding: identity\r\nContent-Length: 3\r\n", b"a=1")[0], 200)
        self.assertEqual(ask(self.server, "POST", "/stream", "Content-Encoding: gzip\r\nContent-Length: 3\r\n", b"abc")[0], 415)
        self.assertEqual(ask(self.server, "POST", "/empty", "Content-Length: 3\r\n", b"a=1")[0], 413)
        self.assertEqual(ask(self.server, "POST", "/empty", "Content-Length: 0\r\n")[0], 200)
        self.assertEqual(ask(self.server, "GET", "/plain", "Content-Length: 3\r\n", b"a=1")[0], 413)
        many = "&".join(["a"] * 257).encode()
        self.assertEqual(ask(self.server, "POST", "/form", form + f"Content-Length: {len(many)}\r\n", many)[0], 400)
        large = b"x" * 300000
        self.assertIn(b"body=300000", ask(self.server, "POST", "/bytes", "Content-Length: 300000\r\n", large)[2])

    def streams(self):
        return re.fullmatch(rb"begun=(\d+) ended=(\d+) bytes=(\d+)", ask(self.server, "GET", "/streams")[2]).groups()

    def test_a_body_in_pieces(self):
        large = b"x" * 2999999
        self.assertEqual(ask(self.server, "POST", "/stream", "Content-Length: 2999999\r\n", large)[2], b"taken=2999999 body=0")
        chunks = b"".join(b"%x\r\n" % len(p) + p + b"\r\n" for p in (b"a" * 70000, b"b", b"c" * 30)) + b"0\r\n\r\n"
        self.assertEqual(ask(self.server, "POST", "/stream", "Transfer-Encoding: chunked\r\n", chunks)[2], b"taken=70031 body=0")
        self.assertEqual(ask(self.server, "POST", "/stream", "Content-Length: 0\r\n")[2], b"taken=0 body=0")
        # Refused in the head or on the way: who sends all of it reads the answer, and the connection goes on.
        for path, length, body, status in (("/stream?refuse", 2000000, b"x" * 2000000, 503), ("/stream?refuse=%zz", 9, b"x" * 9, 400),
                                           ("/stream", 2000004, b"stop" + b"x" * 2000000, 422), ("/stream", 3000001, b"x" * 3000001, 413)):
            with self.server.connect() as s:
                s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode() + body)
                self.assertEqual(read_answer(s)[0], status, path)
                s.sendall(b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(read_answer(s)[0], 200)
        over = b"2dc6c1\r\n" + b"y" * 3000001 + b"\r\n0\r\n\r\n"
        self.assertEqual(ask(self.server, "POST", "/stream", "Transfer-Encoding: chunked\r\n", over)[0], 413)
        self.assertEqual(ask(self.server, "POST", "/stream", "Content-Length: 70000000\r\n")[0], 413)  # nobody waits for that
        # A sender that leaves ends its stream.
        with self.server.connect() as s:
            s.sendall(b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"z" * 1000)
            for _ in range(1000):
                begun, ended, _ = self.streams()
                if int(begun) == int(ended) + 1:
                    break
                time.sleep(0.05)
            self.assertEqual(int(begun), int(ended) + 1)
        self.all_have_ended()

    def all_have_ended(self):
        for _ in range(1000):
            begun, ended, _ = self.streams()
            if begun == ended:
                break
            time.sleep(0.05)
        self.assertEqual(begun, ended)

    def test_senders_who_leave_with_their_last_bytes(self):
        """What came and the end of it are one event of epoll: none may be waited for until its deadline."""
        before, overdue = int(self.streams()[0]), self.overdue()
        for _ in range(40):
            with self.server.connect() as s:
                s.sendall(b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"z" * 1000)
        for _ in range(1000):
            if int(self.streams()[0]) >= before + 40:
                break
            time.sleep(0.05)
        self.assertEqual(int(self.streams()[0]), before + 40)
        self.all_have_ended()
        self.assertEqual(self.overdue(), overdue)

    def overdue(self):
        return int(re.search(r"^aina_http_overdue_total (\d+)$", self.server.tell("metrics", last="end"), re.M)[1])

    def test_cookies_and_client(self):
        body = ask(self.server, "GET", "/echo/x", "Cookie: session=abc; other=1\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n")[2]
        self.assertIn(b"cookies=1 abc", body)
        self.assertIn(b"client=192.0.2.7", body)
        self.assertIn(b"https=1", body)
        self.assertIn(b"client=127.0.0.1", ask(self.server, "GET", "/echo/x", "X-Real-IP: <script>\r\n")[2])
        self.assertIn(b"cookies=2", ask(self.server, "GET", "/echo/x", "Cookie: session=a\r\nCookie: session=b\r\n")[2])
        status, headers, _ = ask(self.server, "POST", "/cookie")
        self.assertEqual(status, 303)
        self.assertEqual(headers["set-cookie"], "__Host-s=v1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")

    def test_same_origin(self):
        for headers, want in (("", 0), ("Sec-Fetch-Site: same-origin\r\n", 1), ("Sec-Fetch-Site: cross-site\r\nOrigin: http://x\r\n", 0),
                              ("Origin: http://x\r\n", 1), ("Origin: https://x\r\n", 0), ("Origin: http://xy\r\n", 0),
                              ("Origin: null\r\n", 0), ("Sec-Fetch-Site: same-site\r\n", 0), ("Sec-Fetch-Site: none\r\n", 0)):
            self.assertIn(f"same_origin={want}".encode(), ask(self.server, "GET", "/echo/x", headers)[2], headers)

    def test_errors(self):
        _, headers, body = ask(self.server, "GET", "/nowhere", "Accept: text/html\r\n")
        self.assertTrue(headers["content-type"].startswith("text/html"))
        self.assertIn(b"<h1>404 not-found", body)
        for path, accept in (("/api/nowhere", "text/html"), ("/nowhere", "application/json")):
            _, headers, body = ask(self.server, "GET", path, f"Accept: {accept}\r\n")
            self.assertEqual(headers["content-type"], "application/problem+json")
            self.assertIn(b'"status":404', body)
        status, _, body = ask(self.server, "GET", "/api/refused")
        self.assertEqual(status, 403)
        self.assertIn(b'Refused, and \\"logged\\".', body)

    def test_an_answer_that_is_too_large(self):
        status, headers, body = ask(self.server, "GET", "/huge")
        self.assertEqual((status, headers["content-type"]), (500, "text/plain; charset=utf-8"))
        self.assertIn(b"ask for less at a time", body)
        status, headers, body = ask(self.server, "GET", "/api/huge")
        self.assertEqual((status, headers["content-type"]), (500, "application/problem+json"))
        self.assertEqual(json.loads(body)["type"], "urn:aina:problem:too-large")
        self.assertEqual(ask(self.server, "GET", "/plain")[0], 200)

    def test_a_line_end_in_a_header_is_our_fault(self):
        status, headers, _ = ask(self.server, "GET", "/fault")
        self.assertEqual(status, 500)
        self.assertNotIn("injected", headers)

    def test_gzip(self):
        status, headers, body = ask(self.server, "GET", "/page", "Accept-Encoding: br, gzip\r\n")
        self.assertEqual((status, headers["content-encoding"], headers["vary"]), (200, "gzip", "Accept-Encoding"))
        self.assertEqual(gzip.decompress(body), ask(self.server, "GET", "/page")[2])
        self.assertNotIn("content-encoding", ask(self.server, "GET", "/page", "Accept-Encoding: gzip;q=0\r\n")[1])
        self.assertNotIn("content-encoding", ask(self.server, "GET", "/plain", "Accept-Encoding: gzip\r\n")[1])

    def test_assets(self):
        _, headers, body = ask(self.server, "GET", "/asset")
        self.assertEqual((body, headers["etag"], headers["cache-control"]), (b"body{}", 'W/"abc"', "public, max-age=31536000, immutable"))
        self.assertEqual(ask(self.server, "GET", "/asset", "Accept-Encoding: gzip\r\n")[2], b"GZIPPED")
        self.assertEqual(ask(self.server, "GET", "/asset", 'If-None-Match: "x", W/"abc"\r\n')[0], 304)

    def test_pipeline_keeps_order(self):
        with self.server.connect() as s:
            s.sendall(b"".join(get(b"", target=t) for t in (b"/held", b"/plain", b"/held", b"/echo/last")))
            bodies = [read_answer(s)[2] for _ in range(4)]
        self.assertIn(b"position", bodies[0])
        self.assertEqual(bodies[1], b"hello\n")
        self.assertIn(b"position", bodies[2])
        self.assertIn(b"part=[last]", bodies[3])

    def test_metrics(self):
        ask(self.server, "GET", "/plain")
        text = self.server.tell("metrics", last="end") and self.server.tell("metrics", last="end")
        self.assertRegex(text, r'aina_http_requests_total\{route="/plain",method="GET",class="2xx"\} \d+')
        self.assertIn('aina_http_request_seconds_bucket{le="+Inf"}', text)

    def test_expect_continue(self):
        with self.server.connect() as s:
            s.sendall(b"POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(read_answer(s)[0], 100)
            s.sendall(b"abc")
            self.assertEqual(read_answer(s)[0], 200)


class Limits(unittest.TestCase):
    def serve(self, *options):
        server = Server(*options)
        self.addCleanup(server.stop)
        return server

    def test_slow_drip(self):
        server = self.serve("ms=1000")
        for name, first, drip in (("head", b"GET /plain HTTP/1.1\r\nHost: x\r\n", b"X: 1\r\n"),
                                  ("request line", b"GET /", b"a"),
                                  ("body", b"POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", b"a"),
                                  ("silent", b"", b""),
                                  ("second head", get(b"") + b"GET /", b"a")):
            with self.subTest(name), server.connect() as s:
                started, answer = time.monotonic(), b""
                s.sendall(first)
                open_still = True
                while open_still and time.monotonic() - started < 6:
                    try:
                        s.sendall(drip)
                    except (BrokenPipeError, ConnectionResetError):
                        break
                    piece, ended = read_all(s, 0.1)
                    answer, open_still = answer + piece, not ended
                self.assertLess(time.monotonic() - started, 4)
                wanted = {"silent": [], "second head": [200, 408]}.get(name, [408])
                self.assertIn(statuses(answer), (wanted, wanted[:-1]))  # what was sent meanwhile may cut the answer off

    def test_a_sender_too_slow_is_told(self):
        server = self.serve("ms=500")
        for data, codes in ((b"GET /plain HTTP/1.1\r\nHost: x\r\n", [408]), (b"GET /pl", [408]),
                            (b"POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", [408]), (b"", []), (get(b""), [200])):
            with self.subTest(data[:30]), server.connect() as s:
                s.sendall(data)
                answer, ended = read_all(s, 10)
                self.assertEqual((statuses(answer), ended), (codes, True), answer)
                if 408 in codes:
                    head, _, body = answer[answer.rindex(b"HTTP/1.1 408"):].partition(b"\r\n\r\n")
                    self.assertIn(b"Connection: close", head)
                    self.assertIn(b"Content-Length: %d" % len(body), head)

    def test_idle_is_ended(self):
        server = self.serve("ms=700")
        with server.connect() as s:
            s.sendall(get(b""))
            self.assertEqual(read_answer(s)[0], 200)
            self.assertTrue(read_all(s, 4)[1])

    def test_a_client_that_does_not_read(self):
        server = self.serve("write_ms=700")
        with server.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(0.2)
            try:
                for _ in range(2000):
                    s.sendall(get(b"", target=b"/page"))
            except (socket.timeout, ConnectionError):
                pass
            for _ in range(400):
                if "aina_http_connections 0" in (figures := server.tell("metrics", last="end")):
                    break
                time.sleep(0.05)
            self.assertIn("aina_http_connections 0", figures)

    def test_a_slow_reader_gets_time_by_what_there_is_to_read(self):
        server = self.serve("write_ms=200")
        with server.connect() as s:
            s.sendall(get(b"Connection: close\r\n", target=b"/large"))
            time.sleep(1.2)
            answer, ended = read_all(s, 100)
        self.assertTrue(ended)
        self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), 24 << 20)

    def test_a_slow_sender_gets_time_by_what_there_is_to_send(self):
        server = self.serve("ms=300")
        with server.connect() as s:
            s.sendall(b"POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
            for _ in range(3):
                s.sendall(b"x" * 100000)
                time.sleep(0.4)
            self.assertEqual(read_answer(s)[0], 200)

    def test_per_client(self):
        server = self.serve("per_client=3")
        kept = [server.connect() for _ in range(3)]
        for s in kept:
            s.sendall(get(b""))
            self.assertEqual(read_answer(s)[0], 200)
        with server.connect() as s:
            self.assertEqual(statuses(read_all(s, 3)[0]), [503])
        for s in kept:
            s.close()
        time.sleep(0.3)
        self.assertEqual(ask(server, "GET", "/plain")[0], 200)

    def test_connections_in_all(self):
        server = self.serve("connections=3", "per_client=-1")
        kept = [server.connect() for _ in range(3)]
        for s in kept:
            s.sendall(get(b""))
            self.assertEqual(read_answer(s)[0], 200)
        with server.connect() as s:
            answer, ended = read_all(s, 10)
            self.assertEqual((statuses(answer), ended), ([503], True))
            head, _, body = answer.partition(b"\r\n\r\n")
            for line in (b"Connection: close", b"Retry-After: 1", b"Content-Length: %d" % len(body)):
                self.assertIn(line, head)
        for s in kept:
            s.sendall(get(b""))
            self.assertEqual(read_answer(s)[0], 200)
            s.close()

    def test_requests_in_hand(self):
        server = self.serve("requests=2")
        server.tell("hold")
        kept = [server.connect() for _ in range(2)]
        for s in kept:
            s.sendall(get(b"", target=b"/held"))
        time.sleep(0.3)
        self.assertEqual(ask(server, "GET", "/plain")[0], 503)
        server.tell("go")
        for s in kept:
            self.assertEqual(read_answer(s)[0], 200)
            s.close()
        self.assertEqual(ask(server, "GET", "/plain")[0], 200)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/s"
            server = Server("unix=" + path)
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(get(b"", target=b"/echo/x"))
                self.assertIn(b"client=unix", read_answer(s)[2])
            server.stop()
            self.assertFalse(os.path.exists(path))


class Held(unittest.TestCase):
    def serve(self, *options):
        self.server = Server(*options)
        self.addCleanup(self.server.stop)
        return self.server

    def held(self, n, target=b"/held"):
        sockets = [self.server.connect(20) for _ in range(n)]
        for s in sockets:
            self.addCleanup(s.close)
            s.sendall(get(b"", target=target))
        time.sleep(0.3 + n / 1000)
        return sockets

    def test_waits_until_durable(self):
        self.serve()
        self.server.tell("hold")
        sockets = self.held(20)
        for s in sockets:
            self.assertEqual(read_all(s, 0.02), (b"", False))
        self.server.tell("go")
        for s in sockets:
            self.assertEqual(read_answer(s)[0], 200)

    def test_a_refusal_and_an_answer_that_cannot_be_made_wait_too(self):
        self.serve()
        for target, status in ((b"/refused", 403), (b"/huge", 500), (b"/fault", 500)):
            with self.subTest(target):
                self.server.tell("hold")
                s, = self.held(1, target)
                self.assertEqual(read_all(s, 0.3), (b"", False))
                self.server.tell("go")
                self.assertEqual(read_answer(s)[0], status)

    def test_commit_failure(self):
        self.serve()
        self.server.tell("hold")
        sockets = self.held(50)
        self.server.tell("fail")
        for s in sockets:
            status, _, body = read_answer(s)
            self.assertEqual(status, 503)
            self.assertNotIn(b"position", body)
        self.assertEqual(ask(self.server, "GET", "/held")[0], 503)
        self.assertEqual(ask(self.server, "GET", "/plain")[0], 200)

    def test_deadline(self):
        self.serve("ms=800")
        self.server.tell("hold")
        s, = self.held(1)
        status, _, body = read_answer(s)
        self.assertEqual(status, 503)
        self.assertIn(b"overdue", body)

    def test_clients_that_leave(self):
        self.serve("connections=2000", "per_client=-1")
        for round in range(3):
            self.server.tell("hold")
            sockets = self.held(200)
            for i, s in enumerate(sockets[:100]):
                if i % 2:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()
            self.server.tell("go")
            for s in sockets[100:]:
                self.assertEqual(read_answer(s)[0], 200)
                s.close()
        time.sleep(0.3)
        text = self.server.tell("metrics", last="end")
        self.assertIn("aina_http_connections 0", text)
        self.assertIn("aina_http_requests_in_hand 0", text)
        self.assertIn("aina_http_held 0", text)

    def test_graceful_stop(self):
        self.serve("per_client=-1")
        self.server.tell("hold")
        sockets = self.held(200)
        idle = self.server.connect()
        idle.sendall(get(b""))
        self.assertEqual(read_answer(idle)[0], 200)
        self.server.process.stdin.write("go\nstop 5000\n")
        self.server.process.stdin.flush()
        for s in sockets:
            self.assertEqual(read_answer(s)[0], 200)
        self.assertEqual(read_all(idle, 3), (b"", True))
        idle.close()
        self.assertEqual(self.server.process.wait(10), 0)

    def test_a_stop_under_load_loses_no_answer(self):
        """Whatever made an entry is answered; whoever comes too late is told so, or finds the connection closed, and made none."""
        for _ in range(3):
            server = Server("per_client=-1", "commit_us=5000")
            answered, others = [], []

            def ask_on_and_on():
                try:
                    with server.connect() as s:
                        while True:
                            s.sendall(get(b"", target=b"/held"))
                            status, headers, _ = read_answer(s)
                            (answered if status == 200 else others).append(status)
                            if headers.get("connection", "").lower() == "close":
                                return
                except (AssertionError, OSError):
                    pass

            askers = [threading.Thread(target=ask_on_and_on) for _ in range(40)]
            for asker in askers:
                asker.start()
            while len(answered) < 400:
                time.sleep(0.01)
            made = server.tell("stop 5000", last="stopped")
            for asker in askers:
                asker.join()
            self.assertEqual(server.process.wait(20), 0)
            server.stop()
            self.assertEqual(made, f"held {len(answered)}")
            self.assertLessEqual(set(others), {503})

    def test_stop_with_a_log_that_hangs(self):
        self.serve("per_client=-1")
        self.server.tell("hold")
        sockets = self.held(200)
        self.server.process.stdin.write("stop 500\n")
        self.server.process.stdin.flush()
        for s in sockets:
            status, headers, _ = read_answer(s)
            self.assertEqual((status, headers["connection"].lower()), (503, "close"))
        self.assertEqual(self.server.process.wait(10), 0)


NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


@unittest.skipUnless(NGINX, "nginx is not installed")
class BehindNginx(unittest.TestCase):
    """The shipped configuration, with its paths and ports put under a temporary folder."""

    rate = "50r/s"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="aina-nginx-")
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o755)
        self.server = Server("proxy=1")
        self.addCleanup(self.server.stop)
        self.port, self.plain_port = self.free_port(), self.free_port()
        for name in ("aina-http.conf", "aina-site.conf"):
            text = (ROOT / "conf/nginx" / name).read_text()
            text = text.replace("server 127.0.0.1:8080", f"server 127.0.0.1:{self.server.port}").replace("rate=50r/s", f"rate={self.rate}")
            (pathlib.Path(self.folder.name) / name).write_text(text)
        main = f"""daemon off; pid {self.folder.name}/pid; error_log {self.folder.name}/error.log warn; worker_processes 1;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {self.folder.name}/b; proxy_temp_path {self.folder.name}/p;
 fastcgi_temp_path {self.folder.name}/f; uwsgi_temp_path {self.folder.name}/u; scgi_temp_path {self.folder.name}/s;
 include {self.folder.name}/aina-http.conf;
 {self.site()} }}
"""
        (pathlib.Path(self.folder.name) / "nginx.conf").write_text(main)
        self.nginx = subprocess.Popen([NGINX, "-c", self.folder.name + "/nginx.conf", "-p", self.folder.name, "-e",
                                       self.folder.name + "/error.log"])
        self.addCleanup(lambda: (self.nginx.terminate(), self.nginx.wait()))
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail("nginx does not start: " + (pathlib.Path(self.folder.name) / "error.log").read_text())

    @staticmethod
    def free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def site(self):
        return f"server {{ listen 127.0.0.1:{self.port}; server_name _; include {self.folder.name}/aina-site.conf; }}"

    def errors(self):
        return (pathlib.Path(self.folder.name) / "error.log").read_text()


class Nginx(BehindNginx):
    def test_hostile(self):
        for name, data, want in HOSTILE:
            with self.subTest(name):
                answer, _ = send_hostile(self.port, data, want, 1.0)
                codes = statuses(answer)
                if name in NGINX_MENDS:
                    self.assertEqual(codes, [200] if want == "one" else [200, 200])
                    continue
                if name == "HTTP/0.9":  # answered as it was asked: a body alone, and it is our refusal
                    self.assertTrue(answer.startswith(b"Exactly one Host"), answer[:200])
                    continue
                self.assertEqual(len(codes), 2 if name in NGINX_STAYS else 1, answer[:200])
                self.assertGreaterEqual(codes[0], 400)
                self.assertEqual(b"part=[smuggled]" in answer, name in NGINX_STAYS)

    def test_plain(self):
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(get(b"X-Real-IP: 6.6.6.6\r\n", target=b"/echo/x"))
            status, headers, body = read_answer(s)
        self.assertEqual(status, 200)
        self.assertIn(b"client=127.0.0.1", body)
        self.assertEqual(headers["x-content-type-options"], "nosniff")

    def ask(self, data, wait=0.0):
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            s.sendall(data)
            time.sleep(wait)
            return read_answer(s, 60)

    def test_nothing_of_anybody_stands_in_a_file_of_nginx(self):
        """It says at level `warn` when it puts an answer or a body into a temporary file."""
        status, _, body = self.ask(get(b"", target=b"/large"), wait=0.5)
        self.assertEqual((status, len(body)), (200, 24 << 20))
        for path, n in ((b"/bytes", 300000), (b"/stream", 900000)):
            status, _, body = self.ask(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, n) + b"x" * n)
            self.assertEqual(status, 200, body)
        self.assertNotIn("temporary file", self.errors())

    def test_what_nginx_answers_by_itself_says_why(self):
        status, _, body = self.ask(b"POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        self.assertEqual(status, 413)
        self.assertIn(b"at most 16 MB", body)
        self.assertEqual(self.ask(get(b"", target=b"/metrics"))[0], 404)

    def test_when_the_server_is_away(self):
        self.server.stop()
        status, headers, body = self.ask(get(b"", target=b"/plain"))
        self.assertEqual((status, headers["retry-after"]), (503, "10"))
        self.assertIn(b"does not answer at the moment", body)


class Rate(BehindNginx):
    """The shipped burst, at a rate at which no machine is too slow to use it up."""

    rate = "1r/m"

    def test_too_many_requests(self):
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            answers = []
            for _ in range(5):
                s.sendall(get(b"", target=b"/plain") * 50)
                answers += [read_answer(s, 60) for _ in range(50)]
        self.assertEqual([status for status, _, _ in answers[:200]], [200] * 200)
        status, headers, body = answers[-1]
        self.assertEqual((status, headers["retry-after"]), (429, "5"))
        self.assertIn(b"Too many requests", body)


class ExampleSite(BehindNginx):
    """conf/nginx/aina.example.conf with a certificate made here: TLS, HTTP/2, and the way there from plain HTTP."""

    def site(self):
        certificate, key = self.folder.name + "/site.pem", self.folder.name + "/site.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=aina.example",
                        "-addext", "subjectAltName=DNS:aina.example", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        text = (ROOT / "conf/nginx/aina.example.conf").read_text()
        for old, new in (("listen 80;", f"listen 127.0.0.1:{self.plain_port};"), ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
                         ("listen [::]:80;", ""), ("listen [::]:443 ssl http2;", ""), ("/etc/ssl/aina.example.pem", certificate),
                         ("/etc/ssl/private/aina.example.key", key)):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        return text

    def curl(self, *args, address):
        said = subprocess.run(["curl", "-sS", "-i", "--max-time", "20", "--cacert", self.folder.name + "/site.pem", "--resolve", f"aina.example:{self.port}:127.0.0.1",
                               "--resolve", f"aina.example:{self.plain_port}:127.0.0.1", *args, address], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        return said.stdout

    def test_over_tls(self):
        site = f"https://aina.example:{self.port}"
        for version, line in (("--http2", "HTTP/2 200"), ("--http1.1", "HTTP/1.1 200")):
            said = self.curl(version, "-H", "X-Forwarded-Proto: http", "-H", "X-Real-IP: 6.6.6.6", "-H", f"Origin: {site}", address=site + "/echo/x")
            self.assertTrue(said.startswith(line), said[:200])
            for words in ("https=1", "client=127.0.0.1", "same_origin=1"):
                self.assertIn(words, said)
            self.assertRegex(said, r"(?i)\nstrict-transport-security: max-age=31536000")
        self.assertRegex(self.curl("-X", "POST", "-d", "", address=site + "/cookie"), r"(?i)\nset-cookie: __Host-s=v1;.*; Secure")
        self.assertIn("a=[1]", self.curl("-d", "a=1", address=site + "/form"))
        said = self.curl(address=f"http://aina.example:{self.plain_port}/echo/x?q=1")
        self.assertTrue(said.startswith("HTTP/1.1 308"))
        self.assertIn("Location: https://aina.example/echo/x?q=1", said)


if __name__ == "__main__":
    if not NGINX:
        print("SKIPPED: nginx is not installed")
    unittest.main(verbosity=2)
