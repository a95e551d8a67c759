#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Around a person's cases: a log-in that returns to the service for whose sake it was begun; services that are offered, accepted and
declined; consents; several services of one life event without asking twice."""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/cli"))
from browser import Browser  # noqa: E402
from place import Place, Server, aina  # noqa: E402


def setUpModule():
    global base, place, server
    base = pathlib.Path(tempfile.mkdtemp(prefix="aina-offers-"))
    place = Place(20, ROOT / "jurisdictions/kz", folder=base / "instance")
    server = Server(place.folder, "--demo")
    assert server.port, server.said()


def tearDownModule():
    server.stop()
    shutil.rmtree(base)


def role(name):
    """The n-th button of /demo, by its English name."""
    names = re.findall(r'^  - as:.*?name: \{.*?en: "(.*?)"', (ROOT / "jurisdictions/kz/demo.yaml").read_text(), re.M | re.S)
    return names.index(name)


def citizen(language="en"):
    browser = Browser(server.port, language)
    browser.log_in(role("A citizen"))
    return browser


class ALogInReturns(unittest.TestCase):
    def log_in(self, browser, path):
        self.assertEqual(browser.get(path).status, 200)
        return browser.log_in(role("A citizen")).location

    def test_to_the_service_it_was_begun_for(self):
        for path in ("/services/id.passport", "/life/child-born"):
            browser = Browser(server.port)
            self.assertIn(f'href="/login?to={path}"', browser.get(path).text)
            self.assertEqual(self.log_in(browser, f"/login?to={path}"), path)
            self.assertIn(f"{path}/start", browser.get(path).text)
            self.assertEqual(browser.log_in(role("A citizen")).location, "/me")  # once

    def test_to_the_page_whose_session_ended(self):
        browser = Browser(server.port)
        refused = browser.get("/me/cases?from=0")
        self.assertEqual(refused.status, 401)
        link = re.search(r'href="(/login\?to=[^"]+)"', refused.text)[1].replace("&amp;", "&")
        self.assertEqual(self.log_in(browser, link), "/me/cases?from=0")
        refused = browser.call("POST", "/me/apply/id.passport/reason", {"reason": "lost"})
        self.assertIn(refused.status, (401, 403))

    def test_nowhere_else(self):
        for to in ("https://evil.example/", "//evil.example", "/%5Cevil.example", "/%09/evil.example", "%2F%2Fevil.example", "javascript:alert(1)",
                   "/login", "/login/done", "/a;Domain=evil", "evil", "", "/a%0D%0ASet-Cookie:x=1"):
            browser = Browser(server.port)
            self.assertEqual(self.log_in(browser, f"/login?to={to}"), "/me", to)
        planted = Browser(server.port)
        planted.cookies["aina-to"] = "//evil.example"
        self.assertEqual(planted.log_in(role("A citizen")).location, "/me")
        stale = Browser(server.port)
        stale.get("/login?to=/services/id.passport")
        self.assertEqual(self.log_in(stale, "/login"), "/me")  # begun anew, for nothing in particular


if __name__ == "__main__":
    unittest.main()
