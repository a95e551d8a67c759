#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents from the case to the checker: on the page, in print, read by foreign programs, checked with and without scripts and
without a network; revoked, changed, somebody else's."""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/cli"), str(ROOT / "tests/web")]
import services  # noqa: E402  how a form is filled
from browser import Browser  # noqa: E402
from place import Place, Server, aina  # noqa: E402
from webdriver import CHROMIUM, DRIVER, Browser as Chromium  # noqa: E402

OURS, OTHERS = "justice-civil-registry-01", "health-clinic-5-01"  # officials of the agency that issues, and of another
KAZAKH = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")


def setUpModule():
    global place, server, citizen, number, code, folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-documents-"))
    place = Place(30)
    server = Server(place.folder, "--demo")
    citizen = Browser(server.port, "kk")
    citizen.log_in(0)
    services.walk(unittest.TestCase(), citizen, "civil.repeat-cert", place.numbers[3])
    number = re.search(r'href="/me/documents/(D-[0-9A-Z-]{14})"', citizen.get("/me/documents").text)[1]
    (folder / "issuers.json").write_bytes(citizen.get("/.well-known/aina-documents.json").bytes)
    code = printed("kk")


def tearDownModule():
    if server.process.poll() is None:
        server.stop()
    place.remove()
    shutil.rmtree(folder, ignore_errors=True)


def printed(language, resolution=300):
    """The code as another program reads it from the printed page."""
    answer = citizen.get(f"/me/documents/{number}.pdf?language={language}")
    (folder / "paper.pdf").write_bytes(answer.bytes)
    subprocess.run(["pdftoppm", "-r", str(resolution), "-png", "-singlefile", folder / "paper.pdf", folder / "paper"], check=True, capture_output=True)
    return read_picture(folder / "paper.png")


def read_picture(path):
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)], capture_output=True, text=True)
    return done.stdout.strip()


def status(path="/status/1"):
    return citizen.get(path).bytes


def verify(text, *more, now=True):
    (folder / "status.jwt").write_bytes(status())
    _, out, err = aina("verify", text, "--issuers", folder / "issuers.json", "--json", *(["--status", folder / "status.jwt"] if now else []), *more)
    assert out, err
    return json.loads(out)


def last(said):
    return [check["id"] + " " + check["status"] for check in said["checks"] if check["id"] != "holder"][-1]


def changed(text):
    """One letter of the code is another."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


def one_more():
    """Another document of the citizen, to be spoiled: its number and its code."""
    services.walk(unittest.TestCase(), citizen, "civil.repeat-cert", place.numbers[3])
    fresh = re.findall(r'href="/me/documents/(D-[0-9A-Z-]{14})"', citizen.get("/me/documents").text)[0]
    (folder / "more.pdf").write_bytes(citizen.get(f"/me/documents/{fresh}.pdf").bytes)
    subprocess.run(["pdftoppm", "-r", "300", "-png", "-singlefile", folder / "more.pdf", folder / "more"], check=True, capture_output=True)
    return fresh, read_picture(folder / "more.png")


class Page(unittest.TestCase):
    def test_a_document_in_three_languages(self):
        titles = set()
        for language in ("kk", "ru", "en"):
            browser = Browser(server.port, language)
            browser.log_in(0)
            page = browser.get(f"/me/documents/{number}")
            self.assertEqual((page.status, page.page.faults), (200, []))
            self.assertIn(number, page.page.text)
            self.assertRegex(page.text, r'<svg viewBox="0 0 (\d+) \1"')
            titles.add(page.page.h1[0])
            self.assertLessEqual(len(page.sent), 14000)
            self.assertIn("no-store", page.headers["Cache-Control"])
        self.assertEqual(len(titles), 3)

    def test_of_nobody_else(self):
        other = Browser(server.port)
        for path in ("/me/documents", f"/me/documents/{number}", f"/me/documents/{number}.pdf"):
            self.assertEqual(other.get(path).status, 401, path)
        other.log_in(1)  # an official
        self.assertEqual(other.get(f"/me/documents/{number}").status, 403)
        for path in ("D-0000-0000-0000", "D-0000-0000-0000.pdf", "%27", "x" * 300, number.lower(), ".pdf"):
            self.assertIn(citizen.get("/me/documents/" + path).status, (400, 404), path)

    def test_the_entry_is_in_the_persons_list(self):
        looks = citizen.get("/me/looks?language=kk").text
        self.assertTrue(any(number in citizen.get(path).text for path in re.findall(r'href="(/me/looks/\d+)"', looks)))


class Print(unittest.TestCase):
    def test_read_back_by_a_foreign_reader_in_each_language(self):
        codes = {language: printed(language) for language in ("kk", "ru", "en")}
        self.assertEqual(len(set(codes.values())), 3)
        for text in codes.values():
            said = verify(text)
            self.assertTrue(said["genuine"] and said["valid"], said)
            self.assertEqual(said["number"], number)

    def test_letters_title_language_and_the_same_bytes_again(self):
        first, again = (citizen.get(f"/me/documents/{number}.pdf?language=kk") for _ in range(2))
        self.assertEqual(first.bytes, again.bytes)
        self.assertEqual(first.headers["Content-Type"], "application/pdf")
        (folder / "kk.pdf").write_bytes(first.bytes)
        text = subprocess.run(["pdftotext", folder / "kk.pdf", "-"], capture_output=True, text=True, check=True).stdout
        self.assertIn(number, text)
        self.assertGreater(len(KAZAKH & set(text)), 3, text)
        facts = subprocess.run(["pdfinfo", folder / "kk.pdf"], capture_output=True, text=True, check=True).stdout
        title = citizen.get(f"/me/documents/{number}").page.h1[0].strip()
        self.assertRegex(facts, rf"(?m)^Title: +{re.escape(title)}$")
        self.assertIn(b"/Lang (kk)", first.bytes)
        fonts = subprocess.run(["pdffonts", folder / "kk.pdf"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(fonts.splitlines()[2], r"DejaVuSans.* yes +yes +yes ")  # embedded, a subset, with its letters named

    def test_it_survives_a_stain(self):
        """A blot a sixth of the code's side wide, in its lower half; level Q mends a quarter."""
        printed("kk", 200)
        subprocess.run(["pdftoppm", "-r", "200", "-gray", "-singlefile", folder / "paper.pdf", folder / "grey"], capture_output=True, check=True)
        head, size, top, body = (folder / "grey.pgm").read_bytes().split(b"\n", 3)
        width, height = map(int, size.split())
        pixels = bytearray(body)
        dark = [i for i in range(len(pixels)) if pixels[i] < 100]
        rows = {}
        for i in dark:
            if i % width < width * 0.35:
                rows.setdefault(i // width, []).append(i % width)
        wide = [y for y, xs in rows.items() if len(xs) > 100]
        self.assertTrue(wide)
        bottom, left = max(wide), min(min(rows[y]) for y in wide)
        side = int(200 / 72 * 156)
        for y in range(bottom - side * 5 // 12, bottom - side * 3 // 12):  # a blot in the middle of the lower half
            for x in range(left + side * 5 // 12, left + side * 7 // 12):
                pixels[y * width + x] = 255
        (folder / "stain.pgm").write_bytes(b"\n".join([head, size, top]) + b"\n" + bytes(pixels))
        self.assertEqual(read_picture(folder / "stain.pgm"), code)


class Foreign(unittest.TestCase):
    def test_signature_and_status_list(self):
        fetched = subprocess.run(["sh", ROOT / "tests/foreign/fetch.sh"], capture_output=True, text=True)
        if fetched.returncode == 77:
            self.skipTest(fetched.stdout.strip().removeprefix("SKIPPED: "))
        self.assertEqual(fetched.returncode, 0, fetched.stdout + fetched.stderr)
        fresh, text = one_more()
        said = self.foreign(text)
        self.assertEqual((said["number"], said["jwt"], said["cwt"], said["kid"]), (fresh, 0, 0, True))
        self.assertEqual({said["uri"]}, {said["sub"], said["cwtSub"]})
        self.assertEqual(aina("document", "revoke", place.folder, fresh, "--reason", "A test of what others read.", "--by", OURS)[0], 0)
        said = self.foreign(text)
        self.assertEqual((said["jwt"], said["cwt"]), (1, 1))

    def foreign(self, text):
        (folder / "status.jwt").write_bytes(status())
        (folder / "status.cwt").write_bytes(status("/status/1.cwt"))
        done = subprocess.run(["node", ROOT / "tests/foreign/documents.mjs", text, folder / "issuers.json", folder / "status.jwt", folder / "status.cwt"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return json.loads(done.stdout)


class Offline(unittest.TestCase):
    """aina verify: with what was fetched, nothing else."""

    def test_what_it_says(self):
        said = verify(code)
        self.assertEqual(last(said), "status proven")
        self.assertIn("holder not-checked", [c["id"] + " " + c["status"] for c in said["checks"]])
        (folder / "code.txt").write_text(code + "\n")
        code_, out, _ = aina("verify", folder / "code.txt", "--issuers", folder / "issuers.json", "--status", folder / "status.jwt")
        self.assertEqual(code_, 0)
        self.assertIn("VALID", out)
        said = verify(code, now=False)
        self.assertEqual((said["genuine"], said["valid"], last(said)), (True, False, "status not-checked"))

    def test_what_it_refuses(self):
        self.assertFalse(verify(changed(code))["genuine"])
        self.assertEqual(last(verify("AD1:")), "form failed")
        self.assertEqual(last(verify("AD1:" + "0" * 100000)), "form failed")
        self.assertEqual(last(verify(code, "--at", "2020-01-01T00:00:00Z")), "issued failed")
        self.assertEqual(last(verify(code, "--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * 86400)))), "status-list not-checked")
        other = json.loads((folder / "issuers.json").read_text())
        for spoil in (lambda o: o.update(kind="x"), lambda o: o["keys"][0].update(kid="AAAAAAAAAAA"), lambda o: o["keys"][0].update(x=o["keys"][0]["y"]), lambda o: o.update(keys=[])):
            spoiled = json.loads(json.dumps(other))
            spoil(spoiled)
            (folder / "other.json").write_text(json.dumps(spoiled))
            code_, out, err = aina("verify", code, "--issuers", folder / "other.json")
            self.assertEqual((code_, out), (1, ""), err)
            self.assertIn("list of issuers", err)
        other["keys"][0]["documents"] = ["id.card/card"]
        (folder / "other.json").write_text(json.dumps(other))
        self.assertIn("may not issue", aina("verify", code, "--issuers", folder / "other.json")[1])
        self.assertEqual(aina("verify", code, "--issuers", folder / "none")[0], 1)
        self.assertEqual(aina("verify", code, "--issuers", folder / "issuers.json", "--at", "yesterday")[0], 2)

    def test_revoked_by_the_agency_alone_with_a_reason_and_once(self):
        fresh, text = one_more()
        self.assertTrue(verify(text)["valid"])
        right = ("--reason", "The register was wrong about the date of birth.")
        for number_, by, reason, exit_, words in ((fresh, OTHERS, right, 1, "is no official of the agency"), (fresh, OURS, ("--reason", "wrong"), 1, "20 characters"),
                                                  ("D-0000-0000-0000", OURS, right, 1, "no document"), (fresh, "XX-1", right, 1, "")):
            code_, _, err = aina("document", "revoke", place.folder, number_, *reason, "--by", by)
            self.assertEqual(code_, exit_, err)
            self.assertIn(words, err)
        self.assertTrue(verify(text)["valid"])
        code_, out, err = aina("document", "revoke", place.folder, fresh, *right, "--by", OURS)
        self.assertEqual((code_, err.count("error")), (0, 0), err)
        self.assertEqual(last(verify(text)), "status failed")
        self.assertTrue(verify(code)["valid"])
        self.assertIn("already", aina("document", "revoke", place.folder, fresh, *right, "--by", OURS)[2])
        self.assertIn("The register was wrong", citizen.get(f"/me/documents/{fresh}").page.text)
        page = citizen.call("POST", "/check", {"code": text})
        self.assertIn('class="bad"', page.text)
        self.assertEqual(aina("document", "rekey", place.folder)[0], 0)  # while the server runs
        (folder / "issuers.json").write_bytes(citizen.get("/.well-known/aina-documents.json").bytes)
        self.assertTrue(verify(code)["valid"])  # by the key before
        self.assertTrue(verify(one_more()[1])["valid"])
        self.assertEqual(aina("document")[0], 2)

    def test_fsck_reads_them_all(self):
        code_, out, err = aina("fsck", place.folder)
        self.assertEqual(code_, 0, out + err)
        self.assertRegex(out, r"documents: [1-9]\d*, \d+ revoked, each as sealed and signed, 0 findings")


class Check(unittest.TestCase):
    """The page, without scripts."""

    def test_right_changed_and_none(self):
        nobody = Browser(server.port, "ru")
        page = nobody.get("/check")
        self.assertEqual((page.status, page.page.faults), (200, []))
        script = nobody.get(re.search(r'<script src="(/static/check-[^"]+)"', page.text)[1])
        style = nobody.get(re.search(r'href="(/static/style-[^"]+)"', page.text)[1])
        self.assertLessEqual(sum(len(part.sent) for part in (page, script, style)), 14000)
        said = nobody.call("POST", "/check", {"code": code})
        self.assertEqual(said.status, 200)
        self.assertIn("Документ подлинный и действителен", said.page.text)
        self.assertIn(number, said.page.text)
        self.assertIn("недействителен", nobody.call("POST", "/check", {"code": changed(code)}).page.text)
        self.assertNotIn(number, nobody.call("POST", "/check", {"code": changed(code)}).page.text)
        self.assertIn("Вставьте текст кода", nobody.call("POST", "/check", {"code": " "}).page.text)
        self.assertEqual(nobody.call("POST", "/check", {"code": "<script>alert(1)</script>"}).status, 200)
        self.assertEqual(nobody.call("POST", "/check", {"code": "A" * 50000}).status, 413)
        self.assertEqual(nobody.call("POST", "/check", {"code": code}, headers={"Sec-Fetch-Site": "cross-site"}).status, 403)

    def test_what_is_checked_is_written_down_nowhere(self):
        def grew():
            size = citizen.get("/log/checkpoint").text.split("\n")[1]
            Browser(server.port).call("POST", "/check", {"code": code})
            time.sleep(0.3)
            return citizen.get("/log/checkpoint").text.split("\n")[1] != size

        # The clock may write an entry of its own meanwhile: not each time.
        self.assertFalse(all(grew() for _ in range(5)))
        self.assertNotIn(code[:40], server.said())
        self.assertNotIn(number, server.said())

    def test_lists_are_public_and_cached(self):
        for path, kind in (("/status/1", "application/statuslist+jwt"), ("/status/1.cwt", "application/statuslist+cwt"), ("/.well-known/aina-documents.json", "application/json")):
            answer = Browser(server.port).get(path)
            self.assertEqual(answer.status, 200, path)
            self.assertIn(kind, answer.headers["Content-Type"])
            self.assertIn("public, max-age", answer.headers["Cache-Control"])
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        again = citizen.call("GET", "/status/1", headers={"If-None-Match": citizen.get("/status/1").headers["ETag"]})
        self.assertEqual(again.status, 304)
        for path in ("/status/0", "/status/2", "/status/x", "/status/1.txt", "/status/99999999999999999999"):
            self.assertEqual(citizen.get(path).status, 404, path)


@unittest.skipUnless(os.path.exists(CHROMIUM) and os.path.exists(DRIVER), "Chromium is not installed")
class WithScripts(unittest.TestCase):
    """In Chromium; last of all, for its end is that the server is gone."""

    def result(self, browser, text):
        browser.script("document.querySelector('[name=code]').value = arguments[0]; document.getElementById('result').replaceChildren();", text)
        browser.click("form[action='/check'] button")
        for _ in range(600):
            words = browser.text("#result")
            if words:
                return words
            time.sleep(0.1)
        self.fail("nothing was said")

    def test_2_checked_by_the_script_then_with_the_server_gone(self):
        with Chromium() as browser:
            base = f"http://127.0.0.1:{server.port}"
            browser.go(base + "/check")
            browser.script("document.cookie = 'aina-lang=en; path=/'")
            browser.go(base + "/check")
            words = self.result(browser, code)
            self.assertIn("This document is real and valid.", words)
            self.assertIn(number, words)
            self.assertIn("compare the name", words)
            self.assertIn("This document is not valid.", self.result(browser, changed(code)))
            self.assertNotIn(number, browser.text("#result"))
            self.assertIn("This document is not valid.", self.result(browser, "AD1:" + "0" * 3000))
            self.assertEqual(browser.script("return performance.getEntriesByType('resource').filter(e => e.initiatorType === 'fetch' && /AD1/.test(e.name)).length"), 0)
            for _ in range(600):
                if browser.script("return !document.getElementById('kept').hidden"):
                    break
                time.sleep(0.1)
            else:
                self.fail("the page was not kept")
            server.stop()
            browser.go(base + "/check")
            words = self.result(browser, code)
            self.assertIn("This document is real and valid.", words)
            self.assertIn(number, words)
            self.assertIn("This document is not valid.", self.result(browser, changed(code)))
            # A day later, still without a network: it says that its list is old.
            browser.script("const real = Date.now; Date.now = () => real() + 90000000;")
            self.assertIn("older than a day", self.result(browser, code))

    def test_1_the_code_on_the_screen_is_read_by_a_foreign_reader(self):
        with Chromium() as browser:
            base = f"http://127.0.0.1:{server.port}"
            browser.go(base + "/check")
            for name, value in citizen.cookies.items():
                browser.cookie(name, value)
            browser.cookie("aina-lang", "kk")
            browser.width(900, 1600)
            browser.go(base + f"/me/documents/{number}")
            shot = browser.do("GET", f"/element/{browser.find('.code svg')}/screenshot")
            (folder / "screen.png").write_bytes(base64.b64decode(shot))
            self.assertEqual(read_picture(folder / "screen.png"), code)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    for _, why in result.skipped:
        print("SKIPPED:", why)
    sys.exit(not result.wasSuccessful())
