#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule 5: a machine may grant, only a human may refuse, with its reason, its article and a hearing; and a second pair of eyes where the
service says so. Attacked through the pages of the built program.

    rule_5.py CASE_DRIVER
"""
import os
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["AINA_ROOT"]) / "tests/web"))
import casework
import walk as site
from casework import CITIZEN, CLERK, DOCTOR, HEAD, MANAGER, SECOND, SPECIALIST, visitor  # noqa: E402

REASON = "The register shows three children, not four."
pool = {}


def setUpModule():
    global served
    casework.served = served = site.Served(more=["--demo"], before=file_many)


def tearDownModule():
    served.stop()


def file_many(made):
    def put(name, *words, **more):
        pool[name] = casework.file(made.place, *words, **more)
    put("not entitled", "soc.large-family", "0,0,0,0,0,0,0", "children=registry:3", casework.ACCOUNT)
    put("not entitled, late", "soc.large-family", "200", "children=registry:0", casework.ACCOUNT)
    put("own", "soc.large-family", "0", "children=registry:3", casework.ACCOUNT, person=made.numbers[0])
    put("entitled", "soc.large-family", "0", "children=registry:4", casework.ACCOUNT)
    put("two", "soc.special-care", "0,0,0", "group=registry:1", "for-whom=me", "medical-card=card.pdf")


class Rule(casework.Case):
    def form(self, client, number, action):
        """The hidden values of a form that can be opened: token and version."""
        path = f"/desk/cases/{number}/do/{action}"
        return {a["name"]: a.get("value", "") for f in client.forms(path) if f["action"] == path for tag, a in f["fields"] if a.get("type") == "hidden"}

    def send(self, client, number, action, hidden, **values):
        return client.ask("POST", f"/desk/cases/{number}/do/{action}", {**hidden, **values})

    def full(self, **more):
        return {"reason": REASON, "ground": "not-meeting-rules", "article": "article 1 of the sample", **more}

    def offer(self, client, number):
        self.act(client, number, "offer-hearing", hearing_day="5.3.2027", draft_reasons="Three children are on record.")

    def undecided(self, number, client=None):
        html = self.page(client or visitor(CLERK), f"/desk/cases/{number}")
        self.assertIn("To be decided", html)
        self.assertNotIn(">Refused<", html)

    def test_no_machine_and_no_clock_refuses(self):
        self.assertIn("by rule, without a person", self.page(visitor(CLERK), f"/desk/cases/{pool['entitled'][0]}"))
        late = pool["not entitled, late"][0]
        for _ in range(40):  # the clock has seen to it: it is late, and nothing else
            html = self.page(visitor(CLERK), f"/desk/cases/{late}")
            if "The time is over" in html:
                break
            time.sleep(0.5)
        self.assertIn("The time is over", html)
        self.undecided(late)
        self.undecided(pool["not entitled"][0])

    def test_not_without_a_hearing(self):
        number, clerk = pool["not entitled"].pop(), visitor(CLERK)
        hidden = self.form(clerk, number, "return")  # of the same route: its token is good for the refusal too
        self.assertEqual(clerk.get(f"/desk/cases/{number}/do/refuse").status, 409)
        self.assertEqual(self.send(clerk, number, "refuse", hidden, **self.full()).status, 409)
        self.offer(clerk, number)
        hidden = {**hidden, "seen": "2"}
        answer = self.send(clerk, number, "refuse", hidden, **self.full())  # offered, not held
        self.assertEqual(answer.status, 409)
        self.undecided(number)

    def test_not_without_reason_ground_and_article(self):
        number, clerk = pool["not entitled"].pop(), visitor(CLERK)
        self.hear(clerk, number)
        hidden = self.form(clerk, number, "refuse")
        for words in ({"reason": ""}, {"reason": "x" * 19}, {"reason": " " * 40}, {"reason": " \n" * 20 + "no"}, {"ground": ""}, {"ground": "because"}, {"article": ""},
                      {"article": "   "}, {"reason": "x" * 1001}):
            answer = self.send(clerk, number, "refuse", hidden, **self.full(**words))
            self.assertEqual(answer.status, 422, words)
        self.undecided(number)
        self.assertEqual(self.send(clerk, number, "refuse", hidden, **self.full()).status, 303)
        html = self.page(clerk, f"/desk/cases/{number}")
        for words in ("Refused", "article 1 of the sample", "labour-benefits-01"):
            self.assertIn(words, html)

    def test_not_by_replaying_a_form(self):
        one, other, clerk = pool["not entitled"].pop(), pool["not entitled"].pop(), visitor(CLERK)
        self.hear(clerk, one)
        hidden = self.form(clerk, one, "refuse")
        self.assertEqual(self.send(clerk, other, "refuse", hidden, **self.full()).status, 409)  # a form of another case
        self.assertEqual(self.send(clerk, other, "refuse", {**hidden, "seen": "1"}, **self.full()).status, 409)
        self.undecided(other)
        self.assertEqual(self.send(clerk, one, "refuse", hidden, **self.full()).status, 303)
        size = casework.served.settled()
        self.assertEqual(self.send(clerk, one, "refuse", hidden, **self.full()).status, 409)  # again
        self.assertEqual(self.send(clerk, one, "grant-by-hand", {**hidden, "seen": "4"}).status, 409)  # decided is decided
        self.assertEqual(served.size(), size)

    def test_not_by_who_has_no_office_in_it(self):
        number, clerk = pool["not entitled"].pop(), visitor(CLERK)
        self.hear(clerk, number)
        hidden = self.form(clerk, number, "refuse")
        for who in (CITIZEN, DOCTOR, SPECIALIST, HEAD):
            stranger = visitor(who)
            self.assertEqual(self.send(stranger, number, "refuse", hidden, **self.full()).status, 403)
            own = self.form(stranger, number, "refuse") if who != CITIZEN else {}
            self.assertEqual(own, {})  # no such form is shown
        second = visitor(SECOND)  # of the office, with a colleague's token
        self.assertEqual(self.send(second, number, "refuse", hidden, **self.full()).status, 403)
        self.undecided(number)

    def test_nobody_grants_to_oneself(self):
        number, citizen = pool["own"][0], visitor(CITIZEN)  # the applicant
        page = citizen.get(f"/me/cases/{number}")
        self.assertEqual(page.status, 200)
        self.assertNotIn("grant-by-hand", page.html)
        token = re.search(r'name="token" value="([^"]+)"', citizen.get(f"/me/cases/{number}/withdraw").html)[1]
        for action in ("grant", "grant-by-hand", "refuse", "hold-hearing"):
            self.assertIn(citizen.ask("POST", f"/me/cases/{number}/{action}", {"token": token, "seen": "1"}).status, (403, 404, 409, 422), action)
            self.assertEqual(citizen.ask("POST", f"/desk/cases/{number}/do/{action}", {"token": token, "seen": "1"}).status, 403)
        self.undecided(number)

    def test_two_pairs_of_eyes(self):
        number, one, two = pool["two"].pop(), visitor(SPECIALIST), visitor(MANAGER)
        self.act(one, number, "prepare", proposal="To be refused: the group is not one of the two.")
        self.offer(one, number)
        self.act(two, number, "hold-hearing", hearing_record="Came and was heard.")
        hidden = self.form(one, number, "return")  # its token is good for all actions of the case
        for action in ("refuse", "grant", "send-back"):
            answer = self.send(one, number, action, hidden, **self.full())
            self.assertEqual(answer.status, 409)
            self.assertIn("Another official must do this", answer.html)
        self.undecided(number, one)
        self.act(two, number, "refuse", **self.full())
        self.assertEqual(self.state(one, number), "Refused")

    def test_who_invited_to_the_hearing_proposed_it(self):
        number, one, two = pool["two"].pop(), visitor(SPECIALIST), visitor(MANAGER)
        self.act(one, number, "prepare", proposal="To be granted: group one.")
        self.offer(two, number)
        self.act(one, number, "hold-hearing", hearing_record="Came and was heard.")
        for client in (one, two):
            self.assertEqual(client.get(f"/desk/cases/{number}/do/refuse").status, 409)
        self.undecided(number, one)
        self.act(two, number, "grant")  # the draft was another's


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
