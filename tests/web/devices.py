# SPDX-License-Identifier: Apache-2.0
"""What tests of logging in share: browsers with an authenticator, strangers without a browser, and a place that is served."""
import base64
import hashlib
import hmac
import http.client
import http.cookies
import os
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from webdriver import CHROMIUM, DRIVER, Browser  # noqa: E402

AINA = os.environ["AINA"]
ROOT = pathlib.Path(os.environ["AINA_ROOT"])
if os.geteuid() == 0:
    os.environ.setdefault("AINA_USER", "root")


def aina(*args):
    done = subprocess.run([AINA, *map(str, args)], capture_output=True, text=True, timeout=100)
    if done.returncode != 0:
        raise AssertionError(f"aina {args}: {done.stderr}")
    return done.stdout


def totp(secret, when):
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack(">Q", int(when) // 30), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Device(Browser):
    """A browser with an authenticator of its own."""

    def __init__(self, base, **more):
        super().__init__(**more)
        self.base, self.key = base, None
        self.cdp("WebAuthn.enable", {})
        self.fresh()

    def fresh(self):
        """As if it were another device: no cookies, another authenticator."""
        self.go(self.base + "/healthz")
        self.forget()
        if self.key:
            self.cdp("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.key})
        self.key = self.cdp("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True}})["authenticatorId"]

    def cdp(self, command, params):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, path):
        self.go(self.base + path)

    def path(self):
        return self.where()[len(self.base):]

    def fill(self, **fields):
        for name, value in fields.items():
            self.script("const e = document.getElementsByName(arguments[0])[0]; e.value = arguments[1]", name, value)

    def press(self, action):
        self.click(f'form[action="{action}"] button')

    def through(self, css, seconds=60):
        """Presses, and waits for the page that comes, even where it has the same address."""
        self.script("window.before = true")
        self.click(css)
        end = time.time() + seconds
        while True:
            try:
                if not self.script("return window.before === true || document.readyState !== 'complete'"):
                    return
            except RuntimeError:  # between two pages
                pass
            if time.time() > end:
                raise AssertionError(f"still at {self.where()}: {self.text()[:600]}")
            time.sleep(0.05)

    def until(self, wanted, seconds=60):
        """Waits for the page whose path this is."""
        end = time.time() + seconds
        while self.path().split("?")[0] != wanted:
            if time.time() > end:
                raise AssertionError(f"still at {self.where()}: {self.text()[:600]}")
            time.sleep(0.05)

    def says(self, words, css="main", seconds=60):
        """Waits until the page says so: a press may still be on its way."""
        end, text = time.time() + seconds, ""
        while words not in text:
            if time.time() > end:
                raise AssertionError(f"'{words}' is not in: {text}")
            try:
                text = self.text(css)
            except RuntimeError:  # the element went with its page
                time.sleep(0.05)
        return text

    def enrol(self, number, code):
        self.open("/login/code")
        self.fill(number=number, code=code)
        self.press("/login/code")
        self.until("/me/keys")
        self.press("/me/keys")
        self.wait_for_card()

    def wait_for_card(self, n=2):
        """A passkey's card beside the session's own."""
        end = time.time() + 60
        while self.count("form[action^='/me/keys/'][action$='/end']") < n - 1:
            if time.time() > end:
                raise AssertionError(self.text())
            time.sleep(0.05)

    def log_in(self, number="", wanted="/me"):
        self.open("/login")
        self.fill(number=number)
        self.press("/login/passkey")
        self.until(wanted)

    def log_out(self):
        self.press("/logout")
        self.until("/")


class Stranger:
    """A client without a browser, with cookies: for what a browser would not send."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def call(self, method, path, form=None, headers=None):
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        all_headers = {"Host": f"localhost:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            all_headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://localhost:{self.port}"}
        connection.request(method, path, urllib.parse.urlencode(form) if form is not None else None, all_headers | (headers or {}))
        answer = connection.getresponse()
        body = answer.read()
        for value in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(value).items():
                self.cookies[name] = morsel.value
        connection.close()
        return answer, body.decode()

    def challenge(self):
        page = self.call("GET", "/login")[1]
        form = page[page.index('action="/login/passkey"'):]
        return re.search(r'data-challenge="([^"]+)"', form)[1], re.search(r'name="token" value="([^"]+)"', form)[1]

    def send(self, token, answer, number=""):
        return self.call("POST", "/login/passkey", {"token": token, "number": number, **answer})[0]


GET_ASSERTION = """
const [challenge, done] = arguments;
const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
navigator.credentials.get({publicKey: {challenge: bytes(challenge), rpId: "localhost", userVerification: "preferred"}}).then((found) => {
  const r = found.response;
  done({id: text(found.rawId), client: text(r.clientDataJSON), data: text(r.authenticatorData), signature: text(r.signature), handle: text(r.userHandle)});
}, (error) => done({error: String(error)}));
"""


class Place(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-login-"))
        cls.place = cls.folder / "place"
        aina("init", cls.place, "--jurisdiction", ROOT / "jurisdictions/kz", "--yes")
        cls.devices = []
        cls.numbers = re.findall(r"\b\d{12}\b", aina("demo", cls.place, "--people", 30))
        cls.log = open(cls.folder / "log", "w+")
        cls.server = subprocess.Popen([AINA, "serve", cls.place, "--port", "0"], stdout=subprocess.PIPE, stderr=cls.log, text=True)
        cls.port = int(cls.server.stdout.readline().split(":")[2].split("/")[0])
        cls.base = f"http://localhost:{cls.port}"

    @classmethod
    def tearDownClass(cls):
        for device in cls.devices:
            device.close()
        cls.server.terminate()
        cls.server.wait(20)
        cls.server.stdout.close()
        cls.log.close()
        code = cls.server.returncode
        shutil.rmtree(cls.folder)
        assert code == 0, code

    def device(self, scripts=True):
        """Up to three at a time; browsers are dear, so they are used again."""
        if not scripts:
            device = Device(self.base, scripts=False)
            self.addCleanup(device.close)
            return device
        at = self.taken
        self.taken += 1
        if at == len(self.devices):
            self.devices.append(Device(self.base))
        else:
            self.devices[at].fresh()
        return self.devices[at]

    def setUp(self):
        self.taken = 0
        with sqlite3.connect(self.place / "state.db", timeout=30) as state:  # nobody has a way in yet
            for table in ("people_key", "people_factor", "people_limit", "people_caller"):
                state.execute(f"DELETE FROM {table}")
        state.close()

    def said(self):
        """The last refusal in the operator's log."""
        self.log.flush()
        words = re.findall(r"passkey refused: ([a-z-]+)", (self.folder / "log").read_text())
        return words[-1] if words else None

    def code(self, number, *more):
        return aina("enrol", self.place, "person", number, *more).strip()


def main():
    if not (os.path.exists(CHROMIUM) and os.path.exists(DRIVER)):
        print("SKIPPED: Chromium is not installed; run script/build --tests")
        sys.exit(77)
    unittest.main()
