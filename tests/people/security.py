#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/security.md names tests: each is there, and runs."""
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ["AINA_ROOT"])


class Security(unittest.TestCase):
    def test_every_named_test_is_there(self):
        named = re.findall(r"^- (tests/\S+): (\w+)$", (ROOT / "docs/security.md").read_text(), re.M)
        self.assertGreater(len(named), 40)
        for path, name in named:
            text = (ROOT / path).read_text()
            if path.endswith(".py"):
                self.assertIn(f"    def {name}(self", text, path)
            elif name.startswith("fuzz_"):
                self.assertIn(f"void {name}(struct str", text, path)
            else:
                self.assertRegex(text, rf"(?:cmocka_unit_test\w*|WITH|CASE|ON_BOTH)\(\s*{name}\b", f"{path}: {name}")

    def test_each_line_of_the_threat_table_has_its_section(self):
        """The table stands in the shared reference, section 7.1; each actor there is answered under the words given here."""
        reference = ROOT.parent / "shared/reference/identity.md"
        if not reference.exists():
            print("SKIPPED: ../shared is not there")
            return
        table = reference.read_text().split("### 7.1")[1].split("### 7.2")[0]
        actors = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:]
        answered = {"corrupt official": "A corrupt official", "external organisation with a legal account (clinic, bank)": "An outside organisation with a lawful account",
                    "operator / DBA": "The operator, or whoever writes to the database", "insider deleting logs": "An insider who deletes the log",
                    "gateway bypass (direct copy between agencies)": "Going round the gate", 'state coercion ("give me all opponents")': "The state itself asks",
                    "attacker from outside": "An attacker from outside", "stalker at a counter": "A stalker at a counter",
                    "relative in the household / abuser with the victim's phone": "A relative in the household, or an abuser with the victim's phone",
                    "the trace itself as a leak": "The trace itself as a leak", "citizen who hunts an official": "A citizen who hunts an official",
                    "forged paper": "Forged paper", "phisher": "A phisher"}
        self.assertEqual(sorted(actors), sorted(answered))
        manual = (ROOT / "docs/security.md").read_text()
        for actor, words in answered.items():
            section = manual.split(f"\n**{words}")
            self.assertEqual(len(section), 2, f"{actor}: **{words}")
            section = section[1].split("\n**")[0]
            self.assertIn("*Remains*", section, f"{actor}: what remains is not said")
            self.assertRegex(section, r"(?m)^- tests/", f"{actor}: no test is named")

    def test_every_threat_is_answered(self):
        sections = re.split(r"^\*\*", (ROOT / "docs/security.md").read_text(), flags=re.M)[1:]
        self.assertGreater(len(sections), 20)
        for section in sections:
            self.assertTrue(re.search(r"^- tests/", section, re.M) or "*Remains*" in section, section[:80])


if __name__ == "__main__":
    unittest.main()
