#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Officials at work in Chromium on a phone's screen: the queue, a case found by its number, returned, granted, refused after a hearing,
appealed and overturned, made void; two officials, a commission with minutes, the team and its work handed out. All by keyboard alone
with scripts switched off; and each page on the way looked at by axe-core in three languages, in a second browser.

    desk_browser.py CASE_DRIVER        files the cases that officials meet here
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

DRIVER = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import walk as site
from served import ROOT
from uploads_client import Sender
from webdriver import CHROMIUM, DRIVER as CHROMEDRIVER, Browser

CITIZEN, CLERK, SECOND, HEAD, SPECIALIST, MANAGER, BOARD, KINDERGARTEN = 0, 6, 7, 8, 9, 10, 11, 12
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = ROOT / "tests/foreign/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("DESK_PICTURES")  # a folder: pictures of each page, for people to look at
ACCOUNT = "account=registry:KZ75125KZT2069100100"
cases = {}


def file(made, name, service, *answers, person="new", days="0"):
    done = subprocess.run([DRIVER, str(made.place), service, person, days, *answers], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cases[name] = done.stdout.split()[0]


def disability():
    text = (ROOT / "jurisdictions/kz/services/soc.disability.yaml").read_text()
    answers = []
    for block in text[text.index("\nfields:"):text.index("\npages:")].split("\n  - id: ")[1:]:
        name, registry = block.split("\n")[0], "from:" in block
        answers.append(f"{name}=" + ("registry:" if registry else "") + ("yes" if "type: consent" in block else "2026-01-01" if "type: date" in block else "Clinic No. 5"))
    return answers


def file_all(made):
    family = ("soc.large-family", "children=registry:3", ACCOUNT)
    file(made, "returned", *family)
    file(made, "granted", *family)
    file(made, "refused", *family, person=made.numbers[0])
    file(made, "late", *family, days="100")
    file(made, "two", "soc.special-care", "group=registry:1", "for-whom=me", "medical-card=card.pdf")
    file(made, "commission", "soc.disability", *disability())
    file(made, "queue", "edu.kindergarten-queue", f"child={made.numbers[1]}", "birth-date=registry:2024-03-01", "area=Almaly", "priority=")



def setUpModule():
    global served, base
    served = site.Served(people=60, more=("--demo",), before=file_all)
    base = f"http://127.0.0.1:{served.port}"
    client = site.Client(served)
    client.log_in(CITIZEN)
    client.fill("/services/soc.special-benefit", "/services/soc.special-benefit/start")
    sender = Sender(client, "soc.special-benefit", "work-history")
    sent = sender.send(sender.body(b"%PDF-1.7\n" + b"x" * 1000 + b"\n%%EOF\n", "Ұзақ еңбек שלום.pdf"))
    assert sent.status == 303, sent.words
    answer = re.search(r'value="(\w{26} [^"]+)"', client.get("/me/apply/soc.special-benefit/work-history").html)[1]
    file(served, "file", "soc.special-benefit", "birth-date=1970-01-01", f"work-history={answer}", ACCOUNT.replace("registry:", ""), person=served.numbers[0])


def tearDownModule():
    served.stop()


class Walker:
    """One walk with two browsers: the keyboard's, without scripts, and the eyes', in which axe-core runs."""

    def __init__(self, test):
        self.test, self.found, self.looked = test, [], 0
        self.keyboard, self.eyes = Browser(scripts=False), Browser() if AXE.exists() else None
        self.keyboard.go(base + "/check")
        if self.eyes:
            self.eyes.in_every_page(AXE.read_text())
            self.eyes.go(base + "/check")

    def close(self):
        self.keyboard.close()
        if self.eyes:
            self.eyes.close()

    # --- whose hands and eyes ---

    def become(self, who):
        self.client = site.Client(served, "en")
        self.client.log_in(who)
        self.keyboard.forget()
        for name, value in self.client.cookies.items():
            self.keyboard.cookie(name, value)

    def tab_to(self, most=80, **wanted):
        """The tabulator until the focus is on it: tagName, name, href, or what its text begins with."""
        for _ in range(most):
            self.keyboard.keys("tab")
            focus = self.keyboard.script("""const e = document.activeElement;
                return {tagName: e.tagName, name: e.name, href: e.href, textContent: (e.textContent || "").trim().slice(0, 200)};""")
            if all((focus.get(k) or "").startswith(v) for k, v in wanted.items()):
                return
        self.test.fail(f"the tabulator never reaches {wanted}; it is at {focus}, {self.keyboard.where()}")

    def press(self, text):
        self.tab_to(tagName="BUTTON", textContent=text)
        self.keyboard.keys("enter")

    def follow(self, text):
        self.tab_to(tagName="A", textContent=text)
        self.keyboard.keys("enter")

    def type(self, **fields):
        for name, words in fields.items():
            self.tab_to(name=name if name in ("reason", "article", "minutes", "number", "appeal-words") else "a-" + name.replace("_", "-"))
            self.keyboard.keys(words)

    def at(self, path):
        self.test.assertEqual(self.keyboard.where().removeprefix(base), path, self.keyboard.text()[:600])

    def says(self, *words):
        text = self.keyboard.text()
        for word in words:
            self.test.assertIn(word, text)

    def look(self, name):
        """The page where the keyboard is, in three languages: no violation, no sideways scrolling, nothing in the console."""
        path = self.keyboard.where().removeprefix(base)
        if PICTURES:
            self.keyboard.picture(f"{PICTURES}/{name}.png")
        if self.eyes is None:
            return
        self.eyes.forget()
        for cookie, value in self.client.cookies.items():
            if cookie != "aina-lang":
                self.eyes.cookie(cookie, value)
        for language in site.LANGUAGES:
            self.looked += 1
            self.eyes.cookie("aina-lang", language)
            self.eyes.go(base + path)
            lang, wide, faults = self.eyes.script_later("""
                const done = arguments[arguments.length - 1], root = document.documentElement;
                axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then(
                    r => done([root.lang, root.scrollWidth > innerWidth, r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 2).map(n => n.html).join(" "))]),
                    e => done([root.lang, false, ["axe: " + e]]));""", TAGS)
            self.test.assertEqual(lang, language)
            said = [entry["message"] for entry in self.eyes.logs("browser") if entry["level"] in ("SEVERE", "WARNING") and "the server responded with a status of" not in entry["message"]]
            self.found += [f"{name} {language} {path}: {words}" for words in faults + said + (["scrolls sideways"] if wide else [])]

    def open_case(self, name):
        """By its number as somebody reads it out: small letters, no hyphens."""
        self.keyboard.go(base + "/desk/cases")
        self.type(number=cases[name].replace("-", "").lower())
        self.keyboard.keys("enter")
        self.at("/desk/cases/" + cases[name])

    def act(self, name, link, look=None, choose=None, button=None, given="", **fields):
        """From the case to its action's form, which begins with what is given, and through it."""
        self.open_case(name)
        self.follow(link)
        if look:
            self.look(look)
        self.test.assertIn(given, self.keyboard.script("return [...document.querySelectorAll('textarea')].map(e => e.value).join()"))
        for field, words in fields.items():
            if field == choose:
                self.tab_to(name=field)
                self.keyboard.keys("space")
            else:
                self.type(**{field: words})
        self.press(button or link)
        self.at("/desk/cases?done=" + cases[name])
        self.says("Done, and written into the log: case " + cases[name])

    # --- the walks ---

    def a_decision_and_all_that_may_follow(self):
        b, number = self.keyboard, cases["refused"]
        self.become(CLERK)
        b.go(base + "/desk/cases")
        self.says("late, days:")
        self.look("queue")
        self.type(number="K7Q2-0000-0000")
        b.keys("enter")
        self.says("There is a problem", "There is no case of this number.")
        self.look("search without a find")

        self.open_case("returned")
        self.press("Take the case")
        self.open_case("returned")
        self.look("case")
        self.follow("Return for completion")
        self.press("Return for completion")  # nothing was said
        self.says("There is a problem", "Fill this in.")
        self.look("return")
        self.type(what_is_missing="The birth certificate of the fourth child.")
        self.press("Return for completion")
        self.at("/desk/cases?done=" + cases["returned"])

        self.act("granted", "Grant", look="grant")

        hearing = {"hearing_day": "5.3.2027", "draft_reasons": "Three children are on record, not four."}
        rules = "The register shows fewer than four children (Social Code)."
        self.act("refused", "Invite to a hearing", look="invite to a hearing", given=rules, **hearing)
        self.act("refused", "Hold the hearing", look="hold the hearing", hearing_record="Came and was heard; the fourth child is not on record.")
        self.act("refused", "Refuse", look="refuse", given=rules, choose="ground", ground="", article="article 1 of the sample", reason="The register shows three children, not four.")

        self.become(CITIZEN)
        b.go(base + "/me/cases/" + number)
        self.says("If you do not agree", "The register shows three children, not four.")
        self.look("refused case of the person")
        self.follow("Appeal")
        self.look("appeal")
        self.type(**{"appeal-words": "The fourth child was born last week."})
        self.press("Appeal")
        self.says("Appealed")

        self.become(CLERK)
        self.open_case("refused")
        self.says("Another official must do this than the one who proposed it.")
        self.become(SECOND)
        self.act("refused", "Uphold the appeal", look="uphold the appeal", appeal_answer="The certificate of the fourth child has come since.")

        self.act("refused", "Propose to make the decision void", look="propose to make void", **hearing)
        self.act("refused", "Hold the hearing", hearing_record="Says that the certificate is genuine.")
        self.become(CLERK)
        self.open_case("refused")
        self.look("case with a hearing held")
        self.act("refused", "Make the decision void", look="make void", choose="ground", ground="", article="article 1 of the sample", reason="The fourth certificate was forged.")
        self.become(CITIZEN)
        b.go(base + "/me/cases/" + number)
        self.says("Made void", "The fourth certificate was forged.")
        self.look("case made void")
        self.follow("Notice")
        self.says("Not valid since", "The fourth certificate was forged.")

    def two_officials_a_commission_a_queue_and_the_team(self):
        self.become(CITIZEN)
        self.keyboard.go(base + "/me/files/soc.special-benefit/work-history")
        self.says("whoever opens it is told so")
        self.look("send a file")
        self.become(CLERK)
        self.open_case("file")
        self.says("Not scanned for viruses: open files with care.", "Ұзақ еңбек שלום.pdf")
        self.look("case with a file")

        self.become(SPECIALIST)
        self.act("two", "Prepare the decision", look="prepare", proposal="To be granted: group one.")
        self.open_case("two")
        self.says("Another official must do this than the one who proposed it.")
        self.become(MANAGER)
        self.act("two", "Grant", look="second person")

        self.become(BOARD)
        self.act("commission", "Put on the commission’s agenda", look="agenda", sitting_day="1.3.2027")
        self.open_case("commission")
        self.follow("Grant")
        self.press("Grant")
        self.says("There is a problem", "Give the number of the minutes.")
        self.look("minutes")
        self.type(minutes="14 of 1.3.2027")
        self.press("Grant")
        self.at("/desk/cases?done=" + cases["commission"])

        self.become(KINDERGARTEN)
        self.keyboard.go(base + "/desk/cases")
        self.follow("Public queue")
        self.says(cases["queue"])
        self.look("public queue")

        self.become(HEAD)
        self.keyboard.go(base + "/desk/cases")
        self.look("queue of the head")
        self.tab_to(tagName="A", href=base + "/desk/cases/team")
        self.keyboard.keys("enter")
        self.says("Who has how many")
        self.look("team")
        self.keyboard.go(base + f"/desk/cases/{cases['late']}/give")
        self.look("hand out")
        self.tab_to(name="to")
        self.keyboard.keys("space")
        self.press("Give")
        self.at("/desk/cases?office=benefits&done=" + cases["late"])


class Desk(unittest.TestCase):
    def test_every_step_of_officials_by_keyboard_and_every_page_with_axe(self):
        walks = (Walker.a_decision_and_all_that_may_follow, Walker.two_officials_a_commission_a_queue_and_the_team)
        with ThreadPoolExecutor(len(walks)) as pool:
            walked = list(pool.map(self.walk, walks))
        found = [line for walker in walked for line in walker.found]
        self.assertEqual(found, [], "\n".join(found[:30]))
        if not AXE.exists():
            self.skipTest("axe-core could not be fetched; the keyboard's way was walked")
        self.assertGreater(sum(walker.looked for walker in walked), 60)

    def walk(self, way):
        walker = Walker(self)
        try:
            way(walker)
        finally:
            walker.close()
        return walker


if __name__ == "__main__":
    if not (shutil.which(CHROMIUM) and shutil.which(CHROMEDRIVER)):
        print("SKIPPED: chromium and chromium-driver are not installed")
        sys.exit(77)
    subprocess.run(["sh", ROOT / "tests/foreign/fetch.sh"], capture_output=True)
    began = time.monotonic()
    result = unittest.main(exit=False, verbosity=1).result
    print(f"{time.monotonic() - began:.1f} s")
    for test, why in result.skipped:
        print("SKIPPED:", why)
    sys.exit(not result.wasSuccessful())
