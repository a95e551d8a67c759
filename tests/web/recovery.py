#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lost phones and keys, in Chromium with virtual authenticators: who came back in by a code only reads for a day, and is stopped
with one press, from the page or by the address in the message; an official's lost key; and a token for an official's program."""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import devices  # noqa: E402
from devices import Stranger, aina  # noqa: E402

PHONE = "+77010000001"


class Recovery(devices.Place):
    def messages(self):
        """What has left for phones since it was last asked, oldest first."""
        spool = self.place / "messages"
        found = sorted(spool.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        texts = [json.loads(path.read_text()) for path in found]
        for path in found:
            path.unlink()
        return [one["text"] for one in texts if one["to"] == PHONE]

    def owner(self, number):
        """With a passkey, a phone, and ten codes on paper."""
        d = self.device()
        d.enrol(number, self.code(number))
        d.log_out()
        d.log_in(number)
        d.open("/me/keys")
        d.fill(phone=PHONE)
        d.press("/me/keys/phone")
        d.until("/me/keys/phone")
        d.fill(code=re.search(r"#(\d{6})", self.messages()[-1])[1])
        d.press("/me/keys/phone/confirm")
        d.until("/me/keys")
        d.press("/me/keys/print")
        d.until("/me/keys/print")
        return d, re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", d.text())

    def test_stopped_by_the_address_in_the_message(self):
        number = self.numbers[0]
        owner, codes = self.owner(number)
        stranger = self.device()
        stranger.enrol(number, codes[3])
        stranger.wait_for_card(3)
        told = self.messages()
        self.assertEqual(len(told), 2, told)  # that somebody came in, and that they made a key
        for text, words in zip(told, ("came in to your page by a code", "a passkey was added to your page after a code")):
            self.assertIn(words, text)
            self.assertRegex(text, re.escape(self.base) + r"/stop#[0-9A-Z]{5}-[0-9A-Z]{5}$")
            self.assertNotRegex(text, number[-4:])
        stranger.log_out()
        stranger.log_in(number)
        stranger.open("/me/keys")
        stranger.says("only shows your page and changes nothing")
        stranger.open("/services/part.petition")
        stranger.press("/services/part.petition/start")
        stranger.says("came back in by a code")
        stranger.press("/login/up")
        stranger.says("it is in its first day")
        stranger.open("/me")
        self.assertNotIn("Somebody came in", stranger.text())  # they know
        owner.open("/stop" + told[0][told[0].index("#"):])  # the first of the two: not the newest
        owner.says("You need not log in")
        self.assertEqual(owner.path(), "/stop")  # out of sight, and never sent
        self.assertFalse(owner.script("return document.getElementById('code').checkVisibility()"))
        owner.press("/stop")
        owner.says("have ended")
        stranger.open("/me")
        stranger.says("Please log in")
        stranger.open("/login")
        stranger.press("/login/passkey")
        stranger.until("/login/passkey")
        self.assertEqual(self.said(), "key-unknown")
        stranger.open("/stop" + told[1][told[1].index("#"):])  # what it was for is done
        stranger.press("/stop")
        self.assertIn("This code stops nothing", stranger.says("There is a problem"))
        stranger.open("/login/code")
        stranger.fill(number=number, code=codes[4])
        stranger.press("/login/code")
        stranger.says("do not fit together")
        owner.log_in(number)  # the owner's own key works on
        owner.open("/me/keys")
        self.assertIn("0 left", owner.text())
        self.assertEqual(owner.text().count("Remove: "), 1)
        owner.open("/me/looks")
        self.assertIn("Stopped: it was not the person", owner.text())

    def test_stopped_from_ones_own_page(self):
        number = self.numbers[1]
        owner, _ = self.owner(number)
        owner.open("/me")
        self.assertNotIn("Somebody came in", owner.text())
        stranger = self.device()
        stranger.enrol(number, self.code(number, "--letter"))  # a letter taken from the letter box
        stranger.wait_for_card(3)
        stranger.click("form[action^='/me/keys/'][action$='/end'] button")
        stranger.says("Your passkey first", "h1")  # it takes no key away
        for path in ("/me/keys", "/me"):
            owner.open(path)
            owner.says("Somebody came in by a code or a signature")
        s = Stranger(self.port)
        self.assertEqual(s.call("POST", "/me/stop", {"token": "x"})[0].status, 401)
        self.assertEqual(s.call("POST", "/stop", {"token": "x", "code": "AAAAA-AAAAA"})[0].status, 403)
        s.cookies = {"aina": stranger.do("GET", "/cookie/aina")["value"]}
        self.assertEqual(s.call("POST", "/me/stop", {"token": "x"})[0].status, 403)
        owner.press("/me/stop")
        owner.says("It is stopped", "h1")
        owner.open("/me")  # this log-in stays
        self.assertNotIn("Somebody came in", owner.says("My cases"))
        stranger.open("/me")
        stranger.says("Please log in")
        entries = self.entries(number)
        self.assertEqual([e["outcome"] for e in entries[:4]], ["stopped", "added", "back-by-code", "letter-issued"])
        self.assertRegex(entries[0]["levels"], r"aal3\.phr")

    def test_who_gave_a_mandate_hears_of_its_use(self):
        owner, _ = self.owner(self.numbers[3])
        son = self.device()
        son.enrol(self.numbers[2], self.code(self.numbers[2]))
        son.log_out()
        son.log_in(self.numbers[2])
        owner.open("/me/mandates")
        owner.fill(number=self.numbers[2], until="2027-06-30")
        owner.script("document.querySelector('#scope').value = 'soc.pension'")
        owner.press("/me/mandates")
        owner.says("in these matters: Age pension")
        self.messages()
        son.open("/me/mandates")
        son.click("form[action='/me/act'] button")
        son.until("/me")
        self.assertRegex(self.messages()[0], "somebody acts for you by a mandate")
        self.assertIn("By mandate, for " + self.numbers[3][:4], son.text("h1"))
        self.assertEqual([son.count(f"a[href='{path}']") for path in ("/me/looks", "/me/documents", "/me/cases", "/me/data")], [0, 0, 1, 1])
        son.open("/services/part.petition")
        son.says("What you act by does not cover this service")
        self.assertEqual(son.count("form[action$='/start']"), 0)
        son.press("/me/act/end")  # from any page
        son.until("/me")
        self.assertIn("for yourself", son.text(".who"))
        owner.open("/me/keys")  # the phone that messages leave is told
        owner.fill(phone="")
        owner.through("form[action='/me/keys/phone'] button")
        self.assertRegex(self.messages()[-1], "do not come to this phone any more")
        owner.through("form[action='/me/keys/phone'] button")  # there is none: nothing was taken away
        self.assertEqual((self.messages(), [e["outcome"] for e in self.entries(self.numbers[3])].count("phone-removed")), ([], 1))

    def entries(self, number):
        token = aina("token", self.place, "person", number).strip()
        body = json.loads(Stranger(self.port).call("GET", "/api/me/entries", headers={"Authorization": "Bearer " + token})[1])
        return [e["entry"] for e in body["entries"]]

    def look(self, token, number):
        connection = devices.http.client.HTTPConnection("localhost", self.port, timeout=20)
        connection.request("POST", "/api/looks", json.dumps({"purpose": "treatment", "registry": "population", "number": number, "case": "treatment-1"}),
                           {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    def test_an_officials_program_and_a_lost_key(self):
        a, b, c = (self.device() for _ in range(3))
        for device, code in ((a, "HEALTH-A1"), (b, "HEALTH-A2"), (c, "MED-0417")):
            office = "clinic-5" if device is c else "administration"
            device.enrol(code, aina("enrol", self.place, "official", code, "--agency", "health", "--office", office).strip())
            device.open("/me/token")
            device.says("Officials work only after a log-in by passkey")
            device.log_out()
            device.log_in(wanted="/desk" if device is c else "/desk/admin")
        # a program of theirs reaches what their passkey reaches
        c.open("/me/token")
        c.fill(label="Queue of the clinic")
        c.press("/me/token")
        token = re.search(r"[A-Za-z0-9_-]{43}", c.says("It is shown once"))[0]
        status, body = self.look(token, self.numbers[0])
        self.assertEqual(status, 200, body)
        newest = self.entries(self.numbers[0])[0]
        self.assertEqual((newest["outcome"], newest["actor"], newest["levels"]), ("admitted", "MED-0417", "ial3.aal3.phr"))
        c.open("/me/keys")
        self.assertIn("A program with a token: Queue of the clinic", c.text())
        c.open("/me/office")
        self.assertIn("A program was given a token for an hour", c.text())
        # breaking the glass asks for a touch each time, and nobody else's form stands in for it
        made = len(self.entries(self.numbers[1]))
        for times in (1, 2):
            c.open("/desk/treatment")
            c.script("""for (const box of document.querySelectorAll('[name=registry]')) if (box.value === 'population') box.checked = true;
                        document.querySelector('[name=emergency]').checked = true; document.querySelector('[name=reason]').value = arguments[0];
                        document.querySelector('[name=number]').value = arguments[1]""", "Brought in unconscious after an accident", self.numbers[1])
            c.through("form[action='/desk/treatment'] button")
            c.says("asks for a touch of your passkey each time")
            self.assertEqual(len(self.entries(self.numbers[1])), made + times - 1)
            c.press("/login/up")
            c.says("What you entered waits")
            c.through("form[action='/desk/treatment'] button")
            self.assertEqual(len(self.entries(self.numbers[1])), made + times)
            newest = self.entries(self.numbers[1])[0]
            self.assertEqual((newest["outcome"], newest["actor"], newest["levels"], newest["reason"]), ("admitted", "MED-0417", "ial3.aal3.phr", "Brought in unconscious after an accident"))
        s = Stranger(self.port)
        s.cookies = {"aina": c.do("GET", "/cookie/aina")["value"]}
        form = re.search(r'action="/desk/treatment".*?name="token" value="([^"]+)"', s.call("GET", "/desk/treatment")[1], re.S)[1]
        for touched in ({}, {"touched": "x"}, {"touched": form}):
            answer, page = s.call("POST", "/desk/treatment", {"token": form, "registry": "population", "number": self.numbers[1], "emergency": "yes",
                                                              "reason": "Brought in unconscious after an accident"} | touched)
            self.assertIn("asks for a touch of your passkey each time", page)
        self.assertEqual(len(self.entries(self.numbers[1])), made + 2)
        # the key is lost: one administrator takes it away, two give another
        a.open("/desk/admin")
        self.assertEqual(a.count("form[action='/desk/admin/keys'] input[value='HEALTH-A1']"), 0)
        a.through("form[action='/desk/admin/keys'] input[value='MED-0417'] ~ button")
        self.assertEqual(self.look(token, self.numbers[0])[0], 401)
        c.open("/desk")
        c.says("Please log in")
        c.open("/login")
        c.press("/login/passkey")
        c.until("/login/passkey")
        self.assertEqual(self.said(), "key-unknown")
        a.open("/desk/admin")
        a.fill(**{"staff-code": "MED-0417", "office": "clinic-5"})
        a.press("/desk/admin")
        a.says("proposed by HEALTH-A1")
        b.open("/desk/admin")
        b.press("/desk/admin/agree")
        b.until("/desk/admin/agree")
        code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", b.text())[0]
        c.fresh()
        c.enrol("MED-0417", code)
        c.log_out()
        c.log_in(wanted="/desk")
        c.open("/me/office")
        self.assertIn("All keys, codes and log-ins were taken away, as lost", c.text())
        # tokens are for officials
        person = b
        person.fresh()
        person.enrol(self.numbers[2], self.code(self.numbers[2]))
        person.log_out()
        person.log_in(self.numbers[2])
        person.open("/me/token")
        person.says("This page is for officials. You are logged in as a person.")


if __name__ == "__main__":
    devices.main()
