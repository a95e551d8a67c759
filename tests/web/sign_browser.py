#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing in Chromium on a phone's width: through the program on the computer (a mock of it, to which the public npm client
talks too), with the phone's app, and what the page says when nobody answers; then a passkey. The pages are accessible."""
import base64
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "signature")]
import authority as a  # noqa: E402
from devices import ROOT, Device  # noqa: E402
from ncalayer import Layer  # noqa: E402
import sign_officials  # noqa: E402
from sign_place import AINA, Client, Place  # noqa: E402

FOREIGN = ROOT / "tests/foreign"
AXE = FOREIGN / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PICTURES = os.environ.get("AINA_PICTURES")


class Chromium:
    """Of a Place: its pages in Chromium, and a program on the computer that signs."""

    @classmethod
    def front(cls, text):
        cls.layer = Layer(None, cls.ca.tsa)
        return text.replace("wss://127.0.0.1:13579", cls.layer.address)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fetched = subprocess.run(["sh", FOREIGN / "fetch.sh"], capture_output=True, text=True)
        cls.foreign = fetched.returncode == 0
        if not cls.foreign:
            print(fetched.stdout.strip() or "SKIPPED: npm")
        cls.browser = Device(f"http://localhost:{cls.port}", flags=["--ignore-certificate-errors"])
        if cls.foreign:
            cls.browser.in_every_page(AXE.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.layer.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.layer.mood = "good"
        self.layer.asked.clear()
        self.layer.cert = self.person(self.numbers[0])
        self.browser.fresh()
        self.browser.width(390)

    def look(self, name):
        if PICTURES:
            self.browser.picture(f"{PICTURES}/{name}.png")
        if self.foreign:
            found = self.browser.script_later("""
                const done = arguments[arguments.length - 1];
                axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then(
                    r => done(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" "))), e => done(["axe: " + e]));""", TAGS)
            self.assertEqual(found, [], name)
        self.assertEqual([e["message"] for e in self.browser.logs("browser") if "Content Security" in e["message"]], [])

    def as_client(self, c):
        """The browser goes on with this client's cookies."""
        self.browser.open("/")
        for name, value in c.cookies.items():
            self.browser.cookie(name, value)


class InChromium(Chromium, Place):
    def begin(self):
        d = self.browser
        d.open("/login")
        d.click("a[href='/login/signature']")
        d.until("/login/signature")
        self.look("first")
        d.press("/login/signature")
        d.says("You sign exactly this text")
        return d.path()

    def test_through_the_program_on_the_computer_to_a_passkey(self):
        d, number = self.browser, self.numbers[0]
        where = self.begin()
        self.look("sign")
        d.click("form[data-sign] button")
        d.says("The signature holds")
        self.look("holds")
        d.press(where + "/done")
        d.until("/me/keys")
        self.look("keys")
        d.press("/me/keys")
        d.wait_for_card()
        d.log_out()
        d.log_in(number)  # from now on the passkey is enough
        # What our page asked is what the public client asks.
        if not self.foreign:
            self.skipTest("npm could not be reached")
        done = subprocess.run(["node", FOREIGN / "ncalayer.js", self.layer.address, base64.b64encode(b"text").decode()], capture_output=True,
                              text=True, timeout=30, env={**os.environ, "NODE_EXTRA_CA_CERTS": self.layer.pem, "NODE_PATH": str(FOREIGN / "node_modules")})
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, theirs = self.layer.asked
        for request in (ours, theirs):
            request["args"].pop("data")
        self.assertEqual(ours, theirs)
        made = self.folder / "npm.cms"
        made.write_text(done.stdout)
        (self.folder / "text").write_bytes(b"text")
        done = subprocess.run([AINA, "verify", made, "--content", self.folder / "text", "--trust", self.rules, "--person", number, "--fetch", "--json"],
                              capture_output=True, text=True)
        self.assertTrue(json.loads(done.stdout)["proven"], done.stdout)

    def test_what_the_page_says_when_it_does_not_work(self):
        d = self.browser
        where = self.begin()
        for mood, words in (("cancelled", "You cancelled"), ("failed", "could not sign")):
            self.layer.mood = mood
            d.click("form[data-sign] button")
            d.says(words)
            self.assertEqual(d.path(), where)
        self.look("cancelled")
        self.layer.mood = "list"
        self.layer.cert = self.other_ca.leaf(a.person_name("IIN" + self.numbers[0]))
        d.click("form[data-sign] button")
        d.says("The signature was not accepted")
        self.look("refused")
        # Nobody listens there: another port of the same computer.
        d.open(where)
        d.script("document.querySelector('form[data-sign]').dataset.address = 'wss://127.0.0.1:1'")
        d.click("form[data-sign] button")
        d.says("NCALayer does not answer")  # the page's policy forbids other addresses, and it says the same

    def test_with_scripts_off_a_signed_file_is_chosen(self):
        """As on a library's computer: the text is saved, signed elsewhere, and the file given through the browser's own dialogue."""
        plain = Device(f"http://localhost:{self.port}", scripts=False)
        self.addCleanup(plain.close)
        plain.width(390)
        plain.open("/login")
        plain.click("a[href='/login/signature']")
        plain.until("/login/signature")
        plain.press("/login/signature")
        plain.says("You sign exactly this text")
        where, session = plain.path(), Client(self.port)
        self.assertIn("needs scripts", plain.text())
        self.assertFalse(plain.do("GET", f"/element/{plain.find('form[data-sign] button')}/displayed"))  # it could do nothing
        session.cookies = {c["name"]: c["value"] for c in plain.do("GET", "/cookie")}
        text = session.call("GET", where + "/text")[1].encode()
        for name, signed, words in (("wrong.p7s", b"no signature", "Choose the file that your signing program made"),
                                    ("text.p7s", a.sign(self.person(self.numbers[2]), text, detached=True), "The signature holds")):
            file = pathlib.Path(plain.folder) / name
            file.write_bytes(signed)
            plain.do("POST", f"/element/{plain.find('input[type=file]')}/value", {"text": str(file)})
            plain.press(where + "/file")
            plain.says(words)
            if PICTURES:
                plain.picture(f"{PICTURES}/plain-{name}.png")
        plain.press(where + "/done")
        plain.until("/me/keys")
        self.assertIn("By your signing key", plain.text())
        if PICTURES:
            plain.picture(f"{PICTURES}/plain-keys.png")

    def test_the_page_notices_that_the_phone_has_signed(self):
        d = self.browser
        where = self.begin()
        status, asked = self.phone(where)
        token = asked["document"]["auth_token"]
        document = self.phone(where, rest="/document", token=token)[1]
        file = document["documentsToSign"][0]["document"]["file"]
        text, file["data"] = file["data"], base64.b64encode(a.sign(self.person(self.numbers[1]), b"another text", detached=True)).decode()
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 403)
        d.says("The signature was not accepted")  # by itself; and it goes on waiting for a right one
        file["data"] = text
        file["data"] = base64.b64encode(a.sign(self.person(self.numbers[1]), base64.b64decode(file["data"]), detached=True)).decode()
        self.assertEqual(self.phone(where, "PUT", "/document", document, token)[0], 200)
        d.says("The signature holds")  # by itself, within two seconds
        d.press(where + "/done")
        d.until("/me/keys")
        d.open("/me/organisation")
        self.look("organisation")


    def test_a_director_signs_for_the_company(self):
        d, first = self.browser, self.numbers[0]
        self.as_client(self.enrol(first))
        self.layer.cert = self.head(first, self.organisation)
        d.open("/me/organisation")
        d.press("/me/organisation")
        d.says("You sign exactly this text")
        where = d.path()
        d.click("form[data-sign] button")
        d.says("The signature holds")
        d.press(where + "/done")
        d.until("/me/mandates")
        self.look("mandates")
        d.click("form[action='/me/act'] button")
        d.until("/me")
        d.open("/me/mandates/signed")
        self.look("mandate")
        d.fill(number=self.numbers[4], until=(a.NOW + a.YEAR).strftime("%Y-%m-%d"))
        d.script("document.querySelector('[name=scope]').value = '*'")
        d.press("/me/mandates/signed")
        d.says("As the head of the organisation")
        where = d.path()
        d.click("form[data-sign] button")
        d.says("The signature holds")
        d.press(where + "/done")
        self.look("send")
        d.press("/me/mandates/signed")
        d.until("/me/mandates")
        d.says("Employee of an organisation")
        d.click("a[href$='/evidence']")
        d.says("it held when it was made, and holds")
        self.look("evidence")


class Desk(Chromium, sign_officials.Officials):
    """An official decides with a signature, in Chromium."""
    test_an_official_decides_with_a_signature = None

    def test_an_official_enters_the_key_and_decides(self):
        d, number = self.browser, self.file()
        clerk, admin = self.demo("A registrar"), self.demo("An administrator")
        self.layer.cert = self.clerk_key(self.numbers[3])
        self.as_client(clerk)
        d.open(f"/desk/cases/{number}/do/grant")
        self.look("act")
        d.says("your signing key is not confirmed yet")
        d.click("main a[href='/desk/signing-key']")
        d.until("/desk/signing-key")
        d.press("/desk/signing-key")
        d.says("You sign exactly this text")
        where = d.path()
        d.click("form[data-sign] button")
        d.says("The signature holds")
        d.press(where + "/done")
        d.until("/desk/signing-key")
        self.look("signing-key")
        self.as_client(admin)
        d.open("/desk/admin/signing-keys")
        self.look("signing-keys")
        d.press("/desk/admin/signing-keys/confirm")
        d.says("Nothing waits")
        self.as_client(clerk)
        d.open(f"/desk/cases/{number}/do/grant")
        d.says("after the button you sign its text")
        d.press(f"/desk/cases/{number}/do/grant")
        d.says("the official with the staff code")
        self.look("sign-act")
        where = d.path()
        d.click("form[data-sign] button")
        d.says("The signature holds")
        d.press(where + "/done")
        d.press(f"/desk/cases/{number}/do/grant")
        d.until("/desk/cases")
        d.open(f"/desk/cases/{number}")
        d.click("a[href*='/signature/']")
        d.says("it held when it was made, and holds")
        self.look("evidence-desk")
        d.open("/me/signatures")
        self.look("signatures")


if __name__ == "__main__":
    unittest.main()
