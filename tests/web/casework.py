#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Officials at work on cases, through the built program: the whole way of a decision by one official, by two, by a commission, by rule
with its refusal, and of a public queue; what slips and second comers are told; and who has no right to any of it. No browser.

    casework.py CASE_DRIVER        files the cases that officials meet here
"""
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

DRIVER = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import walk as site
import strict
from served import aina, fresh_schema

CITIZEN, DOCTOR, REVIEWER, AUDITOR, CLERK, SECOND, HEAD, SPECIALIST, MANAGER, BOARD, KINDERGARTEN = 0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12
REASON = "The register shows <three> children & not four."


def setUpModule():
    global served
    served = site.Served(more=["--demo"], db=fresh_schema("casework"), before=file_many)
    served.settled(1.5)  # until the clock has seen to what is late


def tearDownModule():
    served.stop()


def visitor(who, language="en"):
    client = site.Client(served, language)
    client.log_in(who)
    return client


ACCOUNT = "account=registry:KZ75125KZT2069100100"
OLD = ["birth-date=registry:1960-01-01", "work-history=", ACCOUNT]
pool = {}


def file(place, service, days, *answers, person="new"):
    made = subprocess.run([DRIVER, str(place), service, person, days, *answers], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()


def file_many(made):
    """Before the instance is served: a case takes no longer than its two syncs then. Each test takes its own."""
    def put(name, *words, **more):
        pool[name] = file(made.place, *words, **more)
    put("family", "soc.large-family", ",".join("0" * 10), "children=registry:3", ACCOUNT)
    put("of the first", "soc.large-family", "0", "children=registry:3", ACCOUNT, person=made.numbers[0])
    put("of the second", "soc.large-family", "0", "children=registry:3", ACCOUNT, person=made.numbers[1])
    put("by rule", "soc.large-family", "0", "children=registry:4", ACCOUNT)
    put("benefit", "soc.special-benefit", ",".join("0" * 6), *OLD)
    put("benefit, late", "soc.special-benefit", "100", *OLD)
    put("benefits", "soc.special-benefit", ",".join(map(str, range(30))), *OLD)
    put("care", "soc.special-care", "0", "group=registry:1", "for-whom=me", "medical-card=card.pdf")
    put("disability", "soc.disability", "0", *disability())
    put("queue", "edu.kindergarten-queue", "0,1,2", f"child={made.numbers[1]}", "birth-date=registry:2024-03-01", "area=Almaly", "priority=")


def disability():
    text = (pathlib.Path(os.environ["AINA_ROOT"]) / "jurisdictions/kz/services/soc.disability.yaml").read_text()
    answers = []
    for block in text[text.index("\nfields:"):text.index("\npages:")].split("\n  - id: ")[1:]:
        name, registry = block.split("\n")[0], "from:" in block
        answers.append(f"{name}=" + ("registry:" if registry else "") + ("yes" if "type: consent" in block else "2026-01-01" if "type: date" in block else "Clinic No. 5"))
    return answers


def family(name="family"):
    return pool[name].pop()


def benefit(name="benefit"):
    return pool[name].pop()


class Case(unittest.TestCase):
    def page(self, client, path, status=200):
        page = client.get(path)
        self.assertEqual(page.status, status, page.html)
        self.assertEqual(strict.faults(page.html), [], path)
        return page.html

    def act(self, client, number, action, status=303, **values):
        path = f"/desk/cases/{number}/do/{action}"
        page = client.fill(path, path, **{("a-" + name.replace("_", "-") if name not in ("reason", "ground", "article", "minutes", "asked", "seen") else name): value
                                          for name, value in values.items()})
        self.assertEqual(page.status, status, page.html)
        if status != 303:
            self.assertEqual(strict.faults(page.html), [])
        else:
            self.assertEqual(page.headers["Location"], f"/desk/cases?done={number}")
        return page.html

    def hear(self, client, number):
        self.act(client, number, "offer-hearing", hearing_day="5.3.2027", draft_reasons="Three children are on record.")
        self.act(client, number, "hold-hearing", hearing_record="Came and was heard.")

    def state(self, client, number):
        return re.search(r"<dt>State</dt><dd><bdi>([^<]*)", self.page(client, f"/desk/cases/{number}"))[1]


class One(Case):
    def test_the_queue_is_ordered_by_deadline_and_says_late_in_words(self):
        late, html = benefit("benefit, late"), self.page(visitor(CLERK), "/desk/cases")
        rows = html[html.index("<tbody>"):html.index("</table>")].split("<tr")[1:]
        self.assertEqual(len(rows), 25)
        self.assertIn(late, rows[0])
        self.assertRegex(rows[0], r"late, days: \d\d")
        told = [("late" in row, row) for row in rows]
        self.assertEqual([is_late for is_late, _ in told], sorted((is_late for is_late, _ in told), reverse=True))
        self.assertFalse(told[-1][0])
        for language, words in (("kk", "Бөлімнің істері"), ("ru", "Дела отдела")):
            self.assertIn(words, self.page(visitor(CLERK, language), "/desk/cases"))

    def test_opening_is_an_entry_and_lists_and_forms_are_none(self):
        number, clerk = family("of the second"), visitor(CLERK)
        size = served.settled()
        for path in ("/desk/cases", "/desk/cases?who=-", f"/desk/cases/{number}/give", f"/desk/cases/{number}/do/return", f"/desk/cases/find?number={number}"):
            self.assertIn(clerk.get(path).status, (200, 303))
        self.assertEqual(served.size(), size)
        html = self.page(clerk, f"/desk/cases/{number}")
        self.assertEqual(served.size(), size + 1)
        for words in ("Allowance to large families", number, "KZ75 125K ZT20 6910 0100", "not met", "What you can do now", "Return for completion", "A hearing must be offered first",
                      "article not yet entered"):
            self.assertIn(words, html)
        self.assertNotIn(served.numbers[1], html)

    def test_slips_cost_no_look_and_lose_nothing(self):
        number, clerk = family(), visitor(CLERK)
        size = served.settled()
        html = self.act(clerk, number, "return", 422, what_is_missing="")
        self.assertIn("Fill this in.", html)
        html = self.act(clerk, number, "offer-hearing", 422, hearing_day="yesterday", draft_reasons="<b>three & no more")
        self.assertIn("Enter a date", html)
        self.assertIn("&lt;b&gt;three &amp; no more", html)
        self.assertIn('value="yesterday"', html)
        self.assertEqual(served.size(), size)

    def test_granted_by_hand_and_done_once(self):
        number, clerk = benefit(), visitor(CLERK)
        path = f"/desk/cases/{number}/do/grant"
        form = next(f for f in clerk.forms(path) if f["action"] == path)
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if "name" in a}
        self.assertEqual(clerk.ask("POST", path, sent).status, 303)
        size = served.settled()
        again = clerk.ask("POST", path, sent)  # the same form sent again
        self.assertEqual(again.status, 409)
        self.assertIn("Somebody else was first", again.html)
        self.assertEqual(served.size(), size)
        self.assertEqual(self.state(clerk, number), "Granted")

    def test_returned_with_what_is_missing(self):
        number, clerk = benefit(), visitor(CLERK)
        self.act(clerk, number, "return", what_is_missing="The proof of work.", asked="work-history")
        html = self.page(clerk, f"/desk/cases/{number}")
        self.assertIn("Waiting for the applicant", html)
        self.assertIn("no term runs", html)
        self.assertIn("The proof of work.", html)

    def test_refused_after_a_hearing_with_reason_and_article(self):
        number, clerk = benefit(), visitor(CLERK)
        path = f"/desk/cases/{number}/do/refuse"
        early = clerk.get(path)
        self.assertEqual(early.status, 409)
        self.hear(clerk, number)
        wrong = self.act(clerk, number, "refuse", 422, reason="too short", ground="", article="")
        for words in ("at least 20 characters", "Choose the ground.", "too short</textarea>"):
            self.assertIn(words, wrong)
        wrong = self.act(clerk, number, "refuse", 422, reason=REASON, ground="not-meeting-rules", article="")
        self.assertIn("Give the article of law", wrong)
        self.assertIn("&lt;three&gt; children &amp; not four.", wrong)
        self.act(clerk, number, "refuse", reason=REASON, ground="not-meeting-rules", article="article 1 of the sample")
        html = self.page(clerk, f"/desk/cases/{number}")
        for words in ("Refused", "&lt;three&gt; children &amp; not four.", "article 1 of the sample", "labour-benefits-01"):
            self.assertIn(words, html)

    def test_a_refusal_begins_with_what_the_rules_gave(self):
        number, clerk = family(), visitor(CLERK)
        given = "The register shows fewer than four children (Social Code)."
        offers = lambda: {action: path for path, action in re.findall(r'href="(/desk/cases/[\w-]+/do/([\w-]+)[^"]*)"', self.page(clerk, f"/desk/cases/{number}"))}
        path = offers()["offer-hearing"]
        self.assertIn("?because=entitled", path)
        self.assertNotIn("because", offers()["grant-by-hand"])
        size = served.settled()
        self.assertIn(f">\n{given}</textarea>", self.page(clerk, path))
        self.assertIn("В регистре меньше четырёх детей (Социальный кодекс).</textarea>", self.page(visitor(CLERK, "ru"), path))
        for other in ("", "?because=", "?because=none", "?because=entitled-not", "?because=%3Cscript%3E"):
            self.assertNotIn("fewer than four", self.page(clerk, path.partition("?")[0] + other))
        self.assertEqual(served.size(), size)  # the form says nothing of the person
        self.hear(clerk, number)
        path = offers()["refuse"]
        page = self.page(clerk, path)
        self.assertIn(f">\n{given}</textarea>", page)
        self.assertIn("This is what the rules gave", page)
        self.act(clerk, number, "refuse", reason=given + " Three are there.", ground="not-meeting-rules", article="article 1 of the sample")
        self.assertIn(given + " Three are there.", self.page(clerk, f"/desk/cases/{number}"))

    def test_the_registries_are_asked_as_looks(self):
        number, clerk = family("of the first"), visitor(CLERK)  # the first person has a record everywhere
        size = served.settled()
        page = clerk.fill(f"/desk/cases/{number}", f"/desk/cases/{number}/facts")
        self.assertEqual((page.status, strict.faults(page.html)), (200, []))
        self.assertIn("Civil status register", page.html)
        self.assertRegex(page.html, r"This look is entry")
        self.assertEqual(served.size(), size + 3)  # opened once, two registries
        self.act(clerk, number, "grant-by-hand")
        citizen = visitor(CITIZEN)  # the first person
        html = self.page(citizen, "/me/looks")
        for words in ("A decision in a case: Grant", "An official opened your case", "An application filed: File the application", number, "staff code labour-benefits-01"):
            self.assertIn(words, html)
        self.assertIn("Решение по делу: Принять положительное решение", self.page(visitor(CITIZEN, "ru"), "/me/looks"))

    def test_two_officials_at_once(self):
        number, clerk, second = family(), visitor(CLERK), visitor(SECOND)
        path = f"/desk/cases/{number}/do/return"
        form = next(f for f in second.forms(path) if f["action"] == path)
        mine = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        self.act(clerk, number, "offer-hearing", hearing_day="5.3.2027", draft_reasons="Three children are on record.")
        size = served.settled()
        late = second.ask("POST", path, {**mine, "a-what-is-missing": "A paper that I typed about"})
        self.assertEqual((late.status, strict.faults(late.html)), (409, []))
        for words in ("labour-benefits-01", "Invite to a hearing", "A paper that I typed about"):
            self.assertIn(words, late.html)
        self.assertEqual(served.size(), size)

    def test_taken_given_and_handed_out(self):
        number, clerk, second, head = family(), visitor(CLERK), visitor(SECOND), visitor(HEAD)
        give = f"/desk/cases/{number}/give"
        self.assertEqual(clerk.fill(f"/desk/cases/{number}", give).status, 303)  # takes it
        self.assertIn(number, self.page(clerk, "/desk/cases?who=labour-benefits-01"))
        self.assertNotIn(number, self.page(second, "/desk/cases?who=labour-benefits-02"))
        self.assertEqual(second.fill(give, give, to="labour-benefits-02").status, 409)
        self.assertEqual(clerk.fill(give, give, to="health-clinic-5-01").status, 422)
        self.assertEqual(clerk.fill(give, give, to="labour-benefits-02").status, 303)
        self.assertIn(number, self.page(second, "/desk/cases?who=labour-benefits-02"))
        self.assertEqual(head.fill(give, give, to="labour-benefits-01").status, 303)
        team = self.page(head, "/desk/cases/team")
        self.assertIn("labour-benefits-01", team)
        html = self.page(clerk, f"/desk/cases/{number}")
        for words in ("Taken by labour-benefits-01", "Given to labour-benefits-02"):
            self.assertIn(words, html)

    def test_the_demonstration_has_a_case_that_was_overturned(self):
        citizen = visitor(CITIZEN)
        paths = set(re.findall(r'href="(/me/cases/[0-9A-Z-]{14})"', self.page(citizen, "/me/cases")))
        pages = [self.page(citizen, path) for path in paths]
        overturned = [html for html in pages if "Uphold the appeal: Decided in your favour" in html]
        self.assertEqual(len(overturned), 1, sorted(paths))
        self.assertIn("Refuse: Refused", overturned[0])

    def test_found_by_number_and_nothing_else(self):
        number, clerk = family(), visitor(CLERK)
        for typed in (number, number.lower(), number.replace("-", ""), " " + number.replace("-", " ")):
            self.assertEqual(clerk.get("/desk/cases/find?number=" + typed.replace(" ", "%20")).headers["Location"], f"/desk/cases/{number}")
        for typed in ("0000-0000-0000", "Aliyev", served.numbers[0], "%3Cb%3E", ""):
            self.assertEqual(clerk.get(f"/desk/cases/find?number={typed}").status, 404, typed)
        for query in ("after=x", "after=1.2", "after=-1." + number):
            self.assertEqual(clerk.get("/desk/cases?" + query).status, 400)

    def test_z_the_list_goes_on_by_keys(self):
        numbers = set(pool["benefits"])
        clerk, seen, path, pages = visitor(CLERK), [], "/desk/cases", 0
        while path:
            html = self.page(clerk, path)
            seen += re.findall(r'href="/desk/cases/([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})"', html)
            more = re.search(r'href="(/desk/cases\?[^"]*)" rel="next"', html)
            path, pages = more and more[1].replace("&amp;", "&"), pages + 1
        self.assertGreater(pages, 1)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(numbers, set(seen))


class Others(Case):
    def test_two_officials_prepare_and_decide(self):
        number = pool["care"][0]
        one, two = visitor(SPECIALIST), visitor(MANAGER)
        self.assertEqual(one.get(f"/desk/cases/{number}/do/grant").status, 409)
        self.act(one, number, "prepare", proposal="To be granted: group one.")
        refused = one.get(f"/desk/cases/{number}/do/grant")
        self.assertEqual(refused.status, 409)
        self.assertIn("Another official must do this", refused.html)
        self.assertIn("second pair of eyes", self.page(two, f"/desk/cases/{number}/do/grant"))
        self.act(two, number, "grant")
        self.assertEqual(self.state(two, number), "Granted")

    def test_a_commission_decides_with_minutes(self):
        number = pool["disability"][0]
        board = visitor(BOARD)
        self.act(board, number, "put-on-agenda", sitting_day="1.3.2027")
        self.assertIn("Give the number of the minutes", self.act(board, number, "grant", 422))
        self.act(board, number, "grant", minutes="14 of 1.3.2027")
        self.assertIn("Minutes 14 of 1.3.2027", self.page(board, f"/desk/cases/{number}"))

    def test_a_public_queue_offers_by_turn(self):
        numbers = pool["queue"]
        clerk = visitor(KINDERGARTEN)
        html = self.page(clerk, "/desk/cases/waiting?service=edu.kindergarten-queue")
        places = [html.index(number) for number in numbers[::-1]]
        self.assertEqual(places, sorted(places))
        self.assertIn("Position in the public queue", self.page(clerk, f"/desk/cases/{numbers[0]}"))
        self.act(clerk, numbers[2], "offer-place", place_offered="Kindergarten No. 7")
        self.assertIn("A place is offered", self.page(clerk, "/desk/cases/waiting?service=edu.kindergarten-queue"))
        self.assertIn("/desk/cases/waiting?service=edu.kindergarten-queue", self.page(clerk, "/desk/cases"))

    def test_granted_by_rule_needs_no_hand(self):
        number, clerk = family("by rule"), visitor(CLERK)
        html = self.page(clerk, f"/desk/cases/{number}")
        for words in ("by rule, without a person", "Granted", "met"):
            self.assertIn(words, html)
        self.assertNotIn(number, self.page(clerk, "/desk/cases"))


class Strangers(Case):
    def test_who_has_no_right(self):
        number = family()
        paths = ["/desk/cases", "/desk/cases/team", "/desk/cases/find?number=" + number, "/desk/cases/waiting?service=edu.kindergarten-queue", f"/desk/cases/{number}",
                 f"/desk/cases/{number}/give", f"/desk/cases/{number}/do/return"]
        for who, status in ((None, 401), (CITIZEN, 403), (REVIEWER, 403), (AUDITOR, 403)):
            client = site.Client(served) if who is None else visitor(who)
            for path in paths:
                self.assertEqual(client.get(path).status, status, path)
        clerk = visitor(CLERK)
        size = served.settled()
        for who in (DOCTOR, SPECIALIST, KINDERGARTEN):  # other agencies
            client = visitor(who)
            for path in paths[5:]:
                self.assertEqual(client.get(path).status, 403, path)
            self.assertNotIn(number, client.get("/desk/cases").html)
            self.assertEqual(client.get("/desk/cases?office=benefits").status, 403)
            self.assertEqual(client.get("/desk/cases/team").status, 403)
        self.assertEqual(visitor(BOARD).get("/desk/cases?office=benefits").status, 403)  # another office of the agency
        self.assertEqual(clerk.get("/desk/cases/team").status, 403)
        self.assertEqual(served.size(), size)
        for i, who in enumerate((DOCTOR, BOARD, HEAD)):
            page = visitor(who).get(f"/desk/cases/{number}")
            self.assertEqual(page.status, 403)
            self.assertNotRegex(page.html, "KZ75 ?125K")
            self.assertEqual(served.size(), size + 1 + i)  # that they asked is an entry

    def test_a_post_needs_its_token_its_origin_and_its_right(self):
        number, clerk = family(), visitor(CLERK)
        path = f"/desk/cases/{number}/do/grant-by-hand"
        form = next(f for f in clerk.forms(path) if f["action"] == path)
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        self.assertEqual(clerk.ask("POST", path, {**sent, "token": "x" * 43}).status, 403)
        self.assertEqual(clerk.ask("POST", path, {"seen": "1"}).status, 403)
        self.assertEqual(clerk.ask("POST", path, sent, {"Origin": "http://elsewhere"}).status, 403)
        for who in (None, CITIZEN, DOCTOR, SPECIALIST, HEAD):
            client = site.Client(served) if who is None else visitor(who)
            self.assertIn(client.ask("POST", path, sent).status, (401, 403))
        for bad in ({"seen": "x"}, {"seen": "0"}, {"seen": "-1"}, {"seen": ""}):
            self.assertEqual(clerk.ask("POST", path, {**sent, **bad}).status, 400)
        self.assertEqual(clerk.ask("POST", f"/desk/cases/{number}/give", {"to": "labour-benefits-01", "seen": "1"}).status, 403)
        self.assertEqual(clerk.ask("POST", f"/desk/cases/{number}/facts", {}).status, 403)
        html = self.page(clerk, f"/desk/cases/{number}")
        self.assertIn("To be decided", html)
        self.assertEqual(html.count("File the application") + html.count("staff code"), 1)  # the journal has its one step
        for action in ("grant", "file", "withdraw", "no-such"):  # the machine's, the applicant's, nobody's
            self.assertEqual(clerk.get(f"/desk/cases/{number}/do/{action}").status, 404)
        self.assertEqual(clerk.get("/desk/cases/0000-0000-0000").status, 404)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
