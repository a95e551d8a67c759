#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every page that links lead to, for every kind of visitor, in every language, read strictly; and the pages of work: a look from
form to receipt, what is refused, and a question from the person to the answer. No browser."""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import walk as site
import strict
from served import aina

# /check reads a code with the camera or from a picture that never leaves the device: outside any form, filled in by its script.
CAMERA = re.compile("<input> stands outside a form|<video>|<template>|<h3> is empty|<script> is not our one file")
ROUND_TRIP = 14000  # bytes: what a cold page may weigh with everything it loads


def setUpModule():
    global served
    served = site.serve()
    served.settled(1.5)  # until the clock has seen to what is late


def tearDownModule():
    served.stop()


def visitor(role, language="en"):
    client = site.Client(served, language)
    who = site.ROLES[role]
    return client, client.log_in(who) if who is not None else "/"


class Strict(unittest.TestCase):
    def test_the_reader_finds_faults(self):
        good = "<!doctype html><html lang=\"kk\"><head><title>x</title></head><body><h1>x</h1>{}</body></html>"
        self.assertEqual(strict.faults(good.format("<p>y</p>")), [])
        for bad in ("<p>", "<h3>x</h3>", "<h1>again</h1>", "<p id=\"a\"></p><p id=\"a\">x</p>", "<form action=\"/\"><input name=\"a\"></form>", "<label for=\"no\">x</label>",
                    "<p><div>x</div></p>", "<a href=\"http://elsewhere\">x</a>", "<a href=\"/\"></a>", "<p>{}</p>", "<p onclick=\"x\">x</p>", "<p>&amp;lt;</p>",
                    "<script>x</script>", "<ul><p>x</p></ul>", "<p class=x>x</p>", "<p aria-describedby=\"no\">x</p>", "<b><i>x</b></i>", "<a href=\"#no\">x</a>"):
            self.assertTrue(strict.faults(good.replace("{}", bad)), bad)

    def test_every_page_in_every_language(self):
        count, untranslated = 0, []
        for language in site.LANGUAGES:
            for role in site.ROLES:
                client, start = visitor(role, language)
                for path, page in site.walk(client, start).items():
                    with self.subTest(path, role=role, language=language):
                        self.assertEqual(page.status, 200)
                        self.assertEqual(page.headers["Cache-Control"], "no-store")
                        if not page.is_html:
                            continue
                        count += 1
                        camera = path.partition("?")[0] == "/check"
                        self.assertEqual([fault for fault in strict.faults(page.html) if not (camera and CAMERA.search(fault))], [])
                        self.assertIn(f'<html lang="{language}">', page.html)
                        if camera:  # the one other page with a script
                            continue
                        self.assertNotRegex(re.sub(r'<script src="/static/(?:passkey|check|sign)-[0-9a-f]{12}\.js"></script>', "", page.html), r"<script|javascript:")
        self.assertGreater(count, 60)

    def test_errors_are_pages_too(self):
        client, _ = visitor("nobody")
        doctor, _ = visitor("doctor")
        for who, path, status in ((client, "/no-such", 404), (client, "/desk", 401), (client, "/me", 401), (doctor, "/review", 403), (doctor, "/audit", 403),
                                  (doctor, "/me", 403), (doctor, "/desk/no-such", 404), (doctor, "/desk/receipt/" + "0" * 26, 404), (doctor, "/desk/receipt/x", 404)):
            page = who.get(path)
            self.assertEqual(page.status, status, path)
            self.assertEqual(strict.faults(page.html), [], path)

    def test_a_cold_page_is_light(self):
        for role in ("nobody", "citizen", "doctor"):
            client, start = visitor(role)
            for path in {start, "/"}:
                page = client.get(path)
                loads = re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]*)"', page.html)
                self.assertGreater(len(loads), 0)
                self.assertLessEqual(page.sent + sum(client.get(load).sent for load in loads), ROUND_TRIP, path)


class Counter(unittest.TestCase):
    """A clerk acts for the person in front of them; and whoever may not, or not so."""

    def setUp(self):
        self.clerk, _ = visitor("clerk")
        self.number = served.numbers[0]
        page = self.clerk.get("/desk/assist")
        self.service, self.service_name = re.search(r'<option value="([a-z0-9.-]+)"[^>]*>([^<]+)', page.html).groups()

    def begin(self, **values):
        page = self.clerk.fill("/desk/assist", "/desk/assist", **{"number": self.number, "service": self.service, "presence": "document", "document": "45A7", **values})
        if page.status != 303:
            self.assertEqual(strict.faults(page.html), [])
        return page

    def test_one_person_one_service_and_the_person_sees_it(self):
        citizen, _ = visitor("citizen")
        mandates = citizen.get("/me/mandates").html.count("Take back from")
        page = self.begin()
        self.assertEqual((page.status, page.headers["Location"]), (303, "/desk/assist"))
        now = self.clerk.get("/desk/assist")
        self.assertEqual(strict.faults(now.html), [])
        self.assertIn(f"At the counter, for {self.number[:4]}", now.html)
        self.assertIn("its number ends in 45A7", now.html)
        for path in ("/desk", "/me", "/services"):
            other = self.clerk.get(path)
            if other.status == 200:
                self.assertIn(f"At the counter, for {self.number[:4]}", other.html, path)
        # neither the person's list, nor their keys, nor their records
        for path in ("/me/looks", "/me/questions", "/me/looks/export"):
            self.assertEqual(self.clerk.get(path).status, 403, path)
        registry = self.clerk.fill("/me/data", "/me/data/population")
        self.assertEqual(registry.status, 403)
        self.assertIn("another matter", registry.html)
        second = self.clerk.ask("POST", "/desk/assist", {"token": "x"})
        self.assertEqual(second.status, 403)
        self.assertEqual(citizen.get("/me/mandates").html.count("Take back from"), mandates + 1)
        looks = citizen.get("/me/looks").html
        self.assertIn("A counter clerk acting for you", looks)
        leaf = re.search(r'href="/me/looks/(\d+)"[^>]*>[^<]*A counter clerk', looks) or re.search(r'href="/me/looks/(\d+)"', looks)
        entry = citizen.get(f"/me/looks/{leaf[1]}").html
        for words in ("At the counter", "state-corporation-counter-01", self.service_name, "its number ends in 45A7", "Begun"):
            self.assertIn(words, entry)
        asked = citizen.fill(f"/me/looks/{leaf[1]}", f"/me/looks/{leaf[1]}/ask", words="I was at no counter on that day.") \
            if f"/me/looks/{leaf[1]}/ask" in entry else None
        self.assertIsNotNone(asked, "the entry can be contested")
        self.assertEqual(asked.status, 303)
        self.assertEqual(self.clerk.fill("/desk/assist", "/desk/assist/end").status, 303)
        self.assertNotIn("At the counter, for", self.clerk.get("/desk/assist").html)
        self.assertEqual(citizen.get("/me/looks").html.count("A counter clerk acting for you"), 2)

    def test_what_is_filed_is_filed_at_the_counter(self):
        self.service = "soc.unemployed"
        self.assertEqual(self.begin().status, 303)
        other = self.clerk.get("/services/soc.pension").html
        self.assertNotIn("/services/soc.pension/start", other)  # one service
        page = self.clerk.fill("/services/soc.unemployed", "/services/soc.unemployed/start")
        self.assertEqual(page.status, 303, page.html)
        page = self.clerk.fill("/me/apply/soc.unemployed/wanted", "/me/apply/soc.unemployed/wanted", wanted="welder")
        self.assertEqual(page.status, 303, page.html)
        page = self.clerk.fill("/me/apply/soc.unemployed", "/me/apply/soc.unemployed")
        self.assertRegex(page.headers["Location"], r"/me/cases/[0-9A-Z-]+")
        self.assertEqual(self.clerk.fill("/desk/assist", "/desk/assist/end").status, 303)
        citizen, _ = visitor("citizen")
        looks = citizen.get("/me/looks").html
        self.assertIn("An application filed", looks)
        self.assertIn("Who acts for you looked at your data", looks)
        self.assertGreater(looks.count("Who acts for you: At the counter, staff code state-corporation-counter-01"), 1)

    def test_the_person_ends_it(self):
        citizen, _ = visitor("citizen")
        self.assertEqual(self.begin().status, 303)
        for _ in range(9):
            page = citizen.get("/me/mandates").html
            if "Take back from" not in page:
                break
            self.assertEqual(citizen.fill("/me/mandates", "/me/mandates/end").status, 303)
        page = self.clerk.get("/desk/assist").html
        self.assertNotIn("At the counter, for", page)
        self.assertIn("or the person ended it", page)

    def test_what_may_not_be(self):
        for values, words in (({"number": "12345"}, "not a number of a person"), ({"document": "45"}, "last four letters or digits"),
                              ({"presence": "hunch"}, "Choose one"), ({"service": "no-such"}, "Choose one")):
            page = self.begin(**values)
            self.assertEqual(page.status, 422, values)
            self.assertIn(words, page.html)
        size = served.settled()
        page = self.begin(number="991130390064")  # valid, and nobody's: the asking is an entry
        self.assertEqual(page.status, 422)
        self.assertIn("Nobody has this number", page.html)
        self.assertGreater(served.size(), size)
        page = self.begin(presence="phone")  # no phone is known: the same page, and no code fits
        self.assertEqual(page.status, 200)
        form = next(f for f in strict.read(page.html).forms if f["action"] == "/desk/assist/code")
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        self.assertEqual(self.clerk.ask("POST", "/desk/assist/code", {**sent, "code": "123456"}).status, 403)
        for role, status in (("doctor", 403), ("citizen", 403), ("nobody", 401)):
            client, _ = visitor(role)
            self.assertEqual(client.get("/desk/assist").status, status, role)
            for action in ("/desk/assist", "/desk/assist/code", "/desk/assist/end"):
                self.assertEqual(client.ask("POST", action, {"token": "x"}).status, status, role)
        for action in ("/desk/assist", "/desk/assist/code", "/desk/assist/end"):
            self.assertEqual(self.clerk.ask("POST", action, {"number": self.number}).status, 403)  # no form token

    def test_a_code_for_the_persons_own_phone(self):
        def give(**values):
            page = self.clerk.fill("/desk/enrol", "/desk/enrol", **{"number": served.numbers[1], "document": "45A7", **values})
            self.assertEqual(strict.faults(page.html), [])
            return page
        for values, words in (({"number": "12345"}, "not a number of a person"), ({"document": "45"}, "last four letters or digits")):
            page = give(**values)
            self.assertEqual(page.status, 422, values)
            self.assertIn(words, page.html)
        size = served.settled()
        page = give(number="991130390064")  # valid, and nobody's: the asking is an entry
        self.assertEqual((page.status, served.size() > size), (422, True))
        self.assertIn("Nobody has this number", page.html)
        for lost, outcome in ("", "code-issued"), ("yes", "code-issued-lost"):
            page = give(**({"lost": lost} if lost else {}))
            self.assertEqual(page.status, 200)
            code = re.search(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", page.html)[0]
            token = served.token("person", served.numbers[1])
            entry = json.loads(served.raw("GET", "/api/me/entries", token).bytes)["entries"][0]["entry"]
            self.assertEqual((entry["kind"], entry["outcome"], entry["agency"], entry["office"], entry["reason"]),
                             ("log-in", outcome, "state-corporation", "counter", "document ****45A7"))
            self.assertTrue(entry["actor"])
        person = site.Client(served)
        page = person.fill("/login/code", "/login/code", number=served.numbers[1], code=code)
        self.assertEqual((page.status, page.headers["Location"]), (303, "/me/keys"))
        looks = person.get("/me/looks").html
        self.assertIn("the document was seen; its number ends in 45A7", looks)
        self.assertIn("your phone and app were taken off as lost", looks)
        self.begin(number=served.numbers[2])  # who acts for one person gives no other a code
        self.assertEqual(self.clerk.get("/desk/enrol").status, 409)
        self.clerk.fill("/desk/assist", "/desk/assist/end")
        for role, status, words in (("doctor", 403, "Your office has no right to this page"), ("citizen", 403, "This page is for officials"), ("nobody", 401, "Please log in")):
            client, _ = visitor(role)
            page = client.get("/desk/enrol")
            self.assertEqual(page.status, status, role)
            self.assertIn(words, page.html)
            self.assertEqual(client.ask("POST", "/desk/enrol", {"token": "x"}).status, status, role)
        self.assertEqual(self.clerk.ask("POST", "/desk/enrol", {"number": self.number}).status, 403)  # no form token


class OwnCase(unittest.TestCase):
    """A doctor opens a case of their own with the person in front of them; no case of the demonstration is used."""

    def setUp(self):
        self.doctor, _ = visitor("doctor")
        self.number = served.numbers[0]

    def open(self, who=None, **values):
        page = (who or self.doctor).fill("/desk/case/open", "/desk/case/open",
                                         **{"case": "visit-1", "number": self.number, "presence": "document", "document": "45A7", **values})
        self.assertEqual(strict.faults(page.html), [])
        return page

    def look(self, number, case):
        return self.doctor.fill("/desk/treatment", "/desk/treatment", registry="population", number=number, case=case)

    def test_a_visit(self):
        self.assertIn('href="/desk/case/open"', self.doctor.get("/desk").html)
        self.assertEqual(self.look(self.number, "visit 1/7").status, 403)
        page = self.open(case="visit 1/7")
        self.assertEqual(page.status, 200)
        self.assertIn("The case is open", page.html)
        link = re.search(r'class="button" href="(/desk/treatment[^"]*)"', page.html)[1]
        form = self.doctor.get(link).html
        self.assertRegex(form, r'<input[^>]*name="case"[^>]*value="visit 1/7"')
        self.assertEqual(self.look(self.number, "visit 1/7").status, 200)
        self.assertEqual(self.look(served.numbers[1], "visit 1/7").status, 403)
        citizen, _ = visitor("citizen")
        looks = citizen.get("/me/looks").html
        leaf = re.search(r'href="/me/looks/(\d+)"[^>]*>\s*(?:<[^>]*>\s*)*A case was opened about you', looks)
        self.assertIsNotNone(leaf, looks)
        entry = citizen.get(f"/me/looks/{leaf[1]}").html
        for words in ("A case was opened about you", "health-clinic-5-01", "Treatment", "its number ends in 45A7", "Open until", "visit 1/7"):
            self.assertIn(words, entry)
        taken = self.open(case="visit 1/7", number=served.numbers[1])
        self.assertEqual(taken.status, 409)
        self.assertIn("Choose another number", taken.html)
        form = {a["name"]: a["value"] for tag, a in next(f for f in strict.read(page.html).forms if f["action"] == "/desk/case/end")["fields"] if "name" in a}
        self.assertEqual(form["case"], "visit 1/7")
        ended = self.doctor.ask("POST", "/desk/case/end", form)
        self.assertEqual((ended.status, strict.faults(ended.html)), (200, []))
        self.assertEqual(self.look(self.number, "visit 1/7").status, 403)
        self.assertIn("A case about you was ended", citizen.get("/me/looks").html)
        again = self.doctor.ask("POST", "/desk/case/end", form)
        self.assertEqual(again.status, 409)
        self.assertIn("ended already", again.html)
        for number, status, words in (("treatment-1", 404, "opened a case of this number by itself"), ("", 422, "Enter the case number")):  # an application's; none
            wrong = self.doctor.fill("/desk/case/open", "/desk/case/end", case=number)
            self.assertEqual((wrong.status, strict.faults(wrong.html)), (status, []))
            self.assertRegex(wrong.html, f'<li><a href="#ending">[^<]*{words}')

    def test_a_code_on_the_phone(self):
        page = self.open(case="visit-2", presence="phone", document="")
        self.assertEqual(page.status, 200)
        form = next(f for f in strict.read(page.html).forms if f["action"] == "/desk/case/open/code")
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        self.assertEqual((sent["case"], sent["purpose"]), ("visit-2", "treatment"))
        self.assertEqual(self.doctor.ask("POST", "/desk/case/open/code", {**sent, "code": "123456"}).status, 403)
        self.assertEqual(self.look(self.number, "visit-2").status, 403)

    def test_a_notary(self):
        notary, _ = visitor("notary")
        page = self.open(notary, case="visit 1/7")  # another agency's number is its own
        self.assertEqual(page.status, 200)
        citizen, _ = visitor("citizen")
        self.assertIn("A case was opened about you", citizen.get("/me/looks").html)  # at once, though looks by it are delayed

    def test_what_may_not_be(self):
        for values, words in (({"number": "12345"}, "not a number of a person"), ({"document": "45"}, "last four letters or digits"), ({"presence": "hunch"}, "Choose one"),
                              ({"case": ""}, "Enter the case number"), ({"purpose": "appointment"}, "changed on its way"), ({"case": "1" * 65}, "too long")):
            page = self.open(**{"case": "visit-3", **values})
            self.assertEqual(page.status, 422, values)
            self.assertIn(words, page.html)
        taken = self.open(case="treatment-1")  # an application's
        self.assertEqual(taken.status, 409)
        self.assertIn("Choose another number", taken.html)
        size = served.settled()
        page = self.open(case="visit-3", number="991130390064")  # valid, and nobody's: the asking is an entry
        self.assertEqual(page.status, 422)
        self.assertIn("Nobody has this number", page.html)
        self.assertGreater(served.size(), size)
        self.assertEqual(self.look(self.number, "visit-3").status, 403)
        actions = ("/desk/case/open", "/desk/case/open/code", "/desk/case/end")
        for role, status in (("police", 403), ("clerk", 403), ("citizen", 403), ("nobody", 401)):
            client, start = visitor(role)
            self.assertNotIn("/desk/case/open", client.get(start).html)
            self.assertEqual(client.get("/desk/case/open").status, status, role)
            for action in actions:
                self.assertEqual(client.ask("POST", action, {"token": "x"}).status, status, role)
        for action in actions:
            self.assertEqual(self.doctor.ask("POST", action, {"number": self.number, "case": "visit-3"}).status, 403)  # no form token


class Desk(unittest.TestCase):
    def setUp(self):
        self.client, _ = visitor("doctor")
        self.good = {"registry": "population", "number": served.numbers[0], "case": "treatment-1"}

    def send(self, **values):
        page = self.client.fill("/desk/treatment", "/desk/treatment", **{**self.good, **values})
        self.assertEqual(strict.faults(page.html), [])
        return page

    def test_admitted_with_its_receipt(self):
        size = served.settled()
        page = self.send()
        self.assertEqual(page.status, 200)
        for name in ("Surname", "Given name", "Number of the entry", "What the person will see", "treatment-1"):
            self.assertIn(name, page.html)
        self.assertNotIn(served.numbers[0], page.html)
        self.assertEqual(served.size(), size + 1)
        receipt = self.client.get(re.search(r'href="(/desk/receipt/\w{26})"', page.html)[1])
        self.assertTrue(receipt.headers["Content-Disposition"].startswith("attachment"))
        file = served.folder / "look"
        file.write_text(receipt.html)
        key = served.raw("GET", "/log/key").bytes.decode().strip()
        self.assertEqual(aina("verify", file, "--key", key).returncode, 0)
        police, _ = visitor("police")
        self.assertEqual(police.get(re.search(r'href="(/desk/receipt/\w{26})"', page.html)[1]).status, 404)

    def test_only_chosen_fields(self):
        page = self.send(field="population/surname")
        self.assertEqual(page.status, 200)
        self.assertIn("<dt>Surname</dt>", page.html)
        self.assertNotIn("<dt>Given name</dt>", page.html)

    def test_a_slip_is_told_and_is_no_look(self):
        size = served.settled()
        for values, words in (({"number": ""}, "Enter the IIN"), ({"number": "123"}, "not a valid IIN"), ({"case": ""}, "Enter the case number"), ({"registry": ""}, "Choose where"),
                              ({"registry": "no-such"}, "Choose where"), ({"case": "x" * 65}, "too long"), ({"field": "vehicles/plate"}, "another registry"),
                              ({"emergency": "yes", "reason": "short"}, "at least 20"), ({"number": "<b>\"'&"}, "not a valid IIN"), ({"reason": "ж" * 600}, "too long")):
            with self.subTest(values):
                page = self.send(**values)
                self.assertEqual(page.status, 422)
                self.assertIn(words, page.html)
                self.assertIn('id="errors"', page.html)
                if values.get("number", "x") and "number" in values:
                    self.assertNotIn("<b>\"", page.html)
                if "number" not in values:
                    self.assertIn(f'value="{served.numbers[0]}"', page.html)  # typed input is kept
        for form in ({**self.good, "nosuch": "1"}, [("registry", "population"), ("registry", "population")], {**self.good, "field": "x" * 200}):
            token = next(a["value"] for f in self.client.forms("/desk/treatment") if f["action"] == "/desk/treatment" for t, a in f["fields"] if a.get("name") == "token")
            pairs = list(form.items() if isinstance(form, dict) else form) + [("token", token)]
            self.assertEqual(self.client.ask("POST", "/desk/treatment", pairs).status, 400)
        self.assertEqual(self.client.ask("POST", "/desk/treatment", {**self.good, "token": "x" * 43}).status, 403)
        self.assertEqual(self.client.ask("POST", "/desk/treatment", self.good, {"Origin": "http://elsewhere"}).status, 403)
        self.assertEqual(served.size(), size)

    def test_a_refusal_is_in_words_logged_and_keeps_what_was_typed(self):
        size = served.settled()
        page = self.send(case="no-such-case")
        self.assertEqual(page.status, 403)
        for words in ("There is no such case", "No data were shown", 'value="no-such-case"', f'value="{served.numbers[0]}"', "/desk/receipt/"):
            self.assertIn(words, page.html)
        self.assertNotIn("<dt>Surname</dt>", page.html)
        self.assertEqual(served.size(), size + 1)

    def test_an_emergency_goes_to_the_reviewer_who_answers(self):
        reason = "Unconscious after an accident <on> Abai & Dostyk"
        page = self.client.fill("/desk/emergency-care", "/desk/emergency-care", registry="clinic-attachment", number=served.numbers[0], emergency="yes", reason=reason)
        self.assertEqual(page.status, 200, page.html)
        entry = re.search(r"Number of the entry</dt><dd><bdi>([\d\u202f]+)<", page.html)[1]
        reviewer, start = visitor("reviewer")
        queue = reviewer.get(start)
        self.assertIn(f"<bdi>{entry}</bdi>", queue.html)
        self.assertNotIn(served.numbers[0], queue.html)
        size = served.settled()
        path = next(a["href"] for a in reversed(strict.read(queue.html).links) if re.match(r"/review/\w{26}$", a["href"]))
        one = reviewer.get(path)
        self.assertIn("&lt;on&gt; Abai &amp; Dostyk", one.html)
        self.assertEqual(served.size(), size + 1)  # reading it is an entry
        for values, words in (({"verdict": "", "words": "x"}, "Choose a verdict"), ({"verdict": "maybe", "words": "x"}, "Choose a verdict"),
                              ({"verdict": "justified", "words": " \n "}, "Write an answer"), ({"verdict": "justified", "words": "ж" * 501}, "too long")):
            wrong = reviewer.fill(path, path, **values)
            self.assertEqual((wrong.status, strict.faults(wrong.html)), (422, []))
            self.assertIn(words, wrong.html)
        done = reviewer.fill(path, path, verdict="justified", words="Life was in danger.")
        self.assertEqual((done.status, done.headers["Location"]), (303, "/review?done=yes"))
        self.assertEqual(strict.faults(reviewer.get("/review?done=yes").html), [])
        self.assertEqual(strict.faults(reviewer.get("/review?answered=yes").html), [])
        self.assertIn("Life was in danger.", reviewer.get(path).html)
        again = reviewer.ask("POST", path, {"verdict": "justified", "words": "x", "token": "x"})
        self.assertEqual(again.status, 403)
        for query in ("?skip=x", "?skip=-1", "?skip=" + "9" * 30):
            self.assertEqual(reviewer.get("/review" + query).status, 400)

    def test_the_auditor_sees_no_person(self):
        self.send()
        auditor, start = visitor("auditor")
        page = auditor.get(start).html
        key = served.raw("GET", "/log/key").bytes.decode().strip()
        for words in (key, served.raw("GET", "/api/jurisdiction").json["rules"], "/log/record/0", "aina fsck", "aina verify", "fewer than 10"):
            self.assertIn(words, page)
        for number in served.numbers:
            self.assertNotIn(number, page)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
