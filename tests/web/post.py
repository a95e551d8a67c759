#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages, co-signers, booked times and letters, through the built program: who may come, and what a form without right does."""
import http.client
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site


def setUpModule():
    global served
    served = site.serve()


def tearDownModule():
    served.stop()


def visitor(role, language="en"):
    client = site.Client(served, language)
    who = site.ROLES[role]
    if who is not None:
        client.log_in(who)
    return client


class Rights(unittest.TestCase):
    PERSON = ("/me/messages", "/me/sign", "/me/pay")
    OFFICE = ("/desk/day", "/desk/letters", "/desk/messages")
    POSTS = {"/me/messages/language": "citizen", "/desk/letters": "doctor", "/desk/messages": "doctor", "/me/sign/AAAA-BBBB-CCCC": "citizen", "/me/booked/AAAA-BBBB-CCCC": "citizen", "/me/pay/" + "0" * 26: "citizen"}

    def test_pages_are_whole_in_every_language(self):
        for language in site.LANGUAGES:
            for role, paths in (("citizen", self.PERSON), ("doctor", self.OFFICE)):
                client = visitor(role, language)
                for path in paths:
                    page = client.get(path)
                    self.assertEqual(page.status, 200, path)
                    self.assertEqual(strict.faults(page.html), [], path)

    def test_nobody_else_comes_in(self):
        for role, status in (("nobody", 401), ("doctor", 403), ("auditor", 403)):
            for path in self.PERSON + ("/me/sign/AAAA-BBBB-CCCC", "/me/booked/AAAA-BBBB-CCCC"):
                self.assertEqual(visitor(role).get(path).status, status, (role, path))
        for role, status in (("nobody", 401), ("citizen", 403), ("auditor", 403)):
            for path in self.OFFICE:
                self.assertEqual(visitor(role).get(path).status, status, (role, path))

    def test_a_form_without_token_changes_nothing(self):
        for path, role in self.POSTS.items():
            for token in ({}, {"token": "x" * 43}):
                self.assertEqual(visitor(role).ask("POST", path, {"language": "ru", "letter": "0" * 26, "answer": "yes", **token}).status, 403, path)

    def test_another_ones_case_is_not_there(self):
        citizen = visitor("citizen")
        for path in ("/me/sign/AAAA-BBBB-CCCC", "/me/booked/AAAA-BBBB-CCCC", "/me/sign/x", "/me/booked/x", "/me/pay/" + "0" * 26, "/me/pay/" + "0" * 26 + "/bank"):
            page = citizen.get(path)
            self.assertEqual(page.status, 404, path)
            self.assertEqual(strict.faults(page.html), [], path)


class Messages(unittest.TestCase):
    def test_the_language_of_short_messages_is_kept(self):
        citizen = visitor("citizen")
        self.assertEqual(citizen.fill("/me/messages", "/me/messages/language", language="ru").status, 303)
        self.assertIn('<option value="ru" selected>', citizen.get("/me/messages").html)
        self.assertEqual(citizen.fill("/me/messages", "/me/messages/language", language="xx").status, 422)

    def test_a_letter_that_is_not_there_cannot_be_sent(self):
        doctor = visitor("doctor")
        self.assertIn("no letters", doctor.get("/desk/letters").html)


class Wedding(unittest.TestCase):
    """A fee before filing, a booked time, messages, and everything given back, by one who has the keys to none of it."""

    def question(self, path, **values):
        answer = self.client.fill(path, path, **values)
        self.assertEqual(answer.status, 303, answer.html[-2000:])
        return answer.headers["Location"]

    def twice(self, client, path, action, **values):
        """The same form sent twice: done once, and nobody is told that anything went wrong."""
        form = next(f for f in client.forms(path) if f["method"] == "post" and f["action"] == action)
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        for _ in range(2):
            answer = client.ask("POST", action, {**sent, **values})
            self.assertEqual(answer.status, 303, answer.html[-1500:])

    def test_from_draft_to_refund(self):
        self.client = client = visitor("citizen")
        answer = client.fill("/services/civil.marriage", "/services/civil.marriage/start")
        self.assertEqual(answer.status, 303)
        at = client.get(answer.headers["Location"]).headers["Location"]
        self.assertEqual(at, "/me/apply/civil.marriage/partner")
        at = self.question(at, partner=served.numbers[-1])
        at = self.question(at, **{"family-name": "keep"})
        self.assertEqual(at, "/me/apply/civil.marriage/wedding")
        slots = re.findall(r'<option value="(\d{4}-\d\d-\d\d \d\d:\d\d)"', client.get(at).html)
        self.assertGreater(len(slots), 20)
        at = self.question(at, wedding=slots[4])
        self.assertEqual(at, "/me/apply/civil.marriage")
        sent = client.fill(at, at)
        self.assertEqual((sent.status, sent.headers["Location"]), (303, "/me/pay"))
        invoice = re.search(r'href="(/me/pay/\w{26})"', client.get("/me/pay").html)[1]
        page = client.get(invoice)
        self.assertEqual(strict.faults(page.html), [])
        for words in ("State duty", "Tax Code", "Unverified sample", "Given back in full"):
            self.assertIn(words, page.html)
        self.assertEqual(visitor("nobody").get(invoice).status, 401)
        self.twice(client, invoice, invoice)
        self.assertIn("Paid", client.get(invoice).html)
        sent = client.fill(at, at)
        case = re.fullmatch(r"/me/cases/([\w-]{14})\?filed=yes", sent.headers["Location"])[1]
        self.assertIn("My messages: 1 new", client.get("/me").html)
        page = client.get("/me/messages")
        self.assertIn(case, page.html)
        self.assertEqual(strict.faults(page.html), [])
        self.assertNotIn(" new<", client.get("/me").html)
        self.assertNotIn(slots[4], re.findall(r'value="([^"]*)"', client.get(f"/me/booked/{case}").html))
        self.twice(client, f"/me/booked/{case}", f"/me/booked/{case}", slot=slots[5])
        self.assertEqual(strict.faults(client.get(f"/me/booked/{case}").html), [])
        self.assertIn("booked time is now", client.get("/me/messages").html)
        self.assertEqual(client.fill(f"/me/booked/{case}", f"/me/booked/{case}", slot="2026-06-02 10:00").status, 409)
        self.twice(client, f"/me/cases/{case}/withdraw", f"/me/cases/{case}/withdraw")
        self.assertIn("Is given back", client.get(invoice).html)
        self.assertEqual(client.get(f"/me/booked/{case}").status, 404)
        refunds = served.place / "payments/out"
        for _ in range(600):
            if list(refunds.glob("*.refund.json")):
                break
            time.sleep(0.1)
        self.assertEqual(len(list(refunds.glob("*.refund.json"))), 1)

    def test_a_file_is_what_is_in_it_and_its_persons_own(self):
        self.client = client = visitor("citizen")
        answer = client.fill("/services/id.passport", "/services/id.passport/start")
        at = client.get(answer.headers["Location"]).headers["Location"]
        self.assertEqual(at, "/me/apply/id.passport/photo")
        page = client.get(at)
        send = re.search(r'href="(/me/files/id.passport/photo)"', page.html)[1]
        self.assertEqual(strict.faults(client.get(send).html), [])
        token = re.search(r'multipart/form-data"><input type="hidden" name="token" value="([^"]+)"', client.get(send).html)[1]
        photo = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 2000 + b"\xff\xd9"
        for name, bytes_, right, status in (("photo.jpg", b"MZ a program", token, 422), ("photo.jpg", b"", token, 422), ("photo.jpg", photo, "x" * 43, 403), ("../Фото.jpg", photo, token, 303)):
            self.assertEqual(self.upload(send, name, bytes_, right).status, status, name)
        file = re.search(r'value="(\w{26}) Фото.jpg"', client.get(at).html)[1]
        given = client.ask("GET", f"/me/files/{file}")
        self.assertEqual(given.status, 200)
        self.assertEqual(given.headers["Content-Type"], "image/jpeg")
        self.assertEqual(given.headers["X-Content-Type-Options"], "nosniff")
        self.assertRegex(given.headers["Content-Disposition"], r'^attachment; filename="\w+\.jpg"$')
        self.assertEqual(given.sent, len(photo))
        for role, status in (("nobody", 401), ("doctor", 403)):
            self.assertEqual(visitor(role).get(f"/me/files/{file}").status, status)
        self.assertIn(visitor("doctor").get(f"/desk/files/AAAA-BBBB-CCCC/{file}").status, (403, 404))
        self.assertEqual(visitor("citizen").get(f"/desk/files/AAAA-BBBB-CCCC/{file}").status, 403)
        self.assertEqual(client.fill("/me/apply/id.passport", "/me/drop/id.passport").status if client.get("/me/apply/id.passport").status == 200 else 303, 303)

    def upload(self, path, name, content, token):
        line = "----aina"
        body = (f'--{line}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n--{line}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n').encode() + content + f"\r\n--{line}--\r\n".encode()
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        connection.request("POST", path, body, {"Cookie": "; ".join(f"{k}={v}" for k, v in self.client.cookies.items()), "Origin": f"http://127.0.0.1:{served.port}",
                                                "Content-Type": f"multipart/form-data; boundary={line}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def test_a_report_without_a_key_is_not_believed(self):
        for provider in ("bank", "x" * 70, "..%2f"):
            answer = visitor("nobody").ask("POST", f"/api/v1/payments/{provider}", {"invoice": "0" * 26}, {"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 401, 404), provider)


if __name__ == "__main__":
    unittest.main()
