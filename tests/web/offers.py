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
import time
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/cli"), str(ROOT / "tests/web")]
from browser import Browser  # noqa: E402
from place import Place, Server, aina  # noqa: E402
from services import check_plain, folder_of_three  # noqa: E402
from strict import faults  # noqa: E402


def setUpModule():
    global base, place, server
    base = pathlib.Path(tempfile.mkdtemp(prefix="aina-offers-"))
    place = Place(20, folder_of_three(base), folder=base / "instance")
    server = Server(place.folder, "--demo")
    assert server.port, server.said()


def tearDownModule():
    server.stop()
    shutil.rmtree(base)


def role(name):
    """The n-th button of /demo, by its English name."""
    names = re.findall(r'^  - as:.*?name: \{.*?en: "(.*?)"', (ROOT / "jurisdictions/kz/demo.yaml").read_text(), re.M | re.S)
    return names.index(name)


def logged_in(name, language="en"):
    browser = Browser(server.port, language)
    browser.log_in(role(name))
    return browser


def citizen(n=0, language="en"):
    """The n-th person among the roles, who is the n-th invented one; folder_of_three adds the last."""
    browser = Browser(server.port, language)
    roles = re.findall(r"^  - as: (\w+)", (ROOT / "jurisdictions/kz/demo.yaml").read_text(), re.M)
    browser.log_in([*[i for i, one in enumerate(roles) if one == "person"], len(roles)][n])
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


def record_birth(number, certificate="MC-77"):
    doctor = logged_in("A clinic doctor")
    return doctor.send("/desk/records/birth-records", "/desk/records/birth-records", number=number,
                       **{"f-certificate": certificate, "f-born": "2026-11-20"})


def offers_of(browser):
    return re.findall(r'href="(/me/offers/[0-9a-z]+)"', browser.get("/me/offers").text)


def answer_all(test, browser, path, typed):
    """From the page to the list of answers; each question is answered from `typed` by its name and taken out of it."""
    for _ in range(20):
        page = browser.get(path)
        while page.status == 303:
            path = page.location
            page = browser.get(path)
        form = next(f for f in page.page.forms if (f["action"] or "").startswith("/me/apply/"))
        names = form["named"] - {"token", "change"} - set(form["fields"])
        if not names:
            return path, page
        answer = browser.call("POST", form["action"], {**form["fields"], **{name: typed.pop(name) for name in names}})
        test.assertEqual(answer.status, 303, answer.text)
        path = answer.location
    test.fail("no end of questions")


class Offered(unittest.TestCase):
    """A clinic records a birth; the mother is offered its registration."""

    def test_the_whole_way(self):
        mother, other = citizen(0), citizen(1)
        mine = place.numbers[0]
        before = set(offers_of(mother))
        done = record_birth(mine)
        self.assertEqual(done.status, 200, done.text)
        self.assertIn("The record is written", done.text)
        self.assertNotIn("MC-77", done.text)
        self.assertRegex(mother.get("/me").text, r"Offered to me: \d+ open")
        [path] = set(offers_of(mother)) - before
        self.assertIn(path, mother.get("/me/messages").text)
        for where in ("/me/offers", path):
            check_plain(self, mother, where)
        page = mother.get(path)
        self.assertIn('<button class="second">Decline</button>', page.text)
        for words in ("Birth registration", "Why you", "The clinic recorded your child", "Medical birth records", "Health department",
                      "You can answer until", "you are not asked again"):
            self.assertIn(words, page.page.text)
        looks = mother.get("/me/looks?agency=health").page.text
        self.assertIn("A record about you was written", looks)
        self.assertIn("A service offered to you: Birth registration", mother.get("/me/looks").page.text)
        # Nobody else sees or answers it, in any way.
        self.assertEqual(other.get(path).status, 404)
        self.assertNotIn(path, other.get("/me/offers").text)
        for act in ("accept", "decline"):
            token = mother.get(path).page.form(f"{path}/{act}")["fields"]
            self.assertEqual(other.call("POST", f"{path}/{act}", token).status, 403)  # the mother's token is hers
            self.assertEqual(mother.call("POST", f"{path}/{act}", {}).status, 403)
            self.assertEqual(Browser(server.port).call("POST", f"{path}/{act}", token).status, 401)
        record_birth(place.numbers[1])  # so that the other has a form with a token of that route
        [own] = [p for p in offers_of(other)][:1]
        for act in ("accept", "decline"):
            token = other.get(own).page.form(f"{own}/{act}")["fields"]
            self.assertEqual(other.call("POST", f"{path}/{act}", token).status, 404)
        self.assertEqual(logged_in("A clinic doctor").get(path).status, 403)
        # Accepted: the application begins, and what the clinic wrote is not asked.
        accepted = mother.send(path, f"{path}/accept")
        self.assertEqual((accepted.status, accepted.location), (303, "/me/apply/civil.birth"))
        typed = {"child-name": "Айша", "child-surname": "Серікова", "child-patronymic": ""}
        where, check = answer_all(self, mother, accepted.location, typed)
        self.assertEqual(typed, {})
        self.assertIn("MC-77", check.text)
        sent = mother.send(where, "/me/apply/civil.birth")
        self.assertRegex(sent.location, "^/me/cases/")
        self.assertIn("You accepted it on", mother.get(path).text)
        self.assertEqual(mother.get(path).text.count("/accept"), 0)
        # Granted by rule: what follows from it is offered; the name is known already there.
        follows = {re.search(r'<h1[^>]*>([^<]+)', mother.get(p).text)[1]: p for p in set(offers_of(mother)) - before - {path}}
        self.assertEqual(set(follows), {"Birth and child-care allowance", "Kindergarten waiting list", "Attachment to a primary-care clinic"})
        clinic = follows["Attachment to a primary-care clinic"]
        self.assertIn(sent.location.split("?")[0], mother.get(clinic).text)
        begun = mother.send(clinic, f"{clinic}/accept")
        typed = {"new-clinic": "No. 5", "reason-for-change": "born"}
        _, check = answer_all(self, mother, begun.location, typed)
        self.assertIn("Айша", check.text)
        # Declined: recorded, final, and the service is open all the same.
        declined = follows["Kindergarten waiting list"]
        self.assertEqual(mother.send(declined, f"{declined}/decline").location, declined)
        self.assertIn("You declined it on", mother.get(declined).text)
        self.assertIn("/services/edu.kindergarten-queue/start", mother.get("/services/edu.kindergarten-queue").text)
        self.assertIn("Declined", mother.get("/me/looks").page.text)

    def test_pressed_twice(self):
        third = citizen(2)
        before = set(offers_of(third))
        record_birth(place.numbers[2])
        [path] = set(offers_of(third)) - before
        form = third.get(path).page.form(f"{path}/accept")["fields"]
        for _ in range(2):
            again = third.call("POST", f"{path}/accept", form)
            self.assertEqual((again.status, again.location), (303, "/me/apply/civil.birth"))
        doctor, page = logged_in("A clinic doctor"), "/desk/records/birth-records"
        form = {**doctor.get(page).page.form(page)["fields"], "number": place.numbers[2], "f-certificate": "MC-78"}
        wrong = doctor.call("POST", page, {**form, "f-born": "yesterday"})
        self.assertEqual(wrong.page.form(page)["fields"]["record"], form["record"])
        sent = [doctor.call("POST", page, form) for _ in range(3)]  # one record, one entry, one offer
        self.assertEqual([answer.status for answer in sent], [200, 409, 409])
        self.assertIn("This was done already", sent[1].page.text)
        self.assertEqual(len(set(offers_of(third)) - before), 2)
        self.assertEqual(doctor.call("POST", page, {**form, "record": "x"}).status, 422)
        token = third
        [fresh] = set(offers_of(third)) - before - {path}
        form = token.get(fresh).page.form(f"{fresh}/decline")["fields"]
        self.assertEqual(third.call("POST", f"{path}/decline", form).status, 409)  # it was accepted
        self.assertEqual(third.call("POST", f"{fresh}/decline", form).location, fresh)
        self.assertEqual(third.call("POST", f"{fresh}/decline", form).location, fresh)

    def test_who_may_write_records(self):
        police = logged_in("A traffic police officer")
        self.assertEqual(police.get("/desk/records").status, 404)
        self.assertEqual(police.get("/desk/records/birth-records").status, 404)
        doctor = logged_in("A clinic doctor")
        self.assertIn("/desk/records", doctor.get("/desk").text)
        self.assertEqual(doctor.get("/desk/records/population").status, 404)
        form = doctor.get("/desk/records/birth-records").page.form("/desk/records/birth-records")["fields"]
        self.assertEqual(police.call("POST", "/desk/records/birth-records", form).status, 403)
        self.assertEqual(doctor.call("POST", "/desk/records/birth-records", {}).status, 403)
        self.assertEqual(citizen().get("/desk/records").status, 403)
        for fields, words in (({"number": "12"}, "not a number of a person"), ({"number": "991130390064"}, "No person has this number"), ({}, "Fill in at least one field"),
                              ({"f-born": "yesterday"}, "Write a day like")):
            wrong = doctor.call("POST", "/desk/records/birth-records", {**form, "number": place.numbers[0], **fields})
            self.assertEqual(wrong.status, 422)
            self.assertIn(words, wrong.page.text)


class Letters(unittest.TestCase):
    """Whom no phone reaches is told by letter, by the office that wrote the record; whoever opens it is seen."""

    def waiting(self, browser, n):
        for _ in range(900):  # the messages' thread takes it up every second
            letters = re.findall(r'href="(/desk/letters/[0-9a-z]+)"', browser.get("/desk/letters").text)
            if len(letters) == n:
                return letters
            time.sleep(0.1)
        self.fail(f"{n} letters should wait, {len(letters)} do")

    def test_an_offer_goes_by_post(self):
        doctor, person, number = logged_in("A clinic doctor"), citizen(1), place.numbers[1]
        before = len(re.findall(r'href="/desk/letters/', doctor.get("/desk/letters").text))
        self.assertEqual(record_birth(number, "MC-800").status, 200)
        letters = self.waiting(doctor, before + 1)
        listed = doctor.get("/desk/letters")
        self.assertNotIn(number, listed.text)
        self.assertIn("Offered: Birth registration", listed.page.text)
        for browser in (logged_in("A traffic police officer"), logged_in("A benefits clerk"), citizen(0), Browser(server.port)):
            self.assertIn(browser.get(letters[-1]).status, (401, 403, 404))
        opened = doctor.get(letters[-1])
        self.assertEqual((opened.status, faults(opened.text)), (200, []))
        for words in (number, "at the address that your office has"):
            self.assertIn(words, opened.page.text)
        self.assertIn("Баланың тууын мемлекеттік тіркеу", opened.page.text)  # in the person's language, not the official's
        self.assertIn("Opened in order to send it to you by letter", person.get("/me/looks").page.text)
        form = opened.page.form("/desk/letters")["fields"]
        self.assertEqual(doctor.call("POST", "/desk/letters", {**form, "token": "x"}).status, 403)
        self.assertEqual(logged_in("A traffic police officer").call("POST", "/desk/letters", form).status, 403)
        self.assertEqual(doctor.call("POST", "/desk/letters", form).status, 303)
        self.assertEqual(doctor.get(letters[-1]).status, 404)
        self.waiting(doctor, before)


class Consents(unittest.TestCase):
    """Given, used by an official, taken back: refused again; each change in the person's list."""

    def look(self, number):
        clerk = logged_in("A benefits clerk")
        return clerk.send("/desk/income-sharing", "/desk/income-sharing", registry="social-payments", number=number, case="")

    def test_given_and_taken_back(self):
        person, number = citizen(0), place.numbers[0]
        page = person.get("/me/consents")
        self.assertIn("Not given", page.page.text)
        self.assertIn('<label for="days-labour-income-sharing">', page.text)  # each consent its own
        self.assertIn("/me/consents", person.get("/me").text)
        asked = page.page.form("/me/consents/give")["fields"]
        self.assertEqual((asked["agency"], asked["purpose"]), ("labour", "income-sharing"))
        self.assertIn("needs the person's consent", self.look(number).page.text.replace("\u2019", "'"))
        for _ in range(2):  # pressed twice: given once
            self.assertEqual(person.send(page, "/me/consents/give", days="30").location, "/me/consents")
        self.assertIn("Given until", person.get("/me/consents").page.text)
        self.assertNotIn("needs the person's consent", self.look(number).page.text.replace("\u2019", "'"))
        again = person.get("/me/consents").page.form("/me/consents/end")["fields"]
        self.assertEqual(person.call("POST", "/me/consents/end", again).location, "/me/consents")
        self.assertIn("needs the person's consent", self.look(number).page.text.replace("\u2019", "'"))
        self.assertEqual(person.call("POST", "/me/consents/end", again).status, 409)
        looks = person.get("/me/looks?agency=").page.text
        self.assertEqual(looks.count("A consent given or taken back"), 2)

    def test_what_is_not_allowed(self):
        person = citizen(1)
        good = person.get("/me/consents").page.form("/me/consents/give")["fields"]
        for wrong, status in (({"days": "0"}, 422), ({"days": "4000"}, 422), ({"days": "x"}, 422), ({"purpose": "treatment", "days": "30"}, 404),
                              ({"agency": "police", "days": "30"}, 404), ({"token": "x", "days": "30"}, 403)):
            self.assertEqual(person.call("POST", "/me/consents/give", {**good, **wrong}).status, status, wrong)
        self.assertEqual(logged_in("A clinic doctor").get("/me/consents").status, 403)
        self.assertEqual(Browser(server.port).call("POST", "/me/consents/give", {**good, "days": "30"}).status, 401)
        self.assertIn("Not given", person.get("/me/consents").page.text)


class OneVisit(unittest.TestCase):
    """A child is born: all services begun at once, no question asked twice."""

    def test_nothing_is_asked_twice(self):
        parent = citizen(1)
        begun = parent.send("/life/child-born", "/life/child-born/start")
        self.assertEqual(begun.status, 303)
        drafts = set(re.findall(r'href="/me/apply/([\w.-]+)"', parent.get("/me/cases").text))
        self.assertLessEqual({"civil.birth", "soc.birth-allowance", "edu.kindergarten-queue", "med.attach"}, drafts)
        asked = {"certificate": "MC-5", "child-name": "Алан", "child-surname": "Сериков", "child-patronymic": "", "children": "1",
                 "account": "KZ75125KZT2069100100", "child": "", "area": "Алмалы", "priority": "none", "new-clinic": "No. 5", "reason-for-change": "born"}
        typed, times = dict(asked), {}
        for service in ("civil.birth", "soc.birth-allowance", "edu.kindergarten-queue", "med.attach"):
            left = dict(typed)
            where, check = answer_all(self, parent, f"/me/apply/{service}", left)
            for name in set(typed) - set(left):
                times[name] = times.get(name, 0) + 1
                typed.pop(name)  # asked once more, it would have no answer any more
            if service in ("edu.kindergarten-queue", "med.attach"):
                self.assertIn("Алан", check.text)
            sent = parent.send(where, f"/me/apply/{service}")
            self.assertRegex(sent.location, "^/me/cases/", service)
        self.assertEqual(set(times.values()), {1})
        self.assertEqual(parent.get("/me/cases").status, 200)


if __name__ == "__main__":
    unittest.main()
