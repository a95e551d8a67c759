# SPDX-License-Identifier: Apache-2.0
"""A small client of W3C WebDriver for Debian's Chromium: one browser, unprivileged, with nothing kept and nothing fetched beside
the pages."""
import base64
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = ["--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb",
         "--disable-features=Translate,OptimizationHints,MediaRouter", "--window-size=500,900"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"tab": "\ue004", "enter": "\ue007", "space": " ", "down": "\ue015", "shift": "\ue008"}


class Browser:
    def __init__(self, scripts=True, flags=()):
        self.folder = tempfile.mkdtemp(prefix="aina-browser-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        env = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "TMPDIR": self.folder, "XDG_RUNTIME_DIR": self.folder, "LANG": "C.UTF-8"}
        self.log = open(os.path.join(self.folder, "driver.log"), "w")
        self.driver = subprocess.Popen([DRIVER, f"--port={port}"], env=env, cwd=self.folder, stdout=self.log, stderr=self.log, start_new_session=True, **user)
        self.url = f"http://127.0.0.1:{port}"
        self.session = None
        for _ in range(600):
            try:
                if self.ask("GET", "/status")["ready"]:
                    break
            except OSError:
                time.sleep(0.1)
        prefs = {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
        for more in ([], ["--no-sandbox"]):  # a container without user namespaces cannot have Chromium's own
            options = {"binary": CHROMIUM, "args": FLAGS + list(flags) + more + [f"--user-data-dir={self.folder}/{'b' if more else 'a'}"], "prefs": prefs,
                       "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False}}
            try:
                made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                    "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
                break
            except RuntimeError:
                if more:
                    self.close()
                    raise
        self.session = f"/session/{made['sessionId']}"
        self.width(360)

    def ask(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{path}: {value['error']}: {value['message'][:500]}") from None

    def do(self, method, path, body=None):
        return self.ask(method, self.session + path, body)

    def close(self):
        try:
            if self.session:
                self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def width(self, pixels, height=800):
        self.pixels = pixels
        self.do("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride",
                                              "params": {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": True}})

    def go(self, url):
        self.do("POST", "/url", {"url": url})

    def where(self):
        return self.do("GET", "/url")

    def script(self, text, *args):
        return self.do("POST", "/execute/sync", {"script": text, "args": list(args)})

    def in_every_page(self, text):
        """Runs before each page's own; no policy of the page forbids it."""
        self.do("POST", "/goog/cdp/execute", {"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": text}})

    def script_later(self, text, *args):
        return self.do("POST", "/execute/async", {"script": text, "args": list(args)})

    def find(self, css, patience=30):
        """Waits for it: the page may be on its way."""
        end = time.monotonic() + patience
        while True:
            try:
                return self.do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]
            except RuntimeError as error:
                if "no such element" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.05)

    def left(self, page, patience=4):
        """Waits until another page has come; not for ever, for a key may also do something on this one."""
        end = time.monotonic() + patience
        try:
            while time.monotonic() < end:
                self.do("GET", f"/element/{page}/name")
                time.sleep(0.05)
        except RuntimeError:  # the page is gone
            self.find("html")

    def windows(self, n, patience=30):
        """Waits until there are so many; the oldest first."""
        end = time.monotonic() + patience
        while len(handles := self.do("GET", "/window/handles")) != n and time.monotonic() < end:
            time.sleep(0.05)
        return handles

    def window(self, handle):
        self.do("POST", "/window", {"handle": handle})

    def close_window(self):
        self.do("DELETE", "/window")

    def count(self, css):
        return len(self.do("POST", "/elements", {"using": "css selector", "value": css}))

    def text(self, css="main"):
        return self.do("GET", f"/element/{self.find(css)}/text")

    def click(self, css):
        self.do("POST", f"/element/{self.find(css)}/click")

    def keys(self, *keys):
        """Text, or names of KEYS, to whatever has the focus."""
        actions = []
        for key in keys:
            for c in ([KEYS[key]] if key in KEYS else key):
                actions += [{"type": "keyDown", "value": c}, {"type": "keyUp", "value": c}]
        page = self.find("html") if "enter" in keys else None
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})
        if page:
            self.left(page)

    def focus(self):
        """Attributes of the focused element that tell it apart."""
        active = self.do("GET", "/element/active")[ELEMENT]
        return {name: self.do("GET", f"/element/{active}/property/{name}") for name in ("tagName", "id", "name", "value", "href", "textContent")}

    def cookie(self, name, value):
        self.do("POST", "/cookie", {"cookie": {"name": name, "value": value, "path": "/"}})

    def forget(self):
        self.do("DELETE", "/cookie")

    def logs(self, kind):
        return self.do("POST", "/se/log", {"type": kind})

    def picture(self, path):
        """The whole page, as high as it is."""
        self.width(self.pixels, self.script("return Math.max(800, document.documentElement.scrollHeight)"))
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.do("GET", "/screenshot")))
        self.width(self.pixels)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
