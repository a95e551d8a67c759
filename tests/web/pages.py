#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages as a browser without scripts meets them: who may come where, what hostile words do, what a person sees."""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/cli"))
from browser import Browser  # noqa: E402
from place import Place, Server, aina  # noqa: E402

COLD_MAX = 14000
EVIL = "<script>alert(1)</script>\\\" onmouseover=\\\"x' & \u202egnp.exe"
EVIL_READ = EVIL.replace("\\", "")
PERSON, DOCTOR, POLICE, CLERK, REVIEWER, AUDITOR = range(6)
OTHER = len(re.findall(r"(?m)^  - as: ", (ROOT / "jurisdictions/kz/demo.yaml").read_text()))  # the one that hostile_folder adds
BITS = {"WEB_ANYONE": 1, "WEB_PERSON": 2, "WEB_OFFICIAL": 4, "WEB_REVIEWER": 8, "WEB_AUDITOR": 16, "WEB_SELF": 32, "WEB_ADMINISTRATOR": 64,
        "WEB_CASES": 128, "WEB_COUNTER": 2048, "WEB_RECORDS": 8192, "WEB_OWN_CASES": 131072}
HOLDS = {None: 1, PERSON: 35, POLICE: 165, REVIEWER: 41, AUDITOR: 49}


def hostile_folder(base):
    """kz, with hostile English words wherever the folder has English words, and a second citizen to be."""
    folder = pathlib.Path(base) / "kz"
    shutil.copytree(ROOT / "jurisdictions/kz", folder)
    for path in folder.rglob("*.yaml"):
        if path.name in ("names.yaml", "jurisdiction.yaml") or path.parent.name in ("texts", "services", "procedures", "trust"):
            continue
        text = re.sub(r'\ben: "([^"]*)"', lambda m: f'en: "{m[1]} {EVIL}"', path.read_text())
        path.write_text(text)
    demo = folder / "demo.yaml"
    other = '  - as: person\n    name: {kk: "Басқа", ru: "Другой", en: "Another"}\n    about: {kk: "-", ru: "-", en: "-"}\n'
    reason = EVIL + " it was an emergency"
    demo.write_text(re.sub(r'emergency: "[^"]*"', lambda m: f'emergency: "{reason}"', demo.read_text()).replace("\nlooks:\n", f"\n{other}looks:\n"))
    return folder


class World:
    """One demonstration for all tests here; made once."""

    @classmethod
    def make(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="aina-web-"))
        cls.place = Place(30, hostile_folder(cls.base), folder=cls.base / "instance")
        cls.server = Server(cls.place.folder, "--demo")
        assert cls.server.port, cls.server.said()
        cls.port = cls.server.port
        cls.doctor = cls.place.doctor()
        for i in range(30):
            answer, text = cls.server.call("POST", "/api/looks", cls.doctor, cls.place.look_words())
            assert answer.status == 200, text

    @classmethod
    def browser(cls, role=None, language="en"):
        browser = Browser(cls.port, language)
        if role is not None:
            browser.log_in(role)
        return browser


def routes():
    """Method, path and access of every page, from the tables that the program is built from."""
    found = []
    for path in sorted((ROOT / "src/web").glob("*.c")):
        for row in re.finditer(r"\{\.method = HTTP_(\w+),\s*\.path = \"([^\"]+)\",(.*?)\.summary", path.read_text(), re.S):
            access = re.search(r"\.access = ([A-Z_| \n]+)", row[3])
            found.append((row[1], row[2], {word.strip() for word in access[1].split("|")} if access else set()))
    return found


def example(path):
    return re.sub(r"\{(\w+)\*?\}", lambda m: {"leaf": "3", "registry": "population", "code": "ru"}.get(m[1], "x"), path)


class Access(unittest.TestCase):
    def test_every_page_says_who_may_come(self):
        self.assertGreater(len(routes()), 25)
        for method, path, access in routes():
            self.assertTrue(access & set(BITS), f"{method} {path}")

    def test_walk_of_all_pages_as_everybody(self):
        """In one place, from the table: who is not named there is refused, in all kinds of log-in."""
        browsers = {role: World.browser(role) for role in HOLDS}
        refused = 0
        for method, path, access in routes():
            if path in ("/logout", "/exit"):
                continue
            bits = sum(BITS.get(word, 0) for word in access)
            for role, browser in browsers.items():
                answer = browser.call(method, example(path), {} if method == "POST" else None)
                where = f"{method} {path} as {role}: {answer.status}"
                if bits & HOLDS[role] == 0:
                    self.assertEqual(answer.status, 401 if role is None else 403, where)
                    refused += 1
                elif method == "POST" and not access & {"WEB_NO_TOKEN", "WEB_PROGRAM"}:
                    self.assertIn(answer.status, (403, 415), where)  # no form token was sent
                else:
                    self.assertNotIn(answer.status, (401, 500), where)
                    if method == "GET" and "{" not in path and path != "/desk/cases/team":  # of who leads the office alone
                        self.assertNotEqual(answer.status, 403, where)
                if answer.status in (401, 403) and answer.headers["Content-Type"].startswith("text/html"):
                    self.assertEqual(answer.page.faults, [], where)
        self.assertGreater(refused, 40)

    def test_another_persons_entry_is_not_there(self):
        mine, other = World.browser(PERSON), World.browser(OTHER)
        leaf = re.search(r'href="/me/looks/(\d+)#ask"', mine.get("/me/looks").text)[1]
        self.assertEqual(mine.get(f"/me/looks/{leaf}").status, 200)
        for path in (f"/me/looks/{leaf}", f"/me/looks/{leaf}/proof", "/me/looks/0", "/me/looks/99999999", "/me/looks/x"):
            self.assertEqual(other.get(path).status, 404, path)
        token = mine.get(f"/me/looks/{leaf}").page.form(f"/me/looks/{leaf}/ask")["fields"]["token"]
        self.assertEqual(other.call("POST", f"/me/looks/{leaf}/ask", {"token": token, "words": "mine?"}).status, 403)
        self.assertNotIn("/me/looks/", re.sub(r"/me/looks/(filter|print|export)", "", other.get("/me/looks").text))

    def test_a_form_needs_our_page_and_its_token(self):
        browser = World.browser(PERSON)
        action = "/me/data/population"
        token = browser.get("/me/data").page.form(action)["fields"]["token"]
        foreign = World.browser(OTHER).get("/me/data").page.form(action)["fields"]["token"]
        logout = browser.get("/me/data").page.form("/logout")["fields"]["token"]
        port, changed = World.port, token[:-1] + ("A" if token[-1] != "A" else "B")
        for form, headers in (({}, {}), ({"token": ""}, {}), ({"token": foreign}, {}), ({"token": logout}, {}), ({"token": changed}, {}), ({"token": token[1:]}, {}),
                              ({"token": token}, {"Sec-Fetch-Site": "cross-site"}), ({"token": token}, {"Sec-Fetch-Site": "same-site"}),
                              ({"token": token}, {"Sec-Fetch-Site": None}), ({"token": token}, {"Sec-Fetch-Site": None, "Origin": "http://evil.example"}),
                              ({"token": token}, {"Sec-Fetch-Site": None, "Origin": "null"})):
            answer = browser.call("POST", action, form, headers)
            self.assertEqual(answer.status, 403, (form, headers))
            self.assertIn({foreign: "somebody else’s", logout: "somebody else’s", changed: "What you typed is kept"}.get(form.get("token"), "too old"), answer.page.text)
        self.assertEqual(browser.call("POST", action, f"token={token}&token={token}").status, 403)
        for headers in ({}, {"Sec-Fetch-Site": None, "Origin": f"http://127.0.0.1:{port}"}):
            self.assertEqual(browser.call("POST", action, {"token": token}, headers).status, 200)

    def test_what_was_typed_is_given_back_but_no_secret(self):
        """By nobody's hand, with a token as of a session that is over: on every form of the table."""
        token = World.browser(PERSON).get("/me/data").page.form("/me/data/population")["fields"]["token"]
        kept = set()
        for method, path, access in routes():
            if method != "POST":
                continue
            browser, form = World.browser(), {"token": token, "words": "as-it-was-typed"}
            if "as-it-was-typed" in browser.call("POST", example(path), form).text:
                kept.add(path)
                self.assertFalse(access & {"WEB_ANYONE", "WEB_SELF", "WEB_NO_TOKEN", "WEB_PROGRAM"}, path)
            for more, headers in (({"code": "918273"}, {}), ({}, {"Sec-Fetch-Site": "cross-site"}), ({}, {"Sec-Fetch-Site": None, "Origin": "http://evil.example"}),
                                  ({}, {"Sec-Fetch-Site": "same-site"}), ({}, {"Accept": "application/json"}), ({"token": "x" * 44}, {})):
                answer = World.browser().call("POST", example(path), {**form, **more}, headers)
                self.assertNotIn("as-it-was-typed", answer.text, (path, more, headers))
                self.assertNotIn("918273", answer.text, path)
        self.assertLessEqual({"/me/apply/{service}/{page}", "/desk/cases/{number}/do/{action}", "/me/looks/{leaf}/ask", "/desk/{purpose}", "/me/mandates"}, kept)

    def test_a_cookie_that_somebody_else_set_is_worth_nothing(self):
        """Fixation: who logs in gets a new secret, whatever the browser was given before."""
        attacker, victim = World.browser(OTHER), World.browser()
        for given in (dict(attacker.cookies), {name: "A" * len(value) for name, value in attacker.cookies.items()}):
            victim.cookies = dict(given)
            victim.log_in(PERSON)
            self.assertTrue(given)
            for name, value in given.items():
                self.assertNotEqual(victim.cookies[name], value)
            thief = World.browser()
            thief.cookies = dict(given)
            self.assertEqual(thief.get("/me/looks").status, 401)
            self.assertEqual(victim.get("/me/looks").status, 200)

    def test_headers_of_every_page(self):
        for role, path in ((None, "/"), (PERSON, "/me/looks"), (PERSON, "/nothing"), (None, "/me")):
            headers = World.browser(role).get(path).headers
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertIn("script-src 'self';", policy)
            for name, value in (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Opener-Policy", "same-origin"),
                                ("Referrer-Policy", "same-origin")):
                self.assertEqual(headers[name], value, path)
            self.assertIn("camera=()", headers["Permissions-Policy"])

    def test_the_cookie(self):
        browser = World.browser()
        cookie = browser.log_in(PERSON).headers["Set-Cookie"]
        self.assertRegex(cookie, r"^aina=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax$")
        secret = browser.cookies["aina"]
        browser.log_in(DOCTOR)
        self.assertNotEqual(browser.cookies["aina"], secret)
        old = World.browser()
        old.cookies["aina"] = secret
        self.assertEqual(old.get("/me").status, 401)  # logging in anew ended it
        for words in ("x", "A" * 43, "'; DROP TABLE people_caller;--", "ы"):
            old.cookies["aina"] = urllib.parse.quote(words)
            self.assertEqual(old.get("/me").status, 401, words)

    def test_ways_out(self):
        browser = World.browser(PERSON)
        secret = browser.cookies["aina"]
        answer = browser.send("/me", "/logout")
        self.assertEqual((answer.status, answer.location), (303, "/"))
        self.assertNotIn("aina", browser.cookies)
        browser.cookies["aina"] = secret
        self.assertEqual(browser.get("/me").status, 401)
        browser = World.browser(PERSON)
        secret = browser.cookies["aina"]
        answer = browser.get("/exit")
        self.assertEqual((answer.status, answer.location), (303, "https://www.kazhydromet.kz/"))
        browser.cookies["aina"] = secret
        self.assertEqual(browser.get("/me").status, 401)

    def test_sizes(self):
        browser = World.browser(PERSON)
        leaf = re.search(r"/me/looks/(\d+)#ask", browser.get("/me/looks").text)[1]
        action = f"/me/looks/{leaf}/ask"
        self.assertEqual(browser.send(f"/me/looks/{leaf}", action, words="x" * 20000).status, 413)
        for words, said in (("", "Write what"), ("   ", "Write what"), ("я" * 900, "too long")):
            answer = browser.send(f"/me/looks/{leaf}", action, words=words)
            page = answer.page
            self.assertEqual(answer.status, 422)
            self.assertIn(said, page.text)
            self.assertTrue(page.title.startswith("Error: "))
            self.assertIn(("a", {"href": "#words"}), page.elements)
            self.assertIn("words", page.ids)
            if words.strip():
                self.assertIn(words, page.text)  # what was typed is not lost


class Hostile(unittest.TestCase):
    def walk(self, browser, start):
        """Every page that links reach, each read strictly."""
        seen, todo = {}, [start]
        while todo:
            path = todo.pop()
            if path in seen or len(seen) > 150:
                continue
            answer = browser.get(path)
            seen[path] = answer
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            for tag, attributes in answer.page.elements:
                address = attributes.get("href", "").split("#")[0]
                kind = re.sub(r"\d+|(?<=purposes/)[\w-]+|(?<=to=).*|(?<=before=).*", "N", address)
                kinds = [re.sub(r"\d+|(?<=purposes/)[\w-]+|(?<=to=).*|(?<=before=).*", "N", s) for s in seen]
                if tag == "a" and address.startswith("/") and not address.startswith(("/exit", "/language")) and kinds.count(kind) < 4:
                    todo.append(address)
        return seen

    def check(self, path, answer):
        page = answer.page
        where = f"{path} {answer.status}"
        self.assertEqual(page.faults, [], where)
        self.assertEqual(len(page.ids), len(set(page.ids)), f"{where}: an id twice")
        self.assertEqual([tag for tag, _ in page.elements if tag in ("iframe", "style", "object")], [], where)
        for tag, attributes in page.elements:  # our one script, and nothing inline
            if tag == "script":
                self.assertRegex(attributes["src"], r"^/static/(passkey|sign|check)-[0-9a-f]{12}\.js$", where)
                self.assertIn('"></script></body>', answer.text, where)
        self.assertEqual(len([1 for tag, _ in page.elements if tag == "h1"]), 1, where)
        self.assertTrue(page.title.strip(), where)
        labels = {attributes.get("for") for tag, attributes in page.elements if tag == "label"}
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after - before, 1, f"{where}: headings {levels}")
        for tag, attributes in page.elements:
            self.assertEqual([name for name in attributes if name.startswith("on") or name == "style"], [], where)
            if tag in ("select", "textarea") or (tag == "input" and attributes.get("type") not in ("hidden", "radio", "checkbox")):
                self.assertIn(attributes.get("id"), labels, f"{where}: a field without label")
            for name in ("href", "action"):
                if name in attributes and tag != "script":
                    self.assertRegex(attributes[name], r"^(/(?!/)|#)", where)
        return page

    def test_hostile_words_stay_words_and_pages_are_whole(self):
        met = 0
        for role, start in ((None, "/"), (PERSON, "/me"), (DOCTOR, "/desk"), (REVIEWER, "/review"), (AUDITOR, "/audit")):
            for path, answer in self.walk(World.browser(role), start).items():
                if answer.headers["Content-Type"].startswith("text/html"):
                    self.assertNotEqual(answer.status, 500, path)
                    met += EVIL_READ in " ".join(self.check(path, answer).words)
        self.assertGreater(met, 10)

    def test_hostile_words_in_what_people_write(self):
        browser = World.browser(PERSON)
        leaf = re.findall(r"/me/looks/(\d+)#ask", browser.get("/me/looks").text)[1]
        answer = browser.send(f"/me/looks/{leaf}", f"/me/looks/{leaf}/ask", words=EVIL_READ)
        self.assertEqual(answer.status, 303, answer.text)
        for path in (f"/me/looks/{leaf}", "/me/questions", "/me/looks", "/me/looks/print"):
            page = self.check(path, browser.get(path))
            self.assertIn(EVIL_READ, " ".join(page.words), path)

    def test_hostile_addresses(self):
        browser = World.browser(PERSON)
        for path in ("/me/looks?agency=%3Cscript%3E", "/me/looks?before=-1", "/me/looks?before=1e3", "/me/looks?purpose='", "/rules/registries/%3Cb%3E",
                     "/rules/purposes/..%2f", "/me/looks/%E2%80%AE", "/static/..%2f..%2fetc%2fpasswd", "/me/looks?outcome=x"):
            answer = browser.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn("<b>", answer.text)
            self.check(path, answer)

    def test_a_language_link_leads_nowhere_else(self):
        for to in ("//evil.example", "https://evil.example", "/\\evil.example", "\\evil", "/a\r\nX: y", "javascript:1", "", "/%0d%0aX:y", "/ы"):
            answer = World.browser().get("/language/kk?" + urllib.parse.urlencode({"to": to}))
            self.assertEqual(answer.status, 303)
            self.assertRegex(answer.location, r"^/(?![/\\])", to)
            self.assertNotIn("evil", answer.location)

    def test_a_spreadsheet_meets_no_formula(self):
        rows = list(csv.reader(io.StringIO(World.browser(PERSON).get("/me/looks/entries.csv").text.lstrip("\ufeff"))))
        self.assertGreater(len(rows), 30)
        self.assertEqual({len(row) for row in rows}, {11})
        self.assertFalse([cell for row in rows for cell in row if cell[:1] in "=+-@" and cell])


class Reader(unittest.TestCase):
    """What a citizen sees of the looks that the demonstration made."""

    def entries(self, browser, query=""):
        """Leaf numbers in the order of pages, and the pages."""
        leaves, pages, path = [], [], "/me/looks" + query
        while path:
            answer = browser.get(path)
            self.assertEqual(answer.status, 200, path)
            leaves.append([int(leaf) for leaf in re.findall(r'<h3 id="e(\d+)"', answer.text)])
            pages.append(answer)
            older = [a["href"] for tag, a in answer.page.elements if tag == "a" and a.get("rel") == "next"]
            path = older[0] if older else None
        return leaves, pages

    def test_pages_and_filters(self):
        browser = World.browser(PERSON)
        leaves, pages = self.entries(browser)
        flat = [leaf for page in leaves for leaf in page]
        self.assertGreater(len(flat), 35)
        self.assertEqual(len(flat), len(set(flat)))
        for newer, older in zip(leaves, leaves[1:]):
            self.assertEqual(len(newer), 20)
            self.assertGreater(min(newer), max(older))
        for query, holds in (("?outcome=refused", lambda e: e["outcome"] == "refused"), ("?agency=police", lambda e: e["agency"] == "police"),
                             ("?purpose=treatment", lambda e: e["purpose"] == "treatment"),
                             ("?agency=health&outcome=admitted&purpose=emergency-care", lambda e: (e["agency"], e["outcome"], e["purpose"]) == ("health", "admitted", "emergency-care"))):
            all_of = {e["leaf"]: e["entry"] for e in json.loads(browser.get("/me/looks/entries.json").text)}
            shown = [leaf for page in self.entries(browser, query)[0] for leaf in page]
            self.assertEqual(sorted(shown), sorted(leaf for leaf, e in all_of.items() if holds(e)), query)
            self.assertTrue(shown, query)
        narrow = browser.get("/me/looks?agency=police&outcome=refused").page
        link = next(a["href"] for tag, a in narrow.elements if tag == "a" and a["href"].startswith("/me/looks/filter"))
        chosen = [a["value"] for tag, a in browser.get(link).page.elements if tag == "option" and "selected" in a]
        self.assertEqual(chosen, ["police", "", "refused"])
        self.assertIn("Police department", narrow.text)

    def test_a_look_in_words(self):
        page = World.browser(PERSON, "ru").get("/me/looks?outcome=refused").page
        for words in ("Департамент полиции", "Дорожная полиция, код сотрудника police-traffic-01", "Это подразделение не вправе смотреть с такой целью.",
                      "Дело о другом человеке.", "статья ещё не внесена", "Отказано: Лечение", "2026"):
            self.assertIn(words, page.text.replace("2027", "2026"))
        page = World.browser(PERSON, "kk").get("/me/looks?purpose=emergency-care").page
        for words in ("Сізге шұғыл көмек көрсетілді", "Шұғыл", "№5 емхана", "Қан тобы, Аллергиялар", "Қоғамдық денсаулық басқармасы"):
            self.assertIn(words, page.text)

    def test_an_officer_asks_for_what_the_purpose_does_not_open(self):
        number = World.place.numbers[0]
        officer = World.browser(POLICE, "ru")
        form = officer.get("/desk/traffic-control").page
        self.assertIn("clinic-attachment", [a.get("value") for tag, a in form.elements if tag == "option"])
        answer = officer.send("/desk/traffic-control", "/desk/traffic-control", other="clinic-attachment", number=number, case="")
        self.assertEqual(answer.status, 403)
        self.assertIn("Эта цель не открывает этот реестр.", answer.page.text)
        seen = World.browser(PERSON, "ru").get("/me/looks?agency=police&purpose=traffic-control&outcome=refused").page.text
        for words in ("Отказано: ", "Эта цель не открывает этот реестр.", "police-traffic-01"):
            self.assertIn(words, seen)

    def test_a_document_in_words(self):
        for language, words in (("ru", "Выдан документ: Повторное свидетельство"), ("en", "A document was issued: Second certificate")):
            browser = World.browser(PERSON, language)
            shown = "".join(browser.get(f"/me/looks?agency={agency}").page.text for agency in ("justice", "akimat"))
            self.assertIn(words, shown)
            self.assertNotIn("civil.repeat-cert/", shown)

    def test_the_reviewer_reads_the_law_in_their_own_language(self):
        for language, words in (("ru", "Законодательство о здравоохранении, статья ещё не внесена"), ("kk", "Денсаулық сақтау туралы заңнама")):
            browser = World.browser(REVIEWER, language)
            look = re.search(r'href="(/review/[0-9A-Z]+)"', browser.get("/review").text)[1]
            self.assertIn(words, browser.get(look).page.text)

    def test_the_auditor_is_told_since_when_and_what(self):
        page = World.browser(AUDITOR).get("/audit").page.text
        self.assertRegex(page, r"Counted at the gate since this server started, \d+ [A-Z][a-z]+ 20\d\d, \d\d:\d\d;")
        self.assertIn("A key that documents are signed with: document-1", page)
        self.assertNotIn("Another kind", page)

    def test_what_ends_things_is_drawn_weaker_than_what_one_came_for(self):
        weight = {}
        for role, path in ((DOCTOR, "/desk/case/open"), (PERSON, "/me/mandates"), (PERSON, "/me/data")):
            form = None
            for tag, a in World.browser(role).get(path).page.elements:
                form = a.get("action", "") if tag == "form" else form
                if tag == "button" and form:
                    weight[form] = a.get("class", "main")
        self.assertEqual((weight["/desk/case/open"], weight["/desk/case/end"]), ("main", "second"))
        self.assertEqual((weight["/me/act"], weight["/me/mandates/end"]), ("main", "second"))
        self.assertEqual(weight["/me/data/population"], "second")

    def test_a_joining_in_words(self):
        """Which agency asked to join what with what, why, and whether it was let."""
        clerk = World.place.token("official", "labour-benefits-01")

        def ask(**members):
            answer, text = World.server.call("POST", "/api/translations", clerk, json.dumps({"purpose": "benefit-check", **members}))
            return json.loads(text)["persons"][0]

        code = ask(to="labour", persons=[World.place.numbers[0]])["pseudonym"]
        joined, refused = (ask(**{"from": "labour"}, to=to, persons=[code]) for to in ("revenue", "health"))
        self.assertEqual((joined["outcome"], refused["outcome"]), ("admitted", "refused"))
        labour = {"en": "Ministry of Labour and Social Protection", "ru": "Министерство труда и социальной защиты населения", "kk": "Еңбек және халықты әлеуметтік қорғау министрлігі"}
        words = {"en": ("{} joined your data at {} with those at ", "It gave your code at {} and asked for your code at ", "Check of who receives benefits", "Social Code",
                        "This purpose does not join these two sectors.", "Refused: {} wanted to join your data", "{} asked for the code under which it keeps your data",
                        "It gave your number and asked for your code at {}"),
                 "ru": ("«{}»: ваши данные в «{}» связаны с вашими данными в «", "Дали ваш код в «{}» и запросили ваш код в «", "Сверка получателей пособий", "Социальный кодекс",
                        "Эта цель не связывает эти два сектора.", "Отказано: «{}» — попытка связать ваши данные", "Дали ваш номер и запросили ваш код в «{}»"),
                 "kk": ("«{}» сіздің «{}» деректеріңізді «", "Сіздің «{}» кодыңызды беріп, «", "Жәрдемақы алушыларды салыстырып тексеру", "Әлеуметтік кодекс",
                        "Бұл мақсат осы екі секторды байланыстырмайды.", "Бас тартылды: «{}» сіздің", "Нөміріңізді беріп, «{}» кодыңызды сұрады")}
        for language, texts in words.items():
            browser = World.browser(PERSON, language)
            shown = browser.get("/me/looks?purpose=benefit-check").page.text
            for text in texts:
                self.assertRegex(shown, re.escape(text).replace(r"\{\}", labour[language] + ".{0,90}?"))  # hostile words follow each name
            one = browser.get(f"/me/looks/{joined['entry']}").page.text
            self.assertIn(labour[language], one)
            self.assertIn("labour-benefits-01", one)
            self.assertNotIn(code, shown + one)
            self.assertNotIn(joined["pseudonym"], shown + one)

    def test_kept_apart(self):
        browser = World.browser(PERSON)
        secret = "Mental health centre"
        for path in ("/me", "/me/looks", "/me/looks/print", "/me/looks/entries.csv", "/me/questions", "/me/protected"):
            self.assertNotIn(secret, browser.get(path).text, path)
        self.assertNotIn("psychiatric-treatment", browser.get("/me/looks/entries.json").text)
        self.assertIn(secret, browser.send("/me/protected", "/me/protected").page.text)
        shown = {role: re.sub(r'value="[^"]*"', "", World.browser(role).get("/me/protected").text) for role in (PERSON, OTHER)}
        self.assertEqual(shown[PERSON], shown[OTHER])  # who has none is told the same

    def test_a_question_and_its_day(self):
        browser = World.browser(PERSON)
        leaf = re.findall(r"/me/looks/(\d+)#ask", browser.get("/me/looks").text)[0]
        where, action = f"/me/looks/{leaf}", f"/me/looks/{leaf}/ask"
        form = browser.get(where)
        self.assertEqual(browser.send(form, action, words="Why that day?").location, where)
        text = browser.get(where).page.text
        for words in ("Why that day?", "To be answered by", "Not answered yet"):
            self.assertIn(words, text)
        self.assertNotIn(("textarea", "words"), [(tag, a.get("name")) for tag, a in browser.get(where).page.elements])
        self.assertEqual(browser.send(form, action, words="again").status, 409)
        self.assertIn("A question about a look", browser.get("/me/looks").page.text)
        self.assertIn("Why that day?", browser.get("/me/questions").page.text)

    def test_own_data_are_a_look(self):
        browser = World.browser(PERSON)
        before = browser.get("/me/looks/entries.json").text
        answer = browser.send("/me/data", "/me/data/population")
        leaf = re.search(r"/me/looks/(\d+)", answer.text)[1]
        self.assertIn("+7 7", answer.page.text)
        entry = {e["leaf"]: e["entry"] for e in json.loads(browser.get("/me/looks/entries.json").text)}[int(leaf)]
        self.assertEqual((entry["capacity"], entry["purpose"], entry["outcome"]), ("self", "self-access", "admitted"))
        self.assertNotIn(f'"leaf":{leaf},', before)
        self.assertEqual(browser.call("GET", "/me/data/population").status, 405)
        self.assertEqual(browser.send("/me/data", "/me/data/population", token="x").status, 403)
        for registry in ("nosuch", "legal-entities"):
            token = browser.get("/me/data").page.form("/me/data/population")["fields"]["token"]
            self.assertEqual(browser.call("POST", f"/me/data/{registry}", {"token": token}).status, 404)

    def test_the_proof_is_proven_elsewhere(self):
        browser = World.browser(PERSON)
        leaf = re.findall(r"/me/looks/(\d+)/proof", browser.get("/me/looks").text)[0]
        answer = browser.get(f"/me/looks/{leaf}/proof")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        file = World.base / "mine.tlog-proof"
        file.write_bytes(answer.bytes)
        key = re.search(r"<pre>([^<]+)</pre>", browser.get("/check/log").text)[1].replace("&#39;", "'")
        self.assertEqual(key, World.place.vkey)
        self.assertEqual(aina("verify", file, "--key", key)[0], 0)

    def test_the_trace_file_is_proven_elsewhere(self):
        file = World.base / "looks.aina-trace"
        file.write_bytes(World.browser(PERSON).get("/me/looks/trace").bytes)
        code, out, err = aina("verify", file, "--key", World.place.vkey)
        self.assertEqual(code, 0, out + err)
        file.write_text(file.read_text().replace('"count":', '"count":1', 1))
        self.assertEqual(aina("verify", file, "--key", World.place.vkey)[0], 1)

    def test_the_commands_of_the_check_page_work(self):
        page = World.browser().get("/check/log").page
        script = [words for words in page.words if words.startswith("vkey=")][0]
        folder = World.base / "openssl"
        folder.mkdir()
        (folder / "checkpoint").write_text(World.browser().get("/log/checkpoint").text)
        run = subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True)
        self.assertIn("Signature Verified Successfully", run.stdout, run.stderr)
        (folder / "checkpoint").write_text((folder / "checkpoint").read_text().replace("\n", "1\n", 2))
        run = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True)
        self.assertNotIn("Successfully", run.stdout)

    def test_languages(self):
        for wanted, got in (("ru", "ru"), ("kk-KZ,ru;q=0.5", "kk"), ("fr,en;q=0.8", "en"), ("fr", "kk"), ("", "kk"), ("RU-ru", "ru"), ("*", "kk"), (",;;=", "kk")):
            page = World.browser(language=wanted).get("/").page
            self.assertEqual(page.elements[0], ("html", {"lang": got}), wanted)
        browser = World.browser(language="ru")
        self.assertEqual(browser.get("/language/kk?to=%2Frules%3Fa%3Db").location, "/rules?a=b")
        self.assertEqual(browser.get("/").page.elements[0], ("html", {"lang": "kk"}))
        browser.cookies["aina-lang"] = "xx"
        self.assertEqual(browser.get("/").page.elements[0], ("html", {"lang": "ru"}))
        self.assertIn("Такой страницы нет", browser.get("/nothing").page.text)
        self.assertEqual(World.browser().get("/language/xx").status, 404)

    def test_cold_pages_fit_a_slow_line(self):
        """Each page that links reach, with all it loads, as sent: compressed."""
        heaviest = (0, "")
        for role, start in ((None, "/"), (PERSON, "/me")):
            browser = World.browser(role, "ru")
            for path, answer in Hostile().walk(browser, start).items():
                if not answer.headers["Content-Type"].startswith("text/html") or path.startswith("/me/looks/print"):
                    continue
                loads = {a.get("href") for tag, a in answer.page.elements if tag == "link"}
                total = len(answer.sent) + len(str(answer.headers)) + sum(len(f.sent) + len(str(f.headers)) for f in map(browser.get, loads))
                heaviest = max(heaviest, (total, path))
                self.assertLessEqual(total, COLD_MAX, path)
                for address in loads:
                    self.assertIn("immutable", browser.get(address).headers["Cache-Control"])
        print(f"heaviest page: {heaviest[0]} bytes, {heaviest[1]}")


class Demonstration(unittest.TestCase):
    def test_only_from_this_machine(self):
        for name, value in (("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("X-Real-IP", "10.0.0.1"), ("X-Forwarded-Proto", "https"),
                            ("X-Forwarded-Host", "a"), ("Via", "1.1 a"), ("Host", "evil.example"), ("Host", "localhost.evil.example"), ("Host", "10.0.0.1")):
            for method in ("GET", "POST"):
                browser = World.browser()
                token = browser.get("/demo").page.form("/demo")["fields"]["token"]
                answer = browser.call(method, "/demo", {"token": token, "who": "0"} if method == "POST" else None, {name: value})
                self.assertEqual(answer.status, 403, (method, name, value))
                self.assertNotIn("aina", browser.cookies)
        for host in (f"localhost:{World.port}", "127.0.0.1", "[::1]:80"):
            self.assertEqual(World.browser().get("/demo", Host=host).status, 200, host)

    def test_buttons(self):
        browser = World.browser()
        page = browser.get("/demo")
        token = page.page.form("/demo")["fields"]["token"]
        self.assertEqual(len([f for f in page.page.forms if f["action"] == "/demo"]), OTHER + 1)
        for who in ("", "99", "-1", "x", "18446744073709551616"):
            self.assertEqual(browser.call("POST", "/demo", {"token": token, "who": who}).status, 400, who)
        for role, start in ((PERSON, "/me"), (DOCTOR, "/desk"), (REVIEWER, "/review"), (AUDITOR, "/audit")):
            self.assertEqual(World.browser().log_in(role).location, start)

    def refused(self, folder, *more):
        server = Server(folder, *more)
        server.stop()
        self.assertEqual(server.port, 0, server.last_words)
        return server.last_words

    def test_nowhere_else(self):
        for more in (("--demo", "--address", "0.0.0.0"), ("--demo", "--address", "::"), ("--demo", "--socket", str(World.base / "s"))):
            self.assertIn("loopback", self.refused(World.place.folder, *more))
        real = World.base / "real"
        self.assertEqual(aina("init", real, "--jurisdiction", ROOT / "jurisdictions/ainabulak", "--yes", "--segment-mib", 4)[0], 0)
        self.assertIn("not a demonstration", self.refused(real, "--demo"))
        with sqlite3.connect(World.place.folder / "state.db") as demo, sqlite3.connect(real / "state.db") as state:
            sealed = demo.execute("SELECT sealed FROM web_demo").fetchone()[0]
            state.execute("INSERT INTO web_demo (id, sealed) VALUES (1, ?)", (sealed,))
        demo.close(), state.close()
        self.assertIn("was not made by this instance", self.refused(real, "--demo"))

    def test_a_session_of_the_demonstration_ends_with_it(self):
        copy = Place(30, World.base / "kz", folder=World.base / "copy")
        server = Server(copy.folder, "--demo")
        browser = Browser(server.port)
        browser.log_in(PERSON)
        self.assertEqual(browser.get("/me").status, 200)
        server.stop()
        server = Server(copy.folder)
        browser.port = server.port
        self.assertEqual(browser.get("/me").status, 401)
        self.assertEqual(browser.get("/demo").status, 404)
        self.assertEqual(browser.call("POST", "/demo", {"who": "0"}).status, 403)
        server.stop()


class Erased(unittest.TestCase):
    def test_an_erased_entry_is_shown_as_erased(self):
        copy = Place(30, World.base / "kz", folder=World.base / "erased")
        server = Server(copy.folder, "--demo")
        browser = Browser(server.port)
        browser.log_in(PERSON)
        leaf = max(int(n) for n in re.findall(r'<h3 id="e(\d+)"', browser.get("/me/looks?agency=health").text))
        server.stop()
        code, out, err = aina("erase", copy.folder, "--person", copy.numbers[0], "--entry", leaf, "--article", "Law 94-V, article 25",
                              "--by", "ombudsman-review-01")
        self.assertEqual(code, 0, out + err)
        server = Server(copy.folder, "--demo")
        browser.port = server.port
        texts = [browser.get(path).page.text for path in ("/me/looks", f"/me/looks/{leaf}", "/me/looks/print")]
        for text in texts:
            self.assertIn("This entry was erased", text)
        self.assertIn("The erasure of an entry", texts[0])
        self.assertEqual(browser.get(f"/me/looks/{leaf}/proof").status, 404)
        self.assertNotIn(f"/me/looks/{leaf}/ask", browser.get(f"/me/looks/{leaf}").text)
        server.stop()


@unittest.skipUnless("POWER_SHIM" in os.environ, "of the plain build alone: the shim does not go with sanitizers")
class Held(unittest.TestCase):
    def test_no_data_leave_when_the_log_cannot_take_the_entry(self):
        copy = Place(30, World.base / "kz", folder=World.base / "held")
        fails = World.base / "fails"
        server = Server(copy.folder, "--demo", env={"LD_PRELOAD": os.environ["POWER_SHIM"], "POWER_FOLDER": str(copy.folder), "POWER_FAIL": "fdatasync:2:EIO", "POWER_FAIL_ONCE": str(fails)})
        browser = Browser(server.port)
        browser.log_in(PERSON)
        form = browser.get("/me/data")
        fails.touch()
        statuses = []
        for _ in range(9):
            answer = browser.send(form, "/me/data/population")
            statuses.append(answer.status)
            if answer.status != 200:
                self.assertNotIn("+7 7", answer.text)
        self.assertEqual(statuses[-1], 503, statuses)
        server.stop()


if __name__ == "__main__":
    World.make()
    try:
        result = unittest.main(exit=False, verbosity=1).result
    finally:
        code = World.server.stop()
        fsck = aina("fsck", World.place.folder)
        shutil.rmtree(World.base, ignore_errors=True)
    if code != 0 or fsck[0] != 0:
        print("the server or fsck ended badly:", code, fsck)
    for test, why in result.skipped:
        if "of the plain build alone" not in why:
            print("SKIPPED:", why)
    sys.exit(not result.wasSuccessful() or code != 0 or fsck[0] != 0)
