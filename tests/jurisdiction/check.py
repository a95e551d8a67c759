#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The linter through `aina check`: each bad construct is found where it stands, and the rules hash is what sha256sum says."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

AINA = os.environ["AINA"]
FOLDERS = pathlib.Path(os.environ["AINA_ROOT"]) / "jurisdictions"

# file, text there, what replaces it (None: the file's bytes follow), a piece of `what`
BAD = [
    ("purposes.yaml", "needs: [order]", "needs: []", "needs no order"),
    ("purposes.yaml", "delay-days: 365", "dpv: x", "without an end"),
    ("purposes.yaml", "break-glass: yes", "break-glass: yes\n    stream: delayed\n    delay-days: 5", "reviewed at once"),
    ("purposes.yaml", "self: yes", "self: perhaps", "'self' is 'perhaps'"),
    ("purposes.yaml", "id: lending", "id: residence", "stands twice"),
    ("purposes.yaml", "id: lending", "id: Lending!", "is not an id"),
    ("purposes.yaml", "id: lending", "id: &a lending", "anchors"),
    ("purposes.yaml", "id: lending", "id: !!str lending", "tags"),
    ("purposes.yaml", "id: lending", "<<: lending", "merge key"),
    ("purposes.yaml", "id: lending", "id: lending\n    id: lending", "stands twice"),
    ("agencies/library.yaml", "purposes: [lending]", "purposes: [reading]", "unknown purpose"),
    ("agencies/library.yaml", "purposes: [lending]", "purposes: [lending]\n    leads: [desk]", "cannot lead 'desk'"),
    ("agencies/library.yaml", "purposes: [lending]", "purposes: [lending]\n    leads: [watch]", "cannot lead 'watch'"),
    ("agencies/library.yaml", "purposes: [lending]", "purposes: [lending]\n    leads: [review, review]", "stands twice"),
    ("agencies/library.yaml", "quota: 200", "quota: many", "must be a number"),
    ("agencies/library.yaml", "quota: 200", "qouta: 200", "unknown key 'qouta'"),
    ("agencies/library.yaml", "id: library", "id: guard", "agency 'library' stands twice|agency 'guard' stands twice|unknown holder"),
    ("registries/readers.yaml", "holder: library", "holder: nobody", "unknown holder"),
    ("registries/readers.yaml", "fields: [card]", "fields: [cards]", "unknown field"),
    ("registries/readers.yaml", "holder: library", "holder: library\nacting:\n  - {capacity: parent, fields: [card]}", "not right for 'parent'"),
    ("registries/readers.yaml", "holder: library", "holder: library\nacting:\n  - {capacity: attorney, fields: [card]}", "not right for 'attorney'"),
    ("registries/readers.yaml", "holder: library", "holder: library\nacting:\n  - {capacity: employee, fields: [card]}", "not right for 'employee'"),
    ("registries/readers.yaml", "holder: library", "holder: library\nacting:\n  - {capacity: guardian, fields: [cards], born: card}", "'acting' names 'cards'|'acting' names 'card'"),
    ("purposes.yaml", "id: lending", "id: lending\n    own-cases: 30", "so no office has to open one"),
    ("purposes.yaml", "id: residence", "id: residence\n    own-cases: 0", "no case would be open"),
    ("purposes.yaml", "id: residence", "id: residence\n    own-cases: 366", "must be a number"),
    ("purposes.yaml", "id: lending", "id: lending\n    mandates: [parent]", "'mandates' names 'parent'"),
    ("registries/readers.yaml", "class: sensitive", "class: secret", "unknown class or type"),
    ("registries/readers.yaml", "{purpose: lending, fields: [card]}", "{purpose: lending, fields: [loans]}", "which needs nothing"),
    ("jurisdiction.yaml", "2026-04-23", "2026-02-30", "is not a date"),
    ("jurisdiction.yaml", '"2026-03-29 01:00"', '"2026-02-30 01:00"', "no moment at which the clocks are moved"),
    ("jurisdiction.yaml", '"2026-03-29 01:00"', '"2026-03-29"', "no moment at which the clocks are moved"),
    ("jurisdiction.yaml", '"2026-03-29 01:00"', '"2025-10-26 01:00"', "earlier than the change before"),
    ("jurisdiction.yaml", '{at: "2026-03-29 01:00", utc-offset-minutes: 240}', '{at: "2026-03-29 01:00", utc-offset-minutes: 2400}', "must be a number"),
    ("jurisdiction.yaml", '{at: "2026-03-29 01:00", utc-offset-minutes', '{at: "2026-03-29 01:00", zone: x, utc-offset-minutes', "unknown key 'zone'"),
    ("jurisdiction.yaml", "[friday, saturday]", "[freitag]", "not a day of the week"),
    ("jurisdiction.yaml", "utc-offset-minutes: 180\n", "utc-offset-minutes: -721\n", "from -720 to 840"),
    ("jurisdiction.yaml", "review-days: 5", "review-days:", "'review-days' is empty"),
    ("jurisdiction.yaml", "review-days: 5", "review-days: -3", "must be a number"),
    ("jurisdiction.yaml", "review-days: 5", "review-days: 5\ncolour: red", "unknown key 'colour'"),
    ("jurisdiction.yaml", "money: XTS", "money: tenge", "not the code of a currency"),
    ("demo.yaml", 'card: ["R-####"]', "card: [[x]]", "no list and no mapping"),
    ("names.yaml", "given-female: [", "given-female: [{x: y}, ", "what is no name"),
    ("jurisdiction.yaml", "money: XTS", "", "'money' is missing"),
    ("jurisdiction.yaml", "money: XTS", "money: XTS\n---\nmoney: XTS", "more than one document"),
    ("jurisdiction.yaml", "money: XTS", "money: [XTS", "not YAML"),
]


def check(folder, *options):
    done = subprocess.run([AINA, "check", str(folder), *options], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


class Check(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="aina-check-"))
        self.folder = self.top / "town"
        shutil.copytree(FOLDERS / "ainabulak", self.folder)

    def tearDown(self):
        shutil.rmtree(self.top)

    def test_each_bad_construct_is_found_where_it_stands(self):
        for file, old, new, what in BAD:
            path = self.folder / file
            whole = path.read_text()
            self.assertIn(old, whole, (file, old))
            path.write_text(whole.replace(old, new, 1))
            code, out, err = check(self.folder, "--json")
            path.write_text(whole)
            findings = [json.loads(line) for line in out.splitlines()]
            hits = [f for f in findings if f["level"] == "error" and any(w in f["what"] for w in what.split("|"))]
            self.assertEqual(code, 1, (new, out, err))
            self.assertTrue(hits, (new, out))
            self.assertTrue(all(f["remedy"] for f in findings))
            line = whole[:whole.index(old)].count("\n") + 1
            if new and hits[0]["file"] == file:
                self.assertLessEqual(abs(hits[0]["line"] - line), 6, (new, hits))

    def errors(self, file, old, new):
        path = self.folder / file
        whole = path.read_bytes()
        self.assertIn(old, whole, (file, old))
        path.write_bytes(whole.replace(old, new, 1))
        found = [json.loads(line) for line in check(self.folder, "--json")[1].splitlines()]
        path.write_bytes(whole)
        return [(f["file"], f["line"], f["what"], f["remedy"]) for f in found if f["level"] == "error"], whole[:whole.index(old)].count(b"\n") + 1

    def test_a_finding_stands_at_the_value(self):
        for file, old, new in (
            ("jurisdiction.yaml", b"review-days: 5", b"review-days: soon"),
            ("jurisdiction.yaml", b"review-days: 5", b"review-days:"),
            ("jurisdiction.yaml", b"money: XTS", b"money: x"),
            ("jurisdiction.yaml", b"utc-offset-minutes: 180\n", b"utc-offset-minutes: east\n"),
            ("jurisdiction.yaml", b"money: XTS", b"money: XTS\xe9"),
            ("jurisdiction.yaml", b"money: XTS", b"money: XTS # \0"),
            ("purposes.yaml", b"self: yes", b"self: perhaps"),
            ("agencies/library.yaml", b"quota: 200", b"quota: many"),
        ):
            errors, line = self.errors(file, old, new)
            self.assertEqual(errors[0][:2], (file, line), (new, errors))

    def test_what_cannot_be_read_is_the_only_finding(self):
        for file, old in (("purposes.yaml", b"id: lending"), ("jurisdiction.yaml", b"money: XTS"), ("agencies/library.yaml", b"id: library")):
            errors, line = self.errors(file, old, b"\t" + old + b": [")
            self.assertEqual({e[0] for e in errors}, {file}, errors)
        (self.folder / "purposes.yaml").unlink()
        code, out, _ = check(self.folder)
        self.assertEqual((code, out.count(": error: ")), (1, 1), out)
        self.assertIn("\n1 error, ", out)

    def test_an_unknown_key_names_the_nearest_or_all(self):
        errors, _ = self.errors("agencies/library.yaml", b"quota: 200", b"qouta: 200")
        self.assertEqual(errors[0][3], "Did you mean 'quota'?")
        errors, _ = self.errors("jurisdiction.yaml", b"money: XTS", b"money: XTS\ncolour: red")
        self.assertRegex(errors[0][3], r"^Take it out; here may stand: id, name, .*, retention\.$")

    def test_west_of_greenwich(self):
        errors, _ = self.errors("jurisdiction.yaml", b"utc-offset-minutes: 180\n", b"utc-offset-minutes: -300\n")
        self.assertEqual(errors, [])

    def test_files_that_do_not_belong(self):
        (self.folder / "purposes.yaml.bak").write_text("x: y\n")
        self.assertEqual(check(self.folder)[0], 1)
        (self.folder / "purposes.yaml.bak").unlink()
        (self.folder / "texts").mkdir(exist_ok=True)
        os.symlink("/etc/passwd", self.folder / "texts/en.yaml")
        self.assertEqual(check(self.folder)[0], 1)

    def test_broken_bytes(self):
        for broken in (b"", b"\xff\xfe", b"- a\n", b"a: " + b"[" * 5000, b"\0"):
            (self.folder / "names.yaml").write_bytes(broken)
            self.assertEqual(check(self.folder)[0], 1, broken[:8])

    def test_the_rules_hash(self):
        for name in ("kz", "ainabulak"):
            folder = FOLDERS / name
            paths = sorted((str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()), key=str.encode)
            lines = "".join(f"{hashlib.sha256((folder / p).read_bytes()).hexdigest()}  {p}\n" for p in paths)
            code, out, _ = check(folder)
            self.assertEqual(code, 0, out)
            self.assertIn("rules hash " + hashlib.sha256(lines.encode()).hexdigest(), out)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
