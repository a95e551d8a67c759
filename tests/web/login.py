#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logging in as people do it, in Chromium with a virtual authenticator: enrol, log in, second device, stepping up, officials
under four eyes, acting for a child; and what an attacker tries: wrong origin, replay, cleared UV, a copied key."""
import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import devices  # noqa: E402
from devices import AINA, GET_ASSERTION, Stranger, aina, totp  # noqa: E402


class LogIn(devices.Place):
    # --- citizens ---

    def test_a_person_enrols_logs_in_and_ends_it(self):
        number, d = self.numbers[0], self.device()
        d.enrol(number, self.code(number).lower().replace("-", " "))
        self.assertIn("log out, and log in with it", d.text())  # this session is still the code's
        d.log_out()
        d.log_in(number)
        self.assertIn("for yourself", d.text(".who"))
        d.open("/me/keys")
        self.assertIn("cannot leave your device", d.text())
        d.log_out()
        d.log_in()  # the number need not be typed
        d.log_out()
        d.open("/login")
        d.fill(number=self.numbers[1])
        d.press("/login/passkey")
        d.until("/login/passkey")
        self.assertEqual(self.said(), "other-account")
        self.assertIn("could not log you in", d.text())
        d.log_in(number)
        d.open("/me/keys")
        for left in range(d.count("form[action^='/me/keys/'][action$='/end']"), 0, -1):
            d.click("form[action^='/me/keys/'][action$='/end'] button")
            end = time.time() + 60
            while d.count("form[action^='/me/keys/'][action$='/end']") == left:
                self.assertLess(time.time(), end)
        d.says("You have none yet")
        d.log_out()
        d.open("/login")
        d.press("/login/passkey")
        d.until("/login/passkey")
        self.assertEqual(self.said(), "key-unknown")

    def test_a_code_works_once_and_says_the_same_for_all_failures(self):
        number = self.numbers[2]
        code, s = self.code(number), Stranger(self.port)
        page = s.call("GET", "/login/code")[1]
        token = re.search(r'name="token" value="([^"]+)"', page)[1]

        def attempt(number, code):
            answer, page = s.call("POST", "/login/code", {"token": token, "number": number, "code": code})
            return answer.status, re.sub(r'value="[^"]*"', "", page)
        wrong, nobody = attempt(number, "AAAAA-AAAAA"), attempt("991130390064", "AAAAA-AAAAA")
        self.assertEqual(wrong[0], 403)
        self.assertEqual(wrong, nobody)
        self.assertEqual(attempt(number, code)[0], 429)  # too soon after a wrong one
        time.sleep(1.1)
        self.assertEqual(attempt(number, code)[0], 303)
        s.cookies.clear()
        time.sleep(1.1)
        self.assertEqual(attempt(number, code)[0], 403)
        self.assertEqual(attempt("12345", code)[0], 422)

    def test_a_second_device_by_a_printed_code(self):
        number, first, second = self.numbers[3], self.device(), self.device()
        first.enrol(number, self.code(number))
        first.log_out()
        first.log_in(number)
        first.open("/me/keys")
        first.press("/me/keys/print")
        first.until("/me/keys/print")
        codes = re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", first.text())
        self.assertEqual(len(codes), 10)
        second.enrol(number, codes[4])
        second.wait_for_card(3)
        self.assertIn("weak until", second.text())
        second.log_out()
        second.log_in(number)
        second.open("/me/keys")
        self.assertIn("For its first day", second.text())
        second.click("form[action^='/me/keys/'][action$='/end'] button")  # it cannot take the first device's key away
        second.says("Your passkey first", "h1")
        first.open("/me/keys")
        text = first.text()
        self.assertIn("9 left", text)
        self.assertEqual(text.count("Remove:"), 2)
        self.assertEqual(first.count("form[action^='/me/sessions/'][action$='/end']"), 3)  # two of them, and "all"
        first.open("/me/looks")  # each change is an entry of one's own list
        looks = first.text()
        self.assertEqual(looks.count("A way to log in added, taken away or used for recovery"), 5, looks)
        for outcome in ("A code for a first passkey was issued", "A passkey was added", "Ten new printed codes", "Logged in by a printed code"):
            self.assertIn(outcome, looks)
        first.open("/me/keys")
        first.press("/me/sessions/end")
        first.until("/")
        second.open("/me")
        self.assertIn("Please log in", second.text())

    def test_what_an_attacker_tries(self):
        number, d = self.numbers[4], self.device()
        d.enrol(number, self.code(number))
        d.log_out()
        s = Stranger(self.port)

        def answer(page):
            d.go(page)
            challenge, token = s.challenge()
            made = d.script_later(GET_ASSERTION, challenge)
            self.assertNotIn("error", made)
            return token, made
        token, good = answer(self.base + "/login")
        self.assertEqual(s.send(token, good).status, 303)
        s.cookies = {k: v for k, v in s.cookies.items() if k == "aina-browser"}
        token = s.challenge()[1]
        self.assertEqual((s.send(token, good).status, self.said()), (403, "challenge-used"))  # replay
        token, made = answer(self.base + "/login")
        other = Stranger(self.port)
        self.assertEqual((other.send(other.challenge()[1], made).status, self.said()), (403, "challenge"))  # another browser
        token, made = answer(self.base + "/login")
        flipped = made | {"signature": made["signature"][:-6] + ("AAAAAA" if made["signature"][-6:] != "AAAAAA" else "BBBBBB")}
        self.assertEqual((s.send(token, flipped).status, self.said()), (403, "signature"))

        # A page on another port of this host may ask for our keys, for a port is no part of a domain: the origin tells.
        class Phisher(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>phish</title>")

            def log_message(self, *_):
                pass
        phisher = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Phisher)
        threading.Thread(target=phisher.serve_forever, daemon=True).start()
        self.addCleanup(phisher.server_close)
        self.addCleanup(phisher.shutdown)
        token, made = answer(f"http://localhost:{phisher.server_port}/")
        self.assertEqual((s.send(token, made).status, self.said()), (403, "origin"))
        d.go(f"http://127.0.0.1:{phisher.server_port}/")  # elsewhere the browser itself refuses
        self.assertIn("error", d.script_later(GET_ASSERTION, s.challenge()[0]))

        for bit, word in (("isBadUV", "not-verified"), ("isBadUP", "not-present"), ("isBogusSignature", "signature")):
            d.cdp("WebAuthn.setResponseOverrideBits", {"authenticatorId": d.key, bit: True})
            d.open("/login")
            d.press("/login/passkey")
            d.until("/login/passkey")
            self.assertEqual(self.said(), word)
            d.cdp("WebAuthn.setResponseOverrideBits", {"authenticatorId": d.key, bit: False})
        d.log_in(number)

    def test_a_copied_key_is_told(self):
        number, d = self.numbers[1], self.device()
        d.enrol(number, self.code(number))
        d.log_out()
        for _ in range(2):
            d.log_in(number)
            d.log_out()
        made = d.cdp("WebAuthn.getCredentials", {"authenticatorId": d.key})["credentials"][0]
        d.cdp("WebAuthn.removeCredential", {"authenticatorId": d.key, "credentialId": made["credentialId"]})
        d.cdp("WebAuthn.addCredential", {"authenticatorId": d.key, "credential": made | {"signCount": 0}})
        d.log_in(number, "/me/keys")
        self.assertIn("somebody may have a copy", d.text())
        self.assertIn("may be on several", d.text())  # and the log-in counts for less

    def test_stepping_up_keeps_what_was_typed(self):
        number, other, d = self.numbers[2], self.numbers[3], self.device()
        d.enrol(number, self.code(number))
        d.log_out()
        d.log_in(number)
        d.open("/me/keys")
        d.press("/me/keys/app")
        secret = re.search(r"[A-Z2-7]{32}", d.says("enter this key"))[0]
        self.assertIn("otpauth://totp/Aina:kz", d.script("return document.body.textContent"))
        started = time.time()
        d.fill(code=totp(secret, started))
        d.press("/me/keys/app/confirm")
        d.says("You have one.")
        d.log_out()
        d.open("/login/app")
        d.fill(number=number, code=totp(secret, started + 30))  # the next one; a clock may be half a minute off
        d.press("/login/app")
        d.until("/me")
        d.open("/me/keys")
        self.assertIn("adds no key and gives no mandate", d.text())
        self.assertEqual(d.count("form[data-passkey=create]"), 0)
        d.open("/me/protected")  # nor what is kept apart
        d.press("/me/protected")
        d.says("Your passkey first", "h1")
        d.open("/me/mandates")
        d.fill(number=other, until="2027-06-30")
        d.script("document.querySelector('#scope').value = 'soc.pension'")
        d.press("/me/mandates")
        d.says("Your passkey first", "h1")
        d.press("/login/up")
        d.says("What you entered waits")
        d.press("/me/mandates")
        d.says("in these matters: Age pension")
        self.assertIn(other[-2:], d.text(".card"))
        d.press("/me/mandates/end")
        d.says("ended", ".card")
        token = aina("token", self.place, "person", number).strip()
        body = json.loads(Stranger(self.port).call("GET", "/api/me/entries", headers={"Authorization": "Bearer " + token})[1])
        acts = [e["entry"] for e in body["entries"] if e["entry"]["kind"] == "mandate"]
        self.assertEqual([(a["outcome"], a["capacity"]) for a in acts], [("taken-back", "attorney"), ("given", "attorney")])
        self.assertEqual(acts[0]["mandate"], acts[1]["mandate"])
        self.assertRegex(acts[1]["levels"], r"aal3\.phr")

    def test_stepping_up_in_the_middle_of_a_form(self):
        number, d, service = self.numbers[1], self.device(), "part.petition"  # declares a minimum: ial 2, a passkey
        d.open("/login/code")
        d.fill(number=number, code=self.code(number, "--letter"))
        d.press("/login/code")
        d.until("/me/keys")
        d.open(f"/services/{service}")
        d.press(f"/services/{service}/start")  # a letter opens no such form
        text = d.says("Your passkey first")
        self.assertIn("somebody saw your identity document", text)  # the letter is the reason
        self.assertNotIn("came back in by a code", text)
        d.log_out()
        d.enrol(number, self.code(number))
        d.log_out()
        d.open("/login/code")  # a letter again: it may be in a stranger's hand
        d.fill(number=number, code=self.code(number, "--letter"))
        d.press("/login/code")
        d.until("/me/keys")
        d.open(f"/services/{service}")
        d.press(f"/services/{service}/start")
        d.says("came back in by a code")
        d.press("/login/up")
        d.says("What you entered waits")
        d.press(f"/services/{service}/start")
        page = f"/me/apply/{service}/title"
        d.until(page)
        d.log_out()
        d.open("/login/code")  # on another day, by a weaker way
        d.fill(number=number, code=self.code(number, "--letter"))
        d.press("/login/code")
        d.until("/me/keys")
        d.open(page)
        words = "Ауылымызға «көпір» & <жол> салыңыздар"
        d.fill(title=words)
        d.press(page)
        d.says("Your passkey first")
        d.press("/login/up")
        d.says("What you entered waits")
        d.press(page)
        d.until(f"/me/apply/{service}/demand")
        d.open(page)
        self.assertEqual(d.script("return document.getElementsByName('title')[0].value"), words)

    # --- acting for another ---

    def test_a_mother_acts_for_her_child(self):
        mother, child, d = self.numbers[0], self.numbers[4], self.device()
        aina("record", self.place, "civil-status", child, f"mother-number={mother}", "birth-date=2020-01-01")
        d.enrol(mother, self.code(mother))
        d.log_out()
        d.log_in(mother)
        d.open("/me/child")
        d.fill(number=child)
        d.press("/me/child")
        d.says("which is asked again each time", ".card")
        d.open("/me/data")
        opening = "document.querySelector(\"form[action='/me/data/population'] [name=token]\").value"
        for_herself = d.script("return " + opening)  # as it stands in a tab that stays open
        d.open("/me/mandates")
        mandate = d.script("return document.querySelector(\"form[action='/me/act'] [name=mandate]\").value")  # the newest stands first
        d.press("/me/act")
        d.until("/me")
        self.assertIn("Parent, for " + child[:4], d.text(".who"))
        d.open("/me/data")  # two tabs are never two people: what was opened for herself is not sent for the child
        d.script(opening + " = arguments[0]", for_herself)
        d.press("/me/data/population")
        d.says("somebody else’s")
        d.open("/me/data")
        d.press("/me/data/population")
        entry = re.search(r"entry ([\d\u202f]+) of", d.says("This look is entry"))[1].replace("\u202f", "")
        d.open("/me/data")
        d.click("summary")
        d.press("/me/data/psychiatric-care")
        d.says("Your mandate does not open this")
        for path in ("/me/looks", "/me/looks/export", f"/me/looks/{entry}"):  # the child's list is the child's own
            d.open(path)
            self.assertIn("You act for another person", d.text())
        token = aina("token", self.place, "person", child).strip()
        s = Stranger(self.port)
        body = json.loads(s.call("GET", "/api/me/entries", headers={"Authorization": "Bearer " + token})[1])
        seen = next(e["entry"] for e in body["entries"] if e["leaf"] == int(entry))
        self.assertEqual((seen["capacity"], seen["mandate"]), ("parent", mandate))
        self.assertRegex(seen["levels"], r"ial3\.aal3\.phr")
        # The child's side takes it back: the mother's open page acts no more.
        d.open("/me/mandates")
        second = self.device()
        second.enrol(child, self.code(child))
        second.open("/me/mandates")
        second.press("/me/mandates/end")
        second.says("ended", ".card")
        d.open("/me/mandates")
        self.assertIn("The mandate you acted by has ended", d.text())
        self.assertIn("for yourself", d.text(".who"))

    # --- officials ---

    def test_officials_under_four_eyes(self):
        a, b, c = (self.device() for _ in range(3))
        for device, code in ((a, "HEALTH-A1"), (b, "HEALTH-A2")):
            device.enrol(code, aina("enrol", self.place, "official", code, "--agency", "health", "--office", "administration").strip())
            device.open("/desk/admin")
            self.assertIn("Officials work only after a log-in by passkey", device.text())  # a code alone does not make an administrator
            device.log_out()
            device.log_in(wanted="/desk/admin")
        a.fill(**{"staff-code": "MED-0417", "office": "clinic-5"})
        a.press("/desk/admin")
        a.says("proposed by HEALTH-A1")
        self.assertEqual(a.count("form[action='/desk/admin/agree']"), 0)  # not by who proposed
        b.open("/desk/admin")
        b.press("/desk/admin/agree")
        b.until("/desk/admin/agree")
        code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", b.text())[0]
        c.enrol("MED-0417", code)
        c.open("/desk")
        self.assertIn("You may not do this", c.text())
        c.log_out()
        c.log_in(wanted="/desk")
        self.assertIn("MED-0417", c.text(".who"))
        c.open("/me/office")  # how one came to the office and the key, in a list of one's own
        told = c.text()
        for words in ("Proposed; another administrator must agree", "HEALTH-A1", "proposed by HEALTH-A1", "HEALTH-A2", "Clinic No. 5", "A passkey was added", "MED-0417"):
            self.assertIn(words, told)
        self.assertEqual(c.count("article.card"), 3)
        self.assertEqual(c.count("a[href$='/proof']"), 3)
        made = c.cdp("WebAuthn.getCredentials", {"authenticatorId": c.key})["credentials"][0]
        c.cdp("WebAuthn.removeCredential", {"authenticatorId": c.key, "credentialId": made["credentialId"]})
        c.cdp("WebAuthn.addCredential", {"authenticatorId": c.key, "credential": made | {"signCount": 0}})
        copy = b
        copy.fresh()
        copy.cdp("WebAuthn.addCredential", {"authenticatorId": copy.key, "credential": made | {"signCount": 0}})
        copy.open("/login")
        copy.press("/login/passkey")
        copy.until("/login/passkey")
        self.assertEqual(self.said(), "counter")  # an official's key that may have been copied opens nothing
        a.open("/language/ru?to=/desk/admin")  # why something is not allowed, in the reader's language
        for values, words in ((("NOBODY-1", "2030-01-01", "2030-01-02"), "никто с таким кодом"), (("MED-0417", "2030-01-02", "2030-01-01"), "Отпуск заканчивается"),
                              (("MED-0417", "soon", "later"), "Запишите день")):
            a.open("/desk/admin")
            for name, value in zip(("staff-code", "first", "last"), values):
                a.script("document.querySelector(\"form[action='/desk/admin/leave'] [name='\" + arguments[0] + \"']\").value = arguments[1]", name, value)
            a.press("/desk/admin/leave")
            a.says(words)
        a.open("/language/en?to=/desk/admin")
        a.open("/desk/admin/log/MED-0417")  # what the agency's administrator reads, and that they read it
        self.assertEqual(a.count("article.card"), 4)
        for words in ("That you read this list is an entry in it.", "Somebody else read an entry", "HEALTH-A1", "A passkey was added"):
            self.assertIn(words, a.text())
        a.open("/desk/admin/log/POLICE-1")
        self.assertIn("There is no such page", a.text())
        for name, value in zip(("staff-code", "first", "last"), ("MED-0417", "2030-01-02", "2030-01-09")):
            a.open("/desk/admin") if name == "staff-code" else None
            a.script("document.querySelector(\"form[action='/desk/admin/leave'] [name='\" + arguments[0] + \"']\").value = arguments[1]", name, value)
        a.press("/desk/admin/leave")
        a.until("/desk/admin")
        a.open("/desk/admin/log/MED-0417")
        a.says("Leave entered")
        a.open("/desk/admin")
        a.click("form[action='/desk/admin/end'] input[value='MED-0417'] ~ button")
        end = time.time() + 60
        while "MED-0417" in a.says("Officials of the agency"):
            self.assertLess(time.time(), end)
        for path in ("/desk", "/me/office", "/desk/admin/log/HEALTH-A1"):  # fired in mid-look: the open page leads nowhere
            c.open(path)
            self.assertIn("Please log in", c.text())

    # --- the site's address ---

    def test_the_site_is_said_whole_or_not_at_all(self):
        conf = self.place / "aina.conf"
        kept = conf.read_text()
        self.addCleanup(conf.write_text, kept)
        for site, good in (("https://aina.example", True), ("https://aina.example:8443", True), ("http://localhost:9", True), ("http://localhost", True),
                           ("http://aina.example", False), ("https://aina.example/", False), ("https://", False), ("https://:1", False),
                           ("aina.example", False), ("http://localhostile.example", False), ("https://Aina.example", False)):
            conf.write_text(kept + f"site = {site}\n")
            done = subprocess.run([AINA, "token", self.place, "person", self.numbers[0]], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode == 0, good, site)
            self.assertTrue(good or "the address that browsers show" in done.stderr, done.stderr)

    # --- the page itself ---

    def test_the_page_is_small_and_works_without_scripts(self):
        s = Stranger(self.port)
        answer, page = s.call("GET", "/login")
        script = re.search(r'<script src="([^"]+)"></script></body>', page)[1]
        css = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)[1]
        size = sum(len(gzip.compress(text.encode(), 9)) for text in (page, s.call("GET", script)[1], s.call("GET", css)[1]))
        self.assertLess(size, 14000)
        self.assertIn("script-src 'self'", answer.headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
        plain = self.device(scripts=False)
        plain.open("/login")
        self.assertIn("This browser has no passkeys, or scripts are off", plain.text())
        plain.click("a[href='/login/code']")
        number = self.numbers[3]
        element = plain.find("#number")
        plain.do("POST", f"/element/{element}/value", {"text": number})
        plain.do("POST", f"/element/{plain.find('#code')}/value", {"text": self.code(number, "--letter")})
        plain.press("/login/code")
        plain.until("/me/keys")
        self.assertIn("By a code given for it", plain.text())


if __name__ == "__main__":
    devices.main()
