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
