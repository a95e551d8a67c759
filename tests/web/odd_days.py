#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Days that are not like others: a registry whose rows are broken, a machine that keeps the time of another place, letters of Kazakh and of
scripts that run from the right, in answers and in the names of files."""
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import unittest

DRIVER = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import strict
import walk as site
from uploads_client import Sender

BENEFITS = 6  # of the demonstration's roles
SERVICE = "soc.special-benefit"
WORDS = "Қожахмет Әбдіғаппарұлы, Ұлытау, №7 үй; שלום עליכם؛ السلام عليكم"


def setUpModule():
    global served
    served = site.Served(more=("--demo",), env={"TZ": "America/New_York"})  # eleven or ten hours behind, with daylight changes


def tearDownModule():
    served.stop()  # and fsck finds nothing: what was broken here has been put back


def visitor(role):
    client = site.Client(served)
    client.log_in(role)
    return client


class Broken:
    """Flips a bit of each byte of all records of a registry, and puts them back."""

    def __init__(self, registry):
        self.registry = registry

    def __enter__(self):
        with sqlite3.connect(served.place / "state.db", timeout=30) as db:
            self.rows = db.execute("SELECT id, sealed FROM vault_record WHERE registry = ?", (self.registry,)).fetchall()
            assert self.rows
            db.executemany("UPDATE vault_record SET sealed = ? WHERE id = ?", [(bytes(b ^ 1 for b in s), i) for i, s in self.rows])

    def __exit__(self, *_):
        with sqlite3.connect(served.place / "state.db", timeout=30) as db:
            db.executemany("UPDATE vault_record SET sealed = ? WHERE id = ?", [(s, i) for i, s in self.rows])


class Registry(unittest.TestCase):
    def test_a_broken_registry_holds_up_its_case_and_nothing_else(self):
        client = visitor(0)
        with Broken("population"):
            started = client.fill(f"/services/{SERVICE}", f"/services/{SERVICE}/start")
            self.assertEqual(started.status, 303)
            at = client.get(started.headers["Location"])
            asked = []
            while at.status == 303:
                path = at.headers["Location"]
                page = client.get(path)
                if page.status == 303:
                    at = page
                    continue
                if path == f"/me/apply/{SERVICE}":
                    break
                asked.append(path.rsplit("/", 1)[1])
                values = {"birth-date": "1.2.1970"} if "birth-date" in path else {"account": "KZ75125KZT2069100100"} if "account" in path else {}
                at = client.fill(path, path, **values)
            else:
                path = at.headers.get("Location", started.headers["Location"])
            page = client.get(f"/me/apply/{SERVICE}")
            self.assertEqual((page.status, strict.faults(page.html)), (200, []))
            self.assertIn("cannot be asked at the moment", page.html)
            self.assertIn("it waits at the office until the registry answers, and your term runs", page.html)
            sent = client.fill(f"/me/apply/{SERVICE}", f"/me/apply/{SERVICE}")
            case = re.fullmatch(r"/me/cases/([\w-]{14})\?filed=yes", sent.headers["Location"])[1]
            office = visitor(BENEFITS)
            page = office.get(f"/desk/cases/{case}")
            self.assertEqual((page.status, strict.faults(page.html)), (200, []))
            facts = office.fill(f"/desk/cases/{case}", f"/desk/cases/{case}/facts")
            self.assertEqual(strict.faults(facts.html), [])
            self.assertIn("cannot be asked at the moment", facts.html)
            self.assertEqual(facts.status, 200)
        facts = office.fill(f"/desk/cases/{case}", f"/desk/cases/{case}/facts")
        self.assertEqual(facts.status, 200)
        self.assertNotIn("cannot be asked at the moment", facts.html)
        self.assertEqual(client.get(f"/me/cases/{case}").status, 200)


class Returned(unittest.TestCase):
    """Something is missing: a file is given anew, and the case has it when it is sent again."""

    def test_a_returned_case_takes_a_new_file(self):
        made = subprocess.run([DRIVER, served.place, SERVICE, served.numbers[0], "0,0", "birth-date=1970-01-01", "work-history=", "account=KZ75125KZT2069100100"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        case, other = made.stdout.split()
        office, client, stranger = visitor(BENEFITS), visitor(0), visitor(3)
        for number in (case, other):
            self.assertEqual(client.get(f"/me/files/{SERVICE}/work-history?case={number}").status, 404)  # it was not returned
        path = f"/desk/cases/{case}/do/return"
        sent = office.fill(path, path, **{"a-what-is-missing": "The page with the stamps cannot be read.", "asked": "work-history"})
        self.assertEqual(sent.status, 303, sent.html[-1500:])
        page = client.get(f"/me/cases/{case}/resubmit")
        self.assertEqual((page.status, strict.faults(page.html)), (200, []))
        where = f"/me/files/{SERVICE}/work-history?case={case}"
        self.assertIn(f'href="{where}"', page.html)
        self.assertIn(client.get(f"/me/files/id.passport/photo?case={case}").status, (404,))
        self.assertEqual(client.get(where.replace("work-history", "account")).status, 404)
        self.assertIn(stranger.get(where).status, (403, 404))
        form = client.get(where)
        self.assertEqual((form.status, strict.faults(form.html)), (200, []))
        sender = Sender(client, SERVICE, f"work-history?case={case}")
        done = sender.send(sender.body(b"%PDF-1.7\n" + b"x" * 2000 + b"\n%%EOF\n", "еңбек.pdf", token="x"))
        self.assertEqual(done.status, 403)
        done = sender.send(sender.body(b"%PDF-1.7\n" + b"x" * 2000 + b"\n%%EOF\n", "еңбек.pdf"))
        self.assertEqual((done.status, done.getheader("Location")), (303, f"/me/cases/{case}/resubmit"), done.words[-800:])
        page = client.get(f"/me/cases/{case}/resubmit")
        self.assertEqual(strict.faults(page.html), [])
        chosen = re.search(r'name="work-history" value="([0-9a-z]{26} еңбек\.pdf)"[^>]* checked', page.html)
        self.assertIsNotNone(chosen, page.html[-3000:])
        sent = client.fill(f"/me/cases/{case}/resubmit", f"/me/cases/{case}/resubmit",
                           **{"birth-date": "1.1.1970", "work-history": chosen[1], "account": "KZ75125KZT2069100100"})
        self.assertEqual(sent.status, 303, re.sub(r"<[^>]+>", " ", sent.html)[-800:])
        told = client.get(f"/me/cases/{case}").html
        link = re.search(r'href="(/me/files/[0-9a-z]{26})"', told)[1]
        self.assertEqual(client.get(link).status, 200)
        self.assertIn(stranger.get(link).status, (403, 404))
        self.assertEqual(office.get(f"/desk/files/{case}/{chosen[1][:26]}").status, 200)
        self.assertEqual(client.get(where).status, 404)  # it lies with the office again


class Place(unittest.TestCase):
    def test_days_are_the_folders_wherever_the_machine_stands(self):
        made = subprocess.run([DRIVER, served.place, SERVICE, served.numbers[3], "0", "birth-date=1970-01-01", "work-history=", "account=KZ75125KZT2069100100"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        there = time.strftime("%-d %B %Y", time.gmtime(time.time() + 5 * 3600))
        office = visitor(BENEFITS)
        for _ in range(3):
            html = office.get(f"/desk/cases/{made.stdout.strip()}").html
            after = time.strftime("%-d %B %Y", time.gmtime(time.time() + 5 * 3600))
            if there == after:
                break
            there = after  # midnight there has just passed
        filed = re.search(r"<dt>Filed</dt><dd>(.*?)</dd>", html)[1]
        self.assertIn(there, re.sub(r"<[^>]+>", "", filed))


class Letters(unittest.TestCase):
    def test_of_kazakh_and_from_the_right(self):
        client = visitor(0)
        started = client.fill("/services/id.passport", "/services/id.passport/start")
        self.assertEqual(started.status, 303)
        sender = Sender(client, "id.passport", "photo")
        name = "Құжат-שלום-Ұлықбек.jpg"
        self.assertEqual(sender.send(sender.body(b"\xff\xd8\xff\xe0" + b"x" * 1000 + b"\xff\xd9", name)).status, 303)
        self.assertIn(name, client.get("/me/apply/id.passport/photo").html)
        page = "/me/apply/id.passport/pickup"
        self.assertRegex(client.get(page).html, r'<(input type="text"|textarea)[^>]* dir="auto"[^>]* name="pickup"')
        self.assertEqual(client.fill(page, page, pickup=WORDS).status, 303)
        summary = client.get("/me/apply/id.passport")
        self.assertEqual(strict.faults(summary.html), [])
        self.assertIn(WORDS, summary.html)
        self.assertEqual(client.fill("/me/apply/id.passport", "/me/drop/id.passport").status, 303)


if __name__ == "__main__":
    unittest.main()
