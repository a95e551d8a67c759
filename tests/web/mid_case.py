#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What changes while a person is in the middle of something: the service's file, between two starts of the server; the mandate by which
one acts for another. Each later step says so in words, and nothing that was typed is lost."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site
from served import AINA, ROOT, aina

SERVICE = "soc.special-benefit"
CLERK = 6  # of the demonstration's roles: benefits
CHANGED = "This service has changed since you began."
TYPED = {"birth-date": "1.2.1970", "account": "KZ75125KZT2069100100", "work-history": "counter", "shift": "Night shifts at Ridder"}
QUESTION = """  - id: shift
    type: text
    label: {kk: "Қай ауысым?", ru: "Какая смена?", en: "Which shift?"}
    max: 200
"""


def setUpModule():
    global served, folder, file, child
    made = []
    real = site.Served.__init__.__globals__["aina"]

    def kept(*args, **kwargs):
        made.append(real(*args, **kwargs))
        return made[-1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aina-mid-case-"))
    shutil.copytree(ROOT / "jurisdictions/kz", folder / "kz")
    file = folder / "kz/services" / f"{SERVICE}.yaml"
    site.Served.__init__.__globals__["aina"] = kept
    served = site.Served(people=20, jurisdiction=folder / "kz", more=("--demo",))
    site.Served.__init__.__globals__["aina"] = real
    child = re.search(r"Demo child \(kz-iin\): (\d{12})", "".join(m.stdout for m in made))[1]


def tearDownModule():
    served.stop()
    shutil.rmtree(folder)


def change(old, new):
    """A new version of the file, in force from the next start on."""
    text = file.read_text()
    assert text.count(old) == 1, (old, text.count(old))
    served.process.terminate()
    assert served.process.wait(20) == 0
    served.process.stdout.close()
    file.write_text(text.replace(old, new))
    served.process = subprocess.Popen([AINA, "serve", served.place, "--port", "0", "--demo"], stdout=subprocess.PIPE, stderr=served.errors,
                                      text=True, env=dict(os.environ))
    line = served.process.stdout.readline()
    assert line, "serve did not start"
    served.port = int(re.search(r":(\d+)/", line)[1])


def visitor(role):
    client = site.Client(served)
    client.log_in(role)
    return client


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.html))


def version():
    return int(re.search(r"^version: (\d+)", file.read_text(), re.M)[1])


class Way(unittest.TestCase):
    def begin(self, client):
        started = client.fill(f"/services/{SERVICE}", f"/services/{SERVICE}/start")
        self.assertEqual(started.status, 303, words(started)[-500:])
        return self.answer(client, started.headers["Location"])

    def answer(self, client, path, until=f"/me/apply/{SERVICE}"):
        """Answers what is asked, until the list of answers; the pages passed."""
        passed = []
        for _ in range(20):
            page = client.get(path)
            if page.status == 303:
                path = page.headers["Location"]
                continue
            self.assertEqual((page.status, strict.faults(page.html)), (200, []))
            if path.partition("?")[0] == until:
                return passed
            passed.append((path, page))
            bare = path.partition("?")[0]
            field = bare.rpartition("/")[2]
            done = client.fill(path, bare, **{field: TYPED[field]})
            self.assertEqual(done.status, 303, words(done)[-600:])
            path = done.headers["Location"]
        self.fail("the way has no end")

    def send(self, client):
        return client.fill(f"/me/apply/{SERVICE}", f"/me/apply/{SERVICE}")

    def sent(self, answer):
        return re.fullmatch(r"/me/cases/([\w-]{14})\?filed=yes", answer.headers["Location"])[1]


class Changed(Way):
    def test_a_draft_is_carried_over_and_a_case_keeps_its_version(self):
        client = visitor(0)
        self.begin(client)
        case = self.sent(self.send(client))
        self.begin(client)
        change(f"version: {version()}\n", f"version: {version() + 1}\n")  # nothing of the form
        client = visitor(0)
        page = client.get(f"/me/apply/{SERVICE}")
        self.assertIn(CHANGED, page.html)
        first = self.send(client)  # not yet: it must be seen as it is
        self.assertEqual(first.headers["Location"], f"/me/apply/{SERVICE}?changed=yes")
        self.assertIn(CHANGED, client.get(first.headers["Location"]).html)
        self.assertNotIn(CHANGED, client.get(f"/me/apply/{SERVICE}").html)
        second = self.sent(self.send(client))
        self.begin(client)
        # a question more, while the list of answers is open
        form = next(f for f in client.forms(f"/me/apply/{SERVICE}") if f["action"] == f"/me/apply/{SERVICE}")
        change("pages:\n", f"{QUESTION}pages:\n  - {{id: shift, fields: [shift]}}\n")
        sent = client.ask("POST", f"/me/apply/{SERVICE}", {a["name"]: a["value"] for tag, a in form["fields"] if "name" in a})
        self.assertEqual(sent.headers["Location"], f"/me/apply/{SERVICE}/shift?changed=yes")
        page = client.get(sent.headers["Location"])
        self.assertEqual((page.status, strict.faults(page.html)), (200, []))
        self.assertIn(CHANGED, page.html)
        [(path, _)] = self.answer(client, f"/me/apply/{SERVICE}/shift")
        self.assertEqual(path, f"/me/apply/{SERVICE}/shift")
        page = client.get(f"/me/apply/{SERVICE}")
        self.assertIn(TYPED["shift"], page.html)
        change(f"version: {version()}\n", f"version: {version() + 1}\n")
        client = visitor(0)
        page = client.get(f"/me/apply/{SERVICE}")
        self.assertIn(CHANGED, page.html)
        self.assertIn(TYPED["shift"], page.html)
        self.assertEqual(self.send(client).headers["Location"], f"/me/apply/{SERVICE}?changed=yes")
        third = self.sent(self.send(client))
        # each is worked by the file it was sent under
        office = visitor(CLERK)
        for number, asks in ((case, False), (second, False), (third, True)):
            told = words(client.get(f"/me/cases/{number}"))
            self.assertEqual("Which shift?" in told, asks, told[-600:])
            path = f"/desk/cases/{number}/do/grant"
            granted = office.fill(path, path)
            self.assertEqual(granted.status, 303, words(granted)[-600:])
            self.assertIn("Decided in your favour", words(client.get(f"/me/cases/{number}")))


class Mandate(Way):
    ENDED = "The mandate has ended"

    def record(self, *what):
        done = aina("record", served.place, "civil-status", child, *what)
        self.assertEqual(done.returncode, 0, done.stderr)

    def act_for_child(self, mother):
        page = mother.get("/me/mandates").html
        mandate = re.search(r'action="/me/act".*?name="mandate" value="([^"]+)"', page, re.S)[1]
        self.assertEqual(mother.fill("/me/mandates", "/me/act", mandate=mandate).status, 303)

    def test_a_draft_and_a_case_outlive_the_mandate_they_were_begun_under(self):
        mother, number = visitor(0), served.numbers[0]
        self.act_for_child(mother)
        self.begin(mother)
        case = self.sent(self.send(mother))
        self.begin(mother)
        at = f"/me/apply/{SERVICE}/account?change=yes"
        page = mother.get(at)
        self.assertEqual(page.status, 200)
        form = next(f for f in strict.read(page.html).forms if f["action"].startswith(f"/me/apply/{SERVICE}/account"))
        hidden = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        self.record(f"mother-number={served.numbers[2]}", "birth-date=2018-05-05")
        # each step says why it is not done, and does nothing, neither for the child nor for herself
        for path, sent in ((f"/me/apply/{SERVICE}/account", {**hidden, "account": "KZ86125KZT5004100100"}), (f"/me/apply/{SERVICE}", hidden),
                           (f"/me/drop/{SERVICE}", hidden), (f"/me/cases/{case}/withdraw", hidden)):
            refused = mother.ask("POST", path, sent)
            self.assertEqual((refused.status, strict.faults(refused.html)), (403, []))
            for told in (self.ENDED, "The register does not say any more", "What you sent was not done"):
                self.assertIn(told, refused.html)
        for path in (f"/me/cases/{case}", f"/me/apply/{SERVICE}"):
            refused = mother.get(path)
            self.assertEqual(refused.status, 403)
            self.assertIn("Nothing was lost", refused.html)
        self.assertEqual(mother.fill("/me/mandates", "/me/act/end").status, 303)
        self.assertEqual(mother.get(f"/me/cases/{case}").status, 404)  # it is not hers
        self.assertNotIn(case, mother.get("/me/cases").html)
        # the office goes on with the case; what is begun waits for whoever may act next
        told = words(visitor(CLERK).get(f"/desk/cases/{case}"))
        self.assertNotIn("Withdrawn", told)
        self.record(f"mother-number={number}", "birth-date=2018-05-05")
        self.assertEqual(mother.fill("/me/child", "/me/child", number=child).status, 303)
        self.act_for_child(mother)
        self.assertEqual(self.answer(mother, f"/me/apply/{SERVICE}"), [])  # nothing is asked again
        self.assertIn(TYPED["account"], mother.get(f"/me/apply/{SERVICE}").html.replace(" ", ""))
        self.assertEqual(mother.get(f"/me/cases/{case}").status, 200)
        self.assertTrue(self.sent(self.send(mother)))


if __name__ == "__main__":
    unittest.main()
