#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Services as a citizen without scripts meets them: found, read, asked, checked, sent, followed; one service of each archetype in three
languages; the plain form beside every page; and what people do to forms: twice, backwards, on two devices, in somebody else's name."""
import hashlib
import html.parser
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(os.environ["AINA_ROOT"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/cli"))
from browser import Browser  # noqa: E402
from place import Place, Server, aina  # noqa: E402

COLD_MAX, WARM_MAX = 14000, 6000
LANGUAGES = ("kk", "ru", "en")
ARCHETYPES = {"extract": "civil.repeat-cert", "auto-rule": "civil.birth", "review1": "id.card", "review2": "soc.special-care",
              "commission": "soc.tsa", "queue": "edu.kindergarten-queue", "booking": "med.appointment", "notify": "fin.credit-stop",
              "appeal": "part.appeal", "petition": "part.petition"}
WORDS = "Осы сұрақтың жауабы, ответ на вопрос, an answer of some length that says what is wanted and why it is wanted. "
TYPED = {"numeric": "7", "decimal": "120000", "tel": "+7 701 123 45 67"}


def folder_of_three(base):
    """kz with three citizens to try, one a language."""
    folder = pathlib.Path(base) / "kz"
    shutil.copytree(ROOT / "jurisdictions/kz", folder)
    demo = folder / "demo.yaml"
    other = '  - as: person\n    name: {kk: "Басқа", ru: "Другой", en: "Another"}\n    about: {kk: "-", ru: "-", en: "-"}\n'
    demo.write_text(demo.read_text().replace("\nlooks:\n", f"\n{other}looks:\n"))
    return folder


class World:
    @classmethod
    def make(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="aina-services-"))
        cls.place = Place(30, folder_of_three(cls.base), folder=cls.base / "instance")
        cls.server = Server(cls.place.folder, "--demo")
        assert cls.server.port, cls.server.said()
        roles = re.findall(r"^  - as: (\w+)", (ROOT / "jurisdictions/kz/demo.yaml").read_text(), re.M)
        cls.people = (*[i for i, role in enumerate(roles) if role == "person"], len(roles))

    @classmethod
    def citizen(cls, n=0, language="en"):
        browser = Browser(cls.server.port, language)
        browser.log_in(cls.people[n])
        return browser


class Main(html.parser.HTMLParser):
    """The words of <main>, without what only the eye is told: the hidden end of a link, the link to the plain form."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, pairs):
        a = dict(pairs)
        if tag == "input" and a.get("type") == "text" and a.get("value"):
            self.words.append(a["value"])
        if tag not in ("input", "meta", "link", "br", "path", "circle"):
            self.stack.append((tag, a.get("class") or ""))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        inside = [tag for tag, _ in self.stack]
        hidden = any("away" in kind.split() or "plain" in kind.split() for _, kind in self.stack)
        if "main" in inside and not hidden and data.strip():
            self.words.append(data)


def letters(text):
    return re.sub(r"[^\w]+", "", text)


def check_plain(test, browser, path):
    """The plain form says the same in the same order, in lines of 40 columns and of 72."""
    page = browser.get(path)
    test.assertEqual(page.status, 200, path)
    for width in (40, 72):
        plain = browser.get(path + ("&" if "?" in path else "?") + f"plain=yes&width={width}")
        test.assertTrue(plain.headers["Content-Type"].startswith("text/plain"), path)
        lines = plain.text.split("\n")
        test.assertLessEqual(max(map(len, lines)), width, (path, max(lines, key=len)))
        told = letters("".join(re.sub(r"^\s*> \S+|^ *[*]?\d+\. |^(=+|-+)$", "", line) for line in lines if not re.match(r"\s*> ", line)))
        at = 0
        for words in Main(page.text).words:
            found = told.find(letters(words), at)
            test.assertGreaterEqual(found, 0, f"{path} at {width}: not in the plain form, or not in its place: {words!r}\n{plain.text}")
            at = found + len(letters(words))
    test.assertEqual(browser.call("GET", path, headers={"Accept": "text/plain"}).headers["Content-Type"], "text/plain; charset=utf-8")


def answers(page, number, **own):
    """Something right for each question of the form that asks for an answer."""
    form = next(f for f in page.forms if (f["action"] or "").startswith("/me/apply/"))
    values = dict(form["fields"])
    for name in form["named"] - {"token"}:
        controls = [(tag, a) for tag, a in page.elements if a.get("name") == name]
        tag, a = controls[0]
        if a.get("type") in ("radio", "checkbox"):
            values[name] = a["value"]
        elif tag == "select":
            values[name] = next(x["value"] for t, x in page.elements if t == "option" and x.get("value"))
        elif a.get("inputmode") == "numeric" and not re.search("number|quantity|months|children|signatures", name):
            values[name] = number
        elif tag == "textarea":
            values[name] = number if "member" in name or "family" in name else (WORDS * 40)[:1200 if name in ("text", "demand", "words") else 300]
        elif a.get("inputmode") == "text":
            values[name] = "5.3.2019"
        else:
            values[name] = TYPED.get(a.get("inputmode"), "KZ75125KZT2069100100" if name == "account" else "Қала, Абай көшесі, 7")
    values.update({name: value for name, value in own.items() if name in values or name in form["named"]})
    return form["action"], values


def walk(test, browser, service, number, look=None):
    """From the service's page to the case; gives the pages on the way. `look` is called with each path that was asked."""
    answer = browser.send(f"/services/{service}", f"/services/{service}/start")
    pages = []
    while True:
        test.assertEqual(answer.status, 303, (service, answer.page.text[:900]))
        path = answer.location
        page = browser.get(path)
        if page.status == 303:
            answer = page
            continue
        test.assertEqual((page.status, page.page.faults), (200, []), path)
        if path == "/me/pay":  # a fee comes first; then what was to be sent is sent
            for invoice in set(re.findall(r'href="(/me/pay/\w{26})"', page.text)):
                if f'action="{invoice}"' in browser.get(invoice).text:
                    test.assertEqual(browser.send(invoice, invoice).status, 303)
            answer = browser.send(pages[-1][0], pages[-1][0])
            continue
        pages.append((path, page))
        if look:
            look(path)
        if path.startswith("/me/cases/"):
            return pages
        test.assertLess(len(pages), 20, [path for path, _ in pages])
        action, values = answers(page.page, number)
        answer = browser.call("POST", action, values)


class Found(unittest.TestCase):
    def found(self, words, language="en"):
        page = Browser(World.server.port, language).get("/services?" + urllib.parse.urlencode({"q": words}))
        self.assertEqual(page.status, 200)
        return re.findall(r'href="/services/([\w.-]+)"', page.text)

    def test_by_letters_of_any_language_of_the_folder(self):
        for words in ("birth", "BIRTH reg", "рожд", "туу", "  regist   BIRTH", "civil.birth"):
            self.assertIn("civil.birth", self.found(words), words)
        self.assertEqual(self.found("birth registration")[0], "civil.birth")

    def test_without_the_letters_that_a_keyboard_lacks(self):
        for words, service in (("кезек", "edu.kindergarten-queue"), ("Балабакша", "edu.kindergarten-queue"), ("БАЛАБАҚША", "edu.kindergarten-queue"),
                               ("жардемакы", "soc.large-family"), ("ребенок", None), ("жүргізуші", "tr.driver-licence"), ("журГизуши", "tr.driver-licence")):
            if service:
                self.assertIn(service, self.found(words), words)
        self.assertEqual(self.found("ё"), self.found("е"))

    def test_what_is_not_there(self):
        for words in ("qqqq", "birth zzz", "%", "<b>", "\u0301", " "):
            self.assertEqual(self.found(words), [], words)
        self.assertEqual(Browser(World.server.port).get("/services?q=" + "a" * 300).status, 400)
        for path in ("/services/none", "/life/none", "/services/%00x", "/services/..%2f"):
            self.assertIn(Browser(World.server.port).get(path).status, (400, 404), path)

    def test_every_service_is_read_in_five_lines_by_anybody(self):
        browser = Browser(World.server.port, "en")
        ids = re.findall(r'href="/services/([\w.-]+)"', browser.get("/services?all=yes").text)
        self.assertEqual(sorted(ids), sorted(path.stem for path in (ROOT / "jurisdictions/kz/services").glob("*.yaml")))
        events = set(re.findall(r'href="/life/([\w-]+)"', browser.get("/services").text))
        for service in ids:
            page = browser.get(f"/services/{service}")
            self.assertEqual((page.status, page.page.faults), (200, []), service)
            for words in ("It costs", "By law it takes", "It really took Last quarter there were none, or too few to say.", "Without the internet", "Legal basis"):
                self.assertIn(words, page.page.text, service)
            self.assertTrue(set(re.findall(r'href="/life/([\w-]+)"', page.text)) <= events, service)
        grade = browser.get("/services/edu.grade1").page.text
        for words in ("Education law, article not yet entered", "1 working day", "unverified sample", "Unverified sample", "from 1 April", "at a counter, at a village point, on paper: not yet tried out"):
            self.assertIn(words, grade)
        self.assertIn("30 минут", Browser(World.server.port, "ru").get("/services/id.address").page.text)

    def test_pages_for_everybody_are_small(self):
        for language in LANGUAGES:
            browser = Browser(World.server.port, language)
            style = re.search(r'href="(/static/style-[^"]+)"', browser.get("/services").text)[1]
            for path in ("/services", "/services?all=yes", "/services?q=a", "/life/child-born", "/services/soc.tsa"):
                size = len(browser.get(path).sent)
                self.assertLessEqual(size, WARM_MAX, path)
                self.assertLessEqual(size + len(browser.get(style).sent), COLD_MAX, path)

    def test_nobody_begins_without_logging_in(self):
        browser = Browser(World.server.port)
        self.assertIn('href="/login?to=/services/id.card"', browser.get("/services/id.card").text)
        self.assertNotIn("/services/id.card/start", browser.get("/services/id.card").text)
        for path in ("/me/cases", "/me/apply/id.card", "/me/apply/id.card/photo", "/me/cases/AAAA-AAAA-AAAA"):
            self.assertEqual(browser.get(path).status, 401, path)
        official = Browser(World.server.port)
        official.log_in(1)
        self.assertEqual(official.get("/me/cases").status, 403)


class Sent(unittest.TestCase):
    """One service of each archetype, in each language, by another citizen each."""

    def sent(self, n, language):
        browser, number = World.citizen(n, language), World.place.numbers[3]
        for archetype, service in ARCHETYPES.items():
            where = f"{archetype} {service} {language}"
            name = browser.get(f"/services/{service}").page.h1[0].strip()
            self.assertIn(f"/services/{service}", browser.get("/services?" + urllib.parse.urlencode({"q": name})).text, where)
            looks = (lambda path: check_plain(self, browser, path)) if language == "kk" else None
            pages = walk(self, browser, service, number, looks)
            path, page = pages[-1]
            self.assertRegex(path, r"^/me/cases/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\?filed=yes$", where)
            case = path[10:24]
            self.assertIn(case, page.page.text, where)
            self.assertIn(case, browser.get("/me/cases").text, where)
            self.assertEqual(browser.get("/me/cases?from=-1").status, 400)
            style = len(browser.get(re.search(r'href="(/static/style-[^"]+)"', page.text)[1]).sent)
            for p, one in pages:
                self.assertLessEqual(len(one.sent), WARM_MAX, (where, p))
                self.assertLessEqual(len(one.sent) + style, COLD_MAX, (where, p))
            if language != "en":
                own = {"kk": "Өтінішіңіз қабылданды", "ru": "Ваше заявление принято"}[language]
                self.assertIn(own, page.page.text, where)
                for p, one in pages:
                    self.assertNotRegex(" ".join(Main(one.text).words), r"\b(the|Continue|Case|Change|Not)\b", (where, p))

    def test_in_kazakh_with_the_plain_form_of_every_page(self):
        self.sent(0, "kk")

    def test_in_russian(self):
        self.sent(1, "ru")

    def test_in_english(self):
        self.sent(2, "en")


class Forms(unittest.TestCase):
    def begin(self, service, n=0):
        browser = World.citizen(n)
        answer = browser.send(f"/services/{service}", f"/services/{service}/start")
        return browser, browser.get(answer.location).location

    def test_questions_are_asked_one_by_one_and_held_data_are_not(self):
        browser, path = self.begin("id.passport")
        self.assertEqual(path, "/me/apply/id.passport/photo")  # surname, given name and birth date are held
        page = browser.get(path).page
        self.assertEqual([tag for tag, _ in page.elements].count("h1"), 1)
        self.assertIn("Continue", page.text)
        self.assertEqual(browser.get("/me/apply/id.passport/pickup").location, path)  # not before its turn
        self.assertEqual(browser.get("/me/apply/id.passport/surname").location, path)  # a fact is not typed over
        self.assertEqual(browser.get("/me/apply/id.passport/nothing").location, path)
        answer = browser.call("POST", "/me/apply/id.passport/surname", {"token": page.forms[-1]["fields"]["token"], "surname": "Other"})
        self.assertEqual(answer.location, path)
        looks = browser.get("/me/looks").page.text
        self.assertIn("You looked at your own data", looks)

    def test_what_is_wrong_is_said_and_what_was_typed_stays(self):
        browser, path = self.begin("part.corruption")
        answer = browser.send(path, path, **{path.rsplit("/", 1)[1]: "x"})
        page = answer.page
        self.assertEqual(answer.status, 422)
        self.assertTrue(page.title.startswith("Error: "))
        self.assertIn("There is a problem", page.text)
        self.assertIn("Write at least", page.text)
        self.assertIn(("a", {"href": "#" + path.rsplit("/", 1)[1]}), page.elements)
        self.assertIn(">\nx</textarea>", answer.text)
        self.assertIn("Fill this in.", browser.send(path, path).page.text)
        evil = "<script>alert(1)</script>\" onmouseover=\"x & \u202egnp.exe \u0627\u0644\u0639 " * 3
        answer = browser.send(path, path, **{path.rsplit("/", 1)[1]: evil})
        self.assertEqual(answer.status, 303)
        again = browser.get(path)
        self.assertNotIn("<script>alert", again.text)
        self.assertIn(evil.strip(), "".join(again.page.words))

    def test_on_another_device_and_backwards(self):
        browser, path = self.begin("gov.cctv-footage", 1)
        self.assertEqual(browser.send(path, path, **{path.rsplit("/", 1)[1]: "Абай көшесі, 1"}).status, 303)
        other = World.citizen(1)  # a new session: nothing of it is in the browser
        self.assertIn("/me/apply/gov.cctv-footage", other.get("/me/cases").text)
        self.assertIn("Go on where you stopped", other.get("/services/gov.cctv-footage").page.text)
        second = other.get("/me/apply/gov.cctv-footage").location
        self.assertNotEqual(second, path)
        self.assertIn(f'href="{path}"', other.get(second).text)  # Back
        self.assertIn('value="Абай көшесі, 1"', other.get(path).text)
        # The first device sends its old page once more, with another answer; the second goes on.
        self.assertEqual(browser.send(path, path, **{path.rsplit("/", 1)[1]: "Абай көшесі, 2"}).location, second)
        self.assertEqual(other.send(second, second, **{second.rsplit("/", 1)[1]: "5.3.2026"}).status, 303)
        self.assertIn("Абай көшесі, 2", other.get(path).text)

    def test_a_change_leads_back_to_the_list(self):
        browser, number = World.citizen(1), World.place.numbers[3]
        answer = browser.send("/services/part.access-info", "/services/part.access-info/start")
        while "/me/apply/part.access-info/" in (browser.get("/me/apply/part.access-info").location or ""):
            path = browser.get("/me/apply/part.access-info").location
            action, values = answers(browser.get(path).page, number)
            answer = browser.call("POST", action, values)
        self.assertEqual(answer.location, "/me/apply/part.access-info")
        check = browser.get("/me/apply/part.access-info")
        change = re.search(r'href="(/me/apply/part.access-info/[\w-]+\?change=yes)"', check.text)[1]
        page = browser.get(change)
        self.assertIn('href="/me/apply/part.access-info">Back', page.text)
        action, values = answers(page.page, number)
        self.assertEqual(browser.call("POST", action, values).location, "/me/apply/part.access-info")
        self.assertNotIn("Next", check.page.text)
        self.assertEqual(browser.send(check, "/me/drop/part.access-info").location, "/me/cases")
        self.assertNotIn("part.access-info", browser.get("/me/cases").text)
        self.assertEqual(browser.call("POST", action, values).location, "/services/part.access-info")

    def ready(self, service, n):
        """A draft whose answers are all given; the browser and the values of its last form."""
        browser, number = World.citizen(n), World.place.numbers[3]
        answer = browser.send(f"/services/{service}", f"/services/{service}/start")
        while (path := browser.get(f"/me/apply/{service}").location):
            action, values = answers(browser.get(path).page, number)
            self.assertEqual(browser.call("POST", action, values).status, 303, answer.text)
        return browser, browser.get(f"/me/apply/{service}").page.form(f"/me/apply/{service}")["fields"]

    def test_sent_twice_at_once_is_one_case(self):
        browser, fields = self.ready("tel.no-coverage", 2)
        before = len(re.findall(r'href="/me/cases/', browser.get("/me/cases").text))
        with ThreadPoolExecutor(8) as pool:
            sent = list(pool.map(lambda _: browser.call("POST", "/me/apply/tel.no-coverage", fields), range(8)))
        self.assertEqual({answer.status for answer in sent}, {303})
        self.assertEqual(len({answer.location for answer in sent}), 1)
        self.assertEqual(len(re.findall(r'href="/me/cases/', browser.get("/me/cases").text)), before + 1)
        self.assertEqual(browser.call("POST", "/me/apply/tel.no-coverage", fields).location, sent[0].location)  # once more, later
        self.assertEqual(browser.get("/me/apply/tel.no-coverage").location, sent[0].location)  # the back button

    def test_one_case_in_flight_keeps_the_draft(self):
        browser, fields = self.ready("soc.housing-queue", 1)
        self.assertEqual(browser.call("POST", "/me/apply/soc.housing-queue", fields).status, 303)
        browser, fields = self.ready("soc.housing-queue", 1)
        answer = browser.call("POST", "/me/apply/soc.housing-queue", fields)
        self.assertEqual(answer.status, 409)
        self.assertIn("You have such a case already", answer.page.text)
        self.assertRegex(answer.text, r'href="/me/cases/[0-9A-Z-]{14}"')
        self.assertEqual(browser.get("/me/apply/soc.housing-queue").status, 200)

    def over(self, browser):
        """The session was idle for too long."""
        with sqlite3.connect(World.place.folder / "state.db", timeout=30) as db:
            hash = hashlib.sha256(browser.cookies["aina"].encode()).digest()
            self.assertEqual(db.execute("UPDATE people_caller SET seen = 0 WHERE hash = ?", (hash,)).rowcount, 1)
        db.close()

    def kept(self, answer, path, status, typed):
        """The page that keeps what was typed, whole and unseen; its form."""
        self.assertEqual((answer.status, answer.page.faults, answer.location), (status, [], None), answer.page.text[:600])
        form = answer.page.form(path)
        self.assertEqual({name: form["fields"].get(name) for name in typed}, typed)
        self.assertNotIn("<script>alert", answer.text)
        for words in typed.values():
            self.assertNotIn(words, " ".join(answer.page.words))
        return form["fields"]

    def anothers(self, answer, typed):
        self.assertEqual((answer.status, answer.page.faults), (403, []))
        self.assertIn("somebody else’s", answer.page.text)
        for words in typed.values():
            self.assertNotIn(words.split("\n")[0][:20], answer.text)

    def test_a_session_that_ended_loses_nothing(self):
        browser, path = self.begin("part.corruption", 2)
        field = path.rsplit("/", 1)[1]
        endings = {"idle": lambda: self.over(browser), "on another device": lambda: World.citizen(2).send("/me/keys", "/me/sessions/end"), "no cookie": browser.cookies.clear}
        for n, (how, end) in enumerate(endings.items()):
            typed = {field: f"{n} <script>alert(1)</script>\"' onfocus=\"x & Ұлытау\nשלום \u202egnp.exe: an official asked for money. " + "It was so. " * 20}
            form = {**browser.get(path).page.form(path)["fields"], **typed}
            end()
            self.assertEqual(browser.get(path).status, 401, how)
            waiting = self.kept(browser.call("POST", path, form), path, 401, typed)
            self.assertEqual(waiting["token"], form["token"])
            answer = browser.call("POST", path, waiting)
            self.assertIn("You are not logged in yet", answer.page.text)
            waiting = self.kept(answer, path, 401, typed)
            stranger = World.citizen(1)
            self.anothers(stranger.call("POST", path, waiting), typed)
            stranger.log_in(1)  # an official
            self.anothers(stranger.call("POST", path, waiting), typed)
            browser.get("/login?to=/kept")
            self.assertEqual(browser.log_in(World.people[2]).location, "/kept")
            self.assertEqual((browser.get("/kept").status, browser.get("/kept").page.faults), (200, []))
            ready = self.kept(browser.call("POST", path, waiting), path, 403, typed)
            self.assertNotEqual(ready["token"], form["token"])
            self.assertEqual(set(ready), set(form))
            self.anothers(World.citizen(1).call("POST", path, ready), typed)
            sent = [browser.call("POST", path, ready) for _ in range(2)]
            self.assertEqual({(answer.status, answer.location) for answer in sent}, {(303, sent[0].location)}, sent[0].page.text[:600])
            self.assertIn(typed[field].strip(), "".join(browser.get(path).page.words))
        self.assertEqual(Browser(World.server.port).get("/kept").status, 401)

    def test_nobody_elses(self):
        browser, fields = self.ready("part.corruption", 1)
        case = browser.call("POST", "/me/apply/part.corruption", fields).location.split("?")[0]
        other = World.citizen(2)
        for path in (case, case + "/withdraw", "/me/cases/0000-0000-0000", "/me/cases/x", case + "/grant"):
            self.assertEqual(other.get(path).status, 404, path)
        token = browser.get(case + "/withdraw").page.form(case + "/withdraw")["fields"]["token"]
        self.assertEqual(other.call("POST", case + "/withdraw", {"token": token}).status, 403)
        self.assertEqual(browser.call("POST", case + "/withdraw", {}).status, 403)
        self.assertEqual(browser.get(case + "/satisfy").status, 404)  # an official's

    def test_a_case_is_withdrawn_after_a_second_word(self):
        browser, fields = self.ready("fin.vat-reg", 2)
        case = browser.call("POST", "/me/apply/fin.vat-reg", fields).location.split("?")[0]
        page = browser.get(case)
        self.assertIn(f'href="{case}/withdraw"', page.text)
        self.assertIn("There is no way back", browser.get(case + "/withdraw").page.text)
        check_plain(self, browser, case)
        check_plain(self, browser, case + "/withdraw")
        self.assertEqual(browser.send(case + "/withdraw", case + "/withdraw").location, case + "?done=yes")
        page = browser.get(case).page
        self.assertIn("How it stands Withdrawn", page.text)
        self.assertIn("What happened so far", page.text)
        self.assertEqual(browser.get(case + "/withdraw").location, case)
        check_plain(self, browser, "/me/cases")
        looks = browser.get("/me/looks").page.text
        self.assertIn("An application filed", looks)
        self.assertIn(case.rsplit("/", 1)[1], looks)

    def test_returned_heard_refused_and_overturned(self):
        """Both sides of the counter: what the office does, the person reads in words and answers from the same page."""
        browser, fields = self.ready("soc.special-benefit", 2)
        case = browser.call("POST", "/me/apply/soc.special-benefit", fields).location.split("?")[0]
        number = case.rsplit("/", 1)[1]
        clerk, second = Browser(World.server.port), Browser(World.server.port)
        clerk.log_in(6)
        second.log_in(7)

        def office(official, action, **values):
            path = f"/desk/cases/{number}/do/{action}"
            answer = official.send(path, path, **{name.replace("_", "-"): value for name, value in values.items()})
            self.assertEqual(answer.status, 303, answer.page.text[:1500])

        def person(action, **values):
            page = browser.get(f"{case}/{action}")
            check_plain(self, browser, f"{case}/{action}")
            form = {**page.page.form(f"{case}/{action}")["fields"], **values}
            answer = browser.call("POST", f"{case}/{action}", form)
            self.assertEqual(answer.location, case + "?done=yes", answer.page.text[:1500])
            steps = browser.get(case).text.count("<li><h3>")
            self.assertEqual(browser.call("POST", f"{case}/{action}", form).location, case)  # sent twice
            name = [name for name in values][0]
            late = browser.call("POST", f"{case}/{action}", {**form, name: "Typed on another device, too late."})
            if action != "resubmit":  # there it is a file
                self.assertEqual((late.status, late.page.faults), (409, []))
                self.assertIn("The case was changed meanwhile", late.page.text)
                self.assertIn("Typed on another device, too late.", late.page.text)
            self.assertEqual(browser.get(case).text.count("<li><h3>"), steps)
            check_plain(self, browser, case)
            return browser.get(case).page.text

        self.assertEqual(clerk.get(f"/desk/cases/{number}").status, 200)
        path = f"/desk/cases/{number}/do/return"  # whose session ends in the middle of it
        typed = {"a-what-is-missing": "What was typed for a quarter of an hour."}
        form = {**clerk.get(path).page.form(path)["fields"], **typed}
        self.over(clerk)
        waiting = self.kept(clerk.call("POST", path, form), path, 401, typed)
        self.anothers(second.call("POST", path, waiting), typed)
        clerk.log_in(6)
        self.kept(clerk.call("POST", path, waiting), path, 403, typed)
        office(clerk, "return", a_what_is_missing="The proof of hard work.", asked="work-history")
        page = browser.get(case).page.text
        for words in ("How it stands Waiting for you", "Who has it you", "What is missing: The proof of hard work.", "Complete and send again"):
            self.assertIn(words, page)
        self.assertIn("The proof of hard work.", browser.get(case + "/resubmit").page.text)
        self.assertIn("With the office", person("resubmit", **{"work-history": "at-counter"}))
        office(clerk, "offer-hearing", a_hearing_day="5.3.2027", a_draft_reasons="The proof does not show ten years.")
        page = browser.get(case).page.text
        for words in ("Invited to a hearing", "The proof does not show ten years.", "5 March 2027", "Answer in writing instead"):
            self.assertIn(words, page)
        wrong = browser.send(case + "/answer-in-writing", case + "/answer-in-writing", objection="")
        self.assertEqual((wrong.status, wrong.page.title.startswith("Error: ")), (422, True))
        person("answer-in-writing", objection="It shows eleven years: see page two.")
        office(clerk, "refuse", reason="The register shows nine years only.", ground="not-meeting-rules", article="article 1 of the sample")
        page = browser.get(case).page.text
        for words in ("How it stands Refused", "Reason: The register shows nine years only.", "Article: article 1 of the sample", "If you do not agree",
                      "You can appeal to", "Until", "staff code"):
            self.assertIn(words, page)
        page = person("appeal", **{"appeal-words": "Page two was not read at all."})
        self.assertIn("What do you not agree with? Page two was not read at all.", page)
        self.assertEqual(browser.get(case + "/appeal").location, case)  # once
        office(second, "overturn", a_appeal_answer="Page two shows eleven years indeed.")
        page = browser.get(case).page.text
        self.assertIn("How it stands Decided in your favour", page)
        self.assertIn("Page two shows eleven years indeed.", page)
        self.assertRegex(page, r"Who looked at your data for this case (?!Nobody)")
        check_plain(self, browser, case)

    def test_for_another_within_the_mandate_and_no_further(self):
        giver, actor = World.citizen(1), World.citizen(2)
        page = giver.get("/me/mandates")
        for _ in range(2):  # pressed twice: one mandate, taken back with one press
            answer = giver.send(page, "/me/mandates", number=World.place.numbers[2], scope="part.access-info", until="2027-01-31")
            self.assertEqual(answer.status, 303, answer.page.text[:900])
        self.assertEqual(giver.get("/me/mandates").text.count('action="/me/mandates/end"'), page.text.count('action="/me/mandates/end"') + 1)
        actor.send("/services/gov.algo-review", "/services/gov.algo-review/start")
        own = actor.get("/me/apply/gov.algo-review").location or "/me/apply/gov.algo-review"
        typed = {own.rsplit("/", 1)[1]: "Typed in one’s own matter, before one acted for another."}
        mine = {**actor.get(own).page.form(own)["fields"], **typed}
        answer = actor.send("/me/mandates", "/me/act")
        self.assertEqual(answer.status, 303, answer.page.text[:900])
        self.assertIn("By mandate, for", actor.get("/services/part.access-info").page.text)
        self.anothers(actor.call("POST", own, mine), typed)
        begun = actor.send("/services/part.access-info", "/services/part.access-info/start").location
        at = actor.get(begun).location
        words = {at.rsplit("/", 1)[1]: "Typed for the one who gave the mandate."}
        theirs = {**actor.get(at).page.form(at)["fields"], **words}
        self.over(actor)
        waiting = self.kept(actor.call("POST", at, theirs), at, 401, words)
        actor.log_in(World.people[2])
        self.anothers(actor.call("POST", at, waiting), words)  # acts for nobody yet
        self.kept(actor.call("POST", own, mine), own, 403, typed)  # and what was one's own is
        self.assertEqual(actor.send("/me/mandates", "/me/act").status, 303)
        self.kept(actor.call("POST", at, waiting), at, 403, words)
        self.assertEqual(giver.send("/me/mandates", "/me/mandates/end").status, 303)  # taken back in the middle of it
        over = actor.call("POST", at, theirs)
        self.assertIn("The mandate has ended", over.page.text)
        waiting = self.kept(over, at, 403, words)
        self.assertEqual(actor.send(over, "/me/act/end").status, 303)
        self.anothers(actor.call("POST", at, waiting), words)
        self.assertEqual(giver.send(page, "/me/mandates", number=World.place.numbers[2], scope="part.access-info", until="2027-01-31").status, 303)
        self.assertEqual(actor.send("/me/mandates", "/me/act").status, 303)
        self.kept(actor.call("POST", at, waiting), at, 403, words)
        self.assertNotIn("/services/gov.algo-review/start", actor.get("/services/gov.algo-review").text)  # another matter
        self.assertEqual(actor.get("/me/apply/gov.algo-review").status, 404)
        pages = walk(self, actor, "part.access-info", World.place.numbers[3])
        case = pages[-1][0].split("?")[0]
        self.assertEqual(giver.get(case).status, 200)  # it is the giver's case
        self.assertEqual(World.citizen(0).get(case).status, 404)
        self.assertEqual(re.findall(r'href="/me/cases/([0-9A-Z-]{14})', actor.get("/me/cases").text), [case.rsplit("/", 1)[1]])  # of the matter alone
        self.assertEqual(actor.send("/me/mandates", "/me/act/end").status, 303)
        self.assertEqual(actor.get(case).status, 404)
        entries = [e["entry"] for e in json.loads(giver.get("/me/looks/entries.json").text) if e["entry"]["case"] == case.rsplit("/", 1)[1]]
        self.assertIn(("filing", "attorney"), {(e["kind"], e["capacity"]) for e in entries})

    def test_one_visit_for_what_belongs_together(self):
        browser, number = World.citizen(2), World.place.numbers[3]
        page = browser.get("/life/child-born")
        self.assertIn("one visit", page.page.text)
        answer = browser.send(page, "/life/child-born/start")
        self.assertEqual(answer.status, 303)
        first = answer.location
        self.assertGreaterEqual(browser.get("/me/cases").text.count("/me/apply/"), 3)
        service = first.rsplit("/", 1)[1]
        pages = walk(self, browser, service, number)
        self.assertIn("Next: ", pages[-1][1].page.text)
        self.assertRegex(pages[-1][1].text, r'href="/me/apply/[\w.-]+">Next: ')


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
    sys.exit(not result.wasSuccessful() or code != 0 or fsck[0] != 0)
