#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Acting for others: by a register that is asked again at each use, by an office's record, by an organisation's head; and whoever
may not. No browser."""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site
from served import aina

ENDED = "The mandate has ended"


def setUpModule():
    global served, child, organisation
    made = []
    real = site.Served.__init__.__globals__["aina"]

    def kept(*args, **kwargs):
        made.append(real(*args, **kwargs))
        return made[-1]
    site.Served.__init__.__globals__["aina"] = kept
    served = site.serve(20)
    site.Served.__init__.__globals__["aina"] = real
    organisation = re.search(r"Demo organisation \(kz-bin\): (\d{12})", "".join(m.stdout for m in made))[1]
    child = re.search(r"Demo child \(kz-iin\): (\d{12})", "".join(m.stdout for m in made))[1]


def tearDownModule():
    served.stop()


def visitor(name):
    """By the button with these words."""
    client = site.Client(served)
    page = client.get("/demo").html
    client.log_in(re.search(rf'value="(\d+)"[^>]*>(?:(?!</form>).)*{name}</button>', page, re.S)[1])
    return client


def record(*words):
    done = aina("record", served.place, *words)
    assert done.returncode == 0, done.stderr


def cards(client):
    """The cards of /me/mandates as texts, newest first."""
    page = client.get("/me/mandates")
    assert page.status == 200 and strict.faults(page.html) == [], strict.faults(page.html)
    return [re.sub(r"<[^>]*>", " ", card) for card in re.findall(r'<div class="card">(.*?)</div>\s*(?=<div class="card"|<h2|<ul|<p)', page.html, re.S)]


def own_entries(number):
    token = served.token("person", number)
    return [e["entry"] for e in json.loads(served.raw("GET", "/api/me/entries", token).bytes)["entries"]]


class Register(unittest.TestCase):
    def test_the_register_is_asked_again_at_each_use(self):
        mother = visitor("A citizen")
        page = mother.get("/me/mandates").html
        self.assertIn("Civil status register, which is asked again each time", page)
        mandate = re.search(r'action="/me/act".*?name="mandate" value="([^"]+)"', page, re.S)[1]
        self.assertEqual(mother.fill("/me/mandates", "/me/act", mandate=mandate).status, 303)
        data = mother.get("/me/data")
        self.assertIn(f"Parent, for {child[:4]}", data.html)
        open_record = next(f for f in strict.read(data.html).forms if f["action"] == "/me/data/population")
        sent = {a["name"]: a.get("value", "") for tag, a in open_record["fields"] if a.get("type") == "hidden"}
        self.assertEqual(mother.ask("POST", "/me/data/population", sent).status, 200)
        # a changed record that still names her changes nothing
        record("civil-status", child, f"father-number={served.numbers[0]}", f"mother-number={served.numbers[2]}", "birth-date=2018-05-05")
        self.assertIn("Parent, for", mother.get("/me").html)
        written = own_entries(child)[0]  # what the operator wrote by command stands in the child's list
        self.assertEqual((written["kind"], written["outcome"], written["actor"], written["registry"], written["agency"]), ("record", "written", "operator", "civil-status", None))
        # the register says otherwise: the form that was open is not done in her own name, and the page says why
        before = len(own_entries(served.numbers[0]))
        record("civil-status", child, f"mother-number={served.numbers[2]}", "birth-date=2018-05-05")
        done = mother.ask("POST", "/me/data/population", sent)
        self.assertEqual(done.status, 403, re.sub(r"<[^>]*>", " ", done.html)[-600:])
        self.assertEqual(strict.faults(done.html), [])
        for words in (ENDED, "The register does not say any more", "What you sent was not done"):
            self.assertIn(words, done.html)
        self.assertEqual(len(own_entries(served.numbers[0])), before)
        self.assertIn("Nothing was lost", mother.get("/me/data").html)
        page = mother.get("/me/mandates").html
        for words in ("You act for yourself again", "The register does not say any more"):
            self.assertIn(words, page)
        self.assertNotIn("Act for " + child[:4], page)
        told = [e for e in own_entries(child) if e["kind"] == "mandate"]
        self.assertEqual([(e["outcome"], e["actor"], e["reason"], e["mandate"]) for e in told],
                         [("ended", "register", "civil-status", mandate), ("given", "register", "civil-status", mandate)])
        # what is over stays over, even when the register names her again; but she may ask anew
        self.assertEqual(mother.get("/me/child").status, 403)
        self.assertEqual(mother.fill("/me/mandates", "/me/act/end").status, 303)
        record("civil-status", child, f"mother-number={served.numbers[0]}", "birth-date=2018-05-05")
        self.assertNotIn('action="/me/act"', mother.get("/me/mandates").html)
        self.assertEqual(mother.fill("/me/child", "/me/child", number=child).status, 303)
        self.assertEqual(mother.fill("/me/child", "/me/child", number=child).status, 303)  # again: still one
        self.assertEqual(mother.get("/me/mandates").html.count(f"Act for {child[:4]}"), 1)
        # come of age by the register's own date
        record("civil-status", child, f"mother-number={served.numbers[0]}", "birth-date=2000-05-05")
        fresh = re.search(r'action="/me/act".*?name="mandate" value="([^"]+)"', mother.get("/me/mandates").html, re.S)[1]
        self.assertEqual(mother.fill("/me/mandates", "/me/act", mandate=fresh).status, 403)

    def test_whose_child_it_is_not(self):
        other = visitor("A second citizen")
        nobody = other.fill("/me/child", "/me/child", number="991130390064")  # valid, and nobody's
        stranger = other.fill("/me/child", "/me/child", number=served.numbers[3])
        self.assertEqual((nobody.status, stranger.status), (422, 422))
        plain = lambda page: re.sub(r'value="[^"]*"', "", page.html)
        self.assertEqual(plain(nobody), plain(stranger))
        self.assertIn("names nobody with this number as your child", nobody.html)
        self.assertEqual(other.fill("/me/child", "/me/child", number="12345").status, 422)
        self.assertEqual(site.Client(served).get("/me/child").status, 401)
        self.assertEqual(visitor("A notary").get("/me/child").status, 403)
        self.assertEqual(other.ask("POST", "/me/child", {"number": child}).status, 403)  # no form token
        refused = aina("mandate", served.place, "parent", served.numbers[1], served.numbers[3])
        self.assertEqual(refused.returncode, 1)
        self.assertIn("have the record put right first", refused.stderr)


class Organisation(unittest.TestCase):
    def test_a_head_gives_mandates_to_employees_until_the_register_names_another(self):
        head, employee = visitor("A citizen"), visitor("A second citizen")
        refused = aina("mandate", served.place, "head", served.numbers[1], organisation)
        self.assertEqual(refused.returncode, 1)
        made = aina("mandate", served.place, "head", served.numbers[0], organisation)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(head.fill("/me/mandates", "/me/act", mandate=made.stdout.strip()).status, 303)
        self.assertIn(f"Head of an organisation, for {organisation[:4]}", head.get("/me").html)
        given = head.fill("/me/mandates", "/me/mandates", number=served.numbers[1], scope="fin.vat-reg", until="2028-01-31")
        self.assertEqual(given.status, 303, given.html[-1500:])
        self.assertIn("Who acts for the organisation", head.get("/me/mandates").html)
        page = employee.get("/me/mandates").html
        mandate = re.search(r'name="mandate" value="([^"]+)">(?:(?!</form>).)*Act for ' + organisation[:4], page, re.S)[1]
        self.assertEqual(employee.fill("/me/mandates", "/me/act", mandate=mandate).status, 303)
        self.assertIn(f"Employee of an organisation, for {organisation[:4]}", employee.get("/me").html)
        self.assertEqual(employee.get("/me/looks").status, 403)
        self.assertEqual(head.fill("/me/mandates", "/me/mandates/end", mandate=mandate).status, 303)
        self.assertIn(ENDED, employee.get("/me").html)
        # a new head stands in the register: the old one acts no more, from the next request on
        record("legal-entities", organisation, f"bin={organisation}", "title=New hands", f"head-number={served.numbers[2]}")
        over = head.get("/me")
        self.assertEqual(over.status, 403)
        self.assertIn("The register does not say any more", over.html)


class Office(unittest.TestCase):
    def record(self, notary, **values):
        return notary.fill("/desk/mandates", "/desk/mandates", **{"giver": served.numbers[0], "receiver": served.numbers[1], "scope": "soc.pension",
                                                                  "until": "2028-06-30", "act": "1-417", **values})

    def test_a_notary_records_and_both_see_it(self):
        notary, giver, receiver = visitor("A notary"), visitor("A citizen"), visitor("A second citizen")
        self.assertIn('href="/desk/mandates"', notary.get("/desk").html)
        page = self.record(notary)
        self.assertEqual((page.status, strict.faults(page.html)), (200, []))
        number = re.search(r"[0-9a-z]{26}", page.html)[0]
        self.assertIn("1-417", page.html)
        self.assertEqual(self.record(notary).status, 409)  # sent twice
        for client, button in ((giver, "Take back from"), (receiver, "Act for")):
            page = client.get("/me/mandates").html
            self.assertIn("Ministry of Justice: act 1-417", page)
            self.assertIn(button, page)
        entry = next(e for e in own_entries(served.numbers[0]) if e["kind"] == "mandate")
        self.assertEqual((entry["outcome"], entry["agency"], entry["office"], entry["actor"], entry["capacity"], entry["mandate"], entry["purpose"], entry["reason"]),
                         ("given", "justice", "notaries", "justice-notaries-01", "attorney", number, "notarial-act", "1-417"))
        self.assertEqual(receiver.fill("/me/mandates", "/me/act", mandate=number).status, 303)
        self.assertIn(f"By mandate, for {served.numbers[0][:4]}", receiver.get("/me").html)
        # a mandate is not given on
        self.assertNotIn('action="/me/mandates"', receiver.get("/me/mandates").html)
        given_on = receiver.ask("POST", "/me/mandates", {"number": served.numbers[2], "scope": "*", "until": "2028-01-01", "token": "x"})
        self.assertEqual(given_on.status, 403)
        # the giver ends it with one press: at once
        self.assertEqual(giver.fill("/me/mandates", "/me/mandates/end", mandate=number).status, 303)
        over = receiver.get("/me/cases")
        self.assertEqual(over.status, 403)
        self.assertIn("taken back", over.html)

    def test_an_end_is_recorded_by_the_agency_that_recorded_it(self):
        notary, receiver = visitor("A notary"), visitor("A second citizen")
        number = re.search(r"[0-9a-z]{26}", self.record(notary, act="2-18").html)[0]
        end = lambda **values: notary.fill("/desk/mandates", "/desk/mandates/end", **{"mandate": number, "end-act": "2-19", **values})
        own = re.search(r'action="/me/act".*?name="mandate" value="([^"]+)"', visitor("A citizen").get("/me/mandates").html, re.S)
        for values in ({"mandate": "0" * 26}, {"end-act": ""}, {"mandate": "x"}, *([{"mandate": own[1]}] if own else [])):
            page = end(**values)
            self.assertEqual((page.status, strict.faults(page.html)), (422, []), values)
        self.assertEqual(end().status, 200)
        self.assertIn("An office recorded its end", receiver.get("/me/mandates").html)
        entry = next(e for e in own_entries(served.numbers[0]) if e["kind"] == "mandate")
        self.assertEqual((entry["outcome"], entry["mandate"], entry["reason"]), ("ended", number, "2-19"))

    def test_what_may_not_be_recorded(self):
        notary = visitor("A notary")
        for values, words in (({"giver": "12345"}, "not a number of a person"), ({"receiver": ""}, "Enter the IIN"), ({"scope": "no.such"}, "Choose one"),
                              ({"until": "soon"}, "Write the day"), ({"until": "31.12.2019"}, "The day is past"), ({"until": "2020-01-01"}, "The day is past"), ({"until": "2040-01-01"}, "more than three years"),
                              ({"act": ""}, "Write the act"), ({"receiver": served.numbers[0]}, "their own matters")):
            page = self.record(notary, **values)
            self.assertEqual((page.status, strict.faults(page.html)), (422, []), values)
            self.assertIn(words, page.html, values)
        for values, n in (({}, 2), ({"mandate": "1"}, 2), ({"end-act": "2-19"}, 1), ({"mandate": "0" * 26, "end-act": "2-19"}, 1)):
            page = notary.fill("/desk/mandates", "/desk/mandates/end", **values)
            self.assertEqual((page.status, strict.faults(page.html)), (422, []), values)
            self.assertEqual(len(re.findall(r'<li><a href="#(?:mandate|end-act)">', page.html)), n, values)
        size = served.size()
        page = self.record(notary, receiver="991130390064")  # nobody's: the asking is an entry of the agency's own list
        self.assertEqual(page.status, 422)
        self.assertIn("Nobody has this number", page.html)
        self.assertGreater(served.size(), size)

    def test_who_may_not_record(self):
        for name, status in (("A citizen", 403), ("A clinic doctor", 403), ("An auditor", 403), (None, 401)):
            client = visitor(name) if name else site.Client(served)
            self.assertEqual(client.get("/desk/mandates").status, status, name)
            for action in ("/desk/mandates", "/desk/mandates/end"):
                self.assertEqual(client.ask("POST", action, {"token": "x"}).status, status, name)
        for action in ("/desk/mandates", "/desk/mandates/end"):
            self.assertEqual(visitor("A notary").ask("POST", action, {"giver": served.numbers[0]}).status, 403)  # no form token


if __name__ == "__main__":
    unittest.main()
